//! Configuration: a TOML file, then the environment, then the builder; checked once, with every fault named.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use order::ExternalPolicy;
use risk::{AllowList, Limit, LimitFault, Limits, TradingMode};
use rust_decimal::Decimal;
use tws_client::config::{GATEWAY_LIVE_PORT, GATEWAY_PAPER_PORT, TWS_LIVE_PORT, TWS_PAPER_PORT};
use tws_proto::ServerVersion;
use tws_proto::ids::ClientId;

mod fault;
mod settings;

pub use fault::{ConfigError, ConfigFault, Problem};
use settings::{Settings, VARIABLES, read_file};

/// Ports on which TWS and IB Gateway serve paper accounts by default.
pub const PAPER_PORTS: [u16; 2] = [TWS_PAPER_PORT, GATEWAY_PAPER_PORT];
/// Ports on which TWS and IB Gateway serve live accounts by default.
pub const LIVE_PORTS: [u16; 2] = [TWS_LIVE_PORT, GATEWAY_LIVE_PORT];
/// For how long live trading can be armed at most.
pub const ARMED_MAX: Duration = Duration::from_micros(risk::gate::ARMED_MAX_US.unsigned_abs());

/// Everything a trader needs to know before it starts.
///
/// [`TraderConfig::paper`] holds the defaults: paper trading at 127.0.0.1:7497 as client 1, with small limits.
/// [`TraderConfig::from_env`] lays the file named by `TWS_CONFIG` and the `TWS_*` variables over them.
#[derive(Clone, Debug, PartialEq)]
pub struct TraderConfig {
    /// Paper or live. `TWS_TRADING_MODE`.
    pub mode: TradingMode,
    /// Host of TWS or IB Gateway. `TWS_HOST`.
    pub host: String,
    /// Its API port. `TWS_PORT`.
    pub port: u16,
    /// Which API client this is; one trader a number. `TWS_CLIENT_ID`.
    pub client_id: ClientId,
    /// Accounts to trade; empty for every account of a paper login. `TWS_ACCOUNTS`, separated by commas.
    pub accounts: Vec<String>,
    /// The journal's file; every order and fill is in it. `TWS_JOURNAL`.
    pub journal: PathBuf,
    /// How many records a file of the journal holds before the next start goes on in a fresh one.
    /// `TWS_JOURNAL_RECORDS_MAX`.
    pub journal_records_max: u64,
    /// Where the lock on TWS and client id lies (R38), the same for every trader of this machine. Without it in the
    /// folder of this user (`XDG_RUNTIME_DIR`), if there is one, and in that for temporary files. `TWS_LOCK_FOLDER`.
    pub lock_folder: Option<PathBuf>,
    /// Names this trader inside order references, one to four letters or digits. `TWS_INSTANCE`.
    pub instance: String,
    /// Newest server version to agree on. `TWS_MAX_SERVER_VERSION`.
    pub newest_version: ServerVersion,
    /// How long to wait for the session to become ready at the start. `TWS_READY_TIMEOUT_S`.
    pub ready_timeout: Duration,
    /// What becomes of orders that live when the trader is stopped. `TWS_ON_STOP`, `keep` or `cancel`.
    pub on_stop: OnStop,
    /// By how much the clock of TWS may differ before nothing is traded (R39); without it a difference is only noted, as
    /// simulated time differs by as much as it likes. `TWS_CLOCK_SKEW_MAX_S`.
    pub clock_skew_max: Option<Duration>,
    /// Ports that may serve live accounts, beside [`LIVE_PORTS`]. `TWS_LIVE_PORTS`.
    pub live_ports: Vec<u16>,
    /// Who armed live trading, and until when. `TWS_LIVE_ARMED_BY`, `TWS_LIVE_ARMED_UNTIL`.
    pub arming: Option<Arming>,
    /// What is done with orders of others as soon as they are seen (R18): they are observed, adopted in the name `manual`, or
    /// left out of the count. `TWS_EXTERNAL_ORDERS`, `observe`, `adopt` or `ignore`.
    pub external_orders: ExternalPolicy,
    /// What the gate lets through: the `[limits]` table of the file, as [`risk::Limits`] spells it, then
    /// `TWS_MAX_ORDER_QUANTITY`, `TWS_MAX_ORDER_VALUE`, `TWS_MAX_POSITION` and `TWS_SYMBOLS`. Mode and accounts are
    /// taken from the settings above; limits that name others are refused.
    pub limits: Limits,
}

/// What becomes of orders that live when the trader is stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnStop {
    /// They stay at the broker as they are.
    #[default]
    Keep,
    /// They are cancelled, and the end waits for that, but not for ever.
    Cancel,
}

/// A named person's word that live trading may start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arming {
    /// Who.
    pub by: String,
    /// Until when, at most [`ARMED_MAX`] ahead.
    pub until: Timestamp,
}

impl TraderConfig {
    /// The defaults for paper trading.
    #[must_use]
    pub fn paper() -> Self {
        Self {
            mode: TradingMode::Paper,
            host: "127.0.0.1".to_owned(),
            port: PAPER_PORTS[0],
            client_id: ClientId(1),
            accounts: Vec::new(),
            journal: PathBuf::from("trader.db"),
            journal_records_max: 1_000_000,
            lock_folder: None,
            instance: "t1".to_owned(),
            newest_version: ServerVersion::NEWEST,
            ready_timeout: Duration::from_secs(30),
            on_stop: OnStop::Keep,
            clock_skew_max: None,
            live_ports: Vec::new(),
            arming: None,
            external_orders: ExternalPolicy::Observe,
            limits: Limits {
                symbols: AllowList::Any,
                security_types: AllowList::Any,
                order_quantity_max: Some(Decimal::from(1_000)),
                order_value_max: Some(Decimal::from(250_000)),
                position_max: Some(Decimal::from(2_000)),
                ..Limits::default()
            },
        }
    }

    /// The defaults for live trading: nothing is allowed until it is named.
    #[must_use]
    pub fn live() -> Self {
        let clock_skew_max = Some(Duration::from_secs(5));
        Self {
            mode: TradingMode::Live,
            port: LIVE_PORTS[0],
            limits: Limits::default(),
            clock_skew_max,
            ..Self::paper()
        }
    }

    /// Reads the file named by `TWS_CONFIG`, if any, then the `TWS_*` variables of the environment.
    ///
    /// # Errors
    /// [`ConfigError`] names every fault at once: what is wrong with which setting, and what to do.
    pub fn from_env() -> Result<Self, ConfigError> {
        let (mut variables, mut faults) = (Vec::new(), Vec::new());
        for (name, value) in std::env::vars_os() {
            // What others set may be of any bytes.
            let Some(name) = name.to_str().filter(|name| name.starts_with("TWS_")) else { continue };
            match value.into_string() {
                Ok(value) => variables.push((name.to_owned(), value)),
                Err(value) => faults.extend(not_text(name, &value)),
            }
        }
        Self::read(variables, faults)
    }

    /// As [`TraderConfig::from_env`], from variables that are given.
    ///
    /// # Errors
    /// As [`TraderConfig::from_env`].
    pub fn from_variables(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        Self::read(variables, Vec::new())
    }

    fn read(
        variables: impl IntoIterator<Item = (String, String)>,
        mut faults: Vec<ConfigFault>,
    ) -> Result<Self, ConfigError> {
        let variables: BTreeMap<String, String> =
            variables.into_iter().filter(|(name, _)| name.starts_with("TWS_")).collect();
        let mut settings = Settings::default();
        if let Some(path) = variables.get("TWS_CONFIG") {
            match read_file(path) {
                Ok(file) => settings = file,
                Err(fault) => faults.push(fault),
            }
        }
        settings.lay_over(&variables, &mut faults);
        let config = settings.build(&mut faults);
        for name in variables.keys().filter(|name| !VARIABLES.contains(&name.as_str())) {
            warn_unknown(name);
        }
        config.check(&mut faults);
        if faults.is_empty() { Ok(config) } else { Err(ConfigError { faults }) }
    }

    /// Checks the settings against each other.
    ///
    /// # Errors
    /// [`ConfigError`] names every fault at once.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let mut faults = Vec::new();
        self.check(&mut faults);
        if faults.is_empty() { Ok(()) } else { Err(ConfigError { faults }) }
    }

    fn check(&self, faults: &mut Vec<ConfigFault>) {
        let mut fault = |setting, value: &dyn fmt::Display, problem, remedy: &str| {
            faults.push(ConfigFault { setting, value: value.to_string(), problem, remedy: remedy.to_owned() });
        };
        if self.host.trim().is_empty() {
            fault("TWS_HOST", &self.host, Problem::Missing, "name the host of TWS, 127.0.0.1 if it runs here");
        }
        if self.port == 0 {
            fault("TWS_PORT", &self.port, Problem::OutOfRange, "name the API port of TWS, 7497 for paper");
        }
        // The largest number means none on the wire.
        if !(1..i32::MAX).contains(&self.client_id.0) {
            fault(
                "TWS_CLIENT_ID",
                &self.client_id,
                Problem::OutOfRange,
                "choose 1 to 2147483646; client 0 would bind orders made by hand",
            );
        }
        if !self.newest_version.is_supported() {
            fault("TWS_MAX_SERVER_VERSION", &self.newest_version, Problem::OutOfRange, "choose 176 to 226");
        }
        let instance_ok =
            (1..=4).contains(&self.instance.len()) && self.instance.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !instance_ok {
            fault("TWS_INSTANCE", &self.instance, Problem::NotAllowed, "choose one to four ASCII letters or digits");
        }
        match self.mode {
            TradingMode::Paper => {
                if LIVE_PORTS.contains(&self.port) || self.live_ports.contains(&self.port) {
                    fault(
                        "TWS_PORT",
                        &self.port,
                        Problem::LivePortInPaperMode,
                        "use 7497 (TWS) or 4002 (IB Gateway) for paper",
                    );
                }
                for account in self.accounts.iter().filter(|account| !risk::is_paper_account(account)) {
                    fault(
                        "TWS_ACCOUNTS",
                        account,
                        Problem::LiveAccountInPaperMode,
                        "name paper accounts only; theirs start with D",
                    );
                }
            }
            TradingMode::Live => self.check_live(&mut fault),
        }
        let Limits { mode, accounts, live_accounts, .. } = &self.limits;
        let above = "say it once, at the top of the file or in its variable";
        for (name, setting, is_said) in [
            ("mode", "TWS_TRADING_MODE", *mode == TradingMode::Live && self.mode == TradingMode::Paper),
            ("accounts", "TWS_ACCOUNTS", !accounts.is_empty()),
            ("live_accounts", "TWS_ACCOUNTS", !live_accounts.is_empty()),
        ] {
            if is_said {
                fault("[limits]", &name, Problem::NotAllowed, &format!("{above} {setting}"));
            }
        }
        // Accounts of a paper login may be left to the session; what they are is checked there.
        let unnamed = self.mode == TradingMode::Paper && self.accounts.is_empty();
        let accounts = if unnamed { vec!["DU0".to_owned()] } else { self.accounts.clone() };
        if let Err(error) = self.limits_for(accounts).validate() {
            for limit in error.faults.into_iter().filter(|fault| !names_accounts(fault)) {
                let remedy =
                    "set it in the [limits] table of the file that TWS_CONFIG names, or its variable".to_owned();
                faults.push(ConfigFault {
                    setting: "[limits]",
                    value: String::new(),
                    problem: Problem::Limit(limit),
                    remedy,
                });
            }
        }
    }

    /// The gate's limits for these accounts.
    pub(crate) fn limits_for(&self, accounts: Vec<String>) -> Limits {
        let accounts: BTreeSet<String> = accounts.into_iter().collect();
        let live_accounts = if self.mode == TradingMode::Live { accounts.clone() } else { BTreeSet::new() };
        Limits { mode: self.mode, accounts, live_accounts, ..self.limits.clone() }
    }

    fn check_live(&self, fault: &mut dyn FnMut(&'static str, &dyn fmt::Display, Problem, &str)) {
        if self.accounts.is_empty() {
            fault("TWS_ACCOUNTS", &"", Problem::Missing, "name the live accounts that may be traded");
        }
        if !LIVE_PORTS.contains(&self.port) && !self.live_ports.contains(&self.port) {
            fault(
                "TWS_PORT",
                &self.port,
                Problem::NotAllowed,
                "use 7496 (TWS) or 4001 (IB Gateway) for live, or name the port in TWS_LIVE_PORTS",
            );
        }
        match &self.arming {
            None => fault(
                "TWS_LIVE_ARMED_BY",
                &"",
                Problem::Missing,
                "a person must arm live trading: set TWS_LIVE_ARMED_BY and TWS_LIVE_ARMED_UNTIL",
            ),
            Some(arming) => {
                if arming.by.trim().is_empty() {
                    fault("TWS_LIVE_ARMED_BY", &"", Problem::Missing, "name the person who arms live trading");
                }
                let left = arming.until.duration_since(Timestamp::now());
                if left.is_negative() || left.unsigned_abs() > ARMED_MAX {
                    fault(
                        "TWS_LIVE_ARMED_UNTIL",
                        &arming.until,
                        Problem::OutOfRange,
                        "name a time in the next 24 hours",
                    );
                }
            }
        }
    }
}

fn warn_unknown(name: &str) {
    tracing::warn!(variable = name, "unknown variable, ignored");
}

/// The fault of a variable that is no UTF-8; none where nobody would read it.
fn not_text(name: &str, value: &OsStr) -> Option<ConfigFault> {
    let Some(setting) = VARIABLES.iter().find(|known| **known == name) else {
        warn_unknown(name);
        return None;
    };
    Some(ConfigFault::of(setting, &value.to_string_lossy(), Problem::Unreadable, "write it in UTF-8"))
}

/// Faults of accounts are named by the settings that hold them.
fn names_accounts(fault: &LimitFault) -> bool {
    matches!(
        fault,
        LimitFault::Missing(Limit::Accounts)
            | LimitFault::LiveAccountInPaperMode(_)
            | LimitFault::AccountNotNamedLive(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Result<TraderConfig, ConfigError> {
        TraderConfig::from_variables(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[track_caller]
    fn check_faults(variables: &[(&str, &str)], expected: &[(&str, Problem)]) {
        let error = from(variables).expect_err("the configuration should be refused");
        let faults: Vec<_> = error.faults.iter().map(|fault| (fault.setting, fault.problem.clone())).collect();
        assert_eq!(faults, expected, "{error}");
    }

    #[test]
    fn nothing_set_is_paper_at_home() {
        let config = from(&[("HOME", "/"), ("TWS_SOMETHING_ELSE", "x")]).unwrap();
        assert_eq!(config, TraderConfig::paper());
        assert_eq!((config.host.as_str(), config.port, config.client_id), ("127.0.0.1", 7497, ClientId(1)));
    }

    #[test]
    fn variables_are_read() {
        let config = from(&[
            ("TWS_HOST", "10.0.0.5"),
            ("TWS_PORT", " 4002 "),
            ("TWS_CLIENT_ID", "7"),
            ("TWS_ACCOUNTS", "DU1, DU2,"),
            ("TWS_MAX_ORDER_VALUE", "5000.50"),
            ("TWS_SYMBOLS", "IBM,SPY"),
        ])
        .unwrap();
        assert_eq!((config.host.as_str(), config.port, config.client_id), ("10.0.0.5", 4002, ClientId(7)));
        assert_eq!(config.accounts, ["DU1", "DU2"]);
        assert_eq!(config.limits.order_value_max, Some(Decimal::new(500_050, 2)));
        assert_eq!(config.limits.symbols, AllowList::only(["IBM", "SPY"]));
        // As a file says it.
        assert_eq!(from(&[("TWS_SYMBOLS", "any")]).unwrap().limits.symbols, AllowList::Any);
    }

    #[test]
    fn every_fault_is_named_at_once() {
        check_faults(
            &[("TWS_PORT", "http"), ("TWS_CLIENT_ID", "0"), ("TWS_TRADING_MODE", "real"), ("TWS_INSTANCE", "too long")],
            &[
                ("TWS_PORT", Problem::Unreadable),
                ("TWS_TRADING_MODE", Problem::NotAllowed),
                ("TWS_CLIENT_ID", Problem::OutOfRange),
                ("TWS_INSTANCE", Problem::NotAllowed),
            ],
        );
        check_faults(&[("TWS_CLIENT_ID", "2147483647")], &[("TWS_CLIENT_ID", Problem::OutOfRange)]);
    }

    #[test]
    fn paper_refuses_what_is_live() {
        for port in LIVE_PORTS {
            check_faults(&[("TWS_PORT", &port.to_string())], &[("TWS_PORT", Problem::LivePortInPaperMode)]);
        }
        check_faults(&[("TWS_ACCOUNTS", "U1234567")], &[("TWS_ACCOUNTS", Problem::LiveAccountInPaperMode)]);
        let named = [("TWS_LIVE_PORTS", "4003"), ("TWS_PORT", "4003")];
        check_faults(&named, &[("TWS_PORT", Problem::LivePortInPaperMode)]);
    }

    #[test]
    fn mode_and_accounts_are_not_said_in_the_limits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trader.toml");
        let limits = "security_types = \"any\"\norder_quantity_max = \"25\"\norder_value_max = \"1000\"\n\
            position_max = \"50\"\nsymbols = \"any\"\n";
        let file = |said: &str| {
            std::fs::write(&path, format!("[limits]\n{limits}{said}\n")).unwrap();
            [("TWS_CONFIG", path.to_str().unwrap())]
        };
        assert!(from(&file("")).is_ok());
        for said in ["mode = \"live\"", "accounts = [\"DU1\"]", "live_accounts = [\"U1\"]"] {
            check_faults(&file(said), &[("[limits]", Problem::NotAllowed)]);
        }
    }

    #[test]
    fn live_needs_every_lock() {
        let missing = |limit| Problem::Limit(LimitFault::Missing(limit));
        check_faults(
            &[("TWS_TRADING_MODE", "live"), ("TWS_PORT", "7497")],
            &[
                ("TWS_ACCOUNTS", Problem::Missing),
                ("TWS_PORT", Problem::NotAllowed),
                ("TWS_LIVE_ARMED_BY", Problem::Missing),
                ("[limits]", missing(Limit::Symbols)),
                ("[limits]", missing(Limit::SecurityTypes)),
                ("[limits]", missing(Limit::Exchanges)),
                ("[limits]", missing(Limit::OrderQuantity)),
                ("[limits]", missing(Limit::OrderValue)),
                ("[limits]", missing(Limit::Position)),
                ("[limits]", missing(Limit::DailyLoss)),
                ("[limits]", missing(Limit::GrossExposure)),
                ("[limits]", missing(Limit::NetExposure)),
            ],
        );
        let until = (Timestamp::now() + Duration::from_secs(3600)).to_string();
        let late = (Timestamp::now() + Duration::from_secs(200_000)).to_string();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("live.toml");
        let limits = "[limits]\nsecurity_types = [\"STK\"]\nexchanges = [\"SMART\"]\ndaily_loss_max = \"500\"\n\
            gross_exposure_max = \"5000\"\nnet_exposure_max = \"5000\"\n";
        std::fs::write(&path, limits).unwrap();
        let complete = [
            ("TWS_CONFIG", path.to_str().unwrap()),
            ("TWS_SYMBOLS", "IBM"),
            ("TWS_TRADING_MODE", "live"),
            ("TWS_ACCOUNTS", "U1234567"),
            ("TWS_LIVE_ARMED_BY", "ann"),
            ("TWS_LIVE_ARMED_UNTIL", until.as_str()),
            ("TWS_MAX_ORDER_QUANTITY", "10"),
            ("TWS_MAX_ORDER_VALUE", "1000"),
            ("TWS_MAX_POSITION", "10"),
        ];
        assert_eq!(from(&complete).unwrap().port, 7496);
        let mut by_nobody = complete;
        by_nobody[4].1 = "  ";
        check_faults(&by_nobody, &[("TWS_LIVE_ARMED_BY", Problem::Missing)]);
        let blank = TraderConfig {
            arming: Some(Arming { by: " ".to_owned(), until: Timestamp::now() }),
            ..from(&complete).unwrap()
        };
        assert_eq!(blank.validate().unwrap_err().faults[0].setting, "TWS_LIVE_ARMED_BY");
        let mut too_long = complete;
        too_long[5].1 = &late;
        check_faults(&too_long, &[("TWS_LIVE_ARMED_UNTIL", Problem::OutOfRange)]);
    }

    #[test]
    fn a_file_comes_before_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trader.toml");
        std::fs::write(&path, "port = 4002\nclient_id = 3\n[limits]\nsymbols = \"any\"\nsecurity_types = \"any\"\norder_quantity_max = \"25\"\norder_value_max = \"1000\"\nposition_max = \"50\"\n").unwrap();
        let path = path.to_str().unwrap();
        let config = from(&[("TWS_CONFIG", path), ("TWS_CLIENT_ID", "9")]).unwrap();
        assert_eq!(
            (config.port, config.client_id, config.limits.order_quantity_max),
            (4002, ClientId(9), Some(Decimal::from(25)))
        );
        check_faults(&[("TWS_CONFIG", "/no/such/file.toml")], &[("TWS_CONFIG", Problem::Unreadable)]);
        std::fs::write(path, "prot = 4002\n").unwrap();
        check_faults(&[("TWS_CONFIG", path)], &[("TWS_CONFIG", Problem::Unreadable)]);
    }
}
