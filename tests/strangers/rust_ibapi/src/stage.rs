//! How the driver speaks with the command that runs it, and how it compares.

use std::io::{BufRead as _, Write as _};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub const STEP: Duration = Duration::from_secs(20);

/// What went wrong, in words.
pub type Outcome<T> = Result<T, String>;

/// The market that every driver sees: bid, bid size, ask, ask size. Prices are words, so that no digit is lost.
pub struct Levels(pub &'static str, pub &'static str, pub &'static str, pub &'static str);

pub const OPENING: Levels = Levels("99.98", "300", "100.02", "500");
pub const MOVED: Levels = Levels("99.99", "400", "100.03", "600");
pub const HIGHER: Levels = Levels("100.50", "300", "100.54", "500");
pub const TARGET: Levels = Levels("101.00", "700", "101.04", "500");
pub const BOUGHT: f64 = 100.02;

pub fn say(line: &Value) {
    let mut out = std::io::stdout().lock();
    // Without a reader there is nobody to tell.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Has the simulator do something, and returns its answer.
pub fn act(wish: &Value) -> Outcome<Value> {
    say(wish);
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(|error| error.to_string())?;
    let answer: Value = serde_json::from_str(&line).map_err(|error| format!("the runner said {line:?}: {error}"))?;
    match answer.get("error").and_then(Value::as_str) {
        Some(error) => Err(error.to_owned()),
        None => Ok(answer),
    }
}

pub fn quote(Levels(bid, bid_size, ask, ask_size): &Levels) -> Outcome<()> {
    let wish = json!({
        "do": "quote", "symbol": "IBM", "bid": bid, "bid_size": bid_size, "ask": ask, "ask_size": ask_size,
    });
    act(&wish).map(|_| ())
}

/// One number of the broker's book, which comes as a word.
pub fn truth(book: &Value, name: &str) -> Outcome<f64> {
    let word = book.get(name).and_then(Value::as_str);
    word.and_then(|word| word.parse().ok()).ok_or_else(|| format!("the runner tells no {name}: {book}"))
}

pub fn told(check: &str, outcome: Outcome<String>) {
    let (ok, detail) = match outcome {
        Ok(detail) => (true, detail),
        Err(detail) => (false, detail),
    };
    say(&json!({ "check": check, "ok": ok, "detail": detail }));
}

pub fn wait<T>(what: &str, mut condition: impl FnMut() -> Outcome<Option<T>>) -> Outcome<T> {
    let deadline = Instant::now() + STEP;
    loop {
        if let Some(value) = condition()? {
            return Ok(value);
        }
        if Instant::now() > deadline {
            return Err(format!("no {what} within {} s", STEP.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub fn same<T: PartialEq + std::fmt::Debug>(what: &str, value: T, expected: T) -> Outcome<()> {
    if value == expected { Ok(()) } else { Err(format!("{what} is {value:?}, not {expected:?}")) }
}

pub fn is_money(what: &str, value: f64, expected: f64) -> Outcome<()> {
    if (value - expected).abs() < 0.005 { Ok(()) } else { Err(format!("{what} is {value}, not {expected}")) }
}

pub fn holds(what: impl FnOnce() -> String, truth: bool) -> Outcome<()> {
    if truth { Ok(()) } else { Err(what()) }
}
