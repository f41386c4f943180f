//! The lives of orders through the pure order book, beside the least that their messages cost.

use std::time::{Duration, Instant};

use order::{
    BrokerEvent, Event, Gate, Hours, Instance, Intent, IntentId, LinkEvent, OrderKind, Orders, PassedLegs, Side,
    Timestamp,
};
use order::{Submission, TimeInForce};
use rust_decimal::Decimal;
use tws_proto::ids::{ClientId, ContractId, OrderId, PermanentId};
use tws_proto::kinds::{Action, ExecutionSide, Status};
use tws_proto::message::{CommissionReport, Execution, ExecutionData, OpenOrder};
use tws_proto::{Contract, Order};

use crate::harness::Effort;
use crate::report::{Row, Table};

/// What a million lives may take, told for one.
const ASKED_NS: f64 = 1_500.0;

/// What comes to the book in the life of one order.
struct Life {
    submission: Submission,
    events: Vec<Event>,
    began: Timestamp,
}

/// Lets everything through: the gate is not measured here.
struct Open;

impl Gate for Open {
    type Refusal = std::convert::Infallible;

    fn check(&self, _: &Intent, _: PassedLegs<'_>, _: &Orders) -> Result<(), Self::Refusal> {
        Ok(())
    }
}

/// Orders that are placed, acknowledged, filled in three parts and paid for, one after the other. Each life is timed by
/// itself: its messages are there before, as a decoder has made them, and what comes out is dropped after, as a journal
/// and a bus would.
pub(crate) fn measure(effort: Effort) -> Vec<Table> {
    eprintln!("measuring: order book ...");
    let count = if effort.rounds >= Effort::FULL.rounds { 1_000_000 } else { 100_000 };
    let mut orders = Orders::new(instance(), ClientId(1));
    let _ = orders.step(Event::Link(LinkEvent::Ready { next_order_id: OrderId(1) }), Timestamp(0));
    let (mut copied, mut lived, mut dropped) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for number in 0..count {
        let Life { submission, events, began } = life(number);
        let started = Instant::now();
        drop(std::hint::black_box((submission.clone(), events.clone())));
        copied += started.elapsed();
        let mut steps = Vec::with_capacity(events.len() + 1);
        let started = Instant::now();
        steps.push(orders.submit(submission, &Open, began));
        for (event, passed) in events.into_iter().zip(1..) {
            steps.push(Ok(orders.step(event, Timestamp(began.0 + 10_000 * passed))));
        }
        lived += started.elapsed();
        let started = Instant::now();
        drop(std::hint::black_box(steps));
        dropped += started.elapsed();
    }
    assert_eq!(orders.executions().len(), 3 * count as usize, "every fill counts once");
    assert_eq!(orders.live().count(), 0, "every order ends");
    let each = |time: Duration| vec![time.as_nanos() as f64 / f64::from(count)];
    vec![Table {
        title: format!("order book: place, ack, two partial fills, fill, commission; {count} lives"),
        columns: &["ns a life"],
        rows: vec![
            Row { name: "the same messages copied and dropped".to_owned(), values: each(copied), asked: Vec::new() },
            Row { name: "order::Orders".to_owned(), values: each(lived), asked: vec![ASKED_NS] },
            Row { name: "what came out of it dropped".to_owned(), values: each(dropped), asked: Vec::new() },
        ],
    }]
}

fn instance() -> Instance {
    Instance::new("t1").expect("two letters")
}

fn contract() -> Contract {
    Contract { contract_id: Some(ContractId(8314)), ..Contract::stock("IBM", "USD") }
}

fn life(number: u32) -> Life {
    let began = Timestamp(1_381_152_600_000_000 + i64::from(number) * 100_000);
    let id = IntentId(u128::from(began.0.unsigned_abs()) << 32);
    let order_id = OrderId(i32::try_from(number).unwrap_or(i32::MAX - 1) + 1);
    let permanent_id = Some(PermanentId(i64::from(number) + 1_000_000_000));
    let (account, price, quantity) = ("DU1234567".to_owned(), Decimal::new(18_451, 2), Decimal::from(300));
    let reference = instance().reference(id);
    let intent = Intent {
        id,
        strategy: "momentum".into(),
        account: account.as_str().into(),
        contract: contract().into(),
        side: Side::Buy,
        quantity,
        kind: OrderKind::Limit { limit_price: price },
        time_in_force: TimeInForce::Day,
        hours: Hours::Regular,
        extension: None,
    };
    let shown = Order {
        account: account.clone(),
        client_id: Some(ClientId(1)),
        permanent_id,
        order_reference: reference.clone(),
        ..Order::limit(Action::Buy, quantity, price)
    };
    let mut open = OpenOrder { order_id, contract: contract(), order: shown, state: Default::default() };
    open.state.status = Some(Status::Submitted);
    let mut events = vec![Event::Broker(BrokerEvent::OpenOrder(Box::new(open)))];
    for part in 1..=3_u32 {
        let execution = Execution {
            order_id: Some(order_id),
            client_id: Some(ClientId(1)),
            permanent_id,
            execution_id: format!("0000e0d5.{number:08x}.{part:02}.01"),
            account: account.clone(),
            exchange: "NYSE".to_owned(),
            side: ExecutionSide::Bought,
            quantity: Some(Decimal::ONE_HUNDRED),
            price: Some(price),
            order_reference: reference.clone(),
            cumulative_quantity: Some(Decimal::from(100 * part)),
            average_price: Some(price),
            ..Execution::default()
        };
        let data = ExecutionData { request_id: None, contract: contract(), execution };
        events.push(Event::Broker(BrokerEvent::Execution(Box::new(data))));
    }
    let commission = CommissionReport {
        execution_id: format!("0000e0d5.{number:08x}.03.01"),
        commission: Some(Decimal::ONE),
        currency: "USD".to_owned(),
        ..CommissionReport::default()
    };
    events.push(Event::Broker(BrokerEvent::Commission(Box::new(commission))));
    Life { submission: intent.into(), events, began }
}
