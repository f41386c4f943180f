//! How a conversation starts: the client's greeting, the server's answer, one version for both.
//!
//! A handshake is a value that is consumed by its input and gives back either itself or a [`Connection`], so a
//! connection without a version cannot exist.

use bytes::{BufMut, Bytes, BytesMut};

use crate::connection::{Client, Connection, Server};
use crate::error::Excerpt;
use crate::grammar::{self, Frame};
use crate::time::TimeText;
use crate::version::ServerVersion;

/// The banner in front of the client's offer.
const BANNER: &[u8] = b"API\0";
/// The lowest version that is offered: below what is spoken, so that an old TWS answers and can be told by its version.
const OFFERED_LOWEST: i32 = 100;
/// How many bytes a handshake may take; no honest peer comes near.
pub const HANDSHAKE_BYTES_MAX: usize = 4096;
/// How many frames may come before the server's answer (some come early when TWS is busy).
const ODD_FRAMES_MAX: u32 = 16;

/// How far a handshake came.
#[derive(Debug)]
pub enum Progress<H, C> {
    /// More bytes are needed.
    More(H),
    /// The version is settled.
    Done(C),
}

/// Why there is no conversation with this peer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The peer does not speak the protocol of TWS. Check host and port.
    #[error("the peer is not a TWS (it said {said}); check host and port")]
    NotTws {
        /// Its first bytes.
        said: Excerpt,
    },
    /// The server is older than this codec. Upgrade TWS or IB Gateway.
    #[error(
        "TWS speaks version {server}, below {}; upgrade TWS or IB Gateway to 10.19 or later",
        ServerVersion::OLDEST
    )]
    ServerTooOld {
        /// Version the server announced.
        server: i32,
    },
    /// The client offers no version that both speak.
    #[error(
        "the client offers versions {lowest}..{highest}, of which {} to {newest} are spoken here",
        ServerVersion::OLDEST
    )]
    ClientVersions {
        /// Lowest version offered.
        lowest: i32,
        /// Highest version offered.
        highest: i32,
        /// Highest version spoken here.
        newest: ServerVersion,
    },
    /// The peer sent a lot and never what a handshake needs.
    #[error("the peer sent {bytes} bytes without an answer to the handshake")]
    NoAnswer {
        /// How much it sent.
        bytes: usize,
    },
    /// An option that the greeting cannot carry.
    #[error("connect options must be printable ASCII without spaces in front: {0}")]
    BadOptions(Excerpt),
}

/// What the server said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerHello {
    /// The version both sides use from now on.
    pub version: ServerVersion,
    /// The server's time as it spelled it, `20261122 15:00:00 EST`.
    pub time: TimeText,
}

/// A client that waits for the server's answer.
#[derive(Debug)]
pub struct ClientHandshake {
    input: BytesMut,
    odd_frames: u32,
    newest: ServerVersion,
}

impl ClientHandshake {
    /// Starts a conversation: the handshake, and the greeting that must be sent. `options` such as `+PACEAPI`, or empty;
    /// `newest` is the highest version offered, within what is spoken here.
    ///
    /// # Errors
    /// [`HandshakeError::BadOptions`] where the options cannot travel.
    pub fn start(newest: ServerVersion, options: &str) -> Result<(Self, Bytes), HandshakeError> {
        if !options.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') || options.len() > 256 {
            return Err(HandshakeError::BadOptions(Excerpt::of(options.as_bytes())));
        }
        let newest = newest.clamp(ServerVersion::OLDEST, ServerVersion::NEWEST);
        let separator = if options.is_empty() { "" } else { " " };
        let offer = format!("v{OFFERED_LOWEST}..{newest}{separator}{options}");
        let mut greeting = BytesMut::with_capacity(BANNER.len() + 4 + offer.len());
        greeting.put_slice(BANNER);
        greeting.put_u32(offer.len() as u32);
        greeting.put_slice(offer.as_bytes());
        Ok((Self { input: BytesMut::new(), odd_frames: 0, newest }, greeting.freeze()))
    }

    /// Takes bytes off the socket.
    ///
    /// # Errors
    /// [`HandshakeError`] where the peer is no TWS or too old: close the socket.
    pub fn handle_input(
        mut self,
        bytes: &[u8],
    ) -> Result<Progress<Self, (Connection<Client>, ServerHello)>, HandshakeError> {
        self.input.extend_from_slice(bytes);
        loop {
            let (payload, taken) = match grammar::frame(&self.input) {
                Frame::Whole { payload, taken } => (payload, taken),
                Frame::Partial if self.input.len() > HANDSHAKE_BYTES_MAX => {
                    return Err(HandshakeError::NoAnswer { bytes: self.input.len() });
                }
                Frame::Partial => return Ok(Progress::More(self)),
                Frame::TooLong(_) => return Err(HandshakeError::NotTws { said: Excerpt::of(&self.input) }),
            };
            let Some((server, time)) = grammar::version_answer(payload) else {
                self.odd_frames += 1;
                if self.odd_frames > ODD_FRAMES_MAX {
                    return Err(HandshakeError::NotTws { said: Excerpt::of(payload) });
                }
                let _ = self.input.split_to(taken);
                continue;
            };
            if server < ServerVersion::OLDEST.0 {
                return Err(HandshakeError::ServerTooOld { server });
            }
            // A server above the offer speaks the offer's highest: it was told not to go beyond.
            let version = ServerVersion(server).min(self.newest);
            let hello = ServerHello { version, time: crate::value::to_string(time).into() };
            let rest = self.input.split_off(taken);
            return Ok(Progress::Done((Connection::new(version, rest, BytesMut::new()), hello)));
        }
    }
}

/// What the client said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    /// The version both sides use from now on.
    pub version: ServerVersion,
    /// Its connect options, `+PACEAPI` or empty.
    pub options: String,
}

/// A server that waits for the client's greeting.
#[derive(Debug)]
pub struct ServerHandshake {
    input: BytesMut,
    newest: ServerVersion,
    time: String,
}

impl ServerHandshake {
    /// Waits for a client; `newest` is the highest version to agree on, `time` the clock it is told,
    /// `20261122 15:00:00 EST`.
    #[must_use]
    pub fn start(newest: ServerVersion, time: impl Into<String>) -> Self {
        Self { input: BytesMut::new(), newest, time: time.into() }
    }

    /// Takes bytes off the socket. The answer waits in the connection's output.
    ///
    /// # Errors
    /// [`HandshakeError`] where the peer is no API client or shares no version: close the socket.
    pub fn handle_input(
        mut self,
        bytes: &[u8],
    ) -> Result<Progress<Self, (Connection<Server>, ClientHello)>, HandshakeError> {
        self.input.extend_from_slice(bytes);
        let not_tws = |input: &[u8]| HandshakeError::NotTws { said: Excerpt::of(input) };
        let Some(offer) = self.input.strip_prefix(BANNER) else {
            return if BANNER.starts_with(&self.input) { Ok(Progress::More(self)) } else { Err(not_tws(&self.input)) };
        };
        let (payload, taken) = match grammar::frame(offer) {
            Frame::Whole { payload, taken } => (payload, taken),
            Frame::Partial if self.input.len() > HANDSHAKE_BYTES_MAX => {
                return Err(HandshakeError::NoAnswer { bytes: self.input.len() });
            }
            Frame::Partial => return Ok(Progress::More(self)),
            Frame::TooLong(_) => return Err(not_tws(&self.input)),
        };
        let (lowest, highest, options) = grammar::version_offer(payload).ok_or_else(|| not_tws(payload))?;
        let version = ServerVersion(highest).min(self.newest);
        if version < ServerVersion::OLDEST || version.0 < lowest {
            return Err(HandshakeError::ClientVersions { lowest, highest, newest: self.newest });
        }
        let hello = ClientHello { version, options: crate::value::to_string(options) };
        let rest = self.input.split_off(BANNER.len() + taken);
        let answer = format!("{version}\0{}\0", self.time);
        let mut output = BytesMut::with_capacity(4 + answer.len());
        output.put_u32(answer.len() as u32);
        output.put_slice(answer.as_bytes());
        Ok(Progress::Done((Connection::new(version, rest, output), hello)))
    }
}
