//! [`Outlet`]: the only way by which a message becomes bytes, so that a read-only session cannot act, whoever asks.

use bytes::BytesMut;
use tws_proto::connection::{Client as ClientSide, Connection, Counters, Event, OutOfStep, Side};
use tws_proto::ids::ClientId;
use tws_proto::message::{ClientMessage, Message, ServerMessage};
use tws_proto::{Refused, ServerVersion};

use super::gate::{Access, Errand};

/// A connection that knows what may leave it.
#[derive(Debug)]
pub(super) struct Outlet {
    connection: Connection<ClientSide>,
    access: Access,
    client_id: ClientId,
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
        Self { connection, access, client_id }
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

    /// The bytes of a frame that has come in part.
    pub(super) fn input(&mut self) -> &mut BytesMut {
        self.connection.input()
    }

    pub(super) fn counters(&self) -> Counters {
        self.connection.counters()
    }

    pub(super) fn output_len(&self) -> usize {
        self.connection.output_len()
    }

    pub(super) fn poll_transmit(&mut self) -> Option<BytesMut> {
        self.connection.poll_transmit()
    }
}
