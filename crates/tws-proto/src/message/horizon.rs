//! Events of companies from Wall Street Horizon.

use serde::{Deserialize, Serialize};

use crate::ids::{ContractId, RequestId};
use crate::time::TimeText;
use crate::wire::layout;

/// Asks which kinds of events there are. `REQ_WSH_META_DATA`, method `reqWshMetaData`. Answered by [`HorizonMetaData`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestHorizonMetaData {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(RequestHorizonMetaData { 1 request_id });

/// Ends a request for the kinds of events. `CANCEL_WSH_META_DATA`, method `cancelWshMetaData`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelHorizonMetaData {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(CancelHorizonMetaData { 1 request_id });

/// Which kinds of events there are. `WSH_META_DATA`, callback `wshMetaData`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HorizonMetaData {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// A JSON document. Wire name `dataJson`.
    pub json: String,
}
layout!(HorizonMetaData { 1 request_id, 2 json });

/// Asks for events. `REQ_WSH_EVENT_DATA`, method `reqWshEventData`. Answered by [`HorizonEventData`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestHorizonEventData {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Of one contract, or unset with a filter. Wire name `conId`.
    pub contract_id: Option<ContractId>,
    /// A filter as JSON. Wire name `filter`.
    pub filter: String,
    /// Those of the watchlist. Wire name `fillWatchlist`.
    pub fill_watchlist: bool,
    /// Those of the portfolio. Wire name `fillPortfolio`.
    pub fill_portfolio: bool,
    /// Those of competitors. Wire name `fillCompetitors`.
    pub fill_competitors: bool,
    /// `YYYYMMDD`. Wire name `startDate`.
    pub start_date: TimeText,
    /// `YYYYMMDD`. Wire name `endDate`.
    pub end_date: TimeText,
    /// At most so many. Wire name `totalLimit`.
    pub limit: Option<i32>,
}
layout!(RequestHorizonEventData {
    1 request_id, maxed 2 contract_id, 3 filter, 4 fill_watchlist, 5 fill_portfolio, 6 fill_competitors, 7 start_date,
    8 end_date, maxed 9 limit
});

/// Ends a request for events. `CANCEL_WSH_EVENT_DATA`, method `cancelWshEventData`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelHorizonEventData {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(CancelHorizonEventData { 1 request_id });

/// Events. `WSH_EVENT_DATA`, callback `wshEventData`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HorizonEventData {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// A JSON document. Wire name `dataJson`.
    pub json: String,
}
layout!(HorizonEventData { 1 request_id, 2 json });
