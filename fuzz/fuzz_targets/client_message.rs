//! Any payload as a message of a client: an error or a message, never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::read_and_write::<tws_proto::ClientMessage>(input));
