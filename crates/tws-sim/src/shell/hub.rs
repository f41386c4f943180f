//! [`Hub`]: the core behind a lock, and the way of its outputs to the clients.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot, watch};

use super::clock::{Clock, Pace};
use super::link::Standing;
use super::queue::{Delivery, Queue};
use super::{NotShown, STALL_S, UnknownInstrument};
use crate::core::{Core, Input, Output};
use crate::faults::{Active, Clear, Fault, FaultSet, Lasting, Place, Switch};
use crate::market::{Halt, MarketEvent};
use crate::session::SessionId;
use crate::time::SimTime;

/// How many clients a TWS takes.
pub(crate) const CLIENTS_MAX: usize = 32;
/// How many connections may be on their way to START_API; then the oldest of them makes room.
const STRANGERS_MAX: usize = 64;
/// From how many waiting messages on the clock waits when it runs as fast as it can.
const QUEUE_HIGH: usize = 1_024;
/// How many events of the markets pass in one go when time runs as fast as it can.
const RUN_MAX: usize = 64;
/// How long time that passes at once waits before it looks again whether its clients have read.
const DRAIN_PAUSE: Duration = Duration::from_millis(1);
/// Keeps the dice of the links apart from those of others.
const RANDOM_STREAM: u64 = 0xFA_0018;

/// The client's end of a connection, as its task needs it.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) session: SessionId,
    pub(crate) queue: Arc<Queue>,
    /// Resolves when the connection has to be cut at once.
    pub(crate) cut: oneshot::Receiver<()>,
    pub(crate) greeting: Greeting,
}

/// What faults make of a handshake.
#[derive(Debug, Default)]
pub(crate) struct Greeting {
    /// How late the answer comes.
    pub(crate) delay: Duration,
    /// Comes instead of the answer.
    pub(crate) junk: Option<Vec<u8>>,
    /// The version that is told instead of the agreed one.
    pub(crate) version: Option<i64>,
    /// A notice comes before the answer.
    pub(crate) notice_first: bool,
    /// Where the connection will be cut.
    pub(crate) cut: Option<Fault>,
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

/// How a run of events ended.
enum Run {
    /// It was long enough for now.
    Short,
    /// These clients have much to read.
    Drain(Vec<SessionId>),
    /// Everything that was due has happened.
    Over,
}

/// What the simulator counted since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counters {
    /// Connections that were let in.
    pub connections: u64,
    /// Connections that were turned away.
    pub turned_away: u64,
    /// Connections that were dropped because they did not read.
    pub dropped: u64,
    /// Messages given to clients.
    pub messages_out: u64,
    /// Messages of clients.
    pub messages_in: u64,
    /// Frames of clients that could not be read.
    pub bad_frames_in: u64,
    /// Faults that were injected.
    pub faults: u64,
}

/// The core and its clients.
#[derive(Debug)]
pub(crate) struct Hub {
    state: Mutex<State>,
    changed: Notify,
    drained: Notify,
    refusing: watch::Sender<bool>,
}

#[derive(Debug)]
struct State {
    core: Core,
    clock: Clock,
    clients: BTreeMap<SessionId, Client>,
    sessions: u64,
    link: FaultSet,
    counters: Counters,
}

#[derive(Debug)]
struct Client {
    queue: Arc<Queue>,
    /// It was accepted and never hears anything.
    silent: bool,
    /// Dropped with the client: that cuts it.
    _cut: oneshot::Sender<()>,
}

impl Hub {
    pub(crate) fn new(core: Core, clock: Clock, seed: u64) -> Self {
        let state = State {
            core,
            clock,
            clients: BTreeMap::new(),
            sessions: 0,
            link: FaultSet::new(seed, RANDOM_STREAM),
            counters: Counters::default(),
        };
        let (refusing, _) = watch::channel(false);
        Self { state: Mutex::new(state), changed: Notify::new(), drained: Notify::new(), refusing }
    }

    /// Feeds the core and spreads its outputs.
    pub(crate) fn step(&self, input: Input) {
        let mut state = self.lock();
        match &input {
            Input::Message { .. } => state.counters.messages_in += 1,
            Input::BadFrame { .. } => state.counters.bad_frames_in += 1,
            _ => {}
        }
        state.step(input);
        drop(state);
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

    /// Shows something in an instrument's market.
    pub(crate) fn market_event(&self, instrument: &str, event: MarketEvent) -> Result<(), NotShown> {
        event.check()?;
        let contract = self.read(|core| core.catalogue().by_name(instrument).map(|found| found.contract_id));
        let contract = contract.ok_or_else(|| UnknownInstrument { name: instrument.to_owned() })?;
        self.step(Input::Market { contract, event });
        Ok(())
    }

    /// Halts an instrument, or lets it trade again.
    pub(crate) fn halt(&self, instrument: &str, halt: Halt) -> Result<(), UnknownInstrument> {
        let contract = self.read(|core| core.catalogue().by_name(instrument).map(|found| found.contract_id));
        let contract = contract.ok_or_else(|| UnknownInstrument { name: instrument.to_owned() })?;
        self.step(Input::Halt { contract, halt });
        Ok(())
    }

    pub(crate) fn read<T>(&self, look: impl FnOnce(&Core) -> T) -> T {
        look(&self.lock().core)
    }

    pub(crate) fn now(&self) -> SimTime {
        self.lock().now()
    }

    pub(crate) fn pace(&self) -> Pace {
        self.lock().clock.pace()
    }

    /// Time passes like that from now on.
    pub(crate) fn set_pace(&self, pace: Pace) {
        let mut state = self.lock();
        let now = state.now();
        state.clock.set(pace, now);
        drop(state);
        self.changed.notify_one();
    }

    /// Lets simulated time pass at once, everything that is due in it included.
    pub(crate) fn advance(&self, milliseconds: i64) {
        let mut state = self.lock();
        let until = state.now().plus_ms(milliseconds.max(0));
        let pace = state.clock.pace();
        state.clock.set(pace, until);
        state.step_at(Input::TimePassed, until);
        drop(state);
        self.changed.notify_one();
    }

    /// The same in short runs: between them others are served, and clients read what they were told. Who does not read is
    /// not waited for again.
    pub(crate) async fn advance_in_runs(&self, milliseconds: i64) {
        let until = self.now().plus_ms(milliseconds.max(0));
        let mut given_up = BTreeSet::new();
        let mut patience = Duration::from_secs(STALL_S);
        loop {
            match self.run_until(until, &given_up) {
                Run::Over => return,
                Run::Short => {
                    patience = Duration::from_secs(STALL_S);
                    tokio::task::yield_now().await;
                }
                Run::Drain(slow) if patience.is_zero() => given_up.extend(slow),
                Run::Drain(_) => {
                    tokio::time::sleep(DRAIN_PAUSE).await;
                    patience = patience.saturating_sub(DRAIN_PAUSE);
                }
            }
        }
    }

    /// Lets time pass up to `until`, but no more than a run of events, and none while a client that is waited for has much
    /// to read.
    fn run_until(&self, until: SimTime, given_up: &BTreeSet<SessionId>) -> Run {
        let mut state = self.lock();
        let mut run = Run::Short;
        for _ in 0..RUN_MAX {
            let is_slow =
                |session: &SessionId, client: &Client| client.queue.len() >= QUEUE_HIGH && !given_up.contains(session);
            let slow = state.clients.iter().filter(|(session, client)| is_slow(session, client));
            let slow: Vec<SessionId> = slow.map(|(session, _)| *session).collect();
            if !slow.is_empty() {
                run = Run::Drain(slow);
                break;
            }
            let wake = state.core.next_wake().filter(|wake| *wake < until);
            state.step_at(Input::TimePassed, wake.unwrap_or(until));
            if wake.is_none() {
                run = Run::Over;
                break;
            }
        }
        let (pace, reached) = (state.clock.pace(), state.core.now());
        state.clock.set(pace, reached);
        drop(state);
        self.changed.notify_one();
        run
    }

    pub(crate) fn counters(&self) -> Counters {
        self.lock().counters
    }

    /// How much waits for each connection, by the order in which they came.
    pub(crate) fn waiting(&self) -> Vec<(SessionId, usize)> {
        self.lock().clients.iter().map(|(session, client)| (*session, client.queue.len())).collect()
    }

    /// A fault strikes now, or stands from now on. It was checked before.
    pub(crate) fn inject(&self, fault: Fault) {
        let mut state = self.lock();
        state.counters.faults += 1;
        let entry = fault.switch.entry();
        match (entry.place, entry.lasting) {
            (Place::Core | Place::Outbox, _) => state.step(Input::Fault(fault)),
            (Place::Link, Lasting::Once) => state.strike(fault),
            (Place::Link, Lasting::Standing) => {
                if matches!(fault.switch, Switch::DropAfterFrames | Switch::DropMidFrame) {
                    state.strike(fault.clone());
                }
                let now = state.now();
                state.link.add(fault, now);
                state.refresh_links(&self.refusing);
            }
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Faults are over.
    pub(crate) fn clear(&self, clear: Clear) {
        let mut state = self.lock();
        let gone = state.link.clear(clear);
        state.lift(gone);
        state.refresh_links(&self.refusing);
        state.step(Input::Clear(clear));
        drop(state);
        self.changed.notify_one();
    }

    /// The faults that stand.
    pub(crate) fn faults(&self) -> Vec<Active> {
        let state = self.lock();
        state.link.iter().chain(state.core.faults()).cloned().collect()
    }

    /// Whether nobody listens, and when that changes.
    pub(crate) fn refusing(&self) -> watch::Receiver<bool> {
        self.refusing.subscribe()
    }

    /// A line for a new connection, or `None` where it is turned away.
    pub(crate) fn admit(&self) -> Option<Line> {
        let line = self.lock().admit();
        if line.is_none() {
            self.lock().counters.turned_away += 1;
        }
        line
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
            .filter(|(_, client)| client.queue.len() >= QUEUE_HIGH)
            .map(|(session, _)| *session)
            .collect();
        for session in stalled {
            state.drop_client(session, "it does not read");
        }
    }

    pub(crate) fn plan(&self) -> Plan {
        let state = self.lock();
        let wakes = [state.core.next_wake(), state.link.next_time()];
        let Some(wake) = wakes.into_iter().flatten().min() else { return Plan::Wait };
        let now = state.now();
        match state.clock.pace() {
            Pace::Real | Pace::Factor(_) if wake <= now => Plan::Step,
            Pace::Real | Pace::Factor(_) => Plan::Sleep(state.clock.until(wake, now)),
            Pace::Manual if wake <= now => Plan::Step,
            Pace::Manual => Plan::Wait,
            Pace::AsFast if state.core.next_output_time().is_some() => Plan::Step,
            Pace::AsFast if !state.core.is_watched() => Plan::Wait,
            // Leaping over silence would end the day at once: what is not a market takes its time.
            Pace::AsFast if state.core.next_market_time().is_none() => Plan::Sleep(state.clock.until(wake, now)),
            Pace::AsFast if state.clients.values().any(|client| client.queue.len() >= QUEUE_HIGH) => Plan::Drain,
            Pace::AsFast => Plan::Step,
        }
    }

    /// Lets the time pass that has passed; as fast as it can, that is until the next event, or past a run of events that
    /// nobody has to be waited for: clients that are woken for each of them would do little but wake up.
    pub(crate) fn pass_time(&self) {
        let mut state = self.lock();
        if state.clock.pace() == Pace::AsFast
            && let Some(wake) = state.core.next_wake()
        {
            state.step_at(Input::TimePassed, wake);
            for _ in 1..RUN_MAX {
                let Some(wake) = state.next_leap() else { break };
                state.step_at(Input::TimePassed, wake);
            }
        } else {
            state.step(Input::TimePassed);
        }
        let now = state.now();
        let gone = if state.link.is_empty() { Vec::new() } else { state.link.end(now) };
        if !gone.is_empty() {
            state.lift(gone);
            state.refresh_links(&self.refusing);
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
    fn now(&self) -> SimTime {
        self.clock.now(self.core.now())
    }

    fn step(&mut self, input: Input) {
        let now = self.now();
        self.step_at(input, now);
    }

    /// When the next event is that a market gives by itself, where everybody reads and nothing else is due.
    fn next_leap(&self) -> Option<SimTime> {
        let is_free = self.link.is_empty()
            && self.core.next_output_time().is_none()
            && self.core.is_watched()
            && self.clients.values().all(|client| client.queue.len() < QUEUE_HIGH);
        if is_free { self.core.next_market_time().and_then(|_| self.core.next_wake()) } else { None }
    }

    fn step_at(&mut self, input: Input, now: SimTime) {
        let starts = matches!(&input, Input::Message { message: tws_proto::ClientMessage::StartApi(_), .. });
        let outputs = self.core.step(input, now);
        self.spread(outputs);
        if starts && !self.link.is_empty() {
            self.refresh_standing(); // faults can be meant for the client that just said who it is
        }
    }

    fn spread(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            let (session, delivery) = match output {
                Output::Send { session, message } => (session, Delivery::Message(message)),
                Output::Close { session, reason } => (session, Delivery::Close(reason)),
            };
            let Some(client) = self.clients.get(&session) else { continue };
            self.counters.messages_out += 1;
            if !self.link.is_empty() && client.queue.len() >= self.output_limit(session) {
                client.queue.lose_half();
            }
            if client.queue.push(delivery).is_err() {
                self.drop_client(session, "its queue is full");
            }
        }
    }

    fn admit(&mut self) -> Option<Line> {
        let now = self.now();
        if self.core.is_down(now) || self.core.clients().count() >= CLIENTS_MAX {
            return None;
        }
        if self.link.strike(Switch::Refuse, None, now).is_some()
            || self.link.strike(Switch::AcceptThenClose, None, now).is_some()
        {
            return None;
        }
        let strangers = || self.clients.keys().filter(|session| self.core.client_of(**session).is_none());
        if strangers().count() >= STRANGERS_MAX
            && let Some(oldest) = strangers().next().copied()
        {
            self.drop_client(oldest, "it never started, and others wait");
        }
        self.sessions += 1;
        self.counters.connections += 1;
        let session = SessionId(self.sessions);
        let queue = Arc::new(Queue::default());
        let (keep, cut) = oneshot::channel();
        let silent = self.link.strike(Switch::AcceptSilent, None, now).is_some();
        let greeting = self.greeting(now);
        self.clients.insert(session, Client { queue: Arc::clone(&queue), silent, _cut: keep });
        queue.set_standing(self.standing(session, silent));
        Some(Line { session, queue, cut, greeting })
    }

    fn greeting(&mut self, now: SimTime) -> Greeting {
        if self.link.is_empty() {
            return Greeting::default();
        }
        let mut strike = |switch| self.link.strike(switch, None, now);
        let delay = strike(Switch::HandshakeDelay).map_or(0, |fault| fault.ms_or(5000));
        let cut = strike(Switch::DropAfterFrames).or_else(|| strike(Switch::DropMidFrame));
        let junk = strike(Switch::HandshakeJunk);
        Greeting {
            delay: milliseconds(delay),
            version: strike(Switch::VersionAnswer).map(|fault| fault.number_or(150)),
            notice_first: strike(Switch::FrameBeforeVersion).is_some(),
            junk: junk.map(|fault| super::bad_bytes::no_tws(fault.text_or("http"), &mut self.link)),
            cut,
        }
    }

    /// What stands against one link.
    fn standing(&self, session: SessionId, silent: bool) -> Standing {
        if self.link.is_empty() {
            return Standing::default();
        }
        let client = self.core.client_of(session);
        let fault = |switch| self.link.standing(switch, client).map(|active| &active.fault);
        let chunk = fault(Switch::Chunk);
        Standing {
            half_open: fault(Switch::HalfOpen).is_some(),
            stall: fault(Switch::Stall).is_some(),
            silent: silent && fault(Switch::AcceptSilent).is_some(),
            delay: milliseconds(fault(Switch::LinkDelay).map_or(0, |fault| fault.ms_or(200))),
            chunk: chunk.map(|fault| fault.bytes.map_or(1, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX))),
            pause: milliseconds(chunk.map_or(0, |fault| fault.ms_or(0))),
        }
    }

    fn output_limit(&self, session: SessionId) -> usize {
        let limit = self.link.standing(Switch::OutputLimit, self.core.client_of(session));
        limit.map_or(usize::MAX, |active| usize::try_from(active.fault.number_or(1000)).unwrap_or(usize::MAX))
    }

    fn refresh_standing(&self) {
        for (session, client) in &self.clients {
            client.queue.set_standing(self.standing(*session, client.silent));
        }
    }

    fn refresh_links(&mut self, refusing: &watch::Sender<bool>) {
        self.refresh_standing();
        let refuses = self.link.standing(Switch::Refuse, None).is_some();
        refusing.send_if_modified(|now| std::mem::replace(now, refuses) != refuses);
    }

    /// The connections that a fault concerns.
    fn concerned(&self, fault: &Fault) -> Vec<SessionId> {
        let all = self.clients.keys().copied();
        all.filter(|session| fault.client.is_none() || fault.concerns(self.core.client_of(*session))).collect()
    }

    /// Faults of the links are over: no connection is cut any more for one of them that has still to count. One that has
    /// struck as often as it may is with those that it has struck.
    fn lift(&mut self, gone: Vec<Active>) {
        for Active { fault, left, .. } in gone {
            let counts = matches!(fault.switch, Switch::DropAfterFrames | Switch::DropMidFrame);
            if !counts || left == Some(0) {
                continue;
            }
            for session in self.concerned(&fault) {
                self.tell(session, Delivery::Lift(fault.switch));
            }
        }
    }

    fn tell(&mut self, session: SessionId, delivery: Delivery) {
        if self.clients.get(&session).is_some_and(|client| client.queue.push(delivery).is_err()) {
            self.drop_client(session, "its queue is full");
        }
    }

    /// A fault of the links strikes now.
    fn strike(&mut self, fault: Fault) {
        for session in self.concerned(&fault) {
            match fault.switch {
                Switch::Drop => self.drop_client(session, "a fault"),
                Switch::OutputLoss => {
                    if let Some(client) = self.clients.get(&session) {
                        client.queue.lose_half();
                    }
                }
                _ => self.tell(session, Delivery::Strike(fault.clone())),
            }
        }
        if fault.switch == Switch::OutputLoss {
            self.step(Input::Fault(fault));
        }
    }

    fn drop_client(&mut self, session: SessionId, why: &str) {
        tracing::debug!(?session, why, "dropped a client");
        self.clients.remove(&session);
        self.counters.dropped += 1;
        // Nothing is sent to anybody by a disconnection.
        let now = self.core.now();
        let _ = self.core.step(Input::Disconnected { session }, now);
    }
}

fn milliseconds(count: i64) -> Duration {
    Duration::from_millis(u64::try_from(count).unwrap_or(0))
}
