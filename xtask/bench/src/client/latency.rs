//! From a tick that the server writes to the order with which user code answers, one at a time.

use std::io::Write as _;
use std::time::Instant;

use super::server::{Frames, Session, listen};
use super::{Entry, PROTOBUF, Threads, Who, median, number, told};
use crate::harness::Effort;

/// `PLACE_ORDER` in protobuf form.
const PLACE_ORDER: i32 = 203;
/// Ticks before any is timed.
const WARM_UP: usize = 500;

const ENTRIES: [Entry; 8] = [
    Entry {
        name: "raw echo: blocking read, an order that was built before; the limit",
        who: Who::Raw,
        threads: Threads::One,
        version: PROTOBUF,
    },
    Entry {
        name: "raw echo that never sleeps, beside a client that looks before it does",
        who: Who::Awake,
        threads: Threads::One,
        version: PROTOBUF,
    },
    Entry {
        name: "tokio echo: a bare socket, the same order built and encoded for each tick",
        who: Who::Echo,
        threads: Threads::One,
        version: PROTOBUF,
    },
    Entry { name: "tws-client, one thread", who: Who::Ours, threads: Threads::One, version: PROTOBUF },
    Entry { name: "tws-client, two threads", who: Who::Ours, threads: Threads::Two, version: PROTOBUF },
    Entry {
        name: "tws-client, one thread that sleeps at once (Config::idle_looks: 0)",
        who: Who::Sleepy,
        threads: Threads::One,
        version: PROTOBUF,
    },
    Entry { name: "ibapi 5.5.0, one thread", who: Who::Peer, threads: Threads::One, version: PROTOBUF },
    Entry { name: "ibapi 5.5.0, two threads", who: Who::Peer, threads: Threads::Two, version: PROTOBUF },
];

/// How long a contender took, medians of all rounds.
pub(crate) struct Latency {
    pub(crate) name: &'static str,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// As multiples of what the first contender took in the same round.
    pub(crate) p50_ratio: f64,
    pub(crate) p99_ratio: f64,
    /// Processor time for a tick and its order.
    pub(crate) processor_us: f64,
    pub(crate) peak_mib: f64,
}

struct Round {
    p50_us: f64,
    p99_us: f64,
    processor_us: f64,
    peak_mib: f64,
}

/// Every contender, in turns.
pub(crate) fn measure(effort: Effort) -> Vec<Latency> {
    let mut rounds: Vec<Vec<Round>> = ENTRIES.iter().map(|_| Vec::new()).collect();
    for round in 0..effort.process_rounds() {
        for turn in 0..ENTRIES.len() {
            let at = (round + turn) % ENTRIES.len();
            rounds[at].push(one(&ENTRIES[at], effort));
        }
    }
    let ratio = |rounds_of: &[Round], what: fn(&Round) -> f64| {
        median(rounds_of.iter().zip(&rounds[0]).map(|(round, first)| what(round) / what(first)))
    };
    let entries = ENTRIES.iter().zip(&rounds);
    entries
        .map(|(entry, rounds)| Latency {
            name: entry.name,
            p50_us: median(rounds.iter().map(|round| round.p50_us)),
            p99_us: median(rounds.iter().map(|round| round.p99_us)),
            p50_ratio: ratio(rounds, |round| round.p50_us),
            p99_ratio: ratio(rounds, |round| round.p99_us),
            processor_us: median(rounds.iter().map(|round| round.processor_us)),
            peak_mib: median(rounds.iter().map(|round| round.peak_mib)),
        })
        .collect()
}

fn one(entry: &Entry, effort: Effort) -> Round {
    eprintln!("measuring: tick in to order out, {} ...", entry.name);
    let (listener, port) = listen();
    let child = entry.start("orders", port, 1);
    let mut session = Session::accept(&listener, entry.version, 1);
    let (tick, _) = session.ticks(1);
    let count = effort.round_trips();
    let (mut frames, mut took) = (Frames::default(), Vec::with_capacity(count));
    for at in 0..WARM_UP + count {
        let started = Instant::now();
        session.socket.write_all(&tick).expect("a contender that reads");
        frames.wait_for(PLACE_ORDER, &mut session.socket);
        if at >= WARM_UP {
            took.push(started.elapsed().as_nanos() as f64 / 1000.0);
        }
    }
    session.socket.write_all(&session.ends()).expect("a contender that reads");
    let told = told(child);
    took.sort_by(f64::total_cmp);
    Round {
        p50_us: took[count / 2],
        p99_us: took[count * 99 / 100],
        processor_us: number(&told, "processor_ns") / 1000.0 / (WARM_UP + count) as f64,
        peak_mib: number(&told, "peak_bytes") / f64::from(1 << 20),
    }
}
