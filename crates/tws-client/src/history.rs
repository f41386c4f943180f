//! Histories of any length: [`BarHistory`] and [`TickHistory`] split a span of time into requests that TWS allows, wait for
//! their turn, and put the answers together without holes or repetitions.
//!
//! TWS gives a bounded stretch in one answer, so a long history is many requests, one after the other. Each call of `next`
//! is one of them. Between two calls a [`Cursor`] says what is still missing: it is plain text when displayed, and is read
//! back from it, so that a download goes on in another process on another day.
//!
//! | bars of | one request reaches back |
//! |---|---|
//! | 1 s | 1800 s |
//! | 5 s | 3600 s |
//! | 10 s, 15 s | 14 400 s |
//! | 30 s | 28 800 s |
//! | 1 min | 1 day |
//! | 2 min | 2 days |
//! | 3 min to 20 min | 1 week |
//! | 30 min to 8 hours | 1 month |
//! | 1 day and more | 1 year |
//! | ticks | 1000 of them |

mod bars;
mod cursor;
mod ticks;

use std::time::Duration;

use jiff::Timestamp;

use crate::error::RequestError;

pub use bars::{BarHistory, Bars};
pub use cursor::{BadCursor, Cursor};
pub use ticks::{TickHistory, Ticks};

/// How long one request may have to wait for its turn, because of TWS's limits (sixty requests in ten minutes for small bars
/// and ticks), as a rule; 15 min.
pub const PATIENCE: Duration = Duration::from_secs(900);

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// Its begin, which is part of it.
    pub from: Timestamp,
    /// Its end, which is not.
    pub until: Timestamp,
}

impl Span {
    /// Whether no time is left in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.until <= self.from
    }

    fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {}", self.from, self.until)
    }
}

/// Which end of the span comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The newest first.
    #[default]
    Backward,
    /// The oldest first.
    Forward,
}

/// What one request brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece<T> {
    /// Bars or ticks, oldest first; empty where nothing happened.
    pub items: Vec<T>,
    /// What this piece adds to what is whole: with what came before it there is no hole.
    pub span: Span,
}

/// How far a history has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryProgress {
    /// Everything that was asked for.
    pub whole: Span,
    /// What is still missing; empty at the end.
    pub missing: Span,
    /// How many requests were answered, in this process.
    pub requests: u64,
}

impl HistoryProgress {
    /// How much of the time is done, in percent.
    #[must_use]
    pub fn percent(&self) -> u32 {
        let length = |span: &Span| span.until.duration_since(span.from).as_millis().max(0);
        let (whole, missing) = (length(&self.whole).max(1), length(&self.missing));
        u32::try_from(100 - missing * 100 / whole).unwrap_or(0)
    }
}

/// Why a history is not complete. What came before is whole; calling again goes on at the same place.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// A request has no answer.
    #[error("history from {missing} is missing: {cause}")]
    Request {
        /// What is missing.
        missing: Span,
        /// Why.
        cause: RequestError,
    },
    /// TWS answered with a time that cannot be read.
    #[error("history from {missing} is missing: TWS spelled a time as {time:?}")]
    UnreadableTime {
        /// What is missing.
        missing: Span,
        /// What it wrote.
        time: String,
    },
    /// One second holds as many ticks as an answer can, so that some of it may be missing. The second was passed over: the
    /// next call goes on behind it.
    #[error("more ticks happened in the second from {missing} than one answer holds; they are missing")]
    SecondTooFull {
        /// The second.
        missing: Span,
    },
}
