//! A stream of ticks, as a socket gives it: frames are split off, read and handed over one by one.

use std::cell::RefCell;
use std::hint::black_box;

use bytes::{BufMut, BytesMut};
use rust_decimal::Decimal;
use tws_proto::connection::{Client, Connection, Event};
use tws_proto::handshake::{ClientHandshake, Progress};
use tws_proto::ids::RequestId;
use tws_proto::kinds::TickKind;
use tws_proto::message::{Message, TickAttributes, TickPrice};
use tws_proto::{Missing, ServerMessage, ServerVersion};

use crate::harness::{Comparison, Contender};

const TEXT: ServerVersion = ServerVersion(187);
/// How many ticks a read of the socket brings.
const TICKS: i64 = 100;

/// Reading a stream in the text form.
pub(crate) fn comparisons() -> Vec<Comparison> {
    vec![text()]
}

fn stream() -> Vec<u8> {
    let mut stream = BytesMut::new();
    for at in 0..TICKS {
        let tick = TickPrice {
            request_id: RequestId(1000 + at as i32),
            kind: if at % 2 == 0 { TickKind::Bid } else { TickKind::Ask },
            price: Some(Decimal::new(18_455 + 7 * at, 2)),
            size: Some(Decimal::new(100 * (1 + at % 12), 0)),
            attributes: Some(TickAttributes(1)),
        };
        ServerMessage::from(tick).write(TEXT, Missing::Refuse, &mut stream).expect("a tick travels at any version");
    }
    stream.to_vec()
}

fn connect() -> Connection<Client> {
    let (handshake, _greeting) = ClientHandshake::start(TEXT, "").expect("no options");
    let payload = format!("{TEXT}\020261122 15:00:00 EST\0");
    let mut answer = BytesMut::new();
    answer.put_u32(payload.len() as u32);
    answer.put_slice(payload.as_bytes());
    match handshake.handle_input(&answer).expect("a TWS") {
        Progress::Done((connection, _)) => connection,
        Progress::More(_) => unreachable!("the answer is whole"),
    }
}

/// Hands every tick to `black_box`, and says how many there were.
fn ours(connection: &mut Connection<Client>, bytes: &[u8]) -> i64 {
    let mut ticks = 0;
    connection.handle_input(bytes);
    while let Some(event) = connection.poll_event().expect("in step") {
        match black_box(event) {
            Event::Message(ServerMessage::TickPrice(_)) => ticks += 1,
            other => unreachable!("our own stream, read as {other:?}"),
        }
    }
    ticks
}

/// The least that a client can do: lengths, fields, doubles, and nothing checked that need not be.
fn bare(mut bytes: &[u8]) -> i64 {
    let mut ticks = 0;
    while let Some((length, after)) = bytes.split_first_chunk() {
        let (payload, rest) = after.split_at(u32::from_be_bytes(*length) as usize);
        bytes = rest;
        let mut fields = payload.split(|byte| *byte == 0).map(|field| std::str::from_utf8(field).expect("ASCII"));
        let mut field = || fields.next().expect("a tick has seven fields");
        let (_id, _version) = (field(), field());
        let integer = |text: &str| text.parse::<i32>().expect("an integer");
        let double = |text: &str| text.parse::<f64>().expect("a number");
        black_box((integer(field()), integer(field()), double(field()), double(field()), integer(field())));
        ticks += 1;
    }
    ticks
}

fn text() -> Comparison {
    let stream = stream();
    let connection = RefCell::new(connect());
    assert_eq!(ours(&mut connection.borrow_mut(), &stream), TICKS);
    assert_eq!(bare(&stream), TICKS);
    let second = stream.clone();
    Comparison {
        name: "read, split and decode a stream of 100 ticks, text (version 187)",
        frame_bytes: stream.len(),
        contenders: vec![
            Contender::new("tws-proto: Connection, typed, checked, exact", move || {
                ours(&mut connection.borrow_mut(), black_box(&stream))
            }),
            Contender::new("bare loop: split, parse::<f64>", move || bare(black_box(&second))),
        ],
    }
}
