//! [`Driver`]: carries bytes between the socket and the session, and decides nothing.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io::{self, Read as _};
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::Sleep;
use tracing::{Instrument, warn};
use tws_proto::ids::ClientId;

use crate::config::Config;
use crate::error::Exit;
use crate::inner::{Step, Writing};
use crate::session::Link;
use crate::shared::{Came, Heard, Looker, Shared};

/// Makes connections. [`TcpConnector`] is the one to use; tests and simulations bring pipes.
pub trait Connector: Send + 'static {
    /// What is read from.
    type Reader: AsyncRead + Unpin + Send + 'static;
    /// What is written to.
    type Writer: AsyncWrite + Unpin + Send + 'static;

    /// Begins one connection. It is dropped when it takes too long.
    fn connect(&mut self) -> impl Future<Output = io::Result<(Self::Reader, Self::Writer)>> + Send + 'static;

    /// Reads what has come by now, without the runtime; the driver does so a few times before it sleeps, and so does the
    /// reader of a stream, in whatever task and thread it is, as [`Config::idle_looks`] says. It may come before the first
    /// read of a connection, and must leave the waker of a read that waits where it is. Where nothing is known without the
    /// runtime, as by default, that is nothing.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] where nothing has come; else what a read fails with.
    fn look(_reader: &mut Self::Reader, _bytes: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

/// Connects over TCP.
#[derive(Clone, Debug)]
pub struct TcpConnector {
    host: String,
    port: u16,
}

impl TcpConnector {
    /// To where the settings point. TWS speaks plain text, so that another machine is worth a warning.
    #[must_use]
    pub fn of(config: &Config) -> Self {
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
            // What the system says of a name without an address has no kind of its own.
            let addresses = lookup_host(address).await.map_err(|_| io::ErrorKind::NotFound)?;
            let addresses: Vec<_> = addresses.collect();
            let stream = TcpStream::connect(addresses.as_slice()).await?;
            // An order must not wait for more bytes to travel with.
            stream.set_nodelay(true)?;
            Ok(stream.into_split())
        }
    }

    fn look(reader: &mut OwnedReadHalf, bytes: &mut [u8]) -> io::Result<usize> {
        (&*SockRef::from(reader.as_ref())).read(bytes)
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
    /// The connection that the session keeps.
    keeps: Option<u64>,
    writing: Writing,
    /// When the timer goes off; unset once it has.
    wakes: Option<Instant>,
    looking: Looking,
}

/// Whether the socket is looked at again before the task sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looking {
    /// Not before something comes in.
    No,
    /// Once those who were given something have had their turn.
    Soon,
    /// Now.
    Now,
}

type Connected<C> = io::Result<(<C as Connector>::Reader, <C as Connector>::Writer)>;

/// A connection attempt under way.
struct Dialing<C: Connector> {
    dial: u64,
    attempt: Pin<Box<dyn Future<Output = Connected<C>> + Send>>,
}

/// What happened, but for what came in.
enum Happened<C: Connector> {
    Connected(Connected<C>),
    Woken,
    TimeUp,
}

impl<C: Connector> fmt::Debug for Driver<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("shared", &self.shared).finish_non_exhaustive()
    }
}

impl<C: Connector> Driver<C> {
    pub(crate) fn new(shared: Arc<Shared>, connector: C, client_id: ClientId) -> Self {
        Self {
            shared,
            connector,
            client_id,
            dialing: None,
            keeps: None,
            writing: Writing::Done,
            wakes: None,
            looking: Looking::No,
        }
    }

    /// Runs the session to its end, reconnecting for ever.
    pub async fn run(self) -> Exit {
        let span = tracing::info_span!("tws", client_id = self.client_id.0);
        self.drive().instrument(span).await
    }

    async fn drive(mut self) -> Exit {
        let mut timer = pin!(tokio::time::sleep_until(tokio::time::Instant::now()));
        // The first look at the session is for what it wants at its start.
        self.shared.wake.notify_one();
        poll_fn(|context| self.poll(context, timer.as_mut())).await
    }

    /// Carries what there is to carry until everything waits.
    fn poll(&mut self, context: &mut Context<'_>, mut timer: Pin<&mut Sleep>) -> Poll<Exit> {
        if self.writing == Writing::Waits {
            // Perhaps it was the socket that woke this task.
            let step = self.shared.step(context, |_, _| {});
            if let ControlFlow::Break(exit) = self.follow(step, timer.as_mut()) {
                return Poll::Ready(exit);
            }
        }
        loop {
            let (step, came) = match self.poll_step(context, timer.as_mut()) {
                Poll::Ready(stepped) => stepped,
                Poll::Pending => ready!(self.look_again(context)),
            };
            if let ControlFlow::Break(exit) = self.follow(step, timer.as_mut()) {
                return Poll::Ready(exit);
            }
            match came {
                Some((Came::Part, _)) => {
                    self.looking = Looking::Soon;
                    // More waits already. Those who were just given something have their turn first, so that a busy
                    // socket does not fill their queues while they wait for a thread.
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some((Came::All, Looker::Driver)) => self.looking = Looking::Soon,
                Some((Came::All, Looker::Reader) | (Came::End, _)) => self.looking = Looking::No,
                None => {}
            }
        }
    }

    /// Waits for the next thing to happen, and tells the session. Reading stands before the clock, so that a link is never
    /// called silent while its bytes wait; the session looks at the clock after everything that happens.
    fn poll_step(&mut self, context: &mut Context<'_>, timer: Pin<&mut Sleep>) -> Poll<(Step, Option<(Came, Looker)>)> {
        if let Poll::Ready(Heard { step, came, looker }) = self.shared.poll_read(context) {
            return Poll::Ready((step, Some((came, looker))));
        }
        let happened = ready!(self.poll_happened(context, timer));
        Poll::Ready((self.tell(happened, context), None))
    }

    /// Looks at the socket a few times more before this task sleeps, where something has come in since it last did. Looks
    /// are counted, not timed: where time stands still unless everybody sleeps, they end too.
    fn look_again(&mut self, context: &mut Context<'_>) -> Poll<(Step, Option<(Came, Looker)>)> {
        match std::mem::replace(&mut self.looking, Looking::No) {
            Looking::No => {}
            Looking::Soon if self.shared.looks() => {
                self.looking = Looking::Now;
                // The first poll of it only asks the runtime to wake this task behind its sockets.
                let _ = pin!(tokio::task::yield_now()).poll(context);
            }
            Looking::Soon => {}
            Looking::Now => {
                if let Some(Heard { step, came, looker }) = self.shared.look(context) {
                    return Poll::Ready((step, Some((came, looker))));
                }
            }
        }
        Poll::Pending
    }

    /// Makes the network, and the timer, what the session wants; breaks where it has ended.
    fn follow(&mut self, step: Step, timer: Pin<&mut Sleep>) -> ControlFlow<Exit> {
        let Step { link, timeout, exit, writing } = step;
        if let Some(exit) = exit {
            return ControlFlow::Break(exit);
        }
        self.writing = writing;
        let (dial, keep) = match link {
            Link::None => (None, None),
            Link::Dial(dial) => (Some(dial), None),
            Link::Keep(dial) => (None, Some(dial)),
        };
        if self.keeps != keep {
            self.keeps = keep;
            self.shared.keep_reading(keep);
        }
        if self.dialing.as_ref().is_some_and(|dialing| dial != Some(dialing.dial)) {
            self.dialing = None;
        }
        if let Some(dial) = dial
            && self.dialing.is_none()
        {
            self.dialing = Some(Dialing { dial, attempt: Box::pin(self.connector.connect()) });
        }
        // A timer that goes off too early does no harm; most deadlines move away with everything that is heard.
        if let Some(at) = timeout
            && self.wakes.is_none_or(|wakes| at < wakes)
        {
            timer.reset(at.into());
            self.wakes = Some(at);
        }
        ControlFlow::Continue(())
    }

    /// Waits for the next thing to happen, but for what comes in.
    fn poll_happened(&mut self, context: &mut Context<'_>, timer: Pin<&mut Sleep>) -> Poll<Happened<C>> {
        if let Some(dialing) = &mut self.dialing
            && let Poll::Ready(connected) = dialing.attempt.as_mut().poll(context)
        {
            return Poll::Ready(Happened::Connected(connected));
        }
        if self.shared.wake.poll_notified(context).is_ready() {
            return Poll::Ready(Happened::Woken);
        }
        if self.wakes.is_some() && timer.poll(context).is_ready() {
            self.wakes = None;
            return Poll::Ready(Happened::TimeUp);
        }
        Poll::Pending
    }

    /// Tells the session what happened.
    fn tell(&mut self, happened: Happened<C>, context: &mut Context<'_>) -> Step {
        let shared = Arc::clone(&self.shared);
        match happened {
            Happened::Connected(Ok(halves)) => {
                let dial = self.dialing.take().map_or(0, |dialing| dialing.dial);
                self.keeps = Some(dial);
                shared.connected::<C>(dial, halves, context)
            }
            Happened::Connected(Err(error)) => {
                self.dialing = None;
                shared.step(context, |inner, now| inner.session.handle_connect_failed(error.kind(), now))
            }
            Happened::Woken => {
                let is_drained = shared.lane.is_drained();
                shared.step(context, |inner, now| {
                    if is_drained {
                        inner.session.handle_lane_drained(now);
                    }
                })
            }
            Happened::TimeUp => shared.step(context, |_, _| {}),
        }
    }
}

impl<C: Connector> Drop for Driver<C> {
    fn drop(&mut self) {
        self.shared.close();
    }
}
