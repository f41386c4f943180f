//! What streams must not lose without a word.

use bytes::BytesMut;
use tws_client::config::Limits;
use tws_client::feed::{AccountUpdate, DepthUpdate};
use tws_client::{Config, Conflate, Epoch, RequestError, Subscription, Update};
use tws_proto::ids::RequestId;
use tws_proto::kinds::{BookSide, DepthOperation};
use tws_proto::message::*;
use tws_proto::{Missing, ServerMessage, ServerVersion};

use super::support::{Peer, SECOND, ready_session, session, short};
use super::{apple, ask};

async fn hear_depth(peer: &mut Peer) -> RequestId {
    match peer.hear().await {
        ClientMessage::RequestMarketDepth(body) => body.request_id,
        other => panic!("{other:?}"),
    }
}

fn row(request_id: RequestId, price: i64) -> MarketDepth {
    let (operation, side) = (Some(DepthOperation::Insert), Some(BookSide::Bid));
    let row = DepthRow { position: Some(0), operation, side, price: Some(price.into()), ..DepthRow::default() };
    MarketDepth { request_id, row }
}

/// The next update, where one comes within a minute.
async fn next<T: Conflate>(stream: &mut Subscription<T>) -> Option<Update<T>> {
    tokio::time::timeout(60 * SECOND, stream.recv()).await.expect("it says nothing")
}

#[track_caller]
fn assert_begins_anew(book: &mut Subscription<DepthUpdate>, price: i64) {
    assert_eq!(book.try_recv(), Some(Update::Gap { epoch: Epoch(1) }));
    match book.try_recv() {
        Some(Update::Data(DepthUpdate::Row(row))) => assert_eq!(row.price, Some(price.into())),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_notice_that_finds_no_room_in_a_book_has_it_asked_for_anew() {
    let limits = Limits { stream_updates: 8, ..Limits::default() };
    let (client, mut listener, _driver) = session(Config { limits, ..Config::paper() });
    let mut peer = listener.ready().await;
    client.ready(SECOND).await.unwrap();
    let mut book = client.depth(&apple(), 5).unwrap();
    let first = hear_depth(&mut peer).await;
    for price in 0..8 {
        peer.say(row(first, price)).await;
    }
    peer.notice(first.0, 2152, "not all exchanges are subscribed").await;
    assert_eq!(peer.hear().await, CancelMarketDepth { request_id: first, is_smart_depth: false }.into());
    let second = hear_depth(&mut peer).await;
    peer.say(row(second, 99)).await;
    tokio::time::sleep(SECOND).await;
    assert_begins_anew(&mut book, 99);
    assert_eq!(book.conflated(), 8);
}

#[tokio::test(start_paused = true)]
async fn a_reader_in_time_gets_every_value_of_a_large_account() {
    let (client, _listener, mut peer) = ready_session().await;
    let mut stream = client.account_updates("DU1234567").unwrap();
    assert_eq!(short(&[peer.hear().await]), ["REQ_ACCT_DATA"]);
    let reading = tokio::spawn(async move {
        let mut keys = Vec::new();
        loop {
            match stream.recv().await {
                Some(Update::Data(AccountUpdate::Value(value))) => keys.push(value.key),
                Some(Update::Data(AccountUpdate::Complete)) => return keys,
                other => panic!("{other:?}"),
            }
        }
    });
    tokio::task::yield_now().await;
    let keys: Vec<String> = (0..600).map(|at| format!("Key{at}")).collect();
    let account = || "DU1234567".to_owned();
    let values = keys.iter().map(|key| AccountValue { key: key.clone(), account: account(), ..Default::default() });
    let mut frames = BytesMut::new();
    for message in values.map(ServerMessage::from).chain([AccountDownloadEnd { account: account() }.into()]) {
        message.write(ServerVersion::NEWEST, Missing::Refuse, &mut frames).unwrap();
    }
    peer.say_raw(&frames).await;
    assert_eq!(reading.await.unwrap(), keys);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_tws_does_not_give_or_takes_away_ends_its_stream() {
    let (client, _listener, mut peer) = ready_session().await;
    let rejected = |code| RequestError::Rejected { code, text: "account data".into() };
    // It never begins, for another client watches another account.
    let mut stream = client.account_updates("DU1").unwrap();
    assert_eq!(short(&[peer.hear().await]), ["REQ_ACCT_DATA"]);
    peer.notice(-1, 2101, "account data").await;
    assert_eq!(next(&mut stream).await, Some(Update::Ended(rejected(2101))));
    assert_eq!(client.counts().subscriptions, 0);
    let asking = ask(&client, |client| async move { client.account("DU1").await }).await;
    assert_eq!(short(&[peer.hear().await]), ["REQ_ACCT_DATA"]);
    peer.notice(-1, 2101, "account data").await;
    assert_eq!(asking.await.unwrap(), Err(rejected(2101)));
    // It is over, for somebody has asked for another account since.
    for told_whole in [false, true] {
        let mut stream = client.account_updates("DU1").unwrap();
        assert_eq!(short(&[peer.hear().await]), ["REQ_ACCT_DATA"], "at once");
        if told_whole {
            peer.say(AccountDownloadEnd { account: "DU1".into() }).await;
            assert_eq!(next(&mut stream).await, Some(Update::Data(AccountUpdate::Complete)));
        }
        peer.notice(-1, 2100, "account data").await;
        assert_eq!(next(&mut stream).await, Some(Update::Ended(rejected(2100))));
    }
    // What others have no part in goes on.
    let positions = ask(&client, |client| async move { client.positions().await }).await;
    assert_eq!(short(&[peer.hear().await]), ["REQ_POSITIONS"]);
    peer.notice(-1, 2101, "account data").await;
    peer.say(PositionEnd {}).await;
    assert_eq!(positions.await.unwrap(), Ok(vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_row_of_depth_that_cannot_be_read_has_the_books_asked_for_anew_once_a_second() {
    let (client, _listener, mut peer) = ready_session().await;
    let mut book = client.depth(&apple(), 5).unwrap();
    let first = hear_depth(&mut peer).await;
    peer.say(row(first, 10)).await;
    tokio::time::sleep(SECOND).await;
    assert!(matches!(book.try_recv(), Some(Update::Data(_))));
    // Message 12 in protobuf, cut off within a field.
    let bad = [0, 0, 0, 6, 0, 0, 0, 212, 8, 0x80];
    let anew = ["CANCEL_MKT_DEPTH", "REQ_MKT_DEPTH"];
    peer.say_raw(&bad).await;
    assert_eq!(short(&peer.hear_for(SECOND / 2).await), anew, "at once");
    for _ in 0..4 {
        peer.say_raw(&bad).await;
        tokio::time::sleep(SECOND / 10).await;
    }
    assert_eq!(peer.hear_for(SECOND / 20).await, [], "a storm of them is no storm of requests");
    assert_eq!(short(&peer.hear_for(SECOND / 10).await), anew);
    assert_eq!(peer.hear_for(20 * SECOND).await, []);
    assert_eq!(book.try_recv(), Some(Update::Gap { epoch: Epoch(1) }), "what is read next is a book from its begin");
    assert_eq!(client.counts().bad_frames_total(), 5);
    // A tick is no row.
    let _quotes = client.market_data(&apple(), &[]).unwrap();
    assert_eq!(short(&[peer.hear().await]), ["REQ_MKT_DATA"]);
    peer.say_raw(&[0, 0, 0, 6, 0, 0, 0, 201, 8, 0x80]).await;
    assert_eq!(peer.hear_for(5 * SECOND).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_value_of_an_account_that_cannot_be_read_has_the_account_told_anew() {
    let (client, _listener, mut peer) = ready_session().await;
    let mut stream = client.account_updates("DU1").unwrap();
    assert_eq!(short(&[peer.hear().await]), ["REQ_ACCT_DATA"]);
    let _profit = client.profit("DU1", "").unwrap();
    assert_eq!(short(&[peer.hear().await]), ["REQ_PNL"]);
    peer.say(AccountDownloadEnd { account: "DU1".into() }).await;
    assert_eq!(peer.hear_for(60 * SECOND).await, []);
    // Of the worth of a position (7), in protobuf, cut off within a field.
    let bad = [0, 0, 0, 6, 0, 0, 0, 207, 8, 0x80];
    peer.say_raw(&bad).await;
    let anew = ["REQ_ACCT_DATA", "REQ_ACCT_DATA"];
    assert_eq!(short(&peer.hear_for(SECOND).await), anew, "ended, and begun");
    // TWS that says nothing else is not asked all the time.
    for _ in 0..29 {
        peer.say_raw(&bad).await;
        assert_eq!(peer.hear_for(SECOND / 2).await, []);
    }
    peer.say(AccountDownloadEnd { account: "DU1".into() }).await;
    assert_eq!(short(&peer.hear_for(20 * SECOND).await), anew);
    peer.say(AccountDownloadEnd { account: "DU1".into() }).await;
    assert_eq!(peer.hear_for(120 * SECOND).await, []);
    let complete = || Update::Data(AccountUpdate::Complete);
    assert_eq!(stream.try_recv(), Some(complete()));
    assert_eq!(stream.try_recv(), Some(complete()));
    assert_eq!(stream.try_recv(), Some(Update::Gap { epoch: Epoch(1) }));
    assert_eq!(stream.try_recv(), Some(complete()));
}
