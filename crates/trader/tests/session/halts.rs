//! What only a person can judge: halts and their acknowledgement (R17, R30), clocks (R39), and positions without their stop
//! (R25).

use std::time::Duration;

use order::{HaltScope, OrderUpdate, State, SubmitError, Timestamp, Unprotected};
use rust_decimal::Decimal;
use tokio::time::Instant;
use trader::prelude::*;
use trader::{Alarm, Refused, StartError};
use tws_proto::Order;
use tws_proto::kinds::Action;
use tws_sim::faults::{Fault, Switch};

use crate::desk::{
    ACCOUNT, Desk, PATIENCE, alarms, back, books, hear, is_unknown, is_working, listen, number, refused, states,
};

/// 7 October 2013, 13:00 in New York, in microseconds: when the simulator starts.
const START_US: i64 = 1_381_165_200_000_000;
const HOUR_US: i64 = 3_600_000_000;
const DAY_US: i64 = 24 * HOUR_US;

fn acme() -> Contract {
    Contract::stock("ACME", "USD")
}

fn is_halted(refused: &Refused) -> bool {
    matches!(refused, Refused::Submit(SubmitError::Halted(_)))
}

#[tokio::test(start_paused = true)]
async fn r17_a_sale_by_hand_is_external_and_nothing_is_invented_to_mend_it() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle().for_strategy("one");
    let instrument = desk.watch(&handle, "ACME").await;
    handle.submit(Ticket::buy(&instrument, 100)).await.unwrap().done(PATIENCE).await.unwrap();
    desk.sim.manual_order(acme(), Order::market(Action::Sell, 50.into())).unwrap();
    let id = instrument.id();
    tokio::time::sleep(Duration::from_secs(61)).await; // the standing check finds it
    books(&handle, "the sale", move |books| books.position(ACCOUNT, id) == Decimal::from(50)).await;
    assert_eq!(handle.position(id).await.unwrap(), number("100"), "the strategy's own fills are untouched");
    let external = handle.inspect(move |books| books.ledger.strategy_position(ACCOUNT, id, None).quantity);
    assert_eq!(external.await.unwrap(), number("-50"));
    tokio::time::sleep(Duration::from_secs(130)).await;
    assert_eq!((desk.orders().len(), desk.holds("ACME")), (1, number("50")));
    trader.stop().await;
}

#[tokio::test(start_paused = true)]
async fn r17_an_unexplained_change_halts_its_instrument_until_a_person_acknowledges() {
    let mut desk = Desk::open().await;
    desk.config.newest_version = tws_proto::ServerVersion(199); // executions of today alone
    let trader = desk.trader().await;
    let handle = trader.handle().for_strategy("one");
    let instrument = desk.watch(&handle, "ACME").await;
    let other = desk.watch(&handle, "BETA").await;
    handle.submit(Ticket::buy(&instrument, 100)).await.unwrap().done(PATIENCE).await.unwrap();
    let mut alarms = alarms(&handle);
    let epoch = handle.state().epoch;
    desk.sim.refuse_connections().await;
    desk.sim.drop_connections();
    desk.sim.manual_order(acme(), Order::market(Action::Sell, 50.into())).unwrap();
    desk.sim.advance(Duration::from_secs(12 * 3_600)); // past midnight
    desk.sim.accept_connections().await.unwrap();
    back(&handle, epoch).await;
    let adjusted = hear(&mut alarms, |alarm| matches!(alarm, Alarm::PositionAdjusted { .. })).await;
    assert!(matches!(&adjusted, Alarm::PositionAdjusted { broker, ours, .. }
        if (*broker, *ours) == (number("50"), number("100"))));
    desk.quote("ACME", "9.99", "10.01");
    desk.quote("BETA", "19.99", "20.01");
    desk.watch(&handle, "BETA").await;
    let refused = handle.submit(Ticket::buy(&instrument, 1)).await.unwrap_err();
    assert!(is_halted(&refused), "{refused}");
    handle.submit(Ticket::buy(&other, 1)).await.unwrap().done(PATIENCE).await.unwrap();
    let scope = HaltScope::Instrument { account: ACCOUNT.into(), contract_id: instrument.id() };
    assert!(handle.acknowledge(scope.clone(), " ").await.is_err());
    handle.acknowledge(scope, "ann").await.unwrap();
    handle.submit(Ticket::buy(&instrument, 1)).await.unwrap().done(PATIENCE).await.unwrap();
    trader.stop().await;
}

#[tokio::test(start_paused = true)]
async fn r30_after_five_days_away_nothing_leaves_before_a_person_has_looked() {
    let desk = Desk::open().await;
    let trader = Trader::builder(desk.config.clone()).clock_starts_at(Timestamp(START_US)).start().await.unwrap();
    let handle = trader.handle().for_strategy("one");
    let instrument = desk.watch(&handle, "ACME").await;
    for price in ["9.50", "9.40", "9.30"] {
        let ticket = Ticket::buy(&instrument, 10).limit(number(price)).good_till_cancelled();
        handle.submit(ticket).await.unwrap().wait_for(PATIENCE, is_working).await.unwrap();
    }
    trader.stop().await;
    desk.sim.advance(Duration::from_secs(24 * 3_600));
    desk.quote("ACME", "9.20", "9.30");
    assert_eq!(desk.holds("ACME"), number("30"));
    desk.sim.advance(Duration::from_secs(4 * 24 * 3_600));
    desk.quote("ACME", "9.99", "10.01");

    let builder = Trader::builder(desk.config.clone()).clock_starts_at(Timestamp(START_US + 5 * DAY_US));
    let trader = builder.start().await.unwrap();
    let handle = trader.handle().for_strategy("one");
    let id = instrument.id();
    books(&handle, "the position", move |books| books.position(ACCOUNT, id) == Decimal::from(30)).await;
    let halts = || handle.inspect(|books| books.orders.halts().map(|halt| halt.scope.clone()).collect::<Vec<_>>());
    assert!(halts().await.unwrap().contains(&HaltScope::Everything), "{:?}", halts().await);
    let instrument = desk.watch(&handle, "BETA").await;
    let refused = handle.submit(Ticket::buy(&instrument, 1)).await.unwrap_err();
    assert!(is_halted(&refused), "{refused}");
    assert_eq!(desk.orders().len(), 3);
    let reader = journal::Reader::open(&desk.config.journal, &journal::Options::new("trader").schema(2)).unwrap();
    let is_estimated = reader.replay_as::<trader::Record>(journal::Sequence::FIRST).any(|record| {
        matches!(record.unwrap().payload, trader::Record::Adjusted(adjusted) if adjusted.reason.contains("estimated"))
    });
    assert!(is_estimated);
    for scope in halts().await.unwrap() {
        handle.acknowledge(scope, "ann").await.unwrap();
    }
    handle.submit(Ticket::buy(&instrument, 1)).await.unwrap().done(PATIENCE).await.unwrap();
    let ended = trader.stop().await;
    assert_eq!(Trader::replay(&desk.config).unwrap().fingerprint(), ended.fingerprint);
}

#[tokio::test(start_paused = true)]
async fn r39_clocks_that_differ_by_more_than_is_allowed_halt_and_by_less_do_not() {
    let mut desk = Desk::open().await;
    desk.config.clock_skew_max = Some(Duration::from_secs(5));
    for (ahead_s, halts) in [(3, false), (60, true), (-60, true), (0, false)] {
        let at = START_US + i64::from(ahead_s) * 1_000_000 + (desk.sim.now().0 * 1_000 - START_US);
        let started = Trader::builder(desk.config.clone()).clock_starts_at(Timestamp(at)).start().await;
        match started {
            Ok(trader) => {
                assert!(!halts, "{ahead_s} s");
                trader.stop().await;
            }
            Err(StartError::NotReady(not_ready)) => {
                assert!(halts && not_ready.state.reason.contains("clocks"), "{ahead_s} s: {not_ready}");
            }
            Err(error) => panic!("{error}"),
        }
    }
    desk.config.clock_skew_max = Some(Duration::from_secs(5));
    let StartError::NotReady(not_ready) = refused(desk.config.clone()).await else { panic!("it should halt") };
    assert!(not_ready.state.reason.contains("clocks"), "{not_ready}");
}

#[tokio::test(start_paused = true)]
async fn r41_who_is_halted_takes_no_orders_and_goes_on_to_learn_what_became_of_those_there_are() {
    let mut desk = Desk::open().await;
    desk.config.clock_skew_max = Some(Duration::from_secs(5));
    let trader = Trader::builder(desk.config.clone()).clock_starts_at(Timestamp(START_US)).start().await.unwrap();
    let handle = trader.handle();
    let instrument = desk.watch(&handle, "ACME").await;
    let ticket = |price| Ticket::buy(&instrument, 10).limit(number(price)).good_till_cancelled();
    let mut away = handle.submit(ticket("9.50")).await.unwrap();
    let mut later = handle.submit(ticket("9.00")).await.unwrap();
    away.wait_for(PATIENCE, is_working).await.unwrap();
    later.wait_for(PATIENCE, is_working).await.unwrap();
    let mut states = states(&handle);
    desk.sim.advance(Duration::from_secs(60)); // its clock, and not ours
    tokio::time::sleep(Duration::from_secs(61)).await;
    hear(&mut states, |state| state.phase == Phase::Halted).await;

    // One fills while the link is away, and is known when it is back.
    desk.sim.refuse_connections().await;
    desk.sim.drop_connections();
    away.wait_for(PATIENCE, is_unknown).await.unwrap();
    desk.quote("ACME", "9.40", "9.50");
    desk.sim.accept_connections().await.unwrap();
    assert_eq!(away.done(Duration::from_secs(60)).await.unwrap().state, State::Filled);
    later.wait_for(PATIENCE, is_working).await.unwrap();
    // Of the other nobody is told; the standing check finds it.
    for switch in [Switch::MissingStatus, Switch::MissingExecution, Switch::CommissionMissing] {
        desk.sim.inject(switch).unwrap();
    }
    desk.quote("ACME", "8.90", "9.00");
    desk.sim.clear_faults();
    assert_eq!(later.done(Duration::from_secs(121)).await.unwrap().state, State::Filled);
    assert_eq!(handle.position(instrument.id()).await.unwrap(), number("20"));
    let refused = handle.submit(ticket("8.50")).await.unwrap_err();
    assert!(matches!(refused, Refused::NotReady { phase: Phase::Halted, .. }), "{refused}");
    trader.stop().await;
}

#[tokio::test(start_paused = true)]
async fn r39_a_clock_that_was_set_back_since_the_last_record_is_an_alarm() {
    let mut desk = Desk::open().await;
    desk.config.clock_skew_max = Some(Duration::from_secs(100));
    for (ahead_s, is_told) in [(90, false), (-90, true)] {
        let at = desk.sim.now().0 * 1_000 + ahead_s * 1_000_000;
        let trader = Trader::builder(desk.config.clone()).clock_starts_at(Timestamp(at)).start().await.unwrap();
        let alarms = trader.handle().alarms().await.unwrap();
        assert_eq!(alarms.iter().any(|alarm| alarm.code == "clock_behind"), is_told, "{alarms:?}");
        trader.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn r39_p14_a_clock_that_jumped_repeats_no_id_and_ends_no_order() {
    let desk = Desk::open().await;
    let mut last: Option<OrderUpdate> = None;
    let mut at = START_US;
    // An hour and a day ahead, and back again by as much.
    for jump in [0, HOUR_US, DAY_US, -DAY_US, -HOUR_US] {
        at += jump;
        let trader = Trader::builder(desk.config.clone()).clock_starts_at(Timestamp(at)).start().await.unwrap();
        let handle = trader.handle();
        let instrument = desk.watch(&handle, "ACME").await;
        tokio::time::sleep(Duration::from_secs(70)).await; // a standing check passes
        desk.quote("ACME", "9.98", "10.01");
        desk.watch(&handle, "ACME").await;
        if let Some(last) = &last {
            let kept = handle.order(last.intent).await.unwrap().unwrap();
            assert!(is_working(&kept), "{jump}: {kept:?}");
        }
        let price = number("9.50") - Decimal::new(i64::try_from(desk.orders().len()).unwrap(), 2);
        let mut placed = handle.submit(Ticket::buy(&instrument, 10).limit(price)).await.unwrap();
        let working = placed.wait_for(PATIENCE, is_working).await.unwrap();
        if let Some(last) = &last {
            assert!(working.intent > last.intent && working.order_id > last.order_id, "{last:?} {working:?}");
        }
        last = Some(working);
        trader.stop().await;
    }
    assert_eq!(desk.sim.book().open_orders().count(), 5);
}

/// A bought position whose stop the exchange then cancels.
async fn unprotected(desk: &Desk, handle: &Handle, guard: Unprotected) -> trader::Placed {
    let instrument = desk.watch(handle, "ACME").await;
    let ticket = Ticket::buy(&instrument, 100).with_guarded_exits(number("11"), number("9"), guard);
    let mut placed = handle.submit(ticket).await.unwrap();
    placed.done(PATIENCE).await.unwrap();
    let stop = placed.ids()[2];
    books(handle, "the stop", move |books| books.orders.get(stop).is_some_and(|order| is_working(&order.update())))
        .await;
    placed
}

async fn lose_stop(desk: &Desk, handle: &Handle, placed: &trader::Placed) {
    let stop = handle.order(placed.ids()[2]).await.unwrap().unwrap();
    desk.sim.inject(Fault::new(Switch::CancelBySystem).order(stop.order_id.0)).unwrap();
}

#[tokio::test(start_paused = true)]
async fn r25_a_position_whose_stop_is_lost_is_protected_anew_within_a_second() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let placed = unprotected(&desk, &handle, Unprotected::Protect).await;
    let mut alarms = alarms(&handle);
    let lost = Instant::now();
    lose_stop(&desk, &handle, &placed).await;
    desk.broker("another stop", |orders| {
        orders.iter().filter(|order| order.order.aux_price == Some(number("9")) && order.stage.is_live()).count() == 1
            && orders.len() == 4
    })
    .await;
    let told: Vec<Alarm> = std::iter::from_fn(|| alarms.try_recv().unwrap()).filter_map(|told| told.event()).collect();
    assert!(lost.elapsed() <= Duration::from_secs(1), "{:?}: {told:?}", lost.elapsed());
    desk.quote("ACME", "8.98", "8.99");
    let id = ContractId(900_001);
    books(&handle, "the end of the position", move |books| books.position(ACCOUNT, id).is_zero()).await;
    assert_eq!(desk.holds("ACME"), Decimal::ZERO);
    trader.stop().await;
}

#[tokio::test(start_paused = true)]
async fn r25_a_position_whose_stop_is_lost_is_closed_where_that_is_wanted() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let placed = unprotected(&desk, &handle, Unprotected::Flatten).await;
    lose_stop(&desk, &handle, &placed).await;
    let id = ContractId(900_001);
    books(&handle, "the end of the position", move |books| books.position(ACCOUNT, id).is_zero()).await;
    assert_eq!(desk.holds("ACME"), Decimal::ZERO);
    trader.stop().await;
}

#[tokio::test(start_paused = true)]
async fn r25_a_stop_that_cannot_be_placed_is_an_alarm_and_is_tried_again() {
    let mut desk = Desk::open().await;
    desk.config.limits.orders_per_second = 3; // the bracket alone
    let trader = desk.trader().await;
    let handle = trader.handle();
    let placed = unprotected(&desk, &handle, Unprotected::Protect).await;
    let mut alarms = alarms(&handle);
    lose_stop(&desk, &handle, &placed).await;
    hear(&mut alarms, |alarm| matches!(alarm, Alarm::NotProtected { symbol, .. } if symbol == "ACME")).await;
    desk.broker("another stop", |orders| {
        orders.iter().any(|order| order.order.aux_price == Some(number("9")) && order.stage.is_live())
    })
    .await;
    trader.stop().await;
}

/// It is tried every 5 s, and the quote is older each time.
#[tokio::test(start_paused = true)]
async fn c14_a_position_that_cannot_be_closed_is_one_alarm_however_often_it_is_tried() {
    let mut desk = Desk::open().await;
    desk.config.limits.quote_age_max_ms = 30_000;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let placed = unprotected(&desk, &handle, Unprotected::Flatten).await;
    tokio::time::sleep(Duration::from_secs(31)).await;
    lose_stop(&desk, &handle, &placed).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let stand = handle.alarms().await.unwrap();
    let stand: Vec<_> = stand.iter().filter(|alarm| alarm.code == "not_protected").collect();
    assert!(matches!(stand.as_slice(), [only] if only.text.contains("C2")), "{stand:?}");
    trader.stop().await;
}

/// Who closes a position in TWS by hand cancels what is left of its bracket next. Nothing is there to be protected then: a
/// sale, or a stop, would open a position.
#[tokio::test(start_paused = true)]
async fn r25_a_position_that_was_closed_by_hand_is_not_closed_once_more() {
    for (guard, sold) in [
        (Unprotected::Flatten, 100),
        (Unprotected::Protect, 100),
        (Unprotected::Flatten, 60),
        (Unprotected::Protect, 60),
    ] {
        let desk = Desk::open().await;
        let trader = desk.trader().await;
        let handle = trader.handle();
        let mut alarms = alarms(&handle);
        let placed = unprotected(&desk, &handle, guard).await;
        desk.sim.manual_order(acme(), Order::market(Action::Sell, sold.into())).unwrap();
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(desk.holds("ACME"), Decimal::from(100 - sold));
        lose_stop(&desk, &handle, &placed).await;
        if sold == 100 {
            hear(
                &mut alarms,
                |alarm| matches!(alarm, Alarm::NotProtected { reason, .. } if reason.contains("holds 0")),
            )
            .await;
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
        let left = Decimal::from(100 - sold);
        let (held, stopped) = if guard == Unprotected::Protect { (left, left) } else { (Decimal::ZERO, Decimal::ZERO) };
        let orders = desk.orders();
        let stops = orders.iter().filter(|order| order.order.aux_price.is_some() && order.stage.is_live());
        let stops: Decimal = stops.filter_map(|order| order.order.total_quantity).sum();
        assert_eq!((desk.holds("ACME"), stops), (held, stopped), "{guard:?} {sold}: {orders:?}");
        trader.stop().await;
    }
}

/// TWS leaves the exits of a bracket alone when its position is closed by hand: the next that trades opens one.
#[tokio::test(start_paused = true)]
async fn r25_exits_of_a_position_that_was_closed_by_hand_are_an_alarm() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let mut alarms = alarms(&handle);
    unprotected(&desk, &handle, Unprotected::Alarm).await;
    // What another strategy holds against it explains itself.
    let acme = desk.watch(&handle, "ACME").await;
    let other = handle.for_strategy("other");
    other.submit(Ticket::sell(&acme, 100)).await.unwrap().done(PATIENCE).await.unwrap();
    tokio::time::sleep(Duration::from_secs(130)).await;
    assert!(alarms.try_recv().unwrap().is_none());
    desk.sim.manual_order(self::acme(), Order::market(Action::Sell, 60.into())).unwrap();
    tokio::time::sleep(Duration::from_secs(65)).await;
    hear(&mut alarms, |alarm| alarm.code() == "exits_without_position" && alarm.to_string().contains("40")).await;
    tokio::time::sleep(Duration::from_secs(130)).await;
    let stand = handle.alarms().await.unwrap();
    assert_eq!(stand.iter().filter(|alarm| alarm.code == "exits_without_position").count(), 1, "{stand:?}");
    trader.stop().await;
}

/// What another strategy holds against it is its own affair: the account is flat, and the position of this one is there.
#[tokio::test(start_paused = true)]
async fn r25_a_position_is_protected_though_another_strategy_holds_as_much_against_it() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let placed = unprotected(&desk, &trader.handle(), Unprotected::Protect).await;
    let other = trader.handle().for_strategy("other");
    let acme = desk.watch(&other, "ACME").await;
    other.submit(Ticket::sell(&acme, 100)).await.unwrap().done(PATIENCE).await.unwrap();
    assert_eq!(desk.holds("ACME"), Decimal::ZERO);
    lose_stop(&desk, &trader.handle(), &placed).await;
    desk.broker("another stop", |orders| {
        orders.iter().filter(|order| order.order.aux_price == Some(number("9")) && order.stage.is_live()).count() == 1
    })
    .await;
    trader.stop().await;
}

#[tokio::test(start_paused = true)]
async fn r26_an_overfilled_pair_halts_its_strategy_until_a_person_acknowledges() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle().for_strategy("one");
    let instrument = desk.watch(&handle, "ACME").await;
    let mut alarms = alarms(&handle);
    desk.sim.inject(Switch::OcaOverfill).unwrap();
    let legs = ["9.50", "9.40"].map(|price| Ticket::buy(&instrument, 100).limit(number(price)));
    let mut pair = handle.submit_one_cancels_all(legs.to_vec()).await.unwrap();
    pair.wait_for(PATIENCE, is_working).await.unwrap();
    desk.quote("ACME", "9.30", "9.40");
    hear(&mut alarms, |alarm| alarm.code() == "group_overfilled").await;
    let id = instrument.id();
    books(&handle, "both fills", move |books| books.position(ACCOUNT, id) == Decimal::from(200)).await;
    let refused = handle.submit(Ticket::buy(&instrument, 1)).await.unwrap_err();
    assert!(is_halted(&refused), "{refused}");
    handle.for_strategy("two").submit(Ticket::buy(&instrument, 1)).await.unwrap().done(PATIENCE).await.unwrap();
    handle.acknowledge(HaltScope::Strategy("one".into()), "ann").await.unwrap();
    let mut updates = listen(&handle, |event| match event {
        Event::Order(update) => Some(update.clone()),
        _ => None,
    });
    handle.submit(Ticket::buy(&instrument, 2)).await.unwrap();
    hear(&mut updates, |update| update.quantity == Decimal::TWO && update.state == State::Filled).await;
    trader.stop().await;
}

#[tokio::test(start_paused = true)]
async fn r09_an_order_that_may_have_moved_a_position_is_not_lost_before_a_person_has_looked() {
    let mut desk = Desk::open().await;
    desk.config.newest_version = tws_proto::ServerVersion(199); // executions of today alone
    let trader = desk.trader().await;
    let handle = trader.handle().for_strategy("one");
    let instrument = desk.watch(&handle, "ACME").await;
    let ticket = Ticket::buy(&instrument, 10).limit(number("9.50")).good_till_cancelled();
    let mut placed = handle.submit(ticket).await.unwrap();
    placed.wait_for(PATIENCE, is_working).await.unwrap();
    let epoch = handle.state().epoch;
    desk.sim.refuse_connections().await;
    desk.sim.drop_connections();
    placed.wait_for(PATIENCE, is_unknown).await.unwrap();
    desk.sim.advance(Duration::from_secs(10 * 3_600));
    desk.quote("ACME", "9.40", "9.50");
    desk.sim.advance(Duration::from_secs(2 * 3_600)); // past midnight
    desk.sim.accept_connections().await.unwrap();
    back(&handle, epoch).await;
    let id = instrument.id();
    books(&handle, "the position", move |books| books.position(ACCOUNT, id) == Decimal::TEN).await;
    tokio::time::sleep(Duration::from_secs(120)).await;
    let order = handle.order(placed.id()).await.unwrap().unwrap();
    assert!(is_unknown(&order), "{}", order.state);
    let scope = HaltScope::Instrument { account: ACCOUNT.into(), contract_id: id };
    let halts = handle.inspect(|books| books.orders.halts().cloned().collect::<Vec<_>>()).await.unwrap();
    let halt = halts.iter().find(|halt| halt.scope == scope).unwrap();
    assert!(halt.reason.contains(&placed.id().to_string()), "{halt}");
    handle.acknowledge(scope, "ann").await.unwrap();
    assert_eq!(placed.done(PATIENCE).await.unwrap().state, State::Lost);
    let ended = trader.stop().await;
    assert_eq!(Trader::replay(&desk.config).unwrap().fingerprint(), ended.fingerprint);
}

#[tokio::test(start_paused = true)]
async fn r30_after_seventy_hours_away_a_person_must_look_though_three_days_are_asked_for() {
    let desk = Desk::open().await;
    let trader = Trader::builder(desk.config.clone()).clock_starts_at(Timestamp(START_US)).start().await.unwrap();
    let handle = trader.handle().for_strategy("one");
    let instrument = desk.watch(&handle, "ACME").await;
    let ticket = Ticket::buy(&instrument, 10).limit(number("9.50")).good_till_cancelled();
    handle.submit(ticket).await.unwrap().wait_for(PATIENCE, is_working).await.unwrap();
    trader.stop().await;
    desk.sim.advance(Duration::from_secs(3_600));
    desk.quote("ACME", "9.40", "9.50");
    desk.sim.advance(Duration::from_secs(69 * 3_600));
    let builder = Trader::builder(desk.config.clone()).clock_starts_at(Timestamp(START_US + 70 * HOUR_US));
    let trader = builder.start().await.unwrap();
    let handle = trader.handle();
    let id = instrument.id();
    books(&handle, "the position", move |books| books.position(ACCOUNT, id) == Decimal::TEN).await;
    let halts = handle.inspect(|books| books.orders.halts().map(|halt| halt.scope.clone()).collect::<Vec<_>>());
    assert!(halts.await.unwrap().contains(&HaltScope::Everything));
    trader.stop().await;
}
