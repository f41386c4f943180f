//! What [`Wire::list`] and [`Wire::exact`] take: items of lists, and decimals that travel as digits.

use bytes::BytesMut;
use rust_decimal::Decimal;

use crate::error::{Fault, Flaw, Result};
use crate::protobuf;
use crate::value::{Digits, Scalar, Value};
use crate::version::ServerVersion;
use crate::wire::{Layout, Missing, Tag, Wire, read_nested};

/// A decimal, or the absence of one, for [`Wire::exact`].
pub trait Digital {
    /// The scalar that travels.
    type Carried: Value;
    /// The value as it travels.
    fn to_digits(&self) -> Self::Carried;
    /// Takes what has travelled.
    fn set_digits(&mut self, digits: Self::Carried);
}

impl Digital for Decimal {
    type Carried = Digits;

    #[inline]
    fn to_digits(&self) -> Digits {
        Digits(*self)
    }

    #[inline]
    fn set_digits(&mut self, digits: Digits) {
        *self = digits.0;
    }
}

impl Digital for Option<Decimal> {
    type Carried = Option<Digits>;

    #[inline]
    fn to_digits(&self) -> Option<Digits> {
        self.map(Digits)
    }

    #[inline]
    fn set_digits(&mut self, digits: Option<Digits>) {
        *self = digits.map(|digits| digits.0);
    }
}

/// What a list holds: bodies with fields of their own, or single scalars.
pub trait Item: Sized {
    /// Reads the fields of one item.
    fn read_item_text(w: &mut Wire<'_>, tag: &'static Tag) -> Result<Self>;
    /// Reads one repetition (of scalars, a packed one may hold many).
    fn read_item_protobuf(
        raw: protobuf::Raw<'_>,
        version: ServerVersion,
        tag: &'static Tag,
        items: &mut Vec<Self>,
    ) -> Result<()>;
    /// Writes the fields of one item.
    fn write_item_text(&mut self, w: &mut Wire<'_>, tag: &'static Tag) -> Result<()>;
    /// Writes one repetition.
    fn write_item_protobuf(
        &mut self,
        out: &mut BytesMut,
        version: ServerVersion,
        missing: Missing,
        tag: &'static Tag,
    ) -> Result<()>;
}

impl<L: Layout> Item for L {
    fn read_item_text(w: &mut Wire<'_>, _: &'static Tag) -> Result<Self> {
        let mut item = Self::default();
        item.layout(w)?;
        Ok(item)
    }

    fn read_item_protobuf(
        raw: protobuf::Raw<'_>,
        version: ServerVersion,
        tag: &'static Tag,
        items: &mut Vec<Self>,
    ) -> Result<()> {
        let mut item = Self::default();
        read_nested(tag, raw, version, &mut item)?;
        items.push(item);
        Ok(())
    }

    fn write_item_text(&mut self, w: &mut Wire<'_>, _: &'static Tag) -> Result<()> {
        self.layout(w)
    }

    fn write_item_protobuf(
        &mut self,
        out: &mut BytesMut,
        version: ServerVersion,
        missing: Missing,
        tag: &'static Tag,
    ) -> Result<()> {
        protobuf::put_nested_field(out, tag.number, |out| self.layout(&mut Wire::write_protobuf(out, version, missing)))
    }
}

/// Lists of scalars; a list in protobuf may come packed, and an empty string in it is an item.
macro_rules! scalar_items {
    ($($scalar:ty: $packed:expr),* $(,)?) => {$(
        impl Item for $scalar {
            fn read_item_text(w: &mut Wire<'_>, tag: &'static Tag) -> Result<Self> {
                let mut item = Self::default();
                w.field(tag, &mut item)?;
                Ok(item)
            }

            fn read_item_protobuf(
                raw: protobuf::Raw<'_>,
                _: ServerVersion,
                tag: &'static Tag,
                items: &mut Vec<Self>,
            ) -> Result<()> {
                let unpack: Option<fn(&mut &[u8]) -> Result<protobuf::Raw<'static>, Fault>> = $packed;
                let mut push = |raw| -> Result<(), Fault> {
                    items.push(<Self as Value>::read_protobuf(raw)?);
                    Ok(())
                };
                match (raw, unpack) {
                    (protobuf::Raw::Bytes(mut packed), Some(unpack)) => {
                        while !packed.is_empty() {
                            unpack(&mut packed).and_then(&mut push).map_err(|fault| Flaw::new(tag.name, fault))?;
                        }
                        Ok(())
                    }
                    (raw, _) => push(raw).map_err(|fault| Flaw::new(tag.name, fault)),
                }
            }

            fn write_item_text(&mut self, w: &mut Wire<'_>, tag: &'static Tag) -> Result<()> {
                w.field(tag, self)
            }

            fn write_item_protobuf(
                &mut self,
                out: &mut BytesMut,
                _: ServerVersion,
                missing: Missing,
                tag: &'static Tag,
            ) -> Result<()> {
                if missing == Missing::Refuse && Scalar::stands_for_unset(self) {
                    return Err(Flaw::new(tag.name, Fault::StandsForUnset));
                }
                self.to_protobuf(tag.number, out).map_err(|fault| Flaw::new(tag.name, fault))
            }
        }
    )*};
}

scalar_items! {
    String: None,
    crate::time::TimeText: None,
    i32: Some(|packed| protobuf::varint(packed).map(protobuf::Raw::Varint).ok_or(Fault::MalformedProtobuf)),
    Decimal: Some(|packed| {
        let (bits, rest) = packed.split_first_chunk::<8>().ok_or(Fault::MalformedProtobuf)?;
        *packed = rest;
        Ok(protobuf::Raw::Fixed64(u64::from_le_bytes(*bits)))
    }),
}
