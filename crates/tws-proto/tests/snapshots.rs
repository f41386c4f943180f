//! What stands on the wire, for people to read: a frame of each message for each form and each version that changes it.
//! Whoever changes a layout sees here what that does to the frames, and has to say so by accepting it.

mod generate;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use bytes::BytesMut;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tws_proto::message::{ClientMessage, Message, ServerMessage};
use tws_proto::{Missing, ServerVersion};

#[test]
fn what_clients_send() {
    check::<ClientMessage>("client");
}

#[test]
fn what_servers_send() {
    check::<ServerMessage>("server");
}

/// A suffix for the name of the snapshot, and the fields that decide which others travel.
fn variations(message: &str) -> Vec<(&'static str, Value)> {
    let plain = ("", json!({"security_type": "BAG"}));
    match message {
        "PLACE_ORDER" | "OPEN_ORDER" | "COMPLETED_ORDER" => vec![
            ("", json!({"security_type": "BAG", "order_type": "PEG BENCH", "conditions": conditions()})),
            (
                ".peg_best",
                json!({"order_type": "PEG BEST", "exchange": "IBKRATS",
                "compete_against_best_offset": "up_to_mid"}),
            ),
        ],
        "CONTRACT_DATA" => vec![plain, (".fund", json!({"security_type": "FUND"}))],
        "TICK_BY_TICK" => vec![
            plain,
            (
                ".quote",
                json!({"event": {"BidAsk": {"time_s": 1, "bid_price": "1", "ask_price": "1", "bid_size": "1",
                "ask_size": "1", "attributes": {"bid_past_low": true, "ask_past_high": true}}}}),
            ),
            (".midpoint", json!({"event": {"MidPoint": {"time_s": 1, "price": "1", "size": "1"}}})),
        ],
        _ => vec![plain],
    }
}

/// One of each kind.
fn conditions() -> Value {
    json!([
        {"kind": "price", "conjunction": "and", "bound": "above", "price": "1", "contract_id": 1, "exchange": "x",
            "trigger_method": 1},
        {"kind": "time", "conjunction": "or", "bound": "below", "time": "x"},
        {"kind": "margin", "conjunction": "and", "bound": "above", "percent": 1},
        {"kind": "execution", "conjunction": "or", "security_type": "x", "exchange": "x", "symbol": "x"},
        {"kind": "volume", "conjunction": "and", "bound": "above", "volume": 1, "contract_id": 1, "exchange": "x"},
        {"kind": "percent_change", "conjunction": "or", "bound": "below", "change_percent": "1", "contract_id": 1,
            "exchange": "x"},
    ])
}

fn check<M: Message + Clone + Serialize + DeserializeOwned>(direction: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(&folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let mut shown = BTreeSet::new();
    for (variant, facts) in M::ALL.iter().enumerate() {
        for (suffix, deciding) in variations(facts.name) {
            let name = format!("{direction}.{:03}.{}{suffix}", facts.id, facts.name);
            let message: M = filled(variant, &deciding);
            settings.bind(|| insta::assert_snapshot!(name.as_str(), frames(&message)));
            shown.insert(format!("{name}.snap"));
        }
    }
    let kept = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let kept: BTreeSet<String> = kept.filter(|file| file.starts_with(direction) && file.ends_with(".snap")).collect();
    assert_eq!(kept, shown, "a snapshot of nothing");
}

/// A body that is longer than this many fields is shown whole once for each form, then by what changes.
const WHOLE_FIELDS_MAX: usize = 60;

/// The frames of a message at each version that writes it otherwise than the version before.
fn frames<M: Message + Clone>(message: &M) -> String {
    let facts = message.facts();
    let mut told = String::new();
    let (mut form_before, mut body_before) = (String::new(), Vec::new());
    for version in facts.forms.since.0..=ServerVersion::NEWEST.0 {
        let version = ServerVersion(version);
        let mut frame = BytesMut::new();
        message.clone().write(version, Missing::LeaveOut, &mut frame).unwrap();
        // A frame without its length.
        let (form, body) = form_and_body(&frame[4..], version, facts.forms.is_protobuf_at(version));
        if (&form, &body) == (&form_before, &body_before) {
            continue;
        }
        writeln!(told, "-- {version}: {form}").unwrap();
        let same_form = form.split(',').next() == form_before.split(',').next();
        if body.is_empty() {
            writeln!(told, "no fields").unwrap();
        } else if same_form && body.len() > WHOLE_FIELDS_MAX {
            told += &changes(&body_before, &body);
        } else {
            writeln!(told, "{}", body.concat().trim_end()).unwrap();
        }
        (form_before, body_before) = (form, body);
    }
    told
}

/// What a frame is, then its fields: in text each ended by `|`, in protobuf a line each.
fn form_and_body(payload: &[u8], version: ServerVersion, is_protobuf: bool) -> (String, Vec<String>) {
    let fields_of = |text: &[u8]| -> Vec<String> {
        let text = str::from_utf8(text).unwrap();
        assert!(text.ends_with('\0') && !text.contains('|') || text.is_empty());
        text.split_terminator('\0').map(|field| format!("{field}|")).collect()
    };
    if version < ServerVersion::PROTOBUF {
        let mut fields = fields_of(payload);
        let id = fields.remove(0).replace('|', "");
        return (format!("text, id {id}"), fields);
    }
    let (id, body) = payload.split_first_chunk().unwrap();
    let id = i32::from_be_bytes(*id);
    if !is_protobuf {
        return (format!("text, id {id} in four bytes"), fields_of(body));
    }
    let mut tree = String::new();
    assert!(tree_of(body, 0, &mut tree), "{}", body.escape_ascii());
    (format!("protobuf, id {id}"), tree.split_inclusive('\n').map(str::to_owned).collect())
}

/// What lies between the fields that two bodies have in common at their beginnings and their ends.
fn changes(before: &[String], now: &[String]) -> String {
    let first = before.iter().zip(now).take_while(|(before, now)| before == now).count();
    let (before, now) = (&before[first..], &now[first..]);
    let last = before.iter().rev().zip(now.iter().rev()).take_while(|(before, now)| before == now).count();
    let (gone, come) = (before[..before.len() - last].concat(), now[..now.len() - last].concat());
    let signed =
        |sign: char, fields: &str| -> String { fields.lines().map(|line| format!("{sign} {line}\n")).collect() };
    format!("{first} fields as before\n{}{}{last} fields as before\n", signed('-', &gone), signed('+', &come))
}

/// A value in which every field is set, to what tells the field: texts to its name, numbers to one made of its name.
fn filled<M: Message + Serialize + DeserializeOwned>(variant: usize, deciding: &Value) -> M {
    // Drawn from nothing but ones, every option is there and every list has one item.
    let drawn: M = generate::draw(variant, &[1; 10_000]);
    let mut filled = json!(drawn);
    decide(&mut filled, deciding);
    let mut places = Vec::new();
    find(&filled, "", String::new(), &mut places);
    for (field, place) in places.into_iter().filter(|(field, _)| deciding.get(field).is_none()) {
        let value = filled.pointer_mut(&place).unwrap();
        let told = telling(&field, value);
        let before = std::mem::replace(value, told);
        // A word of a set that has no others stays as it is.
        if M::deserialize(&filled).is_err() {
            *filled.pointer_mut(&place).unwrap() = before;
        }
    }
    M::deserialize(filled).unwrap()
}

/// Sets the deciding fields, wherever they are.
fn decide(value: &mut Value, deciding: &Value) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(field, value)| match deciding.get(field) {
            Some(decided) => *value = decided.clone(),
            None => decide(value, deciding),
        }),
        Value::Array(items) => items.iter_mut().for_each(|item| decide(item, deciding)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The name and the place of every single value.
fn find(value: &Value, field: &str, at: String, places: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(field, value)| find(value, field, format!("{at}/{field}"), places));
        }
        Value::Array(items) => {
            (0..).zip(items).for_each(|(index, item): (usize, _)| find(item, field, format!("{at}/{index}"), places));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => places.push((field.to_owned(), at)),
    }
}

/// Depends on the name alone, so that a new field leaves the others as they are.
fn telling(field: &str, value: &Value) -> Value {
    let number = 1000 + field.bytes().fold(0, |sum, byte| (sum * 31 + u32::from(byte)) % 9000);
    match value {
        Value::Number(integer) if integer.is_i64() => json!(number),
        Value::Number(_) => json!(f64::from(number) + 0.25),
        Value::String(decimal) if decimal.parse::<f64>().is_ok() => json!(format!("{number}.5")),
        Value::String(_) => json!(field),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => value.clone(),
    }
}

/// Protobuf, a line for each field, messages within indented; whether it is protobuf at all.
fn tree_of(mut body: &[u8], depth: usize, out: &mut String) -> bool {
    while !body.is_empty() {
        let Some(key) = varint(&mut body) else { return false };
        let tag = key >> 3;
        write!(out, "{:indent$}{tag}:", "", indent = 2 * depth).unwrap();
        match key & 7 {
            _ if tag == 0 => return false,
            0 => {
                let Some(value) = varint(&mut body) else { return false };
                writeln!(out, " {}", value.cast_signed()).unwrap();
            }
            1 => {
                let Some((bits, rest)) = body.split_first_chunk() else { return false };
                body = rest;
                writeln!(out, " {:?}", f64::from_le_bytes(*bits)).unwrap();
            }
            2 => {
                let Some(length) = varint(&mut body).and_then(|length| usize::try_from(length).ok()) else {
                    return false;
                };
                let Some((inner, rest)) = body.split_at_checked(length) else { return false };
                body = rest;
                // Texts first: no message is printable, as its lowest tags are control characters.
                if inner.iter().all(|byte| (b' '..=b'~').contains(byte)) {
                    writeln!(out, " \"{}\"", inner.escape_ascii()).unwrap();
                } else {
                    let mut tree = String::new();
                    if !tree_of(inner, depth + 1, &mut tree) {
                        return false;
                    }
                    write!(out, "\n{tree}").unwrap();
                }
            }
            _ => return false,
        }
    }
    true
}

fn varint(body: &mut &[u8]) -> Option<u64> {
    let length = body.iter().position(|byte| byte & 0x80 == 0)? + 1;
    let (bytes, rest) = body.split_at(length);
    *body = rest;
    bytes.iter().rev().try_fold(0_u64, |value, byte| Some(value.checked_mul(128)? | u64::from(byte & 0x7f)))
}
