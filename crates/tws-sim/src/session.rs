//! What the simulator remembers of one connected client.

use std::collections::BTreeMap;

use tws_proto::ids::{ClientId, ContractId, RequestId};

use crate::account_feeds::AccountFeeds;
use crate::reference::ReferenceFeeds;
use crate::time::SimTime;

/// Names a connection for as long as the core lives; chosen by whoever feeds the core, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// What the simulator remembers of one connected client.
#[derive(Debug)]
pub(crate) struct Session {
    /// Set by START_API; nothing but that is answered before.
    pub(crate) client: Option<ClientId>,
    pub(crate) market_data: BTreeMap<RequestId, MarketSubscription>,
    pub(crate) single_ticks: BTreeMap<RequestId, TickSubscription>,
    pub(crate) feeds: AccountFeeds,
    pub(crate) positions: PositionFeed,
    pub(crate) auto_open: AutoOpen,
    pub(crate) reference: ReferenceFeeds,
}

impl Session {
    pub(crate) fn new() -> Self {
        Self {
            client: None,
            market_data: BTreeMap::new(),
            single_ticks: BTreeMap::new(),
            feeds: AccountFeeds::default(),
            positions: PositionFeed::Off,
            auto_open: AutoOpen::Off,
            reference: ReferenceFeeds::default(),
        }
    }

    /// No market data any more, as if none had been asked for.
    pub(crate) fn end_data(&mut self) {
        self.market_data.clear();
        self.single_ticks.clear();
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

/// A stream of level 1 ticks, or a snapshot that still waits for its values.
#[derive(Clone, Debug)]
pub(crate) struct MarketSubscription {
    pub(crate) contract: ContractId,
    /// Generic tick 233.
    pub(crate) trade_volume: bool,
    /// A snapshot ends at this moment, complete or not.
    pub(crate) snapshot_until: Option<SimTime>,
}

/// Which single ticks a subscription gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TickChoice {
    Last,
    AllLast,
    BidAsk { ignore_size: bool },
    MidPoint,
}

/// A stream of single ticks.
#[derive(Clone, Debug)]
pub(crate) struct TickSubscription {
    pub(crate) contract: ContractId,
    pub(crate) choice: TickChoice,
}
