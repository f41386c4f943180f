//! [`Conduct`]: how strategies behave: how often they enter (C5), and how often the broker rejects them (C10). Who
//! misbehaves is halted until a person lets it go on.

use std::collections::{BTreeMap, VecDeque};

use order::{DAY_US, IntentId, SECOND_US, Timestamp};

use crate::limits::Limits;
use crate::refusal::Refusal;

/// A minute, in microseconds.
const MINUTE_US: i64 = 60 * SECOND_US;

/// What strategies did lately. Bounded: nothing older than a day, and no more than the limits need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Conduct {
    entries: BTreeMap<String, VecDeque<Timestamp>>,
    rejects: BTreeMap<String, VecDeque<(Timestamp, IntentId)>>,
}

impl Conduct {
    /// Remembers an order that was accepted.
    pub(crate) fn entered(&mut self, strategy: &str, limits: &Limits, at: Timestamp) {
        let entries = self.entries.entry(strategy.to_owned()).or_default();
        // No more are needed to see that the limit is reached.
        let kept = limits.entries_per_day_strategy.max(limits.entries_per_minute_strategy) as usize;
        while entries.len() >= kept.max(1) {
            entries.pop_front();
        }
        entries.push_back(at);
    }

    /// C5: whether a strategy may enter once more, `further` legs of one submission behind it aside.
    pub(crate) fn may_enter(
        &self,
        strategy: &str,
        further: usize,
        limits: &Limits,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let count = |fits: &dyn Fn(Timestamp) -> bool| {
            let entries = self.entries.get(strategy).into_iter().flatten();
            u32::try_from(entries.filter(|at| fits(**at)).count() + further).unwrap_or(u32::MAX)
        };
        let today = limits.day_of(now);
        // A clock that was set back must neither stop trading for long nor count what is long over.
        let in_a_minute = count(&|at| now.since(at).unsigned_abs() < MINUTE_US.unsigned_abs());
        let in_a_day = count(&|at| limits.day_of(at) == today);
        for (have, limit, window) in [
            (in_a_minute, limits.entries_per_minute_strategy, "minute"),
            (in_a_day, limits.entries_per_day_strategy, "day"),
        ] {
            if have >= limit {
                return Err(Refusal::Entries { strategy: strategy.to_owned(), have, limit, window });
            }
        }
        Ok(())
    }

    /// C10: the broker has rejected an order. Says so where that is a storm.
    pub(crate) fn rejected(
        &mut self,
        strategy: &str,
        intent: IntentId,
        limits: &Limits,
        now: Timestamp,
    ) -> Option<Refusal> {
        let rejects = self.rejects.entry(strategy.to_owned()).or_default();
        let window_us = i64::from(limits.rejects_window_s).saturating_mul(SECOND_US);
        rejects.retain(|(at, id)| now.since(*at).unsigned_abs() < window_us.unsigned_abs() && *id != intent);
        rejects.push_back((now, intent));
        let have = u32::try_from(rejects.len()).unwrap_or(u32::MAX);
        if have < limits.rejects_max {
            return None;
        }
        rejects.clear(); // the next storm is another one
        let (strategy, limit, window_s) = (strategy.to_owned(), limits.rejects_max, limits.rejects_window_s);
        Some(Refusal::RejectStorm { strategy, have, limit, window_s })
    }

    /// A person lets a strategy go on: what it did before is over.
    pub(crate) fn forgive(&mut self, strategy: &str) {
        self.entries.remove(strategy);
        self.rejects.remove(strategy);
    }

    /// A person lets everything go on.
    pub(crate) fn forgive_all(&mut self) {
        *self = Self::default();
    }
}

impl Limits {
    /// The number of the trading day of a moment.
    #[must_use]
    pub fn day_of(&self, at: Timestamp) -> i64 {
        let begins_us = i64::from(self.day_begins_utc_minute).saturating_mul(MINUTE_US);
        at.0.saturating_sub(begins_us).div_euclid(DAY_US)
    }
}
