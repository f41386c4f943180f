//! The session itself: start, ids, clocks, accounts, notices.

use crate::body::{body, fields};
use crate::error::Result;
use crate::ids::{ClientId, OrderId};
use crate::kinds::LogLevel;
use crate::time::instants;
use crate::version::ServerVersion;
use crate::wire::{Layout, Wire, layout};

body! {
    /// Opens the API session; the first message after the handshake. `START_API`, method `startApi`.
    ///
    /// Answered by [`ManagedAccounts`] and [`NextValidId`], and by the client's open orders.
    StartApi, version "2" {
        /// Which API client this is.
        1 "clientId" client_id: ClientId,
        2 "optionalCapabilities" optional_capabilities: String,
    }

    /// Asks for the next order id. `REQ_IDS`, method `reqIds`. Answered by [`NextValidId`].
    RequestIds, version "1" {
        /// Without effect at these versions; 1 by habit.
        maxed 1 "numIds" count: Option<i32>,
    }

    /// The lowest order id that may be used next. `NEXT_VALID_ID`, callback `nextValidId`. Also the sign that the session is ready.
    NextValidId, version "1" {
        1 "orderId" order_id: OrderId,
    }

    /// Asks which accounts the login has. `REQ_MANAGED_ACCTS`, method `reqManagedAccts`. Answered by [`ManagedAccounts`].
    RequestManagedAccounts, version "1" {}

    /// The accounts of the login. `MANAGED_ACCTS`, callback `managedAccounts`.
    ManagedAccounts, version "1" {
        /// Separated by commas, with one behind the last where there are several.
        escaped 1 "accountsList" accounts: String,
    }
}

impl ManagedAccounts {
    /// The accounts one by one.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.accounts.split(',').map(str::trim).filter(|account| !account.is_empty())
    }
}

body! {
    /// Asks for the server's clock in seconds. `REQ_CURRENT_TIME`, method `reqCurrentTime`. Answered by [`CurrentTime`].
    RequestCurrentTime, version "1" {}

    /// The server's clock. `CURRENT_TIME`, callback `currentTime`.
    CurrentTime, version "1" {
        /// Seconds since the epoch.
        1 "time" "currentTime" time_s: i64,
    }

    /// Asks for the server's clock in milliseconds. `REQ_CURRENT_TIME_IN_MILLIS`, method `reqCurrentTimeInMillis`.
    RequestCurrentTimeMillis {}

    /// The server's clock. `CURRENT_TIME_IN_MILLIS`, callback `currentTimeInMillis`.
    CurrentTimeMillis {
        /// Milliseconds since the epoch.
        1 "timeInMillis" "currentTimeInMillis" time_ms: i64,
    }
}

fields! {
    /// An error, a warning or a remark; only the code tells which. `ERR_MSG`, callback `error`.
    Notice {
        /// A request's id, an order's id, or -1 for the session as a whole.
        "id" "reqId" id: Option<i32>,
        /// When it happened, milliseconds since the epoch.
        "errorTime" time_ms: Option<i64>,
        "errorCode" code: i32,
        /// For people.
        "errorString" "errorMsg" text: String,
        /// Details of an advanced reject, as JSON.
        "advancedOrderRejectJson" reject_json: String,
    }
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

body! {
    /// Sets how much the server writes to its log. `SET_SERVER_LOGLEVEL`, method `setServerLogLevel`.
    SetServerLogLevel, version "1" {
        1 "logLevel" level: LogLevel,
    }
}

instants! {
    CurrentTime: time_s in from_second;
    CurrentTimeMillis: time_ms in from_millisecond;
    Notice: time_ms in from_millisecond;
}
