//! How orders made by hand, or by other clients, become orders of a client.

use crate::body::body;
use crate::ids::{ClientId, OrderId, PermanentId};

body! {
    /// Binds orders made by hand to this client, which must be client 0. `REQ_AUTO_OPEN_ORDERS`, method `reqAutoOpenOrders`.
    /// Answered by [`OpenOrder`](super::OpenOrder), [`OrderStatus`](super::OrderStatus) and [`OrderBound`] as orders are made.
    RequestAutoOpenOrders, version "1" {
        /// Gives such orders an order id, so that they can be changed.
        1 "bAutoBind" "autoBind" auto_bind: bool,
    }

    /// An order was bound to a client. `ORDER_BOUND`, callback `orderBound`.
    OrderBound {
        1 "permId" permanent_id: Option<PermanentId>,
        2 "clientId" client_id: Option<ClientId>,
        3 "orderId" order_id: Option<OrderId>,
    }
}
