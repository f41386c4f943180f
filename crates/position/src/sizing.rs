//! How much to trade, as pure functions. Quantities are rounded down to the instrument's size increment, never up.

use rust_decimal::Decimal;
use thiserror::Error;

/// Why there is no such quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SizingError {
    /// A number that must be positive is not.
    #[error("the {input} is {value}; it must be positive")]
    NotPositive {
        /// Which one.
        input: Input,
        /// What was given.
        value: Decimal,
    },
    /// Entry and stop are the same price: nothing would be at risk.
    #[error("entry and stop are the same price, {0}")]
    NoDistance(Decimal),
    /// What was asked for does not pay for one increment. Trade nothing, or allow more.
    #[error("not enough for one increment of {increment}")]
    BelowIncrement {
        /// The smallest quantity that trades.
        increment: Decimal,
    },
    /// A number is beyond what a decimal holds.
    #[error("a number is beyond what a decimal holds")]
    OutOfRange,
}

/// A number that sizing starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// The quantity asked for.
    Quantity,
    /// The money to spend.
    Money,
    /// The account's worth.
    Equity,
    /// The percentage of it to risk.
    Percent,
    /// The price.
    Price,
    /// The multiplier.
    Multiplier,
    /// The size increment.
    Increment,
}

impl std::fmt::Display for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Quantity => "quantity",
            Self::Money => "money",
            Self::Equity => "equity",
            Self::Percent => "percentage",
            Self::Price => "price",
            Self::Multiplier => "multiplier",
            Self::Increment => "size increment",
        })
    }
}

/// A quantity as it is, in whole increments.
///
/// # Errors
/// Where a number is not positive or the quantity is less than an increment.
pub fn fixed_quantity(quantity: Decimal, increment: Decimal) -> Result<Decimal, SizingError> {
    positive(Input::Quantity, quantity)?;
    affordable(quantity, Decimal::ONE, increment)
}

/// As much as this money buys at this price.
///
/// # Errors
/// Where a number is not positive or the money does not pay for an increment.
pub fn fixed_money(
    money: Decimal,
    price: Decimal,
    multiplier: Decimal,
    increment: Decimal,
) -> Result<Decimal, SizingError> {
    positive(Input::Money, money)?;
    positive(Input::Price, price)?;
    positive(Input::Multiplier, multiplier)?;
    let each = price.checked_mul(multiplier).ok_or(SizingError::OutOfRange)?;
    affordable(money, each, increment)
}

/// What [`equity_at_risk`] starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EquityAtRisk {
    /// What the account is worth, in the currency of the instrument.
    pub equity: Decimal,
    /// How many percent of it may be lost at the stop.
    pub percent: Decimal,
    /// Price of the entry.
    pub entry: Decimal,
    /// Price of the stop, on either side of the entry.
    pub stop: Decimal,
    /// Money for one unit at a price of one.
    pub multiplier: Decimal,
    /// Smallest step of the quantity.
    pub increment: Decimal,
}

/// As much as loses no more than a part of the equity if the stop is filled at its price.
///
/// ```
/// use position::sizing::{EquityAtRisk, equity_at_risk};
/// use rust_decimal::Decimal;
/// let quantity = equity_at_risk(EquityAtRisk {
///     equity: Decimal::from(50_000),
///     percent: Decimal::ONE,
///     entry: Decimal::new(181_50, 2),
///     stop: Decimal::new(178_50, 2),
///     multiplier: Decimal::ONE,
///     increment: Decimal::ONE,
/// });
/// assert_eq!(quantity, Ok(Decimal::from(166))); // 500 at 3 a share
/// ```
///
/// # Errors
/// Where a number is not positive, the stop is at the entry, or the risk does not pay for an increment.
pub fn equity_at_risk(asked: EquityAtRisk) -> Result<Decimal, SizingError> {
    let EquityAtRisk { equity, percent, entry, stop, multiplier, increment } = asked;
    positive(Input::Equity, equity)?;
    positive(Input::Percent, percent)?;
    positive(Input::Multiplier, multiplier)?;
    let distance = entry.checked_sub(stop).ok_or(SizingError::OutOfRange)?.abs();
    if distance.is_zero() {
        return Err(SizingError::NoDistance(entry));
    }
    // Both sides times a hundred, so that the percentage needs no division.
    let risk = equity.checked_mul(percent).ok_or(SizingError::OutOfRange)?;
    let each = distance.checked_mul(multiplier).and_then(|each| each.checked_mul(Decimal::ONE_HUNDRED));
    affordable(risk, each.ok_or(SizingError::OutOfRange)?, increment)
}

/// The most whole increments that `money` pays for at `each` a unit.
fn affordable(money: Decimal, each: Decimal, increment: Decimal) -> Result<Decimal, SizingError> {
    positive(Input::Increment, increment)?;
    let step = each.checked_mul(increment).ok_or(SizingError::OutOfRange)?;
    let mut steps = money.checked_div(step).ok_or(SizingError::OutOfRange)?.floor();
    // A quotient like 2.99... can have been rounded up to 3 in its last digit.
    if steps.checked_mul(step).ok_or(SizingError::OutOfRange)? > money {
        steps -= Decimal::ONE;
    }
    if steps.is_zero() {
        return Err(SizingError::BelowIncrement { increment });
    }
    Ok(steps.checked_mul(increment).ok_or(SizingError::OutOfRange)?.normalize())
}

fn positive(input: Input, value: Decimal) -> Result<(), SizingError> {
    if value > Decimal::ZERO { Ok(()) } else { Err(SizingError::NotPositive { input, value }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Every text in these tests is a literal number.
    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(result: Result<Decimal, SizingError>, expected: &str) {
        assert_eq!(
            result.map_err(|error| error.to_string()).map(|quantity| quantity.to_string()),
            Ok(expected.to_owned())
        );
    }

    #[test]
    fn quantities_are_rounded_down() {
        let d = decimal;
        check(fixed_quantity(d("100"), d("1")), "100");
        check(fixed_quantity(d("100.9"), d("1")), "100");
        check(fixed_quantity(d("199"), d("100")), "100");
        check(fixed_quantity(d("0.12345"), d("0.0001")), "0.1234");
        check(fixed_money(d("10000"), d("181.50"), d("1"), d("1")), "55");
        check(fixed_money(d("10000"), d("1"), d("1"), d("3")), "9999");
        check(fixed_money(d("10000"), d("4.55"), d("100"), d("1")), "21");
        check(fixed_money(d("1"), d("3"), d("1"), d("0.1")), "0.3");
        let risk = |percent, stop| {
            equity_at_risk(EquityAtRisk {
                equity: d("50000"),
                percent: d(percent),
                entry: d("100"),
                stop: d(stop),
                multiplier: d("1"),
                increment: d("1"),
            })
        };
        check(risk("1", "98"), "250");
        check(risk("1", "102"), "250");
        check(risk("0.5", "97"), "83");
        assert_eq!(risk("1", "100"), Err(SizingError::NoDistance(d("100"))));
        assert_eq!(risk("0", "98"), Err(SizingError::NotPositive { input: Input::Percent, value: d("0") }));
        assert_eq!(risk("0.0001", "98"), Err(SizingError::BelowIncrement { increment: d("1") }));
        assert_eq!(risk("79228162514264337593543950335", "98"), Err(SizingError::OutOfRange));
    }

    #[test]
    fn the_cost_never_exceeds_the_money() {
        // Thirds do not end: whatever the last digit rounds to, three of them must not cost more than there is.
        for money in 1..200_u32 {
            for price in 1..40_u32 {
                let (money, price) = (Decimal::from(money), Decimal::from(price) / Decimal::from(7));
                if let Ok(quantity) = fixed_money(money, price, Decimal::ONE, Decimal::ONE) {
                    assert!(quantity * price <= money, "{quantity} at {price} for {money}");
                }
            }
        }
    }
}
