//! Requests about contracts, news, scans and settings: each answer as the text form writes it at 187, and the same
//! answer through protobuf at 226.

mod desk;

use bytes::BytesMut;
use desk::{Desk, START};
use tws_proto::contract::ComboLeg;
use tws_proto::ids::{ContractId, RequestId};
use tws_proto::kinds::{Action, BulletinKind, ScanCode, SecurityIdType, SecurityType};
use tws_proto::message::*;
use tws_proto::{ClientMessage, Contract, Missing, ServerMessage, ServerVersion};
use tws_sim::core::{CoreSetup, Feed, Input, Output};
use tws_sim::faults::{Clear, Fault, Switch};
use tws_sim::information::{Article, Bulletin};
use tws_sim::time::SimTime;

const ID: RequestId = RequestId(7);

fn messages(outputs: Vec<Output>) -> Vec<ServerMessage> {
    let message = |output| match output {
        Output::Send { message, .. } => message,
        Output::Close { .. } => panic!("closed"),
    };
    outputs.into_iter().map(message).collect()
}

/// The text form at 187 with a bar behind each field; its name where it has no text form. On the way the message travels
/// through protobuf and has to stay what it is.
#[track_caller]
fn spelled(message: &ServerMessage) -> String {
    let written = |version| {
        let mut frame = BytesMut::new();
        message.clone().write(ServerVersion(version), Missing::LeaveOut, &mut frame).map(|()| frame.split_off(4))
    };
    // Every version has a form for what it knows.
    for version in [176, 182, 188, 194, 200, 203, 206, 210, 213] {
        assert!(written(version).is_ok() || needs_protobuf(message), "{version}: {message:?}");
    }
    if let Ok(frame) = written(226) {
        let read = ServerMessage::read(&frame, ServerVersion(226)).unwrap().message;
        let again = |message: &ServerMessage| {
            let mut frame = BytesMut::new();
            message.clone().write(ServerVersion(226), Missing::LeaveOut, &mut frame).unwrap();
            frame
        };
        assert_eq!(again(&read), again(message), "{message:?}");
    }
    match written(187) {
        Ok(frame) => {
            ServerMessage::read(&frame, ServerVersion(187)).unwrap();
            String::from_utf8(frame.to_vec()).unwrap().replace('\0', "|")
        }
        Err(_) => format!("{:?}", message).split(['(', ' ']).next().unwrap_or_default().to_owned(),
    }
}

fn needs_protobuf(message: &ServerMessage) -> bool {
    matches!(message, ServerMessage::Config(_) | ServerMessage::ConfigUpdated(_))
}

#[track_caller]
fn said(desk: &mut Desk, request: impl Into<ClientMessage>) -> String {
    messages(desk.say(request)).iter().map(spelled).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn check(request: impl Into<ClientMessage>, expected: &str) {
    assert_eq!(said(&mut Desk::new(), request), expected);
}

fn details(contract: Contract) -> Box<RequestContractData> {
    Box::new(RequestContractData { request_id: ID, contract })
}

fn of_kind(symbol: &str, kind: SecurityType) -> Contract {
    Contract { symbol: symbol.into(), security_type: Some(kind), ..Contract::default() }
}

/// The answers' contract data, in brief.
#[track_caller]
fn check_details(contract: Contract, expected: &[&str]) {
    let mut desk = Desk::new();
    let heard = messages(desk.say(details(contract)));
    heard.iter().for_each(|message| drop(spelled(message)));
    let brief = |message: &ServerMessage| match message {
        ServerMessage::ContractData(data) => brief(&data.contract, &data.details),
        ServerMessage::BondContractData(data) => format!("bond {}", brief(&data.contract, &data.details)),
        ServerMessage::ContractDataEnd(_) => "end".to_owned(),
        ServerMessage::Notice(notice) => format!("{} {}", notice.code, notice.text),
        other => panic!("{other:?}"),
    };
    assert_eq!(heard.iter().map(brief).collect::<Vec<_>>(), expected);
}

fn brief(contract: &Contract, details: &ContractDetails) -> String {
    let kind = contract.security_type.as_ref().unwrap().as_str();
    let Contract { symbol, exchange, last_trade_date_or_month, .. } = contract;
    let tick = details.min_tick.unwrap();
    let rule = details.market_rule_ids.split(',').next().unwrap();
    format!("{kind} {symbol} {exchange} {last_trade_date_or_month} tick {tick} rule {rule}")
}

const NONE: &str = "200 No security definition has been found for the request";

#[test]
fn contract_data_is_told_for_every_kind() {
    let stock = "STK IBM SMART  tick 0.01 rule 26";
    check_details(Contract::stock("IBM", "USD"), &[stock, "end"]);
    check_details(Contract::forex("EUR", "USD"), &["CASH EUR IDEALPRO  tick 0.00005 rule 239", "end"]);
    check_details(Contract::index("SPX", "CBOE", "USD"), &["IND SPX CBOE  tick 0.01 rule 26", "end"]);
    let es = "ES CME 20131220 tick 0.25 rule 67";
    check_details(Contract::future("ES", "201312", "CME", "USD"), &[&format!("FUT {es}"), "end"]);
    let front = Contract { exchange: "CME".into(), ..of_kind("ES", SecurityType::ContinuousFuture) };
    check_details(front, &[&format!("CONTFUT {es}"), "end"]);
    let option = Contract::option("SPY", "20131018", 170.into(), tws_proto::kinds::OptionRight::Call, "USD");
    check_details(option, &["OPT SPY SMART 20131018 tick 0.01 rule 110", "end"]);
    let crypto = Contract { exchange: "ZEROHASH".into(), ..of_kind("BTC", SecurityType::Crypto) };
    check_details(crypto, &["CRYPTO BTC ZEROHASH  tick 0.25 rule 67", "end"]);
    check_details(of_kind("VTSAX", SecurityType::Fund), &["FUND VTSAX FUNDSERV  tick 0.01 rule 26", "end"]);
    let bond = "bond BOND US-T SMART 20541115 tick 0.015625 rule 100002";
    check_details(of_kind("US-T", SecurityType::Bond), &[bond, "end"]);
    let isin = Contract {
        security_id_type: Some(SecurityIdType::Isin),
        security_id: "US4592001014".into(),
        exchange: "SMART".into(),
        ..Contract::default()
    };
    check_details(isin, &[stock, "end"]);
    let months = Contract::future("ES", "", "CME", "USD");
    let mut desk = Desk::new();
    assert_eq!(messages(desk.say(details(months.clone()))).len(), 9);
    let with_expired = Contract { include_expired: true, ..months };
    assert_eq!(messages(desk.say(details(with_expired))).len(), 13);
}

#[test]
fn what_no_contract_is_gets_the_words_of_tws() {
    check_details(Contract::stock("NOSUCH", "USD"), &[NONE]);
    check_details(Contract::by_id(ContractId(1), ""), &[NONE]);
    check_details(Contract::future("ES", "201309", "CME", "USD"), &[NONE]);
    let no_kind = "321 Error validating request.-'bM' : cause - Please enter a valid security type";
    check_details(Contract { symbol: "IBM".into(), ..Contract::default() }, &[no_kind]);
    let bag = "321 Error validating request.-'bM' : cause - BAG isn't supported for contract data request";
    check_details(of_kind("IBM", SecurityType::Combination), &[bag]);
    check(CancelContractData { request_id: ID }, "4|2|7|300|Can't find EId with tickerId:7||");
}

#[test]
fn a_description_of_several_contracts_is_ambiguous_where_one_is_needed() {
    let quote = |contract| Box::new(RequestMarketData { request_id: ID, contract, ..RequestMarketData::default() });
    let futures = "4|2|7|200|The contract description specified for ES is ambiguous; you must specify the multiplier or trading class.||";
    check(quote(Contract::future("ES", "", "CME", "USD")), futures);
    let front = Contract { exchange: "CME".into(), ..of_kind("ES", SecurityType::ContinuousFuture) };
    let past = "4|2|7|321|Error validating request.-'bM' : cause - Continuous futures have historical data only||";
    check(quote(front), past);
    let bonds = Contract { issuer_id: "e1359061".into(), ..Contract::stock("IBM", "USD") };
    check(quote(bonds), &format!("4|2|7|{}||", NONE.replacen(' ', "|", 1)));
}

#[test]
fn a_bond_has_a_message_of_its_own() {
    let mut desk = Desk::new();
    let told = said(&mut desk, details(of_kind("IBM", SecurityType::Bond)));
    let expected = "18|7|IBM|BOND|459200AP6|7|20451030|19951025|A3/A-|GLOBAL|FIXED|0|1|0|7 10/30/45|SMART|USD|IBM|IBM|15960357|0.001|";
    assert!(told.starts_with(expected), "{told}");
    assert!(told.contains("|SMART,BONDDESK,TRADEWEB|20301030|MAKE WHOLE|0|Simple interest|"), "{told}");
}

#[test]
fn a_stock_is_told_in_full() {
    let told = said(&mut Desk::new(), details(Contract::stock("AAPL", "USD")));
    assert!(told.starts_with("10|7|AAPL|STK|||||SMART|USD|AAPL|NMS|NMS|265598|0.01|"), "{told}");
    let hours = "20131007:0400-20131007:2000;20131008:0400-20131008:2000;20131009:0400-20131009:2000;20131010:0400-20131010:2000;20131011:0400-20131011:2000;20131012:CLOSED";
    assert!(told.contains(&format!("|US/Eastern|{hours}|20131007:0930")), "{told}");
    assert!(told.contains("|2|CUSIP|037833100|ISIN|US0378331005|1|"), "{told}");
}

#[test]
fn symbols_are_searched() {
    let search = |pattern: &str| RequestMatchingSymbols { request_id: ID, pattern: pattern.into() };
    check(search("SPY"), "79|7|1|756733|SPY|STK|ARCA|USD|2|OPT|BAG|SPDR S&P 500 ETF TRUST||");
    check(search("zzzz"), "79|7|0|");
    check(search(""), "79|7|0|");
}

#[test]
fn price_steps_are_told_by_table() {
    let rule = |id| RequestMarketRule { rule_id: MarketRuleId(id) };
    check(rule(26), "93|26|1|0|0.01|");
    check(rule(109), "93|109|2|0|0.05|3|0.1|");
    check(rule(1), "4|2|-1|321|Error validating request.-'bT' : cause - Invalid market rule id||");
}

#[test]
fn option_chains_are_told_by_exchange() {
    let of = |symbol: &str, kind, id| RequestOptionParameters {
        request_id: ID,
        underlying_symbol: symbol.into(),
        exchange: String::new(),
        underlying_security_type: Some(kind),
        underlying_contract_id: Some(ContractId(id)),
    };
    let mut desk = Desk::new();
    let told = said(&mut desk, Box::new(of("BAC", SecurityType::Stock, 10_098)));
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 19, "{told}");
    let first = "75|7|SMART|10098|BAC|100|6|20131011|20131018|20131115|20131220|20140117|20140118|".to_owned();
    let first = first.replace("|6|", "|5|").replace("20140118|", "");
    assert!(lines[0].starts_with(&first), "{}", lines[0]);
    assert!(
        lines[0].ends_with(
            "|25|8|8.5|9|9.5|10|10.5|11|11.5|12|12.5|13|13.5|14|14.5|15|15.5|16|16.5|17|17.5|18|18.5|19|19.5|20|"
        ),
        "{}",
        lines[0]
    );
    assert_eq!(lines[18], "76|7|");
    let month = desk.core.catalogue().by_name("ESZ3").unwrap().contract_id.0;
    let told = said(&mut desk, Box::new(of("ES", SecurityType::Future, month)));
    assert!(told.starts_with(&format!("75|7|CME|{month}|ES|50|3|20131018|20131115|20131220|51|")), "{told}");
    check(Box::new(of("KO", SecurityType::Stock, 8894)), "76|7|");
    check(
        Box::new(of("BAC", SecurityType::Stock, 0)),
        "4|2|7|321|Error validating request.-'bT' : cause - Invalid contract id||",
    );
    check(Box::new(of("BAC", SecurityType::Stock, 1)), &format!("4|2|7|{}||", NONE.replacen(' ', "|", 1)));
}

#[test]
fn exchanges_are_told() {
    let told = said(&mut Desk::new(), RequestSmartComponents { request_id: ID, bbo_exchange: "9c0001".into() });
    assert!(told.starts_with("82|7|16|0|AMEX|A|1|BEX|B|"), "{told}");
    let unknown = "4|2|7|321|Error validating request.-'bT' : cause - Invalid BBO exchange||";
    check(RequestSmartComponents { request_id: ID, bbo_exchange: "a6".into() }, unknown);
    let told = said(&mut Desk::new(), RequestDepthExchanges {});
    assert!(told.starts_with("80|17|ARCA|STK||Deep|1|"), "{told}");
}

#[test]
fn what_a_login_has_is_told() {
    check(RequestFamilyCodes {}, "78|1|DU1234567||");
    check(RequestSoftDollarTiers { request_id: ID }, "77|7|0|");
    check(RequestUserInfo { request_id: ID }, "107|7||");
    check(SetServerLogLevel { level: tws_proto::kinds::LogLevel::Detail }, "");
    let refused = "1|false|This API program is not certified|";
    check(VerifyRequest::default(), &format!("66|{refused}"));
    check(VerifyMessage::default(), &format!("66|{refused}"));
    check(VerifyAndAuthorizeRequest::default(), &format!("70|{refused}"));
    check(VerifyAndAuthorizeMessage::default(), &format!("70|{refused}"));
}

#[test]
fn display_groups_show_one_contract_to_all_who_follow() {
    let mut desk = Desk::new();
    assert_eq!(said(&mut desk, QueryDisplayGroups { request_id: ID }), "67|1|7|1|2|3|");
    let follow = |id, group| SubscribeToGroup { request_id: RequestId(id), group: Some(group) };
    let show = |id, contract: &str| UpdateDisplayGroup { request_id: RequestId(id), contract: contract.into() };
    let refused = |id, cause: &str| format!("4|2|{id}|321|Error validating request.-'bU' : cause - {cause}||");
    assert_eq!(said(&mut desk, follow(1, 2)), "68|1|1|none|");
    assert_eq!(said(&mut desk, follow(1, 2)), "4|2|1|102|Duplicate ticker id||");
    assert_eq!(said(&mut desk, follow(2, 2)), "68|1|2|none|");
    assert_eq!(said(&mut desk, follow(3, 4)), refused(3, "Invalid group id"));
    assert_eq!(said(&mut desk, show(1, "8314@SMART")), "68|1|1|8314@SMART|\n68|1|2|8314@SMART|");
    assert_eq!(said(&mut desk, show(1, "8314@LSE")), refused(1, "Invalid contract"));
    assert_eq!(said(&mut desk, show(1, "nothing")), refused(1, "Invalid contract"));
    assert_eq!(said(&mut desk, show(9, "none")), refused(9, "Not subscribed to a group with this id"));
    assert_eq!(said(&mut desk, UnsubscribeFromGroup { request_id: RequestId(1) }), "");
    assert_eq!(said(&mut desk, show(2, "none")), "68|1|2|none|");
    assert_eq!(
        said(&mut desk, UnsubscribeFromGroup { request_id: RequestId(1) }),
        "4|2|1|300|Can't find EId with tickerId:1||"
    );
}

#[test]
fn news_of_the_past_and_their_articles() {
    let mut desk = Desk::new();
    let told = said(&mut desk, RequestNewsProviders {});
    assert!(told.starts_with("85|3|BRFG|Briefing.com General Market Columns|"), "{told}");
    let past = |contract: i32, providers: &str, results| {
        Box::new(RequestHistoricalNews {
            request_id: ID,
            contract_id: Some(ContractId(contract)),
            providers: providers.into(),
            results: Some(results),
            ..RequestHistoricalNews::default()
        })
    };
    let newest = "86|7|2013-10-07 12:45:00.0|BRFG|BRFG$0000a003|Technology leads as buyers return|";
    let older = "86|7|2013-10-07 07:50:00.0|BRFG|BRFG$0000a002|IBM confirms its outlook for the year|";
    assert_eq!(said(&mut desk, past(8314, "BRFG", 10)), format!("{newest}\n{older}\n87|7|0|"));
    assert_eq!(said(&mut desk, past(8314, "BRFG+DJNL", 1)), format!("{newest}\n87|7|1|"));
    let early = RequestHistoricalNews { end: "2013-10-07 08:00:00.0".into(), ..*past(8314, "BRFG", 10) };
    assert_eq!(said(&mut desk, Box::new(early)), format!("{older}\n87|7|0|"));
    let late = RequestHistoricalNews { start: "20131007 08:00:00 US/Eastern".into(), ..*past(8314, "BRFG", 10) };
    assert_eq!(said(&mut desk, Box::new(late)), format!("{newest}\n87|7|0|"));
    let not_allowed = "4|2|7|10276|News feed is not allowed.||";
    assert_eq!(said(&mut desk, past(8314, "XX", 10)), not_allowed);
    assert_eq!(said(&mut desk, past(8314, "", 10)), not_allowed);
    assert_eq!(said(&mut desk, past(1, "BRFG", 10)), format!("4|2|7|{}||", NONE.replacen(' ', "|", 1)));
    let article = |provider: &str, id: &str| RequestNewsArticle {
        request_id: ID,
        provider: provider.into(),
        article_id: id.into(),
        options: Vec::new(),
    };
    let text = "83|7|0|The company confirmed its outlook for revenue and free cash flow.|";
    assert_eq!(said(&mut desk, article("BRFG", "BRFG$0000a002")), text);
    let unknown = "4|2|7|10172|Failed to request news article:No data available||";
    assert_eq!(said(&mut desk, article("BRFG", "BRFG$0000a004")), unknown, "it is still to come");
    assert_eq!(said(&mut desk, article("XX", "BRFG$0000a002")), not_allowed);
    desk.wait(31 * 60_000);
    assert_ne!(said(&mut desk, article("BRFG", "BRFG$0000a004")), unknown);
}

#[test]
fn bulletins_go_to_those_who_listen() {
    let mut desk = Desk::new();
    let publish = |desk: &mut Desk, text: &str| {
        let (kind, text) = (BulletinKind::ExchangeUnavailable, text.to_owned());
        let bulletin = Bulletin { time: START, kind, exchange: "NYSE".to_owned(), text };
        messages(desk.core.step(Input::Bulletin(bulletin), START)).iter().map(spelled).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(publish(&mut desk, "one"), "");
    let first = "14|1|1|1|The simulated market is open for business.||\n14|1|2|2|one|NYSE|";
    assert_eq!(said(&mut desk, RequestNewsBulletins { all_messages: true }), first);
    assert_eq!(publish(&mut desk, "two"), "14|1|3|2|two|NYSE|");
    assert_eq!(said(&mut desk, CancelNewsBulletins {}), "");
    assert_eq!(publish(&mut desk, "three"), "");
    assert_eq!(said(&mut desk, RequestNewsBulletins { all_messages: false }), "");
}

#[test]
fn an_article_can_be_published_and_comes_to_those_who_asked_for_news() {
    let mut desk = Desk::new();
    let mut ticks = |id, contract, generic: &str| {
        let request = RequestMarketData {
            request_id: RequestId(id),
            contract,
            generic_ticks: generic.into(),
            ..RequestMarketData::default()
        };
        desk.say(Box::new(request));
    };
    ticks(1, Contract::stock("IBM", "USD"), "292");
    ticks(2, Contract::stock("IBM", "USD"), "mdoff,292:BRFG");
    ticks(3, Contract::stock("IBM", "USD"), "233");
    ticks(4, Contract::stock("KO", "USD"), "292");
    ticks(5, Contract { exchange: "DJNL".into(), ..of_kind("BRFG:BRFG_ALL", SecurityType::News) }, "292");
    ticks(6, Contract { exchange: "BRFG".into(), ..of_kind("BRFG:BRFG_ALL", SecurityType::News) }, "mdoff,292");
    let article = Article {
        id: "X$1".into(),
        provider: "DJNL".into(),
        time: SimTime(0),
        symbols: vec!["IBM".into()],
        headline: "News".into(),
        text: "All of it".into(),
    };
    let heard = messages(desk.core.step(Input::Article(article), START));
    let lines: Vec<String> = heard.iter().map(spelled).collect();
    assert_eq!(lines, ["84|1|1381165200000|DJNL|X$1|News||"]);
    let later: Vec<String> = messages(desk.wait(30 * 60_000)).iter().map(spelled).collect();
    let news = |id| format!("84|{id}|1381167000000|BRFG|BRFG$0000a004|IBM announces a partnership||");
    assert_eq!(later, [news(1), news(2), news(6)]);
    let request =
        RequestNewsArticle { request_id: ID, provider: "DJNL".into(), article_id: "X$1".into(), options: Vec::new() };
    assert_eq!(said(&mut desk, request), "83|7|0|All of it|");
}

fn scan(code: &str) -> Box<RequestScanner> {
    let scanner = Scanner {
        rows: Some(3),
        instrument: "STK".into(),
        location: "STK.US.MAJOR".into(),
        scan: Some(ScanCode::from(code.to_owned())),
        ..Scanner::default()
    };
    Box::new(RequestScanner { request_id: ID, scanner })
}

fn symbols(heard: &[ServerMessage]) -> String {
    let rows = heard.iter().filter_map(|message| match message {
        ServerMessage::ScannerData(data) => Some(&data.rows),
        _ => None,
    });
    rows.flatten().map(|row| row.contract.symbol.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn scans_rank_the_catalogue() {
    let mut desk = Desk::new();
    desk.run("quote 100.00x500 100.10x300");
    for (name, price) in [("F", 12), ("KO", 70), ("T", 20)] {
        let contract = desk.core.catalogue().by_name(name).unwrap().contract_id;
        let trade = tws_sim::Trade { price: price.into(), size: 100.into(), exchange: String::new() };
        desk.core.step(Input::Market { contract, event: tws_sim::market::MarketEvent::Trade(trade) }, START);
    }
    let text = said(&mut desk, scan("MOST_ACTIVE_USD"));
    let expected = "20|3|7|3|0|8894|KO|STK||||SMART|USD|KO|KO|KO|||||1|37018770|T|STK||||SMART|USD|T|T|T|||||2|9599491|F|STK||||SMART|USD|F|F|F|||||";
    assert_eq!(text, expected);
    assert_eq!(symbols(&messages(desk.wait(29_999))), "");
    assert_eq!(symbols(&messages(desk.wait(1))), "KO T F", "it is repeated");
    let cancelled = "4|2|7|162|Historical Market Data Service error message:API scanner subscription cancelled: 7||";
    assert_eq!(said(&mut desk, CancelScanner { request_id: ID }), cancelled);
    assert_eq!(said(&mut desk, CancelScanner { request_id: ID }), "4|2|7|300|Can't find EId with tickerId:7||");
    assert_eq!(symbols(&messages(desk.wait(60_000))), "");
}

#[test]
fn scans_that_cannot_be_are_refused() {
    let service = |what: &str| format!("4|2|7|162|Historical Market Data Service error message:{what}||");
    check(scan("BEST_OF_ALL"), &service("Unknown scan code BEST_OF_ALL"));
    let with = |change: fn(&mut Scanner)| {
        let mut request = scan("MOST_ACTIVE");
        change(&mut request.scanner);
        request
    };
    check(with(|scanner| scanner.instrument = "TULIP".into()), &service("Unknown instrument TULIP"));
    check(with(|scanner| scanner.location = "STK.EU".into()), &service("Unknown location STK.EU"));
    check(with(|scanner| scanner.location = "STK.US.MARS".into()), &service("Unknown location STK.US.MARS"));
    let tag = |tag: &str| vec![tws_proto::tags::TagValue::new(tag, "1")];
    let mut request = scan("MOST_ACTIVE");
    request.scanner.filters = tag("moonPhase");
    let cause = "Error validating request.-'bT' : cause - Unknown tag in scanner filter moonPhase=1";
    check(request, &format!("4|2|7|321|{cause}||"));
    let mut request = scan("MOST_ACTIVE");
    request.scanner.price_min = Some(100_000.into());
    check(request, "4|2|7|165|Historical Market Data Service query message:no items retrieved||\n20|3|7|0|");
    let mut desk = Desk::new();
    for id in 0..10 {
        let request = RequestScanner { request_id: RequestId(id), ..*scan("MOST_ACTIVE") };
        desk.say(Box::new(request));
    }
    let request = RequestScanner { request_id: RequestId(10), ..*scan("MOST_ACTIVE") };
    assert!(said(&mut desk, Box::new(request)).starts_with("4|2|10|322|"));
}

#[test]
fn random_markets_are_scanned_too() {
    let mut desk = Desk::with(CoreSetup::new(3, START));
    desk.connect(1);
    desk.say(scan("TOP_PERC_GAIN"));
    desk.wait(29_000);
    let gains = symbols(&messages(desk.wait(1_000)));
    assert_eq!(gains.split(' ').count(), 3);
    let mut other = Desk::with(CoreSetup { feed: Feed::Walk, ..CoreSetup::new(3, START) });
    other.connect(1);
    other.say(scan("TOP_PERC_GAIN"));
    other.wait(29_000);
    assert_eq!(symbols(&messages(other.wait(1_000))), gains);
    let told = said(&mut desk, RequestScannerParameters {});
    assert!(told.starts_with("19|1|<?xml version="), "{told}");
}

fn events(change: impl FnOnce(&mut RequestHorizonEventData)) -> Box<RequestHorizonEventData> {
    let mut request = Box::new(RequestHorizonEventData { request_id: ID, ..RequestHorizonEventData::default() });
    change(&mut request);
    request
}

#[test]
fn company_events_are_told_to_those_who_know_their_types() {
    let mut desk = Desk::new();
    let not_requested = "4|2|7|10282|WSH metadata not requested.||";
    assert_eq!(said(&mut desk, events(|_| {})), not_requested);
    assert!(said(&mut desk, RequestHorizonMetaData { request_id: ID }).starts_with("104|7|{\""));
    let kinds = |text: String| {
        let json: serde_json::Value =
            serde_json::from_str(text.strip_prefix("105|7|").unwrap().trim_end_matches('|')).unwrap();
        let word = |event: &serde_json::Value| {
            format!("{} {}", event["ticker"].as_str().unwrap(), event["event_type"].as_str().unwrap())
        };
        json.as_array().unwrap().iter().map(word).collect::<Vec<_>>().join(", ")
    };
    let all = "MSFT wshe_ed, IBM wshe_div, TSLA wshe_bod, IBM wshe_ed, AAPL wshe_ed";
    assert_eq!(kinds(said(&mut desk, events(|_| {}))), all);
    let ibm = said(&mut desk, events(|request| request.contract_id = Some(ContractId(8314))));
    assert_eq!(kinds(ibm), "IBM wshe_div, IBM wshe_ed");
    let filter = r#"{"watchlist":["8314","265598"],"wshe_ed":"true","limit":1,"country":"All"}"#;
    let filtered = said(&mut desk, events(|request| request.filter = filter.into()));
    assert_eq!(kinds(filtered), "IBM wshe_ed");
    let dated = said(&mut desk, events(|request| request.start_date = "20131015".into()));
    assert_eq!(kinds(dated), "TSLA wshe_bod, IBM wshe_ed, AAPL wshe_ed");
    let failed = |what: &str| format!("4|2|7|10283|Failed to request WSH event data: {what}||");
    let bad = said(&mut desk, events(|request| request.filter = "[1]".into()));
    assert_eq!(bad, failed("the filter is not a JSON object"));
    let bad = said(&mut desk, events(|request| request.end_date = "tomorrow".into()));
    assert_eq!(bad, failed("a date is not YYYYMMDD"));
    let bad = said(&mut desk, events(|request| request.contract_id = Some(ContractId(1))));
    assert_eq!(bad, failed("no such contract"));
    assert_eq!(
        said(&mut desk, CancelHorizonEventData { request_id: ID }),
        "4|2|7|10284|Failed to cancel WSH event data: no request is waiting for an answer||"
    );
}

#[test]
fn settings_are_told_and_followed() {
    let mut desk = Desk::new();
    let settings = |desk: &mut Desk| {
        let heard = messages(desk.say(RequestConfig { request_id: ID }));
        let [ServerMessage::Config(config)] = &heard[..] else { panic!("{heard:?}") };
        assert_eq!(config.request_id, ID);
        spelled(&heard[0]);
        config.api.as_ref().unwrap().settings.clone().unwrap()
    };
    assert_eq!(settings(&mut desk).read_only_api, Some(false));
    let update = |desk: &mut Desk, settings| {
        let api = Some(ApiConfig { settings: Some(settings), precautions: None });
        let heard = messages(desk.say(Box::new(UpdateConfig { request_id: ID, api, ..UpdateConfig::default() })));
        let [ServerMessage::ConfigUpdated(updated)] = &heard[..] else { panic!("{heard:?}") };
        spelled(&heard[0]);
        (updated.status.clone(), updated.changed_fields.clone())
    };
    let read_only = |yes| ApiSettings { read_only_api: Some(yes), ..ApiSettings::default() };
    let changed = vec!["api.settings.readOnlyApi".to_owned()];
    assert_eq!(update(&mut desk, read_only(true)), ("SUCCESS".to_owned(), changed));
    assert_eq!(settings(&mut desk).read_only_api, Some(true));
    desk.run("quote 100.00x500 100.10x300");
    assert_eq!(desk::trace(&desk.run("buy 1 100 MKT")), "error 1 321");
    assert_eq!(update(&mut desk, read_only(true)), ("SUCCESS".to_owned(), Vec::new()));
    update(&mut desk, read_only(false));
    assert!(desk::trace(&desk.run("buy 1 100 MKT")).contains("exec"));
    desk.core.step(Input::Fault(Fault::from(Switch::ReadOnly)), START);
    assert_eq!(settings(&mut desk).read_only_api, Some(true));
    desk.core.step(Input::Clear(Clear::default()), START);
    let port = ApiSettings { socket_port: Some(1), ..ApiSettings::default() };
    assert_eq!(update(&mut desk, port).0, "FAILED");
    let master = ApiSettings { master_client_id: Some(5), ..ApiSettings::default() };
    assert_eq!(update(&mut desk, master).0, "SUCCESS");
    assert_eq!(settings(&mut desk).master_client_id, Some(5));
}

#[test]
fn a_combination_is_one_contract() {
    let leg = |id, action| ComboLeg {
        contract_id: Some(ContractId(id)),
        ratio: Some(1),
        action: Some(action),
        exchange: "SMART".into(),
        ..ComboLeg::default()
    };
    let pair = |legs| Contract {
        exchange: "SMART".into(),
        currency: "USD".into(),
        combo_legs: legs,
        ..of_kind("IBM,KO", SecurityType::Combination)
    };
    let quote = |contract| Box::new(RequestMarketData { request_id: ID, contract, ..RequestMarketData::default() });
    let mut desk = Desk::new();
    let heard = messages(desk.say(quote(pair(vec![leg(8314, Action::Buy), leg(8894, Action::Sell)]))));
    assert!(matches!(heard[0], ServerMessage::TickRequestParameters(_)), "{heard:?}");
    check(
        quote(pair(vec![leg(8314, Action::Buy)])),
        "4|2|7|321|Error validating request.-'bM' : cause - Invalid combo: a combination has from two to eight legs||",
    );
    check(
        quote(pair(vec![leg(8314, Action::Buy), leg(1, Action::Sell)])),
        &format!("4|2|7|{}||", NONE.replacen(' ', "|", 1)),
    );
}
