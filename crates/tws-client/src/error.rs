//! What can go wrong with a request, a burst of order messages, and the session as a whole.

use std::fmt;
use std::time::Duration;

use tws_proto::handshake::HandshakeError;
use tws_proto::ids::OrderId;
use tws_proto::{BadFrame, Refused};

use crate::log::Quoted;
use crate::queue::Why;
use crate::session::Barred;
use crate::state::{Halt, Phase, Round};

/// Why a request has no answer. Except for [`RequestError::Rejected`], nothing is known about what was asked.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// TWS refused it. The code tells why; asking the same again gives the same.
    #[error("TWS rejected the request with code {code}: {}", Quoted(text))]
    Rejected {
        /// The broker's code.
        code: i32,
        /// The broker's words.
        text: String,
    },
    /// The whole answer did not come in time. Ask again; part of an answer is never given out.
    #[error("no complete answer to {request} within {after:?}; ask again")]
    TimedOut {
        /// Wire name of the request; of a view that is put together of several, its name.
        request: &'static str,
        /// How long was waited.
        after: Duration,
    },
    /// The connection ended before the whole answer came. Ask again when the session is ready.
    #[error("the connection ended before the answer was complete; ask again once the session is ready")]
    ConnectionReset,
    /// The session is not ready. Wait for [`Client::ready`](crate::Client::ready).
    #[error("the session is not ready but {phase}; wait for ready()")]
    NotReady {
        /// Where it stands.
        phase: Phase,
    },
    /// The message cannot be said at this server version.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It would have to wait longer for its turn than the caller allows, because of TWS's limits. Nothing was asked: allow
    /// more, or ask for less.
    #[error("it would wait {} s for its turn, {} s are allowed: {why}", expected.as_secs(), allowed.as_secs())]
    WouldWait {
        /// How long it would wait.
        expected: Duration,
        /// How long it may.
        allowed: Duration,
        /// For what.
        why: Why,
    },
    /// TWS has a limit for how many of these there may be. Nothing was asked; end another one first, or raise the limit
    /// where IB gives more.
    #[error("there are {limit} of {request} already, which is the limit; end another one first")]
    LimitReached {
        /// Wire name of the request.
        request: &'static str,
        /// How many there may be.
        limit: u32,
    },
    /// It acts, and the session is read-only, or this handle of it. A [`TradingClient`](crate::TradingClient) can act.
    #[error("{message} acts, and this session or this handle of it is read-only; a trading client can act")]
    ReadOnly {
        /// Its wire name.
        message: &'static str,
    },
    /// The session has ended.
    #[error("the session has ended; connect anew")]
    Closed,
    /// Too many requests or streams at a time. Wait for some to end.
    #[error("too many requests or streams are under way; wait for some to end")]
    QueueFull,
    /// A stream of this client has what TWS gives once only. Use that stream, or drop it first.
    #[error("a stream of {request} is open, and TWS gives one only; use it or drop it first")]
    Taken {
        /// Wire name of the stream's request.
        request: &'static str,
    },
    /// The answer was larger than [`Limits::answers`](crate::config::Limits::answers). Ask for less.
    #[error("the answer has more than {limit} parts; ask for less")]
    TooManyAnswers {
        /// The limit.
        limit: usize,
    },
    /// A frame that may have been part of the answer could not be read. Part of an answer is never given out.
    #[error("part of the answer could not be read ({0}); ask again")]
    BadAnswer(BadFrame),
    /// TWS does not accept the program as one that may prove itself: only programs certified by IB may.
    #[error("TWS did not verify this program: {}", Quoted(text))]
    NotVerified {
        /// The broker's words.
        text: String,
    },
    /// The stream was to deliver every update ([`Delivery::Lossless`](crate::Delivery::Lossless)), and more of them
    /// waited than it may keep. Read faster, allow more, or let it conflate.
    #[error("more than {limit} updates waited to be read; read faster, allow more or let them be conflated")]
    NotRead {
        /// How many may wait.
        limit: usize,
    },
    /// The answer cannot be used as it is, a clock out of range.
    #[error("TWS answered {message} with a value that has no meaning")]
    Nonsense {
        /// Wire name of the answer.
        message: &'static str,
    },
}

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Whoever asked.
    Caller,
    /// TWS, or IB behind it, said no, said nothing, or said nonsense.
    Tws,
    /// The connection to TWS: it is not there, not ready, or broke.
    Link,
    /// A limit, of TWS or of ours, was reached.
    Limit,
    /// The session was told to end, or to let no orders out.
    Session,
}

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Advice {
    /// The same again gives the same: ask for something else, or change settings of ours or of TWS.
    Change,
    /// Ask again.
    AskAgain,
    /// Ask again once the session is ready: [`Client::ready`](crate::Client::ready).
    WaitUntilReady,
    /// Ask again when something has ended or some time has passed.
    WaitForRoom,
    /// A person must look first.
    Look,
    /// Make a new session.
    ConnectAnew,
}

impl RequestError {
    /// Whose fault it is.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Rejected { .. } | Self::TimedOut { .. } | Self::BadAnswer(_) => Fault::Tws,
            Self::Nonsense { .. } | Self::NotVerified { .. } => Fault::Tws,
            Self::ConnectionReset | Self::NotReady { .. } => Fault::Link,
            Self::Refused(_) | Self::ReadOnly { .. } | Self::TooManyAnswers { .. } => Fault::Caller,
            Self::NotRead { .. } => Fault::Caller,
            Self::WouldWait { .. } | Self::LimitReached { .. } | Self::QueueFull | Self::Taken { .. } => Fault::Limit,
            Self::Closed => Fault::Session,
        }
    }

    /// What to do next.
    #[must_use]
    pub const fn advice(&self) -> Advice {
        match self {
            Self::Rejected { code: crate::notice::TOO_FAST, .. } => Advice::WaitForRoom,
            Self::Rejected { .. } | Self::Refused(_) | Self::ReadOnly { .. } => Advice::Change,
            Self::TooManyAnswers { .. } | Self::NotVerified { .. } | Self::NotRead { .. } => Advice::Change,
            Self::TimedOut { .. } | Self::BadAnswer(_) | Self::Nonsense { .. } => Advice::AskAgain,
            Self::ConnectionReset | Self::NotReady { .. } => Advice::WaitUntilReady,
            Self::WouldWait { .. } | Self::LimitReached { .. } => Advice::WaitForRoom,
            Self::QueueFull | Self::Taken { .. } => Advice::WaitForRoom,
            Self::Closed => Advice::ConnectAnew,
        }
    }
}

impl SendError {
    /// Whose fault it is. Nothing was sent, whosever it is.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::NotReady { .. } => Fault::Link,
            Self::UpstreamDown { .. } => Fault::Tws,
            Self::Refused(_) | Self::NotAnOrder { .. } | Self::ReservedOrderId(_) => Fault::Caller,
            Self::ReadOnly | Self::NotACancel => Fault::Caller,
            Self::BurstTooLarge { .. } | Self::QueueFull => Fault::Limit,
            Self::Halted(_) | Self::Closed => Fault::Session,
        }
    }

    /// What to do next. An order is decided anew, by whoever owns it; it is never sent again as it was.
    #[must_use]
    pub const fn advice(&self) -> Advice {
        match self {
            Self::NotReady { .. } | Self::UpstreamDown { .. } => Advice::WaitUntilReady,
            Self::Refused(_) | Self::NotAnOrder { .. } | Self::ReservedOrderId(_) => Advice::Change,
            Self::ReadOnly | Self::NotACancel | Self::BurstTooLarge { .. } => Advice::Change,
            Self::QueueFull => Advice::WaitForRoom,
            Self::Halted(_) => Advice::Look,
            Self::Closed => Advice::ConnectAnew,
        }
    }
}

impl fmt::Debug for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The broker's words may name accounts, and Debug is how most logs are written: it says what Display says.
        write!(f, "RequestError({self})")
    }
}

/// Why a burst of order messages was not sent. Nothing of it left, and nothing of it will.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The session is not ready. Nothing waits for later: decide again when it is.
    #[error("nothing was sent: the session is not ready but {phase}")]
    NotReady {
        /// Where it stands.
        phase: Phase,
    },
    /// TWS lost its link to IB; it may keep an order and submit it hours later. Cancels may be sent.
    #[error("nothing was sent: TWS lost IB (code {code}); cancels only until it is back")]
    UpstreamDown {
        /// 1100 or 2110.
        code: i32,
    },
    /// A person must look first, and then call [`TradingClient::resume`](crate::TradingClient::resume). Cancels may be
    /// sent.
    #[error("nothing was sent: {0}; cancels only until somebody resumes")]
    Halted(Halt),
    /// The session is read-only. Connect a [`TradingClient`](crate::TradingClient).
    #[error("nothing was sent: the session is read-only; connect a trading client")]
    ReadOnly,
    /// Something that is no cancel, where only cancels are kept.
    #[error("nothing was sent and nothing is kept: only cancels are")]
    NotACancel,
    /// A message of the burst cannot be said at this server version.
    #[error("nothing was sent: {0}")]
    Refused(#[from] Refused),
    /// A message that is neither an order nor a cancel.
    #[error("nothing was sent: {message} is neither an order nor a cancel")]
    NotAnOrder {
        /// Its wire name.
        message: &'static str,
    },
    /// The order id lies where request ids do, so that an answer could not be told apart.
    #[error("nothing was sent: order id {} is reserved for requests; use ids below {}", .0.0, crate::session::REQUEST_ID_FIRST)]
    ReservedOrderId(OrderId),
    /// More messages than one second allows; a burst travels whole or not at all.
    #[error("nothing was sent: the burst has {messages} messages, at most {limit} travel together")]
    BurstTooLarge {
        /// How many it has.
        messages: usize,
        /// How many may travel together.
        limit: usize,
    },
    /// Too many order messages wait for their turn.
    #[error("nothing was sent: too many order messages wait for their turn")]
    QueueFull,
    /// The session has ended.
    #[error("nothing was sent: the session has ended; connect anew")]
    Closed,
}

/// Why the driver returned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Exit {
    /// [`Client::shutdown`](crate::Client::shutdown) was called; what was under way was written and the socket closed.
    #[error("the session was shut down")]
    Shutdown,
    /// Every [`Client`](crate::Client) is gone, so nobody can use the session any more.
    #[error("the session ended because every handle to it is gone")]
    Abandoned,
    /// This TWS cannot be talked to, whatever is tried. Upgrade it.
    #[error(transparent)]
    Incompatible(HandshakeError),
}

/// A comparison of books that is not the one that is awaited. Nothing changed; take
/// [`TradingClient::round`](crate::TradingClient::round) and compare again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("comparison {} of epoch {} is over; compare again", .given.number, .given.epoch)]
pub struct RoundError {
    /// The one that was finished.
    pub given: Round,
    /// The one that is awaited, if one is.
    pub awaited: Option<Round>,
}

impl From<Barred> for RequestError {
    fn from(barred: Barred) -> Self {
        match barred {
            Barred::ReadOnly(message) => Self::ReadOnly { message },
            Barred::Refused(refused) => Self::Refused(refused),
        }
    }
}

impl From<Barred> for SendError {
    fn from(barred: Barred) -> Self {
        match barred {
            Barred::ReadOnly(_) => Self::ReadOnly,
            Barred::Refused(refused) => Self::Refused(refused),
        }
    }
}
