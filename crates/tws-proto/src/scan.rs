//! [`Text`]: the fields of a text body, and [`Short`]: a field of up to eight bytes, read as one machine word.
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

/// A field of up to eight bytes.
#[derive(Clone, Copy, Debug)]
pub struct Short {
    /// The first byte is the lowest; what stands behind the last one means nothing.
    word: u64,
    length: u32,
}

/// A word with this byte everywhere.
const fn all(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Marks the first byte of `word` that is zero by its highest bit; bits above that one mean nothing.
#[inline(always)]
const fn first_zero(word: u64) -> u64 {
    word.wrapping_sub(all(1)) & !word & all(0x80)
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

    /// The next field where it has at most seven bytes.
    #[inline(always)]
    pub(crate) fn short(&self) -> Option<Short> {
        let word = match self.rest.first_chunk() {
            Some(word) => u64::from_le_bytes(*word),
            None => self.last_word(),
        };
        match first_zero(word) {
            0 => None,
            nul => Some(Short { word, length: nul.trailing_zeros() / 8 }),
        }
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

/// The same for a body that is itself that short.
#[cold]
fn last_bytes(rest: &[u8]) -> u64 {
    rest.iter().rev().fold(u64::MAX, |word, byte| word << 8 | u64::from(*byte))
}

impl Short {
    /// A field without a NUL.
    #[inline(always)]
    pub(crate) fn of(field: &[u8]) -> Option<Self> {
        let length = field.len() as u32;
        let word = match field {
            [_, _, _, _, ..] if length <= 8 => {
                let (low, high) = (field.first_chunk()?, field.last_chunk()?);
                u64::from(u32::from_le_bytes(*low)) | u64::from(u32::from_le_bytes(*high)) << (8 * length - 32)
            }
            [first, .., last] if length <= 3 => {
                let middle = field.get(field.len() / 2)?;
                u64::from(*first) | u64::from(*middle) << 8 | u64::from(*last) << (8 * length - 8)
            }
            [only] => u64::from(*only),
            _ => return None,
        };
        Some(Self { word, length })
    }

    /// How many bytes it has.
    #[inline(always)]
    pub(crate) const fn len(self) -> usize {
        self.length as usize
    }

    /// `0` or `1`.
    #[inline(always)]
    pub(crate) fn boolean(self) -> Option<bool> {
        match (self.word as u8, self.length) {
            (b'0', 1) => Some(false),
            (b'1', 1) => Some(true),
            _ => None,
        }
    }

    /// Digits, with a minus in front or without.
    #[inline(always)]
    pub(crate) fn integer(self) -> Option<i32> {
        if let (digit @ b'0'..=b'9', 1) = (self.word as u8, self.length) {
            return Some(i32::from(digit - b'0')); // kinds, counts, flags: most integers
        }
        match self.magnitude() {
            Some(magnitude) => Some(-(magnitude.digits()? as i32)),
            None => Some(self.digits()? as i32),
        }
    }

    /// Digits with a point among them or without, and a minus in front or without.
    #[inline(always)]
    pub(crate) fn decimal(self) -> Option<Decimal> {
        match self.magnitude() {
            Some(magnitude) => {
                let mut value = magnitude.unsigned_decimal()?;
                value.set_sign_negative(!value.is_zero());
                Some(value)
            }
            None => self.unsigned_decimal(),
        }
    }

    #[inline(always)]
    fn unsigned_decimal(self) -> Option<Decimal> {
        let Self { word, length } = self;
        let point = first_zero(word ^ all(b'.')).trailing_zeros() / 8;
        let (digits, scale) = if point < length {
            let before = (1 << (8 * point)) - 1;
            (Self { word: word & before | word >> 8 & !before, length: length - 1 }, length - 1 - point)
        } else {
            (Self { word, length }, 0)
        };
        Some(Decimal::from_parts(digits.digits()?, 0, 0, false, scale))
    }

    /// What stands behind a minus, where there is one.
    #[inline(always)]
    fn magnitude(self) -> Option<Self> {
        if self.word as u8 == b'-' && self.length > 0 {
            Some(Self { word: self.word >> 8, length: self.length - 1 })
        } else {
            None
        }
    }

    /// One to eight digits and nothing else.
    #[inline(always)]
    fn digits(self) -> Option<u32> {
        if self.length == 0 {
            return None;
        }
        // The last digit goes to the highest byte, and zeros before the first one do not count.
        let unused = 64 - 8 * self.length;
        let digits = (self.word << unused).wrapping_sub(all(b'0') << unused);
        // Whatever is no digit has, or gets, its highest bit.
        if (digits | digits.wrapping_add(all(0x7F - 9))) & all(0x80) != 0 {
            return None;
        }
        // Neighbours are added up: to pairs, and the four pairs by their weights, two at a time.
        let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
        let (odd, even) = (pairs & 0xFF_0000_00FF, pairs >> 16 & 0xFF_0000_00FF);
        let sum = odd.wrapping_mul(1_000_000 << 32 | 100).wrapping_add(even.wrapping_mul(10_000 << 32 | 1));
        Some((sum >> 32) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a field of its own, and at every distance from the end of a body.
    fn read<T: PartialEq + std::fmt::Debug>(field: &str, take: impl Fn(Short) -> Option<T>) -> Option<T> {
        let alone = Short::of(field.as_bytes()).and_then(&take);
        for behind in 0..10 {
            let body = format!("x\0{field}\0{}", "y".repeat(behind));
            let mut text = Text::new(body.as_bytes());
            text.skip(2);
            let inside = text.short().filter(|short| short.len() == field.len()).and_then(&take);
            assert_eq!(inside, if field.len() < 8 { read_alone(field, &take) } else { None }, "{body:?}");
        }
        alone
    }

    fn read_alone<T>(field: &str, take: impl Fn(Short) -> Option<T>) -> Option<T> {
        Short::of(field.as_bytes()).and_then(take)
    }

    #[test]
    fn fields_that_have_no_end_are_not_short() {
        for body in ["", "1", "1234567", "12345678", "123456789"] {
            assert!(Text::new(body.as_bytes()).short().is_none(), "{body}");
        }
        assert_eq!(Text::new(b"\0").short().map(Short::len), Some(0));
    }

    #[test]
    fn what_is_no_number_is_none() {
        for junk in ["", "-", ".", "-.", "1.2.3", "1e3", "abc", "+1", " 1", "1 ", "--1", "1-", "1/2", ":", "1\u{e9}"] {
            assert_eq!(read(junk, Short::decimal), None, "{junk:?}");
            assert_eq!(read(junk, Short::integer), None, "{junk:?}");
        }
        assert_eq!(read("1.5", Short::integer), None);
        assert_eq!(read("123456789", Short::decimal), None);
        assert_eq!((read("0", Short::boolean), read("1", Short::boolean)), (Some(false), Some(true)));
        assert_eq!((read("2", Short::boolean), read("10", Short::boolean)), (None, None));
    }

    proptest::proptest! {
        #[test]
        fn integers_are_what_rust_reads(number in -9_999_999..=99_999_999_i32, cut in 0..8_u32) {
            let number = number / 10_i32.pow(cut);
            proptest::prop_assert_eq!(read(&number.to_string(), Short::integer), Some(number));
        }

        #[test]
        fn decimals_are_what_rust_decimal_reads(field in "-?[0-9]{0,7}\\.?[0-9]{0,7}") {
            let expected = Decimal::from_str_exact(&field).ok().filter(|_| (1..=8).contains(&field.len()));
            let read = read(&field, Short::decimal);
            proptest::prop_assert_eq!(read, expected, "{}", field);
            proptest::prop_assert_eq!(read.map(|value| value.scale()), expected.map(|value| value.scale()));
        }

        #[test]
        fn no_word_panics(word: [u8; 8], length in 0..=8_usize) {
            let field = &word[..length];
            let expected = std::str::from_utf8(field).ok().and_then(|text| text.parse::<i32>().ok());
            let short = Short::of(field);
            let plain = field.first() != Some(&b'+');
            proptest::prop_assert_eq!(short.and_then(Short::integer), expected.filter(|_| plain));
            let _ = short.and_then(Short::decimal);
        }
    }
}
