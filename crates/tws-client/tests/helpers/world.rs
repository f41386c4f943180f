//! A simulated TWS and a session with it.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{DuplexStream, ReadHalf, WriteHalf, split};
use tws_client::{Config, Connector, TradingClient};
use tws_proto::Contract;
use tws_sim::{Builder, SimTime, TwsSim};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

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

/// A Wednesday at three in the afternoon, in New York.
const START: SimTime = SimTime(1_784_746_800_000);

/// A TWS whose markets stand still but for what is shown by hand.
pub(crate) async fn simulator() -> Arc<TwsSim> {
    Arc::new(still().start().await.unwrap())
}

/// The same, before it starts.
pub(crate) fn still() -> Builder {
    TwsSim::builder().seed(7).start_time(START).still_markets().in_memory()
}

/// A session that is not ready yet; its driver runs.
pub(crate) fn session(sim: &Arc<TwsSim>, config: Config) -> TradingClient {
    let (client, driver) = TradingClient::connect_with(config, Pipes(Arc::clone(sim))).unwrap();
    tokio::spawn(driver.run());
    client
}

/// A simulator and a session that is ready.
pub(crate) async fn ready() -> (Arc<TwsSim>, TradingClient) {
    let sim = simulator().await;
    let client = session(&sim, Config::paper());
    client.ready(60 * SECOND).await.unwrap();
    (sim, client)
}

pub(crate) fn stock(name: &str) -> Contract {
    Contract::stock(name, "USD")
}
