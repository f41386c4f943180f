//! [`BarHistory`]: bars of a span of any length.

mod walk;

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tws_proto::Contract;
use tws_proto::kinds::{BarSize, DataToShow, DateFormat, DurationText, DurationUnit};
use tws_proto::message::{Bar, RequestHeadTimestamp, RequestHistoricalData};
use tws_proto::time::{BrokerTime, TimeText};

use super::{Cursor, Direction, HistoryError, HistoryProgress, PATIENCE, Piece, Span};
use crate::client::Client;
use crate::error::RequestError;
use walk::{Taken, Walk};

/// The code of everything that the service for history says against a request; its text tells what.
const HISTORY_SERVICE: i32 = 162;

/// Which bars. Their fields are those of `REQ_HISTORICAL_DATA`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bars {
    /// Of which contract; `include_expired` for one that is expired.
    pub contract: Contract,
    /// How much time a bar holds.
    pub bar_size: BarSize,
    /// What they are made of. IB gives [`DataToShow::AdjustedLast`] up to now only, and refuses it here.
    pub data_to_show: DataToShow,
    /// Leave out what is outside regular trading hours.
    pub regular_hours_only: bool,
}

/// How far one request reaches back.
struct Reach {
    duration: DurationText,
    /// The same by the clock; months and years at their shortest.
    length: SignedDuration,
    /// How long a bar is at most.
    bar: SignedDuration,
    /// Whether bars are dated by day.
    is_daily: bool,
}

impl Bars {
    fn reach(&self) -> Reach {
        use DurationUnit::{Day, Month, Second, Week, Year};
        const DAY_S: i64 = 86_400;
        // Only months have no length.
        let bar_s = self.bar_size.seconds().map_or(31 * DAY_S, i64::from);
        let (count, unit, unit_s) = match bar_s {
            ..=1 => (1_800, Second, 1),
            2..=5 => (3_600, Second, 1),
            6..=15 => (14_400, Second, 1),
            16..=30 => (28_800, Second, 1),
            31..=60 => (1, Day, DAY_S),
            61..=120 => (2, Day, DAY_S),
            121..=1_200 => (1, Week, 7 * DAY_S),
            1_201..=28_800 => (1, Month, 28 * DAY_S),
            _ => (1, Year, 365 * DAY_S),
        };
        Reach {
            duration: DurationText::of(count, unit),
            length: SignedDuration::from_secs(i64::from(count) * unit_s),
            bar: SignedDuration::from_secs(bar_s),
            is_daily: bar_s >= DAY_S,
        }
    }
}

/// Bars of a span of any length, oldest first within each piece.
///
/// Bars of a day and more are dated by day; the begin and the end of the span then count as days of UTC. A bar that the end
/// of the span cuts off is given as it was then, as TWS does.
///
/// ```no_run
/// # async fn example(client: tws_client::Client, span: tws_client::history::Span) -> Result<(), Box<dyn std::error::Error>> {
/// use tws_client::history::{BarHistory, Bars, Cursor, Direction};
/// use tws_proto::Contract;
/// use tws_proto::kinds::{BarSize, DataToShow};
///
/// let bars = Bars {
///     contract: Contract::stock("AAPL", "USD"),
///     bar_size: BarSize::Seconds5,
///     data_to_show: DataToShow::Trades,
///     regular_hours_only: true,
/// };
/// let mut history = BarHistory::new(&client, bars, Cursor::new(span, Direction::Backward));
/// while let Some(piece) = history.next().await? {
///     println!("{} bars, {} percent; go on from {}", piece.items.len(), history.progress().percent(), history.cursor());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct BarHistory {
    client: Client,
    bars: Bars,
    cursor: Cursor,
    patience: Duration,
    requests: u64,
    /// The stretch that is under way, and what of it is there, newest piece first.
    walk: Option<(Walk, Vec<Vec<Bar>>)>,
    /// Since when there is data, once it was asked for.
    head: Option<Head>,
    gathered: Vec<Vec<Bar>>,
}

#[derive(Clone, Copy, Debug)]
enum Head {
    At(Timestamp),
    Unknown,
}

impl BarHistory {
    /// From a cursor on: a new one, or one of an earlier download of the same bars.
    #[must_use]
    pub fn new(client: &Client, bars: Bars, cursor: Cursor) -> Self {
        let (client, patience) = (client.clone(), PATIENCE);
        Self { client, bars, cursor, patience, requests: 0, walk: None, head: None, gathered: Vec::new() }
    }

    /// With another limit than [`PATIENCE`] for how long one request may have to wait for its turn.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Where the download stands; never behind what [`BarHistory::next`] has given out.
    #[must_use]
    pub const fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// How far it has come.
    #[must_use]
    pub const fn progress(&self) -> HistoryProgress {
        HistoryProgress { whole: self.cursor.whole(), missing: self.cursor.missing(), requests: self.requests }
    }

    /// The next piece: as a rule one request, forwards at times two. `None` when nothing is missing. Dropping the future
    /// loses nothing: the next call goes on at the same place.
    ///
    /// # Errors
    /// [`HistoryError`] with what is missing; the next call tries again.
    pub async fn next(&mut self) -> Result<Option<Piece<Bar>>, HistoryError> {
        while !self.cursor.is_done() {
            let reach = self.bars.reach();
            let stretch = self.stretch(&reach);
            let (walk, _) = self.walk.get_or_insert_with(|| (stretch, Vec::new()));
            let (end, duration) = (walk.request_end(), reach.duration.clone());
            let bars = self.ask(end, duration).await?;
            self.requests += 1;
            let keys = self.keys(&bars)?;
            let Some((mut walk, mut pieces)) = self.walk.take() else { continue };
            let taken = walk.take(&keys);
            if let Taken::Bars(kept) = &taken {
                pieces.push(bars.into_iter().skip(kept.start).take(kept.len()).collect());
            }
            if taken == Taken::Nothing {
                walk.skip(reach.length, self.head(&keys).await);
            }
            if let Some(piece) = self.finish(walk, pieces) {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }

    /// Everything that is still missing, oldest first, all of it in memory; `told` hears of every piece. What came before an
    /// error is kept, and calling again goes on.
    ///
    /// # Errors
    /// As for [`BarHistory::next`].
    pub async fn rest(&mut self, mut told: impl FnMut(HistoryProgress)) -> Result<Vec<Bar>, HistoryError> {
        while let Some(piece) = self.next().await? {
            self.gathered.push(piece.items);
            told(self.progress());
        }
        let mut gathered = std::mem::take(&mut self.gathered);
        if self.cursor.direction() == Direction::Backward {
            gathered.reverse();
        }
        Ok(gathered.into_iter().flatten().collect())
    }

    /// What is walked through next: backwards all that is missing, forwards about what one request reaches. A stretch that
    /// ends within the span is asked for a bar beyond its end, so that no bar is cut off there.
    fn stretch(&self, reach: &Reach) -> Walk {
        let missing = self.cursor.missing();
        let last = self.cursor.whole().until;
        match self.cursor.direction() {
            Direction::Backward => {
                Walk::new(missing, walk::end_of_request(missing.until, last, reach.is_daily), reach.is_daily)
            }
            Direction::Forward => {
                let length = reach.length - reach.bar - reach.bar;
                let until = later(missing.from, length.max(reach.bar)).min(last);
                Walk::new(Span { from: missing.from, until }, later(until, reach.bar).min(last), reach.is_daily)
            }
        }
    }

    /// What can be given out: backwards every piece, forwards a whole stretch.
    fn finish(&mut self, walk: Walk, mut pieces: Vec<Vec<Bar>>) -> Option<Piece<Bar>> {
        let is_done = walk.missing().is_empty();
        let (span, items) = match self.cursor.direction() {
            Direction::Backward => (self.cursor.advance(walk.missing().until), pieces.pop().unwrap_or_default()),
            Direction::Forward if is_done => {
                pieces.reverse();
                (self.cursor.advance(walk.until()), pieces.into_iter().flatten().collect())
            }
            Direction::Forward => {
                self.walk = Some((walk, pieces));
                return None;
            }
        };
        if self.cursor.direction() == Direction::Backward && !is_done {
            self.walk = Some((walk, Vec::new()));
        }
        Some(Piece { items, span })
    }

    async fn ask(&self, end: Timestamp, duration: DurationText) -> Result<Vec<Bar>, HistoryError> {
        let Bars { contract, bar_size, data_to_show, regular_hours_only } = &self.bars;
        let request = RequestHistoricalData {
            contract: contract.clone(),
            end: TimeText::utc(end),
            bar_size: Some(bar_size.clone()),
            duration,
            regular_hours_only: *regular_hours_only,
            data_to_show: Some(data_to_show.clone()),
            date_format: Some(DateFormat::EpochSeconds),
            ..RequestHistoricalData::default()
        };
        match self.client.request_within(request, self.patience).await {
            Ok(history) => Ok(history.bars),
            Err(RequestError::Rejected { code: HISTORY_SERVICE, text }) if text.contains("returned no data") => {
                Ok(Vec::new())
            }
            Err(cause) => Err(HistoryError::Request { missing: self.cursor.missing(), cause }),
        }
    }

    /// When each bar begins.
    fn keys(&self, bars: &[Bar]) -> Result<Vec<Timestamp>, HistoryError> {
        let unreadable = |bar: &Bar| HistoryError::UnreadableTime {
            missing: self.cursor.missing(),
            time: bar.date.chars().take(40).collect(),
        };
        bars.iter().map(|bar| key(&bar.date).ok_or_else(|| unreadable(bar))).collect()
    }

    /// Since when there is data: asked for when an answer is empty, once, so that nobody asks for years before a listing.
    async fn head(&mut self, keys: &[Timestamp]) -> Option<Timestamp> {
        if self.head.is_none() && keys.is_empty() {
            let Bars { contract, data_to_show, regular_hours_only, .. } = &self.bars;
            let request = RequestHeadTimestamp {
                contract: contract.clone(),
                data_to_show: Some(data_to_show.clone()),
                regular_hours_only: *regular_hours_only,
                date_format: Some(DateFormat::EpochSeconds),
                ..RequestHeadTimestamp::default()
            };
            let told = self.client.request_within(request, self.patience).await;
            self.head = Some(told.ok().and_then(|time| key(&time)).map_or(Head::Unknown, Head::At));
        }
        match self.head {
            Some(Head::At(at)) => Some(at),
            Some(Head::Unknown) | None => None,
        }
    }
}

fn key(time: &TimeText) -> Option<Timestamp> {
    match time.read().ok()? {
        BrokerTime::Day(day) => midnight(day),
        other => other.instant().ok(),
    }
}

fn midnight(day: Date) -> Option<Timestamp> {
    day.to_zoned(TimeZone::UTC).ok().map(|midnight| midnight.timestamp())
}

/// Beyond the calendar there is nothing to ask for.
fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
