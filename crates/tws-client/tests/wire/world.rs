//! A client with its streams, and a simulated TWS at the other end of its pipes, in paused time.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;
use tokio::io::{DuplexStream, ReadHalf, WriteHalf, split};
use tws_client::{
    Config, Connector, LaneEvent, MarketData, OrderEvents, Reason, StateChange, Tick, TickByTickData, TradingClient,
    Update,
};
use tws_proto::ids::OrderId;
use tws_proto::kinds::{Action, TickByTickKind};
use tws_proto::message::{ClientMessage, PlaceOrder, TickEvent};
use tws_proto::{Contract, Order, ServerVersion};
use tws_sim::{SimTime, TwsSim};

use crate::support::{BID, SECOND};

/// Makes connections to a simulator.
pub(crate) struct Pipes(pub(crate) Arc<TwsSim>);

impl Connector for Pipes {
    type Reader = ReadHalf<DuplexStream>;
    type Writer = WriteHalf<DuplexStream>;

    fn connect(&mut self) -> impl Future<Output = io::Result<(Self::Reader, Self::Writer)>> + Send + 'static {
        let pipe = self.0.connect();
        async move { Ok(split(pipe)) }
    }
}

/// Of these there is a stream of quotes each.
pub(crate) const QUOTED: [&str; 12] =
    ["IBM", "SPY", "BAC", "AAPL", "MSFT", "TSLA", "QQQ", "F", "AMZN", "GOOG", "META", "NVDA"];
/// Of these there is a stream of single quotes, too.
const SINGLES: [&str; 3] = ["IBM", "MSFT", "NVDA"];

pub(crate) struct World {
    pub(crate) sim: Arc<TwsSim>,
    pub(crate) client: TradingClient,
    pub(crate) lane: OrderEvents,
    quotes: Vec<MarketData>,
    /// What they are of.
    names: [&'static str; 12],
    singles: Vec<TickByTickData>,
    /// The last price shown; each is shown once.
    price: i64,
    first_order: i32,
}

/// What the streams have told since they were last asked.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Streams {
    pub(crate) gaps: usize,
    /// Bids of this price.
    bids: usize,
    singles: usize,
}

impl World {
    /// A session that is ready, with all streams alive.
    pub(crate) async fn at(version: i32) -> Self {
        Self::with(version, Config::paper()).await
    }

    pub(crate) async fn with(version: i32, config: Config) -> Self {
        Self::of(simulator().await, version, config).await
    }

    /// A session with this simulator.
    pub(crate) async fn of(sim: Arc<TwsSim>, version: i32, config: Config) -> Self {
        let config = Config { newest_version: ServerVersion(version), ..config };
        let (client, driver) = TradingClient::connect_with(config, Pipes(Arc::clone(&sim))).unwrap();
        let lane = client.take_order_events().unwrap();
        tokio::spawn(driver.run());
        let quotes = QUOTED.iter().map(|name| client.market_data(&stock(name), &[]).unwrap()).collect();
        let kind = TickByTickKind::BidAsk;
        let singles = SINGLES.iter().map(|name| client.tick_by_tick(&stock(name), kind.clone()).unwrap()).collect();
        let ready = client.ready(60 * SECOND).await.unwrap();
        assert_eq!(ready.server_version, ServerVersion(version));
        let first_order = ready.next_order_id.0;
        let mut world = Self { sim, client, lane, quotes, names: QUOTED, singles, price: 100, first_order };
        tokio::time::sleep(5 * SECOND).await;
        world.drain(0);
        world
    }

    /// Waits until the session is ready in a later epoch than this.
    pub(crate) async fn ready_after(&self, epoch: u64) {
        let mut states = self.client.state();
        let ready = states.wait_for(|state| state.epoch.0 > epoch && state.is_ready());
        tokio::time::timeout(120 * SECOND, ready).await.expect("it did not come back").unwrap();
    }

    /// Waits until the epoch was lost, and says why.
    pub(crate) async fn lost(&self) -> Reason {
        let mut states = self.client.state();
        let lost = states.wait_for(|state| !state.is_ready() && state.reason.is_some());
        let state = tokio::time::timeout(60 * SECOND, lost).await.expect("it was not lost").unwrap();
        state.reason.clone().unwrap()
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.client.state().borrow().epoch.0
    }

    /// Every stream is alive exactly once: each hears a new quote once, and nothing comes that nobody asked for. Gives
    /// how many gaps the streams have told since they were last asked.
    pub(crate) async fn alive_once(&mut self) -> usize {
        // Whatever is still to be asked for has its turn.
        tokio::time::sleep(3 * SECOND).await;
        let counts = self.client.counts();
        assert_eq!((counts.subscriptions, counts.subscriptions_live), (15, 15), "{counts:?}");
        assert_eq!((counts.waiters, counts.requests, counts.frames_waiting), (0, 0, 0), "{counts:?}");
        let gaps = self.drain(0).gaps;
        let strays = self.client.counts().stray_messages;
        self.price += 1;
        for name in QUOTED {
            self.sim.quote(name, self.price, self.price + 5).unwrap();
        }
        tokio::time::sleep(SECOND).await;
        let heard = self.drain(self.price);
        assert_eq!(heard, Streams { gaps: 0, bids: QUOTED.len(), singles: SINGLES.len() });
        assert_eq!(self.client.counts().stray_messages, strays, "somebody else's tick came");
        gaps
    }

    /// Drops the oldest stream of quotes, and asks for one of the same anew.
    pub(crate) fn renew_a_stream(&mut self) {
        drop(self.quotes.remove(0));
        self.names.rotate_left(1);
        let name = self.names[QUOTED.len() - 1];
        self.quotes.push(self.client.market_data(&stock(name), &[]).unwrap());
    }

    /// Reads every stream to its end; none may have ended. Bids of another price than this are not counted.
    pub(crate) fn drain(&mut self, price: i64) -> Streams {
        let mut heard = Streams::default();
        for (place, stream) in self.quotes.iter_mut().enumerate() {
            let mut bids = 0;
            while let Some(update) = stream.try_recv() {
                match update {
                    Update::Data(Tick::Price(tick)) if tick.kind == BID && tick.price == Some(price.into()) => {
                        bids += 1
                    }
                    Update::Gap { .. } => heard.gaps += 1,
                    Update::Data(_) | Update::Notice(_) => {}
                    Update::Ended(error) => panic!("the stream of {} ended: {error}", self.names[place]),
                }
            }
            assert!(bids <= 1, "{bids} bids of {}", self.names[place]);
            heard.bids += bids;
        }
        for stream in &mut self.singles {
            while let Some(update) = stream.try_recv() {
                match update {
                    Update::Data(TickEvent::BidAsk(tick)) if tick.bid_price == Some(price.into()) => heard.singles += 1,
                    Update::Ended(error) => panic!("a stream of single ticks ended: {error}"),
                    _ => {}
                }
            }
        }
        heard
    }

    /// Reads the order lane to its end, and gives the changes of the link.
    pub(crate) fn changes(&mut self) -> Vec<StateChange> {
        let mut changes = Vec::new();
        while let Some(event) = self.lane.try_recv() {
            if let LaneEvent::State(change) = event {
                changes.push(change);
            }
        }
        changes
    }

    /// Places this many orders that rest far from the market; gives their ids.
    pub(crate) async fn rest(&mut self, count: i32) -> Vec<OrderId> {
        let ids: Vec<_> = (self.first_order..self.first_order + count).map(OrderId).collect();
        self.first_order += count;
        for few in ids.chunks(20) {
            self.client.send_order_messages(few.iter().map(|id| place(*id)).collect()).unwrap();
            tokio::time::sleep(SECOND).await;
        }
        ids
    }
}

/// 7 October 2013, 13:00 in New York: hours before the end of a day, whatever the clock of the machine says.
const START: SimTime = SimTime(1_381_165_200_000);

/// A TWS whose markets stand still but for what is shown by hand.
pub(crate) async fn simulator() -> Arc<TwsSim> {
    Arc::new(TwsSim::builder().seed(7).start_time(START).still_markets().in_memory().start().await.unwrap())
}

pub(crate) fn stock(name: &str) -> Contract {
    Contract::stock(name, "USD")
}

fn place(order_id: OrderId) -> ClientMessage {
    let order = Order::limit(Action::Buy, 10.into(), Decimal::ONE);
    Box::new(PlaceOrder { order_id, contract: stock("IBM"), order, attached: None }).into()
}

/// So long that whatever waits must have ended.
pub(crate) const LONG: Duration = Duration::from_secs(120);
