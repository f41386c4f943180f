//! Bars and what else there is of the past: the first date, histograms, trading sessions.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::contract::Contract;
use crate::error::Result;
use crate::ids::RequestId;
use crate::kinds::{BarSize, DataToShow, DateFormat, DurationText};
use crate::tags::TagValue;
use crate::time::{TimeText, instants};
use crate::version::ServerVersion as V;
use crate::wire::{Layout, Wire, layout};

/// Asks for bars of the past. `REQ_HISTORICAL_DATA`, method `reqHistoricalData`.
/// Answered by [`HistoricalData`] and, from server version 196, [`HistoricalDataEnd`]; for
/// [`DataToShow::Schedule`] by [`HistoricalSchedule`]. With `keep_up_to_date` [`HistoricalDataUpdate`] follows until
/// [`CancelHistoricalData`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestHistoricalData {
    /// Wire name `reqId`, `tickerId`.
    pub request_id: RequestId,
    /// Wire name `contract`.
    pub contract: Contract,
    /// The end, `YYYYMMDD HH:MM:SS` with a time zone, or with `-` and UTC; empty for now. Wire name `endDateTime`.
    pub end: TimeText,
    /// How much time a bar holds. Wire name `barSizeSetting`.
    pub bar_size: Option<BarSize>,
    /// How far back. Wire name `durationStr`, `duration`.
    pub duration: DurationText,
    /// Leave out what is outside regular trading hours. Wire name `useRTH`.
    pub regular_hours_only: bool,
    /// What the bars are made of. Wire name `whatToShow`.
    pub data_to_show: Option<DataToShow>,
    /// How dates are spelled. Wire name `formatDate`.
    pub date_format: Option<DateFormat>,
    /// Go on with updates. Wire name `keepUpToDate`.
    pub keep_up_to_date: bool,
    /// Open-ended options. Wire name `chartOptions`.
    pub options: Vec<TagValue>,
}

/// Without version field; the legs of a combination stand behind the format in text.
impl Layout for RequestHistoricalData {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        #[rustfmt::skip]
        let Self {
            request_id, contract, end, bar_size, duration, regular_hours_only, data_to_show, date_format, keep_up_to_date,
            options,
        } = self;
        layout!(w; 1 request_id);
        if w.is_text() {
            contract.text_of_history(w)?;
        } else {
            layout!(w; nested 2 contract);
        }
        layout!(w; 3 end, 4 bar_size, 5 duration, 6 regular_hours_only, 7 data_to_show, maxed 8 date_format);
        if w.is_text() {
            contract.text_of_brief_legs(w)?;
        }
        layout!(w; 9 keep_up_to_date, tag_string 10 options);
        Ok(())
    }
}

/// Ends a request for bars. `CANCEL_HISTORICAL_DATA`, method `cancelHistoricalData`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelHistoricalData {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(CancelHistoricalData, version "1" { 1 request_id });

/// Bars of the past. `HISTORICAL_DATA`, callbacks `historicalData`, `historicalDataEnd`.
/// Below server version 196 it is the whole answer; from there on [`HistoricalDataEnd`] ends it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoricalData {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Begin of the time asked for, below server version 196. Wire name `start`.
    pub start: TimeText,
    /// End of the time asked for, below server version 196. Wire name `end`.
    pub end: TimeText,
    /// The bars, oldest first. Wire name `historicalDataBars`.
    pub bars: Vec<Bar>,
}
layout!(HistoricalData { 1 request_id, until(V::HISTORICAL_DATA_END) 0 start, until(V::HISTORICAL_DATA_END) 0 end, list 2 bars });

/// One bar. Wire name `HistoricalDataBar`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bar {
    /// Begin of the bar, spelled as asked for. Wire name `date`.
    pub date: TimeText,
    /// Wire name `open`.
    pub open: Option<Decimal>,
    /// Wire name `high`.
    pub high: Option<Decimal>,
    /// Wire name `low`.
    pub low: Option<Decimal>,
    /// Wire name `close`.
    pub close: Option<Decimal>,
    /// -1 where there is none. Wire name `volume`.
    pub volume: Option<Decimal>,
    /// Price weighted by volume, -1 where there is none. Wire name `WAP`, digits in protobuf.
    pub average_price: Option<Decimal>,
    /// How many trades, -1 where there are none. Wire name `barCount`.
    pub trades: Option<i32>,
}
layout!(Bar { 1 date, 2 open, 3 high, 4 low, 5 close, exact 6 volume, exact 7 average_price, 8 trades });

/// All bars were sent. `HISTORICAL_DATA_END`, callback `historicalDataEnd`, from server version 196.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoricalDataEnd {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Begin of the time asked for. Wire name `start`, `startDateStr`.
    pub start: TimeText,
    /// End of the time asked for. Wire name `end`, `endDateStr`.
    pub end: TimeText,
}
layout!(HistoricalDataEnd { 1 request_id, 2 start, 3 end });

/// The last bar as it grows, or a new one. `HISTORICAL_DATA_UPDATE`, callback `historicalDataUpdate`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoricalDataUpdate {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `bar`, `historicalDataBar`.
    pub bar: Bar,
}

/// In text the number of trades comes first, the close before the high, and the average price before the volume.
impl Layout for HistoricalDataUpdate {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { request_id, bar } = self;
        layout!(w; 1 request_id);
        if !w.is_text() {
            layout!(w; nested 2 bar);
            return Ok(());
        }
        let Bar { date, open, high, low, close, volume, average_price, trades } = bar;
        layout!(w; 8 trades, 1 date, 2 open, 5 close, 3 high, 4 low, exact 7 average_price, exact 6 volume);
        Ok(())
    }
}

/// When an instrument traded. `HISTORICAL_SCHEDULE`, callback `historicalSchedule`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoricalSchedule {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Begin of the time asked for. Wire name `startDateTime`.
    pub start: TimeText,
    /// End of the time asked for. Wire name `endDateTime`.
    pub end: TimeText,
    /// Zone of all times in it. Wire name `timeZone`.
    pub time_zone: String,
    /// The sessions. Wire name `sessions`, `historicalSessions`.
    pub sessions: Vec<TradingSession>,
}
layout!(HistoricalSchedule { 1 request_id, 2 start, 3 end, 4 time_zone, list 5 sessions });

/// One trading session. Wire name `HistoricalSession`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradingSession {
    /// Wire name `startDateTime`.
    pub start: TimeText,
    /// Wire name `endDateTime`.
    pub end: TimeText,
    /// The day it counts for, `YYYYMMDD`. Wire name `refDate`.
    pub date: TimeText,
}
layout!(TradingSession { 1 start, 2 end, 3 date });

/// Asks for bars of five seconds as they come. `REQ_REAL_TIME_BARS`, method `reqRealTimeBars`.
/// Answered by [`RealTimeBar`] until [`CancelRealTimeBars`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRealTimeBars {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `contract`.
    pub contract: Contract,
    /// Seconds; TWS knows 5 only. Wire name `barSize`.
    pub bar_size_s: Option<i32>,
    /// What the bars are made of. Wire name `whatToShow`.
    pub data_to_show: Option<DataToShow>,
    /// Leave out what is outside regular trading hours. Wire name `useRTH`.
    pub regular_hours_only: bool,
    /// Open-ended options. Wire name `realTimeBarsOptions`.
    pub options: Vec<TagValue>,
}
layout!(RequestRealTimeBars, version "3" { 1 request_id, shaped(Contract::text_of_plain_request) 2 contract, maxed 3 bar_size_s, 4 data_to_show, 5 regular_hours_only, tag_string 6 options });

/// Ends a stream of bars. `CANCEL_REAL_TIME_BARS`, method `cancelRealTimeBars`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelRealTimeBars {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(CancelRealTimeBars, version "1" { 1 request_id });

/// A bar of five seconds. `REAL_TIME_BARS`, callback `realtimeBar`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RealTimeBar {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Begin of the bar, seconds since the epoch. Wire name `time`.
    pub time_s: Option<i64>,
    /// Wire name `open`.
    pub open: Option<Decimal>,
    /// Wire name `high`.
    pub high: Option<Decimal>,
    /// Wire name `low`.
    pub low: Option<Decimal>,
    /// Wire name `close`.
    pub close: Option<Decimal>,
    /// Wire name `volume`.
    pub volume: Option<Decimal>,
    /// Price weighted by volume. Wire name `WAP`, digits in protobuf.
    pub average_price: Option<Decimal>,
    /// How many trades. Wire name `count`.
    pub trades: Option<i32>,
}
layout!(RealTimeBar, version "3" {
    1 request_id, 2 time_s, 3 open, 4 high, 5 low, 6 close, exact 7 volume, exact 8 average_price, 9 trades
});
instants! { RealTimeBar: time_s in from_second; }

/// Asks how far back there is data. `REQ_HEAD_TIMESTAMP`, method `reqHeadTimeStamp`. Answered by [`HeadTimestamp`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestHeadTimestamp {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `contract`.
    pub contract: Contract,
    /// Leave out what is outside regular trading hours. Wire name `useRTH`.
    pub regular_hours_only: bool,
    /// Of which data. Wire name `whatToShow`.
    pub data_to_show: Option<DataToShow>,
    /// How the time is spelled. Wire name `formatDate`.
    pub date_format: Option<DateFormat>,
}
layout!(RequestHeadTimestamp { 1 request_id, shaped(Contract::text_of_plain_history) 2 contract, 3 regular_hours_only, 4 data_to_show, maxed 5 date_format });

/// Ends a request for the first date. `CANCEL_HEAD_TIMESTAMP`, method `cancelHeadTimeStamp`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelHeadTimestamp {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(CancelHeadTimestamp { 1 request_id });

/// The first date of which there is data. `HEAD_TIMESTAMP`, callback `headTimestamp`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadTimestamp {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Spelled as asked for. Wire name `headTimestamp`.
    pub time: TimeText,
}
layout!(HeadTimestamp { 1 request_id, 2 time });

/// Asks how much traded at which price. `REQ_HISTOGRAM_DATA`, method `reqHistogramData`. Answered by [`HistogramData`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestHistogramData {
    /// Wire name `reqId`, `tickerId`.
    pub request_id: RequestId,
    /// Wire name `contract`.
    pub contract: Contract,
    /// Leave out what is outside regular trading hours. Wire name `useRTH`.
    pub regular_hours_only: bool,
    /// How far back, `3 days`. Wire name `timePeriod`.
    pub period: DurationText,
}
layout!(RequestHistogramData { 1 request_id, shaped(Contract::text_of_plain_history) 2 contract, 3 regular_hours_only, 4 period });

/// Ends a request for a histogram. `CANCEL_HISTOGRAM_DATA`, method `cancelHistogramData`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelHistogramData {
    /// Wire name `reqId`, `tickerId`.
    pub request_id: RequestId,
}
layout!(CancelHistogramData { 1 request_id });

/// How much traded at which price. `HISTOGRAM_DATA`, callback `histogramData`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistogramData {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `items`, `histogramDataEntries`.
    pub entries: Vec<HistogramEntry>,
}
layout!(HistogramData { 1 request_id, list 2 entries });

/// What traded at one price. Wire name `HistogramDataEntry`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistogramEntry {
    /// Wire name `price`.
    pub price: Option<Decimal>,
    /// Wire name `size`.
    pub size: Option<Decimal>,
}
layout!(HistogramEntry { 1 price, exact 2 size });
