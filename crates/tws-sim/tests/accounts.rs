//! What clients are told of accounts: values, portfolio, positions, profits, in one and in several currencies.

mod house;

use std::collections::BTreeMap;

use house::{House, START, still};
use rust_decimal::Decimal;
use tws_proto::ids::{ContractId, RequestId};
use tws_proto::message::{
    CancelAccountSummary, CancelModelPositions, CancelModelValues, CancelPositionProfit, CancelProfit,
    RequestAccountSummary, RequestAccountUpdates, RequestModelPositions, RequestModelValues, RequestPositionProfit,
    RequestPositions, RequestProfit,
};
use tws_proto::{ClientMessage, ServerMessage};
use tws_sim::Instrument;
use tws_sim::core::{AccountSetup, CoreSetup, Feed, OpeningPosition, Output};
use tws_sim::statement::AccountReadiness;

const ACCOUNT: &str = "DU1234567";

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// A house with client 1, where one euro is 1.25 dollars and SAP trades in euros.
fn house(accounts: Vec<AccountSetup>) -> House {
    let mut setup = CoreSetup { accounts, ..still() };
    setup.catalogue.add(Instrument::stock(900_001, "SAP", "EUR", Decimal::ONE_HUNDRED)).unwrap();
    let mut house = House::new(setup);
    house.start(1);
    house.run("quote EUR.USD 1.25 1.25");
    house.run("quote IBM 100 101");
    house.run("quote SAP 100 100");
    house
}

fn one() -> House {
    house(vec![AccountSetup::new(ACCOUNT)])
}

/// Every message in a line of its own.
fn lines(outputs: Vec<Output>) -> Vec<String> {
    let line = |output| {
        let Output::Send { message, .. } = output else { return None };
        let or_none =
            |value: Option<Decimal>| value.map_or_else(|| "-".to_owned(), |value| value.normalize().to_string());
        Some(match message {
            ServerMessage::AccountValue(row) => format!("{} {} {} {}", row.account, row.key, row.value, row.currency),
            ServerMessage::AccountSummary(row) => format!("{} {} {} {}", row.account, row.tag, row.value, row.currency),
            ServerMessage::ModelValue(row) => format!("{} {} {} {}", row.account, row.key, row.value, row.currency),
            ServerMessage::PortfolioValue(row) => format!(
                "portfolio {} {} x{} @{} = {} cost {} unrealized {} realized {}",
                row.account,
                row.contract.symbol,
                or_none(row.position),
                or_none(row.market_price),
                or_none(row.market_value),
                or_none(row.average_cost),
                or_none(row.unrealised_profit),
                or_none(row.realised_profit),
            ),
            ServerMessage::Position(row) => {
                format!(
                    "{} {} x{} cost {}",
                    row.account,
                    row.contract.symbol,
                    or_none(row.position),
                    or_none(row.average_cost)
                )
            }
            ServerMessage::ModelPosition(row) => {
                let (position, cost) = (or_none(row.position), or_none(row.average_cost));
                format!("{}: {} {} x{position} cost {cost}", row.request_id, row.account, row.contract.symbol)
            }
            ServerMessage::Profit(row) => format!(
                "{}: daily {} unrealized {} realized {}",
                row.request_id,
                or_none(row.daily),
                or_none(row.unrealised),
                or_none(row.realised)
            ),
            ServerMessage::PositionProfit(row) => format!(
                "{}: x{} daily {} unrealized {} realized {} value {}",
                row.request_id,
                or_none(row.position),
                or_none(row.daily),
                or_none(row.unrealised),
                or_none(row.realised),
                or_none(row.value)
            ),
            ServerMessage::AccountUpdateTime(row) => format!("time {}", row.time),
            ServerMessage::AccountDownloadEnd(row) => format!("end {}", row.account),
            ServerMessage::AccountSummaryEnd(_)
            | ServerMessage::ModelValueEnd(_)
            | ServerMessage::ModelPositionEnd(_)
            | ServerMessage::PositionEnd(_) => "end".to_owned(),
            ServerMessage::Notice(notice) => format!("notice {} {}", notice.id.unwrap(), notice.code),
            _ => return None,
        })
    };
    outputs.into_iter().filter_map(line).collect()
}

/// Values by name and currency.
fn values(lines: &[String]) -> BTreeMap<(String, String), String> {
    let value = |line: &String| {
        let (rest, currency) = line.rsplit_once(' ')?;
        let (_, rest) = rest.split_once(' ').filter(|(first, _)| first.starts_with("DU"))?;
        let (key, value) = rest.split_once(' ')?;
        Some(((key.to_owned(), currency.to_owned()), value.to_owned()))
    };
    lines.iter().filter_map(value).collect()
}

fn subscribe(account: &str) -> RequestAccountUpdates {
    RequestAccountUpdates { subscribe: true, account: account.into() }
}

fn summary(id: i32, group: &str, tags: &str) -> RequestAccountSummary {
    RequestAccountSummary { request_id: RequestId(id), group: group.into(), tags: tags.into() }
}

#[track_caller]
fn check(house: &mut House, message: impl Into<ClientMessage>, expected: &[&str]) {
    assert_eq!(lines(house.say(1, message)), expected);
}

#[test]
fn account_updates_tell_everything_once_and_then_what_changes() {
    let mut house = one();
    house.run("1: buy 1 100 MKT");
    house.run("1: buy 2 10 MKT symbol=SAP currency=EUR");
    let first = lines(house.say(1, subscribe("")));
    let portfolio: Vec<&String> = first.iter().filter(|line| line.starts_with("portfolio")).collect();
    assert_eq!(
        portfolio,
        [
            "portfolio DU1234567 IBM x100 @100.5 = 10050 cost 101.01 unrealized -51 realized 0",
            "portfolio DU1234567 SAP x10 @100 = 1000 cost 100.3 unrealized -3 realized 0",
        ]
    );
    assert_eq!(first[first.len() - 2..], ["time 13:00", "end DU1234567"]);
    let told = values(&first);
    let expected = [
        ("AccountReady", "", "true"),
        ("AccountCode", "", ACCOUNT),
        ("NetLiquidation", "USD", "999945.25"),
        ("TotalCashValue", "USD", "988645.25"),
        ("GrossPositionValue", "USD", "11300.00"),
        ("InitMarginReq", "USD", "5650.00"),
        ("MaintMarginReq", "USD", "2825.00"),
        ("AvailableFunds", "USD", "994295.25"),
        ("AvailableFunds-S", "USD", "994295.25"),
        ("AvailableFunds-C", "USD", "0.00"),
        ("ExcessLiquidity", "USD", "997120.25"),
        ("BuyingPower", "USD", "1988590.50"),
        ("PreviousDayEquityWithLoanValue", "USD", "1000000.00"),
        ("Cushion", "", "0.997175"),
        ("CashBalance", "USD", "989899.00"),
        ("CashBalance", "EUR", "-1003.00"),
        ("CashBalance", "BASE", "988645.25"),
        ("StockMarketValue", "EUR", "1000.00"),
        ("StockMarketValue", "BASE", "11300.00"),
        ("NetLiquidationByCurrency", "EUR", "-3.00"),
        ("NetLiquidationByCurrency", "BASE", "999945.25"),
        ("UnrealizedPnL", "EUR", "-3.00"),
        ("UnrealizedPnL", "BASE", "-54.75"),
        ("ExchangeRate", "EUR", "1.25"),
        ("ExchangeRate", "BASE", "1"),
        ("RealCurrency", "BASE", "USD"),
        ("Currency", "EUR", "EUR"),
    ];
    for (key, currency, value) in expected {
        assert_eq!(told.get(&(key.into(), currency.into())).map(String::as_str), Some(value), "{key} {currency}");
    }
    assert_eq!(told.len(), first.len() - 4, "each value stands once");
    assert!(lines(house.wait(179_999)).is_empty());
    assert_eq!(lines(house.wait(1)), ["time 13:03"]);
    let sold = lines(house.run("1: sell 3 100 MKT"));
    assert!(
        sold.contains(&"portfolio DU1234567 IBM x0 @100.5 = 0 cost 0 unrealized 0 realized -102".into()),
        "{sold:?}"
    );
    assert_eq!(values(&sold)[&("RealizedPnL".into(), "USD".into())], "-102.00");
    assert_eq!(lines(house.say(1, RequestAccountUpdates { subscribe: false, account: String::new() })), [""; 0]);
    assert!(lines(house.wait(600_000)).is_empty());
}

#[test]
fn account_updates_follow_one_account() {
    let mut house = house(vec![AccountSetup::new("DU1"), AccountSetup::new("DU2")]);
    check(&mut house, subscribe(""), &["notice -1 321"]);
    check(&mut house, subscribe("DU3"), &["notice -1 321"]);
    assert!(!lines(house.say(1, subscribe("DU1"))).iter().any(|line| line.starts_with("notice")));
    let second = lines(house.say(1, subscribe("DU2")));
    assert_eq!(second[0], "notice -1 2100");
    assert_eq!(second.last().unwrap(), "end DU2");
    assert!(!lines(house.run("1: buy 1 10 MKT account=DU1")).iter().any(|line| line.contains("portfolio")));
    assert!(lines(house.run("1: buy 2 10 MKT account=DU2")).iter().any(|line| line.contains("portfolio DU2")));
}

#[test]
fn unreliable_values_say_so() {
    let mut house = one();
    house.say(1, subscribe(""));
    house.core.set_account_readiness(AccountReadiness::NotReady);
    assert_eq!(lines(house.wait(0)), ["DU1234567 AccountReady false ", "time 13:00"]);
}

#[test]
fn summaries_tell_tags_and_ledgers() {
    let mut house = one();
    house.run("1: buy 1 10 MKT symbol=SAP currency=EUR");
    let expected = [
        "DU1234567 AccountType INDIVIDUAL ",
        "DU1234567 NetLiquidation 999996.25 USD",
        "DU1234567 Leverage 0.00 ",
        "DU1234567 DayTradesRemainingT+4 -1 ",
        "end",
    ];
    check(&mut house, summary(1, "All", "AccountType, NetLiquidation,Leverage,DayTradesRemainingT+4"), &expected);
    let ledger = values(&lines(house.say(1, summary(2, "All", "$LEDGER:EUR"))));
    assert!(ledger.keys().all(|(_, currency)| currency == "EUR"));
    assert_eq!(ledger[&("CashBalance".into(), "EUR".into())], "-1003.00");
    check(&mut house, summary(3, "All", "NetLiquidation"), &["notice 3 322"]);
    house.say(1, CancelAccountSummary { request_id: RequestId(2) });
    let all = values(&lines(house.say(1, summary(3, "All", "$LEDGER:ALL"))));
    let currencies: std::collections::BTreeSet<&str> = all.keys().map(|(_, currency)| currency.as_str()).collect();
    assert_eq!(currencies.into_iter().collect::<Vec<_>>(), ["BASE", "EUR", "USD"]);
    house.say(1, CancelAccountSummary { request_id: RequestId(3) });
    let base = values(&lines(house.say(1, summary(3, "", "$LEDGER"))));
    assert!(base.keys().all(|(_, currency)| currency == "BASE"));
    house.say(1, CancelAccountSummary { request_id: RequestId(3) });
    check(&mut house, summary(4, "All", "$LEDGER:SEK"), &["end"]);
    house.say(1, CancelAccountSummary { request_id: RequestId(4) });
    check(&mut house, summary(5, "All", "$LEDGERS"), &["notice 5 321"]);
    check(&mut house, summary(5, "Nobody", "NetLiquidation"), &["notice 5 321"]);
    house.run("quote SAP 110 110");
    let later = lines(house.wait(180_000));
    assert_eq!(later, ["DU1234567 NetLiquidation 1000121.25 USD"]);
}

#[test]
fn values_of_several_accounts_come_under_a_request() {
    let mut house = house(vec![AccountSetup::new("DU1"), AccountSetup::new("DU2")]);
    let request = |id, account: &str, model_code: &str, ledger_only| RequestModelValues {
        request_id: RequestId(id),
        account: account.into(),
        model_code: model_code.into(),
        ledger_only,
    };
    let both = lines(house.say(1, request(1, "", "", true)));
    assert!(
        both.contains(&"DU1 NetLiquidation 1000000.00 USD".into())
            && both.contains(&"DU2 CashBalance 1000000.00 BASE".into())
    );
    assert!(!both.iter().any(|line| line.contains("BuyingPower")));
    let one = lines(house.say(1, request(2, "DU2", "", false)));
    assert!(one.contains(&"DU2 BuyingPower 2000000.00 USD".into()) && !one.iter().any(|line| line.starts_with("DU1")));
    check(&mut house, request(2, "DU2", "", false), &["notice 2 322"]);
    check(&mut house, request(3, "DU3", "", false), &["notice 3 321"]);
    check(&mut house, request(4, "DU1", "Growth", false), &["end"]);
    let bought = lines(house.run("1: buy 1 10 MKT account=DU1"));
    assert!(bought.contains(&"DU1 CashBalance 998989.00 USD".into()), "{bought:?}");
    house.say(1, CancelModelValues { request_id: RequestId(1) });
    house.say(1, CancelModelValues { request_id: RequestId(2) });
    assert!(!lines(house.run("1: buy 2 10 MKT account=DU2")).iter().any(|line| line.contains("CashBalance")));
}

#[test]
fn positions_come_with_and_without_a_request() {
    let mut house = house(vec![AccountSetup::new("DU1"), AccountSetup::new("DU2")]);
    house.run("1: buy 1 100 MKT account=DU1");
    house.run("1: buy 2 10 MKT account=DU2");
    check(&mut house, RequestPositions {}, &["DU1 IBM x100 cost 101.01", "DU2 IBM x10 cost 101.1", "end"]);
    let request = |id, account: &str, model_code: &str| RequestModelPositions {
        request_id: RequestId(id),
        account: account.into(),
        model_code: model_code.into(),
    };
    check(&mut house, request(1, "DU2", ""), &["1: DU2 IBM x10 cost 101.1", "end"]);
    check(&mut house, request(2, "", ""), &["2: DU1 IBM x100 cost 101.01", "2: DU2 IBM x10 cost 101.1", "end"]);
    check(&mut house, request(2, "", ""), &["notice 2 322"]);
    check(&mut house, request(3, "DU9", ""), &["notice 3 321"]);
    check(&mut house, request(4, "DU1", "Growth"), &["end"]);
    let sold = lines(house.run("1: sell 3 10 MKT account=DU2"));
    assert_eq!(sold, ["DU2 IBM x0 cost 0", "1: DU2 IBM x0 cost 0", "2: DU2 IBM x0 cost 0"]);
    house.say(1, CancelModelPositions { request_id: RequestId(1) });
    house.say(1, CancelModelPositions { request_id: RequestId(2) });
    assert_eq!(lines(house.run("1: buy 4 10 MKT account=DU2")), ["DU2 IBM x10 cost 101.1"]);
}

#[test]
fn profits_are_told_once_a_second_where_they_changed() {
    let mut house = one();
    let profit = |id, account: &str| RequestProfit {
        request_id: RequestId(id),
        account: account.into(),
        model_code: String::new(),
    };
    let single = |id, contract| RequestPositionProfit {
        request_id: RequestId(id),
        account: ACCOUNT.into(),
        model_code: String::new(),
        contract_id: Some(ContractId(contract)),
    };
    check(&mut house, profit(1, ACCOUNT), &["1: daily 0 unrealized 0 realized 0"]);
    check(&mut house, single(2, 8314), &["2: x0 daily 0 unrealized 0 realized 0 value 0"]);
    check(&mut house, single(2, 8314), &["notice 2 322"]);
    check(&mut house, single(3, 1), &["notice 3 2150"]);
    check(&mut house, profit(4, "DU9"), &["notice 4 321"]);
    house.run("1: buy 1 100 MKT");
    assert!(lines(house.wait(999)).is_empty());
    let expected =
        ["1: daily -51 unrealized -51 realized 0", "2: x100 daily -51 unrealized -51 realized 0 value 10050"];
    assert_eq!(lines(house.wait(1)), expected);
    assert!(lines(house.wait(5_000)).is_empty(), "nothing changed");
    house.run("quote IBM 110 110");
    house.run("1: sell 2 40 MKT");
    let expected =
        ["1: daily 898 unrealized 539.4 realized 358.6", "2: x60 daily 898 unrealized 539.4 realized 358.6 value 6600"];
    assert_eq!(lines(house.wait(1_000)), expected);
    let tomorrow = lines(house.wait(86_400_000));
    assert_eq!(
        tomorrow[tomorrow.len() - 2..],
        ["1: daily 0 unrealized 539.4 realized 0", "2: x60 daily 0 unrealized 539.4 realized 0 value 6600"]
    );
    house.run("1: buy 3 10 MKT symbol=SAP currency=EUR");
    assert_eq!(lines(house.wait(1_000)), ["1: daily -3.75 unrealized 535.65 realized 0"]);
    house.say(1, CancelProfit { request_id: RequestId(1) });
    house.say(1, CancelPositionProfit { request_id: RequestId(2) });
    house.run("quote IBM 120 120");
    assert!(lines(house.wait(10_000)).is_empty());
}

#[test]
fn an_account_can_begin_with_positions_and_foreign_cash() {
    let mut setup = AccountSetup::new("DU1");
    setup
        .positions
        .insert(ContractId(8314), OpeningPosition { quantity: decimal("100"), average_price: decimal("95.5") });
    setup.other_cash.insert("EUR".into(), decimal("1000"));
    let mut house = house(vec![setup]);
    check(&mut house, RequestPositions {}, &["DU1 IBM x100 cost 95.5", "end"]);
    let book = house.book();
    assert_eq!(book.cash_in("DU1", "EUR"), Some(decimal("1000")));
    assert_eq!(book.cash("DU1"), Some(decimal("1001250")));
    assert_eq!(book.unrealized("DU1", "IBM"), Some(decimal("500")));
    assert_eq!(book.worth("DU1").unwrap().net_liquidation, decimal("1011300"));
}

#[test]
fn an_account_can_be_kept_in_euros() {
    let mut house = house(vec![AccountSetup { base_currency: "EUR".into(), ..AccountSetup::new("DU1") }]);
    house.run("1: buy 1 100 MKT");
    check(
        &mut house,
        summary(1, "All", "NetLiquidation,TotalCashValue"),
        &["DU1 NetLiquidation 999959.20 EUR", "DU1 TotalCashValue 991919.20 EUR", "end"],
    );
}

#[test]
fn markets_that_walk_change_what_accounts_are_worth() {
    let setup = CoreSetup { feed: Feed::Walk, ..CoreSetup::new(3, START) };
    let mut house = House::new(setup);
    house.start(1);
    house.run("1: buy 1 100 MKT");
    house.say(1, RequestProfit { request_id: RequestId(1), account: ACCOUNT.into(), model_code: String::new() });
    let told: usize =
        (0..60).map(|_| lines(house.wait(1_000)).iter().filter(|line| line.starts_with("1:")).count()).sum();
    assert!((20..=60).contains(&told), "{told}");
}

#[test]
fn a_preview_speaks_of_the_base_currency() {
    use tws_proto::kinds::{Action, OrderType};
    use tws_proto::message::PlaceOrder;
    use tws_proto::{Contract, Order};
    let mut house = one();
    let contract = Contract::stock("SAP", "EUR");
    let order = Order { what_if: true, ..Order::new(Action::Buy, 10.into(), OrderType::Market) };
    let request = PlaceOrder { order_id: tws_proto::ids::OrderId(1), contract, order, attached: None };
    let outputs = house.say(1, Box::new(request));
    let [Output::Send { message: ServerMessage::OpenOrder(open), .. }] = &outputs[..] else { panic!("{outputs:?}") };
    let state = &open.state;
    assert_eq!((state.commission, state.commission_currency.as_str()), (Some(decimal("3")), "EUR"));
    assert_eq!((state.initial_margin_change, state.margin_currency.as_str()), (Some(decimal("625")), "USD"));
    assert_eq!(state.equity_with_loan_after, Some(decimal("999996.25")));
}
