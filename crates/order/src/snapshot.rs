//! Snapshots of the broker's book: what they show is compared with ours, and only the difference is recorded (R8, R9).

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use tws_proto::ids::{ContractId, PermanentId};

use crate::action::{Action, Alarm, Question, Step};
use crate::combination::may_move;
use crate::event::{Compared, Event, Input, SnapshotEvent};
use crate::halt::HaltScope;
use crate::orders::Orders;
use crate::outcome::OperationResult;
use crate::reference::IntentId;
use crate::state::{Evidence, State};
use crate::time::{DAY_US, SECOND_US, Timestamp};
use crate::tracked::Tracked;

/// How far apart two snapshots must be to agree that an order is absent (R9).
const ABSENT_APART_US: i64 = 10 * SECOND_US;
/// How often a snapshot is recorded that shows no difference: it bounds for how long fills may be unknown (R30).
const RECORD_EVERY_US: i64 = 3600 * SECOND_US;

/// What a whole snapshot says beside the orders it lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnapshotFacts {
    /// Positions, by account and contract, that our fills do not explain: no order there is called lost (R9).
    pub unexplained: Vec<(String, ContractId)>,
    /// Since when the broker tells executions; `None` where that is not known.
    pub history_from: Option<Timestamp>,
}

/// A snapshot that is coming in. It is no part of the book: what it shows becomes a record when it is whole, and a
/// snapshot that a restart cuts in two is none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Incoming(Option<Seen>);

/// Two books are equal whatever is coming in.
impl PartialEq for Incoming {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// What has been seen of a snapshot.
#[derive(Clone, Debug)]
struct Seen {
    began_at: Timestamp,
    ours: BTreeSet<IntentId>,
    unchanged: BTreeSet<IntentId>,
    external: BTreeSet<PermanentId>,
}

impl Incoming {
    pub(crate) fn begin(&mut self, at: Timestamp) {
        let (ours, unchanged, external) = Default::default();
        self.0 = Some(Seen { began_at: at, ours, unchanged, external });
    }

    pub(crate) fn drop_half(&mut self) {
        self.0 = None;
    }

    /// An order of ours is at the broker: the snapshot need not list it.
    pub(crate) fn see(&mut self, id: IntentId) {
        if let Some(seen) = &mut self.0 {
            seen.ours.insert(id);
        }
    }

    /// An order is shown with all that was asked of it, or without a change.
    pub(crate) fn see_change(&mut self, id: IntentId, is_unchanged: bool) {
        if let Some(seen) = &mut self.0 {
            if is_unchanged {
                seen.unchanged.insert(id);
            } else {
                seen.unchanged.remove(&id);
            }
        }
    }

    pub(crate) fn see_external(&mut self, number: PermanentId) {
        if let Some(seen) = &mut self.0 {
            seen.external.insert(number);
        }
    }
}

impl Orders {
    /// Ends a snapshot, every part of which was answered in one epoch. Only what it shows to be different is recorded.
    pub fn snapshot_ended(&mut self, facts: &SnapshotFacts, now: Timestamp) -> Step {
        match self.compare(facts, now) {
            Some(compared) if self.says_something(&compared, now) => {
                let event = Event::Snapshot(SnapshotEvent::Compared(Box::new(compared)));
                self.record(Input::Happened(event), now)
            }
            Some(_) | None => Step::default(),
        }
    }

    /// Holds what came in against our book.
    pub(crate) fn compare(&mut self, facts: &SnapshotFacts, at: Timestamp) -> Option<Compared> {
        let seen = self.snapshot.0.take()?;
        // One of a time that is still to come was there before the clock was set back.
        let is_older = |order: &&Tracked| order.created_at < seen.began_at || order.created_at > at;
        let live = || self.live().filter(is_older);
        let absent: Vec<IntentId> = live().map(|order| order.intent.id).filter(|id| !seen.ours.contains(id)).collect();
        let would_show = |order: &&Tracked| {
            self.link.would_show_change(order, seen.began_at, at) && seen.unchanged.contains(&order.intent.id)
        };
        let unchanged = live().filter(would_show).map(|order| order.intent.id).collect();
        let external_gone = self.external.keys().filter(|number| !seen.external.contains(number)).copied().collect();
        let last = self.link.compared_at;
        let away_since = last.filter(|last| facts.history_from.is_some_and(|from| *last < from));
        let matters = !absent.is_empty() || away_since.is_some();
        let unexplained = if matters { self.unexplained(facts) } else { Vec::new() };
        Some(Compared { absent, unchanged, external_gone, unexplained, away_since })
    }

    /// Positions that our fills do not explain. One that was booked as of others stays among them until a person has
    /// acknowledged the halt that came with it: whose fill moved it is not known.
    fn unexplained(&self, facts: &SnapshotFacts) -> Vec<(String, ContractId)> {
        let mut unexplained = facts.unexplained.clone();
        for halt in self.halts() {
            match &halt.scope {
                HaltScope::Instrument { account, contract_id } => unexplained.push((account.clone(), *contract_id)),
                HaltScope::Everything | HaltScope::Strategy(_) => {}
            }
        }
        unexplained.sort_unstable();
        unexplained.dedup();
        unexplained
    }

    fn says_something(&self, compared: &Compared, now: Timestamp) -> bool {
        let Compared { absent, unchanged, external_gone, unexplained: _, away_since } = compared;
        let differs = !(absent.is_empty() && unchanged.is_empty() && external_gone.is_empty());
        let is_time = self.link.compared_at.is_none_or(|last| now.since(last) >= RECORD_EVERY_US);
        differs
            || is_time
            || away_since.is_some()
            || self.is_any_group_doubted()
            || self.live().any(|order| order.absent_since.is_some())
    }

    pub(crate) fn compared(&mut self, compared: &Compared, at: Timestamp, actions: &mut Vec<Action>) {
        self.meet_absence(compared, at, actions);
        self.link.compared_at = Some(at);
        for number in &compared.external_gone {
            self.external.remove(number);
        }
        for id in &compared.unchanged {
            let words = "the broker shows the order without the change".to_owned();
            self.refuse_change(*id, OperationResult::Refused, words, at, actions);
        }
        let absent: BTreeSet<IntentId> = compared.absent.iter().copied().collect();
        for id in self.live.difference(&absent) {
            if let Some(order) = self.orders.get_mut(id) {
                order.absent_since = None;
            }
        }
        // R25 comes before any verdict.
        let being_cancelled = self.repair_groups(&absent, at, actions);
        for id in &compared.absent {
            let is_explained = self.is_explained(*id, compared) && !being_cancelled.contains(id);
            self.miss(*id, is_explained, at, actions);
        }
    }

    /// R30: after an absence that the broker's history does not cover, fills may be unknown for ever. Where there was
    /// anything that could have filled, or positions differ, a person must look before anything is traded.
    fn meet_absence(&mut self, compared: &Compared, at: Timestamp, actions: &mut Vec<Action>) {
        let Some(since) = compared.away_since else { return };
        if compared.unexplained.is_empty() && self.live().next().is_none() {
            return;
        }
        self.link.away_since = Some(since);
        let days = at.since(since) / DAY_US;
        let reason = format!("after {days} days away the broker no longer tells what has filled meanwhile");
        self.halted(&HaltScope::Everything, &reason, at, actions);
    }

    /// Since when fills may be unknown for ever (R30): until a person acknowledges, what is booked to make positions
    /// agree is an estimate.
    #[must_use]
    pub const fn away_since(&self) -> Option<Timestamp> {
        self.link.away_since
    }

    /// Whether nothing unexplained speaks for a fill of this order.
    fn is_explained(&self, id: IntentId, compared: &Compared) -> bool {
        let Some(order) = self.orders.get(&id) else { return true };
        let intent = &order.intent;
        // What an advisor spreads moves positions in accounts that the order does not name.
        let is_here = |account: &str| intent.is_spread() || intent.account == account;
        let concerns = |(of, id): &(String, ContractId)| is_here(of) && may_move(&intent.contract, *id);
        !compared.unexplained.iter().any(concerns)
    }

    /// An order was in no part of a whole snapshot.
    fn miss(&mut self, id: IntentId, is_explained: bool, at: Timestamp, actions: &mut Vec<Action>) {
        let settled = self.is_upstream_settled(at);
        let Some(order) = self.orders.get_mut(&id).filter(|order| order.state.is_live()) else { return };
        let apart = order.absent_since.is_some_and(|since| at.since(since) >= ABSENT_APART_US);
        order.absent_since.get_or_insert(at);
        let sure = apart && settled && is_explained;
        if sure && order.is_filled_unproven() && !order.is_given_up() {
            // R9: nothing is lost while a fill is not explained.
            let (told, filled) = (order.told.filled, order.filled);
            if order.told.asked_at.is_none() {
                order.told.asked_at = Some(at);
                actions.push(Action::Alarm(Alarm::FillsMissing { intent: id, told, filled })); // once
            }
            self.weigh(id, &Evidence::AbsentOnce, at, "", actions);
            actions.push(Action::Ask(Question::Executions));
            return;
        }
        let open = order.intent.quantity.saturating_sub(order.filled);
        let is_past = order.ends_at.is_some_and(|end| end <= at);
        let (evidence, words) = match (sure, open > Decimal::ZERO) {
            (true, false) => (Evidence::FilledInFull, ""),
            (true, true) if is_past => {
                (Evidence::AbsentPastItsTime, "inferred: its time is up, and the broker does not have it any more")
            }
            (true, true) => (Evidence::AbsentForSure, ""),
            (false, _) => (Evidence::AbsentOnce, ""),
        };
        self.weigh(id, &evidence, at, words, actions);
        if self.orders.get(&id).is_some_and(|order| order.state == State::Lost) {
            actions.push(Action::Alarm(Alarm::Lost { intent: id }));
        }
    }
}
