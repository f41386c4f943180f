//! [`Subscriptions`]: the live streams, asked for once in every epoch in which they are wanted.

use std::collections::BTreeMap;

use tws_proto::contract::Contract;
use tws_proto::ids::RequestId;
use tws_proto::kinds::{GenericTicks, MarketDataKind, TickByTickKind};
use tws_proto::message::{
    CancelMarketData, CancelTickByTick, ClientMessage, Notice, RequestMarketData, RequestTickByTick, ServerMessage,
    TickEvent,
};

use crate::error::RequestError;
use crate::state::Epoch;
use crate::stream::Tick;

/// Names a stream within a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(u64);

/// What a stream shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Feed {
    /// Quotes.
    MarketData {
        /// Of what.
        contract: Box<Contract>,
        /// Further kinds of ticks.
        generic_ticks: GenericTicks,
    },
    /// Every single tick.
    TickByTick {
        /// Of what.
        contract: Box<Contract>,
        /// Which ticks.
        kind: TickByTickKind,
    },
}

/// What a stream says.
#[derive(Clone, Debug, PartialEq)]
pub enum FeedUpdate {
    /// A tick of market data.
    Tick(Tick),
    /// A single tick.
    TickByTick(TickEvent),
    /// Data was missed; it comes from this connection now.
    Gap(Epoch),
    /// A warning; the stream goes on.
    Notice(Notice),
    /// The stream has ended.
    Ended(RequestError),
}

impl Feed {
    fn request(&self, request_id: RequestId) -> ClientMessage {
        match self {
            Self::MarketData { contract, generic_ticks } => Box::new(RequestMarketData {
                request_id,
                contract: (**contract).clone(),
                generic_ticks: generic_ticks.clone(),
                ..RequestMarketData::default()
            })
            .into(),
            Self::TickByTick { contract, kind } => Box::new(RequestTickByTick {
                request_id,
                contract: (**contract).clone(),
                kind: Some(kind.clone()),
                history: Some(0),
                ignore_size: false,
            })
            .into(),
        }
    }

    fn cancel(&self, request_id: RequestId) -> ClientMessage {
        match self {
            Self::MarketData { .. } => CancelMarketData { request_id }.into(),
            Self::TickByTick { .. } => CancelTickByTick { request_id }.into(),
        }
    }
}

/// The live streams.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    streams: BTreeMap<SubscriptionId, Stream>,
    by_id: BTreeMap<RequestId, SubscriptionId>,
    last: u64,
    /// Which kind of data was asked for, where it was.
    pub(super) data_kind: Option<MarketDataKind>,
}

#[derive(Debug)]
struct Stream {
    feed: Feed,
    live: Option<RequestId>,
    /// Whether data may have come before, so that a gap must be told.
    began: bool,
}

impl Subscriptions {
    pub(super) fn len(&self) -> usize {
        self.streams.len()
    }

    /// How many are asked for in this epoch.
    pub(super) fn live(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn has_id(&self, id: RequestId) -> bool {
        self.by_id.contains_key(&id)
    }

    pub(super) fn add(&mut self, feed: Feed) -> SubscriptionId {
        self.last += 1;
        let id = SubscriptionId(self.last);
        self.streams.insert(id, Stream { feed, live: None, began: false });
        id
    }

    /// Forgets a stream; what must be said to end it, where it is live.
    pub(super) fn remove(&mut self, id: SubscriptionId) -> Option<ClientMessage> {
        let stream = self.streams.remove(&id)?;
        let request_id = stream.live?;
        self.by_id.remove(&request_id);
        Some(stream.feed.cancel(request_id))
    }

    /// Every stream that wants to be asked for, in the order in which they were made.
    pub(super) fn ids(&self) -> impl Iterator<Item = SubscriptionId> {
        self.streams.keys().copied()
    }

    /// The request of a stream under a fresh id, and whether a gap must be told.
    pub(super) fn ask(&mut self, id: SubscriptionId, request_id: RequestId) -> Option<(ClientMessage, bool)> {
        let stream = self.streams.get_mut(&id).filter(|stream| stream.live.is_none())?;
        stream.live = Some(request_id);
        self.by_id.insert(request_id, id);
        Some((stream.feed.request(request_id), std::mem::replace(&mut stream.began, true)))
    }

    /// The stream that a message belongs to.
    pub(super) fn of(&self, request_id: RequestId) -> Option<SubscriptionId> {
        self.by_id.get(&request_id).copied()
    }

    /// Ends a stream that failed.
    pub(super) fn fail(&mut self, id: SubscriptionId) {
        if let Some(request_id) = self.streams.remove(&id).and_then(|stream| stream.live) {
            self.by_id.remove(&request_id);
        }
    }

    /// No stream is live any more: the epoch ended, or TWS lost their data.
    pub(super) fn reset(&mut self) {
        self.by_id.clear();
        for stream in self.streams.values_mut() {
            stream.live = None;
        }
    }

    /// The session ends: every stream does.
    pub(super) fn close(&mut self) -> Vec<SubscriptionId> {
        self.by_id.clear();
        std::mem::take(&mut self.streams).into_keys().collect()
    }
}

/// What a message says to a stream; `None` where it is no tick.
pub(super) fn update_of(message: ServerMessage) -> Option<FeedUpdate> {
    match message {
        ServerMessage::TickByTick(body) => Some(FeedUpdate::TickByTick(body.event)),
        other => Tick::of(other).map(FeedUpdate::Tick),
    }
}
