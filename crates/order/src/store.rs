//! [`Store`]: every order by its intent, in full while it moves and packed once it rests.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::packed::Shared;
use crate::reference::IntentId;
use crate::tracked::Tracked;

/// How many orders that have ended are kept in full: what is told of an order just after its end comes to these.
const RESTING_MAX: usize = 256;
/// How many of them stay so when the others are packed.
pub(crate) const KEPT_IN_FULL: usize = RESTING_MAX / 2;

/// Every order by its intent. Which of them are packed shows nowhere.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    /// In full.
    open: BTreeMap<IntentId, Box<Tracked>>,
    /// Those of them that have ended.
    resting: BTreeSet<IntentId>,
    /// How many of those make it worth to look which can be packed.
    look_at: usize,
    packed: BTreeMap<IntentId, Box<[u8]>>,
    shared: Shared,
}

impl Store {
    pub(crate) fn get(&self, id: &IntentId) -> Option<Cow<'_, Tracked>> {
        match self.open.get(id) {
            Some(order) => Some(Cow::Borrowed(order)),
            None => self.packed.get(id).and_then(|bytes| self.shared.unpack(*id, bytes)).map(Cow::Owned),
        }
    }

    /// An order that is not packed: every live one.
    pub(crate) fn in_full(&self, id: &IntentId) -> Option<&Tracked> {
        self.open.get(id).map(Box::as_ref)
    }

    pub(crate) fn get_mut(&mut self, id: &IntentId) -> Option<&mut Tracked> {
        if !self.open.contains_key(id)
            && let Some(bytes) = self.packed.get(id)
            && let Some(order) = self.shared.unpack(*id, bytes)
        {
            self.packed.remove(id);
            self.open.insert(*id, Box::new(order));
            self.resting.insert(*id);
        }
        self.open.get_mut(id).map(Box::as_mut)
    }

    pub(crate) fn contains_key(&self, id: &IntentId) -> bool {
        self.open.contains_key(id) || self.packed.contains_key(id)
    }

    pub(crate) fn insert(&mut self, id: IntentId, order: Tracked) {
        self.packed.remove(&id);
        if !order.state.is_live() {
            self.resting.insert(id);
        }
        self.open.insert(id, Box::new(order));
    }

    pub(crate) fn remove(&mut self, id: &IntentId) -> Option<Tracked> {
        self.get_mut(id)?;
        self.resting.remove(id);
        self.open.remove(id).map(|order| *order)
    }

    /// Every order, lowest id first.
    pub(crate) fn values(&self) -> impl Iterator<Item = Cow<'_, Tracked>> {
        let mut open = self.open.iter().peekable();
        let mut packed = self.packed.iter().peekable();
        std::iter::from_fn(move || {
            let is_packed = match (open.peek(), packed.peek()) {
                (Some((one, _)), Some((other, _))) => other < one,
                (None, Some(_)) => true,
                (Some(_), None) | (None, None) => false,
            };
            if is_packed {
                packed.next().and_then(|(id, bytes)| self.shared.unpack(*id, bytes)).map(Cow::Owned)
            } else {
                open.next().map(|(_, order)| Cow::Borrowed(order.as_ref()))
            }
        })
    }

    /// Notes that an order has ended.
    pub(crate) fn rest(&mut self, id: IntentId) {
        if self.open.contains_key(&id) {
            self.resting.insert(id);
        }
    }

    /// Whether it is worth to look which orders can be packed.
    pub(crate) fn is_full(&self) -> bool {
        self.resting.len() > self.look_at.max(RESTING_MAX)
    }

    /// Packs what has ended and rests, but for the `keep` highest ids. Gives those that are packed now.
    pub(crate) fn pack(&mut self, keep: usize, rests: impl Fn(&Tracked) -> bool) -> BTreeSet<IntentId> {
        let mut packed = BTreeSet::new();
        let surplus = self.resting.len().saturating_sub(keep);
        for id in self.resting.iter().take(surplus).copied().collect::<Vec<_>>() {
            let Some(order) = self.open.get(&id).filter(|order| !order.state.is_live()) else {
                self.resting.remove(&id); // it lives again
                continue;
            };
            if !rests(order) {
                continue;
            }
            if let Some(bytes) = self.shared.pack(order) {
                self.packed.insert(id, bytes);
                self.open.remove(&id);
                self.resting.remove(&id);
                packed.insert(id);
            }
        }
        self.look_at = self.resting.len().saturating_add(RESTING_MAX);
        packed
    }

    /// Keeps nothing that only forgotten orders had in common.
    pub(crate) fn renew(&mut self) {
        let shared = std::mem::take(&mut self.shared);
        for (id, bytes) in std::mem::take(&mut self.packed) {
            let Some(order) = shared.unpack(id, &bytes) else { continue };
            match self.shared.pack(&order) {
                Some(bytes) => {
                    self.packed.insert(id, bytes);
                }
                None => self.insert(id, order),
            }
        }
    }
}

impl PartialEq for Store {
    fn eq(&self, other: &Self) -> bool {
        self.values().eq(other.values())
    }
}

impl Serialize for Store {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.values().map(|order| (order.intent.id, order)))
    }
}

impl<'de> Deserialize<'de> for Store {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut store = Self::default();
        for (id, order) in BTreeMap::<IntentId, Tracked>::deserialize(deserializer)? {
            store.insert(id, order);
        }
        Ok(store)
    }
}
