//! What stands in the place of an order: of one that has ended (R11), or of a stop that a position has lost (R25).

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::group::{Replacement, Revenant};
use crate::guard::{Group, Role, is_stop};
use crate::kind::OrderKind;
use crate::orders::Orders;
use crate::reconcile::send_cancel;
use crate::reference::IntentId;
use crate::state::State;
use crate::store::Found;
use crate::time::Timestamp;
use crate::tracked::{Cancel, Tracked};

/// What was placed for a position that had lost its stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Placed {
    id: IntentId,
    /// It was cancelled from here, because less was left to protect.
    is_withdrawn: bool,
}

impl Orders {
    /// Remembers that one order stands in the place of another.
    pub(crate) fn take_replacement(&mut self, replacement: &Replacement) {
        let Replacement { of, intent, revenant } = replacement;
        let replaced = self.orders.get(of);
        let group = replaced.as_ref().and_then(|replaced| self.group_of(replaced));
        // Whoever places a stop anew wants one.
        let is_stop_anew = |stop: &IntentId| self.orders.get(stop).is_some_and(|stop| stop.intent.side == intent.side);
        let stop = replaced.as_ref().and_then(|replaced| self.stop_of(replaced)).filter(is_stop_anew);
        if let Some((name, stop)) = group.zip(stop)
            && let Some(group) = self.groups.get_mut(&name)
        {
            group.waived.retain(|waived| *waived != stop);
        }
        let protects = group.is_some_and(|group| self.protects(group, replacement));
        if let Some(replaced) = self.orders.get_mut(of) {
            replaced.replaced_by = Some((intent.id, *revenant));
        }
        if let Some(order) = self.orders.get_mut(&intent.id) {
            order.in_place_of = Some(*of);
        }
        if let Some(name) = group {
            self.stand_ins.insert(intent.id, name);
            if let Some(group) = self.groups.get_mut(&name).filter(|_| protects) {
                group.protections.push(Placed { id: intent.id, is_withdrawn: false });
            }
        }
    }

    /// Whether a replacement protects the position of its bracket, whoever places it: it stands for a stop, on its side,
    /// and for no more than has none.
    fn protects(&self, name: IntentId, replacement: &Replacement) -> bool {
        let Replacement { of, intent, revenant } = replacement;
        let Some(group) = self.groups.get(&name) else { return false };
        let stops = || self.stops(group).find(|stop| stop.intent.id == *of);
        *revenant == Revenant::Cancel
            && intent.quantity <= self.uncovered(name)
            && stops().is_some_and(|stop| stop.intent.side == intent.side)
    }

    /// No more of what was placed for a position stays live than is left of it: what is too much is cancelled, the last
    /// that was placed first. For a rest that then stands alone the policy runs again, once the cancel is answered.
    pub(crate) fn withdraw_protections(&mut self, name: IntentId, at: Timestamp, actions: &mut Vec<Action>) {
        let Some(group) = self.groups.get(&name).filter(|group| !group.protections.is_empty()) else { return };
        // Executions of the entry may be late: too much of a stop for a moment is better than none.
        let opened = self.entry_of(name).map_or(Decimal::ZERO, |entry| closed(&entry));
        let position = self.exits(group).fold(opened, |left, exit| left.saturating_sub(closed(&exit)));
        let mut left = self.with_stops(group, position).saturating_sub(self.covered_by_legs(group));
        let mut too_much = BTreeSet::new();
        for Placed { id, .. } in &group.protections {
            let Some(order) = self.orders.get(id).filter(|order| !order.is_cancel_on_its_way()) else { continue };
            let open = may_close(&order);
            if open > left.max(Decimal::ZERO) {
                too_much.insert(*id);
            } else {
                left = left.saturating_sub(open);
            }
        }
        for id in &too_much {
            let Some(order) = self.orders.get_mut(id) else { continue };
            order.cancel = Some(Cancel { asked_at: at, sent_at: at, tries: 1 });
            actions.push(send_cancel(order));
        }
        let Some(group) = self.groups.get_mut(&name) else { return };
        for placed in &mut group.protections {
            placed.is_withdrawn |= too_much.contains(&placed.id);
        }
    }

    /// How much of a bracket's position is to have a stop: what those exits have not closed that were given one. An exit may
    /// be without, and what it has open is never missed.
    pub(crate) fn with_stops(&self, group: &Group, position: Decimal) -> Decimal {
        let legs = group.legs.iter().zip(&group.sizes).filter_map(|(id, size)| Some((self.orders.get(id)?, *size)));
        let stops: Vec<_> = legs.filter(|(order, _)| is_stop(order) && !group.waives(order.intent.id)).collect();
        let sizes = stops.iter().map(|(order, size)| order.intent.quantity.max(*size));
        let to_close = sizes.fold(Decimal::ZERO, Decimal::saturating_add);
        // The two of a pair are in one group at the broker, or in none where there is no other exit.
        let is_stopped = |exit: &Tracked| stops.iter().any(|(stop, _)| stop.oca_group == exit.oca_group);
        let exits = self.closing(group, |order| is_exit(order) && is_stopped(order));
        let open = exits.fold(to_close, |open, exit| open.saturating_sub(closed(&exit)));
        position.min(open.max(Decimal::ZERO))
    }

    /// How much of a bracket's position its own stops close. What their take profits have closed they no longer do: TWS
    /// takes it from them, and tells of it later.
    fn covered_by_legs(&self, group: &Group) -> Decimal {
        let (mut covered, mut taken) = (Decimal::ZERO, Decimal::ZERO);
        for (leg, size) in group.legs.iter().filter_map(|id| self.orders.get(id)).zip(&group.sizes) {
            match leg.leg.map(|leg| leg.role) {
                Some(Role::TakeProfit) => taken = closed(&leg),
                Some(Role::StopLoss) => {
                    let rest = size.saturating_sub(taken).saturating_sub(closed(&leg)).max(Decimal::ZERO);
                    let is_let_go = leg.is_cancel_on_its_way() || group.waives(leg.intent.id);
                    let closes = if is_let_go { Decimal::ZERO } else { may_close(&leg).min(rest) };
                    covered = covered.saturating_add(closes);
                    taken = Decimal::ZERO;
                }
                Some(Role::Entry | Role::Alternative | Role::Link | Role::Hedge) | None => {}
            }
        }
        covered
    }

    /// Which order of a bracket the next protection stands in the place of, and the stop that was lost: first of all a
    /// stop that nothing stands for yet.
    pub(crate) fn next_to_protect(&self, name: IntentId) -> Option<(IntentId, Found<'_>)> {
        let group = self.groups.get(&name)?;
        let lost = || {
            let stops = group.legs.iter().filter_map(|id| self.orders.get(id));
            stops.filter(|order| is_stop(order) && !order.state.is_live() && !group.waives(order.intent.id))
        };
        if let Some(stop) = lost().find(|stop| stop.replaced_by.is_none()) {
            return Some((stop.intent.id, stop));
        }
        lost().find_map(|stop| {
            let last = self.stand_ins(&stop).last()?;
            group.may_be_followed(&last).then_some((last.intent.id, stop))
        })
    }

    /// The kind of a stop that is placed anew: one that trails goes on where it, or what last stood in its place, was shown to
    /// stand. That is brought to a step of the price towards the market, so that it loses no more.
    pub(crate) fn kind_anew(&self, lost: &Tracked) -> OrderKind {
        let last = self.stand_ins(lost).filter_map(|order| order.trailed_to).last();
        let Some(stop) = last.or(lost.trailed_to) else { return lost.intent.kind.clone() };
        let terms = self.terms_of(&lost.intent);
        lost.intent.kind.trailed_to(terms.map_or(stop, |terms| terms.on_step(stop, lost.intent.side.opposite())))
    }

    /// What of a bracket must end before a lost stop is placed anew: nothing may open more of the position, and what is placed
    /// must not fill beside the profit of the same pair, or what stands in its place. Other pairs have their own stops.
    pub(crate) fn in_the_way(&self, name: IntentId) -> Vec<IntentId> {
        let Some(group) = self.groups.get(&name) else { return Vec::new() };
        let is_lost = |stop: &Tracked| {
            let has_ended = is_stop(stop) && !stop.state.is_live() && !group.waives(stop.intent.id);
            has_ended && !self.stand_ins(stop).any(|order| order.state.is_live())
        };
        let legs = group.legs.iter().filter_map(|id| self.orders.get(id));
        let lost: Vec<_> = legs.filter(|order| is_lost(order)).collect();
        let is_of_lost = |exit: &Tracked| lost.iter().any(|stop| stop.oca_group == exit.oca_group);
        let profits = self.closing(group, |order| is_exit(order) && !is_stop(order) && is_of_lost(order));
        std::iter::once(name).chain(profits.map(|order| order.intent.id)).collect()
    }

    /// What stands in an order's place, and in the place of that, and so on: each is newer than the one before, so there
    /// is a last one.
    pub(crate) fn stand_ins<'a>(&'a self, order: &Tracked) -> impl Iterator<Item = Found<'a>> + use<'a> {
        let next = |order: &Tracked| order.replaced_by.and_then(|(by, _)| self.orders.get(&by));
        std::iter::successors(next(order), move |order| next(order))
    }

    /// The stop of a bracket that an order is, or in the place of which it stands.
    pub(crate) fn stop_of(&self, order: &Tracked) -> Option<IntentId> {
        let group = self.groups.get(&self.group_of(order)?)?;
        let stops = group.legs.iter().filter_map(|id| self.orders.get(id)).filter(|leg| is_stop(leg));
        let id = order.intent.id;
        let stands_in = |stop: &Found<'_>| self.stand_ins(stop).any(|order| order.intent.id == id);
        stops.into_iter().find(|stop| stop.intent.id == id || stands_in(stop)).map(|stop| stop.intent.id)
    }

    /// The group of a leg, or of what stands in the place of one.
    pub(crate) fn group_of(&self, order: &Tracked) -> Option<IntentId> {
        let stands_in = || self.stand_ins.get(&order.intent.id).copied();
        // Books of before do not have these groups, and replaced nothing twice.
        let replaced = || Some(self.orders.get(&order.in_place_of?)?.leg?.group);
        order.leg.map(|leg| leg.group).or_else(stands_in).or_else(replaced)
    }

    /// The legs of a group and all that stands in their places.
    pub(crate) fn family<'a>(&'a self, group: &'a Group) -> impl Iterator<Item = Found<'a>> {
        let legs = group.legs.iter().filter_map(|id| self.orders.get(id));
        legs.flat_map(|leg| {
            let stand_ins = self.stand_ins(&leg);
            std::iter::once(leg).chain(stand_ins)
        })
    }

    /// The exits of a bracket and what stands in their places, on their side.
    pub(crate) fn exits<'a>(&'a self, group: &'a Group) -> impl Iterator<Item = Found<'a>> {
        self.closing(group, is_exit)
    }

    /// The stops of a bracket and what stands in their places, on their side.
    pub(crate) fn stops<'a>(&'a self, group: &'a Group) -> impl Iterator<Item = Found<'a>> {
        self.closing(group, is_stop)
    }

    pub(crate) fn closing<'a>(
        &'a self,
        group: &'a Group,
        is_wanted: impl Fn(&Tracked) -> bool,
    ) -> impl Iterator<Item = Found<'a>> {
        let legs = group.legs.iter().filter_map(|id| self.orders.get(id));
        legs.filter(move |leg| is_wanted(leg)).flat_map(|leg| {
            let side = leg.intent.side;
            let stand_ins = self.stand_ins(&leg).filter(move |order| order.intent.side == side);
            std::iter::once(leg).chain(stand_ins)
        })
    }
}

impl Group {
    /// Whether more may be placed behind this one. Where it was refused, or ended before it had done its part, only a
    /// person can help: the next would end as it did.
    fn may_be_followed(&self, last: &Tracked) -> bool {
        let is_withdrawn = self.protections.iter().any(|placed| placed.id == last.intent.id && placed.is_withdrawn);
        last.state.is_live() || last.state == State::Filled || is_withdrawn
    }
}

fn is_exit(order: &Tracked) -> bool {
    order.leg.is_some_and(|leg| matches!(leg.role, Role::TakeProfit | Role::StopLoss))
}

/// How much an order has opened or closed: statuses count, for executions may be late.
pub(crate) fn closed(order: &Tracked) -> Decimal {
    order.filled.max(order.told.filled)
}

/// How much an exit may still close.
pub(crate) fn may_close(order: &Tracked) -> Decimal {
    let open = order.intent.quantity.saturating_sub(closed(order)).max(Decimal::ZERO);
    if order.state.is_live() { open } else { Decimal::ZERO }
}
