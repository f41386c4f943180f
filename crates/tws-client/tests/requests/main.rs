//! Requests and streams: answers matched, warnings told apart from failures, streams that survive.

mod end_markers;
mod losses;
#[path = "../support/mod.rs"]
mod support;
mod turns;

use std::time::{Duration, UNIX_EPOCH};

use support::{Peer, SECOND, ready_session, session};
use tws_client::config::Limits;
use tws_client::{Client, Config, Epoch, RequestError, Tick, Update};
use tws_proto::ids::{ContractId, OrderId, RequestId};
use tws_proto::kinds::{AccountTag, ExecutionSide, GenericTick, TickByTickKind};
use tws_proto::message::*;
use tws_proto::{Contract, Order};

fn apple() -> Contract {
    Contract::stock("AAPL", "USD")
}

/// Runs a request beside the script of its answer.
async fn ask<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    client: &Client,
    request: impl FnOnce(Client) -> F,
) -> tokio::task::JoinHandle<T> {
    let asking = tokio::spawn(request(client.clone()));
    tokio::task::yield_now().await;
    asking
}

async fn hear_contract_request(peer: &mut Peer) -> RequestId {
    match peer.hear().await {
        ClientMessage::RequestContractData(body) => body.request_id,
        other => panic!("{other:?}"),
    }
}

fn contract_data(request_id: RequestId, id: i32) -> Box<ContractData> {
    let contract = Contract::by_id(ContractId(id), "SMART");
    Box::new(ContractData { request_id, contract, ..ContractData::default() })
}

fn bid_of(update: Option<Update<Tick>>) -> Option<i64> {
    match update {
        Some(Update::Data(Tick::Price(tick))) => tick.price.map(|price| i64::try_from(price).unwrap()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn answers_find_their_requests_whatever_the_order() {
    let (client, _listener, mut peer) = ready_session().await;
    let first = ask(&client, |client| async move { client.contract_details(&apple()).await }).await;
    let second = ask(&client, |client| async move { client.contract_details(&apple()).await }).await;
    let (a, b) = (hear_contract_request(&mut peer).await, hear_contract_request(&mut peer).await);
    peer.say(contract_data(b, 20)).await;
    peer.say(contract_data(a, 10)).await;
    peer.say(ContractDataEnd { request_id: b }).await;
    peer.say(contract_data(RequestId(77), 30)).await;
    peer.say(contract_data(a, 11)).await;
    peer.say(ContractDataEnd { request_id: a }).await;
    let ids = |answer: Result<Vec<ContractData>, RequestError>| -> Vec<i32> {
        answer.unwrap().iter().map(|data| data.contract.contract_id.unwrap().0).collect()
    };
    assert_eq!(ids(first.await.unwrap()), [10, 11]);
    assert_eq!(ids(second.await.unwrap()), [20]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_ends_a_request_and_a_warning_does_not() {
    let (client, _listener, mut peer) = ready_session().await;
    for (code, ends) in [(200, true), (321, true), (2104, false), (10167, false), (399, false), (77_777, true)] {
        let asking = ask(&client, |client| async move { client.contract_details(&apple()).await }).await;
        let id = hear_contract_request(&mut peer).await;
        peer.notice(id.0, code, "words").await;
        peer.say(contract_data(id, 1)).await;
        peer.say(ContractDataEnd { request_id: id }).await;
        match asking.await.unwrap() {
            Ok(answer) => assert!(!ends && answer.len() == 1, "{code}"),
            Err(error) => assert!(ends && error == RequestError::Rejected { code, text: "words".into() }, "{code}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn r08_an_answer_without_end_times_out_and_its_late_end_ends_nothing_else() {
    let (client, _listener, mut peer) = ready_session().await;
    let first = ask(&client, |client| async move { client.open_orders().await }).await;
    assert!(matches!(peer.hear().await, ClientMessage::RequestOpenOrders(_)));
    peer.say(open_order(1)).await;
    assert_eq!(peer.hear_for(11 * SECOND).await, []);
    assert_eq!(first.await.unwrap(), Err(RequestError::TimedOut { request: "REQ_OPEN_ORDERS", after: 10 * SECOND }));
    // The next request is asked at once, and what the first was still owed is not taken for its answer.
    let second = ask(&client, |client| async move { client.all_open_orders().await }).await;
    assert!(matches!(peer.hear().await, ClientMessage::RequestAllOpenOrders(_)));
    peer.say(open_order(3)).await;
    peer.say(OpenOrdersEnd {}).await;
    assert_eq!(peer.hear_for(SECOND / 2).await, []);
    assert!(!second.is_finished());
    peer.say(open_order(2)).await;
    peer.say(open_order(2)).await;
    peer.say(OpenOrdersEnd {}).await;
    let orders = second.await.unwrap().unwrap().orders;
    assert_eq!(orders.iter().map(|order| order.order_id.0).collect::<Vec<_>>(), [2]);
}

fn open_order(id: i32) -> Box<OpenOrder> {
    let order = Order::limit(tws_proto::kinds::Action::Buy, 1.into(), 1.into());
    Box::new(OpenOrder { order_id: OrderId(id), order, ..OpenOrder::default() })
}

#[tokio::test(start_paused = true)]
async fn part_of_an_answer_is_never_given_out() {
    let (client, _listener, mut peer) = ready_session().await;
    let asking = ask(&client, |client| async move { client.executions(ExecutionFilter::default()).await }).await;
    let id = match peer.hear().await {
        ClientMessage::RequestExecutions(body) => body.request_id,
        other => panic!("{other:?}"),
    };
    // EXECUTION_DATA whose protobuf is cut off.
    peer.say_raw(b"\0\0\0\x05\0\0\0\xd3\xff").await;
    peer.say(ExecutionsEnd { request_id: id }).await;
    assert!(matches!(asking.await.unwrap(), Err(RequestError::BadAnswer(_))));
}

#[tokio::test(start_paused = true)]
async fn executions_bring_their_commissions() {
    let (client, _listener, mut peer) = ready_session().await;
    let asking = ask(&client, |client| async move { client.executions(ExecutionFilter::default()).await }).await;
    let id = match peer.hear().await {
        ClientMessage::RequestExecutions(body) => body.request_id,
        other => panic!("{other:?}"),
    };
    let data = |request_id: i32, execution: &str| {
        let execution =
            Execution { execution_id: execution.into(), side: ExecutionSide::Bought, ..Execution::default() };
        Box::new(ExecutionData { request_id: Some(RequestId(request_id)), execution, ..ExecutionData::default() })
    };
    let cost =
        |execution: &str| Box::new(CommissionReport { execution_id: execution.into(), ..CommissionReport::default() });
    peer.say(data(id.0, "1.01")).await;
    peer.say(cost("1.01")).await;
    peer.say(data(-1, "live.01")).await;
    peer.say(cost("live.01")).await;
    peer.say(ExecutionsEnd { request_id: id }).await;
    let answer = asking.await.unwrap().unwrap();
    assert_eq!(answer.executions.len(), 1);
    assert_eq!(answer.commissions.iter().map(|cost| cost.execution_id.as_str()).collect::<Vec<_>>(), ["1.01"]);
}

#[tokio::test(start_paused = true)]
async fn positions_and_summaries_are_cancelled_once_answered() {
    let (client, _listener, mut peer) = ready_session().await;
    let asking = ask(&client, |client| async move { client.positions().await }).await;
    assert!(matches!(peer.hear().await, ClientMessage::RequestPositions(_)));
    for position in [1, 2] {
        let contract = Contract::by_id(ContractId(1), "");
        peer.say(Box::new(Position { contract, position: Some(position.into()), ..Position::default() })).await;
    }
    peer.say(PositionEnd {}).await;
    assert_eq!(asking.await.unwrap().unwrap()[..].iter().map(|p| p.position).collect::<Vec<_>>(), [Some(2.into())]);
    assert!(matches!(peer.hear().await, ClientMessage::CancelPositions(_)));

    let asking =
        ask(&client, |client| async move { client.account_summary(&[AccountTag::NetLiquidation]).await }).await;
    let request_id = match peer.hear().await {
        ClientMessage::RequestAccountSummary(body) => body.request_id,
        other => panic!("{other:?}"),
    };
    peer.say(AccountSummaryEnd { request_id }).await;
    assert_eq!(asking.await.unwrap(), Ok(vec![]));
    assert_eq!(peer.hear().await, CancelAccountSummary { request_id }.into());
}

#[tokio::test(start_paused = true)]
async fn clocks_ids_and_accounts_can_be_asked() {
    let (client, _listener, mut peer) = ready_session().await;
    let time = ask(&client, |client| async move { client.server_time().await }).await;
    assert!(matches!(peer.hear().await, ClientMessage::RequestCurrentTimeMillis(_)));
    peer.say(CurrentTimeMillis { time_ms: 1_800_000_000_123 }).await;
    assert_eq!(time.await.unwrap(), Ok(UNIX_EPOCH + Duration::from_millis(1_800_000_000_123)));
    let id = ask(&client, |client| async move { client.next_order_id().await }).await;
    assert!(matches!(peer.hear().await, ClientMessage::RequestIds(_)));
    peer.say(NextValidId { order_id: OrderId(200) }).await;
    assert_eq!(id.await.unwrap(), Ok(OrderId(200)));
    assert_eq!(client.state().borrow().next_order_id, Some(OrderId(200)));
    let accounts = ask(&client, |client| async move { client.accounts().await }).await;
    assert!(matches!(peer.hear().await, ClientMessage::RequestManagedAccounts(_)));
    peer.say(ManagedAccounts { accounts: "DU1,".into() }).await;
    assert_eq!(accounts.await.unwrap(), Ok(vec!["DU1".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn requests_are_bounded_and_wait_no_longer_than_their_deadline() {
    let limits = Limits { requests: 400, ..Limits::default() };
    let (client, mut listener, _driver) = session(Config { limits, ..Config::paper() });
    let mut peer = listener.ready().await;
    client.ready(SECOND).await.unwrap();
    let mut asking = Vec::new();
    for _ in 0..401 {
        asking.push(ask(&client, |client| async move { client.contract_details(&apple()).await }).await);
    }
    assert_eq!(asking.pop().unwrap().await.unwrap(), Err(RequestError::QueueFull));
    let heard = peer.hear_for(25 * SECOND).await;
    let (asked, cancelled): (Vec<_>, Vec<_>) =
        heard.iter().partition(|message| matches!(message, ClientMessage::RequestContractData(_)));
    assert!(asked.len() > 250 && asked.len() <= 330, "{}", asked.len());
    assert_eq!(cancelled.len(), asked.len(), "what timed out is cancelled at TWS");
    for asking in asking {
        assert_eq!(
            asking.await.unwrap(),
            Err(RequestError::TimedOut { request: "REQ_CONTRACT_DATA", after: 10 * SECOND })
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_collects_its_ticks() {
    let (client, _listener, mut peer) = ready_session().await;
    let asking = ask(&client, |client| async move { client.snapshot(&apple()).await }).await;
    let id = peer.hear_market_data().await;
    peer.notice(id.0, 10167, "delayed").await;
    peer.bid(id, 5).await;
    peer.say(TickSnapshotEnd { request_id: id }).await;
    assert_eq!(asking.await.unwrap().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stream_survives_bad_and_unknown_frames() {
    let (client, _listener, mut peer) = ready_session().await;
    let mut quotes = client.market_data(&apple(), &[GenericTick::RealTimeVolume]).unwrap();
    let id = peer.hear_market_data().await;
    // TICK_PRICE cut off, an unknown message in protobuf and in text, an empty frame.
    peer.say_raw(b"\0\0\0\x05\0\0\0\xc9\xff\0\0\0\x05\0\0\x03\xe7\x01\0\0\0\x04\0\0\0\xc7\0\0\0\0").await;
    peer.bid(RequestId(4), 1).await;
    peer.bid(id, 2).await;
    assert_eq!(bid_of(quotes.recv().await), Some(2));
    assert_eq!(client.state().borrow().epoch, Epoch(1));
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_asked_for_once_in_every_epoch_and_tells_the_gap() {
    let (client, mut listener, mut peer) = ready_session().await;
    let mut quotes = client.market_data(&apple(), &[]).unwrap();
    let mut trades = client.tick_by_tick(&apple(), TickByTickKind::Last).unwrap();
    let id = peer.hear_market_data().await;
    assert!(
        matches!(peer.hear().await, ClientMessage::RequestTickByTick(body) if body.kind == Some(TickByTickKind::Last))
    );
    peer.bid(id, 1).await;
    assert_eq!(bid_of(quotes.recv().await), Some(1));
    for epoch in 2..5 {
        drop(peer);
        peer = listener.ready().await;
        let heard = peer.hear_for(3 * SECOND).await;
        assert_eq!(support::short(&heard), ["REQ_MKT_DATA", "REQ_TICK_BY_TICK_DATA"]);
        let fresh = match &heard[0] {
            ClientMessage::RequestMarketData(body) => body.request_id,
            other => panic!("{other:?}"),
        };
        assert_eq!(quotes.recv().await, Some(Update::Gap { epoch: Epoch(epoch) }));
        assert_eq!(trades.recv().await, Some(Update::Gap { epoch: Epoch(epoch) }));
        peer.bid(id, 8).await;
        peer.bid(fresh, 9).await;
        assert_eq!(bid_of(quotes.recv().await), Some(9), "ticks of an earlier epoch's id are nobody's");
    }
}

#[tokio::test(start_paused = true)]
async fn streams_are_asked_for_anew_after_1101_and_not_after_1102() {
    let (client, _listener, mut peer) = ready_session().await;
    let _quotes = client.market_data(&apple(), &[]).unwrap();
    peer.hear_market_data().await;
    for (code, expected) in [(1102, 0), (1101, 1), (1102, 0)] {
        peer.notice(-1, 1100, "lost").await;
        peer.notice(-1, code, "back").await;
        assert_eq!(peer.hear_for(3 * SECOND).await.len(), expected, "{code}");
    }
    for _ in 0..6 {
        peer.notice(-1, 2103, "Market data farm connection is broken:usfarm").await;
        assert_eq!(peer.hear_for(SECOND).await, []);
        assert_eq!(client.state().borrow().farms_down, ["usfarm"]);
        peer.notice(-1, 2104, "Market data farm connection is OK:usfarm").await;
        assert_eq!(peer.hear_for(SECOND).await, []);
        assert!(client.state().borrow().farms_down.is_empty());
    }
    assert_eq!(client.state().borrow().epoch, Epoch(1));
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_at_the_server_when_it_is_dropped() {
    let (client, mut listener, mut peer) = ready_session().await;
    let quotes = client.market_data(&apple(), &[]).unwrap();
    let id = peer.hear_market_data().await;
    drop(quotes);
    assert_eq!(peer.hear_for(SECOND).await, [CancelMarketData { request_id: id }.into()]);
    drop(peer);
    let mut peer = listener.ready().await;
    assert_eq!(peer.hear_for(SECOND).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_tws_refuses_ends_and_is_not_asked_for_again() {
    let (client, mut listener, mut peer) = ready_session().await;
    let mut quotes = client.market_data(&apple(), &[]).unwrap();
    let id = peer.hear_market_data().await;
    peer.notice(id.0, 10167, "delayed data follows").await;
    assert!(matches!(quotes.recv().await, Some(Update::Notice(notice)) if notice.code == 10167));
    peer.notice(id.0, 354, "not subscribed").await;
    let rejected = RequestError::Rejected { code: 354, text: "not subscribed".into() };
    assert_eq!(quotes.recv().await, Some(Update::Ended(rejected)));
    assert_eq!(quotes.recv().await, None);
    drop(peer);
    let mut peer = listener.ready().await;
    drop(quotes);
    assert_eq!(peer.hear_for(SECOND).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_gets_the_newest_and_slows_nobody() {
    let limits = Limits { stream_updates: 8, ..Limits::default() };
    let (client, mut listener, _driver) = session(Config { limits, ..Config::paper() });
    let mut peer = listener.ready().await;
    client.ready(SECOND).await.unwrap();
    let mut slow = client.market_data(&apple(), &[]).unwrap();
    let mut fast = client.market_data(&apple(), &[]).unwrap();
    let (slow_id, fast_id) = (peer.hear_market_data().await, peer.hear_market_data().await);
    for price in 0..1000 {
        peer.bid(slow_id, price).await;
    }
    peer.bid(fast_id, 5).await;
    assert_eq!(bid_of(fast.recv().await), Some(5));
    assert_eq!(slow.conflated(), 992);
    assert_eq!(bid_of(slow.recv().await), Some(992));
    let mut last = None;
    while let Some(update) = slow.try_recv() {
        last = bid_of(Some(update));
    }
    assert_eq!(last, Some(999));
}

#[tokio::test(start_paused = true)]
async fn the_kind_of_data_is_chosen_before_streams_in_every_epoch() {
    let (client, mut listener, _driver) = session(Config::paper());
    client.choose_data_kind(tws_proto::kinds::MarketDataKind::Delayed);
    let _quotes = client.market_data(&apple(), &[]).unwrap();
    for _ in 0..3 {
        let mut peer = listener.ready().await;
        assert_eq!(support::short(&peer.hear_for(SECOND).await), ["REQ_MARKET_DATA_TYPE", "REQ_MKT_DATA"]);
    }
}
