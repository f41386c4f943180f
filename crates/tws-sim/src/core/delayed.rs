//! [`DelayedMarket`]: a market as it was some minutes ago, for those who may see no more.

use std::collections::VecDeque;

use rust_decimal::Decimal;
use tws_proto::ids::ContractId;

use super::Core;
use super::data::Age;
use crate::feed::{self, Before};
use crate::hours::HoursKind;
use crate::market::{Level, Market, MarketEvent, Quote, Source, Trade};
use crate::past::Grain;
use crate::time::SimTime;

/// No more events wait to be told; of those beyond, the oldest are left out.
const WAITING_MAX: usize = 50_000;

/// A market as it was some minutes ago.
#[derive(Debug)]
pub(super) struct DelayedMarket {
    market: Market,
    waiting: VecDeque<(SimTime, MarketEvent)>,
}

impl DelayedMarket {
    pub(super) const fn market(&self) -> &Market {
        &self.market
    }

    pub(super) fn note(&mut self, event: &MarketEvent, now: SimTime) {
        if self.waiting.len() >= WAITING_MAX {
            self.waiting.pop_front();
        }
        self.waiting.push_back((now, event.clone()));
    }
}

impl Core {
    /// Begins to show a market late: with what stood there then.
    pub(super) fn open_delayed(&mut self, contract: ContractId) {
        if self.data.delayed.contains_key(&contract) {
            return;
        }
        let now = self.now;
        let then = now.plus_ms(-self.data.settings.delay_ms);
        let candle =
            self.candles(contract, Grain::Minute, HoursKind::Trading, then.plus_ms(-4 * 86_400_000), then).pop();
        let Some(market) = self.markets.get(&contract) else { return };
        let mut late = Market::new(Source::Still, market.day().close);
        let lot = self.catalogue.by_id(contract).map_or(Decimal::ONE, |instrument| instrument.lot);
        if let Some(candle) = candle {
            let level = |price| Level { price, size: lot };
            let (bid, ask) = (candle.bid.map(|track| level(track.close)), candle.ask.map(|track| level(track.close)));
            late.apply(&MarketEvent::Quote(Quote { bid, ask }), candle.from);
            if let Some(track) = candle.trade {
                let trade = Trade { price: track.close, size: lot, exchange: String::new() };
                late.apply(&MarketEvent::Trade(trade), candle.from);
            }
        }
        // What happened since then and is remembered follows when it is old enough.
        let waiting = market.record().ticks(then).cloned().collect();
        self.data.delayed.insert(contract, DelayedMarket { market: late, waiting });
    }

    /// When something is old enough to be told.
    pub(super) fn next_delayed(&self) -> Option<SimTime> {
        let delay_ms = self.data.settings.delay_ms;
        let first = |delayed: &DelayedMarket| delayed.waiting.front().map(|(time, _)| time.plus_ms(delay_ms));
        self.data.delayed.values().filter_map(first).min()
    }

    /// Tells what is old enough.
    pub(super) fn tell_delayed(&mut self) {
        let until = self.now.plus_ms(-self.data.settings.delay_ms);
        let mut ticks = std::mem::take(&mut self.data.ticks);
        for (contract, delayed) in &mut self.data.delayed {
            while let Some((time, event)) = delayed.waiting.front().filter(|(time, _)| *time <= until) {
                let before = Before::of(&delayed.market);
                delayed.market.apply(event, *time);
                feed::ticks_of(&mut ticks, event, &before, &delayed.market, *time);
                delayed.waiting.pop_front();
                let audience = self.data.audiences.get(contract);
                let late =
                    audience.into_iter().flat_map(|audience| &audience.level1).filter(|line| line.age == Age::Delayed);
                for line in late.filter(|line| line.snapshot_until.is_none()) {
                    let (session, id) = line.line;
                    for tick in ticks.iter().filter_map(|tick| tick.clone().delayed()) {
                        self.outbox.send(session, tick.addressed(id));
                    }
                }
                ticks.clear();
            }
        }
        self.data.ticks = ticks;
    }
}
