//! [`Statement`]: what trading days came to, held against what the broker tells of them (C13).
//!
//! The broker's own statement is a document that the API does not give. What it does give at the end of a day is the list of
//! that day's executions with what they cost: those are compared one by one. Positions are compared every minute (R41).

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use order::{DAY_US, Execution, Orders, SECOND_US, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tws_proto::ids::split_execution_id;
use tws_proto::message::ExecutionData;

use crate::limits::Limits;

/// Differences that one statement names; of more, it says how many there are.
pub const DIFFERENCES_MAX: usize = 100;

/// What trading days came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The first day, by [`Limits::day_of`].
    pub first_day: i64,
    /// The last day: the first again, but where nothing was compared for longer.
    pub last_day: i64,
    /// What was traded in them, by account.
    pub accounts: BTreeMap<String, AccountDay>,
    /// Where the broker says otherwise: the first [`DIFFERENCES_MAX`].
    pub differences: Vec<Difference>,
    /// How many differences there are.
    pub difference_count: usize,
}

/// What an account traded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountDay {
    /// Executions of ours and of others, those of whole combinations aside.
    pub executions: u32,
    /// Units bought.
    pub bought: Decimal,
    /// Units sold.
    pub sold: Decimal,
    /// What they cost, by currency, as far as told.
    pub commissions: BTreeMap<String, Decimal>,
}

/// Something that the broker tells otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Difference {
    /// We count an execution that the broker does not have.
    #[error("execution {root} is counted here, and the broker does not list it")]
    NotAtTheBroker {
        /// Which.
        root: String,
    },
    /// The broker has an execution that we do not count.
    #[error("the broker lists execution {execution_id}, and it is not counted here")]
    NotCounted {
        /// Which.
        execution_id: String,
    },
    /// Quantity or price are others.
    #[error("execution {root} is {quantity} at {price} here, and the broker says {told_quantity} at {told_price}")]
    Otherwise {
        /// Which.
        root: String,
        /// How much, by our count.
        quantity: Decimal,
        /// At which price.
        price: Decimal,
        /// How much, as the broker lists it.
        told_quantity: Decimal,
        /// At which price.
        told_price: Decimal,
    },
    /// A fill that no execution has proven (R14).
    #[error("{quantity} are booked as filled in {root}, and no execution proves them")]
    Unproven {
        /// Under which root they are booked.
        root: String,
        /// How much.
        quantity: Decimal,
    },
    /// The broker has never told what an execution cost.
    #[error("what execution {root} cost was never told")]
    CostUnknown {
        /// Which.
        root: String,
    },
}

/// What the broker tells when days are over.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// Every execution that it lists.
    pub executions: &'a [ExecutionData],
    /// Since when it lists executions; `None` for since midnight, wherever TWS has that.
    pub since: Option<Timestamp>,
}

impl Statement {
    /// The days for which a statement is due: those that have ended since the last one, or since what is counted began.
    #[must_use]
    pub fn due(last: Option<&Self>, begun: Timestamp, limits: &Limits, now: Timestamp) -> Option<(i64, i64)> {
        let first = last.map_or_else(|| limits.day_of(begun), |last| last.last_day.saturating_add(1));
        let last = limits.day_of(now).saturating_sub(1);
        (first <= last).then_some((first, last))
    }

    /// The last of its days, as people write it: `2026-11-23`.
    #[must_use]
    pub fn last_date(&self) -> String {
        let at = jiff::Timestamp::from_second(self.last_day.saturating_mul(DAY_US / SECOND_US));
        at.map_or_else(|_| self.last_day.to_string(), |at| TimeZone::UTC.to_datetime(at).date().to_string())
    }

    /// Holds what is counted for these days against what the broker tells.
    #[must_use]
    pub fn of((first_day, last_day): (i64, i64), limits: &Limits, orders: &Orders, told: Told<'_>) -> Self {
        let mut statement = Self { first_day, last_day, ..Self::default() };
        let listed = listed(told.executions);
        // Before the first that it lists of what we know it may list no more.
        let known = listed.keys().filter_map(|root| orders.executions().get(root).map(|execution| execution.at));
        let since = told.since.or_else(|| known.min());
        let mut counted = BTreeSet::new();
        for (root, execution) in orders.executions().iter() {
            counted.insert(root.to_string());
            if !(first_day..=last_day).contains(&limits.day_of(execution.at)) {
                continue;
            }
            let is_listed = since.is_some_and(|since| since <= execution.at);
            statement.count(&root, &execution, listed.get(root.as_ref()).copied(), is_listed);
        }
        for (root, data) in &listed {
            if !counted.contains(root) {
                statement.differ(Difference::NotCounted { execution_id: data.execution.execution_id.clone() });
            }
        }
        statement
    }

    fn count(&mut self, root: &str, execution: &Execution, told: Option<&ExecutionData>, is_listed: bool) {
        let Execution { quantity, price, is_combination, is_inferred, .. } = execution;
        let (quantity, price, root) = (*quantity, *price, root.to_owned());
        if !is_combination {
            self.add(execution);
        }
        if *is_inferred {
            return self.differ(Difference::Unproven { root, quantity });
        }
        match told.map(|data| &data.execution) {
            None if is_listed => self.differ(Difference::NotAtTheBroker { root: root.clone() }),
            None => {}
            Some(told) => {
                let (told_quantity, told_price) = (told.quantity.unwrap_or_default(), told.price.unwrap_or_default());
                if (told_quantity, told_price) != (quantity, price) {
                    let root = root.clone();
                    self.differ(Difference::Otherwise { root, quantity, price, told_quantity, told_price });
                }
            }
        }
        if execution.cost.is_none() && !is_combination && !quantity.is_zero() {
            self.differ(Difference::CostUnknown { root });
        }
    }

    fn add(&mut self, execution: &Execution) {
        let day = self.accounts.entry(execution.account.to_string()).or_default();
        day.executions = day.executions.saturating_add(1);
        let units = match execution.side {
            order::Side::Buy => &mut day.bought,
            order::Side::Sell => &mut day.sold,
        };
        *units = units.saturating_add(execution.quantity);
        if let Some(cost) = &execution.cost {
            let sum = day.commissions.entry(cost.currency.to_string()).or_default();
            *sum = sum.saturating_add(cost.amount);
        }
    }

    fn differ(&mut self, difference: Difference) {
        self.difference_count += 1;
        if self.differences.len() < DIFFERENCES_MAX {
            self.differences.push(difference);
        }
    }
}

/// The executions that the broker lists, each at its highest revision, by its id without that.
fn listed(executions: &[ExecutionData]) -> BTreeMap<String, &ExecutionData> {
    let mut listed: BTreeMap<String, (u32, &ExecutionData)> = BTreeMap::new();
    for data in executions {
        let (root, revision) = split_execution_id(&data.execution.execution_id);
        let entry = listed.entry(root.to_owned()).or_insert((revision, data));
        if revision >= entry.0 {
            *entry = (revision, data);
        }
    }
    listed.into_iter().map(|(root, (_, data))| (root, data)).collect()
}
