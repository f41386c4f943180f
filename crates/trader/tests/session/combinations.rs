//! What an order is held against of its contract: the legs of a combination, the price steps of a market rule, the unit
//! in which it is quoted.

use order::{Invalid, SubmitError};
use risk::{AllowList, Refusal};
use tws_proto::contract::ComboLeg;

use trader::Refused;
use trader::prelude::*;

use crate::desk::{Desk, PATIENCE, books, number, simulator};

fn pair(acme: &Instrument, beta: &Instrument) -> Contract {
    Contract::combination("ACME", "USD", vec![ComboLeg::buy(acme.id(), 2), ComboLeg::sell(beta.id(), 1)])
}

#[tokio::test]
async fn c8_r16_a_combination_passes_the_gate_and_its_legs_make_the_position_and_the_profit() {
    let mut desk = Desk::open().await;
    desk.config.limits.security_types = AllowList::only(["STK", "BAG"]);
    let trader = desk.trader().await;
    let handle = trader.handle().for_strategy("pairs");
    let acme = desk.watch(&handle, "ACME").await;
    // Of the second leg nothing is known yet.
    let beta = handle.find(&Contract::stock("BETA", "USD")).await.unwrap();
    let refused = handle.submit(Ticket::buy(&pair(&acme, &beta), 10)).await.unwrap_err();
    let unknown = Refusal::LegUnknown { contract_id: beta.id() };
    assert_eq!(refused, Refused::Submit(SubmitError::Refused(unknown)));
    let beta = desk.watch(&handle, "BETA").await;
    let pair = pair(&acme, &beta);

    // Two at 10.01 less one at 19.99 cost 0.03; 5 % of the 40 that the legs are worth are 2.00 around the middle of zero.
    let refused = handle.submit(Ticket::buy(&pair, 10).limit(number("2.01"))).await.unwrap_err();
    let Refused::Submit(SubmitError::Refused(Refusal::CombinationCollar { limit, worth, .. })) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!((limit, worth), (number("2"), number("40")));
    let mut placed = handle.submit(Ticket::buy(&pair, 10).limit(number("0.05"))).await.unwrap();
    let done = placed.done(PATIENCE).await.unwrap();
    assert_eq!((done.state, done.filled, done.average_price), (State::Filled, number("10"), Some(number("0.03"))));
    let (first, second) = (acme.id(), beta.id());
    books(&handle, "both legs", move |books| {
        let held = |id| books.ledger.strategy_position("DU1234567", id, Some("pairs")).quantity;
        (held(first), held(second)) == (number("20"), number("-10"))
    })
    .await;
    assert_eq!((desk.holds("ACME"), desk.holds("BETA")), (number("20"), number("-10")));
    assert_eq!(desk.orders().len(), 1);

    // Marked at 11 and 20.5: 20 * (11 - 10.01) - 10 * (20.5 - 19.99).
    desk.quote("ACME", "10.99", "11.01");
    desk.quote("BETA", "20.49", "20.51");
    books(&handle, "the marks", |books| {
        books.ledger.strategy_totals("DU1234567", Some("pairs"), "USD").unrealised == Some(number("14.7"))
    })
    .await;
    // Sold again, at 10.99 and 20.51: 20 * (10.99 - 10.01) - 10 * (20.51 - 19.99).
    let mut placed = handle.submit(Ticket::sell(&pair, 10)).await.unwrap();
    assert_eq!(placed.done(PATIENCE).await.unwrap().state, State::Filled);
    books(&handle, "the profit", |books| {
        let totals = books.ledger.strategy_totals("DU1234567", Some("pairs"), "USD");
        (totals.realised, totals.unrealised) == (Some(number("14.4")), Some(number("0"))) && !totals.is_pending()
    })
    .await;
    assert_eq!((desk.holds("ACME"), desk.holds("BETA")), (number("0"), number("0")));
    trader.stop().await;
}

#[tokio::test]
async fn c6_an_open_combination_takes_its_part_of_the_position_limit_of_its_legs() {
    let mut desk = Desk::open().await;
    desk.config.limits.security_types = AllowList::only(["STK", "BAG"]);
    desk.config.limits.position_max = Some(number("100"));
    let trader = desk.trader().await;
    let handle = trader.handle();
    let acme = desk.watch(&handle, "ACME").await;
    let beta = desk.watch(&handle, "BETA").await;
    let mut placed = handle.submit(Ticket::buy(&pair(&acme, &beta), 40).limit(number("-1"))).await.unwrap();
    placed.wait_for(PATIENCE, crate::desk::is_working).await.unwrap();
    let refused = handle.submit(Ticket::buy(&acme, 21)).await.unwrap_err();
    let numbers = [21, 0, 80, 100].map(rust_decimal::Decimal::from);
    let [asked, have, pending, limit] = numbers;
    let beyond = Refusal::Position { asked, have, pending, limit };
    assert_eq!(refused, Refused::Submit(SubmitError::Refused(beyond)));
    handle.submit(Ticket::buy(&acme, 20)).await.unwrap().done(PATIENCE).await.unwrap();
    trader.stop().await;
    assert_eq!((desk.holds("ACME"), desk.orders().len()), (number("20"), 2));
}

#[tokio::test]
async fn prices_keep_to_the_steps_of_their_band() {
    let gamma = tws_sim::Instrument {
        market_rule_ids: "32".to_owned(),
        ..tws_sim::Instrument::stock(900_003, "GAMMA", "USD", number("3"))
    };
    let desk = Desk::with(simulator().instrument(gamma)).await;
    desk.quote("GAMMA", "2.99", "3.05");
    let trader = desk.trader().await;
    let handle = trader.handle();
    let gamma = desk.watch(&handle, "GAMMA").await;
    // In hundredths below three, in twentieths from there on; the details alone say hundredths.
    handle.submit(Ticket::buy(&gamma, 1).limit(number("2.91"))).await.unwrap();
    let refused = handle.submit(Ticket::buy(&gamma, 2).limit(number("3.01"))).await.unwrap_err();
    let between = Invalid::PriceStep { price: number("3.01"), step: number("0.05") };
    assert_eq!(refused, Refused::Submit(SubmitError::Invalid(between)));
    handle.submit(Ticket::buy(&gamma, 3).limit(number("3.00"))).await.unwrap();
    desk.broker("both", |orders| orders.len() == 2).await;
    trader.stop().await;
}

#[tokio::test]
async fn c1_what_is_quoted_in_pence_is_counted_in_pounds_and_so_does_the_broker() {
    let penny = tws_sim::Instrument {
        price_magnifier: 100,
        ..tws_sim::Instrument::stock(900_003, "PENNY", "USD", number("1000"))
    };
    let mut desk =
        Desk::with(simulator().instrument(penny).position(crate::desk::ACCOUNT, "PENNY", 10, number("990"))).await;
    desk.config.limits.order_value_max = Some(number("1010"));
    desk.quote("PENNY", "999", "1001");
    let trader = desk.trader().await;
    let handle = trader.handle();
    // What was held before is told in money, and nobody knew yet in what it is quoted.
    let penny = desk.watch(&handle, "PENNY").await;
    let refused = handle.submit(Ticket::buy(&penny, 101).limit(number("1001"))).await.unwrap_err();
    let beyond = Refusal::OrderValue { asked: number("1011.01"), limit: number("1010"), currency: "USD".to_owned() };
    assert_eq!(refused, Refused::Submit(SubmitError::Refused(beyond)));
    handle.submit(Ticket::buy(&penny, 100).limit(number("1001"))).await.unwrap().done(PATIENCE).await.unwrap();
    desk.quote("PENNY", "1099", "1101");
    // 100 that came in at 10.01, and 10 at 9.90, are worth 11.00 each.
    books(&handle, "the profit", |books| {
        books.ledger.totals(crate::desk::ACCOUNT, "USD").unrealised == Some(number("110"))
    })
    .await;
    let told = handle.client().positions().await.unwrap();
    let [position] = told.as_slice() else { panic!("{told:?}") };
    let commission = desk.sim.book().executions().iter().map(|fill| fill.commission).sum::<rust_decimal::Decimal>();
    let cost = (number("1100") + commission) / number("110");
    assert_eq!(position.average_cost.map(|cost| cost.round_dp(6)), Some(cost.round_dp(6)));
    let ended = trader.stop().await;
    assert_eq!(Trader::replay(&desk.config).unwrap().fingerprint(), ended.fingerprint);
    // A new start knows it before anybody asks.
    let trader = desk.trader().await;
    let known = trader.handle().inspect(|books| books.ledger.all_totals()).await.unwrap();
    assert!(known.values().all(|totals| totals.realised == Some(number("0"))), "{known:?}");
    trader.stop().await;
}
