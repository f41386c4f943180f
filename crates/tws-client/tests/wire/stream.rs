//! W1 to W7: how the stream is cut, and lengths that no frame has.

use std::time::Duration;

use tws_client::{Epoch, Reason, Update};
use tws_proto::connection::OutOfStep;
use tws_proto::message::Notice;

use crate::bench::{Bench, settle};
use crate::frames::{BETWEEN, PROTOBUF, TEXT, status, written};
use crate::support::SECOND;

/// A quote, an order status and a notice, and what they are to the user.
fn sample(bench: &Bench) -> (Vec<u8>, [&'static str; 3]) {
    let notice = Box::new(Notice { id: Some(-1), code: 2104, text: "farm:usfarm".into(), ..Notice::default() });
    let bytes = [bench.bid(5), status(bench.version, 7), written(bench.version, notice)].concat();
    (bytes, ["price 5", "ORDER_STATUS", "notice 2104 farm:usfarm"])
}

#[tokio::test(start_paused = true)]
async fn w01_one_byte_at_a_time() {
    for version in [TEXT, BETWEEN, PROTOBUF] {
        let mut bench = Bench::at(version).await;
        let (bytes, expected) = sample(&bench);
        for byte in bytes {
            bench.peer.say_raw(&[byte]).await;
            settle().await;
        }
        assert_eq!(bench.heard().await.short(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn w02_a_thousand_frames_in_one_read() {
    for version in [TEXT, BETWEEN, PROTOBUF] {
        let mut bench = Bench::at(version).await;
        let status = status(version, 7);
        let together: Vec<u8> = (0..1000).flat_map(|_| status.clone()).collect();
        assert!(together.len() < 1 << 16, "it fits into the pipe at once");
        let heard = bench.between_ticks(&together).await;
        assert_eq!(heard.short(), vec!["ORDER_STATUS"; 1000]);
        assert_eq!(bench.client.counts().bad_frames_total(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn w03_a_frame_cut_at_every_offset() {
    for version in [TEXT, BETWEEN, PROTOBUF] {
        let mut bench = Bench::at(version).await;
        let (bytes, expected) = sample(&bench);
        for at in 0..=bytes.len() {
            bench.peer.say_raw(&bytes[..at]).await;
            tokio::time::sleep(SECOND).await;
            bench.peer.say_raw(&bytes[at..]).await;
            assert_eq!(bench.heard().await.short(), expected, "cut at {at} at version {version}");
        }
        assert_eq!(bench.client.state().borrow().epoch, Epoch(1));
    }
}

/// The length ends the epoch, and nothing is allocated for it.
fn drops_at(announced: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    for version in [TEXT, PROTOBUF] {
        let mut reason = None;
        let counted = allocation_counter::measure(|| {
            reason = Some(runtime.block_on(async { Bench::at(version).await.drops(&announced.to_be_bytes()).await }));
        });
        assert_eq!(reason, Some(Reason::OutOfStep(OutOfStep { announced })));
        // Two pipes of 64 KiB, the buffer of the driver, and what a session needs.
        assert!(counted.bytes_max < 2 << 20, "{} bytes for a frame of {announced}", counted.bytes_max);
    }
}

#[test]
fn w04_a_length_of_all_ones() {
    drops_at(0xFFFF_FFFF);
}

#[test]
fn w05_a_length_that_is_negative() {
    drops_at(0x8000_0000);
}

#[test]
fn w06_a_length_beyond_the_longest_frame_is_refused_before_a_byte_is_allocated() {
    for announced in [0x0100_0000, 0x7FFF_FFFF, 0x4000_0000] {
        drops_at(announced);
    }
}

/// A frame may be as long as 16 MiB - 1; what is announced and does not come costs what came, and ends with the link.
#[tokio::test(start_paused = true)]
async fn w06_the_longest_length_is_waited_for_and_not_paid_in_advance() {
    let mut bench = Bench::at(PROTOBUF).await;
    bench.peer.say_raw(&[&bench.bid(1)[..], &0x00FF_FFFF_u32.to_be_bytes(), b"\0\0\0\xd1"].concat()).await;
    assert_eq!(bench.heard().await.short(), ["price 1"]);
    // Whoever goes silent inside a frame is found out like whoever goes silent between two.
    let mut states = bench.client.state();
    let lost = states.wait_for(|state| state.reason.is_some());
    let state = tokio::time::timeout(12 * SECOND, lost).await.unwrap().unwrap().clone();
    assert_eq!(state.reason, Some(Reason::Silent));
}

#[tokio::test(start_paused = true)]
async fn w07_a_length_of_zero_is_skipped() {
    for version in [TEXT, BETWEEN, PROTOBUF] {
        let mut bench = Bench::at(version).await;
        bench.check(&[0; 4], &[]).await;
        bench.check(&[0; 400], &[]).await;
        // Nor is it a sign of nothing: frames without a body keep the link alive.
        for _ in 0..60 {
            bench.peer.say_raw(&[0; 4]).await;
            tokio::time::sleep(Duration::from_secs(4)).await;
        }
        assert_eq!(bench.client.state().borrow().epoch, Epoch(1));
        assert!(!bench.heard().await.quotes.contains(&Update::Gap { epoch: Epoch(2) }));
    }
}
