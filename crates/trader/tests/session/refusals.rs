//! Orders that are not taken: each with its reason, and nothing of it reaches the broker.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use order::{Change, GroupFault, Hedge, Invalid, OcaEffect, SubmitError};
use risk::{AllowList, Limits, Refusal};
use trader::prelude::*;
use trader::{ConfigError, Refused, StartError, WatchError};

use crate::desk::{Desk, PATIENCE, is_working, number, refused, simulator};

/// Submits a ticket for ACME, quoted at 9.99 to 10.01, under these limits; the broker must hear nothing.
async fn check(
    limits: impl Fn(&mut Limits),
    ticket: impl Fn(&Contract) -> Ticket,
    expected: impl Fn(&Refused) -> bool,
) {
    let mut desk = Desk::open().await;
    limits(&mut desk.config.limits);
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let refused = handle.submit(ticket(&acme)).await.unwrap_err();
    assert!(expected(&refused), "{refused:?}");
    assert_eq!(handle.inspect(|books| books.orders.iter().count()).await.unwrap(), 0);
    let ended = trader.stop().await;
    assert_eq!(desk.orders().len(), 0);
    assert_eq!(ended.journal_fault, None);
}

fn gate(refused: &Refused) -> Option<&Refusal> {
    match refused {
        Refused::Submit(SubmitError::Refused(refusal)) => Some(refusal),
        _ => None,
    }
}

#[tokio::test]
async fn the_gate_says_which_control_refused() {
    let none = |_: &mut Limits| {};
    let buy = |quantity: i64| move |acme: &Contract| Ticket::buy(acme, quantity);
    let is = |wanted: fn(&Refusal) -> bool| move |refused: &Refused| gate(refused).is_some_and(wanted);
    check(none, buy(1001), is(|refusal| matches!(refusal, Refusal::OrderQuantity { .. }))).await;
    check(
        |limits| limits.order_value_max = Some(number("1000")),
        buy(100),
        is(|refusal| matches!(refusal, Refusal::OrderValue { .. })),
    )
    .await;
    check(
        |limits| limits.position_max = Some(number("99")),
        buy(100),
        is(|refusal| matches!(refusal, Refusal::Position { .. })),
    )
    .await;
    check(
        |limits| limits.symbols = AllowList::only(["BETA"]),
        buy(1),
        is(|refusal| matches!(refusal, Refusal::SymbolNotAllowed { .. })),
    )
    .await;
    check(
        |limits| limits.security_types = AllowList::only(["FUT"]),
        buy(1),
        is(|refusal| matches!(refusal, Refusal::SecurityTypeNotAllowed { .. })),
    )
    .await;
    check(
        none,
        |acme| Ticket::buy(acme, 1).limit(number("11")),
        is(|refusal| matches!(refusal, Refusal::Collar { .. })),
    )
    .await;
    check(
        none,
        |_| Ticket::buy(&Contract::by_id(ContractId(900_002), "SMART"), 1),
        is(|refusal| matches!(refusal, Refusal::Contract(_))),
    )
    .await;
}

#[tokio::test]
async fn what_cannot_be_an_order_is_refused_before_the_gate() {
    let none = |_: &mut Limits| {};
    check(none, |acme| Ticket::buy(acme, 0), |refused| matches!(refused, Refused::Submit(SubmitError::Invalid(_))))
        .await;
    check(
        none,
        |acme| Ticket::buy(acme, 1).account("DU9999999"),
        |refused| matches!(refused, Refused::Account { .. }) && !refused.to_string().contains("DU"),
    )
    .await;
}

#[tokio::test]
async fn the_same_order_twice_is_a_mistake() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let ticket = Ticket::buy(&acme, 10).limit(number("9.50"));
    handle.submit(ticket.clone()).await.unwrap();
    let refused = handle.submit(ticket).await.unwrap_err();
    assert!(matches!(gate(&refused), Some(Refusal::Duplicate { .. })), "{refused:?}");
    desk.broker("the first", |orders| orders.len() == 1).await;
    trader.stop().await;
    assert_eq!(desk.orders().len(), 1);
}

#[tokio::test]
async fn r05_no_order_is_taken_without_a_session() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut states = crate::desk::states(&handle);
    desk.sim.refuse_connections().await;
    desk.sim.drop_connections();
    crate::desk::hear(&mut states, |state| state.phase == Phase::Connecting).await;
    let refused = handle.submit(Ticket::buy(&acme, 1)).await.unwrap_err();
    assert!(matches!(refused, Refused::NotReady { phase: Phase::Connecting, .. }), "{refused:?}");
    let late = handle.ready(std::time::Duration::ZERO).await.unwrap_err();
    assert_eq!(late.state.phase, Phase::Connecting);
    desk.sim.accept_connections().await.unwrap();
    handle.ready(PATIENCE).await.unwrap();
    assert_eq!(desk.orders().len(), 0);
    trader.stop().await;
}

#[tokio::test]
async fn r40_a_kill_stands_until_a_person_lets_go() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut placed = handle.submit(Ticket::buy(&acme, 10).limit(number("9.50"))).await.unwrap();
    placed.wait_for(PATIENCE, is_working).await.unwrap();
    handle.kill("ann", "the market is strange").await.unwrap();
    assert_eq!(placed.done(PATIENCE).await.unwrap().state, State::Cancelled);
    let refused = handle.submit(Ticket::buy(&acme, 1)).await.unwrap_err();
    assert!(matches!(refused, Refused::NotReady { phase: Phase::Killed, .. }), "{refused:?}");
    assert!(!handle.rearm(" ").await.unwrap());
    assert!(handle.rearm("ann").await.unwrap());
    handle.submit(Ticket::buy(&acme, 1)).await.unwrap().done(PATIENCE).await.unwrap();
    trader.stop().await;
}

#[tokio::test]
async fn a_live_port_in_paper_mode_connects_to_nothing() {
    let desk = Desk::open().await;
    for port in trader::config::LIVE_PORTS {
        let error = refused(TraderConfig { port, ..desk.config.clone() }).await;
        let StartError::Config(ConfigError { faults }) = error else { panic!("{error}") };
        assert_eq!(faults[0].problem, trader::config::Problem::LivePortInPaperMode);
    }
    assert!(!desk.config.journal.exists());
}

#[tokio::test]
async fn code_of_the_caller_that_panics_does_not_end_the_engine() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let look = trader.handle();
    let looked = tokio::spawn(async move { look.inspect(|_| -> () { panic!("a bug of the caller") }).await });
    assert!(looked.await.unwrap_err().is_panic());
    let pick = trader.handle();
    let picked = tokio::spawn(async move { pick.cancel_all(|_| panic!("a bug of the caller")).await });
    // Without an order nothing is picked, and nothing panics.
    assert_eq!(picked.await.unwrap().unwrap(), 0);
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut placed = handle.submit(Ticket::buy(&acme, 10).limit(number("9.50"))).await.unwrap();
    placed.wait_for(PATIENCE, is_working).await.unwrap();
    let pick = trader.handle();
    let picked = tokio::spawn(async move { pick.cancel_all(|_| panic!("a bug of the caller")).await });
    assert!(picked.await.unwrap_err().is_panic());
    assert_eq!(handle.cancel_all(|_| true).await.unwrap(), 1);
    assert_eq!(placed.done(PATIENCE).await.unwrap().state, State::Cancelled);
    trader.stop().await;
}

/// Begins what is asked and leaves it there: it cannot come to its end yet.
async fn begin<T>(mut asked: Pin<&mut impl Future<Output = T>>) {
    poll_fn(|context| {
        assert!(asked.as_mut().poll(context).is_pending(), "nobody has answered yet");
        Poll::Ready(())
    })
    .await;
}

/// R5: what could not be taken for so long that the market is another is not wanted any more. What takes risk away is.
#[tokio::test(start_paused = true)]
async fn r05_an_order_or_a_change_that_waited_too_long_is_stale_and_a_cancel_is_not() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut resting = handle.submit(Ticket::buy(&acme, 100).limit(number("9.50"))).await.unwrap();
    resting.wait_for(PATIENCE, is_working).await.unwrap();
    let id = resting.id();
    let ticket = || Ticket::buy(&acme, 7).limit(number("9.40")).label("seven");
    let change = || Change { quantity: Some(50.into()), ..Change::default() };

    // More is asked at once than can wait; then these have their turn, and their task is asleep.
    let mut flood: Vec<_> = (0..1_024).map(|_| Box::pin(handle.inspect(|_| ()))).collect();
    let (mut late, mut changed) = (pin!(handle.submit(ticket())), pin!(handle.change(id, change())));
    let mut fresh = pin!(handle.submit(Ticket::buy(&acme, 8).limit(number("9.30"))));
    let mut cancelled = pin!(handle.cancel(id));
    tokio::task::unconstrained(async {
        for asked in &mut flood {
            begin(asked.as_mut()).await;
        }
        begin(late.as_mut()).await;
        begin(changed.as_mut()).await;
        begin(cancelled.as_mut()).await;
    })
    .await;
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    begin(fresh.as_mut()).await;
    for asked in flood {
        asked.await.unwrap();
    }
    let refused = late.await.unwrap_err();
    assert!(matches!(refused, Refused::Stale { waited_ms: 2_100.. }), "{refused:?}");
    assert!(refused.to_string().contains("nothing was sent"), "{refused}");
    let refused = changed.await.unwrap_err();
    assert!(matches!(refused, Refused::Stale { waited_ms: 2_100.. }), "{refused:?}");
    fresh.await.unwrap();
    desk.broker("the fresh one", |orders| orders.len() == 2).await;
    assert!(desk.orders().iter().all(|order| order.order.total_quantity != Some(50.into())), "{:?}", desk.orders());
    cancelled.await.unwrap();
    assert_eq!(resting.done(PATIENCE).await.unwrap().state, State::Cancelled);
    // Its name is free: it was never an order.
    handle.submit(ticket()).await.unwrap();
    desk.broker("the same once more", |orders| orders.len() == 3).await;
    trader.stop().await;
}

#[tokio::test]
async fn a_contract_that_contradicts_its_number_is_not_found() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = Contract::by_id(ContractId(900_001), "SMART");
    let other = Contract { symbol: "BETA".to_owned(), ..acme.clone() };
    let Err(WatchError::Contradicted(contradiction)) = handle.watch(&other).await else { panic!("another was found") };
    assert_eq!(contradiction.to_string(), "symbol is said to be BETA, but is ACME");
    let option = Contract { strike: Some(5.into()), right: Some("C".into()), ..acme.clone() };
    let Err(WatchError::Contradicted(contradiction)) = handle.find(&option).await else { panic!("a stock was found") };
    assert_eq!(contradiction.field, "strike");
    let found = handle.find(&acme).await.unwrap();
    assert_eq!(handle.find(&found).await.unwrap(), found, "what TWS tells of a contract names it");
    trader.stop().await;
}

#[tokio::test]
async fn an_order_for_an_account_of_its_own_is_placed_in_no_other() {
    let mut desk = Desk::with(simulator().account("DU1").account("DU2")).await;
    desk.config.accounts = vec!["DU1".to_owned(), "DU2".to_owned()];
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let buy = |account: &str, price| Ticket::buy(&acme, 1).limit(number(price)).account(account);
    let hedge = Ticket::sell(&acme, 1).account("DU2");
    for ticket in [
        buy("DU1", "9.50").or([buy("DU2", "9.40")], OcaEffect::CancelWithBlock),
        buy("DU1", "9.50").then([buy("DU2", "9.40")]),
        buy("DU1", "9.50").hedged_by(hedge, Hedge::Delta),
    ] {
        let refused = handle.submit(ticket).await.unwrap_err();
        let mixed = SubmitError::Invalid(Invalid::Group(GroupFault::Mixed));
        assert_eq!(refused, Refused::Submit(mixed));
    }
    // Who names none goes along.
    let other = Ticket::buy(&acme, 1).limit(number("9.40"));
    handle.submit(buy("DU2", "9.50").or([other], OcaEffect::CancelWithBlock)).await.unwrap();
    trader.stop().await;
    let accounts: Vec<_> = desk.orders().into_iter().map(|order| order.order.account).collect();
    assert_eq!(accounts, ["DU2", "DU2"]);
}

#[tokio::test]
async fn a_refused_change_stands_in_the_journal() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle().for_strategy("one");
    let acme = desk.watch(&handle, "ACME").await;
    let mut resting = handle.submit(Ticket::buy(&acme, 1).limit(number("9.50"))).await.unwrap();
    resting.wait_for(PATIENCE, is_working).await.unwrap();
    let more = Change { quantity: Some(number("1001")), ..Change::default() };
    let refused = handle.change(resting.id(), more).await.unwrap_err();
    assert!(
        matches!(&refused, Refused::Change(order::ChangeError::Refused(Refusal::OrderQuantity { .. }))),
        "{refused:?}"
    );
    trader.stop().await;
    let options = journal::Options::new("trader").schema(2);
    let reader = journal::Reader::open(&desk.config.journal, &options).unwrap();
    let records = reader.replay_as::<trader::Record>(journal::Sequence::FIRST).filter_map(Result::ok);
    let told: Vec<_> = records.filter(|record| record.kind == "refused").map(|record| record.payload).collect();
    let [trader::Record::Refused { strategy, intents, reason }] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((strategy.as_str(), intents.as_slice(), reason), ("one", &[resting.id()][..], &refused.to_string()));
}

#[tokio::test]
async fn a_ticket_that_is_joined_with_others_loses_no_stop_without_a_word() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let plain = || Ticket::buy(&acme, 1).limit(number("9.50"));
    let guarded = || plain().with_exits(number("11"), number("9")).label("guarded");
    let chained = || plain().then([plain()]);
    let effect = OcaEffect::CancelWithBlock;
    for (ticket, place) in [
        (plain().or([plain(), guarded()], effect), 3),
        (plain().then([guarded()]), 2),
        (plain().then([chained()]), 2),
        (guarded().or([plain()], effect), 1),
        (guarded().then([plain()]), 1),
        (plain().then([guarded().then([])]), 2),
    ] {
        let refused = handle.submit(ticket).await.unwrap_err();
        assert!(matches!(&refused, Refused::Joined(joined) if joined.place == place), "{place}: {refused:?}");
    }
    let refused = handle.submit_one_cancels_all(vec![plain(), guarded()]).await.unwrap_err();
    assert!(refused.to_string().starts_with("ticket 2 of those joined (guarded) has exits"), "{refused}");
    assert!(handle.submit_one_cancels_all(vec![chained(), plain()]).await.is_err());
    assert_eq!(desk.orders().len(), 0);
    // Whoever says it again has it.
    let again = guarded().then([plain()]).with_exits(number("11"), number("9"));
    assert_eq!(handle.submit(again).await.unwrap().ids().len(), 3);
    trader.stop().await;
}
