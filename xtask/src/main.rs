//! Every command of the repository: `cargo xtask --help` lists them.
//!
//! This file only parses and dispatches; each command is one function in a file of its name.

mod bench;
mod ci;
mod conformance;
mod crash;
mod drive;
mod environment;
mod fuzz;
mod journal;
mod logs;
mod paper_smoke;
mod repository;
mod rules;
mod second_tws;
mod strangers;
mod table;
mod tidy;
mod wire;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::repository::Repository;

/// A trader makes and drops many small things on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Every command of the repository.
#[derive(Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The whole gate, the same on a laptop and in CI.
    Ci(ci::Options),
    /// Checks the rules of the house that no compiler checks.
    Tidy(tidy::Options),
    /// A trading session, end to end, on the embedded simulator or on a paper TWS.
    PaperSmoke(paper_smoke::Options),
    /// The base scenarios of trading, killed at every moment.
    Crash(crash::Options),
    /// Which tests hold each rule and fault case, and what they say.
    Rules,
    /// The whole trader as a process: JSON lines in, JSON lines out.
    Drive(drive::Options),
    /// A trader's journal: proven, or its tables written out.
    Journal(journal::Options),
    /// Measures the codec beside its peers.
    Bench(bench::Options),
    /// The codec against IB's own Python client.
    Conformance(conformance::Options),
    /// Clients that other people wrote, unchanged, against the simulator.
    Strangers(strangers::Options),
    /// The whole trader against a TWS of another hand, day by random day.
    SecondTws(second_tws::Options),
    /// Every fuzz target of the codec in turn.
    Fuzz(fuzz::Options),
    /// Frames to readable messages and back.
    Wire(wire::Options),
}

fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let repository = Repository::find();
    let outcome = match command {
        Command::Ci(options) => ci::run(&repository, &options),
        Command::Tidy(options) => tidy::run(&repository, &options),
        Command::PaperSmoke(options) => paper_smoke::run(&options),
        Command::Crash(options) => crash::run(&options),
        Command::Rules => rules::run(&repository),
        Command::Drive(options) => drive::run(&options),
        Command::Journal(options) => journal::run(&options),
        Command::Bench(options) => bench::run(&repository, &options),
        Command::Conformance(options) => conformance::run(&repository, &options),
        Command::Strangers(options) => strangers::run(&repository, &options),
        Command::SecondTws(options) => second_tws::run(&repository, &options),
        Command::Fuzz(options) => fuzz::run(&repository, &options),
        Command::Wire(options) => wire::run(&options),
    };
    outcome.unwrap_or_else(|error| {
        // Where nobody reads that either, the exit code tells it.
        let _ = writeln!(std::io::stderr(), "error: {}", trader::Failure::from(error));
        ExitCode::FAILURE
    })
}
