//! `tws-sim`: the simulator as a program.

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use tws_proto::ServerVersion;
use tws_sim::control::{ControlPort, Token};
use tws_sim::faults::{Entry, Lasting, Switch};
use tws_sim::scenario::{Report, Scenario};
use tws_sim::{Builder, Fault, Pace, TwsSim};

const EXAMPLES: &str = "\
Examples:
  tws-sim                                      a paper TWS at 127.0.0.1:7497; stop it with Ctrl-C
  tws-sim --listen 127.0.0.1:0 --seed 7        any free port, the same markets every time
  tws-sim --replay IBM=ibm.csv.gz --speed 60   a recorded day, sixty times as fast
  tws-sim --fault missing-status:rate=0.3 --fault restart:ms=5000
                                               things go wrong from the start
  tws-sim --faults trouble.toml --control 127.0.0.1:7480
                                               more of it, and a port to look at and to move the simulator
  tws-sim faults                               everything that can go wrong, and what each fault takes
  tws-sim run scenario.toml                    runs scenario files: given, when, then

Connect to it as to TWS: ibapi, ib_async, @stoqey/ib, any client of server versions 176 to 226.
The guide is docs/simulator.md.";

/// A TWS to carry along: trading clients connect to it as to Trader Workstation or IB Gateway.
///
/// Without a command it serves clients: it prints one line `{"listening":"ADDR"}` on stdout and runs until SIGINT or
/// SIGTERM. Logs go to stderr; set TWS_SIM_LOG=debug to see every connection.
#[derive(Debug, Parser)]
#[command(name = "tws-sim", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
struct Program {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List everything that can go wrong, and what each fault takes
    Faults {
        /// One JSON object instead of a table
        #[arg(long)]
        json: bool,
        /// A table for a page in Markdown
        #[arg(long, conflicts_with = "json")]
        markdown: bool,
    },
    /// Run scenario files and report; exit code 1 where an expectation failed
    Run {
        /// Scenario files (TOML)
        #[arg(required = true, value_name = "SCENARIO")]
        files: Vec<PathBuf>,
        /// One JSON object a scenario instead of text
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
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
    /// How fast time passes: real, fast, manual, or a factor such as 60, at most 1000
    #[arg(long, default_value = "real")]
    speed: Pace,
    /// More instruments, a TOML file in the format of the built-in catalogue; may be repeated
    #[arg(long, value_name = "FILE")]
    instruments: Vec<PathBuf>,
    /// News, bulletins, scans and company events, a TOML file; may be repeated
    #[arg(long, value_name = "FILE")]
    information: Vec<PathBuf>,
    /// Let markets open and close as their contract details say, instead of trading at any time
    #[arg(long)]
    keep_hours: bool,
    /// Markets stand still but for tapes and what the control port shows
    #[arg(long)]
    still: bool,
    /// Something goes wrong from the start on; see `tws-sim faults`; may be repeated
    #[arg(long, value_name = "NAME[:KEY=VALUE,..]")]
    fault: Vec<FaultWord>,
    /// A file of faults (TOML or JSON); may be repeated
    #[arg(long, value_name = "FILE")]
    faults: Vec<PathBuf>,
    /// Open a control port: JSON over HTTP, on this machine only
    #[arg(long, value_name = "ADDR")]
    control: Option<SocketAddr>,
    /// File with the control port's token, 64 hexadecimal digits, mode 0600 [default: a new one, printed once]
    #[arg(long, value_name = "FILE", requires = "control")]
    control_token: Option<PathBuf>,
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

/// A fault in one word: `missing-status:rate=0.3,client=1`.
#[derive(Clone, Debug)]
struct FaultWord(Fault);

impl FromStr for FaultWord {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, said) = text.split_once(':').unwrap_or((text, ""));
        let mut fields = serde_json::Map::new();
        fields.insert("fault".to_owned(), name.into());
        for pair in said.split(',').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').ok_or_else(|| format!("{pair:?} is not KEY=VALUE"))?;
            // What is no number is a text, and what has to be a text is one.
            let number = serde_json::from_str(value).ok().filter(serde_json::Value::is_number);
            let value = number.filter(|_| !matches!(key, "text" | "instrument")).unwrap_or_else(|| value.into());
            fields.insert(key.to_owned(), value);
        }
        let fault: Fault = serde_json::from_value(fields.into()).map_err(|error| error.to_string())?;
        fault.check().map_err(|error| error.to_string())?;
        Ok(Self(fault))
    }
}

/// Exit code for everything that the user can put right.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let Program { command, options } = Program::parse();
    let usual = if command.is_some() { "error" } else { "info" };
    let filter = EnvFilter::try_from_env("TWS_SIM_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    let done = match command {
        Some(Command::Faults { markdown: true, .. }) => {
            write!(std::io::stdout(), "{}", Entry::markdown()).map(|()| ExitCode::SUCCESS).map_err(Failure::Io)
        }
        Some(Command::Faults { json, markdown: false }) => {
            list_faults(json).map(|()| ExitCode::SUCCESS).map_err(Failure::Io)
        }
        Some(Command::Run { files, json }) => run_scenarios(&files, json).map_err(Failure::Io),
        None => serve(options).map(|()| ExitCode::SUCCESS),
    };
    match done {
        Ok(code) => code,
        Err(Failure::Usage(error)) => {
            eprintln!("tws-sim: {error}");
            ExitCode::from(USAGE)
        }
        // Whoever read the output had enough of it.
        Err(Failure::Io(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Failure::Io(error)) => {
            eprintln!("tws-sim: {error}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Debug)]
enum Failure {
    /// What the user can put right.
    Usage(Box<dyn std::error::Error>),
    Io(std::io::Error),
}

fn serve(options: Options) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(Failure::Io)?.block_on(run(options))
}

async fn run(options: Options) -> Result<(), Failure> {
    // Before the line that says it is ready: whoever waits for that line may stop it at once.
    let stop = stop_signal().map_err(Failure::Io)?;
    let (control, token_file) = (options.control, options.control_token.clone());
    let sim = builder(options).start().await.map_err(|error| Failure::Usage(error.into()))?;
    let control = match control {
        Some(address) => Some(open_control(&sim, address, token_file).await?),
        None => None,
    };
    announce(&serde_json::json!({ "listening": sim.address() })).map_err(Failure::Io)?;
    if let Some((port, shown)) = &control {
        let mut line = serde_json::json!({ "control": port.address() });
        if let Some(token) = shown {
            line["token"] = token.reveal().into();
        }
        announce(&line).map_err(Failure::Io)?;
    }
    stop.await;
    tracing::info!("stopping");
    drop(control);
    sim.shutdown().await;
    Ok(())
}

/// The control port, and its token where nobody knows it yet.
async fn open_control(
    sim: &TwsSim,
    address: SocketAddr,
    file: Option<PathBuf>,
) -> Result<(ControlPort, Option<Token>), Failure> {
    let usage = |error: Box<dyn std::error::Error>| Failure::Usage(error);
    let token = match &file {
        Some(file) => Token::read_file(file),
        None => Token::random(),
    };
    let token = token.map_err(|error| usage(error.into()))?;
    let port = sim.open_control(address, token.clone()).await.map_err(|error| usage(error.into()))?;
    Ok((port, file.is_none().then_some(token)))
}

fn builder(options: Options) -> Builder {
    let Options { listen, seed, max_version, speed, .. } = options;
    let mut builder = TwsSim::builder().listen(listen).seed(seed).max_version(ServerVersion(max_version)).speed(speed);
    if options.allow_remote {
        builder = builder.allow_remote();
    }
    if options.keep_hours {
        builder = builder.keep_hours();
    }
    if options.still {
        builder = builder.still_markets();
    }
    builder = options.account.into_iter().fold(builder, Builder::account);
    builder = options.accounts.into_iter().fold(builder, Builder::accounts_file);
    builder = options.information.into_iter().fold(builder, Builder::information_file);
    builder = options.instruments.into_iter().fold(builder, Builder::instruments_file);
    builder = options.fault.into_iter().fold(builder, |builder, FaultWord(fault)| builder.fault(fault));
    builder = options.faults.into_iter().fold(builder, Builder::faults_file);
    options.replay.into_iter().fold(builder, |builder, Replay { instrument, file }| builder.tape(instrument, file))
}

fn announce(line: &serde_json::Value) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Prints the table of faults.
fn list_faults(json: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        return writeln!(out, "{}", serde_json::json!({ "faults": Switch::ALL }));
    }
    writeln!(out, "Every fault takes `client`: whom it concerns. Faults that stand (those without `once`) also take")?;
    writeln!(out, "`rate` (0 to 1), `count` (how often, then it is over) and `for_ms` (how long).")?;
    for entry in Switch::ALL {
        let once = if entry.lasting == Lasting::Once { ", once" } else { "" };
        let facts: Vec<String> = entry.facts.iter().map(|fact| format!("F{fact}")).collect();
        writeln!(out, "\n{} ({}{once})\n    {}", entry.switch, facts.join(", "), entry.does)?;
        for (parameter, meaning) in entry.takes {
            writeln!(out, "      {}: {meaning}", parameter.name())?;
        }
    }
    Ok(())
}

/// Runs scenarios one after the other; tells how it went as the exit code.
fn run_scenarios(files: &[PathBuf], json: bool) -> std::io::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    let (mut passed, mut failed, mut broken) = (0, 0, 0);
    for file in files {
        let report: Report = match Scenario::run_file(file) {
            Ok(report) => report,
            Err(error) => {
                eprintln!("tws-sim: {error}");
                broken += 1;
                continue;
            }
        };
        if report.passed() {
            passed += 1
        } else {
            failed += 1
        }
        if json {
            let line = serde_json::json!({ "file": file, "passed": report.passed(), "report": report });
            writeln!(out, "{line}")?;
        } else {
            write!(out, "{report}")?;
        }
    }
    if !json {
        writeln!(out, "{passed} passed, {failed} failed{}", if broken > 0 { ", some could not run" } else { "" })?;
    }
    Ok(match (failed, broken) {
        (0, 0) => ExitCode::SUCCESS,
        (_, 0) => ExitCode::FAILURE,
        _ => ExitCode::from(USAGE),
    })
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
