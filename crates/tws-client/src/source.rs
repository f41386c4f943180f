//! [`Source`]: the half of the socket that is read from.
//!
//! It stands beside the session, as the half does that is written to: the driver reads from it, and so does the reader of
//! a stream that has answered with an order, before either sleeps.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};
use tracing::Span;

use crate::driver::Connector;

/// How much one read of the socket takes at most. Thousands of ticks, and still no more than what fits a processor's
/// cache, and what is decoded in well under a millisecond: so long others may wait for the session.
const READ_BYTES: usize = 64 * 1024;

/// What is read from, and where to.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) reader: Option<Reader>,
    input: Box<[u8]>,
}

/// The half of one connection that is read from.
pub(crate) struct Reader {
    pub(crate) dial: u64,
    half: Box<dyn Half>,
    /// How the connection ended, where a reader of a stream found out: the driver has to hear of it.
    end: Option<io::Result<usize>>,
    /// Names the session in the log.
    pub(crate) span: Span,
}

/// A [`Connector::Reader`] with its [`Connector::look`].
trait Half: Send {
    fn poll_read(&mut self, context: &mut Context<'_>, bytes: &mut [u8]) -> Poll<io::Result<usize>>;

    fn look(&mut self, bytes: &mut [u8]) -> io::Result<usize>;
}

struct HalfOf<C: Connector>(C::Reader);

impl<C: Connector> Half for HalfOf<C> {
    fn poll_read(&mut self, context: &mut Context<'_>, bytes: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(bytes);
        ready!(Pin::new(&mut self.0).poll_read(context, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }

    fn look(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        C::look(&mut self.0, bytes)
    }
}

impl Reader {
    pub(crate) fn new<C: Connector>(dial: u64, half: C::Reader) -> Self {
        Self { dial, half: Box::new(HalfOf::<C>(half)), end: None, span: Span::current() }
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("dial", &self.dial).finish_non_exhaustive()
    }
}

impl Source {
    pub(crate) fn new() -> Self {
        Self { reader: None, input: vec![0; READ_BYTES].into_boxed_slice() }
    }

    /// Reads what has come, or sleeps until something does.
    pub(crate) fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Self { reader: Some(reader), input } = self else { return Poll::Pending };
        match reader.end.take() {
            Some(end) => Poll::Ready(end),
            None => reader.half.poll_read(context, input),
        }
    }

    /// Reads what has come by now, without the runtime; `None` where nothing has.
    pub(crate) fn look(&mut self) -> Option<io::Result<usize>> {
        let Self { reader: Some(reader), input } = self else { return None };
        if reader.end.is_some() {
            return None;
        }
        match reader.half.look(input) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            read => Some(read),
        }
    }

    /// Leaves an end that was found to the driver.
    pub(crate) fn leave(&mut self, end: io::Result<usize>) {
        if let Some(reader) = &mut self.reader {
            reader.end = Some(end);
        }
    }

    /// What was read last.
    pub(crate) fn bytes(&self, count: usize) -> &[u8] {
        self.input.get(..count).unwrap_or_default()
    }

    /// Whether more waits already.
    pub(crate) fn is_full(count: usize) -> bool {
        count == READ_BYTES
    }
}
