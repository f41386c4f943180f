//! [`AccountFeeds`]: which streams of account values one client listens to, and what it was told last.

use std::collections::{BTreeMap, BTreeSet};

use tws_proto::ids::{ContractId, RequestId};
use tws_proto::message::{PortfolioValue, PositionProfit, Profit};

use crate::statement::Row;
use crate::time::SimTime;

/// Which streams of account values one client listens to.
#[derive(Debug, Default)]
pub(crate) struct AccountFeeds {
    /// The account whose values and portfolio are told; there is one at most.
    pub(crate) updates: Option<UpdateFeed>,
    pub(crate) summaries: BTreeMap<RequestId, SummaryFeed>,
    pub(crate) positions: BTreeMap<RequestId, PositionsFeed>,
    pub(crate) values: BTreeMap<RequestId, ValuesFeed>,
    pub(crate) profits: BTreeMap<RequestId, ProfitFeed>,
    pub(crate) position_profits: BTreeMap<RequestId, PositionProfitFeed>,
}

impl AccountFeeds {
    /// When the next of the slow streams is due.
    pub(crate) fn next_update(&self) -> Option<SimTime> {
        let updates = self.updates.iter().map(|feed| feed.next_update);
        let summaries = self.summaries.values().map(|feed| feed.next_update);
        let values = self.values.values().map(|feed| feed.next_update);
        updates.chain(summaries).chain(values).min()
    }

    /// Whether it listens to a profit.
    pub(crate) fn wants_profits(&self) -> bool {
        !self.profits.is_empty() || !self.position_profits.is_empty()
    }
}

/// The values and the portfolio of one account.
#[derive(Debug)]
pub(crate) struct UpdateFeed {
    pub(crate) account: String,
    pub(crate) next_update: SimTime,
    pub(crate) told: Told,
    pub(crate) portfolio: BTreeMap<ContractId, PortfolioValue>,
}

/// A summary of some values of several accounts.
#[derive(Debug)]
pub(crate) struct SummaryFeed {
    pub(crate) accounts: BTreeSet<String>,
    pub(crate) tags: Vec<String>,
    /// Currencies whose ledgers are wanted.
    pub(crate) ledgers: Ledgers,
    pub(crate) next_update: SimTime,
    /// By account.
    pub(crate) told: BTreeMap<String, Told>,
}

/// Which ledgers a summary tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ledgers {
    #[default]
    None,
    /// All currencies together.
    Base,
    Of(String),
    All,
}

/// The positions of some accounts.
#[derive(Debug)]
pub(crate) struct PositionsFeed {
    pub(crate) accounts: BTreeSet<String>,
    pub(crate) model_code: String,
}

/// The values of some accounts.
#[derive(Debug)]
pub(crate) struct ValuesFeed {
    pub(crate) accounts: BTreeSet<String>,
    pub(crate) model_code: String,
    pub(crate) extent: Extent,
    pub(crate) next_update: SimTime,
    /// By account.
    pub(crate) told: BTreeMap<String, Told>,
}

/// How much of an account is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    Everything,
    LedgerAndNetLiquidation,
}

/// The profit of some accounts together.
#[derive(Debug)]
pub(crate) struct ProfitFeed {
    pub(crate) accounts: BTreeSet<String>,
    pub(crate) told: Option<Profit>,
}

/// The profit of one position of some accounts together.
#[derive(Debug)]
pub(crate) struct PositionProfitFeed {
    pub(crate) accounts: BTreeSet<String>,
    pub(crate) contract: ContractId,
    pub(crate) told: Option<PositionProfit>,
}

/// What was told last, by name and currency.
#[derive(Debug, Default)]
pub(crate) struct Told {
    values: BTreeMap<(String, String), String>,
}

impl Told {
    /// Leaves the rows that differ from what was told last, and notes them.
    pub(crate) fn news(&mut self, rows: Vec<Row>) -> Vec<Row> {
        let is_new = |row: &Row| {
            let told = self.values.insert((row.key.clone(), row.currency.clone()), row.value.clone());
            told.as_ref() != Some(&row.value)
        };
        rows.into_iter().filter(is_new).collect()
    }
}
