//! [`Inquiries`]: the session with TWS, without a way to send orders.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use order::PriceStep;
use tokio::sync::watch;
use tws_client::{Client, Executions, MarketData, OpenOrders, RequestError, State, Tick, TickByTickData};
use tws_proto::Contract;
use tws_proto::ids::OrderId;
use tws_proto::kinds::{AccountTag, GenericTick, MarketDataKind, TickByTickKind};
use tws_proto::message::{AccountSummary, CompletedOrder, ContractData, ExecutionFilter, MarketRuleId, Position};

/// The session with TWS, for what is no order. It has no way to send one: orders go through [`Handle`](crate::Handle),
/// past the gate and into the journal. Cheap to clone.
///
/// Every method is that of [`tws_client::Client`]; what it answers about orders and positions is the broker's word,
/// while the trader's own books are behind [`Handle::inspect`](crate::Handle::inspect).
#[derive(Clone, Debug)]
pub struct Inquiries {
    client: Client,
    /// Price steps by market rule: a rule never changes what it says while a session stands.
    rules: Arc<Mutex<BTreeMap<i32, Vec<PriceStep>>>>,
}

impl Inquiries {
    pub(crate) fn new(client: Client) -> Self {
        Self { client, rules: Arc::default() }
    }

    /// The price steps of a market rule, asked for once. `None` where TWS does not tell them: then only the least step of
    /// the contract's details is known.
    pub(crate) async fn price_steps(&self, rule_id: MarketRuleId) -> Option<Vec<PriceStep>> {
        let known = self.rules.lock().unwrap_or_else(PoisonError::into_inner).get(&rule_id.0).cloned();
        if known.is_some() {
            return known;
        }
        match self.client.market_rule(rule_id).await {
            Ok(rule) => {
                let steps = crate::terms::steps_of(&rule);
                self.rules.lock().unwrap_or_else(PoisonError::into_inner).insert(rule_id.0, steps.clone());
                Some(steps)
            }
            Err(error) => {
                tracing::warn!(%error, rule = rule_id.0, "TWS did not tell the price steps; the least one is used");
                None
            }
        }
    }

    /// The state of the session, to look at and to wait for changes of.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<State> {
        self.client.state()
    }

    /// The server's clock.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn server_time(&self) -> Result<SystemTime, RequestError> {
        self.client.server_time().await
    }

    /// The lowest order id that TWS says may be used next.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn next_order_id(&self) -> Result<OrderId, RequestError> {
        self.client.next_order_id().await
    }

    /// The accounts of the login.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn accounts(&self) -> Result<Vec<String>, RequestError> {
        self.client.accounts().await
    }

    /// Every contract that fits.
    ///
    /// # Errors
    /// [`RequestError::Rejected`] with code 200 where none fits; else as for every request.
    pub async fn contract_details(&self, contract: &Contract) -> Result<Vec<ContractData>, RequestError> {
        self.client.contract_details(contract).await
    }

    /// Values of every account: of which tags; [`AccountTag::LedgerOfAllCurrencies`] asks for values by currency.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn account_summary(&self, tags: &[AccountTag]) -> Result<Vec<AccountSummary>, RequestError> {
        self.client.account_summary(tags).await
    }

    /// Every position of the login, each once.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn positions(&self) -> Result<Vec<Position>, RequestError> {
        self.client.positions().await
    }

    /// The open orders of all clients, those made by hand too.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn all_open_orders(&self) -> Result<OpenOrders, RequestError> {
        self.client.all_open_orders().await
    }

    /// Today's completed orders, those made by hand too.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn completed_orders(&self) -> Result<Vec<CompletedOrder>, RequestError> {
        self.client.completed_orders().await
    }

    /// Executions, and what of their costs comes with them.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn executions(&self, filter: ExecutionFilter) -> Result<Executions, RequestError> {
        self.client.executions(filter).await
    }

    /// One set of market data values; TWS may take 11 s for it.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn snapshot(&self, contract: &Contract) -> Result<Vec<Tick>, RequestError> {
        self.client.snapshot(contract).await
    }

    /// A live stream of ticks, beside the quotes of [`Handle::watch`](crate::Handle::watch).
    ///
    /// # Errors
    /// [`RequestError::QueueFull`] and [`RequestError::Closed`].
    pub fn market_data(&self, contract: &Contract, generic_ticks: &[GenericTick]) -> Result<MarketData, RequestError> {
        self.client.market_data(contract, generic_ticks)
    }

    /// A live stream of every single tick.
    ///
    /// # Errors
    /// [`RequestError::QueueFull`] and [`RequestError::Closed`].
    pub fn tick_by_tick(&self, contract: &Contract, kind: TickByTickKind) -> Result<TickByTickData, RequestError> {
        self.client.tick_by_tick(contract, kind)
    }

    /// Chooses live, frozen or delayed data for streams and snapshots that begin from now on.
    pub fn choose_data_kind(&self, kind: MarketDataKind) {
        self.client.choose_data_kind(kind);
    }
}
