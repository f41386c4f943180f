//! Subscriptions to market data, and what a market's events are to them.

use tws_proto::Contract;
use tws_proto::ids::{ContractId, RequestId};
use tws_proto::kinds::SecurityType;
use tws_proto::kinds::{MarketDataKind, TickByTickKind};
use tws_proto::message::{
    MarketDataType, RequestMarketData, RequestTickByTick, TickRequestParameters, TickSnapshotEnd,
};

use super::Core;
use crate::catalogue::{CombinationFault, Resolution};
use crate::feed::{self, Before};
use crate::instrument::MarketKind;
use crate::market::{Market, MarketEvent};
use crate::session::{MarketSubscription, SessionId, TickChoice, TickSubscription};
use crate::time::SimTime;

/// How long a snapshot waits for values that the market has not shown yet.
const SNAPSHOT_MS: i64 = 11_000;
/// Generic tick of trades with their volume.
const TRADE_VOLUME: &str = "233";
const NO_DEFINITION: &str = "No security definition has been found for the request";

/// Why a request does not name one contract: code and text of the notice.
pub(super) type Unresolved = (i32, String);

/// What TWS says of a description that fits several contracts.
fn ambiguous(wanted: &Contract) -> String {
    let name = if wanted.symbol.is_empty() { &wanted.local_symbol } else { &wanted.symbol };
    let more = match &wanted.security_type {
        Some(SecurityType::Future | SecurityType::Option | SecurityType::FutureOption) => {
            "; you must specify the multiplier or trading class"
        }
        _ => "",
    };
    format!("The contract description specified for {name} is ambiguous{more}.")
}

impl Core {
    /// The one contract a request means. Its market is open from then on.
    pub(super) fn resolve(&mut self, wanted: &Contract) -> Result<ContractId, Unresolved> {
        if wanted.is_combination() && wanted.known_id().is_none() {
            return self.combine(wanted);
        }
        match self.catalogue.resolve(wanted, self.now) {
            Resolution::One(instrument) => {
                self.markets.open(instrument, self.now);
                Ok(instrument.contract_id)
            }
            Resolution::Unknown => Err((200, NO_DEFINITION.to_owned())),
            Resolution::Ambiguous => Err((200, ambiguous(wanted))),
            Resolution::WithoutKind => {
                Err((321, "Error validating request.-'bM' : cause - Please enter a valid security type".to_owned()))
            }
        }
    }

    /// A combination and the markets of its legs are open from then on.
    fn combine(&mut self, wanted: &Contract) -> Result<ContractId, Unresolved> {
        let id = self.catalogue.combine(wanted, self.now).map_err(|fault| match fault {
            CombinationFault::UnknownLeg(_) => (200, NO_DEFINITION.to_owned()),
            fault => (321, format!("Error validating request.-'bM' : cause - Invalid combo: {fault}")),
        })?;
        let legs = self.catalogue.by_id(id).map(|combination| combination.legs.clone()).unwrap_or_default();
        legs.iter().for_each(|leg| self.open_market(leg.contract_id));
        self.open_market(id);
        Ok(id)
    }

    pub(super) fn request_market_data(&mut self, session: SessionId, request: &RequestMarketData) {
        let id = request.request_id;
        if self.sessions.get(&session).is_none_or(|this| this.market_data.contains_key(&id)) {
            return self.outbox.notice(session, id.0, 102, "Duplicate ticker id");
        }
        let mut generic = request.generic_ticks.split(',').map(str::trim).filter(|tick| !tick.is_empty());
        if let Some(bad) =
            generic.clone().find(|tick| tick.trim_start_matches("mdoff").parse::<u16>().is_err() && *tick != "mdoff")
        {
            let text = format!("Error validating request.-'bQ' : cause - Incorrect generic tick list: {bad}");
            return self.outbox.notice(session, id.0, 321, text);
        }
        let is_snapshot = request.snapshot || request.regulatory_snapshot;
        if is_snapshot && generic.clone().next().is_some() {
            let text = "Error validating request.-'bQ' : cause - Snapshot market data subscription is not applicable to generic ticks";
            return self.outbox.notice(session, id.0, 321, text);
        }
        let contract = match self.resolve(&request.contract) {
            Ok(contract) => contract,
            Err((code, text)) => return self.outbox.notice(session, id.0, code, text),
        };
        let min_tick = self.catalogue.by_id(contract).map(|instrument| instrument.min_tick);
        let parameters = TickRequestParameters {
            request_id: id,
            min_tick,
            bbo_exchange: "9c0001".to_owned(),
            snapshot_permissions: Some(3),
            ..TickRequestParameters::default()
        };
        self.outbox.send(session, Box::new(parameters));
        self.outbox.send(session, MarketDataType { request_id: id, kind: MarketDataKind::Live });
        let subscription = MarketSubscription {
            contract,
            trade_volume: generic.any(|tick| tick == TRADE_VOLUME),
            snapshot_until: is_snapshot.then(|| self.now.plus_ms(SNAPSHOT_MS)),
        };
        let complete = self.markets.get(&contract).is_some_and(|market| self.is_complete(contract, market));
        if !is_snapshot || complete {
            self.send_picture(session, id, contract);
        }
        if is_snapshot && complete {
            return self.outbox.send(session, TickSnapshotEnd { request_id: id });
        }
        if let Some(this) = self.sessions.get_mut(&session) {
            this.market_data.insert(id, subscription);
        }
    }

    pub(super) fn cancel_market_data(&mut self, session: SessionId, id: RequestId) {
        let known = self.sessions.get_mut(&session).is_some_and(|this| this.market_data.remove(&id).is_some());
        if !known {
            self.outbox.notice(session, id.0, 300, format!("Can't find EId with tickerId:{id}"));
        }
    }

    pub(super) fn request_tick_by_tick(&mut self, session: SessionId, request: &RequestTickByTick) {
        let id = request.request_id;
        if self.sessions.get(&session).is_none_or(|this| this.single_ticks.contains_key(&id)) {
            return self.outbox.notice(session, id.0, 102, "Duplicate ticker id");
        }
        let asked = request.kind.clone().unwrap_or_default();
        let choice = match &asked {
            TickByTickKind::Last => TickChoice::Last,
            TickByTickKind::AllLast => TickChoice::AllLast,
            TickByTickKind::BidAsk => TickChoice::BidAsk { ignore_size: request.ignore_size },
            TickByTickKind::MidPoint => TickChoice::MidPoint,
            TickByTickKind::Other(unknown) => {
                let text = format!("Error validating request.-'cx' : cause - Invalid tick type: {unknown}");
                return self.outbox.notice(session, id.0, 321, text);
            }
        };
        let contract = match self.resolve(&request.contract) {
            Ok(contract) => contract,
            Err((code, text)) => return self.outbox.notice(session, id.0, code, text),
        };
        let kind = self.catalogue.by_id(contract).map(|instrument| instrument.market);
        let shown = match choice {
            TickChoice::Last | TickChoice::AllLast => kind != Some(MarketKind::QuotesOnly),
            TickChoice::BidAsk { .. } | TickChoice::MidPoint => kind != Some(MarketKind::TradesOnly),
        };
        if !shown {
            let text = format!("Failed to request tick-by-tick data.No market data of type {asked}");
            return self.outbox.notice(session, id.0, 10189, text);
        }
        if let Some(market) = self.markets.get(&contract) {
            // The quote of this moment is the first tick; trades start with the next one.
            let event = MarketEvent::Quote(*market.quote());
            if let Some(event) = feed::single_tick(choice, &event, &Default::default(), self.now) {
                self.outbox.send(session, feed::single(id, event));
            }
        }
        if let Some(this) = self.sessions.get_mut(&session) {
            this.single_ticks.insert(id, TickSubscription { contract, choice });
        }
    }

    pub(super) fn cancel_tick_by_tick(&mut self, session: SessionId, id: RequestId) {
        let known = self.sessions.get_mut(&session).is_some_and(|this| this.single_ticks.remove(&id).is_some());
        if !known {
            self.outbox.notice(session, id.0, 300, format!("Can't find EId with tickerId:{id}"));
        }
    }

    /// Sends what an event changed to everybody who asked for it.
    pub(super) fn tell_market_event(&mut self, contract: ContractId, event: &MarketEvent, before: &Before) {
        let Some(market) = self.markets.get(&contract) else { return };
        let ticks = feed::ticks_of(event, before, market, self.now);
        let mut complete_snapshots = Vec::new();
        let is_complete = self.is_complete(contract, market);
        for (session, this) in &self.sessions {
            for (id, subscription) in
                this.market_data.iter().filter(|(_, subscription)| subscription.contract == contract)
            {
                if subscription.snapshot_until.is_some() {
                    if is_complete {
                        complete_snapshots.push((*session, *id));
                    }
                    continue;
                }
                for tick in &ticks {
                    self.outbox.send(*session, tick.addressed(*id));
                }
                if let (true, MarketEvent::Trade(trade)) = (subscription.trade_volume, event) {
                    self.outbox.send(*session, feed::trade_volume(trade, market, self.now).addressed(*id));
                }
            }
            for (id, subscription) in
                this.single_ticks.iter().filter(|(_, subscription)| subscription.contract == contract)
            {
                if let Some(tick) = feed::single_tick(subscription.choice, event, &before.quote, self.now) {
                    self.outbox.send(*session, feed::single(*id, tick));
                }
            }
        }
        for (session, id) in complete_snapshots {
            self.end_snapshot(session, id);
        }
    }

    /// When the next waiting snapshot ends.
    pub(super) fn next_snapshot(&self) -> Option<SimTime> {
        let subscriptions = self.sessions.values().flat_map(|session| session.market_data.values());
        subscriptions.filter_map(|subscription| subscription.snapshot_until).min()
    }

    /// Ends the snapshots whose time is over with what there is.
    pub(super) fn end_snapshots(&mut self) {
        let now = self.now;
        let over = |subscription: &MarketSubscription| subscription.snapshot_until.is_some_and(|until| until <= now);
        let ended: Vec<(SessionId, RequestId)> = self
            .sessions
            .iter()
            .flat_map(|(session, this)| this.market_data.iter().map(|(id, subscription)| (*session, *id, subscription)))
            .filter(|(_, _, subscription)| over(subscription))
            .map(|(session, id, _)| (session, id))
            .collect();
        for (session, id) in ended {
            self.end_snapshot(session, id);
        }
    }

    fn end_snapshot(&mut self, session: SessionId, id: RequestId) {
        let removed = self.sessions.get_mut(&session).and_then(|this| this.market_data.remove(&id));
        if let Some(subscription) = removed {
            self.send_picture(session, id, subscription.contract);
            self.outbox.send(session, TickSnapshotEnd { request_id: id });
        }
    }

    fn send_picture(&mut self, session: SessionId, id: RequestId, contract: ContractId) {
        if let Some(market) = self.markets.get(&contract) {
            for tick in feed::picture(market) {
                self.outbox.send(session, tick.addressed(id));
            }
        }
    }

    /// Whether the market has shown all that a snapshot of it tells.
    fn is_complete(&self, contract: ContractId, market: &Market) -> bool {
        let has_quote = market.quote().bid.is_some() && market.quote().ask.is_some();
        match self.catalogue.by_id(contract).map(|instrument| instrument.market) {
            Some(MarketKind::QuotesAndTrades | MarketKind::QuotesOnly) => has_quote,
            Some(MarketKind::TradesOnly) | None => market.last().is_some(),
        }
    }
}
