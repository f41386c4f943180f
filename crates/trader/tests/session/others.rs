//! Orders of others: by hand (R18), and of an advisor whose fills are spread over accounts (S33).

use std::time::Duration;

use order::{CancelError, ExternalError, ExternalPolicy};
use rust_decimal::Decimal;
use trader::Refused;
use trader::prelude::*;
use tws_client::{Config, TradingClient};
use tws_proto::ids::{ClientId, OrderId, PermanentId};
use tws_proto::kinds::{Action, OrderType};
use tws_proto::message::PlaceOrder;
use tws_proto::{ClientMessage, Order};
use tws_sim::advisor::{AdvisorGroup, AdvisorSetup, GroupMethod};

use crate::desk::{Desk, PATIENCE, back, books, is_working, number, simulator};

/// Name, place in the queue, and whether it lives, of the order with this number.
fn at_the_broker(desk: &Desk, number: PermanentId) -> (ClientId, OrderId, u64, bool) {
    let book = desk.sim.book();
    let order = book.orders().find(|order| order.permanent_id == number).expect("it is there");
    (order.key.client, order.key.order, order.place, order.stage.is_live())
}

#[tokio::test(start_paused = true)]
async fn r18_an_order_made_by_hand_keeps_its_place_through_connects_and_comparisons() {
    let desk = Desk::open().await;
    let by_hand = Order {
        order_type: OrderType::Limit,
        limit_price: Some(number("9.50")),
        ..Order::market(Action::Buy, 70.into())
    };
    let permanent_id = desk.sim.manual_order(Contract::stock("ACME", "USD"), by_hand).unwrap();
    let before = at_the_broker(&desk, permanent_id);
    let trader = desk.trader().await;
    let handle = trader.handle();
    let epoch = handle.state().epoch;
    desk.sim.drop_connections();
    back(&handle, epoch).await;
    tokio::time::sleep(Duration::from_secs(130)).await; // two standing checks
    // It is seen, counted in risk, and nobody's.
    let external = handle.inspect(|books| books.orders.external().map(|order| order.remaining).collect::<Vec<_>>());
    assert_eq!(external.await.unwrap(), [number("70")]);
    assert_eq!(handle.inspect(|books| books.orders.iter().count()).await.unwrap(), 0);
    // Not even a cancel of everything, or a kill, touches it.
    handle.cancel_all(|_| true).await.unwrap();
    handle.kill("ann", "a drill").await.unwrap();
    tokio::time::sleep(Duration::from_secs(61)).await;
    trader.stop().await;
    assert_eq!(at_the_broker(&desk, permanent_id), before);
    assert!(
        TraderConfig { client_id: ClientId(0), ..desk.config.clone() }.validate().is_err(),
        "client 0 would bind it"
    );
}

#[tokio::test(start_paused = true)]
async fn s33_an_order_of_an_advisor_moves_the_accounts_it_is_spread_over_and_itself_nothing() {
    let group = AdvisorGroup::new("Both", GroupMethod::Equal, ["DU1", "DU2"]);
    let builder = simulator().account("DU1").account("DU2").advisor(AdvisorSetup::new("DF1").with_group(group));
    let desk = Desk::with(builder).await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let config =
        Config { host: desk.config.host.clone(), port: desk.config.port, client_id: ClientId(9), ..Config::paper() };
    let (advisor, driver) = TradingClient::connect(config).unwrap();
    tokio::spawn(driver.run());
    advisor.ready(PATIENCE).await.unwrap();
    let order = Order { advisor_group: "Both".into(), ..Order::market(Action::Buy, 100.into()) };
    let id = advisor.next_order_id().await.unwrap();
    let place = PlaceOrder { order_id: id, contract: acme.contract.clone(), order, attached: None };
    advisor.send_order_messages(vec![ClientMessage::from(Box::new(place))]).unwrap();
    let spread = async {
        while desk.sim.book().position("DU2", "ACME").is_zero() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, spread).await.expect("it was not spread");
    tokio::time::sleep(Duration::from_secs(130)).await; // two standing checks
    for account in ["DU1", "DU2", "DF1"] {
        let broker = desk.sim.book().position(account, "ACME");
        assert_eq!(broker, if account == "DF1" { Decimal::ZERO } else { number("50") });
        books(&handle, account, move |books| books.position(account, acme_id()) == broker).await;
    }
    // None of it is a strategy's.
    let ours = handle.inspect(|books| books.ledger.holdings().any(|held| held.strategy.is_some()));
    assert!(!ours.await.unwrap());
    advisor.shutdown().await;
    trader.stop().await;
}

#[tokio::test(start_paused = true)]
async fn s33_an_order_of_ours_that_an_advisor_spreads_fills_once_and_moves_the_accounts_it_is_spread_over() {
    let group = AdvisorGroup::new("Both", GroupMethod::Equal, ["DU1", "DU2"]);
    let builder = simulator().account("DU1").account("DU2").advisor(AdvisorSetup::new("DF1").with_group(group));
    let desk = Desk::with(builder).await;
    let trader = desk.trader().await;
    let handle = trader.handle().for_strategy("one");
    let acme = desk.watch(&handle, "ACME").await;
    let extension = order::Extension::new(|order| order.advisor_group = "Both".into()).unwrap(); // it may set that
    let ticket = Ticket::buy(&acme, 100).limit(number("10.01")).account("DF1").extended_by(extension);
    let placed = handle.submit(ticket).await.unwrap();
    tokio::time::sleep(Duration::from_secs(130)).await; // two standing checks
    let order = handle.order(placed.id()).await.unwrap().unwrap();
    assert_eq!((order.state, order.filled), (order::State::Filled, Decimal::ONE_HUNDRED));
    for (account, expected) in [("DU1", "50"), ("DU2", "50"), ("DF1", "0")] {
        books(&handle, account, move |books| books.position(account, acme_id()) == number(expected)).await;
    }
    let halts = handle.inspect(|books| books.orders.halts().count()).await.unwrap();
    assert_eq!(halts, 0);
    trader.stop().await;
}

fn acme_id() -> ContractId {
    ContractId(900_001)
}

fn limit_by_hand(quantity: i64) -> Order {
    Order {
        order_type: OrderType::Limit,
        limit_price: Some(number("9.50")),
        ..Order::market(Action::Buy, quantity.into())
    }
}

#[tokio::test(start_paused = true)]
async fn r18_an_order_made_by_hand_is_adopted_and_followed_over_a_restart() {
    let desk = Desk::open().await;
    let by_hand = desk.sim.manual_order(Contract::stock("ACME", "USD"), limit_by_hand(70)).unwrap();
    let before = at_the_broker(&desk, by_hand);
    let trader = desk.trader().await;
    let handle = trader.handle().for_strategy("desk");
    let seen = handle.external_orders().await.unwrap();
    assert_eq!(seen.iter().map(|order| order.permanent_id).collect::<Vec<_>>(), [by_hand]);
    let nobody = handle.adopt(by_hand, " ", None).await.unwrap_err();
    assert_eq!(nobody, Refused::External(ExternalError::NoName));
    let id = handle.adopt(by_hand, "ann", Some("block".to_owned())).await.unwrap();
    let order = handle.order(id).await.unwrap().unwrap();
    assert!(is_working(&order) && order.strategy == "desk", "{order:?}");
    assert!(handle.external_orders().await.unwrap().is_empty());
    let refused = handle.cancel(id).await.unwrap_err();
    assert_eq!(refused, Refused::Cancel(CancelError::OutOfReach(id)));
    handle.kill("ann", "a drill").await.unwrap();
    handle.rearm("ann").await.unwrap();
    tokio::time::sleep(Duration::from_secs(130)).await; // two standing checks
    assert_eq!(at_the_broker(&desk, by_hand), before, "it keeps its place");
    trader.stop().await;

    let trader = desk.trader().await;
    let handle = trader.handle().for_strategy("desk");
    assert!(is_working(&handle.order(id).await.unwrap().unwrap()));
    desk.quote("ACME", "9.40", "9.50");
    tokio::time::sleep(Duration::from_secs(130)).await;
    let order = handle.order(id).await.unwrap().unwrap();
    assert_eq!((order.state, order.filled), (State::Filled, number("70")));
    assert_eq!(handle.position(acme_id()).await.unwrap(), number("70"));
    let halts = handle.inspect(|books| (books.orders.halts().count(), books.labels.contains_key("block")));
    assert_eq!(halts.await.unwrap(), (0, true));
    let ended = trader.stop().await;
    assert_eq!(Trader::replay(&desk.config).unwrap().fingerprint(), ended.fingerprint);
}

#[tokio::test(start_paused = true)]
async fn r18_orders_made_by_hand_are_adopted_or_left_out_by_policy() {
    let mut desk = Desk::open().await;
    desk.config.limits.position_max = Some(number("100"));
    let by_hand = desk.sim.manual_order(Contract::stock("ACME", "USD"), limit_by_hand(70)).unwrap();
    let buy = |acme: &Instrument| Ticket::buy(acme, 50).limit(number("9.40"));
    // Observed, it counts.
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let refused = handle.submit(buy(&acme)).await.unwrap_err();
    assert!(refused.to_string().contains("C6 position"), "{refused}");
    trader.stop().await;
    // Adopted, it counts as one of ours.
    desk.config.external_orders = ExternalPolicy::Adopt { strategy: "manual".to_owned() };
    let trader = desk.trader().await;
    let handle = trader.handle();
    books(&handle, "the order", |books| books.orders.live().any(|order| order.intent.strategy == "manual")).await;
    let acme = desk.watch(&handle, "ACME").await;
    assert!(handle.submit(buy(&acme)).await.unwrap_err().to_string().contains("C6 position"));
    trader.stop().await;
    // Another, ignored, does not.
    desk.sim.cancel_by_hand(by_hand).unwrap();
    let other = desk.sim.manual_order(Contract::stock("ACME", "USD"), limit_by_hand(60)).unwrap();
    desk.config.external_orders = ExternalPolicy::Ignore;
    let trader = desk.trader().await;
    let handle = trader.handle();
    books(&handle, "the other", move |books| {
        books.orders.external().any(|order| order.permanent_id == other && order.is_ignored)
    })
    .await;
    tokio::time::sleep(Duration::from_secs(3)).await; // what was cancelled settles
    let acme = desk.watch(&handle, "ACME").await;
    handle.submit(buy(&acme)).await.unwrap();
    assert_eq!(
        handle.ignore(by_hand, "ann").await.unwrap_err(),
        Refused::External(ExternalError::NoSuchOrder(by_hand))
    );
    trader.stop().await;
}
