//! The gate against a slow, plain reading of the same limits, and what it remembers.

use order::{Hours, Intent, IntentId, OrderKind, Side, TimeInForce, Timestamp};
use position::{Adjustment, Instrument, Ledger};
use proptest::collection::vec;
use proptest::prelude::*;
use risk::{AllowList, Limits, OpenOrders, Purpose, RiskGate};
use rust_decimal::Decimal;
use tws_proto::Contract;
use tws_proto::ids::ContractId;

const ID: ContractId = ContractId(1);

fn limits(quantity: Decimal, value: Decimal, position: Decimal) -> Limits {
    Limits {
        accounts: ["DU1".to_owned()].into(),
        symbols: AllowList::Any,
        security_types: AllowList::Any,
        order_quantity_max: Some(quantity),
        order_value_max: Some(value),
        position_max: Some(position),
        entries_per_minute_strategy: 1_000,
        entries_per_day_strategy: 1_000,
        ..Limits::default()
    }
}

fn intent(side: Side, quantity: Decimal, price: Decimal) -> Intent {
    Intent {
        id: IntentId(0),
        strategy: "any".into(),
        account: "DU1".into(),
        contract: Contract { contract_id: Some(ID), ..Contract::stock("IBM", "USD") }.into(),
        side,
        quantity,
        kind: OrderKind::Limit { limit_price: price },
        time_in_force: TimeInForce::Day,
        hours: Hours::Regular,

        extension: None,
    }
}

fn small() -> impl Strategy<Value = Decimal> {
    (1_i64..400, 0_u32..2).prop_map(|(mantissa, scale)| Decimal::new(mantissa, scale))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn quantity_value_and_position_agree_with_a_slow_checker(
        quantity_max in small(), value_max in 1_i64..40_000, position_max in small(),
        buys in any::<bool>(), quantity in small(), price in small(),
        held in -400_i64..400, open in vec(small(), 0..20),
    ) {
        let side = if buys { Side::Buy } else { Side::Sell };
        let gate = RiskGate::new(limits(quantity_max, Decimal::from(value_max), position_max)).unwrap(); // all positive
        let mut ledger = Ledger::default();
        ledger.adjust(&Adjustment {
            account: "DU1".to_owned(),
            instrument: Instrument::stock(ID, "IBM", "USD"),
            quantity: Decimal::from(held),
            average_cost: Decimal::ONE,
            reason: "given".to_owned(),
            time_us: 0,
        }).unwrap(); // it fits
        let orders = OpenOrders { count: open.len() as u32, quantity: open.iter().sum(), ..OpenOrders::default() };
        let verdict = gate.at(Timestamp(0), &ledger).judge(&intent(side, quantity, price), &orders, Purpose::Place);

        // In hundredths and plain integers, and by walking every order, so that nothing is shared with the gate.
        let whole = |value: Decimal| i128::try_from(value * Decimal::TEN).unwrap(); // one decimal at most
        let mut worst = i128::from(held) * 10;
        for order in open.iter().chain([&quantity]) {
            worst += if buys { whole(*order) } else { -whole(*order) };
        }
        let deep = if buys { worst } else { -worst };
        // What is held came in at one, and a sale may get that.
        let worth = if buys || held == 0 { price } else { price.max(Decimal::ONE) };
        let allowed = whole(quantity) <= whole(quantity_max)
            && whole(quantity) * whole(worth) <= i128::from(value_max) * 100
            && deep <= whole(position_max)
            && open.len() < 15;
        prop_assert_eq!(verdict.is_ok(), allowed, "{:?}", verdict);
    }

    #[test]
    fn no_second_holds_more_than_the_rates(
        steps in vec((0_usize..4, 0_i64..400), 1..60), by_strategy in 1_u32..4, in_all in 1_u32..7,
    ) {
        let plenty = Decimal::from(1_000_000);
        let limits = Limits {
            orders_per_second_strategy: by_strategy,
            orders_per_second: in_all,
            ..limits(plenty, plenty, plenty)
        };
        let mut gate = RiskGate::new(limits).unwrap(); // all positive
        let ledger = Ledger::default();
        let mut now = 0;
        let mut passed: Vec<(i64, usize)> = Vec::new();
        for (number, (strategy, wait)) in steps.into_iter().enumerate() {
            now += wait * 1_000;
            // Each of a size of its own, so that none is a duplicate.
            let mut asked = intent(Side::Buy, Decimal::from(number + 1), Decimal::ONE);
            asked.strategy = strategy.to_string().into();
            let verdict = gate.at(Timestamp(now), &ledger).judge(&asked, &OpenOrders::default(), Purpose::Place);
            let recent = passed.iter().filter(|(time, _)| now - time < 1_000_000);
            let own = recent.clone().filter(|(_, owner)| *owner == strategy).count();
            let allowed = own < by_strategy as usize && recent.count() < in_all as usize;
            prop_assert_eq!(verdict.is_ok(), allowed, "{:?}", verdict);
            if allowed {
                gate.accepted(&asked, Timestamp(now));
                passed.push((now, strategy));
            }
        }
    }

    #[test]
    fn duplicates_are_found_within_their_window_only(
        steps in vec((1_i64..4, 0_i64..700), 1..40),
    ) {
        let plenty = Decimal::from(1_000_000);
        let limits = Limits {
            orders_per_second_strategy: 1_000,
            orders_per_second: 1_000,
            ..limits(plenty, plenty, plenty)
        };
        let mut gate = RiskGate::new(limits).unwrap(); // all positive
        let ledger = Ledger::default();
        let mut now = 0;
        let mut passed: Vec<(i64, i64)> = Vec::new();
        for (quantity, wait) in steps {
            now += wait * 1_000;
            let asked = intent(Side::Sell, Decimal::from(quantity), Decimal::ONE);
            let verdict = gate.at(Timestamp(now), &ledger).judge(&asked, &OpenOrders::default(), Purpose::Place);
            let allowed = !passed.iter().any(|(time, like)| *like == quantity && now - time < 1_000_000);
            prop_assert_eq!(verdict.is_ok(), allowed, "{:?}", verdict);
            if allowed {
                gate.accepted(&asked, Timestamp(now));
                passed.push((now, quantity));
            }
        }
    }
}
