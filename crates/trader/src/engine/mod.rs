//! The engine: one task that owns all trading state.
//!
//! Inputs are taken one at a time, the order lane first. Each goes through the pure cores in a fixed order: the order
//! book, the ledger, the gate. What they record is durable before anything leaves: messages to TWS, then events to the
//! bus, then answers. So whoever hears of a fill finds the position already moved.

mod arming;
mod clock;
mod commands;
mod controls;
mod exits;
mod hours;
mod lane;
mod login;
mod market;
mod outbox;
mod previews;
mod reconcile;
mod silence;
mod templates;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use event_bus::Bus;
use journal::Journal;
use order::{
    Action, Alarm as OrderAlarm, Event as OrderEvent, IntentId, LinkEvent, Question, SECOND_US, Step, Timestamp,
};
use risk::{Absence, Bell, RiskGate};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};
use tws_client::{Epoch, OrderEvents, TradingClient};
use tws_proto::ids::ContractId;

use crate::books::{Books, IntentIds};
use crate::client_lock::ClientLock;
use crate::config::TraderConfig;
use crate::event::{Alarm, Event, Phase, TraderState};
use crate::mask::redacted;
use crate::moment::Watcher;
use crate::record::Record;

pub(crate) use clock::Clock;
pub(crate) use commands::Command;
pub use commands::{Ended, Refused};
pub use login::LoginFault;
use market::{Market, MarketUpdate};
use outbox::{Commit, Outbox, RECORDS_WAITING_MAX, written};
pub use previews::PreviewError;
use reconcile::{Reconciler, SnapshotDone};

/// Most lane events, commands and market updates that one round takes of each: what they record becomes durable
/// together, and none of them keeps the others waiting for longer.
const ROUND_MAX: usize = 256;
/// How often time alone is looked at.
const TICK: Duration = Duration::from_millis(500);
/// How often executions are asked for at most because positions have lost their stops; an order for one waits longer.
const EXPOSED_PAUSE_US: i64 = SECOND_US / 4;
/// News of markets that may wait; behind them the client conflates.
const MARKET_UPDATES_MAX: usize = 1024;

/// The task that owns all trading state.
pub(crate) struct Engine {
    config: TraderConfig,
    books: Books,
    /// Made when the accounts of the login are known.
    gate: Option<RiskGate>,
    /// Away while a commit is under way.
    journal: Option<Journal>,
    /// The round that is being written.
    commit: Option<Commit>,
    /// Held until all else has ended.
    _client_lock: ClientLock,
    /// Why nothing is written any more, once a write has failed.
    journal_fault: Option<String>,
    client: TradingClient,
    /// Where the session stands: the reasons why it is not ready are told nowhere else.
    session: watch::Receiver<tws_client::State>,
    lane: OrderEvents,
    bus: Bus<Event>,
    state: watch::Sender<TraderState>,
    commands: mpsc::Receiver<Command>,
    /// Says that the trader is gone, and the engine must go too.
    kept: oneshot::Receiver<()>,
    snapshots: mpsc::Receiver<SnapshotDone>,
    snapshot_sender: mpsc::Sender<SnapshotDone>,
    market_updates: mpsc::Receiver<MarketUpdate>,
    market_sender: mpsc::Sender<MarketUpdate>,
    markets: BTreeMap<ContractId, Market>,
    /// Markets watched so far, those that have ended too: tells a market from its predecessor.
    markets_begun: u64,
    /// Asks what accounts are worth.
    equity_task: Option<controls::AbortOnDrop>,
    /// Asks for trading hours that run out.
    hours: hours::HoursWatch,
    /// Looks for positions without prices.
    silence: silence::SilenceWatch,
    /// Templates at work, by label.
    templates: BTreeMap<String, templates::Working>,
    /// How many positions stood without their stops at the last look.
    exposed: usize,
    /// When executions were last asked for because of one.
    asked_for_exposed: Option<Timestamp>,
    /// Orders that changed since templates were last asked.
    changed: BTreeSet<IntentId>,
    /// What orders would do, asked of TWS.
    previews: previews::Previews,
    reconciler: Reconciler,
    absence: Absence,
    /// What was last told of the end of an arming.
    arming_told: Option<arming::ArmingTold>,
    /// Since when anything is counted.
    counted_from: Timestamp,
    /// Tells standing alarms again.
    bell: Bell,
    login: login::Login,
    link: Link,
    ids: IntentIds,
    clock: Clock,
    watcher: Watcher,
    outbox: Outbox,
    /// Why nothing may be traded until a person has looked.
    halted: Option<String>,
    /// What a person should know before all else.
    at_start: Option<Alarm>,
}

/// What the engine is made of.
pub(crate) struct Parts {
    pub(crate) config: TraderConfig,
    pub(crate) books: Books,
    pub(crate) journal: Journal,
    pub(crate) client_lock: ClientLock,
    pub(crate) client: TradingClient,
    pub(crate) lane: OrderEvents,
    pub(crate) bus: Bus<Event>,
    pub(crate) state: watch::Sender<TraderState>,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) kept: oneshot::Receiver<()>,
    pub(crate) clock: Clock,
    pub(crate) watcher: Watcher,
    pub(crate) at_start: Option<Alarm>,
}

/// The link as the order lane has told it so far. The client's own state can be ahead of it.
#[derive(Clone, Copy, Debug, Default)]
struct Link {
    /// The epoch that is ready, and whose login may trade.
    ready: Option<Epoch>,
    /// Whether TWS has lost IB.
    is_degraded: bool,
    /// Frames of this connection that could not be read.
    bad_frames: u64,
    /// Whether the session has ended for good: the lane says nothing more.
    is_over: bool,
}

impl Engine {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts {
            config,
            books,
            journal,
            client_lock,
            client,
            lane,
            bus,
            state,
            commands,
            kept,
            clock,
            watcher,
            at_start,
        } = parts;
        let (market_sender, market_updates) = mpsc::channel(MARKET_UPDATES_MAX);
        let (snapshot_sender, snapshots) = mpsc::channel(1);
        let ids = IntentIds::after(books.last_id());
        let absence = Absence::new(&config.limits, clock.now());
        let silence = silence::SilenceWatch::new(&config.limits);
        let oldest = books.orders.executions().iter().map(|(_, execution)| execution.at).min();
        let counted_from = oldest.unwrap_or_else(|| clock.now());
        Self {
            config,
            books,
            gate: None,
            journal: Some(journal),
            _client_lock: client_lock,
            commit: None,
            journal_fault: None,
            session: client.state(),
            client,
            lane,
            bus,
            state,
            commands,
            kept,
            snapshots,
            snapshot_sender,
            market_updates,
            market_sender,
            markets: BTreeMap::new(),
            markets_begun: 0,
            equity_task: None,
            hours: hours::HoursWatch::default(),
            silence,
            templates: BTreeMap::new(),
            exposed: 0,
            asked_for_exposed: None,
            changed: BTreeSet::new(),
            previews: previews::Previews::default(),
            reconciler: Reconciler::default(),
            absence,
            arming_told: None,
            counted_from,
            bell: Bell::default(),
            login: login::Login::default(),
            link: Link::default(),
            ids,
            clock,
            watcher,
            outbox: Outbox::default(),
            halted: None,
            at_start,
        }
    }

    /// Runs until it is told to stop, or the trader or every handle is gone.
    pub(crate) async fn run(mut self) {
        let reply = self.serve().await;
        self.end(reply).await;
    }

    /// Takes inputs, round by round; gives whoever wants to hear of the end.
    async fn serve(&mut self) -> Option<oneshot::Sender<Ended>> {
        self.outbox.records.push(Record::started(&self.config));
        if let Some(alarm) = self.at_start.take() {
            self.alarm(alarm);
        }
        // Between two runs lies a break like any other: what was open has an unknown outcome (R6), and for how long
        // TWS has had IB is not known (R9).
        self.step(OrderEvent::Link(LinkEvent::Lost));
        self.end_interrupted_templates();
        self.flush().await;
        let mut next_tick = Instant::now() + TICK;
        loop {
            let command = tokio::select! {
                biased;
                written = written(&mut self.commit) => {
                    self.end_commit(written);
                    None
                }
                event = self.lane.recv(), if !self.link.is_over && self.outbox.records.len() < RECORDS_WAITING_MAX => {
                    match event {
                        Some(event) => self.on_lane(event),
                        None => self.on_session_over(),
                    }
                    None
                }
                _ = &mut self.kept => return None,
                Some(done) = self.snapshots.recv() => {
                    self.on_snapshot_done(done);
                    None
                }
                command = self.commands.recv() => match command {
                    Some(command) => Some(command),
                    None => return None,
                },
                Some(update) = self.market_updates.recv() => {
                    self.on_market(update);
                    None
                }
                Ok(()) = self.session.changed() => None,
                () = sleep_until(next_tick) => None,
            };
            if let Some(reply) = self.take_round(command) {
                return Some(reply);
            }
            if Instant::now() >= next_tick {
                next_tick = Instant::now() + TICK;
                self.on_tick();
            }
            self.ask_templates();
            self.flush().await;
            tokio::task::consume_budget().await;
        }
    }

    /// Takes what else waits, of everything some: a flood of one kind keeps no other waiting.
    fn take_round(&mut self, command: Option<Command>) -> Option<oneshot::Sender<Ended>> {
        for _ in 0..ROUND_MAX {
            if self.outbox.records.len() >= RECORDS_WAITING_MAX {
                break;
            }
            let Some(event) = self.lane.try_recv() else { break };
            self.on_lane(event);
        }
        if let Ok(done) = self.snapshots.try_recv() {
            self.on_snapshot_done(done);
        }
        let mut next = command;
        for _ in 0..ROUND_MAX {
            match next.take().or_else(|| self.commands.try_recv().ok()) {
                Some(Command::Stop { reply }) => return Some(reply),
                Some(command) => self.on_command(command),
                None => break,
            }
        }
        for _ in 0..ROUND_MAX {
            let Ok(update) = self.market_updates.try_recv() else { break };
            self.on_market(update);
        }
        None
    }

    fn on_session_over(&mut self) {
        self.link.is_over = true;
        self.lose_previews();
        let reason = self.session.borrow().reason.as_ref().map(ToString::to_string);
        let why = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
        self.halt(&format!("the session with TWS has ended{why}; start the trader again once that is mended"));
    }

    fn on_tick(&mut self) {
        self.watch_journal();
        self.step(OrderEvent::Timer);
        self.watch_losses();
        self.watch_silence();
        self.watch_equity();
        self.watch_absence();
        self.watch_arming();
        self.watch_hours();
        self.watch_previews();
        self.meet_external();
        self.ring();
        self.reconcile_if_due();
    }

    fn step(&mut self, event: OrderEvent) {
        let step = self.books.orders.step(event, self.clock.now());
        self.take(step);
    }

    /// Takes what a step of the order book did.
    fn take(&mut self, step: Step) {
        let Step { records, actions } = step;
        self.outbox.records.extend(records.into_iter().map(|record| Record::Order(Box::new(record))));
        let events = self.books.follow(&actions);
        self.outbox.records.extend(self.books.told(&actions));
        self.outbox.events.extend(events);
        for action in actions {
            match action {
                Action::Send(burst) => self.outbox.send(burst, self.link.ready),
                Action::Ask(Question::Executions) => self.ask_executions(),
                Action::Ask(Question::Snapshot) => self.reconciler.want(),
                Action::Filled(fill) => {
                    self.reconciler.see_fill(&fill);
                    if let Some(gate) = &mut self.gate {
                        gate.traded(&fill);
                    }
                }
                Action::Alarm(OrderAlarm::StrangerWithOurMark { reference }) => self.halt(&format!(
                    "the broker has order {reference} of ours, which the journal does not know (R38); find the journal \
                     that does, or cancel the order in TWS and start again"
                )),
                Action::Protect(protection) => self.protect(*protection),
                Action::Changed(update) => {
                    self.changed.insert(update.intent);
                    self.watch_rejects(&update);
                }
                Action::Commission(_) | Action::Outcome(_) | Action::Alarm(_) => {}
            }
        }
        self.look_at_exposed();
    }

    /// R25: before another stop is placed it is heard whether the position was closed by hand.
    fn look_at_exposed(&mut self) {
        let (now, exposed) = (self.clock.now(), self.books.orders.exposed_count());
        let is_news = exposed > std::mem::replace(&mut self.exposed, exposed);
        let was_asked = self.asked_for_exposed.is_some_and(|at| now.since(at) < EXPOSED_PAUSE_US);
        if is_news && !was_asked {
            self.asked_for_exposed = Some(now);
            self.ask_executions();
        }
    }

    fn alarm(&mut self, alarm: Alarm) {
        self.outbox.events.push(Event::Alarm(alarm));
    }

    /// Stops taking orders until a person has looked. The first reason stands.
    fn halt(&mut self, reason: &str) {
        if self.halted.is_none() {
            let reason = self.redacted(reason.to_owned());
            self.halted = Some(reason.clone());
            self.alarm(Alarm::Halted(reason));
        }
    }

    /// A text for logs and states: without the numbers of accounts.
    fn redacted(&self, text: String) -> String {
        let managed = self.login.accounts().iter().map(String::as_str);
        let held = self.books.ledger.holdings().map(|holding| holding.account);
        redacted(text, managed.chain(held))
    }

    fn phase(&self) -> (Phase, String) {
        if let Some(reason) = &self.halted {
            return (Phase::Halted, reason.clone());
        }
        let session = self.session.borrow();
        if !session.takes_requests() || self.link.ready != Some(session.epoch) {
            return (Phase::Connecting, session.reason.as_ref().map(ToString::to_string).unwrap_or_default());
        }
        if session.phase == tws_client::Phase::Degraded || self.link.is_degraded {
            return (Phase::Degraded, "TWS has lost its connection to IB".to_owned());
        }
        if session.round.is_some() || !self.reconciler.is_reconciled(session.epoch) {
            return (Phase::Reconciling, self.reconciler.trouble().unwrap_or_default());
        }
        if let Some(kill) = &self.books.kill {
            return (Phase::Killed, format!("{}: {}", kill.by, kill.reason));
        }
        (Phase::Ready, String::new())
    }

    /// Tells the world where the trader stands, if that has changed.
    fn publish_state(&mut self) {
        let (phase, reason) = self.phase();
        let epoch = self.session.borrow().epoch.0;
        self.tell_state(phase, reason, epoch);
    }

    fn tell_state(&mut self, phase: Phase, reason: String, epoch: u64) {
        let changed = self.state.send_if_modified(|state| {
            let changed = (state.phase, &state.reason, state.epoch) != (phase, &reason, epoch);
            if changed {
                (state.phase, state.reason, state.epoch) = (phase, reason, epoch);
            }
            changed
        });
        if changed {
            let state = self.state.borrow().clone();
            let reason = self.redacted(state.reason.clone());
            tracing::info!(phase = %state.phase, reason, epoch, "trader");
            self.publish(vec![Event::State(state)]);
        }
    }

    /// Ends the session and closes the journal. What TWS said until then is still taken and recorded.
    async fn end(mut self, reply: Option<oneshot::Sender<Ended>>) {
        self.flush_at_last().await;
        self.markets.clear();
        self.client.shutdown().await;
        while let Some(event) = self.lane.try_recv() {
            self.on_lane(event);
        }
        self.flush_at_last().await;
        let epoch = self.session.borrow().epoch.0;
        self.tell_state(Phase::Stopped, String::new(), epoch);
        let ended = Ended {
            records: self.journal.as_ref().map_or(0, Journal::len),
            fingerprint: self.books.fingerprint(),
            journal_fault: self.journal_fault,
        };
        let closed = self.journal.and_then(|journal| journal.close().err()).map(|error| error.to_string());
        if let Some(reply) = reply {
            // Whoever asked may have gone.
            let _ = reply.send(Ended { journal_fault: ended.journal_fault.or(closed), ..ended });
        }
    }
}
