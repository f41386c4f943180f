//! The id of a request whose frame could not be read, so that the answer can name it.

use tws_proto::ServerVersion;
use tws_proto::message::{ClientMessage, Facts, Message};

/// Ids above this are protobuf's.
const PROTOBUF_ID_OFFSET: i32 = 200;

/// The request or order id of the first frame in `input`, where the message has one and it can be read.
pub(crate) fn request_id(input: &[u8], version: ServerVersion) -> Option<i32> {
    let length = u32::from_be_bytes(input.get(..4)?.try_into().ok()?);
    let payload = input.get(4..4 + usize::try_from(length).ok()?)?;
    let (id, body) = if version >= ServerVersion::PROTOBUF {
        (i32::from_be_bytes(payload.get(..4)?.try_into().ok()?), payload.get(4..)?)
    } else {
        let (id, body) = field(payload)?;
        (id, body)
    };
    if id > PROTOBUF_ID_OFFSET {
        facts(id - PROTOBUF_ID_OFFSET)?;
        return first_varint(body);
    }
    let facts = facts(id)?;
    let body = match behind_version(facts.name, version)? {
        VersionField::Absent => body,
        VersionField::Present => field(body)?.1,
    };
    field(body).map(|(id, _)| id)
}

enum VersionField {
    Absent,
    Present,
}

/// Whether a version stands before the id in the text form; `None` where the message has no id.
fn behind_version(name: &str, version: ServerVersion) -> Option<VersionField> {
    Some(match name {
        "PLACE_ORDER" | "REQ_TICK_BY_TICK_DATA" | "CANCEL_TICK_BY_TICK_DATA" => VersionField::Absent,
        "CANCEL_ORDER" if version >= ServerVersion::CME_TAGGING_FIELDS => VersionField::Absent,
        "CANCEL_ORDER"
        | "REQ_MKT_DATA"
        | "CANCEL_MKT_DATA"
        | "REQ_EXECUTIONS"
        | "REQ_CONTRACT_DATA"
        | "REQ_ACCOUNT_SUMMARY"
        | "CANCEL_ACCOUNT_SUMMARY" => VersionField::Present,
        _ => return None,
    })
}

fn facts(id: i32) -> Option<&'static Facts> {
    ClientMessage::ALL
        .iter()
        .find(|facts| facts.id == id)
        .filter(|facts| behind_version(facts.name, ServerVersion::NEWEST).is_some())
}

fn field(bytes: &[u8]) -> Option<(i32, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    let number = std::str::from_utf8(bytes.get(..end)?).ok()?.parse().ok()?;
    Some((number, bytes.get(end + 1..)?))
}

/// The value of protobuf field 1 where it comes first and is a varint.
fn first_varint(body: &[u8]) -> Option<i32> {
    let (tag, rest) = body.split_first()?;
    if *tag != 0x08 {
        return None;
    }
    let mut value = 0_u64;
    for (shift, byte) in (0..64).step_by(7).zip(rest) {
        value |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return i32::try_from(value as i64).ok(); // negative ids are ten bytes of two's complement
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(version: i32, payload: &[u8], expected: Option<i32>) {
        let mut frame = (payload.len() as u32).to_be_bytes().to_vec();
        frame.extend_from_slice(payload);
        assert_eq!(request_id(&frame, ServerVersion(version)), expected);
    }

    #[test]
    fn ids_are_found_where_they_stand() {
        check(176, b"1\x0011\x007\0junk", Some(7));
        check(176, b"3\x0042\0junk", Some(42));
        check(176, b"4\x001\x0042\0", Some(42));
        check(192, b"4\x0042\0", Some(42));
        check(176, b"5\x001\0", None);
        check(176, b"99\0\0", None);
        check(176, b"", None);
        check(176, b"1\x0011\0x\0", None);
        check(203, b"\0\0\0\xCB\x08\xAC\x02\x12\xFF", Some(300));
        check(203, b"\0\0\0\xCB\x12\x00", None);
        check(203, b"\0\0\0\x01\x31\x31\x00\x37\x00", Some(7));
        check(203, b"\0\0\0\xCB\x08\xFF", None);
    }
}
