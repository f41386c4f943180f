//! What is watched of groups: that a bracket is whole or gone (R25), that a position keeps its stop (R25), that no group
//! fills more than it may (R26).

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::action::{Action, Alarm, Protection, Question, Step};
use crate::extension::Extension;
use crate::group::{Exit, OneCancelsAll, Replacement, Revenant, Submission, Unprotected};
use crate::halt::HaltScope;
use crate::instrument::is_same_instrument;
use crate::intent::Intent;
use crate::kind::OrderKind;
use crate::lifetime::TimeInForce;
use crate::orders::{Gate, Orders};
use crate::reconcile::send_cancel;
use crate::reference::IntentId;
use crate::refusal::SubmitError;
use crate::stand_in::{Placed, closed, may_close};
use crate::store::Found;
use crate::time::{SECOND_US, Timestamp};
use crate::tracked::{Cancel, Tracked};

/// For how long a position may stand without its stop: a cancelled stop may be heard of before the fill that caused it.
const GRACE_US: i64 = SECOND_US / 2;
/// After how long protection that was not placed is asked for again.
const AGAIN_US: i64 = 5 * SECOND_US;
/// Decimals to which parts of a group are summed; quotients have no end.
const PARTS_DECIMALS: u32 = 9;

/// An order's place in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// The group, named by its first leg.
    pub group: IntentId,
    /// What the order is in it.
    pub role: Role,
}

/// What an order is in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Opens the position of a bracket, or is what is hedged.
    Entry,
    /// Closes a part of a bracket with a profit.
    TakeProfit,
    /// Closes a part of a bracket with a loss.
    StopLoss,
    /// One of several of which one cancels the others.
    Alternative,
    /// A link of a chain.
    Link,
    /// A hedge.
    Hedge,
}

/// A group as the book knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) legs: Vec<IntentId>,
    /// Quantities as they were ordered: fills of one leg reduce the others.
    pub(crate) sizes: Vec<Decimal>,
    unprotected: Unprotected,
    /// A break came while legs were live: whether all of them are there is not known.
    is_doubted: bool,
    /// A snapshot since then did not show all of them.
    was_incomplete: bool,
    /// Stops that their owner has cancelled: that what they were to close stands without one is meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) waived: Vec<IntentId>,
    /// All of them are, in books of before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_waived: bool,
    is_overfilled: bool,
    /// A part of the position stands without a stop.
    exposed: Option<Exposed>,
    /// What was placed for the position when its stop was lost, in the order in which it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) protections: Vec<Placed>,
}

/// A position without its stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Exposed {
    since: Timestamp,
    /// When it was last acted upon.
    told_at: Option<Timestamp>,
    /// Whether a person was told of it, who is told before an execution proves that there is a position.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_alarmed: bool,
}

impl Exposed {
    /// What is of a time that is still to come was noted before the clock was set back: it has waited for long enough.
    fn is_due(self, now: Timestamp) -> bool {
        let (from, wait) = self.told_at.map_or((self.since, GRACE_US), |told_at| (told_at, AGAIN_US));
        from > now || now.since(from) >= wait
    }
}

/// The places of a submission's legs, in their order; none for what is no group.
fn roles(submission: &Submission) -> Vec<Role> {
    let exit = |exit: &Exit| {
        let profit = exit.take_profit.as_ref().map(|_| Role::TakeProfit);
        profit.into_iter().chain(exit.stop_loss.as_ref().map(|_| Role::StopLoss)).collect::<Vec<_>>()
    };
    match submission {
        Submission::Single(_) | Submission::Replacement(_) => Vec::new(),
        Submission::Bracket(bracket) => {
            std::iter::once(Role::Entry).chain(bracket.exits.iter().flat_map(exit)).collect()
        }
        Submission::OneCancelsAll(OneCancelsAll { legs, .. }) => vec![Role::Alternative; legs.len()],
        Submission::Chain(legs) => vec![Role::Link; legs.len()],
        Submission::Hedged(_) => vec![Role::Entry, Role::Hedge],
    }
}

impl Orders {
    /// Remembers what belongs together.
    pub(crate) fn take_group(&mut self, submission: &Submission) {
        if matches!(submission, Submission::Single(_)) {
            return;
        }
        let legs: Vec<IntentId> = submission.legs().map(|leg| leg.id).collect();
        let Some(group) = legs.first().copied() else { return };
        for (id, role) in legs.iter().zip(roles(submission)) {
            if let Some(order) = self.orders.get_mut(id) {
                order.leg = Some(Leg { group, role });
                order.hedge = submission.hedge().filter(|_| role == Role::Hedge);
            }
        }
        let unprotected = match submission {
            Submission::Replacement(replacement) => return self.take_replacement(replacement),
            Submission::Single(_) => return,
            Submission::Bracket(bracket) => bracket.unprotected,
            Submission::OneCancelsAll(_) | Submission::Chain(_) | Submission::Hedged(_) => Unprotected::default(),
        };
        let sizes = submission.legs().map(|leg| leg.quantity).collect();
        let group_of = Group {
            legs,
            sizes,
            unprotected,
            is_doubted: false,
            was_incomplete: false,
            waived: Vec::new(),
            is_waived: false,
            is_overfilled: false,
            exposed: None,
            protections: Vec::new(),
        };
        self.groups.insert(group, group_of);
    }

    /// A break: whether all legs of a live group are there must be looked at.
    pub(crate) fn doubt_group_of(&mut self, id: IntentId) {
        let Some(leg) = self.orders.get(&id).and_then(|order| order.leg) else { return };
        if leg.role != Role::Alternative
            && let Some(group) = self.groups.get_mut(&leg.group)
        {
            (group.is_doubted, group.was_incomplete) = (true, false);
        }
    }

    /// Whether a snapshot has something to say of a group.
    pub(crate) fn is_any_group_doubted(&self) -> bool {
        self.live().filter_map(|order| self.groups.get(&order.leg?.group)).any(|group| group.is_doubted)
    }

    /// R25: all legs or none. Legs that were never transmitted cannot be listed, so every leg is cancelled, found or not;
    /// only a stop that protects what has filled is left. Two snapshots must miss a leg, for one may be stale (F19).
    /// Gives the legs that were cancelled: there is no verdict on them in this snapshot.
    pub(crate) fn repair_groups(
        &mut self,
        absent: &BTreeSet<IntentId>,
        at: Timestamp,
        actions: &mut Vec<Action>,
    ) -> BTreeSet<IntentId> {
        let mut cancelled = BTreeSet::new();
        let doubted: BTreeSet<IntentId> = self.live().filter_map(|order| Some(order.leg?.group)).collect();
        for name in doubted {
            let Some(group) = self.groups.get_mut(&name).filter(|group| group.is_doubted) else { continue };
            if !group.legs.iter().any(|leg| absent.contains(leg)) {
                group.is_doubted = false;
            } else if !group.was_incomplete {
                group.was_incomplete = true;
                actions.push(Action::Ask(Question::Snapshot));
            } else {
                group.is_doubted = false;
                let legs = group.legs.clone();
                let has_position = self.position_of(name) > Decimal::ZERO;
                let is_spared = |order: &Tracked| has_position && !absent.contains(&order.intent.id) && is_stop(order);
                cancelled.extend(self.cancel_legs(&legs, is_spared, at, actions));
                actions.push(Action::Alarm(Alarm::GroupIncomplete { group: name }));
            }
        }
        cancelled
    }

    /// Cancels the live legs but for those that are spared.
    fn cancel_legs(
        &mut self,
        legs: &[IntentId],
        is_spared: impl Fn(&Tracked) -> bool,
        at: Timestamp,
        actions: &mut Vec<Action>,
    ) -> Vec<IntentId> {
        let mut cancelled = Vec::new();
        for id in legs {
            let Some(order) = self.orders.get_mut(id) else { continue };
            if order.state.is_live() && !order.is_cancel_on_its_way() && !is_spared(order) {
                order.cancel = Some(Cancel { asked_at: at, sent_at: at, tries: 1 });
                actions.push(send_cancel(order));
                cancelled.push(*id);
            }
        }
        cancelled
    }

    /// The owner cancels this order: a stop of a bracket is not missed then, and neither is what stands in its place. That
    /// may stand for all that were lost.
    pub(crate) fn waive_stop(&mut self, id: IntentId) {
        let Some(order) = self.orders.get(&id) else { return };
        let Some((name, stop)) = self.group_of(&order).zip(self.stop_of(&order)) else { return };
        let Some(group) = self.groups.get(&name) else { return };
        let is_lost = |leg: &Tracked| {
            let lives = |order: Found<'_>| order.intent.id != id && order.state.is_live();
            is_stop(leg) && !leg.state.is_live() && !self.stand_ins(leg).any(lives)
        };
        let others = group.legs.iter().filter(|leg| stop != id && **leg != stop).filter_map(|id| self.orders.get(id));
        let mut waived: Vec<IntentId> = others.filter(|leg| is_lost(leg)).map(|leg| leg.intent.id).collect();
        waived.push(stop);
        waived.retain(|stop| !group.waived.contains(stop));
        if let Some(group) = self.groups.get_mut(&name) {
            group.waived.append(&mut waived);
        }
    }

    /// Looks at the groups of the orders that were told of.
    pub(crate) fn watch_groups(&mut self, at: Timestamp, actions: &mut Vec<Action>) {
        if self.groups.is_empty() {
            return;
        }
        let touched = self.touched.0.iter().filter_map(|id| self.group_of(&*self.orders.get(id)?));
        let touched: BTreeSet<IntentId> = touched.collect();
        for name in touched {
            self.watch_group(name, at, actions);
        }
    }

    fn watch_group(&mut self, name: IntentId, at: Timestamp, actions: &mut Vec<Action>) {
        self.watch_overfill(name, at, actions);
        let Some(group) = self.groups.get(&name) else { return };
        let Some(entry) = self.entry_of(name) else { return };
        // R25, 10006: an entry never opens a position that has lost an exit, and exits never outlive an entry that
        // opened none.
        let is_untouched = entry.filled.is_zero() && entry.told.filled.is_zero();
        let has_ended = |id: &IntentId| self.orders.get(id).is_some_and(|order| !order.state.is_live());
        if is_untouched && !group.waives_any() && group.legs.iter().any(has_ended) {
            let legs = group.legs.clone();
            self.cancel_legs(&legs, |_| false, at, actions);
        }
        self.withdraw_protections(name, at, actions);
        let (proven, uncovered) = (self.uncovered(name), self.uncovered_as_told(name));
        let Some(group) = self.groups.get_mut(&name) else { return };
        if uncovered > Decimal::ZERO {
            // What was acted upon is covered; what statuses tell beyond it stands there anew.
            let is_met = proven <= Decimal::ZERO && group.exposed.is_some_and(|exposed| exposed.told_at.is_some());
            let known = group.exposed.filter(|_| !is_met);
            group.exposed = Some(known.unwrap_or(Exposed { since: at, told_at: None, is_alarmed: false }));
            self.exposed.insert(name);
        } else {
            group.exposed = None;
            self.exposed.remove(&name);
        }
    }

    /// What a bracket's entry has opened and its exits have not closed.
    fn position_of(&self, name: IntentId) -> Decimal {
        self.left_of(name, |entry| entry.filled)
    }

    fn left_of(&self, name: IntentId, opened: impl Fn(&Tracked) -> Decimal) -> Decimal {
        let Some(group) = self.groups.get(&name) else { return Decimal::ZERO };
        let opened = self.entry_of(name).map_or(Decimal::ZERO, |entry| opened(&entry));
        self.exits(group).fold(opened, |open, exit| open.saturating_sub(closed(&exit)))
    }

    pub(crate) fn entry_of(&self, name: IntentId) -> Option<Found<'_>> {
        self.orders.get(&name).filter(|order| order.leg.is_some_and(|leg| leg.role == Role::Entry))
    }

    /// How much of a bracket's position has no stop.
    pub(crate) fn uncovered(&self, name: IntentId) -> Decimal {
        self.without_stop(name, self.position_of(name))
    }

    /// The same with what statuses alone call filled of its entry.
    fn uncovered_as_told(&self, name: IntentId) -> Decimal {
        self.without_stop(name, self.left_of(name, closed))
    }

    fn without_stop(&self, name: IntentId, position: Decimal) -> Decimal {
        let Some(group) = self.groups.get(&name) else { return Decimal::ZERO };
        let stops = self.closing(group, |order| is_stop(order) && !group.waives(order.intent.id));
        let covered = stops.map(|stop| may_close(&stop)).fold(Decimal::ZERO, Decimal::saturating_add);
        self.with_stops(group, position).saturating_sub(covered)
    }

    pub(crate) fn is_protection_due(&self, now: Timestamp) -> bool {
        let exposed = self.exposed.iter().filter_map(|name| Some((*name, self.groups.get(name)?.exposed?)));
        exposed
            .into_iter()
            .any(|(name, exposed)| exposed.is_due(now) && (!exposed.is_alarmed || self.uncovered(name) > Decimal::ZERO))
    }

    /// R25: a position without its stop runs its policy. One that a status alone tells of is alarmed: what would be placed
    /// for it could open a position of its own.
    pub(crate) fn protect_exposed(&mut self, at: Timestamp, actions: &mut Vec<Action>) {
        for name in self.exposed.clone() {
            let (proven, quantity) = (self.uncovered(name), self.uncovered_as_told(name));
            let Some(group) = self.groups.get_mut(&name) else { continue };
            let Some(exposed) = group.exposed.as_mut().filter(|exposed| exposed.is_due(at)) else { continue };
            let is_news = !std::mem::replace(&mut exposed.is_alarmed, true) && exposed.told_at.is_none();
            let is_proven = proven > Decimal::ZERO;
            if is_proven {
                exposed.told_at = Some(at);
            }
            let policy = group.unprotected;
            if is_proven {
                let in_the_way = self.in_the_way(name);
                self.cancel_legs(&in_the_way, |order| order.cancel.is_some(), at, actions);
            }
            if is_news {
                actions.push(Action::Alarm(Alarm::Unprotected { group: name, quantity, policy }));
            }
            if !is_proven {
                continue;
            }
            let Some((of, lost)) = self.next_to_protect(name) else { continue };
            let intent = &lost.intent;
            let (kind, extension) = match policy {
                Unprotected::Alarm => continue,
                Unprotected::Protect => (self.kind_anew(&lost), intent.extension.clone()),
                // At once: what its stop waited for, and what only a stop can do, is no part of it.
                Unprotected::Flatten => (OrderKind::Market, intent.extension.as_ref().and_then(Extension::for_whom)),
            };
            let time_in_force = match intent.time_in_force {
                TimeInForce::GoodTillDate(until) if until <= at => TimeInForce::Day, // the position is still there
                _ => intent.time_in_force.clone(),
            };
            let intent = Intent { quantity: proven, kind, time_in_force, extension, ..intent.clone() };
            actions.push(Action::Protect(Box::new(Protection { of, intent, held: None })));
        }
    }

    /// Places what protects a position that has lost its stop, for as much as stands without one now and is still held: `id`
    /// names the new order. It passes the gate, and no halt stands in its way.
    ///
    /// # Errors
    /// As [`Orders::submit`], [`SubmitError::NothingToProtect`] and [`SubmitError::NothingHeld`]; then nothing was sent.
    pub fn protect<G: Gate>(
        &mut self,
        protection: Protection,
        id: IntentId,
        gate: &G,
        now: Timestamp,
    ) -> Result<Step, SubmitError<G::Refusal>> {
        let Protection { of, intent, held } = protection;
        let Some(replaced) = self.orders.get(&of) else { return Err(SubmitError::NothingToReplace(of)) };
        // A further one comes beside what was placed before; a stop of the bracket itself must have ended.
        if replaced.leg.is_some() && replaced.state.is_live() {
            return Err(SubmitError::StillLive(of));
        }
        if replaced.replaced_by.is_some() {
            return Err(SubmitError::ReplacedAlready(of));
        }
        let quantity = self.group_of(&replaced).map_or(Decimal::ZERO, |group| self.uncovered(group));
        if quantity <= Decimal::ZERO {
            return Err(SubmitError::NothingToProtect(of));
        }
        let stops = self.stops_for(&intent);
        let quantity = held.map_or(quantity, |held| quantity.min(held.saturating_sub(stops)));
        if quantity <= Decimal::ZERO {
            return Err(SubmitError::NothingHeld { of, held: held.unwrap_or_default(), stops });
        }
        let intent = Intent { id, quantity, ..intent };
        let submission = Submission::from(Replacement { of, intent, revenant: Revenant::Cancel });
        self.take_submission(submission, gate, now)
    }

    /// How much live stops of its strategy's brackets, and what stands in the place of some, may close where this order would.
    fn stops_for(&self, intent: &Intent) -> Decimal {
        let Intent { account, strategy, side, contract, .. } = intent;
        let stops = self.live().filter(|order| is_stop(order) || self.stand_ins.contains_key(&order.intent.id));
        let alike = stops
            .map(|order| (order, &order.intent))
            .filter(|(_, stop)| stop.account == *account && stop.strategy == *strategy && stop.side == *side);
        let alike = alike.filter(|(_, stop)| is_same_instrument(&stop.contract, contract)).map(|(order, _)| order);
        alike.map(may_close).fold(Decimal::ZERO, Decimal::saturating_add)
    }

    /// The positions for which exits of brackets are live: one of the exits, and how much its bracket has open.
    pub fn guarded(&self) -> impl Iterator<Item = (&Intent, Decimal)> {
        let exits = self.live().filter_map(|order| {
            let leg = order.leg.filter(|leg| matches!(leg.role, Role::TakeProfit | Role::StopLoss))?;
            Some((leg.group, &order.intent))
        });
        let by_group: BTreeMap<IntentId, &Intent> = exits.collect();
        let open = by_group.into_iter().map(|(group, exit)| (exit, self.position_of(group)));
        open.filter(|(_, open)| *open > Decimal::ZERO)
    }

    /// How many brackets have a position without its stop.
    #[must_use]
    pub fn exposed_count(&self) -> usize {
        self.exposed.len()
    }

    /// R26: no group fills more than one of its orders, and no exits close more than their entry.
    fn watch_overfill(&mut self, name: IntentId, at: Timestamp, actions: &mut Vec<Action>) {
        let Some(group) = self.groups.get(&name).filter(|group| !group.is_overfilled) else { return };
        let mut parts = Decimal::ZERO;
        let mut entry = Decimal::MAX;
        for (id, size) in group.legs.iter().zip(&group.sizes) {
            let Some(order) = self.orders.get(id) else { continue };
            let size = (*size).max(order.intent.quantity);
            match order.leg.map(|leg| leg.role) {
                Some(Role::Alternative) => {
                    parts = parts.saturating_add(order.filled.checked_div(size).unwrap_or_default());
                }
                Some(Role::Entry) => {
                    // One that has ended opens no more than it has, and what stands in its place.
                    let opens = if order.state.is_live() { size } else { closed(&order) };
                    let stand_ins =
                        self.stand_ins(&order).map(|order| closed(&order).saturating_add(may_close(&order)));
                    entry = stand_ins.fold(opens, Decimal::saturating_add);
                }
                Some(Role::TakeProfit | Role::StopLoss | Role::Link | Role::Hedge) | None => {}
            }
        }
        let closed = self.exits(group).map(|exit| exit.filled).fold(Decimal::ZERO, Decimal::saturating_add);
        if parts.round_dp(PARTS_DECIMALS) <= Decimal::ONE && closed <= entry {
            return;
        }
        let is_entry = |order: &Tracked| order.leg.is_some_and(|leg| leg.role == Role::Entry);
        let family = self.family(group).filter(|order| !is_entry(order));
        let family: BTreeSet<IntentId> = family.map(|order| order.intent.id).collect();
        let executions = self.executions.iter().filter(|(_, execution)| {
            execution.intent.is_some_and(|id| family.contains(&id)) && execution.quantity > Decimal::ZERO
        });
        let executions: Vec<String> =
            executions.map(|(root, execution)| format!("{root}.{:02}", execution.revision)).collect();
        if let Some(group) = self.groups.get_mut(&name) {
            group.is_overfilled = true;
        }
        let Some(strategy) = self.orders.get(&name).map(|order| order.intent.strategy.clone()) else { return };
        let reason = format!("a group of its orders has filled more than it may: {}", executions.join(", "));
        actions.push(Action::Alarm(Alarm::GroupOverfilled { group: name, executions }));
        self.halted(&HaltScope::Strategy(strategy.into()), &reason, at, actions);
    }
}

impl Group {
    /// Whether this stop is not missed, since its owner has cancelled it.
    pub(crate) fn waives(&self, stop: IntentId) -> bool {
        self.is_waived || self.waived.contains(&stop)
    }

    fn waives_any(&self) -> bool {
        self.is_waived || !self.waived.is_empty()
    }
}

pub(crate) fn is_stop(order: &Tracked) -> bool {
    order.leg.is_some_and(|leg| leg.role == Role::StopLoss)
}
