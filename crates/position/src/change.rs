//! What the ledger hands back: [`Change`], [`CommissionOutcome`], and the view [`Holding`].

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::book::Position;
use crate::error::{Amount, LedgerError};
use crate::exact;
use crate::instrument::Instrument;

/// What a fill or an adjustment changed in the position of its strategy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What became of it.
    pub outcome: Outcome,
    /// How much the position grew, or holds on its new side after a flip; never negative.
    pub opened: Decimal,
    /// How much of the position went away; never negative.
    pub closed: Decimal,
    /// Profit made by it, before commission. A correction gives the difference to what was told before.
    pub realised: Decimal,
    /// The strategy's position before.
    pub position_before: Position,
    /// The strategy's position after.
    pub position_after: Position,
}

impl Change {
    /// Whether this very revision was counted before.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        self.outcome == Outcome::Duplicate
    }

    /// Nothing happened to this position.
    pub(crate) fn none(outcome: Outcome, position: Position) -> Self {
        Self {
            outcome,
            opened: Decimal::ZERO,
            closed: Decimal::ZERO,
            realised: Decimal::ZERO,
            position_before: position,
            position_after: position,
        }
    }

    /// What a move of a position opened and closed follows from where it was and where it is.
    pub(crate) fn between(outcome: Outcome, before: Position, after: Position) -> Result<Self, LedgerError> {
        let inexact = || LedgerError::Inexact { amount: Amount::Position };
        let realised = exact::subtract(after.realised, before.realised).ok_or_else(inexact)?;
        let (held, holds) = (before.quantity.abs(), after.quantity.abs());
        let same_side = before.quantity.is_sign_negative() == after.quantity.is_sign_negative();
        let (opened, closed) = if before.is_flat() || after.is_flat() || !same_side {
            (holds, held)
        } else {
            let grown = exact::subtract(holds, held).ok_or_else(inexact)?;
            (grown.max(Decimal::ZERO), (-grown).max(Decimal::ZERO))
        };
        Ok(Self { outcome, opened, closed, realised, position_before: before, position_after: after })
    }
}

/// What became of a fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// New, and counted.
    Booked,
    /// It replaced a lower revision of itself.
    Corrected {
        /// The revision that counted before.
        replaced: u32,
    },
    /// Counted before; nothing changed.
    Duplicate,
    /// A higher revision is known; nothing changed.
    Outdated {
        /// The revision that counts.
        known: u32,
    },
}

/// What became of a commission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommissionOutcome {
    /// It is part of the profit and loss of its fill's strategy.
    Joined,
    /// Its fill is not known yet; it joins when that comes.
    Waiting,
    /// It replaced what was told before for this execution.
    Replaced {
        /// The amount that counted before, in the currency told with it.
        previous: Decimal,
    },
    /// Told before; nothing changed.
    Duplicate,
    /// One for a higher revision is known; nothing changed.
    Outdated {
        /// The revision that counts.
        known: u32,
    },
}

/// One position as the ledger shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding<'a> {
    /// Whose account.
    pub account: &'a str,
    /// Whose position; `None` is EXTERNAL.
    pub strategy: Option<&'a str>,
    /// In what.
    pub instrument: &'a Instrument,
    /// How much.
    pub position: Position,
    /// Price of the last mark.
    pub mark: Option<Decimal>,
    /// Commission of its fills, by currency.
    pub commission: &'a BTreeMap<SmolStr, Decimal>,
    /// Fills whose commission is not told yet.
    pub commissions_pending: u32,
}

impl Holding<'_> {
    /// Profit if it was closed at the mark, before commission; `None` without a mark, unless nothing is held.
    #[must_use]
    pub fn unrealised(&self) -> Option<Decimal> {
        if self.position.is_flat() {
            return Some(Decimal::ZERO);
        }
        self.position.unrealised(self.mark?, self.instrument.multiplier)
    }
}
