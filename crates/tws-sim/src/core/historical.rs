//! Bars of the past: `REQ_HISTORICAL_DATA`.

use rust_decimal::Decimal;
use tws_proto::ServerVersion;
use tws_proto::ids::{ContractId, RequestId};
use tws_proto::kinds::{DataToShow, DateFormat, SecurityType};
use tws_proto::message::{
    Bar, HistoricalData, HistoricalDataEnd, HistoricalSchedule, RequestHistoricalData, TradingSession,
};

use super::Core;
use super::data::{HistoryLine, PacedRequest};
use crate::bar_request::{self, Dates, Duration, Moment};
use crate::candle::{Candle, Shown, Track};
use crate::data_settings::DataPacing;
use crate::dice::{Dice, mix};
use crate::hours::{HoursKind, Timetable};
use crate::instrument::MarketKind;
use crate::past::{Grain, PastDay};
use crate::session::SessionId;
use crate::time::SimTime;

pub(super) use crate::bar_request::BarSize;

/// No answer has more bars.
const BARS_MAX: i64 = 60_000;
/// How far a request may reach with bars of so many seconds.
const REACH_S: [(i64, i64); 5] = [(1, 2_000), (5, 10_000), (10, 20_000), (15, 30_000), (30, 86_400)];
/// Bars up to this length are paced.
const PACED_S: i64 = 30;
const BAD_MOMENT: &str = "The date, time, or time-zone entered is invalid. The correct format is yyyymmdd hh:mm:ss xx/xxxx where yyyymmdd and xx/xxxx are optional. E.g.: 20031126 15:59:00 US/Eastern  Note that there is a space between the date and time, and between the time and time-zone.  If no date is specified, current date is assumed. If no time-zone is specified, local time-zone is assumed(deprecated).  You can also provide yyyymmddd-hh:mm:ss time is in UTC. Note that there is a dash between the date and time in UTC notation.";
const NO_ZONE: &str = "Warning: You submitted request with date-time attributes without explicit time zone. Please switch to use yyyymmdd-hh:mm:ss in UTC or use instrument time zone, like US/Eastern. Implied time zone functionality will be removed in the next API release";
const SERVICE: &str = "Historical Market Data Service error message:";

/// Why a request is refused: code and text of the notice.
pub(super) type Refused = (i32, String);

/// A request for bars, read and found possible.
#[derive(Clone, Debug)]
struct Query {
    contract: ContractId,
    size: BarSize,
    duration: Duration,
    end: SimTime,
    shows: DataToShow,
    hours: HoursKind,
    format: DateFormat,
}

impl Core {
    pub(super) fn request_history(&mut self, session: SessionId, request: &RequestHistoricalData) {
        let id = request.request_id;
        let Some(client) = self.data.clients.get(&session) else { return };
        if client.histories.contains_key(&id) {
            let text = "Error validating request.-'bN' : cause - Duplicate ticker ID for API historical data query";
            return self.outbox.notice(session, id.0, 322, text);
        }
        if client.histories.len() >= self.data.settings.histories {
            let most = self.data.settings.histories;
            let text =
                format!("Error processing request:Only {most} simultaneous API historical data requests allowed.");
            return self.outbox.notice(session, id.0, 322, text);
        }
        let contract = match self.resolve(&request.contract) {
            Ok(contract) => contract,
            Err((code, text)) => return self.outbox.notice(session, id.0, code, text),
        };
        let answered = self.read_query(session, contract, request).and_then(|query| {
            self.keep_distance(session, &query, request)?;
            self.answer_history(session, id, &query)?;
            Ok(query)
        });
        match answered {
            Ok(query) if request.keep_up_to_date => {
                let Query { size, shows, hours, format, .. } = query;
                let line = HistoryLine { line: (session, id), shows, hours, size, format, told: None };
                self.data.audiences.entry(contract).or_default().histories.push(line);
                if let Some(client) = self.data.clients.get_mut(&session) {
                    client.histories.insert(id, contract);
                }
                self.plan_bars();
            }
            Ok(_) => self.drop_unwatched(contract),
            Err((code, text)) => {
                self.outbox.notice(session, id.0, code, text);
                self.drop_unwatched(contract);
            }
        }
    }

    pub(super) fn cancel_history(&mut self, session: SessionId, id: RequestId) {
        let contract = self.data.clients.get_mut(&session).and_then(|client| client.histories.remove(&id));
        let Some(contract) = contract else {
            let text = format!("No historical data query found for ticker id:{id}");
            return self.outbox.notice(session, id.0, 366, text);
        };
        if let Some(audience) = self.data.audiences.get_mut(&contract) {
            audience.histories.retain(|line| line.line != (session, id));
        }
        self.drop_audience(contract);
        let text = format!("{SERVICE}API historical data query cancelled: {id}");
        self.outbox.notice(session, id.0, 162, text);
    }

    fn read_query(
        &mut self,
        session: SessionId,
        contract: ContractId,
        request: &RequestHistoricalData,
    ) -> Result<Query, Refused> {
        let invalid = |cause: &str| (321, format!("Error validating request.-'bH' : cause - {cause}"));
        let size = BarSize::read(request.bar_size.as_ref().map_or("", |size| size.as_str()))
            .map_err(|cause| invalid(&cause))?;
        let duration = Duration::read(&request.duration).map_err(|cause| invalid(&cause))?;
        let hours = if request.regular_hours_only { HoursKind::Liquid } else { HoursKind::Trading };
        let shows = request.data_to_show.clone().unwrap_or(DataToShow::Other(String::new()));
        let format = match request.date_format.unwrap_or(DateFormat::Text) {
            DateFormat::Other(unknown) => return Err(invalid(&format!("Invalid date format: {unknown}"))),
            known => known,
        };
        self.check_kind(contract, &shows, duration)?;
        let zone = self.timetable_of(contract).map(|table| table.zone().clone()).unwrap_or(jiff::tz::TimeZone::UTC);
        let end = match bar_request::moment(&request.end, &zone, self.now) {
            None => return Err((10314, format!("End Date/Time: {BAD_MOMENT}"))),
            Some(Moment::Unset) => None,
            Some(Moment::At(end)) => Some(end),
            Some(Moment::Local(end)) => {
                self.outbox.notice(session, request.request_id.0, 2174, NO_ZONE);
                Some(end)
            }
        };
        if end.is_some() && shows == DataToShow::AdjustedLast {
            return Err(invalid("End Date not supported with adjusted last"));
        }
        if shows == DataToShow::Schedule && size != BarSize::Day {
            return Err(invalid("Only bar size of 1 day is supported for historical schedule"));
        }
        if request.keep_up_to_date {
            if end.is_some() {
                return Err(invalid("End Date/Time must be empty when historical data is kept up to date"));
            }
            let kept = [
                DataToShow::Trades,
                DataToShow::MidPoint,
                DataToShow::Bid,
                DataToShow::Ask,
                DataToShow::AggregatedTrades,
            ];
            if size.seconds() < 5 || !kept.contains(&shows) {
                return Err(invalid("Historical data of this kind and bar size cannot be kept up to date"));
            }
        }
        let reach = REACH_S.iter().find(|(seconds, _)| *seconds == size.seconds()).map(|(_, reach)| *reach);
        let too_far = reach.is_some_and(|reach| duration.seconds() > reach)
            || duration.seconds() / size.seconds() > BARS_MAX.saturating_mul(4);
        if shows != DataToShow::Schedule && (too_far || duration.seconds() < size.seconds()) {
            return Err((162, format!("{SERVICE}invalid step: {}", size.seconds())));
        }
        let end = end.unwrap_or(self.now).min(self.now);
        Ok(Query { contract, size, duration, end, shows, hours, format })
    }

    /// Whether there is data of this kind of a contract.
    pub(super) fn check_kind(
        &self,
        contract: ContractId,
        shows: &DataToShow,
        duration: Duration,
    ) -> Result<(), Refused> {
        let Some(instrument) = self.catalogue.by_id(contract) else { return Ok(()) };
        let kind = &instrument.security_type;
        let expected = |right: &str| {
            Err((10299, format!("Expected what to show is {right}, please use that instead of {}.", shows.as_str())))
        };
        let has = match shows {
            DataToShow::Schedule => true,
            DataToShow::Trades if *kind == SecurityType::Crypto => return expected("AGGTRADES"),
            DataToShow::AggregatedTrades if *kind != SecurityType::Crypto => return expected("TRADES"),
            DataToShow::Trades | DataToShow::AggregatedTrades => instrument.market != MarketKind::QuotesOnly,
            DataToShow::Bid | DataToShow::Ask | DataToShow::MidPoint | DataToShow::BidAsk => {
                instrument.market != MarketKind::TradesOnly
            }
            DataToShow::AdjustedLast => *kind == SecurityType::Stock,
            DataToShow::HistoricalVolatility | DataToShow::OptionImpliedVolatility => {
                matches!(kind, SecurityType::Stock | SecurityType::Index)
            }
            DataToShow::FeeRate => *kind == SecurityType::Stock,
            DataToShow::YieldBid | DataToShow::YieldAsk | DataToShow::YieldBidAsk | DataToShow::YieldLast => {
                matches!(kind, SecurityType::Bond | SecurityType::Bill)
            }
            DataToShow::Other(_) => {
                let text = "Error validating request.-'bH' : cause - What to show field is missing or incorrect.";
                return Err((321, text.to_owned()));
            }
        };
        if has {
            return Ok(());
        }
        let (symbol, kind, exchange) = (&instrument.symbol, kind.as_str(), &instrument.exchange);
        let seconds = duration.seconds();
        Err((162, format!("{SERVICE}No historical market data for {symbol}/{kind}@{exchange} Last {seconds}")))
    }

    fn answer_history(&mut self, session: SessionId, id: RequestId, query: &Query) -> Result<(), Refused> {
        let Some(timetable) = self.timetable_of(query.contract) else { return Ok(()) };
        let calendar_start = query.duration.before(query.end, timetable.zone());
        let zone_name = self.zone_name(query.contract);
        let dates = Dates { format: query.format, zone: timetable.zone(), zone_name: &zone_name };
        if query.shows == DataToShow::Schedule {
            self.send_schedule(session, id, query, (calendar_start, &timetable, &dates));
            return Ok(());
        }
        let from = self.first_moment(query, calendar_start, &timetable);
        let bars = self.bars(query, from, &timetable, &dates);
        if bars.is_empty() {
            return Err((
                162,
                format!("{SERVICE}HMDS query returned no data: {}", self.named(query.contract, &query.shows)),
            ));
        }
        if bars.len() as i64 > BARS_MAX {
            return Err((162, format!("{SERVICE}Time length exceed max.")));
        }
        let (start, end) = (dates.words(calendar_start), dates.words(query.end));
        let version = self.data.clients.get(&session).map_or(ServerVersion::NEWEST, |client| client.version);
        if version < ServerVersion::HISTORICAL_DATA_END {
            let (start, end) = (start.into(), end.into());
            self.outbox.send(session, HistoricalData { request_id: id, start, end, bars });
        } else {
            self.outbox.send(session, HistoricalData { request_id: id, bars, ..HistoricalData::default() });
            self.outbox.send(session, HistoricalDataEnd { request_id: id, start: start.into(), end: end.into() });
        }
        Ok(())
    }

    /// `IBM@SMART Trades`, as the service names what it has not found.
    fn named(&self, contract: ContractId, shows: &DataToShow) -> String {
        let name = self.catalogue.by_id(contract).map_or_else(
            || "BAG@SMART".to_owned(),
            |instrument| format!("{}@{}", instrument.name(), instrument.exchange),
        );
        let word = match shows {
            DataToShow::Trades => "Trades",
            DataToShow::MidPoint => "Midpoint",
            DataToShow::Bid => "Bid",
            DataToShow::Ask => "Ask",
            other => other.as_str(),
        };
        format!("{name} {word}")
    }

    pub(super) fn zone_name(&self, contract: ContractId) -> String {
        let name = self.catalogue.by_id(contract).map(|instrument| instrument.time_zone.clone());
        name.unwrap_or_else(|| "US/Eastern".to_owned())
    }

    /// The first moment that a request covers: so many days or seconds of trading back, else so far on the calendar.
    fn first_moment(&self, query: &Query, calendar_start: SimTime, timetable: &Timetable) -> SimTime {
        let opened = self.markets.get(&query.contract).map_or(query.end, crate::market::Market::opened);
        match query.duration {
            Duration::Weeks(_) | Duration::Months(_) | Duration::Years(_) => calendar_start,
            Duration::Days(count) => {
                let mut at = query.end;
                let mut day = None;
                let mut left = count;
                // What happens outside all hours belongs to the day that follows.
                let outside = timetable.session_at(query.hours, query.end.plus_ms(-1)).is_none();
                if outside && query.hours == HoursKind::Trading && opened < query.end {
                    left -= 1;
                    at = opened;
                }
                while left > 0 || day.is_some() {
                    let Some(session) = session_until(timetable, query.hours, at) else { break };
                    if day != Some(session.day) {
                        if left == 0 {
                            break;
                        }
                        left -= 1;
                        day = Some(session.day);
                    }
                    at = session.opens;
                }
                at
            }
            Duration::Seconds(count) => {
                let mut left = count * 1_000;
                let mut at = query.end;
                if query.hours == HoursKind::Trading && opened < at {
                    let live = at.since_ms(opened).min(left);
                    left -= live;
                    at = at.plus_ms(-live);
                }
                while left > 0 {
                    let Some(session) = session_until(timetable, query.hours, at) else { break };
                    let inside = session.closes.min(at);
                    let part = inside.since_ms(session.opens).min(left);
                    left -= part;
                    at = inside.plus_ms(-part);
                }
                at
            }
        }
    }

    /// The bars of a request, oldest first.
    fn bars(&mut self, query: &Query, from: SimTime, timetable: &Timetable, dates: &Dates<'_>) -> Vec<Bar> {
        let Query { contract, size, end, hours, .. } = *query;
        match size {
            BarSize::Seconds(seconds) => {
                let grain = match seconds {
                    ..5 => Grain::Second,
                    5..60 => Grain::FiveSeconds,
                    60..1_800 => Grain::Minute,
                    _ => Grain::HalfHour,
                };
                let candles = self.candles(contract, grain, hours, from, end);
                let bars = together(&candles, seconds * 1_000, (timetable, hours));
                bars.iter().filter_map(|candle| self.bar(query, candle, dates.of_bar(candle.from))).collect()
            }
            BarSize::Day | BarSize::Week | BarSize::Month => {
                let days = self.day_candles(contract, hours, from, end);
                let days = joined_days(&days, size);
                days.iter()
                    .filter_map(|day| self.bar(query, &day.candle, day.date.strftime("%Y%m%d").to_string()))
                    .collect()
            }
        }
    }

    fn bar(&self, query: &Query, candle: &Candle, date: String) -> Option<Bar> {
        let shown = match &query.shows {
            kind @ (DataToShow::HistoricalVolatility
            | DataToShow::OptionImpliedVolatility
            | DataToShow::FeeRate
            | DataToShow::YieldBid
            | DataToShow::YieldAsk
            | DataToShow::YieldBidAsk
            | DataToShow::YieldLast) => self.made_up(query.contract, kind, candle),
            kind => candle.shown(kind)?,
        };
        Some(bar_of(&shown, date))
    }

    /// Volatilities, fees and yields go up and down around a level of their own.
    fn made_up(&self, contract: ContractId, kind: &DataToShow, candle: &Candle) -> Shown {
        let seed = mix(self.markets.seed(), u64::from(contract.0.unsigned_abs()));
        let level = match kind {
            DataToShow::FeeRate => Decimal::new(25, 4),
            DataToShow::HistoricalVolatility | DataToShow::OptionImpliedVolatility => Decimal::new(25, 2),
            _ => Decimal::new(43, 3),
        };
        let day = candle.from.0.div_euclid(86_400_000).unsigned_abs();
        let at = |day: u64| {
            let mut dice = Dice::new(mix(seed ^ kind.as_str().len() as u64, day));
            level * Decimal::new(dice.between(8_500, 11_500), 4)
        };
        let (open, close) = (at(day), at(day + 1));
        let track = Track { open, high: open.max(close), low: open.min(close), close };
        Shown { track, traded: None }
    }

    fn send_schedule(
        &mut self,
        session: SessionId,
        id: RequestId,
        query: &Query,
        (start, timetable, dates): (SimTime, &Timetable, &Dates<'_>),
    ) {
        let from = self.first_moment(query, start, timetable);
        let sessions = timetable.sessions(query.hours, from, query.end).map(|session| TradingSession {
            start: dates.dashed(session.opens).into(),
            end: dates.dashed(session.closes).into(),
            date: session.day.strftime("%Y%m%d").to_string().into(),
        });
        let schedule = HistoricalSchedule {
            request_id: id,
            start: dates.dashed(from).into(),
            end: dates.dashed(query.end).into(),
            time_zone: dates.zone_name.to_owned(),
            sessions: sessions.collect(),
        };
        self.outbox.send(session, Box::new(schedule));
    }

    /// The bar of a request that is kept up to date which contains `at`.
    pub(super) fn kept_bar(&mut self, contract: ContractId, line: &HistoryLine, at: SimTime) -> Option<Bar> {
        let timetable = self.timetable_of(contract)?;
        let zone_name = self.zone_name(contract);
        let dates = Dates { format: line.format, zone: timetable.zone(), zone_name: &zone_name };
        let HistoryLine { size, hours, .. } = *line;
        let query = Query {
            contract,
            size,
            duration: Duration::Days(1),
            end: at.plus_ms(1),
            shows: line.shows.clone(),
            hours,
            format: line.format,
        };
        let from = match size {
            BarSize::Seconds(seconds) => at.plus_ms(-seconds * 1_000),
            BarSize::Day | BarSize::Week | BarSize::Month => Duration::Days(40).before(at, timetable.zone()),
        };
        self.bars(&query, from.floor(1_800_000).min(from), &timetable, &dates).pop()
    }

    /// Whether a request for bars may be made now; it counts from then on.
    fn keep_distance(
        &mut self,
        session: SessionId,
        query: &Query,
        request: &RequestHistoricalData,
    ) -> Result<(), Refused> {
        let now = self.now;
        if self.data.settings.pacing == DataPacing::Off || query.size.seconds() > PACED_S {
            return Ok(());
        }
        let Some(client) = self.data.clients.get_mut(&session) else { return Ok(()) };
        client.paced.retain(|earlier| now.since_ms(earlier.time) < 600_000);
        let shows = query.shows.as_str();
        let identity = format!("{} {} {:?} {shows} {:?}", request.end, request.duration, request.bar_size, query.hours);
        let weight = if query.shows == DataToShow::BidAsk { 2 } else { 1 };
        let about = (query.contract, format!("{}/{shows}", request.contract.exchange));
        let same = |earlier: &&PacedRequest| earlier.about == about && earlier.identity == identity;
        let identical = client.paced.iter().filter(same).any(|earlier| now.since_ms(earlier.time) < 15_000);
        let near = |earlier: &&PacedRequest| earlier.about == about && now.since_ms(earlier.time) < 2_000;
        let close: usize = client.paced.iter().filter(near).map(|earlier| earlier.weight).sum();
        let all: usize = client.paced.iter().map(|earlier| earlier.weight).sum();
        if identical || close + weight >= 6 || all + weight > 60 {
            return Err((162, format!("{SERVICE}Historical data request pacing violation")));
        }
        client.paced.push_back(PacedRequest { time: now, about, identity, weight });
        Ok(())
    }
}

/// A bar as it is told.
pub(super) fn bar_of(shown: &Shown, date: String) -> Bar {
    let Shown { track, traded } = shown;
    let none = Decimal::NEGATIVE_ONE;
    Bar {
        date: date.into(),
        open: Some(track.open),
        high: Some(track.high),
        low: Some(track.low),
        close: Some(track.close),
        volume: Some(traded.map_or(none, |traded| traded.volume)),
        average_price: Some(traded.map_or(none, |traded| traded.average)),
        trades: Some(traded.map_or(-1, |traded| traded.trades)),
    }
}

/// The last session that begins before a moment.
fn session_until(timetable: &Timetable, hours: HoursKind, at: SimTime) -> Option<crate::hours::TradingSession> {
    let inside = timetable.session_at(hours, at.plus_ms(-1));
    inside.or_else(|| timetable.session_before(hours, at)).filter(|session| session.opens < at)
}

/// Puts bars together to longer ones, which begin at whole multiples of their length on the clock of the exchange, or where
/// a session does.
fn together(candles: &[Candle], length_ms: i64, (timetable, hours): (&Timetable, HoursKind)) -> Vec<Candle> {
    let mut bars: Vec<Candle> = Vec::new();
    let mut end = SimTime(i64::MIN);
    for candle in candles {
        if candle.from < end
            && let Some(last) = bars.last_mut()
        {
            last.join(candle);
            continue;
        }
        let moment = jiff::Timestamp::from_millisecond(candle.from.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let offset_ms = i64::from(timetable.zone().to_offset(moment).seconds()) * 1_000;
        let begin = candle.from.plus_ms(offset_ms).floor(length_ms).plus_ms(-offset_ms);
        end = begin.plus_ms(length_ms);
        let opens = timetable.session_at(hours, candle.from).map_or(begin, |session| session.opens.max(begin));
        bars.push(Candle { from: opens, ..*candle });
    }
    bars
}

/// Puts days together to weeks or months, dated by their last day.
fn joined_days(days: &[PastDay], size: BarSize) -> Vec<PastDay> {
    let key = |day: &PastDay| match size {
        BarSize::Week => {
            let week = day.date.iso_week_date();
            (week.year(), week.week())
        }
        BarSize::Month => (day.date.year(), day.date.month()),
        BarSize::Day | BarSize::Seconds(_) => (day.date.year(), day.date.month()),
    };
    if size == BarSize::Day {
        return days.to_vec();
    }
    let mut bars: Vec<PastDay> = Vec::new();
    for day in days {
        match bars.last_mut().filter(|last| key(last) == key(day)) {
            Some(last) => {
                last.candle.join(&day.candle);
                last.date = day.date;
            }
            None => bars.push(*day),
        }
    }
    bars
}
