//! [`Intent`]: one wish to place an order, complete and checked before anybody hears of it.

use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use tws_proto::ids::OrderId;
use tws_proto::kinds::{OrderType, SecurityType, TimeInForce as Word};
use tws_proto::message::PlaceOrder;
use tws_proto::{Contract, Order};

use crate::extension::Extension;
use crate::kind::OrderKind;
use crate::lifetime::TimeInForce;
use crate::reference::{Instance, IntentId};
use crate::time::Timestamp;
use tws_proto::Side;

/// One wish to place an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Its name, never used before.
    pub id: IntentId,
    /// Who wants it; attribution follows every fill.
    pub strategy: SmolStr,
    /// The account it trades for.
    pub account: SmolStr,
    /// What to trade.
    #[serde(serialize_with = "crate::brief::contract")]
    pub contract: Arc<Contract>,
    /// Which way.
    pub side: Side,
    /// How much, above zero, in units of the contract.
    pub quantity: Decimal,
    /// At which price.
    pub kind: OrderKind,
    /// How long it stands.
    pub time_in_force: TimeInForce,
    /// Whether it may trade outside regular hours.
    pub hours: Hours,
    /// What else the wire can say of an order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<Extension>,
}

/// During which hours an order may trade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hours {
    /// Regular hours only.
    #[default]
    Regular,
    /// Regular and extended hours.
    Extended,
}

impl Intent {
    /// Looks for what can never be right, whatever the market does.
    ///
    /// # Errors
    /// [`Invalid`] names the first fault; the intent must be mended by whoever made it.
    pub fn validate(&self) -> Result<(), Invalid> {
        let Self { account, strategy, contract, quantity, kind, time_in_force, .. } = self;
        if account.is_empty() || !is_printable(account) {
            return Err(Invalid::Account);
        }
        if strategy.is_empty() || strategy.len() > 64 {
            return Err(Invalid::Strategy);
        }
        if contract.known_id().is_none() && (contract.symbol.is_empty() || contract.security_type.is_none()) {
            return Err(Invalid::Contract);
        }
        if contract.exchange.is_empty() {
            return Err(Invalid::Exchange);
        }
        if *quantity <= Decimal::ZERO {
            return Err(Invalid::Quantity { quantity: *quantity });
        }
        // Futures and combinations can trade at or below zero; the others cannot.
        let below_zero_possible = matches!(
            contract.security_type,
            Some(
                SecurityType::Future | SecurityType::FutureOption | SecurityType::Combination | SecurityType::Commodity
            )
        );
        if let Some(price) = kind.prices().find(|price| *price <= Decimal::ZERO && !below_zero_possible) {
            return Err(Invalid::Price { price });
        }
        let distance = kind.distance().map(crate::kind::Distance::number);
        if let Some(distance) = distance.filter(|distance| *distance <= Decimal::ZERO) {
            return Err(Invalid::Price { price: distance });
        }
        if let Some(offset) = kind.offset().filter(|offset| *offset < Decimal::ZERO) {
            return Err(Invalid::Price { price: offset });
        }
        validate_lifetime(kind, time_in_force)
    }

    /// Whether an advisor spreads what fills of it over other accounts; its own account holds none of it (R16).
    #[must_use]
    pub fn is_spread(&self) -> bool {
        self.extension.as_ref().is_some_and(Extension::is_spread)
    }

    /// Its contract, to be changed before it is submitted.
    pub fn contract_mut(&mut self) -> &mut Contract {
        Arc::make_mut(&mut self.contract)
    }

    /// The order as the wire has it, without what its place in a group adds.
    #[must_use]
    pub fn to_order(&self, instance: &Instance) -> Order {
        let mut order = self.extension.as_ref().map(Extension::order).unwrap_or_default();
        self.write(&mut order, instance);
        order
    }

    /// The message that places it under a number.
    pub(crate) fn to_place(&self, order_id: OrderId, instance: &Instance) -> PlaceOrder {
        let order = self.extension.as_ref().map(Extension::order).unwrap_or_default();
        let contract = self.contract.as_ref().clone();
        let mut place = PlaceOrder { order_id, contract, order, attached: None };
        self.write(&mut place.order, instance);
        place
    }

    fn write(&self, order: &mut Order, instance: &Instance) {
        order.account = self.account.to_string();
        order.action = self.side.action();
        order.total_quantity = Some(self.quantity);
        order.outside_regular_hours = self.hours == Hours::Extended;
        order.order_reference = instance.reference(self.id);
        self.time_in_force.write(order);
        self.kind.write(order);
    }
}

/// Whether a kind can stand for so long: an auction is on one day, and what is not done at once cannot wait for a price.
fn validate_lifetime(kind: &OrderKind, time_in_force: &TimeInForce) -> Result<(), Invalid> {
    let waits = kind.trigger_price().is_some() || kind.distance().is_some() || kind.offset().is_some();
    let fits = match time_in_force {
        TimeInForce::Day => true,
        TimeInForce::Other(word) => {
            // These two have types of their own, and a date would be missing.
            !matches!(word, Word::AtOpening | Word::GoodTillDate) && !kind.is_auction()
        }
        TimeInForce::ImmediateOrCancel | TimeInForce::FillOrKill => !kind.is_auction() && !waits,
        TimeInForce::GoodTillCancelled | TimeInForce::GoodTillDate(_) | TimeInForce::DayTillCancelled => {
            !kind.is_auction()
        }
    };
    let (kind, time_in_force) = (kind.order_type(), time_in_force.word());
    if fits { Ok(()) } else { Err(Invalid::Lifetime { kind, time_in_force }) }
}

fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Why an intent can never be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// No account, or one with characters no account has.
    #[error("the intent names no account; every order trades for one")]
    Account,
    /// No strategy, or a name beyond 64 bytes.
    #[error("the intent names no strategy (1 to 64 bytes); every order belongs to one")]
    Strategy,
    /// A contract that nobody could tell.
    #[error("the contract has neither a number nor a symbol with a security type")]
    Contract,
    /// No exchange to send it to.
    #[error("the contract names no exchange; SMART leaves it to IB's router")]
    Exchange,
    /// A quantity that is not above zero.
    #[error("the quantity is {quantity}; it must be above zero, the side says which way")]
    Quantity {
        /// The quantity.
        quantity: Decimal,
    },
    /// A price or distance that is not above zero.
    #[error("a price of {price} is not above zero")]
    Price {
        /// The price.
        price: Decimal,
    },
    /// A kind and a time in force that exclude each other.
    #[error("an order of the kind {} cannot stand as {}", kind.as_str(), time_in_force.as_str())]
    Lifetime {
        /// The kind.
        kind: OrderType,
        /// The time in force.
        time_in_force: Word,
    },
    /// A price between the steps of its contract.
    #[error("{price} is not a multiple of {step}, the step of the contract's price there")]
    PriceStep {
        /// The price.
        price: Decimal,
        /// The step.
        step: Decimal,
    },
    /// A quantity that its contract does not trade in.
    #[error(
        "the contract does not trade in {quantity}: at least {}, in steps of {}",
        least.unwrap_or_default(),
        step.unwrap_or_default()
    )]
    Lot {
        /// The quantity.
        quantity: Decimal,
        /// The least there is.
        least: Option<Decimal>,
        /// Its step.
        step: Option<Decimal>,
    },
    /// A kind or a time in force that its contract's exchange does not take.
    #[error("the contract's exchange takes no {word} orders")]
    NotTaken {
        /// Which.
        word: String,
    },
    /// An order that is good until a moment that is over.
    #[error("the order is good until {until}, which is over")]
    Past {
        /// The moment.
        until: Timestamp,
    },
    /// An order that must fill at once while the contract does not trade.
    #[error("the contract does not trade now, so an order that must fill at once cannot")]
    Closed {
        /// When it trades next, where that is known.
        opens: Option<Timestamp>,
    },
    /// The legs of a group do not fit together.
    #[error("the group is not sound: {0}")]
    Group(GroupFault),
}

/// What does not fit in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupFault {
    /// Legs for different accounts, strategies or contracts.
    #[error("all legs must be of one account, strategy and contract")]
    Mixed,
    /// An exit on the side of its entry.
    #[error("take profit and stop loss must be on the other side than the entry")]
    SameSide,
    /// Exits for more or less than the entry.
    #[error("take profit and stop loss must have the quantity of the entry")]
    Quantity,
    /// A take profit that is no limit order, or a stop loss that is no stop.
    #[error("a take profit is a limit order, a stop loss a stop, stop limit or trailing stop")]
    Kinds,
    /// Exits that would trade at once.
    #[error("take profit and stop loss lie on the wrong sides of the entry")]
    Prices,
    /// Fewer than two legs, or more than the limit.
    #[error("a group has 2 to 10 legs")]
    Size,
    /// Two legs with one id.
    #[error("every leg needs an id of its own")]
    Ids,
}
