//! News, calendars, scanners, financial advisors, windows.

use tws_proto::ServerMessage;
use tws_proto::ids::RequestId;
use tws_proto::message::{
    ClientMessage, HistoricalNews, NewsArticle, NewsProvider, ReplaceAdvisorData, RequestHistoricalNews,
};

use super::{Acting, Request, keyed, one, requests};
use crate::error::RequestError;

requests! {
    /// `REQ_NEWS_PROVIDERS`: who the login may read.
    RequestNewsProviders -> Vec<NewsProvider>: one NewsProviders => |body: tws_proto::message::NewsProviders| body.providers;
    /// `REQ_NEWS_ARTICLE`: the text behind a headline.
    RequestNewsArticle [request_id] -> NewsArticle: one NewsArticle;
    /// `REQ_WSH_META_DATA`: which events the calendar of Wall Street Horizon has, as JSON.
    RequestHorizonMetaData [request_id] -> String: one HorizonMetaData => |body: tws_proto::message::HorizonMetaData| body.json;
    /// `REQ_WSH_EVENT_DATA`: events of the calendar of Wall Street Horizon, as JSON.
    RequestHorizonEventData [request_id in Box] -> String: one HorizonEventData
        => |body: tws_proto::message::HorizonEventData| body.json;
    /// `REQ_SCANNER_PARAMETERS`: what scanners can be asked for, as XML of about two megabytes.
    RequestScannerParameters -> String: one ScannerParameters => |body: tws_proto::message::ScannerParameters| body.xml;
    /// `REQ_FA`: settings of a financial advisor, as XML.
    RequestAdvisorData -> String: one AdvisorData => |body: tws_proto::message::AdvisorData| body.xml;
    /// `QUERY_DISPLAY_GROUPS`: the groups of windows that show the same contract.
    QueryDisplayGroups [request_id] -> Vec<i32>: one DisplayGroups => |body: tws_proto::message::DisplayGroups| {
        body.groups.split('|').filter_map(|group| group.trim().parse().ok()).collect()
    };
}

/// Headlines of the past.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PastNews {
    /// The headlines, newest first.
    pub headlines: Vec<HistoricalNews>,
    /// Whether there are more than were asked for.
    pub has_more: bool,
}

/// `REQ_HISTORICAL_NEWS`: headlines about a contract, at most 300.
impl Request for RequestHistoricalNews {
    type Output = PastNews;

    fn message(&self, request_id: RequestId) -> ClientMessage {
        keyed!(self, request_id in Box)
    }

    fn output(&self, answers: Vec<ServerMessage>) -> Result<PastNews, RequestError> {
        let mut news = PastNews::default();
        for answer in answers {
            match answer {
                ServerMessage::HistoricalNews(body) => news.headlines.push(*body),
                ServerMessage::HistoricalNewsEnd(body) => news.has_more = body.has_more,
                _ => {}
            }
        }
        Ok(news)
    }
}

/// `REPLACE_FA`: new settings of a financial advisor; answered with what TWS says to them.
impl Request for Acting<ReplaceAdvisorData> {
    type Output = String;

    fn message(&self, request_id: RequestId) -> ClientMessage {
        let Self(body) = self;
        keyed!(body, request_id)
    }

    fn output(&self, answers: Vec<ServerMessage>) -> Result<String, RequestError> {
        one(answers, "REPLACE_FA_END", |answer| match answer {
            ServerMessage::AdvisorDataReplaced(body) => Some(body.text),
            _ => None,
        })
    }
}
