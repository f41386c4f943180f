//! [`Replay`]: says the server's part of a capture again.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::sync::watch;
use tokio::time::Instant;

use super::frames::Frames;
use crate::driver::Connector;

/// What a connection begins with.
const BANNER: &[u8] = b"API\0";
const PIPE_BYTES: usize = 64 * 1024;
/// How long a client may take for a frame that it had sent when the capture was made.
const PATIENCE: Duration = Duration::from_secs(1);

/// Makes the connections of a capture again: each connection attempt gets the next one, and hears what the server said in
/// it, byte for byte. Where the connection ended in the capture, it ends a second after its last frame. After the last one,
/// attempts are refused.
///
/// A session numbers its requests from the same number on every time, so that a program that asks the same things in the
/// same order gets the same answers: a report of a fault becomes a test.
///
/// ```
/// use tws_client::capture::{Replay, ReplayPace};
///
/// let capture = "# connection 1 begins\n\
///     2026-11-26T21:22:29.123Z > 41504900000000097631\n\
///     2026-11-26T21:22:29.125Z < 0000000432323600\n# connection 1 ends\n";
/// let replay = Replay::parse(capture, ReplayPace::InStep).unwrap();
/// assert_eq!(replay.connections(), 1);
/// ```
#[derive(Clone, Debug)]
pub struct Replay {
    connections: VecDeque<Script>,
    pace: ReplayPace,
    left_out: usize,
}

/// How fast a capture is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplayPace {
    /// As fast as it can be read, but nothing before the client has sent as many frames as it had then; a frame that does
    /// not come within a second is waited for no longer.
    #[default]
    InStep,
    /// As fast as it was recorded, whatever the client sends.
    Recorded,
}

/// No capture is spelled so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the capture {fault}")]
pub struct BadCapture {
    /// Which line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: &'static str,
}

/// What was said on one connection.
#[derive(Clone, Debug, Default)]
struct Script {
    frames: Vec<Frame>,
    /// Whether it ended while the capture was made.
    has_end: bool,
}

#[derive(Clone, Debug)]
struct Frame {
    at: Timestamp,
    from: From,
    bytes: Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    Client,
    Server,
}

impl Replay {
    /// Reads a capture. Where it was written to several files, put their texts one behind the other, the oldest first. A
    /// connection whose begin is not in it cannot be played and is left out.
    ///
    /// # Errors
    /// [`BadCapture`] names the first line that cannot be read.
    pub fn parse(text: &str, pace: ReplayPace) -> Result<Self, BadCapture> {
        let mut replay = Self { connections: VecDeque::new(), pace, left_out: 0 };
        for (at, line) in text.lines().enumerate() {
            let bad = |fault| BadCapture { line: at + 1, fault };
            if let Some(remark) = line.strip_prefix('#') {
                if remark.ends_with(" ends")
                    && let Some(script) = replay.connections.back_mut()
                {
                    script.has_end = true;
                }
                continue;
            }
            if line.trim().is_empty() {
                continue;
            }
            let frame = frame(line).map_err(bad)?;
            if frame.from == From::Client && frame.bytes.starts_with(BANNER) {
                replay.connections.push_back(Script::default());
            }
            match replay.connections.back_mut() {
                Some(script) => script.frames.push(frame),
                None => replay.left_out += 1,
            }
        }
        Ok(replay)
    }

    /// How many connections are still to be played.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// How many frames belong to a connection whose begin is not there.
    #[must_use]
    pub const fn left_out(&self) -> usize {
        self.left_out
    }
}

/// `TIME > HEX` or `TIME < HEX`.
fn frame(line: &str) -> Result<Frame, &'static str> {
    let mut words = line.split_whitespace();
    let (Some(at), Some(mark), Some(digits), None) = (words.next(), words.next(), words.next(), words.next()) else {
        return Err("is not a time, a direction and a frame");
    };
    let at = at.parse().map_err(|_| "begins with no time")?;
    let from = match mark {
        ">" => From::Client,
        "<" => From::Server,
        _ => return Err("has no direction"),
    };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = digits.as_bytes().chunks(2).map(pair).collect();
    Ok(Frame { at, from, bytes: bytes.ok_or("has a frame that is not in hexadecimal digits")?.into() })
}

impl Connector for Replay {
    type Reader = ReadHalf<DuplexStream>;
    type Writer = WriteHalf<DuplexStream>;

    fn connect(&mut self) -> impl Future<Output = io::Result<(Self::Reader, Self::Writer)>> + Send + 'static {
        let (script, pace) = (self.connections.pop_front(), self.pace);
        async move {
            let script = script.ok_or_else(|| io::Error::from(io::ErrorKind::ConnectionRefused))?;
            let (client, server) = duplex(PIPE_BYTES);
            tokio::spawn(play(script, server, pace));
            Ok(split(client))
        }
    }
}

/// Plays one connection, until the client closes it or it ends as it did.
async fn play(script: Script, pipe: DuplexStream, pace: ReplayPace) {
    let (reader, mut writer) = split(pipe);
    let (count, mut counted) = watch::channel(0_u64);
    let hearing = hear(reader, count);
    let saying = async {
        let began = Instant::now();
        let first = script.frames.first().map(|frame| frame.at);
        let mut expected = 0_u64;
        for Frame { at, from, bytes } in script.frames {
            match (from, pace) {
                (From::Client, _) => expected += 1,
                (From::Server, ReplayPace::Recorded) => {
                    let after = first.and_then(|first| Duration::try_from(at.duration_since(first)).ok());
                    tokio::time::sleep_until(began + after.unwrap_or_default()).await;
                }
                (From::Server, ReplayPace::InStep) => {
                    let enough = counted.wait_for(|count| *count >= expected);
                    let is_late = tokio::time::timeout(PATIENCE, enough).await.is_err();
                    if is_late {
                        // This client says less than the one of the capture.
                        expected = *counted.borrow();
                    }
                }
            }
            if from == From::Server && writer.write_all(&bytes).await.is_err() {
                return;
            }
        }
        if script.has_end {
            // Not at once: what was said last must be seen before its connection is gone.
            tokio::time::sleep(PATIENCE).await;
        } else {
            // What came then is not known: the line stays open until the client closes it.
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = hearing => {}
        () = saying => {}
    }
}

/// Counts the frames that a client sends, until it closes.
async fn hear(mut reader: ReadHalf<DuplexStream>, count: watch::Sender<u64>) {
    let mut frames = Frames::of_client();
    let mut input = BytesMut::new();
    while reader.read_buf(&mut input).await.is_ok_and(|read| read > 0) {
        let mut heard = 0;
        frames.feed(&input.split(), |_| heard += 1);
        count.send_modify(|count| *count += heard);
    }
}
