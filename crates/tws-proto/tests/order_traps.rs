//! The oddities of orders on the wire, each by its name.

use bytes::BytesMut;
use rust_decimal::Decimal;
use tws_proto::ids::OrderId;
use tws_proto::kinds::{Action, AlgoStrategy};
use tws_proto::message::{ClientMessage, Message, OpenOrder, PlaceOrder, ServerMessage};
use tws_proto::tags::TagValue;
use tws_proto::{Contract, Fault, Missing, Order, ServerVersion};

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn write(message: impl Message, version: i32) -> Vec<u8> {
    let mut frame = BytesMut::new();
    message.write(ServerVersion(version), Missing::Refuse, &mut frame).unwrap();
    frame[4..].to_vec()
}

fn place(change: impl FnOnce(&mut PlaceOrder)) -> ClientMessage {
    let mut place = PlaceOrder {
        order_id: OrderId(1),
        contract: Contract::stock("IBM", "USD"),
        order: Order::limit(Action::Buy, decimal("100"), decimal("181.25")),
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
    let sent = write(place(|_| {}), 226);
    let field = b"\x90\x04\x01"; // tag 66 as a varint, true
    let at = sent.windows(3).position(|window| window == field).unwrap();
    assert!(read_placed(&sent, 226).order.transmit);
    // The same without the field: lengths before it shrink, so it is turned into a field that nobody knows.
    let mut without = sent.clone();
    without[at..at + 2].copy_from_slice(b"\x90\x7d");
    assert!(!read_placed(&without, 226).order.transmit);
    let held_back = write(place(|place| place.order.transmit = false), 226);
    assert!(!held_back.windows(2).any(|window| window == b"\x90\x04"), "false is written as silence");
    assert!(!read_placed(&held_back, 226).order.transmit);
}

#[test]
fn unset_is_written_as_the_maximum_or_empty_and_read_as_either() {
    let text = write(place(|place| (place.order.trigger_price, place.order.limit_price) = (None, None)), 187);
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
    let message = place(|place| place.contract.multiplier = Some(decimal("2.5")));
    let text = write(message.clone(), 187);
    assert!(text.split(|byte| *byte == 0).any(|field| field == b"2.5"));
    let protobuf = write(message, 226);
    let field = [&b"\x39"[..], &2.5_f64.to_le_bytes()].concat(); // tag 7, eight bytes
    assert!(protobuf.windows(9).any(|window| window == field));
    for (payload, version) in [(text, 187), (protobuf, 226)] {
        assert_eq!(read_placed(&payload, version).contract.multiplier, Some(decimal("2.5")));
    }
}

#[test]
fn of_two_trailing_stops_the_second_one_wins() {
    let order =
        Order { trail_stop_price: Some(decimal("11.5")), ..Order::limit(Action::Sell, decimal("1"), decimal("9")) };
    let open =
        OpenOrder { order_id: OrderId(1), contract: Contract::stock("IBM", "USD"), order, ..OpenOrder::default() };
    let text = write(ServerMessage::from(Box::new(open)), 187);
    let fields: Vec<&[u8]> = text.split(|byte| *byte == 0).collect();
    let places: Vec<usize> = (0..fields.len()).filter(|at| fields[*at] == b"11.5").collect();
    assert_eq!(places.len(), 2);
    for (place, expected) in [(places[0], "11.5"), (places[1], "99")] {
        let mut changed = fields.clone();
        changed[place] = b"99";
        match ServerMessage::read(&changed.join(&0), ServerVersion(187)).unwrap().message {
            ServerMessage::OpenOrder(open) => assert_eq!(open.order.trail_stop_price, Some(decimal(expected))),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn placed_orders_have_no_version_field_and_carry_fillers_from_187_to_189() {
    let fields = |version| write(place(|_| {}), version).split(|byte| *byte == 0).count();
    assert!(write(place(|_| {}), 187).starts_with(b"3\x001\0"), "the order id stands behind the message id");
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
    let place = |version| {
        let place =
            PlaceOrder { contract: Contract::stock("IBM", "USD"), order: order.clone(), ..PlaceOrder::default() };
        let mut out = BytesMut::new();
        let written = ClientMessage::from(Box::new(place)).write(ServerVersion(version), Missing::Refuse, &mut out);
        written.map_err(|refused| (refused.field, refused.fault))
    };
    assert_eq!(place(202), Ok(())); // a list in text
    assert_eq!(place(203), Err(("algo_parameters", Fault::DuplicateTag)));
}
