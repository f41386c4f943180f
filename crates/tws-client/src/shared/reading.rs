//! What comes in is read by the driver, or by the reader of a stream that was answered with an order.
//!
//! Both hold the source from the read until the session has heard it, so that it hears everything in the order of the wire.

use std::io;
use std::sync::TryLockError;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use crate::driver::Connector;
use crate::inner::{Step, Writer, Writing};
use crate::session::Link;
use crate::shared::{Shared, now};
use crate::source::{Reader, Source};

/// What follows from what was read.
pub(crate) struct Heard {
    pub(crate) step: Step,
    pub(crate) came: Came,
    /// Who looks at the socket next, before everybody sleeps.
    pub(crate) looker: Looker,
}

/// Who looks at the socket before it sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Looker {
    /// The driver.
    Driver,
    /// The reader of a stream: it has done so in the turn before, and is expected to again. A driver that waits for its
    /// turn to look makes a runtime with several threads wake another one.
    Reader,
}

/// How often the reader of a stream finds something in a row before it sleeps all the same. Other tasks of its thread wait
/// as long; and it is less than what tokio lets a task do before it puts it behind the others, for which it would wake
/// another thread: that is 128 steps, and to take a tick and to send an order are one each.
const FINDS_MAX: u8 = 60;

/// How much a read of the socket has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// The end of the connection.
    End,
    /// Everything that waited.
    All,
    /// As much as one read takes; more waits already.
    Part,
}

impl Shared {
    /// As of the session, a panic of another holder leaves it whole.
    fn source(&self) -> MutexGuard<'_, Source> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection stands: both halves of its socket.
    pub(crate) fn connected<C: Connector>(
        &self,
        dial: u64,
        (reader, writer): (C::Reader, C::Writer),
        context: &mut Context<'_>,
    ) -> Step {
        let mut source = self.source();
        source.reader = Some(Reader::new::<C>(dial, reader));
        self.inner().connected(Writer { dial, half: Box::new(writer) });
        let (step, told) = self.advance(context, |inner, now| inner.session.handle_connected(now));
        drop(source);
        self.spread(told);
        step
    }

    /// Whether anybody looks at the socket before it sleeps.
    pub(crate) fn looks(&self) -> bool {
        self.looks > 0
    }

    /// Gives up a socket that the session does not keep.
    pub(crate) fn keep_reading(&self, keep: Option<u64>) {
        let mut source = self.source();
        if source.reader.as_ref().is_some_and(|reader| keep != Some(reader.dial)) {
            source.reader = None;
        }
    }

    /// Reads what has come and lets the session hear it; sleeps where nothing has. For the driver.
    pub(crate) fn poll_read(&self, context: &mut Context<'_>) -> Poll<Heard> {
        let mut source = self.source();
        let read = ready!(source.poll_read(context));
        Poll::Ready(self.hear(source, read, context))
    }

    /// Looks at the socket a few times, without the runtime, and lets the session hear what has come. For the driver.
    pub(crate) fn look(&self, context: &mut Context<'_>) -> Option<Heard> {
        if self.is_looked.load(Relaxed) {
            // Somebody has done so already.
            return None;
        }
        for _ in 0..self.looks {
            let mut source = self.source();
            source.reader.as_ref()?;
            if let Some(read) = source.look() {
                return Some(self.hear(source, read, context));
            }
            drop(source);
            std::hint::spin_loop();
        }
        None
    }

    /// Lets the session hear what the driver has read.
    fn hear(&self, mut source: MutexGuard<'_, Source>, read: io::Result<usize>, context: &mut Context<'_>) -> Heard {
        let looker = self.begin_turn();
        let ((step, told), came) = match read {
            Ok(count) if count > 0 => {
                let advanced = self.advance(context, |inner, now| inner.handle_input(source.bytes(count), now));
                (advanced, if Source::is_full(count) { Came::Part } else { Came::All })
            }
            ended => {
                source.reader = None;
                let error = ended.err().map(|error| error.kind());
                let advanced = self.advance(context, |inner, now| inner.session.handle_closed(error, now));
                (advanced, Came::End)
            }
        };
        drop(source);
        self.spread(told);
        Heard { step, came, looker }
    }

    /// As the driver before it sleeps, looks at the socket for the reader of a stream that was alone given something in
    /// this turn and has taken all of it: where it was answered with an order, what comes next is read here and now, and
    /// nobody must be woken for it. True where something came in, for whomever; `finds` is how often that was so in a row.
    pub(crate) fn look_after(&self, turn: u64, finds: u8) -> bool {
        if self.looks == 0 || self.answered.load(Relaxed) != turn {
            return false;
        }
        self.is_looked.store(true, Relaxed);
        if finds >= FINDS_MAX {
            return false;
        }
        for _ in 0..self.looks {
            // Who holds it reads.
            let mut source = match self.source.try_lock() {
                Ok(source) => source,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => return false,
            };
            match source.look() {
                None => {}
                Some(Ok(count)) if count > 0 => {
                    self.hear_aside(source, count);
                    return true;
                }
                Some(end) => {
                    source.leave(end);
                    drop(source);
                    self.wake.notify_one();
                    return false;
                }
            }
            drop(source);
            std::hint::spin_loop();
        }
        false
    }

    /// Lets the session hear what a reader of a stream has read. Whatever follows from it but a tick is the driver's.
    fn hear_aside(&self, mut source: MutexGuard<'_, Source>, count: usize) {
        let span = source.reader.as_ref().map(|reader| reader.span.clone());
        let entered = span.as_ref().map(|span| span.enter());
        self.begin_turn();
        let mut context = Context::from_waker(Waker::noop());
        let now = now();
        let mut inner = self.inner();
        inner.handle_input(source.bytes(count), now);
        let writing = self.carry_out(&mut inner, &mut context, now);
        let dial = source.reader.as_ref().map(|reader| reader.dial);
        let is_kept = matches!(inner.session.link(), Link::Keep(keep) if Some(keep) == dial);
        let is_left = writing == Writing::Waits || inner.needs_driver() || !is_kept;
        drop(inner);
        if !is_kept {
            source.reader = None;
        }
        drop(source);
        drop(entered);
        if is_left {
            self.wake.notify_one();
        }
    }

    /// Something came in: no order has answered it yet, and nobody has looked since. Says who has looked before.
    fn begin_turn(&self) -> Looker {
        self.answered.store(0, Relaxed);
        if self.is_looked.swap(false, Relaxed) { Looker::Reader } else { Looker::Driver }
    }
}
