//! [`Desk`]: a simulator whose markets stand still, and traders at it.

use std::time::Duration;

use event_bus::{Queue, Subscription};
use order::{OrderUpdate, State};
use rust_decimal::Decimal;
use tempfile::TempDir;
use trader::prelude::*;
use trader::{Alarm, StartError, TraderState};
use tws_sim::orders::OrderRecord;
use tws_sim::{Builder, SimTime, TwsSim};

/// Nothing here takes this long: a test that waits longer has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// How often something is looked at that tells nobody when it changes.
const LOOK: Duration = Duration::from_millis(5);
/// The account of the simulator.
pub(crate) const ACCOUNT: &str = "DU1234567";
/// 7 October 2013, 13:00 in New York.
const START: SimTime = SimTime(1_381_165_200_000);

pub(crate) struct Desk {
    pub(crate) sim: TwsSim,
    pub(crate) config: TraderConfig,
    _folder: TempDir,
}

pub(crate) fn simulator() -> Builder {
    let acme = tws_sim::Instrument::stock(900_001, "ACME", "USD", Decimal::TEN);
    let beta = tws_sim::Instrument::stock(900_002, "BETA", "USD", Decimal::TEN);
    TwsSim::builder().seed(7).start_time(START).instrument(acme).instrument(beta).still_markets()
}

impl Desk {
    pub(crate) async fn open() -> Self {
        Self::with(simulator()).await
    }

    pub(crate) async fn with(builder: Builder) -> Self {
        let sim = builder.start().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut config = TraderConfig::paper();
        (config.host, config.port) = (sim.address().ip().to_string(), sim.address().port());
        config.journal = folder.path().join("trader.db");
        config.lock_folder = Some(folder.path().to_owned());
        config.limits.quote_age_max_ms = 120_000; // markets stand still
        let desk = Self { sim, config, _folder: folder };
        desk.quote("ACME", "9.99", "10.01");
        desk.quote("BETA", "19.99", "20.01");
        desk
    }

    pub(crate) fn quote(&self, symbol: &str, bid: &str, ask: &str) {
        self.sim.quote(symbol, number(bid), number(ask)).unwrap();
    }

    pub(crate) async fn trader(&self) -> Trader {
        Trader::builder(self.config.clone()).start().await.unwrap()
    }

    /// A trader whose every moment is told.
    pub(crate) async fn watched_trader(&self, watcher: impl Fn(trader::Moment) + Send + Sync + 'static) -> Trader {
        Trader::builder(self.config.clone()).on_moment(watcher).start().await.unwrap()
    }

    /// A market, watched and quoted.
    pub(crate) async fn watch(&self, trader: &Handle, symbol: &str) -> Instrument {
        let mut quotes = listen(trader, |event| match event {
            Event::Quote(quote) if quote.is_two_sided() => Some(quote.contract_id),
            _ => None,
        });
        let instrument = trader.watch(&Contract::stock(symbol, "USD")).await.unwrap();
        while heard(&mut quotes).await != instrument.id() {}
        instrument
    }

    /// The orders of this trader that the broker has ever heard of.
    pub(crate) fn orders(&self) -> Vec<OrderRecord> {
        self.sim.book().orders().filter(|order| order.key.client == self.config.client_id).cloned().collect()
    }

    /// Waits until the broker's book satisfies `reached`.
    pub(crate) async fn broker(&self, what: &str, reached: impl Fn(&[OrderRecord]) -> bool) {
        let reached = async {
            while !reached(&self.orders()) {
                tokio::time::sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(PATIENCE, reached).await.is_err() {
            panic!("{what} did not come: {:?}", self.orders());
        }
    }

    pub(crate) fn holds(&self, symbol: &str) -> Decimal {
        self.sim.book().position(ACCOUNT, symbol)
    }
}

#[track_caller]
pub(crate) fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// Everything on the bus from now on of which `pick` makes something.
pub(crate) fn listen<T: Send + 'static>(
    trader: &Handle,
    pick: impl Fn(&Event) -> Option<T> + Send + 'static,
) -> Subscription<T> {
    trader.bus().subscribe_map(Queue::lossless(4096), pick)
}

pub(crate) fn alarms(trader: &Handle) -> Subscription<Alarm> {
    listen(trader, |event| match event {
        Event::Alarm(alarm) => Some(alarm.clone()),
        _ => None,
    })
}

pub(crate) fn states(trader: &Handle) -> Subscription<TraderState> {
    listen(trader, |event| match event {
        Event::State(state) => Some(state.clone()),
        _ => None,
    })
}

pub(crate) async fn heard<T>(subscription: &mut Subscription<T>) -> T {
    let heard = tokio::time::timeout(PATIENCE, subscription.recv()).await.expect("nothing was heard");
    heard.unwrap().event().expect("nothing is missing from a lossless queue")
}

/// The first that fits of what is heard.
pub(crate) async fn hear<T: std::fmt::Debug>(subscription: &mut Subscription<T>, fits: impl Fn(&T) -> bool) -> T {
    let mut others = Vec::new();
    let found = async {
        loop {
            let next = subscription.recv().await.unwrap().event().unwrap();
            if fits(&next) {
                return next;
            }
            others.push(next);
        }
    };
    match tokio::time::timeout(PATIENCE, found).await {
        Ok(found) => found,
        Err(_) => panic!("only others were heard: {others:?}"),
    }
}

/// Waits until the books satisfy `reached`, looking again after every round.
pub(crate) async fn books(
    trader: &Handle,
    what: &str,
    reached: impl Fn(&trader::Books) -> bool + Send + Sync + Clone + 'static,
) {
    let reached = async {
        while !trader.inspect(reached.clone()).await.unwrap() {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.unwrap_or_else(|_| panic!("{what} did not come"));
}

/// Waits until the trader is in a phase, in its epoch after `epoch`.
pub(crate) async fn back(trader: &Handle, epoch: u64) {
    let back = async {
        loop {
            if trader.state().epoch > epoch && trader.ready(PATIENCE).await.is_ok() {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(PATIENCE, back).await.unwrap_or_else(|_| panic!("not back: {:?}", trader.state()));
}

pub(crate) fn is_working(update: &OrderUpdate) -> bool {
    matches!(update.state, State::Working(_))
}

pub(crate) fn is_unknown(update: &OrderUpdate) -> bool {
    matches!(update.state, State::Unknown(_))
}

/// Why a trader did not start.
pub(crate) async fn refused(config: TraderConfig) -> StartError {
    match Trader::builder(config).start().await {
        Ok(_) => panic!("it should not have started"),
        Err(error) => error,
    }
}
