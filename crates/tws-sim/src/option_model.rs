//! [`OptionTerms`]: what the Black-Scholes model makes of an option, and which volatility a price stands for.
//!
//! The model is written here, some hundred lines, because no package of it fits: those on crates.io bring a linear algebra
//! library and the system's randomness, or compute with the system's mathematics, whose last bits differ from machine to
//! machine. With `libm` the same seed gives the same option prices everywhere. Options are valued as European ones with a
//! continuous dividend yield. Volatilities and what follows from them are no money: they are doubles, as on the wire.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// What is taken as given about all options.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OptionModel {
    /// Interest, a year; 0.04 is 4 %.
    pub rate: f64,
    /// Dividends of the underlying, a year, as a share of its price.
    pub dividend_yield: f64,
    /// Volatility where an option's first price does not tell one, a year.
    pub volatility: f64,
}

impl Default for OptionModel {
    fn default() -> Self {
        Self { rate: 0.04, dividend_yield: 0.005, volatility: 0.25 }
    }
}

/// Volatilities that an option may have.
const VOLATILITY: (f64, f64) = (1e-4, 10.0);

/// One option at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OptionTerms {
    /// Whether it calls.
    pub is_call: bool,
    /// Price at which it is exercised; above 0.
    pub strike: f64,
    /// Time to its end; 0 or less after it.
    pub years: f64,
    /// Interest, a year.
    pub rate: f64,
    /// Dividends of the underlying, a year, as a share of its price.
    pub dividend_yield: f64,
}

/// What the model makes of an option.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Valuation {
    /// Of one unit of the underlying.
    pub price: f64,
    /// Change of the price with that of the underlying.
    pub delta: f64,
    /// Change of delta with that of the underlying.
    pub gamma: f64,
    /// Change of the price with one percent of volatility.
    pub vega: f64,
    /// Change of the price with one day.
    pub theta: f64,
}

impl OptionTerms {
    /// Values the option at a price of the underlying and a volatility, both above 0. After its end it is worth what
    /// exercising it brings.
    #[must_use]
    pub fn value(&self, underlying: f64, volatility: f64) -> Valuation {
        let Self { is_call, strike, years, rate, dividend_yield } = *self;
        let side = if is_call { 1.0 } else { -1.0 };
        if years <= 0.0 || underlying <= 0.0 || strike <= 0.0 || volatility <= 0.0 {
            let inside = side * (underlying - strike);
            return Valuation {
                price: inside.max(0.0),
                delta: if inside > 0.0 { side } else { 0.0 },
                ..Valuation::default()
            };
        }
        let root = libm::sqrt(years);
        let wide = volatility * root;
        let d1 =
            (libm::log(underlying / strike) + (rate - dividend_yield + volatility * volatility / 2.0) * years) / wide;
        let d2 = d1 - wide;
        let (kept, paid) = (libm::exp(-dividend_yield * years), libm::exp(-rate * years));
        let density = libm::exp(-d1 * d1 / 2.0) / libm::sqrt(2.0 * PI);
        let (n1, n2) = (normal(side * d1), normal(side * d2));
        let decay = -underlying * kept * density * volatility / (2.0 * root)
            + side * (dividend_yield * underlying * kept * n1 - rate * strike * paid * n2);
        Valuation {
            price: (side * (underlying * kept * n1 - strike * paid * n2)).max(0.0),
            delta: side * kept * n1,
            gamma: kept * density / (underlying * wide),
            vega: underlying * kept * density * root / 100.0,
            theta: decay / 365.0,
        }
    }

    /// The volatility at which the option is worth `price`; `None` where none is.
    #[must_use]
    pub fn implied_volatility(&self, underlying: f64, price: f64) -> Option<f64> {
        if !(underlying > 0.0 && price > 0.0 && self.years > 0.0 && self.strike > 0.0) {
            return None;
        }
        let (mut low, mut high) = VOLATILITY;
        if self.value(underlying, low).price > price || self.value(underlying, high).price < price {
            return None;
        }
        // Newton's steps, halved where they leave the bracket: the price rises with volatility, so one is found.
        let mut guess = 0.3;
        for _ in 0..100 {
            let value = self.value(underlying, guess);
            let miss = value.price - price;
            if miss.abs() < 1e-9 || high - low < 1e-12 {
                break;
            }
            if miss > 0.0 {
                high = guess
            } else {
                low = guess
            }
            let step = guess - miss / (value.vega * 100.0);
            guess = if step > low && step < high { step } else { (low + high) / 2.0 };
        }
        // Where time value is less than a rounding error, any volatility would do: that is no answer.
        (self.value(underlying, guess).vega > 1e-9).then_some(guess)
    }

    /// What the dividends until its end are worth today, for one unit of the underlying.
    #[must_use]
    pub fn present_value_of_dividends(&self, underlying: f64) -> f64 {
        if self.years <= 0.0 { 0.0 } else { underlying * (1.0 - libm::exp(-self.dividend_yield * self.years)) }
    }
}

/// The share of a normal distribution below `x`.
fn normal(x: f64) -> f64 {
    libm::erfc(-x * FRAC_1_SQRT_2) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: OptionTerms =
        OptionTerms { is_call: true, strike: 100.0, years: 1.0, rate: 0.05, dividend_yield: 0.0 };

    fn near(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-4
    }

    #[test]
    fn values_are_those_of_the_textbook() {
        let call = TERMS.value(100.0, 0.2);
        assert!(near(call.price, 10.4506) && near(call.delta, 0.6368) && near(call.gamma, 0.018762), "{call:?}");
        assert!(near(call.vega, 0.375240) && near(call.theta, -6.4140 / 365.0), "{call:?}");
        let put = OptionTerms { is_call: false, ..TERMS }.value(100.0, 0.2);
        assert!(near(put.price, 5.5735) && near(put.delta, -0.3632) && near(put.theta, -1.6579 / 365.0), "{put:?}");
        let over = OptionTerms { years: 0.0, ..TERMS }.value(103.0, 0.2);
        assert_eq!((over.price, over.delta), (3.0, 1.0));
    }

    #[test]
    fn calls_and_puts_keep_their_parity() {
        for (underlying, years) in [(80.0, 0.1), (100.0, 0.5), (140.0, 2.0)] {
            let call = OptionTerms { years, dividend_yield: 0.02, ..TERMS };
            let put = OptionTerms { is_call: false, ..call };
            let difference = call.value(underlying, 0.3).price - put.value(underlying, 0.3).price;
            let forward = underlying * libm::exp(-0.02 * years) - 100.0 * libm::exp(-0.05 * years);
            assert!(near(difference, forward), "{difference} {forward}");
        }
    }

    #[test]
    fn a_price_tells_its_volatility() {
        for volatility in [0.05, 0.2, 0.8, 3.0] {
            for underlying in [85.0, 100.0, 130.0] {
                let price = TERMS.value(underlying, volatility).price;
                let Some(found) = TERMS.implied_volatility(underlying, price) else {
                    assert!(volatility < 0.1, "{underlying} {volatility}");
                    continue;
                };
                assert!(near(found, volatility) || near(TERMS.value(underlying, found).price, price));
            }
        }
        for impossible in [0.0, -1.0, 4.0, 101.0, f64::NAN, f64::INFINITY] {
            assert_eq!(TERMS.implied_volatility(100.0, impossible), None, "{impossible}");
        }
    }
}
