//! [`OrderRecord`]: an order as the broker has it, and the desk that keeps them all, live or not.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use tws_proto::ids::{ClientId, ContractId, OrderId, PermanentId};
use tws_proto::kinds::{OrderType, Status};
use tws_proto::message::{CompletedOrder, OpenOrder, OrderStatus};
use tws_proto::order_state::OrderState;
use tws_proto::{Contract, Order};

use crate::commission::MONEY_DIGITS;
use crate::market::Taker;
use crate::time::SimTime;

/// Names an order: ids repeat between clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderKey {
    /// Whose.
    pub client: ClientId,
    /// Which.
    pub order: OrderId,
}

impl OrderKey {
    /// Whose orders are that were made by hand in TWS, until client 0 binds them. No client can have this id.
    pub const HAND: ClientId = ClientId(i32::MIN);

    /// Whether the order was made by hand and nobody bound it.
    #[must_use]
    pub fn is_unbound(&self) -> bool {
        self.client == Self::HAND
    }

    /// What clients are told: an order made by hand has client 0 and order id 0 until it is bound.
    #[must_use]
    pub fn told(&self) -> (ClientId, OrderId) {
        if self.is_unbound() { (ClientId(0), OrderId(0)) } else { (self.client, self.order) }
    }
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Sent with `transmit` false: TWS keeps it to itself.
    Held,
    /// Waits for its parent to fill.
    Waiting,
    /// A stop whose price was not touched yet.
    Untriggered,
    /// Trades whenever the market lets it.
    Working,
    /// Filled whole.
    Filled,
    /// Cancelled; what was filled before stays filled.
    Cancelled,
    /// Rejected.
    Inactive,
}

impl Stage {
    /// Whether it may still trade, now or later.
    #[must_use]
    pub const fn is_live(self) -> bool {
        match self {
            Self::Waiting | Self::Untriggered | Self::Working => true,
            Self::Held | Self::Filled | Self::Cancelled | Self::Inactive => false,
        }
    }

    /// What clients are told.
    #[must_use]
    pub const fn status(self) -> Status {
        match self {
            Self::Held => Status::ApiPending,
            Self::Waiting | Self::Untriggered => Status::PreSubmitted,
            Self::Working => Status::Submitted,
            Self::Filled => Status::Filled,
            Self::Cancelled => Status::Cancelled,
            Self::Inactive => Status::Inactive,
        }
    }
}

/// One order as the broker has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRecord {
    /// Its name.
    pub key: OrderKey,
    /// The broker's own number.
    pub permanent_id: PermanentId,
    /// Its place in the queue of its contract: the lowest trades first. The desk gives it.
    pub place: u64,
    /// What it trades.
    pub contract_id: ContractId,
    /// The same in full, with the exchange it was sent to.
    pub contract: Contract,
    /// The order as it stands, changes included.
    pub order: Order,
    /// Where it stands.
    pub stage: Stage,
    /// How much is wanted in all.
    pub total: Decimal,
    /// How much was filled.
    pub filled: Decimal,
    /// Sum of prices times quantities of its fills.
    pub value: Decimal,
    /// Price of the latest fill.
    pub last_price: Option<Decimal>,
    /// What its fills were charged so far.
    pub commission: Decimal,
    /// How often in a row the market touched its stop.
    pub touches: u8,
    /// When it is cancelled by itself.
    pub expires: Option<SimTime>,
    /// When it ended, and how.
    pub completed: Option<(SimTime, String)>,
}

impl OrderRecord {
    /// How much may still be filled.
    #[must_use]
    pub fn remaining(&self) -> Decimal {
        self.total - self.filled
    }

    /// Average price of its fills, to eight digits.
    #[must_use]
    pub fn average_price(&self) -> Decimal {
        self.value.checked_div(self.filled).unwrap_or_default().round_dp(MONEY_DIGITS).normalize()
    }

    /// Its parent's name.
    #[must_use]
    pub fn parent(&self) -> Option<OrderKey> {
        self.order.parent().map(|order| OrderKey { client: self.key.client, order })
    }

    /// Which side of the quote it takes.
    #[must_use]
    pub fn taker(&self) -> Taker {
        if self.order.action.is_buy() { Taker::Buyer } else { Taker::Seller }
    }

    /// Where it stands once nothing holds it back.
    #[must_use]
    pub fn armed(&self) -> Stage {
        if self.is_stop() { Stage::Untriggered } else { Stage::Working }
    }

    /// Whether it waits for a stop price.
    #[must_use]
    pub fn is_stop(&self) -> bool {
        matches!(self.order.order_type, OrderType::Stop | OrderType::StopLimit)
    }

    /// The worst price it takes, where it has one.
    #[must_use]
    pub fn limit(&self) -> Option<Decimal> {
        match self.order.order_type {
            OrderType::Limit | OrderType::StopLimit => self.order.limit_price,
            _ => None, // only market and stop orders get here: others are rejected
        }
    }

    /// As an OPEN_ORDER.
    #[must_use]
    pub fn open_order(&self) -> OpenOrder {
        let (client, order) = self.key.told();
        OpenOrder {
            order_id: order,
            contract: self.contract.clone(),
            order: Order {
                client_id: Some(client),
                order_id: Some(order),
                permanent_id: Some(self.permanent_id),
                total_quantity: Some(self.total),
                ..self.order.clone()
            },
            state: OrderState { status: Some(self.stage.status()), ..OrderState::default() },
        }
    }

    /// As an ORDER_STATUS.
    #[must_use]
    pub fn order_status(&self) -> OrderStatus {
        let why_held = match self.stage {
            Stage::Waiting if self.is_stop() => "child,trigger",
            Stage::Waiting => "child",
            Stage::Untriggered => "trigger",
            Stage::Held | Stage::Working | Stage::Filled | Stage::Cancelled | Stage::Inactive => "",
        };
        let (client, order) = self.key.told();
        OrderStatus {
            order_id: order,
            status: self.stage.status(),
            filled: Some(self.filled),
            remaining: Some(self.remaining()),
            average_fill_price: Some(self.average_price()),
            permanent_id: Some(self.permanent_id),
            parent_id: Some(self.order.parent().unwrap_or_default()),
            last_fill_price: Some(self.last_price.unwrap_or_default()),
            client_id: Some(client),
            why_held: why_held.to_owned(),
            market_cap_price: Some(Decimal::ZERO),
        }
    }

    /// As a COMPLETED_ORDER, which tells no order id and no client.
    #[must_use]
    pub fn completed_order(&self) -> CompletedOrder {
        let (completed_time, completed_status) =
            self.completed.as_ref().map(|(time, how)| (time.stamp(), how.clone())).unwrap_or_default();
        CompletedOrder {
            contract: self.contract.clone(),
            order: Order {
                client_id: None,
                order_id: None,
                permanent_id: Some(self.permanent_id),
                total_quantity: Some(self.total),
                filled_quantity: Some(self.filled),
                ..self.order.clone()
            },
            state: OrderState {
                status: Some(self.stage.status()),
                completed_time,
                completed_status,
                ..OrderState::default()
            },
        }
    }
}

/// Every order, and the ids that were used.
#[derive(Clone, Debug)]
pub(crate) struct OrderDesk {
    records: BTreeMap<OrderKey, OrderRecord>,
    /// Live orders of a contract, by their places in the queue.
    live: BTreeMap<ContractId, BTreeSet<(u64, OrderKey)>>,
    next_place: u64,
    highest: BTreeMap<ClientId, i32>,
    next_permanent: i64,
}

impl OrderDesk {
    pub(crate) fn new(first_permanent: i64) -> Self {
        Self {
            records: BTreeMap::new(),
            live: BTreeMap::new(),
            next_place: 0,
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
        self.records.insert(key, record);
        self.set_stage(key, stage);
    }

    pub(crate) fn get(&self, key: OrderKey) -> Option<&OrderRecord> {
        self.records.get(&key)
    }

    /// For everything but the stage, which [`OrderDesk::set_stage`] changes.
    pub(crate) fn get_mut(&mut self, key: OrderKey) -> Option<&mut OrderRecord> {
        self.records.get_mut(&key)
    }

    pub(crate) fn set_stage(&mut self, key: OrderKey, stage: Stage) {
        let Some(record) = self.records.get_mut(&key) else { return };
        record.stage = stage;
        let live = self.live.entry(record.contract_id).or_default();
        if stage.is_live() {
            live.insert((record.place, key));
        } else {
            live.remove(&(record.place, key));
        }
    }

    /// Gives an order another name, and the last place in the queue.
    pub(crate) fn rename(&mut self, old: OrderKey, new: OrderKey) {
        let Some(record) = self.records.remove(&old) else { return };
        if let Some(live) = self.live.get_mut(&record.contract_id) {
            live.remove(&(record.place, old));
        }
        self.add(OrderRecord { key: new, ..record });
    }

    /// Forgets orders that ended before `time`, but for the parents of those that may still trade.
    pub(crate) fn forget_ended_before(&mut self, time: SimTime) {
        let lives = |record: &&OrderRecord| record.completed.is_none();
        let parents: BTreeSet<OrderKey> = self.records.values().filter(lives).filter_map(OrderRecord::parent).collect();
        self.records.retain(|key, record| {
            parents.contains(key) || record.completed.as_ref().is_none_or(|(ended, _)| *ended >= time)
        });
        self.live.retain(|_, live| !live.is_empty());
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &OrderRecord> {
        self.records.values()
    }

    /// Live orders of all clients, in the order the broker got them.
    pub(crate) fn live(&self) -> impl Iterator<Item = &OrderRecord> {
        self.live.values().flatten().filter_map(|(_, key)| self.records.get(key))
    }

    /// Live orders of a contract, in the order the broker got them.
    pub(crate) fn live_in(&self, contract: ContractId) -> Vec<OrderKey> {
        self.live.get(&contract).into_iter().flatten().map(|(_, key)| *key).collect()
    }

    /// Orders whose parent this is, by id.
    pub(crate) fn children(&self, parent: OrderKey) -> Vec<OrderKey> {
        let own = |order: i32| OrderKey { client: parent.client, order: OrderId(order) };
        let range = self.records.range(own(i32::MIN)..=own(i32::MAX));
        range.filter(|(_, record)| record.parent() == Some(parent)).map(|(key, _)| *key).collect()
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
