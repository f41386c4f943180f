//! [`PermanentIds`]: IB's numbers of one order.

use std::ops::Deref;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use tws_proto::ids::PermanentId;

/// IB's numbers of one order (`permId`), lowest first and each once. Nearly every order has one; more than one is more
/// than one live order (R22).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<PermanentId>")]
pub struct PermanentIds(SmallVec<[PermanentId; 1]>);

impl PermanentIds {
    /// Whether it is among them.
    #[must_use]
    pub fn has(&self, number: PermanentId) -> bool {
        self.0.binary_search(&number).is_ok()
    }

    /// Adds one; whether it is new.
    pub(crate) fn insert(&mut self, number: PermanentId) -> bool {
        match self.0.binary_search(&number) {
            Ok(_) => false,
            Err(at) => {
                self.0.insert(at, number); // at most its length
                true
            }
        }
    }

    /// Takes one away; whether it was among them.
    pub(crate) fn remove(&mut self, number: PermanentId) -> bool {
        let found = self.0.binary_search(&number);
        found.is_ok_and(|at| self.0.remove(at) == number) // it was found there
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Deref for PermanentIds {
    type Target = [PermanentId];

    fn deref(&self) -> &[PermanentId] {
        &self.0
    }
}

impl FromIterator<PermanentId> for PermanentIds {
    fn from_iter<I: IntoIterator<Item = PermanentId>>(numbers: I) -> Self {
        let mut all = Self::default();
        for number in numbers {
            all.insert(number);
        }
        all
    }
}

impl From<Vec<PermanentId>> for PermanentIds {
    fn from(numbers: Vec<PermanentId>) -> Self {
        numbers.into_iter().collect()
    }
}

impl<'a> IntoIterator for &'a PermanentIds {
    type Item = &'a PermanentId;
    type IntoIter = std::slice::Iter<'a, PermanentId>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_stands_once_and_in_order() {
        let mut numbers: PermanentIds = [3, 1, 2, 3].map(PermanentId).into_iter().collect();
        assert_eq!(*numbers, [1, 2, 3].map(PermanentId));
        assert!(!numbers.insert(PermanentId(2)) && numbers.insert(PermanentId(-1)));
        assert!(numbers.has(PermanentId(-1)) && !numbers.has(PermanentId(4)));
        assert!(numbers.remove(PermanentId(1)) && !numbers.remove(PermanentId(1)));
        let text = serde_json::to_string(&numbers).unwrap();
        assert_eq!(text, "[-1,2,3]");
        assert_eq!(serde_json::from_str::<PermanentIds>("[3,2,-1,2]").unwrap(), numbers);
        numbers.clear();
        assert!(numbers.is_empty());
    }
}
