//! Links that break: what was in flight is unknown, then known, and never sent twice.

use std::time::Duration;

use order::State;
use trader::prelude::*;
use trader::{Alarm, Refused};

use crate::desk::{
    ACCOUNT, Desk, PATIENCE, alarms, back, books, hear, is_unknown, is_working, listen, number, simulator,
};
use crate::wire::{CANCEL_ORDER, PLACE_ORDER, Pass, Wire};

#[tokio::test]
async fn an_order_in_flight_when_the_link_is_cut_is_unknown_then_found_and_never_sent_twice() {
    // The broker has the order long before its answer is here.
    let desk = Desk::with(simulator().latency(Duration::from_millis(150))).await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut placed = handle.submit(Ticket::buy(&acme, 100).limit(number("9.50"))).await.unwrap();
    desk.broker("the order", |orders| orders.len() == 1).await;
    let epoch = handle.state().epoch;
    desk.sim.refuse_connections().await;
    desk.sim.drop_connections();
    let unknown = placed.wait_for(PATIENCE, is_unknown).await.unwrap();
    assert_eq!((unknown.unknown, unknown.working), (number("100"), number("0")));
    let refused = handle.submit(Ticket::buy(&acme, 1)).await.unwrap_err();
    assert!(matches!(refused, Refused::NotReady { .. }), "{refused:?}");
    // Meanwhile it fills in part at the broker.
    let size = number("40");
    let quote = tws_sim::Quote::new(number("9.40"), size, number("9.50"), size);
    desk.sim.quote_with_sizes("ACME", quote).unwrap();
    assert_eq!(desk.holds("ACME"), size);
    desk.sim.accept_connections().await.unwrap();
    back(&handle, epoch).await;
    let found = handle.order(placed.id()).await.unwrap().unwrap();
    assert!(is_working(&found), "{found:?}");
    assert_eq!((found.filled, found.working), (number("40"), number("60")));
    assert_eq!(handle.position(acme.id()).await.unwrap(), number("40"));
    assert_eq!(desk.orders().len(), 1);
    trader.stop().await;
    assert_eq!(desk.orders().len(), 1);
}

#[tokio::test]
async fn fills_during_the_break_are_found_once() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut fills = listen(&handle, |event| matches!(event, Event::Fill(_)).then_some(()));
    let mut placed = handle.submit(Ticket::buy(&acme, 100).limit(number("9.50"))).await.unwrap();
    placed.wait_for(PATIENCE, is_working).await.unwrap();
    let epoch = handle.state().epoch;
    desk.sim.refuse_connections().await;
    desk.sim.drop_connections();
    placed.wait_for(PATIENCE, is_unknown).await.unwrap();
    desk.quote("ACME", "9.40", "9.50");
    desk.sim.accept_connections().await.unwrap();
    assert_eq!(placed.done(PATIENCE).await.unwrap().state, State::Filled);
    back(&handle, epoch).await;
    // And again, with the same executions told once more.
    let epoch = handle.state().epoch;
    desk.sim.drop_connections();
    back(&handle, epoch).await;
    books(&handle, "the commission", |books| !books.ledger.totals(ACCOUNT, "USD").is_pending()).await;
    assert_eq!(handle.position(acme.id()).await.unwrap(), number("100"));
    let mut count = 0;
    while let Ok(Some(_)) = fills.try_recv() {
        count += 1;
    }
    assert_eq!(count, 1);
    let external = handle.inspect(|books| books.ledger.holdings().filter(|held| held.strategy.is_none()).count());
    assert_eq!(external.await.unwrap(), 0);
    trader.stop().await;
}

#[tokio::test]
async fn a_cancel_asked_for_without_a_link_is_sent_on_return() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut placed = handle.submit(Ticket::buy(&acme, 100).limit(number("9.50"))).await.unwrap();
    placed.wait_for(PATIENCE, is_working).await.unwrap();
    desk.sim.refuse_connections().await;
    desk.sim.drop_connections();
    placed.wait_for(PATIENCE, is_unknown).await.unwrap();
    placed.cancel().await.unwrap();
    desk.sim.accept_connections().await.unwrap();
    assert_eq!(placed.done(PATIENCE).await.unwrap().state, State::Cancelled);
    assert_eq!(desk.sim.book().open_orders().count(), 0);
    trader.stop().await;
}

#[tokio::test]
async fn questions_of_others_do_not_end_a_comparison_early() {
    let desk = Desk::with(simulator().latency(Duration::from_millis(20))).await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut placed = handle.submit(Ticket::buy(&acme, 100).limit(number("9.50"))).await.unwrap();
    placed.wait_for(PATIENCE, is_working).await.unwrap();
    let asking = handle.client().clone();
    let busy = tokio::spawn(async move {
        loop {
            // Whatever comes of them: their end markers look like those of the comparison.
            let _ = tokio::join!(
                asking.positions(),
                asking.all_open_orders(),
                asking.completed_orders(),
                asking.executions(tws_proto::message::ExecutionFilter { symbol: "BETA".into(), ..Default::default() })
            );
            tokio::task::yield_now().await;
        }
    });
    for quantity in [1, 2, 3] {
        let epoch = handle.state().epoch;
        desk.sim.refuse_connections().await;
        desk.sim.drop_connections();
        placed.wait_for(PATIENCE, is_unknown).await.unwrap();
        let size = number("10");
        let price = number("9.50");
        desk.sim.quote_with_sizes("ACME", tws_sim::Quote::new(number("9.40"), size, price, size)).unwrap();
        desk.sim.accept_connections().await.unwrap();
        back(&handle, epoch).await;
        let found = handle.order(placed.id()).await.unwrap().unwrap();
        assert!(is_working(&found), "{found:?}");
        assert_eq!(found.filled, Decimal::from(10 * quantity));
        assert_eq!(handle.position(acme.id()).await.unwrap(), found.filled);
    }
    busy.abort();
    let external = handle.inspect(|books| books.ledger.holdings().any(|held| held.strategy.is_none()));
    assert!(!external.await.unwrap());
    trader.stop().await;
}

#[tokio::test]
async fn quotes_stop_measuring_orders_while_they_are_interrupted() {
    let mut desk = Desk::open().await;
    desk.config.limits.without_quote = risk::WithoutQuote::RefuseAll;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut gaps = listen(&handle, |event| match event {
        Event::QuoteGap { contract_id } => Some(*contract_id),
        _ => None,
    });
    let mut quotes = listen(&handle, |event| match event {
        Event::Quote(quote) => Some(quote.clone()),
        _ => None,
    });
    let epoch = handle.state().epoch;
    desk.sim.drop_connections();
    assert_eq!(crate::desk::heard(&mut gaps).await, acme.id());
    back(&handle, epoch).await;
    hear(&mut quotes, |quote| quote.is_two_sided()).await;
    handle.submit(Ticket::buy(&acme, 1)).await.unwrap().done(PATIENCE).await.unwrap();
    trader.stop().await;
}

/// A trader behind a wire, and a name for what its bracket is to be.
async fn behind(desk: &mut Desk) -> Wire {
    let wire = Wire::to(desk.sim.address()).await;
    desk.config.port = wire.address.port();
    wire
}

#[tokio::test(start_paused = true)]
async fn p04_r04_an_order_cut_in_the_middle_of_its_frame_is_lost_and_never_sent_again() {
    for bytes in [0, 3, 4, 9, 40] {
        let mut desk = Desk::open().await;
        let wire = behind(&mut desk).await;
        let trader = desk.trader().await;
        let handle = trader.handle();
        let acme = desk.watch(&handle, "ACME").await;
        let epoch = handle.state().epoch;
        wire.cut(PLACE_ORDER, 1, bytes);
        let mut placed = handle.submit(Ticket::buy(&acme, 100).limit(number("9.50"))).await.unwrap();
        let unknown = placed.wait_for(PATIENCE, is_unknown).await.unwrap();
        assert_eq!(unknown.unknown, number("100"));
        wire.tap(|number| if number == PLACE_ORDER { panic!("it was sent again") } else { Pass::On });
        back(&handle, epoch).await;
        let ended = placed.done(Duration::from_secs(60)).await.unwrap();
        assert_eq!(ended.state, State::Lost, "{bytes} bytes");
        assert_eq!(desk.orders().len(), 0);
        trader.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_frames_that_cannot_be_read_is_told_ever_less_often() {
    let mut desk = Desk::open().await;
    let wire = behind(&mut desk).await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut alarms = alarms(&handle);
    wire.tap(|number| if number == PLACE_ORDER { Pass::Spoil(1_000) } else { Pass::On });
    let mut placed = handle.submit(Ticket::buy(&acme, 100).limit(number("9.50"))).await.unwrap();
    placed.wait_for(PATIENCE, is_working).await.unwrap();
    handle.ready(PATIENCE).await.unwrap();
    placed.cancel().await.unwrap();
    placed.done(PATIENCE).await.unwrap();
    let mut told = 0;
    while let Ok(Some(alarm)) = alarms.try_recv() {
        told += usize::from(matches!(alarm.event().unwrap(), trader::Alarm::BadFrame(_)));
    }
    assert_eq!(told, 10, "the first, the second, the fourth, and so on to 512");
    trader.stop().await;
}

#[tokio::test(start_paused = true)]
async fn p04_a_cancel_cut_in_the_middle_of_its_frame_is_sent_again_on_return() {
    let mut desk = Desk::open().await;
    let wire = behind(&mut desk).await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut placed = handle.submit(Ticket::buy(&acme, 100).limit(number("9.50"))).await.unwrap();
    placed.wait_for(PATIENCE, is_working).await.unwrap();
    wire.cut(CANCEL_ORDER, 1, 6);
    placed.cancel().await.unwrap();
    placed.wait_for(PATIENCE, is_unknown).await.unwrap();
    wire.tap(|_| Pass::On);
    assert_eq!(placed.done(Duration::from_secs(60)).await.unwrap().state, State::Cancelled);
    assert_eq!(desk.sim.book().open_orders().count(), 0);
    trader.stop().await;
}

#[tokio::test(start_paused = true)]
async fn p04_s28_a_bracket_cut_in_any_of_its_legs_lives_as_a_whole_or_not_at_all() {
    for leg in 1..=3 {
        let mut desk = Desk::open().await;
        let wire = behind(&mut desk).await;
        let trader = desk.trader().await;
        let handle = trader.handle();
        let acme = desk.watch(&handle, "ACME").await;
        wire.cut(PLACE_ORDER, leg, 20);
        let ticket = Ticket::buy(&acme, 100).limit(number("9.50")).with_exits(number("11"), number("9"));
        let mut placed = handle.submit(ticket).await.unwrap();
        placed.wait_for(PATIENCE, is_unknown).await.unwrap();
        wire.tap(|_| Pass::On);
        let ids = placed.ids().to_vec();
        let ended = async {
            loop {
                let wanted = ids.clone();
                let live = handle.inspect(move |books| {
                    wanted.iter().filter(|id| books.orders.get(**id).unwrap().state.is_live()).count()
                });
                if live.await.unwrap() == 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(90), ended).await.unwrap_or_else(|_| panic!("leg {leg} lives on"));
        assert_eq!(desk.orders().iter().filter(|order| order.stage.is_live()).count(), 0, "leg {leg}");
        assert_eq!(desk.orders().len(), leg - 1);
        trader.stop().await;
    }
}

#[tokio::test]
async fn r32_an_order_that_does_not_leave_a_silent_link_says_why_and_what_to_do() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut alarms = alarms(&handle);
    desk.sim.inject(tws_sim::Switch::HalfOpen).unwrap();
    let mut unsent = None;
    for cents in 1..=10 {
        // Those of the first two seconds leave, and nobody answers them.
        let price = number("9.50") + rust_decimal::Decimal::new(cents, 2);
        let mut placed = handle.submit(Ticket::buy(&acme, 1).limit(price)).await.unwrap();
        let wait = Duration::from_millis(600);
        if let Ok(update) = placed.wait_for(wait, |update| update.state == State::Rejected).await {
            unsent = Some(update);
            break;
        }
    }
    let reason = unsent.unwrap().reason;
    assert_eq!(reason, "TWS had been silent and did not answer a probe in time; ask again for what is still wanted");
    let told = hear(&mut alarms, |alarm| matches!(alarm, Alarm::Order(order::Alarm::NotSent { .. }))).await;
    assert!(told.to_string().ends_with(&format!("was not sent: {reason}")), "{told}");
    trader.stop().await;
}
