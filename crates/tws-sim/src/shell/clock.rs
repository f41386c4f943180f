//! How simulated time passes.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::STALL_S;
use super::hub::{Hub, Plan};
use crate::time::SimTime;

/// How fast simulated time passes. It is the time that clients are told, so their view of the clock runs with it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Pace {
    /// As fast as on the wall.
    #[default]
    Real,
    /// So many times as fast; above 0 and at most [`Pace::FACTOR_MAX`].
    Factor(f64),
    /// From one market event to the next without a pause, as long as a client watches a market and all clients read.
    AsFast,
    /// Not at all, but for [`crate::TwsSim::advance`].
    Manual,
}

impl Pace {
    /// The greatest factor. At more, what is due in a moment takes longer than the moment, and time falls behind for ever.
    pub const FACTOR_MAX: f64 = 1000.0;

    /// Whether time can pass like that.
    #[must_use]
    pub fn is_possible(self) -> bool {
        match self {
            Self::Factor(factor) => factor > 0.0 && factor <= Self::FACTOR_MAX,
            Self::Real | Self::AsFast | Self::Manual => true,
        }
    }
}

/// Time cannot pass at this speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write real, fast, manual, or a factor above 0 and at most {}", Pace::FACTOR_MAX)]
pub struct NoPace;

impl std::str::FromStr for Pace {
    type Err = NoPace;

    fn from_str(text: &str) -> Result<Self, NoPace> {
        let pace = match text {
            "real" => Self::Real,
            "fast" => Self::AsFast,
            "manual" => Self::Manual,
            _ => Self::Factor(text.parse().map_err(|_| NoPace)?),
        };
        if pace.is_possible() { Ok(pace) } else { Err(NoPace) }
    }
}

impl std::fmt::Display for Pace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Real => f.write_str("real"),
            Self::Factor(factor) => write!(f, "{factor}"),
            Self::AsFast => f.write_str("fast"),
            Self::Manual => f.write_str("manual"),
        }
    }
}

/// Maps the machine's clock to simulated time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    pace: Pace,
    /// Simulated time at `origin`.
    base: SimTime,
    origin: Instant,
}

impl Clock {
    pub(crate) fn new(start: SimTime, pace: Pace) -> Self {
        Self { pace, base: start, origin: Instant::now() }
    }

    pub(crate) const fn pace(&self) -> Pace {
        self.pace
    }

    /// Time passes like that from `now` on.
    pub(crate) fn set(&mut self, pace: Pace, now: SimTime) {
        *self = Self::new(now, pace);
    }

    /// The simulated time now; `latest` is the time of the latest step, which is all there is without a pace.
    pub(crate) fn now(&self, latest: SimTime) -> SimTime {
        let passed = match self.pace {
            Pace::Real => i64::try_from(self.origin.elapsed().as_millis()).unwrap_or(i64::MAX),
            // Speed is no money: a double is exact enough, and the cast saturates.
            Pace::Factor(factor) => (self.origin.elapsed().as_secs_f64() * factor * 1000.0) as i64,
            Pace::AsFast | Pace::Manual => return latest.max(self.base),
        };
        self.base.plus_ms(passed)
    }

    /// How long to sleep until simulated time is `wake`.
    pub(crate) fn until(&self, wake: SimTime, now: SimTime) -> Duration {
        let milliseconds = u64::try_from(wake.since_ms(now)).unwrap_or(0);
        match self.pace {
            Pace::Real | Pace::AsFast | Pace::Manual => Duration::from_millis(milliseconds),
            // A day at most, and never an endless one for a tiny factor; the loop looks again.
            Pace::Factor(factor) => Duration::from_secs_f64((milliseconds as f64 / factor / 1000.0).min(86_400.0)),
        }
    }
}

/// Steps the core whenever it wants to be stepped.
pub(crate) async fn run(hub: Arc<Hub>) {
    // Since when time stands still for a client that reads too slowly.
    let mut stalled: Option<Instant> = None;
    loop {
        let plan = hub.plan();
        if !matches!(plan, Plan::Drain) {
            stalled = None;
        }
        match plan {
            Plan::Step => {
                hub.pass_time();
                tokio::task::yield_now().await;
            }
            Plan::Sleep(pause) => {
                // Milliseconds are the grain of simulated time: half of one more keeps the sleep from ending just before it.
                let sleep = tokio::time::sleep(pause.max(Duration::from_micros(500)));
                tokio::select! {
                    biased;
                    () = hub.changed() => {}
                    () = sleep => hub.pass_time(),
                }
            }
            Plan::Wait => hub.changed().await,
            Plan::Drain => {
                let deadline = *stalled.get_or_insert_with(Instant::now) + Duration::from_secs(STALL_S);
                let drained = tokio::time::timeout_at(deadline, hub.drained()).await;
                if drained.is_err() {
                    hub.cut_stalled();
                }
            }
        }
    }
}
