//! [`Feed`]: the listening side of a bus, for those who must not speak.

use std::fmt;

use crate::bus::Bus;
use crate::queue::{Counts, Queue};
use crate::subscription::{Subscription, SubscriptionId};

/// A bus to which nothing can be published. Made by [`Bus::feed`]; it keeps the bus alive as a clone of it does.
///
/// ```
/// use event_bus::{Bus, Delivery, Queue};
///
/// let bus = Bus::new();
/// let feed = bus.feed(); // hand this to whoever shall only listen
/// let mut numbers = feed.subscribe(Queue::lossless(8));
/// let _ = bus.publish(&7);
/// assert_eq!(numbers.try_recv(), Ok(Some(Delivery::Event(7))));
/// ```
pub struct Feed<E> {
    bus: Bus<E>,
}

impl<E: 'static> Feed<E> {
    pub(crate) fn of(bus: Bus<E>) -> Self {
        Self { bus }
    }

    /// As [`Bus::subscribe_map`].
    pub fn subscribe_map<T, F>(&self, queue: Queue<T>, project: F) -> Subscription<T>
    where
        T: Send + 'static,
        F: Fn(&E) -> Option<T> + Send + 'static,
    {
        self.bus.subscribe_map(queue, project)
    }

    /// As [`Bus::subscribers`].
    pub fn subscribers(&self) -> Vec<(SubscriptionId, Counts)> {
        self.bus.subscribers()
    }
}

impl<E: Clone + Send + 'static> Feed<E> {
    /// As [`Bus::subscribe`].
    pub fn subscribe(&self, queue: Queue<E>) -> Subscription<E> {
        self.bus.subscribe(queue)
    }

    /// As [`Bus::subscribe_where`].
    pub fn subscribe_where<F>(&self, queue: Queue<E>, wanted: F) -> Subscription<E>
    where
        F: Fn(&E) -> bool + Send + 'static,
    {
        self.bus.subscribe_where(queue, wanted)
    }
}

impl<E: 'static> Clone for Feed<E> {
    fn clone(&self) -> Self {
        Self { bus: self.bus.clone() }
    }
}

impl<E> fmt::Debug for Feed<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").finish_non_exhaustive()
    }
}
