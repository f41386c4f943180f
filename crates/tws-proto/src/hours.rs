//! When a contract trades, as its details tell it.

use jiff::civil::{Date, DateTime};
use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::character::complete::char;
use nom::combinator::{all_consuming, map_opt, opt, value};
use nom::multi::separated_list1;
use nom::sequence::{separated_pair, terminated};
use nom::{IResult, Parser};

use crate::error::Excerpt;
use crate::text::raw_text;
use crate::time::{TimeFault, day, short_clock};

raw_text! {
    /// Trading hours: `20260724:0400-20260724:2000;20260725:CLOSED`, or in the older spelling, which names the day once,
    /// `20260724:0930-1200,1300-1600`. All in the time zone of the details. [`TradingHours::sessions`] reads it.
    ///
    /// ```
    /// let hours = tws_proto::hours::TradingHours::from("20260724:0400-20260724:2000;20260725:CLOSED");
    /// assert!(hours.is_open_at("2026-07-24T19:59:59".parse().unwrap()).unwrap());
    /// assert!(!hours.is_open_at("2026-07-25T12:00:00".parse().unwrap()).unwrap());
    /// ```
    TradingHours;
}

/// One entry of the trading hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Session {
    /// A day without trading.
    Closed(Date),
    /// From one time, which is part of it, to another, which is not; both in the time zone of the details.
    Open {
        /// The first moment.
        opens: DateTime,
        /// The first moment behind it.
        closes: DateTime,
    },
}

impl TradingHours {
    /// The sessions, in the order of the text; none for an empty one.
    ///
    /// # Errors
    /// [`TimeFault::Unreadable`] where an entry is spelled in another way, or ends before it begins.
    pub fn sessions(&self) -> Result<Vec<Session>, TimeFault> {
        let mut sessions = Vec::new();
        for entry in self.split(';').filter(|entry| !entry.is_empty()) {
            let (_, read) = all_consuming(entry_of_a_day)
                .parse(entry)
                .map_err(|_: nom::Err<nom::error::Error<&str>>| TimeFault::Unreadable(Excerpt::of(entry.as_bytes())))?;
            sessions.extend(read);
        }
        Ok(sessions)
    }

    /// Whether a session is open at a time in the time zone of the details. The text looks a few days ahead: beyond
    /// that nothing is known, and nothing is open.
    ///
    /// # Errors
    /// As [`TradingHours::sessions`].
    pub fn is_open_at(&self, at: DateTime) -> Result<bool, TimeFault> {
        let is_open =
            |session: &Session| matches!(session, Session::Open { opens, closes } if (*opens..*closes).contains(&at));
        Ok(self.sessions()?.iter().any(is_open))
    }
}

fn entry_of_a_day(text: &str) -> IResult<&str, Vec<Session>> {
    let (spans, day) = terminated(day, char(':')).parse(text)?;
    let closed = value(vec![Session::Closed(day)], tag("CLOSED"));
    alt((closed, separated_list1(char(','), |span| open(day, span)))).parse(spans)
}

/// `0400-20260724:2000`, or `0930-1600` on the same day. Every span of a day may name it again.
fn open(opening_day: Date, text: &str) -> IResult<&str, Session> {
    let moment = || (opt(terminated(day, char(':'))), short_clock);
    map_opt(separated_pair(moment(), char('-'), moment()), |((first, opens), (last, closes))| {
        let first = first.unwrap_or(opening_day);
        let session = (first.to_datetime(opens), last.unwrap_or(first).to_datetime(closes));
        (session.0 < session.1).then_some(Session::Open { opens: session.0, closes: session.1 })
    })
    .parse(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(hours: &str, expected: &[&str]) {
        let sessions = TradingHours::from(hours).sessions().unwrap();
        let told: Vec<String> = sessions
            .iter()
            .map(|session| match session {
                Session::Closed(day) => format!("{day} closed"),
                Session::Open { opens, closes } => format!("{opens}-{closes}"),
            })
            .collect();
        assert_eq!(told, expected, "{hours}");
    }

    #[test]
    fn both_spellings() {
        check("", &[]);
        check(
            "20260724:0400-20260724:2000;20260725:CLOSED",
            &["2026-07-24T04:00:00-2026-07-24T20:00:00", "2026-07-25 closed"],
        );
        check("20260723:1700-20260724:1600;", &["2026-07-23T17:00:00-2026-07-24T16:00:00"]);
        check("20260724:0930-1600", &["2026-07-24T09:30:00-2026-07-24T16:00:00"]);
        check(
            "20260724:0700-1830,1830-2330",
            &["2026-07-24T07:00:00-2026-07-24T18:30:00", "2026-07-24T18:30:00-2026-07-24T23:30:00"],
        );
        check(
            "20260724:0700-20260724:1200,20260724:1300-20260724:1600",
            &["2026-07-24T07:00:00-2026-07-24T12:00:00", "2026-07-24T13:00:00-2026-07-24T16:00:00"],
        );
    }

    #[test]
    fn what_is_no_entry() {
        for odd in
            ["20260724", "20260724:", "20260724:OPEN", "20260724:0930", "20260724:1600-0930", "20261324:CLOSED", "x"]
        {
            let fault = TimeFault::Unreadable(Excerpt::of(odd.as_bytes()));
            assert_eq!(TradingHours::from(odd).sessions(), Err(fault), "{odd}");
        }
    }
}
