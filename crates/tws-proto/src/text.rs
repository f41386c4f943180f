//! Typed raw strings: text of the broker that is kept as it came, and read where somebody asks what it means.
//!
//! The broker spells times, hours and lists in more ways than are written down. So the wire keeps the text, the type says
//! what the text is about, and reading it is a step of its own that may fail without costing a frame.

/// Whether two texts are equal. Two empty ones are so without a look at where they stand: that is nowhere, and a
/// comparison of no bytes there takes 150 ns on machines of today, forty times what it takes elsewhere.
#[inline]
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    one.len() == other.len() && (one.is_empty() || one == other)
}

/// Declares a typed raw string. Empty is silence; `true` marks text that repeats what other fields say.
macro_rules! raw_text {
    ($($(#[$doc:meta])* $name:ident $(($dispensable:literal))?;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[allow(clippy::derived_hash_with_manual_eq, reason = "texts are equal here that are equal anywhere")]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The text as it came.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::ops::Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                $crate::text::is_same(&self.0, &other.0)
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }

        impl $crate::value::Scalar for $name {
            $(const DISPENSABLE: bool = $dispensable;)?

            fn silence() -> Option<Self> {
                Some(Self::default())
            }

            fn is_silent(&self) -> bool {
                self.0.is_empty()
            }

            fn from_text(field: &[u8]) -> Result<Option<Self>, $crate::error::Fault> {
                Ok(String::from_text(field)?.map(Self))
            }

            fn to_text(&self, out: &mut bytes::BytesMut) -> Result<(), $crate::error::Fault> {
                self.0.to_text(out)
            }

            fn from_protobuf(raw: $crate::protobuf::Raw<'_>) -> Result<Option<Self>, $crate::error::Fault> {
                Ok(String::from_protobuf(raw)?.map(Self))
            }

            fn to_protobuf(&self, tag: u32, out: &mut bytes::BytesMut) -> Result<(), $crate::error::Fault> {
                self.0.to_protobuf(tag, out)
            }
        }
    )*};
}
pub(crate) use raw_text;

raw_text! {
    /// Text that the broker adds for people. It says nothing that other fields do not, so a form without a place for it
    /// loses nothing: contracts from an answer can go into a request as they are.
    Remark(true);
}
