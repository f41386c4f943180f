//! `cargo xtask fuzz`: every fuzz target of the codec in turn, with cargo-fuzz and a nightly compiler.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::repository::Repository;
use crate::table::table;

/// Every target, as in `fuzz/Cargo.toml`.
const TARGETS: &[&str] =
    &["frame_reader", "client_handshake", "server_handshake", "client_message", "server_message", "differential"];
/// The codec takes a few MiB; the rest is libFuzzer's, which keeps its corpus in memory.
const RSS_MIB_MAX: u32 = 128;
/// No single input makes the codec ask for more at once than a small multiple of the longest input.
const ALLOCATION_MIB_MAX: u32 = 8;

/// How `cargo xtask fuzz` is asked for.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long each target runs.
    #[arg(long, conflicts_with = "runs", default_value_t = 60)]
    seconds: u64,
    /// How often each target runs instead.
    #[arg(long)]
    runs: Option<u64>,
    /// One target instead of all.
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(TARGETS))]
    target: Option<String>,
    /// The most memory a target may take, in MiB.
    #[arg(long, default_value_t = RSS_MIB_MAX)]
    rss_mib: u32,
    /// One JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

/// What came of one target.
#[derive(Serialize)]
struct Report {
    target: &'static str,
    ok: bool,
    executions: u64,
    executions_per_second: u64,
    peak_rss_mib: u64,
    /// The end of what the target said, where it failed.
    complaint: String,
}

/// Runs the targets; a crash, a hang or too much memory fails the command and leaves its input in `fuzz/artifacts`.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<ExitCode> {
    let folder = repository.root().join("fuzz");
    let has_cargo_fuzz =
        command(repository).args(["fuzz", "--version"]).output().is_ok_and(|made| made.status.success());
    if !has_cargo_fuzz {
        bail!(
            "cargo-fuzz with a nightly compiler is missing; `rustup toolchain install nightly` and \
             `cargo install cargo-fuzz --locked`"
        );
    }
    let mut reports = Vec::new();
    for target in TARGETS.iter().filter(|target| options.target.as_deref().is_none_or(|wanted| wanted == **target)) {
        eprintln!("{target} ...");
        reports.push(of_target(repository, &folder, target, options)?);
    }
    let ok = reports.iter().all(|report| report.ok);
    if options.json {
        println!("{}", serde_json::json!({ "ok": ok, "targets": reports }));
    } else {
        let rows: Vec<[String; 5]> = reports
            .iter()
            .map(|report| {
                [
                    report.target.to_owned(),
                    report.executions.to_string(),
                    report.executions_per_second.to_string(),
                    format!("{} MiB", report.peak_rss_mib),
                    if report.ok { "ok".to_owned() } else { format!("FAILED: {}", report.complaint) },
                ]
            })
            .collect();
        println!("{}", table(["target", "executions", "a second", "memory", "result"], &rows, &[1, 2, 3]));
    }
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn of_target(repository: &Repository, folder: &Path, target: &'static str, options: &Options) -> Result<Report> {
    // New inputs go where git does not look; what is committed is read only.
    let found = folder.join("target/found").join(target);
    std::fs::create_dir_all(&found).with_context(|| format!("cannot make {}", found.display()))?;
    let mut command = command(repository);
    // The codec has no unsafe code, so the address sanitizer would only cost time and hide how much memory is taken.
    command.args(["fuzz", "run", "--sanitizer", "none", "--fuzz-dir"]).arg(folder).arg(target).arg(&found);
    let corpus = folder.join("corpus").join(target);
    if corpus.is_dir() {
        command.arg(corpus);
    }
    command.args(["--", "-print_final_stats=1", "-timeout=10", "-max_len=4096", "-reload=0"]);
    command.arg(format!("-rss_limit_mb={}", options.rss_mib)).arg(format!("-malloc_limit_mb={ALLOCATION_MIB_MAX}"));
    match options.runs {
        Some(runs) => command.arg(format!("-runs={runs}")),
        None => command.arg(format!("-max_total_time={}", options.seconds)),
    };
    let output = command.stdin(Stdio::null()).output().context("cannot start cargo fuzz")?;
    let said = String::from_utf8_lossy(&output.stderr);
    let stats: BTreeMap<&str, u64> = said
        .lines()
        .filter_map(|line| line.strip_prefix("stat::")?.split_once(':'))
        .filter_map(|(name, value)| Some((name, value.trim().parse().ok()?)))
        .collect();
    let stat = |name| stats.get(name).copied().unwrap_or_default();
    let ok = output.status.success();
    let mut complaint = String::new();
    if !ok {
        eprintln!("{said}");
        let telling = |line: &&str| line.contains("panicked") || line.contains("ERROR") || line.starts_with("error");
        complaint = said.lines().find(telling).unwrap_or("see above").to_owned();
    }
    Ok(Report {
        target,
        ok,
        executions: stat("number_of_executed_units"),
        executions_per_second: stat("average_exec_per_sec"),
        peak_rss_mib: stat("peak_rss_mb"),
        complaint,
    })
}

/// The nightly cargo, whatever toolchain runs this program.
fn command(repository: &Repository) -> Command {
    let mut command = Command::new("cargo");
    command
        .arg("+nightly")
        .current_dir(repository.root())
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("RUSTUP_TOOLCHAIN");
    command
}
