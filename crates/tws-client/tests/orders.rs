//! The order lane: what may leave, what never leaves twice, and what is told in which order.

mod support;

use std::time::Duration;

use bytes::BytesMut;
use support::{BID, SECOND, cancel, place, ready_session, session, short};
use tokio::time::Instant;
use tws_client::config::{Limits, Pacing};
use tws_client::{
    Config, Epoch, LaneEvent, OrderEvents, Phase, Reason, SendError, StateChange, Tick, Unsent, UnsentCause, Update,
    Upstream, Wish,
};
use tws_proto::ids::{ClientId, OrderId, PermanentId, RequestId};
use tws_proto::kinds::Status;
use tws_proto::message::{
    AttachedOrders, ClientMessage, GlobalCancel, Message, OrderBound, OrderStatus, RequestOpenOrders, ServerMessage,
    TickPrice,
};
use tws_proto::{Contract, Missing, ServerVersion};

fn status(order_id: i32) -> ServerMessage {
    Box::new(OrderStatus { order_id: OrderId(order_id), status: Status::Submitted, ..OrderStatus::default() }).into()
}

fn unsent(order_ids: &[i32], cause: UnsentCause) -> LaneEvent {
    let order_ids = order_ids.iter().copied().map(OrderId).collect();
    LaneEvent::Unsent(Unsent { epoch: Epoch(1), order_ids, wish: Wish::Place, cause })
}

/// What the lane told so far, in short.
fn told(events: &mut OrderEvents) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(event) = events.try_recv() {
        told.push(match event {
            LaneEvent::Message(ServerMessage::OrderStatus(status)) => format!("status {}", status.order_id),
            LaneEvent::Message(message) => message.facts().name.to_owned(),
            LaneEvent::Notice(notice) => format!("notice {}", notice.code),
            LaneEvent::Unsent(unsent) => format!("unsent {:?}", unsent.cause),
            LaneEvent::BadFrame(bad) => format!("bad {}", bad.message),
            LaneEvent::State(change) => match change {
                StateChange::EpochBegan { epoch } => format!("began {epoch}"),
                StateChange::Ready(ready) => format!("ready {}", ready.epoch),
                StateChange::EpochLost { epoch, .. } => format!("lost {epoch}"),
                StateChange::UpstreamDown { code, .. } => format!("down {code}"),
                StateChange::UpstreamUp { code, .. } => format!("up {code}"),
                other => format!("{other:?}"),
            },
        });
    }
    told
}

/// Ten ticks, an order event and a hundred ticks, in one read.
#[tokio::test(start_paused = true)]
async fn a_tick_behind_a_waiting_order_event_stays_behind_it() {
    let (client, mut listener, _driver) = session(Config::paper());
    let mut events = client.take_order_events().unwrap();
    let mut peer = listener.ready().await;
    client.ready(SECOND).await.unwrap();
    let mut ticks = client.market_data(&Contract::stock("IBM", "USD"), &[]).unwrap();
    let request_id = peer.hear_market_data().await;
    told(&mut events);
    let (log, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let other_log = log.clone();
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            assert!(matches!(event, LaneEvent::Message(ServerMessage::OrderStatus(_))), "{event:?}");
            log.send(None).unwrap();
        }
    });
    tokio::spawn(async move {
        while let Some(Update::Data(Tick::Price(tick))) = ticks.recv().await {
            other_log.send(tick.price).unwrap();
        }
    });
    let tick = |price: i64| -> ServerMessage {
        TickPrice { request_id, kind: BID, price: Some(price.into()), ..TickPrice::default() }.into()
    };
    let (before, behind) = ((1..=10).map(tick), (11..=110).map(tick));
    let mut bytes = BytesMut::new();
    for message in before.chain([status(1)]).chain(behind) {
        message.write(ServerVersion::NEWEST, Missing::Refuse, &mut bytes).unwrap();
    }
    peer.say_raw(&bytes).await;
    tokio::time::sleep(SECOND).await;
    let mut order = Vec::new();
    while let Ok(entry) = heard.try_recv() {
        order.push(entry);
    }
    let of_order = order.iter().position(Option::is_none).expect("the order event is told");
    let first_behind = order.iter().position(|price| *price == Some(11.into())).expect("the ticks are told");
    assert!(of_order < first_behind, "{order:?}");
    let prices: Vec<_> = order.into_iter().flatten().collect();
    assert_eq!(prices, (1..=110).map(Into::into).collect::<Vec<_>>(), "each once, in the order of the wire");
}

#[tokio::test(start_paused = true)]
async fn the_lane_tells_links_notices_and_orders_in_the_order_of_the_wire() {
    let (client, mut listener, _driver) = session(Config::paper());
    let mut events = client.take_order_events().unwrap();
    assert!(client.take_order_events().is_none());
    let mut peer = listener.started().await;
    peer.notice(-1, 2104, "Market data farm connection is OK:usfarm").await;
    peer.get_ready().await;
    client.ready(SECOND).await.unwrap();
    peer.say(status(7)).await;
    peer.notice(-1, 1100, "lost").await;
    peer.say(status(8)).await;
    peer.say_raw(b"\0\0\0\x05\0\0\0\xcb\xff").await;
    peer.notice(8, 201, "rejected").await;
    peer.notice(-1, 1102, "back").await;
    peer.say(TickPrice { request_id: RequestId(3), kind: BID, ..TickPrice::default() }).await;
    drop(peer);
    let mut states = client.state();
    states.wait_for(|state| state.phase == Phase::Disconnected).await.unwrap();
    assert_eq!(
        told(&mut events),
        [
            "began 1",
            "notice 2104",
            "NEXT_VALID_ID",
            "MANAGED_ACCTS",
            "ready 1",
            "status 7",
            "notice 1100",
            "down 1100",
            "status 8",
            "bad ORDER_STATUS",
            "notice 201",
            "notice 1102",
            "up 1102",
            "lost 1",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_burst_leaves_whole_in_order_and_names_its_epoch() {
    let (client, _listener, mut peer) = ready_session().await;
    assert_eq!(client.send_order_messages(vec![place(100), place(101), place(102)]), Ok(Epoch(1)));
    assert_eq!(short(&peer.hear_for(SECOND).await), ["place 100", "place 101", "place 102"]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_leave_is_refused_at_once_and_wholly() {
    let (client, mut listener, _driver) = session(Config::paper());
    let began = Instant::now();
    let refused = client.send_order_messages(vec![place(1)]);
    assert!(matches!(refused, Err(SendError::NotReady { .. })), "{refused:?}");
    let mut peer = listener.started_at(ServerVersion(187)).await;
    let refused = client.send_order_messages(vec![cancel(1)]);
    assert_eq!(refused, Err(SendError::NotReady { phase: Phase::Starting }));
    peer.get_ready().await;
    client.ready(SECOND).await.unwrap();
    let mut attached = place(2);
    if let ClientMessage::PlaceOrder(body) = &mut attached {
        body.attached = Some(AttachedOrders { stop_loss_id: Some(OrderId(3)), ..AttachedOrders::default() });
    }
    for (burst, expected) in [
        (vec![place(1), attached], "Refused"),
        (vec![place(1), RequestOpenOrders {}.into()], "NotAnOrder"),
        (vec![place(2_000_000_000)], "ReservedOrderId"),
        ((0..41).map(place).collect(), "BurstTooLarge"),
    ] {
        let refused = client.send_order_messages(burst).unwrap_err();
        assert!(format!("{refused:?}").starts_with(expected), "{refused:?}");
        assert!(refused.to_string().starts_with("nothing was sent"), "{refused}");
    }
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(peer.hear_for(SECOND).await, []);
}

#[tokio::test(start_paused = true)]
async fn orders_are_never_sent_again() {
    let (client, mut listener, mut peer) = ready_session().await;
    client.send_order_messages(vec![place(100), place(101)]).unwrap();
    assert_eq!(peer.hear_for(SECOND).await.len(), 2);
    drop(peer);
    for epoch in 2..6 {
        let mut peer = listener.ready().await;
        assert_eq!(peer.hear_for(8 * SECOND).await, [], "epoch {epoch}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_its_turn_dies_with_its_epoch() {
    let (client, mut listener, mut peer) = ready_session().await;
    let mut events = client.take_order_events().unwrap();
    client.send_order_messages((0..39).map(place).collect()).unwrap();
    client.send_order_messages(vec![place(50), place(51)]).unwrap();
    client.send_order_messages((100..110).map(cancel).collect()).unwrap();
    assert_eq!(peer.hear_for(Duration::from_millis(100)).await.len(), 44);
    drop(peer);
    let mut peer = listener.ready().await;
    assert_eq!(peer.hear_for(5 * SECOND).await, []);
    assert_eq!(events.recv().await, Some(unsent(&[50, 51], UnsentCause::EpochLost)));
    for id in 105..110 {
        let (order_ids, cause) = (vec![OrderId(id)], UnsentCause::EpochLost);
        let cancel = Unsent { epoch: Epoch(1), order_ids, wish: Wish::Cancel, cause };
        assert_eq!(events.recv().await, Some(LaneEvent::Unsent(cancel)));
    }
    let lost = events.recv().await;
    assert!(matches!(lost, Some(LaneEvent::State(StateChange::EpochLost { epoch: Epoch(1), .. }))), "{lost:?}");
}

#[tokio::test(start_paused = true)]
async fn while_tws_has_lost_ib_only_cancels_leave() {
    for code in [1100, 2110] {
        let (client, _listener, mut peer) = ready_session().await;
        peer.notice(-1, code, "lost").await;
        let mut states = client.state();
        states.wait_for(|state| state.upstream == Upstream::Down { code }).await.unwrap();
        assert_eq!(client.send_order_messages(vec![place(1)]), Err(SendError::UpstreamDown { code }));
        client.send_order_messages(vec![cancel(1), GlobalCancel::default().into()]).unwrap();
        assert_eq!(short(&peer.hear_for(SECOND).await), ["cancel 1", "REQ_GLOBAL_CANCEL"]);
        peer.notice(-1, 1102, "back").await;
        states.wait_for(|state| state.takes_orders()).await.unwrap();
        client.send_order_messages(vec![place(1)]).unwrap();
        assert_eq!(short(&peer.hear_for(SECOND).await), ["place 1"]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_when_tws_loses_ib_is_not_sent() {
    let (client, _listener, mut peer) = ready_session().await;
    let mut events = client.take_order_events().unwrap();
    client.send_order_messages((0..39).map(place).collect()).unwrap();
    client.send_order_messages(vec![place(50), place(51)]).unwrap();
    peer.notice(-1, 1100, "lost").await;
    assert_eq!(peer.hear_for(5 * SECOND).await.len(), 39);
    assert_eq!(told(&mut events), ["notice 1100", "unsent UpstreamDown", "down 1100"]);
}

#[tokio::test(start_paused = true)]
async fn cancels_overtake_everything_and_the_window_holds() {
    let (client, _listener, mut peer) = ready_session().await;
    for _ in 0..500 {
        drop(tokio::spawn({
            let client = client.clone();
            async move { client.contract_details(&Default::default()).await }
        }));
    }
    tokio::task::yield_now().await;
    for id in 0..60 {
        client.send_order_messages(vec![place(id)]).unwrap();
    }
    client.send_order_messages(vec![cancel(1000)]).unwrap();
    let began = Instant::now();
    let mut log = Vec::new();
    while log.len() < 200 {
        let message = peer.hear().await;
        log.push((began.elapsed(), short(&[message]).remove(0)));
    }
    let (at, _) = log.iter().find(|(_, name)| name == "cancel 1000").unwrap();
    assert!(*at < Duration::from_millis(100), "{at:?}");
    let places: Vec<_> =
        log.iter().filter(|(_, name)| name.starts_with("place")).map(|(_, name)| name.clone()).collect();
    assert_eq!(places, (0..60).map(|id| format!("place {id}")).collect::<Vec<_>>());
    for (place, (first, _)) in log.iter().enumerate() {
        let inside = log[place..].iter().take_while(|(at, _)| *at < *first + SECOND).count();
        assert!(inside <= 45, "{inside} in the second from {first:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_large_burst_is_not_starved_by_requests() {
    let (client, _listener, mut peer) = ready_session().await;
    for _ in 0..500 {
        drop(tokio::spawn({
            let client = client.clone();
            async move { client.contract_details(&Default::default()).await }
        }));
    }
    tokio::task::yield_now().await;
    client.send_order_messages((0..35).map(place).collect()).unwrap();
    let heard = short(&peer.hear_for(Duration::from_millis(1500)).await);
    let first = heard.iter().position(|name| name == "place 0").expect("it left in time");
    assert_eq!(heard[first..first + 35], (0..35).map(|id| format!("place {id}")).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn every_cancel_leaves_however_many_there_are() {
    let (client, _listener, mut peer) = ready_session().await;
    client.send_order_messages((0..200).map(cancel).collect()).unwrap();
    client.send_order_messages(vec![place(500)]).unwrap();
    let heard = short(&peer.hear_for(6 * SECOND).await);
    assert_eq!(heard, (0..200).map(|id| format!("cancel {id}")).collect::<Vec<_>>(), "and the order grew stale");
}

#[tokio::test(start_paused = true)]
async fn a_cancel_never_overtakes_its_own_order() {
    let (client, _listener, mut peer) = ready_session().await;
    let mut events = client.take_order_events().unwrap();
    for id in 0..39 {
        client.send_order_messages(vec![place(id)]).unwrap();
    }
    client.send_order_messages(vec![place(50), place(51), place(52)]).unwrap();
    client.send_order_messages(vec![place(60)]).unwrap();
    client.send_order_messages(vec![cancel(51)]).unwrap();
    let heard = short(&peer.hear_for(3 * SECOND).await);
    assert_eq!(heard[39..], ["cancel 51", "place 60"]);
    assert_eq!(events.recv().await, Some(unsent(&[50, 51, 52], UnsentCause::Cancelled)));
}

#[tokio::test(start_paused = true)]
async fn a_burst_that_waits_too_long_is_not_sent() {
    let pacing = Pacing { frames_per_second: 4, reserved_for_cancels: 1, reserved_for_orders: 1, ..Default::default() };
    let (client, mut listener, _driver) = session(Config { pacing, ..Config::paper() });
    let mut events = client.take_order_events().unwrap();
    let mut peer = listener.ready().await;
    client.ready(SECOND).await.unwrap();
    for id in 0..20 {
        client.send_order_messages(vec![place(id)]).unwrap();
    }
    let sent = peer.hear_for(5 * SECOND).await.len();
    let unsent = told(&mut events).iter().filter(|told| *told == "unsent Stale").count();
    assert!((6..=9).contains(&sent), "{sent}");
    assert_eq!(sent + unsent, 20);
}

#[tokio::test(start_paused = true)]
async fn an_order_does_not_go_to_a_link_that_went_silent() {
    let (client, _listener, mut peer) = ready_session().await;
    let mut events = client.take_order_events().unwrap();
    // A link that answers its probe takes the order.
    tokio::time::sleep(3 * SECOND).await;
    client.send_order_messages(vec![place(1)]).unwrap();
    assert_eq!(short(&peer.hear_for(SECOND).await), ["place 1"]);
    // One that does not, does not.
    tokio::time::sleep(3 * SECOND).await;
    peer.answers_probes = false;
    client.send_order_messages(vec![place(2)]).unwrap();
    client.send_order_messages(vec![cancel(1)]).unwrap();
    let heard = short(&peer.hear_for(2 * SECOND).await);
    assert_eq!(heard, ["REQ_CURRENT_TIME", "cancel 1"]);
    assert_eq!(events.recv().await, Some(unsent(&[2], UnsentCause::NoProbeAnswer)));
}

#[tokio::test(start_paused = true)]
async fn a_lane_that_is_not_read_ends_the_epoch_and_loses_nothing() {
    let limits = Limits { lane_events: 50, ..Limits::default() };
    let (client, mut listener, _driver) = session(Config { limits, ..Config::paper() });
    let mut events = client.take_order_events().unwrap();
    let mut peer = listener.ready().await;
    client.ready(SECOND).await.unwrap();
    let mut states = client.state();
    let mut said = 0;
    while client.state().borrow().phase == Phase::Ready {
        peer.say(status(said)).await;
        said += 1;
        tokio::task::yield_now().await;
    }
    assert_eq!(states.borrow_and_update().reason, Some(Reason::LaneOverflow));
    drop(peer);
    // No epoch begins before the lane is read.
    tokio::time::sleep(120 * SECOND).await;
    assert_eq!(listener.waiting(), 0);
    assert_eq!(client.state().borrow().phase, Phase::Disconnected);
    let told = told(&mut events);
    let delivered = told.iter().filter(|told| told.starts_with("status")).count();
    assert!((46..60).contains(&delivered), "{delivered}");
    let expected: Vec<_> = (0..delivered).map(|id| format!("status {id}")).collect();
    assert_eq!(told[4..4 + delivered], expected);
    assert_eq!(told.last().unwrap(), "lost 1");
    let _peer = listener.ready().await;
    assert_eq!(client.ready(40 * SECOND).await.unwrap().epoch, Epoch(2));
}

#[tokio::test(start_paused = true)]
async fn a_lane_that_nobody_wants_holds_nothing() {
    let limits = Limits { lane_events: 5, ..Limits::default() };
    let (client, mut listener, _driver) = session(Config { limits, ..Config::paper() });
    let mut peer = listener.ready().await;
    client.ready(SECOND).await.unwrap();
    for id in 0..50 {
        peer.say(status(id)).await;
    }
    client.server_time().await.unwrap_err();
    assert_eq!(client.state().borrow().epoch, Epoch(1));
}

/// Only client 0 binds: then this is the one word that says which order of which client became which.
#[tokio::test(start_paused = true)]
async fn r18_that_an_order_made_by_hand_was_bound_is_told() {
    let (client, mut listener, _driver) = session(Config { client_id: ClientId(0), ..Config::paper() });
    let mut events = client.take_order_events().unwrap();
    let mut peer = listener.ready().await;
    client.ready(SECOND).await.unwrap();
    client.bind_manual_orders().unwrap();
    assert_eq!(short(&[peer.hear().await]), ["REQ_AUTO_OPEN_ORDERS"]);
    told(&mut events);
    let order_id = Some(OrderId(-7));
    let bound = OrderBound { permanent_id: Some(PermanentId(1_234_567)), client_id: Some(ClientId(0)), order_id };
    peer.say(bound.clone()).await;
    peer.say(status(-7)).await;
    tokio::time::sleep(SECOND).await;
    assert_eq!(events.try_recv(), Some(LaneEvent::Message(bound.into())));
    assert_eq!(told(&mut events), ["status -7"]);
}
