//! The session itself: clock, ids, settings, proofs.

use std::time::SystemTime;

use tws_proto::ServerVersion;
use tws_proto::ids::OrderId;
use tws_proto::kinds::{LogLevel, MarketDataKind};
use tws_proto::message::{
    Config, RequestConfig, RequestCurrentTime, RequestCurrentTimeMillis, RequestIds, SetServerLogLevel,
    VerifyAndAuthorizeMessage, VerifyAndAuthorizeRequest, VerifyMessage, VerifyRequest,
};

use super::Client;
use crate::error::RequestError;

impl Client {
    /// The server's clock, to the millisecond from server version 197 and to the second before
    /// (`REQ_CURRENT_TIME_IN_MILLIS`, `REQ_CURRENT_TIME`). Ask now and then, not in a loop.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn server_time(&self) -> Result<SystemTime, RequestError> {
        let version = self.state().borrow().server_version;
        if version.is_some_and(|version| version.reaches(ServerVersion::CURRENT_TIME_IN_MILLIS)) {
            self.request(RequestCurrentTimeMillis {}).await
        } else {
            self.request(RequestCurrentTime {}).await
        }
    }

    /// Asks for the lowest order id that TWS says may be used next (`REQ_IDS`). An id once written must not be used again
    /// even so. Also told at every start, in [`State::next_order_id`](crate::State::next_order_id).
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn next_order_id(&self) -> Result<OrderId, RequestError> {
        self.request(RequestIds { count: Some(1) }).await
    }

    /// How much TWS writes into its log (`SET_SERVER_LOGLEVEL`), in this epoch. TWS does not answer.
    ///
    /// # Errors
    /// [`RequestError`], as for every request; nothing was said.
    pub fn set_log_level(&self, level: LogLevel) -> Result<(), RequestError> {
        self.tell(SetServerLogLevel { level })
    }

    /// Chooses live, frozen or delayed data (`REQ_MARKET_DATA_TYPE`) for streams and snapshots that begin from now on, after
    /// reconnects too. TWS does not answer; each stream tells by [`Tick::DataKind`](crate::Tick::DataKind) what it has.
    pub fn choose_data_kind(&self, kind: MarketDataKind) {
        self.shared().choose_data_kind(kind);
    }

    /// The settings of TWS (`REQ_CONFIG`), from server version 219.
    ///
    /// # Errors
    /// [`RequestError::Refused`] below 219; else as for every request.
    pub async fn settings(&self) -> Result<Config, RequestError> {
        self.request(RequestConfig::default()).await
    }

    /// Begins the proof that this program is the one that IB has certified (`VERIFY_REQUEST`); answered with a challenge for
    /// [`Client::verify_answer`].
    ///
    /// # Errors
    /// [`RequestError::NotVerified`] for a program that is not certified; else as for every request.
    pub async fn verify(&self, name: &str, version: &str) -> Result<String, RequestError> {
        self.request(VerifyRequest { name: name.to_owned(), version: version.to_owned() }).await
    }

    /// Answers the challenge (`VERIFY_MESSAGE`).
    ///
    /// # Errors
    /// [`RequestError::NotVerified`] where TWS does not accept it; else as for every request.
    pub async fn verify_answer(&self, data: &str) -> Result<(), RequestError> {
        self.request(VerifyMessage { data: data.to_owned() }).await
    }

    /// As [`Client::verify`], with a key (`VERIFY_AND_AUTH_REQUEST`, in text at every server version); answered with data and
    /// a challenge for [`Client::authorize_answer`].
    ///
    /// # Errors
    /// [`RequestError::NotVerified`] for a program that is not certified; else as for every request.
    pub async fn authorize(&self, name: &str, version: &str, key: &str) -> Result<(String, String), RequestError> {
        let (name, version, key) = (name.to_owned(), version.to_owned(), key.to_owned());
        self.request(VerifyAndAuthorizeRequest { name, version, key }).await
    }

    /// Answers the challenge (`VERIFY_AND_AUTH_MESSAGE`).
    ///
    /// # Errors
    /// [`RequestError::NotVerified`] where TWS does not accept it; else as for every request.
    pub async fn authorize_answer(&self, data: &str, response: &str) -> Result<(), RequestError> {
        self.request(VerifyAndAuthorizeMessage { data: data.to_owned(), response: response.to_owned() }).await
    }
}
