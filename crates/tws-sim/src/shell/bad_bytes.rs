//! Bytes that no TWS should send, frame by frame, in the form that the version calls for.

use bytes::{BufMut, BytesMut};
use tws_proto::ServerVersion;

use crate::faults::{Fault, FaultSet, Switch, hexadecimal};

/// Ids of protobuf messages are this much higher.
const PROTOBUF_ID_OFFSET: i32 = 200;
const TICK_PRICE: i32 = 1;
const ORDER_STATUS: i32 = 3;
const NOTICE: i32 = 4;
const FAMILY_CODES: i32 = 78;
/// An id that no message has.
const NOBODY: i32 = 199;
/// How many fields a TWS never sends in one message.
const MANY: usize = 100_000;
const HUGE: usize = 1 << 20;

/// A frame around a payload.
pub(crate) fn frame(payload: &[u8]) -> BytesMut {
    let mut out = BytesMut::with_capacity(4 + payload.len());
    out.put_u32(u32::try_from(payload.len()).unwrap_or(u32::MAX));
    out.put_slice(payload);
    out
}

/// What answers a greeting and is no TWS.
pub(crate) fn no_tws(what: &str, dice: &mut FaultSet) -> Vec<u8> {
    match what {
        "tls" => b"\x15\x03\x01\x00\x02\x02\x16".to_vec(),
        "random" => (0..64).map(|_| u8::try_from(dice.roll(256)).unwrap_or_default()).collect(),
        _ => b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec(),
    }
}

/// The bytes of a fault.
pub(crate) fn of(fault: &Fault, version: ServerVersion) -> BytesMut {
    let request = fault.number_or(1);
    let bytes = |bytes: &[u8]| BytesMut::from(bytes);
    match fault.switch {
        Switch::Raw => bytes(&fault.text.as_deref().and_then(hexadecimal).unwrap_or_default()),
        Switch::BadLengthHuge => bytes(&[0xFF; 4]),
        Switch::BadLengthNegative => bytes(&[0x80, 0, 0, 0]),
        Switch::BadLengthLong => bytes(&[1, 0, 0, 0]),
        Switch::BadLengthZero => bytes(&[0; 4]),
        Switch::TruncatedTick => short_tick(request, version),
        Switch::JunkNumber => tick(request, &Price::Text("abc"), version),
        Switch::EmptyPrice => tick(request, &Price::Text(""), version),
        Switch::NotANumber => {
            let word = fault.text_or("NaN");
            let number = match word {
                "-NaN" => -f64::NAN,
                "Infinity" => f64::INFINITY,
                "-Infinity" => f64::NEG_INFINITY,
                _ => f64::NAN,
            };
            tick(request, &Price::Number(word, number), version)
        }
        Switch::Sentinels => tick(request, &Price::Number("1.7976931348623157E308", f64::MAX), version),
        Switch::UnknownRequest => tick(987_654_321, &Price::Number("100.25", 100.25), version),
        Switch::WrongWireType => tick(request, &Price::Text("abc"), ServerVersion::PROTOBUF_MARKET_DATA.max(version)),
        Switch::BadUtf8 => notice(b"Caf\xE9 \xA3 5", version),
        Switch::EscapedText => notice(br"\u4e2d\u6587", version),
        Switch::HugeField => notice(&vec![b'x'; HUGE], version),
        Switch::ExtraFields => extra_fields(3, version),
        Switch::ManyFields => extra_fields(MANY, version),
        Switch::MissingLastNul => missing_last_nul(version),
        Switch::UnknownMessage => message(NOBODY, b"1\x002\x003\0", ServerVersion::OLDEST, version),
        Switch::TruncatedVarint => protobuf(NOTICE, &[0x08, 0xFF, 0xFF]),
        Switch::LongField => protobuf(NOTICE, &[0x22, 0xFF, 0x7F, b'x']),
        Switch::EmptyBody => message(ORDER_STATUS, b"", ServerVersion::PROTOBUF_PLACE_ORDER, version),
        Switch::RepeatCount => text(FAMILY_CODES, b"2147483647\0DU1\0\0", version),
        // Nothing else is a matter of bytes.
        _ => BytesMut::new(),
    }
}

/// A price as text and as protobuf has it.
enum Price<'a> {
    /// Text where a number belongs; nothing, where it is empty.
    Text(&'a str),
    Number(&'a str, f64),
}

fn tick(request: i64, price: &Price<'_>, version: ServerVersion) -> BytesMut {
    if version >= ServerVersion::PROTOBUF_MARKET_DATA {
        let mut body = vec![0x08];
        put_varint(request, &mut body);
        body.extend([0x10, 4]); // the last price
        match price {
            Price::Text("") => {}
            Price::Text(text) => put_text(3, text.as_bytes(), &mut body),
            Price::Number(_, number) => {
                body.push(0x19);
                body.extend(number.to_le_bytes());
            }
        }
        put_text(4, size_of(price).as_bytes(), &mut body);
        body.extend([0x28, 0]);
        return protobuf(TICK_PRICE, &body);
    }
    let (Price::Text(word) | Price::Number(word, _)) = price;
    let size = size_of(price);
    text(TICK_PRICE, format!("6\0{request}\x004\0{word}\0{size}\x000\0").as_bytes(), version)
}

fn size_of(price: &Price<'_>) -> &'static str {
    match price {
        Price::Number(_, number) if *number == f64::MAX => "2147483647",
        Price::Text(_) | Price::Number(..) => "100",
    }
}

/// A tick that ends behind its kind, or inside its price.
fn short_tick(request: i64, version: ServerVersion) -> BytesMut {
    if version >= ServerVersion::PROTOBUF_MARKET_DATA {
        let mut body = vec![0x08];
        put_varint(request, &mut body);
        body.extend([0x10, 4, 0x19, 0, 0]);
        return protobuf(TICK_PRICE, &body);
    }
    text(TICK_PRICE, format!("6\0{request}\x004\0").as_bytes(), version)
}

fn notice(words: &[u8], version: ServerVersion) -> BytesMut {
    if version >= ServerVersion::PROTOBUF_PLACE_ORDER {
        return protobuf(NOTICE, &notice_body(words));
    }
    text(NOTICE, &notice_text(words, version), version)
}

fn notice_body(words: &[u8]) -> Vec<u8> {
    let mut body = vec![0x08];
    put_varint(-1, &mut body);
    body.push(0x18);
    put_varint(2100, &mut body);
    put_text(4, words, &mut body);
    body
}

fn notice_text(words: &[u8], version: ServerVersion) -> Vec<u8> {
    let mut body = if version >= ServerVersion::ERROR_TIME { Vec::new() } else { b"2\0".to_vec() };
    body.extend_from_slice(b"-1\x002100\0");
    body.extend_from_slice(words);
    body.extend_from_slice(if version >= ServerVersion::ERROR_TIME { b"\0\x000\0" } else { b"\0\0" });
    body
}

fn extra_fields(count: usize, version: ServerVersion) -> BytesMut {
    if version >= ServerVersion::PROTOBUF_PLACE_ORDER {
        let mut body = notice_body(b"More than you know");
        for _ in 0..count {
            put_text(15, b"x", &mut body);
        }
        return protobuf(NOTICE, &body);
    }
    let mut body = notice_text(b"More than you know", version);
    body.extend(std::iter::repeat_n(*b"x\0", count).flatten());
    text(NOTICE, &body, version)
}

fn missing_last_nul(version: ServerVersion) -> BytesMut {
    if version >= ServerVersion::PROTOBUF_PLACE_ORDER {
        let mut body = notice_body(b"Cut off");
        body.pop();
        return protobuf(NOTICE, &body);
    }
    let mut body = notice_text(b"Cut off", version);
    body.pop();
    text(NOTICE, &body, version)
}

/// A message in the form of the version: the body is one that both can bear.
fn message(id: i32, body: &[u8], protobuf_from: ServerVersion, version: ServerVersion) -> BytesMut {
    if version >= ServerVersion::PROTOBUF.max(protobuf_from) {
        return protobuf(id, if id == NOBODY { &[0x08, 0x01] } else { body });
    }
    text(id, body, version)
}

fn text(id: i32, body: &[u8], version: ServerVersion) -> BytesMut {
    let mut payload =
        if version >= ServerVersion::PROTOBUF { id.to_be_bytes().to_vec() } else { format!("{id}\0").into_bytes() };
    payload.extend_from_slice(body);
    frame(&payload)
}

fn protobuf(id: i32, body: &[u8]) -> BytesMut {
    let mut payload = (id + PROTOBUF_ID_OFFSET).to_be_bytes().to_vec();
    payload.extend_from_slice(body);
    frame(&payload)
}

/// Negative numbers are ten bytes of two's complement.
fn put_varint(number: i64, out: &mut Vec<u8>) {
    let mut left = number as u64;
    while left >= 0x80 {
        out.push((left as u8 & 0x7F) | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
}

fn put_text(tag: u8, text: &[u8], out: &mut Vec<u8>) {
    out.push(tag << 3 | 2);
    put_varint(i64::try_from(text.len()).unwrap_or(i64::MAX), out);
    out.extend_from_slice(text);
}

#[cfg(test)]
mod tests {
    use tws_proto::ServerMessage;
    use tws_proto::message::Message;

    use super::*;
    use crate::faults::{Lasting, Place};

    /// What our own decoder makes of the bytes: `ok`, the fault, or how the frame is broken.
    fn read(switch: Switch, version: i32) -> String {
        let bytes = of(&Fault::new(switch).number(7), ServerVersion(version));
        let announced = u32::from_be_bytes(bytes[..4].try_into().unwrap());
        if announced as usize + 4 != bytes.len() {
            return format!("length {announced:x}");
        }
        match ServerMessage::read(&bytes[4..], ServerVersion(version)) {
            Ok(decoded) => format!("{} +{}", decoded.message.facts().name, decoded.trailing_fields),
            Err(bad) => bad.to_string(),
        }
    }

    #[track_caller]
    fn check(switch: Switch, text: &str, protobuf: &str) {
        for version in [176, 194, 201] {
            assert_eq!(read(switch, version), text, "{version}");
        }
        assert_eq!(read(switch, 226), protobuf);
    }

    #[test]
    fn every_one_is_wrong_in_its_own_way() {
        check(Switch::BadLengthHuge, "length ffffffff", "length ffffffff");
        check(Switch::BadLengthNegative, "length 80000000", "length 80000000");
        check(Switch::BadLengthLong, "length 1000000", "length 1000000");
        check(Switch::UnknownRequest, "TICK_PRICE +0", "TICK_PRICE +0");
        check(Switch::Sentinels, "TICK_PRICE +0", "TICK_PRICE +0");
        check(Switch::ExtraFields, "ERR_MSG +3", "ERR_MSG +0");
        check(Switch::ManyFields, "ERR_MSG +100000", "ERR_MSG +0");
        check(Switch::BadUtf8, "ERR_MSG +0", "ERR_MSG +0");
        check(Switch::EscapedText, "ERR_MSG +0", "ERR_MSG +0");
        check(Switch::HugeField, "ERR_MSG +0", "ERR_MSG +0");
    }

    #[test]
    fn what_is_wrong_with_a_message_is_a_bad_frame() {
        let wrong = [
            Switch::TruncatedTick,
            Switch::JunkNumber,
            Switch::UnknownMessage,
            Switch::MissingLastNul,
            Switch::WrongWireType,
            Switch::TruncatedVarint,
            Switch::LongField,
            Switch::EmptyBody,
            Switch::RepeatCount,
        ];
        for switch in wrong {
            let found = read(switch, 226);
            assert!(found.contains(": "), "{switch}: {found}");
        }
        for switch in [Switch::TruncatedTick, Switch::JunkNumber, Switch::UnknownMessage, Switch::RepeatCount] {
            let found = read(switch, 176);
            assert!(found.contains(": "), "{switch}: {found}");
        }
    }

    #[test]
    fn each_switch_of_bytes_has_its_bytes() {
        let bytes = Switch::ALL.iter().filter(|entry| entry.place == Place::Link && entry.lasting == Lasting::Once);
        for entry in bytes.filter(|entry| !matches!(entry.switch, Switch::Drop | Switch::OutputLoss)) {
            let fault = Fault::new(entry.switch).text("00ff");
            assert!(!of(&fault, ServerVersion::NEWEST).is_empty(), "{}", entry.switch);
            assert!(!of(&fault, ServerVersion::OLDEST).is_empty(), "{}", entry.switch);
        }
    }
}
