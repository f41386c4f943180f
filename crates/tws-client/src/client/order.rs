//! Orders and executions: what can be asked.

use tws_proto::message::{
    CompletedOrder, ExecutionFilter, RequestAllOpenOrders, RequestCompletedOrders, RequestExecutions, RequestOpenOrders,
};

use super::Client;
use crate::error::RequestError;
use crate::request::{Executions, OpenOrders};

impl Client {
    /// The open orders of this client (`REQ_OPEN_ORDERS`, ended by `OPEN_ORDER_END`). For client id 0 it also makes orders
    /// that were made by hand the client's. What is answered also appears on the order lane.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn open_orders(&self) -> Result<OpenOrders, RequestError> {
        self.request(RequestOpenOrders {}).await
    }

    /// The open orders of all clients, those made by hand too (`REQ_ALL_OPEN_ORDERS`, ended by `OPEN_ORDER_END`); binds none.
    /// What is answered also appears on the order lane.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn all_open_orders(&self) -> Result<OpenOrders, RequestError> {
        self.request(RequestAllOpenOrders {}).await
    }

    /// Today's completed orders, those made by hand too (`REQ_COMPLETED_ORDERS`, ended by `COMPLETED_ORDERS_END`). What is
    /// answered also appears on the order lane.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn completed_orders(&self) -> Result<Vec<CompletedOrder>, RequestError> {
        self.request(RequestCompletedOrders { api_only: false }).await
    }

    /// Executions, and what of their costs comes with them (`REQ_EXECUTIONS`, ended by `EXECUTION_DATA_END`). TWS knows those
    /// of today; days further back from server version 200. What is answered also appears on the order lane.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn executions(&self, filter: ExecutionFilter) -> Result<Executions, RequestError> {
        self.request(RequestExecutions { filter: Some(filter), ..Default::default() }).await
    }
}
