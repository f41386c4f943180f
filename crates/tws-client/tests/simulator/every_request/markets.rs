//! Live markets.

use std::time::Duration;

use tws_client::feed::{DepthBook, DepthUpdate};
use tws_client::{Subscription, Tick, Update};
use tws_proto::kinds::{DataToShow, GenericTick, MarketDataKind, TickByTickKind, TickKind};
use tws_proto::message::{RequestMarketDepth, TickEvent};
use tws_sim::Trade;

use super::{Desk, Table, decimal, plain};

pub(super) async fn ask(version: i32, table: &mut Table) {
    let desk = Desk::new(version).await;
    desk.quote_ibm("181.5", "181.6");
    quotes(&desk, table).await;
    singles(&desk, table).await;
    depth(&desk, table).await;
    bars(&desk, table).await;
}

fn trade(desk: &Desk, price: &str, size: i64) {
    let trade = Trade { price: decimal(price), size: size.into(), exchange: "N".to_owned() };
    desk.sim.trade("IBM", trade).unwrap();
}

/// Bid and ask, once both are there.
async fn best(desk: &Desk, quotes: &mut Subscription<Tick>) -> String {
    let (mut bid, mut ask) = (None, None);
    while bid.is_none() || ask.is_none() {
        match desk.next(quotes).await {
            Tick::Price(tick) if tick.kind == TickKind::Bid => bid = tick.price,
            Tick::Price(tick) if tick.kind == TickKind::Ask => ask = tick.price,
            _ => {}
        }
    }
    format!("bid {} ask {}", plain(bid), plain(ask))
}

async fn quotes(desk: &Desk, table: &mut Table) {
    let ibm = desk.ibm().await;
    let mut quotes = desk.client.market_data(&ibm, &[GenericTick::RealTimeVolume]).unwrap();
    let first = best(desk, &mut quotes).await;
    desk.quote_ibm("181.55", "181.65");
    let then = best(desk, &mut quotes).await;
    table.add_case("REQ_MKT_DATA", "streamed", "market_data", format!("{first}, then {then}"));
    let dropped = desk.drop_stream(quotes, |sim| sim.quote("IBM", decimal("181.5"), decimal("181.6")).unwrap()).await;
    table.add("CANCEL_MKT_DATA", "drop of market_data", dropped);

    let snapshot = desk.client.snapshot(&ibm).await.unwrap();
    let price = |kind| {
        let of = |tick: &Tick| matches!(tick, Tick::Price(tick) if tick.kind == kind);
        snapshot.iter().find(|tick| of(tick)).map(|tick| match tick {
            Tick::Price(tick) => plain(tick.price),
            other => panic!("{other:?}"),
        })
    };
    let (bid, ask) = (price(TickKind::Bid).unwrap(), price(TickKind::Ask).unwrap());
    let regulatory = desk.client.regulatory_snapshot(&ibm).await.unwrap();
    assert!(!regulatory.is_empty());
    let told = format!("bid {bid} ask {ask}");
    table.add_case("REQ_MKT_DATA", "a snapshot", "snapshot, regulatory_snapshot", told);

    desk.client.choose_data_kind(MarketDataKind::Delayed);
    let mut delayed = desk.client.market_data(&ibm, &[]).unwrap();
    let kind = loop {
        if let Tick::DataKind(kind) = desk.next(&mut delayed).await {
            break kind;
        }
    };
    // A login with live data gets live data.
    table.add("REQ_MARKET_DATA_TYPE", "choose_data_kind", format!("the next stream says {kind:?}"));
    desk.client.choose_data_kind(MarketDataKind::Live);
}

async fn singles(desk: &Desk, table: &mut Table) {
    let ibm = desk.ibm().await;
    let mut singles = desk.client.tick_by_tick(&ibm, TickByTickKind::AllLast).unwrap();
    desk.settle().await;
    trade(desk, "181.57", 40);
    let TickEvent::AllLast(tick) = desk.next(&mut singles).await else { panic!("another kind of tick") };
    let told = format!("{} at {} on {}", plain(tick.size), plain(tick.price), tick.exchange);
    table.add("REQ_TICK_BY_TICK_DATA", "tick_by_tick", told);
    let dropped = desk.drop_stream(singles, |_| trade(desk, "181.58", 1)).await;
    table.add("CANCEL_TICK_BY_TICK_DATA", "drop of tick_by_tick", dropped);
}

async fn depth(desk: &Desk, table: &mut Table) {
    let ibm = desk.ibm().await;
    let request = RequestMarketDepth::of(&ibm, 3).smart();
    let mut rows: Subscription<DepthUpdate> = desk.client.subscribe(request).unwrap();
    let mut book = DepthBook::default();
    while book.bids().len() < 3 || book.asks().len() < 3 {
        book.take(&Update::Data(desk.next(&mut rows).await));
    }
    let prices =
        |rows: &[tws_proto::message::DepthRow]| rows.iter().map(|row| plain(row.price)).collect::<Vec<_>>().join(" ");
    assert!(book.is_sound());
    let told = format!("bids {} asks {}", prices(book.bids()), prices(book.asks()));
    table.add("REQ_MKT_DEPTH", "depth", told);
    let dropped = desk.drop_stream(rows, |sim| sim.quote("IBM", decimal("181.4"), decimal("181.7")).unwrap()).await;
    table.add("CANCEL_MKT_DEPTH", "drop of depth", dropped);
    desk.quote_ibm("181.5", "181.6");

    let exchanges = desk.client.depth_exchanges().await.unwrap();
    let first = &exchanges[0];
    let kind = first.security_type.as_ref().unwrap().as_str();
    let told = format!("{} exchanges, first {} {kind}", exchanges.len(), first.exchange);
    table.add("REQ_MKT_DEPTH_EXCHANGES", "depth_exchanges", told);
}

async fn bars(desk: &Desk, table: &mut Table) {
    let ibm = desk.ibm().await;
    let mut bars = desk.client.real_time_bars(&ibm, DataToShow::MidPoint).unwrap();
    desk.settle().await;
    desk.sim.advance(Duration::from_secs(5));
    let bar = desk.next(&mut bars).await;
    let after = (bar.time_s.unwrap() * 1000 - super::START.0) / 1000;
    table.add("REQ_REAL_TIME_BARS", "real_time_bars", format!("start + {after} s, closed at {}", plain(bar.close)));
    let dropped = desk.drop_stream(bars, |sim| sim.advance(Duration::from_secs(10))).await;
    table.add("CANCEL_REAL_TIME_BARS", "drop of real_time_bars", dropped);
}
