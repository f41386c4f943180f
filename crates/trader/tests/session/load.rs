//! Much at once (P19), and listeners that are slow (P18).

use std::time::Duration;

use event_bus::{Closed, Queue};
use order::State;
use trader::prelude::*;
use trader::{Alarm, Moment};
use tws_sim::faults::{Fault, Switch};

use crate::desk::{Desk, PATIENCE, alarms, books, is_working, number};

#[tokio::test(start_paused = true)]
async fn p18_a_listener_that_is_slow_for_ten_minutes_delays_nobody_and_is_told_what_it_missed() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut alarms = alarms(&handle);
    let quotes = |event: &Event| match event {
        Event::Quote(quote) => Some(quote.clone()),
        _ => None,
    };
    let mut whole = handle.bus().subscribe_map(Queue::lossless(64), quotes);
    let mut newest = handle.bus().subscribe_map(Queue::latest_by_key(4, |quote: &Quote| quote.contract_id), quotes);
    for second in 0..600_i64 {
        let ask = rust_decimal::Decimal::new(1_001 + second % 50, 2);
        desk.quote("ACME", "9.99", &ask.to_string());
        tokio::time::sleep(Duration::from_secs(1)).await;
        if second % 60 == 0 {
            desk.quote("ACME", "9.99", "10.01");
            let asked = tokio::time::Instant::now();
            handle.submit(Ticket::buy(&acme, 1 + second / 60)).await.unwrap().done(PATIENCE).await.unwrap();
            assert!(asked.elapsed() < Duration::from_millis(50), "{:?}", asked.elapsed());
        }
    }
    let closed = crate::desk::hear(&mut alarms, |alarm| matches!(alarm, Alarm::SubscriberClosed { .. })).await;
    assert!(matches!(closed, Alarm::SubscriberClosed { cause: Closed::Overflowed { .. }, .. }), "{closed}");
    // Whoever wants every event hears that it does not have them; whoever wants the newest has it.
    let mut heard = 0;
    let ended = loop {
        match whole.recv().await {
            Ok(_) => heard += 1,
            Err(closed) => break closed,
        }
    };
    assert!(heard <= 64 && matches!(ended, Closed::Overflowed { .. }), "{heard} {ended:?}");
    let last = newest.recv().await.unwrap().event().unwrap();
    assert_eq!(last.ask, Some(number("10.50")), "1.001 and 599 % 50 cents");
    trader.stop().await;
}

#[tokio::test(start_paused = true)]
async fn p19_ten_thousand_order_events_in_a_second_are_heard_and_change_nothing_twice() {
    let desk = Desk::open().await;
    let heard = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&heard);
    let trader = desk
        .watched_trader(move |moment| {
            if moment == Moment::Heard {
                count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        })
        .await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut resting = Vec::new();
    for cents in 0..14 {
        let price = rust_decimal::Decimal::new(950 + cents, 2);
        let mut placed = handle.submit(Ticket::buy(&acme, 100).limit(price)).await.unwrap();
        placed.wait_for(PATIENCE, is_working).await.unwrap();
        resting.push(placed);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    desk.sim.inject(Fault::new(Switch::DuplicateStatus).number(100)).unwrap();
    desk.sim.inject(Fault::new(Switch::DuplicateExecution).number(100)).unwrap();
    let before = heard.load(std::sync::atomic::Ordering::Relaxed);
    let asked = tokio::time::Instant::now();
    // Four parts of each order, a hundred statuses and executions of every part.
    let (bid, ask, size) = (number("9.40"), number("9.50"), number("25"));
    for _ in 0..14 * 4 {
        desk.sim.quote_with_sizes("ACME", tws_sim::Quote::new(bid, size, ask, size)).unwrap();
    }
    for placed in &mut resting {
        let filled = placed.done(PATIENCE).await.unwrap();
        assert_eq!((filled.state, filled.filled), (State::Filled, number("100")));
    }
    let all = async {
        while heard.load(std::sync::atomic::Ordering::Relaxed) < before + 10_000 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, all).await.expect("events are missing");
    assert!(asked.elapsed() <= Duration::from_secs(2), "{:?}", asked.elapsed());
    desk.sim.clear_faults();
    let id = acme.id();
    books(&handle, "one fill", move |books| books.position(crate::desk::ACCOUNT, id) == number("1400")).await;
    assert_eq!(handle.state().epoch, 1, "nobody was disconnected");
    let ended = trader.stop().await;
    assert!(ended.records < 2_000, "what changes nothing is not recorded: {}", ended.records);
    assert_eq!(Trader::replay(&desk.config).unwrap().fingerprint(), ended.fingerprint);
}
