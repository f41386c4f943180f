//! Ends: told to stop, dropped, or never begun; nothing is left running.

use std::time::Duration;

use journal::{Journal, Options};
use trader::prelude::*;
use trader::{OnStop, Refused, StartError};

use crate::desk::{Desk, PATIENCE, is_working, number, refused, states};

/// Waits until nobody holds the journal.
async fn let_go(desk: &Desk) {
    let free = async {
        while let Err(error) = Journal::open(&desk.config.journal, Options::new("trader").schema(2)) {
            assert!(matches!(error, journal::OpenError::Locked { .. }), "{error}");
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, free).await.expect("the journal is still held");
}

#[tokio::test]
async fn a_trader_that_stops_leaves_its_orders_and_says_no_afterwards() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut resting = handle.submit(Ticket::buy(&acme, 100).limit(number("9.50"))).await.unwrap();
    resting.wait_for(PATIENCE, is_working).await.unwrap();
    let mut states = states(&handle);
    let ended = trader.stop().await;
    assert_eq!(ended.journal_fault, None);
    assert_eq!(Trader::replay(&desk.config).unwrap().fingerprint(), ended.fingerprint);
    assert_eq!(desk.sim.book().open_orders().count(), 1);
    crate::desk::hear(&mut states, |state| state.phase == Phase::Stopped).await;
    assert_eq!(handle.state().phase, Phase::Stopped);
    assert_eq!(handle.ready(PATIENCE).await.unwrap_err().state.phase, Phase::Stopped);
    assert_eq!(handle.submit(Ticket::buy(&acme, 1)).await.unwrap_err(), Refused::Stopped);
    assert_eq!(handle.inspect(|_| ()).await.unwrap_err(), Refused::Stopped);
    let_go(&desk).await;
}

#[tokio::test]
async fn a_trader_that_is_dropped_ends_although_handles_are_kept() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let mut states = states(&handle);
    drop(trader);
    crate::desk::hear(&mut states, |state| state.phase == Phase::Stopped).await;
    let_go(&desk).await;
    assert_eq!(handle.inspect(|_| ()).await.unwrap_err(), Refused::Stopped);
    let gone = async {
        while desk.sim.clients() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("the session is still there");
    desk.trader().await.stop().await;
}

#[tokio::test]
async fn a_start_that_fails_leaves_nothing_behind() {
    let mut desk = Desk::open().await;
    desk.config.ready_timeout = Duration::from_millis(300);
    desk.sim.refuse_connections().await;
    let StartError::NotReady(not_ready) = refused(desk.config.clone()).await else { panic!("nobody is there") };
    assert_eq!(not_ready.state.phase, Phase::Connecting);
    assert!(not_ready.to_string().contains("check that TWS runs"), "{not_ready}");
    let_go(&desk).await;
    // And one that is given up half way.
    desk.config.ready_timeout = PATIENCE;
    let given_up = tokio::time::timeout(Duration::from_millis(100), Trader::builder(desk.config.clone()).start()).await;
    assert!(given_up.is_err());
    let_go(&desk).await;
    desk.sim.accept_connections().await.unwrap();
    desk.trader().await.stop().await;
}

#[tokio::test(start_paused = true)]
async fn p21_orders_that_live_at_the_end_stay_or_are_cancelled_as_is_wanted() {
    for (on_stop, left) in [(OnStop::Keep, 2), (OnStop::Cancel, 0)] {
        let mut desk = Desk::open().await;
        desk.config.on_stop = on_stop;
        let trader = desk.trader().await;
        let handle = trader.handle();
        let acme = desk.watch(&handle, "ACME").await;
        for price in ["9.50", "9.40"] {
            let mut resting = handle.submit(Ticket::buy(&acme, 10).limit(number(price))).await.unwrap();
            resting.wait_for(PATIENCE, is_working).await.unwrap();
        }
        let ended = trader.stop().await;
        assert_eq!((ended.journal_fault, desk.sim.book().open_orders().count()), (None, left));
        let books = Trader::replay(&desk.config).unwrap();
        assert_eq!((books.fingerprint(), books.orders.live().count()), (ended.fingerprint, left));
    }
}

#[tokio::test(start_paused = true)]
async fn p21_the_end_does_not_wait_for_ever_for_cancels_that_nobody_answers() {
    let mut desk = Desk::open().await;
    desk.config.on_stop = OnStop::Cancel;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut resting = handle.submit(Ticket::buy(&acme, 10).limit(number("9.50"))).await.unwrap();
    resting.wait_for(PATIENCE, is_working).await.unwrap();
    desk.sim.inject(tws_sim::faults::Switch::CancelUnanswered).unwrap();
    let asked = tokio::time::Instant::now();
    assert_eq!(trader.stop().await.journal_fault, None);
    assert!(asked.elapsed() < Duration::from_secs(15), "{:?}", asked.elapsed());
    // It was asked for: the next start asks again.
    desk.sim.clear_faults();
    let trader = desk.trader().await;
    desk.broker("the cancel", |orders| orders.iter().all(|order| !order.stage.is_live())).await;
    trader.stop().await;
}
