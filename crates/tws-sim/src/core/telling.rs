//! What happens in a market, and who is told.

use tws_proto::ids::ContractId;
use tws_proto::kinds::TickKind;

use super::Core;
use super::data::{Age, Level1Line as Level1, Line};
use super::generic_ticks;
use crate::feed::{self, Before, Tick};
use crate::hours::{HoursKind, MarketHours};
use crate::market::{Halt, MarketEvent};

impl Core {
    /// Makes a market event true and tells everybody whom it concerns.
    pub(super) fn market_event(&mut self, contract: ContractId, event: &MarketEvent) {
        let Some(market) = self.markets.get_mut(&contract) else { return };
        let before = Before::of(market);
        market.apply(event, self.now);
        if self.data.audiences.contains_key(&contract) {
            self.tell_market_event(contract, event, &before);
        }
        self.match_market(contract, event);
        if !self.markets.followers(contract).is_empty() {
            self.follow(contract, event);
        }
    }

    /// Takes what a market does next by itself. A halted market does nothing, and one that keeps its hours rests when they
    /// are over.
    pub(super) fn move_market(&mut self, contract: ContractId) {
        if self.hours == MarketHours::Kept
            && let Some(session) = self.trading_session(HoursKind::Trading, contract)
            && session.opens > self.now
        {
            self.markets.rest_until(contract, session.opens);
            // A tape plays what was recorded when it was.
            if self.markets.next_due().is_some_and(|next| next != (self.now, contract)) {
                return;
            }
        }
        let events = self.markets.next_events(contract);
        let halted = self.markets.get(&contract).is_some_and(|market| market.halt() != Halt::None);
        if halted {
            return;
        }
        for event in events {
            self.market_event(contract, &event);
        }
    }

    /// Moves the markets whose prices follow from this one, as far as anybody watches them.
    fn follow(&mut self, contract: ContractId, event: &MarketEvent) {
        let followers = self.markets.followers(contract).to_vec();
        for follower in followers {
            if !self.is_followed(follower) {
                continue;
            }
            if let Some(event) = self.markets.following(follower, self.now) {
                self.market_event(follower, &event);
            }
            if matches!(event, MarketEvent::Trade(_))
                && let Some(event) = self.markets.following_trade(follower, self.now)
            {
                self.market_event(follower, &event);
            }
        }
    }

    /// Whether anybody cares where a market stands: it is watched, by a condition too, has a live order, is held, or others
    /// follow from it.
    fn is_followed(&self, contract: ContractId) -> bool {
        self.data.audiences.contains_key(&contract)
            || self.desk.has_watchers(contract)
            || !self.desk.live_in(contract).is_empty()
            || !self.markets.followers(contract).is_empty()
            || self.books.accounts().any(|account| account.holdings.contains_key(&contract))
    }

    /// Brings a market up to date that nobody watched.
    pub(super) fn catch_up(&mut self, contract: ContractId) {
        if !self.is_followed(contract)
            && let Some(event) = self.markets.following(contract, self.now)
            && let Some(market) = self.markets.get_mut(&contract)
        {
            market.apply(&event, self.now);
        }
    }

    /// Sends what an event changed to everybody who asked for it.
    fn tell_market_event(&mut self, contract: ContractId, event: &MarketEvent, before: &Before) {
        let now = self.now;
        let mut ticks = std::mem::take(&mut self.data.ticks);
        let mut complete: Vec<Line> = Vec::new();
        if let (Some(market), Some(audience)) = (self.markets.get(&contract), self.data.audiences.get(&contract)) {
            let mut is_complete = None;
            if !audience.level1.is_empty() {
                feed::ticks_of(&mut ticks, event, before, market, now);
            }
            for Level1 { line, generic, snapshot_until, .. } in
                audience.level1.iter().filter(|line| line.age == Age::Live)
            {
                let (session, id) = *line;
                if snapshot_until.is_some() {
                    if *is_complete.get_or_insert_with(|| self.is_complete(contract, market)) {
                        complete.push(*line);
                    }
                    continue;
                }
                if !generic.only {
                    for tick in &ticks {
                        self.outbox.send(session, tick.addressed(id));
                    }
                }
                for tick in generic_ticks::ticks_of_event(*generic, event, market, now) {
                    self.outbox.send(session, tick.addressed(id));
                }
            }
            for ((session, id), choice) in &audience.single {
                if let Some(tick) = feed::single_tick(*choice, event, &before.quote, now) {
                    self.outbox.send(*session, feed::single(*id, tick));
                }
            }
        }
        ticks.clear();
        self.data.ticks = ticks;
        if let Some(delayed) = self.data.delayed.get_mut(&contract) {
            delayed.note(event, now);
        }
        if matches!(event, MarketEvent::Quote(_)) {
            self.tell_book(contract);
        }
        self.tell_option_ticks(contract, event);
        for (session, id) in complete {
            self.end_snapshot(session, id);
        }
    }

    /// Sends ticks to everybody who has a live stream of a market.
    pub(super) fn tell_ticks(&mut self, contract: ContractId, ticks: &[Tick]) {
        let Some(audience) = self.data.audiences.get(&contract) else { return };
        let live = audience.level1.iter().filter(|line| line.age == Age::Live && line.snapshot_until.is_none());
        for Level1 { line: (session, id), .. } in live.filter(|line| !line.generic.only) {
            for tick in ticks {
                self.outbox.send(*session, tick.addressed(*id));
            }
        }
    }

    /// Trading stops, or goes on.
    pub(super) fn halt(&mut self, contract: ContractId, halt: Halt) {
        self.open_market(contract);
        let Some(market) = self.markets.get_mut(&contract) else { return };
        let before = market.halt();
        market.set_halt(halt);
        if before == halt {
            return;
        }
        self.tell_ticks(contract, &[Tick::halted(halt)]);
        if halt == Halt::None {
            let quote = self.markets.get(&contract).map(|market| *market.quote());
            if let Some(quote) = quote {
                self.match_market(contract, &MarketEvent::Quote(quote));
            }
            self.reset_book(contract);
        }
    }

    /// The day ends in every market: what it ended at is told as the close of the day before.
    pub(super) fn end_market_day(&mut self) {
        let mut closes = Vec::new();
        for (contract, market) in self.markets.iter_mut() {
            market.end_day();
            closes.extend(market.day().close.map(|close| (contract, Tick::bare_price(TickKind::Close, close))));
        }
        for (contract, tick) in closes {
            self.tell_ticks(contract, &[tick]);
        }
    }
}
