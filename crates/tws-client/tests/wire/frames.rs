//! Frames by hand, right and wrong ones.

use bytes::BytesMut;
use tws_proto::ids::OrderId;
use tws_proto::kinds::Status;
use tws_proto::message::{Message, OrderStatus, ServerMessage};
use tws_proto::{Missing, ServerVersion};

/// The last version before protobuf: everything is text, ids too.
pub(crate) const TEXT: i32 = 187;
/// Text with ids of four bytes; executions are protobuf, quotes are not.
pub(crate) const BETWEEN: i32 = 202;
/// Everything is protobuf.
pub(crate) const PROTOBUF: i32 = 226;

/// A payload behind its length.
pub(crate) fn framed(payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap();
    [&length.to_be_bytes(), payload].concat()
}

/// A message as text; `|` stands for the NUL behind each field.
pub(crate) fn text(version: i32, id: i32, fields: &str) -> Vec<u8> {
    text_bytes(version, id, fields.replace('|', "\0").as_bytes())
}

/// A message as text, its fields byte by byte.
pub(crate) fn text_bytes(version: i32, id: i32, fields: &[u8]) -> Vec<u8> {
    let mut payload = if version < 201 { format!("{id}\0").into_bytes() } else { id.to_be_bytes().to_vec() };
    payload.extend_from_slice(fields);
    framed(&payload)
}

/// A message in protobuf.
pub(crate) fn protobuf(id: i32, fields: &[(u64, Field<'_>)]) -> Vec<u8> {
    let mut payload = (id + 200).to_be_bytes().to_vec();
    payload.extend(body(fields));
    framed(&payload)
}

/// One field of a protobuf body.
#[derive(Clone, Debug)]
pub(crate) enum Field<'a> {
    Integer(i64),
    Double(f64),
    Text(&'a [u8]),
    Nested(Vec<u8>),
    /// Wire type 5, which TWS never writes.
    Fixed32(u32),
}

/// A protobuf body.
pub(crate) fn body(fields: &[(u64, Field<'_>)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (tag, field) in fields {
        put_field(*tag, field, &mut out);
    }
    out
}

fn put_field(tag: u64, field: &Field<'_>, out: &mut Vec<u8>) {
    let bytes = match field {
        Field::Integer(number) => {
            put_varint(tag << 3, out);
            return put_varint(*number as u64, out);
        }
        Field::Double(number) => {
            put_varint(tag << 3 | 1, out);
            return out.extend(number.to_le_bytes());
        }
        Field::Fixed32(number) => {
            put_varint(tag << 3 | 5, out);
            return out.extend(number.to_le_bytes());
        }
        Field::Text(bytes) => *bytes,
        Field::Nested(bytes) => bytes,
    };
    put_varint(tag << 3 | 2, out);
    put_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn put_varint(mut left: u64, out: &mut Vec<u8>) {
    while left >= 0x80 {
        out.push(left as u8 & 0x7F | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
}

/// A message as TWS writes it at this version.
pub(crate) fn written(version: i32, message: impl Into<ServerMessage>) -> Vec<u8> {
    let mut frame = BytesMut::new();
    message.into().write(ServerVersion(version), Missing::LeaveOut, &mut frame).unwrap();
    frame.to_vec()
}

/// A notice with these words, byte by byte, in the form of the version.
pub(crate) fn notice(version: i32, words: &[u8]) -> Vec<u8> {
    if version < 203 {
        let mut fields = if version < 194 { b"2\0-1\x002100\0".to_vec() } else { b"-1\x002100\0".to_vec() };
        fields.extend_from_slice(words);
        fields.extend_from_slice(if version < 194 { b"\0\0" } else { b"\0\x000\0" });
        return text_bytes(version, 4, &fields);
    }
    protobuf(4, &[(1, Field::Integer(-1)), (3, Field::Integer(2100)), (4, Field::Text(words))])
}

/// An order works.
pub(crate) fn status(version: i32, order_id: i32) -> Vec<u8> {
    let status = OrderStatus { order_id: OrderId(order_id), status: Status::Submitted, ..OrderStatus::default() };
    written(version, Box::new(status))
}

/// The fields of a text frame below version 201, the id first.
pub(crate) fn fields_of(frame: &[u8]) -> Vec<Vec<u8>> {
    let mut fields: Vec<Vec<u8>> = frame[4..].split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
    assert_eq!(fields.pop(), Some(Vec::new()), "the last field ends in a NUL");
    fields
}

/// The text frame of these fields.
pub(crate) fn of_fields(fields: &[Vec<u8>]) -> Vec<u8> {
    framed(&fields.iter().flat_map(|field| [field.as_slice(), b"\0"].concat()).collect::<Vec<u8>>())
}
