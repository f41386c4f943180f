//! Decoding of a price tick, the message that comes most.

use std::hint::black_box;

use bytes::{Buf, BytesMut};
use prost::Message as _;
use rust_decimal::Decimal;
use tws_proto::ids::RequestId;
use tws_proto::kinds::TickKind;
use tws_proto::message::{Decoded, Message, TickAttributes, TickPrice};
use tws_proto::{Missing, ServerMessage, ServerVersion};

use crate::harness::{Comparison, Contender};
use crate::peers;

const TEXT: ServerVersion = ServerVersion(187);
const PROTOBUF: ServerVersion = ServerVersion(226);
/// The length in front of each frame.
const PREFIX_BYTES: usize = 4;

/// Decoding in both forms.
pub(crate) fn comparisons() -> Vec<Comparison> {
    vec![text(), protobuf()]
}

fn tick() -> TickPrice {
    TickPrice {
        request_id: RequestId(1002),
        kind: TickKind::Bid,
        price: Some(Decimal::new(18_455, 2)),
        size: Some(Decimal::new(300, 0)),
        attributes: Some(TickAttributes(1)),
    }
}

fn frame(version: ServerVersion) -> BytesMut {
    let mut frame = BytesMut::new();
    ServerMessage::from(tick()).write(version, Missing::Refuse, &mut frame).expect("a tick travels at any version");
    frame
}

fn payload(version: ServerVersion) -> Vec<u8> {
    frame(version).split_off(PREFIX_BYTES).to_vec()
}

fn ours(payload: &[u8], version: ServerVersion) -> TickPrice {
    match ServerMessage::read(payload, version) {
        Ok(Decoded { message: ServerMessage::TickPrice(tick), .. }) => tick,
        other => unreachable!("our own frame, read as {other:?}"),
    }
}

/// What a quick hand writes: fields as text, prices as doubles.
fn split_and_parse(payload: &[u8]) -> (i32, i32, f64, f64, i32, Vec<String>) {
    let text = std::str::from_utf8(payload).expect("ASCII");
    let fields: Vec<String> = text.split('\0').map(str::to_owned).collect();
    let number = |at: usize| fields[at].parse::<f64>().expect("a number");
    let integer = |at: usize| fields[at].parse::<i32>().expect("an integer");
    (integer(2), integer(3), number(4), number(5), integer(6), fields)
}

/// What a careful hand writes: no copies, a byte search, exact decimals.
fn search_and_parse(payload: &[u8]) -> (i32, i32, Decimal, Decimal, i32) {
    let mut left = payload;
    let mut field = || {
        let end = left.iter().position(|byte| *byte == 0).expect("a field ends with NUL");
        let (field, rest) = left.split_at(end);
        left = &rest[1..];
        std::str::from_utf8(field).expect("ASCII")
    };
    let (_id, _version) = (field(), field());
    let integer = |text: &str| text.parse::<i32>().expect("an integer");
    let decimal = |text: &str| Decimal::from_str_exact(text).expect("a decimal");
    (integer(field()), integer(field()), decimal(field()), decimal(field()), integer(field()))
}

/// The generated struct, then what a caller needs to compute with it: exact decimals.
fn with_prost(payload: &[u8]) -> (i32, i32, Decimal, Decimal, i32) {
    let mut body = payload;
    assert_eq!(body.get_i32(), 201, "id of the tick + 200");
    let tick = peers::TickPrice::decode(body).expect("our own frame");
    (
        tick.request_id.expect("set"),
        tick.tick_type.expect("set"),
        Decimal::try_from(tick.price.expect("set")).expect("finite"),
        Decimal::from_str_exact(&tick.size.expect("set")).expect("a decimal"),
        tick.attr_mask.expect("set"),
    )
}

fn text() -> Comparison {
    let payload = payload(TEXT);
    let exact = (1002, 1, Decimal::new(18_455, 2), Decimal::new(300, 0), 1);
    assert_eq!(ours(&payload, TEXT), tick());
    assert_eq!(search_and_parse(&payload), exact);
    let (request_id, kind, price, ..) = split_and_parse(&payload);
    assert_eq!((request_id, kind, price), (1002, 1, 184.55));

    let (first, second, third) = (payload.clone(), payload.clone(), payload.clone());
    Comparison {
        name: "decode TICK_PRICE, text (version 187)",
        frame_bytes: payload.len() + PREFIX_BYTES,
        contenders: vec![
            Contender::new("tws-proto: typed, checked, exact", move || ours(black_box(&first), TEXT)),
            Contender::new("str::split into Strings, parse::<f64>", move || split_and_parse(black_box(&second))),
            Contender::new("byte search, rust_decimal", move || search_and_parse(black_box(&third))),
        ],
    }
}

fn protobuf() -> Comparison {
    let payload = payload(PROTOBUF);
    assert_eq!(ours(&payload, PROTOBUF), tick());
    assert_eq!(with_prost(&payload), (1002, 1, Decimal::new(18_455, 2), Decimal::new(300, 0), 1));

    let (first, second, third) = (payload.clone(), payload.clone(), payload.clone());
    Comparison {
        name: "decode TICK_PRICE, protobuf (version 226)",
        frame_bytes: payload.len() + PREFIX_BYTES,
        contenders: vec![
            Contender::new("tws-proto: typed, checked, exact", move || ours(black_box(&first), PROTOBUF)),
            Contender::new("prost, then rust_decimal", move || with_prost(black_box(&second))),
            Contender::new("prost alone (double and String)", move || {
                peers::TickPrice::decode(&black_box(&third)[PREFIX_BYTES..])
            }),
        ],
    }
}
