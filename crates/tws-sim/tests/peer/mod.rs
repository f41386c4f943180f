//! A client by hand, over sockets and pipes alike.

#![allow(dead_code, reason = "each test file uses its part")]

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tws_proto::connection::Client;
use tws_proto::handshake::{ClientHandshake, HandshakeError, Progress};
use tws_proto::ids::{ClientId, RequestId};
use tws_proto::message::{RequestCurrentTime, RequestMarketData, StartApi};
use tws_proto::{ClientMessage, Connection, Contract, Event, ServerMessage, ServerVersion};

/// A test that waits longer has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Peer<S> {
    pub(crate) stream: S,
    pub(crate) connection: Connection<Client>,
    /// How long it waits for the next message.
    pub(crate) patience: Duration,
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum NotLetIn {
    Closed,
    Handshake(HandshakeError),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(crate) async fn shake(mut stream: S, newest: ServerVersion) -> Result<Self, NotLetIn> {
        let (mut handshake, greeting) = ClientHandshake::start(newest, "").unwrap();
        if stream.write_all(&greeting).await.is_err() {
            return Err(NotLetIn::Closed);
        }
        let mut bytes = [0; 4096];
        loop {
            let count = stream.read(&mut bytes).await.unwrap_or(0);
            if count == 0 {
                return Err(NotLetIn::Closed);
            }
            match handshake.handle_input(&bytes[..count]).map_err(NotLetIn::Handshake)? {
                Progress::More(more) => handshake = more,
                Progress::Done((connection, _)) => return Ok(Self { stream, connection, patience: PATIENCE }),
            }
        }
    }

    /// Connects as a client and waits until it is ready.
    pub(crate) async fn start(stream: S, client: i32) -> Self {
        Self::start_at(stream, client, ServerVersion::NEWEST).await
    }

    pub(crate) async fn start_at(stream: S, client: i32, newest: ServerVersion) -> Self {
        let mut peer = Self::shake(stream, newest).await.unwrap();
        peer.say(StartApi { client_id: ClientId(client), ..StartApi::default() }).await;
        peer.until(|message| matches!(message, ServerMessage::Notice(notice) if notice.code == 2158)).await;
        peer
    }

    pub(crate) async fn say(&mut self, message: impl Into<ClientMessage>) {
        self.connection.send(message).unwrap();
        let bytes = self.connection.poll_transmit().unwrap();
        // A closed connection shows when it is read.
        let _ = self.stream.write_all(&bytes).await;
    }

    /// The next event, or `None` when the connection is closed or out of step.
    pub(crate) async fn event(&mut self) -> Option<Event<ServerMessage>> {
        let patience = self.patience;
        let next = async {
            loop {
                if let Some(event) = self.connection.poll_event().ok()? {
                    return Some(event);
                }
                if self.stream.read_buf(self.connection.input()).await.unwrap_or(0) == 0 {
                    return None;
                }
            }
        };
        tokio::time::timeout(patience, next).await.expect("nothing came")
    }

    pub(crate) async fn next(&mut self) -> Option<ServerMessage> {
        match self.event().await? {
            Event::Message(message) => Some(message),
            Event::BadFrame(bad) => panic!("{bad}"),
        }
    }

    pub(crate) async fn until(&mut self, wanted: impl Fn(&ServerMessage) -> bool) -> Vec<ServerMessage> {
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

    /// Whether it is answered; what came before is left out.
    pub(crate) async fn is_alive(&mut self) -> bool {
        self.say(RequestCurrentTime {}).await;
        loop {
            match self.event().await {
                Some(Event::Message(ServerMessage::CurrentTime(_))) => return true,
                Some(_) => {}
                None => return false,
            }
        }
    }

    /// Reads to the end of the connection.
    pub(crate) async fn is_closed(&mut self) {
        while self.event().await.is_some() {}
    }

    pub(crate) async fn watch_ibm(&mut self) {
        let contract = Contract::stock("IBM", "USD");
        self.say(Box::new(RequestMarketData { request_id: RequestId(1), contract, ..RequestMarketData::default() }))
            .await;
        self.until(|message| matches!(message, ServerMessage::MarketDataType(_))).await;
    }
}
