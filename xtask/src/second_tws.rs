//! `cargo xtask second-tws`: the trader against a TWS of another hand.
//!
//! `tests/second_tws` is a broker in Python that speaks with IB's own protobuf classes and shares no line with the simulator
//! or the codec. Each seed is a day of random orders, changes, cancels, faults and kills; behind it the faults are off, and the
//! trader's orders, fills and positions must become the broker's.

use std::ops::RangeInclusive;
use std::process::{ExitCode, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::repository::Repository;
use crate::table::table;

/// Where the broker is.
const SCRIPTS: &str = "tests/second_tws";
/// The client that its classes are taken from.
const IBAPI: &str = "ibapi-latest==10.51.1";
/// Versions at which every message of orders is protobuf, which is all that this TWS speaks.
const VERSIONS: RangeInclusive<i32> = 213..=226;
/// Days that are played at the same time: they wait for most of it.
const AT_ONCE: u64 = 4;

/// How `cargo xtask second-tws` is asked for.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many days are played, a seed each.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// For how many seconds each day is traded before its faults are off.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    seconds: u32,
    /// One JSON object instead of the table.
    #[arg(long)]
    json: bool,
}

/// What came of one day, as the broker tells it.
#[derive(Serialize, Deserialize)]
struct Day {
    seed: u64,
    version: i32,
    faults: Vec<String>,
    orders: u32,
    fills: u32,
    changes: u32,
    cancels: u32,
    /// Seconds until the books agreed.
    agreed_after: f64,
    /// Where they do not, and what should never have come.
    differences: Vec<String>,
    /// Where the day's log and journal are kept, if something differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log: Option<String>,
}

/// Plays every day.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<ExitCode> {
    let days = match play(repository, options)? {
        Ok(days) => days,
        Err(why) => bail!("the second TWS cannot be run: {why}"),
    };
    let ok = days.iter().all(|day| day.differences.is_empty());
    if options.json {
        println!("{}", serde_json::json!({ "ok": ok, "days": days }));
    } else {
        print(&days);
    }
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The days, by seed; the inner error says why there is no such TWS.
fn play(repository: &Repository, options: &Options) -> Result<Result<Vec<Day>, String>> {
    let python = match Environment::with_packages(repository, SCRIPTS, IBAPI, None)? {
        Ok(python) => python,
        Err(why) => return Ok(Err(why)),
    };
    let trader = std::env::current_exe().context("cannot tell where this program is")?;
    let trader = trader.to_str().context("the path of this program is no UTF-8")?;
    let (next, days) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    let worker = || -> Result<()> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= options.seeds {
                return Ok(());
            }
            let seed = options.seed.saturating_add(number);
            let day = one(&python, trader, seed, options.seconds).with_context(|| format!("seed {seed}"))?;
            eprintln!("seed {seed}: {} orders, {} fills, {} differences", day.orders, day.fills, day.differences.len());
            days.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(day);
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE.min(options.seeds)).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })?;
    let mut days = days.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    days.sort_by_key(|day: &Day| day.seed);
    Ok(Ok(days))
}

fn one(python: &Environment, trader: &str, seed: u64, seconds: u32) -> Result<Day> {
    let count = VERSIONS.end().abs_diff(*VERSIONS.start()) + 1;
    let version = VERSIONS.end() - i32::try_from(seed % u64::from(count)).context("a small remainder")?;
    let arguments = [trader.to_owned(), seed.to_string(), seconds.to_string(), version.to_string()];
    let mut command = python.command("play.py", &arguments);
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("cannot start Python")?;
    ensure!(output.status.success(), "play.py ended with {}", output.status);
    serde_json::from_slice(&output.stdout).context("play.py said something else than a day")
}

fn print(days: &[Day]) {
    let rows: Vec<_> = days
        .iter()
        .map(|day| {
            [
                day.seed.to_string(),
                day.version.to_string(),
                day.orders.to_string(),
                day.fills.to_string(),
                day.changes.to_string(),
                day.cancels.to_string(),
                format!("{:.0} s", day.agreed_after),
                if day.differences.is_empty() { "ok".to_owned() } else { "FAILED".to_owned() },
                day.faults.join(", "),
            ]
        })
        .collect();
    let heading = ["seed", "version", "orders", "fills", "changes", "cancels", "agreed after", "result", "faults"];
    println!("{}", table(heading, &rows, &[0, 1, 2, 3, 4, 5, 6]));
    for day in days {
        for difference in &day.differences {
            println!("seed {}: {difference}", day.seed);
        }
        if let Some(log) = &day.log {
            println!("seed {}: its log and journal are in {log}", day.seed);
        }
    }
}
