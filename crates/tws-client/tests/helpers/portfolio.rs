//! A view of accounts, positions, orders and fills: current after the first download, stale at a lost link, fresh again.

use std::sync::Arc;

use rust_decimal::Decimal;
use tws_client::config::Limits;
use tws_client::portfolio::Section;
use tws_client::{Config, Epoch, FollowedEvents, LaneEvent, Portfolio, RequestError, TradingClient};
use tws_proto::ids::OrderId;
use tws_proto::kinds::Action;
use tws_proto::message::{CancelOrder, ClientMessage, PlaceOrder, RequestModelValues, ServerMessage};
use tws_proto::{Contract, Order};
use tws_sim::{Fault, Switch, TwsSim};

use crate::world::{SECOND, session, still, stock};

const FIRST: &str = "DU1234567";
const SECOND_ACCOUNT: &str = "DU7654321";

/// Two accounts with positions, a session, and a view of it that is current.
async fn world() -> (Arc<TwsSim>, TradingClient, Portfolio, FollowedEvents) {
    world_with(Config::paper()).await
}

async fn world_with(config: Config) -> (Arc<TwsSim>, TradingClient, Portfolio, FollowedEvents) {
    let sim = still().account(FIRST).account(SECOND_ACCOUNT);
    let sim = sim.position(FIRST, "IBM", 100, 90).position(SECOND_ACCOUNT, "AAPL", -50, 200);
    let sim = Arc::new(sim.start().await.unwrap());
    sim.quote("IBM", 100, 101).unwrap();
    let client = session(&sim, config);
    let (portfolio, events) = Portfolio::follow(&client, client.take_order_events().unwrap());
    assert!(!portfolio.view().is_current());
    assert!(portfolio.view().missing().contains(&Section::Link));
    (sim, client, portfolio, events)
}

/// Reads what has come until the view is current.
async fn current(portfolio: &Portfolio, events: &mut FollowedEvents) -> Vec<LaneEvent> {
    let mut heard = Vec::new();
    let until = tokio::time::Instant::now() + 120 * SECOND;
    while !portfolio.view().is_current() {
        assert!(tokio::time::Instant::now() < until, "{:?} is missing", portfolio.view().missing());
        let _ = tokio::time::timeout(SECOND, async { heard.extend(events.recv().await) }).await;
    }
    heard
}

/// Reads the lane for so long that everything has come.
async fn settle(events: &mut FollowedEvents) -> Vec<LaneEvent> {
    let mut heard = Vec::new();
    while let Ok(Some(event)) = tokio::time::timeout(5 * SECOND, events.recv()).await {
        heard.push(event);
    }
    heard
}

async fn place(client: &TradingClient, contract: &Contract, quantity: i64, price: i64) -> OrderId {
    place_for(FIRST, client, contract, quantity, price).await
}

async fn place_for(account: &str, client: &TradingClient, contract: &Contract, quantity: i64, price: i64) -> OrderId {
    let order_id = client.next_order_id().await.unwrap();
    let mut order = Order::limit(Action::Buy, quantity.into(), price.into());
    order.account = account.to_owned();
    let message: ClientMessage =
        Box::new(PlaceOrder { order_id, contract: contract.clone(), order, attached: None }).into();
    client.send_order_messages(vec![message]).unwrap();
    order_id
}

/// The view and the broker's own book say the same.
async fn agrees(portfolio: &Portfolio, sim: &TwsSim, client: &TradingClient) {
    let ibm = client.contract_details(&stock("IBM")).await.unwrap()[0].contract.known_id().unwrap();
    let apple = client.contract_details(&stock("AAPL")).await.unwrap()[0].contract.known_id().unwrap();
    let (book, view) = (sim.book(), portfolio.view());
    assert_eq!(view.accounts(), [FIRST, SECOND_ACCOUNT]);
    assert_eq!(view.position(FIRST, ibm), book.position(FIRST, "IBM"));
    assert_eq!(view.position(SECOND_ACCOUNT, apple), book.position(SECOND_ACCOUNT, "AAPL"));
    for account in [FIRST, SECOND_ACCOUNT] {
        let values: Vec<_> = view.values().filter(|(of, ..)| *of == account).collect();
        assert!(values.len() > 10, "{values:?}");
        assert!(view.number(account, "NetLiquidation", "USD").is_some_and(|worth| worth > Decimal::ONE_THOUSAND));
    }
    let shown = view.portfolio().find(|line| line.contract.symbol == "IBM").unwrap();
    assert_eq!(shown.position, Some(book.position(FIRST, "IBM")));
    let shown = view.portfolio_of(SECOND_ACCOUNT).find(|line| line.contract.symbol == "AAPL").unwrap();
    assert_eq!(shown.position, Some(book.position(SECOND_ACCOUNT, "AAPL")));
}

/// What the positions of an account are worth, by the view: symbol, how many, value.
fn worth(portfolio: &Portfolio, account: &str) -> Vec<(String, Decimal, Decimal)> {
    let view = portfolio.view();
    let lines = view.portfolio_of(account);
    lines.map(|line| (line.contract.symbol.clone(), line.position.unwrap(), line.market_value.unwrap())).collect()
}

fn line(symbol: &str, position: i64, value: &str) -> (String, Decimal, Decimal) {
    (symbol.to_owned(), position.into(), value.parse().unwrap())
}

#[tokio::test(start_paused = true)]
async fn the_worth_of_every_account_is_known() {
    let (sim, client, portfolio, events) = world().await;
    tokio::spawn(events.drain());
    sim.quote("AAPL", 300, 301).unwrap();
    portfolio.current(60 * SECOND).await.unwrap();
    for account in [FIRST, SECOND_ACCOUNT] {
        let asked = client.account(account).await.unwrap();
        let asked = asked.portfolio.iter().filter(|line| line.position.is_some_and(|size| !size.is_zero()));
        assert!(portfolio.view().portfolio_of(account).eq(asked), "{account}");
        assert_eq!(portfolio.view().portfolio_of(account).count(), 1);
    }
    // A market moves: within a minute or so both are told anew, and nobody has traded.
    let before = [FIRST, SECOND_ACCOUNT].map(|account| worth(&portfolio, account));
    sim.quote("IBM", 150, 151).unwrap();
    sim.quote("AAPL", 400, 401).unwrap();
    tokio::time::sleep(65 * SECOND).await;
    let after = [FIRST, SECOND_ACCOUNT].map(|account| worth(&portfolio, account));
    assert!(after[0][0].2 > before[0][0].2 && after[1][0].2 < before[1][0].2, "{before:?} {after:?}");
    let now = tokio::time::Instant::now().into_std();
    for account in [FIRST, SECOND_ACCOUNT] {
        let told = portfolio.view().worth_told(account).unwrap();
        assert!(now - told < 61 * SECOND, "{account}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fill_in_any_account_is_in_its_worth_within_seconds() {
    let (sim, client, portfolio, mut events) = world().await;
    current(&portfolio, &mut events).await;
    tokio::spawn(events.drain());
    // Neither account has its turn now, whichever was told last.
    tokio::time::sleep(5 * SECOND).await;
    for (account, had) in [(SECOND_ACCOUNT, 0), (FIRST, 100)] {
        place_for(account, &client, &stock("IBM"), 30, 200).await;
        tokio::time::sleep(4 * SECOND).await;
        let line = worth(&portfolio, account).into_iter().find(|(symbol, ..)| symbol == "IBM").unwrap();
        assert_eq!(line.1, Decimal::from(had + 30), "{account}");
        assert_eq!(line.1, sim.book().position(account, "IBM"));
    }
    assert!(portfolio.view().is_current());
}

#[tokio::test(start_paused = true)]
async fn the_worth_of_every_account_is_told_anew_after_a_cut() {
    let (sim, client, portfolio, events) = world().await;
    tokio::spawn(events.drain());
    portfolio.current(60 * SECOND).await.unwrap();
    sim.inject(Switch::AcceptThenClose).unwrap();
    sim.drop_connections();
    tokio::time::sleep(5 * SECOND).await;
    for account in [FIRST, SECOND_ACCOUNT] {
        let section = Section::Portfolio { account: account.to_owned() };
        assert!(portfolio.view().missing().contains(&section));
        assert_eq!(portfolio.view().portfolio_of(account).count(), 1, "the last that is known is kept");
    }
    // Meanwhile somebody closes the position of the second account by hand.
    let cover = Order { account: SECOND_ACCOUNT.to_owned(), ..Order::market(Action::Buy, 50.into()) };
    sim.quote("AAPL", 200, 201).unwrap();
    sim.manual_order(stock("AAPL"), cover).unwrap();
    assert_eq!(sim.book().position(SECOND_ACCOUNT, "AAPL"), 0.into());
    sim.clear(Switch::AcceptThenClose);
    client.ready(120 * SECOND).await.unwrap();
    portfolio.current(60 * SECOND).await.unwrap();
    assert_eq!(worth(&portfolio, FIRST).len(), 1);
    assert_eq!(worth(&portfolio, SECOND_ACCOUNT), []);
}

#[tokio::test(start_paused = true)]
async fn the_only_account_is_streamed() {
    let sim = still().account(FIRST).position(FIRST, "IBM", 100, 90);
    let sim = Arc::new(sim.start().await.unwrap());
    sim.quote("IBM", 100, 101).unwrap();
    let client = session(&sim, Config::paper());
    let (portfolio, events) = Portfolio::follow(&client, client.take_order_events().unwrap());
    tokio::spawn(events.drain());
    portfolio.current(60 * SECOND).await.unwrap();
    assert_eq!(worth(&portfolio, FIRST), [line("IBM", 100, "10050")]);
    assert!(portfolio.view().number(FIRST, "NetLiquidation", "USD").is_some());
    assert!(client.account_updates(FIRST).is_err(), "the only account is watched, not asked for in turn");
    place(&client, &stock("IBM"), 30, 200).await;
    tokio::time::sleep(4 * SECOND).await;
    assert_eq!(worth(&portfolio, FIRST)[0].1, 130.into());
}

#[tokio::test(start_paused = true)]
async fn orders_fills_and_positions_are_followed() {
    let (sim, client, portfolio, mut events) = world().await;
    current(&portfolio, &mut events).await;
    agrees(&portfolio, &sim, &client).await;
    let resting = place(&client, &stock("IBM"), 10, 50).await;
    let heard = settle(&mut events).await;
    let told = |event: &LaneEvent| matches!(event, LaneEvent::Message(ServerMessage::OpenOrder(_)));
    assert!(heard.iter().any(told), "the user's reader hears what the view hears");
    {
        let view = portfolio.view();
        let orders: Vec<_> = view.orders().collect();
        assert_eq!(orders.len(), 1);
        assert_eq!(orders[0].1.open.as_ref().unwrap().order_id, resting);
        assert_eq!(orders[0].1.status.as_ref().unwrap().remaining, Some(10.into()));
    }
    place(&client, &stock("IBM"), 30, 200).await;
    settle(&mut events).await;
    {
        let view = portfolio.view();
        assert_eq!(view.orders().count(), 1, "what filled is open no more");
        let fills: Vec<_> = view.fills().collect();
        let filled: Decimal = fills.iter().filter_map(|fill| fill.data.execution.quantity).sum();
        assert_eq!(filled, 30.into());
        assert!(fills.iter().all(|fill| fill.cost.is_some()));
        let order = fills[0].data.execution.permanent_id.unwrap();
        assert_eq!(view.fills_of(order).count(), fills.len());
    }
    agrees(&portfolio, &sim, &client).await;
    client.send_order_messages(vec![CancelOrder::new(resting).into()]).unwrap();
    settle(&mut events).await;
    assert_eq!(portfolio.view().orders().count(), 0);
    assert!(portfolio.view().is_current());
}

#[tokio::test(start_paused = true)]
async fn a_lost_link_makes_it_stale_and_the_next_one_fresh() {
    let (sim, client, portfolio, mut events) = world().await;
    current(&portfolio, &mut events).await;
    for price in [50, 51] {
        place(&client, &stock("IBM"), 10, price).await;
        settle(&mut events).await;
    }
    assert_eq!(portfolio.view().orders().count(), 2);
    sim.inject(Switch::AcceptThenClose).unwrap();
    sim.drop_connections();
    settle(&mut events).await;
    assert!(!portfolio.view().is_current() && portfolio.view().missing().contains(&Section::Link));
    assert_eq!(portfolio.view().orders().count(), 2, "the last that is known is kept");
    // Meanwhile somebody cancels one by hand, and sells all of a position.
    let name = sim.book().orders().next().unwrap().permanent_id;
    sim.cancel_by_hand(name).unwrap();
    let sell = Order { account: FIRST.to_owned(), ..Order::market(Action::Sell, 100.into()) };
    sim.manual_order(stock("IBM"), sell).unwrap();
    sim.clear(Switch::AcceptThenClose);
    client.ready(120 * SECOND).await.unwrap();
    current(&portfolio, &mut events).await;
    settle(&mut events).await;
    let ibm = client.contract_details(&stock("IBM")).await.unwrap()[0].contract.known_id().unwrap();
    let view = portfolio.view();
    assert_eq!(view.orders().count(), 1, "{:?}", view.orders().collect::<Vec<_>>());
    assert_eq!(view.position(FIRST, ibm), sim.book().position(FIRST, "IBM"));
    assert_eq!(
        view.portfolio().any(|line| line.contract.symbol == "IBM"),
        sim.book().position(FIRST, "IBM") != 0.into()
    );
    assert!(view.fills().count() > 0, "what filled while nobody looked is there");
}

#[tokio::test(start_paused = true)]
async fn twenty_cuts_leave_it_current_and_nothing_behind() {
    let (sim, client, portfolio, events) = world().await;
    let draining = tokio::spawn(events.drain());
    portfolio.current(60 * SECOND).await.unwrap();
    let before = client.counts();
    for cut in 2..22 {
        sim.drop_connections();
        let mut states = client.state();
        states.wait_for(|state| state.epoch >= Epoch(cut) && state.is_ready()).await.unwrap();
        portfolio.current(60 * SECOND).await.unwrap();
    }
    agrees(&portfolio, &sim, &client).await;
    let after = client.counts();
    assert_eq!((after.subscriptions, after.waiters), (before.subscriptions, before.waiters));
    // Nothing keeps the session alive but its handles.
    drop(portfolio);
    tokio::time::sleep(SECOND).await;
    assert_eq!(client.counts().subscriptions, 0);
    let mut states = client.state();
    drop(client);
    let end = states.wait_for(|state| state.phase == tws_client::Phase::Closed);
    let _ = tokio::time::timeout(60 * SECOND, end).await.expect("the session ends");
    let _ = tokio::time::timeout(SECOND, draining).await.expect("the reader ends with it");
}

#[tokio::test(start_paused = true)]
async fn what_a_stream_left_out_is_asked_for() {
    let limits = Limits { account_updates: 8, ..Limits::default() };
    let (sim, client, portfolio, events) = world_with(Config { limits, ..Config::paper() }).await;
    tokio::spawn(events.drain());
    portfolio.current(120 * SECOND).await.unwrap();
    assert!(client.counts().conflated > 0, "an account has more values than the stream keeps");
    agrees(&portfolio, &sim, &client).await;
    for account in [FIRST, SECOND_ACCOUNT] {
        let request = RequestModelValues { account: account.to_owned(), ..Default::default() };
        let whole = client.request(request).await.unwrap();
        let view = portfolio.view();
        for value in whole {
            assert!(view.value(account, &value.key, &value.currency).is_some(), "{value:?} is missing");
        }
    }
}

/// What could not be read may have been what the view does not know: it is told anew before the view is current again.
#[tokio::test(start_paused = true)]
async fn what_could_not_be_read_is_asked_for() {
    let (sim, client, portfolio, mut events) = world().await;
    current(&portfolio, &mut events).await;
    // In protobuf, cut off within a field.
    for (message, section) in [
        (5, Section::Orders),
        (3, Section::Orders),
        (11, Section::Fills),
        (59, Section::Fills),
        (61, Section::Positions),
        (62, Section::Positions),
    ] {
        sim.inject(Fault::new(Switch::Raw).text(format!("00000006{:08x}0880", 200 + message))).unwrap();
        let mut heard = Vec::new();
        while !heard.iter().any(|event| matches!(event, LaneEvent::BadFrame(_))) {
            heard.extend(events.recv().await);
        }
        assert_eq!(portfolio.view().missing(), [section], "message {message}");
        current(&portfolio, &mut events).await;
        assert_eq!(client.state().borrow().epoch, Epoch(1));
    }
    agrees(&portfolio, &sim, &client).await;
    // What has to do with no order, fill or position casts doubt on none.
    sim.inject(Fault::new(Switch::Raw).text(format!("00000006{:08x}0880", 200 + 1))).unwrap();
    sim.inject(Switch::UnknownMessage).unwrap();
    settle(&mut events).await;
    assert!(portfolio.view().is_current());
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_in_vain_is_told() {
    let (sim, client, portfolio, events) = world().await;
    tokio::spawn(events.drain());
    sim.inject(Switch::RequestsLost).unwrap();
    client.ready(60 * SECOND).await.unwrap();
    let late = portfolio.current(5 * SECOND).await;
    assert_eq!(late, Err(RequestError::TimedOut { request: "Portfolio", after: 5 * SECOND }));
    sim.clear(Switch::RequestsLost);
    portfolio.current(120 * SECOND).await.unwrap();
}
