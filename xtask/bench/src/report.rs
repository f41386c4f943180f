//! The numbers, for people and for machines.

use serde_json::json;

use crate::harness::{Effort, Measured};

/// A table a comparison.
pub(crate) fn print_table(measured: &[Measured], effort: Effort) {
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
}

/// One JSON object.
pub(crate) fn print_json(measured: &[Measured], effort: Effort) {
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
    println!("{}", json!({ "rounds": effort.rounds, "comparisons": comparisons }));
}
