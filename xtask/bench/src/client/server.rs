//! A TWS that only does what is measured: it shakes hands, hears which lines are wanted, and writes what was built
//! beforehand.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use rust_decimal::Decimal;
use tws_proto::connection::{Connection, Event, Server};
use tws_proto::handshake::{Progress, ServerHandshake};
use tws_proto::ids::{OrderId, RequestId};
use tws_proto::kinds::TickKind;
use tws_proto::message::{ManagedAccounts, Message, NextValidId, TickAttributes, TickPrice};
use tws_proto::{ClientMessage, Missing, ServerMessage, ServerVersion};

/// The tick that ends a load.
pub(super) const END: TickKind = TickKind::Close;

/// Listens for one contender.
pub(super) fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    let port = listener.local_addr().expect("a bound listener has an address").port();
    (listener, port)
}

/// A contender that has asked for its lines.
pub(super) struct Session {
    pub(super) socket: TcpStream,
    pub(super) version: ServerVersion,
    /// Under which ids, in the order in which they were asked for.
    pub(super) lines: Vec<RequestId>,
}

impl Session {
    /// Accepts a contender and answers it until it has asked for so many lines.
    pub(super) fn accept(listener: &TcpListener, version: ServerVersion, lines: usize) -> Self {
        let (mut socket, _) = listener.accept().expect("a contender connects");
        socket.set_nodelay(true).expect("a live socket");
        socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a live socket");
        let mut connection = shake_hands(&mut socket, version);
        let mut asked = Vec::new();
        while asked.len() < lines {
            while let Some(event) = connection.poll_event().expect("in step") {
                match event {
                    Event::Message(ClientMessage::StartApi(_)) => {
                        connection.send(ManagedAccounts { accounts: "DU1".to_owned() }).expect("it can travel");
                        connection.send(NextValidId { order_id: OrderId(1) }).expect("it can travel");
                    }
                    Event::Message(ClientMessage::RequestMarketData(body)) => asked.push(body.request_id),
                    Event::Message(_) => {}
                    Event::BadFrame(bad) => panic!("a contender sent a bad frame: {bad}"),
                }
            }
            if let Some(output) = connection.poll_transmit() {
                socket.write_all(&output).expect("a live socket");
            }
            if asked.len() < lines {
                read(&mut socket, |bytes| connection.handle_input(bytes));
            }
        }
        Self { socket, version, lines: asked }
    }

    /// Frames of price ticks, one a line in turn, of at least so many bytes; how many there are.
    pub(super) fn ticks(&self, bytes_min: usize) -> (BytesMut, u64) {
        let (mut frames, mut count) = (BytesMut::new(), 0);
        while frames.len() < bytes_min {
            for request_id in &self.lines {
                write(price(*request_id, count), self.version, &mut frames);
                count += 1;
            }
        }
        (frames, count)
    }

    /// A frame for each line that says that the load is over.
    pub(super) fn ends(&self) -> BytesMut {
        let mut frames = BytesMut::new();
        for request_id in &self.lines {
            write(TickPrice { kind: END, ..price(*request_id, 0) }, self.version, &mut frames);
        }
        frames
    }
}

/// Bids and asks in turn, for each line, with prices and sizes as they are.
pub(super) fn price(request_id: RequestId, count: u64) -> TickPrice {
    let at = (count / 7 % 40) as i64;
    TickPrice {
        request_id,
        kind: if (count / 100).is_multiple_of(2) { TickKind::Bid } else { TickKind::Ask },
        price: Some(Decimal::new(18_455 + 7 * at, 2)),
        size: Some(Decimal::new(100 * (1 + at % 12), 0)),
        attributes: Some(TickAttributes(1)),
    }
}

pub(super) fn write(message: impl Into<ServerMessage>, version: ServerVersion, frames: &mut BytesMut) {
    message.into().write(version, Missing::Refuse, frames).expect("it travels at any version");
}

fn shake_hands(socket: &mut TcpStream, version: ServerVersion) -> Connection<Server> {
    let mut handshake = Some(ServerHandshake::start(version, "20261122 15:00:00 EST"));
    let mut done = None;
    while done.is_none() {
        read(socket, |bytes| {
            let waiting = handshake.take().expect("it is put back unless it is done");
            match waiting.handle_input(bytes).expect("an API client") {
                Progress::More(more) => handshake = Some(more),
                Progress::Done((connection, hello)) => {
                    assert_eq!(hello.version, version, "every contender speaks the version that is measured");
                    done = Some(connection);
                }
            }
        });
    }
    done.expect("the loop ends with it")
}

fn read(socket: &mut TcpStream, take: impl FnOnce(&[u8])) {
    let mut bytes = [0; 4096];
    let count = socket.read(&mut bytes).expect("a live socket");
    assert!(count > 0, "a contender went away");
    take(&bytes[..count]);
}

/// Frames of a contender, split off one by one.
#[derive(Default)]
pub(super) struct Frames {
    input: BytesMut,
}

impl Frames {
    /// Waits for the next frame whose message has this id in four bytes.
    pub(super) fn wait_for(&mut self, id: i32, socket: &mut TcpStream) {
        loop {
            while let Some(length) = self.input.first_chunk().map(|length| u32::from_be_bytes(*length) as usize) {
                if self.input.len() < 4 + length {
                    break;
                }
                let found = self.input.get(4..8).is_some_and(|found| found == id.to_be_bytes());
                self.input.advance(4 + length);
                if found {
                    return;
                }
            }
            read(socket, |bytes| self.input.extend_from_slice(bytes));
        }
    }
}
