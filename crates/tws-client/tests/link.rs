//! Connections that come about, do not, and break.

mod support;

use std::time::Duration;

use rust_decimal::Decimal;
use support::{Listener, SECOND, place, ready_session, session, short};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;
use tws_client::config::{ConnectError, Pacing};
use tws_client::{Client, Config, Epoch, Exit, Phase, Reason, RequestError, SessionEvent, Tick, TradingClient, Update};
use tws_proto::handshake::HandshakeError;
use tws_proto::kinds::TickKind;
use tws_proto::message::{ClientMessage, ManagedAccounts, NextValidId};
use tws_proto::{Contract, ServerVersion};
use tws_sim::TwsSim;

const VERSION_ANSWER: &[u8] = b"\0\0\0\x1a226\x0020261122 15:00:00 EST\0";

/// Waits until the session is disconnected, and says why.
async fn lost(client: &Client) -> Reason {
    let mut states = client.state();
    let state = states.wait_for(|state| state.phase == Phase::Disconnected && state.reason.is_some()).await.unwrap();
    state.reason.clone().unwrap()
}

/// Answers the greeting with these bytes, then closes; gives the reason, and proves that the next attempt succeeds.
async fn answer(bytes: &[u8]) -> Reason {
    let (client, mut listener, _driver) = session(Config::paper());
    let mut stream = listener.accept().await;
    stream.write_all(bytes).await.unwrap();
    let reason = lost(&client).await;
    drop(stream);
    let _peer = listener.ready().await;
    client.ready(SECOND).await.unwrap();
    reason
}

#[tokio::test(start_paused = true)]
async fn a_session_gets_ready() {
    let (client, mut listener, _driver) = session(Config::paper());
    let _peer = listener.ready().await;
    let ready = client.ready(SECOND).await.unwrap();
    assert_eq!(ready.accounts, ["DU1234567", "DU7654321"]);
    assert_eq!((ready.next_order_id.0, ready.server_version, ready.epoch), (100, ServerVersion::NEWEST, Epoch(1)));
}

#[tokio::test(start_paused = true)]
async fn looks_before_sleep_end() {
    let (client, mut listener, _driver) = session(Config { idle_looks: 1000, ..Config::paper() });
    let mut peer = listener.ready().await;
    client.ready(SECOND).await.unwrap();
    // Time moves only where everybody sleeps: the driver does, and its timer wakes it to probe the link.
    assert!(peer.hear_for(60 * SECOND).await.is_empty());
    assert_eq!(client.ready(SECOND).await.unwrap().epoch, Epoch(1));
    let too_many = Client::connect(Config { idle_looks: 10_001, ..Config::paper() });
    assert_eq!(too_many.err(), Some(ConnectError::IdleLooks { given: 10_001, most: 10_000 }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looks_before_sleep_miss_nothing() {
    for idle_looks in [0, 1, 40, 10_000] {
        let broker = TwsSim::builder().seed(7).still_markets().start().await.unwrap();
        let pacing = Pacing { frames_per_second: 1000, ..Pacing::default() };
        let config = Config { port: broker.address().port(), idle_looks, pacing, ..Config::paper() };
        let (client, driver) = TradingClient::connect(config).unwrap();
        tokio::spawn(driver.run());
        let order_id = client.ready(10 * SECOND).await.unwrap().next_order_id.0;
        let mut quotes = client.market_data(&Contract::stock("IBM", "USD"), &[]).unwrap();
        for at in 0..50 {
            // Now within the looks, now after them.
            tokio::time::sleep(Duration::from_micros(40 * at)).await;
            let bid = Decimal::new(18_000 + at as i64, 2);
            broker.quote("IBM", bid, bid + Decimal::ONE).unwrap();
            let told = async {
                while let Some(update) = quotes.recv().await {
                    if let Update::Data(Tick::Price(tick)) = update
                        && (tick.kind, tick.price) == (TickKind::Bid, Some(bid))
                    {
                        return true;
                    }
                }
                false
            };
            assert_eq!(tokio::time::timeout(10 * SECOND, told).await, Ok(true), "{idle_looks} {bid}");
            if at % 3 > 0 {
                // Whoever answers looks too, while the driver may be reading.
                client.send_order_messages(vec![place(order_id + at as i32)]).unwrap();
            }
        }
        broker.shutdown().await;
        // The end of the connection is not missed either.
        let reason = lost(&client).await;
        let is_end = matches!(reason, Reason::ClosedByPeer | Reason::SocketFailed(_) | Reason::ConnectFailed(_));
        assert!(is_end, "{idle_looks} {reason:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_is_read_while_the_peer_does_not_read() {
    // A peer that writes all it has before it reads must not wait for a client that does the same.
    let pacing = Pacing { frames_per_second: 1_000_000, ..Pacing::default() };
    let (client, mut listener, _driver) = session(Config { pacing, ..Config::paper() });
    let mut peer = listener.ready().await;
    client.ready(SECOND).await.unwrap();
    let mut ticks = client.market_data(&Contract::stock("IBM", "USD"), &[]).unwrap();
    let request_id = peer.hear_market_data().await;
    let orders = 1000..2000; // far more than the pipe holds
    for order_id in orders.clone() {
        client.send_order_messages(vec![place(order_id)]).unwrap();
    }
    for price in 1..4 {
        peer.bid(request_id, price).await;
        let tick = tokio::time::timeout(SECOND, ticks.recv()).await.unwrap();
        assert!(matches!(tick, Some(Update::Data(Tick::Price(tick))) if tick.price == Some(price.into())), "{price}");
    }
    for order_id in orders {
        assert_eq!(short(&[peer.hear().await]), [format!("place {order_id}")]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_handshake_may_come_byte_by_byte_and_the_start_in_any_order() {
    let (client, mut listener, _driver) = session(Config::paper());
    let mut stream = listener.accept().await;
    for byte in VERSION_ANSWER {
        stream.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    // MANAGED_ACCTS and NEXT_VALID_ID in protobuf, the other way round than usual.
    for byte in b"\0\0\0\x09\0\0\0\xd7\x0a\x03DU1\0\0\0\x06\0\0\0\xd1\x08\x07" {
        stream.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let ready = client.ready(SECOND).await.unwrap();
    assert_eq!((ready.next_order_id.0, ready.accounts), (7, vec!["DU1".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_tws_is_named_and_tried_again() {
    for bytes in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"\x16\x03\x01\x02\x00\x01\x00", &[0xff; 4], &[0x5a; 64]] {
        let reason = answer(bytes).await;
        assert!(matches!(reason, Reason::Handshake(HandshakeError::NotTws { .. })), "{reason:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_impossible_length_ends_the_epoch() {
    for length in [[0xff; 4], [0x80, 0, 0, 0], [0x01, 0, 0, 0]] {
        let (client, mut listener, mut peer) = ready_session().await;
        peer.say_raw(&length).await;
        assert!(matches!(lost(&client).await, Reason::OutOfStep(_)));
        let _peer = listener.ready().await;
        assert_eq!(client.ready(SECOND).await.unwrap().epoch, Epoch(2));
    }
}

#[tokio::test(start_paused = true)]
async fn an_old_server_ends_the_session_with_a_clear_word() {
    let (client, mut listener, driver) = session(Config::paper());
    let mut stream = listener.accept().await;
    stream.write_all(b"\0\0\0\x1a150\x0020261122 15:00:00 EST\0").await.unwrap();
    let exit = driver.await.unwrap();
    assert_eq!(exit, Exit::Incompatible(HandshakeError::ServerTooOld { server: 150 }));
    assert_eq!(client.ready(SECOND).await, Err(RequestError::Closed));
    assert!(exit.to_string().contains("upgrade"), "{exit}");
}

#[tokio::test(start_paused = true)]
async fn silence_is_not_waited_for() {
    // Before the handshake: the peer accepts and says nothing.
    let (client, mut listener, _driver) = session(Config::paper());
    let began = Instant::now();
    let silent = listener.accept().await;
    assert_eq!(lost(&client).await, Reason::HandshakeTimedOut);
    assert_eq!(began.elapsed().as_secs(), 10);
    drop(silent);
    // Before ready: no order id comes.
    let mut peer = listener.started().await;
    let began = Instant::now();
    peer.say(ManagedAccounts { accounts: "DU1".into() }).await;
    let mut states = client.state();
    states.wait_for(|state| state.reason == Some(Reason::StartTimedOut)).await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 20);
    // Once ready: a peer that freezes is found out within 12 s.
    let peer = listener.ready().await;
    client.ready(SECOND).await.unwrap();
    let began = Instant::now();
    states.wait_for(|state| state.reason == Some(Reason::Silent)).await.unwrap();
    assert!(began.elapsed() <= 12 * SECOND && began.elapsed() >= 9 * SECOND, "{:?}", began.elapsed());
    drop(peer);
}

#[tokio::test(start_paused = true)]
async fn an_answered_probe_keeps_a_quiet_link() {
    let (client, listener, mut peer) = ready_session().await;
    assert_eq!(peer.hear_for(120 * SECOND).await, []);
    assert_eq!(client.state().borrow().epoch, Epoch(1));
    assert_eq!(listener.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn twenty_early_closes_are_met_with_patience() {
    let (client, mut listener, _driver) = session(Config::paper());
    let began = Instant::now();
    let mut pauses = Vec::new();
    for _ in 0..20 {
        let asked = Instant::now();
        drop(listener.accept().await);
        pauses.push(asked.elapsed());
    }
    let _peer = listener.ready().await;
    client.ready(SECOND).await.unwrap();
    assert!(pauses[1] < SECOND && pauses[1] >= Duration::from_millis(400), "{pauses:?}");
    assert!(pauses[10] >= 24 * SECOND && pauses[10] <= 30 * SECOND, "{pauses:?}");
    assert!(began.elapsed() > 350 * SECOND, "{:?}", began.elapsed());
    assert_eq!(client.state().borrow().reason, None);
}

#[tokio::test(start_paused = true)]
async fn a_client_id_in_use_is_waited_for_and_never_changed() {
    let (client, mut listener, _driver) = session(Config::paper());
    let began = Instant::now();
    let mut attempts = 0;
    while began.elapsed() < 600 * SECOND {
        let asked = Instant::now();
        let mut peer = refuse_client_id(&mut listener).await;
        assert!(attempts == 0 || asked.elapsed() >= 2 * SECOND, "{:?}", asked.elapsed());
        assert_eq!(peer.try_hear().await, None);
        attempts += 1;
    }
    assert!(attempts <= 60, "{attempts}");
    assert_eq!(lost(&client).await, Reason::ClientIdInUse);
    let freed = Instant::now();
    let _peer = listener.ready().await;
    client.ready(SECOND).await.unwrap();
    assert!(freed.elapsed() < 35 * SECOND);
}

async fn refuse_client_id(listener: &mut Listener) -> support::Peer {
    let mut peer = support::Peer::greet_for_test(listener.accept().await).await;
    match peer.hear().await {
        ClientMessage::StartApi(body) => assert_eq!(body.client_id.0, 1),
        other => panic!("{other:?}"),
    }
    peer.notice(-1, 326, "Unable to connect as the client id is already in use").await;
    peer
}

#[tokio::test(start_paused = true)]
async fn requests_of_a_lost_epoch_end_with_it() {
    let (client, mut listener, mut peer) = ready_session().await;
    let asking = tokio::spawn({
        let client = client.clone();
        async move { client.open_orders().await }
    });
    assert!(matches!(peer.hear().await, ClientMessage::RequestOpenOrders(_)));
    drop(peer);
    assert_eq!(asking.await.unwrap(), Err(RequestError::ConnectionReset));
    assert!(matches!(client.positions().await, Err(RequestError::NotReady { .. })));
    // Nothing was kept: the next epoch hears neither the request nor anything else.
    let mut peer = listener.ready().await;
    assert_eq!(peer.hear_for(3 * SECOND).await, []);
}

#[tokio::test]
async fn a_host_that_has_no_address_is_named_as_that() {
    let (client, driver) = Client::connect(Config { host: "no host".to_owned(), ..Config::paper() }).unwrap();
    let driver = tokio::spawn(driver.run());
    let reason = lost(&client).await.to_string();
    assert!(reason.contains("the host has no address"), "{reason}");
    driver.abort();
}

#[test]
fn a_client_id_that_means_none_on_the_wire_is_refused() {
    for (id, ok) in [(-1, false), (0, true), (i32::MAX - 1, true), (i32::MAX, false)] {
        let config = Config { client_id: tws_proto::ids::ClientId(id), ..Config::paper() };
        assert_eq!(config.validate().is_ok(), ok, "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_unreachable_host_is_tried_for_ever_with_a_reason() {
    let (client, listener, _driver) = session(Config::paper());
    drop(listener);
    assert_eq!(lost(&client).await, Reason::ConnectFailed(std::io::ErrorKind::ConnectionRefused));
    let not_ready = client.ready(100 * SECOND).await.unwrap_err();
    assert!(matches!(not_ready, RequestError::NotReady { .. }));
    assert!(client.state().borrow().attempts > 5);
}

#[tokio::test(start_paused = true)]
async fn shutdown_writes_what_is_under_way_then_closes() {
    let (client, mut listener, driver) = session(Config::paper());
    let mut peer = listener.ready().await;
    client.ready(SECOND).await.unwrap();
    let mut events = client.take_order_events().unwrap();
    client.send_order_messages(vec![place(100)]).unwrap();
    client.shutdown().await;
    assert_eq!(driver.await.unwrap(), Exit::Shutdown);
    assert_eq!(support::short(&[peer.hear().await]), ["place 100"]);
    assert_eq!(peer.try_hear().await, None);
    while events.recv().await.is_some() {}
    assert_eq!(client.ready(SECOND).await, Err(RequestError::Closed));
    assert_eq!(client.positions().await, Err(RequestError::Closed));
    client.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_session_without_handles_ends() {
    let (client, mut listener, driver) = session(Config::paper());
    let _peer = listener.ready().await;
    client.ready(SECOND).await.unwrap();
    drop(client);
    assert_eq!(driver.await.unwrap(), Exit::Abandoned);
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_is_gone_leaves_nobody_waiting() {
    let (client, mut listener, driver) = session(Config::paper());
    let mut peer = listener.ready().await;
    client.ready(SECOND).await.unwrap();
    let mut quotes = client.market_data(&Default::default(), &[]).unwrap();
    let asking = tokio::spawn({
        let client = client.clone();
        async move { client.positions().await }
    });
    assert!(matches!(peer.hear().await, ClientMessage::RequestMarketData(_)));
    driver.abort();
    assert_eq!(asking.await.unwrap(), Err(RequestError::Closed));
    assert_eq!(quotes.recv().await, Some(tws_client::Update::Ended(RequestError::Closed)));
    assert_eq!(quotes.recv().await, None);
    client.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_listens_to_a_session_that_has_ended_hears_its_end() {
    let (client, _listener, _peer) = ready_session().await;
    let mut before = client.events();
    client.shutdown().await;
    let mut after = client.events();
    assert_eq!(tokio::time::timeout(60 * SECOND, after.recv()).await.expect("it ends"), None);
    assert_eq!(client.events().try_recv(), None);
    let mut last = None;
    while let Some(event) = tokio::time::timeout(60 * SECOND, before.recv()).await.expect("it ends") {
        last = Some(event);
    }
    assert!(matches!(last, Some(SessionEvent::State { state, .. }) if state.phase == Phase::Closed));
}

#[tokio::test(start_paused = true)]
async fn callbacks_hear_every_phase_in_order() {
    let (sender, mut phases) = tokio::sync::mpsc::unbounded_channel();
    let (client, mut listener, _driver) = session(Config::paper());
    assert!(client.on_state(|_| panic!("a careless callback")));
    assert!(client.on_state(move |state| sender.send(state.phase).unwrap()));
    let mut peer = listener.started().await;
    peer.say(NextValidId::default()).await;
    peer.say(ManagedAccounts { accounts: "DU1".into() }).await;
    for expected in [Phase::Connecting, Phase::Handshaking, Phase::Starting, Phase::Ready] {
        assert_eq!(phases.recv().await, Some(expected));
    }
    drop(peer);
    assert_eq!(phases.recv().await, Some(Phase::Disconnected));
}

#[tokio::test(start_paused = true)]
async fn the_greeting_is_the_one_of_tws() {
    let config = Config { newest_version: ServerVersion(187), options: "+PACEAPI".into(), ..Config::paper() };
    let (_client, mut listener, _driver) = session(config);
    let mut stream = listener.accept().await;
    let mut greeting = [0; 26];
    stream.read_exact(&mut greeting).await.unwrap();
    assert_eq!(&greeting, b"API\0\0\0\0\x12v100..187 +PACEAPI");
}
