//! The protobuf wire format: varints, the fields of a body by tag, and writing.

use bytes::{BufMut, BytesMut};

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

/// The fields of one body, found by tag in any order.
///
/// The whole body is checked when this is made, so a body that is malformed anywhere is refused as a whole. Writers put
/// fields in the order of their tags and layouts ask for them so: one walk finds them all, and an absent field costs a
/// comparison.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    body: &'a [u8],
    /// What stands behind the key of the next field.
    left: &'a [u8],
    /// Tag of the next field, [`END`] behind the last one.
    next: u32,
    wire_type: u8,
    /// Tag of the last field that the walk went by; to find it again the walk begins anew.
    passed: u32,
    /// Where the fields are, for a body that does not have them in the order of their tags.
    scattered: Option<Box<Scattered>>,
}

/// Behind every tag: a key has 32 bits, 3 of them for the wire type.
const END: u32 = u32::MAX;

/// The places of a body's fields, sorted by tag; those of one tag in the order they came.
#[derive(Debug)]
struct Scattered {
    places: Vec<Place>,
    /// How many of them the walk has taken.
    taken: usize,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    tag: u32,
    /// Where in the body its key begins; no body is longer than a frame.
    at: u32,
}

impl<'a> Fields<'a> {
    /// Checks every tag, varint and length in `body`; `None` where one is malformed.
    #[inline(always)]
    pub(crate) fn new(body: &'a [u8]) -> Option<Self> {
        let scattered = if is_in_order(body)? { None } else { Some(Scattered::of(body)?) };
        let mut fields = Self { body, left: body, next: END, wire_type: 0, passed: 0, scattered };
        fields.advance();
        Some(fields)
    }

    /// The field with this tag; the last one where it stands more than once, as protobuf rules.
    #[inline(always)]
    pub(crate) fn find(&mut self, tag: u32) -> Option<Raw<'a>> {
        if tag == self.next {
            let found = self.step();
            if self.next != tag {
                return found;
            }
        } else if self.lacks(tag) {
            return None;
        }
        self.find_far(tag)
    }

    /// Whether one comparison says that there is no field with this tag; if not, it takes a look.
    #[inline(always)]
    pub(crate) fn lacks(&self, tag: u32) -> bool {
        self.passed < tag && tag < self.next
    }

    /// As [`Fields::find`], for a field that is not the next one or stands more than once.
    #[inline(never)]
    fn find_far(&mut self, tag: u32) -> Option<Raw<'a>> {
        if tag <= self.passed {
            self.rewind();
        }
        let mut found = None;
        while self.next <= tag && self.next != END {
            let this = self.next;
            let raw = self.step()?;
            if this == tag {
                found = Some(raw);
            }
        }
        found
    }

    /// Goes to the first field with this tag; then [`Fields::another`] gives them in the order they came.
    pub(crate) fn seek(&mut self, tag: u32) {
        if tag <= self.passed {
            self.rewind();
        }
        while self.next < tag && self.step().is_some() {}
    }

    /// The next field if it has this tag.
    pub(crate) fn another(&mut self, tag: u32) -> Option<Raw<'a>> {
        if self.next == tag && tag != END { self.step() } else { None }
    }

    /// Takes the next field.
    #[inline(always)]
    fn step(&mut self) -> Option<Raw<'a>> {
        self.passed = self.next;
        let raw = value(&mut self.left, self.wire_type)?;
        self.advance();
        Some(raw)
    }

    /// Reads the key of the next field.
    #[inline(always)]
    fn advance(&mut self) {
        if let Some(scattered) = &mut self.scattered {
            self.left = scattered.next(self.body);
        }
        (self.next, self.wire_type) = key(&mut self.left).unwrap_or((END, 0));
    }

    #[cold]
    fn rewind(&mut self) {
        self.left = self.body;
        self.passed = 0;
        if let Some(scattered) = &mut self.scattered {
            scattered.taken = 0;
        }
        self.advance();
    }
}

/// Goes through a whole body and says whether its fields are in the order of their tags; `None` where it is malformed.
fn is_in_order(body: &[u8]) -> Option<bool> {
    let mut left = body;
    let mut previous = 0;
    let mut in_order = true;
    while !left.is_empty() {
        let (tag, wire_type) = key(&mut left)?;
        skip(&mut left, wire_type)?;
        in_order &= tag >= previous;
        previous = tag;
    }
    Some(in_order)
}

impl Scattered {
    /// The fields of a body that is known to be well-formed.
    #[cold]
    fn of(body: &[u8]) -> Option<Box<Self>> {
        let mut places = Vec::new();
        let mut left = body;
        while !left.is_empty() {
            let at = u32::try_from(body.len() - left.len()).ok()?;
            let (tag, wire_type) = key(&mut left)?;
            skip(&mut left, wire_type)?;
            places.push(Place { tag, at });
        }
        places.sort_by_key(|place| place.tag); // stable
        Some(Box::new(Self { places, taken: 0 }))
    }

    /// The body from the next field's key on; nothing behind the last one.
    #[cold]
    fn next<'a>(&mut self, body: &'a [u8]) -> &'a [u8] {
        let place = self.places.get(self.taken);
        self.taken += 1;
        place.and_then(|place| body.get(place.at as usize..)).unwrap_or(&[])
    }
}

/// Reads a key: the tag, never 0, and the wire type.
#[inline(always)]
fn key(body: &mut &[u8]) -> Option<(u32, u8)> {
    match *body {
        [key @ 8..0x80, rest @ ..] => {
            *body = rest;
            Some((u32::from(key >> 3), key & 7))
        }
        [low @ 0x80..=0xFF, high @ 1..0x80, rest @ ..] => {
            *body = rest;
            Some((u32::from(low & 0x7F) >> 3 | u32::from(*high) << 4, low & 7))
        }
        _ => long_key(body),
    }
}

#[cold]
#[inline(never)]
fn long_key(body: &mut &[u8]) -> Option<(u32, u8)> {
    let key = u32::try_from(varint(body)?).ok()?;
    if key < 8 { None } else { Some((key >> 3, key as u8 & 7)) }
}

/// Goes past a value of this wire type.
#[inline(always)]
fn skip(body: &mut &[u8], wire_type: u8) -> Option<()> {
    let length = match wire_type {
        0 => match *body {
            [..0x80, ..] => 1,
            [_, ..0x80, ..] => 2,
            _ => return long_varint(body).map(|_| ()),
        },
        1 => 8,
        2 => usize::try_from(varint(body)?).ok()?,
        5 => 4,
        _ => return None,
    };
    *body = body.get(length..)?;
    Some(())
}

/// Reads a value of this wire type.
#[inline(always)]
fn value<'a>(body: &mut &'a [u8], wire_type: u8) -> Option<Raw<'a>> {
    Some(match wire_type {
        0 => Raw::Varint(varint(body)?),
        1 => Raw::Fixed64(u64::from_le_bytes(take(body)?)),
        2 => {
            let length = usize::try_from(varint(body)?).ok()?;
            let (bytes, rest) = body.split_at_checked(length)?;
            *body = rest;
            Raw::Bytes(bytes)
        }
        5 => Raw::Fixed32(u32::from_le_bytes(take(body)?)),
        _ => return None,
    })
}

#[inline]
fn take<const N: usize>(body: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, rest) = body.split_first_chunk::<N>()?;
    *body = rest;
    Some(*bytes)
}

/// Reads one varint off the front of `body`; `None` where there is no whole one.
#[inline(always)]
pub(crate) fn varint(body: &mut &[u8]) -> Option<u64> {
    match *body {
        [byte @ ..0x80, rest @ ..] => {
            *body = rest;
            Some(u64::from(*byte))
        }
        [low, high @ ..0x80, rest @ ..] => {
            *body = rest;
            Some(u64::from(low & 0x7F) | u64::from(*high) << 7)
        }
        _ => long_varint(body),
    }
}

#[inline(never)]
fn long_varint(body: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for (at, byte) in body.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7F).checked_shl(7 * at as u32).unwrap_or(0);
        if *byte < 0x80 {
            *body = body.get(at + 1..).unwrap_or(&[]);
            return Some(value);
        }
    }
    None
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
    // Most bodies are short: their length fits the one byte that is kept for it.
    let place = out.len();
    out.put_u8(0);
    let start = out.len();
    body(out)?;
    let length = out.len() - start;
    let mut low = length as u8;
    let mut further = 0;
    if length >= 0x80 {
        low |= 0x80;
        let end = out.len();
        put_varint(out, length as u64 >> 7);
        further = out.len() - end;
    }
    if let Some([first, tail @ ..]) = out.get_mut(place..) {
        *first = low;
        // The rest of a long length stands behind the body: rotate it to the front.
        tail.rotate_right(further);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Fault;

    #[test]
    fn fields_are_found_in_any_order() {
        for order in [[1, 2, 3], [3, 1, 2], [2, 3, 1]] {
            let mut body = BytesMut::new();
            for tag in order {
                put_varint_field(&mut body, tag, u64::from(tag) * 1000);
            }
            let mut fields = Fields::new(&body).unwrap();
            for tag in [2, 3, 1, 4] {
                let found =
                    fields.find(tag).map(|raw| matches!(raw, Raw::Varint(value) if value == u64::from(tag) * 1000));
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
        let mut fields = Fields::new(&body).unwrap();
        assert!(matches!(fields.find(1), Some(Raw::Varint(9))));
        assert!(matches!(fields.find(2), Some(Raw::Varint(5))));
        assert!(matches!(fields.find(1), Some(Raw::Varint(9))));
        fields.seek(1);
        let all: Vec<_> = std::iter::from_fn(|| fields.another(1)).map(|raw| format!("{raw:?}")).collect();
        assert_eq!(all, ["Varint(7)", "Varint(8)", "Varint(9)"]);
    }

    #[test]
    fn many_fields_are_found_forwards_and_backwards() {
        let mut body = BytesMut::new();
        for tag in 1..=145 {
            put_varint_field(&mut body, tag, u64::from(tag));
        }
        let mut fields = Fields::new(&body).unwrap();
        for tag in (1..=145).chain((1..=145).rev()) {
            assert!(matches!(fields.find(tag), Some(Raw::Varint(value)) if value == u64::from(tag)));
        }
    }

    #[test]
    fn malformed_bodies_are_faults() {
        for body in [&[0x08][..], &[0x08, 0x80], &[0x0a, 0x05, 1], &[0x0b], &[0x00, 0x01], &[0x09, 1, 2], &[0xff; 11]] {
            assert!(Fields::new(body).is_none(), "{body:?}");
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
        let mut fields = Fields::new(&out).unwrap();
        let Some(Raw::Bytes(inner)) = fields.find(3) else { panic!("no nested field") };
        let mut inner = Fields::new(inner).unwrap();
        assert!(matches!(inner.find(1), Some(Raw::Bytes(bytes)) if bytes == [b'x'; 200]));
    }

    proptest::proptest! {
        #[test]
        fn varints_come_back(value: u64) {
            let mut out = BytesMut::new();
            put_varint(&mut out, value);
            let mut bytes = &out[..];
            proptest::prop_assert_eq!(varint(&mut bytes), Some(value));
            proptest::prop_assert!(bytes.is_empty());
        }

        #[test]
        fn no_body_panics(body: Vec<u8>) {
            let _ = Fields::new(&body);
        }
    }
}
