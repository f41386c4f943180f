//! Live streams: typed, bounded, conflated when their reader is slow, and cancelled when dropped.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::task::coop::poll_proceed;
use tws_proto::ServerMessage;
use tws_proto::kinds::MarketDataKind;
use tws_proto::message::{
    DeltaNeutralValidation, Message, Notice, OpenOrdersEnd, RerouteMarketData, TickEvent, TickExchangeForPhysical,
    TickGeneric, TickNews, TickOptionComputation, TickPrice, TickRequestParameters, TickSize, TickString,
};

use crate::error::RequestError;
use crate::feed::Feed;
use crate::log::MaskedDebug;
use crate::mailbox::Mailbox;
use crate::session::SubscriptionId;
use crate::shared::Shared;
use crate::state::Epoch;
use crate::updates::{Entry, Flow, Updates};

pub use crate::updates::{Conflate, Loss};

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
    #[inline]
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

/// What a stream delivers. Its `Debug` masks account numbers in the broker's words.
#[derive(Clone, PartialEq)]
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

impl<T: fmt::Debug> fmt::Debug for Update<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(data) => f.debug_tuple("Data").field(data).finish(),
            Self::Gap { epoch } => f.debug_struct("Gap").field("epoch", epoch).finish(),
            Self::Notice(notice) => f.debug_tuple("Notice").field(&MaskedDebug(notice)).finish(),
            Self::Ended(error) => f.debug_tuple("Ended").field(error).finish(),
        }
    }
}

/// A live stream. It survives reconnects (with a [`Update::Gap`]) and is cancelled when dropped.
///
/// What happens when its reader falls behind is its [`Delivery`](crate::Delivery). As a rule a reader that falls behind by
/// more than [`Limits::stream_updates`](crate::config::Limits::stream_updates) gets the newest value of each kind, and of
/// single ticks the newest ones; how many were left out is [`Subscription::conflated`]. What was received and what was
/// conflated is together what came.
#[derive(Debug)]
pub struct Subscription<T> {
    id: SubscriptionId,
    mailbox: Arc<Mailbox<Updates<T>>>,
    /// What was taken out of the mailbox, all at once, and is not given out yet.
    taken: VecDeque<Entry<T>>,
    /// How often in a row its reader found something at the socket before the driver did.
    finds: u8,
    shared: Arc<Shared>,
}

impl<T: Conflate> Subscription<T> {
    pub(crate) fn new(id: SubscriptionId, mailbox: Arc<Mailbox<Updates<T>>>, shared: Arc<Shared>) -> Self {
        Self { id, mailbox, taken: VecDeque::new(), finds: 0, shared }
    }

    /// The next update; `None` after [`Update::Ended`].
    pub async fn recv(&mut self) -> Option<Update<T>> {
        poll_fn(|context| self.poll_recv(context)).await
    }

    /// The next update, if one is there already.
    pub fn try_recv(&mut self) -> Option<Update<T>> {
        let Self { taken, mailbox, .. } = self;
        match taken.pop_front() {
            Some(entry) => Some(entry.into()),
            None => mailbox.with(|updates| updates.take(taken)).flatten(),
        }
    }

    fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Option<Update<T>>> {
        let Self { taken, mailbox, .. } = self;
        if let Some(entry) = taken.pop_front() {
            return Poll::Ready(Some(entry.into()));
        }
        // A stream that never runs dry must let other tasks run, as every resource of tokio does: now and then.
        let progress = ready!(poll_proceed(context));
        let polled = loop {
            match mailbox.poll_take(context, |updates| updates.take_or_turn(taken)) {
                Poll::Ready(Ok(update)) => break Poll::Ready(update),
                Poll::Ready(Err(turn)) if self.shared.look_after(turn, self.finds) => self.finds += 1,
                Poll::Ready(Err(_)) => {}
                Poll::Pending => {
                    self.finds = 0;
                    break Poll::Pending;
                }
            }
        };
        if polled.is_ready() {
            progress.made_progress();
        }
        polled
    }

    /// How many updates were replaced by newer ones, or left out, because they were not read in time.
    #[must_use]
    pub fn conflated(&self) -> u64 {
        self.mailbox.with(|updates| updates.conflated())
    }
}

/// Nothing in it is ever pinned: what waits is moved out.
impl<T> Unpin for Subscription<T> {}

impl<T: Conflate> Stream for Subscription<T> {
    type Item = Update<T>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Update<T>>> {
        self.get_mut().poll_recv(context)
    }
}

/// Where the messages of a stream go; the only place that knows both of them and of the type they become.
///
/// What is put in is given to the reader by [`Sink::flush`]: one lock and one wake for many updates.
pub(crate) trait Sink: Send {
    /// Takes in a message, of which something else may be left. Never waits.
    fn hear(&mut self, message: &mut ServerMessage) -> Put;

    /// Data was missed; it comes from this connection now.
    fn tell_gap(&mut self, epoch: Epoch);

    /// A warning.
    fn tell_notice(&mut self, notice: Notice) -> Put;

    /// The stream has ended.
    fn tell_end(&mut self, error: RequestError);

    /// Gives everything that was put in to the reader; `alone` is the turn where nobody else was given anything.
    fn flush(&mut self, alone: Option<u64>) -> Flow;

    /// How many updates gave way to newer ones.
    fn conflated(&self) -> u64;
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// It waits for a flush, the first that does.
    First,
    /// It waits for the flush for which others wait, or is with the reader already.
    Taken,
    /// It did not belong to the stream; its wire name.
    Stray(&'static str),
}

/// How many updates wait for a flush at most; more of them flush by themselves.
const STAGED_MAX: usize = 64;

/// The sink of one kind of feed.
pub(crate) struct FeedSink<F: Feed> {
    mailbox: Arc<Mailbox<Updates<F::Item>>>,
    staged: VecDeque<Entry<F::Item>>,
    /// What has become of the stream since the last flush.
    flow: Flow,
}

impl<F: Feed> FeedSink<F> {
    pub(crate) const fn new(mailbox: Arc<Mailbox<Updates<F::Item>>>) -> Self {
        Self { mailbox, staged: VecDeque::new(), flow: Flow::Open }
    }

    /// Something was put behind what was staged `before`.
    fn stage(&mut self, before: usize) -> Put {
        if self.staged.len() >= STAGED_MAX {
            // The flush that was promised tells what became of the stream.
            self.give(None);
        }
        if before == 0 { Put::First } else { Put::Taken }
    }

    fn give(&mut self, alone: Option<u64>) {
        let given = self.mailbox.put(|updates| {
            updates.alone = alone;
            updates.append(&mut self.staged)
        });
        match given {
            Flow::Open => {}
            flow @ (Flow::Broken | Flow::Ended) => self.flow = flow,
        }
    }
}

impl<F: Feed> Sink for FeedSink<F> {
    fn hear(&mut self, message: &mut ServerMessage) -> Put {
        let before = self.staged.len();
        if let Some(item) = F::copied(message) {
            self.staged.push_back(Entry::Data(item));
        } else {
            let name = message.facts().name;
            let message = std::mem::replace(message, ServerMessage::OpenOrdersEnd(OpenOrdersEnd {}));
            F::items(message, |item| self.staged.push_back(Entry::Data(item)));
            if self.staged.len() == before {
                return Put::Stray(name);
            }
        }
        self.stage(before)
    }

    fn tell_gap(&mut self, epoch: Epoch) {
        // What is no data is rare and keeps its place.
        self.give(None);
        self.mailbox.put(|updates| updates.push(Entry::Gap(epoch)));
    }

    fn tell_notice(&mut self, notice: Notice) -> Put {
        // It may be what finds no room, so it waits for a flush as data does: that tells what becomes of the stream.
        let before = self.staged.len();
        self.staged.push_back(Entry::Notice(Box::new(notice)));
        self.stage(before)
    }

    fn tell_end(&mut self, error: RequestError) {
        self.give(None);
        self.mailbox.put(|updates| updates.end(error));
    }

    fn flush(&mut self, alone: Option<u64>) -> Flow {
        self.give(alone);
        std::mem::replace(&mut self.flow, Flow::Open)
    }

    fn conflated(&self) -> u64 {
        self.mailbox.with(|updates| updates.conflated())
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
