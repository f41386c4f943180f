//! News, calendars, scanners, financial advisors, windows.

use tws_proto::kinds::AdvisorDataKind;
use tws_proto::message::{
    DisplayGroupUpdated, NewsArticle, NewsBulletin, NewsProvider, QueryDisplayGroups, RequestAdvisorData,
    RequestHistoricalNews, RequestHorizonEventData, RequestHorizonMetaData, RequestNewsArticle, RequestNewsBulletins,
    RequestNewsProviders, RequestScanner, RequestScannerParameters, ScannerRow, SubscribeToGroup, UpdateDisplayGroup,
};

use super::Client;
use crate::error::RequestError;
use crate::request::PastNews;
use crate::stream::Subscription;

/// Which bulletins a stream begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bulletins {
    /// Those of today, then new ones.
    All,
    /// New ones.
    New,
}

impl Client {
    /// Who the login may read news of (`REQ_NEWS_PROVIDERS`).
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn news_providers(&self) -> Result<Vec<NewsProvider>, RequestError> {
        self.request(RequestNewsProviders {}).await
    }

    /// Headlines of the past about a contract (`REQ_HISTORICAL_NEWS`, ended by `HISTORICAL_NEWS_END`). Build the request with
    /// [`RequestHistoricalNews::about`]. Live headlines come with [`Client::market_data`] and the generic tick 292.
    ///
    /// # Errors
    /// [`RequestError::Rejected`] with code 321 for a provider that the login may not read; else as for every request.
    pub async fn past_news(&self, request: RequestHistoricalNews) -> Result<PastNews, RequestError> {
        self.request(request).await
    }

    /// The text behind a headline (`REQ_NEWS_ARTICLE`).
    ///
    /// # Errors
    /// [`RequestError::Rejected`] with code 10172 for an article that does not exist; else as for every request.
    pub async fn news_article(&self, provider: &str, article_id: &str) -> Result<NewsArticle, RequestError> {
        let (provider, article_id) = (provider.to_owned(), article_id.to_owned());
        self.request(RequestNewsArticle { provider, article_id, ..Default::default() }).await
    }

    /// Bulletins of exchanges (`REQ_NEWS_BULLETINS`, `CANCEL_NEWS_BULLETINS` when dropped).
    ///
    /// # Errors
    /// [`RequestError::Taken`] where this client has such a stream already; else as for [`Client::subscribe`].
    pub fn bulletins(&self, which: Bulletins) -> Result<Subscription<NewsBulletin>, RequestError> {
        self.subscribe(RequestNewsBulletins { all_messages: which == Bulletins::All })
    }

    /// Which events the calendar of Wall Street Horizon has, as JSON (`REQ_WSH_META_DATA`; `CANCEL_WSH_META_DATA` when
    /// dropped). TWS wants this before [`Client::calendar_events`]. One at a time.
    ///
    /// # Errors
    /// [`RequestError::Rejected`] with code 10276 or 10277 without a subscription to it; else as for every request.
    pub async fn calendar_meta_data(&self) -> Result<String, RequestError> {
        self.request(RequestHorizonMetaData::default()).await
    }

    /// Events of the calendar of Wall Street Horizon, as JSON (`REQ_WSH_EVENT_DATA`; `CANCEL_WSH_EVENT_DATA` when dropped).
    /// Build the request with [`RequestHorizonEventData::about`] or [`RequestHorizonEventData::filtered`]. One at a time.
    ///
    /// # Errors
    /// [`RequestError::Rejected`] with code 10281 before [`Client::calendar_meta_data`]; else as for every request.
    pub async fn calendar_events(&self, request: RequestHorizonEventData) -> Result<String, RequestError> {
        self.request(request).await
    }

    /// What scanners can be asked for, as XML of about two megabytes (`REQ_SCANNER_PARAMETERS`).
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn scanner_parameters(&self) -> Result<String, RequestError> {
        self.request(RequestScannerParameters {}).await
    }

    /// The best contracts of a scan, a whole new list about every 30 s (`REQ_SCANNER_SUBSCRIPTION`,
    /// `CANCEL_SCANNER_SUBSCRIPTION` when dropped). Build the request with [`RequestScanner::of`]. Ten at a time.
    ///
    /// # Errors
    /// As for [`Client::subscribe`]. It ends with code 162 (no such scan), 321 (too many).
    pub fn scanner(&self, request: RequestScanner) -> Result<Subscription<Vec<ScannerRow>>, RequestError> {
        self.subscribe(request)
    }

    /// Settings of a financial advisor, as XML (`REQ_FA`). Profiles are gone since server version 177.
    ///
    /// # Errors
    /// [`RequestError::Rejected`] with code 321 for a login that is no advisor's; else as for every request.
    pub async fn advisor_data(&self, kind: AdvisorDataKind) -> Result<String, RequestError> {
        self.request(RequestAdvisorData { kind: Some(kind) }).await
    }

    /// The groups of windows of TWS that show the same contract (`QUERY_DISPLAY_GROUPS`).
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn display_groups(&self) -> Result<Vec<i32>, RequestError> {
        self.request(QueryDisplayGroups::default()).await
    }

    /// Which contract a group of windows shows (`SUBSCRIBE_TO_GROUP_EVENTS`, `UNSUBSCRIBE_FROM_GROUP_EVENTS` when dropped).
    ///
    /// # Errors
    /// As for [`Client::subscribe`].
    pub fn display_group(&self, group: i32) -> Result<Subscription<DisplayGroupUpdated>, RequestError> {
        self.subscribe(SubscribeToGroup { group: Some(group), ..Default::default() })
    }

    /// Shows another contract in the windows of a group (`UPDATE_DISPLAY_GROUP`): `none`, or a contract as `265598@SMART`.
    /// TWS does not answer, but the stream of the group does.
    ///
    /// # Errors
    /// [`RequestError::NotReady`] also where the stream is not live; else as for every request. Nothing was said.
    pub fn update_display_group(
        &self,
        group: &Subscription<DisplayGroupUpdated>,
        contract: &str,
    ) -> Result<(), RequestError> {
        let contract = contract.to_owned();
        self.shared().tell_of(group.id(), |request_id| UpdateDisplayGroup { request_id, contract }.into())
    }
}
