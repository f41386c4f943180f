//! Kinds of orders, times in force, extensions and the terms of a contract: what leaves, what comes back, what is refused.

mod world;

use order::{
    Action, BenchmarkPeg, BrokerEvent, Change, Distance, Event, Extension, ExtensionFault, Follows, GroupFault, Hours,
    Instance, Intent, Invalid, OperationResult, OrderKind, PriceStep, Session, SubmitError, Terms, TimeInForce,
    Timestamp,
};
use rust_decimal::Decimal;
use tws_proto::ids::{ClientId, ContractId, OrderId};
use tws_proto::kinds::{AlgoStrategy, OcaType, OrderType, Status, TimeInForce as Word};
use tws_proto::message::OpenOrder;
use tws_proto::order_state::OrderState;
use tws_proto::{ClientMessage, Order};
use world::{Open, World, book, decimal, intent};

fn order_of(intent: &Intent) -> Order {
    intent.to_order(&Instance::new("t1").unwrap())
}

fn of_kind(kind: OrderKind) -> Intent {
    Intent { kind, time_in_force: TimeInForce::Day, ..intent('a') }
}

/// The type, the limit, the auxiliary price, the trailing percent, where a trail begins, and the offset of its limit.
type Numbers = (OrderType, [&'static str; 5]);

#[track_caller]
fn check(kind: OrderKind, (word, numbers): Numbers) {
    let intent = of_kind(kind);
    assert_eq!(intent.validate(), Ok(()), "{intent:?}");
    let order = order_of(&intent);
    let Order { limit_price, aux_price, trailing_percent, trail_stop_price, limit_price_offset, .. } = &order;
    let found = [limit_price, aux_price, trailing_percent, trail_stop_price, limit_price_offset];
    let found = found.map(|number| number.map_or(String::new(), |number| number.to_string()));
    assert_eq!((order.order_type.clone(), found.each_ref().map(String::as_str)), (word, numbers), "{:?}", intent.kind);
    let text = serde_json::to_string(&intent).unwrap();
    assert_eq!(serde_json::from_str::<Intent>(&text).unwrap(), intent, "{text}");

    // What the broker echoes is the same order.
    let mut world = world::World::new();
    let step = world.orders.submit(intent.clone().into(), &Open, Timestamp(0)).unwrap();
    let _ = world.keep(step);
    let shown = Order { permanent_id: Some(world::number('a')), client_id: Some(tws_proto::ids::ClientId(1)), ..order };
    let open = tws_proto::message::OpenOrder {
        order_id: OrderId(1),
        contract: intent.contract.as_ref().clone(),
        order: shown,
        state: Default::default(),
    };
    let _ = world.happen(order::Event::Broker(order::BrokerEvent::OpenOrder(Box::new(open))));
    assert_eq!(world.orders.get(intent.id).unwrap().intent, intent);
    world.check_replay();
}

#[test]
fn every_kind_has_its_numbers_and_no_others() {
    let (ten, nine, half) = (Decimal::TEN, Decimal::from(9), decimal("0.5"));
    let amount = Distance::Amount(half);
    let percent = Distance::Percent(Decimal::TWO);
    check(OrderKind::Market, (OrderType::Market, ["", "", "", "", ""]));
    check(OrderKind::Limit { limit_price: ten }, (OrderType::Limit, ["10", "", "", "", ""]));
    check(OrderKind::Stop { stop_price: nine }, (OrderType::Stop, ["", "9", "", "", ""]));
    check(OrderKind::StopLimit { stop_price: nine, limit_price: ten }, (OrderType::StopLimit, ["10", "9", "", "", ""]));
    check(OrderKind::Trail { distance: amount, stop_price: None }, (OrderType::Trail, ["", "0.5", "", "", ""]));
    check(OrderKind::Trail { distance: percent, stop_price: Some(nine) }, (OrderType::Trail, ["", "", "2", "9", ""]));
    check(
        OrderKind::TrailLimit { distance: amount, stop_price: nine, limit_offset: half },
        (OrderType::TrailLimit, ["", "0.5", "", "9", "0.5"]),
    );
    check(
        OrderKind::TrailLimit { distance: percent, stop_price: nine, limit_offset: half },
        (OrderType::TrailLimit, ["", "", "2", "9", "0.5"]),
    );
    check(OrderKind::MarketIfTouched { trigger_price: nine }, (OrderType::MarketIfTouched, ["", "9", "", "", ""]));
    check(
        OrderKind::LimitIfTouched { trigger_price: nine, limit_price: ten },
        (OrderType::LimitIfTouched, ["10", "9", "", "", ""]),
    );
    check(OrderKind::MarketOnOpen, (OrderType::Market, ["", "", "", "", ""]));
    check(OrderKind::LimitOnOpen { limit_price: ten }, (OrderType::Limit, ["10", "", "", "", ""]));
    check(OrderKind::MarketOnClose, (OrderType::MarketOnClose, ["", "", "", "", ""]));
    check(OrderKind::LimitOnClose { limit_price: ten }, (OrderType::LimitOnClose, ["10", "", "", "", ""]));
    check(OrderKind::MarketToLimit, (OrderType::MarketToLimit, ["", "", "", "", ""]));
    check(OrderKind::MarketWithProtection, (OrderType::MarketWithProtection, ["", "", "", "", ""]));
    check(OrderKind::StopWithProtection { stop_price: nine }, (OrderType::StopWithProtection, ["", "9", "", "", ""]));
    check(OrderKind::MidPrice { limit_price: None }, (OrderType::MidPrice, ["", "", "", "", ""]));
    check(OrderKind::MidPrice { limit_price: Some(ten) }, (OrderType::MidPrice, ["10", "", "", "", ""]));
    check(OrderKind::PeggedToMarket { offset: half }, (OrderType::PeggedToMarket, ["", "0.5", "", "", ""]));
    check(
        OrderKind::PeggedToPrimary { offset: half, limit_price: Some(ten) },
        (OrderType::Relative, ["10", "0.5", "", "", ""]),
    );
    check(
        OrderKind::PeggedToMidpoint { offset: Decimal::ZERO, limit_price: None },
        (OrderType::PeggedToMidpoint, ["", "0", "", "", ""]),
    );
    check(OrderKind::PeggedToBest { limit_price: ten }, (OrderType::PeggedToBest, ["10", "", "", "", ""]));
    let pegged = OrderKind::PeggedToStock { delta: half, starting_price: ten, reference_price: Some(nine) };
    check(pegged.clone(), (OrderType::PeggedToStock, ["", "", "", "", ""]));
    let order = order_of(&of_kind(pegged));
    assert_eq!((order.delta, order.starting_price, order.stock_reference_price), (Some(half), Some(ten), Some(nine)));
    let peg = BenchmarkPeg {
        starting_price: ten,
        reference: ContractId(7),
        reference_exchange: "ISLAND".to_owned(),
        reference_change: half,
        price_change: Decimal::ONE,
        follows: Follows::Against,
    };
    check(OrderKind::PeggedToBenchmark(Box::new(peg.clone())), (OrderType::PeggedToBenchmark, ["", "", "", "", ""]));
    let order = order_of(&of_kind(OrderKind::PeggedToBenchmark(Box::new(peg))));
    assert_eq!((order.reference_contract_id, order.pegged_change_decrease), (Some(ContractId(7)), true));
    assert_eq!((order.pegged_change_amount, order.reference_change_amount), (Some(Decimal::ONE), Some(half)));
}

#[test]
fn a_time_in_force_is_a_word_and_a_date_its_moment() {
    let until = Timestamp(1_795_000_000_000_000);
    for (time_in_force, word, date) in [
        (TimeInForce::Day, Word::Day, ""),
        (TimeInForce::GoodTillCancelled, Word::GoodTillCancelled, ""),
        (TimeInForce::GoodTillDate(until), Word::GoodTillDate, "20261118-11:06:40"),
        (TimeInForce::ImmediateOrCancel, Word::ImmediateOrCancel, ""),
        (TimeInForce::FillOrKill, Word::FillOrKill, ""),
        (TimeInForce::DayTillCancelled, Word::DayTillCancelled, ""),
        (TimeInForce::Other(Word::Auction), Word::Auction, ""),
    ] {
        let intent = Intent { time_in_force, ..intent('a') };
        assert_eq!(intent.validate(), Ok(()));
        let order = order_of(&intent);
        assert_eq!((order.time_in_force, order.good_till_date.as_str()), (Some(word), date));
        let text = serde_json::to_string(&intent.time_in_force).unwrap();
        assert_eq!(serde_json::from_str::<TimeInForce>(&text).unwrap(), intent.time_in_force, "{text}");
    }
    let on_open = order_of(&of_kind(OrderKind::MarketOnOpen));
    assert_eq!(on_open.time_in_force, Some(Word::AtOpening));
}

#[test]
fn p22_intents_of_old_journals_are_read() {
    let old = r#"{"id":"000000000000000000000002p","strategy":"s","account":"DU1","contract":{"symbol":"IBM"},"side":"buy",
        "quantity":"100","kind":{"trail":{"distance":{"amount":"0.5"}}},"time_in_force":"GTC","hours":"regular"}"#;
    let intent: Intent = serde_json::from_str(old).unwrap();
    assert_eq!(intent.time_in_force, TimeInForce::GoodTillCancelled);
    assert_eq!(intent.kind, OrderKind::Trail { distance: Distance::Amount(decimal("0.5")), stop_price: None });
    assert_eq!(intent.extension, None);
}

#[track_caller]
fn check_invalid(intent: &Intent, expected: &Invalid) {
    assert_eq!(intent.validate().as_ref(), Err(expected), "{intent:?}");
}

#[test]
fn numbers_and_times_that_can_never_be_right_are_refused() {
    let zero = Decimal::ZERO;
    let price = |price| Invalid::Price { price };
    check_invalid(&of_kind(OrderKind::Limit { limit_price: zero }), &price(zero));
    let trail = |distance| OrderKind::Trail { distance, stop_price: None };
    check_invalid(&of_kind(trail(Distance::Percent(zero))), &price(zero));
    check_invalid(&of_kind(trail(Distance::Amount(-Decimal::ONE))), &price(-Decimal::ONE));
    check_invalid(&of_kind(OrderKind::PeggedToMarket { offset: -Decimal::ONE }), &price(-Decimal::ONE));
    for (kind, time_in_force) in [
        (OrderKind::MarketOnOpen, TimeInForce::GoodTillCancelled),
        (OrderKind::MarketOnClose, TimeInForce::ImmediateOrCancel),
        (OrderKind::LimitOnClose { limit_price: Decimal::TEN }, TimeInForce::Other(Word::Auction)),
        (OrderKind::Stop { stop_price: Decimal::TEN }, TimeInForce::FillOrKill),
        (OrderKind::PeggedToMarket { offset: zero }, TimeInForce::ImmediateOrCancel),
        (OrderKind::Market, TimeInForce::Other(Word::AtOpening)),
        (OrderKind::Market, TimeInForce::Other(Word::GoodTillDate)),
    ] {
        let expected = Invalid::Lifetime { kind: kind.order_type(), time_in_force: time_in_force.word() };
        check_invalid(&Intent { time_in_force, ..of_kind(kind) }, &expected);
    }
}

#[test]
fn an_extension_reaches_the_wire_and_leaves_names_alone() {
    let extension = Extension::new(|order| {
        order.algo_strategy = Some(AlgoStrategy::Adaptive);
        order.hidden = true;
        order.display_size = Some(5);
    });
    let intent = Intent { extension: Some(extension.unwrap()), ..intent('a') };
    let order = order_of(&intent);
    assert_eq!((order.algo_strategy, order.hidden, order.display_size), (Some(AlgoStrategy::Adaptive), true, Some(5)));
    assert_eq!((order.total_quantity, order.limit_price), (Some(100.into()), Some(Decimal::TEN)));
    assert!(order.order_reference.starts_with("trt1-") && order.transmit && order.account == "DU1");
    let text = serde_json::to_string(&intent).unwrap();
    assert_eq!(serde_json::from_str::<Intent>(&text).unwrap(), intent);

    type Set = fn(&mut Order);
    let set: [(Set, &str); 9] = [
        (|order| order.order_reference = "mine".to_owned(), "orderRef"),
        (|order| order.order_id = Some(OrderId(1)), "orderId"),
        (|order| order.parent_id = Some(OrderId(1)), "parentId"),
        (|order| order.account = "DU2".to_owned(), "account"),
        (|order| order.transmit = false, "transmit"),
        (|order| order.what_if = true, "whatIf"),
        (|order| order.oca_type = Some(OcaType::CancelWithBlock), "ocaType"),
        (|order| order.total_quantity = Some(Decimal::ONE), "totalQuantity"),
        (|order| order.limit_price = Some(Decimal::ONE), "lmtPrice"),
    ];
    for (set, field) in set {
        assert_eq!(Extension::new(set), Err(ExtensionFault { field }));
    }
    // Nor does a journal that somebody wrote by hand get past it.
    let text = text.replace(r#""order_reference":"""#, r#""order_reference":"mine""#);
    assert!(serde_json::from_str::<Intent>(&text).unwrap_err().to_string().contains("orderRef"));
}

fn terms() -> Terms {
    let hour = |hour: i64| Timestamp(hour * 3_600_000_000);
    let session = |opens, closes, day| Session { opens: hour(opens), closes: hour(closes), day };
    Terms {
        price_steps: vec![
            PriceStep { from: Decimal::ZERO, step: decimal("0.05") },
            PriceStep { from: Decimal::TEN, step: decimal("0.1") },
        ],
        quantity_min: Some(10.into()),
        quantity_step: Some(5.into()),
        order_types: ["MKT", "LMT", "STP", "TRAIL", "IOC", "GTC"].map(str::to_owned).into(),
        regular: vec![session(9, 12, 1), session(13, 16, 1), session(33, 40, 2)],
        extended: vec![session(4, 20, 1), session(28, 44, 2)],
    }
}

#[track_caller]
fn check_terms(mend: impl Fn(&mut Intent), hour: i64, expected: Result<(), Invalid>) {
    let now = Timestamp(hour * 3_600_000_000);
    let mut orders = book();
    let _ = orders.learn(ContractId(8314), terms(), now);
    let mut intent = intent('a');
    mend(&mut intent);
    let found = orders.submit(intent.into(), &Open, now).map(|_| ());
    assert_eq!(found, expected.map_err(SubmitError::Invalid));
}

#[test]
fn an_order_is_held_against_what_is_known_of_its_contract() {
    let limit =
        |price: &'static str| move |intent: &mut Intent| intent.kind = OrderKind::Limit { limit_price: decimal(price) };
    let step = |price, step| Err(Invalid::PriceStep { price: decimal(price), step: decimal(step) });
    check_terms(|_| {}, 10, Ok(()));
    check_terms(limit("9.95"), 10, Ok(()));
    check_terms(limit("9.96"), 10, step("9.96", "0.05"));
    check_terms(limit("10.05"), 10, step("10.05", "0.1"));
    let trail = |distance| move |intent: &mut Intent| intent.kind = OrderKind::Trail { distance, stop_price: None };
    check_terms(trail(Distance::Amount(decimal("0.07"))), 10, step("0.07", "0.05"));
    check_terms(trail(Distance::Percent(decimal("0.07"))), 10, Ok(()));
    for quantity in [5, 12] {
        let expected = Invalid::Lot { quantity: quantity.into(), least: Some(10.into()), step: Some(5.into()) };
        check_terms(|intent| intent.quantity = quantity.into(), 10, Err(expected));
    }
    let not_taken = |word: &str| Err(Invalid::NotTaken { word: word.to_owned() });
    check_terms(|intent| intent.kind = OrderKind::MarketToLimit, 10, not_taken("MTL"));
    check_terms(|intent| intent.time_in_force = TimeInForce::FillOrKill, 10, not_taken("FOK"));
    let now_or_never = |intent: &mut Intent| intent.time_in_force = TimeInForce::ImmediateOrCancel;
    check_terms(now_or_never, 10, Ok(()));
    check_terms(now_or_never, 12, Err(Invalid::Closed { opens: Some(Timestamp(13 * 3_600_000_000)) }));
    let extended = |intent: &mut Intent| {
        now_or_never(intent);
        intent.hours = Hours::Extended;
    };
    check_terms(extended, 12, Ok(()));
    check_terms(now_or_never, 50, Ok(())); // nothing is known of that day
}

#[test]
fn r28_a_day_ends_with_its_last_session() {
    let terms = terms();
    for (hours, hour, expected) in [
        (Hours::Regular, 8, Some(16)),
        (Hours::Regular, 12, Some(16)),
        (Hours::Regular, 16, Some(40)),
        (Hours::Extended, 16, Some(20)),
        (Hours::Regular, 40, None),
    ] {
        let found = terms.day_end(hours, Timestamp(hour * 3_600_000_000));
        assert_eq!(found, expected.map(|hour: i64| Timestamp(hour * 3_600_000_000)), "{hours:?} at {hour}");
    }
}

#[test]
fn a_change_is_held_against_the_contract_too() {
    let mut world = world::World::new();
    let step = world.orders.learn(ContractId(8314), terms(), Timestamp(0));
    let _ = world.keep(step);
    assert_eq!(world.orders.learn(ContractId(8314), terms(), Timestamp(1)), order::Step::default());
    let _ = world.run("place a");
    let _ = world.run("open a Submitted");
    let refused = world.run("change a p10.01");
    assert!(refused.contains("not a multiple of 0.1"), "{refused}");
    assert_eq!(GroupFault::Size.to_string(), "a group has 2 to 10 legs");
    world.check_replay();
}

/// TWS shows a date to the second; one in a zone of its own says nothing here.
#[test]
fn r21_a_change_of_a_date_is_confirmed_by_the_second() {
    let mut world = World::new();
    let (first, second) = (Timestamp(1_800_000_000_000_001), Timestamp(1_800_003_600_000_001));
    let until = |moment| Intent { time_in_force: TimeInForce::GoodTillDate(moment), ..intent('a') };
    let step = world.orders.submit(until(first).into(), &Open, world.now).unwrap();
    let _ = world.keep(step);
    let show = |world: &mut World, date: &str| {
        let order = Order {
            permanent_id: Some(world::number('a')),
            client_id: Some(ClientId(1)),
            good_till_date: date.into(),
            ..order_of(&until(first))
        };
        let state = OrderState { status: Some(Status::Submitted), ..OrderState::default() };
        let open = OpenOrder { order_id: OrderId(1), contract: intent('a').contract.as_ref().clone(), order, state };
        world.happen(Event::Broker(BrokerEvent::OpenOrder(Box::new(open))))
    };
    let known = |world: &World| world.orders.get(intent('a').id).unwrap().intent.time_in_force.clone();
    for same in ["20270115-08:00:00", "20270115 03:00:00 US/Eastern", "of no use"] {
        show(&mut world, same);
        assert_eq!(known(&world), TimeInForce::GoodTillDate(first), "{same}");
    }
    let change = Change { time_in_force: Some(TimeInForce::GoodTillDate(second)), ..Change::default() };
    let step = world.orders.change(intent('a').id, change, &Open, world.now).unwrap();
    let _ = world.keep(step);
    let actions = show(&mut world, "20270115-09:00:00");
    assert_eq!(known(&world), TimeInForce::GoodTillDate(second));
    let is_done = |action: &Action| matches!(action, Action::Outcome(of) if of.result == OperationResult::Done);
    assert!(actions.iter().any(is_done), "{actions:?}");
    // Somebody moves it elsewhere.
    show(&mut world, "20270115-10:00:00");
    assert_eq!(known(&world), TimeInForce::GoodTillDate(Timestamp(1_800_007_200_000_000)));
    world.check_replay();
}

#[track_caller]
fn check_confirmed(before: OrderKind, asked: OrderKind) {
    let mut world = World::new();
    let step = world.orders.submit(of_kind(before.clone()).into(), &Open, world.now).unwrap();
    let _ = world.keep(step);
    let show = |world: &mut World, kind: &OrderKind| {
        let order = Order {
            permanent_id: Some(world::number('a')),
            client_id: Some(ClientId(1)),
            ..order_of(&of_kind(kind.clone()))
        };
        let state = OrderState { status: Some(Status::Submitted), ..OrderState::default() };
        let open = OpenOrder { order_id: OrderId(1), contract: intent('a').contract.as_ref().clone(), order, state };
        world.happen(Event::Broker(BrokerEvent::OpenOrder(Box::new(open))))
    };
    show(&mut world, &before);
    let change = Change { kind: Some(asked.clone()), ..Change::default() };
    let step = world.orders.change(intent('a').id, change, &Open, world.now).unwrap();
    let _ = world.keep(step);
    let is_done = |action: &Action| matches!(action, Action::Outcome(of) if of.result == OperationResult::Done);
    let echo = show(&mut world, &before);
    assert!(!echo.iter().any(is_done), "an old echo of {before:?}: {echo:?}");
    assert_eq!(world.orders.get(intent('a').id).unwrap().intent.kind, before);
    let shown = show(&mut world, &asked);
    assert!(shown.iter().any(is_done), "{asked:?} is shown: {shown:?}");
    assert_eq!(world.orders.get(intent('a').id).unwrap().intent.kind, asked);
    world.check_replay();
}

#[test]
fn r21_every_change_of_a_kind_is_confirmed_by_what_is_shown() {
    let (nine, ten, half) = (Decimal::from(9), Decimal::TEN, decimal("0.5"));
    let trail = |distance, stop_price| OrderKind::Trail { distance, stop_price };
    let (amount, percent) = (Distance::Amount(half), Distance::Percent(Decimal::TWO));
    let trail_limit = |stop_price| OrderKind::TrailLimit { distance: amount, stop_price, limit_offset: half };
    let stock =
        |starting_price, reference_price| OrderKind::PeggedToStock { delta: half, starting_price, reference_price };
    let peg = |starting_price, price_change, follows, exchange: &str| {
        OrderKind::PeggedToBenchmark(Box::new(BenchmarkPeg {
            starting_price,
            reference: ContractId(265_598),
            reference_exchange: exchange.to_owned(),
            reference_change: half,
            price_change,
            follows,
        }))
    };
    let primary = |limit_price| OrderKind::PeggedToPrimary { offset: half, limit_price };
    let midpoint = |limit_price| OrderKind::PeggedToMidpoint { offset: half, limit_price };
    let mid_price = |limit_price| OrderKind::MidPrice { limit_price };
    for (before, asked) in [
        (trail(amount, Some(nine)), trail(amount, Some(ten))),
        (trail(amount, None), trail(amount, Some(ten))),
        (trail(amount, Some(nine)), trail(Distance::Amount(Decimal::ONE), Some(nine))),
        (trail(amount, None), trail(percent, None)),
        (trail_limit(nine), trail_limit(ten)),
        (stock(nine, None), stock(ten, None)),
        (stock(nine, None), stock(nine, Some(ten))),
        (peg(nine, half, Follows::With, "NASDAQ"), peg(ten, half, Follows::With, "NASDAQ")),
        (peg(nine, half, Follows::With, "NASDAQ"), peg(nine, Decimal::ONE, Follows::Against, "ARCA")),
        (mid_price(None), mid_price(Some(ten))),
        (mid_price(Some(ten)), mid_price(None)),
        (primary(None), primary(Some(ten))),
        (midpoint(Some(nine)), midpoint(Some(ten))),
        (OrderKind::Limit { limit_price: nine }, OrderKind::Limit { limit_price: ten }),
    ] {
        check_confirmed(before, asked);
    }
}

#[test]
fn r21_a_change_of_what_trails_leaves_its_stop_where_it_has_trailed_to() {
    for begins in [None, Some(Decimal::from(9))] {
        let kind = |stop_price| OrderKind::Trail { distance: Distance::Amount(Decimal::ONE), stop_price };
        let mut world = World::new();
        let step = world.orders.submit(of_kind(kind(begins)).into(), &Open, world.now).unwrap();
        let _ = world.keep(step);
        let show = |world: &mut World, stop: &str, quantity: i32| {
            let order = Order {
                permanent_id: Some(world::number('a')),
                client_id: Some(ClientId(1)),
                total_quantity: Some(quantity.into()),
                trail_stop_price: Some(decimal(stop)),
                ..order_of(&of_kind(kind(begins)))
            };
            let state = OrderState { status: Some(Status::Submitted), ..OrderState::default() };
            let open =
                OpenOrder { order_id: OrderId(1), contract: intent('a').contract.as_ref().clone(), order, state };
            world.happen(Event::Broker(BrokerEvent::OpenOrder(Box::new(open))))
        };
        let sent = |world: &mut World, change: Change| {
            let step = world.orders.change(intent('a').id, change, &Open, world.now).unwrap();
            let actions = world.keep(step);
            let [Action::Send(burst)] = &actions[..] else { panic!("{actions:?}") };
            let [ClientMessage::PlaceOrder(place)] = &burst.clone().into_messages()[..] else { panic!("{burst:?}") };
            place.order.trail_stop_price
        };
        show(&mut world, "9", 100);
        show(&mut world, "9.5", 100);
        let records = world.records.len();
        show(&mut world, "9.50", 100);
        assert_eq!(world.records.len(), records, "the same in another spelling is no news");
        let smaller = Change { quantity: Some(50.into()), ..Change::default() };
        assert_eq!(sent(&mut world, smaller), Some(decimal("9.5")));
        show(&mut world, "9.6", 50);
        let moved = Change { kind: Some(kind(Some(decimal("9.7")))), ..Change::default() };
        assert_eq!(sent(&mut world, moved), Some(decimal("9.7")));
        world.check_replay();
    }
}
