//! Exact decimals out of text and doubles, and back.

use bytes::{BufMut, BytesMut};
use rust_decimal::Decimal;

use crate::error::{Excerpt, Fault};
use crate::grammar::digits;

/// Ten to the power of the index; every entry is exact as a double.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];
/// Integers up to here are exact as doubles.
const MANTISSA_MAX: f64 = 9_007_199_254_740_992.0;
/// Numbers up to here have no more than 15 digits when they are counted in cents, and none of them stands for "unset".
const CENTS_MAX: f64 = 2_147_483_646.0;
/// 2^52: a double of this size counts by ones.
const WHOLE: f64 = WHOLE_BITS as f64;
const WHOLE_BITS: u64 = 1 << 52;
/// Any decimal with fewer than these is one double, and that double is no other decimal of so few digits.
const FIFTEEN_DIGITS: u64 = 1_000_000_000_000_000;

/// Reads a number in any spelling that TWS or its clients use; `None` for a value that stands for "unset":
/// the maximum of a double, an integer or a decimal, or a number that is not finite.
pub(crate) fn from_text(field: &[u8]) -> Result<Option<Decimal>, Fault> {
    match plain(field) {
        Some((value, [])) => Ok(Some(value)),
        _ => from_odd(field),
    }
}

/// The common case: an optional sign, up to 18 digits, an optional point among them, and no value that stands for
/// "unset". Gives what follows, too.
#[inline]
fn plain(text: &[u8]) -> Option<(Decimal, &[u8])> {
    let (negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let mut after = unsigned;
    let mut mantissa = digits(&mut after, 0);
    let mut scale = 0;
    let mut digit_count = unsigned.len() - after.len();
    if let [b'.', fraction @ ..] = after {
        after = fraction;
        mantissa = digits(&mut after, mantissa);
        scale = fraction.len() - after.len();
        digit_count += scale;
    }
    if !matches!(digit_count, 1..=18) {
        return None;
    }
    let low = (mantissa & 0xFFFF_FFFF) as u32;
    let middle = (mantissa >> 32) as u32;
    let value = Decimal::from_parts(low, middle, 0, negative && mantissa != 0, scale as u32);
    if is_unset(value) { None } else { Some((value, after)) }
}

/// Everything else: exponents, many digits, sentinels, words.
#[cold]
fn from_odd(field: &[u8]) -> Result<Option<Decimal>, Fault> {
    let not_a_number = || Fault::NotANumber(Excerpt::of(field));
    let text = std::str::from_utf8(field).map_err(|_| not_a_number())?;
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if ["nan", "inf", "infinity"].iter().any(|word| unsigned.eq_ignore_ascii_case(word)) {
        return Ok(None);
    }
    let (digits, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().map_err(|_| not_a_number())?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = || whole.bytes().chain(fraction.bytes());
    if all().next().is_none() || !all().all(|byte| byte.is_ascii_digit()) {
        return Err(not_a_number());
    }
    if exponent >= 300 {
        return Ok(None); // the maximum of a double, in whichever spelling
    }
    let mut scale = i64::try_from(fraction.len()).unwrap_or(i64::MAX).saturating_sub(i64::from(exponent));
    let mut mantissa = 0_i128;
    let mut zeros_pending = 0_u32; // trailing zeros are kept back: they may not matter
    let too_many = || Fault::TooManyDigits(Excerpt::of(field));
    for byte in all() {
        if byte == b'0' && mantissa != 0 {
            zeros_pending += 1;
            continue;
        }
        if byte == b'0' {
            continue;
        }
        let shift = 10_i128.checked_pow(zeros_pending + 1).ok_or_else(too_many)?;
        mantissa = mantissa.checked_mul(shift).ok_or_else(too_many)? + i128::from(byte - b'0');
        zeros_pending = 0;
        if mantissa > i128::MAX / 100 {
            // 39 digits: only the decimal sentinel is this long and still means something.
            return if is_unset_text(unsigned) { Ok(None) } else { Err(too_many()) };
        }
    }
    if mantissa == 0 {
        return Ok(Some(Decimal::ZERO));
    }
    scale = scale.saturating_sub(i64::from(zeros_pending));
    while scale < 0 {
        mantissa = mantissa.checked_mul(10).ok_or_else(too_many)?;
        scale += 1;
    }
    if scale > DOUBLE_DECIMALS && exponent < 0 {
        // The spelling of a double whose last digits are its own noise, such as a sum that should be zero. To lose the
        // message for them would be worse than to round far below any price.
        let noise = u32::try_from(scale - DOUBLE_DECIMALS).ok().and_then(|digits| 10_i128.checked_pow(digits));
        mantissa = noise.map_or(0, |noise| (mantissa + noise / 2) / noise);
        scale = DOUBLE_DECIMALS;
        if mantissa == 0 {
            return Ok(Some(Decimal::ZERO));
        }
    }
    if text.starts_with('-') {
        mantissa = -mantissa;
    }
    let scale = u32::try_from(scale).map_err(|_| too_many())?;
    let value = Decimal::try_from_i128_with_scale(mantissa, scale).map_err(|_| too_many())?;
    Ok(if is_unset(value) { None } else { Some(value) })
}

/// Decimal places that a number with a negative exponent keeps; digits written out in full are kept or refused.
const DOUBLE_DECIMALS: i64 = 28;

fn is_unset_text(digits: &str) -> bool {
    digits == "170141183460469231731687303715884105727"
}

/// Whether a number is taken for "unset" in one of the two forms, which tell `5.0` and `5` apart or not.
#[inline]
pub(crate) fn stands_for_unset(value: Decimal) -> bool {
    value.abs() >= Decimal::from_parts(2_147_483_647, 0, 0, false, 0) && is_unset(value.normalize())
}

/// The integers that IB's clients and servers write for "unset" in a decimal field.
#[inline(always)]
fn is_unset(value: Decimal) -> bool {
    let parts = value.unpack();
    let magnitude = u64::from(parts.mid) << 32 | u64::from(parts.lo);
    magnitude >= 2_147_483_647
        && parts.scale == 0
        && parts.hi == 0
        && (magnitude == 9_223_372_036_854_775_807
            || magnitude == 9_223_372_036_854_775_808
            || (magnitude == 2_147_483_647 && !parts.negative))
}

/// The shortest decimal that is this double; `None` for "unset" and for what is not finite.
#[inline]
pub(crate) fn from_double(double: f64) -> Result<Option<Decimal>, Fault> {
    match from_whole_cents(double) {
        Some(value) => Ok(Some(value)),
        None if !double.is_finite() || double == f64::MAX => Ok(None),
        None => from_any_double(double, double.abs()),
    }
}

/// As [`from_double`], for what is a number of cents; `None` where it has to look. Most prices are whole cents.
#[inline(always)]
pub(crate) fn from_whole_cents(double: f64) -> Option<Decimal> {
    let magnitude = double.abs();
    if magnitude > CENTS_MAX {
        return None;
    }
    // Within 15 digits no two decimals are the same double, so the shortest is this one without its trailing zeros.
    // Beyond 2^52 doubles are whole numbers: a sum that gets there is rounded, and its mantissa is the number.
    let cents = magnitude * 100.0 + WHOLE;
    if (cents - WHOLE) / 100.0 != magnitude {
        return None; // NaN, too
    }
    Some(from_cents(cents.to_bits() & (WHOLE_BITS - 1), double < 0.0))
}

/// A number of cents, without trailing zeros behind the point.
#[inline(always)]
fn from_cents(cents: u64, negative: bool) -> Decimal {
    let (mantissa, scale) = match cents {
        _ if cents.is_multiple_of(100) => (cents / 100, 0),
        _ if cents.is_multiple_of(10) => (cents / 10, 1),
        _ => (cents, 2),
    };
    Decimal::from_parts((mantissa & 0xFFFF_FFFF) as u32, (mantissa >> 32) as u32, 0, negative, scale)
}

fn from_any_double(double: f64, magnitude: f64) -> Result<Option<Decimal>, Fault> {
    // The integers that stand for "unset" do so as doubles, too; that of a long is rounded to a power of two.
    if double == 2_147_483_647.0 || magnitude == 9_223_372_036_854_775_808.0 {
        return Ok(None);
    }
    for (power, scale) in POWERS.iter().zip(0_u32..) {
        let scaled = magnitude * power;
        if scaled > MANTISSA_MAX {
            break;
        }
        let mantissa = scaled.round();
        // Both sides are exact, so the division rounds once: equality means that this decimal reads as this double.
        if mantissa / power == magnitude {
            let mantissa = mantissa as u64;
            let negative = double < 0.0; // false for -0.0
            return Ok(Some(Decimal::from_parts(
                (mantissa & 0xFFFF_FFFF) as u32,
                (mantissa >> 32) as u32,
                0,
                negative,
                scale,
            )));
        }
    }
    from_odd(format!("{double:e}").as_bytes())
}

/// The double that reads back as exactly this decimal.
pub(crate) fn to_double(value: Decimal) -> Result<f64, Fault> {
    let parts = value.unpack();
    let mantissa = u64::from(parts.mid) << 32 | u64::from(parts.lo);
    match POWERS.get(parts.scale as usize) {
        Some(power) if parts.hi == 0 && mantissa < FIFTEEN_DIGITS => {
            let magnitude = mantissa as f64 / power;
            Ok(if parts.negative && mantissa != 0 { -magnitude } else { magnitude })
        }
        _ => long_to_double(value),
    }
}

/// More digits than every double can tell apart.
fn long_to_double(value: Decimal) -> Result<f64, Fault> {
    let value = value.normalize();
    let mantissa = value.mantissa();
    let quick = match (i64::try_from(mantissa), POWERS.get(value.scale() as usize)) {
        (Ok(mantissa), Some(power)) if mantissa.unsigned_abs() < 1 << 53 => mantissa as f64 / power,
        _ => value.to_string().parse::<f64>().map_err(|_| Fault::NotExact)?,
    };
    match from_double(quick) {
        Ok(Some(back)) if back == value => Ok(quick),
        _ => Err(Fault::NotExact),
    }
}

/// Writes the digits of a decimal, every one that it has.
pub(crate) fn put(value: Decimal, out: &mut BytesMut) {
    let parts = value.unpack();
    if parts.hi != 0 || parts.scale > 19 || (parts.negative && value.is_zero()) {
        return crate::value::put_display(&value, out);
    }
    let mut left = u64::from(parts.mid) << 32 | u64::from(parts.lo);
    // From the right: up to 19 digits behind the point, the point, up to 20 before it, the sign.
    let mut text = [0_u8; 41];
    let mut start = text.len();
    let mut places = text.iter_mut().rev();
    let mut put = |byte| {
        if let Some(place) = places.next() {
            *place = byte;
            start -= 1;
        }
    };
    for _ in 0..parts.scale {
        put(b'0' + (left % 10) as u8);
        left /= 10;
    }
    if parts.scale > 0 {
        put(b'.');
    }
    loop {
        put(b'0' + (left % 10) as u8);
        left /= 10;
        if left == 0 {
            break;
        }
    }
    if parts.negative {
        put(b'-');
    }
    out.put_slice(text.get(start..).unwrap_or(&text));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::Text;
    use crate::value::Value;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let read = from_text(text.as_bytes()).map(|value| value.map(|value| value.to_string()));
        assert_eq!(read, Ok(expected.map(str::to_owned)), "{text}");
    }

    #[test]
    fn numbers_keep_every_digit() {
        check("0", Some("0"));
        check("-0", Some("0"));
        check("181.25", Some("181.25"));
        check("-13.50", Some("-13.50"));
        check(".5", Some("0.5"));
        check("5.", Some("5"));
        check("1e-07", Some("0.0000001"));
        check("1.0E-7", Some("0.0000001"));
        check("1E+3", Some("1000"));
        check("+7", Some("7"));
        check("0.1234567890123456789012345678", Some("0.1234567890123456789012345678"));
        check("1000000000000000000000", Some("1000000000000000000000"));
    }

    #[test]
    fn the_noise_of_a_double_costs_no_message() {
        check("1.4210854715202004E-14", Some("0.0000000000000142108547152020"));
        check("-4.9E-324", Some("0"));
        check("1e-40", Some("0"));
        let read = from_double(1.421_085_471_520_200_4e-14).map(|value| value.map(|value| value.to_string()));
        assert_eq!(read, Ok(Some("0.0000000000000142108547152020".to_owned())));
        assert_eq!(from_double(f64::MIN_POSITIVE), Ok(Some(Decimal::ZERO)));
    }

    #[test]
    fn unset_values_are_none() {
        for text in [
            "2147483647",
            "9223372036854775807",
            "-9223372036854775808",
            "1.7976931348623157E308",
            "1.7976931348623157e+308",
            "170141183460469231731687303715884105727",
            "NaN",
            "-NaN",
            "Infinity",
            "-Infinity",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn junk_is_a_fault() {
        for text in ["abc", "1.2.3", ".", "-", "1e", "--1", "1,5", "0x10", " 1", "1e99999999999"] {
            assert!(matches!(from_text(text.as_bytes()), Err(Fault::NotANumber(_))), "{text}");
        }
        let thirty = "1.23456789012345678901234567890123";
        assert!(matches!(from_text(thirty.as_bytes()), Err(Fault::TooManyDigits(_))));
        assert!(matches!(from_text(format!("0.{:040}", 1).as_bytes()), Err(Fault::TooManyDigits(_))));
        assert!(matches!(from_text(b"1e40"), Err(Fault::TooManyDigits(_))));
    }

    #[test]
    fn doubles_are_their_shortest_decimal() {
        for (double, text) in
            [(0.1, "0.1"), (181.25, "181.25"), (1e-7, "0.0000001"), (-2.5, "-2.5"), (1e15, "1000000000000000")]
        {
            let value = from_double(double).unwrap().unwrap();
            assert_eq!(value.to_string(), text);
            assert_eq!(to_double(value), Ok(double));
        }
        for unset in [f64::MAX, f64::NAN, f64::NEG_INFINITY, 2_147_483_647.0, i64::MAX as f64, i64::MIN as f64] {
            assert_eq!(from_double(unset), Ok(None), "{unset}");
        }
        assert_eq!(from_double(-2_147_483_647.0), Ok(Some((-2_147_483_647_i64).into())));
        assert_eq!(from_double(2_147_483_646.01).unwrap().unwrap().to_string(), "2147483646.01");
        assert_eq!(to_double("0.1234567890123456789012345678".parse().unwrap()), Err(Fault::NotExact));
    }

    proptest::proptest! {
        #[test]
        fn what_fifteen_digits_say_survives_a_double(mantissa in -999_999_999_999_999_i64..=999_999_999_999_999, scale in 0_u32..=15) {
            let value = Decimal::new(mantissa, scale);
            let double = to_double(value).unwrap();
            proptest::prop_assert_eq!(double, value.to_string().parse::<f64>().unwrap());
            proptest::prop_assert_eq!(from_double(double).unwrap().unwrap(), value);
        }

        #[test]
        fn whole_cents_are_as_short_as_any_double(mantissa in 0_u64..FIFTEEN_DIGITS, power in 0_usize..=15, few in 0_u64..1_000_000) {
            for double in [mantissa as f64 / POWERS[power], few as f64 / POWERS[power % 4]] {
                // Rust prints the shortest digits that read back as the same double.
                let shortest = format!("{double:e}");
                let value = from_double(double);
                proptest::prop_assert_eq!(&value, &from_odd(shortest.as_bytes()), "{}", shortest);
                let scales = value.map(|value| value.map(|value| (value.scale(), value.normalize().scale())));
                proptest::prop_assert!(matches!(scales, Ok(Some((scale, least))) if scale == least), "{}", shortest);
            }
        }

        #[test]
        fn digits_are_written_as_rust_decimal_writes_them(mantissa: i128, cut in 0_u32..128, scale in 0_u32..=28) {
            let Ok(value) = Decimal::try_from_i128_with_scale(mantissa >> cut, scale) else { return Ok(()) };
            let mut out = BytesMut::new();
            put(value, &mut out);
            proptest::prop_assert_eq!(out.escape_ascii().to_string(), value.to_string());
        }

        #[test]
        fn one_look_and_two_read_the_same(field in "-?[0-9]{0,20}(\\.[0-9]{0,20})?") {
            let body = format!("{field}\0next");
            let mut text = Text::new(body.as_bytes());
            if let Some(value) = <Decimal as Value>::take_short(&mut text) {
                let expected = if field.is_empty() { None } else { Some(value) };
                proptest::prop_assert_eq!(from_text(field.as_bytes()).ok().flatten(), expected);
                proptest::prop_assert_eq!(text.rest(), &b"next"[..]);
            }
        }

        #[test]
        fn no_text_panics(field: Vec<u8>) {
            let _ = from_text(&field);
        }

        #[test]
        fn no_double_panics(bits: u64) {
            let _ = from_double(f64::from_bits(bits));
        }
    }
}
