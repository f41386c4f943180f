//! Requests without an id: their turns, beside streams of the same kind; and what ends when nobody waits any more.

use tws_client::config::Limits;
use tws_client::feed::{AccountUpdate, DepthUpdate, PositionUpdate};
use tws_client::{Bulletins, Config, Epoch, RequestError, Update};
use tws_proto::Contract;
use tws_proto::ids::{ContractId, RequestId};
use tws_proto::kinds::{BookSide, DataToShow, DepthOperation};
use tws_proto::message::*;

use super::support::{Peer, SECOND, ready_session, session, short};
use super::{apple, ask};

async fn say_position(peer: &mut Peer, id: i32) {
    let contract = Contract::by_id(ContractId(id), "");
    peer.say(Box::new(Position { contract, position: Some(1.into()), ..Position::default() })).await;
}

/// What a stream of positions says, `end` where the first list is complete.
fn said(update: Option<Update<PositionUpdate>>) -> String {
    match update {
        Some(Update::Data(PositionUpdate::Position(body))) => body.contract.contract_id.unwrap().to_string(),
        Some(Update::Data(PositionUpdate::Complete)) => "end".to_owned(),
        other => format!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_until_a_stream_of_its_kind_has_told_its_first_list_and_leaves_it_alone() {
    let (client, _listener, mut peer) = ready_session().await;
    let mut stream = client.position_updates().unwrap();
    let asking = ask(&client, |client| async move { client.positions().await }).await;
    assert_eq!(short(&peer.hear_for(SECOND).await), ["REQ_POSITIONS"], "the stream's");
    say_position(&mut peer, 1).await;
    peer.say(PositionEnd {}).await;
    assert_eq!(short(&peer.hear_for(SECOND).await), ["REQ_POSITIONS"], "the request's");
    assert!(!asking.is_finished());
    say_position(&mut peer, 1).await;
    say_position(&mut peer, 2).await;
    peer.say(PositionEnd {}).await;
    assert_eq!(asking.await.unwrap().unwrap().len(), 2);
    assert_eq!(peer.hear_for(SECOND).await, [], "a cancel would end the stream too");
    for expected in ["1", "end", "1", "2", "end"] {
        assert_eq!(said(stream.recv().await), expected);
    }
    assert_eq!(client.position_updates().unwrap_err(), RequestError::Taken { request: "REQ_POSITIONS" });
    drop(stream);
    assert_eq!(short(&peer.hear_for(SECOND).await), ["CANCEL_POSITIONS"]);
    assert!(client.position_updates().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_stream_waits_until_a_request_of_its_kind_is_answered() {
    let (client, mut listener, mut peer) = ready_session().await;
    let asking = ask(&client, |client| async move { client.positions().await }).await;
    let mut stream = client.position_updates().unwrap();
    assert_eq!(short(&peer.hear_for(SECOND).await), ["REQ_POSITIONS"]);
    peer.say(PositionEnd {}).await;
    assert_eq!(asking.await.unwrap(), Ok(vec![]));
    assert_eq!(short(&peer.hear_for(SECOND).await), ["CANCEL_POSITIONS", "REQ_POSITIONS"]);
    say_position(&mut peer, 7).await;
    assert_eq!(said(stream.recv().await), "7");
    // In the next epoch it is asked for anew, and no turn of the last one is left.
    drop(peer);
    let mut peer = listener.ready().await;
    assert_eq!(short(&peer.hear_for(3 * SECOND).await), ["REQ_POSITIONS"]);
    assert_eq!(stream.recv().await, Some(Update::Gap { epoch: Epoch(2) }));
    peer.say(PositionEnd {}).await;
    assert_eq!(said(stream.recv().await), "end");
    let asking = ask(&client, |client| async move { client.positions().await }).await;
    assert_eq!(short(&peer.hear_for(SECOND).await), ["REQ_POSITIONS"]);
    // Dropped while the request is under way, the stream does not take its answers away.
    drop(stream);
    assert_eq!(peer.hear_for(SECOND).await, []);
    peer.say(PositionEnd {}).await;
    assert_eq!(asking.await.unwrap(), Ok(vec![]));
    assert_eq!(short(&peer.hear_for(SECOND).await), ["CANCEL_POSITIONS"]);
}

#[tokio::test(start_paused = true)]
async fn one_account_is_watched_at_a_time() {
    let (client, _listener, mut peer) = ready_session().await;
    let mut stream = client.account_updates("DU1").unwrap();
    assert_eq!(peer.hear().await, RequestAccountUpdates { subscribe: true, account: "DU1".into() }.into());
    let taken = RequestError::Taken { request: "REQ_ACCT_DATA" };
    assert_eq!(client.account("DU2").await, Err(taken.clone()));
    assert_eq!(client.account_updates("DU2").unwrap_err(), taken);
    peer.say(AccountDownloadEnd { account: "DU1".into() }).await;
    assert_eq!(stream.recv().await, Some(Update::Data(AccountUpdate::Complete)));
    drop(stream);
    assert_eq!(peer.hear().await, RequestAccountUpdates { subscribe: false, account: "DU1".into() }.into());
    let asking = ask(&client, |client| async move { client.account("DU2").await }).await;
    assert_eq!(peer.hear().await, RequestAccountUpdates { subscribe: true, account: "DU2".into() }.into());
    let value = |value: &str| AccountValue { key: "Cash".into(), value: value.into(), ..AccountValue::default() };
    peer.say(value("1")).await;
    peer.say(value("2")).await;
    peer.say(AccountDownloadEnd { account: "DU2".into() }).await;
    assert_eq!(asking.await.unwrap().unwrap().values, [value("2")]);
    assert_eq!(peer.hear().await, RequestAccountUpdates { subscribe: false, account: "DU2".into() }.into());
}

/// Updates of the account before may be on their way when the next is asked for.
#[tokio::test(start_paused = true)]
async fn an_account_holds_nothing_of_another_one() {
    let (client, _listener, mut peer) = ready_session().await;
    let asking = ask(&client, |client| async move { client.account("DU2").await }).await;
    peer.hear().await;
    let value = |account: &str| {
        let (account, key, value) = (account.to_owned(), "NetLiquidation".to_owned(), "1".to_owned());
        AccountValue { account, key, value, ..AccountValue::default() }
    };
    let line = |account: &str| {
        let (account, contract) = (account.to_owned(), Contract::by_id(ContractId(1), ""));
        Box::new(PortfolioValue { account, contract, position: Some(1.into()), ..PortfolioValue::default() })
    };
    for account in ["DU1", "DU2"] {
        peer.say(value(account)).await;
        peer.say(line(account)).await;
    }
    peer.say(AccountDownloadEnd { account: "DU2".into() }).await;
    let told = asking.await.unwrap().unwrap();
    assert_eq!((told.values, told.portfolio), (vec![value("DU2")], vec![*line("DU2")]));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_without_an_id_ends_the_only_request_it_can_mean() {
    let (client, _listener, mut peer) = ready_session().await;
    let refused = RequestError::Rejected { code: 321, text: "no such rule".into() };
    let rule = ask(&client, |client| async move { client.market_rule(MarketRuleId(1)).await }).await;
    assert_eq!(short(&[peer.hear().await]), ["REQ_MARKET_RULE"]);
    peer.notice(-1, 321, "no such rule").await;
    assert_eq!(rule.await.unwrap(), Err(refused.clone()));
    // Of two it is not known which one is meant, so neither ends before its time.
    let rule = ask(&client, |client| async move { client.market_rule(MarketRuleId(1)).await }).await;
    let codes = ask(&client, |client| async move { client.family_codes().await }).await;
    assert_eq!(peer.hear_for(SECOND).await.len(), 2);
    peer.notice(-1, 321, "no such rule").await;
    peer.say(FamilyCodes::default()).await;
    assert_eq!(codes.await.unwrap(), Ok(vec![]));
    assert_eq!(peer.hear_for(45 * SECOND).await, []);
    assert_eq!(rule.await.unwrap(), Err(RequestError::TimedOut { request: "REQ_MARKET_RULE", after: 10 * SECOND }));
    // A stream that begins can be meant too.
    let mut stream = client.account_updates("DU9").unwrap();
    peer.hear().await;
    peer.notice(-1, 321, "no such rule").await;
    assert_eq!(stream.recv().await, Some(Update::Ended(refused)));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_any_more_is_cancelled_at_tws() {
    let (client, _listener, mut peer) = ready_session().await;
    let asking = ask(&client, |client| async move { client.head_timestamp(&apple(), DataToShow::Trades).await }).await;
    let id = match peer.hear().await {
        ClientMessage::RequestHeadTimestamp(body) => body.request_id,
        other => panic!("{other:?}"),
    };
    asking.abort();
    assert_eq!(peer.hear().await, CancelHeadTimestamp { request_id: id }.into());
    assert_eq!((client.counts().requests, client.counts().waiters), (0, 0));
    // Without an id it cannot be told from the next of its kind, which waits until its answer is here.
    let first = ask(&client, |client| async move { client.market_rule(MarketRuleId(1)).await }).await;
    peer.hear().await;
    first.abort();
    let second = ask(&client, |client| async move { client.market_rule(MarketRuleId(2)).await }).await;
    assert_eq!(peer.hear_for(SECOND).await, []);
    peer.say(MarketRule { rule_id: MarketRuleId(1), ..MarketRule::default() }).await;
    assert_eq!(peer.hear().await, RequestMarketRule { rule_id: MarketRuleId(2) }.into());
    peer.say(MarketRule { rule_id: MarketRuleId(2), ..MarketRule::default() }).await;
    assert_eq!(second.await.unwrap().unwrap().rule_id, MarketRuleId(2));
}

#[tokio::test(start_paused = true)]
async fn a_book_whose_rows_were_not_read_in_time_is_asked_for_anew() {
    let limits = Limits { stream_updates: 8, ..Limits::default() };
    let (client, mut listener, _driver) = session(Config { limits, ..Config::paper() });
    let mut peer = listener.ready().await;
    client.ready(SECOND).await.unwrap();
    let mut depth = client.depth(&apple(), 5).unwrap();
    let hear = |message| match message {
        ClientMessage::RequestMarketDepth(body) => body.request_id,
        other => panic!("{other:?}"),
    };
    let row = |request_id: RequestId, price: i64| {
        let (operation, side) = (Some(DepthOperation::Insert), Some(BookSide::Bid));
        let row = DepthRow { position: Some(0), operation, side, price: Some(price.into()), ..DepthRow::default() };
        MarketDepth { request_id, row }
    };
    let first = hear(peer.hear().await);
    for price in 0..20 {
        peer.say(row(first, price)).await;
    }
    assert_eq!(peer.hear().await, CancelMarketDepth { request_id: first, is_smart_depth: false }.into());
    let second = hear(peer.hear().await);
    peer.say(row(second, 99)).await;
    assert_eq!(depth.recv().await, Some(Update::Gap { epoch: Epoch(1) }));
    match depth.recv().await {
        Some(Update::Data(DepthUpdate::Row(row))) => assert_eq!(row.price, Some(99.into())),
        other => panic!("{other:?}"),
    }
    assert_eq!(depth.conflated(), 20);
}

#[tokio::test(start_paused = true)]
async fn after_1101_what_tws_has_kept_is_cancelled_before_it_is_asked_for_anew() {
    let (client, _listener, mut peer) = ready_session().await;
    let _quotes = client.market_data(&apple(), &[]).unwrap();
    let _profit = client.profit("DU1", "").unwrap();
    let _bulletins = client.bulletins(Bulletins::New).unwrap();
    assert_eq!(peer.hear_for(SECOND).await.len(), 3);
    peer.notice(-1, 1100, "lost").await;
    peer.notice(-1, 1101, "back").await;
    let heard = short(&peer.hear_for(3 * SECOND).await);
    assert_eq!(heard, ["CANCEL_PNL", "REQ_MKT_DATA", "REQ_PNL", "REQ_NEWS_BULLETINS"]);
}
