//! Events of companies from Wall Street Horizon.

use crate::body::body;
use crate::ids::{ContractId, RequestId};
use crate::time::TimeText;

body! {
    /// Asks which kinds of events there are. `REQ_WSH_META_DATA`, method `reqWshMetaData`. Answered by [`HorizonMetaData`].
    RequestHorizonMetaData {
        1 "reqId" request_id: RequestId,
    }

    /// Ends a request for the kinds of events. `CANCEL_WSH_META_DATA`, method `cancelWshMetaData`.
    CancelHorizonMetaData {
        1 "reqId" request_id: RequestId,
    }

    /// Which kinds of events there are. `WSH_META_DATA`, callback `wshMetaData`.
    HorizonMetaData {
        1 "reqId" request_id: RequestId,
        /// A JSON document.
        2 "dataJson" json: String,
    }

    /// Asks for events. `REQ_WSH_EVENT_DATA`, method `reqWshEventData`. Answered by [`HorizonEventData`].
    RequestHorizonEventData {
        1 "reqId" request_id: RequestId,
        /// Of one contract, or unset with a filter.
        maxed 2 "conId" contract_id: Option<ContractId>,
        /// A filter as JSON.
        3 "filter" filter: String,
        /// Those of the watchlist.
        4 "fillWatchlist" fill_watchlist: bool,
        /// Those of the portfolio.
        5 "fillPortfolio" fill_portfolio: bool,
        /// Those of competitors.
        6 "fillCompetitors" fill_competitors: bool,
        /// `YYYYMMDD`.
        7 "startDate" start_date: TimeText,
        /// `YYYYMMDD`.
        8 "endDate" end_date: TimeText,
        /// At most so many.
        maxed 9 "totalLimit" limit: Option<i32>,
    }

    /// Ends a request for events. `CANCEL_WSH_EVENT_DATA`, method `cancelWshEventData`.
    CancelHorizonEventData {
        1 "reqId" request_id: RequestId,
    }

    /// Events. `WSH_EVENT_DATA`, callback `wshEventData`.
    HorizonEventData {
        1 "reqId" request_id: RequestId,
        /// A JSON document.
        2 "dataJson" json: String,
    }
}
