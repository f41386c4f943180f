//! [`Terms`]: what is known of a contract, and what an order for it must keep to (before anything is sent) or ends by (R28).

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tws_proto::ids::ContractId;

use crate::action::Step;
use crate::event::Input;
use crate::intent::{Hours, Intent, Invalid};
use crate::kind::{Distance, OrderKind};
use crate::lifetime::TimeInForce;
use crate::orders::Orders;
use crate::time::Timestamp;
use crate::tracked::Tracked;
use tws_proto::Side;

/// What is known of a contract. What is not known is not checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Terms {
    /// Steps of the price, by the price from which they hold, lowest first (a market rule).
    pub price_steps: Vec<PriceStep>,
    /// The least quantity.
    pub quantity_min: Option<Decimal>,
    /// The step of the quantity.
    pub quantity_step: Option<Decimal>,
    /// Kinds of orders and times in force that its exchange takes, in the words of contract details (`orderTypes`).
    pub order_types: BTreeSet<String>,
    /// Regular trading hours, earliest first.
    pub regular: Vec<Session>,
    /// All trading hours, earliest first.
    pub extended: Vec<Session>,
}

/// From which price on a step of the price holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceStep {
    /// From this price on, its sign aside.
    pub from: Decimal,
    /// Prices are multiples of this.
    pub step: Decimal,
}

/// A time of trading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The first moment.
    pub opens: Timestamp,
    /// The first moment behind it.
    pub closes: Timestamp,
    /// The trading day, as a number that only has to be the same for the sessions of one day: `20261126`.
    pub day: i32,
}

impl Terms {
    /// Looks for what the contract's exchange would not take.
    ///
    /// # Errors
    /// [`Invalid`] names the first fault.
    pub fn check(&self, intent: &Intent, now: Timestamp) -> Result<(), Invalid> {
        self.check_prices(&intent.kind)?;
        let quantity = intent.quantity;
        let is_below = self.quantity_min.is_some_and(|least| quantity < least);
        let is_between = self.quantity_step.is_some_and(|step| !is_multiple(quantity, step));
        if is_below || is_between {
            return Err(Invalid::Lot { quantity, least: self.quantity_min, step: self.quantity_step });
        }
        for words in [kind_words(&intent.kind), lifetime_words(intent)] {
            let is_taken = words.iter().any(|word| self.order_types.contains(*word));
            if let (Some(word), false, false) = (words.first(), self.order_types.is_empty(), is_taken) {
                return Err(Invalid::NotTaken { word: (*word).to_owned() });
            }
        }
        self.check_time(intent, now)
    }

    fn check_prices(&self, kind: &OrderKind) -> Result<(), Invalid> {
        let trailing = match kind.distance() {
            Some(Distance::Amount(amount)) => Some(amount),
            Some(Distance::Percent(_)) | None => None,
        };
        for price in kind.prices().chain(trailing).chain(kind.offset()) {
            if let Some(step) = self.step_at(price).filter(|step| !is_multiple(price, *step)) {
                return Err(Invalid::PriceStep { price, step });
            }
        }
        Ok(())
    }

    fn step_at(&self, price: Decimal) -> Option<Decimal> {
        self.price_steps.iter().rev().find(|step| step.from <= price.abs()).map(|step| step.step)
    }

    /// The price at the next step: above it to buy, below it to sell.
    pub(crate) fn on_step(&self, price: Decimal, side: Side) -> Decimal {
        let Some(step) = self.step_at(price).filter(|step| !is_multiple(price, *step)) else { return price };
        let steps = price.checked_div(step).map(|steps| match side {
            Side::Buy => steps.ceil(),
            Side::Sell => steps.floor(),
        });
        steps.and_then(|steps| steps.checked_mul(step)).unwrap_or(price).normalize()
    }

    fn check_time(&self, intent: &Intent, now: Timestamp) -> Result<(), Invalid> {
        if let TimeInForce::GoodTillDate(until) = intent.time_in_force
            && until <= now
        {
            return Err(Invalid::Past { until });
        }
        let sessions = self.sessions(intent.hours);
        // Hours are known for a few days; beyond them nothing is said.
        let is_known = sessions.first().is_some_and(|first| first.opens <= now)
            && sessions.last().is_some_and(|last| now < last.closes);
        let is_open = sessions.iter().any(|session| session.opens <= now && now < session.closes);
        if intent.time_in_force.is_immediate() && is_known && !is_open {
            let opens = sessions.iter().map(|session| session.opens).find(|opens| *opens > now);
            return Err(Invalid::Closed { opens });
        }
        Ok(())
    }

    /// When the trading day ends for an order that is given now: at the close of its last session. `None` where that is
    /// not known.
    #[must_use]
    pub fn day_end(&self, hours: Hours, now: Timestamp) -> Option<Timestamp> {
        let sessions = self.sessions(hours);
        let day = sessions.iter().find(|session| session.closes > now)?.day;
        sessions.iter().filter(|session| session.day == day).map(|session| session.closes).max()
    }

    fn sessions(&self, hours: Hours) -> &[Session] {
        match hours {
            Hours::Regular => &self.regular,
            Hours::Extended => &self.extended,
        }
    }

    /// When an order that is given now ends by itself, where that is known (R28).
    pub(crate) fn end_of(&self, intent: &Intent, now: Timestamp) -> Option<Timestamp> {
        match intent.time_in_force {
            TimeInForce::Day | TimeInForce::DayTillCancelled => self.day_end(intent.hours, now),
            TimeInForce::GoodTillDate(until) => Some(until),
            TimeInForce::GoodTillCancelled
            | TimeInForce::ImmediateOrCancel
            | TimeInForce::FillOrKill
            | TimeInForce::Other(_) => None,
        }
    }
}

impl Orders {
    /// Learns what is known of a contract: from now on its orders are held against it, and end by it.
    pub fn learn(&mut self, contract_id: ContractId, terms: Terms, now: Timestamp) -> Step {
        if self.terms.get(&contract_id) == Some(&terms) {
            return Step::default();
        }
        self.record(Input::Learnt { contract_id, terms: Box::new(terms) }, now)
    }

    /// An order that was placed before its hours were known ends by them too. An end that is known stands: hours that are
    /// over are told no more.
    pub(crate) fn learnt(&mut self, contract_id: ContractId, terms: &Terms) {
        for id in &self.live {
            let of_contract = |order: &&mut Tracked| order.intent.contract.known_id() == Some(contract_id);
            if let Some(order) = self.orders.get_mut(id).filter(of_contract)
                && order.ends_at.is_none()
            {
                order.ends_at = terms.end_of(&order.intent, order.created_at);
            }
        }
        self.terms.insert(contract_id, terms.clone());
    }

    /// What is known of a contract.
    #[must_use]
    pub fn terms(&self, contract_id: ContractId) -> Option<&Terms> {
        self.terms.get(&contract_id)
    }

    pub(crate) fn terms_of(&self, intent: &Intent) -> Option<&Terms> {
        self.terms.get(&intent.contract.known_id()?)
    }

    /// Holds an intent against what is known of its contract.
    pub(crate) fn check_terms(&self, intent: &Intent, now: Timestamp) -> Result<(), Invalid> {
        self.terms_of(intent).map_or(Ok(()), |terms| terms.check(intent, now))
    }
}

/// Whether a number is a whole number of steps; a step that is none forbids nothing.
fn is_multiple(number: Decimal, step: Decimal) -> bool {
    step <= Decimal::ZERO || number.checked_rem(step).is_none_or(|rest| rest.is_zero())
}

/// Words of contract details for a kind of order: one of them is enough.
const fn kind_words(kind: &OrderKind) -> &'static [&'static str] {
    match kind {
        OrderKind::Market => &["MKT"],
        OrderKind::Limit { .. } => &["LMT"],
        OrderKind::Stop { .. } => &["STP"],
        OrderKind::StopLimit { .. } => &["STPLMT", "STP LMT"],
        OrderKind::Trail { .. } => &["TRAIL"],
        OrderKind::TrailLimit { .. } => &["TRAILLMT", "TRAIL LIMIT"],
        OrderKind::MarketIfTouched { .. } => &["MIT"],
        OrderKind::LimitIfTouched { .. } => &["LIT"],
        OrderKind::MarketOnOpen | OrderKind::LimitOnOpen { .. } => &["OPG"],
        OrderKind::MarketOnClose => &["MOC"],
        OrderKind::LimitOnClose { .. } => &["LOC"],
        OrderKind::MarketToLimit => &["MTL"],
        OrderKind::MarketWithProtection => &["MKTPROT", "MKT PRT"],
        OrderKind::StopWithProtection { .. } => &["STPPROT", "STP PRT"],
        OrderKind::MidPrice { .. } => &["MIDPX", "MIDPRICE"],
        OrderKind::PeggedToMarket { .. } => &["PEGMKT", "PEG MKT"],
        OrderKind::PeggedToPrimary { .. } => &["REL"],
        OrderKind::PeggedToMidpoint { .. } => &["PEGMID", "PEG MID"],
        OrderKind::PeggedToBest { .. } => &["PEGBEST", "PEG BEST"],
        OrderKind::PeggedToStock { .. } => &["PEGSTK", "PEG STK"],
        OrderKind::PeggedToBenchmark(_) => &["PEGBENCH", "PEG BENCH"],
    }
}

/// Words of contract details for a time in force; none where every contract takes it.
const fn lifetime_words(intent: &Intent) -> &'static [&'static str] {
    match intent.time_in_force {
        TimeInForce::GoodTillCancelled => &["GTC"],
        TimeInForce::GoodTillDate(_) => &["GTD"],
        TimeInForce::ImmediateOrCancel => &["IOC"],
        TimeInForce::FillOrKill => &["FOK"],
        TimeInForce::Day | TimeInForce::DayTillCancelled | TimeInForce::Other(_) => &[],
    }
}
