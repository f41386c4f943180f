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
    /// So many times as fast; above 0.
    Factor(f64),
    /// From one market event to the next without a pause, as long as a client watches a market and all clients read.
    AsFast,
}

/// Maps the machine's clock to simulated time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    pace: Pace,
    start: SimTime,
    origin: Instant,
}

impl Clock {
    pub(crate) fn new(start: SimTime, pace: Pace) -> Self {
        Self { pace, start, origin: Instant::now() }
    }

    pub(crate) const fn pace(&self) -> Pace {
        self.pace
    }

    /// The simulated time now; `latest` is the time of the latest step, which is all there is without a pace.
    pub(crate) fn now(&self, latest: SimTime) -> SimTime {
        let elapsed = self.origin.elapsed();
        match self.pace {
            Pace::Real => self.start.plus_ms(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)),
            // Speed is no money: a double is exact enough, and the cast saturates.
            Pace::Factor(factor) => self.start.plus_ms((elapsed.as_secs_f64() * factor * 1000.0) as i64),
            Pace::AsFast => latest,
        }
    }

    /// How long to sleep until simulated time is `wake`.
    pub(crate) fn until(&self, wake: SimTime, now: SimTime) -> Duration {
        let milliseconds = u64::try_from(wake.since_ms(now)).unwrap_or(0);
        match self.pace {
            Pace::Real => Duration::from_millis(milliseconds),
            // A day at most, and never an endless one for a tiny factor; the loop looks again.
            Pace::Factor(factor) => Duration::from_secs_f64((milliseconds as f64 / factor / 1000.0).min(86_400.0)),
            Pace::AsFast => Duration::from_millis(milliseconds),
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
