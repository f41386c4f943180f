//! [`IdMap`]: a map whose keys are numbers that we gave out ourselves, looked up for every tick.

use tws_proto::ids::RequestId;

/// A number that was given out, one after the other.
pub(crate) trait Id: Copy + Eq {
    fn number(self) -> u64;
}

impl Id for RequestId {
    fn number(self) -> u64 {
        u64::from(self.0.cast_unsigned())
    }
}

/// A map from ids of our own. Nobody else chooses the keys, so none of them has to be feared, and those that live at the
/// same time are mostly neighbours: the lowest bits of a key are its place, with no need to spread them. Where a place is
/// taken, the next free one serves; at most half of them are.
#[derive(Debug)]
pub(crate) struct IdMap<K, V> {
    /// None, or a power of two.
    places: Vec<Option<(K, V)>>,
    len: usize,
}

/// How many places there are at first.
const PLACES_FIRST: usize = 16;

impl<K, V> Default for IdMap<K, V> {
    fn default() -> Self {
        Self { places: Vec::new(), len: 0 }
    }
}

impl<K: Id, V> IdMap<K, V> {
    #[inline]
    pub(crate) fn get(&self, key: K) -> Option<&V> {
        let at = self.find(key)?;
        Some(&self.places.get(at)?.as_ref()?.1)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: K) -> Option<&mut V> {
        let at = self.find(key)?;
        Some(&mut self.places.get_mut(at)?.as_mut()?.1)
    }

    pub(crate) fn contains(&self, key: K) -> bool {
        self.find(key).is_some()
    }

    /// Keeps a value in place of the one under the same key.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        if let Some(known) = self.get_mut(key) {
            *known = value;
            return;
        }
        if self.len * 2 >= self.places.len() {
            let places = (self.places.len() * 2).max(PLACES_FIRST);
            let more = std::iter::repeat_with(|| None).take(places).collect();
            for (key, value) in std::mem::replace(&mut self.places, more).into_iter().flatten() {
                self.put(key, value);
            }
        }
        self.put(key, value);
        self.len += 1;
    }

    pub(crate) fn remove(&mut self, key: K) -> Option<V> {
        let mut free = self.find(key)?;
        let (_, value) = self.places.get_mut(free)?.take()?;
        self.len -= 1;
        // Whoever stands behind and would be found no more comes forward.
        let mut at = self.after(free);
        while let Some(Some((key, _))) = self.places.get(at) {
            let from_home = at.wrapping_sub(self.home(*key)) & self.mask();
            if from_home >= at.wrapping_sub(free) & self.mask() {
                self.places.swap(free, at);
                free = at;
            }
            at = self.after(at);
        }
        Some(value)
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.places.iter().flatten().map(|(_, value)| value)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.places.iter_mut().flatten().map(|(_, value)| value)
    }

    /// Puts a new key into the first free place from its own on; there is one.
    fn put(&mut self, key: K, value: V) {
        let mut at = self.home(key);
        while let Some(Some(_)) = self.places.get(at) {
            at = self.after(at);
        }
        if let Some(place) = self.places.get_mut(at) {
            *place = Some((key, value));
        }
    }

    #[inline]
    fn find(&self, key: K) -> Option<usize> {
        let mut at = self.home(key);
        // There is a free place where the search ends, or there is no place at all.
        while let Some((found, _)) = self.places.get(at)? {
            if *found == key {
                return Some(at);
            }
            at = self.after(at);
        }
        None
    }

    #[inline]
    fn home(&self, key: K) -> usize {
        key.number() as usize & self.mask()
    }

    #[inline]
    fn after(&self, at: usize) -> usize {
        at.wrapping_add(1) & self.mask()
    }

    #[inline]
    fn mask(&self) -> usize {
        self.places.len().wrapping_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Keys that come and go, as streams do: what is found is what a map of the library finds.
    #[test]
    fn finds_what_was_put_in_and_nothing_else() {
        let (mut map, mut plain) = (IdMap::default(), BTreeMap::new());
        let mut last = 2_000_000_000;
        let mut chance = 1_u32;
        for round in 0..20_000 {
            chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // Steps of 64 make keys that want the same place.
            last += if chance.is_multiple_of(3) { 64 } else { 1 };
            let old = plain.keys().nth(chance as usize % (plain.len() + 1)).copied();
            match old {
                Some(old) if plain.len() > 100 || chance.is_multiple_of(5) => {
                    assert_eq!(map.remove(RequestId(old)), plain.remove(&old));
                    assert_eq!(map.remove(RequestId(old)), None);
                }
                Some(_) | None => {
                    map.insert(RequestId(last), round);
                    plain.insert(last, round);
                }
            }
            assert_eq!(map.get(RequestId(last + 64)), None);
            assert_eq!(map.contains(RequestId(last)), plain.contains_key(&last));
            if round % 100 == 0 {
                assert!(plain.iter().all(|(key, value)| map.get(RequestId(*key)) == Some(value)));
                let mut values: Vec<i32> = map.values().copied().collect();
                values.sort_unstable();
                let mut expected: Vec<i32> = plain.values().copied().collect();
                expected.sort_unstable();
                assert_eq!(values, expected);
            }
        }
        assert!(map.places.len() <= 512, "{}", map.places.len());
    }

    #[test]
    fn a_key_has_one_value() {
        let mut map = IdMap::default();
        map.insert(RequestId(1), 'a');
        map.insert(RequestId(1), 'b');
        assert_eq!(map.remove(RequestId(1)), Some('b'));
        assert_eq!(map.values().count(), 0);
        map.clear();
        assert_eq!(map.get(RequestId(1)), None);
    }
}
