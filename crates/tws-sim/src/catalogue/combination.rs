//! Combinations: contracts that clients put together of others, each remembered under a number of its own.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use tws_proto::Contract;
use tws_proto::contract::ComboLeg;
use tws_proto::ids::ContractId;
use tws_proto::kinds::{Action, SecurityType};

use super::Catalogue;
use crate::instrument::{Class, Instrument, Leg, LegAction};
use crate::time::SimTime;

/// The number of the first combination; it lies above all others.
const FIRST_ID: i32 = 2_140_000_000;
/// How many different combinations a simulator remembers.
const COMBINATIONS_MAX: usize = 5_000;
/// More legs than this no exchange takes.
const LEGS_MAX: usize = 8;
/// The highest ratio of a leg.
const RATIO_MAX: i32 = 10_000;

/// The combinations that clients have named so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Combinations {
    by_id: BTreeMap<ContractId, Instrument>,
    by_key: BTreeMap<Key, ContractId>,
}

/// What tells combinations apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    symbol: String,
    currency: String,
    exchange: String,
    legs: Vec<Leg>,
}

/// Why a request does not name a combination.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CombinationFault {
    /// Two legs make a combination, and eight are the most.
    #[error("a combination has from two to eight legs")]
    LegCount,
    /// A ratio is from 1 to 10000, an action BUY, SELL or SSHORT.
    #[error("leg {0} has no possible ratio or action")]
    BadLeg(ContractId),
    /// No such contract, or it has expired.
    #[error("leg {0} is not known")]
    UnknownLeg(ContractId),
    /// A contract cannot stand in two legs.
    #[error("contract {0} stands in two legs")]
    SameLeg(ContractId),
    /// The simulator remembers five thousand of them.
    #[error("too many different combinations")]
    TooMany,
}

impl Combinations {
    pub(super) fn get(&self, id: ContractId) -> Option<&Instrument> {
        self.by_id.get(&id)
    }
}

impl Catalogue {
    /// The combination that a request's legs make, remembered from now on under a number of its own.
    ///
    /// # Errors
    /// [`CombinationFault`] says what is wrong with the legs.
    pub fn combine(&mut self, wanted: &Contract, now: SimTime) -> Result<ContractId, CombinationFault> {
        if !(2..=LEGS_MAX).contains(&wanted.combo_legs.len()) {
            return Err(CombinationFault::LegCount);
        }
        let mut legs: Vec<Leg> = Vec::new();
        for leg in &wanted.combo_legs {
            let leg = read(leg)?;
            if legs.iter().any(|other| other.contract_id == leg.contract_id) {
                return Err(CombinationFault::SameLeg(leg.contract_id));
            }
            legs.push(leg);
        }
        let parts = self.parts(&legs, now)?;
        let symbol = or(&wanted.symbol, || joined_symbols(&parts));
        let currency = or(&wanted.currency, || parts.first().map_or_else(String::new, |part| part.currency.clone()));
        let exchange = or(&wanted.exchange, || "SMART".to_owned());
        let key = Key { symbol, currency, exchange, legs };
        if let Some(id) = self.combinations.by_key.get(&key) {
            return Ok(*id);
        }
        let count = self.combinations.by_id.len();
        if count >= COMBINATIONS_MAX {
            return Err(CombinationFault::TooMany);
        }
        let id = ContractId(FIRST_ID + i32::try_from(count).unwrap_or(i32::MAX - FIRST_ID));
        let mut combination = instrument(id, &key, &parts);
        let rule = self.rules.of_step(combination.min_tick);
        combination.market_rule_ids = rule.to_string();
        self.combinations.by_id.insert(id, combination);
        self.combinations.by_key.insert(key, id);
        Ok(id)
    }

    fn parts(&self, legs: &[Leg], now: SimTime) -> Result<Vec<&Instrument>, CombinationFault> {
        let part = |leg: &Leg| {
            let found = self.by_id(leg.contract_id).filter(|part| part.legs.is_empty() && !part.is_expired(now.day()));
            found.ok_or(CombinationFault::UnknownLeg(leg.contract_id))
        };
        legs.iter().map(part).collect()
    }
}

fn read(leg: &ComboLeg) -> Result<Leg, CombinationFault> {
    let contract_id = leg.contract_id.unwrap_or_default();
    let bad = CombinationFault::BadLeg(contract_id);
    let action = match leg.action {
        Some(Action::Buy) => LegAction::Buy,
        Some(Action::Sell) => LegAction::Sell,
        Some(Action::SellShort) => LegAction::SellShort,
        _ => return Err(bad),
    };
    let ratio = leg.ratio.filter(|ratio| (1..=RATIO_MAX).contains(ratio)).ok_or(bad)?;
    Ok(Leg { contract_id, ratio, action, exchange: or(&leg.exchange, || "SMART".to_owned()) })
}

/// What TWS calls a combination of several underlyings: `IBM,MSFT`.
fn joined_symbols(parts: &[&Instrument]) -> String {
    let mut symbols: Vec<&str> = parts.iter().map(|part| part.symbol.as_str()).collect();
    symbols.sort_unstable();
    symbols.dedup();
    symbols.join(",")
}

fn instrument(id: ContractId, key: &Key, parts: &[&Instrument]) -> Instrument {
    let tick = parts.iter().map(|part| part.min_tick).min().unwrap_or(Decimal::ONE);
    let price = key.legs.iter().zip(parts).map(|(leg, part)| leg.weight() * part.price).sum();
    let first = parts.first().copied();
    // One multiplier for all legs is that of the combination; mixed ones weigh in the legs.
    let multiplier = first.map(|part| part.factor()).filter(|factor| parts.iter().all(|part| part.factor() == *factor));
    let magnifier = first.map(|part| part.price_magnifier);
    let magnifier = magnifier.filter(|magnifier| parts.iter().all(|part| part.price_magnifier == *magnifier));
    let futures = parts.iter().all(|part| part.class() == Class::Futures);
    let (hours_of, zone) = first.map_or((None, None), |part| (Some(part), Some(part.time_zone.clone())));
    let base = Instrument::stock(id.0, &key.symbol, &key.currency, price);
    Instrument {
        security_type: SecurityType::Combination,
        long_name: key.symbol.clone(),
        exchange: key.exchange.clone(),
        primary_exchange: String::new(),
        valid_exchanges: key.exchange.clone(),
        local_symbol: key.symbol.clone(),
        trading_class: "COMB".to_owned(),
        stock_type: String::new(),
        multiplier: multiplier.filter(|factor| *factor != Decimal::ONE || futures),
        price_magnifier: magnifier.unwrap_or(1),
        min_tick: tick,
        time_zone: zone.unwrap_or_else(|| base.time_zone.clone()),
        trading_hours: hours_of.map_or_else(|| base.trading_hours.clone(), |part| part.trading_hours.clone()),
        liquid_hours: hours_of.map_or_else(|| base.liquid_hours.clone(), |part| part.liquid_hours.clone()),
        calendar: hours_of.map(Instrument::calendar),
        lot: Decimal::ONE,
        legs: key.legs.clone(),
        ..base
    }
}

fn or(text: &str, other: impl FnOnce() -> String) -> String {
    if text.is_empty() { other() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: SimTime = SimTime(1_381_165_200_000);

    fn wanted(legs: &[(i32, i32, &str)]) -> Contract {
        let leg = |(id, ratio, action): &(i32, i32, &str)| ComboLeg {
            contract_id: Some(ContractId(*id)),
            ratio: Some(*ratio),
            action: Some(Action::from((*action).to_owned())),
            exchange: "SMART".to_owned(),
            ..ComboLeg::default()
        };
        Contract {
            security_type: Some(SecurityType::Combination),
            combo_legs: legs.iter().map(leg).collect(),
            ..Contract::default()
        }
    }

    #[test]
    fn legs_make_a_combination_with_a_number_of_its_own() {
        let mut catalogue = Catalogue::built_in(NOW);
        let pair = wanted(&[(8314, 1, "BUY"), (756_733, 2, "SELL")]);
        let id = catalogue.combine(&pair, NOW).unwrap();
        assert_eq!(catalogue.combine(&pair, NOW), Ok(id), "the same again");
        let other = catalogue.combine(&wanted(&[(8314, 1, "SELL"), (756_733, 2, "BUY")]), NOW).unwrap();
        assert_ne!(id, other);
        let instrument = catalogue.by_id(id).unwrap();
        assert_eq!((instrument.symbol.as_str(), instrument.price), ("IBM,SPY", Decimal::new(-15_290, 2)));
        assert_eq!(instrument.contract().combo_legs.len(), 2);
        assert_eq!(instrument.legs.iter().map(Leg::weight).sum::<Decimal>(), Decimal::NEGATIVE_ONE);
    }

    #[test]
    fn impossible_legs_are_refused() {
        use CombinationFault::{BadLeg, LegCount, SameLeg, UnknownLeg};
        let mut catalogue = Catalogue::built_in(NOW);
        let mut check =
            |legs: &[(i32, i32, &str)], fault| assert_eq!(catalogue.combine(&wanted(legs), NOW), Err(fault));
        check(&[], LegCount);
        check(&[(8314, 1, "BUY")], LegCount);
        check(&[(8314, 1, "BUY"), (1, 1, "BUY")], UnknownLeg(ContractId(1)));
        check(&[(8314, 1, "BUY"), (8314, 1, "SELL")], SameLeg(ContractId(8314)));
        check(&[(8314, 0, "BUY"), (756_733, 1, "SELL")], BadLeg(ContractId(8314)));
        check(&[(8314, 1, "HOLD"), (756_733, 1, "SELL")], BadLeg(ContractId(8314)));
    }
}
