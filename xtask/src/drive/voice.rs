//! Standard output: one JSON object a line, in the order in which they were said.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Notify;

/// Lines that may wait for somebody to read them.
const LINES_MAX: usize = 65_536;
/// How long the end waits for somebody to read the next line.
const LAST_LINE: Duration = Duration::from_secs(5);

/// Says things; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Voice {
    lines: SyncSender<String>,
    failed: Arc<Notify>,
}

/// Nobody reads what is said: the output is closed, or was not read for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unheard;

/// Hears of the thread that writes.
pub(super) struct Speaker {
    ended: Receiver<io::Result<()>>,
    written: Arc<AtomicU64>,
}

impl Voice {
    /// Says one object. Never waits.
    pub(super) fn say(&self, object: &Value) -> Result<(), Unheard> {
        self.say_text(object.to_string())
    }

    /// Says one object, which is JSON already.
    pub(super) fn say_text(&self, object: String) -> Result<(), Unheard> {
        self.lines.try_send(object).map_err(|error| match error {
            TrySendError::Full(_) | TrySendError::Disconnected(_) => Unheard,
        })
    }

    /// Waits until something that was said could not be written. One waits at a time.
    pub(super) async fn failed(&self) {
        self.failed.notified().await;
    }
}

/// A voice on standard output.
pub(super) fn open() -> io::Result<(Voice, Speaker)> {
    let (lines, said) = mpsc::sync_channel(LINES_MAX);
    let (end, ended) = mpsc::channel();
    let (failed, written) = (Arc::new(Notify::new()), Arc::new(AtomicU64::new(0)));
    let (fails, count) = (Arc::clone(&failed), Arc::clone(&written));
    std::thread::Builder::new().name("output".to_owned()).spawn(move || {
        let outcome = write(&said, &mut BufWriter::new(io::stdout().lock()), &count);
        drop(said);
        if outcome.is_err() {
            fails.notify_one();
        }
        // Where the end did not wait for it, nobody asks.
        let _ = end.send(outcome);
    })?;
    Ok((Voice { lines, failed }, Speaker { ended, written }))
}

impl Speaker {
    /// Waits until all that was said is written, once every voice is gone; not for a reader that takes nothing any more.
    pub(super) fn finish(self) -> Result<(), Unheard> {
        loop {
            let before = self.written.load(Ordering::Relaxed);
            match self.ended.recv_timeout(LAST_LINE) {
                Ok(outcome) => return outcome.map_err(|_| Unheard),
                Err(RecvTimeoutError::Disconnected) => return Err(Unheard), // it panicked, which told itself
                Err(RecvTimeoutError::Timeout) if self.written.load(Ordering::Relaxed) == before => {
                    return Err(Unheard);
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

/// Writes line by line; flushes whenever nothing waits.
fn write(said: &Receiver<String>, out: &mut impl Write, count: &AtomicU64) -> io::Result<()> {
    while let Ok(first) = said.recv() {
        writeln!(out, "{first}")?;
        count.fetch_add(1, Ordering::Relaxed);
        for more in said.try_iter() {
            writeln!(out, "{more}")?;
            count.fetch_add(1, Ordering::Relaxed);
        }
        out.flush()?;
    }
    Ok(())
}
