//! The numbers, for people and for machines.

use serde_json::{Value, json};

use crate::capacity::Capacity;
use crate::client::{Latency, Throughput};
use crate::harness::{Effort, Measured, Timing};

/// What was measured; what was not asked for is empty.
#[derive(Default)]
pub(crate) struct Results {
    pub(crate) comparisons: Vec<Measured>,
    pub(crate) capacities: Vec<Capacity>,
    pub(crate) throughputs: Vec<Throughput>,
    pub(crate) latencies: Vec<Latency>,
    pub(crate) tables: Vec<Table>,
}

/// Ways to do the same, whose columns say enough.
pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) columns: &'static [&'static str],
    pub(crate) rows: Vec<Row>,
}

/// One way, a value a column.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) values: Vec<f64>,
    /// What was asked for, of the columns from the first on; empty where nothing was.
    pub(crate) asked: Vec<f64>,
}

impl Row {
    /// The median of many times and the one that all but a hundredth keep.
    pub(crate) fn of_times(name: &str, mut times: Vec<f64>, asked: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        let values = vec![times[times.len() / 2], times[times.len() * 99 / 100]];
        Self { name: name.to_owned(), values, asked }
    }
}

/// A table a comparison.
pub(crate) fn print_table(results: &Results, effort: Effort) {
    println!(
        "medians of {} interleaved rounds; ratios are to the first line of each table, round by round",
        effort.rounds
    );
    results.comparisons.iter().for_each(print_comparison);
    print_capacities(&results.capacities);
    print_throughputs(&results.throughputs, effort);
    print_latencies(&results.latencies, effort);
    results.tables.iter().for_each(print);
}

fn print(Table { title, columns, rows }: &Table) {
    println!("\n{title}");
    let width = widest(rows.iter().map(|row| row.name.as_str()));
    println!("  {:<width$}  {}", "", columns.iter().map(|title| format!("{title:>11}")).collect::<String>());
    for Row { name, values, asked } in rows {
        let values: String = values.iter().map(|value| format!("{:>11}", spelled(*value))).collect();
        let asked: Vec<String> = asked.iter().map(|asked| spelled(*asked)).collect();
        let asked = if asked.is_empty() { String::new() } else { format!("  asked for: {}", asked.join(", ")) };
        println!("  {name:<width$}  {values}{asked}");
    }
}

/// As many digits as say something.
fn spelled(value: f64) -> String {
    if value < 100.0 { format!("{value:.2}") } else { format!("{value:.0}") }
}

fn print_comparison(Measured { name, frame_bytes, contenders }: &Measured) {
    println!("\n{name} (frame of {frame_bytes} bytes)");
    let width = widest(contenders.iter().map(|timing| timing.name));
    println!("  {:<width$}  {:>10}  {:>6}  {:>20}", "", "median ns", "ratio", "fastest..slowest ns");
    for Timing { name, median, fastest, slowest, ratio } in contenders {
        let span = format!("{fastest:.1}..{slowest:.1}");
        println!("  {name:<width$}  {median:>10.1}  {ratio:>6.2}  {span:>20}");
    }
}

fn print_capacities(capacities: &[Capacity]) {
    if capacities.is_empty() {
        return;
    }
    println!("\nwhat the simulator carries, a second");
    let width = widest(capacities.iter().map(|capacity| capacity.name));
    println!("  {:<width$}  {:>10}  {:>10}", "", "measured", "promised");
    for Capacity { name, per_second, asked, beside } in capacities {
        println!("  {name:<width$}  {per_second:>10.0}  {asked:>10.0}  {beside}");
    }
}

fn print_throughputs(throughputs: &[Throughput], effort: Effort) {
    if throughputs.is_empty() {
        return;
    }
    println!("\nticks that reach user code, from a socket that is never empty; {} rounds", effort.process_rounds());
    let width = widest(throughputs.iter().map(|throughput| throughput.name));
    let titles = ["million/s", "ratio", "lost, o/oo", "CPU ns/tick", "peak MiB"];
    println!("  {:<width$}  {}", "", titles.map(|title| format!("{title:>11}")).join("  "));
    for Throughput { name, per_second, of_first, lost_per_mille, processor_ns, peak_mib } in throughputs {
        let millions = per_second / 1e6;
        println!(
            "  {name:<width$}  {millions:>11.3}  {of_first:>11.3}  {lost_per_mille:>11.2}  {processor_ns:>11.1}  {peak_mib:>11.1}"
        );
    }
}

fn print_latencies(latencies: &[Latency], effort: Effort) {
    if latencies.is_empty() {
        return;
    }
    println!(
        "\nfrom a tick to the order that answers it, one at a time; {} rounds of {}",
        effort.process_rounds(),
        effort.round_trips()
    );
    let width = widest(latencies.iter().map(|latency| latency.name));
    let titles = ["p50 us", "ratio", "p99 us", "ratio", "CPU us", "peak MiB"];
    println!("  {:<width$}  {}", "", titles.map(|title| format!("{title:>8}")).join("  "));
    for Latency { name, p50_us, p99_us, p50_ratio, p99_ratio, processor_us, peak_mib } in latencies {
        println!(
            "  {name:<width$}  {p50_us:>8.1}  {p50_ratio:>8.2}  {p99_us:>8.1}  {p99_ratio:>8.2}  {processor_us:>8.1}  {peak_mib:>8.1}"
        );
    }
}

fn widest<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.map(str::len).max().unwrap_or(0)
}

/// One JSON object.
pub(crate) fn print_json(results: &Results, effort: Effort) {
    let Results { comparisons, capacities, throughputs, latencies, tables } = results;
    let told = json!({
        "rounds": effort.rounds,
        "comparisons": comparisons.iter().map(comparison).collect::<Vec<_>>(),
        "simulator": capacities.iter().map(capacity).collect::<Vec<_>>(),
        "client_rounds": effort.process_rounds(),
        "client_ticks": throughputs.iter().map(throughput).collect::<Vec<_>>(),
        "client_latency": latencies.iter().map(latency).collect::<Vec<_>>(),
        "tables": tables.iter().map(table).collect::<Vec<_>>(),
    });
    println!("{told}");
}

fn comparison(Measured { name, frame_bytes, contenders }: &Measured) -> Value {
    let contenders: Vec<_> = contenders
        .iter()
        .map(|Timing { name, median, fastest, slowest, ratio }| {
            json!({
                "name": name,
                "median_ns": median,
                "fastest_ns": fastest,
                "slowest_ns": slowest,
                "ratio": ratio,
            })
        })
        .collect();
    json!({ "name": name, "frame_bytes": frame_bytes, "contenders": contenders })
}

fn capacity(Capacity { name, per_second, asked, beside }: &Capacity) -> Value {
    json!({ "name": name, "per_second": per_second, "promised": asked, "beside": beside })
}

fn throughput(throughput: &Throughput) -> Value {
    let Throughput { name, per_second, of_first, lost_per_mille, processor_ns, peak_mib } = throughput;
    json!({
        "name": name,
        "ticks_per_second": per_second,
        "ratio": of_first,
        "lost_per_mille": lost_per_mille,
        "processor_ns_per_tick": processor_ns,
        "peak_mib": peak_mib,
    })
}

fn latency(Latency { name, p50_us, p99_us, p50_ratio, p99_ratio, processor_us, peak_mib }: &Latency) -> Value {
    json!({
        "name": name,
        "p50_us": p50_us,
        "p99_us": p99_us,
        "p50_ratio": p50_ratio,
        "p99_ratio": p99_ratio,
        "processor_us": processor_us,
        "peak_mib": peak_mib,
    })
}

fn table(Table { title, columns, rows }: &Table) -> Value {
    let rows: Vec<_> = rows
        .iter()
        .map(|Row { name, values, asked }| {
            let values: serde_json::Map<_, _> =
                columns.iter().zip(values).map(|(column, value)| ((*column).to_owned(), json!(value))).collect();
            json!({ "name": name, "values": values, "asked": asked })
        })
        .collect();
    json!({ "name": title, "rows": rows })
}
