//! Quotes and trades as they happen.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::contract::Contract;
use crate::declare::newtype;
use crate::error::Result;
use crate::ids::{ContractId, RequestId};
use crate::kinds::{GenericTicks, MarketDataKind, TickByTickKind, TickKind};
use crate::tags::TagValue;
use crate::time::{TimeText, instants};
use crate::wire::{Layout, Wire, layout};

/// Asks for ticks of a contract, or for a snapshot of them. `REQ_MKT_DATA`, method `reqMktData`.
/// Answered by ticks until [`CancelMarketData`], for a snapshot until [`TickSnapshotEnd`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestMarketData {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `contract`.
    pub contract: Contract,
    /// Further kinds of ticks. Wire name `genericTickList`.
    pub generic_ticks: GenericTicks,
    /// One set of values instead of a stream. Wire name `snapshot`.
    pub snapshot: bool,
    /// A snapshot that counts as a regulated one and costs a fee. Wire name `regulatorySnapshot`.
    pub regulatory_snapshot: bool,
    /// Open-ended options. Wire name `marketDataOptions`.
    pub options: Vec<TagValue>,
}
layout!(RequestMarketData, version "11" { 1 request_id, shaped(Contract::text_of_market_data) 2 contract, 3 generic_ticks, 4 snapshot, 5 regulatory_snapshot, tag_string 6 options });

/// Ends a stream of ticks. `CANCEL_MKT_DATA`, method `cancelMktData`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelMarketData {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(CancelMarketData, version "2" { 1 request_id });

/// Chooses live, frozen or delayed data for later subscriptions. `REQ_MARKET_DATA_TYPE`, method `reqMarketDataType`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestMarketDataType {
    /// Wire name `marketDataType`.
    pub kind: MarketDataKind,
}
layout!(RequestMarketDataType, version "1" { 1 kind });

/// Which kind of data a subscription gets. `MARKET_DATA_TYPE`, callback `marketDataType`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketDataType {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `marketDataType`.
    pub kind: MarketDataKind,
}
layout!(MarketDataType, version "1" { 1 request_id, 2 kind });

/// A price, and for bid, ask and last the size that goes with it. `TICK_PRICE`, callbacks `tickPrice`, `tickSize`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickPrice {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `tickType`.
    pub kind: TickKind,
    /// Unset, or -1 with size 0, where there is no quote. Wire name `price`.
    pub price: Option<Decimal>,
    /// Wire name `size`.
    pub size: Option<Decimal>,
    /// Wire name `attrMask`.
    pub attributes: TickAttributes,
}
layout!(TickPrice, version "6" { 1 request_id, 2 kind, 3 price, exact 4 size, 5 attributes });

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

/// A size on its own. `TICK_SIZE`, callback `tickSize`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickSize {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `tickType`.
    pub kind: TickKind,
    /// Wire name `size`.
    pub size: Option<Decimal>,
}
layout!(TickSize, version "6" { 1 request_id, 2 kind, exact 3 size });

/// A number that is neither price nor size. `TICK_GENERIC`, callback `tickGeneric`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickGeneric {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `tickType`.
    pub kind: TickKind,
    /// Wire name `value`.
    pub value: Option<Decimal>,
}
layout!(TickGeneric, version "6" { 1 request_id, 2 kind, 3 value });

/// A text: times, exchanges, compound values. `TICK_STRING`, callback `tickString`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickString {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `tickType`.
    pub kind: TickKind,
    /// Wire name `value`.
    pub value: String,
}
layout!(TickString, version "6" { 1 request_id, 2 kind, escaped 3 value });

/// A snapshot is complete. `TICK_SNAPSHOT_END`, callback `tickSnapshotEnd`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickSnapshotEnd {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(TickSnapshotEnd, version "1" { 1 request_id });

/// How to read the ticks of a subscription. `TICK_REQ_PARAMS`, callback `tickReqParams`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickRequestParameters {
    /// Wire name `tickerId`, `reqId`.
    pub request_id: RequestId,
    /// Smallest price step. Wire name `minTick`, digits in protobuf.
    pub min_tick: Option<Decimal>,
    /// Key of the exchange letters. Wire name `bboExchange`.
    pub bbo_exchange: String,
    /// Which snapshots are permitted. Wire name `snapshotPermissions`.
    pub snapshot_permissions: Option<i32>,
    /// Protobuf form only. Wire name `lastPricePrecision`.
    pub last_price_precision: String,
    /// Protobuf form only. Wire name `lastSizePrecision`.
    pub last_size_precision: String,
}
layout!(TickRequestParameters {
    1 request_id, exact 2 min_tick, 3 bbo_exchange, 4 snapshot_permissions, proto_only 5 last_price_precision,
    proto_only 6 last_size_precision
});

/// Asks for every single tick of a contract. `REQ_TICK_BY_TICK_DATA`, method `reqTickByTickData`.
/// Answered by [`TickByTick`] until [`CancelTickByTick`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestTickByTick {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `contract`.
    pub contract: Contract,
    /// Which ticks. Wire name `tickType`.
    pub kind: Option<TickByTickKind>,
    /// How many historical ticks come first. Wire name `numberOfTicks`.
    pub history: Option<i32>,
    /// Leave out quotes that change in size only. Wire name `ignoreSize`.
    pub ignore_size: bool,
}
layout!(RequestTickByTick { 1 request_id, shaped(Contract::text_of_plain_request) 2 contract, 3 kind, maxed 4 history, 5 ignore_size });

/// Ends a stream of single ticks. `CANCEL_TICK_BY_TICK_DATA`, method `cancelTickByTickData`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelTickByTick {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(CancelTickByTick { 1 request_id });

/// One tick. `TICK_BY_TICK`, callbacks `tickByTickAllLast`, `tickByTickBidAsk`, `tickByTickMidPoint`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickByTick {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// What happened. Wire name `tickType` and the fields of that type.
    pub event: TickEvent,
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

/// A trade. Wire name `HistoricalTickLast`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeTick {
    /// Seconds since the epoch. Wire name `time`.
    pub time_s: i64,
    /// Wire name `price`.
    pub price: Option<Decimal>,
    /// Wire name `size`.
    pub size: Option<Decimal>,
    /// Marks. Wire name `mask`, `tickAttribLast`.
    pub attributes: TradeAttributes,
    /// Where. Wire name `exchange`.
    pub exchange: String,
    /// Wire name `specialConditions`.
    pub conditions: String,
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

/// Marks on a trade: bits 0 and 1 in text. Wire name `TickAttribLast`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeAttributes {
    /// Past the limit of the day. Wire name `pastLimit`.
    pub past_limit: bool,
    /// Not reported at once. Wire name `unreported`.
    pub unreported: bool,
}
layout!(TradeAttributes { 1 past_limit, 2 unreported });

/// A quote. Wire name `HistoricalTickBidAsk`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteTick {
    /// Seconds since the epoch. Wire name `time`.
    pub time_s: i64,
    /// Wire name `bidPrice`, `priceBid`.
    pub bid_price: Option<Decimal>,
    /// Wire name `askPrice`, `priceAsk`.
    pub ask_price: Option<Decimal>,
    /// Wire name `bidSize`, `sizeBid`.
    pub bid_size: Option<Decimal>,
    /// Wire name `askSize`, `sizeAsk`.
    pub ask_size: Option<Decimal>,
    /// Marks. Wire name `mask`, `tickAttribBidAsk`.
    pub attributes: QuoteAttributes,
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

/// Marks on a quote. Wire name `TickAttribBidAsk`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteAttributes {
    /// The bid is below the day's low. Wire name `bidPastLow`, bit 0 in text.
    pub bid_past_low: bool,
    /// The ask is above the day's high. Wire name `askPastHigh`, bit 1 in text.
    pub ask_past_high: bool,
}
layout!(QuoteAttributes { 1 bid_past_low, 2 ask_past_high });

/// A midpoint. Wire name `HistoricalTick`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MidPointTick {
    /// Seconds since the epoch. Wire name `time`.
    pub time_s: i64,
    /// Wire name `midPoint`, `price`.
    pub price: Option<Decimal>,
    /// Without meaning; a live tick has it in protobuf form only. Wire name `size`.
    pub size: Option<Decimal>,
}

impl Layout for MidPointTick {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { time_s, price, size } = self;
        layout!(w; 1 time_s, 2 price);
        if w.is_text() {
            layout!(w; proto_only 3 size);
        } else {
            layout!(w; exact 3 size);
        }
        Ok(())
    }
}

/// Ticks are to be asked of another contract. `REROUTE_MKT_DATA_REQ`, callback `rerouteMktDataReq`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RerouteMarketData {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Contract of the underlying. Wire name `conId`.
    pub contract_id: Option<ContractId>,
    /// Where it trades. Wire name `exchange`.
    pub exchange: String,
}
layout!(RerouteMarketData { 1 request_id, 2 contract_id, 3 exchange });

/// An exchange for physical. `TICK_EFP`, callback `tickEFP`; text form only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickExchangeForPhysical {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `tickType`.
    pub kind: TickKind,
    /// Annualised, comparable to a financing rate. Wire name `basisPoints`.
    pub basis_points: Option<Decimal>,
    /// The same for people. Wire name `formattedBasisPoints`.
    pub formatted_basis_points: String,
    /// Implied price of the future. Wire name `totalDividends`, `impliedFuture`.
    pub total_dividends: Option<Decimal>,
    /// Days until the future expires. Wire name `holdDays`.
    pub hold_days: Option<i32>,
    /// Wire name `futureLastTradeDate`.
    pub future_last_trade_date: TimeText,
    /// What dividends until then do to the basis points. Wire name `dividendImpact`.
    pub dividend_impact: Option<Decimal>,
    /// Dividends until the future expires. Wire name `dividendsToLastTradeDate`.
    pub dividends_to_last_trade_date: Option<Decimal>,
}
layout!(TickExchangeForPhysical, version "6" { 0 request_id, 0 kind, 0 basis_points, escaped 0 formatted_basis_points, 0 total_dividends, 0 hold_days, escaped 0 future_last_trade_date, 0 dividend_impact, 0 dividends_to_last_trade_date });

instants! {
    TradeTick: time_s in from_second;
    QuoteTick: time_s in from_second;
    MidPointTick: time_s in from_second;
}
