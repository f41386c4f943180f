//! [`Client`]: the handle of a session.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use tracing::warn;
use tws_proto::ServerVersion;
use tws_proto::contract::Contract;
use tws_proto::ids::OrderId;
use tws_proto::kinds::{AccountTag, GenericTick, MarketDataKind, TickByTickKind};
use tws_proto::message::{
    AccountSummary, ClientMessage, CommissionReport, CompletedOrder, ContractData, ExecutionData, ExecutionFilter,
    OpenOrder, OrderStatus, Position, ServerMessage,
};

use crate::config::{Config, ConnectError};
use crate::counts::Counts;
use crate::driver::{Connector, Driver, TcpConnector};
use crate::error::{Exit, RequestError, SendError};
use crate::lane::OrderEvents;
use crate::session::{Ask, Feed, newest_by, position_key};
use crate::shared::Shared;
use crate::state::{Epoch, Phase, Ready, State};
use crate::stream::{MarketData, Subscription, Tick, TickByTickData};

/// The handle of a session; cheap to clone. The session ends when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Client {
    handle: Arc<Handle>,
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

/// Open orders and where they stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpenOrders {
    /// The orders, each once, with the newest word on it.
    pub orders: Vec<OpenOrder>,
    /// Their statuses, each once, with the newest word on it: what filled and what remains.
    pub statuses: Vec<OrderStatus>,
}

/// Executions and what they cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Executions {
    /// The executions, corrections included, as they came.
    pub executions: Vec<ExecutionData>,
    /// What of their costs was known by then; the rest comes over the order lane.
    pub commissions: Vec<CommissionReport>,
}

impl Client {
    /// Makes a session with the TWS that `config` names. Returns at once; the session connects, and stays connected,
    /// while the driver runs: `tokio::spawn(driver.run())`.
    ///
    /// # Errors
    /// [`ConnectError`] where a setting cannot work. A TWS that is not there is no error: the session tries on, and
    /// [`Client::ready`] and [`Client::state`] say why it is not ready.
    pub fn connect(config: Config) -> Result<(Self, Driver), ConnectError> {
        if !config.is_loopback() {
            warn!(host = config.host, "TWS is not on this machine: its traffic is plain text, use a private tunnel");
        }
        let connector = TcpConnector::new(config.host.clone(), config.port);
        Self::connect_with(config, connector)
    }

    /// As [`Client::connect`], over connections of another kind; host and port are not looked at.
    ///
    /// # Errors
    /// [`ConnectError`] where a setting cannot work.
    pub fn connect_with<C: Connector>(config: Config, connector: C) -> Result<(Self, Driver<C>), ConnectError> {
        config.validate()?;
        let client_id = config.client_id;
        let shared = Arc::new(Shared::new(config));
        let handle = Arc::new(Handle { shared: Arc::clone(&shared) });
        Ok((Self { handle }, Driver::new(shared, connector, client_id)))
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

    /// Waits until the session is ready.
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

    /// The server's clock, to the millisecond from server version 197 and to the second before.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn server_time(&self) -> Result<SystemTime, RequestError> {
        let version = self.state().borrow().server_version;
        let millis = version.is_some_and(|version| version.reaches(ServerVersion::CURRENT_TIME_IN_MILLIS));
        let answers = self.ask(if millis { Ask::TimeMillis } else { Ask::Time }).await?;
        let time = answers.into_iter().find_map(|answer| match answer {
            ServerMessage::CurrentTime(body) => u64::try_from(body.time_s).ok().map(Duration::from_secs),
            ServerMessage::CurrentTimeMillis(body) => u64::try_from(body.time_ms).ok().map(Duration::from_millis),
            _ => None,
        });
        let time = time.and_then(|since| UNIX_EPOCH.checked_add(since));
        time.ok_or(RequestError::Nonsense { message: "CURRENT_TIME" })
    }

    /// Asks for the lowest order id that TWS says may be used next. An id once written must not be used again even so.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn next_order_id(&self) -> Result<OrderId, RequestError> {
        let answers = self.ask(Ask::NextOrderId).await?;
        let id = answers.into_iter().find_map(|answer| match answer {
            ServerMessage::NextValidId(body) => Some(body.order_id),
            _ => None,
        });
        id.ok_or(RequestError::Nonsense { message: "NEXT_VALID_ID" })
    }

    /// Asks for the accounts of the login.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn accounts(&self) -> Result<Vec<String>, RequestError> {
        let answers = self.ask(Ask::Accounts).await?;
        Ok(only(answers, |answer| match answer {
            ServerMessage::ManagedAccounts(body) => Some(body),
            _ => None,
        })
        .iter()
        .flat_map(|body| body.iter().map(str::to_owned))
        .collect())
    }

    /// Every contract that fits.
    ///
    /// # Errors
    /// [`RequestError::Rejected`] with code 200 where none fits; else as for every request.
    pub async fn contract_details(&self, contract: &Contract) -> Result<Vec<ContractData>, RequestError> {
        let answers = self.ask(Ask::ContractDetails(Box::new(contract.clone()))).await?;
        Ok(only(answers, |answer| match answer {
            ServerMessage::ContractData(body) => Some(*body),
            _ => None,
        }))
    }

    /// Every position of the login, each once.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn positions(&self) -> Result<Vec<Position>, RequestError> {
        let answers = self.ask(Ask::Positions).await?;
        let positions = only(answers, |answer| match answer {
            ServerMessage::Position(body) => Some(*body),
            _ => None,
        });
        Ok(newest_by(positions, position_key))
    }

    /// Values of every account: of which tags; [`AccountTag::Ledger`] asks for values by currency.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn account_summary(&self, tags: &[AccountTag]) -> Result<Vec<AccountSummary>, RequestError> {
        let ask = Ask::AccountSummary { group: "All".to_owned(), tags: tags.iter().cloned().collect() };
        let answers = self.ask(ask).await?;
        Ok(only(answers, |answer| match answer {
            ServerMessage::AccountSummary(body) => Some(*body),
            _ => None,
        }))
    }

    /// The open orders of this client. What is answered also appears on the order lane.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn open_orders(&self) -> Result<OpenOrders, RequestError> {
        self.ask(Ask::OpenOrders).await.map(orders_of)
    }

    /// The open orders of all clients, those made by hand too; binds none. What is answered also appears on the order
    /// lane.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn all_open_orders(&self) -> Result<OpenOrders, RequestError> {
        self.ask(Ask::AllOpenOrders).await.map(orders_of)
    }

    /// Today's completed orders, those made by hand too. What is answered also appears on the order lane.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn completed_orders(&self) -> Result<Vec<CompletedOrder>, RequestError> {
        let answers = self.ask(Ask::CompletedOrders).await?;
        Ok(only(answers, |answer| match answer {
            ServerMessage::CompletedOrder(body) => Some(*body),
            _ => None,
        }))
    }

    /// Executions, and what of their costs comes with them. What is answered also appears on the order lane.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn executions(&self, filter: ExecutionFilter) -> Result<Executions, RequestError> {
        let mut executions = Executions::default();
        for answer in self.ask(Ask::Executions(filter)).await? {
            match answer {
                ServerMessage::ExecutionData(body) => executions.executions.push(*body),
                ServerMessage::CommissionReport(body) => executions.commissions.push(*body),
                _ => {}
            }
        }
        Ok(executions)
    }

    /// One set of market data values; TWS may take 11 s for it.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn snapshot(&self, contract: &Contract) -> Result<Vec<Tick>, RequestError> {
        let answers = self.ask(Ask::Snapshot(Box::new(contract.clone()))).await?;
        Ok(only(answers, Tick::of))
    }

    /// A live stream of quotes. It begins once the session is ready, goes on after a reconnect, and ends when dropped.
    /// `generic_ticks` asks for further kinds, none as a rule.
    ///
    /// # Errors
    /// [`RequestError::QueueFull`] and [`RequestError::Closed`]; what TWS says against it comes as
    /// [`Update::Ended`](crate::Update::Ended).
    pub fn market_data(&self, contract: &Contract, generic_ticks: &[GenericTick]) -> Result<MarketData, RequestError> {
        let generic_ticks = generic_ticks.iter().copied().collect();
        let feed = Feed::MarketData { contract: Box::new(contract.clone()), generic_ticks };
        let (id, mailbox) = self.shared().market_data(feed)?;
        Ok(Subscription::new(id, mailbox, Arc::clone(self.shared())))
    }

    /// A live stream of every single tick. It begins once the session is ready, goes on after a reconnect, and ends
    /// when dropped.
    ///
    /// # Errors
    /// As for [`Client::market_data`].
    pub fn tick_by_tick(&self, contract: &Contract, kind: TickByTickKind) -> Result<TickByTickData, RequestError> {
        let feed = Feed::TickByTick { contract: Box::new(contract.clone()), kind };
        let (id, mailbox) = self.shared().tick_by_tick(feed)?;
        Ok(Subscription::new(id, mailbox, Arc::clone(self.shared())))
    }

    /// Chooses live, frozen or delayed data for streams and snapshots that begin from now on, after reconnects too.
    pub fn choose_data_kind(&self, kind: MarketDataKind) {
        self.shared().choose_data_kind(kind);
    }

    /// The events of the order lane: once in a session, `None` the second time. Take them before the driver runs, or
    /// what came until then is missing.
    #[must_use]
    pub fn take_order_events(&self) -> Option<OrderEvents> {
        let lane = &self.shared().lane;
        lane.open().then(|| OrderEvents::new(Arc::clone(lane)))
    }

    /// Sends a burst of `PlaceOrder`, `CancelOrder` and `GlobalCancel`, in order, all of them or none, and says in which
    /// epoch. Never waits, and nothing is kept for a later epoch. Orders need [`State::takes_orders`]; cancels need
    /// [`State::is_ready`] and overtake orders.
    ///
    /// The burst leaves at once, unless this second's frames are used up, or the link has been silent for 2 s and must
    /// answer a probe first. If it then cannot leave in time, [`LaneEvent::Unsent`](crate::LaneEvent::Unsent) says so.
    ///
    /// # Errors
    /// [`SendError`]: nothing left, and nothing will.
    pub fn send_order_messages(&self, messages: Vec<ClientMessage>) -> Result<Epoch, SendError> {
        self.shared().send_orders(messages)
    }

    /// Ends the session cleanly: what was written goes out, the socket is closed, and every waiter hears
    /// [`RequestError::Closed`]. Returns once the driver, which must run or be gone, is done.
    pub async fn shutdown(&self) {
        self.shared().shutdown(Exit::Shutdown);
        let mut states = self.state();
        // An error means that the session is gone, which is what was asked for.
        let _ = states.wait_for(|state| state.phase == Phase::Closed).await;
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }

    async fn ask(&self, ask: Ask) -> Result<Vec<ServerMessage>, RequestError> {
        // A waiter whose sender is gone belonged to a session that is gone.
        self.shared().request(ask)?.await.unwrap_or(Err(RequestError::Closed))
    }
}

fn ready_of(state: &State) -> Option<Result<Ready, RequestError>> {
    match state.phase {
        Phase::Closed => Some(Err(RequestError::Closed)),
        Phase::Ready => Some(Ok(Ready {
            accounts: state.accounts.clone(),
            next_order_id: state.next_order_id?,
            server_version: state.server_version?,
            epoch: state.epoch,
        })),
        Phase::Disconnected | Phase::Connecting | Phase::Handshaking | Phase::Starting => None,
    }
}

fn only<T>(answers: Vec<ServerMessage>, pick: impl Fn(ServerMessage) -> Option<T>) -> Vec<T> {
    answers.into_iter().filter_map(pick).collect()
}

fn orders_of(answers: Vec<ServerMessage>) -> OpenOrders {
    let (mut orders, mut statuses) = (Vec::new(), Vec::new());
    for answer in answers {
        match answer {
            ServerMessage::OpenOrder(body) => orders.push(*body),
            ServerMessage::OrderStatus(body) => statuses.push(*body),
            _ => {}
        }
    }
    OpenOrders {
        orders: newest_by(orders, |open| (open.order.client_id, open.order_id, open.order.permanent_id)),
        statuses: newest_by(statuses, |status| (status.client_id, status.order_id, status.permanent_id)),
    }
}
