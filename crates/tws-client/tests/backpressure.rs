//! A reader that falls asleep (R35): memory stays bounded, order events come in time, and what was received and what was
//! conflated is together what was sent.

mod support;

use std::time::Duration;

use bytes::BytesMut;
use support::{Peer, SECOND, session};
use tokio::time::{Instant, sleep};
use tws_client::{Config, Delivery, LaneEvent, MarketData, OrderEvents, RequestError, Tick, Update};
use tws_proto::ids::{OrderId, RequestId};
use tws_proto::kinds::{Status, TickKind};
use tws_proto::message::{Message, OrderStatus, RequestMarketData, TickPrice};
use tws_proto::{Contract, Missing, ServerMessage, ServerVersion};

/// Ticks a second of all lines together.
const TICKS_A_SECOND: usize = 5_000;
const LINES: usize = 10;
/// How long the reader sleeps.
const SLEEP: Duration = Duration::from_secs(60);
/// How often the server writes.
const BEAT: Duration = Duration::from_millis(10);
/// What session, server and test may hold at a time.
const BYTES_MOST: u64 = 16 << 20;
const LATE_MOST: Duration = Duration::from_millis(50);

fn tick(request_id: RequestId, at: usize) -> TickPrice {
    let kind = [TickKind::Bid, TickKind::Ask, TickKind::Last][at % 3];
    TickPrice { request_id, kind, price: Some((at as i64).into()), ..TickPrice::default() }
}

/// Ticks for all lines, and an order event with its time in every tenth beat; how many ticks each line was sent.
async fn serve(mut peer: Peer, lines: Vec<RequestId>, began: Instant) -> (usize, Peer) {
    let beats = SLEEP.as_millis() / BEAT.as_millis();
    let in_beat = TICKS_A_SECOND * BEAT.as_millis() as usize / 1000 / LINES;
    let mut sent = 0;
    for beat in 0..beats {
        let mut frames = BytesMut::new();
        for at in sent..sent + in_beat {
            for line in &lines {
                let tick = ServerMessage::from(tick(*line, at));
                tick.write(ServerVersion::NEWEST, Missing::Refuse, &mut frames).unwrap();
            }
        }
        sent += in_beat;
        peer.say_raw(&frames).await;
        if beat % 10 == 0 {
            let order_id = OrderId(began.elapsed().as_millis() as i32);
            peer.say(Box::new(OrderStatus { order_id, status: Status::Submitted, ..OrderStatus::default() })).await;
        }
        sleep(BEAT).await;
    }
    (sent, peer)
}

/// How late each order event came.
async fn lateness(mut events: OrderEvents, began: Instant) -> (usize, Duration) {
    let (mut count, mut latest) = (0, Duration::ZERO);
    while let Ok(Some(event)) = tokio::time::timeout(SECOND, events.recv()).await {
        if let LaneEvent::Message(ServerMessage::OrderStatus(status)) = event {
            let sent = Duration::from_millis(status.order_id.0 as u64);
            latest = latest.max(began.elapsed().saturating_sub(sent));
            count += 1;
        }
    }
    (count, latest)
}

/// Everything that waits; how many ticks that were, and the newest price of each kind.
fn drain(stream: &mut MarketData) -> (usize, Vec<i64>) {
    let (mut count, mut newest) = (0, vec![0; 3]);
    while let Some(update) = stream.try_recv() {
        let Update::Data(Tick::Price(tick)) = update else { panic!("{update:?}") };
        let at = i64::try_from(tick.price.unwrap()).unwrap();
        newest[at as usize % 3] = at;
        count += 1;
    }
    (count, newest)
}

async fn a_reader_sleeps() {
    let (client, mut listener, _driver) = session(Config::paper());
    let events = client.take_order_events().unwrap();
    let mut peer = listener.ready().await;
    client.ready(SECOND).await.unwrap();
    let mut streams = Vec::new();
    let mut lines = Vec::new();
    for line in 0..LINES {
        streams.push(client.market_data(&Contract::stock(&format!("T{line}"), "USD"), &[]).unwrap());
        lines.push(peer.hear_market_data().await);
    }
    let began = Instant::now();
    let server = tokio::spawn(serve(peer, lines, began));
    let lane = tokio::spawn(lateness(events, began));
    sleep(SLEEP + SECOND).await;
    let (sent, _peer) = server.await.unwrap();
    assert_eq!(sent * LINES, TICKS_A_SECOND * SLEEP.as_secs() as usize);
    for stream in &mut streams {
        let (received, newest) = drain(stream);
        assert_eq!(received as u64 + stream.conflated(), sent as u64);
        assert!(received <= Config::paper().limits.stream_updates);
        let mut expected: Vec<_> = (sent as i64 - 3..sent as i64).collect();
        expected.sort_by_key(|at| at % 3);
        assert_eq!(newest, expected);
    }
    let (count, latest) = lane.await.unwrap();
    assert_eq!(count, SLEEP.as_millis() as usize / 100);
    assert!(latest <= LATE_MOST, "an order event was late by {latest:?}");
}

#[test]
fn r35_a_reader_that_sleeps_for_a_minute_costs_no_memory_and_delays_no_order_event() {
    let info = allocation_counter::measure(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(a_reader_sleeps());
    });
    assert!(info.bytes_max < BYTES_MOST, "{} bytes at a time", info.bytes_max);
}

#[tokio::test(start_paused = true)]
async fn r35_a_lossless_stream_keeps_everything_up_to_its_limit_and_then_ends_at_the_server_too() {
    let (client, mut listener, _driver) = session(Config::paper());
    let mut peer = listener.ready().await;
    client.ready(SECOND).await.unwrap();
    let feed = RequestMarketData { contract: Contract::stock("IBM", "USD"), ..RequestMarketData::default() };
    let lossless = Delivery::Lossless { updates_max: 500 };
    let mut stream = client.subscribe_with(feed, lossless).unwrap();
    let id = peer.hear_market_data().await;
    for at in 0..400 {
        peer.say(tick(id, at)).await;
    }
    sleep(SECOND).await;
    assert_eq!(drain(&mut stream).0, 400);
    for at in 0..501 {
        peer.say(tick(id, at)).await;
    }
    assert_eq!(support::short(&peer.hear_for(SECOND).await), ["CANCEL_MKT_DATA"]);
    for _ in 0..500 {
        assert!(matches!(stream.recv().await, Some(Update::Data(_))));
    }
    assert_eq!(stream.recv().await, Some(Update::Ended(RequestError::NotRead { limit: 500 })));
    assert_eq!(stream.recv().await, None);
    assert_eq!(stream.conflated(), 0);
    drop(stream);
    assert_eq!(peer.hear_for(SECOND).await, []);
}
