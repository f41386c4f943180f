//! Markets: quotes, single ticks, books, bars, scanners, news, windows.

use tws_proto::ServerMessage;
use tws_proto::ids::RequestId;
use tws_proto::message::{
    ClientMessage, DepthRow, DisplayGroupUpdated, HistoricalData, HistoricalDataUpdate, NewsBulletin, RealTimeBar,
    RequestMarketData, RequestTickByTick, RerouteMarketDepth, ScannerRow, TickEvent,
};
use tws_proto::time::TimeText;

use super::{Feed, feeds};
use crate::stream::Tick;
use crate::updates::{Conflate, Loss};

feeds! {
    /// `REQ_MKT_DEPTH`: the rows of a book.
    RequestMarketDepth [request_id in Box] -> DepthUpdate: |message| match message {
        ServerMessage::MarketDepth(body) => Some(DepthUpdate::Row(body.row)),
        ServerMessage::MarketDepthLevel2(body) => Some(DepthUpdate::Row(body.row)),
        ServerMessage::RerouteMarketDepth(body) => Some(DepthUpdate::Rerouted(body)),
        _ => None,
    };
    /// `REQ_REAL_TIME_BARS`: a bar every five seconds.
    RequestRealTimeBars [request_id in Box] -> Box<RealTimeBar>: |message| match message {
        ServerMessage::RealTimeBar(body) => Some(body),
        _ => None,
    };
    /// `REQ_HISTORICAL_DATA`: bars of the past, then the newest bar as it grows.
    RequestHistoricalData [request_id in Box, keep_up_to_date: true] -> HistoryUpdate: |message| match message {
        ServerMessage::HistoricalData(body) => Some(HistoryUpdate::Past(body)),
        ServerMessage::HistoricalDataEnd(body) => Some(HistoryUpdate::Complete { start: body.start, end: body.end }),
        ServerMessage::HistoricalDataUpdate(body) => Some(HistoryUpdate::Bar(body)),
        _ => None,
    };
    /// `REQ_SCANNER_SUBSCRIPTION`: a whole new list every time.
    RequestScanner [request_id in Box] -> Vec<ScannerRow>: |message| match message {
        ServerMessage::ScannerData(body) => Some(body.rows),
        _ => None,
    };
    /// `REQ_NEWS_BULLETINS`: bulletins of exchanges.
    RequestNewsBulletins [none] -> NewsBulletin: |message| match message {
        ServerMessage::NewsBulletin(body) => Some(body),
        _ => None,
    };
    /// `SUBSCRIBE_TO_GROUP_EVENTS`: which contract a group of windows shows.
    SubscribeToGroup [request_id] -> DisplayGroupUpdated: |message| match message {
        ServerMessage::DisplayGroupUpdated(body) => Some(body),
        _ => None,
    };
}

/// `REQ_MKT_DATA`: quotes and whatever else was asked for.
impl Feed for RequestMarketData {
    type Item = Tick;

    fn message(&self, request_id: RequestId) -> ClientMessage {
        Box::new(Self { request_id, snapshot: false, regulatory_snapshot: false, ..self.clone() }).into()
    }

    #[inline]
    fn copied(message: &ServerMessage) -> Option<Tick> {
        match message {
            ServerMessage::TickPrice(tick) => Some(Tick::Price(tick.clone())),
            ServerMessage::TickSize(tick) => Some(Tick::Size(tick.clone())),
            _ => None,
        }
    }

    #[inline]
    fn items(message: ServerMessage, deliver: impl FnMut(Tick)) {
        Tick::of(message).into_iter().for_each(deliver);
    }
}

/// `REQ_TICK_BY_TICK_DATA`: every single tick, after those of the past that were asked for.
impl Feed for RequestTickByTick {
    type Item = TickEvent;

    fn message(&self, request_id: RequestId) -> ClientMessage {
        Box::new(Self { request_id, ..self.clone() }).into()
    }

    #[inline]
    fn items(message: ServerMessage, mut deliver: impl FnMut(TickEvent)) {
        match message {
            ServerMessage::TickByTick(body) => deliver(body.event),
            ServerMessage::HistoricalTicks(body) => body.ticks.into_iter().map(TickEvent::MidPoint).for_each(deliver),
            ServerMessage::HistoricalQuotes(body) => body.ticks.into_iter().map(TickEvent::BidAsk).for_each(deliver),
            ServerMessage::HistoricalTrades(body) => {
                body.ticks.into_iter().map(|tick| TickEvent::Last(Box::new(tick))).for_each(deliver);
            }
            _ => {}
        }
    }
}

/// What a stream of depth says. Rows are only right in order and all together: [`Update::Gap`](crate::Update::Gap), and a
/// notice with code 317, mean that the book begins anew. So where a reader is too slow for them, they are asked for anew
/// too. [`DepthBook`](super::DepthBook) puts them together.
#[derive(Clone, Debug, PartialEq)]
pub enum DepthUpdate {
    /// A row comes, changes, or goes.
    Row(DepthRow),
    /// The data of this contract comes from another; subscribe to that one.
    Rerouted(RerouteMarketDepth),
}

/// What a stream of bars that is kept up to date says.
#[derive(Clone, Debug, PartialEq)]
pub enum HistoryUpdate {
    /// Bars of the past.
    Past(HistoricalData),
    /// The past has been told; below server version 196 it is complete without this word.
    Complete {
        /// Where the time that was asked for begins.
        start: TimeText,
        /// Where it ends.
        end: TimeText,
    },
    /// The newest bar as it is now.
    Bar(Box<HistoricalDataUpdate>),
}

impl Conflate for DepthUpdate {
    type Key = ();

    const LOSS: Loss = Loss::Restart;

    fn key(&self) -> Option<()> {
        None
    }
}

impl Conflate for Box<RealTimeBar> {
    type Key = ();

    fn key(&self) -> Option<()> {
        None
    }
}

impl Conflate for HistoryUpdate {
    type Key = TimeText;

    fn key(&self) -> Option<TimeText> {
        match self {
            Self::Bar(body) => Some(body.bar.date.clone()),
            Self::Past(_) | Self::Complete { .. } => None,
        }
    }
}

impl Conflate for Vec<ScannerRow> {
    type Key = ();

    fn key(&self) -> Option<()> {
        Some(())
    }
}

impl Conflate for NewsBulletin {
    type Key = ();

    fn key(&self) -> Option<()> {
        None
    }
}

impl Conflate for DisplayGroupUpdated {
    type Key = ();

    fn key(&self) -> Option<()> {
        Some(())
    }
}
