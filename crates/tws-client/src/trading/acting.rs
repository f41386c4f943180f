//! Requests that change something: settings of TWS and of advisors, what becomes of orders made by hand.

use tws_proto::kinds::AdvisorDataKind;
use tws_proto::message::{ConfigUpdated, ReplaceAdvisorData, RequestAutoOpenOrders, UpdateConfig};

use super::TradingClient;
use crate::error::RequestError;
use crate::request::Acting;

impl TradingClient {
    /// Replaces settings of a financial advisor by other XML (`REPLACE_FA`, answered by `REPLACE_FA_END`); returns what TWS
    /// says to it.
    ///
    /// # Errors
    /// [`RequestError::Rejected`] with code 321 for a login that is no advisor's, or XML that makes no sense; else as for every
    /// request.
    pub async fn replace_advisor_data(&self, kind: AdvisorDataKind, xml: &str) -> Result<String, RequestError> {
        self.ask(Acting(ReplaceAdvisorData { kind: Some(kind), xml: xml.to_owned(), ..Default::default() })).await
    }

    /// Changes settings of TWS (`UPDATE_CONFIG`), from server version 221: those of the request that are set. What TWS warns of
    /// must be accepted, in a second request, before it happens.
    ///
    /// # Errors
    /// [`RequestError::Refused`] below 221; else as for every request.
    pub async fn update_settings(&self, update: UpdateConfig) -> Result<ConfigUpdated, RequestError> {
        self.ask(Acting(update)).await
    }

    /// Gives orders that are made by hand from now on to this client, which must have id 0 (`REQ_AUTO_OPEN_ORDERS`), in this
    /// epoch: say it again after a reconnect, and [`Client::open_orders`](crate::Client::open_orders) for what was made
    /// meanwhile. TWS does not answer; the orders, and under which id each was bound (`ORDER_BOUND`), appear on the order
    /// lane.
    ///
    /// # Errors
    /// [`RequestError`], as for every request; nothing was said.
    pub fn bind_manual_orders(&self) -> Result<(), RequestError> {
        self.tell(RequestAutoOpenOrders { auto_bind: true })
    }

    /// Leaves orders that are made by hand from now on to TWS (`REQ_AUTO_OPEN_ORDERS`).
    ///
    /// # Errors
    /// [`RequestError`], as for every request; nothing was said.
    pub fn leave_manual_orders(&self) -> Result<(), RequestError> {
        self.tell(RequestAutoOpenOrders { auto_bind: false })
    }
}
