//! `cargo xtask paper-smoke`: a trading session, end to end, on the embedded simulator or on a paper TWS.

mod report;
mod session;
mod tapes;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use clap::Args;
use trader::TraderConfig;
use tws_sim::{Pace, SimTime, TwsSim};

use report::Report;
use session::Session;
use tapes::Tapes;

/// How to run the session.
#[derive(Args)]
pub(crate) struct Options {
    /// Trade on this TWS or IB Gateway instead of the embedded simulator. Paper accounts only; needs a paper login and
    /// an open market. Everything placed is cancelled at the end, however it ends.
    #[arg(long, value_name = "HOST:PORT")]
    tws: Option<String>,
    /// Feed a real tape (CSV, plain or .gz) into the simulator's market of SYMBOL. Repeatable.
    #[arg(long, value_name = "SYMBOL=FILE", conflicts_with = "tws")]
    replay: Vec<String>,
    /// How many times as fast as the wall clock the simulator's markets run, above 0 and at most 1000.
    #[arg(long, value_name = "FACTOR", default_value = "10", value_parser = factor, conflicts_with = "tws")]
    speed: f64,
    /// Seed of the simulator's random markets.
    #[arg(long, default_value_t = 1, conflicts_with = "tws")]
    seed: u64,
    /// Highest server version to agree on, 176 to 226.
    #[arg(long, value_name = "VERSION")]
    server_version: Option<i32>,
    /// Keep the journal in this file; otherwise it goes with the run. The simulator begins anew with each run, so that its
    /// file must be a new one.
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Print one JSON object instead of lines and tables.
    #[arg(long)]
    json: bool,
}

/// Symbols that are traded where no tape names others.
const SYMBOLS: [&str; 3] = ["IBM", "SPY", "BAC"];
/// The whole session must be over by then; what hangs is a failure.
const SESSION_MAX: Duration = Duration::from_secs(180);

/// Runs the session and prints what happened.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    // The steps tell what happens; what goes wrong beside them is told here.
    crate::logs::open(if options.tws.is_some() { "warn" } else { "error" });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut report = runtime.block_on(async {
        trade(options).await.or_else(|error| {
            if !options.json {
                return Err(error);
            }
            // Machines get an object, whatever was wrong.
            let mut report = Report::new(true);
            report.fail("prepare", format!("{error:#}"));
            Ok(report)
        })
    })?;
    report.print(options.json)?;
    Ok(if report.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn trade(options: &Options) -> anyhow::Result<Report> {
    let folder = tempfile::tempdir().context("no folder for the journal")?;
    let mut config = match &options.tws {
        Some(_) => TraderConfig::from_env()?,
        None => TraderConfig::paper(),
    };
    if let Some(journal) = options.journal.as_ref().filter(|journal| options.tws.is_none() && journal.exists()) {
        anyhow::bail!(
            "the journal {} is of a session before, of which this simulator knows nothing; name another file, or remove it",
            journal.display()
        );
    }
    config.journal = options.journal.clone().unwrap_or_else(|| folder.path().join("paper-smoke.db"));
    if let Some(version) = options.server_version {
        config.newest_version = tws_proto::ServerVersion(version);
    }
    // A tape can be quiet for longer than a live market.
    config.limits.quote_age_max_ms = 120_000;
    let tapes = Tapes::read(&options.replay)?;
    let mut report = Report::new(options.json);
    let sim = match &options.tws {
        Some(tws) => {
            (config.host, config.port) = parse_address(tws)?;
            None
        }
        None => {
            let sim = report.step("start the simulator", start(options, &tapes)).await;
            let Some(sim) = sim else { return Ok(report) };
            let address = sim.tws.address();
            (config.host, config.port) = (address.ip().to_string(), address.port());
            // Nobody else knows of this one.
            config.lock_folder = Some(folder.path().to_owned());
            Some(sim)
        }
    };
    config.validate()?;
    let symbols = tapes.symbols(&SYMBOLS);
    let mut session = Session::new(config, sim, tapes, symbols);
    // An interruption or a hang ends the steps; what was placed is taken back in any case.
    tokio::select! {
        () = session.run(&mut report) => {}
        () = tokio::time::sleep(SESSION_MAX) => report.fail("finish in time", format!("not over after {SESSION_MAX:?}")),
        interrupted = interruption() => {
            report.fail("finish", format!("interrupted by {}", interrupted?));
        }
    }
    session.finish(&mut report).await;
    Ok(report)
}

/// The embedded simulator, and when its markets began.
struct Simulator {
    tws: TwsSim,
    began: SimTime,
}

/// Waits for a person or the system to end the run.
async fn interruption() -> anyhow::Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be heard")?;
    tokio::select! {
        biased;
        heard = tokio::signal::ctrl_c() => heard.map(|()| "SIGINT").context("SIGINT cannot be heard"),
        _ = terminate.recv() => Ok("SIGTERM"),
    }
}

async fn start(options: &Options, tapes: &Tapes) -> anyhow::Result<(Simulator, String)> {
    let began = SimTime(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?);
    let mut builder = TwsSim::builder().seed(options.seed).start_time(began).speed(Pace::Factor(options.speed));
    for (symbol, path) in tapes.files() {
        builder = builder.tape(symbol, path);
    }
    let tws = builder.start().await?;
    let markets = if tapes.is_empty() { format!("seed {}", options.seed) } else { tapes.to_string() };
    let detail = format!("{}, {markets}, {} times as fast", tws.address(), options.speed);
    Ok((Simulator { tws, began }, detail))
}

/// A speed that the simulator can keep.
fn factor(text: &str) -> Result<f64, String> {
    let factor = text.parse().ok().filter(|factor| Pace::Factor(*factor).is_possible());
    factor.ok_or_else(|| format!("write a number above 0 and at most {}", Pace::FACTOR_MAX))
}

fn parse_address(text: &str) -> anyhow::Result<(String, u16)> {
    let parsed = text.rsplit_once(':').and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)));
    parsed
        .filter(|(host, _)| !host.is_empty())
        .with_context(|| format!("--tws is {text:?}; write HOST:PORT, 127.0.0.1:7497 for instance"))
}
