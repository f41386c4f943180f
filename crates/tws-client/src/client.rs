//! [`Client`]: the handle of a session.

mod account;
mod contract;
mod history;
mod information;
mod market;
mod order;
mod session;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tws_proto::ids::{ClientId, RequestId};
use tws_proto::message::{ClientMessage, Message as _};

use crate::config::{Config, ConnectError};
use crate::counts::Counts;
use crate::driver::{Connector, Driver, TcpConnector};
use crate::error::{Exit, RequestError};
use crate::event::SessionEvents;
use crate::feed::Feed;
use crate::lane::OrderEvents;
use crate::queue::Waits;
use crate::request::Request;
use crate::session::{Access, Errand};
use crate::shared::Shared;
use crate::state::{Phase, Ready, State};
use crate::stream::Subscription;
use crate::updates::Delivery;

pub use information::Bulletins;

/// The handle of a session that looks and never acts: it has no method that sends, changes or cancels an order, and no
/// message that would ever leaves by it, also where a [`Request`] of one's own makes one. A
/// [`TradingClient`](crate::TradingClient) can do both. Cheap to clone; the session ends when the last handle is dropped.
///
/// ```compile_fail
/// fn act(client: &tws_client::Client) {
///     client.send_order_messages(Vec::new()); // of a TradingClient
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    handle: Arc<Handle>,
    /// Whether the session is somebody else's to end.
    is_guest: bool,
}

/// Ends the session when the last client is gone.
#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.shutdown(Exit::Abandoned);
    }
}

impl Client {
    /// Makes a read-only session with the TWS that `config` names. Returns at once; the session connects, and stays connected,
    /// while the driver runs: `tokio::spawn(driver.run())`.
    ///
    /// # Errors
    /// [`ConnectError`] where a setting cannot work. A TWS that is not there is no error: the session tries on, and
    /// [`Client::ready`] and [`Client::state`] say why it is not ready.
    pub fn connect(config: Config) -> Result<(Self, Driver), ConnectError> {
        let connector = TcpConnector::of(&config);
        Self::connect_with(config, connector)
    }

    /// As [`Client::connect`], over connections of another kind; host and port are not looked at.
    ///
    /// # Errors
    /// [`ConnectError`] where a setting cannot work.
    pub fn connect_with<C: Connector>(config: Config, connector: C) -> Result<(Self, Driver<C>), ConnectError> {
        Self::begin(config, Access::ReadOnly, connector)
    }

    pub(crate) fn begin<C: Connector>(
        config: Config,
        access: Access,
        connector: C,
    ) -> Result<(Self, Driver<C>), ConnectError> {
        config.validate()?;
        let client_id = config.client_id;
        let shared = Arc::new(Shared::new(config, access));
        let handle = Arc::new(Handle { shared: Arc::clone(&shared) });
        Ok((Self { handle, is_guest: false }, Driver::new(shared, connector, client_id)))
    }

    /// A handle for whoever should use the session and not end it: its [`shutdown`](Self::shutdown) does nothing.
    #[must_use]
    pub fn guest(&self) -> Self {
        Self { is_guest: true, ..self.clone() }
    }

    /// The state of the session, to look at and to wait for changes of.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<State> {
        self.shared().watch()
    }

    /// What the session has counted since it began, and what it holds now: bad frames, strays, streams, waiters.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared().counts()
    }

    /// Calls back at every change of the state, in order, on the driver's task: be quick, and do not block. At most 64
    /// callbacks are kept; false where there was no room.
    pub fn on_state(&self, callback: impl Fn(&State) + Send + Sync + 'static) -> bool {
        self.shared().on_state(Box::new(callback))
    }

    /// What happens to the session from now on: every change of the state with its reason, and every alarm. Any number of
    /// listeners may listen.
    #[must_use]
    pub fn events(&self) -> SessionEvents {
        self.shared().events()
    }

    /// Waits until the session is ready: [`Phase::Ready`], or [`Phase::ReadOnly`] where it only looks.
    ///
    /// # Errors
    /// [`RequestError::NotReady`] where it is not within `timeout`; [`Client::state`] says why.
    /// [`RequestError::Closed`] where the session has ended.
    pub async fn ready(&self, timeout: Duration) -> Result<Ready, RequestError> {
        let mut states = self.state();
        let waited = tokio::time::timeout(timeout, async {
            loop {
                if let Some(outcome) = ready_of(&states.borrow_and_update()) {
                    return outcome;
                }
                if states.changed().await.is_err() {
                    return Err(RequestError::Closed);
                }
            }
        });
        let late = waited.await;
        late.unwrap_or_else(|_| Err(RequestError::NotReady { phase: self.state().borrow().phase }))
    }

    /// Asks for something; see [`crate::request`] for what there is. Dropping the future gives the request up, and cancels
    /// it at TWS where that is possible.
    ///
    /// # Errors
    /// [`RequestError`]: TWS refused it, or there is no whole answer, and why.
    pub async fn request<R: Request>(&self, request: R) -> Result<R::Output, RequestError> {
        check_looks(&request.message(RequestId(0)))?;
        self.ask(request).await
    }

    /// As [`Client::request`], for what may act too.
    pub(crate) async fn ask<R: Request>(&self, request: R) -> Result<R::Output, RequestError> {
        let asked = self.shared().request(|request_id| request.message(request_id))?;
        request.output(asked.answers().await?)
    }

    /// As [`Client::request`], where the request may have to wait so long for its turn and no longer: TWS limits how often
    /// some things are asked for. Its deadline is put off by what it is expected to wait.
    ///
    /// # Errors
    /// [`RequestError::WouldWait`] where it would wait longer, at once; else as for [`Client::request`].
    pub async fn request_within<R: Request>(&self, request: R, allowed: Duration) -> Result<R::Output, RequestError> {
        check_looks(&request.message(RequestId(0)))?;
        let asked = self.shared().request_within(allowed, |request_id| request.message(request_id))?;
        request.output(asked.answers().await?)
    }

    /// What waits to be sent at this moment, for how long, and why.
    #[must_use]
    pub fn queue(&self) -> Vec<Waits> {
        self.shared().queue()
    }

    /// Begins a stream; see [`crate::feed`] for what there is. It begins once the session is ready, goes on after a
    /// reconnect, and ends at TWS too when it is dropped.
    ///
    /// # Errors
    /// [`RequestError::QueueFull`], [`RequestError::Taken`] and [`RequestError::Closed`]; what TWS says against it comes as
    /// [`Update::Ended`](crate::Update::Ended).
    pub fn subscribe<F: Feed>(&self, feed: F) -> Result<Subscription<F::Item>, RequestError> {
        self.subscribe_with(feed, Delivery::default())
    }

    /// As [`Client::subscribe`], with another answer to what happens when the reader falls behind.
    ///
    /// # Errors
    /// As for [`Client::subscribe`].
    pub fn subscribe_with<F: Feed>(&self, feed: F, delivery: Delivery) -> Result<Subscription<F::Item>, RequestError> {
        check_looks(&feed.message(RequestId(0)))?;
        self.shared().subscribe(feed, delivery)
    }

    /// Says something that has no answer of its own: what [`RELATIONS`](crate::relation::RELATIONS) calls a command.
    ///
    /// # Errors
    /// [`RequestError::NotReady`], [`RequestError::Refused`], [`RequestError::QueueFull`], [`RequestError::Closed`]: nothing
    /// was said.
    pub(crate) fn tell(&self, message: impl Into<ClientMessage>) -> Result<(), RequestError> {
        self.shared().tell(message.into())
    }

    /// The events of the order lane: once in a session, `None` the second time. Take them before the driver runs, or
    /// what came until then is missing.
    #[must_use]
    pub fn take_order_events(&self) -> Option<OrderEvents> {
        let lane = &self.shared().lane;
        lane.open().then(|| OrderEvents::new(Arc::clone(lane)))
    }

    /// Ends the session cleanly: what was written goes out, the socket is closed, and every waiter hears
    /// [`RequestError::Closed`]. Returns once the driver, which must run or be gone, is done. A [guest](Self::guest) ends
    /// nothing.
    pub async fn shutdown(&self) {
        if self.is_guest {
            tracing::warn!("a guest of the session has asked to end it; it goes on");
            return;
        }
        self.shared().shutdown(Exit::Shutdown);
        let mut states = self.state();
        // An error means that the session is gone, which is what was asked for.
        let _ = states.wait_for(|state| state.phase == Phase::Closed).await;
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }
}

/// Whether a message only looks, whatever the session may do.
fn check_looks(message: &ClientMessage) -> Result<(), RequestError> {
    match Errand::of(message, ClientId(0)) {
        Errand::Read | Errand::Bind => Ok(()),
        Errand::Cancel | Errand::Act => Err(RequestError::ReadOnly { message: message.facts().name }),
    }
}

fn ready_of(state: &State) -> Option<Result<Ready, RequestError>> {
    match state.phase {
        Phase::Closed => Some(Err(RequestError::Closed)),
        Phase::Ready | Phase::ReadOnly => Some(Ok(Ready {
            accounts: state.accounts.clone(),
            next_order_id: state.next_order_id?,
            server_version: state.server_version?,
            epoch: state.epoch,
        })),
        Phase::Disconnected | Phase::Connecting | Phase::Handshaking | Phase::Starting => None,
        Phase::Reconciling | Phase::Degraded | Phase::Halted => None,
    }
}
