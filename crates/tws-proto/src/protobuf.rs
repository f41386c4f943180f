//! The protobuf wire format: varints, an index of a body's fields by tag, and writing.

use bytes::{BufMut, BytesMut};

use crate::error::Fault;

/// One field of a body, found but not yet interpreted.
#[derive(Clone, Copy, Debug)]
pub enum Raw<'a> {
    /// Wire type 0: integers and booleans.
    Varint(u64),
    /// Wire type 1: doubles, as their bits.
    Fixed64(u64),
    /// Wire type 2: strings, nested messages, packed lists.
    Bytes(&'a [u8]),
    /// Wire type 5: nothing that TWS uses, kept so that it is skipped in step.
    Fixed32(u32),
}

#[derive(Clone, Copy, Debug)]
struct Slot<'a> {
    tag: u32,
    raw: Raw<'a>,
}

const EMPTY: Slot<'static> = Slot { tag: 0, raw: Raw::Varint(0) };
/// Bodies with no more fields than this are indexed without touching the heap: every tick is one.
const INLINE_MAX: usize = 8;

/// The fields of one body in the order they came, found by tag in any order.
///
/// The whole body is checked when the index is made, so a body that is malformed anywhere is refused as a whole.
#[derive(Debug)]
pub(crate) struct Index<'a> {
    inline: [Slot<'a>; INLINE_MAX],
    spilled: Vec<Slot<'a>>,
    len: usize,
    sorted: bool,
    /// Where the next lookup is likely to hit: fields are asked for in about the order they come.
    hint: usize,
}

impl<'a> Index<'a> {
    /// Indexes `body`, checking every tag, varint and length in it.
    pub(crate) fn new(mut body: &'a [u8]) -> Result<Self, Fault> {
        let mut index = Self { inline: [EMPTY; INLINE_MAX], spilled: Vec::new(), len: 0, sorted: true, hint: 0 };
        let mut previous = 0;
        while !body.is_empty() {
            let key = varint(&mut body)?;
            let tag = u32::try_from(key >> 3).map_err(|_| Fault::MalformedProtobuf)?;
            if tag == 0 {
                return Err(Fault::MalformedProtobuf);
            }
            let raw = match key & 7 {
                0 => Raw::Varint(varint(&mut body)?),
                1 => Raw::Fixed64(u64::from_le_bytes(take(&mut body)?)),
                2 => {
                    let length = usize::try_from(varint(&mut body)?).map_err(|_| Fault::MalformedProtobuf)?;
                    let (bytes, rest) = body.split_at_checked(length).ok_or(Fault::MalformedProtobuf)?;
                    body = rest;
                    Raw::Bytes(bytes)
                }
                5 => Raw::Fixed32(u32::from_le_bytes(take(&mut body)?)),
                _ => return Err(Fault::MalformedProtobuf),
            };
            index.sorted &= tag >= previous;
            previous = tag;
            index.push(Slot { tag, raw });
        }
        Ok(index)
    }

    fn push(&mut self, slot: Slot<'a>) {
        if let Some(place) = self.inline.get_mut(self.len) {
            *place = slot;
        } else {
            if self.spilled.is_empty() {
                self.spilled.extend_from_slice(&self.inline);
            }
            self.spilled.push(slot);
        }
        self.len += 1;
    }

    fn slots(&self) -> &[Slot<'a>] {
        if self.len > INLINE_MAX { &self.spilled } else { self.inline.get(..self.len).unwrap_or(&[]) }
    }

    /// The field with this tag; the last one where it stands more than once, as protobuf rules.
    #[inline]
    pub(crate) fn find(&mut self, tag: u32) -> Option<Raw<'a>> {
        let mut at = self.position(tag)?;
        let mut found = None;
        while let Some(slot) = self.slots().get(at)
            && slot.tag == tag
        {
            found = Some(slot.raw);
            at += 1;
        }
        self.hint = at;
        if self.sorted { found } else { self.slots().iter().rev().find(|slot| slot.tag == tag).map(|slot| slot.raw) }
    }

    /// Every field with this tag, in the order they came.
    pub(crate) fn all(&self, tag: u32) -> impl Iterator<Item = Raw<'a>> + '_ {
        self.slots().iter().filter(move |slot| slot.tag == tag).map(|slot| slot.raw)
    }

    #[inline]
    fn position(&self, tag: u32) -> Option<usize> {
        let slots = self.slots();
        if let Some(slot) = slots.get(self.hint)
            && slot.tag == tag
            && (self.hint == 0 || slots.get(self.hint - 1).is_none_or(|before| before.tag != tag))
        {
            return Some(self.hint);
        }
        if self.sorted {
            let at = slots.partition_point(|slot| slot.tag < tag);
            slots.get(at).filter(|slot| slot.tag == tag).map(|_| at)
        } else {
            slots.iter().position(|slot| slot.tag == tag)
        }
    }
}

fn take<const N: usize>(body: &mut &[u8]) -> Result<[u8; N], Fault> {
    let (bytes, rest) = body.split_first_chunk::<N>().ok_or(Fault::MalformedProtobuf)?;
    *body = rest;
    Ok(*bytes)
}

/// Reads one varint off the front of `body`.
#[inline]
pub(crate) fn varint(body: &mut &[u8]) -> Result<u64, Fault> {
    if let [byte, rest @ ..] = *body
        && *byte < 0x80
    {
        *body = rest;
        return Ok(u64::from(*byte));
    }
    let mut value = 0_u64;
    for (at, byte) in body.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7F).checked_shl(7 * at as u32).unwrap_or(0);
        if *byte < 0x80 {
            *body = body.get(at + 1..).unwrap_or(&[]);
            return Ok(value);
        }
    }
    Err(Fault::MalformedProtobuf)
}

/// Appends a varint.
pub(crate) fn put_varint(out: &mut BytesMut, mut value: u64) {
    while value >= 0x80 {
        out.put_u8(value as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

/// Appends an integer or boolean field.
pub(crate) fn put_varint_field(out: &mut BytesMut, tag: u32, value: u64) {
    put_varint(out, u64::from(tag) << 3);
    put_varint(out, value);
}

/// Appends a double field.
pub(crate) fn put_double_field(out: &mut BytesMut, tag: u32, value: f64) {
    put_varint(out, u64::from(tag) << 3 | 1);
    out.put_f64_le(value);
}

/// Appends a string or nested field whose bytes are known.
pub(crate) fn put_bytes_field(out: &mut BytesMut, tag: u32, bytes: &[u8]) {
    put_varint(out, u64::from(tag) << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.put_slice(bytes);
}

/// Appends a nested field: `body` writes it, its length is moved in front afterwards.
pub(crate) fn put_nested_field<E>(
    out: &mut BytesMut,
    tag: u32,
    body: impl FnOnce(&mut BytesMut) -> Result<(), E>,
) -> Result<(), E> {
    put_varint(out, u64::from(tag) << 3 | 2);
    let start = out.len();
    body(out)?;
    let length = out.len() - start;
    put_varint(out, length as u64);
    // The length now stands behind the body: rotate it to the front.
    if let Some(tail) = out.get_mut(start..) {
        tail.rotate_left(length);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_in_any_order() {
        for order in [[1, 2, 3], [3, 1, 2], [2, 3, 1]] {
            let mut body = BytesMut::new();
            for tag in order {
                put_varint_field(&mut body, tag, u64::from(tag) * 1000);
            }
            let mut index = Index::new(&body).unwrap();
            for tag in [2, 3, 1, 4] {
                let found =
                    index.find(tag).map(|raw| matches!(raw, Raw::Varint(value) if value == u64::from(tag) * 1000));
                assert_eq!(found, (tag < 4).then_some(true), "{tag} in {order:?}");
            }
        }
    }

    #[test]
    fn the_last_of_a_repeated_scalar_wins() {
        let mut body = BytesMut::new();
        for value in [7, 8, 9] {
            put_varint_field(&mut body, 1, value);
        }
        put_varint_field(&mut body, 2, 5);
        let mut index = Index::new(&body).unwrap();
        assert!(matches!(index.find(1), Some(Raw::Varint(9))));
        assert!(matches!(index.find(2), Some(Raw::Varint(5))));
        assert!(matches!(index.find(1), Some(Raw::Varint(9))));
        assert_eq!(index.all(1).count(), 3);
    }

    #[test]
    fn a_body_of_many_fields_spills() {
        let mut body = BytesMut::new();
        for tag in 1..=145 {
            put_varint_field(&mut body, tag, u64::from(tag));
        }
        let mut index = Index::new(&body).unwrap();
        for tag in 1..=145 {
            assert!(matches!(index.find(tag), Some(Raw::Varint(value)) if value == u64::from(tag)));
        }
    }

    #[test]
    fn malformed_bodies_are_faults() {
        for body in [&[0x08][..], &[0x08, 0x80], &[0x0a, 0x05, 1], &[0x0b], &[0x00, 0x01], &[0x09, 1, 2], &[0xff; 11]] {
            assert!(matches!(Index::new(body), Err(Fault::MalformedProtobuf)), "{body:?}");
        }
    }

    #[test]
    fn a_nested_body_carries_its_length() {
        let mut out = BytesMut::new();
        put_nested_field(&mut out, 3, |out| {
            put_bytes_field(out, 1, &[b'x'; 200]);
            Ok::<_, Fault>(())
        })
        .unwrap();
        let mut index = Index::new(&out).unwrap();
        let Some(Raw::Bytes(inner)) = index.find(3) else { panic!("no nested field") };
        let mut inner = Index::new(inner).unwrap();
        assert!(matches!(inner.find(1), Some(Raw::Bytes(bytes)) if bytes == [b'x'; 200]));
    }

    proptest::proptest! {
        #[test]
        fn varints_come_back(value: u64) {
            let mut out = BytesMut::new();
            put_varint(&mut out, value);
            let mut bytes = &out[..];
            proptest::prop_assert_eq!(varint(&mut bytes), Ok(value));
            proptest::prop_assert!(bytes.is_empty());
        }

        #[test]
        fn no_body_panics(body: Vec<u8>) {
            let _ = Index::new(&body);
        }
    }
}
