//! [`TimeInForce`]: how long an order stands.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use tws_proto::Order;
use tws_proto::kinds::TimeInForce as Word;
use tws_proto::time::TimeText;

use crate::time::{SECOND_US, Timestamp};

/// How long an order stands. The opening and closing auctions are kinds of order,
/// [`OrderKind::MarketOnOpen`](crate::OrderKind::MarketOnOpen) and its like. Wire name `tif`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(into = "Form")]
#[non_exhaustive]
pub enum TimeInForce {
    /// Until the end of the trading day. Wire word `DAY`.
    #[default]
    Day,
    /// Until it is cancelled. Wire word `GTC`.
    GoodTillCancelled,
    /// Until a moment; seconds count. Wire word `GTD`, with `goodTillDate`.
    GoodTillDate(Timestamp),
    /// What does not fill at once is cancelled. Wire word `IOC`.
    ImmediateOrCancel,
    /// All of it fills at once, or nothing. Wire word `FOK`.
    FillOrKill,
    /// Until the day's close, then TWS cancels it. Wire word `DTC`.
    DayTillCancelled,
    /// A word that this crate has no use for.
    Other(Word),
}

/// As journals have it: the word of the wire, or the moment of a date.
#[derive(Serialize)]
#[serde(untagged)]
enum Form {
    Word(Word),
    Date(Date),
}

#[derive(Serialize, Deserialize)]
struct Date {
    good_till: Timestamp,
}

impl<'de> Deserialize<'de> for TimeInForce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FormVisitor)
    }
}

/// Reads either form as it comes, without a copy to try both on.
struct FormVisitor;

impl<'de> Visitor<'de> for FormVisitor {
    type Value = TimeInForce;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time in force: its word, or until when")
    }

    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<TimeInForce, E> {
        Ok(TimeInForce::from(Word::from(word)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TimeInForce, A::Error> {
        let Date { good_till } = Date::deserialize(MapAccessDeserializer::new(map))?;
        Ok(TimeInForce::GoodTillDate(good_till))
    }
}

impl From<TimeInForce> for Form {
    fn from(time_in_force: TimeInForce) -> Self {
        match time_in_force {
            TimeInForce::GoodTillDate(good_till) => Self::Date(Date { good_till }),
            other => Self::Word(other.word()),
        }
    }
}

impl From<Word> for TimeInForce {
    fn from(word: Word) -> Self {
        match word {
            Word::Day => Self::Day,
            Word::GoodTillCancelled => Self::GoodTillCancelled,
            Word::ImmediateOrCancel => Self::ImmediateOrCancel,
            Word::FillOrKill => Self::FillOrKill,
            Word::DayTillCancelled => Self::DayTillCancelled,
            other => Self::Other(other),
        }
    }
}

impl TimeInForce {
    /// The word of the wire.
    #[must_use]
    pub fn word(&self) -> Word {
        match self {
            Self::Day => Word::Day,
            Self::GoodTillCancelled => Word::GoodTillCancelled,
            Self::GoodTillDate(_) => Word::GoodTillDate,
            Self::ImmediateOrCancel => Word::ImmediateOrCancel,
            Self::FillOrKill => Word::FillOrKill,
            Self::DayTillCancelled => Word::DayTillCancelled,
            Self::Other(word) => word.clone(),
        }
    }

    /// Whether what does not fill at once is gone.
    #[must_use]
    pub const fn is_immediate(&self) -> bool {
        matches!(self, Self::ImmediateOrCancel | Self::FillOrKill)
    }

    /// Writes it into an order of the wire.
    pub(crate) fn write(&self, order: &mut Order) {
        order.time_in_force = Some(self.word());
        if let Self::GoodTillDate(until) = self
            && let Ok(until) = jiff::Timestamp::from_microsecond(until.0)
        {
            order.good_till_date = TimeText::utc(until);
        }
    }

    /// The same as the broker shows it: its word, and of a date the second. Where that is the second of the date that is
    /// known or `asked` for, it is that date; one that cannot be read is as it was.
    pub(crate) fn as_shown(&self, shown: &Order, asked: Option<&Self>) -> Self {
        let Some(word) = &shown.time_in_force else { return self.clone() };
        let until = match word {
            Word::GoodTillDate => shown.good_till_date.read().ok().and_then(|time| time.instant().ok()),
            _ => None, // others have no date
        };
        if let Some(until) = until {
            let is_shown = |known: &&Self| known.second() == Some(until.as_second());
            let shown = || Self::GoodTillDate(Timestamp(until.as_microsecond()));
            return [Some(self), asked].into_iter().flatten().find(is_shown).map_or_else(shown, Self::clone);
        }
        if self.word() == *word { self.clone() } else { Self::from(word.clone()) }
    }

    /// The second of its date, where it has one.
    const fn second(&self) -> Option<i64> {
        match self {
            Self::GoodTillDate(until) => Some(until.0.div_euclid(SECOND_US)),
            Self::Day
            | Self::GoodTillCancelled
            | Self::ImmediateOrCancel
            | Self::FillOrKill
            | Self::DayTillCancelled
            | Self::Other(_) => None,
        }
    }
}
