//! The order lane: every event that may move an order, a position or the link, in the order of the wire.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::mailbox::{Mailbox, Signal};
use crate::state::LaneEvent;

/// The events of the order lane; made by [`Client::take_order_events`](crate::Client::take_order_events).
///
/// The queue is bounded and loses nothing: when it overflows, the epoch is ended, what was read from the socket by then
/// is still delivered, and no new epoch begins before the queue is half empty.
#[derive(Debug)]
pub struct OrderEvents {
    lane: Arc<Lane>,
}

impl OrderEvents {
    pub(crate) fn new(lane: Arc<Lane>) -> Self {
        Self { lane }
    }

    /// The next event; `None` once the session has ended and every event was read.
    pub async fn recv(&mut self) -> Option<LaneEvent> {
        poll_fn(|context| self.lane.poll_take(context)).await
    }

    /// The next event, if one is there already.
    pub fn try_recv(&mut self) -> Option<LaneEvent> {
        self.lane.take_now()
    }

    /// How many events wait to be read.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lane.len()
    }

    /// Whether no event waits to be read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Stream for OrderEvents {
    type Item = LaneEvent;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<LaneEvent>> {
        self.lane.poll_take(context)
    }
}

impl Drop for OrderEvents {
    fn drop(&mut self) {
        self.lane.mailbox.with(|queue| {
            queue.reader = Reader::Gone;
            queue.events.clear();
        });
        self.lane.driver.notify_one();
    }
}

/// The queue behind [`OrderEvents`].
#[derive(Debug)]
pub(crate) struct Lane {
    mailbox: Mailbox<Queue>,
    /// Wakes the driver when the queue has become half empty, or its reader is gone.
    driver: Arc<Signal>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Queue {
    events: VecDeque<LaneEvent>,
    reader: Reader,
    ended: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Reader {
    /// Nobody asked for the events yet: none is kept.
    #[default]
    None,
    Listening,
    Gone,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It waits, or nobody wants it.
    Fine,
    /// It waits, and with it the queue is fuller than it should ever be.
    Overflow,
}

impl Lane {
    pub(crate) fn new(capacity: usize, driver: Arc<Signal>) -> Self {
        Self { mailbox: Mailbox::new(Queue::default()), driver, capacity }
    }

    /// Lets the events be kept from now on; false where they were asked for before.
    pub(crate) fn open(&self) -> bool {
        self.mailbox.with(|queue| {
            let first = queue.reader == Reader::None;
            if first {
                queue.reader = Reader::Listening;
            }
            first
        })
    }

    /// Queues an event, always: what comes after an overflow is one read of the socket at most.
    pub(crate) fn push(&self, event: LaneEvent) -> Pushed {
        self.mailbox.put(|queue| {
            if queue.reader != Reader::Listening {
                return Pushed::Fine;
            }
            queue.events.push_back(event);
            if queue.events.len() > self.capacity { Pushed::Overflow } else { Pushed::Fine }
        })
    }

    /// How many events wait to be read.
    pub(crate) fn len(&self) -> usize {
        self.mailbox.with(|queue| queue.events.len())
    }

    pub(crate) fn is_drained(&self) -> bool {
        self.mailbox.with(|queue| queue.events.len() <= self.capacity / 2)
    }

    /// No event will follow.
    pub(crate) fn end(&self) {
        self.mailbox.put(|queue| queue.ended = true);
    }

    fn poll_take(&self, context: &mut Context<'_>) -> Poll<Option<LaneEvent>> {
        let taken = self.mailbox.poll_take(context, |queue| match queue.events.pop_front() {
            Some(event) => Some(Some(event)),
            None if queue.ended => Some(None),
            None => None,
        });
        if taken.is_ready() {
            self.tell_if_drained();
        }
        taken
    }

    fn take_now(&self) -> Option<LaneEvent> {
        let taken = self.mailbox.with(|queue| queue.events.pop_front());
        self.tell_if_drained();
        taken
    }

    fn tell_if_drained(&self) {
        if self.mailbox.with(|queue| queue.events.len() == self.capacity / 2) {
            self.driver.notify_one();
        }
    }
}
