//! Comparing the broker's book with ours: at the start, after every break, and whenever something does not fit.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use order::{
    DAY_US, Event as OrderEvent, Fill, HaltScope, Input, IntentId, SECOND_US, SnapshotEvent, SnapshotFacts, State,
    Step, Timestamp, has_leg,
};
use position::Adjustment;
use risk::{Statement, Told};
use rust_decimal::Decimal;
use tokio::time::timeout;
use tws_client::{Client, Epoch, RequestError, Round};
use tws_proto::ServerVersion;
use tws_proto::ids::ContractId;
use tws_proto::message::{ExecutionData, ExecutionFilter, Position};

use super::{Clock, Engine};
use crate::event::Alarm;
use crate::moment::Moment;
use crate::record::Record;

/// How often a snapshot that failed is tried again before a person must look (R7).
const TRIES_MAX: u32 = 5;
/// Pause between snapshots that something asked for.
const PAUSE_US: i64 = SECOND_US;
/// Pause between snapshots while an order's outcome is unknown; two of them must agree on its absence (R9).
const UNKNOWN_PAUSE_US: i64 = 10 * SECOND_US;
/// Pause between snapshots when all is well (R41).
const STANDING_PAUSE_US: i64 = 60 * SECOND_US;
/// For how many days back executions are asked for, where the server can (R29).
const EXECUTION_DAYS: i32 = 3;

/// For how long back executions are listed for certain, where that many days are asked for: days begin somewhere.
const SURELY_LISTED_US: i64 = 2 * DAY_US;
/// From when on a difference of the clocks is noted (R39).
const SKEW_NOTED: Duration = Duration::from_secs(1);

/// How long a snapshot waits for the clock of TWS.
const SKEW_WAIT: Duration = Duration::from_secs(2);

/// For how long after a fill the broker's position may lag behind it, or run ahead of its execution.
const SETTLE_US: i64 = 5 * SECOND_US;

/// What names a position: account and contract.
type Key = (String, ContractId);

/// Where the comparison stands.
#[derive(Debug, Default)]
pub(super) struct Reconciler {
    /// The epoch whose book has been compared, and agreed.
    reconciled: Option<Epoch>,
    /// Whether that was so in any epoch of this run: until then the books are not what the accounts hold.
    has_agreed: bool,
    /// A snapshot that is coming in.
    pending: Option<Pending>,
    /// Snapshots asked for so far.
    begun: u64,
    /// When the last one ended, whole or not.
    ended_at: Option<Timestamp>,
    /// Whether TWS had had IB for long enough by then to show an order to be lost.
    was_settled: bool,
    /// Something asked for one.
    wanted: bool,
    /// Snapshots in a row that were not answered.
    failures: u32,
    /// Why the last of these was not.
    failure: Option<RequestError>,
    /// Whole snapshots of this epoch that did not agree with the one before, and nothing explains it.
    disagreements: u32,
    /// Orders that the last snapshot of this epoch did not show.
    absent: Option<BTreeSet<IntentId>>,
    /// Differences of positions found by the last snapshot. Only what two snapshots agree on is believed.
    differences: BTreeMap<Key, Decimal>,
    /// When fills were last heard of.
    filled_at: BTreeMap<Key, Timestamp>,
}

/// How the broker's positions stand to those our fills make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    /// A fill was told a moment ago: one of them lags behind.
    Settling,
    Different,
}

/// A snapshot that is coming in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pending {
    number: u64,
    epoch: Epoch,
    /// The comparison that the client awaits before it lets orders out, where it awaits one.
    round: Option<Round>,
}

/// Every part of a snapshot has been answered, or one was not.
#[derive(Debug)]
pub(super) struct SnapshotDone {
    number: u64,
    outcome: Result<Answered, RequestError>,
}

/// What a snapshot says beside what comes on the lane.
#[derive(Debug)]
struct Answered {
    /// Every position of the login.
    positions: Vec<Position>,
    /// Every execution that TWS still lists.
    executions: Vec<ExecutionData>,
    /// By how much the clocks differ at least.
    skew: Option<Duration>,
}

impl Reconciler {
    pub(super) fn is_reconciled(&self, epoch: Epoch) -> bool {
        self.reconciled == Some(epoch)
    }

    /// The link broke: half a snapshot is none, and what was agreed holds no more.
    pub(super) fn lose(&mut self) {
        let filled_at = std::mem::take(&mut self.filled_at);
        *self = Self { begun: self.begun, has_agreed: self.has_agreed, filled_at, ..Self::default() };
    }

    pub(super) fn has_agreed(&self) -> bool {
        self.has_agreed
    }

    /// Why the broker's book is not known yet, where that is more than that it takes its time.
    pub(super) fn trouble(&self) -> Option<String> {
        let Self { failures, failure, .. } = self;
        failure.as_ref().map(|error| format!("try {failures} of {TRIES_MAX} to read the broker's book: {error}"))
    }

    /// Something does not fit; look again soon.
    pub(super) fn want(&mut self) {
        self.wanted = true;
    }

    pub(super) fn see_fill(&mut self, fill: &Fill) {
        if let Some(id) = fill.contract.known_id() {
            self.filled_at.insert((fill.account.to_string(), id), fill.at);
        }
    }

    fn is_settling(&self, key: &Key, now: Timestamp) -> bool {
        self.filled_at.get(key).is_some_and(|at| now.since(*at) < SETTLE_US)
    }

    /// Whether it has failed so often that a person must look: then it is tried no more often than when all is well.
    fn has_given_up(&self) -> bool {
        self.failures >= TRIES_MAX || self.disagreements >= TRIES_MAX
    }

    fn is_due(&self, orders: &order::Orders, now: Timestamp) -> bool {
        let Some(ended_at) = self.ended_at else { return false };
        let has_unknown = orders.has_unknown();
        // The first that can decide does not wait for the next in the row.
        let decides = has_unknown && !self.was_settled && orders.is_upstream_settled(now);
        let pause = if self.has_given_up() {
            STANDING_PAUSE_US
        } else if self.wanted || self.reconciled.is_none() || decides {
            PAUSE_US
        } else if has_unknown {
            UNKNOWN_PAUSE_US
        } else {
            STANDING_PAUSE_US
        };
        self.pending.is_none() && now.since(ended_at) >= pause
    }
}

impl Engine {
    /// Asks for everything at once. What is told of orders and fills comes on the lane, in order with all else there;
    /// that the engine's own questions are answered comes back from the task that asks them, for end markers of others'
    /// questions look the same.
    pub(super) fn begin_snapshot(&mut self) {
        let Some(epoch) = self.link.ready else { return };
        if self.reconciler.pending.is_some() || self.link.is_degraded || self.link.is_over {
            return;
        }
        // A halt keeps orders back, and no knowledge; what cannot be written down is not known after a restart.
        if self.journal_fault.is_some() {
            return;
        }
        self.reconciler.begun += 1;
        let number = self.reconciler.begun;
        let round = self.client.round();
        self.reconciler.pending = Some(Pending { number, epoch, round });
        self.reconciler.wanted = false;
        self.step(OrderEvent::Snapshot(SnapshotEvent::Began));
        let (client, clock, done) = (self.client.clone(), self.clock, self.snapshot_sender.clone());
        tokio::spawn(async move {
            let outcome = ask(&client, clock).await;
            // Where the engine has ended, nobody wants to know.
            let _ = done.send(SnapshotDone { number, outcome }).await;
        });
    }

    pub(super) fn on_snapshot_done(&mut self, done: SnapshotDone) {
        // The client answers a question after it has put everything before the answer's end on the lane.
        while let Some(event) = self.lane.try_recv() {
            self.on_lane(event);
        }
        self.watcher.tell(Moment::Compared);
        let SnapshotDone { number, outcome } = done;
        let Some(pending) = self.reconciler.pending.take_if(|pending| pending.number == number) else {
            return; // of a link that is gone
        };
        let now = self.clock.now();
        self.reconciler.ended_at = Some(now);
        self.reconciler.was_settled = self.books.orders.is_upstream_settled(now);
        match outcome {
            Ok(answered) => self.end_snapshot(pending, &answered),
            Err(error) => self.on_snapshot_failed(error),
        }
    }

    fn end_snapshot(&mut self, pending: Pending, answered: &Answered) {
        let Answered { positions, executions, skew } = answered;
        let now = self.clock.now();
        let unexplained = self.differences(positions).into_keys().collect();
        let history_from = Some(Timestamp(now.0.saturating_sub(SURELY_LISTED_US)));
        let step = self.books.orders.snapshot_ended(&SnapshotFacts { unexplained, history_from }, now);
        let absent = absent(&step);
        self.take(step);
        (self.reconciler.failures, self.reconciler.failure) = (0, None);
        let comparison = self.compare_positions(positions);
        let before = self.reconciler.absent.replace(absent.clone());
        self.look_at_skew(*skew);
        if !self.reconciler.is_reconciled(pending.epoch) {
            self.weigh_agreement(pending, comparison, before.map(|before| before == absent));
        } else if comparison != Comparison::Equal {
            self.reconciler.wanted = true; // live events may explain it; look once more
        }
        if comparison == Comparison::Equal {
            self.watch_exits();
            self.make_statement(pending.epoch, executions);
        }
        if self.books.kill.is_some() {
            // R40: until a snapshot shows none.
            self.cancel_everything();
        }
    }

    /// C13: holds the days that are over against what the broker tells of them, once its book is ours.
    fn make_statement(&mut self, epoch: Epoch, executions: &[ExecutionData]) {
        if !self.reconciler.is_reconciled(epoch) {
            return;
        }
        let (now, limits) = (self.clock.now(), &self.config.limits);
        let Some(days) = Statement::due(self.books.statement.as_ref(), self.counted_from, limits, now) else { return };
        let lists_days = recent_executions(&self.client).last_days.is_some();
        let since = lists_days.then(|| Timestamp(now.0.saturating_sub(SURELY_LISTED_US)));
        let told = Told { executions, since };
        let statement = Statement::of(days, limits, &self.books.orders, told);
        if let Some(first) = statement.differences.first() {
            let (day, count, first) = (statement.last_date(), statement.difference_count, first.to_string());
            self.alarm(Alarm::StatementDiffers { day, count, first });
        }
        self.books.statement = Some(statement.clone());
        self.outbox.records.push(Record::Statement(Box::new(statement)));
    }

    /// Takes the epoch for reconciled once two snapshots in a row agree (R7).
    fn weigh_agreement(&mut self, pending: Pending, comparison: Comparison, orders_agree: Option<bool>) {
        match (comparison, orders_agree) {
            (Comparison::Equal, Some(true)) => {
                // The client says no where it lost IB since the snapshot began, which the lane will tell.
                if pending.round.is_none_or(|round| self.client.reconciled(round).is_ok()) {
                    self.reconciler.reconciled = Some(pending.epoch);
                    self.reconciler.has_agreed = true;
                    self.reconciler.disagreements = 0;
                    // Before the first order can change anything.
                    self.watch_losses();
                } else {
                    self.reconciler.wanted = true;
                }
            }
            (Comparison::Equal, None) => self.begin_snapshot(),
            // The first, or a position that is still moving: live events will explain it.
            (Comparison::Different, None) | (Comparison::Settling, _) => self.reconciler.wanted = true,
            (Comparison::Equal, Some(false)) | (Comparison::Different, Some(_)) => {
                self.reconciler.wanted = true;
                self.reconciler.disagreements += 1;
                if self.reconciler.disagreements >= TRIES_MAX {
                    self.halt(&format!("the broker's book was another each of {TRIES_MAX} times it was read"));
                }
            }
        }
    }

    /// R39: with clocks that differ too much, nothing that depends on the time of day can be believed.
    fn look_at_skew(&mut self, skew: Option<Duration>) {
        let Some(skew) = skew.filter(|skew| *skew >= SKEW_NOTED) else { return };
        tracing::warn!(?skew, "the clock of TWS is another");
        if self.config.clock_skew_max.is_some_and(|most| skew > most) {
            self.halt(&format!("the clocks of TWS and of this machine differ by {skew:?}; set them, then start again"));
        }
    }

    fn on_snapshot_failed(&mut self, error: RequestError) {
        self.reconciler.failures += 1;
        self.reconciler.wanted = true;
        tracing::warn!(%error, failures = self.reconciler.failures, "the broker's book could not be read");
        if self.reconciler.failures >= TRIES_MAX {
            self.halt(&format!("the broker's book could not be read in {TRIES_MAX} tries: {error}"));
        }
        self.reconciler.failure = Some(error);
    }

    /// Asks for executions alone (R14): they come on the lane. Where no answer comes, the order book asks again.
    pub(super) fn ask_executions(&self) {
        if self.link.ready.is_none() || self.link.is_degraded {
            return;
        }
        let client = self.client.clone();
        tokio::spawn(async move {
            if let Err(error) = client.executions(recent_executions(&client)).await {
                tracing::warn!(%error, "executions could not be asked for");
            }
        });
    }

    pub(super) fn reconcile_if_due(&mut self) {
        if self.reconciler.is_due(&self.books.orders, self.clock.now()) {
            self.begin_snapshot();
        }
    }

    /// Holds the broker's positions against those our fills make; what two snapshots agree on is booked as EXTERNAL (R16),
    /// and equal then.
    fn compare_positions(&mut self, held: &[Position]) -> Comparison {
        let now = self.clock.now();
        self.reconciler.filled_at.retain(|_, at| now.since(*at) < SETTLE_US);
        let differences = self.differences(held);
        let is_settling = differences.keys().any(|key| self.reconciler.is_settling(key, now));
        let before = std::mem::replace(&mut self.reconciler.differences, differences.clone());
        if differences.is_empty() {
            return Comparison::Equal;
        }
        if is_settling {
            return Comparison::Settling;
        }
        if before != differences {
            return Comparison::Different;
        }
        self.reconciler.differences.clear();
        for (key, quantity) in differences {
            self.adjust(key, quantity, held);
        }
        Comparison::Equal
    }

    /// What the broker holds more than our fills make, in the accounts that are traded.
    fn differences(&self, held: &[Position]) -> BTreeMap<Key, Decimal> {
        let accounts = self.state.borrow().accounts.clone();
        let mut differences: BTreeMap<Key, Decimal> = BTreeMap::new();
        for position in held {
            let Some(id) = position.contract.known_id() else { continue };
            differences.insert((position.account.clone(), id), position.position.unwrap_or_default());
        }
        let ours: BTreeSet<Key> = self
            .books
            .ledger
            .holdings()
            .map(|holding| (holding.account.to_owned(), holding.instrument.contract_id))
            .collect();
        for key in ours {
            let counted = self.books.position(&key.0, key.1);
            let difference = differences.entry(key).or_default();
            // Numbers of the wire: beyond what can be counted they differ, which is all that matters here.
            *difference = difference.saturating_sub(counted);
        }
        differences.retain(|key, difference| !difference.is_zero() && accounts.contains(&key.0));
        differences
    }

    fn adjust(&mut self, (account, contract_id): Key, quantity: Decimal, held: &[Position]) {
        let told = held.iter().find(|told| told.account == account && told.contract.known_id() == Some(contract_id));
        let known = self.books.ledger.instrument(contract_id).cloned();
        let instrument = match (known, told) {
            (Some(known), _) => known,
            (None, Some(told)) => match self.books.ledger.instrument_of(&told.contract) {
                Ok(instrument) => instrument,
                Err(error) => {
                    let what = format!("a position of {quantity} {}", told.contract.symbol);
                    return self.alarm(Alarm::NotBooked { what, cause: error.into() });
                }
            },
            (None, None) => return, // only what is known differs without the broker's word
        };
        let ours = self.books.position(&account, contract_id);
        let symbol = instrument.symbol.to_string();
        let reason = match self.books.orders.away_since() {
            Some(_) => "estimated: the broker no longer tells the fills of a long absence",
            None => "not explained by fills",
        };
        let adjustment = Adjustment {
            account: account.clone(),
            instrument,
            quantity,
            average_cost: told.and_then(|told| told.average_cost).unwrap_or_default(),
            reason: reason.to_owned(),
            time_us: self.clock.now().0,
        };
        let failed = self.books.adjust(&adjustment);
        let held = self.books.held(&account, contract_id);
        self.outbox.records.push(Record::Adjusted(adjustment));
        self.outbox.records.extend(held);
        self.outbox.events.extend(failed);
        let is_traded = self.is_traded(&account, contract_id);
        let broker = ours.saturating_add(quantity);
        if is_traded {
            let suspects = self.may_have_filled(&account, contract_id, quantity);
            let reason = format!("the broker holds {broker} {symbol}, and fills explain only {ours}{suspects}");
            let scope = HaltScope::Instrument { account: account.clone(), contract_id };
            let step = self.books.orders.halt(scope, reason, self.clock.now());
            self.take(step);
        }
        self.alarm(Alarm::PositionAdjusted { account, symbol, broker, ours });
    }

    /// In words, the orders of which the outcome is not known and that would have moved the position this way.
    fn may_have_filled(&self, account: &str, contract_id: ContractId, moved: Decimal) -> String {
        let unknown = self.books.orders.live().filter(|order| matches!(order.state, State::Unknown(_)));
        let suspects = unknown.filter(|order| {
            let is_here = order.intent.account == account && order.intent.contract.known_id() == Some(contract_id);
            is_here && order.intent.side.signed(moved) > Decimal::ZERO
        });
        let ids: Vec<String> = suspects.map(|order| order.intent.id.to_string()).collect();
        if ids.is_empty() {
            return String::new();
        }
        format!("; what may have filled, for its outcome is not known: {}", ids.join(", "))
    }

    /// Whether a strategy of ours has ever held it, or has an order there (R17).
    fn is_traded(&self, account: &str, contract_id: ContractId) -> bool {
        let mut held = self.books.ledger.holdings();
        let is_held = held.any(|holding| {
            let is_here = holding.account == account && holding.instrument.contract_id == contract_id;
            is_here && holding.strategy.is_some()
        });
        let is_ordered = |order: &order::Tracked| {
            let intent = &order.intent;
            let is_here = intent.account == account || intent.is_spread();
            is_here && (intent.contract.known_id() == Some(contract_id) || has_leg(&intent.contract, contract_id))
        };
        is_held || self.books.orders.live().any(is_ordered)
    }
}

/// The orders that a snapshot did not show.
fn absent(step: &Step) -> BTreeSet<IntentId> {
    let compared = step.records.iter().filter_map(|record| match &record.input {
        Input::Happened(OrderEvent::Snapshot(SnapshotEvent::Compared(compared))) => Some(&compared.absent),
        _ => None, // nothing else comes of a comparison
    });
    compared.flatten().copied().collect()
}

/// Open orders first and positions last: what fills in between shows in a later part.
async fn ask(client: &Client, clock: Clock) -> Result<Answered, RequestError> {
    client.all_open_orders().await?;
    client.completed_orders().await?;
    let executions = client.executions(recent_executions(client)).await?.executions;
    let (positions, skew) = tokio::join!(client.positions(), skew(client, clock));
    Ok(Answered { positions: positions?, executions, skew })
}

/// By how much the clock of TWS differs from ours at least: it tells whole seconds, and its answer takes time.
async fn skew(client: &Client, clock: Clock) -> Option<Duration> {
    let asked = clock.system_time();
    // That the clock is not told must keep no snapshot.
    let told = timeout(SKEW_WAIT, client.server_time()).await.ok()?.ok()?;
    let answered = clock.system_time();
    let ahead = told.duration_since(answered).unwrap_or_default();
    let behind = asked.duration_since(told + Duration::from_secs(1)).unwrap_or_default();
    Some(ahead.max(behind))
}

/// Executions of the days that the server can still tell (R29).
fn recent_executions(client: &Client) -> ExecutionFilter {
    let version = client.state().borrow().server_version.unwrap_or(ServerVersion::OLDEST);
    let last_days = version.reaches(ServerVersion::PARAMETRIZED_DAYS_OF_EXECUTIONS).then_some(EXECUTION_DAYS);
    ExecutionFilter { last_days, ..ExecutionFilter::default() }
}
