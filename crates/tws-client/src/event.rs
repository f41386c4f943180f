//! [`SessionEvents`]: every change of the state with its reason, and whatever somebody should look at, for any number of
//! listeners.

use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use crate::session::SubscriptionId;
use crate::state::{Halt, Phase, Reason, State};

/// What a session tells beside data and order events.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionEvent {
    /// The state changed. The new one says why: [`State::reason`], [`State::upstream`], [`State::halt`],
    /// [`State::round`].
    State {
        /// The phase before.
        from: Phase,
        /// The state now.
        state: Box<State>,
    },
    /// Somebody should look.
    Alarm(Alarm),
    /// Streams have told nothing for [`Timeouts::stale_after`](crate::config::Timeouts::stale_after). Their market may be
    /// closed, or their data stalled; the connection is kept, and they are not asked for again because of it.
    Stale {
        /// Which, all that became so at one time.
        streams: Vec<StaleStream>,
    },
    /// A stream that was stale tells something again, in the same connection or a later one.
    Fresh {
        /// Which.
        subscription: SubscriptionId,
        /// For how long it had told nothing.
        silent_for: Duration,
    },
    /// This listener was so slow that so many events before the next one are missing. Look at
    /// [`Client::state`](crate::Client::state).
    Missed(u64),
}

/// A stream that has told nothing for long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleStream {
    /// Which, as [`Subscription::id`](crate::Subscription::id) names it.
    pub subscription: SubscriptionId,
    /// Wire name of what was asked.
    pub request: &'static str,
    /// For how long.
    pub silent_for: Duration,
}

/// What somebody should look at. [`Alarm::code`] is for machines, `Display` for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Alarm {
    /// The session has not been ready for long, outside of the hours in which IB resets its servers. It tries on; the
    /// alarm is repeated every [`Timeouts::alarm_repeat`](crate::config::Timeouts::alarm_repeat).
    #[error("not ready for {} s, but {phase}{}; look at TWS", since.as_secs(), because(.reason.as_ref()))]
    NotReady {
        /// For how long.
        since: Duration,
        /// Where the session stands.
        phase: Phase,
        /// Why the last connection, or attempt at one, ended.
        reason: Option<Reason>,
        /// 0 the first time, then how often it was given before.
        repeat: u32,
    },
    /// Orders are refused until a person has looked and called [`TradingClient::resume`](crate::TradingClient::resume).
    #[error("no orders are sent: {0}")]
    Halted(Halt),
    /// TWS said so often in this connection that messages come too fast (code 100) that the next time it may close it.
    /// Requests are slowed down already; something else may use the same login or TWS.
    #[error("TWS said {breaches} times that messages come too fast; the next time it closes the connection")]
    PacingBreached {
        /// How often it said so in this connection.
        breaches: u32,
    },
    /// Nobody reads the order events; the epoch was ended so that none is lost.
    #[error("order events are not read in time; the epoch was ended so that none is lost")]
    LaneOverflow,
    /// TWS refused an order because its API is read-only. Change the setting of TWS.
    #[error("TWS refuses orders because its API is in read-only mode; change its setting")]
    TwsIsReadOnly,
}

fn because(reason: Option<&Reason>) -> String {
    reason.map(|reason| format!(" ({reason})")).unwrap_or_default()
}

impl Alarm {
    /// What stands in metrics and filters; it never changes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotReady { .. } => "not-ready",
            Self::Halted(_) => "halted",
            Self::PacingBreached { .. } => "pacing-breached",
            Self::LaneOverflow => "lane-overflow",
            Self::TwsIsReadOnly => "tws-read-only",
        }
    }
}

/// The events of a session from the moment of [`Client::events`](crate::Client::events) on.
///
/// The queue is bounded ([`Limits::session_events`](crate::config::Limits::session_events)); a listener that falls behind
/// is told how many events it missed, and never holds up the session or other listeners.
#[derive(Debug)]
pub struct SessionEvents {
    receiver: Receiver<SessionEvent>,
    is_over: bool,
}

impl SessionEvents {
    pub(crate) fn new(receiver: Receiver<SessionEvent>, is_over: bool) -> Self {
        Self { receiver, is_over }
    }

    /// The next event; `None` once the session has ended and every event was read.
    pub async fn recv(&mut self) -> Option<SessionEvent> {
        if self.is_over {
            return None;
        }
        let event = match self.receiver.recv().await {
            Ok(event) => event,
            Err(RecvError::Lagged(missed)) => SessionEvent::Missed(missed),
            Err(RecvError::Closed) => return None,
        };
        Some(self.note_end(event))
    }

    /// The next event, if one is there already.
    pub fn try_recv(&mut self) -> Option<SessionEvent> {
        if self.is_over {
            return None;
        }
        let event = match self.receiver.try_recv() {
            Ok(event) => event,
            Err(TryRecvError::Lagged(missed)) => SessionEvent::Missed(missed),
            Err(TryRecvError::Empty | TryRecvError::Closed) => return None,
        };
        Some(self.note_end(event))
    }

    /// Nothing follows the end of the session, though its handles live on.
    fn note_end(&mut self, event: SessionEvent) -> SessionEvent {
        self.is_over |= matches!(&event, SessionEvent::State { state, .. } if state.phase == Phase::Closed);
        event
    }
}
