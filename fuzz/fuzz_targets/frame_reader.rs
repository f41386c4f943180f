//! Any bytes behind a good handshake, in any pieces: as many events as frames, and the same however the bytes arrive.
#![no_main]

use tws_proto::ServerVersion;
use tws_proto::connection::{Connection, Server};
use tws_proto::handshake::{Progress, ServerHandshake};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some(([version, size], stream)) = input.split_first_chunk::<2>() else { return };
    let size = usize::from(*size).max(1);
    let whole = events(*version, [stream].into_iter());
    let pieces = events(*version, stream.chunks(size));
    assert_eq!(whole, pieces);
});

fn events<'a>(version: u8, pieces: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let mut connection = connected(version);
    let mut told = Vec::new();
    for piece in pieces {
        connection.handle_input(piece);
        loop {
            match connection.poll_event() {
                Ok(Some(event)) => told.push(format!("{event:?}")),
                Ok(None) => break,
                Err(out_of_step) => {
                    told.push(out_of_step.to_string());
                    return told;
                }
            }
        }
    }
    told
}

fn connected(version: u8) -> Connection<Server> {
    let span = (ServerVersion::NEWEST.0 - ServerVersion::OLDEST.0 + 1) as u8;
    let version = ServerVersion(ServerVersion::OLDEST.0 + i32::from(version % span));
    let offer = format!("v100..{version}");
    let mut greeting = b"API\0".to_vec();
    greeting.extend_from_slice(&(offer.len() as u32).to_be_bytes());
    greeting.extend_from_slice(offer.as_bytes());
    match ServerHandshake::start(ServerVersion::NEWEST, "now").handle_input(&greeting) {
        Ok(Progress::Done((connection, _))) => connection,
        _ => unreachable!("the greeting is whole and offers a version that is spoken"),
    }
}
