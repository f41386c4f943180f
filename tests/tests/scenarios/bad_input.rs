//! Bad input is a typed error that says what is wrong and what to do, and everybody lives on.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use trader::config::Problem;
use trader::{Alarm, Event, Phase, StartError, Trader, TraderConfig};
use tws_client::{Client, Config, LaneEvent, OrderEvents, Reason};
use tws_proto::connection::OutOfStep;
use tws_proto::handshake::HandshakeError;
use tws_proto::{BadFrame, Fault, ServerVersion};
use tws_sim::TwsSim;
use tws_sim::tape::TapeError;

use crate::meddler::Meddler;

/// Nothing here takes this long: a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);

async fn simulator() -> TwsSim {
    TwsSim::builder().seed(7).still_markets().start().await.unwrap()
}

/// A client at this address, at most at this version, and what it hears on its order lane.
fn client(address: std::net::SocketAddr, newest_version: ServerVersion) -> (Client, OrderEvents) {
    let config = Config { host: address.ip().to_string(), port: address.port(), newest_version, ..Config::paper() };
    let (client, driver) = Client::connect(config).unwrap();
    let lane = client.take_order_events().unwrap();
    tokio::spawn(driver.run());
    (client, lane)
}

/// Waits until a connection has ended, or could not begin, for a reason that fits.
async fn lost(client: &Client, fits: impl Fn(&Reason) -> bool) -> Reason {
    let mut states = client.state();
    let lost = states.wait_for(|state| state.reason.as_ref().is_some_and(&fits));
    let state = tokio::time::timeout(PATIENCE, lost).await.expect("it was not lost").unwrap();
    state.reason.clone().unwrap()
}

/// Waits for a frame that could not be read.
async fn bad_frame(lane: &mut OrderEvents) -> BadFrame {
    let found = async {
        loop {
            if let LaneEvent::BadFrame(bad) = lane.recv().await.expect("the session has ended") {
                return bad;
            }
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("no bad frame was heard of")
}

fn framed(payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap();
    [&length.to_be_bytes(), payload].concat()
}

#[tokio::test]
async fn garbage_instead_of_a_handshake_ends_that_connection_and_the_simulator_lives_on() {
    let sim = simulator().await;
    let (good, _lane) = client(sim.address(), ServerVersion::NEWEST);
    good.ready(PATIENCE).await.unwrap();
    for garbage in
        [&b"GET / HTTP/1.1\r\n\r\n"[..], b"\x16\x03\x01\x02\x00\x01\x00", b"API\0\xFF\xFF\xFF\xFF", &[0; 8192]]
    {
        let mut bad = TcpStream::connect(sim.address()).await.unwrap();
        bad.write_all(garbage).await.unwrap();
        let _ = bad.shutdown().await; // it may have been closed already
        let ended = tokio::time::timeout(PATIENCE, bad.read(&mut [0; 16])).await.expect("it is still open");
        assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
        good.server_time().await.unwrap();
    }
    good.shutdown().await;
}

#[tokio::test]
async fn garbage_instead_of_a_handshake_is_named_and_the_client_tries_on() {
    let sim = simulator().await;
    for garbage in
        [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", b"SSH-2.0-OpenSSH_9.6\r\n"]
    {
        let meddler = Meddler::instead_of(sim.address(), garbage).await;
        let (client, _lane) = client(meddler.address, ServerVersion::NEWEST);
        let reason = lost(&client, |reason| matches!(reason, Reason::Handshake(_))).await;
        assert!(matches!(reason, Reason::Handshake(HandshakeError::NotTws { .. })), "{reason:?}");
        assert!(reason.to_string().contains("check host and port"), "{reason}");
        client.ready(PATIENCE).await.unwrap();
        client.server_time().await.unwrap();
        client.shutdown().await;
    }
}

#[tokio::test]
async fn a_frame_of_four_billion_bytes_ends_the_connection_and_nobody_allocates_it() {
    let sim = simulator().await;
    let meddler = Meddler::before(sim.address()).await;
    let (client, _lane) = client(meddler.address, ServerVersion::NEWEST);
    let first = client.ready(PATIENCE).await.unwrap();
    client.server_time().await.unwrap();
    meddler.say(&[0xFF; 4]);
    let reason = lost(&client, |reason| matches!(reason, Reason::OutOfStep(_))).await;
    assert_eq!(reason, Reason::OutOfStep(OutOfStep { announced: 0xFFFF_FFFF }));
    let second = client.ready(PATIENCE).await.unwrap();
    assert!(second.epoch > first.epoch);
    client.server_time().await.unwrap();

    // The other way: a client that announces as much.
    let mut bad = TcpStream::connect(sim.address()).await.unwrap();
    bad.write_all(b"API\0\0\0\0\x09v176..226").await.unwrap();
    let mut answer = [0; 8];
    tokio::time::timeout(PATIENCE, bad.read_exact(&mut answer)).await.expect("no answer").unwrap();
    assert_eq!(&answer[4..], b"226\0");
    bad.write_all(&[0xFF; 4]).await.unwrap();
    // It may end in a reset.
    let _ = tokio::time::timeout(PATIENCE, bad.read_to_end(&mut Vec::new())).await.expect("it is still open");
    client.server_time().await.unwrap();
    client.shutdown().await;
}

#[tokio::test]
async fn a_truncated_message_and_an_unknown_one_are_skipped_and_the_connection_stands() {
    let sim = simulator().await;
    // As text with a number in letters, as text or protobuf behind a number of four bytes.
    let cases = [
        (ServerVersion(187), framed(b"11\x007\0"), framed(b"9999\0x\0")),
        (ServerVersion::NEWEST, framed(b"\0\0\0\xD3\x08"), framed(b"\0\0\x27\x0F\x08\x01")),
    ];
    for (version, truncated, unknown) in cases {
        let meddler = Meddler::before(sim.address()).await;
        let (client, mut lane) = client(meddler.address, version);
        let first = client.ready(PATIENCE).await.unwrap();
        client.server_time().await.unwrap();
        meddler.say(&truncated);
        let bad = bad_frame(&mut lane).await;
        assert!(!matches!(bad.fault, Fault::UnknownMessage(_)), "{bad}");
        assert!(bad.to_string().contains("EXECUTION"), "{bad}");
        meddler.say(&unknown);
        let bad = bad_frame(&mut lane).await;
        assert!(matches!(bad.fault, Fault::UnknownMessage(_)), "{bad}");
        client.server_time().await.unwrap();
        assert_eq!(client.state().borrow().epoch, first.epoch);
        client.shutdown().await;
    }
}

#[tokio::test]
async fn a_message_cut_off_by_the_end_of_the_connection_is_forgotten_with_it() {
    let sim = simulator().await;
    let meddler = Meddler::before(sim.address()).await;
    let (client, mut lane) = client(meddler.address, ServerVersion::NEWEST);
    let first = client.ready(PATIENCE).await.unwrap();
    client.server_time().await.unwrap();
    meddler.say(&framed(b"\0\0\0\xD3\x08\x01\x12\x10")[..6]);
    meddler.end();
    lost(&client, |reason| matches!(reason, Reason::ClosedByPeer | Reason::SocketFailed(_))).await;
    assert!(client.ready(PATIENCE).await.unwrap().epoch > first.epoch);
    client.server_time().await.unwrap();
    while let Some(event) = lane.try_recv() {
        assert!(!matches!(event, LaneEvent::BadFrame(_)), "{event:?}");
    }
    client.shutdown().await;
}

#[tokio::test]
async fn the_simulator_answers_bad_frames_and_lives_on() {
    let sim = TwsSim::builder().still_markets().max_version(ServerVersion(187)).start().await.unwrap();
    let mut bad = TcpStream::connect(sim.address()).await.unwrap();
    bad.write_all(b"API\0\0\0\0\x09v176..187").await.unwrap();
    bad.write_all(&framed(b"71\x002\x001\0\0")).await.unwrap();
    for (frame, said) in [(framed(b"3\x0012\0"), "PLACE_ORDER"), (framed(b"9999\x001\0"), "9999")] {
        bad.write_all(&frame).await.unwrap();
        let heard = async {
            let mut heard = Vec::new();
            while !String::from_utf8_lossy(&heard).contains("320") || !String::from_utf8_lossy(&heard).contains(said) {
                assert_ne!(bad.read_buf(&mut heard).await.unwrap(), 0, "{:?}", String::from_utf8_lossy(&heard));
            }
        };
        tokio::time::timeout(PATIENCE, heard).await.unwrap_or_else(|_| panic!("nothing was said of {said}"));
    }
    let (good, _lane) = client(sim.address(), ServerVersion(187));
    // The bad one holds client id 1 until it is gone.
    drop(bad);
    good.ready(PATIENCE).await.unwrap();
    good.server_time().await.unwrap();
    good.shutdown().await;
}

#[tokio::test]
async fn a_trader_lives_through_bad_frames_and_raises_the_alarm() {
    let sim = simulator().await;
    let meddler = Meddler::before(sim.address()).await;
    let folder = tempfile::tempdir().unwrap();
    let config = TraderConfig {
        port: meddler.address.port(),
        journal: folder.path().join("trader.db"),
        lock_folder: Some(folder.path().to_owned()),
        ..TraderConfig::paper()
    };
    let trader = Trader::builder(config).start().await.unwrap();
    let handle = trader.handle();
    let mut alarms = handle.bus().subscribe_map(event_bus::Queue::lossless(64), |event| match event {
        Event::Alarm(alarm) => Some(alarm.clone()),
        _ => None,
    });
    meddler.say(&framed(b"\0\0\0\xD3\x08"));
    let alarm = tokio::time::timeout(PATIENCE, alarms.recv()).await.expect("no alarm").unwrap().event().unwrap();
    assert!(matches!(alarm, Alarm::BadFrame(_)), "{alarm}");
    assert_eq!(handle.state().phase, Phase::Ready);
    let epoch = handle.state().epoch;
    meddler.say(&[0xFF; 4]);
    let mut states = handle.client().state();
    let again = states.wait_for(|state| state.epoch.0 > epoch && state.is_ready());
    tokio::time::timeout(PATIENCE, again).await.expect("it did not come back").unwrap();
    handle.ready(PATIENCE).await.unwrap();
    trader.stop().await;
}

#[tokio::test]
async fn settings_that_cannot_be_meant_are_named_with_what_to_do() {
    let from = |variables: &[(&str, &str)]| {
        TraderConfig::from_variables(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    };
    for (variable, value, problem, remedy) in [
        ("TWS_PORT", "http", Problem::Unreadable, "write a port number"),
        ("TWS_CLIENT_ID", "zero", Problem::Unreadable, "write a whole number"),
        ("TWS_TRADING_MODE", "yolo", Problem::NotAllowed, "choose paper or live"),
        ("TWS_PORT", "7496", Problem::LivePortInPaperMode, "use 7497"),
        ("TWS_PORT", "4001", Problem::LivePortInPaperMode, "4002"),
    ] {
        let error = from(&[(variable, value)]).unwrap_err();
        let [fault] = error.faults.as_slice() else { panic!("{error}") };
        assert_eq!((fault.setting, &fault.problem), (variable, &problem));
        assert!(error.to_string().contains(remedy) && error.to_string().contains(value), "{error}");
    }
    // And where the builder says it, before anything is opened or connected.
    let folder = tempfile::tempdir().unwrap();
    let config = TraderConfig { port: 7496, journal: folder.path().join("trader.db"), ..TraderConfig::paper() };
    let error = Trader::builder(config.clone()).start().await.expect_err("a live port in paper mode");
    assert!(matches!(error, StartError::Config(_)), "{error}");
    assert!(!config.journal.exists());
}

#[tokio::test]
async fn a_tape_that_is_not_there_is_named() {
    let error = TwsSim::builder().tape("IBM", "/no/such/file").start().await.expect_err("there is no such tape");
    assert!(matches!(error, tws_sim::StartError::Tape(TapeError::Unreadable { .. })), "{error}");
    assert!(error.to_string().contains("/no/such/file"), "{error}");
    assert!(error.to_string().contains("SYMBOL=FILE"), "{error}");
}
