//! [`Candle`]: what a market did in a stretch of time, recorded live or made up for the past.

use rust_decimal::Decimal;
use tws_proto::kinds::DataToShow;

use crate::market::{Quote, Trade};
use crate::time::SimTime;

/// Where a price stood first, most, least and last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Track {
    pub(crate) open: Decimal,
    pub(crate) high: Decimal,
    pub(crate) low: Decimal,
    pub(crate) close: Decimal,
}

impl Track {
    pub(crate) const fn at(price: Decimal) -> Self {
        Self { open: price, high: price, low: price, close: price }
    }

    fn add(&mut self, price: Decimal) {
        self.high = self.high.max(price);
        self.low = self.low.min(price);
        self.close = price;
    }

    fn join(&mut self, later: &Self) {
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
    }

    /// Every price moved by the same amount.
    pub(crate) fn shifted(&self, by: Decimal) -> Self {
        let Self { open, high, low, close } = *self;
        Self { open: open + by, high: high + by, low: low + by, close: close + by }
    }

    /// What the four prices are on average.
    pub(crate) fn average(&self) -> Decimal {
        (self.open + self.high + self.low + self.close) * Decimal::new(25, 2)
    }
}

/// What a market did in a stretch of time. A track without price is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candle {
    /// Begin of the stretch.
    pub(crate) from: SimTime,
    pub(crate) trade: Option<Track>,
    pub(crate) bid: Option<Track>,
    pub(crate) ask: Option<Track>,
    pub(crate) midpoint: Option<Track>,
    /// Sum of the sizes traded.
    pub(crate) volume: Decimal,
    /// Sum of prices times sizes.
    pub(crate) value: Decimal,
    pub(crate) trades: i32,
}

impl Candle {
    pub(crate) const fn empty(from: SimTime) -> Self {
        Self {
            from,
            trade: None,
            bid: None,
            ask: None,
            midpoint: None,
            volume: Decimal::ZERO,
            value: Decimal::ZERO,
            trades: 0,
        }
    }

    /// A stretch that begins where another one ended, before anything happens in it.
    pub(crate) fn after(&self, from: SimTime) -> Self {
        let stay = |track: Option<Track>| track.map(|track| Track::at(track.close));
        Self { bid: stay(self.bid), ask: stay(self.ask), midpoint: stay(self.midpoint), ..Self::empty(from) }
    }

    pub(crate) fn add_quote(&mut self, quote: &Quote) {
        add(&mut self.bid, quote.bid.map(|level| level.price));
        add(&mut self.ask, quote.ask.map(|level| level.price));
        add(&mut self.midpoint, quote.midpoint());
    }

    pub(crate) fn add_trade(&mut self, trade: &Trade) {
        add(&mut self.trade, Some(trade.price));
        self.volume = self.volume.saturating_add(trade.size);
        self.value = self.value.saturating_add(trade.price.saturating_mul(trade.size));
        self.trades = self.trades.saturating_add(1);
    }

    /// Makes one stretch of this one and a later one.
    pub(crate) fn join(&mut self, later: &Self) {
        join(&mut self.trade, later.trade.as_ref());
        join(&mut self.bid, later.bid.as_ref());
        join(&mut self.ask, later.ask.as_ref());
        join(&mut self.midpoint, later.midpoint.as_ref());
        self.volume = self.volume.saturating_add(later.volume);
        self.value = self.value.saturating_add(later.value);
        self.trades = self.trades.saturating_add(later.trades);
    }

    /// What a bar of this kind shows: its prices, and for trades volume, average price and count.
    pub(crate) fn shown(&self, kind: &DataToShow) -> Option<Shown> {
        let bare = |track: Option<Track>| track.map(|track| Shown { track, traded: None });
        match kind {
            DataToShow::Bid => bare(self.bid),
            DataToShow::Ask => bare(self.ask),
            DataToShow::MidPoint => bare(self.midpoint),
            DataToShow::BidAsk => {
                let (bid, ask) = (self.bid?, self.ask?);
                let round = |price: Decimal| price.round_dp(price_digits(&bid) + 2).normalize();
                let track =
                    Track { open: round(bid.average()), high: ask.high, low: bid.low, close: round(ask.average()) };
                Some(Shown { track, traded: None })
            }
            _ => {
                let track = self.trade?;
                // A value without volume, as an index has it, has no average but its own.
                let average = self.value.checked_div(self.volume).unwrap_or_else(|| track.average());
                let average = average.round_dp(price_digits(&track) + 2).normalize();
                let traded = Some(Traded { volume: self.volume, average, trades: self.trades });
                Some(Shown { track, traded })
            }
        }
    }
}

/// What a bar shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) track: Track,
    pub(crate) traded: Option<Traded>,
}

/// What a bar of trades shows beside the prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Traded {
    pub(crate) volume: Decimal,
    pub(crate) average: Decimal,
    pub(crate) trades: i32,
}

fn price_digits(track: &Track) -> u32 {
    track.close.scale().min(8)
}

fn add(track: &mut Option<Track>, price: Option<Decimal>) {
    match (track, price) {
        (Some(track), Some(price)) => track.add(price),
        (empty @ None, Some(price)) => *empty = Some(Track::at(price)),
        (_, None) => {}
    }
}

fn join(track: &mut Option<Track>, later: Option<&Track>) {
    match (track, later) {
        (Some(track), Some(later)) => track.join(later),
        (empty @ None, Some(later)) => *empty = Some(*later),
        (_, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trade(price: i64, size: i64) -> Trade {
        Trade { price: price.into(), size: size.into(), exchange: String::new() }
    }

    #[test]
    fn joined_stretches_are_one() {
        let (mut first, mut second) = (Candle::empty(SimTime(0)), Candle::empty(SimTime(5000)));
        for (candle, price, size) in [(&mut first, 10, 1), (&mut second, 14, 3)] {
            candle.add_trade(&trade(price, size));
            candle.add_quote(&Quote::new((price - 1).into(), 1.into(), (price + 1).into(), 1.into()));
        }
        first.join(&second);
        let shown = |kind| first.shown(&kind).unwrap();
        let track = |open: i64, high: i64, low: i64, close: i64| Track {
            open: open.into(),
            high: high.into(),
            low: low.into(),
            close: close.into(),
        };
        let trades = shown(DataToShow::Trades);
        assert_eq!(trades.track, track(10, 14, 10, 14));
        assert_eq!(trades.traded, Some(Traded { volume: 4.into(), average: 13.into(), trades: 2 }));
        assert_eq!(shown(DataToShow::Bid).track, track(9, 13, 9, 13));
        assert_eq!(shown(DataToShow::BidAsk).track, track(11, 15, 9, 13), "open and close are the average bid and ask");
        assert_eq!(first.after(SimTime(9)).shown(&DataToShow::Trades), None);
        assert_eq!(first.after(SimTime(9)).shown(&DataToShow::Ask).unwrap().track, track(15, 15, 15, 15));
    }
}
