//! The codec of `tws-proto` and the client beside their peers, what the simulator carries, and what the journal costs, in
//! one run. `cargo xtask bench` builds and runs it.
//!
//! A comparison is a list of contenders that do the same work on the same bytes; before anything is timed, each is
//! checked to give the right answer. Rounds are interleaved, so that a slow second of the machine hits all alike; the
//! median counts, and the span from the fastest to the slowest round says how noisy the machine was.

mod book;
mod capacity;
mod client;
mod day;
mod harness;
mod intent;
mod journal;
mod orders;
mod peers;
mod report;
mod streams;
mod ticks;

use std::process::ExitCode;

use crate::harness::Effort;
use crate::report::Results;

/// The allocator of every contender, as of `cargo xtask drive`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((client::CONTENDER, told)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        client::contend(told);
    }
    let mut effort = Effort::FULL;
    let mut print: fn(&Results, Effort) = report::print_table;
    let mut only = String::new();
    let mut arguments = arguments.into_iter();
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
    let mut results = Results::default();
    let comparisons = ticks::comparisons().into_iter().chain(streams::comparisons()).chain(orders::comparisons());
    for comparison in comparisons.filter(|comparison| comparison.name.contains(&only)) {
        eprintln!("measuring: {} ...", comparison.name);
        results.comparisons.push(harness::measure(comparison, effort));
    }
    let is_asked_for = |name: &str| name.contains(&only);
    if is_asked_for("simulator capacity") {
        results.capacities = capacity::measure(effort);
    }
    if is_asked_for("client ticks") {
        results.throughputs = client::measure_ticks(effort);
    }
    if is_asked_for("client latency") {
        results.latencies = client::measure_latency(effort);
    }
    if is_asked_for("order book") {
        results.tables.extend(book::measure(effort));
    }
    if is_asked_for("client sleep") {
        results.tables.push(client::measure_sleep(effort));
    }
    if is_asked_for("journal appends") {
        results.tables.extend(journal::measure_appends(effort));
    }
    if is_asked_for("journal replay") {
        results.tables.extend(journal::measure_replay(effort));
    }
    if is_asked_for("intent to socket") {
        results.tables.extend(intent::measure(effort));
    }
    print(&results, effort);
    ExitCode::SUCCESS
}
