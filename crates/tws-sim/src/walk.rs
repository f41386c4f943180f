//! [`Walk`]: a market made up from a seed.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::instrument::{Instrument, MarketKind};
use crate::market::{MarketEvent, Quote, Trade};
use crate::time::SimTime;

/// Milliseconds between two events, at least and at most.
const PAUSE_MS: std::ops::RangeInclusive<i64> = 200..=1200;
/// How far the bid moves at once, in price steps.
const STEP: std::ops::RangeInclusive<i64> = -2..=2;
/// How far apart bid and ask are, in price steps.
const SPREAD: std::ops::RangeInclusive<i64> = 1..=3;
/// Sizes, in lots.
const LOTS: std::ops::RangeInclusive<i64> = 1..=20;
/// The bid never falls below this many price steps.
const FLOOR: i64 = 5;

/// A random walk on the price grid: the same seed and instrument walk the same way.
#[derive(Debug)]
pub struct Walk {
    random: ChaCha8Rng,
    market: MarketKind,
    min_tick: Decimal,
    lot: Decimal,
    /// In price steps.
    bid: i64,
    next: SimTime,
}

impl Walk {
    /// A walk that starts at the instrument's price with a quote at `start`.
    #[must_use]
    pub fn new(instrument: &Instrument, seed: u64, start: SimTime) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        // A stream of its own: instruments do not disturb each other.
        random.set_stream(u64::from(instrument.contract_id.0.unsigned_abs()));
        let bid = (instrument.price / instrument.min_tick).to_i64().unwrap_or(FLOOR).max(FLOOR);
        let Instrument { market, min_tick, lot, .. } = *instrument;
        Self { random, market, min_tick, lot, bid, next: start }
    }

    /// When the next events happen.
    #[must_use]
    pub const fn next_time(&self) -> SimTime {
        self.next
    }

    /// Nothing happens before `time`.
    pub(crate) fn rest_until(&mut self, time: SimTime) {
        self.next = self.next.max(time);
    }

    /// The next events; the walk moves on.
    pub fn next_events(&mut self) -> Vec<MarketEvent> {
        self.next = self.next.plus_ms(self.random.random_range(PAUSE_MS));
        self.bid = (self.bid + self.random.random_range(STEP)).max(FLOOR);
        let ask = self.bid + self.random.random_range(SPREAD);
        let (bid_lots, ask_lots, trade_lots) =
            (self.random.random_range(LOTS), self.random.random_range(LOTS), self.random.random_range(LOTS));
        let at_ask = self.random.random_bool(0.5);
        let trades = self.random.random_bool(0.4);
        let price = |steps: i64| Decimal::from(steps) * self.min_tick;
        let size = |lots: i64| Decimal::from(lots) * self.lot;
        let quote = MarketEvent::Quote(Quote::new(price(self.bid), size(bid_lots), price(ask), size(ask_lots)));
        let trade = |size| {
            let price = price(if at_ask { ask } else { self.bid });
            MarketEvent::Trade(Trade { price, size, exchange: String::new() })
        };
        match self.market {
            MarketKind::QuotesAndTrades if trades => vec![quote, trade(size(trade_lots))],
            MarketKind::QuotesAndTrades | MarketKind::QuotesOnly => vec![quote],
            MarketKind::TradesOnly => vec![trade(Decimal::ZERO)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    fn walked(seed: u64) -> Vec<MarketEvent> {
        let catalogue = Catalogue::built_in(SimTime(0));
        let mut walk = Walk::new(catalogue.by_name("BAC").unwrap(), seed, SimTime(0));
        (0..500).flat_map(|_| walk.next_events()).collect()
    }

    #[test]
    fn a_seed_walks_one_way_on_the_grid() {
        assert_eq!(walked(7), walked(7));
        assert_ne!(walked(7), walked(8));
        for event in walked(7) {
            let MarketEvent::Quote(Quote { bid: Some(bid), ask: Some(ask) }) = event else { continue };
            assert!(bid.price > Decimal::ZERO && bid.price < ask.price);
            assert!((bid.price % Decimal::new(1, 2)).is_zero());
        }
    }
}
