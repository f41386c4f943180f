//! `cargo xtask drive`: the whole trader as one process that any language can steer, by JSON objects, one a line.
//!
//! Commands come on standard input and are carried out in their order; only `kill` and `quit` overtake what waits, and
//! a cancel what is about other orders.
//! Answers and events go to standard output, and nothing else does. `docs/drive.md` has every word of both.

mod command;
mod desk;
mod fault;
mod fields;
mod id;
mod intake;
mod lines;
mod once;
mod signals;
mod told;
mod voice;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;
use tokio::signal::unix::SignalKind;
use trader::config::ConfigError;
use trader::{Trader, TraderConfig};

use desk::{Desk, Ending};
use signals::Signals;
use voice::{Unheard, Voice};

/// What to drive.
#[derive(Args)]
pub(crate) struct Options {
    /// TWS or IB Gateway; a paper login unless the environment says otherwise in every way that live trading needs.
    #[arg(long, value_name = "HOST:PORT")]
    tws: String,
    /// The journal's file; it is made where there is none.
    #[arg(long, value_name = "FILE")]
    journal: PathBuf,
    /// API client id, 1 or more.
    #[arg(long, value_name = "N")]
    client_id: Option<i32>,
    /// Highest server version to agree on, 176 to 226.
    #[arg(long, value_name = "VERSION")]
    server_version: Option<i32>,
    /// Limits, as TOML; without it the limits of the environment, or of a paper trader.
    #[arg(long, value_name = "FILE")]
    limits: Option<PathBuf>,
    /// Kill the process at this moment of the engine's work, counted from 1. For `cargo xtask crash`.
    #[arg(long, value_name = "N", hide = true)]
    crash_at: Option<u64>,
    /// How many times as fast as time the trader's clock runs. For `cargo xtask crash`.
    #[arg(long, value_name = "FACTOR", hide = true)]
    clock_speed: Option<u32>,
}

/// Runs until standard input ends, `quit` is said, or the process is told to end.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    // First of all, as reading the configuration warns too.
    crate::logs::open("info");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    // To be told to end while a long journal is read is to end cleanly, too.
    let signals = runtime.block_on(async { Signals::open() })?;
    let config = options.config()?;
    let (voice, speaker) = voice::open()?;
    let ending = runtime.block_on(drive(config, voice, signals, options));
    // A thread that waits for the next line, or for somebody to read one, keeps nobody.
    runtime.shutdown_background();
    let heard = speaker.finish();
    match (ending?, heard) {
        (Ending::Wanted, Ok(())) => Ok(ExitCode::SUCCESS),
        (Ending::Unheard, _) | (_, Err(Unheard)) => bail!(
            "standard output was closed or not read for too long, and what was said last is lost; start again on the same \
             journal and ask for `orders` and `fills`"
        ),
    }
}

async fn drive(config: TraderConfig, voice: Voice, signals: Signals, options: &Options) -> anyhow::Result<Ending> {
    outlive_limits()?;
    let lines = lines::open();
    let moments = Arc::new(AtomicU64::new(0));
    let mut builder = Trader::builder(config.clone()).clock_speed(options.clock_speed.unwrap_or(1));
    if let Some(crash_at) = options.crash_at {
        let moments = Arc::clone(&moments);
        builder = builder.on_moment(move |_| {
            if moments.fetch_add(1, Ordering::Relaxed) + 1 == crash_at {
                die();
            }
        });
    }
    let trader = builder.start_unready().context("the trader did not start")?;
    let desk = Desk::new(config, trader.handle(), voice.clone());
    let mut ending = desk.serve(lines, signals).await;
    // Orders stay at the broker as they are; the journal is closed cleanly.
    let ended = trader.stop().await;
    ending.finish().await;
    if let Some(fault) = ended.journal_fault {
        let fault = format!("the journal was not closed cleanly: {fault}");
        ending.say_goodbye(&voice, Err(fault.clone().into()));
        bail!(fault);
    }
    let (records, moments) = (ended.records, moments.load(Ordering::Relaxed));
    ending.say_goodbye(&voice, Ok(json!({"records": records, "moments": moments})));
    Ok(ending.kind())
}

/// A limit on the size of files ends a process by a signal, in the middle of a write. Heard, it is a write that fails, which
/// the journal answers.
fn outlive_limits() -> anyhow::Result<()> {
    let signal = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
    tokio::signal::unix::signal(signal).map(drop).context("SIGXFSZ cannot be heard")
}

/// Ends the process as a power cut would: nothing is flushed, closed or told.
fn die() {
    // Only a process that may not be killed by itself goes on, and there is none.
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
}

impl Options {
    fn config(&self) -> anyhow::Result<TraderConfig> {
        let mut config = TraderConfig::from_env()?;
        let (host, port) = self.tws.rsplit_once(':').with_context(|| format!("{:?} is not HOST:PORT", self.tws))?;
        config.host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        config.port = port.parse().with_context(|| format!("{port:?} is not a port"))?;
        config.journal.clone_from(&self.journal);
        if let Some(client_id) = self.client_id {
            config.client_id = tws_proto::ids::ClientId(client_id);
        }
        if let Some(version) = self.server_version {
            config.newest_version = tws_proto::ServerVersion(version);
        }
        if let Some(path) = &self.limits {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            config.limits = toml::from_str(&text).with_context(|| format!("the limits in {}", path.display()))?;
        }
        config.validate().map_err(|error| self.in_its_words(error))?;
        Ok(config)
    }

    /// Faults of what an option says, by the name of the option: the variable was not set.
    fn in_its_words(&self, mut error: ConfigError) -> ConfigError {
        for fault in &mut error.faults {
            match fault.setting {
                "TWS_HOST" | "TWS_PORT" => (fault.setting, fault.value) = ("--tws", self.tws.clone()),
                "TWS_JOURNAL" => fault.setting = "--journal",
                "TWS_CLIENT_ID" if self.client_id.is_some() => fault.setting = "--client-id",
                "TWS_MAX_SERVER_VERSION" if self.server_version.is_some() => fault.setting = "--server-version",
                "[limits]" => {
                    if let Some(path) = &self.limits {
                        fault.remedy = format!("set it in {}", path.display());
                    }
                }
                _ => {}
            }
        }
        error
    }
}
