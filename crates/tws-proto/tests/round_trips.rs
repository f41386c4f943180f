//! Every message of both directions, at every version, in the form that the version calls for: what was written is read
//! as it was. What a version cannot carry is refused by name; without it the message travels. So no shape of the text form
//! can forget a field: it would come back unset.

mod generate;

use std::collections::BTreeMap;
use std::fmt::Debug;

use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, TestError, TestRunner};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tws_proto::message::{ClientMessage, Message, ServerMessage};
use tws_proto::{Fault, Missing, Refused, ServerVersion};

#[test]
fn what_clients_send() {
    every_message::<ClientMessage>();
}

#[test]
fn what_servers_send() {
    every_message::<ServerMessage>();
}

fn every_message<M: Drawn>() {
    for (variant, facts) in M::ALL.iter().enumerate() {
        for version in ServerVersion::OLDEST.0..=ServerVersion::NEWEST.0 {
            let version = ServerVersion(version);
            let exists = version >= facts.forms.since;
            let config = Config { cases: 2, failure_persistence: None, ..Config::default() };
            let run = TestRunner::new(config).run(&vec(any::<u8>(), 0..1500), |supply| {
                let message: M = generate::draw(variant, &supply);
                assert_eq!(message.facts(), *facts);
                if exists {
                    round_trip(message, version);
                } else {
                    let refusal = write(&message, version).unwrap_err();
                    assert_eq!(refusal.fault, Fault::MessageNeedsVersion(facts.forms.since));
                }
                Ok(())
            });
            if let Err(TestError::Fail(reason, supply)) = &run {
                let message: M = generate::draw(variant, supply);
                panic!("{} at {version}: {reason}\n{}", facts.name, json!(message));
            }
            run.unwrap();
        }
    }
}

trait Drawn: Message + Clone + PartialEq + Debug + Serialize + DeserializeOwned {}

impl<M: Message + Clone + PartialEq + Debug + Serialize + DeserializeOwned> Drawn for M {}

fn write<M: Drawn>(message: &M, version: ServerVersion) -> Result<BytesMut, Refused> {
    let mut frame = BytesMut::new();
    let written = message.clone().write(version, Missing::Refuse, &mut frame);
    assert!(written.is_ok() || frame.is_empty(), "a refused message leaves nothing behind");
    written.map(|()| frame)
}

/// Takes away what is refused until the message can be written, then reads it back.
fn round_trip<M: Drawn>(mut message: M, version: ServerVersion) {
    let mut refusals: BTreeMap<&'static str, usize> = BTreeMap::new();
    let frame = loop {
        let refused = match write(&message, version) {
            Ok(frame) => break frame,
            Err(refused) => refused,
        };
        let expected = matches!(
            refused.fault,
            Fault::NotCarried
                | Fault::NeedsVersion(_)
                | Fault::GoneSince(_)
                | Fault::NotExact
                | Fault::NotPrintable
                | Fault::DuplicateTag
                | Fault::Missing // a word of a closed set that is empty
        );
        assert!(expected && !refused.field.is_empty(), "{refused}");
        // Protobuf has a place for everything but four fields of orders, and for any character.
        let text_alone = ["basis_points", "basis_points_type", "advisor_profile", "auction_strategy"];
        let of_text = match refused.fault {
            Fault::NotCarried => !text_alone.contains(&refused.field),
            fault => fault == Fault::NotPrintable,
        };
        assert!(!of_text || !message.facts().forms.is_protobuf_at(version), "{refused}");
        let times = refusals.entry(refused.field).or_default();
        *times += 1;
        assert!(*times < 20, "{refused}, whatever stands there");
        message = blank(&message, refused.field, *times - 1).unwrap_or_else(|| panic!("{refused}: no such field"));
    };
    let decoded = M::read(&frame[4..], version).unwrap_or_else(|bad| panic!("{bad}: {}", frame.escape_ascii()));
    assert_eq!(decoded.trailing_fields, 0);
    let back = decoded.message;
    if back == message {
        return;
    }
    let (sent, came) = (json!(message), json!(back));
    let difference = difference(&sent, &came, "");
    assert!(difference.is_none(), "{}: {}", difference.unwrap_or_default(), frame.escape_ascii());
}

/// The message without what stands in the field, wherever a field has that name and can be without.
fn blank<M: Drawn>(message: &M, field: &str, attempt: usize) -> Option<M> {
    let original = json!(message);
    let mut places = Vec::new();
    find(&original, field, String::new(), &mut places);
    let candidates = [json!(null), json!(""), json!([]), json!(false), json!(true), json!("X"), json!("0"), json!({})];
    let mut fitting: Vec<M> = Vec::new();
    for candidate in candidates {
        let mut changed = original.clone();
        for place in &places {
            let Some(value) = changed.pointer_mut(place) else { continue };
            let before = std::mem::replace(value, candidate.clone());
            if places.len() > 1 && M::deserialize(&changed).is_err() {
                changed.pointer_mut(place).into_iter().for_each(|value| *value = before.clone());
            }
        }
        fitting.extend(M::deserialize(&changed).ok().filter(|changed| changed != message));
    }
    let fits = fitting.len();
    (fits > 0).then(|| fitting.swap_remove(attempt % fits))
}

/// The places of all fields with this name.
fn find(value: &Value, field: &str, at: String, places: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            let at = format!("{at}/{name}");
            if name == field { places.push(at) } else { find(value, field, at, places) }
        }),
        Value::Array(items) => {
            (0..).zip(items).for_each(|(index, item): (usize, _)| find(item, field, format!("{at}/{index}"), places));
        }
        _ => {}
    }
}

/// Where two messages differ in more than how they say nothing.
fn difference(sent: &Value, came: &Value, name: &str) -> Option<String> {
    match (sent, came) {
        (Value::Object(one), Value::Object(two)) => one.iter().find_map(|(name, sent)| {
            let came = two.get(name).unwrap_or(&Value::Null);
            // Remarks for people may stay behind where a form has no place for them.
            let is_remark = ["description", "combo_legs_description", "last_trade_date"].contains(&name.as_str());
            if is_remark && one.contains_key("local_symbol") && came == "" {
                return None;
            }
            difference(sent, came, name)
        }),
        (Value::Array(one), Value::Array(two)) if one.len() == two.len() => {
            one.iter().zip(two).find_map(|(sent, came)| difference(sent, came, name))
        }
        // In text these stand in line, so that nothing and an empty one are the same.
        (Value::Null, Value::Object(_)) if ["details", "filter"].contains(&name) => None,
        (Value::Object(tier), Value::Null) if name == "soft_dollar_tier" && tier.values().all(|part| part == "") => {
            None
        }
        (Value::Number(_), Value::Null) if name == "auction_strategy" && sent == 0 => None,
        _ => (sent != came).then(|| format!("{name}: {sent} became {came}")),
    }
}
