//! The oddities of the wire, each by its name: frames as they must be, read and written.
//!
//! In these texts `|` stands for the NUL behind a field. Ids stand in front, as below server version 201.

use bytes::BytesMut;
use rust_decimal::Decimal;
use tws_proto::contract::{ComboLeg, Contract};
use tws_proto::ids::{ContractId, OrderId, RequestId};
use tws_proto::kinds::{
    Action, AdvisorDataKind, AlgoStrategy, BarSize, DataToShow, DateFormat, DurationText, DurationUnit, SecurityType,
    ShortSaleSlot, TickKind,
};
use tws_proto::message::*;
use tws_proto::tags::TagValue;
use tws_proto::time::TimeText;
use tws_proto::{Fault, Missing, Order, ServerVersion};

const ID: RequestId = RequestId(7);

fn decimal(text: &str) -> Option<Decimal> {
    Some(text.parse().unwrap())
}

fn write<M: Message>(message: M, version: i32) -> Result<Vec<u8>, (&'static str, Fault)> {
    let mut frame = BytesMut::new();
    message
        .write(ServerVersion(version), Missing::Refuse, &mut frame)
        .map_err(|refused| (refused.field, refused.fault))?;
    Ok(frame[4..].to_vec())
}

#[track_caller]
fn read<M: Message>(payload: &[u8], version: i32) -> M {
    let decoded = M::read(payload, ServerVersion(version)).unwrap_or_else(|bad| panic!("{bad}"));
    assert_eq!(decoded.trailing_fields, 0);
    decoded.message
}

/// Writes the message as this text, and reads this text as the message.
#[track_caller]
fn check<M: Message + Clone + PartialEq + std::fmt::Debug>(message: impl Into<M>, version: i32, text: &str) {
    let message = message.into();
    let written = write(message.clone(), version).unwrap_or_else(|refused| panic!("{refused:?}"));
    assert_eq!(written.escape_ascii().to_string().replace("\\x00", "|"), text);
    assert_eq!(read::<M>(&written, version), message);
}

#[track_caller]
fn client(message: impl Into<ClientMessage>, version: i32, text: &str) {
    check::<ClientMessage>(message, version, text);
}

#[track_caller]
fn server(message: impl Into<ServerMessage>, version: i32, text: &str) {
    check::<ServerMessage>(message, version, text);
}

/// As `check`, for the bytes behind the binary id.
#[track_caller]
fn protobuf<M: Message + Clone + PartialEq + std::fmt::Debug>(message: impl Into<M>, body: &[u8]) {
    let message = message.into();
    let id = message.facts().id + 200;
    let written = write(message.clone(), 226).unwrap();
    assert_eq!(written[..4], id.to_be_bytes());
    assert_eq!(written[4..].escape_ascii().to_string(), body.escape_ascii().to_string());
    assert_eq!(read::<M>(&written, 226), message);
}

fn bytes(text: &str) -> Vec<u8> {
    text.replace('|', "\0").into_bytes()
}

#[test]
fn cancels_lose_their_version_field_at_192() {
    client(CancelOrder::new(OrderId(5)), 191, "4|1|5||");
    client(CancelOrder::new(OrderId(5)), 192, "4|5|||2147483647|");
    let global = || GlobalCancel { details: Some(CancelDetails::default()) };
    client(global(), 191, "58|1|");
    client(global(), 192, "58||2147483647|");
}

#[test]
fn cancels_carry_request_for_quote_fillers_from_187_to_189() {
    for (version, text) in
        [(186, "4|1|5||"), (187, "4|1|5||||2147483647|"), (189, "4|1|5||||2147483647|"), (190, "4|1|5||")]
    {
        client(CancelOrder::new(OrderId(5)), version, text);
    }
}

#[test]
fn the_two_masks_of_bid_and_ask_have_opposite_bits() {
    let attributes = QuoteAttributes { bid_past_low: true, ask_past_high: false };
    let quote = QuoteTick {
        time_s: 9,
        bid_price: decimal("1"),
        ask_price: decimal("2"),
        bid_size: decimal("3"),
        ask_size: decimal("4"),
        attributes,
    };
    let live = TickByTick { request_id: ID, event: TickEvent::BidAsk(quote.clone()) };
    server(live.clone(), 187, "99|7|3|9|1|2|3|4|1|");
    let past = HistoricalQuotes { request_id: ID, ticks: vec![quote], is_done: true };
    server(past.clone(), 187, "97|7|1|9|2|1|2|3|4|1|");
    // In protobuf both are the same two fields.
    let marks = b"\x12\x02\x08\x01";
    for message in [ServerMessage::from(live), ServerMessage::from(past)] {
        let body = write(message, 226).unwrap();
        assert!(body.windows(4).any(|window| window == marks), "{}", body.escape_ascii());
    }
}

#[test]
fn historical_trades_have_their_marks_second_and_live_ones_last_but_two() {
    let trade = TradeTick {
        time_s: 9,
        price: decimal("1"),
        size: decimal("2"),
        attributes: TradeAttributes { past_limit: false, unreported: true },
        exchange: "ARCA".to_owned(),
        conditions: "T".to_owned(),
    };
    let live = TickByTick { request_id: ID, event: TickEvent::AllLast(Box::new(trade.clone())) };
    server(live, 187, "99|7|2|9|1|2|2|ARCA|T|");
    server(HistoricalTrades { request_id: ID, ticks: vec![trade], is_done: false }, 187, "98|7|1|9|2|1|2|ARCA|T|0|");
}

#[test]
fn historical_ticks_have_a_field_without_meaning() {
    let ticks = vec![MidPointTick { time_s: 9, price: decimal("1.5"), size: decimal("0") }];
    let message = HistoricalTicks { request_id: ID, ticks, is_done: true };
    server(message.clone(), 187, "96|7|1|9|0|1.5|0|1|");
    let odd = read::<ServerMessage>(&bytes("96|7|1|9|whatever|1.5|0|1|"), 187);
    assert_eq!(odd, ServerMessage::from(message));
}

fn bar() -> Bar {
    Bar {
        date: "20261120".into(),
        open: decimal("1"),
        high: decimal("4"),
        low: decimal("0.5"),
        close: decimal("2"),
        volume: decimal("100"),
        average_price: decimal("1.75"),
        trades: Some(12),
    }
}

#[test]
fn historical_data_has_begin_and_end_below_196_and_an_end_message_from_there() {
    let message = |start: &str, end: &str| HistoricalData {
        request_id: ID,
        start: start.into(),
        end: end.into(),
        bars: vec![bar()],
    };
    server(message("a", "b"), 195, "17|7|a|b|1|20261120|1|4|0.5|2|100|1.75|12|");
    server(message("", ""), 196, "17|7|1|20261120|1|4|0.5|2|100|1.75|12|");
    for version in [196, 207, 208, 226] {
        let refused = write(ServerMessage::from(message("a", "")), version);
        assert_eq!(refused, Err(("start", Fault::GoneSince(ServerVersion(196)))));
    }
    let end = HistoricalDataEnd { request_id: ID, start: "a".into(), end: "b".into() };
    server(end.clone(), 196, "108|7|a|b|");
    let refused = write(ServerMessage::from(end), 195);
    assert_eq!(refused, Err(("", Fault::MessageNeedsVersion(ServerVersion(196)))));
}

#[test]
fn an_update_of_a_bar_has_an_order_of_its_own() {
    let update = HistoricalDataUpdate { request_id: ID, bar: bar() };
    server(Box::new(update), 187, "90|7|12|20261120|1|2|4|0.5|1.75|100|");
}

#[test]
fn scanner_rows_have_the_market_among_the_contract() {
    let contract = Contract {
        contract_id: Some(ContractId(1)),
        trading_class: "NMS".to_owned(),
        local_symbol: "IBM".to_owned(),
        ..Contract::stock("IBM", "USD")
    };
    let row = ScannerRow {
        rank: Some(0),
        contract,
        market_name: "market".to_owned(),
        distance: "d".to_owned(),
        benchmark: "b".to_owned(),
        projection: "p".to_owned(),
        legs: "l".to_owned(),
    };
    let data = ScannerData { request_id: ID, rows: vec![row] };
    server(data, 187, "20|3|7|1|0|1|IBM|STK||||SMART|USD|IBM|market|NMS|d|b|p|l|");
}

#[test]
fn smart_components_are_a_list_that_keeps_order_and_twins() {
    let component = |bit, letter: &str| SmartComponent {
        bit_number: Some(bit),
        exchange: "ARCA".to_owned(),
        letter: letter.to_owned(),
    };
    let components = vec![component(9, "P"), component(1, "a"), component(9, "Q")];
    let message = SmartComponents { request_id: ID, components };
    server(message.clone(), 187, "82|7|3|9|ARCA|P|1|ARCA|a|9|ARCA|Q|");
    protobuf::<ServerMessage>(
        message,
        b"\x08\x07\x12\x0b\x08\x09\x12\x04ARCA\x1a\x01P\x12\x0b\x08\x01\x12\x04ARCA\x1a\x01a\x12\x0b\x08\x09\x12\x04ARCA\x1a\x01Q",
    );
}

#[test]
fn a_proof_ends_in_a_word_in_text_and_in_a_boolean_in_protobuf() {
    for (accepted, word, body) in [(true, "true", &b"\x08\x01\x12\x01e"[..]), (false, "false", b"\x12\x01e")] {
        let completed = VerifyCompleted { is_successful: Verdict(accepted), error: "e".to_owned() };
        server(completed.clone(), 212, &format!("|||B1|{word}|e|"));
        server(completed.clone(), 187, &format!("66|1|{word}|e|"));
        protobuf::<ServerMessage>(completed, body);
        let with_key = VerifyAndAuthorizeCompleted { is_successful: Verdict(accepted), error: "e".to_owned() };
        server(with_key, 187, &format!("70|1|{word}|e|"));
    }
}

#[test]
fn computations_are_asked_with_and_without_the_count_of_old_clients() {
    let contract = Contract { contract_id: Some(ContractId(1)), ..Contract::default() };
    let volatility = CalculateImpliedVolatility {
        request_id: ID,
        contract: contract.clone(),
        option_price: decimal("2.5"),
        underlying_price: decimal("100"),
        options: Vec::new(),
    };
    client(Box::new(volatility.clone()), 187, "54|3|7|1||||||||||||2.5|100||");
    let of_old = read::<ClientMessage>(&bytes("54|3|7|1||||||||||||2.5|100|0||"), 187);
    assert_eq!(of_old, ClientMessage::from(Box::new(volatility)));
    let price = CalculateOptionPrice {
        request_id: ID,
        contract,
        volatility: decimal("0.2"),
        underlying_price: decimal("100"),
        options: vec![TagValue::new("a", "b")],
    };
    client(Box::new(price.clone()), 187, "55|3|7|1||||||||||||0.2|100|a=b;|");
    let of_old = read::<ClientMessage>(&bytes("55|3|7|1||||||||||||0.2|100|0|a=b;|"), 187);
    assert_eq!(of_old, ClientMessage::from(Box::new(price)));
}

#[test]
fn options_of_historical_news_may_be_empty() {
    let request = RequestHistoricalNews {
        request_id: ID,
        contract_id: Some(ContractId(8314)),
        providers: "BRFG+DJNL".to_owned(),
        start: TimeText::default(),
        end: TimeText::default(),
        results: Some(10),
        options: Vec::new(),
    };
    client(Box::new(request.clone()), 187, "86|7|8314|BRFG+DJNL|||10||");
    let with_options = RequestHistoricalNews { options: vec![TagValue::new("a", "b")], ..request };
    client(Box::new(with_options), 187, "86|7|8314|BRFG+DJNL|||10|a=b;|");
}

#[test]
fn bonds_share_the_body_of_contracts_in_protobuf_alone_and_have_hours_from_188_on() {
    let word = str::to_owned;
    let contract = Contract {
        contract_id: Some(ContractId(19)),
        symbol: word("IBM"),
        security_type: Some(SecurityType::Bond),
        last_trade_date_or_month: "20301231".into(),
        exchange: word("SMART"),
        currency: word("USD"),
        trading_class: word("class"),
        ..Contract::default()
    };
    let bond = BondDetails {
        cusip: word("cusip"),
        issue_date: "issued".into(),
        ratings: word("AA"),
        kind: word("kind"),
        coupon: decimal("4.5"),
        coupon_type: word("fixed"),
        convertible: true,
        callable: false,
        puttable: true,
        description_more: word("more"),
        next_option_date: "date".into(),
        next_option_type: word("type"),
        next_option_partial: true,
        notes: word("notes"),
    };
    let details = ContractDetails {
        market_name: word("market"),
        min_tick: decimal("0.01"),
        order_types: word("LMT"),
        valid_exchanges: word("SMART"),
        long_name: word("name"),
        ev_rule: word("rule"),
        ev_multiplier: decimal("2"),
        security_ids: vec![TagValue::new("ISIN", "US1")],
        aggregated_group: Some(3),
        market_rule_ids: word("26"),
        min_size: decimal("5"),
        size_increment: decimal("6"),
        suggested_size_increment: decimal("7"),
        bond,
        ..ContractDetails::default()
    };
    let bond = BondContractData { request_id: ID, contract: contract.clone(), details: details.clone() };
    let begin = "18|7|IBM|BOND|cusip|4.5|20301231|issued|AA|kind|fixed|1|0|1|more|SMART|USD|market|class|19|0.01|LMT|SMART\
        |date|type|1|notes|name|";
    let end = "rule|2|1|ISIN|US1|3|26|5|6|7|";
    server(Box::new(bond.clone()), 187, &format!("{begin}{end}"));
    server(Box::new(bond.clone()), 188, &format!("{begin}|||{end}"));
    let mut zoned = bond.clone();
    zoned.details.time_zone = "EST".to_owned();
    let refused = write(ServerMessage::from(Box::new(zoned)), 187);
    assert_eq!(refused, Err(("time_zone", Fault::NeedsVersion(ServerVersion(188)))));
    let stock = ContractData { request_id: ID, contract, details };
    let one = write(ServerMessage::from(Box::new(bond)), 226).unwrap();
    let two = write(ServerMessage::from(Box::new(stock)), 226).unwrap();
    assert_eq!((&one[..4], &two[..4]), (&218_i32.to_be_bytes()[..], &210_i32.to_be_bytes()[..]));
    assert_eq!(one[4..], two[4..]);
    // The identifiers are a map, whose entries are messages with key 1 and value 2.
    let entry = b"\x8a\x01\x0b\x0a\x04ISIN\x12\x03US1";
    assert!(one.windows(entry.len()).any(|window| window == entry), "{}", one.escape_ascii());
}

/// IB's client refuses them in text alone; from 211 on it sends them, as protobuf, to a TWS that has none.
#[test]
fn advisor_profiles_are_refused_from_177_on_in_both_forms() {
    let ask = |kind| RequestAdvisorData { kind: Some(kind) };
    let replace = |kind| ReplaceAdvisorData { request_id: ID, kind: Some(kind), xml: "<x/>".to_owned() };
    client(ask(AdvisorDataKind::Profiles), 176, "18|1|2|");
    client(replace(AdvisorDataKind::Profiles), 176, "19|1|2|<x/>|7|");
    let gone = Err(("kind", Fault::GoneSince(ServerVersion(177))));
    for version in [177, 201, 210, 211, 226] {
        assert_eq!(write(ClientMessage::from(ask(AdvisorDataKind::Profiles)), version), gone);
        assert_eq!(write(ClientMessage::from(replace(AdvisorDataKind::Profiles)), version), gone);
        assert!(write(ClientMessage::from(ask(AdvisorDataKind::Groups)), version).is_ok());
    }
}

#[test]
fn an_option_computation_has_no_version_field_and_numbers_for_not_computed() {
    let computation = TickOptionComputation {
        request_id: ID,
        kind: TickKind::ModelOption,
        basis: Some(tws_proto::kinds::ComputationBasis::Prices),
        implied_volatility: Some(0.25),
        delta: Some(-0.5),
        option_price: Some(7.1e-15),
        gamma: Some(1e-30),
        underlying_price: decimal("181.25"),
        ..TickOptionComputation::default()
    };
    server(Box::new(computation.clone()), 187, "21|7|13|1|0.25|-0.5|7.1e-15|-1|1e-30|-2|-2|181.25|");
    let nothing =
        TickOptionComputation { request_id: ID, kind: TickKind::BidOption, ..TickOptionComputation::default() };
    server(Box::new(nothing.clone()), 187, "21|7|10||-1|-2|-1|-1|-2|-2|-2|-1|");
    protobuf::<ServerMessage>(Box::new(nothing), b"\x08\x07\x10\x0a");
    let minus_two = TickOptionComputation { delta: Some(-2.0), ..computation };
    assert_eq!(write(ServerMessage::from(Box::new(minus_two)), 187), Err(("delta", Fault::NotCarried)));
}

#[test]
fn messages_with_an_exact_count_have_exactly_that_many_fields() {
    // IB's client drops these unless the number of fields is right, so none may be left out for being empty.
    let rows: [(ServerMessage, usize); 22] = [
        (AccountValue::default().into(), 5),
        (Box::new(PortfolioValue::default()).into(), 19),
        (AccountUpdateTime::default().into(), 2),
        (AccountDownloadEnd::default().into(), 2),
        (ManagedAccounts::default().into(), 2),
        (AdvisorData::default().into(), 3),
        (PositionEnd {}.into(), 1),
        (Box::new(AccountSummary::default()).into(), 6),
        (AccountSummaryEnd::default().into(), 2),
        (ModelPositionEnd::default().into(), 2),
        (Box::new(ModelValue::default()).into(), 7),
        (ModelValueEnd::default().into(), 2),
        (TickGeneric::default().into(), 4),
        (Box::new(TickExchangeForPhysical::default()).into(), 10),
        (NewsBulletin::default().into(), 5),
        (ScannerParameters::default().into(), 2),
        (VerifyChallenge::default().into(), 2),
        (VerifyCompleted::default().into(), 3),
        (DisplayGroups::default().into(), 3),
        (DisplayGroupUpdated::default().into(), 3),
        (VerifyAndAuthorizeChallenge::default().into(), 3),
        (VerifyAndAuthorizeCompleted::default().into(), 3),
    ];
    for (message, fields) in rows {
        let name = message.facts().name;
        let written = write(message, 176).unwrap_or_else(|refused| panic!("{name}: {refused:?}"));
        let count = written.iter().filter(|byte| **byte == 0).count();
        assert_eq!(count, 1 + fields, "{name}: {}", written.escape_ascii());
    }
}

#[test]
fn some_messages_are_text_at_every_version() {
    // Even where all others are protobuf, with the raw binary id in front.
    let request = VerifyAndAuthorizeRequest { name: "n".to_owned(), version: "1".to_owned(), key: "k".to_owned() };
    client(request.clone(), 200, "72|1|n|1|k|");
    client(request, 226, "|||H1|n|1|k|");
    let message = VerifyAndAuthorizeMessage { data: "d".to_owned(), response: "r".to_owned() };
    client(message, 226, "|||I1|d|r|");
    server(
        Box::new(DeltaNeutralValidation { request_id: ID, ..Default::default() }),
        187,
        "56|1|7|2147483647|1.7976931348623157E308|1.7976931348623157E308|",
    );
    for (message, id) in [
        (ServerMessage::from(Box::new(TickExchangeForPhysical::default())), 47_i32),
        (Box::new(DeltaNeutralValidation::default()).into(), 56),
        (VerifyAndAuthorizeChallenge::default().into(), 69),
        (VerifyAndAuthorizeCompleted::default().into(), 70),
    ] {
        assert_eq!(write(message, 226).unwrap()[..4], id.to_be_bytes());
    }
}

#[test]
fn some_messages_are_protobuf_alone() {
    protobuf::<ClientMessage>(CancelContractData { request_id: ID }, b"\x08\x07");
    protobuf::<ClientMessage>(CancelHistoricalTicks { request_id: ID }, b"\x08\x07");
    protobuf::<ClientMessage>(RequestConfig { request_id: ID }, b"\x08\x07");
    for (message, gate) in [
        (ClientMessage::from(CancelContractData::default()), 215),
        (CancelHistoricalTicks::default().into(), 215),
        (RequestConfig::default().into(), 219),
        (Box::new(UpdateConfig::default()).into(), 221),
    ] {
        let refused = write(message.clone(), gate - 1);
        assert_eq!(refused, Err(("", Fault::MessageNeedsVersion(ServerVersion(gate)))));
        assert!(write(message, gate).is_ok());
    }
}

#[test]
fn a_setting_can_be_switched_off() {
    let off = SmartRouting { pre_open_reroute: Some(false), ..SmartRouting::default() };
    let orders = Some(OrdersConfig { smart_routing: Some(off) });
    let update = UpdateConfig { request_id: ID, orders, ..UpdateConfig::default() };
    protobuf::<ClientMessage>(Box::new(update), b"\x08\x07\x2a\x04\x0a\x02\x10\x00");
}

#[test]
fn the_primary_exchange_stands_for_the_exchange_in_a_portfolio() {
    let contract =
        Contract { primary_exchange: "NYSE".to_owned(), exchange: String::new(), ..Contract::stock("IBM", "USD") };
    let value = PortfolioValue { contract, position: decimal("5"), ..PortfolioValue::default() };
    server(Box::new(value), 187, "7|8|0|IBM|STK|||||NYSE|USD|||5|||||||");
}

#[test]
fn legs_of_history_stand_behind_the_format() {
    let leg = ComboLeg {
        contract_id: Some(ContractId(3)),
        ratio: Some(1),
        action: Some(Action::Buy),
        exchange: "SMART".to_owned(),
        ..ComboLeg::default()
    };
    let contract = Contract {
        security_type: Some(SecurityType::Combination),
        combo_legs: vec![leg.clone()],
        ..Contract::default()
    };
    let request = RequestHistoricalData {
        request_id: ID,
        contract,
        bar_size: Some(BarSize::Hour1),
        duration: DurationText::of(2, DurationUnit::Day),
        regular_hours_only: true,
        data_to_show: Some(DataToShow::Trades),
        date_format: Some(DateFormat::EpochSeconds),
        ..RequestHistoricalData::default()
    };
    client(Box::new(request.clone()), 187, "20|7|0||BAG||||||||||0||1 hour|2 D|1|TRADES|2|1|3|1|BUY|SMART|0||");
    // Four fields of a leg travel; another one that says something cannot.
    let mut slotted = request;
    slotted.contract.combo_legs = vec![ComboLeg { short_sale_slot: Some(ShortSaleSlot::Elsewhere), ..leg }];
    assert_eq!(write(ClientMessage::from(Box::new(slotted)), 187), Err(("short_sale_slot", Fault::NotCarried)));
}

#[test]
fn an_advisor_setup_names_its_request_last_in_text() {
    let replace = ReplaceAdvisorData {
        request_id: ID,
        kind: Some(tws_proto::kinds::AdvisorDataKind::Groups),
        xml: "<x/>".to_owned(),
    };
    client(replace.clone(), 187, "19|1|1|<x/>|7|");
    protobuf::<ClientMessage>(replace, b"\x10\x01\x1a\x04<x/>\x08\x07");
}

#[test]
fn strikes_are_read_packed() {
    let parameters = OptionParameters {
        request_id: ID,
        strikes: vec![Decimal::from(1), Decimal::from(2)],
        ..OptionParameters::default()
    };
    let packed = [&b"\0\0\x01\x13\x08\x07\x3a\x10"[..], &1_f64.to_le_bytes(), &2_f64.to_le_bytes()].concat();
    assert_eq!(read::<ServerMessage>(&packed, 226), ServerMessage::from(Box::new(parameters)));
}

#[test]
fn notices_gain_a_time_at_194() {
    let notice = |time_ms| {
        let text = "farm ok".to_owned();
        Box::new(Notice { id: Some(-1), time_ms, code: 2104, text, reject_json: String::new() })
    };
    server(notice(None), 193, "4|2|-1|2104|farm ok||");
    server(notice(Some(17)), 194, "4|-1|2104|farm ok||17|");
    let refused = write(ServerMessage::from(notice(Some(17))), 193);
    assert_eq!(refused, Err(("time_ms", Fault::NeedsVersion(ServerVersion(194)))));
}

// Orders.

fn place(change: impl FnOnce(&mut PlaceOrder)) -> ClientMessage {
    let mut place = PlaceOrder {
        order_id: OrderId(1),
        contract: Contract::stock("IBM", "USD"),
        order: Order::limit(Action::Buy, 100.into(), Decimal::new(18_125, 2)),
        attached: None,
    };
    change(&mut place);
    ClientMessage::from(Box::new(place))
}

#[track_caller]
fn read_placed(payload: &[u8], version: i32) -> PlaceOrder {
    match ClientMessage::read(payload, ServerVersion(version)).unwrap().message {
        ClientMessage::PlaceOrder(place) => *place,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_absent_transmit_means_false_in_protobuf() {
    assert!(Order::default().transmit, "orders are sent on unless somebody says otherwise");
    let sent = write(place(|_| {}), 226).unwrap();
    let field = b"\x90\x04\x01"; // tag 66 as a varint, true
    let at = sent.windows(3).position(|window| window == field).unwrap();
    assert!(read_placed(&sent, 226).order.transmit);
    // The same without the field: lengths before it shrink, so it is turned into a field that nobody knows.
    let mut without = sent.clone();
    without[at..at + 2].copy_from_slice(b"\x90\x7d");
    assert!(!read_placed(&without, 226).order.transmit);
    let held_back = write(place(|place| place.order.transmit = false), 226).unwrap();
    assert!(!held_back.windows(2).any(|window| window == b"\x90\x04"), "false is written as silence");
    assert!(!read_placed(&held_back, 226).order.transmit);
}

#[test]
fn unset_is_written_as_the_maximum_or_empty_and_read_as_either() {
    let text = write(place(|place| (place.order.trigger_price, place.order.limit_price) = (None, None)), 187).unwrap();
    let fields: Vec<&[u8]> = text.split(|byte| *byte == 0).collect();
    // Wire names `triggerPrice`, written as the largest double, and `lmtPrice`, written empty behind the order type.
    let maximum: &[u8] = b"1.7976931348623157E308";
    assert!(fields.contains(&maximum));
    let limit = fields.iter().position(|field| *field == b"LMT").unwrap() + 1;
    assert_eq!(fields[limit], b"");
    let expected = read_placed(&text, 187);
    assert_eq!((expected.order.trigger_price, expected.order.limit_price), (None, None));
    let mut other = fields.clone();
    other[limit] = maximum;
    other.iter_mut().skip(limit + 1).filter(|field| **field == maximum).for_each(|field| *field = b"");
    assert_eq!(read_placed(&other.join(&0), 187), expected);
    other[limit] = b"1.7976931348623157e+308"; // as Python spells it
    assert_eq!(read_placed(&other.join(&0), 187), expected);
}

#[test]
fn a_multiplier_is_text_in_text_and_a_double_in_protobuf() {
    let message = place(|place| place.contract.multiplier = decimal("2.5"));
    let text = write(message.clone(), 187).unwrap();
    assert!(text.split(|byte| *byte == 0).any(|field| field == b"2.5"));
    let protobuf = write(message, 226).unwrap();
    let field = [&b"\x39"[..], &2.5_f64.to_le_bytes()].concat(); // tag 7, eight bytes
    assert!(protobuf.windows(9).any(|window| window == field));
    for (payload, version) in [(text, 187), (protobuf, 226)] {
        assert_eq!(read_placed(&payload, version).contract.multiplier, decimal("2.5"));
    }
}

#[test]
fn of_two_trailing_stops_the_second_one_wins() {
    let order = Order { trail_stop_price: decimal("11.5"), ..Order::limit(Action::Sell, 1.into(), 9.into()) };
    let open =
        OpenOrder { order_id: OrderId(1), contract: Contract::stock("IBM", "USD"), order, ..OpenOrder::default() };
    let text = write(ServerMessage::from(Box::new(open)), 187).unwrap();
    let fields: Vec<&[u8]> = text.split(|byte| *byte == 0).collect();
    let places: Vec<usize> = (0..fields.len()).filter(|at| fields[*at] == b"11.5").collect();
    assert_eq!(places.len(), 2);
    for (place, expected) in [(places[0], "11.5"), (places[1], "99")] {
        let mut changed = fields.clone();
        changed[place] = b"99";
        match ServerMessage::read(&changed.join(&0), ServerVersion(187)).unwrap().message {
            ServerMessage::OpenOrder(open) => assert_eq!(open.order.trail_stop_price, decimal(expected)),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn placed_orders_have_no_version_field_and_carry_fillers_from_187_to_189() {
    let fields = |version| write(place(|_| {}), version).unwrap().split(|byte| *byte == 0).count();
    assert!(write(place(|_| {}), 187).unwrap().starts_with(b"3\x001\0"), "the order id stands behind the message id");
    // 177 takes the profile of advisors away; 183 and 184 bring one field each.
    assert_eq!([176, 177, 182, 183, 184, 186].map(|version| fields(version) - fields(177)), [1, 0, 0, 1, 2, 2]);
    assert_eq!([187, 188, 189, 190].map(|version| fields(version) - fields(186)), [2, 2, 3, 1]);
}

#[test]
fn what_stands_in_a_version_field_means_nothing() {
    // Servers and clients of different builds write different numbers there.
    let position = b"61\x003\0DU1\x008314\0IBM\0STK\0\x000\0\0\0\0USD\0IBM\0NYSE\x00100\x00181.5\0";
    for version_field in ["3", "1", "99", ""] {
        let changed = [b"61\0", version_field.as_bytes(), &position[4..]].concat();
        let read = ServerMessage::read(&changed, ServerVersion(187)).unwrap();
        let expected = ServerMessage::read(position, ServerVersion(187)).unwrap();
        assert_eq!(read, expected);
    }
}

#[test]
fn a_tag_twice_is_refused_where_tags_are_a_map() {
    let order = Order {
        algo_strategy: Some(AlgoStrategy::Vwap),
        algo_parameters: vec![TagValue::new("a", "1"), TagValue::new("a", "2")],
        ..Order::market(Action::Buy, 1.into())
    };
    let message = PlaceOrder { contract: Contract::stock("IBM", "USD"), order, ..PlaceOrder::default() };
    let place = |version| write(ClientMessage::from(Box::new(message.clone())), version).map(|_| ());
    assert_eq!(place(202), Ok(())); // a list in text
    assert_eq!(place(203), Err(("algo_parameters", Fault::DuplicateTag)));
}
