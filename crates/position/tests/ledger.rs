//! The ledger from outside: scripts of fills, commissions, adjustments and marks, a line each, and what they lead to.

use position::{
    Adjustment, Amount, Change, Commission, CommissionOutcome, Fill, Instrument, InstrumentError, Ledger, LedgerError,
    Outcome, Side,
};
use rust_decimal::Decimal;
use smol_str::SmolStr;
use tws_proto::Contract;
use tws_proto::ids::ContractId;
use tws_proto::kinds::SecurityType;

const ACCOUNT: &str = "DU1";

// Every text in these tests is a literal number.
fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn stock() -> Instrument {
    Instrument::stock(ContractId(1), "IBM", "USD")
}

fn future() -> Instrument {
    Instrument { multiplier: Decimal::from(50), ..Instrument::stock(ContractId(2), "ES", "USD") }
}

/// `KEY/REVISION [STRATEGY] buy|sell QUANTITY @ PRICE`
fn fill(text: &str) -> Fill {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (key, revision) = words[0].split_once('/').unwrap_or((words[0], "1"));
    let owned = words.len() == 6;
    let trade = &words[1 + usize::from(owned)..];
    Fill {
        key: key.into(),
        revision: revision.parse().unwrap(), // a literal
        account: ACCOUNT.into(),
        strategy: owned.then(|| words[1].into()),
        instrument: stock(),
        side: if trade[0] == "buy" { Side::Buy } else { Side::Sell },
        quantity: decimal(trade[1]),
        price: decimal(trade[3]),
        time_us: 1_000,
    }
}

fn corn() -> Contract {
    Contract {
        contract_id: Some(ContractId(3)),
        symbol: "ZC".to_owned(),
        currency: "USD".to_owned(),
        security_type: Some(SecurityType::Future),
        multiplier: Some(Decimal::from(5000)),
        ..Contract::default()
    }
}

#[test]
fn what_is_quoted_in_cents_is_counted_in_money_whenever_that_is_told() {
    // A position of before that nothing explains, told in money; fills, in cents.
    let adjustment = |ledger: &Ledger| Adjustment {
        account: ACCOUNT.into(),
        instrument: ledger.instrument_of(&corn()).unwrap(), // whole
        quantity: decimal("2"),
        average_cost: decimal("20000"),
        reason: "before".to_owned(),
        time_us: 1_000,
    };
    let traded = |ledger: &Ledger, text: &str| Fill {
        instrument: ledger.instrument_of(&corn()).unwrap(), // whole
        ..fill(text)
    };
    let magnify = |ledger: &mut Ledger| assert_eq!(ledger.magnify(ContractId(3), 100), Ok(true));
    let run = |told_at: usize| {
        let mut ledger = Ledger::default();
        for step in 0..4 {
            if step == told_at {
                magnify(&mut ledger);
            }
            match step {
                0 => _ = ledger.adjust(&adjustment(&ledger)).unwrap(),
                1 => _ = ledger.apply(&traded(&ledger, "a s buy 2 @ 410.25")).unwrap(),
                2 => _ = ledger.apply(&traded(&ledger, "b s sell 1 @ 420.25")).unwrap(),
                _ => ledger.mark(ContractId(3), decimal("421.25")),
            }
        }
        if told_at == 4 {
            magnify(&mut ledger);
        }
        ledger
    };
    let ledger = run(0);
    assert_eq!(ledger.instrument(ContractId(3)).unwrap().multiplier, decimal("50"));
    assert_eq!(ledger.strategy_position(ACCOUNT, ContractId(3), Some("s")).cost, decimal("20512.5"));
    let of = |strategy| {
        let totals = ledger.strategy_totals(ACCOUNT, strategy, "USD");
        (totals.realised.unwrap(), totals.unrealised.unwrap())
    };
    assert_eq!(of(Some("s")), (decimal("500"), decimal("550")));
    assert_eq!(of(None), (Decimal::ZERO, decimal("2125")));
    for told_at in 1..=4 {
        assert_eq!(run(told_at), ledger, "{told_at}");
    }
    // Told once more it is nothing new; as before it is as if it never was.
    let mut again = ledger.clone();
    assert_eq!(again.magnify(ContractId(3), 100), Ok(false));
    let text = serde_json::to_string(&again).unwrap();
    assert_eq!(serde_json::from_str::<Ledger>(&text).unwrap(), again);
    assert_eq!(again.magnify(ContractId(3), 0), Ok(true));
    assert_eq!(again.instrument(ContractId(3)).unwrap().multiplier, decimal("5000"));
}

#[test]
fn what_cannot_be_counted_anew_stays_as_it_was() {
    let mut ledger = Ledger::default();
    let instrument = ledger.instrument_of(&corn()).unwrap(); // whole
    ledger.apply(&Fill { instrument, ..fill("a s buy 2 @ 410.25") }).unwrap();
    ledger.forget_before(2_000);
    let before = ledger.clone();
    let late = LedgerError::MagnifiedTooLate { contract_id: ContractId(3), magnifier: 100 };
    assert_eq!(ledger.magnify(ContractId(3), 100), Err(late));
    assert_eq!(ledger, before);
    // A ledger that was kept before anybody asked for magnifiers says nothing of them.
    let text = serde_json::to_string(&ledger).unwrap();
    assert!(!text.contains("magnif"), "{text}");
    assert_eq!(serde_json::from_str::<Ledger>(&text).unwrap(), ledger);
    let inexact = InstrumentError::MagnifierInexact { contract_id: ContractId(4), magnifier: 3 };
    assert_eq!(ledger.magnify(ContractId(4), 3), Ok(true));
    let contract = Contract { contract_id: Some(ContractId(4)), ..corn() };
    assert_eq!(ledger.instrument_of(&contract), Err(inexact));
}

fn commission(key: &str, revision: u32, amount: &str) -> Commission {
    Commission { key: key.into(), revision, amount: decimal(amount), currency: "USD".into(), time_us: 1_000 }
}

fn show(result: Result<Change, LedgerError>) -> String {
    match result {
        Err(error) => format!("error: {error}"),
        Ok(Change { outcome, opened, closed, realised, position_before: _, position_after: after }) => format!(
            "{outcome:?} opened {opened} closed {closed} realised {realised} -> {} cost {} realised {}",
            after.quantity, after.cost, after.realised
        ),
    }
}

/// Each row is a fill and what it changed.
#[track_caller]
fn check(rows: &[(&str, &str)]) -> Ledger {
    let mut ledger = Ledger::default();
    for (text, expected) in rows {
        let before = ledger.clone();
        let result = ledger.apply(&fill(text));
        if result.is_err() {
            assert_eq!(ledger, before, "{text}: a refusal changes nothing");
        }
        assert_eq!(show(result), *expected, "{text}");
    }
    ledger
}

#[test]
fn fills_open_add_reduce_close_and_flip() {
    check(&[
        ("a buy 100 @ 10", "Booked opened 100 closed 0 realised 0 -> 100 cost 1000 realised 0"),
        ("b buy 50 @ 13", "Booked opened 50 closed 0 realised 0 -> 150 cost 1650 realised 0"),
        ("c sell 50 @ 12", "Booked opened 0 closed 50 realised 50 -> 100 cost 1100 realised 50"),
        ("d sell 150 @ 11.5", "Booked opened 50 closed 100 realised 50 -> -50 cost -575 realised 100"),
        ("e sell 50 @ 12.5", "Booked opened 50 closed 0 realised 0 -> -100 cost -1200 realised 100"),
        ("f buy 100 @ 12", "Booked opened 0 closed 100 realised 0 -> 0 cost 0 realised 100"),
    ]);
}

#[test]
fn a_key_counts_once_at_its_highest_revision() {
    let ledger = check(&[
        ("a/1 buy 100 @ 10", "Booked opened 100 closed 0 realised 0 -> 100 cost 1000 realised 0"),
        ("a/1 buy 100 @ 10", "Duplicate opened 0 closed 0 realised 0 -> 100 cost 1000 realised 0"),
        ("b/1 sell 60 @ 12", "Booked opened 0 closed 60 realised 120 -> 40 cost 400 realised 120"),
        ("a/2 buy 60 @ 10", "Corrected { replaced: 1 } opened 0 closed 40 realised 0 -> 0 cost 0 realised 120"),
        ("a/1 buy 100 @ 10", "Outdated { known: 2 } opened 0 closed 0 realised 0 -> 0 cost 0 realised 120"),
        ("b/2 buy 60 @ 12", "Corrected { replaced: 1 } opened 120 closed 0 realised -120 -> 120 cost 1320 realised 0"),
        ("a/3 buy 0 @ 10", "Corrected { replaced: 2 } opened 0 closed 60 realised 0 -> 60 cost 720 realised 0"),
    ]);
    assert_eq!(ledger.counted_revision("a"), Some(3));
    assert_eq!(ledger.counted_revision("c"), None);
}

#[test]
fn a_correction_stays_with_the_strategy_it_was_booked_for() {
    let ledger = check(&[
        ("a/1 mean buy 100 @ 10", "Booked opened 100 closed 0 realised 0 -> 100 cost 1000 realised 0"),
        ("a/2 buy 60 @ 10", "Corrected { replaced: 1 } opened 0 closed 40 realised 0 -> 60 cost 600 realised 0"),
    ]);
    assert_eq!(ledger.strategy_position(ACCOUNT, ContractId(1), Some("mean")).quantity, Decimal::from(60));
    assert!(ledger.strategy_position(ACCOUNT, ContractId(1), None).is_flat());
}

#[test]
fn what_cannot_be_counted_is_refused_and_changes_nothing() {
    let mut ledger = Ledger::default();
    let booked = fill("a buy 100 @ 10");
    ledger.apply(&booked).unwrap(); // as in the tests above
    let before = ledger.clone();
    let with = |change: fn(&mut Fill)| {
        let mut fill = Fill { key: "b".into(), ..booked.clone() };
        change(&mut fill);
        fill
    };
    let told = |change: fn(&mut Instrument)| {
        let mut told = stock();
        change(&mut told);
        LedgerError::InstrumentChanged { known: Box::new(stock()), told: Box::new(told) }
    };
    let contract_id = ContractId(1);
    let elsewhere = LedgerError::CorrectionElsewhere { key: "a".into(), account: ACCOUNT.into(), contract_id };
    let rows: Vec<(Fill, LedgerError)> = vec![
        (with(|fill| fill.key = SmolStr::default()), LedgerError::NoKey),
        (
            with(|fill| fill.quantity = Decimal::NEGATIVE_ONE),
            LedgerError::NegativeQuantity { key: "b".into(), quantity: Decimal::NEGATIVE_ONE },
        ),
        (with(|fill| fill.instrument.contract_id = ContractId(0)), InstrumentError::NoContractId.into()),
        (
            with(|fill| fill.instrument.currency = SmolStr::default()),
            InstrumentError::NoCurrency { contract_id }.into(),
        ),
        (
            with(|fill| fill.instrument.multiplier = Decimal::ZERO),
            InstrumentError::MultiplierNotPositive { contract_id, multiplier: Decimal::ZERO }.into(),
        ),
        (with(|fill| fill.instrument.multiplier = Decimal::TWO), told(|told| told.multiplier = Decimal::TWO)),
        (with(|fill| fill.instrument.currency = "EUR".into()), told(|told| told.currency = "EUR".into())),
        (with(|fill| fill.price = Decimal::MAX), LedgerError::Inexact { amount: Amount::Position }),
        (with(|fill| (fill.key, fill.revision, fill.account) = ("a".into(), 2, "DU2".into())), elsewhere.clone()),
        (with(|fill| (fill.key, fill.revision, fill.instrument) = ("a".into(), 2, future())), elsewhere),
        (
            with(|fill| (fill.key, fill.revision, fill.price) = ("a".into(), 2, Decimal::MAX)),
            LedgerError::Inexact { amount: Amount::Position },
        ),
    ];
    for (fill, expected) in rows {
        assert_eq!(ledger.apply(&fill), Err(expected), "{fill:?}");
        assert_eq!(ledger, before, "{fill:?}");
    }
    assert_eq!(ledger.commission(&commission("", 1, "1")), Err(LedgerError::NoKey));
    let no_currency = Commission { currency: "".into(), ..commission("a", 1, "1") };
    assert_eq!(ledger.commission(&no_currency), Err(LedgerError::NoCurrency { key: "a".into() }));
}

#[test]
fn commissions_join_in_either_order_and_the_newest_counts() {
    let mut ledger = Ledger::default();
    let told = |ledger: &mut Ledger, row: Commission, outcome: CommissionOutcome, sum: &str, pending: u32| {
        assert_eq!(ledger.commission(&row), Ok(outcome), "{row:?}");
        let totals = ledger.totals(ACCOUNT, "USD");
        assert_eq!((totals.commission, totals.commissions_pending), (Some(decimal(sum)), pending), "{row:?}");
        assert_eq!(totals.is_pending(), pending > 0);
    };
    ledger.apply(&fill("a buy 100 @ 10")).unwrap(); // as in the tests above
    told(&mut ledger, commission("b", 1, "2"), CommissionOutcome::Waiting, "0", 1);
    told(&mut ledger, commission("a", 1, "1.05"), CommissionOutcome::Joined, "1.05", 0);
    told(&mut ledger, commission("a", 1, "1.05"), CommissionOutcome::Duplicate, "1.05", 0);
    ledger.apply(&fill("b sell 100 @ 11")).unwrap(); // as in the tests above
    let replaced = CommissionOutcome::Replaced { previous: decimal("2") };
    told(&mut ledger, commission("b", 2, "-0.05"), replaced, "1", 0);
    told(&mut ledger, commission("b", 1, "2"), CommissionOutcome::Outdated { known: 2 }, "1", 0);
    let totals = ledger.totals(ACCOUNT, "USD");
    assert_eq!((totals.realised, totals.realised_net()), (Some(decimal("100")), Some(decimal("99"))));

    let in_euro = Commission { currency: "EUR".into(), ..commission("b", 3, "3") };
    let replaced = CommissionOutcome::Replaced { previous: decimal("-0.05") };
    told(&mut ledger, in_euro, replaced, "1.05", 0);
    assert_eq!(ledger.totals(ACCOUNT, "EUR").commission, Some(decimal("3")));
    let keys: Vec<_> = ledger.all_totals().into_keys().collect();
    assert_eq!(keys, [(ACCOUNT.to_owned(), "EUR".to_owned()), (ACCOUNT.to_owned(), "USD".to_owned())]);
}

#[test]
fn a_replaced_commission_leaves_no_trace() {
    let in_euro = Commission { currency: "EUR".into(), ..commission("a", 2, "3") };
    let told = |commissions: &[Commission]| {
        let mut ledger = Ledger::default();
        ledger.apply(&fill("a buy 100 @ 10")).unwrap(); // as in the tests above
        for commission in commissions {
            ledger.commission(commission).unwrap(); // as in the tests above
        }
        ledger
    };
    assert_eq!(told(&[commission("a", 1, "1.05"), in_euro.clone()]), told(&[in_euro]));
    assert_eq!(told(&[commission("a", 1, "0")]).totals(ACCOUNT, "USD").commissions_pending, 0, "nothing is an amount");
}

#[test]
fn accounts_strategies_and_currencies_stay_apart_and_add_up() {
    let mut ledger = Ledger::default();
    let euro = Instrument { currency: "EUR".into(), ..Instrument::stock(ContractId(3), "SAP", "EUR") };
    let fills = [
        fill("a mean buy 100 @ 10"),
        fill("b trend sell 40 @ 11"),
        fill("c buy 5 @ 10"),
        Fill { account: "DU2".into(), ..fill("d mean buy 7 @ 10") },
        Fill { instrument: future(), ..fill("e mean sell 2 @ 4500.25") },
        Fill { instrument: euro, ..fill("f mean buy 10 @ 120") },
    ];
    for fill in &fills {
        ledger.apply(fill).unwrap(); // as in the tests above
    }
    let quantity = |account| ledger.position(account, ContractId(1)).map(|position| position.quantity);
    assert_eq!(quantity(ACCOUNT), Some(decimal("65")));
    assert_eq!(quantity("DU2"), Some(decimal("7")));
    assert_eq!(quantity("DU"), Some(decimal("0")));
    assert_eq!(ledger.strategy_position(ACCOUNT, ContractId(1), Some("trend")).quantity, decimal("-40"));
    assert_eq!(ledger.holdings().count(), 6);
    let contracts: Vec<_> =
        ledger.account_positions(ACCOUNT).map(|(instrument, _)| instrument.symbol.as_str()).collect();
    assert_eq!(contracts, ["IBM", "ES", "SAP"]);

    ledger.mark(ContractId(1), decimal("10.5"));
    let totals = ledger.totals(ACCOUNT, "USD");
    assert_eq!((totals.unrealised, totals.net(), totals.unmarked), (None, None, 1));
    ledger.mark(ContractId(2), decimal("4500"));
    ledger.mark(ContractId(3), decimal("119"));
    let unrealised =
        |ledger: &Ledger, strategy, currency| ledger.strategy_totals(ACCOUNT, strategy, currency).unrealised;
    assert_eq!(unrealised(&ledger, Some("mean"), "USD"), Some(decimal("75")));
    assert_eq!(unrealised(&ledger, Some("trend"), "USD"), Some(decimal("20")));
    assert_eq!(unrealised(&ledger, None, "USD"), Some(decimal("2.5")));
    assert_eq!(unrealised(&ledger, Some("mean"), "EUR"), Some(decimal("-10")));
    assert_eq!(ledger.totals(ACCOUNT, "USD").unrealised, Some(decimal("97.5")));
    assert_eq!(ledger.totals(ACCOUNT, "GBP"), position::Totals::default());
}

#[test]
fn adjustments_move_external_and_realise_nothing() {
    let mut ledger = Ledger::default();
    let adjust = |quantity: &str, average_cost: &str| Adjustment {
        account: ACCOUNT.into(),
        instrument: stock(),
        quantity: decimal(quantity),
        average_cost: decimal(average_cost),
        reason: "baseline".to_owned(),
        time_us: 1_000,
    };
    let change = ledger.adjust(&adjust("100", "10.0125"));
    assert_eq!(show(change), "Booked opened 100 closed 0 realised 0 -> 100 cost 1001.25 realised 0");
    let change = ledger.adjust(&adjust("-20", "99"));
    assert_eq!(show(change), "Booked opened 0 closed 20 realised 0 -> 80 cost 801 realised 0");
    let change = ledger.apply(&fill("a mean sell 30 @ 11"));
    assert_eq!(show(change), "Booked opened 30 closed 0 realised 0 -> -30 cost -330 realised 0");
    assert_eq!(ledger.position(ACCOUNT, ContractId(1)).map(|position| position.quantity), Some(decimal("50")));
    assert_eq!(ledger.totals(ACCOUNT, "USD").commissions_pending, 1, "adjustments cost no commission");
}

#[test]
fn what_is_forgotten_keeps_its_sums_and_is_never_counted_again() {
    let mut ledger = Ledger::default();
    let at = |text: &str, time_us| Fill { time_us, ..fill(text) };
    ledger.apply(&at("a buy 100 @ 10", 10)).unwrap(); // as in the tests above
    ledger.apply(&at("b buy 100 @ 12", 20)).unwrap(); // as in the tests above
    ledger.apply(&at("c sell 50 @ 13", 30)).unwrap(); // as in the tests above
    ledger.commission(&commission("a", 1, "1")).unwrap(); // as in the tests above
    ledger.commission(&Commission { time_us: 15, ..commission("never", 1, "1") }).unwrap(); // as in the tests above
    let (position, mut totals) = (ledger.position(ACCOUNT, ContractId(1)), ledger.totals(ACCOUNT, "USD"));

    ledger.forget_before(25);
    totals.commissions_pending -= 1; // that of b
    assert_eq!((ledger.position(ACCOUNT, ContractId(1)), ledger.totals(ACCOUNT, "USD")), (position, totals));
    ledger.forget_before(30);
    assert_eq!(ledger.counted_revision("c"), Some(1), "what is just as old is kept");
    ledger.forget_before(25);
    let forgotten = LedgerError::Forgotten { key: "a".into(), time_us: 10, before_us: 30 };
    assert_eq!(ledger.apply(&at("a buy 100 @ 10", 10)), Err(forgotten));
    assert_eq!(ledger.commission(&commission("c", 1, "1")), Ok(CommissionOutcome::Joined));
    assert_eq!(
        show(ledger.apply(&at("c/2 sell 100 @ 13", 30))),
        "Corrected { replaced: 1 } opened 0 closed 50 realised 100 -> 100 cost 1100 realised 200"
    );
    assert_eq!(ledger.apply(&at("c/2 sell 100 @ 13", 30)).map(|change| change.outcome), Ok(Outcome::Duplicate));
}

#[test]
fn a_ledger_survives_json() {
    let mut ledger = check(&[
        ("a mean buy 100 @ 10", "Booked opened 100 closed 0 realised 0 -> 100 cost 1000 realised 0"),
        ("b sell 50 @ 12.5", "Booked opened 50 closed 0 realised 0 -> -50 cost -625 realised 0"),
    ]);
    ledger.commission(&commission("b", 1, "1")).unwrap(); // as in the tests above
    ledger.mark(ContractId(1), decimal("11.25"));
    ledger.forget_before(5);
    let json = serde_json::to_string(&ledger).unwrap(); // a ledger is plain data
    assert_eq!(serde_json::from_str::<Ledger>(&json).unwrap(), ledger); // it was just written
}

#[test]
fn a_strategy_can_close_what_it_holds_and_nobody_has_closed_by_hand() {
    let mut ledger = Ledger::default();
    let mut check = |text: &str, expected: [&str; 4]| {
        ledger.apply(&fill(text)).unwrap(); // a sound fill
        let closable = |strategy, side| ledger.closable(ACCOUNT, ContractId(1), strategy, side).to_string();
        let [one, two] = ["one", "two"].map(|strategy| [Side::Sell, Side::Buy].map(|side| closable(strategy, side)));
        assert_eq!([one, two].concat(), expected, "{text}");
    };
    check("a one buy 100 @ 10", ["100", "0", "0", "0"]);
    check("b two sell 100 @ 10", ["100", "0", "0", "100"]);
    check("c sell 60 @ 10", ["40", "0", "0", "160"]);
    check("d buy 90 @ 10", ["130", "0", "0", "70"]);
    check("e sell 200 @ 10", ["0", "70", "0", "270"]);
    assert_eq!(ledger.closable("DU2", ContractId(1), "one", Side::Sell), Decimal::ZERO);
}
