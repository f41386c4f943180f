//! [`Book`]: the broker's truth at one moment, to compare with what a client believes.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use tws_proto::ids::{ClientId, ContractId, OrderId};

use crate::books::{Books, Fill, Holding, Worth};
use crate::catalogue::Catalogue;
use crate::core::Core;
use crate::orders::{OrderKey, OrderRecord};

/// The broker's truth at one moment. Instruments go by their names: local symbol, else symbol.
#[derive(Clone, Debug)]
pub struct Book {
    books: Books,
    catalogue: Catalogue,
    marks: BTreeMap<ContractId, Decimal>,
    worths: BTreeMap<String, Worth>,
    orders: BTreeMap<OrderKey, OrderRecord>,
}

impl Book {
    /// Copies what a core knows now.
    #[must_use]
    pub fn of(core: &Core) -> Self {
        let mark = |contract| core.market(contract)?.mark();
        let ids = core.catalogue().iter().map(|instrument| instrument.contract_id);
        let names = core.books().accounts().map(|account| account.name.clone());
        Self {
            books: core.books().clone(),
            catalogue: core.catalogue().clone(),
            marks: ids.filter_map(|contract| Some((contract, mark(contract)?))).collect(),
            worths: names.map(|name| (name.clone(), core.worth(&name))).collect(),
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
        Some(self.holding(account, instrument).unrealized(*mark, found.factor()))
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
        self.worths.get(account).copied()
    }

    /// Every fill, oldest first.
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
