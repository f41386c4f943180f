//! [`Orders`]: the book of our orders. Commands and events go in; records and actions come out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tws_proto::Contract;
use tws_proto::ids::{ClientId, ContractId, OrderId, PermanentId};
use tws_proto::message::{OrderStatus, PlaceOrder};

use crate::action::{Action, ExternalOrder, OrderUpdate, Step};
use crate::beside::{Beside, Sum};
use crate::burst::Burst;
use crate::change::Change;
use crate::event::{Event, Input, Record, SnapshotEvent};
use crate::fills::Executions;
use crate::group::{Replacement, Submission};
use crate::guard::Group;
use crate::halt::Halt;
use crate::identity::Marks;
use crate::instrument::{is_same_instrument, is_spelled_alike};
use crate::intent::Intent;
use crate::kind::OrderKind;
use crate::passed::PassedLegs;
use crate::reference::{Instance, IntentId};
use crate::refusal::{CancelError, ChangeError, SubmitError};
use crate::snapshot::{Incoming, SnapshotFacts};
use crate::store::{Found, KEPT_IN_FULL, Store};
use crate::terms::Terms;
use crate::time::Timestamp;
use crate::tracked::{Cancel, Ties, Tracked};
use tws_proto::Side;

/// The highest id an order may have; requests use those above.
pub const ORDER_ID_MAX: i32 = 0x3FFF_FFFF;

/// The check that every new and every changed order passes. The book has no way around it.
pub trait Gate {
    /// Why an order was not let through.
    type Refusal;

    /// Looks at an order as it would be, beside all that is live already and the legs of its submission that were let
    /// through before it.
    ///
    /// # Errors
    /// The refusal; nothing was recorded and nothing will be sent.
    fn check(&self, intent: &Intent, passed: PassedLegs<'_>, orders: &Orders) -> Result<(), Self::Refusal>;
}

/// The book of our orders.
///
/// Its state follows from its records alone: [`Orders::apply`] is the only place where it changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Orders {
    pub(crate) instance: Instance,
    pub(crate) client_id: ClientId,
    pub(crate) orders: Store,
    pub(crate) by_order_id: BTreeMap<OrderId, IntentId>,
    pub(crate) by_permanent_id: BTreeMap<PermanentId, IntentId>,
    pub(crate) executions: Executions,
    /// Orders of which the broker tells of more fills than are counted (R14).
    pub(crate) missing: BTreeSet<IntentId>,
    pub(crate) external: BTreeMap<PermanentId, ExternalOrder>,
    /// Statuses with an order id of ours and a number of IB's that nothing has proven to be ours.
    pub(crate) unproven: BTreeMap<PermanentId, OrderStatus>,
    /// Numbers of IB's that are proven not to be ours, although they come with order ids of ours.
    pub(crate) strangers: BTreeSet<PermanentId>,
    /// References with our mark that the book does not know, and a person was told of.
    #[serde(default, skip_serializing_if = "Marks::is_empty")]
    pub(crate) marks: Marks,
    /// What belongs together, by its first leg.
    pub(crate) groups: BTreeMap<IntentId, Group>,
    /// The groups of what stands in the place of legs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) stand_ins: BTreeMap<IntentId, IntentId>,
    /// Groups of which a position stands without its stop.
    pub(crate) exposed: BTreeSet<IntentId>,
    pub(crate) halts: Vec<Halt>,
    /// What is known of contracts.
    pub(crate) terms: BTreeMap<ContractId, Terms>,
    pub(crate) next_order_id: i32,
    pub(crate) link: LinkView,
    /// Orders that can still trade, as far as anybody knows.
    pub(crate) live: BTreeSet<IntentId>,
    /// Orders that were cancelled a moment ago: fills may follow (R20).
    pub(crate) settling: BTreeSet<IntentId>,
    /// A snapshot that is coming in.
    #[serde(skip)]
    pub(crate) snapshot: Incoming,
    /// Contracts of fills: as executions name them, which is seldom as orders do.
    #[serde(skip)]
    pub(crate) contracts: Contracts,
    /// Contracts of orders.
    #[serde(skip)]
    pub(crate) wanted: Contracts,
    /// Whether the record that is being applied has changed anything beside what its actions tell.
    #[serde(skip)]
    pub(crate) moved: Aside<bool>,
    /// The orders that the record that is being applied tells of.
    #[serde(skip)]
    pub(crate) touched: Aside<Vec<IntentId>>,
    /// Whether nobody is told of them.
    #[serde(skip)]
    pub(crate) is_history: Aside<bool>,
}

/// What the book knows of the links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LinkView {
    /// Whether the session is ready.
    pub(crate) ready: bool,
    /// Since when TWS has had IB, as far as is known.
    pub(crate) upstream_since: Option<Timestamp>,
    /// When a whole snapshot was last recorded.
    pub(crate) compared_at: Option<Timestamp>,
    /// Since when fills may be unknown, because the broker's history does not reach so far back (R30); until a person
    /// acknowledges.
    pub(crate) away_since: Option<Timestamp>,
}

impl LinkView {
    /// Whether the broker itself can be asked, and not only TWS.
    pub(crate) const fn can_tell(&self) -> bool {
        self.ready && self.upstream_since.is_some()
    }
}

/// What is known for the moment, no part of the book: two books are equal whatever it says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Aside<T>(pub(crate) T);

impl<T> PartialEq for Aside<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Contracts that were named, so that many share one: no part of the book either.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contracts(BTreeMap<ContractId, Arc<Contract>>);

/// Most of them: beyond that, those that come are remembered in place of all before.
const CONTRACTS_MAX: usize = 4096;

impl PartialEq for Contracts {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Contracts {
    /// The contract as all others of its number have it that are equal to it.
    pub(crate) fn shared(&mut self, contract: &Contract) -> Arc<Contract> {
        self.known(contract).unwrap_or_else(|| self.keep(Arc::new(contract.clone())))
    }

    /// The same for one that is shared already.
    pub(crate) fn interned(&mut self, contract: &Arc<Contract>) -> Arc<Contract> {
        self.known(contract).unwrap_or_else(|| self.keep(Arc::clone(contract)))
    }

    fn known(&self, contract: &Contract) -> Option<Arc<Contract>> {
        let known = self.0.get(&contract.known_id()?)?;
        (std::ptr::eq(known.as_ref(), contract) || is_spelled_alike(known, contract)).then(|| Arc::clone(known))
    }

    fn keep(&mut self, contract: Arc<Contract>) -> Arc<Contract> {
        if let Some(id) = contract.known_id() {
            if self.0.len() >= CONTRACTS_MAX {
                self.0.clear();
            }
            self.0.insert(id, Arc::clone(&contract));
        }
        contract
    }
}

impl Orders {
    /// An empty book for one trader at one API client.
    #[must_use]
    pub fn new(instance: Instance, client_id: ClientId) -> Self {
        Self {
            instance,
            client_id,
            orders: Store::default(),
            by_order_id: BTreeMap::new(),
            by_permanent_id: BTreeMap::new(),
            executions: Executions::default(),
            missing: BTreeSet::new(),
            external: BTreeMap::new(),
            unproven: BTreeMap::new(),
            strangers: BTreeSet::new(),
            marks: Marks::default(),
            next_order_id: 1,
            groups: BTreeMap::new(),
            stand_ins: BTreeMap::new(),
            exposed: BTreeSet::new(),
            halts: Vec::new(),
            terms: BTreeMap::new(),
            link: LinkView::default(),
            live: BTreeSet::new(),
            settling: BTreeSet::new(),
            snapshot: Incoming::default(),
            contracts: Contracts::default(),
            wanted: Contracts::default(),
            moved: Aside::default(),
            touched: Aside::default(),
            is_history: Aside::default(),
        }
    }

    /// Takes a submission whose every leg the gate lets through.
    ///
    /// # Errors
    /// [`SubmitError`]; then nothing was recorded and nothing will be sent.
    pub fn submit<G: Gate>(
        &mut self,
        submission: Submission,
        gate: &G,
        now: Timestamp,
    ) -> Result<Step, SubmitError<G::Refusal>> {
        submission.validate().map_err(SubmitError::Invalid)?;
        if let Some(halt) = submission.legs().find_map(|leg| self.halted_for(leg)) {
            return Err(SubmitError::Halted(halt.clone()));
        }
        self.check_replacement(&submission)?;
        self.take_submission(submission, gate, now)
    }

    /// What is replaced must have ended, and only once.
    pub(crate) fn check_replacement<R>(&self, submission: &Submission) -> Result<(), SubmitError<R>> {
        let Submission::Replacement(Replacement { of, .. }) = submission else { return Ok(()) };
        let replaced = self.orders.get(of).ok_or(SubmitError::NothingToReplace(*of))?;
        if replaced.state.is_live() {
            return Err(SubmitError::StillLive(*of));
        }
        if replaced.replaced_by.is_some() { Err(SubmitError::ReplacedAlready(*of)) } else { Ok(()) }
    }

    pub(crate) fn take_submission<G: Gate>(
        &mut self,
        submission: Submission,
        gate: &G,
        now: Timestamp,
    ) -> Result<Step, SubmitError<G::Refusal>> {
        let mut order_ids = Vec::new();
        for (offset, leg) in (0..).zip(submission.legs()) {
            if self.orders.contains_key(&leg.id) {
                return Err(SubmitError::IdUsed(leg.id));
            }
            let id = self.next_order_id.saturating_add(offset);
            if id > ORDER_ID_MAX {
                return Err(SubmitError::IdsExhausted);
            }
            self.check_terms(leg, now).map_err(SubmitError::Invalid)?;
            let passed = PassedLegs::of(&submission, order_ids.len());
            gate.check(leg, passed, self).map_err(SubmitError::Refused)?;
            order_ids.push(OrderId(id));
        }
        Ok(self.record(Input::Submitted { submission: Arc::new(submission), order_ids }, now))
    }

    /// Makes the message that asks what an order would do to margins and what it would cost. It places nothing: no order has
    /// its id, now or later (R3), and it has no mark of ours, so that nothing that comes of it can be taken for an order.
    ///
    /// # Errors
    /// [`SubmitError::Invalid`] for an order that can never be right, [`SubmitError::IdsExhausted`].
    pub fn question<R>(&mut self, intent: &Intent, now: Timestamp) -> Result<(Box<PlaceOrder>, Step), SubmitError<R>> {
        intent.validate().map_err(SubmitError::Invalid)?;
        let order_id = OrderId(self.next_order_id);
        if order_id.0 > ORDER_ID_MAX {
            return Err(SubmitError::IdsExhausted);
        }
        let mut question = Box::new(intent.to_place(order_id, &self.instance));
        question.order.order_reference.clear();
        question.order.what_if = true;
        Ok((question, self.record(Input::NumberTaken { order_id }, now)))
    }

    /// Asks for one order to be cancelled; the outcome comes as [`Action::Outcome`]. Asking again changes nothing until the
    /// tries are used up (R19).
    ///
    /// # Errors
    /// [`CancelError::NoSuchOrder`].
    pub fn cancel(&mut self, id: IntentId, now: Timestamp) -> Result<Step, CancelError> {
        let order = self.orders.get(&id).ok_or(CancelError::NoSuchOrder(id))?;
        if !order.is_within_reach() {
            return Err(CancelError::OutOfReach(id));
        }
        if !order.state.is_live() || order.is_cancel_on_its_way() {
            return Ok(Step::default());
        }
        Ok(self.record(Input::CancelAsked { intents: vec![id] }, now))
    }

    /// Asks for every live order that `which` picks to be cancelled, in one record.
    pub fn cancel_all(&mut self, which: impl Fn(&Tracked) -> bool, now: Timestamp) -> Step {
        let intents: Vec<IntentId> = self
            .live()
            .filter(|order| order.is_within_reach() && !order.is_cancel_on_its_way() && which(order))
            .map(|order| order.intent.id)
            .collect();
        if intents.is_empty() { Step::default() } else { self.record(Input::CancelAsked { intents }, now) }
    }

    /// Asks for a working order to be changed (R21); the outcome comes as [`Action::Outcome`]. Asking for what is on its way
    /// or confirmed already changes nothing.
    ///
    /// # Errors
    /// [`ChangeError`]; then nothing was recorded and nothing will be sent.
    pub fn change<G: Gate>(
        &mut self,
        id: IntentId,
        change: Change,
        gate: &G,
        now: Timestamp,
    ) -> Result<Step, ChangeError<G::Refusal>> {
        let order = self.orders.get(&id).ok_or(ChangeError::NoSuchOrder(id))?;
        if !order.is_within_reach() {
            return Err(ChangeError::OutOfReach(id));
        }
        // Asked for twice, it is done once; and what is confirmed already is done.
        if order.change.as_ref() == Some(&change)
            || order.change.is_none() && change.applied_to(&order.intent) == order.intent
        {
            return Ok(Step::default());
        }
        if !order.state.is_changeable() {
            return Err(ChangeError::NotAcknowledged(order.state.name()));
        }
        if order.change.is_some() || order.cancel.is_some() {
            return Err(ChangeError::InFlight);
        }
        if let Some(halt) = self.halted_for(&order.intent) {
            return Err(ChangeError::Halted(halt.clone()));
        }
        let changed = change.applied_to(&order.intent);
        if std::mem::discriminant::<OrderKind>(&changed.kind) != std::mem::discriminant(&order.intent.kind) {
            return Err(ChangeError::OtherKind);
        }
        changed.validate().and_then(|()| self.check_terms(&changed, now)).map_err(ChangeError::Invalid)?;
        if changed.quantity <= order.filled {
            return Err(ChangeError::BelowFilled { filled: order.filled });
        }
        gate.check(&changed, PassedLegs::default(), self).map_err(ChangeError::Refused)?;
        Ok(self.record(Input::ChangeAsked { intent: id, change }, now))
    }

    /// Takes an event from outside.
    pub fn step(&mut self, event: Event, now: Timestamp) -> Step {
        match &event {
            Event::Timer if !self.is_anything_due(now) => Step::default(),
            Event::Snapshot(SnapshotEvent::Began) => {
                self.snapshot.begin(now);
                Step::default()
            }
            Event::Snapshot(SnapshotEvent::Ended) => self.snapshot_ended(&SnapshotFacts::default(), now),
            Event::Broker(_) => {
                let record = Record { at: now, input: Input::Happened(event) };
                let actions = self.apply(&record);
                // What is told again and changes nothing is not recorded again: the broker repeats itself, and a
                // snapshot repeats it all.
                let records = if actions.is_empty() && !self.moved.0 { Vec::new() } else { vec![record] };
                Step { records, actions }
            }
            _ => self.record(Input::Happened(event), now),
        }
    }

    pub(crate) fn record(&mut self, input: Input, at: Timestamp) -> Step {
        let record = Record { at, input };
        let actions = self.apply(&record);
        Step { records: vec![record], actions }
    }

    /// Moves the book by one record: the only place where it changes, live and in replay alike. In replay the actions
    /// are history and must not be carried out again.
    pub fn apply(&mut self, record: &Record) -> Vec<Action> {
        let at = record.at;
        let mut actions = Vec::new();
        self.moved.0 = false;
        self.touched.0.clear();
        match &record.input {
            Input::Submitted { submission, order_ids } => self.submitted(submission, order_ids, at, &mut actions),
            Input::NumberTaken { order_id } => self.see_order_id(*order_id),
            Input::CancelAsked { intents } => self.cancel_asked(intents, at, &mut actions),
            Input::ChangeAsked { intent, change } => self.change_asked(*intent, change, at, &mut actions),
            Input::Happened(event) => self.happened(event, at, &mut actions),
            Input::Forgotten { before } => self.forgotten(*before),
            Input::Learnt { contract_id, terms } => self.learnt(*contract_id, terms),
            Input::Halted { scope, reason } => self.halted(scope, reason, at, &mut actions),
            Input::Adopted { number, intent, order_id, by: _ } => {
                self.adopted(*number, intent, *order_id, at, &mut actions);
            }
            Input::Ignored { number, by: _ } => self.ignored(*number),
            Input::Acknowledged { scope, by: _ } => self.acknowledged(scope),
        }
        self.watch_groups(at, &mut actions);
        self.note_ended();
        actions
    }

    /// Moves the book by a record of the past, as [`apply`](Self::apply) does. What follows is given without
    /// [`Action::Changed`]: whoever owns an order was told of it then, and making it costs more than the move.
    pub fn replay(&mut self, record: &Record) -> Vec<Action> {
        self.is_history.0 = true;
        let actions = self.apply(record);
        self.is_history.0 = false;
        actions
    }

    /// Packs what has ended, now and then. Nothing else shows it: an order is told of alike whether it is packed or not.
    fn note_ended(&mut self) {
        for id in &self.touched.0 {
            self.orders.rest(*id);
        }
        if self.orders.is_full() {
            self.pack(KEPT_IN_FULL);
        }
    }

    /// Keeps every order that has ended in as few bytes as there are; the book is the same. It happens by itself for all
    /// but the last ones to end.
    pub fn pack_ended(&mut self) {
        self.pack(0);
    }

    fn pack(&mut self, keep: usize) {
        let (missing, settling) = (&self.missing, &self.settling);
        // Those are looked at again and again.
        let rests = |id: &IntentId| !missing.contains(id) && !settling.contains(id);
        let packed = self.orders.pack(keep, rests);
        self.executions.pack(&packed);
    }

    fn submitted(
        &mut self,
        submission: &Arc<Submission>,
        order_ids: &[OrderId],
        at: Timestamp,
        actions: &mut Vec<Action>,
    ) {
        let alone = submission.alone().zip(order_ids.first());
        // A record of another book may name what is known: that is not forgotten.
        if let Some((intent, order_id)) = alone {
            if !self.orders.contains_key(&intent.id) {
                let burst = Burst::single(Arc::clone(submission), *order_id, self.instance.clone());
                actions.push(Action::Send(burst));
                self.placed(intent, *order_id, Ties::default(), at, actions);
            }
        } else {
            let legs = submission.legs().zip(submission.burst(order_ids, &self.instance));
            let legs: Vec<_> = legs.filter(|(leg, _)| !self.orders.contains_key(&leg.id)).collect();
            let mut updates = Vec::new();
            for (leg, place) in &legs {
                self.placed(leg, place.order_id, Ties::of(&place.order), at, &mut updates);
            }
            let (places, messages) = legs.into_iter().map(|(leg, place)| (leg.id, place)).unzip();
            actions.push(Action::Send(Burst::group(places, messages)));
            actions.append(&mut updates);
        }
        self.take_group(submission);
    }

    /// Takes one order that is about to leave.
    fn placed(&mut self, intent: &Intent, order_id: OrderId, ties: Ties, at: Timestamp, actions: &mut Vec<Action>) {
        let ends_at = self.terms_of(intent).and_then(|terms| terms.end_of(intent, at));
        let contract = self.wanted.interned(&intent.contract);
        let intent = Intent { contract, ..intent.clone() };
        let id = intent.id;
        let order = Tracked { ends_at, ..Tracked::new(intent, order_id, ties, at) };
        self.next_order_id = self.next_order_id.max(order_id.0.saturating_add(1));
        self.by_order_id.insert(order_id, id);
        if !self.is_history.0 {
            actions.push(Action::Changed(Box::new(order.update())));
        }
        self.touched.0.push(id);
        self.live.insert(id);
        self.orders.insert(id, order);
    }

    fn cancel_asked(&mut self, intents: &[IntentId], at: Timestamp, actions: &mut Vec<Action>) {
        for id in intents {
            self.waive_stop(*id);
            if let Some(order) = self.orders.get_mut(id)
                && order.state.is_live()
            {
                order.cancel = Some(Cancel { asked_at: at, sent_at: at, tries: 1 });
                // One burst a cancel: a cancel that cannot leave must not keep the others.
                actions.push(Action::Send(Burst::cancel(order.order_id)));
            }
        }
    }

    fn change_asked(&mut self, id: IntentId, change: &Change, at: Timestamp, actions: &mut Vec<Action>) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        let changed = change.applied_to(&order.intent);
        let place = order.place(&changed, &self.instance);
        order.change = Some(change.clone());
        order.change_asked_at = Some(at);
        actions.push(Action::Send(Burst::change(place)));
    }

    /// One order.
    #[must_use]
    pub fn get(&self, id: IntentId) -> Option<Found<'_>> {
        self.orders.get(&id)
    }

    /// One order as its owner is told.
    #[must_use]
    pub fn update(&self, id: IntentId) -> Option<OrderUpdate> {
        self.orders.get(&id).map(|order| order.update())
    }

    /// Every order that is not [forgotten](Orders::forget_ended_before), oldest id first.
    pub fn iter(&self) -> impl Iterator<Item = Found<'_>> {
        self.orders.values()
    }

    /// Every order that can still trade, as far as anybody knows.
    pub fn live(&self) -> impl Iterator<Item = &Tracked> {
        self.live.iter().filter_map(|id| self.orders.in_full(id))
    }

    /// The order of ours that has this number at this client.
    #[must_use]
    pub fn by_order_id(&self, id: OrderId) -> Option<Found<'_>> {
        self.orders.get(self.by_order_id.get(&id)?)
    }

    /// How much may still be bought or sold of a contract in an account, beside an order where one is named: all that is
    /// live or unknown counts in full (R6), and so do the orders of others. Of a group with block the largest order counts.
    #[must_use]
    pub fn live_quantity(
        &self,
        account: &str,
        contract: &Contract,
        side: Side,
        beside: Option<Beside>,
        now: Timestamp,
    ) -> Decimal {
        let ours = self
            .at_risk()
            .filter(|order| order.intent.account == account && order.intent.side == side)
            .filter(|order| beside.is_none_or(|beside| order.intent.id != beside.id))
            .filter(|order| is_same_instrument(&order.intent.contract, contract));
        let mut sum = Sum::beside(self, beside, now);
        ours.for_each(|order| sum.add(order, order.exposure(now)));
        self.external_for(account, contract, side).for_each(|order| sum.add_alone(order.remaining));
        sum.total()
    }

    /// How many orders are live for a contract on one side of an account, those of others among them: IB counts them all
    /// (F26).
    #[must_use]
    pub fn live_count(&self, account: &str, contract: &Contract, side: Side) -> usize {
        let ours = self
            .live()
            .filter(|order| order.intent.account == account && order.intent.side == side)
            .filter(|order| is_same_instrument(&order.intent.contract, contract));
        ours.count() + self.external_for(account, contract, side).count()
    }

    /// Orders of others that may be for this contract on this side: what is not known of one does not exclude it.
    fn external_for(&self, account: &str, contract: &Contract, side: Side) -> impl Iterator<Item = &ExternalOrder> {
        self.external
            .values()
            .filter(move |order| {
                !order.is_ignored && order.account == account && order.side.is_none_or(|known| known == side)
            })
            .filter(move |order| match (order.contract_id, contract.known_id()) {
                (Some(one), Some(other)) => one == other,
                _ => order.symbol == contract.symbol,
            })
    }

    /// Live orders that are not ours.
    pub fn external(&self) -> impl Iterator<Item = &ExternalOrder> {
        self.external.values()
    }

    /// Every execution.
    #[must_use]
    pub const fn executions(&self) -> &Executions {
        &self.executions
    }

    /// The id the next order will have.
    #[must_use]
    pub const fn next_order_id(&self) -> OrderId {
        OrderId(self.next_order_id)
    }

    /// Whether any order's outcome is not known.
    #[must_use]
    pub fn has_unknown(&self) -> bool {
        self.live().any(|order| matches!(order.state, crate::state::State::Unknown(_)))
    }
}

#[cfg(test)]
mod tests {
    use tws_proto::message::OpenOrder;

    use super::*;
    use crate::event::{BrokerEvent, LinkEvent};
    use crate::intent::Hours;
    use crate::lifetime::TimeInForce;

    #[test]
    fn orders_of_others_count_in_risk() {
        let mut orders = Orders::new(Instance::new("t1").expect("two letters"), ClientId(1));
        let external = |number, contract_id, side, remaining| ExternalOrder {
            permanent_id: PermanentId(number),
            account: "DU1".to_owned(),
            contract_id,
            symbol: "IBM".to_owned(),
            side,
            remaining,
            reference: String::new(),
            shown: None,
            is_ignored: false,
        };
        for (number, contract_id, side, remaining) in [
            (1, Some(ContractId(5)), Some(Side::Buy), Decimal::ONE),
            (2, None, Some(Side::Buy), Decimal::TEN),
            (3, Some(ContractId(5)), None, Decimal::ONE_HUNDRED),
            (4, Some(ContractId(6)), Some(Side::Buy), Decimal::ONE_THOUSAND),
        ] {
            orders.external.insert(PermanentId(number), external(number, contract_id, side, remaining));
        }
        let known = Contract { contract_id: Some(ContractId(5)), ..Contract::stock("IBM", "USD") };
        let unknown = Contract::stock("IBM", "USD");
        for (account, contract, side, (expected, count)) in [
            ("DU1", &known, Side::Buy, (111, 3)),
            ("DU1", &known, Side::Sell, (100, 1)),
            ("DU2", &known, Side::Buy, (0, 0)),
            ("DU1", &unknown, Side::Buy, (1111, 4)),
        ] {
            assert_eq!(orders.live_count(account, contract, side), count, "{account} {side}");
            let quantity = orders.live_quantity(account, contract, side, None, Timestamp(0));
            assert_eq!(quantity, Decimal::from(expected), "{account} {side}");
        }
        orders.external.insert(PermanentId(5), external(5, Some(ContractId(5)), Some(Side::Buy), Decimal::MAX));
        assert_eq!(orders.live_quantity("DU1", &known, Side::Buy, None, Timestamp(0)), Decimal::MAX);
    }

    #[test]
    fn r03_a_question_is_no_order_and_uses_its_number_up() {
        let mut orders = Orders::new(Instance::new("t1").expect("two letters"), ClientId(1));
        let _ = orders.step(Event::Link(LinkEvent::Ready { next_order_id: OrderId(7) }), Timestamp(0));
        let intent = Intent {
            id: IntentId(1),
            strategy: "s".into(),
            account: "DU1".into(),
            contract: Contract::stock("IBM", "USD").into(),
            side: Side::Buy,
            quantity: Decimal::ONE,
            kind: OrderKind::Market,
            time_in_force: TimeInForce::Day,
            hours: Hours::Regular,
            extension: None,
        };
        let mut replayed = orders.clone();
        let asked = orders.question::<()>(&intent, Timestamp(1));
        let (question, step) = asked.expect("it is sound");
        assert_eq!((question.order_id, question.order.what_if), (OrderId(7), true));
        assert_eq!(question.order.order_reference, "");
        assert_eq!(orders.next_order_id(), OrderId(8));
        for record in &step.records {
            assert_eq!(replayed.apply(record), []);
        }
        assert_eq!(replayed, orders);

        // Whatever mark the answer has: it is no order, of ours or of others.
        let mut shown = question.order.clone();
        shown.order_reference = orders.instance.reference(IntentId(2));
        shown.client_id = Some(ClientId(1));
        shown.permanent_id = Some(PermanentId(5));
        let open =
            OpenOrder { order_id: OrderId(7), contract: question.contract, order: shown, state: Default::default() };
        let told = orders.step(Event::Broker(BrokerEvent::OpenOrder(Box::new(open))), Timestamp(2));
        assert_eq!(told, Step::default());
        assert_eq!(orders.external().count(), 0);

        orders.next_order_id = ORDER_ID_MAX + 1;
        assert_eq!(orders.question::<()>(&intent, Timestamp(3)), Err(SubmitError::IdsExhausted));
        let nothing = Intent { quantity: Decimal::ZERO, ..intent };
        assert!(matches!(orders.question::<()>(&nothing, Timestamp(3)), Err(SubmitError::Invalid(_))));
    }
}
