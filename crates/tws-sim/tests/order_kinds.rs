//! Order kinds, times in force, conditions and combinations, as scripts.

mod desk;

use desk::{ACCOUNT, Desk, START, check, trace};
use rust_decimal::Decimal;
use tws_proto::condition::{Bound, Condition, Conjunction};
use tws_proto::ids::{ClientId, ContractId, OrderId};
use tws_proto::kinds::Action;
use tws_proto::message::PlaceOrder;
use tws_proto::{Contract, Order};
use tws_sim::core::CoreSetup;

#[test]
fn a_trailing_stop_follows_the_market_and_never_goes_back() {
    check(
        "quote 100.00x500 100.10x500
         sell 1 100 TRAIL aux=1.00 > open 1 PreSubmitted 100 | status 1 PreSubmitted 0/100
         quote 101.00x500 101.10x500
         quote 100.50x500 100.60x500
         quote 100.00x500 100.10x500 > status 1 Submitted 0/100 | exec 1 SLD 100@100.00 | status 1 Filled 100/0 | fee 1
         buy 2 100 TRAIL percent=1 > open 2 PreSubmitted 100 | status 2 PreSubmitted 0/100
         quote 98.00x500 98.10x500
         quote 99.00x500 99.08x500
         quote 99.00x500 99.09x500 > status 2 Submitted 0/100 | exec 2 BOT 100@99.09 | status 2 Filled 100/0 | fee 1 pnl 89.00",
    );
}

#[test]
fn a_trailing_stop_begins_where_its_owner_says() {
    let mut desk = check(
        "quote 100.00x500 100.10x500
         sell 1 100 TRAIL aux=5.00 trailstop=99.00 > open 1 PreSubmitted 100 | status 1 PreSubmitted 0/100
         quote 99.10x500 99.20x500
         quote 99.00x500 99.10x500 > status 1 Submitted 0/100 | exec 1 SLD 100@99.00 | status 1 Filled 100/0 | fee 1
         quote 99.80x500 100.00x500
         buy 2 100 TRAIL_LIMIT aux=1.00 trailstop=101.00 offset=0.05 > open 2 PreSubmitted 100 | status 2 PreSubmitted 0/100
         quote 99.90x500 100.00x500
         quote 100.90x500 101.10x500 > status 2 Submitted 0/100
         quote 100.90x500 101.05x500 > exec 2 BOT 100@101.05 | status 2 Filled 100/0 | fee 1 pnl -207.00",
    );
    // TWS tells where the stop stands, and a change of the size leaves it there.
    desk.run("sell 3 100 TRAIL aux=1.00");
    desk.run("quote 105.00x500 105.10x500");
    let stop =
        |desk: &desk::Desk| desk.book().order(ClientId(1), OrderId(3)).unwrap().open_order().order.trail_stop_price;
    assert_eq!(stop(&desk), Some("104.00".parse().unwrap()));
    desk.run("sell 3 50 TRAIL aux=1.00");
    assert_eq!(stop(&desk), Some("104.00".parse().unwrap()));
}

#[test]
fn if_touched_orders_wait_for_the_better_side() {
    check(
        "quote 100.00x500 100.10x500
         buy 1 100 MIT 99.00 > open 1 PreSubmitted 100 | status 1 PreSubmitted 0/100
         quote 98.90x500 99.00x500 > status 1 Submitted 0/100 | exec 1 BOT 100@99.00 | status 1 Filled 100/0 | fee 1
         sell 2 100 LIT 101.00 101.50 > open 2 PreSubmitted 100 | status 2 PreSubmitted 0/100
         quote 101.40x500 101.50x500
         trade 101.50x10 > status 2 Submitted 0/100 | exec 2 SLD 100@101.40 | status 2 Filled 100/0 | fee 1 pnl 238.00",
    );
}

#[test]
fn pegged_orders_follow_the_quote_and_get_what_is_traded_at_their_price() {
    check(
        "quote 100.00x500 100.10x500
         buy 1 100 REL aux=0.02 limit=100.05 > open 1 Submitted 100 | status 1 Submitted 0/100
         trade 100.03x50
         trade 100.02x30 > exec 1 BOT 30@100.02 | status 1 Submitted 30/70 | fee 1
         quote 100.04x500 100.10x500
         trade 100.05x500 > exec 1 BOT 70@100.05 | status 1 Filled 100/0 | fee 0
         sell 2 100 PEG_MID > open 2 Submitted 100 | status 2 Submitted 0/100
         trade 100.06x10
         trade 100.07x60 > exec 2 SLD 60@100.07 | status 2 Submitted 60/40 | fee 1 pnl 0.14
         quote 100.20x500 100.20x500 > exec 2 SLD 40@100.20 | status 2 Filled 100/0 | fee 0 pnl 5.96
         sell 3 100 MIDPRICE limit=100.40 > open 3 Submitted 100 | status 3 Submitted 0/100
         quote 100.30x500 100.36x500
         trade 100.33x100
         trade 100.36x100
         quote 100.40x500 100.50x500
         trade 100.44x500
         trade 100.46x500 > exec 3 SLD 100@100.45 | status 3 Filled 100/0 | fee 1",
    );
}

#[test]
fn market_orders_that_become_limits() {
    check(
        "quote 100.00x500 100.10x40
         buy 1 100 MTL > open 1 Submitted 100 | status 1 Submitted 0/100 | exec 1 BOT 40@100.10 | status 1 Submitted 40/60 | fee 1
         quote 100.00x500 100.11x500
         quote 100.00x500 100.09x500 > exec 1 BOT 60@100.09 | status 1 Filled 100/0 | fee 0
         quote 100.00x500 100.00x40
         buy 2 100 MKT_PRT > open 2 Submitted 100 | status 2 Submitted 0/100 | exec 2 BOT 40@100.00 | status 2 Submitted 40/60 | fee 1
         quote 101.00x500 101.01x500
         quote 100.90x500 101.00x500 > exec 2 BOT 60@101.00 | status 2 Filled 100/0 | fee 0
         sell 3 100 STP_PRT 99.00 > open 3 PreSubmitted 100 | status 3 PreSubmitted 0/100
         quote 98.00x60 98.10x500 > status 3 Submitted 0/100 | exec 3 SLD 60@98.00 | status 3 Submitted 60/40 | fee 1 pnl -142.42
         quote 97.00x500 97.10x500
         quote 97.02x500 97.10x500 > exec 3 SLD 40@97.02 | status 3 Filled 100/0 | fee 0 pnl -133.48
         sell 4 100 SNAP_MKT aux=0.05 > open 4 Submitted 100 | status 4 Submitted 0/100
         quote 97.06x500 97.10x500
         quote 97.07x500 97.10x500 > exec 4 SLD 100@97.07 | status 4 Filled 100/0 | fee 1 pnl -329.70",
    );
}

#[test]
fn auctions_take_what_is_shown_when_they_are() {
    // 13:00: the close is in three hours, the next opening tomorrow.
    check(
        "quote 100.00x500 100.10x60
         buy 1 100 MOC > open 1 PreSubmitted 100 | status 1 PreSubmitted 0/100
         sell 2 100 LOC 101.00 > open 2 PreSubmitted 100 | status 2 PreSubmitted 0/100
         buy 3 100 MKT tif=OPG > open 3 PreSubmitted 100 | status 3 PreSubmitted 0/100
         sell 4 100 LMT 100.00 tif=OPG > open 4 PreSubmitted 100 | status 4 PreSubmitted 0/100
         buy 5 100 MOC tif=GTC > error 5 113
         buy 6 100 STP 101.00 tif=OPG > error 6 111
         wait 10800000 > open 1 Submitted 100 | status 1 Submitted 0/100 | exec 1 BOT 60@100.10 | status 1 Submitted 60/40 | fee 1 | open 2 Submitted 100 | status 2 Submitted 0/100
         quote 100.00x500 100.20x500 > exec 1 BOT 40@100.20 | status 1 Filled 100/0 | fee 0
         wait 60000 > status 2 Cancelled 0/100 | error 2 202
         wait 62940000 > open 3 Submitted 100 | status 3 Submitted 0/100 | exec 3 BOT 100@100.20 | status 3 Filled 100/0 | fee 1 | open 4 Submitted 100 | status 4 Submitted 0/100 | exec 4 SLD 100@100.00 | status 4 Filled 100/0 | fee 1 pnl -19.00",
    );
}

#[test]
fn all_or_nothing() {
    check(
        "quote 100.00x500 100.10x60
         buy 1 100 LMT 100.10 tif=FOK > open 1 Submitted 100 | status 1 Submitted 0/100 | status 1 Cancelled 0/100 | error 1 202
         buy 2 60 LMT 100.10 tif=FOK > open 2 Submitted 60 | status 2 Submitted 0/60 | exec 2 BOT 60@100.10 | status 2 Filled 60/0 | fee 1
         buy 3 100 LMT 100.10 allornone=1 > open 3 Submitted 100 | status 3 Submitted 0/100
         quote 100.00x500 100.10x60
         quote 100.00x500 100.10x100 > exec 3 BOT 100@100.10 | status 3 Filled 100/0 | fee 1
         buy 4 100 LMT 100.10 min=50 > open 4 Submitted 100 | status 4 Submitted 0/100
         quote 100.00x500 100.10x49
         quote 100.00x500 100.10x70 > exec 4 BOT 70@100.10 | status 4 Submitted 70/30 | fee 1
         quote 100.00x500 100.10x30 > exec 4 BOT 30@100.10 | status 4 Filled 100/0 | fee 0
         buy 5 100 LMT 100.10 postonly=1 > open 5 Submitted 100 | status 5 Submitted 0/100
         quote 100.00x500 100.10x30 > exec 5 BOT 30@100.10 | status 5 Submitted 30/70 | fee 1
         buy 6 10 LMT 100.10 postonly=1 > open 6 Submitted 10 | status 6 Submitted 0/10
         quote 100.00x500 100.10x100 > exec 5 BOT 70@100.10 | status 5 Filled 100/0 | fee 0 | exec 6 BOT 10@100.10 | status 6 Filled 10/0 | fee 1
         buy 7 10 LMT 100.10 postonly=1 > open 7 Submitted 10 | status 7 Submitted 0/10 | status 7 Cancelled 0/10 | error 7 202
         buy 8 10 LMT 100.05 discretion=0.05 > open 8 Submitted 10 | status 8 Submitted 0/10 | exec 8 BOT 10@100.10 | status 8 Filled 10/0 | fee 1",
    );
}

#[test]
fn times_begin_and_end_orders() {
    check(
        "quote 100.00x500 100.10x500
         buy 1 100 LMT 99.00 tif=GTD till=20131007_14:00:00_US/Eastern > open 1 Submitted 100 | status 1 Submitted 0/100
         buy 2 100 LMT 99.00 tif=GTD till=20131008 > open 2 Submitted 100 | status 2 Submitted 0/100
         buy 3 100 MKT after=20131007_13:30:00 > open 3 PreSubmitted 100 | status 3 PreSubmitted 0/100
         buy 4 100 MKT tif=GTD till=soon > error 4 343
         buy 5 100 MKT tif=GTD > error 5 334
         buy 6 100 MKT tif=GTD till=20131007-16:59:59 > error 6 334
         buy 7 100 MKT after=soon > error 7 337
         buy 8 100 LMT 99.00 tif=DTC > open 8 Submitted 100 | status 8 Submitted 0/100
         wait 1799999
         wait 1 > open 3 Submitted 100 | status 3 Submitted 0/100 | exec 3 BOT 100@100.10 | status 3 Filled 100/0 | fee 1
         wait 1800000 > status 1 Cancelled 0/100 | error 1 202
         wait 36000000 > open 8 Inactive 100 | status 8 Inactive 0/100
         buy 8 100 LMT 99.00 tif=DTC > open 8 Submitted 100 | status 8 Submitted 0/100
         wait 86400000 > status 2 Cancelled 0/100 | error 2 202 | open 8 Inactive 100 | status 8 Inactive 0/100",
    );
}

#[test]
fn conditions_of_all_kinds_hold_an_order() {
    check(
        "quote 100.00x500 100.10x5000
         buy 1 100 MKT when=price+101.00 > open 1 PreSubmitted 100 | status 1 PreSubmitted 0/100
         buy 2 100 MKT when=time+20131007_13:00:10 > open 2 PreSubmitted 100 | status 2 PreSubmitted 0/100
         buy 3 100 MKT when=execution=IBM > open 3 PreSubmitted 100 | status 3 PreSubmitted 0/100
         buy 4 100 MKT when=volume+1000 > open 4 PreSubmitted 100 | status 4 PreSubmitted 0/100
         buy 5 100 MKT when=margin-50 > open 5 PreSubmitted 100 | status 5 PreSubmitted 0/100
         buy 6 100 MKT when=change+1 > open 6 PreSubmitted 100 | status 6 PreSubmitted 0/100
         buy 7 100 MKT when=price+101.00&volume+1000 > open 7 PreSubmitted 100 | status 7 PreSubmitted 0/100
         buy 8 100 MKT when=price.doublelast+101.00 > open 8 PreSubmitted 100 | status 8 PreSubmitted 0/100
         buy 9 100 MKT when=time+soon > error 9 391
         trade 101.00x10 > open 1 Submitted 100 | status 1 Submitted 0/100 | exec 1 BOT 100@100.10 | status 1 Filled 100/0 | fee 1 | open 3 Submitted 100 | status 3 Submitted 0/100 | exec 3 BOT 100@100.10 | status 3 Filled 100/0 | fee 1
         trade 101.00x10 > open 8 Submitted 100 | status 8 Submitted 0/100 | exec 8 BOT 100@100.10 | status 8 Filled 100/0 | fee 1
         wait 10000 > open 2 Submitted 100 | status 2 Submitted 0/100 | exec 2 BOT 100@100.10 | status 2 Filled 100/0 | fee 1
         trade 102.00x980 > open 4 Submitted 100 | status 4 Submitted 0/100 | exec 4 BOT 100@100.10 | status 4 Filled 100/0 | fee 1 | open 7 Submitted 100 | status 7 Submitted 0/100 | exec 7 BOT 100@100.10 | status 7 Filled 100/0 | fee 1",
    );
}

#[test]
fn conditions_can_cancel_instead() {
    check(
        "quote 100.00x500 100.10x500
         buy 1 100 LMT 99.00 when=price-98.00 cancels=1 > open 1 Submitted 100 | status 1 Submitted 0/100
         trade 98.50x10
         trade 98.00x10 > status 1 Cancelled 0/100 | error 1 202",
    );
}

#[test]
fn a_condition_of_the_margin_is_looked_at_every_second() {
    check(
        "quote 100.00x500 100.00x50000
         buy 1 100 MKT when=margin-80 > open 1 PreSubmitted 100 | status 1 PreSubmitted 0/100
         wait 5000
         buy 2 10000 MKT > open 2 Submitted 10000 | status 2 Submitted 0/10000 | exec 2 BOT 10000@100.00 | status 2 Filled 10000/0 | fee 50.000
         wait 1000 > open 1 Submitted 100 | status 1 Submitted 0/100 | exec 1 BOT 100@100.00 | status 1 Filled 100/0 | fee 1",
    );
}

#[test]
fn combinations_fill_leg_by_leg_at_the_quotes_of_their_legs() {
    let desk = check(
        "quote IBM 100.00x500 100.10x500
         quote SPY 50.00x90 50.02x500
         buy 1 100 LMT 0.05 legs=IBM:1,-SPY:2 > open 1 Submitted 100 | status 1 Submitted 0/100
         buy 2 100 LMT 0.10 legs=IBM:1,-SPY:2 > open 2 Submitted 100 | status 2 Submitted 0/100 | exec 2 BOT 45@0.10 | exec 2 BOT 45@100.10 | exec 2 SLD 90@50.00 | status 2 Submitted 45/55 | fee 1 | fee 1
         quote SPY 50.00x30 50.02x500 > exec 2 BOT 15@0.10 | exec 2 BOT 15@100.10 | exec 2 SLD 30@50.00 | status 2 Submitted 60/40 | fee 0 | fee 0
         quote IBM 100.00x500 100.05x500
         quote SPY 50.00x1000 50.02x500 > exec 1 BOT 100@0.05 | exec 1 BOT 100@100.05 | exec 1 SLD 200@50.00 | status 1 Filled 100/0 | fee 1 | fee 1.000 | exec 2 BOT 40@0.05 | exec 2 BOT 40@100.05 | exec 2 SLD 80@50.00 | status 2 Filled 100/0 | fee 0 | fee 0.000
         sell 3 10 STP 1.00 legs=IBM:1,-SPY:2 > open 3 PreSubmitted 10 | status 3 PreSubmitted 0/10 | error 3 399
         buy 4 10 MKT legs=IBM:1,IBM:2 > error 4 321
         buy 5 10 LMT 0.10 legs=IBM:1,-SPY:2 whatif=1 > preview 5 margin 1000.22 fee 2",
    );
    assert_eq!(desk.book().position(ACCOUNT, "IBM"), 200.into());
    assert_eq!(desk.book().position(ACCOUNT, "SPY"), (-400).into());
    let ids: Vec<String> = desk.book().executions().iter().map(|fill| fill.execution_id[18..].to_owned()).collect();
    assert_eq!(ids[..3], ["01.01", "02.01.01", "03.01.01"], "legs have one segment more");
}

#[test]
fn algorithms_release_an_order_in_parts() {
    check(
        "quote 100.00x500 100.10x5000
         buy 1 100 MKT algo=Twap ends=20131007_13:10:00 > open 1 Submitted 100 | status 1 Submitted 0/100
         wait 1 > exec 1 BOT 10@100.10 | status 1 Submitted 10/90 | fee 1
         wait 59999 > exec 1 BOT 10@100.10 | status 1 Submitted 20/80 | fee 0
         wait 480000 > exec 1 BOT 10@100.10 | status 1 Submitted 30/70 | fee 0 | exec 1 BOT 10@100.10 | status 1 Submitted 40/60 | fee 0 | exec 1 BOT 10@100.10 | status 1 Submitted 50/50 | fee 0 | exec 1 BOT 10@100.10 | status 1 Submitted 60/40 | fee 0 | exec 1 BOT 10@100.10 | status 1 Submitted 70/30 | fee 0 | exec 1 BOT 10@100.10 | status 1 Submitted 80/20 | fee 0 | exec 1 BOT 10@100.10 | status 1 Submitted 90/10 | fee 0 | exec 1 BOT 10@100.10 | status 1 Filled 100/0 | fee 0
         buy 2 100 LMT 100.10 algo=Adaptive > open 2 Submitted 100 | status 2 Submitted 0/100 | exec 2 BOT 100@100.10 | status 2 Filled 100/0 | fee 1
         buy 3 100 LMT 100.10 algo=DarkIce > open 3 PreSubmitted 100 | status 3 PreSubmitted 0/100 | error 3 399",
    );
}

#[test]
fn cash_buys_what_it_can() {
    check(
        "quote 100.00x500 100.10x500
         buy 1 0 MKT cash=1050 > open 1 Submitted 0 | status 1 Submitted 0/10 | exec 1 BOT 10@100.10 | status 1 Filled 10/0 | fee 1
         buy 2 5 MKT cash=1050 > open 2 PreSubmitted 5 | status 2 PreSubmitted 0/5 | error 2 399",
    );
}

#[test]
fn hedges_are_held_as_children() {
    check(
        "quote 100.00x500 100.10x500
         buy 1 100 LMT 100.10 transmit=0
         sell 2 0 MKT parent=1 hedge=D > open 1 Submitted 100 | status 1 Submitted 0/100 | open 2 PreSubmitted 0 | status 2 PreSubmitted 0/0 | exec 1 BOT 100@100.10 | status 1 Filled 100/0 | fee 1 | open 2 PreSubmitted 0 | status 2 PreSubmitted 0/0 | error 2 399
         cancel 2 > status 2 Cancelled 0/0 | error 2 202",
    );
}

/// An order for one contract that waits for the price of another one, which nobody looks at.
#[track_caller]
fn check_condition_on(instrument: &str) {
    let mut desk = Desk::with(CoreSetup::new(7, START));
    desk.connect(1);
    let watched = desk.core.catalogue().by_name(instrument).unwrap();
    let condition = Condition::Price {
        conjunction: Conjunction::And,
        bound: Bound::Above,
        price: Some(Decimal::new(1, 2)),
        contract_id: Some(watched.contract_id),
        exchange: watched.exchange.clone(),
        trigger_method: None,
    };
    let order = Order { conditions: vec![condition], ..Order::market(Action::Buy, 10.into()) };
    let contract = Contract::stock("AAPL", "USD");
    desk.say(Box::new(PlaceOrder { order_id: OrderId(1), contract, order, attached: None }));
    desk.wait(600_000);
    assert_eq!(desk.book().position(ACCOUNT, "AAPL"), 10.into(), "{instrument}");
}

#[test]
fn a_condition_sees_a_market_that_nobody_else_looks_at() {
    check_condition_on("IBM");
    check_condition_on("ESZ3");
}

#[test]
fn a_condition_on_no_contract_is_refused() {
    let mut desk = Desk::new();
    desk.run("quote 100.00x500 100.10x300");
    for (id, contract_id) in [(1, None), (2, Some(ContractId(1)))] {
        let condition = Condition::Volume {
            conjunction: Conjunction::And,
            bound: Bound::Above,
            volume: Some(1),
            contract_id,
            exchange: "SMART".to_owned(),
        };
        let order = Order { conditions: vec![condition], ..Order::market(Action::Buy, 10.into()) };
        let contract = Contract::stock("IBM", "USD");
        let heard = desk.say(Box::new(PlaceOrder { order_id: OrderId(id), contract, order, attached: None }));
        assert_eq!(trace(&heard), format!("error {id} 321"));
    }
    assert_eq!(desk.book().open_orders().count(), 0);
}
