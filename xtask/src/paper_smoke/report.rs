//! What happened: a line a step as it happens, tables at the end, or one JSON object.

use std::future::Future;
use std::io::{self, Write};
use std::time::Instant;

use anyhow::bail;
use serde::Serialize;

use crate::table::table;

/// The steps so far, and the tables of the end.
#[derive(Serialize)]
pub(super) struct Report {
    ok: bool,
    steps: Vec<StepReport>,
    orders: Vec<OrderRow>,
    fills: Vec<FillRow>,
    positions: Vec<PositionRow>,
    #[serde(skip)]
    quiet: bool,
    /// Why standard output took no more.
    #[serde(skip)]
    unheard: Option<io::Error>,
}

/// One step.
#[derive(Serialize)]
pub(super) struct StepReport {
    name: String,
    ok: bool,
    ms: u64,
    detail: String,
}

/// An order, for people.
#[derive(Serialize)]
pub(super) struct OrderRow {
    pub(super) id: i32,
    pub(super) what: String,
    pub(super) state: String,
    pub(super) filled: String,
    pub(super) average_price: String,
}

/// A fill, for people.
#[derive(Serialize)]
pub(super) struct FillRow {
    pub(super) execution: String,
    pub(super) what: String,
    pub(super) price: String,
    pub(super) commission: String,
}

/// A position, for people.
#[derive(Serialize)]
pub(super) struct PositionRow {
    pub(super) symbol: String,
    pub(super) quantity: String,
    pub(super) realised: String,
    pub(super) commission: String,
    pub(super) net: String,
}

impl Report {
    pub(super) fn new(quiet: bool) -> Self {
        Self {
            ok: true,
            steps: Vec::new(),
            orders: Vec::new(),
            fills: Vec::new(),
            positions: Vec::new(),
            quiet,
            unheard: None,
        }
    }

    pub(super) fn is_ok(&self) -> bool {
        self.ok
    }

    /// Runs one step, times it and tells of it; `None` where it failed, or nobody reads what is told.
    pub(super) async fn step<T>(
        &mut self,
        name: &str,
        work: impl Future<Output = anyhow::Result<(T, String)>>,
    ) -> Option<T> {
        let started = Instant::now();
        let (value, ok, detail) = match work.await {
            Ok((value, detail)) => (Some(value), true, detail),
            Err(error) => (None, false, format!("{error:#}")),
        };
        self.add(name, ok, u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX), detail);
        value.filter(|_| self.unheard.is_none())
    }

    /// A failure outside a step.
    pub(super) fn fail(&mut self, name: &str, detail: String) {
        self.add(name, false, 0, detail);
    }

    fn add(&mut self, name: &str, ok: bool, ms: u64, detail: String) {
        self.ok &= ok;
        if !self.quiet {
            self.say(&format!("{} {ms:>6} ms  {name}: {detail}", if ok { "ok    " } else { "FAILED" }));
        }
        self.steps.push(StepReport { name: name.to_owned(), ok, ms, detail });
    }

    /// Writes a line. A reader that went away must not keep what was placed from being taken back.
    fn say(&mut self, line: &str) {
        if self.unheard.is_none() {
            self.unheard = writeln!(io::stdout(), "{line}").err();
        }
    }

    pub(super) fn set_tables(&mut self, orders: Vec<OrderRow>, fills: Vec<FillRow>, positions: Vec<PositionRow>) {
        (self.orders, self.fills, self.positions) = (orders, fills, positions);
    }

    /// Tells the end of it.
    ///
    /// # Errors
    /// Where standard output took no more, now or before: then with every step that failed.
    pub(super) fn print(&mut self, json: bool) -> anyhow::Result<()> {
        if json {
            let whole = serde_json::to_string(self)?;
            self.say(&whole);
        } else {
            self.print_tables();
        }
        let Some(error) = &self.unheard else { return Ok(()) };
        let failed = self.steps.iter().filter(|step| !step.ok);
        let failed: String = failed.map(|step| format!("; FAILED {}: {}", step.name, step.detail)).collect();
        let last = self.steps.last().map_or("", |step| step.name.as_str());
        bail!("standard output was not written ({error}); the session went no further and ended with {last:?}{failed}")
    }

    fn print_tables(&mut self) {
        let orders: Vec<[String; 5]> = self
            .orders
            .iter()
            .map(|row| {
                [row.id.to_string(), row.what.clone(), row.state.clone(), row.filled.clone(), row.average_price.clone()]
            })
            .collect();
        let fills: Vec<[String; 4]> = self
            .fills
            .iter()
            .map(|row| [row.execution.clone(), row.what.clone(), row.price.clone(), row.commission.clone()])
            .collect();
        let positions: Vec<[String; 5]> = self
            .positions
            .iter()
            .map(|row| {
                [
                    row.symbol.clone(),
                    row.quantity.clone(),
                    row.realised.clone(),
                    row.commission.clone(),
                    row.net.clone(),
                ]
            })
            .collect();
        self.say("");
        // What did not happen needs no heading.
        if !orders.is_empty() {
            self.say(&table(["order", "what", "state", "filled", "average"], &orders, &[0, 3, 4]));
        }
        if !fills.is_empty() {
            self.say(&table(["execution", "what", "price", "commission"], &fills, &[2, 3]));
        }
        if !positions.is_empty() {
            let heading = ["position", "quantity", "realised", "commission", "net"];
            self.say(&table(heading, &positions, &[1, 2, 3, 4]));
        }
        let failed = self.steps.iter().filter(|step| !step.ok).count();
        self.say(&format!("{} steps, {failed} failed", self.steps.len()));
    }
}
