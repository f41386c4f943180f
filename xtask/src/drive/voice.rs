//! Standard output: one JSON object a line, in the order in which they were said.

use std::io::{self, BufWriter, Write};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread::JoinHandle;

use serde_json::Value;

/// Lines that may wait for somebody to read them.
const LINES_MAX: usize = 65_536;

/// Says things; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Voice {
    lines: SyncSender<Value>,
}

/// Nobody reads what is said: the output is closed, or was not read for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unheard;

/// The thread that writes.
pub(super) struct Speaker {
    thread: JoinHandle<()>,
}

impl Voice {
    /// Says one object. Never waits.
    pub(super) fn say(&self, object: Value) -> Result<(), Unheard> {
        self.lines.try_send(object).map_err(|error| match error {
            TrySendError::Full(_) | TrySendError::Disconnected(_) => Unheard,
        })
    }
}

/// A voice on standard output.
pub(super) fn open() -> io::Result<(Voice, Speaker)> {
    let (lines, said) = mpsc::sync_channel(LINES_MAX);
    let thread = std::thread::Builder::new().name("output".to_owned()).spawn(move || {
        // Whoever closed the output is not told so: the next word is unheard.
        let _ = write(&said, &mut BufWriter::new(io::stdout().lock()));
    })?;
    Ok((Voice { lines }, Speaker { thread }))
}

impl Speaker {
    /// Waits until all that was said is written, once every voice is gone.
    pub(super) fn finish(self) {
        // A panic of the writer is told by its own message.
        let _ = self.thread.join();
    }
}

/// Writes line by line; flushes whenever nothing waits.
fn write(said: &Receiver<Value>, out: &mut impl Write) -> io::Result<()> {
    while let Ok(first) = said.recv() {
        writeln!(out, "{first}")?;
        for more in said.try_iter() {
            writeln!(out, "{more}")?;
        }
        out.flush()?;
    }
    Ok(())
}
