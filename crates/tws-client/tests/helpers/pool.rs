//! Several connections behind one handle: requests spread, streams within the lines of a login, orders through one.

use std::sync::Arc;

use tokio::task::JoinSet;
use tws_client::pool::{Login, Pool, PoolError, Trading};
use tws_client::{Config, ConnectError, Exit, Phase, RequestError};
use tws_proto::Order;
use tws_proto::ids::ClientId;
use tws_proto::kinds::Action;
use tws_proto::message::{CancelOrder, ClientMessage, RequestContractData, RequestMarketData};
use tws_proto::message::{PlaceOrder, RequestManagedAccounts};
use tws_sim::TwsSim;

use crate::world::{Pipes, SECOND, still, stock};

fn login(ids: &[i32], lines: usize, port: u16) -> Login {
    let client_ids = ids.iter().map(|id| ClientId(*id)).collect();
    Login { config: Config { port, ..Config::paper() }, client_ids, lines }
}

fn quotes(name: &str) -> RequestMarketData {
    RequestMarketData { contract: stock(name), ..Default::default() }
}

/// Two logins with an account each; the ports tell which is which.
async fn world() -> (Arc<TwsSim>, Arc<TwsSim>, Pool) {
    let one = Arc::new(still().account("DU1111111").start().await.unwrap());
    let other = Arc::new(still().account("DU2222222").start().await.unwrap());
    let sims = [(1, Arc::clone(&one)), (2, Arc::clone(&other))];
    let logins = vec![login(&[11, 12, 13], 5, 1), login(&[21], 3, 2)];
    let (pool, driver) = Pool::connect_with(logins, Trading::Through(ClientId(12)), |config| {
        Pipes(Arc::clone(&sims.iter().find(|(port, _)| *port == config.port).unwrap().1))
    })
    .unwrap();
    tokio::spawn(driver.run());
    pool.ready(60 * SECOND).await.unwrap();
    (one, other, pool)
}

#[tokio::test(start_paused = true)]
async fn requests_go_to_the_least_busy_and_accounts_to_their_login() {
    let (_one, _other, pool) = world().await;
    let before: Vec<_> = ids().map(|id| pool.client(id).unwrap().counts().frames_out).collect();
    let mut asking = JoinSet::new();
    for name in ["IBM", "SPY", "BAC", "AAPL", "MSFT", "TSLA", "QQQ", "F"] {
        let (pool, contract) = (pool.clone(), stock(name));
        asking.spawn(async move { pool.request(RequestContractData { contract, ..Default::default() }).await });
    }
    assert!(asking.join_all().await.iter().all(Result::is_ok));
    for (id, before) in ids().zip(before) {
        assert_eq!(pool.client(id).unwrap().counts().frames_out - before, 2, "each has a quarter: {id}");
    }
    for (account, id) in [("DU2222222", 21)] {
        let accounts = pool.request_of(account, RequestManagedAccounts {}).await.unwrap();
        assert_eq!(accounts, [account]);
        assert!(pool.client(ClientId(id)).unwrap().state().borrow().accounts.contains(&account.to_owned()));
    }
    assert!(pool.client_of("DU9999999").is_none());
    let nobody = pool.request_of("DU9999999", RequestManagedAccounts {}).await;
    assert!(matches!(nobody, Err(RequestError::NotReady { .. })));
}

fn ids() -> impl Iterator<Item = ClientId> {
    [11, 12, 13, 21].into_iter().map(ClientId)
}

#[tokio::test(start_paused = true)]
async fn streams_stay_within_the_lines_of_each_login() {
    let (_one, _other, pool) = world().await;
    let mut streams: Vec<_> = (0..8).map(|_| pool.subscribe(quotes("IBM")).unwrap()).collect();
    let full = pool.subscribe(quotes("IBM")).map(drop);
    assert!(matches!(full, Err(RequestError::LimitReached { limit: 8, .. })), "{full:?}");
    let counts: Vec<_> = pool.states().iter().map(|member| member.streams).collect();
    assert_eq!((counts[..3].iter().sum::<usize>(), counts[3]), (5, 3));
    assert!(counts[..3].iter().all(|count| (1..=2).contains(count)), "{counts:?}");
    streams.pop();
    tokio::time::sleep(SECOND).await;
    pool.subscribe(quotes("SPY")).unwrap();
}

#[tokio::test(start_paused = true)]
async fn orders_go_through_one_client_id_alone() {
    let (one, other, pool) = world().await;
    let trader = pool.trader().unwrap();
    let order_id = trader.next_order_id().await.unwrap();
    let order = Order::limit(Action::Buy, 10.into(), 1.into());
    let place: ClientMessage = Box::new(PlaceOrder { order_id, contract: stock("IBM"), order, attached: None }).into();
    trader.send_order_messages(vec![place]).unwrap();
    tokio::time::sleep(SECOND).await;
    let placed = pool.client(ClientId(11)).unwrap().all_open_orders().await.unwrap().orders;
    assert_eq!(placed.iter().map(|open| open.order.client_id).collect::<Vec<_>>(), [Some(ClientId(12))]);
    assert_eq!((one.book().orders().count(), other.book().orders().count()), (1, 0));
    trader.send_order_messages(vec![CancelOrder::new(order_id).into()]).unwrap();
    // Every other connection can only look.
    let phases: Vec<_> = pool.states().into_iter().map(|member| member.state.phase).collect();
    assert_eq!(phases, [Phase::ReadOnly, Phase::Ready, Phase::ReadOnly, Phase::ReadOnly]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_down_is_passed_over() {
    let (one, other, pool) = world().await;
    one.inject(tws_sim::Switch::AcceptThenClose).unwrap();
    one.drop_connections();
    tokio::time::sleep(SECOND).await;
    for _ in 0..4 {
        assert_eq!(pool.request(RequestManagedAccounts {}).await.unwrap(), ["DU2222222"]);
    }
    other.inject(tws_sim::Switch::AcceptThenClose).unwrap();
    other.drop_connections();
    tokio::time::sleep(SECOND).await;
    let none = pool.request(RequestManagedAccounts {}).await;
    assert!(matches!(none, Err(RequestError::NotReady { .. })), "{none:?}");
    one.clear_faults();
    other.clear_faults();
    pool.ready(120 * SECOND).await.unwrap();
    pool.shutdown().await;
}

#[test]
fn what_cannot_be_is_refused() {
    let check = |logins: Vec<Login>, trading, expected: PoolError| {
        assert_eq!(Pool::connect(logins, trading).map(drop).unwrap_err(), expected);
    };
    check(vec![], Trading::Never, PoolError::Empty);
    check(vec![login(&[1, 2], 9, 1), login(&[2], 9, 2)], Trading::Never, PoolError::DuplicateClientId(ClientId(2)));
    check(vec![login(&[1], 9, 1)], Trading::Through(ClientId(2)), PoolError::UnknownClientId(ClientId(2)));
    let cause = ConnectError::Port;
    check(vec![login(&[7], 9, 0)], Trading::Never, PoolError::Connect { client_id: ClientId(7), cause });
}

#[tokio::test(start_paused = true)]
async fn each_connection_says_why_it_ended() {
    let sim = Arc::new(still().start().await.unwrap());
    let (pool, driver) =
        Pool::connect_with(vec![login(&[1, 2], 9, 1)], Trading::Never, |_| Pipes(Arc::clone(&sim))).unwrap();
    let running = tokio::spawn(driver.run());
    pool.ready(60 * SECOND).await.unwrap();
    pool.shutdown().await;
    let exits = running.await.unwrap();
    assert_eq!(exits.into_iter().collect::<Vec<_>>(), [(ClientId(1), Exit::Shutdown), (ClientId(2), Exit::Shutdown)]);
}
