//! What goes into the ledger: [`Fill`], [`Commission`], [`Adjustment`].

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use tws_proto::Side;

use crate::instrument::Instrument;

/// One execution, in its latest revision known to the teller.
///
/// A fill that was only inferred gets a key of its own. When the true execution comes, a higher revision of that key
/// with quantity zero takes it out, and the true one is counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// The execution id without its revision, see [`split_execution_id`](tws_proto::ids::split_execution_id). A key is counted once.
    pub key: SmolStr,
    /// The revision: a higher one replaces what the key said before, an equal or lower one is ignored.
    pub revision: u32,
    /// The account it belongs to.
    pub account: SmolStr,
    /// Who traded; `None` is EXTERNAL: other clients, trades by hand, unknown orders.
    pub strategy: Option<SmolStr>,
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
    /// The execution id without its revision, see [`split_execution_id`](tws_proto::ids::split_execution_id).
    pub key: SmolStr,
    /// The revision of the execution; a lower one than known is ignored, an equal or higher one replaces.
    pub revision: u32,
    /// How much; positive is paid, negative is a rebate.
    pub amount: Decimal,
    /// In which currency; not always that of the instrument.
    pub currency: SmolStr,
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
