//! The book behind the best quotes.

use rust_decimal::Decimal;

use crate::body::{body, fields};
use crate::contract::Contract;
use crate::error::Result;
use crate::ids::{ContractId, RequestId};
use crate::kinds::{BookSide, DepthOperation};
use crate::tags::TagValue;
use crate::wire::{Layout, Wire, layout};

body! {
    /// Asks for the book of a contract. `REQ_MKT_DEPTH`, method `reqMktDepth`.
    /// Answered by [`MarketDepth`] or [`MarketDepthLevel2`] until [`CancelMarketDepth`].
    RequestMarketDepth, version "5" {
        1 "reqId" request_id: RequestId,
        shaped(Contract::text_of_plain_request) 2 "contract" contract: Contract,
        /// How many rows a side.
        maxed 3 "numRows" rows: Option<i32>,
        /// The books of several exchanges as one.
        4 "isSmartDepth" is_smart_depth: bool,
        /// Open-ended options.
        tag_string 5 "marketDepthOptions" options: Vec<TagValue>,
    }

    /// Ends the stream of a book. `CANCEL_MKT_DEPTH`, method `cancelMktDepth`.
    CancelMarketDepth, version "1" {
        1 "reqId" request_id: RequestId,
        /// As in the request that began it.
        2 "isSmartDepth" is_smart_depth: bool,
    }
}

fields! {
    /// A row of a book changes. `MARKET_DEPTH`, callback `updateMktDepth`.
    MarketDepth {
        "reqId" request_id: RequestId,
        /// What changes; without market maker.
        "marketDepthData" row: DepthRow,
    }
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

fields! {
    /// A row of a book changes, with who stands there. `MARKET_DEPTH_L2`, callback `updateMktDepthL2`.
    MarketDepthLevel2 {
        "reqId" request_id: RequestId,
        /// What changes.
        "marketDepthData" row: DepthRow,
    }
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

body! {
    /// A row of a book and what happens to it. Wire name `MarketDepthData`.
    DepthRow {
        /// Which row, 0 the best.
        1 "position" position: Option<i32>,
        /// What happens to it.
        2 "operation" operation: Option<DepthOperation>,
        /// On which side.
        3 "side" side: Option<BookSide>,
        4 "price" price: Option<Decimal>,
        exact 5 "size" size: Option<Decimal>,
        /// Market maker, or exchange where the books of several are one.
        6 "marketMaker" market_maker: String,
        /// Whether the books of several exchanges are one.
        7 "isSmartDepth" is_smart_depth: bool,
    }

    /// The book is to be asked of another contract. `REROUTE_MKT_DEPTH_REQ`, callback `rerouteMktDepthReq`.
    RerouteMarketDepth {
        1 "reqId" request_id: RequestId,
        /// Contract of the underlying.
        2 "conId" contract_id: Option<ContractId>,
        /// Where it trades.
        3 "exchange" exchange: String,
    }
}
