//! The file of a capture, written by a thread of its own.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tracing::warn;

use super::CaptureFile;

/// How much may wait for the disk, bytes.
const WAITING_MOST: usize = 8 << 20;
const HEADER: &str = "# capture of TWS sessions; account numbers, positions and orders are in it\n";

/// Takes lines; never waits for the disk. When the last one who has it is gone, the file is finished.
#[derive(Debug)]
pub(super) struct Sink(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<Waiting>,
    change: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: String,
    /// Frames that were left out since the last line.
    skipped: u64,
    recorded: Recorded,
    is_over: bool,
}

/// What a capture has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Frames that were taken down.
    pub frames: u64,
    /// Frames that were left out, because the disk was too slow or failed.
    pub left_out: u64,
}

/// A capture that is being made. It goes on where this is dropped.
#[derive(Debug)]
pub struct Recording {
    shared: Arc<Shared>,
    writer: JoinHandle<io::Result<()>>,
}

impl Recording {
    /// What it has come to so far.
    #[must_use]
    pub fn so_far(&self) -> Recorded {
        self.shared.lock().recorded
    }

    /// Ends the capture and waits for the disk, for so long blocking the thread. What is said from now on is not written.
    ///
    /// # Errors
    /// What the system said when the file could not be written any further.
    pub fn finish(self) -> io::Result<Recorded> {
        self.shared.lock().is_over = true;
        self.shared.change.notify_one();
        let written =
            self.writer.join().unwrap_or_else(|_| Err(io::Error::other("the writer of the capture panicked")));
        written.map(|()| self.shared.lock().recorded)
    }
}

/// Opens the file and starts its writer.
pub(super) fn start(file: CaptureFile) -> io::Result<(Arc<Sink>, Recording)> {
    let shared = Arc::new(Shared { state: Mutex::default(), change: Condvar::new() });
    let mut output = Output::open(file)?;
    let lines = Arc::clone(&shared);
    let writer = std::thread::Builder::new().name("tws-capture".to_owned()).spawn(move || {
        let written = lines.write(&mut output);
        if let Err(error) = &written {
            warn!(%error, "the capture cannot be written any further");
            let mut state = lines.lock();
            state.is_over = true;
            state.lines = String::new();
        }
        written
    })?;
    Ok((Arc::new(Sink(Arc::clone(&shared))), Recording { shared, writer }))
}

impl Sink {
    /// Writes a line that is no frame.
    pub(super) fn say(&self, line: &str) {
        let mut state = self.0.lock();
        if !state.is_over && state.lines.len() < WAITING_MOST {
            state.lines.push_str(line);
            self.0.change.notify_one();
        }
    }

    /// Writes a frame, or counts it where the disk is too far behind.
    pub(super) fn frame(&self, time: &str, mark: char, frame: &[u8]) {
        let mut state = self.0.lock();
        if state.is_over || state.lines.len() + 2 * frame.len() > WAITING_MOST {
            state.skipped += 1;
            state.recorded.left_out += 1;
            return;
        }
        let skipped = std::mem::take(&mut state.skipped);
        state.recorded.frames += 1;
        let lines = &mut state.lines;
        // A String takes everything.
        if skipped > 0 {
            let _ = writeln!(lines, "# {skipped} frames left out");
        }
        let _ = write!(lines, "{time} {mark} ");
        for byte in frame {
            let _ = write!(lines, "{byte:02x}");
        }
        lines.push('\n');
        self.0.change.notify_one();
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.0.lock().is_over = true;
        self.0.change.notify_one();
    }
}

impl Shared {
    /// Every change leaves whole lines, so a panic elsewhere does no harm.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what comes until it is over.
    fn write(&self, output: &mut Output) -> io::Result<()> {
        loop {
            let mut state = self.lock();
            while state.lines.is_empty() && !state.is_over {
                state = self.change.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            let (lines, is_over) = (std::mem::take(&mut state.lines), state.is_over);
            drop(state);
            if lines.is_empty() && is_over {
                return output.file.sync_all();
            }
            output.write(&lines)?;
        }
    }
}

/// The file, and how full it is.
struct Output {
    to: CaptureFile,
    file: File,
    bytes: u64,
}

impl Output {
    fn open(to: CaptureFile) -> io::Result<Self> {
        make_room(&to)?;
        let mut file = File::create_new(&to.path)?;
        file.write_all(HEADER.as_bytes())?;
        Ok(Self { to, file, bytes: HEADER.len() as u64 })
    }

    /// Lines stay whole.
    fn write(&mut self, lines: &str) -> io::Result<()> {
        let mut rest = lines;
        while !rest.is_empty() {
            let room = self.to.bytes_most.saturating_sub(self.bytes);
            let mut taken = 0;
            for line in rest.split_inclusive('\n') {
                if (taken + line.len()) as u64 > room {
                    break;
                }
                taken += line.len();
            }
            // A line that no file has room for is written all the same, to one of its own.
            if taken == 0 && self.bytes <= HEADER.len() as u64 {
                taken = rest.split_inclusive('\n').next().map_or(rest.len(), str::len);
            }
            let (now, later) = rest.split_at(taken);
            self.file.write_all(now.as_bytes())?;
            self.bytes += now.len() as u64;
            rest = later;
            if !rest.is_empty() {
                *self = Self::open(self.to.clone())?;
            }
        }
        Ok(())
    }
}

/// `NAME.2`.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".{number}"));
    name.into()
}

/// Moves every file on by one; the oldest goes.
fn make_room(to: &CaptureFile) -> io::Result<()> {
    let last = to.files.saturating_sub(1);
    if last == 0 {
        return if to.path.exists() { fs::remove_file(&to.path) } else { Ok(()) };
    }
    for number in (0..last).rev() {
        let from = if number == 0 { to.path.clone() } else { numbered(&to.path, number) };
        if from.exists() {
            fs::rename(from, numbered(&to.path, number + 1))?;
        }
    }
    Ok(())
}
