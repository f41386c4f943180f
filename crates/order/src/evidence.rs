//! How events reach the orders they are about: whose is it, what does it show, what follows.

use rust_decimal::Decimal;
use tws_proto::Contract;
use tws_proto::ids::{ClientId, OrderId, PermanentId};
use tws_proto::kinds::Status;
use tws_proto::message::{CancelOrder, ClientMessage, CompletedOrder, ExecutionData, Notice, OpenOrder, OrderStatus};

use crate::action::{Action, Alarm, Burst, ExternalOrder, Fill, Question};
use crate::event::{BrokerEvent, Event, LinkEvent, SnapshotEvent};
use crate::fills::{Execution, Reading, Taken};
use crate::kind::Side;
use crate::notice::{Meaning, meaning, names_no_order};
use crate::orders::{Orders, Snapshot, is_same_instrument};
use crate::reference::{IntentId, Owner};
use crate::state::{self, Evidence, Next, Stage, State};
use crate::time::{SECOND_US, Timestamp};
use crate::tracked::Cancel;

/// How long a cancel waits for an answer before it is sent again (R19).
const CANCEL_ANSWER_US: i64 = 5 * SECOND_US;
/// How often a cancel is sent before a person is told.
const CANCEL_TRIES_MAX: u32 = 3;
/// How far apart two snapshots must be to agree that an order is absent (R9).
const ABSENT_APART_US: i64 = 10 * SECOND_US;
/// For how long TWS must have had IB before an absent order is lost (R9, R10).
const UPSTREAM_SETTLED_US: i64 = 30 * SECOND_US;

/// What a message says of an order's names.
struct Names<'a> {
    permanent_id: Option<PermanentId>,
    reference: &'a str,
    client_id: Option<ClientId>,
    order_id: Option<OrderId>,
    /// Account, contract and side, where the message has them: an order id proves nothing without.
    body: Option<(&'a str, &'a Contract, Option<Side>)>,
}

impl Orders {
    pub(crate) fn happened(&mut self, event: &Event, at: Timestamp, actions: &mut Vec<Action>) {
        match event {
            Event::Broker(BrokerEvent::OpenOrder(open)) => self.open_order(open, at, actions),
            Event::Broker(BrokerEvent::OrderStatus(status)) => self.order_status(status, at, actions),
            Event::Broker(BrokerEvent::CompletedOrder(completed)) => self.completed_order(completed, at, actions),
            Event::Broker(BrokerEvent::Execution(data)) => self.execution(data, at, actions),
            Event::Broker(BrokerEvent::Commission(report)) => {
                actions.extend(
                    self.executions.take_cost(report, at).map(|commission| Action::Commission(Box::new(commission))),
                );
            }
            Event::Broker(BrokerEvent::Notice(notice)) => self.notice(notice, at, actions),
            Event::Broker(BrokerEvent::NextValidId(next)) => {
                self.see_order_id(OrderId(next.order_id.0.saturating_sub(1)))
            }
            Event::Link(link) => self.link(*link, at, actions),
            Event::Snapshot(SnapshotEvent::Began) => {
                self.snapshot =
                    Some(Snapshot { began_at: at, seen: Default::default(), external_seen: Default::default() });
            }
            Event::Snapshot(SnapshotEvent::Ended) => self.snapshot_ended(at, actions),
            Event::NotSent { intents, reason } => {
                for id in intents {
                    self.weigh(*id, &Evidence::NotSent, at, reason, actions);
                    actions.push(Action::Alarm(Alarm::NotSent { intent: *id, reason: reason.clone() }));
                }
            }
            Event::Timer => self.timer(at, actions),
        }
    }

    /// Whose order this is (R2): by IB's number, then by reference, then by our own number with an equal body.
    fn owner(&self, names: &Names<'_>) -> Option<IntentId> {
        if let Some(id) = names.permanent_id.and_then(|id| self.by_permanent_id.get(&id)) {
            return Some(*id);
        }
        match self.instance.read(names.reference) {
            Owner::Ours(id) => return self.orders.contains_key(&id).then_some(id),
            Owner::OtherInstance => return None,
            Owner::Foreign if !names.reference.is_empty() => return None,
            Owner::Foreign => {}
        }
        if names.client_id != Some(self.client_id) {
            return None;
        }
        let id = *self.by_order_id.get(&names.order_id?)?;
        let order = self.orders.get(&id)?;
        let fits = match names.body {
            Some((account, contract, side)) => {
                order.intent.account == account
                    && side == Some(order.intent.side)
                    && is_same_instrument(&order.intent.contract, contract)
            }
            // A status has no body. Our ids are never used twice (R3), so it can only be about an order that waits for
            // its first answer; where IB's number is known already and another one, it is somebody else's.
            None => order.permanent_ids.is_empty() || names.permanent_id.is_none(),
        };
        fits.then_some(id)
    }

    fn open_order(&mut self, open: &OpenOrder, at: Timestamp, actions: &mut Vec<Action>) {
        let order = &open.order;
        let permanent_id = order.permanent_id.and_then(PermanentId::known);
        let side = Side::of_action(&order.action);
        let names = Names {
            permanent_id,
            reference: &order.order_reference,
            client_id: order.client_id,
            order_id: Some(open.order_id),
            body: Some((&order.account, &open.contract, side)),
        };
        let owner = self.owner(&names);
        if order.client_id == Some(self.client_id) {
            self.see_order_id(open.order_id);
        }
        let Some(id) = owner else {
            if let (Owner::Ours(_) | Owner::OtherInstance, true) =
                (self.instance.read(&order.order_reference), order.client_id == Some(self.client_id))
            {
                actions.push(Action::Alarm(Alarm::StrangerWithOurMark { reference: order.order_reference.clone() }));
            }
            let live = open.state.status.as_ref().is_none_or(|status| is_live(status));
            let remaining = order.total_quantity.unwrap_or_default() - order.filled_quantity.unwrap_or_default();
            self.external_order(permanent_id, live, || ExternalOrder {
                permanent_id: permanent_id.unwrap_or_default(),
                account: order.account.clone(),
                contract_id: open.contract.known_id(),
                symbol: open.contract.symbol.clone(),
                side,
                remaining,
                reference: order.order_reference.clone(),
            });
            return;
        };
        if let Some(snapshot) = &mut self.snapshot {
            snapshot.seen.insert(id);
        }
        self.bind(id, permanent_id, actions);
        self.confirm_change(id, order);
        if let Some(status) = &open.state.status {
            self.weigh(id, &state::evidence_of(status), at, &open.state.warning, actions);
        }
    }

    fn order_status(&mut self, status: &OrderStatus, at: Timestamp, actions: &mut Vec<Action>) {
        let permanent_id = status.permanent_id.and_then(PermanentId::known);
        let names = Names {
            permanent_id,
            reference: "",
            client_id: status.client_id,
            order_id: Some(status.order_id),
            body: None,
        };
        let Some(id) = self.owner(&names) else {
            if let Some(permanent_id) = permanent_id
                && let Some(external) = self.external.get_mut(&permanent_id)
            {
                external.remaining = status.remaining.unwrap_or(external.remaining);
                if !is_live(&status.status) {
                    self.external.remove(&permanent_id);
                }
            }
            return;
        };
        self.bind(id, permanent_id, actions);
        if status.why_held.contains("locate") {
            self.weigh(id, &Evidence::Held, at, &status.why_held, actions);
        } else {
            self.weigh(id, &state::evidence_of(&status.status), at, "", actions);
        }
        self.told_filled(id, status.filled.unwrap_or_default(), actions);
    }

    fn completed_order(&mut self, completed: &CompletedOrder, at: Timestamp, actions: &mut Vec<Action>) {
        let order = &completed.order;
        let permanent_id = order.permanent_id.and_then(PermanentId::known);
        let names =
            Names { permanent_id, reference: &order.order_reference, client_id: None, order_id: None, body: None };
        let Some(id) = self.owner(&names) else {
            if let Some(permanent_id) = permanent_id {
                self.external.remove(&permanent_id);
            }
            return;
        };
        if let Some(snapshot) = &mut self.snapshot {
            snapshot.seen.insert(id);
        }
        self.bind(id, permanent_id, actions);
        let evidence = match completed.state.status.as_ref() {
            Some(Status::Filled) => Evidence::Live(Stage::FilledUnproven),
            Some(Status::Cancelled | Status::ApiCancelled) => Evidence::Cancelled,
            Some(Status::Inactive) => Evidence::CompletedRejected,
            Some(other) => state::evidence_of(other),
            None => return,
        };
        self.weigh(id, &evidence, at, &completed.state.completed_status, actions);
        self.told_filled(id, order.filled_quantity.unwrap_or_default(), actions);
    }

    /// R12 and R13: executions alone move what has filled.
    fn execution(&mut self, data: &ExecutionData, at: Timestamp, actions: &mut Vec<Action>) {
        let execution = &data.execution;
        let reading = match Reading::of(data) {
            Ok(reading) => reading,
            Err(reason) => {
                let execution_id = execution.execution_id.clone();
                actions.push(Action::Alarm(Alarm::UncountableExecution { execution_id, reason }));
                return;
            }
        };
        let permanent_id = execution.permanent_id.and_then(PermanentId::known);
        let owner = self.owner(&Names {
            permanent_id,
            reference: &execution.order_reference,
            client_id: execution.client_id,
            order_id: execution.order_id,
            body: Some((&execution.account, &data.contract, Some(reading.side))),
        });
        let strategy = owner.and_then(|id| self.orders.get(&id)).map(|order| order.intent.strategy.clone());
        let taken = self.executions.take(
            &reading,
            Execution {
                revision: reading.revision,
                intent: owner,
                strategy: strategy.clone(),
                account: execution.account.clone(),
                contract_id: data.contract.known_id(),
                side: reading.side,
                quantity: reading.quantity,
                price: reading.price,
                cost: None,
            },
        );
        let replaces = match taken {
            Taken::Known => return,
            Taken::New => None,
            Taken::Replaces { quantity, price } => Some((quantity, price)),
        };
        // The execution of a whole combination moves no position: its legs come by themselves (R16).
        let is_combination = data.contract.is_combination();
        if !is_combination {
            actions.push(Action::Filled(Box::new(Fill {
                intent: owner,
                strategy,
                root: reading.root.clone(),
                revision: reading.revision,
                account: execution.account.clone(),
                contract: data.contract.clone(),
                side: reading.side,
                quantity: reading.quantity,
                price: reading.price,
                broker_time: execution.time.clone(),
                at,
                replaces,
            })));
        }
        actions.extend(
            self.executions.commission(&reading.root, at).map(|commission| Action::Commission(Box::new(commission))),
        );
        let Some(id) = owner else { return };
        self.bind(id, permanent_id, actions);
        let Some(order) = self.orders.get_mut(&id) else { return };
        // An order for a combination counts executions of the whole; any other order its own.
        if order.intent.contract.is_combination() != is_combination {
            return;
        }
        let (quantity_before, price_before) = replaces.unwrap_or_default();
        let filled_before = order.filled;
        order.filled += reading.quantity - quantity_before;
        order.filled_value += reading.quantity * reading.price - quantity_before * price_before;
        order.filled_told = order.filled_told.max(order.filled);
        let (filled, quantity) = (order.filled, order.intent.quantity);
        let evidence = if filled >= quantity {
            Evidence::FilledInFull
        } else if filled_before >= quantity {
            Evidence::Unfilled
        } else {
            Evidence::FilledInPart
        };
        let before = order.state.clone();
        self.weigh(id, &evidence, at, "", actions);
        if self.orders.get(&id).is_some_and(|order| order.state == before) {
            self.tell(id, at, actions); // the state stayed, the quantities did not
        }
        if filled > quantity {
            actions.push(Action::Alarm(Alarm::Overfilled { intent: id, quantity, filled }));
        }
    }

    fn notice(&mut self, notice: &Notice, at: Timestamp, actions: &mut Vec<Action>) {
        if names_no_order(notice) {
            return;
        }
        let Some(id) = notice.id.and_then(|id| self.by_order_id.get(&OrderId(id))).copied() else { return };
        let Some(order) = self.orders.get_mut(&id) else { return };
        let (code, text) = (notice.code, notice.text.as_str());
        let what = format!("{code} {text}");
        let changing = order.change.is_some() && order.state.is_acknowledged();
        let refuse_change = |actions: &mut Vec<Action>, orders: &mut Self| {
            if let Some(order) = orders.orders.get_mut(&id) {
                order.change = None; // R21: the last confirmed values stand
                order.reason.clone_from(&what);
            }
            orders.tell(id, at, actions);
        };
        match meaning(code) {
            Meaning::Rejected | Meaning::RejectedOrChangeRefused if changing => refuse_change(actions, self),
            Meaning::Rejected | Meaning::RejectedOrChangeRefused => {
                if self.weigh(id, &Evidence::Rejected, at, &what, actions) == Weighed::Doubted {
                    let state = self.orders.get(&id).map_or(State::Lost, |order| order.state.clone());
                    actions.push(Action::Alarm(Alarm::Contradiction {
                        intent: id,
                        state,
                        code,
                        text: text.to_owned(),
                    }));
                    actions.push(Action::Ask(Question::Snapshot));
                }
            }
            Meaning::Cancelled => {
                self.weigh(id, &Evidence::Cancelled, at, &what, actions);
            }
            Meaning::Held => {
                self.weigh(id, &Evidence::Held, at, &what, actions);
            }
            Meaning::ChangeRefused => refuse_change(actions, self),
            Meaning::CancelDoubtful => {
                order.reason = what;
                actions.push(Action::Ask(Question::Snapshot)); // R19: no verdict
                self.tell(id, at, actions);
            }
            Meaning::Unresolved => {
                self.weigh(id, &Evidence::UpstreamLost, at, &what, actions);
                actions.push(Action::Ask(Question::Snapshot));
            }
            Meaning::Remark => {
                order.reason = what;
                self.tell(id, at, actions);
            }
            Meaning::Unclassed => {
                order.reason = what;
                actions.push(Action::Ask(Question::Snapshot)); // R23: record, keep the state, look
                self.tell(id, at, actions);
            }
        }
    }

    fn link(&mut self, link: LinkEvent, at: Timestamp, actions: &mut Vec<Action>) {
        let lost = |orders: &mut Self, evidence: &Evidence, actions: &mut Vec<Action>| {
            orders.snapshot = None; // half a snapshot is none (R8)
            let live: Vec<IntentId> = orders.live().map(|order| order.intent.id).collect();
            for id in live {
                orders.weigh(id, evidence, at, "", actions);
            }
        };
        match link {
            LinkEvent::Lost => {
                self.link.ready = false;
                self.link.upstream_since = None;
                lost(self, &Evidence::LinkLost, actions);
            }
            LinkEvent::UpstreamLost => {
                self.link.upstream_since = None;
                lost(self, &Evidence::UpstreamLost, actions);
            }
            LinkEvent::UpstreamRestored => self.link.upstream_since = Some(at),
            LinkEvent::Ready { next_order_id } => {
                self.link.ready = true;
                self.link.upstream_since.get_or_insert(at);
                self.see_order_id(OrderId(next_order_id.0.saturating_sub(1)));
                // Cancels that were kept leave first; orders never leave again (R4).
                for order in self.orders.values_mut().filter(|order| order.state.is_live()) {
                    if let Some(cancel) = &mut order.cancel {
                        *cancel = Cancel { sent_at: at, tries: 1, ..*cancel };
                        actions.push(send_cancel(order.order_id));
                    }
                }
            }
        }
    }

    fn snapshot_ended(&mut self, at: Timestamp, actions: &mut Vec<Action>) {
        let Some(snapshot) = self.snapshot.take() else { return };
        self.external.retain(|id, _| snapshot.external_seen.contains(id));
        let live: Vec<IntentId> =
            self.live().filter(|order| order.created_at < snapshot.began_at).map(|order| order.intent.id).collect();
        for id in live {
            let settled = self.link.upstream_since.is_some_and(|since| at.since(since) >= UPSTREAM_SETTLED_US);
            let Some(order) = self.orders.get_mut(&id) else { continue };
            if snapshot.seen.contains(&id) {
                order.absent_since = None;
                continue;
            }
            let apart = order.absent_since.is_some_and(|since| at.since(since) >= ABSENT_APART_US);
            order.absent_since.get_or_insert(at);
            let evidence = if apart && settled { Evidence::AbsentForSure } else { Evidence::AbsentOnce };
            self.weigh(id, &evidence, at, "", actions);
            if self.orders.get(&id).is_some_and(|order| order.state == State::Lost) {
                actions.push(Action::Alarm(Alarm::Lost { intent: id }));
            }
        }
    }

    /// Whether time alone makes something happen.
    pub(crate) fn is_anything_due(&self, now: Timestamp) -> bool {
        self.link.ready && self.live().any(|order| order.cancel.is_some_and(|cancel| is_cancel_due(cancel, now)))
    }

    fn timer(&mut self, at: Timestamp, actions: &mut Vec<Action>) {
        if !self.link.ready {
            return;
        }
        for order in self.orders.values_mut().filter(|order| order.state.is_live()) {
            let Some(cancel) = order.cancel.as_mut().filter(|cancel| is_cancel_due(**cancel, at)) else { continue };
            if cancel.tries < CANCEL_TRIES_MAX {
                actions.push(send_cancel(order.order_id));
            } else {
                actions.push(Action::Alarm(Alarm::CancelUnanswered { intent: order.intent.id, tries: cancel.tries }));
            }
            actions.push(Action::Ask(Question::Snapshot));
            *cancel = Cancel { sent_at: at, tries: cancel.tries + 1, ..*cancel };
        }
    }

    /// Weighs one piece of evidence against an order's state, and tells what changed.
    fn weigh(
        &mut self,
        id: IntentId,
        evidence: &Evidence,
        at: Timestamp,
        reason: &str,
        actions: &mut Vec<Action>,
    ) -> Weighed {
        let Some(order) = self.orders.get_mut(&id) else { return Weighed::Stayed };
        let was = order.state.clone();
        let (to, reopened) = match state::next(&was, evidence) {
            Next::Stay => return Weighed::Stayed,
            Next::Doubt => return Weighed::Doubted,
            Next::To(to) => (to, false),
            Next::Reopen(to) => (to, true),
        };
        if to == was {
            return Weighed::Stayed;
        }
        if let State::Working(Stage::Strange(status)) = &to {
            actions.push(Action::Alarm(Alarm::StrangeStatus { intent: id, status: status.clone() }));
        }
        order.state = to.clone();
        if !reason.is_empty() {
            reason.clone_into(&mut order.reason);
        }
        if to.is_live() {
            order.ended_at = None;
        } else {
            order.ended_at = Some(at);
            order.cancel = None;
            order.change = None;
        }
        self.tell(id, at, actions);
        if reopened {
            actions.push(Action::Alarm(Alarm::Reopened { intent: id, was, now: to }));
        }
        Weighed::Moved
    }

    fn tell(&mut self, id: IntentId, at: Timestamp, actions: &mut Vec<Action>) {
        if let Some(order) = self.orders.get_mut(&id) {
            order.updated_at = at;
            actions.push(Action::Changed(Box::new(order.update())));
        }
    }

    /// Learns IB's number of an order. More than one is more than one order at the broker (R22).
    fn bind(&mut self, id: IntentId, permanent_id: Option<PermanentId>, actions: &mut Vec<Action>) {
        let Some(permanent_id) = permanent_id else { return };
        let Some(order) = self.orders.get_mut(&id) else { return };
        if order.permanent_ids.insert(permanent_id) {
            self.by_permanent_id.insert(permanent_id, id);
            self.external.remove(&permanent_id);
            if order.permanent_ids.len() > 1 {
                let permanent_ids = order.permanent_ids.iter().copied().collect();
                actions.push(Action::Alarm(Alarm::SeveralIncarnations { intent: id, permanent_ids }));
            }
        }
    }

    /// A change is confirmed when the broker shows the order with the new values.
    fn confirm_change(&mut self, id: IntentId, shown: &tws_proto::Order) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        let Some(change) = &order.change else { return };
        let changed = change.applied_to(&order.intent);
        let expected = changed.to_order(&self.instance);
        let fits = shown.total_quantity == expected.total_quantity
            && shown.limit_price.unwrap_or_default() == expected.limit_price.unwrap_or_default()
            && (shown.aux_price.unwrap_or_default() == expected.aux_price.unwrap_or_default());
        if fits {
            order.intent = changed;
            order.change = None;
        }
    }

    /// R14: a status that tells of more than the executions is a reason to ask, and nothing else.
    fn told_filled(&mut self, id: IntentId, told: Decimal, actions: &mut Vec<Action>) {
        if let Some(order) = self.orders.get_mut(&id)
            && told > order.filled_told
        {
            order.filled_told = told;
            if told > order.filled {
                actions.push(Action::Ask(Question::Executions));
            }
        }
    }

    /// R17: what is not ours is tracked, and belongs to no strategy.
    fn external_order(&mut self, id: Option<PermanentId>, live: bool, order: impl FnOnce() -> ExternalOrder) {
        let Some(id) = id else { return };
        if live {
            self.external.insert(id, order());
            if let Some(snapshot) = &mut self.snapshot {
                snapshot.external_seen.insert(id);
            }
        } else {
            self.external.remove(&id);
        }
    }

    /// R3: an id that was seen anywhere is never given to a new order.
    fn see_order_id(&mut self, id: OrderId) {
        if id.0 < crate::orders::ORDER_ID_MAX {
            self.next_order_id = self.next_order_id.max(id.0.saturating_add(1));
        }
    }
}

/// What a piece of evidence did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weighed {
    Stayed,
    Moved,
    Doubted,
}

fn is_live(status: &Status) -> bool {
    match state::evidence_of(status) {
        Evidence::Live(Stage::FilledUnproven) | Evidence::Cancelled => false,
        _ => true,
    }
}

fn is_cancel_due(cancel: Cancel, now: Timestamp) -> bool {
    cancel.tries <= CANCEL_TRIES_MAX && now.since(cancel.sent_at) >= CANCEL_ANSWER_US
}

fn send_cancel(order_id: OrderId) -> Action {
    Action::Send(Burst { places: Vec::new(), messages: vec![ClientMessage::from(CancelOrder::new(order_id))] })
}
