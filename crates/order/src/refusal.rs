//! Why a command was not taken: nothing was recorded and nothing will be sent.

use rust_decimal::Decimal;

use crate::halt::Halt;
use crate::intent::Invalid;
use crate::reference::IntentId;

/// Why a submission was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError<R> {
    /// It can never be right.
    #[error(transparent)]
    Invalid(Invalid),
    /// The gate did not let it through.
    #[error("refused: {0}")]
    Refused(R),
    /// Its id was used before.
    #[error("intent {0} was submitted before; every wish needs an id of its own")]
    IdUsed(IntentId),
    /// Its strategy, its instrument or everything is halted.
    #[error("{0}; a named person must acknowledge it")]
    Halted(Halt),
    /// What it is to replace was never there.
    #[error("there is no order {0} to be replaced")]
    NothingToReplace(IntentId),
    /// What it is to replace may still trade.
    #[error("order {0} is live; only an order that has ended can be replaced")]
    StillLive(IntentId),
    /// What it is to replace has been replaced before.
    #[error("order {0} was replaced before")]
    ReplacedAlready(IntentId),
    /// No part of its position stands without a stop any more.
    #[error("no position stands without the stop {0} any more")]
    NothingToProtect(IntentId),
    /// Its strategy holds no more of the position than other stops protect: it was closed elsewhere, by hand for instance.
    #[error(
        "the strategy holds {held} of the position that stop {of} was for, and stops for {stops} stand: it was closed \
         elsewhere, and an order for it would open another"
    )]
    NothingHeld {
        /// The stop that has ended.
        of: IntentId,
        /// How much is held.
        held: Decimal,
        /// How much other stops may close.
        stops: Decimal,
    },
    /// There are no order ids left.
    #[error("order ids are exhausted; reset the API order id sequence in TWS")]
    IdsExhausted,
}

/// Why a cancel was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CancelError {
    /// The book does not know it.
    #[error("there is no order {0}")]
    NoSuchOrder(IntentId),
    /// It was taken on and has no number at this client (R18).
    #[error("order {0} was made elsewhere; cancel it where it was made")]
    OutOfReach(IntentId),
}

/// Why a change was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError<R> {
    /// The book does not know the order.
    #[error("there is no order {0}")]
    NoSuchOrder(IntentId),
    /// It was taken on and has no number at this client (R18).
    #[error("order {0} was made elsewhere; change it where it was made")]
    OutOfReach(IntentId),
    /// The broker has not confirmed it, or it has ended.
    #[error("the order is {0}; only what the broker has confirmed can be changed")]
    NotAcknowledged(&'static str),
    /// Another change or a cancel is on its way.
    #[error("another change or a cancel of the order is on its way; wait for its outcome")]
    InFlight,
    /// Its strategy, its instrument or everything is halted.
    #[error("{0}; a named person must acknowledge it")]
    Halted(Halt),
    /// The kind of an order cannot change.
    #[error("the kind of an order cannot be changed, only its prices, size and time in force")]
    OtherKind,
    /// Less than has filled.
    #[error("{filled} have filled already; the new quantity must be above that")]
    BelowFilled {
        /// How much has filled.
        filled: Decimal,
    },
    /// It can never be right.
    #[error(transparent)]
    Invalid(Invalid),
    /// The gate did not let it through.
    #[error("refused: {0}")]
    Refused(R),
}
