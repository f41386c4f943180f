//! [`Stakes`]: what an account has at stake over all contracts, as if open orders filled the worst way (C6).

use std::collections::BTreeMap;

use order::{CombinationLeg, ExternalOrder, Intent, Orders, PassedLegs, Side, Tracked};
use position::{Instrument, Ledger};
use rust_decimal::Decimal;
use tws_proto::ids::ContractId;

use crate::check::CheckAt;
use crate::gate::{Equity, RiskGate};
use crate::parts::{Market, Parts};
use crate::pricing::Pricing;
use crate::refusal::{Refusal, Unvalued};

/// What one account has at stake, contract by contract, in the currency of its equity.
#[derive(Clone)]
struct Stakes<'a> {
    gate: &'a RiskGate,
    ledger: &'a Ledger,
    equity: &'a Equity,
    contracts: BTreeMap<ContractId, Stake>,
    /// The most that a group with block has open in a contract on one side.
    groups: BTreeMap<(&'a str, ContractId, Side), Decimal>,
}

/// What one contract puts at stake.
#[derive(Clone, Copy, Debug, Default)]
struct Stake {
    /// What the position is worth, negative short.
    held: Decimal,
    /// What may still be bought, and sold; not signed.
    bought: Decimal,
    sold: Decimal,
}

/// The worst that can come of it over all contracts.
#[derive(Clone, Copy, Debug, Default)]
struct Worst {
    /// Long and short added up.
    gross: Decimal,
    /// Short taken from long where everything that is open on the buying side fills, and nothing else.
    long: Decimal,
    /// The same of the selling side.
    short: Decimal,
}

/// Holds what is at stake with an order against the limits. What does not raise it passes, however much it is.
pub(crate) fn check(
    check: &CheckAt<'_>,
    intent: &Intent,
    unfilled: Decimal,
    (parts, market): (&Parts, &Market),
    (passed, orders): (PassedLegs<'_>, &Orders),
) -> Result<(), Refusal> {
    let limits = check.gate.limits();
    if !limits.bounds_exposure() {
        return Ok(());
    }
    let equity = check.equity(&intent.account).map_err(|(age_s, limit_s)| Unvalued::Equity { age_s, limit_s });
    let equity = equity.map_err(|cause| Refusal::ExposureUnknown { cause })?;
    let old = orders.get(intent.id);
    let group = old.as_deref().and_then(Tracked::block_group);
    let mut stakes =
        Stakes { gate: check.gate, ledger: check.ledger, equity, contracts: BTreeMap::new(), groups: BTreeMap::new() };
    stakes.add_positions(&intent.account)?;
    for order in orders.at_risk().filter(|order| order.intent.account == intent.account) {
        if order.intent.id != intent.id {
            stakes.add_order(&order.intent, order.block_group(), order.exposure(check.now))?;
        }
    }
    for leg in passed.filling().filter(|leg| leg.account == intent.account) {
        stakes.add_order(leg, None, leg.quantity)?;
    }
    for order in orders.external().filter(|order| !order.is_ignored && order.account == intent.account) {
        stakes.add_external(order)?;
    }
    let none = stakes.worst()?;
    // Of an order that is changed, what it was counts before, and what it will be after.
    let mut unchanged = stakes.clone();
    if let Some(old) = &old {
        unchanged.add_order(&old.intent, group, old.exposure(check.now))?;
    }
    let before = unchanged.worst()?;
    stakes.add_asked(intent, group, unfilled, (parts, market))?;
    let after = stakes.worst()?;
    if let Some(limit) = limits.gross_exposure_max
        && after.gross > limit.max(before.gross)
    {
        let (with, without, currency) = (after.gross, none.gross, equity.currency.clone());
        return Err(Refusal::GrossExposure { with, without, limit, currency });
    }
    let Some(limit) = limits.net_exposure_max else { return Ok(()) };
    let (is_too_long, is_too_short) = (after.long > limit.max(before.long), after.short < before.short.min(-limit));
    if !is_too_long && !is_too_short {
        return Ok(());
    }
    let (with, without) = if is_too_long { (after.long, none.long) } else { (after.short, none.short) };
    Err(Refusal::NetExposure { with, without, limit, currency: equity.currency.clone() })
}

impl<'a> Stakes<'a> {
    fn add_positions(&mut self, account: &str) -> Result<(), Refusal> {
        let ledger = self.ledger;
        for (instrument, position) in ledger.account_positions(account) {
            let quantity = position.ok_or(Refusal::OutOfRange)?.quantity;
            if quantity.is_zero() {
                continue;
            }
            let held = self.money(instrument, self.price(instrument.contract_id), quantity)?;
            self.contracts.entry(instrument.contract_id).or_default().held = held;
        }
        Ok(())
    }

    /// An order of ours that is open, unknown, or was cancelled a moment ago, and a leg that was let through before.
    fn add_order(&mut self, intent: &Intent, group: Option<&'a str>, open: Decimal) -> Result<(), Refusal> {
        if open.is_zero() {
            return Ok(());
        }
        let unknown =
            || Refusal::ExposureUnknown { cause: Unvalued::Contract { symbol: intent.contract.symbol.clone() } };
        if !intent.contract.is_combination() {
            let instrument = self.ledger.instrument_of(&intent.contract).map_err(|_| unknown())?;
            let market = self.price(instrument.contract_id);
            // A kind that cannot be valued did not pass the gate.
            let has_quote = self.gate.quote_of(instrument.contract_id).is_some();
            let beside = self.gate.known_beside(self.ledger, &intent.account, &instrument).filter(|_| !has_quote);
            let own = Pricing::of(intent).ok().and_then(|pricing| pricing.worst(intent.side, market, beside));
            return self.add((&instrument, intent.side), group, market.max(own), open);
        }
        for leg in intent.contract.combo_legs.iter().filter_map(|leg| CombinationLeg::of(leg, intent.side)) {
            let instrument = self.instrument(leg.contract_id).ok_or_else(unknown)?;
            let quantity = open.checked_mul(leg.ratio).ok_or(Refusal::OutOfRange)?;
            // A contract may be in several legs of a combination, which all fill.
            self.add((&instrument, leg.side), None, self.price(leg.contract_id), quantity)?;
        }
        Ok(())
    }

    /// An order of others; where its side is not known, it may be either.
    fn add_external(&mut self, order: &ExternalOrder) -> Result<(), Refusal> {
        if order.remaining.is_zero() {
            return Ok(());
        }
        let instrument = order.contract_id.and_then(|contract_id| self.instrument(contract_id));
        let Some(instrument) = instrument else {
            return Err(Refusal::ExposureUnknown { cause: Unvalued::Contract { symbol: order.symbol.clone() } });
        };
        let price = self.price(instrument.contract_id);
        for side in order.side.map_or_else(|| vec![Side::Buy, Side::Sell], |side| vec![side]) {
            self.add((&instrument, side), None, price, order.remaining)?;
        }
        Ok(())
    }

    /// The order that is asked for.
    fn add_asked(
        &mut self,
        intent: &Intent,
        group: Option<&'a str>,
        unfilled: Decimal,
        (parts, market): (&Parts, &Market),
    ) -> Result<(), Refusal> {
        let group = group.filter(|_| !parts.is_combination());
        let pricing = Pricing::of(intent)?;
        for (part, taken) in parts.parts.iter().zip(&market.worst) {
            let known = self.price(part.instrument.contract_id);
            let own = if parts.is_combination() { *taken } else { pricing.worst(intent.side, *taken, market.beside) };
            let quantity = unfilled.checked_mul(part.ratio).ok_or(Refusal::OutOfRange)?;
            self.add((&part.instrument, part.side), group, known.max(own), quantity)?;
        }
        Ok(())
    }

    /// Of a group with block no more fills than one order: what is worth the most counts.
    fn add(
        &mut self,
        (instrument, side): (&Instrument, Side),
        group: Option<&'a str>,
        price: Option<Decimal>,
        quantity: Decimal,
    ) -> Result<(), Refusal> {
        let mut money = self.money(instrument, price, quantity)?;
        if let Some(group) = group {
            let most = self.groups.entry((group, instrument.contract_id, side)).or_default();
            let more = money.checked_sub(*most).ok_or(Refusal::OutOfRange)?.max(Decimal::ZERO);
            (*most, money) = (money.max(*most), more);
        }
        let stake = self.contracts.entry(instrument.contract_id).or_default();
        let sum = match side {
            Side::Buy => &mut stake.bought,
            Side::Sell => &mut stake.sold,
        };
        *sum = sum.checked_add(money).ok_or(Refusal::OutOfRange)?;
        Ok(())
    }

    /// What so much of a contract is worth in the currency of the equity.
    fn money(&self, instrument: &Instrument, price: Option<Decimal>, quantity: Decimal) -> Result<Decimal, Refusal> {
        let Instrument { contract_id, symbol, currency, multiplier } = instrument;
        let unvalued = |cause| Refusal::ExposureUnknown { cause };
        let price =
            price.ok_or_else(|| unvalued(Unvalued::Price { contract_id: *contract_id, symbol: symbol.to_string() }))?;
        let (from, to) = (currency.to_string(), self.equity.currency.clone());
        let rate = self.equity.rate(currency).ok_or_else(|| unvalued(Unvalued::Rate { from, to }))?;
        let each = price.checked_mul(*multiplier).and_then(|each| each.checked_mul(rate));
        each.and_then(|each| each.checked_mul(quantity)).ok_or(Refusal::OutOfRange)
    }

    /// What one unit of a contract costs, not signed: by its quote, else as it is marked.
    fn price(&self, contract_id: ContractId) -> Option<Decimal> {
        let quoted = self.gate.quote_of(contract_id).and_then(|(quote, _)| quote.reference());
        quoted.or_else(|| self.ledger.mark_of(contract_id)).map(|price| price.abs())
    }

    fn instrument(&self, contract_id: ContractId) -> Option<Instrument> {
        let known = self.gate.known(contract_id).and_then(|contract| self.ledger.instrument_of(contract).ok());
        known.or_else(|| self.ledger.instrument(contract_id).cloned())
    }

    fn worst(&self) -> Result<Worst, Refusal> {
        let sums = self.contracts.values().try_fold(Worst::default(), |sum, stake| {
            let (long, short) = (stake.held.checked_add(stake.bought)?, stake.held.checked_sub(stake.sold)?);
            // Whatever part of the open orders fills, it is no more than at one of these ends.
            let gross = stake.held.abs().max(long.abs()).max(short.abs());
            Some(Worst {
                gross: sum.gross.checked_add(gross)?,
                long: sum.long.checked_add(long)?,
                short: sum.short.checked_add(short)?,
            })
        });
        sums.ok_or(Refusal::OutOfRange)
    }
}
