//! Orders end: cancels on their way, expiry, and what goes with them.

use rust_decimal::Decimal;
use tws_proto::ids::{ClientId, OrderId};
use tws_proto::kinds::TimeInForce;

use super::Core;
use super::orders::NEVER;
use crate::orders::{Hold, OrderKey, OrderRecord, Stage};
use crate::session::SessionId;
use crate::time::SimTime;

/// Text of notice 202.
pub(super) const CANCELLED: &str = "Order Canceled - reason:";
const BY_TRADER: &str = "Cancelled by Trader";

impl Core {
    pub(super) fn cancel_order(&mut self, session: SessionId, client: ClientId, order: OrderId) {
        let key = OrderKey { client, order };
        let Some(record) = self.desk.get(key) else {
            let text = format!("OrderId {order} that needs to be cancelled is not found.");
            return self.outbox.notice(session, order.0, 10147, text);
        };
        if record.stage == Stage::Held || (record.stage.is_live() && record.cancels.is_none()) {
            return self.begin_cancel(key);
        }
        let status = record.status();
        let text =
            format!("OrderId {order} that needs to be cancelled can not be cancelled, state: {}.", status.as_str());
        self.outbox.notice(session, order.0, 10148, text);
    }

    pub(super) fn global_cancel(&mut self) {
        let live: Vec<OrderKey> = self.desk.live().map(|record| record.key).collect();
        for key in live {
            // The cancel of a parent may have ended it already.
            if self.desk.get(key).is_some_and(|record| record.stage.is_live() && record.cancels.is_none()) {
                self.begin_cancel(key);
            }
        }
    }

    /// A cancel takes effect after its way to the exchange; the order may fill until then.
    fn begin_cancel(&mut self, key: OrderKey) {
        let on_its_way = self.rules.cancel_ms.unwrap_or_else(|| self.outbox.latency_ms());
        let at_exchange = self.desk.get(key).is_some_and(|record| record.stage == Stage::Working);
        if on_its_way <= 0 || !at_exchange {
            return self.end_order(key, BY_TRADER, CANCELLED);
        }
        let effect = self.now.plus_ms(on_its_way);
        if let Some(record) = self.desk.get_mut(key) {
            record.cancels = Some(effect);
        }
        self.tell_status(key);
        self.reschedule(key);
    }

    /// Cancels what is left of an order, and what hangs on it.
    pub(super) fn end_order(&mut self, key: OrderKey, how: &str, notice: &str) {
        self.end_with(key, how, (202, notice));
    }

    /// The same with another notice than 202.
    pub(super) fn end_with(&mut self, key: OrderKey, how: &str, (code, notice): (i32, &str)) {
        self.desk.set_stage(key, Stage::Cancelled);
        let now = self.now;
        let Some(record) = self.desk.get_mut(key) else { return };
        record.completed = Some((now, how.to_owned()));
        record.hold = None;
        record.cancels = None;
        let (filled, parent, takes_parent) = (record.filled, record.parent(), record.order.auto_cancel_parent);
        self.tell_status(key);
        self.notice_to_owner(key, code, notice.to_owned());
        for child in self.desk.children(key) {
            let Some(record) = self.desk.get(child) else { continue };
            match record.stage {
                // What the parent did fill stays protected: its children live on, no larger than that.
                Stage::Waiting if filled > Decimal::ZERO => self.activate_child(child),
                Stage::Waiting | Stage::Held => self.end_order(child, how, notice),
                Stage::Dormant
                | Stage::Untriggered
                | Stage::Working
                | Stage::Filled
                | Stage::Cancelled
                | Stage::Inactive => {}
            }
        }
        if let Some(parent) = parent.filter(|_| takes_parent)
            && self.desk.get(parent).is_some_and(|parent| parent.stage.is_live())
        {
            self.end_order(parent, how, notice);
        }
    }

    /// A child whose parent is done: it stands on its own now.
    pub(super) fn activate_child(&mut self, child: OrderKey) {
        self.fit_to_parent(child);
        self.arm(child);
        self.announce(child);
        self.try_order(child, None);
    }

    /// Looks at every order whose moment has come.
    pub(super) fn look_at_orders(&mut self) {
        while let Some(key) = self.desk.pop_wake(self.now) {
            self.look_at(key);
        }
    }

    fn look_at(&mut self, key: OrderKey) {
        let now = self.now;
        let Some(record) = self.desk.get(key) else { return };
        let is_due = |time: Option<SimTime>| time.is_some_and(|time| time <= now);
        if is_due(record.cancels) {
            return self.end_order(key, BY_TRADER, CANCELLED);
        }
        if is_due(record.expires) {
            if record.order.time_in_force == Some(TimeInForce::DayTillCancelled) && record.stage.is_live() {
                return self.deactivate(key);
            }
            return self.end_order(key, "Expired", CANCELLED);
        }
        if !record.stage.is_live() {
            return self.reschedule(key);
        }
        self.release(key);
        self.look_at_conditions(key);
        let Some(record) = self.desk.get(key).filter(|record| record.stage.is_live()) else { return };
        if record.stage == Stage::Dormant {
            let was = record.hold.clone();
            self.arm(key);
            if self.desk.get(key).is_some_and(|record| record.stage != Stage::Dormant || record.hold != was) {
                self.tell_order(key);
            }
        }
        self.try_order(key, None);
        self.reschedule(key);
    }

    /// At the end of its day an order is taken off the market, until its owner sends it again.
    fn deactivate(&mut self, key: OrderKey) {
        if let Some(record) = self.desk.get_mut(key) {
            record.hold = Some(Hold::Deactivated);
            record.expires = None;
        }
        self.desk.set_stage(key, Stage::Dormant);
        self.tell_order(key);
        self.reschedule(key);
    }

    /// Releases the next part of an order that an algorithm works.
    fn release(&mut self, key: OrderKey) {
        let now = self.now;
        let Some(record) = self.desk.get_mut(key).filter(|record| record.stage == Stage::Working) else { return };
        let total = record.total;
        let Some(slices) = record.slices.as_mut() else { return };
        while slices.next <= now && slices.released < total {
            slices.released += slices.size;
            slices.next = slices.next.plus_ms(slices.every_ms);
        }
    }

    /// Works out when an order is to be looked at next though nothing happens.
    pub(super) fn reschedule(&mut self, key: OrderKey) {
        let Some(record) = self.desk.get(key) else { return };
        let wake = self.next_look(record);
        self.desk.set_wake(key, wake);
    }

    fn next_look(&self, record: &OrderRecord) -> Option<SimTime> {
        if !record.stage.is_live() && record.stage != Stage::Held {
            return None;
        }
        let held_until = match record.hold.as_ref().filter(|_| record.stage == Stage::Dormant) {
            Some(Hold::Start(time) | Hold::Auction(time) | Hold::Closed(time)) => Some(*time),
            Some(Hold::Locate(found)) => *found,
            Some(Hold::Conditions | Hold::Deactivated | Hold::Unsimulated(_)) | None => None,
        };
        let works = record.stage == Stage::Working;
        let slice = record.slices.as_ref().filter(|slices| works && slices.released < record.total);
        let conditions = if record.stage.is_live() { self.next_condition(record) } else { None };
        // What is due already is looked at as soon as time moves at all.
        let soon = self.now.plus_ms(1);
        [record.cancels, record.expires, held_until, slice.map(|slices| slices.next), conditions]
            .into_iter()
            .flatten()
            .min()
            .filter(|time| *time < NEVER)
            .map(|time| time.max(soon))
    }
}
