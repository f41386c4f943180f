//! A long history in pieces that TWS allows, put together; broken off and gone on with from a cursor that is plain text.
//!
//! `cargo run -p tws-client --example long_history`

use jiff::{SignedDuration, Timestamp};
use tws_client::history::{BarHistory, Bars, Cursor, Direction, Span};
use tws_client::{Client, Config};
use tws_proto::Contract;
use tws_proto::kinds::{BarSize, DataToShow};
use tws_sim::TwsSim;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sim = TwsSim::builder().seed(7).start().await?;
    let config = Config { port: sim.address().port(), ..Config::paper() };
    let (client, driver) = Client::connect(config)?;
    tokio::spawn(driver.run());
    client.ready(std::time::Duration::from_secs(10)).await?;

    let bars = Bars {
        contract: Contract::stock("IBM", "USD"),
        bar_size: BarSize::Seconds30,
        data_to_show: DataToShow::Trades,
        regular_hours_only: true,
    };
    let until = Timestamp::from_second(sim.started_at().seconds())?;
    let weeks = Span { from: until - SignedDuration::from_hours(21 * 24), until };

    // The first process: three requests, then it is stopped.
    let mut history = BarHistory::new(&client, bars.clone(), Cursor::new(weeks, Direction::Backward));
    let mut count = 0;
    for _ in 0..3 {
        count += history.next().await?.map_or(0, |piece| piece.items.len());
    }
    let kept = history.cursor().to_string();
    println!("{count} bars so far; go on from: {kept}");

    // Another one goes on.
    let mut history = BarHistory::new(&client, bars, kept.parse()?);
    let rest = history.rest(|progress| println!("{} %, {} requests", progress.percent(), progress.requests)).await?;
    println!("{} bars in all, the oldest {:?}", count + rest.len(), rest.first().map(|bar| &bar.date));
    client.shutdown().await;
    sim.shutdown().await;
    Ok(())
}
