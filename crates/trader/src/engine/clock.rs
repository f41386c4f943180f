//! [`Clock`]: the only time the engine knows.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use order::Timestamp;
use tokio::time::Instant;

/// Wall time that never goes back and never jumps: read once, then moved by the monotonic clock (R39).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    started: Instant,
    started_at: Timestamp,
    /// How many times as fast it runs as time does; 1 but in simulations.
    speed: u32,
}

impl Clock {
    pub(crate) fn start(at: Timestamp, speed: u32) -> Self {
        Self { started: Instant::now(), started_at: at, speed }
    }

    pub(crate) fn now(self) -> Timestamp {
        Timestamp(self.started_at.0.saturating_add(self.monotonic_us()))
    }

    /// The same as the standard library says it.
    pub(crate) fn system_time(self) -> SystemTime {
        let since = Duration::from_micros(u64::try_from(self.now().0).unwrap_or_default());
        UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
    }

    pub(super) fn monotonic_us(self) -> i64 {
        let elapsed = i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX);
        elapsed.saturating_mul(self.speed.into())
    }
}
