//! Single ticks of the past.

use serde::{Deserialize, Serialize};

use crate::body::body;
use crate::contract::Contract;
use crate::error::Result;
use crate::ids::RequestId;
use crate::kinds::DataToShow;
use crate::message::market_data::{MidPointTick, QuoteAttributes, QuoteTick, TradeAttributes, TradeTick};
use crate::tags::TagValue;
use crate::time::TimeText;
use crate::wire::{Layout, Wire, layout};

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

/// Midpoints of the past. `HISTORICAL_TICKS`, callback `historicalTicks`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoricalTicks {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `ticks`, `historicalTicks`.
    pub ticks: Vec<MidPointTick>,
    /// Whether these are the last ones. Wire name `done`, `isDone`.
    pub is_done: bool,
}

impl Layout for HistoricalTicks {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { request_id, ticks: own, is_done } = self;
        let mut wrapped: Vec<PastMidPoint> = std::mem::take(own).into_iter().map(PastMidPoint).collect();
        let ticks = &mut wrapped;
        layout!(w; 1 request_id, list 2 ticks, 3 is_done);
        *own = wrapped.into_iter().map(|tick| tick.0).collect();
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

/// Quotes of the past. `HISTORICAL_TICKS_BID_ASK`, callback `historicalTicksBidAsk`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoricalQuotes {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `ticks`, `historicalTicksBidAsk`.
    pub ticks: Vec<QuoteTick>,
    /// Whether these are the last ones. Wire name `done`, `isDone`.
    pub is_done: bool,
}

impl Layout for HistoricalQuotes {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { request_id, ticks: own, is_done } = self;
        let mut wrapped: Vec<PastQuote> = std::mem::take(own).into_iter().map(PastQuote).collect();
        let ticks = &mut wrapped;
        layout!(w; 1 request_id, list 2 ticks, 3 is_done);
        *own = wrapped.into_iter().map(|tick| tick.0).collect();
        Ok(())
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

/// Trades of the past. `HISTORICAL_TICKS_LAST`, callback `historicalTicksLast`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoricalTrades {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `ticks`, `historicalTicksLast`.
    pub ticks: Vec<TradeTick>,
    /// Whether these are the last ones. Wire name `done`, `isDone`.
    pub is_done: bool,
}

impl Layout for HistoricalTrades {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { request_id, ticks: own, is_done } = self;
        let mut wrapped: Vec<PastTrade> = std::mem::take(own).into_iter().map(PastTrade).collect();
        let ticks = &mut wrapped;
        layout!(w; 1 request_id, list 2 ticks, 3 is_done);
        *own = wrapped.into_iter().map(|tick| tick.0).collect();
        Ok(())
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
