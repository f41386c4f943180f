//! News: bulletins, headlines, articles.

use crate::body::body;
use crate::ids::{ContractId, RequestId};
use crate::kinds::{ArticleKind, BulletinKind};
use crate::tags::TagValue;
use crate::time::{TimeText, instants};

body! {
    /// Asks for IB's bulletins. `REQ_NEWS_BULLETINS`, method `reqNewsBulletins`.
    /// Answered by [`NewsBulletin`] until [`CancelNewsBulletins`].
    RequestNewsBulletins, version "1" {
        /// Those of today too, not new ones only.
        1 "allMsgs" "allMessages" all_messages: bool,
    }

    /// Ends the stream of bulletins. `CANCEL_NEWS_BULLETINS`, method `cancelNewsBulletins`.
    CancelNewsBulletins, version "1" {}

    /// A bulletin. `NEWS_BULLETINS`, callback `updateNewsBulletin`.
    NewsBulletin, version "1" {
        /// Its number.
        1 "msgId" "newsMsgId" bulletin_id: Option<i32>,
        /// What it is about.
        2 "msgType" "newsMsgType" kind: Option<BulletinKind>,
        escaped 3 "newsMessage" text: String,
        /// Where it comes from.
        escaped 4 "originExch" "originatingExch" exchange: String,
    }

    /// Asks whose news the login may read. `REQ_NEWS_PROVIDERS`, method `reqNewsProviders`. Answered by [`NewsProviders`].
    RequestNewsProviders {}

    /// Whose news the login may read. `NEWS_PROVIDERS`, callback `newsProviders`.
    NewsProviders {
        list 1 "newsProviders" providers: Vec<NewsProvider>,
    }

    /// One provider of news. Wire name `NewsProvider`.
    NewsProvider {
        1 "code" "providerCode" code: String,
        2 "name" "providerName" name: String,
    }

    /// Asks for the text behind a headline. `REQ_NEWS_ARTICLE`, method `reqNewsArticle`. Answered by [`NewsArticle`].
    RequestNewsArticle {
        1 "reqId" request_id: RequestId,
        2 "providerCode" provider: String,
        /// As the headline told it.
        3 "articleId" article_id: String,
        /// Open-ended options.
        tag_string 4 "newsArticleOptions" options: Vec<TagValue>,
    }

    /// The text behind a headline. `NEWS_ARTICLE`, callback `newsArticle`.
    NewsArticle {
        1 "reqId" "requestId" request_id: RequestId,
        /// How to read the text.
        2 "articleType" kind: Option<ArticleKind>,
        3 "articleText" text: String,
    }

    /// A headline as it comes. `TICK_NEWS`, callback `tickNews`.
    TickNews {
        1 "tickerId" "reqId" request_id: RequestId,
        /// Milliseconds since the epoch.
        2 "timeStamp" time_ms: Option<i64>,
        3 "providerCode" provider: String,
        /// Names the article for [`RequestNewsArticle`].
        4 "articleId" article_id: String,
        5 "headline" headline: String,
        6 "extraData" extra_data: String,
    }

    /// Asks for headlines of the past. `REQ_HISTORICAL_NEWS`, method `reqHistoricalNews`.
    /// Answered by [`HistoricalNews`] each, then [`HistoricalNewsEnd`].
    RequestHistoricalNews {
        1 "reqId" request_id: RequestId,
        /// About which contract.
        maxed 2 "conId" contract_id: Option<ContractId>,
        /// Separated by `+`.
        3 "providerCodes" providers: String,
        4 "startDateTime" start: TimeText,
        5 "endDateTime" end: TimeText,
        /// At most 300.
        maxed 6 "totalResults" results: Option<i32>,
        /// Open-ended options; older clients write none.
        tag_string 7 "historicalNewsOptions" options: Vec<TagValue>,
    }

    /// A headline of the past. `HISTORICAL_NEWS`, callback `historicalNews`.
    HistoricalNews {
        1 "reqId" "requestId" request_id: RequestId,
        2 "time" time: TimeText,
        3 "providerCode" provider: String,
        /// Names the article for [`RequestNewsArticle`].
        4 "articleId" article_id: String,
        5 "headline" headline: String,
    }

    /// All headlines were sent. `HISTORICAL_NEWS_END`, callback `historicalNewsEnd`.
    HistoricalNewsEnd {
        1 "reqId" "requestId" request_id: RequestId,
        /// Whether there are more than were asked for.
        2 "hasMore" has_more: bool,
    }
}

instants! {
    TickNews: time_ms in from_millisecond;
}
