//! [`Timestamp`]: when something happened, as the caller's clock had it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Microseconds since the Unix epoch. This crate has no clock: every one of them is an argument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Microseconds from `earlier` to here; negative where the clock went back.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}us", self.0)
    }
}

/// One second in the unit of [`Timestamp`].
pub const SECOND_US: i64 = 1_000_000;

/// One day in the unit of [`Timestamp`].
pub const DAY_US: i64 = 86_400 * SECOND_US;
