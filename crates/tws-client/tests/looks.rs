//! Whoever has answered with an order looks at the socket before it sleeps, and what it finds is as if the driver had.

mod support;

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use support::{BID, Pipes, SECOND, place, session_over, short};
use tokio::io::{AsyncRead, ReadBuf, ReadHalf};
use tokio::io::{DuplexStream, WriteHalf};
use tws_client::{Config, Connector, Epoch, LaneEvent, MarketData, Phase, Reason, Tick, TradingClient, Update};
use tws_proto::Contract;
use tws_proto::ids::{OrderId, RequestId};
use tws_proto::kinds::Status;
use tws_proto::message::{NewsProviders, OrderStatus, ServerMessage};

/// Pipes that can be looked at.
struct Glass(Pipes);

/// Reads from a pipe, and remembers who sleeps on it, for a pipe knows nobody else.
struct Watched(ReadHalf<DuplexStream>, Option<Waker>);

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.1 = Some(context.waker().clone());
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl Connector for Glass {
    type Reader = Watched;
    type Writer = WriteHalf<DuplexStream>;

    fn connect(&mut self) -> impl Future<Output = io::Result<(Self::Reader, Self::Writer)>> + Send + 'static {
        let connecting = self.0.connect();
        async move {
            let (reader, writer) = connecting.await?;
            Ok((Watched(reader, None), writer))
        }
    }

    fn look(reader: &mut Watched, bytes: &mut [u8]) -> io::Result<usize> {
        let waker = reader.1.clone().expect("nobody looks before the driver has read");
        let mut buffer = ReadBuf::new(bytes);
        match Pin::new(&mut reader.0).poll_read(&mut Context::from_waker(&waker), &mut buffer) {
            Poll::Ready(read) => read.map(|()| buffer.filled().len()),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

/// A session with one stream, and nothing under way.
struct World {
    client: TradingClient,
    listener: support::Listener,
    peer: support::Peer,
    ticks: MarketData,
    request_id: RequestId,
}

impl World {
    async fn new(idle_looks: u32) -> Self {
        let (client, mut listener, _driver) = session_over(Config { idle_looks, ..Config::paper() }, Glass);
        let mut peer = listener.ready().await;
        client.ready(SECOND).await.unwrap();
        let ticks = client.market_data(&Contract::stock("IBM", "USD"), &[]).unwrap();
        let request_id = peer.hear_market_data().await;
        settle().await;
        Self { client, listener, peer, ticks, request_id }
    }

    /// A tick comes and is read; nothing is done about it.
    async fn tick(&mut self, price: i64) {
        self.peer.bid(self.request_id, price).await;
        assert_eq!(price_of(self.ticks.recv().await), price);
    }

    /// A tick comes and is answered.
    async fn tick_and_order(&mut self, price: i64, order_id: i32) {
        self.tick(price).await;
        self.client.send_order_messages(vec![place(order_id)]).unwrap();
    }

    /// What the stream has without anybody else having a turn.
    fn now(&mut self) -> Option<i64> {
        match poll_once(self.ticks.recv()) {
            Poll::Ready(update) => Some(price_of(update)),
            Poll::Pending => None,
        }
    }
}

fn price_of(update: Option<Update<Tick>>) -> i64 {
    match update {
        Some(Update::Data(Tick::Price(tick))) if tick.kind == BID => i64::try_from(tick.price.unwrap()).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn poll_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Everybody sleeps.
async fn settle() {
    tokio::time::sleep(SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn who_has_answered_reads_what_comes_next_without_the_driver() {
    let mut world = World::new(3).await;
    world.tick_and_order(1, 100).await;
    for price in 2..20 {
        world.peer.bid(world.request_id, price).await;
        assert_eq!(world.now(), Some(price));
        world.client.send_order_messages(vec![place(99 + price as i32)]).unwrap();
    }
    assert_eq!(world.now(), None);
    for order_id in 100..119 {
        assert_eq!(short(&[world.peer.hear().await]), [format!("place {order_id}")]);
    }
    // Nothing was counted twice, nothing is left, and the driver goes on where the reader has stopped.
    world.tick(20).await;
    assert_eq!((world.client.counts().stray_messages, world.now()), (0, None));
}

#[tokio::test(start_paused = true)]
async fn who_has_not_answered_leaves_it_to_the_driver() {
    let mut world = World::new(3).await;
    world.tick(1).await;
    world.peer.bid(world.request_id, 2).await;
    assert_eq!(world.now(), None);
    assert_eq!(price_of(world.ticks.recv().await), 2);
    // An order that answers something older is no answer, and an answer counts once.
    world.tick_and_order(3, 100).await;
    assert_eq!(world.now(), None);
    world.peer.bid(world.request_id, 4).await;
    assert_eq!(world.now(), None);
    assert_eq!(price_of(world.ticks.recv().await), 4);
}

#[tokio::test(start_paused = true)]
async fn who_sleeps_at_once_does_not_look() {
    let mut world = World::new(0).await;
    world.tick_and_order(1, 100).await;
    world.peer.bid(world.request_id, 2).await;
    assert_eq!(world.now(), None);
    assert_eq!(price_of(world.ticks.recv().await), 2);
}

#[tokio::test(start_paused = true)]
async fn where_others_were_given_something_they_come_first() {
    let mut world = World::new(3).await;
    let mut others = world.client.market_data(&Contract::stock("MSFT", "USD"), &[]).unwrap();
    let other_id = world.peer.hear_market_data().await;
    settle().await;
    world.peer.bid(other_id, 7).await;
    world.tick_and_order(1, 100).await;
    world.peer.bid(world.request_id, 2).await;
    assert_eq!(world.now(), None);
    assert_eq!(price_of(others.recv().await), 7);
    assert_eq!(price_of(world.ticks.recv().await), 2);
    // What one finds for the other wakes the other, and is not taken for one's own.
    settle().await;
    world.tick_and_order(3, 101).await;
    world.peer.bid(other_id, 8).await;
    assert_eq!(world.now(), None);
    assert!(matches!(poll_once(others.recv()), Poll::Ready(update) if price_of(update.clone()) == 8));
}

#[tokio::test(start_paused = true)]
async fn order_events_and_answers_that_it_finds_reach_whom_they_concern() {
    let mut world = World::new(3).await;
    let mut events = world.client.take_order_events().unwrap();
    let asking = tokio::spawn({
        let client = world.client.clone();
        async move { client.news_providers().await }
    });
    assert_eq!(short(&[world.peer.hear().await]), ["REQ_NEWS_PROVIDERS"]);
    settle().await;
    while events.try_recv().is_some() {}
    world.tick_and_order(1, 100).await;
    let status = OrderStatus { order_id: OrderId(100), status: Status::Submitted, ..OrderStatus::default() };
    world.peer.say(Box::new(status)).await;
    world.peer.say(NewsProviders::default()).await;
    assert_eq!(world.now(), None);
    let event = events.try_recv();
    assert!(matches!(&event, Some(LaneEvent::Message(ServerMessage::OrderStatus(_)))), "{event:?}");
    assert!(asking.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_end_that_it_finds_ends_the_epoch_as_ever() {
    for is_out_of_step in [false, true] {
        let mut world = World::new(3).await;
        world.tick_and_order(1, 100).await;
        if is_out_of_step {
            world.peer.say_raw(&[0xff; 4]).await;
        } else {
            world.peer.close().await;
        }
        assert_eq!(world.now(), None);
        let mut states = world.client.state();
        let lost = states.wait_for(|state| state.phase == Phase::Disconnected).await.unwrap().reason.clone();
        assert!(matches!(lost, Some(Reason::OutOfStep(_) | Reason::ClosedByPeer)), "{lost:?}");
        assert_eq!(is_out_of_step, matches!(lost, Some(Reason::OutOfStep(_))));
        let mut peer = world.listener.ready().await;
        assert_eq!(world.client.ready(SECOND).await.unwrap().epoch, Epoch(2));
        let request_id = peer.hear_market_data().await;
        assert!(matches!(world.ticks.recv().await, Some(Update::Gap { epoch: Epoch(2) })));
        peer.bid(request_id, 2).await;
        assert_eq!(price_of(world.ticks.recv().await), 2);
    }
}
