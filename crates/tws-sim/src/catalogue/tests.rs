use rust_decimal::Decimal;

use super::*;
use tws_proto::kinds::{OptionRight, SecurityType};

/// 7 October 2013, 13:00 in New York.
const NOW: SimTime = SimTime(1_381_165_200_000);

#[test]
fn the_built_in_files_are_whole() {
    let mut catalogue = Catalogue::empty(NOW);
    for (name, text) in BUILT_IN {
        catalogue.add_text(text, Path::new(name)).unwrap();
    }
    assert!(catalogue.iter().count() >= 60);
    for instrument in catalogue.iter() {
        assert!(Catalogue::empty(NOW).add(instrument.clone()).is_ok(), "{instrument:?}");
        for id in instrument.market_rule_ids.split(',') {
            assert!(catalogue.rules().get(id.parse().unwrap()).is_some(), "{}: {id}", instrument.name());
        }
        let rules = instrument.market_rule_list().split(',').count();
        assert_eq!(rules, instrument.valid_exchanges.split(',').count(), "{}", instrument.name());
    }
}

#[track_caller]
fn check(wanted: Contract, expected: &[&str]) {
    let catalogue = Catalogue::built_in(NOW);
    let found: Vec<&str> = catalogue.matching(&wanted, NOW).iter().map(|found| found.instrument.name()).collect();
    assert_eq!(found, expected);
}

fn kind(symbol: &str, kind: SecurityType) -> Contract {
    Contract { symbol: symbol.into(), security_type: Some(kind), ..Contract::default() }
}

#[test]
fn a_request_finds_what_it_describes() {
    check(Contract::stock("IBM", "USD"), &["IBM"]);
    check(Contract::stock("ibm", "USD"), &["IBM"]);
    check(Contract::stock("IBM", ""), &["IBM"]);
    check(Contract::stock("IBM", "EUR"), &[]);
    check(Contract { exchange: "NYSE".into(), ..Contract::stock("IBM", "USD") }, &["IBM"]);
    check(Contract { exchange: "LSE".into(), ..Contract::stock("IBM", "USD") }, &[]);
    check(Contract { primary_exchange: "NYSE".into(), ..Contract::stock("IBM", "USD") }, &["IBM"]);
    check(Contract { primary_exchange: "ARCA".into(), ..Contract::stock("IBM", "USD") }, &[]);
    check(Contract::stock("NOSUCH", "USD"), &[]);
    check(Contract::by_id(ContractId(265_598), ""), &["AAPL"]);
    check(Contract::by_id(ContractId(265_598), "LSE"), &[]);
    check(Contract::by_id(ContractId(1), "SMART"), &[]);
    check(Contract::forex("EUR", "USD"), &["EUR.USD"]);
    check(Contract::index("SPX", "CBOE", "USD"), &["SPX"]);
    check(Contract { security_type: Some(SecurityType::Stock), ..Contract::default() }, &[]);
    check(kind("BTC", SecurityType::Crypto), &["BTC.USD"]);
    check(kind("IBM", SecurityType::ContractForDifference), &["IBMn"]);
}

#[test]
fn futures_are_found_by_month_day_and_symbol() {
    let es = |month: &str| Contract::future("ES", month, "CME", "USD");
    check(es(""), &["ESZ3", "ESH4", "ESM4", "ESU4", "ESZ4", "ESH5", "ESM5", "ESU5"]);
    check(es("201403"), &["ESH4"]);
    check(es("20131220"), &["ESZ3"]);
    check(es("2013"), &["ESZ3"]);
    check(Contract { local_symbol: "ESM4".into(), ..Contract::future("", "", "CME", "USD") }, &["ESM4"]);
    check(es("201309"), &[]);
    check(Contract { include_expired: true, ..es("201309") }, &["ESU3"]);
    // A month is that of the delivery, not that of the last trade.
    check(Contract::future("CL", "201312", "NYMEX", "USD"), &["CLZ3"]);
    check(Contract::future("CL", "20131120", "NYMEX", "USD"), &["CLZ3"]);
}

#[test]
fn the_continuous_future_is_the_one_that_is_front() {
    let catalogue = Catalogue::built_in(NOW);
    let wanted = Contract { exchange: "CME".into(), ..kind("ES", SecurityType::ContinuousFuture) };
    let found = catalogue.matching(&wanted, NOW);
    assert_eq!(found.len(), 1);
    let contract = found[0].contract();
    assert_eq!(
        (contract.local_symbol.as_str(), contract.security_type),
        ("ESZ3", Some(SecurityType::ContinuousFuture))
    );
    let both = Contract { security_type: Some("FUT+CONTFUT".to_owned().into()), ..wanted };
    assert_eq!(catalogue.matching(&both, NOW).len(), 9);
    let later = NOW.plus_ms(90 * 86_400_000);
    let wanted = Contract { exchange: "CME".into(), ..kind("ES", SecurityType::ContinuousFuture) };
    assert_eq!(catalogue.matching(&wanted, later)[0].instrument.name(), "ESH4");
}

#[test]
fn options_are_found_in_their_chain() {
    let spy = |expiry: &str, strike: i64, right| Contract::option("SPY", expiry, strike.into(), right, "USD");
    check(spy("20131018", 170, OptionRight::Call), &["SPY   131018C00170000"]);
    check(spy("20131018", 170, OptionRight::Other("PUT".into())), &["SPY   131018P00170000"]);
    check(spy("20131019", 170, OptionRight::Call), &[]);
    check(spy("201310", 9999, OptionRight::Call), &[]);
    let local = Contract {
        local_symbol: "SPY   131018C00170000".into(),
        ..Contract { security_type: Some(SecurityType::Option), ..Contract::default() }
    };
    check(local.clone(), &["SPY   131018C00170000"]);
    check(Contract { security_type: None, ..local }, &["SPY   131018C00170000"]);
    let catalogue = Catalogue::built_in(NOW);
    let whole = catalogue.matching(&kind("SPY", SecurityType::Option), NOW);
    assert!(whole.len() > 500, "{}", whole.len());
    let option = whole[0].instrument;
    assert_eq!(catalogue.by_id(option.contract_id), Some(option));
    assert_eq!(catalogue.by_name(option.name()), Some(option));
    let es = Contract { exchange: "CME".into(), ..kind("ES", SecurityType::FutureOption) };
    let options = catalogue.matching(&es, NOW);
    assert!(!options.is_empty());
    assert!(options.iter().all(|found| {
        let underlying = catalogue.by_id(found.instrument.underlying_contract_id.unwrap()).unwrap();
        underlying.last_trade_date >= found.instrument.last_trade_date
    }));
}

#[test]
fn other_lists_have_numbers_too() {
    let by = |list: &str, id: &str| Contract {
        security_id_type: Some(list.to_owned().into()),
        security_id: id.into(),
        exchange: "SMART".into(),
        ..Contract::default()
    };
    check(by("ISIN", "US4592001014"), &["IBM"]);
    check(by("CUSIP", "459200101"), &["IBM"]);
    check(by("CUSIP", "US4592001014"), &[]);
    let catalogue = Catalogue::built_in(NOW);
    let issuer = catalogue.iter().find(|bond| bond.security_type == SecurityType::Bond).unwrap().issuer_id.clone();
    let bonds = Contract { issuer_id: issuer, security_type: Some(SecurityType::Bond), ..Contract::default() };
    assert!(!catalogue.matching(&bonds, NOW).is_empty());
}

#[track_caller]
fn check_search(pattern: &str, expected: &str) {
    let told = Catalogue::built_in(NOW).samples(pattern);
    let word = |sample: &tws_proto::message::ContractDescription| {
        let kind = sample.contract.security_type.as_ref().unwrap().as_str().to_owned();
        format!("{} {kind} [{}]", sample.contract.symbol, sample.derivatives.join(" "))
    };
    assert_eq!(told.iter().map(word).collect::<Vec<_>>().join(", "), expected, "{pattern}");
}

#[test]
fn a_search_goes_by_symbol_and_by_the_words_of_the_name() {
    check_search("SPY", "SPY STK [OPT BAG]");
    check_search("spd", "SPY STK [OPT BAG], GLD STK [], DIA STK []");
    check_search("INTL BUS", "IBM STK [CFD OPT BAG], IBM BOND [], IBM CFD []");
    check_search("spx", "SPX IND [CFD OPT BAG]");
    check_search("zzz", "");
    check_search("", "");
}

#[test]
fn steps_belong_to_their_table() {
    let mut catalogue = Catalogue::built_in(NOW);
    let half = Instrument { min_tick: Decimal::new(5, 3), ..Instrument::stock(900_001, "ACME", "USD", Decimal::TEN) };
    catalogue.add(half.clone()).unwrap();
    let id = catalogue.by_name("ACME").unwrap().market_rule_ids.clone();
    assert_eq!(catalogue.rules().get(id.parse().unwrap()).unwrap()[0].step, Decimal::new(5, 3));
    let other = Instrument { contract_id: ContractId(900_002), market_rule_ids: "26".into(), ..half };
    assert!(matches!(catalogue.add(other), Err(CatalogueError::Impossible { fault: Fault::Rule(26), .. })));
}

#[test]
fn numbers_are_given_once() {
    let mut catalogue = Catalogue::built_in(NOW);
    let twin = |id| Instrument::stock(id, "ACME", "USD", Decimal::TEN);
    assert!(matches!(catalogue.add(twin(8314)), Err(CatalogueError::SameId { .. })));
    let option = catalogue.matching(&kind("SPY", SecurityType::Option), NOW)[0].instrument.contract_id;
    assert!(matches!(catalogue.add(twin(option.0)), Err(CatalogueError::SameId { .. })));
}

#[test]
fn the_example_in_the_readme_can_be_loaded() {
    let readme = include_str!("../../instruments/README.md");
    let example = readme.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let mut catalogue = Catalogue::built_in(NOW);
    // The families of the example are the built-in ones under other numbers.
    catalogue.add_text(example, Path::new("README.md")).unwrap();
    assert_eq!(catalogue.by_name("ACME").unwrap().contract_id, ContractId(900_001));
    assert!(catalogue.matching(&kind("ACME", SecurityType::Option), NOW).len() > 100);
    let information = include_str!("../../information/README.md");
    let example = information.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let file = std::env::temp_dir().join(format!("tws-sim-information-{}.toml", std::process::id()));
    std::fs::write(&file, example).unwrap();
    let added = crate::information::Information::built_in(NOW).add_file(&file, NOW);
    std::fs::remove_file(&file).unwrap();
    added.unwrap();
}

#[track_caller]
fn check_refused(text: &str, expected: &str) {
    let error = Catalogue::built_in(NOW).add_text(text, Path::new("own.toml")).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn impossible_files_name_the_culprit() {
    let chain = "options = [{ contract_id = 1900000000, underlying = 'NOSUCH', strike_step = '1', strikes = 5 }]";
    check_refused(chain, "options on NOSUCH: its underlying is not in the catalogue");
    let twice = "options = [{ contract_id = 1000000000, underlying = 'KO', strike_step = '1', strikes = 5 }]";
    check_refused(twice, "share the contract id 1000000000");
    let rule = "market_rule = [{ id = 900, steps = [{ from = '1', step = '0.01' }] }]";
    check_refused(rule, "market rule 900: its steps must begin at 0");
    check_refused(
        "instrument = [{ contract_id = 1, symbol = 'X', security_type = 'STK', price = '1', colour = 1 }]",
        "colour",
    );
    let zone =
        "instrument = [{ contract_id = 1, symbol = 'X', security_type = 'STK', price = '1', time_zone = 'Mars' }]";
    check_refused(zone, "instrument X: no time zone is called \"Mars\"");
}

proptest::proptest! {
    #[test]
    fn no_description_does_any_harm(
        symbol in "(SPY|ES|[A-Z ]{0,4})",
        kind in "(OPT|FOP|FUT|CONTFUT|FUT\\+CONTFUT|STK|BAG|[A-Z]{0,4})",
        month in "([0-9]{0,9}|2013[0-9]{4}|.{0,9})",
        local in ".{0,22}",
        strike in proptest::num::i64::ANY,
        scale in 0_u32..20,
        id in proptest::num::i32::ANY,
    ) {
        let catalogue = Catalogue::built_in(NOW);
        let wanted = Contract {
            contract_id: (id % 3 == 0).then_some(ContractId(id)),
            security_type: Some(SecurityType::from(kind)),
            last_trade_date_or_month: month.into(),
            strike: Some(Decimal::from_i128_with_scale(i128::from(strike), scale)),
            right: Some(OptionRight::Call),
            local_symbol: if id % 2 == 0 { local } else { String::new() },
            symbol,
            ..Contract::default()
        };
        let _ = catalogue.matching(&wanted, NOW);
        let _ = catalogue.resolve(&wanted, NOW);
    }
}
