//! A scripted server over in-memory pipes: it says what a test tells it to, and tells what it heard.

// Every test program uses its own part of this.
#![allow(dead_code, unreachable_pub)]

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tws_client::{Config, Connector, Exit, TradingClient};
use tws_proto::connection::{Connection, Event, Server};
use tws_proto::handshake::{Progress, ServerHandshake};
use tws_proto::ids::{ContractId, OrderId, RequestId};
use tws_proto::kinds::Action;
use tws_proto::message::*;
use tws_proto::{Contract, Order, ServerVersion};

/// Makes pipes instead of TCP connections.
pub struct Pipes(mpsc::UnboundedSender<DuplexStream>);

impl Connector for Pipes {
    type Reader = ReadHalf<DuplexStream>;
    type Writer = WriteHalf<DuplexStream>;

    fn connect(&mut self) -> impl Future<Output = io::Result<(Self::Reader, Self::Writer)>> + Send + 'static {
        let (ours, theirs) = duplex(1 << 16);
        let sent = self.0.send(theirs);
        async move {
            sent.map_err(|_| io::Error::from(io::ErrorKind::ConnectionRefused))?;
            Ok(split(ours))
        }
    }
}

/// Where the pipes of a session come out.
pub struct Listener(mpsc::UnboundedReceiver<DuplexStream>);

impl Listener {
    /// The next connection, before a byte was exchanged.
    pub async fn accept(&mut self) -> DuplexStream {
        self.0.recv().await.expect("the driver runs")
    }

    /// The next connection, after `START_API`.
    pub async fn started(&mut self) -> Peer {
        self.started_at(ServerVersion::NEWEST).await
    }

    pub async fn started_at(&mut self, version: ServerVersion) -> Peer {
        let mut peer = Peer::greet(self.accept().await, version).await;
        assert!(matches!(peer.hear().await, ClientMessage::StartApi(_)));
        peer
    }

    /// The next connection, ready.
    pub async fn ready(&mut self) -> Peer {
        let mut peer = self.started().await;
        peer.get_ready().await;
        peer
    }

    /// How many connections wait to be accepted.
    pub fn waiting(&self) -> usize {
        self.0.len()
    }
}

/// The server's end of a connection.
pub struct Peer {
    stream: DuplexStream,
    connection: Connection<Server>,
    input: BytesMut,
    heard: VecDeque<ClientMessage>,
    /// Whether probes are answered.
    pub answers_probes: bool,
}

impl Peer {
    pub async fn greet_for_test(stream: DuplexStream) -> Self {
        Self::greet(stream, ServerVersion::NEWEST).await
    }

    async fn greet(mut stream: DuplexStream, version: ServerVersion) -> Self {
        let mut handshake = ServerHandshake::start(version, "20261122 15:00:00 EST");
        let mut input = BytesMut::new();
        loop {
            assert_ne!(stream.read_buf(&mut input).await.unwrap(), 0, "closed in the handshake");
            match handshake.handle_input(&input.split()).unwrap() {
                Progress::More(more) => handshake = more,
                Progress::Done((mut connection, _)) => {
                    let answer = connection.poll_transmit().unwrap();
                    stream.write_all(&answer).await.unwrap();
                    return Self { stream, connection, input, heard: VecDeque::new(), answers_probes: true };
                }
            }
        }
    }

    pub async fn get_ready(&mut self) {
        self.say(NextValidId { order_id: OrderId(100) }).await;
        self.say(ManagedAccounts { accounts: "DU1234567,DU7654321,".into() }).await;
    }

    pub async fn say(&mut self, message: impl Into<ServerMessage>) {
        self.connection.send(message).unwrap();
        let output = self.connection.poll_transmit().unwrap();
        self.stream.write_all(&output).await.unwrap();
    }

    pub async fn say_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Ends the connection: the client reads all that was said, then its end.
    pub async fn close(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    pub async fn notice(&mut self, id: i32, code: i32, text: &str) {
        let notice = Notice { id: Some(id), code, text: text.into(), ..Notice::default() };
        self.say(Box::new(notice)).await;
    }

    pub async fn bid(&mut self, request_id: RequestId, price: i64) {
        self.say(TickPrice { request_id, kind: BID, price: Some(price.into()), ..TickPrice::default() }).await;
    }

    /// The next message but probes, or `None` once the client has closed.
    pub async fn try_hear(&mut self) -> Option<ClientMessage> {
        loop {
            if let Some(message) = self.heard.pop_front() {
                if self.answers_probes && matches!(message, ClientMessage::RequestCurrentTime(_)) {
                    self.say(CurrentTime { time_s: 1_800_000_000 }).await;
                    continue;
                }
                return Some(message);
            }
            if self.stream.read_buf(&mut self.input).await.unwrap_or(0) == 0 {
                return None;
            }
            self.connection.handle_input(&self.input.split());
            while let Some(event) = self.connection.poll_event().unwrap() {
                match event {
                    Event::Message(message) => self.heard.push_back(message),
                    Event::BadFrame(bad) => panic!("the client wrote a {bad}"),
                }
            }
        }
    }

    pub async fn hear(&mut self) -> ClientMessage {
        let heard = tokio::time::timeout(HOUR, self.try_hear()).await.expect("the client said nothing in an hour");
        heard.expect("the client closed")
    }

    /// Everything but probes that is heard in so much time.
    pub async fn hear_for(&mut self, time: Duration) -> Vec<ClientMessage> {
        let mut heard = Vec::new();
        let until = tokio::time::Instant::now() + time;
        while let Ok(Some(message)) = tokio::time::timeout_at(until, self.try_hear()).await {
            heard.push(message);
        }
        tokio::time::sleep_until(until).await;
        heard
    }

    /// The id of a market data request, which must be next.
    pub async fn hear_market_data(&mut self) -> RequestId {
        match self.hear().await {
            ClientMessage::RequestMarketData(body) => body.request_id,
            other => panic!("{other:?}"),
        }
    }
}

pub const BID: tws_proto::kinds::TickKind = tws_proto::kinds::TickKind::Bid;
/// Of the test's clock: longer than anything waits.
const HOUR: Duration = Duration::from_secs(3600);
pub const SECOND: Duration = Duration::from_secs(1);

/// A session whose driver runs, and the other end of its connections.
pub fn session(config: Config) -> (TradingClient, Listener, JoinHandle<Exit>) {
    session_over(config, |pipes| pipes)
}

/// The same, over pipes that are dressed up.
pub fn session_over<C: Connector>(
    config: Config,
    dress: impl FnOnce(Pipes) -> C,
) -> (TradingClient, Listener, JoinHandle<Exit>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let (client, driver) = TradingClient::connect_with(config, dress(Pipes(sender))).unwrap();
    (client, Listener(receiver), tokio::spawn(driver.run()))
}

/// A session that is ready.
pub async fn ready_session() -> (TradingClient, Listener, Peer) {
    let (client, mut listener, _) = session(Config::paper());
    let peer = listener.ready().await;
    client.ready(SECOND).await.unwrap();
    (client, listener, peer)
}

pub fn place(order_id: i32) -> ClientMessage {
    let contract = Contract::by_id(ContractId(265_598), "SMART");
    Box::new(PlaceOrder { order_id: OrderId(order_id), contract, order: buy(), attached: None }).into()
}

fn buy() -> Order {
    Order::limit(Action::Buy, 100.into(), 150.into())
}

pub fn cancel(order_id: i32) -> ClientMessage {
    CancelOrder::new(OrderId(order_id)).into()
}

/// What was sent, in short: `place 7`, `cancel 7`, else the wire name.
pub fn short(messages: &[ClientMessage]) -> Vec<String> {
    let short = |message: &ClientMessage| match message {
        ClientMessage::PlaceOrder(body) => format!("place {}", body.order_id),
        ClientMessage::CancelOrder(body) => format!("cancel {}", body.order_id),
        other => other.facts().name.to_owned(),
    };
    messages.iter().map(short).collect()
}
