//! Snapshots of the broker's book: what they show is compared with ours, and only the difference is recorded (R8, R9).

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use tws_proto::ids::{ContractId, PermanentId};

use crate::action::{Action, Alarm, Question, Step};
use crate::event::{Compared, Event, Input, SnapshotEvent};
use crate::orders::Orders;
use crate::reconcile::ANSWER_US;
use crate::reference::IntentId;
use crate::state::{Evidence, State};
use crate::time::{SECOND_US, Timestamp};
use crate::tracked::Tracked;

/// How far apart two snapshots must be to agree that an order is absent (R9).
const ABSENT_APART_US: i64 = 10 * SECOND_US;

/// A snapshot that is coming in. It is no part of the book: what it shows becomes a record when it is whole, and a
/// snapshot that a restart cuts in two is none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Incoming(Option<Seen>);

/// Two books are equal whatever is coming in.
impl PartialEq for Incoming {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// What has been seen of a snapshot.
#[derive(Clone, Debug)]
struct Seen {
    began_at: Timestamp,
    ours: BTreeSet<IntentId>,
    unchanged: BTreeSet<IntentId>,
    external: BTreeSet<PermanentId>,
}

impl Incoming {
    pub(crate) fn begin(&mut self, at: Timestamp) {
        let (ours, unchanged, external) = Default::default();
        self.0 = Some(Seen { began_at: at, ours, unchanged, external });
    }

    pub(crate) fn drop_half(&mut self) {
        self.0 = None;
    }

    /// An order of ours is at the broker: the snapshot need not list it.
    pub(crate) fn see(&mut self, id: IntentId) {
        if let Some(seen) = &mut self.0 {
            seen.ours.insert(id);
        }
    }

    /// An order is shown with all that was asked of it, or without a change.
    pub(crate) fn see_change(&mut self, id: IntentId, is_unchanged: bool) {
        if let Some(seen) = &mut self.0 {
            if is_unchanged {
                seen.unchanged.insert(id);
            } else {
                seen.unchanged.remove(&id);
            }
        }
    }

    pub(crate) fn see_external(&mut self, number: PermanentId) {
        if let Some(seen) = &mut self.0 {
            seen.external.insert(number);
        }
    }
}

impl Orders {
    /// Ends a snapshot, every part of which was answered in one epoch. `unexplained` names positions that our fills do
    /// not explain: no order there is called lost (R9).
    pub fn snapshot_ended(&mut self, unexplained: &[(String, ContractId)], now: Timestamp) -> Step {
        match self.compare(unexplained, now) {
            Some(compared) if self.says_something(&compared) => {
                let event = Event::Snapshot(SnapshotEvent::Compared(Box::new(compared)));
                self.record(Input::Happened(event), now)
            }
            Some(_) | None => Step::default(),
        }
    }

    /// Holds what came in against our book.
    pub(crate) fn compare(&mut self, unexplained: &[(String, ContractId)], at: Timestamp) -> Option<Compared> {
        let seen = self.snapshot.0.take()?;
        let live = || self.live().filter(|order| order.created_at < seen.began_at);
        let absent: Vec<IntentId> = live().map(|order| order.intent.id).filter(|id| !seen.ours.contains(id)).collect();
        let would_show = |order: &&Tracked| {
            let is_old = order.change_asked_at.is_some_and(|asked| seen.began_at.since(asked) >= ANSWER_US);
            is_old && self.is_upstream_settled(at) && seen.unchanged.contains(&order.intent.id)
        };
        let unchanged = live().filter(would_show).map(|order| order.intent.id).collect();
        let external_gone = self.external.keys().filter(|number| !seen.external.contains(number)).copied().collect();
        let unexplained = if absent.is_empty() { Vec::new() } else { unexplained.to_vec() };
        Some(Compared { absent, unchanged, external_gone, unexplained })
    }

    fn says_something(&self, compared: &Compared) -> bool {
        let Compared { absent, unchanged, external_gone, unexplained: _ } = compared;
        let differs = !(absent.is_empty() && unchanged.is_empty() && external_gone.is_empty());
        differs || self.is_any_group_doubted() || self.live().any(|order| order.absent_since.is_some())
    }

    pub(crate) fn compared(&mut self, compared: &Compared, at: Timestamp, actions: &mut Vec<Action>) {
        for number in &compared.external_gone {
            self.external.remove(number);
        }
        for id in &compared.unchanged {
            self.refuse_change(*id, "the broker shows the order without the change".to_owned(), at, actions);
        }
        let absent: BTreeSet<IntentId> = compared.absent.iter().copied().collect();
        for order in self.orders.values_mut().filter(|order| !absent.contains(&order.intent.id)) {
            order.absent_since = None;
        }
        // R25 comes before any verdict.
        let being_cancelled = self.repair_groups(&absent, at, actions);
        for id in &compared.absent {
            let is_explained = self.is_explained(*id, compared) && !being_cancelled.contains(id);
            self.miss(*id, is_explained, at, actions);
        }
    }

    /// Whether nothing unexplained speaks for a fill of this order.
    fn is_explained(&self, id: IntentId, compared: &Compared) -> bool {
        let Some(order) = self.orders.get(&id) else { return true };
        let (account, contract) = (&order.intent.account, order.intent.contract.known_id());
        let concerns = |(of, id): &(String, ContractId)| of == account && contract.is_none_or(|known| known == *id);
        !compared.unexplained.iter().any(concerns)
    }

    /// An order was in no part of a whole snapshot.
    fn miss(&mut self, id: IntentId, is_explained: bool, at: Timestamp, actions: &mut Vec<Action>) {
        let settled = self.is_upstream_settled(at);
        let Some(order) = self.orders.get_mut(&id).filter(|order| order.state.is_live()) else { return };
        let apart = order.absent_since.is_some_and(|since| at.since(since) >= ABSENT_APART_US);
        order.absent_since.get_or_insert(at);
        let sure = apart && settled && is_explained;
        if sure && order.is_fill_missing() {
            // R9: nothing is lost while a fill is not explained.
            let (told, filled) = (order.told.filled, order.filled);
            self.weigh(id, &Evidence::AbsentOnce, at, "", actions);
            actions.push(Action::Alarm(Alarm::FillsMissing { intent: id, told, filled }));
            actions.push(Action::Ask(Question::Executions));
            return;
        }
        let open = order.intent.quantity.saturating_sub(order.filled);
        let evidence = match (sure, open > Decimal::ZERO) {
            (true, false) => Evidence::FilledInFull,
            (true, true) => Evidence::AbsentForSure,
            (false, _) => Evidence::AbsentOnce,
        };
        self.weigh(id, &evidence, at, "", actions);
        if self.orders.get(&id).is_some_and(|order| order.state == State::Lost) {
            actions.push(Action::Alarm(Alarm::Lost { intent: id }));
        }
    }
}
