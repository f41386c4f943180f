//! The one bounded queue: its overflow policies, and the lane that a bus and a subscriber share.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::subscription::{Closed, Delivery};

/// A bounded queue for one subscription; the constructor names what happens when it is full.
///
/// A capacity of 0 is taken as 1.
pub struct Queue<T> {
    capacity: usize,
    overflow: Overflow<T>,
}

/// What a full queue does with one more value.
enum Overflow<T> {
    Close,
    DropOldest,
    Conflate(Place<T>),
}

/// Finds the waiting value with the key of the given one, by its number; when there is none (or it is outside the
/// range of numbers that wait), remembers that the given one gets the number at the end of the range.
type Place<T> = Box<dyn FnMut(&T, Range<u64>) -> Option<u64> + Send>;

impl<T> Queue<T> {
    /// Nothing is dropped: an event that finds the queue full ends the subscription. The reader still gets what is
    /// queued and then [`Closed::Overflowed`]; the publisher finds the subscription in
    /// [`Published::closed`](crate::Published::closed).
    pub fn lossless(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), overflow: Overflow::Close }
    }

    /// An event that finds the queue full pushes out the oldest one; the reader gets [`Delivery::Missed`] with the
    /// number of lost events in their place.
    pub fn drop_oldest(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), overflow: Overflow::DropOldest }
    }

    /// A newer value replaces the waiting one with the same key, in its place, and is counted in
    /// [`Counts::conflated`]. Not only when the queue is full: a reader always gets the newest value of a key.
    ///
    /// A value with a new key that finds the queue full pushes out the oldest one as in
    /// [`drop_oldest`](Self::drop_oldest); with a capacity of the number of keys that never happens.
    pub fn latest_by_key<K, F>(capacity: usize, key: F) -> Self
    where
        K: Eq + Hash + Send + 'static,
        F: Fn(&T) -> K + Send + 'static,
    {
        let capacity = capacity.max(1);
        let mut numbers: HashMap<K, u64> = HashMap::new();
        let place = move |value: &T, waiting: Range<u64>| {
            let key = key(value);
            if let Some(number) = numbers.get(&key).filter(|number| waiting.contains(number)) {
                return Some(*number);
            }
            // Keys of values that were received stay behind until there are as many of them as can wait; so the map
            // is bounded, and receiving needs no key.
            if numbers.len() >= capacity.saturating_mul(2) {
                numbers.retain(|_, number| waiting.contains(number));
            }
            numbers.insert(key, waiting.end);
            None
        };
        Self { capacity, overflow: Overflow::Conflate(Box::new(place)) }
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policy = match self.overflow {
            Overflow::Close => "lossless",
            Overflow::DropOldest => "drop_oldest",
            Overflow::Conflate(_) => "latest_by_key",
        };
        write!(f, "Queue::{policy}({})", self.capacity)
    }
}

/// What a subscription holds, and what became of its events so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Counts {
    /// How many events can wait.
    pub capacity: usize,
    /// How many events wait now.
    pub waiting: usize,
    /// Events that passed the filter and were queued, in total; those that replaced another are among them.
    pub queued: u64,
    /// Events pushed out of a full queue, in total, told to the reader or not yet.
    pub missed: u64,
    /// Waiting events that a newer one of the same key replaced, in total.
    pub conflated: u64,
}

/// A queue in use: the bus offers, the subscription takes.
///
/// No user code but the key function runs under the lock; it runs before anything is changed, so a panic leaves a
/// sound state behind and a poisoned lock is safe to enter.
pub(crate) struct Lane<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    overflow: Overflow<T>,
    waiting: VecDeque<T>,
    /// The number of the first waiting value; values are numbered from 0 as they are queued.
    first: u64,
    /// Values lost in front of the first waiting one, not yet told to the reader.
    gap: u64,
    counts: Counts,
    ended: Ended,
    waker: Option<Waker>,
}

/// Why no more is queued, if so.
#[derive(Clone, Copy)]
enum Ended {
    Not,
    /// The reader has not necessarily seen it.
    For(Closed),
    /// Its stream has yielded the reason.
    Told(Closed),
    /// The reader is gone.
    Abandoned,
}

/// What became of an offered value; the waker is for the caller to wake when it holds no lock.
pub(crate) enum Offer {
    Queued(Option<Waker>),
    Closed(Closed, Option<Waker>),
    Abandoned,
}

impl<T> Lane<T> {
    pub(crate) fn new(queue: Queue<T>) -> Self {
        let Queue { capacity, overflow } = queue;
        let counts = Counts { capacity, waiting: 0, queued: 0, missed: 0, conflated: 0 };
        let (waiting, ended) = (VecDeque::new(), Ended::Not);
        Self { state: Mutex::new(State { overflow, waiting, first: 0, gap: 0, counts, ended, waker: None }) }
    }

    pub(crate) fn offer(&self, value: T) -> Offer {
        let mut guard = self.lock();
        match guard.ended {
            Ended::Not => {}
            Ended::For(reason) | Ended::Told(reason) => return Offer::Closed(reason, None),
            Ended::Abandoned => return Offer::Abandoned,
        }
        let state = &mut *guard;
        let numbers = state.numbers();
        let full = state.waiting.len() >= state.counts.capacity;
        let replaced = match &mut state.overflow {
            Overflow::Close if full => {
                let reason = Closed::Overflowed { capacity: state.counts.capacity };
                state.ended = Ended::For(reason);
                return Offer::Closed(reason, state.waker.take());
            }
            Overflow::Close | Overflow::DropOldest => None,
            Overflow::Conflate(place) => place(&value, numbers.clone()),
        };
        state.counts.queued += 1;
        // Values that go are dropped after the lock: their `Drop` is the user's code.
        let gone = match replaced {
            Some(number) => {
                state.counts.conflated += 1;
                let index = usize::try_from(number - numbers.start).unwrap_or(usize::MAX);
                state.waiting.get_mut(index).map(|waiting| std::mem::replace(waiting, value))
            }
            None => {
                let pushed_out = if full { state.pop() } else { None };
                if pushed_out.is_some() {
                    state.gap += 1;
                    state.counts.missed += 1;
                }
                state.waiting.push_back(value);
                pushed_out
            }
        };
        let waker = state.waker.take();
        drop(guard);
        drop(gone);
        Offer::Queued(waker)
    }

    /// Ends the lane; the first reason stays.
    pub(crate) fn close(&self, reason: Closed) -> Option<Waker> {
        let mut state = self.lock();
        match state.ended {
            Ended::Not => {
                state.ended = Ended::For(reason);
                state.waker.take()
            }
            Ended::For(_) | Ended::Told(_) | Ended::Abandoned => None,
        }
    }

    /// The reader goes: nothing is queued from now on and what waits is dropped.
    pub(crate) fn abandon(&self) {
        let mut state = self.lock();
        state.ended = Ended::Abandoned;
        let gone = (std::mem::take(&mut state.waiting), state.waker.take());
        drop(state);
        drop(gone);
    }

    pub(crate) fn take(&self) -> Result<Option<Delivery<T>>, Closed> {
        self.lock().take()
    }

    pub(crate) fn poll_take(&self, context: &Context<'_>) -> Poll<Result<Delivery<T>, Closed>> {
        let mut state = self.lock();
        if let Some(result) = state.take().transpose() {
            return Poll::Ready(result);
        }
        if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            state.waker = Some(context.waker().clone());
        }
        Poll::Pending
    }

    /// Whether the reason of the end is still to be told; not any more after this call.
    pub(crate) fn tell_once(&self) -> bool {
        let mut state = self.lock();
        match state.ended {
            Ended::For(reason) => {
                state.ended = Ended::Told(reason);
                true
            }
            Ended::Not | Ended::Told(_) | Ended::Abandoned => false,
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        let state = self.lock();
        Counts { waiting: state.waiting.len(), ..state.counts }
    }

    /// Whether the bus need not offer any more.
    pub(crate) fn has_ended(&self) -> bool {
        match self.lock().ended {
            Ended::Not => false,
            Ended::For(_) | Ended::Told(_) | Ended::Abandoned => true,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn take(&mut self) -> Result<Option<Delivery<T>>, Closed> {
        if self.gap > 0 {
            return Ok(Some(Delivery::Missed(std::mem::take(&mut self.gap))));
        }
        if let Some(value) = self.pop() {
            return Ok(Some(Delivery::Event(value)));
        }
        match self.ended {
            Ended::Not | Ended::Abandoned => Ok(None),
            Ended::For(reason) | Ended::Told(reason) => Err(reason),
        }
    }

    fn pop(&mut self) -> Option<T> {
        let value = self.waiting.pop_front()?;
        self.first += 1;
        Some(value)
    }

    fn numbers(&self) -> Range<u64> {
        // A length in memory fits 64 bits.
        self.first..self.first + self.waiting.len() as u64
    }
}
