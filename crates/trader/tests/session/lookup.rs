//! Orders and fills are found by whatever is known of them, and followed to their ends, after a restart too.

use order::State;
use trader::prelude::*;
use trader::{FillQuery, Query, Refused, Standing};

use crate::desk::{ACCOUNT, Desk, PATIENCE, is_working, number};

#[tokio::test]
async fn orders_are_found_by_names_owners_contracts_states_and_times() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let (acme, beta) = (desk.watch(&handle, "ACME").await, desk.watch(&handle, "BETA").await);
    let other = handle.for_strategy("other");
    let mut rests = handle.submit(Ticket::buy(&acme, 100).limit(number("9.50")).label("dip")).await.unwrap();
    let resting = rests.wait_for(PATIENCE, is_working).await.unwrap();
    let mut trades = other.submit(Ticket::buy(&beta, 30)).await.unwrap();
    let traded = trades.done(PATIENCE).await.unwrap();
    let mut gone = other.submit(Ticket::sell(&acme, 10).limit(number("11"))).await.unwrap();
    gone.wait_for(PATIENCE, is_working).await.unwrap();
    gone.cancel().await.unwrap();
    gone.done(PATIENCE).await.unwrap();

    let [rests, trades, gone] = [rests.id(), trades.id(), gone.id()];
    let contract_id = Some(acme.id());
    let strategy = Some("other".into());
    for (query, expected) in [
        (Query::default(), &[gone, trades, rests][..]),
        (Query { most: Some(2), ..Query::default() }, &[gone, trades]),
        (Query { strategy: strategy.clone(), ..Query::default() }, &[gone, trades]),
        (Query { account: Some(ACCOUNT.into()), contract_id, ..Query::default() }, &[gone, rests]),
        (Query { account: Some("DU9".into()), ..Query::default() }, &[]),
        (Query { standing: Some(Standing::Live), ..Query::default() }, &[rests]),
        (Query { standing: Some(Standing::Working), ..Query::default() }, &[rests]),
        (Query { standing: Some(Standing::Ended), ..Query::default() }, &[gone, trades]),
        (Query { standing: Some(Standing::Filled), strategy, ..Query::default() }, &[trades]),
        (Query { standing: Some(Standing::Unknown), ..Query::default() }, &[]),
    ] {
        let found = handle.orders(query.clone()).await.unwrap();
        assert_eq!(found.iter().map(|order| order.intent).collect::<Vec<_>>(), expected, "{query:?}");
    }
    let created = handle.inspect(move |books| books.orders.get(trades).unwrap().created_at).await.unwrap();
    let since = Query { from: Some(created), ..Query::default() };
    let before = Query { before: Some(created), ..Query::default() };
    assert_eq!(handle.orders(since).await.unwrap().len(), 2);
    assert_eq!(handle.orders(before).await.unwrap(), std::slice::from_ref(&resting));

    let shown = desk.orders().into_iter().find(|order| order.key.order == resting.order_id).unwrap();
    let reference = shown.order.order_reference;
    assert_eq!(handle.order_by_reference(reference).await.unwrap(), Some(resting.clone()));
    assert_eq!(handle.order_by_reference("of somebody else").await.unwrap(), None);
    assert_eq!(handle.order_by_label("dip").await.unwrap(), Some(resting));
    assert_eq!(handle.order_by_label("peak").await.unwrap(), None);

    for (query, is_found) in [
        (FillQuery::default(), true),
        (FillQuery { intent: Some(trades), contract_id: Some(beta.id()), ..FillQuery::default() }, true),
        (FillQuery { strategy: Some("other".into()), account: Some(ACCOUNT.into()), ..FillQuery::default() }, true),
        (FillQuery { from: Some(created), ..FillQuery::default() }, true),
        (FillQuery { before: Some(created), ..FillQuery::default() }, false),
        (FillQuery { intent: Some(rests), ..FillQuery::default() }, false),
        (FillQuery { contract_id, ..FillQuery::default() }, false),
    ] {
        let found = handle.fills(query.clone()).await.unwrap();
        let quantity: Decimal = found.iter().map(|(_, fill)| fill.quantity).sum();
        assert_eq!(quantity, if is_found { traded.filled } else { Decimal::ZERO }, "{query:?}");
    }
    trader.stop().await;
}

#[tokio::test]
async fn what_becomes_of_an_order_is_a_stream_that_ends_with_it() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let ticket = Ticket::buy(&acme, 100).limit(number("10.01")).with_exits(number("12"), number("8"));
    let mut placed = handle.submit(ticket).await.unwrap();
    let exits = placed.ids()[1..].to_vec();
    let mut states = Vec::new();
    while let Some(update) = placed.next().await.unwrap() {
        if update.intent == placed.id() {
            states.push(update.state.clone());
        } else if update.intent == exits[0] && is_working(&update) && !states.contains(&State::Cancelled) {
            handle.cancel(exits[0]).await.unwrap();
            handle.cancel(exits[1]).await.unwrap();
        }
    }
    assert_eq!((states.first(), states.last()), (Some(&State::Sent), Some(&State::Filled)), "{states:?}");
    assert_eq!(handle.orders(Query { standing: Some(Standing::Live), ..Query::default() }).await.unwrap(), []);
    assert_eq!(placed.next().await.unwrap(), None, "and stays at its end");
    trader.stop().await;
    assert_eq!(placed.next().await.unwrap(), None);
}

#[tokio::test]
async fn an_order_of_before_a_restart_is_followed_to_its_end() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let acme = desk.watch(&trader.handle(), "ACME").await;
    let mut placed = trader.handle().submit(Ticket::buy(&acme, 100).limit(number("9.50"))).await.unwrap();
    placed.wait_for(PATIENCE, is_working).await.unwrap();
    let id = placed.id();
    trader.stop().await;
    let end = loop {
        match placed.next().await {
            Ok(Some(_)) => {}
            end => break end,
        }
    };
    assert_eq!(end, Err(Refused::Stopped), "nothing more will be told");

    let trader = desk.trader().await;
    let handle = trader.handle();
    handle.ready(PATIENCE).await.unwrap();
    let mut followed = handle.follow(id).await.unwrap().unwrap();
    let mut waited = handle.follow(id).await.unwrap().unwrap();
    desk.quote("ACME", "9.48", "9.50");
    let ended = waited.done(PATIENCE).await.unwrap();
    assert_eq!(ended.state, State::Filled);
    let mut told = Vec::new();
    while let Some(update) = followed.next().await.unwrap() {
        told.push(update);
    }
    assert!(is_working(&told[0]), "as it stood: {told:?}");
    assert_eq!(told.last(), Some(&ended));
    assert!(handle.follow(IntentId(7)).await.unwrap().is_none());
    // One that has ended is told once.
    let mut over = handle.follow(id).await.unwrap().unwrap();
    assert_eq!(over.next().await.unwrap(), Some(ended));
    assert_eq!(over.next().await.unwrap(), None);
    trader.stop().await;
}
