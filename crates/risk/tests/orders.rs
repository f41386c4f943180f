//! The gate as the book of orders asks it.

use order::{
    Bracket, BrokerEvent, Change, ChangeError, Event, Hours, Instance, Intent, IntentId, LinkEvent, OcaEffect,
    OneCancelsAll, OrderKind, Orders, Side, Submission, SubmitError, TimeInForce, Timestamp,
};
use position::Ledger;
use risk::{AllowList, Limits, Quote, Refusal, RiskGate};
use rust_decimal::Decimal;
use tws_proto::Contract;
use tws_proto::ids::{ClientId, ContractId};
use tws_proto::kinds::Status;
use tws_proto::message::OrderStatus;

const ID: ContractId = ContractId(8314);

fn gate() -> RiskGate {
    let limits = Limits {
        accounts: ["DU1".to_owned()].into(),
        symbols: AllowList::Any,
        security_types: AllowList::Any,
        order_quantity_max: Some(Decimal::from(1_000)),
        order_value_max: Some(Decimal::from(1_000_000)),
        position_max: Some(Decimal::from(150)),
        open_orders_max: 2,
        ..Limits::default()
    };
    let mut gate = RiskGate::new(limits).unwrap(); // sound limits
    gate.quote(ID, Quote { last: Some(Decimal::ONE_HUNDRED), ..Quote::default() }, Timestamp(0));
    gate
}

fn intent(id: u128, side: Side, quantity: i64) -> Intent {
    Intent {
        id: IntentId(id),
        strategy: "mean".into(),
        account: "DU1".into(),
        contract: Contract { contract_id: Some(ID), ..Contract::stock("IBM", "USD") }.into(),
        side,
        quantity: Decimal::from(quantity),
        kind: OrderKind::Limit { limit_price: Decimal::ONE_HUNDRED },
        time_in_force: TimeInForce::Day,
        hours: Hours::Regular,

        extension: None,
    }
}

fn orders() -> Orders {
    Orders::new(Instance::new("t1").unwrap(), ClientId(1)) // a sound name
}

fn submit(orders: &mut Orders, gate: &RiskGate, intent: Intent) -> Result<(), SubmitError<Refusal>> {
    let (now, ledger) = (Timestamp(0), Ledger::default());
    orders.submit(intent.into(), &gate.at(now, &ledger), now).map(|_| ())
}

/// The broker says that every order of ours works.
fn acknowledge(orders: &mut Orders) {
    let ids: Vec<_> = orders.live().map(|order| order.order_id).collect();
    for order_id in ids {
        let status = OrderStatus {
            order_id,
            status: Status::Submitted,
            permanent_id: None,
            client_id: Some(ClientId(1)),
            ..OrderStatus::default()
        };
        let _ = orders.step(Event::Broker(BrokerEvent::OrderStatus(Box::new(status))), Timestamp(1));
    }
}

fn too_big(asked: i64, pending: i64) -> Refusal {
    let [asked, pending, limit] = [asked, pending, 150].map(Decimal::from);
    Refusal::Position { asked, have: Decimal::ZERO, pending, limit }
}

#[test]
fn open_and_unknown_orders_count_as_filled() {
    let (gate, mut orders) = (gate(), orders());
    assert_eq!(submit(&mut orders, &gate, intent(1, Side::Buy, 100)), Ok(()));
    assert_eq!(submit(&mut orders, &gate, intent(2, Side::Buy, 51)), Err(SubmitError::Refused(too_big(51, 100))));
    let _ = orders.step(Event::Link(LinkEvent::Lost), Timestamp(1));
    assert!(orders.has_unknown());
    assert_eq!(submit(&mut orders, &gate, intent(2, Side::Buy, 51)), Err(SubmitError::Refused(too_big(51, 100))));
    let apart = Intent { kind: OrderKind::Limit { limit_price: 101.into() }, ..intent(3, Side::Sell, 150) };
    assert_eq!(submit(&mut orders, &gate, apart), Ok(()), "the other side is its own");
    assert_eq!(submit(&mut orders, &gate, intent(4, Side::Buy, 50)), Ok(()));
    let many = Refusal::OpenOrders { have: 2, limit: 2 };
    assert_eq!(submit(&mut orders, &gate, intent(5, Side::Buy, 1)), Err(SubmitError::Refused(many)));
}

#[test]
fn a_change_does_not_count_beside_its_old_self() {
    let (mut gate, mut orders) = (gate(), orders());
    let (now, ledger) = (Timestamp(0), Ledger::default());
    let first = intent(1, Side::Buy, 100);
    assert_eq!(submit(&mut orders, &gate, first.clone()), Ok(()));
    gate.accepted(&first, now);
    acknowledge(&mut orders);
    let to = |quantity: i64| Change { quantity: Some(Decimal::from(quantity)), ..Change::default() };
    let refused = orders.change(IntentId(1), to(151), &gate.at(now, &ledger), now).map(|_| ());
    assert_eq!(refused, Err(ChangeError::Refused(too_big(151, 0))));
    // Nor does it take one of the two places beside itself.
    assert_eq!(submit(&mut orders, &gate, intent(2, Side::Buy, 50)), Ok(()));
    let refused = orders.change(IntentId(1), to(101), &gate.at(now, &ledger), now).map(|_| ());
    assert_eq!(refused, Err(ChangeError::Refused(too_big(101, 50))));
    let _ = orders.step(Event::NotSent { intents: vec![IntentId(2)], reason: String::new() }, now);
    assert_eq!(orders.change(IntentId(1), to(150), &gate.at(now, &ledger), now).map(|_| ()), Ok(()));
    // While the change is on its way, the larger quantity counts.
    assert_eq!(submit(&mut orders, &gate, intent(3, Side::Buy, 1)), Err(SubmitError::Refused(too_big(1, 150))));
}

/// What an empty book says to a submission of several legs.
#[track_caller]
fn check_legs(submission: impl Into<Submission>, expected: Result<(), Refusal>) {
    let (gate, mut orders) = (gate(), orders());
    let (now, ledger) = (Timestamp(0), Ledger::default());
    let outcome = orders.submit(submission.into(), &gate.at(now, &ledger), now).map(|_| ());
    assert_eq!(outcome, expected.map_err(SubmitError::Refused));
}

fn group(quantities: &[i64], effect: OcaEffect) -> OneCancelsAll {
    let legs = (1..).zip(quantities).map(|(id, quantity)| intent(id, Side::Buy, *quantity)).collect();
    OneCancelsAll { legs, effect }
}

#[test]
fn c6_the_legs_of_a_chain_count_together() {
    let chain = |legs: &[(Side, i64)]| {
        Submission::Chain((1..).zip(legs).map(|(id, (side, quantity))| intent(id, *side, *quantity)).collect())
    };
    check_legs(chain(&[(Side::Buy, 100), (Side::Buy, 50)]), Ok(()));
    check_legs(chain(&[(Side::Buy, 100), (Side::Buy, 51)]), Err(too_big(51, 100)));
    check_legs(chain(&[(Side::Buy, 150), (Side::Sell, 150)]), Ok(()));
    let many = Refusal::OpenOrders { have: 2, limit: 2 };
    check_legs(chain(&[(Side::Buy, 1), (Side::Buy, 1), (Side::Buy, 1)]), Err(many));
}

#[test]
fn c6_of_a_group_with_block_the_largest_leg_counts_and_without_block_all_do() {
    for effect in [OcaEffect::CancelWithBlock, OcaEffect::ReduceWithBlock] {
        check_legs(group(&[100, 150], effect), Ok(()));
        check_legs(group(&[100, 151], effect), Err(too_big(151, 0)));
        let many = Refusal::OpenOrders { have: 2, limit: 2 };
        check_legs(group(&[1, 1, 1], effect), Err(many));
    }
    check_legs(group(&[100, 50], OcaEffect::ReduceWithoutBlock), Ok(()));
    check_legs(group(&[100, 51], OcaEffect::ReduceWithoutBlock), Err(too_big(51, 100)));
}

#[test]
fn c6_the_exits_of_a_bracket_close_what_its_entry_opens() {
    let exit = |id, kind| Intent { kind, ..intent(id, Side::Sell, 150) };
    let profit = exit(2, OrderKind::Limit { limit_price: 101.into() });
    let loss = exit(3, OrderKind::Stop { stop_price: 99.into() });
    check_legs(Bracket::new(intent(1, Side::Buy, 150), profit, loss), Ok(()));
}
