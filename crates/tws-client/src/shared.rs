//! [`Shared`]: the session and its consumers, between the driver and every handle.
//!
//! One short lock holds the state machine; nothing waits inside it. Handles change the session directly, so that an
//! order is refused or written before the call returns, and then wake the driver to carry the bytes out.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bytes::BytesMut;
use tokio::sync::{Notify, broadcast, oneshot, watch};
use tracing::{Span, debug, debug_span, error, field, info, trace, warn};
use tws_proto::ids::RequestId;
use tws_proto::message::{ClientMessage, Message, Notice, ServerMessage};

use crate::config::{Config, WallClock};
use crate::counts::Counts;
use crate::error::{Exit, RequestError, RoundError, SendError};
use crate::event::{SessionEvent, SessionEvents};
use crate::feed::Feed;
use crate::lane::{Lane, Pushed};
use crate::log::{MaskedList, redacted};
use crate::mailbox::Mailbox;
use crate::notice::NoticeClass;
use crate::queue::Waits;
use crate::session::{Access, Event, FeedUpdate, Link, RequestKey, Session, SubscriptionId, order_ids};
use crate::state::{Epoch, Halt, LaneEvent, Phase, Round, State, StateChange};
use crate::stream::{FeedSink, Put, Sink, Subscription, Updates};

pub(crate) type Answers = Result<Vec<ServerMessage>, RequestError>;
type Callback = Box<dyn Fn(&State) + Send + Sync>;

/// How many callbacks may watch the state.
const CALLBACKS_MAX: usize = 64;

pub(crate) struct Shared {
    core: Mutex<Core>,
    pub(crate) wake: Notify,
    pub(crate) lane: Arc<Lane>,
    state: watch::Sender<State>,
    callbacks: Mutex<Vec<Arc<Callback>>>,
    events: broadcast::Sender<SessionEvent>,
    stream_updates: usize,
    wall_clock: WallClock,
    began: Instant,
}

struct Core {
    session: Session,
    waiters: BTreeMap<RequestKey, oneshot::Sender<Answers>>,
    sinks: BTreeMap<SubscriptionId, Box<dyn Sink>>,
    /// What streams that are gone have conflated.
    conflated: u64,
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

/// What the driver does next.
pub(crate) struct Step {
    pub(crate) link: Link,
    pub(crate) timeout: Option<Instant>,
    pub(crate) exit: Option<Exit>,
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
        Self {
            wake: Notify::new(),
            lane: Arc::new(Lane::new(config.limits.lane_events)),
            state,
            callbacks: Mutex::new(Vec::new()),
            events,
            stream_updates: config.limits.stream_updates,
            wall_clock: config.wall_clock,
            began,
            core: Mutex::new(Core {
                session: Session::new(config, access, began),
                waiters: BTreeMap::new(),
                sinks: BTreeMap::new(),
                conflated: 0,
            }),
        }
    }

    /// The session is a state machine that ends each call in a whole state, so a panic elsewhere does not spoil it.
    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    pub(crate) fn counts(&self) -> Counts {
        let core = self.core();
        Counts {
            waiters: core.waiters.len(),
            conflated: core.conflated + core.sinks.values().map(|sink| sink.conflated()).sum::<u64>(),
            lane_events: self.lane.len(),
            ..core.session.counts()
        }
    }

    pub(crate) fn events(&self) -> SessionEvents {
        SessionEvents::new(self.events.subscribe())
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
        let mut core = self.core();
        let key = ask(&mut core.session)?;
        let (sender, answers) = oneshot::channel();
        core.waiters.insert(key, sender);
        let (epoch, name) = (core.session.state().epoch.0, core.session.name_of(key));
        let span = debug_span!("request", epoch, name = name.map(|(name, _)| name), id = name.map(|(_, id)| id.0));
        drop(core);
        self.wake.notify_one();
        Ok(Asked { shared: Arc::clone(self), key, answers, is_answered: false, span })
    }

    pub(crate) fn queue(&self) -> Vec<Waits> {
        self.core().session.queue(now())
    }

    pub(crate) fn silent_for(&self, id: SubscriptionId) -> Option<Duration> {
        self.core().session.silent_for(id, now())
    }

    /// Nobody waits for an answer any more.
    fn forget(&self, key: RequestKey) {
        let mut core = self.core();
        core.waiters.remove(&key);
        core.session.forget(key, now());
        drop(core);
        self.wake.notify_one();
    }

    pub(crate) fn tell(&self, message: ClientMessage) -> Result<(), RequestError> {
        let told = self.core().session.tell(message, now());
        self.wake.notify_one();
        told
    }

    pub(crate) fn tell_of(
        &self,
        id: SubscriptionId,
        message: impl FnOnce(RequestId) -> ClientMessage,
    ) -> Result<(), RequestError> {
        let told = self.core().session.tell_of(id, message, now());
        self.wake.notify_one();
        told
    }

    pub(crate) fn send_orders(&self, messages: Vec<ClientMessage>) -> Result<Epoch, SendError> {
        let span = debug_span!("orders", epoch = field::Empty, orders = ?order_ids(&messages));
        let sent = self.core().session.send_orders(messages, now());
        self.wake.notify_one();
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
        let sent = self.core().session.cancel_surely(cancels, now());
        self.wake.notify_one();
        sent
    }

    pub(crate) fn halt(&self, halt: Halt) {
        self.core().session.halt(halt, now());
        self.wake.notify_one();
    }

    pub(crate) fn resume(&self, by: &str) -> bool {
        let resumed = self.core().session.resume(now());
        if resumed {
            info!(by, "resumed");
        }
        self.wake.notify_one();
        resumed
    }

    pub(crate) fn round(&self) -> Option<Round> {
        self.core().session.state().round
    }

    pub(crate) fn reconciled(&self, round: Round) -> Result<(), RoundError> {
        let reconciled = self.core().session.reconciled(round, now());
        self.wake.notify_one();
        reconciled
    }

    pub(crate) fn choose_data_kind(&self, kind: tws_proto::kinds::MarketDataKind) {
        self.core().session.choose_data_kind(kind, now());
        self.wake.notify_one();
    }

    pub(crate) fn subscribe<F: Feed>(self: &Arc<Self>, feed: F) -> Result<Subscription<F::Item>, RequestError> {
        let mailbox = Arc::new(Mailbox::new(Updates::new(self.stream_updates)));
        let sink = Box::new(FeedSink::<F>(Arc::clone(&mailbox)));
        let mut core = self.core();
        let id = core.session.subscribe(Box::new(move |request_id| feed.message(request_id)), now())?;
        core.sinks.insert(id, sink);
        drop(core);
        self.wake.notify_one();
        Ok(Subscription::new(id, mailbox, Arc::clone(self)))
    }

    pub(crate) fn unsubscribe(&self, id: SubscriptionId) {
        let mut core = self.core();
        core.session.unsubscribe(id, now());
        let sink = core.remove_sink(id);
        // A sink may hold the last waker of a task, and the task a handle that needs this lock to be dropped.
        drop(core);
        drop(sink);
        self.wake.notify_one();
    }

    pub(crate) fn shutdown(&self, exit: Exit) {
        self.core().session.shutdown(exit, now());
        self.wake.notify_one();
    }

    /// The driver is gone: nobody will ever carry anything again.
    pub(crate) fn close(&self) {
        let mut core = self.core();
        core.session.shutdown(Exit::Shutdown, now());
        core.session.handle_closed(None, now());
        drop(core);
        self.deliver();
        self.lane.end();
    }

    /// Lets the driver tell the session what came in.
    pub(crate) fn handle(&self, input: impl FnOnce(&mut Session, Instant)) {
        let now = now();
        let mut core = self.core();
        input(&mut core.session, now);
        if core.session.poll_timeout().is_some_and(|at| at <= now) {
            let wall = match self.wall_clock {
                WallClock::System => SystemTime::now(),
                WallClock::BeganAt(wall) => wall + now.saturating_duration_since(self.began),
            };
            core.session.handle_wall_clock(wall, now);
        }
        core.session.handle_timeout(now);
    }

    /// What must go to the socket now.
    pub(crate) fn transmit(&self) -> Option<BytesMut> {
        self.core().session.poll_transmit(now())
    }

    /// Carries out every event, then says what the driver does next.
    pub(crate) fn step(&self) -> Step {
        self.deliver();
        let core = self.core();
        Step { link: core.session.link(), timeout: core.session.poll_timeout(), exit: core.session.exit().cloned() }
    }

    /// Gives every event to whom it concerns. Callbacks run without the lock.
    fn deliver(&self) {
        let (mut states, mut alarms, mut told) = (Vec::new(), Vec::new(), Vec::new());
        let mut ended = Vec::new();
        let mut answered = Vec::new();
        let mut core = self.core();
        let mut overflow = false;
        while let Some(event) = core.session.poll_event() {
            let state = core.session.state();
            match event {
                Event::State(state) => states.push(state),
                Event::Lane(event) => {
                    log_lane(&event, state);
                    if self.lane.push(event) == Pushed::Overflow && !overflow {
                        overflow = true;
                        core.session.handle_lane_overflow(now());
                    }
                }
                Event::Answer { key, result } => {
                    answered.extend(core.waiters.remove(&key).map(|waiter| (waiter, result)));
                }
                Event::Update { subscription, update } => ended.extend(core.update(subscription, update)),
                Event::Notice(notice) => log_notice(&notice, state),
                Event::Stray(message) => debug!(epoch = state.epoch.0, message, "message that nobody asked for"),
                Event::BadFrame { bad, seen } if seen.is_power_of_two() => {
                    // A storm of them must not become a storm in the log: the counts tell the rest.
                    warn!(epoch = state.epoch.0, %bad, seen, "frame skipped");
                }
                Event::BadFrame { .. } => {}
                Event::Alarm(alarm) => alarms.push((state.epoch, alarm)),
                Event::Told(event) => told.push(event),
            }
        }
        drop(core);
        drop(ended);
        for (waiter, result) in answered {
            // A waiter that went away does not want its answer any more.
            let _ = waiter.send(result);
        }
        for state in states {
            log_state(&state);
            let callbacks = self.callbacks.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let from = self.state.send_replace((*state).clone()).phase;
            // An error means that nobody listens.
            let _ = self.events.send(SessionEvent::State { from, state: state.clone() });
            for callback in callbacks {
                // A callback's panic is its own: the session goes on.
                if catch_unwind(AssertUnwindSafe(|| callback(&state))).is_err() {
                    error!(epoch = state.epoch.0, "a state callback panicked");
                }
            }
        }
        for event in told {
            debug!(?event, "streams");
            let _ = self.events.send(event);
        }
        for (epoch, alarm) in alarms {
            error!(epoch = epoch.0, code = alarm.code(), %alarm, "alarm");
            let _ = self.events.send(SessionEvent::Alarm(alarm));
        }
    }
}

impl Core {
    /// Delivers an update; gives the sink back where it was the last.
    fn update(&mut self, id: SubscriptionId, update: FeedUpdate) -> Option<Box<dyn Sink>> {
        let ended = matches!(update, FeedUpdate::Ended(_));
        let name = match &update {
            FeedUpdate::Message(message) => Some(message.facts().name),
            FeedUpdate::Gap(_) | FeedUpdate::Notice(_) | FeedUpdate::Ended(_) => None,
        };
        let put = self.sinks.get(&id).map_or(Put::Taken, |sink| sink.put(update));
        match (put, name) {
            (Put::Stray, Some(name)) => self.session.take_stray(name),
            (Put::Broken, _) => self.session.renew(id, now()),
            (Put::Taken | Put::Stray, _) => {}
        }
        if ended { self.remove_sink(id) } else { None }
    }

    /// Forgets where a stream goes, and remembers what it conflated.
    fn remove_sink(&mut self, id: SubscriptionId) -> Option<Box<dyn Sink>> {
        let sink = self.sinks.remove(&id)?;
        self.conflated += sink.conflated();
        Some(sink)
    }
}

fn log_state(state: &State) {
    let epoch = state.epoch.0;
    match state.phase {
        Phase::Disconnected => {
            let reason = state.reason.as_ref().map(ToString::to_string).unwrap_or_default();
            if reason.is_empty() {
                debug!(epoch, "disconnected");
            } else {
                warn!(epoch, reason, attempts = state.attempts, "disconnected");
            }
        }
        Phase::Ready | Phase::ReadOnly | Phase::Reconciling | Phase::Degraded => {
            let accounts = MaskedList(&state.accounts);
            let (phase, farms_down) = (state.phase, state.farms_down.len());
            debug!(epoch, %accounts, %phase, upstream = ?state.upstream, farms_down, "live");
        }
        Phase::Halted => {
            let reason = state.halt.as_ref().map(ToString::to_string).unwrap_or_default();
            warn!(epoch, reason, "halted");
        }
        Phase::Connecting | Phase::Handshaking | Phase::Starting => debug!(epoch, phase = %state.phase, "on the way"),
        Phase::Closed => info!(epoch, "closed"),
    }
}

fn log_lane(event: &LaneEvent, state: &State) {
    let epoch = state.epoch.0;
    match event {
        LaneEvent::Message(_) => {}
        LaneEvent::Notice(notice) => log_notice(notice, state),
        LaneEvent::BadFrame(bad) => warn!(epoch, %bad, "frame skipped"),
        LaneEvent::Unsent(unsent) => warn!(epoch, orders = ?unsent.order_ids, cause = ?unsent.cause, "burst not sent"),
        LaneEvent::State(change) => match change {
            StateChange::EpochBegan { .. } => debug!(epoch, "connected"),
            StateChange::Ready(ready) => {
                let accounts = MaskedList(&ready.accounts);
                info!(epoch, version = %ready.server_version, %accounts, "ready");
            }
            StateChange::EpochLost { reason, .. } => warn!(epoch, %reason, "epoch lost"),
            StateChange::UpstreamDown { code, .. } => warn!(epoch, code, "TWS lost IB"),
            StateChange::UpstreamUp { code, .. } => info!(epoch, code, "TWS has IB again"),
        },
    }
}

fn log_notice(notice: &Notice, state: &State) {
    let (epoch, id, code) = (state.epoch.0, notice.id, notice.code);
    let text = redacted(&notice.text, &state.accounts);
    match NoticeClass::of(code) {
        NoticeClass::Farm | NoticeClass::Cancel => debug!(epoch, id, code, text, "notice"),
        NoticeClass::Warning | NoticeClass::OrderWarning => info!(epoch, id, code, text, "notice"),
        NoticeClass::Connection | NoticeClass::Pacing => warn!(epoch, id, code, text, "notice"),
        NoticeClass::Reject | NoticeClass::RejectOrWarning => warn!(epoch, id, code, text, "notice"),
        NoticeClass::Failed | NoticeClass::FailedOrReject => warn!(epoch, id, code, text, "notice"),
        NoticeClass::Local | NoticeClass::Unlisted => warn!(epoch, id, code, text, "notice"),
    }
}
