//! [`Timetable`]: when an instrument trades, out of its zone, its daily hours and the holidays of its exchange.
//!
//! Everything that tells or keeps hours takes them from here: the texts of contract details, schedules, regular hours of
//! bars, orders that wait for the opening. Days are trading days: what begins on Sunday evening belongs to Monday.

use std::fmt::Write as _;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;

use crate::instrument::Instrument;
use crate::time::SimTime;

mod holidays;

/// How far ahead a session is looked for, days: more than the longest row of holidays.
const AHEAD_DAYS: i64 = 14;
/// No list of sessions is longer than this: about forty years of daily ones.
const SESSIONS_MAX: usize = 10_000;
/// On the days before some holidays regular trading ends at this hour of New York, all trading at the other.
const EARLY_CLOSE: (i8, i8) = (13, 17);
const NEW_YORK: &str = "America/New_York";

/// Whether the markets of a simulator keep their hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MarketHours {
    /// Everything trades at any time, so that a test runs at any hour. Only texts and bars know hours.
    #[default]
    AlwaysOpen,
    /// Markets open and close as their contract details say.
    Kept,
}

/// Which of the two sets of hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoursKind {
    /// All hours at which anything can trade, early and late ones too. Wire name `tradingHours`.
    Trading,
    /// The regular hours. Wire name `liquidHours`.
    Liquid,
}

/// On which days an exchange is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calendar {
    /// Weekdays but for the holidays of the New York Stock Exchange; early closes before some of them.
    UsStocks,
    /// Weekdays but for New Year, Good Friday and Christmas.
    Futures,
    /// Weekdays but for New Year and Christmas.
    Forex,
    /// Every day of the year.
    EveryDay,
    /// Weekdays, without any holiday.
    Weekdays,
}

/// One stretch of trading without a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradingSession {
    /// The trading day it belongs to.
    pub day: Date,
    /// Its first moment.
    pub opens: SimTime,
    /// The first moment after it.
    pub closes: SimTime,
}

impl TradingSession {
    /// Whether a moment is in it.
    #[must_use]
    pub fn contains(&self, at: SimTime) -> bool {
        self.opens <= at && at < self.closes
    }
}

/// When an instrument trades.
#[derive(Clone, Debug)]
pub struct Timetable {
    zone: TimeZone,
    calendar: Calendar,
    trading: Vec<Span>,
    liquid: Vec<Span>,
}

/// What hours cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HoursFault {
    /// The time zone database does not have it.
    #[error("no time zone is called {0:?}")]
    NoZone(String),
    /// Hours are `hhmm-hhmm`, several of them separated by commas.
    #[error("hours are written 0930-1600, several separated by commas, not {0:?}")]
    Unreadable(String),
}

/// From and to, minutes after midnight of the trading day; a beginning on the day before is negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    from: i32,
    to: i32,
}

impl Timetable {
    /// The timetable of an instrument. One whose zone or hours cannot be read, which the catalogue refuses, never opens.
    #[must_use]
    pub fn of(instrument: &Instrument) -> Self {
        Self::read(instrument).unwrap_or_else(|_| Self {
            zone: TimeZone::UTC,
            calendar: Calendar::Weekdays,
            trading: Vec::new(),
            liquid: Vec::new(),
        })
    }

    /// The timetable of an instrument.
    ///
    /// # Errors
    /// [`HoursFault`] where the zone is unknown or the hours are not hours.
    pub fn read(instrument: &Instrument) -> Result<Self, HoursFault> {
        let zone =
            TimeZone::get(&instrument.time_zone).map_err(|_| HoursFault::NoZone(instrument.time_zone.clone()))?;
        Ok(Self {
            zone,
            calendar: instrument.calendar(),
            trading: spans(&instrument.trading_hours)?,
            liquid: spans(&instrument.liquid_hours)?,
        })
    }

    /// Whether anything can trade at this moment.
    #[must_use]
    pub fn is_open(&self, at: SimTime) -> bool {
        self.session_at(HoursKind::Trading, at).is_some()
    }

    /// Whether this moment is in regular hours.
    #[must_use]
    pub fn is_liquid(&self, at: SimTime) -> bool {
        self.session_at(HoursKind::Liquid, at).is_some()
    }

    /// The session that contains a moment.
    #[must_use]
    pub fn session_at(&self, kind: HoursKind, at: SimTime) -> Option<TradingSession> {
        self.session_from(kind, at).filter(|session| session.contains(at))
    }

    /// The session that contains a moment, else the first one after it.
    #[must_use]
    pub fn session_from(&self, kind: HoursKind, at: SimTime) -> Option<TradingSession> {
        self.days_from(self.date(at))
            .take(AHEAD_DAYS as usize)
            .find_map(|day| self.sessions_of(kind, day).into_iter().find(|session| session.closes > at))
    }

    /// The first session that opens after a moment.
    #[must_use]
    pub fn session_after(&self, kind: HoursKind, at: SimTime) -> Option<TradingSession> {
        self.days_from(self.date(at))
            .take(AHEAD_DAYS as usize)
            .find_map(|day| self.sessions_of(kind, day).into_iter().find(|session| session.opens > at))
    }

    /// The last session that has closed by a moment.
    #[must_use]
    pub fn session_before(&self, kind: HoursKind, at: SimTime) -> Option<TradingSession> {
        let mut day = self.date(at).tomorrow().ok()?;
        for _ in 0..AHEAD_DAYS {
            if let Some(session) = self.sessions_of(kind, day).into_iter().rev().find(|session| session.closes <= at) {
                return Some(session);
            }
            day = day.yesterday().ok()?;
        }
        None
    }

    /// Every session that has a moment in `from..to`, oldest first; at most ten thousand.
    pub fn sessions(&self, kind: HoursKind, from: SimTime, to: SimTime) -> impl Iterator<Item = TradingSession> {
        self.days_from(self.date(from))
            .take(SESSIONS_MAX)
            .flat_map(move |day| self.sessions_of(kind, day))
            .skip_while(move |session| session.closes <= from)
            .take_while(move |session| session.opens < to)
    }

    /// The sessions of one trading day: none on a weekend or holiday.
    #[must_use]
    pub fn sessions_of(&self, kind: HoursKind, day: Date) -> Vec<TradingSession> {
        if self.calendar.is_closed(day) {
            return Vec::new();
        }
        let spans = match kind {
            HoursKind::Trading => &self.trading,
            HoursKind::Liquid => &self.liquid,
        };
        let early = self.early_close(kind, day);
        let session = |span: &Span| {
            let (opens, mut closes) = (self.moment(day, span.from)?, self.moment(day, span.to)?);
            if let Some(early) = early {
                closes = closes.min(early);
            }
            (opens < closes).then_some(TradingSession { day, opens, closes })
        };
        spans.iter().filter_map(session).collect()
    }

    /// `20261123:0400-20261123:2000;...;20261128:CLOSED` for so many days from `now` on, as contract details have it.
    #[must_use]
    pub fn text(&self, kind: HoursKind, now: SimTime, days: usize) -> String {
        let mut text = String::new();
        for day in self.days_from(self.date(now)).take(days) {
            let sessions = self.sessions_of(kind, day);
            // Writing to a string cannot fail.
            if sessions.is_empty() {
                let _ = write!(text, "{}{}:CLOSED", separator(&text), day.strftime("%Y%m%d"));
            }
            for session in sessions {
                let (opens, closes) = (self.spelled(session.opens), self.spelled(session.closes));
                let _ = write!(text, "{}{opens}-{closes}", separator(&text));
            }
        }
        text
    }

    /// The calendar day of a moment where the instrument trades.
    #[must_use]
    pub fn date(&self, at: SimTime) -> Date {
        Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(self.zone.clone()).date()
    }

    /// The zone in which it trades.
    #[must_use]
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    fn days_from(&self, first: Date) -> impl Iterator<Item = Date> {
        std::iter::successors(Some(first), |day| day.tomorrow().ok())
    }

    fn moment(&self, day: Date, minutes: i32) -> Option<SimTime> {
        let day = day.checked_add(i64::from(minutes.div_euclid(MINUTES_OF_DAY)).days()).ok()?;
        let minutes = minutes.rem_euclid(MINUTES_OF_DAY);
        let (hour, minute) = (i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?);
        let zoned = day.at(hour, minute, 0, 0).to_zoned(self.zone.clone()).ok()?;
        Some(SimTime(zoned.timestamp().as_millisecond()))
    }

    /// When trading ends early on this day.
    fn early_close(&self, kind: HoursKind, day: Date) -> Option<SimTime> {
        if self.calendar != Calendar::UsStocks || !holidays::closes_early(day) {
            return None;
        }
        // What has no late trading ends with the regular hours.
        let regular = kind == HoursKind::Liquid || self.trading == self.liquid;
        let hour = if regular { EARLY_CLOSE.0 } else { EARLY_CLOSE.1 };
        let zoned = day.at(hour, 0, 0, 0).in_tz(NEW_YORK).ok()?;
        Some(SimTime(zoned.timestamp().as_millisecond()))
    }

    fn spelled(&self, at: SimTime) -> String {
        let moment = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
        moment.to_zoned(self.zone.clone()).strftime("%Y%m%d:%H%M").to_string()
    }
}

impl Calendar {
    /// Whether there is no trading on this trading day.
    #[must_use]
    pub fn is_closed(self, day: Date) -> bool {
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        match self {
            Self::EveryDay => false,
            Self::Weekdays => weekend,
            Self::UsStocks => weekend || holidays::is_us_holiday(day),
            Self::Futures => weekend || holidays::is_futures_holiday(day),
            Self::Forex => weekend || holidays::is_new_year_or_christmas(day),
        }
    }
}

const MINUTES_OF_DAY: i32 = 24 * 60;

const fn separator(text: &str) -> &'static str {
    if text.is_empty() { "" } else { ";" }
}

fn spans(text: &str) -> Result<Vec<Span>, HoursFault> {
    let unreadable = || HoursFault::Unreadable(text.to_owned());
    let span = |part: &str| {
        let (from, to) = part.trim().split_once('-').ok_or_else(unreadable)?;
        let (from, to) = (minutes(from).ok_or_else(unreadable)?, minutes(to).ok_or_else(unreadable)?);
        // A start above its end begins the evening before.
        Ok(Span { from: if from >= to { from - MINUTES_OF_DAY } else { from }, to })
    };
    text.split(',').map(span).collect()
}

/// `0930`; midnight at the end of a day is `2400`.
fn minutes(text: &str) -> Option<i32> {
    if text.len() != 4 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hour, minute): (i32, i32) = (text.get(..2)?.parse().ok()?, text.get(2..)?.parse().ok()?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= MINUTES_OF_DAY).then_some(minutes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal::Decimal;

    fn stock() -> Instrument {
        Instrument::stock(1, "ACME", "USD", Decimal::TEN)
    }

    fn future() -> Instrument {
        Instrument {
            time_zone: "US/Central".into(),
            trading_hours: "1700-1600".into(),
            liquid_hours: "0830-1500".into(),
            calendar: Some(Calendar::Futures),
            ..stock()
        }
    }

    /// `20261126 09:30` in New York.
    fn at(text: &str) -> SimTime {
        let civil = jiff::civil::DateTime::strptime("%Y%m%d %H:%M", text).unwrap();
        SimTime(civil.in_tz(NEW_YORK).unwrap().timestamp().as_millisecond())
    }

    #[track_caller]
    fn check(instrument: &Instrument, moment: &str, open: bool, liquid: bool) {
        let table = Timetable::of(instrument);
        assert_eq!((table.is_open(at(moment)), table.is_liquid(at(moment))), (open, liquid), "{moment}");
    }

    #[test]
    fn a_stock_trades_early_regularly_and_late() {
        check(&stock(), "20261123 03:59", false, false);
        check(&stock(), "20261123 04:00", true, false);
        check(&stock(), "20261123 09:30", true, true);
        check(&stock(), "20261123 15:59", true, true);
        check(&stock(), "20261123 16:00", true, false);
        check(&stock(), "20261123 20:00", false, false);
        check(&stock(), "20261121 12:00", false, false); // Saturday
        check(&stock(), "20261126 12:00", false, false); // Thanksgiving
        check(&stock(), "20261127 12:59", true, true); // and the short day after it
        check(&stock(), "20261127 13:00", true, false);
        check(&stock(), "20261127 17:00", false, false);
    }

    #[test]
    fn a_future_trades_from_the_evening_before() {
        check(&future(), "20261122 17:59", false, false); // Sunday
        check(&future(), "20261122 18:00", true, false);
        check(&future(), "20261123 03:00", true, false);
        check(&future(), "20261123 09:30", true, true);
        check(&future(), "20261123 16:59", true, false);
        check(&future(), "20261123 17:00", false, false);
        check(&future(), "20261127 18:30", false, false); // Friday evening
        check(&future(), "20261126 12:00", true, true); // Thanksgiving
    }

    #[test]
    fn what_never_sleeps_is_always_open() {
        let crypto = Instrument {
            trading_hours: "0000-2400".into(),
            liquid_hours: "0000-2400".into(),
            calendar: Some(Calendar::EveryDay),
            ..stock()
        };
        for moment in ["20261122 00:00", "20261121 23:59", "20261225 12:00"] {
            check(&crypto, moment, true, true);
        }
        let text = Timetable::of(&crypto).text(HoursKind::Trading, at("20261122 12:00"), 2);
        assert_eq!(text, "20261122:0000-20261123:0000;20261123:0000-20261124:0000");
    }

    #[track_caller]
    fn check_text(instrument: &Instrument, kind: HoursKind, moment: &str, days: usize, expected: &str) {
        assert_eq!(Timetable::of(instrument).text(kind, at(moment), days), expected);
    }

    #[test]
    fn hours_are_spelled_out_for_the_days_ahead() {
        use HoursKind::{Liquid, Trading};
        let stock = stock();
        let text = "20131011:0400-20131011:2000;20131012:CLOSED;20131013:CLOSED;20131014:0400-20131014:2000";
        check_text(&stock, Trading, "20131011 12:00", 4, text);
        check_text(&future(), Trading, "20131011 12:00", 1, "20131010:1700-20131011:1600");
        check_text(&stock, Liquid, "20261126 12:00", 2, "20261126:CLOSED;20261127:0930-20261127:1300");
        let lunch = Instrument { liquid_hours: "0900-1130,1230-1500".into(), ..stock };
        check_text(&lunch, Liquid, "20261123 12:00", 1, "20261123:0900-20261123:1130;20261123:1230-20261123:1500");
    }

    #[test]
    fn sessions_are_found_around_a_moment() {
        let table = Timetable::of(&stock());
        let liquid = |moment: &str| table.session_from(HoursKind::Liquid, at(moment)).unwrap();
        assert_eq!(liquid("20261123 12:00").opens, at("20261123 09:30"));
        assert_eq!(liquid("20261125 16:00").opens, at("20261127 09:30"), "over Thanksgiving");
        let after = table.session_after(HoursKind::Liquid, at("20261123 12:00")).unwrap();
        assert_eq!((after.opens, after.closes), (at("20261124 09:30"), at("20261124 16:00")));
        let before = table.session_before(HoursKind::Liquid, at("20261123 12:00")).unwrap();
        assert_eq!(before.closes, at("20261120 16:00"), "over the weekend");
        let days: Vec<i8> = table
            .sessions(HoursKind::Liquid, at("20261120 15:00"), at("20261127 09:30"))
            .map(|session| session.day.day())
            .collect();
        assert_eq!(days, [20, 23, 24, 25]);
        let evening = Timetable::of(&future()).session_from(HoursKind::Trading, at("20261122 19:00")).unwrap();
        assert_eq!(evening.day.day(), 23, "Sunday evening belongs to Monday");
        let gone = Timetable::of(&future()).session_before(HoursKind::Trading, at("20261123 17:30")).unwrap();
        assert_eq!(gone.day.day(), 23);
    }

    #[test]
    fn clocks_that_are_put_forward_shift_nothing() {
        let table = Timetable::of(&stock());
        let [before, after] =
            ["20260306 12:00", "20260309 12:00"].map(|day| table.session_at(HoursKind::Liquid, at(day)).unwrap());
        assert_eq!(after.opens.since_ms(before.opens), (3 * 24 - 1) * 3_600_000);
    }

    #[test]
    fn impossible_hours_are_refused() {
        let read = |zone: &str, hours: &str| {
            let instrument = Instrument { time_zone: zone.into(), trading_hours: hours.into(), ..stock() };
            Timetable::read(&instrument).err()
        };
        assert_eq!(read("US/Eastern", "0930-1600"), None);
        assert_eq!(read("Moon/Base", "0930-1600"), Some(HoursFault::NoZone("Moon/Base".into())));
        for hours in ["", "0930", "930-1600", "0930-1660", "0930-2401", "-", "0930-1600,", "09:30-16:00"] {
            assert_eq!(read("US/Eastern", hours), Some(HoursFault::Unreadable(hours.into())));
        }
    }
}
