//! [`DataDesk`]: who hears of which market, and the requests about markets.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tws_proto::ids::{ContractId, RequestId};
use tws_proto::kinds::{DataToShow, DateFormat, MarketDataKind};
use tws_proto::message::{Bar, DepthRow};
use tws_proto::{ClientMessage, ServerVersion};

use super::Core;
use super::delayed::DelayedMarket;
use super::generic_ticks::GenericTicks;
use super::historical::BarSize;
use crate::data_settings::DataSettings;
use crate::feed::Tick;
use crate::hours::HoursKind;
use crate::session::{SessionId, TickChoice};
use crate::time::SimTime;

/// Names a request of a client.
pub(super) type Line = (SessionId, RequestId);

/// Who hears of which market.
#[derive(Debug)]
pub(super) struct DataDesk {
    pub(super) settings: DataSettings,
    pub(super) audiences: BTreeMap<ContractId, Audience>,
    pub(super) clients: BTreeMap<SessionId, DataClient>,
    /// When each waiting snapshot ends.
    pub(super) snapshots: BTreeSet<(SimTime, SessionId, RequestId)>,
    /// Markets as delayed data shows them.
    pub(super) delayed: BTreeMap<ContractId, DelayedMarket>,
    /// When the bars of five seconds that somebody waits for end.
    pub(super) bars_end: Option<SimTime>,
    /// Kept so that an event costs no allocation.
    pub(super) ticks: Vec<Tick>,
}

/// What one client has asked of markets: each request's contract by its id.
#[derive(Debug)]
pub(super) struct DataClient {
    pub(super) version: ServerVersion,
    pub(super) kind: MarketDataKind,
    pub(super) level1: BTreeMap<RequestId, ContractId>,
    pub(super) single: BTreeMap<RequestId, ContractId>,
    pub(super) depth: BTreeMap<RequestId, ContractId>,
    pub(super) bars: BTreeMap<RequestId, ContractId>,
    pub(super) histories: BTreeMap<RequestId, ContractId>,
    /// When requests were made that have to keep their distance, the latest last.
    pub(super) paced: VecDeque<PacedRequest>,
}

/// A request that has to keep its distance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PacedRequest {
    pub(super) time: SimTime,
    /// Contract and kind of data.
    pub(super) about: (ContractId, String),
    /// Everything that makes another request the same one.
    pub(super) identity: String,
    /// How much it counts.
    pub(super) weight: usize,
}

impl DataClient {
    pub(super) const fn new(version: ServerVersion) -> Self {
        Self {
            version,
            kind: MarketDataKind::Live,
            level1: BTreeMap::new(),
            single: BTreeMap::new(),
            depth: BTreeMap::new(),
            bars: BTreeMap::new(),
            histories: BTreeMap::new(),
            paced: VecDeque::new(),
        }
    }
}

/// Who hears of one market.
#[derive(Debug, Default)]
pub(super) struct Audience {
    pub(super) level1: Vec<Level1Line>,
    pub(super) single: Vec<(Line, TickChoice)>,
    pub(super) depth: Vec<DepthLine>,
    pub(super) bars: Vec<BarLine>,
    pub(super) histories: Vec<HistoryLine>,
}

/// A stream of level 1 ticks, or a snapshot that still waits for its values.
#[derive(Debug)]
pub(super) struct Level1Line {
    pub(super) line: Line,
    pub(super) generic: GenericTicks,
    /// Whose news it wants; all where none is named.
    pub(super) providers: Vec<String>,
    pub(super) age: Age,
    /// A snapshot ends at this moment, complete or not.
    pub(super) snapshot_until: Option<SimTime>,
}

impl Level1Line {
    /// Whether it wants what a provider of news writes.
    pub(super) fn hears_news_of(&self, provider: &str) -> bool {
        self.generic.has(292)
            && self.snapshot_until.is_none()
            && (self.providers.is_empty() || self.providers.iter().any(|wanted| wanted == provider))
    }
}

/// Whether a stream shows a market as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    Live,
    Delayed,
}

/// A stream of the book.
#[derive(Debug)]
pub(super) struct DepthLine {
    pub(super) line: Line,
    pub(super) rows: usize,
    pub(super) form: BookForm,
    /// What was told last: bids, asks.
    pub(super) told: [Vec<DepthRow>; 2],
}

/// How a book is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BookForm {
    /// Prices and sizes of one exchange.
    Plain,
    /// With market makers of one exchange.
    MarketMakers,
    /// With the exchanges whose books are one.
    Smart,
}

/// A stream of bars of five seconds.
#[derive(Debug)]
pub(super) struct BarLine {
    pub(super) line: Line,
    pub(super) shows: DataToShow,
    pub(super) hours: HoursKind,
}

/// A request for bars of the past that goes on.
#[derive(Clone, Debug)]
pub(super) struct HistoryLine {
    pub(super) line: Line,
    pub(super) shows: DataToShow,
    pub(super) hours: HoursKind,
    pub(super) size: BarSize,
    pub(super) format: DateFormat,
    /// What was told last.
    pub(super) told: Option<Bar>,
}

impl Audience {
    fn is_empty(&self) -> bool {
        let Self { level1, single, depth, bars, histories } = self;
        level1.is_empty() && single.is_empty() && depth.is_empty() && bars.is_empty() && histories.is_empty()
    }

    fn forget(&mut self, gone: impl Fn(&Line) -> bool) {
        self.level1.retain(|line| !gone(&line.line));
        self.single.retain(|(line, _)| !gone(line));
        self.depth.retain(|line| !gone(&line.line));
        self.bars.retain(|line| !gone(&line.line));
        self.histories.retain(|line| !gone(&line.line));
    }
}

impl DataDesk {
    pub(super) fn new(settings: DataSettings) -> Self {
        Self {
            settings,
            audiences: BTreeMap::new(),
            clients: BTreeMap::new(),
            snapshots: BTreeSet::new(),
            delayed: BTreeMap::new(),
            bars_end: None,
            ticks: Vec::new(),
        }
    }

    /// Whether anybody waits for any market to move.
    pub(super) fn is_watched(&self) -> bool {
        !self.audiences.is_empty()
    }
}

impl Core {
    /// A client came.
    pub(super) fn open_data(&mut self, session: SessionId, version: ServerVersion) {
        self.data.clients.insert(session, DataClient::new(version));
    }

    /// All streams of a client end, as if it had asked for none.
    pub(super) fn end_data(&mut self, session: SessionId) {
        let Some(&DataClient { version, kind, .. }) = self.data.clients.get(&session) else { return };
        self.close_data(session);
        self.data.clients.insert(session, DataClient { kind, ..DataClient::new(version) });
    }

    /// A client is gone, and all its streams with it.
    pub(super) fn close_data(&mut self, session: SessionId) {
        self.data.clients.remove(&session);
        self.data.snapshots.retain(|(_, waiting, _)| *waiting != session);
        let contracts: Vec<ContractId> = self.data.audiences.keys().copied().collect();
        for contract in contracts {
            if let Some(audience) = self.data.audiences.get_mut(&contract) {
                audience.forget(|(own, _)| *own == session);
            }
            self.drop_audience(contract);
        }
    }

    /// Forgets a market that nobody watches any more.
    pub(super) fn drop_audience(&mut self, contract: ContractId) {
        let Some(audience) = self.data.audiences.get(&contract) else { return };
        if !audience.level1.iter().any(|line| line.age == Age::Delayed) {
            self.data.delayed.remove(&contract);
        }
        if audience.is_empty() {
            self.data.audiences.remove(&contract);
        }
        self.plan_bars();
    }

    /// Answers what is asked about markets; gives back everything else.
    pub(super) fn handle_data(&mut self, session: SessionId, message: ClientMessage) -> Option<ClientMessage> {
        match message {
            ClientMessage::RequestMarketData(request) => self.request_market_data(session, &request),
            ClientMessage::CancelMarketData(cancel) => self.cancel_market_data(session, cancel.request_id),
            ClientMessage::RequestMarketDataType(request) => self.choose_data_kind(session, request.kind),
            ClientMessage::RequestTickByTick(request) => self.request_tick_by_tick(session, &request),
            ClientMessage::CancelTickByTick(cancel) => self.cancel_tick_by_tick(session, cancel.request_id),
            ClientMessage::RequestMarketDepth(request) => self.request_depth(session, &request),
            ClientMessage::CancelMarketDepth(cancel) => self.cancel_depth(session, cancel.request_id),
            ClientMessage::RequestRealTimeBars(request) => self.request_real_time_bars(session, &request),
            ClientMessage::CancelRealTimeBars(cancel) => self.cancel_real_time_bars(session, cancel.request_id),
            ClientMessage::RequestHistoricalData(request) => self.request_history(session, &request),
            ClientMessage::CancelHistoricalData(cancel) => self.cancel_history(session, cancel.request_id),
            ClientMessage::RequestHeadTimestamp(request) => self.send_head_timestamp(session, &request),
            ClientMessage::RequestHistogramData(request) => self.send_histogram(session, &request),
            ClientMessage::RequestHistoricalTicks(request) => self.send_historical_ticks(session, &request),
            ClientMessage::CalculateImpliedVolatility(request) => self.calculate_volatility(session, &request),
            ClientMessage::CalculateOptionPrice(request) => self.calculate_price(session, &request),
            // These are answered at once: there is nothing left to end, and TWS says nothing then.
            ClientMessage::CancelHeadTimestamp(_)
            | ClientMessage::CancelHistogramData(_)
            | ClientMessage::CancelHistoricalTicks(_)
            | ClientMessage::CancelCalculateImpliedVolatility(_)
            | ClientMessage::CancelCalculateOptionPrice(_) => {}
            other => return Some(other),
        }
        None
    }

    /// Error 300: what is to be cancelled never began.
    pub(super) fn nothing_to_cancel(&mut self, session: SessionId, id: RequestId) {
        self.outbox.notice(session, id.0, 300, format!("Can't find EId with tickerId:{id}"));
    }

    /// Error 321.
    pub(super) fn invalid(&mut self, session: SessionId, id: RequestId, cause: &str) {
        self.outbox.notice(session, id.0, 321, format!("Error validating request.-'bW' : cause - {cause}"));
    }
}
