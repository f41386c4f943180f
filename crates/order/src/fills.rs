//! [`Executions`]: every trade, counted once at its highest revision, with what it cost.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tws_proto::ids::ContractId;
use tws_proto::kinds::ExecutionSide;
use tws_proto::message::{CommissionReport, ExecutionData};

use crate::action::{Commission, UncountableReason};
use crate::kind::Side;
use crate::reference::IntentId;
use crate::time::Timestamp;

/// Most commissions that wait for their executions; the oldest roots give way (they are other clients').
pub const COMMISSIONS_WAITING_MAX: usize = 4096;

/// Every execution this book has heard of, by root.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Executions {
    by_root: BTreeMap<String, Execution>,
    commissions_waiting: BTreeMap<String, Cost>,
}

/// One execution at its highest revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// Its revision.
    pub revision: u32,
    /// The order of ours that traded.
    pub intent: Option<IntentId>,
    /// Whose.
    pub strategy: Option<String>,
    /// In which account.
    pub account: String,
    /// What.
    pub contract_id: Option<ContractId>,
    /// Which way.
    pub side: Side,
    /// How much.
    pub quantity: Decimal,
    /// At which price.
    pub price: Decimal,
    /// What it cost, where that is known.
    pub cost: Option<Cost>,
}

/// What an execution cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Revision of the execution it was told for.
    pub revision: u32,
    /// Commission and fees.
    pub amount: Decimal,
    /// Their currency.
    pub currency: String,
}

/// What became of an execution that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It was not known.
    New,
    /// It is known at this revision, or at a higher one.
    Known,
    /// It replaces what a lower revision said.
    Replaces {
        /// Quantity until now.
        quantity: Decimal,
        /// Price until now.
        price: Decimal,
    },
}

/// An execution of the wire, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reading {
    pub(crate) root: String,
    pub(crate) revision: u32,
    pub(crate) side: Side,
    pub(crate) quantity: Decimal,
    pub(crate) price: Decimal,
}

impl Reading {
    /// Reads what must be there for an execution to count.
    pub(crate) fn of(data: &ExecutionData) -> Result<Self, UncountableReason> {
        let execution = &data.execution;
        let (root, revision) = split_id(&execution.execution_id).ok_or(UncountableReason::Id)?;
        let side = match execution.side {
            ExecutionSide::Bought => Side::Buy,
            ExecutionSide::Sold => Side::Sell,
            ExecutionSide::Other(_) => return Err(UncountableReason::Side),
        };
        let (Some(quantity), Some(price)) = (execution.quantity, execution.price) else {
            return Err(UncountableReason::Numbers);
        };
        if quantity < Decimal::ZERO {
            return Err(UncountableReason::Numbers);
        }
        Ok(Self { root: root.to_owned(), revision, side, quantity, price })
    }
}

/// Root and revision of an execution id: the revision stands behind the last dot (F28).
fn split_id(id: &str) -> Option<(&str, u32)> {
    match id.rsplit_once('.') {
        Some((root, revision)) if !root.is_empty() => match revision.parse() {
            Ok(revision) => Some((root, revision)),
            Err(_) => Some((id, 0)), // no revision that anybody could compare
        },
        Some(_) | None => (!id.is_empty()).then_some((id, 0)),
    }
}

impl Executions {
    /// The execution with this root.
    #[must_use]
    pub fn get(&self, root: &str) -> Option<&Execution> {
        self.by_root.get(root)
    }

    /// Every execution by root.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Execution)> {
        self.by_root.iter().map(|(root, execution)| (root.as_str(), execution))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_root.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_root.is_empty()
    }

    /// Takes an execution (R12, R13).
    pub(crate) fn take(&mut self, reading: &Reading, mut execution: Execution) -> Taken {
        let Some(known) = self.by_root.get_mut(&reading.root) else {
            execution.cost = self.commissions_waiting.remove(&reading.root);
            self.by_root.insert(reading.root.clone(), execution);
            return Taken::New;
        };
        if reading.revision <= known.revision {
            return Taken::Known;
        }
        let (quantity, price) = (known.quantity, known.price);
        execution.cost = known.cost.take();
        // Attribution once found stays found: a correction may come without the order's own names.
        execution.intent = execution.intent.or(known.intent);
        execution.strategy = execution.strategy.or_else(|| known.strategy.take());
        *known = execution;
        Taken::Replaces { quantity, price }
    }

    /// Takes a commission (R15); what came of it, if its execution is known and it says something new.
    pub(crate) fn take_cost(&mut self, report: &CommissionReport, at: Timestamp) -> Option<Commission> {
        let (root, revision) = split_id(&report.execution_id)?;
        let amount = report.commission?;
        let cost = Cost { revision, amount, currency: report.currency.clone() };
        match self.by_root.get_mut(root) {
            Some(execution) => {
                if execution.cost.as_ref().is_some_and(|known| *known == cost || known.revision > revision) {
                    return None;
                }
                execution.cost = Some(cost);
                self.commission(root, at)
            }
            None => {
                self.commissions_waiting.insert(root.to_owned(), cost);
                if self.commissions_waiting.len() > COMMISSIONS_WAITING_MAX {
                    self.commissions_waiting.pop_first();
                }
                None
            }
        }
    }

    /// The commission of a known execution, where it is known.
    pub(crate) fn commission(&self, root: &str, at: Timestamp) -> Option<Commission> {
        let execution = self.by_root.get(root)?;
        let Cost { revision, amount, currency } = execution.cost.clone()?;
        Some(Commission { strategy: execution.strategy.clone(), root: root.to_owned(), revision, amount, currency, at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_segment_is_the_revision() {
        for (id, expected) in [
            ("0000e0d5.65f0c6b4.01.01", Some(("0000e0d5.65f0c6b4.01", 1))),
            ("a.12", Some(("a", 12))),
            ("a.b", Some(("a.b", 0))),
            ("plain", Some(("plain", 0))),
            (".1", Some((".1", 0))),
            ("", None),
        ] {
            assert_eq!(split_id(id), expected, "{id}");
        }
    }
}
