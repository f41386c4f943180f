//! What an order would do, asked before it is placed: nothing is placed by it, and no id of it is used again.

use std::time::Duration;

use trader::prelude::*;
use trader::{PreviewError, Refused};
use tws_proto::ServerVersion;
use tws_sim::faults::{Fault, Switch};

use crate::desk::{Desk, PATIENCE, is_working, number, simulator};

#[tokio::test]
async fn a_preview_tells_margins_and_cost_and_places_nothing() {
    for version in [176, 200, 226] {
        let mut desk = Desk::with(simulator()).await;
        desk.config.newest_version = ServerVersion(version);
        let trader = desk.trader().await;
        let handle = trader.handle();
        let acme = desk.watch(&handle, "ACME").await;
        let ticket = || Ticket::buy(&acme, 100).limit(number("9.50"));
        for _ in 0..2 {
            let preview = handle.preview(ticket()).await.unwrap();
            let change = preview.initial_margin_change.unwrap();
            assert!(change > Decimal::ZERO, "{version}: {preview:?}");
            let (before, after) = (preview.initial_margin_before.unwrap(), preview.initial_margin_after.unwrap());
            assert_eq!(before + change, after, "{version}");
            assert!(preview.commission.is_some_and(|commission| commission > Decimal::ZERO), "{version}");
        }
        assert_eq!(desk.orders(), []);
        assert_eq!(handle.inspect(|books| books.orders.iter().count()).await.unwrap(), 0);
        assert_eq!(handle.external_orders().await.unwrap(), []);
        // The next order has a number of its own.
        let mut placed = handle.submit(ticket()).await.unwrap();
        let working = placed.wait_for(PATIENCE, is_working).await.unwrap();
        assert_eq!(working.order_id.0, 3, "{version}");
        let ended = trader.stop().await;
        assert_eq!(ended.journal_fault, None);
        assert_eq!(Trader::replay(&desk.config).unwrap().fingerprint(), ended.fingerprint);
    }
}

#[tokio::test]
async fn of_an_order_with_exits_the_entry_alone_is_asked() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let alone = handle.preview(Ticket::buy(&acme, 100).limit(number("9.50"))).await.unwrap();
    let ticket = Ticket::buy(&acme, 100).limit(number("9.50")).with_exits(number("12"), number("8"));
    assert_eq!(handle.preview(ticket).await.unwrap(), alone);
    assert_eq!(desk.orders(), []);
    trader.stop().await;
}

#[tokio::test]
async fn what_would_not_be_taken_says_why() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let between_ticks = handle.preview(Ticket::buy(&acme, 100).limit(number("9.501"))).await.unwrap_err();
    assert!(matches!(between_ticks, PreviewError::Rejected { code: 110, .. }), "{between_ticks:?}");
    let nothing = handle.preview(Ticket::buy(&acme, 0)).await.unwrap_err();
    assert!(matches!(nothing, PreviewError::Refused(Refused::Submit(_))), "{nothing:?}");
    let other = handle.preview(Ticket::buy(&acme, 1).account("DU9")).await.unwrap_err();
    assert!(matches!(other, PreviewError::Refused(Refused::Account { .. })), "{other:?}");
    handle.kill("a test", "enough").await.unwrap();
    let killed = handle.preview(Ticket::buy(&acme, 100)).await.unwrap_err();
    assert!(matches!(killed, PreviewError::Refused(Refused::NotReady { phase: Phase::Killed, .. })), "{killed:?}");
    trader.stop().await;
    let stopped = handle.preview(Ticket::buy(&acme, 100)).await.unwrap_err();
    assert_eq!(stopped, PreviewError::Refused(Refused::Stopped));
}

#[tokio::test(start_paused = true)]
async fn a_question_that_nobody_answers_ends() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let ticket = || Ticket::buy(&acme, 100).limit(number("9.50"));
    desk.sim.inject(Fault::new(Switch::MissingOpenOrder)).unwrap();
    assert_eq!(handle.preview(ticket()).await, Err(PreviewError::TimedOut { after: Duration::from_secs(10) }));
    let all = (0..17).map(|_| {
        let (handle, ticket) = (handle.clone(), ticket());
        tokio::spawn(async move { handle.preview(ticket).await })
    });
    let all: Vec<_> = all.collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    desk.sim.drop_connections();
    let mut answers = Vec::new();
    for one in all {
        answers.push(one.await.unwrap());
    }
    let count = |error: &PreviewError| answers.iter().filter(|answer| answer.as_ref() == Err(error)).count();
    assert_eq!((count(&PreviewError::LinkLost), count(&PreviewError::TooMany)), (16, 1), "{answers:?}");
    assert_eq!(desk.orders(), []);
    trader.stop().await;
}
