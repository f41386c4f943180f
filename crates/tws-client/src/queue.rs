//! [`Waits`]: what waits to be sent, for how long, and why.

use std::time::Duration;

/// One message, or burst, that waits to be sent; see [`Client::queue`](crate::Client::queue).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waits {
    /// Wire name of the message, of a burst that of its first.
    pub message: &'static str,
    /// How many messages travel together.
    pub messages: usize,
    /// For how long it has waited.
    pub waited: Duration,
    /// Why it waits.
    pub why: Why,
    /// In how much time its turn comes, where that is known.
    pub expected: Option<Duration>,
}

/// Why something is not sent at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Why {
    /// This second's frames are used up.
    #[error("this second's frames are used up")]
    Rate,
    /// TWS has not answered the last request of the kind, whose answer could not be told from this one's.
    #[error("an answer to the last request of the kind is awaited")]
    Turn,
    /// The link was silent, and an order waits for the answer to a probe.
    #[error("the link was silent and must answer a probe")]
    Probe,
    /// The same history may be asked for once in 15 s.
    #[error("the same history was asked for just now")]
    SameHistory,
    /// Fewer than six requests for the history of one contract may be made in 2 s.
    #[error("history of this contract was asked for too often just now")]
    HistoryOfContract,
    /// Sixty requests for history may be made in ten minutes, those for quotes counted twice.
    #[error("history was asked for too often in the last ten minutes")]
    HistoryInAll,
    /// Fifty requests for history may be open.
    #[error("too many requests for history are under way")]
    HistoryOpen,
    /// TWS said that history is asked for too fast.
    #[error("TWS asked to slow down with history")]
    HistoryPaused,
    /// Single ticks of one instrument may be asked for once in 15 s.
    #[error("single ticks of this instrument were asked for just now")]
    SameInstrument,
    /// Symbols may be searched for once in a second.
    #[error("symbols were searched for just now")]
    Search,
}
