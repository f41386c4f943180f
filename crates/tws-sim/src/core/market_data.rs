//! Level 1: subscriptions to ticks, snapshots, and which kind of data a client may have.

use tws_proto::Contract;
use tws_proto::ids::{ContractId, RequestId};
use tws_proto::kinds::{MarketDataKind, SecurityType};
use tws_proto::message::{MarketDataType, RequestMarketData, TickRequestParameters, TickSnapshotEnd};

use super::Core;
use super::contracts::BBO_EXCHANGE;
use super::data::{Age, Level1Line};
use super::generic_ticks::{GenericTicks, news_providers};
use crate::catalogue::{CombinationFault, Resolution};
use crate::data_settings::DataAccess;
use crate::feed;
use crate::instrument::MarketKind;
use crate::market::Market;
use crate::session::SessionId;
use crate::time::SimTime;

/// How long a snapshot waits for values that the market has not shown yet.
const SNAPSHOT_MS: i64 = 11_000;
/// Letters under which exchanges are told that quote, as in the answer to REQ_SMART_COMPONENTS.
const LETTERS: [&str; 6] = ["P", "Q", "K", "QZ", "PKZ", "N"];
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
                let contract = instrument.contract_id;
                self.markets.open(&self.catalogue, instrument, self.now);
                self.catch_up(contract);
                Ok(contract)
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

    pub(super) fn choose_data_kind(&mut self, session: SessionId, kind: MarketDataKind) {
        match (kind, self.data.clients.get_mut(&session)) {
            (MarketDataKind::Other(unknown), _) => {
                let text = format!("Error validating request.-'bY' : cause - Invalid market data type: {unknown}");
                self.outbox.notice(session, -1, 321, text);
            }
            (_, Some(client)) => client.kind = kind,
            (_, None) => {}
        }
    }

    pub(super) fn request_market_data(&mut self, session: SessionId, request: &RequestMarketData) {
        let id = request.request_id;
        let Some(client) = self.data.clients.get(&session) else { return };
        if client.level1.contains_key(&id) {
            return self.outbox.notice(session, id.0, 102, "Duplicate ticker id");
        }
        if client.level1.len() >= self.data.settings.lines {
            return self.outbox.notice(session, id.0, 101, "Max number of tickers has been reached");
        }
        let kind = request.contract.security_type.clone();
        let contract = match self.resolve_live(&request.contract) {
            Ok(contract) => contract,
            Err((code, text)) => return self.outbox.notice(session, id.0, code, text),
        };
        let taken = self.take_line(session, request, contract, kind.as_ref());
        if taken.is_none() {
            self.drop_unwatched(contract);
        }
    }

    /// Starts a stream or a snapshot; `None` where it is refused.
    fn take_line(
        &mut self,
        session: SessionId,
        request: &RequestMarketData,
        contract: ContractId,
        kind: Option<&SecurityType>,
    ) -> Option<()> {
        let id = request.request_id;
        let instrument = self.catalogue.by_id(contract);
        let kind = instrument.map(|instrument| &instrument.security_type).or(kind);
        let min_tick = instrument.map(|instrument| instrument.min_tick);
        let letters = self.letters(contract);
        let generic = match GenericTicks::read(&request.generic_ticks, kind.unwrap_or(&SecurityType::Combination)) {
            Ok(generic) => generic,
            Err(cause) => {
                self.invalid(session, id, &cause);
                return None;
            }
        };
        let is_snapshot = request.snapshot || request.regulatory_snapshot;
        if is_snapshot && !generic.is_empty() {
            self.invalid(session, id, "Snapshot market data subscription is not applicable to generic ticks");
            return None;
        }
        let age = self.permit(session, id, contract)?;
        let shown_kind = match (age, self.data.clients.get(&session).map(|client| client.kind)) {
            (Age::Delayed, Some(MarketDataKind::DelayedFrozen)) if !self.is_open(contract) => {
                MarketDataKind::DelayedFrozen
            }
            (Age::Delayed, _) => MarketDataKind::Delayed,
            (Age::Live, Some(MarketDataKind::Frozen | MarketDataKind::DelayedFrozen)) if !self.is_open(contract) => {
                MarketDataKind::Frozen
            }
            (Age::Live, _) => MarketDataKind::Live,
        };
        let parameters = TickRequestParameters {
            request_id: id,
            min_tick,
            bbo_exchange: BBO_EXCHANGE.to_owned(),
            snapshot_permissions: Some(3),
            ..TickRequestParameters::default()
        };
        self.outbox.send(session, Box::new(parameters));
        self.outbox.send(session, MarketDataType { request_id: id, kind: shown_kind });
        if age == Age::Delayed {
            self.open_delayed(contract);
        }
        let market = self.market_of_age(contract, age);
        let complete = market.is_some_and(|market| self.is_complete(contract, market));
        let letters = letters.filter(|_| age == Age::Live);
        if (!is_snapshot || complete) && !generic.only {
            self.send_picture(session, id, contract, (age, letters));
        }
        if is_snapshot && complete {
            self.outbox.send(session, TickSnapshotEnd { request_id: id });
            self.drop_unwatched(contract);
            return Some(());
        }
        if age == Age::Live {
            for tick in self.generic_picture(contract, generic) {
                self.outbox.send(session, tick.addressed(id));
            }
        }
        let snapshot_until = is_snapshot.then(|| self.now.plus_ms(SNAPSHOT_MS));
        self.data.snapshots.extend(snapshot_until.map(|until| (until, session, id)));
        let providers = news_providers(&request.generic_ticks);
        let line = Level1Line { line: (session, id), generic, providers, age, snapshot_until };
        self.data.audiences.entry(contract).or_default().level1.push(line);
        if let Some(client) = self.data.clients.get_mut(&session) {
            client.level1.insert(id, contract);
        }
        if !is_snapshot && age == Age::Live && !generic.only {
            self.send_option_picture(session, id, contract);
        }
        Some(())
    }

    /// Which data a client gets, after the notices that TWS sends first; `None` where it gets none.
    fn permit(&mut self, session: SessionId, id: RequestId, contract: ContractId) -> Option<Age> {
        let kind = self.data.clients.get(&session)?.kind;
        let wants_delayed = matches!(kind, MarketDataKind::Delayed | MarketDataKind::DelayedFrozen);
        let name = self
            .catalogue
            .by_id(contract)
            .map(|instrument| format!("{} {}/TOP/ALL", instrument.symbol, instrument.primary_exchange));
        let (code, text, age) = match (self.data.settings.access, wants_delayed) {
            // Who has live data gets it whatever was asked.
            (DataAccess::Live, _) => return Some(Age::Live),
            (DataAccess::Delayed, true) => {
                (10167, "Requested market data is not subscribed. Displaying delayed market data.", Some(Age::Delayed))
            }
            (DataAccess::Delayed, false) => {
                (354, "Requested market data is not subscribed. Delayed market data is available.", None)
            }
            (DataAccess::Nothing, true) => {
                (10168, "Requested market data is not subscribed. Delayed market data is not enabled.", None)
            }
            (DataAccess::Nothing, false) => (
                354,
                "Requested market data is not subscribed. Check API status by selecting the Account menu then under Management choose Market Data Subscription Manager and/or availability of delayed data.",
                None,
            ),
        };
        self.outbox.notice(session, id.0, code, format!("{text}{}", name.unwrap_or_default()));
        age
    }

    pub(super) fn cancel_market_data(&mut self, session: SessionId, id: RequestId) {
        if self.remove_level1(session, id).is_none() {
            self.nothing_to_cancel(session, id);
        }
    }

    fn remove_level1(&mut self, session: SessionId, id: RequestId) -> Option<(ContractId, Age)> {
        let contract = self.data.clients.get_mut(&session)?.level1.remove(&id)?;
        let lines = &mut self.data.audiences.get_mut(&contract)?.level1;
        let index = lines.iter().position(|line| line.line == (session, id))?;
        let line = lines.remove(index);
        if let Some(until) = line.snapshot_until {
            self.data.snapshots.remove(&(until, session, id));
        }
        self.drop_audience(contract);
        Some((contract, line.age))
    }

    /// Forgets a market that a request opened and does not watch.
    pub(super) fn drop_unwatched(&mut self, contract: ContractId) {
        self.data.audiences.entry(contract).or_default();
        self.drop_audience(contract);
    }

    /// When the next waiting snapshot ends.
    pub(super) fn next_snapshot(&self) -> Option<SimTime> {
        self.data.snapshots.first().map(|(until, ..)| *until)
    }

    /// Ends the snapshots whose time is over with what there is.
    pub(super) fn end_snapshots(&mut self) {
        while let Some((_, session, id)) = self.data.snapshots.first().copied().filter(|(until, ..)| *until <= self.now)
        {
            self.end_snapshot(session, id);
        }
    }

    pub(super) fn end_snapshot(&mut self, session: SessionId, id: RequestId) {
        let Some(contract) = self.data.clients.get(&session).and_then(|client| client.level1.get(&id)).copied() else {
            return;
        };
        let age =
            self.data.audiences.get(&contract).and_then(|audience| {
                audience.level1.iter().find(|line| line.line == (session, id)).map(|line| line.age)
            });
        let age = age.unwrap_or(Age::Live);
        let letters = self.letters(contract).filter(|_| age == Age::Live);
        self.send_picture(session, id, contract, (age, letters));
        self.outbox.send(session, TickSnapshotEnd { request_id: id });
        self.remove_level1(session, id);
    }

    fn send_picture(
        &mut self,
        session: SessionId,
        id: RequestId,
        contract: ContractId,
        (age, letters): (Age, Option<&'static str>),
    ) {
        let Some(market) = self.market_of_age(contract, age) else { return };
        for tick in feed::picture(market, letters) {
            let tick = if age == Age::Delayed { tick.delayed() } else { Some(tick) };
            if let Some(tick) = tick {
                self.outbox.send(session, tick.addressed(id));
            }
        }
    }

    /// A market as live or delayed data shows it.
    fn market_of_age(&self, contract: ContractId, age: Age) -> Option<&Market> {
        match age {
            Age::Live => self.markets.get(&contract),
            Age::Delayed => self.data.delayed.get(&contract).map(|delayed| delayed.market()),
        }
    }

    /// Whether the market has shown all that a snapshot of it tells.
    pub(super) fn is_complete(&self, contract: ContractId, market: &Market) -> bool {
        let has_quote = market.quote().bid.is_some() && market.quote().ask.is_some();
        match self.catalogue.by_id(contract).map(|instrument| instrument.market) {
            Some(MarketKind::QuotesAndTrades | MarketKind::QuotesOnly) | None => has_quote,
            Some(MarketKind::TradesOnly) => market.last().is_some(),
        }
    }

    /// The letters of the exchanges that quote; only what is routed is told them.
    fn letters(&self, contract: ContractId) -> Option<&'static str> {
        let instrument = self.catalogue.by_id(contract)?;
        let is_routed = instrument.security_type == SecurityType::Stock && instrument.exchange == "SMART";
        LETTERS.get(contract.0.unsigned_abs() as usize % LETTERS.len()).copied().filter(|_| is_routed)
    }
}
