//! What happened: a line a step as it happens, tables at the end, or one JSON object.

use std::future::Future;
use std::time::Instant;

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
        Self { ok: true, steps: Vec::new(), orders: Vec::new(), fills: Vec::new(), positions: Vec::new(), quiet }
    }

    pub(super) fn is_ok(&self) -> bool {
        self.ok
    }

    /// Runs one step, times it and tells of it; `None` where it failed.
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
        value
    }

    /// A failure outside a step.
    pub(super) fn fail(&mut self, name: &str, detail: String) {
        self.add(name, false, 0, detail);
    }

    fn add(&mut self, name: &str, ok: bool, ms: u64, detail: String) {
        self.ok &= ok;
        if !self.quiet {
            println!("{} {ms:>6} ms  {name}: {detail}", if ok { "ok    " } else { "FAILED" });
        }
        self.steps.push(StepReport { name: name.to_owned(), ok, ms, detail });
    }

    pub(super) fn set_tables(&mut self, orders: Vec<OrderRow>, fills: Vec<FillRow>, positions: Vec<PositionRow>) {
        (self.orders, self.fills, self.positions) = (orders, fills, positions);
    }

    pub(super) fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            println!("{}", serde_json::to_string(self)?);
            return Ok(());
        }
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
        println!();
        // What did not happen needs no heading.
        if !orders.is_empty() {
            println!("{}", table(["order", "what", "state", "filled", "average"], &orders, &[0, 3, 4]));
        }
        if !fills.is_empty() {
            println!("{}", table(["execution", "what", "price", "commission"], &fills, &[2, 3]));
        }
        if !positions.is_empty() {
            let heading = ["position", "quantity", "realised", "commission", "net"];
            println!("{}", table(heading, &positions, &[1, 2, 3, 4]));
        }
        let failed = self.steps.iter().filter(|step| !step.ok).count();
        println!("{} steps, {failed} failed", self.steps.len());
        Ok(())
    }
}
