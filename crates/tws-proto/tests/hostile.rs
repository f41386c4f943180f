//! Nothing that a peer sends makes the codec panic, lose its step or take more memory than the frame is worth.

use bytes::BytesMut;
use proptest::prelude::*;
use rust_decimal::Decimal;
use tws_proto::condition::{Bound, Condition, Conjunction};
use tws_proto::connection::{Client, Connection, Event, OutOfStep};
use tws_proto::handshake::{ClientHandshake, HandshakeError, Progress, ServerHandshake};
use tws_proto::ids::{ClientId, ContractId, OrderId, RequestId};
use tws_proto::kinds::{Action, OrderType, SecurityType, TickKind};
use tws_proto::message::{
    ClientMessage, Execution, ExecutionData, ExecutionFilter, Message, NextValidId, Notice, OpenOrder, PlaceOrder,
    Position, RequestExecutions, ServerMessage, StartApi, TickPrice,
};
use tws_proto::{BadFrame, Contract, Fault, Missing, Order, ServerVersion};

/// A client after a handshake with a server of that version.
fn client(version: i32) -> Connection<Client> {
    let (client, greeting) = ClientHandshake::start(ServerVersion::NEWEST, "").unwrap();
    let server = ServerHandshake::start(ServerVersion(version), "20261122 15:00:00 EST");
    let Ok(Progress::Done((mut server, hello))) = server.handle_input(&greeting) else { panic!("no handshake") };
    assert_eq!(hello.version, ServerVersion(version));
    let answer = server.poll_transmit().unwrap();
    let Ok(Progress::Done((client, hello))) = client.handle_input(&answer) else { panic!("no answer") };
    assert_eq!((hello.version, hello.time.as_str()), (ServerVersion(version), "20261122 15:00:00 EST"));
    client
}

fn tick(price: &str) -> ServerMessage {
    ServerMessage::TickPrice(TickPrice {
        request_id: RequestId(1),
        kind: TickKind::Bid,
        price: Some(price.parse().unwrap()),
        size: Some("200".parse().unwrap()),
        ..TickPrice::default()
    })
}

fn frame(message: ServerMessage, version: i32) -> BytesMut {
    let mut out = BytesMut::new();
    message.write(ServerVersion(version), Missing::Refuse, &mut out).unwrap();
    out
}

fn raw(payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes().to_vec();
    frame.extend_from_slice(payload);
    frame
}

/// Feeds `bytes` between two good ticks: both must arrive, and what is between them is returned.
#[track_caller]
fn between_ticks(version: i32, bytes: &[u8]) -> Vec<Event<ServerMessage>> {
    let mut connection = client(version);
    connection.handle_input(&frame(tick("1"), version));
    connection.handle_input(bytes);
    connection.handle_input(&frame(tick("2"), version));
    let mut events = Vec::new();
    while let Some(event) = connection.poll_event().unwrap() {
        events.push(event);
    }
    assert_eq!(events.remove(0), Event::Message(tick("1")));
    assert_eq!(events.pop(), Some(Event::Message(tick("2"))));
    events
}

#[track_caller]
fn check_bad(version: i32, payload: &[u8], message: &str, field: &str, expected: impl Fn(Fault) -> bool) {
    match between_ticks(version, &raw(payload)).as_slice() {
        [Event::BadFrame(BadFrame { message: named, field: at, fault })] => {
            assert_eq!((*named, *at), (message, field), "{fault}");
            assert!(expected(*fault), "{fault}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_bad_frame_costs_itself_alone() {
    use Fault as F;
    check_bad(187, b"999\x001\0", "frame", "", |fault| fault == F::UnknownMessage(999)); // W13
    check_bad(201, b"\0\0\x07\xd0\x08\x01", "frame", "", |fault| fault == F::UnknownMessage(1800)); // W14
    check_bad(187, b"1\x006\x001\x001\x00abc\x005\x000\0", "TICK_PRICE", "price", |fault| {
        matches!(fault, F::NotANumber(_))
    }); // W18
    check_bad(187, b"1\x006\x001\x001\x005.1\0", "TICK_PRICE", "size", |fault| fault == F::Missing); // W16
    check_bad(187, b"1\x006\x001\x001\x005.1\x005\x000", "TICK_PRICE", "attributes", |fault| fault == F::Truncated);
    check_bad(187, b"1\x006\0\x001\x005.1\x005\x000\0", "TICK_PRICE", "request_id", |fault| fault == F::Missing); // W17
    check_bad(187, b"x\x001\0", "frame", "id", |fault| matches!(fault, F::NotANumber(_)));
    check_bad(187, b"9", "frame", "id", |fault| fault == F::Truncated);
    check_bad(226, b"\0\0", "frame", "id", |fault| fault == F::Truncated);
    check_bad(226, b"\0\0\0\xc9\x08", "TICK_PRICE", "", |fault| fault == F::MalformedProtobuf); // W28
    check_bad(226, b"\0\0\0\xc9\x0a\x7f\x01", "TICK_PRICE", "", |fault| fault == F::MalformedProtobuf); // W29
    check_bad(226, b"\0\0\0\xc9\x08\x01\x10\x01\x18\x05", "TICK_PRICE", "price", |fault| fault == F::WrongWireType); // W27
    check_bad(226, b"\0\0\0\xc9", "TICK_PRICE", "request_id", |fault| fault == F::Missing); // W30
    check_bad(226, b"\0\0\0\xcd", "OPEN_ORDER", "order_id", |fault| fault == F::Missing); // W30
    check_bad(226, b"\0\0\0\xd3", "EXECUTION_DATA", "contract", |fault| fault == F::Missing); // W30
    check_bad(226, b"\0\0\x01\x05", "POSITION_DATA", "contract", |fault| fault == F::Missing); // W30
    check_bad(187, b"109\x001\0", "CURRENT_TIME_IN_MILLIS", "", |fault| {
        fault == F::MessageNeedsVersion(ServerVersion(197))
    });
}

#[test]
fn what_is_only_odd_is_read() {
    // W7: an empty frame is skipped.
    assert_eq!(between_ticks(187, &[0; 4]), []);
    // W15: further fields are ignored.
    assert_eq!(
        between_ticks(187, &raw(b"9\x001\x0042\x00new\x00newer\0")),
        [Event::Message(ServerMessage::NextValidId(NextValidId { order_id: OrderId(42) }))]
    );
    // W17 and W20: nothing, and the maxima, are no numbers.
    for price in [&b""[..], b"1.7976931348623157E308", b"NaN", b"-Infinity"] {
        let events = between_ticks(187, &raw(&[b"1\x006\x001\x001\0", price, b"\x005\x000\0"].concat()));
        assert!(
            matches!(&events[..], [Event::Message(ServerMessage::TickPrice(TickPrice { price: None, .. }))]),
            "{events:?}"
        );
    }
    // W26: unknown protobuf fields are ignored; W30: end markers may be empty.
    let with_unknown = b"\0\0\0\xd1\x08\x2a\xfa\x3f\x01x";
    assert_eq!(
        between_ticks(226, &raw(with_unknown)),
        [Event::Message(ServerMessage::NextValidId(NextValidId { order_id: OrderId(42) }))]
    );
    assert!(matches!(&between_ticks(226, &raw(b"\0\0\0\xfd"))[..], [Event::Message(ServerMessage::OpenOrdersEnd(_))]));
    // A price without marks is a price.
    let unmarked = b"\0\0\0\xc9\x08\x01\x10\x01\x19\0\0\0\0\0\xa8\x66\x40\x22\x03200";
    for (version, payload) in [(226, &unmarked[..]), (187, b"1\x006\x001\x001\x00181.25\x00200\0\0")] {
        assert_eq!(between_ticks(version, &raw(payload)), [Event::Message(tick("181.25"))], "{version}");
    }
    // W22 and W23: text that is not UTF-8 is Latin-1; escapes are undone.
    let notice = |text: &[u8]| match &between_ticks(187, &raw(&[b"4\x002\x00-1\x002104\0", text, b"\0\0"].concat()))[..]
    {
        [Event::Message(ServerMessage::Notice(notice))] => notice.text.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(notice(b"caf\xe9"), "café");
    assert_eq!(notice(b"\\u4e2d\\u6587"), "中文");
    assert_eq!(notice("é".as_bytes()), "é");
}

#[test]
fn a_length_no_frame_has_ends_the_stream() {
    for announced in [0xFFFF_FFFF_u32, 0x8000_0000, 0x7FFF_FFFF, 0x0100_0000] {
        let mut connection = client(187); // W4, W5, W6
        connection.handle_input(&announced.to_be_bytes());
        assert_eq!(connection.poll_event(), Err(OutOfStep { announced }));
    }
}

#[test]
fn counts_are_bounded_by_the_frame() {
    // W25: a count is believed only as far as the frame could hold it.
    for count in ["2147483647", "-1", "1000"] {
        let mut body = BytesMut::new();
        ServerMessage::OpenOrder(Box::new(open_order()))
            .write(ServerVersion(187), Missing::LeaveOut, &mut body)
            .unwrap();
        let text = body[4..].to_vec();
        // The count of legs is the first field behind the legs' description, here the only empty run of that shape.
        let fields: Vec<&[u8]> = text.split(|byte| *byte == 0).collect();
        let mut refused = 0;
        for at in 0..fields.len() - 1 {
            let mut changed = fields.clone();
            changed[at] = count.as_bytes();
            let read = ServerMessage::read(&changed.join(&0), ServerVersion(187));
            refused += usize::from(matches!(read, Err(BadFrame { fault: Fault::BadCount(_), .. })));
        }
        assert!(refused >= 4, "{refused} lists refused the count {count}");
    }
}

fn open_order() -> OpenOrder {
    let order = Order::limit(tws_proto::kinds::Action::Sell, "5".parse().unwrap(), "10.5".parse().unwrap());
    OpenOrder { order_id: OrderId(3), contract: Contract::stock("SPY", "USD"), order, ..OpenOrder::default() }
}

#[test]
fn handshakes_survive_any_peer() {
    for (said, expected) in [
        (&b"HTTP/1.1 400 Bad Request\r\n"[..], "not a TWS"), // W8
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "not a TWS"),
        (b"\0\0\0\x0b100\x00now\x00\0\0\0\0", "not a TWS|too old|without"),
        (b"\0\0\0\x09150\x00time\0", "upgrade TWS"), // W11
    ] {
        let (client, _) = ClientHandshake::start(ServerVersion::NEWEST, "").unwrap();
        match client.handle_input(said) {
            Err(error) => assert!(expected.split('|').any(|word| error.to_string().contains(word)), "{error}"),
            Ok(Progress::More(_)) => assert!(expected.contains("without"), "{}", said.escape_ascii()),
            Ok(Progress::Done(_)) => panic!("a connection with {}", said.escape_ascii()),
        }
    }
    // W12: a server above our newest speaks our newest.
    let (client, _) = ClientHandshake::start(ServerVersion::NEWEST, "").unwrap();
    let Ok(Progress::Done((connection, _))) = client.handle_input(&raw(b"300\x00later\0")) else { panic!() };
    assert_eq!(connection.version(), ServerVersion::NEWEST);
    let (client, _) = ClientHandshake::start(ServerVersion(187), "").unwrap();
    let Ok(Progress::Done((connection, _))) = client.handle_input(&raw(b"226\x00deaf to the offer\0")) else {
        panic!()
    };
    assert_eq!(connection.version(), ServerVersion(187));
    // F1: frames may come before the answer; W1: in pieces of one byte.
    let (mut client, _) = ClientHandshake::start(ServerVersion::NEWEST, "+PACEAPI").unwrap();
    let mut bytes = raw(b"15\x001\x00DU1\0");
    bytes.extend(raw(b"187\x00time\0"));
    bytes.extend(frame(tick("3"), 187));
    let mut done = None;
    for byte in bytes {
        if let Some(connection) = &mut done {
            let connection: &mut Connection<Client> = connection;
            connection.handle_input(&[byte]);
            continue;
        }
        client = match client.handle_input(&[byte]) {
            Ok(Progress::More(client)) => client,
            Ok(Progress::Done((connection, _))) => {
                done = Some(connection);
                ClientHandshake::start(ServerVersion::NEWEST, "").unwrap().0
            }
            Err(error) => panic!("{error}"),
        };
    }
    assert_eq!(done.unwrap().poll_event(), Ok(Some(Event::Message(tick("3")))));
}

#[test]
fn servers_survive_any_client() {
    let server = || ServerHandshake::start(ServerVersion(187), "now");
    for said in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"API\0\xff\xff\xff\xff", b"API\0\0\0\0\x02hi", b"APx"] {
        assert!(matches!(server().handle_input(said), Err(HandshakeError::NotTws { .. })), "{}", said.escape_ascii());
    }
    assert!(matches!(server().handle_input(b"AP"), Ok(Progress::More(_))));
    let offer = |offer: &str| [b"API\0".to_vec(), raw(offer.as_bytes())].concat();
    assert!(matches!(server().handle_input(&offer("v100..150")), Err(HandshakeError::ClientVersions { .. })));
    assert!(matches!(server().handle_input(&offer("v200..226")), Err(HandshakeError::ClientVersions { .. })));
    let Ok(Progress::Done((connection, hello))) = server().handle_input(&offer("v100..226 +PACEAPI")) else { panic!() };
    assert_eq!((connection.version(), hello.options.as_str()), (ServerVersion(187), "+PACEAPI"));
    let flood = [b"API\0\0\0\xff\xff".to_vec(), vec![b'v'; 5000]].concat();
    assert!(matches!(server().handle_input(&flood), Err(HandshakeError::NoAnswer { .. })));
}

#[test]
fn text_is_refused_where_it_cannot_travel() {
    let start = |capabilities: &str| {
        let message = StartApi { client_id: ClientId(1), optional_capabilities: capabilities.to_owned() };
        let mut out = BytesMut::new();
        ClientMessage::from(message)
            .write(ServerVersion(187), Missing::Refuse, &mut out)
            .map_err(|refused| (refused.field, refused.fault))
    };
    assert_eq!(start("plain"), Ok(()));
    for text in ["é", "a\0b", "\u{7f}"] {
        assert_eq!(start(text), Err(("optional_capabilities", Fault::NotPrintable)));
    }
}

#[test]
fn a_number_that_stands_for_unset_is_refused_by_clients() {
    #[track_caller]
    fn check(field: &'static str, change: impl Fn(&mut PlaceOrder)) {
        let mut order = PlaceOrder {
            order_id: OrderId(1),
            contract: Contract::stock("IBM", "USD"),
            order: Order::limit(Action::Buy, 100.into(), 10.into()),
            attached: None,
        };
        change(&mut order);
        for version in [ServerVersion(187), ServerVersion::NEWEST] {
            let mut out = BytesMut::new();
            let refused = ClientMessage::from(Box::new(order.clone())).write(version, Missing::Refuse, &mut out);
            let refused = refused.map_err(|refused| (refused.field, refused.fault));
            assert_eq!(refused, Err((field, Fault::StandsForUnset)), "{version}");
        }
    }
    let most = Decimal::from(i32::MAX);
    check("order_id", |place| place.order_id = OrderId(i32::MAX));
    check("minimum_quantity", |place| place.order.minimum_quantity = Some(i32::MAX));
    check("display_size", |place| place.order.display_size = Some(i32::MAX));
    check("trigger_method", |place| place.order.trigger_method = Some(i32::MAX.into()));
    check("limit_price", |place| place.order.limit_price = Some(most));
    check("limit_price", |place| place.order.limit_price = Some(Decimal::new(21_474_836_470, 1)));
    check("total_quantity", |place| place.order.total_quantity = Some(i64::MAX.into()));
    check("total_quantity", |place| place.order.total_quantity = Some(i64::MIN.into()));
    check("volume", |place| {
        place.order.conditions.push(Condition::Volume {
            conjunction: Conjunction::And,
            bound: Bound::Above,
            volume: Some(i32::MAX),
            contract_id: Some(ContractId(1)),
            exchange: "SMART".to_owned(),
        });
    });
    let mut out = BytesMut::new();
    let filter = ExecutionFilter { dates: vec![i32::MAX], ..ExecutionFilter::default() };
    let request = RequestExecutions { request_id: RequestId(1), filter: Some(filter) };
    let refused = ClientMessage::from(Box::new(request)).write(ServerVersion::NEWEST, Missing::Refuse, &mut out);
    assert_eq!(refused.map_err(|refused| (refused.field, refused.fault)), Err(("dates", Fault::StandsForUnset)));
    // TWS itself tells executions of orders made by hand so.
    let execution = Execution { order_id: Some(OrderId(i32::MAX)), ..execution().execution };
    let told = ServerMessage::from(Box::new(ExecutionData { execution, ..self::execution() }));
    assert_eq!(told.write(ServerVersion::NEWEST, Missing::LeaveOut, &mut out), Ok(()));
}

#[test]
fn a_known_word_means_the_same_however_it_was_made() {
    #[track_caller]
    fn check(change: impl Fn(&mut PlaceOrder)) {
        let mut place = PlaceOrder {
            order_id: OrderId(1),
            contract: Contract::stock("IBM", "USD"),
            order: Order::limit(Action::Buy, 100.into(), 10.into()),
            attached: None,
        };
        change(&mut place);
        let sent = ClientMessage::from(Box::new(place));
        let mut out = BytesMut::new();
        sent.clone().write(ServerVersion(187), Missing::Refuse, &mut out).unwrap();
        let came = ClientMessage::read(&out[4..], ServerVersion(187)).unwrap_or_else(|bad| panic!("{bad}"));
        assert_eq!(serde_json::to_value(came.message).unwrap(), serde_json::to_value(sent).unwrap());
    }
    // The fields that follow depend on these words: with another idea of them the rest of the order would shift.
    check(|place| place.contract.security_type = Some(SecurityType::Other("BAG".to_owned())));
    for word in ["PEG BENCH", "PEG BEST", "PEG MID"] {
        check(|place| place.order.order_type = OrderType::Other(word.to_owned()));
    }
}

#[test]
fn ticks_stay_small() {
    assert!(size_of::<ServerMessage>() <= 136, "{}", size_of::<ServerMessage>());
    assert!(size_of::<ClientMessage>() <= 136, "{}", size_of::<ClientMessage>());
}

fn samples() -> Vec<ServerMessage> {
    vec![
        tick("181.25"),
        ServerMessage::OpenOrder(Box::new(open_order())),
        ServerMessage::ExecutionData(Box::new(ExecutionData {
            contract: Contract::stock("IBM", "USD"),
            ..execution()
        })),
        ServerMessage::Position(Box::new(Position { account: "DU1".to_owned(), ..Position::default() })),
        ServerMessage::Notice(Box::new(Notice { code: 201, text: "no\\u0041".to_owned(), ..Notice::default() })),
    ]
}

fn execution() -> ExecutionData {
    let mut data = ExecutionData::default();
    data.execution.side = tws_proto::kinds::ExecutionSide::Bought;
    data
}

proptest! {
    #[test]
    fn any_payload_is_a_message_or_a_bad_frame(payload: Vec<u8>, version in 176..=226) {
        let _ = ServerMessage::read(&payload, ServerVersion(version));
        let _ = ClientMessage::read(&payload, ServerVersion(version));
    }

    #[test]
    fn any_damage_is_a_message_or_a_bad_frame(which in 0..5_usize, version in 176..=226, at: prop::sample::Index, byte: u8, cut: bool) {
        let mut payload = frame_lenient(samples().swap_remove(which), version)[4..].to_vec();
        let at = at.index(payload.len());
        if cut { payload.truncate(at) } else { payload[at] = byte }
        let _ = ServerMessage::read(&payload, ServerVersion(version));
    }

    #[test]
    fn a_stream_is_read_the_same_in_any_pieces(pieces in prop::collection::vec(1..40_usize, 1..60), version in 176..=226) {
        let mut stream = BytesMut::new();
        for message in samples() {
            stream.extend_from_slice(&frame_lenient(message, version));
        }
        let read = |pieces: &[usize]| {
            let mut connection = client(version);
            let (mut events, mut rest) = (Vec::new(), &stream[..]);
            for piece in pieces.iter().copied().chain([stream.len()]) {
                let (now, later) = rest.split_at(piece.min(rest.len()));
                connection.handle_input(now);
                rest = later;
                while let Some(event) = connection.poll_event().unwrap() {
                    events.push(event);
                }
            }
            events
        };
        prop_assert_eq!(read(&pieces), read(&[]));
    }

    #[test]
    fn placed_orders_survive_any_damage(version in 176..=226, at: prop::sample::Index, byte: u8) {
        let place = PlaceOrder { order_id: OrderId(1), contract: Contract::stock("IBM", "USD"), order: open_order().order, attached: None };
        let mut out = BytesMut::new();
        ClientMessage::from(Box::new(place)).write(ServerVersion(version), Missing::Refuse, &mut out).unwrap();
        let mut payload = out[4..].to_vec();
        let at = at.index(payload.len());
        payload[at] = byte;
        let _ = ClientMessage::read(&payload, ServerVersion(version));
    }
}

fn frame_lenient(message: ServerMessage, version: i32) -> BytesMut {
    let mut out = BytesMut::new();
    message.write(ServerVersion(version), Missing::LeaveOut, &mut out).unwrap();
    out
}
