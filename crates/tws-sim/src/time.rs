//! The simulator's clock: milliseconds that the owner of the core hands in, and how TWS spells them.

use std::fmt;
use std::sync::LazyLock;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

/// The zone in which TWS spells times and in which a trading day ends.
static ZONE: LazyLock<TimeZone> = LazyLock::new(|| TimeZone::get("America/New_York").unwrap_or(TimeZone::UTC));

/// A moment of the simulated world: milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimTime(pub i64);

impl SimTime {
    /// The moment `milliseconds` later.
    #[must_use]
    pub const fn plus_ms(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// Milliseconds from `earlier` to this moment.
    #[must_use]
    pub const fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The latest multiple of `milliseconds` since the epoch that is not later.
    #[must_use]
    pub(crate) const fn floor(self, milliseconds: i64) -> Self {
        Self(self.0 - self.0.rem_euclid(milliseconds))
    }

    /// Whole seconds since the epoch.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// As executions carry it: `20261122 15:00:00 US/Eastern`.
    #[must_use]
    pub fn stamp(self) -> String {
        self.zoned().strftime("%Y%m%d %H:%M:%S US/Eastern").to_string()
    }

    /// As the handshake carries it: `20261122 15:00:00 EST`.
    #[must_use]
    pub fn greeting(self) -> String {
        self.zoned().strftime("%Y%m%d %H:%M:%S %Z").to_string()
    }

    /// As account updates carry it: `15:00`.
    #[must_use]
    pub fn clock(self) -> String {
        self.zoned().strftime("%H:%M").to_string()
    }

    /// The trading day as a number, `20261122`.
    #[must_use]
    pub fn day(self) -> i32 {
        let date = self.zoned().date();
        i32::from(date.year()) * 10_000 + i32::from(date.month()) * 100 + i32::from(date.day())
    }

    /// The end of this trading day: the next midnight in New York.
    #[must_use]
    pub fn day_end(self) -> Self {
        let tomorrow = self.zoned().checked_add(1.day()).and_then(|later| later.start_of_day());
        tomorrow.map_or_else(|_| self.plus_ms(86_400_000), |midnight| Self(midnight.timestamp().as_millisecond()))
    }

    /// The calendar day in New York.
    #[must_use]
    pub fn date(self) -> jiff::civil::Date {
        self.zoned().date()
    }

    /// In a spelling of its own, by the clocks of New York.
    pub(crate) fn zoned_text(self, format: &str) -> String {
        self.zoned().strftime(format).to_string()
    }

    fn zoned(self) -> Zoned {
        Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(ZONE.clone())
    }
}

impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stamp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_spelled_as_tws_spells_them() {
        let noon = SimTime(1_381_165_200_000); // 7 October 2013, 17:00 UTC
        assert_eq!(noon.stamp(), "20131007 13:00:00 US/Eastern");
        assert_eq!(noon.greeting(), "20131007 13:00:00 EDT");
        assert_eq!(noon.day(), 20_131_007);
        assert_eq!(noon.day_end().stamp(), "20131008 00:00:00 US/Eastern");
    }
}
