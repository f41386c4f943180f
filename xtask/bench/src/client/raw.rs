//! The limit: one blocking thread that does what cannot be left out, and no more.

use std::hint::black_box;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Instant;

use bytes::{Buf as _, BytesMut};
use rust_decimal::Decimal;
use tws_proto::connection::{Client, Connection, Event};
use tws_proto::handshake::{ClientHandshake, Progress};
use tws_proto::ids::{ClientId, OrderId, RequestId};
use tws_proto::kinds::Action;
use tws_proto::message::{Message as _, PlaceOrder, RequestMarketData, StartApi, TickPrice};
use tws_proto::{ClientMessage, Contract, Missing, Order, ServerMessage, ServerVersion};

use super::contender::{Setting, Taken};
use super::server::END;

/// How much is read at a time.
pub(super) const READ_BYTES: usize = 256 * 1024;
/// Ids as our client gives them, so that frames are as long as its frames.
const FIRST_ID: i32 = 2_000_000_000;

/// Reads, splits and decodes.
pub(super) fn ticks(setting: &Setting) -> Taken {
    let mut socket = connect(setting);
    let (mut input, mut bytes) = (BytesMut::new(), vec![0; READ_BYTES]);
    let (mut taken, mut ended) = (Taken::none(), 0);
    while ended < setting.lines {
        let count = socket.read(&mut bytes).expect("a live socket");
        assert!(count > 0, "the server stays until the end");
        input.extend_from_slice(&bytes[..count]);
        while let Some((payload, taken_bytes)) = frame(&input) {
            let tick = tick(payload, setting.version);
            input.advance(taken_bytes);
            match tick {
                Some(tick) if tick.kind == END => ended += 1,
                Some(tick) => {
                    black_box(tick);
                    taken.count();
                }
                None => {}
            }
        }
    }
    taken.last = Instant::now();
    taken
}

/// Answers each read that holds a tick with an order that was built before.
pub(super) fn orders(setting: &Setting) -> Taken {
    answer(connect(setting), setting)
}

/// The same, and it never sleeps: it reads again at once where nothing has come.
pub(super) fn orders_awake(setting: &Setting) -> Taken {
    let socket = connect(setting);
    socket.set_nonblocking(true).expect("a live socket");
    answer(socket, setting)
}

fn answer(mut socket: TcpStream, setting: &Setting) -> Taken {
    let mut order = BytesMut::new();
    let place = ClientMessage::from(Box::new(place(OrderId(1))));
    place.write(setting.version, Missing::Refuse, &mut order).expect("it can travel");
    let (mut input, mut bytes) = (BytesMut::new(), vec![0; READ_BYTES]);
    let mut taken = Taken::none();
    loop {
        let count = match socket.read(&mut bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            read => read.expect("a live socket"),
        };
        assert!(count > 0, "the server stays until the end");
        input.extend_from_slice(&bytes[..count]);
        while let Some((payload, taken_bytes)) = frame(&input) {
            let tick = tick(payload, setting.version);
            input.advance(taken_bytes);
            match tick {
                Some(tick) if tick.kind == END => {
                    taken.last = Instant::now();
                    return taken;
                }
                Some(_) => {
                    socket.write_all(&order).expect("a live socket");
                    taken.count();
                }
                None => {}
            }
        }
    }
}

/// The order with which every contender answers a tick.
pub(super) fn place(order_id: OrderId) -> PlaceOrder {
    let order = Order::limit(Action::Buy, Decimal::ONE, Decimal::new(18_455, 2));
    PlaceOrder { order_id, contract: Contract::stock("T0", "USD"), order, attached: None }
}

/// The first frame of the input, and how long it is with its prefix.
pub(super) fn frame(input: &[u8]) -> Option<(&[u8], usize)> {
    let (length, rest) = input.split_first_chunk()?;
    let length = u32::from_be_bytes(*length) as usize;
    Some((rest.get(..length)?, 4 + length))
}

pub(super) fn tick(payload: &[u8], version: ServerVersion) -> Option<TickPrice> {
    match ServerMessage::read(payload, version).expect("the server sends what can be read").message {
        ServerMessage::TickPrice(tick) => Some(tick),
        _ => None,
    }
}

pub(super) fn connect(setting: &Setting) -> TcpStream {
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, setting.port)).expect("the server listens");
    socket.set_nodelay(true).expect("a live socket");
    let mut connection = shake_hands(&mut socket, setting.version);
    let hello = StartApi { client_id: ClientId(1), ..StartApi::default() };
    connection.send(hello).expect("it can travel");
    flush(&mut connection, &mut socket);
    wait_for_start(&mut connection, &mut socket);
    for at in 0..setting.lines as i32 {
        let contract = Contract::stock(&format!("T{at}"), "USD");
        let request_id = RequestId(FIRST_ID + at);
        let ask = Box::new(RequestMarketData { request_id, contract, ..RequestMarketData::default() });
        connection.send(ask).expect("it can travel");
    }
    flush(&mut connection, &mut socket);
    socket
}

fn flush(connection: &mut Connection<Client>, socket: &mut TcpStream) {
    if let Some(output) = connection.poll_transmit() {
        socket.write_all(&output).expect("a live socket");
    }
}

fn wait_for_start(connection: &mut Connection<Client>, socket: &mut TcpStream) {
    let mut bytes = [0; 4096];
    loop {
        while let Some(event) = connection.poll_event().expect("in step") {
            if let Event::Message(ServerMessage::NextValidId(_)) = event {
                return;
            }
        }
        let count = socket.read(&mut bytes).expect("a live socket");
        assert!(count > 0, "the server answers");
        connection.handle_input(&bytes[..count]);
    }
}

fn shake_hands(socket: &mut TcpStream, version: ServerVersion) -> Connection<Client> {
    let (mut handshake, greeting) = ClientHandshake::start(version, "").expect("no options");
    socket.write_all(&greeting).expect("a live socket");
    let mut bytes = [0; 256];
    loop {
        let count = socket.read(&mut bytes).expect("a live socket");
        assert!(count > 0, "the server answers");
        match handshake.handle_input(&bytes[..count]).expect("a TWS") {
            Progress::More(more) => handshake = more,
            Progress::Done((connection, _)) => return connection,
        }
    }
}
