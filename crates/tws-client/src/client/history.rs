//! The past.

use tws_proto::contract::Contract;
use tws_proto::kinds::{DataToShow, DurationText};
use tws_proto::message::{
    HistogramEntry, HistoricalSchedule, RequestHeadTimestamp, RequestHistogramData, RequestHistoricalData,
    RequestHistoricalTicks,
};
use tws_proto::time::TimeText;

use super::Client;
use crate::error::RequestError;
use crate::feed::HistoryUpdate;
use crate::request::{History, PastTicks, RequestSchedule};
use crate::stream::Subscription;

impl Client {
    /// Bars of the past, once (`REQ_HISTORICAL_DATA`, ended by `HISTORICAL_DATA_END` from server version 196 and by its answer
    /// below; `CANCEL_HISTORICAL_DATA` when dropped). Build the request with [`RequestHistoricalData::bars`]. 50 may be open at
    /// a time; for bars of 30 s and less also: nothing twice in 15 s, fewer than six for one contract in 2 s, at most 60 in 10
    /// min, `BID_ASK` counts twice.
    ///
    /// # Errors
    /// [`RequestError::Rejected`] with code 162 (no data, or too fast), 366, 10314 (times that are none), 321 (sizes that are
    /// none); else as for every request.
    pub async fn history(&self, request: RequestHistoricalData) -> Result<History, RequestError> {
        self.request(request).await
    }

    /// Bars of the past, then the newest bar as it grows (`REQ_HISTORICAL_DATA` with `keepUpToDate`,
    /// `CANCEL_HISTORICAL_DATA` when dropped). The end must be left open, bars be of 5 s or more. Paced as
    /// [`Client::history`].
    ///
    /// # Errors
    /// As for [`Client::subscribe`]; it ends as [`Client::history`] fails.
    pub fn history_updates(&self, request: RequestHistoricalData) -> Result<Subscription<HistoryUpdate>, RequestError> {
        self.subscribe(request)
    }

    /// The sessions in which a contract was traded (`REQ_HISTORICAL_DATA` that shows `SCHEDULE`, bars of one day).
    ///
    /// # Errors
    /// As for [`Client::history`].
    pub async fn trading_schedule(
        &self,
        contract: &Contract,
        span: DurationText,
    ) -> Result<HistoricalSchedule, RequestError> {
        self.request(RequestSchedule::of(contract, span)).await
    }

    /// Since when there is data of a kind in regular trading hours, in seconds since the epoch (`REQ_HEAD_TIMESTAMP`;
    /// `CANCEL_HEAD_TIMESTAMP` when dropped). Counts as an open historical request.
    ///
    /// # Errors
    /// [`RequestError::Rejected`] with code 162 where there is none; else as for every request.
    pub async fn head_timestamp(&self, contract: &Contract, show: DataToShow) -> Result<TimeText, RequestError> {
        self.request(RequestHeadTimestamp::of(contract, show)).await
    }

    /// How much was traded at which price in regular trading hours (`REQ_HISTOGRAM_DATA`; `CANCEL_HISTOGRAM_DATA` when
    /// dropped).
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn histogram(
        &self,
        contract: &Contract,
        period: DurationText,
    ) -> Result<Vec<HistogramEntry>, RequestError> {
        self.request(RequestHistogramData::of(contract, period)).await
    }

    /// Single ticks of the past, at most 1000 (`REQ_HISTORICAL_TICKS`, ended by the answer that says it is the last;
    /// `CANCEL_HISTORICAL_TICKS` from server version 215 when dropped). Build the request with
    /// [`RequestHistoricalTicks::since`] or [`RequestHistoricalTicks::until`].
    ///
    /// # Errors
    /// [`RequestError::Rejected`] with code 10187; else as for every request.
    pub async fn past_ticks(&self, request: RequestHistoricalTicks) -> Result<PastTicks, RequestError> {
        self.request(request).await
    }
}
