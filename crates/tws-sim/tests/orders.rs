//! The life of orders, as scripts: what is done, and what the client hears.

mod desk;

use desk::{ACCOUNT, check};

#[test]
fn a_market_order_fills_at_the_quote() {
    let desk = check(
        "quote 100.00x500 100.10x300
         buy 1 100 MKT > open 1 Submitted 100 | status 1 Submitted 0/100 | exec 1 BOT 100@100.10 | status 1 Filled 100/0 | fee 1
         sell 2 100 MKT > open 2 Submitted 100 | status 2 Submitted 0/100 | exec 2 SLD 100@100.00 | status 2 Filled 100/0 | fee 1 pnl -12.00
         completed > done Filled 100 | done Filled 100 | end
         executions > exec 1 BOT 100@100.10 | fee 1 | exec 2 SLD 100@100.00 | fee 1 pnl -12.00 | end",
    );
    assert_eq!(desk.book().position(ACCOUNT, "IBM"), 0.into());
    assert_eq!(desk.book().cash(ACCOUNT), Some(999_988.into()));
}

#[test]
fn a_fill_takes_no_more_than_is_shown_and_the_rest_waits_for_the_next_quote() {
    check(
        "quote 100.00x500 100.10x300
         buy 1 1000 LMT 100.10 > open 1 Submitted 1000 | status 1 Submitted 0/1000 | exec 1 BOT 300@100.10 | status 1 Submitted 300/700 | fee 1.500
         buy 2 100 MKT > open 2 Submitted 100 | status 2 Submitted 0/100
         quote 100.00x500 100.20x900 > exec 2 BOT 100@100.20 | status 2 Filled 100/0 | fee 1
         quote 100.00x500 100.05x600 > exec 1 BOT 600@100.05 | status 1 Submitted 900/100 | fee 3.000
         quote 100.00x500 100.10x600 > exec 1 BOT 100@100.10 | status 1 Filled 1000/0 | fee 0.500",
    );
}

#[test]
fn a_limit_order_waits_for_its_price_and_can_be_cancelled() {
    check(
        "quote 100.00x500 100.10x300
         buy 1 100 LMT 99.00 > open 1 Submitted 100 | status 1 Submitted 0/100
         quote 98.90x500 99.10x300
         open > open 1 Submitted 100 | status 1 Submitted 0/100 | end
         cancel 1 > status 1 Cancelled 0/100 | error 1 202
         cancel 1 > error 1 10148
         cancel 7 > error 7 10147
         open > end
         quote 98.00x500 98.10x300
         completed > done Cancelled 0 | end",
    );
}

#[test]
fn stops_wait_for_a_touch_and_then_trade_at_the_quote() {
    check(
        "quote 100.00x500 100.10x300
         sell 1 100 STP 99.50 > open 1 PreSubmitted 100 | status 1 PreSubmitted 0/100
         trade 99.60x10
         trade 99.50x10 > status 1 Submitted 0/100 | exec 1 SLD 100@100.00 | status 1 Filled 100/0 | fee 1
         buy 2 100 STP 101.00 > open 2 PreSubmitted 100 | status 2 PreSubmitted 0/100
         quote 100.90x500 101.00x300 > status 2 Submitted 0/100 | exec 2 BOT 100@101.00 | status 2 Filled 100/0 | fee 1 pnl -102.00
         sell 3 100 STP_LMT 98.00 98.50 > open 3 PreSubmitted 100 | status 3 PreSubmitted 0/100
         quote 97.50x500 97.60x300 > status 3 Submitted 0/100
         quote 98.10x500 98.20x300 > exec 3 SLD 100@98.10 | status 3 Filled 100/0 | fee 1
         sell 4 100 STP 97.00 trigger=doublelast > open 4 PreSubmitted 100 | status 4 PreSubmitted 0/100
         quote 96.00x500 96.10x300
         trade 97.00x1
         trade 97.50x1
         trade 97.00x1
         trade 96.00x1 > status 4 Submitted 0/100 | exec 4 SLD 100@96.00 | status 4 Filled 100/0 | fee 1",
    );
}

#[test]
fn immediate_or_cancel_takes_what_there_is() {
    check(
        "quote 100.00x500 100.10x300
         buy 1 400 LMT 100.10 tif=IOC > open 1 Submitted 400 | status 1 Submitted 0/400 | exec 1 BOT 300@100.10 | status 1 Submitted 300/100 | fee 1.500 | status 1 Cancelled 300/100 | error 1 202
         buy 2 400 LMT 100.00 tif=IOC > open 2 Submitted 400 | status 2 Submitted 0/400 | status 2 Cancelled 0/400 | error 2 202",
    );
}

#[test]
fn a_bracket_is_held_until_its_last_leg_and_its_exits_close_once() {
    check(
        "quote 100.00x500 100.10x300
         buy 1 100 LMT 100.10 transmit=0
         sell 2 100 LMT 102.00 parent=1 transmit=0
         open > end
         sell 3 100 STP 99.00 parent=1 > open 1 Submitted 100 | status 1 Submitted 0/100 | open 2 PreSubmitted 100 | status 2 PreSubmitted 0/100 | open 3 PreSubmitted 100 | status 3 PreSubmitted 0/100 | exec 1 BOT 100@100.10 | status 1 Filled 100/0 | fee 1 | open 2 Submitted 100 | status 2 Submitted 0/100 | open 3 PreSubmitted 100 | status 3 PreSubmitted 0/100
         quote 102.00x40 102.10x300 > exec 2 SLD 40@102.00 | status 2 Submitted 40/60 | fee 1 pnl 74.60 | open 3 PreSubmitted 60 | status 3 PreSubmitted 0/60
         quote 102.00x80 102.10x300 > exec 2 SLD 60@102.00 | status 2 Filled 100/0 | fee 0 pnl 113.40 | status 3 Cancelled 0/60 | error 3 202
         open > end",
    );
}

#[test]
fn children_follow_their_parent() {
    // Never filled: they go with it.
    check(
        "quote 100.00x500 100.10x300
         buy 1 100 LMT 99.00 transmit=0
         sell 2 100 LMT 102.00 parent=1 > open 1 Submitted 100 | status 1 Submitted 0/100 | open 2 PreSubmitted 100 | status 2 PreSubmitted 0/100
         quote 102.50x500 102.60x300
         cancel 1 > status 1 Cancelled 0/100 | error 1 202 | status 2 Cancelled 0/100 | error 2 202
         sell 3 100 LMT 102.00 parent=1 > error 3 201 | status 3 Inactive 0/100
         sell 4 100 LMT 102.00 parent=77 > error 4 10006",
    );
    // Filled in part: what was filled stays protected.
    check(
        "quote 100.00x500 100.10x30
         buy 1 100 LMT 100.10 transmit=0
         sell 2 100 STP 99.00 parent=1 > open 1 Submitted 100 | status 1 Submitted 0/100 | open 2 PreSubmitted 100 | status 2 PreSubmitted 0/100 | exec 1 BOT 30@100.10 | status 1 Submitted 30/70 | fee 1
         cancel 1 > status 1 Cancelled 30/70 | error 1 202 | open 2 PreSubmitted 30 | status 2 PreSubmitted 0/30",
    );
}

#[test]
fn one_cancels_all() {
    check(
        "quote 100.00x500 100.10x40
         buy 1 100 LMT 99.00 oca=a ocatype=1 > open 1 Submitted 100 | status 1 Submitted 0/100
         buy 2 100 LMT 100.10 oca=a ocatype=1 > open 2 Submitted 100 | status 2 Submitted 0/100 | exec 2 BOT 40@100.10 | status 2 Submitted 40/60 | fee 1 | status 1 Cancelled 0/100 | error 1 202
         buy 3 100 LMT 99.00 oca=b ocatype=3 > open 3 Submitted 100 | status 3 Submitted 0/100
         quote 100.00x500 100.20x40
         buy 4 50 LMT 100.20 oca=b ocatype=3 > open 4 Submitted 50 | status 4 Submitted 0/50 | exec 4 BOT 40@100.20 | status 4 Submitted 40/10 | fee 1 | open 3 Submitted 20 | status 3 Submitted 0/20",
    );
}

#[test]
fn an_order_can_be_changed_while_it_lives() {
    check(
        "quote 100.00x500 100.10x300
         buy 1 100 LMT 99.00 > open 1 Submitted 100 | status 1 Submitted 0/100
         buy 1 200 LMT 99.50 > open 1 Submitted 200 | status 1 Submitted 0/200
         buy 1 200 LMT 99.505 > error 1 110
         sell 1 200 LMT 99.50 > error 1 105
         buy 1 200 LMT 99.50 symbol=SPY > error 1 105
         buy 1 400 LMT 100.10 > open 1 Submitted 400 | status 1 Submitted 0/400 | exec 1 BOT 300@100.10 | status 1 Submitted 300/100 | fee 1.500
         buy 1 300 LMT 100.10 > error 1 105
         quote 100.00x500 100.10x300 > exec 1 BOT 100@100.10 | status 1 Filled 400/0 | fee 0.500
         buy 1 500 LMT 100.10 > error 1 104
         buy 2 100 LMT 90.00 > open 2 Submitted 100 | status 2 Submitted 0/100
         cancel 2 > status 2 Cancelled 0/100 | error 2 202
         buy 2 100 LMT 90.00 > error 2 103",
    );
}

#[test]
fn what_cannot_be_an_order_is_refused_in_the_words_of_tws() {
    check(
        "quote 100.00x500 100.10x300
         buy 5 100 LMT 99.00 > open 5 Submitted 100 | status 5 Submitted 0/100
         buy 3 100 LMT 99.00 > error 3 103
         buy 6 100 LMT 99.00 symbol=NOSUCH > error 6 200
         buy 6 100 LMT 99.005 > error 6 110
         buy 7 100 TRAIL > error 7 321
         buy 8 0 MKT > error 8 434
         buy 9 100 MKT account=DU0 > error 9 321
         buy 10 100 VOL > open 10 PreSubmitted 100 | status 10 PreSubmitted 0/100 | error 10 399
         buy 11 100 LMT 100.10 whatif=1 > preview 11 margin 5005.00 fee 1
         reconnect > next 11 | open 5 Submitted 100 | status 5 Submitted 0/100 | open 10 PreSubmitted 100 | status 10 PreSubmitted 0/100",
    );
}

#[test]
fn a_day_order_ends_with_the_day_and_others_do_not() {
    check(
        "quote 100.00x500 100.10x300
         buy 1 100 LMT 99.00 > open 1 Submitted 100 | status 1 Submitted 0/100
         buy 2 100 LMT 99.00 tif=GTC > open 2 Submitted 100 | status 2 Submitted 0/100
         wait 39600000 > status 1 Cancelled 0/100 | error 1 202
         open > open 2 Submitted 100 | status 2 Submitted 0/100 | end",
    );
}

#[test]
fn positions_are_a_stream() {
    check(
        "quote 100.00x500 100.10x300
         buy 1 100 MKT > open 1 Submitted 100 | status 1 Submitted 0/100 | exec 1 BOT 100@100.10 | status 1 Filled 100/0 | fee 1
         positions > position 100 100.11 | end
         sell 2 100 MKT > open 2 Submitted 100 | status 2 Submitted 0/100 | exec 2 SLD 100@100.00 | status 2 Filled 100/0 | fee 1 pnl -12.00 | position 0 0
         positions > end",
    );
}

#[test]
fn a_global_cancel_reaches_every_client() {
    let mut desk = check(
        "quote 100.00x500 100.10x300
         buy 1 100 LMT 99.00 > open 1 Submitted 100 | status 1 Submitted 0/100",
    );
    desk.connect(2);
    assert_eq!(desk::trace(&desk.run("open")), "end", "another client's orders are not its own");
    assert_eq!(desk::trace(&desk.run("cancel 1")), "error 1 10147");
    assert_eq!(desk::trace(&desk.run("open all")), "open 1 Submitted 100 | status 1 Submitted 0/100 | end");
    assert_eq!(desk::trace(&desk.run("cancel all")), "status 1 Cancelled 0/100 | error 1 202");
}
