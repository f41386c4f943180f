//! [`Past`]: what a market did before the simulator began, made up from the seed.
//!
//! A day is made first: its open, high, low, close and how much traded. Then it is split into its stretches of early,
//! regular and late trading, those into half hours, minutes, five seconds and seconds, each time so that the parts begin
//! and end where the whole does, one of them reaches its high and one its low, and the trades add up. So bars of every
//! size tell the same story, the same request gives the same bars, only what is asked for is made, and the last price
//! before the beginning is the one at which the market begins.
//!
//! All of it is integer arithmetic in price steps, so that every machine makes up the same past.

use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use tws_proto::kinds::SecurityType;

use crate::candle::{Candle, Track};
use crate::dice::{Dice, mix};
use crate::hours::{Calendar, HoursKind, Timetable};
use crate::instrument::{Instrument, MarketKind};
use crate::market::Day;
use crate::time::SimTime;

/// No price falls below this many price steps.
const FLOOR: i64 = 20;
/// No day is further back, trading days.
const DAYS_MAX: usize = 12_000;
/// The first days of history lie between these many calendar days before the beginning.
const HEAD_DAYS: std::ops::RangeInclusive<i64> = 3_700..=11_000;

/// How finely the past is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Grain {
    Second,
    FiveSeconds,
    Minute,
    HalfHour,
}

impl Grain {
    /// Length in milliseconds.
    const fn milliseconds(self) -> i64 {
        match self {
            Self::Second => 1_000,
            Self::FiveSeconds => 5_000,
            Self::Minute => 60_000,
            Self::HalfHour => 1_800_000,
        }
    }
}

/// What a market did before the simulator began.
#[derive(Debug)]
pub(crate) struct Past {
    key: u64,
    market: MarketKind,
    min_tick: Decimal,
    lot: Decimal,
    calendar: Calendar,
    timetable: Timetable,
    /// How far a day goes, in hundredths of a percent.
    sigma: i64,
    /// Where the market begins, in price steps.
    anchor: i64,
    start: SimTime,
}

/// What one day did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PastDay {
    pub(crate) date: Date,
    pub(crate) candle: Candle,
}

/// A stretch of time and what happened in it, in price steps.
#[derive(Clone, Copy, Debug)]
struct Node {
    from: SimTime,
    until: SimTime,
    open: i64,
    high: i64,
    low: i64,
    close: i64,
    /// At least one a second.
    trades: i64,
    /// Lots beyond one a trade.
    extra: i64,
}

/// A part of a stretch before anything is known of it.
#[derive(Clone, Copy, Debug)]
struct Part {
    from: SimTime,
    until: SimTime,
    /// How busy it is.
    weight: i64,
    is_liquid: bool,
}

impl Part {
    /// Seconds that it touches.
    const fn seconds(&self) -> i64 {
        (self.until.since_ms(self.from) + 999) / 1_000
    }
}

impl Past {
    /// The past of an instrument whose market begins at `price` at `start`.
    pub(crate) fn new(instrument: &Instrument, seed: u64, start: SimTime, price: Decimal) -> Self {
        let sigma = match &instrument.security_type {
            SecurityType::Forex => 45,
            SecurityType::Bond | SecurityType::Bill | SecurityType::Fund => 25,
            SecurityType::Index | SecurityType::Future | SecurityType::ContinuousFuture => 90,
            SecurityType::Crypto => 280,
            _ => 130,
        };
        let anchor = (price / instrument.min_tick).round().to_i64().unwrap_or(FLOOR).max(FLOOR);
        Self {
            key: mix(seed, u64::from(instrument.contract_id.0.unsigned_abs())),
            market: instrument.market,
            min_tick: instrument.min_tick,
            lot: instrument.lot,
            calendar: instrument.calendar(),
            timetable: Timetable::of(instrument),
            sigma,
            anchor,
            start,
        }
    }

    pub(crate) const fn timetable(&self) -> &Timetable {
        &self.timetable
    }

    /// The moment before which there is nothing: the first session of its first day.
    pub(crate) fn head(&self) -> SimTime {
        let mut dice = Dice::new(mix(self.key, 0x4EAD));
        let (least, most) = HEAD_DAYS.into_inner();
        let day = self.start.plus_ms(-dice.between(least, most) * 86_400_000);
        self.timetable.session_from(HoursKind::Trading, day).map_or(day, |session| session.opens)
    }

    /// What the day of the beginning did before it.
    pub(crate) fn today(&self) -> Day {
        let close = Some(Decimal::from(self.anchor) * self.min_tick);
        let session = self.timetable.session_at(HoursKind::Trading, self.start);
        let days = session.map(|session| self.days(HoursKind::Trading, session.opens, self.start));
        let Some(today) = days.as_ref().and_then(|days| days.last()) else { return Day { close, ..Day::default() } };
        let Candle { trade, volume, value, trades, .. } = today.candle;
        let Some(track) = trade else { return Day { close, ..Day::default() } };
        let (open, high, low) = (Some(track.open), Some(track.high), Some(track.low));
        Day { open, high, low, close, volume, value, trades }
    }

    /// The days with a moment in `from..until`, oldest first, as far as they lie before the beginning.
    pub(crate) fn days(&self, kind: HoursKind, from: SimTime, until: SimTime) -> Vec<PastDay> {
        let day = |(date, node, parts): (Date, Node, Vec<Part>)| {
            let mut whole: Option<Candle> = None;
            for (part, node) in parts.iter().zip(self.split(&node, &parts, 1)) {
                if kind == HoursKind::Liquid && !part.is_liquid {
                    continue;
                }
                let candle = self.candle(&node);
                match &mut whole {
                    Some(whole) => whole.join(&candle),
                    None => whole = Some(candle),
                }
            }
            whole.map(|candle| PastDay { date, candle })
        };
        self.day_nodes(from, until).into_iter().filter_map(day).collect()
    }

    /// The bars of a grain below a day that begin in `from..until`, oldest first, as far as they lie before the beginning.
    /// The one in which the simulator begins ends there.
    pub(crate) fn candles(&self, grain: Grain, kind: HoursKind, from: SimTime, until: SimTime) -> Vec<Candle> {
        let mut candles = Vec::new();
        for (_, node, parts) in self.day_nodes(from, until) {
            for (part, node) in parts.iter().zip(self.split(&node, &parts, 1)) {
                if kind == HoursKind::Trading || part.is_liquid {
                    self.descend(&node, Grain::HalfHour, grain, (from, until), &mut candles);
                }
            }
        }
        candles
    }

    /// Cuts a stretch into pieces of `step` and those further, down to `grain`.
    fn descend(
        &self,
        node: &Node,
        step: Grain,
        grain: Grain,
        range @ (from, until): (SimTime, SimTime),
        out: &mut Vec<Candle>,
    ) {
        let milliseconds = step.milliseconds();
        let parts = pieces(node.from, node.until, milliseconds);
        for node in self.split(node, &parts, milliseconds.unsigned_abs()) {
            if node.until <= from || node.from >= until {
                continue;
            }
            let finer = match step {
                Grain::HalfHour => Grain::Minute,
                Grain::Minute => Grain::FiveSeconds,
                Grain::FiveSeconds | Grain::Second => Grain::Second,
            };
            if step <= grain {
                if node.from >= from {
                    out.push(self.candle(&node));
                }
            } else {
                self.descend(&node, finer, grain, range, out);
            }
        }
    }

    /// The days with a moment in `from..until` with their stretches, oldest first. Their closes are told backwards from
    /// where the market begins.
    fn day_nodes(&self, from: SimTime, until: SimTime) -> Vec<(Date, Node, Vec<Part>)> {
        let from = from.max(self.head());
        let until = until.min(self.start);
        let mut days = Vec::new();
        if from >= until {
            return days;
        }
        let (first, last) = (self.timetable.date(from), self.timetable.date(until));
        // A session that begins in the evening belongs to the day after.
        let first = first.yesterday().unwrap_or(first);
        let last = last.tomorrow().unwrap_or(last);
        let mut date = self.timetable.date(self.start).tomorrow().unwrap_or(last);
        let (mut close, mut is_first) = (self.anchor, true);
        for _ in 0..DAYS_MAX {
            if date < first {
                break;
            }
            if !self.calendar.is_closed(date) {
                let parts = if date <= last || is_first { self.parts_of(date) } else { Vec::new() };
                // Until a day has begun before the beginning, the next one back may be the one that ends at the anchor.
                let counts = !is_first || !parts.is_empty();
                if counts {
                    // On the day of the beginning the market stands in the end where it stood at first.
                    let open = if is_first { close } else { self.previous_close(date, close) };
                    if parts.first().is_some_and(|part| part.from < until)
                        && parts.last().is_some_and(|part| part.until > from)
                    {
                        days.push((date, self.day_node(date, open, close, &parts), parts));
                    }
                    is_first = false;
                    close = open;
                }
            }
            let Ok(before) = date.yesterday() else { break };
            date = before;
        }
        days.reverse();
        days
    }

    /// Where the day before ended, if this one ended at `close`.
    fn previous_close(&self, date: Date, close: i64) -> i64 {
        let mut dice = Dice::new(mix(self.key, days_of(date)));
        let mut change: i64 = (0..3).map(|_| dice.between(-self.sigma, self.sigma)).sum();
        // Over the years it stays where prices of this kind are.
        if (change < 0) == (close > self.anchor) && (close > 3 * self.anchor || close < self.anchor / 3) {
            change = -change;
        }
        (close.saturating_mul(10_000) / (10_000 + change).max(1)).max(FLOOR)
    }

    fn day_node(&self, date: Date, before: i64, close: i64, parts: &[Part]) -> Node {
        let mut dice = Dice::new(mix(self.key ^ 0xDA1, days_of(date)));
        let reach = (close.saturating_mul(self.sigma) / 10_000).max(3);
        let gap = dice.between(-reach / 3, reach / 3);
        let open = (before + gap).max(FLOOR);
        let high = open.max(close) + dice.between(1, reach);
        let low = (open.min(close) - dice.between(1, reach)).max(FLOOR / 2);
        let seconds: i64 = parts.iter().map(Part::seconds).sum();
        let trades = seconds + seconds * dice.between(20, 180) / 100;
        let extra = trades * dice.between(50, 400) / 100;
        let (from, until) = (parts.first(), parts.last());
        let (from, until) = (from.map_or(self.start, |part| part.from), until.map_or(self.start, |part| part.until));
        Node { from, until, open, high, low: low.min(open).min(close), close, trades, extra }
    }

    /// The stretches of early, regular and late trading of a day, up to the beginning.
    fn parts_of(&self, date: Date) -> Vec<Part> {
        let liquid = self.timetable.sessions_of(HoursKind::Liquid, date);
        let mut parts = Vec::new();
        for session in self.timetable.sessions_of(HoursKind::Trading, date) {
            let inside = |at: &SimTime| session.opens < *at && *at < session.closes;
            let mut cuts: Vec<SimTime> =
                liquid.iter().flat_map(|session| [session.opens, session.closes]).filter(inside).collect();
            cuts.push(session.closes);
            cuts.sort_unstable();
            let mut from = session.opens;
            for cut in cuts {
                let until = cut.min(self.start);
                if from < until {
                    let is_liquid = liquid.iter().any(|session| session.contains(from));
                    let weight = until.since_ms(from) * if is_liquid { 12 } else { 1 };
                    parts.push(Part { from, until, weight, is_liquid });
                }
                from = cut;
            }
        }
        parts
    }

    /// What happened in each of the parts that a stretch consists of.
    fn split(&self, node: &Node, parts: &[Part], level: u64) -> Vec<Node> {
        let mut dice = Dice::new(mix(mix(self.key, level), node.from.0.unsigned_abs()));
        let count = parts.len() as i64;
        let span = node.high - node.low;
        let swing = (span * 10 / (100 * count).isqrt().max(10)).max(1).min(span);
        let (seconds, weight): (i64, i64) =
            parts.iter().fold((0, 0), |(seconds, weight), part| (seconds + part.seconds(), weight + part.weight));
        let (mut trades, mut extra) = (Share::of(node.trades - seconds, weight), Share::of(node.extra, weight));
        let mut open = node.open;
        let mut nodes: Vec<Node> = Vec::with_capacity(parts.len());
        for (index, part) in parts.iter().enumerate() {
            let left = count - index as i64;
            let close = if left == 1 {
                node.close
            } else {
                let drift = (node.close - open) / left;
                (open + drift + dice.between(-swing, swing)).clamp(node.low, node.high)
            };
            let high = (open.max(close) + dice.between(0, swing / 2)).min(node.high);
            let low = (open.min(close) - dice.between(0, swing / 2)).max(node.low);
            nodes.push(Node {
                from: part.from,
                until: part.until,
                open,
                high,
                low,
                close,
                trades: part.seconds() + trades.next(part.weight),
                extra: extra.next(part.weight),
            });
            open = close;
        }
        // The whole's high and low are reached where the parts come nearest.
        if let Some(top) = nodes.iter_mut().max_by_key(|node| node.high) {
            top.high = node.high;
        }
        if let Some(bottom) = nodes.iter_mut().min_by_key(|node| node.low) {
            bottom.low = node.low;
        }
        nodes
    }

    fn candle(&self, node: &Node) -> Candle {
        let price = |steps: i64| Decimal::from(steps) * self.min_tick;
        let track =
            Track { open: price(node.open), high: price(node.high), low: price(node.low), close: price(node.close) };
        let mut candle = Candle { midpoint: Some(track), ..Candle::empty(node.from) };
        if self.market != MarketKind::QuotesOnly {
            candle.trade = Some(track);
            candle.trades = i32::try_from(node.trades).unwrap_or(i32::MAX);
        }
        if self.market == MarketKind::TradesOnly {
            candle.midpoint = None;
            return candle;
        }
        candle.bid = Some(track.shifted(-self.min_tick));
        candle.ask = Some(track.shifted(self.min_tick));
        if self.market == MarketKind::QuotesAndTrades {
            candle.volume = Decimal::from(node.trades + node.extra) * self.lot;
            candle.value = track.average() * candle.volume;
        }
        candle
    }
}

/// Hands out a number by weight so that the parts add up to it.
struct Share {
    whole: i128,
    weight: i128,
    seen: i128,
    given: i128,
}

impl Share {
    fn of(whole: i64, weight: i64) -> Self {
        Self { whole: whole.max(0).into(), weight: weight.max(1).into(), seen: 0, given: 0 }
    }

    fn next(&mut self, weight: i64) -> i64 {
        self.seen += i128::from(weight);
        let due = self.whole * self.seen / self.weight;
        let part = due - self.given;
        self.given = due;
        i64::try_from(part).unwrap_or(i64::MAX)
    }
}

/// `from..until` cut at every multiple of `milliseconds`.
fn pieces(from: SimTime, until: SimTime, milliseconds: i64) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut at = from;
    while at < until {
        let end = at.floor(milliseconds).plus_ms(milliseconds).min(until);
        parts.push(Part { from: at, until: end, weight: end.since_ms(at), is_liquid: true });
        at = end;
    }
    parts
}

fn days_of(date: Date) -> u64 {
    u64::from(date.year().unsigned_abs()) * 400 + u64::from(date.day_of_year().unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    /// 7 October 2013, 13:00:02.5 in New York.
    const START: SimTime = SimTime(1_381_165_202_500);
    const DAY_MS: i64 = 86_400_000;

    fn past(name: &str, seed: u64) -> Past {
        let catalogue = Catalogue::built_in(START);
        let instrument = catalogue.by_name(name).unwrap();
        Past::new(instrument, seed, START, instrument.price)
    }

    fn sum(candles: &[Candle]) -> Candle {
        let mut whole = candles[0];
        for candle in &candles[1..] {
            whole.join(candle);
        }
        whole
    }

    #[test]
    fn every_size_tells_the_same_story() {
        for name in ["IBM", "EUR.USD", "ESZ3", "SPX"] {
            let past = past(name, 7);
            let from = START.plus_ms(-3 * DAY_MS).floor(1_800_000);
            let grains = [Grain::HalfHour, Grain::Minute, Grain::FiveSeconds, Grain::Second];
            let mut before: Option<Vec<Candle>> = None;
            for grain in grains {
                let fine = past.candles(grain, HoursKind::Trading, from, START);
                if let Some(coarse) = before {
                    // Each coarse bar is the sum of the finer ones in it.
                    let mut rest = fine.as_slice();
                    for (index, candle) in coarse.iter().enumerate() {
                        let end = coarse.get(index + 1).map_or(SimTime(i64::MAX), |next| next.from);
                        let inside = rest.partition_point(|fine| fine.from < end);
                        let whole = sum(&rest[..inside]);
                        assert_eq!(
                            (whole.trade, whole.bid, whole.midpoint),
                            (candle.trade, candle.bid, candle.midpoint)
                        );
                        assert_eq!((whole.volume, whole.trades), (candle.volume, candle.trades), "{name} {grain:?}");
                        rest = &rest[inside..];
                    }
                    assert!(rest.is_empty());
                }
                before = Some(fine);
            }
        }
    }

    #[test]
    fn a_day_is_the_sum_of_its_half_hours() {
        let past = past("IBM", 7);
        for kind in [HoursKind::Trading, HoursKind::Liquid] {
            let days = past.days(kind, START.plus_ms(-10 * DAY_MS), START);
            assert_eq!(days.len(), 7, "the 28th to the 7th without weekends");
            let halves = past.candles(Grain::HalfHour, kind, days[0].candle.from, START);
            let mut whole = sum(&halves);
            let mut expected = sum(&days.iter().map(|day| day.candle).collect::<Vec<_>>());
            (whole.value, expected.value) = Default::default();
            assert_eq!(whole, expected);
        }
    }

    #[test]
    fn it_ends_where_the_market_begins_and_stays_on_the_grid() {
        for name in ["IBM", "EUR.USD", "ESZ3", "SPX"] {
            let catalogue = Catalogue::built_in(START);
            let instrument = catalogue.by_name(name).unwrap();
            let past = past(name, 3);
            let seconds = past.candles(Grain::Second, HoursKind::Trading, START.plus_ms(-60_000), START);
            let last = seconds.last().unwrap();
            let track = last.midpoint.or(last.trade).unwrap();
            assert_eq!((last.from, track.close), (START.floor(1000), instrument.price), "{name}");
            for day in past.days(HoursKind::Trading, START.plus_ms(-30 * 365 * DAY_MS), START) {
                let track = day.candle.midpoint.or(day.candle.trade).unwrap();
                for price in [track.open, track.high, track.low, track.close] {
                    assert!(instrument.is_on_grid(price) && price > Decimal::ZERO);
                    assert!(track.low <= price && price <= track.high);
                }
                assert!(track.close < instrument.price * Decimal::TEN, "{name} {track:?}");
            }
        }
    }

    #[test]
    fn what_is_asked_twice_is_answered_alike_whatever_else_is_asked() {
        let past = past("IBM", 7);
        let wide =
            past.candles(Grain::Minute, HoursKind::Liquid, START.plus_ms(-400 * DAY_MS), START.plus_ms(-390 * DAY_MS));
        let narrow = past.candles(Grain::Minute, HoursKind::Liquid, wide[100].from, wide[120].from);
        assert_eq!(narrow, wide[100..120]);
        assert_ne!(
            self::past("IBM", 8).days(HoursKind::Trading, START.plus_ms(-DAY_MS), START),
            past.days(HoursKind::Trading, START.plus_ms(-DAY_MS), START)
        );
        assert!(past.candles(Grain::Minute, HoursKind::Liquid, past.head().plus_ms(-DAY_MS), past.head()).is_empty());
    }

    #[test]
    fn a_weekend_begins_where_friday_ended() {
        let catalogue = Catalogue::built_in(START);
        let instrument = catalogue.by_name("IBM").unwrap();
        let sunday = SimTime(1_381_075_200_000);
        let past = Past::new(instrument, 7, sunday, instrument.price);
        let days = past.days(HoursKind::Trading, sunday.plus_ms(-5 * DAY_MS), sunday);
        let last = days.last().unwrap();
        assert_eq!((last.date.day(), last.candle.trade.unwrap().close), (4, instrument.price));
    }
}
