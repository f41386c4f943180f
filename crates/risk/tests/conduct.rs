//! Controls that remember: entries, losses, rejects, equity; and those that look at our own orders.

use order::{
    BrokerEvent, Event, HaltScope, Hours, Instance, Intent, IntentId, OrderKind, Orders, SECOND_US, Side, SubmitError,
    TimeInForce, Timestamp,
};
use position::{Adjustment, Commission, Fill, Instrument, Ledger};
use proptest::collection::vec;
use proptest::prelude::*;
use risk::{AllowList, DayMark, Equity, Limits, OpenOrders, Purpose, Quote, Refusal, RiskGate};
use rust_decimal::Decimal;
use tws_proto::Contract;
use tws_proto::contract::ComboLeg;
use tws_proto::ids::{ClientId, ContractId};
use tws_proto::kinds::Status;
use tws_proto::message::OrderStatus;

const IBM: ContractId = ContractId(8314);
const SPY: ContractId = ContractId(756_733);
const DAY: i64 = 24 * 60 * 60;

fn limits() -> Limits {
    let plenty = Some(Decimal::from(1_000_000));
    Limits {
        accounts: ["DU1".to_owned()].into(),
        symbols: AllowList::Any,
        security_types: AllowList::Any,
        order_quantity_max: plenty,
        order_value_max: plenty,
        position_max: plenty,
        orders_per_second: 1_000,
        orders_per_second_strategy: 1_000,
        quote_age_max_ms: u64::from(u32::MAX),
        ..Limits::default()
    }
}

fn gate(limits: Limits) -> RiskGate {
    let mut gate = RiskGate::new(limits).unwrap(); // sound limits
    let quote = Quote { bid: Some(99.into()), ask: Some(101.into()), last: None };
    for (id, symbol) in [(IBM, "IBM"), (SPY, "SPY")] {
        gate.know(&Contract { contract_id: Some(id), ..Contract::stock(symbol, "USD") });
        gate.quote(id, quote, Timestamp(0));
    }
    gate
}

fn intent(id: u128, side: Side, quantity: i64, price: Option<i64>) -> Intent {
    Intent {
        id: IntentId(id),
        strategy: "mean".into(),
        account: "DU1".into(),
        contract: Contract { contract_id: Some(IBM), ..Contract::stock("IBM", "USD") }.into(),
        side,
        quantity: quantity.into(),
        kind: price.map_or(OrderKind::Market, |price| OrderKind::Limit { limit_price: price.into() }),
        time_in_force: TimeInForce::Day,
        hours: Hours::Regular,
        extension: None,
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * SECOND_US)
}

fn judge(gate: &RiskGate, ledger: &Ledger, intent: &Intent, now: Timestamp) -> Result<(), Refusal> {
    gate.at(now, ledger).judge(intent, &OpenOrders::default(), Purpose::Place)
}

/// An order that is nobody's duplicate.
fn other(number: i64) -> Intent {
    intent(0, Side::Buy, 1 + number, Some(100))
}

fn held(quantity: i64, cost: i64, mark: Option<i64>) -> Ledger {
    let mut ledger = Ledger::default();
    let adjustment = Adjustment {
        account: "DU1".to_owned(),
        instrument: Instrument::stock(IBM, "IBM", "USD"),
        quantity: quantity.into(),
        average_cost: cost.into(),
        reason: "given".to_owned(),
        time_us: 0,
    };
    ledger.adjust(&adjustment).unwrap(); // it fits
    if let Some(mark) = mark {
        ledger.mark(IBM, mark.into());
    }
    ledger
}

#[test]
fn c1_an_order_is_a_part_of_the_equity() {
    let mut gate = gate(Limits { order_value_percent_max: Some(Decimal::TEN), ..limits() });
    let ledger = Ledger::default();
    let text =
        |gate: &RiskGate, intent: &Intent, now| judge(gate, &ledger, intent, now).map_err(|error| error.to_string());
    let hundred = |quantity| intent(1, Side::Buy, quantity, Some(100));
    let unknown = "C1 order value: the equity of the account is not known; wait until TWS tells its NetLiquidation";
    assert_eq!(text(&gate, &hundred(1), at(0)), Err(unknown.to_owned()));
    let rates = [("EUR".to_owned(), Decimal::new(125, 2))].into();
    gate.equity("DU1", Equity { amount: 50_000.into(), currency: "USD".to_owned(), rates }, at(0));
    // A tenth of 50 000.
    assert_eq!(text(&gate, &hundred(50), at(0)), Ok(()));
    let more = "C1 order value: asked 5100 USD, which is more than 10 % of the equity of 50000 USD; ask for less";
    assert_eq!(text(&gate, &hundred(51), at(0)), Err(more.to_owned()));
    assert_eq!(text(&gate, &hundred(50), at(300)), Ok(()));
    let old =
        "C1 order value: the equity of the account is 301 s old, limit 300 s; wait until TWS tells its NetLiquidation";
    assert_eq!(text(&gate, &hundred(50), at(301)), Err(old.to_owned()));
    // In euros at 1.25: 40 * 100 * 1.25 = 5 000.
    let in_currency = |quantity, currency: &str| {
        let contract = Contract { contract_id: Some(ContractId(77)), ..Contract::stock("SAP", currency) };
        Intent { contract: contract.into(), ..hundred(quantity) }
    };
    assert_eq!(text(&gate, &in_currency(40, "EUR"), at(0)), Ok(()));
    let more = "C1 order value: asked 4100 EUR, which is more than 10 % of the equity of 50000 USD; ask for less";
    assert_eq!(text(&gate, &in_currency(41, "EUR"), at(0)), Err(more.to_owned()));
    let rate = "C1 order value: no exchange rate from SEK to USD is known; wait until TWS tells it, or hold some SEK";
    assert_eq!(text(&gate, &in_currency(1, "SEK"), at(0)), Err(rate.to_owned()));
}

#[test]
fn c5_a_strategy_that_enters_too_often_is_stopped() {
    let mut gate = gate(Limits { entries_per_minute_strategy: 3, entries_per_day_strategy: 5, ..limits() });
    let ledger = Ledger::default();
    for number in 0..3 {
        assert_eq!(judge(&gate, &ledger, &other(number), at(10 * number)), Ok(()));
        gate.accepted(&other(number), at(10 * number));
    }
    let refusal = judge(&gate, &ledger, &other(3), at(59)).unwrap_err();
    let words = "C5 entries: strategy mean placed 3 orders within a minute, limit 3; a person must let it go on";
    assert_eq!((refusal.to_string().as_str(), refusal.control()), (words, "C5"));
    assert_eq!(refusal.halts(), Some(HaltScope::Strategy("mean".to_owned())));
    // Others go on, and so does a change of an order.
    let trend = Intent { strategy: "trend".into(), ..other(3) };
    assert_eq!(judge(&gate, &ledger, &trend, at(59)), Ok(()));
    let change = Purpose::Change { filled: Decimal::ZERO, open: Decimal::ZERO };
    assert_eq!(gate.at(at(59), &ledger).judge(&other(3), &OpenOrders::default(), change), Ok(()));
    // Within the day the rest of five.
    for number in 3..5 {
        assert_eq!(judge(&gate, &ledger, &other(number), at(100 * number)), Ok(()));
        gate.accepted(&other(number), at(100 * number));
    }
    let day = |have| Refusal::Entries { strategy: "mean".to_owned(), have, limit: 5, window: "day" };
    assert_eq!(judge(&gate, &ledger, &other(5), at(DAY - 1)), Err(day(5)));
    assert_eq!(judge(&gate, &ledger, &other(5), at(DAY)), Ok(()), "the next day");
    // A person lets it go on.
    gate.acknowledged(&HaltScope::Strategy("mean".to_owned()));
    assert_eq!(judge(&gate, &ledger, &other(5), at(DAY - 1)), Ok(()));
    // A restart counts what the book knows.
    (0..5).for_each(|number| gate.resume_entry("mean", at(number)));
    assert_eq!(judge(&gate, &ledger, &other(5), at(DAY - 1)), Err(day(5)));
}

#[test]
fn c5_counts_the_legs_of_one_submission() {
    let gate = gate(Limits { entries_per_minute_strategy: 2, ..limits() });
    let ledger = Ledger::default();
    let check = gate.at(at(0), &ledger);
    let leg = |number| check.judge(&other(number), &OpenOrders::default(), Purpose::Place);
    assert_eq!((leg(1), leg(2)), (Ok(()), Ok(())));
    assert_eq!(leg(3).unwrap_err().control(), "C5");
}

#[test]
fn c7_a_loss_of_the_day_stops_what_raises_exposure() {
    let mut gate = gate(Limits { daily_loss_max: Some(1_000.into()), ..limits() });
    // 100 bought at 90, worth 9 000 when the day begins: the gain until then is 1 000.
    let mut ledger = held(100, 90, Some(100));
    let marks = gate.look_at_losses(&ledger, at(0));
    let [mark] = marks.as_slice() else { panic!("{marks:?}") };
    assert_eq!((mark.day, mark.start, mark.peak), (0, 1_000.into(), 1_000.into()));
    let buy = intent(1, Side::Buy, 1, Some(100));
    let at_mark = |ledger: &mut Ledger, gate: &RiskGate, intent: &Intent, mark: &str, now| {
        ledger.mark(IBM, mark.parse().unwrap()); // a literal
        judge(gate, ledger, intent, now)
    };
    assert_eq!(at_mark(&mut ledger, &gate, &buy, "90.01", at(1)), Ok(()), "999 lost");
    let lost = |lost: &str| Refusal::DailyLoss {
        account: "DU1".to_owned(),
        currency: "USD".to_owned(),
        lost: lost.parse().unwrap(), // a literal
        limit: 1_000.into(),
    };
    let refusal = at_mark(&mut ledger, &gate, &buy, "90", at(1)).unwrap_err();
    assert_eq!((&refusal, refusal.halts()), (&lost("1000"), Some(HaltScope::Everything)));
    // Realised, and with commission.
    let sale = Fill {
        key: "x".into(),
        revision: 1,
        account: "DU1".into(),
        strategy: None,
        instrument: Instrument::stock(IBM, "IBM", "USD"),
        side: Side::Sell,
        quantity: 50.into(),
        price: 95.into(),
        time_us: 0,
    };
    ledger.apply(&sale).unwrap(); // a sound fill
    // 50 * 5 realised, 50 at 85.05 and so 247.50 lost of them, against 1 000 before.
    assert_eq!(at_mark(&mut ledger, &gate, &buy, "85.05", at(1)), Ok(()), "997.50 lost");
    let cost =
        Commission { key: "x".into(), revision: 1, amount: Decimal::new(250, 2), currency: "USD".into(), time_us: 0 };
    ledger.commission(&cost).unwrap(); // a sound commission
    assert_eq!(at_mark(&mut ledger, &gate, &buy, "85.05", at(1)), Err(lost("1000")));
    // What makes the position smaller passes, and not more than that.
    assert_eq!(judge(&gate, &ledger, &intent(1, Side::Sell, 50, None), at(1)), Ok(()));
    assert!(judge(&gate, &ledger, &intent(1, Side::Sell, 51, None), at(1)).is_err());
    let open = OpenOrders { count: 1, quantity: 10.into(), ..OpenOrders::default() };
    let sell = |quantity| gate.at(at(1), &ledger).judge(&intent(1, Side::Sell, quantity, None), &open, Purpose::Place);
    assert_eq!((sell(40).is_ok(), sell(41).is_ok()), (true, false));
    // Another day is another day, whenever it begins.
    assert_eq!(judge(&gate, &ledger, &buy, at(DAY)), Ok(()));
    // A restart goes on where the day stood.
    let mut fresh = self::gate(gate.limits().clone());
    assert_eq!(judge(&fresh, &ledger, &buy, at(1)), Ok(()));
    fresh.resume_day(mark.clone());
    assert_eq!(judge(&fresh, &ledger, &buy, at(1)), Err(lost("1000")));
}

#[test]
fn c7_a_drawdown_is_measured_from_the_best_of_the_day() {
    let mut gate = gate(Limits { drawdown_max: Some(500.into()), day_begins_utc_minute: 60, ..limits() });
    let mut ledger = held(100, 100, Some(100));
    let start = gate.look_at_losses(&ledger, at(3_599));
    assert_eq!(start.first().map(|mark| mark.day), Some(-1), "the day begins at one");
    assert_eq!(gate.look_at_losses(&ledger, at(3_600)).first().map(|mark| mark.day), Some(0));
    ledger.mark(IBM, 108.into());
    assert_eq!(gate.look_at_losses(&ledger, at(3_601)), [], "told once a minute");
    let told = gate.look_at_losses(&ledger, at(3_660));
    assert_eq!(told, [], "and only where it rises");
    ledger.mark(IBM, 109.into());
    let mark = |peak: i64| DayMark {
        account: "DU1".to_owned(),
        currency: "USD".to_owned(),
        day: 0,
        start: Decimal::ZERO,
        peak: peak.into(),
        loss_reached: None,
        drawdown_reached: None,
    };
    assert_eq!(gate.look_at_losses(&ledger, at(3_661)), [mark(900)]);
    let buy = intent(1, Side::Buy, 1, Some(100));
    ledger.mark(IBM, Decimal::new(10_401, 2));
    assert_eq!(judge(&gate, &ledger, &buy, at(3_700)), Ok(()));
    ledger.mark(IBM, 104.into());
    let refusal = judge(&gate, &ledger, &buy, at(3_700)).unwrap_err();
    let words = "C7 drawdown: the account is 500 USD below its best of today, limit 500; only what makes a position smaller passes";
    assert_eq!(refusal.to_string(), words);
}

#[test]
fn c7_a_limit_that_was_reached_holds_until_the_day_is_over() {
    let mut gate = gate(Limits { daily_loss_max: Some(1_000.into()), drawdown_max: Some(1_500.into()), ..limits() });
    let buy = intent(1, Side::Buy, 1, Some(100));
    let mut ledger = held(100, 100, Some(100));
    let mut look = |gate: &mut RiskGate, mark: i64, seconds| {
        ledger.mark(IBM, mark.into());
        let kept = gate.look_at_losses(&ledger, at(seconds));
        (kept, judge(gate, &ledger, &buy, at(seconds)))
    };
    assert_eq!(look(&mut gate, 110, 0).1, Ok(()));
    assert_eq!(look(&mut gate, 101, 1).1, Ok(()), "900 lost");
    // Nobody asks for an order while the loss is there, and the market comes back.
    let (kept, _) = look(&mut gate, 99, 2);
    let [mark] = kept.as_slice() else { panic!("it is kept over a restart: {kept:?}") };
    let (kept, verdict) = look(&mut gate, 110, 3);
    let lost = Refusal::DailyLoss {
        account: "DU1".to_owned(),
        currency: "USD".to_owned(),
        lost: 1_100.into(),
        limit: 1_000.into(),
    };
    assert_eq!((kept, verdict), (vec![], Err(lost.clone())));
    // A restart knows of it too, and a higher limit is another one.
    let restarted = |limits: Limits| {
        let mut gate = self::gate(limits);
        gate.resume_day(mark.clone());
        gate
    };
    assert_eq!(look(&mut restarted(gate.limits().clone()), 110, 4).1, Err(lost));
    let higher = Limits { daily_loss_max: Some(1_200.into()), ..gate.limits().clone() };
    assert_eq!(look(&mut restarted(higher), 110, 4).1, Ok(()));
    // Below the best of the day.
    let verdict = look(&mut restarted(Limits { daily_loss_max: None, ..gate.limits().clone() }), 95, 5).1;
    assert!(matches!(verdict, Err(Refusal::Drawdown { lost, .. }) if lost == 1_500.into()), "{verdict:?}");
    assert_eq!(look(&mut gate, 110, DAY).1, Ok(()), "another day is another day");
}

#[test]
fn c7_what_was_not_there_at_the_last_look_has_begun_with_nothing() {
    let mut gate = gate(Limits { daily_loss_max: Some(1_000.into()), ..limits() });
    assert_eq!(gate.look_at_losses(&Ledger::default(), at(0)), []);
    let mut ledger = held(100, 100, Some(90));
    let refusal = judge(&gate, &ledger, &intent(1, Side::Buy, 1, Some(100)), at(1)).unwrap_err();
    assert!(matches!(refusal, Refusal::DailyLoss { lost, .. } if lost == 1_000.into()), "{refusal}");
    ledger.mark(IBM, 95.into());
    let told = gate.look_at_losses(&ledger, at(1));
    assert_eq!(told.first().map(|mark| (mark.start, mark.peak)), Some((Decimal::ZERO, Decimal::ZERO)));
    // What was held before, of unknown worth, begins where it is known.
    let mut other = self::gate(gate.limits().clone());
    assert_eq!(other.look_at_losses(&held(100, 100, None), at(0)), []);
    let told = other.look_at_losses(&ledger, at(1));
    assert_eq!(told.first().map(|mark| mark.start), Some((-500).into()));
}

#[test]
fn c7_a_loss_that_is_not_known_is_none_to_trade_on() {
    let mut gate = gate(Limits { daily_loss_max: Some(1_000.into()), ..limits() });
    let ledger = held(100, 90, None);
    assert_eq!(gate.look_at_losses(&ledger, at(0)), []);
    let refusal = judge(&gate, &ledger, &intent(1, Side::Buy, 1, Some(100)), at(0)).unwrap_err();
    let words = "C7 daily loss: 1 positions in USD have no price, so the loss is not known; watch their contracts";
    assert_eq!((refusal.to_string().as_str(), refusal.halts()), (words, None));
    assert_eq!(judge(&gate, &ledger, &intent(1, Side::Sell, 100, None), at(0)), Ok(()));
}

/// What an order meets beside one of our own that rests.
#[track_caller]
fn check_crossing(resting: Intent, new: Intent, expected: bool) {
    let gate = gate(Limits { collar_percent: 90.into(), ..limits() });
    let (ledger, now) = (Ledger::default(), at(0));
    let mut orders = Orders::new(Instance::new("t1").unwrap(), ClientId(1)); // a sound name
    let price = resting.kind.limit_price().unwrap_or_default();
    assert!(orders.submit(resting.into(), &gate.at(now, &ledger), now).is_ok());
    let outcome = orders.submit(new.into(), &gate.at(now, &ledger), now).map(|_| ());
    let refusal = Refusal::SelfMatch { with: IntentId(1), price };
    assert_eq!(outcome, if expected { Err(SubmitError::Refused(refusal)) } else { Ok(()) });
}

#[test]
fn c9_no_order_meets_an_order_of_our_own() {
    use Side::{Buy, Sell};
    check_crossing(intent(1, Sell, 10, Some(105)), intent(2, Buy, 5, Some(105)), true);
    check_crossing(intent(1, Sell, 10, Some(105)), intent(2, Buy, 5, Some(104)), false);
    check_crossing(intent(1, Buy, 10, Some(95)), intent(2, Sell, 5, Some(95)), true);
    check_crossing(intent(1, Buy, 10, Some(95)), intent(2, Sell, 5, Some(96)), false);
    check_crossing(intent(1, Buy, 10, Some(95)), intent(2, Buy, 5, Some(96)), false);
    // At the market: it trades at the ask of 101.
    check_crossing(intent(1, Sell, 10, Some(101)), intent(2, Buy, 5, None), true);
    check_crossing(intent(1, Sell, 10, Some(102)), intent(2, Buy, 5, None), false);
    // Another strategy's order is our own, another contract's is not met.
    let trend = |intent: Intent| Intent { strategy: "trend".into(), ..intent };
    check_crossing(intent(1, Sell, 10, Some(105)), trend(intent(2, Buy, 5, Some(105))), true);
    let spy = Contract { contract_id: Some(SPY), ..Contract::stock("SPY", "USD") };
    check_crossing(
        intent(1, Sell, 10, Some(105)),
        Intent { contract: spy.into(), ..intent(2, Buy, 5, Some(105)) },
        false,
    );
    // Stops wait unseen.
    let stop = OrderKind::Stop { stop_price: 105.into() };
    check_crossing(intent(1, Sell, 10, Some(105)), Intent { kind: stop, ..intent(2, Buy, 5, None) }, false);
    // The other way round is the same combination, and so is the one that is made the other way round.
    let pair = |legs| Contract::combination("IBM", "USD", legs);
    let there = || pair(vec![ComboLeg::buy(IBM, 1), ComboLeg::sell(SPY, 1)]);
    let back = || pair(vec![ComboLeg::buy(SPY, 1), ComboLeg::sell(IBM, 1)]);
    let of = |contract: Contract, intent: Intent| Intent { contract: contract.into(), ..intent };
    check_crossing(of(there(), intent(1, Sell, 10, Some(3))), of(there(), intent(2, Buy, 5, Some(3))), true);
    check_crossing(of(there(), intent(1, Sell, 10, Some(3))), of(there(), intent(2, Buy, 5, Some(2))), false);
    check_crossing(of(there(), intent(1, Buy, 10, Some(3))), of(back(), intent(2, Buy, 5, Some(-3))), true);
    check_crossing(of(there(), intent(1, Buy, 10, Some(3))), of(back(), intent(2, Buy, 5, Some(-4))), false);
    check_crossing(of(there(), intent(1, Buy, 10, Some(3))), intent(2, Sell, 5, Some(100)), false);
}

#[test]
fn c9_a_change_meets_no_order_of_our_own_but_itself_and_can_be_allowed() {
    let (ledger, now) = (Ledger::default(), at(0));
    for (allow_self_match, expected) in [(false, "C9"), (true, "")] {
        let gate = gate(Limits { allow_self_match, ..limits() });
        let mut orders = Orders::new(Instance::new("t1").unwrap(), ClientId(1)); // a sound name
        for leg in [intent(1, Side::Sell, 10, Some(105)), intent(2, Side::Buy, 10, Some(95))] {
            assert!(orders.submit(leg.into(), &gate.at(now, &ledger), now).is_ok());
        }
        let moved = |price| {
            order::Gate::check(
                &gate.at(now, &ledger),
                &intent(2, Side::Buy, 10, Some(price)),
                order::PassedLegs::default(),
                &orders,
            )
        };
        assert_eq!(moved(104), Ok(()));
        assert_eq!(moved(105).map_or_else(|refusal| refusal.control(), |()| ""), expected);
    }
}

#[test]
fn c10_a_storm_of_rejects_stops_a_strategy() {
    let mut gate = gate(limits());
    let mut reject = |id: u128, seconds: i64| gate.rejected("mean", IntentId(id), at(seconds));
    for id in 1..5 {
        assert_eq!(reject(id, 0), None);
        assert_eq!(reject(id, 0), None, "told again");
    }
    assert_eq!(reject(5, 60), None, "a minute later the others are over");
    for id in 6..9 {
        assert_eq!(reject(id, 61), None);
    }
    let refusal = reject(9, 62).unwrap();
    let words =
        "C10 reject storm: 5 orders of strategy mean were rejected within 60 s, limit 5; a person must let it go on";
    assert_eq!((refusal.to_string().as_str(), refusal.control()), (words, "C10"));
    assert_eq!(refusal.halts(), Some(HaltScope::Strategy("mean".to_owned())));
    assert_eq!(reject(10, 62), None, "the next storm is another one");
    for id in 11..14 {
        gate.resume_reject("mean", IntentId(id), at(62));
    }
    assert!(gate.rejected("mean", IntentId(14), at(63)).is_some(), "those of before a restart count");
}

/// Everything the gate may let through, by a slow reading of the limits: no path goes beyond them.
#[derive(Clone, Debug)]
enum Move {
    Place(Side, i64, i64),
    Change(usize, i64),
    Acknowledge(usize),
    Fill(usize),
}

fn moves() -> impl Strategy<Value = Move> {
    let side = prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    prop_oneof![
        4 => (side, 1_i64..60, 90_i64..111).prop_map(|(side, quantity, price)| Move::Place(side, quantity, price)),
        2 => (0_usize..8, 1_i64..90).prop_map(|(order, quantity)| Move::Change(order, quantity)),
        2 => (0_usize..8).prop_map(Move::Acknowledge),
        1 => (0_usize..8).prop_map(Move::Fill),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn c1_c5_c6_c9_no_path_submits_beyond_a_limit(script in vec(moves(), 1..50)) {
        let bounds = Limits {
            order_quantity_max: Some(50.into()),
            order_value_max: Some(4_000.into()),
            position_max: Some(100.into()),
            open_orders_max: 3,
            entries_per_day_strategy: 12,
            ..limits()
        };
        let mut gate = gate(bounds);
        let mut ledger = Ledger::default();
        let mut orders = Orders::new(Instance::new("t1").unwrap(), ClientId(1)); // a sound name
        let (mut placed, mut now, mut held) = (0_i64, 0_i64, 0_i64);
        for step in script {
            now += 2;
            let time = at(now);
            let nth = |orders: &Orders, number: usize| orders.iter().nth(number).map(|order| order.intent.id);
            let status = |orders: &Orders, number: usize, status: Status, filled: Option<Decimal>| {
                nth(orders, number).and_then(|id| orders.get(id)).map(|order| {
                    Event::Broker(BrokerEvent::OrderStatus(Box::new(OrderStatus {
                        order_id: order.order_id,
                        status,
                        permanent_id: None,
                        client_id: Some(ClientId(1)),
                        filled,
                        ..OrderStatus::default()
                    })))
                })
            };
            match step {
                Move::Place(side, quantity, price) => {
                    let wish = intent(placed as u128 + 1, side, quantity, Some(price));
                    if orders.submit(wish.clone().into(), &gate.at(time, &ledger), time).is_ok() {
                        gate.accepted(&wish, time);
                        placed += 1;
                    }
                }
                Move::Change(number, quantity) => {
                    let change = order::Change { quantity: Some(quantity.into()), ..order::Change::default() };
                    if let Some(id) = nth(&orders, number) {
                        let _ = orders.change(id, change, &gate.at(time, &ledger), time).map(drop);
                    }
                }
                Move::Acknowledge(number) => {
                    if let Some(event) = status(&orders, number, Status::Submitted, None) {
                        let _ = orders.step(event, time);
                    }
                }
                Move::Fill(number) => {
                    // The account bought some by hand: positions move without our orders.
                    let quantity: i64 = if number % 2 == 0 { 5 } else { -5 };
                    if (held + quantity).abs() <= 10 {
                        held += quantity;
                        let adjustment = Adjustment {
                            account: "DU1".to_owned(),
                            instrument: Instrument::stock(IBM, "IBM", "USD"),
                            quantity: quantity.into(),
                            average_cost: 100.into(),
                            reason: "given".to_owned(),
                            time_us: 0,
                        };
                        ledger.adjust(&adjustment).unwrap(); // it fits
                    }
                }
            }
            // Held against every limit by walking the book.
            let mut live: Vec<(Side, Decimal, Decimal)> = Vec::new();
            for order in orders.live() {
                let price = order.intent.kind.limit_price().unwrap_or_default();
                prop_assert!(order.quantity_max() <= 50.into());
                let worst = if order.intent.side == Side::Sell { price.max(99.into()) } else { price };
                prop_assert!(order.quantity_max() * worst <= 4_000.into());
                live.push((order.intent.side, order.quantity_max(), price));
            }
            for side in [Side::Buy, Side::Sell] {
                let of_side = || live.iter().filter(|(other, ..)| *other == side);
                let open: Decimal = of_side().map(|(_, quantity, _)| *quantity).sum();
                // What was moved by hand after the check is nobody's order: ten at most.
                prop_assert!(open + side.signed(held.into()) <= 120.into());
                prop_assert!(of_side().count() <= 3);
            }
            let bid = live.iter().filter(|(side, ..)| *side == Side::Buy).map(|(.., price)| *price).max();
            let ask = live.iter().filter(|(side, ..)| *side == Side::Sell).map(|(.., price)| *price).min();
            prop_assert!(bid.is_none() || ask.is_none() || bid < ask, "{bid:?} meets {ask:?}");
            prop_assert!(placed <= 12);
        }
    }

    #[test]
    fn c7_never_passes_what_raises_exposure_behind_the_limit(
        held_units in -50_i64..50, mark in 50_i64..150, quantity in 1_i64..120, buys in any::<bool>(),
        limit in 1_i64..2_000,
    ) {
        let mut gate = gate(Limits { daily_loss_max: Some(limit.into()), ..limits() });
        let mut ledger = held(held_units, 100, Some(100));
        let _ = gate.look_at_losses(&ledger, at(0));
        ledger.mark(IBM, mark.into());
        let side = if buys { Side::Buy } else { Side::Sell };
        let verdict = judge(&gate, &ledger, &intent(1, side, quantity, None), at(1));
        let lost = -(held_units * (mark - 100));
        let after = held_units + if buys { quantity } else { -quantity };
        let smaller = held_units != 0 && after.signum() * held_units.signum() >= 0 && after.abs() < held_units.abs();
        prop_assert_eq!(verdict.is_ok(), smaller || lost < limit, "{:?}", verdict);
    }
}
