//! [`Connection`]: one side of a conversation after the handshake.
//!
//! It owns an input and an output buffer and nothing else: bytes go in, events come out; messages go in, bytes come out.

use std::marker::PhantomData;

use bytes::{Buf, BytesMut};

use crate::error::{BadFrame, Refused};
use crate::grammar::{self, Frame};
use crate::message::{ClientMessage, Decoded, Message, ServerMessage};
use crate::version::ServerVersion;
use crate::wire::Missing;

/// Which side of the conversation this is.
pub trait Side {
    /// What this side sends.
    type Outgoing: Message;
    /// What this side hears.
    type Incoming: Message;
    /// What this side does with a value that the peer's version has no place for.
    const MISSING: Missing;
}

/// The side of an API client.
#[derive(Clone, Copy, Debug)]
pub struct Client;

impl Side for Client {
    type Outgoing = ClientMessage;
    type Incoming = ServerMessage;
    const MISSING: Missing = Missing::Refuse;
}

/// The side of TWS. It answers an older client with what that client knows, as TWS does.
#[derive(Clone, Copy, Debug)]
pub struct Server;

impl Side for Server {
    type Outgoing = ServerMessage;
    type Incoming = ClientMessage;
    const MISSING: Missing = Missing::LeaveOut;
}

/// What came in.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<M> {
    /// A message.
    Message(M),
    /// A frame that could not be read; the stream is in step, and the next frame follows.
    BadFrame(BadFrame),
}

/// The stream is out of step and cannot be read any further: close the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the peer announced a frame of {announced} bytes, which no TWS sends: it is no TWS, or the stream is out of step"
)]
pub struct OutOfStep {
    /// The length that was announced.
    pub announced: u32,
}

/// What was counted since the handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames split off the stream, bad ones included.
    pub frames_in: u64,
    /// Frames that could not be read.
    pub bad_frames: u64,
    /// Text fields of a newer peer that were ignored.
    pub trailing_fields: u64,
    /// Messages written.
    pub frames_out: u64,
}

/// One side of a conversation whose version is settled.
#[derive(Debug)]
pub struct Connection<S> {
    version: ServerVersion,
    input: BytesMut,
    output: BytesMut,
    counters: Counters,
    side: PhantomData<S>,
}

impl<S: Side> Connection<S> {
    /// Goes on where a handshake ended: `input` is what came behind it, `output` what it still has to send.
    pub(crate) fn new(version: ServerVersion, input: BytesMut, output: BytesMut) -> Self {
        Self { version, input, output, counters: Counters::default(), side: PhantomData }
    }

    /// The version both sides agreed on.
    #[must_use]
    pub fn version(&self) -> ServerVersion {
        self.version
    }

    /// What was counted so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Takes bytes off the socket. Read events with [`Connection::poll_event`] until it has none before giving more, so
    /// that the buffer never holds more than one frame and one read.
    pub fn handle_input(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// The input buffer, for a socket that reads into it without a copy.
    pub fn input(&mut self) -> &mut BytesMut {
        &mut self.input
    }

    /// The next event, or `None` until more bytes arrive.
    ///
    /// # Errors
    /// [`OutOfStep`] when the stream cannot be split into frames any more; every later call says the same.
    #[inline]
    pub fn poll_event(&mut self) -> Result<Option<Event<S::Incoming>>, OutOfStep> {
        loop {
            let (payload, taken) = match grammar::frame(&self.input) {
                Frame::Whole { payload, taken } => (payload, taken),
                Frame::Partial => return Ok(None),
                Frame::TooLong(announced) => return Err(OutOfStep { announced }),
            };
            self.counters.frames_in += 1;
            if payload.is_empty() {
                self.input.advance(taken);
                continue;
            }
            let read = S::Incoming::read(payload, self.version);
            self.input.advance(taken);
            return Ok(Some(match read {
                Ok(Decoded { message, trailing_fields }) => {
                    self.counters.trailing_fields += trailing_fields as u64;
                    Event::Message(message)
                }
                Err(bad) => {
                    self.counters.bad_frames += 1;
                    Event::BadFrame(bad)
                }
            }));
        }
    }

    /// Encodes a message behind what is waiting to be sent.
    ///
    /// # Errors
    /// [`Refused`] where the message cannot travel as it is; then nothing was queued.
    pub fn send(&mut self, message: impl Into<S::Outgoing>) -> Result<(), Refused> {
        message.into().write(self.version, S::MISSING, &mut self.output)?;
        self.counters.frames_out += 1;
        Ok(())
    }

    /// Bytes that wait to be written to the socket.
    #[must_use]
    pub fn output_len(&self) -> usize {
        self.output.len()
    }

    /// What must go to the socket now, or `None`.
    pub fn poll_transmit(&mut self) -> Option<BytesMut> {
        if self.output.is_empty() { None } else { Some(self.output.split()) }
    }
}
