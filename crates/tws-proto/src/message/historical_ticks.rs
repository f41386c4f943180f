//! Single ticks of the past.

use crate::body::body;
use crate::contract::Contract;
use crate::error::Result;
use crate::ids::RequestId;
use crate::item::Item;
use crate::kinds::DataToShow;
use crate::message::market_data::{MidPointTick, QuoteAttributes, QuoteTick, TradeAttributes, TradeTick};
use crate::tags::TagValue;
use crate::time::TimeText;
use crate::wire::{Layout, Tag, Wire, layout};

body! {
    /// Asks for single ticks of the past. `REQ_HISTORICAL_TICKS`, method `reqHistoricalTicks`.
    /// Answered by [`HistoricalTicks`], [`HistoricalQuotes`] or [`HistoricalTrades`], by what was asked.
    RequestHistoricalTicks {
        1 "reqId" request_id: RequestId,
        shaped(Contract::text_of_plain_history) 2 "contract" contract: Contract,
        /// The begin, or empty with an end.
        3 "startDateTime" start: TimeText,
        /// The end, or empty with a begin.
        4 "endDateTime" end: TimeText,
        /// At most 1000.
        maxed 5 "numberOfTicks" ticks: Option<i32>,
        /// Trades, quotes or midpoints.
        6 "whatToShow" data_to_show: Option<DataToShow>,
        /// Leave out what is outside regular trading hours.
        7 "useRTH" regular_hours_only: bool,
        /// Leave out quotes that change in size only.
        8 "ignoreSize" ignore_size: bool,
        /// Open-ended options.
        tag_string 9 "miscOptions" options: Vec<TagValue>,
    }

    /// Ends a request for ticks of the past, from server version 215, protobuf form only. `CANCEL_HISTORICAL_TICKS`, method
    /// `cancelHistoricalTicks`.
    CancelHistoricalTicks {
        1 "reqId" request_id: RequestId,
    }
}

body! {
    /// Midpoints of the past. `HISTORICAL_TICKS`, callback `historicalTicks`.
    HistoricalTicks {
        1 "reqId" request_id: RequestId,
        past((PastMidPoint, |past| past.0)) 2 "ticks" "historicalTicks" ticks: Vec<MidPointTick>,
        /// Whether these are the last ones.
        3 "done" "isDone" is_done: bool,
    }
}

/// How ticks get into another shape and back.
type Shape<T, P> = (fn(T) -> P, fn(P) -> T);

impl Wire<'_> {
    /// Ticks that have another shape than live ones.
    fn past<T, P: Item>(&mut self, (wrap, unwrap): Shape<T, P>, tag: &'static Tag, ticks: &mut Vec<T>) -> Result<()> {
        let mut wrapped: Vec<P> = std::mem::take(ticks).into_iter().map(wrap).collect();
        self.list(tag, &mut wrapped)?;
        *ticks = wrapped.into_iter().map(unwrap).collect();
        Ok(())
    }
}

/// In text one field without meaning stands before the price.
#[derive(Debug, Default)]
struct PastMidPoint(MidPointTick);

impl Layout for PastMidPoint {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let MidPointTick { time_s, price, size } = &mut self.0;
        layout!(w; 1 time_s);
        w.constant("0")?;
        layout!(w; 2 price, exact 3 size);
        Ok(())
    }
}

body! {
    /// Quotes of the past. `HISTORICAL_TICKS_BID_ASK`, callback `historicalTicksBidAsk`.
    HistoricalQuotes {
        1 "reqId" request_id: RequestId,
        past((PastQuote, |past| past.0)) 2 "ticks" "historicalTicksBidAsk" ticks: Vec<QuoteTick>,
        /// Whether these are the last ones.
        3 "done" "isDone" is_done: bool,
    }
}

/// In text the marks come second, and their two bits are the other way round than in a live tick.
#[derive(Debug, Default)]
struct PastQuote(QuoteTick);

impl Layout for PastQuote {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        if !w.is_text() {
            return self.0.layout(w);
        }
        let QuoteTick { time_s, bid_price, ask_price, bid_size, ask_size, attributes } = &mut self.0;
        let mut mask = i32::from(attributes.ask_past_high) | i32::from(attributes.bid_past_low) << 1;
        let bits = &mut mask;
        layout!(w; 1 time_s, 0 bits, 3 bid_price, 4 ask_price, exact 5 bid_size, exact 6 ask_size);
        *attributes = QuoteAttributes { ask_past_high: mask & 1 != 0, bid_past_low: mask & 2 != 0 };
        Ok(())
    }
}

body! {
    /// Trades of the past. `HISTORICAL_TICKS_LAST`, callback `historicalTicksLast`.
    HistoricalTrades {
        1 "reqId" request_id: RequestId,
        past((PastTrade, |past| past.0)) 2 "ticks" "historicalTicksLast" ticks: Vec<TradeTick>,
        /// Whether these are the last ones.
        3 "done" "isDone" is_done: bool,
    }
}

/// In text the marks come second.
#[derive(Debug, Default)]
struct PastTrade(TradeTick);

impl Layout for PastTrade {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        if !w.is_text() {
            return self.0.layout(w);
        }
        let TradeTick { time_s, price, size, attributes, exchange, conditions } = &mut self.0;
        let mut mask = i32::from(attributes.past_limit) | i32::from(attributes.unreported) << 1;
        let bits = &mut mask;
        layout!(w; 1 time_s, 0 bits, 3 price, exact 4 size, 5 exchange, 6 conditions);
        *attributes = TradeAttributes { past_limit: mask & 1 != 0, unreported: mask & 2 != 0 };
        Ok(())
    }
}
