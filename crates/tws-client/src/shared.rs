//! [`Shared`]: the session and its consumers, between the driver and every handle.
//!
//! One short lock holds the state machine; nothing waits inside it. Handles change the session directly, so that an
//! order is refused, or written to the socket, before the call returns. The reader of a stream that was answered with an
//! order reads what comes next from the socket itself. Whatever else there is to do is the driver's.

mod reading;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{broadcast, oneshot, watch};
use tracing::{Span, debug, debug_span, error, field, info, trace};
use tws_proto::ids::RequestId;
use tws_proto::message::{ClientMessage, ServerMessage};

use crate::config::{Config, WallClock};
use crate::counts::Counts;
use crate::error::{Exit, RequestError, RoundError, SendError};
use crate::event::{SessionEvent, SessionEvents};
use crate::feed::Feed;
use crate::inner::{Inner, Step, Told, Writing};
use crate::lane::Lane;
use crate::log::log_state;
use crate::mailbox::{Mailbox, Signal};
use crate::queue::Waits;
use crate::session::{Access, RequestKey, Session, SubscriptionId, order_ids};
use crate::source::Source;
use crate::state::{Epoch, Halt, Phase, Round, State};
use crate::stream::{FeedSink, Subscription};
use crate::updates::{Conflate, Delivery, Updates};

pub(crate) use reading::{Came, Heard, Looker};

pub(crate) type Answers = Result<Vec<ServerMessage>, RequestError>;
type Callback = Box<dyn Fn(&State) + Send + Sync>;

/// How many callbacks may watch the state.
const CALLBACKS_MAX: usize = 64;

pub(crate) struct Shared {
    /// What is read from. Whoever holds it may lock the session, and never the other way round.
    source: Mutex<Source>,
    inner: Mutex<Inner>,
    /// The turn that was answered with an order; 0 where that is not the one that stands.
    answered: AtomicU64,
    /// Whether the reader of a stream has looked at the socket in this turn.
    is_looked: AtomicBool,
    /// How often to look.
    looks: u32,
    /// Wakes the driver.
    pub(crate) wake: Arc<Signal>,
    pub(crate) lane: Arc<Lane>,
    state: watch::Sender<State>,
    callbacks: Mutex<Vec<Arc<Callback>>>,
    events: broadcast::Sender<SessionEvent>,
    stream_updates: usize,
    account_updates: usize,
    wall_clock: WallClock,
    began: Instant,
}

/// A request under way; given up when dropped before its answer is there.
pub(crate) struct Asked {
    shared: Arc<Shared>,
    key: RequestKey,
    answers: oneshot::Receiver<Answers>,
    is_answered: bool,
    /// Names connection, request and id in the log.
    span: Span,
}

impl Asked {
    /// Every message that answers it.
    pub(crate) async fn answers(mut self) -> Answers {
        // A waiter whose sender is gone belonged to a session that is gone.
        let answers = (&mut self.answers).await.unwrap_or(Err(RequestError::Closed));
        self.is_answered = true;
        match &answers {
            Ok(messages) => debug!(parent: &self.span, messages = messages.len(), "answered"),
            Err(error) => debug!(parent: &self.span, %error, "not answered"),
        }
        answers
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if !self.is_answered {
            self.shared.forget(self.key);
        }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Whoever logs a handle must not log account numbers.
        let state = self.state.borrow();
        f.debug_struct("Shared").field("phase", &state.phase).field("epoch", &state.epoch).finish_non_exhaustive()
    }
}

/// The clock of the session: tokio's, so that tests may stop it.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl Shared {
    pub(crate) fn new(config: Config, access: Access) -> Self {
        let (state, _) = watch::channel(State::default());
        let (events, _) = broadcast::channel(config.limits.session_events);
        let began = now();
        let wake = Arc::new(Signal::new());
        Self {
            lane: Arc::new(Lane::new(config.limits.lane_events, Arc::clone(&wake))),
            wake,
            state,
            callbacks: Mutex::new(Vec::new()),
            events,
            stream_updates: config.limits.stream_updates,
            account_updates: config.limits.account_updates,
            wall_clock: config.wall_clock,
            began,
            source: Mutex::new(Source::new()),
            answered: AtomicU64::new(0),
            is_looked: AtomicBool::new(false),
            looks: config.idle_looks,
            inner: Mutex::new(Inner::new(Session::new(config, access, began))),
        }
    }

    /// The session is a state machine that ends each call in a whole state, so a panic elsewhere does not spoil it.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    pub(crate) fn counts(&self) -> Counts {
        let inner = self.inner();
        Counts {
            waiters: inner.waiters.len(),
            conflated: inner.conflated(),
            lane_events: self.lane.len(),
            ..inner.session.counts()
        }
    }

    pub(crate) fn events(&self) -> SessionEvents {
        let receiver = self.events.subscribe();
        // Of a session that has ended already nothing more will be told.
        let is_over = self.state.borrow().phase == Phase::Closed;
        SessionEvents::new(receiver, is_over)
    }

    /// Keeps a callback; false where there are too many.
    pub(crate) fn on_state(&self, callback: Callback) -> bool {
        let mut callbacks = self.callbacks.lock().unwrap_or_else(PoisonError::into_inner);
        let room = callbacks.len() < CALLBACKS_MAX;
        if room {
            callbacks.push(Arc::new(callback));
        }
        room
    }

    pub(crate) fn request(
        self: &Arc<Self>,
        message: impl FnOnce(RequestId) -> ClientMessage,
    ) -> Result<Asked, RequestError> {
        self.ask(|session| session.request(message, now()))
    }

    pub(crate) fn request_within(
        self: &Arc<Self>,
        allowed: Duration,
        message: impl FnOnce(RequestId) -> ClientMessage,
    ) -> Result<Asked, RequestError> {
        self.ask(|session| session.request_within(allowed, message, now()))
    }

    fn ask(
        self: &Arc<Self>,
        ask: impl FnOnce(&mut Session) -> Result<RequestKey, RequestError>,
    ) -> Result<Asked, RequestError> {
        let mut inner = self.inner();
        let key = ask(&mut inner.session)?;
        let (sender, answers) = oneshot::channel();
        inner.waiters.insert(key, sender);
        let (epoch, name) = (inner.session.state().epoch.0, inner.session.name_of(key));
        let span = debug_span!("request", epoch, name = name.map(|(name, _)| name), id = name.map(|(_, id)| id.0));
        drop(inner);
        self.wake.notify_one();
        Ok(Asked { shared: Arc::clone(self), key, answers, is_answered: false, span })
    }

    pub(crate) fn queue(&self) -> Vec<Waits> {
        self.inner().session.queue(now())
    }

    pub(crate) fn silent_for(&self, id: SubscriptionId) -> Option<Duration> {
        self.inner().session.silent_for(id, now())
    }

    /// Nobody waits for an answer any more.
    fn forget(&self, key: RequestKey) {
        let mut inner = self.inner();
        inner.waiters.remove(&key);
        inner.session.forget(key, now());
        drop(inner);
        self.wake.notify_one();
    }

    pub(crate) fn tell(&self, message: ClientMessage) -> Result<(), RequestError> {
        let told = self.inner().session.tell(message, now());
        self.wake.notify_one();
        told
    }

    pub(crate) fn tell_of(
        &self,
        id: SubscriptionId,
        message: impl FnOnce(RequestId) -> ClientMessage,
    ) -> Result<(), RequestError> {
        let told = self.inner().session.tell_of(id, message, now());
        self.wake.notify_one();
        told
    }

    pub(crate) fn send_orders(&self, messages: Vec<ClientMessage>) -> Result<Epoch, SendError> {
        let span = debug_span!("orders", epoch = field::Empty, orders = ?order_ids(&messages));
        let (mut inner, now) = (self.inner(), now());
        let sent = inner.session.send_orders(messages, now);
        let answered = sent.is_ok().then_some(inner.turn);
        self.write(inner, now, answered);
        match &sent {
            Ok(epoch) => {
                span.record("epoch", epoch.0);
                trace!(parent: &span, "accepted");
            }
            Err(error) => debug!(parent: &span, %error, "refused"),
        }
        sent
    }

    pub(crate) fn cancel_surely(&self, cancels: Vec<ClientMessage>) -> Result<Option<Epoch>, SendError> {
        let (mut inner, now) = (self.inner(), now());
        let sent = inner.session.cancel_surely(cancels, now);
        let answered = matches!(sent, Ok(Some(_))).then_some(inner.turn);
        self.write(inner, now, answered);
        sent
    }

    /// Writes what must go to the socket at once, so that an order waits for no other task. Only what the socket does
    /// not take now, and what else there is to do, is left to the driver; where nothing is, this turn is `answered`.
    fn write(&self, mut inner: MutexGuard<'_, Inner>, now: Instant, answered: Option<u64>) {
        // Nobody is woken when the socket takes more: the driver is told to look, and waits for it itself.
        let writing = inner.write(&mut Context::from_waker(Waker::noop()), now);
        let is_left = writing == Writing::Waits || inner.needs_driver();
        if let Some(turn) = answered.filter(|_| !is_left) {
            self.answered.store(turn, Relaxed);
        }
        drop(inner);
        if is_left {
            self.wake.notify_one();
        }
    }

    pub(crate) fn halt(&self, halt: Halt) {
        self.inner().session.halt(halt, now());
        self.wake.notify_one();
    }

    pub(crate) fn resume(&self, by: &str) -> bool {
        let resumed = self.inner().session.resume(now());
        if resumed {
            info!(by, "resumed");
        }
        self.wake.notify_one();
        resumed
    }

    pub(crate) fn round(&self) -> Option<Round> {
        self.inner().session.state().round
    }

    pub(crate) fn reconciled(&self, round: Round) -> Result<(), RoundError> {
        let reconciled = self.inner().session.reconciled(round, now());
        self.wake.notify_one();
        reconciled
    }

    pub(crate) fn choose_data_kind(&self, kind: tws_proto::kinds::MarketDataKind) {
        self.inner().session.choose_data_kind(kind, now());
        self.wake.notify_one();
    }

    pub(crate) fn subscribe<F: Feed>(
        self: &Arc<Self>,
        feed: F,
        delivery: Delivery,
    ) -> Result<Subscription<F::Item>, RequestError> {
        let updates_max = if F::Item::BEGINS_WHOLE { self.account_updates } else { self.stream_updates };
        let mailbox = Arc::new(Mailbox::new(Updates::new(delivery, updates_max)));
        let sink = Box::new(FeedSink::<F>::new(Arc::clone(&mailbox)));
        let mut inner = self.inner();
        let id = inner.session.subscribe(Box::new(move |request_id| feed.message(request_id)), now())?;
        inner.sinks.insert(id, sink);
        drop(inner);
        self.wake.notify_one();
        Ok(Subscription::new(id, mailbox, Arc::clone(self)))
    }

    pub(crate) fn unsubscribe(&self, id: SubscriptionId) {
        let mut inner = self.inner();
        inner.session.unsubscribe(id, now());
        let sink = inner.remove_sink(id);
        // A sink may hold the last waker of a task, and the task a handle that needs this lock to be dropped.
        drop(inner);
        drop(sink);
        self.wake.notify_one();
    }

    pub(crate) fn shutdown(&self, exit: Exit) {
        self.inner().session.shutdown(exit, now());
        self.wake.notify_one();
    }

    /// The driver is gone: nobody will ever carry anything again.
    pub(crate) fn close(&self) {
        let mut inner = self.inner();
        inner.session.shutdown(Exit::Shutdown, now());
        inner.session.handle_closed(None, now());
        inner.deliver(&self.lane);
        let (told, writer) = (std::mem::take(&mut inner.told), inner.hang_up());
        drop(inner);
        drop(writer);
        self.keep_reading(None);
        self.spread(told);
        self.lane.end();
    }

    /// Lets the driver tell the session what happened, carries out what follows from it, and says what the driver does
    /// next.
    pub(crate) fn step(&self, context: &mut Context<'_>, happened: impl FnOnce(&mut Inner, Instant)) -> Step {
        let (step, told) = self.advance(context, happened);
        self.spread(told);
        step
    }

    /// As [`Shared::step`], and leaves what is told to be [spread](Shared::spread). One lock for all of it, however much
    /// came in.
    fn advance(&self, context: &mut Context<'_>, happened: impl FnOnce(&mut Inner, Instant)) -> (Step, Told) {
        let now = now();
        let mut inner = self.inner();
        happened(&mut inner, now);
        let writing = self.carry_out(&mut inner, context, now);
        let step = inner.step(writing);
        let (told, writer) = (std::mem::take(&mut inner.told), inner.hang_up_unless(step.link));
        drop(inner);
        drop(writer);
        (step, told)
    }

    /// Carries out what follows from what the session has heard.
    fn carry_out(&self, inner: &mut Inner, context: &mut Context<'_>, now: Instant) -> Writing {
        if inner.session.poll_timeout().is_some_and(|at| at <= now) {
            let wall = match self.wall_clock {
                WallClock::System => SystemTime::now(),
                WallClock::BeganAt(wall) => wall + now.saturating_duration_since(self.began),
            };
            inner.session.handle_wall_clock(wall, now);
            inner.session.handle_timeout(now);
        }
        loop {
            inner.deliver(&self.lane);
            let writing = inner.write(context, now);
            if !inner.session.has_events() {
                return writing;
            }
        }
    }

    /// Answers, states and alarms go out without the lock: whoever hears them may ask for more.
    fn spread(&self, told: Told) {
        let Told { answered, states, alarms, events, ended } = told;
        drop(ended);
        for (waiter, result) in answered {
            // A waiter that went away does not want its answer any more.
            let _ = waiter.send(result);
        }
        for state in states {
            log_state(&state);
            let callbacks = self.callbacks.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let from = self.state.send_replace(state.clone()).phase;
            // An error means that nobody listens.
            let _ = self.events.send(SessionEvent::State { from, state: Box::new(state.clone()) });
            for callback in callbacks {
                // A callback's panic is its own: the session goes on.
                if catch_unwind(AssertUnwindSafe(|| callback(&state))).is_err() {
                    error!(epoch = state.epoch.0, "a state callback panicked");
                }
            }
        }
        for event in events {
            debug!(?event, "streams");
            let _ = self.events.send(event);
        }
        for (epoch, alarm) in alarms {
            error!(epoch = epoch.0, code = alarm.code(), %alarm, "alarm");
            let _ = self.events.send(SessionEvent::Alarm(alarm));
        }
    }
}
