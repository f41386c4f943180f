//! `Store`: every order by its intent, in full while it moves and packed once it rests. [`Found`]: an order found there.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Deref;

use foldhash::fast::FixedState;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::packed::Shared;
use crate::reference::IntentId;
use crate::tracked::Tracked;

/// How many orders that have ended are kept in full: what is told of an order just after its end comes to these.
const RESTING_MAX: usize = 128;
/// How many of them stay so when the others are packed.
pub(crate) const KEPT_IN_FULL: usize = RESTING_MAX / 2;

/// An order of the book. Whether it stands there in full, or was read back from the bytes in which it rests, makes no
/// difference to what it says.
#[derive(Clone, Debug)]
pub struct Found<'a>(Form<'a>);

/// Small, for it is handed on often; an order is large.
#[derive(Clone, Debug)]
enum Form<'a> {
    InFull(&'a Tracked),
    ReadBack(Box<Tracked>),
}

impl Found<'_> {
    /// The order itself, which follows the book no more.
    #[must_use]
    pub fn into_owned(self) -> Tracked {
        match self.0 {
            Form::InFull(order) => order.clone(),
            Form::ReadBack(order) => *order,
        }
    }
}

impl Deref for Found<'_> {
    type Target = Tracked;

    fn deref(&self) -> &Tracked {
        match &self.0 {
            Form::InFull(order) => order,
            Form::ReadBack(order) => order,
        }
    }
}

impl Serialize for Found<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl PartialEq for Found<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

/// Every order by its intent. Which of them are packed shows nowhere.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    open: Open,
    /// Those in full that have ended, the first to end first. One that lives again, or is forgotten, is passed over when
    /// its turn comes.
    resting: VecDeque<IntentId>,
    /// How many of those make it worth to look which can be packed.
    look_at: usize,
    packed: BTreeMap<IntentId, Box<[u8]>>,
    /// No order above it is packed. Ids grow with time, so that a new one is seen to be new at once.
    packed_most: Option<IntentId>,
    shared: Shared,
}

/// Orders in full. One event asks for the same order many times, so the last one is found without a look into the map.
#[derive(Clone, Debug, Default)]
struct Open {
    places: HashMap<IntentId, usize, FixedState>,
    orders: Vec<Option<Slot>>,
    free: Vec<usize>,
    last: Option<(IntentId, usize)>,
}

#[derive(Clone, Debug)]
struct Slot {
    order: Box<Tracked>,
    /// Whether it stands among those that have ended.
    is_resting: bool,
}

impl Open {
    fn place(&self, id: &IntentId) -> Option<usize> {
        match self.last {
            Some((last, place)) if last == *id => Some(place),
            Some(_) | None => self.places.get(id).copied(),
        }
    }

    fn get(&self, id: &IntentId) -> Option<&Tracked> {
        self.orders.get(self.place(id)?)?.as_ref().map(|slot| &*slot.order)
    }

    fn slot(&mut self, id: &IntentId) -> Option<&mut Slot> {
        let place = self.place(id)?;
        self.last = Some((*id, place));
        self.orders.get_mut(place)?.as_mut()
    }

    /// The one that stands there.
    fn at(&mut self, id: &IntentId, place: usize) -> Option<&mut Tracked> {
        self.last = Some((*id, place));
        self.orders.get_mut(place)?.as_mut().map(|slot| &mut *slot.order)
    }

    fn get_mut(&mut self, id: &IntentId) -> Option<&mut Tracked> {
        let place = self.place(id)?;
        self.at(id, place)
    }

    fn insert(&mut self, id: IntentId, order: Tracked) {
        if let Some(known) = self.get_mut(&id) {
            *known = order;
            return;
        }
        let slot = Some(Slot { order: Box::new(order), is_resting: false });
        let place = match self.free.pop().and_then(|place| Some((place, self.orders.get_mut(place)?))) {
            Some((place, free)) => {
                *free = slot;
                place
            }
            None => {
                self.orders.push(slot);
                self.orders.len() - 1 // one was pushed just now
            }
        };
        self.places.insert(id, place);
        self.last = Some((id, place));
    }

    fn remove(&mut self, id: &IntentId) -> Option<Box<Tracked>> {
        self.last = None;
        let place = self.places.remove(id)?;
        self.free.push(place);
        self.orders.get_mut(place)?.take().map(|slot| slot.order)
    }

    /// Their ids, lowest first.
    fn ids(&self) -> Vec<IntentId> {
        let mut ids: Vec<IntentId> = self.places.keys().copied().collect();
        ids.sort_unstable();
        ids
    }
}

impl Store {
    pub(crate) fn get(&self, id: &IntentId) -> Option<Found<'_>> {
        match self.open.get(id) {
            Some(order) => Some(Found(Form::InFull(order))),
            None => self.read_back(id, self.packed.get(id)?),
        }
    }

    fn read_back(&self, id: &IntentId, bytes: &[u8]) -> Option<Found<'_>> {
        self.shared.unpack(*id, bytes).map(|order| Found(Form::ReadBack(Box::new(order))))
    }

    /// An order that is not packed: every live one.
    pub(crate) fn in_full(&self, id: &IntentId) -> Option<&Tracked> {
        self.open.get(id)
    }

    pub(crate) fn get_mut(&mut self, id: &IntentId) -> Option<&mut Tracked> {
        match self.open.place(id) {
            Some(place) => self.open.at(id, place),
            None => self.open_packed(id),
        }
    }

    fn open_packed(&mut self, id: &IntentId) -> Option<&mut Tracked> {
        let order = self.packed.get(id).and_then(|bytes| self.shared.unpack(*id, bytes))?;
        self.packed.remove(id);
        self.open.insert(*id, order);
        self.rest(*id);
        self.open.get_mut(id)
    }

    pub(crate) fn contains_key(&self, id: &IntentId) -> bool {
        self.open.place(id).is_some() || self.may_be_packed(id) && self.packed.contains_key(id)
    }

    fn may_be_packed(&self, id: &IntentId) -> bool {
        self.packed_most.is_some_and(|most| *id <= most)
    }

    pub(crate) fn insert(&mut self, id: IntentId, order: Tracked) {
        if self.may_be_packed(&id) {
            self.packed.remove(&id);
        }
        self.open.insert(id, order);
        self.rest(id);
    }

    pub(crate) fn remove(&mut self, id: &IntentId) -> Option<Tracked> {
        if let Some(order) = self.open.remove(id) {
            return Some(*order);
        }
        let bytes = self.packed.remove(id)?;
        self.shared.unpack(*id, &bytes)
    }

    /// Every order, lowest id first.
    pub(crate) fn values(&self) -> impl Iterator<Item = Found<'_>> {
        self.merged(self.open.ids(), self.packed.iter(), Ordering::Less)
    }

    /// Every order, highest id first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = Found<'_>> {
        let mut open = self.open.ids();
        open.reverse();
        self.merged(open, self.packed.iter().rev(), Ordering::Greater)
    }

    /// Those in full and those that are packed, each in the order in which the first of two is `first`.
    fn merged<'a>(
        &'a self,
        open: Vec<IntentId>,
        packed: impl Iterator<Item = (&'a IntentId, &'a Box<[u8]>)>,
        first: Ordering,
    ) -> impl Iterator<Item = Found<'a>> {
        let (mut open, mut packed) = (open.into_iter().peekable(), packed.peekable());
        std::iter::from_fn(move || {
            let is_packed = match (open.peek(), packed.peek()) {
                (Some(one), Some((other, _))) => (*other).cmp(one) == first,
                (None, Some(_)) => true,
                (Some(_), None) | (None, None) => false,
            };
            if is_packed {
                packed.next().and_then(|(id, bytes)| self.read_back(id, bytes))
            } else {
                open.next().and_then(|id| self.open.get(&id)).map(|order| Found(Form::InFull(order)))
            }
        })
    }

    /// Notes it where an order has ended.
    pub(crate) fn rest(&mut self, id: IntentId) {
        if let Some(slot) = self.open.slot(&id)
            && !slot.order.state.is_live()
            && !std::mem::replace(&mut slot.is_resting, true)
        {
            self.resting.push_back(id);
        }
    }

    /// Whether it is worth to look which orders can be packed.
    pub(crate) fn is_full(&self) -> bool {
        self.resting.len() > self.look_at.max(RESTING_MAX)
    }

    /// Packs what has ended and rests, but for the last `keep` to end. Gives those that are packed now.
    pub(crate) fn pack(&mut self, keep: usize, rests: impl Fn(&IntentId) -> bool) -> Vec<IntentId> {
        let mut packed = Vec::new();
        for _ in keep..self.resting.len() {
            let Some(id) = self.resting.pop_front() else { break };
            if !rests(&id) {
                self.resting.push_back(id);
                continue;
            }
            let Some(slot) = self.open.slot(&id) else { continue };
            let order = &*slot.order;
            if order.state.is_live() {
                slot.is_resting = false;
                continue;
            }
            match self.shared.pack(order) {
                Some(bytes) => {
                    self.packed.insert(id, bytes);
                    self.packed_most = self.packed_most.max(Some(id));
                    self.open.remove(&id);
                    packed.push(id);
                }
                None => self.resting.push_back(id),
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
