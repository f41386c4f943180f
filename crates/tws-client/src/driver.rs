//! [`Driver`]: carries bytes between the socket and the session, and decides nothing.

use std::fmt;
use std::future::{Future, pending};
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use tracing::{Instrument, warn};
use tws_proto::ids::ClientId;

use crate::config::Config;
use crate::error::Exit;
use crate::session::Link;
use crate::shared::{Shared, Step};

/// How much one read of the socket takes at most.
const READ_BYTES: usize = 256 * 1024;

/// Makes connections. [`TcpConnector`] is the one to use; tests and simulations bring pipes.
pub trait Connector: Send + 'static {
    /// What is read from.
    type Reader: AsyncRead + Unpin + Send + 'static;
    /// What is written to.
    type Writer: AsyncWrite + Unpin + Send + 'static;

    /// Begins one connection. It is dropped when it takes too long.
    fn connect(&mut self) -> impl Future<Output = io::Result<(Self::Reader, Self::Writer)>> + Send + 'static;
}

/// Connects over TCP.
#[derive(Clone, Debug)]
pub struct TcpConnector {
    host: String,
    port: u16,
}

impl TcpConnector {
    /// To where the settings point. TWS speaks plain text, so that another machine is worth a warning.
    pub(crate) fn of(config: &Config) -> Self {
        if !config.is_loopback() {
            warn!(host = config.host, "TWS is not on this machine: its traffic is plain text, use a private tunnel");
        }
        Self { host: config.host.clone(), port: config.port }
    }
}

impl Connector for TcpConnector {
    type Reader = OwnedReadHalf;
    type Writer = OwnedWriteHalf;

    fn connect(&mut self) -> impl Future<Output = io::Result<(OwnedReadHalf, OwnedWriteHalf)>> + Send + 'static {
        let address = (self.host.clone(), self.port);
        async move {
            let stream = TcpStream::connect(address).await?;
            // An order must not wait for more bytes to travel with.
            stream.set_nodelay(true)?;
            Ok(stream.into_split())
        }
    }
}

/// The task of a session. Nothing happens unless it runs: `tokio::spawn(driver.run())`.
///
/// When it is dropped, the session ends: every waiter hears so, and every stream.
#[must_use = "nothing happens unless the driver runs: tokio::spawn(driver.run())"]
pub struct Driver<C: Connector = TcpConnector> {
    shared: Arc<Shared>,
    connector: C,
    client_id: ClientId,
    dialing: Option<Dialing<C>>,
    socket: Option<Socket<C>>,
    input: BytesMut,
    output: BytesMut,
}

type Connected<C> = io::Result<(<C as Connector>::Reader, <C as Connector>::Writer)>;

/// A connection attempt under way.
struct Dialing<C: Connector> {
    dial: u64,
    attempt: Pin<Box<dyn Future<Output = Connected<C>> + Send>>,
}

/// A connection that stands.
struct Socket<C: Connector> {
    dial: u64,
    reader: C::Reader,
    writer: C::Writer,
}

/// What happened.
enum Happened<C: Connector> {
    Connected(Connected<C>),
    Written(io::Result<usize>),
    Read(io::Result<usize>),
    Woken,
    Drained,
    TimeUp,
}

impl<C: Connector> fmt::Debug for Driver<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("shared", &self.shared).finish_non_exhaustive()
    }
}

impl<C: Connector> Driver<C> {
    pub(crate) fn new(shared: Arc<Shared>, connector: C, client_id: ClientId) -> Self {
        let (input, output) = (BytesMut::with_capacity(READ_BYTES), BytesMut::new());
        Self { shared, connector, client_id, dialing: None, socket: None, input, output }
    }

    /// Runs the session to its end, reconnecting for ever.
    pub async fn run(self) -> Exit {
        let span = tracing::info_span!("tws", client_id = self.client_id.0);
        self.drive().instrument(span).await
    }

    async fn drive(mut self) -> Exit {
        self.shared.handle(|_, _| {});
        loop {
            if self.output.is_empty()
                && let Some(output) = self.shared.transmit()
            {
                self.output = output;
            }
            let step = self.shared.step();
            self.follow(step.link);
            if let Some(exit) = step.exit {
                return exit;
            }
            let happened = self.wait(step).await;
            self.tell(happened);
        }
    }

    /// Makes the network what the session wants.
    fn follow(&mut self, link: Link) {
        let (dial, keep) = match link {
            Link::None => (None, None),
            Link::Dial(dial) => (Some(dial), None),
            Link::Keep(dial) => (None, Some(dial)),
        };
        if self.socket.as_ref().is_some_and(|socket| keep != Some(socket.dial)) {
            self.socket = None;
        }
        if self.socket.is_none() {
            self.output.clear();
        }
        if self.dialing.as_ref().is_some_and(|dialing| dial != Some(dialing.dial)) {
            self.dialing = None;
        }
        if let Some(dial) = dial
            && self.dialing.is_none()
        {
            self.dialing = Some(Dialing { dial, attempt: Box::pin(self.connector.connect()) });
        }
    }

    /// Waits for the next thing to happen. Reading stands before the clock, so that a link is never called silent
    /// while its bytes wait; the session looks at the clock after everything that happens.
    async fn wait(&mut self, step: Step) -> Happened<C> {
        let Self { shared, dialing, socket, input, output, .. } = self;
        let (reader, writer) = match socket {
            Some(Socket { reader, writer, .. }) => (Some(reader), Some(writer)),
            None => (None, None),
        };
        let write = async {
            match writer {
                Some(writer) if !output.is_empty() => writer.write(output).await,
                Some(_) | None => pending().await,
            }
        };
        let read = async {
            match reader {
                Some(reader) => {
                    input.reserve(READ_BYTES);
                    reader.read_buf(input).await
                }
                None => pending().await,
            }
        };
        let connect = async {
            match dialing {
                Some(dialing) => (&mut dialing.attempt).await,
                None => pending().await,
            }
        };
        let time_up = async {
            match step.timeout {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            written = write => Happened::Written(written),
            read = read => Happened::Read(read),
            connected = connect => Happened::Connected(connected),
            () = shared.wake.notified() => Happened::Woken,
            () = shared.lane.drained.notified() => Happened::Drained,
            () = time_up => Happened::TimeUp,
        }
    }

    /// Tells the session what happened.
    fn tell(&mut self, happened: Happened<C>) {
        let shared = Arc::clone(&self.shared);
        match happened {
            Happened::Connected(connected) => {
                let dial = self.dialing.take().map_or(0, |dialing| dialing.dial);
                match connected {
                    Ok((reader, writer)) => {
                        self.socket = Some(Socket { dial, reader, writer });
                        shared.handle(|session, now| session.handle_connected(now));
                    }
                    Err(error) => shared.handle(|session, now| session.handle_connect_failed(error.kind(), now)),
                }
            }
            Happened::Written(Ok(0)) => self.closed(Some(io::ErrorKind::WriteZero)),
            Happened::Written(Ok(bytes)) => {
                self.output.advance(bytes);
                if self.output.is_empty() {
                    shared.handle(|session, now| session.handle_flushed(now));
                }
            }
            Happened::Read(Ok(0)) => self.closed(None),
            Happened::Read(Ok(_)) => {
                shared.handle(|session, now| session.handle_input(&self.input, now));
                self.input.clear();
            }
            Happened::Written(Err(error)) | Happened::Read(Err(error)) => self.closed(Some(error.kind())),
            Happened::Drained => {
                if shared.lane.is_drained() {
                    shared.handle(|session, now| session.handle_lane_drained(now));
                }
            }
            Happened::Woken | Happened::TimeUp => shared.handle(|_, _| {}),
        }
    }

    fn closed(&mut self, error: Option<io::ErrorKind>) {
        self.socket = None;
        self.output.clear();
        self.shared.handle(|session, now| session.handle_closed(error, now));
    }
}

impl<C: Connector> Drop for Driver<C> {
    fn drop(&mut self) {
        self.shared.close();
    }
}
