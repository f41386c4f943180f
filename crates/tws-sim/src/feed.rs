//! What a market's events look like on the wire: level 1 ticks and single ticks.

use rust_decimal::Decimal;
use tws_proto::ServerMessage;
use tws_proto::ids::RequestId;
use tws_proto::kinds::TickKind;
use tws_proto::message::{
    MidPointTick, QuoteAttributes, QuoteTick, TickAttributes, TickByTick, TickEvent, TickGeneric, TickPrice, TickSize,
    TickString, TradeAttributes, TradeTick,
};

use crate::market::{Day, Halt, Level, Market, MarketEvent, Quote, Trade};
use crate::session::TickChoice;
use crate::time::SimTime;

/// Price and size while nobody quotes.
const NO_QUOTE: (Decimal, Decimal) = (Decimal::NEGATIVE_ONE, Decimal::ZERO);

/// One level 1 tick before it is addressed to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tick {
    Price { kind: TickKind, price: Decimal, size: Decimal },
    Size { kind: TickKind, size: Decimal },
    Text { kind: TickKind, value: String },
    Number { kind: TickKind, value: Decimal },
}

impl Tick {
    /// A price that has no size.
    pub(crate) const fn bare_price(kind: TickKind, price: Decimal) -> Self {
        Self::Price { kind, price, size: Decimal::ZERO }
    }

    /// Whether trading is halted.
    pub(crate) fn halted(halt: Halt) -> Self {
        Self::Number { kind: TickKind::Halted, value: Decimal::from(halt as i32) }
    }

    /// The same tick as delayed data has it; `None` for what delayed data does not have.
    pub(crate) fn delayed(self) -> Option<Self> {
        let mapped = |kind| {
            Some(match kind {
                TickKind::Bid => TickKind::DelayedBid,
                TickKind::Ask => TickKind::DelayedAsk,
                TickKind::Last => TickKind::DelayedLast,
                TickKind::BidSize => TickKind::DelayedBidSize,
                TickKind::AskSize => TickKind::DelayedAskSize,
                TickKind::LastSize => TickKind::DelayedLastSize,
                TickKind::High => TickKind::DelayedHigh,
                TickKind::Low => TickKind::DelayedLow,
                TickKind::Volume => TickKind::DelayedVolume,
                TickKind::Close => TickKind::DelayedClose,
                TickKind::Open => TickKind::DelayedOpen,
                TickKind::LastTimestamp => TickKind::DelayedLastTimestamp,
                TickKind::Halted => TickKind::DelayedHalted,
                _ => return None,
            })
        };
        Some(match self {
            Self::Price { kind, price, size } => Self::Price { kind: mapped(kind)?, price, size },
            Self::Size { kind, size } => Self::Size { kind: mapped(kind)?, size },
            Self::Text { kind, value } => Self::Text { kind: mapped(kind)?, value },
            Self::Number { kind, value } => Self::Number { kind: mapped(kind)?, value },
        })
    }

    pub(crate) fn addressed(&self, request_id: RequestId) -> ServerMessage {
        match self {
            Self::Price { kind, price, size } => {
                let is_quote =
                    matches!(kind, TickKind::Bid | TickKind::Ask | TickKind::DelayedBid | TickKind::DelayedAsk);
                let auto = is_quote && *size > Decimal::ZERO;
                TickPrice {
                    request_id,
                    kind: *kind,
                    price: Some(*price),
                    size: Some(*size),
                    attributes: Some(TickAttributes(i32::from(auto))),
                }
                .into()
            }
            Self::Size { kind, size } => TickSize { request_id, kind: *kind, size: Some(*size) }.into(),
            Self::Text { kind, value } => TickString { request_id, kind: *kind, value: value.clone() }.into(),
            Self::Number { kind, value } => TickGeneric { request_id, kind: *kind, value: Some(*value) }.into(),
        }
    }
}

/// What a market showed before an event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Before {
    pub(crate) quote: Quote,
    pub(crate) last: Option<Decimal>,
    pub(crate) day: Day,
}

impl Before {
    pub(crate) fn of(market: &Market) -> Self {
        let last = market.last().map(|(trade, _)| trade.price);
        Self { quote: *market.quote(), last, day: *market.day() }
    }
}

/// The ticks that tell an event, given what the market showed before it.
pub(crate) fn ticks_of(ticks: &mut Vec<Tick>, event: &MarketEvent, before: &Before, market: &Market, now: SimTime) {
    match event {
        MarketEvent::Quote(quote) => {
            side_ticks(ticks, (TickKind::Bid, TickKind::BidSize), before.quote.bid, quote.bid);
            side_ticks(ticks, (TickKind::Ask, TickKind::AskSize), before.quote.ask, quote.ask);
        }
        MarketEvent::Trade(trade) => {
            ticks.push(Tick::Text { kind: TickKind::LastTimestamp, value: now.seconds().to_string() });
            if !trade.exchange.is_empty() {
                ticks.push(Tick::Text { kind: TickKind::LastExchange, value: trade.exchange.clone() });
            }
            if before.last != Some(trade.price) {
                ticks.push(Tick::Price { kind: TickKind::Last, price: trade.price, size: trade.size });
            }
            ticks.push(Tick::Size { kind: TickKind::LastSize, size: trade.size });
            ticks.push(Tick::Size { kind: TickKind::Volume, size: market.day().volume });
            let day = market.day();
            for (kind, was, is) in
                [(TickKind::High, before.day.high, day.high), (TickKind::Low, before.day.low, day.low)]
            {
                if was != is {
                    ticks.push(Tick::bare_price(kind, trade.price));
                }
            }
        }
    }
}

/// Everything a market shows now: what a new subscription or a snapshot gets first. `letters` are those of the exchanges
/// that quote, where that is told.
pub(crate) fn picture(market: &Market, letters: Option<&str>) -> Vec<Tick> {
    let mut ticks = Vec::new();
    if let Some((trade, at)) = market.last() {
        ticks.push(Tick::Text { kind: TickKind::LastTimestamp, value: at.seconds().to_string() });
        if !trade.exchange.is_empty() {
            ticks.push(Tick::Text { kind: TickKind::LastExchange, value: trade.exchange.clone() });
        }
        ticks.push(Tick::Price { kind: TickKind::Last, price: trade.price, size: trade.size });
        ticks.push(Tick::Size { kind: TickKind::LastSize, size: trade.size });
    }
    let Day { open, high, low, close, volume, .. } = *market.day();
    if market.last().is_some() || !volume.is_zero() {
        ticks.push(Tick::Size { kind: TickKind::Volume, size: volume });
    }
    ticks.push(Tick::halted(market.halt()));
    for (kind, price) in
        [(TickKind::High, high), (TickKind::Low, low), (TickKind::Close, close), (TickKind::Open, open)]
    {
        if let Some(price) = price {
            ticks.push(Tick::bare_price(kind, price));
        }
    }
    let Quote { bid, ask } = market.quote();
    for (kind, level) in [(TickKind::BidExchange, bid), (TickKind::AskExchange, ask)] {
        if let (Some(letters), Some(_)) = (letters, level) {
            ticks.push(Tick::Text { kind, value: letters.to_owned() });
        }
    }
    side_ticks(&mut ticks, (TickKind::Bid, TickKind::BidSize), None, *bid);
    side_ticks(&mut ticks, (TickKind::Ask, TickKind::AskSize), None, *ask);
    ticks
}

/// Generic ticks 233 and 375: `price;size;time;volume;vwap;single`.
pub(crate) fn trade_volume(kind: TickKind, trade: &Trade, market: &Market, now: SimTime) -> Tick {
    let Day { volume, value, .. } = market.day();
    let average = value.checked_div(*volume).unwrap_or(trade.price).round_dp(8).normalize();
    let value = format!("{};{};{};{volume};{average};true", trade.price, trade.size, now.0);
    Tick::Text { kind, value }
}

/// The single tick an event is to a subscription, if any.
pub(crate) fn single_tick(choice: TickChoice, event: &MarketEvent, before: &Quote, now: SimTime) -> Option<TickEvent> {
    let time_s = now.seconds();
    match (choice, event) {
        (TickChoice::Last, MarketEvent::Trade(trade)) => Some(TickEvent::Last(Box::new(trade_tick(trade, time_s)))),
        (TickChoice::AllLast, MarketEvent::Trade(trade)) => {
            Some(TickEvent::AllLast(Box::new(trade_tick(trade, time_s))))
        }
        (TickChoice::BidAsk { ignore_size }, MarketEvent::Quote(quote)) => {
            let changed = if ignore_size { before.prices() != quote.prices() } else { before != quote };
            changed.then(|| TickEvent::BidAsk(quote_tick(quote, time_s)))
        }
        (TickChoice::MidPoint, MarketEvent::Quote(quote)) => {
            let midpoint = quote.midpoint()?;
            (before.midpoint() != Some(midpoint)).then_some(TickEvent::MidPoint(MidPointTick {
                time_s,
                price: Some(midpoint),
                size: None,
            }))
        }
        (TickChoice::Last | TickChoice::AllLast, MarketEvent::Quote(_))
        | (TickChoice::BidAsk { .. } | TickChoice::MidPoint, MarketEvent::Trade(_)) => None,
    }
}

pub(crate) fn single(request_id: RequestId, event: TickEvent) -> ServerMessage {
    TickByTick { request_id, event }.into()
}

/// A price tick where the price changed, and the size tick that TWS sends beside it.
fn side_ticks(
    ticks: &mut Vec<Tick>,
    (price_kind, size_kind): (TickKind, TickKind),
    before: Option<Level>,
    now: Option<Level>,
) {
    if before == now {
        return;
    }
    let (price, size) = now.map_or(NO_QUOTE, |level| (level.price, level.size));
    let price_before = before.map_or(NO_QUOTE.0, |level| level.price);
    if price != price_before {
        ticks.push(Tick::Price { kind: price_kind, price, size });
    }
    ticks.push(Tick::Size { kind: size_kind, size });
}

pub(crate) fn trade_tick(trade: &Trade, time_s: i64) -> TradeTick {
    TradeTick {
        time_s,
        price: Some(trade.price),
        size: Some(trade.size),
        attributes: TradeAttributes::default(),
        exchange: trade.exchange.clone(),
        conditions: String::new(),
    }
}

pub(crate) fn quote_tick(quote: &Quote, time_s: i64) -> QuoteTick {
    let (bid_price, bid_size) = quote.bid.map_or(NO_QUOTE, |level| (level.price, level.size));
    let (ask_price, ask_size) = quote.ask.map_or(NO_QUOTE, |level| (level.price, level.size));
    QuoteTick {
        time_s,
        bid_price: Some(bid_price),
        ask_price: Some(ask_price),
        bid_size: Some(bid_size),
        ask_size: Some(ask_size),
        attributes: QuoteAttributes::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::Source;

    fn level(price: i64, size: i64) -> Option<Level> {
        Some(Level { price: price.into(), size: size.into() })
    }

    #[test]
    fn a_price_comes_with_its_size_and_a_size_alone_when_only_it_changed() {
        let before = Before { quote: Quote { bid: level(10, 1), ask: level(12, 5) }, ..Before::default() };
        let quote = Quote { bid: level(11, 1), ask: level(12, 6) };
        let market = Market::new(Source::Still, None);
        let mut ticks = Vec::new();
        ticks_of(&mut ticks, &MarketEvent::Quote(quote), &before, &market, SimTime(0));
        let expected = [
            Tick::Price { kind: TickKind::Bid, price: 11.into(), size: 1.into() },
            Tick::Size { kind: TickKind::BidSize, size: 1.into() },
            Tick::Size { kind: TickKind::AskSize, size: 6.into() },
        ];
        assert_eq!(ticks, expected);
    }

    #[test]
    fn a_side_that_goes_away_is_minus_one() {
        let before = Before { quote: Quote { bid: level(10, 1), ask: level(12, 5) }, ..Before::default() };
        let quote = Quote { bid: None, ask: level(12, 5) };
        let market = Market::new(Source::Still, None);
        let mut ticks = Vec::new();
        ticks_of(&mut ticks, &MarketEvent::Quote(quote), &before, &market, SimTime(0));
        let expected = [
            Tick::Price { kind: TickKind::Bid, price: (-1).into(), size: 0.into() },
            Tick::Size { kind: TickKind::BidSize, size: 0.into() },
        ];
        assert_eq!(ticks, expected);
    }
}
