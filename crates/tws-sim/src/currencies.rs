//! [`Pairs`]: what one currency is worth in another, from the currency pairs of the catalogue.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use tws_proto::ids::ContractId;

use crate::catalogue::Catalogue;
use crate::commission::MONEY_DIGITS;
use crate::instrument::Class;

/// The currency through which two currencies without a pair of their own are compared.
const BRIDGE: &str = "USD";

/// The currency pairs of the catalogue, by what is bought and what is paid.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs {
    pairs: BTreeMap<String, BTreeMap<String, ContractId>>,
}

impl Pairs {
    pub(crate) fn of(catalogue: &Catalogue) -> Self {
        let mut pairs: BTreeMap<String, BTreeMap<String, ContractId>> = BTreeMap::new();
        for instrument in catalogue.iter().filter(|instrument| instrument.class() == Class::Forex) {
            let quotes = pairs.entry(instrument.symbol.clone()).or_default();
            quotes.entry(instrument.currency.clone()).or_insert(instrument.contract_id);
        }
        Self { pairs }
    }

    /// What one unit of `from` is worth in `to`, to eight digits. Where no pair leads from one to the other, one to one.
    pub(crate) fn rate(&self, from: &str, to: &str, mark: impl Fn(ContractId) -> Option<Decimal>) -> Decimal {
        let direct = |from: &str, to: &str| {
            if from == to {
                return Some(Decimal::ONE);
            }
            if let Some(price) = self.pair(from, to).and_then(&mark) {
                return Some(price);
            }
            let price = self.pair(to, from).and_then(&mark)?;
            Some(Decimal::ONE.checked_div(price)?.round_dp(MONEY_DIGITS))
        };
        direct(from, to)
            .or_else(|| Some((direct(from, BRIDGE)? * direct(BRIDGE, to)?).round_dp(MONEY_DIGITS)))
            .unwrap_or(Decimal::ONE)
    }

    /// The pairs whose prices [`Pairs::rate`] looks at.
    pub(crate) fn between(&self, from: &str, to: &str) -> Vec<ContractId> {
        let direct = |from: &str, to: &str| self.pair(from, to).or_else(|| self.pair(to, from));
        match direct(from, to) {
            Some(pair) => vec![pair],
            None => [direct(from, BRIDGE), direct(BRIDGE, to)].into_iter().flatten().collect(),
        }
    }

    fn pair(&self, from: &str, to: &str) -> Option<ContractId> {
        self.pairs.get(from)?.get(to).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(from: &str, to: &str, rate: &str, looks_at: &[i32]) {
        let pair = |from: &str, to: &str, id| (from.to_owned(), (to.to_owned(), ContractId(id)));
        let pairs = [pair("EUR", "USD", 1), pair("USD", "JPY", 2)];
        let pairs = pairs.into_iter().map(|(from, pair)| (from, BTreeMap::from([pair]))).collect();
        let pairs = Pairs { pairs };
        let mark = |pair: ContractId| Some(if pair.0 == 1 { Decimal::new(125, 2) } else { Decimal::from(80) });
        assert_eq!(pairs.rate(from, to, mark), rate.parse::<Decimal>().unwrap());
        assert_eq!(pairs.between(from, to), looks_at.iter().copied().map(ContractId).collect::<Vec<_>>());
    }

    #[test]
    fn rates_come_from_pairs_their_inverses_and_the_dollar() {
        check("EUR", "USD", "1.25", &[1]);
        check("USD", "EUR", "0.8", &[1]);
        check("JPY", "USD", "0.0125", &[2]);
        check("EUR", "JPY", "100", &[1, 2]);
        check("JPY", "EUR", "0.01", &[2, 1]);
        check("SEK", "EUR", "1", &[1]);
        check("USD", "USD", "1", &[]);
    }
}
