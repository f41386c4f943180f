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

/// What the broker charges, by kind of contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommissionSchedule {
    /// Futures and options on them.
    pub futures: Rate,
    /// Options.
    pub options: Rate,
    /// Currency pairs.
    pub forex: Rate,
    /// Stocks, funds and everything else.
    pub stocks: Rate,
}

impl Default for CommissionSchedule {
    /// 0.005 a share and at least 1.00; 0.65 an option and at least 1.00; 2.25 a future; 0.2 basis points of a currency
    /// pair's value and at least 2.00.
    fn default() -> Self {
        Self {
            futures: Rate::PerUnit { rate: Decimal::new(225, 2), minimum: Decimal::ZERO },
            options: Rate::PerUnit { rate: Decimal::new(65, 2), minimum: Decimal::ONE },
            forex: Rate::OfValue { rate: Decimal::new(2, 5), minimum: Decimal::TWO },
            stocks: Rate::PerUnit { rate: Decimal::new(5, 3), minimum: Decimal::ONE },
        }
    }
}

impl CommissionSchedule {
    /// One rate for all kinds of contracts.
    #[must_use]
    pub const fn flat(rate: Rate) -> Self {
        Self { futures: rate, options: rate, forex: rate, stocks: rate }
    }

    /// How this kind of contract is charged.
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
        let total = CommissionSchedule::default().rate(class).total(quantity.into(), value.into());
        assert_eq!(total, expected.parse::<Decimal>().unwrap());
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
