//! The shell over real sockets: versions, bad input, slow clients, cut connections.

use std::net::SocketAddr;
use std::time::Duration;

use rust_decimal::Decimal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tws_proto::connection::Client;
use tws_proto::handshake::{ClientHandshake, Progress};
use tws_proto::ids::{ClientId, OrderId, RequestId};
use tws_proto::kinds::{Action, Status};
use tws_proto::message::{
    CancelOrder, PlaceOrder, RequestContractData, RequestCurrentTime, RequestMarketData, RequestOpenOrders, StartApi,
};
use tws_proto::{ClientMessage, Connection, Contract, Event, Order, ServerMessage, ServerVersion};
use tws_sim::{Pace, StartError, TwsSim};

/// Nothing on loopback takes this long: a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);

struct Peer {
    stream: TcpStream,
    connection: Connection<Client>,
}

impl Peer {
    async fn connect(address: SocketAddr, newest: ServerVersion) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let (mut handshake, greeting) = ClientHandshake::start(newest, "").unwrap();
        stream.write_all(&greeting).await.unwrap();
        let mut bytes = [0; 4096];
        let connection = loop {
            let count = stream.read(&mut bytes).await.unwrap();
            assert_ne!(count, 0, "closed in the handshake");
            match handshake.handle_input(&bytes[..count]).unwrap() {
                Progress::More(more) => handshake = more,
                Progress::Done((connection, _)) => break connection,
            }
        };
        Self { stream, connection }
    }

    async fn start(address: SocketAddr, client: i32) -> Self {
        Self::start_at(address, client, ServerVersion::NEWEST).await
    }

    async fn start_at(address: SocketAddr, client: i32, newest: ServerVersion) -> Self {
        let mut peer = Self::connect(address, newest).await;
        peer.say(StartApi { client_id: ClientId(client), ..StartApi::default() }).await;
        peer.until(|message| matches!(message, ServerMessage::Notice(notice) if notice.code == 2158)).await;
        peer
    }

    async fn say(&mut self, message: impl Into<ClientMessage>) {
        self.connection.send(message).unwrap();
        let bytes = self.connection.poll_transmit().unwrap();
        self.stream.write_all(&bytes).await.unwrap();
    }

    /// The next message, or `None` when the simulator closed.
    async fn next(&mut self) -> Option<ServerMessage> {
        let next = async {
            loop {
                match self.connection.poll_event().unwrap() {
                    Some(Event::Message(message)) => return Some(message),
                    Some(Event::BadFrame(bad)) => panic!("{bad}"),
                    None => {}
                }
                // A cut connection may end in a reset.
                if self.stream.read_buf(self.connection.input()).await.unwrap_or(0) == 0 {
                    return None;
                }
            }
        };
        tokio::time::timeout(PATIENCE, next).await.expect("nothing came")
    }

    async fn until(&mut self, wanted: impl Fn(&ServerMessage) -> bool) -> Vec<ServerMessage> {
        let mut heard = Vec::new();
        loop {
            let message = self.next().await.unwrap_or_else(|| panic!("closed after {heard:?}"));
            let done = wanted(&message);
            heard.push(message);
            if done {
                return heard;
            }
        }
    }

    async fn is_alive(&mut self) {
        self.say(RequestCurrentTime {}).await;
        self.until(|message| matches!(message, ServerMessage::CurrentTime(_))).await;
    }

    async fn is_closed(&mut self) {
        while self.next().await.is_some() {}
    }
}

fn ibm() -> Contract {
    Contract::stock("IBM", "USD")
}

#[tokio::test]
async fn a_session_works_at_every_version() {
    for version in [176, 187, 200, 201, 203, 213, 226].map(ServerVersion) {
        for (server, client) in [(version, ServerVersion::NEWEST), (ServerVersion::NEWEST, version)] {
            let sim = TwsSim::builder().still_markets().max_version(server).start().await.unwrap();
            sim.quote("IBM", Decimal::new(18_120, 2), Decimal::new(18_125, 2)).unwrap();
            let mut peer = Peer::start_at(sim.address(), 1, client).await;
            assert_eq!(peer.connection.version(), version);
            peer.say(Box::new(RequestContractData { request_id: RequestId(1), contract: ibm() })).await;
            let heard = peer.until(|message| matches!(message, ServerMessage::ContractDataEnd(_))).await;
            assert!(
                matches!(&heard[0], ServerMessage::ContractData(data) if data.details.min_tick == Some(Decimal::new(1, 2)))
            );
            let contract = ibm();
            peer.say(Box::new(RequestMarketData {
                request_id: RequestId(2),
                contract,
                ..RequestMarketData::default()
            }))
            .await;
            peer.until(|message| matches!(message, ServerMessage::TickSize(_))).await;
            let order = Order {
                order_reference: "mine".into(),
                ..Order::limit(Action::Buy, 100.into(), Decimal::new(18_125, 2))
            };
            peer.say(Box::new(PlaceOrder { order_id: OrderId(1), contract: ibm(), order, attached: None })).await;
            let heard = peer.until(|message| matches!(message, ServerMessage::CommissionReport(_))).await;
            let execution = heard.iter().find_map(|message| match message {
                ServerMessage::ExecutionData(data) => Some(&data.execution),
                _ => None,
            });
            let execution = execution.unwrap();
            assert_eq!((execution.price, execution.quantity), (Some(Decimal::new(18_125, 2)), Some(100.into())));
            assert_eq!(execution.order_reference, "mine");
            let order = Order::limit(Action::Buy, 100.into(), 100.into());
            peer.say(Box::new(PlaceOrder { order_id: OrderId(2), contract: ibm(), order, attached: None })).await;
            peer.say(CancelOrder::new(OrderId(2))).await;
            let heard =
                peer.until(|message| matches!(message, ServerMessage::Notice(notice) if notice.code == 202)).await;
            assert!(heard.iter().any(
                |message| matches!(message, ServerMessage::OrderStatus(status) if status.status == Status::Cancelled)
            ));
            assert_eq!(sim.book().position("DU1234567", "IBM"), 100.into());
            sim.shutdown().await;
        }
    }
}

#[tokio::test]
async fn bad_peers_lose_their_own_connection_only() {
    let sim = TwsSim::builder().still_markets().start().await.unwrap();
    let mut good = Peer::start(sim.address(), 1).await;
    for greeting in
        [&b"GET / HTTP/1.1\r\n\r\n"[..], b"API\0\xFF\xFF\xFF\xFF", b"API\0\0\0\0\x08v100..99", &[b'A'; 5000]]
    {
        let mut stream = TcpStream::connect(sim.address()).await.unwrap();
        stream.write_all(greeting).await.unwrap();
        let closed = tokio::time::timeout(PATIENCE, stream.read(&mut [0; 16])).await.expect("still open");
        assert!(matches!(closed, Ok(0) | Err(_)), "{greeting:?}");
        good.is_alive().await;
    }
    for prefix in [0xFFFF_FFFF_u32, 0x8000_0000, 0x0100_0000, (1 << 20) + 1] {
        let mut bad = Peer::start(sim.address(), 2).await;
        bad.stream.write_all(&prefix.to_be_bytes()).await.unwrap();
        bad.is_closed().await;
        good.is_alive().await;
    }
    sim.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_greets_is_closed_after_ten_seconds() {
    let sim = TwsSim::builder().still_markets().start().await.unwrap();
    let begun = tokio::time::Instant::now();
    let mut silent = TcpStream::connect(sim.address()).await.unwrap();
    silent.write_all(b"API").await.unwrap();
    assert!(matches!(silent.read(&mut [0; 1]).await, Ok(0) | Err(_)));
    assert!(begun.elapsed() >= Duration::from_secs(10));
    sim.shutdown().await;
}

#[tokio::test]
async fn answers_can_take_their_time_at_any_speed() {
    for pace in [Pace::Real, Pace::Factor(100.0), Pace::AsFast] {
        let latency = Duration::from_millis(20);
        let sim = TwsSim::builder().still_markets().latency(latency).speed(pace).start().await.unwrap();
        Peer::start(sim.address(), 1).await.is_alive().await;
        sim.shutdown().await;
    }
}

#[tokio::test]
async fn a_bad_frame_is_answered_and_the_session_lives_on() {
    let sim = TwsSim::builder().still_markets().max_version(ServerVersion(187)).start().await.unwrap();
    let mut peer = Peer::start(sim.address(), 1).await;
    for (payload, id) in [(&b"1\x0011\x007\0junk"[..], 7), (b"9999\x001\0", -1), (b"hello", -1), (b"3\x0012\0", 12)] {
        let mut frame = (payload.len() as u32).to_be_bytes().to_vec();
        frame.extend_from_slice(payload);
        peer.stream.write_all(&frame).await.unwrap();
        let answer = peer.next().await.unwrap();
        assert!(
            matches!(&answer, ServerMessage::Notice(notice) if notice.code == 320 && notice.id == Some(id)),
            "{answer:?}"
        );
    }
    peer.is_alive().await;
    sim.shutdown().await;
}

#[tokio::test]
async fn a_client_id_is_free_again_when_its_connection_is_gone() {
    let sim = TwsSim::builder().still_markets().start().await.unwrap();
    let _first = Peer::start(sim.address(), 1).await;
    let mut second = Peer::connect(sim.address(), ServerVersion::NEWEST).await;
    second.say(StartApi { client_id: ClientId(1), ..StartApi::default() }).await;
    let answer = second.next().await.unwrap();
    assert!(matches!(answer, ServerMessage::Notice(notice) if notice.code == 326));
    second.is_closed().await;
    sim.drop_connections();
    Peer::start(sim.address(), 1).await.is_alive().await;
    sim.shutdown().await;
}

#[tokio::test]
async fn cut_and_refused_clients_come_back_to_their_orders() {
    let sim = TwsSim::builder().still_markets().start().await.unwrap();
    let mut peer = Peer::start(sim.address(), 1).await;
    let order = Order::limit(Action::Buy, 100.into(), 100.into());
    peer.say(Box::new(PlaceOrder { order_id: OrderId(1), contract: ibm(), order, attached: None })).await;
    peer.until(|message| matches!(message, ServerMessage::OrderStatus(_))).await;
    sim.refuse_connections().await;
    sim.drop_connections();
    peer.is_closed().await;
    assert!(TcpStream::connect(sim.address()).await.is_err());
    sim.accept_connections().await.unwrap();
    let mut peer = Peer::connect(sim.address(), ServerVersion::NEWEST).await;
    peer.say(StartApi { client_id: ClientId(1), ..StartApi::default() }).await;
    let heard = peer.until(|message| matches!(message, ServerMessage::OrderStatus(_))).await;
    assert!(
        heard.iter().any(|message| matches!(message, ServerMessage::NextValidId(next) if next.order_id == OrderId(2)))
    );
    assert_eq!(sim.clients(), 1);
    sim.shutdown().await;
}

#[tokio::test]
async fn the_thirty_third_client_is_turned_away() {
    let sim = TwsSim::builder().still_markets().start().await.unwrap();
    let mut peers = Vec::new();
    for client in 0..32 {
        peers.push(Peer::start(sim.address(), client).await);
    }
    let mut late = TcpStream::connect(sim.address()).await.unwrap();
    assert!(matches!(late.read(&mut [0; 1]).await, Ok(0) | Err(_)));
    sim.shutdown().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_dropped_and_nobody_waits() {
    let sim = TwsSim::builder().still_markets().start().await.unwrap();
    let mut slow = Peer::start(sim.address(), 1).await;
    let mut good = Peer::start(sim.address(), 2).await;
    let contract = ibm();
    slow.say(Box::new(RequestMarketData { request_id: RequestId(1), contract, ..RequestMarketData::default() })).await;
    slow.until(|message| matches!(message, ServerMessage::MarketDataType(_))).await;
    assert_eq!(sim.clients(), 2);
    let mut quotes = 0_i64;
    while sim.clients() == 2 {
        for _ in 0..1000 {
            quotes += 1;
            sim.quote("IBM", 100 + quotes % 7, 200 + quotes % 7).unwrap();
        }
        assert!(quotes < 5_000_000, "the slow client is never dropped");
        good.is_alive().await;
    }
    assert_eq!(sim.clients(), 1);
    good.is_alive().await;
    slow.is_closed().await;
    sim.shutdown().await;
}

#[tokio::test]
async fn time_as_fast_as_it_can_waits_for_a_watcher() {
    let sim = TwsSim::builder().seed(3).speed(Pace::AsFast).start().await.unwrap();
    let mut peer = Peer::start(sim.address(), 1).await;
    let before = sim.now();
    let contract = ibm();
    peer.say(Box::new(RequestMarketData { request_id: RequestId(1), contract, ..RequestMarketData::default() })).await;
    for _ in 0..20_000 {
        peer.until(|message| matches!(message, ServerMessage::TickSize(_))).await;
    }
    assert!(sim.now().since_ms(before) > 600_000, "{}", sim.now().since_ms(before));
    peer.say(RequestOpenOrders {}).await;
    peer.until(|message| matches!(message, ServerMessage::OpenOrdersEnd(_))).await;
    sim.shutdown().await;
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let fault = |result: Result<TwsSim, StartError>| result.err().map(|error| error.to_string()).unwrap_or_default();
    let remote = TwsSim::builder().listen("0.0.0.0:0".parse().unwrap()).start().await;
    assert!(fault(remote).contains("no password"));
    let missing = TwsSim::builder().tape("IBM", "no/such.csv").start().await;
    assert!(fault(missing).starts_with("cannot open the tape no/such.csv"));
    let unknown = TwsSim::builder().tape_rows("NOSUCH", Vec::new()).start().await;
    assert!(fault(unknown).contains("\"NOSUCH\""));
    let version = TwsSim::builder().max_version(ServerVersion(150)).start().await;
    assert!(fault(version).contains("from 176 to 226"));
    let speed = TwsSim::builder().speed(Pace::Factor(0.0)).start().await;
    assert!(fault(speed).contains("above 0"));
    let first = TwsSim::builder().start().await.unwrap();
    let second = TwsSim::builder().listen(first.address()).start().await;
    assert!(fault(second).contains("choose another port"));
    assert!(first.quote("NOSUCH", 1, 2).is_err());
}
