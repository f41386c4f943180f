//! Combinations at the gate: counted by their legs, against numbers made by hand.

use order::{Hours, Instance, Intent, IntentId, OrderKind, Orders, Side, SubmitError, TimeInForce, Timestamp};
use position::{Adjustment, Instrument, Ledger};
use risk::{AllowList, Limits, Quote, Refusal, RiskGate, WithoutQuote};
use rust_decimal::Decimal;
use tws_proto::Contract;
use tws_proto::contract::ComboLeg;
use tws_proto::ids::{ClientId, ContractId};
use tws_proto::kinds::{OptionRight, SecurityType};

const NEAR: ContractId = ContractId(1);
const FAR: ContractId = ContractId(2);
const STOCK: ContractId = ContractId(3);

// Every text in these tests is a literal number.
fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn call(id: ContractId, strike: i64) -> Contract {
    let call = Contract::option("IBM", "20261218", strike.into(), OptionRight::Call, "USD");
    Contract { contract_id: Some(id), multiplier: Some(Decimal::ONE_HUNDRED), ..call }
}

fn stock() -> Contract {
    Contract { contract_id: Some(STOCK), ..Contract::stock("IBM", "USD") }
}

/// Two calls and their stock. The near call is worth 3.00, the far one 2.00, both with 0.10 between bid and ask; the stock
/// is at 100.
struct Scene {
    limits: Limits,
    contract: Contract,
    side: Side,
    quantity: &'static str,
    kind: OrderKind,
    held: Vec<(Contract, &'static str)>,
    gate: fn(&mut RiskGate),
    now: Timestamp,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            limits: limits(),
            contract: spread(),
            side: Side::Buy,
            quantity: "10",
            kind: OrderKind::Limit { limit_price: Decimal::ONE },
            held: Vec::new(),
            gate: |_| (),
            now: Timestamp(0),
        }
    }
}

fn limits() -> Limits {
    Limits {
        accounts: ["DU1".to_owned()].into(),
        symbols: AllowList::only(["IBM"]),
        security_types: AllowList::only(["STK", "OPT", "BAG"]),
        order_quantity_max: Some(decimal("1000")),
        order_value_max: Some(decimal("100000")),
        position_max: Some(decimal("50")),
        ..Limits::default()
    }
}

/// Buys two near calls for each far call that it sells.
fn ratio() -> Contract {
    Contract::combination("IBM", "USD", vec![ComboLeg::buy(NEAR, 2), ComboLeg::sell(FAR, 1)])
}

fn spread() -> Contract {
    Contract::combination("IBM", "USD", vec![ComboLeg::buy(NEAR, 1), ComboLeg::sell(FAR, 1)])
}

/// 100 shares against a call: legs of different multipliers.
fn covered() -> Contract {
    Contract::combination("IBM", "USD", vec![ComboLeg::buy(STOCK, 100), ComboLeg::sell(NEAR, 1)])
}

fn quote(bid: &str, ask: &str) -> Quote {
    Quote { bid: Some(decimal(bid)), ask: Some(decimal(ask)), last: None }
}

fn intent(scene: &Scene) -> Intent {
    Intent {
        id: IntentId(1),
        strategy: "spread".into(),
        account: "DU1".into(),
        contract: scene.contract.clone().into(),
        side: scene.side,
        quantity: decimal(scene.quantity),
        kind: scene.kind.clone(),
        time_in_force: TimeInForce::Day,
        hours: Hours::Regular,
        extension: None,
    }
}

fn gate(limits: Limits) -> RiskGate {
    let mut gate = RiskGate::new(limits).unwrap(); // every scene has sound limits
    for (contract, bid, ask) in [(call(NEAR, 100), "2.95", "3.05"), (call(FAR, 105), "1.95", "2.05")] {
        gate.know(&contract);
        gate.quote(contract.known_id().unwrap(), quote(bid, ask), Timestamp(0));
    }
    gate.know(&stock());
    gate.quote(STOCK, quote("99.9", "100.1"), Timestamp(0));
    gate
}

fn orders() -> Orders {
    Orders::new(Instance::new("t1").unwrap(), ClientId(1)) // a sound name
}

fn ledger(held: &[(Contract, &'static str)]) -> Ledger {
    let mut ledger = Ledger::default();
    for (contract, quantity) in held {
        let adjustment = Adjustment {
            account: "DU1".to_owned(),
            instrument: Instrument::of(contract).unwrap(), // whole contracts
            quantity: decimal(quantity),
            average_cost: Decimal::ONE,
            reason: "given".to_owned(),
            time_us: 0,
        };
        ledger.adjust(&adjustment).unwrap(); // it fits
    }
    ledger
}

/// What the change of the usual scene leads to: empty for a pass, else the text of the refusal.
#[track_caller]
fn check(change: impl FnOnce(&mut Scene), expected: &str) {
    let mut scene = Scene::default();
    change(&mut scene);
    let mut gate = gate(scene.limits.clone());
    (scene.gate)(&mut gate);
    let outcome = orders().submit(intent(&scene).into(), &gate.at(scene.now, &ledger(&scene.held)), scene.now);
    match outcome {
        Ok(_) => assert_eq!("", expected),
        Err(SubmitError::Refused(refusal)) => {
            assert_eq!(refusal.to_string(), expected);
            assert_eq!(expected.split(' ').next(), Some(refusal.control()));
        }
        Err(other) => panic!("{other}"),
    }
}

fn limit(text: &str) -> OrderKind {
    OrderKind::Limit { limit_price: decimal(text) }
}

#[test]
fn c1_the_value_of_a_combination_is_that_of_its_legs() {
    // Bought: near at 3.05, far at its middle of 2.00 or the bid of 1.95: 5.05 * 100 * 10.
    let beyond = |asked: &str, limit: &str| format!("C1 order value: asked {asked} USD, limit {limit}; ask for less");
    let with = |value: &str, kind: OrderKind, side: Side, expected: &str| {
        check(
            |scene| {
                scene.limits.order_value_max = Some(decimal(value));
                (scene.kind, scene.side) = (kind, side);
            },
            expected,
        );
    };
    with("5050", OrderKind::Market, Side::Buy, "");
    with("5049", OrderKind::Market, Side::Buy, &beyond("5050.00", "5049"));
    // A net price near zero makes it no smaller.
    with("5049", limit("0"), Side::Buy, &beyond("5050.00", "5049"));
    with("5049", limit("-1"), Side::Buy, &beyond("5050.00", "5049"));
    // Sold: near at its middle of 3.00, far at 2.05.
    with("5050", OrderKind::Market, Side::Sell, "");
    with("5049", OrderKind::Market, Side::Sell, &beyond("5050.00", "5049"));
    // What it says itself may be more than its legs are worth.
    with("99999", limit("100"), Side::Sell, &beyond("100000", "99999"));
    // The ratio counts: (2 * 3.05 + 2.00) * 100 * 10.
    check(
        |scene| {
            scene.contract = ratio();
            scene.limits.order_value_max = Some(decimal("8099"));
            scene.kind = OrderKind::Market;
        },
        &beyond("8100.00", "8099"),
    );
    // Each leg with its own multiplier: (100 * 100.1 * 1 + 3.00 * 100) * 10.
    check(
        |scene| {
            scene.contract = covered();
            scene.kind = OrderKind::Market;
            scene.limits.position_max = Some(decimal("1000"));
        },
        &beyond("103100.00", "100000"),
    );
    check(
        |scene| scene.limits.order_value_max_by_currency = [("EUR".to_owned(), Decimal::ONE)].into(),
        "", // the other currency's limit is not ours
    );
}

#[test]
fn c1_legs_in_two_currencies_count_in_each() {
    let euro = || Contract { currency: "EUR".to_owned(), ..call(FAR, 105) };
    let scene = |scene: &mut Scene| {
        scene.gate = |gate| gate.know(&Contract { currency: "EUR".to_owned(), ..call(FAR, 105) });
        scene.kind = OrderKind::Market;
        scene.limits.order_value_max_by_currency = [("EUR".to_owned(), decimal("2000"))].into();
    };
    assert_eq!(euro().currency, "EUR");
    // 3.05 * 100 * 10 dollars and 2.00 * 100 * 10 euros.
    check(scene, "");
    check(
        |given| {
            scene(given);
            given.limits.order_value_max_by_currency = [("EUR".to_owned(), decimal("1999"))].into();
        },
        "C1 order value: asked 2000.00 EUR, limit 1999; ask for less",
    );
    check(
        |given| {
            scene(given);
            given.kind = limit("1");
        },
        "C2 price collar: the combination's price cannot be held against its legs: they are in several currencies; order it at \
         the market, or leg by leg",
    );
}

#[test]
fn c2_the_collar_of_a_net_price_is_that_of_its_legs_together() {
    // The legs cost 3.00 - 2.00 = 1.00 together and are worth 5.00: 5 % of that is 0.25.
    let beyond = |asked: &str, limit: &str| {
        format!(
            "C2 price collar: net price {asked} is beyond {limit}, 5 % of the 5.00 its legs are worth from the 1.00 they cost \
             together; ask for a price nearer to it"
        )
    };
    let with = |side: Side, price: &str, expected: &str| {
        check(|scene| (scene.side, scene.kind) = (side, limit(price)), expected);
    };
    with(Side::Buy, "1.25", "");
    with(Side::Buy, "1.26", &beyond("1.26", "1.25"));
    with(Side::Buy, "0", "");
    with(Side::Buy, "-3", "");
    with(Side::Sell, "0.75", "");
    with(Side::Sell, "0.74", &beyond("0.74", "0.75"));
    with(Side::Sell, "0", &beyond("0", "0.75"));
    with(Side::Sell, "-1", &beyond("-1", "0.75"));
    // A combination that costs nothing has a collar too: both calls at 2.00, 5 % of 4.00 around zero.
    let even = |scene: &mut Scene| scene.gate = |gate| gate.quote(NEAR, quote("1.95", "2.05"), Timestamp(0));
    let nothing = "C2 price collar: net price 0.21 is beyond 0.20, 5 % of the 4.00 its legs are worth from the 0.00 they cost \
                   together; ask for a price nearer to it";
    check(
        |scene| {
            even(scene);
            scene.kind = limit("0.20");
        },
        "",
    );
    check(
        |scene| {
            even(scene);
            scene.kind = limit("0.21");
        },
        nothing,
    );
    check(
        |scene| {
            even(scene);
            (scene.side, scene.kind) = (Side::Sell, limit("-0.2"));
        },
        "",
    );
    // At the market it pays 3.05 - 1.95 = 1.10; a wide leg makes that too much.
    check(|scene| scene.kind = OrderKind::Market, "");
    check(
        |scene| {
            scene.kind = OrderKind::Market;
            scene.gate = |gate| gate.quote(NEAR, quote("2.70", "3.30"), Timestamp(0));
        },
        &beyond("1.35", "1.25"),
    );
    // Combinations can have a percentage of their own.
    check(
        |scene| {
            scene.limits.collar_percent_by_type = [("BAG".to_owned(), Decimal::TWO)].into();
            scene.kind = limit("1.11");
        },
        "C2 price collar: net price 1.11 is beyond 1.10, 2 % of the 5.00 its legs are worth from the 1.00 they cost \
         together; ask for a price nearer to it",
    );
}

#[test]
fn c2_legs_with_several_multipliers_need_the_unit_of_their_price() {
    let covered = |multiplier: Option<Decimal>, price: &str, expected: &str| {
        check(
            |scene| {
                scene.contract = Contract { multiplier, ..covered() };
                (scene.quantity, scene.kind) = ("1", limit(price));
                scene.limits.position_max = Some(decimal("1000"));
            },
            expected,
        );
    };
    // A share less a call for it: 100 - 3, which is quoted by the share.
    covered(Some(Decimal::ONE_HUNDRED), "97", "");
    covered(Some(Decimal::ONE_HUNDRED), "102.15", "");
    covered(
        Some(Decimal::ONE_HUNDRED),
        "102.16",
        "C2 price collar: net price 102.16 is beyond 102.150, 5 % of the 103.000 its legs are worth from the 97.000 they cost \
         together; ask for a price nearer to it",
    );
    covered(
        None,
        "97",
        "C2 price collar: the combination's price cannot be held against its legs: they have several multipliers; say in the \
         contract's `multiplier` what one unit of its price is worth",
    );
}

#[test]
fn c2_without_quotes_of_all_legs_nothing_is_ordered() {
    let none = "C2 price collar: contract 2 has no quote; subscribe to its market data and wait for a quote";
    let old = "C2 price collar: contract 1 has a quote 10001 ms old, limit 10000 ms; \
               subscribe to its market data and wait for a quote";
    let late = Timestamp(10_001_000);
    check(|scene| scene.gate = |gate| gate.forget_quote(FAR), none);
    check(|scene| scene.now = late, old);
    for policy in [WithoutQuote::RefuseAll, WithoutQuote::RefuseMarket] {
        check(|scene| (scene.now, scene.limits.without_quote) = (late, policy), old);
    }
    // Old prices bound its value, none bound nothing.
    check(|scene| (scene.now, scene.limits.without_quote) = (late, WithoutQuote::Allow), "");
    check(
        |scene| {
            scene.limits.without_quote = WithoutQuote::Allow;
            scene.gate = |gate| gate.forget_quote(FAR);
        },
        none,
    );
}

#[test]
fn c6_the_position_limit_holds_for_each_leg() {
    let leg = |id: i32, asked: &str, have: &str, pending: &str| {
        format!(
            "C6 position: leg {id}: asked {asked} on top of {have} held and {pending} in open orders, limit 50; cancel, close \
             or ask for less"
        )
    };
    let row =
        |contract: Contract, side: Side, quantity: &'static str, held: Vec<(Contract, &'static str)>, text: &str| {
            check(
                |scene| {
                    (scene.contract, scene.side, scene.quantity, scene.held) = (contract, side, quantity, held);
                    scene.kind = OrderKind::Market;
                },
                text,
            );
        };
    row(spread(), Side::Buy, "50", vec![], "");
    row(spread(), Side::Buy, "51", vec![], &leg(1, "51", "0", "0"));
    row(spread(), Side::Sell, "51", vec![], &leg(1, "-51", "0", "0"));
    // Two of the first leg for each: the ratio counts.
    row(ratio(), Side::Buy, "25", vec![], "");
    row(ratio(), Side::Buy, "26", vec![], &leg(1, "52", "0", "0"));
    // What is held of a leg counts; the second leg is sold.
    row(spread(), Side::Buy, "10", vec![(call(NEAR, 100), "41")], &leg(1, "10", "41", "0"));
    row(spread(), Side::Buy, "10", vec![(call(FAR, 105), "-41")], &leg(2, "-10", "-41", "0"));
    row(spread(), Side::Sell, "10", vec![(call(NEAR, 100), "41"), (call(FAR, 105), "-41")], "");
}

#[test]
fn c6_open_combinations_and_orders_for_a_leg_count_together() {
    let (gate, ledger, now) = (gate(limits()), Ledger::default(), Timestamp(0));
    let mut orders = orders();
    let mut submit = |id: u128, contract: Contract, side: Side, quantity: &'static str, price: &str| {
        let scene = Scene { contract, side, quantity, kind: limit(price), ..Scene::default() };
        let intent = Intent { id: IntentId(id), ..intent(&scene) };
        match orders.submit(intent.into(), &gate.at(now, &ledger), now) {
            Ok(_) => None,
            Err(SubmitError::Refused(refusal)) => Some(refusal),
            Err(other) => panic!("{other}"),
        }
    };
    let numbers = |asked: i64, pending: i64| (Decimal::from(asked), Decimal::from(pending));
    let [have, limit] = [0, 50].map(Decimal::from);
    assert_eq!(submit(1, ratio(), Side::Buy, "20", "4"), None, "buys 40 near calls, sells 20 far ones");
    let (asked, pending) = numbers(11, 40);
    let alone = Refusal::Position { asked, have, pending, limit };
    assert_eq!(submit(2, call(NEAR, 100), Side::Buy, "11", "3"), Some(alone), "the combination's leg counts");
    assert_eq!(submit(2, call(NEAR, 100), Side::Buy, "5", "3"), None);
    let (asked, pending) = numbers(6, 45);
    let leg = Refusal::LegPosition { contract_id: NEAR, asked, have, pending, limit };
    assert_eq!(submit(3, spread(), Side::Buy, "6", "1"), Some(leg), "and so do both beside another combination");
    assert_eq!(submit(3, spread(), Side::Buy, "5", "1"), None);
    let (asked, pending) = numbers(-26, -25);
    let alone = Refusal::Position { asked, have, pending, limit };
    assert_eq!(submit(4, call(FAR, 105), Side::Sell, "26", "2"), Some(alone), "legs that are sold count there");
    assert_eq!(submit(4, call(FAR, 105), Side::Buy, "50", "2"), None, "and not on the other side");
}

#[test]
fn c6_a_change_of_a_combination_does_not_count_beside_its_old_self() {
    let (gate, ledger, now) = (gate(limits()), Ledger::default(), Timestamp(0));
    let mut orders = orders();
    let first = intent(&Scene { quantity: "30", ..Scene::default() });
    let step = orders.submit(first.clone().into(), &gate.at(now, &ledger), now);
    assert!(step.is_ok());
    let judge = |quantity: i64| {
        let changed = Intent { quantity: Decimal::from(quantity), ..first.clone() };
        order::Gate::check(&gate.at(now, &ledger), &changed, order::PassedLegs::default(), &orders)
    };
    assert_eq!(judge(50), Ok(()));
    let (asked, have, pending, limit) = (Decimal::from(51), Decimal::ZERO, Decimal::ZERO, Decimal::from(50));
    assert_eq!(judge(51), Err(Refusal::LegPosition { contract_id: NEAR, asked, have, pending, limit }));
}

#[test]
fn c8_every_leg_is_known_sound_and_allowed() {
    let legs = |legs: Vec<ComboLeg>| Contract::combination("IBM", "USD", legs);
    let check_legs = |contract: Contract, expected: &str| check(|scene| scene.contract = contract, expected);
    check_legs(
        legs(vec![]),
        "C8 combination: IBM names no legs, and its risk is that of its legs; name them in the contract",
    );
    let unsound =
        "C8 combination: leg 2 needs a contract number of its own, an action and a ratio above zero; mend the contract";
    let first = || ComboLeg::buy(NEAR, 1);
    check_legs(legs(vec![first(), ComboLeg { action: None, ..ComboLeg::sell(FAR, 1) }]), unsound);
    check_legs(legs(vec![first(), ComboLeg { ratio: None, ..ComboLeg::sell(FAR, 1) }]), unsound);
    check_legs(legs(vec![first(), ComboLeg::sell(FAR, 0)]), unsound);
    check_legs(legs(vec![first(), ComboLeg::sell(FAR, -1)]), unsound);
    check_legs(legs(vec![first(), ComboLeg::sell(ContractId(0), 1)]), unsound);
    check_legs(legs(vec![first(), ComboLeg::sell(NEAR, 1)]), unsound);
    check_legs(
        legs(vec![first(), ComboLeg::sell(ContractId(77), 1)]),
        "C8 combination: of leg 77 neither multiplier nor currency is known; watch that contract, then order",
    );
    check(
        |scene| scene.gate = |gate| gate.know(&Contract { symbol: "SPY".to_owned(), ..call(FAR, 105) }),
        "C8 symbols: SPY is not among the allowed symbols; change `symbols` to trade it",
    );
    check(
        |scene| scene.limits.security_types = AllowList::only(["BAG"]),
        "C8 security types: OPT is not among the allowed kinds; change `security_types` to trade it",
    );
    check(
        |scene| {
            let mini = Contract { multiplier: Some(Decimal::TEN), ..call(FAR, 105) };
            scene.held = vec![(mini, "1")];
        },
        "C8 contract: 2 trades in USD with multiplier 10, the order says USD with 100; ask for contract details",
    );
    check(
        |scene| {
            scene.gate = |gate| {
                let future = Contract { security_type: Some(SecurityType::Option), multiplier: None, ..call(FAR, 105) };
                gate.know(&future);
            }
        },
        "C8 contract: contract 2 has no multiplier; ask for its details first",
    );
}

#[test]
fn c4_two_combinations_are_alike_only_with_the_same_legs() {
    let (mut gate, ledger, now) = (gate(limits()), Ledger::default(), Timestamp(0));
    let mut orders = orders();
    let mut submit = |id: u128, contract: Contract| {
        let kind = limit("-1"); // better than the market for both of them
        let wish = Intent { id: IntentId(id), ..intent(&Scene { contract, kind, ..Scene::default() }) };
        let done = orders.submit(wish.clone().into(), &gate.at(now, &ledger), now).map(|_| ());
        if done.is_ok() {
            gate.accepted(&wish, now);
        }
        done
    };
    assert_eq!(submit(1, spread()), Ok(()));
    assert_eq!(submit(2, spread()), Err(SubmitError::Refused(Refusal::Duplicate { age_ms: 0, limit_ms: 1_000 })));
    assert_eq!(submit(3, ratio()), Ok(()));
}
