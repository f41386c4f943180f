//! Encoding of a limit order and decoding of an open order, the longest messages.

use std::hint::black_box;

use bytes::{Buf, BufMut, BytesMut};
use prost::Message as _;
use rust_decimal::Decimal;
use serde_json::json;
use tws_proto::ids::{ClientId, ContractId, OrderId, PermanentId};
use tws_proto::kinds::{Action, Status, TimeInForce};
use tws_proto::message::{Message, OpenOrder, PlaceOrder};
use tws_proto::order_state::OrderState;
use tws_proto::{ClientMessage, Contract, Missing, Order, ServerMessage, ServerVersion};

use crate::harness::{Comparison, Contender};
use crate::peers;

const TEXT: ServerVersion = ServerVersion(187);
const PROTOBUF: ServerVersion = ServerVersion(226);
/// The length in front of each frame.
const PREFIX_BYTES: usize = 4;
/// The length and the binary message id in front of a protobuf body.
const HEAD_BYTES: usize = 8;

/// Encoding and decoding in both forms.
pub(crate) fn comparisons() -> Vec<Comparison> {
    vec![
        encode_text(),
        encode_protobuf(),
        decode_text("decode OPEN_ORDER, mostly unset, text (version 187)", open_order()),
        decode_protobuf("decode OPEN_ORDER, mostly unset, protobuf (version 226)", open_order()),
        decode_text("decode OPEN_ORDER, mostly set, text (version 187)", full_open_order()),
        decode_protobuf("decode OPEN_ORDER, mostly set, protobuf (version 226)", full_open_order()),
    ]
}

fn contract() -> Contract {
    Contract {
        contract_id: Some(ContractId(8314)),
        local_symbol: "IBM".to_owned(),
        trading_class: "IBM".to_owned(),
        ..Contract::stock("IBM", "USD")
    }
}

fn order() -> Order {
    Order {
        account: "DU1234567".to_owned(),
        order_reference: "bench".to_owned(),
        time_in_force: Some(TimeInForce::Day),
        ..Order::limit(Action::Buy, Decimal::new(100, 0), Decimal::new(18_455, 2))
    }
}

fn placement() -> ClientMessage {
    let order = PlaceOrder { order_id: OrderId(7), contract: contract(), order: order(), attached: None };
    ClientMessage::from(Box::new(order))
}

fn open_order() -> ServerMessage {
    let told = Order {
        client_id: Some(ClientId(1)),
        order_id: Some(OrderId(7)),
        permanent_id: Some(PermanentId(1_234_567_890)),
        ..order()
    };
    let state = OrderState {
        status: Some(Status::Submitted),
        commission: Some(Decimal::new(100, 2)),
        commission_currency: "USD".to_owned(),
        ..OrderState::default()
    };
    ServerMessage::from(Box::new(OpenOrder { order_id: OrderId(7), contract: contract(), order: told, state }))
}

/// An open order with every field set that can be set on its own and travels in both forms.
fn full_open_order() -> ServerMessage {
    let frame = write(open_order(), PROTOBUF);
    let base = ServerMessage::read(&frame[PREFIX_BYTES..], PROTOBUF).expect("our own frame").message;
    let mut full = serde_json::to_value(base).expect("a message is JSON");
    for part in ["contract", "order", "state"] {
        let names: Vec<String> = full["OpenOrder"][part].as_object().expect("a struct").keys().cloned().collect();
        for name in names {
            let value = full["OpenOrder"][part][&name].take();
            let is_set = !(value.is_null() || value == json!("") || value == json!(false));
            let candidates = [json!(true), json!("12.5"), json!(2), json!("X1")];
            full["OpenOrder"][part][&name] = value.clone();
            if is_set || value.is_array() {
                continue;
            }
            for candidate in candidates {
                full["OpenOrder"][part][&name] = candidate;
                if travels(&full) {
                    break;
                }
                full["OpenOrder"][part][&name] = value.clone();
            }
        }
    }
    serde_json::from_value(full).expect("tried before")
}

/// Whether the JSON is a message that comes back from the protobuf form as it went, and from the text form at all.
fn travels(message: &serde_json::Value) -> bool {
    let Ok(message) = serde_json::from_value::<ServerMessage>(message.clone()) else { return false };
    let back = |version| {
        let mut frame = BytesMut::new();
        message.clone().write(version, Missing::LeaveOut, &mut frame).ok()?;
        Some(ServerMessage::read(&frame[PREFIX_BYTES..], version).ok()?.message)
    };
    back(PROTOBUF).as_ref() == Some(&message)
        && back(TEXT).is_some_and(|read| write(read, TEXT) == write(message, TEXT))
}

fn write(message: impl Message, version: ServerVersion) -> BytesMut {
    let mut frame = BytesMut::with_capacity(1024);
    message.write(version, Missing::LeaveOut, &mut frame).expect("the message travels at this version");
    frame
}

/// A message in a frame, as the wire wants it.
fn write_with_prost(message: &impl prost::Message, id: i32) -> BytesMut {
    let mut frame = BytesMut::with_capacity(1024);
    frame.put_u32(4 + message.encoded_len() as u32);
    frame.put_i32(200 + id);
    message.encode(&mut frame).expect("a growing buffer has room");
    frame
}

/// The fields of a text payload, as the values that a hand-written client has when it sends them.
enum Value {
    Text(String),
    Integer(i64),
    Double(f64),
}

impl Value {
    fn of(field: &str) -> Self {
        if let Ok(integer) = field.parse() {
            Self::Integer(integer)
        } else if let Ok(double) = field.parse() {
            Self::Double(double)
        } else {
            Self::Text(field.to_owned())
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Integer(integer) => integer.to_string(),
            // As IB's clients spell it; Display would print 309 digits.
            Self::Double(double) if *double == f64::MAX => "1.7976931348623157E308".to_owned(),
            Self::Double(double) => double.to_string(),
        }
    }
}

fn values(payload: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(payload).expect("ASCII");
    text.strip_suffix('\0').unwrap_or(text).split('\0').map(Value::of).collect()
}

/// What many clients do: each field to a String, the Strings joined.
fn join(values: &[Value]) -> BytesMut {
    let fields: Vec<String> = values.iter().map(Value::text).collect();
    let payload = fields.join("\0");
    let mut frame = BytesMut::with_capacity(PREFIX_BYTES + payload.len() + 1);
    frame.put_u32(payload.len() as u32 + 1);
    frame.put_slice(payload.as_bytes());
    frame.put_u8(0);
    frame
}

fn encode_text() -> Comparison {
    let message = placement();
    let frame = write(message.clone(), TEXT);
    let values = values(&frame[PREFIX_BYTES..]);
    assert_eq!(join(&values), frame);
    Comparison {
        name: "encode PLACE_ORDER, a limit order, text (version 187)",
        frame_bytes: frame.len(),
        contenders: vec![
            Contender::new("tws-proto: clone of the message, write", move || write(black_box(&message).clone(), TEXT)),
            Contender::new("values to Strings, joined", move || join(black_box(&values))),
        ],
    }
}

fn encode_protobuf() -> Comparison {
    let message = placement();
    let frame = write(message.clone(), PROTOBUF);
    let peer = peers::PlaceOrder::decode(&frame[HEAD_BYTES..]).expect("our own frame");
    assert_eq!(write_with_prost(&peer, 3), frame, "the peer writes the same bytes");
    let second = peer.clone();
    Comparison {
        name: "encode PLACE_ORDER, a limit order, protobuf (version 226)",
        frame_bytes: frame.len(),
        contenders: vec![
            Contender::new("tws-proto: clone of the message, write", move || {
                write(black_box(&message).clone(), PROTOBUF)
            }),
            Contender::new("prost: clone of the message, encode", move || {
                write_with_prost(&black_box(&peer).clone(), 3)
            }),
            Contender::new("prost: encode", move || write_with_prost(black_box(&second), 3)),
        ],
    }
}

fn decode_text(name: &'static str, message: ServerMessage) -> Comparison {
    let frame = write(message, TEXT);
    let payload = frame[PREFIX_BYTES..].to_vec();
    let read = |payload: &[u8]| ServerMessage::read(payload, TEXT).expect("our own frame").message;
    assert_eq!(write(read(&payload), TEXT), frame, "what was read is what was written");
    let second = payload.clone();
    Comparison {
        name,
        frame_bytes: frame.len(),
        contenders: vec![
            Contender::new("tws-proto: typed, checked, exact", move || read(black_box(&payload))),
            Contender::new("str::split, parse or String, untyped", move || values(black_box(&second))),
        ],
    }
}

fn decode_protobuf(name: &'static str, message: ServerMessage) -> Comparison {
    let frame = write(message, PROTOBUF);
    let payload = frame[PREFIX_BYTES..].to_vec();
    let read = |payload: &[u8]| ServerMessage::read(payload, PROTOBUF).expect("our own frame").message;
    assert_eq!(write(read(&payload), PROTOBUF), frame, "what was read is what was written");
    let peer = |payload: &[u8]| {
        let mut body = payload;
        assert_eq!(body.get_i32(), 205, "id of the open order + 200");
        let open = peers::OpenOrder::decode(body).expect("our own frame");
        let order = open.order.as_ref().expect("set");
        let quantity = Decimal::from_str_exact(order.total_quantity.as_deref().expect("set")).expect("a decimal");
        let limit = Decimal::try_from(order.lmt_price.expect("set")).expect("finite");
        (open, quantity, limit)
    };
    assert_eq!(write_with_prost(&peer(&payload).0, 5), frame, "the peer knows every field of the frame");
    let second = payload.clone();
    Comparison {
        name,
        frame_bytes: frame.len(),
        contenders: vec![
            Contender::new("tws-proto: typed, checked, exact", move || read(black_box(&payload))),
            Contender::new("prost, then two of the decimals", move || peer(black_box(&second))),
        ],
    }
}
