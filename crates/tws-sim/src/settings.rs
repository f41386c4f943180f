//! [`ApiSettings`]: what a user sets under "API" in TWS, and what differs from one TWS to the next.

use serde::Deserialize;
use tws_proto::ids::ClientId;

/// What a user sets under "API" in TWS, and what differs from one TWS to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ApiSettings {
    /// "Master API client ID": this client hears the orders, statuses and executions of all clients, and of the user.
    pub master_client: Option<ClientId>,
    /// "Download open orders on connection".
    pub open_orders_at_start: OpenOrdersAtStart,
    /// "Use negative numbers to bind automatic orders".
    pub bound_ids: BoundIds,
    /// Which order id executions of orders made by hand carry.
    pub manual_execution_id: ManualExecutionId,
}

/// Whether a client hears of its open orders when it starts, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpenOrdersAtStart {
    /// Behind the accounts and the next valid id.
    #[default]
    Last,
    /// In no order with the accounts and the next valid id: the seed decides.
    AnyOrder,
    /// Not unasked.
    Never,
}

/// Which order ids orders made by hand get when client 0 binds them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BoundIds {
    /// -1, -2 and so on.
    #[default]
    Negative,
    /// The next valid ids of client 0.
    Positive,
}

/// Which order id executions of orders made by hand carry. Both were seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ManualExecutionId {
    /// 0.
    #[default]
    Zero,
    /// 2147483647.
    Maximum,
}
