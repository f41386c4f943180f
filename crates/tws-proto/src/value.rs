//! Scalars: one field's worth of meaning, and how it is spelled in both forms.

use bytes::{BufMut, BytesMut};
use rust_decimal::Decimal;

use crate::decimal;
use crate::error::{Excerpt, Fault};
use crate::protobuf::{self, Raw};
use crate::scan::{Short, Text};

/// A value that fills exactly one field and knows both its spellings.
///
/// Readers return `None` for a value that stands for "unset" (a maximum, a number that is not finite): where the field
/// is an [`Option`] it becomes `None`, elsewhere it is a fault. So sentinels end here.
pub trait Scalar: Sized {
    /// What an empty or absent field means; `None` where silence is a fault.
    #[must_use]
    fn silence() -> Option<Self> {
        None
    }

    /// Whether the value says nothing, so that a form without a place for it loses nothing.
    fn is_silent(&self) -> bool {
        false
    }

    /// Whether the value is a number that readers take for "unset", so that writing it would drop it.
    fn stands_for_unset(&self) -> bool {
        false
    }

    /// What stands for "unset" where the text form writes a maximum instead of nothing.
    const MAXIMUM: &'static [u8] = b"";

    /// Whether a form without a place for the value may leave it out, because it only repeats what other fields say.
    const DISPENSABLE: bool = false;

    /// The wire type that its protobuf field has as a rule; another one is found too, only slower.
    const WIRE_TYPE: u8 = protobuf::BYTES;

    /// Reads a text field that is not empty.
    fn from_text(field: &[u8]) -> Result<Option<Self>, Fault>;
    /// Reads a short text field that is not empty, where it is spelled plainly, and tells its length; `None` where
    /// [`Scalar::from_text`] has to look.
    #[inline(always)]
    #[must_use]
    fn from_short(_: Short) -> Option<(Self, usize)> {
        None
    }
    /// Writes a text field without its NUL.
    fn to_text(&self, out: &mut BytesMut) -> Result<(), Fault>;
    /// Reads a protobuf field.
    fn from_protobuf(raw: Raw<'_>) -> Result<Option<Self>, Fault>;
    /// Reads a protobuf field that comes as it does mostly; `None` where [`Scalar::from_protobuf`] has to look.
    #[inline(always)]
    #[must_use]
    fn from_plain_protobuf(raw: Raw<'_>) -> Option<Self> {
        Self::from_protobuf(raw).ok().flatten()
    }
    /// Writes a protobuf field.
    fn to_protobuf(&self, tag: u32, out: &mut BytesMut) -> Result<(), Fault>;
}

/// A scalar, or the absence of one.
pub trait Value: Sized {
    /// What an empty or absent field means; `None` where silence is a fault.
    #[must_use]
    fn silence() -> Option<Self>;
    /// Whether the value says nothing.
    fn is_silent(&self) -> bool;
    /// Whether the value says something that readers take for nothing.
    fn stands_for_unset(&self) -> bool;
    /// What stands for "unset" where the text form writes a maximum instead of nothing.
    const MAXIMUM: &'static [u8];
    /// Whether a form without a place for the value may leave it out.
    const DISPENSABLE: bool;
    /// The wire type that its protobuf field has as a rule.
    const WIRE_TYPE: u8;
    /// Reads a text field, empty or not.
    fn read_text(field: &[u8]) -> Result<Self, Fault>;
    /// Takes a text field off the front of `text` that is empty, or short and spelled plainly; `None`, and nothing
    /// taken, where the field has to be split off and given to [`Value::read_text`].
    #[must_use]
    fn take_short(text: &mut Text<'_>) -> Option<Self>;
    /// Writes a text field without its NUL.
    fn write_text(&self, out: &mut BytesMut) -> Result<(), Fault>;
    /// Reads a protobuf field that is present.
    fn read_protobuf(raw: Raw<'_>) -> Result<Self, Fault>;
    /// Reads a protobuf field that comes as it does mostly; `None` where [`Value::read_protobuf`] has to look.
    #[must_use]
    fn read_plain_protobuf(raw: Raw<'_>) -> Option<Self>;
    /// Writes a protobuf field, or nothing where the value is silent.
    fn write_protobuf(&self, tag: u32, out: &mut BytesMut) -> Result<(), Fault>;
}

impl<T: Scalar> Value for T {
    const MAXIMUM: &'static [u8] = T::MAXIMUM;
    const DISPENSABLE: bool = T::DISPENSABLE;
    const WIRE_TYPE: u8 = T::WIRE_TYPE;

    fn silence() -> Option<Self> {
        T::silence()
    }

    #[inline]
    fn is_silent(&self) -> bool {
        T::is_silent(self)
    }

    #[inline]
    fn stands_for_unset(&self) -> bool {
        T::stands_for_unset(self)
    }

    #[inline]
    fn read_text(field: &[u8]) -> Result<Self, Fault> {
        if field.is_empty() {
            return T::silence().ok_or(Fault::Missing);
        }
        T::from_text(field)?.ok_or(Fault::Missing)
    }

    #[inline(always)]
    fn take_short(text: &mut Text<'_>) -> Option<Self> {
        let short = text.short();
        let (value, length) = if short.is_empty() { (T::silence()?, 0) } else { T::from_short(short)? };
        text.pass(length)?;
        Some(value)
    }

    #[inline]
    fn write_text(&self, out: &mut BytesMut) -> Result<(), Fault> {
        self.to_text(out)
    }

    #[inline]
    fn read_protobuf(raw: Raw<'_>) -> Result<Self, Fault> {
        T::from_protobuf(raw)?.ok_or(Fault::Missing)
    }

    #[inline(always)]
    fn read_plain_protobuf(raw: Raw<'_>) -> Option<Self> {
        T::from_plain_protobuf(raw)
    }

    #[inline]
    fn write_protobuf(&self, tag: u32, out: &mut BytesMut) -> Result<(), Fault> {
        if T::is_silent(self) { Ok(()) } else { self.to_protobuf(tag, out) }
    }
}

impl<T: Scalar> Value for Option<T> {
    const MAXIMUM: &'static [u8] = T::MAXIMUM;
    const DISPENSABLE: bool = T::DISPENSABLE;
    const WIRE_TYPE: u8 = T::WIRE_TYPE;

    fn silence() -> Option<Self> {
        Some(None)
    }

    #[inline]
    fn is_silent(&self) -> bool {
        self.is_none()
    }

    #[inline]
    fn stands_for_unset(&self) -> bool {
        self.as_ref().is_some_and(T::stands_for_unset)
    }

    #[inline]
    fn read_text(field: &[u8]) -> Result<Self, Fault> {
        if field.is_empty() || field == T::MAXIMUM { Ok(None) } else { T::from_text(field) }
    }

    #[inline(always)]
    fn take_short(text: &mut Text<'_>) -> Option<Self> {
        let short = text.short();
        if short.is_empty() {
            return text.pass(0).map(|()| None);
        }
        let (value, length) = T::from_short(short)?;
        text.pass(length)?;
        Some(Some(value))
    }

    #[inline]
    fn write_text(&self, out: &mut BytesMut) -> Result<(), Fault> {
        self.as_ref().map_or(Ok(()), |value| value.to_text(out))
    }

    #[inline]
    fn read_protobuf(raw: Raw<'_>) -> Result<Self, Fault> {
        T::from_protobuf(raw)
    }

    #[inline(always)]
    fn read_plain_protobuf(raw: Raw<'_>) -> Option<Self> {
        T::from_plain_protobuf(raw).map(Some)
    }

    #[inline]
    fn write_protobuf(&self, tag: u32, out: &mut BytesMut) -> Result<(), Fault> {
        self.as_ref().map_or(Ok(()), |value| value.to_protobuf(tag, out))
    }
}

impl Scalar for String {
    fn silence() -> Option<Self> {
        Some(Self::new())
    }

    fn is_silent(&self) -> bool {
        self.is_empty()
    }

    #[inline(always)]
    fn from_short(short: Short) -> Option<(Self, usize)> {
        short.text()
    }

    fn from_text(field: &[u8]) -> Result<Option<Self>, Fault> {
        Ok(Some(to_string(field)))
    }

    fn to_text(&self, out: &mut BytesMut) -> Result<(), Fault> {
        put_text(self, out)
    }

    fn from_protobuf(raw: Raw<'_>) -> Result<Option<Self>, Fault> {
        Ok(Some(to_string(bytes(raw)?)))
    }

    fn to_protobuf(&self, tag: u32, out: &mut BytesMut) -> Result<(), Fault> {
        protobuf::put_bytes_field(out, tag, self.as_bytes());
        Ok(())
    }
}

/// Booleans are silent when false: neither side of IB's protobuf writes them.
impl Scalar for bool {
    const WIRE_TYPE: u8 = protobuf::VARINT;

    fn silence() -> Option<Self> {
        Some(false)
    }

    fn is_silent(&self) -> bool {
        !self
    }

    #[inline(always)]
    fn from_short(short: Short) -> Option<(Self, usize)> {
        short.boolean()
    }

    fn from_text(field: &[u8]) -> Result<Option<Self>, Fault> {
        match field {
            b"0" => Ok(Some(false)),
            b"1" => Ok(Some(true)),
            _ => integer_from_text(field).map(|value| Some(value != 0)),
        }
    }

    fn to_text(&self, out: &mut BytesMut) -> Result<(), Fault> {
        out.put_u8(if *self { b'1' } else { b'0' });
        Ok(())
    }

    fn from_protobuf(raw: Raw<'_>) -> Result<Option<Self>, Fault> {
        Ok(Some(unsigned(raw)? != 0))
    }

    fn to_protobuf(&self, tag: u32, out: &mut BytesMut) -> Result<(), Fault> {
        protobuf::put_varint_field(out, tag, u64::from(*self));
        Ok(())
    }
}

impl Scalar for i32 {
    const MAXIMUM: &'static [u8] = b"2147483647";
    const WIRE_TYPE: u8 = protobuf::VARINT;

    #[inline]
    fn stands_for_unset(&self) -> bool {
        *self == Self::MAX
    }

    #[inline(always)]
    fn from_short(short: Short) -> Option<(Self, usize)> {
        short.integer()
    }

    #[inline]
    fn from_text(field: &[u8]) -> Result<Option<Self>, Fault> {
        let value = integer_from_text(field)?;
        match Self::try_from(value) {
            Ok(Self::MAX) => Ok(None),
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(Fault::OutOfRange(Excerpt::of(field))),
        }
    }

    fn to_text(&self, out: &mut BytesMut) -> Result<(), Fault> {
        put_integer(i64::from(*self), out);
        Ok(())
    }

    #[inline]
    fn from_protobuf(raw: Raw<'_>) -> Result<Option<Self>, Fault> {
        // A protobuf int32 is the low half of its varint.
        Ok(match unsigned(raw)? as u32 as Self {
            Self::MAX => None,
            value => Some(value),
        })
    }

    fn to_protobuf(&self, tag: u32, out: &mut BytesMut) -> Result<(), Fault> {
        protobuf::put_varint_field(out, tag, i64::from(*self) as u64);
        Ok(())
    }
}

impl Scalar for i64 {
    const MAXIMUM: &'static [u8] = b"9223372036854775807";
    const WIRE_TYPE: u8 = protobuf::VARINT;

    #[inline]
    fn stands_for_unset(&self) -> bool {
        *self == Self::MAX
    }

    #[inline(always)]
    fn from_short(short: Short) -> Option<(Self, usize)> {
        short.integer().map(|(value, length)| (Self::from(value), length))
    }

    fn from_text(field: &[u8]) -> Result<Option<Self>, Fault> {
        Ok(Some(integer_from_text(field)?).filter(|value| *value != Self::MAX))
    }

    fn to_text(&self, out: &mut BytesMut) -> Result<(), Fault> {
        put_integer(*self, out);
        Ok(())
    }

    fn from_protobuf(raw: Raw<'_>) -> Result<Option<Self>, Fault> {
        Ok(Some(unsigned(raw)? as Self).filter(|value| *value != Self::MAX))
    }

    fn to_protobuf(&self, tag: u32, out: &mut BytesMut) -> Result<(), Fault> {
        protobuf::put_varint_field(out, tag, *self as u64);
        Ok(())
    }
}

/// Prices, amounts and ratios: plain digits in text, a double in protobuf. What a double cannot hold is refused.
impl Scalar for Decimal {
    const MAXIMUM: &'static [u8] = b"1.7976931348623157E308";
    const WIRE_TYPE: u8 = protobuf::FIXED64;

    #[inline]
    fn stands_for_unset(&self) -> bool {
        decimal::stands_for_unset(*self)
    }

    #[inline(always)]
    fn from_short(short: Short) -> Option<(Self, usize)> {
        short.decimal()
    }

    #[inline]
    fn from_text(field: &[u8]) -> Result<Option<Self>, Fault> {
        decimal::from_text(field)
    }

    fn to_text(&self, out: &mut BytesMut) -> Result<(), Fault> {
        decimal::put(*self, out);
        Ok(())
    }

    #[inline]
    fn from_protobuf(raw: Raw<'_>) -> Result<Option<Self>, Fault> {
        match raw {
            Raw::Fixed64(bits) => decimal::from_double(f64::from_bits(bits)),
            Raw::Varint(_) | Raw::Bytes(_) | Raw::Fixed32(_) => Err(Fault::WrongWireType),
        }
    }

    #[inline(always)]
    fn from_plain_protobuf(raw: Raw<'_>) -> Option<Self> {
        match raw {
            Raw::Fixed64(bits) => decimal::from_whole_cents(f64::from_bits(bits)),
            Raw::Varint(_) | Raw::Bytes(_) | Raw::Fixed32(_) => None,
        }
    }

    fn to_protobuf(&self, tag: u32, out: &mut BytesMut) -> Result<(), Fault> {
        protobuf::put_double_field(out, tag, decimal::to_double(*self)?);
        Ok(())
    }
}

/// A decimal that travels as digits in both forms: quantities, sizes, volumes. [`crate::wire::Wire::exact`] uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digits(pub Decimal);

impl Scalar for Digits {
    const MAXIMUM: &'static [u8] = b"170141183460469231731687303715884105727";

    #[inline]
    fn stands_for_unset(&self) -> bool {
        decimal::stands_for_unset(self.0)
    }

    #[inline(always)]
    fn from_short(short: Short) -> Option<(Self, usize)> {
        short.decimal().map(|(value, length)| (Self(value), length))
    }

    #[inline]
    fn from_text(field: &[u8]) -> Result<Option<Self>, Fault> {
        Ok(decimal::from_text(field)?.map(Self))
    }

    fn to_text(&self, out: &mut BytesMut) -> Result<(), Fault> {
        decimal::put(self.0, out);
        Ok(())
    }

    #[inline]
    fn from_protobuf(raw: Raw<'_>) -> Result<Option<Self>, Fault> {
        match bytes(raw)? {
            [] => Ok(None),
            digits => Self::from_text(digits),
        }
    }

    #[inline(always)]
    fn from_plain_protobuf(raw: Raw<'_>) -> Option<Self> {
        match raw {
            Raw::Bytes(digits) => match Short::of(digits)?.decimal()? {
                (value, length) if length == digits.len() => Some(Self(value)),
                _ => None, // a NUL among them
            },
            Raw::Varint(_) | Raw::Fixed64(_) | Raw::Fixed32(_) => None,
        }
    }

    fn to_protobuf(&self, tag: u32, out: &mut BytesMut) -> Result<(), Fault> {
        protobuf::put_nested_field(out, tag, |out| {
            decimal::put(self.0, out);
            Ok(())
        })
    }
}

/// Prose that the text form escapes to ASCII as `\uXXXX`. [`crate::wire::Wire::escaped`] uses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Escaped(pub(crate) String);

impl Scalar for Escaped {
    fn silence() -> Option<Self> {
        Some(Self(String::new()))
    }

    fn is_silent(&self) -> bool {
        self.0.is_empty()
    }

    fn from_text(field: &[u8]) -> Result<Option<Self>, Fault> {
        Ok(Some(Self(crate::grammar::unescape(to_string(field)))))
    }

    fn to_text(&self, out: &mut BytesMut) -> Result<(), Fault> {
        let mut units = [0; 2];
        for character in self.0.chars() {
            if is_printable(character) && character != '\\' {
                out.put_u8(character as u8);
            } else if character == '\0' {
                return Err(Fault::NotPrintable);
            } else {
                for unit in character.encode_utf16(&mut units) {
                    put_display(&format_args!("\\u{unit:04x}"), out);
                }
            }
        }
        Ok(())
    }

    fn from_protobuf(raw: Raw<'_>) -> Result<Option<Self>, Fault> {
        Ok(String::from_protobuf(raw)?.map(Self))
    }

    fn to_protobuf(&self, tag: u32, out: &mut BytesMut) -> Result<(), Fault> {
        self.0.to_protobuf(tag, out)
    }
}

/// UTF-8 where it is, Latin-1 where it is not: TWS on Windows writes either.
pub(crate) fn to_string(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// Writes a string that the text form can carry.
pub(crate) fn put_text(text: &str, out: &mut BytesMut) -> Result<(), Fault> {
    if !text.bytes().all(|byte| is_printable(char::from(byte))) {
        return Err(Fault::NotPrintable);
    }
    out.put_slice(text.as_bytes());
    Ok(())
}

fn is_printable(character: char) -> bool {
    matches!(character, ' '..='~' | '\t' | '\n' | '\r')
}

/// Reads an integer; a decimal with nothing behind its point counts as one, as some servers write `3.0`.
#[inline]
pub(crate) fn integer_from_text(field: &[u8]) -> Result<i64, Fault> {
    match crate::grammar::integer(field) {
        Some((value, [])) => Ok(value),
        _ => odd_integer_from_text(field),
    }
}

#[cold]
fn odd_integer_from_text(field: &[u8]) -> Result<i64, Fault> {
    let text = std::str::from_utf8(field).map_err(|_| Fault::NotANumber(Excerpt::of(field)))?;
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => whole,
        _ => text,
    };
    whole.parse().map_err(|error: std::num::ParseIntError| match error.kind() {
        std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow => {
            Fault::OutOfRange(Excerpt::of(field))
        }
        _ => Fault::NotANumber(Excerpt::of(field)),
    })
}

#[inline]
fn unsigned(raw: Raw<'_>) -> Result<u64, Fault> {
    match raw {
        Raw::Varint(value) => Ok(value),
        Raw::Fixed64(_) | Raw::Bytes(_) | Raw::Fixed32(_) => Err(Fault::WrongWireType),
    }
}

/// The bytes of a length-delimited field.
#[inline]
pub(crate) fn bytes(raw: Raw<'_>) -> Result<&[u8], Fault> {
    match raw {
        Raw::Bytes(bytes) => Ok(bytes),
        Raw::Varint(_) | Raw::Fixed64(_) | Raw::Fixed32(_) => Err(Fault::WrongWireType),
    }
}

pub(crate) fn put_integer(value: i64, out: &mut BytesMut) {
    if let 0..=9 = value {
        return out.put_u8(b'0' + value as u8);
    }
    let mut left = value.unsigned_abs();
    let mut text = [0_u8; 20]; // a sign and 19 digits
    let mut start = text.len();
    for place in text.iter_mut().rev() {
        *place = b'0' + (left % 10) as u8;
        left /= 10;
        start -= 1;
        if left == 0 {
            break;
        }
    }
    if value < 0 {
        out.put_u8(b'-');
    }
    out.put_slice(text.get(start..).unwrap_or(&text));
}

pub(crate) fn put_display(value: &dyn std::fmt::Display, out: &mut BytesMut) {
    use std::fmt::Write;
    // Writing into a `BytesMut` grows it; it cannot fail.
    let _ = write!(out, "{value}");
}
