//! Orders that are taken: sent once, filled, changed, cancelled.

use order::State;
use trader::prelude::*;

use crate::desk::{ACCOUNT, Desk, PATIENCE, books, is_working, number};

#[tokio::test]
async fn a_market_order_fills_and_the_position_has_moved_before_anybody_hears_of_it() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle().for_strategy("one");
    let acme = desk.watch(&handle, "ACME").await;
    let mut fills = crate::desk::listen(&handle, |event| match event {
        Event::Fill(fill) => Some(fill.clone()),
        _ => None,
    });
    let mut placed = handle.submit(Ticket::buy(&acme, 100)).await.unwrap();
    let fill = crate::desk::heard(&mut fills).await;
    assert_eq!((fill.position, fill.fill.price), (number("100"), number("10.01")));
    assert_eq!(handle.position(acme.id()).await.unwrap(), number("100"));
    let done = placed.done(PATIENCE).await.unwrap();
    assert_eq!((done.state, done.filled, done.average_price), (State::Filled, number("100"), Some(number("10.01"))));
    assert_eq!((desk.holds("ACME"), desk.orders().len()), (number("100"), 1));
    assert_eq!(handle.for_strategy("two").position(acme.id()).await.unwrap(), number("0"));
    trader.stop().await;
}

#[tokio::test]
async fn a_limit_order_rests_is_changed_and_is_cancelled() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut placed = handle.submit(Ticket::buy(&acme, 100).limit(number("9.50"))).await.unwrap();
    placed.wait_for(PATIENCE, is_working).await.unwrap();
    let change = Change { kind: Some(OrderKind::Limit { limit_price: number("9.60") }), ..Change::default() };
    handle.change(placed.id(), change).await.unwrap();
    desk.broker("the change", |orders| orders[0].order.limit_price == Some(number("9.60"))).await;
    let id = placed.id();
    books(&handle, "the change's confirmation", move |books| {
        books
            .orders
            .get(id)
            .is_some_and(|order| order.change.is_none() && order.intent.kind.limit_price() == Some(number("9.60")))
    })
    .await;
    placed.cancel().await.unwrap();
    let done = placed.done(PATIENCE).await.unwrap();
    assert_eq!((done.state, done.filled), (State::Cancelled, number("0")));
    assert_eq!(desk.sim.book().open_orders().count(), 0);
    assert_eq!(desk.orders().len(), 1);
    trader.stop().await;
}

#[tokio::test]
async fn a_bracket_protects_what_its_entry_has_bought() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let ticket = Ticket::buy(&acme, 100).limit(number("10.05")).with_exits(number("11"), number("9"));
    let mut placed = handle.submit(ticket).await.unwrap();
    assert_eq!(placed.done(PATIENCE).await.unwrap().state, State::Filled);
    let exits = placed.ids()[1..].to_vec();
    let both = exits.clone();
    books(&handle, "both exits", move |books| {
        both.iter().all(|id| books.orders.update(*id).is_some_and(|update| is_working(&update)))
    })
    .await;
    desk.quote("ACME", "11.01", "11.03");
    books(&handle, "the end of both exits", move |books| {
        let state = |place: usize| books.orders.get(exits[place]).map(|order| order.state.clone());
        state(0) == Some(State::Filled) && state(1) == Some(State::Cancelled)
    })
    .await;
    assert_eq!((desk.holds("ACME"), desk.orders().len()), (number("0"), 3));
    assert_eq!(handle.position(acme.id()).await.unwrap(), number("0"));
    trader.stop().await;
}

#[tokio::test]
async fn money_is_counted_as_the_broker_counts_it() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    handle.submit(Ticket::buy(&acme, 100)).await.unwrap().done(PATIENCE).await.unwrap();
    handle.submit(Ticket::sell(&acme, 100)).await.unwrap().done(PATIENCE).await.unwrap();
    books(&handle, "the commissions", |books| !books.ledger.totals(ACCOUNT, "USD").is_pending()).await;
    let totals = handle.totals(ACCOUNT, "USD").await.unwrap();
    assert_eq!(totals.realised_net(), Some(desk.sim.book().realized(ACCOUNT, "ACME")));
    trader.stop().await;
}

#[tokio::test]
async fn an_owner_who_reads_late_still_hears_how_its_order_went() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut placed = handle.submit(Ticket::buy(&acme, 1).limit(number("9"))).await.unwrap();
    placed.wait_for(PATIENCE, is_working).await.unwrap();
    // Others' orders do not push this one's news out.
    for quantity in 2..5 {
        let mut other = handle.submit(Ticket::buy(&acme, quantity)).await.unwrap();
        other.done(PATIENCE).await.unwrap();
    }
    desk.quote("ACME", "8.99", "9.00");
    let id = placed.id();
    books(&handle, "the fill", move |books| books.orders.get(id).is_some_and(|order| order.state == State::Filled))
        .await;
    assert_eq!(placed.done(PATIENCE).await.unwrap().state, State::Filled);
    trader.stop().await;
    let late = placed.wait_for(PATIENCE, |update| update.state == State::Lost).await;
    assert!(matches!(late, Err(trader::WaitError::Refused(trader::Refused::Stopped))), "{late:?}");
}

#[tokio::test]
async fn every_name_is_that_of_the_order_it_was_given_to() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let buy = |quantity, price| Ticket::buy(&acme, quantity).limit(number(price));
    let tickets = vec![buy(1, "9.00"), buy(2, "9.10").label("second"), buy(3, "9.20"), buy(4, "9.30").label("fourth")];
    let placed = handle.submit_one_cancels_all(tickets).await.unwrap();
    let named = handle.inspect(|books| books.labels.clone()).await.unwrap();
    let ids = placed.ids();
    assert_eq!(named.into_iter().collect::<Vec<_>>(), [("fourth".to_owned(), ids[3]), ("second".to_owned(), ids[1])]);
    let ended = trader.stop().await;
    assert_eq!(Trader::replay(&desk.config).unwrap().fingerprint(), ended.fingerprint);
}
