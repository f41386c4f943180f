//! The hash chain, so that any change of the past shows. The formula stands in the documentation of the crate, for
//! auditors in other languages. Since every part has a fixed length or is led by its length, no two different rows feed
//! the same bytes.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::record::{Sequence, Stamps};

/// A SHA-256 hash of the chain.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// The random name of one journal, made when it is created; two journals never share a chain.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct JournalId(pub [u8; 16]);

/// The columns of a row that the hash covers.
pub(crate) struct Link<'a> {
    pub(crate) sequence: Sequence,
    pub(crate) schema: u32,
    pub(crate) stamps: Stamps,
    pub(crate) kind: &'a str,
    pub(crate) payload: &'a str,
}

/// The hash before and four numbers.
const HEAD_BYTES: usize = 32 + 4 * size_of::<i64>();

pub(crate) fn genesis(id: JournalId, application: &str) -> Hash {
    let mut feed = Feed(Sha256::new());
    feed.text(b"journal");
    feed.text(&id.0);
    feed.text(application.as_bytes());
    feed.hash()
}

impl Link<'_> {
    pub(crate) fn hash(&self, previous: Hash) -> Hash {
        let Self { sequence, schema, stamps: Stamps { wall_us, monotonic_us }, kind, payload } = self;
        // What has a fixed length goes in at once: few long parts are hashed faster than many short ones.
        let mut head = [0; HEAD_BYTES];
        let (before, numbers) = head.split_at_mut(previous.0.len());
        before.copy_from_slice(&previous.0);
        let values = [sequence.row(), i64::from(*schema), *wall_us, *monotonic_us];
        for (place, value) in numbers.chunks_exact_mut(size_of::<i64>()).zip(values) {
            place.copy_from_slice(&value.to_be_bytes());
        }
        let mut feed = Feed(Sha256::new());
        feed.0.update(head);
        feed.text(kind.as_bytes());
        feed.text(payload.as_bytes());
        feed.hash()
    }
}

struct Feed(Sha256);

impl Feed {
    fn text(&mut self, bytes: &[u8]) {
        // A length in memory fits 64 bits.
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn hash(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors made by another implementation (Python's `hashlib`) from the description above.
    #[test]
    fn the_chain_is_as_described() {
        let start = genesis(JournalId(*b"0123456789abcdef"), "test");
        assert_eq!(start.to_string(), "7af1ae3efdec5a50cf392d1a8421495e7f9a58b1c45637000b74f85ae49ac192");
        let stamps = Stamps { wall_us: 1_700_000_000_000_000, monotonic_us: -5 };
        let link = Link { sequence: Sequence::FIRST, schema: 1, stamps, kind: "grüße", payload: r#"{"a":1}"# };
        assert_eq!(link.hash(start).to_string(), "325bbbe7ce77e13f00e8ef321bc89028daebf76a70cd6ef20da5850a6ac12cc4");
    }

    #[test]
    fn a_byte_that_moves_between_columns_shows() {
        let link =
            |kind, payload| Link { sequence: Sequence::FIRST, schema: 1, stamps: Stamps::default(), kind, payload };
        let start = genesis(JournalId([0; 16]), "test");
        assert_ne!(link("ab", "c").hash(start), link("a", "bc").hash(start));
    }
}
