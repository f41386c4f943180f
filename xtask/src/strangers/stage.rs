//! The simulator that a driver plays with: a market that stands still but for what the driver asks for.

use anyhow::{Context, Result, bail, ensure};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tws_proto::ServerVersion;
use tws_sim::advisor::{AdvisorGroup, AdvisorSetup, GroupMethod};
use tws_sim::faults::Switch;
use tws_sim::{Builder, Quote, SimTime, Trade, TwsSim};

/// The account of the login.
const ACCOUNT: &str = "DU1234567";
/// What an advisor's login has besides.
const SECOND_ACCOUNT: &str = "DU7654321";
pub(super) const ADVISOR: &str = "DF1234500";
pub(super) const GROUP: &str = "Both";
/// The client id of every driver.
const CLIENT_ID: i32 = 31;
/// 23 November 2026, 10:00 in New York.
const MONDAY_MORNING: SimTime = SimTime(1_795_446_000_000);

/// A simulator with its market in our hands.
pub(super) struct Stage {
    runtime: Runtime,
    sim: TwsSim,
}

/// What a driver wants done.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "lowercase")]
enum Wish {
    /// Shows a quote.
    Quote { symbol: String, bid: Decimal, bid_size: Decimal, ask: Decimal, ask_size: Decimal },
    /// Shows a trade between others.
    Trade { symbol: String, price: Decimal, size: Decimal },
    /// Cuts every connection.
    Cut,
    /// Tells the true time.
    Time,
    /// Tells the broker's truth about an account.
    Book { account: String, symbol: String },
}

/// One execution as the client was told it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Execution {
    execution_id: String,
    side: String,
    quantity: Decimal,
    price: Decimal,
    permanent_id: i64,
    commission: Decimal,
}

impl Stage {
    /// A simulator that agrees on `newest` at most, with these faults.
    pub(super) fn set(newest: i32, faults: &[Switch]) -> Result<Self> {
        Self::with(newest, |builder| faults.iter().fold(builder, |builder, fault| builder.fault(*fault)))
    }

    /// One without faults and with an advisor's login, which has a group.
    pub(super) fn of_advisor(newest: i32) -> Result<Self> {
        let group = AdvisorGroup::new(GROUP, GroupMethod::Equal, [ACCOUNT, SECOND_ACCOUNT]);
        Self::with(newest, |builder| {
            builder.account(SECOND_ACCOUNT).advisor(AdvisorSetup::new(ADVISOR).with_group(group))
        })
    }

    fn with(newest: i32, more: impl FnOnce(Builder) -> Builder) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let builder = TwsSim::builder()
            .seed(1)
            .max_version(ServerVersion(newest))
            .start_time(MONDAY_MORNING)
            .account(ACCOUNT)
            .still_markets();
        let sim = runtime.block_on(more(builder).start()).context("the simulator does not start")?;
        Ok(Self { runtime, sim })
    }

    /// What a driver is told on its command line.
    pub(super) fn arguments(&self, settles: i32) -> [String; 5] {
        let address = self.sim.address();
        let port = address.port().to_string();
        [address.ip().to_string(), port, CLIENT_ID.to_string(), ACCOUNT.to_owned(), settles.to_string()]
    }

    /// Does what the driver wants, and answers it.
    pub(super) fn answer(&self, wish: &Value) -> Value {
        self.carry_out(wish).unwrap_or_else(|error| json!({ "error": format!("{error:#}") }))
    }

    fn carry_out(&self, wish: &Value) -> Result<Value> {
        // The simulator's tasks live on it.
        let _within = self.runtime.enter();
        match Wish::deserialize(wish).context("no such wish")? {
            Wish::Quote { symbol, bid, bid_size, ask, ask_size } => {
                self.sim.quote_with_sizes(&symbol, Quote::new(bid, bid_size, ask, ask_size))?;
                Ok(json!({}))
            }
            Wish::Trade { symbol, price, size } => {
                self.sim.trade(&symbol, Trade { price, size, exchange: "NYSE".to_owned() })?;
                Ok(json!({}))
            }
            Wish::Cut => {
                self.sim.drop_connections();
                Ok(json!({}))
            }
            Wish::Time => Ok(json!({ "seconds": self.sim.now().seconds() })),
            Wish::Book { account, symbol } => {
                let book = self.sim.book();
                let worth = book.worth(&account).with_context(|| format!("no account {account}"))?;
                Ok(json!({
                    "position": book.position(&account, &symbol),
                    "cash": worth.cash,
                    "net_liquidation": worth.net_liquidation,
                    "gross_position_value": worth.gross_position_value,
                    "unrealized": worth.unrealized,
                    "realized": worth.realized,
                }))
            }
        }
    }

    /// What the client was told of its executions against the broker's book, to the last digit.
    pub(super) fn judge(&self, told: &[Execution]) -> Result<String> {
        let book = self.sim.book();
        let fills = book.executions();
        ensure!(!fills.is_empty(), "nothing was traded");
        ensure!(fills.len() == told.len(), "the book has {} executions, the client {}", fills.len(), told.len());
        let mut cash = Decimal::ZERO;
        for fill in fills {
            let Some(execution) = told.iter().find(|execution| execution.execution_id == fill.execution_id) else {
                bail!("the client knows nothing of {}", fill.execution_id);
            };
            let Execution { execution_id: _, side, quantity, price, permanent_id, commission } = execution;
            let is_same = *side == fill.side.as_str()
                && *quantity == fill.quantity
                && *price == fill.price
                && *permanent_id == fill.permanent_id.0
                && *commission == fill.commission;
            ensure!(is_same, "{execution:?} is in the book as {fill:?}");
            let value = quantity * price;
            cash += if side == "BOT" { -value } else { value } - commission;
        }
        let position = book.position(ACCOUNT, "IBM");
        ensure!(position.is_zero(), "{position} are left in the book");
        let earned = book.cash(ACCOUNT).unwrap_or_default() - Decimal::from(1_000_000);
        ensure!(earned == cash, "{earned} were earned in the book, {cash} by what the client was told");
        let open = book.open_orders().count();
        ensure!(open == 0, "{open} orders are still open in the book");
        Ok(format!("{} executions, {earned} earned", fills.len()))
    }
}
