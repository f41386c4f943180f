//! `cargo xtask crash`: the base scenarios of trading, killed at every moment between intent and final event.
//!
//! Each trial is a real process (`cargo xtask drive`) that kills itself at one moment of its work, a journal on the disk,
//! and a simulated TWS that lives on. The process is started again on the same journal and the script goes on, as a
//! strategy would: what was not answered is asked again under the same name. In the end no order was placed twice, and
//! orders, fills and positions are the broker's.

mod scenarios;
mod trial;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;

use scenarios::{SCENARIOS, Scenario};
use trial::{Crash, Theatre, Trial};

use crate::table::table;

/// Which trials to run.
#[derive(Args)]
pub(crate) struct Options {
    /// Only scenarios whose name contains this.
    #[arg(long, value_name = "WORD", default_value = "")]
    only: String,
    /// Only every N-th moment, for a short run.
    #[arg(long, value_name = "N", default_value_t = 1)]
    every: u64,
    /// Kill the process that follows too, at the moment with the same distance from its start (P9).
    #[arg(long)]
    twice: bool,
    /// Trials that run at the same time.
    #[arg(long, value_name = "N", default_value_t = 3)]
    jobs: usize,
    /// Print one JSON object instead of lines and a table.
    #[arg(long)]
    json: bool,
}

/// What became of a scenario.
struct Outcome {
    scenario: &'static Scenario,
    moments: u64,
    trials: usize,
    deaths: usize,
    failures: Vec<String>,
}

/// Runs the trials and prints scenarios times crash points.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    // A copy: whoever builds meanwhile must not take the program from under the trials.
    let folder = tempfile::tempdir()?;
    let program = folder.path().join("trader");
    std::fs::copy(std::env::current_exe()?, &program)?;
    let theatre = Theatre { runtime: runtime.handle().clone(), program };
    let mut outcomes = Vec::new();
    for scenario in SCENARIOS.iter().filter(|scenario| scenario.name.contains(&options.only)) {
        let outcome = run_scenario(&theatre, scenario, options)?;
        if !options.json {
            println!(
                "{}: {} moments, {} trials, {} deaths, {} failures",
                scenario.name,
                outcome.moments,
                outcome.trials,
                outcome.deaths,
                outcome.failures.len()
            );
            for failure in &outcome.failures {
                println!("  FAILED {failure}");
            }
        }
        outcomes.push(outcome);
    }
    if outcomes.is_empty() {
        bail!("no scenario is called {:?}", options.only);
    }
    report(&outcomes, options);
    let failed = outcomes.iter().any(|outcome| !outcome.failures.is_empty());
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn run_scenario(theatre: &Theatre, scenario: &'static Scenario, options: &Options) -> anyhow::Result<Outcome> {
    // Once without a crash: it must hold by itself, and tells how many moments there are.
    let whole = Trial::open(theatre, scenario, Crash::none())?;
    let moments = whole.run().with_context(|| format!("{} without a crash", scenario.name))?.moments;
    let points: Vec<u64> = (1..=moments).step_by(usize::try_from(options.every.max(1))?).collect();
    let (next, deaths, failures) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.max(1) {
            scope.spawn(|| {
                while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let crash = if options.twice { Crash::twice(*point) } else { Crash::once(*point) };
                    let ended = Trial::open(theatre, scenario, crash).and_then(Trial::run);
                    match ended {
                        Ok(ended) => {
                            deaths.fetch_add(ended.deaths, Ordering::Relaxed);
                        }
                        Err(error) => {
                            let failure = format!("at moment {point} of {moments}: {error:#}");
                            failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(failure);
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(Outcome { scenario, moments, trials: points.len(), deaths: deaths.into_inner(), failures })
}

fn report(outcomes: &[Outcome], options: &Options) {
    let (trials, deaths, failures) = outcomes.iter().fold((0, 0, 0), |(trials, deaths, failures), outcome| {
        (trials + outcome.trials, deaths + outcome.deaths, failures + outcome.failures.len())
    });
    if options.json {
        let scenarios: Vec<_> = outcomes
            .iter()
            .map(|outcome| {
                json!({
                    "name": outcome.scenario.name,
                    "moments": outcome.moments,
                    "trials": outcome.trials,
                    "deaths": outcome.deaths,
                    "failures": outcome.failures,
                })
            })
            .collect();
        println!("{}", json!({"scenarios": scenarios, "trials": trials, "deaths": deaths, "failures": failures}));
        return;
    }
    let rows: Vec<[String; 5]> = outcomes
        .iter()
        .map(|outcome| {
            [
                outcome.scenario.name.to_owned(),
                outcome.moments.to_string(),
                outcome.trials.to_string(),
                outcome.deaths.to_string(),
                outcome.failures.len().to_string(),
            ]
        })
        .collect();
    println!("{}", table(["scenario", "moments", "trials", "deaths", "failures"], &rows, &[1, 2, 3, 4]));
    println!(
        "{} scenarios x crash points: {trials} trials, {deaths} processes killed, {failures} failures",
        outcomes.len()
    );
}
