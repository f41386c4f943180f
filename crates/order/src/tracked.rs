//! [`Tracked`]: one order of ours, from the wish to the end and beyond.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tws_proto::ids::{OrderId, PermanentId};
use tws_proto::kinds::OcaType;
use tws_proto::message::PlaceOrder;

use crate::action::OrderUpdate;
use crate::change::Change;
use crate::intent::Intent;
use crate::reference::Instance;
use crate::state::State;
use crate::time::{SECOND_US, Timestamp};

/// For how long after a cancel its quantity still counts as live: fills follow cancels (R20).
pub const CANCEL_SETTLES_US: i64 = 2 * SECOND_US;

/// One order of ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tracked {
    /// What is wanted, with the last values that the broker confirmed.
    pub intent: Intent,
    /// Its number at this client.
    pub order_id: OrderId,
    /// The order whose fill activates it.
    pub parent_id: Option<OrderId>,
    /// Its one-cancels-all group, empty for none.
    pub oca_group: String,
    /// State.
    pub state: State,
    /// IB's numbers for it.
    pub permanent_ids: BTreeSet<PermanentId>,
    /// How much has filled, by executions alone.
    pub filled: Decimal,
    /// Quantity times price over those executions.
    pub filled_value: Decimal,
    /// The most that a status or an execution said has filled.
    pub filled_told: Decimal,
    /// A cancel that is on its way.
    pub cancel: Option<Cancel>,
    /// A change that is on its way.
    pub change: Option<Change>,
    /// When it was first found absent from a whole snapshot.
    pub absent_since: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When something last changed.
    pub updated_at: Timestamp,
    /// Words for its state.
    pub reason: String,
}

/// A cancel that is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancel {
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When it was last sent.
    pub sent_at: Timestamp,
    /// How often it was sent.
    pub tries: u32,
}

impl Tracked {
    pub(crate) fn new(intent: Intent, place: &PlaceOrder, at: Timestamp) -> Self {
        Self {
            intent,
            order_id: place.order_id,
            parent_id: place.order.parent(),
            oca_group: place.order.oca_group.clone(),
            state: State::Sent,
            permanent_ids: BTreeSet::new(),
            filled: Decimal::ZERO,
            filled_value: Decimal::ZERO,
            filled_told: Decimal::ZERO,
            cancel: None,
            change: None,
            absent_since: None,
            ended_at: None,
            created_at: at,
            updated_at: at,
            reason: String::new(),
        }
    }

    /// How much has not filled; zero where more has than was ordered.
    #[must_use]
    pub fn open_quantity(&self) -> Decimal {
        (self.intent.quantity - self.filled).max(Decimal::ZERO)
    }

    /// How much may still fill: all that is open of a live order, the larger quantity while a change is on its way, and
    /// for a short while what was just cancelled.
    #[must_use]
    pub fn exposure(&self, now: Timestamp) -> Decimal {
        let settling = self.state == State::Cancelled
            && self.ended_at.is_some_and(|ended| (0..CANCEL_SETTLES_US).contains(&now.since(ended)));
        if !self.state.is_live() && !settling {
            return Decimal::ZERO;
        }
        let asked = self.change.as_ref().and_then(|change| change.quantity).unwrap_or_default();
        (self.intent.quantity.max(asked) - self.filled).max(Decimal::ZERO)
    }

    /// Average price of what has filled.
    #[must_use]
    pub fn average_price(&self) -> Option<Decimal> {
        (self.filled > Decimal::ZERO).then(|| self.filled_value / self.filled)
    }

    /// The order as it is now, to tell its owner.
    #[must_use]
    pub fn update(&self) -> OrderUpdate {
        let open = self.open_quantity();
        let (working, unknown, cancelled) = match self.state {
            State::Unknown(_) => (Decimal::ZERO, open, Decimal::ZERO),
            State::Sent | State::Working(_) | State::Held | State::Suspended => (open, Decimal::ZERO, Decimal::ZERO),
            State::Filled | State::Cancelled | State::Rejected | State::Expired | State::Lost => {
                (Decimal::ZERO, Decimal::ZERO, open)
            }
        };
        OrderUpdate {
            intent: self.intent.id,
            strategy: self.intent.strategy.clone(),
            account: self.intent.account.clone(),
            order_id: self.order_id,
            permanent_ids: self.permanent_ids.iter().copied().collect(),
            symbol: self.intent.contract.symbol.clone(),
            side: self.intent.side,
            state: self.state.clone(),
            quantity: self.intent.quantity,
            filled: self.filled,
            working,
            unknown,
            cancelled,
            average_price: self.average_price(),
            reason: self.reason.clone(),
            at: self.updated_at,
        }
    }

    /// The message that changes it to `intent`'s values.
    pub(crate) fn place(&self, intent: &Intent, instance: &Instance) -> PlaceOrder {
        let mut order = intent.to_order(instance);
        if self.parent_id.is_some() {
            order.parent_id = self.parent_id;
        }
        if !self.oca_group.is_empty() {
            order.oca_group.clone_from(&self.oca_group);
            order.oca_type = Some(OcaType::CancelWithBlock);
        }
        PlaceOrder { order_id: self.order_id, contract: intent.contract.clone(), order, attached: None }
    }
}
