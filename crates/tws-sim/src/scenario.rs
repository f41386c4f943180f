//! [`Scenario`]: given, when, then, in a file, for whoever does not want to write Rust.
//!
//! A scenario runs on the whole simulator, shell included, with clients on pipes and in paused time: hours take
//! milliseconds, and the same file always ends the same way. The format stands in `docs/simulator.md`.

mod client;
mod judge;
mod run;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::faults::Fault;

/// A whole scenario.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it shows, in a sentence.
    pub name: String,
    /// What there is before anything happens.
    #[serde(default)]
    pub given: Given,
    /// What happens, one after the other.
    #[serde(default)]
    pub when: Vec<Step>,
    /// What must be true in the end.
    pub then: Vec<Expectation>,
}

/// What there is before anything happens. Without a word: one account `DU1234567`, the built-in instruments, markets
/// that stand still, the newest version, a Friday at 10:00 in New York.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// The seed of all randomness.
    #[serde(default)]
    pub seed: u64,
    /// When it begins, as `2026-11-20 10:00` in New York.
    pub start: Option<String>,
    /// The highest server version.
    pub version: Option<i32>,
    /// `still` or `walk`.
    pub markets: Option<String>,
    /// How long every answer takes, milliseconds.
    #[serde(default)]
    pub latency_ms: u64,
    /// The accounts of the login.
    #[serde(default)]
    pub accounts: Vec<AccountGiven>,
    /// Files of more instruments, beside the scenario.
    #[serde(default)]
    pub instruments: Vec<PathBuf>,
    /// What markets show at the start.
    #[serde(default)]
    pub quotes: Vec<QuoteStep>,
    /// What goes wrong from the start on.
    #[serde(default)]
    pub faults: Vec<Fault>,
}

/// An account of the login.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountGiven {
    /// Its number.
    pub name: String,
    /// Dollars it has; a million without.
    #[serde(default, deserialize_with = "crate::amount::optional")]
    pub cash: Option<Decimal>,
}

/// One thing that happens.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// A client connects and starts the API.
    Connect(ClientStep),
    /// A client closes its connection.
    Disconnect(ClientStep),
    /// A client places or changes an order.
    Place(Box<PlaceStep>),
    /// A client cancels an order.
    Cancel(CancelStep),
    /// A client cancels everything.
    CancelAll(ClientStep),
    /// A client asks for something.
    Request(RequestStep),
    /// A market shows a quote.
    Quote(QuoteStep),
    /// A market shows a trade.
    Trade(TradeStep),
    /// Something goes wrong.
    Fault(Box<Fault>),
    /// Faults are over: the name of one, or `all`.
    Clear(String),
    /// Time passes: milliseconds, or as `90s`, `5m`, `2h`, `3d`.
    Wait(Span),
    /// Something must be true now.
    Expect(Box<Expectation>),
}

/// Which client.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientStep {
    /// Its id.
    pub client: i32,
    /// The highest version it speaks.
    pub version: Option<i32>,
}

/// An order of a client.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceStep {
    /// Whose.
    pub client: i32,
    /// Its id; an id that is in use changes that order.
    pub order: i32,
    /// Of what, by its name.
    pub instrument: String,
    /// `BUY` or `SELL`.
    pub action: String,
    /// How much.
    #[serde(deserialize_with = "crate::amount::required")]
    pub quantity: Decimal,
    /// Its kind as TWS spells it; without, what the prices say: MKT, LMT, STP or STP LMT.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Its limit.
    #[serde(default, deserialize_with = "crate::amount::optional")]
    pub limit: Option<Decimal>,
    /// Its stop.
    #[serde(default, deserialize_with = "crate::amount::optional")]
    pub stop: Option<Decimal>,
    /// DAY, GTC, IOC and so on.
    pub tif: Option<String>,
    /// For which account.
    pub account: Option<String>,
    /// Its parent.
    pub parent: Option<i32>,
    /// False keeps it in TWS.
    pub transmit: Option<bool>,
    /// Its group of which one fills.
    pub oca_group: Option<String>,
    /// 1 to 3.
    pub oca_type: Option<i32>,
    /// Its owner's name for it.
    pub reference: Option<String>,
}

/// The end of an order.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelStep {
    /// Whose.
    pub client: i32,
    /// Which.
    pub order: i32,
}

/// A question of a client.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestStep {
    /// Whose.
    pub client: i32,
    /// For what.
    pub what: Wanted,
    /// Of which instrument, for market data and contract details.
    pub instrument: Option<String>,
    /// Its id; 1 without.
    pub id: Option<i32>,
}

/// What a client can ask for here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the requests of the API by their names")]
pub enum Wanted {
    OpenOrders,
    AllOpenOrders,
    CompletedOrders,
    Executions,
    Positions,
    CurrentTime,
    NextId,
    MarketData,
    CancelMarketData,
    ContractDetails,
    AccountSummary,
}

/// What a market shows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuoteStep {
    /// Where.
    pub instrument: String,
    /// What buyers offer.
    #[serde(deserialize_with = "crate::amount::required")]
    pub bid: Decimal,
    /// What sellers ask.
    #[serde(deserialize_with = "crate::amount::required")]
    pub ask: Decimal,
    /// How much buyers want; 1000 without.
    #[serde(default, deserialize_with = "crate::amount::optional")]
    pub bid_size: Option<Decimal>,
    /// How much sellers have; 1000 without.
    #[serde(default, deserialize_with = "crate::amount::optional")]
    pub ask_size: Option<Decimal>,
}

/// A trade between others.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TradeStep {
    /// Where.
    pub instrument: String,
    /// At what price.
    #[serde(deserialize_with = "crate::amount::required")]
    pub price: Decimal,
    /// How much; 1000 without.
    #[serde(default, deserialize_with = "crate::amount::optional")]
    pub size: Option<Decimal>,
}

/// How long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "SpanText")]
pub struct Span {
    /// Milliseconds.
    pub milliseconds: u64,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a time is milliseconds, not below 0, or 90s, 5m, 2h, 3d")]
enum SpanText {
    Milliseconds(u64),
    Words(String),
}

impl TryFrom<SpanText> for Span {
    type Error = String;

    fn try_from(text: SpanText) -> Result<Self, String> {
        let words = match text {
            SpanText::Milliseconds(milliseconds) => return Ok(Self { milliseconds }),
            SpanText::Words(words) => words,
        };
        let wrong = || format!("{words:?} is no time: write milliseconds, or 90s, 5m, 2h, 3d");
        let digits = words.bytes().take_while(u8::is_ascii_digit).count();
        let (count, unit) = words.split_at(digits);
        let unit = match unit.trim() {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(wrong()),
        };
        let count: u64 = count.parse().map_err(|_| wrong())?;
        Ok(Self { milliseconds: count.checked_mul(unit).ok_or_else(wrong)? })
    }
}

/// Something that must be true.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Expectation {
    /// What an account holds.
    Position {
        /// Which account; the first without.
        account: Option<String>,
        /// Of what.
        instrument: String,
        /// How much.
        #[serde(deserialize_with = "crate::amount::required")]
        is: Decimal,
    },
    /// What an account has in its base currency.
    Cash {
        /// Which account; the first without.
        account: Option<String>,
        /// How much.
        #[serde(deserialize_with = "crate::amount::required")]
        is: Decimal,
    },
    /// An order as the broker has it.
    Order {
        /// Whose.
        client: i32,
        /// Which.
        order: i32,
        /// What it is; `none` where the broker has no such order.
        status: Option<String>,
        /// How much is filled.
        #[serde(default, deserialize_with = "crate::amount::optional")]
        filled: Option<Decimal>,
        /// How much is not.
        #[serde(default, deserialize_with = "crate::amount::optional")]
        remaining: Option<Decimal>,
    },
    /// How many orders may still trade.
    OpenOrders {
        /// So many.
        count: usize,
    },
    /// How many executions the broker has.
    Executions {
        /// So many.
        count: usize,
    },
    /// What a client heard since it connected first.
    Heard(Box<Heard>),
    /// A notice that a client heard.
    Notice {
        /// Which client.
        client: i32,
        /// Its code.
        code: i32,
        /// About which order or request.
        id: Option<i32>,
        /// So often; at least once without.
        times: Option<usize>,
    },
    /// Whether a client is connected.
    Connected {
        /// Which client.
        client: i32,
        /// Whether it is.
        is: bool,
    },
}

/// A message that a client heard.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heard {
    /// Which client.
    pub client: i32,
    /// The message as the protocol spells it, `ORDER_STATUS`.
    pub message: String,
    /// Fields it has, by their paths: `order_id`, `execution.price`.
    #[serde(default)]
    pub with: BTreeMap<String, toml::Value>,
    /// So often; at least once without.
    pub times: Option<usize>,
}

/// Why a scenario cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("cannot read the scenario {}: {cause}", path.display())]
    Unreadable {
        /// Where it should be.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// It is no scenario. The cause names line and field.
    #[error("the scenario {} is not valid: {cause}", path.display())]
    Malformed {
        /// Where it is.
        path: PathBuf,
        /// What the parser says.
        cause: Box<toml::de::Error>,
    },
    /// It asks for something that cannot be.
    #[error("the scenario {}: {why}", path.display())]
    Impossible {
        /// Where it is.
        path: PathBuf,
        /// What cannot be.
        why: String,
    },
}

/// What came of a scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What it shows.
    pub name: String,
    /// Every expectation, in order.
    pub checks: Vec<Check>,
    /// What clients heard, the latest messages of each, where something failed.
    pub heard: BTreeMap<i32, Vec<String>>,
}

/// One expectation and what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was expected.
    pub expected: String,
    /// What was found instead, where it was not so.
    pub found: Option<String>,
}

impl Report {
    /// Whether everything was as expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.found.is_none())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", if self.passed() { "PASS" } else { "FAIL" }, self.name)?;
        for Check { expected, found } in &self.checks {
            match found {
                None => writeln!(f, "  ok    {expected}")?,
                Some(found) => writeln!(f, "  FAIL  {expected}\n        found: {found}")?,
            }
        }
        for (client, messages) in &self.heard {
            writeln!(f, "  the last that client {client} heard:")?;
            for message in messages {
                writeln!(f, "        {message}")?;
            }
        }
        Ok(())
    }
}

impl Scenario {
    /// Reads a scenario from its TOML file.
    ///
    /// # Errors
    /// [`ScenarioError`] names the file and what is wrong.
    pub fn read_file(path: &Path) -> Result<Self, ScenarioError> {
        let text = std::fs::read_to_string(path)
            .map_err(|cause| ScenarioError::Unreadable { path: path.to_owned(), cause })?;
        let scenario: Self = toml::from_str(&text)
            .map_err(|cause| ScenarioError::Malformed { path: path.to_owned(), cause: Box::new(cause) })?;
        let faults = scenario.given.faults.iter().chain(scenario.when.iter().filter_map(|step| match step {
            Step::Fault(fault) => Some(&**fault),
            _ => None,
        }));
        for fault in faults {
            fault.check().map_err(|why| ScenarioError::Impossible { path: path.to_owned(), why: why.to_string() })?;
        }
        Ok(scenario)
    }

    /// Reads and runs a scenario, on a runtime of its own whose time is paused.
    ///
    /// # Errors
    /// [`ScenarioError`], where it cannot run. What is not as expected stands in the report.
    pub fn run_file(path: &Path) -> Result<Report, ScenarioError> {
        let scenario = Self::read_file(path)?;
        let impossible = |why: String| ScenarioError::Impossible { path: path.to_owned(), why };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.map_err(|error| impossible(error.to_string()))?;
        runtime.block_on(run::run(&scenario, path)).map_err(impossible)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<u64, &str>) {
        #[derive(Deserialize)]
        struct Holder {
            wait: Span,
        }
        let found = toml::from_str::<Holder>(&format!("wait = {text}"));
        match (found, expected) {
            (Ok(holder), Ok(expected)) => assert_eq!(holder.wait.milliseconds, expected),
            (Err(error), Err(expected)) => assert!(error.message().contains(expected), "{error}"),
            (found, expected) => panic!("{:?} {expected:?}", found.map(|holder| holder.wait)),
        }
    }

    #[test]
    fn times_are_milliseconds_or_words() {
        check("250", Ok(250));
        check("\"250ms\"", Ok(250));
        check("\"90s\"", Ok(90_000));
        check("\"2h\"", Ok(7_200_000));
        check("\"3 d\"", Ok(259_200_000));
        check("\"soon\"", Err("is no time"));
        check("\"99999999999999999999d\"", Err("is no time"));
    }
}
