//! `cargo xtask bench`: measures the codec and the client beside their peers, what the simulator carries, and what the
//! journal costs.

use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result};

use crate::repository::Repository;

/// How `cargo xtask bench` is asked for.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// One JSON object instead of a table.
    #[arg(long)]
    json: bool,
    /// Fewer and shorter rounds: a look, not a measurement.
    #[arg(long)]
    quick: bool,
    /// Only what has these words in its name, `simulator` for what the simulator carries, `client` for the client beside
    /// the `ibapi` crate, `journal` for what the journal costs (`replay` for its replay alone), `intent` for the way of an
    /// order through the whole trader.
    #[arg(long, value_name = "WORDS")]
    only: Option<String>,
}

/// Builds the package `bench` with all optimisations and runs it. It is a package of its own, so that nothing else waits
/// for the peers to compile.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<ExitCode> {
    let mut command = repository.cargo(&["run", "--quiet", "--locked", "--release", "--package", "bench", "--"]);
    if options.json {
        command.arg("--json");
    }
    if options.quick {
        command.arg("--quick");
    }
    if let Some(only) = &options.only {
        command.args(["--only", only]);
    }
    eprintln!("building the benchmark in release mode ...");
    let status = command.stdin(Stdio::null()).status().context("cannot start cargo")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
