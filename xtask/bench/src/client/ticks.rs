//! Ticks that reach user code in a second: the server writes as fast as the contender takes them.

use std::io::Write as _;
use std::time::Instant;

use super::server::{Session, listen};
use super::{Entry, PROTOBUF, TEXT, Threads, Who, median, number, told};
use crate::harness::Effort;

/// Lines of market data, as many as TWS gives by itself.
const LINES: usize = 100;
/// How much the server writes at a time.
const BLOCK_BYTES: usize = 512 * 1024;

const ENTRIES: [Entry; 7] = [
    Entry {
        name: "raw loop: read, split, decode with tws-proto; the limit",
        who: Who::Raw,
        threads: Threads::One,
        version: PROTOBUF,
    },
    Entry { name: "tws-client, one thread", who: Who::Ours, threads: Threads::One, version: PROTOBUF },
    Entry { name: "tws-client, two threads", who: Who::Ours, threads: Threads::Two, version: PROTOBUF },
    Entry { name: "ibapi 5.5.0, one thread", who: Who::Peer, threads: Threads::One, version: PROTOBUF },
    Entry { name: "ibapi 5.5.0, two threads", who: Who::Peer, threads: Threads::Two, version: PROTOBUF },
    Entry { name: "raw loop, text", who: Who::Raw, threads: Threads::One, version: TEXT },
    Entry { name: "tws-client, text, one thread", who: Who::Ours, threads: Threads::One, version: TEXT },
];

/// What a contender took in, medians of all rounds.
pub(crate) struct Throughput {
    pub(crate) name: &'static str,
    /// Ticks that user code got, a second.
    pub(crate) per_second: f64,
    /// The same as a part of what the first contender got in the same round.
    pub(crate) of_first: f64,
    /// Ticks that were sent and never came, of a thousand.
    pub(crate) lost_per_mille: f64,
    /// Processor time for a tick that came.
    pub(crate) processor_ns: f64,
    pub(crate) peak_mib: f64,
}

struct Round {
    per_second: f64,
    lost_per_mille: f64,
    processor_ns: f64,
    peak_mib: f64,
}

/// Every contender, in turns.
pub(crate) fn measure(effort: Effort) -> Vec<Throughput> {
    let mut rounds: Vec<Vec<Round>> = ENTRIES.iter().map(|_| Vec::new()).collect();
    for round in 0..effort.process_rounds() {
        for turn in 0..ENTRIES.len() {
            let at = (round + turn) % ENTRIES.len();
            rounds[at].push(one(&ENTRIES[at], effort));
        }
    }
    let first: Vec<f64> = rounds[0].iter().map(|round| round.per_second).collect();
    let entries = ENTRIES.iter().zip(&rounds);
    entries
        .map(|(entry, rounds)| Throughput {
            name: entry.name,
            per_second: median(rounds.iter().map(|round| round.per_second)),
            of_first: median(rounds.iter().zip(&first).map(|(round, first)| round.per_second / first)),
            lost_per_mille: median(rounds.iter().map(|round| round.lost_per_mille)),
            processor_ns: median(rounds.iter().map(|round| round.processor_ns)),
            peak_mib: median(rounds.iter().map(|round| round.peak_mib)),
        })
        .collect()
}

fn one(entry: &Entry, effort: Effort) -> Round {
    eprintln!("measuring: ticks to user code, {} ...", entry.name);
    let (listener, port) = listen();
    let child = entry.start("ticks", port, LINES);
    let mut session = Session::accept(&listener, entry.version, LINES);
    let (block, in_block) = session.ticks(BLOCK_BYTES);
    let ends = session.ends();
    let (mut sent, started) = (0, Instant::now());
    while started.elapsed() < effort.process_spell() {
        session.socket.write_all(&block).expect("a contender that reads");
        sent += in_block;
    }
    session.socket.write_all(&ends).expect("a contender that reads");
    let told = told(child);
    let (ticks, seconds) = (number(&told, "ticks"), number(&told, "ns") / 1e9);
    Round {
        per_second: ticks / seconds,
        lost_per_mille: 1000.0 * (1.0 - ticks / sent as f64),
        processor_ns: number(&told, "processor_ns") / ticks,
        peak_mib: number(&told, "peak_bytes") / f64::from(1 << 20),
    }
}
