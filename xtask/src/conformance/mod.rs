//! `cargo xtask conformance`: the codec against IB's own Python client, both ways.
//!
//! Requests: the client makes frames behind a fake socket; the codec reads each and writes it again; both must say the same.
//! Answers: random answers that the client's protobuf classes describe are read, brought down to what a version can carry
//! and written at it; what the client's callbacks are told must be what its own reading of the whole answer tells them.

mod answers;
mod coverage;
mod known;
mod requests;

use std::process::ExitCode;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::repository::Repository;
use crate::table::table;
use coverage::Coverage;

/// The packages, and the newest server version that each knows.
const PACKAGES: &[Package] = &[
    Package { requirement: "ibapi-latest==10.51.1", also: None, newest: 226 },
    Package { requirement: "ibapi-stable==10.50.2", also: None, newest: 226 },
    // It needs the protobuf library and does not say so.
    Package { requirement: "nautilus-ibapi==10.37.2", also: Some("protobuf==5.29.5"), newest: 203 },
    Package { requirement: "nautilus-ibapi==10.19.4", also: None, newest: 176 },
];

/// A build of IB's client on PyPI.
#[derive(Debug)]
struct Package {
    requirement: &'static str,
    also: Option<&'static str>,
    newest: i32,
}

/// How `cargo xtask conformance` is asked for.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Packages, separated by commas; a part of the name is enough. All of them by default.
    #[arg(long, value_delimiter = ',')]
    packages: Vec<String>,
    /// Request frames for each package.
    #[arg(long, default_value_t = 20_000)]
    frames: usize,
    /// Values in callbacks, at least, for each package.
    #[arg(long, default_value_t = 50_000)]
    values: usize,
    /// The seed of all random choices.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A short run, as in `ci`: fewer frames, and a gate that was not reached is no fault.
    #[arg(long)]
    short: bool,
    /// One JSON object instead of tables.
    #[arg(long)]
    json: bool,
}

/// A place where the codec and the client disagree.
#[derive(Clone, Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Difference {
    message: String,
    form: String,
    /// Where in the message, or what kind of failure.
    path: String,
    /// An example of both.
    theirs: String,
    ours: String,
}

/// What came of one package.
#[derive(Serialize)]
struct Report {
    package: &'static str,
    skipped: Option<String>,
    request_frames: usize,
    answers: usize,
    values: usize,
    differences: Vec<Found>,
    known: Vec<Found>,
    holes: Vec<String>,
    coverage: Coverage,
}

/// A difference, how often and where it was met.
#[derive(Clone, Serialize)]
struct Found {
    #[serde(flatten)]
    difference: Difference,
    count: usize,
    versions: std::collections::BTreeSet<i32>,
    reason: Option<&'static str>,
}

/// Runs every package that was asked for.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<ExitCode> {
    let chosen: Vec<&Package> = PACKAGES
        .iter()
        .filter(|package| {
            options.packages.is_empty()
                || options.packages.iter().any(|part| package.requirement.contains(part.as_str()))
        })
        .collect();
    if chosen.is_empty() {
        let names: Vec<_> = PACKAGES.iter().map(|package| package.requirement).collect();
        bail!("no such package; there are {}", names.join(", "));
    }
    let mut reports = Vec::new();
    for package in chosen {
        eprintln!("{} ...", package.requirement);
        reports.push(of_package(repository, package, options)?);
    }
    let ok = reports.iter().all(|report| report.differences.is_empty() && report.holes.is_empty());
    if options.json {
        println!("{}", serde_json::json!({ "ok": ok, "seed": options.seed, "packages": reports }));
    } else {
        for report in &reports {
            print(report);
        }
        println!("seed {}: {}", options.seed, if ok { "0 differences" } else { "FAILED" });
    }
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What came of a short run.
pub(crate) enum Short {
    /// No difference, no hole.
    Passed,
    /// It could not be run, and why.
    Skipped(String),
    /// Differences and holes, a line each.
    Failed(Vec<String>),
}

/// A short seed against the newest package, for the gate.
pub(crate) fn short(repository: &Repository) -> Result<Short> {
    let options = Options { packages: Vec::new(), frames: 1_500, values: 3_000, seed: 1, short: true, json: false };
    let report = of_package(repository, &PACKAGES[0], &options)?; // the table is not empty
    if let Some(why) = report.skipped {
        return Ok(Short::Skipped(why));
    }
    let mut faults = report.holes;
    for Found { difference, .. } in &report.differences {
        let Difference { message, form, path, theirs, ours } = difference;
        faults.push(format!("{message} ({form}) {path}: {} against {}", shorten(theirs), shorten(ours)));
    }
    Ok(if faults.is_empty() { Short::Passed } else { Short::Failed(faults) })
}

fn of_package(repository: &Repository, package: &'static Package, options: &Options) -> Result<Report> {
    let mut report = Report {
        package: package.requirement,
        skipped: None,
        request_frames: 0,
        answers: 0,
        values: 0,
        differences: Vec::new(),
        known: Vec::new(),
        holes: Vec::new(),
        coverage: Coverage::default(),
    };
    // The newest build describes answers for all: it has the protobuf classes.
    let describing = &PACKAGES[0]; // the table is not empty
    let mut environments = Vec::new();
    for wanted in [package, describing] {
        match Environment::with_packages(repository, "tests/conformance", wanted.requirement, wanted.also)? {
            Ok(environment) => environments.push(environment),
            Err(why) => {
                report.skipped = Some(why);
                return Ok(report);
            }
        }
    }
    let [theirs, describing] = &environments[..] else { bail!("two environments were made") };
    let mut differences = Differences::new(package);
    requests::run(theirs, package, options, &mut report, &mut differences)?;
    answers::run(theirs, describing, package, options, &mut report, &mut differences)?;
    report.holes = report.coverage.holes(package.newest, options.short);
    (report.known, report.differences) = differences.into_found();
    Ok(report)
}

/// Differences by message, form and path.
struct Differences {
    package: &'static Package,
    found: std::collections::BTreeMap<(String, String, String), Found>,
}

impl Differences {
    fn new(package: &'static Package) -> Self {
        Self { package, found: std::collections::BTreeMap::new() }
    }

    fn add(&mut self, difference: Difference, version: i32) {
        let reason = known::reason(self.package.requirement, &difference, version);
        let key = (difference.message.clone(), difference.form.clone(), difference.path.clone());
        let found = self.found.entry(key).or_insert_with(|| Found {
            difference,
            count: 0,
            versions: std::collections::BTreeSet::new(),
            reason,
        });
        found.count += 1;
        found.versions.insert(version);
        // One occurrence that no known fault explains makes all of them a finding.
        if reason.is_none() {
            found.reason = None;
        }
    }

    fn into_found(self) -> (Vec<Found>, Vec<Found>) {
        self.found.into_values().partition(|found| found.reason.is_some())
    }
}

/// What a driver says of one frame.
#[derive(Clone, Debug, Deserialize)]
struct Made {
    name: String,
    server_version: i32,
    frame: String,
    #[serde(default)]
    by: String,
}

fn print(report: &Report) {
    println!("\n{}", report.package);
    if let Some(why) = &report.skipped {
        println!("skipped: {why}");
        return;
    }
    println!("{}", report.coverage.table());
    println!(
        "{} request frames, {} answers with {} values; {} differences, {} known faults, {} holes",
        report.request_frames,
        report.answers,
        report.values,
        report.differences.len(),
        report.known.len(),
        report.holes.len()
    );
    let rows = |found: &[Found]| -> Vec<[String; 7]> {
        found
            .iter()
            .map(|Found { difference, count, versions, reason }| {
                let first = versions.first().copied().unwrap_or_default();
                let last = versions.last().copied().unwrap_or_default();
                [
                    difference.message.clone(),
                    difference.form.clone(),
                    format!("{first}..{last}"),
                    count.to_string(),
                    difference.path.clone(),
                    shorten(&difference.theirs),
                    reason.map_or_else(|| shorten(&difference.ours), str::to_owned),
                ]
            })
            .collect()
    };
    if !report.differences.is_empty() {
        let heading = ["DIFFERENCE in", "form", "versions", "count", "place", "theirs", "ours"];
        println!("\n{}", table(heading, &rows(&report.differences), &[3]));
    }
    if !report.known.is_empty() {
        let heading = ["known fault in", "form", "versions", "count", "place", "theirs", "reason"];
        println!("\n{}", table(heading, &rows(&report.known), &[3]));
    }
    for hole in &report.holes {
        println!("HOLE: {hole}");
    }
}

fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push_str("...");
    }
    short
}
