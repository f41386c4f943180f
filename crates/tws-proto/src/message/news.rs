//! News: bulletins, headlines, articles.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::ids::{ContractId, RequestId};
use crate::kinds::{ArticleKind, BulletinKind};
use crate::tags::TagValue;
use crate::time::{TimeText, instants};
use crate::wire::{Layout, Wire, layout};

/// Asks for IB's bulletins. `REQ_NEWS_BULLETINS`, method `reqNewsBulletins`.
/// Answered by [`NewsBulletin`] until [`CancelNewsBulletins`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestNewsBulletins {
    /// Those of today too, not new ones only. Wire name `allMsgs`, `allMessages`.
    pub all_messages: bool,
}
layout!(RequestNewsBulletins, version "1" { 1 all_messages });

/// Ends the stream of bulletins. `CANCEL_NEWS_BULLETINS`, method `cancelNewsBulletins`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelNewsBulletins {}
layout!(CancelNewsBulletins, version "1" {});

/// A bulletin. `NEWS_BULLETINS`, callback `updateNewsBulletin`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewsBulletin {
    /// Its number. Wire name `msgId`, `newsMsgId`.
    pub bulletin_id: Option<i32>,
    /// What it is about. Wire name `msgType`, `newsMsgType`.
    pub kind: Option<BulletinKind>,
    /// Wire name `newsMessage`.
    pub text: String,
    /// Where it comes from. Wire name `originExch`, `originatingExch`.
    pub exchange: String,
}
layout!(NewsBulletin, version "1" { 1 bulletin_id, 2 kind, escaped 3 text, escaped 4 exchange });

/// Asks whose news the login may read. `REQ_NEWS_PROVIDERS`, method `reqNewsProviders`. Answered by [`NewsProviders`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestNewsProviders {}
layout!(RequestNewsProviders {});

/// Whose news the login may read. `NEWS_PROVIDERS`, callback `newsProviders`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewsProviders {
    /// Wire name `newsProviders`.
    pub providers: Vec<NewsProvider>,
}
layout!(NewsProviders { list 1 providers });

/// One provider of news. Wire name `NewsProvider`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewsProvider {
    /// Wire name `code`, `providerCode`.
    pub code: String,
    /// Wire name `name`, `providerName`.
    pub name: String,
}
layout!(NewsProvider { 1 code, 2 name });

/// Asks for the text behind a headline. `REQ_NEWS_ARTICLE`, method `reqNewsArticle`. Answered by [`NewsArticle`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestNewsArticle {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `providerCode`.
    pub provider: String,
    /// As the headline told it. Wire name `articleId`.
    pub article_id: String,
    /// Open-ended options. Wire name `newsArticleOptions`.
    pub options: Vec<TagValue>,
}
layout!(RequestNewsArticle { 1 request_id, 2 provider, 3 article_id, tag_string 4 options });

/// The text behind a headline. `NEWS_ARTICLE`, callback `newsArticle`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewsArticle {
    /// Wire name `reqId`, `requestId`.
    pub request_id: RequestId,
    /// How to read the text. Wire name `articleType`.
    pub kind: Option<ArticleKind>,
    /// Wire name `articleText`.
    pub text: String,
}
layout!(NewsArticle { 1 request_id, 2 kind, 3 text });

/// A headline as it comes. `TICK_NEWS`, callback `tickNews`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickNews {
    /// Wire name `tickerId`, `reqId`.
    pub request_id: RequestId,
    /// Milliseconds since the epoch. Wire name `timeStamp`.
    pub time_ms: Option<i64>,
    /// Wire name `providerCode`.
    pub provider: String,
    /// Names the article for [`RequestNewsArticle`]. Wire name `articleId`.
    pub article_id: String,
    /// Wire name `headline`.
    pub headline: String,
    /// Wire name `extraData`.
    pub extra_data: String,
}
layout!(TickNews { 1 request_id, 2 time_ms, 3 provider, 4 article_id, 5 headline, 6 extra_data });

/// Asks for headlines of the past. `REQ_HISTORICAL_NEWS`, method `reqHistoricalNews`.
/// Answered by [`HistoricalNews`] each, then [`HistoricalNewsEnd`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestHistoricalNews {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// About which contract. Wire name `conId`.
    pub contract_id: Option<ContractId>,
    /// Separated by `+`. Wire name `providerCodes`.
    pub providers: String,
    /// Wire name `startDateTime`.
    pub start: TimeText,
    /// Wire name `endDateTime`.
    pub end: TimeText,
    /// At most 300. Wire name `totalResults`.
    pub results: Option<i32>,
    /// Open-ended options; older clients write none. Wire name `historicalNewsOptions`.
    pub options: Vec<TagValue>,
}
layout!(RequestHistoricalNews {
    1 request_id, maxed 2 contract_id, 3 providers, 4 start, 5 end, maxed 6 results, tag_string 7 options
});

/// A headline of the past. `HISTORICAL_NEWS`, callback `historicalNews`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoricalNews {
    /// Wire name `reqId`, `requestId`.
    pub request_id: RequestId,
    /// Wire name `time`.
    pub time: TimeText,
    /// Wire name `providerCode`.
    pub provider: String,
    /// Names the article for [`RequestNewsArticle`]. Wire name `articleId`.
    pub article_id: String,
    /// Wire name `headline`.
    pub headline: String,
}
layout!(HistoricalNews { 1 request_id, 2 time, 3 provider, 4 article_id, 5 headline });

/// All headlines were sent. `HISTORICAL_NEWS_END`, callback `historicalNewsEnd`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoricalNewsEnd {
    /// Wire name `reqId`, `requestId`.
    pub request_id: RequestId,
    /// Whether there are more than were asked for. Wire name `hasMore`.
    pub has_more: bool,
}
layout!(HistoricalNewsEnd { 1 request_id, 2 has_more });

instants! {
    TickNews: time_ms in from_millisecond;
}
