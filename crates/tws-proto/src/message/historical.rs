//! Bars and what else there is of the past: the first date, histograms, trading sessions.

use rust_decimal::Decimal;

use crate::body::{body, fields};
use crate::contract::Contract;
use crate::error::Result;
use crate::ids::RequestId;
use crate::kinds::{BarSize, DataToShow, DateFormat, DurationText};
use crate::tags::TagValue;
use crate::time::{TimeText, instants};
use crate::version::ServerVersion as V;
use crate::wire::{Layout, Wire, layout};

fields! {
    /// Asks for bars of the past. `REQ_HISTORICAL_DATA`, method `reqHistoricalData`.
    /// Answered by [`HistoricalData`] and, from server version 196, [`HistoricalDataEnd`]; for
    /// [`DataToShow::Schedule`] by [`HistoricalSchedule`]. With `keep_up_to_date` [`HistoricalDataUpdate`] follows until
    /// [`CancelHistoricalData`].
    RequestHistoricalData {
        "reqId" "tickerId" request_id: RequestId,
        "contract" contract: Contract,
        /// The end, `YYYYMMDD HH:MM:SS` with a time zone, or with `-` and UTC; empty for now.
        "endDateTime" end: TimeText,
        /// How much time a bar holds.
        "barSizeSetting" bar_size: Option<BarSize>,
        /// How far back.
        "durationStr" "duration" duration: DurationText,
        /// Leave out what is outside regular trading hours.
        "useRTH" regular_hours_only: bool,
        /// What the bars are made of.
        "whatToShow" data_to_show: Option<DataToShow>,
        /// How dates are spelled.
        "formatDate" date_format: Option<DateFormat>,
        /// Go on with updates.
        "keepUpToDate" keep_up_to_date: bool,
        /// Open-ended options.
        "chartOptions" options: Vec<TagValue>,
    }
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

body! {
    /// Ends a request for bars. `CANCEL_HISTORICAL_DATA`, method `cancelHistoricalData`.
    CancelHistoricalData, version "1" {
        1 "reqId" request_id: RequestId,
    }

    /// Bars of the past. `HISTORICAL_DATA`, callbacks `historicalData`, `historicalDataEnd`.
    /// Below server version 196 it is the whole answer; from there on [`HistoricalDataEnd`] ends it.
    HistoricalData {
        1 "reqId" request_id: RequestId,
        /// Begin of the time asked for, below server version 196.
        until(V::HISTORICAL_DATA_END) 0 "start" start: TimeText,
        /// End of the time asked for, below server version 196.
        until(V::HISTORICAL_DATA_END) 0 "end" end: TimeText,
        /// The bars, oldest first.
        list 2 "historicalDataBars" bars: Vec<Bar>,
    }

    /// One bar. Wire name `HistoricalDataBar`.
    Bar {
        /// Begin of the bar, spelled as asked for.
        1 "date" date: TimeText,
        2 "open" open: Option<Decimal>,
        3 "high" high: Option<Decimal>,
        4 "low" low: Option<Decimal>,
        5 "close" close: Option<Decimal>,
        /// -1 where there is none.
        exact 6 "volume" volume: Option<Decimal>,
        /// Price weighted by volume, -1 where there is none. Wire name `WAP`, digits in protobuf.
        exact 7 average_price: Option<Decimal>,
        /// How many trades, -1 where there are none.
        8 "barCount" trades: Option<i32>,
    }

    /// All bars were sent. `HISTORICAL_DATA_END`, callback `historicalDataEnd`, from server version 196.
    HistoricalDataEnd {
        1 "reqId" request_id: RequestId,
        /// Begin of the time asked for.
        2 "start" "startDateStr" start: TimeText,
        /// End of the time asked for.
        3 "end" "endDateStr" end: TimeText,
    }
}

fields! {
    /// The last bar as it grows, or a new one. `HISTORICAL_DATA_UPDATE`, callback `historicalDataUpdate`.
    HistoricalDataUpdate {
        "reqId" request_id: RequestId,
        "bar" "historicalDataBar" bar: Bar,
    }
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

body! {
    /// When an instrument traded. `HISTORICAL_SCHEDULE`, callback `historicalSchedule`.
    HistoricalSchedule {
        1 "reqId" request_id: RequestId,
        /// Begin of the time asked for.
        2 "startDateTime" start: TimeText,
        /// End of the time asked for.
        3 "endDateTime" end: TimeText,
        /// Zone of all times in it.
        4 "timeZone" time_zone: String,
        /// The sessions.
        list 5 "sessions" "historicalSessions" sessions: Vec<TradingSession>,
    }

    /// One trading session. Wire name `HistoricalSession`.
    TradingSession {
        1 "startDateTime" start: TimeText,
        2 "endDateTime" end: TimeText,
        /// The day it counts for, `YYYYMMDD`.
        3 "refDate" date: TimeText,
    }

    /// Asks for bars of five seconds as they come. `REQ_REAL_TIME_BARS`, method `reqRealTimeBars`.
    /// Answered by [`RealTimeBar`] until [`CancelRealTimeBars`].
    RequestRealTimeBars, version "3" {
        1 "reqId" request_id: RequestId,
        shaped(Contract::text_of_plain_request) 2 "contract" contract: Contract,
        /// Seconds; TWS knows 5 only.
        maxed 3 "barSize" bar_size_s: Option<i32>,
        /// What the bars are made of.
        4 "whatToShow" data_to_show: Option<DataToShow>,
        /// Leave out what is outside regular trading hours.
        5 "useRTH" regular_hours_only: bool,
        /// Open-ended options.
        tag_string 6 "realTimeBarsOptions" options: Vec<TagValue>,
    }

    /// Ends a stream of bars. `CANCEL_REAL_TIME_BARS`, method `cancelRealTimeBars`.
    CancelRealTimeBars, version "1" {
        1 "reqId" request_id: RequestId,
    }

    /// A bar of five seconds. `REAL_TIME_BARS`, callback `realtimeBar`.
    RealTimeBar, version "3" {
        1 "reqId" request_id: RequestId,
        /// Begin of the bar, seconds since the epoch.
        2 "time" time_s: Option<i64>,
        3 "open" open: Option<Decimal>,
        4 "high" high: Option<Decimal>,
        5 "low" low: Option<Decimal>,
        6 "close" close: Option<Decimal>,
        exact 7 "volume" volume: Option<Decimal>,
        /// Price weighted by volume. Wire name `WAP`, digits in protobuf.
        exact 8 average_price: Option<Decimal>,
        /// How many trades.
        9 "count" trades: Option<i32>,
    }
}
instants! { RealTimeBar: time_s in from_second; }

body! {
    /// Asks how far back there is data. `REQ_HEAD_TIMESTAMP`, method `reqHeadTimeStamp`. Answered by [`HeadTimestamp`].
    RequestHeadTimestamp {
        1 "reqId" request_id: RequestId,
        shaped(Contract::text_of_plain_history) 2 "contract" contract: Contract,
        /// Leave out what is outside regular trading hours.
        3 "useRTH" regular_hours_only: bool,
        /// Of which data.
        4 "whatToShow" data_to_show: Option<DataToShow>,
        /// How the time is spelled.
        maxed 5 "formatDate" date_format: Option<DateFormat>,
    }

    /// Ends a request for the first date. `CANCEL_HEAD_TIMESTAMP`, method `cancelHeadTimeStamp`.
    CancelHeadTimestamp {
        1 "reqId" request_id: RequestId,
    }

    /// The first date of which there is data. `HEAD_TIMESTAMP`, callback `headTimestamp`.
    HeadTimestamp {
        1 "reqId" request_id: RequestId,
        /// Spelled as asked for.
        2 "headTimestamp" time: TimeText,
    }

    /// Asks how much traded at which price. `REQ_HISTOGRAM_DATA`, method `reqHistogramData`. Answered by [`HistogramData`].
    RequestHistogramData {
        1 "reqId" "tickerId" request_id: RequestId,
        shaped(Contract::text_of_plain_history) 2 "contract" contract: Contract,
        /// Leave out what is outside regular trading hours.
        3 "useRTH" regular_hours_only: bool,
        /// How far back, `3 days`.
        4 "timePeriod" period: DurationText,
    }

    /// Ends a request for a histogram. `CANCEL_HISTOGRAM_DATA`, method `cancelHistogramData`.
    CancelHistogramData {
        1 "reqId" "tickerId" request_id: RequestId,
    }

    /// How much traded at which price. `HISTOGRAM_DATA`, callback `histogramData`.
    HistogramData {
        1 "reqId" request_id: RequestId,
        list 2 "items" "histogramDataEntries" entries: Vec<HistogramEntry>,
    }

    /// What traded at one price. Wire name `HistogramDataEntry`.
    HistogramEntry {
        1 "price" price: Option<Decimal>,
        exact 2 "size" size: Option<Decimal>,
    }
}
