//! The state machine alone, its clock moved by hand.

use std::time::Duration;

use tws_client::session::{Event, SubscriptionId};
use tws_client::{Alarm, Config, Epoch, Exit, LaneEvent, Phase, Reason, StateChange};
use tws_proto::ids::OrderId;
use tws_proto::message::*;

use crate::pair::{Pair, SECOND, place, quotes, snapshot};

#[test]
fn the_same_seed_gives_the_same_session() {
    let dials = |seed| {
        let mut pair = Pair::new(Config { seed, ..Config::paper() });
        pair.lives = false;
        pair.run_for(600 * SECOND);
        let mut began = Vec::new();
        for event in &pair.events {
            if let Event::State(state) = event {
                began.push((state.phase, state.attempts));
            }
        }
        (began, pair.session.poll_timeout().unwrap() - pair.started)
    };
    assert_eq!(dials(1), dials(1));
    assert_ne!(dials(1).1, dials(2).1);
}

#[test]
fn a_peer_that_does_not_read_is_dropped_before_an_order_grows_old() {
    let mut pair = Pair::ready();
    pair.session.send_orders(vec![place(1)], pair.now).unwrap();
    // The socket takes the bytes from us and does not get rid of them.
    assert!(pair.session.poll_transmit(pair.now).is_some());
    pair.reads = false;
    pair.run_for(2 * SECOND);
    assert_eq!(pair.state().reason, Some(Reason::PeerNotReading));
}

#[test]
fn long_without_ib_means_a_fresh_connection() {
    let mut pair = Pair::ready();
    pair.notice(1100);
    pair.run_for(299 * SECOND);
    assert_eq!((pair.state().epoch, pair.state().takes_orders()), (Epoch(1), false));
    pair.run_for(3 * SECOND);
    assert_eq!((pair.state().epoch, pair.state().takes_orders()), (Epoch(2), true));
}

#[test]
fn the_alarm_sounds_once_in_an_outage() {
    let mut pair = Pair::ready();
    pair.lives = false;
    pair.events.clear();
    pair.run_for(3600 * SECOND);
    let alarms = pair.events.iter().filter(|event| matches!(event, Event::Alarm(Alarm::NotReady { .. }))).count();
    assert_eq!(alarms, 1);
    pair.lives = true;
    pair.run_for(60 * SECOND);
    assert!(pair.state().is_ready());
    pair.lives = false;
    pair.run_for(3600 * SECOND);
    let alarms = pair.events.iter().filter(|event| matches!(event, Event::Alarm(Alarm::NotReady { .. }))).count();
    assert_eq!(alarms, 2);
}

#[test]
fn a_process_that_slept_asks_before_it_calls_the_link_dead() {
    let mut pair = Pair::ready();
    pair.now += 3600 * SECOND;
    pair.settle();
    assert_eq!(pair.state().epoch, Epoch(1));
    assert!(pair.state().is_ready());
    assert!(matches!(pair.heard.last(), Some(ClientMessage::RequestCurrentTime(_))));
    // One that cannot answer is dead soon after.
    pair.lives = false;
    pair.now += 3600 * SECOND;
    pair.run_for(6 * SECOND);
    assert_ne!(pair.state().epoch, Epoch(1));
}

#[test]
fn a_port_that_moved_is_named() {
    let mut pair = Pair::ready();
    pair.say(Box::new(Notice { id: Some(-1), code: 1300, text: "port 7500".into(), ..Notice::default() }));
    assert!(pair.state().is_ready(), "TWS drops the connection itself");
    pair.session.handle_closed(None, pair.now);
    assert_eq!(pair.state().reason, Some(Reason::PortChanged("port 7500".into())));
}

#[test]
fn the_end_of_a_stream_is_not_said_to_another_epoch() {
    let mut pair = Pair::ready();
    let stream = pair.session.subscribe(quotes(), pair.now).unwrap();
    for _ in 0..40 {
        pair.session.request(snapshot, pair.now).unwrap();
    }
    pair.session.unsubscribe(stream, pair.now);
    pair.settle();
    pair.session.handle_closed(None, pair.now);
    pair.run_for(5 * SECOND);
    assert!(pair.state().is_ready());
    assert!(!pair.heard.iter().any(|message| matches!(message, ClientMessage::CancelMarketData(_))));
}

#[test]
fn a_clean_end_is_told_in_order() {
    let mut pair = Pair::ready();
    let stream = pair.session.subscribe(quotes(), pair.now).unwrap();
    let key = pair.session.request(|_| RequestPositions {}.into(), pair.now).unwrap();
    pair.settle();
    pair.events.clear();
    pair.session.shutdown(Exit::Shutdown, pair.now);
    pair.settle();
    assert_eq!(pair.session.exit(), Some(&Exit::Shutdown));
    let place = |wanted: &dyn Fn(&Event) -> bool| pair.events.iter().position(wanted).expect("told");
    let answer = place(&|event| matches!(event, Event::Answer { key: ended, .. } if *ended == key));
    let lost = place(&|event| {
        matches!(event, Event::Lane(LaneEvent::State(StateChange::EpochLost { reason: Reason::Shutdown, .. })))
    });
    let ended = place(&|event| matches!(event, Event::Update { subscription, .. } if *subscription == stream));
    let closed = place(&|event| matches!(event, Event::State(state) if state.phase == Phase::Closed));
    assert!(answer < lost && lost < ended && ended < closed);
}

/// Anything may happen at any time; a session comes to rest, keeps its promises of time, and gets ready again.
#[test]
fn whatever_happens_it_comes_to_rest_and_back() {
    for seed in 0..60u64 {
        let mut pair = Pair::new(Config { seed, ..Config::paper() });
        let mut dice = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut streams: Vec<SubscriptionId> = Vec::new();
        let mut asked = 0;
        for step in 0..400 {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            let now = pair.now;
            match dice % 20 {
                0 => pair.session.handle_closed(None, now),
                1 => pair.session.handle_closed(Some(std::io::ErrorKind::ConnectionReset), now),
                2 => pair.lives = !pair.lives,
                3 | 4 => streams.extend(pair.session.subscribe(quotes(), now)),
                5 => {
                    if let Some(stream) = streams.pop() {
                        pair.session.unsubscribe(stream, now);
                    }
                }
                6 => pair.notice(1100),
                7 => pair.notice(1101),
                8 => pair.notice(1102),
                9 => pair.session.handle_input(&[0xff, 0xff, 0xff, 0xff], now),
                10 => asked += usize::from(pair.session.request(|_| RequestOpenOrders {}.into(), now).is_ok()),
                11 => asked += usize::from(pair.session.request(snapshot, now).is_ok()),
                12 => pair.say(OpenOrdersEnd {}),
                13 => drop(pair.session.send_orders((0..30).map(|id| place(step * 30 + id)).collect(), now)),
                14 => drop(pair.session.send_orders(vec![CancelOrder::new(OrderId(step * 30 - 20)).into()], now)),
                15 => pair.session.handle_lane_overflow(now),
                16 => pair.session.handle_lane_drained(now),
                _ => pair.run_for(Duration::from_millis(dice % 7000)),
            }
            pair.settle();
        }
        pair.lives = true;
        pair.session.handle_lane_drained(pair.now);
        pair.notice(1102);
        pair.run_for(60 * SECOND);
        assert!(pair.state().is_ready(), "seed {seed}: {:?} after {:?}", pair.state(), pair.at());
        let answered = pair.events.iter().filter(|event| matches!(event, Event::Answer { .. })).count();
        assert_eq!(answered, asked, "seed {seed}: every request ends");
        let id = |message: &ClientMessage| match message {
            ClientMessage::PlaceOrder(body) => Some(body.order_id),
            _ => None,
        };
        let mut placed: Vec<OrderId> = pair.heard.iter().filter_map(id).collect();
        let all = placed.len();
        placed.sort_unstable();
        placed.dedup();
        assert_eq!(placed.len(), all, "seed {seed}: no order leaves twice");
    }
}
