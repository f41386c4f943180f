//! What ended long ago is forgotten: the book holds what can still be told of, and no more (R12).

use std::collections::BTreeSet;

use crate::action::Step;
use crate::event::Input;
use crate::orders::Orders;
use crate::reference::IntentId;
use crate::time::{DAY_US, Timestamp};
use crate::tracked::Tracked;

/// For how long an ended order and the keys of its executions are kept at least: the broker tells executions of a week
/// again.
pub const KEEP_US: i64 = 8 * DAY_US;

impl Orders {
    /// Forgets orders that ended before `before` and executions from before it, never less than [`KEEP_US`] old. What may
    /// still move stays: live orders, orders whose fills are missing, and groups until all of their legs, and all that
    /// stands in the place of these, can go.
    pub fn forget_ended_before(&mut self, before: Timestamp, now: Timestamp) -> Step {
        let before = before.min(Timestamp(now.0.saturating_sub(KEEP_US)));
        let has_old = self.orders.values().any(|order| self.can_go(&order, before));
        if has_old || self.executions.is_any_unowned_before(before) {
            self.record(Input::Forgotten { before }, now)
        } else {
            Step::default()
        }
    }

    pub(crate) fn forgotten(&mut self, before: Timestamp) {
        let gone: BTreeSet<IntentId> =
            self.orders.values().filter(|order| self.can_go(order, before)).map(|order| order.intent.id).collect();
        for id in &gone {
            let Some(order) = self.orders.remove(id) else { continue };
            self.by_order_id.remove(&order.order_id);
            for number in &order.permanent_ids {
                self.by_permanent_id.remove(number);
            }
            self.groups.remove(id);
            self.stand_ins.remove(id);
            self.exposed.remove(id);
            self.settling.remove(id);
        }
        self.orders.renew();
        self.executions.forget(before, &gone);
    }

    fn can_go(&self, order: &Tracked, before: Timestamp) -> bool {
        let group = self.group_of(order).and_then(|name| self.groups.get(&name));
        self.is_over(order, before)
            && group.is_none_or(|group| self.family(group).all(|member| self.is_over(&member, before)))
    }

    fn is_over(&self, order: &Tracked, before: Timestamp) -> bool {
        let is_old = order.ended_at.is_some_and(|ended| ended < before) && order.updated_at < before;
        is_old && !order.state.is_live() && !self.missing.contains(&order.intent.id)
    }
}
