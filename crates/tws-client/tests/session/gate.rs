//! R5, halts, comparisons of books, and sessions that only look.

use bytes::BytesMut;
use tws_client::config::Reconciliation;
use tws_client::session::{Access, Event};
use tws_client::{Alarm, Config, Epoch, Exit, Halt, LaneEvent, Phase, RequestError, SendError, UnsentCause, Wish};
use tws_proto::ServerVersion;
use tws_proto::ids::{ClientId, OrderId};
use tws_proto::message::*;

use crate::pair::{Pair, SECOND, place, snapshot};

fn by_owner() -> Config {
    Config { reconciliation: Reconciliation::ByOwner, ..Config::paper() }
}

/// A pair that was brought into a phase.
fn pair_in(phase: Phase) -> Pair {
    let mut pair = match phase {
        Phase::ReadOnly => Pair::with(Config::paper(), Access::ReadOnly),
        Phase::Reconciling => Pair::new(by_owner()),
        _ => Pair::new(Config::paper()),
    };
    match phase {
        Phase::Disconnected | Phase::Connecting | Phase::Handshaking => {}
        Phase::Starting => {
            pair.lives = false;
            pair.settle();
        }
        Phase::Reconciling | Phase::Ready | Phase::ReadOnly => pair.run_for(SECOND),
        Phase::Degraded => {
            pair.run_for(SECOND);
            pair.notice(1100);
        }
        Phase::Halted => {
            pair.run_for(SECOND);
            pair.session.halt(Halt::Asked { by: "me".into(), reason: "a test".into() }, pair.now);
        }
        Phase::Closed => pair.session.shutdown(tws_client::Exit::Shutdown, pair.now),
    }
    if let Phase::Connecting | Phase::Handshaking = phase {
        pair.session.handle_timeout(pair.now);
    }
    if phase == Phase::Handshaking {
        pair.session.handle_connected(pair.now);
    }
    assert_eq!(pair.state().phase, phase);
    pair
}

#[test]
fn r05_orders_are_refused_at_once_unless_ready() {
    for phase in Phase::ALL.into_iter().filter(|phase| *phase != Phase::Ready) {
        let mut pair = pair_in(phase);
        if phase.is_live() {
            pair.settle();
        }
        // What the connection itself has to say is none of the orders'.
        let _ = pair.session.poll_transmit(pair.now);
        for order in 0..10 {
            let refused = pair.session.send_orders(vec![place(order)], pair.now).unwrap_err();
            let fits = match phase {
                Phase::Degraded => refused == SendError::UpstreamDown { code: 1100 },
                Phase::Halted => matches!(refused, SendError::Halted(Halt::Asked { .. })),
                Phase::ReadOnly => refused == SendError::ReadOnly,
                Phase::Closed => refused == SendError::Closed,
                _ => refused == SendError::NotReady { phase },
            };
            assert!(fits, "{phase}: {refused:?}");
        }
        assert_eq!(pair.session.poll_transmit(pair.now), None, "{phase}: nothing is on the wire");
        pair.run_for(30 * SECOND);
        assert!(!pair.heard.iter().any(|message| matches!(message, ClientMessage::PlaceOrder(_))), "{phase}");
    }
}

#[test]
fn r05_an_accepted_order_that_cannot_leave_dies_after_2_s() {
    let mut pair = Pair::ready();
    for order in 0..40 {
        pair.session.send_orders(vec![place(order)], pair.now).unwrap();
    }
    pair.session.send_orders((100..140).map(place).collect(), pair.now).unwrap();
    pair.session.send_orders((200..240).map(place).collect(), pair.now).unwrap();
    pair.session.send_orders((300..340).map(place).collect(), pair.now).unwrap();
    pair.run_for(5 * SECOND);
    let unsent = pair.events.iter().filter_map(|event| match event {
        Event::Lane(LaneEvent::Unsent(unsent)) => Some((unsent.order_ids[0], unsent.cause)),
        _ => None,
    });
    assert_eq!(unsent.collect::<Vec<_>>(), [(OrderId(300), UnsentCause::Stale)]);
}

/// Phases in which a cancel leaves, is kept, or is refused.
#[test]
fn cancels_leave_wherever_there_is_a_live_connection() {
    for phase in Phase::ALL {
        let mut pair = pair_in(phase);
        let cancel = || vec![CancelOrder::new(OrderId(7)).into()];
        let sent = pair.session.send_orders(cancel(), pair.now);
        let surely = pair.session.cancel_surely(cancel(), pair.now);
        match phase {
            Phase::Reconciling | Phase::Ready | Phase::Degraded | Phase::Halted => {
                assert_eq!((sent, surely), (Ok(Epoch(1)), Ok(Some(Epoch(1)))), "{phase}");
            }
            Phase::Disconnected | Phase::Connecting | Phase::Handshaking | Phase::Starting => {
                assert_eq!((sent, surely), (Err(SendError::NotReady { phase }), Ok(None)), "{phase}");
            }
            Phase::ReadOnly => {
                assert_eq!((sent, surely), (Err(SendError::ReadOnly), Err(SendError::ReadOnly)), "{phase}");
            }
            Phase::Closed => assert_eq!((sent, surely), (Err(SendError::Closed), Err(SendError::Closed)), "{phase}"),
        }
    }
}

fn cancelled(pair: &Pair) -> Vec<OrderId> {
    let cancels = pair.heard.iter().filter_map(|message| match message {
        ClientMessage::CancelOrder(body) => Some(body.order_id),
        _ => None,
    });
    cancels.collect()
}

fn unsent(pair: &Pair) -> Vec<OrderId> {
    let unsent = pair.events.iter().filter_map(|event| match event {
        Event::Lane(LaneEvent::Unsent(unsent)) => Some(unsent.order_ids.clone()),
        _ => None,
    });
    unsent.flatten().collect()
}

/// Whoever hears that order 7 was not sent may want to place it anew: it works where its cancel was meant.
#[test]
fn that_a_cancel_has_not_left_is_told_from_an_order_that_has_not() {
    let mut pair = Pair::ready();
    let cancels: Vec<ClientMessage> = (1..=200).map(|id| CancelOrder::new(OrderId(id)).into()).collect();
    pair.session.send_orders(cancels, pair.now).unwrap();
    pair.session.send_orders(vec![place(300)], pair.now).unwrap();
    pair.run_for(SECOND / 10);
    pair.session.handle_closed(None, pair.now);
    pair.run_for(SECOND / 10);
    let unsent = pair.events.iter().filter_map(|event| match event {
        Event::Lane(LaneEvent::Unsent(unsent)) => Some((unsent.order_ids[0], unsent.wish)),
        _ => None,
    });
    let (placed, cancelled): (Vec<_>, Vec<_>) = unsent.partition(|(_, wish)| *wish == Wish::Place);
    assert_eq!(placed, [(OrderId(300), Wish::Place)]);
    assert!(cancelled.contains(&(OrderId(200), Wish::Cancel)), "{cancelled:?}");
}

#[test]
fn what_is_cancelled_surely_is_kept_until_it_has_left_however_often_the_connection_is_lost() {
    let all: Vec<OrderId> = (1..=200).map(OrderId).collect();
    let cancels = |ids: &[OrderId]| ids.iter().map(|id| CancelOrder::new(*id).into()).collect::<Vec<ClientMessage>>();
    for is_connected in [false, true] {
        let mut pair = Pair::ready();
        if !is_connected {
            pair.session.handle_closed(None, pair.now);
        }
        assert_eq!(pair.session.cancel_surely(cancels(&all), pair.now).unwrap().is_some(), is_connected);
        // More than leaves in a second: the rest waits for its turn when the connection is lost.
        for _ in 0..8 {
            while !pair.state().phase.is_live() {
                pair.run_for(SECOND / 10);
            }
            pair.run_for(SECOND / 2);
            pair.session.handle_closed(None, pair.now);
            pair.settle();
        }
        assert_eq!(cancelled(&pair), all);
        assert_eq!(unsent(&pair), []);
    }
    // What is not sent because nothing ever will be is told.
    let mut pair = Pair::ready();
    pair.session.handle_closed(None, pair.now);
    pair.session.cancel_surely(cancels(&all[..2]), pair.now).unwrap();
    pair.session.shutdown(Exit::Shutdown, pair.now);
    pair.settle();
    assert_eq!(unsent(&pair), all[..2]);
}

#[test]
fn kept_cancels_go_first_on_return_each_once() {
    let mut pair = Pair::ready();
    pair.session.subscribe(crate::pair::quotes(), pair.now).unwrap();
    pair.settle();
    pair.session.handle_closed(None, pair.now);
    let cancel = |id| -> Vec<ClientMessage> { vec![CancelOrder::new(OrderId(id)).into()] };
    for id in [7, 8, 7] {
        assert_eq!(pair.session.cancel_surely(cancel(id), pair.now), Ok(None));
    }
    assert_eq!(pair.session.cancel_surely(vec![place(9)], pair.now), Err(SendError::NotACancel));
    pair.heard.clear();
    pair.run_for(5 * SECOND);
    let names: Vec<_> = pair.heard.iter().map(|message| message.facts().name).collect();
    assert_eq!(names, ["START_API", "CANCEL_ORDER", "CANCEL_ORDER", "REQ_MKT_DATA"]);
    // While TWS has lost IB a cancel is tried at once, and again when it is back.
    pair.heard.clear();
    pair.notice(1100);
    assert_eq!(pair.session.cancel_surely(cancel(10), pair.now), Ok(Some(Epoch(2))));
    pair.settle();
    assert_eq!(pair.heard.len(), 1);
    pair.notice(1102);
    pair.notice(1102);
    assert_eq!(pair.heard.len(), 2, "{:?}", pair.heard);
}

#[test]
fn a_comparison_of_books_holds_for_one_connection_with_ib() {
    let mut pair = Pair::new(by_owner());
    pair.run_for(SECOND);
    let first = pair.state().round.unwrap();
    assert!(pair.session.request(snapshot, pair.now).is_ok(), "reads are allowed");
    assert_eq!(pair.session.reconciled(first, pair.now), Ok(()));
    assert!(pair.state().takes_orders());
    assert!(pair.session.reconciled(first, pair.now).is_err(), "once is enough");
    for code in [1101, 1102] {
        pair.notice(1100);
        assert_eq!(pair.state().phase, Phase::Degraded);
        pair.notice(code);
        assert_eq!(pair.state().phase, Phase::Reconciling, "{code}");
        assert!(pair.session.reconciled(first, pair.now).is_err(), "one that began before does not count");
        let round = pair.state().round.unwrap();
        // TWS loses IB again before the comparison is over.
        pair.notice(2110);
        assert!(pair.session.reconciled(round, pair.now).is_err());
        pair.notice(code);
        let round = pair.state().round.unwrap();
        pair.session.reconciled(round, pair.now).unwrap();
        assert!(pair.state().takes_orders());
    }
    pair.session.handle_closed(None, pair.now);
    assert_eq!(pair.state().round, None);
    pair.run_for(5 * SECOND);
    assert_eq!((pair.state().phase, pair.state().round.unwrap().epoch), (Phase::Reconciling, Epoch(2)));
}

#[test]
fn only_a_person_ends_a_halt() {
    let mut pair = Pair::ready();
    // What waits for its turn is dropped and told.
    pair.session.send_orders((0..40).map(place).collect(), pair.now).unwrap();
    pair.session.send_orders(vec![place(50)], pair.now).unwrap();
    let halt = |reason: &str| Halt::Asked { by: "risk".into(), reason: reason.into() };
    pair.session.halt(halt("first"), pair.now);
    pair.session.halt(halt("second"), pair.now);
    pair.settle();
    let told = pair
        .events
        .iter()
        .any(|event| matches!(event, Event::Lane(LaneEvent::Unsent(unsent)) if unsent.cause == UnsentCause::Halted));
    assert!(told);
    for _ in 0..3 {
        pair.session.handle_closed(None, pair.now);
        pair.run_for(5 * SECOND);
        assert_eq!((pair.state().phase, pair.state().halt.clone()), (Phase::Halted, Some(halt("first"))));
    }
    assert_eq!(pair.alarms(), [&Alarm::Halted(halt("first"))]);
    assert!(pair.session.resume(pair.now));
    assert!(!pair.session.resume(pair.now));
    assert!(pair.state().takes_orders());
}

/// Every message that acts, and reads beside it, in both forms: an error, and nothing on the wire.
#[test]
fn a_session_that_only_looks_lets_no_byte_out_that_acts() {
    let acting: Vec<ClientMessage> = vec![
        place(1),
        CancelOrder::new(OrderId(1)).into(),
        GlobalCancel::default().into(),
        Box::new(ExerciseOptions::default()).into(),
        ReplaceAdvisorData::default().into(),
        RequestAutoOpenOrders { auto_bind: true }.into(),
        RequestOpenOrders {}.into(),
        Box::new(UpdateConfig::default()).into(),
    ];
    for version in [187, 226] {
        let config = Config { newest_version: ServerVersion(version), client_id: ClientId(0), ..Config::paper() };
        let mut pair = Pair::with(config, Access::ReadOnly);
        pair.run_for(SECOND);
        assert_eq!(pair.state().phase, Phase::ReadOnly);
        for message in &acting {
            let name = message.facts().name;
            let error = pair.session.request(|_| message.clone(), pair.now).unwrap_err();
            assert_eq!(error, RequestError::ReadOnly { message: name });
            // One that this version cannot say is refused for that.
            let told = pair.session.tell(message.clone(), pair.now).unwrap_err();
            assert!(matches!(told, RequestError::ReadOnly { .. } | RequestError::Refused(_)), "{told:?}");
            // A stream is made anew in every connection: the last gate is where it would become bytes.
            let copy = message.clone();
            if pair.session.subscribe(Box::new(move |_| copy.clone()), pair.now).is_ok() {
                pair.session.poll_event();
            }
            let sent = pair.session.send_orders(vec![message.clone()], pair.now);
            assert!(matches!(sent, Err(SendError::ReadOnly | SendError::NotAnOrder { .. })), "{name}: {sent:?}");
        }
        assert_eq!(pair.session.poll_transmit(pair.now), None::<BytesMut>, "nothing is on the wire");
        assert!(pair.session.request(snapshot, pair.now).is_ok());
        pair.run_for(2 * SECOND);
        let names: Vec<_> = pair.heard.iter().map(|message| message.facts().name).collect();
        assert_eq!(names, ["START_API", "REQ_MKT_DATA"]);
        // A client with another id than 0 binds nothing by looking.
        let mut other = Pair::with(Config::paper(), Access::ReadOnly);
        other.run_for(SECOND);
        assert!(other.session.request(|_| RequestOpenOrders {}.into(), other.now).is_ok());
    }
}
