//! Names that survive everything: the id of an intent, and the order reference that carries it to the broker and back.

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::SmolStr;

/// Names one wish to place an order, for ever and everywhere. Shown as 25 digits of base 36.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IntentId(pub u128);

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
/// 36^25 is just above 2^128.
const LENGTH: usize = 25;
/// 36^12 is the highest power below 2^64.
const PART: usize = 12;
const PART_VALUE: u128 = 36_u128.pow(PART as u32);

impl fmt::Display for IntentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.digits()).unwrap_or_default()) // digits are ASCII
    }
}

impl IntentId {
    /// As ASCII.
    fn digits(self) -> [u8; LENGTH] {
        let mut digits = [b'0'; LENGTH];
        let mut left = self.0;
        // Three parts of 12 digits at most: a machine divides 64 bits far faster than 128.
        for part in digits.rchunks_mut(PART) {
            let mut low = (left % PART_VALUE) as u64; // below 36^12, which fits
            left /= PART_VALUE;
            for digit in part.iter_mut().rev() {
                *digit = DIGITS[(low % 36) as usize]; // below 36, the length of DIGITS
                low /= 36;
            }
        }
        digits
    }
}

impl std::str::FromStr for IntentId {
    type Err = BadIntentId;

    fn from_str(text: &str) -> Result<Self, BadIntentId> {
        if text.len() != LENGTH {
            return Err(BadIntentId);
        }
        let mut id = 0_u128;
        // Parts of 12 digits from the end, as they are written.
        let (first, rest) = text.as_bytes().split_at_checked(LENGTH % PART).ok_or(BadIntentId)?;
        for part in std::iter::once(first).chain(rest.chunks(PART)) {
            let mut low = 0_u64; // at most 36^12 - 1
            for byte in part {
                let digit = match byte {
                    b'0'..=b'9' => byte - b'0',
                    b'a'..=b'z' => byte - b'a' + 10,
                    _ => return Err(BadIntentId),
                };
                low = low * 36 + u64::from(digit);
            }
            id = id.checked_mul(PART_VALUE).and_then(|id| id.checked_add(low.into())).ok_or(BadIntentId)?;
        }
        Ok(Self(id))
    }
}

impl Serialize for IntentId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for IntentId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Digits)
    }
}

/// Reads an id where it stands.
struct Digits;

impl Visitor<'_> for Digits {
    type Value = IntentId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{BadIntentId}")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<IntentId, E> {
        text.parse().map_err(E::custom)
    }
}

/// The text names no intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an intent id is 25 digits of base 36")]
pub struct BadIntentId;

/// What stands in front of every reference of ours.
const PREFIX: &str = "tr";

/// Which trader an order belongs to: one to four letters or digits, the same over restarts. It stands in every order
/// reference, so two traders at one account must have different ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Instance(SmolStr);

impl Instance {
    /// A name for a trader.
    ///
    /// # Errors
    /// [`BadInstance`] unless it is one to four ASCII letters or digits.
    pub fn new(name: impl Into<String>) -> Result<Self, BadInstance> {
        let name = name.into();
        if is_instance(&name) { Ok(Self(name.into())) } else { Err(BadInstance { name }) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The order reference of an intent (`orderRef`), at most 32 printable characters.
    #[must_use]
    pub fn reference(&self, intent: IntentId) -> String {
        let mut reference = String::with_capacity(PREFIX.len() + self.0.len() + 1 + LENGTH);
        for part in [PREFIX, &self.0, "-", std::str::from_utf8(&intent.digits()).unwrap_or_default()] {
            reference.push_str(part);
        }
        reference
    }

    /// Whose reference this is.
    #[must_use]
    pub fn read(&self, reference: &str) -> Owner {
        let Some((instance, id)) = reference.strip_prefix(PREFIX).and_then(|rest| rest.rsplit_once('-')) else {
            return Owner::Foreign;
        };
        match id.parse() {
            Ok(id) if instance == self.0 => Owner::Ours(id),
            Ok(_) if is_instance(instance) => Owner::OtherInstance,
            Ok(_) | Err(_) => Owner::Foreign,
        }
    }
}

fn is_instance(name: &str) -> bool {
    (1..=4).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

impl TryFrom<String> for Instance {
    type Error = BadInstance;

    fn try_from(name: String) -> Result<Self, BadInstance> {
        Self::new(name)
    }
}

impl From<Instance> for String {
    fn from(instance: Instance) -> Self {
        instance.0.into()
    }
}

/// The name cannot stand in an order reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an instance is named by one to four ASCII letters or digits, not by {name:?}")]
pub struct BadInstance {
    /// The name that was given.
    pub name: String,
}

/// To whom an order reference belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// To this trader.
    Ours(IntentId),
    /// To a trader of this kind with another instance name.
    OtherInstance,
    /// To somebody else, or to nobody.
    Foreign,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_come_back() {
        let ours = Instance::new("t1").unwrap();
        for id in [0, 1, 35, 36, u128::MAX].map(IntentId) {
            let reference = ours.reference(id);
            assert!(reference.len() <= 32 && reference.bytes().all(|byte| byte.is_ascii_graphic()), "{reference}");
            assert_eq!(ours.read(&reference), Owner::Ours(id));
            assert_eq!(Instance::new("t2").unwrap().read(&reference), Owner::OtherInstance);
        }
        for foreign in [
            "",
            "tr",
            "my order",
            "trt1-",
            "trt1-zzzzzzzzzzzzzzzzzzzzzzzzz",
            "trt1-000000000000000000000000",
            "tr-0000000000000000000000001",
        ] {
            assert_eq!(ours.read(foreign), Owner::Foreign, "{foreign}");
        }
    }

    #[test]
    fn instances_are_short_words() {
        for bad in ["", "five5", "a b", "é", "a-b"] {
            assert!(Instance::new(bad).is_err(), "{bad}");
        }
        assert_eq!(Instance::new("abcd").unwrap().reference(IntentId(u128::MAX)).len(), 32);
    }
}
