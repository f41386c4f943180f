//! [`Text`]: the fields of a text body, and [`Short`]: a field of up to seven bytes, read as one machine word.
//!
//! Most fields are short numbers. To find their end, check their digits and add them up byte by byte costs five
//! instructions a byte; on a word all bytes go at once.

use rust_decimal::Decimal;

/// The text fields of a body that are not read yet.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    body: &'a [u8],
    /// What is not read yet: the end of the body.
    rest: &'a [u8],
}

/// What stands at the front of a text, as one machine word whose lowest byte is the first. What it reads is told with its
/// length, so that the next field is found without another look.
#[derive(Clone, Copy, Debug)]
pub struct Short(u64);

/// A word with this byte everywhere.
const fn all(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

impl<'a> Text<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Self {
        Self { body, rest: body }
    }

    /// What is not read yet.
    #[inline(always)]
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// How many fields are not read yet; mostly none.
    #[inline(always)]
    pub(crate) fn trailing_fields(&self) -> usize {
        if self.rest.is_empty() { 0 } else { count_fields(self.rest) }
    }

    /// Whether the next field is there and says nothing.
    #[inline(always)]
    pub(crate) const fn is_empty_field(&self) -> bool {
        matches!(self.rest, [0, ..])
    }

    /// Goes on by so many bytes, which are there.
    #[inline(always)]
    pub(crate) fn skip(&mut self, bytes: usize) {
        debug_assert!(bytes <= self.rest.len());
        if let Some(rest) = self.rest.get(bytes..) {
            self.rest = rest;
        }
    }

    /// What stands at the front.
    #[inline(always)]
    pub(crate) fn short(&self) -> Short {
        Short(match self.rest.first_chunk() {
            Some(word) => u64::from_le_bytes(*word),
            None => self.last_word(),
        })
    }

    /// Goes past a field of so many bytes; `None` where it is not there.
    #[inline(always)]
    pub(crate) fn pass(&mut self, length: usize) -> Option<()> {
        self.rest = self.rest.get(length + 1..)?;
        Some(())
    }

    /// Fewer than eight bytes as a word, filled up with what is no NUL.
    #[inline(always)]
    fn last_word(&self) -> u64 {
        match (self.body.last_chunk(), 8 * self.rest.len() as u32) {
            (Some(last), bits @ 8..64) => u64::from_le_bytes(*last) >> (64 - bits) | u64::MAX << bits,
            _ => last_bytes(self.rest),
        }
    }

    /// Takes one NUL-terminated field off the front, without its NUL; `None` where the NUL is missing.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<&'a [u8]> {
        let length = self.rest.iter().position(|byte| *byte == 0)?;
        let field = self.rest.get(..length);
        self.skip(length + 1);
        field
    }

    /// Goes past a field that is this and nothing else.
    #[inline(always)]
    pub(crate) fn skip_if(&mut self, field: &[u8]) -> Option<()> {
        match self.rest.strip_prefix(field) {
            Some([0, ..]) => {
                self.skip(field.len() + 1);
                Some(())
            }
            _ => None,
        }
    }
}

#[cold]
fn count_fields(rest: &[u8]) -> usize {
    rest.iter().filter(|byte| **byte == 0).count()
}

/// The same for a body that is itself that short.
#[cold]
fn last_bytes(rest: &[u8]) -> u64 {
    rest.iter().rev().fold(u64::MAX, |word, byte| word << 8 | u64::from(*byte))
}

impl Short {
    /// A field of one to seven bytes that has no NUL.
    #[inline(always)]
    pub(crate) fn of(field: &[u8]) -> Option<Self> {
        let length = field.len() as u32;
        Some(Self(match field {
            [_, _, _, _, ..] if length < 8 => {
                let (low, high) = (field.first_chunk()?, field.last_chunk()?);
                u64::from(u32::from_le_bytes(*low)) | u64::from(u32::from_le_bytes(*high)) << (8 * length - 32)
            }
            [first, .., last] if length <= 3 => {
                let middle = field.get(field.len() / 2)?;
                u64::from(*first) | u64::from(*middle) << 8 | u64::from(*last) << (8 * length - 8)
            }
            [only] => u64::from(*only),
            _ => return None,
        }))
    }

    /// Whether the field says nothing.
    #[inline(always)]
    pub(crate) const fn is_empty(self) -> bool {
        self.0 as u8 == 0
    }

    /// One digit and nothing else.
    #[inline(always)]
    const fn digit(self) -> Option<u8> {
        match (self.0 as u16).wrapping_sub(b'0' as u16) {
            digit @ 0..=9 => Some(digit as u8),
            _ => None,
        }
    }

    /// `0` or `1`.
    #[inline(always)]
    pub(crate) fn boolean(self) -> Option<(bool, usize)> {
        match self.digit() {
            Some(digit @ 0..=1) => Some((digit == 1, 1)),
            _ => None,
        }
    }

    /// The bytes before the NUL, as [`word_of`] has those of a known word, and how many they are.
    #[inline(always)]
    pub(crate) const fn word(self) -> Option<(u64, usize)> {
        let ends = self.0.wrapping_sub(all(1)) & !self.0 & all(0x80);
        match ends.trailing_zeros() {
            64 => None,
            end => Some((self.0 & ((1 << (end - 7)) - 1), (end / 8) as usize)),
        }
    }

    /// Text, in UTF-8.
    #[inline(always)]
    pub(crate) fn text(self) -> Option<(String, usize)> {
        let length = self.0.to_le_bytes().iter().position(|byte| *byte == 0)?;
        // The standard library checks aligned text two words at a time, and shorter text byte by byte.
        let padded = Padded(u128::from(self.0 & ((1 << (8 * length)) - 1)).to_le_bytes());
        let text = std::str::from_utf8(&padded.0).ok()?.get(..length)?;
        Some((text.to_owned(), length))
    }

    /// Digits, with a minus in front or without.
    #[inline(always)]
    pub(crate) fn integer(self) -> Option<(i32, usize)> {
        if let Some(digit) = self.digit() {
            return Some((i32::from(digit), 1)); // kinds, counts, flags: most integers
        }
        if self.is_negative() {
            let (magnitude, length) = self.behind_sign().number(false)?;
            return Some(((magnitude.digits as i32).wrapping_neg(), length + 1));
        }
        let (number, length) = self.number(false)?;
        Some((number.digits as i32, length))
    }

    /// Digits with a point among them or without, and a minus in front or without.
    #[inline(always)]
    pub(crate) fn decimal(self) -> Option<(Decimal, usize)> {
        if self.is_negative() {
            let (number, length) = self.behind_sign().number(true)?;
            return Some((Decimal::from_parts(number.digits, 0, 0, number.digits != 0, number.scale), length + 1));
        }
        let (number, length) = self.number(true)?;
        Some((Decimal::from_parts(number.digits, 0, 0, false, number.scale), length))
    }

    #[inline(always)]
    const fn is_negative(self) -> bool {
        self.0 as u8 == b'-'
    }

    #[inline(always)]
    const fn behind_sign(self) -> Self {
        Self(self.0 >> 8 | 0xFF << 56)
    }

    /// One to seven digits, where `pointed` with a point among them or without, up to a NUL.
    #[inline(always)]
    fn number(self, pointed: bool) -> Option<(Number, usize)> {
        let values = self.0 ^ all(b'0');
        // Marks what is no digit; a mark behind one that is not ASCII means nothing.
        let others = (values | values.wrapping_add(all(0x7F - 9))) & all(0x80);
        let first = others.trailing_zeros();
        match self.byte_at(first) {
            0 if first > 7 => Some((Number { digits: value_of(values, first), scale: 0 }, (first / 8) as usize)),
            b'.' if pointed => {
                let last = (others & others.wrapping_sub(1)).trailing_zeros();
                if self.byte_at(last) != 0 || last < 16 {
                    return None;
                }
                // What stands before the point moves up over it; the zero in front does not count.
                let through_point = others ^ others.wrapping_sub(1);
                let digits = (values & through_point >> 8) << 8 | values & !through_point;
                let scale = (last.wrapping_sub(first) / 8).wrapping_sub(1) & 7;
                Some((Number { digits: value_of(digits, last), scale }, (last / 8) as usize))
            }
            _ => None,
        }
    }

    /// The byte in which a mark stands.
    #[inline(always)]
    const fn byte_at(self, mark: u32) -> u8 {
        (self.0 >> (mark & 0x38)) as u8
    }
}

/// What [`Short::word`] makes of a word; of one that is too long what it makes of none.
pub(crate) const fn word_of(word: &str) -> u64 {
    let (bytes, mut value, mut at) = (word.as_bytes(), 0, 0);
    if bytes.len() > 7 {
        return u64::MAX;
    }
    while let Some((first, _)) = bytes.split_at(at).1.split_first() {
        value |= (*first as u64) << (8 * at);
        at += 1;
    }
    value
}

#[repr(align(8))]
struct Padded([u8; 16]);

/// Digits, and how many of them stand behind the point.
struct Number {
    digits: u32,
    scale: u32,
}

/// The number whose digits have these values, up to the byte in which the mark stands; there is at least one.
#[inline(always)]
const fn value_of(values: u64, mark: u32) -> u32 {
    // The last digit goes to the highest byte, and zeros before the first one do not count.
    let digits = values.wrapping_shl(0_u32.wrapping_sub(mark & 0x38));
    // Neighbours are added up: to pairs, and the four pairs by their weights, two at a time.
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let (odd, even) = (pairs & 0xFF_0000_00FF, pairs >> 16 & 0xFF_0000_00FF);
    let sum = odd.wrapping_mul(1_000_000 << 32 | 100).wrapping_add(even.wrapping_mul(10_000 << 32 | 1));
    (sum >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a field of its own, and at every distance from the end of a body.
    fn read<T: PartialEq + std::fmt::Debug>(field: &str, take: impl Fn(Short) -> Option<(T, usize)>) -> Option<T> {
        let alone = Short::of(field.as_bytes()).and_then(&take);
        for behind in 0..10 {
            let body = format!("x\0{field}\0{}", "y".repeat(behind));
            let mut text = Text::new(body.as_bytes());
            text.skip(2);
            assert_eq!(take(text.short()), alone, "{body:?}");
        }
        alone.map(|(value, length)| {
            assert_eq!(length, field.len(), "{field:?}");
            value
        })
    }

    #[test]
    fn fields_that_have_no_end_are_not_short() {
        for body in ["", "1", "1234567", "12345678", "123456789", "1.5", "-1"] {
            let short = Text::new(body.as_bytes()).short();
            assert!(short.decimal().is_none() && short.integer().is_none() && !short.is_empty(), "{body}");
        }
        assert!(Text::new(b"\0").short().is_empty());
    }

    #[test]
    fn what_is_no_number_is_none() {
        for junk in [
            "", "-", ".", "-.", "1.2.3", "1e3", "abc", "+1", " 1", "1 ", "--1", "1-", "1/2", ":", "1\u{e9}", "1.\u{e9}",
        ] {
            assert_eq!(read(junk, Short::decimal), None, "{junk:?}");
            assert_eq!(read(junk, Short::integer), None, "{junk:?}");
        }
        assert_eq!(read("1.5", Short::integer), None);
        assert_eq!(read("12345678", Short::decimal), None);
        assert_eq!((read("0", Short::boolean), read("1", Short::boolean)), (Some(false), Some(true)));
        assert_eq!((read("2", Short::boolean), read("10", Short::boolean)), (None, None));
    }

    proptest::proptest! {
        #[test]
        fn integers_are_what_rust_reads(number in -999_999..=9_999_999_i32, cut in 0..7_u32) {
            let number = number / 10_i32.pow(cut);
            proptest::prop_assert_eq!(read(&number.to_string(), Short::integer), Some(number));
        }

        #[test]
        fn decimals_are_what_rust_decimal_reads(field in "-?[0-9]{0,7}\\.?[0-9]{0,7}") {
            let expected = Decimal::from_str_exact(&field).ok().filter(|_| (1..=7).contains(&field.len()));
            let read = read(&field, Short::decimal);
            proptest::prop_assert_eq!(read, expected, "{}", field);
            proptest::prop_assert_eq!(read.map(|value| value.scale()), expected.map(|value| value.scale()));
        }

        #[test]
        fn no_word_panics(word: [u8; 8]) {
            let field = word.split(|byte| *byte == 0).next().filter(|field| field.len() < 8);
            let expected = field.and_then(|field| std::str::from_utf8(field).ok()?.parse::<i32>().ok());
            let short = Text::new(&word).short();
            let plain = word.first() != Some(&b'+');
            proptest::prop_assert_eq!(short.integer().map(|(value, _)| value), expected.filter(|_| plain));
            let _ = short.decimal();
        }
    }
}
