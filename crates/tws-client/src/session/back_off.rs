//! [`BackOff`]: pauses before a reconnect, doubling, spread by a seeded generator.

use std::time::Duration;

/// Doubles from `first` to `most`, each pause a fifth shorter or longer at random, never above `most`.
#[derive(Debug)]
pub(super) struct BackOff {
    first: Duration,
    most: Duration,
    failures: u32,
    generator: SplitMix64,
}

impl BackOff {
    pub(super) fn new(first: Duration, most: Duration, seed: u64) -> Self {
        Self { first, most, failures: 0, generator: SplitMix64(seed) }
    }

    /// The pause after one more failure.
    pub(super) fn next(&mut self) -> Duration {
        let doublings = self.failures.min(20);
        self.failures = self.failures.saturating_add(1);
        let pause = self.first.saturating_mul(1 << doublings).min(self.most);
        // 800 to 1200 thousandths.
        let thousandths = 800 + (self.generator.next() % 401) as u32;
        (pause / 1000).saturating_mul(thousandths).min(self.most)
    }

    /// The session became ready: the next failure is a first one.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}

/// Steele, Lea and Flood's generator: tiny, and good enough to spread reconnects.
#[derive(Debug)]
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_within_a_fifth_up_to_the_most() {
        let mut back_off = BackOff::new(Duration::from_millis(500), Duration::from_secs(30), 7);
        for expected_ms in [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000] {
            let pause = back_off.next().as_millis();
            assert!(
                pause >= expected_ms * 8 / 10 && pause <= (expected_ms * 12 / 10).min(30_000),
                "{pause} for {expected_ms}"
            );
        }
        back_off.reset();
        assert!(back_off.next() <= Duration::from_millis(600));
    }
}
