//! [`Market`]: what one instrument shows at this moment, and what of it can still be traded against.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::combo::Combo;
use crate::derived::Derivation;
use crate::record::{Keep, Record};
use crate::tape::Tape;
use crate::time::SimTime;
use crate::walk::Walk;

/// No price or size is larger than a million million: beyond that amounts would not be exact any more.
pub(crate) const NUMBER_MAX: Decimal = Decimal::from_parts(0xD4A5_1000, 0xE8, 0, false, 0);

/// A price or a size that no market has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no market shows {number}: a size is from 0 to {NUMBER_MAX}, and no price is further from 0 than that")]
pub struct ImpossibleMarket {
    /// Which number.
    pub number: Decimal,
}

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

    /// The prices without their sizes.
    pub(crate) fn prices(&self) -> (Option<Decimal>, Option<Decimal>) {
        (self.bid.map(|level| level.price), self.ask.map(|level| level.price))
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

impl MarketEvent {
    /// Whether a market can show it.
    ///
    /// # Errors
    /// [`ImpossibleMarket`], where a size is negative, or a number so large that amounts would not be exact.
    pub fn check(&self) -> Result<(), ImpossibleMarket> {
        let levels = match self {
            Self::Quote(quote) => [quote.bid, quote.ask],
            Self::Trade(trade) => [Some(Level { price: trade.price, size: trade.size }), None],
        };
        for Level { price, size } in levels.into_iter().flatten() {
            if price.abs() > NUMBER_MAX {
                return Err(ImpossibleMarket { number: price });
            }
            if size < Decimal::ZERO || size > NUMBER_MAX {
                return Err(ImpossibleMarket { number: size });
            }
        }
        Ok(())
    }
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
    /// The price of another market, for options and futures.
    Derived(Box<Derivation>),
    /// The prices of the legs of a combination.
    Combo(Box<Combo>),
    /// Only what is handed in.
    Still,
}

impl Source {
    fn next_time(&self) -> Option<SimTime> {
        match self {
            Self::Tape(tape) => tape.next_time(),
            Self::Walk(walk) => Some(walk.next_time()),
            Self::Derived(_) | Self::Combo(_) | Self::Still => None,
        }
    }

    fn next_events(&mut self) -> Vec<MarketEvent> {
        match self {
            Self::Tape(tape) => tape.next_event().into_iter().collect(),
            Self::Walk(walk) => walk.next_events(),
            Self::Derived(_) | Self::Combo(_) | Self::Still => Vec::new(),
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
    /// How many trades.
    pub trades: i32,
}

/// Whether a market trades. The numbers are those of tick 49 on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Halt {
    /// It trades.
    #[default]
    None = 0,
    /// Stopped for news or by a regulator.
    General = 1,
    /// Stopped for a while because the price moved too far.
    Volatility = 2,
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
    halt: Halt,
    /// When somebody first looked at it: until then its past reaches.
    opened: SimTime,
    /// The first price it showed: where its past joins.
    anchor: Option<Decimal>,
    record: Record,
}

impl Market {
    /// A market that has shown nothing yet; `close` is the day before's last price.
    #[must_use]
    pub fn new(source: Source, close: Option<Decimal>) -> Self {
        let day = Day { close, ..Day::default() };
        Self {
            source,
            quote: Quote::default(),
            left: Quote::default(),
            last: None,
            day,
            halt: Halt::None,
            opened: SimTime::default(),
            anchor: None,
            record: Record::new(Keep::for_markets(1)),
        }
    }

    /// It opens now and keeps so much of what it does.
    pub(crate) fn open_at(&mut self, now: SimTime, keep: Keep) {
        self.opened = now;
        self.record.keep(keep);
    }

    /// When somebody first looked at it.
    pub(crate) const fn opened(&self) -> SimTime {
        self.opened
    }

    /// Where its events come from.
    pub(crate) const fn source(&self) -> &Source {
        &self.source
    }

    /// How much of its past it keeps.
    pub(crate) fn keep(&mut self, keep: Keep) {
        self.record.keep(keep);
    }

    /// What it did since the simulator began.
    pub(crate) const fn record(&self) -> &Record {
        &self.record
    }

    /// What its price comes from, where that is another market.
    pub(crate) const fn derivation(&self) -> Option<&Derivation> {
        match &self.source {
            Source::Derived(derivation) => Some(derivation),
            Source::Tape(_) | Source::Walk(_) | Source::Combo(_) | Source::Still => None,
        }
    }

    /// Where its past joins: the first price it showed, or the one given where it has shown none yet. It never changes
    /// once it was asked for, so that the same request gets the same past.
    pub(crate) fn anchor(&mut self, price: Decimal) -> Decimal {
        *self.anchor.get_or_insert(price)
    }

    /// The day so far, as far as it lies before the beginning.
    pub(crate) fn open_day(&mut self, day: Day) {
        self.day = day;
    }

    /// The next day begins. What the old one ended at is the new one's close of the day before.
    pub(crate) fn end_day(&mut self) {
        let close = self.last.as_ref().map(|(trade, _)| trade.price).or_else(|| self.quote.midpoint());
        self.day = Day { close: close.or(self.day.close), ..Day::default() };
    }

    /// Whether it trades.
    #[must_use]
    pub const fn halt(&self) -> Halt {
        self.halt
    }

    /// Stops its trading, or lets it go on.
    pub(crate) fn set_halt(&mut self, halt: Halt) {
        self.halt = halt;
    }

    /// Nothing moves it before `time` but what is handed in.
    pub(crate) fn rest_until(&mut self, time: SimTime) {
        if let Source::Walk(walk) = &mut self.source {
            walk.rest_until(time);
        }
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
        self.record.note(event, now);
        if self.anchor.is_none() {
            self.anchor = match event {
                MarketEvent::Quote(quote) => quote.bid.map(|level| level.price),
                MarketEvent::Trade(trade) => Some(trade.price),
            };
        }
        match event {
            MarketEvent::Quote(quote) => {
                self.quote = *quote;
                self.left = *quote;
            }
            MarketEvent::Trade(trade) => {
                let Day { open, high, low, close: _, volume, value, trades } = &mut self.day;
                open.get_or_insert(trade.price);
                *high = Some(high.map_or(trade.price, |high| high.max(trade.price)));
                *low = Some(low.map_or(trade.price, |low| low.min(trade.price)));
                *volume = volume.saturating_add(trade.size);
                *value = value.saturating_add(trade.price.saturating_mul(trade.size));
                *trades = trades.saturating_add(1);
                self.last = Some((trade.clone(), now));
            }
        }
    }

    /// What `taker` can trade against now: the price shown, and how much of the size shown is left. Nothing while trading
    /// is halted.
    #[must_use]
    pub fn available(&self, taker: Taker) -> Option<Level> {
        if self.halt != Halt::None {
            return None;
        }
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
            trades: 3,
        };
        assert_eq!(market.day(), &expected);
        assert_eq!(market.mark(), Some(8.into()));
        market.end_day();
        assert_eq!(market.day(), &Day { close: Some(8.into()), ..Day::default() });
    }

    #[test]
    fn a_halted_market_shows_and_does_not_trade() {
        let mut market = Market::new(Source::Still, None);
        market.apply(&quote(10, 300, 11, 500), SimTime(0));
        market.set_halt(Halt::Volatility);
        assert_eq!(market.available(Taker::Buyer), None);
        assert!(market.quote().ask.is_some());
        market.set_halt(Halt::None);
        assert!(market.available(Taker::Buyer).is_some());
    }
}
