//! Changes, cancels, groups, exercises and the switches of how orders are taken, as scripts.

mod desk;

use desk::{ACCOUNT, Desk, START, check, check_on, check_with};
use rust_decimal::Decimal;
use tws_proto::ids::ContractId;
use tws_proto::kinds::{OptionRight, SecurityType};
use tws_sim::core::{CoreSetup, Feed};
use tws_sim::hours::MarketHours;
use tws_sim::order_rules::{AccountKind, MarginCheck, ShortSales, SizeRule};
use tws_sim::time::SimTime;
use tws_sim::{Instrument, OrderRules};

#[test]
fn a_change_is_of_price_size_and_time_in_force() {
    check(
        "quote 100.00x500 100.10x300
         buy 1 100 LMT 99.00 > open 1 Submitted 100 | status 1 Submitted 0/100
         buy 1 100 STP 101.00 > error 1 329
         buy 1 100 LMT 99.00 tif=GTC > open 1 Submitted 100 | status 1 Submitted 0/100
         buy 1 100 LMT 99.00 tif=IOC > error 1 462
         buy 1 100 LMT 99.00 tif=GTC oca=x > error 1 105
         buy 1 100 LMT 99.00 tif=GTC parent=7 > error 1 105
         buy 1 100 LMT 99.00 tif=GTC account=DU0 > error 1 321
         buy 1 0 LMT 99.00 tif=GTC > error 1 434
         buy 1 100 LMT 99.00 tif=GTC algo=Twap > error 1 440
         wait 39600000
         buy 1 100 LMT 99.00 > open 1 Submitted 100 | status 1 Submitted 0/100
         wait 86400000 > status 1 Cancelled 0/100 | error 1 202
         buy 2 100 STP 101.00 trigger=doublebidask > open 2 PreSubmitted 100 | status 2 PreSubmitted 0/100
         quote 100.90x500 101.00x300
         buy 2 100 STP 101.50 trigger=doublebidask > open 2 PreSubmitted 100 | status 2 PreSubmitted 0/100
         quote 101.40x500 101.50x300
         quote 101.40x500 101.50x300 > status 2 Submitted 0/100 | exec 2 BOT 100@101.50 | status 2 Filled 100/0 | fee 1",
    );
}

#[test]
fn a_triggered_stop_stays_triggered_when_it_is_changed() {
    check(
        "quote 100.00x500 100.10x300
         sell 1 100 STP_LMT 99.00 99.50 > open 1 PreSubmitted 100 | status 1 PreSubmitted 0/100
         quote 98.00x500 98.10x300 > status 1 Submitted 0/100
         sell 1 100 STP_LMT 98.50 99.50 > open 1 Submitted 100 | status 1 Submitted 0/100
         quote 98.50x500 98.60x300 > exec 1 SLD 100@98.50 | status 1 Filled 100/0 | fee 1",
    );
}

#[test]
fn every_field_comes_back_as_its_owner_said_it_last() {
    let mut desk = Desk::new();
    desk.run("buy 1 100 LMT 99.00 ref=first tif=GTC min=7 aux=3");
    let order = |desk: &Desk| desk.book().orders().next().unwrap().open_order().order;
    assert_eq!((order(&desk).order_reference.as_str(), order(&desk).aux_price), ("first", Some(3.into())));
    desk.run("buy 1 100 LMT 99.00 ref=second tif=GTC outside=1");
    assert_eq!((order(&desk).order_reference.as_str(), order(&desk).minimum_quantity), ("second", None));
    assert!(order(&desk).outside_regular_hours);
}

#[test]
fn a_cancel_takes_its_way_and_a_fill_may_come_first() {
    let slow = OrderRules { cancel_ms: Some(200), ..OrderRules::default() };
    check_with(
        slow,
        "quote 100.00x500 100.10x300
         buy 1 100 LMT 99.00 > open 1 Submitted 100 | status 1 Submitted 0/100
         cancel 1 > status 1 PendingCancel 0/100
         cancel 1 > error 1 10148
         buy 1 100 LMT 98.00 > error 1 2102
         wait 199
         quote 98.00x500 98.50x40 > exec 1 BOT 40@98.50 | status 1 PendingCancel 40/60 | fee 1
         wait 1 > status 1 Cancelled 40/60 | error 1 202
         buy 2 100 LMT 98.00 > open 2 Submitted 100 | status 2 Submitted 0/100
         cancel 2 > status 2 PendingCancel 0/100
         quote 97.00x500 98.00x400 > exec 2 BOT 100@98.00 | status 2 Filled 100/0 | fee 1
         wait 500
         cancel 2 > error 2 10148
         buy 3 100 STP 101.00 > open 3 PreSubmitted 100 | status 3 PreSubmitted 0/100
         cancel 3 > status 3 Cancelled 0/100 | error 3 202",
    );
}

#[test]
fn groups_of_every_type() {
    check(
        "quote 100.00x500 100.10x40
         buy 1 100 LMT 99.00 oca=a ocatype=2 > open 1 Submitted 100 | status 1 Submitted 0/100
         buy 2 50 LMT 99.00 oca=a ocatype=2 > open 2 Submitted 50 | status 2 Submitted 0/50
         buy 3 100 LMT 100.10 oca=a ocatype=2 > open 3 Submitted 100 | status 3 Submitted 0/100 | exec 3 BOT 40@100.10 | status 3 Submitted 40/60 | fee 1 | open 1 Submitted 60 | status 1 Submitted 0/60 | open 2 Submitted 30 | status 2 Submitted 0/30
         quote 100.00x500 100.10x60 > exec 3 BOT 60@100.10 | status 3 Filled 100/0 | fee 0 | status 1 Cancelled 0/60 | error 1 202 | status 2 Cancelled 0/30 | error 2 202
         buy 4 100 LMT 99.00 oca=a > error 4 201 | status 4 Inactive 0/100
         buy 5 100 LMT 99.00 oca=b ocatype=1 > open 5 Submitted 100 | status 5 Submitted 0/100
         buy 6 10 LMT 99.00 oca=b ocatype=1 > open 6 Submitted 10 | status 6 Submitted 0/10
         cancel 5 > status 5 Cancelled 0/100 | error 5 202
         open > open 6 Submitted 10 | status 6 Submitted 0/10 | end",
    );
}

#[test]
fn a_child_can_take_its_parent_along() {
    check(
        "quote 100.00x500 100.10x300
         buy 1 100 LMT 99.00 transmit=0
         sell 2 100 LMT 102.00 parent=1 autocancelparent=1 > open 1 Submitted 100 | status 1 Submitted 0/100 | open 2 PreSubmitted 100 | status 2 PreSubmitted 0/100
         cancel 2 > status 2 Cancelled 0/100 | error 2 202 | status 1 Cancelled 0/100 | error 1 202
         buy 3 100 MKT deactivate=1 > open 3 Inactive 100 | status 3 Inactive 0/100
         buy 3 100 MKT > open 3 Submitted 100 | status 3 Submitted 0/100 | exec 3 BOT 100@100.10 | status 3 Filled 100/0 | fee 1",
    );
}

#[test]
fn outside_hours_are_ignored_by_kinds_that_trade_inside_alone() {
    check(
        "quote 100.00x500 100.10x300
         buy 1 100 MKT outside=1 > open 1 Submitted 100 | status 1 Submitted 0/100 | error 1 2109 | exec 1 BOT 100@100.10 | status 1 Filled 100/0 | fee 1
         buy 2 100 LMT 99.00 outside=1 > open 2 Submitted 100 | status 2 Submitted 0/100",
    );
}

/// A desk whose markets keep their hours, on 7 October 2013 at this hour of New York.
fn keeping_hours(hour: i64) -> Desk {
    let start = SimTime(START.0 + (hour - 13) * 3_600_000);
    let setup = CoreSetup { feed: Feed::Still, hours: MarketHours::Kept, ..CoreSetup::new(7, start) };
    let mut desk = Desk::with(setup);
    desk.connect(1);
    desk
}

#[test]
fn orders_wait_for_the_opening_where_markets_keep_hours() {
    check_on(
        keeping_hours(8),
        "quote 100.00x500 100.10x300
         buy 1 100 MKT > open 1 PreSubmitted 100 | status 1 PreSubmitted 0/100 | error 1 399
         buy 2 100 LMT 100.10 outside=1 > open 2 Submitted 100 | status 2 Submitted 0/100 | exec 2 BOT 100@100.10 | status 2 Filled 100/0 | fee 1
         buy 3 100 LMT 90.00 > open 3 PreSubmitted 100 | status 3 PreSubmitted 0/100 | error 3 399
         quote 100.00x500 100.10x300
         wait 5400000 > open 1 Submitted 100 | status 1 Submitted 0/100 | exec 1 BOT 100@100.10 | status 1 Filled 100/0 | fee 1 | open 3 Submitted 100 | status 3 Submitted 0/100
         wait 23400000 > status 3 Cancelled 0/100 | error 3 202",
    );
    check_on(
        keeping_hours(17),
        "quote 100.00x500 100.10x300
         sell 1 100 STP 100.00 tif=GTC > open 1 PreSubmitted 100 | status 1 PreSubmitted 0/100 | error 1 399
         sell 2 100 STP 100.00 tif=GTC outside=1 > open 2 PreSubmitted 100 | status 2 PreSubmitted 0/100 | status 2 Submitted 0/100 | exec 2 SLD 100@100.00 | status 2 Filled 100/0 | fee 1
         wait 59400000 > open 1 PreSubmitted 100 | status 1 PreSubmitted 0/100 | status 1 Submitted 0/100 | exec 1 SLD 100@100.00 | status 1 Filled 100/0 | fee 1",
    );
}

#[test]
fn short_sales_can_need_shares_first() {
    let rules = |short_sales| OrderRules { short_sales, ..OrderRules::default() };
    check_with(
        rules(ShortSales::Located { after_ms: 60_000 }),
        "quote 100.00x500 100.10x300
         buy 1 100 MKT > open 1 Submitted 100 | status 1 Submitted 0/100 | exec 1 BOT 100@100.10 | status 1 Filled 100/0 | fee 1
         sell 2 100 LMT 101.00 > open 2 Submitted 100 | status 2 Submitted 0/100
         sell 3 101 MKT > open 3 Inactive 101 | status 3 Inactive 0/101 | error 3 404
         wait 60000 > open 3 Submitted 101 | status 3 Submitted 0/101 | exec 3 SLD 101@100.00 | status 3 Filled 101/0 | fee 1 pnl -11.99009901",
    );
    check_with(
        rules(ShortSales::Unavailable),
        "quote 100.00x500 100.10x300
         sell 1 100 MKT > open 1 Inactive 100 | status 1 Inactive 0/100 | error 1 404
         wait 600000
         cancel 1 > status 1 Cancelled 0/100 | error 1 202",
    );
}

#[test]
fn switches_of_how_orders_are_taken() {
    let plain = OrderRules::default();
    check_with(
        OrderRules { active_orders_max: Some(2), ..plain },
        "quote 100.00x500 100.10x300
         buy 1 100 LMT 99.00 > open 1 Submitted 100 | status 1 Submitted 0/100
         buy 2 100 LMT 99.00 > open 2 Submitted 100 | status 2 Submitted 0/100
         buy 3 100 LMT 99.00 > error 3 201 | status 3 Inactive 0/100
         sell 4 100 LMT 101.00 > open 4 Submitted 100 | status 4 Submitted 0/100
         cancel 1 > status 1 Cancelled 0/100 | error 1 202
         buy 5 100 LMT 99.00 > open 5 Submitted 100 | status 5 Submitted 0/100",
    );
    check_with(
        OrderRules { margin: MarginCheck::On, ..plain },
        "quote 100.00x50000 100.10x50000
         buy 1 30000 MKT > error 1 201 | status 1 Inactive 0/30000
         buy 2 10000 MKT > open 2 Submitted 10000 | status 2 Submitted 0/10000 | exec 2 BOT 10000@100.10 | status 2 Filled 10000/0 | fee 50.000
         buy 3 15000 MKT > error 3 201 | status 3 Inactive 0/15000
         sell 4 10000 MKT > open 4 Submitted 10000 | status 4 Submitted 0/10000 | exec 4 SLD 10000@100.00 | status 4 Filled 10000/0 | fee 50.000 pnl -1100.000",
    );
    check_with(
        OrderRules { price_precaution_percent: Some(Decimal::from(3)), ..plain },
        "quote 100.00x500 100.10x300
         buy 1 100 LMT 104.00 > error 1 109
         buy 2 100 LMT 50.00 > open 2 Submitted 100 | status 2 Submitted 0/100",
    );
    check_with(
        OrderRules { sizes: SizeRule::Unlimited, ..plain },
        "quote 100.00x500 100.10x300
         buy 1 1000 MKT > open 1 Submitted 1000 | status 1 Submitted 0/1000 | exec 1 BOT 1000@100.10 | status 1 Filled 1000/0 | fee 5.000
         buy 2 1000 LMT 100.10 > open 2 Submitted 1000 | status 2 Submitted 0/1000 | exec 2 BOT 1000@100.10 | status 2 Filled 1000/0 | fee 5.000",
    );
}

#[test]
fn paper_accounts_have_their_quirks() {
    check_with(
        OrderRules { account: AccountKind::Paper, ..OrderRules::default() },
        "quote 100.00x500 100.10x40
         buy 1 100 MKT exchange=NYSE > open 1 Submitted 100 | status 1 Submitted 0/100 | exec 1 BOT 40@100.10 | status 1 Submitted 40/60 | fee 1 | status 1 Cancelled 40/60 | error 1 201
         buy 2 100 MKT > open 2 Submitted 100 | status 2 Submitted 0/100
         buy 3 100 MOC > error 3 201 | status 3 Inactive 0/100
         buy 4 100 PEG_MKT > error 4 201 | status 4 Inactive 0/100
         buy 5 100 LMT 99.00 algo=Vwap > error 5 201 | status 5 Inactive 0/100
         buy 6 100 LMT 99.00 tif=OPG > error 6 201 | status 6 Inactive 0/100",
    );
}

#[test]
fn options_are_exercised_or_lapse() {
    let option = |id, name: &str, right, underlying| Instrument {
        security_type: SecurityType::Option,
        local_symbol: name.to_owned(),
        last_trade_date: "20131220".to_owned(),
        strike: Some(Decimal::from(100)),
        right: Some(right),
        multiplier: Some(Decimal::from(100)),
        underlying_contract_id: Some(ContractId(underlying)),
        ..Instrument::stock(id, "IBM", "USD", Decimal::from(5))
    };
    let mut setup = CoreSetup { feed: Feed::Still, ..CoreSetup::new(7, START) };
    setup.catalogue.add(option(900_001, "CALL", OptionRight::Call, 8314)).unwrap();
    setup.catalogue.add(option(900_002, "PUT", OptionRight::Put, 8314)).unwrap();
    setup.catalogue.add(option(900_003, "CASH", OptionRight::Call, 416_904)).unwrap();
    let mut desk = Desk::with(setup);
    desk.connect(1);
    let desk = check_on(
        desk,
        "quote IBM 109.95x500 110.05x300
         quote CALL 10.00x50 10.10x50
         quote PUT 0.10x50 0.20x50
         quote CASH 4.00x50 5.00x50
         buy 1 5 MKT conid=900001 > open 1 Submitted 5 | status 1 Submitted 0/5 | exec 1 BOT 5@10.10 | status 1 Filled 5/0 | fee 3.25
         buy 2 5 MKT conid=900002 > open 2 Submitted 5 | status 2 Submitted 0/5 | exec 2 BOT 5@0.20 | status 2 Filled 5/0 | fee 3.25
         buy 3 5 MKT conid=900003 > open 3 Submitted 5 | status 3 Submitted 0/5 | exec 3 BOT 5@5.00 | status 3 Filled 5/0 | fee 3.25
         exercise 4 6 CALL > error 4 322
         exercise 4 2 CALL > exec 4 SLD 2@0 | fee 0 pnl -2021.30 | exec 4 BOT 200@100 | fee 0
         lapse 5 1 CALL > error 5 322
         lapse 5 1 CALL override > exec 5 SLD 1@0 | fee 0 pnl -1010.65
         exercise 6 1 PUT > error 6 322
         exercise 6 1 PUT override > exec 6 SLD 1@0 | fee 0 pnl -20.65 | exec 6 SLD 100@100 | fee 0 pnl 0
         lapse 7 4 PUT > exec 7 SLD 4@0 | fee 0 pnl -82.60
         exercise 8 1 IBM > error 8 322",
    );
    let book = desk.book();
    let held = |name| book.position(ACCOUNT, name);
    assert_eq!([held("CALL"), held("PUT"), held("CASH"), held("IBM")], [2.into(), 0.into(), 5.into(), 100.into()]);
}

#[test]
fn an_option_on_a_future_delivers_futures_and_not_what_they_are_on() {
    let mut setup = CoreSetup { feed: Feed::Still, ..CoreSetup::new(7, START) };
    let future = setup.catalogue.by_name("ESZ3").unwrap().clone();
    let call = Instrument {
        security_type: SecurityType::FutureOption,
        local_symbol: "CALL".to_owned(),
        last_trade_date: "20131018".to_owned(),
        strike: Some(Decimal::from(1000)),
        right: Some(OptionRight::Call),
        multiplier: future.multiplier,
        underlying_contract_id: Some(future.contract_id),
        exchange: "CME".to_owned(),
        valid_exchanges: "CME".to_owned(),
        ..Instrument::stock(900_001, "ES", "USD", Decimal::from(5))
    };
    setup.catalogue.add(call).unwrap();
    let mut desk = Desk::with(setup);
    desk.connect(1);
    let desk = check_on(
        desk,
        "quote ESZ3 1010.00x50 1010.25x50
         quote CALL 11.00x50 11.25x50
         buy 1 2 MKT conid=900001 exchange=CME > open 1 Submitted 2 | status 1 Submitted 0/2 | exec 1 BOT 2@11.25 | status 1 Filled 2/0 | fee 4.50
         exercise 2 2 CALL > exec 2 SLD 2@0 | fee 0 pnl -1129.50 | exec 2 BOT 2@1000 | fee 0",
    );
    assert_eq!(desk.book().position(ACCOUNT, "ESZ3"), 2.into());
}
