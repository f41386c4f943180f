//! [`Floor`]: the markets that somebody has looked at, and which of them moves next.
//!
//! A catalogue can hold many thousands of contracts. A market made up from the seed opens when it is first asked for,
//! and one that nobody asks for costs nothing; markets with a tape play from the start of the simulation.

use std::collections::{BTreeMap, BTreeSet};

use tws_proto::ids::ContractId;

use crate::core::Feed;
use crate::instrument::Instrument;
use crate::market::{Market, MarketEvent, Source};
use crate::time::SimTime;
use crate::walk::Walk;

/// Where the markets that have no feed of their own get theirs from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Usual {
    Walk,
    Still,
}

/// The markets that somebody has looked at.
#[derive(Debug)]
pub(crate) struct Floor {
    seed: u64,
    usual: Usual,
    markets: BTreeMap<ContractId, Market>,
    /// When each market moves next: the earliest first, at one moment the lowest number first.
    schedule: BTreeSet<(SimTime, ContractId)>,
}

impl Floor {
    /// No market is open. One tape cannot move all markets: with a tape as the usual feed they stand still.
    pub(crate) fn new(seed: u64, usual: &Feed) -> Self {
        let usual = match usual {
            Feed::Walk => Usual::Walk,
            Feed::Tape(_) | Feed::Still => Usual::Still,
        };
        Self { seed, usual, markets: BTreeMap::new(), schedule: BTreeSet::new() }
    }

    /// Opens a market with a feed of its own. What it shows at `now` is told by the next step.
    pub(crate) fn open_with(&mut self, instrument: &Instrument, feed: Feed, now: SimTime) {
        let source = match feed {
            Feed::Walk => Source::Walk(Box::new(Walk::new(instrument, self.seed, now))),
            Feed::Tape(tape) => Source::Tape(tape),
            Feed::Still => Source::Still,
        };
        let close = matches!(source, Source::Walk(_)).then_some(instrument.price);
        let market = Market::new(source, close);
        self.plan(instrument.contract_id, market.next_time());
        self.markets.insert(instrument.contract_id, market);
    }

    /// Opens a market unless it is open: it has its first quote at once.
    pub(crate) fn open(&mut self, instrument: &Instrument, now: SimTime) {
        let id = instrument.contract_id;
        if self.markets.contains_key(&id) {
            return;
        }
        let feed = match self.usual {
            Usual::Walk => Feed::Walk,
            Usual::Still => Feed::Still,
        };
        self.open_with(instrument, feed, now);
        while self.schedule.contains(&(now, id)) {
            let events = self.next_events(id);
            if let Some(market) = self.markets.get_mut(&id) {
                events.iter().for_each(|event| market.apply(event, now));
            }
        }
    }

    /// An open market.
    pub(crate) fn get(&self, id: &ContractId) -> Option<&Market> {
        self.markets.get(id)
    }

    /// An open market, to apply events to and to take from.
    pub(crate) fn get_mut(&mut self, id: &ContractId) -> Option<&mut Market> {
        self.markets.get_mut(id)
    }

    /// Which market moves next by itself, and when.
    pub(crate) fn next_due(&self) -> Option<(SimTime, ContractId)> {
        self.schedule.first().copied()
    }

    /// Takes what a market has next. The caller applies it.
    pub(crate) fn next_events(&mut self, id: ContractId) -> Vec<MarketEvent> {
        let Some(market) = self.markets.get_mut(&id) else { return Vec::new() };
        let before = market.next_time();
        let events = market.next_events();
        let after = market.next_time();
        self.replan(id, before, after);
        events
    }

    /// From now on only what is handed in happens in a market.
    pub(crate) fn stand_still(&mut self, id: ContractId) {
        let Some(market) = self.markets.get_mut(&id) else { return };
        let before = market.next_time();
        market.stand_still();
        self.replan(id, before, None);
    }

    fn replan(&mut self, id: ContractId, before: Option<SimTime>, after: Option<SimTime>) {
        if let Some(before) = before {
            self.schedule.remove(&(before, id));
        }
        self.plan(id, after);
    }

    fn plan(&mut self, id: ContractId, next: Option<SimTime>) {
        if let Some(next) = next {
            self.schedule.insert((next, id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal::Decimal;

    fn instrument(id: i32) -> Instrument {
        Instrument::stock(id, "ACME", "USD", Decimal::TEN)
    }

    #[test]
    fn a_market_opens_with_a_quote_and_moves_by_itself() {
        let mut floor = Floor::new(7, &Feed::Walk);
        assert_eq!(floor.next_due(), None);
        for id in [2, 1] {
            floor.open(&instrument(id), SimTime(1_000));
            assert!(floor.get(&ContractId(id)).unwrap().quote().ask.is_some());
        }
        let (first, id) = floor.next_due().unwrap();
        assert!(first > SimTime(1_000));
        assert!(!floor.next_events(id).is_empty());
        assert!(floor.next_due().unwrap() > (first, id));
        floor.stand_still(ContractId(1));
        floor.stand_still(ContractId(2));
        assert_eq!(floor.next_due(), None);
    }

    #[test]
    fn a_still_market_waits() {
        let mut floor = Floor::new(7, &Feed::Still);
        floor.open(&instrument(1), SimTime(0));
        assert_eq!(floor.next_due(), None);
        assert_eq!(floor.get(&ContractId(1)).unwrap().mark(), None);
    }
}
