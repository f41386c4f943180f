//! Lists without an id whose end marker is lost, or late (R8): they fail in their time, and the next is asked at once.

use std::time::Duration;

use tokio::time::Instant;
use tws_client::config::Limits;
use tws_client::feed::PositionUpdate;
use tws_client::{Config, Epoch, OpenOrders, RequestError, Update};
use tws_proto::message::*;

use super::support::{Peer, SECOND, ready_session, session, short};
use super::{ask, open_order};

/// Asks for open orders; says these as the answer.
async fn asked(peer: &mut Peer, orders: &[i32]) {
    assert_eq!(short(&[peer.hear().await]), ["REQ_ALL_OPEN_ORDERS"]);
    for id in orders {
        peer.say(open_order(*id)).await;
    }
}

fn ids(answer: Result<OpenOrders, RequestError>) -> Vec<i32> {
    answer.unwrap().orders.iter().map(|order| order.order_id.0).collect()
}

#[tokio::test(start_paused = true)]
async fn r08_r42_a_list_whose_end_marker_is_lost_is_asked_for_again_in_its_time_and_answered() {
    let (client, _listener, mut peer) = ready_session().await;
    let begun = Instant::now();
    let first = ask(&client, |client| async move { client.all_open_orders().await }).await;
    asked(&mut peer, &[1, 2]).await;
    assert_eq!(peer.hear_for(10 * SECOND).await, []);
    assert_eq!(
        first.await.unwrap(),
        Err(RequestError::TimedOut { request: "REQ_ALL_OPEN_ORDERS", after: 10 * SECOND })
    );
    assert_eq!(begun.elapsed(), 10 * SECOND);
    // It has all of the second, and must not have what comes behind it.
    let second = ask(&client, |client| async move { client.all_open_orders().await }).await;
    asked(&mut peer, &[2, 3]).await;
    peer.say(OpenOrdersEnd {}).await;
    peer.say(open_order(4)).await;
    assert_eq!(ids(second.await.unwrap()), [2, 3]);
    assert_eq!(begun.elapsed(), 11 * SECOND, "the marker might have been that of the first");
    // So for as long as the first may still be answered, and no longer.
    for (at, took) in [(30, 1), (41, 0)] {
        assert_eq!(peer.hear_for(at * SECOND - begun.elapsed()).await, []);
        let next = ask(&client, |client| async move { client.all_open_orders().await }).await;
        asked(&mut peer, &[5]).await;
        peer.say(OpenOrdersEnd {}).await;
        assert_eq!(ids(next.await.unwrap()), [5]);
        assert_eq!(begun.elapsed(), (at + took) * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn r08_every_late_end_marker_is_told_from_that_of_the_list_under_way() {
    let (client, _listener, mut peer) = ready_session().await;
    for order in [1, 2] {
        let list = ask(&client, |client| async move { client.all_open_orders().await }).await;
        asked(&mut peer, &[order]).await;
        assert_eq!(peer.hear_for(10 * SECOND).await, []);
        assert_eq!(
            list.await.unwrap(),
            Err(RequestError::TimedOut { request: "REQ_ALL_OPEN_ORDERS", after: 10 * SECOND })
        );
    }
    let third = ask(&client, |client| async move { client.all_open_orders().await }).await;
    asked(&mut peer, &[]).await;
    let begun = Instant::now();
    for late in [1, 2] {
        peer.say(open_order(late)).await;
        peer.say(OpenOrdersEnd {}).await;
        tokio::time::sleep(SECOND / 2).await;
        assert!(!third.is_finished());
    }
    peer.say(open_order(3)).await;
    peer.say(OpenOrdersEnd {}).await;
    assert_eq!(ids(third.await.unwrap()), [3]);
    assert_eq!(begun.elapsed(), SECOND, "nothing is waited for any more");
    // One that came while nobody asked is over, too.
    let lost = ask(&client, |client| async move { client.all_open_orders().await }).await;
    asked(&mut peer, &[4]).await;
    assert_eq!(peer.hear_for(10 * SECOND).await, []);
    lost.await.unwrap().unwrap_err();
    peer.say(OpenOrdersEnd {}).await;
    tokio::time::sleep(SECOND).await;
    let begun = Instant::now();
    let next = ask(&client, |client| async move { client.all_open_orders().await }).await;
    asked(&mut peer, &[5]).await;
    peer.say(OpenOrdersEnd {}).await;
    assert_eq!((ids(next.await.unwrap()), begun.elapsed()), (vec![5], Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn r08_a_stream_or_a_list_given_up_keeps_its_turn_until_its_deadline_and_no_longer() {
    let (client, _listener, mut peer) = ready_session().await;
    let begun = Instant::now();
    let _stream = client.position_updates().unwrap();
    assert_eq!(short(&peer.hear_for(5 * SECOND).await), ["REQ_POSITIONS"]);
    let asking = ask(&client, |client| async move { client.positions().await }).await;
    assert_eq!(short(&[peer.hear().await]), ["REQ_POSITIONS"]);
    assert_eq!(begun.elapsed(), 10 * SECOND);
    peer.say(PositionEnd {}).await;
    assert_eq!(asking.await.unwrap(), Ok(vec![]));

    let begun = Instant::now();
    let given_up = ask(&client, |client| async move { client.all_open_orders().await }).await;
    asked(&mut peer, &[1]).await;
    tokio::time::sleep(2 * SECOND).await;
    given_up.abort();
    let next = ask(&client, |client| async move { client.all_open_orders().await }).await;
    asked(&mut peer, &[2]).await;
    assert_eq!(begun.elapsed(), 10 * SECOND);
    peer.say(OpenOrdersEnd {}).await;
    assert_eq!(ids(next.await.unwrap()), [2]);
    assert_eq!(begun.elapsed(), 11 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn r08_a_stream_whose_first_list_does_not_end_is_asked_for_once_more() {
    let (client, _listener, mut peer) = ready_session().await;
    let mut stream = client.position_updates().unwrap();
    assert_eq!(short(&[peer.hear().await]), ["REQ_POSITIONS"]);
    let position = || Box::new(Position { account: "DU1".into(), ..Position::default() });
    peer.say(position()).await;
    assert_eq!(peer.hear_for(29 * SECOND).await, []);
    assert_eq!(short(&peer.hear_for(2 * SECOND).await), ["CANCEL_POSITIONS", "REQ_POSITIONS"]);
    peer.say(position()).await;
    peer.say(PositionEnd {}).await;
    assert_eq!(peer.hear_for(120 * SECOND).await, [], "it is whole");
    let mut told = Vec::new();
    while let Some(update) = stream.try_recv() {
        told.push(update);
    }
    let row = || Update::Data(PositionUpdate::Position(position()));
    assert_eq!(told, [row(), Update::Gap { epoch: Epoch(1) }, row(), Update::Data(PositionUpdate::Complete)]);
}

/// The marker of its list may be the one that the list before has lost: it need not wait for that until its deadline.
#[tokio::test(start_paused = true)]
async fn r08_a_stream_behind_a_list_whose_end_marker_was_lost_passes_its_turn_on() {
    let (client, _listener, mut peer) = ready_session().await;
    let lost = ask(&client, |client| async move { client.positions().await }).await;
    assert_eq!(short(&peer.hear_for(11 * SECOND).await), ["REQ_POSITIONS", "CANCEL_POSITIONS"]);
    lost.await.unwrap().unwrap_err();
    let begun = Instant::now();
    let _stream = client.position_updates().unwrap();
    assert_eq!(short(&[peer.hear().await]), ["REQ_POSITIONS"]);
    let asking = ask(&client, |client| async move { client.positions().await }).await;
    peer.say(PositionEnd {}).await;
    assert_eq!(short(&[peer.hear().await]), ["REQ_POSITIONS"]);
    assert_eq!(begun.elapsed(), SECOND, "no other marker has come");
    peer.say(PositionEnd {}).await;
    assert_eq!(asking.await.unwrap(), Ok(vec![]));
    assert_eq!(begun.elapsed(), 2 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn r08_a_lost_end_marker_keeps_no_other_list_waiting() {
    let (client, _listener, mut peer) = ready_session().await;
    let lost = ask(&client, |client| async move { client.all_open_orders().await }).await;
    asked(&mut peer, &[1]).await;
    let begun = Instant::now();
    let completed = ask(&client, |client| async move { client.completed_orders().await }).await;
    assert_eq!(short(&[peer.hear().await]), ["REQ_COMPLETED_ORDERS"]);
    peer.say(CompletedOrdersEnd {}).await;
    completed.await.unwrap().unwrap();
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert_eq!(peer.hear_for(10 * SECOND).await, []);
    lost.await.unwrap().unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn r08_a_list_of_too_many_answers_is_not_the_begin_of_the_next() {
    let limits = Limits { answers: 2, ..Limits::default() };
    let (client, mut listener, _driver) = session(Config { limits, ..Config::paper() });
    let mut peer = listener.ready().await;
    client.ready(SECOND).await.unwrap();
    let first = ask(&client, |client| async move { client.all_open_orders().await }).await;
    let second = ask(&client, |client| async move { client.all_open_orders().await }).await;
    assert_eq!(short(&[peer.hear().await]), ["REQ_ALL_OPEN_ORDERS"]);
    for id in 1..=4 {
        peer.say(open_order(id)).await;
    }
    assert_eq!(first.await.unwrap(), Err(RequestError::TooManyAnswers { limit: 2 }));
    peer.say(OpenOrdersEnd {}).await;
    assert_eq!(short(&[peer.hear().await]), ["REQ_ALL_OPEN_ORDERS"]);
    tokio::time::sleep(SECOND / 2).await;
    assert!(!second.is_finished(), "the end was that of the first");
    peer.say(open_order(5)).await;
    peer.say(OpenOrdersEnd {}).await;
    let orders = second.await.unwrap().unwrap().orders;
    assert_eq!(orders.iter().map(|order| order.order_id.0).collect::<Vec<_>>(), [5]);
}
