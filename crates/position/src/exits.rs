//! Where to take a loss or a profit: prices of exit orders, as pure functions.
//!
//! Prices are rounded to the instrument's tick in the careful direction: a stop towards the entry, so that it never
//! loses more than was asked for, a target away from it, so that it never gains less.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use tws_proto::Side;

/// How far from a price an exit lies; positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distance {
    /// In units of the price.
    Price(Decimal),
    /// In percent of the price (of its size, where it is negative).
    Percent(Decimal),
}

/// Why there is no such exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExitError {
    /// The tick is zero or negative.
    #[error("the tick {0} is not positive")]
    TickNotPositive(Decimal),
    /// The distance is zero or negative.
    #[error("the distance {0} is not positive")]
    DistanceNotPositive(Decimal),
    /// The stop would lie at the entry: the distance is less than a tick.
    #[error("the distance {distance} leaves no tick of {tick} between stop and entry")]
    DistanceBelowTick {
        /// In units of the price.
        distance: Decimal,
        /// What was given.
        tick: Decimal,
    },
    /// A price or distance is beyond what a decimal holds.
    #[error("a price or distance is beyond what a decimal holds")]
    OutOfRange,
}

/// Price of the stop that limits the loss of a position entered on this side.
///
/// ```
/// use position::{Side, exits::{Distance, stop_loss}};
/// use rust_decimal::Decimal;
/// let (entry, tick) = (Decimal::new(181_53, 2), Decimal::new(1, 2));
/// assert_eq!(stop_loss(Side::Buy, entry, Distance::Percent(Decimal::TWO), tick), Ok(Decimal::new(177_90, 2)));
/// ```
///
/// # Errors
/// Where tick or distance are not positive, or no tick lies between.
pub fn stop_loss(entered: Side, entry: Decimal, distance: Distance, tick: Decimal) -> Result<Decimal, ExitError> {
    let distance = distance.at(entry)?;
    let exact = entry.checked_sub(entered.signed(distance)).ok_or(ExitError::OutOfRange)?;
    let stop = match entered {
        Side::Buy => to_tick(exact, tick, RoundingStrategy::ToPositiveInfinity)?,
        Side::Sell => to_tick(exact, tick, RoundingStrategy::ToNegativeInfinity)?,
    };
    let protects = match entered {
        Side::Buy => stop < entry,
        Side::Sell => stop > entry,
    };
    if protects { Ok(stop) } else { Err(ExitError::DistanceBelowTick { distance, tick }) }
}

/// Price of the limit that takes the profit of a position entered on this side.
///
/// # Errors
/// Where tick or distance are not positive.
pub fn take_profit(entered: Side, entry: Decimal, distance: Distance, tick: Decimal) -> Result<Decimal, ExitError> {
    let distance = distance.at(entry)?;
    let exact = entry.checked_add(entered.signed(distance)).ok_or(ExitError::OutOfRange)?;
    match entered {
        Side::Buy => to_tick(exact, tick, RoundingStrategy::ToPositiveInfinity),
        Side::Sell => to_tick(exact, tick, RoundingStrategy::ToNegativeInfinity),
    }
}

/// The stop after the market moved to `price`: it follows, and never moves back from `stop`.
///
/// # Errors
/// As [`stop_loss`].
pub fn trailing_stop(
    entered: Side,
    stop: Decimal,
    price: Decimal,
    distance: Distance,
    tick: Decimal,
) -> Result<Decimal, ExitError> {
    let follows = stop_loss(entered, price, distance, tick)?;
    Ok(match entered {
        Side::Buy => stop.max(follows),
        Side::Sell => stop.min(follows),
    })
}

/// Whether a price touches the stop of a position entered on this side.
#[must_use]
pub fn stop_is_touched(entered: Side, stop: Decimal, price: Decimal) -> bool {
    match entered {
        Side::Buy => price <= stop,
        Side::Sell => price >= stop,
    }
}

impl Distance {
    fn at(self, price: Decimal) -> Result<Decimal, ExitError> {
        let (given, distance) = match self {
            Self::Price(distance) => (distance, Some(distance)),
            Self::Percent(percent) => (percent, price.abs().checked_mul(percent)),
        };
        if given <= Decimal::ZERO {
            return Err(ExitError::DistanceNotPositive(given));
        }
        let distance = distance.ok_or(ExitError::OutOfRange)?;
        Ok(match self {
            Self::Price(_) => distance,
            Self::Percent(_) => distance / Decimal::ONE_HUNDRED, // smaller, so it fits
        })
    }
}

fn to_tick(price: Decimal, tick: Decimal, rounding: RoundingStrategy) -> Result<Decimal, ExitError> {
    if tick <= Decimal::ZERO {
        return Err(ExitError::TickNotPositive(tick));
    }
    let ticks = price.checked_div(tick).ok_or(ExitError::OutOfRange)?;
    let rounded = ticks.round_dp_with_strategy(0, rounding);
    rounded.checked_mul(tick).ok_or(ExitError::OutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Every text in these tests is a literal number.
    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(side: Side, entry: &str, distance: Distance, tick: &str, stop: &str, target: &str) {
        let (entry, tick) = (decimal(entry), decimal(tick));
        assert_eq!(stop_loss(side, entry, distance, tick), Ok(decimal(stop)), "stop");
        assert_eq!(take_profit(side, entry, distance, tick), Ok(decimal(target)), "target");
    }

    #[test]
    fn exits_lie_on_ticks_in_the_careful_direction() {
        let price = |text| Distance::Price(decimal(text));
        let percent = |text| Distance::Percent(decimal(text));
        check(Side::Buy, "100", price("1.5"), "0.01", "98.5", "101.5");
        check(Side::Sell, "100", price("1.5"), "0.01", "101.5", "98.5");
        check(Side::Buy, "100", price("1.6"), "0.25", "98.5", "101.75");
        check(Side::Sell, "100", price("1.6"), "0.25", "101.5", "98.25");
        check(Side::Buy, "181.53", percent("2"), "0.01", "177.9", "185.17");
        check(Side::Sell, "181.53", percent("2"), "0.01", "185.16", "177.89");
        check(Side::Buy, "-10", percent("10"), "0.5", "-11", "-9");
    }

    #[test]
    fn senseless_exits_are_refused() {
        let (hundred, tick) = (decimal("100"), decimal("0.25"));
        let stop = |distance, tick| stop_loss(Side::Buy, hundred, distance, tick);
        assert_eq!(stop(Distance::Price(Decimal::ZERO), tick), Err(ExitError::DistanceNotPositive(Decimal::ZERO)));
        let minus = Decimal::NEGATIVE_ONE;
        assert_eq!(stop(Distance::Percent(minus), tick), Err(ExitError::DistanceNotPositive(minus)));
        assert_eq!(stop(Distance::Price(Decimal::ONE), minus), Err(ExitError::TickNotPositive(minus)));
        let distance = decimal("0.2");
        assert_eq!(stop(Distance::Price(distance), tick), Err(ExitError::DistanceBelowTick { distance, tick }));
        assert_eq!(stop(Distance::Percent(Decimal::MAX), tick), Err(ExitError::OutOfRange));
    }

    #[test]
    fn a_trailing_stop_follows_and_never_goes_back() {
        let trail = |side, stop, price| {
            trailing_stop(side, decimal(stop), decimal(price), Distance::Price(decimal("2")), decimal("0.5")).unwrap() // sound values
        };
        assert_eq!(trail(Side::Buy, "98", "103"), decimal("101"));
        assert_eq!(trail(Side::Buy, "101", "99"), decimal("101"));
        assert_eq!(trail(Side::Sell, "102", "97"), decimal("99"));
        assert_eq!(trail(Side::Sell, "99", "101"), decimal("99"));
        assert!(stop_is_touched(Side::Buy, decimal("98"), decimal("98")));
        assert!(!stop_is_touched(Side::Buy, decimal("98"), decimal("98.01")));
        assert!(stop_is_touched(Side::Sell, decimal("98"), decimal("98")));
        assert!(!stop_is_touched(Side::Sell, decimal("98"), decimal("97.99")));
    }
}
