//! [`Hub`]: the core behind a lock, and the way of its outputs to the clients.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};
use tws_proto::ServerMessage;

use super::clock::{Clock, Pace};
use crate::core::{CloseReason, Core, Input, Output};
use crate::session::SessionId;
use crate::time::SimTime;

/// How many clients a TWS takes.
pub(crate) const CLIENTS_MAX: usize = 32;
/// How many messages may wait for one client; then it is dropped.
const QUEUE_MAX: usize = 16_384;
/// From how many waiting messages on the clock waits when it runs as fast as it can.
const QUEUE_HIGH: usize = 1_024;

/// What a client's task is told.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// Send this.
    Message(Box<ServerMessage>),
    /// Send what waits, then close.
    Close(CloseReason),
}

/// The receiving ends of a client.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) session: SessionId,
    pub(crate) deliveries: mpsc::Receiver<Delivery>,
    /// Resolves when the connection has to be cut at once.
    pub(crate) cut: oneshot::Receiver<()>,
}

/// What the clock does next.
#[derive(Debug)]
pub(crate) enum Plan {
    /// Step now.
    Step,
    /// Step after this long, unless something comes in.
    Sleep(Duration),
    /// Nothing is due until something comes in.
    Wait,
    /// A client reads more slowly than time passes.
    Drain,
}

/// The core and its clients.
#[derive(Debug)]
pub(crate) struct Hub {
    state: Mutex<State>,
    changed: Notify,
    drained: Notify,
}

#[derive(Debug)]
struct State {
    core: Core,
    clock: Clock,
    clients: BTreeMap<SessionId, Client>,
    sessions: u64,
}

#[derive(Debug)]
struct Client {
    deliveries: mpsc::Sender<Delivery>,
    /// Dropped with the client: that cuts it.
    _cut: oneshot::Sender<()>,
}

impl Hub {
    pub(crate) fn new(core: Core, clock: Clock) -> Self {
        let state = State { core, clock, clients: BTreeMap::new(), sessions: 0 };
        Self { state: Mutex::new(state), changed: Notify::new(), drained: Notify::new() }
    }

    /// Feeds the core and spreads its outputs.
    pub(crate) fn step(&self, input: Input) {
        self.lock().step(input);
        self.changed.notify_one();
    }

    /// Lets the core do something that also has an answer, and spreads its outputs.
    pub(crate) fn act<T>(&self, act: impl FnOnce(&mut Core, SimTime) -> (T, Vec<Output>)) -> T {
        let mut state = self.lock();
        let now = state.clock.now(state.core.now());
        let (answer, outputs) = act(&mut state.core, now);
        state.spread(outputs);
        drop(state);
        self.changed.notify_one();
        answer
    }

    pub(crate) fn read<T>(&self, look: impl FnOnce(&Core) -> T) -> T {
        look(&self.lock().core)
    }

    pub(crate) fn now(&self) -> SimTime {
        let state = self.lock();
        state.clock.now(state.core.now())
    }

    /// A line for a new connection, or `None` where all places are taken.
    pub(crate) fn admit(&self) -> Option<Line> {
        let mut state = self.lock();
        if state.clients.len() >= CLIENTS_MAX {
            return None;
        }
        state.sessions += 1;
        let session = SessionId(state.sessions);
        let (sender, deliveries) = mpsc::channel(QUEUE_MAX);
        let (keep, cut) = oneshot::channel();
        state.clients.insert(session, Client { deliveries: sender, _cut: keep });
        Some(Line { session, deliveries, cut })
    }

    /// A connection is gone, whoever ended it.
    pub(crate) fn leave(&self, session: SessionId) {
        let mut state = self.lock();
        state.clients.remove(&session);
        state.step(Input::Disconnected { session });
        drop(state);
        self.changed.notify_one();
        self.drained.notify_one();
    }

    pub(crate) fn cut_all(&self) {
        let mut state = self.lock();
        let sessions: Vec<SessionId> = std::mem::take(&mut state.clients).into_keys().collect();
        for session in sessions {
            state.step(Input::Disconnected { session });
        }
    }

    /// Cuts whoever reads so slowly that time cannot pass.
    pub(crate) fn cut_stalled(&self) {
        let mut state = self.lock();
        let stalled: Vec<SessionId> = state
            .clients
            .iter()
            .filter(|(_, client)| client.waiting() >= QUEUE_HIGH)
            .map(|(session, _)| *session)
            .collect();
        for session in stalled {
            state.cut(session, "it does not read");
        }
    }

    pub(crate) fn plan(&self) -> Plan {
        let state = self.lock();
        let Some(wake) = state.core.next_wake() else { return Plan::Wait };
        match state.clock.pace() {
            Pace::Real | Pace::Factor(_) => {
                let now = state.clock.now(state.core.now());
                if wake <= now { Plan::Step } else { Plan::Sleep(state.clock.until(wake, now)) }
            }
            Pace::AsFast if state.core.next_output_time().is_some() => Plan::Step,
            Pace::AsFast if !state.core.is_watched() => Plan::Wait,
            // Leaping over silence would end the day at once: what is not a market takes its time.
            Pace::AsFast if state.core.next_market_time().is_none() => {
                Plan::Sleep(state.clock.until(wake, state.core.now()))
            }
            Pace::AsFast if state.clients.values().any(|client| client.waiting() >= QUEUE_HIGH) => Plan::Drain,
            Pace::AsFast => Plan::Step,
        }
    }

    /// Lets the time pass that has passed; as fast as it can, that is until the next event.
    pub(crate) fn pass_time(&self) {
        let mut state = self.lock();
        if state.clock.pace() == Pace::AsFast
            && let Some(wake) = state.core.next_wake()
        {
            state.step_at(Input::TimePassed, wake);
        } else {
            state.step(Input::TimePassed);
        }
    }

    /// Something came in since the last call.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// A client took what waited for it.
    pub(crate) async fn drained(&self) {
        self.drained.notified().await;
    }

    pub(crate) fn note_drained(&self) {
        self.drained.notify_one();
    }

    /// The lock is held for one step and never across an await. A panic inside a step leaves state that a test still
    /// wants to look at, so a poisoned lock is no reason to stop.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn step(&mut self, input: Input) {
        let now = self.clock.now(self.core.now());
        self.step_at(input, now);
    }

    fn step_at(&mut self, input: Input, now: SimTime) {
        let outputs = self.core.step(input, now);
        self.spread(outputs);
    }

    fn spread(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            let (session, delivery) = match output {
                Output::Send { session, message } => (session, Delivery::Message(Box::new(message))),
                Output::Close { session, reason } => (session, Delivery::Close(reason)),
            };
            let Some(client) = self.clients.get(&session) else { continue };
            if client.deliveries.try_send(delivery).is_err() {
                self.cut(session, "its queue is full");
            }
        }
    }

    fn cut(&mut self, session: SessionId, why: &str) {
        tracing::warn!(?session, why, "dropped a client");
        self.clients.remove(&session);
        // Nothing is sent to anybody by a disconnection.
        let now = self.core.now();
        let _ = self.core.step(Input::Disconnected { session }, now);
    }
}

impl Client {
    fn waiting(&self) -> usize {
        self.deliveries.max_capacity() - self.deliveries.capacity()
    }
}
