//! The protobuf wire format: varints, the fields of a body by tag, and writing.

use bytes::{BufMut, BytesMut};

/// Wire type of integers and booleans.
pub(crate) const VARINT: u8 = 0;
/// Wire type of doubles.
pub(crate) const FIXED64: u8 = 1;
/// Wire type of strings and nested messages.
pub(crate) const BYTES: u8 = 2;

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

/// The fields of one body, found by tag.
///
/// Writers put fields in the order of their tags and layouts ask for them so: one walk finds them all, and an absent
/// field costs a comparison. The same walk checks the body; [`Fields::finish`] takes it to the end and says whether what
/// was found is to be believed.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    body: &'a [u8],
    /// What stands behind the key of the next field.
    left: &'a [u8],
    /// Key of the next field (tag and wire type), [`END`] behind the last one.
    next: u32,
    /// Tag of the last field that the walk went by; to find it again the walk begins anew.
    passed: u32,
    /// The worst that was seen.
    shape: Shape,
}

/// Whether what was found in a body is to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    /// It is.
    Whole,
    /// The body has its fields in another order: what was found says nothing. [`sorted`] makes a body that can be walked.
    Disordered,
    /// A key, a varint or a length is cut off or impossible.
    Malformed,
}

/// Above every key: one has 32 bits, and no wire type 7.
const END: u32 = u32::MAX;

impl<'a> Fields<'a> {
    /// Before the first field, which [`Fields::advance`] finds.
    #[inline(always)]
    pub(crate) const fn new(body: &'a [u8]) -> Self {
        Self { body, left: body, next: 0, passed: 0, shape: Shape::Whole }
    }

    /// The next field, where it has this tag and this wire type and is not followed by another of its tag, if `read`
    /// reads it. `None`, and nothing taken, where [`Fields::find`] has to look.
    #[inline(always)]
    pub(crate) fn take<T>(&mut self, tag: u32, wire_type: u8, read: impl FnOnce(Raw<'a>) -> Option<T>) -> Option<T> {
        if self.next != tag << 3 | u32::from(wire_type) {
            return None;
        }
        let mut left = self.left;
        let raw = value(&mut left, wire_type)?;
        let next = short_key(&mut left)?;
        if next >> 3 <= tag {
            return None;
        }
        let read = read(raw)?;
        (self.left, self.next, self.passed) = (left, next, tag);
        Some(read)
    }

    /// The field with this tag; the last one where it stands more than once, as protobuf rules.
    pub(crate) fn find(&mut self, tag: u32) -> Option<Raw<'a>> {
        if self.lacks(tag) { None } else { self.find_far(tag) }
    }

    /// Whether one comparison says that there is no field with this tag; if not, it takes a look.
    #[inline(always)]
    pub(crate) fn lacks(&self, tag: u32) -> bool {
        self.passed < tag && tag < self.next >> 3
    }

    #[inline(never)]
    fn find_far(&mut self, tag: u32) -> Option<Raw<'a>> {
        if tag <= self.passed {
            self.rewind();
        }
        let mut found = None;
        while self.next >> 3 <= tag && self.next != END {
            let this = self.next >> 3;
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
        while self.next >> 3 < tag && self.step().is_some() {}
    }

    /// The next field if it has this tag.
    pub(crate) fn another(&mut self, tag: u32) -> Option<Raw<'a>> {
        if self.next >> 3 == tag { self.step() } else { None }
    }

    /// Goes past whatever is left, and says what to think of the body.
    #[inline]
    pub(crate) fn finish(&mut self) -> Shape {
        while self.next != END && self.step().is_some() {}
        self.shape
    }

    /// Takes the next field.
    fn step(&mut self) -> Option<Raw<'a>> {
        self.passed = self.next >> 3;
        let Some(raw) = value(&mut self.left, self.next as u8 & 7) else {
            self.spoil();
            return None;
        };
        self.advance();
        Some(raw)
    }

    /// Reads the key of the next field.
    #[inline(always)]
    pub(crate) fn advance(&mut self) {
        match short_key(&mut self.left) {
            Some(next) => self.next = next,
            None => match key(&mut self.left) {
                Some((tag, wire_type @ 0..=5)) => self.next = tag << 3 | u32::from(wire_type),
                Some(_) | None => return self.spoil(),
            },
        }
        if self.next >> 3 < self.passed {
            self.shape = self.shape.max(Shape::Disordered);
        }
    }

    #[cold]
    #[inline(never)]
    fn spoil(&mut self) {
        self.shape = Shape::Malformed;
        self.left = &[];
        self.next = END;
    }

    #[cold]
    fn rewind(&mut self) {
        self.left = self.body;
        self.passed = 0;
        self.advance();
    }
}

/// The same body with its fields in the order of their tags, those of one tag in the order they came; `None` where it is
/// malformed.
#[cold]
pub(crate) fn sorted(body: &[u8]) -> Option<Vec<u8>> {
    let mut fields = Vec::new();
    let mut left = body;
    while !left.is_empty() {
        let before = left;
        let (tag, wire_type) = key(&mut left)?;
        value(&mut left, wire_type)?;
        fields.push((tag, before.get(..before.len() - left.len())?));
    }
    fields.sort_by_key(|(tag, _)| *tag); // stable
    Some(fields.into_iter().flat_map(|(_, field)| field).copied().collect())
}

/// Reads a key of one or two bytes, or [`END`]; `None`, and nothing taken, where [`key`] has to look.
#[inline(always)]
fn short_key(left: &mut &[u8]) -> Option<u32> {
    match *left {
        [] => Some(END),
        [key @ 8..0x80, rest @ ..] => {
            *left = rest;
            Some(u32::from(*key))
        }
        [low @ 0x80..=0xFF, high @ 1..0x80, rest @ ..] => {
            *left = rest;
            Some(u32::from(low & 0x7F) | u32::from(*high) << 7)
        }
        _ => None,
    }
}

/// Reads a key: the tag, never 0, and the wire type.
#[cold]
#[inline(never)]
fn key(body: &mut &[u8]) -> Option<(u32, u8)> {
    let key = u32::try_from(varint(body)?).ok()?;
    if key < 8 { None } else { Some((key >> 3, key as u8 & 7)) }
}

/// Reads a value of this wire type.
#[inline(always)]
fn value<'a>(body: &mut &'a [u8], wire_type: u8) -> Option<Raw<'a>> {
    Some(match wire_type {
        VARINT => Raw::Varint(varint(body)?),
        FIXED64 => Raw::Fixed64(u64::from_le_bytes(take(body)?)),
        BYTES => {
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

/// The bytes of something short, the first one lowest, and how many they are: they are appended as one machine word.
#[derive(Clone, Copy)]
struct Packed {
    bytes: u64,
    count: u32,
}

impl Packed {
    /// A varint of one byte or two; `None` where it takes more.
    #[inline(always)]
    const fn varint(value: u64) -> Option<Self> {
        match value {
            ..0x80 => Some(Self { bytes: value, count: 1 }),
            0x80..0x4000 => Some(Self { bytes: value & 0x7F | 0x80 | (value & 0x3F80) << 1, count: 2 }),
            _ => None,
        }
    }

    /// The key of a field; tags that TWS knows have three digits.
    #[inline(always)]
    const fn key(tag: u32, wire_type: u8) -> Option<Self> {
        Self::varint((tag as u64) << 3 | wire_type as u64)
    }

    #[inline(always)]
    const fn and(self, next: Self) -> Self {
        Self { bytes: self.bytes | next.bytes << (8 * self.count), count: self.count + next.count }
    }

    #[inline(always)]
    fn put(self, out: &mut BytesMut) {
        let end = out.len() + self.count as usize;
        out.put_u64_le(self.bytes);
        out.truncate(end);
    }
}

/// Appends a varint.
pub(crate) fn put_varint(out: &mut BytesMut, value: u64) {
    match Packed::varint(value) {
        Some(packed) => packed.put(out),
        None => put_long_varint(out, value),
    }
}

fn put_long_varint(out: &mut BytesMut, value: u64) {
    let (mut bytes, mut left, mut count) = ([0; 10], value, 0);
    for byte in &mut bytes {
        count += 1;
        *byte = left as u8 | 0x80;
        left >>= 7;
        if left == 0 {
            *byte &= 0x7F;
            break;
        }
    }
    out.put_slice(bytes.get(..count).unwrap_or(&bytes));
}

/// Appends the key of a field and a varint.
#[inline(always)]
fn put_key_and_varint(out: &mut BytesMut, tag: u32, wire_type: u8, value: u64) {
    match (Packed::key(tag, wire_type), Packed::varint(value)) {
        (Some(key), Some(value)) => key.and(value).put(out),
        (Some(key), None) => {
            key.put(out);
            put_long_varint(out, value);
        }
        (None, _) => {
            put_long_varint(out, u64::from(tag) << 3 | u64::from(wire_type));
            put_varint(out, value);
        }
    }
}

/// Appends an integer or boolean field.
pub(crate) fn put_varint_field(out: &mut BytesMut, tag: u32, value: u64) {
    put_key_and_varint(out, tag, VARINT, value);
}

/// Appends a double field.
pub(crate) fn put_double_field(out: &mut BytesMut, tag: u32, value: f64) {
    put_varint(out, u64::from(tag) << 3 | u64::from(FIXED64));
    out.put_f64_le(value);
}

/// Appends a string or nested field whose bytes are known.
pub(crate) fn put_bytes_field(out: &mut BytesMut, tag: u32, bytes: &[u8]) {
    put_key_and_varint(out, tag, BYTES, bytes.len() as u64);
    out.put_slice(bytes);
}

/// Appends a nested field: `body` writes it, its length is moved in front afterwards.
pub(crate) fn put_nested_field<E>(
    out: &mut BytesMut,
    tag: u32,
    body: impl FnOnce(&mut BytesMut) -> Result<(), E>,
) -> Result<(), E> {
    // Most bodies are short: their length fits the one byte that is kept for it.
    put_key_and_varint(out, tag, BYTES, 0);
    let start = out.len();
    let place = start - 1;
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

    fn walk(body: &[u8]) -> Fields<'_> {
        let mut fields = Fields::new(body);
        fields.advance();
        fields
    }
    use crate::error::Fault;

    #[test]
    fn fields_are_found_in_any_order() {
        for order in [[1, 2, 3], [3, 1, 2], [2, 3, 1]] {
            let mut body = BytesMut::new();
            for tag in order {
                put_varint_field(&mut body, tag, u64::from(tag) * 1000);
            }
            let shape = if order == [1, 2, 3] { Shape::Whole } else { Shape::Disordered };
            assert_eq!(walk(&body).finish(), shape, "{order:?}");
            let body = sorted(&body).unwrap();
            let mut fields = walk(&body);
            for tag in [2, 3, 1, 4] {
                let found =
                    fields.find(tag).map(|raw| matches!(raw, Raw::Varint(value) if value == u64::from(tag) * 1000));
                assert_eq!(found, (tag < 4).then_some(true), "{tag} in {order:?}");
            }
            assert_eq!(fields.finish(), Shape::Whole);
        }
    }

    #[test]
    fn the_last_of_a_repeated_scalar_wins() {
        let mut body = BytesMut::new();
        for value in [7, 8, 9] {
            put_varint_field(&mut body, 1, value);
        }
        put_varint_field(&mut body, 2, 5);
        let mut fields = walk(&body);
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
        let mut fields = walk(&body);
        for tag in (1..=145).chain((1..=145).rev()) {
            assert!(matches!(fields.find(tag), Some(Raw::Varint(value)) if value == u64::from(tag)));
        }
    }

    #[test]
    fn malformed_bodies_are_faults() {
        for body in [&[0x08][..], &[0x08, 0x80], &[0x0a, 0x05, 1], &[0x0b], &[0x00, 0x01], &[0x09, 1, 2], &[0xff; 11]] {
            assert_eq!(walk(body).finish(), Shape::Malformed, "{body:?}");
            assert_eq!(sorted(body), None, "{body:?}");
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
        let mut fields = walk(&out);
        let Some(Raw::Bytes(inner)) = fields.find(3) else { panic!("no nested field") };
        let mut inner = walk(inner);
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
        fn fields_come_back(tag in 1..1_u32 << 29, value: u64, bits in 0..64, text: Vec<u8>, double: f64) {
            let mut out = BytesMut::new();
            let value = value >> bits;
            put_varint_field(&mut out, tag, value);
            put_bytes_field(&mut out, tag, &text);
            put_double_field(&mut out, tag, double);
            let mut fields = walk(&out);
            proptest::prop_assert!(matches!(fields.another(tag), Some(Raw::Varint(read)) if read == value));
            proptest::prop_assert!(matches!(fields.another(tag), Some(Raw::Bytes(read)) if read == text));
            let bits = double.to_bits();
            proptest::prop_assert!(matches!(fields.another(tag), Some(Raw::Fixed64(read)) if read == bits));
            proptest::prop_assert_eq!(fields.finish(), Shape::Whole);
        }

        #[test]
        fn no_body_panics(body: Vec<u8>) {
            let shape = walk(&body).finish();
            let sorted = sorted(&body);
            proptest::prop_assert_eq!(sorted.is_none(), shape == Shape::Malformed);
            if let Some(sorted) = sorted {
                proptest::prop_assert_eq!(sorted == body, shape == Shape::Whole);
                proptest::prop_assert_eq!(walk(&sorted).finish(), Shape::Whole);
            }
        }
    }
}
