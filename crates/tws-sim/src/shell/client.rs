//! One client's task: handshake, then frames in and messages out until either side ends it.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BufMut, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tws_proto::connection::{OutOfStep, Server};
use tws_proto::handshake::{HandshakeError, Progress, ServerHandshake};
use tws_proto::{Connection, Event, ServerVersion};

use super::bad_bytes;
use super::hub::{Greeting, Hub, Line};
use super::link::{Allowed, LinkFaults};
use super::queue::{Delivery, Queue};
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
/// How many messages are taken off the queue at once.
const BATCH: usize = 256;

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

/// Serves one client to the end, over whatever carries bytes.
pub(crate) async fn serve<S>(stream: S, line: Line, hub: Arc<Hub>, version: ServerVersion)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let session = line.session;
    let end = converse(stream, line, &hub, version).await;
    tracing::debug!(?session, %end, "disconnected");
    hub.leave(session);
}

async fn converse<S>(mut stream: S, line: Line, hub: &Hub, version: ServerVersion) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Line { session, queue, mut cut, greeting } = line;
    let opened = tokio::select! {
        biased;
        _ = &mut cut => return End::Cut,
        opened = open(&mut stream, &queue, hub, version, &greeting) => opened,
    };
    let (connection, prefix) = match opened {
        Ok(opened) => opened,
        Err(end) => return end,
    };
    hub.step(Input::Connected { session, version: connection.version() });
    let mut link = LinkFaults::default();
    if let Some(fault) = &greeting.cut {
        link.arm(fault);
    }
    let (reader, writer) = tokio::io::split(stream);
    let talk = Talk { connection, output: prefix, link, batch: VecDeque::new(), closing: None };
    talk.hold(session, &queue, &mut cut, hub, reader, writer).await
}

/// The handshake, and what faults make of it.
async fn open<S>(
    stream: &mut S,
    queue: &Queue,
    hub: &Hub,
    version: ServerVersion,
    greeting: &Greeting,
) -> Result<(Connection<Server>, BytesMut), End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while queue.take(&mut VecDeque::new(), 0).silent {
        queue.changed().await;
    }
    let handshake = ServerHandshake::start(version, hub.now().greeting());
    let greeted = tokio::time::timeout(HANDSHAKE_TIME, greet(stream, handshake)).await;
    let mut connection = greeted.map_err(|_| End::Silent)??;
    tokio::time::sleep(greeting.delay).await;
    if let Some(junk) = &greeting.junk {
        stream.write_all(junk).await?;
        // The peer has to find out by itself; it is not helped by a closed connection.
        let _ = tokio::time::timeout(HANDSHAKE_TIME, stream.read(&mut [0; 64])).await;
        return Err(End::Closed);
    }
    let mut answer = connection.poll_transmit().unwrap_or_default();
    if let Some(version) = greeting.version {
        let time = hub.now().greeting();
        answer = bad_bytes::frame(format!("{version}\0{time}\0").as_bytes());
    }
    if greeting.notice_first {
        let mut first = bad_bytes::frame(b"4\x002\0-1\x002104\0Market data farm connection is OK:usfarm\0");
        first.unsplit(answer);
        answer = first;
    }
    Ok((connection, answer))
}

async fn greet<S>(stream: &mut S, mut handshake: ServerHandshake) -> Result<Connection<Server>, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
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

async fn read<R: AsyncRead>(reader: &mut ReadHalf<R>, input: &mut BytesMut) -> Result<(), End> {
    input.reserve(READ_BYTES);
    read_some(reader.read_buf(input).await)
}

fn read_some(read: io::Result<usize>) -> Result<(), End> {
    if read? == 0 { Err(End::Closed) } else { Ok(()) }
}

/// Writes what the link lets through; never ends where it lets nothing through.
async fn write<W: AsyncWrite>(writer: &mut WriteHalf<W>, output: &BytesMut, allowed: Allowed) -> io::Result<usize> {
    match allowed {
        Allowed::Bytes(0) | Allowed::Nothing => std::future::pending().await,
        Allowed::Bytes(count) => writer.write(&output[..count.min(output.len())]).await,
        Allowed::At(moment) => {
            tokio::time::sleep_until(moment).await;
            Ok(0) // the link is asked again
        }
    }
}

/// A connection and what it still has to write.
struct Talk {
    connection: Connection<Server>,
    output: BytesMut,
    link: LinkFaults,
    batch: VecDeque<Delivery>,
    closing: Option<CloseReason>,
}

impl Talk {
    async fn hold<S: AsyncRead + AsyncWrite>(
        mut self,
        session: SessionId,
        queue: &Queue,
        cut: &mut oneshot::Receiver<()>,
        hub: &Hub,
        mut reader: ReadHalf<S>,
        mut writer: WriteHalf<S>,
    ) -> End {
        self.link.stand(queue.take(&mut self.batch, 0));
        self.link.put(self.output.len(), Instant::now());
        // What came behind the greeting.
        if let Err(end) = self.handle_input(session, hub) {
            return end;
        }
        loop {
            self.fill(queue, hub);
            if self.output.is_empty()
                && let Some(reason) = self.closing
            {
                return if reason == CloseReason::Cut { End::Cut } else { End::Told(reason) };
            }
            let allowed = self.link.allowed(self.output.len(), Instant::now());
            let reads = !self.link.standing().half_open;
            tokio::select! {
                biased;
                _ = &mut *cut => return End::Cut,
                written = write(&mut writer, &self.output, allowed), if !self.output.is_empty() => match written {
                    Ok(count) => {
                        self.output.advance(count);
                        self.link.written(count, Instant::now());
                    }
                    Err(error) => return error.into(),
                },
                () = queue.changed() => {}
                read = read(&mut reader, self.connection.input()), if reads => {
                    if let Err(end) = read.and_then(|()| self.handle_input(session, hub)) {
                        return end;
                    }
                }
            }
        }
    }

    /// Encodes what waits, as long as there is room for it.
    fn fill(&mut self, queue: &Queue, hub: &Hub) {
        let before = self.output.len();
        let mut took = false;
        while self.output.len() < OUTPUT_BYTES_HIGH && self.closing.is_none() {
            let Some(delivery) = self.batch.pop_front() else {
                self.link.stand(queue.take(&mut self.batch, BATCH));
                if self.batch.is_empty() {
                    break;
                }
                took = true;
                continue;
            };
            self.deliver(delivery);
        }
        self.gather();
        self.link.stand(queue.take(&mut self.batch, 0));
        self.link.put(self.output.len().saturating_sub(before), Instant::now());
        if took {
            hub.note_drained();
        }
    }

    fn deliver(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Message(message) => {
                if let Err(refused) = self.connection.send(message) {
                    tracing::error!(%refused, "an answer cannot travel");
                }
                if self.link.counts_frames() || self.connection.output_len() >= OUTPUT_BYTES_HIGH {
                    let start = self.output.len();
                    self.gather();
                    if self.output.len() > start && self.link.frame(&mut self.output, start) {
                        self.closing = Some(CloseReason::Cut);
                    }
                }
            }
            Delivery::Close(reason) => self.closing = Some(reason),
            Delivery::Lift(switch) => self.link.disarm(switch),
            Delivery::Strike(fault) => {
                self.gather();
                if !self.link.arm(&fault) {
                    self.output.put_slice(&bad_bytes::of(&fault, self.connection.version()));
                }
            }
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
