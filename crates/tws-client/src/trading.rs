//! [`TradingClient`]: the handle of a session that may send orders.

mod acting;

use std::ops::Deref;

use tws_proto::message::ClientMessage;

use crate::client::Client;
use crate::config::{Config, ConnectError};
use crate::driver::{Connector, Driver, TcpConnector};
use crate::error::{RoundError, SendError};
use crate::session::Access;
use crate::state::{Epoch, Halt, Round};

/// The handle of a session that may trade; it can do whatever a [`Client`] can, and act. Cheap to clone. Whoever should
/// only look gets a [`Client`], by [`TradingClient::client`]: it has no method that acts.
#[derive(Clone, Debug)]
pub struct TradingClient {
    client: Client,
}

impl Deref for TradingClient {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl TradingClient {
    /// As [`Client::connect`], for a session that may trade.
    ///
    /// # Errors
    /// [`ConnectError`] where a setting cannot work.
    pub fn connect(config: Config) -> Result<(Self, Driver), ConnectError> {
        let connector = TcpConnector::of(&config);
        Self::connect_with(config, connector)
    }

    /// As [`TradingClient::connect`], over connections of another kind; host and port are not looked at.
    ///
    /// # Errors
    /// [`ConnectError`] where a setting cannot work.
    pub fn connect_with<C: Connector>(config: Config, connector: C) -> Result<(Self, Driver<C>), ConnectError> {
        let (client, driver) = Client::begin(config, Access::Trading, connector)?;
        Ok((Self { client }, driver))
    }

    /// A handle of the same session that can only look.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Sends a burst of `PlaceOrder`, `CancelOrder` and `GlobalCancel`, in order, all of them or none, and says in which
    /// epoch. Never waits, and nothing is kept for a later epoch. Orders need
    /// [`State::takes_orders`](crate::State::takes_orders); cancels need
    /// [`State::takes_requests`](crate::State::takes_requests) and overtake orders.
    ///
    /// The burst leaves at once, unless this second's frames are used up, or the link has been silent for 2 s and must
    /// answer a probe first. If it then cannot leave in time, [`LaneEvent::Unsent`](crate::LaneEvent::Unsent) says so.
    ///
    /// # Errors
    /// [`SendError`]: nothing left, and nothing will.
    pub fn send_order_messages(&self, messages: Vec<ClientMessage>) -> Result<Epoch, SendError> {
        self.client.shared().send_orders(messages)
    }

    /// Sends `CancelOrder` and `GlobalCancel` now, or keeps them and sends them first on return. While TWS has lost IB
    /// they are sent now and again when it is back. `None` where they wait for a connection. Each is kept once, until it has
    /// left, however often the connection is lost; where the session ends first,
    /// [`LaneEvent::Unsent`](crate::LaneEvent::Unsent) says so.
    ///
    /// # Errors
    /// [`SendError::NotACancel`] where the burst has anything else in it, [`SendError::QueueFull`] where too many wait,
    /// [`SendError::Closed`].
    pub fn cancel_surely(&self, cancels: Vec<ClientMessage>) -> Result<Option<Epoch>, SendError> {
        self.client.shared().cancel_surely(cancels)
    }

    /// Refuses orders from now on, in later connections too, until [`TradingClient::resume`]; cancels and requests go on.
    /// Orders that wait for their turn are dropped, and [`LaneEvent::Unsent`](crate::LaneEvent::Unsent) says so. A halt
    /// that is there already stays: its reason is what must be looked at.
    pub fn halt(&self, by: &str, reason: &str) {
        self.client.shared().halt(Halt::Asked { by: by.to_owned(), reason: reason.to_owned() });
    }

    /// A person, who is named, has looked: orders may be sent again as soon as nothing else keeps them back. False where
    /// nothing was halted.
    pub fn resume(&self, by: &str) -> bool {
        self.client.shared().resume(by)
    }

    /// The comparison of books that is awaited, with [`Reconciliation::ByOwner`](crate::config::Reconciliation::ByOwner):
    /// after every start of a connection, and after TWS had lost IB. Take it before the comparison begins.
    #[must_use]
    pub fn round(&self) -> Option<Round> {
        self.client.shared().round()
    }

    /// The owner's book agrees with the broker's, as of this comparison: orders may be sent.
    ///
    /// # Errors
    /// [`RoundError`] where the comparison is not the one that is awaited: its connection was lost, or TWS lost IB since.
    /// Compare again.
    pub fn reconciled(&self, round: Round) -> Result<(), RoundError> {
        self.client.shared().reconciled(round)
    }
}
