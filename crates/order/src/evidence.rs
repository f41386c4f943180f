//! What events show about an order, and what follows.

use rust_decimal::Decimal;
use tws_proto::ids::{OrderId, PermanentId};
use tws_proto::kinds::Status;
use tws_proto::message::{CompletedOrder, Notice, OpenOrder, OrderStatus};

use crate::action::{Action, Alarm, Question};
use crate::event::{BrokerEvent, Event, SnapshotEvent};
use crate::external::is_live;
use crate::group::Revenant;
use crate::identity::{Names, StatusOwner};
use crate::missing::Total;
use crate::notice::{Meaning, meaning, names_no_order};
use crate::orders::Orders;
use crate::outcome::OperationResult;
use crate::reconcile::send_cancel;
use crate::reference::IntentId;
use crate::snapshot::SnapshotFacts;
use crate::state::{self, Evidence, Next, Stage, State};
use crate::time::Timestamp;
use crate::tracked::{Cancel, Tracked};
use tws_proto::Side;

impl Orders {
    pub(crate) fn happened(&mut self, event: &Event, at: Timestamp, actions: &mut Vec<Action>) {
        match event {
            Event::Broker(BrokerEvent::OpenOrder(open)) => self.open_order(open, at, actions),
            Event::Broker(BrokerEvent::OrderStatus(status)) => self.order_status(status, at, actions),
            Event::Broker(BrokerEvent::CompletedOrder(completed)) => self.completed_order(completed, at, actions),
            Event::Broker(BrokerEvent::Execution(data)) => self.execution(data, at, actions),
            Event::Broker(BrokerEvent::Commission(report)) => {
                let cost = self.executions.take_cost(report, at, &mut self.moved.0);
                actions.extend(cost.map(|commission| Action::Commission(Box::new(commission))));
            }
            Event::Broker(BrokerEvent::Notice(notice)) => self.notice(notice, at, actions),
            Event::Broker(BrokerEvent::NextValidId(next)) => self.see_next_order_id(next.order_id),
            Event::Link(link) => self.link(*link, at, actions),
            Event::Snapshot(SnapshotEvent::Compared(compared)) => self.compared(compared, at, actions),
            // Journals of version 0.1 have these two, and every message between them.
            Event::Snapshot(SnapshotEvent::Began) => self.snapshot.begin(at),
            Event::Snapshot(SnapshotEvent::Ended) => {
                if let Some(compared) = self.compare(&SnapshotFacts::default(), at) {
                    self.compared(&compared, at, actions);
                }
            }
            Event::NotSent { intents, reason } => self.not_sent(intents, reason, at, actions),
            Event::Timer => self.timer(at, actions),
        }
    }

    fn open_order(&mut self, open: &OpenOrder, at: Timestamp, actions: &mut Vec<Action>) {
        let order = &open.order;
        let names = Names {
            permanent_id: order.permanent_id.and_then(PermanentId::known),
            reference: &order.order_reference,
            client_id: order.client_id,
            order_id: Some(open.order_id),
            account: &order.account,
            contract: &open.contract,
            side: Side::of_action(&order.action),
        };
        self.see_order_id(open.order_id);
        if order.what_if {
            return; // an answer to a question: there is no such order
        }
        let Some(id) = self.owner(&names) else {
            self.alarm_at_our_mark(&names, actions);
            self.remember_stranger(&names);
            self.external_order(open, &names);
            return;
        };
        self.snapshot.see(id);
        self.bind(id, names.permanent_id, at, actions);
        self.adopt(id, order, at, actions);
        let is_unchanged = self.orders.get(&id).is_some_and(|order| order.change.is_some());
        self.snapshot.see_change(id, is_unchanged);
        // Without a word for its state it is open all the same.
        let status = open.state.status.clone().unwrap_or(Status::PendingSubmit);
        let is_told = open.state.status.is_some();
        if is_told || self.orders.get(&id).is_some_and(|order| order.state.is_live() && !order.state.is_acknowledged())
        {
            self.weigh_status(id, names.permanent_id, &status, at, &open.state.warning, actions);
        }
    }

    fn order_status(&mut self, status: &OrderStatus, at: Timestamp, actions: &mut Vec<Action>) {
        self.see_order_id(status.order_id);
        match self.status_owner(status) {
            StatusOwner::Ours(id) => self.own_status(id, status, at, actions),
            StatusOwner::Unproven(number) => self.keep_unproven(number, status, actions),
            StatusOwner::Foreign => {}
        }
        self.external_status(status);
    }

    pub(crate) fn own_status(&mut self, id: IntentId, status: &OrderStatus, at: Timestamp, actions: &mut Vec<Action>) {
        let number = status.permanent_id.and_then(PermanentId::known);
        self.confirm_by_status(id, status, at, actions);
        // First of all: while a fill of one of several is not proven, the order has not ended with the others (R22).
        let (filled, average_price) = (status.filled, status.average_fill_price);
        self.told_by(id, &status.status, Total { number, filled, average_price }, at);
        let waits = matches!(
            status.status,
            Status::ApiPending | Status::PendingSubmit | Status::PreSubmitted | Status::Inactive
        );
        if is_live(&status.status) {
            self.snapshot.see(id);
        }
        if waits && status.why_held.contains("locate") {
            self.weigh(id, &Evidence::Held, at, &status.why_held, actions);
        } else {
            self.weigh_status(id, number, &status.status, at, "", actions);
        }
    }

    fn completed_order(&mut self, completed: &CompletedOrder, at: Timestamp, actions: &mut Vec<Action>) {
        let order = &completed.order;
        let names = Names {
            permanent_id: order.permanent_id.and_then(PermanentId::known),
            reference: &order.order_reference,
            client_id: None, // it has no order id either (F30)
            order_id: None,
            account: &order.account,
            contract: &completed.contract,
            side: Side::of_action(&order.action),
        };
        let Some(id) = self.owner(&names) else {
            self.remember_stranger(&names);
            self.external_ended(&names);
            return;
        };
        self.snapshot.see(id);
        self.bind(id, names.permanent_id, at, actions);
        if self.orders.get(&id).is_some_and(|order| order.permanent_ids.len() == 1) {
            self.end_change(id, OperationResult::Refused, "the order was completed without it", at, actions);
        }
        let Some(status) = &completed.state.status else { return };
        let words = &completed.state.completed_status;
        if *status == Status::Filled
            && self.orders.get(&id).is_some_and(|known| has_filled_less(&known, order.filled_quantity))
        {
            let words = "TWS calls it filled, and a correction took part of that back";
            self.weigh_end(id, names.permanent_id, &Evidence::Cancelled, at, words, actions);
        } else if *status == Status::Inactive {
            self.weigh_end(id, names.permanent_id, &Evidence::CompletedRejected, at, words, actions);
        } else {
            self.weigh_status(id, names.permanent_id, status, at, words, actions);
        }
        let total = Total { number: names.permanent_id, filled: order.filled_quantity, average_price: None };
        self.told_by(id, status, total, at);
    }

    fn notice(&mut self, notice: &Notice, at: Timestamp, actions: &mut Vec<Action>) {
        if names_no_order(notice) {
            return;
        }
        let Some(id) = notice.id.and_then(|id| self.by_order_id.get(&OrderId(id))).copied() else { return };
        let Some(order) = self.orders.get_mut(&id) else { return };
        let (code, text) = (notice.code, notice.text.as_str());
        let words = format!("{code} {text}");
        // What was never acknowledged cannot have been changed.
        let changing = order.change.is_some() && order.state != State::Sent;
        match meaning(code) {
            Meaning::RejectedOrChangeRefused if changing => {
                self.refuse_change(id, OperationResult::Refused, words, at, actions);
            }
            Meaning::Rejected if changing => {
                self.refuse_change(id, OperationResult::Refused, words, at, actions);
                actions.push(Action::Ask(Question::Snapshot)); // was it the change alone?
            }
            Meaning::Rejected | Meaning::RejectedOrChangeRefused => {
                self.moved.0 = true;
                order.refusal = Some(words.as_str().into());
                let weighed = if order.state.is_live() && order.permanent_ids.len() > 1 {
                    Weighed::Doubted // R22: which of them?
                } else {
                    self.weigh(id, &Evidence::Rejected, at, &words, actions)
                };
                if weighed == Weighed::Doubted {
                    let state = self.orders.get(&id).map_or(State::Lost, |order| order.state.clone());
                    let text = text.to_owned();
                    actions.push(Action::Alarm(Alarm::Contradiction { intent: id, state, code, text }));
                    actions.push(Action::Ask(Question::Snapshot));
                }
            }
            Meaning::Cancelled => self.weigh_end(id, None, &Evidence::Cancelled, at, &words, actions),
            Meaning::Held => {
                self.weigh(id, &Evidence::Held, at, &words, actions);
            }
            Meaning::ChangeRefused if changing => {
                self.refuse_change(id, OperationResult::Refused, words, at, actions);
            }
            Meaning::Unresolved => {
                self.weigh(id, &Evidence::UpstreamLost, at, &words, actions);
                actions.push(Action::Ask(Question::Snapshot));
            }
            Meaning::Remark => {
                order.reason = words.into();
                self.tell(id, at, actions);
            }
            Meaning::CancelDoubtful if !order.state.is_live() => {} // it has ended: there was nothing to cancel
            // R19, R23: no verdict; record it, keep the state, look. A change refused that nobody asked for is one.
            Meaning::CancelDoubtful | Meaning::Unclassed | Meaning::ChangeRefused => {
                order.reason = words.into();
                actions.push(Action::Ask(Question::Snapshot));
                self.tell(id, at, actions);
            }
        }
    }

    fn not_sent(&mut self, intents: &[IntentId], reason: &str, at: Timestamp, actions: &mut Vec<Action>) {
        for id in intents {
            let changing =
                self.orders.get(id).is_some_and(|order| order.change.is_some() && order.state != State::Sent);
            if changing {
                // What did not leave is the change: the order stands as the broker last confirmed it (R21).
                self.refuse_change(*id, OperationResult::NotSent, reason.to_owned(), at, actions);
            } else if self.weigh(*id, &Evidence::NotSent, at, reason, actions) == Weighed::Doubted {
                actions.push(Action::Ask(Question::Snapshot));
            }
            actions.push(Action::Alarm(Alarm::NotSent { intent: *id, reason: reason.to_owned() }));
        }
    }

    /// Weighs a status word, for the incarnation with IB's `number` where it has one.
    fn weigh_status(
        &mut self,
        id: IntentId,
        number: Option<PermanentId>,
        status: &Status,
        at: Timestamp,
        words: &str,
        actions: &mut Vec<Action>,
    ) {
        let evidence = state::evidence_of(status);
        let Some(order) = self.orders.get_mut(&id) else { return };
        match &evidence {
            Evidence::Cancelled => self.weigh_end(id, number, &evidence, at, words, actions),
            Evidence::Live(Stage::FilledUnproven) => {
                let others_live = number.is_some_and(|number| others_live(order, number));
                if let Some(number) = number.filter(|_| order.permanent_ids.len() > 1) {
                    self.moved.0 |= order.ended_permanent_ids.insert(number);
                }
                if !others_live {
                    self.weigh(id, &evidence, at, words, actions);
                    self.settle(id, at, actions);
                }
            }
            Evidence::Live(stage) => {
                if matches!(stage, Stage::PreSubmitted | Stage::Submitted) {
                    self.moved.0 |= order.refusal.take().is_some(); // the broker took it after all
                }
                let was_live = order.state.is_live();
                // R22: a further incarnation lives although the executions have filled the order.
                let is_further = order.state == State::Filled
                    && order.permanent_ids.len() > 1
                    && number.is_some_and(|number| !order.ended_permanent_ids.has(number));
                if is_further {
                    self.move_to(id, State::Working(stage.clone()), Reopened::Yes, at, words, actions);
                } else {
                    self.weigh(id, &evidence, at, words, actions);
                }
                if let (Some(number), Some(order)) = (number, self.orders.get_mut(&id))
                    && order.state.is_live()
                {
                    if !was_live {
                        order.ended_permanent_ids.clone_from(&order.permanent_ids); // this one has come back alone
                    }
                    self.moved.0 |= order.ended_permanent_ids.remove(number);
                }
            }
            Evidence::Inactive => self.weigh_inactive(id, number, at, words, actions),
            Evidence::Rejected
            | Evidence::Held
            | Evidence::CompletedRejected
            | Evidence::FilledInFull
            | Evidence::FilledInPart
            | Evidence::Unfilled
            | Evidence::LinkLost
            | Evidence::UpstreamLost
            | Evidence::AbsentOnce
            | Evidence::AbsentForSure
            | Evidence::AbsentPastItsTime
            | Evidence::NotSent => {} // no status says so
        }
    }

    /// Weighs the end of an order, or of one of several incarnations: the order ends with the last of them (R22).
    fn weigh_end(
        &mut self,
        id: IntentId,
        number: Option<PermanentId>,
        evidence: &Evidence,
        at: Timestamp,
        words: &str,
        actions: &mut Vec<Action>,
    ) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        if is_one_of_several(order, number) {
            match number {
                Some(number) => self.end_one(id, number, at, actions),
                None => actions.push(Action::Ask(Question::Snapshot)), // which?
            }
            return;
        }
        // R20: what was asked to be cancelled was cancelled, and not refused by what was said before.
        if *evidence == Evidence::Cancelled && order.cancel.is_some() {
            order.refusal = None;
        }
        // What has filled in full was not cancelled; what remained was of a change or of another incarnation.
        let is_filled = order.filled >= order.intent.quantity && order.state.is_live();
        let evidence = if is_filled { &Evidence::FilledInFull } else { evidence };
        self.weigh(id, evidence, at, words, actions);
        self.settle(id, at, actions);
    }

    /// Weighs that an order, or one of several incarnations, is inactive. That ends one of several only with a refusal
    /// (R24), and says nothing of the others (R22).
    fn weigh_inactive(
        &mut self,
        id: IntentId,
        number: Option<PermanentId>,
        at: Timestamp,
        words: &str,
        actions: &mut Vec<Action>,
    ) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        if !is_one_of_several(order, number) {
            self.weigh(id, &Evidence::Inactive, at, words, actions);
            return self.settle(id, at, actions);
        }
        let is_acknowledged = order.state.is_acknowledged();
        match number.filter(|number| !order.ended_permanent_ids.has(*number)) {
            Some(number) if order.refusal.is_some() => {
                order.refusal = None; // it was of this one
                self.end_one(id, number, at, actions);
            }
            None if number.is_none() => actions.push(Action::Ask(Question::Snapshot)), // which?
            Some(_) | None => {}
        }
        if !is_acknowledged {
            self.weigh(id, &Evidence::Inactive, at, words, actions); // the broker has it all the same
        }
    }

    /// One of several incarnations has ended, and others live.
    fn end_one(&mut self, id: IntentId, number: PermanentId, at: Timestamp, actions: &mut Vec<Action>) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        if order.ended_permanent_ids.insert(number) {
            actions.push(Action::Ask(Question::Snapshot));
            self.tell(id, at, actions);
        }
    }

    /// What several pieces of evidence say only together: R24, inactive or cancelled with a refusal is rejected; and
    /// what has filled in full has filled, when nothing more is asked for.
    pub(crate) fn settle(&mut self, id: IntentId, at: Timestamp, actions: &mut Vec<Action>) {
        let Some(order) = self.orders.get(&id) else { return };
        if order.state.is_live() && order.filled >= order.intent.quantity {
            return self.weigh_fills(id, order.filled, at, actions);
        }
        if matches!(order.state, State::Suspended | State::Cancelled)
            && order.filled.is_zero()
            && let Some(refusal) = order.refusal.clone()
        {
            self.weigh(id, &Evidence::Rejected, at, &refusal, actions);
        }
    }

    /// Weighs one piece of evidence against an order's state, and tells what changed.
    pub(crate) fn weigh(
        &mut self,
        id: IntentId,
        evidence: &Evidence,
        at: Timestamp,
        reason: &str,
        actions: &mut Vec<Action>,
    ) -> Weighed {
        let Some(order) = self.orders.get_mut(&id) else { return Weighed::Stayed };
        if matches!(evidence, Evidence::Live(_)) {
            self.moved.0 |= order.absent_since.take().is_some();
        }
        let (to, reopened) = match state::next(&order.state, evidence) {
            Next::Stay => {
                // R20: its rest stays cancelled, but what stands in its place was not meant beside this fill.
                if order.state == State::Cancelled && *evidence == Evidence::FilledInPart {
                    self.meet_revenant(id, at, actions);
                }
                return Weighed::Stayed;
            }
            Next::Doubt => return Weighed::Doubted,
            Next::To(to) => (to, Reopened::No),
            Next::Reopen(to) => (to, Reopened::Yes),
        };
        if to == order.state {
            return Weighed::Stayed;
        }
        self.move_to(id, to, reopened, at, reason, actions);
        Weighed::Moved
    }

    fn move_to(
        &mut self,
        id: IntentId,
        to: State,
        reopened: Reopened,
        at: Timestamp,
        reason: &str,
        actions: &mut Vec<Action>,
    ) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        if let State::Working(Stage::Strange(status)) = &to {
            actions.push(Action::Alarm(Alarm::StrangeStatus { intent: id, status: status.clone() }));
        }
        let was = std::mem::replace(&mut order.state, to.clone());
        if to.is_live() {
            self.live.insert(id);
        } else {
            self.live.remove(&id);
        }
        // What was said of it while it lived is not why it has ended.
        if !reason.is_empty() || was.is_live() && !to.is_live() {
            order.reason = reason.into();
        }
        if to.is_live() {
            order.ended_at = None;
            if !was.is_live() {
                order.ended_permanent_ids.clear();
            }
        } else {
            order.ended_at = Some(at);
            order.ended_permanent_ids.clone_from(&order.permanent_ids);
        }
        if to == State::Cancelled {
            // As often as their number has doubled: to look at all of them each time would cost the more the more there are.
            if self.settling.len().is_power_of_two() {
                self.settle_others(at);
            }
            self.settling.insert(id);
        }
        self.tell(id, at, actions);
        if !to.is_live() {
            self.end_operations(id, reason, at, actions);
        }
        if reopened == Reopened::Yes {
            actions.push(Action::Alarm(Alarm::Reopened { intent: id, was, now: to }));
            self.meet_revenant(id, at, actions);
        }
    }

    /// What was cancelled long ago has settled.
    fn settle_others(&mut self, at: Timestamp) {
        let orders = &self.orders;
        self.settling.retain(|id| orders.get(id).is_some_and(|order| order.exposure(at) > Decimal::ZERO));
    }

    /// R11: what was replaced and has come back, alive or by a fill, is told of; what lives of it is cancelled, unless its
    /// owner wants both.
    fn meet_revenant(&mut self, id: IntentId, at: Timestamp, actions: &mut Vec<Action>) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        let Some((by, wanted)) = order.replaced_by else { return };
        let policy = if order.is_within_reach() { wanted } else { Revenant::Adopt }; // R18: it is cancelled elsewhere
        if policy == Revenant::Cancel && order.state.is_live() {
            order.cancel = Some(Cancel { asked_at: at, sent_at: at, tries: 1 });
            actions.push(send_cancel(order));
        }
        actions.push(Action::Alarm(Alarm::ReplacedLives { intent: id, by, policy }));
    }

    pub(crate) fn tell(&mut self, id: IntentId, at: Timestamp, actions: &mut Vec<Action>) {
        if let Some(order) = self.orders.get_mut(&id) {
            order.updated_at = at;
            self.touched.0.push(id);
            if !self.is_history.0 {
                actions.push(Action::Changed(Box::new(order.update())));
            }
        }
    }
}

/// What a piece of evidence did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weighed {
    Stayed,
    Moved,
    Doubted,
}

/// Whether an order that had ended lives again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reopened {
    Yes,
    No,
}

/// R13: whether an order that works no more, and that TWS calls filled, has filled less, for a correction took part of it back:
/// TWS tells of no more than its executions do, or a person wants it ended who was told that fills of it are missing.
fn has_filled_less(order: &Tracked, told: Option<Decimal>) -> bool {
    let is_less = order.is_corrected && order.filled < order.intent.quantity && order.permanent_ids.len() < 2;
    let is_agreed = order.filled > Decimal::ZERO && told == Some(order.filled);
    let is_known = order.state == State::Cancelled && told.is_none_or(|told| told <= order.told.filled);
    is_less && (is_agreed || is_known || order.is_ended_in_spite_of_fills())
}

/// Whether an order that lives may go on when its incarnation with this number has ended; without a number, any of them.
fn is_one_of_several(order: &Tracked, number: Option<PermanentId>) -> bool {
    let others_live = number.map_or(order.permanent_ids.len() > 1, |number| others_live(order, number));
    order.state.is_live() && others_live
}

/// Whether another incarnation than this one may live.
fn others_live(order: &Tracked, number: PermanentId) -> bool {
    order.permanent_ids.iter().any(|other| *other != number && !order.ended_permanent_ids.has(*other))
}
