//! R34, S38, S39: as fast as TWS takes, no faster, and whatever ends an order first.

use std::time::{Duration, Instant};

use tws_client::config::{Limits, Pacing};
use tws_client::session::{Event, FeedUpdate};
use tws_client::{Alarm, Config, Epoch, Reason, RequestError, Why};
use tws_proto::Contract;
use tws_proto::ids::{OrderId, RequestId};
use tws_proto::kinds::{BarSize, DataToShow};
use tws_proto::message::*;
use tws_sim::{Fault, Switch};

use crate::desk::{Desk, stock};
use crate::pair::{Pair, SECOND, place, quotes};

const HUNDRED_MS: Duration = Duration::from_millis(100);

fn user_info(request_id: RequestId) -> ClientMessage {
    RequestUserInfo { request_id }.into()
}

/// Room for ten thousand requests, whose callers are patient.
fn patient() -> Config {
    let limits = Limits { requests: 20_000, ..Limits::default() };
    Config { limits, ..Config::paper() }
}

/// The most frames of any second.
fn busiest(times: &[Instant]) -> usize {
    let mut most = 0;
    let mut begin = 0;
    for (end, at) in times.iter().enumerate() {
        while *at - times[begin] >= SECOND {
            begin += 1;
        }
        most = most.max(end - begin + 1);
    }
    most
}

fn bars(request_id: RequestId, symbol: &str, duration_s: usize) -> ClientMessage {
    Box::new(RequestHistoricalData {
        request_id,
        contract: Contract::stock(symbol, "USD"),
        bar_size: Some(BarSize::Seconds5),
        duration: format!("{duration_s} S").as_str().into(),
        data_to_show: Some(DataToShow::Trades),
        ..Default::default()
    })
    .into()
}

#[test]
fn r34_ten_thousand_requests_and_a_kill() {
    for seed in 0..6_u64 {
        let mut pair = Pair::ready_with(patient());
        for _ in 0..10_000 {
            pair.session.request_within(1000 * SECOND, user_info, pair.now).unwrap();
        }
        for order in 0..20 {
            pair.session.send_orders(vec![place(order)], pair.now).unwrap();
        }
        pair.run_for(Duration::from_millis(seed * 7_777 % 60_000));
        pair.session.send_orders(vec![place(100), place(101)], pair.now).unwrap();
        let killed = pair.now;
        pair.session.send_orders(vec![GlobalCancel::default().into()], killed).unwrap();
        pair.run_for(400 * SECOND);
        let left = pair.heard.iter().position(|message| matches!(message, ClientMessage::GlobalCancel(_))).unwrap();
        assert!(pair.heard_at[left] - killed <= HUNDRED_MS, "{:?}", pair.heard_at[left] - killed);
        let most = busiest(&pair.heard_at);
        assert!(most <= 45, "{most} frames in a second");
        let asked = pair.heard.iter().filter(|message| matches!(message, ClientMessage::RequestUserInfo(_)));
        assert_eq!(asked.count(), 10_000, "nothing is lost");
        // Requests use what is theirs: 30 a second, but for the probes.
        assert!(most >= 30);
    }
}

#[test]
fn r34_a_request_that_would_wait_too_long_is_refused() {
    let mut pair = Pair::ready_with(patient());
    for _ in 0..100 {
        pair.session.request(user_info, pair.now).unwrap();
    }
    let refused = pair.session.request_within(SECOND, user_info, pair.now).unwrap_err();
    let RequestError::WouldWait { expected, allowed, why } = refused else { panic!("{refused:?}") };
    assert_eq!((allowed, why), (SECOND, Why::Rate));
    // Seventy wait, thirty leave in a second.
    assert!(expected >= 2 * SECOND && expected <= 4 * SECOND, "{expected:?}");
    let began = pair.now;
    pair.session.request_within(4 * SECOND, user_info, pair.now).unwrap();
    let waits = pair.session.queue(pair.now);
    assert_eq!(waits.len(), 71);
    assert!(waits.iter().all(|waits| (waits.message, waits.why) == ("REQ_USER_INFO", Why::Rate)), "{waits:?}");
    pair.run_for(4 * SECOND);
    assert_eq!(pair.session.queue(pair.now), []);
    let last = pair.heard.iter().rposition(|message| matches!(message, ClientMessage::RequestUserInfo(_))).unwrap();
    assert!(pair.heard_at[last] - began <= expected, "the word was kept");
}

#[test]
fn r34_history_waits_by_its_rules_and_holds_up_nothing_else() {
    let mut pair = Pair::ready();
    let began = pair.now;
    // Seven for one contract, the last two alike; then something else.
    for duration in [60, 61, 62, 63, 64, 65, 65] {
        pair.session.request(move |id| bars(id, "IBM", duration), pair.now).unwrap();
    }
    pair.session.request(user_info, pair.now).unwrap();
    pair.settle();
    assert!(matches!(pair.heard.last(), Some(ClientMessage::RequestUserInfo(_))));
    let why: Vec<_> = pair.session.queue(pair.now).iter().map(|waits| (waits.message, waits.why)).collect();
    assert_eq!(why, [("REQ_HISTORICAL_DATA", Why::HistoryOfContract); 2]);
    // Whoever cannot wait hears so at once, and for how long it would be.
    let refused = pair.session.request_within(SECOND, |id| bars(id, "IBM", 60), pair.now).unwrap_err();
    let expected = 15 * SECOND;
    assert_eq!(refused, RequestError::WouldWait { expected, allowed: SECOND, why: Why::SameHistory });
    pair.run_for(30 * SECOND);
    let left: Vec<u64> = pair
        .heard
        .iter()
        .zip(&pair.heard_at)
        .filter_map(|(message, at)| match message {
            ClientMessage::RequestHistoricalData(_) => Some((*at - began).as_secs()),
            _ => None,
        })
        .collect();
    assert_eq!(left, [0, 0, 0, 0, 0, 2, 17]);
}

#[test]
fn r34_fifty_requests_for_history_are_open_at_most() {
    let mut pair = Pair::ready_with(patient());
    for count in 0..60 {
        let name = format!("S{count}");
        pair.session.request(move |id| bars(id, &name, 60), pair.now).unwrap();
    }
    pair.run_for(5 * SECOND);
    let asked = |pair: &Pair| -> Vec<RequestId> {
        let id = |message: &ClientMessage| match message {
            ClientMessage::RequestHistoricalData(body) => Some(body.request_id),
            _ => None,
        };
        pair.heard.iter().filter_map(id).collect()
    };
    assert_eq!(asked(&pair).len(), 50);
    let waits = pair.session.queue(pair.now);
    assert_eq!(waits.len(), 10);
    assert!(waits.iter().all(|waits| waits.why == Why::HistoryOpen), "{waits:?}");
    // Each that is over makes room for one.
    for id in &asked(&pair)[..3] {
        pair.notice_of(id.0, 162, "no data");
    }
    pair.run_for(SECOND);
    assert_eq!(asked(&pair).len(), 53);
}

#[test]
fn r34_depth_has_its_limit_and_single_ticks_their_pause() {
    let mut pair = Pair::ready();
    let depth = || -> tws_client::session::MakeRequest {
        Box::new(|request_id| Box::new(RequestMarketDepth { request_id, ..Default::default() }).into())
    };
    for _ in 0..3 {
        pair.session.subscribe(depth(), pair.now).unwrap();
    }
    let refused = pair.session.subscribe(depth(), pair.now).unwrap_err();
    assert_eq!(refused, RequestError::LimitReached { request: "REQ_MKT_DEPTH", limit: 3 });
    let ticks = |symbol: &'static str| -> tws_client::session::MakeRequest {
        Box::new(move |request_id| {
            let contract = Contract::stock(symbol, "USD");
            let kind = Some(tws_proto::kinds::TickByTickKind::Last);
            Box::new(RequestTickByTick { request_id, contract, kind, ..Default::default() }).into()
        })
    };
    let began = pair.now;
    for symbol in ["IBM", "AAPL", "IBM"] {
        pair.session.subscribe(ticks(symbol), pair.now).unwrap();
    }
    pair.run_for(20 * SECOND);
    let left: Vec<u64> = pair
        .heard
        .iter()
        .zip(&pair.heard_at)
        .filter_map(|(message, at)| match message {
            ClientMessage::RequestTickByTick(_) => Some((*at - began).as_secs()),
            _ => None,
        })
        .collect();
    assert_eq!(left, [0, 0, 15]);
    // One for every twenty lines of the login, so five: what TWS would refuse is not sent.
    let last = ["MSFT", "NVDA"].map(|symbol| pair.session.subscribe(ticks(symbol), pair.now).unwrap())[1];
    let refused = pair.session.subscribe(ticks("INTC"), pair.now).unwrap_err();
    assert_eq!(refused, RequestError::LimitReached { request: "REQ_TICK_BY_TICK_DATA", limit: 5 });
    pair.session.unsubscribe(last, pair.now);
    pair.session.subscribe(ticks("INTC"), pair.now).unwrap();
}

#[test]
fn r34_where_tws_paces_the_whole_limit_is_used() {
    for (options, most) in [("", 45), ("+PACEAPI", 50)] {
        let mut pair = Pair::ready_with(Config { options: options.into(), ..patient() });
        for id in 0..45 {
            pair.session.send_orders(vec![place(id)], pair.now).unwrap();
        }
        for id in 0..20 {
            pair.session.send_orders(vec![CancelOrder::new(OrderId(1000 + id)).into()], pair.now).unwrap();
        }
        pair.run_for(10 * SECOND);
        assert_eq!(busiest(&pair.heard_at), most, "{options}");
    }
}

#[test]
fn s38_code_100_once_and_three_times() {
    let mut pair = Pair::ready_with(patient());
    let ask = |pair: &mut Pair| {
        for _ in 0..600 {
            pair.session.request_within(1000 * SECOND, user_info, pair.now).unwrap();
        }
    };
    ask(&mut pair);
    let rate = |pair: &mut Pair| {
        let before = pair.heard.len();
        // Of ten seconds less a half: as many bursts as seconds.
        pair.run_for(9 * SECOND + SECOND / 2);
        (pair.heard.len() - before) / 10
    };
    assert_eq!(rate(&mut pair), 30);
    pair.notice(100);
    let slow = rate(&mut pair);
    assert!((13..=15).contains(&slow), "half of it, after the first word: {slow}");
    assert_eq!(pair.alarms(), Vec::<&Alarm>::new());
    pair.run_for(60 * SECOND);
    ask(&mut pair);
    let fast = rate(&mut pair);
    assert!((28..=30).contains(&fast), "for a minute: {fast}");
    pair.notice(100);
    assert_eq!(pair.alarms(), [&Alarm::PacingBreached { breaches: 2 }], "the third time TWS closes the connection");
    pair.notice(100);
    pair.session.handle_closed(None, pair.now);
    assert_eq!(pair.state().reason, Some(Reason::ClosedByPeer));
    pair.run_for(5 * SECOND);
    assert!(pair.state().is_ready());
    assert_eq!(pair.session.counts().requests, 0, "every request ended with its connection");
}

#[test]
fn s38_a_stream_that_was_refused_for_haste_is_asked_for_again() {
    let mut pair = Pair::ready();
    pair.session.subscribe(quotes(), pair.now).unwrap();
    pair.settle();
    let id = tws_client::session::REQUEST_ID_FIRST;
    pair.events.clear();
    pair.notice_of(id, 100, "Max rate of messages per second has been exceeded");
    pair.run_for(5 * SECOND);
    let asked = pair.heard.iter().filter(|message| matches!(message, ClientMessage::RequestMarketData(_))).count();
    assert_eq!(asked, 2);
    assert!(!pair.events.iter().any(|event| matches!(event, Event::Update { update: FeedUpdate::Ended(_), .. })));
}

/// TWS takes fewer messages than it is said to: it complains, closes the connection, and everybody hears.
#[tokio::test(start_paused = true)]
async fn s38_a_tws_with_a_lower_limit() {
    let mut desk = Desk::ready().await;
    desk.sim.inject(Fault::new(Switch::Pacing).number(10)).unwrap();
    let mut quotes = desk.client.market_data(&stock("IBM"), &[]).unwrap();
    let asking: Vec<_> = (0..200)
        .map(|_| {
            let client = desk.client.clone();
            tokio::spawn(async move { client.contract_details(&stock("IBM")).await })
        })
        .collect();
    let mut failed = 0;
    for asking in asking {
        match asking.await.unwrap() {
            Ok(details) => assert_eq!(details.len(), 1),
            Err(
                RequestError::Rejected { code: 100, .. }
                | RequestError::ConnectionReset
                | RequestError::TimedOut { .. },
            ) => failed += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(failed > 0);
    assert!(desk.alarms().iter().any(|alarm| matches!(alarm, Alarm::PacingBreached { .. })));
    desk.sim.clear_faults();
    desk.until(|state| state.is_ready() && state.epoch > Epoch(1)).await;
    tokio::time::sleep(5 * SECOND).await;
    while quotes.try_recv().is_some() {}
    desk.sim.quote("IBM", 60, 61).unwrap();
    assert!(quotes.recv().await.is_some());
}

#[tokio::test(start_paused = true)]
async fn s39_history_is_refused_for_haste_and_then_waits() {
    for code in [162, 420] {
        let desk = Desk::ready().await;
        desk.sim.inject(Fault::new(Switch::HistoricalPacing).code(code)).unwrap();
        let ask = |duration_s: usize| {
            let ClientMessage::RequestHistoricalData(body) = bars(RequestId(0), "IBM", duration_s) else { panic!() };
            *body
        };
        let refused = desk.client.request(ask(60)).await.unwrap_err();
        assert!(matches!(refused, RequestError::Rejected { code: told, .. } if told == code), "{refused:?}");
        // The rest of the session is as it was, and history waits a while.
        assert!(desk.client.contract_details(&stock("IBM")).await.is_ok());
        desk.sim.clear_faults();
        let refused = desk.client.request_within(ask(61), SECOND).await.unwrap_err();
        assert!(matches!(refused, RequestError::WouldWait { why: Why::HistoryPaused, .. }), "{refused:?}");
        let began = tokio::time::Instant::now();
        desk.client.request(ask(62)).await.unwrap();
        assert!(began.elapsed() >= 14 * SECOND, "{:?}", began.elapsed());
    }
    assert_eq!(Pacing::default().same_history_pause, 15 * SECOND);
}
