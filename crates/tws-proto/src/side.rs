//! [`Side`]: the two ways a trade can go, whatever words the wire has for them.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::kinds::{Action, ExecutionSide};

/// Which way a trade goes: of an order, an execution, a position's change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Buys.
    Buy,
    /// Sells, what is held or short.
    Sell,
}

impl Side {
    /// The other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// As the wire has it.
    #[must_use]
    pub const fn action(self) -> Action {
        match self {
            Self::Buy => Action::Buy,
            Self::Sell => Action::Sell,
        }
    }

    /// The side of an order on the wire; `None` for a word nobody knows.
    #[must_use]
    pub const fn of_action(action: &Action) -> Option<Self> {
        match action {
            Action::Buy => Some(Self::Buy),
            Action::Sell | Action::SellShort | Action::SellLong => Some(Self::Sell),
            Action::Other(_) => None,
        }
    }

    /// The side of an execution on the wire; `None` for a word nobody knows.
    #[must_use]
    pub const fn of_execution(side: &ExecutionSide) -> Option<Self> {
        match side {
            ExecutionSide::Bought => Some(Self::Buy),
            ExecutionSide::Sold => Some(Self::Sell),
            ExecutionSide::Other(_) => None,
        }
    }

    /// The quantity with the sign of what it does to a position.
    #[must_use]
    pub fn signed(self, quantity: Decimal) -> Decimal {
        match self {
            Self::Buy => quantity,
            Self::Sell => -quantity,
        }
    }
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        })
    }
}
