//! Controls that need more than one order: what they stop stays stopped until a person has looked.

use std::time::Duration;

use order::{ChangeError, HaltScope, OcaEffect, SubmitError};
use risk::{AllowList, Refusal, Trading, TradingMode, Unvalued};
use trader::prelude::*;
use trader::{Alarm, Arming, Refused};
use tws_sim::core::AccountSetup;
use tws_sim::faults::{Fault, Switch};
use tws_sim::market::Halt;

use crate::desk::{ACCOUNT, Desk, PATIENCE, alarms, books, hear, is_working, listen, number, simulator};

fn gate(refused: &Refused) -> Option<&Refusal> {
    match refused {
        Refused::Submit(SubmitError::Refused(refusal)) => Some(refusal),
        _ => None,
    }
}

fn is_halted(refused: &Refused, scope: &HaltScope) -> bool {
    matches!(refused, Refused::Submit(SubmitError::Halted(halt)) if halt.scope == *scope)
}

#[tokio::test]
async fn c1_the_equity_comes_from_the_account() {
    let mut desk = Desk::open().await;
    // A thousandth of a percent of the simulator's million is ten dollars.
    desk.config.limits.order_value_percent_max = Some(number("0.001"));
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let tell = async {
        loop {
            let refused = handle.submit(Ticket::buy(&acme, 1000)).await.unwrap_err();
            match gate(&refused) {
                Some(Refusal::NoEquity { age_s: None, .. }) => tokio::task::yield_now().await,
                Some(Refusal::EquityShare { equity, equity_currency, .. }) => {
                    return (*equity, equity_currency.clone());
                }
                _ => panic!("{refused:?}"),
            }
        }
    };
    let (equity, currency) = tokio::time::timeout(PATIENCE, tell).await.unwrap();
    assert!(equity > number("0") && currency == "USD", "{equity} {currency}");
    let fits = (equity / number("1000000")).floor();
    assert!(fits < number("1000"), "the account is too rich for this test");
    trader.stop().await;
    assert_eq!(desk.orders().len(), 0);
}

#[tokio::test]
async fn c5_a_strategy_that_enters_too_often_is_halted_until_a_person_lets_it_go_on() {
    let mut desk = Desk::open().await;
    desk.config.limits.entries_per_minute_strategy = 2;
    let trader = desk.trader().await;
    let handle = trader.handle().for_strategy("eager");
    let acme = desk.watch(&handle, "ACME").await;
    for quantity in [1, 2] {
        handle.submit(Ticket::buy(&acme, quantity)).await.unwrap().done(PATIENCE).await.unwrap();
    }
    let refused = handle.submit(Ticket::buy(&acme, 3)).await.unwrap_err();
    assert!(matches!(gate(&refused), Some(Refusal::Entries { have: 2, limit: 2, .. })), "{refused:?}");
    let scope = HaltScope::Strategy("eager".to_owned());
    assert!(is_halted(&handle.submit(Ticket::buy(&acme, 3)).await.unwrap_err(), &scope));
    handle.for_strategy("calm").submit(Ticket::buy(&acme, 3)).await.unwrap().done(PATIENCE).await.unwrap();
    trader.stop().await;
    // Over a restart too.
    let trader = desk.trader().await;
    let handle = trader.handle().for_strategy("eager");
    let acme = desk.watch(&handle, "ACME").await;
    assert!(is_halted(&handle.submit(Ticket::buy(&acme, 3)).await.unwrap_err(), &scope));
    handle.acknowledge(scope, "ann").await.unwrap();
    handle.submit(Ticket::buy(&acme, 4)).await.unwrap().done(PATIENCE).await.unwrap();
    trader.stop().await;
    assert_eq!((desk.holds("ACME"), desk.orders().len()), (number("10"), 4));
}

#[tokio::test]
async fn c6_exposure_over_all_contracts_is_counted_in_the_currency_of_the_account() {
    let mut desk = Desk::open().await;
    desk.config.limits.gross_exposure_max = Some(number("3000"));
    desk.config.limits.net_exposure_max = Some(number("1500"));
    let trader = desk.trader().await;
    let handle = trader.handle();
    let (acme, beta) = (desk.watch(&handle, "ACME").await, desk.watch(&handle, "BETA").await);
    // Until the account's equity is told, nobody knows what is at stake.
    let first = async {
        loop {
            match handle.submit(Ticket::buy(&acme, 100)).await {
                Ok(mut placed) => return placed.done(PATIENCE).await.unwrap(),
                Err(refused) => assert!(matches!(gate(&refused), Some(Refusal::ExposureUnknown { .. })), "{refused:?}"),
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, first).await.unwrap();
    // 1 000 are held, 1 000 more are too many one way, and are not the other way round.
    let refused = handle.submit(Ticket::buy(&beta, 50)).await.unwrap_err();
    assert!(matches!(gate(&refused), Some(Refusal::NetExposure { .. })), "{refused:?}");
    handle.submit(Ticket::sell(&beta, 50)).await.unwrap().done(PATIENCE).await.unwrap();
    let refused = handle.submit(Ticket::sell(&beta, 51)).await.unwrap_err();
    assert!(matches!(gate(&refused), Some(Refusal::GrossExposure { .. })), "{refused:?}");
    // Back to nothing at any time.
    handle.submit(Ticket::sell(&acme, 100)).await.unwrap().done(PATIENCE).await.unwrap();
    trader.stop().await;
    assert_eq!((desk.holds("ACME"), desk.holds("BETA"), desk.orders().len()), (number("0"), number("-50"), 3));
}

#[tokio::test]
async fn c6_orders_in_another_currency_are_counted_by_the_exchange_rate_of_the_broker() {
    let euro = tws_sim::Instrument::stock(900_003, "GAMMA", "EUR", number("10"));
    let mut account = AccountSetup::new(ACCOUNT);
    account.other_cash.insert("EUR".to_owned(), number("1000"));
    let mut desk = Desk::with(simulator().instrument(euro).account_with(account)).await;
    desk.config.limits.gross_exposure_max = Some(number("3000"));
    let trader = desk.trader().await;
    let handle = trader.handle();
    let gamma = handle.find(&Contract::stock("GAMMA", "EUR")).await.unwrap();
    let order = |quantity| Ticket::buy(&gamma, quantity).limit(number("9"));
    let placed = async {
        loop {
            match handle.submit(order(100)).await {
                Ok(placed) => return placed,
                Err(refused) => assert!(
                    matches!(
                        gate(&refused),
                        Some(Refusal::ExposureUnknown { cause: Unvalued::Equity { .. } })
                            | Some(Refusal::Duplicate { .. })
                    ),
                    "{refused:?}"
                ),
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, placed).await.unwrap();
    let refused = handle.submit(order(1000)).await.unwrap_err();
    assert!(matches!(gate(&refused), Some(Refusal::GrossExposure { .. })), "{refused:?}");
    trader.stop().await;
}

/// Waits until the mark of the day is in the journal.
async fn day_has_begun(desk: &Desk) {
    let told = async {
        while !format!("{:?}", Trader::replay(&desk.config)).contains("DayMark") {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.unwrap();
}

#[tokio::test]
async fn c7_a_loss_halts_trading_and_a_restart_does_not_begin_the_day_anew() {
    let mut desk = Desk::open().await;
    desk.config.limits.daily_loss_max = Some(number("100"));
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    handle.submit(Ticket::buy(&acme, 100)).await.unwrap().done(PATIENCE).await.unwrap();
    books(&handle, "the commission", |books| !books.ledger.totals(ACCOUNT, "USD").is_pending()).await;
    day_has_begun(&desk).await;
    desk.quote("ACME", "8.99", "9.01");
    books(&handle, "the loss", |books| {
        books.ledger.totals(ACCOUNT, "USD").unrealised.is_some_and(|lost| lost < number("-100"))
    })
    .await;
    let refused = handle.submit(Ticket::buy(&acme, 1)).await.unwrap_err();
    assert!(matches!(gate(&refused), Some(Refusal::DailyLoss { .. })), "{refused:?}");
    assert!(is_halted(&handle.submit(Ticket::sell(&acme, 1)).await.unwrap_err(), &HaltScope::Everything));
    trader.stop().await;

    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    handle.acknowledge(HaltScope::Everything, "ann").await.unwrap();
    books(&handle, "the mark", |books| books.ledger.totals(ACCOUNT, "USD").unrealised.is_some()).await;
    let refused = handle.submit(Ticket::buy(&acme, 1)).await.unwrap_err();
    assert!(matches!(gate(&refused), Some(Refusal::DailyLoss { .. })), "{refused:?}");
    handle.acknowledge(HaltScope::Everything, "ann").await.unwrap();
    // What makes the position smaller passes.
    handle.submit(Ticket::sell(&acme, 100)).await.unwrap().done(PATIENCE).await.unwrap();
    let ended = trader.stop().await;
    assert_eq!(desk.holds("ACME"), number("0"));
    assert_eq!(Trader::replay(&desk.config).unwrap().fingerprint(), ended.fingerprint);
}

#[tokio::test]
async fn c7_a_loss_that_reaches_its_limit_is_told_though_nobody_asks_for_an_order() {
    let mut desk = Desk::open().await;
    desk.config.limits.daily_loss_max = Some(number("100"));
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    handle.submit(Ticket::buy(&acme, 100)).await.unwrap().done(PATIENCE).await.unwrap();
    day_has_begun(&desk).await;
    let mut alarms = alarms(&handle);
    desk.quote("ACME", "8.99", "9.01");
    let told = hear(&mut alarms, |alarm| matches!(alarm, Alarm::LossReached { .. })).await.to_string();
    assert!(told.starts_with("account ***567: C7 daily loss: the account has lost 10"), "{told}");
    // The market comes back, and the day stays what it is, over a restart too.
    desk.quote("ACME", "9.99", "10.01");
    books(&handle, "the old price", |books| {
        books.ledger.totals(ACCOUNT, "USD").unrealised.is_some_and(|lost| lost > number("-50"))
    })
    .await;
    handle.submit(Ticket::sell(&acme, 10)).await.unwrap().done(PATIENCE).await.unwrap();
    trader.stop().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    assert_eq!(handle.alarms().await.unwrap().iter().filter(|alarm| alarm.code == "loss_reached").count(), 1);
    let refused = handle.submit(Ticket::buy(&acme, 1)).await.unwrap_err();
    assert!(matches!(gate(&refused), Some(Refusal::DailyLoss { .. })), "{refused:?}");
    trader.stop().await;
}

#[tokio::test]
async fn c7_what_was_lost_before_the_trader_came_is_no_loss_of_its_day() {
    let mut desk = Desk::with(simulator().account(ACCOUNT).position(ACCOUNT, "ACME", 100, 20)).await;
    desk.config.limits.daily_loss_max = Some(number("500"));
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    books(&handle, "the mark", |books| {
        books.ledger.totals(ACCOUNT, "USD").unrealised.is_some_and(|lost| lost < number("-900"))
    })
    .await;
    handle.submit(Ticket::buy(&acme, 1)).await.unwrap().done(PATIENCE).await.unwrap();
    trader.stop().await;
}

#[tokio::test]
async fn c10_a_storm_of_rejects_halts_the_strategy() {
    let mut desk = Desk::with(simulator().fault(Fault::new(Switch::Reject))).await;
    desk.config.limits.rejects_max = 3;
    let mut trader = desk.trader().await;
    let mut handle = trader.handle().for_strategy("stubborn");
    let mut acme = desk.watch(&handle, "ACME").await;
    for quantity in 1..=3 {
        if quantity == 3 {
            // A new start forgives nothing.
            trader.stop().await;
            trader = desk.trader().await;
            handle = trader.handle().for_strategy("stubborn");
            acme = desk.watch(&handle, "ACME").await;
        }
        let done = handle.submit(Ticket::buy(&acme, quantity)).await.unwrap().done(PATIENCE).await.unwrap();
        assert_eq!(done.state, State::Rejected);
    }
    let scope = HaltScope::Strategy("stubborn".to_owned());
    assert!(is_halted(&handle.submit(Ticket::buy(&acme, 4)).await.unwrap_err(), &scope));
    let reason = handle.inspect(|books| books.orders.halts().map(|halt| halt.reason.clone()).collect::<Vec<_>>());
    let reason = reason.await.unwrap();
    assert!(reason.iter().any(|reason| reason.starts_with("C10 reject storm: 3 orders")), "{reason:?}");
    trader.stop().await;
    assert_eq!(desk.orders().len(), 3);
}

#[tokio::test]
async fn c8_what_its_exchange_has_halted_is_refused_until_it_trades_again() {
    let desk = Desk::open().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut quotes = listen(&handle, |event| match event {
        Event::Quote(quote) => Some(quote.trading),
        _ => None,
    });
    desk.sim.halt("ACME", Halt::Volatility).unwrap();
    hear(&mut quotes, |trading| *trading == Trading::Halted).await;
    let refused = handle.submit(Ticket::buy(&acme, 1).limit(number("9.50"))).await.unwrap_err();
    assert!(matches!(gate(&refused), Some(Refusal::TradingHalted { .. })), "{refused:?}");
    desk.sim.halt("ACME", Halt::None).unwrap();
    hear(&mut quotes, |trading| *trading == Trading::Open).await;
    handle.submit(Ticket::buy(&acme, 1)).await.unwrap().done(PATIENCE).await.unwrap();
    trader.stop().await;
    assert_eq!(desk.orders().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn c2_the_end_of_a_halt_makes_no_old_price_a_new_one() {
    let mut desk = Desk::open().await;
    desk.config.limits.quote_age_max_ms = 10_000;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut quotes = listen(&handle, |event| match event {
        Event::Quote(quote) => Some(quote.clone()),
        _ => None,
    });
    desk.sim.halt("ACME", Halt::Volatility).unwrap();
    hear(&mut quotes, |quote| quote.trading == Trading::Halted).await;
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    desk.sim.halt("ACME", Halt::None).unwrap();
    hear(&mut quotes, |quote| quote.trading == Trading::Open).await;
    // It trades again, at prices of which nobody has heard.
    let refused = handle.submit(Ticket::buy(&acme, 1)).await.unwrap_err();
    assert!(matches!(gate(&refused), Some(Refusal::NoFreshQuote { .. })), "{refused:?}");
    desk.quote("ACME", "9.79", "9.81");
    hear(&mut quotes, |quote| quote.ask == Some(number("9.81"))).await;
    handle.submit(Ticket::buy(&acme, 1)).await.unwrap().done(PATIENCE).await.unwrap();
    trader.stop().await;
}

#[tokio::test]
async fn c8_orders_are_sent_to_allowed_exchanges_only() {
    let mut desk = Desk::open().await;
    desk.config.limits.exchanges = Some(AllowList::only(["NYSE"]));
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let refused = handle.submit(Ticket::buy(&acme, 1)).await.unwrap_err();
    assert!(matches!(gate(&refused), Some(Refusal::ExchangeNotAllowed { .. })), "{refused:?}");
    trader.stop().await;
    assert_eq!(desk.orders().len(), 0);
}

#[tokio::test]
async fn c2_our_own_last_price_measures_orders_over_a_restart() {
    let mut desk = Desk::open().await;
    desk.config.limits.own_collar_percent = Some(number("2"));
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    handle.submit(Ticket::buy(&acme, 1)).await.unwrap().done(PATIENCE).await.unwrap();
    // Two percent of 10.01.
    let refused = handle.submit(Ticket::buy(&acme, 1).limit(number("10.22"))).await.unwrap_err();
    assert!(matches!(gate(&refused), Some(Refusal::OwnCollar { .. })), "{refused:?}");
    trader.stop().await;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let refused = handle.submit(Ticket::buy(&acme, 1).limit(number("10.22"))).await.unwrap_err();
    let Some(Refusal::OwnCollar { own, .. }) = gate(&refused) else { panic!("{refused:?}") };
    assert_eq!(*own, number("10.01"));
    handle.submit(Ticket::buy(&acme, 2).limit(number("10.21"))).await.unwrap().done(PATIENCE).await.unwrap();
    trader.stop().await;
}

#[tokio::test(start_paused = true)]
async fn c6_the_legs_of_one_ticket_count_together() {
    let mut desk = Desk::open().await;
    desk.config.limits.position_max = Some(number("150"));
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let leg = |quantity, price| Ticket::buy(&acme, quantity).limit(number(price));
    let chain = |second| leg(100, "9.50").then([leg(second, "9.40")]);
    let group = |second| leg(100, "9.50").or([leg(second, "9.40")], OcaEffect::ReduceWithoutBlock);
    for ticket in [chain(51), group(51)] {
        let refused = handle.submit(ticket).await.unwrap_err();
        assert!(matches!(gate(&refused), Some(Refusal::Position { .. })), "{refused}");
    }
    assert_eq!(desk.orders().len(), 0);
    handle.submit(chain(50)).await.unwrap();
    trader.stop().await;
}

#[tokio::test(start_paused = true)]
async fn c3_changes_count_as_orders_do() {
    let mut desk = Desk::open().await;
    desk.config.limits.orders_per_second_strategy = 2;
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let mut resting = Vec::new();
    for price in ["9.00", "9.10", "9.20"] {
        let mut placed = handle.submit(Ticket::buy(&acme, 1).limit(number(price))).await.unwrap();
        placed.wait_for(PATIENCE, is_working).await.unwrap();
        resting.push(placed.id());
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    let change = || Change { quantity: Some(number("2")), ..Change::default() };
    for id in &resting[..2] {
        handle.change(*id, change()).await.unwrap();
    }
    let refused = handle.change(resting[2], change()).await.unwrap_err();
    let Refused::Change(ChangeError::Refused(refusal)) = &refused else { panic!("{refused:?}") };
    assert!(matches!(refusal, Refusal::StrategyRate { have: 2, limit: 2, .. }), "{refusal}");
    // A cancel is never kept back, and a second later the change is taken.
    handle.cancel(resting[0]).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    handle.change(resting[2], change()).await.unwrap();
    trader.stop().await;
}

#[tokio::test(start_paused = true)]
async fn c11_the_end_of_an_arming_is_told_before_it_comes_and_leaves_the_way_out() {
    let mut desk = Desk::open().await;
    desk.config.mode = TradingMode::Live;
    desk.config.accounts = vec![ACCOUNT.to_owned()];
    desk.config.live_ports = vec![desk.config.port];
    desk.config.limits.exchanges = Some(AllowList::Any);
    desk.config.limits.daily_loss_max = Some(number("100000"));
    desk.config.limits.gross_exposure_max = Some(number("100000"));
    desk.config.limits.net_exposure_max = Some(number("100000"));
    desk.config.limits.quote_age_max_ms = 100_000_000;
    let now = jiff::Timestamp::from_microsecond(jiff::Timestamp::now().as_microsecond()).unwrap();
    let until = now + Duration::from_secs(20 * 60);
    desk.config.arming = Some(Arming { by: "ann".to_owned(), until });
    let starts_at = order::Timestamp(now.as_microsecond());
    let trader = Trader::builder(desk.config.clone()).clock_starts_at(starts_at).start().await.unwrap();
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    tokio::time::sleep(Duration::from_secs(5)).await; // the equity is told
    let guarded = Ticket::buy(&acme, 10).with_guarded_exits(number("11"), number("9"), Unprotected::Protect);
    let mut placed = handle.submit(guarded).await.unwrap();
    placed.done(PATIENCE).await.unwrap();
    let beta = desk.watch(&handle, "BETA").await;
    handle.submit(Ticket::buy(&beta, 5)).await.unwrap().done(PATIENCE).await.unwrap();
    let mut told = alarms(&handle);
    tokio::time::sleep(Duration::from_secs(6 * 60)).await;
    let ends = hear(&mut told, |alarm| matches!(alarm, Alarm::ArmingEnds(_))).await;
    assert!(ends.to_string().starts_with("live trading is armed by ann until 20"), "{ends}");
    tokio::time::sleep(Duration::from_secs(15 * 60)).await;
    hear(&mut told, |alarm| matches!(alarm, Alarm::ArmingEnded(arming) if arming.until == until)).await;

    let refused = handle.submit(Ticket::buy(&acme, 1)).await.unwrap_err();
    assert!(matches!(gate(&refused), Some(Refusal::NotArmed { expired_us: Some(_) })), "{refused:?}");
    handle.submit(Ticket::sell(&beta, 5)).await.unwrap().done(PATIENCE).await.unwrap();
    let stop = handle.order(placed.ids()[2]).await.unwrap().unwrap();
    desk.sim.inject(Fault::new(Switch::CancelBySystem).order(stop.order_id.0)).unwrap();
    desk.broker("another stop", |orders| {
        let mut stops = orders.iter().filter(|order| order.order.aux_price == Some(number("9")));
        stops.clone().count() == 2 && stops.next_back().is_some_and(|stop| stop.stage.is_live())
    })
    .await;

    // A person arms it anew, by name and for a day at most.
    let later = until + Duration::from_secs(3600);
    assert!(matches!(handle.arm(" ", later).await, Err(Refused::Arming(_))));
    assert!(matches!(handle.arm("bob", until).await, Err(Refused::Arming(_))), "that is over");
    handle.arm("bob", later).await.unwrap();
    handle.submit(Ticket::buy(&acme, 1)).await.unwrap().done(PATIENCE).await.unwrap();
    let ended = trader.stop().await;
    let reader = journal::Reader::open(&desk.config.journal, &journal::Options::new("trader").schema(2)).unwrap();
    let armed = reader.replay_as::<trader::Record>(journal::Sequence::FIRST);
    let is_armed = |record| matches!(record, trader::Record::Armed(arming) if arming.by == "bob");
    assert_eq!(armed.filter(|record| is_armed(record.as_ref().unwrap().payload.clone())).count(), 1);
    assert_eq!(Trader::replay(&desk.config).unwrap().fingerprint(), ended.fingerprint);
}

#[tokio::test(start_paused = true)]
async fn c7_a_position_of_which_nothing_is_quoted_is_an_alarm_while_its_market_is_open() {
    let mut desk = Desk::open().await;
    desk.config.limits.daily_loss_max = Some(number("100000"));
    let starts_at = order::Timestamp(1_381_165_200_000_000); // as the simulator: 13:00 in New York
    let trader = Trader::builder(desk.config.clone()).clock_starts_at(starts_at).start().await.unwrap();
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    desk.watch(&handle, "BETA").await; // nothing of it is held
    handle.submit(Ticket::buy(&acme, 10)).await.unwrap().done(PATIENCE).await.unwrap();
    let mut told = listen(&handle, |event| match event {
        Event::Alarm(Alarm::Unpriced { symbol, .. }) => Some(symbol.clone()),
        _ => None,
    });
    let pass = |minutes: u64| tokio::time::sleep(Duration::from_secs(minutes * 60));
    pass(9).await;
    assert_eq!(told.try_recv().unwrap().map(|told| told.event()), None);
    pass(12).await;
    assert_eq!(hear(&mut told, |_| true).await, "ACME");
    assert_eq!(told.try_recv().unwrap().map(|told| told.event()), None, "once");
    desk.quote("ACME", "9.98", "10.00");
    pass(12).await;
    hear(&mut told, |_| true).await;
    trader.stop().await;
}
