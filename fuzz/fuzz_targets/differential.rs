//! Read, write, read: the same message.
#![no_main]

use tws_proto::{ClientMessage, ServerMessage};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((side, input)) = input.split_first() else { return };
    if side % 2 == 0 { fuzz::again::<ClientMessage>(input) } else { fuzz::again::<ServerMessage>(input) }
});
