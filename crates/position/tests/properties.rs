//! What holds for every history: sums, corrections as replays, and that repeats change nothing.

use position::{Commission, Fill, Instrument, Ledger, Position, Side};
use proptest::collection::vec;
use proptest::prelude::*;
use rust_decimal::Decimal;
use tws_proto::ids::ContractId;

const ACCOUNTS: [&str; 2] = ["DU1", "DU2"];
const STRATEGIES: [Option<&str>; 3] = [None, Some("mean"), Some("trend")];

fn instruments() -> [Instrument; 3] {
    [
        Instrument::stock(ContractId(1), "IBM", "USD"),
        Instrument { multiplier: Decimal::from(50), ..Instrument::stock(ContractId(2), "ES", "USD") },
        Instrument { multiplier: Decimal::new(5, 1), ..Instrument::stock(ContractId(3), "ODD", "EUR") },
    ]
}

fn price() -> impl Strategy<Value = Decimal> {
    (-50_000_i64..1_000_000, 0_u32..5).prop_map(|(mantissa, scale)| Decimal::new(mantissa, scale))
}

/// Fills, each with its own key.
fn fills() -> impl Strategy<Value = Vec<Fill>> {
    let one = (0..2_usize, 0..3_usize, 0..3_usize, any::<bool>(), 0_i64..3_000, 0_u32..4, price());
    vec(one, 1..40).prop_map(|rows| {
        type Row = (usize, usize, usize, bool, i64, u32, Decimal);
        let fill = |(number, row): (usize, Row)| {
            let (account, strategy, instrument, buys, mantissa, scale, price) = row;
            Fill {
                key: format!("key{number:02}").into(),
                revision: 1,
                account: ACCOUNTS[account].into(),
                strategy: STRATEGIES[strategy].map(Into::into),
                instrument: instruments()[instrument].clone(),
                side: if buys { Side::Buy } else { Side::Sell },
                quantity: Decimal::new(mantissa, scale),
                price,
                time_us: number as i64,
            }
        };
        rows.into_iter().enumerate().map(fill).collect()
    })
}

fn ledger_of(fills: &[Fill]) -> Ledger {
    let mut ledger = Ledger::default();
    for fill in fills {
        ledger.apply(fill).unwrap(); // amounts this small always fit
    }
    ledger
}

/// Money that a fill brought in.
fn cash(fill: &Fill) -> Decimal {
    -fill.side.signed(fill.quantity) * fill.price * fill.instrument.multiplier
}

fn commission(number: usize, amount: i64) -> Commission {
    Commission {
        key: format!("key{number:02}").into(),
        revision: 1,
        amount: Decimal::new(amount, 4),
        currency: if amount % 3 == 0 { "EUR" } else { "USD" }.into(),
        time_us: 0,
    }
}

proptest! {
    #[test]
    fn cash_and_position_are_realised_and_unrealised(fills in fills(), marks in [price(), price(), price()]) {
        let mut ledger = ledger_of(&fills);
        for (instrument, mark) in instruments().iter().zip(marks) {
            ledger.mark(instrument.contract_id, mark);
        }
        for holding in ledger.holdings() {
            let own = |fill: &&Fill| {
                fill.account == holding.account
                    && fill.strategy.as_deref() == holding.strategy
                    && fill.instrument == *holding.instrument
            };
            let Position { quantity, cost, realised } = holding.position;
            let brought: Decimal = fills.iter().filter(own).map(cash).sum();
            let moved: Decimal = fills.iter().filter(own).map(|fill| fill.side.signed(fill.quantity)).sum();
            prop_assert_eq!(moved, quantity);
            // Exact, not merely close: what rounding takes from one side it gives to the other.
            prop_assert_eq!(brought + cost, realised);
            let worth = quantity * holding.mark.unwrap() * holding.instrument.multiplier; // all are marked
            prop_assert_eq!(brought + worth, realised + holding.unrealised().unwrap()); // all are marked
            if quantity.is_zero() {
                prop_assert_eq!((cost, realised), (Decimal::ZERO, brought));
            }
        }
    }

    #[test]
    fn sums_over_strategies_are_the_account(fills in fills(), mark in price()) {
        let mut ledger = ledger_of(&fills);
        for instrument in &instruments() {
            ledger.mark(instrument.contract_id, mark);
        }
        for account in ACCOUNTS {
            for currency in ["USD", "EUR"] {
                let whole = ledger.totals(account, currency);
                let parts = STRATEGIES.map(|strategy| ledger.strategy_totals(account, strategy, currency));
                let sum = |part: fn(&position::Totals) -> Option<Decimal>| parts.iter().map(part).sum::<Option<Decimal>>();
                prop_assert_eq!(whole.realised, sum(|totals| totals.realised));
                prop_assert_eq!(whole.unrealised, sum(|totals| totals.unrealised));
                let brought: Decimal = fills
                    .iter()
                    .filter(|fill| fill.account == account && fill.instrument.currency == currency)
                    .map(|fill| cash(fill) + fill.side.signed(fill.quantity) * mark * fill.instrument.multiplier)
                    .sum();
                prop_assert_eq!(whole.net(), Some(brought));
            }
            for instrument in &instruments() {
                let whole = ledger.position(account, instrument.contract_id).unwrap(); // it fits
                let parts = STRATEGIES.map(|of| ledger.strategy_position(account, instrument.contract_id, of));
                prop_assert_eq!(whole.quantity, parts.iter().map(|part| part.quantity).sum::<Decimal>());
                prop_assert_eq!(whole.cost, parts.iter().map(|part| part.cost).sum::<Decimal>());
            }
        }
    }

    #[test]
    fn a_correction_equals_a_replay(
        fills in fills(),
        corrections in vec((any::<prop::sample::Index>(), any::<bool>(), 0_i64..3_000, price()), 0..10),
    ) {
        let mut corrected = fills.clone();
        let mut ledger = ledger_of(&fills);
        for (index, buys, quantity, price) in corrections {
            let fill = &mut corrected[index.index(fills.len())];
            let before = ledger.strategy_position(&fill.account, fill.instrument.contract_id, fill.strategy.as_deref());
            fill.revision += 1;
            fill.side = if buys { Side::Buy } else { Side::Sell };
            fill.quantity = Decimal::from(quantity);
            fill.price = price;
            let change = ledger.apply(fill).unwrap(); // it fits
            prop_assert_eq!(change.position_before, before);
            prop_assert_eq!(change.realised, change.position_after.realised - before.realised);
            let moved = change.position_after.quantity.abs() - before.quantity.abs();
            prop_assert_eq!(change.opened - change.closed, moved);
        }
        prop_assert_eq!(ledger, ledger_of(&corrected));
    }

    #[test]
    fn repeats_and_the_order_of_commissions_change_nothing(
        fills in fills(),
        amounts in vec(-200_i64..20_000, 40),
        repeats in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..60),
    ) {
        let mut plain = ledger_of(&fills);
        for (number, amount) in (0..fills.len()).zip(&amounts) {
            plain.commission(&commission(number, *amount)).unwrap(); // it fits
        }
        let mut repeated = Ledger::default();
        for (number, fill) in fills.iter().enumerate() {
            // Anything that was or will be told comes in between: old fills again, commissions early and again.
            for (again, early) in repeats.iter().filter(|(again, _)| again.index(fills.len()) <= number) {
                if again.index(fills.len()) < number {
                    let change = repeated.apply(&fills[again.index(fills.len())]).unwrap(); // it was counted
                    prop_assert!(change.is_duplicate());
                }
                let early = early.index(fills.len());
                repeated.commission(&commission(early, amounts[early])).unwrap(); // it fits
            }
            repeated.apply(fill).unwrap(); // it fits
        }
        for number in (0..fills.len()).rev() {
            repeated.commission(&commission(number, amounts[number])).unwrap(); // it fits
        }
        prop_assert_eq!(plain, repeated);
    }

    #[test]
    fn forgetting_changes_no_sum_and_no_later_change(fills in fills(), split in any::<prop::sample::Index>()) {
        let split = split.index(fills.len() + 1);
        let mut whole = Ledger::default();
        let mut short = Ledger::default();
        for (number, fill) in fills.iter().enumerate() {
            if number == split {
                short.forget_before(number as i64);
            }
            prop_assert_eq!(whole.apply(fill), short.apply(fill));
        }
        for (whole, short) in whole.holdings().zip(short.holdings()) {
            prop_assert_eq!((whole.instrument, whole.position), (short.instrument, short.position));
        }
    }

    #[test]
    fn json_keeps_everything(fills in fills(), amount in 0_i64..20_000) {
        let mut ledger = ledger_of(&fills);
        ledger.commission(&commission(0, amount)).unwrap(); // it fits
        let json = serde_json::to_string(&ledger).unwrap(); // a ledger is plain data
        prop_assert_eq!(serde_json::from_str::<Ledger>(&json).unwrap(), ledger); // it was just written
    }
}
