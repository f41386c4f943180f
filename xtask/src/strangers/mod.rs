//! `cargo xtask strangers`: clients that other people wrote, unchanged, against the simulator.
//!
//! Every client has a driver of ours under `tests/strangers` that plays one session and checks what the client is told, by
//! value; the market it sees is moved by this command when the driver asks for it, and at the end what the client believes is
//! compared with the broker's book. What is checked stands in [`CHECKS`]: a check that a driver does not come to has failed.

mod conversation;
mod round_trip;
mod stage;

use std::ops::RangeInclusive;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use tws_proto::ServerVersion;
use tws_sim::faults::Switch;

use crate::environment::{self, Environment};
use crate::repository::Repository;
use crate::table::grid;
use round_trip::Wanted;
use stage::Stage;

/// What every driver checks, and at the end this command.
const CHECKS: &[&str] = &[
    "connect",
    "server time",
    "contract details",
    "quotes",
    "historical bars",
    "place",
    "modify",
    "cancel",
    "positions",
    "account summary",
    "profit and loss",
    "bracket",
    "realized profit",
    "executions",
    "commissions",
    "reconnect",
    BOOK,
];
/// The check that this command makes itself.
const BOOK: &str = "broker's book";

/// Every client and how it is had.
const STRANGERS: &[Stranger] = &[
    Stranger { name: "ibapi", client: IBAPI, speaks: 176..=226, plays: &[187, 226] },
    Stranger {
        name: "ib_async",
        client: Client::Python { requirement: "ib_async==2.1.0", driver: "ib_async/driver.py" },
        speaks: 176..=178,
        plays: &[178],
    },
    Stranger {
        name: "stoqey",
        client: Client::Node { package: "@stoqey/ib@1.6.10", driver: "tests/strangers/stoqey/driver.js" },
        speaks: 176..=193,
        plays: &[193],
    },
    Stranger {
        name: "rust-ibapi",
        client: Client::Cargo { manifest: "tests/strangers/rust_ibapi/Cargo.toml", program: "rust-ibapi-driver" },
        speaks: 213..=226,
        plays: &[226],
    },
];
/// IB's own client for Python.
const IBAPI: Client = Client::Python { requirement: "ibapi-latest==10.51.1", driver: "ibapi/driver.py" };
/// Where the drivers of the Python clients are.
const DRIVERS: &str = "tests/strangers";

/// A client that somebody else wrote.
#[derive(Debug)]
struct Stranger {
    name: &'static str,
    client: Client,
    /// Versions that both the client and the simulator know.
    speaks: RangeInclusive<i32>,
    /// At which it plays when nothing is said.
    plays: &'static [i32],
}

impl Stranger {
    /// The newest version that the simulator offers, so that both settle on `version`: a client that knows nothing newer is
    /// offered everything.
    fn offered(&self, version: i32) -> i32 {
        if version == *self.speaks.end() { ServerVersion::NEWEST.0 } else { version }
    }
}

/// Where a client comes from and what drives it.
#[derive(Debug)]
enum Client {
    Python { requirement: &'static str, driver: &'static str },
    Node { package: &'static str, driver: &'static str },
    Cargo { manifest: &'static str, program: &'static str },
}

/// How `cargo xtask strangers` is asked for.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Clients, separated by commas; a part of the name is enough. All of them by default.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Random orders of IB's own client instead, and what its openOrder callback says of them, field by field.
    #[arg(long, conflicts_with = "only")]
    round_trip: bool,
    /// Orders a version of the round trip.
    #[arg(long, default_value_t = 500, requires = "round_trip")]
    orders: usize,
    /// Server versions, separated by commas: each client plays at those that it speaks. By default the newest of each, 187
    /// too for IB's own, and for the round trip all at which orders change.
    #[arg(long, value_delimiter = ',')]
    versions: Vec<i32>,
    /// Faults of the simulator that stand from the beginning, by the names of their switches, separated by commas.
    #[arg(long, value_delimiter = ',', conflicts_with = "round_trip")]
    fault: Vec<Switch>,
    /// The seed of the random orders.
    #[arg(long, default_value_t = 1, requires = "round_trip")]
    seed: u64,
    /// One JSON object instead of tables.
    #[arg(long)]
    json: bool,
}

/// What came of one check.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Checked {
    check: String,
    ok: bool,
    #[serde(default)]
    detail: String,
}

/// What came of one client.
#[derive(Serialize)]
struct Report {
    name: String,
    version: i32,
    /// Why it was not run.
    skipped: Option<String>,
    checks: Vec<Checked>,
}

impl Report {
    fn is_ok(&self) -> bool {
        self.checks.iter().all(|checked| checked.ok)
    }

    fn cell(&self, check: &str) -> &'static str {
        match self.checks.iter().find(|checked| checked.check == check) {
            _ if self.skipped.is_some() => "skipped",
            Some(Checked { ok: true, .. }) => "ok",
            _ => "FAILED",
        }
    }
}

/// Runs every client that was asked for.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<ExitCode> {
    if options.round_trip {
        return run_round_trip(repository, options);
    }
    let is_chosen = |stranger: &&Stranger| {
        options.only.is_empty() || options.only.iter().any(|part| stranger.name.contains(part.as_str()))
    };
    let reports = play(repository, STRANGERS.iter().filter(is_chosen), &options.versions, &options.fault)?;
    if reports.is_empty() {
        let names: Vec<_> =
            STRANGERS.iter().map(|Stranger { name, speaks, .. }| format!("{name} ({speaks:?})")).collect();
        bail!("no such client or version; there are {}", names.join(", "));
    }
    let ok = reports.iter().all(Report::is_ok);
    if options.json {
        println!("{}", serde_json::json!({ "ok": ok, "strangers": reports }));
    } else {
        print(&reports);
    }
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run_round_trip(repository: &Repository, options: &Options) -> Result<ExitCode> {
    let versions = if options.versions.is_empty() { round_trip::VERSIONS } else { &options.versions };
    let wanted = Wanted { orders: options.orders, seed: options.seed, versions };
    let outcomes = match round_trip::outcomes(repository, &wanted)? {
        Ok(outcomes) => outcomes,
        Err(why) => bail!("the round trip cannot be run: {why}"),
    };
    let ok = outcomes.iter().all(|outcome| outcome.faults(&wanted).is_empty());
    if options.json {
        println!("{}", serde_json::json!({ "ok": ok, "seed": options.seed, "versions": outcomes }));
    } else {
        round_trip::print(&outcomes, &wanted);
    }
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Has clients play, each at its own versions or at those of `versions` that it speaks.
fn play<'a>(
    repository: &Repository,
    strangers: impl Iterator<Item = &'a Stranger>,
    versions: &[i32],
    faults: &[Switch],
) -> Result<Vec<Report>> {
    let mut reports = Vec::new();
    for stranger in strangers {
        let wanted = if versions.is_empty() { stranger.plays } else { versions };
        for version in wanted.iter().filter(|version| stranger.speaks.contains(version)) {
            let report = Report {
                name: match wanted {
                    [_] => stranger.name.to_owned(),
                    _ => format!("{}-{version}", stranger.name),
                },
                version: *version,
                skipped: None,
                checks: Vec::new(),
            };
            reports.push(of_stranger(repository, stranger, report, faults)?);
        }
    }
    Ok(reports)
}

/// What came of the clients that the gate runs.
pub(crate) enum Gate {
    /// Every check passed.
    Passed,
    /// A client could not be had, and why.
    Skipped(String),
    /// What failed, a line each.
    Failed(Vec<String>),
}

/// The Python clients and a few orders there and back, for the gate.
pub(crate) fn gate(repository: &Repository) -> Result<Gate> {
    let python = STRANGERS.iter().filter(|stranger| matches!(stranger.client, Client::Python { .. }));
    let reports = play(repository, python, &[], &[])?;
    let mut all: Vec<String> = reports.iter().flat_map(faults).collect();
    let mut skipped: Vec<String> = reports.into_iter().filter_map(|report| report.skipped).collect();
    let wanted = Wanted { orders: 40, seed: 1, versions: round_trip::SHORT };
    match round_trip::outcomes(repository, &wanted)? {
        Ok(outcomes) => all.extend(outcomes.iter().flat_map(|outcome| outcome.faults(&wanted))),
        Err(why) => skipped.push(why),
    }
    Ok(match skipped.into_iter().next() {
        _ if !all.is_empty() => Gate::Failed(all),
        Some(why) => Gate::Skipped(why),
        None => Gate::Passed,
    })
}

fn of_stranger(repository: &Repository, stranger: &Stranger, mut report: Report, faults: &[Switch]) -> Result<Report> {
    eprintln!("{} ...", report.name);
    let mut command = match command(repository, &stranger.client)? {
        Ok(command) => command,
        Err(why) => {
            report.skipped = Some(why);
            return Ok(report);
        }
    };
    let stage = Stage::set(stranger.offered(report.version), faults)?;
    command.args(stage.arguments(report.version));
    let heard = conversation::hold(command, &stage);
    let book = stage.judge(&heard.told);
    report.checks = heard.checks;
    report.checks.push(Checked { check: BOOK.to_owned(), ok: book.is_ok(), detail: detail(book) });
    for check in CHECKS {
        if !report.checks.iter().any(|checked| checked.check == *check) {
            let why = heard.failure.clone().unwrap_or_else(|| "the driver did not come to it".to_owned());
            report.checks.push(Checked { check: (*check).to_owned(), ok: false, detail: why });
        }
    }
    // A check that is not in the list would be one that no other driver has to pass.
    if let Some(unknown) = report.checks.iter().find(|checked| !CHECKS.contains(&checked.check.as_str())) {
        bail!("the driver of {} checks {:?}, which is not in the list", stranger.name, unknown.check);
    }
    Ok(report)
}

fn detail(outcome: Result<String>) -> String {
    outcome.unwrap_or_else(|error| format!("{error:#}"))
}

/// The driver of a client in its environment; the inner error says why there is none.
fn command(repository: &Repository, client: &Client) -> Result<Result<Command, String>> {
    match client {
        Client::Python { requirement, driver } => {
            let python = Environment::with_packages(repository, DRIVERS, requirement, None)?;
            Ok(python.map(|python| python.command(driver, &[])))
        }
        Client::Node { package, driver } => Ok(environment::with_node_package(repository, package)?.map(|modules| {
            let mut node = Command::new("node");
            node.arg(repository.root().join(driver)).env("NODE_PATH", modules);
            node
        })),
        Client::Cargo { manifest, program } => {
            let target = environment::folder(repository)?.join(program);
            let fetched = repository.cargo(&["fetch", "--locked", "--quiet", "--manifest-path", manifest]).status();
            if !fetched.context("cannot start cargo")?.success() {
                return Ok(Err("its crates cannot be had from crates.io".to_owned()));
            }
            let mut build = repository.cargo(&["build", "--locked", "--quiet", "--manifest-path", manifest]);
            build.arg("--target-dir").arg(&target);
            if !build.status().context("cannot start cargo")?.success() {
                bail!("{manifest} does not compile");
            }
            Ok(Ok(Command::new(target.join("debug").join(program))))
        }
    }
}

/// What failed, a line each.
fn faults(report: &Report) -> Vec<String> {
    let failed = report.checks.iter().filter(|checked| !checked.ok);
    failed.map(|checked| format!("{}: {}: {}", report.name, checked.check, checked.detail)).collect()
}

fn print(reports: &[Report]) {
    let mut heading = vec!["check"];
    heading.extend(reports.iter().map(|report| report.name.as_str()));
    let row = |check: &&str| {
        let mut row = vec![(*check).to_owned()];
        row.extend(reports.iter().map(|report| report.cell(check).to_owned()));
        row
    };
    let mut rows: Vec<Vec<String>> = vec![vec!["(server version)".to_owned()]];
    rows[0].extend(reports.iter().map(|report| report.version.to_string()));
    rows.extend(CHECKS.iter().map(row));
    println!("{}", grid(&heading, &rows.iter().map(Vec::as_slice).collect::<Vec<_>>(), &[]));
    for report in reports {
        for fault in faults(report) {
            println!("{fault}");
        }
        if let Some(why) = &report.skipped {
            println!("{} skipped: {why}", report.name);
        }
    }
    let count = |is: bool| reports.iter().flat_map(|report| &report.checks).filter(|checked| checked.ok == is).count();
    println!("{} checks passed, {} failed", count(true), count(false));
}
