//! Contenders, measured in turns.

use std::time::{Duration, Instant};

/// How long to measure.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    /// How long a contender runs in one round.
    pub(crate) batch: Duration,
}

impl Effort {
    pub(crate) const FULL: Self = Self { rounds: 301, batch: Duration::from_millis(1) };
    pub(crate) const QUICK: Self = Self { rounds: 31, batch: Duration::from_millis(1) };

    /// How long to look at something that runs.
    pub(crate) const fn spell(self) -> Duration {
        Duration::from_millis(10 * self.rounds as u64)
    }

    /// How often a contender runs that is a process of its own.
    pub(crate) const fn process_rounds(self) -> usize {
        if self.rounds >= Self::FULL.rounds { 9 } else { 3 }
    }

    /// How long such a contender runs.
    pub(crate) const fn process_spell(self) -> Duration {
        Duration::from_millis(if self.rounds >= Self::FULL.rounds { 700 } else { 300 })
    }

    /// How many ticks such a contender answers one by one.
    pub(crate) const fn round_trips(self) -> usize {
        100 * self.rounds
    }

    /// How long to look at something that may grow.
    pub(crate) const fn long_spell(self) -> Duration {
        Duration::from_millis(200 * self.rounds as u64)
    }
}

/// Several ways to do the same.
pub(crate) struct Comparison {
    pub(crate) name: &'static str,
    /// How many bytes the message has on the wire, length prefix included.
    pub(crate) frame_bytes: usize,
    /// The first one is what the others are compared with.
    pub(crate) contenders: Vec<Contender>,
}

/// One way; `work` does it once and keeps the compiler from leaving it out.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) work: Box<dyn Fn(Repetitions)>,
}

/// How often to do the work. The loop is the contender's own, so that no call through a pointer is measured.
#[derive(Clone, Copy)]
pub(crate) struct Repetitions(pub(crate) u64);

impl Contender {
    /// A contender that does `work` and gives its result to `black_box`.
    pub(crate) fn new<R>(name: &'static str, work: impl Fn() -> R + 'static) -> Self {
        let work = move |Repetitions(count): Repetitions| {
            for _ in 0..count {
                std::hint::black_box(work());
            }
        };
        Self { name, work: Box::new(work) }
    }
}

/// A comparison with its numbers.
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    pub(crate) frame_bytes: usize,
    pub(crate) contenders: Vec<Timing>,
}

/// Nanoseconds for one piece of work.
pub(crate) struct Timing {
    pub(crate) name: &'static str,
    pub(crate) median: f64,
    pub(crate) fastest: f64,
    pub(crate) slowest: f64,
    /// Median of what it took as a multiple of what the first contender took in the same round: a slow second of the
    /// machine hits both.
    pub(crate) ratio: f64,
}

/// Measures all contenders in turns, a batch each, round by round, and each round begins with another one.
pub(crate) fn measure(comparison: Comparison, effort: Effort) -> Measured {
    let Comparison { name, frame_bytes, contenders } = comparison;
    let repetitions: Vec<Repetitions> = contenders.iter().map(|contender| calibrate(contender, effort.batch)).collect();
    let mut rounds: Vec<Vec<f64>> = contenders.iter().map(|_| Vec::with_capacity(effort.rounds)).collect();
    for round in 0..effort.rounds {
        for turn in 0..contenders.len() {
            let at = (round + turn) % contenders.len();
            let started = Instant::now();
            (contenders[at].work)(repetitions[at]);
            rounds[at].push(started.elapsed().as_nanos() as f64 / repetitions[at].0 as f64);
        }
    }
    let timings = contenders.iter().zip(&rounds).map(|(contender, times)| {
        let ratios = times.iter().zip(&rounds[0]).map(|(time, first)| time / first).collect();
        let times = sorted(times.clone());
        Timing {
            name: contender.name,
            median: times[times.len() / 2],
            fastest: times[0],
            slowest: times[times.len() - 1],
            ratio: sorted(ratios)[times.len() / 2],
        }
    });
    Measured { name, frame_bytes, contenders: timings.collect() }
}

fn sorted(mut numbers: Vec<f64>) -> Vec<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers
}

/// How many repetitions take about as long as a batch; warms caches and branch predictors on the way.
fn calibrate(contender: &Contender, batch: Duration) -> Repetitions {
    let mut count = 1_u64;
    loop {
        let started = Instant::now();
        (contender.work)(Repetitions(count));
        let took = started.elapsed();
        if took >= batch {
            return Repetitions(count);
        }
        // Doubles at least, so that it ends; grows at most tenfold, as one short time says little.
        let wanted = (batch.as_nanos() / took.as_nanos().max(1)).clamp(2, 10);
        count = count.saturating_mul(wanted as u64);
    }
}
