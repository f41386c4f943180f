//! The areas, each a function that asks what there is to ask and prints the answers.

mod accounts;
mod advisors;
mod contracts;
mod history;
mod market_data;
mod news;
mod orders;
mod scanners;
mod settings;

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tws_client::stream::Conflate;
use tws_client::{Config, Subscription, TradingClient, Update};
use tws_sim::advisor::{AdvisorGroup, AdvisorSetup, GroupMethod};
use tws_sim::time::SimTime;
use tws_sim::{Builder, TwsSim};

pub(crate) type Outcome = Result<(), Box<dyn Error>>;
type Area = fn(&Desk) -> Pin<Box<dyn Future<Output = Outcome> + Send + '_>>;

/// Every area.
pub(crate) const AREAS: &[(&str, Area)] = &[
    ("market_data", |desk| Box::pin(market_data::show(desk))),
    ("history", |desk| Box::pin(history::show(desk))),
    ("contracts", |desk| Box::pin(contracts::show(desk))),
    ("accounts", |desk| Box::pin(accounts::show(desk))),
    ("orders", |desk| Box::pin(orders::show(desk))),
    ("news", |desk| Box::pin(news::show(desk))),
    ("scanners", |desk| Box::pin(scanners::show(desk))),
    ("advisors", |desk| Box::pin(advisors::show(desk))),
    ("settings", |desk| Box::pin(settings::show(desk))),
];

/// A client, and the simulator that it talks to.
pub(crate) struct Desk {
    sim: TwsSim,
    client: TradingClient,
}

/// Shows one area: starts a simulator, connects, asks, and ends the session cleanly.
pub(crate) async fn show(name: &str) -> Outcome {
    let (_, area) = AREAS.iter().find(|(known, _)| *known == name).ok_or("no such area")?;
    // 7 October 2013, 13:00 in New York: the markets are open.
    let builder = TwsSim::builder().seed(7).still_markets().start_time(SimTime(1_381_165_200_000));
    let builder = if name == "advisors" { advisor(builder) } else { builder.position("DU1234567", "IBM", 300, 180) };
    let sim = builder.start().await?;
    let (host, port) = (sim.address().ip().to_string(), sim.address().port());
    let (client, driver) = TradingClient::connect(Config { host, port, ..Config::paper() })?;
    tokio::spawn(driver.run());
    client.ready(Duration::from_secs(20)).await?;
    sim.quote("IBM", 181, 182)?;
    let desk = Desk { sim, client };
    area(&desk).await?;
    desk.client.shutdown().await;
    desk.sim.shutdown().await;
    Ok(())
}

/// The login of a financial advisor with two accounts.
fn advisor(builder: Builder) -> Builder {
    let group = AdvisorGroup::new("Both", GroupMethod::Equal, ["DU1", "DU2"]);
    builder.account("DU1").account("DU2").advisor(AdvisorSetup::new("DF1").with_group(group))
}

/// The next data of a stream.
async fn next<T: Conflate>(stream: &mut Subscription<T>) -> Result<T, Box<dyn Error>> {
    while let Some(update) = stream.recv().await {
        match update {
            Update::Data(data) => return Ok(data),
            Update::Notice(notice) => println!("{} {}", notice.code, notice.text),
            Update::Gap { epoch } => println!("data was missed; it comes from connection {} now", epoch.0),
            Update::Ended(error) => return Err(error.into()),
        }
    }
    Err("the stream has ended".into())
}
