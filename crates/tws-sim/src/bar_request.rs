//! What requests for the past say in words: sizes of bars, durations, moments, and how bars are dated.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};
use tws_proto::kinds::DateFormat;

use crate::time::SimTime;

/// How long a bar is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BarSize {
    /// Up to eight hours.
    Seconds(i64),
    Day,
    Week,
    Month,
}

/// The sizes there are, as TWS lists them, and their lengths.
const SIZES: [(&str, BarSize); 21] = [
    ("1 secs", BarSize::Seconds(1)),
    ("5 secs", BarSize::Seconds(5)),
    ("10 secs", BarSize::Seconds(10)),
    ("15 secs", BarSize::Seconds(15)),
    ("30 secs", BarSize::Seconds(30)),
    ("1 min", BarSize::Seconds(60)),
    ("2 mins", BarSize::Seconds(120)),
    ("3 mins", BarSize::Seconds(180)),
    ("5 mins", BarSize::Seconds(300)),
    ("10 mins", BarSize::Seconds(600)),
    ("15 mins", BarSize::Seconds(900)),
    ("20 mins", BarSize::Seconds(1_200)),
    ("30 mins", BarSize::Seconds(1_800)),
    ("1 hour", BarSize::Seconds(3_600)),
    ("2 hours", BarSize::Seconds(7_200)),
    ("3 hours", BarSize::Seconds(10_800)),
    ("4 hours", BarSize::Seconds(14_400)),
    ("8 hours", BarSize::Seconds(28_800)),
    ("1 day", BarSize::Day),
    ("1W", BarSize::Week),
    ("1M", BarSize::Month),
];

impl BarSize {
    /// Reads a size.
    ///
    /// # Errors
    /// The text of TWS with all sizes there are.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let text = match text.trim() {
            "1 week" => "1W",
            "1 month" => "1M",
            other => other,
        };
        SIZES.iter().find(|(name, _)| *name == text).map(|(_, size)| *size).ok_or_else(|| {
            let names: Vec<&str> = SIZES.iter().map(|(name, _)| *name).collect();
            format!("Historical data bar size setting is invalid. Legal ones are: {}", names.join(", "))
        })
    }

    /// Its length, that of the shortest month.
    pub(crate) const fn seconds(self) -> i64 {
        match self {
            Self::Seconds(seconds) => seconds,
            Self::Day => 86_400,
            Self::Week => 7 * 86_400,
            Self::Month => 28 * 86_400,
        }
    }
}

/// How far back a request reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duration {
    /// Seconds of trading.
    Seconds(i64),
    /// Trading days.
    Days(i64),
    Weeks(i64),
    Months(i64),
    Years(i64),
}

impl Duration {
    /// Reads a number and a unit.
    ///
    /// # Errors
    /// The text of TWS.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let malformed =
            || format!("Historical data query duration {text:?} is invalid. Format: integer{{SPACE}}unit (S|D|W|M|Y)");
        let (number, unit) = text.trim().split_once(' ').ok_or_else(malformed)?;
        let count: i64 = number.parse().ok().filter(|count| (1..=1_000_000).contains(count)).ok_or_else(malformed)?;
        let (duration, most, unit, larger) = match unit.trim() {
            "S" => (Self::Seconds(count), 86_400, "seconds", "days"),
            "D" => (Self::Days(count), 365, "days", "years"),
            "W" => (Self::Weeks(count), 52, "weeks", "years"),
            "M" => (Self::Months(count), 12, "months", "years"),
            "Y" => (Self::Years(count), 100, "years", "fewer years"),
            _ => return Err(malformed()),
        };
        if count > most {
            return Err(format!(
                "Historical data requests for durations longer than {most} {unit} must be made in {larger}"
            ));
        }
        Ok(duration)
    }

    /// Its length in seconds of the calendar.
    pub(crate) const fn seconds(self) -> i64 {
        match self {
            Self::Seconds(count) => count,
            Self::Days(count) => count * 86_400,
            Self::Weeks(count) => count * 7 * 86_400,
            Self::Months(count) => count * 30 * 86_400,
            Self::Years(count) => count * 365 * 86_400,
        }
    }

    /// The moment that lies so far before another one on the calendar.
    pub(crate) fn before(self, end: SimTime, zone: &TimeZone) -> SimTime {
        let span: Span = match self {
            Self::Seconds(count) => return end.plus_ms(-count * 1_000),
            Self::Days(count) => count.days(),
            Self::Weeks(count) => count.weeks(),
            Self::Months(count) => count.months(),
            Self::Years(count) => count.years(),
        };
        let moment = Timestamp::from_millisecond(end.0).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone.clone());
        moment.checked_sub(span).map_or(SimTime(0), |before| SimTime(before.timestamp().as_millisecond()))
    }
}

/// What a client wrote where a moment belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Nothing.
    Unset,
    /// A moment in a zone that stands with it, or in UTC.
    At(SimTime),
    /// A moment without a zone: TWS takes its own and warns (2174).
    Local(SimTime),
}

/// Reads `YYYYMMDD HH:MM:SS ZONE`, `YYYYMMDD-HH:MM:SS` in UTC, `YYYYMMDD HH:MM:SS` or only `HH:MM:SS` of today;
/// `None` for anything else.
pub(crate) fn moment(text: &str, local: &TimeZone, now: SimTime) -> Option<Moment> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Moment::Unset);
    }
    let instant = |civil: DateTime, zone: &TimeZone| {
        let zoned = civil.to_zoned(zone.clone()).ok()?;
        Some(SimTime(zoned.timestamp().as_millisecond()))
    };
    if let Ok(utc) = DateTime::strptime("%Y%m%d-%H:%M:%S", text) {
        return instant(utc, &TimeZone::UTC).map(Moment::At);
    }
    let mut words = text.split_whitespace();
    let first = words.next()?;
    let (day, clock) = if first.contains(':') {
        let today = Timestamp::from_millisecond(now.0).ok()?.to_zoned(local.clone()).date();
        (today, first)
    } else {
        (jiff::civil::Date::strptime("%Y%m%d", first).ok()?, words.next()?)
    };
    let clock = jiff::civil::Time::strptime("%H:%M:%S", clock).or_else(|_| jiff::civil::Time::strptime("%H:%M", clock));
    let civil = day.to_datetime(clock.ok()?);
    let zone = words.next();
    if words.next().is_some() {
        return None;
    }
    match zone {
        Some(name) => instant(civil, &TimeZone::get(name).ok()?).map(Moment::At),
        None => instant(civil, local).map(Moment::Local),
    }
}

/// How moments of bars are written: in words of a zone, or as seconds.
#[derive(Clone, Debug)]
pub(crate) struct Dates<'a> {
    pub(crate) format: DateFormat,
    pub(crate) zone: &'a TimeZone,
    pub(crate) zone_name: &'a str,
}

impl Dates<'_> {
    /// The date of a bar below a day.
    pub(crate) fn of_bar(&self, at: SimTime) -> String {
        match self.format {
            DateFormat::EpochSeconds => at.seconds().to_string(),
            DateFormat::Text | DateFormat::Other(_) => self.words(at),
        }
    }

    /// A moment in words.
    pub(crate) fn words(&self, at: SimTime) -> String {
        let moment = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(self.zone.clone());
        format!("{} {}", moment.strftime("%Y%m%d %H:%M:%S"), self.zone_name)
    }

    /// A moment in words with a dash, without the zone.
    pub(crate) fn dashed(&self, at: SimTime) -> String {
        let moment = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(self.zone.clone());
        moment.strftime("%Y%m%d-%H:%M:%S").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 7 October 2013, 13:00 in New York.
    const NOON: SimTime = SimTime(1_381_165_200_000);

    #[track_caller]
    fn check(text: &str, expected: Option<Moment>) {
        let zone = TimeZone::get("US/Eastern").unwrap();
        assert_eq!(moment(text, &zone, NOON.plus_ms(5)), expected, "{text}");
    }

    #[test]
    fn moments_are_read_in_every_spelling() {
        check("", Some(Moment::Unset));
        check("20131007 13:00:00 US/Eastern", Some(Moment::At(NOON)));
        check("20131007 12:00:00 US/Central", Some(Moment::At(NOON)));
        check("20131007 17:00:00 UTC", Some(Moment::At(NOON)));
        check("20131007 17:00:00 GMT", Some(Moment::At(NOON)));
        check("20131007 13:00:00 America/New_York", Some(Moment::At(NOON)));
        check("20131007-17:00:00", Some(Moment::At(NOON)));
        check("20131007 13:00:00", Some(Moment::Local(NOON)));
        check("20131007  13:00:00", Some(Moment::Local(NOON)));
        check("20131007 13:00", Some(Moment::Local(NOON)));
        check("13:00:00", Some(Moment::Local(NOON)));
        check("13:00:00 US/Eastern", Some(Moment::At(NOON)));
        for bad in [
            "yesterday",
            "20131007",
            "20131007 25:00:00",
            "20131307 13:00:00",
            "20131007 13:00:00 Mars/Base",
            "2013-10-07 13:00:00",
            "20131007 13:00:00 US/Eastern x",
            "20131007T13:00:00",
        ] {
            check(bad, None);
        }
    }

    #[test]
    fn sizes_and_durations_are_read_or_refused_in_the_words_of_tws() {
        assert_eq!(BarSize::read("1 week"), Ok(BarSize::Week));
        assert_eq!(BarSize::read("2 mins"), Ok(BarSize::Seconds(120)));
        let text = BarSize::read("1 sec").unwrap_err();
        assert!(text.ends_with("Legal ones are: 1 secs, 5 secs, 10 secs, 15 secs, 30 secs, 1 min, 2 mins, 3 mins, 5 mins, 10 mins, 15 mins, 20 mins, 30 mins, 1 hour, 2 hours, 3 hours, 4 hours, 8 hours, 1 day, 1W, 1M"));
        assert_eq!(Duration::read("3600 S"), Ok(Duration::Seconds(3600)));
        assert_eq!(Duration::read("2 Y"), Ok(Duration::Years(2)));
        let text = "Historical data requests for durations longer than 365 days must be made in years";
        assert_eq!(Duration::read("366 D").unwrap_err(), text);
        for bad in ["", "D", "1D", "0 D", "-1 D", "1 d", "1 Days", "x D", "99999999999 D"] {
            assert!(Duration::read(bad).unwrap_err().contains("(S|D|W|M|Y)"), "{bad}");
        }
        let zone = TimeZone::get("US/Eastern").unwrap();
        assert_eq!(Duration::Months(1).before(NOON, &zone).stamp(), "20130907 13:00:00 US/Eastern");
    }
}
