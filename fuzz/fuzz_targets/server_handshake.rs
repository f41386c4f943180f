//! What a server makes of any greeting, in any pieces.
#![no_main]

use tws_proto::ServerVersion;
use tws_proto::handshake::{Progress, ServerHandshake};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((size, mut input)) = input.split_first() else { return };
    let mut handshake = ServerHandshake::start(ServerVersion::NEWEST, "20261122 15:00:00 EST");
    let size = usize::from(*size).max(1);
    while !input.is_empty() {
        let (piece, rest) = input.split_at(size.min(input.len()));
        input = rest;
        match handshake.handle_input(piece) {
            Ok(Progress::More(more)) => handshake = more,
            Ok(Progress::Done((connection, hello))) => {
                assert_eq!(connection.version(), hello.version);
                assert!(hello.version.is_supported());
                assert!(connection.output_len() > 0);
                return;
            }
            Err(_) => return,
        }
    }
});
