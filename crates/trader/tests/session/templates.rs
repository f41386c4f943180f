//! Order types of a strategy's own, at work in a trader.

use order::template::{Template, View, Wish};
use order::{Hours, Intent, Timestamp};
use trader::prelude::*;
use trader::{Alarm, Refused, TemplateEnd};

use crate::desk::{Desk, PATIENCE, alarms, hear, number};

/// Shows a large order slice by slice; panics where it is told to.
struct Iceberg {
    contract: Contract,
    whole: Decimal,
    slice: Decimal,
    price: Decimal,
    panics_behind: Decimal,
}

fn iceberg(contract: &Contract, price: &str) -> Iceberg {
    let [whole, slice, never] = ["25", "10", "1000"].map(number);
    Iceberg { contract: contract.clone(), whole, slice, price: number(price), panics_behind: never }
}

impl Template for Iceberg {
    fn next(&mut self, view: &View<'_>, ids: &mut dyn FnMut() -> IntentId) -> Vec<Wish> {
        if view.is_any_live() {
            return Vec::new();
        }
        assert!(view.filled() < self.panics_behind, "a bug of the template");
        let left = self.whole - view.filled();
        let was_cut = view.own().last().is_some_and(|last| last.filled < last.intent.quantity);
        if left <= Decimal::ZERO || was_cut {
            return vec![Wish::Finish];
        }
        let intent = Intent {
            id: ids(),
            strategy: "another".into(),
            account: String::new().into(),
            contract: self.contract.clone().into(),
            side: Side::Buy,
            quantity: self.slice.min(left),
            kind: OrderKind::Limit { limit_price: self.price },
            time_in_force: TimeInForce::Day,
            hours: Hours::Regular,
            extension: None,
        };
        vec![Wish::Submit(intent.into())]
    }
}

fn desk_for_slices(desk: &mut Desk) {
    desk.config.limits.duplicate_window_ms = 1; // slices are alike
}

#[tokio::test]
async fn a_template_works_to_its_end_in_its_strategys_name() {
    let mut desk = Desk::open().await;
    desk_for_slices(&mut desk);
    let trader = desk.trader().await;
    let handle = trader.handle().for_strategy("ice");
    let acme = desk.watch(&handle, "ACME").await;
    let mut running = handle.run_template("cube", iceberg(&acme, "10.05")).await.unwrap();
    let done = running.done(PATIENCE).await.unwrap();
    assert_eq!((done.end, done.filled, done.orders.len()), (Some(TemplateEnd::Finished), number("25"), 3));
    assert_eq!(handle.position(acme.id()).await.unwrap(), number("25"));
    assert_eq!((desk.holds("ACME"), desk.orders().len()), (number("25"), 3));
    let ended = trader.stop().await;
    assert_eq!(Trader::replay(&desk.config).unwrap().fingerprint(), ended.fingerprint);
}

#[tokio::test]
async fn a_template_is_cancelled_with_what_it_has_alive() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle().for_strategy("ice");
    let acme = desk.watch(&handle, "ACME").await;
    let mut running = handle.run_template("cube", iceberg(&acme, "9.50")).await.unwrap();
    running.wait_for(PATIENCE, |progress| progress.is_live).await.unwrap();
    let again = handle.run_template("cube", iceberg(&acme, "9.40")).await.unwrap_err();
    assert_eq!(again, Refused::TemplateRunning { label: "cube".to_owned() });
    running.cancel().await.unwrap();
    let done = running.done(PATIENCE).await.unwrap();
    assert_eq!((done.end, done.filled, done.orders.len()), (Some(TemplateEnd::Cancelled), number("0"), 1));
    assert_eq!((desk.sim.book().open_orders().count(), desk.orders().len()), (0, 1));
    // Its name is free again.
    handle.run_template("cube", iceberg(&acme, "9.40")).await.unwrap().cancel().await.unwrap();
    trader.stop().await;
}

#[tokio::test]
async fn a_template_that_is_refused_or_panics_ends_with_an_alarm() {
    let mut desk = Desk::open().await;
    desk_for_slices(&mut desk);
    let trader = desk.trader().await;
    let handle = trader.handle().for_strategy("ice");
    let acme = desk.watch(&handle, "ACME").await;
    let mut alarms = alarms(&handle);
    let mut far = handle.run_template("far", iceberg(&acme, "20")).await.unwrap();
    let done = far.done(PATIENCE).await.unwrap();
    assert!(matches!(&done.end, Some(TemplateEnd::Refused(reason)) if reason.contains("C2 price collar")), "{done:?}");
    hear(&mut alarms, |alarm| matches!(alarm, Alarm::TemplateEnded { label, .. } if label == "far")).await;
    let bug = Iceberg { panics_behind: number("10"), ..iceberg(&acme, "10.05") };
    let mut broken = handle.run_template("broken", bug).await.unwrap();
    let done = broken.done(PATIENCE).await.unwrap();
    assert_eq!((done.end, done.filled), (Some(TemplateEnd::Panicked), number("10")));
    hear(&mut alarms, |alarm| matches!(alarm, Alarm::TemplateEnded { label, .. } if label == "broken")).await;
    // The engine goes on.
    handle.submit(Ticket::sell(&acme, 10)).await.unwrap().done(PATIENCE).await.unwrap();
    trader.stop().await;
    assert_eq!(desk.holds("ACME"), number("0"));
}

#[tokio::test]
async fn a_kill_ends_what_is_at_work_and_no_rearming_lets_it_go_on() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle().for_strategy("ice");
    let acme = desk.watch(&handle, "ACME").await;
    let mut running = handle.run_template("cube", iceberg(&acme, "9.50")).await.unwrap();
    running.wait_for(PATIENCE, |progress| progress.is_live).await.unwrap();
    // This one has nothing alive: it waits for its time.
    let mut waiting = handle.run_template("later", Later).await.unwrap();
    handle.kill("ann", "test").await.unwrap();
    for template in [&mut running, &mut waiting] {
        assert_eq!(template.done(PATIENCE).await.unwrap().end, Some(TemplateEnd::Cancelled));
    }
    assert!(handle.rearm("ann").await.unwrap());
    handle.ready(PATIENCE).await.unwrap();
    // Its name is free again, and it alone makes an order.
    let mut again = handle.run_template("cube", iceberg(&acme, "9.40")).await.unwrap();
    again.wait_for(PATIENCE, |progress| progress.is_live).await.unwrap();
    desk.broker("the new slice", |orders| orders.len() == 2).await;
    let ended = trader.stop().await;
    assert_eq!(Trader::replay(&desk.config).unwrap().fingerprint(), ended.fingerprint);
}

/// Wants nothing yet.
struct Later;

impl Template for Later {
    fn next(&mut self, _view: &View<'_>, _ids: &mut dyn FnMut() -> IntentId) -> Vec<Wish> {
        vec![Wish::WakeAt(Timestamp(i64::MAX))]
    }
}

#[tokio::test]
async fn a_restart_cancels_what_a_template_had_alive() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle().for_strategy("ice");
    let acme = desk.watch(&handle, "ACME").await;
    let mut running = handle.run_template("cube", iceberg(&acme, "9.50")).await.unwrap();
    let begun = running.wait_for(PATIENCE, |progress| progress.is_live).await.unwrap();
    desk.broker("the slice", |orders| orders.len() == 1).await;
    trader.stop().await;
    let trader = desk.trader().await;
    let handle = trader.handle().for_strategy("ice");
    let slice = begun.orders[0];
    crate::desk::books(&handle, "the end of the slice", move |books| {
        books.orders.get(slice).is_some_and(|order| order.state == State::Cancelled)
    })
    .await;
    let ended = trader.stop().await;
    assert_eq!((desk.sim.book().open_orders().count(), desk.orders().len()), (0, 1));
    assert_eq!(Trader::replay(&desk.config).unwrap().fingerprint(), ended.fingerprint);
}
