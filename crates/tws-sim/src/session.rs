//! What the simulator remembers of one connected client.

use tws_proto::ids::ClientId;

use crate::account_feeds::AccountFeeds;
use crate::reference::ReferenceFeeds;

/// Names a connection for as long as the core lives; chosen by whoever feeds the core, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// What the simulator remembers of one connected client.
#[derive(Debug)]
pub(crate) struct Session {
    /// Set by START_API; nothing but that is answered before.
    pub(crate) client: Option<ClientId>,
    pub(crate) feeds: AccountFeeds,
    pub(crate) positions: PositionFeed,
    pub(crate) auto_open: AutoOpen,
    pub(crate) reference: ReferenceFeeds,
}

impl Session {
    pub(crate) fn new() -> Self {
        Self {
            client: None,
            feeds: AccountFeeds::default(),
            positions: PositionFeed::Off,
            auto_open: AutoOpen::Off,
            reference: ReferenceFeeds::default(),
        }
    }
}

/// Whether a session hears of changed positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PositionFeed {
    Off,
    On,
}

/// What client 0 wants of orders made by hand from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AutoOpen {
    Off,
    Hear,
    Bind,
}

/// Which single ticks a subscription gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TickChoice {
    Last,
    AllLast,
    BidAsk { ignore_size: bool },
    MidPoint,
}
