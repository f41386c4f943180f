//! What an account has at stake over all contracts (C6).

use order::{
    BrokerEvent, Event, Gate, Hours, Instance, Intent, IntentId, LinkEvent, OrderKind, Orders, PassedLegs, Side,
    Submission, SubmitError, TimeInForce, Timestamp,
};
use position::{Adjustment, Instrument, Ledger};
use proptest::collection::vec;
use proptest::prelude::*;
use risk::{AllowList, Equity, Limits, Quote, Refusal, RiskGate};
use rust_decimal::Decimal;
use tws_proto::contract::ComboLeg;
use tws_proto::ids::{ClientId, ContractId, PermanentId};
use tws_proto::kinds::{Action, Status};
use tws_proto::message::OpenOrder;
use tws_proto::order_state::OrderState;
use tws_proto::{Contract, Order};

const IBM: ContractId = ContractId(1);
const SPY: ContractId = ContractId(2);
/// In euros.
const SAP: ContractId = ContractId(3);

fn limits(gross: Option<i64>, net: Option<i64>) -> Limits {
    let plenty = Some(Decimal::from(1_000_000));
    Limits {
        accounts: ["DU1".to_owned(), "DU2".to_owned()].into(),
        symbols: AllowList::Any,
        security_types: AllowList::Any,
        order_quantity_max: plenty,
        order_value_max: plenty,
        position_max: plenty,
        gross_exposure_max: gross.map(Decimal::from),
        net_exposure_max: net.map(Decimal::from),
        orders_per_second: 1_000,
        orders_per_second_strategy: 1_000,
        entries_per_minute_strategy: 1_000,
        allow_self_match: true,
        ..Limits::default()
    }
}

fn contract(id: ContractId) -> Contract {
    let (symbol, currency) = match id {
        IBM => ("IBM", "USD"),
        SPY => ("SPY", "USD"),
        SAP => ("SAP", "EUR"),
        _ => ("NEW", "SEK"),
    };
    Contract { contract_id: Some(id), ..Contract::stock(symbol, currency) }
}

/// IBM and SPY at 100 dollars, SAP at 100 euros of 1.25 dollars each.
struct Scene {
    gate: RiskGate,
    ledger: Ledger,
    orders: Orders,
    next: u128,
}

impl Scene {
    fn new(gross: Option<i64>, net: Option<i64>) -> Self {
        let mut gate = RiskGate::new(limits(gross, net)).unwrap(); // sound limits
        for id in [IBM, SPY, SAP] {
            gate.know(&contract(id));
            gate.quote(id, Quote { last: Some(Decimal::ONE_HUNDRED), ..Quote::default() }, Timestamp(0));
        }
        let rates = [("EUR".to_owned(), Decimal::new(125, 2))].into();
        gate.equity("DU1", Equity { amount: Decimal::ONE, currency: "USD".to_owned(), rates }, Timestamp(0));
        let orders = Orders::new(Instance::new("t1").unwrap(), ClientId(1)); // a sound name
        Self { gate, ledger: Ledger::default(), orders, next: 1 }
    }

    fn hold(&mut self, id: ContractId, quantity: i64) {
        let contract = contract(id);
        let adjustment = Adjustment {
            account: "DU1".to_owned(),
            instrument: Instrument::stock(id, &contract.symbol, &contract.currency),
            quantity: quantity.into(),
            average_cost: Decimal::ONE,
            reason: "given".to_owned(),
            time_us: 0,
        };
        self.ledger.adjust(&adjustment).unwrap(); // it fits
    }

    fn intent(&mut self, contract: Contract, side: Side, quantity: i64, price: i64) -> Intent {
        self.next += 1;
        Intent {
            id: IntentId(self.next),
            strategy: "mean".into(),
            account: "DU1".into(),
            contract: contract.into(),
            side,
            quantity: quantity.into(),
            kind: OrderKind::Limit { limit_price: price.into() },
            time_in_force: TimeInForce::Day,
            hours: Hours::Regular,
            extension: None,
        }
    }

    fn submit(&mut self, intent: Intent) -> Result<(), Refusal> {
        let now = Timestamp(0);
        match self.orders.submit(intent.into(), &self.gate.at(now, &self.ledger), now) {
            Ok(_) => Ok(()),
            Err(SubmitError::Refused(refusal)) => Err(refusal),
            Err(other) => panic!("{other}"),
        }
    }

    /// What comes of an order at 100 of the contract's currency: empty for a pass, else the refusal behind its title.
    #[track_caller]
    fn check(&mut self, id: ContractId, side: Side, quantity: i64, expected: &str) {
        let intent = self.intent(contract(id), side, quantity, 100);
        let text = self.submit(intent).err().map(|refusal| {
            assert_eq!(refusal.control(), "C6", "{refusal}");
            refusal.to_string()
        });
        let expected = if expected.is_empty() { None } else { Some(format!("C6 {expected}")) };
        assert_eq!(text, expected);
    }
}

fn beyond(what: &str, with: &str, without: &str, limit: &str) -> String {
    let either = if what == "net" { " either way" } else { "" };
    format!(
        "{what} exposure: {with} USD over all contracts with this order, {without} without it, limit {limit}{either}; \
         cancel, close or ask for less"
    )
}

#[test]
fn c6_gross_exposure_adds_up_long_and_short_over_all_contracts() {
    let mut scene = Scene::new(Some(100_000), None);
    scene.hold(IBM, 300);
    scene.hold(SPY, -400);
    // 30 000 + 40 000, and 100 * 100 * 1.25 a hundred of SAP.
    scene.check(SAP, Side::Sell, 240, "");
    scene.check(SAP, Side::Sell, 1, &beyond("gross", "100125.00", "100000.00", "100000"));
    // What opens either way counts, not both: the other side of SAP is free up to as much.
    scene.check(SAP, Side::Buy, 240, "");
    scene.check(SAP, Side::Buy, 1, &beyond("gross", "100125.00", "100000.00", "100000"));
    // What makes a position smaller passes at the limit.
    scene.check(IBM, Side::Sell, 300, "");
    scene.check(SPY, Side::Buy, 400, "");
    // And as much again the other way round does not raise what is at stake, but the next does.
    scene.check(IBM, Side::Sell, 300, "");
    scene.check(IBM, Side::Sell, 1, &beyond("gross", "100100.00", "100000.00", "100000"));
}

#[test]
fn c6_net_exposure_takes_short_from_long() {
    let mut scene = Scene::new(None, Some(10_000));
    scene.hold(IBM, 5_000);
    scene.hold(SPY, -5_000);
    scene.check(IBM, Side::Buy, 100, "");
    scene.check(IBM, Side::Buy, 1, &beyond("net", "10100", "10000", "10000"));
    // An order on the other side that is open takes nothing from it: it may never fill.
    scene.check(SPY, Side::Sell, 100, "");
    scene.check(SPY, Side::Sell, 1, &beyond("net", "-10100", "-10000", "10000"));
    scene.check(SAP, Side::Buy, 1, &beyond("net", "10125.00", "10000", "10000"));
}

#[test]
fn c6_an_account_beyond_its_limit_may_only_come_back() {
    let mut scene = Scene::new(Some(1_000), Some(1_000));
    scene.hold(IBM, 500);
    scene.check(IBM, Side::Buy, 1, &beyond("gross", "50100", "50000", "1000"));
    scene.check(SPY, Side::Sell, 1, &beyond("gross", "50100", "50000", "1000"));
    scene.check(IBM, Side::Sell, 100, "");
    scene.check(IBM, Side::Sell, 400, "");
}

#[test]
fn c6_what_cannot_be_valued_is_refused() {
    let unknown = |cause: &str| format!("exposure: what the account has at stake is not known: {cause}");
    // A position that nobody prices.
    let mut scene = Scene::new(Some(100_000), None);
    scene.gate.forget_quote(SPY);
    scene.hold(SPY, 1);
    scene.check(IBM, Side::Buy, 1, &unknown("contract 2 (SPY) has no price; watch that contract"));
    scene.ledger.mark(SPY, 100.into());
    scene.check(IBM, Side::Buy, 1, "");
    // A currency without a rate.
    let mut scene = Scene::new(Some(100_000), None);
    let rate = "no exchange rate from SEK to USD is known; wait until TWS tells it, or hold some SEK";
    scene.check(ContractId(9), Side::Buy, 1, &unknown(rate));
    // An account of which nothing was told.
    let unequal = Intent { account: "DU2".into(), ..scene.intent(contract(IBM), Side::Buy, 1, 100) };
    let equity = "C6 exposure: what the account has at stake is not known: the equity of the account is not known; wait until \
                  TWS tells its NetLiquidation";
    assert_eq!(scene.submit(unequal).map_err(|refusal| refusal.to_string()), Err(equity.to_owned()));
    // Nothing of that matters where no such limit is set.
    let mut scene = Scene::new(None, None);
    scene.check(ContractId(9), Side::Buy, 1, "");
}

#[test]
fn c6_a_change_that_lowers_exposure_passes_beyond_the_limit() {
    for limits in [(Some(30_000), None), (None, Some(30_000))] {
        let mut scene = Scene::new(limits.0, limits.1);
        let open = scene.intent(contract(IBM), Side::Buy, 200, 100);
        assert_eq!(scene.submit(open.clone()), Ok(()));
        // The market has risen: what is open is worth 40 000 now.
        scene.gate.quote(IBM, Quote { last: Some(200.into()), ..Quote::default() }, Timestamp(0));
        let changed = |quantity: i64| {
            let intent = Intent { quantity: quantity.into(), ..open.clone() };
            let check = scene.gate.at(Timestamp(0), &scene.ledger);
            Gate::check(&check, &intent, PassedLegs::default(), &scene.orders).map_err(|refusal| refusal.control())
        };
        assert_eq!([190, 150, 200, 201].map(changed), [Ok(()), Ok(()), Ok(()), Err("C6")]);
    }
}

#[test]
fn c6_a_change_that_lowers_an_order_passes_beyond_the_position_limit() {
    let mut scene = Scene::new(None, None);
    let open = scene.intent(contract(IBM), Side::Buy, 200, 100);
    assert_eq!(scene.submit(open.clone()), Ok(()));
    // A restart has lowered both: two orders are open, and one may be.
    let other = scene.intent(contract(IBM), Side::Buy, 10, 99);
    assert_eq!(scene.submit(other), Ok(()));
    let lower = Limits { position_max: Some(100.into()), open_orders_max: 1, ..limits(None, None) };
    scene.gate = RiskGate::new(lower).unwrap(); // sound limits
    scene.gate.quote(IBM, Quote { last: Some(Decimal::ONE_HUNDRED), ..Quote::default() }, Timestamp(0));
    let changed = |quantity: i64| {
        let intent = Intent { quantity: quantity.into(), ..open.clone() };
        let check = scene.gate.at(Timestamp(0), &scene.ledger);
        Gate::check(&check, &intent, PassedLegs::default(), &scene.orders).map_err(|refusal| refusal.control())
    };
    assert_eq!([50, 190, 200, 201].map(changed), [Ok(()), Ok(()), Ok(()), Err("C6")]);
    let further = scene.intent(contract(IBM), Side::Buy, 1, 98);
    assert_eq!(scene.submit(further).map_err(|refusal| refusal.control()), Err("C6"));
}

#[test]
fn c1_c6_the_way_out_is_free_where_nobody_knows_what_is_at_stake() {
    let mut scene = Scene::new(Some(100_000), Some(100_000));
    scene.hold(IBM, 10);
    scene.gate.forget_quote(SPY);
    scene.hold(SPY, 1);
    let unknown =
        "exposure: what the account has at stake is not known: contract 2 (SPY) has no price; watch that contract";
    scene.check(IBM, Side::Buy, 1, unknown);
    scene.check(IBM, Side::Sell, 11, unknown);
    scene.check(IBM, Side::Sell, 6, "");
    // Beside what is open already.
    scene.check(IBM, Side::Sell, 5, unknown);
    scene.check(IBM, Side::Sell, 4, "");
    // An account of which nothing was told.
    let gate = RiskGate::new(Limits { order_value_percent_max: Some(Decimal::TEN), ..limits(Some(100_000), None) });
    scene = Scene { gate: gate.unwrap(), ..Scene::new(None, None) }; // sound limits
    scene.hold(IBM, 10);
    let sell = |scene: &mut Scene, quantity| {
        let sell = scene.intent(contract(IBM), Side::Sell, quantity, 100);
        scene.submit(sell).map_err(|refusal| refusal.control())
    };
    assert_eq!((sell(&mut scene, 11), sell(&mut scene, 10)), (Err("C1"), Ok(())));
}

#[test]
fn c1_the_way_out_is_free_where_nothing_is_left_of_the_equity() {
    let percent = Limits { order_value_percent_max: Some(Decimal::TEN), ..limits(None, None) };
    for (equity, sold) in
        [("0", Ok(())), ("-0.01", Ok(())), ("0.01", Err("C1")), ("9999", Err("C1")), ("10000", Ok(()))]
    {
        let mut scene = Scene { gate: RiskGate::new(percent.clone()).unwrap(), ..Scene::new(None, None) }; // sound limits
        scene.gate.quote(IBM, Quote { last: Some(Decimal::ONE_HUNDRED), ..Quote::default() }, Timestamp(0));
        let amount: Decimal = equity.parse().unwrap(); // a literal
        scene.gate.equity("DU1", Equity { amount, currency: "USD".to_owned(), ..Equity::default() }, Timestamp(0));
        scene.hold(IBM, 10);
        let mut ask = |side, quantity| {
            let asked = scene.intent(contract(IBM), side, quantity, 100);
            scene.submit(asked).map_err(|refusal| refusal.control())
        };
        assert_eq!(ask(Side::Sell, 10), sold, "{equity}");
        let one = if amount >= Decimal::ONE_THOUSAND { Ok(()) } else { Err("C1") };
        assert_eq!(ask(Side::Buy, 1), one, "{equity}");
    }
}

#[test]
fn c1_c6_what_protects_is_placed_beside_an_exit_where_nobody_knows_what_is_at_stake() {
    let unpriced = Limits { order_value_percent_max: Some(Decimal::TEN), ..limits(Some(100_000), None) };
    let mut scene = Scene { gate: RiskGate::new(unpriced).unwrap(), ..Scene::new(None, None) }; // sound limits
    scene.hold(IBM, 10);
    scene.hold(SPY, 1);
    let take_profit = scene.intent(contract(IBM), Side::Sell, 10, 120);
    assert_eq!(scene.submit(take_profit), Ok(()));
    // Both may fill, as far as is counted, but TWS cancels one when the other does.
    let kind = OrderKind::Stop { stop_price: 90.into() };
    let stop = Intent { kind, ..scene.intent(contract(IBM), Side::Sell, 10, 90) };
    let now = Timestamp(0);
    let protection = scene.gate.at(now, &scene.ledger).for_protection();
    assert_eq!(scene.orders.submit(stop.into(), &protection, now).map(|_| ()), Ok(()));
}

#[test]
fn c6_exposure_counts_open_orders_unknown_ones_and_those_of_others() {
    let mut scene = Scene::new(Some(30_000), None);
    scene.check(IBM, Side::Buy, 100, "");
    let _ = scene.orders.step(Event::Link(LinkEvent::Lost), Timestamp(0));
    // By hand, with a number that nobody knows the contract of, then with one that is known.
    let by_hand = |id: ContractId| OpenOrder {
        contract: contract(id),
        order: Order {
            account: "DU1".to_owned(),
            permanent_id: Some(PermanentId(77)),
            ..Order::market(Action::Buy, 100.into())
        },
        state: OrderState { status: Some(Status::Submitted), ..OrderState::default() },
        ..OpenOrder::default()
    };
    let tell = |scene: &mut Scene, id| {
        let event = Event::Broker(BrokerEvent::OpenOrder(Box::new(by_hand(id))));
        let _ = scene.orders.step(event, Timestamp(0));
    };
    tell(&mut scene, ContractId(9));
    let unknown = "exposure: what the account has at stake is not known: of NEW, for which an order is open, neither \
                   multiplier nor currency is known; watch that contract";
    scene.check(IBM, Side::Buy, 1, unknown);
    tell(&mut scene, SPY);
    scene.check(IBM, Side::Buy, 101, &beyond("gross", "30100", "20000", "30000"));
    scene.check(IBM, Side::Buy, 100, "");
}

#[test]
fn c6_exposure_counts_a_combination_by_its_legs() {
    let mut scene = Scene::new(Some(60_000), Some(5_000));
    let leg = |id: ContractId, action| ComboLeg {
        contract_id: Some(id),
        ratio: Some(1),
        action: Some(action),
        exchange: "SMART".to_owned(),
        ..ComboLeg::default()
    };
    let legs = vec![leg(IBM, Action::Buy), leg(SPY, Action::Sell)];
    let spread = Contract::combination("IBM,SPY", "USD", legs);
    // It costs nothing, and puts 100 at stake on either side.
    let order = scene.intent(spread.clone(), Side::Buy, 200, 1);
    // Long 20 000 if only the bought leg fills: legs fill together, but the gate errs on the safe side.
    assert!(matches!(scene.submit(order), Err(Refusal::NetExposure { .. })));
    let order = scene.intent(spread.clone(), Side::Buy, 50, 1);
    assert_eq!(scene.submit(order), Ok(()));
    scene.check(IBM, Side::Buy, 1, &beyond("net", "5100", "5000", "5000"));
    let order = scene.intent(spread, Side::Sell, 1, 1);
    assert!(matches!(scene.submit(order), Err(Refusal::NetExposure { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever passes, no choice of fills brings more about than the limits say.
    #[test]
    fn c6_no_fills_of_what_passes_go_beyond_the_exposures(
        gross_max in 1_i64..60, net_max in 1_i64..40,
        asked in vec((1_i32..3, any::<bool>(), 1_i64..20), 1..14), choice in any::<u16>(),
    ) {
        let mut scene = Scene::new(Some(gross_max * 100), Some(net_max * 100));
        let mut passed = Vec::new();
        for (id, buys, quantity) in asked {
            let side = if buys { Side::Buy } else { Side::Sell };
            let intent = scene.intent(contract(ContractId(id)), side, quantity, 100);
            if scene.submit(intent).is_ok() {
                passed.push((id, if buys { quantity } else { -quantity }));
            }
        }
        let filled = passed.iter().enumerate().filter(|(place, _)| choice >> place & 1 == 1);
        let mut held = [0; 3];
        for (_, (id, quantity)) in filled {
            held[usize::try_from(*id).unwrap()] += quantity; // 1 or 2
        }
        prop_assert!(held.iter().map(|quantity| quantity.abs()).sum::<i64>() <= gross_max, "{held:?}");
        prop_assert!(held.iter().sum::<i64>().abs() <= net_max, "{held:?}");
    }
}

#[test]
fn c6_gross_exposure_counts_the_legs_of_a_submission_together() {
    let mut scene = Scene::new(Some(10_000), None);
    let mut chain = |second| {
        let legs =
            vec![scene.intent(contract(IBM), Side::Buy, 60, 100), scene.intent(contract(SPY), Side::Buy, second, 100)];
        let now = Timestamp(0);
        let step = scene.orders.submit(Submission::Chain(legs), &scene.gate.at(now, &scene.ledger), now);
        step.map(|_| ()).map_err(|error| error.to_string())
    };
    let refused = beyond("gross", "10100", "6000", "10000");
    assert!(chain(41).is_err_and(|error| error.contains(&refused)));
    assert_eq!(chain(40), Ok(()));
}
