//! The session itself: start, ids, clocks, accounts, notices.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::ids::{ClientId, OrderId};
use crate::kinds::LogLevel;
use crate::time::instants;
use crate::version::ServerVersion;
use crate::wire::{Layout, Wire, layout};

/// Opens the API session; the first message after the handshake. `START_API`, method `startApi`.
///
/// Answered by [`ManagedAccounts`] and [`NextValidId`], and by the client's open orders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartApi {
    /// Which API client this is. Wire name `clientId`.
    pub client_id: ClientId,
    /// Wire name `optionalCapabilities`.
    pub optional_capabilities: String,
}
layout!(StartApi, version "2" { 1 client_id, 2 optional_capabilities });

/// Asks for the next order id. `REQ_IDS`, method `reqIds`. Answered by [`NextValidId`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestIds {
    /// Without effect at these versions; 1 by habit. Wire name `numIds`.
    pub count: Option<i32>,
}
layout!(RequestIds, version "1" { maxed 1 count });

/// The lowest order id that may be used next. `NEXT_VALID_ID`, callback `nextValidId`. Also the sign that the session is ready.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextValidId {
    /// Wire name `orderId`.
    pub order_id: OrderId,
}
layout!(NextValidId, version "1" { 1 order_id });

/// Asks which accounts the login has. `REQ_MANAGED_ACCTS`, method `reqManagedAccts`. Answered by [`ManagedAccounts`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestManagedAccounts {}
layout!(RequestManagedAccounts, version "1" {});

/// The accounts of the login. `MANAGED_ACCTS`, callback `managedAccounts`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagedAccounts {
    /// Separated by commas, with one behind the last where there are several. Wire name `accountsList`.
    pub accounts: String,
}

impl ManagedAccounts {
    /// The accounts one by one.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.accounts.split(',').map(str::trim).filter(|account| !account.is_empty())
    }
}
layout!(ManagedAccounts, version "1" { escaped 1 accounts });

/// Asks for the server's clock in seconds. `REQ_CURRENT_TIME`, method `reqCurrentTime`. Answered by [`CurrentTime`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestCurrentTime {}
layout!(RequestCurrentTime, version "1" {});

/// The server's clock. `CURRENT_TIME`, callback `currentTime`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrentTime {
    /// Seconds since the epoch. Wire name `time`, `currentTime`.
    pub time_s: i64,
}
layout!(CurrentTime, version "1" { 1 time_s });

/// Asks for the server's clock in milliseconds. `REQ_CURRENT_TIME_IN_MILLIS`, method `reqCurrentTimeInMillis`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestCurrentTimeMillis {}
layout!(RequestCurrentTimeMillis {});

/// The server's clock. `CURRENT_TIME_IN_MILLIS`, callback `currentTimeInMillis`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrentTimeMillis {
    /// Milliseconds since the epoch. Wire name `timeInMillis`, `currentTimeInMillis`.
    pub time_ms: i64,
}
layout!(CurrentTimeMillis { 1 time_ms });

/// An error, a warning or a remark; only the code tells which. `ERR_MSG`, callback `error`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// A request's id, an order's id, or -1 for the session as a whole. Wire name `id`, `reqId`.
    pub id: Option<i32>,
    /// When it happened, milliseconds since the epoch. Wire name `errorTime`.
    pub time_ms: Option<i64>,
    /// Wire name `errorCode`.
    pub code: i32,
    /// For people. Wire name `errorString`, `errorMsg`.
    pub text: String,
    /// Details of an advanced reject, as JSON. Wire name `advancedOrderRejectJson`.
    pub reject_json: String,
}

impl Layout for Notice {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { id, time_ms, code, text, reject_json } = self;
        if !w.since(ServerVersion::ERROR_TIME) {
            w.constant("2")?;
        }
        layout!(w; 1 id, 3 code, escaped 4 text, escaped 5 reject_json, gated(ServerVersion::ERROR_TIME) 2 time_ms);
        Ok(())
    }
}

/// Sets how much the server writes to its log. `SET_SERVER_LOGLEVEL`, method `setServerLogLevel`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetServerLogLevel {
    /// Wire name `logLevel`.
    pub level: LogLevel,
}
layout!(SetServerLogLevel, version "1" { 1 level });

instants! {
    CurrentTime: time_s in from_second;
    CurrentTimeMillis: time_ms in from_millisecond;
    Notice: time_ms in from_millisecond;
}
