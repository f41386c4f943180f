//! [`Books`]: the broker's true record of cash, positions and executions, by account. Exact to the last digit.

mod correction;

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use tws_proto::ids::{ClientId, ContractId, OrderId, PermanentId};
use tws_proto::kinds::ExecutionSide;

use crate::core::AccountSetup;
use crate::instrument::{Class, Instrument};
use crate::time::SimTime;
use crate::worth::Prices;

pub use crate::holding::{Holding, HoldingDay};
pub use crate::worth::{Ledger, Margin, Valuation, Worth};

/// One fill, as the broker has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fill {
    /// `0000e0d5.6543210f.01.01`; the last segment is the revision.
    pub execution_id: String,
    /// When.
    pub time: SimTime,
    /// Whose.
    pub account: String,
    /// Of what.
    pub contract: ContractId,
    /// Where.
    pub exchange: String,
    /// Which way.
    pub side: ExecutionSide,
    /// How much.
    pub quantity: Decimal,
    /// At what price.
    pub price: Decimal,
    /// Which client's order it was; 0 for orders made by hand.
    pub client: ClientId,
    /// Which order it was; 0 for orders made by hand.
    pub order: OrderId,
    /// The broker's number of the order.
    pub permanent_id: PermanentId,
    /// The owner's name for the order.
    pub order_reference: String,
    /// How much of the order was filled, this fill included.
    pub cumulative: Decimal,
    /// At what price on average.
    pub average_price: Decimal,
    /// What it cost in fees.
    pub commission: Decimal,
    /// Currency of price and commission.
    pub currency: String,
    /// What it realized, where it closed something; all commissions deducted.
    pub realized: Option<Decimal>,
}

impl Fill {
    /// Whether it is of an order that was made by hand and that nobody had bound.
    #[must_use]
    pub fn is_manual(&self) -> bool {
        self.client == ClientId(0) && self.order == OrderId(0)
    }

    /// The quantity, negative where it sold.
    #[must_use]
    pub fn signed_quantity(&self) -> Decimal {
        match self.side {
            ExecutionSide::Bought => self.quantity,
            ExecutionSide::Sold | ExecutionSide::Other(_) => -self.quantity,
        }
    }
}

/// Cash and holdings of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub name: String,
    /// The currency it is reported in.
    pub base_currency: String,
    /// What it had at the start, by currency.
    pub initial_cash: BTreeMap<String, Decimal>,
    /// What it has now, by currency.
    pub cash: BTreeMap<String, Decimal>,
    /// By contract; those that were closed stay with quantity 0. A currency pair is held beside the cash it moved.
    pub holdings: BTreeMap<ContractId, Holding>,
    /// What it was worth when the day began, in the base currency.
    pub equity_at_day_start: Decimal,
}

impl Account {
    /// What it has of a currency.
    #[must_use]
    pub fn cash_in(&self, currency: &str) -> Decimal {
        self.cash.get(currency).copied().unwrap_or_default()
    }

    fn pay(&mut self, currency: &str, amount: Decimal) {
        match self.cash.get_mut(currency) {
            Some(cash) => *cash += amount,
            None => {
                self.cash.insert(currency.to_owned(), amount);
            }
        }
    }
}

/// All accounts and all executions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Books {
    accounts: BTreeMap<String, Account>,
    /// The advisor's own account: it has executions and nothing else.
    advisor: Option<String>,
    fills: Vec<Fill>,
}

impl Books {
    pub(crate) fn new(setups: &[AccountSetup]) -> Self {
        let account = |setup: &AccountSetup| {
            let mut cash = setup.other_cash.clone();
            *cash.entry(setup.base_currency.clone()).or_default() += setup.cash;
            Account {
                name: setup.name.clone(),
                base_currency: setup.base_currency.clone(),
                initial_cash: cash.clone(),
                cash,
                holdings: BTreeMap::new(),
                equity_at_day_start: setup.cash,
            }
        };
        let accounts = setups.iter().map(|setup| (setup.name.clone(), account(setup))).collect();
        Self { accounts, advisor: None, fills: Vec::new() }
    }

    /// Fills of this account are kept and move nothing.
    pub(crate) fn with_advisor(self, advisor: Option<&str>) -> Self {
        Self { advisor: advisor.map(str::to_owned), ..self }
    }

    /// Every account, by name.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// One account.
    #[must_use]
    pub fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.get(name)
    }

    /// Every fill of the last seven days, oldest first.
    #[must_use]
    pub fn fills(&self) -> &[Fill] {
        &self.fills
    }

    /// A position that was there before the first day. Its price was paid before, too: the cash stays as it is.
    pub(crate) fn open_position(&mut self, account: &str, contract: ContractId, holding: Holding) {
        if let Some(account) = self.accounts.get_mut(account) {
            account.holdings.insert(contract, holding);
        }
    }

    /// A new day begins for every account.
    pub(crate) fn begin_day(&mut self, prices: &impl Prices) {
        for account in self.accounts.values_mut() {
            account.equity_at_day_start = Valuation::of(account, prices).worth.net_liquidation;
            for (contract, holding) in &mut account.holdings {
                if let Some((instrument, mark)) = prices.mark(*contract) {
                    holding.begin_day(mark, instrument.price_factor());
                }
            }
        }
    }

    /// Forgets fills before `time`; what they did to cash and holdings stays.
    pub(crate) fn forget_fills_before(&mut self, time: SimTime) {
        self.fills.retain(|fill| fill.time >= time);
    }

    /// Books a fill and completes it with what it realized. One of the advisor's own account is kept and moves nothing.
    pub(crate) fn book(&mut self, mut fill: Fill, instrument: &Instrument) -> Option<&Fill> {
        if self.advisor.as_ref() == Some(&fill.account) {
            return Some(self.record(fill));
        }
        let account = self.accounts.get_mut(&fill.account)?;
        let quantity = fill.signed_quantity();
        let value = quantity * fill.price * instrument.price_factor();
        let holding = account.holdings.entry(fill.contract).or_default();
        fill.realized = holding.fill(quantity, value, fill.commission);
        match instrument.class() {
            // A future costs nothing; what it earned comes when it is closed. Until then its cost, opening commission
            // included, counts in what is not realized yet.
            Class::Futures => account.pay(&instrument.currency, fill.realized.unwrap_or_default()),
            Class::Stocks | Class::Options => account.pay(&instrument.currency, -(value + fill.commission)),
            Class::Forex => {
                account.pay(&instrument.currency, -(value + fill.commission));
                account.pay(&instrument.symbol, quantity * instrument.factor());
            }
        }
        Some(self.record(fill))
    }

    /// Keeps a fill that moves nothing: what it stands for is booked elsewhere, leg by leg or account by account.
    pub(crate) fn record(&mut self, fill: Fill) -> &Fill {
        self.fills.push(fill);
        let last = self.fills.len() - 1;
        &self.fills[last]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// One instrument at one price; a euro is 1.25 dollars.
    struct Marked<'a>(&'a Instrument, Decimal);

    impl Prices for Marked<'_> {
        fn mark(&self, _: ContractId) -> Option<(&Instrument, Decimal)> {
            Some((self.0, self.1))
        }

        fn rate(&self, currency: &str, base: &str) -> Decimal {
            if currency == base { Decimal::ONE } else { decimal("1.25") }
        }
    }

    fn fill(instrument: &Instrument, side: ExecutionSide, quantity: &str, price: &str, commission: &str) -> Fill {
        Fill {
            execution_id: String::new(),
            time: SimTime(0),
            account: "DU1".into(),
            contract: instrument.contract_id,
            exchange: instrument.exchange.clone(),
            side,
            quantity: decimal(quantity),
            price: decimal(price),
            client: ClientId(1),
            order: OrderId(1),
            permanent_id: PermanentId(1),
            order_reference: String::new(),
            cumulative: decimal(quantity),
            average_price: decimal(price),
            commission: decimal(commission),
            currency: instrument.currency.clone(),
            realized: None,
        }
    }

    fn worth(books: &Books, instrument: &Instrument, mark: &str) -> Worth {
        Valuation::of(books.account("DU1").unwrap(), &Marked(instrument, decimal(mark))).worth
    }

    #[test]
    fn a_future_moves_cash_only_when_it_is_closed() {
        let catalogue = Catalogue::built_in(SimTime(1_381_165_200_000));
        let future = catalogue.by_name("ESZ3").unwrap();
        let mut books = Books::new(&[AccountSetup::new("DU1")]);
        let cash = |books: &Books| books.account("DU1").unwrap().cash_in("USD");
        books.book(fill(future, ExecutionSide::Bought, "2", "5000", "4.50"), future);
        assert_eq!(cash(&books), decimal("1000000"));
        assert_eq!(worth(&books, future, "5001").net_liquidation, decimal("1000095.50"));
        let sold = books.book(fill(future, ExecutionSide::Sold, "2", "5010", "4.50"), future).unwrap();
        assert_eq!(sold.realized, Some(decimal("991")));
        assert_eq!(cash(&books), decimal("1000991"));
        assert_eq!(worth(&books, future, "9000").net_liquidation, decimal("1000991"));
    }

    #[test]
    fn a_currency_pair_moves_both_currencies_and_counts_once() {
        let catalogue = Catalogue::built_in(SimTime(1_381_165_200_000));
        let pair = catalogue.by_name("EUR.USD").unwrap();
        let mut books = Books::new(&[AccountSetup::new("DU1")]);
        books.book(fill(pair, ExecutionSide::Bought, "20000", "1.20", "2"), pair);
        let account = books.account("DU1").unwrap();
        assert_eq!((account.cash_in("EUR"), account.cash_in("USD")), (decimal("20000"), decimal("975998")));
        let worth = worth(&books, pair, "1.25");
        assert_eq!(worth.net_liquidation, decimal("1000998"));
        assert_eq!((worth.unrealized, worth.daily), (decimal("998"), decimal("998")));
        assert_eq!(worth.gross_position_value, Decimal::ZERO);
    }

    #[test]
    fn a_foreign_stock_is_paid_in_its_currency() {
        let stock = Instrument::stock(1, "SAP", "EUR", Decimal::ONE_HUNDRED);
        let mut books = Books::new(&[AccountSetup::new("DU1")]);
        books.book(fill(&stock, ExecutionSide::Bought, "10", "100", "3"), &stock);
        let account = books.account("DU1").unwrap();
        assert_eq!((account.cash_in("EUR"), account.cash_in("USD")), (decimal("-1003"), decimal("1000000")));
        let valuation = Valuation::of(account, &Marked(&stock, decimal("110")));
        assert_eq!(valuation.ledgers["EUR"].net_liquidation(), decimal("97"));
        assert_eq!(valuation.ledgers["EUR"].unrealized, decimal("97"));
        assert_eq!(valuation.worth.net_liquidation, decimal("1000121.25"));
        assert_eq!(valuation.worth.initial_margin, decimal("687.5"));
        assert_eq!(valuation.total().stocks, decimal("1375"));
    }
}
