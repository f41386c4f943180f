//! How orders made by hand, or by other clients, become orders of a client.

use serde::{Deserialize, Serialize};

use crate::ids::{ClientId, OrderId, PermanentId};
use crate::wire::layout;

/// Binds orders made by hand to this client, which must be client 0. `REQ_AUTO_OPEN_ORDERS`, method `reqAutoOpenOrders`.
/// Answered by [`OpenOrder`](super::OpenOrder), [`OrderStatus`](super::OrderStatus) and [`OrderBound`] as orders are made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestAutoOpenOrders {
    /// Gives such orders an order id, so that they can be changed. Wire name `bAutoBind`, `autoBind`.
    pub auto_bind: bool,
}
layout!(RequestAutoOpenOrders, version "1" { 1 auto_bind });

/// An order was bound to a client. `ORDER_BOUND`, callback `orderBound`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderBound {
    /// Wire name `permId`.
    pub permanent_id: Option<PermanentId>,
    /// Wire name `clientId`.
    pub client_id: Option<ClientId>,
    /// Wire name `orderId`.
    pub order_id: Option<OrderId>,
}
layout!(OrderBound { 1 permanent_id, 2 client_id, 3 order_id });
