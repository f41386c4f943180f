//! `cargo xtask drive` as other programs meet it: a process, its standard input and output, and the simulator.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tws_sim::{Builder, SimTime, TwsSim};

#[path = "drive/order_of_commands.rs"]
mod order_of_commands;
#[cfg(unix)]
#[path = "drive/unheard.rs"]
mod unheard;
#[path = "drive/words.rs"]
mod words;

/// Nothing here takes this long: a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// 7 October 2013, 13:00 in New York.
const START: SimTime = SimTime(1_381_165_200_000);

fn simulator() -> Builder {
    let acme = tws_sim::Instrument::stock(900_001, "ACME", "USD", Decimal::TEN);
    TwsSim::builder().seed(7).start_time(START).instrument(acme).still_markets()
}

struct Market {
    sim: TwsSim,
    runtime: tokio::runtime::Runtime,
    folder: TempDir,
}

impl Market {
    fn open() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let sim = runtime.block_on(simulator().start()).unwrap();
        sim.quote("ACME", Decimal::new(999, 2), Decimal::new(1001, 2)).unwrap();
        Self { sim, runtime, folder: tempfile::tempdir().unwrap() }
    }

    fn journal(&self) -> std::path::PathBuf {
        self.folder.path().join("drive.db")
    }

    fn drive(&self) -> Drive {
        Drive::start(&self.sim.address().to_string(), &self.journal())
    }

    fn orders(&self) -> usize {
        self.sim.book().orders().count()
    }

    fn close(self) {
        self.runtime.block_on(self.sim.shutdown());
    }
}

struct Drive {
    process: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Value>,
    /// What was said and not asked for yet.
    heard: Vec<Value>,
}

impl Drive {
    fn start(tws: &str, journal: &Path) -> Self {
        Self::start_with(tws, journal, &[])
    }

    fn start_with(tws: &str, journal: &Path, variables: &[(&str, &str)]) -> Self {
        Self::run(command(tws, journal, variables))
    }

    fn run(mut command: Command) -> Self {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let output = BufReader::new(process.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        let input = process.stdin.take();
        Self { process, input, lines, heard: Vec::new() }
    }

    fn write(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(bytes).unwrap();
        input.write_all(b"\n").unwrap();
        input.flush().unwrap();
    }

    /// The first that fits, of what was and will be said; all else can still be heard.
    #[track_caller]
    fn hear(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(place) = self.heard.iter().position(&fits) {
            return self.heard.remove(place);
        }
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(value) if fits(&value) => return value,
                Ok(value) => self.heard.push(value),
                Err(error) => panic!("{what} did not come ({error}); heard: {:#?}", self.heard),
            }
        }
    }

    #[track_caller]
    fn state(&mut self, name: &str) -> Value {
        self.hear(name, |value| value["event"] == "state" && value["name"] == name)
    }

    #[track_caller]
    fn order(&mut self, name: &str, state: &str) -> Value {
        let fits = |value: &Value| value["event"] == "order" && value["ref"] == name && value["state"] == state;
        self.hear(&format!("{name} {state}"), fits)
    }

    /// Says a command and gives its answer; what was said in between can still be heard.
    #[track_caller]
    fn ask(&mut self, mut command: Value) -> Value {
        let id = json!(format!("{}", command));
        command["id"] = id.clone();
        self.write(command.to_string().as_bytes());
        loop {
            let value = self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no answer to {id}"));
            if value["event"] == "answer" && value["id"] == id {
                return value;
            }
            self.heard.push(value);
        }
    }

    #[track_caller]
    fn done(&mut self, command: Value) -> Value {
        let answer = self.ask(command.clone());
        assert_eq!(answer["ok"], true, "{command}: {answer}");
        answer["result"].clone()
    }

    #[track_caller]
    fn refused(&mut self, command: Value) -> (String, Value) {
        let answer = self.ask(command.clone());
        assert_eq!(answer["ok"], false, "{command}: {answer}");
        (answer["error"].as_str().unwrap().to_owned(), answer["rule"].clone())
    }

    fn ended(mut self) -> ExitStatus {
        drop(self.input.take());
        self.process.wait().unwrap()
    }
}

/// The program as it is started for these tests.
fn command(tws: &str, journal: &Path, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command
        .args(["drive", "--tws", tws, "--client-id", "7", "--journal"])
        .arg(journal)
        .env("TWS_LOCK_FOLDER", env!("CARGO_TARGET_TMPDIR"))
        .env("RUST_LOG", "warn")
        .envs(variables.iter().copied());
    command
}

/// Runs one that does not begin; gives what it tells a person.
#[track_caller]
fn not_started(tws: &str, journal: &Path, variables: &[(&str, &str)]) -> String {
    let output = command(tws, journal, variables).stdin(Stdio::null()).output().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

impl Drop for Drive {
    fn drop(&mut self) {
        // A test that failed must not leave it behind.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn acme() -> Value {
    json!({"symbol": "ACME", "sec_type": "STK", "exchange": "SMART", "currency": "USD"})
}

fn limit(name: &str, side: &str, quantity: &str, price: &str) -> Value {
    json!({"cmd": "submit", "ref": name, "contract": acme(), "side": side, "quantity": quantity, "kind": "LMT",
        "limit_price": price, "tif": "DAY"})
}

fn market(name: &str, side: &str, quantity: &str) -> Value {
    json!({"cmd": "submit", "ref": name, "contract": acme(), "side": side, "quantity": quantity, "kind": "MKT"})
}

#[test]
fn an_order_from_its_command_to_its_fill() {
    let market_place = Market::open();
    let mut drive = market_place.drive();
    drive.state("ready");
    let placed = drive.done(limit("one", "BUY", "10", "9.50"));
    assert_eq!(placed[0]["ref"], "one");
    let working = drive.order("one", "working");
    assert_eq!(
        (&working["filled"], &working["remaining"], &working["unknown"]),
        (&json!("0"), &json!("10"), &json!("0"))
    );
    drive.done(json!({"cmd": "modify", "ref": "one", "limit_price": "9.60", "quantity": "20"}));
    drive.hear("the change", |value| value["event"] == "order" && value["ref"] == "one" && value["quantity"] == "20");
    drive.done(json!({"cmd": "cancel", "ref": "one"}));
    drive.order("one", "cancelled");
    assert_eq!(drive.done(json!({"cmd": "cancel", "ref": "one"})), json!({"state": "cancelled"}));

    drive.done(market("two", "BUY", "30"));
    let fill = drive.hear("a fill", |value| value["event"] == "fill");
    assert_eq!((&fill["ref"], &fill["side"], &fill["inferred"]), (&json!("two"), &json!("BUY"), &json!(false)));
    drive.order("two", "filled");
    drive.hear("a position", |value| value["event"] == "position" && value["quantity"] == "30");
    let fills = drive.done(json!({"cmd": "fills"}));
    assert_eq!((fills.as_array().unwrap().len(), &fills[0]["exec_id"]), (1, &fill["exec_id"]));
    assert_eq!((&fills[0]["con_id"], &fills[0]["symbol"]), (&fill["con_id"], &json!("ACME")));
    assert!(fills[0]["account"].is_string() && fills[0]["at_us"].is_i64(), "{fills}");
    assert_eq!(drive.done(json!({"cmd": "positions"}))[0]["quantity"], "30");
    let orders = drive.done(json!({"cmd": "orders"}));
    let asked = |name: &str| {
        let row = orders.as_array().unwrap().iter().find(|row| row["ref"] == name).unwrap();
        json!([row["kind"], row["limit_price"], row["stop_price"], row["tif"]])
    };
    assert_eq!(orders.as_array().unwrap().len(), 2);
    assert_eq!(asked("one"), json!(["LMT", "9.6", null, "DAY"]));
    assert_eq!(asked("two"), json!(["MKT", null, null, "DAY"]));
    assert_eq!(drive.done(json!({"cmd": "state"}))["name"], "ready");
    drive.done(limit("three", "SELL", "1", "11"));
    drive.order("three", "working");
    assert_eq!(drive.done(json!({"cmd": "cancel_all"}))["cancels"], 1);
    drive.order("three", "cancelled");
    assert!(drive.done(json!({"cmd": "verify"}))["records"].as_u64().unwrap() > 5);
    drive.done(json!({"cmd": "quit"}));
    assert!(drive.ended().success());
    market_place.close();
}

#[test]
fn groups_kill_and_arm() {
    let market_place = Market::open();
    let mut drive = market_place.drive();
    drive.state("ready");
    let mut entry = limit("b", "BUY", "10", "9.50");
    entry.as_object_mut().unwrap().remove("cmd");
    let bracket = json!({"cmd": "bracket", "entry": entry, "take_profit": "11", "stop_loss": {"stop_price": "9"}});
    let placed = drive.done(bracket);
    let names: Vec<&str> = placed.as_array().unwrap().iter().map(|leg| leg["ref"].as_str().unwrap()).collect();
    assert_eq!(names, ["b", "b:take_profit", "b:stop_loss"]);
    drive.order("b", "working");
    let legs: Vec<Value> = ["8", "7"]
        .iter()
        .enumerate()
        .map(|(place, price)| {
            let mut leg = limit(&format!("oco{place}"), "BUY", "5", price);
            leg.as_object_mut().unwrap().remove("cmd");
            leg
        })
        .collect();
    drive.done(json!({"cmd": "oco", "orders": legs}));
    drive.order("oco1", "working");
    assert_eq!(market_place.orders(), 5);

    drive.done(json!({"cmd": "kill", "by": "ann", "reason": "lunch"}));
    drive.order("oco1", "cancelled");
    let (detail, rule) = drive.refused(limit("late", "BUY", "1", "9"));
    assert!(detail.contains("killed") && rule == "R5", "{detail} {rule}");
    drive.hear("the refusal", |value| value["event"] == "refused" && value["ref"] == "late");
    drive.state("killed");
    drive.done(json!({"cmd": "arm", "by": "ann"}));
    assert_eq!(drive.done(json!({"cmd": "state"}))["name"], "ready");
    drop(drive);
    market_place.close();
}

#[test]
fn r04_r38_a_ref_is_used_once_even_over_a_kill_of_the_process() {
    let market_place = Market::open();
    let mut drive = market_place.drive();
    drive.state("ready");
    drive.done(limit("one", "BUY", "10", "9.50"));
    drive.order("one", "working");
    let (detail, rule) = drive.refused(limit("one", "BUY", "10", "9.50"));
    assert!(rule == "ref" && detail.contains("was used"), "{rule} {detail}");
    drive.process.kill().unwrap();
    drop(drive);
    let mut drive = market_place.drive();
    drive.state("ready");
    let (_, rule) = drive.refused(limit("one", "BUY", "10", "9.50"));
    assert_eq!((rule, market_place.orders()), (json!("ref"), 1));
    drive.done(json!({"cmd": "cancel", "ref": "one"}));
    drive.order("one", "cancelled");
    drop(drive);
    market_place.close();
}

#[test]
fn nothing_on_the_input_ends_it() {
    let market_place = Market::open();
    let mut drive = market_place.drive();
    drive.state("ready");
    for nonsense in [
        b"{".to_vec(),
        b"[1, 2]".to_vec(),
        b"\"submit\"".to_vec(),
        b"\xff\xfe\x00".to_vec(),
        b"{\"cmd\": \"fly\"}".to_vec(),
        b"{\"cmd\": \"submit\"}".to_vec(),
        b"{\"cmd\": \"cancel\", \"ref\": 5}".to_vec(),
        b"{\"cmd\": \"state\", \"more\": true}".to_vec(),
        vec![b'x'; 300_000],
        [vec![b'['; 100_000], vec![b']'; 100_000]].concat(),
    ] {
        drive.write(&nonsense);
        let answer = drive.hear("an answer", |value| value["event"] == "answer");
        assert_eq!(answer["ok"], false, "{answer}");
    }
    drive.write(b"");
    drive.write(b"   \r");
    for (command, word) in [
        (json!({"cmd": "cancel", "ref": "nobody"}), "nobody"),
        (json!({"cmd": "modify", "ref": "nobody", "quantity": "1"}), "nobody"),
        (limit("", "BUY", "1", "9"), "name"),
        (limit("x", "HOLD", "1", "9"), "HOLD"),
        (limit("x", "BUY", "-1", "9"), "above zero"),
        (limit("x", "BUY", "1e400", "9"), "1e400"),
        (
            json!({"cmd": "submit", "ref": "x", "contract": acme(), "side": "BUY", "quantity": 1.5, "kind": "MKT"}),
            "1.5",
        ),
        (
            json!({"cmd": "submit", "ref": "x", "contract": acme(), "side": "BUY", "quantity": "1", "kind": "LMT"}),
            "limit_price",
        ),
        (
            json!({"cmd": "submit", "ref": "x", "contract": acme(), "side": "BUY", "quantity": "1", "kind": "WISH"}),
            "WISH",
        ),
        (
            json!({"cmd": "submit", "ref": "x", "contract": {"symbol": "NOSUCH"}, "side": "BUY", "quantity": "1", "kind": "MKT"}),
            "NOSUCH",
        ),
        (json!({"cmd": "submit", "ref": "x", "contract": {}, "side": "BUY", "quantity": "1", "kind": "MKT"}), "symbol"),
        (json!({"cmd": "oco", "orders": []}), "orders"),
        (json!({"cmd": "arm", "by": ""}), "armed"),
    ] {
        let (detail, _) = drive.refused(command.clone());
        assert!(detail.contains(word), "{command}: {detail}");
    }
    assert_eq!((drive.done(json!({"cmd": "state"}))["name"].clone(), market_place.orders()), (json!("ready"), 0));
    assert!(drive.ended().success(), "the end of the input ends it cleanly");
    market_place.close();
}

#[test]
fn what_could_be_meant_in_two_ways_is_refused_and_whole_numbers_are_amounts() {
    let market_place = Market::open();
    let mut drive = market_place.drive();
    drive.state("ready");
    for (line, word) in [
        (r#"{"id": 1, "cmd": "state", "cmd": "kill"}"#, "\"cmd\" stands there twice"),
        (r#"{"id": 1, "cmd": "state", "command": "kill"}"#, "several names"),
        (r#"{"id": 1, "cmd": "modify", "ref": "a", "quantity": "1", "quantity": "1000"}"#, "\"quantity\" stands"),
        (r#"{"id": 1, "cmd": null}"#, "`cmd`"),
        (r#"{"id": 1, "cmd": "modify", "ref": "a", "quantity": true}"#, "`quantity`"),
        (r#"{"id": 1, "cmd": "modify", "ref": "a", "limit_price": "NaN"}"#, "`limit_price`"),
        (r#"{"id": 1, "cmd": "modify", "ref": "a", "limit_price": ["1"]}"#, "`limit_price`"),
        (r#"{"id": 1, "cmd": "modify", "ref": "a", "limit_price": "abc"}"#, "`limit_price` is \"abc\""),
        (r#"{"id": 1, "cmd": "modify", "ref": "a", "limit_price": "1_1"}"#, "`limit_price` is \"1_1\""),
        (r#"{"id": 1, "cmd": "modify", "ref": 7, "quantity": "1"}"#, "`ref` is 7, and should be text"),
        (r#"{"id": 1, "cmd": "cancel", "ref": null}"#, "missing field `ref`"),
        (r#"{"id": 1, "cmd": "submit", "side": "HOLD"}"#, "`side` is \"HOLD\", and should be \"BUY\" or \"SELL\""),
        (r#"{"id": 1, "cmd": "submit", "outside_rth": 1}"#, "`outside_rth` is 1, and should be true or false"),
        (r#"{"id": 1, "cmd": "oco", "orders": [{"waiver": -1}]}"#, "`waiver` is -1, and should be a whole number"),
        (r#"{"id": 1, "cmd": "subscribe", "contract": {"con_id": 99999999999}}"#, "`con_id` is 99999999999"),
        (r#"{"id": 1, "cmd": "bracket", "stop_loss": {"stop_price": "9_0"}}"#, "`stop_price` is \"9_0\""),
        (r#"{"id": 1, "cmd": "subscribe", "contract": "IBM"}"#, "a contract, such as"),
    ] {
        drive.write(line.as_bytes());
        let answer = drive.hear("an answer", |value| value["event"] == "answer");
        assert_eq!((&answer["id"], &answer["ok"]), (&json!(1), &json!(false)), "{line}: {answer}");
        assert!(answer["error"].as_str().unwrap().contains(word), "{line}: {answer}");
    }
    assert_eq!(drive.done(json!({"cmd": "state"}))["name"], "ready");
    let mut order = limit("one", "BUY", "10", "9");
    (order["quantity"], order["limit_price"]) = (json!(10), json!(9));
    drive.done(order);
    assert_eq!(drive.order("one", "working")["quantity"], "10");
    drop(drive);
    market_place.close();
}

/// What was asked before the end of the input is carried out; behind `quit` and a signal nothing is, and all is answered.
#[test]
fn everything_asked_is_answered_and_the_end_is_told() {
    let market_place = Market::open();
    let mut drive = market_place.drive();
    drive.state("ready");
    for price in 1..=5 {
        let mut order = limit(&format!("o{price}"), "BUY", "1", &format!("9.{price}"));
        order["id"] = json!(price);
        drive.write(order.to_string().as_bytes());
    }
    drop(drive.input.take());
    for id in 1..=5 {
        let answer = drive.hear("an answer", |value| value["event"] == "answer" && value["id"] == id);
        assert_eq!(answer["ok"], true, "{answer}");
    }
    drive.state("stopped");
    assert!(drive.process.wait().unwrap().success());
    drop(drive);
    assert_eq!(market_place.orders(), 5);

    let mut drive = Drive::start_with(
        &market_place.sim.address().to_string(),
        &market_place.journal(),
        &[("TWS_ON_STOP", "cancel")],
    );
    drive.state("ready");
    let mut lines = String::new();
    for id in 1..=200 {
        let mut order = limit(&format!("q{id}"), "BUY", "1", &format!("8.{:02}", id % 100));
        order["id"] = json!(id);
        lines.push_str(&format!("{order}\n"));
    }
    drive.write(format!("{lines}{}", json!({"cmd": "quit", "id": "bye"})).as_bytes());
    for id in 1..=200 {
        drive.hear("an answer", |value| value["event"] == "answer" && value["id"] == id);
    }
    drive.state("stopped");
    drive.hear("the last word", |value| value["event"] == "answer" && value["id"] == "bye");
    assert!(drive.ended().success());
    assert_eq!(market_place.sim.book().open_orders().count(), 0, "nothing was placed behind the last cancel");
    market_place.close();
}

#[test]
fn what_only_the_end_causes_is_told_of_no_order() {
    let market_place = Market::open();
    let mut drive = market_place.drive();
    drive.state("ready");
    drive.done(limit("one", "BUY", "10", "9"));
    drive.order("one", "working");
    drive.write(json!({"cmd": "quit", "id": "bye"}).to_string().as_bytes());
    drive.hear("the last word", |value| value["event"] == "answer" && value["id"] == "bye");
    assert!(drive.process.wait().unwrap().success());
    let told: Vec<_> = drive.heard.iter().filter(|value| value["state"] == "unknown").collect();
    assert!(told.is_empty(), "the order stays at the broker as it is: {told:?}");
    drop(drive);
    market_place.close();
}

#[test]
fn a_variable_that_is_misspelt_is_told_and_one_that_is_no_text_is_named() {
    use std::os::unix::ffi::OsStrExt;

    let folder = tempfile::tempdir().unwrap();
    let start = |name: &str, value: &[u8]| {
        let mut command = command("127.0.0.1:1", &folder.path().join("drive.db"), &[]);
        let output = command.env(name, std::ffi::OsStr::from_bytes(value)).stdin(Stdio::null()).output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let (started, told) = start("TWS_MAX_ORDER_VALEU", b"100");
    assert!(started && told.contains("unknown variable, ignored variable=\"TWS_MAX_ORDER_VALEU\""), "{told}");
    let (started, told) = start("TWS_MAX_ORDER_VALUE", b"1\xff");
    assert!(!started && told.contains("TWS_MAX_ORDER_VALUE=1\u{fffd} cannot be read; write it in UTF-8"), "{told}");
    assert!(start("OTHER", b"\xff").0);
}

#[test]
fn a_fault_at_the_start_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let told = not_started("127.0.0.1:2", &folder.path().join("none").join("drive.db"), &[]);
    assert_eq!(told.matches("No such file or directory").count(), 1, "{told}");
}

#[test]
fn a_fault_of_an_option_names_the_option() {
    let folder = tempfile::tempdir().unwrap();
    let limits = folder.path().join("limits.toml");
    std::fs::write(&limits, "symbols = \"any\"\nsecurity_types = \"any\"\norder_quantity_max = \"0\"\n").unwrap();
    let mut command = command("127.0.0.1:7496", &folder.path().join("drive.db"), &[]);
    command.args(["--server-version", "9", "--limits"]).arg(&limits);
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    let told = String::from_utf8(output.stderr).unwrap();
    let limits = format!("; set it in {}", limits.display());
    for part in ["--tws=127.0.0.1:7496 is a live port", "--server-version=9 is out of range", &limits] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

/// The signal of such a limit does not end it in the middle of a write.
#[cfg(unix)]
#[test]
fn p11_a_limit_on_the_size_of_files_halts_it_and_what_was_placed_is_in_the_journal() {
    let market_place = Market::open();
    let free = command(&market_place.sim.address().to_string(), &market_place.journal(), &[]);
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -f 140; exec \"$0\" \"$@\""]).arg(free.get_program()).args(free.get_args());
    limited.envs(free.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut drive = Drive::run(limited);
    drive.state("ready");
    let mut answers =
        (0..18).map(|count| drive.ask(limit(&format!("o{count}"), "BUY", &(10 + count).to_string(), "9.50")));
    let refused = answers.find(|answer| answer["ok"] == false).expect("the limit is never met");
    drop(answers);
    // Its own record met the limit, or one before it did.
    assert!(refused["rule"] == "R37" || refused["rule"] == "R5", "{refused}");
    let halted = drive.state("halted");
    assert!(halted["reason"].as_str().unwrap().starts_with("the journal cannot be written"), "{halted}");
    let (detail, _) = drive.refused(json!({"cmd": "quit"}));
    assert!(detail.starts_with("the journal was not closed cleanly"), "{detail}");
    assert!(!drive.ended().success());

    let placed = market_place.orders();
    let mut drive = market_place.drive();
    drive.state("ready");
    assert!(placed > 0 && drive.done(json!({"cmd": "orders"})).as_array().unwrap().len() >= placed);
    drive.done(json!({"cmd": "verify"}));
    drive.done(json!({"cmd": "quit"}));
    assert!(drive.ended().success());
    market_place.close();
}

/// And an order is refused at once: whether its contract can be found makes no difference.
#[test]
fn r38_the_journal_of_another_account_halts() {
    let market_place = Market::open();
    let mut drive = market_place.drive();
    drive.state("ready");
    drive.done(limit("one", "BUY", "10", "9.50"));
    drive.done(json!({"cmd": "quit"}));
    assert!(drive.ended().success());

    let others = market_place.runtime.block_on(simulator().account("DU7654321").start()).unwrap();
    let mut drive = Drive::start(&others.address().to_string(), &market_place.journal());
    let halted = drive.state("halted");
    let reason = "the journal holds orders or positions of account ***567, which the login does not have";
    assert!(halted["reason"].as_str().unwrap().starts_with(reason), "{halted}");
    others.inject(tws_sim::Switch::RequestsLost).unwrap();
    let (detail, rule) = drive.refused(limit("two", "BUY", "10", "9.50"));
    assert_eq!((detail.contains(reason), &rule), (true, &json!("R5")), "{detail}");
    let (detail, _) = drive.refused(json!({"cmd": "arm", "by": "me"}));
    assert!(detail.starts_with(&format!("no arming lifts this halt: {reason}")), "{detail}");
    let (detail, _) = drive.refused(json!({"cmd": "arm", "by": " "}));
    assert!(detail.contains("`by` names nobody"), "{detail}");
    drive.done(json!({"cmd": "quit"}));
    assert!(drive.ended().success());
    assert_eq!(others.book().orders().count(), 0);
    market_place.runtime.block_on(others.shutdown());
    market_place.close();
}

#[test]
fn without_tws_it_says_so_and_takes_no_orders() {
    let folder = tempfile::tempdir().unwrap();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let mut drive = Drive::start(&closed, &folder.path().join("drive.db"));
    drive.state("connecting");
    let (detail, rule) = drive.refused(limit("one", "BUY", "10", "9.50"));
    assert!(rule == "R5" && detail.contains("connecting"), "{detail}");
    drive.hear("the refusal", |value| value["event"] == "refused" && value["ref"] == "one" && value["rule"] == "R5");
    assert_eq!(drive.done(json!({"cmd": "orders"})), json!([]));
    // A second one on the same journal does not even begin.
    let mut second = Drive::start(&closed, &folder.path().join("drive.db"));
    assert!(!second.process.wait().unwrap().success());
    #[cfg(unix)]
    {
        let terminated = Command::new("kill").arg(drive.process.id().to_string()).status().unwrap();
        assert!(terminated.success());
        assert!(drive.process.wait().unwrap().success(), "it closes cleanly when it is told to end");
    }
}

#[cfg(unix)]
#[test]
fn p21_told_to_end_by_a_signal_orders_stay_or_are_cancelled_and_the_journal_is_closed() {
    for (on_stop, signal, left) in [("keep", "-TERM", 1), ("cancel", "-TERM", 0), ("cancel", "-INT", 0)] {
        let market_place = Market::open();
        let tws = market_place.sim.address().to_string();
        let mut drive = Drive::start_with(&tws, &market_place.journal(), &[("TWS_ON_STOP", on_stop)]);
        drive.state("ready");
        drive.done(limit("one", "BUY", "10", "9.50"));
        drive.order("one", "working");
        let told = Command::new("kill").arg(signal).arg(drive.process.id().to_string()).status().unwrap();
        assert!(told.success());
        assert!(drive.process.wait().unwrap().success(), "{on_stop} {signal}");
        let live = market_place.sim.book().open_orders().count();
        assert_eq!(live, left, "{on_stop} {signal}");
        let wal = market_place.journal().with_file_name("drive.db-wal");
        assert!(std::fs::metadata(&wal).map_or(0, |file| file.len()) == 0, "the journal is one file");
        // The next one finds what was left.
        let mut drive = market_place.drive();
        drive.state("ready");
        let state = if left == 1 { "working" } else { "cancelled" };
        assert_eq!(drive.done(json!({"cmd": "orders"}))[0]["state"], state);
        drop(drive);
        market_place.close();
    }
}

/// A long journal takes its time to be read. Here the limits do, which come through a pipe.
#[cfg(unix)]
#[test]
fn p21_told_to_end_while_it_starts_it_ends_cleanly_all_the_same() {
    let market_place = Market::open();
    let limits = market_place.folder.path().join("limits");
    assert!(Command::new("mkfifo").arg(&limits).status().unwrap().success());
    let mut command = command(&market_place.sim.address().to_string(), &market_place.journal(), &[]);
    command.arg("--limits").arg(&limits);
    let mut drive = Drive::run(command);
    // It reads them once this opens.
    let mut pipe = std::fs::OpenOptions::new().write(true).open(&limits).unwrap();
    drive.write(br#"{"id": 1, "cmd": "cancel_all"}"#);
    let told = Command::new("kill").arg("-TERM").arg(drive.process.id().to_string()).status().unwrap();
    assert!(told.success());
    pipe.write_all(b"symbols = \"any\"\nsecurity_types = \"any\"\n").unwrap();
    pipe.write_all(b"order_quantity_max = \"9\"\norder_value_max = \"999\"\nposition_max = \"9\"\n").unwrap();
    drop(pipe);
    drive.hear("an answer", |value| value["event"] == "answer" && value["id"] == 1);
    drive.state("stopped");
    assert!(drive.process.wait().unwrap().success());
    market_place.close();
}

#[test]
fn r38_p20_of_two_started_at_once_one_connects_and_after_its_kill_another_does() {
    let market_place = Market::open();
    let both = [market_place.drive(), market_place.drive()];
    one_connects(&market_place, both, &market_place.journal());
    market_place.close();
}

#[test]
fn r38_of_two_with_one_client_id_and_two_journals_one_connects_and_after_its_kill_another_does() {
    let market_place = Market::open();
    let tws = market_place.sim.address().to_string();
    let other = market_place.folder.path().join("other.db");
    one_connects(&market_place, [market_place.drive(), Drive::start(&tws, &other)], &other);
    market_place.close();
}

#[test]
fn r38_who_comes_second_is_told_who_is_there_and_what_to_do() {
    let market_place = Market::open();
    let tws = market_place.sim.address().to_string();
    let mut first = market_place.drive();
    first.state("ready");
    let told = not_started(&tws, &market_place.folder.path().join("other.db"), &[]);
    for word in [&format!("process {} ", first.process.id()), "drive.db", "client 7 at", "TWS_CLIENT_ID"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert!(!market_place.folder.path().join("other.db").exists());
    let told = not_started(&tws, &market_place.journal(), &[("TWS_LOCK_FOLDER", "/no/such/folder")]);
    assert!(told.contains("/no/such/folder/tws-") && told.contains("TWS_LOCK_FOLDER"), "{told}");
    // The same client of another TWS is another.
    let elsewhere = Market::open();
    let mut other = elsewhere.drive();
    other.state("ready");
    drop((first, other));
    elsewhere.close();
    market_place.close();
}

/// Of both one connects and the other ends; after the kill of the one, another on the journal `next` becomes ready.
#[track_caller]
fn one_connects(market_place: &Market, mut both: [Drive; 2], next: &Path) {
    let ended = std::iter::repeat_with(|| {
        std::thread::sleep(Duration::from_millis(20));
        both.iter_mut().position(|drive| drive.process.try_wait().unwrap().is_some_and(|status| !status.success()))
    });
    let second = ended.take(1_500).flatten().next().expect("both of them run");
    let [one, two] = both;
    let (mut first, second) = if second == 0 { (two, one) } else { (one, two) };
    drop(second);
    first.state("ready");
    assert_eq!(market_place.sim.counters().connections, 1, "the second has not even connected");
    first.process.kill().unwrap();
    drop(first);
    let mut next = Drive::start(&market_place.sim.address().to_string(), next);
    next.state("ready");
}
