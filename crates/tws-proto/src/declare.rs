//! Declaring scalars by the dozen: [`newtype!`] for numbers that name things, [`closed_set!`] for words and codes.

/// Declares a newtype over a number as a scalar of its own, so that two ids cannot be swapped.
macro_rules! newtype {
    ($($(#[$doc:meta])* $name:ident($inner:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl $crate::value::Scalar for $name {
            const MAXIMUM: &'static [u8] = <$inner as $crate::value::Scalar>::MAXIMUM;
            const WIRE_TYPE: u8 = <$inner as $crate::value::Scalar>::WIRE_TYPE;

            #[inline]
            fn stands_for_unset(&self) -> bool {
                self.0.stands_for_unset()
            }

            #[inline(always)]
            fn from_short(short: $crate::scan::Short) -> Option<(Self, usize)> {
                <$inner as $crate::value::Scalar>::from_short(short).map(|(value, length)| (Self(value), length))
            }

            #[inline]
            fn from_text(field: &[u8]) -> Result<Option<Self>, $crate::error::Fault> {
                Ok(<$inner>::from_text(field)?.map(Self))
            }

            fn to_text(&self, out: &mut bytes::BytesMut) -> Result<(), $crate::error::Fault> {
                self.0.to_text(out)
            }

            #[inline]
            fn from_protobuf(raw: $crate::protobuf::Raw<'_>) -> Result<Option<Self>, $crate::error::Fault> {
                Ok(<$inner>::from_protobuf(raw)?.map(Self))
            }

            #[inline(always)]
            fn from_plain_protobuf(raw: $crate::protobuf::Raw<'_>) -> Option<Self> {
                <$inner as $crate::value::Scalar>::from_plain_protobuf(raw).map(Self)
            }

            fn to_protobuf(&self, tag: u32, out: &mut bytes::BytesMut) -> Result<(), $crate::error::Fault> {
                self.0.to_protobuf(tag, out)
            }
        }
    )*};
}
pub(crate) use newtype;

/// Declares a closed set of words or numbers that survives what it does not know. A row is our name, the word on the wire
/// and what it means, where the name does not say that.
macro_rules! closed_set {
    ($($(#[$doc:meta])* $name:ident: $($kind:ident)? { $($(#[$variant_doc:meta])* $variant:ident = $word:literal $(: $meaning:literal)?),* $(,)? })*) => {$(
        $crate::declare::closed_set!(@one $($kind)?, $(#[$doc])* $name { $($(#[$variant_doc])* $variant = $word $(: $meaning)?),* });
    )*};
    (@one words, $(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal $(: $meaning:literal)?),* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $(#[doc = $meaning])? #[doc = concat!("Wire word `", $word, "`.")] $variant,)*
            /// A word this crate does not know, kept as it came.
            Other(String),
        }

        impl $name {
            /// Every known value.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant),*];

            /// The word on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Other(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)*
                    _ => Self::Other(word.to_owned()),
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                match word.as_str() {
                    $($word => Self::$variant,)*
                    _ => Self::Other(word),
                }
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.as_str().to_owned()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
                deserializer.deserialize_string($crate::declare::WordVisitor(std::marker::PhantomData))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        /// The empty word: unset, which the wire refuses to carry where a word must be.
        impl Default for $name {
            fn default() -> Self {
                Self::Other(String::new())
            }
        }

        impl $crate::value::Scalar for $name {
            #[inline(always)]
            fn from_short(short: $crate::scan::Short) -> Option<(Self, usize)> {
                let (word, length) = short.word()?;
                $(if word == const { $crate::scan::word_of($word) } {
                    return Some((Self::$variant, length));
                })*
                None
            }

            fn from_text(field: &[u8]) -> Result<Option<Self>, $crate::error::Fault> {
                Ok(Some(match field {
                    $(field if field == $word.as_bytes() => Self::$variant,)*
                    _ => Self::Other($crate::value::to_string(field)),
                }))
            }

            fn to_text(&self, out: &mut bytes::BytesMut) -> Result<(), $crate::error::Fault> {
                if self.as_str().is_empty() {
                    return Err($crate::error::Fault::Missing);
                }
                $crate::value::put_text(self.as_str(), out)
            }

            fn from_protobuf(raw: $crate::protobuf::Raw<'_>) -> Result<Option<Self>, $crate::error::Fault> {
                match $crate::value::bytes(raw)? {
                    [] => Ok(None),
                    word => Self::from_text(word),
                }
            }

            fn to_protobuf(&self, tag: u32, out: &mut bytes::BytesMut) -> Result<(), $crate::error::Fault> {
                if self.as_str().is_empty() {
                    return Err($crate::error::Fault::Missing);
                }
                $crate::protobuf::put_bytes_field(out, tag, self.as_str().as_bytes());
                Ok(())
            }
        }
    };
    (@one codes, $(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $code:literal $(: $meaning:literal)?),* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(from = "i32", into = "i32")]
        pub enum $name {
            $($(#[$variant_doc])* $(#[doc = $meaning])? #[doc = concat!("Wire code `", $code, "`.")] $variant,)*
            /// A code this crate does not know, kept as it came.
            Other(i32),
        }

        impl $name {
            /// Every known value.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant),*];

            /// The code on the wire.
            #[must_use]
            pub const fn code(self) -> i32 {
                match self {
                    $(Self::$variant => $code,)*
                    Self::Other(code) => code,
                }
            }
        }

        impl From<i32> for $name {
            #[inline]
            fn from(code: i32) -> Self {
                match code {
                    $($code => Self::$variant,)*
                    _ => Self::Other(code),
                }
            }
        }

        impl From<$name> for i32 {
            fn from(value: $name) -> Self {
                value.code()
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::from(0)
            }
        }

        impl $crate::value::Scalar for $name {
            const MAXIMUM: &'static [u8] = <i32 as $crate::value::Scalar>::MAXIMUM;
            const WIRE_TYPE: u8 = <i32 as $crate::value::Scalar>::WIRE_TYPE;

            #[inline]
            fn stands_for_unset(&self) -> bool {
                self.code().stands_for_unset()
            }

            #[inline(always)]
            fn from_short(short: $crate::scan::Short) -> Option<(Self, usize)> {
                short.integer().map(|(code, length)| (Self::from(code), length))
            }

            #[inline]
            fn from_text(field: &[u8]) -> Result<Option<Self>, $crate::error::Fault> {
                Ok(<i32 as $crate::value::Scalar>::from_text(field)?.map(Self::from))
            }

            fn to_text(&self, out: &mut bytes::BytesMut) -> Result<(), $crate::error::Fault> {
                self.code().to_text(out)
            }

            #[inline]
            fn from_protobuf(raw: $crate::protobuf::Raw<'_>) -> Result<Option<Self>, $crate::error::Fault> {
                Ok(<i32 as $crate::value::Scalar>::from_protobuf(raw)?.map(Self::from))
            }

            fn to_protobuf(&self, tag: u32, out: &mut bytes::BytesMut) -> Result<(), $crate::error::Fault> {
                self.code().to_protobuf(tag, out)
            }
        }
    };
}
pub(crate) use closed_set;

/// Reads a word where it stands: most are known, and need no text of their own.
pub(crate) struct WordVisitor<T>(pub(crate) std::marker::PhantomData<T>);

impl<T: for<'a> From<&'a str>> serde::de::Visitor<'_> for WordVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a word")
    }

    fn visit_str<E: serde::de::Error>(self, word: &str) -> std::result::Result<T, E> {
        Ok(T::from(word))
    }
}
