//! [`Pool`]: several connections behind one handle, for one login or more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tws_proto::ids::ClientId;

use crate::client::Client;
use crate::config::{Config, ConnectError};
use crate::driver::{Connector, Driver, TcpConnector};
use crate::error::{Exit, RequestError};
use crate::feed::Feed;
use crate::request::Request;
use crate::state::{Phase, State};
use crate::stream::Subscription;
use crate::trading::TradingClient;

/// One login: a TWS or gateway, and the client ids under which it is connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Where it is, and every limit; the client id in it is not looked at.
    pub config: Config,
    /// One connection for each. No id may be in a pool twice, not even at another login: orders are told apart by it.
    pub client_ids: Vec<ClientId>,
    /// How many streams it may have, all its connections together: 100 market data lines as a rule. Streams of other
    /// things than quotes count too, so that there is always room for what was begun.
    pub lines: usize,
}

/// Whether a pool may send orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trading {
    /// No connection acts.
    Never,
    /// One connection acts; all others are read-only. TWS lets nobody but the client id that placed an order change it.
    Through(ClientId),
}

/// A pool that cannot be. Nothing was connected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// A setting of one connection cannot work.
    #[error("client id {client_id}: {cause}")]
    Connect {
        /// Of which connection.
        client_id: ClientId,
        /// What is wrong.
        cause: ConnectError,
    },
    /// No client id is given.
    #[error("a pool needs one client id at least")]
    Empty,
    /// The same client id twice.
    #[error("client id {0} is in the pool twice; give each connection its own")]
    DuplicateClientId(ClientId),
    /// Orders should go through a client id that is not in the pool.
    #[error("client id {0} is not in the pool")]
    UnknownClientId(ClientId),
}

/// Several connections behind one handle. Cheap to clone. Each connection stays connected by itself, as a single
/// [`Client`] does.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use tws_client::pool::{Login, Pool, Trading};
/// use tws_client::Config;
/// use tws_proto::Contract;
/// use tws_proto::ids::ClientId;
///
/// let login = Login { config: Config::paper(), client_ids: vec![ClientId(1), ClientId(2), ClientId(3)], lines: 100 };
/// let (pool, driver) = Pool::connect(vec![login], Trading::Through(ClientId(1)))?;
/// tokio::spawn(driver.run());
/// pool.ready(Duration::from_secs(30)).await?;
/// let positions = pool.request(tws_proto::message::RequestPositions {}).await?;
/// println!("{} positions", positions.len());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Pool {
    members: Arc<[Member]>,
    trader: Option<TradingClient>,
    /// Whose turn it is among those that are equally busy.
    turn: Arc<AtomicUsize>,
}

/// One connection of a pool.
#[derive(Debug)]
struct Member {
    client_id: ClientId,
    client: Client,
    /// Which login it belongs to.
    login: usize,
    lines: usize,
}

/// Where one connection of a pool stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberState {
    /// Which connection.
    pub client_id: ClientId,
    /// Where it stands.
    pub state: State,
    /// Requests and frames that are under way.
    pub busy: usize,
    /// Its streams.
    pub streams: usize,
}

/// The tasks of a pool. Nothing happens unless it runs: `tokio::spawn(driver.run())`.
#[must_use = "nothing happens unless the driver runs: tokio::spawn(driver.run())"]
#[derive(Debug)]
pub struct PoolDriver<C: Connector = TcpConnector> {
    drivers: Vec<(ClientId, Driver<C>)>,
}

impl<C: Connector> PoolDriver<C> {
    /// Runs every connection until all have ended; dropping the future ends them. Says why each ended.
    pub async fn run(self) -> BTreeMap<ClientId, Exit> {
        let mut running = JoinSet::new();
        for (client_id, driver) in self.drivers {
            running.spawn(async move { (client_id, driver.run().await) });
        }
        let mut exits = BTreeMap::new();
        while let Some(ended) = running.join_next().await {
            // A driver does not panic, and nothing aborts one while this runs.
            exits.extend(ended.ok());
        }
        exits
    }
}

impl Pool {
    /// Makes every connection. Returns at once; they connect while the driver runs.
    ///
    /// # Errors
    /// [`PoolError`] where a setting cannot work.
    pub fn connect(logins: Vec<Login>, trading: Trading) -> Result<(Self, PoolDriver), PoolError> {
        Self::connect_with(logins, trading, TcpConnector::of)
    }

    /// As [`Pool::connect`], over connections of another kind, made by `connector` for each.
    ///
    /// # Errors
    /// [`PoolError`] where a setting cannot work.
    pub fn connect_with<C: Connector>(
        logins: Vec<Login>,
        trading: Trading,
        mut connector: impl FnMut(&Config) -> C,
    ) -> Result<(Self, PoolDriver<C>), PoolError> {
        let ids: Vec<ClientId> = logins.iter().flat_map(|login| login.client_ids.iter().copied()).collect();
        check(&ids, trading)?;
        let (mut members, mut drivers, mut trader) = (Vec::new(), Vec::new(), None);
        for (at, Login { config, client_ids, lines }) in logins.into_iter().enumerate() {
            for client_id in client_ids {
                let config = Config { client_id, ..config.clone() };
                let wrong = |cause| PoolError::Connect { client_id, cause };
                let connector = connector(&config);
                let (client, driver) = if trading == Trading::Through(client_id) {
                    let (trading, driver) = TradingClient::connect_with(config, connector).map_err(wrong)?;
                    let client = trading.client().clone();
                    trader = Some(trading);
                    (client, driver)
                } else {
                    Client::connect_with(config, connector).map_err(wrong)?
                };
                drivers.push((client_id, driver));
                members.push(Member { client_id, client, login: at, lines });
            }
        }
        let pool = Self { members: members.into(), trader, turn: Arc::default() };
        Ok((pool, PoolDriver { drivers }))
    }

    /// The one connection that may send orders.
    #[must_use]
    pub const fn trader(&self) -> Option<&TradingClient> {
        self.trader.as_ref()
    }

    /// The connection under a client id, to look.
    #[must_use]
    pub fn client(&self, client_id: ClientId) -> Option<&Client> {
        self.members.iter().find(|member| member.client_id == client_id).map(|member| &member.client)
    }

    /// A connection whose login has an account, the least busy one; `None` where no live one has.
    #[must_use]
    pub fn client_of(&self, account: &str) -> Option<&Client> {
        self.least_busy(|state| state.accounts.iter().any(|has| has == account))
    }

    /// Where each connection stands.
    #[must_use]
    pub fn states(&self) -> Vec<MemberState> {
        let state = |member: &Member| {
            let state = member.client.state().borrow().clone();
            let (busy, streams) = (member.busy(), member.client.counts().subscriptions);
            MemberState { client_id: member.client_id, state, busy, streams }
        };
        self.members.iter().map(state).collect()
    }

    /// Waits until every connection is ready.
    ///
    /// # Errors
    /// The first that is not within `timeout`, as [`Client::ready`] tells it; [`Pool::states`] tells of all.
    pub async fn ready(&self, timeout: Duration) -> Result<(), RequestError> {
        let until = tokio::time::Instant::now() + timeout;
        for member in &*self.members {
            member.client.ready(until.saturating_duration_since(tokio::time::Instant::now())).await?;
        }
        Ok(())
    }

    /// Asks through the least busy connection that is live.
    ///
    /// # Errors
    /// As for [`Client::request`]; [`RequestError::NotReady`] where no connection is live.
    pub async fn request<R: Request>(&self, request: R) -> Result<R::Output, RequestError> {
        self.least_busy(|_| true).ok_or_else(|| self.none_is_live())?.request(request).await
    }

    /// Asks through the least busy connection of a login that has this account.
    ///
    /// # Errors
    /// As for [`Client::request`]; [`RequestError::NotReady`] where no live connection has the account.
    pub async fn request_of<R: Request>(&self, account: &str, request: R) -> Result<R::Output, RequestError> {
        self.client_of(account).ok_or_else(|| self.none_is_live())?.request(request).await
    }

    /// Begins a stream at the login that has most lines left, on the connection that has fewest streams. It stays there.
    ///
    /// # Errors
    /// As for [`Client::subscribe`]; [`RequestError::LimitReached`] where no login has a line left.
    pub fn subscribe<F: Feed>(&self, feed: F) -> Result<Subscription<F::Item>, RequestError> {
        let mut used: BTreeMap<usize, usize> = BTreeMap::new();
        for member in &*self.members {
            *used.entry(member.login).or_default() += member.client.counts().subscriptions;
        }
        let left = |member: &Member| member.lines.saturating_sub(used.get(&member.login).copied().unwrap_or_default());
        let open = self.members.iter().filter(|member| member.client.state().borrow().phase != Phase::Closed);
        // A stream may begin before its connection is live, but one that is live begins it at once.
        let best = open.filter(|member| left(member) > 0).max_by_key(|member| {
            let is_live = member.client.state().borrow().phase.is_live();
            (is_live, left(member), std::cmp::Reverse(member.client.counts().subscriptions))
        });
        match best {
            Some(member) => member.client.subscribe(feed),
            None => {
                let limit = self.lines();
                Err(RequestError::LimitReached { request: "streams of the pool", limit })
            }
        }
    }

    /// Ends every connection cleanly, as [`Client::shutdown`] does.
    pub async fn shutdown(&self) {
        for member in &*self.members {
            member.client.shutdown().await;
        }
    }

    /// How many streams all logins may have.
    fn lines(&self) -> u32 {
        let lines: BTreeMap<usize, usize> = self.members.iter().map(|member| (member.login, member.lines)).collect();
        u32::try_from(lines.values().fold(0, |sum: usize, lines| sum.saturating_add(*lines))).unwrap_or(u32::MAX)
    }

    fn least_busy(&self, fits: impl Fn(&State) -> bool) -> Option<&Client> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let count = self.members.len();
        let in_turn = (0..count).filter_map(|at| self.members.get((turn.wrapping_add(at)) % count));
        let live = in_turn.filter(|member| {
            let state = member.client.state();
            let state = state.borrow();
            state.takes_requests() && fits(&state)
        });
        live.min_by_key(|member| member.busy()).map(|member| &member.client)
    }

    fn none_is_live(&self) -> RequestError {
        let phase = self.members.first().map_or(Phase::Closed, |member| member.client.state().borrow().phase);
        RequestError::NotReady { phase }
    }
}

impl Member {
    fn busy(&self) -> usize {
        let counts = self.client.counts();
        counts.requests + counts.frames_waiting
    }
}

fn check(ids: &[ClientId], trading: Trading) -> Result<(), PoolError> {
    if ids.is_empty() {
        return Err(PoolError::Empty);
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = ids.iter().find(|id| !seen.insert(**id)) {
        return Err(PoolError::DuplicateClientId(*twice));
    }
    match trading {
        Trading::Through(id) if !seen.contains(&id) => Err(PoolError::UnknownClientId(id)),
        Trading::Through(_) | Trading::Never => Ok(()),
    }
}
