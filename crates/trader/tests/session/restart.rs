//! Restarts on the same journal: the books are those that were, and go on.

use std::time::Duration;

use order::{State, Timestamp};
use rust_decimal::Decimal;
use trader::prelude::*;
use trader::{ClientLockError, Refused, StartError};
use tws_client::{Config, TradingClient};
use tws_proto::ids::{ClientId, OrderId};
use tws_proto::kinds::{Action, OrderType};
use tws_proto::message::PlaceOrder;
use tws_proto::{ClientMessage, Order};

use crate::desk::{ACCOUNT, Desk, PATIENCE, books, is_working, number, refused};

#[tokio::test]
async fn a_restart_finds_the_same_books_and_goes_on() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle().for_strategy("one");
    let acme = desk.watch(&handle, "ACME").await;
    handle.submit(Ticket::buy(&acme, 100)).await.unwrap().done(PATIENCE).await.unwrap();
    let mut resting = handle.submit(Ticket::sell(&acme, 50).limit(number("11"))).await.unwrap();
    let resting_id = resting.wait_for(PATIENCE, is_working).await.unwrap();
    books(&handle, "the commission", |books| !books.ledger.totals(ACCOUNT, "USD").is_pending()).await;
    let ended = trader.stop().await;
    assert_eq!(ended.journal_fault, None);
    let replayed = Trader::replay(&desk.config).unwrap();
    assert_eq!(replayed.fingerprint(), ended.fingerprint);
    // What the world does meanwhile: the resting order fills.
    desk.quote("ACME", "11.00", "11.02");
    assert_eq!(desk.holds("ACME"), number("50"));

    let trader = desk.trader().await;
    let handle = trader.handle().for_strategy("one");
    let known = handle.order(resting_id.intent).await.unwrap().unwrap();
    assert_eq!((known.state, known.filled), (State::Filled, number("50")));
    assert_eq!(handle.position(acme.id()).await.unwrap(), number("50"));
    let acme = desk.watch(&handle, "ACME").await;
    let mut next = handle.submit(Ticket::sell(&acme, 50)).await.unwrap();
    let done = next.done(PATIENCE).await.unwrap();
    assert!(done.order_id > resting_id.order_id && done.intent > resting_id.intent, "{done:?}");
    assert_eq!((desk.holds("ACME"), desk.orders().len()), (Decimal::ZERO, 3));
    let ended = trader.stop().await;
    assert_eq!(Trader::replay(&desk.config).unwrap().fingerprint(), ended.fingerprint);
}

#[tokio::test]
async fn what_was_open_at_the_end_is_unknown_at_the_start() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut resting = handle.submit(Ticket::buy(&acme, 100).limit(number("9.50"))).await.unwrap();
    resting.wait_for(PATIENCE, is_working).await.unwrap();
    trader.stop().await;
    let books = Trader::replay(&desk.config).unwrap();
    let left = books.orders.update(resting.id()).unwrap();
    assert!(crate::desk::is_unknown(&left), "{left:?}");
    let trader = desk.trader().await;
    let found = trader.handle().order(resting.id()).await.unwrap().unwrap();
    assert!(is_working(&found), "{found:?}");
    trader.stop().await;
}

#[tokio::test]
async fn a_crash_leaves_what_was_sent_unknown_until_the_broker_has_been_asked() {
    let mut desk = Desk::with(crate::desk::simulator().latency(std::time::Duration::from_millis(150))).await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let placed = handle.submit(Ticket::buy(&acme, 100).limit(number("9.50"))).await.unwrap();
    desk.broker("the order", |orders| orders.len() == 1).await;
    // The journal as a crash would leave it now: the order is in it, its answer is not.
    let crashed = desk.config.journal.with_file_name("crashed.db");
    for end in ["", "-wal"] {
        let copied = |path: &std::path::Path| format!("{}{end}", path.display());
        std::fs::copy(copied(&desk.config.journal), copied(&crashed)).unwrap();
    }
    let id = placed.id();
    drop(placed);
    trader.stop().await;
    desk.config.journal = crashed;
    let left = Trader::replay(&desk.config).unwrap().orders.update(id).unwrap();
    assert_eq!(left.state, State::Sent);

    let trader = desk.trader().await;
    let found = trader.handle().order(id).await.unwrap().unwrap();
    assert!(is_working(&found), "{found:?}");
    trader.stop().await;
    assert_eq!(desk.orders().len(), 1);
    let reader = journal::Reader::open(&desk.config.journal, &journal::Options::new("trader").schema(2)).unwrap();
    let records: Vec<trader::Record> =
        reader.replay_as(journal::Sequence::FIRST).map(|record| record.unwrap().payload).collect();
    let second = records.iter().rposition(|record| matches!(record, trader::Record::Started { .. })).unwrap();
    let lost = order::Input::Happened(order::Event::Link(order::LinkEvent::Lost));
    assert!(
        matches!(&records[second + 1], trader::Record::Order(record) if record.input == lost),
        "{:?}",
        records[second + 1]
    );
}

#[tokio::test]
async fn r40_a_kill_survives() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    trader.handle().kill("ann", "enough for today").await.unwrap();
    trader.stop().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    assert_eq!(handle.state().phase, Phase::Killed);
    let acme = desk.watch(&handle, "ACME").await;
    let refused = handle.submit(Ticket::buy(&acme, 1)).await.unwrap_err();
    assert!(matches!(refused, Refused::NotReady { phase: Phase::Killed, .. }), "{refused:?}");
    assert!(handle.rearm("ann").await.unwrap());
    trader.stop().await;
    let trader = desk.trader().await;
    assert_eq!(trader.handle().state().phase, Phase::Ready);
    trader.stop().await;
}

#[tokio::test]
async fn r38_p20_one_journal_has_one_trader_and_stays_with_it() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let error = refused(desk.config.clone()).await;
    assert!(matches!(error, StartError::Client(ClientLockError::Taken { .. })), "{error}");
    let other_id = TraderConfig { client_id: ClientId(2), ..desk.config.clone() };
    let error = refused(other_id.clone()).await;
    assert!(matches!(error, StartError::Journal(journal::OpenError::Locked { .. })), "{error}");
    assert_eq!(desk.sim.clients(), 1);
    trader.stop().await;
    let other_name = TraderConfig { instance: "t2".into(), ..desk.config.clone() };
    for (config, expected) in [(other_id, "TWS_CLIENT_ID"), (other_name, "TWS_INSTANCE")] {
        let error = refused(config).await;
        assert!(matches!(&error, StartError::OtherTrader { setting, .. } if *setting == expected), "{error}");
    }
    desk.trader().await.stop().await;
}

#[tokio::test]
async fn r38_one_client_id_has_one_trader_whatever_its_journal() {
    let mut desk = Desk::open().await;
    let trader = desk.trader().await;
    let fresh = desk.config.journal.with_file_name("fresh.db");
    let first = std::mem::replace(&mut desk.config.journal, fresh.clone());
    let StartError::Client(ClientLockError::Taken { holder, .. }) = refused(desk.config.clone()).await else {
        panic!("it should not start")
    };
    assert_eq!(holder.map(|holder| (holder.pid, holder.journal)), Some((std::process::id(), first)));
    assert_eq!((desk.sim.counters().connections, fresh.exists()), (1, false), "nothing of it was begun");
    // Another client of the same TWS, and the same client of another TWS, are others.
    let journal = fresh.with_file_name("beside.db");
    let beside = TraderConfig { client_id: ClientId(2), instance: "t2".into(), journal, ..desk.config.clone() };
    Trader::builder(beside).start().await.unwrap().stop().await;
    let other = Desk::open().await;
    let elsewhere = TraderConfig { lock_folder: desk.config.lock_folder.clone(), ..other.config.clone() };
    Trader::builder(elsewhere).start().await.unwrap().stop().await;
    trader.stop().await;
    desk.trader().await.stop().await;
}

#[tokio::test]
async fn r38_a_journal_that_was_lost_halts_while_its_orders_live() {
    let mut desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut resting = handle.submit(Ticket::buy(&acme, 100).limit(number("9.50"))).await.unwrap();
    resting.wait_for(PATIENCE, is_working).await.unwrap();
    trader.stop().await;
    let fresh = desk.config.journal.with_file_name("fresh.db");
    let kept = std::mem::replace(&mut desk.config.journal, fresh);
    let StartError::NotReady(not_ready) = refused(desk.config.clone()).await else { panic!("it should halt") };
    assert!(not_ready.state.reason.contains("find the journal that does"), "{not_ready}");
    desk.config.journal = kept;
    let trader = desk.trader().await;
    assert_eq!(trader.handle().cancel_all(|_| true).await.unwrap(), 1);
    desk.broker("the cancel", |orders| orders.iter().all(|order| !order.stage.is_live())).await;
    trader.stop().await;
}

#[tokio::test]
async fn r17_orders_of_others_belong_to_no_strategy_and_count_as_exposure() {
    let mut desk = Desk::open().await;
    desk.config.limits.position_max = Some(number("150"));
    let (other, driver) = TradingClient::connect(Config {
        host: desk.config.host.clone(),
        port: desk.config.port,
        client_id: ClientId(9),
        ..Config::paper()
    })
    .unwrap();
    tokio::spawn(driver.run());
    other.ready(PATIENCE).await.unwrap();
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let place = |id: i32, kind: OrderType, price: Option<Decimal>| {
        let order = Order {
            action: Action::Buy,
            total_quantity: Some(number("100")),
            order_type: kind,
            limit_price: price,
            account: ACCOUNT.into(),
            ..Order::default()
        };
        let place = PlaceOrder { order_id: OrderId(id), contract: acme.contract.clone(), order, attached: None };
        vec![ClientMessage::from(Box::new(place))]
    };
    let first = other.next_order_id().await.unwrap().0;
    other.send_order_messages(place(first, OrderType::Limit, Some(number("9.00")))).unwrap();
    let book = async {
        while desk.sim.book().open_orders().count() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, book).await.unwrap();
    // The next comparison finds it: after a break, at once.
    let epoch = handle.state().epoch;
    desk.sim.drop_connections();
    crate::desk::back(&handle, epoch).await;
    let external = handle.inspect(|books| books.orders.external().map(|order| order.remaining).collect::<Vec<_>>());
    assert_eq!(external.await.unwrap(), [number("100")]);
    let refusal = handle.submit(Ticket::buy(&acme, 100).limit(number("9.50"))).await.unwrap_err();
    let expected = Refused::Submit(order::SubmitError::Refused(risk::Refusal::Position {
        asked: number("100"),
        have: number("0"),
        pending: number("100"),
        limit: number("150"),
    }));
    assert_eq!(refusal, expected);
    // It fills: that is nobody's position here, and found again as the account's.
    desk.quote("ACME", "8.98", "9.00");
    assert_eq!(desk.holds("ACME"), number("100"));
    let epoch = handle.state().epoch;
    desk.sim.drop_connections();
    crate::desk::back(&handle, epoch).await;
    let counted = handle.inspect(move |books| {
        (books.position(ACCOUNT, acme.id()), books.ledger.strategy_position(ACCOUNT, acme.id(), None).quantity)
    });
    assert_eq!(counted.await.unwrap(), (number("100"), number("100")));
    assert_eq!(handle.inspect(|books| books.orders.iter().count()).await.unwrap(), 0);
    other.shutdown().await;
    trader.stop().await;
}

/// TWS tells hours for a few days ahead.
#[tokio::test(start_paused = true)]
async fn r28_hours_of_what_is_in_use_are_asked_for_anew_before_they_run_out() {
    const START_US: i64 = 1_381_165_200_000_000; // when the simulator starts
    let desk = Desk::open().await;
    let trader = Trader::builder(desk.config.clone()).clock_starts_at(Timestamp(START_US)).start().await.unwrap();
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let resting = Ticket::buy(&acme, 10).limit(number("9.50")).good_till_cancelled();
    handle.submit(resting).await.unwrap().wait_for(PATIENCE, is_working).await.unwrap();
    let id = acme.id();
    let known_until = |books: &trader::Books| {
        let terms = books.orders.terms(ContractId(900_001));
        terms.and_then(|terms| terms.regular.last().map(|session| session.closes)).unwrap()
    };
    let first = handle.inspect(known_until).await.unwrap();
    // Long before they end nothing is asked.
    tokio::time::sleep(Duration::from_secs(130)).await;
    assert_eq!(handle.inspect(known_until).await.unwrap(), first);
    trader.stop().await;

    let shortly_before = Timestamp(first.0 - 3_600_000_000);
    desk.sim.advance(Duration::from_micros(shortly_before.since(Timestamp(START_US)).unsigned_abs()));
    let trader = Trader::builder(desk.config.clone()).clock_starts_at(shortly_before).start().await.unwrap();
    let handle = trader.handle();
    books(&handle, "the hours", move |books| {
        let terms = books.orders.terms(id).unwrap();
        terms.regular.last().unwrap().closes.since(first) > 3 * 24 * 3_600_000_000 && !terms.price_steps.is_empty()
    })
    .await;
    let ended = trader.stop().await;
    assert_eq!(Trader::replay(&desk.config).unwrap().fingerprint(), ended.fingerprint);
}

/// A journal of before does not say in what a contract is quoted, and a contract may come to be quoted otherwise.
#[tokio::test(start_paused = true)]
async fn c1_what_is_asked_for_anew_tells_in_how_small_a_unit_it_is_quoted() {
    const START_US: i64 = 1_381_165_200_000_000; // when the simulator starts
    let penny = tws_sim::Instrument {
        price_magnifier: 100,
        ..tws_sim::Instrument::stock(900_003, "PENNY", "USD", number("1000"))
    };
    let desk = Desk::with(crate::desk::simulator().instrument(penny)).await;
    desk.quote("PENNY", "999", "1001");
    let trader = Trader::builder(desk.config.clone()).clock_starts_at(Timestamp(START_US)).start().await.unwrap();
    let handle = trader.handle();
    let penny = desk.watch(&handle, "PENNY").await;
    let resting = Ticket::buy(&penny, 1).limit(number("950")).good_till_cancelled();
    handle.submit(resting).await.unwrap().wait_for(PATIENCE, is_working).await.unwrap();
    let id = penny.id();
    let closes = move |books: &trader::Books| books.orders.terms(id).unwrap().regular.last().unwrap().closes;
    let first = handle.inspect(closes).await.unwrap();
    trader.stop().await;
    let record = trader::Record::Magnified { contract_id: id, magnifier: 1 };
    let entry = journal::Entry::new(record.kind(), &record).unwrap();
    let mut journal = journal::Journal::open(&desk.config.journal, journal::Options::new("trader").schema(2)).unwrap();
    journal.append_one(journal::Stamps::default(), &entry).unwrap();
    journal.close().unwrap();

    let shortly_before = Timestamp(first.0 - 3_600_000_000);
    desk.sim.advance(Duration::from_micros(shortly_before.since(Timestamp(START_US)).unsigned_abs()));
    let trader = Trader::builder(desk.config.clone()).clock_starts_at(shortly_before).start().await.unwrap();
    let handle = trader.handle();
    let multiplier = move |books: &trader::Books| {
        books.ledger.instrument_of(&penny.contract).map(|instrument| instrument.multiplier.to_string())
    };
    assert_eq!(handle.inspect(multiplier.clone()).await.unwrap(), Ok("1".to_owned()));
    books(&handle, "the unit", move |books| multiplier(books) == Ok("0.01".to_owned())).await;
    let ended = trader.stop().await;
    assert_eq!(Trader::replay(&desk.config).unwrap().fingerprint(), ended.fingerprint);
}
