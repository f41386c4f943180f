//! One order past a limit on a named person's word (C16).

use order::{Hours, Intent, IntentId, OrderKind, SECOND_US, Side, TimeInForce, Timestamp};
use position::Ledger;
use risk::waiver::WAIVERS_MAX;
use risk::{AllowList, Limits, OpenOrders, Purpose, Quote, Refusal, RiskGate, Waivable, WaiverFault, Waivers};
use tws_proto::Contract;
use tws_proto::ids::ContractId;

const IBM: ContractId = ContractId(8314);

fn limits() -> Limits {
    Limits {
        accounts: ["DU1".to_owned()].into(),
        symbols: AllowList::only(["IBM"]),
        security_types: AllowList::Any,
        order_quantity_max: Some(100.into()),
        order_value_max: Some(10_000.into()),
        position_max: Some(50.into()),
        waivers: true,
        ..Limits::default()
    }
}

fn gate() -> RiskGate {
    let mut gate = RiskGate::new(limits()).unwrap(); // sound limits
    gate.quote(IBM, Quote { last: Some(100.into()), ..Quote::default() }, at(0));
    gate
}

fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * SECOND_US)
}

fn buy(quantity: i64, price: i64) -> Intent {
    Intent {
        id: IntentId(1),
        strategy: "mean".into(),
        account: "DU1".into(),
        contract: Contract { contract_id: Some(IBM), ..Contract::stock("IBM", "USD") }.into(),
        side: Side::Buy,
        quantity: quantity.into(),
        kind: OrderKind::Limit { limit_price: price.into() },
        time_in_force: TimeInForce::Day,
        hours: Hours::Regular,
        extension: None,
    }
}

/// Which control refuses an order, or by which it went past.
fn judged(gate: &RiskGate, intent: &Intent, waiver: Option<Waivable>) -> (Option<&'static str>, Option<&'static str>) {
    let ledger = Ledger::default();
    let check = gate.at(at(0), &ledger);
    let check = match waiver {
        Some(control) => check.waiving(control),
        None => check,
    };
    let verdict = check.judge(intent, &OpenOrders::default(), Purpose::Place);
    (verdict.err().map(|refusal| refusal.control()), check.waived().map(|refusal| refusal.control()))
}

#[test]
fn c16_an_order_goes_past_the_limit_that_is_waived_and_past_no_other() {
    let mut gate = gate();
    for (intent, waiver, expected) in [
        (buy(51, 100), None, (Some("C6"), None)),
        (buy(51, 100), Some(Waivable::C1), (Some("C6"), None)),
        (buy(51, 100), Some(Waivable::C6), (None, Some("C6"))),
        (buy(50, 100), Some(Waivable::C6), (None, None)), // it was not needed
        (buy(101, 100), Some(Waivable::C6), (Some("C1"), None)),
        (buy(101, 100), Some(Waivable::C1), (Some("C6"), Some("C1"))),
        (buy(1, 106), Some(Waivable::C2), (None, Some("C2"))),
        (buy(0, 100), Some(Waivable::C1), (Some("C1"), None)), // nothing is no order
        (buy(1, 100), Some(Waivable::C4), (None, None)),
    ] {
        assert_eq!(judged(&gate, &intent, waiver), expected, "{} {waiver:?}", intent.quantity);
    }
    gate.accepted(&buy(1, 100), at(0));
    assert_eq!(judged(&gate, &buy(1, 100), None), (Some("C4"), None));
    assert_eq!(judged(&gate, &buy(1, 100), Some(Waivable::C4)), (None, Some("C4")));
    // What is not allowed, not known or stopped is not past anything.
    let other =
        Intent { contract: Contract { contract_id: Some(IBM), ..Contract::stock("SPY", "USD") }.into(), ..buy(1, 100) };
    assert_eq!(judged(&gate, &other, Some(Waivable::C6)).0, Some("C8"));
    let mut blind = gate.clone();
    blind.forget_quote(IBM);
    let market = Intent { kind: OrderKind::Market, ..buy(1, 100) };
    assert_eq!(judged(&blind, &market, Some(Waivable::C2)), (Some("C2"), None));
    gate.kill("ops", "odd prices");
    for control in ["C1", "C2", "C4", "C6", "C9"] {
        assert_eq!(judged(&gate, &buy(51, 100), Waivable::named(control)), (Some("C11"), None));
    }
    for control in ["C3", "C5", "C7", "C8", "C10", "C11", "C99", ""] {
        assert_eq!(Waivable::named(control), None, "{control}");
    }
    assert_eq!(Refusal::OutOfRange.waivable(), None);
}

#[test]
fn c16_a_waiver_is_used_once_and_soon_and_by_its_strategy() {
    let mut waivers = Waivers::default();
    let what = (Waivable::C1, "mean");
    let off = Limits { waivers: false, ..limits() };
    assert_eq!(waivers.grant(what, ("ann", "a block"), &off, at(0)), Err(WaiverFault::NotAllowed));
    for (by, reason) in [("", "a block"), ("ann", " ")] {
        assert_eq!(waivers.grant(what, (by, reason), &limits(), at(0)), Err(WaiverFault::Unsaid));
    }
    let given = waivers.grant(what, ("ann", "a block"), &limits(), at(0)).unwrap(); // all is said
    assert_eq!((given.number, given.until), (1, at(60)));
    waivers.keep(given.clone());
    let not_open = |number| Err(WaiverFault::NotOpen { number });
    assert_eq!(waivers.usable(1, "mean", at(59)), Ok(&given));
    assert_eq!(waivers.usable(1, "mean", at(60)), not_open(1));
    assert_eq!(waivers.usable(1, "trend", at(0)), not_open(1));
    assert_eq!(waivers.usable(2, "mean", at(0)), not_open(2));
    waivers.used(1);
    assert_eq!(waivers.usable(1, "mean", at(1)), not_open(1));
    // No number is given twice, and no more stand than a person can see.
    for number in 2..2 + WAIVERS_MAX as u64 {
        let next = waivers.grant(what, ("ann", "a block"), &limits(), at(100)).unwrap(); // there is room
        assert_eq!(next.number, number);
        waivers.keep(next);
    }
    assert_eq!(waivers.grant(what, ("ann", "a block"), &limits(), at(159)), Err(WaiverFault::TooMany));
    assert!(waivers.grant(what, ("ann", "a block"), &limits(), at(160)).is_ok());
}
