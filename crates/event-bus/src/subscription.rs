//! The reading end: what arrives, and why it ends.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::queue::{Counts, Lane};

/// Names one subscription of one bus, for logs and metrics. Never used twice by the same bus.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SubscriptionId(pub(crate) u64);

impl fmt::Display for SubscriptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "subscription {}", self.0)
    }
}

/// What a subscriber receives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Delivery<T> {
    /// The next event that passed the filter.
    Event(T),
    /// So many events that should have been here were dropped, because the queue was full. Never received from a
    /// [`Queue::lossless`](crate::Queue::lossless).
    Missed(u64),
}

impl<T> Delivery<T> {
    /// The event, or `None` for a gap.
    pub fn event(self) -> Option<T> {
        match self {
            Self::Event(event) => Some(event),
            Self::Missed(_) => None,
        }
    }
}

/// Why a subscription has ended. The events queued before are received first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Closed {
    /// Every handle of the bus is gone: nothing was lost and nothing more will come.
    #[error("the bus is closed: its last handle was dropped")]
    BusDropped,
    /// A [`Queue::lossless`](crate::Queue::lossless) was full: the event that did not fit and all later ones are not
    /// delivered. Rebuild the state from its source and subscribe again, with more capacity or a faster reader.
    #[error(
        "the subscriber fell more than {capacity} events behind on a lossless queue; \
         rebuild its state and subscribe again"
    )]
    Overflowed {
        /// How many events the queue held.
        capacity: usize,
    },
    /// The filter, the projection, the key function or the drop of a value of this subscription panicked at an event:
    /// that one may be lost to it, and all later ones are. Correct the function.
    #[error("the subscription's filter, projection or key function panicked")]
    FilterPanicked,
}

/// The reading end of one subscription. Dropping it unsubscribes: the filter is not called again.
///
/// One reader at a time, hence `&mut self`; to share the work among tasks give each its own subscription.
#[must_use = "a subscription that is dropped is unsubscribed"]
pub struct Subscription<T> {
    id: SubscriptionId,
    lane: Arc<Lane<T>>,
}

impl<T> Subscription<T> {
    pub(crate) fn new(id: SubscriptionId, lane: Arc<Lane<T>>) -> Self {
        Self { id, lane }
    }

    /// Waits for the next delivery. Cancel safe: dropping the future loses nothing.
    ///
    /// It is ready at once while something waits, and takes no part in the budget of a runtime: a task that reads a
    /// busy bus in a loop yields now and then (`tokio::task::yield_now`) if others share its thread.
    ///
    /// # Errors
    ///
    /// The reason why the subscription has ended, again at every further call; queued events come first.
    pub async fn recv(&mut self) -> Result<Delivery<T>, Closed> {
        poll_fn(|context| self.poll_recv(context)).await
    }

    /// The next delivery if one is waiting, `None` if not.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn try_recv(&mut self) -> Result<Option<Delivery<T>>, Closed> {
        self.lane.take()
    }

    /// As [`recv`](Self::recv), for hand-written futures. When pending, the task of the latest call is woken.
    pub fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Result<Delivery<T>, Closed>> {
        self.lane.poll_take(context)
    }

    /// The name of this subscription in [`Bus::subscribers`](crate::Bus::subscribers) and
    /// [`Ended`](crate::Ended).
    pub fn id(&self) -> SubscriptionId {
        self.id
    }

    /// What this subscription holds and has lost so far.
    pub fn counts(&self) -> Counts {
        self.lane.counts()
    }
}

/// Ends after [`Closed::BusDropped`]; any other reason is yielded first, once.
impl<T> Stream for Subscription<T> {
    type Item = Result<Delivery<T>, Closed>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        this.poll_recv(context).map(|received| match received {
            Ok(delivery) => Some(Ok(delivery)),
            Err(Closed::BusDropped) => None,
            Err(reason @ (Closed::Overflowed { .. } | Closed::FilterPanicked)) => {
                this.lane.tell_once().then_some(Err(reason))
            }
        })
    }
}

impl<T> Drop for Subscription<T> {
    fn drop(&mut self) {
        self.lane.abandon();
    }
}

impl<T> fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("id", &self.id).field("counts", &self.counts()).finish()
    }
}
