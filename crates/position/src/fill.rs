//! What goes into the ledger: [`Fill`], [`Commission`], [`Adjustment`].

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tws_proto::kinds::{Action, ExecutionSide};

use crate::instrument::Instrument;

/// Which way a fill went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Bought: the quantity grows.
    Buy,
    /// Sold, short sales too: the quantity falls.
    Sell,
}

impl Side {
    /// The side of an execution; `None` for a word this crate does not know.
    #[must_use]
    pub fn of_execution(side: &ExecutionSide) -> Option<Self> {
        match side {
            ExecutionSide::Bought => Some(Self::Buy),
            ExecutionSide::Sold => Some(Self::Sell),
            ExecutionSide::Other(_) => None,
        }
    }

    /// The side of an order; `None` for a word this crate does not know.
    #[must_use]
    pub fn of_action(action: &Action) -> Option<Self> {
        match action {
            Action::Buy => Some(Self::Buy),
            Action::Sell | Action::SellShort | Action::SellLong => Some(Self::Sell),
            Action::Other(_) => None,
        }
    }

    /// The other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// The quantity with the sign by which it moves a position: positive bought, negative sold.
    #[must_use]
    pub fn signed(self, quantity: Decimal) -> Decimal {
        match self {
            Self::Buy => quantity,
            Self::Sell => -quantity,
        }
    }
}

/// One execution, in its latest revision known to the teller.
///
/// A fill that was only inferred gets a key of its own. When the true execution comes, a higher revision of that key
/// with quantity zero takes it out, and the true one is counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// The execution id without its revision, see [`split_execution_id`]. A key is counted once.
    pub key: String,
    /// The revision: a higher one replaces what the key said before, an equal or lower one is ignored.
    pub revision: u32,
    /// The account it belongs to.
    pub account: String,
    /// Who traded; `None` is EXTERNAL: other clients, trades by hand, unknown orders.
    pub strategy: Option<String>,
    /// What was traded.
    pub instrument: Instrument,
    /// Which way.
    pub side: Side,
    /// How much, never negative. Zero is a trade that the exchange busted.
    pub quantity: Decimal,
    /// At which price, without commission. Negative prices are legal: futures and spreads have them.
    pub price: Decimal,
    /// When, in microseconds since 1970 UTC. It decides only when the ledger may forget the key.
    pub time_us: i64,
}

/// What IB took for one execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commission {
    /// The execution id without its revision, see [`split_execution_id`].
    pub key: String,
    /// The revision of the execution; a lower one than known is ignored, an equal or higher one replaces.
    pub revision: u32,
    /// How much; positive is paid, negative is a rebate.
    pub amount: Decimal,
    /// In which currency; not always that of the instrument.
    pub currency: String,
    /// When it was told, in microseconds since 1970 UTC: an unjoined one is dropped by
    /// [`Ledger::forget_before`](crate::Ledger::forget_before).
    pub time_us: i64,
}

/// A change of position that no fill explains: a baseline, a transfer, an assignment, a lost report.
///
/// It goes to EXTERNAL and realises nothing: what it adds comes in at its cost, what it takes leaves at the position's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    /// The account it belongs to.
    pub account: String,
    /// What is held.
    pub instrument: Instrument,
    /// How much is added, negative for taken away.
    pub quantity: Decimal,
    /// What one unit added has cost, in money: the multiplier is in it, as in IB's `avgCost`.
    pub average_cost: Decimal,
    /// Why, for people and for the audit.
    pub reason: String,
    /// When, in microseconds since 1970 UTC.
    pub time_us: i64,
}

/// Splits an execution id of IB into its key and its revision, which stands behind the last dot.
/// An id without a number there is all key, at revision 0.
///
/// ```
/// use position::split_execution_id;
/// assert_eq!(split_execution_id("0000e0d5.65f0c6b4.01.02"), ("0000e0d5.65f0c6b4.01", 2));
/// assert_eq!(split_execution_id("odd"), ("odd", 0));
/// ```
#[must_use]
pub fn split_execution_id(execution_id: &str) -> (&str, u32) {
    let split = execution_id.rsplit_once('.').and_then(|(key, revision)| {
        let digits = !key.is_empty() && revision.bytes().all(|byte| byte.is_ascii_digit());
        if digits { Some((key, revision.parse().ok()?)) } else { None }
    });
    split.unwrap_or((execution_id, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_segment_is_the_revision() {
        let rows = [
            ("0000e0d5.65f0c6b4.01.01", ("0000e0d5.65f0c6b4.01", 1)),
            ("0000e0d5.65f0c6b4.01.01.12", ("0000e0d5.65f0c6b4.01.01", 12)),
            ("a.01", ("a", 1)),
            ("a.", ("a.", 0)),
            (".1", (".1", 0)),
            ("a.+1", ("a.+1", 0)),
            ("a.99999999999", ("a.99999999999", 0)),
            ("", ("", 0)),
        ];
        for (id, expected) in rows {
            assert_eq!(split_execution_id(id), expected, "{id}");
        }
    }
}
