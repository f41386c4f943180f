//! [`Outlet`]: the only way by which a message becomes bytes, so that a read-only session cannot act, whoever asks.

use bytes::{Buf, BytesMut};
use tws_proto::connection::{Client as ClientSide, Connection, Counters, Event, OutOfStep, Side};
use tws_proto::ids::ClientId;
use tws_proto::message::{ClientMessage, Message, ServerMessage};
use tws_proto::{Refused, ServerVersion};

use super::gate::{Access, Errand};

/// The length that stands before every frame.
const PREFIX_BYTES: usize = 4;

/// A connection that knows what may leave it.
#[derive(Debug)]
pub(super) struct Outlet {
    connection: Connection<ClientSide>,
    access: Access,
    client_id: ClientId,
    /// What was read past the connection.
    passed: Counters,
}

/// Why a message did not become bytes.
#[derive(Debug)]
pub(crate) enum Barred {
    /// It acts, and the session is read-only; its wire name.
    ReadOnly(&'static str),
    /// It cannot be said at this server version.
    Refused(Refused),
}

impl Outlet {
    pub(super) fn new(connection: Connection<ClientSide>, access: Access, client_id: ClientId) -> Self {
        Self { connection, access, client_id, passed: Counters::default() }
    }

    pub(super) fn version(&self) -> ServerVersion {
        self.connection.version()
    }

    /// Whether a message could become bytes, without making any.
    pub(super) fn try_out(&self, message: &ClientMessage, scratch: &mut BytesMut) -> Result<(), Barred> {
        self.check(message)?;
        message.clone().write(self.version(), <ClientSide as Side>::MISSING, scratch).map_err(Barred::Refused)
    }

    /// Encodes a message behind what is waiting to be sent, or nothing of it.
    pub(super) fn send(&mut self, message: ClientMessage) -> Result<(), Barred> {
        self.check(&message)?;
        self.connection.send(message).map_err(Barred::Refused)
    }

    fn check(&self, message: &ClientMessage) -> Result<(), Barred> {
        if self.access.lets_out(Errand::of(message, self.client_id)) {
            Ok(())
        } else {
            Err(Barred::ReadOnly(message.facts().name))
        }
    }

    pub(super) fn handle_input(&mut self, bytes: &[u8]) {
        self.connection.handle_input(bytes);
    }

    pub(super) fn poll_event(&mut self) -> Result<Option<Event<ServerMessage>>, OutOfStep> {
        self.connection.poll_event()
    }

    /// The next event behind the messages that `take` takes. These are read out of the buffer where they are and lent: a
    /// tick that is moved from hand to hand costs more than its reading.
    #[inline]
    pub(super) fn poll_event_but(
        &mut self,
        mut take: impl FnMut(&mut ServerMessage) -> bool,
    ) -> Result<Option<Event<ServerMessage>>, OutOfStep> {
        let Self { connection, passed, .. } = self;
        let version = connection.version();
        let input = connection.input();
        let mut behind = 0;
        while let Some(payload) = input.get(behind..).and_then(whole_frame) {
            // A bad frame is read once more, and counted, by the connection.
            let Ok(mut read) = ServerMessage::read(payload, version) else { break };
            behind += PREFIX_BYTES + payload.len();
            passed.frames_in += 1;
            passed.trailing_fields += read.trailing_fields as u64;
            if !take(&mut read.message) {
                input.advance(behind);
                return Ok(Some(Event::Message(read.message)));
            }
        }
        input.advance(behind);
        connection.poll_event()
    }

    /// The bytes of a frame that has come in part.
    pub(super) fn input(&mut self) -> &mut BytesMut {
        self.connection.input()
    }

    pub(super) fn counters(&self) -> Counters {
        let Counters { frames_in, bad_frames, trailing_fields, frames_out } = self.connection.counters();
        Counters {
            frames_in: frames_in + self.passed.frames_in,
            trailing_fields: trailing_fields + self.passed.trailing_fields,
            bad_frames,
            frames_out,
        }
    }

    pub(super) fn output_len(&self) -> usize {
        self.connection.output_len()
    }

    pub(super) fn poll_transmit(&mut self) -> Option<BytesMut> {
        self.connection.poll_transmit()
    }
}

/// The payload of the frame at the front of a buffer, where it is whole. All that is odd is left to the connection.
#[inline]
fn whole_frame(buffer: &[u8]) -> Option<&[u8]> {
    let (length, rest) = buffer.split_first_chunk::<PREFIX_BYTES>()?;
    let payload = rest.get(..u32::from_be_bytes(*length) as usize)?;
    (!payload.is_empty()).then_some(payload)
}
