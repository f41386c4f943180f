//! Reading a body where it stands: one with more than a hundred fields is not handed on from hand to hand.

use serde::de::{Deserialize, DeserializeSeed, Deserializer};

use crate::ids::OrderId;

/// Is read where it stands. After an error some of it may have been.
pub(crate) trait Fill {
    fn fill<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error>;
}

/// Where something is read.
pub(crate) struct Place<'a, T>(pub(crate) &'a mut T);

impl<'de, T: Fill> DeserializeSeed<'de> for Place<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.0.fill(deserializer)
    }
}

impl Fill for OrderId {
    fn fill<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        *self = Self::deserialize(deserializer)?;
        Ok(())
    }
}
