//! [`TickHistory`]: single ticks of a span of any length.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tws_proto::Contract;
use tws_proto::kinds::DataToShow;
use tws_proto::message::{RequestHistoricalTicks, TickEvent};
use tws_proto::time::TimeText;

use super::{Cursor, Direction, HistoryError, HistoryProgress, PATIENCE, Piece, Span};
use crate::client::Client;
use crate::request::PastTicks;

/// The most that TWS gives at a time.
const TICKS_MOST: usize = 1000;
/// What is passed over where an answer is empty.
const EMPTY: SignedDuration = SignedDuration::from_hours(24);

/// Which ticks. Their fields are those of `REQ_HISTORICAL_TICKS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticks {
    /// Of which contract.
    pub contract: Contract,
    /// [`DataToShow::Trades`], [`DataToShow::BidAsk`] or [`DataToShow::MidPoint`].
    pub data_to_show: DataToShow,
    /// Leave out what is outside regular trading hours.
    pub regular_hours_only: bool,
    /// Leave out quotes that change in size only.
    pub ignore_size: bool,
}

/// Single ticks of a span of any length, oldest first within each piece.
///
/// TWS times ticks by the second and gives a thousand at a time, so that an answer may end within a second. The second at
/// such an end is asked for again, and no tick is given out twice.
#[derive(Debug)]
pub struct TickHistory {
    client: Client,
    ticks: Ticks,
    cursor: Cursor,
    patience: Duration,
    requests: u64,
    gathered: Vec<Vec<TickEvent>>,
}

impl TickHistory {
    /// From a cursor on: a new one, or one of an earlier download of the same ticks.
    #[must_use]
    pub fn new(client: &Client, ticks: Ticks, cursor: Cursor) -> Self {
        Self { client: client.clone(), ticks, cursor, patience: PATIENCE, requests: 0, gathered: Vec::new() }
    }

    /// With another limit than [`PATIENCE`] for how long one request may have to wait for its turn.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Where the download stands; never behind what [`TickHistory::next`] has given out.
    #[must_use]
    pub const fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// How far it has come.
    #[must_use]
    pub const fn progress(&self) -> HistoryProgress {
        HistoryProgress { whole: self.cursor.whole(), missing: self.cursor.missing(), requests: self.requests }
    }

    /// The next piece, by one request; `None` when nothing is missing. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`HistoryError`] with what is missing; the next call tries again.
    pub async fn next(&mut self) -> Result<Option<Piece<TickEvent>>, HistoryError> {
        let missing = self.cursor.missing();
        if missing.is_empty() {
            return Ok(None);
        }
        let (start, end) = match self.cursor.direction() {
            Direction::Backward => (TimeText::default(), TimeText::utc(missing.until)),
            Direction::Forward => (TimeText::utc(missing.from), TimeText::default()),
        };
        let Ticks { contract, data_to_show, regular_hours_only, ignore_size } = &self.ticks;
        let request = RequestHistoricalTicks {
            contract: contract.clone(),
            start,
            end,
            ticks: Some(TICKS_MOST as i32),
            data_to_show: Some(data_to_show.clone()),
            regular_hours_only: *regular_hours_only,
            ignore_size: *ignore_size,
            ..RequestHistoricalTicks::default()
        };
        let told = self.client.request_within(request, self.patience).await;
        let mut ticks = events(told.map_err(|cause| HistoryError::Request { missing, cause })?);
        self.requests += 1;
        let times: Vec<i64> = ticks.iter().map(second).collect();
        let (whole, done_to) = match fit(&times, missing, self.cursor.direction()) {
            Fit::Whole(whole, done_to) => (whole, done_to),
            Fit::TooFull(missing, done_to) => {
                self.cursor.advance(done_to);
                return Err(HistoryError::SecondTooFull { missing });
            }
        };
        ticks.retain(|tick| Timestamp::from_second(second(tick)).is_ok_and(|at| whole.contains(at)));
        Ok(Some(Piece { items: ticks, span: self.cursor.advance(done_to) }))
    }

    /// Everything that is still missing, oldest first, all of it in memory; `told` hears of every piece. What came before an
    /// error is kept, and calling again goes on.
    ///
    /// # Errors
    /// As for [`TickHistory::next`].
    pub async fn rest(&mut self, mut told: impl FnMut(HistoryProgress)) -> Result<Vec<TickEvent>, HistoryError> {
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
}

/// What an answer is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    /// It has every tick of this span, and the download is done up to there.
    Whole(Span, Timestamp),
    /// One second fills it, and may hold more.
    TooFull(Span, Timestamp),
}

/// Looks at the seconds of an answer, oldest first.
fn fit(times: &[i64], missing: Span, direction: Direction) -> Fit {
    let at = |second: i64| Timestamp::from_second(second).unwrap_or(missing.until);
    let (from, until) = (missing.from.as_second(), missing.until.as_second());
    let [Some(first), Some(last)] = [times.first().copied(), times.last().copied()] else {
        // Nothing happened, or nothing that TWS tells with this request: a night, a weekend.
        let done_to = match direction {
            Direction::Backward => missing.until.checked_sub(EMPTY).unwrap_or(missing.from).max(missing.from),
            Direction::Forward => missing.from.checked_add(EMPTY).unwrap_or(missing.until).min(missing.until),
        };
        return Fit::Whole(missing, done_to);
    };
    let is_full = times.len() >= TICKS_MOST;
    // More of one second than was asked for: TWS has completed it.
    let is_cut = is_full && (first != last || times.len() == TICKS_MOST);
    match direction {
        Direction::Backward => {
            // Everything up to the begin of the span was told, where the answer goes beyond it.
            let whole_from = if first < from { from } else { first + i64::from(is_cut) };
            if whole_from >= until && is_cut {
                return Fit::TooFull(Span { from: at(until - 1), until: missing.until }, at(until - 1));
            }
            let whole_from = at(whole_from.min(until - 1));
            Fit::Whole(Span { from: whole_from, until: missing.until }, whole_from)
        }
        Direction::Forward => {
            let whole_until = if last >= until { until } else { last + i64::from(!is_cut) };
            if whole_until <= from && is_cut {
                return Fit::TooFull(Span { from: missing.from, until: at(from + 1) }, at(from + 1));
            }
            let whole_until = at(whole_until.max(from + 1));
            Fit::Whole(Span { from: missing.from, until: whole_until }, whole_until)
        }
    }
}

fn events(ticks: PastTicks) -> Vec<TickEvent> {
    match ticks {
        PastTicks::MidPoints(ticks) => ticks.into_iter().map(TickEvent::MidPoint).collect(),
        PastTicks::Quotes(ticks) => ticks.into_iter().map(TickEvent::BidAsk).collect(),
        PastTicks::Trades(ticks) => ticks.into_iter().map(|tick| TickEvent::Last(Box::new(tick))).collect(),
    }
}

/// When a tick happened, seconds since the epoch.
fn second(tick: &TickEvent) -> i64 {
    match tick {
        TickEvent::MidPoint(tick) => tick.time_s,
        TickEvent::BidAsk(tick) => tick.time_s,
        TickEvent::Last(tick) | TickEvent::AllLast(tick) => tick.time_s,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds of an answer, in runs; what is whole of 100..200, and how far it is done.
    #[track_caller]
    fn check(runs: &[(i64, usize)], direction: Direction, expected: &str) {
        let times: Vec<i64> = runs.iter().flat_map(|(second, count)| std::iter::repeat_n(*second, *count)).collect();
        let at = |second| Timestamp::from_second(second).unwrap();
        let said = match fit(&times, Span { from: at(100), until: at(200) }, direction) {
            Fit::Whole(span, to) => {
                format!("{}..{} done to {}", span.from.as_second(), span.until.as_second(), to.as_second())
            }
            Fit::TooFull(span, to) => format!("{} too full, done to {}", span.from.as_second(), to.as_second()),
        };
        assert_eq!(said, expected);
    }

    #[test]
    fn the_second_at_the_end_of_a_full_answer_is_asked_for_again() {
        use Direction::{Backward, Forward};
        check(&[(110, 10), (120, 990)], Forward, "100..120 done to 120");
        check(&[(110, 10), (120, 989)], Forward, "100..121 done to 121");
        check(&[(110, 990), (120, 10)], Backward, "111..200 done to 111");
        check(&[(110, 989), (120, 10)], Backward, "110..200 done to 110");
        check(&[(110, 10), (250, 990)], Forward, "100..200 done to 200");
        check(&[(50, 990), (150, 10)], Backward, "100..200 done to 100");
        check(&[(120, 1000)], Forward, "100..120 done to 120");
        check(&[(120, 1000)], Backward, "121..200 done to 121");
        check(&[(120, 1001)], Forward, "100..121 done to 121");
        check(&[(120, 1001)], Backward, "120..200 done to 120");
        // No second may be asked for again and again.
        check(&[(100, 1000)], Forward, "100 too full, done to 101");
        check(&[(90, 500), (100, 500)], Forward, "100 too full, done to 101");
        check(&[(199, 1000)], Backward, "199 too full, done to 199");
        check(&[(199, 500), (200, 500)], Backward, "199 too full, done to 199");
        check(&[(200, 1000)], Backward, "199 too full, done to 199");
        check(&[], Forward, "100..200 done to 200");
        check(&[], Backward, "100..200 done to 100");
    }
}
