//! [`OrderRecord`]: an order as the broker has it, and the desk that keeps them all, live or not.

mod desk;

use rust_decimal::Decimal;
use tws_proto::condition::Condition;
use tws_proto::ids::{ClientId, ContractId, OrderId, PermanentId};
use tws_proto::kinds::{OrderType, Status};
use tws_proto::message::{CompletedOrder, OpenOrder, OrderStatus};
use tws_proto::order_state::OrderState;
use tws_proto::{Contract, Order};

use crate::commission::MONEY_DIGITS;
use crate::kind::{Kind, Pricing, Trigger};
use crate::market::Taker;
use crate::time::SimTime;

pub(crate) use desk::OrderDesk;

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
    /// Something else holds it: a time, its conditions, shares to sell short; [`OrderRecord::hold`] says what.
    Dormant,
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
            Self::Waiting | Self::Dormant | Self::Untriggered | Self::Working => true,
            Self::Held | Self::Filled | Self::Cancelled | Self::Inactive => false,
        }
    }

    /// What clients are told, where nothing but the stage counts.
    #[must_use]
    pub const fn status(self) -> Status {
        match self {
            Self::Held => Status::ApiPending,
            Self::Waiting | Self::Dormant | Self::Untriggered => Status::PreSubmitted,
            Self::Working => Status::Submitted,
            Self::Filled => Status::Filled,
            Self::Cancelled => Status::Cancelled,
            Self::Inactive => Status::Inactive,
        }
    }
}

/// What holds an order back that is [`Stage::Dormant`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// It begins at this moment.
    Start(SimTime),
    /// Its conditions are not met yet.
    Conditions,
    /// It takes part in the auction of this moment.
    Auction(SimTime),
    /// Its market is closed until this moment.
    Closed(SimTime),
    /// Shares to sell short are looked for; they are found at this moment, if ever.
    Locate(Option<SimTime>),
    /// Its owner took it off the market, or its day is over and it waits to be sent again.
    Deactivated,
    /// The simulator cannot execute it honestly, because of this.
    Unsimulated(String),
}

/// One leg of a combination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// What it trades.
    pub contract: ContractId,
    /// How many of it one combination holds.
    pub ratio: Decimal,
    /// Whether a buyer of the combination buys it.
    pub bought: bool,
    /// Sum of prices times quantities of its fills.
    pub value: Decimal,
    /// What its fills were charged so far.
    pub commission: Decimal,
}

/// What an order is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) contract_id: ContractId,
    /// In full, as clients are told.
    pub(crate) contract: Contract,
    /// Of a combination.
    pub(crate) legs: Vec<Leg>,
}

/// How an algorithm releases its order: so much at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slices {
    /// How much may have been filled by now.
    pub released: Decimal,
    /// How much each release adds.
    pub size: Decimal,
    /// When the next release is.
    pub next: SimTime,
    /// How far apart releases are, milliseconds.
    pub every_ms: i64,
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
    /// What holds it while it is dormant.
    pub hold: Option<Hold>,
    /// Why the simulator cannot execute it honestly, where that is so.
    pub unsimulated: Option<String>,
    /// When shares to sell short are found, of an order that needs them; the end of time for never.
    pub located: Option<SimTime>,
    /// When the auction is that it takes part in.
    pub auction: Option<SimTime>,
    /// Whether its stop was touched: it works from then on.
    pub triggered: bool,
    /// When a cancel that is on its way takes effect.
    pub cancels: Option<SimTime>,
    /// Where its stop stands now: that of a trailing order follows the market.
    pub stop: Option<Decimal>,
    /// The limit that the market gave it: that of a trailing limit, or of the rest of a market-to-limit order.
    pub own_limit: Option<Decimal>,
    /// Legs, of a combination.
    pub legs: Vec<Leg>,
    /// How it is released, where an algorithm does that.
    pub slices: Option<Slices>,
    /// Whether its conditions were met once.
    pub conditions_met: bool,
    /// How often in a row each price of its conditions was seen.
    pub condition_touches: Vec<u8>,
    /// When the broker looks at it though nothing happens.
    pub(crate) wake: Option<SimTime>,
}

impl OrderRecord {
    /// An order that the broker just got: held, until it is told to work.
    pub(crate) fn new(key: OrderKey, permanent_id: PermanentId, target: Target, order: Order) -> Self {
        let Target { contract_id, contract, legs } = target;
        let total = order.total_quantity.unwrap_or_default();
        let mut record = Self {
            key,
            permanent_id,
            place: 0,
            contract_id,
            contract,
            order,
            stage: Stage::Held,
            total,
            filled: Decimal::ZERO,
            value: Decimal::ZERO,
            last_price: None,
            commission: Decimal::ZERO,
            touches: 0,
            expires: None,
            completed: None,
            hold: None,
            unsimulated: None,
            located: None,
            auction: None,
            triggered: false,
            cancels: None,
            stop: None,
            own_limit: None,
            legs,
            slices: None,
            conditions_met: false,
            condition_touches: Vec::new(),
            wake: None,
        };
        record.reset_prices();
        record
    }

    /// Its stop stands where its owner put it.
    pub(crate) fn reset_prices(&mut self) {
        self.stop = match self.kind().map(|kind| kind.trigger) {
            Some(Trigger::Stop | Trigger::Touch) => self.order.aux_price,
            Some(Trigger::Trail) => self.order.trail_stop_price.filter(|stop| *stop > Decimal::ZERO),
            Some(Trigger::None) | None => None,
        };
        self.touches = 0;
        self.condition_touches = vec![0; self.order.conditions.len()];
    }

    /// The markets that its conditions look at.
    pub(crate) fn condition_markets(&self) -> impl Iterator<Item = ContractId> {
        self.order.conditions.iter().filter_map(watched_contract).flatten()
    }

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

    /// What clients are told.
    #[must_use]
    pub fn status(&self) -> Status {
        match (&self.stage, &self.hold) {
            (stage, _) if self.cancels.is_some() && stage.is_live() => Status::PendingCancel,
            (Stage::Dormant, Some(Hold::Locate(_) | Hold::Deactivated)) => Status::Inactive,
            (stage, _) => stage.status(),
        }
    }

    /// Where it stands once nothing holds it back.
    #[must_use]
    pub fn armed(&self) -> Stage {
        if self.is_stop() && !self.triggered { Stage::Untriggered } else { Stage::Working }
    }

    /// Whether it waits for a price before it works.
    #[must_use]
    pub fn is_stop(&self) -> bool {
        self.kind().is_some_and(|kind| kind.trigger != Trigger::None)
    }

    /// How it trades; `None` where the simulator does not know.
    pub(crate) fn kind(&self) -> Option<Kind> {
        Kind::of(&self.order)
    }

    /// The worst price it takes, where it has one of its own or from its owner; pegged kinds find theirs in the market.
    #[must_use]
    pub fn limit(&self) -> Option<Decimal> {
        match self.kind()?.pricing {
            Pricing::Market => None,
            Pricing::Limit => self.order.limit_price.map(|limit| self.with_discretion(limit)),
            Pricing::TrailingLimit | Pricing::MarketToLimit | Pricing::Protected | Pricing::Snap(_) => self.own_limit,
            Pricing::Pegged(_) => self.order.limit_price.filter(|cap| *cap > Decimal::ZERO),
        }
    }

    /// Whether it takes part in a one-cancels-all group.
    #[must_use]
    pub fn in_group(&self) -> bool {
        !self.order.oca_group.is_empty()
    }

    /// Whether it trades legs.
    #[must_use]
    pub fn is_combination(&self) -> bool {
        !self.legs.is_empty()
    }

    /// Every market that can move it.
    pub(crate) fn markets(&self) -> impl Iterator<Item = ContractId> {
        let own = self.legs.is_empty().then_some(self.contract_id);
        own.into_iter().chain(self.legs.iter().map(|leg| leg.contract))
    }

    /// How much may be filled now.
    pub(crate) fn released(&self) -> Decimal {
        let free = self.slices.as_ref().map_or(self.total, |slices| slices.released.min(self.total));
        (free - self.filled).max(Decimal::ZERO)
    }

    fn with_discretion(&self, limit: Decimal) -> Decimal {
        let discretion = self.order.discretionary_amount.unwrap_or_default();
        match self.taker() {
            Taker::Buyer => limit + discretion,
            Taker::Seller => limit - discretion,
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
                total_quantity: self.told_quantity(),
                trail_stop_price: self.told_trail(),
                ..self.order.clone()
            },
            state: OrderState { status: Some(self.status()), ..OrderState::default() },
        }
    }

    /// As an ORDER_STATUS.
    #[must_use]
    pub fn order_status(&self) -> OrderStatus {
        let why_held = match self.stage {
            Stage::Waiting if self.armed() == Stage::Untriggered => "child,trigger",
            Stage::Waiting => "child",
            Stage::Untriggered => "trigger",
            Stage::Dormant => match &self.hold {
                Some(Hold::Locate(_)) => "locate",
                Some(Hold::Start(_) | Hold::Conditions | Hold::Auction(_) | Hold::Closed(_)) => "trigger",
                Some(Hold::Deactivated | Hold::Unsimulated(_)) | None => "",
            },
            Stage::Held | Stage::Working | Stage::Filled | Stage::Cancelled | Stage::Inactive => "",
        };
        let (client, order) = self.key.told();
        OrderStatus {
            order_id: order,
            status: self.status(),
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
                total_quantity: self.told_quantity(),
                trail_stop_price: self.told_trail(),
                filled_quantity: Some(self.filled),
                ..self.order.clone()
            },
            state: OrderState {
                status: Some(self.status()),
                completed_time,
                completed_status,
                ..OrderState::default()
            },
        }
    }

    /// An order by cash keeps the size that its owner gave; what the cash buys is told as what remains.
    fn told_quantity(&self) -> Option<Decimal> {
        let by_cash = self.order.cash_quantity.is_some_and(|cash| cash > Decimal::ZERO);
        if by_cash || self.order.hedge_type.is_some() { self.order.total_quantity } else { Some(self.total) }
    }

    /// TWS tells where a trailing stop stands.
    fn told_trail(&self) -> Option<Decimal> {
        let trails = matches!(self.order.order_type, OrderType::Trail | OrderType::TrailLimit);
        if trails { self.stop.or(self.order.trail_stop_price) } else { self.order.trail_stop_price }
    }
}

/// The contract that a condition looks at, where it looks at one; `None` within where it does not say which.
pub(crate) fn watched_contract(condition: &Condition) -> Option<Option<ContractId>> {
    match condition {
        Condition::Price { contract_id, .. }
        | Condition::Volume { contract_id, .. }
        | Condition::PercentChange { contract_id, .. } => Some(*contract_id),
        Condition::Time { .. } | Condition::Margin { .. } | Condition::Execution { .. } => None,
    }
}
