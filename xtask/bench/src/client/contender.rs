//! The other process: does its task and tells what it took, in one line of JSON.

use std::time::Instant;

use serde_json::json;
use tws_proto::ServerVersion;

use super::usage::{peak_bytes, processor_ns};
use super::{Threads, Who, echo, ours, peer, raw, sleep};

/// What a contender is told.
pub(super) struct Setting {
    pub(super) port: u16,
    pub(super) lines: usize,
    pub(super) version: ServerVersion,
}

/// What one line of ticks, or all of them, came to.
pub(super) struct Taken {
    pub(super) ticks: u64,
    pub(super) first: Instant,
    pub(super) last: Instant,
}

impl Taken {
    /// Nothing yet.
    pub(super) fn none() -> Self {
        let now = Instant::now();
        Self { ticks: 0, first: now, last: now }
    }

    /// One more tick.
    pub(super) fn count(&mut self) {
        if self.ticks == 0 {
            self.first = Instant::now();
        }
        self.ticks += 1;
    }

    /// All lines together: from the first tick of any to the end of the last.
    pub(super) fn all(lines: impl IntoIterator<Item = Self>) -> Self {
        let whole = lines.into_iter().reduce(|one, other| Self {
            ticks: one.ticks + other.ticks,
            first: one.first.min(other.first),
            last: one.last.max(other.last),
        });
        whole.unwrap_or_else(Self::none)
    }
}

/// Runs the contender that the arguments name, and ends the process.
pub(crate) fn run(arguments: &[String]) -> ! {
    let [who, threads, task, port, lines, version] = arguments else {
        panic!("a contender is started by the benchmark alone")
    };
    let named = |word: &String| Who::ALL.iter().find(|(_, name)| name == word).map(|(who, _)| *who);
    let who = named(who).expect("a contender");
    let threads = if threads == Threads::One.word() { Threads::One } else { Threads::Two };
    let setting = Setting {
        port: port.parse().expect("a port"),
        lines: lines.parse().expect("a number of lines"),
        version: ServerVersion(version.parse().expect("a version")),
    };
    if (who, task.as_str()) == (Who::Ours, "sleep") {
        println!("{}", run_on(threads, sleep::sleep(setting)));
        std::process::exit(0)
    }
    let before = processor_ns();
    let taken = match (who, task.as_str()) {
        (Who::Raw, "ticks") => raw::ticks(&setting),
        (Who::Raw, "orders") => raw::orders(&setting),
        (Who::Awake, "orders") => raw::orders_awake(&setting),
        (Who::Echo, "orders") => run_on(threads, echo::orders(setting)),
        (Who::Ours, "ticks") => run_on(threads, ours::ticks(setting)),
        (Who::Ours, "orders") => run_on(threads, ours::orders(setting)),
        (Who::Sleepy, "orders") => run_on(threads, ours::orders_sleepy(setting)),
        (Who::Peer, "ticks") => run_on(threads, peer::ticks(setting)),
        (Who::Peer, "orders") => run_on(threads, peer::orders(setting)),
        (_, task) => panic!("no contender does {task}"),
    };
    tell(&taken, before);
    // Nothing waits for tasks, or for threads of the runtime: what is measured is over.
    std::process::exit(0)
}

fn tell(taken: &Taken, processor_before_ns: u64) {
    let told = json!({
        "ticks": taken.ticks,
        "ns": (taken.last - taken.first).as_nanos() as u64,
        "processor_ns": processor_ns() - processor_before_ns,
        "peak_bytes": peak_bytes(),
    });
    println!("{told}");
}

fn run_on<T>(threads: Threads, task: impl Future<Output = T> + Send + 'static) -> T
where
    T: Send + 'static,
{
    let mut builder = match threads {
        Threads::One => tokio::runtime::Builder::new_current_thread(),
        Threads::Two => {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder.worker_threads(2);
            builder
        }
    };
    let runtime = Box::leak(Box::new(builder.enable_all().build().expect("a runtime can be started")));
    // A task like any other: what the main thread blocks on is polled apart from the workers.
    runtime.block_on(runtime.spawn(task)).expect("the task ends by itself")
}
