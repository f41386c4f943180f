//! Orders of others: taken on, or left out of the count (R18).

use order::{
    BrokerEvent, CancelError, Change, ChangeError, Event, ExternalError, ExternalPolicy, Gate, Instance, Intent,
    IntentId, LinkEvent, OrderKind, Orders, PassedLegs, Replacement, Revenant, Side, State, Step, Timestamp,
};
use rust_decimal::Decimal;
use tws_proto::condition::{Bound, Condition, Conjunction};
use tws_proto::ids::{ClientId, ContractId, OrderId, PermanentId};
use tws_proto::kinds::{Action, AlgoStrategy, ExecutionSide, HedgeType, OcaType, OrderType, Status, TimeInForce};
use tws_proto::message::{Execution, ExecutionData, OpenOrder, OrderStatus};
use tws_proto::order_state::OrderState;
use tws_proto::{ClientMessage, Contract, Order};

const BY_HAND: PermanentId = PermanentId(77);
const NOW: Timestamp = Timestamp(1_000_000);

struct Open;

impl Gate for Open {
    type Refusal = String;

    fn check(&self, _: &Intent, _: PassedLegs<'_>, _: &Orders) -> Result<(), String> {
        Ok(())
    }
}

/// A book, and what it has recorded.
struct Desk {
    orders: Orders,
    records: Vec<order::Record>,
}

impl Desk {
    fn new() -> Self {
        let mut desk = Self { orders: book(), records: Vec::new() };
        desk.tell(Event::Link(LinkEvent::Ready { next_order_id: OrderId(1) }));
        desk
    }

    fn take(&mut self, step: Step) {
        self.records.extend(step.records);
    }

    fn tell(&mut self, event: Event) {
        let step = self.orders.step(event, NOW);
        self.take(step);
    }

    fn show(&mut self, change: impl FnOnce(&mut OpenOrder)) {
        let mut open = OpenOrder {
            order_id: OrderId(0),
            contract: ibm(),
            order: limit(),
            state: OrderState { status: Some(Status::Submitted), ..OrderState::default() },
        };
        change(&mut open);
        self.tell(Event::Broker(BrokerEvent::OpenOrder(Box::new(open))));
    }

    fn fill(&mut self, root: &str, quantity: i64) {
        let execution = Execution {
            execution_id: format!("{root}.01"),
            account: "DU1".to_owned(),
            side: ExecutionSide::Bought,
            quantity: Some(quantity.into()),
            price: Some(9.into()),
            permanent_id: Some(BY_HAND),
            client_id: Some(ClientId(0)),
            order_id: Some(OrderId(0)),
            ..Execution::default()
        };
        let data = ExecutionData { request_id: None, contract: ibm(), execution };
        self.tell(Event::Broker(BrokerEvent::Execution(Box::new(data))));
    }

    fn adopt(&mut self) -> Result<(), ExternalError> {
        let step = self.orders.adopt_external(BY_HAND, IntentId(5), "desk", "ann", NOW)?;
        self.take(step);
        Ok(())
    }
}

/// The same records make the same book, and it comes back from its JSON.
impl Drop for Desk {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let mut replayed = book();
        for record in &self.records {
            let text = serde_json::to_string(record).unwrap(); // plain data
            replayed.apply(&serde_json::from_str(&text).unwrap()); // as it was written
        }
        assert_eq!(replayed, self.orders);
        let text = serde_json::to_string(&self.orders).unwrap(); // plain data
        assert_eq!(serde_json::from_str::<Orders>(&text).unwrap(), self.orders); // as it was written
    }
}

fn book() -> Orders {
    Orders::new(Instance::new("t1").unwrap(), ClientId(1)) // a sound name
}

fn limit() -> Order {
    Order {
        account: "DU1".to_owned(),
        permanent_id: Some(BY_HAND),
        client_id: Some(ClientId(0)),
        order_type: OrderType::Limit,
        limit_price: Some(9.into()),
        ..Order::market(Action::Buy, 70.into())
    }
}

fn ibm() -> Contract {
    Contract { contract_id: Some(ContractId(8314)), ..Contract::stock("IBM", "USD") }
}

fn risk(orders: &Orders) -> Decimal {
    orders.live_quantity("DU1", &ibm(), Side::Buy, None, NOW)
}

#[test]
fn r18_an_open_order_that_does_not_say_what_has_filled_leaves_it_as_it_was_told() {
    let mut desk = Desk::new();
    desk.show(|_| ());
    let status = || OrderStatus {
        order_id: OrderId(0),
        client_id: Some(ClientId(0)),
        permanent_id: Some(BY_HAND),
        status: Status::Submitted,
        filled: Some(30.into()),
        remaining: Some(40.into()),
        ..OrderStatus::default()
    };
    desk.tell(Event::Broker(BrokerEvent::OrderStatus(Box::new(status()))));
    assert_eq!(risk(&desk.orders), 40.into());
    let recorded = desk.records.len();
    // Snapshots of the text protocol show it so, minute by minute, each with its status behind it.
    for _ in 0..3 {
        desk.show(|_| ());
        assert_eq!(risk(&desk.orders), 40.into());
        let unknown = ExternalError::FillsUnknown { number: BY_HAND, told: 30.into(), proven: 0.into() };
        assert_eq!(desk.adopt(), Err(unknown));
        desk.tell(Event::Broker(BrokerEvent::OrderStatus(Box::new(status()))));
    }
    assert_eq!(desk.records.len(), recorded, "it says nothing new");
    // What is changed by hand has filled as much as before.
    desk.show(|open| open.order.total_quantity = Some(100.into()));
    assert_eq!(risk(&desk.orders), 70.into());
}

#[test]
fn r18_an_order_made_by_hand_is_taken_on_with_what_it_has_filled() {
    let mut desk = Desk::new();
    desk.show(|_| ());
    desk.fill("0001", 30);
    desk.show(|open| open.order.filled_quantity = Some(30.into()));
    assert_eq!((desk.orders.iter().count(), risk(&desk.orders)), (0, 40.into()));
    assert_eq!(desk.adopt(), Ok(()));
    let order = desk.orders.update(IntentId(5)).unwrap(); // it is there
    assert_eq!((order.strategy.as_str(), order.side, order.order_id), ("desk", Side::Buy, OrderId(0)));
    assert_eq!((order.filled, order.working, order.permanent_ids), (30.into(), 40.into(), vec![BY_HAND].into()));
    assert!(matches!(order.state, State::Working(_)));
    assert_eq!(desk.orders.get(IntentId(5)).unwrap().intent.kind, OrderKind::Limit { limit_price: 9.into() });
    // It counts once, and what fills from now on is the strategy's.
    assert_eq!((desk.orders.external().count(), risk(&desk.orders)), (0, 40.into()));
    desk.fill("0002", 40);
    let order = desk.orders.update(IntentId(5)).unwrap(); // it is there
    assert_eq!((order.state, order.filled), (State::Filled, 70.into()));
    let whose = |root: &str| desk.orders.executions().get(root).unwrap().strategy.clone();
    assert_eq!(whose("0002").as_deref(), Some("desk"));
}

#[test]
fn r18_what_was_taken_on_is_changed_and_cancelled_where_it_was_made() {
    let mut desk = Desk::new();
    desk.show(|_| ());
    assert_eq!(desk.adopt(), Ok(()));
    let id = IntentId(5);
    assert_eq!(desk.orders.cancel(id, NOW), Err(CancelError::OutOfReach(id)));
    assert_eq!(desk.orders.cancel_all(|_| true, NOW), Step::default());
    let change = Change { quantity: Some(10.into()), ..Change::default() };
    assert_eq!(desk.orders.change(id, change, &Open, NOW), Err(ChangeError::OutOfReach(id)));
    // A link that breaks makes it unknown, and it is found by IB's number.
    desk.tell(Event::Link(LinkEvent::Lost));
    assert!(desk.orders.has_unknown());
    desk.show(|_| ());
    assert!(!desk.orders.has_unknown());
    // Cancelled there, it has ended here.
    desk.show(|open| open.state.status = Some(Status::Cancelled));
    assert_eq!(desk.orders.update(id).unwrap().state, State::Cancelled);
    // One of this client is within reach.
    let mut desk = Desk::new();
    desk.show(|open| (open.order_id, open.order.client_id) = (OrderId(9), Some(ClientId(1))));
    assert_eq!(desk.adopt(), Ok(()));
    let step = desk.orders.cancel(id, NOW).unwrap(); // it has a number here
    assert_eq!(step.actions.len(), 1);
    desk.take(step);
}

#[test]
fn r18_a_change_of_what_was_taken_on_alters_only_what_it_says() {
    let mut desk = Desk::new();
    let mine = |open: &mut OpenOrder| {
        open.order_id = OrderId(9);
        let told = Order { parent_permanent_id: Some(PermanentId(70)), submitter: "ann".into(), ..open.order.clone() };
        open.order = Order {
            client_id: Some(ClientId(1)),
            parent_id: Some(OrderId(8)),
            oca_group: "exits of 8".into(),
            oca_type: Some(OcaType::ReduceWithBlock),
            order_reference: "by hand".into(),
            time_in_force: Some(TimeInForce::GoodTillDate),
            good_till_date: "20270115-08:00:00".into(),
            outside_regular_hours: true,
            hidden: true,
            display_size: Some(10),
            algo_strategy: Some(AlgoStrategy::Adaptive),
            conditions: vec![Condition::Margin {
                conjunction: Conjunction::default(),
                bound: Bound::Below,
                percent: Some(10),
            }],
            ..told
        };
    };
    desk.show(mine);
    assert_eq!(desk.adopt(), Ok(()));
    let id = IntentId(5);
    let change = Change { quantity: Some(60.into()), ..Change::default() };
    let step = desk.orders.change(id, change, &Open, NOW).unwrap(); // it has a number here
    let [order::Action::Send(burst)] = &step.actions[..] else { panic!("{step:?}") };
    let [ClientMessage::PlaceOrder(place)] = &burst.clone().into_messages()[..] else { panic!("{burst:?}") };
    let mut open = OpenOrder { order: limit(), ..OpenOrder::default() };
    mine(&mut open);
    let sent = Order {
        total_quantity: Some(60.into()),
        // Who and what it is says the envelope, and what only answers tell is not sent.
        client_id: None,
        permanent_id: None,
        parent_permanent_id: None,
        submitter: String::new(),
        ..open.order
    };
    assert_eq!((place.order_id, &place.order), (OrderId(9), &sent));
    desk.take(step);
    desk.show(|open| {
        mine(open);
        open.order.total_quantity = Some(60.into());
    });
    let order = desk.orders.get(id).unwrap().into_owned();
    assert_eq!((order.intent.quantity, order.change), (60.into(), None));
    // Its end, and the bytes it rests as, keep all of it.
    desk.show(|open| {
        mine(open);
        open.state.status = Some(Status::Cancelled);
    });
    let ended = desk.orders.clone();
    desk.orders.pack_ended();
    assert_eq!(desk.orders, ended);
}

#[test]
fn r18_a_hedge_that_cannot_be_read_is_not_taken_on() {
    for (hedge_type, parameter, expected) in [
        (HedgeType::Beta, "1.5", Ok(())),
        (HedgeType::Beta, "", Err(ExternalError::Kind(BY_HAND))),
        (HedgeType::Other("X".into()), "", Err(ExternalError::Kind(BY_HAND))),
    ] {
        let mut desk = Desk::new();
        desk.show(|open| {
            (open.order_id, open.order.client_id) = (OrderId(9), Some(ClientId(1)));
            (open.order.hedge_type, open.order.hedge_parameter) = (Some(hedge_type), parameter.to_owned());
        });
        assert_eq!(desk.adopt(), expected);
    }
}

#[test]
fn r18_what_cannot_be_taken_on_goes_on_as_it_was() {
    let mut desk = Desk::new();
    assert_eq!(desk.adopt(), Err(ExternalError::NoSuchOrder(BY_HAND)));
    desk.show(|open| open.order.filled_quantity = Some(30.into()));
    let told = ExternalError::FillsUnknown { number: BY_HAND, told: 30.into(), proven: Decimal::ZERO };
    assert_eq!(desk.adopt(), Err(told));
    desk.show(|open| open.order.order_type = OrderType::Other("VWAP".into()));
    assert_eq!(desk.adopt(), Err(ExternalError::Kind(BY_HAND)));
    desk.show(|open| open.order.order_reference = Instance::new("t2").unwrap().reference(IntentId(3)));
    assert_eq!(desk.adopt(), Err(ExternalError::OtherTrader(BY_HAND)));
    desk.show(|_| ());
    let nobody = desk.orders.adopt_external(BY_HAND, IntentId(5), "desk", " ", NOW);
    assert_eq!(nobody, Err(ExternalError::NoName));
    let nowhere = desk.orders.adopt_external(BY_HAND, IntentId(5), "", "ann", NOW);
    assert_eq!(nowhere, Err(ExternalError::Strategy));
    // What it has filled was told, and nothing has taken that back.
    assert_eq!((desk.orders.external().count(), risk(&desk.orders)), (1, 40.into()));
}

#[test]
fn r18_what_is_ignored_does_not_count_until_it_has_filled() {
    let mut desk = Desk::new();
    desk.show(|_| ());
    assert_eq!(desk.orders.ignore_external(BY_HAND, "", NOW), Err(ExternalError::NoName));
    let step = desk.orders.ignore_external(BY_HAND, "ann", NOW).unwrap(); // it is there
    desk.take(step);
    assert_eq!(desk.orders.ignore_external(BY_HAND, "ann", NOW), Ok(Step::default()), "said once");
    assert_eq!((risk(&desk.orders), desk.orders.live_count("DU1", &ibm(), Side::Buy)), (Decimal::ZERO, 0));
    // Shown again, it stays ignored.
    desk.show(|open| open.order.total_quantity = Some(80.into()));
    assert_eq!((risk(&desk.orders), desk.orders.external().count()), (Decimal::ZERO, 1));
}

#[test]
fn r18_a_policy_is_done_with_every_order_of_others() {
    for (policy, (ours, counted)) in [
        (ExternalPolicy::Observe, (0, 70)),
        (ExternalPolicy::Adopt { strategy: "desk".to_owned() }, (1, 70)),
        (ExternalPolicy::Ignore, (0, 0)),
    ] {
        let mut desk = Desk::new();
        desk.show(|_| ());
        for number in [6, 7] {
            let step = desk.orders.meet_external(&policy, || IntentId(number), NOW);
            assert!(number == 6 || step.records.is_empty(), "{policy:?}: done once");
            desk.take(step);
        }
        assert_eq!((desk.orders.iter().count(), risk(&desk.orders)), (ours, counted.into()), "{policy:?}");
    }
    // What cannot be taken on is observed.
    let mut desk = Desk::new();
    desk.show(|open| open.order.order_type = OrderType::Other("VWAP".into()));
    let step = desk.orders.meet_external(&ExternalPolicy::Adopt { strategy: "desk".to_owned() }, || IntentId(6), NOW);
    assert_eq!((step, risk(&desk.orders)), (Step::default(), 70.into()));
}

#[test]
fn r18_books_of_before_read_as_they_were() {
    let mut desk = Desk::new();
    desk.show(|_| ());
    let mut book = serde_json::to_value(&desk.orders).unwrap(); // plain data
    let external = &mut book["external"][BY_HAND.0.to_string()];
    let fields = external.as_object_mut().unwrap(); // it is there
    assert!(fields.remove("shown").is_some() && !fields.contains_key("is_ignored"));
    let mut read: Orders = serde_json::from_value(book).unwrap(); // as it was written before
    assert_eq!(risk(&read), 70.into());
    let early = read.adopt_external(BY_HAND, IntentId(5), "desk", "ann", NOW);
    assert_eq!(early, Err(ExternalError::NotShown(BY_HAND)));
}

#[test]
fn r18_what_was_replaced_and_is_out_of_reach_stays_when_it_comes_back() {
    let mut desk = Desk::new();
    desk.show(|_| {});
    desk.adopt().unwrap();
    desk.show(|open| open.state.status = Some(Status::Cancelled));
    let intent = Intent { id: IntentId(6), ..desk.orders.get(IntentId(5)).unwrap().intent.clone() };
    let replacement = Replacement { of: IntentId(5), intent, revenant: Revenant::Cancel };
    let step = desk.orders.submit(replacement.into(), &Open, NOW).unwrap();
    desk.take(step);
    desk.show(|_| {});
    let order = desk.orders.get(IntentId(5)).unwrap();
    assert!(order.state.is_live());
    assert_eq!(order.cancel, None, "it has no number here that a cancel could name");
}
