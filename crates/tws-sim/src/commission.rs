//! [`CommissionSchedule`]: what the broker charges.

use rust_decimal::Decimal;

use crate::instrument::Class;

/// How many digits behind the point amounts of money are kept to. A product of price, size and rate has fewer.
pub(crate) const MONEY_DIGITS: u32 = 8;

/// How one kind of contract is charged, an order as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// So much a share or contract, and at least the minimum for an order that traded at all.
    PerUnit {
        /// For one share or contract.
        rate: Decimal,
        /// For an order.
        minimum: Decimal,
    },
    /// So large a part of the value traded, and at least the minimum.
    OfValue {
        /// Part of the value, 0.00002 for 0.2 basis points.
        rate: Decimal,
        /// For an order.
        minimum: Decimal,
    },
}

impl Rate {
    /// What an order pays that traded `quantity` units for `value` in all.
    #[must_use]
    pub fn total(&self, quantity: Decimal, value: Decimal) -> Decimal {
        if quantity.is_zero() {
            return Decimal::ZERO;
        }
        let (amount, minimum) = match self {
            Self::PerUnit { rate, minimum } => (quantity * *rate, *minimum),
            Self::OfValue { rate, minimum } => (value.abs() * *rate, *minimum),
        };
        amount.round_dp(MONEY_DIGITS).max(minimum)
    }
}

/// What the broker charges for contracts in one currency; every amount is in that currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrencyRate {
    /// Which contracts.
    pub class: Class,
    /// In which currency they are paid.
    pub currency: String,
    /// What is charged.
    pub rate: Rate,
}

/// What the broker charges, by kind of contract. A commission is paid in the currency of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommissionSchedule {
    /// Futures and options on them.
    pub futures: Rate,
    /// Options.
    pub options: Rate,
    /// Currency pairs.
    pub forex: Rate,
    /// Stocks, funds and everything else.
    pub stocks: Rate,
    /// What differs in some currencies; the first that fits counts.
    pub by_currency: Vec<CurrencyRate>,
}

/// So many ten thousandths of the value, and at least the minimum.
fn of_value(basis_points: i64, minimum: i64) -> Rate {
    Rate::OfValue { rate: Decimal::new(basis_points, 4), minimum: minimum.into() }
}

impl Default for CommissionSchedule {
    /// 0.005 a share and at least 1.00; 0.65 an option and at least 1.00; 2.25 a future; 0.2 basis points of a currency
    /// pair's value and at least 2.00. Stocks in other currencies than dollars cost 5 or 8 basis points of their value
    /// and at least what IB takes in that currency; a pair paid in yen costs at least 300.
    fn default() -> Self {
        let stocks = |currency: &str, rate| CurrencyRate { class: Class::Stocks, currency: currency.to_owned(), rate };
        let pair_in_yen = Rate::OfValue { rate: Decimal::new(2, 5), minimum: Decimal::from(300) };
        let by_currency = vec![
            stocks("EUR", of_value(5, 3)),
            stocks("GBP", of_value(5, 3)),
            stocks("CHF", of_value(5, 5)),
            stocks("JPY", of_value(8, 80)),
            stocks("AUD", of_value(8, 6)),
            stocks("HKD", of_value(8, 18)),
            stocks("CAD", Rate::PerUnit { rate: Decimal::new(1, 2), minimum: Decimal::ONE }),
            CurrencyRate { class: Class::Forex, currency: "JPY".to_owned(), rate: pair_in_yen },
        ];
        Self {
            by_currency,
            futures: Rate::PerUnit { rate: Decimal::new(225, 2), minimum: Decimal::ZERO },
            options: Rate::PerUnit { rate: Decimal::new(65, 2), minimum: Decimal::ONE },
            forex: Rate::OfValue { rate: Decimal::new(2, 5), minimum: Decimal::TWO },
            stocks: Rate::PerUnit { rate: Decimal::new(5, 3), minimum: Decimal::ONE },
        }
    }
}

impl CommissionSchedule {
    /// One rate for all kinds of contracts in all currencies.
    #[must_use]
    pub const fn flat(rate: Rate) -> Self {
        Self { futures: rate, options: rate, forex: rate, stocks: rate, by_currency: Vec::new() }
    }

    /// How this kind of contract is charged where it is paid in this currency.
    #[must_use]
    pub fn rate_in(&self, class: Class, currency: &str) -> &Rate {
        let fits = |row: &&CurrencyRate| row.class == class && row.currency == currency;
        self.by_currency.iter().find(fits).map_or_else(|| self.rate(class), |row| &row.rate)
    }

    /// How this kind of contract is charged where nothing is said of its currency.
    #[must_use]
    pub const fn rate(&self, class: Class) -> &Rate {
        match class {
            Class::Stocks => &self.stocks,
            Class::Options => &self.options,
            Class::Futures => &self.futures,
            Class::Forex => &self.forex,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(class: Class, quantity: i64, value: i64, expected: &str) {
        check_in("USD", class, quantity, value, expected);
    }

    #[track_caller]
    fn check_in(currency: &str, class: Class, quantity: i64, value: i64, expected: &str) {
        let total = CommissionSchedule::default().rate_in(class, currency).total(quantity.into(), value.into());
        assert_eq!(total, expected.parse::<Decimal>().unwrap());
    }

    #[test]
    fn other_currencies_have_rates_and_minimums_of_their_own() {
        check_in("EUR", Class::Stocks, 10, 1000, "3");
        check_in("EUR", Class::Stocks, 1000, 100_000, "50");
        check_in("JPY", Class::Stocks, 100, 50_000, "80");
        check_in("CAD", Class::Stocks, 200, 5000, "2");
        check_in("EUR", Class::Futures, 2, 500_000, "4.5");
        check_in("JPY", Class::Forex, 20_000, 3_000_000, "300");
        check_in("SEK", Class::Stocks, 100, 50_000, "1");
    }

    #[test]
    fn an_order_is_charged_as_a_whole() {
        check(Class::Stocks, 0, 0, "0");
        check(Class::Stocks, 100, 18_190, "1");
        check(Class::Stocks, 200, 36_380, "1");
        check(Class::Stocks, 1000, 181_900, "5");
        check(Class::Futures, 2, 586_525, "4.5");
        check(Class::Options, 1, 640, "1");
        check(Class::Options, 10, 6400, "6.5");
        check(Class::Forex, 20_000, 27_745, "2");
        check(Class::Forex, 1_000_000, 1_387_250, "27.745");
    }
}
