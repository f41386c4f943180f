//! A client at a simulated TWS, in paused time, and what it told.

use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tokio::io::{DuplexStream, ReadHalf, WriteHalf, split};
use tokio::time::Instant;
use tws_client::config::WallClock;
use tws_client::{
    Alarm, Config, Connector, LaneEvent, OrderEvents, Phase, SessionEvent, SessionEvents, State, TradingClient,
};
use tws_proto::ids::OrderId;
use tws_proto::kinds::Action;
use tws_proto::message::{ClientMessage, PlaceOrder};
use tws_proto::{Contract, Order};
use tws_sim::{Builder, TwsSim};

/// Tuesday, 24 November 2026, 15:00 UTC: no server resets then.
pub(crate) const NO_RESET: u64 = 1_795_532_400;

/// Makes connections to a simulator, and counts them.
struct Lines {
    sim: Arc<TwsSim>,
    dialled: Arc<AtomicU64>,
}

impl Connector for Lines {
    type Reader = ReadHalf<DuplexStream>;
    type Writer = WriteHalf<DuplexStream>;

    fn connect(&mut self) -> impl Future<Output = io::Result<(Self::Reader, Self::Writer)>> + Send + 'static {
        self.dialled.fetch_add(1, Ordering::Relaxed);
        let pipe = self.sim.connect();
        async move { Ok(split(pipe)) }
    }
}

pub(crate) struct Desk {
    pub(crate) sim: Arc<TwsSim>,
    pub(crate) client: TradingClient,
    pub(crate) lane: OrderEvents,
    alarms: Arc<Mutex<Vec<Alarm>>>,
    dialled: Arc<AtomicU64>,
}

/// A paper login outside of all resets.
pub(crate) fn config() -> Config {
    let began = SystemTime::UNIX_EPOCH + Duration::from_secs(NO_RESET);
    Config { wall_clock: WallClock::BeganAt(began), ..Config::paper() }
}

pub(crate) fn builder() -> Builder {
    TwsSim::builder().seed(7).still_markets().in_memory()
}

/// Keeps the alarms; this listener is always in time.
async fn listen(mut events: SessionEvents, alarms: Arc<Mutex<Vec<Alarm>>>) {
    while let Some(event) = events.recv().await {
        match event {
            SessionEvent::Alarm(alarm) => alarms.lock().unwrap().push(alarm),
            SessionEvent::Missed(missed) => panic!("{missed} events were missed"),
            _ => {}
        }
    }
}

impl Desk {
    /// A session that begins now, at a simulator in which things may go wrong from the start.
    pub(crate) async fn open(builder: Builder, config: Config) -> Self {
        let sim = Arc::new(builder.start().await.unwrap());
        let dialled = Arc::new(AtomicU64::new(0));
        let lines = Lines { sim: Arc::clone(&sim), dialled: Arc::clone(&dialled) };
        let (client, driver) = TradingClient::connect_with(config, lines).unwrap();
        let lane = client.take_order_events().unwrap();
        let alarms = Arc::default();
        tokio::spawn(listen(client.events(), Arc::clone(&alarms)));
        tokio::spawn(driver.run());
        Self { sim, client, lane, alarms, dialled }
    }

    /// A session that is ready.
    pub(crate) async fn ready() -> Self {
        let desk = Self::open(builder(), config()).await;
        desk.client.ready(Duration::from_secs(5)).await.unwrap();
        desk
    }

    /// Waits until the state fits, and says after how much time.
    #[track_caller]
    pub(crate) fn until(&self, fits: impl Fn(&State) -> bool) -> impl Future<Output = Duration> {
        let mut states = self.client.state();
        let began = Instant::now();
        async move {
            let waited = tokio::time::timeout(Duration::from_secs(24 * 3600), states.wait_for(|state| fits(state)));
            waited.await.expect("it never came").expect("the session ended");
            began.elapsed()
        }
    }

    /// How often it connected so far.
    pub(crate) fn dialled(&self) -> u64 {
        self.dialled.load(Ordering::Relaxed)
    }

    pub(crate) fn phase(&self) -> Phase {
        self.client.state().borrow().phase
    }

    /// The alarms since they were last asked for.
    pub(crate) fn alarms(&mut self) -> Vec<Alarm> {
        std::mem::take(&mut *self.alarms.lock().unwrap())
    }

    /// What the order lane told since it was last asked.
    pub(crate) fn told(&mut self) -> Vec<LaneEvent> {
        std::iter::from_fn(|| self.lane.try_recv()).collect()
    }
}

pub(crate) fn stock(symbol: &str) -> Contract {
    Contract::stock(symbol, "USD")
}

/// An order that rests far from the market.
pub(crate) fn resting(order_id: i32) -> ClientMessage {
    let order = Order::limit(Action::Buy, 10.into(), 1.into());
    Box::new(PlaceOrder { order_id: OrderId(order_id), contract: stock("IBM"), order, attached: None }).into()
}

/// An order that fills at once.
pub(crate) fn market(order_id: i32, quantity: i32) -> ClientMessage {
    let order = Order::market(Action::Buy, quantity.into());
    Box::new(PlaceOrder { order_id: OrderId(order_id), contract: stock("IBM"), order, attached: None }).into()
}

pub(crate) const SECOND: Duration = Duration::from_secs(1);
