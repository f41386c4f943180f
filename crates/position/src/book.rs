//! [`Position`]: quantity, cost and realised profit, and how a trade moves them.

use std::collections::{BTreeMap, VecDeque};

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::exact;

/// Decimals to which the cost that a partial close releases is rounded, half to even.
pub const COST_DECIMALS: u32 = 12;

/// How much is held, what it cost and what was made: in the currency of the instrument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// How much is held: positive long, negative short.
    pub quantity: Decimal,
    /// What that cost, multiplier included: negative for a short position, which brought money in. Zero when flat.
    pub cost: Decimal,
    /// Profit (or loss, negative) of what was closed, before commission.
    pub realised: Decimal,
}

impl Position {
    /// Whether nothing is held.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        self.quantity.is_zero()
    }

    /// Cost of one unit with the multiplier in it, as IB's `avgCost`; `None` when flat. Divided for display: do not
    /// compute with it.
    #[must_use]
    pub fn average_cost(&self) -> Option<Decimal> {
        self.cost.checked_div(self.quantity)
    }

    /// Price at which the position would have come in; `None` when flat. Divided for display: do not compute with it.
    #[must_use]
    pub fn average_price(&self, multiplier: Decimal) -> Option<Decimal> {
        self.average_cost()?.checked_div(multiplier)
    }

    /// Profit if all was closed at this price, before commission. `None` where a decimal cannot hold the amount.
    #[must_use]
    pub fn unrealised(&self, mark: Decimal, multiplier: Decimal) -> Option<Decimal> {
        if self.is_flat() {
            return exact::subtract(Decimal::ZERO, self.cost);
        }
        exact::subtract(exact::multiply(self.quantity, exact::multiply(mark, multiplier)?)?, self.cost)
    }

    /// Both positions together; `None` where a decimal cannot hold an amount.
    pub(crate) fn plus(&self, other: &Self) -> Option<Self> {
        Some(Self {
            quantity: exact::add(self.quantity, other.quantity)?,
            cost: exact::add(self.cost, other.cost)?,
            realised: exact::add(self.realised, other.realised)?,
        })
    }

    /// After an entry; `None` where a decimal cannot hold an amount.
    pub(crate) fn after(&self, entry: &Entry) -> Option<Self> {
        let (quantity, unit_cost) = (entry.quantity, entry.unit_cost);
        let next = exact::add(self.quantity, quantity)?;
        if quantity.is_zero() {
            return Some(*self);
        }
        let grows = self.is_flat() || self.quantity.is_sign_negative() == quantity.is_sign_negative();
        let flips = quantity.abs() >= self.quantity.abs();
        let (cost, released, closed) = if grows {
            let added = exact::multiply(quantity, unit_cost)?;
            (exact::add(self.cost, added)?, Decimal::ZERO, Decimal::ZERO)
        } else if flips {
            // The whole cost goes, so nothing that was rounded off before stays behind.
            (exact::multiply(next, unit_cost)?, self.cost, self.quantity)
        } else {
            let released = share(self.cost, quantity.abs(), self.quantity.abs())?;
            (exact::subtract(self.cost, released)?, released, -quantity)
        };
        let realised = match entry.what {
            What::Fill { .. } => {
                let proceeds = exact::multiply(closed, unit_cost)?;
                exact::add(self.realised, exact::subtract(proceeds, released)?)?
            }
            What::Adjustment { .. } => self.realised,
        };
        Some(Self { quantity: next, cost, realised })
    }
}

/// What moved a position, kept so that a correction can be replayed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Signed.
    pub(crate) quantity: Decimal,
    /// Money for one unit: price times multiplier.
    pub(crate) unit_cost: Decimal,
    pub(crate) time_us: i64,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    Fill { key: SmolStr },
    Adjustment { reason: String },
}

impl Entry {
    /// The key of a fill.
    pub(crate) fn key(&self) -> Option<&str> {
        match &self.what {
            What::Fill { key } => Some(key),
            What::Adjustment { .. } => None,
        }
    }

    /// Whether a commission is to be expected: not for adjustments and busted trades.
    pub(crate) fn costs_commission(&self) -> bool {
        !self.quantity.is_zero() && self.key().is_some()
    }
}

/// One strategy's position in one contract of one account, with its history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Book {
    /// What entries that are forgotten led to.
    pub(crate) base: Position,
    /// In the order in which they were first told.
    pub(crate) entries: VecDeque<Entry>,
    /// `base` after all `entries`.
    pub(crate) position: Position,
    /// Commissions of all fills, forgotten ones too, by currency.
    pub(crate) commission: BTreeMap<SmolStr, Decimal>,
    /// Fills among `entries` whose commission is not told.
    pub(crate) commissions_pending: u32,
}

impl Book {
    /// The position as a replay of the history gives it; `None` where a decimal cannot hold an amount.
    pub(crate) fn replayed(&self) -> Option<Position> {
        self.entries.iter().try_fold(self.base, |position, entry| position.after(entry))
    }

    /// The same with fills at another unit cost; adjustments were told in money. `None` where a decimal cannot hold an
    /// amount.
    pub(crate) fn repriced(&self, anew: impl Fn(Decimal) -> Option<Decimal>) -> Option<Self> {
        let mut book = self.clone();
        for entry in book.entries.iter_mut().filter(|entry| entry.key().is_some()) {
            entry.unit_cost = anew(entry.unit_cost)?;
        }
        book.position = book.replayed()?;
        Some(book)
    }

    /// Whether this fill is here and costs commission.
    pub(crate) fn expects_commission(&self, key: &str) -> bool {
        // The newest first: commissions follow their fills within moments.
        let entry = self.entries.iter().rev().find(|entry| entry.key() == Some(key));
        entry.is_some_and(Entry::costs_commission)
    }
}

/// `part / whole` of a cost, rounded to [`COST_DECIMALS`].
fn share(cost: Decimal, part: Decimal, whole: Decimal) -> Option<Decimal> {
    // Multiplied first: what comes out even is then exact.
    let share = cost.checked_mul(part)?.checked_div(whole)?;
    Some(share.round_dp_with_strategy(COST_DECIMALS, RoundingStrategy::MidpointNearestEven).normalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    // Every text in these tests is a literal number.
    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// Entries as `quantity @ unit cost` or `adjust quantity @ unit cost`; then quantity, cost and realised.
    #[track_caller]
    fn check(entries: &[&str], quantity: &str, cost: &str, realised: &str) {
        let mut position = Position::default();
        for entry in entries {
            let (what, trade) = match entry.strip_prefix("adjust ") {
                Some(trade) => (What::Adjustment { reason: String::new() }, trade),
                None => (What::Fill { key: SmolStr::default() }, *entry),
            };
            let (quantity, unit_cost) = trade.split_once(" @ ").unwrap(); // every row has one
            let entry = Entry { quantity: decimal(quantity), unit_cost: decimal(unit_cost), time_us: 0, what };
            position = position.after(&entry).unwrap(); // no row is out of range
        }
        let expected = Position { quantity: decimal(quantity), cost: decimal(cost), realised: decimal(realised) };
        assert_eq!(position, expected, "{entries:?}");
    }

    #[test]
    fn trades_open_add_reduce_close_and_flip() {
        check(&[], "0", "0", "0");
        check(&["100 @ 10"], "100", "1000", "0");
        check(&["100 @ 10", "0 @ 99"], "100", "1000", "0");
        check(&["100 @ 10", "100 @ 11"], "200", "2100", "0");
        check(&["100 @ 10", "-40 @ 12"], "60", "600", "80");
        check(&["100 @ 10", "-100 @ 12"], "0", "0", "200");
        check(&["100 @ 10", "-150 @ 12"], "-50", "-600", "200");
        check(&["-100 @ 10"], "-100", "-1000", "0");
        check(&["-100 @ 10", "-50 @ 13"], "-150", "-1650", "0");
        check(&["-100 @ 10", "40 @ 12"], "-60", "-600", "-80");
        check(&["-100 @ 10", "100 @ 8.5"], "0", "0", "150");
        check(&["-100 @ 10", "150 @ 8"], "50", "400", "200");
        check(&["10 @ -37.63", "-10 @ 1"], "0", "0", "386.3");
        check(&["0.0001 @ 65000.01", "-0.0001 @ 65001.02"], "0", "0", "0.000101");
    }

    #[test]
    fn a_partial_close_rounds_and_the_rest_makes_up_for_it() {
        check(&["3 @ 0", "1 @ 1", "-3 @ 1"], "1", "0.25", "2.25");
        check(&["1 @ 1", "2 @ 0", "-1 @ 0"], "2", "0.666666666667", "-0.333333333333");
        check(&["1 @ 1", "2 @ 0", "-1 @ 0", "-1 @ 0"], "1", "0.333333333333", "-0.666666666667");
        check(&["1 @ 1", "2 @ 0", "-1 @ 0", "-1 @ 0", "-1 @ 0"], "0", "0", "-1");
        // A whole close releases every digit, those too that a share would be rounded to.
        check(&["1 @ 0.00000000000001", "-1 @ 0"], "0", "0", "-0.00000000000001");
    }

    #[test]
    fn adjustments_realise_nothing() {
        check(&["adjust 100 @ 10"], "100", "1000", "0");
        check(&["adjust 100 @ 10", "-100 @ 12"], "0", "0", "200");
        check(&["100 @ 10", "adjust -40 @ 99"], "60", "600", "0");
        check(&["100 @ 10", "adjust -100 @ 99"], "0", "0", "0");
        check(&["100 @ 10", "adjust -150 @ 9"], "-50", "-450", "0");
    }

    #[test]
    fn the_mark_gives_what_closing_would_bring() {
        let long = Position { quantity: decimal("2"), cost: decimal("9000"), realised: decimal("5") };
        assert_eq!(long.unrealised(decimal("91.25"), decimal("50")), Some(decimal("125")));
        assert_eq!(long.average_cost(), Some(decimal("4500")));
        assert_eq!(long.average_price(decimal("50")), Some(decimal("90")));
        assert_eq!(long.unrealised(Decimal::MAX, decimal("50")), None);
        assert_eq!(Position::default().unrealised(Decimal::MAX, decimal("50")), Some(Decimal::ZERO));
        assert_eq!(Position::default().average_price(decimal("50")), None);
    }
}
