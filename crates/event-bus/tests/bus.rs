//! The promises of the crate, as a subscriber and a publisher see them.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use event_bus::{Bus, Closed, Delivery, Queue, Subscription, on, on_any};
use futures_core::Stream;
use proptest::prelude::*;

type Quote = (u8, u64);

/// What a subscriber can take without waiting, and the end if it has come.
fn drained<T>(subscription: &mut Subscription<T>) -> (Vec<Delivery<T>>, Option<Closed>) {
    let mut deliveries = Vec::new();
    loop {
        match subscription.try_recv() {
            Ok(Some(delivery)) => deliveries.push(delivery),
            Ok(None) => return (deliveries, None),
            Err(reason) => return (deliveries, Some(reason)),
        }
    }
}

fn events<T>(events: impl IntoIterator<Item = T>) -> Vec<Delivery<T>> {
    events.into_iter().map(Delivery::Event).collect()
}

/// Publishes all and forgets what the bus says.
fn publish_all<E: 'static>(bus: &Bus<E>, events: impl IntoIterator<Item = E>) {
    for event in events {
        let _ = bus.publish(&event);
    }
}

/// Publishes 0..published into one queue; nobody reads until the end.
#[track_caller]
fn check_backlog(queue: Queue<u64>, published: u64, expected: (Vec<Delivery<u64>>, Option<Closed>)) {
    let bus = Bus::new();
    let mut subscription = bus.subscribe(queue);
    publish_all(&bus, 0..published);
    assert_eq!(drained(&mut subscription), expected);
}

#[test]
fn a_full_queue_does_what_its_constructor_says() {
    let overflowed = |capacity| Some(Closed::Overflowed { capacity });
    check_backlog(Queue::lossless(3), 3, (events(0..3), None));
    check_backlog(Queue::lossless(3), 4, (events(0..3), overflowed(3)));
    check_backlog(Queue::lossless(0), 2, (events(0..1), overflowed(1)));
    check_backlog(Queue::drop_oldest(3), 3, (events(0..3), None));
    check_backlog(Queue::drop_oldest(0), 1, (events(0..1), None));
    let gap = |missed, rest: std::ops::Range<u64>| {
        let mut deliveries = vec![Delivery::Missed(missed)];
        deliveries.extend(events(rest));
        (deliveries, None)
    };
    check_backlog(Queue::drop_oldest(3), 5, gap(2, 2..5));
    let parity = |value: &u64| value % 2;
    check_backlog(Queue::latest_by_key(2, parity), 9, (events([8, 7]), None));
    check_backlog(Queue::latest_by_key(3, |value| *value), 5, gap(2, 2..5));
    check_backlog(Queue::latest_by_key(1, parity), 5, gap(4, 4..5));
}

#[test]
fn a_gap_is_told_where_it_happened() {
    let bus = Bus::new();
    let mut subscription = bus.subscribe(Queue::drop_oldest(2));
    publish_all(&bus, 0..2);
    assert_eq!(subscription.try_recv(), Ok(Some(Delivery::Event(0))));
    publish_all(&bus, 2..6);
    let (seen, _) = drained(&mut subscription);
    assert_eq!(seen, [Delivery::Missed(3), Delivery::Event(4), Delivery::Event(5)]);
    assert_eq!(subscription.counts().missed, 3);
    publish_all(&bus, 6..7);
    assert_eq!(drained(&mut subscription).0, events([6]), "a gap is told once");
}

#[test]
fn conflation_keeps_places_and_counts() {
    let bus = Bus::new();
    let mut quotes = bus.subscribe(Queue::latest_by_key(8, |quote: &Quote| quote.0));
    publish_all(&bus, [(1, 10), (2, 20), (1, 11), (1, 12), (3, 30), (2, 21)]);
    let counts = quotes.counts();
    assert_eq!((counts.waiting, counts.queued, counts.conflated, counts.missed), (3, 6, 3, 0));
    assert_eq!(quotes.try_recv(), Ok(Some(Delivery::Event((1, 12)))));
    // Its value is gone, so the key queues anew at the end.
    publish_all(&bus, [(1, 13), (3, 31)]);
    assert_eq!(drained(&mut quotes).0, events([(2, 21), (3, 31), (1, 13)]));
    assert_eq!(quotes.counts().conflated, 4);
}

#[test]
fn a_slow_subscriber_costs_its_own_queue_only() {
    /// Counts how many copies of it are alive.
    struct Tracked(Arc<AtomicUsize>, u64);
    impl Clone for Tracked {
        fn clone(&self) -> Self {
            self.0.fetch_add(1, Ordering::Relaxed);
            Self(Arc::clone(&self.0), self.1)
        }
    }
    impl Drop for Tracked {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }
    let alive = Arc::new(AtomicUsize::new(0));
    let bus: Bus<Tracked> = Bus::new();
    let mut lossless = bus.subscribe(Queue::lossless(10));
    let mut lossy = bus.subscribe(Queue::drop_oldest(20));
    let mut latest = bus.subscribe(Queue::latest_by_key(30, |tracked: &Tracked| tracked.1 % 30));
    let mut quick = bus.subscribe_map(Queue::lossless(1), |tracked: &Tracked| Some(tracked.1));
    let mut ended = Vec::new();
    for number in 0..10_000 {
        alive.fetch_add(1, Ordering::Relaxed);
        let published = bus.publish(&Tracked(Arc::clone(&alive), number));
        ended.extend(published.closed.into_iter().map(|ended| (number, ended.id, ended.reason)));
        assert_eq!(quick.try_recv(), Ok(Some(Delivery::Event(number))));
        assert!(alive.load(Ordering::Relaxed) <= 10 + 20 + 30, "only queued copies are alive");
    }
    let overflowed = Closed::Overflowed { capacity: 10 };
    assert_eq!(ended, [(10, lossless.id(), overflowed)], "the publisher is told, once");
    let numbers = |(deliveries, end): (Vec<Delivery<Tracked>>, Option<Closed>)| {
        let numbers: Vec<_> = deliveries.into_iter().filter_map(Delivery::event).map(|tracked| tracked.1).collect();
        (numbers, end)
    };
    assert_eq!(numbers(drained(&mut lossless)), ((0..10).collect(), Some(overflowed)));
    assert_eq!(lossy.counts().missed, 9_980);
    assert_eq!(numbers(drained(&mut lossy)), ((9_980..10_000).collect(), None));
    assert_eq!((latest.counts().conflated, latest.counts().missed), (9_970, 0));
    assert_eq!(numbers(drained(&mut latest)).0.len(), 30);
    assert_eq!(alive.load(Ordering::Relaxed), 0);
}

#[test]
fn filters_projections_and_routes() {
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    enum Kind {
        Quote,
        Order,
        Fill,
    }
    let bus = Bus::new();
    let kind = |event: &(Kind, u32)| event.0;
    let mut all = bus.subscribe(Queue::lossless(8));
    let mut big = bus.subscribe_where(Queue::lossless(8), |event: &(Kind, u32)| event.1 > 1);
    let mut fills = bus.subscribe_where(Queue::lossless(8), on(kind, Kind::Fill));
    let mut trading = bus.subscribe_where(Queue::lossless(8), on_any(kind, [Kind::Order, Kind::Fill]));
    let mut texts =
        bus.subscribe_map(Queue::lossless(8), |event| (event.0 == Kind::Quote).then(|| event.1.to_string()));
    let published = [(Kind::Quote, 1), (Kind::Order, 1), (Kind::Quote, 2), (Kind::Fill, 3)];
    let queued: Vec<usize> = published.iter().map(|event| bus.publish(event).queued).collect();
    assert_eq!(queued, [2, 2, 3, 4]);
    assert_eq!(drained(&mut all).0, events(published));
    assert_eq!(drained(&mut big).0, events([(Kind::Quote, 2), (Kind::Fill, 3)]));
    assert_eq!(drained(&mut fills).0, events([(Kind::Fill, 3)]));
    assert_eq!(drained(&mut trading).0, events([(Kind::Order, 1), (Kind::Fill, 3)]));
    assert_eq!(drained(&mut texts).0, events(["1".to_owned(), "2".to_owned()]));
}

#[test]
fn a_dropped_subscription_is_gone() {
    let bus = Bus::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let first = bus.subscribe_where(Queue::lossless(1), move |_: &u64| {
        counted.fetch_add(1, Ordering::Relaxed);
        true
    });
    let second = bus.subscribe(Queue::lossless(1));
    let ids = |bus: &Bus<u64>| bus.subscribers().into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    assert_eq!(ids(&bus), [first.id(), second.id()]);
    drop(first);
    assert_eq!(ids(&bus), [second.id()]);
    let published = bus.publish(&1);
    assert_eq!((published.queued, published.closed.len()), (1, 0));
    assert_eq!(calls.load(Ordering::Relaxed), 0, "its filter is not called any more");
    assert_eq!(Arc::strong_count(&calls), 1, "and is dropped");
    for _ in 0..1_000 {
        drop(bus.subscribe(Queue::lossless(1)));
    }
    assert_eq!(ids(&bus), [second.id()]);
    assert_eq!(bus.publish(&2).closed.len(), 1, "the second was full");
    assert_eq!(ids(&bus), []);
}

#[tokio::test]
async fn the_last_handle_ends_the_streams_after_what_is_queued() {
    let bus = Bus::new();
    let mut read = bus.subscribe(Queue::lossless(4));
    let mut streamed = bus.subscribe(Queue::lossless(4));
    let clone = bus.clone();
    drop(bus);
    publish_all(&clone, 0..2);
    drop(clone);
    assert_eq!(drained(&mut read), (events(0..2), Some(Closed::BusDropped)));
    assert_eq!(read.recv().await, Err(Closed::BusDropped), "and stays so");
    assert_eq!(collected(&mut streamed).await, [Ok(Delivery::Event(0)), Ok(Delivery::Event(1))]);
}

#[tokio::test]
async fn a_stream_yields_a_bad_end_once() {
    let bus = Bus::new();
    let mut streamed = bus.subscribe(Queue::lossless(1));
    publish_all(&bus, 0..3);
    let overflowed = Closed::Overflowed { capacity: 1 };
    assert_eq!(collected(&mut streamed).await, [Ok(Delivery::Event(0)), Err(overflowed)]);
    assert_eq!(streamed.try_recv(), Err(overflowed));
}

#[tokio::test]
async fn a_waiting_reader_is_woken() {
    let bus: Bus<u64> = Bus::new();
    let mut subscription = bus.subscribe(Queue::lossless(4));
    let (delivery, queued) = tokio::join!(biased; subscription.recv(), async { bus.publish(&7).queued });
    assert_eq!((delivery, queued), (Ok(Delivery::Event(7)), 1));
    let (end, ()) = tokio::join!(biased; subscription.recv(), async { drop(bus) });
    assert_eq!(end, Err(Closed::BusDropped));
}

#[test]
fn a_cancelled_wait_loses_nothing() {
    let bus = Bus::new();
    let mut subscription = bus.subscribe(Queue::lossless(4));
    let mut context = Context::from_waker(Waker::noop());
    assert!(pin!(subscription.recv()).poll(&mut context).is_pending());
    publish_all(&bus, 0..2);
    assert!(matches!(pin!(subscription.recv()).poll(&mut context), Poll::Ready(Ok(Delivery::Event(0)))));
    assert_eq!(drained(&mut subscription).0, events([1]));
}

#[test]
fn a_panic_in_user_code_ends_that_subscription_only() {
    let bus: Bus<u64> = Bus::new();
    let mut before = bus.subscribe(Queue::lossless(8));
    let mut by_filter = bus.subscribe_where(Queue::lossless(8), |event| 10 / (3 - event) > 0);
    let mut by_key = bus.subscribe(Queue::latest_by_key(8, |event: &u64| 10 / (3 - event)));
    let acting = bus.clone();
    let mut by_publishing = bus.subscribe_where(Queue::lossless(8), move |event| acting.publish(event).queued > 0);
    let mut after = bus.subscribe(Queue::lossless(8));
    let closed: Vec<usize> = (0..5).map(|event| bus.publish(&event).closed.len()).collect();
    assert_eq!(closed, [1, 0, 0, 2, 0], "publishing from a filter is refused at once, dividing by zero at 3");
    assert_eq!(drained(&mut before), (events(0..5), None));
    assert_eq!(drained(&mut by_filter), (events(0..3), Some(Closed::FilterPanicked)));
    assert_eq!(drained(&mut by_key), (events(0..3), Some(Closed::FilterPanicked)));
    assert_eq!(drained(&mut by_publishing), (vec![], Some(Closed::FilterPanicked)));
    assert_eq!(drained(&mut after), (events(0..5), None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_subscribers_see_one_order_of_many_publishers() {
    const EACH: u64 = 2_000;
    let bus = Bus::new();
    let mut readers: Vec<_> = (0..2).map(|_| bus.subscribe(Queue::lossless(8 * 2_000))).collect();
    let publishers: Vec<_> = (0..4_u64)
        .map(|publisher| {
            let bus = bus.clone();
            tokio::task::spawn_blocking(move || publish_all(&bus, (0..EACH).map(|number| (publisher, number))))
        })
        .collect();
    let first = tokio::spawn(async move { received(&mut readers.remove(0), readers).await });
    for publisher in publishers {
        publisher.await.expect("publishers do not panic");
    }
    drop(bus);
    let (first, mut others) = first.await.expect("readers do not panic");
    let (second, _) = received(&mut others.remove(0), ()).await;
    assert_eq!(first, second);
    assert_eq!(first.len() as u64, 4 * EACH);
    for publisher in 0..4 {
        let numbers: Vec<u64> = first.iter().filter(|event| event.0 == publisher).map(|event| event.1).collect();
        assert!(numbers.into_iter().eq(0..EACH), "publisher {publisher} keeps its own order");
    }
}

/// Everything until the bus is dropped; hands `kept` back.
async fn received<T, K>(subscription: &mut Subscription<T>, kept: K) -> (Vec<T>, K) {
    let mut events = Vec::new();
    loop {
        match subscription.recv().await {
            Ok(delivery) => events.extend(delivery.event()),
            Err(reason) => {
                assert_eq!(reason, Closed::BusDropped);
                return (events, kept);
            }
        }
    }
}

async fn collected<T>(subscription: &mut Subscription<T>) -> Vec<Result<Delivery<T>, Closed>> {
    let mut items = Vec::new();
    while let Some(item) = poll_fn(|context| Pin::new(&mut *subscription).poll_next(context)).await {
        items.push(item);
    }
    items
}

/// A step of a script: publish a value, or read one delivery.
#[derive(Clone, Debug)]
enum Step {
    Publish(Quote),
    Read,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let publish = (0..6_u8, 0..1_000_u64).prop_map(Step::Publish);
    proptest::collection::vec(prop_oneof![2 => publish, 1 => Just(Step::Read)], 0..200)
}

proptest! {
    /// Against a model in a plain list: order, gaps and counts of the two lossy queues.
    #[test]
    fn lossy_queues_equal_their_model(script in steps(), capacity in 1..8_usize, conflate in any::<bool>()) {
        let bus = Bus::new();
        let latest = || Queue::latest_by_key(capacity, |quote: &Quote| quote.0);
        let queue = if conflate { latest() } else { Queue::drop_oldest(capacity) };
        let mut subscription = bus.subscribe(queue);
        let (mut model, mut gap, mut missed, mut conflated) = (Vec::<Quote>::new(), 0, 0, 0);
        for step in script {
            match step {
                Step::Publish(quote) => {
                    let _ = bus.publish(&quote);
                    match model.iter().position(|waiting| conflate && waiting.0 == quote.0) {
                        Some(index) => { model[index] = quote; conflated += 1; }
                        None => {
                            if model.len() == capacity { model.remove(0); gap += 1; missed += 1; }
                            model.push(quote);
                        }
                    }
                }
                Step::Read => {
                    let expected = if gap > 0 { Some(Delivery::Missed(std::mem::take(&mut gap))) }
                        else if model.is_empty() { None } else { Some(Delivery::Event(model.remove(0))) };
                    prop_assert_eq!(subscription.try_recv(), Ok(expected));
                }
            }
            let counts = subscription.counts();
            prop_assert_eq!((counts.waiting, counts.missed, counts.conflated), (model.len(), missed, conflated));
        }
    }
}
