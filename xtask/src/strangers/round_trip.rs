//! `cargo xtask strangers --round-trip`: orders of IB's own client come back in its openOrder callback, field by field.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::stage::{self, Stage};
use super::{Client, DRIVERS, IBAPI};
use crate::environment::Environment;
use crate::repository::Repository;
use crate::table::table;

/// Versions at which the layout of an order, or its form, changes.
pub(super) const VERSIONS: &[i32] = &[176, 182, 187, 190, 194, 200, 202, 203, 207, 213, 218, 226];
/// The same for the gate: text, the first protobuf, the newest.
pub(super) const SHORT: &[i32] = &[187, 203, 226];

/// What to send.
pub(super) struct Wanted<'a> {
    /// Orders a version.
    pub(super) orders: usize,
    /// Of all random choices.
    pub(super) seed: u64,
    pub(super) versions: &'a [i32],
}

/// What came of one version, as the driver tells it.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Outcome {
    version: i32,
    /// Orders that came back.
    orders: usize,
    /// Fields of them that were compared.
    values: usize,
    /// Fields that can be compared at all.
    fields: usize,
    differences: Vec<Difference>,
    /// Orders that were not taken.
    refused: Vec<Refused>,
    /// Fields that no order carried.
    holes: Vec<String>,
    exempt: Vec<Exempt>,
    /// Fields that are listed as not told and came back all the same.
    listed: Vec<String>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Difference {
    field: String,
    sent: String,
    back: String,
    count: usize,
}

#[derive(Debug, Deserialize, Serialize)]
struct Refused {
    code: i32,
    text: String,
    count: usize,
}

#[derive(Debug, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Exempt {
    field: String,
    reason: String,
}

impl Outcome {
    /// What is wrong, a line each; a short run need not carry every field.
    pub(super) fn faults(&self, wanted: &Wanted<'_>) -> Vec<String> {
        let at = format!("round trip at {}", self.version);
        let mut faults = Vec::new();
        if self.orders < wanted.orders {
            faults.push(format!("{at}: {} of {} orders came back", self.orders, wanted.orders));
        }
        for Difference { field, sent, back, count } in &self.differences {
            faults.push(format!("{at}: {field} went as {sent} and came back as {back}, {count} times"));
        }
        for Refused { code, text, count } in &self.refused {
            faults.push(format!("{at}: {count} orders were refused: {code} {text}"));
        }
        for field in &self.listed {
            faults.push(format!("{at}: {field} is listed as not told, and came back"));
        }
        if wanted.versions.len() == VERSIONS.len() {
            faults.extend(self.holes.iter().map(|field| format!("{at}: no order carried {field}")));
        }
        faults
    }
}

/// Sends orders at every version; the inner error says why the client cannot be had.
pub(super) fn outcomes(repository: &Repository, wanted: &Wanted<'_>) -> Result<Result<Vec<Outcome>, String>> {
    let Client::Python { requirement, .. } = IBAPI else { return Ok(Err("no client for Python".to_owned())) };
    let python = match Environment::with_packages(repository, DRIVERS, requirement, None)? {
        Ok(python) => python,
        Err(why) => return Ok(Err(why)),
    };
    let mut outcomes = Vec::new();
    for version in wanted.versions {
        eprintln!("round trip at {version} ...");
        let stage = Stage::of_advisor(*version)?;
        let mut arguments = stage.arguments(*version).to_vec();
        arguments.extend([wanted.orders.to_string(), wanted.seed.to_string()]);
        arguments.extend([stage::ADVISOR.to_owned(), stage::GROUP.to_owned()]);
        let told = python.run("ibapi/round_trip.py", &arguments, Vec::new())?;
        let last = told.lines().last().unwrap_or_default();
        outcomes.push(serde_json::from_str(last).with_context(|| format!("round_trip.py told {last:?}"))?);
    }
    Ok(Ok(outcomes))
}

/// A table of versions, every fault in words, and what cannot be compared.
pub(super) fn print(outcomes: &[Outcome], wanted: &Wanted<'_>) {
    let row = |outcome: &Outcome| {
        let Outcome { version, orders, values, fields, differences, refused, holes, .. } = outcome;
        let faults = differences.len() + refused.len();
        [*version as usize, *orders, *fields, *values, faults, holes.len()].map(|cell| cell.to_string())
    };
    let rows: Vec<_> = outcomes.iter().map(row).collect();
    let heading = ["server version", "orders", "fields", "values", "differences", "fields not carried"];
    println!("{}", table(heading, &rows, &[0, 1, 2, 3, 4, 5]));
    let mut exempt: Vec<(&str, &str, Vec<i32>)> = Vec::new();
    for outcome in outcomes {
        for Exempt { field, reason } in &outcome.exempt {
            match exempt.iter_mut().find(|(known, why, _)| known == field && why == reason) {
                Some((_, _, versions)) => versions.push(outcome.version),
                None => exempt.push((field, reason, vec![outcome.version])),
            }
        }
    }
    let rows: Vec<_> =
        exempt.iter().map(|(field, why, at)| [(*field).to_owned(), span(at), (*why).to_owned()]).collect();
    println!("{}", table(["not compared", "versions", "reason"], &rows, &[]));
    for outcome in outcomes {
        for fault in outcome.faults(wanted) {
            println!("{fault}");
        }
    }
    let faults = outcomes.iter().map(|outcome| outcome.faults(wanted).len()).sum::<usize>();
    let values = outcomes.iter().map(|outcome| outcome.values).sum::<usize>();
    println!("seed {}: {values} values compared, {faults} faults", wanted.seed);
}

fn span(versions: &[i32]) -> String {
    match versions {
        [only] => only.to_string(),
        [first, .., last] => format!("{first}..{last}"),
        [] => String::new(),
    }
}
