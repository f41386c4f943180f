//! Outages: each ends Ready, with every stream alive exactly once at TWS, every waiter answered or failed with a typed
//! error, and no order sent twice.

use tokio::task::JoinSet;
use tokio::time::Instant;
use tws_client::config::Timeouts;
use tws_client::{Client, Config, Reason, RequestError, StateChange, Upstream};
use tws_proto::message::{CancelOrder, ExecutionFilter};
use tws_sim::{Fault, Switch};

use crate::frames::{PROTOBUF, TEXT};
use crate::support::SECOND;
use crate::world::{LONG, QUOTED, World, stock};

pub(crate) type Waiters = JoinSet<Result<(), RequestError>>;

/// One of every kind of request: with an id, without one, of a value, of a list.
pub(crate) fn ask_everything(client: &Client) -> Waiters {
    let mut waiters = JoinSet::new();
    macro_rules! ask {
        ($($request:expr),* $(,)?) => {$({
            let client = client.clone();
            let request: fn(Client) -> _ = $request;
            waiters.spawn(async move { request(client).await });
        })*};
    }
    ask!(
        |client| async move { client.open_orders().await.map(drop) },
        |client| async move { client.all_open_orders().await.map(drop) },
        |client| async move { client.completed_orders().await.map(drop) },
        |client| async move { client.positions().await.map(drop) },
        |client| async move { client.executions(ExecutionFilter::default()).await.map(drop) },
        |client| async move { client.contract_details(&stock("IBM")).await.map(drop) },
        |client| async move { client.accounts().await.map(drop) },
        |client| async move { client.server_time().await.map(drop) },
        |client| async move { client.next_order_id().await.map(drop) },
        |client| async move { client.snapshot(&stock("SPY")).await.map(drop) },
    );
    waiters
}

/// What each waiter was told; none may wait long.
pub(crate) async fn told(waiters: Waiters) -> Vec<Result<(), RequestError>> {
    tokio::time::timeout(LONG, waiters.join_all()).await.expect("a waiter hangs")
}

/// Everything works again, and nothing was sent twice.
async fn recovered(world: &mut World, orders: usize) {
    assert!(world.client.state().borrow().is_ready());
    let answered = told(ask_everything(&world.client)).await;
    assert!(answered.iter().all(Result::is_ok), "{answered:?}");
    assert_eq!(world.sim.book().orders().count(), orders);
    assert_eq!(world.client.open_orders().await.unwrap().orders.len(), orders);
}

#[tokio::test(start_paused = true)]
async fn forty_minutes_without_tws_behind_handshakes_that_end_early() {
    for version in [TEXT, PROTOBUF] {
        let mut world = World::at(version).await;
        world.rest(3).await;
        // Requests are under way and have no answer when the connection is cut.
        world.sim.inject(Switch::RequestsLost).unwrap();
        let waiters = ask_everything(&world.client);
        tokio::time::sleep(SECOND).await;
        world.sim.inject(Switch::AcceptThenClose).unwrap();
        world.sim.clear(Switch::RequestsLost);
        let before = world.sim.counters();
        world.sim.drop_connections();
        assert!(matches!(world.lost().await, Reason::ClosedByPeer | Reason::SocketFailed(_)));
        for answer in told(waiters).await {
            assert_eq!(answer, Err(RequestError::ConnectionReset));
        }
        let began = Instant::now();
        let mut callers = 0;
        while began.elapsed() < 2400 * SECOND {
            // Whoever asks meanwhile hears at once where the session stands.
            let asked = Instant::now();
            for answer in told(ask_everything(&world.client)).await {
                assert!(matches!(answer, Err(RequestError::NotReady { .. })), "{answer:?}");
                callers += 1;
            }
            assert!(asked.elapsed() < SECOND);
            tokio::time::sleep(60 * SECOND).await;
        }
        assert_eq!(callers, 400);
        let attempts = world.sim.counters().turned_away - before.turned_away;
        assert!((80..=130).contains(&attempts), "{attempts} attempts in 40 minutes: none is a storm, all are patience");
        assert_eq!(world.client.counts().waiters, 0);
        let epoch = world.epoch();
        world.sim.clear(Switch::AcceptThenClose);
        let back = Instant::now();
        world.ready_after(epoch).await;
        assert!(back.elapsed() <= 36 * SECOND, "{:?}", back.elapsed());
        assert_eq!(world.alive_once().await, 12);
        recovered(&mut world, 3).await;
        // The lane has told of every epoch that began that it ended, and why.
        let changes = world.changes();
        let began = changes.iter().filter(|change| matches!(change, StateChange::EpochBegan { .. })).count();
        let lost = changes.iter().filter(|change| matches!(change, StateChange::EpochLost { .. })).count();
        assert_eq!(began as u64, world.epoch());
        assert_eq!(lost + 1, began);
    }
}

#[tokio::test(start_paused = true)]
async fn a_half_open_link() {
    for version in [TEXT, PROTOBUF] {
        let mut world = World::at(version).await;
        world.rest(3).await;
        world.sim.inject(Switch::HalfOpen).unwrap();
        let frozen = Instant::now();
        let waiters = ask_everything(&world.client);
        assert_eq!(world.lost().await, Reason::Silent);
        assert!(frozen.elapsed() <= 12 * SECOND, "{:?}", frozen.elapsed());
        for answer in told(waiters).await {
            assert!(matches!(answer, Err(RequestError::ConnectionReset | RequestError::TimedOut { .. })), "{answer:?}");
        }
        // Ten minutes in which whoever connects is not answered either.
        tokio::time::sleep(600 * SECOND).await;
        assert!(!world.client.state().borrow().is_ready());
        let epoch = world.epoch();
        world.sim.clear(Switch::HalfOpen);
        world.ready_after(epoch).await;
        assert_eq!(world.alive_once().await, 12);
        recovered(&mut world, 3).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_restarts_in_the_middle_of_a_download() {
    for version in [TEXT, PROTOBUF] {
        let mut world = World::at(version).await;
        let ids = world.rest(100).await;
        for (place, frames) in [1, 40, 99, 150].into_iter().enumerate() {
            // So many frames of the list still come; then TWS is gone for a minute.
            world.sim.inject(Fault::new(Switch::DropAfterFrames).number(frames)).unwrap();
            let (first, second) = (world.client.client().clone(), world.client.client().clone());
            let mut waiters: JoinSet<Result<usize, RequestError>> = JoinSet::new();
            waiters.spawn(async move { first.all_open_orders().await.map(|open| open.orders.len()) });
            waiters.spawn(async move { second.contract_details(&stock("IBM")).await.map(|found| found.len()) });
            let epoch = world.epoch();
            world.lost().await;
            world.sim.clear(Switch::DropAfterFrames);
            world.sim.inject(Fault::new(Switch::Restart).ms(60_000)).unwrap();
            let answers = tokio::time::timeout(LONG, waiters.join_all()).await.expect("a waiter hangs");
            for answer in answers {
                // The whole list, or none of it.
                assert!(matches!(answer, Ok(100 | 1) | Err(RequestError::ConnectionReset)), "cut {place}: {answer:?}");
            }
            world.ready_after(epoch).await;
            assert_eq!(world.alive_once().await, 12, "cut {place}");
            recovered(&mut world, ids.len()).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_thousand_one_hundred_and_one_against_and_two() {
    for version in [TEXT, PROTOBUF] {
        let mut world = World::at(version).await;
        world.rest(3).await;
        for (restored, gaps) in [(Switch::UpstreamRestored, 0), (Switch::UpstreamRestoredLost, 12)] {
            let epoch = world.epoch();
            world.sim.inject(Switch::UpstreamLost).unwrap();
            tokio::time::sleep(SECOND).await;
            assert_eq!(world.client.state().borrow().upstream, Upstream::Down { code: 1100 });
            let waiters = ask_everything(&world.client);
            tokio::time::sleep(20 * SECOND).await;
            let asked = world.sim.counters().messages_in;
            world.sim.inject(restored).unwrap();
            tokio::time::sleep(SECOND).await;
            assert_eq!(world.client.state().borrow().upstream, Upstream::Up);
            let asked = world.sim.counters().messages_in - asked;
            if gaps == 0 {
                assert!(asked <= 1, "1102 keeps the data: {asked} messages were sent");
            } else {
                assert!(asked >= 15, "1101 loses the data: {asked} messages were sent");
            }
            for answer in told(waiters).await {
                let fits =
                    matches!(answer, Ok(()) | Err(RequestError::TimedOut { .. } | RequestError::Rejected { .. }));
                assert!(fits, "{answer:?}");
            }
            assert_eq!(world.alive_once().await, gaps, "{restored:?}");
            assert_eq!(world.epoch(), epoch, "the connection was kept");
            recovered(&mut world, 3).await;
        }
    }
}

/// 500 requests in a burst, and a cancel behind them: how many were answered, how many failed with which error.
async fn burst(version: i32, config: Config) -> (usize, Vec<RequestError>) {
    let mut world = World::with(version, config).await;
    let ids = world.rest(2).await;
    let mut waiters: Waiters = JoinSet::new();
    for place in 0..500 {
        let client = world.client.client().clone();
        let name = QUOTED[place % QUOTED.len()];
        waiters
            .spawn(async move { client.contract_details(&stock(name)).await.map(|found| assert_eq!(found.len(), 1)) });
    }
    // They all wait for their turn; the cancel does not.
    tokio::time::sleep(SECOND / 2).await;
    assert!(world.client.counts().frames_waiting > 300, "{:?}", world.client.counts());
    let asked = Instant::now();
    world.client.send_order_messages(vec![CancelOrder::new(ids[0]).into()]).unwrap();
    while world.sim.book().open_orders().count() != 1 {
        assert!(asked.elapsed() < SECOND / 10, "the cancel waits behind requests");
        tokio::time::sleep(SECOND / 1000).await;
    }
    let answers = told(waiters).await;
    assert_eq!(answers.len(), 500);
    assert_eq!(world.alive_once().await, 0);
    assert_eq!(world.epoch(), 1);
    recovered_after_cancel(&world).await;
    let failed: Vec<_> = answers.iter().filter_map(|answer| answer.clone().err()).collect();
    (answers.len() - failed.len(), failed)
}

async fn recovered_after_cancel(world: &World) {
    let answered = told(ask_everything(&world.client)).await;
    assert!(answered.iter().all(Result::is_ok), "{answered:?}");
    assert_eq!(world.client.open_orders().await.unwrap().orders.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn five_hundred_requests_in_a_burst_and_a_cancel_that_overtakes() {
    for version in [TEXT, PROTOBUF] {
        // Whoever has the patience is answered.
        let timeouts = Timeouts { request: 30 * SECOND, ..Timeouts::default() };
        let (answered, failed) = burst(version, Config { timeouts, ..Config::paper() }).await;
        assert_eq!((answered, failed), (500, Vec::new()));
        // At 30 requests a second, ten seconds are enough for 300.
        let (answered, failed) = burst(version, Config::paper()).await;
        assert!(answered >= 280, "{answered}");
        for error in failed {
            assert!(matches!(error, RequestError::TimedOut { .. } | RequestError::QueueFull), "{error:?}");
        }
    }
}
