//! [`Waiver`]: one order past a limit, on a named person's word (C16).

use std::collections::BTreeMap;

use order::{SECOND_US, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::limits::Limits;

/// Waivers that can stand at a time.
pub const WAIVERS_MAX: usize = 16;
/// Longest a waiver can stand, in seconds: ten minutes.
pub const WAIVER_S_MAX: u32 = 600;

/// Controls of which one order may be let past.
///
/// Not among them: the kill switch, arming, the interlock of paper and live, names that are not allowed, rates, and losses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Waivable {
    /// Quantity and value of one order.
    C1,
    /// The price collar.
    C2,
    /// Duplicates.
    C4,
    /// Positions, exposures and the number of open orders.
    C6,
    /// Orders that would meet orders of our own.
    C9,
}

impl Waivable {
    /// The control with this number, where one order may be let past it.
    #[must_use]
    pub fn named(control: &str) -> Option<Self> {
        [Self::C1, Self::C2, Self::C4, Self::C6, Self::C9].into_iter().find(|known| known.name() == control)
    }

    /// Its number: `C1`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::C1 => "C1",
            Self::C2 => "C2",
            Self::C4 => "C4",
            Self::C6 => "C6",
            Self::C9 => "C9",
        }
    }
}

/// A named person's word that one order may go past one control. Used once, and soon, or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// Its number, never given twice.
    pub number: u64,
    /// Past which control.
    pub control: Waivable,
    /// Whose order.
    pub strategy: String,
    /// Who says so.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When it was given.
    pub at: Timestamp,
    /// Until when it holds.
    pub until: Timestamp,
}

/// Why there is no waiver.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WaiverFault {
    /// The limits do not allow any.
    #[error("C16 waivers: none are allowed; set `waivers` in the limits and start again")]
    NotAllowed,
    /// Nobody is named, or no reason.
    #[error("C16 waivers: an order passes a limit on a named person's word and for a reason; say both")]
    Unsaid,
    /// Too many stand.
    #[error("C16 waivers: {WAIVERS_MAX} stand already; use one, or wait until one has expired")]
    TooMany,
    /// It was used, has expired, or never was.
    #[error("C16 waivers: waiver {number} was used, has expired, or is not this strategy's")]
    NotOpen {
        /// Its number.
        number: u64,
    },
}

/// The waivers that were given and not used, over restarts too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waivers {
    open: BTreeMap<u64, Waiver>,
    last: u64,
}

impl Waivers {
    /// A new waiver, to be recorded and then [kept](Waivers::keep).
    ///
    /// # Errors
    /// [`WaiverFault`] says why there is none.
    pub fn grant(
        &self,
        (control, strategy): (Waivable, &str),
        (by, reason): (&str, &str),
        limits: &Limits,
        now: Timestamp,
    ) -> Result<Waiver, WaiverFault> {
        if !limits.waivers {
            return Err(WaiverFault::NotAllowed);
        }
        let [by, reason] = [by, reason].map(str::trim);
        if by.is_empty() || reason.is_empty() {
            return Err(WaiverFault::Unsaid);
        }
        if self.open.values().filter(|waiver| now < waiver.until).count() >= WAIVERS_MAX {
            return Err(WaiverFault::TooMany);
        }
        Ok(Waiver {
            number: self.last.saturating_add(1),
            control,
            strategy: strategy.to_owned(),
            by: by.to_owned(),
            reason: reason.to_owned(),
            at: now,
            until: Timestamp(now.0.saturating_add(i64::from(limits.waiver_s).saturating_mul(SECOND_US))),
        })
    }

    /// Keeps a waiver that is recorded. Those that had expired when it was given are forgotten.
    pub fn keep(&mut self, waiver: Waiver) {
        self.open.retain(|_, open| waiver.at < open.until);
        self.last = self.last.max(waiver.number);
        self.open.insert(waiver.number, waiver);
    }

    /// The waiver with this number, where a strategy can use it now.
    ///
    /// # Errors
    /// [`WaiverFault::NotOpen`].
    pub fn usable(&self, number: u64, strategy: &str, now: Timestamp) -> Result<&Waiver, WaiverFault> {
        let open = self.open.get(&number).filter(|waiver| waiver.strategy == strategy && now < waiver.until);
        open.ok_or(WaiverFault::NotOpen { number })
    }

    /// An order has passed by it.
    pub fn used(&mut self, number: u64) {
        self.open.remove(&number);
    }
}
