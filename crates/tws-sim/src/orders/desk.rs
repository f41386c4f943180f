//! Every order the broker has, by what it is looked up by: nothing that happens to one order walks over all.

mod shift;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tws_proto::condition::Condition;
use tws_proto::ids::{ClientId, ContractId, OrderId, PermanentId};

use super::{OrderKey, OrderRecord, Stage};
use crate::time::SimTime;

/// How many orders that ended are remembered; the oldest are forgotten first. Their ids stay used.
const COMPLETED_MAX: usize = 500_000;

/// Every order, and the ids that were used.
#[derive(Clone, Debug)]
pub(crate) struct OrderDesk {
    records: BTreeMap<OrderKey, Box<OrderRecord>>,
    /// Live orders that a market can move, by their places in the queue.
    live: BTreeMap<ContractId, BTreeSet<(u64, OrderKey)>>,
    /// All live orders, in the same order.
    all_live: BTreeSet<(u64, OrderKey)>,
    next_place: u64,
    /// Orders by their parent.
    children: BTreeMap<OrderKey, Vec<OrderKey>>,
    /// One-cancels-all groups of an account.
    groups: BTreeMap<(String, String), Group>,
    /// When the broker looks at an order though nothing happens.
    timers: BTreeSet<(SimTime, OrderKey)>,
    /// Orders whose conditions look at a market.
    watchers: BTreeMap<ContractId, BTreeSet<OrderKey>>,
    /// Orders whose conditions look at executions.
    listeners: BTreeSet<OrderKey>,
    /// Orders that ended, oldest first.
    ended: VecDeque<OrderKey>,
    highest: BTreeMap<ClientId, i32>,
    next_permanent: i64,
}

/// Members of a group that live, and whether one has filled.
#[derive(Clone, Debug, Default)]
struct Group {
    live: BTreeSet<(u64, OrderKey)>,
    spent: bool,
}

impl OrderDesk {
    pub(crate) fn new(first_permanent: i64) -> Self {
        Self {
            records: BTreeMap::new(),
            live: BTreeMap::new(),
            all_live: BTreeSet::new(),
            next_place: 0,
            children: BTreeMap::new(),
            groups: BTreeMap::new(),
            timers: BTreeSet::new(),
            watchers: BTreeMap::new(),
            listeners: BTreeSet::new(),
            ended: VecDeque::new(),
            highest: BTreeMap::new(),
            next_permanent: first_permanent,
        }
    }

    /// The lowest id this client may use next.
    pub(crate) fn next_valid(&self, client: ClientId) -> OrderId {
        OrderId(self.highest.get(&client).map_or(1, |highest| highest.saturating_add(1)))
    }

    pub(crate) fn note_used(&mut self, key: OrderKey) {
        let highest = self.highest.entry(key.client).or_insert(0);
        *highest = (*highest).max(key.order.0);
    }

    pub(crate) fn fresh_permanent_id(&mut self) -> PermanentId {
        let id = PermanentId(self.next_permanent);
        self.next_permanent += 1;
        id
    }

    /// Takes an order in, at the end of the queue.
    pub(crate) fn add(&mut self, mut record: OrderRecord) {
        let (key, stage) = (record.key, record.stage);
        record.place = self.next_place;
        self.next_place += 1;
        if let Some(parent) = record.parent() {
            self.children.entry(parent).or_default().push(key);
        }
        self.records.insert(key, Box::new(record));
        self.set_stage(key, stage);
    }

    pub(crate) fn get(&self, key: OrderKey) -> Option<&OrderRecord> {
        self.records.get(&key).map(|record| &**record)
    }

    /// For everything but the stage and the wake, which [`OrderDesk::set_stage`] and [`OrderDesk::set_wake`] change.
    pub(crate) fn get_mut(&mut self, key: OrderKey) -> Option<&mut OrderRecord> {
        self.records.get_mut(&key).map(|record| &mut **record)
    }

    pub(crate) fn set_stage(&mut self, key: OrderKey, stage: Stage) {
        let Some(record) = self.records.get_mut(&key) else { return };
        record.stage = stage;
        let entry = (record.place, key);
        for market in record.markets() {
            let live = self.live.entry(market).or_default();
            if stage.is_live() {
                live.insert(entry)
            } else {
                live.remove(&entry)
            };
        }
        if stage.is_live() {
            self.all_live.insert(entry)
        } else {
            self.all_live.remove(&entry)
        };
        if record.in_group() {
            let name = (record.order.account.clone(), record.order.oca_group.clone());
            if stage.is_live() {
                self.groups.entry(name).or_default().live.insert(entry);
            } else if let Some(group) = self.groups.get_mut(&name) {
                group.live.remove(&entry);
                if group.live.is_empty() && !group.spent {
                    self.groups.remove(&name);
                }
            }
        }
        if !stage.is_live() && stage != Stage::Held {
            self.bury(key);
        }
    }

    /// Nothing wakes or watches what has ended.
    fn bury(&mut self, key: OrderKey) {
        self.set_wake(key, None);
        self.unwatch(key);
        self.ended.push_back(key);
        if self.ended.len() > COMPLETED_MAX
            && let Some(oldest) = self.ended.pop_front()
        {
            self.forget(oldest);
        }
    }

    /// Forgets an order that ended, unless it is the parent of one that may still trade.
    fn forget(&mut self, key: OrderKey) {
        let lives = |key: &OrderKey| self.get(*key).is_some_and(|record| record.completed.is_none());
        if self.children.get(&key).is_some_and(|children| children.iter().any(lives)) {
            return self.ended.push_back(key);
        }
        self.children.remove(&key);
        let Some(parent) = self.records.remove(&key).and_then(|record| record.parent()) else { return };
        if let Some(siblings) = self.children.get_mut(&parent) {
            siblings.retain(|sibling| *sibling != key);
        }
    }

    /// Forgets orders that ended before `time`, but for the parents of those that may still trade.
    pub(crate) fn forget_ended_before(&mut self, time: SimTime) {
        let old = |record: &OrderRecord| record.completed.as_ref().is_none_or(|(ended, _)| *ended < time);
        for _ in 0..self.ended.len() {
            let Some(key) = self.ended.front().copied() else { break };
            if self.get(key).is_some_and(|record| !old(record)) {
                break; // they stand in the order in which they ended
            }
            self.ended.pop_front();
            self.forget(key);
        }
        self.live.retain(|_, live| !live.is_empty());
    }

    /// Gives an order another name, and the last place in the queue.
    pub(crate) fn rename(&mut self, old: OrderKey, new: OrderKey) {
        let Some(record) = self.get(old) else { return };
        let (stage, wake) = (record.stage, record.wake);
        // Out of every index under the old name; nothing is told of it.
        self.set_wake(old, None);
        self.unwatch(old);
        self.set_stage(old, Stage::Held);
        let Some(record) = self.records.remove(&old) else { return };
        for child in self.children.remove(&old).unwrap_or_default() {
            if let Some(child) = self.records.get_mut(&child) {
                child.order.parent_id = Some(new.order);
            }
            self.children.entry(new).or_default().push(child);
        }
        if let Some(parent) = record.parent()
            && let Some(siblings) = self.children.get_mut(&parent)
        {
            siblings.retain(|sibling| *sibling != old);
        }
        self.add(OrderRecord { key: new, stage, ..*record });
        self.set_wake(new, wake);
        self.watch(new);
    }

    /// Looks at an order at this moment, instead of any other.
    pub(crate) fn set_wake(&mut self, key: OrderKey, wake: Option<SimTime>) {
        let Some(record) = self.records.get_mut(&key) else { return };
        if record.wake == wake {
            return;
        }
        if let Some(old) = record.wake {
            self.timers.remove(&(old, key));
        }
        record.wake = wake;
        if let Some(new) = wake {
            self.timers.insert((new, key));
        }
    }

    /// When the next order is to be looked at.
    pub(crate) fn next_wake(&self) -> Option<SimTime> {
        self.timers.first().map(|(time, _)| *time)
    }

    /// The next order to be looked at by `now`.
    pub(crate) fn pop_wake(&mut self, now: SimTime) -> Option<OrderKey> {
        let (_, key) = self.timers.first().copied().filter(|(time, _)| *time <= now)?;
        self.set_wake(key, None);
        Some(key)
    }

    /// Looks at an order's conditions whenever a market of theirs moves, or somebody of the login trades.
    pub(crate) fn watch(&mut self, key: OrderKey) {
        let Some(record) = self.records.get(&key) else { return };
        for market in record.condition_markets() {
            self.watchers.entry(market).or_default().insert(key);
        }
        if record.order.conditions.iter().any(|condition| matches!(condition, Condition::Execution { .. })) {
            self.listeners.insert(key);
        }
    }

    pub(crate) fn unwatch(&mut self, key: OrderKey) {
        let Some(record) = self.records.get(&key).filter(|record| !record.order.conditions.is_empty()) else { return };
        for market in record.condition_markets() {
            if let Some(orders) = self.watchers.get_mut(&market) {
                orders.remove(&key);
                if orders.is_empty() {
                    self.watchers.remove(&market);
                }
            }
        }
        self.listeners.remove(&key);
    }

    pub(crate) fn has_watchers(&self, market: ContractId) -> bool {
        self.watchers.contains_key(&market)
    }

    pub(crate) fn watchers(&self, market: ContractId) -> Vec<OrderKey> {
        self.watchers.get(&market).into_iter().flatten().copied().collect()
    }

    pub(crate) fn listeners(&self) -> Vec<OrderKey> {
        self.listeners.iter().copied().collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &OrderRecord> {
        self.records.values().map(|record| &**record)
    }

    /// Live orders of all clients, in the order the broker got them.
    pub(crate) fn live(&self) -> impl Iterator<Item = &OrderRecord> {
        self.all_live.iter().filter_map(|(_, key)| self.get(*key))
    }

    /// Live orders that a market can move, in the order the broker got them.
    pub(crate) fn live_in(&self, contract: ContractId) -> Vec<OrderKey> {
        self.live.get(&contract).into_iter().flatten().map(|(_, key)| *key).collect()
    }

    /// Orders whose parent this is, by id.
    pub(crate) fn children(&self, parent: OrderKey) -> Vec<OrderKey> {
        let mut children = self.children.get(&parent).cloned().unwrap_or_default();
        children.sort_unstable();
        children
    }

    /// Live members of an order's group, without itself, in the order the broker got them.
    pub(crate) fn group_of(&self, record: &OrderRecord) -> Vec<OrderKey> {
        let name = (record.order.account.clone(), record.order.oca_group.clone());
        let members = self.groups.get(&name).into_iter().flat_map(|group| &group.live);
        members.map(|(_, key)| *key).filter(|key| *key != record.key).collect()
    }

    /// A group in which something filled takes no new members: its name is used once.
    pub(crate) fn spend_group(&mut self, account: &str, group: &str) {
        self.groups.entry((account.to_owned(), group.to_owned())).or_default().spent = true;
    }

    /// Whether so much of this group has filled that it takes no new members.
    pub(crate) fn is_group_spent(&self, account: &str, group: &str) -> bool {
        let name = (account.to_owned(), group.to_owned());
        self.groups.get(&name).is_some_and(|group| group.spent)
    }

    /// Group names can be used again on the next day.
    pub(crate) fn forget_spent_groups(&mut self) {
        self.groups.retain(|_, group| !group.live.is_empty());
    }

    /// An order and everything below it that is held, parents first.
    pub(crate) fn held_family(&self, key: OrderKey) -> Vec<OrderKey> {
        let is_held = |key: OrderKey| self.get(key).is_some_and(|record| record.stage == Stage::Held);
        let mut root = key;
        while let Some(parent) = self.get(root).and_then(OrderRecord::parent).filter(|parent| is_held(*parent)) {
            root = parent; // a parent's id is lower than its child's, so this ends
        }
        let mut family = vec![root];
        let mut next = 0;
        while let Some(member) = family.get(next).copied() {
            family.extend(self.children(member).into_iter().filter(|child| is_held(*child)));
            next += 1;
        }
        family
    }
}
