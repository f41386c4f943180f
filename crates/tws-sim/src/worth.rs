//! [`Worth`]: what an account is worth, by currency and in its base currency, and how much of it is tied up.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use tws_proto::ids::ContractId;
use tws_proto::kinds::SecurityType;

use crate::books::Account;
use crate::instrument::{Class, Instrument};

/// What things cost at one moment.
pub(crate) trait Prices {
    /// An instrument and the price it is valued at.
    fn mark(&self, contract: ContractId) -> Option<(&Instrument, Decimal)>;
    /// What one unit of `currency` is worth in `base`.
    fn rate(&self, currency: &str, base: &str) -> Decimal;
}

/// What an account is worth and how much of it is tied up, in its base currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Worth {
    /// Cash and positions.
    pub net_liquidation: Decimal,
    /// Cash alone, of all currencies.
    pub cash: Decimal,
    /// Absolute value of all positions; neither futures nor currencies count.
    pub gross_position_value: Decimal,
    /// What positions would earn at the marks.
    pub unrealized: Decimal,
    /// What closed trades earned.
    pub realized: Decimal,
    /// What trades that were closed today earned.
    pub realized_today: Decimal,
    /// What was earned since the day began.
    pub daily: Decimal,
    /// Margin to open.
    pub initial_margin: Decimal,
    /// Margin to hold.
    pub maintenance_margin: Decimal,
    /// What of the initial margin futures tie up.
    pub initial_margin_of_futures: Decimal,
    /// What of the maintenance margin futures tie up.
    pub maintenance_margin_of_futures: Decimal,
}

/// What an account has in one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// What one unit is worth in the base currency.
    pub rate: Decimal,
    /// Cash.
    pub cash: Decimal,
    /// Stocks, and what has no place of its own here.
    pub stocks: Decimal,
    /// Options.
    pub options: Decimal,
    /// Bonds.
    pub bonds: Decimal,
    /// Treasury bills.
    pub bills: Decimal,
    /// Mutual funds.
    pub funds: Decimal,
    /// Warrants and structured products.
    pub warrants: Decimal,
    /// Cryptocurrencies.
    pub crypto: Decimal,
    /// What futures and options on them would earn; they cost nothing.
    pub futures: Decimal,
    /// What positions would earn at the marks.
    pub unrealized: Decimal,
    /// What closed trades earned.
    pub realized: Decimal,
    /// What trades that were closed today earned.
    pub realized_today: Decimal,
    /// What was earned since the day began.
    pub daily: Decimal,
}

impl Ledger {
    /// Cash and positions.
    #[must_use]
    pub fn net_liquidation(&self) -> Decimal {
        let Self { cash, stocks, options, bonds, bills, funds, warrants, crypto, futures, .. } = self;
        cash + stocks + options + bonds + bills + funds + warrants + crypto + futures
    }

    /// The same in the base currency.
    #[must_use]
    pub fn in_base(&self) -> Self {
        let rate = self.rate;
        Self {
            rate: Decimal::ONE,
            cash: self.cash * rate,
            stocks: self.stocks * rate,
            options: self.options * rate,
            bonds: self.bonds * rate,
            bills: self.bills * rate,
            funds: self.funds * rate,
            warrants: self.warrants * rate,
            crypto: self.crypto * rate,
            futures: self.futures * rate,
            unrealized: self.unrealized * rate,
            realized: self.realized * rate,
            realized_today: self.realized_today * rate,
            daily: self.daily * rate,
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.cash += other.cash;
        self.stocks += other.stocks;
        self.options += other.options;
        self.bonds += other.bonds;
        self.bills += other.bills;
        self.funds += other.funds;
        self.warrants += other.warrants;
        self.crypto += other.crypto;
        self.futures += other.futures;
        self.unrealized += other.unrealized;
        self.realized += other.realized;
        self.realized_today += other.realized_today;
        self.daily += other.daily;
    }

    /// Where the value of an instrument is counted; nowhere, where the cash already says it.
    fn place(&mut self, instrument: &Instrument) -> Option<&mut Decimal> {
        Some(match (&instrument.security_type, instrument.class()) {
            (_, Class::Forex | Class::Futures) => return None,
            (SecurityType::Bond, _) => &mut self.bonds,
            (SecurityType::Bill, _) => &mut self.bills,
            (SecurityType::Fund, _) => &mut self.funds,
            (SecurityType::Crypto, _) => &mut self.crypto,
            (SecurityType::Warrant | SecurityType::StructuredProduct, _) => &mut self.warrants,
            (_, Class::Options) => &mut self.options,
            (_, Class::Stocks) => &mut self.stocks,
        })
    }
}

/// The margins that positions tie up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Margin {
    /// To open.
    pub initial: Decimal,
    /// To hold.
    pub maintenance: Decimal,
}

impl Margin {
    /// Of a position of this value: a half and a quarter of it; of futures and currencies 10 and 8 percent.
    #[must_use]
    pub fn of(class: Class, value: Decimal) -> Self {
        let (initial, maintenance) = match class {
            Class::Futures | Class::Forex => (Decimal::new(10, 2), Decimal::new(8, 2)),
            Class::Stocks | Class::Options => (Decimal::new(50, 2), Decimal::new(25, 2)),
        };
        let part = |rate: Decimal| (value.abs() * rate).round_dp(2);
        Self { initial: part(initial), maintenance: part(maintenance) }
    }
}

/// An account at one moment: its worth, and its ledgers by currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Valuation {
    /// In the base currency.
    pub worth: Worth,
    /// By currency, each in its own; the base currency is always there.
    pub ledgers: BTreeMap<String, Ledger>,
}

impl Valuation {
    /// All ledgers together, in the base currency.
    #[must_use]
    pub fn total(&self) -> Ledger {
        let mut total = Ledger { rate: Decimal::ONE, ..Ledger::default() };
        self.ledgers.values().for_each(|ledger| total.add(&ledger.in_base()));
        total
    }

    pub(crate) fn of(account: &Account, prices: &impl Prices) -> Self {
        let base = account.base_currency.as_str();
        let mut ledgers = BTreeMap::from([(base.to_owned(), Ledger::default())]);
        for (currency, cash) in &account.cash {
            ledgers.entry(currency.clone()).or_default().cash = *cash;
        }
        let mut worth = Worth::default();
        for (contract, holding) in &account.holdings {
            let Some((instrument, mark)) = prices.mark(*contract) else { continue };
            let rate = prices.rate(&instrument.currency, base);
            if !ledgers.contains_key(&instrument.currency) {
                ledgers.insert(instrument.currency.clone(), Ledger::default());
            }
            let Some(ledger) = ledgers.get_mut(&instrument.currency) else { continue };
            let factor = instrument.price_factor();
            let (value, unrealized) = (holding.value(mark, factor), holding.unrealized(mark, factor));
            match ledger.place(instrument) {
                Some(place) => {
                    *place += value;
                    worth.gross_position_value += value.abs() * rate;
                }
                None if instrument.class() == Class::Futures => ledger.futures += unrealized,
                None => {}
            }
            ledger.unrealized += unrealized;
            ledger.realized += holding.realized;
            ledger.realized_today += holding.today.realized;
            ledger.daily += holding.daily(mark, factor);
            let margin = Margin::of(instrument.class(), value * rate);
            worth.initial_margin += margin.initial;
            worth.maintenance_margin += margin.maintenance;
            if instrument.class() == Class::Futures {
                worth.initial_margin_of_futures += margin.initial;
                worth.maintenance_margin_of_futures += margin.maintenance;
            }
        }
        for (currency, ledger) in &mut ledgers {
            ledger.rate = prices.rate(currency, base);
        }
        let mut valuation = Self { worth, ledgers };
        let total = valuation.total();
        valuation.worth.net_liquidation = total.net_liquidation();
        valuation.worth.cash = total.cash;
        valuation.worth.unrealized = total.unrealized;
        valuation.worth.realized = total.realized;
        valuation.worth.realized_today = total.realized_today;
        valuation.worth.daily = total.daily;
        valuation
    }
}
