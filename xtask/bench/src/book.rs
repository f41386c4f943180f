//! The lives of orders through the pure order book, beside the least that their messages cost, and the least that keeping
//! them does.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::BuildHasher as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use foldhash::fast::FixedState;
use order::{
    BrokerEvent, Event, Gate, Hours, Instance, Intent, IntentId, LinkEvent, OrderKind, Orders, PassedLegs, Side,
    Timestamp,
};
use order::{Submission, TimeInForce};
use rust_decimal::Decimal;
use tws_proto::ids::{ClientId, ContractId, OrderId, PermanentId, split_execution_id};
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
    let (mut least, mut looked_at) = (Least::default(), Least::default());
    let (mut copied, mut noted, mut kept, mut lived, mut dropped) = Default::default();
    for number in 0..count {
        let Life { submission, events, began } = life(number);
        let started = Instant::now();
        drop(std::hint::black_box((submission.clone(), events.clone())));
        copied += started.elapsed();
        let started = Instant::now();
        looked_at.note_order(&submission);
        events.iter().for_each(|event| looked_at.note(event));
        noted += started.elapsed();
        let (again, told) = (submission.clone(), events.clone());
        let mut steps = Vec::with_capacity(events.len() + 1);
        let started = Instant::now();
        steps.push(least.submit(again));
        steps.extend(told.into_iter().map(|event| least.step(event)));
        kept += started.elapsed();
        drop(std::hint::black_box(steps));
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
    for table in [&least, &looked_at] {
        assert_eq!(table.trades.len(), 3 * count as usize, "every fill is kept once");
    }
    assert_eq!(orders.live().count(), 0, "every order ends");
    let each = |time: Duration| vec![time.as_nanos() as f64 / f64::from(count)];
    vec![Table {
        title: format!("order book: place, ack, two partial fills, fill, commission; {count} lives"),
        columns: &["ns a life"],
        rows: vec![
            Row { name: "the same messages copied and dropped".to_owned(), values: each(copied), asked: Vec::new() },
            Row { name: "kept by number, without a rule".to_owned(), values: each(noted), asked: Vec::new() },
            Row { name: "the same, and the messages handed on".to_owned(), values: each(kept), asked: Vec::new() },
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

/// The least that a book must do: each order found by IB's number of it, each execution counted once, and what came looked
/// at, or handed on as records. It has no rule, checks nothing, tells nobody, and believes that ids rise by one.
#[derive(Default)]
struct Least {
    /// By order id.
    orders: Vec<Kept>,
    by_permanent_id: HashMap<PermanentId, usize, FixedState>,
    /// By the hash of their root.
    by_root: HashMap<u64, usize, FixedState>,
    trades: Vec<Trade>,
}

struct Kept {
    quantity: Decimal,
    filled: Decimal,
    value: Decimal,
    permanent_id: Option<PermanentId>,
    is_live: bool,
}

#[allow(dead_code, reason = "it is kept, and nobody asks for it here")]
struct Trade {
    order: usize,
    quantity: Decimal,
    price: Decimal,
    cost: Option<Decimal>,
}

/// What comes out of it, as large as it must be.
#[allow(dead_code, reason = "nobody looks at it: it is handed on")]
enum Handed {
    Submitted(Arc<Submission>),
    Happened(Event),
}

impl Least {
    fn submit(&mut self, submission: Submission) -> Vec<Handed> {
        self.note_order(&submission);
        vec![Handed::Submitted(Arc::new(submission))]
    }

    fn step(&mut self, event: Event) -> Vec<Handed> {
        self.note(&event);
        vec![Handed::Happened(event)]
    }

    fn note_order(&mut self, submission: &Submission) {
        let quantity = submission.legs().map(|leg| leg.quantity).sum();
        let (filled, value) = (Decimal::ZERO, Decimal::ZERO);
        self.orders.push(Kept { quantity, filled, value, permanent_id: None, is_live: true });
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::Broker(BrokerEvent::OpenOrder(open)) => self.acknowledge(open),
            Event::Broker(BrokerEvent::Execution(data)) => self.fill(&data.execution),
            Event::Broker(BrokerEvent::Commission(report)) => self.pay(report),
            _ => None,
        }
        .expect("a life goes as it should");
    }

    fn acknowledge(&mut self, open: &OpenOrder) -> Option<()> {
        let at = usize::try_from(open.order_id.0).ok()?.checked_sub(1)?;
        let order = self.orders.get_mut(at)?;
        order.permanent_id = open.order.permanent_id;
        self.by_permanent_id.insert(order.permanent_id?, at);
        Some(())
    }

    fn fill(&mut self, execution: &Execution) -> Option<()> {
        let order = *self.by_permanent_id.get(&execution.permanent_id?)?;
        if let Entry::Vacant(vacant) = self.by_root.entry(hash(&execution.execution_id)) {
            let (quantity, price) = (execution.quantity?, execution.price?);
            vacant.insert(self.trades.len());
            self.trades.push(Trade { order, quantity, price, cost: None });
            let kept = self.orders.get_mut(order)?;
            kept.filled += quantity;
            kept.value += quantity * price;
            kept.is_live = kept.filled < kept.quantity;
        }
        Some(())
    }

    fn pay(&mut self, report: &CommissionReport) -> Option<()> {
        let trade = self.trades.get_mut(*self.by_root.get(&hash(&report.execution_id))?)?;
        trade.cost = report.commission;
        Some(())
    }
}

fn hash(execution_id: &str) -> u64 {
    FixedState::default().hash_one(split_execution_id(execution_id).0)
}
