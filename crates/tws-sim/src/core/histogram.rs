//! How much traded at which price: `REQ_HISTOGRAM_DATA`.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use tws_proto::kinds::DurationUnit;
use tws_proto::message::{HistogramData, HistogramEntry, RequestHistogramData};

use super::Core;
use crate::bar_request::Duration;
use crate::hours::HoursKind;
use crate::past::Grain;
use crate::session::SessionId;

/// Up to so many seconds back minutes are looked at, beyond half hours.
const MINUTES_S: i64 = 7 * 86_400;
/// No histogram reaches further back.
const REACH_S: i64 = 366 * 86_400;

impl Core {
    pub(super) fn send_histogram(&mut self, session: SessionId, request: &RequestHistogramData) {
        let id = request.request_id;
        let period = request.period.read().filter(|(count, _)| *count > 0).map(|(count, unit)| {
            let count = i64::from(count);
            match unit {
                DurationUnit::Second => Some(Duration::Seconds(count)),
                DurationUnit::Day => Some(Duration::Days(count)),
                DurationUnit::Week => Some(Duration::Weeks(count)),
                DurationUnit::Month => Some(Duration::Months(count)),
                DurationUnit::Year => Some(Duration::Years(count)),
                _ => None,
            }
        });
        let Some(period) = period.flatten().filter(|period| period.seconds() <= REACH_S) else {
            return self.invalid(session, id, "Invalid time period");
        };
        let contract = match self.resolve(&request.contract) {
            Ok(contract) => contract,
            Err((code, text)) => return self.outbox.notice(session, id.0, code, text),
        };
        let hours = if request.regular_hours_only { HoursKind::Liquid } else { HoursKind::Trading };
        let grain = if period.seconds() <= MINUTES_S { Grain::Minute } else { Grain::HalfHour };
        let zone = self.timetable_of(contract).map_or(jiff::tz::TimeZone::UTC, |timetable| timetable.zone().clone());
        let (from, until) = (period.before(self.now, &zone), self.now);
        let mut sizes: BTreeMap<Decimal, Decimal> = BTreeMap::new();
        for candle in self.candles(contract, grain, hours, from, until) {
            if let Some(track) = candle.trade {
                *sizes.entry(track.close).or_default() += candle.volume;
            }
        }
        if sizes.is_empty() {
            let text = "Historical Market Data Service error message:HMDS query returned no data";
            return self.outbox.notice(session, id.0, 162, text);
        }
        let entry = |(price, size)| HistogramEntry { price: Some(price), size: Some(size) };
        self.outbox.send(session, HistogramData { request_id: id, entries: sizes.into_iter().map(entry).collect() });
    }
}
