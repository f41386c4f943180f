//! `tws-sim`: the simulator as a program.

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use clap::Parser;
use tracing_subscriber::EnvFilter;
use tws_proto::ServerVersion;
use tws_sim::{Builder, Pace, TwsSim};

/// A TWS to carry along: trading clients connect to it as to Trader Workstation or IB Gateway.
///
/// It prints one line `{"listening":"ADDR"}` on stdout and runs until SIGINT or SIGTERM. Logs go to stderr; set
/// TWS_SIM_LOG=debug to see every connection.
#[derive(Debug, Parser)]
#[command(name = "tws-sim", version)]
struct Options {
    /// Where to listen; port 0 takes any free one
    #[arg(long, default_value = "127.0.0.1:7497", value_name = "ADDR")]
    listen: SocketAddr,
    /// Allow an address that other machines can reach (the protocol has no password)
    #[arg(long)]
    allow_remote: bool,
    /// Seed of all randomness
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Highest server version to agree on, 176 to 226
    #[arg(long, default_value_t = ServerVersion::NEWEST.0, value_name = "VERSION")]
    max_version: i32,
    /// Account of the login, with a million dollars; may be repeated [default: DU1234567]
    #[arg(long, value_name = "NAME")]
    account: Vec<String>,
    /// More accounts, an advisor with groups, and the settings under "API", a TOML file; may be repeated
    #[arg(long, value_name = "FILE")]
    accounts: Vec<PathBuf>,
    /// Play a recorded tape (CSV or .csv.gz) in an instrument's market; may be repeated
    #[arg(long, value_name = "SYMBOL=FILE")]
    replay: Vec<Replay>,
    /// How fast time passes: real, fast, or a factor such as 60
    #[arg(long, default_value = "real")]
    speed: Speed,
    /// More instruments, a TOML file in the format of the built-in catalogue; may be repeated
    #[arg(long, value_name = "FILE")]
    instruments: Vec<PathBuf>,
    /// News, bulletins, scans and company events, a TOML file; may be repeated
    #[arg(long, value_name = "FILE")]
    information: Vec<PathBuf>,
    /// Let markets open and close as their contract details say, instead of trading at any time
    #[arg(long)]
    keep_hours: bool,
}

#[derive(Clone, Debug)]
struct Replay {
    instrument: String,
    file: PathBuf,
}

impl FromStr for Replay {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((instrument, file)) if !instrument.is_empty() && !file.is_empty() => {
                Ok(Self { instrument: instrument.to_owned(), file: file.into() })
            }
            _ => Err("write SYMBOL=FILE, for instance IBM=ibm.csv.gz"),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Speed(Pace);

impl FromStr for Speed {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "real" => Ok(Self(Pace::Real)),
            "fast" => Ok(Self(Pace::AsFast)),
            _ => match text.parse::<f64>() {
                Ok(factor) if factor.is_finite() && factor > 0.0 => Ok(Self(Pace::Factor(factor))),
                _ => Err("write real, fast, or a factor above 0"),
            },
        }
    }
}

/// Exit code for everything that the user can put right.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let options = Options::parse();
    let filter = EnvFilter::try_from_env("TWS_SIM_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("tws-sim: cannot start the runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Start(error)) => {
            eprintln!("tws-sim: {error}");
            ExitCode::from(USAGE)
        }
        Err(Failure::Io(error)) => {
            eprintln!("tws-sim: {error}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Debug)]
enum Failure {
    Start(tws_sim::StartError),
    Io(std::io::Error),
}

async fn run(options: Options) -> Result<(), Failure> {
    // Before the line that says it is ready: whoever waits for that line may stop it at once.
    let stop = stop_signal().map_err(Failure::Io)?;
    let sim = builder(options).start().await.map_err(Failure::Start)?;
    announce(sim.address()).map_err(Failure::Io)?;
    stop.await;
    tracing::info!("stopping");
    sim.shutdown().await;
    Ok(())
}

fn builder(options: Options) -> Builder {
    let Options {
        listen,
        allow_remote,
        seed,
        max_version,
        account,
        accounts,
        replay,
        speed,
        instruments,
        information,
        keep_hours,
    } = options;
    let mut builder =
        TwsSim::builder().listen(listen).seed(seed).max_version(ServerVersion(max_version)).speed(speed.0);
    if allow_remote {
        builder = builder.allow_remote();
    }
    if keep_hours {
        builder = builder.keep_hours();
    }
    builder = account.into_iter().fold(builder, Builder::account);
    builder = accounts.into_iter().fold(builder, Builder::accounts_file);
    builder = information.into_iter().fold(builder, Builder::information_file);
    builder = instruments.into_iter().fold(builder, Builder::instruments_file);
    replay.into_iter().fold(builder, |builder, Replay { instrument, file }| builder.tape(instrument, file))
}

fn announce(address: SocketAddr) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::json!({ "listening": address }))?;
    out.flush()
}

#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a handler the system stops the program by itself.
        let _ = tokio::signal::ctrl_c().await;
    })
}
