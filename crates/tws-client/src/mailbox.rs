//! [`Mailbox`]: one producer that never waits, one consumer that does.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// A shared value with one consumer that sleeps until it has something to take.
///
/// The value itself decides what is kept when the consumer is slow; the mailbox only wakes.
#[derive(Debug)]
pub(crate) struct Mailbox<T> {
    slot: Mutex<Slot<T>>,
}

#[derive(Debug)]
struct Slot<T> {
    value: T,
    waker: Option<Waker>,
}

impl<T> Mailbox<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { slot: Mutex::new(Slot { value, waker: None }) }
    }

    /// Changes the value and wakes the consumer.
    pub(crate) fn put<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let mut slot = self.lock();
        let result = change(&mut slot.value);
        let waker = slot.waker.take();
        drop(slot);
        if let Some(waker) = waker {
            waker.wake();
        }
        result
    }

    /// Looks at the value, or takes from it, without waking anybody.
    pub(crate) fn with<R>(&self, look: impl FnOnce(&mut T) -> R) -> R {
        look(&mut self.lock().value)
    }

    /// Takes from the value, or sleeps until the next [`Mailbox::put`] where there is nothing to take.
    pub(crate) fn poll_take<R>(&self, context: &mut Context<'_>, take: impl FnOnce(&mut T) -> Option<R>) -> Poll<R> {
        let mut slot = self.lock();
        match take(&mut slot.value) {
            Some(taken) => Poll::Ready(taken),
            None => {
                match &mut slot.waker {
                    Some(waker) => waker.clone_from(context.waker()),
                    waker @ None => *waker = Some(context.waker().clone()),
                }
                Poll::Pending
            }
        }
    }

    /// A panic of another holder leaves the value whole: every change is a push or a pop.
    fn lock(&self) -> MutexGuard<'_, Slot<T>> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes one task, and remembers that it should have where the task does not sleep.
#[derive(Debug)]
pub(crate) struct Signal(Mailbox<bool>);

impl Signal {
    pub(crate) fn new() -> Self {
        Self(Mailbox::new(false))
    }

    /// Wakes the task, now or when it wants to sleep next.
    pub(crate) fn notify_one(&self) {
        self.0.put(|is_set| *is_set = true);
    }

    /// Sleeps until the next [`Signal::notify_one`].
    pub(crate) fn poll_notified(&self, context: &mut Context<'_>) -> Poll<()> {
        self.0.poll_take(context, |is_set| std::mem::take(is_set).then_some(()))
    }
}
