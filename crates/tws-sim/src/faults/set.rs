//! [`FaultSet`]: the switches that stand, and whether one strikes.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use tws_proto::ids::ClientId;

use super::{Fault, Switch};
use crate::time::SimTime;

/// A fault that stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Active {
    /// What it is.
    #[serde(flatten)]
    pub fault: Fault,
    /// How often it may still strike; for ever without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<u64>,
    /// When it is over, milliseconds since the epoch; never without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
    /// When it was switched on.
    pub since_ms: i64,
    /// How often it struck.
    pub struck: u64,
}

/// Which faults are over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clear {
    /// Which switch; all of them without.
    pub switch: Option<Switch>,
    /// Only what concerns this client.
    pub client: Option<i32>,
}

/// The switches that stand.
#[derive(Debug)]
pub(crate) struct FaultSet {
    active: Vec<Active>,
    random: ChaCha8Rng,
}

/// How many faults stand at once: more are a loop that forgot to clear.
pub(crate) const ACTIVE_MAX: usize = 1000;

impl FaultSet {
    /// No faults yet. `stream` keeps the dice of one set apart from those of others.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(stream);
        Self { active: Vec::new(), random }
    }

    /// Whether nothing can strike: the fast way out.
    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.active.is_empty()
    }

    /// Switches a fault on. The same switch for the same client takes the place of the earlier one.
    pub(crate) fn add(&mut self, fault: Fault, now: SimTime) {
        self.active.retain(|active| active.fault.switch != fault.switch || active.fault.client != fault.client);
        if self.active.len() >= ACTIVE_MAX {
            return;
        }
        let until_ms = fault.for_ms.map(|ms| now.plus_ms(i64::try_from(ms).unwrap_or(i64::MAX)).0);
        self.active.push(Active { left: fault.count, until_ms, since_ms: now.0, struck: 0, fault });
    }

    /// Switches faults off and tells which they were.
    pub(crate) fn clear(&mut self, clear: Clear) -> Vec<Active> {
        let fits = |active: &Active| {
            clear.switch.is_none_or(|switch| active.fault.switch == switch)
                && (clear.client.is_none() || active.fault.client == clear.client)
        };
        let (gone, left) = std::mem::take(&mut self.active).into_iter().partition(fits);
        self.active = left;
        gone
    }

    /// When the next fault is over.
    pub(crate) fn next_time(&self) -> Option<SimTime> {
        self.active.iter().filter_map(|active| active.until_ms).min().map(SimTime)
    }

    /// Takes out what is over by `now`.
    pub(crate) fn end(&mut self, now: SimTime) -> Vec<Active> {
        let is_over = |active: &Active| active.until_ms.is_some_and(|until| until <= now.0) || active.left == Some(0);
        if !self.active.iter().any(is_over) {
            return Vec::new();
        }
        let (gone, left) = std::mem::take(&mut self.active).into_iter().partition(is_over);
        self.active = left;
        gone
    }

    /// The fault that strikes a client now: rolls its dice and counts.
    pub(crate) fn strike(&mut self, switch: Switch, client: Option<ClientId>, now: SimTime) -> Option<Fault> {
        if self.active.is_empty() {
            return None;
        }
        let active = self.active.iter_mut().find(|active| {
            active.fault.switch == switch
                && active.fault.concerns(client)
                && active.left != Some(0)
                && active.until_ms.is_none_or(|until| until > now.0)
        })?;
        if active.fault.rate.is_some_and(|rate| !self.random.random_bool(rate)) {
            return None;
        }
        active.struck += 1;
        active.left = active.left.map(|left| left - 1);
        Some(active.fault.clone())
    }

    /// A fault that stands for a client, without counting.
    pub(crate) fn standing(&self, switch: Switch, client: Option<ClientId>) -> Option<&Active> {
        self.active.iter().find(|active| active.fault.switch == switch && active.fault.concerns(client))
    }

    /// A number below `bound`, from the seed.
    pub(crate) fn roll(&mut self, bound: i64) -> i64 {
        self.random.random_range(0..bound.max(1))
    }

    /// All that stand.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Active> {
        self.active.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_strike_whom_they_concern_as_often_as_they_may() {
        let (now, one, two) = (SimTime(0), Some(ClientId(1)), Some(ClientId(2)));
        let mut set = FaultSet::new(7, 0);
        set.add(Fault::new(Switch::MissingStatus).client(1).count(2), now);
        assert!(set.strike(Switch::MissingStatus, two, now).is_none());
        assert!(set.strike(Switch::MissingOpenOrder, one, now).is_none());
        for strikes in [true, true, false] {
            assert_eq!(set.strike(Switch::MissingStatus, one, now).is_some(), strikes);
        }
        set.add(Fault::new(Switch::Reorder).for_ms(10), now);
        assert_eq!(set.next_time(), Some(SimTime(10)));
        assert!(set.strike(Switch::Reorder, one, SimTime(9)).is_some());
        assert!(set.strike(Switch::Reorder, one, SimTime(10)).is_none());
        assert_eq!(set.end(SimTime(10)).len(), 2);
        assert!(set.is_empty());
    }

    #[test]
    fn the_rate_comes_from_the_seed() {
        let strikes = |seed| {
            let mut set = FaultSet::new(seed, 0);
            set.add(Fault::new(Switch::MissingStatus).rate(0.3), SimTime(0));
            (0..1000).map(|_| set.strike(Switch::MissingStatus, None, SimTime(0)).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(strikes(1), strikes(1));
        assert_ne!(strikes(1), strikes(2));
        let often = strikes(1).iter().filter(|strikes| **strikes).count();
        assert!((250..350).contains(&often), "{often}");
    }
}
