//! [`LedgerError`]: why the ledger refused.

use rust_decimal::Decimal;
use smol_str::SmolStr;
use thiserror::Error;
use tws_proto::ids::ContractId;

use crate::instrument::{Instrument, InstrumentError};

/// Why the ledger refused; it is unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The fill or commission has no key. Book nothing and look at its source.
    #[error("an execution without an id cannot be counted once")]
    NoKey,
    /// The instrument cannot be counted with.
    #[error(transparent)]
    Instrument(#[from] InstrumentError),
    /// Currency or multiplier differ from what is known of this contract. Look before trading on.
    #[error(
        "contract {} was {} with multiplier {} and is now told as {} with {}; find out which is right",
        .known.contract_id, .known.currency, .known.multiplier, .told.currency, .told.multiplier
    )]
    InstrumentChanged {
        /// What the ledger counts with.
        known: Box<Instrument>,
        /// What this call says.
        told: Box<Instrument>,
    },
    /// In how small a unit a contract is quoted was told only after part of its history was forgotten, so that its
    /// money cannot be counted anew. It goes on as it was: see that nothing is held of it, or begin a fresh journal.
    #[error(
        "contract {contract_id} is quoted {magnifier} times larger than money, which was told too late to count it so"
    )]
    MagnifiedTooLate {
        /// Which contract.
        contract_id: ContractId,
        /// What was told.
        magnifier: u32,
    },
    /// A fill's quantity is negative; the side says which way it went.
    #[error("fill {key} has the quantity {quantity}; quantities are not negative")]
    NegativeQuantity {
        /// Which fill.
        key: SmolStr,
        /// What was told.
        quantity: Decimal,
    },
    /// A correction names another account or contract than the fill it corrects.
    #[error("fill {key} was booked in account {account}, contract {contract_id}; its correction names another one")]
    CorrectionElsewhere {
        /// Which fill.
        key: SmolStr,
        /// Where it is booked.
        account: SmolStr,
        /// In what it is booked.
        contract_id: ContractId,
    },
    /// The fill is older than what the ledger remembers, so that it may be counted already.
    #[error(
        "fill {key} at {time_us} is older than {before_us}, before which keys are forgotten; it may be counted already"
    )]
    Forgotten {
        /// Which fill.
        key: SmolStr,
        /// When it was.
        time_us: i64,
        /// From when on keys are known.
        before_us: i64,
    },
    /// An amount needs more digits than a decimal has (28). It is never rounded.
    #[error("the {amount} needs more digits than a decimal has")]
    Inexact {
        /// Which one.
        amount: Amount,
    },
    /// Parts of the ledger disagree about a fill: it was not made by these functions, but read from a damaged record.
    /// Rebuild it from the journal.
    #[error("parts of the ledger disagree about fill {key}; rebuild it from the journal")]
    Inconsistent {
        /// Which fill.
        key: SmolStr,
    },
    /// The commission has no currency.
    #[error("the commission of {key} has no currency")]
    NoCurrency {
        /// Of which execution.
        key: SmolStr,
    },
}

/// An amount that a decimal could not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Amount {
    /// The money for one unit: price times multiplier.
    UnitCost,
    /// Quantity, cost or realised profit of a position.
    Position,
    /// The sum of commissions.
    Commission,
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::UnitCost => "price times multiplier",
            Self::Position => "quantity, cost or profit of the position",
            Self::Commission => "sum of commissions",
        })
    }
}
