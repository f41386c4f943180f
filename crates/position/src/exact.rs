//! Decimal arithmetic that is exact or says that it is not. `rust_decimal` itself rounds what does not fit.

use rust_decimal::Decimal;

/// The product, or `None` where a decimal cannot hold all its digits.
pub(crate) fn multiply(left: Decimal, right: Decimal) -> Option<Decimal> {
    let (left, right) = (left.normalize(), right.normalize());
    let product = left.mantissa().checked_mul(right.mantissa())?;
    assemble(product, left.scale() + right.scale())
}

/// The quotient, or `None` where a decimal cannot hold all its digits.
pub(crate) fn divide(left: Decimal, right: Decimal) -> Option<Decimal> {
    let quotient = left.checked_div(right)?.normalize();
    (multiply(quotient, right)? == left).then_some(quotient)
}

/// The sum, or `None` where a decimal cannot hold all its digits.
pub(crate) fn add(left: Decimal, right: Decimal) -> Option<Decimal> {
    let scale = left.scale().max(right.scale());
    let widened = |value: Decimal| value.mantissa().checked_mul(10_i128.checked_pow(scale - value.scale())?);
    assemble(widened(left)?.checked_add(widened(right)?)?, scale)
}

/// The difference, or `None` where a decimal cannot hold all its digits.
pub(crate) fn subtract(left: Decimal, right: Decimal) -> Option<Decimal> {
    add(left, -right)
}

/// A decimal of these digits; trailing zeros go, so that equal amounts look equal and room is left.
fn assemble(mut mantissa: i128, mut scale: u32) -> Option<Decimal> {
    while scale > 0 && mantissa % 10 == 0 {
        mantissa /= 10;
        scale -= 1;
    }
    Decimal::try_from_i128_with_scale(mantissa, scale).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(operation: fn(Decimal, Decimal) -> Option<Decimal>, left: &str, right: &str, expected: Option<&str>) {
        // The texts are the literals of the tests below.
        let decimal = |text: &str| text.parse::<Decimal>().unwrap();
        assert_eq!(operation(decimal(left), decimal(right)).map(|value| value.to_string()).as_deref(), expected);
    }

    #[test]
    fn what_fits_is_exact_and_what_does_not_is_refused() {
        check(multiply, "100.00", "181.50", Some("18150"));
        check(multiply, "-3", "0.1", Some("-0.3"));
        check(multiply, "0.00000001", "0.00000001", Some("0.0000000000000001"));
        check(multiply, "0.1234567890123456", "0.1234567890123456", None);
        check(multiply, "79228162514264337593543950335", "10", None);
        check(divide, "5000", "100", Some("50"));
        check(divide, "1", "100", Some("0.01"));
        check(divide, "1", "3", None);
        check(divide, "1", "0", None);
        check(multiply, "79228162514264337593543950335", "0.1", Some("7922816251426433759354395033.5"));
        check(add, "0.10", "0.20", Some("0.3"));
        check(add, "79228162514264337593543950335", "1", None);
        check(add, "1e-28".replace("1e-28", "0.0000000000000000000000000001").as_str(), "10", None);
        check(subtract, "10", "10.0", Some("0"));
    }
}
