//! R33, and what may go wrong while connecting: S1 to S8, S13, S14.

use std::time::Duration;

use tws_client::config::Limits;
use tws_client::session::Event;
use tws_client::{
    Alarm, Config, Epoch, Halt, LaneEvent, Phase, Reason, ResetWindow, SendError, SessionEvent, StateChange,
};
use tws_proto::message::ClientMessage;
use tws_sim::{Fault, Switch};

use crate::desk::{Desk, SECOND, builder, config, market, resting, stock};
use crate::pair::Pair;
use crate::support::session;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn r33_a_client_id_in_use_for_ten_minutes() {
    let fault = Fault::new(Switch::ClientIdInUse).for_ms(600_000);
    let mut desk = Desk::open(builder().fault(fault), config()).await;
    tokio::time::sleep(65 * SECOND).await;
    let alarms = desk.alarms();
    assert!(
        matches!(&alarms[..], [Alarm::NotReady { reason: Some(Reason::ClientIdInUse), repeat: 0, .. }]),
        "{alarms:?}"
    );
    tokio::time::sleep(535 * SECOND).await;
    assert!(desk.dialled() <= 60, "{} attempts", desk.dialled());
    let ready = desk.until(|state| state.is_ready()).await;
    assert!(ready <= 35 * SECOND, "{ready:?} after the slot was free");
    assert_eq!(desk.alarms(), [], "one alarm is enough");
}

/// The greetings of every attempt name one client id.
#[tokio::test(start_paused = true)]
async fn r33_the_client_id_is_never_swapped() {
    let (_client, mut listener, _driver) = session(config());
    let mut last = None;
    for attempt in 0..20 {
        let mut peer = crate::support::Peer::greet_for_test(listener.accept().await).await;
        let ClientMessage::StartApi(start) = peer.hear().await else { panic!("no START_API") };
        assert_eq!(start.client_id, Config::paper().client_id);
        peer.notice(-1, 326, "client id in use").await;
        drop(peer);
        let now = tokio::time::Instant::now();
        if let Some(last) = last.replace(now) {
            assert!(now - last >= 2 * SECOND, "attempt {attempt} after {:?}", now - last);
            assert!(now - last <= 31 * SECOND, "attempt {attempt} after {:?}", now - last);
        }
    }
}

#[test]
fn r33_no_alarm_before_a_reset_is_over() {
    // 00:20 in New York, in the window from 00:15 to 01:45.
    let night = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_584_000);
    for (windows, sounds_after) in [(vec![ResetWindow::america()], 85 * MINUTE + MINUTE), (vec![], MINUTE)] {
        let mut pair = Pair::new(Config { reset_windows: windows, ..Config::paper() });
        pair.lives = false;
        pair.session.handle_wall_clock(night, pair.now);
        pair.run_for(sounds_after - SECOND);
        assert_eq!(pair.alarms(), Vec::<&Alarm>::new());
        pair.run_for(2 * SECOND);
        assert_eq!(pair.alarms().len(), 1, "after {sounds_after:?}");
        let Alarm::NotReady { since, .. } = pair.alarms()[0] else { panic!() };
        assert_eq!(since.as_secs(), sounds_after.as_secs());
    }
}

#[tokio::test(start_paused = true)]
async fn s01_client_id_in_use_for_5_60_and_600_s() {
    for held_s in [5, 60, 600] {
        let fault = Fault::new(Switch::ClientIdInUse).for_ms(held_s * 1000);
        let mut desk = Desk::open(builder().fault(fault), config()).await;
        tokio::time::sleep(Duration::from_secs(held_s)).await;
        assert_eq!(desk.client.state().borrow().reason, Some(Reason::ClientIdInUse));
        let ready = desk.until(|state| state.is_ready()).await;
        assert!(ready <= 35 * SECOND, "{ready:?} after {held_s} s");
        let alarms = desk.alarms().len();
        assert_eq!(alarms, usize::from(held_s >= 60), "{held_s} s");
    }
}

/// The old connection still holds the id: the session waits for it, under the same id.
#[tokio::test(start_paused = true)]
async fn s01_the_id_is_held_by_our_own_lost_connection() {
    let desk = Desk::ready().await;
    desk.sim.inject(Fault::new(Switch::IdHeld).ms(20_000)).unwrap();
    desk.sim.inject(Switch::Drop).unwrap();
    let back = desk.until(|state| state.is_ready() && state.epoch > Epoch(1)).await;
    assert!(back >= 20 * SECOND && back <= 55 * SECOND, "{back:?}");
    assert!(desk.dialled() <= 10, "{}", desk.dialled());
}

/// TWS takes 32 clients and closes the connections of all others.
#[tokio::test(start_paused = true)]
async fn s02_all_slots_are_taken() {
    let fault = Fault::new(Switch::AcceptThenClose).for_ms(300_000);
    let mut desk = Desk::open(builder().fault(fault), config()).await;
    tokio::time::sleep(300 * SECOND).await;
    let reason = desk.client.state().borrow().reason.clone();
    assert!(matches!(reason, Some(Reason::ClosedByPeer | Reason::SocketFailed(_))), "{reason:?}");
    assert!(desk.dialled() <= 20, "{}", desk.dialled());
    assert_eq!(desk.alarms().len(), 1);
    assert!(desk.until(|state| state.is_ready()).await <= 35 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn s03_next_valid_id_never_comes() {
    let fault = Fault::new(Switch::NeverReady).for_ms(90_000);
    let mut desk = Desk::open(builder().fault(fault), config()).await;
    let lost = desk.until(|state| state.reason == Some(Reason::StartTimedOut)).await;
    assert_eq!(lost.as_secs(), 20);
    let refused = desk.client.send_order_messages(vec![resting(1)]);
    assert!(matches!(refused, Err(SendError::NotReady { .. })), "{refused:?}");
    desk.until(|state| state.is_ready()).await;
    assert_eq!(desk.alarms().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn s04_accounts_are_empty_or_not_ours() {
    let wanted = || Config { accounts: vec!["DU1234567".into()], ..config() };
    for (text, halt) in [("", Halt::NoAccounts), ("DU7654321", Halt::AccountMissing { missing: "DU1234567".into() })] {
        let mut desk = Desk::open(builder().fault(Fault::new(Switch::AccountsMissing).text(text)), wanted()).await;
        desk.until(|state| state.phase == Phase::Halted).await;
        assert_eq!(desk.client.state().borrow().halt, Some(halt.clone()));
        let refused = desk.client.send_order_messages(vec![resting(1)]);
        assert_eq!(refused, Err(SendError::Halted(halt.clone())));
        assert!(!format!("{refused:?}").contains("DU1234567"), "account numbers stay out of logs");
        assert!(desk.client.server_time().await.is_ok(), "looking is allowed");
        // The next connection is no better, and no person has looked.
        desk.sim.clear_faults();
        desk.sim.inject(Switch::Drop).unwrap();
        desk.until(|state| state.epoch > Epoch(1) && state.phase.is_live()).await;
        assert_eq!(desk.phase(), Phase::Halted);
        assert_eq!(desk.alarms(), [Alarm::Halted(halt)]);
        assert!(desk.client.resume("somebody"));
        desk.until(|state| state.takes_orders()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn s06_a_drop_every_2_s_for_an_hour() {
    let mut desk = Desk::ready().await;
    let mut quotes = desk.client.market_data(&stock("IBM"), &[]).unwrap();
    desk.sim.inject(Fault::new(Switch::DropEvery).ms(2000).for_ms(3_600_000)).unwrap();
    tokio::time::sleep(HOUR).await;
    let epochs = desk.client.state().borrow().epoch.0;
    assert!(epochs > 500 && epochs < 3600, "{epochs} connections");
    desk.until(|state| state.is_ready() && state.epoch.0 >= epochs).await;
    tokio::time::sleep(10 * SECOND).await;
    let counts = desk.client.counts();
    assert_eq!((counts.waiters, counts.requests, counts.frames_waiting), (0, 0, 0), "{counts:?}");
    assert_eq!((counts.subscriptions, counts.subscriptions_live), (1, 1));
    while quotes.try_recv().is_some() {}
    desk.sim.quote("IBM", 77, 78).unwrap();
    assert!(quotes.recv().await.is_some());
    // Each connection is told begun and lost, in order.
    let mut live = None;
    for event in desk.told() {
        match event {
            LaneEvent::State(StateChange::EpochBegan { epoch }) => assert_eq!(live.replace(epoch), None),
            LaneEvent::State(StateChange::EpochLost { epoch, .. }) => assert_eq!(live.take(), Some(epoch)),
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn s07_half_open_for_ten_minutes() {
    let mut desk = Desk::ready().await;
    desk.sim.inject(Fault::new(Switch::HalfOpen).for_ms(600_000)).unwrap();
    let lost = desk.until(|state| state.reason == Some(Reason::Silent)).await;
    assert!(lost <= 12 * SECOND, "{lost:?}");
    let back = desk.until(|state| state.is_ready()).await;
    assert!(back <= 600 * SECOND + 45 * SECOND, "{back:?}");
    assert_eq!(desk.alarms().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn s08_port_change_1300() {
    let mut desk = Desk::ready().await;
    desk.sim.inject(Fault::new(Switch::PortChange).number(7500)).unwrap();
    desk.until(|state| matches!(&state.reason, Some(Reason::PortChanged(text)) if text.contains("7500"))).await;
    assert!(desk.told().iter().any(|event| matches!(event, LaneEvent::Notice(notice) if notice.code == 1300)));
    desk.until(|state| state.is_ready()).await;
}

/// What was sent before the restart was sent once, and what became of it is told when TWS is back.
#[tokio::test(start_paused = true)]
async fn s13_a_daily_restart_with_orders_in_flight() {
    let mut desk = Desk::ready().await;
    let first = desk.client.state().borrow().next_order_id.unwrap().0;
    desk.sim.quote("IBM", 99, 100).unwrap();
    for id in first..first + 10 {
        desk.client.send_order_messages(vec![resting(id)]).unwrap();
    }
    desk.client.send_order_messages(vec![market(first + 10, 1)]).unwrap();
    desk.sim.inject(Fault::new(Switch::Restart).ms(90_000)).unwrap();
    let back = desk.until(|state| state.is_ready() && state.epoch > Epoch(1)).await;
    assert!(back >= 90 * SECOND && back <= 125 * SECOND, "{back:?}");
    tokio::time::sleep(5 * SECOND).await;
    let lost = desk.told().iter().any(|event| matches!(event, LaneEvent::State(StateChange::EpochLost { .. })));
    assert!(lost, "whoever sent the orders hears that their outcome is unknown");
    // Never sent again: the broker has each at most once.
    let open = desk.client.all_open_orders().await.unwrap();
    let mut ids: Vec<_> = open.orders.iter().map(|order| order.order_id).collect();
    ids.dedup();
    assert_eq!(ids.len(), open.orders.len());
    assert!(desk.sim.book().open_orders().count() <= 10);
}

#[tokio::test(start_paused = true)]
async fn s14_nobody_logs_in_for_10_h() {
    let mut desk = Desk::open(builder().fault(Fault::new(Switch::AcceptSilent).for_ms(36_000_000)), config()).await;
    tokio::time::sleep(10 * HOUR - MINUTE).await;
    // Every attempt waits 10 s for an answer and up to 30 s for its turn.
    assert!(desk.dialled() <= 10 * 3600 / 34 + 10, "{} attempts", desk.dialled());
    let repeats: Vec<_> = desk
        .alarms()
        .iter()
        .map(|alarm| match alarm {
            Alarm::NotReady { repeat, .. } => *repeat,
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(repeats, (0..10).collect::<Vec<_>>(), "one alarm, repeated once an hour");
    desk.until(|state| state.is_ready()).await;
    tokio::time::sleep(2 * HOUR).await;
    assert_eq!(desk.alarms(), [], "all is well");
}

/// No attempt fails in a way that the machine does not come back from.
#[test]
fn back_off_begins_anew_once_a_connection_was_live() {
    let mut pair = Pair::new(Config::paper());
    pair.lives = false;
    pair.run_for(10 * MINUTE);
    pair.lives = true;
    pair.run_for(MINUTE);
    assert!(pair.state().is_ready());
    pair.events.clear();
    pair.session.handle_closed(None, pair.now);
    pair.run_for(SECOND);
    assert!(pair.state().is_ready(), "half a second and a fifth at most");
    assert!(pair.events.iter().any(|event| matches!(event, Event::Lane(LaneEvent::State(StateChange::Ready(_))))));
}

/// A listener that reads late is told how many events it missed, and holds up nobody.
#[tokio::test(start_paused = true)]
async fn every_listener_hears_every_change_or_how_many_it_missed() {
    let limits = Limits { session_events: 16, ..Limits::default() };
    let desk = Desk::open(builder(), Config { limits, ..config() }).await;
    let (mut quick, mut slow) = (desk.client.events(), desk.client.events());
    let counting = tokio::spawn(async move {
        let (mut heard, mut from) = (0_u64, Phase::Disconnected);
        while let Some(event) = quick.recv().await {
            heard += 1;
            match event {
                SessionEvent::State { from: before, state } => {
                    assert_eq!(before, from, "no change is left out");
                    from = state.phase;
                }
                SessionEvent::Missed(missed) => panic!("{missed}"),
                _ => {}
            }
        }
        (heard, from)
    });
    desk.client.ready(5 * SECOND).await.unwrap();
    desk.sim.inject(Fault::new(Switch::DropEvery).ms(2000).for_ms(120_000)).unwrap();
    tokio::time::sleep(180 * SECOND).await;
    desk.client.shutdown().await;
    let (heard, last) = counting.await.unwrap();
    assert_eq!(last, Phase::Closed);
    let Some(SessionEvent::Missed(missed)) = slow.recv().await else { panic!("nothing was missed") };
    let mut rest = 0;
    while slow.recv().await.is_some() {
        rest += 1;
    }
    assert_eq!((missed + rest, rest), (heard, 16));
}
