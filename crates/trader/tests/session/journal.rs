//! The journal fails: no order leaves, cancels do, and what was never recorded never was.

use journal::{Journal, Options};
use order::{State, Timestamp};
use rusqlite::Connection;
use rust_decimal::Decimal;
use trader::prelude::*;
use trader::{Alarm, Record, Refused};

use crate::desk::{ACCOUNT, Desk, PATIENCE, alarms, books, hear, is_working, listen, number};

/// Somebody else writes into the journal's file: the trader can write no more.
fn occupy(desk: &Desk) -> Connection {
    let other = Connection::open(&desk.config.journal).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    other
}

#[tokio::test]
async fn r37_an_order_that_cannot_be_recorded_never_leaves_and_a_cancel_does() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut resting = handle.submit(Ticket::buy(&acme, 100).limit(number("9.50"))).await.unwrap();
    resting.wait_for(PATIENCE, is_working).await.unwrap();
    let mut alarms = alarms(&handle);
    let mut updates = listen(&handle, |event| match event {
        Event::Order(update) => Some(update.clone()),
        _ => None,
    });
    let occupied = occupy(&desk);
    let refused = handle.submit(Ticket::buy(&acme, 7)).await.unwrap_err();
    assert_eq!(refused, Refused::NotDurable);
    let halted = hear(&mut alarms, |_| true).await;
    assert!(matches!(&halted, Alarm::Halted(reason) if reason.contains("journal")), "{halted}");
    assert_eq!(handle.state().phase, Phase::Halted);
    // Nobody ever hears that it was sent.
    let told = hear(&mut updates, |update| update.quantity == number("7")).await;
    assert_eq!(told.state, State::Rejected);
    let again = handle.submit(Ticket::buy(&acme, 8)).await.unwrap_err();
    assert!(matches!(again, Refused::NotReady { phase: Phase::Halted, .. }), "{again:?}");
    resting.cancel().await.unwrap();
    assert_eq!(resting.done(PATIENCE).await.unwrap().state, State::Cancelled);
    assert_eq!(desk.orders().len(), 1);
    drop(occupied);
    // The disk is well again: nothing is tried anew all the same.
    let still = handle.submit(Ticket::buy(&acme, 9)).await.unwrap_err();
    assert!(matches!(still, Refused::NotReady { phase: Phase::Halted, .. }), "{still:?}");
    let ended = trader.stop().await;
    assert!(ended.journal_fault.is_some());

    let trader = desk.trader().await;
    let handle = trader.handle();
    let orders = handle.inspect(|books| {
        books.orders.iter().map(|order| (order.intent.quantity, order.state.clone())).collect::<Vec<_>>()
    });
    assert_eq!(orders.await.unwrap(), [(number("100"), State::Cancelled)]);
    assert_eq!(desk.orders().len(), 1);
    let ended = trader.stop().await;
    assert_eq!(ended.journal_fault, None);
    assert_eq!(Trader::replay(&desk.config).unwrap().fingerprint(), ended.fingerprint);
}

#[tokio::test]
async fn r37_a_change_that_cannot_be_recorded_never_leaves() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut resting = handle.submit(Ticket::buy(&acme, 100).limit(number("9.50"))).await.unwrap();
    resting.wait_for(PATIENCE, is_working).await.unwrap();
    let _occupied = occupy(&desk);
    let change = Change { quantity: Some(number("200")), ..Change::default() };
    assert_eq!(handle.change(resting.id(), change).await.unwrap_err(), Refused::NotDurable);
    handle.cancel(resting.id()).await.unwrap();
    assert_eq!(resting.done(PATIENCE).await.unwrap().state, State::Cancelled);
    assert_eq!(desk.orders()[0].total, number("100"));
    trader.stop().await;
}

#[tokio::test]
async fn r37_r40_a_kill_without_a_disk_stops_everything_and_says_that_it_does_not_last() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut resting = handle.submit(Ticket::buy(&acme, 100).limit(number("9.50"))).await.unwrap();
    resting.wait_for(PATIENCE, is_working).await.unwrap();
    let _occupied = occupy(&desk);
    assert_eq!(handle.kill("ann", "test").await.unwrap_err(), Refused::KillNotDurable);
    assert_eq!(resting.done(PATIENCE).await.unwrap().state, State::Cancelled);
    assert_eq!(handle.rearm("ann").await.unwrap_err(), Refused::NotDurable);
    trader.stop().await;
}

#[tokio::test]
async fn r37_a_journal_that_is_deleted_halts_though_nothing_happens() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut alarms = alarms(&handle);
    std::fs::remove_file(&desk.config.journal).unwrap();
    let halted = hear(&mut alarms, |alarm| matches!(alarm, Alarm::Halted(_))).await;
    assert!(halted.to_string().contains("deleted, moved or replaced"), "{halted}");
    let refused = handle.submit(Ticket::buy(&acme, 7)).await.unwrap_err();
    assert!(matches!(refused, Refused::NotReady { phase: Phase::Halted, .. }), "{refused}");
    assert_eq!(desk.orders().len(), 0);
    assert!(trader.stop().await.journal_fault.is_some());
}

#[tokio::test]
async fn r01_an_order_is_in_the_journal_before_the_broker_has_it() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    handle.submit(Ticket::buy(&acme, 3)).await.unwrap();
    // Answered: so it is on the disk, whatever the broker knows.
    let reader = journal::Reader::open(&desk.config.journal, &Options::new("trader").schema(2)).unwrap();
    let submitted = reader.replay_as::<Record>(journal::Sequence::FIRST).filter_map(Result::ok).any(|record| {
        matches!(record.payload, Record::Order(record) if matches!(record.input, order::Input::Submitted { .. }))
    });
    assert!(submitted);
    trader.stop().await;
}

fn rows(desk: &Desk, view: &str) -> Vec<serde_json::Value> {
    let mut out = Vec::new();
    let reader = journal::Reader::open(&desk.config.journal, &journal::Options::new("trader").schema(2)).unwrap();
    reader.write_json_lines(view, &mut out).unwrap();
    String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn the_journal_is_a_drop_copy_for_any_tool() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle().for_strategy("one");
    let acme = desk.watch(&handle, "ACME").await;
    handle.submit(Ticket::buy(&acme, 100).label("entry")).await.unwrap().done(PATIENCE).await.unwrap();
    let mut resting = handle.submit(Ticket::sell(&acme, 40).limit(number("11"))).await.unwrap();
    resting.wait_for(PATIENCE, is_working).await.unwrap();
    books(&handle, "the commission", |books| !books.ledger.totals(ACCOUNT, "USD").is_pending()).await;
    trader.stop().await;

    let orders = rows(&desk, "orders");
    assert_eq!(orders.len(), 2, "{orders:?}");
    assert_eq!(
        (&orders[0]["label"], &orders[0]["filled"], &orders[0]["strategy"]),
        (&"entry".into(), &"100".into(), &"one".into())
    );
    assert_eq!((&orders[1]["label"], &orders[1]["quantity"]), (&serde_json::Value::Null, &"40".into()));
    let states: Vec<_> = orders.iter().map(|order| order["state"].as_str()).collect();
    assert_eq!(states, [Some("filled"), Some("unknown")], "the end of the connection is not that of the order");
    let fills = rows(&desk, "fills");
    let quantity: Decimal = fills.iter().map(|fill| number(fill["quantity"].as_str().unwrap())).sum();
    assert_eq!(
        (quantity, fills[0]["symbol"].as_str(), fills[0]["commission"].is_string()),
        (100.into(), Some("ACME"), true)
    );
    let positions = rows(&desk, "positions");
    assert_eq!(
        (positions.len(), &positions[0]["quantity"], &positions[0]["account"]),
        (1, &"100".into(), &ACCOUNT.into())
    );
    let audit = rows(&desk, "audit");
    assert_eq!((&audit[0]["kind"], audit.len() > 8), (&"started".into(), true));
}

#[tokio::test]
async fn a_long_journal_goes_on_in_a_fresh_file_with_the_same_books() {
    let mut desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    handle.submit(Ticket::buy(&acme, 100).label("entry")).await.unwrap().done(PATIENCE).await.unwrap();
    books(&handle, "the commission", |books| !books.ledger.totals(ACCOUNT, "USD").is_pending()).await;
    let ended = trader.stop().await;

    desk.config.journal_records_max = 3;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let archive = std::fs::read_dir(desk.config.journal.parent().unwrap()).unwrap();
    let archives =
        archive.filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().starts_with("trader.db.1-"));
    assert_eq!(archives.count(), 1);
    let acme = desk.watch(&handle, "ACME").await;
    let taken = handle.submit(Ticket::buy(&acme, 100).label("entry")).await.unwrap_err();
    assert!(matches!(taken, Refused::LabelTaken { .. }), "names are remembered: {taken}");
    handle.submit(Ticket::sell(&acme, 100)).await.unwrap().done(PATIENCE).await.unwrap();
    assert_eq!(desk.holds("ACME"), Decimal::ZERO);
    let again = trader.stop().await;
    assert!(again.records > ended.records, "sequences go on");
    let replayed = Trader::replay(&desk.config).unwrap();
    assert_eq!(replayed.fingerprint(), again.fingerprint);
    assert_eq!(replayed.orders.iter().count(), 2);
}

/// What a clock that runs ahead calls old may be told again, and what it forgets until then is refused.
#[tokio::test]
async fn r39_a_clock_that_runs_ahead_forgets_nothing_of_what_comes() {
    let mut desk = Desk::open().await;
    // To the journal it is 2013, as in the simulator; the machine has its clock years ahead when the file is rotated.
    let start =
        |desk: &Desk| Trader::builder(desk.config.clone()).clock_starts_at(Timestamp(1_381_165_200_000_000)).start();
    let trader = start(&desk).await.unwrap();
    let handle = trader.handle().for_strategy("one");
    let acme = desk.watch(&handle, "ACME").await;
    handle.submit(Ticket::buy(&acme, 100)).await.unwrap().done(PATIENCE).await.unwrap();
    books(&handle, "the commission", |books| !books.ledger.totals(ACCOUNT, "USD").is_pending()).await;
    trader.stop().await;
    desk.config.journal_records_max = 3;
    let trader = start(&desk).await.unwrap();
    let handle = trader.handle().for_strategy("one");
    let acme = desk.watch(&handle, "ACME").await;
    handle.submit(Ticket::sell(&acme, 40)).await.unwrap().done(PATIENCE).await.unwrap();
    let id = acme.id();
    let held = move |books: &trader::Books| books.ledger.strategy_position(ACCOUNT, id, Some("one")).quantity;
    books(&handle, "the sale", move |books| held(books) == number("60")).await;
    assert_eq!(handle.inspect(|books| books.orders.iter().count()).await.unwrap(), 2);
    let ended = trader.stop().await;
    assert_eq!(Trader::replay(&desk.config).unwrap().fingerprint(), ended.fingerprint);
}

#[tokio::test]
async fn the_tables_of_a_fresh_file_show_what_is_held_and_what_is_open() {
    let mut desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle().for_strategy("one");
    let acme = desk.watch(&handle, "ACME").await;
    handle.submit(Ticket::buy(&acme, 100)).await.unwrap().done(PATIENCE).await.unwrap();
    let ticket = Ticket::sell(&acme, 40).limit(number("11")).good_till_cancelled().label("exit");
    handle.submit(ticket).await.unwrap().wait_for(PATIENCE, is_working).await.unwrap();
    trader.stop().await;
    let positions = rows(&desk, "positions");
    desk.config.journal_records_max = 3;
    desk.trader().await.stop().await;
    let told = |row: &serde_json::Value| ["symbol", "quantity", "cost", "realised"].map(|column| row[column].clone());
    let fresh = rows(&desk, "positions");
    assert_eq!(fresh.iter().map(told).collect::<Vec<_>>(), positions.iter().map(told).collect::<Vec<_>>());
    let orders = rows(&desk, "orders");
    assert_eq!(orders.len(), 1, "{orders:?}");
    assert_eq!((&orders[0]["label"], &orders[0]["quantity"]), (&"exit".into(), &"40".into()));
}

#[tokio::test]
async fn a_long_journal_that_somebody_reads_goes_on_as_it_is() {
    let mut desk = Desk::open().await;
    desk.trader().await.stop().await;
    desk.config.journal_records_max = 1;
    let reader = journal::Reader::open(&desk.config.journal, &Options::new("trader").schema(2)).unwrap();
    let before = reader.len().unwrap();
    let trader = desk.trader().await;
    assert!(trader.stop().await.records > before);
    assert_eq!(reader.first().number(), 1);
    drop(reader);
    let moved = |desk: &Desk| {
        let files = std::fs::read_dir(desk.config.journal.parent().unwrap()).unwrap();
        files.filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().starts_with("trader.db.1-")).count()
    };
    assert_eq!(moved(&desk), 0);
    desk.trader().await.stop().await;
    assert_eq!(moved(&desk), 1, "once nobody has it open");
}

#[tokio::test]
async fn a_long_journal_for_which_there_is_no_room_in_a_fresh_file_goes_on_as_it_is() {
    let mut desk = Desk::open().await;
    let before = desk.trader().await.stop().await.records;
    desk.config.journal_records_max = 1;
    // SQLite cannot write beside the fresh file.
    let taken = desk.config.journal.with_extension("db.next-journal");
    std::fs::create_dir(&taken).unwrap();
    assert!(desk.trader().await.stop().await.records > before);
    let first = || journal::Reader::open(&desk.config.journal, &Options::new("trader").schema(2)).unwrap().first();
    assert_eq!(first().number(), 1);
    std::fs::remove_dir(&taken).unwrap();
    desk.trader().await.stop().await;
    assert!(first().number() > before, "once there is room");
}

#[tokio::test]
async fn a_fresh_file_that_does_not_begin_with_its_sum_is_refused() {
    let desk = Desk::open().await;
    let mut journal = Journal::open(&desk.config.journal, Options::new("trader").schema(2)).unwrap();
    let started = Record::Started {
        version: "0".into(),
        mode: "paper".into(),
        client_id: desk.config.client_id.0,
        instance: desk.config.instance.clone(),
    };
    let entry = |record: &Record| journal::Entry::new(record.kind(), record).unwrap();
    journal.append_one(journal::Stamps::default(), &entry(&started)).unwrap();
    journal.rotate(journal::Stamps::default(), &[entry(&started)]).unwrap();
    journal.close().unwrap();
    let refused = crate::desk::refused(desk.config.clone()).await;
    assert!(matches!(refused, trader::StartError::NoSum { sequence } if sequence.number() == 2), "{refused}");
}
