//! What the broker shows of an order's size, prices and time in force: it confirms a change, refuses one, or tells of one
//! made elsewhere (R21).

use rust_decimal::Decimal;
use tws_proto::Order;
use tws_proto::kinds::Status;
use tws_proto::message::OrderStatus;

use crate::action::{Action, Alarm, Question};
use crate::intent::Intent;
use crate::orders::Orders;
use crate::outcome::OperationResult;
use crate::reference::IntentId;
use crate::state::{Evidence, State};
use crate::time::Timestamp;

impl Orders {
    /// R21: the last confirmed values stand.
    pub(crate) fn refuse_change(
        &mut self,
        id: IntentId,
        result: OperationResult,
        words: String,
        at: Timestamp,
        actions: &mut Vec<Action>,
    ) {
        self.end_change(id, result, &words, at, actions);
        if let Some(order) = self.orders.get_mut(&id) {
            order.reason = words.into();
            self.tell(id, at, actions);
            self.settle(id, at, actions);
        }
    }

    /// What the broker shows of an order is what it has confirmed: a change that is on its way, or one made elsewhere.
    pub(crate) fn adopt(&mut self, id: IntentId, shown: &Order, at: Timestamp, actions: &mut Vec<Action>) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        let Intent { quantity, kind, time_in_force, .. } = &order.intent;
        let before = (*quantity, kind.clone(), time_in_force.clone());
        let (quantity_before, kind_before, time_in_force_before) = &before;
        // What is equal stays as it is spelled: it is no news, and without a record a replay would not have it.
        let is_shown = |shown: &Decimal| *shown > Decimal::ZERO && *shown >= order.filled;
        if let Some(quantity) = shown.total_quantity.filter(is_shown).filter(|shown| shown != quantity_before) {
            order.intent.quantity = quantity;
        }
        let kind = kind_before.as_shown(shown, order.change.as_ref().and_then(|change| change.kind.as_ref()));
        if kind != *kind_before {
            order.intent.kind = kind;
        }
        if kind_before.distance().is_some()
            && let Some(stop) = shown.trail_stop_price.filter(|stop| !stop.is_zero())
            && order.trailed_to != Some(stop)
        {
            order.trailed_to = Some(stop);
            self.moved.0 = true;
        }
        // That an order trades on the opening is its kind here.
        if !kind_before.is_on_open() {
            let asked = order.change.as_ref().and_then(|change| change.time_in_force.as_ref());
            order.intent.time_in_force = time_in_force_before.as_shown(shown, asked);
        }
        if order.intent.time_in_force != *time_in_force_before {
            let terms = order.intent.contract.known_id().and_then(|id| self.terms.get(&id));
            order.ends_at = terms.and_then(|terms| terms.end_of(&order.intent, at));
        }
        let is_asked_for = order.change.as_ref().and_then(|change| change.quantity) == Some(order.intent.quantity);
        let is_confirmed = order.change.as_ref().is_some_and(|change| change.applied_to(&order.intent) == order.intent);
        if is_confirmed {
            self.end_change(id, OperationResult::Done, "", at, actions);
        }
        let Some(order) = self.orders.get_mut(&id) else { return };
        let Intent { quantity, kind, time_in_force, .. } = &order.intent;
        let is_changed = (quantity, kind, time_in_force) != (quantity_before, kind_before, time_in_force_before);
        let quantity = *quantity;
        // TWS sizes a hedge, and what closes a position shrinks with it.
        let is_own_doing = order.hedge.is_some() || quantity < *quantity_before && order.is_reduced_by_others();
        if quantity != *quantity_before && !is_asked_for && !is_own_doing {
            let shown = quantity;
            actions.push(Action::Alarm(Alarm::ChangedElsewhere { intent: id, quantity: *quantity_before, shown }));
            actions.push(Action::Ask(Question::Snapshot));
        }
        if order.state == State::Filled && order.filled < quantity {
            self.weigh(id, &Evidence::Unfilled, at, "", actions);
        }
        if is_changed || is_confirmed {
            self.tell(id, at, actions);
            self.settle(id, at, actions);
        }
    }

    /// A status shows no prices, but what has filled and what remains are the quantity: a change of it is confirmed.
    pub(crate) fn confirm_by_status(
        &mut self,
        id: IntentId,
        status: &OrderStatus,
        at: Timestamp,
        actions: &mut Vec<Action>,
    ) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        let Some(change) = &order.change else { return };
        let shown = status.filled.zip(status.remaining).and_then(|(filled, rest)| filled.checked_add(rest));
        let is_end = matches!(status.status, Status::Cancelled | Status::ApiCancelled | Status::Inactive);
        let is_told = change.quantity == shown && shown != Some(order.intent.quantity);
        if is_end || !is_told || shown.is_none_or(|shown| shown < order.filled) {
            return;
        }
        order.intent = change.applied_to(&order.intent);
        self.end_change(id, OperationResult::Done, "", at, actions);
        self.tell(id, at, actions);
        self.settle(id, at, actions);
    }
}
