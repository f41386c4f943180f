//! The options on a stock: one request for the chain, then the few that are wanted, resolved a few at a time.
//!
//! `cargo run -p tws-client --example option_chain`

use tws_client::{Client, Config, Contracts, OptionChain, OptionFilter, Strikes};
use tws_proto::Contract;
use tws_proto::kinds::OptionRight;
use tws_sim::TwsSim;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sim = TwsSim::builder().seed(7).start().await?;
    let config = Config { port: sim.address().port(), ..Config::paper() };
    let (client, driver) = Client::connect(config)?;
    tokio::spawn(driver.run());
    client.ready(std::time::Duration::from_secs(10)).await?;

    let contracts = Contracts::new(&client);
    let chain = OptionChain::load(&contracts, &Contract::stock("AAPL", "USD")).await?;
    let all = chain.select(&OptionFilter::default());
    println!("{} options may exist on {}", all.len(), chain.underlying.details.long_name);

    let middle = all.get(all.len() / 2).and_then(|option| option.strike).unwrap_or_default();
    let near = OptionFilter {
        strikes: Strikes::Nearest { to: middle, count: 2 },
        right: Some(OptionRight::Call),
        ..OptionFilter::default()
    };
    let mut batch = contracts.batch(chain.select(&near), 4);
    while let Some((wanted, found)) = batch.next().await {
        let progress = batch.progress();
        let expiry = &wanted.last_trade_date_or_month;
        let strike = wanted.strike.unwrap_or_default();
        match found {
            Ok(found) => println!("{}/{} {}", progress.done, progress.total, found.contract.local_symbol),
            Err(error) => println!("{}/{} {} {strike}: {error}", progress.done, progress.total, &**expiry),
        }
    }
    client.shutdown().await;
    sim.shutdown().await;
    Ok(())
}
