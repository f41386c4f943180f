//! The floor of any client on tokio: a bare socket of the runtime, and an order that is built and encoded for each tick.

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tws_proto::ids::OrderId;
use tws_proto::message::Message as _;
use tws_proto::{ClientMessage, Missing};

use super::contender::{Setting, Taken};
use super::raw::{READ_BYTES, connect, frame, place, tick};
use super::server::END;

/// Answers each tick with an order.
pub(super) async fn orders(setting: Setting) -> Taken {
    let socket = connect(&setting);
    socket.set_nonblocking(true).expect("a live socket");
    let mut socket = TcpStream::from_std(socket).expect("a runtime with sockets");
    let (mut input, mut bytes, mut output) = (BytesMut::new(), vec![0; READ_BYTES], BytesMut::new());
    let mut taken = Taken::none();
    let mut order_id = 0;
    loop {
        let count = socket.read(&mut bytes).await.expect("a live socket");
        assert!(count > 0, "the server stays until the end");
        input.extend_from_slice(&bytes[..count]);
        while let Some((payload, taken_bytes)) = frame(&input) {
            let tick = tick(payload, setting.version);
            input.advance(taken_bytes);
            match tick {
                Some(tick) if tick.kind == END => return taken,
                Some(_) => {
                    order_id += 1;
                    let place = ClientMessage::from(Box::new(place(OrderId(order_id))));
                    place.write(setting.version, Missing::Refuse, &mut output).expect("it can travel");
                    socket.write_all(&output).await.expect("a live socket");
                    output.clear();
                    taken.count();
                }
                None => {}
            }
        }
    }
}
