//! [`RiskGate`]: every control, in one place.

use std::cell::Cell;
use std::collections::BTreeMap;

use order::{Gate, Intent, OrderKind, Orders, SECOND_US, Side, Timestamp};
use position::{Instrument, Ledger};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tws_proto::ids::ContractId;

use crate::limits::{Limits, LimitsError, TradingMode, WithoutQuote, is_paper_account};
use crate::quote::Quote;
use crate::refusal::Refusal;
use crate::throttle::Throttle;

/// For how long live trading can be armed at most, in microseconds: 24 hours.
pub const ARMED_MAX_US: i64 = 24 * 60 * 60 * SECOND_US;

/// The gate before the journal. See the [crate] for what it controls.
///
/// Beside its limits it holds only what a moment needs: the kill switch, the arming, the last quotes, and the orders
/// accepted within the last second and the duplicate window. After a restart the engine tells it of a kill again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RiskGate {
    limits: Limits,
    kill: Option<Kill>,
    arming: Option<Arming>,
    quotes: BTreeMap<ContractId, (Quote, Timestamp)>,
    throttle: Throttle,
}

/// Who stopped trading, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kill {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A person's word that live trading may go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arming {
    /// Who.
    pub by: String,
    /// Until when.
    pub until: Timestamp,
}

/// Why the gate was not armed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ArmingError {
    /// Nobody is named.
    #[error("a person must arm live trading; name who")]
    Nobody,
    /// The time is over, or more than 24 hours ahead.
    #[error("live trading can be armed for at most 24 hours from now; {until} is not within them")]
    OutOfRange {
        /// Until when it was asked for.
        until: Timestamp,
    },
}

/// What an order would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// It is new.
    #[default]
    Place,
    /// It is an order as it would be after a change. Nothing like a duplicate is looked for.
    Change {
        /// How much of it has filled, and so is in the position already.
        filled: Decimal,
    },
}

/// The other open orders of one account, contract and side, from anybody, those with unknown outcome too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenOrders {
    /// How many there are.
    pub count: u32,
    /// How much of them is not filled, not signed.
    pub quantity: Decimal,
}

impl RiskGate {
    /// A gate with these limits. In live mode it has to be [armed](RiskGate::arm) before anything passes.
    ///
    /// # Errors
    /// [`LimitsError`] names everything that is missing or senseless.
    pub fn new(limits: Limits) -> Result<Self, LimitsError> {
        limits.validate()?;
        Ok(Self { limits, kill: None, arming: None, quotes: BTreeMap::new(), throttle: Throttle::default() })
    }

    /// What it was made with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The gate at one moment, for one submission: the legs of a group are checked one after the other by the same
    /// `CheckAt`, which counts them into the rates.
    #[must_use]
    pub fn at<'a>(&'a self, now: Timestamp, ledger: &'a Ledger) -> CheckAt<'a> {
        CheckAt { gate: self, now, ledger, legs_passed: Cell::new(0) }
    }

    /// Counts an order that was accepted, for the rates and the duplicates. Call it once for each leg, after its record
    /// is durable.
    pub fn accepted(&mut self, intent: &Intent, now: Timestamp) {
        self.throttle.accepted(intent, &self.limits, now);
    }

    /// Takes in the best prices of a contract, as they are now.
    pub fn quote(&mut self, contract_id: ContractId, quote: Quote, now: Timestamp) {
        self.quotes.insert(contract_id, (quote, now));
    }

    /// Forgets the prices of a contract, when its market data is lost or no longer wanted.
    pub fn forget_quote(&mut self, contract_id: ContractId) {
        self.quotes.remove(&contract_id);
    }

    /// Refuses everything from now on. A second kill does not replace the first.
    pub fn kill(&mut self, by: impl Into<String>, reason: impl Into<String>) {
        self.kill.get_or_insert_with(|| Kill { by: by.into(), reason: reason.into() });
    }

    /// Lifts the kill, on the word of a named person, and hands back what was lifted. `None` where nothing was, also
    /// where nobody is named: then the kill stands.
    pub fn rearm(&mut self, by: &str) -> Option<Kill> {
        if by.trim().is_empty() { None } else { self.kill.take() }
    }

    /// Who stopped trading, and why; `None` while it goes on.
    #[must_use]
    pub fn killed(&self) -> Option<&Kill> {
        self.kill.as_ref()
    }

    /// Lets live trading go on until a time, on the word of a named person. Paper trading needs no arming.
    ///
    /// # Errors
    /// Where nobody is named or the time is not within the next 24 hours; an arming that stands goes on standing.
    pub fn arm(&mut self, by: impl Into<String>, until: Timestamp, now: Timestamp) -> Result<(), ArmingError> {
        let by = by.into();
        if by.trim().is_empty() {
            return Err(ArmingError::Nobody);
        }
        if !(1..=ARMED_MAX_US).contains(&until.since(now)) {
            return Err(ArmingError::OutOfRange { until });
        }
        self.arming = Some(Arming { by, until });
        Ok(())
    }

    /// Who armed live trading, and until when.
    #[must_use]
    pub fn arming(&self) -> Option<&Arming> {
        self.arming.as_ref()
    }
}

/// A [`RiskGate`] at one moment, for one submission.
#[derive(Clone, Debug)]
pub struct CheckAt<'a> {
    gate: &'a RiskGate,
    now: Timestamp,
    ledger: &'a Ledger,
    /// Legs of this submission that passed; they are not among the accepted ones yet.
    legs_passed: Cell<usize>,
}

/// Open orders of anybody count as filled, those with unknown outcome too (R6). An intent that the book knows already is
/// a change of that order: its old self does not count beside it.
impl Gate for CheckAt<'_> {
    type Refusal = Refusal;

    fn check(&self, intent: &Intent, orders: &Orders) -> Result<(), Refusal> {
        let Intent { account, contract, side, .. } = intent;
        let mut count = orders.live_count(account, contract, *side);
        let mut quantity = orders.live_quantity(account, contract, *side, self.now);
        let mut purpose = Purpose::Place;
        if let Some(old) = orders.get(intent.id) {
            count -= usize::from(old.state.is_live() && count > 0);
            quantity = quantity.checked_sub(old.exposure(self.now)).ok_or(Refusal::OutOfRange)?;
            purpose = Purpose::Change { filled: old.filled };
        }
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.judge(intent, OpenOrders { count, quantity }, purpose)
    }
}

impl CheckAt<'_> {
    /// Holds an order against every control, given the other open orders of its account, contract and side. The
    /// [`Gate`] that `order` asks looks those up by itself.
    ///
    /// # Errors
    /// The first [`Refusal`]; the kill switch comes first.
    pub fn judge(&self, intent: &Intent, open: OpenOrders, purpose: Purpose) -> Result<(), Refusal> {
        self.switches()?;
        self.names(intent)?;
        let instrument = self.instrument(intent)?;
        self.quantity(intent)?;
        let market = self.market(intent, instrument.contract_id)?;
        self.value(intent, &instrument, market)?;
        self.collar(intent, market)?;
        let (unfilled, is_new) = match purpose {
            Purpose::Place => (intent.quantity, true),
            Purpose::Change { filled } => (intent.quantity.checked_sub(filled).ok_or(Refusal::OutOfRange)?, false),
        };
        self.position(intent, unfilled, instrument.contract_id, open)?;
        if is_new {
            self.duplicate(intent)?;
        }
        self.rates(intent)?;
        self.legs_passed.set(self.legs_passed.get() + 1);
        Ok(())
    }

    /// C11.
    fn switches(&self) -> Result<(), Refusal> {
        if let Some(Kill { by, reason }) = &self.gate.kill {
            return Err(Refusal::Killed { by: by.clone(), reason: reason.clone() });
        }
        match (self.gate.limits.mode, &self.gate.arming) {
            (TradingMode::Paper, _) => Ok(()),
            (TradingMode::Live, Some(arming)) if self.now < arming.until => Ok(()),
            (TradingMode::Live, arming) => {
                Err(Refusal::NotArmed { expired_us: arming.as_ref().map(|arming| arming.until.0) })
            }
        }
    }

    /// C8.
    fn names(&self, intent: &Intent) -> Result<(), Refusal> {
        let limits = &self.gate.limits;
        let account = || intent.account.clone();
        // Said before "not allowed", since it is the graver mistake.
        match limits.mode {
            TradingMode::Paper if !is_paper_account(&intent.account) => {
                return Err(Refusal::LiveAccountInPaperMode { account: account() });
            }
            TradingMode::Live if !limits.live_accounts.contains(&intent.account) => {
                return Err(Refusal::AccountNotNamedLive { account: account() });
            }
            TradingMode::Paper | TradingMode::Live => {}
        }
        if !limits.accounts.contains(&intent.account) {
            return Err(Refusal::AccountNotAllowed { account: account() });
        }
        let symbol = &intent.contract.symbol;
        if !limits.symbols.allows(symbol) {
            return Err(Refusal::SymbolNotAllowed { symbol: symbol.clone() });
        }
        let security_type = intent.contract.security_type.as_ref().map_or("", |kind| kind.as_str());
        if !limits.security_types.allows(security_type) {
            return Err(Refusal::SecurityTypeNotAllowed { security_type: security_type.to_owned() });
        }
        Ok(())
    }

    /// C8: what turns prices into money. A strategy that got a multiplier wrong would fool every control behind this.
    fn instrument(&self, intent: &Intent) -> Result<Instrument, Refusal> {
        let asked = Instrument::of(&intent.contract)?;
        match self.ledger.instrument(asked.contract_id) {
            Some(held) if held.currency != asked.currency || held.multiplier != asked.multiplier => {
                Err(Refusal::ContractDiffers { held: Box::new(held.clone()), asked: Box::new(asked) })
            }
            Some(_) | None => Ok(asked),
        }
    }

    /// C1, units.
    fn quantity(&self, intent: &Intent) -> Result<(), Refusal> {
        let asked = intent.quantity;
        if asked <= Decimal::ZERO {
            return Err(Refusal::QuantityNotPositive { asked });
        }
        match self.gate.limits.order_quantity_max {
            Some(limit) if asked <= limit => Ok(()),
            Some(limit) => Err(Refusal::OrderQuantity { asked, limit }),
            None => Err(Refusal::OrderQuantity { asked, limit: Decimal::ZERO }), // a validated gate has one
        }
    }

    /// The prices that the order is measured by: fresh ones, or what `without_quote` leaves.
    fn market(&self, intent: &Intent, contract_id: ContractId) -> Result<Market, Refusal> {
        let limits = &self.gate.limits;
        let limit_ms = limits.quote_age_max_ms;
        let known = self.gate.quotes.get(&contract_id).filter(|(quote, _)| quote.reference().is_some());
        // In either direction: a quote from the future tells of a clock that was set back.
        let age_ms = known.map(|(_, time)| self.now.since(*time).unsigned_abs() / 1_000);
        let quote = known.map(|(quote, _)| *quote).unwrap_or_default();
        if age_ms.is_some_and(|age| age <= limit_ms) {
            return Ok(Market { quote, is_fresh: true });
        }
        let stale = Refusal::NoFreshQuote { contract_id, age_ms, limit_ms };
        match limits.without_quote {
            WithoutQuote::RefuseAll => Err(stale),
            WithoutQuote::RefuseMarket if trades_at_the_market(&intent.kind) => Err(stale),
            WithoutQuote::RefuseMarket | WithoutQuote::Allow => Ok(Market { quote, is_fresh: false }),
        }
    }

    /// C1, money.
    fn value(&self, intent: &Intent, instrument: &Instrument, market: Market) -> Result<(), Refusal> {
        let contract_id = instrument.contract_id;
        let currency = instrument.currency.clone();
        let Some(limit) = self.gate.limits.order_value_max_in(&currency) else {
            return Err(Refusal::NoValueLimit { currency });
        };
        let price = worst_price(intent, market.quote)?.ok_or(Refusal::NoPrice { contract_id })?;
        let each = price.checked_mul(instrument.multiplier).ok_or(Refusal::OutOfRange)?;
        let asked = each.checked_mul(intent.quantity).ok_or(Refusal::OutOfRange)?;
        if asked <= limit { Ok(()) } else { Err(Refusal::OrderValue { asked, limit, currency }) }
    }

    /// C2. Only prices worse than the market are held back: a better one cannot trade badly.
    fn collar(&self, intent: &Intent, market: Market) -> Result<(), Refusal> {
        let at_market = if market.is_fresh { market.quote.reference() } else { None };
        let (asked, reference) = match pricing(&intent.kind)? {
            Pricing::Market => (market.quote.taken_by(intent.side), at_market),
            Pricing::Limit(limit_price) => (Some(limit_price), at_market),
            // They wait for a price away from the market, and are held against that.
            Pricing::TriggeredLimit { trigger, limit_price } => (Some(limit_price), Some(trigger)),
            Pricing::Triggered(_) | Pricing::Trailing => (None, None),
        };
        let (Some(asked), Some(reference)) = (asked, reference) else { return Ok(()) };
        let percent = self.gate.limits.collar_percent;
        let width = reference.abs().checked_mul(percent).ok_or(Refusal::OutOfRange)? / Decimal::ONE_HUNDRED;
        let limit = reference.checked_add(intent.side.signed(width)).ok_or(Refusal::OutOfRange)?;
        let is_worse = match intent.side {
            Side::Buy => asked > limit,
            Side::Sell => asked < limit,
        };
        if is_worse { Err(Refusal::Collar { asked, limit, reference, percent }) } else { Ok(()) }
    }

    /// C6: as if every open order of this side filled and none of the other.
    fn position(
        &self,
        intent: &Intent,
        unfilled: Decimal,
        contract_id: ContractId,
        open: OpenOrders,
    ) -> Result<(), Refusal> {
        let limits = &self.gate.limits;
        if open.count >= limits.open_orders_max {
            return Err(Refusal::OpenOrders { have: open.count, limit: limits.open_orders_max });
        }
        let have = self.ledger.position(&intent.account, contract_id).ok_or(Refusal::OutOfRange)?.quantity;
        let asked = intent.side.signed(unfilled);
        let pending = intent.side.signed(open.quantity);
        let worst = have.checked_add(pending).and_then(|sum| sum.checked_add(asked)).ok_or(Refusal::OutOfRange)?;
        let limit = limits.position_max.unwrap_or_default(); // a validated gate has one
        // On the other side of zero a trade this way makes the risk smaller, however big the position is.
        if intent.side.signed(worst) <= limit { Ok(()) } else { Err(Refusal::Position { asked, have, pending, limit }) }
    }

    /// C4.
    fn duplicate(&self, intent: &Intent) -> Result<(), Refusal> {
        let limits = &self.gate.limits;
        match self.gate.throttle.duplicate_of(intent, limits.duplicate_window_us(), self.now) {
            Some(age_us) => {
                let age_ms = age_us.unsigned_abs() / 1_000;
                Err(Refusal::Duplicate { age_ms, limit_ms: limits.duplicate_window_ms })
            }
            None => Ok(()),
        }
    }

    /// C3.
    fn rates(&self, intent: &Intent) -> Result<(), Refusal> {
        let Limits { orders_per_second: total_max, orders_per_second_strategy: strategy_max, .. } = self.gate.limits;
        let (by_strategy, in_all) = self.gate.throttle.within_a_second(&intent.strategy, self.now);
        let with_legs = |count: usize| u32::try_from(count + self.legs_passed.get()).unwrap_or(u32::MAX);
        if with_legs(by_strategy) >= strategy_max {
            let strategy = intent.strategy.clone();
            return Err(Refusal::StrategyRate { strategy, have: with_legs(by_strategy), limit: strategy_max });
        }
        if with_legs(in_all) >= total_max {
            return Err(Refusal::TotalRate { have: with_legs(in_all), limit: total_max });
        }
        Ok(())
    }
}

/// What is known of the market of one contract.
#[derive(Clone, Copy, Debug)]
struct Market {
    quote: Quote,
    is_fresh: bool,
}

/// Whether an order has no price of its own at all.
fn trades_at_the_market(kind: &OrderKind) -> bool {
    kind.limit_price().is_none() && kind.trigger_price().is_none()
}

/// What decides at which price an order trades.
enum Pricing {
    /// The market.
    Market,
    /// The market, at a distance behind its best.
    Trailing,
    /// A limit.
    Limit(Decimal),
    /// The market, once a price is touched.
    Triggered(Decimal),
    /// A limit, once a price is touched.
    TriggeredLimit { trigger: Decimal, limit_price: Decimal },
}

fn pricing(kind: &OrderKind) -> Result<Pricing, Refusal> {
    Ok(match kind {
        OrderKind::Market
        | OrderKind::MarketOnOpen
        | OrderKind::MarketOnClose
        | OrderKind::MarketToLimit
        | OrderKind::MarketWithProtection
        | OrderKind::MidPrice { limit_price: None }
        | OrderKind::PeggedToMarket { .. }
        | OrderKind::PeggedToPrimary { limit_price: None, .. }
        | OrderKind::PeggedToMidpoint { limit_price: None, .. } => Pricing::Market,
        OrderKind::Limit { limit_price }
        | OrderKind::LimitOnOpen { limit_price }
        | OrderKind::LimitOnClose { limit_price }
        | OrderKind::PeggedToBest { limit_price }
        | OrderKind::MidPrice { limit_price: Some(limit_price) }
        | OrderKind::PeggedToPrimary { limit_price: Some(limit_price), .. }
        | OrderKind::PeggedToMidpoint { limit_price: Some(limit_price), .. } => Pricing::Limit(*limit_price),
        OrderKind::Stop { stop_price: trigger }
        | OrderKind::StopWithProtection { stop_price: trigger }
        | OrderKind::MarketIfTouched { trigger_price: trigger } => Pricing::Triggered(*trigger),
        OrderKind::StopLimit { stop_price: trigger, limit_price }
        | OrderKind::LimitIfTouched { trigger_price: trigger, limit_price } => {
            Pricing::TriggeredLimit { trigger: *trigger, limit_price: *limit_price }
        }
        OrderKind::Trail { .. } | OrderKind::TrailLimit { .. } => Pricing::Trailing,
        // Their price follows from another instrument, of which nothing is known here.
        other => return Err(Refusal::KindNotValued { kind: Box::new(other.clone()) }),
    })
}

/// The price at which the order moves the most money, not signed; `None` where none is known.
fn worst_price(intent: &Intent, quote: Quote) -> Result<Option<Decimal>, Refusal> {
    let taken = quote.taken_by(intent.side);
    let (own, market) = match pricing(&intent.kind)? {
        Pricing::Market | Pricing::Trailing => (None, taken),
        Pricing::Limit(limit_price) => match intent.side {
            Side::Buy => (Some(limit_price), None),   // it pays no more
            Side::Sell => (Some(limit_price), taken), // it may get more
        },
        Pricing::Triggered(trigger) => (Some(trigger), taken),
        Pricing::TriggeredLimit { trigger, limit_price } => (Some(limit_price), Some(trigger)),
    };
    Ok(own.into_iter().chain(market).map(|price| price.abs()).max())
}
