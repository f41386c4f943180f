//! The engine: one task that owns all trading state.
//!
//! Inputs are taken one at a time, the order lane first. Each goes through the pure cores in a fixed order: the order
//! book, the ledger, the gate. What they record is durable before anything leaves: messages to TWS, then events to the
//! bus, then answers. So whoever hears of a fill finds the position already moved.

mod commands;
mod lane;
mod market;
mod reconcile;

use std::collections::BTreeMap;
use std::time::Duration;

use event_bus::Bus;
use journal::{Journal, Stamps};
use order::{Action, Burst, Event as OrderEvent, Question, Step, Timestamp};
use risk::RiskGate;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tws_client::{Client, OrderEvents};
use tws_proto::ClientMessage;
use tws_proto::ids::ContractId;

use crate::books::{Books, IntentIds};
use crate::config::TraderConfig;
use crate::event::{Alarm, Event, Phase, TraderState};
use crate::record::Record;

pub use commands::{Ended, Refused};
pub(crate) use commands::{Answer, Command};
pub(crate) use market::MarketUpdate;
use market::Market;
use reconcile::Reconciler;

/// Most lane events taken before their records are made durable together.
const BATCH_MAX: usize = 256;
/// How often time alone is looked at.
const TICK: Duration = Duration::from_millis(500);

/// The task that owns all trading state.
pub(crate) struct Engine {
    config: TraderConfig,
    books: Books,
    /// Made when the accounts of the login are known.
    gate: Option<RiskGate>,
    journal: Journal,
    client: Client,
    lane: OrderEvents,
    bus: Bus<Event>,
    state: watch::Sender<TraderState>,
    commands: mpsc::Receiver<Command>,
    /// For answers of the engine's own questions to TWS.
    own: mpsc::Sender<Command>,
    market_updates: mpsc::Receiver<MarketUpdate>,
    market_sender: mpsc::Sender<MarketUpdate>,
    markets: BTreeMap<ContractId, Market>,
    reconciler: Reconciler,
    ids: IntentIds,
    clock: Clock,
    outbox: Outbox,
    /// Why nothing may be traded until a person has looked.
    halted: Option<String>,
}

/// What the engine is made of.
pub(crate) struct Parts {
    pub(crate) config: TraderConfig,
    pub(crate) books: Books,
    pub(crate) journal: Journal,
    pub(crate) client: Client,
    pub(crate) lane: OrderEvents,
    pub(crate) bus: Bus<Event>,
    pub(crate) state: watch::Sender<TraderState>,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) own: mpsc::Sender<Command>,
    pub(crate) clock: Clock,
}

/// What waits until the records of this round are durable.
#[derive(Default)]
struct Outbox {
    records: Vec<Record>,
    bursts: Vec<Burst>,
    events: Vec<Event>,
    answers: Vec<Answer>,
}

/// Wall time that never goes back and never jumps: read once, then moved by the monotonic clock (R39).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    started: Instant,
    started_at: Timestamp,
}

impl Clock {
    pub(crate) fn start(at: Timestamp) -> Self {
        Self { started: Instant::now(), started_at: at }
    }

    pub(crate) fn now(self) -> Timestamp {
        Timestamp(self.started_at.0 + self.monotonic_us())
    }

    fn monotonic_us(self) -> i64 {
        i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX)
    }
}

impl Engine {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { config, books, journal, client, lane, bus, state, commands, own, clock } = parts;
        let (market_sender, market_updates) = mpsc::channel(1024);
        let ids = IntentIds::after(books.last_id());
        Self {
            config,
            books,
            gate: None,
            journal,
            client,
            lane,
            bus,
            state,
            commands,
            own,
            market_updates,
            market_sender,
            markets: BTreeMap::new(),
            reconciler: Reconciler::default(),
            ids,
            clock,
            outbox: Outbox::default(),
            halted: None,
        }
    }

    /// Runs until it is told to stop or every handle is gone.
    pub(crate) async fn run(mut self) {
        let started = Record::Started {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            mode: self.config.mode.to_string(),
            client_id: self.config.client_id.0,
        };
        self.outbox.records.push(started);
        self.flush();
        let mut next_tick = Instant::now() + TICK;
        loop {
            tokio::select! {
                biased;
                event = self.lane.recv() => match event {
                    Some(event) => {
                        self.on_lane(event);
                        for _ in 1..BATCH_MAX {
                            let Some(event) = self.lane.try_recv() else { break };
                            self.on_lane(event);
                        }
                    }
                    None => self.halt("the session with TWS has ended"),
                },
                command = self.commands.recv() => match command {
                    Some(Command::Stop { reply }) => {
                        self.flush();
                        self.end(reply).await;
                        return;
                    }
                    Some(command) => self.on_command(command),
                    None => return,
                },
                Some(update) = self.market_updates.recv() => self.on_market(update),
                () = sleep_until(next_tick) => {
                    next_tick = Instant::now() + TICK;
                    self.on_tick();
                }
            }
            self.flush();
            if self.lane_is_over() {
                // Nothing comes from TWS any more; commands are still answered, each with a refusal.
                self.serve_the_rest().await;
                return;
            }
        }
    }

    fn lane_is_over(&self) -> bool {
        self.client.state().borrow().phase == tws_client::Phase::Closed && self.lane.is_empty()
    }

    async fn serve_the_rest(mut self) {
        self.halt("the session with TWS has ended");
        self.flush();
        while let Some(command) = self.commands.recv().await {
            if let Command::Stop { reply } = command {
                return self.end(reply).await;
            }
            self.on_command(command);
            self.flush();
        }
    }

    fn on_tick(&mut self) {
        let now = self.clock.now();
        let step = self.books.orders.step(OrderEvent::Timer, now);
        self.take(step);
        self.reconcile_if_due();
    }

    /// Takes what a step of the order book did.
    fn take(&mut self, step: Step) {
        let Step { records, actions } = step;
        self.outbox.records.extend(records.into_iter().map(Record::Order));
        let events = self.books.follow(&actions);
        self.outbox.events.extend(events);
        for action in actions {
            match action {
                Action::Send(burst) => self.outbox.bursts.push(burst),
                Action::Ask(Question::Executions | Question::Snapshot) => self.reconciler.want(self.clock.now()),
                Action::Changed(_) | Action::Filled(_) | Action::Commission(_) | Action::Alarm(_) => {}
            }
        }
    }

    /// Makes the round durable, then lets its effects leave: messages, events, answers. What could not be sent makes
    /// another round.
    fn flush(&mut self) {
        loop {
            let Outbox { records, bursts, events, answers } = std::mem::take(&mut self.outbox);
            let durable = self.make_durable(&records);
            for burst in bursts {
                // Without a record no order leaves; cancels do (R37).
                if durable || !places_orders(&burst) {
                    self.send(burst);
                } else {
                    self.not_sent(&burst, "the journal could not record it");
                }
            }
            self.publish(events);
            for answer in answers {
                answer(durable);
            }
            self.publish_state();
            if self.outbox.is_empty() {
                return;
            }
        }
    }

    fn make_durable(&mut self, records: &[Record]) -> bool {
        if records.is_empty() {
            return self.journal.poisoned().is_none();
        }
        let stamps = Stamps { wall_us: self.clock.now().0, monotonic_us: self.clock.monotonic_us() };
        let entries: Result<Vec<_>, _> = records.iter().map(Record::to_entry).collect();
        let appended = entries.map_err(|error| error.to_string()).and_then(|entries| {
            entries.chunks(Journal::BATCH_RECORDS_MAX).try_for_each(|batch| {
                self.journal.append(stamps, batch).map(|_| ()).map_err(|error| error.to_string())
            })
        });
        match appended {
            Ok(()) => true,
            Err(error) => {
                self.halt(&format!("the journal cannot be written: {error}"));
                false
            }
        }
    }

    fn send(&mut self, burst: Burst) {
        let Burst { places, messages } = burst;
        if let Err(error) = self.client.send_order_messages(messages) {
            if places.is_empty() {
                // A cancel is kept in the book and sent first on return.
                tracing::warn!(%error, "not sent");
            } else {
                self.not_sent(&Burst { places, messages: Vec::new() }, &error.to_string());
            }
        }
    }

    fn not_sent(&mut self, burst: &Burst, reason: &str) {
        if !burst.places.is_empty() {
            let event = OrderEvent::NotSent { intents: burst.places.clone(), reason: reason.to_owned() };
            let step = self.books.orders.step(event, self.clock.now());
            self.take(step);
        }
    }

    fn publish(&mut self, events: Vec<Event>) {
        for event in events {
            if let Event::Alarm(alarm) = &event {
                tracing::error!(%alarm, "alarm");
            }
            for ended in self.bus.publish(&event).closed {
                tracing::warn!(?ended, "a subscriber fell behind and was closed");
            }
        }
    }

    fn alarm(&mut self, alarm: Alarm) {
        self.outbox.events.push(Event::Alarm(alarm));
    }

    /// Stops taking orders until a person has looked. The first reason stands.
    fn halt(&mut self, reason: &str) {
        if self.halted.is_none() {
            self.halted = Some(reason.to_owned());
            self.alarm(Alarm::Halted(reason.to_owned()));
        }
    }

    fn phase(&self) -> (Phase, String) {
        if let Some(reason) = &self.halted {
            return (Phase::Halted, reason.clone());
        }
        let session = self.client.state();
        let session = session.borrow();
        if !session.is_ready() {
            return (Phase::Connecting, session.reason.as_ref().map(ToString::to_string).unwrap_or_default());
        }
        if !session.takes_orders() {
            return (Phase::Degraded, "TWS has lost its connection to IB".to_owned());
        }
        if !self.reconciler.is_reconciled(session.epoch) {
            return (Phase::Reconciling, String::new());
        }
        if let Some(kill) = &self.books.kill {
            return (Phase::Killed, format!("{}: {}", kill.by, kill.reason));
        }
        (Phase::Ready, String::new())
    }

    /// Tells the world where the trader stands, if that has changed.
    fn publish_state(&mut self) {
        let (phase, reason) = self.phase();
        let epoch = self.client.state().borrow().epoch.0;
        let changed = self.state.send_if_modified(|state| {
            let changed = (state.phase, &state.reason, state.epoch) != (phase, &reason, epoch);
            if changed {
                state.phase = phase;
                state.reason.clone_from(&reason);
                state.epoch = epoch;
            }
            changed
        });
        if changed {
            let state = self.state.borrow().clone();
            tracing::info!(phase = %state.phase, reason = state.reason.as_str(), epoch, "trader");
            self.publish(vec![Event::State(state)]);
        }
    }
}

impl Outbox {
    fn is_empty(&self) -> bool {
        let Self { records, bursts, events, answers } = self;
        records.is_empty() && bursts.is_empty() && events.is_empty() && answers.is_empty()
    }
}

fn places_orders(burst: &Burst) -> bool {
    burst.messages.iter().any(|message| matches!(message, ClientMessage::PlaceOrder(_)))
}
