//! Quotes and trades as they happen.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::body::{body, fields};
use crate::contract::Contract;
use crate::declare::newtype;
use crate::error::Result;
use crate::ids::{ContractId, RequestId};
use crate::kinds::{GenericTicks, MarketDataKind, TickByTickKind, TickKind};
use crate::tags::TagValue;
use crate::time::{TimeText, instants};
use crate::wire::{Layout, Wire, layout};

body! {
    /// Asks for ticks of a contract, or for a snapshot of them. `REQ_MKT_DATA`, method `reqMktData`.
    /// Answered by ticks until [`CancelMarketData`], for a snapshot until [`TickSnapshotEnd`].
    RequestMarketData, version "11" {
        1 "reqId" request_id: RequestId,
        shaped(Contract::text_of_market_data) 2 "contract" contract: Contract,
        /// Further kinds of ticks.
        3 "genericTickList" generic_ticks: GenericTicks,
        /// One set of values instead of a stream.
        4 "snapshot" snapshot: bool,
        /// A snapshot that counts as a regulated one and costs a fee.
        5 "regulatorySnapshot" regulatory_snapshot: bool,
        /// Open-ended options.
        tag_string 6 "marketDataOptions" options: Vec<TagValue>,
    }

    /// Ends a stream of ticks. `CANCEL_MKT_DATA`, method `cancelMktData`.
    CancelMarketData, version "2" {
        1 "reqId" request_id: RequestId,
    }

    /// Chooses live, frozen or delayed data for later subscriptions. `REQ_MARKET_DATA_TYPE`, method `reqMarketDataType`.
    RequestMarketDataType, version "1" {
        1 "marketDataType" kind: MarketDataKind,
    }

    /// Which kind of data a subscription gets. `MARKET_DATA_TYPE`, callback `marketDataType`.
    MarketDataType, version "1" {
        1 "reqId" request_id: RequestId,
        2 "marketDataType" kind: MarketDataKind,
    }

    /// A price, and for bid, ask and last the size that goes with it. `TICK_PRICE`, callbacks `tickPrice`, `tickSize`.
    TickPrice, version "6" often {
        1 "reqId" request_id: RequestId,
        2 "tickType" kind: TickKind,
        /// Unset, or -1 with size 0, where there is no quote.
        3 "price" price: Option<Decimal>,
        exact 4 "size" size: Option<Decimal>,
        /// Unset where TWS says nothing of them, which is as if it had none.
        5 "attrMask" attributes: Option<TickAttributes>,
    }
}

newtype! {
    /// Marks on a price tick. Wire name `attrMask`.
    TickAttributes(i32);
}

impl TickAttributes {
    /// The price can be traded at automatically. Wire name `canAutoExecute`, bit 0.
    #[must_use]
    pub const fn can_auto_execute(self) -> bool {
        self.0 & 1 != 0
    }

    /// The bid is below the day's low, or the ask above the day's high. Wire name `pastLimit`, bit 1.
    #[must_use]
    pub const fn past_limit(self) -> bool {
        self.0 & 2 != 0
    }

    /// The quote is from before the open. Wire name `preOpen`, bit 2.
    #[must_use]
    pub const fn pre_open(self) -> bool {
        self.0 & 4 != 0
    }
}

body! {
    /// A size on its own. `TICK_SIZE`, callback `tickSize`.
    TickSize, version "6" often {
        1 "reqId" request_id: RequestId,
        2 "tickType" kind: TickKind,
        exact 3 "size" size: Option<Decimal>,
    }

    /// A number that is neither price nor size. `TICK_GENERIC`, callback `tickGeneric`.
    TickGeneric, version "6" {
        1 "reqId" request_id: RequestId,
        2 "tickType" kind: TickKind,
        3 "value" value: Option<Decimal>,
    }

    /// A text: times, exchanges, compound values. `TICK_STRING`, callback `tickString`.
    TickString, version "6" {
        1 "reqId" request_id: RequestId,
        2 "tickType" kind: TickKind,
        escaped 3 "value" value: String,
    }

    /// A snapshot is complete. `TICK_SNAPSHOT_END`, callback `tickSnapshotEnd`.
    TickSnapshotEnd, version "1" {
        1 "reqId" request_id: RequestId,
    }

    /// How to read the ticks of a subscription. `TICK_REQ_PARAMS`, callback `tickReqParams`.
    TickRequestParameters {
        1 "tickerId" "reqId" request_id: RequestId,
        /// Smallest price step. Wire name `minTick`, digits in protobuf.
        exact 2 min_tick: Option<Decimal>,
        /// Key of the exchange letters.
        3 "bboExchange" bbo_exchange: String,
        /// Which snapshots are permitted.
        4 "snapshotPermissions" snapshot_permissions: Option<i32>,
        /// Protobuf form only.
        proto_only 5 "lastPricePrecision" last_price_precision: String,
        /// Protobuf form only.
        proto_only 6 "lastSizePrecision" last_size_precision: String,
    }

    /// Asks for every single tick of a contract. `REQ_TICK_BY_TICK_DATA`, method `reqTickByTickData`.
    /// Answered by [`TickByTick`] until [`CancelTickByTick`].
    RequestTickByTick {
        1 "reqId" request_id: RequestId,
        shaped(Contract::text_of_plain_request) 2 "contract" contract: Contract,
        /// Which ticks.
        3 "tickType" kind: Option<TickByTickKind>,
        /// How many historical ticks come first.
        maxed 4 "numberOfTicks" history: Option<i32>,
        /// Leave out quotes that change in size only.
        5 "ignoreSize" ignore_size: bool,
    }

    /// Ends a stream of single ticks. `CANCEL_TICK_BY_TICK_DATA`, method `cancelTickByTickData`.
    CancelTickByTick {
        1 "reqId" request_id: RequestId,
    }
}

fields! {
    /// One tick. `TICK_BY_TICK`, callbacks `tickByTickAllLast`, `tickByTickBidAsk`, `tickByTickMidPoint`.
    TickByTick {
        "reqId" request_id: RequestId,
        /// What happened. Wire name `tickType` and the fields of that type.
        event: TickEvent,
    }
}

/// What one tick says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TickEvent {
    /// A trade that counts for the last price. Wire type 1.
    Last(Box<TradeTick>),
    /// Any trade. Wire type 2.
    AllLast(Box<TradeTick>),
    /// A quote. Wire type 3.
    BidAsk(QuoteTick),
    /// A midpoint. Wire type 4.
    MidPoint(MidPointTick),
}

impl Default for TickEvent {
    fn default() -> Self {
        Self::MidPoint(MidPointTick::default())
    }
}

impl TickEvent {
    const fn kind(&self) -> i32 {
        match self {
            Self::Last(_) => 1,
            Self::AllLast(_) => 2,
            Self::BidAsk(_) => 3,
            Self::MidPoint(_) => 4,
        }
    }

    fn blank(kind: i32) -> Result<Self, crate::error::Fault> {
        Ok(match kind {
            1 => Self::Last(Box::default()),
            2 => Self::AllLast(Box::default()),
            3 => Self::BidAsk(QuoteTick::default()),
            4 => Self::MidPoint(MidPointTick::default()),
            unknown => return Err(crate::error::Fault::UnknownKind(unknown)),
        })
    }
}

impl Layout for TickByTick {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { request_id, event } = self;
        layout!(w; 1 request_id);
        w.choose(
            const { &crate::wire::Tag { number: 2, name: "tickType" } },
            event,
            TickEvent::kind,
            TickEvent::blank,
        )?;
        match event {
            TickEvent::Last(trade) | TickEvent::AllLast(trade) => layout!(w; nested 3 trade),
            TickEvent::BidAsk(quote) => layout!(w; nested 4 quote),
            TickEvent::MidPoint(midpoint) => layout!(w; nested 5 midpoint),
        }
        Ok(())
    }
}

fields! {
    /// A trade. Wire name `HistoricalTickLast`.
    TradeTick {
        /// Seconds since the epoch.
        "time" time_s: i64,
        "price" price: Option<Decimal>,
        "size" size: Option<Decimal>,
        /// Marks.
        "mask" "tickAttribLast" attributes: TradeAttributes,
        /// Where.
        "exchange" exchange: String,
        "specialConditions" conditions: String,
    }
}

impl Layout for TradeTick {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { time_s, price, size, attributes, exchange, conditions } = self;
        layout!(w; 1 time_s);
        if !w.is_text() {
            let mut present = (*attributes != TradeAttributes::default()).then_some(*attributes);
            let marks = &mut present;
            layout!(w; optional 2 marks);
            *attributes = present.unwrap_or_default();
        }
        layout!(w; 3 price, exact 4 size);
        if w.is_text() {
            let mut mask = i32::from(attributes.past_limit) | i32::from(attributes.unreported) << 1;
            let bits = &mut mask;
            layout!(w; 0 bits);
            *attributes = TradeAttributes { past_limit: mask & 1 != 0, unreported: mask & 2 != 0 };
        }
        layout!(w; 5 exchange, 6 conditions);
        Ok(())
    }
}

body! {
    /// Marks on a trade: bits 0 and 1 in text. Wire name `TickAttribLast`.
    #[derive(Copy)]
    TradeAttributes {
        /// Past the limit of the day.
        1 "pastLimit" past_limit: bool,
        /// Not reported at once.
        2 "unreported" unreported: bool,
    }
}

fields! {
    /// A quote. Wire name `HistoricalTickBidAsk`.
    QuoteTick {
        /// Seconds since the epoch.
        "time" time_s: i64,
        "bidPrice" "priceBid" bid_price: Option<Decimal>,
        "askPrice" "priceAsk" ask_price: Option<Decimal>,
        "bidSize" "sizeBid" bid_size: Option<Decimal>,
        "askSize" "sizeAsk" ask_size: Option<Decimal>,
        /// Marks.
        "mask" "tickAttribBidAsk" attributes: QuoteAttributes,
    }
}

impl Layout for QuoteTick {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { time_s, bid_price, ask_price, bid_size, ask_size, attributes } = self;
        layout!(w; 1 time_s);
        if !w.is_text() {
            let mut present = (*attributes != QuoteAttributes::default()).then_some(*attributes);
            let marks = &mut present;
            layout!(w; optional 2 marks);
            *attributes = present.unwrap_or_default();
        }
        layout!(w; 3 bid_price, 4 ask_price, exact 5 bid_size, exact 6 ask_size);
        if w.is_text() {
            // Historical quotes have these two bits the other way round.
            let mut mask = i32::from(attributes.bid_past_low) | i32::from(attributes.ask_past_high) << 1;
            let bits = &mut mask;
            layout!(w; 0 bits);
            *attributes = QuoteAttributes { bid_past_low: mask & 1 != 0, ask_past_high: mask & 2 != 0 };
        }
        Ok(())
    }
}

body! {
    /// Marks on a quote. Wire name `TickAttribBidAsk`.
    #[derive(Copy)]
    QuoteAttributes {
        /// The bid is below the day's low. Wire name `bidPastLow`, bit 0 in text.
        1 bid_past_low: bool,
        /// The ask is above the day's high. Wire name `askPastHigh`, bit 1 in text.
        2 ask_past_high: bool,
    }
}

body! {
    /// A midpoint. Wire name `HistoricalTick`.
    MidPointTick {
        /// Seconds since the epoch.
        1 "time" time_s: i64,
        2 "midPoint" "price" price: Option<Decimal>,
        /// Without meaning; a live tick has it in protobuf form only.
        exact_in_protobuf 3 "size" size: Option<Decimal>,
    }
}

body! {
    /// Ticks are to be asked of another contract. `REROUTE_MKT_DATA_REQ`, callback `rerouteMktDataReq`.
    RerouteMarketData {
        1 "reqId" request_id: RequestId,
        /// Contract of the underlying.
        2 "conId" contract_id: Option<ContractId>,
        /// Where it trades.
        3 "exchange" exchange: String,
    }

    /// An exchange for physical. `TICK_EFP`, callback `tickEFP`; text form only.
    TickExchangeForPhysical, version "6" {
        0 "reqId" request_id: RequestId,
        0 "tickType" kind: TickKind,
        /// Annualised, comparable to a financing rate.
        0 "basisPoints" basis_points: Option<Decimal>,
        /// The same for people.
        escaped 0 "formattedBasisPoints" formatted_basis_points: String,
        /// Implied price of the future.
        0 "totalDividends" "impliedFuture" total_dividends: Option<Decimal>,
        /// Days until the future expires.
        0 "holdDays" hold_days: Option<i32>,
        escaped 0 "futureLastTradeDate" future_last_trade_date: TimeText,
        /// What dividends until then do to the basis points.
        0 "dividendImpact" dividend_impact: Option<Decimal>,
        /// Dividends until the future expires.
        0 "dividendsToLastTradeDate" dividends_to_last_trade_date: Option<Decimal>,
    }
}

instants! {
    TradeTick: time_s in from_second;
    QuoteTick: time_s in from_second;
    MidPointTick: time_s in from_second;
}
