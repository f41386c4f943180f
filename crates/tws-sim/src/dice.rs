//! [`Dice`]: numbers that a key decides, without any state that others could disturb.

/// A key out of a key and a number.
#[must_use]
pub(crate) const fn mix(key: u64, number: u64) -> u64 {
    // The finaliser of SplitMix64 over a sum with its odd constant.
    let mut mixed = key.wrapping_add(number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// A row of numbers that belongs to one key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dice {
    key: u64,
    drawn: u64,
}

impl Dice {
    pub(crate) const fn new(key: u64) -> Self {
        Self { key, drawn: 0 }
    }

    /// A number from `least` to `most`; `least` where there is none between them.
    pub(crate) const fn between(&mut self, least: i64, most: i64) -> i64 {
        self.drawn += 1;
        let Some(width) = most.checked_sub(least) else { return least };
        if width <= 0 {
            return least;
        }
        least + (mix(self.key, self.drawn) % (width as u64 + 1)) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_decides_a_row_within_its_bounds() {
        let row = |key| {
            let mut dice = Dice::new(key);
            (0..1000).map(|_| dice.between(-3, 3)).collect::<Vec<_>>()
        };
        assert_eq!(row(5), row(5));
        assert_ne!(row(5), row(6));
        assert!((-3..=3).all(|side| row(5).iter().filter(|drawn| **drawn == side).count() > 100));
        assert_eq!(Dice::new(1).between(4, 2), 4);
    }
}
