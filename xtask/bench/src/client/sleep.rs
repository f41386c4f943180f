//! A reader that falls asleep: ticks go on, and order events must neither wait for it nor be lost, in bounded memory.

use std::io::Write as _;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::BytesMut;
use serde_json::{Value, json};
use tws_client::{Config, LaneEvent, TradingClient, Update};
use tws_proto::ids::{OrderId, PermanentId};
use tws_proto::kinds::Status;
use tws_proto::message::{OrderStatus, RequestMarketData};
use tws_proto::{Contract, ServerMessage};

use super::contender::Setting;
use super::server::{Session, listen, price, write};
use super::usage::in_use_bytes;
use super::{Entry, PROTOBUF, Threads, Who, number, told};
use crate::harness::Effort;
use crate::report::{Row, Table};

/// Lines of market data, none of which is read.
const LINES: usize = 100;
/// The server writes at such times, so many ticks each.
const BEAT: Duration = Duration::from_millis(10);
const TICKS_A_BEAT: u64 = 50;
/// Order events: how late the latest was, and how many were lost. Ticks: how many came, were found on waking, were counted
/// as conflated, and how many are in neither.
const COLUMNS: [&str; 7] = ["late ms", "grown MiB", "lost order", "lost ticks", "sent", "found", "conflated"];

/// Of which order the events are, and the one behind which nothing follows.
const ORDER: OrderId = OrderId(1);
const LAST: OrderId = OrderId(2);

const ENTRY: Entry = Entry { name: "tws-client, one thread", who: Who::Ours, threads: Threads::One, version: PROTOBUF };

/// A minute of it, or a few seconds.
pub(crate) fn measure(effort: Effort) -> Table {
    let seconds = if effort.rounds >= Effort::FULL.rounds { 60 } else { 3 };
    eprintln!("measuring: a reader that sleeps for {seconds} s ...");
    let (listener, port) = listen();
    let child = ENTRY.start("sleep", port, LINES);
    let mut session = Session::accept(&listener, ENTRY.version, LINES);
    let (mut sent, mut events) = (0, 0);
    let began = Instant::now();
    for beat in 0.. {
        let mut frames = BytesMut::new();
        for _ in 0..TICKS_A_BEAT {
            let line = session.lines[sent as usize % LINES];
            write(price(line, sent), session.version, &mut frames);
            sent += 1;
        }
        let is_over = began.elapsed() >= Duration::from_secs(seconds);
        write(order_event(if is_over { LAST } else { ORDER }), session.version, &mut frames);
        events += 1;
        session.socket.write_all(&frames).expect("a contender that reads");
        if is_over {
            break;
        }
        std::thread::sleep((BEAT * (beat + 1)).saturating_sub(began.elapsed()));
    }
    let told = told(child);
    let (found, conflated) = (number(&told, "received"), number(&told, "conflated"));
    let row = Row {
        name: ENTRY.name.to_owned(),
        values: vec![
            number(&told, "latest_us") / 1000.0,
            number(&told, "grown_bytes") / f64::from(1 << 20),
            events as f64 - number(&told, "order_events"),
            sent as f64 - found - conflated,
            sent as f64,
            found,
            conflated,
        ],
        asked: vec![50.0, 16.0, 0.0, 0.0],
    };
    Table {
        title: format!("a reader of {LINES} streams that sleeps for {seconds} s"),
        columns: &COLUMNS,
        rows: vec![row],
    }
}

/// An order event that carries when it was made.
fn order_event(order_id: OrderId) -> ServerMessage {
    let status = OrderStatus {
        order_id,
        status: Status::Submitted,
        permanent_id: Some(PermanentId(clock_us())),
        ..OrderStatus::default()
    };
    Box::new(status).into()
}

/// The clock that both processes share.
fn clock_us() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as i64)
}

/// The contender: reads order events as they come, and its streams not before the last of them.
pub(super) async fn sleep(setting: Setting) -> Value {
    let config = Config { port: setting.port, newest_version: setting.version, ..Config::paper() };
    let (client, driver) = TradingClient::connect(config).expect("a good configuration");
    let mut events = client.take_order_events().expect("they are taken once");
    tokio::spawn(driver.run());
    client.ready(Duration::from_secs(10)).await.expect("the server answers");
    let streams = (0..setting.lines).map(|at| {
        let contract = Contract::stock(&format!("T{at}"), "USD");
        client.subscribe(RequestMarketData { contract, ..RequestMarketData::default() }).expect("there is room")
    });
    let mut streams: Vec<_> = streams.collect();
    let (mut count, mut latest_us, mut before) = (0_u64, 0, None);
    while let Some(event) = events.recv().await {
        let LaneEvent::Message(ServerMessage::OrderStatus(status)) = event else { continue };
        count += 1;
        latest_us = latest_us.max(clock_us() - status.permanent_id.map_or(0, |stamp| stamp.0));
        let before = before.get_or_insert_with(in_use_bytes);
        if status.order_id == LAST {
            let grown_bytes = in_use_bytes().saturating_sub(*before);
            let mut received = 0_u64;
            for stream in &mut streams {
                while let Some(update) = stream.try_recv() {
                    received += u64::from(matches!(update, Update::Data(_)));
                }
            }
            let conflated: u64 = streams.iter().map(|stream| stream.conflated()).sum();
            return json!({
                "received": received,
                "conflated": conflated,
                "order_events": count,
                "latest_us": latest_us,
                "grown_bytes": grown_bytes,
            });
        }
    }
    unreachable!("the server sends the last event")
}
