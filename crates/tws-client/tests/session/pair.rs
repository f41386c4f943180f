//! The state machine and a server, with one clock that is moved by hand.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use tws_client::session::{Access, Event, Link, MakeRequest, Session};
use tws_client::{Alarm, Config, Phase, State};
use tws_proto::connection::{Connection, Event as Frame, Server};
use tws_proto::handshake::{Progress, ServerHandshake};
use tws_proto::ids::{ContractId, OrderId, RequestId};
use tws_proto::kinds::Action;
use tws_proto::message::*;
use tws_proto::{Contract, Order, ServerVersion};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// A session and its server, with one clock and no task.
pub(crate) struct Pair {
    pub(crate) session: Session,
    pub(crate) now: Instant,
    pub(crate) started: Instant,
    pub(crate) server: ServerEnd,
    pub(crate) link: Link,
    /// Whether the socket takes what is written.
    pub(crate) reads: bool,
    /// Whether the server answers probes, and starts sessions.
    pub(crate) lives: bool,
    pub(crate) heard: Vec<ClientMessage>,
    /// When each of `heard` left.
    pub(crate) heard_at: Vec<Instant>,
    pub(crate) events: Vec<Event>,
    /// Bytes that the session has written.
    pub(crate) bytes: usize,
}

pub(crate) enum ServerEnd {
    Absent,
    Greeting(Option<ServerHandshake>),
    Talking(Connection<Server>),
}

impl Pair {
    pub(crate) fn new(config: Config) -> Self {
        Self::with(config, Access::Trading)
    }

    pub(crate) fn with(config: Config, access: Access) -> Self {
        let now = Instant::now();
        let session = Session::new(config, access, now);
        let server = ServerEnd::Absent;
        let (heard, events) = (Vec::new(), Vec::new());
        Self {
            session,
            now,
            started: now,
            server,
            link: Link::None,
            reads: true,
            lives: true,
            heard,
            heard_at: Vec::new(),
            events,
            bytes: 0,
        }
    }

    pub(crate) fn ready() -> Self {
        Self::ready_with(Config::paper())
    }

    pub(crate) fn ready_with(config: Config) -> Self {
        let mut pair = Self::new(config);
        pair.run_for(SECOND);
        assert_eq!(pair.session.state().phase, Phase::Ready);
        pair
    }

    /// Lets time pass from deadline to deadline.
    pub(crate) fn run_for(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            self.settle();
            match self.session.poll_timeout() {
                Some(at) if at <= until => self.now = at,
                Some(_) | None => break,
            }
        }
        self.now = until;
        self.settle();
    }

    /// Carries bytes and events until nothing moves, without time passing.
    pub(crate) fn settle(&mut self) {
        for _ in 0..1000 {
            self.session.handle_timeout(self.now);
            self.follow();
            let output = if self.reads { self.session.poll_transmit(self.now) } else { None };
            while let Some(event) = self.session.poll_event() {
                self.events.push(event);
            }
            let Some(output) = output else {
                // Whoever waits for a time that has passed would wait for nothing, for ever.
                let at = self.session.poll_timeout();
                assert!(at.is_none_or(|at| at > self.now) || self.session.link() != self.link, "late by {at:?}");
                if self.session.link() == self.link {
                    return;
                }
                continue;
            };
            self.bytes += output.len();
            self.session.handle_flushed(self.now);
            let answer = self.serve(&output);
            if !answer.is_empty() {
                self.session.handle_input(&answer, self.now);
            }
        }
        panic!("it never comes to rest");
    }

    pub(crate) fn follow(&mut self) {
        let link = self.session.link();
        if link != self.link {
            self.server = ServerEnd::Absent;
            if let Link::Dial(_) = link {
                self.server = ServerEnd::Greeting(Some(ServerHandshake::start(ServerVersion::NEWEST, "20261122")));
                self.session.handle_connected(self.now);
            }
            self.link = self.session.link();
        }
    }

    /// What the server answers.
    pub(crate) fn serve(&mut self, bytes: &[u8]) -> BytesMut {
        match &mut self.server {
            ServerEnd::Absent => return BytesMut::new(),
            ServerEnd::Greeting(handshake) => {
                let waiting = handshake.take().unwrap();
                match waiting.handle_input(bytes).unwrap() {
                    Progress::More(more) => *handshake = Some(more),
                    Progress::Done((connection, _)) => self.server = ServerEnd::Talking(connection),
                }
            }
            ServerEnd::Talking(connection) => connection.handle_input(bytes),
        }
        let ServerEnd::Talking(connection) = &mut self.server else { return BytesMut::new() };
        while let Some(frame) = connection.poll_event().unwrap() {
            let Frame::Message(message) = frame else { panic!("{frame:?}") };
            match &message {
                ClientMessage::StartApi(_) if self.lives => {
                    connection.send(ManagedAccounts { accounts: "DU1".into() }).unwrap();
                    connection.send(NextValidId { order_id: OrderId(1) }).unwrap();
                }
                ClientMessage::RequestCurrentTime(_) if self.lives => connection.send(CurrentTime::default()).unwrap(),
                _ => {}
            }
            self.heard.push(message);
            self.heard_at.push(self.now);
        }
        connection.poll_transmit().unwrap_or_default()
    }

    pub(crate) fn say(&mut self, message: impl Into<ServerMessage>) {
        let ServerEnd::Talking(connection) = &mut self.server else { return };
        connection.send(message).unwrap();
        let output = connection.poll_transmit().unwrap();
        self.session.handle_input(&output, self.now);
        self.settle();
    }

    pub(crate) fn notice(&mut self, code: i32) {
        self.say(Box::new(Notice { id: Some(-1), code, ..Notice::default() }));
    }

    /// A notice about a request or an order.
    pub(crate) fn notice_of(&mut self, id: i32, code: i32, text: &str) {
        self.say(Box::new(Notice { id: Some(id), code, text: text.into(), ..Notice::default() }));
    }

    /// The alarms so far.
    pub(crate) fn alarms(&self) -> Vec<&Alarm> {
        let mut alarms = Vec::new();
        for event in &self.events {
            if let Event::Alarm(alarm) = event {
                alarms.push(alarm);
            }
        }
        alarms
    }

    pub(crate) fn state(&self) -> &State {
        self.session.state()
    }

    pub(crate) fn at(&self) -> Duration {
        self.now - self.started
    }
}

pub(crate) fn place(id: i32) -> ClientMessage {
    let (contract, order) = (Contract::by_id(ContractId(1), "SMART"), Order::market(Action::Buy, 1.into()));
    Box::new(PlaceOrder { order_id: OrderId(id), contract, order, attached: None }).into()
}

pub(crate) fn quotes() -> MakeRequest {
    Box::new(|request_id| Box::new(RequestMarketData { request_id, ..Default::default() }).into())
}

pub(crate) fn snapshot(request_id: RequestId) -> ClientMessage {
    Box::new(RequestMarketData { request_id, snapshot: true, ..Default::default() }).into()
}
