//! The shell around the core: listener, one task a client, one task for the clock. It decides nothing about trading.

mod bad_bytes;
mod client;
mod clock;
pub(crate) mod hub;
mod link;
mod listener;
mod queue;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rust_decimal::Decimal;
use tokio::io::DuplexStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};
use tws_proto::ids::{ContractId, PermanentId};
use tws_proto::kinds::BulletinKind;
use tws_proto::{Contract, Order, ServerVersion};

use crate::book::Book;
use crate::builder::Builder;
use crate::core::{Core, HandRefused, Input, Manual};
use crate::faults::{Active, Clear, Fault, InvalidFault, Switch};
use crate::information::{Article, Bulletin};
use crate::market::{Halt, ImpossibleMarket, MarketEvent, Quote, Trade};
use crate::time::SimTime;

pub use clock::{NoPace, Pace};
pub use hub::Counters;

use clock::Clock;
use hub::Hub;
use listener::Command;

/// How long the clock waits for clients that do not read when it runs as fast as it can; then they are dropped.
const STALL_S: u64 = 5;
/// How many bytes a pipe holds in each direction before its writer waits.
const PIPE_BYTES: usize = 64 * 1024;

/// A running simulator. Dropping it stops it.
///
/// ```
/// use tokio::io::AsyncReadExt;
/// use tws_sim::TwsSim;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sim = TwsSim::builder().seed(7).start().await?;
/// let mut socket = tokio::net::TcpStream::connect(sim.address()).await?;
/// # use tokio::io::AsyncWriteExt;
/// socket.write_all(b"API\0\0\0\0\x09v100..226").await?;
/// let mut answer = [0; 8];
/// socket.read_exact(&mut answer).await?;
/// assert_eq!(&answer[4..8], b"226\0");
/// sim.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TwsSim {
    address: SocketAddr,
    version: ServerVersion,
    hub: Arc<Hub>,
    commands: mpsc::Sender<Command>,
    /// Nobody listens where the simulator is reached by pipes alone.
    listener: Option<JoinHandle<()>>,
    clock: JoinHandle<()>,
    /// The clients that came by pipe.
    pipes: Mutex<JoinSet<()>>,
}

/// What a shell starts with.
pub(crate) struct ShellSetup {
    /// Where to listen; nowhere without.
    pub(crate) address: Option<SocketAddr>,
    pub(crate) version: ServerVersion,
    pub(crate) pace: Pace,
    pub(crate) seed: u64,
    pub(crate) faults: Vec<Fault>,
}

/// No instrument has this name. Add one with [`Builder::instrument`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the simulator knows no instrument {name:?}; add it with Builder::instrument")]
pub struct UnknownInstrument {
    /// What was asked for.
    pub name: String,
}

/// Why a market does not show what it was told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotShown {
    /// There is no such instrument.
    #[error(transparent)]
    Unknown(#[from] UnknownInstrument),
    /// No market shows that.
    #[error(transparent)]
    Impossible(#[from] ImpossibleMarket),
}

impl TwsSim {
    /// Where every simulator starts.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) async fn start(core: Core, setup: ShellSetup) -> std::io::Result<Self> {
        let ShellSetup { address, version, pace, seed, faults } = setup;
        let socket = match address {
            Some(address) => Some(listener::bind(address).await?),
            None => None,
        };
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let address = socket.as_ref().map_or(Ok(nowhere), tokio::net::TcpListener::local_addr)?;
        let clock = Clock::new(core.now(), pace);
        let hub = Arc::new(Hub::new(core, clock, seed));
        for fault in faults {
            hub.inject(fault);
        }
        let (commands, orders) = mpsc::channel(4);
        let listener = socket.map(|socket| tokio::spawn(listener::run(socket, orders, Arc::clone(&hub), version)));
        let clock = tokio::spawn(clock::run(Arc::clone(&hub)));
        tracing::info!(%address, %version, "listening");
        Ok(Self { address, version, hub, commands, listener, clock, pipes: Mutex::new(JoinSet::new()) })
    }

    /// Where it listens; port 0 where it is reached by pipes alone.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The simulated time at which it began. The first row of every tape happens then, and every other row as much
    /// later as it was recorded.
    #[must_use]
    pub fn started_at(&self) -> SimTime {
        self.hub.read(Core::started_at)
    }

    /// The simulated time.
    #[must_use]
    pub fn now(&self) -> SimTime {
        self.hub.now()
    }

    /// How many clients have started their API session.
    #[must_use]
    pub fn clients(&self) -> usize {
        self.hub.read(|core| core.clients().count())
    }

    /// The broker's truth now: positions, cash, executions, orders.
    #[must_use]
    pub fn book(&self) -> Book {
        self.hub.read(Book::of)
    }

    /// Places an order by hand, as the user of TWS does. API clients hear of it as they do of such orders: client 0 where
    /// it asked, the master client, and whoever asks for all open orders.
    ///
    /// # Errors
    /// [`HandRefused`] says what TWS or the broker has against it.
    pub fn manual_order(&self, contract: Contract, order: Order) -> Result<PermanentId, HandRefused> {
        self.hub
            .act(|core, now| core.by_hand(Manual::Place { contract: Box::new(contract), order: Box::new(order) }, now))
    }

    /// Changes a live order by hand, also one of an API client.
    ///
    /// # Errors
    /// [`HandRefused`], where TWS has something against it or no live order has this number.
    pub fn change_by_hand(
        &self,
        permanent_id: PermanentId,
        change: impl FnOnce(&mut Order),
    ) -> Result<PermanentId, HandRefused> {
        self.hub.act(|core, now| {
            let Some(record) = core.live_by_permanent_id(permanent_id) else {
                return (Err(HandRefused::Unknown { permanent_id }), Vec::new());
            };
            let mut order = record.order.clone();
            change(&mut order);
            core.by_hand(Manual::Change { permanent_id, order: Box::new(order) }, now)
        })
    }

    /// Cancels a live order by hand, also one of an API client.
    ///
    /// # Errors
    /// [`HandRefused::Unknown`], where no live order has this number.
    pub fn cancel_by_hand(&self, permanent_id: PermanentId) -> Result<PermanentId, HandRefused> {
        self.hub.act(|core, now| core.by_hand(Manual::Cancel { permanent_id }, now))
    }

    /// IB publishes a bulletin now: clients that asked for bulletins hear it.
    pub fn publish_bulletin(&self, kind: BulletinKind, exchange: impl Into<String>, text: impl Into<String>) {
        let (exchange, text) = (exchange.into(), text.into());
        self.hub.step(Input::Bulletin(Bulletin { time: self.now(), kind, exchange, text }));
    }

    /// An article comes now: clients that asked for news of its companies get the headline.
    pub fn publish_article(&self, article: Article) {
        self.hub.step(Input::Article(article));
    }

    /// Shows a quote of 1000 units on both sides. The instrument's market stands still from now on but for what is
    /// handed in.
    ///
    /// # Errors
    /// [`NotShown`] where no instrument has this name, or no market shows such a price or size.
    pub fn quote(&self, instrument: &str, bid: impl Into<Decimal>, ask: impl Into<Decimal>) -> Result<(), NotShown> {
        let size = Decimal::ONE_THOUSAND;
        self.quote_with_sizes(instrument, Quote::new(bid.into(), size, ask.into(), size))
    }

    /// Shows a quote; see [`TwsSim::quote`].
    ///
    /// # Errors
    /// [`NotShown`] where no instrument has this name, or no market shows such a price or size.
    pub fn quote_with_sizes(&self, instrument: &str, quote: Quote) -> Result<(), NotShown> {
        self.market_event(instrument, MarketEvent::Quote(quote))
    }

    /// Shows a trade between others; see [`TwsSim::quote`].
    ///
    /// # Errors
    /// [`NotShown`] where no instrument has this name, or no market shows such a price or size.
    pub fn trade(&self, instrument: &str, trade: Trade) -> Result<(), NotShown> {
        self.market_event(instrument, MarketEvent::Trade(trade))
    }

    /// Stops trading in an instrument, or lets it go on with [`Halt::None`].
    ///
    /// # Errors
    /// [`UnknownInstrument`] where no instrument has this name.
    pub fn halt(&self, instrument: &str, halt: Halt) -> Result<(), UnknownInstrument> {
        let contract = self.named(instrument)?;
        self.hub.step(Input::Halt { contract, halt });
        Ok(())
    }

    /// Resets the book of an instrument: clients are told to empty theirs (317) and hear all of it again.
    ///
    /// # Errors
    /// [`UnknownInstrument`] where no instrument has this name.
    pub fn reset_book(&self, instrument: &str) -> Result<(), UnknownInstrument> {
        let contract = self.named(instrument)?;
        self.hub.step(Input::ResetBook { contract });
        Ok(())
    }

    /// A connection without a socket: the client's end of a pipe. It works in paused time. Where the simulator lets nobody
    /// in, the pipe is closed.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn connect(&self) -> DuplexStream {
        let (client, server) = tokio::io::duplex(PIPE_BYTES);
        if let Some(line) = self.hub.admit() {
            let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
            while pipes.try_join_next().is_some() {} // those that ended
            pipes.spawn(client::serve(server, line, Arc::clone(&self.hub), self.version));
        }
        client
    }

    /// Lets something go wrong, now or from now on.
    ///
    /// # Errors
    /// [`InvalidFault`] where it means nothing.
    pub fn inject(&self, fault: impl Into<Fault>) -> Result<(), InvalidFault> {
        let fault = fault.into();
        fault.check()?;
        self.hub.inject(fault);
        Ok(())
    }

    /// Switches a fault off, for everybody.
    pub fn clear(&self, switch: Switch) {
        self.hub.clear(Clear { switch: Some(switch), client: None });
    }

    /// Switches every fault off. What it did stays done.
    pub fn clear_faults(&self) {
        self.hub.clear(Clear::default());
    }

    /// Switches off what is named.
    pub fn clear_some(&self, clear: Clear) {
        self.hub.clear(clear);
    }

    /// The faults that stand.
    #[must_use]
    pub fn faults(&self) -> Vec<Active> {
        self.hub.faults()
    }

    /// How fast time passes.
    #[must_use]
    pub fn pace(&self) -> Pace {
        self.hub.pace()
    }

    /// Lets time pass faster or slower from now on.
    ///
    /// # Errors
    /// [`NoPace`] where time cannot pass like that.
    pub fn set_pace(&self, pace: Pace) -> Result<(), NoPace> {
        if !pace.is_possible() {
            return Err(NoPace);
        }
        self.hub.set_pace(pace);
        Ok(())
    }

    /// Lets simulated time pass at once, with everything that is due in it. Clients read nothing meanwhile, so that one with
    /// a market that moves by itself is dropped as one that does not read, where it is long; see
    /// [`TwsSim::advance_in_runs`].
    pub fn advance(&self, time: Duration) {
        self.hub.advance(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
    }

    /// The same in short runs: between them clients read what they were told, and others are served.
    pub async fn advance_in_runs(&self, time: Duration) {
        self.hub.advance_in_runs(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)).await;
    }

    /// What was counted since it began.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.hub.counters()
    }

    /// Looks at the core as it is now.
    pub fn look<T>(&self, look: impl FnOnce(&Core) -> T) -> T {
        self.hub.read(look)
    }

    /// How many messages wait for each connection.
    #[must_use]
    pub fn waiting(&self) -> Vec<usize> {
        self.hub.waiting().into_iter().map(|(_, count)| count).collect()
    }

    /// Cuts every connection at once, without a word. New ones are accepted.
    pub fn drop_connections(&self) {
        self.hub.cut_all();
    }

    /// Stops listening: whoever connects is refused, until [`TwsSim::accept_connections`]. Live connections stay.
    pub async fn refuse_connections(&self) {
        let (done, is_done) = oneshot::channel();
        // Where the listener is gone, nobody is accepted anyway.
        if self.commands.send(Command::Refuse(done)).await.is_ok() {
            let _ = is_done.await;
        }
    }

    /// Listens again at the same address.
    ///
    /// # Errors
    /// What the system says when somebody else took the port in the meantime.
    pub async fn accept_connections(&self) -> std::io::Result<()> {
        let (done, is_done) = oneshot::channel();
        let gone = || std::io::Error::other("the simulator has stopped");
        self.commands.send(Command::Accept(done)).await.map_err(|_| gone())?;
        is_done.await.map_err(|_| gone())?
    }

    /// Stops listening, cuts every connection and ends every task.
    pub async fn shutdown(mut self) {
        self.stop();
        self.hub.cut_all();
        // An aborted task ends in an error that says so.
        let _ = (&mut self.clock).await;
        if let Some(listener) = &mut self.listener {
            let _ = listener.await;
        }
        let mut pipes = std::mem::take(&mut *self.pipes.lock().unwrap_or_else(PoisonError::into_inner));
        pipes.shutdown().await;
    }

    fn market_event(&self, instrument: &str, event: MarketEvent) -> Result<(), NotShown> {
        self.hub.market_event(instrument, event)
    }

    pub(crate) const fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    fn named(&self, instrument: &str) -> Result<ContractId, UnknownInstrument> {
        let contract = self.hub.read(|core| core.catalogue().by_name(instrument).map(|found| found.contract_id));
        contract.ok_or_else(|| UnknownInstrument { name: instrument.to_owned() })
    }
}

impl TwsSim {
    fn stop(&self) {
        self.clock.abort();
        if let Some(listener) = &self.listener {
            listener.abort(); // and with it the clients, which it owns
        }
    }
}

impl Drop for TwsSim {
    fn drop(&mut self) {
        self.stop();
    }
}
