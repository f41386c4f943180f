//! [`Inner`]: the session and all that hangs on it, under the one lock of [`Shared`](crate::shared::Shared).

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::{Buf, BytesMut};
use tokio::io::AsyncWrite;
use tokio::sync::oneshot;
use tracing::{debug, warn};
use tws_proto::ServerMessage;

use crate::error::Exit;
use crate::event::{Alarm, SessionEvent};
use crate::id_map::IdMap;
use crate::lane::{Lane, Pushed};
use crate::log::{log_lane, log_notice};
use crate::session::{Event, FeedUpdate, Heard, Link, RequestKey, Session, SubscriptionId};
use crate::shared::{Answers, now};
use crate::state::{Epoch, State};
use crate::stream::{Put, Sink};
use crate::updates::Flow;

/// The session, who waits for its answers, where its streams go, and the socket to write to.
pub(crate) struct Inner {
    pub(crate) session: Session,
    pub(crate) waiters: BTreeMap<RequestKey, oneshot::Sender<Answers>>,
    pub(crate) sinks: IdMap<SubscriptionId, Box<dyn Sink>>,
    /// Streams whose sinks have something to flush.
    staged: Vec<SubscriptionId>,
    /// What streams that are gone have conflated.
    conflated: u64,
    writer: Option<Writer>,
    /// What the socket has not taken yet.
    output: BytesMut,
    /// When the driver wakes up by itself.
    driver_wakes: Option<Instant>,
    /// What the driver tells once the lock is free.
    pub(crate) told: Told,
    /// Counts what came in, read by read.
    pub(crate) turn: u64,
}

/// The half of a socket that is written to. It lives beside the session, so that whoever sends an order can write it.
pub(crate) struct Writer {
    pub(crate) dial: u64,
    pub(crate) half: Box<dyn AsyncWrite + Send + Unpin>,
}

/// How far the socket has taken what must go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writing {
    /// All of it.
    Done,
    /// The rest waits for the socket.
    Waits,
}

/// What the driver does next.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) link: Link,
    pub(crate) timeout: Option<Instant>,
    pub(crate) exit: Option<Exit>,
    pub(crate) writing: Writing,
}

/// What must be told once the lock is free, by the driver alone: whoever hears it may be anybody's code.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) answered: Vec<(oneshot::Sender<Answers>, Answers)>,
    pub(crate) states: Vec<State>,
    pub(crate) alarms: Vec<(Epoch, Alarm)>,
    pub(crate) events: Vec<SessionEvent>,
    /// A sink may hold the last waker of a task, and the task a handle that needs the lock to be dropped.
    pub(crate) ended: Vec<Box<dyn Sink>>,
}

impl Told {
    fn is_empty(&self) -> bool {
        let Self { answered, states, alarms, events, ended } = self;
        answered.is_empty() && states.is_empty() && alarms.is_empty() && events.is_empty() && ended.is_empty()
    }
}

/// Puts a message into the sink of its stream.
#[inline]
fn put(
    sinks: &mut IdMap<SubscriptionId, Box<dyn Sink>>,
    staged: &mut Vec<SubscriptionId>,
    id: SubscriptionId,
    message: &mut ServerMessage,
) -> Heard {
    match sinks.get_mut(id).map_or(Put::Taken, |sink| sink.hear(message)) {
        Put::First => {
            staged.push(id);
            Heard::Taken
        }
        Put::Taken => Heard::Taken,
        Put::Stray(name) => Heard::Stray(name),
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("dial", &self.dial).finish_non_exhaustive()
    }
}

impl Inner {
    pub(crate) fn new(session: Session) -> Self {
        Self {
            session,
            waiters: BTreeMap::new(),
            sinks: IdMap::default(),
            staged: Vec::new(),
            conflated: 0,
            writer: None,
            output: BytesMut::new(),
            driver_wakes: None,
            told: Told::default(),
            turn: 0,
        }
    }

    /// Updates of all streams that gave way to newer ones.
    pub(crate) fn conflated(&self) -> u64 {
        self.conflated + self.sinks.values().map(|sink| sink.conflated()).sum::<u64>()
    }

    /// Forgets where a stream goes, and remembers what it conflated.
    pub(crate) fn remove_sink(&mut self, id: SubscriptionId) -> Option<Box<dyn Sink>> {
        let sink = self.sinks.remove(id)?;
        self.conflated += sink.conflated();
        Some(sink)
    }

    /// Gives every event to whom it concerns, or leaves it in [`Inner::told`].
    pub(crate) fn deliver(&mut self, lane: &Lane) {
        let mut overflow = false;
        let mut is_alone = self.staged.len() == 1;
        while let Some(event) = self.session.poll_event() {
            is_alone = false;
            let event = match event {
                Event::Update { subscription, update } => {
                    let ended = self.update(subscription, update);
                    self.told.ended.extend(ended);
                    continue;
                }
                other => other,
            };
            let state = self.session.state();
            match event {
                Event::State(state) => self.told.states.push(*state),
                Event::Lane(event) => {
                    log_lane(&event, state);
                    if lane.push(event) == Pushed::Overflow && !overflow {
                        overflow = true;
                        self.session.handle_lane_overflow(now());
                    }
                }
                Event::Answer { key, result } => {
                    self.told.answered.extend(self.waiters.remove(&key).map(|waiter| (waiter, result)));
                }
                Event::Update { .. } => {}
                Event::Notice(notice) => log_notice(&notice, state),
                Event::Stray(message) => debug!(epoch = state.epoch.0, message, "message that nobody asked for"),
                Event::BadFrame { bad, seen } if seen.is_power_of_two() => {
                    // A storm of them must not become a storm in the log: the counts tell the rest.
                    warn!(epoch = state.epoch.0, %bad, seen, "frame skipped");
                }
                Event::BadFrame { .. } => {}
                Event::Alarm(alarm) => self.told.alarms.push((state.epoch, alarm)),
                Event::Told(event) => self.told.events.push(event),
            }
        }
        self.flush(is_alone.then_some(self.turn));
    }

    /// Lets the session take what came in. What streams say goes into their sinks on the way.
    pub(crate) fn handle_input(&mut self, bytes: &[u8], now: Instant) {
        self.turn += 1;
        let Self { session, sinks, staged, .. } = self;
        session.hear_input(bytes, now, |id, message| put(sinks, staged, id, message));
    }

    /// Puts an update into its sink; gives the sink back where it was the last.
    fn update(&mut self, id: SubscriptionId, update: FeedUpdate) -> Option<Box<dyn Sink>> {
        let ended = matches!(update, FeedUpdate::Ended(_));
        match (self.sinks.get_mut(id), update) {
            (None, _) => {}
            (Some(_), FeedUpdate::Message(mut message)) => {
                if let Heard::Stray(name) = put(&mut self.sinks, &mut self.staged, id, &mut message) {
                    self.session.take_stray(name);
                }
            }
            (Some(sink), FeedUpdate::Gap(epoch)) => sink.tell_gap(epoch),
            (Some(sink), FeedUpdate::Notice(notice)) => {
                if sink.tell_notice(notice) == Put::First {
                    self.staged.push(id);
                }
            }
            (Some(sink), FeedUpdate::Ended(error)) => sink.tell_end(error),
        }
        if ended { self.remove_sink(id) } else { None }
    }

    /// Gives what the sinks hold to their readers, each with one wake. A stream that has ended with that is cancelled.
    /// `alone` is the turn where nobody but the one reader was given anything.
    fn flush(&mut self, alone: Option<u64>) {
        let mut staged = std::mem::take(&mut self.staged);
        for id in staged.drain(..) {
            match self.sinks.get_mut(id).map_or(Flow::Open, |sink| sink.flush(alone)) {
                Flow::Open => {}
                Flow::Broken => self.session.renew(id, now()),
                Flow::Ended => {
                    self.session.unsubscribe(id, now());
                    let ended = self.remove_sink(id);
                    self.told.ended.extend(ended);
                }
            }
        }
        // Its memory serves again.
        self.staged = staged;
    }

    /// A connection stands, and is written to from now on.
    pub(crate) fn connected(&mut self, writer: Writer) {
        self.output.clear();
        self.writer = Some(writer);
    }

    /// Writes what must go out, as far as the socket takes it.
    pub(crate) fn write(&mut self, context: &mut Context<'_>, now: Instant) -> Writing {
        let Self { session, writer: Some(writer), output, .. } = self else { return Writing::Done };
        loop {
            if output.is_empty() {
                match session.poll_transmit(now) {
                    Some(more) => *output = more,
                    None => return Writing::Done,
                }
            }
            let error = match Pin::new(&mut writer.half).poll_write(context, output) {
                Poll::Pending => return Writing::Waits,
                Poll::Ready(Ok(0)) => io::ErrorKind::WriteZero,
                Poll::Ready(Ok(bytes)) => {
                    output.advance(bytes);
                    if output.is_empty() {
                        // The session has its memory back: the next message is written where this one was.
                        *output = BytesMut::new();
                        session.handle_flushed(now);
                    }
                    continue;
                }
                Poll::Ready(Err(error)) => error.kind(),
            };
            output.clear();
            session.handle_closed(Some(error), now);
            return Writing::Done;
        }
    }

    /// Whether the driver has something to do before it wakes up by itself.
    pub(crate) fn needs_driver(&self) -> bool {
        let wanted = self.session.poll_timeout();
        self.session.has_events()
            || !self.told.is_empty()
            || wanted.is_some_and(|at| self.driver_wakes.is_none_or(|wakes| at < wakes))
    }

    /// What the driver does next.
    pub(crate) fn step(&mut self, writing: Writing) -> Step {
        let timeout = self.session.poll_timeout();
        self.driver_wakes = timeout;
        Step { link: self.session.link(), timeout, exit: self.session.exit().cloned(), writing }
    }

    /// Gives up a socket that the session does not keep.
    pub(crate) fn hang_up_unless(&mut self, link: Link) -> Option<Writer> {
        let keep = match link {
            Link::Keep(dial) => Some(dial),
            Link::None | Link::Dial(_) => None,
        };
        if self.writer.as_ref().is_some_and(|writer| keep != Some(writer.dial)) { self.hang_up() } else { None }
    }

    /// Gives up the socket.
    pub(crate) fn hang_up(&mut self) -> Option<Writer> {
        self.output.clear();
        self.writer.take()
    }
}
