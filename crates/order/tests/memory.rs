//! What an order costs once it has ended: a book forgets after days, and a day may bring a million.

mod world;

use order::{BrokerEvent, Event, Intent, IntentId, Timestamp};
use tws_proto::Order;
use tws_proto::ids::{ClientId, OrderId, PermanentId};
use tws_proto::kinds::{Action, ExecutionSide, Status};
use tws_proto::message::{CommissionReport, Execution, ExecutionData, OpenOrder};

use world::{Open, book, intent};

const ORDERS: u32 = 5_000;
/// Most bytes of the heap for one order with three executions.
const BYTES_MAX: i64 = 512;

/// One order is placed, acknowledged, filled in three parts, and what the last one cost is told.
fn live_and_end(orders: &mut order::Orders, number: u32) {
    let mut now = Timestamp(1_700_000_000_000_000 + i64::from(number) * 100_000);
    let id = IntentId(u128::from(now.0.unsigned_abs()) << 32);
    let wish = Intent { id, strategy: "momentum".into(), ..intent('a') };
    let (contract, account) = ((*wish.contract).clone(), wish.account.to_string());
    let order_id = orders.next_order_id();
    let permanent_id = Some(PermanentId(1_000_000_000 + i64::from(number)));
    let reference = order::Instance::new("t1").unwrap().reference(id);
    let _ = orders.submit(wish.into(), &Open, now).unwrap();
    let shown = Order {
        account: account.clone(),
        client_id: Some(ClientId(1)),
        permanent_id,
        order_reference: reference.clone(),
        ..Order::limit(Action::Buy, 100.into(), 10.into())
    };
    let mut open = OpenOrder { order_id, contract: contract.clone(), order: shown, state: Default::default() };
    open.state.status = Some(Status::Submitted);
    let mut events = vec![BrokerEvent::OpenOrder(Box::new(open))];
    for (part, quantity) in [(1, 30), (2, 30), (3, 40)] {
        let execution = Execution {
            order_id: Some(order_id),
            client_id: Some(ClientId(1)),
            permanent_id,
            execution_id: format!("0000e0d5.{number:08x}.{part:02}.01"),
            account: account.clone(),
            side: ExecutionSide::Bought,
            quantity: Some(quantity.into()),
            price: Some(rust_decimal::Decimal::new(995 + part, 2)),
            order_reference: reference.clone(),
            ..Execution::default()
        };
        let data = ExecutionData { request_id: None, contract: contract.clone(), execution };
        events.push(BrokerEvent::Execution(Box::new(data)));
    }
    events.push(BrokerEvent::Commission(Box::new(CommissionReport {
        execution_id: format!("0000e0d5.{number:08x}.03.01"),
        commission: Some(rust_decimal::Decimal::new(100, 2)),
        currency: "USD".to_owned(),
        ..CommissionReport::default()
    })));
    for event in events {
        now = Timestamp(now.0 + 12_345);
        let _ = orders.step(Event::Broker(event), now);
    }
}

#[test]
fn an_order_that_has_ended_takes_half_a_kibibyte() {
    let mut orders = book();
    let info = allocation_counter::measure(|| {
        for number in 0..ORDERS {
            live_and_end(&mut orders, number);
        }
        orders.pack_ended();
    });
    assert_eq!(orders.live().count(), 0);
    assert_eq!(orders.next_order_id(), OrderId(5_001));
    assert_eq!(orders.executions().len(), 15_000);
    let each = info.bytes_current / i64::from(ORDERS);
    println!("{each} bytes an order");
    assert!(each <= BYTES_MAX, "{each} bytes an order");
    // Nothing is lost by it.
    let text = serde_json::to_string(&orders).unwrap();
    assert_eq!(serde_json::from_str::<order::Orders>(&text).unwrap(), orders);
}
