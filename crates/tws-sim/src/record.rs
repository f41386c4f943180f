//! [`Record`]: what one market did since the simulator began, as far back as it is kept.

use std::collections::VecDeque;

use crate::candle::Candle;
use crate::market::MarketEvent;
use crate::time::SimTime;

/// Length of the shortest bars that are kept, milliseconds.
pub(crate) const FIVE_SECONDS_MS: i64 = 5_000;
/// Length of the bars that are kept longer, milliseconds.
pub(crate) const MINUTE_MS: i64 = 60_000;

/// How much of the past a market keeps. The more markets there are, the less each of them keeps, so that the whole stays
/// bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Keep {
    five_seconds: usize,
    minutes: usize,
    ticks: usize,
}

impl Keep {
    /// What each of so many markets keeps: with few, two hours of bars of five seconds, five days of minutes and five
    /// thousand ticks.
    pub(crate) fn for_markets(count: usize) -> Self {
        let share = |all: usize, least: usize, most: usize| (all / count.max(1)).clamp(least, most);
        Self {
            five_seconds: share(40_000, 24, 1_440),
            minutes: share(200_000, 60, 7_200),
            ticks: share(150_000, 100, 5_000),
        }
    }
}

/// What one market did since the simulator began.
#[derive(Debug)]
pub(crate) struct Record {
    keep: Keep,
    /// The bar of five seconds and the minute that grow.
    growing: Option<(Candle, Candle)>,
    five_seconds: VecDeque<Candle>,
    minutes: VecDeque<Candle>,
    ticks: VecDeque<(SimTime, MarketEvent)>,
}

impl Record {
    pub(crate) fn new(keep: Keep) -> Self {
        Self { keep, growing: None, five_seconds: VecDeque::new(), minutes: VecDeque::new(), ticks: VecDeque::new() }
    }

    pub(crate) fn keep(&mut self, keep: Keep) {
        self.keep = keep;
    }

    /// Notes an event. Times never go back.
    pub(crate) fn note(&mut self, event: &MarketEvent, now: SimTime) {
        self.roll(now);
        let (five, _) = self
            .growing
            .get_or_insert_with(|| (Candle::empty(now.floor(FIVE_SECONDS_MS)), Candle::empty(now.floor(MINUTE_MS))));
        match event {
            MarketEvent::Quote(quote) => five.add_quote(quote),
            MarketEvent::Trade(trade) => five.add_trade(trade),
        }
        push(&mut self.ticks, (now, event.clone()), self.keep.ticks);
    }

    /// The kept bars of five seconds from `from` on, oldest first; the last one may still grow.
    pub(crate) fn five_seconds(&self, from: SimTime) -> impl Iterator<Item = Candle> {
        let growing = self.growing.as_ref().map(|(five, _)| *five);
        since(&self.five_seconds, from).copied().chain(growing.filter(move |candle| candle.from >= from))
    }

    /// The kept minutes from `from` on, oldest first; the last one may still grow.
    pub(crate) fn minutes(&self, from: SimTime) -> impl Iterator<Item = Candle> {
        let growing = self.growing.as_ref().map(|(five, minute)| {
            let mut whole = *minute;
            whole.join(five);
            whole
        });
        since(&self.minutes, from).copied().chain(growing.filter(move |candle| candle.from >= from))
    }

    /// The kept events from `from` on, oldest first.
    pub(crate) fn ticks(&self, from: SimTime) -> impl DoubleEndedIterator<Item = &(SimTime, MarketEvent)> {
        let first = self.ticks.partition_point(|(time, _)| *time < from);
        self.ticks.range(first..)
    }

    /// The bar of five seconds that began at `from`, told what stood there before where nothing happened.
    pub(crate) fn bar_at(&self, from: SimTime) -> Option<Candle> {
        let (five, _) = self.growing.as_ref()?;
        if five.from == from {
            return Some(*five);
        }
        if five.from < from {
            return Some(five.after(from));
        }
        let kept = self.five_seconds.partition_point(|candle| candle.from <= from).checked_sub(1)?;
        let candle = self.five_seconds.get(kept)?;
        Some(if candle.from == from { *candle } else { candle.after(from) })
    }

    /// Closes the bars that are over.
    fn roll(&mut self, now: SimTime) {
        let Some((five, minute)) = &mut self.growing else { return };
        if now.since_ms(five.from) < FIVE_SECONDS_MS {
            return;
        }
        push(&mut self.five_seconds, *five, self.keep.five_seconds);
        minute.join(five);
        *five = five.after(now.floor(FIVE_SECONDS_MS));
        if now.since_ms(minute.from) >= MINUTE_MS {
            push(&mut self.minutes, *minute, self.keep.minutes);
            *minute = Candle::empty(now.floor(MINUTE_MS));
        }
    }
}

fn since(kept: &VecDeque<Candle>, from: SimTime) -> impl Iterator<Item = &Candle> {
    let first = kept.partition_point(|candle| candle.from < from);
    kept.range(first..)
}

fn push<T>(kept: &mut VecDeque<T>, item: T, most: usize) {
    while kept.len() >= most.max(1) {
        kept.pop_front();
    }
    kept.push_back(item);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::Trade;
    use rust_decimal::Decimal;

    fn recorded(keep: Keep, events: &[(i64, i64)]) -> Record {
        let mut record = Record::new(keep);
        for (time, price) in events {
            let trade = Trade { price: (*price).into(), size: Decimal::ONE, exchange: String::new() };
            record.note(&MarketEvent::Trade(trade), SimTime(*time));
        }
        record
    }

    #[test]
    fn minutes_are_the_sum_of_their_bars() {
        let record =
            recorded(Keep::for_markets(1), &[(1_000, 10), (7_000, 13), (59_999, 9), (60_000, 11), (66_000, 12)]);
        let closes = |candles: &mut dyn Iterator<Item = Candle>| -> Vec<(i64, String)> {
            candles.map(|candle| (candle.from.0, candle.trade.unwrap().close.to_string())).collect()
        };
        let fives = closes(&mut record.five_seconds(SimTime(0)));
        assert_eq!(fives.iter().map(|(from, _)| *from).collect::<Vec<_>>(), [0, 5_000, 55_000, 60_000, 65_000]);
        assert_eq!(closes(&mut record.minutes(SimTime(0))), [(0, "9".into()), (60_000, "12".into())]);
        let first = record.minutes(SimTime(0)).next().unwrap();
        assert_eq!((first.trades, first.trade.unwrap().high), (3, 13.into()));
        assert_eq!(record.minutes(SimTime(1)).count(), 1);
    }

    #[test]
    fn memory_is_bounded() {
        let keep = Keep::for_markets(1_000_000);
        let events: Vec<(i64, i64)> = (0..100_000).map(|n| (n * 2_500, n % 7 + 1)).collect();
        let record = recorded(keep, &events);
        assert_eq!(record.ticks(SimTime(0)).count(), 100);
        assert_eq!(record.five_seconds(SimTime(0)).count(), 25);
        assert_eq!(record.minutes(SimTime(0)).count(), 61);
    }

    #[test]
    fn a_bar_without_events_stands_where_the_last_one_ended() {
        let record = recorded(Keep::for_markets(1), &[(1_000, 10), (22_000, 12)]);
        assert_eq!(record.bar_at(SimTime(0)).unwrap().trades, 1);
        assert_eq!(record.bar_at(SimTime(10_000)).unwrap().trades, 0);
        assert_eq!(record.bar_at(SimTime(25_000)).unwrap().trades, 0);
        assert_eq!(record.bar_at(SimTime(-5_000)), None);
    }
}
