//! W8 to W12: what answers the greeting.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::Instant;
use tws_client::{Client, Config, Epoch, Exit, LaneEvent, Phase, Reason, RequestError, StateChange, TradingClient};
use tws_proto::ServerVersion;
use tws_proto::handshake::HandshakeError;

use crate::bench::settle;
use crate::frames::framed;
use crate::support::{Listener, SECOND, session};

/// Waits until the session has lost its connection, or attempt, and says why.
async fn lost(client: &Client) -> Reason {
    let mut states = client.state();
    let state = states.wait_for(|state| state.phase == Phase::Disconnected && state.reason.is_some()).await.unwrap();
    state.reason.clone().unwrap()
}

/// Every attempt of ten minutes is answered by these bytes, which stay the last: the reason must be the same each time,
/// and the pauses must double. Then a TWS is there.
async fn check(bytes: &[u8], expected: impl Fn(&Reason) -> bool) {
    let (client, mut listener, _driver) = session(Config::paper());
    let mut lane = client.take_order_events().unwrap();
    let began = Instant::now();
    let mut streams = Vec::new();
    while began.elapsed() < 600 * SECOND {
        let mut stream = listener.accept().await;
        stream.write_all(bytes).await.unwrap();
        let reason = lost(&client).await;
        assert!(expected(&reason), "{reason:?} behind {}", bytes.escape_ascii());
        streams.push(stream);
        settle().await;
    }
    // 0.5 + 1 + 2 + 4 + 8 + 16 + 30 + 30 ...: about 24 in ten minutes, a fifth more or less.
    assert!((18..=32).contains(&streams.len()), "{} attempts", streams.len());
    // The order lane has heard of each, and of nothing else.
    let mut ends = 0;
    while let Some(event) = lane.try_recv() {
        match event {
            LaneEvent::State(StateChange::EpochBegan { .. }) => {}
            LaneEvent::State(StateChange::EpochLost { reason, .. }) if expected(&reason) => ends += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(ends, streams.len());
    assert_eq!(client.counts().epochs, ends as u64);
    let _peer = listener.ready().await;
    client.ready(SECOND).await.unwrap();
    assert_eq!(client.state().borrow().reason, None);
}

#[tokio::test(start_paused = true)]
async fn w08_http_tls_or_random_bytes_instead_of_a_handshake() {
    let random: Vec<u8> = (0..64_u32).map(|place| (place.wrapping_mul(2_654_435_761) >> 13) as u8 | 1).collect();
    for bytes in [
        &b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"[..],
        b"\x15\x03\x03\x00\x02\x02\x46",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        &[0xff; 64],
        &random,
    ] {
        check(bytes, |reason| matches!(reason, Reason::Handshake(HandshakeError::NotTws { .. }))).await;
    }
}

#[tokio::test(start_paused = true)]
async fn w09_no_answer_for_ten_seconds() {
    // Silence from the start, and silence inside the answer.
    for bytes in [&b""[..], b"\0\0", b"\0\0\0\x1a22"] {
        let (client, mut listener, _driver) = session(Config::paper());
        for _ in 0..5 {
            let mut stream = listener.accept().await;
            let began = Instant::now();
            stream.write_all(bytes).await.unwrap();
            assert_eq!(lost(&client).await, Reason::HandshakeTimedOut);
            assert_eq!(began.elapsed().as_secs(), 10);
            settle().await;
        }
        let _peer = listener.ready().await;
        client.ready(SECOND).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn w10_closed_right_after_accept_twenty_times() {
    let (client, mut listener, _driver) = session(Config::paper());
    let mut pauses = Vec::new();
    for _ in 0..20 {
        let asked = Instant::now();
        drop(listener.accept().await);
        pauses.push(asked.elapsed());
        assert_eq!(lost(&client).await, Reason::ClosedByPeer);
        settle().await;
    }
    assert!(pauses[0] < Duration::from_millis(10), "the first attempt waits for nothing: {pauses:?}");
    for pair in pauses[1..].windows(2) {
        assert!(pair[1] >= pair[0] || pair[1] >= 24 * SECOND, "pauses must grow to 30 s: {pauses:?}");
        assert!(pair[1] <= 30 * SECOND, "{pauses:?}");
    }
    let _peer = listener.ready().await;
    client.ready(SECOND).await.unwrap();
}

/// Answers the greeting with this version, and gives what the driver ended with, if it did within ten minutes.
async fn answer_version(version: &str) -> (TradingClient, Listener, Option<Exit>) {
    let (client, mut listener, driver) = session(Config::paper());
    let mut stream = listener.accept().await;
    stream.write_all(&framed(format!("{version}\x0020261122 15:00:00 EST\0").as_bytes())).await.unwrap();
    let ended = tokio::time::timeout(600 * SECOND, driver).await;
    (client, listener, ended.ok().map(|joined| joined.unwrap()))
}

#[tokio::test(start_paused = true)]
async fn w11_a_server_version_below_our_lowest_ends_the_session_with_a_clear_word() {
    for version in [1, 100, 175] {
        let (client, listener, exit) = answer_version(&version.to_string()).await;
        let exit = exit.expect("it must not try on");
        assert_eq!(exit, Exit::Incompatible(HandshakeError::ServerTooOld { server: version }));
        assert!(exit.to_string().contains(&version.to_string()) && exit.to_string().contains("upgrade"), "{exit}");
        assert_eq!(listener.waiting(), 0, "no further attempt was made");
        assert_eq!(client.counts().epochs, 1);
        assert_eq!(client.ready(SECOND).await, Err(RequestError::Closed));
    }
}

/// A server never answers with more than was offered; one that does is talked to at the highest common version, and what
/// it says beyond that is ignored field by field.
#[tokio::test(start_paused = true)]
async fn w12_a_server_version_above_our_highest() {
    let (client, mut listener, _driver) = session(Config::paper());
    let mut stream = listener.accept().await;
    stream.write_all(&framed(b"300\x0020261122 15:00:00 EST\0")).await.unwrap();
    settle().await;
    let state = client.state().borrow().clone();
    assert_eq!((state.phase, state.server_version), (Phase::Starting, Some(ServerVersion::NEWEST)));
    // NEXT_VALID_ID and MANAGED_ACCTS, each with a field of the future.
    stream.write_all(&framed(b"\0\0\0\xd1\x08\x07\xfa\x3f\x01x")).await.unwrap();
    stream.write_all(&framed(b"\0\0\0\xd7\x0a\x03DU1\xf8\x3f\x01")).await.unwrap();
    let ready = client.ready(SECOND).await.unwrap();
    assert_eq!((ready.next_order_id.0, ready.accounts, ready.epoch), (7, vec!["DU1".to_owned()], Epoch(1)));
}
