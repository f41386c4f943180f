//! [`Tracked`]: one order of ours, from the wish to the end and beyond.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use tws_proto::Order;
use tws_proto::ids::OrderId;
use tws_proto::kinds::OcaType;
use tws_proto::message::PlaceOrder;

use crate::action::OrderUpdate;
use crate::adopt::NOT_OURS;
use crate::change::Change;
use crate::group::{Hedge, Revenant};
use crate::guard::{Leg, Role};
use crate::intent::Intent;
use crate::missing::{Incarnation, Inferred, Told};
use crate::numbers::PermanentIds;
use crate::reference::{Instance, IntentId};
use crate::state::{Stage, State};
use crate::time::{SECOND_US, Timestamp};

/// For how long after a cancel its quantity still counts as live: fills follow cancels (R20).
pub const CANCEL_SETTLES_US: i64 = 2 * SECOND_US;

/// How often a cancel is sent before a person is told (R19).
pub const CANCEL_TRIES_MAX: u32 = 3;

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
    pub oca_group: SmolStr,
    /// What a fill in that group does.
    pub oca_type: Option<OcaType>,
    /// How TWS finds its size, where it is a hedge.
    pub hedge: Option<Hedge>,
    /// The reference that its owner gave it, where it is one of others that was taken on (R18).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<SmolStr>,
    /// Where its stop was last shown to stand, where it trails: a change sends that again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trailed_to: Option<Decimal>,
    /// Its place in a group.
    pub leg: Option<Leg>,
    /// What it stands in the place of (R11).
    pub in_place_of: Option<IntentId>,
    /// What stands in its place, and what becomes of it should it come back.
    pub replaced_by: Option<(IntentId, Revenant)>,
    /// State.
    pub state: State,
    /// IB's numbers for it.
    pub permanent_ids: PermanentIds,
    /// Those of them that have ended while others may live (R22).
    pub ended_permanent_ids: PermanentIds,
    /// How much has filled: by executions, and by inference where they do not come.
    pub filled: Decimal,
    /// Quantity times price over those executions.
    pub filled_value: Decimal,
    /// The part of it that no execution proves yet (R14).
    pub inferred: Option<Inferred>,
    /// What the broker says has filled.
    pub told: Told,
    /// What of it is of which incarnation; none where there is one (R22).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incarnations: Vec<Incarnation>,
    /// Whether a correction changed how much an execution of it filled (R13), or one is against it: totals that were told
    /// may be from before, or count it.
    pub is_corrected: bool,
    /// A cancel that is on its way.
    pub cancel: Option<Cancel>,
    /// A change that is on its way.
    pub change: Option<Change>,
    /// When that change was recorded.
    pub change_asked_at: Option<Timestamp>,
    /// Whether the broker was asked what became of it, since no answer came.
    pub is_change_looked_for: bool,
    /// The words of a notice that refuses it, while nothing else says that it is dead (R24).
    pub refusal: Option<SmolStr>,
    /// When it was first found absent from a whole snapshot.
    pub absent_since: Option<Timestamp>,
    /// When it ends by itself, where that is known (R28).
    pub ends_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When something last changed.
    pub updated_at: Timestamp,
    /// Words for its state.
    pub reason: SmolStr,
}

/// What ties an order to others, as the wire has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ties {
    /// The order whose fill activates it.
    pub parent_id: Option<OrderId>,
    /// Its one-cancels-all group, empty for none.
    pub oca_group: SmolStr,
    /// What a fill in that group does.
    pub oca_type: Option<OcaType>,
    /// How TWS finds its size, where it is a hedge.
    pub hedge: Option<Hedge>,
}

impl Ties {
    pub(crate) fn of(order: &Order) -> Self {
        Self {
            parent_id: order.parent(),
            oca_group: order.oca_group.as_str().into(),
            oca_type: order.oca_type.filter(|_| !order.oca_group.is_empty()),
            hedge: Hedge::of(order),
        }
    }

    /// Whether it ties an order to nothing.
    pub(crate) fn is_none(&self) -> bool {
        *self == Self::default()
    }
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
    pub(crate) fn new(intent: Intent, order_id: OrderId, ties: Ties, at: Timestamp) -> Self {
        let Ties { parent_id, oca_group, oca_type, hedge } = ties;
        Self {
            intent,
            order_id,
            parent_id,
            oca_group,
            oca_type,
            hedge,
            reference: None,
            trailed_to: None,
            leg: None,
            in_place_of: None,
            replaced_by: None,
            state: State::Sent,
            permanent_ids: PermanentIds::default(),
            ended_permanent_ids: PermanentIds::default(),
            filled: Decimal::ZERO,
            filled_value: Decimal::ZERO,
            inferred: None,
            told: Told::default(),
            incarnations: Vec::new(),
            is_corrected: false,
            cancel: None,
            change: None,
            change_asked_at: None,
            is_change_looked_for: false,
            refusal: None,
            absent_since: None,
            ends_at: None,
            ended_at: None,
            created_at: at,
            updated_at: at,
            reason: SmolStr::new_static(""),
        }
    }

    /// How much has not filled; zero where more has than was ordered.
    #[must_use]
    pub fn open_quantity(&self) -> Decimal {
        self.intent.quantity.saturating_sub(self.filled).max(Decimal::ZERO)
    }

    /// The most that one order at the broker may fill in all: the larger quantity while a change is on its way.
    #[must_use]
    pub fn quantity_max(&self) -> Decimal {
        self.change.as_ref().and_then(|change| change.quantity).unwrap_or_default().max(self.intent.quantity)
    }

    /// The most that may still fill at the broker if nothing more is heard: the larger quantity while a change is on its
    /// way, as often as the order lives (R22). Which incarnation has filled is not known, so this errs upwards.
    #[must_use]
    pub fn may_fill(&self) -> Decimal {
        let quantity = self.quantity_max();
        let known = self.permanent_ids.len().max(1);
        let ended = self.ended_permanent_ids.iter().filter(|number| self.permanent_ids.has(**number)).count();
        let live = quantity.saturating_mul(Decimal::from(known - ended)); // an intersection is no larger than the set
        let all = quantity.saturating_mul(Decimal::from(known));
        // What all of them were told to have filled is open until executions prove it.
        let told = if self.incarnations.is_empty() { quantity } else { quantity.max(self.told.filled) };
        let unproven = told.saturating_sub(self.filled);
        live.min(all.saturating_sub(self.filled)).max(unproven).max(Decimal::ZERO)
    }

    /// How much counts as open for risk: all that may fill of a live order, and for a short while what was just
    /// cancelled.
    #[must_use]
    pub fn exposure(&self, now: Timestamp) -> Decimal {
        // A clock that went back keeps it settling: too much exposure is the lesser harm.
        let settling =
            self.state == State::Cancelled && self.ended_at.is_some_and(|ended| now.since(ended) < CANCEL_SETTLES_US);
        if !self.state.is_live() && !settling {
            return Decimal::ZERO;
        }
        if self.state.is_live() { self.may_fill() } else { self.open_quantity() }
    }

    /// Average price of what has filled.
    #[must_use]
    pub fn average_price(&self) -> Option<Decimal> {
        if self.filled > Decimal::ZERO { self.filled_value.checked_div(self.filled) } else { None }
    }

    /// Whether it has a number at this client: one of others that was taken on has none, and cannot be changed or cancelled
    /// from here (R18).
    #[must_use]
    pub fn is_within_reach(&self) -> bool {
        self.order_id != NOT_OURS
    }

    /// Whether a cancel is on its way and still tried; one that was given up may be asked for again.
    #[must_use]
    pub fn is_cancel_on_its_way(&self) -> bool {
        self.cancel.is_some_and(|cancel| cancel.tries <= CANCEL_TRIES_MAX)
    }

    /// Whether fills of other orders reduce it, so that a smaller size is nobody's change.
    #[must_use]
    pub fn is_reduced_by_others(&self) -> bool {
        let is_exit = self.leg.is_some_and(|leg| matches!(leg.role, Role::TakeProfit | Role::StopLoss));
        is_exit || matches!(self.oca_type, Some(OcaType::ReduceWithBlock | OcaType::ReduceWithoutBlock))
    }

    /// Whether the broker says that it has filled, and nothing proves any of it (R14): by a total that executions do not
    /// reach, or by a word without one.
    pub(crate) fn is_filled_unproven(&self) -> bool {
        self.is_fill_missing() || self.state == State::Working(Stage::FilledUnproven) && self.filled.is_zero()
    }

    /// Whether a person wants it ended after it was found absent, where its fills can neither be proven nor inferred.
    pub(crate) fn is_given_up(&self) -> bool {
        let absent_since = self.absent_since;
        let asked = self.cancel.zip(absent_since).is_some_and(|(cancel, since)| since < cancel.asked_at);
        asked && self.told.asked_at.is_some() && self.told.ahead_since.is_none()
    }

    /// Whether a person wants it ended after the broker was asked for the fills that it told of, and a person was told that they
    /// are missing.
    pub(crate) fn is_ended_in_spite_of_fills(&self) -> bool {
        let asked = self.cancel.zip(self.told.asked_at).is_some_and(|(cancel, at)| at < cancel.asked_at);
        asked && self.told.ahead_since.is_none()
    }

    /// Whether the broker has told of more fills than the executions that are known, or some were inferred that may be none
    /// (R14).
    #[must_use]
    pub fn is_fill_missing(&self) -> bool {
        self.told.filled > self.filled || self.inferred.is_some_and(Inferred::is_in_doubt)
    }

    /// Whether an execution in this account counts for the order. One for a combination counts executions of the whole,
    /// any other its own; one that an advisor spreads counts those in its own account, and not its allocations again.
    pub(crate) fn counts(&self, account: &str, is_combination: bool) -> bool {
        self.intent.contract.is_combination() == is_combination
            && (!self.intent.is_spread() || self.intent.account == account)
    }

    /// Whether an execution in this account moves a position: of an order that an advisor spreads, the allocations do
    /// (R16).
    pub(crate) fn moves(&self, account: &str) -> bool {
        !self.intent.is_spread() || self.intent.account != account
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
            permanent_ids: self.permanent_ids.clone(),
            symbol: self.intent.contract.symbol.as_str().into(),
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
            self.oca_group.as_str().clone_into(&mut order.oca_group);
            order.oca_type = self.oca_type;
        }
        if let Some(hedge) = self.hedge {
            hedge.write(&mut order);
        }
        if let Some(reference) = &self.reference {
            reference.as_str().clone_into(&mut order.order_reference);
        }
        // A stop that nobody moves stays where it has trailed to: where it began lies farther from the market.
        if intent.kind.beginning() == self.intent.kind.beginning() && self.trailed_to.is_some() {
            order.trail_stop_price = self.trailed_to;
        }
        PlaceOrder { order_id: self.order_id, contract: (*intent.contract).clone(), order, attached: None }
    }
}
