//! Numbers and texts as few bytes, for what stays in memory: written and read back by this crate alone.

use rust_decimal::Decimal;

/// What can be written behind bytes.
pub(crate) trait Put {
    /// Seven bits a byte, lowest first.
    fn put_number(&mut self, number: u128);
    /// Small numbers of both signs in few bytes.
    fn put_signed(&mut self, number: i64);
    /// Its scale and sign, and its digits as a number.
    fn put_decimal(&mut self, decimal: Decimal);
    /// Its length, and itself.
    fn put_bytes(&mut self, bytes: &[u8]);
}

impl Put for Vec<u8> {
    fn put_number(&mut self, number: u128) {
        // Nearly all are small: a machine shifts 64 bits faster than 128.
        let mut left = number;
        while left > u128::from(u64::MAX) {
            self.push((left & 0x7F) as u8 | 0x80); // 7 bits fit
            left >>= 7;
        }
        let mut left = left as u64; // it is no larger
        while left > 0x7F {
            self.push((left & 0x7F) as u8 | 0x80);
            left >>= 7;
        }
        self.push(left as u8);
    }

    fn put_signed(&mut self, number: i64) {
        self.put_number(u128::from(((number << 1) ^ (number >> 63)).cast_unsigned()));
    }

    fn put_decimal(&mut self, decimal: Decimal) {
        let [_, _, scale, sign, digits @ ..] = decimal.serialize();
        self.push(scale | sign); // a scale is at most 28, a sign the highest bit
        let mut all = [0; 16];
        for (to, from) in all.iter_mut().zip(digits) {
            *to = from;
        }
        self.put_number(u128::from_le_bytes(all));
    }

    fn put_bytes(&mut self, bytes: &[u8]) {
        self.put_number(bytes.len() as u128); // any length fits
        self.extend_from_slice(bytes);
    }
}

/// Bytes from which is read what was put. Whatever is missing is `None`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(crate) fn number(&mut self) -> Option<u128> {
        let mut number = 0_u128;
        for shift in (0..u128::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= u128::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// A number of another type.
    pub(crate) fn of<T: TryFrom<u128>>(&mut self) -> Option<T> {
        T::try_from(self.number()?).ok()
    }

    pub(crate) fn signed(&mut self) -> Option<i64> {
        let number: u64 = self.of()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    pub(crate) fn decimal(&mut self) -> Option<Decimal> {
        let head = self.byte()?;
        let [low @ .., _, _, _, _] = self.number()?.to_le_bytes();
        let mut bytes = [0; 16];
        bytes[2] = head & 0x7F; // the scale
        bytes[3] = head & 0x80; // the sign
        for (to, from) in bytes.iter_mut().skip(4).zip::<[u8; 12]>(low) {
            *to = from;
        }
        Some(Decimal::deserialize(bytes))
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.of()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_put_comes_back(
            number in any::<u128>().prop_flat_map(|most| 0..=most),
            signed in any::<i64>(),
            (low, mid, high, is_negative, scale) in any::<(u32, u32, u32, bool, u8)>(),
            text in ".*",
        ) {
            let decimal = Decimal::from_parts(low, mid, high, is_negative, u32::from(scale) % 29);
            let zero = -Decimal::ZERO;
            let mut bytes = Vec::new();
            bytes.put_number(number);
            bytes.put_signed(signed);
            bytes.put_decimal(decimal);
            bytes.put_decimal(zero);
            bytes.put_bytes(text.as_bytes());
            let mut reader = Reader(&bytes);
            prop_assert_eq!(reader.number(), Some(number));
            prop_assert_eq!(reader.signed(), Some(signed));
            prop_assert_eq!(reader.decimal().map(|decimal| decimal.serialize()), Some(decimal.serialize()));
            prop_assert_eq!(reader.decimal().map(|decimal| decimal.serialize()), Some(zero.serialize()));
            prop_assert_eq!(reader.text(), Some(text.as_str()));
            prop_assert_eq!(reader.byte(), None);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let mut reader = Reader(&bytes);
            while reader.number().is_some() && reader.decimal().is_some() && reader.text().is_some() {}
            let _ = (reader.signed(), reader.byte());
        }
    }
}
