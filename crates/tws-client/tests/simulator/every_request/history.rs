//! The past.

use std::time::Duration;

use tws_client::feed::HistoryUpdate;
use tws_client::request::PastTicks;
use tws_proto::kinds::{BarSize, DataToShow, DurationText, DurationUnit};
use tws_proto::message::{Bar, RequestHistoricalData, RequestHistoricalTicks};

use super::{Desk, Table, decimal, plain};

pub(super) async fn ask(version: i32, table: &mut Table) {
    let desk = Desk::new(version).await;
    desk.quote_ibm("181.5", "181.6");
    bars(&desk, table).await;
    kept_up(&desk, table).await;
    heads(&desk, table).await;
    ticks(&desk, table).await;
}

fn told(bar: &Bar) -> String {
    let Bar { date, open, high, low, close, .. } = bar;
    format!("{} {}/{}/{}/{}", date.as_str(), plain(*open), plain(*high), plain(*low), plain(*close))
}

async fn bars(desk: &Desk, table: &mut Table) {
    let ibm = desk.ibm().await;
    let friday = || {
        let span = DurationText::of(3600, DurationUnit::Second);
        RequestHistoricalData::bars(&ibm, span, BarSize::Minutes30).until("20131004-20:00:00".into())
    };
    let history = desk.client.history(friday()).await.unwrap();
    let span = format!("{} to {}", history.start.as_str(), history.end.as_str());
    let bars = history.bars.iter().map(told).collect::<Vec<_>>().join(", ");
    table.add_case("REQ_HISTORICAL_DATA", "bars", "history", format!("{bars}; {span}"));
    assert_eq!(desk.give_up(desk.client.history(friday())).await, "heard");

    let schedule = desk.client.trading_schedule(&ibm, DurationText::of(2, DurationUnit::Day)).await.unwrap();
    let sessions = schedule
        .sessions
        .iter()
        .map(|session| format!("{} {} to {}", session.date.as_str(), session.start.as_str(), session.end.as_str()));
    let sessions = sessions.collect::<Vec<_>>().join(", ");
    table.add_case(
        "REQ_HISTORICAL_DATA",
        "a schedule",
        "trading_schedule",
        format!("{sessions} {}", schedule.time_zone),
    );
}

async fn kept_up(desk: &Desk, table: &mut Table) {
    let ibm = desk.ibm().await;
    let span = DurationText::of(60, DurationUnit::Second);
    let request = RequestHistoricalData::bars(&ibm, span, BarSize::Seconds5).showing(DataToShow::MidPoint);
    let mut updates = desk.client.history_updates(request).unwrap();
    let HistoryUpdate::Past(past) = desk.next(&mut updates).await else { panic!("the past comes first") };
    if desk.version >= 196 {
        assert!(matches!(desk.next(&mut updates).await, HistoryUpdate::Complete { .. }));
    }
    desk.quote_ibm("181.7", "181.8");
    desk.sim.advance(Duration::from_secs(5));
    let newest = loop {
        if let HistoryUpdate::Bar(body) = desk.next(&mut updates).await
            && body.bar.close == Some(decimal("181.75"))
        {
            break body.bar;
        }
    };
    let told = format!("{} bars, then one that closes at {}", past.bars.len(), plain(newest.close));
    table.add_case("REQ_HISTORICAL_DATA", "kept up to date", "history_updates", told);
    let words = desk.words_after_drop(updates, |sim| sim.advance(Duration::from_secs(10))).await;
    // The code 162 with which TWS confirms it.
    table.add("CANCEL_HISTORICAL_DATA", "drop of history, history_updates", format!("heard; {words} word follows"));
}

async fn heads(desk: &Desk, table: &mut Table) {
    let ibm = desk.ibm().await;
    let ask = || desk.client.head_timestamp(&ibm, DataToShow::Trades);
    table.add("REQ_HEAD_TIMESTAMP", "head_timestamp", ask().await.unwrap().as_str());
    table.add("CANCEL_HEAD_TIMESTAMP", "drop of head_timestamp", desk.give_up(ask()).await);
    let ask = || desk.client.histogram(&ibm, DurationText::of(3, DurationUnit::Day));
    let entries = ask().await.unwrap();
    let most = entries.iter().max_by_key(|entry| entry.size).unwrap();
    let told = format!("{} prices, most at {}: {}", entries.len(), plain(most.price), plain(most.size));
    table.add("REQ_HISTOGRAM_DATA", "histogram", told);
    table.add("CANCEL_HISTOGRAM_DATA", "drop of histogram", desk.give_up(ask()).await);
}

async fn ticks(desk: &Desk, table: &mut Table) {
    let ibm = desk.ibm().await;
    let friday = || RequestHistoricalTicks::since(&ibm, "20131004-19:00:00".into(), 10);
    let trades = match desk.client.past_ticks(friday()).await.unwrap() {
        PastTicks::Trades(ticks) => ticks,
        other => panic!("{other:?}"),
    };
    let first = &trades[0];
    let quotes = match desk.client.past_ticks(friday().showing(DataToShow::BidAsk)).await.unwrap() {
        PastTicks::Quotes(ticks) => ticks.len(),
        other => panic!("{other:?}"),
    };
    let midpoints = match desk.client.past_ticks(friday().showing(DataToShow::MidPoint)).await.unwrap() {
        PastTicks::MidPoints(ticks) => ticks.len(),
        other => panic!("{other:?}"),
    };
    let trade = format!("{} at {} at {}", plain(first.size), plain(first.price), first.time_s);
    let told = format!("{} trades, first {trade}; {quotes} quotes; {midpoints} midpoints", trades.len());
    table.add("REQ_HISTORICAL_TICKS", "past_ticks", told);
    // Another number of ticks, since the same again would be kept back for 15 s.
    let fewer = RequestHistoricalTicks::since(&ibm, "20131004-19:00:00".into(), 9);
    let given_up = desk.give_up(desk.client.past_ticks(fewer)).await;
    table.add("CANCEL_HISTORICAL_TICKS", "drop of past_ticks", given_up);
}
