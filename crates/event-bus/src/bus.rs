//! The publishing end: who listens, and what became of an event.

use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use crate::feed::Feed;
use crate::queue::{Counts, Lane, Offer, Queue};
use crate::subscription::{Closed, Subscription, SubscriptionId};

/// Carries events of one type from any number of publishers to any number of subscribers.
///
/// Clones are handles of the same bus; when the last one is dropped, every subscription ends after what is queued.
///
/// A filter, projection or key function is a look at the event, no place to act: it runs while the bus is locked. One
/// that publishes or subscribes (on whatever bus) panics instead of waiting for itself, which ends its subscription
/// with [`Closed::FilterPanicked`].
pub struct Bus<E> {
    shared: Arc<Mutex<Listeners<E>>>,
}

/// What became of one event.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[must_use = "says whether a subscription has ended because of this event"]
#[non_exhaustive]
pub struct Published {
    /// How many subscribers the event was queued for.
    pub queued: usize,
    /// Subscriptions that this event ended, and why. Each is told once. Empty in good times, and then not allocated.
    pub closed: Vec<Ended>,
}

/// A subscription that an event has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Ended {
    /// Which one, as in [`Subscription::id`].
    pub id: SubscriptionId,
    /// Why; the subscriber sees the same.
    pub reason: Closed,
}

impl<E: 'static> Bus<E> {
    /// A bus without subscribers.
    pub fn new() -> Self {
        Self { shared: Arc::new(Mutex::new(Listeners { next_id: 0, lanes: Vec::new() })) }
    }

    /// The listening side of this bus, for those who must not speak.
    pub fn feed(&self) -> Feed<E> {
        Feed::of(self.clone())
    }

    /// Offers an event to every subscriber, in the order in which they subscribed. Waits for none of them.
    ///
    /// # Panics
    ///
    /// When called from within a filter, see [`Bus`].
    pub fn publish(&self, event: &E) -> Published {
        let mut published = Published::default();
        let mut wakers: Vec<Waker> = Vec::new();
        let mut listeners = self.lock();
        let in_filters = InFilters::enter();
        let gone: Vec<Listener<E>> = listeners
            .lanes
            .extract_if(.., |listener| match (listener.offer)(event) {
                Outcome::Filtered => false,
                Outcome::Offered(Offer::Queued(waker)) => {
                    published.queued += 1;
                    wakers.extend(waker);
                    false
                }
                Outcome::Offered(Offer::Closed(reason, waker)) => {
                    published.closed.push(Ended { id: listener.id, reason });
                    wakers.extend(waker);
                    true
                }
                Outcome::Offered(Offer::Abandoned) => true,
            })
            .collect();
        drop(in_filters);
        drop(listeners);
        // Wakers and what a filter owns are foreign code: they run when no lock is held.
        wakers.into_iter().for_each(Waker::wake);
        drop(gone);
        published
    }

    /// Subscribes to what `project` makes of the events; where it returns `None` nothing is queued. It runs at
    /// publication, so a subscriber queues only what it wants.
    ///
    /// # Panics
    ///
    /// When called from within a filter, see [`Bus`].
    pub fn subscribe_map<T, F>(&self, queue: Queue<T>, project: F) -> Subscription<T>
    where
        T: Send + 'static,
        F: Fn(&E) -> Option<T> + Send + 'static,
    {
        let lane = Arc::new(Lane::new(queue));
        let writer = Writer(Arc::clone(&lane));
        let watched = Arc::clone(&lane);
        let offer = move |event: &E| {
            if writer.0.has_ended() {
                return Outcome::Offered(Offer::Abandoned);
            }
            // Nothing that unwinds through here is looked at again but the lane, which is sound at every panic.
            catch_unwind(AssertUnwindSafe(|| match project(event) {
                Some(value) => Outcome::Offered(writer.0.offer(value)),
                None => Outcome::Filtered,
            }))
            .unwrap_or_else(|_panic| {
                let reason = Closed::FilterPanicked;
                Outcome::Offered(Offer::Closed(reason, writer.0.close(reason)))
            })
        };
        let counts = move || (!watched.has_ended()).then(|| watched.counts());
        let mut listeners = self.lock();
        let id = SubscriptionId(listeners.next_id);
        listeners.next_id += 1;
        // Where many come and go and nothing is published, those that went are cleared away here.
        let gone: Vec<Listener<E>> = listeners.lanes.extract_if(.., |listener| (listener.counts)().is_none()).collect();
        listeners.lanes.push(Listener { id, offer: Box::new(offer), counts: Box::new(counts) });
        drop(listeners);
        drop(gone);
        Subscription::new(id, lane)
    }

    /// The subscriptions that are alive, oldest first, with what they hold and have lost: for metrics.
    ///
    /// # Panics
    ///
    /// When called from within a filter, see [`Bus`].
    pub fn subscribers(&self) -> Vec<(SubscriptionId, Counts)> {
        let listeners = self.lock();
        listeners.lanes.iter().filter_map(|listener| Some((listener.id, (listener.counts)()?))).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Listeners<E>> {
        InFilters::refuse();
        // Filters cannot poison it (their panics are caught), and the list is sound between any two statements.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E: Clone + Send + 'static> Bus<E> {
    /// Subscribes to every event.
    ///
    /// # Panics
    ///
    /// When called from within a filter, see [`Bus`].
    pub fn subscribe(&self, queue: Queue<E>) -> Subscription<E> {
        self.subscribe_map(queue, |event| Some(event.clone()))
    }

    /// Subscribes to the events for which `wanted` is true; [`on`](crate::on) makes such a filter from a key.
    ///
    /// # Panics
    ///
    /// When called from within a filter, see [`Bus`].
    pub fn subscribe_where<F>(&self, queue: Queue<E>, wanted: F) -> Subscription<E>
    where
        F: Fn(&E) -> bool + Send + 'static,
    {
        self.subscribe_map(queue, move |event| wanted(event).then(|| event.clone()))
    }
}

impl<E> Clone for Bus<E> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<E: 'static> Default for Bus<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> fmt::Debug for Bus<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus").finish_non_exhaustive()
    }
}

struct Listeners<E> {
    next_id: u64,
    lanes: Vec<Listener<E>>,
}

/// The bus's side of a subscription. The closures know the type of the projection, the bus does not.
struct Listener<E> {
    id: SubscriptionId,
    offer: Box<dyn Fn(&E) -> Outcome + Send>,
    /// `None` when the subscription has ended.
    counts: Box<dyn Fn() -> Option<Counts> + Send>,
}

enum Outcome {
    Filtered,
    Offered(Offer),
}

/// Ends the lane when the bus drops its side.
struct Writer<T>(Arc<Lane<T>>);

impl<T> Drop for Writer<T> {
    fn drop(&mut self) {
        if let Some(waker) = self.0.close(Closed::BusDropped) {
            waker.wake();
        }
    }
}

thread_local! {
    static IN_FILTERS: Cell<bool> = const { Cell::new(false) };
}

/// Marks that this thread runs filters and holds the lock of a bus.
struct InFilters;

impl InFilters {
    fn enter() -> Self {
        IN_FILTERS.set(true);
        Self
    }

    fn refuse() {
        assert!(!IN_FILTERS.get(), "a filter must not publish or subscribe: it runs while the bus is locked");
    }
}

impl Drop for InFilters {
    fn drop(&mut self) {
        IN_FILTERS.set(false);
    }
}
