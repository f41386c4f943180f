//! What a person must know: a link that is away while orders work, and alarms until somebody has said to know of them.

use std::time::Duration;

use risk::{AlarmFault, OpenAlarm, Waivable, WaiverFault};
use trader::prelude::*;
use trader::{Alarm, Refused};
use tws_sim::faults::{Fault, Switch};

use crate::desk::{ACCOUNT, Desk, PATIENCE, alarms, back, books, hear, is_unknown, is_working, listen, number};

/// The link is gone for so long, and back.
async fn away(desk: &Desk, handle: &Handle, seconds: u64) {
    let epoch = handle.state().epoch;
    desk.sim.refuse_connections().await;
    desk.sim.drop_connections();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    desk.sim.accept_connections().await.unwrap();
    back(handle, epoch).await;
}

#[tokio::test(start_paused = true)]
async fn c12_orders_are_kept_over_a_short_break_and_cancelled_after_a_long_one() {
    let mut desk = Desk::open().await;
    desk.config.limits.cancel_on_return_after_s = Some(300);
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut alarms = alarms(&handle);
    let mut placed = handle.submit(Ticket::buy(&acme, 100).limit(number("9.50"))).await.unwrap();
    placed.wait_for(PATIENCE, is_working).await.unwrap();
    away(&desk, &handle, 70).await;
    let told = hear(&mut alarms, |alarm| matches!(alarm, Alarm::LinkAway { .. })).await;
    assert!(matches!(told, Alarm::LinkAway { away_s: 60..=61, orders: 1 }), "{told:?}");
    assert!(is_working(&handle.order(placed.id()).await.unwrap().unwrap()));

    let epoch = handle.state().epoch;
    desk.sim.refuse_connections().await;
    desk.sim.drop_connections();
    placed.wait_for(PATIENCE, is_unknown).await.unwrap();
    tokio::time::sleep(Duration::from_secs(301)).await;
    desk.sim.accept_connections().await.unwrap();
    assert_eq!(placed.done(Duration::from_secs(120)).await.unwrap().state, State::Cancelled);
    hear(&mut alarms, |alarm| matches!(alarm, Alarm::CancelledOnReturn { orders: 1, .. })).await;
    back(&handle, epoch).await;
    assert_eq!(desk.sim.book().open_orders().count(), 0);
    // What is placed from now on stays.
    let mut next = handle.submit(Ticket::buy(&acme, 100).limit(number("9.40"))).await.unwrap();
    next.wait_for(PATIENCE, is_working).await.unwrap();
    let ended = trader.stop().await;
    assert_eq!(Trader::replay(&desk.config).unwrap().fingerprint(), ended.fingerprint);
    assert_eq!(desk.sim.book().open_orders().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn c12_a_session_that_comes_back_without_ib_is_no_link_that_is_back() {
    let mut desk = Desk::open().await;
    desk.config.limits.cancel_on_return_after_s = Some(500);
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut alarms = alarms(&handle);
    let mut placed = handle.submit(Ticket::buy(&acme, 100).limit(number("9.50"))).await.unwrap();
    placed.wait_for(PATIENCE, is_working).await.unwrap();
    let epoch = handle.state().epoch;
    desk.sim.refuse_connections().await;
    desk.sim.drop_connections();
    placed.wait_for(PATIENCE, is_unknown).await.unwrap();
    tokio::time::sleep(Duration::from_secs(400)).await;
    desk.sim.accept_connections().await.unwrap();
    back(&handle, epoch).await;
    // TWS is there again, and says that it has no IB.
    desk.sim.inject(Fault::new(Switch::UpstreamLost)).unwrap();
    tokio::time::sleep(Duration::from_secs(200)).await;
    desk.sim.inject(Fault::new(Switch::UpstreamRestored)).unwrap();
    assert_eq!(placed.done(Duration::from_secs(120)).await.unwrap().state, State::Cancelled);
    let told = hear(&mut alarms, |alarm| matches!(alarm, Alarm::CancelledOnReturn { .. })).await;
    assert!(matches!(told, Alarm::CancelledOnReturn { away_s: 600..=635, orders: 1 }), "{told:?}");
    trader.stop().await;
}

#[tokio::test(start_paused = true)]
async fn c12_orders_are_kept_for_ever_where_nothing_else_is_asked_for() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut placed = handle.submit(Ticket::buy(&acme, 100).limit(number("9.50"))).await.unwrap();
    placed.wait_for(PATIENCE, is_working).await.unwrap();
    away(&desk, &handle, 1_000).await;
    assert!(is_working(&handle.order(placed.id()).await.unwrap().unwrap()));
    trader.stop().await;
    assert_eq!(desk.sim.book().open_orders().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn c14_an_alarm_is_told_every_minute_until_a_person_acknowledges_it_over_restarts_too() {
    let desk = Desk::open().await;
    let stands = |handle: &Handle| {
        listen(handle, |event| match event {
            Event::AlarmStands(alarm) => Some(alarm.clone()),
            _ => None,
        })
    };
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    handle.submit(Ticket::buy(&acme, 100).limit(number("9.50"))).await.unwrap();
    let mut told = stands(&handle);
    away(&desk, &handle, 70).await;
    let is_link = |alarm: &OpenAlarm| alarm.code == "link_away";
    tokio::time::sleep(Duration::from_secs(60)).await;
    let first = hear(&mut told, is_link).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(hear(&mut told, is_link).await, first);
    assert!(handle.alarms().await.unwrap().contains(&first));
    trader.stop().await;

    let trader = desk.trader().await;
    let handle = trader.handle();
    let mut told = stands(&handle);
    assert_eq!(hear(&mut told, is_link).await, first);
    let number = first.number;
    let refused = handle.acknowledge_alarm(number, " ").await.unwrap_err();
    assert_eq!(refused, Refused::Alarm(AlarmFault::NoName));
    handle.acknowledge_alarm(number, "ann").await.unwrap();
    let refused = handle.acknowledge_alarm(number, "ann").await.unwrap_err();
    assert_eq!(refused, Refused::Alarm(AlarmFault::NotOpen { number }));
    assert!(!handle.alarms().await.unwrap().contains(&first));
    while let Ok(Some(_)) = told.try_recv() {}
    tokio::time::sleep(Duration::from_secs(130)).await;
    while let Ok(Some(heard)) = told.try_recv() {
        assert_ne!(heard.event().unwrap().number, number);
    }
    let ended = trader.stop().await;
    assert_eq!(Trader::replay(&desk.config).unwrap().fingerprint(), ended.fingerprint);
}

#[tokio::test(start_paused = true)]
async fn c16_one_order_passes_a_limit_on_a_named_persons_word() {
    let mut desk = Desk::open().await;
    desk.config.limits.order_quantity_max = Some(number("10"));
    desk.config.limits.waivers = true;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut alarms = alarms(&handle);
    let big = || Ticket::buy(&acme, 20).limit(number("9.50"));
    let not_open = |number| Refused::Waiver(WaiverFault::NotOpen { number });
    assert!(matches!(handle.submit(big()).await.unwrap_err(), Refused::Submit(_)));
    assert_eq!(handle.submit(big().with_waiver(1)).await.unwrap_err(), not_open(1));
    let unsaid = handle.waive(Waivable::C1, "ann", " ").await.unwrap_err();
    assert_eq!(unsaid, Refused::Waiver(WaiverFault::Unsaid));
    let waiver = handle.waive(Waivable::C1, "ann", "the client's block").await.unwrap();
    // One that needs none does not use it up, and nobody else's may have it.
    handle.submit(Ticket::buy(&acme, 5).limit(number("9.40")).with_waiver(waiver.number)).await.unwrap();
    let other = handle.for_strategy("other").submit(big().with_waiver(waiver.number)).await.unwrap_err();
    assert_eq!(other, not_open(waiver.number));
    handle.submit(big().with_waiver(waiver.number)).await.unwrap();
    let told = hear(&mut alarms, |alarm| matches!(alarm, Alarm::LimitWaived { .. })).await;
    let words = "an order of strategy manual went past a limit on the word of ann (the client's block): C1 order quantity: \
                 asked 20, limit 10; ask for less";
    assert_eq!(told.to_string(), words);
    assert_eq!(handle.submit(big().with_waiver(waiver.number)).await.unwrap_err(), not_open(waiver.number));
    // The next one expires; over a restart too.
    let late = handle.waive(Waivable::C1, "ann", "another").await.unwrap();
    let soon = handle.waive(Waivable::C1, "ann", "a third").await.unwrap();
    trader.stop().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let big = || Ticket::buy(&acme, 20).limit(number("9.30"));
    handle.submit(big().with_waiver(soon.number)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(handle.submit(big().with_waiver(late.number)).await.unwrap_err(), not_open(late.number));
    let ended = trader.stop().await;
    assert_eq!(Trader::replay(&desk.config).unwrap().fingerprint(), ended.fingerprint);
    assert_eq!(desk.orders().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn c13_a_day_that_is_over_is_stated_once_and_over_a_restart() {
    let desk = Desk::open().await;
    // Two minutes before midnight.
    let evening = order::Timestamp(20_000 * order::DAY_US - 120_000_000);
    let trader = Trader::builder(desk.config.clone()).clock_starts_at(evening).start().await.unwrap();
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    handle.submit(Ticket::buy(&acme, 100)).await.unwrap().done(PATIENCE).await.unwrap();
    handle.submit(Ticket::sell(&acme, 30)).await.unwrap().done(PATIENCE).await.unwrap();
    books(&handle, "the commission", |books| !books.ledger.totals(ACCOUNT, "USD").is_pending()).await;
    assert_eq!(handle.statement().await.unwrap(), None);
    tokio::time::sleep(Duration::from_secs(200)).await;
    let statement = handle.statement().await.unwrap().expect("the day is over");
    assert_eq!((statement.first_day, statement.last_day, statement.difference_count), (19_999, 19_999, 0));
    let day = &statement.accounts[ACCOUNT];
    assert_eq!((day.executions, day.bought, day.sold), (2, number("100"), number("30")));
    let ended = trader.stop().await;
    let replayed = Trader::replay(&desk.config).unwrap();
    assert_eq!((replayed.fingerprint(), replayed.statement.as_ref()), (ended.fingerprint, Some(&statement)));
    // The next day, and no statement of this one again.
    let morning = order::Timestamp(20_000 * order::DAY_US + 600_000_000);
    let trader = Trader::builder(desk.config.clone()).clock_starts_at(morning).start().await.unwrap();
    tokio::time::sleep(Duration::from_secs(130)).await;
    assert_eq!(trader.handle().statement().await.unwrap(), Some(statement));
    trader.stop().await;
}
