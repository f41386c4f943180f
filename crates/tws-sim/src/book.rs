//! [`Book`]: the broker's truth at one moment, to compare with what a client believes.

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;
use tws_proto::ids::{ClientId, ContractId, OrderId};

use crate::books::{Books, Fill, Holding, Ledger, Valuation, Worth};
use crate::catalogue::Catalogue;
use crate::core::Core;
use crate::orders::{OrderKey, OrderRecord};

/// The broker's truth at one moment. Instruments go by their names: local symbol, else symbol.
///
/// Two are equal where accounts, executions and orders are, whatever the prices. It prints as a page that a person reads.
#[derive(Clone)]
pub struct Book {
    books: Books,
    catalogue: Catalogue,
    marks: BTreeMap<ContractId, Decimal>,
    valuations: BTreeMap<String, Valuation>,
    orders: BTreeMap<OrderKey, OrderRecord>,
}

impl Book {
    /// Copies what a core knows now.
    #[must_use]
    pub fn of(core: &Core) -> Self {
        let mark = |contract| core.market(contract)?.mark();
        let listed = core.catalogue().iter().map(|instrument| instrument.contract_id);
        // Options of a chain are listed nowhere until somebody holds them.
        let held = core.books().accounts().flat_map(|account| account.holdings.keys().copied());
        let names = core.books().accounts().map(|account| account.name.clone());
        Self {
            books: core.books().clone(),
            catalogue: core.catalogue().clone(),
            marks: listed.chain(held).filter_map(|contract| Some((contract, mark(contract)?))).collect(),
            valuations: names.filter_map(|name| Some((name.clone(), core.valuation(&name)?))).collect(),
            orders: core.orders().map(|record| (record.key, record.clone())).collect(),
        }
    }

    /// What an account holds of an instrument; nothing, where either is unknown.
    #[must_use]
    pub fn holding(&self, account: &str, instrument: &str) -> Holding {
        let contract = self.catalogue.by_name(instrument).map(|found| found.contract_id);
        let account = self.books.account(account);
        contract
            .zip(account)
            .and_then(|(contract, account)| account.holdings.get(&contract))
            .copied()
            .unwrap_or_default()
    }

    /// Signed number of contracts an account holds of an instrument.
    #[must_use]
    pub fn position(&self, account: &str, instrument: &str) -> Decimal {
        self.holding(account, instrument).quantity
    }

    /// What one contract of an account's position cost on average, multiplier and commissions included.
    #[must_use]
    pub fn average_cost(&self, account: &str, instrument: &str) -> Decimal {
        self.holding(account, instrument).average_cost()
    }

    /// What closed trades of an instrument earned an account, all commissions deducted.
    #[must_use]
    pub fn realized(&self, account: &str, instrument: &str) -> Decimal {
        self.holding(account, instrument).realized
    }

    /// What an account's position would earn at the price shown now; `None` without a price.
    #[must_use]
    pub fn unrealized(&self, account: &str, instrument: &str) -> Option<Decimal> {
        let found = self.catalogue.by_name(instrument)?;
        let mark = self.marks.get(&found.contract_id)?;
        Some(self.holding(account, instrument).unrealized(*mark, found.price_factor()))
    }

    /// Cash of an account, all currencies together in its base currency; `None` where it is unknown.
    #[must_use]
    pub fn cash(&self, account: &str) -> Option<Decimal> {
        self.worth(account).map(|worth| worth.cash)
    }

    /// Cash of an account in one currency; `None` where the account is unknown.
    #[must_use]
    pub fn cash_in(&self, account: &str, currency: &str) -> Option<Decimal> {
        self.books.account(account).map(|account| account.cash_in(currency))
    }

    /// What an account is worth; `None` where it is unknown.
    #[must_use]
    pub fn worth(&self, account: &str) -> Option<Worth> {
        self.valuations.get(account).map(|valuation| valuation.worth)
    }

    /// What an account has in one currency; `None` where it has nothing to do with it.
    #[must_use]
    pub fn ledger(&self, account: &str, currency: &str) -> Option<Ledger> {
        self.valuations.get(account)?.ledgers.get(currency).copied()
    }

    /// Every fill of the last seven days, oldest first.
    #[must_use]
    pub fn executions(&self) -> &[Fill] {
        self.books.fills()
    }

    /// Every order the broker has heard of, held and dead ones included.
    pub fn orders(&self) -> impl Iterator<Item = &OrderRecord> {
        self.orders.values()
    }

    /// One order.
    #[must_use]
    pub fn order(&self, client: ClientId, order: OrderId) -> Option<&OrderRecord> {
        self.orders.get(&OrderKey { client, order })
    }

    /// Orders that may still trade.
    pub fn open_orders(&self) -> impl Iterator<Item = &OrderRecord> {
        self.orders().filter(|record| record.stage.is_live())
    }

    /// Orders that are filled, cancelled or rejected.
    pub fn completed_orders(&self) -> impl Iterator<Item = &OrderRecord> {
        self.orders().filter(|record| record.completed.is_some())
    }
}

impl PartialEq for Book {
    fn eq(&self, other: &Self) -> bool {
        self.books == other.books && self.orders == other.orders
    }
}

impl Eq for Book {}

impl fmt::Debug for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |contract: ContractId| {
            self.catalogue.by_id(contract).map_or_else(|| contract.to_string(), |known| known.name().to_owned())
        };
        for account in self.books.accounts() {
            let Worth { net_liquidation, unrealized, realized, .. } = self.worth(&account.name).unwrap_or_default();
            let [net_liquidation, unrealized, realized] =
                [net_liquidation, unrealized, realized].map(|amount| amount.round_dp(2));
            let currency = &account.base_currency;
            writeln!(
                f,
                "{}: worth {net_liquidation} {currency}, realized {realized}, unrealized {unrealized}",
                account.name
            )?;
            for (currency, cash) in &account.cash {
                writeln!(f, "  cash {} {currency}", cash.normalize())?;
            }
            for (contract, holding) in account.holdings.iter().filter(|(_, holding)| !holding.quantity.is_zero()) {
                let (quantity, cost) = (holding.quantity.normalize(), holding.average_cost());
                writeln!(f, "  {quantity} {} at {cost}", name(*contract))?;
            }
        }
        for record in self.orders() {
            let (client, order) = record.key.told();
            let (action, kind) = (record.order.action.as_str(), record.order.order_type.as_str());
            let (total, filled, status) =
                (record.total.normalize(), record.filled.normalize(), record.stage.status().as_str().to_owned());
            let instrument = name(record.contract_id);
            writeln!(
                f,
                "client {client} order {order}: {action} {total} {instrument} {kind}, {status}, filled {filled}"
            )?;
        }
        for fill in self.executions() {
            let (side, quantity, price) = (fill.side.as_str(), fill.quantity.normalize(), fill.price.normalize());
            writeln!(
                f,
                "{}: {side} {quantity} {} at {price} for {}",
                fill.execution_id,
                name(fill.contract),
                fill.account
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{AccountSetup, CoreSetup, Feed};
    use crate::time::SimTime;

    #[test]
    fn it_prints_as_a_page() {
        let mut account = AccountSetup::new("DU1");
        account.other_cash.insert("EUR".into(), Decimal::ONE_HUNDRED);
        let start = SimTime(1_381_165_200_000);
        let core = Core::new(CoreSetup { feed: Feed::Still, accounts: vec![account], ..CoreSetup::new(1, start) });
        let book = Book::of(&core);
        let rate = core.exchange_rate("EUR", "USD") * Decimal::ONE_HUNDRED + Decimal::from(1_000_000);
        let expected = format!(
            "DU1: worth {} USD, realized 0, unrealized 0\n  cash 100 EUR\n  cash 1000000 USD\n",
            rate.round_dp(2)
        );
        assert_eq!(book.to_string().replace("0.00", "0"), expected.replace("0.00", "0"));
        assert_eq!(book, Book::of(&core));
    }
}
