//! What the gate remembers of accepted orders: how many within a second (C3), and which ones (C4).

use std::collections::{BTreeMap, VecDeque};

use order::{Intent, OrderKind, SECOND_US, Side, Timestamp};
use rust_decimal::Decimal;
use tws_proto::contract::ComboLeg;
use tws_proto::ids::ContractId;

use crate::limits::Limits;

/// Accepted orders of the last moments. Bounded: by the rate limits, and by a second or the duplicate window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Throttle {
    all: VecDeque<Timestamp>,
    strategies: BTreeMap<String, VecDeque<Timestamp>>,
    recent: VecDeque<(Timestamp, Likeness)>,
}

/// What makes two orders the same to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Likeness {
    account: String,
    contract_id: Option<ContractId>,
    legs: Vec<ComboLeg>,
    side: Side,
    quantity: Decimal,
    kind: OrderKind,
}

impl Throttle {
    /// Orders and changes within the last second: of this strategy, and of all.
    pub(crate) fn within_a_second(&self, strategy: &str, now: Timestamp) -> (usize, usize) {
        let count = |times: &VecDeque<Timestamp>| times.iter().filter(|time| within(**time, now, SECOND_US)).count();
        (self.strategies.get(strategy).map_or(0, count), count(&self.all))
    }

    /// How long ago, in microseconds, an order like this was accepted within the window.
    pub(crate) fn duplicate_of(&self, intent: &Intent, window_us: i64, now: Timestamp) -> Option<i64> {
        let likeness = Likeness::of(intent);
        let newest = self.recent.iter().rev().find(|(time, like)| within(*time, now, window_us) && *like == likeness);
        newest.map(|(time, _)| now.since(*time))
    }

    /// Remembers an accepted order, and forgets what no window reaches.
    pub(crate) fn accepted(&mut self, intent: &Intent, limits: &Limits, now: Timestamp) {
        self.sent(&intent.strategy, limits, now);
        let total_max = limits.orders_per_second as usize;
        let window_us = limits.duplicate_window_us();
        self.recent.retain(|(time, _)| within(*time, now, window_us));
        // The gate lets no more through, so this drops nothing unless the caller reports what never passed.
        let seconds = usize::try_from(window_us / SECOND_US).unwrap_or(usize::MAX).saturating_add(2);
        while self.recent.len() >= total_max.saturating_mul(seconds) {
            self.recent.pop_front();
        }
        self.recent.push_back((now, Likeness::of(intent)));
    }

    /// Remembers that a strategy has sent something: an order, or a change of one.
    pub(crate) fn sent(&mut self, strategy: &str, limits: &Limits, now: Timestamp) {
        for times in self.strategies.values_mut() {
            times.retain(|time| within(*time, now, SECOND_US));
        }
        self.strategies.retain(|_, times| !times.is_empty());
        remember(&mut self.all, now, limits.orders_per_second as usize);
        let times = self.strategies.entry(strategy.to_owned()).or_default();
        remember(times, now, limits.orders_per_second_strategy as usize);
    }
}

impl Likeness {
    fn of(intent: &Intent) -> Self {
        let Intent { account, contract, side, quantity, kind, .. } = intent;
        let (account, kind) = (account.to_string(), kind.clone());
        let legs = contract.combo_legs.clone();
        Self { account, contract_id: contract.known_id(), legs, side: *side, quantity: *quantity, kind }
    }
}

/// Whether a moment is less than a window away, in either direction: a clock that was set back must neither stop trading
/// for long nor count what is long over.
fn within(time: Timestamp, now: Timestamp, window_us: i64) -> bool {
    now.since(time).unsigned_abs() < window_us.unsigned_abs()
}

/// Adds a moment. No more than the limit are needed to see that it is reached.
fn remember(times: &mut VecDeque<Timestamp>, now: Timestamp, limit: usize) {
    times.retain(|time| within(*time, now, SECOND_US));
    while times.len() >= limit.max(1) {
        times.pop_front();
    }
    times.push_back(now);
}
