//! Times as the broker spells them, and what they say.
//!
//! A time of the broker often leaves out its zone, or names one that no table holds. Nothing here guesses: what a text
//! says of itself (UTC, seconds since the epoch) becomes an instant, for the rest the caller names the zone. No clock and
//! no table of zones is read here.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use nom::branch::alt;
use nom::bytes::complete::take_while_m_n;
use nom::character::complete::{char, digit0, space0, space1};
use nom::combinator::{map_opt, map_res, opt, rest, value};
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

use crate::error::Excerpt;
use crate::text::raw_text;

raw_text! {
    /// A time, a day or a month, spelled by the broker or for it. [`TimeText::read`] says what it means; empty is unset.
    ///
    /// ```
    /// use tws_proto::time::{BrokerTime, TimeText};
    ///
    /// let time = TimeText::from("20260724 15:04:05 US/Eastern");
    /// assert_eq!(time.read().unwrap().zone(), Some("US/Eastern"));
    /// let time = TimeText::from("20260724-19:04:05");
    /// assert_eq!(time.read().unwrap().instant().unwrap().to_string(), "2026-07-24T19:04:05Z");
    /// assert_eq!(TimeText::utc("2026-07-24T19:04:05Z".parse().unwrap()), "20260724-19:04:05");
    /// ```
    TimeText;
}

impl TimeText {
    /// What the text means.
    ///
    /// # Errors
    /// Where it is spelled in none of the broker's ways.
    pub fn read(&self) -> Result<BrokerTime<'_>, TimeFault> {
        BrokerTime::read(self)
    }

    /// Whether both can mean one time: a month is the same as a day in it, and a day the same as an hour of it. Answers say
    /// more than was asked.
    ///
    /// ```
    /// use tws_proto::time::TimeText;
    ///
    /// let month = TimeText::from("202612");
    /// assert!(month.agrees_with("20261218") && TimeText::from("20261218 08:30:00 US/Central").agrees_with(&month));
    /// assert!(!month.agrees_with("20260918") && !month.agrees_with(""));
    /// ```
    #[must_use]
    pub fn agrees_with(&self, other: &str) -> bool {
        let (short, long) = if self.len() <= other.len() { (&**self, other) } else { (other, &**self) };
        short == long || (short.len() >= "YYYYMM".len() && long.starts_with(short))
    }

    /// An instant, `YYYYMMDD-hh:mm:ss`, which TWS takes for UTC wherever it takes a time. Parts of a second are cut off.
    #[must_use]
    pub fn utc(at: Timestamp) -> Self {
        Self(TimeZone::UTC.to_datetime(at).strftime("%Y%m%d-%H:%M:%S").to_string())
    }

    /// A time in a zone that TWS knows by name, `YYYYMMDD hh:mm:ss US/Eastern`.
    #[must_use]
    pub fn in_zone(at: DateTime, zone: &str) -> Self {
        Self(format!("{} {zone}", at.strftime("%Y%m%d %H:%M:%S")))
    }

    /// A day, `YYYYMMDD`.
    #[must_use]
    pub fn day(day: Date) -> Self {
        Self(day.strftime("%Y%m%d").to_string())
    }
}

/// What a time of the broker says, and no more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BrokerTime<'a> {
    /// `202609`: a month of delivery.
    Month {
        /// Its year.
        year: i16,
        /// 1 to 12.
        month: i8,
    },
    /// `20260724`: a day.
    Day(Date),
    /// `15:04`, of a day that is not told.
    Clock(Time, Zone<'a>),
    /// `20260724 15:04:05 US/Eastern`: a day and a time of it.
    At(DateTime, Zone<'a>),
    /// `1784919845`: seconds since the epoch, or milliseconds where there are 13 digits.
    Epoch(Timestamp),
}

/// The zone of a time, as far as the text tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone<'a> {
    /// Not told: that of the login, of TWS or of the exchange, by message and by the settings of TWS.
    Untold,
    /// UTC, by name or by the spelling `YYYYMMDD-hh:mm:ss`.
    Utc,
    /// As it is written: `US/Eastern`, `EST`, or a name in the language of the machine TWS runs on.
    Named(&'a str),
}

/// Why a time gives no instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeFault {
    /// It is spelled in none of the broker's ways, or names no day of the calendar.
    #[error("is no time of the broker: {0}")]
    Unreadable(Excerpt),
    /// It names a month or a day, or no day.
    #[error("names no time of a day")]
    Incomplete,
    /// The zone is not UTC; give it to [`BrokerTime::instant_in`].
    #[error("does not say in which zone it is, or by a name that has to be looked up")]
    ZoneUntold,
    /// The clocks of the zone show it twice or never: the hour of a change to or from summer time.
    #[error("happens twice or never in its zone")]
    NotOnce,
}

impl<'a> BrokerTime<'a> {
    /// What `text` means.
    ///
    /// # Errors
    /// [`TimeFault::Unreadable`].
    pub fn read(text: &'a str) -> Result<Self, TimeFault> {
        let read: IResult<&str, Self> = alt((
            // By length: 6 digits are a month, 8 a day, 9 to 11 seconds, 13 milliseconds.
            terminated(map_opt(digits(13, 13), |ms| Timestamp::from_millisecond(ms).ok().map(Self::Epoch)), end),
            terminated(map_opt(digits(9, 11), |s| Timestamp::from_second(s).ok().map(Self::Epoch)), end),
            (day, char('-'), clock, zone).map(|(day, _, clock, zone)| {
                let zone = if zone == Zone::Untold { Zone::Utc } else { zone };
                Self::At(day.to_datetime(clock), zone)
            }),
            (day, space1, clock, zone).map(|(day, _, clock, zone)| Self::At(day.to_datetime(clock), zone)),
            terminated(day.map(Self::Day), end),
            (clock, zone).map(|(clock, zone)| Self::Clock(clock, zone)),
            terminated(
                map_opt((digits(4, 4), digits(2, 2)), |(year, month): (i16, i8)| {
                    matches!(month, 1..=12).then_some(Self::Month { year, month })
                }),
                end,
            ),
        ))
        .parse(text.trim());
        read.map(|(_, time)| time).map_err(|_| TimeFault::Unreadable(Excerpt::of(text.as_bytes())))
    }

    /// The day, where it names one.
    #[must_use]
    pub fn day(self) -> Option<Date> {
        match self {
            Self::Day(day) => Some(day),
            Self::At(at, _) => Some(at.date()),
            Self::Month { .. } | Self::Clock(..) | Self::Epoch(_) => None,
        }
    }

    /// The name of its zone, where the text has one that is not UTC.
    #[must_use]
    pub const fn zone(self) -> Option<&'a str> {
        match self {
            Self::At(_, Zone::Named(zone)) | Self::Clock(_, Zone::Named(zone)) => Some(zone),
            _ => None,
        }
    }

    /// The instant, where the text itself says which: in UTC, or since the epoch.
    ///
    /// # Errors
    /// [`TimeFault::Incomplete`] and [`TimeFault::ZoneUntold`].
    pub fn instant(self) -> Result<Timestamp, TimeFault> {
        match self {
            Self::At(_, Zone::Untold | Zone::Named(_)) => Err(TimeFault::ZoneUntold),
            _ => self.instant_in(&TimeZone::UTC),
        }
    }

    /// The instant, with `zone` as the zone that the text leaves open, or what the caller's table gives for
    /// [`BrokerTime::zone`]. A text that says its instant itself does not ask for it.
    ///
    /// # Errors
    /// [`TimeFault::Incomplete`], and [`TimeFault::NotOnce`] where the zone does not have this time once.
    pub fn instant_in(self, zone: &TimeZone) -> Result<Timestamp, TimeFault> {
        let resolve =
            |at, zone: &TimeZone| zone.to_ambiguous_timestamp(at).unambiguous().map_err(|_| TimeFault::NotOnce);
        match self {
            Self::Epoch(at) => Ok(at),
            Self::At(at, Zone::Utc) => resolve(at, &TimeZone::UTC),
            Self::At(at, Zone::Untold | Zone::Named(_)) => resolve(at, zone),
            Self::Month { .. } | Self::Day(_) | Self::Clock(..) => Err(TimeFault::Incomplete),
        }
    }
}

/// A number of so many digits.
fn digits<'a, N: std::str::FromStr>(
    least: usize,
    most: usize,
) -> impl Parser<&'a str, Output = N, Error = nom::error::Error<&'a str>> {
    map_res(take_while_m_n(least, most, |c: char| c.is_ascii_digit()), str::parse)
}

/// `20260724` or `2026-07-24`.
pub(crate) fn day(text: &str) -> IResult<&str, Date> {
    let plain = (digits(4, 4), digits(2, 2), digits(2, 2));
    let dashed = (terminated(digits(4, 4), char('-')), terminated(digits(2, 2), char('-')), digits(2, 2));
    map_opt(alt((plain, dashed)), |(year, month, day)| Date::new(year, month, day).ok()).parse(text)
}

/// `15:04`, `15:04:05`; parts of a second are read over.
fn clock(text: &str) -> IResult<&str, Time> {
    let second = opt(preceded(char(':'), terminated(digits(2, 2), opt((char('.'), digit0)))));
    let clock = (terminated(digits(2, 2), char(':')), digits(2, 2), second);
    map_opt(clock, |(hour, minute, second)| Time::new(hour, minute, second.unwrap_or(0), 0).ok()).parse(text)
}

/// `0930`, in trading hours.
pub(crate) fn short_clock(text: &str) -> IResult<&str, Time> {
    map_opt((digits(2, 2), digits(2, 2)), |(hour, minute)| Time::new(hour, minute, 0, 0).ok()).parse(text)
}

/// What stands behind a time, apart from it by a space.
fn zone(text: &str) -> IResult<&str, Zone<'_>> {
    let named = preceded(space1, rest).map(|name: &str| match name {
        "UTC" | "GMT" | "Z" | "Etc/UTC" | "Etc/GMT" => Zone::Utc,
        name => Zone::Named(name),
    });
    alt((value(Zone::Untold, end), named)).parse(text)
}

/// Nothing but spaces up to the end.
fn end(text: &str) -> IResult<&str, ()> {
    value((), (space0, nom::combinator::eof)).parse(text)
}

/// Gives messages with a time in numbers the instant that it names.
macro_rules! instants {
    ($($message:ident: $field:ident in $unit:ident;)*) => {$(
        impl $message {
            #[doc = concat!("The instant of `", stringify!($field), "`; `None` where it is not told, or beyond the calendar.")]
            #[must_use]
            pub fn instant(&self) -> Option<jiff::Timestamp> {
                Option::<i64>::from(self.$field).and_then(|since| jiff::Timestamp::$unit(since).ok())
            }
        }
    )*};
}
pub(crate) use instants;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let said = match BrokerTime::read(text) {
            Ok(BrokerTime::Month { year, month }) => format!("month {year} {month}"),
            Ok(BrokerTime::Day(day)) => format!("day {day}"),
            Ok(BrokerTime::Clock(clock, zone)) => format!("clock {clock} {zone:?}"),
            Ok(BrokerTime::At(at, zone)) => format!("at {at} {zone:?}"),
            Ok(BrokerTime::Epoch(at)) => format!("epoch {at}"),
            Err(fault) => fault.to_string(),
        };
        assert_eq!(said, expected, "{text}");
    }

    #[test]
    fn every_spelling_of_the_broker() {
        check("20260724 15:04:05 US/Eastern", "at 2026-07-24T15:04:05 Named(\"US/Eastern\")");
        check("20260724  15:04:05", "at 2026-07-24T15:04:05 Untold");
        check("20260724 15:04", "at 2026-07-24T15:04:00 Untold");
        check("20260724 15:04:05 Eastern Standard Time", "at 2026-07-24T15:04:05 Named(\"Eastern Standard Time\")");
        check("20260724 15:04:05 中国标准时间", "at 2026-07-24T15:04:05 Named(\"中国标准时间\")");
        check("20260724-15:04:05", "at 2026-07-24T15:04:05 Utc");
        check("20260724-15:04:05 EST", "at 2026-07-24T15:04:05 Named(\"EST\")");
        check("20260724 15:04:05 UTC", "at 2026-07-24T15:04:05 Utc");
        check("2026-07-24 15:04:05.0", "at 2026-07-24T15:04:05 Untold");
        check("20260724", "day 2026-07-24");
        check("202609", "month 2026 9");
        check("15:04", "clock 15:04:00 Untold");
        check("15:04:05 MET", "clock 15:04:05 Named(\"MET\")");
        check("1784919845", "epoch 2026-07-24T19:04:05Z");
        check("1784919845123", "epoch 2026-07-24T19:04:05.123Z");
        for odd in
            ["", "now", "20261301", "20260230 10:00:00", "202613", "20260724 25:00:00", "20260724 15:04:05x", "2026"]
        {
            check(odd, &TimeFault::Unreadable(Excerpt::of(odd.as_bytes())).to_string());
        }
    }

    #[test]
    fn an_instant_is_said_or_asked_for() {
        let home = TimeZone::fixed(jiff::tz::offset(-4));
        let both = |text: &str| {
            let time = BrokerTime::read(text).unwrap();
            (time.instant().map(|at| at.to_string()), time.instant_in(&home).map(|at| at.to_string()))
        };
        let said = |at: &str| Ok(at.to_owned());
        assert_eq!(both("20260724-15:04:05"), (said("2026-07-24T15:04:05Z"), said("2026-07-24T15:04:05Z")));
        assert_eq!(both("1784919845"), (said("2026-07-24T19:04:05Z"), said("2026-07-24T19:04:05Z")));
        assert_eq!(both("20260724 15:04:05 US/Eastern"), (Err(TimeFault::ZoneUntold), said("2026-07-24T19:04:05Z")));
        assert_eq!(both("20260724 15:04:05"), (Err(TimeFault::ZoneUntold), said("2026-07-24T19:04:05Z")));
        assert_eq!(both("20260724"), (Err(TimeFault::Incomplete), Err(TimeFault::Incomplete)));
        assert_eq!(both("15:04"), (Err(TimeFault::Incomplete), Err(TimeFault::Incomplete)));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let at: Timestamp = "2026-07-24T19:04:05Z".parse().unwrap();
        assert_eq!(TimeText::utc(at).read().unwrap().instant(), Ok(at));
        let civil = "2026-07-24T15:04:05".parse().unwrap();
        let zoned = TimeText::in_zone(civil, "US/Eastern");
        assert_eq!(zoned.read(), Ok(BrokerTime::At(civil, Zone::Named("US/Eastern"))));
        assert_eq!(TimeText::day(civil.date()).read(), Ok(BrokerTime::Day(civil.date())));
    }
}
