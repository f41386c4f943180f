//! What a market did in any stretch of time: made up before it opened, recorded since, or followed from others.

use std::collections::BTreeMap;

use tws_proto::ids::ContractId;

use super::Core;
use crate::candle::Candle;
use crate::hours::{HoursKind, Timetable, TradingSession};
use crate::market::{MarketEvent, Source};
use crate::past::{Grain, Past, PastDay};
use crate::time::SimTime;

/// How a market comes by its history.
enum Origin {
    Own,
    Derived(Box<crate::derived::Derivation>),
    Combo(Box<crate::combo::Combo>),
}

impl Core {
    /// What a market did before it opened.
    pub(super) fn past(&mut self, contract: ContractId) -> Option<Past> {
        let instrument = self.catalogue.by_id(contract)?;
        let seed = self.markets.seed();
        let market = self.markets.get_mut(&contract)?;
        let anchor = market.anchor(instrument.price);
        Some(Past::new(instrument, seed, market.opened(), anchor))
    }

    /// The bars of a grain below a day that begin in `from..until`, oldest first; a bar without any event is left out. The
    /// last one may still grow. Bars since the market opened may be finer than asked for, and of the one in which it
    /// opened there may be two parts: whoever puts bars together does not notice.
    pub(super) fn candles(
        &mut self,
        contract: ContractId,
        grain: Grain,
        hours: HoursKind,
        from: SimTime,
        until: SimTime,
    ) -> Vec<Candle> {
        match self.origin(contract) {
            Origin::Own => self.own_candles(contract, grain, hours, (from, until)),
            Origin::Derived(derivation) => {
                let candles = self.candles(derivation.underlying(), grain, HoursKind::Trading, from, until);
                let mut candles: Vec<Candle> = candles.iter().map(|candle| derivation.candle(candle)).collect();
                candles.retain(|candle| candle.trade.is_some());
                self.keep_hours(contract, hours, &mut candles, |candle| candle.from);
                candles
            }
            Origin::Combo(combo) => {
                let mut rows: BTreeMap<SimTime, Vec<Candle>> = BTreeMap::new();
                for leg in combo.legs() {
                    for candle in self.candles(leg, grain, hours, from, until) {
                        rows.entry(candle.from).or_default().push(candle);
                    }
                }
                let legs = combo.legs().count();
                rows.into_values().filter(|row| row.len() == legs).filter_map(|row| combo.candle(&row)).collect()
            }
        }
    }

    /// The days with a moment in `from..until`, oldest first; the last one may still go on.
    pub(super) fn day_candles(
        &mut self,
        contract: ContractId,
        hours: HoursKind,
        from: SimTime,
        until: SimTime,
    ) -> Vec<PastDay> {
        match self.origin(contract) {
            Origin::Own => self.own_days(contract, hours, (from, until)),
            Origin::Derived(derivation) => {
                let days = self.day_candles(derivation.underlying(), HoursKind::Liquid, from, until);
                let day = |day: PastDay| PastDay { candle: derivation.candle(&day.candle), ..day };
                days.into_iter().map(day).filter(|day| day.candle.trade.is_some()).collect()
            }
            Origin::Combo(combo) => {
                let mut rows: BTreeMap<jiff::civil::Date, Vec<Candle>> = BTreeMap::new();
                for leg in combo.legs() {
                    for day in self.day_candles(leg, hours, from, until) {
                        rows.entry(day.date).or_default().push(day.candle);
                    }
                }
                let legs = combo.legs().count();
                let whole = rows.into_iter().filter(|(_, row)| row.len() == legs);
                whole.filter_map(|(date, row)| Some(PastDay { date, candle: combo.candle(&row)? })).collect()
            }
        }
    }

    /// When a contract trades: a combination when its first leg does.
    pub(super) fn timetable_of(&self, contract: ContractId) -> Option<Timetable> {
        let contract = match self.markets.get(&contract)?.source() {
            Source::Combo(combo) => combo.legs().next()?,
            Source::Tape(_) | Source::Walk(_) | Source::Derived(_) | Source::Still => contract,
        };
        self.timetable(contract)
    }

    fn origin(&self, contract: ContractId) -> Origin {
        match self.markets.get(&contract).map(crate::market::Market::source) {
            Some(Source::Derived(derivation)) => Origin::Derived(derivation.clone()),
            Some(Source::Combo(combo)) => Origin::Combo(combo.clone()),
            Some(Source::Tape(_) | Source::Walk(_) | Source::Still) | None => Origin::Own,
        }
    }

    fn own_candles(
        &mut self,
        contract: ContractId,
        grain: Grain,
        hours: HoursKind,
        (from, until): (SimTime, SimTime),
    ) -> Vec<Candle> {
        let Some(past) = self.past(contract) else { return Vec::new() };
        let mut candles = past.candles(grain, hours, from, until);
        let Some(market) = self.markets.get(&contract) else { return candles };
        let record = market.record();
        let mut live: Vec<Candle> = match grain {
            Grain::Second => seconds(record.ticks(from)),
            Grain::FiveSeconds => record.five_seconds(from).collect(),
            Grain::Minute | Grain::HalfHour => record.minutes(from).collect(),
        };
        live.retain(|candle| candle.from < until);
        if hours == HoursKind::Liquid {
            self.keep_hours(contract, hours, &mut live, |candle| candle.from);
        }
        candles.append(&mut live);
        candles
    }

    fn own_days(&mut self, contract: ContractId, hours: HoursKind, (from, until): (SimTime, SimTime)) -> Vec<PastDay> {
        let Some(past) = self.past(contract) else { return Vec::new() };
        let mut days = past.days(hours, from, until);
        let Some(market) = self.markets.get(&contract) else { return days };
        let timetable = past.timetable();
        let mut live: Vec<Candle> = market.record().minutes(from).filter(|candle| candle.from < until).collect();
        if hours == HoursKind::Liquid {
            self.keep_hours(contract, hours, &mut live, |candle| candle.from);
        }
        // What happens outside all hours counts for the day that follows.
        let mut session: Option<TradingSession> = None;
        for candle in live {
            if session.is_none_or(|session| session.closes <= candle.from) {
                session = timetable.session_from(HoursKind::Trading, candle.from);
            }
            let date = session.map_or_else(|| timetable.date(candle.from), |session| session.day);
            match days.last_mut().filter(|last| last.date == date) {
                Some(last) => last.candle.join(&candle),
                None => days.push(PastDay { date, candle }),
            }
        }
        days
    }

    /// Leaves out what does not begin within hours. The items are in order of time.
    pub(super) fn keep_hours<T>(
        &self,
        contract: ContractId,
        hours: HoursKind,
        items: &mut Vec<T>,
        time: impl Fn(&T) -> SimTime,
    ) {
        let (Some(timetable), Some(first), Some(last)) =
            (self.timetable_of(contract), items.first().map(&time), items.last().map(&time))
        else {
            return;
        };
        let mut sessions = timetable.sessions(hours, first, last.plus_ms(1)).peekable();
        items.retain(|item| {
            let at = time(item);
            while sessions.next_if(|session| session.closes <= at).is_some() {}
            // A bar that began a moment before the opening ends after it.
            sessions.peek().is_some_and(|session| session.contains(at))
        });
    }
}

/// One bar for each second in which something happened.
fn seconds<'a>(ticks: impl Iterator<Item = &'a (SimTime, MarketEvent)>) -> Vec<Candle> {
    let mut candles: Vec<Candle> = Vec::new();
    for (time, event) in ticks {
        let from = time.floor(1_000);
        if candles.last().is_none_or(|last| last.from != from) {
            candles.push(candles.last().map_or_else(|| Candle::empty(from), |last| last.after(from)));
        }
        if let Some(candle) = candles.last_mut() {
            match event {
                MarketEvent::Quote(quote) => candle.add_quote(quote),
                MarketEvent::Trade(trade) => candle.add_trade(trade),
            }
        }
    }
    candles
}
