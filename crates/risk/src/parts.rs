//! [`Parts`]: what one unit of an order trades, contract by contract: itself, or the legs of a combination.

use order::{CombinationLeg, Intent, Side};
use position::{Instrument, Ledger};
use rust_decimal::Decimal;
use tws_proto::Contract;

use crate::check::CheckAt;
use crate::gate::RiskGate;
use crate::limits::WithoutQuote;
use crate::pricing::trades_at_the_market;
use crate::quote::Quote;
use crate::refusal::{Refusal, Unpriced};

/// What one unit of an order trades; never empty.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    /// Contract by contract, in the order of the legs.
    pub(crate) parts: Vec<Part>,
    /// What turns the order's own price into money; why there is none, for a combination.
    unit: Result<Decimal, Unpriced>,
    /// The currency of that money.
    pub(crate) currency: String,
    is_combination: bool,
}

/// One contract of them.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) instrument: Instrument,
    /// Which way this order trades it.
    pub(crate) side: Side,
    /// Which way it counts in the price of the whole: against it where the whole counts its price as paid back.
    weight: Side,
    /// How much of it is in one unit.
    pub(crate) ratio: Decimal,
}

/// The prices an order is measured by.
#[derive(Clone, Debug)]
pub(crate) struct Market {
    /// What an order at the market pays or gets for one unit.
    pub(crate) taken: Option<Decimal>,
    /// Where the market of the whole is.
    pub(crate) reference: Option<Decimal>,
    /// What the parts of one unit are worth, not signed: a combination's net price can be anything, zero too.
    pub(crate) gross: Option<Decimal>,
    /// The most that each part may trade at, not signed, as far as quotes tell.
    pub(crate) worst: Vec<Option<Decimal>>,
    /// What else is known of the price of a contract alone, not signed, where no quote is fresh.
    pub(crate) beside: Option<Decimal>,
    pub(crate) is_fresh: bool,
}

impl Parts {
    /// What an order trades.
    ///
    /// # Errors
    /// Where it is not known, or is told otherwise than it is held.
    pub(crate) fn of(intent: &Intent, gate: &RiskGate, ledger: &Ledger) -> Result<Self, Refusal> {
        let contract = &intent.contract;
        if !contract.is_combination() {
            let instrument = known_alike(ledger.instrument_of(contract)?, gate, ledger)?;
            let (unit, currency) = (Ok(instrument.multiplier), instrument.currency.to_string());
            let part = Part { instrument, side: intent.side, weight: Side::Buy, ratio: Decimal::ONE };
            return Ok(Self { parts: vec![part], unit, currency, is_combination: false });
        }
        if contract.combo_legs.is_empty() {
            return Err(Refusal::NoLegs { symbol: contract.symbol.clone() });
        }
        let mut parts: Vec<Part> = Vec::new();
        for (place, leg) in contract.combo_legs.iter().enumerate() {
            let unsound = Refusal::LegUnsound { place: place + 1 };
            let (Some(leg), Some(bought)) =
                (CombinationLeg::of(leg, intent.side), CombinationLeg::of(leg, Side::Buy).map(|leg| leg.side))
            else {
                return Err(unsound);
            };
            let contract_id = leg.contract_id;
            if parts.iter().any(|part| part.instrument.contract_id == contract_id) {
                return Err(unsound);
            }
            let known = gate.known(contract_id).ok_or(Refusal::LegUnknown { contract_id })?;
            let instrument = known_alike(ledger.instrument_of(known)?, gate, ledger)?;
            parts.push(Part { instrument, side: leg.side, weight: bought, ratio: leg.ratio });
        }
        let unit = unit_of(contract, &parts);
        Ok(Self { parts, unit, currency: contract.currency.clone(), is_combination: true })
    }

    /// What turns the order's own price into money.
    ///
    /// # Errors
    /// Where that does not follow from the legs.
    pub(crate) fn unit(&self) -> Result<Decimal, Refusal> {
        self.unit.map_err(|cause| Refusal::CombinationUnpriced { cause })
    }

    /// Whether the price is that of several contracts together.
    pub(crate) fn is_combination(&self) -> bool {
        self.is_combination
    }

    /// The prices that the order is measured by: fresh ones, or what `without_quote` leaves. A combination's own price
    /// bounds nothing, so its legs' are always wanted.
    pub(crate) fn market(&self, check: &CheckAt<'_>, intent: &Intent) -> Result<Market, Refusal> {
        let CheckAt { gate, now, ledger, .. } = check;
        let needs_quote = trades_at_the_market(&intent.kind);
        let limits = gate.limits();
        let limit_ms = limits.quote_age_max_ms;
        let mut quotes = Vec::new();
        let mut is_fresh = true;
        for part in &self.parts {
            let contract_id = part.instrument.contract_id;
            let known = gate.quote_of(contract_id).filter(|(quote, _)| quote.reference().is_some());
            // In either direction: a quote from the future tells of a clock that was set back.
            let age_ms = known.map(|(_, time)| now.since(time).unsigned_abs() / 1_000);
            if age_ms.is_none_or(|age| age > limit_ms) {
                is_fresh = false;
                let stale = Refusal::NoFreshQuote { contract_id, age_ms, limit_ms };
                match limits.without_quote {
                    WithoutQuote::RefuseAll => return Err(stale),
                    WithoutQuote::RefuseMarket if needs_quote || self.is_combination() => return Err(stale),
                    WithoutQuote::Allow if self.is_combination() && age_ms.is_none() => return Err(stale),
                    WithoutQuote::RefuseMarket | WithoutQuote::Allow => {}
                }
            }
            quotes.push(known.map(|(quote, _)| quote).unwrap_or_default());
        }
        let alone = self.parts.first().filter(|_| !self.is_combination() && !is_fresh);
        let beside = alone.and_then(|part| gate.known_beside(ledger, &intent.account, &part.instrument));
        Ok(Market { beside, is_fresh, ..self.prices(&quotes)? })
    }

    fn prices(&self, quotes: &[Quote]) -> Result<Market, Refusal> {
        let parts = || self.parts.iter().zip(quotes);
        let worst = |(part, quote): (&Part, &Quote)| {
            let prices = [quote.taken_by(part.side), quote.reference().filter(|_| self.is_combination())];
            prices.into_iter().flatten().map(|price| price.abs()).max()
        };
        let worst = parts().map(worst).collect();
        let (taken, reference, gross) = match self.unit {
            Ok(unit) => (
                self.net(unit, parts().map(|(part, quote)| quote.taken_by(part.side)))?,
                self.net(unit, parts().map(|(_, quote)| quote.reference()))?,
                self.gross(unit, parts().map(|(_, quote)| quote.reference()))?,
            ),
            Err(_) => (None, None, None),
        };
        Ok(Market { taken, reference, gross, worst, beside: None, is_fresh: false })
    }

    /// The price of the whole at these prices of its parts, as its buyer counts; `None` where one is not known.
    fn net(&self, unit: Decimal, prices: impl Iterator<Item = Option<Decimal>>) -> Result<Option<Decimal>, Refusal> {
        self.sum(unit, prices, |part, amount| part.weight.signed(amount))
    }

    /// The same without signs.
    fn gross(&self, unit: Decimal, prices: impl Iterator<Item = Option<Decimal>>) -> Result<Option<Decimal>, Refusal> {
        self.sum(unit, prices, |_, amount| amount.abs())
    }

    fn sum(
        &self,
        unit: Decimal,
        prices: impl Iterator<Item = Option<Decimal>>,
        signed: impl Fn(&Part, Decimal) -> Decimal,
    ) -> Result<Option<Decimal>, Refusal> {
        let mut sum = Decimal::ZERO;
        for (part, price) in self.parts.iter().zip(prices) {
            let Some(price) = price else { return Ok(None) };
            let each = price.checked_mul(part.ratio).ok_or(Refusal::OutOfRange)?;
            // Exact where all have one multiplier, which is the rule.
            let weight = part.instrument.multiplier.checked_div(unit).ok_or(Refusal::OutOfRange)?;
            let amount = each.checked_mul(weight).ok_or(Refusal::OutOfRange)?;
            sum = sum.checked_add(signed(part, amount)).ok_or(Refusal::OutOfRange)?;
        }
        Ok(Some(sum))
    }
}

/// C8: what turns prices into money, by what is held and by the contract's details. A strategy that got a multiplier wrong
/// would fool every control behind this.
fn known_alike(asked: Instrument, gate: &RiskGate, ledger: &Ledger) -> Result<Instrument, Refusal> {
    let held = ledger.instrument(asked.contract_id).cloned();
    let told = gate.known(asked.contract_id).and_then(|contract| ledger.instrument_of(contract).ok());
    let differs = |known: &Instrument| known.currency != asked.currency || known.multiplier != asked.multiplier;
    match held.into_iter().chain(told).find(differs) {
        Some(known) => Err(Refusal::ContractDiffers { known: Box::new(known), asked: Box::new(asked) }),
        None => Ok(asked),
    }
}

/// What turns a combination's price into money: the multiplier of its legs, or the one that it says itself where they
/// have several.
fn unit_of(contract: &Contract, parts: &[Part]) -> Result<Decimal, Unpriced> {
    if parts.iter().any(|part| part.instrument.currency != contract.currency) {
        return Err(Unpriced::Currencies);
    }
    let first = parts.first().map(|part| part.instrument.multiplier).unwrap_or_default();
    let is_common = parts.iter().all(|part| part.instrument.multiplier == first);
    let said = contract.multiplier.filter(|multiplier| *multiplier > Decimal::ZERO);
    if is_common { Ok(first) } else { said.ok_or(Unpriced::Multipliers) }
}
