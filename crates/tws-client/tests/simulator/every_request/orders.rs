//! Orders and executions, and what changes them.

use rust_decimal::Decimal;
use tws_client::LaneEvent;
use tws_proto::ids::{ClientId, OrderId};
use tws_proto::kinds::{Action, OptionRight, Status};
use tws_proto::message::{CancelOrder, ClientMessage, ExecutionFilter, ExerciseOptions, GlobalCancel, PlaceOrder};
use tws_proto::{Contract, Order, ServerMessage};

use super::{ACCOUNT, Desk, Table, decimal, plain};

pub(super) async fn ask(version: i32, table: &mut Table) {
    let mut desk = Desk::new(version).await;
    desk.quote_ibm("181.5", "181.6");
    table.add("REQ_IDS", "next_order_id", desk.client.next_order_id().await.unwrap());
    trade(&mut desk, table).await;
    lists(&desk, table).await;
    end(&mut desk, table).await;
    exercise(version, table).await;
    bind(version, table).await;
}

impl Desk {
    fn send(&mut self, make: impl FnOnce(OrderId) -> ClientMessage) -> OrderId {
        let id = self.next_order_id;
        self.next_order_id = OrderId(id.0 + 1);
        self.client.send_order_messages(vec![make(id)]).unwrap();
        id
    }

    fn place(&mut self, contract: &Contract, order: Order) -> OrderId {
        let contract = contract.clone();
        self.send(|order_id| Box::new(PlaceOrder { order_id, contract, order, attached: None }).into())
    }

    /// The next message of the order lane that is wanted.
    async fn lane<T>(&mut self, wanted: impl Fn(&ServerMessage) -> Option<T>) -> T {
        loop {
            let event = tokio::time::timeout(super::PATIENCE, self.lane.recv()).await.expect("the lane is silent");
            if let LaneEvent::Message(message) = event.expect("the session has ended")
                && let Some(found) = wanted(&message)
            {
                return found;
            }
        }
    }

    async fn status(&mut self, id: OrderId, wanted: Status) -> String {
        let of = |message: &ServerMessage| match message {
            ServerMessage::OrderStatus(body) if body.order_id == id && body.status == wanted => {
                Some(format!("{:?}, filled {}", body.status, plain(body.filled)))
            }
            _ => None,
        };
        self.lane(of).await
    }
}

async fn trade(desk: &mut Desk, table: &mut Table) {
    let ibm = desk.ibm().await;
    let bought = desk.place(&ibm, Order::market(Action::Buy, 10.into()));
    let told = desk.status(bought, Status::Filled).await;
    table.add("PLACE_ORDER", "send_order_messages", told);
    let resting = desk.place(&ibm, Order::limit(Action::Buy, 5.into(), decimal("170")));
    desk.status(resting, Status::Submitted).await;
    desk.client.send_order_messages(vec![CancelOrder::new(resting).into()]).unwrap();
    let told = desk.status(resting, Status::Cancelled).await;
    table.add("CANCEL_ORDER", "send_order_messages, cancel_surely", told);
    let left = desk.place(&ibm, Order::limit(Action::Sell, 7.into(), decimal("199")));
    desk.status(left, Status::Submitted).await;
}

async fn lists(desk: &Desk, table: &mut Table) {
    let client = &desk.client;
    let told = |open: tws_client::OpenOrders| {
        let order = &open.orders[0].order;
        let status = &open.statuses[0];
        let (action, price) = (order.action.as_str(), plain(order.limit_price));
        format!("{}: {action} {} at {price}, {:?}", open.orders.len(), plain(order.total_quantity), status.status)
    };
    table.add("REQ_OPEN_ORDERS", "open_orders", told(client.open_orders().await.unwrap()));
    table.add("REQ_ALL_OPEN_ORDERS", "all_open_orders", told(client.all_open_orders().await.unwrap()));
    let completed = client.completed_orders().await.unwrap();
    let statuses = completed.iter().map(|order| order.state.status.as_ref().map_or("", Status::as_str));
    let mut statuses = statuses.collect::<Vec<_>>();
    statuses.sort_unstable();
    table.add("REQ_COMPLETED_ORDERS", "completed_orders", statuses.join(", "));
    let found = client.executions(ExecutionFilter::default()).await.unwrap();
    let execution = &found.executions[0].execution;
    let (quantity, price) = (plain(execution.quantity), plain(execution.price));
    let cost = plain(found.commissions[0].commission);
    let told = format!("{:?} {quantity} at {price} for {cost}", execution.side);
    table.add("REQ_EXECUTIONS", "executions", told);
}

async fn end(desk: &mut Desk, table: &mut Table) {
    let id = OrderId(desk.next_order_id.0 - 1);
    desk.client.send_order_messages(vec![GlobalCancel::default().into()]).unwrap();
    let told = desk.status(id, Status::Cancelled).await;
    table.add("REQ_GLOBAL_CANCEL", "send_order_messages, cancel_surely", told);
    assert!(desk.client.open_orders().await.unwrap().orders.is_empty());
}

/// Three calls are held, two are exercised.
async fn exercise(version: i32, table: &mut Table) {
    let mut desk = Desk::new(version).await;
    desk.sim.quote("SPY", decimal("175.0"), decimal("175.1")).unwrap();
    let option = desk.contract(Contract::option("SPY", "20131018", 170.into(), OptionRight::Call, "USD")).await;
    desk.sim.quote(&option.local_symbol, decimal("5.1"), decimal("5.2")).unwrap();
    let bought = desk.place(&option, Order::market(Action::Buy, 3.into()));
    desk.status(bought, Status::Filled).await;
    let exercised = option.clone();
    let id = desk.send(|order_id| Box::new(ExerciseOptions::of(order_id, &exercised, 2, ACCOUNT)).into());
    let of = |message: &ServerMessage| match message {
        ServerMessage::ExecutionData(body) if body.execution.order_id == Some(id) => {
            let execution = &body.execution;
            let (side, quantity) = (&execution.side, plain(execution.quantity));
            Some(format!("{side:?} {quantity} {} at {}", body.contract.symbol, plain(execution.price)))
        }
        _ => None,
    };
    let told = [desk.lane(of).await, desk.lane(of).await].join(", ");
    table.add("EXERCISE_OPTIONS", "send_order_messages", told);
    let held = desk.client.positions().await.unwrap();
    let of = |multiplier: Option<Decimal>| {
        held.iter().find(|held| held.contract.symbol == "SPY" && held.contract.multiplier == multiplier)
    };
    assert_eq!(of(Some(100.into())).map(|held| plain(held.position)), Some("1".to_owned()));
}

/// Client 0 gets the orders that are made by hand.
async fn bind(version: i32, table: &mut Table) {
    let mut desk = Desk::new_client(version, ClientId(0)).await;
    desk.client.bind_manual_orders().unwrap();
    desk.settle().await;
    let ibm = desk.ibm().await;
    desk.sim.manual_order(ibm, Order::limit(Action::Buy, 3.into(), decimal("150"))).unwrap();
    let of = |message: &ServerMessage| match message {
        ServerMessage::OpenOrder(body) => Some(format!("bound: buys {}", plain(body.order.total_quantity))),
        _ => None,
    };
    table.add("REQ_AUTO_OPEN_ORDERS", "bind_manual_orders", desk.lane(of).await);
    desk.client.leave_manual_orders().unwrap();
    desk.settle().await;
}
