//! What is written and what is read back.

use std::fmt;
use std::num::NonZeroU64;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::chain::Hash;
use crate::error::{EntryError, ReplayError};

/// The place of a record in its journal: 1, 2, 3 and so on without a gap.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sequence(NonZeroU64);

impl Sequence {
    /// The first record of every journal.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// The sequence with this number; there is none for 0.
    pub fn new(number: u64) -> Option<Self> {
        NonZeroU64::new(number).map(Self)
    }

    /// The number, from 1.
    pub fn number(self) -> u64 {
        self.0.get()
    }

    /// The sequence `steps` further on.
    pub(crate) fn after(self, steps: u64) -> Self {
        Self(self.0.saturating_add(steps))
    }

    /// As SQLite counts. No row has a number that is not an `i64`, so the largest stands for all of those.
    pub(crate) fn row(self) -> i64 {
        i64::try_from(self.number()).unwrap_or(i64::MAX)
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// When a batch was written. The journal has no clock: the writer says, and replay repeats it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stamps {
    /// Wall time in microseconds since 1970-01-01 UTC. May jump when the clock is set.
    pub wall_us: i64,
    /// Monotonic time in microseconds since a moment that the writer chooses, such as its start.
    pub monotonic_us: i64,
}

/// One record to be written: a kind, and a payload already turned into JSON.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    pub(crate) kind: String,
    pub(crate) payload: String,
}

impl Entry {
    /// The longest kind, in bytes.
    pub const KIND_BYTES_MAX: usize = 64;
    /// The longest payload, in bytes of JSON.
    pub const PAYLOAD_BYTES_MAX: usize = 4 * 1024 * 1024;

    /// An entry of this kind. The kind is for people and queries (`WHERE kind = 'fill'`); the payload is written as
    /// JSON.
    ///
    /// # Errors
    ///
    /// When the kind is empty, too long or has control characters, when the payload does not serialise, or when its
    /// JSON is longer than [`PAYLOAD_BYTES_MAX`](Self::PAYLOAD_BYTES_MAX).
    pub fn new<T: Serialize + ?Sized>(kind: &str, payload: &T) -> Result<Self, EntryError> {
        if kind.is_empty() || kind.len() > Self::KIND_BYTES_MAX || kind.contains(char::is_control) {
            return Err(EntryError::Kind { bytes: kind.len() });
        }
        let payload =
            serde_json::to_string(payload).map_err(|source| EntryError::Payload { kind: kind.to_owned(), source })?;
        if payload.len() > Self::PAYLOAD_BYTES_MAX {
            return Err(EntryError::PayloadTooLong { kind: kind.to_owned(), bytes: payload.len() });
        }
        Ok(Self { kind: kind.to_owned(), payload })
    }

    /// The kind.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The payload as JSON text.
    pub fn payload(&self) -> &str {
        &self.payload
    }
}

/// One record as it stands in the journal. `P` is the payload: JSON text, or what [`decode`](Record::decode) made of
/// it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Record<P = String> {
    /// Its place.
    pub sequence: Sequence,
    /// The version of the writer's payloads, [`Options::schema`](crate::Options::schema).
    pub schema: u32,
    /// When it was written.
    pub stamps: Stamps,
    /// Its kind.
    pub kind: String,
    /// Its payload.
    pub payload: P,
    /// The hash of the chain up to and with this record.
    pub hash: Hash,
}

/// One record as it stands in the journal, proven, and not yet copied out of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Seen<'a> {
    /// Its place.
    pub sequence: Sequence,
    /// The version of the writer's payloads.
    pub schema: u32,
    /// When it was written.
    pub stamps: Stamps,
    /// Its kind.
    pub kind: &'a str,
    /// Its payload as JSON text.
    pub payload: &'a str,
    /// The hash of the chain up to and with this record.
    pub hash: Hash,
}

impl Seen<'_> {
    /// A copy to keep.
    #[must_use]
    pub fn to_record(&self) -> Record {
        let Self { sequence, schema, stamps, kind, payload, hash } = *self;
        Record { sequence, schema, stamps, kind: kind.to_owned(), payload: payload.to_owned(), hash }
    }

    /// The record with its payload read from JSON, as [`Record::decode`].
    ///
    /// # Errors
    ///
    /// As [`Record::decode`].
    pub fn decode<T: DeserializeOwned>(&self) -> Result<Record<T>, ReplayError> {
        let Self { sequence, schema, stamps, kind, payload: _, hash } = *self;
        let payload = self.payload_as()?;
        Ok(Record { sequence, schema, stamps, kind: kind.to_owned(), payload, hash })
    }

    /// The payload alone, read from JSON.
    pub(crate) fn payload_as<T: DeserializeOwned>(&self) -> Result<T, ReplayError> {
        let Self { sequence, schema, kind, .. } = *self;
        serde_json::from_str(self.payload).map_err(|source| {
            let kind = kind.to_owned();
            ReplayError::Payload { sequence, kind, schema, source }
        })
    }
}

impl Record {
    /// The record with its payload read from JSON.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Payload`] when the JSON does not fit the type. Payloads of an older
    /// [`schema`](Self::schema) may need an older type.
    pub fn decode<T: DeserializeOwned>(self) -> Result<Record<T>, ReplayError> {
        let Self { sequence, schema, stamps, kind, payload, hash } = &self;
        let (sequence, schema, stamps, hash) = (*sequence, *schema, *stamps, *hash);
        Seen { sequence, schema, stamps, kind, payload, hash }.decode()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn bad_entries_are_refused() {
        let longest = "k".repeat(Entry::KIND_BYTES_MAX);
        assert!(Entry::new(&longest, &()).is_ok());
        for kind in ["", "a\nb", "a\0", &format!("{longest}k")] {
            let error = Entry::new(kind, &()).expect_err("a bad kind");
            assert!(matches!(error, EntryError::Kind { bytes } if bytes == kind.len()), "{error}");
        }
        let nameless = HashMap::from([(vec![1], 1)]);
        assert!(matches!(Entry::new("k", &nameless), Err(EntryError::Payload { .. })), "JSON keys are text");
        let fits = "p".repeat(Entry::PAYLOAD_BYTES_MAX - 2);
        assert!(Entry::new("k", &fits).is_ok());
        let error = Entry::new("k", &format!("{fits}p")).expect_err("one byte too many");
        assert!(matches!(error, EntryError::PayloadTooLong { .. }), "{error}");
    }
}
