//! What is durable when (R1), and a disk that is slow (R37, P12).

use std::time::Duration;

use order::{Input, State};
use tokio::time::Instant;
use trader::prelude::*;
use trader::{Alarm, Moment, Record, Refused};

use crate::desk::{Desk, PATIENCE, alarms, books, hear, is_working, number};
use crate::disk::{Disk, pass};

/// How many legs each submission in the journal has, as another process would read them now.
fn submissions(desk: &Desk) -> Vec<usize> {
    let reader = journal::Reader::open(&desk.config.journal, &journal::Options::new("trader").schema(2)).unwrap();
    let records = reader.replay_as::<Record>(journal::Sequence::FIRST).map(|record| record.unwrap().payload);
    let legs = records.filter_map(|record| match record {
        Record::Order(record) => match record.input {
            Input::Submitted { order_ids, .. } => Some(order_ids.len()),
            _ => None,
        },
        _ => None,
    });
    legs.collect()
}

#[tokio::test(start_paused = true)]
async fn r01_an_intent_is_durable_before_its_first_byte_leaves_and_a_bracket_is_one_record() {
    let desk = Desk::open().await;
    let disk = Disk::default();
    let trader = desk.watched_trader(disk.watcher()).await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    disk.hold(Moment::Recording);
    let asked = handle.clone();
    let ticket = Ticket::buy(&acme, 100).limit(number("9.50")).with_exits(number("11"), number("9"));
    let placing = tokio::spawn(async move { asked.submit(ticket).await });
    disk.held().await;
    assert_eq!((submissions(&desk), desk.orders().len()), (vec![], 0));
    // On the disk, and nothing has left.
    disk.hold(Moment::Recorded);
    while submissions(&desk).is_empty() {
        tokio::task::yield_now().await;
    }
    disk.held().await;
    assert_eq!((submissions(&desk), desk.orders().len(), placing.is_finished()), (vec![3], 0, false));
    disk.let_go();
    placing.await.unwrap().unwrap();
    desk.broker("the bracket", |orders| orders.len() == 3).await;
    trader.stop().await;
}

#[tokio::test(start_paused = true)]
async fn r37_p12_a_disk_that_takes_five_seconds_delays_orders_and_keeps_nobody_from_answering() {
    let desk = Desk::open().await;
    let disk = Disk::default();
    let trader = desk.watched_trader(disk.watcher()).await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut resting = handle.submit(Ticket::buy(&acme, 100).limit(number("9.50"))).await.unwrap();
    resting.wait_for(PATIENCE, is_working).await.unwrap();
    let mut other = handle.submit(Ticket::buy(&acme, 50).limit(number("9.40"))).await.unwrap();
    other.wait_for(PATIENCE, is_working).await.unwrap();
    let mut alarms = alarms(&handle);

    disk.hold(Moment::Recording);
    let (asked, contract) = (handle.clone(), acme.contract.clone());
    let late = tokio::spawn(async move { asked.submit(Ticket::buy(&contract, 7).limit(number("9.30"))).await });
    disk.held().await;
    pass(Duration::from_millis(1_500)).await;
    let alarm = alarms.try_recv().unwrap().unwrap().event().unwrap();
    assert!(matches!(alarm, Alarm::JournalSlow { waited } if waited >= Duration::from_secs(1)), "{alarm}");
    // Refused at once, cancelled at once, and what TWS says is heard.
    let before = Instant::now();
    let refused = handle.submit(Ticket::buy(&acme, 8).limit(number("9.30"))).await.unwrap_err();
    assert!(matches!(refused, Refused::JournalSlow { waited_ms } if waited_ms >= 1_000), "{refused:?}");
    resting.cancel().await.unwrap();
    assert_eq!(before.elapsed(), Duration::ZERO);
    pass(Duration::from_millis(100)).await;
    assert_eq!(desk.sim.book().open_orders().count(), 1);
    desk.quote("ACME", "9.38", "9.40"); // the other fills meanwhile
    pass(Duration::from_millis(3_400)).await;
    assert!(!late.is_finished());
    assert_eq!(desk.orders().len(), 2);

    disk.let_go();
    let mut late = late.await.unwrap().unwrap();
    let stale = late.done(PATIENCE).await.unwrap();
    assert_eq!(stale.state, State::Rejected, "it is five seconds old (R5)");
    assert_eq!(resting.done(PATIENCE).await.unwrap().state, State::Cancelled);
    assert_eq!(other.done(PATIENCE).await.unwrap().state, State::Filled);
    assert_eq!(desk.orders().len(), 2);
    // The disk is well: so is the trader.
    desk.quote("ACME", "9.99", "10.01");
    handle.submit(Ticket::buy(&acme, 9)).await.unwrap().done(PATIENCE).await.unwrap();
    let ended = trader.stop().await;
    assert_eq!(ended.journal_fault, None);
    assert_eq!(Trader::replay(&desk.config).unwrap().fingerprint(), ended.fingerprint);
}

#[tokio::test(start_paused = true)]
async fn r37_r40_a_kill_on_a_slow_disk_cancels_within_a_moment_and_is_durable_later() {
    let desk = Desk::open().await;
    let disk = Disk::default();
    let trader = desk.watched_trader(disk.watcher()).await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut resting = handle.submit(Ticket::buy(&acme, 100).limit(number("9.50"))).await.unwrap();
    resting.wait_for(PATIENCE, is_working).await.unwrap();
    disk.hold(Moment::Recording);
    let killer = handle.clone();
    let killed = tokio::spawn(async move { killer.kill("ann", "the disk is slow").await });
    disk.held().await;
    pass(Duration::from_millis(160)).await;
    assert_eq!(desk.sim.book().open_orders().count(), 0, "cancels wait 100 ms at most");
    assert!(!killed.is_finished(), "and the answer until it is durable");
    assert_eq!(handle.state().phase, Phase::Killed);
    disk.let_go();
    killed.await.unwrap().unwrap();
    assert_eq!(resting.done(PATIENCE).await.unwrap().state, State::Cancelled);
    trader.stop().await;
    assert!(Trader::replay(&desk.config).unwrap().kill.is_some());
}

#[tokio::test(start_paused = true)]
async fn r37_an_order_whose_connection_is_lost_while_it_is_written_does_not_leave_in_the_next() {
    let desk = Desk::open().await;
    let disk = Disk::default();
    let trader = desk.watched_trader(disk.watcher()).await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    disk.hold(Moment::Recording);
    let asked = handle.clone();
    let placing = tokio::spawn(async move { asked.submit(Ticket::buy(&acme, 7).limit(number("9.30"))).await });
    disk.held().await;
    let epoch = handle.state().epoch;
    desk.sim.drop_connections();
    pass(Duration::from_millis(1_400)).await;
    assert!(handle.state().epoch > epoch, "{:?}", handle.state());
    disk.let_go();
    let id = placing.await.unwrap().unwrap().id();
    books(&handle, "its end", move |books| !books.orders.get(id).unwrap().state.is_live()).await;
    assert_eq!(desk.orders().len(), 0);
    trader.stop().await;
}

#[tokio::test(start_paused = true)]
async fn r37_what_is_asked_of_the_books_waits_for_the_disk() {
    let desk = Desk::open().await;
    let disk = Disk::default();
    let trader = desk.watched_trader(disk.watcher()).await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    disk.hold(Moment::Recording);
    let asked = handle.clone();
    let placing = tokio::spawn(async move { asked.submit(Ticket::buy(&acme, 7).limit(number("9.30"))).await });
    disk.held().await;
    let looking = handle.clone();
    let look = tokio::spawn(async move { looking.inspect(|books| books.orders.iter().count()).await });
    pass(Duration::from_millis(500)).await;
    assert!(!look.is_finished(), "the order is not durable yet");
    let mut alarms = alarms(&handle);
    pass(Duration::from_secs(1)).await;
    hear(&mut alarms, |alarm| matches!(alarm, Alarm::JournalSlow { .. })).await;
    disk.let_go();
    placing.await.unwrap().unwrap();
    assert_eq!(look.await.unwrap(), Ok(1));
    trader.stop().await;
}
