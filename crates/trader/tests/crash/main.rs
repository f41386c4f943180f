//! Traders that are killed at a moment of their work (P1 to P9): a process of its own, SIGKILL, and another trader on the
//! same journal. In the end no order was placed twice, and orders, fills and positions are the broker's.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use order::State;
use rust_decimal::Decimal;
use tempfile::TempDir;
use trader::prelude::*;
use trader::{Moment, Refused};
use tws_sim::{SimTime, TwsSim};

/// Nothing here takes this long: a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);
const ACCOUNT: &str = "DU1234567";
/// 7 October 2013, 13:00 in New York.
const START: SimTime = SimTime(1_381_165_200_000);
/// What takes half a minute, takes half a second.
const SPEED: u32 = 60;
/// The order has this name, however often it is asked for.
const NAME: &str = "one";

const PORT: &str = "TRADER_TEST_PORT";
const JOURNAL: &str = "TRADER_TEST_JOURNAL";
const DIES_AT: &str = "TRADER_TEST_DIES_AT";
const ASKED: &str = "asked";
const STARTED: &str = "started";
const REACHED: &str = "the moment is reached";

/// When a process dies: at the last of these moments, each of which comes after the one before it. What else happens
/// between them does not count.
#[derive(Clone, Copy, Debug)]
struct Death {
    moments: &'static [Moment],
    /// Counted since the order was asked for, or since the start.
    since_asked: bool,
}

/// After the order was asked for.
const fn asked(moments: &'static [Moment]) -> Death {
    Death { moments, since_asked: true }
}

/// After the start.
const fn started(moments: &'static [Moment]) -> Death {
    Death { moments, since_asked: false }
}

fn config(port: u16, journal: &Path) -> TraderConfig {
    let lock_folder = journal.parent().map(Path::to_owned);
    let mut config = TraderConfig { port, journal: journal.to_owned(), lock_folder, ..TraderConfig::paper() };
    config.limits.quote_age_max_ms = 24 * 3_600_000;
    config
}

/// The trader of the tests below: a process of its own, which is killed. Without the variables there is nothing to do.
#[tokio::test]
async fn trader_to_be_killed() {
    let Ok(port) = std::env::var(PORT) else { return };
    let journal = std::env::var_os(JOURNAL).unwrap();
    let dies_at = std::env::var(DIES_AT).unwrap();
    let (since, moments) = dies_at.split_once(": ").unwrap();
    let since_asked = since == ASKED;
    let mut to_come: VecDeque<String> = moments.split(' ').map(str::to_owned).collect();
    static IS_ASKED: AtomicBool = AtomicBool::new(false);
    let is_last = Mutex::new(move |at: Moment| {
        let is_next = to_come.front().is_some_and(|next| *next == format!("{at:?}"));
        is_next && to_come.pop_front().is_some() && to_come.is_empty()
    });
    let config = config(port.parse().unwrap(), Path::new(&journal));
    // Its clock runs as time does: with a faster one, an order whose answer keeps this machine waiting is overdue, which
    // is recorded.
    let builder = Trader::builder(config).on_moment(move |at| {
        let counts = IS_ASKED.load(Ordering::SeqCst) || !since_asked;
        if counts && is_last.lock().unwrap()(at) {
            // Nothing goes on from here; the parent sends SIGKILL when it hears of it.
            println!("{REACHED}");
            std::io::stdout().flush().unwrap();
            loop {
                std::thread::park();
            }
        }
    });
    let trader = builder.start().await.unwrap();
    let handle = trader.handle();
    let acme = handle.watch(&Contract::stock("ACME", "USD")).await.unwrap();
    IS_ASKED.store(true, Ordering::SeqCst);
    let ticket = Ticket::buy(&acme, 100).limit(Decimal::new(950, 2)).label(NAME);
    match handle.submit(ticket).await {
        // The broker's answer is a moment too.
        Ok(_) | Err(Refused::LabelTaken { .. }) => tokio::time::sleep(PATIENCE).await,
        Err(refused) => panic!("{refused}"),
    }
    drop(trader);
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill(); // SIGKILL
        let _ = self.0.wait();
    }
}

struct Scene {
    sim: TwsSim,
    folder: TempDir,
}

impl Scene {
    async fn open() -> Self {
        let acme = tws_sim::Instrument::stock(900_001, "ACME", "USD", Decimal::TEN);
        let builder = TwsSim::builder().seed(7).start_time(START).instrument(acme).still_markets();
        let sim = builder.start().await.unwrap();
        sim.quote("ACME", Decimal::new(999, 2), Decimal::new(1_001, 2)).unwrap();
        Self { sim, folder: tempfile::tempdir().unwrap() }
    }

    fn config(&self) -> TraderConfig {
        config(self.sim.address().port(), &self.folder.path().join("trader.db"))
    }

    /// Runs a trader until it has come to its moment, and kills it there.
    async fn kill(&self, death: Death) {
        let Death { moments, since_asked } = death;
        let names: Vec<String> = moments.iter().map(|moment| format!("{moment:?}")).collect();
        let since = if since_asked { ASKED } else { STARTED };
        let TraderConfig { port, journal, .. } = self.config();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "trader_to_be_killed", "--nocapture"])
            .env(PORT, port.to_string())
            .env(JOURNAL, journal)
            .env(DIES_AT, format!("{since}: {}", names.join(" ")))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut child = Killed(child);
        let output = BufReader::new(child.0.stdout.take().unwrap());
        let reached = tokio::task::spawn_blocking(move || {
            output.lines().map_while(Result::ok).any(|line| line.contains(REACHED))
        });
        let reached = tokio::time::timeout(PATIENCE, reached).await;
        assert!(matches!(reached, Ok(Ok(true))), "{death:?} was not reached");
        drop(child);
        while self.sim.clients() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn placed(&self) -> usize {
        self.sim.book().orders().count()
    }

    /// Goes on as a strategy would: asks for the order again under its name, and where it was lost, under another.
    async fn go_on(self) {
        let trader = Trader::builder(self.config()).clock_speed(SPEED).start().await.unwrap();
        let handle = trader.handle();
        let acme = handle.watch(&Contract::stock("ACME", "USD")).await.unwrap();
        let mut quotes = handle.bus().subscribe_where(
            event_bus::Queue::lossless(64),
            |event| matches!(event, Event::Quote(quote) if quote.is_two_sided()),
        );
        handle.watch(&Contract::stock("ACME", "USD")).await.unwrap();
        tokio::time::timeout(PATIENCE, quotes.recv()).await.unwrap().unwrap();
        let mut placed = Vec::new();
        let mut attempt = 0;
        loop {
            let name = if attempt == 0 { NAME.to_owned() } else { format!("{NAME}.{attempt}") };
            let ticket = Ticket::buy(&acme, 100).limit(Decimal::new(950, 2)).label(&name);
            let id = match handle.submit(ticket).await {
                Ok(placed) => placed.id(),
                Err(Refused::LabelTaken { intent, .. }) => intent,
                Err(refused) => panic!("{refused}"),
            };
            placed.push(id);
            let known = self.settled(&handle, id).await;
            if matches!(known, State::Working(_)) {
                break;
            }
            assert!(matches!(known, State::Lost | State::Rejected), "{known:?}");
            attempt += 1;
            assert!(attempt < 3, "{known:?} again and again");
        }
        self.sim.quote("ACME", Decimal::new(949, 2), Decimal::new(950, 2)).unwrap();
        let last = *placed.last().unwrap();
        let filled = async {
            while handle.order(last).await.unwrap().unwrap().state != State::Filled {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, filled).await.expect("it did not fill");
        assert_eq!(self.sim.book().position(ACCOUNT, "ACME"), Decimal::ONE_HUNDRED);
        assert_eq!(handle.position(acme.id()).await.unwrap(), Decimal::ONE_HUNDRED);
        assert_eq!(self.placed(), 1, "the broker was given one order");
        let ended = trader.stop().await;
        assert_eq!(ended.journal_fault, None);
        assert_eq!(Trader::replay(&self.config()).unwrap().fingerprint(), ended.fingerprint);
        Trader::verify(&self.config()).unwrap();
    }

    /// What an order is once that is known.
    async fn settled(&self, handle: &Handle, id: order::IntentId) -> State {
        let known = async {
            loop {
                let state = handle.order(id).await.unwrap().unwrap().state;
                if !matches!(state, State::Sent | State::Unknown(_)) {
                    return state;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, known).await.expect("its outcome stays unknown")
    }
}

/// Kills a trader at a moment, then goes on; and once more with two deaths in a row (P9).
async fn check(death: Death, placed: usize) {
    let scene = Scene::open().await;
    scene.kill(death).await;
    assert_eq!(scene.placed(), placed, "{death:?}");
    scene.go_on().await;
}

#[tokio::test]
async fn p01_killed_before_the_order_is_written_it_never_was() {
    check(asked(&[Moment::Commanded]), 0).await;
    check(asked(&[Moment::Recording]), 0).await;
}

#[tokio::test]
async fn p03_killed_when_the_order_is_durable_and_not_sent_it_is_lost_and_asked_for_anew() {
    check(asked(&[Moment::Recorded]), 0).await;
    check(asked(&[Moment::Sending]), 0).await;
}

#[tokio::test]
async fn p05_killed_when_the_order_is_sent_and_not_answered_it_is_found_or_lost() {
    let scene = Scene::open().await;
    scene.kill(asked(&[Moment::Sent])).await;
    assert!(scene.placed() <= 1);
    scene.go_on().await;
}

#[tokio::test]
async fn p06_killed_when_the_answer_is_heard_and_not_written_it_is_found() {
    check(asked(&[Moment::Heard]), 1).await;
    check(asked(&[Moment::Heard, Moment::Recording]), 1).await;
}

#[tokio::test]
async fn p07_killed_while_the_journal_is_replayed_nothing_has_happened() {
    let scene = Scene::open().await;
    scene.kill(asked(&[Moment::Heard, Moment::Heard])).await;
    scene.kill(started(&[Moment::Replaying])).await;
    scene.kill(started(&[Moment::Replaying, Moment::Replaying, Moment::Replaying])).await;
    assert_eq!(scene.placed(), 1);
    scene.go_on().await;
}

#[tokio::test]
async fn p08_killed_while_the_books_are_compared_they_are_compared_again() {
    let scene = Scene::open().await;
    scene.kill(asked(&[Moment::Heard])).await;
    scene.kill(started(&[Moment::Compared])).await;
    scene.kill(started(&[Moment::Heard, Moment::Heard, Moment::Heard])).await;
    assert_eq!(scene.placed(), 1);
    scene.go_on().await;
}

#[tokio::test]
async fn p09_killed_twice_in_a_row_at_each_moment_the_books_are_the_brokers() {
    for moments in [&[Moment::Recording], &[Moment::Recorded], &[Moment::Heard]] {
        let scene = Scene::open().await;
        scene.kill(asked(moments)).await;
        scene.kill(started(moments)).await;
        scene.go_on().await;
    }
}

#[tokio::test]
async fn r38_a_trader_can_start_as_soon_as_the_one_before_it_is_killed() {
    let scene = Scene::open().await;
    scene.kill(asked(&[Moment::Told])).await;
    let trader = Trader::builder(scene.config()).start_unready().unwrap();
    trader.stop().await;
    scene.go_on().await;
}
