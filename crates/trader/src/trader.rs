//! [`Trader`]: the rooms joined, and the tasks that run in them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use event_bus::{Bus, Queue};
use journal::{Journal, Options, Sequence, Verification};
use order::{Instance, SECOND_US, Timestamp};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tws_client::config::Reconciliation;
use tws_client::{Config as ClientConfig, ConnectError, TradingClient};

use crate::books::Books;
use crate::client_lock::{ClientLock, ClientLockError};
use crate::config::{ConfigError, OnStop, TraderConfig};
use crate::engine::{Clock, Command, Ended, Engine, Parts};
use crate::event::{Alarm, Event, Phase, TraderState};
use crate::handle::{Handle, NotReady};
use crate::inquiries::Inquiries;
use crate::moment::{Moment, Watcher};
use crate::record::Record;
use crate::strategy::{self, Ears, Strategy};
use crate::views::VIEWS;

/// Name of this application inside the journal; another application's journal is refused.
const APPLICATION: &str = "trader";
/// Version of the records inside the journal.
const SCHEMA: u32 = 2;
/// How long the end waits for the last cancels.
const LAST_CANCELS: Duration = Duration::from_secs(10);
/// Commands that may wait for the engine.
const COMMANDS_MAX: usize = 1024;

/// Starts a strategy once the trader is ready.
type Launch = Box<dyn FnOnce(&Handle) -> JoinHandle<()> + Send>;

/// Longest name of a strategy, in bytes.
const STRATEGY_NAME_MAX: usize = 64;
/// In whose name a [`Handle`] trades that belongs to no strategy.
pub(crate) const MANUAL: &str = "manual";

/// A trader that runs: a session with TWS, the engine, and the strategies.
///
/// [`Trader::stop`] ends it and waits until it has ended. A trader that is dropped ends too, a moment later.
#[derive(Debug)]
pub struct Trader {
    handle: Handle,
    /// The engine ends when this is gone.
    _keeper: oneshot::Sender<()>,
    engine: Option<JoinHandle<()>>,
    strategies: Vec<JoinHandle<()>>,
    on_stop: OnStop,
}

/// A trader to be.
#[must_use = "a builder does nothing until it is started"]
pub struct TraderBuilder {
    config: TraderConfig,
    strategies: Vec<(String, Launch)>,
    watcher: Watcher,
    clock_speed: u32,
    clock_start: Option<Timestamp>,
}

impl Trader {
    /// A trader with this configuration.
    pub fn builder(config: TraderConfig) -> TraderBuilder {
        let strategies = Vec::new();
        TraderBuilder { config, strategies, watcher: Watcher::default(), clock_speed: 1, clock_start: None }
    }

    /// What can be done with it.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Ends the strategies, then the session, and closes the journal. Orders stay at the broker as they are, unless
    /// [`TraderConfig::on_stop`] says otherwise.
    pub async fn stop(mut self) -> Ended {
        self.end_strategies();
        if self.on_stop == OnStop::Cancel && timeout(LAST_CANCELS, self.cancel_everything()).await.is_err() {
            tracing::warn!("orders live on although they were cancelled; the next start sends the cancels again");
        }
        let (reply, answer) = oneshot::channel();
        let lost = |why: &str| Ended { records: 0, fingerprint: String::new(), journal_fault: Some(why.to_owned()) };
        if self.handle.commands.send(Command::Stop { reply }).await.is_err() {
            return lost("the engine had ended before");
        }
        let ended = answer.await.unwrap_or_else(|_| lost("the engine ended without a word"));
        if let Some(engine) = self.engine.take() {
            let _ = engine.await; // it has said its last word
        }
        ended
    }

    /// Cancels all that lives, and waits until nothing does.
    async fn cancel_everything(&self) {
        let mut ended = self.handle.bus().subscribe_map(Queue::latest_by_key(1, |()| ()), |event| match event {
            Event::Order(update) => (!update.state.is_live()).then_some(()),
            _ => None,
        });
        if self.handle.cancel_all(|_| true).await.is_err() {
            return; // the engine has ended
        }
        loop {
            match self.handle.inspect(|books| !books.orders.live().any(order::Tracked::is_within_reach)).await {
                Ok(false) => {}
                Ok(true) | Err(_) => return,
            }
            if ended.recv().await.is_err() {
                return;
            }
        }
    }

    fn end_strategies(&mut self) {
        for strategy in self.strategies.drain(..) {
            strategy.abort();
        }
    }

    /// Opens a trader's journal, or an archive of one, to look at its records or to write its tables out
    /// ([`journal::Reader::write_csv`]). It is not locked and not changed, so a trader may be running on it.
    ///
    /// # Errors
    /// [`journal::OpenError`].
    pub fn journal(file: impl AsRef<Path>) -> Result<journal::Reader, journal::OpenError> {
        journal::Reader::open(file, &options())
    }

    /// Proves every record of a journal. It is not locked and not changed, so a trader may be running on it.
    ///
    /// # Errors
    /// [`StartError`] where the journal cannot be read, or names its first bad record.
    pub fn verify(config: &TraderConfig) -> Result<journal::Verified, StartError> {
        let reader = Self::journal(&config.journal)?;
        reader.verify().map_err(|broken| StartError::Replay(broken.into()))
    }

    /// Reads the books out of a journal, as the trader that wrote it had them at the end. The journal is not locked
    /// and not changed.
    ///
    /// # Errors
    /// [`StartError`] where the journal cannot be read or is not sound.
    pub fn replay(config: &TraderConfig) -> Result<Books, StartError> {
        let reader = Self::journal(&config.journal)?;
        reader.replay_ahead(Sequence::FIRST, moves_books, |records| replay(config, records, || {}))
    }
}

impl Drop for Trader {
    fn drop(&mut self) {
        self.end_strategies();
    }
}

impl TraderBuilder {
    /// Runs this strategy too.
    pub fn strategy<S: Strategy>(mut self, strategy: S) -> Self {
        let name = strategy.name().to_owned();
        let launch: Launch = Box::new(move |trader| {
            let name = strategy.name().to_owned();
            let trader = trader.for_strategy(name.clone());
            let ears = Ears::of(&name, &trader);
            let supervised = tokio::spawn(strategy::run(strategy, ears, trader.clone()));
            tokio::spawn(supervise(name, supervised, trader))
        });
        self.strategies.push((name, launch));
        self
    }

    /// Tells of every [`Moment`] of the engine's work, which waits for it: for simulations that stop a process there.
    pub fn on_moment(self, watcher: impl Fn(Moment) + Send + Sync + 'static) -> Self {
        Self { watcher: Watcher::new(watcher), ..self }
    }

    /// Lets the trader's clock run `factor` times as fast as time does, so that a simulation need not wait for what takes
    /// its time: half a minute until an order counts as lost, the pauses between snapshots. Time-outs of the connection
    /// are not touched. Never for trading: quotes age as fast.
    pub fn clock_speed(self, factor: u32) -> Self {
        Self { clock_speed: factor.max(1), ..self }
    }

    /// As if the clock on the wall showed this time at the start. For simulations, in which it may have jumped since the
    /// last run.
    pub fn clock_starts_at(self, at: Timestamp) -> Self {
        Self { clock_start: Some(at), ..self }
    }

    /// Opens the journal, replays it, connects, waits until the broker's book agrees with ours, starts the strategies.
    ///
    /// # Errors
    /// [`StartError`] says what is wrong and what to do; nothing of the trader is left running.
    pub async fn start(self) -> Result<Trader, StartError> {
        let ready_timeout = self.config.ready_timeout;
        let (mut trader, strategies) = self.begin()?;
        if let Err(not_ready) = trader.handle.ready(ready_timeout).await {
            if not_ready.state.phase != Phase::Killed {
                trader.stop().await;
                return Err(StartError::NotReady(not_ready));
            }
            tracing::warn!(reason = not_ready.state.reason.as_str(), "trading was killed; rearm it to go on");
        }
        trader.strategies = strategies.into_iter().map(|(_, launch)| launch(&trader.handle)).collect();
        Ok(trader)
    }

    /// As [`start`](Self::start), without a wait: the trader connects and becomes ready in its own time, or never. For
    /// those who watch its state themselves. Strategies start at once, and find it as it is.
    ///
    /// # Errors
    /// [`StartError`] says why there is no trader; that TWS is not there is no error.
    pub fn start_unready(self) -> Result<Trader, StartError> {
        let (mut trader, strategies) = self.begin()?;
        trader.strategies = strategies.into_iter().map(|(_, launch)| launch(&trader.handle)).collect();
        Ok(trader)
    }

    /// A trader that runs, and the strategies that do not yet.
    fn begin(self) -> Result<(Trader, Vec<(String, Launch)>), StartError> {
        let Self { config, strategies, watcher, clock_speed, clock_start } = self;
        config.validate()?;
        check_names(strategies.iter().map(|(name, _)| name.as_str()))?;
        let client_lock = ClientLock::take(&config)?;
        let (journal, books, last_at) = open_books(&config, &watcher)?;
        let clock = Clock::start(clock_start.unwrap_or_else(wall_time), clock_speed);
        let at_start = last_at.and_then(|last_at| clock_behind(&config, last_at, clock.now()));
        let (client, driver) = TradingClient::connect(client_config(&config))?;
        // Taken before the driver runs, so that nothing is missing from it.
        let lane = client.take_order_events().ok_or(StartError::LaneTaken)?;
        let bus = Bus::new();
        let connecting =
            TraderState { phase: Phase::Connecting, reason: String::new(), epoch: 0, accounts: Vec::new() };
        let (state_sender, state) = watch::channel(connecting);
        let (sender, commands) = mpsc::channel(COMMANDS_MAX);
        let (keeper, kept) = oneshot::channel();
        let engine = Engine::new(Parts {
            config: config.clone(),
            books,
            journal,
            client_lock,
            client: client.clone(),
            lane,
            bus: bus.clone(),
            state: state_sender,
            commands,
            kept,
            clock,
            watcher,
            at_start,
        });
        tokio::spawn(async move {
            let exit = driver.run().await;
            tracing::info!(%exit, "the session with TWS has ended");
        });
        let engine = tokio::spawn(engine.run());
        let handle = Handle {
            commands: sender,
            state,
            bus: bus.feed(),
            client: Inquiries::new(&client),
            owner: Arc::from(MANUAL),
        };
        let on_stop = config.on_stop;
        Ok((Trader { handle, _keeper: keeper, engine: Some(engine), strategies: Vec::new(), on_stop }, strategies))
    }
}

async fn supervise(name: String, strategy: JoinHandle<strategy::Outcome>, trader: Handle) {
    // When the trader stops, this task is ended, and the strategy with it.
    let guard = AbortOnDrop(strategy.abort_handle());
    let cause = match strategy.await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        Err(error) if error.is_panic() => "it panicked".to_owned(),
        Err(_) => return,
    };
    drop(guard);
    let _ = trader.commands.send(Command::Publish(Box::new(Event::Alarm(Alarm::StrategyEnded { name, cause })))).await;
}

struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn options() -> Options {
    Options::new(APPLICATION).schema(SCHEMA).views(VIEWS)
}

fn empty_books(config: &TraderConfig) -> Result<Books, StartError> {
    let instance = Instance::new(config.instance.clone()).map_err(StartError::Instance)?;
    Ok(Books::new(instance, config.client_id))
}

/// R39: what to say where the journal was last written at a time that is still to come.
fn clock_behind(config: &TraderConfig, last_at: Timestamp, now: Timestamp) -> Option<Alarm> {
    let behind_us = last_at.since(now);
    let behind = Duration::from_micros(u64::try_from(behind_us).ok()?);
    config.clock_skew_max.filter(|most| behind > *most)?;
    Some(Alarm::ClockBehind { behind_s: behind_us / SECOND_US })
}

/// A journal, the books that it makes, and when it was last written.
fn open_books(config: &TraderConfig, watcher: &Watcher) -> Result<(Journal, Books, Option<Timestamp>), StartError> {
    // The replay proves every record: once is enough.
    let mut journal = Journal::open(&config.journal, options().verification(Verification::Tail(0)))?;
    let reader = journal::Reader::open(journal.path(), &options())?;
    let books = reader.replay_ahead(Sequence::FIRST, moves_books, |records| {
        replay(config, records, || watcher.tell(Moment::Replaying))
    })?;
    let last = Sequence::new(journal.len()).and_then(|last| journal.replay(last).next()).transpose()?;
    let last_at = last.map(|last| Timestamp(last.stamps.wall_us));
    let in_this_file = journal.len() - (journal.first().number() - 1);
    if in_this_file <= config.journal_records_max {
        return Ok((journal, books, last_at));
    }
    match rotate(config, &mut journal, &books, last_at) {
        Ok(kept) => Ok((journal, kept, last_at)),
        // The file is as it was, and only longer than it need be: that must not keep anybody from trading.
        Err(StartError::Rotate(journal::RotateError::InUse { path })) => {
            tracing::warn!(path = %path.display(), "the journal is long and open elsewhere; it goes on as it is");
            Ok((journal, books, last_at))
        }
        // A name that is taken, a disk that is full: a journal that is not poisoned is as it was.
        Err(StartError::Rotate(error)) if journal.poisoned().is_none() => {
            tracing::warn!(%error, "the journal is long; it goes on as it is");
            Ok((journal, books, last_at))
        }
        Err(error) => Err(error),
    }
}

/// Goes on in a fresh file that begins with a sum of the books. What is older than anything the broker can tell again
/// stays in the file before; the books without it are given back.
fn rotate(
    config: &TraderConfig,
    journal: &mut Journal,
    books: &Books,
    last_at: Option<Timestamp>,
) -> Result<Books, StartError> {
    let mut kept = books.clone();
    let now = wall_time();
    // R39: a clock that runs ahead must not make everything old, for what is forgotten is never counted again.
    let known = last_at.map_or(now, |last_at| last_at.min(now));
    let old = Timestamp(known.0.saturating_sub(order::forget::KEEP_US));
    // Its record is the sum itself.
    let _ = kept.orders.forget_ended_before(old, now);
    kept.ledger.forget_before(old.0);
    let mut first = kept.checkpoint();
    first.push(Record::started(config));
    // For the tables alone: what finds no room in one batch is in the sum all the same.
    let room = Journal::BATCH_RECORDS_MAX.saturating_sub(first.len());
    first.extend(kept.shown().into_iter().take(room));
    let entries: Result<Vec<_>, _> = first.iter().map(Record::to_entry).collect();
    let stamps = journal::Stamps { wall_us: now.0, monotonic_us: 0 };
    let archive = journal.rotate(stamps, &entries.map_err(StartError::Checkpoint)?)?;
    tracing::info!(archive = %archive.display(), "the journal goes on in a fresh file");
    Ok(kept)
}

/// Whether records of a kind have to be read: of the others it is enough that they are there and unchanged.
fn moves_books(kind: &str) -> bool {
    !Record::follows(kind)
}

/// The books that these records make, if they are of a trader like the one that is configured: order ids, references
/// and accounts of another would be taken for ours.
fn replay(
    config: &TraderConfig,
    mut records: journal::Ahead<Record>,
    mut on_record: impl FnMut(),
) -> Result<Books, StartError> {
    let mut books = empty_books(config)?;
    // A sum stands at the very beginning of a file that goes on behind another, whole.
    let mut sum: Option<String> = None;
    let (mut is_summed, mut has_begun) = (false, false);
    while let Some(record) = records.lend() {
        on_record();
        let (sequence, record) = record?;
        if let Some(Record::Checkpoint { part, parts, books: piece }) = record {
            let so_far = sum.get_or_insert_default();
            so_far.push_str(piece);
            if part + 1 == *parts {
                books = Books::from_checkpoint(so_far).map_err(|source| StartError::Sum { sequence, source })?;
                is_summed = true;
            }
            continue;
        }
        if !is_summed && (sum.is_some() || sequence != Sequence::FIRST) && !has_begun {
            return Err(StartError::NoSum { sequence });
        }
        has_begun = true;
        let Some(record) = record else { continue };
        if let Record::Started { version: _, mode, client_id, instance } = record {
            for (setting, journal, configured) in [
                ("TWS_CLIENT_ID", client_id.to_string(), config.client_id.0.to_string()),
                ("TWS_INSTANCE", instance.clone(), config.instance.clone()),
                ("TWS_TRADING_MODE", mode.clone(), config.mode.to_string()),
            ] {
                if journal != configured {
                    return Err(StartError::OtherTrader { setting, journal, configured });
                }
            }
        }
        books.replay(record);
    }
    Ok(books)
}

fn check_names<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), StartError> {
    let mut seen = BTreeSet::from([MANUAL]);
    for name in names {
        if name.trim().is_empty() || name.len() > STRATEGY_NAME_MAX {
            return Err(StartError::StrategyName { name: name.to_owned() });
        }
        if !seen.insert(name) {
            return Err(StartError::StrategyNameTaken { name: name.to_owned() });
        }
    }
    Ok(())
}

fn client_config(config: &TraderConfig) -> ClientConfig {
    ClientConfig {
        host: config.host.clone(),
        port: config.port,
        client_id: config.client_id,
        newest_version: config.newest_version,
        // Below the engine's own gate: no order leaves before the books agree, whatever goes wrong above.
        reconciliation: Reconciliation::ByOwner,
        ..ClientConfig::paper()
    }
}

fn wall_time() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// Why a trader did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The configuration does not hold.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The instance name cannot stand in order references.
    #[error(transparent)]
    Instance(order::reference::BadInstance),
    /// This process may not be the API client that is configured.
    #[error(transparent)]
    Client(#[from] ClientLockError),
    /// The journal cannot be opened.
    #[error("the journal cannot be opened: {0}")]
    Journal(#[from] journal::OpenError),
    /// The journal cannot be replayed: trading on it would trade on a changed past.
    #[error("the journal cannot be replayed: {0}")]
    Replay(#[from] journal::ReplayError),
    /// The sum of an earlier file of the journal does not fit: it was written by another version.
    #[error(
        "the sum of the earlier journal in record {sequence} does not fit: {source}; run the version that wrote it"
    )]
    Sum {
        /// The record that completes it.
        sequence: Sequence,
        /// What does not fit.
        source: serde_json::Error,
    },
    /// The file goes on behind another and does not begin with a whole sum of it: the orders before are not known.
    #[error("the journal goes on behind another file and does not sum it up before record {sequence}; use that file")]
    NoSum {
        /// The first record that is no part of a sum.
        sequence: Sequence,
    },
    /// The journal is long, and the sum that a fresh file begins with could not be written down.
    #[error("the journal cannot go on in a fresh file: {0}")]
    Checkpoint(journal::EntryError),
    /// The journal is long and could not go on in a fresh file.
    #[error("the journal cannot go on in a fresh file: {0}")]
    Rotate(#[from] journal::RotateError),
    /// The journal is another trader's, whose orders would be taken for ours.
    #[error(
        "the journal was written with {setting}={journal}, but it is {configured} now; set it back, or use another journal"
    )]
    OtherTrader {
        /// What differs.
        setting: &'static str,
        /// What the journal says.
        journal: String,
        /// What is configured.
        configured: String,
    },
    /// A strategy needs a name that orders can be attributed to.
    #[error("{name:?} cannot be the name of a strategy; give it 1 to {STRATEGY_NAME_MAX} bytes")]
    StrategyName {
        /// Its name.
        name: String,
    },
    /// Two strategies have one name, or one is called as orders by hand are.
    #[error("the name {name:?} of a strategy is taken; their orders could not be told apart")]
    StrategyNameTaken {
        /// Its name.
        name: String,
    },
    /// The session cannot be set up.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// Somebody else reads the order events of this session.
    #[error("the order events of the session are taken")]
    LaneTaken,
    /// The trader did not become ready.
    #[error(transparent)]
    NotReady(NotReady),
}
