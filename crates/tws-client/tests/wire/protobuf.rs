//! W14 and W26 to W30: what protobuf alone can have.

use tws_client::{LaneEvent, RequestError};
use tws_proto::message::{ClientMessage, Message, RequestOpenOrders};

use crate::bench::Bench;
use crate::frames::{Field, PROTOBUF, body, framed, protobuf, status, text};
use crate::samples;
use crate::values::{LANE, was_bad};

#[tokio::test(start_paused = true)]
async fn w14_an_unknown_message_id_in_protobuf() {
    let mut bench = Bench::at(PROTOBUF).await;
    for id in [0, 22, 112, 1600, i32::MAX - 200] {
        let frame = protobuf(id, &[(1, Field::Integer(7))]);
        bench.check(&frame, &["bad frame. unknown_message", "counted frame unknown_message"]).await;
    }
}

/// A message that exists, in a form in which it does not.
#[tokio::test(start_paused = true)]
async fn w14_a_message_in_a_form_that_it_does_not_have() {
    let mut bench = Bench::at(PROTOBUF).await;
    // TICK_EFP has no protobuf, CONFIG_RESPONSE has no text.
    bench.check(&protobuf(47, &[]), &["counted TICK_EFP wrong_form"]).await;
    bench.check(&text(PROTOBUF, 110, "1|"), &["counted CONFIG_RESPONSE wrong_form"]).await;
}

#[tokio::test(start_paused = true)]
async fn w26_unknown_fields_are_ignored() {
    let unknown = body(&[
        (1500, Field::Integer(-1)),
        (1501, Field::Text(b"of a newer TWS")),
        (1502, Field::Double(f64::NAN)),
        (1503, Field::Fixed32(7)),
        (1504, Field::Nested(body(&[(1, Field::Integer(1))]))),
    ]);
    for name in LANE {
        let sample = samples::of(name);
        let protobuf = sample.protobuf.clone().unwrap();
        let mut bench = Bench::at(protobuf.version).await;
        let frame = protobuf.frame(sample.id);
        let whole = bench.between_ticks(&frame).await;
        assert_eq!(whole.short(), [name]);
        let behind = framed(&[&frame[4..], &unknown].concat());
        assert_eq!(bench.between_ticks(&behind).await, whole, "{name}");
        let before = framed(&[&frame[4..8], &unknown, &frame[8..]].concat());
        assert_eq!(bench.between_ticks(&before).await, whole, "{name}");
        assert_eq!(bench.client.counts().bad_frames_total(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn w27_a_field_of_the_wrong_wire_type_is_a_bad_frame() {
    let mut spoiled = 0;
    for name in LANE {
        let sample = samples::of(name);
        let protobuf = sample.protobuf.clone().unwrap();
        let mut bench = Bench::at(protobuf.version).await;
        for at in 0..protobuf.lines.len() {
            if protobuf.lines[at].value.is_empty() {
                continue;
            }
            let mut wrong = protobuf.clone();
            let line = &mut wrong.lines[at];
            // Text becomes a number, a number becomes text.
            line.value = if line.value.starts_with('"') { "7".to_owned() } else { "\"x\"".to_owned() };
            let heard = bench.between_ticks(&wrong.frame(sample.id)).await;
            assert!(was_bad(name, &heard), "{name}, line {at} {:?}: {heard:?}", protobuf.lines[at]);
            spoiled += 1;
        }
        let counts = bench.client.counts();
        assert!(counts.bad_frames.iter().all(|(kind, _)| kind.message == name), "{counts:?}");
    }
    assert!(spoiled > 250, "{spoiled}");
    let mut bench = Bench::at(PROTOBUF).await;
    let id = (1, Field::Integer(bench.id.0.into()));
    let price_as_text = protobuf(1, &[id.clone(), (2, Field::Integer(1)), (3, Field::Text(b"181.25"))]);
    bench.check(&price_as_text, &["counted TICK_PRICE wrong_wire_type"]).await;
    let size_as_double = protobuf(1, &[id, (2, Field::Integer(1)), (4, Field::Double(100.0))]);
    bench.check(&size_as_double, &["counted TICK_PRICE wrong_wire_type"]).await;
}

#[tokio::test(start_paused = true)]
async fn w28_a_varint_that_is_cut_off() {
    let ends: [&[u8]; 6] = [
        b"\x08",
        b"\x08\xff",
        b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        // Eleven bytes are no varint, and a key may be cut off too.
        b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\xff",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ];
    check_ends(&ends).await;
}

#[tokio::test(start_paused = true)]
async fn w29_a_length_beyond_the_frame() {
    let ends: [&[u8]; 5] = [
        b"\xa2\x06\x7fshort",
        b"\xa2\x06\xff\xff\xff\xff\x0f",
        b"\xa2\x06\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        // A double and a fixed number that are cut off.
        b"\xa1\x06\0\0\0",
        b"\xa5\x06\0",
    ];
    check_ends(&ends).await;
}

/// Behind each message of the lane, and in a tick, each of these ends must spoil the frame, and nothing beside it.
async fn check_ends(ends: &[&[u8]]) {
    for name in LANE {
        let sample = samples::of(name);
        let protobuf = sample.protobuf.unwrap();
        let mut bench = Bench::at(protobuf.version).await;
        let frame = protobuf.frame(sample.id);
        for end in ends {
            let heard = bench.between_ticks(&framed(&[&frame[4..], end].concat())).await;
            assert!(was_bad(name, &heard), "{name} with {}: {heard:?}", end.escape_ascii());
            assert_eq!(heard.short(), [format!("bad {name}. malformed_protobuf")]);
        }
        assert_eq!(bench.client.counts().bad_frames_total(), ends.len() as u64);
    }
    let mut bench = Bench::at(PROTOBUF).await;
    for end in ends {
        let tick = bench.bid(5);
        let heard = bench.between_ticks(&framed(&[&tick[4..], end].concat())).await;
        assert!(was_bad("TICK_PRICE", &heard), "{}: {heard:?}", end.escape_ascii());
    }
}

#[tokio::test(start_paused = true)]
async fn w30_an_empty_body_is_legal_for_end_markers_and_bad_for_an_order() {
    let mut bench = Bench::at(PROTOBUF).await;
    for (id, name) in [(53, "OPEN_ORDER_END"), (62, "POSITION_END"), (102, "COMPLETED_ORDERS_END")] {
        bench.check(&protobuf(id, &[]), &[name]).await;
    }
    for (id, name, field) in [
        (3, "ORDER_STATUS", "order_id"),
        (5, "OPEN_ORDER", "order_id"),
        (11, "EXECUTION_DATA", "contract"),
        (61, "POSITION_DATA", "contract"),
        (101, "COMPLETED_ORDER", "contract"),
    ] {
        let told = [format!("bad {name}.{field} missing"), format!("counted {name} missing")];
        bench.check(&protobuf(id, &[]), &told.each_ref().map(String::as_str)).await;
    }
    bench.check(&protobuf(1, &[]), &["counted TICK_PRICE missing"]).await;
    // And without even an id.
    for payload in [&b"\0"[..], b"\0\0", b"\0\0\xcb"] {
        bench.check(&framed(payload), &["bad frame.id truncated", "counted frame truncated"]).await;
    }
}

/// A list of which one order could not be read is no list: whoever asked hears so, and the lane tells of the frame.
#[tokio::test(start_paused = true)]
async fn w30_a_list_with_a_bad_order_in_it_is_not_given_out_as_whole() {
    let mut bench = Bench::at(PROTOBUF).await;
    let asking = tokio::spawn({
        let client = bench.client.clone();
        async move { client.open_orders().await }
    });
    assert_eq!(bench.peer.hear().await, ClientMessage::from(RequestOpenOrders {}));
    let frames = [status(PROTOBUF, 7), protobuf(5, &[]), protobuf(53, &[])].concat();
    bench.peer.say_raw(&frames).await;
    let Err(RequestError::BadAnswer(bad)) = asking.await.unwrap() else { panic!("half a list was given out") };
    assert_eq!(bad.message, "OPEN_ORDER");
    let heard = bench.heard().await;
    let [LaneEvent::Message(first), LaneEvent::BadFrame(told), LaneEvent::Message(end)] = &heard.lane[..] else {
        panic!("{heard:?}")
    };
    assert_eq!((first.facts().name, end.facts().name), ("ORDER_STATUS", "OPEN_ORDER_END"));
    assert_eq!(*told, bad);
}
