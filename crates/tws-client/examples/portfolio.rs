//! Accounts, positions, open orders and fills, kept up to date beside one's own reader of the order lane.
//!
//! `cargo run -p tws-client --example portfolio`

use std::time::Duration;

use tws_client::{Config, Portfolio, TradingClient};
use tws_proto::kinds::Action;
use tws_proto::message::PlaceOrder;
use tws_proto::{Contract, Order};
use tws_sim::TwsSim;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sim = TwsSim::builder().seed(7).position("DU1234567", "IBM", 100, 90).start().await?;
    let config = Config { port: sim.address().port(), ..Config::paper() };
    let (client, driver) = TradingClient::connect(config)?;
    let lane = client.take_order_events().ok_or("somebody else reads the order lane")?;
    let (portfolio, mut events) = Portfolio::follow(&client, lane);
    // One's own reader: every event comes here, after the view has seen it.
    tokio::spawn(async move { while events.recv().await.is_some() {} });
    tokio::spawn(driver.run());
    portfolio.current(Duration::from_secs(30)).await?;

    let order_id = client.next_order_id().await?;
    let order = Order::market(Action::Buy, 10.into());
    let place = PlaceOrder { order_id, contract: Contract::stock("IBM", "USD"), order, attached: None };
    client.send_order_messages(vec![Box::new(place).into()])?;
    portfolio.watch().wait_for(|view| view.fills().any(|fill| fill.cost.is_some())).await?;

    let view = portfolio.view();
    for position in view.positions() {
        println!("position {} {}", position.contract.symbol, position.position.unwrap_or_default());
    }
    for fill in view.fills() {
        let cost = fill.cost.as_ref().and_then(|cost| cost.commission);
        println!("filled {} at {:?}, cost {cost:?}", fill.data.contract.symbol, fill.data.execution.price);
    }
    println!("worth {:?} USD, {:?}", view.number("DU1234567", "NetLiquidation", "USD"), &*view);
    drop(view);
    client.shutdown().await;
    sim.shutdown().await;
    Ok(())
}
