//! `cargo xtask ci`: the whole gate, the same on a laptop and in CI.

use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::conformance::{self, Short};
use crate::repository::Repository;
use crate::rules;
use crate::strangers::{self, Gate};
use crate::table::table;
use crate::tidy;

/// How `cargo xtask ci` is asked for.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leave out what takes long: doc tests, documentation and the trading session.
    #[arg(long)]
    quick: bool,
    /// One JSON object instead of the table; what the steps print goes to the error output.
    #[arg(long)]
    json: bool,
}

/// One step of the gate.
struct Step {
    name: &'static str,
    /// Left out by `--quick`.
    is_long: bool,
    run: Run,
}

/// How a step is run.
enum Run {
    /// cargo with these arguments.
    Cargo(&'static [&'static str]),
    /// cargo with these arguments, and a warning of rustdoc is an error.
    StrictDocs(&'static [&'static str]),
    /// The tests, with nextest where it is installed.
    Tests,
    /// The table of rules and tests, out of what the tests have said.
    Rules,
    /// A part of `cargo xtask tidy`.
    Tidy(tidy::Check),
    /// A short seed of `cargo xtask conformance`.
    Conformance,
    /// The Python clients of `cargo xtask strangers`.
    Strangers,
}

/// `prost` and the other peers are built by the linter and the benchmark only; they have no tests.
const WITHOUT_PEERS: &str = "--exclude=bench";

const STEPS: &[Step] = &[
    Step { name: "fmt", is_long: false, run: Run::Cargo(&["fmt", "--all", "--check"]) },
    Step {
        name: "clippy",
        is_long: false,
        run: Run::Cargo(&["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    },
    Step { name: "tests", is_long: false, run: Run::Tests },
    Step { name: "rules", is_long: false, run: Run::Rules },
    Step {
        name: "doc tests",
        is_long: true,
        run: Run::Cargo(&["test", "--locked", "--workspace", WITHOUT_PEERS, "--doc"]),
    },
    Step {
        name: "docs",
        is_long: true,
        run: Run::StrictDocs(&[
            "doc",
            "--locked",
            "--workspace",
            WITHOUT_PEERS,
            "--no-deps",
            "--document-private-items",
        ]),
    },
    Step { name: "licences", is_long: false, run: Run::Tidy(tidy::licences) },
    Step { name: "tidy", is_long: false, run: Run::Tidy(tidy::rules) },
    Step { name: "conformance", is_long: true, run: Run::Conformance },
    Step { name: "strangers", is_long: true, run: Run::Strangers },
    Step { name: "paper-smoke", is_long: true, run: Run::Cargo(&["xtask", "paper-smoke"]) },
];

enum Outcome {
    Passed,
    Failed(String),
    Skipped(String),
}

struct Report {
    name: String,
    took: Option<Duration>,
    outcome: Outcome,
}

impl Report {
    fn json(&self) -> serde_json::Value {
        let (detail, has_passed) = match &self.outcome {
            Outcome::Passed => ("", true),
            Outcome::Failed(why) => (why.as_str(), false),
            Outcome::Skipped(why) => (why.as_str(), true),
        };
        serde_json::json!({
            "name": self.name,
            "ok": has_passed,
            "result": self.outcome.word(),
            "ms": self.took.map(|took| took.as_millis() as u64),
            "detail": detail,
        })
    }
}

/// Runs every step, also after one failed, and says at the end what became of each.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<ExitCode> {
    let started = Instant::now();
    let mut reports = Vec::new();
    for (at, step) in STEPS.iter().enumerate() {
        if options.quick && step.is_long {
            let outcome = Outcome::Skipped("--quick".to_owned());
            reports.push(Report { name: step.name.to_owned(), took: None, outcome });
            continue;
        }
        eprintln!("\n=== {}/{} {}", at + 1, STEPS.len(), step.name);
        let step_started = Instant::now();
        let outcome = execute(repository, &step.run);
        let took = step_started.elapsed();
        eprintln!("=== {}: {} in {}", step.name, outcome.word(), seconds(took));
        reports.push(Report { name: step.name.to_owned(), took: Some(took), outcome });
    }
    let has_failed = reports.iter().any(|report| matches!(report.outcome, Outcome::Failed(_)));
    if options.json {
        let steps: Vec<_> = reports.iter().map(Report::json).collect();
        println!("{}", serde_json::json!({ "ok": !has_failed, "steps": steps }));
    } else {
        print_summary(&reports, started.elapsed());
    }
    Ok(if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn execute(repository: &Repository, run: &Run) -> Outcome {
    match run {
        Run::Cargo(arguments) => start(repository.cargo(arguments)),
        Run::StrictDocs(arguments) => {
            let mut command = repository.cargo(arguments);
            command.env("RUSTDOCFLAGS", "-D warnings");
            start(command)
        }
        Run::Tests => start(tests(repository)),
        Run::Rules if !has_nextest(repository) => {
            Outcome::Skipped("only nextest reports what each test says".to_owned())
        }
        Run::Rules => match rules::report(repository) {
            Ok((table, faults)) => {
                eprintln!("{table}");
                if faults.is_empty() { Outcome::Passed } else { failed(&faults, "rules") }
            }
            Err(error) => Outcome::Failed(format!("{error:#}")),
        },
        Run::Conformance => match conformance::short(repository) {
            Ok(Short::Passed) => Outcome::Passed,
            Ok(Short::Skipped(why)) => Outcome::Skipped(why),
            Ok(Short::Failed(faults)) => failed(&faults, "conformance"),
            Err(error) => Outcome::Failed(format!("{error:#}")),
        },
        Run::Strangers => match strangers::gate(repository) {
            Ok(Gate::Passed) => Outcome::Passed,
            Ok(Gate::Skipped(why)) => Outcome::Skipped(why),
            Ok(Gate::Failed(faults)) => failed(&faults, "strangers"),
            Err(error) => Outcome::Failed(format!("{error:#}")),
        },
        Run::Tidy(check) => match check(repository) {
            Ok(faults) if faults.is_empty() => Outcome::Passed,
            Ok(faults) => {
                for fault in &faults {
                    eprintln!("{fault}");
                }
                Outcome::Failed(format!("{} faults", faults.len()))
            }
            Err(error) => Outcome::Failed(format!("{error:#}")),
        },
    }
}

fn failed(faults: &[String], command: &str) -> Outcome {
    for fault in faults {
        eprintln!("{fault}");
    }
    Outcome::Failed(format!("{} faults; `cargo xtask {command}` tells more", faults.len()))
}

fn start(mut command: Command) -> Outcome {
    // All that a step prints is progress; the output proper is the summary.
    match command.stdin(Stdio::null()).stdout(std::io::stderr()).status() {
        Ok(status) if status.success() => Outcome::Passed,
        Ok(status) => Outcome::Failed(status.to_string()),
        Err(error) => Outcome::Failed(format!("cannot start {}: {error}", command.get_program().to_string_lossy())),
    }
}

/// Everything but doc tests, which are a step of their own: nextest does not run them.
fn tests(repository: &Repository) -> Command {
    let mut command = if has_nextest(repository) {
        repository.cargo(&["nextest", "run", "--no-fail-fast", "--no-tests", "pass"])
    } else {
        repository.cargo(&["test", "--no-fail-fast", "--lib", "--bins", "--tests", "--examples"])
    };
    command.args(["--locked", "--workspace", WITHOUT_PEERS]);
    command
}

fn has_nextest(repository: &Repository) -> bool {
    let mut command = repository.cargo(&["nextest", "--version"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn print_summary(reports: &[Report], took: Duration) {
    let rows: Vec<[String; 3]> = reports
        .iter()
        .map(|report| [report.name.clone(), report.took.map_or_else(String::new, seconds), report.outcome.to_string()])
        .collect();
    println!("\n{}", table(["step", "time", "result"], &rows, &[1]));
    let count = |is: fn(&Outcome) -> bool| reports.iter().filter(|report| is(&report.outcome)).count();
    println!(
        "{} passed, {} failed, {} skipped in {}",
        count(|outcome| matches!(outcome, Outcome::Passed)),
        count(|outcome| matches!(outcome, Outcome::Failed(_))),
        count(|outcome| matches!(outcome, Outcome::Skipped(_))),
        seconds(took)
    );
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

impl Outcome {
    fn word(&self) -> &'static str {
        match self {
            Self::Passed => "ok",
            Self::Failed(_) => "FAILED",
            Self::Skipped(_) => "skipped",
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Passed => f.write_str(self.word()),
            Self::Failed(why) => write!(f, "{} ({why})", self.word()),
            Self::Skipped(why) => write!(f, "{}: {why}", self.word()),
        }
    }
}
