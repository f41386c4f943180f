//! Whose order an event is about (R2), and the numbers that are learnt from events (R3, R22).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use tws_proto::Contract;
use tws_proto::ids::{ClientId, OrderId, PermanentId};
use tws_proto::message::OrderStatus;

use crate::action::{Action, Alarm, Question};
use crate::instrument::is_same_instrument;
use crate::orders::{ORDER_ID_MAX, Orders};
use crate::reference::{IntentId, Owner};
use crate::time::Timestamp;
use tws_proto::Side;

/// Most statuses that wait for a message with a body; the lowest numbers give way.
const UNPROVEN_MAX: usize = 256;

/// Most numbers of IB's that are remembered as not ours; the lowest give way, and are found out again should they come.
const STRANGERS_MAX: usize = 4096;

/// Most references of either kind that are told in a session: whoever was told of so many needs no more, and other alarms
/// keep their places.
const MARKS_MAX: usize = 32;

/// References with a mark of ours that the book does not know, of which a person was told in this session: TWS shows an
/// open order in every snapshot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Marks {
    open: BTreeSet<SmolStr>,
    executed: BTreeSet<SmolStr>,
}

/// As what such a reference was seen.
#[derive(Clone, Copy, Debug)]
enum Seen {
    Open,
    Executed,
}

impl Marks {
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty() && self.executed.is_empty()
    }

    /// Whether that is news. An order that is open is, though its executions were told.
    fn see(&mut self, seen: Seen, reference: &str) -> bool {
        let known = match seen {
            Seen::Open => &mut self.open,
            Seen::Executed if self.open.contains(reference) => return false,
            Seen::Executed => &mut self.executed,
        };
        known.len() < MARKS_MAX && known.insert(reference.into())
    }
}

/// What a message with a body says of an order's names.
pub(crate) struct Names<'a> {
    pub(crate) permanent_id: Option<PermanentId>,
    pub(crate) reference: &'a str,
    pub(crate) client_id: Option<ClientId>,
    pub(crate) order_id: Option<OrderId>,
    pub(crate) account: &'a str,
    pub(crate) contract: &'a Contract,
    pub(crate) side: Option<Side>,
}

/// Whose order a status is about: it has neither reference nor body.
pub(crate) enum StatusOwner {
    /// An order of ours, by IB's number, or by ours where IB has given none.
    Ours(IntentId),
    /// It has our order id, and a number of IB's that nothing has proven to be ours or another's.
    Unproven(PermanentId),
    /// Somebody else's.
    Foreign,
}

impl Orders {
    /// By IB's number, then by reference, then by our own number with an equal body (R2).
    pub(crate) fn owner(&self, names: &Names<'_>) -> Option<IntentId> {
        if let Some(id) = names.permanent_id.and_then(|id| self.by_permanent_id.get(&id)) {
            return Some(*id);
        }
        match self.instance.read(names.reference) {
            Owner::Ours(id) => return self.orders.contains_key(&id).then_some(id),
            Owner::OtherInstance => return None,
            Owner::Foreign if !names.reference.is_empty() => return None,
            Owner::Foreign => {}
        }
        if names.client_id != Some(self.client_id) || names.permanent_id.is_some_and(|id| self.strangers.contains(&id))
        {
            return None;
        }
        let id = *self.by_order_id.get(&names.order_id?)?;
        let intent = &self.orders.get(&id)?.intent;
        let fits = intent.account == names.account
            && Some(intent.side) == names.side
            && is_same_instrument(&intent.contract, names.contract);
        fits.then_some(id)
    }

    /// Never by our order id alone, once IB has a number for the order: ids repeat over days and resets (F17).
    pub(crate) fn status_owner(&self, status: &OrderStatus) -> StatusOwner {
        let permanent_id = status.permanent_id.and_then(PermanentId::known);
        if let Some(id) = permanent_id.and_then(|id| self.by_permanent_id.get(&id)) {
            return StatusOwner::Ours(*id);
        }
        let ours = self.by_order_id.get(&status.order_id).filter(|_| status.client_id == Some(self.client_id));
        match (ours, permanent_id) {
            (None, _) => StatusOwner::Foreign,
            (Some(id), None) => StatusOwner::Ours(*id),
            (Some(_), Some(number)) if self.strangers.contains(&number) => StatusOwner::Foreign,
            (Some(_), Some(number)) => StatusOwner::Unproven(number),
        }
    }

    /// Keeps a status until a message with a body tells whose it is, and asks for one.
    pub(crate) fn keep_unproven(&mut self, number: PermanentId, status: &OrderStatus, actions: &mut Vec<Action>) {
        let before = self.unproven.get(&number);
        if before == Some(status) {
            return;
        }
        if before.is_none() {
            actions.push(Action::Ask(Question::Snapshot));
        }
        self.moved.0 = true;
        self.unproven.insert(number, status.clone());
        if self.unproven.len() > UNPROVEN_MAX {
            self.unproven.pop_first();
        }
    }

    /// Remembers that a number of IB's is not ours, although it may come with an order id of ours.
    pub(crate) fn remember_stranger(&mut self, names: &Names<'_>) {
        let Some(number) = names.permanent_id else { return };
        let collides = names.client_id == Some(self.client_id)
            && names.order_id.is_some_and(|id| self.by_order_id.contains_key(&id));
        let was_unproven = self.unproven.remove(&number).is_some();
        self.moved.0 |= was_unproven;
        if was_unproven || collides {
            self.moved.0 |= self.strangers.insert(number);
            if self.strangers.len() > STRANGERS_MAX {
                self.strangers.pop_first();
            }
        }
    }

    /// An order with a mark of ours that is not in the book: a second trader runs, or the journal is the wrong one.
    pub(crate) fn alarm_at_our_mark(&mut self, names: &Names<'_>, actions: &mut Vec<Action>) {
        if self.has_our_mark(names) && self.marks.see(Seen::Open, names.reference) {
            actions.push(Action::Alarm(Alarm::StrangerWithOurMark { reference: names.reference.to_owned() }));
        }
    }

    /// The same of an execution: what fills at once is never shown as an open order.
    pub(crate) fn alarm_at_our_execution(&mut self, names: &Names<'_>, execution_id: &str, actions: &mut Vec<Action>) {
        if self.has_our_mark(names) && self.marks.see(Seen::Executed, names.reference) {
            let (reference, execution_id) = (names.reference.to_owned(), execution_id.to_owned());
            actions.push(Action::Alarm(Alarm::ExecutionWithOurMark { reference, execution_id }));
        }
    }

    fn has_our_mark(&self, names: &Names<'_>) -> bool {
        match self.instance.read(names.reference) {
            Owner::Ours(_) => true,
            Owner::OtherInstance => names.client_id == Some(self.client_id),
            Owner::Foreign => false,
        }
    }

    /// Learns IB's number of an order. More than one is more than one order at the broker (R22).
    pub(crate) fn bind(&mut self, id: IntentId, number: Option<PermanentId>, at: Timestamp, actions: &mut Vec<Action>) {
        let Some(number) = number else { return };
        let Some(order) = self.orders.get_mut(&id) else { return };
        if order.permanent_ids.has(number) {
            return;
        }
        order.incarnation(number); // of several, each has totals of its own
        order.permanent_ids.insert(number);
        self.moved.0 = true;
        self.by_permanent_id.insert(number, id);
        self.external.remove(&number);
        self.strangers.remove(&number);
        if order.permanent_ids.len() > 1 {
            let permanent_ids = order.permanent_ids.clone();
            actions.push(Action::Alarm(Alarm::SeveralIncarnations { intent: id, permanent_ids }));
        }
        for root in self.executions.unowned(number) {
            self.attribute(id, &root, at, actions);
        }
        // It came first, so it is weighed first.
        if let Some(status) = self.unproven.remove(&number) {
            self.own_status(id, &status, at, actions);
        }
    }

    /// R3: an id that was seen anywhere, of any client, is never given to a new order. Ids of requests, and the maximum
    /// that stands for none, do not count.
    pub(crate) fn see_order_id(&mut self, id: OrderId) {
        if id.0 <= ORDER_ID_MAX {
            self.raise_next_order_id(id.0.saturating_add(1));
        }
    }

    /// The lowest id that TWS would take; beyond the highest that an order may have, there are none left.
    pub(crate) fn see_next_order_id(&mut self, next: OrderId) {
        self.raise_next_order_id(next.0.min(ORDER_ID_MAX + 1));
    }

    fn raise_next_order_id(&mut self, least: i32) {
        self.moved.0 |= least > self.next_order_id;
        self.next_order_id = self.next_order_id.max(least);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_marks_are_told_than_are_kept() {
        let mut marks = Marks::default();
        for seen in [Seen::Executed, Seen::Open] {
            let told = (0..100).filter(|number| marks.see(seen, &number.to_string())).count();
            assert_eq!(told, MARKS_MAX, "{seen:?}");
        }
        assert_eq!((marks.executed.len(), marks.open.len()), (MARKS_MAX, MARKS_MAX));
    }
}
