//! What a trader's orders and fills are asked for by: names, owners, contracts, states, times.

use order::{Execution, FillQuery, IntentId, OrderUpdate, Query, SmolStr};

use crate::engine::Refused;
use crate::handle::Handle;
use crate::placed::Placed;

/// Orders and fills that are not forgotten: since the journal went on in a fresh file, and those that lived then. What is older
/// stands in the journal's archives, whose tables `orders` and `fills` any SQLite reads.
impl Handle {
    /// One order as it is now.
    ///
    /// # Errors
    /// [`Refused::Stopped`].
    pub async fn order(&self, id: IntentId) -> Result<Option<OrderUpdate>, Refused> {
        self.inspect(move |books| books.orders.update(id)).await
    }

    /// The order with this reference on the wire (`orderRef`), as TWS shows it.
    ///
    /// # Errors
    /// [`Refused::Stopped`].
    pub async fn order_by_reference(&self, reference: impl Into<String>) -> Result<Option<OrderUpdate>, Refused> {
        let reference = reference.into();
        self.inspect(move |books| books.orders.by_reference(&reference).map(|order| order.update())).await
    }

    /// The order with this name of ours ([`Ticket::label`](crate::Ticket::label)).
    ///
    /// # Errors
    /// [`Refused::Stopped`].
    pub async fn order_by_label(&self, label: impl Into<String>) -> Result<Option<OrderUpdate>, Refused> {
        let label = label.into();
        self.inspect(move |books| books.labels.get(&label).and_then(|id| books.orders.update(*id))).await
    }

    /// The orders that fit, newest first. Nothing else happens while they are looked up, some microseconds each of those
    /// that are looked at: name [`most`](Query::most) where there are very many.
    ///
    /// # Errors
    /// [`Refused::Stopped`].
    pub async fn orders(&self, query: Query) -> Result<Vec<OrderUpdate>, Refused> {
        self.inspect(move |books| books.orders.find(&query).map(|order| order.update()).collect()).await
    }

    /// The fills that fit, oldest first, each with its root: the execution's id without its revision. Nothing else happens
    /// while they are looked up, as with [`orders`](Self::orders).
    ///
    /// # Errors
    /// [`Refused::Stopped`].
    pub async fn fills(&self, query: FillQuery) -> Result<Vec<(SmolStr, Execution)>, Refused> {
        self.inspect(move |books| books.orders.find_fills(&query)).await
    }

    /// An order of before, to wait for its states as if it had just been submitted; `None` where there is none.
    ///
    /// # Errors
    /// [`Refused::Stopped`].
    pub async fn follow(&self, id: IntentId) -> Result<Option<Placed>, Refused> {
        Placed::follow(id, self.clone()).await
    }
}
