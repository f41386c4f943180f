//! [`Market`]: what one instrument shows at this moment, and what of it can still be traded against.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::tape::Tape;
use crate::time::SimTime;
use crate::walk::Walk;

/// Price and size on one side of a quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// In the instrument's currency.
    pub price: Decimal,
    /// In units of the contract.
    pub size: Decimal,
}

/// The best bid and ask; a side without a quote is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// What buyers offer.
    pub bid: Option<Level>,
    /// What sellers ask.
    pub ask: Option<Level>,
}

impl Quote {
    /// A quote of both sides.
    #[must_use]
    pub const fn new(bid: Decimal, bid_size: Decimal, ask: Decimal, ask_size: Decimal) -> Self {
        Self { bid: Some(Level { price: bid, size: bid_size }), ask: Some(Level { price: ask, size: ask_size }) }
    }

    /// Half way between bid and ask.
    #[must_use]
    pub fn midpoint(&self) -> Option<Decimal> {
        Some((self.bid?.price + self.ask?.price) / Decimal::TWO)
    }
}

/// A trade between others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    /// In the instrument's currency.
    pub price: Decimal,
    /// In units of the contract.
    pub size: Decimal,
    /// Where, by the exchange's letter; may be empty.
    pub exchange: String,
}

/// What can happen in a market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarketEvent {
    /// A new best bid and ask.
    Quote(Quote),
    /// A trade.
    Trade(Trade),
}

/// Which side of the quote an order trades against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taker {
    /// Buys at the ask.
    Buyer,
    /// Sells at the bid.
    Seller,
}

/// Where the events of a market come from.
#[derive(Debug)]
pub enum Source {
    /// Recorded rows.
    Tape(Tape),
    /// A random walk.
    Walk(Box<Walk>),
    /// Only what is handed in.
    Still,
}

impl Source {
    fn next_time(&self) -> Option<SimTime> {
        match self {
            Self::Tape(tape) => tape.next_time(),
            Self::Walk(walk) => Some(walk.next_time()),
            Self::Still => None,
        }
    }

    fn next_events(&mut self) -> Vec<MarketEvent> {
        match self {
            Self::Tape(tape) => tape.next_event().into_iter().collect(),
            Self::Walk(walk) => walk.next_events(),
            Self::Still => Vec::new(),
        }
    }
}

/// The day so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// First trade.
    pub open: Option<Decimal>,
    /// Highest trade.
    pub high: Option<Decimal>,
    /// Lowest trade.
    pub low: Option<Decimal>,
    /// The day before's last.
    pub close: Option<Decimal>,
    /// Sum of sizes.
    pub volume: Decimal,
    /// Sum of prices times sizes.
    pub value: Decimal,
}

/// What one instrument shows at this moment.
#[derive(Debug)]
pub struct Market {
    source: Source,
    quote: Quote,
    /// What is left of the sizes shown, after what our own orders took from this very quote.
    left: Quote,
    last: Option<(Trade, SimTime)>,
    day: Day,
}

impl Market {
    /// A market that has shown nothing yet; `close` is the day before's last price.
    #[must_use]
    pub fn new(source: Source, close: Option<Decimal>) -> Self {
        let day = Day { close, ..Day::default() };
        Self { source, quote: Quote::default(), left: Quote::default(), last: None, day }
    }

    /// When its source has the next event.
    #[must_use]
    pub fn next_time(&self) -> Option<SimTime> {
        self.source.next_time()
    }

    /// Takes what its source has next. The caller applies it.
    pub fn next_events(&mut self) -> Vec<MarketEvent> {
        self.source.next_events()
    }

    /// From now on only what is handed in happens.
    pub fn stand_still(&mut self) {
        self.source = Source::Still;
    }

    /// The best bid and ask.
    #[must_use]
    pub const fn quote(&self) -> &Quote {
        &self.quote
    }

    /// The last trade and its time.
    #[must_use]
    pub const fn last(&self) -> Option<&(Trade, SimTime)> {
        self.last.as_ref()
    }

    /// The day so far.
    #[must_use]
    pub const fn day(&self) -> &Day {
        &self.day
    }

    /// Makes an event true.
    pub fn apply(&mut self, event: &MarketEvent, now: SimTime) {
        match event {
            MarketEvent::Quote(quote) => {
                self.quote = *quote;
                self.left = *quote;
            }
            MarketEvent::Trade(trade) => {
                let Day { open, high, low, close: _, volume, value } = &mut self.day;
                open.get_or_insert(trade.price);
                *high = Some(high.map_or(trade.price, |high| high.max(trade.price)));
                *low = Some(low.map_or(trade.price, |low| low.min(trade.price)));
                *volume = volume.saturating_add(trade.size);
                *value = value.saturating_add(trade.price.saturating_mul(trade.size));
                self.last = Some((trade.clone(), now));
            }
        }
    }

    /// What `taker` can trade against now: the price shown, and how much of the size shown is left.
    #[must_use]
    pub fn available(&self, taker: Taker) -> Option<Level> {
        let level = match taker {
            Taker::Buyer => self.left.ask,
            Taker::Seller => self.left.bid,
        };
        level.filter(|level| level.size > Decimal::ZERO)
    }

    /// Takes `quantity` from what is available. Only the next quote brings more.
    pub fn take(&mut self, taker: Taker, quantity: Decimal) {
        let level = match taker {
            Taker::Buyer => &mut self.left.ask,
            Taker::Seller => &mut self.left.bid,
        };
        if let Some(level) = level {
            debug_assert!(quantity <= level.size, "took more than was shown");
            level.size -= quantity;
        }
    }

    /// What a unit is worth now: the midpoint, else the last price, else the day before's close.
    #[must_use]
    pub fn mark(&self) -> Option<Decimal> {
        self.quote.midpoint().or_else(|| self.last.as_ref().map(|(trade, _)| trade.price)).or(self.day.close)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(bid: i64, bid_size: i64, ask: i64, ask_size: i64) -> MarketEvent {
        MarketEvent::Quote(Quote::new(bid.into(), bid_size.into(), ask.into(), ask_size.into()))
    }

    #[test]
    fn a_size_can_be_taken_once_and_the_next_quote_brings_more() {
        let mut market = Market::new(Source::Still, None);
        assert_eq!(market.available(Taker::Buyer), None);
        market.apply(&quote(10, 300, 11, 500), SimTime(0));
        market.take(Taker::Buyer, 200.into());
        assert_eq!(market.available(Taker::Buyer), Some(Level { price: 11.into(), size: 300.into() }));
        assert_eq!(market.quote().ask.unwrap().size, 500.into(), "what is shown does not change");
        market.take(Taker::Buyer, 300.into());
        assert_eq!(market.available(Taker::Buyer), None);
        market.apply(&quote(10, 300, 11, 500), SimTime(1));
        assert_eq!(market.available(Taker::Buyer).unwrap().size, 500.into());
    }

    #[test]
    fn the_day_is_summed_up() {
        let mut market = Market::new(Source::Still, Some(9.into()));
        for (price, size) in [(10, 1), (12, 2), (8, 3)] {
            let trade = Trade { price: price.into(), size: size.into(), exchange: String::new() };
            market.apply(&MarketEvent::Trade(trade), SimTime(price));
        }
        let expected = Day {
            open: Some(10.into()),
            high: Some(12.into()),
            low: Some(8.into()),
            close: Some(9.into()),
            volume: 6.into(),
            value: 58.into(),
        };
        assert_eq!(market.day(), &expected);
        assert_eq!(market.mark(), Some(8.into()));
    }
}
