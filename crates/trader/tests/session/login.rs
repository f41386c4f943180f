//! Logins that may not trade: nothing is sent into them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rust_decimal::Decimal;
use tokio::net::{TcpListener, TcpStream};
use trader::prelude::*;
use trader::{Arming, Refused, StartError};
use tws_client::{Config, TradingClient};
use tws_proto::kinds::{Action, OrderType};
use tws_proto::message::PlaceOrder;
use tws_proto::{ClientMessage, Order};

use crate::desk::{Desk, PATIENCE, is_unknown, is_working, number, refused, simulator, states};

#[tokio::test]
async fn a_live_account_in_paper_mode_halts_before_any_order() {
    let desk = Desk::with(simulator().account("U1234567")).await;
    let StartError::NotReady(not_ready) = refused(desk.config.clone()).await else { panic!("it should halt") };
    assert_eq!(not_ready.state.phase, Phase::Halted);
    assert!(not_ready.state.reason.contains("live account ***567"), "{not_ready}");
    assert_eq!(desk.orders().len(), 0);
    // Everything is let go of.
    assert_eq!(Trader::replay(&desk.config).unwrap().orders.iter().count(), 0);
    refused(desk.config.clone()).await;
}

#[tokio::test]
async fn a_tws_that_is_too_old_is_said_to_be_where_trading_halts() {
    let old = tws_sim::Fault::new(tws_sim::Switch::VersionAnswer);
    let desk = Desk::with(simulator().fault(old)).await;
    let StartError::NotReady(not_ready) = refused(desk.config.clone()).await else { panic!("it should halt") };
    assert_eq!(not_ready.state.phase, Phase::Halted);
    assert!(not_ready.state.reason.contains("version 150, below 176; upgrade TWS"), "{not_ready}");
}

/// A port behind which the server can be changed.
struct Switch {
    address: SocketAddr,
    target: Arc<Mutex<SocketAddr>>,
}

impl Switch {
    async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let target = Arc::new(Mutex::new(target));
        let current = Arc::clone(&target);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let server = *current.lock().unwrap();
                tokio::spawn(async move {
                    let Ok(mut server) = TcpStream::connect(server).await else { return };
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                });
            }
        });
        Self { address, target }
    }
}

/// Leaves an order of the same client with the same number in another login.
async fn leave_an_order(desk: &Desk, contract: &Contract, id: tws_proto::ids::OrderId) {
    let address = desk.sim.address();
    let config = Config {
        host: address.ip().to_string(),
        port: address.port(),
        client_id: desk.config.client_id,
        ..Config::paper()
    };
    let (client, driver) = TradingClient::connect(config).unwrap();
    tokio::spawn(driver.run());
    client.ready(PATIENCE).await.unwrap();
    let order = Order {
        action: Action::Buy,
        total_quantity: Some(number("100")),
        order_type: OrderType::Limit,
        limit_price: Some(number("9.00")),
        ..Order::default()
    };
    let place = PlaceOrder { order_id: id, contract: contract.clone(), order, attached: None };
    client.send_order_messages(vec![ClientMessage::from(Box::new(place))]).unwrap();
    desk.broker("the other login's order", |orders| orders.len() == 1 && orders[0].stage.is_live()).await;
    client.shutdown().await;
}

async fn check_other_login(account: &str, reason: &str) {
    let mut desk = Desk::open().await;
    let other = Desk::with(simulator().account(account)).await;
    let switch = Switch::to(desk.sim.address()).await;
    desk.config.port = switch.address.port();
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut resting = handle.submit(Ticket::buy(&acme, 50).limit(number("9.50"))).await.unwrap();
    let working = resting.wait_for(PATIENCE, is_working).await.unwrap();
    leave_an_order(&other, &acme, working.order_id).await;

    let mut states = states(&handle);
    desk.sim.refuse_connections().await;
    desk.sim.drop_connections();
    resting.wait_for(PATIENCE, is_unknown).await.unwrap();
    resting.cancel().await.unwrap(); // kept, to be sent first on return
    *switch.target.lock().unwrap() = other.sim.address();
    let halted = crate::desk::hear(&mut states, |state| state.phase == Phase::Halted).await;
    assert!(halted.reason.contains(reason), "{}", halted.reason);
    let refused = handle.submit(Ticket::buy(&acme, 1)).await.unwrap_err();
    assert!(matches!(refused, Refused::NotReady { phase: Phase::Halted, .. }), "{refused:?}");
    handle.kill("ann", "test").await.unwrap();
    // Whatever had been sent before this question would have arrived before its answer.
    handle.client().server_time().await.unwrap();
    assert!(other.orders().iter().all(|order| order.stage.is_live()), "{:?}", other.orders());
    assert_eq!(other.orders().len(), 1);
    let foreign = handle.inspect(|books| books.orders.external().count() + books.ledger.holdings().count());
    assert_eq!(foreign.await.unwrap(), 0);
    trader.stop().await;
    assert_eq!(desk.holds("ACME"), Decimal::ZERO);
}

#[tokio::test]
async fn a_later_epoch_with_a_live_login_halts_and_hears_no_cancel_of_ours() {
    check_other_login("U7654321", "live account ***321").await;
}

#[tokio::test]
async fn a_later_epoch_with_another_paper_login_halts_too() {
    check_other_login("DU7654321", "***321").await;
}

#[tokio::test]
async fn a_journal_of_another_login_is_not_traded_on() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    handle.submit(Ticket::buy(&acme, 50)).await.unwrap().done(PATIENCE).await.unwrap();
    trader.stop().await;
    let other = Desk::with(simulator().account("DU7654321")).await;
    let config = TraderConfig { port: other.config.port, ..desk.config.clone() };
    let StartError::NotReady(not_ready) = refused(config).await else { panic!("it should halt") };
    assert!(not_ready.state.reason.contains("***567"), "{not_ready}");
    desk.trader().await.stop().await;
}

#[tokio::test]
async fn paper_trading_asks_for_no_arming_and_takes_an_old_one_for_none() {
    let mut desk = Desk::open().await;
    desk.config.arming = Some(Arming { by: "ann".to_owned(), until: "2013-10-06T20:00:00Z".parse().unwrap() });
    let trader = desk.trader().await;
    assert_eq!(trader.handle().state().phase, Phase::Ready);
    trader.stop().await;
}
