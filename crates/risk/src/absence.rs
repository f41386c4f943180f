//! [`Absence`]: how long the link to the broker has been away, and what follows when it lasts (C12).

use order::{SECOND_US, Timestamp};

use crate::limits::Limits;

/// For how long a link must stand to be back, in microseconds. A session that comes back while TWS has no IB says so in its
/// first moments.
const BACK_US: i64 = 5 * SECOND_US;

/// Follows the link: it tells once when orders have been working without one for too long, and on return whether they may
/// go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absence {
    cancel_after_us: Option<i64>,
    alarm_after_us: i64,
    /// Since when it has been away; `None` while it stands.
    since: Option<Timestamp>,
    is_alarmed: bool,
    /// Since when it had been away before it came back the last time, and when that was.
    before: Option<(Timestamp, Timestamp)>,
}

/// What becomes of the orders that were working when the link went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnReturn {
    /// They go on.
    Keep,
    /// They are cancelled.
    Cancel {
        /// For how long the link was away, in seconds.
        away_s: i64,
    },
}

impl Absence {
    /// A trader starts, and has no link yet. For how long there was no trader is not counted: what becomes of orders at its
    /// end was decided then.
    #[must_use]
    pub fn new(limits: &Limits, now: Timestamp) -> Self {
        let seconds = |seconds: u32| i64::from(seconds).saturating_mul(SECOND_US);
        Self {
            cancel_after_us: limits.cancel_on_return_after_s.map(seconds),
            alarm_after_us: seconds(limits.link_away_alarm_s),
            since: Some(now),
            is_alarmed: false,
            before: None,
        }
    }

    /// The link is gone: the session with TWS, or the one of TWS with IB. One that has gone already has not gone again, and
    /// one that was back for moments only was not back.
    pub fn lost(&mut self, now: Timestamp) {
        if self.since.is_some() {
            return;
        }
        match self.before.take() {
            Some((since, returned_at)) if now.since(returned_at) < BACK_US => self.since = Some(since),
            Some(_) | None => (self.since, self.is_alarmed) = (Some(now), false),
        }
    }

    /// The link is back. Says what becomes of so many orders, once for each time it went.
    #[must_use = "orders that must be cancelled go on otherwise"]
    pub fn returned(&mut self, working: usize, now: Timestamp) -> OnReturn {
        let Some(since) = self.since.take() else { return OnReturn::Keep };
        self.before = Some((since, now));
        let away_us = now.since(since);
        match self.cancel_after_us {
            Some(most) if away_us > most && working > 0 => OnReturn::Cancel { away_s: away_us / SECOND_US },
            Some(_) | None => OnReturn::Keep,
        }
    }

    /// Looks at the time, about once a second. Gives for how many seconds the link has been away, once, where orders have
    /// been working for too long without it.
    pub fn look(&mut self, working: usize, now: Timestamp) -> Option<i64> {
        let away_us = self.since.map(|since| now.since(since)).filter(|away_us| *away_us >= self.alarm_after_us)?;
        let is_due = working > 0 && !self.is_alarmed;
        self.is_alarmed |= is_due;
        is_due.then_some(away_us / SECOND_US)
    }
}
