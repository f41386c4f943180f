//! [`Information`]: what is known beside prices: news, bulletins, scans with a fixed result, events of companies.
//!
//! It comes from a file; see `information/README.md` for the format.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use tws_proto::kinds::BulletinKind;
use tws_proto::time::TimeText;

use crate::time::SimTime;

/// What every simulator knows.
const BUILT_IN: &str = include_str!("../information/information.toml");
/// Read once for all simulators of a process.
static BUILT_IN_FILE: LazyLock<File> = LazyLock::new(|| toml::from_str(BUILT_IN).unwrap_or_default());

/// What is known beside prices.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Information {
    /// Whose news the login may read.
    pub providers: Vec<Provider>,
    /// Headlines and articles.
    pub articles: Vec<Article>,
    /// Bulletins of IB.
    pub bulletins: Vec<Bulletin>,
    /// Scans with a fixed result.
    pub scans: Vec<Scan>,
    /// Events of companies.
    pub events: Vec<Event>,
}

/// Whose news the login may read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Its short name.
    pub code: String,
    /// Its name for people.
    pub name: String,
}

/// A headline and its article.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Article {
    /// Names it for good.
    pub id: String,
    /// Code of its provider.
    pub provider: String,
    /// When it came or comes.
    pub time: SimTime,
    /// What it is about; nothing: the market.
    pub symbols: Vec<String>,
    /// One line.
    pub headline: String,
    /// All of it.
    pub text: String,
}

/// A bulletin of IB to everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bulletin {
    /// When it came or comes.
    pub time: SimTime,
    /// What it is about.
    pub kind: BulletinKind,
    /// Where it comes from; may be empty.
    pub exchange: String,
    /// What it says.
    pub text: String,
}

/// What a scan finds, whatever the market does.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scan {
    /// Code of the scan.
    pub code: String,
    /// Names of the instruments, best first.
    pub rows: Vec<String>,
}

/// An event of a company.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Names it for good.
    pub id: u32,
    /// Key of its type in the meta data.
    pub kind: String,
    /// Symbol of the company's stock.
    pub symbol: String,
    /// When it is.
    pub date: Date,
    /// What is known of it.
    pub data: serde_json::Value,
}

/// Why information could not be taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InformationError {
    /// The file cannot be read. Check the path.
    #[error("cannot read the information file {}: {cause}", path.display())]
    Unreadable {
        /// Where it should be.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The text is not in the format. The cause names line and field.
    #[error("the information file {} is not valid: {cause}", path.display())]
    Malformed {
        /// Where it is.
        path: PathBuf,
        /// What the parser says.
        cause: Box<toml::de::Error>,
    },
    /// Something has no time, or one that cannot be read.
    #[error("{what}: give minutes from the start, or a time such as 20261123 15:00:00 US/Eastern")]
    NoTime {
        /// What.
        what: String,
    },
    /// An article of a provider that is not listed.
    #[error("article {article}: there is no provider {provider}")]
    NoProvider {
        /// Which article.
        article: String,
        /// Its provider.
        provider: String,
    },
    /// Two articles have one id.
    #[error("two articles have the id {id}")]
    SameId {
        /// The id.
        id: String,
    },
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    provider: Vec<Provider>,
    #[serde(default)]
    article: Vec<ArticleRow>,
    #[serde(default)]
    bulletin: Vec<BulletinRow>,
    #[serde(default)]
    scan: Vec<Scan>,
    #[serde(default)]
    event: Vec<EventRow>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ArticleRow {
    id: String,
    provider: String,
    minutes: Option<i64>,
    time: Option<String>,
    #[serde(default)]
    symbols: Vec<String>,
    headline: String,
    #[serde(default)]
    text: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BulletinRow {
    minutes: Option<i64>,
    time: Option<String>,
    #[serde(default = "regular")]
    kind: i32,
    #[serde(default)]
    exchange: String,
    text: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventRow {
    id: u32,
    kind: String,
    symbol: String,
    days: Option<i64>,
    date: Option<String>,
    #[serde(default)]
    data: toml::Table,
}

impl Information {
    /// What comes with the simulator, for one that starts at this moment.
    #[must_use]
    pub fn built_in(start: SimTime) -> Self {
        let mut information = Self::default();
        // The file is part of the program, and a test reads it.
        let added = information.add(BUILT_IN_FILE.clone(), start);
        debug_assert!(added.is_ok(), "{added:?}");
        information
    }

    /// Adds what a file holds: news to the news, scans and events in the place of those with the same name.
    ///
    /// # Errors
    /// [`InformationError`] names the file and what is wrong.
    pub fn add_file(&mut self, path: &Path, start: SimTime) -> Result<(), InformationError> {
        let text = std::fs::read_to_string(path)
            .map_err(|cause| InformationError::Unreadable { path: path.to_owned(), cause })?;
        let file = toml::from_str(&text)
            .map_err(|cause| InformationError::Malformed { path: path.to_owned(), cause: Box::new(cause) })?;
        self.add(file, start)
    }

    /// The provider with this code.
    #[must_use]
    pub fn provider(&self, code: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.code.eq_ignore_ascii_case(code))
    }

    fn add(&mut self, file: File, start: SimTime) -> Result<(), InformationError> {
        let File { provider, article, bulletin, scan, event } = file;
        for provider in provider {
            self.providers.retain(|known| known.code != provider.code);
            self.providers.push(provider);
        }
        for row in article {
            let ArticleRow { id, provider, minutes, time, symbols, headline, text } = row;
            if self.provider(&provider).is_none() {
                return Err(InformationError::NoProvider { article: id, provider });
            }
            if self.articles.iter().any(|known| known.id == id) {
                return Err(InformationError::SameId { id });
            }
            let time = moment(minutes, time.as_deref(), start)
                .ok_or_else(|| InformationError::NoTime { what: format!("article {id}") })?;
            self.articles.push(Article { id, provider, time, symbols, headline, text });
        }
        for row in bulletin {
            let BulletinRow { minutes, time, kind, exchange, text } = row;
            let time = moment(minutes, time.as_deref(), start)
                .ok_or_else(|| InformationError::NoTime { what: format!("bulletin {text:?}") })?;
            self.bulletins.push(Bulletin { time, kind: BulletinKind::from(kind), exchange, text });
        }
        for scan in scan {
            self.scans.retain(|known| known.code != scan.code);
            self.scans.push(scan);
        }
        for row in event {
            let EventRow { id, kind, symbol, days, date, data } = row;
            let date = match (days, date) {
                (Some(days), None) => start.date().checked_add(days.days()).ok(),
                (None, Some(date)) => Date::strptime("%Y%m%d", date).ok(),
                (None, None) | (Some(_), Some(_)) => None,
            };
            let date = date.ok_or_else(|| InformationError::NoTime { what: format!("event {id}") })?;
            let data = serde_json::to_value(data).unwrap_or_default();
            self.events.retain(|known| known.id != id);
            self.events.push(Event { id, kind, symbol, date, data });
        }
        self.articles.sort_by(|one, other| (one.time, &one.id).cmp(&(other.time, &other.id)));
        self.bulletins.sort_by_key(|bulletin| bulletin.time);
        self.events.sort_by_key(|event| (event.date, event.id));
        Ok(())
    }
}

/// A moment told one way or the other, not both.
fn moment(minutes: Option<i64>, time: Option<&str>, start: SimTime) -> Option<SimTime> {
    match (minutes, time) {
        (Some(minutes), None) => Some(start.plus_ms(minutes.saturating_mul(60_000))),
        (None, Some(time)) => instant(time),
        (None, None) | (Some(_), Some(_)) => None,
    }
}

/// The instant of a time in one of the broker's spellings; New York where it names no zone.
pub(crate) fn instant(text: &str) -> Option<SimTime> {
    let text = TimeText::from(text);
    let time = text.read().ok()?;
    let zone = TimeZone::get(time.zone().unwrap_or("America/New_York")).ok()?;
    let at = match time.day() {
        // A day alone begins at midnight.
        Some(day) if time.instant_in(&zone).is_err() => day.to_zoned(zone).ok()?.timestamp(),
        _ => time.instant_in(&zone).ok()?,
    };
    Some(SimTime(at.as_millisecond()))
}

const fn regular() -> i32 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 7 October 2013, 13:00 in New York.
    const START: SimTime = SimTime(1_381_165_200_000);

    #[test]
    fn the_built_in_file_is_whole() {
        let information = Information::built_in(START);
        assert!(information.articles.len() >= 5 && information.providers.len() >= 3);
        assert!(information.articles.windows(2).all(|pair| pair[0].time <= pair[1].time));
        assert!(toml::from_str::<File>(BUILT_IN).is_ok());
    }

    #[track_caller]
    fn check(text: &str, expected: Result<(), &str>) {
        let mut information = Information::built_in(START);
        let added = information.add(toml::from_str(text).unwrap(), START);
        assert_eq!(added.map_err(|error| error.to_string()), expected.map_err(str::to_owned));
    }

    #[test]
    fn what_has_no_time_provider_or_name_is_refused() {
        check("article = [{ id = '1', provider = 'BRFG', minutes = -1, headline = 'x' }]", Ok(()));
        check(
            "article = [{ id = '1', provider = 'BRFG', time = '20131007 12:00:00 US/Eastern', headline = 'x' }]",
            Ok(()),
        );
        let no_time = "article 1: give minutes from the start, or a time such as 20261123 15:00:00 US/Eastern";
        check("article = [{ id = '1', provider = 'BRFG', headline = 'x' }]", Err(no_time));
        check("article = [{ id = '1', provider = 'BRFG', time = 'noon', headline = 'x' }]", Err(no_time));
        let unlisted = "article 1: there is no provider XX";
        check("article = [{ id = '1', provider = 'XX', minutes = 1, headline = 'x' }]", Err(unlisted));
        let twice = "two articles have the id BRFG$0000a001";
        check("article = [{ id = 'BRFG$0000a001', provider = 'BRFG', minutes = 1, headline = 'x' }]", Err(twice));
        check("event = [{ id = 9, kind = 'wshe_ed', symbol = 'IBM', date = '20131008' }]", Ok(()));
    }

    #[test]
    fn times_are_read_in_the_spellings_of_the_broker() {
        for text in ["20131007 13:00:00", "20131007 13:00:00 US/Eastern", "20131007-17:00:00", "2013-10-07 13:00:00.0"]
        {
            assert_eq!(instant(text), Some(START), "{text}");
        }
        assert_eq!(instant("20131007").map(|at| at.stamp()), Some("20131007 00:00:00 US/Eastern".to_owned()));
        assert_eq!(instant("yesterday"), None);
        assert_eq!(instant(""), None);
    }
}
