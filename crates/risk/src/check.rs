//! [`CheckAt`]: every control, in one place.

use std::cell::{Cell, RefCell};

use order::{Beside, CombinationLeg, Gate, Intent, OrderKind, Orders, PassedLegs, SECOND_US, Side, Timestamp};
use position::Ledger;
use rust_decimal::Decimal;
use tws_proto::Contract;

use crate::crossing;
use crate::expiry::Expiry;
use crate::exposure;
use crate::gate::{Equity, Kill, RiskGate};
use crate::limits::{Limits, TradingMode, is_paper_account};
use crate::parts::{Market, Part, Parts};
use crate::pricing::Pricing;
use crate::refusal::Refusal;
use crate::waiver::Waivable;

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
        /// How much may still fill of it as it is.
        open: Decimal,
    },
}

impl Purpose {
    /// Whether the order puts no more into a position than it does already.
    fn raises_nothing(self, unfilled: Decimal) -> bool {
        matches!(self, Self::Change { filled: _, open } if unfilled <= open)
    }

    /// How much of an order can still fill.
    fn unfilled(self, intent: &Intent) -> Result<Decimal, Refusal> {
        match self {
            Self::Place => Ok(intent.quantity),
            Self::Change { filled, open: _ } => intent.quantity.checked_sub(filled).ok_or(Refusal::OutOfRange),
        }
    }
}

/// The other open orders of one account, contract and side, from anybody, those with unknown outcome too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenOrders {
    /// How many there are.
    pub count: u32,
    /// How much of them is not filled, not signed.
    pub quantity: Decimal,
    /// For a combination, the same of each leg, in the order of its legs: how much others may still trade of the leg's
    /// contract on the leg's side. What is not told is nothing.
    pub legs: Vec<Decimal>,
}

/// A [`RiskGate`] at one moment, for one submission.
#[derive(Clone, Debug)]
pub struct CheckAt<'a> {
    pub(crate) gate: &'a RiskGate,
    pub(crate) now: Timestamp,
    pub(crate) ledger: &'a Ledger,
    /// Legs of this submission that passed; they are not among the accepted ones yet.
    pub(crate) legs_passed: Cell<usize>,
    pub(crate) is_protection: bool,
    /// The control that this submission may go past.
    pub(crate) waiver: Option<Waivable>,
    /// What would have refused it.
    pub(crate) waived: RefCell<Option<Refusal>>,
}

impl CheckAt<'_> {
    /// For an order in the place of a stop that was lost (R25): it is meant to be the same as one that was accepted a
    /// moment ago, and no duplicate of it (C4); and neither what its strategy sends beside it (C3, C5) nor a loss (C7) keeps
    /// it back. What all strategies may send, and every other control of values and positions, holds.
    #[must_use]
    pub fn for_protection(self) -> Self {
        Self { is_protection: true, ..self }
    }

    /// For a submission that may go past one control, as a whole, on a named person's word (C16). Whether that waiver still
    /// stands is for the caller to see: [`Waivers::usable`](crate::Waivers::usable).
    #[must_use]
    pub fn waiving(self, control: Waivable) -> Self {
        Self { waiver: Some(control), ..self }
    }

    /// What would have refused the submission without its waiver: then that is used up.
    #[must_use]
    pub fn waived(&self) -> Option<Refusal> {
        self.waived.borrow().clone()
    }

    /// Lets a refusal pass for which there is a waiver.
    fn past(&self, verdict: Result<(), Refusal>) -> Result<(), Refusal> {
        match verdict {
            Err(refusal) if self.waiver.is_some() && refusal.waivable() == self.waiver => {
                self.waived.borrow_mut().get_or_insert(refusal);
                Ok(())
            }
            other => other,
        }
    }
}

/// Open orders of anybody count as filled, those with unknown outcome too (R6), and so do the legs of the same submission
/// that were let through before and may fill beside this one; of a group with block the largest order counts. An intent
/// that the book knows already is a change of that order: its old self does not count beside it.
impl Gate for CheckAt<'_> {
    type Refusal = Refusal;

    fn check(&self, intent: &Intent, passed: PassedLegs<'_>, orders: &Orders) -> Result<(), Refusal> {
        let Intent { account, contract, side, .. } = intent;
        let mut count = orders.live_count(account, contract, *side) + passed.live_count(account, contract, *side);
        let mut open = OpenOrders::default();
        let mut purpose = Purpose::Place;
        if let Some(old) = orders.get(intent.id) {
            count -= usize::from(old.state.is_live() && count > 0);
            purpose = Purpose::Change { filled: old.filled, open: old.exposure(self.now) };
        }
        let in_legs = |contract_id, side| {
            let live = orders.live_quantity_in_legs(account, contract_id, side, intent.id, self.now);
            live.saturating_add(passed.live_quantity_in_legs(account, contract_id, side))
        };
        // What is tied to the order itself fills no more beside it than it is larger.
        let beside = Beside { id: intent.id, quantity: purpose.unfilled(intent).unwrap_or_default() };
        let alone = |contract: &Contract, side, beside| {
            let live = orders.live_quantity(account, contract, side, beside, self.now);
            live.saturating_add(passed.live_quantity(account, contract, side))
        };
        if contract.is_combination() {
            for leg in &contract.combo_legs {
                // What is unsound or not known is refused by name further on.
                let Some(leg) = CombinationLeg::of(leg, *side) else { continue };
                let Some(known) = self.gate.known(leg.contract_id) else { continue };
                let quantity = alone(known, leg.side, None).saturating_add(in_legs(leg.contract_id, leg.side));
                open.legs.push(quantity);
            }
        } else {
            open.quantity = alone(contract, *side, Some(beside));
            if let Some(contract_id) = contract.known_id() {
                open.quantity = open.quantity.saturating_add(in_legs(contract_id, *side));
            }
        }
        open.count = u32::try_from(count).unwrap_or(u32::MAX);
        self.judge(intent, &open, purpose)?;
        let parts = Parts::of(intent, self.gate, self.ledger)?;
        let market = parts.market(self, intent)?;
        let unfilled = purpose.unfilled(intent)?;
        match exposure::check(self, intent, unfilled, (&parts, &market), (passed, orders)) {
            // What is at stake may be unknown for a contract that has nothing to do with this one: the way out is free.
            Err(Refusal::ExposureUnknown { .. }) if self.is_way_out(intent, unfilled, &parts, &open)? => {}
            verdict => self.past(verdict)?,
        }
        if self.gate.limits().allow_self_match {
            return Ok(());
        }
        self.past(crossing::check(intent, market.taken, orders))
    }
}

impl CheckAt<'_> {
    /// Holds an order against every control, given the other open orders of its account, contract and side; but for
    /// those that need every order there is: exposure over all contracts (C6) and orders of our own that it would meet
    /// (C9). The [`Gate`] that `order` asks looks all of them up by itself.
    ///
    /// # Errors
    /// The first [`Refusal`]; the kill switch comes first.
    pub fn judge(&self, intent: &Intent, open: &OpenOrders, purpose: Purpose) -> Result<(), Refusal> {
        self.switches(intent, open, purpose)?;
        self.names(intent)?;
        let parts = Parts::of(intent, self.gate, self.ledger)?;
        self.past(self.quantity(intent))?;
        let market = parts.market(self, intent)?;
        let unfilled = purpose.unfilled(intent)?;
        let makes_smaller = self.makes_smaller(intent, unfilled, &parts, open)?;
        let is_way_out = makes_smaller || self.is_protection;
        self.past(self.value(intent, &parts, &market, is_way_out))?;
        self.past(self.collar(intent, &parts, &market))?;
        self.past(self.own_collar(intent, &parts, &market))?;
        if !purpose.raises_nothing(unfilled) {
            self.past(self.positions(intent, unfilled, &parts, open))?;
        }
        self.tradable(intent, &parts, makes_smaller)?;
        if !is_way_out {
            self.losses(intent, &parts)?;
        }
        if purpose == Purpose::Place && !self.is_protection {
            self.past(self.duplicate(intent))?;
            let (conduct, limits) = (&self.gate.conduct, self.gate.limits());
            conduct.may_enter(&intent.strategy, self.legs_passed.get(), limits, self.now)?;
        }
        self.rates(intent)?;
        self.legs_passed.set(self.legs_passed.get() + 1);
        Ok(())
    }

    /// C11. An arming that has run out keeps nobody from the way out: a person may be away when it does.
    fn switches(&self, intent: &Intent, open: &OpenOrders, purpose: Purpose) -> Result<(), Refusal> {
        if let Some(Kill { by, reason }) = self.gate.killed() {
            return Err(Refusal::Killed { by: by.clone(), reason: reason.clone() });
        }
        match (self.gate.limits().mode, self.gate.arming()) {
            (TradingMode::Paper, _) => Ok(()),
            (TradingMode::Live, Some(arming)) if self.now < arming.until => Ok(()),
            (TradingMode::Live, Some(_)) if self.is_known_way_out(intent, open, purpose) => Ok(()),
            (TradingMode::Live, arming) => Err(Refusal::NotArmed { expired_us: arming.map(|arming| arming.until.0) }),
        }
    }

    /// C8.
    fn names(&self, intent: &Intent) -> Result<(), Refusal> {
        let limits = self.gate.limits();
        let account = || intent.account.to_string();
        // Said before "not allowed", since it is the graver mistake.
        match limits.mode {
            TradingMode::Paper if !is_paper_account(&intent.account) => {
                return Err(Refusal::LiveAccountInPaperMode { account: account() });
            }
            TradingMode::Live if !limits.live_accounts.contains(intent.account.as_str()) => {
                return Err(Refusal::AccountNotNamedLive { account: account() });
            }
            TradingMode::Paper | TradingMode::Live => {}
        }
        if !limits.accounts.contains(intent.account.as_str()) {
            return Err(Refusal::AccountNotAllowed { account: account() });
        }
        // Who may not trade a contract may not trade it as a leg either, nor under another name: its number decides.
        let legs = intent.contract.combo_legs.iter().filter_map(|leg| leg.contract_id);
        let known = intent.contract.known_id().into_iter().chain(legs).filter_map(|id| self.gate.known(id));
        for contract in std::iter::once(intent.contract.as_ref()).chain(known) {
            if !limits.symbols.allows(&contract.symbol) {
                return Err(Refusal::SymbolNotAllowed { symbol: contract.symbol.clone() });
            }
            let security_type = contract.security_type.as_ref().map_or("", |kind| kind.as_str());
            if !limits.security_types.allows(security_type) {
                return Err(Refusal::SecurityTypeNotAllowed { security_type: security_type.to_owned() });
            }
        }
        // A combination is sent to its own exchange; where its legs trade is said by each of them.
        let legs = intent.contract.combo_legs.iter().map(|leg| &leg.exchange).filter(|exchange| !exchange.is_empty());
        let mut exchanges = std::iter::once(&intent.contract.exchange).chain(legs);
        match exchanges.find(|exchange| limits.exchanges.as_ref().is_some_and(|allowed| !allowed.allows(exchange))) {
            Some(exchange) => Err(Refusal::ExchangeNotAllowed { exchange: exchange.clone() }),
            None => Ok(()),
        }
    }

    /// C8: contracts that trade no more, or not for long, or not now. The way out of what expires soon is free, and so is
    /// a stop in the place of one that was lost, which waits until a halt is over.
    fn tradable(&self, intent: &Intent, parts: &Parts, makes_smaller: bool) -> Result<(), Refusal> {
        let limit_days = self.gate.limits().expiry_days_min;
        for part in &parts.parts {
            let contract_id = part.instrument.contract_id;
            let own = Some(intent.contract.as_ref()).filter(|contract| !contract.last_trade_date_or_month.is_empty());
            let contract = if parts.is_combination() { None } else { own }.or_else(|| self.gate.known(contract_id));
            let contract = contract.unwrap_or(&intent.contract);
            let (symbol, expiry) = (contract.symbol.clone(), contract.last_trade_date_or_month.to_string());
            let expires = Expiry::of(contract);
            if expires.is_over(self.now) {
                return Err(Refusal::Expired { symbol, expiry });
            }
            let may_raise = !makes_smaller && !self.is_protection;
            if may_raise && limit_days > 0 && !expires.is_ahead_by(limit_days, self.now) {
                return Err(Refusal::ExpiresTooSoon { symbol, expiry, limit_days });
            }
            if self.gate.is_halted(contract_id) && !self.is_protection {
                return Err(Refusal::TradingHalted { symbol });
            }
        }
        Ok(())
    }

    /// C1, units.
    fn quantity(&self, intent: &Intent) -> Result<(), Refusal> {
        let asked = intent.quantity;
        if asked <= Decimal::ZERO {
            return Err(Refusal::QuantityNotPositive { asked });
        }
        match self.gate.limits().order_quantity_max {
            Some(limit) if asked <= limit => Ok(()),
            Some(limit) => Err(Refusal::OrderQuantity { asked, limit }),
            None => Err(Refusal::OrderQuantity { asked, limit: Decimal::ZERO }), // a validated gate has one
        }
    }

    /// C1, money.
    fn value(&self, intent: &Intent, parts: &Parts, market: &Market, is_way_out: bool) -> Result<(), Refusal> {
        for (currency, asked) in self.values(intent, parts, market)? {
            let Some(limit) = self.gate.limits().order_value_max_in(&currency) else {
                return Err(Refusal::NoValueLimit { currency });
            };
            if asked > limit {
                return Err(Refusal::OrderValue { asked, limit, currency });
            }
            let Some(percent) = self.gate.limits().order_value_percent_max else { continue };
            match self.equity_share(&intent.account, asked, currency, percent) {
                // The way out is free where nobody knows what the account is worth.
                Err(Refusal::NoEquity { .. } | Refusal::NoExchangeRate { .. }) if is_way_out => {}
                // Of nothing, no part is left to close a position with.
                Err(Refusal::EquityShare { equity, .. }) if is_way_out && equity <= Decimal::ZERO => {}
                verdict => verdict?,
            }
        }
        Ok(())
    }

    /// C1, money as a part of what the account is worth.
    fn equity_share(&self, account: &str, asked: Decimal, currency: String, percent: Decimal) -> Result<(), Refusal> {
        let equity = self.equity(account).map_err(|(age_s, limit_s)| Refusal::NoEquity { age_s, limit_s })?;
        let Some(rate) = equity.rate(&currency) else {
            return Err(Refusal::NoExchangeRate { from: currency, to: equity.currency.clone() });
        };
        let whole = asked.checked_mul(rate).and_then(|value| value.checked_mul(Decimal::ONE_HUNDRED));
        let part = equity.amount.checked_mul(percent);
        let (whole, part) = (whole.ok_or(Refusal::OutOfRange)?, part.ok_or(Refusal::OutOfRange)?);
        if whole <= part {
            return Ok(());
        }
        let (equity, equity_currency) = (equity.amount, equity.currency.clone());
        Err(Refusal::EquityShare { asked, currency, percent, equity, equity_currency })
    }

    /// What an account is worth.
    ///
    /// # Errors
    /// Its age and how old it may be, where it is too old or was never told.
    pub(crate) fn equity(&self, account: &str) -> Result<&Equity, (Option<u64>, u32)> {
        let limit_s = self.gate.limits().equity_age_max_s;
        let Some((equity, at)) = self.gate.equity_of(account) else { return Err((None, limit_s)) };
        let age_s = self.now.since(*at).unsigned_abs() / SECOND_US.unsigned_abs();
        if age_s <= u64::from(limit_s) { Ok(equity) } else { Err((Some(age_s), limit_s)) }
    }

    /// Whether the order leads out of a position: by its size, or as what protects it in the place of a stop that was lost.
    fn is_way_out(
        &self,
        intent: &Intent,
        unfilled: Decimal,
        parts: &Parts,
        open: &OpenOrders,
    ) -> Result<bool, Refusal> {
        Ok(self.is_protection || self.makes_smaller(intent, unfilled, parts, open)?)
    }

    /// The same of an order that no control has looked at yet: one that cannot be counted is none.
    fn is_known_way_out(&self, intent: &Intent, open: &OpenOrders, purpose: Purpose) -> bool {
        let is_way_out = || {
            let parts = Parts::of(intent, self.gate, self.ledger)?;
            self.is_way_out(intent, purpose.unfilled(intent)?, &parts, open)
        };
        is_way_out().unwrap_or(false)
    }

    /// Whether all that the order can do is to make positions smaller, beside everything open on its side.
    fn makes_smaller(
        &self,
        intent: &Intent,
        unfilled: Decimal,
        parts: &Parts,
        open: &OpenOrders,
    ) -> Result<bool, Refusal> {
        for (place, part) in parts.parts.iter().enumerate() {
            let have = self.ledger.position(&intent.account, part.instrument.contract_id);
            let have = have.ok_or(Refusal::OutOfRange)?.quantity;
            let others = self.others(place, parts, open);
            let asked = unfilled.checked_mul(part.ratio).and_then(|asked| asked.checked_add(others));
            let after = have.checked_add(part.side.signed(asked.ok_or(Refusal::OutOfRange)?));
            let after = after.ok_or(Refusal::OutOfRange)?;
            let is_against = !have.is_zero() && part.side.signed(have) < Decimal::ZERO;
            if !is_against || part.side.signed(after) > Decimal::ZERO {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn others(&self, place: usize, parts: &Parts, open: &OpenOrders) -> Decimal {
        if parts.is_combination() { open.legs.get(place).copied().unwrap_or_default() } else { open.quantity }
    }

    /// C7.
    fn losses(&self, intent: &Intent, parts: &Parts) -> Result<(), Refusal> {
        let mut currencies: Vec<&str> = parts.parts.iter().map(|part| part.instrument.currency.as_str()).collect();
        currencies.sort_unstable();
        currencies.dedup();
        let (losses, limits) = (&self.gate.losses, self.gate.limits());
        currencies
            .into_iter()
            .try_for_each(|currency| losses.check(&intent.account, currency, self.ledger, limits, self.now))
    }

    /// The most money that the order moves, by currency. A combination moves what its legs do, whatever they cost
    /// together.
    fn values(&self, intent: &Intent, parts: &Parts, market: &Market) -> Result<Vec<(String, Decimal)>, Refusal> {
        let money = |price: Decimal, unit: Decimal, quantity: Decimal| {
            price.checked_mul(unit).and_then(|each| each.checked_mul(quantity)).ok_or(Refusal::OutOfRange)
        };
        let pricing = Pricing::of(intent)?;
        if !parts.is_combination() {
            let taken = market.worst.first().copied().flatten();
            let contract_id = parts.parts.first().map(|part| part.instrument.contract_id).unwrap_or_default();
            let price = pricing.worst(intent.side, taken, market.beside).ok_or(Refusal::NoPrice { contract_id })?;
            return Ok(vec![(parts.currency.clone(), money(price, parts.unit()?, intent.quantity)?)]);
        }
        let mut values: Vec<(String, Decimal)> = Vec::new();
        for (Part { instrument, ratio, .. }, price) in parts.parts.iter().zip(&market.worst) {
            let price = price.ok_or(Refusal::NoPrice { contract_id: instrument.contract_id })?;
            let units = intent.quantity.checked_mul(*ratio).ok_or(Refusal::OutOfRange)?;
            let value = money(price, instrument.multiplier, units)?;
            match values.iter_mut().find(|(currency, _)| *currency == instrument.currency) {
                Some((_, sum)) => *sum = sum.checked_add(value).ok_or(Refusal::OutOfRange)?,
                None => values.push((instrument.currency.to_string(), value)),
            }
        }
        if let Some(own) = pricing.own() {
            let own = money(own.abs(), parts.unit()?, intent.quantity)?;
            // With a unit there is one currency.
            for (_, value) in &mut values {
                *value = own.max(*value);
            }
        }
        Ok(values)
    }

    /// C2. Only prices worse than the market are held back: a better one cannot trade badly.
    ///
    /// The price of a combination may be as much worse as those of its legs might be one by one: a share of its own price
    /// says nothing, since that can be zero.
    fn collar(&self, intent: &Intent, parts: &Parts, market: &Market) -> Result<(), Refusal> {
        let at_market = if market.is_fresh { market.reference } else { None };
        let pricing = Pricing::of(intent)?;
        let (asked, reference) = match pricing {
            Pricing::Market => (market.taken, at_market),
            Pricing::Limit(limit_price) => (Some(limit_price), at_market),
            Pricing::TriggeredLimit { trigger, limit_price } => {
                (Some(limit_price), Some(waited_for(intent, trigger, at_market)))
            }
            Pricing::Triggered(_) | Pricing::Trailing => (None, None),
        };
        let (Some(asked), Some(reference)) = (asked, reference) else { return Ok(()) };
        let security_type = intent.contract.security_type.as_ref().map_or("", |kind| kind.as_str());
        let percent = self.gate.limits().collar_percent_for(security_type);
        let worth = if parts.is_combination() { market.gross.unwrap_or_default() } else { reference.abs() };
        let width = worth.checked_mul(percent).ok_or(Refusal::OutOfRange)? / Decimal::ONE_HUNDRED;
        let limit = reference.checked_add(intent.side.signed(width)).ok_or(Refusal::OutOfRange)?;
        match (is_worse(intent.side, asked, limit), parts.is_combination()) {
            (false, _) => Ok(()),
            (true, false) => Err(Refusal::Collar { asked, limit, reference, percent }),
            (true, true) => Err(Refusal::CombinationCollar { asked, limit, reference, percent, worth }),
        }
    }

    /// C2: against the price at which we last traded the contract ourselves, where the limits ask for that, or where no
    /// quote is fresh. Kinds that wait for another price, and combinations, have none to be held against.
    fn own_collar(&self, intent: &Intent, parts: &Parts, market: &Market) -> Result<(), Refusal> {
        let limits = self.gate.limits();
        let asked = match Pricing::of(intent)? {
            Pricing::Market => market.taken,
            Pricing::Limit(limit_price) => Some(limit_price),
            Pricing::Triggered(_) | Pricing::TriggeredLimit { .. } | Pricing::Trailing => None,
        };
        let contract_id = intent.contract.known_id().filter(|_| !parts.is_combination() && !self.is_protection);
        let own = contract_id.and_then(|contract_id| self.gate.own_price(contract_id, self.now));
        let security_type = intent.contract.security_type.as_ref().map_or("", |kind| kind.as_str());
        let stands_in = (!market.is_fresh).then(|| limits.collar_percent_for(security_type));
        let (Some(asked), Some(own), Some(percent)) = (asked, own, limits.own_collar_percent.or(stands_in)) else {
            return Ok(());
        };
        let width = own.abs().checked_mul(percent).ok_or(Refusal::OutOfRange)? / Decimal::ONE_HUNDRED;
        let limit = own.checked_add(intent.side.signed(width)).ok_or(Refusal::OutOfRange)?;
        match is_worse(intent.side, asked, limit) {
            true => Err(Refusal::OwnCollar { asked, limit, own, percent, age_s: limits.own_price_age_max_s }),
            false => Ok(()),
        }
    }

    /// C6: as if every open order of this side filled and none of the other.
    fn positions(&self, intent: &Intent, unfilled: Decimal, parts: &Parts, open: &OpenOrders) -> Result<(), Refusal> {
        let limits = self.gate.limits();
        if open.count >= limits.open_orders_max {
            return Err(Refusal::OpenOrders { have: open.count, limit: limits.open_orders_max });
        }
        for (place, part) in parts.parts.iter().enumerate() {
            let quantity = unfilled.checked_mul(part.ratio).ok_or(Refusal::OutOfRange)?;
            let others =
                if parts.is_combination() { open.legs.get(place).copied().unwrap_or_default() } else { open.quantity };
            self.position(intent, part, quantity, others, parts.is_combination())?;
        }
        Ok(())
    }

    fn position(
        &self,
        intent: &Intent,
        part: &Part,
        quantity: Decimal,
        others: Decimal,
        is_leg: bool,
    ) -> Result<(), Refusal> {
        let contract_id = part.instrument.contract_id;
        let have = self.ledger.position(&intent.account, contract_id).ok_or(Refusal::OutOfRange)?.quantity;
        let asked = part.side.signed(quantity);
        // Nothing has no sign.
        let pending = if others.is_zero() { Decimal::ZERO } else { part.side.signed(others) };
        let worst = have.checked_add(pending).and_then(|sum| sum.checked_add(asked)).ok_or(Refusal::OutOfRange)?;
        let limit = self.gate.limits().position_max.unwrap_or_default(); // a validated gate has one
        // On the other side of zero a trade this way makes the risk smaller, however big the position is.
        if part.side.signed(worst) <= limit {
            return Ok(());
        }
        Err(if is_leg {
            Refusal::LegPosition { contract_id, asked, have, pending, limit }
        } else {
            Refusal::Position { asked, have, pending, limit }
        })
    }

    /// C4.
    fn duplicate(&self, intent: &Intent) -> Result<(), Refusal> {
        let limits = self.gate.limits();
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
        let Limits { orders_per_second: total_max, orders_per_second_strategy: strategy_max, .. } = *self.gate.limits();
        let (by_strategy, in_all) = self.gate.throttle.within_a_second(&intent.strategy, self.now);
        let with_legs = |count: usize| u32::try_from(count + self.legs_passed.get()).unwrap_or(u32::MAX);
        // A strategy that sends without a pause would keep its own stop waiting; what all may send still bounds that.
        if with_legs(by_strategy) >= strategy_max && !self.is_protection {
            let strategy = intent.strategy.to_string();
            return Err(Refusal::StrategyRate { strategy, have: with_legs(by_strategy), limit: strategy_max });
        }
        if with_legs(in_all) >= total_max {
            return Err(Refusal::TotalRate { have: with_legs(in_all), limit: total_max });
        }
        Ok(())
    }
}

/// Where the market is when an order becomes a limit: at the price it waits for, unless the market has touched that already.
/// A stop that is beyond the market already is no worse than it.
fn waited_for(intent: &Intent, trigger: Decimal, market: Option<Decimal>) -> Decimal {
    match (&intent.kind, market, intent.side) {
        (OrderKind::LimitIfTouched { .. }, Some(market), Side::Buy) => trigger.min(market),
        (OrderKind::LimitIfTouched { .. }, Some(market), Side::Sell) => trigger.max(market),
        (_, Some(_) | None, _) => trigger,
    }
}

/// Whether a price is worse than another for whoever trades at it.
fn is_worse(side: Side, asked: Decimal, limit: Decimal) -> bool {
    match side {
        Side::Buy => asked > limit,
        Side::Sell => asked < limit,
    }
}
