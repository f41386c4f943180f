//! The book behind the best quotes.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::contract::Contract;
use crate::error::Result;
use crate::ids::{ContractId, RequestId};
use crate::kinds::{BookSide, DepthOperation};
use crate::tags::TagValue;
use crate::wire::{Layout, Wire, layout};

/// Asks for the book of a contract. `REQ_MKT_DEPTH`, method `reqMktDepth`.
/// Answered by [`MarketDepth`] or [`MarketDepthLevel2`] until [`CancelMarketDepth`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestMarketDepth {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `contract`.
    pub contract: Contract,
    /// How many rows a side. Wire name `numRows`.
    pub rows: Option<i32>,
    /// The books of several exchanges as one. Wire name `isSmartDepth`.
    pub is_smart_depth: bool,
    /// Open-ended options. Wire name `marketDepthOptions`.
    pub options: Vec<TagValue>,
}
layout!(RequestMarketDepth, version "5" { 1 request_id, shaped(Contract::text_of_plain_request) 2 contract, maxed 3 rows, 4 is_smart_depth, tag_string 5 options });

/// Ends the stream of a book. `CANCEL_MKT_DEPTH`, method `cancelMktDepth`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelMarketDepth {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// As in the request that began it. Wire name `isSmartDepth`.
    pub is_smart_depth: bool,
}
layout!(CancelMarketDepth, version "1" { 1 request_id, 2 is_smart_depth });

/// A row of a book changes. `MARKET_DEPTH`, callback `updateMktDepth`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketDepth {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// What changes; without market maker. Wire name `marketDepthData`.
    pub row: DepthRow,
}

impl Layout for MarketDepth {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { request_id, row } = self;
        w.constant("1")?;
        layout!(w; 1 request_id);
        if !w.is_text() {
            layout!(w; nested 2 row);
            return Ok(());
        }
        let DepthRow { position, operation, side, price, size, market_maker, is_smart_depth } = row;
        layout!(w; 1 position, 2 operation, 3 side, 4 price, exact 5 size, proto_only 6 market_maker,
            proto_only 7 is_smart_depth);
        Ok(())
    }
}

/// A row of a book changes, with who stands there. `MARKET_DEPTH_L2`, callback `updateMktDepthL2`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketDepthLevel2 {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// What changes. Wire name `marketDepthData`.
    pub row: DepthRow,
}

impl Layout for MarketDepthLevel2 {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { request_id, row } = self;
        w.constant("1")?;
        layout!(w; 1 request_id);
        if !w.is_text() {
            layout!(w; nested 2 row);
            return Ok(());
        }
        let DepthRow { position, operation, side, price, size, market_maker, is_smart_depth } = row;
        layout!(w; 1 position, 6 market_maker, 2 operation, 3 side, 4 price, exact 5 size, 7 is_smart_depth);
        Ok(())
    }
}

/// A row of a book and what happens to it. Wire name `MarketDepthData`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepthRow {
    /// Which row, 0 the best. Wire name `position`.
    pub position: Option<i32>,
    /// What happens to it. Wire name `operation`.
    pub operation: Option<DepthOperation>,
    /// On which side. Wire name `side`.
    pub side: Option<BookSide>,
    /// Wire name `price`.
    pub price: Option<Decimal>,
    /// Wire name `size`.
    pub size: Option<Decimal>,
    /// Market maker, or exchange where the books of several are one. Wire name `marketMaker`.
    pub market_maker: String,
    /// Whether the books of several exchanges are one. Wire name `isSmartDepth`.
    pub is_smart_depth: bool,
}
layout!(DepthRow {
    1 position, 2 operation, 3 side, 4 price, exact 5 size, 6 market_maker, 7 is_smart_depth
});

/// The book is to be asked of another contract. `REROUTE_MKT_DEPTH_REQ`, callback `rerouteMktDepthReq`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RerouteMarketDepth {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Contract of the underlying. Wire name `conId`.
    pub contract_id: Option<ContractId>,
    /// Where it trades. Wire name `exchange`.
    pub exchange: String,
}
layout!(RerouteMarketDepth { 1 request_id, 2 contract_id, 3 exchange });
