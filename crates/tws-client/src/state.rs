//! Where a session stands, why it stands there, and what its order lane carries.

use std::fmt;
use std::io;

use tws_proto::connection::OutOfStep;
use tws_proto::handshake::HandshakeError;
use tws_proto::ids::OrderId;
use tws_proto::message::Notice;
use tws_proto::{BadFrame, ServerMessage, ServerVersion};

use crate::log::{Masked, MaskedDebug, MaskedList, Quoted};

/// One TCP connection: 0 before the first, then 1, 2, 3, ... in this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a session stands: how far the connection has come, and what then keeps orders back. What each phase lets out is
/// one table, in the documentation of the [crate].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// No connection; the next attempt waits.
    #[default]
    Disconnected,
    /// TCP is being connected.
    Connecting,
    /// The greeting was sent.
    Handshaking,
    /// `START_API` was sent; ids and accounts are awaited.
    Starting,
    /// Requests may be sent and orders may not: their owner compares its book with the broker's first
    /// ([`Reconciliation::ByOwner`](crate::config::Reconciliation::ByOwner)).
    Reconciling,
    /// Requests and orders may be sent.
    Ready,
    /// TWS said that it lost IB (1100, 2110): requests and cancels may be sent, orders may not.
    Degraded,
    /// Orders may not be sent until a person has looked: [`State::halt`] says why.
    Halted,
    /// Requests may be sent; nothing that acts ever may in this session.
    ReadOnly,
    /// The session has ended for good.
    Closed,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 10] = [
        Self::Disconnected,
        Self::Connecting,
        Self::Handshaking,
        Self::Starting,
        Self::Reconciling,
        Self::Ready,
        Self::Degraded,
        Self::Halted,
        Self::ReadOnly,
        Self::Closed,
    ];

    /// Whether there is a connection that is past its start, so that requests may be sent.
    #[must_use]
    pub const fn is_live(self) -> bool {
        match self {
            Self::Reconciling | Self::Ready | Self::Degraded | Self::Halted | Self::ReadOnly => true,
            Self::Disconnected | Self::Connecting | Self::Handshaking | Self::Starting | Self::Closed => false,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Disconnected => "disconnected",
            Self::Connecting => "connecting",
            Self::Handshaking => "handshaking",
            Self::Starting => "starting",
            Self::Reconciling => "reconciling",
            Self::Ready => "ready",
            Self::Degraded => "degraded",
            Self::Halted => "halted",
            Self::ReadOnly => "read-only",
            Self::Closed => "closed",
        })
    }
}

/// Whether TWS has its link to IB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Upstream {
    /// As far as is known: TWS has not said otherwise in this epoch.
    #[default]
    Up,
    /// TWS said that it lost IB.
    Down {
        /// 1100 or 2110.
        code: i32,
    },
}

/// One comparison of the owner's book with the broker's. It holds for one connection, while TWS has IB throughout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Round {
    /// The connection.
    pub epoch: Epoch,
    /// Which comparison of the session.
    pub number: u64,
}

/// Why no order is sent until a person has looked.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Halt {
    /// Somebody asked for it.
    #[error("halted by {}: {}", Quoted(by), Quoted(reason))]
    Asked {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// TWS named no account. Look at the login; a login that is not finished looks so, too.
    #[error("TWS named no account; look whether its login is complete")]
    NoAccounts,
    /// The login lacks an account of [`Config::accounts`](crate::Config::accounts). Look whether it is the right login.
    #[error("the login lacks account {}; look whether it is the right one", Masked(missing))]
    AccountMissing {
        /// The first that it lacks.
        missing: String,
    },
}

impl fmt::Debug for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Account numbers stay out of logs, and Debug is how most of them are written.
        write!(f, "Halt({self})")
    }
}

/// Where a session stands. Its `Debug` masks account numbers.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct State {
    /// How far the connection has come, and what keeps orders back.
    pub phase: Phase,
    /// The connection meant; the last one while there is none.
    pub epoch: Epoch,
    /// Version both sides agreed on, in this epoch.
    pub server_version: Option<ServerVersion>,
    /// Why the last connection, or attempt at one, ended; `None` once ready again.
    pub reason: Option<Reason>,
    /// Accounts of the login, in this epoch.
    pub accounts: Vec<String>,
    /// Lowest order id that TWS says may be used next. An id once written must not be used again even so.
    pub next_order_id: Option<OrderId>,
    /// Whether TWS has its link to IB.
    pub upstream: Upstream,
    /// Data farms that are down, by name: how fresh market data is, and nothing else.
    pub farms_down: Vec<String>,
    /// Attempts to connect since the session was last live.
    pub attempts: u32,
    /// Why no order is sent until a person has looked, if so: through every reconnect, until
    /// [`TradingClient::resume`](crate::TradingClient::resume).
    pub halt: Option<Halt>,
    /// The comparison that the owner of the order lane must finish before orders may be sent, if so.
    pub round: Option<Round>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { phase, epoch, server_version, reason, accounts, next_order_id, upstream, .. } = self;
        let Self { farms_down, attempts, halt, round, .. } = self;
        f.debug_struct("State")
            .field("phase", phase)
            .field("epoch", epoch)
            .field("server_version", server_version)
            .field("reason", reason)
            .field("accounts", &format_args!("[{}]", MaskedList(accounts)))
            .field("next_order_id", next_order_id)
            .field("upstream", upstream)
            .field("farms_down", farms_down)
            .field("attempts", attempts)
            .field("halt", halt)
            .field("round", round)
            .finish()
    }
}

impl State {
    /// Whether nothing is in the way: requests may be sent, and orders too where the session may trade at all.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        matches!(self.phase, Phase::Ready | Phase::ReadOnly)
    }

    /// Whether requests may be sent.
    #[must_use]
    pub fn takes_requests(&self) -> bool {
        self.phase.is_live()
    }

    /// Whether orders may be sent and changed.
    #[must_use]
    pub fn takes_orders(&self) -> bool {
        self.phase == Phase::Ready
    }
}

/// What is known once a connection is live. Its `Debug` masks account numbers.
#[derive(Clone, PartialEq, Eq)]
pub struct Ready {
    /// Accounts of the login; empty where TWS named none.
    pub accounts: Vec<String>,
    /// Lowest order id that TWS says may be used next.
    pub next_order_id: OrderId,
    /// Version both sides agreed on.
    pub server_version: ServerVersion,
    /// The connection.
    pub epoch: Epoch,
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accounts, next_order_id, server_version, epoch } = self;
        f.debug_struct("Ready")
            .field("accounts", &format_args!("[{}]", MaskedList(accounts)))
            .field("next_order_id", next_order_id)
            .field("server_version", server_version)
            .field("epoch", epoch)
            .finish()
    }
}

/// What a failed attempt to connect is called.
fn connect_fault(kind: io::ErrorKind) -> String {
    match kind {
        io::ErrorKind::NotFound => "the host has no address".to_owned(),
        other => other.to_string(),
    }
}

/// Why a connection, or an attempt at one, ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// No TCP connection came about. Check that TWS runs, its API is enabled, host and port.
    /// [`io::ErrorKind::NotFound`]: the name of the host has no address.
    #[error("could not connect ({}); check that TWS runs with its API enabled, host and port", connect_fault(*.0))]
    ConnectFailed(io::ErrorKind),
    /// No TCP connection came about in time.
    #[error("could not connect in time; check host, port and network")]
    ConnectTimedOut,
    /// The peer accepted and said nothing. Look at the screen of TWS.
    #[error("TWS accepted the connection and said nothing; look whether it waits for a click or a login")]
    HandshakeTimedOut,
    /// The peer does not speak the protocol.
    #[error(transparent)]
    Handshake(HandshakeError),
    /// TWS did not name order id and accounts in time. Look at the screen of TWS.
    #[error("TWS did not get ready in time; look whether it waits for a login")]
    StartTimedOut,
    /// Error 326: another connection holds our client id, perhaps our own last one. The session tries on.
    #[error("client id is in use; close the other client, or wait until TWS lets go of the last connection")]
    ClientIdInUse,
    /// Error 1300: TWS moved its port. Set the new one.
    #[error("TWS moved its API to another port: {}", Quoted(.0))]
    PortChanged(String),
    /// The peer closed the connection.
    #[error("TWS closed the connection; if at once, check trusted addresses, and the limit of 32 clients")]
    ClosedByPeer,
    /// The socket failed.
    #[error("the connection broke ({0})")]
    SocketFailed(io::ErrorKind),
    /// The stream cannot be read any further.
    #[error(transparent)]
    OutOfStep(OutOfStep),
    /// A frame was begun and not finished in time. What looked like its length may have been something else.
    #[error(
        "TWS began a frame of {announced} bytes and did not finish it in time; the stream is out of step, or the link slow"
    )]
    FrameUnfinished {
        /// The length that was announced.
        announced: u32,
    },
    /// Nothing came for too long, not even the answer to a probe.
    #[error("TWS went silent and did not answer a probe")]
    Silent,
    /// The peer does not read what is sent.
    #[error("TWS does not read what is sent")]
    PeerNotReading,
    /// TWS had lost IB for so long that a fresh connection must tell the truth.
    #[error("TWS had lost IB for long; connecting anew to learn the truth")]
    UpstreamDown,
    /// Nobody reads the order events; the epoch ended so that none is lost. Read [`OrderEvents`](crate::OrderEvents) faster.
    #[error("order events were not read in time; the connection was ended so that none is lost")]
    LaneOverflow,
    /// `START_API` cannot be said at this version.
    #[error(transparent)]
    Refused(tws_proto::Refused),
    /// The session was told to end.
    #[error("the session was shut down")]
    Shutdown,
}

/// A change of the link, as the order lane tells it: in order with the fills.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateChange {
    /// A TCP connection stands. Nothing may be sent yet.
    EpochBegan {
        /// The connection.
        epoch: Epoch,
    },
    /// The connection is live: requests may be sent, and orders where [`State::takes_orders`].
    Ready(Ready),
    /// The connection ended. What was sent in it and not answered has an unknown outcome.
    EpochLost {
        /// The connection.
        epoch: Epoch,
        /// Why it ended.
        reason: Reason,
    },
    /// TWS lost IB. What was sent and not answered has an unknown outcome.
    UpstreamDown {
        /// The connection.
        epoch: Epoch,
        /// 1100 or 2110.
        code: i32,
    },
    /// TWS has IB again.
    UpstreamUp {
        /// The connection.
        epoch: Epoch,
        /// 1101 where market data was lost (it is subscribed anew), 1102 where it was kept.
        code: i32,
    },
}

/// A burst that was accepted and then, for certain, not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsent {
    /// The connection for which it was accepted.
    pub epoch: Epoch,
    /// The orders it named, in order; none for a global cancel.
    pub order_ids: Vec<OrderId>,
    /// What it asked for.
    pub wish: Wish,
    /// Why it did not leave.
    pub cause: UnsentCause,
}

/// What a burst that did not leave had asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wish {
    /// To place or change its orders: those are as they were before.
    Place,
    /// To end them, and nothing else: they may live on.
    Cancel,
}

/// Why an accepted burst did not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnsentCause {
    /// Its turn did not come in time.
    Stale,
    /// The link had been silent, and TWS did not answer a probe in time.
    NoProbeAnswer,
    /// A cancel of one of its orders came while it waited.
    Cancelled,
    /// TWS lost IB while it waited.
    UpstreamDown,
    /// The session was halted while it waited.
    Halted,
    /// The connection ended while it waited.
    EpochLost,
}

/// What the order lane carries, in the exact order of the wire. Its `Debug` masks account numbers.
#[derive(Clone, PartialEq)]
pub enum LaneEvent {
    /// Open orders, statuses, that an order was bound, completed orders, executions, commissions, positions, their end
    /// markers, order ids and accounts; asked for or not.
    Message(ServerMessage),
    /// A notice that names an order, or nothing in particular (-1).
    Notice(Notice),
    /// The link changed.
    State(StateChange),
    /// A burst that was accepted and then, for certain, not sent.
    Unsent(Unsent),
    /// A frame that could not be read and may have been an order's, an execution's or a position's: look at the broker's
    /// lists. What was plainly something else, a tick for instance, is counted in [`Counts`](crate::Counts) alone.
    BadFrame(BadFrame),
}

impl fmt::Debug for LaneEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, value): (&str, &dyn fmt::Debug) = match self {
            Self::Message(message) => ("Message", message),
            Self::Notice(notice) => ("Notice", notice),
            Self::State(change) => ("State", change),
            Self::Unsent(unsent) => ("Unsent", unsent),
            Self::BadFrame(bad) => ("BadFrame", bad),
        };
        f.debug_tuple(name).field(&MaskedDebug(value)).finish()
    }
}
