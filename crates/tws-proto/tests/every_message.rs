//! The messages of the TWS API, transcribed from the facts about the wire: none is missing, none is made up.

use tws_proto::message::{ClientMessage, Facts, Message, ServerMessage};
use tws_proto::{Fault, ServerVersion};

/// Direction, id, name, first version with a text form, first version at which the writer chooses protobuf.
const MESSAGES: &str = include_str!("messages.tsv");

#[test]
fn no_hole_and_nothing_more() {
    check("out", ClientMessage::ALL, 83);
    check("in", ServerMessage::ALL, 85);
}

#[track_caller]
fn check(direction: &str, all: &[Facts], count: usize) {
    let told: Vec<String> = all
        .iter()
        .map(|Facts { id, name, forms }| {
            let text = if forms.text { forms.since.to_string() } else { "-".to_owned() };
            let protobuf = forms.protobuf.map_or_else(|| "-".to_owned(), |gate| gate.to_string());
            if !forms.text {
                assert_eq!(Some(forms.since), forms.protobuf, "{name}");
            }
            format!("{direction}\t{id}\t{name}\t{text}\t{protobuf}")
        })
        .collect();
    let expected: Vec<&str> = MESSAGES.lines().filter(|row| row.split('\t').next() == Some(direction)).collect();
    assert_eq!(told, expected);
    assert_eq!(told.len(), count);
}

#[test]
fn a_form_that_does_not_exist_is_not_read() {
    for version in ServerVersion::OLDEST.0..=ServerVersion::NEWEST.0 {
        forms_of::<ClientMessage>(ServerVersion(version));
        forms_of::<ServerMessage>(ServerVersion(version));
    }
}

/// An empty body of each message in each form: read or refused for its fields where the form exists, else for its form.
fn forms_of<M: Message>(version: ServerVersion) {
    for facts in M::ALL {
        let payload = |id: i32| {
            if version >= ServerVersion::PROTOBUF { id.to_be_bytes().to_vec() } else { format!("{id}\0").into_bytes() }
        };
        let fault = |payload: &[u8]| M::read(payload, version).err().map(|bad| bad.fault);
        let text = fault(&payload(facts.id));
        if version < facts.forms.since {
            assert_eq!(text, Some(Fault::MessageNeedsVersion(facts.forms.since)), "{}", facts.name);
        } else {
            assert_eq!(text == Some(Fault::WrongForm), !facts.forms.text, "{} at {version}", facts.name);
        }
        if version >= ServerVersion::PROTOBUF && version >= facts.forms.since {
            let protobuf = fault(&payload(facts.id + 200));
            let exists = facts.forms.protobuf.is_some();
            assert_eq!(protobuf == Some(Fault::WrongForm), !exists, "{} at {version}", facts.name);
        }
    }
}
