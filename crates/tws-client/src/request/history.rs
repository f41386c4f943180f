//! The past.

use tws_proto::ServerMessage;
use tws_proto::contract::Contract;
use tws_proto::ids::RequestId;
use tws_proto::kinds::{BarSize, DataToShow, DurationText};
use tws_proto::message::{
    Bar, ClientMessage, HistogramEntry, HistoricalSchedule, MidPointTick, QuoteTick, RequestHistoricalData,
    RequestHistoricalTicks, TradeTick,
};
use tws_proto::time::TimeText;

use super::{Request, keyed, one, requests};
use crate::error::RequestError;

requests! {
    /// `REQ_HEAD_TIMESTAMP`: since when there is data.
    RequestHeadTimestamp [request_id in Box] -> TimeText: one HeadTimestamp
        => |body: tws_proto::message::HeadTimestamp| body.time;
    /// `REQ_HISTOGRAM_DATA`: how much was traded at which price.
    RequestHistogramData [request_id in Box] -> Vec<HistogramEntry>: one HistogramData
        => |body: tws_proto::message::HistogramData| body.entries;
}

/// Bars of the past.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The bars, oldest first.
    pub bars: Vec<Bar>,
    /// Where the time that was asked for begins.
    pub start: TimeText,
    /// Where it ends.
    pub end: TimeText,
}

/// `REQ_HISTORICAL_DATA`: bars, once.
impl Request for RequestHistoricalData {
    type Output = History;

    fn message(&self, request_id: RequestId) -> ClientMessage {
        Box::new(Self { request_id, keep_up_to_date: false, ..self.clone() }).into()
    }

    fn output(&self, answers: Vec<ServerMessage>) -> Result<History, RequestError> {
        let mut history = History::default();
        for answer in answers {
            match answer {
                ServerMessage::HistoricalData(body) => {
                    history.bars.extend(body.bars);
                    (history.start, history.end) = (body.start, body.end);
                }
                ServerMessage::HistoricalDataEnd(body) => (history.start, history.end) = (body.start, body.end),
                _ => {}
            }
        }
        Ok(history)
    }
}

/// `REQ_HISTORICAL_DATA` for the sessions in which a contract was traded, instead of bars.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestSchedule(pub RequestHistoricalData);

impl RequestSchedule {
    /// The sessions of so much time, up to now.
    #[must_use]
    pub fn of(contract: &Contract, span: DurationText) -> Self {
        Self(RequestHistoricalData::bars(contract, span, BarSize::Day1).showing(DataToShow::Schedule))
    }
}

impl Request for RequestSchedule {
    type Output = HistoricalSchedule;

    fn message(&self, request_id: RequestId) -> ClientMessage {
        let data_to_show = Some(DataToShow::Schedule);
        Box::new(RequestHistoricalData { request_id, data_to_show, keep_up_to_date: false, ..self.0.clone() }).into()
    }

    fn output(&self, answers: Vec<ServerMessage>) -> Result<HistoricalSchedule, RequestError> {
        one(answers, "HISTORICAL_SCHEDULE", |answer| match answer {
            ServerMessage::HistoricalSchedule(body) => Some(*body),
            _ => None,
        })
    }
}

/// Single ticks of the past, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PastTicks {
    /// Midpoints.
    MidPoints(Vec<MidPointTick>),
    /// Bids and asks.
    Quotes(Vec<QuoteTick>),
    /// Trades.
    Trades(Vec<TradeTick>),
}

/// `REQ_HISTORICAL_TICKS`: single ticks, at most 1000.
impl Request for RequestHistoricalTicks {
    type Output = PastTicks;

    fn message(&self, request_id: RequestId) -> ClientMessage {
        keyed!(self, request_id in Box)
    }

    fn output(&self, answers: Vec<ServerMessage>) -> Result<PastTicks, RequestError> {
        let mut ticks: Option<PastTicks> = None;
        for answer in answers {
            match (answer, &mut ticks) {
                (ServerMessage::HistoricalTicks(body), Some(PastTicks::MidPoints(ticks))) => ticks.extend(body.ticks),
                (ServerMessage::HistoricalQuotes(body), Some(PastTicks::Quotes(ticks))) => ticks.extend(body.ticks),
                (ServerMessage::HistoricalTrades(body), Some(PastTicks::Trades(ticks))) => ticks.extend(body.ticks),
                (ServerMessage::HistoricalTicks(body), None) => ticks = Some(PastTicks::MidPoints(body.ticks)),
                (ServerMessage::HistoricalQuotes(body), None) => ticks = Some(PastTicks::Quotes(body.ticks)),
                (ServerMessage::HistoricalTrades(body), None) => ticks = Some(PastTicks::Trades(body.ticks)),
                // Ticks of two kinds in one answer.
                _ => return Err(RequestError::Nonsense { message: "HISTORICAL_TICKS" }),
            }
        }
        ticks.ok_or(RequestError::Nonsense { message: "HISTORICAL_TICKS" })
    }
}
