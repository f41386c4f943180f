//! Quotes, snapshots, single ticks, books.

use tws_client::feed::DepthBook;
use tws_client::{Tick, Update};
use tws_proto::Contract;
use tws_proto::kinds::{GenericTick, MarketDataKind, TickByTickKind};
use tws_proto::message::RequestMarketDepth;

use super::{Desk, Outcome, next};

pub(super) async fn show(Desk { sim, client }: &Desk) -> Outcome {
    client.choose_data_kind(MarketDataKind::Live);
    let ibm = client.contract_details(&Contract::stock("IBM", "USD")).await?.remove(0).contract;

    // A stream begins when it is made, survives reconnects, and ends when it is dropped.
    let mut quotes = client.market_data(&ibm, &[GenericTick::RealTimeVolume])?;
    let mut prices = 0;
    while prices < 2 {
        if let Tick::Price(tick) = next(&mut quotes).await? {
            println!("{:?} {:?} x {:?}", tick.kind, tick.price, tick.size);
            prices += 1;
        }
    }

    for tick in client.snapshot(&ibm).await?.iter().take(3) {
        println!("snapshot: {tick:?}");
    }

    let mut singles = client.tick_by_tick(&ibm, TickByTickKind::BidAsk)?;
    client.server_time().await?; // TWS has heard of the stream
    sim.quote("IBM", 183, 184)?;
    println!("single: {:?}", next(&mut singles).await?);

    let mut depth = client.subscribe(RequestMarketDepth::of(&ibm, 3).smart())?;
    let mut book = DepthBook::default();
    while book.bids().len() < 3 || book.asks().len() < 3 {
        book.take(&Update::Data(next(&mut depth).await?));
    }
    println!("best bid {:?}, best ask {:?}", book.bids()[0].price, book.asks()[0].price);
    Ok(())
}
