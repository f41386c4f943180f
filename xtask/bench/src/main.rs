//! The codec of `tws-proto` beside its peers, and what the simulator carries, in one run. `cargo xtask bench` builds and
//! runs it.
//!
//! A comparison is a list of contenders that do the same work on the same bytes; before anything is timed, each is
//! checked to give the right answer. Rounds are interleaved, so that a slow second of the machine hits all alike; the
//! median counts, and the span from the fastest to the slowest round says how noisy the machine was.

mod capacity;
mod harness;
mod orders;
mod peers;
mod report;
mod streams;
mod ticks;

use std::process::ExitCode;

use crate::harness::Effort;

fn main() -> ExitCode {
    let mut effort = Effort::FULL;
    let mut print: fn(&[harness::Measured], &[capacity::Capacity], Effort) = report::print_table;
    let mut only = String::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => effort = Effort::QUICK,
            "--json" => print = report::print_json,
            "--only" => only = arguments.next().unwrap_or_default(),
            unknown => {
                eprintln!("error: unknown argument {unknown}; known are --quick, --json and --only WORDS");
                return ExitCode::FAILURE;
            }
        }
    }
    let mut measured = Vec::new();
    let comparisons = ticks::comparisons().into_iter().chain(streams::comparisons()).chain(orders::comparisons());
    for comparison in comparisons.filter(|comparison| comparison.name.contains(&only)) {
        eprintln!("measuring: {} ...", comparison.name);
        measured.push(harness::measure(comparison, effort));
    }
    let capacities = if "simulator capacity".contains(&only) { capacity::measure(effort) } else { Vec::new() };
    print(&measured, &capacities, effort);
    ExitCode::SUCCESS
}
