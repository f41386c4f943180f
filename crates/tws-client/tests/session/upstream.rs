//! R31, and what TWS may lose behind it: S9 to S12, S15.

use std::time::Duration;

use tws_client::session::{Event, FeedUpdate};
use tws_client::{
    Conflate, Epoch, LaneEvent, MarketData, Phase, Reason, SessionEvent, StateChange, Subscription, TradingClient,
    Update,
};
use tws_proto::ServerMessage;
use tws_proto::ids::RequestId;
use tws_proto::kinds::{AccountTag, MarketDataKind};
use tws_proto::message::*;
use tws_sim::{Fault, Switch};

use crate::desk::{Desk, SECOND, builder, config, market, stock};
use crate::pair::{Pair, quotes};

fn asked(pair: &Pair) -> Vec<RequestId> {
    let ids = pair.heard.iter().filter_map(|message| match message {
        ClientMessage::RequestMarketData(body) => Some(body.request_id),
        _ => None,
    });
    ids.collect()
}

fn tick(pair: &mut Pair, request_id: RequestId) {
    pair.say(TickSize { request_id, ..TickSize::default() });
}

#[test]
fn r31_six_farm_flaps_in_five_minutes_cause_no_reconnect() {
    let mut pair = Pair::ready();
    pair.session.subscribe(quotes(), pair.now).unwrap();
    pair.settle();
    for _ in 0..6 {
        for (code, is_down) in [(2103, true), (2105, true), (2119, true), (2104, false), (2106, false), (2158, false)] {
            let text = "Market data farm connection:usfarm";
            pair.say(Box::new(Notice { id: Some(-1), code, text: text.into(), ..Notice::default() }));
            assert_eq!(pair.state().farms_down.is_empty(), !is_down, "{code}");
            assert!(pair.state().takes_orders(), "a farm keeps no order back");
            pair.run_for(8 * SECOND);
        }
    }
    assert_eq!(pair.state().epoch, Epoch(1));
    assert_eq!(asked(&pair).len(), 1, "and no stream is asked for anew");
}

#[test]
fn r31_what_comes_while_ib_is_lost_is_told() {
    for code in [1100, 2110] {
        let mut pair = Pair::ready();
        pair.notice(code);
        assert_eq!(pair.state().phase, Phase::Degraded, "{code}");
        pair.events.clear();
        for order in 0..5 {
            let execution = Execution {
                execution_id: format!("0001.{order}.01"),
                side: tws_proto::kinds::ExecutionSide::Bought,
                ..Execution::default()
            };
            pair.say(Box::new(ExecutionData { execution, ..ExecutionData::default() }));
        }
        let fills = pair
            .events
            .iter()
            .filter(|event| matches!(event, Event::Lane(LaneEvent::Message(ServerMessage::ExecutionData(_)))));
        assert_eq!(fills.count(), 5);
    }
}

#[test]
fn r31_after_1101_every_stream_is_asked_for_once() {
    let mut pair = Pair::ready();
    for _ in 0..5 {
        pair.session.subscribe(quotes(), pair.now).unwrap();
    }
    pair.settle();
    assert_eq!(asked(&pair).len(), 5);
    pair.heard.clear();
    pair.events.clear();
    pair.notice(1100);
    pair.notice(1101);
    pair.run_for(120 * SECOND);
    assert_eq!(asked(&pair).len(), 5);
    let gaps = pair.events.iter().filter(|event| matches!(event, Event::Update { update: FeedUpdate::Gap(_), .. }));
    assert_eq!(gaps.count(), 5);
    assert_eq!(pair.state().epoch, Epoch(1));
}

#[test]
fn r31_after_1102_only_what_told_something_and_now_is_silent_is_asked_for_once_more() {
    let mut pair = Pair::ready();
    for _ in 0..3 {
        pair.session.subscribe(quotes(), pair.now).unwrap();
    }
    pair.settle();
    let ids = asked(&pair);
    // The third has never told anything: nobody knows whether its market trades.
    tick(&mut pair, ids[0]);
    tick(&mut pair, ids[1]);
    pair.notice(1100);
    pair.run_for(20 * SECOND);
    pair.notice(1102);
    pair.heard.clear();
    pair.events.clear();
    pair.run_for(10 * SECOND);
    tick(&mut pair, ids[0]);
    pair.run_for(19 * SECOND);
    assert_eq!(asked(&pair), [], "half a minute has not passed");
    pair.run_for(2 * SECOND);
    let renewed = asked(&pair);
    assert_eq!(renewed.len(), 1);
    let cancelled = pair.heard.iter().find_map(|message| match message {
        ClientMessage::CancelMarketData(body) => Some(body.request_id),
        _ => None,
    });
    assert_eq!(cancelled, Some(ids[1]), "the old one is ended at TWS, so that there are not two");
    let gap = |event: &&Event| matches!(event, Event::Update { update: FeedUpdate::Gap(_), .. });
    assert_eq!(pair.events.iter().filter(gap).count(), 1);
    pair.run_for(600 * SECOND);
    assert_eq!(asked(&pair).len(), 1, "once");
    assert_eq!(pair.state().epoch, Epoch(1), "no stale stream costs a connection");
}

#[test]
fn after_a_reconnect_what_told_something_before_and_now_is_silent_is_asked_for_once_more() {
    let mut pair = Pair::ready();
    for _ in 0..3 {
        pair.session.subscribe(quotes(), pair.now).unwrap();
    }
    pair.settle();
    let ids = asked(&pair);
    // The third has never told anything: nobody knows whether its market trades.
    tick(&mut pair, ids[0]);
    tick(&mut pair, ids[1]);
    for lost_upstream in [false, true] {
        pair.session.handle_closed(None, pair.now);
        pair.heard.clear();
        pair.run_for(2 * SECOND);
        let ids = asked(&pair);
        assert_eq!(ids.len(), 3);
        pair.heard.clear();
        if lost_upstream {
            // While TWS has lost IB it is of no use to ask.
            pair.notice(1100);
            pair.run_for(100 * SECOND);
            assert_eq!(asked(&pair), []);
            pair.notice(1102);
        }
        tick(&mut pair, ids[0]);
        pair.run_for(28 * SECOND);
        assert_eq!(asked(&pair), [], "half a minute has not passed");
        pair.run_for(3 * SECOND);
        let again = asked(&pair);
        assert_eq!(again.len(), 1, "lost upstream: {lost_upstream}");
        let cancelled = pair.heard.iter().find_map(|message| match message {
            ClientMessage::CancelMarketData(body) => Some(body.request_id),
            _ => None,
        });
        assert_eq!(cancelled, Some(ids[1]));
        pair.run_for(600 * SECOND);
        assert_eq!(asked(&pair).len(), 1, "once");
    }
}

/// F4: what TWS drops at its start may be which data is wanted, too.
#[test]
fn the_kind_of_data_is_said_again_before_streams_that_are_asked_for_once_more() {
    let mut pair = Pair::ready();
    pair.session.choose_data_kind(MarketDataKind::Delayed, pair.now);
    pair.session.subscribe(quotes(), pair.now).unwrap();
    pair.settle();
    let id = asked(&pair)[0];
    tick(&mut pair, id);
    pair.session.handle_closed(None, pair.now);
    pair.run_for(2 * SECOND);
    pair.heard.clear();
    pair.run_for(31 * SECOND);
    let names = pair.heard.iter().map(|message| message.facts().name).filter(|name| *name != "REQ_CURRENT_TIME");
    assert_eq!(names.collect::<Vec<_>>(), ["REQ_MARKET_DATA_TYPE", "CANCEL_MKT_DATA", "REQ_MKT_DATA"]);
}

#[test]
fn r31_a_stale_stream_is_told_once_and_so_is_its_return() {
    let mut pair = Pair::ready();
    let [first, second] = [(); 2].map(|()| pair.session.subscribe(quotes(), pair.now).unwrap());
    pair.settle();
    let ids = asked(&pair);
    pair.run_for(30 * SECOND);
    tick(&mut pair, ids[0]);
    pair.events.clear();
    pair.run_for(45 * SECOND);
    let told = |pair: &Pair| -> Vec<SessionEvent> {
        let event = |event: &Event| match event {
            Event::Told(event) => Some(event.clone()),
            _ => None,
        };
        pair.events.iter().filter_map(event).collect()
    };
    let stale: Vec<_> = told(&pair);
    let [SessionEvent::Stale { streams }] = &stale[..] else { panic!("{stale:?}") };
    assert_eq!(streams.iter().map(|stream| stream.subscription).collect::<Vec<_>>(), [second]);
    assert_eq!(pair.session.silent_for(first, pair.now), Some(45 * SECOND));
    pair.run_for(3600 * SECOND);
    assert_eq!(told(&pair).len(), 2, "each once");
    tick(&mut pair, ids[1]);
    let silent_for = 30 * SECOND + 45 * SECOND + 3600 * SECOND;
    assert_eq!(told(&pair)[2], SessionEvent::Fresh { subscription: second, silent_for });
    assert_eq!(pair.state().epoch, Epoch(1));
}

#[test]
fn r31_without_ib_for_5_minutes_a_fresh_connection_tells_the_truth() {
    for code in [1100, 2110] {
        let mut pair = Pair::ready();
        pair.notice(code);
        pair.run_for(299 * SECOND);
        assert_eq!(pair.state().epoch, Epoch(1));
        pair.run_for(3 * SECOND);
        assert_eq!((pair.state().epoch, pair.state().takes_orders()), (Epoch(2), true));
        assert!(pair.events.iter().any(|event| matches!(
            event,
            Event::Lane(LaneEvent::State(StateChange::EpochLost { reason: Reason::UpstreamDown, .. }))
        )));
    }
}

/// Streams of quotes, each of which has told something.
async fn streams(client: &TradingClient) -> Vec<MarketData> {
    let mut streams: Vec<_> =
        ["IBM", "AAPL", "MSFT"].iter().map(|name| client.market_data(&stock(name), &[]).unwrap()).collect();
    tokio::time::sleep(2 * SECOND).await;
    for stream in &mut streams {
        assert!(data(stream) > 0);
    }
    streams
}

/// How much data came.
fn data<T: Conflate>(stream: &mut Subscription<T>) -> usize {
    std::iter::from_fn(|| stream.try_recv()).filter(|update| matches!(update, Update::Data(_))).count()
}

/// Every stream hears a new quote.
async fn alive(desk: &Desk, streams: &mut [MarketData]) {
    streams.iter_mut().for_each(|stream| while stream.try_recv().is_some() {});
    for name in ["IBM", "AAPL", "MSFT"] {
        desk.sim.quote(name, 60, 61).unwrap();
    }
    tokio::time::sleep(SECOND).await;
    for stream in streams {
        assert!(data(stream) > 0);
    }
}

#[tokio::test(start_paused = true)]
async fn s09_1100_then_1101() {
    let desk = Desk::ready().await;
    let mut streams = streams(&desk.client).await;
    desk.sim.inject(Switch::UpstreamLost).unwrap();
    desk.until(|state| state.phase == Phase::Degraded).await;
    tokio::time::sleep(120 * SECOND).await;
    desk.sim.inject(Switch::UpstreamRestoredLost).unwrap();
    desk.until(|state| state.takes_orders()).await;
    tokio::time::sleep(2 * SECOND).await;
    alive(&desk, &mut streams).await;
    assert_eq!(desk.client.state().borrow().epoch, Epoch(1));
    assert_eq!(desk.client.counts().subscriptions_live, 3);
}

#[tokio::test(start_paused = true)]
async fn s10_1100_then_1102_with_silent_data() {
    let desk = Desk::ready().await;
    let mut streams = streams(&desk.client).await;
    desk.sim.inject(Switch::UpstreamLost).unwrap();
    desk.until(|state| state.phase == Phase::Degraded).await;
    tokio::time::sleep(60 * SECOND).await;
    // The notice says that the data goes on; it does not.
    desk.sim.inject(Switch::SilentData).unwrap();
    desk.sim.inject(Switch::UpstreamRestored).unwrap();
    desk.until(|state| state.takes_orders()).await;
    tokio::time::sleep(20 * SECOND).await;
    let before = desk.client.counts().frames_out;
    tokio::time::sleep(15 * SECOND).await;
    // Three ends, three requests; probes and their kin beside them.
    assert!(desk.client.counts().frames_out >= before + 6);
    desk.sim.clear(Switch::SilentData);
    alive(&desk, &mut streams).await;
    assert_eq!(desk.client.state().borrow().epoch, Epoch(1));
    assert_eq!(desk.client.counts().subscriptions_live, 3);
}

/// Long enough for many fresh connections, each of which must not be taken for an end of the outage by the alarm alone.
#[tokio::test(start_paused = true)]
async fn s11_1100_for_3_h_over_a_market_close() {
    let mut desk = Desk::open(builder().keep_hours(), config()).await;
    desk.client.ready(5 * SECOND).await.unwrap();
    let mut streams: Vec<_> =
        ["IBM", "AAPL", "MSFT"].iter().map(|name| desk.client.market_data(&stock(name), &[]).unwrap()).collect();
    tokio::time::sleep(2 * SECOND).await;
    desk.sim.inject(Switch::UpstreamLost).unwrap();
    tokio::time::sleep(Duration::from_secs(3 * 3600)).await;
    let epochs = desk.client.state().borrow().epoch.0;
    assert!(epochs <= 3 * 12 + 2, "a fresh connection every five minutes at most: {epochs}");
    desk.sim.inject(Switch::UpstreamRestored).unwrap();
    desk.until(|state| state.takes_orders()).await;
    tokio::time::sleep(60 * SECOND).await;
    assert_eq!(desk.client.counts().subscriptions_live, 3);
    for stream in &mut streams {
        while let Some(update) = stream.try_recv() {
            assert!(!matches!(update, Update::Ended(_)), "{update:?}");
        }
    }
    assert!(!desk.alarms().is_empty(), "somebody was told");
}

/// Who was told that a stream is stale hears when that is over, whatever came in between.
#[test]
fn a_stale_stream_that_is_asked_for_anew_is_fresh_once_it_tells_something() {
    for asked_anew_by in ["a new connection", "1101", "1102"] {
        let mut pair = Pair::ready();
        let stream = pair.session.subscribe(quotes(), pair.now).unwrap();
        pair.settle();
        let id = asked(&pair)[0];
        tick(&mut pair, id);
        pair.run_for(61 * SECOND);
        let told = |pair: &Pair| -> Vec<SessionEvent> {
            let told = pair.events.iter().filter_map(|event| match event {
                Event::Told(told) => Some(told.clone()),
                _ => None,
            });
            told.collect()
        };
        assert!(matches!(&told(&pair)[..], [SessionEvent::Stale { .. }]), "{asked_anew_by}");
        pair.events.clear();
        pair.heard.clear();
        match asked_anew_by {
            "1101" | "1102" => {
                pair.notice(1100);
                pair.notice(asked_anew_by.parse().unwrap());
            }
            _ => pair.session.handle_closed(None, pair.now),
        }
        pair.run_for(120 * SECOND);
        assert_eq!(told(&pair), [], "it is stale still, and that was told");
        let id = *asked(&pair).last().unwrap();
        tick(&mut pair, id);
        let fresh = SessionEvent::Fresh { subscription: stream, silent_for: 181 * SECOND };
        assert_eq!(told(&pair), [fresh], "{asked_anew_by}");
        pair.run_for(61 * SECOND);
        assert!(matches!(&told(&pair)[..], [_, SessionEvent::Stale { .. }]), "and it can be stale again");
    }
}

#[tokio::test(start_paused = true)]
async fn s12_the_socket_is_lost_while_ib_is() {
    let mut desk = Desk::ready().await;
    let mut streams = streams(&desk.client).await;
    desk.sim.inject(Switch::UpstreamLost).unwrap();
    desk.until(|state| state.phase == Phase::Degraded).await;
    desk.sim.inject(Switch::Drop).unwrap();
    desk.until(|state| state.epoch == Epoch(2) && state.phase.is_live()).await;
    tokio::time::sleep(10 * SECOND).await;
    desk.sim.inject(Switch::UpstreamRestoredLost).unwrap();
    desk.until(|state| state.takes_orders()).await;
    tokio::time::sleep(3 * SECOND).await;
    alive(&desk, &mut streams).await;
    let changes = desk.told().into_iter().filter_map(|event| match event {
        LaneEvent::State(change) => Some(change),
        _ => None,
    });
    let lost = changes.filter(|change| matches!(change, StateChange::EpochLost { .. }));
    assert_eq!(lost.count(), 1);
}

/// F4: TWS is there again before it has joined IB, and drops what it is asked until then.
#[tokio::test(start_paused = true)]
async fn streams_whose_requests_tws_drops_at_its_start_live_again() {
    let desk = Desk::ready().await;
    let account = desk.client.state().borrow().accounts[0].clone();
    let mut streams = streams(&desk.client).await;
    let mut positions = desk.client.position_updates().unwrap();
    let mut values = desk.client.account_updates(&account).unwrap();
    let mut summary = desk.client.account_summary_updates("All", &[AccountTag::NetLiquidation]).unwrap();
    let mut profit = desk.client.profit(&account, "").unwrap();
    tokio::time::sleep(5 * SECOND).await;
    assert!(data(&mut positions) > 0 && data(&mut values) > 0 && data(&mut summary) > 0 && data(&mut profit) > 0);
    desk.sim.inject(Fault::new(Switch::RequestsLost).ms(3000)).unwrap();
    desk.sim.drop_connections();
    desk.until(|state| state.epoch == Epoch(2) && state.takes_orders()).await;
    tokio::time::sleep(35 * SECOND).await;
    alive(&desk, &mut streams).await;
    assert!(data(&mut positions) > 0, "positions");
    assert!(data(&mut values) > 0, "values");
    assert!(data(&mut summary) > 0, "summary");
    assert!(data(&mut profit) > 0, "profit");
}

/// Executions that come a minute late come on the lane all the same, through a reset of the server.
#[tokio::test(start_paused = true)]
async fn s15_a_server_reset_with_delayed_executions() {
    let mut desk = Desk::ready().await;
    let first = desk.client.state().borrow().next_order_id.unwrap().0;
    desk.sim.quote("IBM", 99, 100).unwrap();
    desk.sim.inject(Fault::new(Switch::ExecutionsLate).ms(60_000)).unwrap();
    for id in first..first + 3 {
        desk.client.send_order_messages(vec![market(id, 1)]).unwrap();
    }
    tokio::time::sleep(2 * SECOND).await;
    desk.sim.inject(Switch::UpstreamLost).unwrap();
    tokio::time::sleep(20 * SECOND).await;
    desk.sim.inject(Switch::UpstreamRestored).unwrap();
    tokio::time::sleep(120 * SECOND).await;
    let mut executions: Vec<_> = desk
        .told()
        .into_iter()
        .filter_map(|event| match event {
            LaneEvent::Message(ServerMessage::ExecutionData(data)) => Some(data.execution.execution_id),
            _ => None,
        })
        .collect();
    executions.sort();
    executions.dedup();
    assert_eq!(executions.len(), 3);
}

fn bars_kept_up(request_id: RequestId) -> ClientMessage {
    Box::new(RequestHistoricalData {
        request_id,
        contract: stock("IBM"),
        bar_size: Some(tws_proto::kinds::BarSize::Minute1),
        duration: "1 D".into(),
        keep_up_to_date: true,
        ..RequestHistoricalData::default()
    })
    .into()
}

/// TWS ends what it tells of bars when it loses IB (10182), when an exchange takes trades back (10225), and for haste: each
/// time it says that the stream should be asked for again. It is, once TWS has IB, with a gap, and once in 30 s at most.
#[test]
fn a_stream_of_bars_that_tws_has_ended_is_asked_for_again() {
    let ids = |pair: &Pair| -> Vec<RequestId> {
        let ids = pair.heard.iter().filter_map(|message| match message {
            ClientMessage::RequestHistoricalData(body) => Some(body.request_id),
            _ => None,
        });
        ids.collect()
    };
    for (code, text) in [
        (10182, "Failed to request live updates (disconnected)."),
        (
            10225,
            "Bust event occurred, current subscription is deactivated. Please resubscribe real-time bars immediately",
        ),
        (162, "Historical Market Data Service error message:Historical data request pacing violation"),
        (420, "Invalid Real-time Query:Historical data request pacing violation"),
    ] {
        for upstream_is_lost in [false, true] {
            let mut pair = Pair::ready();
            pair.session.subscribe(Box::new(bars_kept_up), pair.now).unwrap();
            pair.settle();
            let [first] = ids(&pair)[..] else { panic!("asked once") };
            pair.say(HistoricalDataEnd { request_id: first, ..HistoricalDataEnd::default() });
            pair.run_for(100 * SECOND);
            pair.events.clear();
            pair.notice_of(first.0, code, text);
            if upstream_is_lost {
                pair.notice(1100);
                pair.run_for(200 * SECOND);
                assert_eq!(ids(&pair).len(), 1, "{code}: TWS could not answer");
                pair.notice(1102);
            }
            pair.run_for(31 * SECOND);
            assert_eq!(ids(&pair).len(), 2, "{code} {upstream_is_lost}");
            for _ in 0..3 {
                let last = *ids(&pair).last().unwrap();
                pair.notice_of(last.0, code, text);
            }
            pair.run_for(5 * SECOND);
            assert_eq!(ids(&pair).len(), 2, "{code}: not at once");
            pair.run_for(30 * SECOND);
            assert_eq!(ids(&pair).len(), 3, "{code}");
            let updates = |wanted: fn(&FeedUpdate) -> bool| {
                let told = |event: &&Event| matches!(event, Event::Update { update, .. } if wanted(update));
                pair.events.iter().filter(told).count()
            };
            assert_eq!(updates(|update| matches!(update, FeedUpdate::Ended(_))), 0, "{code}");
            assert_eq!(updates(|update| matches!(update, FeedUpdate::Notice(_))), 4, "{code}: its reader hears why");
            assert_eq!(updates(|update| matches!(update, FeedUpdate::Gap(_))), 2, "{code}");
        }
    }
    // Anything else that is wrong with it ends it.
    let mut pair = Pair::ready();
    pair.session.subscribe(Box::new(bars_kept_up), pair.now).unwrap();
    pair.settle();
    let id = ids(&pair)[0].0;
    pair.notice_of(id, 162, "Historical Market Data Service error message:No market data permissions for NYSE STK");
    assert!(pair.events.iter().any(|event| matches!(event, Event::Update { update: FeedUpdate::Ended(_), .. })));
}

/// A book of depth that is halted (316) stands still until it is asked for again, and is new then.
#[test]
fn a_book_that_is_halted_is_asked_for_again() {
    let mut pair = Pair::ready();
    let depth =
        |request_id| Box::new(RequestMarketDepth { request_id, contract: stock("IBM"), ..Default::default() }).into();
    pair.session.subscribe(Box::new(depth), pair.now).unwrap();
    pair.settle();
    pair.notice_of(
        tws_client::session::REQUEST_ID_FIRST,
        316,
        "Market depth data has been HALTED. Please re-subscribe.",
    );
    pair.run_for(31 * SECOND);
    let asked = pair.heard.iter().filter(|message| matches!(message, ClientMessage::RequestMarketDepth(_))).count();
    assert_eq!(asked, 2);
    let told = |wanted: fn(&FeedUpdate) -> bool| {
        pair.events.iter().any(|event| matches!(event, Event::Update { update, .. } if wanted(update)))
    };
    assert!(
        told(|update| matches!(update, FeedUpdate::Gap(_))) && !told(|update| matches!(update, FeedUpdate::Ended(_)))
    );
}
