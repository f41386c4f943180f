//! What the fuzz targets share: how raw input becomes a message of some version and form.

use bytes::BytesMut;
use tws_proto::message::{Decoded, Message};
use tws_proto::{Missing, ServerVersion};

/// Splits input into a version and a payload: the first byte is the version, the second the message's place in the list
/// of all messages and its form. A third of the inputs keep the id they bring.
pub fn payload<M: Message>(input: &[u8]) -> Option<(ServerVersion, Vec<u8>)> {
    let ([version, message], body) = input.split_first_chunk::<2>()?;
    let span = (ServerVersion::NEWEST.0 - ServerVersion::OLDEST.0 + 1) as u8;
    let version = ServerVersion(ServerVersion::OLDEST.0 + i32::from(version % span));
    let choices = 2 * M::ALL.len();
    let choice = usize::from(*message) % (choices + choices / 2);
    let mut payload = Vec::with_capacity(body.len() + 8);
    if let Some(facts) = M::ALL.get(choice / 2) {
        let id = if choice % 2 == 0 { facts.id } else { facts.id + 200 };
        if version >= ServerVersion::PROTOBUF {
            payload.extend_from_slice(&id.to_be_bytes());
        } else {
            payload.extend_from_slice(format!("{id}\0").as_bytes());
        }
    }
    payload.extend_from_slice(body);
    Some((version, payload))
}

/// Reads whatever it is, and writes what was read.
pub fn read_and_write<M: Message>(input: &[u8]) {
    let Some((version, payload)) = payload::<M>(input) else { return };
    let Ok(Decoded { message, .. }) = M::read(&payload, version) else { return };
    for missing in [Missing::Refuse, Missing::LeaveOut] {
        let Ok(Decoded { message, .. }) = M::read(&payload, version) else { return };
        let mut out = BytesMut::from(&b"before"[..]);
        match message.write(version, missing, &mut out) {
            Ok(()) => assert_eq!(
                out.get(6..10).map(|length| u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize),
                Some(out.len() - 10)
            ),
            Err(_) => assert_eq!(&out[..], b"before", "a refusal leaves nothing behind"),
        }
    }
    drop(message);
}

/// Reads, writes and reads again: the second reading must be the first.
pub fn again<M: Message + PartialEq + std::fmt::Debug + Clone>(input: &[u8]) {
    let Some((version, payload)) = payload::<M>(input) else { return };
    let Ok(Decoded { message, .. }) = M::read(&payload, version) else { return };
    let mut out = BytesMut::new();
    // The version may call for the other form, which may refuse what this one carried.
    if message.clone().write(version, Missing::Refuse, &mut out).is_err() {
        return;
    }
    let back = M::read(&out[4..], version).expect("what was written can be read");
    assert_eq!(back.trailing_fields, 0);
    let mut once_more = BytesMut::new();
    back.message.clone().write(version, Missing::Refuse, &mut once_more).expect("what was read can be written");
    assert_eq!(once_more, out, "writing settles");
    let form_kept = version < ServerVersion::PROTOBUF || payload.get(..4) == out.get(4..8);
    if form_kept {
        assert_eq!(back.message, message);
    }
}
