//! The numbers, for people and for machines.

use serde_json::json;

use crate::capacity::Capacity;
use crate::harness::{Effort, Measured};

/// A table a comparison.
pub(crate) fn print_table(measured: &[Measured], capacities: &[Capacity], effort: Effort) {
    println!(
        "medians of {} interleaved rounds; ratios are to the first line of each table, round by round",
        effort.rounds
    );
    for Measured { name, frame_bytes, contenders } in measured {
        println!("\n{name} (frame of {frame_bytes} bytes)");
        let width = contenders.iter().map(|timing| timing.name.len()).max().unwrap_or(0);
        println!("  {:<width$}  {:>10}  {:>6}  {:>20}", "", "median ns", "ratio", "fastest..slowest ns");
        for timing in contenders {
            let span = format!("{:.1}..{:.1}", timing.fastest, timing.slowest);
            let ratio = timing.ratio;
            println!("  {:<width$}  {:>10.1}  {ratio:>6.2}  {span:>20}", timing.name, timing.median);
        }
    }
    if !capacities.is_empty() {
        println!("\nwhat the simulator carries, a second");
        let width = capacities.iter().map(|capacity| capacity.name.len()).max().unwrap_or(0);
        println!("  {:<width$}  {:>10}  {:>10}", "", "measured", "promised");
        for Capacity { name, per_second, asked, beside } in capacities {
            println!("  {name:<width$}  {per_second:>10.0}  {asked:>10.0}  {beside}");
        }
    }
}

/// One JSON object.
pub(crate) fn print_json(measured: &[Measured], capacities: &[Capacity], effort: Effort) {
    let comparisons: Vec<_> = measured
        .iter()
        .map(|Measured { name, frame_bytes, contenders }| {
            let timings: Vec<_> = contenders
                .iter()
                .map(|timing| {
                    json!({
                        "name": timing.name,
                        "median_ns": timing.median,
                        "fastest_ns": timing.fastest,
                        "slowest_ns": timing.slowest,
                        "ratio": timing.ratio,
                    })
                })
                .collect();
            json!({ "name": name, "frame_bytes": frame_bytes, "contenders": timings })
        })
        .collect();
    let capacities: Vec<_> = capacities
        .iter()
        .map(|Capacity { name, per_second, asked, beside }| {
            json!({ "name": name, "per_second": per_second, "promised": asked, "beside": beside })
        })
        .collect();
    println!("{}", json!({ "rounds": effort.rounds, "comparisons": comparisons, "simulator": capacities }));
}
