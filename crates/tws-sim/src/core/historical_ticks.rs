//! Single ticks of the past: `REQ_HISTORICAL_TICKS`, and those with which a stream of single ticks begins.

use rust_decimal::Decimal;
use tws_proto::ServerMessage;
use tws_proto::ids::{ContractId, RequestId};
use tws_proto::kinds::DataToShow;
use tws_proto::message::{HistoricalQuotes, HistoricalTicks, HistoricalTrades, MidPointTick, RequestHistoricalTicks};

use super::Core;
use crate::bar_request::{self, Duration, Moment};
use crate::candle::Candle;
use crate::feed;
use crate::hours::HoursKind;
use crate::market::{Level, Market, MarketEvent, Quote, Source, Trade};
use crate::past::Grain;
use crate::session::{SessionId, TickChoice};
use crate::time::SimTime;

/// No answer has more ticks.
const TICKS_MAX: i32 = 1_000;
/// How much of the past is made up at once.
const STRETCH_MS: i64 = 600_000;
/// How many stretches are looked through for ticks at most.
const STRETCHES_MAX: usize = 2_000;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Trades,
    Quotes { ignore_size: bool },
    MidPoints,
}

/// From where on ticks are taken, and which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Anchor {
    From(SimTime),
    Until(SimTime),
}

impl Core {
    pub(super) fn send_historical_ticks(&mut self, session: SessionId, request: &RequestHistoricalTicks) {
        let id = request.request_id;
        let wanted = match request.data_to_show {
            Some(DataToShow::Trades | DataToShow::AggregatedTrades) => Wanted::Trades,
            Some(DataToShow::BidAsk) => Wanted::Quotes { ignore_size: request.ignore_size },
            Some(DataToShow::MidPoint) => Wanted::MidPoints,
            _ => return self.invalid(session, id, "What to show field is missing or incorrect."),
        };
        let Some(count) = request.ticks.filter(|count| (1..=TICKS_MAX).contains(count)) else {
            return self.invalid(session, id, "Number of ticks must be from 1 to 1000");
        };
        let contract = match self.resolve(&request.contract) {
            Ok(contract) => contract,
            Err((code, text)) => return self.outbox.notice(session, id.0, code, text),
        };
        let shows = match wanted {
            Wanted::Trades => request.data_to_show.clone().unwrap_or(DataToShow::Trades),
            Wanted::Quotes { .. } => DataToShow::BidAsk,
            Wanted::MidPoints => DataToShow::MidPoint,
        };
        if let Err((code, text)) = self.check_kind(contract, &shows, Duration::Days(1)) {
            let text = if code == 162 { format!("Failed to request historical ticks:{text}") } else { text };
            return self.outbox.notice(session, id.0, if code == 162 { 10187 } else { code }, text);
        }
        let zone = self.timetable_of(contract).map_or(jiff::tz::TimeZone::UTC, |timetable| timetable.zone().clone());
        let read = |text: &str| bar_request::moment(text, &zone, self.now);
        let anchor = match (read(&request.start), read(&request.end)) {
            (None, _) | (_, None) => {
                let text = "Start/End Date/Time: The date, time, or time-zone entered is invalid. The correct format is yyyymmdd hh:mm:ss xx/xxxx";
                return self.outbox.notice(session, id.0, 10314, text);
            }
            (Some(Moment::At(start) | Moment::Local(start)), Some(Moment::Unset)) => Anchor::From(start),
            (Some(Moment::Unset), Some(Moment::At(end) | Moment::Local(end))) => Anchor::Until(end),
            _ => return self.invalid(session, id, "Please specify either start date/time or end date/time"),
        };
        let hours = if request.regular_hours_only { HoursKind::Liquid } else { HoursKind::Trading };
        let events = self.past_events(contract, wanted, hours, (anchor, count as usize));
        self.outbox.send(session, answer(id, wanted, &events));
    }

    /// The latest ticks, with which a stream of single ticks begins.
    pub(super) fn send_latest_ticks(
        &mut self,
        session: SessionId,
        id: RequestId,
        contract: ContractId,
        (choice, count): (TickChoice, i32),
    ) {
        let wanted = match choice {
            TickChoice::Last | TickChoice::AllLast => Wanted::Trades,
            TickChoice::BidAsk { ignore_size } => Wanted::Quotes { ignore_size },
            TickChoice::MidPoint => Wanted::MidPoints,
        };
        let until = Anchor::Until(self.now.plus_ms(1));
        let events = self.past_events(contract, wanted, HoursKind::Trading, (until, count as usize));
        self.outbox.send(session, answer(id, wanted, &events));
    }

    /// So many events from a moment on, or up to it, oldest first.
    fn past_events(
        &mut self,
        contract: ContractId,
        wanted: Wanted,
        hours: HoursKind,
        (anchor, count): (Anchor, usize),
    ) -> Vec<(SimTime, MarketEvent)> {
        let Some(timetable) = self.timetable_of(contract) else { return Vec::new() };
        let opened = self.markets.get(&contract).map_or(self.now, Market::opened);
        let mut events: Vec<(SimTime, MarketEvent)> = Vec::new();
        match anchor {
            Anchor::From(start) => {
                let mut at = start;
                for _ in 0..STRETCHES_MAX {
                    if at >= opened || events.len() >= count {
                        break;
                    }
                    let Some(session) = timetable.session_from(hours, at) else { break };
                    at = at.max(session.opens);
                    let until = session.closes.min(at.plus_ms(STRETCH_MS)).min(opened);
                    events.extend(self.made_up_events(contract, wanted, hours, (at, until)));
                    at = until;
                }
                if events.len() < count {
                    events.extend(self.live_events(contract, wanted, hours, (start.max(opened), self.now.plus_ms(1))));
                }
                events.truncate(count);
            }
            Anchor::Until(end) => {
                let mut parts = vec![self.live_events(contract, wanted, hours, (opened, end))];
                let mut found = parts.iter().map(Vec::len).sum::<usize>();
                let mut at = end.min(opened);
                for _ in 0..STRETCHES_MAX {
                    if found >= count {
                        break;
                    }
                    let inside = timetable.session_at(hours, at.plus_ms(-1));
                    let Some(session) = inside.or_else(|| timetable.session_before(hours, at)) else { break };
                    let until = session.closes.min(at);
                    let from = session.opens.max(until.plus_ms(-STRETCH_MS));
                    let part = self.made_up_events(contract, wanted, hours, (from, until));
                    if part.is_empty() && until <= self.first_moment_of(contract) {
                        break;
                    }
                    found += part.len();
                    parts.push(part);
                    at = from;
                }
                events = parts.into_iter().rev().flatten().collect();
                events.drain(..events.len().saturating_sub(count));
            }
        }
        events
    }

    fn first_moment_of(&mut self, contract: ContractId) -> SimTime {
        self.past(contract).map_or(SimTime(i64::MIN), |past| past.head())
    }

    /// What happened before the market opened: a tick a second.
    fn made_up_events(
        &mut self,
        contract: ContractId,
        wanted: Wanted,
        hours: HoursKind,
        (from, until): (SimTime, SimTime),
    ) -> Vec<(SimTime, MarketEvent)> {
        let lot = self.catalogue.by_id(contract).map_or(Decimal::ONE, |instrument| instrument.lot);
        let candles = self.candles(contract, Grain::Second, hours, from, until);
        let candles = candles.iter().filter(|candle| candle.from >= from && candle.from < until);
        candles.filter_map(|candle| Some((candle.from, event_of(candle, wanted, lot)?))).collect()
    }

    /// What happened since the market opened, as far as it is remembered.
    fn live_events(
        &mut self,
        contract: ContractId,
        wanted: Wanted,
        hours: HoursKind,
        (from, until): (SimTime, SimTime),
    ) -> Vec<(SimTime, MarketEvent)> {
        if from >= until {
            return Vec::new();
        }
        let Some(market) = self.markets.get(&contract) else { return Vec::new() };
        if matches!(market.source(), Source::Derived(_)) && market.record().ticks(from).next().is_none() {
            return self.made_up_events(contract, wanted, hours, (from, until));
        }
        let fits = |event: &MarketEvent| match wanted {
            Wanted::Trades => matches!(event, MarketEvent::Trade(_)),
            Wanted::Quotes { .. } | Wanted::MidPoints => matches!(event, MarketEvent::Quote(_)),
        };
        let ticks = market.record().ticks(from).take_while(|(time, _)| *time < until);
        let mut events: Vec<_> = ticks.filter(|(_, event)| fits(event)).cloned().collect();
        if hours == HoursKind::Liquid {
            self.keep_hours(contract, hours, &mut events, |(time, _)| *time);
        }
        events
    }
}

fn event_of(candle: &Candle, wanted: Wanted, lot: Decimal) -> Option<MarketEvent> {
    Some(match wanted {
        Wanted::Trades => {
            let price = candle.trade?.close;
            MarketEvent::Trade(Trade { price, size: candle.volume, exchange: String::new() })
        }
        Wanted::Quotes { .. } | Wanted::MidPoints => {
            let level = |price| Level { price, size: lot };
            MarketEvent::Quote(Quote { bid: Some(level(candle.bid?.close)), ask: Some(level(candle.ask?.close)) })
        }
    })
}

fn answer(request_id: RequestId, wanted: Wanted, events: &[(SimTime, MarketEvent)]) -> ServerMessage {
    let quotes = |events: &[(SimTime, MarketEvent)]| -> Vec<(i64, Quote)> {
        let quote = |(time, event): &(SimTime, MarketEvent)| match event {
            MarketEvent::Quote(quote) => Some((time.seconds(), *quote)),
            MarketEvent::Trade(_) => None,
        };
        events.iter().filter_map(quote).collect()
    };
    match wanted {
        Wanted::Trades => {
            let trade = |(time, event): &(SimTime, MarketEvent)| match event {
                MarketEvent::Trade(trade) => Some(feed::trade_tick(trade, time.seconds())),
                MarketEvent::Quote(_) => None,
            };
            HistoricalTrades { request_id, ticks: events.iter().filter_map(trade).collect(), is_done: true }.into()
        }
        Wanted::Quotes { ignore_size } => {
            let mut quotes = quotes(events);
            if ignore_size {
                quotes.dedup_by(|later, earlier| later.1.prices() == earlier.1.prices());
            }
            let ticks = quotes.iter().map(|(time_s, quote)| feed::quote_tick(quote, *time_s)).collect();
            HistoricalQuotes { request_id, ticks, is_done: true }.into()
        }
        Wanted::MidPoints => {
            let tick = |(time_s, quote): (i64, Quote)| {
                Some(MidPointTick { time_s, price: Some(quote.midpoint()?), size: Some(Decimal::ZERO) })
            };
            let ticks = quotes(events).into_iter().filter_map(tick).collect();
            HistoricalTicks { request_id, ticks, is_done: true }.into()
        }
    }
}
