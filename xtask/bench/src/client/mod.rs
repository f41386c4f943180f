//! The client beside its peers: ticks to user code, a tick in and an order out, and a reader that falls asleep.
//!
//! Every contender runs as a process of its own, this same program started again, so that its processor time and its
//! memory are its own. The server is a thread here: it writes frames that were built beforehand, and decodes nothing
//! while it is timed.

mod contender;
mod echo;
mod latency;
mod ours;
mod peer;
mod raw;
mod server;
mod sleep;
mod ticks;
mod usage;

use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tws_proto::ServerVersion;

pub(crate) use contender::run as contend;
pub(crate) use latency::{Latency, measure as measure_latency};
pub(crate) use sleep::measure as measure_sleep;
pub(crate) use ticks::{Throughput, measure as measure_ticks};

/// The first argument of a process that is a contender.
pub(crate) const CONTENDER: &str = "contender";

const TEXT: ServerVersion = ServerVersion(187);
const PROTOBUF: ServerVersion = ServerVersion(226);

/// Who is measured. The peer speaks protobuf alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// A blocking loop on one thread: the least that anybody can do.
    Raw,
    /// The same, and it never sleeps.
    Awake,
    /// A bare socket of tokio: the least that a client on this runtime can do.
    Echo,
    /// `tws-client`.
    Ours,
    /// The same, where the driver does not look at its socket again before it sleeps.
    Sleepy,
    /// The `ibapi` crate.
    Peer,
}

/// On which runtime. The raw loop has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threads {
    /// The current-thread runtime of tokio.
    One,
    /// The multi-thread runtime of tokio with two workers.
    Two,
}

/// One contender.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    who: Who,
    threads: Threads,
    version: ServerVersion,
}

impl Who {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Raw, "raw"),
        (Self::Awake, "awake"),
        (Self::Echo, "echo"),
        (Self::Ours, "ours"),
        (Self::Sleepy, "sleepy"),
        (Self::Peer, "peer"),
    ];

    fn word(self) -> &'static str {
        Self::ALL.iter().find(|(who, _)| *who == self).map_or("", |(_, word)| word)
    }
}

impl Threads {
    const ALL: [(Self, &'static str); 2] = [(Self::One, "1"), (Self::Two, "2")];

    fn word(self) -> &'static str {
        Self::ALL.iter().find(|(threads, _)| *threads == self).map_or("", |(_, word)| word)
    }
}

impl Entry {
    /// Starts the process of this contender, which connects to `port` and does `task` on so many lines.
    fn start(&self, task: &str, port: u16, lines: usize) -> Child {
        let program = std::env::current_exe().expect("a running program has a path");
        Command::new(program)
            .args([CONTENDER, self.who.word(), self.threads.word(), task])
            .args([port.to_string(), lines.to_string(), self.version.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program can be started again")
    }
}

/// Waits for the end of a contender; what it told.
fn told(child: Child) -> Value {
    let output = child.wait_with_output().expect("a child can be waited for");
    assert!(output.status.success(), "a contender failed: {}", output.status);
    serde_json::from_slice(&output.stdout).expect("a contender tells in JSON")
}

fn number(told: &Value, name: &str) -> f64 {
    told[name].as_f64().unwrap_or_else(|| panic!("a contender tells {name}, not {told}"))
}

fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
