//! Random messages: a deserializer that makes up what it is asked for, out of a supply of random bytes.
//!
//! Any type that can be read from JSON can be drawn so, without a line of code in it. A supply that is used up gives
//! zeros, which mean the simplest value: so a failing draw gets simpler as its supply gets shorter.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess, VariantAccess, Visitor};
use serde_json::{Error, json};

/// The variant with this index of an enum of messages, filled from `supply`.
pub(crate) fn draw<'de, M: Deserialize<'de>>(variant: usize, supply: &[u8]) -> M {
    let mut random = Random { supply, variant: Some(variant) };
    M::deserialize(&mut random).unwrap_or_else(|error| panic!("variant {variant}: {error}"))
}

struct Random<'a> {
    supply: &'a [u8],
    /// For the outermost enum; all others are drawn.
    variant: Option<usize>,
}

impl Random<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.supply.split_first() else { return 0 };
        self.supply = rest;
        *first
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound
    }

    fn integer(&mut self) -> i64 {
        match self.below(8) {
            0 => 0,
            1..=4 => i64::from(self.byte()),
            5 => -i64::from(self.byte()),
            6 => i64::from(i32::MIN) + i64::from(self.byte()),
            _ => i64::from(i32::MAX) - 1 - i64::from(self.byte()),
        }
    }

    /// Mostly what a double can hold; no trailing zeros, so that equal values have equal spellings.
    fn decimal(&mut self) -> Decimal {
        let mut mantissa = 0_i64;
        let digits = [0, 1, 2, 3, 5, 6][self.below(6)];
        for _ in 0..digits {
            mantissa = mantissa * 256 + i64::from(self.byte());
        }
        if self.below(4) == 3 {
            mantissa = -mantissa;
        }
        let scale = self.below(7) as u32;
        let value = Decimal::new(mantissa, scale).normalize();
        // Now and then more digits than a double has, which protobuf must refuse where it carries doubles.
        if self.below(40) == 39 { value + "0.1234567890123456789".parse::<Decimal>().unwrap() } else { value }
    }

    /// Printable ASCII mostly; never a NUL, which no form carries.
    fn text(&mut self) -> String {
        const ODD: [&str; 8] = ["é", "中文", "\\u0041", "a;b=c", "\t", "😀", "\\", "x y"];
        if self.below(30) == 29 {
            return ODD[self.below(ODD.len())].to_owned();
        }
        let length = self.below(6);
        (0..length).map(|_| char::from(b' ' + self.byte() % 95)).filter(|c| !";=".contains(*c)).collect()
    }

    /// Conditions name their kind in a field, which no deserializer can make up.
    fn condition(&mut self) -> serde_json::Value {
        let conjunction = ["or", "and"][self.below(2)];
        let bound = ["below", "above"][self.below(2)];
        let (number, text, decimal) = (self.byte(), self.text(), self.decimal());
        match self.below(6) {
            0 => json!({"kind": "margin", "conjunction": conjunction, "bound": bound, "percent": number}),
            1 => json!({"kind": "price", "conjunction": conjunction, "bound": bound, "price": decimal.to_string(),
                "contract_id": number, "exchange": text, "trigger_method": 2}),
            2 => json!({"kind": "time", "conjunction": conjunction, "bound": bound, "time": text}),
            3 => json!({"kind": "execution", "conjunction": conjunction, "security_type": text, "exchange": "SMART",
                "symbol": "IBM"}),
            4 => json!({"kind": "volume", "conjunction": conjunction, "bound": bound, "volume": number,
                "contract_id": null, "exchange": text}),
            _ => json!({"kind": "percent_change", "conjunction": conjunction, "bound": bound,
                "change_percent": decimal.to_string(), "contract_id": number, "exchange": text}),
        }
    }
}

macro_rules! unused {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
            Err(Error::custom(concat!("no message holds what ", stringify!($method), " reads")))
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Random<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.condition().deserialize_any(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(self.below(2) == 1)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_i64(self.integer())
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let high = i64::from(self.byte()) << 32;
        visitor.visit_i64(self.integer() + high)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let value = f64::from(self.byte()) / 7.0;
        visitor.visit_f64(if self.below(4) == 3 { value * 1e-30 } else { value })
    }

    /// Only decimals ask for a borrowed string.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(&self.decimal().to_string())
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.text())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.below(3) == 0 { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let left = self.below(4);
        visitor.visit_seq(Items { random: self, left })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_map(Fields { random: self, fields })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let index = self.variant.take().unwrap_or_else(|| self.below(variants.len()));
        visitor.visit_enum(Variant { random: self, name: variants[index] })
    }

    unused! {
        deserialize_i8 deserialize_i16 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_f32
        deserialize_char deserialize_bytes deserialize_byte_buf deserialize_unit deserialize_map
        deserialize_identifier deserialize_ignored_any
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, left: usize, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Items { random: self, left })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        left: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_seq(Items { random: self, left })
    }
}

struct Items<'r, 'a> {
    random: &'r mut Random<'a>,
    left: usize,
}

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(&mut *self.random).map(Some)
    }
}

struct Fields<'r, 'a> {
    random: &'r mut Random<'a>,
    fields: &'static [&'static str],
}

impl<'de> MapAccess<'de> for Fields<'_, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((first, rest)) = self.fields.split_first() else { return Ok(None) };
        self.fields = rest;
        seed.deserialize(StrDeserializer::new(first)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(&mut *self.random)
    }
}

struct Variant<'r, 'a> {
    random: &'r mut Random<'a>,
    name: &'static str,
}

impl<'de, 'r, 'a> EnumAccess<'de> for Variant<'r, 'a> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Error> {
        let name = seed.deserialize(StrDeserializer::<Error>::new(self.name))?;
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, '_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.random)
    }

    fn tuple_variant<V: Visitor<'de>>(self, left: usize, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Items { random: self.random, left })
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Fields { random: self.random, fields })
    }
}
