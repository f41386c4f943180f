//! What is written without what goes without saying. IB's bodies have many fields, of which a handful says something:
//! journals keep those that differ from the usual, and reading fills in the rest.

use std::convert::Infallible;
use std::io;
use std::sync::LazyLock;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use tws_proto::Contract;
use tws_proto::fields::{Fields, Hear};

/// The fields of a body as they are usually, in JSON.
#[derive(Debug)]
pub struct Usual(Vec<(&'static str, String)>);

/// A contract as it is usually.
pub static CONTRACT: LazyLock<Usual> = LazyLock::new(Usual::of::<Contract>);

impl Usual {
    /// As the default of a body is.
    #[must_use]
    pub fn of<B: Fields + Default>() -> Self {
        let mut collected = Collected(Vec::new());
        match B::default().tell(&mut collected) {
            Ok(()) => Self(collected.0),
        }
    }

    /// Each field and its JSON.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, spelled)| (*name, spelled.as_str()))
    }
}

/// Writes of a contract what is not as usual, for `serde(serialize_with)`.
pub(crate) fn contract<S: Serializer>(contract: &Contract, serializer: S) -> Result<S::Ok, S::Error> {
    Unusual { body: contract, usual: &CONTRACT }.serialize(serializer)
}

/// The fields of a body whose spelling differs from the usual one.
#[derive(Debug)]
pub struct Unusual<'a, B> {
    /// The body.
    pub body: &'a B,
    /// As it is usually.
    pub usual: &'static Usual,
}

impl<B: Fields> Serialize for Unusual<'_, B> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.body.tell(&mut Kept { map: &mut map, usual: self.usual.0.iter() })?;
        map.end()
    }
}

/// Writes each field that is not as usual.
struct Kept<'a, M> {
    map: &'a mut M,
    /// In the order in which fields are told. Were it another one, more would be kept, and nothing lost.
    usual: std::slice::Iter<'static, (&'static str, String)>,
}

impl<M: SerializeMap> Hear for Kept<'_, M> {
    type Error = M::Error;

    fn field<T: Serialize>(&mut self, name: &'static str, value: &T) -> Result<(), M::Error> {
        match self.usual.next() {
            Some((usual, spelled)) if *usual == name && Matching::is_spelled(value, spelled) => Ok(()),
            _ => self.map.serialize_entry(name, value),
        }
    }
}

/// Compares what is written with what is expected, without keeping it.
struct Matching<'a> {
    left: &'a [u8],
    matches: bool,
}

impl Matching<'_> {
    /// Whether this is how a value is written.
    fn is_spelled<T: Serialize>(value: &T, expected: &str) -> bool {
        let mut matching = Matching { left: expected.as_bytes(), matches: true };
        let written = serde_json::to_writer(&mut matching, value);
        written.is_ok() && matching.matches && matching.left.is_empty()
    }
}

impl io::Write for Matching<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.left.strip_prefix(bytes) {
            Some(left) => self.left = left,
            None => self.matches = false,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps each field as it is spelled.
struct Collected(Vec<(&'static str, String)>);

impl Hear for Collected {
    type Error = Infallible;

    fn field<T: Serialize>(&mut self, name: &'static str, value: &T) -> Result<(), Infallible> {
        self.0.push((name, serde_json::to_string(value).unwrap_or_default())); // nothing is spelled so: it is always kept
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left out of a journal today is filled in by whoever reads it in years: this must never change. A new field
    /// may be added to it, with a default that means that nothing was said.
    #[test]
    fn what_is_usual_of_a_contract_stays_so() {
        let says_something = |value: &str| !matches!(value, "null" | r#""""# | "false" | "[]");
        let told: Vec<_> = CONTRACT.iter().filter(|(_, value)| says_something(value)).collect();
        assert_eq!(told, [("contract_id", "0")]);
    }

    #[test]
    fn a_brief_contract_reads_as_the_whole_one() {
        let stock = Contract::stock("IBM", "USD");
        let unnumbered = Contract { contract_id: None, ..stock.clone() };
        let odd = Contract { strike: Some(0.into()), include_expired: true, ..stock.clone() };
        for contract in [Contract::default(), stock, unnumbered, odd] {
            let mut brief = Vec::new();
            super::contract(&contract, &mut serde_json::Serializer::new(&mut brief)).unwrap();
            let back: Contract = serde_json::from_slice(&brief).unwrap();
            assert_eq!(serde_json::to_string(&back).unwrap(), serde_json::to_string(&contract).unwrap());
        }
    }
}
