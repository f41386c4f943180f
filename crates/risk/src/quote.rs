//! [`Quote`]: the prices that an order is measured by.

use order::Side;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The best prices of one contract as they were last told; what is gone or never came is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quote {
    /// Best bid.
    pub bid: Option<Decimal>,
    /// Best ask.
    pub ask: Option<Decimal>,
    /// Price of the last trade.
    pub last: Option<Decimal>,
}

/// Whether a contract trades, as TWS tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trading {
    /// It does, or nothing was told.
    #[default]
    Open,
    /// Its exchange has halted it.
    Halted,
}

impl Trading {
    /// What a tick of the kind `Halted` says: nothing or 0 where it trades, 1 for a halt by a regulator, 2 for one by
    /// volatility, -1 where TWS does not know.
    #[must_use]
    pub fn from_tick(value: Option<Decimal>) -> Self {
        if value.is_some_and(|value| value > Decimal::ZERO) { Self::Halted } else { Self::Open }
    }
}

impl Quote {
    /// Where the market is: between bid and ask, else at the last trade, else at the one side there is.
    #[must_use]
    pub fn reference(&self) -> Option<Decimal> {
        let middle = match (self.bid, self.ask) {
            (Some(bid), Some(ask)) => bid.checked_add(ask).map(|sum| sum / Decimal::TWO), // half of it fits
            (Some(_) | None, _) => None,
        };
        middle.or(self.last).or(self.bid).or(self.ask)
    }

    /// What a market order of this side pays or gets: the other side's price, else [`Quote::reference`].
    #[must_use]
    pub fn taken_by(&self, side: Side) -> Option<Decimal> {
        let other = match side {
            Side::Buy => self.ask,
            Side::Sell => self.bid,
        };
        other.or_else(|| self.reference())
    }
}
