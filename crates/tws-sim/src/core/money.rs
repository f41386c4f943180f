//! What accounts are worth at the prices shown now.

use rust_decimal::Decimal;
use tws_proto::ids::ContractId;

use super::Core;
use crate::books::{Fill, Valuation, Worth};
use crate::catalogue::Catalogue;
use crate::currencies::Pairs;
use crate::floor::Floor;
use crate::holding::Holding;
use crate::instrument::Instrument;
use crate::market::Market;
use crate::worth::Prices;

/// The prices shown now; an instrument that shows none counts at the price of the catalogue.
pub(super) struct Shown<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) markets: &'a Floor,
    pub(super) pairs: &'a Pairs,
}

impl Prices for Shown<'_> {
    fn mark(&self, contract: ContractId) -> Option<(&Instrument, Decimal)> {
        let instrument = self.catalogue.by_id(contract)?;
        let mark = self.markets.get(&contract).and_then(Market::mark);
        Some((instrument, mark.unwrap_or(instrument.price)))
    }

    fn rate(&self, currency: &str, base: &str) -> Decimal {
        self.pairs.rate(currency, base, |pair| self.mark(pair).map(|(_, price)| price))
    }
}

impl Core {
    /// What an account is worth at the prices shown now, in its base currency.
    #[must_use]
    pub fn worth(&self, account: &str) -> Worth {
        self.valuation(account).map(|valuation| valuation.worth).unwrap_or_default()
    }

    /// What an account is worth at the prices shown now, by currency, too.
    #[must_use]
    pub fn valuation(&self, account: &str) -> Option<Valuation> {
        Some(Valuation::of(self.books.account(account)?, &self.shown()))
    }

    /// What one unit of a currency is worth in another, by the currency pairs of the catalogue; one to one where no pair
    /// leads from one to the other.
    #[must_use]
    pub fn exchange_rate(&self, from: &str, to: &str) -> Decimal {
        self.shown().rate(from, to)
    }

    /// The currency an account is reported in; an advisor's own account has that of the first one.
    pub(super) fn base_currency(&self, account: &str) -> &str {
        let account = self.books.account(account).or_else(|| self.books.accounts().next());
        account.map_or("USD", |account| account.base_currency.as_str())
    }

    /// Lets the pairs move that say what a fill is worth to its account.
    pub(super) fn open_rates_for(&mut self, fill: &Fill) {
        let base = self.base_currency(&fill.account).to_owned();
        self.open_rates(&fill.currency, &base);
    }

    pub(super) fn shown(&self) -> Shown<'_> {
        Shown { catalogue: &self.catalogue, markets: &self.markets, pairs: &self.pairs }
    }

    /// Puts what the accounts had before the first day into the books, and lets their markets move.
    pub(super) fn open_books(&mut self) {
        for setup in self.accounts.clone() {
            for (contract, position) in &setup.positions {
                let Some(instrument) = self.catalogue.by_id(*contract) else { continue };
                self.markets.open(&self.catalogue, instrument, self.now);
                let cost = position.average_price * instrument.price_factor();
                let holding = Holding::opening(position.quantity, cost, Decimal::ZERO);
                self.books.open_position(&setup.name, *contract, holding);
                let currency = instrument.currency.clone();
                self.open_rates(&currency, &setup.base_currency);
            }
            for currency in setup.other_cash.keys() {
                self.open_rates(currency, &setup.base_currency);
            }
        }
        self.begin_day();
    }

    /// A new day begins for the books.
    pub(super) fn begin_day(&mut self) {
        let Self { books, catalogue, markets, pairs, .. } = self;
        books.begin_day(&Shown { catalogue, markets, pairs });
    }

    /// Lets the pairs move that say what a currency is worth.
    pub(super) fn open_rates(&mut self, from: &str, to: &str) {
        if from != to {
            for pair in self.pairs.between(from, to) {
                self.open_market(pair);
            }
        }
    }
}
