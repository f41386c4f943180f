//! How orders spell moments: good till, good after, conditions.

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use tws_proto::time::{BrokerTime, Zone};

use crate::time::SimTime;

/// The zone of a moment that names none.
const HOME: &str = "America/New_York";
/// Short names that the time zone database does not have.
const SHORT_NAMES: [(&str, &str); 11] = [
    ("EDT", HOME),
    ("EST", HOME),
    ("EST5EDT", HOME),
    ("CST", "America/Chicago"),
    ("CDT", "America/Chicago"),
    ("MST", "America/Denver"),
    ("PST", "America/Los_Angeles"),
    ("PDT", "America/Los_Angeles"),
    ("CET", "Europe/Berlin"),
    ("HKT", "Asia/Hong_Kong"),
    ("JST", "Asia/Tokyo"),
];

/// What a spelling without a time of day means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DayMeans {
    /// Its first moment.
    Start,
    /// The first moment behind it.
    End,
}

/// Reads `20261126 15:59:00 US/Eastern`, `20261126-20:59:00` (UTC), `20261126 15:59`, `20261126`, `15:59:00 EST` (today).
pub(crate) fn moment(text: &str, day_means: DayMeans, now: SimTime) -> Option<SimTime> {
    let (civil, zone) = match BrokerTime::read(text).ok()? {
        BrokerTime::Epoch(at) => return Some(SimTime(at.as_millisecond())),
        BrokerTime::At(civil, told) => (civil, zone(told)?),
        BrokerTime::Clock(clock, told) => {
            let zone = zone(told)?;
            let today = Timestamp::from_millisecond(now.0).ok()?.to_zoned(zone.clone()).date();
            (today.to_datetime(clock), zone)
        }
        BrokerTime::Day(day) => {
            let day = match day_means {
                DayMeans::Start => day,
                DayMeans::End => day.tomorrow().ok()?,
            };
            (day.to_datetime(Time::midnight()), zone(Zone::Untold)?)
        }
        _ => return None, // a month is no moment
    };
    Some(SimTime(civil.to_zoned(zone).ok()?.timestamp().as_millisecond()))
}

fn zone(told: Zone<'_>) -> Option<TimeZone> {
    let name = match told {
        Zone::Untold => HOME,
        Zone::Utc => return Some(TimeZone::UTC),
        Zone::Named(name) => SHORT_NAMES.iter().find(|(short, _)| *short == name).map_or(name, |(_, long)| long),
    };
    TimeZone::get(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let noon = SimTime(1_381_165_200_000); // 7 October 2013, 13:00 in New York
        let read = moment(text, DayMeans::End, noon).map(SimTime::stamp).unwrap_or_default();
        let expected = if expected.is_empty() { String::new() } else { format!("{expected} US/Eastern") };
        assert_eq!(read, expected, "{text}");
    }

    #[test]
    fn moments_are_read_in_every_spelling() {
        check("20131007 15:59:00 US/Eastern", "20131007 15:59:00");
        check("20131007 15:59:00 America/New_York", "20131007 15:59:00");
        check("20131007 15:59:00 EST", "20131007 15:59:00");
        check("20131007 15:59:00", "20131007 15:59:00");
        check("20131007 15:59", "20131007 15:59:00");
        check("20131007-19:59:00", "20131007 15:59:00");
        check("20131007 14:59:00 US/Central", "20131007 15:59:00");
        check("20131007 15:59:00 GMT", "20131007 11:59:00");
        check("20131007", "20131008 00:00:00");
        check("1381176000", "20131007 16:00:00");
        check("15:59:00 EST", "20131007 15:59:00");
        check("15:59:00", "20131007 15:59:00");
        for odd in ["", "soon", "2013100", "20131307", "20131007 25:00:00", "20131007 15:59:00 Mars/Base", "20131007x"]
        {
            check(odd, "");
        }
    }
}
