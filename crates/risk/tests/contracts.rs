//! What a contract must be to be traded now (C8), and the price at which we traded it ourselves (C2).

use order::{
    Extension, Fill, Gate, Hours, Instance, Intent, IntentId, OrderKind, Orders, PassedLegs, Side, TimeInForce,
    Timestamp,
};
use position::{Adjustment, Instrument, Ledger};
use risk::{AllowList, Equity, Limits, OpenOrders, Purpose, Quote, Refusal, RiskGate, Trading, WithoutQuote};
use rust_decimal::Decimal;
use tws_proto::Contract;
use tws_proto::contract::ComboLeg;
use tws_proto::ids::{ClientId, ContractId};

const IBM: ContractId = ContractId(1);
const ES: ContractId = ContractId(2);
/// 23 November 2026, 12:00 UTC.
const NOW: Timestamp = Timestamp(1_795_435_200_000_000);
const SECOND: i64 = 1_000_000;

fn limits() -> Limits {
    let plenty = Some(Decimal::from(100_000_000));
    Limits {
        accounts: ["DU1".to_owned()].into(),
        symbols: AllowList::Any,
        security_types: AllowList::Any,
        order_quantity_max: plenty,
        order_value_max: plenty,
        position_max: plenty,
        ..Limits::default()
    }
}

fn gate(limits: Limits) -> RiskGate {
    let mut gate = RiskGate::new(limits).unwrap(); // sound limits
    for contract in [ibm(), es("20261218")] {
        gate.know(&contract);
        gate.quote(contract.contract_id.unwrap(), Quote { last: Some(100.into()), ..Quote::default() }, NOW); // all have one
    }
    gate
}

fn ibm() -> Contract {
    Contract { contract_id: Some(IBM), ..Contract::stock("IBM", "USD") }
}

fn es(expiry: &str) -> Contract {
    let multiplier = Some(Decimal::from(50));
    Contract { contract_id: Some(ES), multiplier, ..Contract::future("ES", expiry, "CME", "USD") }
}

fn intent(contract: Contract, side: Side, price: Option<i64>) -> Intent {
    Intent {
        id: IntentId(1),
        strategy: "mean".into(),
        account: "DU1".into(),
        contract: contract.into(),
        side,
        quantity: Decimal::ONE,
        kind: price.map_or(OrderKind::Market, |price| OrderKind::Limit { limit_price: price.into() }),
        time_in_force: TimeInForce::Day,
        hours: Hours::Regular,
        extension: None,
    }
}

#[track_caller]
fn check_at(gate: &RiskGate, ledger: &Ledger, intent: &Intent, now: Timestamp, expected: &str) {
    let verdict = gate.at(now, ledger).judge(intent, &OpenOrders::default(), Purpose::Place);
    let text = verdict.err().map(|refusal| {
        assert_eq!(expected.split(' ').next(), Some(refusal.control()), "{refusal}");
        refusal.to_string()
    });
    assert_eq!(text.unwrap_or_default(), expected);
}

#[track_caller]
fn check(gate: &RiskGate, intent: &Intent, expected: &str) {
    check_at(gate, &Ledger::default(), intent, NOW, expected);
}

#[test]
fn c8_exchanges_are_allowed_by_name() {
    let refused = "C8 exchanges: CME is not among the allowed exchanges; change `exchanges` to trade there";
    let future = intent(es("20261218"), Side::Buy, Some(100));
    check(&gate(limits()), &future, "");
    check(&gate(Limits { exchanges: Some(AllowList::Any), ..limits() }), &future, "");
    let smart = gate(Limits { exchanges: Some(AllowList::only(["SMART"])), ..limits() });
    check(&smart, &future, refused);
    check(&smart, &intent(ibm(), Side::Buy, Some(100)), "");
    // A leg is sent where it says.
    let leg = |exchange: &str| ComboLeg { exchange: exchange.to_owned(), ..ComboLeg::buy(IBM, 1) };
    let pair = |exchange| {
        let legs = vec![leg(exchange), ComboLeg { exchange: "SMART".to_owned(), ..ComboLeg::sell(ES, 1) }];
        intent(
            Contract { multiplier: Some(Decimal::ONE), ..Contract::combination("IBM", "USD", legs) },
            Side::Buy,
            None,
        )
    };
    check(&smart, &pair("CME"), refused);
}

#[test]
fn c8_what_has_expired_or_expires_soon_is_refused() {
    let future = |expiry: &str| intent(es(expiry), Side::Buy, Some(100));
    let expired = |expiry: &str| format!("C8 expiry: ES of {expiry} has expired; trade a later contract");
    let any = gate(limits());
    check(&any, &future("20261123"), "");
    check(&any, &future("20261122"), &expired("20261122"));
    check(&any, &future("20261122 09:30:00 US/Central"), &expired("20261122 09:30:00 US/Central"));
    // To the month: until its last day.
    check(&any, &future("202611"), "");
    check(&any, &future("202610"), &expired("202610"));
    // What does not say is not known to have expired. A stock never does.
    let unnamed = gate(limits()).known(ES).cloned().map(|contract| Contract {
        last_trade_date_or_month: "".into(),
        contract_id: Some(ContractId(77)),
        ..contract
    });
    let unnamed = intent(unnamed.unwrap(), Side::Buy, Some(100)); // it is known
    check(&any, &unnamed, "");
    check(&any, &intent(Contract { last_trade_date_or_month: "20200101".into(), ..ibm() }, Side::Buy, Some(100)), "");

    let soon = |expiry: &str| {
        format!("C8 expiry: ES {expiry}, and must have 5 days left; trade a later contract, or make a position smaller")
    };
    let five = gate(Limits { expiry_days_min: 5, ..limits() });
    check(&five, &future("20261128"), "");
    check(&five, &future("20261127"), &soon("expires on 20261127"));
    check(&five, &future("202611"), &soon("expires on 202611"));
    check(&five, &future("202612"), "");
    check(&five, &unnamed, &soon("does not say when it expires"));
    check(&five, &intent(ibm(), Side::Buy, Some(100)), "");
    // An order that names its contract by number alone is held against what is known of it.
    let mut known = five.clone();
    known.know(&es("20261125"));
    check(&known, &future(""), &soon("expires on 20261125"));
    // The way out is free.
    let mut ledger = Ledger::default();
    ledger
        .adjust(&Adjustment {
            account: "DU1".to_owned(),
            instrument: Instrument::of(&es("20261127")).unwrap(), // it tells enough
            quantity: Decimal::ONE,
            average_cost: Decimal::ONE,
            reason: "given".to_owned(),
            time_us: 0,
        })
        .unwrap(); // it fits
    check_at(&five, &ledger, &intent(es("20261127"), Side::Sell, Some(100)), NOW, "");
    check_at(&five, &ledger, &future("20261127"), NOW, &soon("expires on 20261127"));
    check_at(&five, &ledger, &intent(es("20261122"), Side::Sell, Some(100)), NOW, &expired("20261122"));
}

#[test]
fn c1_what_is_quoted_in_cents_is_worth_a_hundredth() {
    let known = gate(Limits { order_value_max: Some(5_000.into()), ..limits() });
    let asked = |quantity: i64| Intent { quantity: quantity.into(), ..intent(es("20261218"), Side::Buy, Some(100)) };
    let mut ledger = Ledger::default();
    check_at(&known, &ledger, &asked(1), NOW, "");
    assert_eq!(ledger.magnify(ES, 100), Ok(true));
    check_at(&known, &ledger, &asked(100), NOW, "");
    let value = "C1 order value: asked 5050.0 USD, limit 5000; ask for less";
    check_at(&known, &ledger, &asked(101), NOW, value);
}

#[test]
fn c8_an_order_is_measured_by_what_its_contract_is_and_not_by_what_it_says() {
    let named = Limits { symbols: AllowList::only(["IBM"]), security_types: AllowList::only(["STK"]), ..limits() };
    let known = gate(named);
    check(&known, &intent(ibm(), Side::Buy, Some(100)), "");
    // The number of the future under the name of the stock.
    let disguised = Contract { contract_id: Some(ES), ..ibm() };
    let refused = "C8 symbols: ES is not among the allowed symbols; change `symbols` to trade it";
    check(&known, &intent(disguised.clone(), Side::Buy, Some(100)), refused);
    let future = |multiplier: i64, currency: &str| Contract {
        multiplier: Some(multiplier.into()),
        currency: currency.to_owned(),
        ..es("20261218")
    };
    let differs = |multiplier, currency| {
        format!(
            "C8 contract: 2 trades in USD with multiplier 50, the order says {currency} with {multiplier}; ask for \
             contract details"
        )
    };
    let known = gate(Limits { order_value_max: Some(1_000.into()), ..limits() });
    let value = "C1 order value: asked 5000 USD, limit 1000; ask for less";
    check(&known, &intent(future(50, "USD"), Side::Buy, Some(100)), value);
    check(&known, &intent(future(1, "USD"), Side::Buy, Some(100)), &differs(1, "USD"));
    check(&known, &intent(future(50, "JPY"), Side::Buy, Some(100)), &differs(50, "JPY"));
    check(&known, &intent(disguised, Side::Buy, Some(100)), &differs(1, "USD"));
}

#[test]
fn c8_what_its_exchange_has_halted_is_refused() {
    let refused = "C8 halt: trading in IBM is halted by its exchange; wait until it trades again";
    let order = intent(ibm(), Side::Buy, Some(100));
    let mut gate = gate(limits());
    for (value, is_halted) in [("1", true), ("2", true), ("0", false), ("-1", false), ("1", true)] {
        gate.trading(IBM, Trading::from_tick(value.parse().ok()));
        check(&gate, &order, if is_halted { refused } else { "" });
    }
    // Others trade on; a combination with it does not; a stop that was lost is placed and waits.
    check(&gate, &intent(es("20261218"), Side::Buy, Some(100)), "");
    let legs = vec![ComboLeg::buy(IBM, 1), ComboLeg::sell(ES, 1)];
    let pair = Contract { multiplier: Some(Decimal::ONE), ..Contract::combination("IBM", "USD", legs) };
    check(&gate, &intent(pair, Side::Buy, None), refused);
    let ledger = Ledger::default();
    let protection = gate.at(NOW, &ledger).for_protection();
    assert_eq!(protection.judge(&order, &OpenOrders::default(), Purpose::Place), Ok(()));
    // After a gap of market data nothing is known from before.
    gate.forget_quote(IBM);
    check(&gate, &order, "");
}

#[test]
fn c3_what_protects_does_not_wait_for_a_strategy_that_sends_too_fast() {
    let mut gate = gate(Limits { orders_per_second_strategy: 2, orders_per_second: 4, ..limits() });
    let ledger = Ledger::default();
    let stop = Intent { kind: OrderKind::Stop { stop_price: 90.into() }, ..intent(ibm(), Side::Sell, None) };
    let protect =
        |gate: &RiskGate| gate.at(NOW, &ledger).for_protection().judge(&stop, &OpenOrders::default(), Purpose::Place);
    (0..2).for_each(|_| gate.changed("mean", NOW));
    let expected = "C3 order rate: strategy mean sent 2 orders within a second, limit 2; slow down";
    check(&gate, &stop, expected);
    assert_eq!(protect(&gate), Ok(()));
    // What all together may send is never more.
    (0..2).for_each(|_| gate.changed("trend", NOW));
    assert_eq!(protect(&gate), Err(Refusal::TotalRate { have: 4, limit: 4 }));
}

#[test]
fn c1_c2_discretion_beyond_the_limit_is_part_of_the_price() {
    let discreet = |side, price, amount: i64| {
        let extension = Extension::new(|order| order.discretionary_amount = Some(amount.into())).unwrap(); // it is one's own
        Intent { extension: Some(extension), ..intent(ibm(), side, Some(price)) }
    };
    let gate = gate(Limits { order_value_max: Some(104.into()), ..limits() });
    check(&gate, &discreet(Side::Buy, 100, 4), "");
    check(&gate, &discreet(Side::Buy, 100, 5), "C1 order value: asked 105 USD, limit 104; ask for less");
    let beyond = "C2 price collar: price 94 is beyond 95, 5 % from 100; ask for a price nearer to it";
    check(&gate, &discreet(Side::Sell, 99, 5), beyond);
    check(&gate, &discreet(Side::Sell, 99, 4), "");
}

#[test]
fn c2_a_limit_that_the_market_has_touched_already_is_held_against_the_market() {
    let touched = |side, trigger_price: i64, limit_price: i64| {
        let kind = OrderKind::LimitIfTouched { trigger_price: trigger_price.into(), limit_price: limit_price.into() };
        Intent { kind, ..intent(ibm(), side, None) }
    };
    let beyond = |asked: &str, limit: &str, from: &str| {
        format!("C2 price collar: price {asked} is beyond {limit}, 5 % from {from}; ask for a price nearer to it")
    };
    let gate = gate(limits());
    // They wait below and above the market, and are held against that.
    check(&gate, &touched(Side::Buy, 80, 84), "");
    check(&gate, &touched(Side::Buy, 80, 85), &beyond("85", "84", "80"));
    check(&gate, &touched(Side::Sell, 120, 114), "");
    // These wait for nothing.
    check(&gate, &touched(Side::Buy, 200, 105), "");
    check(&gate, &touched(Side::Buy, 200, 205), &beyond("205", "105", "100"));
    check(&gate, &touched(Side::Sell, 50, 95), "");
    check(&gate, &touched(Side::Sell, 50, 48), &beyond("48", "95", "100"));
    // A stop on the wrong side trades at its limit or better, which is better than the market.
    let stop = OrderKind::StopLimit { stop_price: 50.into(), limit_price: 52.into() };
    check(&gate, &Intent { kind: stop, ..intent(ibm(), Side::Buy, None) }, "");
}

fn fill(price: i64, at: Timestamp) -> Fill {
    Fill {
        intent: Some(IntentId(7)),
        strategy: Some("mean".into()),
        root: "0001".into(),
        revision: 1,
        account: "DU1".into(),
        contract: ibm().into(),
        side: Side::Buy,
        quantity: Decimal::ONE,
        price: price.into(),
        broker_time: "".into(),
        at,
        replaces: None,
        is_inferred: false,
    }
}

#[test]
fn c1_c6_a_sale_without_a_quote_is_worth_what_is_known_otherwise() {
    let long_ago = Timestamp(NOW.0 - 301 * SECOND); // too old to hold a price against it (C2)
    for (value, gross, control) in [(1_000, None, "C1"), (100_000, Some(1_000), "C6")] {
        let bounded =
            Limits { order_value_max: Some(value.into()), gross_exposure_max: gross.map(Decimal::from), ..limits() };
        let mut gate = gate(bounded);
        let equity = Equity { amount: Decimal::ONE, currency: "USD".to_owned(), ..Equity::default() };
        gate.equity("DU1", equity, NOW);
        gate.forget_quote(IBM);
        let ledger = Ledger::default();
        let orders = Orders::new(Instance::new("t1").unwrap(), ClientId(1)); // a sound name
        let verdict = |gate: &RiskGate, intent: &Intent| {
            let verdict = Gate::check(&gate.at(NOW, &ledger), intent, PassedLegs::default(), &orders);
            verdict.map_err(|refusal| refusal.control())
        };
        let order = |side| intent(ibm(), side, Some(1));
        assert_eq!([Side::Buy, Side::Sell].map(|side| verdict(&gate, &order(side))), [Ok(()), Ok(())]);
        gate.traded(&fill(2_000, long_ago));
        assert_eq!([Side::Buy, Side::Sell].map(|side| verdict(&gate, &order(side))), [Ok(()), Err(control)]);
        let stop = Intent { kind: OrderKind::Stop { stop_price: Decimal::ONE }, ..order(Side::Buy) };
        assert_eq!(verdict(&gate, &stop), Err(control), "it is touched at once");
        gate.traded(&fill(999, long_ago));
        assert_eq!((verdict(&gate, &order(Side::Sell)), verdict(&gate, &stop)), (Ok(()), Ok(())));
    }
}

fn beyond(asked: &str, limit: &str, percent: &str, own: &str) -> String {
    format!(
        "C2 price collar: price {asked} is beyond {limit}, {percent} % from the {own} at which we last traded; ask for a \
         price nearer to it, or wait until that is 300 s ago"
    )
}

#[test]
fn c2_without_a_quote_our_own_last_price_stands_in() {
    let mut gate = gate(limits());
    gate.forget_quote(IBM);
    let buy = |price| intent(ibm(), Side::Buy, Some(price));
    let sell = |price| intent(ibm(), Side::Sell, Some(price));
    check(&gate, &buy(500), "");
    // Fills of others, and what nothing proves, are no prices of ours.
    gate.traded(&Fill { intent: None, ..fill(10, NOW) });
    gate.traded(&Fill { is_inferred: true, ..fill(10, NOW) });
    gate.traded(&Fill { quantity: Decimal::ZERO, ..fill(10, NOW) });
    check(&gate, &buy(500), "");
    gate.traded(&fill(200, NOW));
    check(&gate, &buy(210), "");
    check(&gate, &buy(211), &beyond("211", "210", "5", "200"));
    check(&gate, &buy(1), "");
    check(&gate, &sell(190), "");
    check(&gate, &sell(189), &beyond("189", "190", "5", "200"));
    check(&gate, &sell(500), "");
    // It waits away from the market, and is held against its own trigger.
    let stop = Intent { kind: OrderKind::Stop { stop_price: 500.into() }, ..buy(1) };
    check(&gate, &stop, "");
    // It is measured by for so long, in either direction of the clock.
    for (seconds, expected) in [(300, beyond("211", "210", "5", "200")), (301, String::new()), (-301, String::new())] {
        check_at(&gate, &Ledger::default(), &buy(211), Timestamp(NOW.0 + seconds * SECOND), &expected);
    }
    // A newer trade takes its place, an order at the market still needs a quote.
    gate.traded(&fill(100, NOW));
    check(&gate, &buy(106), &beyond("106", "105", "5", "100"));
    let verdict =
        gate.at(NOW, &Ledger::default()).judge(&intent(ibm(), Side::Buy, None), &OpenOrders::default(), Purpose::Place);
    assert!(matches!(verdict, Err(Refusal::NoFreshQuote { .. })));
}

#[test]
fn c2_our_own_last_price_holds_beside_the_market_where_it_is_asked_for() {
    let buy = |price| intent(ibm(), Side::Buy, Some(price));
    let mut without = gate(limits());
    without.traded(&fill(80, NOW));
    check(&without, &buy(105), "");
    let mut with = gate(Limits { own_collar_percent: Some(Decimal::TEN), ..limits() });
    check(&with, &buy(105), "");
    with.traded(&fill(80, NOW));
    check(&with, &buy(88), "");
    check(&with, &buy(89), &beyond("89", "88", "10", "80"));
    check(&with, &intent(ibm(), Side::Buy, None), &beyond("100", "88", "10", "80"));
    check(&with, &intent(ibm(), Side::Sell, None), "");
    check(&with, &buy(106), "C2 price collar: price 106 is beyond 105, 5 % from 100; ask for a price nearer to it");
    // Its percentage counts without a quote too.
    with.forget_quote(IBM);
    check(&with, &buy(85), "");
    check(&with, &buy(89), &beyond("89", "88", "10", "80"));
    let mut allowed = gate(Limits { without_quote: WithoutQuote::Allow, quote_age_max_ms: 1, ..limits() });
    allowed.traded(&fill(80, NOW));
    let late = Timestamp(NOW.0 + SECOND);
    check_at(&allowed, &Ledger::default(), &intent(ibm(), Side::Buy, None), late, &beyond("100", "84", "5", "80"));
}
