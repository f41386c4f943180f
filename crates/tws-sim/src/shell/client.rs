//! One client's task: handshake, then frames in and messages out until either side ends it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tws_proto::connection::{OutOfStep, Server};
use tws_proto::handshake::{HandshakeError, Progress, ServerHandshake};
use tws_proto::{Connection, Event, ServerVersion};

use super::hub::{Delivery, Hub, Line};
use crate::core::{CloseReason, Input};
use crate::peek;
use crate::session::SessionId;

/// How long a client may take to say who it is.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// The longest frame a client may send.
const CLIENT_FRAME_BYTES_MAX: u32 = 1 << 20;
/// How much is read at once.
const READ_BYTES: usize = 16 * 1024;
/// From how many bytes on nothing more is encoded until the socket took some.
const OUTPUT_BYTES_HIGH: usize = 64 * 1024;

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("the client closed it")]
    Closed,
    #[error("the simulator cut it")]
    Cut,
    #[error("the simulator closed it: {0:?}")]
    Told(CloseReason),
    #[error("no handshake within {} s", HANDSHAKE_TIME.as_secs())]
    Silent,
    #[error("handshake: {0}")]
    Handshake(HandshakeError),
    #[error("{0}")]
    OutOfStep(OutOfStep),
    #[error("a frame of {0} bytes, more than a client may send")]
    FrameTooLong(u32),
    #[error("socket: {0}")]
    Socket(#[from] io::Error),
}

/// Serves one client to the end.
pub(crate) async fn serve(stream: TcpStream, line: Line, hub: Arc<Hub>, version: ServerVersion) {
    let session = line.session;
    let end = converse(stream, line, &hub, version).await;
    tracing::debug!(?session, %end, "disconnected");
    hub.leave(session);
}

async fn converse(mut stream: TcpStream, line: Line, hub: &Hub, version: ServerVersion) -> End {
    // Small messages are answered at once; where the system refuses, it is only slower.
    let _ = stream.set_nodelay(true);
    let Line { session, mut deliveries, mut cut } = line;
    let handshake = ServerHandshake::start(version, hub.now().greeting());
    let connection = tokio::select! {
        biased;
        _ = &mut cut => return End::Cut,
        greeted = tokio::time::timeout(HANDSHAKE_TIME, greet(&mut stream, handshake)) => match greeted {
            Ok(Ok(connection)) => connection,
            Ok(Err(end)) => return end,
            Err(_) => return End::Silent,
        },
    };
    hub.step(Input::Connected { session, version: connection.version() });
    let (mut reader, mut writer) = stream.split();
    let mut talk = Talk { connection, output: BytesMut::new(), closing: None };
    talk.gather();
    // What came behind the greeting.
    if let Err(end) = talk.handle_input(session, hub) {
        return end;
    }
    loop {
        if talk.output.is_empty()
            && let Some(reason) = talk.closing
        {
            return End::Told(reason);
        }
        let has_room = talk.output.len() < OUTPUT_BYTES_HIGH && talk.closing.is_none();
        tokio::select! {
            biased;
            _ = &mut cut => return End::Cut,
            written = write(&mut writer, &mut talk.output), if !talk.output.is_empty() => {
                if let Err(end) = written {
                    return end;
                }
            }
            delivery = deliveries.recv(), if has_room => {
                let Some(delivery) = delivery else { return End::Cut };
                talk.deliver(delivery);
                while talk.output.len() < OUTPUT_BYTES_HIGH && talk.closing.is_none() {
                    let Ok(delivery) = deliveries.try_recv() else { break };
                    talk.deliver(delivery);
                }
                hub.note_drained();
            }
            read = read(&mut reader, talk.connection.input()) => {
                if let Err(end) = read.and_then(|()| talk.handle_input(session, hub)) {
                    return end;
                }
            }
        }
    }
}

async fn greet(stream: &mut TcpStream, mut handshake: ServerHandshake) -> Result<Connection<Server>, End> {
    let mut bytes = BytesMut::with_capacity(READ_BYTES);
    loop {
        bytes.clear();
        read_some(stream.read_buf(&mut bytes).await)?;
        match handshake.handle_input(&bytes).map_err(End::Handshake)? {
            Progress::More(more) => handshake = more,
            Progress::Done((connection, _hello)) => return Ok(connection),
        }
    }
}

async fn read(reader: &mut ReadHalf<'_>, input: &mut BytesMut) -> Result<(), End> {
    input.reserve(READ_BYTES);
    read_some(reader.read_buf(input).await)
}

async fn write(writer: &mut WriteHalf<'_>, output: &mut BytesMut) -> Result<(), End> {
    writer.write_buf(output).await?;
    Ok(())
}

fn read_some(read: io::Result<usize>) -> Result<(), End> {
    if read? == 0 { Err(End::Closed) } else { Ok(()) }
}

/// A connection and what it still has to write.
struct Talk {
    connection: Connection<Server>,
    output: BytesMut,
    closing: Option<CloseReason>,
}

impl Talk {
    fn deliver(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Message(message) => {
                if let Err(refused) = self.connection.send(*message) {
                    tracing::error!(%refused, "an answer cannot travel");
                }
                self.gather();
            }
            Delivery::Close(reason) => self.closing = Some(reason),
        }
    }

    fn gather(&mut self) {
        if let Some(bytes) = self.connection.poll_transmit() {
            if self.output.is_empty() { self.output = bytes } else { self.output.extend_from_slice(&bytes) }
        }
    }

    /// Hands every whole frame to the core.
    fn handle_input(&mut self, session: SessionId, hub: &Hub) -> Result<(), End> {
        loop {
            let version = self.connection.version();
            let input = self.connection.input();
            let announced = input.get(..4).map_or(0, |mut prefix| prefix.get_u32());
            if announced > CLIENT_FRAME_BYTES_MAX {
                return Err(End::FrameTooLong(announced));
            }
            let request = peek::request_id(input, version);
            match self.connection.poll_event().map_err(End::OutOfStep)? {
                None => return Ok(()),
                Some(Event::Message(message)) => hub.step(Input::Message { session, message }),
                Some(Event::BadFrame(bad)) => {
                    tracing::debug!(?session, %bad, "bad frame");
                    hub.step(Input::BadFrame { session, request, bad });
                }
            }
        }
    }
}
