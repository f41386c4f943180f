//! [`Wire`]: the cursor that every layout runs over, reading or writing, text or protobuf.

use bytes::{BufMut, BytesMut};
use rust_decimal::Decimal;

use crate::error::{Excerpt, Fault, Flaw, Result};
use crate::item::{Digital, Item};
use crate::protobuf::{self, Fields, Shape};
use crate::scan::Text;
use crate::value::{self, Digits, Escaped, Scalar, Value};
use crate::version::ServerVersion;

/// A message body, described once. [`Wire`] decides whether that reads or writes, text or protobuf.
pub trait Layout: Default {
    /// Visits every field in the order of the text form, each with its protobuf tag.
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()>;

    /// Reads a text body that comes often where it is spelled plainly; `None` where [`Layout::layout`] has to look, from
    /// the start.
    #[inline(always)]
    #[must_use]
    fn read_plain_text(&mut self, _: &mut Text<'_>) -> Option<()> {
        None
    }
}

impl<T: Layout> Layout for Box<T> {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        self.as_mut().layout(w)
    }
}

/// A protobuf tag and the name that errors use; made by `layout!`.
#[derive(Debug)]
pub struct Tag {
    pub(crate) number: u32,
    pub(crate) name: &'static str,
}

/// What to do with a value that the form at this version has no place for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Refuse to write the message: half an order is a different order. What a client does.
    Refuse,
    /// Leave the value out, as TWS does when it answers an older client. What a server does.
    LeaveOut,
}

/// The cursor of a layout: one of four modes, and the version that was negotiated.
#[derive(Debug)]
pub struct Wire<'a> {
    mode: Mode<'a>,
    version: ServerVersion,
    missing: Missing,
}

/// Its tag is a byte of its own: every field begins with a look at it.
#[derive(Debug)]
#[repr(u8)]
enum Mode<'a> {
    ReadText(Text<'a>),
    WriteText(&'a mut BytesMut),
    /// Writing inside a [`Wire::group`] that the text form leaves out.
    WriteNoText,
    ReadProtobuf(Fields<'a>),
    WriteProtobuf(&'a mut BytesMut),
}

impl<'a> Wire<'a> {
    /// Reads the text fields of `body`.
    #[must_use]
    pub fn read_text(body: &'a [u8], version: ServerVersion) -> Self {
        Self { mode: Mode::ReadText(Text::new(body)), version, missing: Missing::Refuse }
    }

    /// Reads the protobuf message in `body`; [`read_body`] does, as the last look is at the whole.
    #[inline(always)]
    fn read_protobuf(body: &'a [u8], version: ServerVersion) -> Self {
        Self { mode: Mode::ReadProtobuf(Fields::new(body)), version, missing: Missing::Refuse }
    }

    /// Appends text fields to `out`.
    #[must_use]
    pub fn write_text(out: &'a mut BytesMut, version: ServerVersion, missing: Missing) -> Self {
        Self { mode: Mode::WriteText(out), version, missing }
    }

    /// Appends a protobuf message to `out`.
    #[must_use]
    pub fn write_protobuf(out: &'a mut BytesMut, version: ServerVersion, missing: Missing) -> Self {
        Self { mode: Mode::WriteProtobuf(out), version, missing }
    }

    /// Whether the form is text; layouts ask only where the two forms differ in shape.
    #[inline]
    #[must_use]
    pub fn is_text(&self) -> bool {
        !matches!(self.mode, Mode::ReadProtobuf(_) | Mode::WriteProtobuf(_))
    }

    #[inline]
    fn is_reading(&self) -> bool {
        matches!(self.mode, Mode::ReadText(_) | Mode::ReadProtobuf(_))
    }

    #[inline]
    pub(crate) fn is_writing_protobuf(&self) -> bool {
        matches!(self.mode, Mode::WriteProtobuf(_))
    }

    /// Whether a value that has no place is to be refused.
    fn refuses(&self) -> bool {
        !self.is_reading() && self.missing == Missing::Refuse
    }

    /// Whether the text form at this version has what `gate` brought; always true in protobuf, which has every field.
    #[inline]
    #[must_use]
    pub fn since(&self, gate: ServerVersion) -> bool {
        !self.is_text() || self.version >= gate
    }

    /// Text fields behind the last one that the layout knows: a newer peer's, ignored and counted.
    #[must_use]
    pub(crate) fn trailing_fields(&self) -> usize {
        match &self.mode {
            Mode::ReadText(text) => text.trailing_fields(),
            _ => 0,
        }
    }

    /// Begins the walk where the cursor stays: one that is moved right behind a step costs as much as two fields.
    #[inline(always)]
    fn begin(&mut self) {
        if let Mode::ReadProtobuf(fields) = &mut self.mode {
            fields.advance();
        }
    }

    /// What to think of the protobuf body that was read.
    #[inline(always)]
    fn shape(&mut self) -> Shape {
        match &mut self.mode {
            Mode::ReadProtobuf(fields) => fields.finish(),
            _ => Shape::Whole,
        }
    }

    /// One field in both forms.
    #[inline]
    pub fn field<V: Value>(&mut self, tag: &'static Tag, value: &mut V) -> Result<()> {
        // Most fields of an order say nothing, and the value to be read into does so already.
        match &mut self.mode {
            Mode::ReadText(text) if text.is_empty_field() && value.is_silent() => {
                text.skip(1);
                Ok(())
            }
            Mode::ReadText(text) => read_text_field::<V, V>(text, tag, value, |value, read| *value = read),
            Mode::ReadProtobuf(fields) if fields.lacks(tag.number) && value.is_silent() => Ok(()),
            Mode::ReadProtobuf(fields) => read_protobuf_field::<V, V>(fields, tag, value, |value, read| *value = read),
            _ => self.write_field(tag, value),
        }
    }

    /// Writes a field, or refuses it in a group that is left out.
    #[inline(never)]
    fn write_field<V: Value>(&mut self, tag: &'static Tag, value: &mut V) -> Result<()> {
        if self.missing == Missing::Refuse && value.stands_for_unset() {
            return Err(Flaw::new(tag.name, Fault::StandsForUnset));
        }
        let written = match &mut self.mode {
            Mode::WriteText(out) => {
                let written = value.write_text(out);
                out.put_u8(0);
                written
            }
            Mode::WriteProtobuf(out) => value.write_protobuf(tag.number, out),
            _ => return self.not_carried(tag, value, Fault::NotCarried),
        };
        written.map_err(|fault| Flaw::new(tag.name, fault))
    }

    /// As [`Wire::field`], but the text form writes "unset" as the maximum of the type.
    pub fn maxed<T: Scalar>(&mut self, tag: &'static Tag, value: &mut Option<T>) -> Result<()> {
        match (&mut self.mode, &value) {
            (Mode::ReadText(text), None) => match text.skip_if(T::MAXIMUM) {
                Some(()) => Ok(()),
                None => self.field(tag, value),
            },
            (Mode::WriteText(out), None) => {
                out.put_slice(T::MAXIMUM);
                out.put_u8(0);
                Ok(())
            }
            _ => self.field(tag, value),
        }
    }

    /// A decimal that travels as digits in protobuf too: a quantity, a size, a volume.
    #[inline]
    pub fn exact<D: Digital>(&mut self, tag: &'static Tag, value: &mut D) -> Result<()> {
        match &mut self.mode {
            Mode::ReadText(text) => read_text_field::<D::Carried, D>(text, tag, value, D::set_digits),
            Mode::ReadProtobuf(fields) => read_protobuf_field::<D::Carried, D>(fields, tag, value, D::set_digits),
            _ => {
                let mut digits = value.to_digits();
                self.field(tag, &mut digits)?;
                value.set_digits(digits);
                Ok(())
            }
        }
    }

    /// As [`Wire::exact`], but the text form writes "unset" as the maximum of a decimal.
    pub fn exact_maxed(&mut self, tag: &'static Tag, value: &mut Option<Decimal>) -> Result<()> {
        let mut digits = value.map(Digits);
        self.maxed(tag, &mut digits)?;
        *value = digits.map(|digits| digits.0);
        Ok(())
    }

    /// Prose, which the text form escapes to ASCII.
    pub fn escaped<T: Default + From<String> + Into<String>>(
        &mut self,
        tag: &'static Tag,
        value: &mut T,
    ) -> Result<()> {
        let mut escaped = Escaped(std::mem::take(value).into());
        let done = self.field(tag, &mut escaped);
        *value = escaped.0.into();
        done
    }

    /// A field of the text form that protobuf has no tag for.
    pub fn text_only<V: Value>(&mut self, tag: &'static Tag, value: &mut V) -> Result<()> {
        if self.is_text() { self.field(tag, value) } else { self.not_carried(tag, value, Fault::NotCarried) }
    }

    /// A field of the protobuf form that the text form has no place for.
    pub fn proto_only<V: Value>(&mut self, tag: &'static Tag, value: &mut V) -> Result<()> {
        if self.is_text() { self.not_carried(tag, value, Fault::NotCarried) } else { self.field(tag, value) }
    }

    /// Fields that the text form has no place for, many of them: reading text passes them by, since what is read into
    /// says nothing yet.
    #[inline]
    pub fn beyond_text(&mut self, fields: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        if matches!(self.mode, Mode::ReadText(_)) { Ok(()) } else { fields(self) }
    }

    /// A field that exists since `gate`: older peers read it as unset, and a set value is refused.
    /// In protobuf the gate holds for writing only, as fields are found by tag.
    pub fn gated<V: Value>(&mut self, gate: ServerVersion, tag: &'static Tag, value: &mut V) -> Result<()> {
        if self.version >= gate || matches!(self.mode, Mode::ReadProtobuf(_)) {
            self.field(tag, value)
        } else {
            self.not_carried(tag, value, Fault::NeedsVersion(gate))
        }
    }

    /// A field that protobuf alone carries, since `gate`; in text the refusal names that version.
    pub fn newer<V: Value>(&mut self, gate: ServerVersion, tag: &'static Tag, value: &mut V) -> Result<()> {
        if self.is_text() {
            self.not_carried(tag, value, Fault::NeedsVersion(gate))
        } else {
            self.gated(gate, tag, value)
        }
    }

    /// A field that existed below `gate`, in text only.
    pub fn until<V: Value>(&mut self, gate: ServerVersion, tag: &'static Tag, value: &mut V) -> Result<()> {
        if self.is_text() && self.version < gate {
            self.field(tag, value)
        } else {
            self.not_carried(tag, value, Fault::GoneSince(gate))
        }
    }

    /// A literal of the text form: a message version or a filler. What a peer writes there means nothing.
    #[inline]
    pub fn constant(&mut self, literal: &'static str) -> Result<()> {
        match &mut self.mode {
            Mode::ReadText(text) => match text.constant(literal) {
                Some(()) => Ok(()),
                None => self.any_constant(literal),
            },
            Mode::WriteText(_) => self.any_constant(literal),
            _ => Ok(()),
        }
    }

    #[inline(never)]
    fn any_constant(&mut self, literal: &'static str) -> Result<()> {
        match &mut self.mode {
            Mode::ReadText(text) => next_field(text).map(|_| ()).map_err(|fault| Flaw::new("version", fault)),
            Mode::WriteText(out) => {
                out.put_slice(literal.as_bytes());
                out.put_u8(0);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A message inside this one: of its own in protobuf, in line in text. It must be there.
    pub fn nested<L: Layout>(&mut self, tag: &'static Tag, inner: &mut L) -> Result<()> {
        let (version, missing) = (self.version, self.missing);
        match &mut self.mode {
            Mode::ReadProtobuf(fields) => match fields.find(tag.number) {
                None => Err(Flaw::new(tag.name, Fault::Missing)),
                Some(raw) => read_nested(tag, raw, version, inner),
            },
            Mode::WriteProtobuf(out) => protobuf::put_nested_field(out, tag.number, |out| {
                inner.layout(&mut Wire::write_protobuf(out, version, missing))
            }),
            _ => inner.layout(self),
        }
    }

    /// A message inside this one that may be absent in protobuf; in text it is in line and always there.
    pub fn optional<L: Layout>(&mut self, tag: &'static Tag, inner: &mut Option<L>) -> Result<()> {
        let (version, missing) = (self.version, self.missing);
        match &mut self.mode {
            Mode::ReadProtobuf(fields) => match fields.find(tag.number) {
                None => {
                    *inner = None;
                    Ok(())
                }
                Some(raw) => read_nested(tag, raw, version, inner.insert(L::default())),
            },
            Mode::WriteProtobuf(out) => match inner {
                None => Ok(()),
                Some(inner) => protobuf::put_nested_field(out, tag.number, |out| {
                    inner.layout(&mut Wire::write_protobuf(out, version, missing))
                }),
            },
            _ => inner.get_or_insert_default().layout(self),
        }
    }

    /// A list: a count and the items in text, repeated in protobuf. It grows as items arrive, never by the count.
    pub fn list<T: Item>(&mut self, tag: &'static Tag, items: &mut Vec<T>) -> Result<()> {
        let (version, missing) = (self.version, self.missing);
        match &mut self.mode {
            Mode::WriteNoText => self.no_list(tag, items, Fault::NotCarried),
            Mode::ReadText(text) => {
                let field = next_field(text).map_err(|fault| Flaw::new(tag.name, fault))?;
                let announced = if field.is_empty() { Ok(0) } else { value::integer_from_text(field) }
                    .map_err(|fault| Flaw::new(tag.name, fault))?;
                // Every item has at least one field, and a field at least its NUL.
                let count = usize::try_from(announced)
                    .ok()
                    .filter(|count| *count <= text.rest().len())
                    .ok_or_else(|| Flaw::new(tag.name, Fault::BadCount(Excerpt::of(field))))?;
                items.clear();
                for _ in 0..count {
                    items.push(T::read_item_text(self, tag)?);
                }
                Ok(())
            }
            Mode::ReadProtobuf(fields) => {
                items.clear();
                fields.seek(tag.number);
                while let Some(raw) = fields.another(tag.number) {
                    T::read_item_protobuf(raw, version, tag, items)?;
                }
                Ok(())
            }
            Mode::WriteText(out) => {
                value::put_integer(items.len() as i64, out);
                out.put_u8(0);
                for item in items {
                    item.write_item_text(self, tag)?;
                }
                Ok(())
            }
            Mode::WriteProtobuf(out) => {
                for item in items {
                    item.write_item_protobuf(out, version, missing, tag)?;
                }
                Ok(())
            }
        }
    }

    /// A list of the protobuf form that the text form has no place for.
    pub fn proto_only_list<T: Item>(&mut self, tag: &'static Tag, items: &mut Vec<T>) -> Result<()> {
        if self.is_text() { self.no_list(tag, items, Fault::NotCarried) } else { self.list(tag, items) }
    }

    /// A list that exists since `gate`.
    pub fn gated_list<T: Item>(&mut self, gate: ServerVersion, tag: &'static Tag, items: &mut Vec<T>) -> Result<()> {
        if self.version >= gate || matches!(self.mode, Mode::ReadProtobuf(_)) {
            self.list(tag, items)
        } else {
            self.no_list(tag, items, Fault::NeedsVersion(gate))
        }
    }

    /// Tags that protobuf carries as a map: no tag may stand twice. In text they are a list.
    pub fn map(&mut self, tag: &'static Tag, tags: &mut Vec<crate::tags::TagValue>) -> Result<()> {
        let writes_map = matches!(self.mode, Mode::WriteProtobuf(_)) && self.missing == Missing::Refuse;
        if writes_map && crate::tags::has_twins(tags) {
            return Err(Flaw::new(tag.name, Fault::DuplicateTag));
        }
        self.list(tag, tags)
    }

    /// A list of tags: one string `tag=value;tag=value;` in text, a map in protobuf.
    pub fn tag_string(&mut self, tag: &'static Tag, tags: &mut Vec<crate::tags::TagValue>) -> Result<()> {
        if !self.is_text() {
            return self.map(tag, tags);
        }
        let mut joined = crate::tags::join(tags).map_err(|fault| Flaw::new(tag.name, fault))?;
        self.field(tag, &mut joined)?;
        *tags = crate::grammar::tag_list(&joined);
        Ok(())
    }

    /// Fields that the text form carries only when `present`; protobuf carries them by their tags in any case.
    pub fn group(&mut self, present: bool, fields: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        if present || !self.is_text() {
            return fields(self);
        }
        if self.is_reading() {
            return Ok(()); // what is read into says nothing yet
        }
        let before = std::mem::replace(&mut self.mode, Mode::WriteNoText);
        let done = fields(self);
        self.mode = before;
        done
    }

    /// The kind that decides which variant follows, then `self` is reading the rest of that variant.
    pub fn choose<V: Value, T>(
        &mut self,
        tag: &'static Tag,
        chosen: &mut T,
        kind_of: impl FnOnce(&T) -> V,
        blank: impl FnOnce(V) -> Result<T, Fault>,
    ) -> Result<()> {
        let mut kind = kind_of(chosen);
        self.field(tag, &mut kind)?;
        if self.is_reading() {
            *chosen = blank(kind).map_err(|fault| Flaw::new(tag.name, fault))?;
        }
        Ok(())
    }

    /// A value that is not on the wire here: reads as silence, and a set one is refused or left out.
    #[inline]
    fn not_carried<V: Value>(&mut self, tag: &'static Tag, value: &mut V, fault: Fault) -> Result<()> {
        if value.is_silent() { Ok(()) } else { self.set_but_not_carried(tag, value, fault) }
    }

    #[cold]
    fn set_but_not_carried<V: Value>(&mut self, tag: &'static Tag, value: &mut V, fault: Fault) -> Result<()> {
        if self.refuses() && !V::DISPENSABLE {
            return Err(Flaw::new(tag.name, fault));
        }
        if let (true, Some(silence)) = (self.is_reading(), V::silence()) {
            *value = silence;
        }
        Ok(())
    }

    /// A nested message that the text form has no place for; protobuf carries it.
    pub fn absent<L: Layout>(&mut self, tag: &'static Tag, inner: &mut Option<L>) -> Result<()> {
        if !self.is_text() {
            return self.optional(tag, inner);
        }
        if self.refuses() && inner.is_some() {
            return Err(Flaw::new(tag.name, Fault::NotCarried));
        }
        if self.is_reading() {
            *inner = None;
        }
        Ok(())
    }

    fn no_list<T>(&mut self, tag: &'static Tag, items: &mut Vec<T>, fault: Fault) -> Result<()> {
        if self.refuses() && !items.is_empty() {
            return Err(Flaw::new(tag.name, fault));
        }
        if self.is_reading() {
            items.clear();
        }
        Ok(())
    }
}

// The ways of reading a field, functions of their own: each needs few registers, and a call of one costs little. What was
// read is handed to `set` at once: a decimal that is copied right behind being made stalls on its own halves.

#[inline(never)]
fn read_text_field<V: Value, T>(
    text: &mut Text<'_>,
    tag: &'static Tag,
    value: &mut T,
    set: impl FnOnce(&mut T, V),
) -> Result<()> {
    let Some(read) = V::take_short(text) else { return read_any_text_field(text, tag, value, set) };
    set(value, read);
    Ok(())
}

/// A long field, or one in a spelling that comes seldom, or none that is a `V`.
#[inline(never)]
fn read_any_text_field<V: Value, T>(
    text: &mut Text<'_>,
    tag: &'static Tag,
    value: &mut T,
    set: impl FnOnce(&mut T, V),
) -> Result<()> {
    let read = next_field(text).and_then(V::read_text).map_err(|fault| Flaw::new(tag.name, fault))?;
    set(value, read);
    Ok(())
}

#[inline(never)]
fn read_protobuf_field<V: Value, T>(
    fields: &mut Fields<'_>,
    tag: &'static Tag,
    value: &mut T,
    set: impl FnOnce(&mut T, V),
) -> Result<()> {
    match fields.take(tag.number, V::WIRE_TYPE, |raw| V::read_plain_protobuf(raw)) {
        Some(read) => set(value, read),
        None => return read_odd_protobuf_field(fields, tag, value, set),
    }
    Ok(())
}

/// A field that is absent, in another place, or of a spelling that comes seldom.
#[inline(never)]
fn read_odd_protobuf_field<V: Value, T>(
    fields: &mut Fields<'_>,
    tag: &'static Tag,
    value: &mut T,
    set: impl FnOnce(&mut T, V),
) -> Result<()> {
    let read = match fields.find(tag.number) {
        None => V::silence().ok_or(Fault::Missing),
        Some(raw) => V::read_protobuf(raw),
    };
    set(value, read.map_err(|fault| Flaw::new(tag.name, fault))?);
    Ok(())
}

/// Reads the body of a nested message.
pub(crate) fn read_nested<L: Layout>(
    tag: &'static Tag,
    raw: protobuf::Raw<'_>,
    version: ServerVersion,
    inner: &mut L,
) -> Result<()> {
    let body = value::bytes(raw).map_err(|fault| Flaw::new(tag.name, fault))?;
    read_body(body, version, inner)
}

/// Reads a whole protobuf body. It is walked and checked at once, so that only the end tells whether it is to be believed.
#[inline(always)]
pub(crate) fn read_body<L: Layout>(body: &[u8], version: ServerVersion, message: &mut L) -> Result<()> {
    let mut wire = Wire::read_protobuf(body, version);
    wire.begin();
    let read = message.layout(&mut wire);
    match wire.shape() {
        Shape::Whole => read,
        Shape::Disordered | Shape::Malformed => read_sorted(body, version, message),
    }
}

#[cold]
#[inline(never)]
fn read_sorted<L: Layout>(body: &[u8], version: ServerVersion, message: &mut L) -> Result<()> {
    let body = protobuf::sorted(body).ok_or_else(|| Flaw::new("", Fault::MalformedProtobuf))?;
    *message = L::default();
    let mut wire = Wire::read_protobuf(&body, version);
    wire.begin();
    message.layout(&mut wire)
}

/// Takes one NUL-terminated field off the front.
#[inline]
fn next_field<'a>(text: &mut Text<'a>) -> Result<&'a [u8], Fault> {
    if text.rest().is_empty() {
        return Err(Fault::Missing);
    }
    text.next().ok_or(Fault::Truncated)
}

/// Describes a message body: in full, or a run of fields inside a hand-written [`Layout`].
///
/// `layout!(Message, version "1" { 1 request_id, 2 price, exact 3 size })` implements [`Layout`] for a plain message:
/// the same fields in the same order in both forms. A field that is forgotten does not compile.
///
/// `layout!(w; 1 request_id, maxed 7 display_size, gated(ServerVersion::ERROR_TIME) 2 time)` visits fields that are in
/// scope under those names; `layout!(w, order; 5 action)` visits fields of `order`. The word before a tag is the verb of
/// [`Wire`]; none is [`Wire::field`].
macro_rules! layout {
    (@field $w:expr, [] $tag:literal $field:ident) => {
        $w.field(const { &$crate::wire::Tag { number: $tag, name: stringify!($field) } }, $field)?
    };
    (@field $w:expr, [$verb:ident] $tag:literal $field:ident) => {
        $w.$verb(const { &$crate::wire::Tag { number: $tag, name: stringify!($field) } }, $field)?
    };
    (@field $w:expr, [$verb:ident ($gate:expr)] $tag:literal $field:ident) => {
        $w.$verb($gate, const { &$crate::wire::Tag { number: $tag, name: stringify!($field) } }, $field)?
    };
    (@of $w:expr, $of:expr, [] $tag:literal $field:ident) => {
        $w.field(const { &$crate::wire::Tag { number: $tag, name: stringify!($field) } }, &mut $of.$field)?
    };
    (@of $w:expr, $of:expr, [$verb:ident] $tag:literal $field:ident) => {
        $w.$verb(const { &$crate::wire::Tag { number: $tag, name: stringify!($field) } }, &mut $of.$field)?
    };
    (@of $w:expr, $of:expr, [$verb:ident ($gate:expr)] $tag:literal $field:ident) => {
        $w.$verb($gate, const { &$crate::wire::Tag { number: $tag, name: stringify!($field) } }, &mut $of.$field)?
    };
    (@all [$($version:literal)?] $($($verb:ident $(($gate:expr))?)? $tag:literal $field:ident),* $(,)?) => {
        #[allow(unused_variables)] // messages without a field
        fn layout(&mut self, w: &mut $crate::wire::Wire<'_>) -> $crate::error::Result<()> {
            let Self { $($field),* } = self;
            $(w.constant($version)?;)?
            $crate::wire::layout!(w; $($($verb $(($gate))?)? $tag $field),*);
            Ok(())
        }
    };
    (@often $version:literal, $($($verb:ident)? $tag:literal $field:ident),* $(,)?) => {
        #[inline(always)]
        fn read_plain_text(&mut self, text: &mut $crate::scan::Text<'_>) -> Option<()> {
            let Self { $($field),* } = self;
            text.constant($version)?;
            $crate::wire::layout!(text; $($($verb)? $tag $field),*);
            Some(())
        }
    };
    (@sparse $($($verb:ident $(($gate:expr))?)? $tag:literal $field:ident),* $(,)?) => {
        fn layout(&mut self, w: &mut $crate::wire::Wire<'_>) -> $crate::error::Result<()> {
            let Self { $($field),* } = self;
            match $crate::body::Sparse::of(w) {
                Some(mut sparse) => $crate::wire::layout!(sparse; $($($verb $(($gate))?)? $tag $field),*),
                None => $crate::wire::layout!(w; $($($verb $(($gate))?)? $tag $field),*),
            }
            Ok(())
        }
    };
    ($message:ident, mostly unset { $($fields:tt)* }) => {
        impl $crate::wire::Layout for $message {
            $crate::wire::layout! { @sparse $($fields)* }
        }
    };
    ($message:ident $(, version $version:literal)? { $($fields:tt)* }) => {
        impl $crate::wire::Layout for $message {
            $crate::wire::layout! { @all [$($version)?] $($fields)* }
        }
    };
    ($message:ident, version $version:literal often { $($fields:tt)* }) => {
        impl $crate::wire::Layout for $message {
            $crate::wire::layout! { @all [$version] $($fields)* }
            $crate::wire::layout! { @often $version, $($fields)* }
        }
    };
    ($w:expr, $of:expr; $($($verb:ident $(($gate:expr))?)? $tag:literal $field:ident),* $(,)?) => {{
        $($crate::wire::layout!(@of $w, $of, [$($verb $(($gate))?)?] $tag $field);)*
    }};
    ($w:expr; $($($verb:ident $(($gate:expr))?)? $tag:literal $field:ident),* $(,)?) => {{
        $($crate::wire::layout!(@field $w, [$($verb $(($gate))?)?] $tag $field);)*
    }};
}
pub(crate) use layout;
