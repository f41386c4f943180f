//! Live streams: typed, bounded, conflated when their reader is slow, and cancelled when dropped.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use tws_proto::ServerMessage;
use tws_proto::kinds::{MarketDataKind, TickKind};
use tws_proto::message::{
    DeltaNeutralValidation, Notice, RerouteMarketData, TickEvent, TickExchangeForPhysical, TickGeneric, TickNews,
    TickOptionComputation, TickPrice, TickRequestParameters, TickSize, TickString,
};

use crate::error::RequestError;
use crate::feed::Feed;
use crate::mailbox::Mailbox;
use crate::session::{FeedUpdate, SubscriptionId};
use crate::shared::Shared;
use crate::state::Epoch;

/// Quotes of one contract; made by [`Client::market_data`](crate::Client::market_data).
pub type MarketData = Subscription<Tick>;
/// Every single trade, quote or midpoint of one contract; made by [`Client::tick_by_tick`](crate::Client::tick_by_tick).
pub type TickByTickData = Subscription<TickEvent>;

/// One tick of market data.
#[derive(Clone, Debug, PartialEq)]
pub enum Tick {
    /// A price, and for bid, ask and last the size that goes with it.
    Price(TickPrice),
    /// A size on its own.
    Size(TickSize),
    /// A number that is neither price nor size.
    Generic(TickGeneric),
    /// A text: times, exchanges, compound values.
    Text(TickString),
    /// Whether what follows is live, frozen or delayed.
    DataKind(MarketDataKind),
    /// How to read the ticks.
    Parameters(Box<TickRequestParameters>),
    /// What an option is worth by calculation.
    Option(Box<TickOptionComputation>),
    /// An exchange of a future for its physical.
    ExchangeForPhysical(Box<TickExchangeForPhysical>),
    /// A headline.
    News(Box<TickNews>),
    /// The data of this contract, a CFD, comes from another contract; subscribe to that one.
    Rerouted(RerouteMarketData),
    /// What the delta-neutral part of a combination was taken for.
    DeltaNeutral(Box<DeltaNeutralValidation>),
}

impl Tick {
    /// The tick that a message carries, where it carries one.
    #[must_use]
    pub fn of(message: ServerMessage) -> Option<Self> {
        match message {
            ServerMessage::TickPrice(tick) => Some(Self::Price(tick)),
            ServerMessage::TickSize(tick) => Some(Self::Size(tick)),
            ServerMessage::TickGeneric(tick) => Some(Self::Generic(tick)),
            ServerMessage::TickString(tick) => Some(Self::Text(tick)),
            ServerMessage::MarketDataType(body) => Some(Self::DataKind(body.kind)),
            ServerMessage::TickRequestParameters(body) => Some(Self::Parameters(body)),
            ServerMessage::TickOptionComputation(body) => Some(Self::Option(body)),
            ServerMessage::TickExchangeForPhysical(body) => Some(Self::ExchangeForPhysical(body)),
            ServerMessage::TickNews(body) => Some(Self::News(body)),
            ServerMessage::RerouteMarketData(body) => Some(Self::Rerouted(body)),
            ServerMessage::DeltaNeutralValidation(body) => Some(Self::DeltaNeutral(body)),
            _ => None,
        }
    }
}

/// What a stream delivers.
#[derive(Clone, Debug, PartialEq)]
pub enum Update<T> {
    /// Data.
    Data(T),
    /// Data of unknown length was missed, because the connection was lost or TWS lost IB; what follows is fresh.
    Gap {
        /// The connection from which the data comes now.
        epoch: Epoch,
    },
    /// A warning about this stream, delayed data for instance; it goes on.
    Notice(Notice),
    /// The stream has ended; nothing follows.
    Ended(RequestError),
}

/// A live stream. It survives reconnects (with a [`Update::Gap`]) and is cancelled when dropped.
///
/// A reader that falls behind by more than [`Limits::stream_updates`](crate::config::Limits::stream_updates) gets the
/// newest value of each kind, and of single ticks the newest ones; how many were left out is [`Subscription::conflated`].
#[derive(Debug)]
pub struct Subscription<T> {
    id: SubscriptionId,
    mailbox: Arc<Mailbox<Updates<T>>>,
    shared: Arc<Shared>,
}

impl<T: Conflate> Subscription<T> {
    pub(crate) fn new(id: SubscriptionId, mailbox: Arc<Mailbox<Updates<T>>>, shared: Arc<Shared>) -> Self {
        Self { id, mailbox, shared }
    }

    /// The next update; `None` after [`Update::Ended`].
    pub async fn recv(&mut self) -> Option<Update<T>> {
        poll_fn(|context| self.mailbox.poll_take(context, Updates::take)).await
    }

    /// The next update, if one is there already.
    pub fn try_recv(&mut self) -> Option<Update<T>> {
        self.mailbox.with(Updates::take).flatten()
    }

    /// How many updates were replaced by newer ones, or left out, because they were not read in time.
    #[must_use]
    pub fn conflated(&self) -> u64 {
        self.mailbox.with(|updates| updates.conflated())
    }
}

impl<T: Conflate> Stream for Subscription<T> {
    type Item = Update<T>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Update<T>>> {
        self.mailbox.poll_take(context, Updates::take)
    }
}

/// Where the messages of a stream go; the only place that knows both of them and of the type they become.
pub(crate) trait Sink: Send + Sync {
    /// Never waits.
    fn put(&self, update: FeedUpdate) -> Put;

    /// How many updates gave way to newer ones.
    fn conflated(&self) -> u64;
}

/// Whether a message belonged to the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    Taken,
    Stray,
    /// Something was left out without which the rest makes no sense: ask anew.
    Broken,
}

/// The sink of one kind of feed.
pub(crate) struct FeedSink<F: Feed>(pub(crate) Arc<Mailbox<Updates<F::Item>>>);

impl<F: Feed> Sink for FeedSink<F> {
    fn put(&self, update: FeedUpdate) -> Put {
        let update = match update {
            FeedUpdate::Message(message) => {
                let mut put = Put::Stray;
                self.0.put(|updates| {
                    F::items(message, |item| {
                        if put != Put::Broken {
                            put = updates.push(Update::Data(item));
                        }
                    });
                });
                return put;
            }
            FeedUpdate::Gap(epoch) => Update::Gap { epoch },
            FeedUpdate::Notice(notice) => Update::Notice(notice),
            FeedUpdate::Ended(error) => Update::Ended(error),
        };
        self.0.put(|updates| updates.push(update))
    }

    fn conflated(&self) -> u64 {
        self.0.with(|updates| updates.conflated())
    }
}

impl<T> Subscription<T> {
    /// Names the stream within its session, in [`SessionEvent`](crate::SessionEvent) for instance.
    #[must_use]
    pub const fn id(&self) -> SubscriptionId {
        self.id
    }

    /// How long ago it told something, or was asked for; `None` while it is not asked for, and for streams whose messages
    /// carry no id.
    #[must_use]
    pub fn silent_for(&self) -> Option<std::time::Duration> {
        self.shared.silent_for(self.id)
    }
}

impl<T> Drop for Subscription<T> {
    fn drop(&mut self) {
        self.shared.unsubscribe(self.id);
    }
}

/// Which update a newer one may replace.
pub trait Conflate {
    /// What an update is about.
    type Key: PartialEq;

    /// What becomes of the stream when something must be left out.
    const LOSS: Loss = Loss::Bearable;

    /// Updates with the same key may replace each other; one without a key is never replaced, but may be left out.
    fn key(&self) -> Option<Self::Key>;
}

/// What becomes of a stream whose reader is too slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The reader gets the newest updates; how many were left out is counted.
    Bearable,
    /// An update makes sense only with all before it: what is unread is dropped, the data is asked for anew, and the reader
    /// gets a [`Update::Gap`].
    Restart,
}

/// What a tick is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TickKey {
    shape: u8,
    kind: TickKind,
}

impl Conflate for Tick {
    type Key = TickKey;

    fn key(&self) -> Option<TickKey> {
        let (shape, kind) = match self {
            Self::Price(tick) => (0, tick.kind),
            Self::Size(tick) => (1, tick.kind),
            Self::Generic(tick) => (2, tick.kind),
            Self::Text(tick) => (3, tick.kind),
            Self::DataKind(_) => (4, TickKind::default()),
            Self::Parameters(_) => (5, TickKind::default()),
            Self::Option(tick) => (6, tick.kind),
            Self::ExchangeForPhysical(tick) => (7, tick.kind),
            Self::Rerouted(_) => (8, TickKind::default()),
            Self::DeltaNeutral(_) => (9, TickKind::default()),
            Self::News(_) => return None,
        };
        Some(TickKey { shape, kind })
    }
}

impl Conflate for TickEvent {
    type Key = ();

    fn key(&self) -> Option<()> {
        None
    }
}

/// Unread updates, `capacity` of data at most, one gap, and a few notices.
#[derive(Debug)]
pub(crate) struct Updates<T> {
    queue: VecDeque<Update<T>>,
    end: End,
    conflated: u64,
    capacity: usize,
    /// Whether data is dropped until a gap has been told.
    is_broken: bool,
}

#[derive(Debug)]
enum End {
    Open,
    Ended(RequestError),
    Told,
}

impl<T: Conflate> Updates<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { queue: VecDeque::new(), end: End::Open, conflated: 0, capacity, is_broken: false }
    }

    pub(crate) fn conflated(&self) -> u64 {
        self.conflated
    }

    pub(crate) fn push(&mut self, update: Update<T>) -> Put {
        if !matches!(self.end, End::Open) {
            return Put::Taken;
        }
        match &update {
            // One gap says as much as two; the later one names where the data comes from now.
            Update::Gap { .. } => {
                self.is_broken = false;
                self.queue.retain(|queued| !matches!(queued, Update::Gap { .. }));
            }
            Update::Data(_) if self.is_broken => {
                self.conflated += 1;
                return Put::Taken;
            }
            Update::Data(_) if T::LOSS == Loss::Restart && self.queue.len() >= self.capacity => {
                self.conflated += self.queue.len() as u64 + 1;
                self.queue.clear();
                self.is_broken = true;
                return Put::Broken;
            }
            Update::Data(_) | Update::Notice(_) | Update::Ended(_) if self.queue.len() >= self.capacity => {
                self.make_room(&update);
            }
            Update::Data(_) | Update::Notice(_) | Update::Ended(_) => {}
        }
        match update {
            Update::Ended(error) => self.end = End::Ended(error),
            Update::Data(_) | Update::Gap { .. } | Update::Notice(_) => self.queue.push_back(update),
        }
        Put::Taken
    }

    /// Removes the update that is missed least: an older one of the same key, else the oldest that is no gap.
    fn make_room(&mut self, newer: &Update<T>) {
        let key: Option<T::Key> = match newer {
            Update::Data(data) => data.key(),
            Update::Gap { .. } | Update::Notice(_) => None,
            Update::Ended(_) => return,
        };
        let same = |queued: &Update<T>| matches!(queued, Update::Data(data) if key.is_some() && data.key() == key);
        let oldest = |queued: &Update<T>| !matches!(queued, Update::Gap { .. });
        if let Some(place) = self.queue.iter().position(same).or_else(|| self.queue.iter().position(oldest)) {
            self.queue.remove(place);
            self.conflated += 1;
        }
    }

    /// Outer `None`: nothing yet. Inner `None`: nothing any more.
    fn take(&mut self) -> Option<Option<Update<T>>> {
        if let Some(update) = self.queue.pop_front() {
            return Some(Some(update));
        }
        match std::mem::replace(&mut self.end, End::Told) {
            End::Open => {
                self.end = End::Open;
                None
            }
            End::Ended(error) => Some(Some(Update::Ended(error))),
            End::Told => Some(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal::Decimal;

    fn bid(price: i64) -> Update<Tick> {
        price_of(TickKind::Bid, price)
    }

    fn price_of(kind: TickKind, price: i64) -> Update<Tick> {
        Update::Data(Tick::Price(TickPrice { kind, price: Some(Decimal::from(price)), ..TickPrice::default() }))
    }

    #[track_caller]
    fn check(pushed: Vec<Update<Tick>>, expected: Vec<Update<Tick>>, conflated: u64) {
        let mut updates = Updates::new(3);
        for update in pushed {
            assert_eq!(updates.push(update), Put::Taken);
        }
        let mut read = Vec::new();
        while let Some(Some(update)) = updates.take() {
            read.push(update);
        }
        assert_eq!(read, expected);
        assert_eq!(updates.conflated, conflated);
    }

    #[test]
    fn a_reader_in_time_gets_everything() {
        check(vec![bid(1), bid(2), bid(3)], vec![bid(1), bid(2), bid(3)], 0);
    }

    #[test]
    fn a_slow_reader_gets_the_newest_of_each_kind() {
        let ask = || price_of(TickKind::Ask, 9);
        check(vec![bid(1), ask(), bid(2), bid(3), bid(4)], vec![ask(), bid(3), bid(4)], 2);
    }

    #[test]
    fn gap_and_end_are_never_left_out() {
        let gap = |epoch| Update::Gap { epoch: Epoch(epoch) };
        let end = || Update::Ended(RequestError::Closed);
        check(
            vec![gap(1), bid(1), bid(2), bid(3), gap(2), bid(4), end(), bid(5)],
            vec![bid(3), gap(2), bid(4), end()],
            2,
        );
    }
}
