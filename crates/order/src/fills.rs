//! [`Executions`]: every trade, counted once at its highest revision, with what it cost.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize, Serializer};
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
    /// In full.
    by_root: BTreeMap<String, Execution>,
    /// All the others, by the hash of their root.
    packed: BTreeMap<u64, Packed>,
    shared: Shared,
    /// Roots that belong to no order of ours, by IB's number of theirs: it may prove to be ours later.
    unowned: BTreeMap<PermanentId, BTreeSet<String>>,
    commissions_waiting: BTreeMap<String, Cost>,
}

/// Where a packed execution is.
#[derive(Clone, Debug)]
enum Packed {
    /// Here, with others of its order.
    Here(Box<[u8]>),
    /// With the execution whose root has this hash.
    With(u64),
}

/// Executions as journals have them.
#[derive(Serialize, Deserialize)]
struct Form<'a> {
    by_root: BTreeMap<Cow<'a, str>, Cow<'a, Execution>>,
    unowned: Cow<'a, BTreeMap<PermanentId, BTreeSet<String>>>,
    commissions_waiting: Cow<'a, BTreeMap<String, Cost>>,
}

impl From<Form<'_>> for Executions {
    fn from(form: Form<'_>) -> Self {
        let by_root = form.by_root.into_iter().map(|(root, execution)| (root.into_owned(), execution.into_owned()));
        Self {
            by_root: by_root.collect(),
            unowned: form.unowned.into_owned(),
            commissions_waiting: form.commissions_waiting.into_owned(),
            ..Self::default()
        }
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
    pub strategy: Option<String>,
    /// In which account.
    pub account: String,
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
    pub currency: String,
}

/// An execution of the wire, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reading {
    pub(crate) root: String,
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
        Ok(Self { root: root.to_owned(), revision, side, quantity, price })
    }
}

/// The same within one process, which is all that is asked of it.
fn hash(root: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    root.hash(&mut hasher);
    hasher.finish()
}

/// Root and revision of an execution id; `None` for an empty one.
fn split_id(id: &str) -> Option<(&str, u32)> {
    (!id.is_empty()).then(|| split_execution_id(id))
}

impl Executions {
    /// The execution with this root.
    #[must_use]
    pub fn get(&self, root: &str) -> Option<Cow<'_, Execution>> {
        match self.by_root.get(root) {
            Some(execution) => Some(Cow::Borrowed(execution)),
            None => self.unpacked(self.bytes_of(root)?.1).remove(root).map(Cow::Owned),
        }
    }

    /// Every execution by root.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, Execution>)> {
        self.all().into_iter()
    }

    fn all(&self) -> BTreeMap<Cow<'_, str>, Cow<'_, Execution>> {
        let packed = self.packed.values().filter_map(|packed| match packed {
            Packed::Here(bytes) => Some(self.unpacked(bytes)),
            Packed::With(_) => None,
        });
        let packed = packed.flatten().map(|(root, execution)| (Cow::Owned(root), Cow::Owned(execution)));
        let open = self.by_root.iter();
        open.map(|(root, execution)| (Cow::Borrowed(root.as_str()), Cow::Borrowed(execution))).chain(packed).collect()
    }

    /// Where the bytes are that have the execution with this root, if it is packed, and those bytes.
    fn bytes_of(&self, root: &str) -> Option<(u64, &[u8])> {
        let own = hash(root);
        match self.packed.get(&own)? {
            Packed::Here(bytes) => Some((own, bytes)),
            Packed::With(first) => match self.packed.get(first)? {
                Packed::Here(bytes) => Some((*first, bytes)),
                Packed::With(_) => None, // nothing makes a chain of them
            },
        }
    }

    fn unpacked(&self, bytes: &[u8]) -> BTreeMap<String, Execution> {
        self.shared.unpack_executions(bytes).unwrap_or_default() // they were tried when they were packed
    }

    /// Packs the executions of these orders.
    pub(crate) fn pack(&mut self, orders: &BTreeSet<IntentId>) {
        let mut by_order: BTreeMap<IntentId, BTreeMap<String, Execution>> = BTreeMap::new();
        let is_theirs = |execution: &Execution| execution.intent.is_some_and(|id| orders.contains(&id));
        for (root, execution) in self.by_root.extract_if(.., |_, execution| is_theirs(execution)) {
            if let Some(id) = execution.intent {
                by_order.entry(id).or_default().insert(root, execution);
            }
        }
        for (id, executions) in by_order {
            self.pack_one(id, executions);
        }
    }

    fn pack_one(&mut self, id: IntentId, mut executions: BTreeMap<String, Execution>) {
        let hashes: BTreeSet<u64> = executions.keys().map(|root| hash(root)).collect();
        // Two roots with one hash cannot both be packed.
        let is_free = hashes.len() == executions.len() && hashes.iter().all(|hash| !self.packed.contains_key(hash));
        let bytes = self.shared.pack_executions(id, &executions).filter(|_| is_free);
        let (Some(bytes), Some(first)) = (bytes, hashes.first().copied()) else {
            return self.by_root.append(&mut executions);
        };
        self.packed.extend(hashes.iter().map(|hash| (*hash, Packed::With(first))));
        self.packed.insert(first, Packed::Here(bytes));
    }

    /// The execution with this root, in full.
    fn get_mut(&mut self, root: &str) -> Option<&mut Execution> {
        if !self.by_root.contains_key(root)
            && let Some((first, _)) = self.bytes_of(root)
        {
            self.unpack(first);
        }
        self.by_root.get_mut(root)
    }

    /// Unpacks the bytes at this hash.
    fn unpack(&mut self, first: u64) {
        let Some(Packed::Here(bytes)) = self.packed.get(&first) else { return };
        let mut executions = self.unpacked(bytes);
        for root in executions.keys() {
            self.packed.remove(&hash(root));
        }
        self.by_root.append(&mut executions);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_root.len() + self.packed.len() // both are in memory
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes an execution that is new, or of a higher revision than known (R12, R13).
    pub(crate) fn take(&mut self, root: &str, mut execution: Execution) {
        execution.cost = match self.get_mut(root) {
            Some(known) => known.cost.take(),
            None => self.commissions_waiting.remove(root),
        };
        if let (None, Some(id)) = (execution.intent, execution.permanent_id) {
            self.unowned.entry(id).or_default().insert(root.to_owned());
        }
        self.by_root.insert(root.to_owned(), execution);
    }

    /// Whether an execution that is nobody's is from before this time.
    pub(crate) fn is_any_unowned_before(&self, before: Timestamp) -> bool {
        self.by_root.values().any(|execution| execution.intent.is_none() && execution.at < before)
    }

    /// Forgets executions of these orders, and what is nobody's from before this time.
    pub(crate) fn forget(&mut self, before: Timestamp, orders: &BTreeSet<IntentId>) {
        let shared = std::mem::take(&mut self.shared); // what only they had in common goes with them
        for packed in std::mem::take(&mut self.packed).into_values() {
            let Packed::Here(bytes) = packed else { continue };
            let executions = shared.unpack_executions(&bytes).unwrap_or_default(); // they were tried
            let owner = executions.values().find_map(|execution| execution.intent);
            if let Some(id) = owner.filter(|id| !orders.contains(id)) {
                self.pack_one(id, executions);
            }
        }
        self.by_root.retain(|_, execution| match execution.intent {
            Some(id) => !orders.contains(&id),
            None => execution.at >= before,
        });
        let known = &self.by_root;
        self.unowned.retain(|_, roots| {
            roots.retain(|root| known.contains_key(root));
            !roots.is_empty()
        });
    }

    /// Gives an execution that was nobody's to an order of ours.
    pub(crate) fn attribute(&mut self, root: &str, intent: IntentId, strategy: &str) -> bool {
        let Some(execution) = self.get_mut(root) else { return false };
        execution.intent = Some(intent);
        execution.strategy = Some(strategy.to_owned());
        if let Some(roots) = execution.permanent_id.and_then(|id| self.unowned.get_mut(&id)) {
            roots.remove(root);
        }
        true
    }

    /// The executions of an order that were nobody's until now.
    pub(crate) fn unowned(&self, id: PermanentId) -> Vec<String> {
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
        let cost = Cost { revision, amount, currency: report.currency.clone() };
        match self.get(root) {
            Some(execution) => {
                if execution.cost.as_ref().is_some_and(|known| *known == cost || known.revision > revision) {
                    return None;
                }
                self.get_mut(root)?.cost = Some(cost);
                self.commission(root, at)
            }
            None => {
                if self.commissions_waiting.get(root).is_some_and(|known| known.revision > revision) {
                    return None;
                }
                if self.commissions_waiting.get(root) == Some(&cost) {
                    return None;
                }
                *is_news = true;
                self.commissions_waiting.insert(root.to_owned(), cost);
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
        Some(Commission { strategy: execution.strategy.clone(), root: root.to_owned(), revision, amount, currency, at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
