//! Against the simulator, over TCP: the same session in text, in between, and in protobuf.

mod every_request;
mod tour;

use std::time::Duration;

use rust_decimal::Decimal;
use tws_client::{Config, LaneEvent, OrderEvents, RequestError, Tick, TradingClient, Update};
use tws_proto::ids::{OrderId, RequestId};
use tws_proto::kinds::{AccountTag, Action, Status, TickByTickKind, TickKind};
use tws_proto::message::{CancelOrder, ClientMessage, ExecutionFilter, PlaceOrder, ServerMessage};
use tws_proto::{Contract, Order, ServerVersion};
use tws_sim::TwsSim;

const PATIENCE: Duration = Duration::from_secs(20);

async fn session(sim: &TwsSim, version: i32) -> (TradingClient, OrderEvents, OrderId) {
    let address = sim.address();
    let config = Config {
        host: address.ip().to_string(),
        port: address.port(),
        newest_version: ServerVersion(version),
        ..Config::paper()
    };
    let (client, driver) = TradingClient::connect(config).unwrap();
    let events = client.take_order_events().unwrap();
    tokio::spawn(driver.run());
    let ready = client.ready(PATIENCE).await.unwrap();
    assert_eq!(ready.server_version, ServerVersion(version));
    (client, events, ready.next_order_id)
}

fn place(order_id: OrderId, contract: &Contract, order: Order) -> ClientMessage {
    Box::new(PlaceOrder { order_id, contract: contract.clone(), order, attached: None }).into()
}

async fn status(events: &mut OrderEvents, id: OrderId, wanted: Status) {
    while let Some(event) = events.recv().await {
        if let LaneEvent::Message(ServerMessage::OrderStatus(status)) = event
            && status.order_id == id
            && status.status == wanted
        {
            return;
        }
    }
    panic!("the session ended");
}

async fn trade(version: i32) {
    let sim = TwsSim::builder().seed(7).still_markets().start().await.unwrap();
    sim.quote("AAPL", 150, 151).unwrap();
    let (client, mut events, first) = session(&sim, version).await;
    let apple = client.contract_details(&Contract::stock("AAPL", "USD")).await.unwrap().remove(0).contract;
    let unknown = client.contract_details(&Contract::stock("NOSUCH", "USD")).await;
    assert!(matches!(unknown, Err(RequestError::Rejected { code: 200, .. })), "{unknown:?}");
    client.server_time().await.unwrap();
    assert!(!client.accounts().await.unwrap().is_empty());

    let mut quotes = client.market_data(&apple, &[]).unwrap();
    let mut singles = client.tick_by_tick(&apple, TickByTickKind::BidAsk).unwrap();
    loop {
        match quotes.recv().await.unwrap() {
            Update::Data(Tick::Price(tick)) if tick.kind == TickKind::Bid => {
                assert_eq!(tick.price, Some(150.into()));
                break;
            }
            Update::Ended(error) => panic!("{error}"),
            Update::Data(_) | Update::Gap { .. } | Update::Notice(_) => {}
        }
    }
    sim.quote("AAPL", 152, 153).unwrap();
    assert!(matches!(singles.recv().await, Some(Update::Data(_))));

    let resting = OrderId(first.0 + 1);
    let market = Order::market(Action::Buy, 100.into());
    client.send_order_messages(vec![place(first, &apple, market)]).unwrap();
    status(&mut events, first, Status::Filled).await;
    let limit = Order::limit(Action::Buy, 10.into(), 100.into());
    client.send_order_messages(vec![place(resting, &apple, limit)]).unwrap();
    status(&mut events, resting, Status::Submitted).await;
    let open = client.open_orders().await.unwrap().orders;
    assert_eq!(open.iter().map(|open| open.order_id).collect::<Vec<_>>(), [resting]);
    client.send_order_messages(vec![CancelOrder::new(resting).into()]).unwrap();
    status(&mut events, resting, Status::Cancelled).await;
    assert!(client.all_open_orders().await.unwrap().orders.is_empty());

    let executions = client.executions(ExecutionFilter::default()).await.unwrap().executions;
    let filled: Decimal = executions.iter().filter_map(|data| data.execution.quantity).sum();
    assert_eq!(filled, 100.into());
    let positions = client.positions().await.unwrap();
    assert_eq!(positions.iter().filter_map(|position| position.position).sum::<Decimal>(), 100.into());
    assert!(!client.completed_orders().await.unwrap().is_empty());
    assert!(!client.account_summary(&[AccountTag::NetLiquidation]).await.unwrap().is_empty());
    assert!(!client.snapshot(&apple).await.unwrap().is_empty());

    // The link breaks: the stream goes on, and no order is sent again.
    let placed = sim.book().orders().count();
    sim.drop_connections();
    let mut states = client.state();
    states.wait_for(|state| state.epoch.0 == 2 && state.is_ready()).await.unwrap();
    while !matches!(quotes.recv().await.unwrap(), Update::Gap { .. }) {}
    assert!(matches!(quotes.recv().await, Some(Update::Data(_))));
    client.positions().await.unwrap();
    assert_eq!(sim.book().orders().count(), placed);
    client.shutdown().await;
    sim.shutdown().await;
}

#[tokio::test]
async fn a_session_in_text() {
    trade(176).await;
}

#[tokio::test]
async fn a_session_in_both_forms() {
    trade(205).await;
}

#[tokio::test]
async fn a_session_in_protobuf() {
    trade(226).await;
}

/// A request and a stream of one's own, which say anything.
struct Own(ClientMessage);

impl tws_client::request::Request for Own {
    type Output = ();

    fn message(&self, _: RequestId) -> ClientMessage {
        self.0.clone()
    }

    fn output(&self, _: Vec<ServerMessage>) -> Result<(), RequestError> {
        Ok(())
    }
}

impl tws_client::feed::Feed for Own {
    type Item = tws_client::feed::PositionUpdate;

    fn message(&self, _: RequestId) -> ClientMessage {
        self.0.clone()
    }

    fn items(_: ServerMessage, _: impl FnMut(Self::Item)) {}
}

#[tokio::test]
async fn whoever_has_a_handle_that_looks_does_not_act_on_a_session_that_trades_and_does_not_end_it_as_a_guest() {
    let sim = TwsSim::builder().seed(1).start().await.unwrap();
    let (client, mut events, id) = session(&sim, 226).await;
    let guest = client.client().guest();
    let order = place(id, &Contract::stock("IBM", "USD"), Order::market(Action::Buy, Decimal::TEN));
    for acting in [order.clone(), CancelOrder::new(id).into(), tws_proto::message::GlobalCancel::default().into()] {
        for error in [
            guest.request(Own(acting.clone())).await.unwrap_err(),
            guest.request_within(Own(acting.clone()), PATIENCE).await.unwrap_err(),
            guest.subscribe(Own(acting.clone())).map(|_| ()).unwrap_err(),
        ] {
            assert!(matches!(error, RequestError::ReadOnly { .. }), "{error}");
        }
    }
    guest.shutdown().await;
    assert!(guest.contract_details(&Contract::stock("IBM", "USD")).await.is_ok(), "the session goes on");
    assert_eq!(sim.book().orders().count(), 0);
    client.send_order_messages(vec![order]).unwrap();
    status(&mut events, id, Status::Filled).await;
    client.shutdown().await;
    assert!(matches!(guest.server_time().await, Err(RequestError::Closed)));
}
