//! The `ibapi` crate, used as its examples use it, with the capacity that it has by default.

use std::hint::black_box;
use std::time::Instant;

use ibapi::Client;
use ibapi::contracts::Contract;
use ibapi::contracts::tick_types::TickType;
use ibapi::market_data::realtime::TickTypes;
use ibapi::orders::{Action, OrderId, order_builder};
use ibapi::subscriptions::{Subscription, SubscriptionItem};

use super::contender::{Setting, Taken};

/// Every tick to the task of its line; what its channel dropped is not counted as taken.
pub(super) async fn ticks(setting: Setting) -> Taken {
    let (_client, streams) = connect(&setting).await;
    let tasks: Vec<_> = streams.into_iter().map(|stream| tokio::spawn(read(stream))).collect();
    let mut lines = Vec::new();
    for task in tasks {
        lines.push(task.await.expect("a line is read to its end"));
    }
    Taken::all(lines)
}

async fn read(mut stream: Subscription<TickTypes>) -> Taken {
    let mut taken = Taken::none();
    while let Some(item) = next(&mut stream).await {
        match item.expect("the server sends what can be read") {
            SubscriptionItem::Data(TickTypes::PriceSize(tick)) if tick.price_tick_type == TickType::Close => break,
            SubscriptionItem::Data(TickTypes::Price(tick)) if tick.tick_type == TickType::Close => break,
            SubscriptionItem::Data(tick) => {
                black_box(tick);
                taken.count();
            }
            // How many ticks its channel dropped.
            SubscriptionItem::Notice(_) => {}
        }
    }
    taken.last = Instant::now();
    taken
}

/// An order for each tick, in the way that waits for no answer.
pub(super) async fn orders(setting: Setting) -> Taken {
    let (client, streams) = connect(&setting).await;
    let mut stream = streams.into_iter().next().expect("one line was asked for");
    let contract = Contract::stock("T0").build();
    let order = order_builder::limit_order(Action::Buy, 1.0, 184.55);
    let mut taken = Taken::none();
    let mut order_id = 0;
    while let Some(item) = next(&mut stream).await {
        match item.expect("the server sends what can be read") {
            SubscriptionItem::Data(TickTypes::PriceSize(tick)) if tick.price_tick_type == TickType::Close => break,
            SubscriptionItem::Data(TickTypes::Price(tick)) if tick.tick_type == TickType::Close => break,
            SubscriptionItem::Data(_) => {
                order_id += 1;
                client.submit_order(OrderId::new(order_id), &contract, &order).await.expect("it can travel");
                taken.count();
            }
            SubscriptionItem::Notice(_) => {}
        }
    }
    taken.last = Instant::now();
    taken
}

async fn next(stream: &mut Subscription<TickTypes>) -> Option<Result<SubscriptionItem<TickTypes>, ibapi::Error>> {
    std::future::poll_fn(|context| futures_core::Stream::poll_next(std::pin::Pin::new(&mut *stream), context)).await
}

async fn connect(setting: &Setting) -> (Client, Vec<Subscription<TickTypes>>) {
    let client = Client::connect(&format!("127.0.0.1:{}", setting.port), 1).await.expect("the server answers");
    let mut streams = Vec::new();
    for at in 0..setting.lines {
        let contract = Contract::stock(format!("T{at}")).build();
        streams.push(client.market_data(&contract).subscribe().await.expect("the server takes it"));
    }
    (client, streams)
}
