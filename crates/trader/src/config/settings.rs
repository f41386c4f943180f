//! [`Settings`]: what a file and the environment say, before it is checked.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use order::ExternalPolicy;
use risk::{AllowList, Limits};
use rust_decimal::Decimal;
use serde::Deserialize;
use tws_proto::ServerVersion;
use tws_proto::ids::ClientId;

use crate::trader::MANUAL;

use super::{Arming, ConfigFault, OnStop, Problem, TraderConfig};

/// Every variable that is read.
pub(super) const VARIABLES: [&str; 22] = [
    "TWS_ACCOUNTS",
    "TWS_CLIENT_ID",
    "TWS_CLOCK_SKEW_MAX_S",
    "TWS_CONFIG",
    "TWS_EXTERNAL_ORDERS",
    "TWS_HOST",
    "TWS_INSTANCE",
    "TWS_JOURNAL",
    "TWS_JOURNAL_RECORDS_MAX",
    "TWS_LIVE_ARMED_BY",
    "TWS_LIVE_ARMED_UNTIL",
    "TWS_LIVE_PORTS",
    "TWS_LOCK_FOLDER",
    "TWS_MAX_ORDER_QUANTITY",
    "TWS_MAX_ORDER_VALUE",
    "TWS_MAX_POSITION",
    "TWS_MAX_SERVER_VERSION",
    "TWS_ON_STOP",
    "TWS_PORT",
    "TWS_READY_TIMEOUT_S",
    "TWS_SYMBOLS",
    "TWS_TRADING_MODE",
];

/// What a file or the environment may say; what they leave out has its default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Settings {
    trading_mode: Option<String>,
    host: Option<String>,
    port: Option<u16>,
    client_id: Option<i32>,
    accounts: Option<Vec<String>>,
    journal: Option<PathBuf>,
    journal_records_max: Option<u64>,
    lock_folder: Option<PathBuf>,
    instance: Option<String>,
    max_server_version: Option<i32>,
    ready_timeout_s: Option<u64>,
    on_stop: Option<String>,
    external_orders: Option<String>,
    clock_skew_max_s: Option<u64>,
    live_ports: Option<Vec<u16>>,
    live_armed_by: Option<String>,
    live_armed_until: Option<String>,
    limits: Option<Limits>,
    #[serde(skip)]
    overrides: LimitOverrides,
}

/// Limits that have a variable of their own.
#[derive(Debug, Default)]
struct LimitOverrides {
    order_quantity: Option<Decimal>,
    order_value: Option<Decimal>,
    position: Option<Decimal>,
    symbols: Option<Vec<String>>,
}

impl Settings {
    pub(super) fn lay_over(&mut self, variables: &BTreeMap<String, String>, faults: &mut Vec<ConfigFault>) {
        let mut over = Over { variables, faults };
        over.text("TWS_TRADING_MODE", &mut self.trading_mode);
        over.text("TWS_HOST", &mut self.host);
        over.parsed("TWS_PORT", "a port number, 1 to 65535", &mut self.port);
        over.parsed("TWS_CLIENT_ID", "a whole number, 1 or more", &mut self.client_id);
        over.list("TWS_ACCOUNTS", "account names separated by commas", &mut self.accounts);
        over.parsed("TWS_JOURNAL", "a path", &mut self.journal);
        over.parsed("TWS_JOURNAL_RECORDS_MAX", "a number", &mut self.journal_records_max);
        over.parsed("TWS_LOCK_FOLDER", "a path", &mut self.lock_folder);
        over.text("TWS_INSTANCE", &mut self.instance);
        over.parsed("TWS_MAX_SERVER_VERSION", "a whole number, 176 to 226", &mut self.max_server_version);
        over.parsed("TWS_READY_TIMEOUT_S", "a whole number of seconds", &mut self.ready_timeout_s);
        over.text("TWS_ON_STOP", &mut self.on_stop);
        over.text("TWS_EXTERNAL_ORDERS", &mut self.external_orders);
        over.parsed("TWS_CLOCK_SKEW_MAX_S", "a whole number of seconds", &mut self.clock_skew_max_s);
        over.list("TWS_LIVE_PORTS", "port numbers separated by commas", &mut self.live_ports);
        over.text("TWS_LIVE_ARMED_BY", &mut self.live_armed_by);
        over.text("TWS_LIVE_ARMED_UNTIL", &mut self.live_armed_until);
        over.parsed("TWS_MAX_ORDER_QUANTITY", "a number", &mut self.overrides.order_quantity);
        over.parsed("TWS_MAX_ORDER_VALUE", "a number", &mut self.overrides.order_value);
        over.parsed("TWS_MAX_POSITION", "a number", &mut self.overrides.position);
        over.list("TWS_SYMBOLS", "symbols separated by commas", &mut self.overrides.symbols);
    }

    pub(super) fn build(self, faults: &mut Vec<ConfigFault>) -> TraderConfig {
        let base = match self.trading_mode.as_deref() {
            None | Some("paper") => TraderConfig::paper(),
            Some("live") => TraderConfig::live(),
            Some(other) => {
                faults.push(ConfigFault::of("TWS_TRADING_MODE", other, Problem::NotAllowed, "choose paper or live"));
                TraderConfig::paper()
            }
        };
        let mut limits = self.limits.unwrap_or(base.limits);
        let LimitOverrides { order_quantity, order_value, position, symbols } = self.overrides;
        limits.order_quantity_max = order_quantity.or(limits.order_quantity_max);
        limits.order_value_max = order_value.or(limits.order_value_max);
        limits.position_max = position.or(limits.position_max);
        if let Some(symbols) = symbols {
            limits.symbols = if symbols == ["any"] { AllowList::Any } else { AllowList::only(symbols) };
        }
        let on_stop = match self.on_stop.as_deref() {
            None => base.on_stop,
            Some("keep") => OnStop::Keep,
            Some("cancel") => OnStop::Cancel,
            Some(other) => {
                faults.push(ConfigFault::of("TWS_ON_STOP", other, Problem::NotAllowed, "choose keep or cancel"));
                base.on_stop
            }
        };
        let external_orders = match self.external_orders.as_deref() {
            None => base.external_orders,
            Some("observe") => ExternalPolicy::Observe,
            Some("adopt") => ExternalPolicy::Adopt { strategy: MANUAL.to_owned() },
            Some("ignore") => ExternalPolicy::Ignore,
            Some(other) => {
                let remedy = "choose observe, adopt or ignore";
                faults.push(ConfigFault::of("TWS_EXTERNAL_ORDERS", other, Problem::NotAllowed, remedy));
                base.external_orders
            }
        };
        let arming = self.live_armed_by.and_then(|by| {
            let until = self.live_armed_until.unwrap_or_default();
            match until.parse::<Timestamp>() {
                Ok(until) => Some(Arming { by, until }),
                Err(_) => {
                    let remedy = "write a time such as 2026-11-23T20:00:00Z";
                    faults.push(ConfigFault::of("TWS_LIVE_ARMED_UNTIL", &until, Problem::Unreadable, remedy));
                    None
                }
            }
        });
        TraderConfig {
            mode: base.mode,
            host: self.host.unwrap_or(base.host),
            port: self.port.unwrap_or(base.port),
            client_id: self.client_id.map_or(base.client_id, ClientId),
            accounts: self.accounts.unwrap_or(base.accounts),
            journal: self.journal.unwrap_or(base.journal),
            journal_records_max: self.journal_records_max.unwrap_or(base.journal_records_max),
            lock_folder: self.lock_folder.or(base.lock_folder),
            instance: self.instance.unwrap_or(base.instance),
            newest_version: self.max_server_version.map_or(base.newest_version, ServerVersion),
            ready_timeout: self.ready_timeout_s.map_or(base.ready_timeout, Duration::from_secs),
            on_stop,
            clock_skew_max: self.clock_skew_max_s.map(Duration::from_secs).or(base.clock_skew_max),
            live_ports: self.live_ports.unwrap_or(base.live_ports),
            arming,
            external_orders,
            limits,
        }
    }
}

/// Lays variables over settings and notes what cannot be read.
struct Over<'a> {
    variables: &'a BTreeMap<String, String>,
    faults: &'a mut Vec<ConfigFault>,
}

impl Over<'_> {
    fn text(&mut self, name: &'static str, setting: &mut Option<String>) {
        if let Some(value) = self.variables.get(name) {
            *setting = Some(value.trim().to_owned());
        }
    }

    fn parsed<T: std::str::FromStr>(&mut self, name: &'static str, expected: &str, setting: &mut Option<T>) {
        if let Some(value) = self.variables.get(name) {
            match value.trim().parse() {
                Ok(parsed) => *setting = Some(parsed),
                Err(_) => {
                    self.faults.push(ConfigFault::of(name, value, Problem::Unreadable, &format!("write {expected}")))
                }
            }
        }
    }

    fn list<T: std::str::FromStr>(&mut self, name: &'static str, expected: &str, setting: &mut Option<Vec<T>>) {
        if let Some(value) = self.variables.get(name) {
            let items = value.split(',').map(str::trim).filter(|item| !item.is_empty());
            match items.map(str::parse).collect() {
                Ok(parsed) => *setting = Some(parsed),
                Err(_) => {
                    self.faults.push(ConfigFault::of(name, value, Problem::Unreadable, &format!("write {expected}")))
                }
            }
        }
    }
}

pub(super) fn read_file(path: &str) -> Result<Settings, ConfigFault> {
    let fault =
        |problem, remedy: String| ConfigFault { setting: "TWS_CONFIG", value: path.to_owned(), problem, remedy };
    let text = std::fs::read_to_string(path)
        .map_err(|error| fault(Problem::Unreadable, format!("make the file readable ({error})")))?;
    toml::from_str(&text)
        .map_err(|error| fault(Problem::Unreadable, format!("mend the file: {}", error.to_string().trim_end())))
}
