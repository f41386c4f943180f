//! Malformed frames of each kind: the bad one is counted and reported, the ticks around it arrive, nothing is invented.

use tws_client::{Epoch, Reason};
use tws_proto::connection::OutOfStep;

use crate::bench::{Bench, settle};
use crate::frames::{BETWEEN, Field, PROTOBUF, TEXT, framed, notice, protobuf, status, text};
use crate::support::SECOND;

/// One malformed frame in one form, and all that must come of it.
struct Row {
    what: &'static str,
    bytes: Vec<u8>,
    told: &'static [&'static str],
}

fn row(what: &'static str, bytes: Vec<u8>, told: &'static [&'static str]) -> Row {
    Row { what, bytes, told }
}

/// The forms in which quotes are text: `id` is that of the stream.
fn in_text(version: i32, id: i32) -> Vec<Row> {
    let tick = |fields: &str| text(version, 1, &format!("6|{id}|{fields}"));
    let extra = |bytes: Vec<u8>| framed(&[&bytes[4..], b"x\0y\0"].concat());
    // The id, then everything but the last byte.
    let cut = |bytes: Vec<u8>| framed(&bytes[4..bytes.len() - 1]);
    vec![
        row("length 0", vec![0; 4], &[]),
        row("length 2", framed(b"7\x7f"), &["bad frame.id truncated", "counted frame truncated"]),
        row("truncated tick", tick("4|"), &["counted TICK_PRICE missing"]),
        row(
            "truncated order status",
            text(version, 3, "7|Filled|100|"),
            &["bad ORDER_STATUS.remaining missing", "counted ORDER_STATUS missing"],
        ),
        row("junk number", tick("4|abc|100|0|"), &["counted TICK_PRICE not_a_number"]),
        row("empty price", tick("4||100|0|"), &["price none"]),
        row("bad UTF-8", notice(version, b"Caf\xe9"), &["notice 2100 Café"]),
        row(
            "unknown id",
            text(version, 199, "1|2|3|"),
            &["bad frame. unknown_message", "counted frame unknown_message"],
        ),
        row("unknown request id", text(version, 1, "6|987654321|1|100.25|1|0|"), &["stray 1"]),
        row("extra fields", extra(notice(version, b"ok")), &["notice 2100 ok", "trailing 2"]),
        row(
            "missing last NUL",
            cut(text(version, 3, "7|Submitted|1|0|0|1|0|0|1||0|")),
            &["bad ORDER_STATUS.market_cap_price truncated", "counted ORDER_STATUS truncated"],
        ),
        row("missing last NUL of a tick", cut(tick("4|1|100|0|")), &["counted TICK_PRICE truncated"]),
    ]
}

/// The form in which everything is protobuf.
fn in_protobuf(id: i32) -> Vec<Row> {
    let start = [(1, Field::Integer(id.into())), (2, Field::Integer(4))];
    let tick = |fields: &[(u64, Field<'_>)]| protobuf(1, &[&start[..], fields].concat());
    let words = |words| notice(PROTOBUF, words);
    let cut = |bytes: Vec<u8>| framed(&bytes[4..bytes.len() - 1]);
    let marks = || (5, Field::Integer(0));
    vec![
        row("length 0", vec![0; 4], &[]),
        row("length 2", framed(b"\0\0"), &["bad frame.id truncated", "counted frame truncated"]),
        row("truncated tick", cut(tick(&[(3, Field::Double(1.5))])), &["counted TICK_PRICE malformed_protobuf"]),
        row(
            "truncated order status",
            cut(status(PROTOBUF, 7)),
            &["bad ORDER_STATUS. malformed_protobuf", "counted ORDER_STATUS malformed_protobuf"],
        ),
        row(
            "junk number",
            tick(&[(3, Field::Double(1.5)), (4, Field::Text(b"abc")), marks()]),
            &["counted TICK_PRICE not_a_number"],
        ),
        row(
            "junk number, a text for a double",
            tick(&[(3, Field::Text(b"abc")), marks()]),
            &["counted TICK_PRICE wrong_wire_type"],
        ),
        row("empty price", tick(&[(4, Field::Text(b"100")), marks()]), &["price none"]),
        row("bad UTF-8", words(b"Caf\xe9"), &["notice 2100 Café"]),
        row(
            "unknown id",
            protobuf(199, &[(1, Field::Integer(1))]),
            &["bad frame. unknown_message", "counted frame unknown_message"],
        ),
        row(
            "unknown request id",
            protobuf(
                1,
                &[
                    (1, Field::Integer(987_654_321)),
                    (2, Field::Integer(1)),
                    (3, Field::Double(100.25)),
                    (4, Field::Text(b"1")),
                    marks(),
                ],
            ),
            &["stray 1"],
        ),
        row("extra fields", tick(&[(3, Field::Double(1.5)), marks(), (900, Field::Text(b"x"))]), &["price 1.5"]),
        row(
            "missing last byte",
            cut(words(b"ok")),
            &["bad ERR_MSG. malformed_protobuf", "counted ERR_MSG malformed_protobuf"],
        ),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_malformed_frame_of_each_kind_costs_itself_alone() {
    for version in [TEXT, BETWEEN, PROTOBUF] {
        let mut bench = Bench::at(version).await;
        let rows = if version == PROTOBUF { in_protobuf(bench.id.0) } else { in_text(version, bench.id.0) };
        for Row { what, bytes, told } in rows {
            // Each with a fresh count, so that what is counted is told again.
            let mut bench = Bench::at(version).await;
            println!("{version}: {what}");
            bench.check(&bytes, told).await;
        }
        // All in one stream, too: the session is none the worse.
        let rows = if version == PROTOBUF { in_protobuf(bench.id.0) } else { in_text(version, bench.id.0) };
        let together: Vec<u8> = rows.iter().flat_map(|row| row.bytes.clone()).collect();
        let before = bench.client.counts();
        for _ in 0..100 {
            bench.between_ticks(&together).await;
        }
        let counts = bench.client.counts();
        let bad = rows.iter().filter(|row| row.told.iter().any(|line| line.starts_with("counted"))).count() as u64;
        assert_eq!(counts.bad_frames_total() - before.bad_frames_total(), 100 * bad);
        assert_eq!(counts.stray_messages, 100);
        assert_eq!(counts.frames_in - before.frames_in, 100 * (rows.len() as u64 + 2));
    }
}

#[tokio::test(start_paused = true)]
async fn a_length_that_no_frame_has_ends_the_epoch_and_the_stream_goes_on() {
    for version in [TEXT, BETWEEN, PROTOBUF] {
        for announced in [0x7FFF_FFFF, 0xFFFF_FFFF] {
            let bench = Bench::at(version).await;
            let reason = bench.drops(&u32::to_be_bytes(announced)).await;
            assert_eq!(reason, Reason::OutOfStep(OutOfStep { announced }));
        }
    }
}

/// A length of 2 before a whole message leaves the reader in the middle of it: what stands there is taken for a length.
/// In text that is no length at all. In protobuf it is one of 13 MB: ticks and everything else would be swallowed by a
/// frame that never ends, while bytes come all the time.
#[tokio::test(start_paused = true)]
async fn a_length_that_is_too_short_is_found_out() {
    for version in [TEXT, BETWEEN, PROTOBUF] {
        let mut bench = Bench::at(version).await;
        let tick = bench.bid(5);
        let lie = [&2_u32.to_be_bytes(), &tick[4..]].concat();
        let mut states = bench.client.state();
        bench.peer.say_raw(&[&bench.bid(1)[..], &lie].concat()).await;
        settle().await;
        let mut lost_after = 0;
        for second in 0..20 {
            if states.borrow_and_update().epoch == Epoch(1) && states.borrow().reason.is_some() {
                lost_after = second;
                break;
            }
            bench.peer.say_raw(&bench.bid(6)).await;
            tokio::time::sleep(SECOND).await;
        }
        let reason = states.borrow().reason.clone();
        let fits = match version {
            PROTOBUF => matches!(reason, Some(Reason::FrameUnfinished { announced: 0x00C9_0880 })) && lost_after <= 11,
            _ => matches!(reason, Some(Reason::OutOfStep(_) | Reason::FrameUnfinished { .. })) && lost_after <= 11,
        };
        assert!(fits, "{version}: {reason:?} after {lost_after} s");
        // Nothing was made out of the middle of a message.
        assert!(bench.heard().await.quotes.iter().all(|update| format!("{update:?}").contains("Some(1)")));
        let mut peer = bench.listener.started_at(tws_proto::ServerVersion(version)).await;
        peer.get_ready().await;
        assert_eq!(bench.client.ready(SECOND).await.unwrap().epoch, Epoch(2));
    }
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_is_cut_by_the_end_of_the_connection_is_forgotten_with_it() {
    for version in [TEXT, BETWEEN, PROTOBUF] {
        let tick = Bench::at(version).await.bid(9);
        for message in [status(version, 7), tick] {
            for kept in 1..message.len() {
                let reason = Bench::at(version).await.cut(&message[..kept]).await;
                assert_eq!(reason, Reason::ClosedByPeer);
            }
        }
    }
}
