//! The codec of `tws-proto` beside its peers, in one run. `cargo xtask bench` builds and runs it.
//!
//! A comparison is a list of contenders that do the same work on the same bytes; before anything is timed, each is
//! checked to give the right answer. Rounds are interleaved, so that a slow second of the machine hits all alike; the
//! median counts, and the span from the fastest to the slowest round says how noisy the machine was.

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
    let mut print: fn(&[harness::Measured], Effort) = report::print_table;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--quick" => effort = Effort::QUICK,
            "--json" => print = report::print_json,
            unknown => {
                eprintln!("error: unknown argument {unknown}; known are --quick and --json");
                return ExitCode::FAILURE;
            }
        }
    }
    let mut measured = Vec::new();
    let comparisons = ticks::comparisons().into_iter().chain(streams::comparisons()).chain(orders::comparisons());
    for comparison in comparisons {
        eprintln!("measuring: {} ...", comparison.name);
        measured.push(harness::measure(comparison, effort));
    }
    print(&measured, effort);
    ExitCode::SUCCESS
}
