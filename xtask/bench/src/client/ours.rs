//! Our client, used as a strategy uses it: a task for each line, which waits for the next update.

use std::hint::black_box;
use std::time::{Duration, Instant};

use tws_client::config::Pacing;
use tws_client::{Config, Delivery, MarketData, Tick, TradingClient, Update};
use tws_proto::Contract;
use tws_proto::ids::OrderId;
use tws_proto::message::RequestMarketData;

use super::contender::{Setting, Taken};
use super::raw::place;
use super::server::END;

/// How many ticks of a line may wait. Where more did, the stream would end, and the benchmark with it: nothing is lost in
/// silence.
const UPDATES_MAX: usize = 16_384;

/// Every tick to the task of its line.
pub(super) async fn ticks(setting: Setting) -> Taken {
    let (_client, streams) = connect(&setting, Config::paper()).await;
    let tasks: Vec<_> = streams.into_iter().map(|stream| tokio::spawn(read(stream))).collect();
    let mut lines = Vec::new();
    for task in tasks {
        lines.push(task.await.expect("a line is read to its end"));
    }
    Taken::all(lines)
}

async fn read(mut stream: MarketData) -> Taken {
    let mut taken = Taken::none();
    while let Some(update) = stream.recv().await {
        match update {
            Update::Data(Tick::Price(tick)) if tick.kind == END => break,
            Update::Data(tick) => {
                black_box(tick);
                taken.count();
            }
            Update::Gap { .. } | Update::Notice(_) | Update::Ended(_) => {
                unreachable!("the server sends ticks alone")
            }
        }
    }
    taken.last = Instant::now();
    taken
}

/// An order for each tick.
pub(super) async fn orders(setting: Setting) -> Taken {
    answer(setting, Config::paper()).await
}

/// The same, where the driver sleeps at once.
pub(super) async fn orders_sleepy(setting: Setting) -> Taken {
    answer(setting, Config { idle_looks: 0, ..Config::paper() }).await
}

async fn answer(setting: Setting, config: Config) -> Taken {
    let (client, streams) = connect(&setting, config).await;
    let mut stream = streams.into_iter().next().expect("one line was asked for");
    let mut taken = Taken::none();
    let mut order_id = 0;
    while let Some(update) = stream.recv().await {
        match update {
            Update::Data(Tick::Price(tick)) if tick.kind == END => break,
            Update::Data(_) => {
                order_id += 1;
                let order = Box::new(place(OrderId(order_id))).into();
                client.send_order_messages(vec![order]).expect("the session is ready");
                taken.count();
            }
            Update::Gap { .. } | Update::Notice(_) | Update::Ended(_) => {
                unreachable!("the server sends ticks alone")
            }
        }
    }
    taken.last = Instant::now();
    taken
}

/// A session at the speed of the machine: the limit on frames is out of the way, all else is as by default.
async fn connect(setting: &Setting, config: Config) -> (TradingClient, Vec<MarketData>) {
    let config = Config {
        port: setting.port,
        newest_version: setting.version,
        pacing: Pacing { frames_per_second: 1_000_000, ..Pacing::default() },
        ..config
    };
    let (client, driver) = TradingClient::connect(config).expect("a good configuration");
    tokio::spawn(driver.run());
    client.ready(Duration::from_secs(10)).await.expect("the server answers");
    let streams = (0..setting.lines).map(|at| {
        let contract = Contract::stock(&format!("T{at}"), "USD");
        let feed = RequestMarketData { contract, ..RequestMarketData::default() };
        let lossless = Delivery::Lossless { updates_max: UPDATES_MAX };
        client.subscribe_with(feed, lossless).expect("there is room for a stream")
    });
    let streams = streams.collect();
    (client, streams)
}
