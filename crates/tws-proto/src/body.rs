//! Declaring bodies of messages, and what they hold: struct, defaults and layout in one place.

use rust_decimal::Decimal;

use crate::error::Result;
use crate::item::{Digital, Item};
use crate::kinds::AuctionStrategy;
use crate::scan::Text;
use crate::tags::TagValue;
use crate::value::Value;
use crate::version::ServerVersion;
use crate::wire::{Layout, Tag, Wire};

/// Declares bodies whose layout is one list for both forms, in the order of the text form.
///
/// A row is a field: what `layout!` wants (its verb and its protobuf tag), the names that the wire has for it, our name,
/// its type, and its default where that is not the type's own. The names end up in the field's documentation.
/// `often` behind the version is for ticks: it needs fields without gates, see [`Layout::read_plain_text`]. `mostly unset`
/// behind the name is for bodies with many fields of which few are set, see [`Sparse`]. `; sparse` is for bodies of which
/// journals and files have a few fields only: what is missing is as in the default. `; whole` is for bodies that hold such.
///
/// ```text
/// body! {
///     /// A size on its own. `TICK_SIZE`, callback `tickSize`.
///     TickSize, version "6" {
///         1 "reqId" request_id: RequestId,
///         2 "tickType" kind: TickKind,
///         exact 3 "size" size: Option<Decimal>,
///     }
/// }
/// ```
macro_rules! body {
    ($(
        $(#[$about:meta])*
        $name:ident $(, version $version:literal $($often:ident)?)? $(, mostly $unset:ident)? $(; $sparse:ident)? {
            $(
                $(#[$about_field:meta])*
                $($verb:ident $(($how:expr))?)? $tag:literal $($wire_name:literal)* $field:ident: $type:ty $(= $default:expr)?
            ),* $(,)?
        }
    )*) => {$(
        $crate::body::fields! {
            $(#[$about])*
            $name $(; $sparse)? { $($(#[$about_field])* $($wire_name)* $field: $type $(= $default)?),* }
        }

        $crate::wire::layout!($name $(, version $version $($often)?)? $(, mostly $unset)? { $($($verb $(($how))?)? $tag $field),* });
    )*};
}
pub(crate) use body;

/// Whether two fields are equal; texts as [`text::is_same`](crate::text) says.
#[inline]
pub(crate) fn is_same<T: PartialEq + 'static>(one: &T, other: &T) -> bool {
    let text = |field| <dyn std::any::Any>::downcast_ref::<String>(field);
    match (text(one), text(other)) {
        (Some(one), Some(other)) => crate::text::is_same(one, other),
        _ => one == other,
    }
}

/// Declares bodies whose layout is written out: rows as those of [`body!`], without what `layout!` wants.
macro_rules! fields {
    ($(
        $(#[$about:meta])*
        $name:ident $(; $sparse:ident)? {
            $($(#[$about_field:meta])* $($wire_name:literal)* $field:ident: $type:ty $(= $default:expr)?),* $(,)?
        }
    )*) => {$(
        $crate::body::fields! { @readable [$($sparse)?] $name { $($field),* }
            #[derive(Clone, Debug, Eq, serde::Serialize)]
            $(#[$about])*
            pub struct $name {
                $(
                    $(#[$about_field])*
                    $(#[doc = concat!("Wire name `", $wire_name, "`.")])*
                    pub $field: $type,
                )*
            }
        }

        impl PartialEq for $name {
            #[allow(unused_variables, reason = "bodies without fields are all equal")]
            fn eq(&self, other: &Self) -> bool {
                true $(&& $crate::body::is_same(&self.$field, &other.$field))*
            }
        }

        impl $crate::fields::Fields for $name {
            #[allow(unused_variables, reason = "a body without fields has nothing to tell")]
            fn tell<H: $crate::fields::Hear>(&self, ear: &mut H) -> std::result::Result<(), H::Error> {
                $(ear.field(stringify!($field), &self.$field)?;)*
                Ok(())
            }
        }

        impl Default for $name {
            #[inline] // so that a box of it is filled where it stands
            fn default() -> Self {
                Self { $($field: $crate::body::fields!(@default $($default)?)),* }
            }
        }
    )*};
    (@readable [] $name:ident { $($field:ident),* } $($body:tt)*) => {
        #[derive(serde::Deserialize)]
        $($body)*
    };
    // What is read is set where it stands, in a body as it is by default: few of its many fields are there.
    (@readable [sparse] $name:ident { $($field:ident),* } $($body:tt)*) => {
        $($body)*
        $crate::body::fields! { @filled sparse $name { $($field),* } }
    };
    // All fields are there, and what is large among them is read where it stands too.
    (@readable [whole] $name:ident { $($field:ident),* } $($body:tt)*) => {
        $($body)*
        $crate::body::fields! { @filled whole $name { $($field),* } }
    };
    (@filled $how:ident $name:ident { $($field:ident),* }) => {
        impl $crate::place::Fill for $name {
            fn fill<'de, D: serde::Deserializer<'de>>(&mut self, deserializer: D) -> std::result::Result<(), D::Error> {
                const NAMES: &[&str] = &[$(stringify!($field)),*];

                #[derive(Clone, Copy, serde::Deserialize)]
                #[serde(field_identifier)]
                #[allow(non_camel_case_types, reason = "they are the names of fields")]
                enum Field {
                    $($field,)*
                    #[serde(other)]
                    __Unknown,
                }

                struct Visitor<'a>(&'a mut $name);

                impl<'de> serde::de::Visitor<'de> for Visitor<'_> {
                    type Value = ();

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("struct ", stringify!($name)))
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
                        let Self(body) = self;
                        let mut are_told = [false; NAMES.len()];
                        while let Some(field) = map.next_key::<Field>()? {
                            // Fields are numbered as their names are; what is unknown comes behind them all.
                            let place = field as usize;
                            if let (Some(is_told), Some(name)) = (are_told.get_mut(place), NAMES.get(place))
                                && std::mem::replace(is_told, true)
                            {
                                return Err(serde::de::Error::duplicate_field(name));
                            }
                            match field {
                                $(Field::$field => $crate::body::fields!(@take $how map, body.$field),)*
                                Field::__Unknown => {
                                    map.next_value::<serde::de::IgnoredAny>()?;
                                }
                            }
                        }
                        $crate::body::fields!(@check $how are_told)
                    }

                    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<(), A::Error> {
                        let Self(body) = self;
                        let mut are_told = [false; NAMES.len()];
                        let mut places = are_told.iter_mut();
                        $(if let (Some(is_told), Some(value)) = (places.next(), seq.next_element()?) {
                            body.$field = value;
                            *is_told = true;
                        })*
                        $crate::body::fields!(@check $how are_told)
                    }
                }

                deserializer.deserialize_struct(stringify!($name), NAMES, Visitor(self))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
                let mut body = Self::default();
                $crate::place::Fill::fill(&mut body, deserializer)?;
                Ok(body)
            }
        }
    };
    (@take sparse $map:ident, $place:expr) => { $place = $map.next_value()? };
    (@take whole $map:ident, $place:expr) => { $map.next_value_seed($crate::place::Place(&mut $place))? };
    (@check sparse $told:ident) => { Ok(()) };
    (@check whole $told:ident) => {
        match $told.iter().zip(NAMES).find(|(is_told, _)| !**is_told) {
            Some((_, name)) => Err(serde::de::Error::missing_field(name)),
            None => Ok(()),
        }
    };
    (@default) => { Default::default() };
    (@default $default:expr) => { $default };
}
pub(crate) use fields;

/// The verbs of a body that comes often: its fields as they are spelled mostly, without a look at form and version.
impl Text<'_> {
    #[inline(always)]
    pub(crate) fn constant(&mut self, _: &'static str) -> Option<()> {
        match self.rest() {
            [b'0'..=b'9', 0, ..] => {
                self.skip(2);
                Some(())
            }
            _ => None,
        }
    }

    #[inline(always)]
    pub(crate) fn field<V: Value>(&mut self, _: &'static Tag, value: &mut V) -> Option<()> {
        self.plain(value, |value, read| *value = read)
    }

    #[inline(always)]
    pub(crate) fn exact<D: Digital>(&mut self, _: &'static Tag, value: &mut D) -> Option<()> {
        self.plain(value, D::set_digits)
    }

    /// What was read is set where it is made, and only copies of the cursor are lent: it stays in registers.
    #[inline(always)]
    fn plain<V: Value, T>(&mut self, value: &mut T, set: impl Fn(&mut T, V)) -> Option<()> {
        if let Some(read) = V::take_short(self) {
            set(value, read);
            return Some(());
        }
        let mut ahead = *self;
        let taken = take_long(&mut ahead, value, set);
        *self = ahead;
        taken
    }
}

#[inline(never)]
fn take_long<V: Value, T>(text: &mut Text<'_>, value: &mut T, set: impl Fn(&mut T, V)) -> Option<()> {
    set(value, V::read_text(text.next()?).ok()?);
    Some(())
}

/// The verbs of a body that says little, where it is written as protobuf: what is silent, and so is not written, costs a
/// comparison each. All else is left to [`Wire`], which would pass by the same fields after a longer look.
pub(crate) struct Sparse<'w, 'a>(&'w mut Wire<'a>);

impl<'w, 'a> Sparse<'w, 'a> {
    #[inline(always)]
    pub(crate) fn of(w: &'w mut Wire<'a>) -> Option<Self> {
        if w.is_writing_protobuf() { Some(Self(w)) } else { None }
    }

    #[inline(always)]
    pub(crate) fn field<V: Value>(&mut self, tag: &'static Tag, value: &mut V) -> Result<()> {
        if value.is_silent() { Ok(()) } else { self.0.field(tag, value) }
    }

    #[inline(always)]
    pub(crate) fn gated<V: Value>(&mut self, gate: ServerVersion, tag: &'static Tag, value: &mut V) -> Result<()> {
        if value.is_silent() { Ok(()) } else { self.0.gated(gate, tag, value) }
    }

    #[inline(always)]
    pub(crate) fn text_only<V: Value>(&mut self, tag: &'static Tag, value: &mut V) -> Result<()> {
        if value.is_silent() { Ok(()) } else { self.0.text_only(tag, value) }
    }

    #[inline(always)]
    pub(crate) fn exact<D: Digital>(&mut self, tag: &'static Tag, value: &mut D) -> Result<()> {
        if value.to_digits().is_silent() { Ok(()) } else { self.0.exact(tag, value) }
    }

    #[inline(always)]
    pub(crate) fn optional<L: Layout>(&mut self, tag: &'static Tag, inner: &mut Option<L>) -> Result<()> {
        if inner.is_none() { Ok(()) } else { self.0.optional(tag, inner) }
    }

    #[inline(always)]
    pub(crate) fn list<T: Item>(&mut self, tag: &'static Tag, items: &mut Vec<T>) -> Result<()> {
        if items.is_empty() { Ok(()) } else { self.0.list(tag, items) }
    }

    #[inline(always)]
    pub(crate) fn map(&mut self, tag: &'static Tag, tags: &mut Vec<TagValue>) -> Result<()> {
        if tags.is_empty() { Ok(()) } else { self.0.map(tag, tags) }
    }

    #[inline(always)]
    pub(crate) fn auction(&mut self, tag: &'static Tag, auction: &mut Option<AuctionStrategy>) -> Result<()> {
        self.0.auction(tag, auction)
    }
}

/// Verbs of bodies that stand in others.
impl Wire<'_> {
    /// A message of its own in protobuf that has another shape in text.
    pub(crate) fn shaped<L: Layout>(
        &mut self,
        text: fn(&mut L, &mut Self) -> Result<()>,
        tag: &'static Tag,
        inner: &mut L,
    ) -> Result<()> {
        if self.is_text() { text(inner, self) } else { self.nested(tag, inner) }
    }

    /// A field that the text form carries somewhere else.
    pub(crate) fn apart_in_text<V: Value>(&mut self, tag: &'static Tag, value: &mut V) -> Result<()> {
        if self.is_text() { Ok(()) } else { self.field(tag, value) }
    }

    /// As [`Wire::exact`], but the text form has no place for it.
    pub(crate) fn exact_in_protobuf(&mut self, tag: &'static Tag, value: &mut Option<Decimal>) -> Result<()> {
        if self.is_text() { self.proto_only(tag, value) } else { self.exact(tag, value) }
    }

    /// Fields that stand among those around them in both forms.
    pub(crate) fn in_line<L: Layout>(&mut self, _: &'static Tag, inner: &mut L) -> Result<()> {
        inner.layout(self)
    }
}
