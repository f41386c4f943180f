//! Links, snapshots and time: what is not known, and how it is found out (R6, R8, R9, R14, R19).

use crate::action::{Action, Alarm, Question};
use crate::burst::Burst;
use crate::event::LinkEvent;
use crate::identity::Marks;
use crate::orders::{LinkView, Orders};
use crate::outcome::{Operation, OperationResult, outcome};
use crate::reference::IntentId;
use crate::state::Evidence;
use crate::time::{SECOND_US, Timestamp};
use crate::tracked::{CANCEL_TRIES_MAX, Cancel, Tracked};

/// How long a cancel or a change waits for an answer before the broker is asked (R19).
const ANSWER_US: i64 = 5 * SECOND_US;
/// For how long TWS must have had IB before an absent order is lost (R9, R10).
const UPSTREAM_SETTLED_US: i64 = 30 * SECOND_US;

impl Orders {
    pub(crate) fn link(&mut self, link: LinkEvent, at: Timestamp, actions: &mut Vec<Action>) {
        match link {
            LinkEvent::Lost => {
                self.link.ready = false;
                self.marks = Marks::default();
                self.lose(&Evidence::LinkLost, at, actions);
            }
            LinkEvent::UpstreamLost => self.lose(&Evidence::UpstreamLost, at, actions),
            LinkEvent::UpstreamRestored => {
                self.link.upstream_since = Some(at);
                self.wait_for_missing_anew(at);
                self.send_cancels_again(at, actions);
            }
            LinkEvent::Ready { next_order_id } => {
                self.link.ready = true;
                self.link.upstream_since.get_or_insert(at);
                self.see_next_order_id(next_order_id);
                self.wait_for_missing_anew(at);
                self.send_cancels_again(at, actions);
            }
        }
    }

    fn lose(&mut self, evidence: &Evidence, at: Timestamp, actions: &mut Vec<Action>) {
        self.link.upstream_since = None;
        self.snapshot.drop_half(); // half a snapshot is none (R8)
        let live: Vec<IntentId> = self.live().map(|order| order.intent.id).collect();
        for id in live {
            self.doubt_group_of(id);
            if let Some(order) = self.orders.get_mut(&id) {
                order.is_change_looked_for = false; // what was asked for then is not answered
            }
            self.weigh(id, evidence, at, "", actions);
        }
    }

    /// Cancels that were kept leave first; orders never leave again (R4).
    fn send_cancels_again(&mut self, at: Timestamp, actions: &mut Vec<Action>) {
        if !self.link.ready {
            return;
        }
        for id in &self.live {
            let Some(order) = self.orders.get_mut(id) else { continue };
            if let Some(cancel) = &mut order.cancel {
                *cancel = Cancel { sent_at: at, tries: 1, ..*cancel };
                actions.push(send_cancel(order));
            }
        }
    }

    /// Whether TWS has had IB for long enough that a snapshot can show an order to be lost (R9).
    #[must_use]
    pub fn is_upstream_settled(&self, at: Timestamp) -> bool {
        self.link.upstream_since.is_some_and(|since| at.since(since) >= UPSTREAM_SETTLED_US)
    }

    /// Whether time alone makes something happen.
    pub(crate) fn is_anything_due(&self, now: Timestamp) -> bool {
        self.link.ready && self.live().any(|order| is_cancel_due(order, now) || self.link.is_change_due(order, now))
            || self.is_missing_due(now)
            || self.is_protection_due(now)
    }

    pub(crate) fn timer(&mut self, at: Timestamp, actions: &mut Vec<Action>) {
        self.protect_exposed(at, actions);
        if !self.link.ready {
            return;
        }
        for id in &self.live {
            let Some(order) = self.orders.get_mut(id) else { continue };
            if self.link.is_change_due(order, at) {
                order.is_change_looked_for = true;
                actions.push(Action::Ask(Question::Snapshot));
            }
            if !is_cancel_due(order, at) {
                continue;
            }
            let Some(cancel) = order.cancel else { continue };
            if cancel.tries < CANCEL_TRIES_MAX {
                actions.push(send_cancel(order));
            } else {
                let tries = cancel.tries;
                actions.push(outcome(order, Operation::Cancel, OperationResult::Unanswered, "", at));
                actions.push(Action::Alarm(Alarm::CancelUnanswered { intent: order.intent.id, tries }));
            }
            actions.push(Action::Ask(Question::Snapshot));
            order.cancel = Some(Cancel { sent_at: at, tries: cancel.tries.saturating_add(1), ..cancel });
        }
        self.look_for_missing(at, actions);
    }
}

fn is_cancel_due(order: &Tracked, now: Timestamp) -> bool {
    order.is_cancel_on_its_way() && order.cancel.is_some_and(|cancel| now.since(cancel.sent_at) >= ANSWER_US)
}

impl LinkView {
    /// R21: a change that nobody answers is looked for once; what the snapshot then shows decides.
    fn is_change_due(&self, order: &Tracked, now: Timestamp) -> bool {
        !order.is_change_looked_for && self.would_show_change(order, now, now)
    }

    /// Whether a snapshot that began at `began` would show a change of the order by now. TWS may keep back what it has
    /// when it loses IB (R10); while it has had IB ever since the change was asked for, it has nothing to keep.
    pub(crate) fn would_show_change(&self, order: &Tracked, began: Timestamp, now: Timestamp) -> bool {
        let Some((asked, since)) = order.change_asked_at.zip(self.upstream_since) else { return false };
        // One of a time that is still to come was asked for before the clock was set back.
        let is_to_come = asked > now;
        let is_old = is_to_come || began.since(asked) >= ANSWER_US;
        let is_passed_on = !is_to_come && since <= asked;
        is_old && (is_passed_on || now.since(since) >= UPSTREAM_SETTLED_US)
    }
}

/// The message that cancels an order.
pub(crate) fn send_cancel(order: &Tracked) -> Action {
    Action::Send(Burst::cancel(order.order_id))
}
