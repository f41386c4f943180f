//! [`Trial`]: one scenario with one crash: a simulated TWS that lives on, and a trader that dies and is started again.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Handle;
use tws_sim::orders::Stage;
use tws_sim::{SimTime, TwsSim};

use super::scenarios::Scenario;

/// The account that is traded.
pub(super) const ACCOUNT: &str = "DU1234567";
/// The client id of the trader.
const CLIENT: &str = "7";
/// 7 October 2013, 13:00 in New York.
const START: SimTime = SimTime(1_381_165_200_000);
/// How fast the trader's clock runs: half a minute until an order is lost takes a second and a half.
const CLOCK_SPEED: &str = "20";
/// Nothing takes this long.
const PATIENCE: Duration = Duration::from_secs(40);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(15);

/// At which moments processes die.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crash {
    first: u64,
    second: Option<u64>,
}

impl Crash {
    /// Nobody dies.
    pub(super) const fn none() -> Self {
        Self { first: 0, second: None }
    }

    /// The first process dies.
    pub(super) const fn once(moment: u64) -> Self {
        Self { first: moment, second: None }
    }

    /// The one after it dies too (P9).
    pub(super) const fn twice(moment: u64) -> Self {
        Self { first: moment, second: Some(moment) }
    }
}

/// How a trial ended.
pub(super) struct Ended {
    /// Moments of the last process.
    pub(super) moments: u64,
    /// How many processes died.
    pub(super) deaths: usize,
}

/// What every trial needs.
#[derive(Clone)]
pub(super) struct Theatre {
    pub(super) runtime: Handle,
    /// The program that is the trader.
    pub(super) program: PathBuf,
}

/// One scenario with one crash.
pub(super) struct Trial {
    scenario: &'static Scenario,
    pub(super) sim: TwsSim,
    theatre: Theatre,
    folder: TempDir,
    crash: Crash,
    process: Option<Process>,
    starts: usize,
    deaths: usize,
    asked: u64,
}

/// A trader that runs.
struct Process {
    child: Child,
    input: ChildStdin,
    lines: Receiver<Value>,
}

/// The process died while it was asked.
struct Died;

impl Drop for Process {
    fn drop(&mut self) {
        // One that has died already is only collected.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Trial {
    pub(super) fn open(theatre: &Theatre, scenario: &'static Scenario, crash: Crash) -> anyhow::Result<Self> {
        let acme = tws_sim::Instrument::stock(900_001, "ACME", "USD", Decimal::TEN);
        let beta = tws_sim::Instrument::stock(900_002, "BETA", "USD", Decimal::TEN);
        let builder = tws_sim::TwsSim::builder().seed(7).start_time(START).instrument(acme).instrument(beta);
        let sim = theatre.runtime.block_on(builder.still_markets().keep_hours().start())?;
        sim.quote("ACME", Decimal::new(999, 2), Decimal::new(1001, 2))?;
        sim.quote("BETA", Decimal::new(1999, 2), Decimal::new(2001, 2))?;
        let folder = tempfile::tempdir()?;
        let limits = "symbols = \"any\"\nsecurity_types = \"any\"\norder_quantity_max = \"1000\"\n\
            order_value_max = \"250000\"\nposition_max = \"2000\"\nquote_age_max_ms = 3600000\n\
            orders_per_second = 1000\norders_per_second_strategy = 1000\n\
            entries_per_minute_strategy = 100000\nentries_per_day_strategy = 100000\n";
        std::fs::write(folder.path().join("limits.toml"), limits)?;
        let theatre = theatre.clone();
        Ok(Self { scenario, sim, theatre, folder, crash, process: None, starts: 0, deaths: 0, asked: 0 })
    }

    /// Plays the script, lets everything settle, and holds the trader's books against the broker's.
    pub(super) fn run(mut self) -> anyhow::Result<Ended> {
        (self.scenario.script)(&mut self)?;
        self.settle()?;
        let goodbye = self.insist(&json!({"cmd": "quit"}))?;
        let ended = Ended { moments: goodbye["moments"].as_u64().unwrap_or(0), deaths: self.deaths };
        self.process = None;
        self.theatre.runtime.block_on(self.sim.shutdown());
        Ok(ended)
    }

    /// Places an order until it is placed: under its name, and under a further one only where the first is lost for
    /// certain. Gives the name that counts.
    pub(super) fn place(&mut self, name: &str, order: &Value) -> anyhow::Result<String> {
        for attempt in 0..4 {
            let name = if attempt == 0 { name.to_owned() } else { format!("{name}.{attempt}") };
            let mut command = order.clone();
            let first = match (command.get("entry").is_some(), command.get_mut("orders").and_then(Value::as_array_mut))
            {
                (true, _) => {
                    command["entry"]["ref"] = json!(name);
                    name.clone()
                }
                (false, Some(legs)) => {
                    for (place, leg) in legs.iter_mut().enumerate() {
                        leg["ref"] = json!(format!("{name}-{place}"));
                    }
                    format!("{name}-0")
                }
                (false, None) => {
                    command["ref"] = json!(name);
                    name.clone()
                }
            };
            self.insist(&command)?;
            let known = self.wait(&first, "known", |order| {
                !matches!(order["state"].as_str(), Some("sent" | "unknown" | "pending") | None)
            })?;
            if known["state"] != "lost" && known["reason"].as_str().is_none_or(|why| !why.contains("not sent")) {
                return Ok(name);
            }
        }
        bail!("{name} was lost again and again")
    }

    /// Waits until an order is as wanted.
    pub(super) fn wait(&mut self, name: &str, what: &str, fits: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let until = Instant::now() + PATIENCE;
        loop {
            let orders = self.insist(&json!({"cmd": "orders"}))?;
            let found = orders.as_array().into_iter().flatten().find(|order| order["ref"] == name).cloned();
            match found {
                Some(order) if fits(&order) => return Ok(order),
                other if Instant::now() > until => bail!("{name} did not become {what}: {other:?}"),
                Some(_) | None => std::thread::sleep(PAUSE),
            }
        }
    }

    /// Waits until an order is in this state.
    pub(super) fn wait_state(&mut self, name: &str, state: &str) -> anyhow::Result<()> {
        self.wait(name, state, |order| order["state"] == state).map(drop)
    }

    /// Asks until it is answered and done: a process that dies is started again, one that is not ready is waited for.
    /// What was recorded before the death is not done again.
    pub(super) fn insist(&mut self, command: &Value) -> anyhow::Result<Value> {
        let until = Instant::now() + PATIENCE;
        loop {
            let Ok(answer) = self.ask(command)? else { continue };
            if answer["ok"] == true {
                return Ok(answer["result"].clone());
            }
            match answer["rule"].as_str() {
                // It was taken before.
                Some("ref") => return Ok(Value::Null),
                // Not ready, or the last change is still on its way.
                Some("R5" | "R21") if Instant::now() < until => std::thread::sleep(PAUSE),
                _ if Instant::now() < until
                    && answer["error"].as_str().is_some_and(|error| error.contains("not ready")) =>
                {
                    std::thread::sleep(PAUSE);
                }
                _ => bail!("{command} was refused: {answer}"),
            }
        }
    }

    fn ask(&mut self, command: &Value) -> anyhow::Result<Result<Value, Died>> {
        self.asked += 1;
        let id = json!(self.asked);
        let mut command = command.clone();
        command["id"] = id.clone();
        let process = self.process()?;
        if writeln!(process.input, "{command}").and_then(|()| process.input.flush()).is_err() {
            return self.bury().map(Err);
        }
        let until = Instant::now() + PATIENCE;
        loop {
            let process = self.process()?;
            match process.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(said) if said["event"] == "answer" && said["id"] == id => return Ok(Ok(said)),
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return self.bury().map(Err),
                Err(RecvTimeoutError::Timeout) => bail!("{command} was not answered"),
            }
        }
    }

    /// The process died, as it should or not.
    fn bury(&mut self) -> anyhow::Result<Died> {
        let mut process = self.process.take().context("a process that runs")?;
        let status = process.child.wait()?;
        let killed = std::os::unix::process::ExitStatusExt::signal(&status) == Some(9);
        ensure!(killed, "the trader ended by itself: {status}");
        self.deaths += 1;
        Ok(Died)
    }

    fn process(&mut self) -> anyhow::Result<&mut Process> {
        if self.process.is_none() {
            let crash_at = match self.starts {
                0 => self.crash.first,
                1 => self.crash.second.unwrap_or(0),
                _ => 0,
            };
            self.starts += 1;
            self.process = Some(self.start(crash_at)?);
        }
        self.process.as_mut().context("just started")
    }

    fn start(&self, crash_at: u64) -> anyhow::Result<Process> {
        let file = |name: &str| self.folder.path().join(name);
        let log = std::fs::File::options().create(true).append(true).open(file("log"))?;
        let mut child = Command::new(&self.theatre.program)
            .args(["drive", "--client-id", CLIENT, "--clock-speed", CLOCK_SPEED])
            .args(["--tws", &self.sim.address().to_string(), "--crash-at", &crash_at.to_string()])
            .arg("--journal")
            .arg(file("trader.db"))
            .arg("--limits")
            .arg(file("limits.toml"))
            .env("RUST_LOG", "warn")
            .env("TWS_LOCK_FOLDER", self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().context("it is piped")?);
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                // A line that was cut by the death is none.
                let Ok(value) = serde_json::from_str(&line) else { return };
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take().context("it is piped")?;
        Ok(Process { child, input, lines })
    }

    /// Waits until the books agree with the broker's, and says what does not where they never do.
    fn settle(&mut self) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            let state = self.insist(&json!({"cmd": "state"}))?;
            let difference = match state["name"].as_str() {
                Some("ready") => match self.difference()? {
                    None => return self.check_once(),
                    Some(difference) => difference,
                },
                _ => format!("the trader is {state}"),
            };
            if Instant::now() > until {
                bail!("{difference}; the log says: {}", self.log());
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// No name was placed twice, whatever else holds.
    fn check_once(&self) -> anyhow::Result<()> {
        let book = self.sim.book();
        let mut seen = BTreeSet::new();
        for order in book.orders().filter(|order| order.key.client.0.to_string() == CLIENT) {
            let reference = order.order.order_reference.clone();
            ensure!(seen.insert(reference.clone()), "{reference} was placed twice");
        }
        Ok(())
    }

    /// What differs between the trader's books and the broker's.
    fn difference(&mut self) -> anyhow::Result<Option<String>> {
        let orders = self.insist(&json!({"cmd": "orders"}))?;
        let fills = self.insist(&json!({"cmd": "fills"}))?;
        let positions = self.insist(&json!({"cmd": "positions"}))?;
        let book = self.sim.book();
        let mut ours: BTreeMap<i64, (String, Decimal)> = BTreeMap::new();
        for order in orders.as_array().into_iter().flatten() {
            if number(&order["unknown"]) != Decimal::ZERO {
                return Ok(Some(format!("{order} is unknown")));
            }
            if order["state"] != "lost" && !is_unsent(order) {
                let state = order["state"].as_str().unwrap_or_default().to_owned();
                ours.insert(order["order_id"].as_i64().unwrap_or(-1), (state, number(&order["filled"])));
            }
        }
        for order in book.orders().filter(|order| order.key.client.0.to_string() == CLIENT) {
            let id = i64::from(order.key.order.0);
            let Some((state, filled)) = ours.remove(&id) else {
                return Ok(Some(format!("the broker has order {id}, the trader has not")));
            };
            let agrees = match order.stage {
                Stage::Filled => state == "filled",
                Stage::Cancelled => state == "cancelled" || state == "expired",
                Stage::Inactive => state == "rejected",
                Stage::Held | Stage::Waiting | Stage::Dormant | Stage::Untriggered | Stage::Working => {
                    matches!(state.as_str(), "working" | "presubmitted" | "held")
                }
            };
            if !agrees || filled != order.filled {
                let stage = order.stage;
                return Ok(Some(format!(
                    "order {id} is {stage:?} with {} filled, not {state} with {filled}",
                    order.filled
                )));
            }
        }
        if let Some((id, (state, _))) = ours.pop_first() {
            return Ok(Some(format!("the trader has order {id} ({state}), the broker has not")));
        }
        let counted: BTreeMap<String, Decimal> = fills
            .as_array()
            .into_iter()
            .flatten()
            .map(|fill| (fill["exec_id"].as_str().unwrap_or_default().to_owned(), number(&fill["quantity"])))
            .collect();
        // A combination's own execution moves nothing, and of one that is not ours the books keep the legs alone.
        let of_stock = book.executions().iter().filter(|fill| (900_001..=900_002).contains(&fill.contract.0));
        let told: BTreeMap<String, Decimal> = of_stock.map(|fill| (fill.execution_id.clone(), fill.quantity)).collect();
        if counted != told {
            return Ok(Some(format!("fills are {counted:?}, at the broker {told:?}")));
        }
        for symbol in ["ACME", "BETA"] {
            let held = positions.as_array().into_iter().flatten().filter(|position| position["symbol"] == symbol);
            let held: Decimal = held.map(|position| number(&position["quantity"])).sum();
            let broker = book.position(ACCOUNT, symbol);
            if held != broker {
                return Ok(Some(format!("{held} {symbol} are held, at the broker {broker}")));
            }
        }
        Ok(None)
    }
}

/// Whether an order ended without having left this machine.
fn is_unsent(order: &Value) -> bool {
    order["state"] == "rejected" && order["perm_ids"].as_array().is_some_and(Vec::is_empty)
}

fn number(value: &Value) -> Decimal {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_default()
}
