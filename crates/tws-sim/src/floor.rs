//! [`Floor`]: the markets that somebody has looked at, and which of them moves next.
//!
//! A catalogue can hold many thousands of contracts. A market made up from the seed opens when it is first asked for,
//! and one that nobody asks for costs nothing; markets with a tape play from the start of the simulation.

use std::collections::{BTreeMap, BTreeSet};

use tws_proto::ids::ContractId;

use crate::catalogue::Catalogue;
use crate::combo::Combo;
use crate::core::Feed;
use crate::derived::Derivation;
use crate::instrument::Instrument;
use crate::market::{Market, MarketEvent, Source, Trade};
use crate::option_model::OptionModel;
use crate::past::Past;
use crate::record::Keep;
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
    model: OptionModel,
    /// Which markets follow from each.
    followers: BTreeMap<ContractId, Vec<ContractId>>,
}

impl Floor {
    /// No market is open. One tape cannot move all markets: with a tape as the usual feed they stand still.
    pub(crate) fn new(seed: u64, usual: &Feed, model: OptionModel) -> Self {
        let usual = match usual {
            Feed::Walk => Usual::Walk,
            Feed::Tape(_) | Feed::Still => Usual::Still,
        };
        Self { seed, usual, markets: BTreeMap::new(), schedule: BTreeSet::new(), model, followers: BTreeMap::new() }
    }

    /// All randomness comes from it.
    pub(crate) const fn seed(&self) -> u64 {
        self.seed
    }

    /// What is taken as given about all options.
    pub(crate) const fn model(&self) -> OptionModel {
        self.model
    }

    /// Opens a market with a feed of its own. What it shows at `now` is told by the next step.
    pub(crate) fn open_with(&mut self, instrument: &Instrument, feed: Feed, now: SimTime) {
        let source = match feed {
            Feed::Walk => Source::Walk(Box::new(Walk::new(instrument, self.seed, now))),
            Feed::Tape(tape) => Source::Tape(tape),
            Feed::Still => Source::Still,
        };
        let is_walk = matches!(source, Source::Walk(_));
        let mut market = Market::new(source, is_walk.then_some(instrument.price));
        if is_walk {
            // Its past joins where it begins.
            market.anchor(instrument.price);
            market.open_day(Past::new(instrument, self.seed, now, instrument.price).today());
        }
        self.add(instrument.contract_id, market, now);
    }

    /// Opens a market unless it is open: it has its first quote at once. That of an option or a future follows from its
    /// underlying's, which opens with it.
    pub(crate) fn open(&mut self, catalogue: &Catalogue, instrument: &Instrument, now: SimTime) {
        let id = instrument.contract_id;
        if self.markets.contains_key(&id) {
            return;
        }
        if let Some((source, leaders)) = self.followed(catalogue, instrument, now) {
            for leader in leaders {
                if let Some(leader) = catalogue.by_id(leader) {
                    self.open(catalogue, leader, now);
                }
                self.followers.entry(leader).or_default().push(id);
            }
            self.add(id, Market::new(source, None), now);
            if let Some(event) = self.following(id, now)
                && let Some(market) = self.markets.get_mut(&id)
            {
                market.apply(&event, now);
            }
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

    /// The source of a market that follows from others, and those others: a combination follows from its legs, an option
    /// or a future from its underlying, unless markets stand still.
    fn followed(
        &self,
        catalogue: &Catalogue,
        instrument: &Instrument,
        now: SimTime,
    ) -> Option<(Source, Vec<ContractId>)> {
        if let Some(combo) = Combo::of(instrument) {
            let legs = combo.legs().collect();
            return Some((Source::Combo(Box::new(combo)), legs));
        }
        let underlying = catalogue.by_id(instrument.underlying_contract_id?)?;
        let chosen = self.usual == Usual::Walk && underlying.contract_id != instrument.contract_id;
        let derivation = Derivation::of(instrument, underlying, self.model, (self.seed, now)).filter(|_| chosen)?;
        Some((Source::Derived(Box::new(derivation)), vec![underlying.contract_id]))
    }

    /// The markets that follow from this one.
    pub(crate) fn followers(&self, id: ContractId) -> &[ContractId] {
        self.followers.get(&id).map_or(&[], Vec::as_slice)
    }

    /// The quote of a market that follows from others, unless its prices stand as they do.
    pub(crate) fn following(&self, id: ContractId, now: SimTime) -> Option<MarketEvent> {
        let market = self.markets.get(&id)?;
        let quote = match market.source() {
            Source::Derived(derivation) => {
                let price = self.markets.get(&derivation.underlying())?.mark()?;
                derivation.quote(price, now)
            }
            Source::Combo(combo) => combo.quote(|leg| self.markets.get(&leg).map(|market| *market.quote())),
            Source::Tape(_) | Source::Walk(_) | Source::Still => return None,
        };
        (quote.prices() != market.quote().prices()).then_some(MarketEvent::Quote(quote))
    }

    /// The trade of a market that follows from another one in which a trade happened, if there is one.
    pub(crate) fn following_trade(&self, id: ContractId, now: SimTime) -> Option<MarketEvent> {
        let market = self.markets.get(&id)?;
        let level = market.derivation()?.trade(market.quote(), now)?;
        Some(MarketEvent::Trade(Trade { price: level.price, size: level.size, exchange: String::new() }))
    }

    fn add(&mut self, id: ContractId, mut market: Market, now: SimTime) {
        let count = self.markets.len() + 1;
        market.open_at(now, Keep::for_markets(count));
        if count.is_power_of_two() {
            self.markets.values_mut().for_each(|market| market.keep(Keep::for_markets(count)));
        }
        self.plan(id, market.next_time());
        self.markets.insert(id, market);
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

    /// A market that is closed until `time` moves only then.
    pub(crate) fn rest_until(&mut self, id: ContractId, time: SimTime) {
        let Some(market) = self.markets.get_mut(&id) else { return };
        let before = market.next_time();
        market.rest_until(time);
        let after = market.next_time();
        self.replan(id, before, after);
    }

    /// Every open market.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (ContractId, &mut Market)> {
        self.markets.iter_mut().map(|(id, market)| (*id, market))
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
        let mut floor = Floor::new(7, &Feed::Walk, OptionModel::default());
        assert_eq!(floor.next_due(), None);
        for id in [2, 1] {
            floor.open(&Catalogue::empty(SimTime(0)), &instrument(id), SimTime(1_000));
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
        let mut floor = Floor::new(7, &Feed::Still, OptionModel::default());
        floor.open(&Catalogue::empty(SimTime(0)), &instrument(1), SimTime(0));
        assert_eq!(floor.next_due(), None);
        assert_eq!(floor.get(&ContractId(1)).unwrap().mark(), None);
    }
}
