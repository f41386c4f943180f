//! Orders and executions. What is answered also appears on the order lane.

use tws_proto::ServerMessage;
use tws_proto::ids::{OrderId, RequestId};
use tws_proto::message::{
    ClientMessage, CommissionReport, CompletedOrder, ExecutionData, OpenOrder, OrderStatus, RequestAllOpenOrders,
    RequestExecutions, RequestOpenOrders,
};

use super::account::newest_by;
use super::{Request, keyed, requests};
use crate::error::RequestError;

requests! {
    /// `REQ_COMPLETED_ORDERS`: today's completed orders.
    RequestCompletedOrders -> Vec<CompletedOrder>: all CompletedOrder;
    /// `REQ_IDS`: the lowest order id that may be used next.
    RequestIds -> OrderId: one NextValidId => |body: tws_proto::message::NextValidId| body.order_id;
}

/// Open orders and where they stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpenOrders {
    /// The orders, each once, with the newest word on it.
    pub orders: Vec<OpenOrder>,
    /// Their statuses, each once, with the newest word on it: what filled and what remains.
    pub statuses: Vec<OrderStatus>,
}

/// `REQ_OPEN_ORDERS`: the open orders of this client.
impl Request for RequestOpenOrders {
    type Output = OpenOrders;

    fn message(&self, _: RequestId) -> ClientMessage {
        self.clone().into()
    }

    fn output(&self, answers: Vec<ServerMessage>) -> Result<OpenOrders, RequestError> {
        Ok(OpenOrders::of(answers))
    }
}

/// `REQ_ALL_OPEN_ORDERS`: the open orders of all clients.
impl Request for RequestAllOpenOrders {
    type Output = OpenOrders;

    fn message(&self, _: RequestId) -> ClientMessage {
        self.clone().into()
    }

    fn output(&self, answers: Vec<ServerMessage>) -> Result<OpenOrders, RequestError> {
        Ok(OpenOrders::of(answers))
    }
}

impl OpenOrders {
    fn of(answers: Vec<ServerMessage>) -> Self {
        let (mut orders, mut statuses) = (Vec::new(), Vec::new());
        for answer in answers {
            match answer {
                ServerMessage::OpenOrder(body) => orders.push(*body),
                ServerMessage::OrderStatus(body) => statuses.push(*body),
                _ => {}
            }
        }
        Self {
            orders: newest_by(orders, |open| (open.order.client_id, open.order_id, open.order.permanent_id)),
            statuses: newest_by(statuses, |status| (status.client_id, status.order_id, status.permanent_id)),
        }
    }
}

/// Executions and what they cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Executions {
    /// The executions, corrections included, as they came.
    pub executions: Vec<ExecutionData>,
    /// What of their costs was known by then; the rest comes over the order lane.
    pub commissions: Vec<CommissionReport>,
}

/// `REQ_EXECUTIONS`: executions, and what of their costs comes with them.
impl Request for RequestExecutions {
    type Output = Executions;

    fn message(&self, request_id: RequestId) -> ClientMessage {
        keyed!(self, request_id in Box)
    }

    fn output(&self, answers: Vec<ServerMessage>) -> Result<Executions, RequestError> {
        let mut executions = Executions::default();
        for answer in answers {
            match answer {
                ServerMessage::ExecutionData(body) => executions.executions.push(*body),
                ServerMessage::CommissionReport(body) => executions.commissions.push(*body),
                _ => {}
            }
        }
        Ok(executions)
    }
}
