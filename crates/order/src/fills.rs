//! [`Executions`]: every trade, counted once at its highest revision, with what it cost.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::BuildHasher as _;

use foldhash::fast::FixedState;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize, Serializer};
use smallvec::SmallVec;
use smol_str::SmolStr;
use tws_proto::ids::{ContractId, PermanentId, split_execution_id};
use tws_proto::message::{CommissionReport, ExecutionData};

use crate::action::{Commission, UncountableReason};
use crate::packed::Shared;
use crate::reference::IntentId;
use crate::time::Timestamp;
use tws_proto::Side;

/// Most commissions that wait for their executions; the oldest roots give way (they are other clients').
pub const COMMISSIONS_WAITING_MAX: usize = 4096;

/// Every execution this book has heard of, by root. Those of orders that rest are packed, which shows nowhere.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "Form<'static>")]
pub struct Executions {
    /// Where each is, by the hash of its root.
    places: HashMap<u64, Place, FixedState>,
    open: Slots<(SmolStr, Execution)>,
    /// The open ones of each order of ours.
    of_order: HashMap<IntentId, SmallVec<[u32; 4]>, FixedState>,
    /// Executions of one order each.
    packed: Slots<Box<[u8]>>,
    /// Those with the hash of another one.
    clashing: BTreeMap<SmolStr, Execution>,
    shared: Shared,
    /// Roots that belong to no order of ours, by IB's number of theirs: it may prove to be ours later.
    unowned: BTreeMap<PermanentId, BTreeSet<SmolStr>>,
    commissions_waiting: BTreeMap<SmolStr, Cost>,
}

/// Where an execution is: its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In full.
    Open(u32),
    /// With others of its order, as bytes.
    Packed(u32),
}

/// Things by small numbers, which are used again.
#[derive(Clone, Debug)]
struct Slots<T> {
    slots: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slots<T> {
    fn get(&self, at: u32) -> Option<&T> {
        self.slots.get(at as usize)?.as_ref()
    }

    fn get_mut(&mut self, at: u32) -> Option<&mut T> {
        self.slots.get_mut(at as usize)?.as_mut()
    }

    fn insert(&mut self, thing: T) -> u32 {
        match self.free.pop() {
            Some(at) => {
                if let Some(slot) = self.slots.get_mut(at as usize) {
                    *slot = Some(thing);
                }
                at
            }
            None => {
                self.slots.push(Some(thing));
                u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX) // one was pushed; 2^32 of them fill no memory
            }
        }
    }

    fn remove(&mut self, at: u32) -> Option<T> {
        let thing = self.slots.get_mut(at as usize)?.take()?;
        self.free.push(at);
        Some(thing)
    }

    fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..).zip(&self.slots).filter_map(|(at, slot)| Some((at, slot.as_ref()?)))
    }
}

/// Executions as journals have them.
#[derive(Serialize, Deserialize)]
struct Form<'a> {
    by_root: BTreeMap<Cow<'a, str>, Cow<'a, Execution>>,
    unowned: Cow<'a, BTreeMap<PermanentId, BTreeSet<SmolStr>>>,
    commissions_waiting: Cow<'a, BTreeMap<SmolStr, Cost>>,
}

impl From<Form<'_>> for Executions {
    fn from(form: Form<'_>) -> Self {
        let mut executions = Self {
            unowned: form.unowned.into_owned(),
            commissions_waiting: form.commissions_waiting.into_owned(),
            ..Self::default()
        };
        for (root, execution) in form.by_root {
            executions.insert(root.into(), execution.into_owned());
        }
        executions
    }
}

impl Serialize for Executions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (unowned, commissions_waiting) = (Cow::Borrowed(&self.unowned), Cow::Borrowed(&self.commissions_waiting));
        Form { by_root: self.all(), unowned, commissions_waiting }.serialize(serializer)
    }
}

impl PartialEq for Executions {
    fn eq(&self, other: &Self) -> bool {
        self.unowned == other.unowned
            && self.commissions_waiting == other.commissions_waiting
            && self.len() == other.len()
            && self.all() == other.all()
    }
}

/// One execution at its highest revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// Its revision.
    pub revision: u32,
    /// The order of ours that traded.
    pub intent: Option<IntentId>,
    /// Whose.
    pub strategy: Option<SmolStr>,
    /// In which account.
    pub account: SmolStr,
    /// What.
    pub contract_id: Option<ContractId>,
    /// Which way.
    pub side: Side,
    /// How much.
    pub quantity: Decimal,
    /// At which price.
    pub price: Decimal,
    /// IB's number of the order that traded, where it was told.
    pub permanent_id: Option<PermanentId>,
    /// Whether it is the execution of a whole combination, which moves no position by itself (R16).
    pub is_combination: bool,
    /// Whether no execution of the broker's proves it (R14).
    pub is_inferred: bool,
    /// When it was heard of.
    pub at: Timestamp,
    /// What it cost, where that is known.
    pub cost: Option<Cost>,
}

/// What an execution cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Revision of the execution it was told for.
    pub revision: u32,
    /// Commission and fees.
    pub amount: Decimal,
    /// Their currency.
    pub currency: SmolStr,
}

/// An execution of the wire, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reading {
    pub(crate) root: SmolStr,
    pub(crate) revision: u32,
    pub(crate) side: Side,
    pub(crate) quantity: Decimal,
    pub(crate) price: Decimal,
}

impl Reading {
    /// Reads what must be there for an execution to count.
    pub(crate) fn of(data: &ExecutionData) -> Result<Self, UncountableReason> {
        let execution = &data.execution;
        let (root, revision) = split_id(&execution.execution_id).ok_or(UncountableReason::Id)?;
        let side = Side::of_execution(&execution.side).ok_or(UncountableReason::Side)?;
        let (Some(quantity), Some(price)) = (execution.quantity, execution.price) else {
            return Err(UncountableReason::Numbers);
        };
        if quantity < Decimal::ZERO {
            return Err(UncountableReason::Numbers);
        }
        Ok(Self { root: root.into(), revision, side, quantity, price })
    }
}

/// The same within one process, which is all that is asked of it.
fn hash(root: &str) -> u64 {
    FixedState::default().hash_one(root)
}

/// Root and revision of an execution id; `None` for an empty one.
fn split_id(id: &str) -> Option<(&str, u32)> {
    (!id.is_empty()).then(|| split_execution_id(id))
}

impl Executions {
    /// The execution with this root.
    #[must_use]
    pub fn get(&self, root: &str) -> Option<Cow<'_, Execution>> {
        let found = match self.places.get(&hash(root))? {
            Place::Open(at) => {
                self.open.get(*at).filter(|(known, _)| known == root).map(|(_, found)| Cow::Borrowed(found))
            }
            Place::Packed(at) => {
                let executions = self.packed.get(*at).map(|bytes| self.unpacked(bytes)).unwrap_or_default();
                executions.into_iter().find(|(known, _)| known == root).map(|(_, found)| Cow::Owned(found))
            }
        };
        found.or_else(|| self.clashing.get(root).map(Cow::Borrowed))
    }

    /// Every execution by root.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, Execution>)> {
        self.all().into_iter()
    }

    fn all(&self) -> BTreeMap<Cow<'_, str>, Cow<'_, Execution>> {
        let packed = self.packed.iter().flat_map(|(_, bytes)| self.unpacked(bytes));
        let packed = packed.map(|(root, execution)| (Cow::Owned(root.into()), Cow::Owned(execution)));
        let in_full = self.in_full().map(|(root, execution)| (Cow::Borrowed(root.as_str()), Cow::Borrowed(execution)));
        in_full.chain(packed).collect()
    }

    /// Those that are not packed, in no order.
    fn in_full(&self) -> impl Iterator<Item = (&SmolStr, &Execution)> {
        self.open.iter().map(|(_, (root, execution))| (root, execution)).chain(&self.clashing)
    }

    fn unpacked(&self, bytes: &[u8]) -> Vec<(SmolStr, Execution)> {
        self.shared.unpack_executions(bytes).unwrap_or_default() // it reads what it has written
    }

    /// Packs what is known of these orders.
    pub(crate) fn pack(&mut self, orders: &[IntentId]) {
        for id in orders {
            if let Some(places) = self.of_order.remove(id) {
                self.pack_one(*id, &places);
            }
        }
    }

    fn pack_one(&mut self, id: IntentId, places: &[u32]) {
        let open = |at: &u32| self.open.get(*at).filter(|(_, execution)| execution.intent == Some(id));
        let mut places: SmallVec<[u32; 8]> = places.iter().copied().filter(|at| open(at).is_some()).collect();
        places.sort_unstable_by(|one, other| open(one).map(|(root, _)| root).cmp(&open(other).map(|(root, _)| root)));
        places.dedup();
        let bytes = self.shared.pack_executions(id, &places.iter().filter_map(open).collect::<SmallVec<[_; 8]>>());
        let at = self.packed.insert(bytes);
        for place in places {
            if let Some((root, _)) = self.open.remove(place) {
                self.places.insert(hash(&root), Place::Packed(at));
            }
        }
    }

    /// The execution with this root, in full.
    fn get_mut(&mut self, root: &str) -> Option<&mut Execution> {
        let hash = hash(root);
        if let Place::Packed(at) = *self.places.get(&hash)? {
            let executions = self.packed.get(at).map(|bytes| self.unpacked(bytes)).unwrap_or_default();
            if executions.iter().any(|(known, _)| known == root) {
                self.packed.remove(at);
                self.open_all(executions);
            }
        }
        match *self.places.get(&hash)? {
            Place::Open(at) if self.open.get(at).is_some_and(|(known, _)| known == root) => {
                self.open.get_mut(at).map(|(_, execution)| execution)
            }
            Place::Open(_) | Place::Packed(_) => self.clashing.get_mut(root),
        }
    }

    /// Remembers an open execution with those of its order.
    fn note_owner(&mut self, owner: Option<IntentId>, at: u32) {
        if let Some(id) = owner {
            self.of_order.entry(id).or_default().push(at);
        }
    }

    /// The same for one that was nobody's until now.
    fn note_new_owner(&mut self, owner: IntentId, root: &str) {
        if let Some(Place::Open(at)) = self.places.get(&hash(root)).copied()
            && self.open.get(at).is_some_and(|(known, _)| known == root)
        {
            self.note_owner(Some(owner), at);
        }
    }

    /// Keeps in full what was packed.
    fn open_all(&mut self, executions: Vec<(SmolStr, Execution)>) {
        for (root, execution) in executions {
            let (hash, owner) = (hash(&root), execution.intent);
            let at = self.open.insert((root, execution));
            self.places.insert(hash, Place::Open(at));
            self.note_owner(owner, at);
        }
    }

    fn insert(&mut self, root: SmolStr, execution: Execution) {
        if let Some(known) = self.get_mut(&root) {
            *known = execution;
            return;
        }
        self.insert_new(root, execution);
    }

    fn insert_new(&mut self, root: SmolStr, execution: Execution) {
        match self.places.entry(hash(&root)) {
            std::collections::hash_map::Entry::Vacant(vacant) => {
                let owner = execution.intent;
                let at = self.open.insert((root, execution));
                vacant.insert(Place::Open(at));
                self.note_owner(owner, at);
            }
            std::collections::hash_map::Entry::Occupied(_) => {
                self.clashing.insert(root, execution);
            }
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len() + self.clashing.len() // both are in memory
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes an execution that is new, or of a higher revision than known (R12, R13); whether its cost was told before it.
    pub(crate) fn take(&mut self, root: &SmolStr, mut execution: Execution) -> bool {
        if let (None, Some(id)) = (execution.intent, execution.permanent_id) {
            self.unowned.entry(id).or_default().insert(root.clone());
        }
        if let Some(known) = self.get_mut(root) {
            execution.cost = known.cost.take();
            let new_owner = execution.intent.filter(|_| known.intent.is_none());
            *known = execution;
            if let Some(id) = new_owner {
                self.note_new_owner(id, root);
            }
            return false;
        }
        execution.cost = self.commissions_waiting.remove(root);
        let has_waited = execution.cost.is_some();
        self.insert_new(root.clone(), execution);
        has_waited
    }

    /// Whether an execution that is nobody's is from before this time.
    pub(crate) fn is_any_unowned_before(&self, before: Timestamp) -> bool {
        self.in_full().any(|(_, execution)| execution.intent.is_none() && execution.at < before)
    }

    /// Forgets executions of these orders, and what is nobody's from before this time.
    pub(crate) fn forget(&mut self, before: Timestamp, orders: &BTreeSet<IntentId>) {
        let is_kept = |execution: &Execution| match execution.intent {
            Some(id) => !orders.contains(&id),
            None => execution.at >= before,
        };
        let Self { open, of_order: _, packed, clashing, shared, unowned, commissions_waiting, places: _ } =
            std::mem::take(self);
        (self.unowned, self.commissions_waiting) = (unowned, commissions_waiting);
        for bytes in packed.slots.into_iter().flatten() {
            let executions = shared.unpack_executions(&bytes).unwrap_or_default(); // it reads what it has written
            let owner = executions.iter().find_map(|(_, execution)| execution.intent);
            if let Some(id) = owner.filter(|id| !orders.contains(id)) {
                self.open_all(executions);
                self.pack(&[id]);
            }
        }
        for (root, execution) in open.slots.into_iter().flatten().chain(clashing) {
            if is_kept(&execution) {
                self.insert(root, execution);
            }
        }
        let mut unowned = std::mem::take(&mut self.unowned);
        unowned.retain(|_, roots| {
            roots.retain(|root| self.get(root).is_some());
            !roots.is_empty()
        });
        self.unowned = unowned;
    }

    /// Gives an execution that was nobody's to an order of ours.
    pub(crate) fn attribute(&mut self, root: &str, intent: IntentId, strategy: &SmolStr) -> bool {
        let Some(execution) = self.get_mut(root) else { return false };
        execution.strategy = Some(strategy.clone());
        let (permanent_id, was_owned) = (execution.permanent_id, execution.intent.replace(intent).is_some());
        if !was_owned {
            self.note_new_owner(intent, root);
        }
        if let Some(roots) = permanent_id.and_then(|id| self.unowned.get_mut(&id)) {
            roots.remove(root);
        }
        true
    }

    /// The executions of an order that were nobody's until now.
    pub(crate) fn unowned(&self, id: PermanentId) -> Vec<SmolStr> {
        self.unowned.get(&id).into_iter().flatten().cloned().collect()
    }

    /// Takes a commission (R15); what came of it, if its execution is known and it says something new.
    pub(crate) fn take_cost(
        &mut self,
        report: &CommissionReport,
        at: Timestamp,
        is_news: &mut bool,
    ) -> Option<Commission> {
        let (root, revision) = split_id(&report.execution_id)?;
        let amount = report.commission?;
        let cost = Cost { revision, amount, currency: report.currency.as_str().into() };
        match self.get(root) {
            Some(execution) => {
                if execution.cost.as_ref().is_some_and(|known| *known == cost || known.revision > revision) {
                    return None;
                }
                let (strategy, owner) = (execution.strategy.clone(), execution.intent);
                let currency = cost.currency.clone();
                let was_packed = matches!(self.places.get(&hash(root)), Some(Place::Packed(_)));
                self.get_mut(root)?.cost = Some(cost);
                if let Some(id) = owner.filter(|_| was_packed) {
                    self.pack(&[id]); // its order rests, and nothing else would
                }
                Some(Commission { strategy, root: root.into(), revision, amount, currency, at })
            }
            None => {
                if self.commissions_waiting.get(root).is_some_and(|known| known.revision > revision) {
                    return None;
                }
                if self.commissions_waiting.get(root) == Some(&cost) {
                    return None;
                }
                *is_news = true;
                self.commissions_waiting.insert(root.into(), cost);
                if self.commissions_waiting.len() > COMMISSIONS_WAITING_MAX {
                    self.commissions_waiting.pop_first();
                }
                None
            }
        }
    }

    /// The commission of a known execution, where it is known.
    pub(crate) fn commission(&self, root: &str, at: Timestamp) -> Option<Commission> {
        let execution = self.get(root)?;
        let Cost { revision, amount, currency } = execution.cost.clone()?;
        Some(Commission { strategy: execution.strategy.clone(), root: root.into(), revision, amount, currency, at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_that_comes_late_leaves_executions_packed() {
        let id = IntentId(7);
        let execution = |price| Execution {
            revision: 1,
            intent: Some(id),
            strategy: Some("momentum".into()),
            account: "DU1".into(),
            contract_id: Some(ContractId(8314)),
            side: Side::Buy,
            quantity: Decimal::TEN,
            price,
            permanent_id: None,
            is_combination: false,
            is_inferred: false,
            at: Timestamp(1),
            cost: None,
        };
        let mut executions = Executions::default();
        assert!(!executions.take(&"a.b.01".into(), execution(Decimal::ONE)));
        assert!(!executions.take(&"a.b.02".into(), execution(Decimal::TWO)));
        executions.pack(&[id]);
        let report = CommissionReport {
            execution_id: "a.b.02.01".to_owned(),
            commission: Some(Decimal::ONE),
            currency: "USD".to_owned(),
            ..CommissionReport::default()
        };
        let told = executions.take_cost(&report, Timestamp(2), &mut false).unwrap();
        assert_eq!((told.root.as_str(), told.amount), ("a.b.02", Decimal::ONE));
        assert_eq!((executions.in_full().count(), executions.len()), (0, 2));
        assert!(executions.get("a.b.01").unwrap().cost.is_none() && executions.get("a.b.02").unwrap().cost.is_some());
        assert_eq!(executions.take_cost(&report, Timestamp(3), &mut false), None, "once");
    }

    #[test]
    fn the_last_segment_is_the_revision() {
        for (id, expected) in [
            ("0000e0d5.65f0c6b4.01.01", Some(("0000e0d5.65f0c6b4.01", 1))),
            ("a.12", Some(("a", 12))),
            ("a.b", Some(("a.b", 0))),
            ("plain", Some(("plain", 0))),
            (".1", Some((".1", 0))),
            ("a.+1", Some(("a.+1", 0))),
            ("a.", Some(("a.", 0))),
            ("a.99999999999", Some(("a.99999999999", 0))),
            ("", None),
        ] {
            assert_eq!(split_id(id), expected, "{id}");
        }
    }
}
