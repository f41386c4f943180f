//! [`Capture`]: writes down all that is said on a connection, and [`Replay`] says the server's part of it again.
//!
//! A capture is a text file. `cargo xtask wire decode FILE` makes it readable: a line for each frame.
//!
//! ```text
//! # capture of TWS sessions; account numbers, positions and orders are in it
//! # connection 1 begins
//! 2026-11-26T21:22:29.123Z > 415049000000000976313030...
//! 2026-11-26T21:22:29.125Z < 0000001a3232360032303236...
//! # connection 1 ends
//! ```
//!
//! **Account numbers, positions and orders are in a capture in plain text.** Who gets it sees them.

mod file;
mod frames;
mod replay;

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::driver::Connector;
use file::Sink;
use frames::Frames;

pub use file::{Recorded, Recording};
pub use replay::{BadCapture, Replay, ReplayPace};

/// Where a capture goes, and how large it may get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureFile {
    /// The file. One that is there already is moved away first: to `NAME.1`, `NAME.1` to `NAME.2`, and so on.
    pub path: PathBuf,
    /// How large it may get, bytes; beyond, it is moved away, too, and a new one begun; 64 MiB. A byte on the wire is two
    /// in the file, and there are 30 more a frame.
    pub bytes_most: u64,
    /// How many files there may be, the one that is written included; the oldest is deleted; 4.
    pub files: u32,
}

impl CaptureFile {
    /// At a path, with the usual limits.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), bytes_most: 64 << 20, files: 4 }
    }
}

/// Makes the connections of another [`Connector`], and writes down every frame of them, both ways.
///
/// Nothing waits for the disk: a thread of its own writes. Where it falls behind by more than 8 MiB, frames are left out,
/// counted, and the file says how many.
///
/// ```no_run
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use tws_client::capture::{Capture, CaptureFile};
/// use tws_client::{Client, Config, TcpConnector};
///
/// let config = Config::paper();
/// let (capture, recording) = Capture::new(TcpConnector::of(&config), CaptureFile::new("session.hex"))?;
/// let (client, driver) = Client::connect_with(config, capture)?;
/// # drop((client, driver));
/// println!("{:?}", recording.finish());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Capture<C> {
    connector: C,
    tape: Tape,
    connections: u64,
}

/// What the two directions of a connection write to.
#[derive(Clone, Debug)]
struct Tape {
    sink: Arc<Sink>,
    began: (Timestamp, Instant),
}

impl<C: Connector> Capture<C> {
    /// Begins a capture.
    ///
    /// # Errors
    /// What the system says when the file cannot be made, or the thread.
    pub fn new(connector: C, file: CaptureFile) -> io::Result<(Self, Recording)> {
        let (sink, recording) = file::start(file)?;
        // The time of day when it began, and from there on the clock of the session, which tests may stop.
        let tape = Tape { sink, began: (Timestamp::now(), Instant::now()) };
        Ok((Self { connector, tape, connections: 0 }, recording))
    }
}

impl<C: Connector> Connector for Capture<C> {
    type Reader = Captured<C::Reader>;
    type Writer = Captured<C::Writer>;

    fn connect(&mut self) -> impl Future<Output = io::Result<(Self::Reader, Self::Writer)>> + Send + 'static {
        self.connections += 1;
        let (connection, tape) = (self.connections, self.tape.clone());
        let connecting = self.connector.connect();
        async move {
            let (reader, writer) = connecting.await?;
            tape.sink.say(&format!("# connection {connection} begins\n"));
            let end = Some(connection);
            Ok((
                Captured { stream: reader, frames: Frames::of_server(), tape: tape.clone(), mark: '<', end },
                Captured { stream: writer, frames: Frames::of_client(), tape, mark: '>', end: None },
            ))
        }
    }
}

/// One direction of a connection that is written down.
#[derive(Debug)]
pub struct Captured<T> {
    stream: T,
    frames: Frames,
    tape: Tape,
    mark: char,
    /// Which connection ends with this direction.
    end: Option<u64>,
}

impl<T> Captured<T> {
    fn take(&mut self, bytes: &[u8]) {
        let Self { frames, tape, mark, .. } = self;
        frames.feed(bytes, |frame| tape.write(*mark, frame));
    }
}

impl Tape {
    fn write(&self, mark: char, frame: &[u8]) {
        let (wall, began) = self.began;
        let passed = began.elapsed();
        let at = wall.checked_add(passed).unwrap_or(wall);
        self.sink.frame(&format!("{at:.6}"), mark, frame);
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Captured<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if matches!(polled, Poll::Ready(Ok(()))) {
            let read = buffer.filled().get(before..).unwrap_or_default();
            self.take(read);
        }
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Captured<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        if let Poll::Ready(Ok(written)) = &polled {
            self.take(bytes.get(..*written).unwrap_or_default());
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<T> Drop for Captured<T> {
    fn drop(&mut self) {
        let Self { frames, tape, mark, .. } = self;
        frames.finish(|rest| tape.write(*mark, rest));
        if let Some(connection) = self.end {
            self.tape.sink.say(&format!("# connection {connection} ends\n"));
        }
    }
}
