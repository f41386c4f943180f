//! [`Cursor`]: what of a history is still missing, as text too.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use super::{Direction, Span};

/// What of a history is still missing. Keep its text beside what was downloaded, and go on from there in another process:
/// `backward 2026-01-01T00:00:00Z 2026-02-01T00:00:00Z 2026-01-17T14:30:00Z`.
///
/// ```
/// use tws_client::history::{Cursor, Direction, Span};
///
/// let span = Span { from: "2026-01-01T00:00:00Z".parse().unwrap(), until: "2026-02-01T00:00:00Z".parse().unwrap() };
/// let cursor = Cursor::new(span, Direction::Backward);
/// assert_eq!(cursor.to_string().parse(), Ok(cursor));
/// assert_eq!(cursor.missing(), span);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    direction: Direction,
    whole: Span,
    /// Between what is done and what is missing.
    at: Timestamp,
}

/// No cursor is spelled so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no cursor of a history: {0:?}")]
pub struct BadCursor(pub String);

impl Cursor {
    /// At the begin of a download. Parts of a second are cut off: TWS knows none.
    #[must_use]
    pub fn new(span: Span, direction: Direction) -> Self {
        let whole = Span { from: whole_second(span.from), until: whole_second(span.until) };
        let at = match direction {
            Direction::Backward => whole.until,
            Direction::Forward => whole.from,
        };
        Self { direction, whole, at }
    }

    /// Which end comes first.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        self.direction
    }

    /// Everything that was asked for.
    #[must_use]
    pub const fn whole(&self) -> Span {
        self.whole
    }

    /// What is still missing.
    #[must_use]
    pub const fn missing(&self) -> Span {
        match self.direction {
            Direction::Backward => Span { from: self.whole.from, until: self.at },
            Direction::Forward => Span { from: self.at, until: self.whole.until },
        }
    }

    /// Whether nothing is missing.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.missing().is_empty()
    }

    /// Everything up to here is done, seen from where the download began; what was done since.
    pub(super) fn advance(&mut self, to: Timestamp) -> Span {
        let to = to.clamp(self.whole.from, self.whole.until.max(self.whole.from));
        let before = std::mem::replace(&mut self.at, to);
        match self.direction {
            Direction::Backward => Span { from: to, until: before },
            Direction::Forward => Span { from: before, until: to },
        }
    }
}

fn whole_second(at: Timestamp) -> Timestamp {
    // A whole second in the range of the calendar is in the range, too.
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.direction {
            Direction::Backward => "backward",
            Direction::Forward => "forward",
        };
        write!(f, "{word} {} {} {}", self.whole.from, self.whole.until, self.at)
    }
}

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let bad = || BadCursor(text.to_owned());
        let mut words = text.split_whitespace();
        let direction = match words.next() {
            Some("backward") => Direction::Backward,
            Some("forward") => Direction::Forward,
            _ => return Err(bad()),
        };
        let mut time = || words.next().and_then(|word| word.parse::<Timestamp>().ok()).ok_or_else(bad);
        let (from, until, at) = (time()?, time()?, time()?);
        if words.next().is_some() || at < from || (at > until && until >= from) {
            return Err(bad());
        }
        Ok(Self { at, ..Self::new(Span { from, until }, direction) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_nothing_else_is() {
        let day = |text: &str| format!("{text}T00:00:00Z").parse::<Timestamp>().unwrap();
        for direction in [Direction::Backward, Direction::Forward] {
            let mut cursor = Cursor::new(Span { from: day("2026-01-01"), until: day("2026-02-01") }, direction);
            cursor.advance(day("2026-01-20"));
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        let good = "backward 2026-01-01T00:00:00Z 2026-02-01T00:00:00Z 2026-01-20T00:00:00Z";
        assert!(good.parse::<Cursor>().is_ok());
        for bad in ["", "backward", "sideways", &good.replace("back", "for"), &format!("{good} 1")] {
            let is_fine = bad.starts_with("forward");
            assert_eq!(bad.parse::<Cursor>().is_ok(), is_fine, "{bad}");
        }
        assert!(good.replace("2026-01-20", "2026-03-20").parse::<Cursor>().is_err());
        assert!(good.replace("2026-01-20", "2025-03-20").parse::<Cursor>().is_err());
    }
}
