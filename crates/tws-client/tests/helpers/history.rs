//! Histories of any length: in pieces they are what one request would give.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tws_client::history::{BarHistory, Bars, Cursor, Direction, HistoryError, Span, TickHistory, Ticks};
use tws_client::{Client, Config, RequestError, TradingClient};
use tws_proto::kinds::{BarSize, DataToShow, DateFormat, DurationText};
use tws_proto::message::{Bar, RequestHistoricalData, TickEvent};
use tws_proto::time::{BrokerTime, TimeText};
use tws_sim::data_settings::{DataPacing, DataSettings};
use tws_sim::{Switch, TwsSim};

use crate::world::{SECOND, session, still, stock};

const BOTH: [Direction; 2] = [Direction::Backward, Direction::Forward];

/// A TWS that minds the pace of requests for history.
async fn strict() -> (Arc<TwsSim>, TradingClient) {
    let data = DataSettings { pacing: DataPacing::Kept, ..DataSettings::default() };
    let sim = Arc::new(still().market_data(data).start().await.unwrap());
    let client = session(&sim, Config::paper());
    client.ready(60 * SECOND).await.unwrap();
    (sim, client)
}

fn at(sim: &TwsSim) -> Timestamp {
    Timestamp::from_second(sim.started_at().seconds()).unwrap()
}

fn bars(size: BarSize, regular_hours_only: bool) -> Bars {
    Bars { contract: stock("IBM"), bar_size: size, data_to_show: DataToShow::Trades, regular_hours_only }
}

/// What one request gives.
async fn at_once(client: &Client, bars: &Bars, end: Timestamp, duration: &str) -> Vec<Bar> {
    let request = RequestHistoricalData {
        contract: bars.contract.clone(),
        end: TimeText::utc(end),
        bar_size: Some(bars.bar_size.clone()),
        duration: DurationText::from(duration),
        regular_hours_only: bars.regular_hours_only,
        data_to_show: Some(bars.data_to_show.clone()),
        date_format: Some(DateFormat::EpochSeconds),
        ..RequestHistoricalData::default()
    };
    client.request(request).await.unwrap().bars
}

/// The days before the simulation began: asked for in pieces, each way, and compared with one request.
async fn check(bars: Bars, hours: i64, duration: &str) {
    let (sim, client) = strict().await;
    let until = at(&sim) - SignedDuration::from_hours(1);
    let span = Span { from: until - SignedDuration::from_hours(hours), until };
    let is_within = |bar: &Bar| {
        let begin = match bar.date.read().unwrap() {
            BrokerTime::Day(day) => day.to_zoned(TimeZone::UTC).unwrap().timestamp(),
            other => other.instant().unwrap(),
        };
        begin >= span.from && begin < span.until
    };
    let mut expected = at_once(&client, &bars, until, duration).await;
    assert!(expected.iter().any(|bar| !is_within(bar)), "the one request goes beyond");
    expected.retain(is_within);
    assert!(!expected.is_empty());
    for direction in BOTH {
        let mut history = BarHistory::new(&client, bars.clone(), Cursor::new(span, direction));
        let mut percents = Vec::new();
        let got = history.rest(|progress| percents.push(progress.percent())).await.unwrap();
        let dates = |bars: &[Bar]| bars.iter().map(|bar| bar.date.to_string()).collect::<Vec<_>>();
        assert_eq!(dates(&got), dates(&expected), "{direction:?}");
        assert_eq!(got, expected, "{direction:?}");
        assert!(percents.is_sorted() && percents.last() == Some(&100), "{percents:?}");
        assert!(history.progress().requests > 1, "{direction:?} is split");
        assert_eq!(history.next().await, Ok(None));
    }
}

#[tokio::test(start_paused = true)]
async fn bars_of_half_a_minute_over_days_in_and_out_of_hours() {
    check(bars(BarSize::Seconds30, true), 5 * 24, "86400 S").await;
    check(bars(BarSize::Seconds30, false), 30, "86400 S").await;
}

#[tokio::test(start_paused = true)]
async fn bars_of_minutes_over_weeks() {
    check(bars(BarSize::Minute1, true), 9 * 24, "2 W").await;
    check(bars(BarSize::Minutes15, false), 30 * 24, "2 M").await;
}

#[tokio::test(start_paused = true)]
async fn bars_of_hours_days_weeks_and_months_over_years() {
    check(bars(BarSize::Hours4, true), 100 * 24, "6 M").await;
    check(bars(BarSize::Day1, true), 900 * 24, "3 Y").await;
    check(bars(BarSize::Week1, true), 900 * 24, "3 Y").await;
    check(bars(BarSize::Month1, true), 900 * 24, "3 Y").await;
}

fn ticks(show: DataToShow) -> Ticks {
    Ticks { contract: stock("IBM"), data_to_show: show, regular_hours_only: true, ignore_size: false }
}

#[tokio::test(start_paused = true)]
async fn ticks_are_the_same_both_ways_each_once() {
    let (sim, client) = strict().await;
    let until = at(&sim) - SignedDuration::from_hours(1);
    let span = Span { from: until - SignedDuration::from_hours(30), until };
    for show in [DataToShow::Trades, DataToShow::BidAsk, DataToShow::MidPoint] {
        let mut both = Vec::new();
        for direction in BOTH {
            let mut history = TickHistory::new(&client, ticks(show.clone()), Cursor::new(span, direction));
            both.push(history.rest(|_| {}).await.unwrap());
            assert!(history.progress().requests > 5);
        }
        assert_eq!(both[0].len(), both[1].len());
        assert_eq!(both[0], both[1]);
        let seconds: Vec<_> = both[0].iter().map(second).collect();
        assert!(seconds.is_sorted() && seconds.len() > 4_000, "{}", seconds.len());
        assert!(seconds.iter().all(|at| (span.from.as_second()..span.until.as_second()).contains(at)));
    }
}

fn second(tick: &TickEvent) -> i64 {
    match tick {
        TickEvent::Last(tick) | TickEvent::AllLast(tick) => tick.time_s,
        TickEvent::BidAsk(tick) => tick.time_s,
        TickEvent::MidPoint(tick) => tick.time_s,
    }
}

#[tokio::test(start_paused = true)]
async fn a_download_goes_on_where_it_was_left() {
    let (sim, client) = strict().await;
    let until = at(&sim) - SignedDuration::from_hours(1);
    let span = Span { from: until - SignedDuration::from_hours(72), until };
    for direction in BOTH {
        let cursor = Cursor::new(span, direction);
        let whole = BarHistory::new(&client, bars(BarSize::Seconds30, true), cursor).rest(|_| {}).await.unwrap();
        let (mut pieces, mut cursor) = (Vec::new(), cursor.to_string());
        loop {
            // Another process: nothing is known but the cursor.
            let mut history = BarHistory::new(&client, bars(BarSize::Seconds30, true), cursor.parse().unwrap());
            let Some(piece) = history.next().await.unwrap() else { break };
            cursor = history.cursor().to_string();
            pieces.push(piece);
        }
        if direction == Direction::Backward {
            pieces.reverse();
        }
        for pair in pieces.windows(2) {
            assert_eq!(pair[0].span.until, pair[1].span.from, "no hole between pieces");
        }
        let joined: Vec<Bar> = pieces.into_iter().flat_map(|piece| piece.items).collect();
        assert_eq!(joined, whole);
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_names_what_is_missing_and_nothing_is_lost() {
    let (sim, client) = strict().await;
    let until = at(&sim) - SignedDuration::from_hours(1);
    let span = Span { from: until - SignedDuration::from_hours(72), until };
    let cursor = Cursor::new(span, Direction::Backward);
    let whole = BarHistory::new(&client, bars(BarSize::Seconds30, true), cursor).rest(|_| {}).await.unwrap();
    let mut history = BarHistory::new(&client, bars(BarSize::Seconds30, true), cursor);
    let first = history.next().await.unwrap().unwrap();
    sim.inject(Switch::RequestsLost).unwrap();
    let error = history.rest(|_| {}).await.unwrap_err();
    let HistoryError::Request { missing, cause } = error else { panic!("{error}") };
    assert_eq!(missing, Span { from: span.from, until: first.span.from });
    assert!(matches!(cause, RequestError::TimedOut { .. } | RequestError::ConnectionReset), "{cause}");
    sim.clear(Switch::RequestsLost);
    client.ready(60 * SECOND).await.unwrap();
    let rest = history.rest(|_| {}).await.unwrap();
    assert_eq!([rest, first.items].concat(), whole);
}

#[tokio::test(start_paused = true)]
async fn a_long_download_waits_for_its_turn_or_says_that_it_would() {
    let (sim, client) = strict().await;
    let until = at(&sim) - SignedDuration::from_hours(1);
    // Eighty requests and more, of which sixty may be made in ten minutes.
    let span = Span { from: until - SignedDuration::from_hours(16 * 24), until };
    let cursor = Cursor::new(span, Direction::Backward);
    let began = tokio::time::Instant::now();
    let mut history = BarHistory::new(&client, bars(BarSize::Seconds5, true), cursor);
    let got = history.rest(|_| {}).await.unwrap();
    assert!(history.progress().requests > 60 && got.len() > 30_000, "{:?} {}", history.progress(), got.len());
    assert!(began.elapsed() >= Duration::from_secs(600));
    // TWS never had a reason to complain: every answer was an answer. Who does not want to wait is told at once.
    let mut hasty = BarHistory::new(&client, bars(BarSize::Seconds5, true), cursor).with_patience(SECOND);
    let error = hasty.rest(|_| {}).await.unwrap_err();
    assert!(matches!(error, HistoryError::Request { cause: RequestError::WouldWait { .. }, .. }), "{error}");
}
