//! What is no order is asked through the trader's own session, which goes on whatever a strategy does with it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use trader::prelude::*;
use tws_client::history::{BarHistory, Bars, Cursor, Direction, Span};
use tws_client::{Client, RequestError, Update};
use tws_proto::kinds::{BarSize, DataToShow};

use crate::desk::{Desk, PATIENCE, number};

/// A minute between two comparisons of the books, and some more.
const COMPARED: Duration = Duration::from_secs(70);

#[tokio::test]
async fn bars_books_and_lists_are_asked_for_beside_orders() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let ibm = Contract::stock("IBM", "USD");
    let client: &Client = handle.client();
    let until = Timestamp::try_from(client.server_time().await.unwrap()).unwrap();
    let span = Span { from: until - SignedDuration::from_hours(1), until };
    let bars = Bars {
        contract: ibm.clone(),
        bar_size: BarSize::Minute1,
        data_to_show: DataToShow::Trades,
        regular_hours_only: true,
    };
    let mut history = BarHistory::new(client, bars, Cursor::new(span, Direction::Forward));
    let mut count = 0;
    while let Some(piece) = history.next().await.unwrap() {
        count += piece.items.len();
    }
    assert!(count > 50, "{count} bars of an hour");
    let mut ticks = client.market_data(&Contract::stock("ACME", "USD"), &[]).unwrap();
    let tick = ticks.recv().await.unwrap();
    assert!(matches!(tick, Update::Data(_)), "{tick:?}");
    assert!(client.matching_symbols("IB").await.unwrap().iter().any(|found| found.contract.symbol == "IBM"));
    let counts = client.counts();
    assert_eq!((counts.epochs, counts.subscriptions), (1, 1));
    trader.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_strategy_does_not_end_the_session_and_its_streams_keep_no_books_from_being_compared() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    handle.client().shutdown().await;
    let _positions = handle.client().position_updates().unwrap();
    let _account = handle.client().account_updates(crate::desk::ACCOUNT).unwrap();
    for _ in 0..3 {
        tokio::time::sleep(COMPARED).await;
        desk.quote("ACME", "9.99", "10.01");
        assert_eq!(handle.ready(PATIENCE).await.unwrap().epoch, 1);
    }
    let mut placed = handle.submit(Ticket::buy(&acme, 100).limit(number("10.01"))).await.unwrap();
    assert_eq!(placed.done(PATIENCE).await.unwrap().filled, number("100"));
    trader.stop().await;
    assert!(matches!(handle.client().server_time().await, Err(RequestError::Closed)));
}
