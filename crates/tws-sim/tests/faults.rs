//! Every fault of the core and its outbox, as scripts: what is done, and what the client hears.

mod desk;

use desk::{ACCOUNT, Desk, check};
use tws_proto::Contract;
use tws_proto::ServerMessage;
use tws_proto::ids::RequestId;
use tws_proto::message::{RequestCurrentTime, RequestHistoricalData, RequestMarketData};
use tws_sim::core::{CloseReason, Output};

/// Codes of the notices that a client hears.
fn codes(outputs: &[Output]) -> Vec<i32> {
    let notices = outputs.iter().filter_map(|output| match output {
        Output::Send { message: ServerMessage::Notice(notice), .. } => Some(notice.code),
        _ => None,
    });
    notices.collect()
}

fn ticks(outputs: &[Output]) -> usize {
    let ticks = outputs.iter().filter(|output| {
        matches!(output, Output::Send { message: ServerMessage::TickPrice(_) | ServerMessage::TickSize(_), .. })
    });
    ticks.count()
}

fn closed(outputs: &[Output]) -> Vec<CloseReason> {
    let closed = outputs.iter().filter_map(|output| match output {
        Output::Close { reason, .. } => Some(*reason),
        Output::Send { .. } => None,
    });
    closed.collect()
}

fn watch(desk: &mut Desk) -> Vec<Output> {
    let contract = Contract::stock("IBM", "USD");
    desk.say(Box::new(RequestMarketData { request_id: RequestId(1), contract, ..RequestMarketData::default() }))
}

#[test]
fn statuses_get_lost_doubled_delayed_and_renamed() {
    check(
        "quote 100.00x500 100.10x300
         fault missing-status
         buy 1 100 MKT > open 1 Submitted 100 | exec 1 BOT 100@100.10 | fee 1
         clear missing-status
         fault missing-status count=1
         buy 2 100 MKT > open 2 Submitted 100 | exec 2 BOT 100@100.10 | status 2 Filled 100/0 | fee 1
         fault duplicate-status number=4
         buy 3 1 LMT 90 > open 3 Submitted 1 | status 3 Submitted 0/1 | status 3 Submitted 0/1 | status 3 Submitted 0/1 | status 3 Submitted 0/1
         clear duplicate-status
         fault status-late ms=500
         buy 4 1 LMT 90 > open 4 Submitted 1
         wait 499
         wait 1 > status 4 Submitted 0/1
         clear status-late
         fault unknown-status text=Pondering
         buy 5 1 LMT 90 > open 5 Submitted 1 | status 5 Pondering 0/1
         clear unknown-status
         fault missing-open-order
         buy 6 1 LMT 90 > status 6 Submitted 0/1
         cancel all > status 3 Cancelled 0/1 | error 3 202 | status 4 Cancelled 0/1 | error 4 202 | status 5 Cancelled 0/1 | error 5 202 | status 6 Cancelled 0/1 | error 6 202",
    );
}

#[test]
fn executions_and_commissions_come_in_any_order_late_or_never() {
    check(
        "quote 100.00x50000 100.10x30000
         fault execution-first
         buy 1 100 MKT > exec 1 BOT 100@100.10 | open 1 Submitted 100 | status 1 Submitted 0/100 | status 1 Filled 100/0 | fee 1
         fault commission-first
         buy 2 100 MKT > fee 1 | exec 2 BOT 100@100.10 | open 2 Submitted 100 | status 2 Submitted 0/100 | status 2 Filled 100/0
         clear execution-first
         clear commission-first
         fault commission-late ms=1000
         buy 3 100 MKT > open 3 Submitted 100 | status 3 Submitted 0/100 | exec 3 BOT 100@100.10 | status 3 Filled 100/0
         wait 1000 > fee 1
         clear commission-late
         fault commission-missing
         buy 4 100 MKT > open 4 Submitted 100 | status 4 Submitted 0/100 | exec 4 BOT 100@100.10 | status 4 Filled 100/0
         clear commission-missing
         fault duplicate-execution
         fault duplicate-commission
         fault commission-unset
         buy 5 100 MKT > open 5 Submitted 100 | status 5 Submitted 0/100 | exec 5 BOT 100@100.10 | exec 5 BOT 100@100.10 | status 5 Filled 100/0 | fee 1 | fee 1
         sell 6 100 MKT > open 6 Submitted 100 | status 6 Submitted 0/100 | exec 6 SLD 100@100.00 | exec 6 SLD 100@100.00 | status 6 Filled 100/0 | fee 1 | fee 1
         clear duplicate-execution
         clear duplicate-commission
         fault missing-execution
         buy 7 100 MKT > open 7 Submitted 100 | status 7 Submitted 0/100 | status 7 Filled 100/0 | fee 1
         clear missing-execution
         fault executions-late ms=60000
         buy 8 100 MKT > open 8 Submitted 100 | status 8 Submitted 0/100 | status 8 Filled 100/0
         wait 60000 > exec 8 BOT 100@100.10 | fee 1",
    );
}

#[test]
fn order_events_can_come_in_any_order_and_the_seed_decides() {
    let run = || {
        let mut desk = Desk::new();
        desk.run("quote 100.00x50000 100.10x30000");
        desk.run("fault reorder");
        (1..20).map(|id| desk::trace(&desk.run(&format!("buy {id} 100 MKT")))).collect::<Vec<_>>()
    };
    let traces = run();
    assert_eq!(traces, run());
    let usual = traces.iter().filter(|trace| trace.starts_with("open")).count();
    assert!(usual < 12, "{usual}");
    let mut desk = Desk::new();
    desk.run("quote 100.00x50000 100.10x30000");
    desk.run("fault reorder ms=100");
    let mut heard = desk.run("buy 1 100 MKT").len();
    for _ in 0..100 {
        heard += desk.run("wait 1").len();
    }
    assert_eq!(heard, 5);
}

#[test]
fn the_end_of_a_list_stays_behind_it_in_any_order() {
    let mut desk = Desk::new();
    desk.run("quote 100.00x50000 100.10x30000");
    for id in 1..5 {
        desk.run(&format!("buy {id} 100 MKT"));
        desk.run(&format!("buy {} 100 LMT 99", id + 10));
    }
    desk.run("fault reorder");
    for list in ["executions", "open", "open all"] {
        let heard = desk::trace(&desk.run(list));
        assert!(heard.ends_with(" | end"), "{list}: {heard}");
    }
}

#[test]
fn orders_are_rejected_in_every_way() {
    check(
        "quote 100.00x500 100.10x300
         fault reject count=1
         buy 1 100 LMT 99 > error 1 201 | status 1 Inactive 0/100
         fault reject text=Cancelled count=1
         buy 2 100 LMT 99 > error 2 201 | status 2 Cancelled 0/100
         fault reject code=203 text=none count=1
         buy 3 100 LMT 99 > error 3 203
         fault order-notice
         buy 4 100 LMT 99 > open 4 Submitted 100 | status 4 Submitted 0/100 | error 4 10349
         clear order-notice
         fault order-notice code=31337
         buy 5 100 LMT 99 > open 5 Submitted 100 | status 5 Submitted 0/100 | error 5 31337
         clear order-notice
         fault order-limit number=2
         buy 6 100 LMT 99 > error 6 201 | status 6 Inactive 0/100
         clear order-limit
         fault read-only
         buy 7 100 LMT 99 > error 7 321
         cancel 5 > error 5 321
         clear read-only
         fault missing-parent
         buy 8 100 LMT 99 transmit=0
         sell 9 100 LMT 110 parent=8 > error 9 10006
         open > open 4 Submitted 100 | status 4 Submitted 0/100 | open 5 Submitted 100 | status 5 Submitted 0/100 | end",
    );
}

#[test]
fn a_short_sale_waits_for_shares_and_can_still_fill() {
    let desk = check(
        "quote 100.00x500 100.10x300
         fault held-locate
         sell 1 100 MKT > open 1 Inactive 100 | status 1 Inactive 0/100 | error 1 404
         open > open 1 Inactive 100 | status 1 Inactive 0/100 | end
         buy 2 10 LMT 99 > open 2 Submitted 10 | status 2 Submitted 0/10
         clear held-locate > open 1 Submitted 100 | status 1 Submitted 0/100 | exec 1 SLD 100@100.00 | status 1 Filled 100/0 | fee 1
         fault inactive for_ms=1000
         buy 3 10 LMT 99 > open 3 Inactive 10 | status 3 Inactive 0/10
         wait 1000 > open 3 Submitted 10 | status 3 Submitted 0/10",
    );
    assert_eq!(desk.book().position(ACCOUNT, "IBM"), (-100).into());
}

#[test]
fn cancels_are_lost_late_refused_and_overtaken() {
    let desk = check(
        "quote 100.00x500 100.10x300
         buy 1 100 LMT 99 > open 1 Submitted 100 | status 1 Submitted 0/100
         fault cancel-unanswered count=1
         cancel 1
         fault cancel-refused code=10147 count=1
         cancel 1 > error 1 10147
         fault cancel-late ms=2000 count=1
         cancel 1 > status 1 PendingCancel 0/100
         wait 1999
         wait 1 > status 1 Cancelled 0/100 | error 1 202
         buy 2 100 LMT 99 > open 2 Submitted 100 | status 2 Submitted 0/100
         fault cancel-late
         cancel 2 > status 2 PendingCancel 0/100
         wait 86000
         clear cancel-late > status 2 Cancelled 0/100 | error 2 202
         buy 3 100 LMT 99 > open 3 Submitted 100 | status 3 Submitted 0/100
         fault cancel-race quantity=40 count=1
         cancel 3 > status 3 PendingCancel 0/100 | exec 3 BOT 40@99 | status 3 Submitted 40/60 | fee 1 | status 3 Cancelled 40/60 | error 3 202
         buy 4 100 LMT 99 > open 4 Submitted 100 | status 4 Submitted 0/100
         fault fill-after-cancel quantity=10 count=1
         cancel 4 > status 4 Cancelled 0/100 | error 4 202
         wait 300 > exec 4 BOT 10@99 | status 4 Cancelled 10/90 | fee 1
         buy 5 100 LMT 99 > open 5 Submitted 100 | status 5 Submitted 0/100
         fault cancel-without-status count=1
         cancel 5 > error 5 202
         buy 6 100 LMT 99 > open 6 Submitted 100 | status 6 Submitted 0/100
         fault cancel-by-system order=6 > status 6 Cancelled 0/100 | error 6 202",
    );
    assert_eq!(desk.book().position(ACCOUNT, "IBM"), 50.into());
}

#[test]
fn a_change_can_be_refused_or_make_a_second_order() {
    let desk = check(
        "quote 100.00x500 100.10x300
         buy 1 100 LMT 99 > open 1 Submitted 100 | status 1 Submitted 0/100
         fault modify-refused code=2102 count=1
         buy 1 100 LMT 98 > error 1 2102
         fault double-incarnation count=1
         buy 1 100 LMT 97 > open 1 Submitted 100 | status 1 Submitted 0/100
         open > open 1 Submitted 100 | status 1 Submitted 0/100 | open 1 Submitted 100 | status 1 Submitted 0/100 | end
         cancel 1 > status 1 Cancelled 0/100 | error 1 202
         quote 96.00x500 96.90x300 > exec 1 BOT 100@96.90 | status 1 Filled 100/0 | fee 1
         executions > exec 1 BOT 100@96.90 | fee 1 | end",
    );
    assert_eq!(desk.book().position(ACCOUNT, "IBM"), 100.into());
    let numbers: Vec<_> = desk.book().orders().map(|order| order.permanent_id).collect();
    assert_ne!(numbers[0], numbers[1]);
    check(
        "quote 100.00x500 100.10x300
         buy 1 100 LMT 99 > open 1 Submitted 100 | status 1 Submitted 0/100
         fault double-incarnation count=1
         buy 1 100 LMT 97 > open 1 Submitted 100 | status 1 Submitted 0/100
         cancel 1 > status 1 Cancelled 0/100 | error 1 202
         cancel 1 > status 1 Cancelled 0/100 | error 1 202
         open > end",
    );
}

#[test]
fn executions_are_corrected_and_taken_back() {
    let desk = check(
        "quote 100.00x500 100.10x300
         buy 1 100 MKT > open 1 Submitted 100 | status 1 Submitted 0/100 | exec 1 BOT 100@100.10 | status 1 Filled 100/0 | fee 1
         positions > position 100 100.11 | end
         fault correction quantity=60 price=100 > exec 1 BOT 60@100 | fee 1 | position 60 100.01666667
         executions > exec 1 BOT 60@100 | fee 1 | end",
    );
    assert_eq!(desk.book().position(ACCOUNT, "IBM"), 60.into());
    assert_eq!(desk.book().cash(ACCOUNT), Some(993_999.into()));
    assert!(desk.book().executions()[0].execution_id.ends_with(".01.02"));
    let mut desk = desk;
    desk.run("fault bust");
    assert_eq!(desk.book().position(ACCOUNT, "IBM"), 0.into());
    assert_eq!(desk.book().cash(ACCOUNT), Some(1_000_000.into()));
    assert!(desk.book().executions()[0].execution_id.ends_with(".01.03"));
}

#[test]
fn orders_wait_while_ib_is_lost_and_news_too() {
    let desk = check(
        "quote 100.00x500 100.10x300
         buy 1 100 LMT 99 > open 1 Submitted 100 | status 1 Submitted 0/100
         fault upstream-lost
         buy 2 100 LMT 101 > status 2 PendingSubmit 0/100
         quote 98.00x500 98.10x300
         buy 3 100 LMT 95 > status 3 PendingSubmit 0/100
         cancel 1 > status 1 PendingCancel 0/100
         cancel 3 > status 3 ApiCancelled 0/0 | error 3 202
         fault upstream-restored > exec 1 BOT 100@98.10 | status 1 Filled 100/0 | fee 1 | open 2 Submitted 100 | status 2 Submitted 0/100 | exec 2 BOT 100@98.10 | status 2 Filled 100/0 | fee 1 | error 1 10148",
    );
    assert_eq!(desk.book().position(ACCOUNT, "IBM"), 200.into());
    check(
        "quote 100.00x500 100.10x300
         fault kept-orders ms=20000
         fault upstream-broken
         buy 1 100 LMT 99 > status 1 PendingSubmit 0/100
         fault upstream-restored-lost
         open > end
         wait 20000 > open 1 Submitted 100 | status 1 Submitted 0/100
         clear kept-orders
         fault kept-orders text=delete
         fault upstream-lost
         buy 2 100 LMT 99 > status 2 PendingSubmit 0/100
         fault upstream-restored
         open > open 1 Submitted 100 | status 1 Submitted 0/100 | end",
    );
}

#[test]
fn market_data_dies_with_its_farm_or_subscription() {
    let mut desk = Desk::new();
    let quotes = ["quote 100.00x500 100.10x300", "quote 100.01x500 100.11x300"];
    let mut turn = 0;
    let mut moves = |desk: &mut Desk| {
        turn += 1;
        ticks(&desk.run(quotes[turn % 2])) > 0
    };
    desk.run(quotes[0]);
    watch(&mut desk);
    assert!(moves(&mut desk));
    for (fault, code, flows, mend, code_after) in [
        ("upstream-lost", 1100, false, "upstream-restored", 1102),
        ("upstream-broken", 2110, false, "upstream-restored", 1102),
        ("farm-down", 2103, false, "farm-ok", 2104),
        ("farm-down code=2105", 2105, true, "farm-ok code=2106", 2106),
        ("farm-idle", 2108, true, "farm-ok", 2104),
        ("farm-connecting", 2119, true, "farm-ok code=2158", 2158),
    ] {
        assert_eq!(codes(&desk.run(&format!("fault {fault}"))), [code], "{fault}");
        assert_eq!(moves(&mut desk), flows, "{fault}");
        assert_eq!(codes(&desk.run(&format!("fault {mend}"))), [code_after], "{mend}");
        assert!(moves(&mut desk), "{mend}");
    }
    desk.run("fault silent-data");
    assert!(!moves(&mut desk));
    desk.run("clear silent-data");
    assert!(moves(&mut desk));
    assert_eq!(codes(&desk.run("fault competing-session")), [10197]);
    assert!(!moves(&mut desk));
    desk.run("clear competing-session");
    assert!(moves(&mut desk));
    desk.run("fault upstream-lost");
    assert_eq!(codes(&desk.run("fault upstream-restored-lost")), [1101]);
    assert!(!moves(&mut desk));
    watch(&mut desk);
    assert!(moves(&mut desk));
    let mut heard = codes(&desk.run("fault farm-flaps number=3 ms=1000"));
    for _ in 0..6 {
        heard.extend(codes(&desk.run("wait 500")));
    }
    assert_eq!(heard, [2103, 2104, 2103, 2104, 2103, 2104]);
}

#[test]
fn a_restart_ends_sessions_and_keeps_the_books() {
    let mut desk = check(
        "quote 100.00x500 100.10x300
         buy 1 100 MKT > open 1 Submitted 100 | status 1 Submitted 0/100 | exec 1 BOT 100@100.10 | status 1 Filled 100/0 | fee 1
         buy 2 100 LMT 99 > open 2 Submitted 100 | status 2 Submitted 0/100
         buy 3 100 LMT 99 transmit=0",
    );
    assert_eq!(closed(&desk.run("fault restart ms=5000")), [CloseReason::Restart]);
    assert!(desk.core.is_down(desk.core.now()));
    desk.run("wait 5000");
    assert!(!desk.core.is_down(desk.core.now()));
    let heard = desk::trace(&desk.connect(1));
    assert_eq!(heard, "next 4 | open 2 Submitted 100 | status 2 Submitted 0/100");
    assert_eq!(desk.book().position(ACCOUNT, "IBM"), 100.into());
    assert_eq!(desk.book().orders().count(), 2);
    // 13:00 in New York; the restart is at 23:45.
    desk.run("fault daily-restart");
    for _ in 0..2 {
        assert!(closed(&desk.run("wait 1000")).is_empty());
        let to_go = 86_400_000 - 13 * 3_600_000;
        let mut ends = Vec::new();
        for _ in 0..to_go / 3_600_000 {
            ends.extend(closed(&desk.run("wait 3600000")));
        }
        assert_eq!(ends, [CloseReason::Restart]);
        for _ in 0..13 {
            desk.run("wait 3600000");
        }
        desk.connect(1);
    }
}

#[test]
fn ids_go_back_and_are_given_out_again() {
    check(
        "quote 100.00x500 100.10x300
         buy 10 100 LMT 99 > open 10 Submitted 100 | status 10 Submitted 0/100
         buy 11 100 MKT > open 11 Submitted 100 | status 11 Submitted 0/100 | exec 11 BOT 100@100.10 | status 11 Filled 100/0 | fee 1
         fault id-rollback number=2
         reconnect > next 10 | open 10 Submitted 100 | status 10 Submitted 0/100
         buy 10 50 LMT 98 > open 10 Submitted 50 | status 10 Submitted 0/50
         quote 98.50x500 98.90x300 > exec 10 BOT 100@98.90 | status 10 Filled 100/0 | fee 1
         fault ids-reset
         reconnect > next 1 | open 10 Submitted 50 | status 10 Submitted 0/50",
    );
}

#[test]
fn people_and_strangers_trade_too() {
    let desk = check(
        "quote 100.00x500 100.10x300
         fault foreign-order instrument=IBM quantity=-30 number=7
         fault foreign-order instrument=IBM quantity=10 price=99 number=7
         open > end
         open all > open 2 Submitted 10 | status 2 Submitted 0/10 | end",
    );
    assert_eq!(desk.book().position(ACCOUNT, "IBM"), (-30).into());
    let mut desk = Desk::new();
    desk.run("quote 100.00x500 100.10x300");
    desk.run("fault foreign-commissions");
    assert_eq!(desk::trace(&desk.run("fault foreign-order instrument=IBM quantity=5")), "fee 1");
    desk.run("fault manual-order instrument=IBM quantity=5 price=99");
    assert_eq!(desk::trace(&desk.run("open all")), "open 0 Submitted 5 | status 0 Submitted 0/5 | end");
}

#[test]
fn lists_are_stale_bare_or_never_end() {
    check(
        "quote 100.00x500 100.10x300
         buy 1 100 LMT 99 > open 1 Submitted 100 | status 1 Submitted 0/100
         fault stale-open-orders
         cancel 1 > status 1 Cancelled 0/100 | error 1 202
         open all > open 1 Submitted 100 | status 1 Submitted 0/100 | end
         open > end
         clear stale-open-orders
         open all > end
         buy 2 100 MKT > open 2 Submitted 100 | status 2 Submitted 0/100 | exec 2 BOT 100@100.10 | status 2 Filled 100/0 | fee 1
         fault completed-bare
         completed > done Cancelled 0 | done Filled 0 | end
         fault end-marker-lost count=1
         open
         open > end",
    );
}

#[test]
fn who_asks_too_fast_is_told_and_closed() {
    let mut desk = Desk::new();
    desk.run("fault pacing number=5");
    let mut heard = Vec::new();
    for second in 0..3 {
        for _ in 0..10 {
            heard.extend(desk.say(RequestCurrentTime {}));
        }
        assert_eq!(closed(&heard).len(), usize::from(second > 0 || !closed(&heard).is_empty()));
        desk.run("wait 1000");
    }
    assert_eq!(codes(&heard), [100; 3]);
    assert_eq!(closed(&heard), [CloseReason::Pacing]);

    let mut desk = Desk::new();
    desk.run("fault pacing-delay number=5");
    let told = |outputs: &[Output]| {
        let times = outputs
            .iter()
            .filter(|output| matches!(output, Output::Send { message: ServerMessage::CurrentTime(_), .. }));
        times.count()
    };
    let at_once: usize = (0..12).map(|_| told(&desk.say(RequestCurrentTime {}))).sum();
    assert_eq!(at_once, 5);
    assert_eq!(told(&desk.run("wait 1000")), 7);
}

#[test]
fn lines_are_limited() {
    let mut desk = Desk::new();
    desk.run("fault line-limit number=1");
    assert!(codes(&watch(&mut desk)).is_empty());
    let contract = Contract::stock("IBM", "USD");
    let second = RequestMarketData { request_id: RequestId(2), contract, ..RequestMarketData::default() };
    assert_eq!(codes(&desk.say(Box::new(second))), [101]);
}

#[test]
fn starting_can_fail_in_every_way() {
    let mut desk = Desk::new();
    desk.disconnect();
    desk.run("fault client-id-in-use count=1");
    let heard = desk.connect(1);
    assert_eq!((codes(&heard), closed(&heard)), (vec![326], vec![CloseReason::ClientIdInUse]));
    desk.run("fault id-held ms=5000 count=1");
    desk.connect(1);
    desk.disconnect();
    assert_eq!(codes(&desk.connect(1)), [326]);
    desk.run("wait 5000");
    assert!(!codes(&desk.connect(1)).contains(&326));
    desk.disconnect();
    desk.run("fault never-ready count=1");
    assert_eq!(desk::trace(&desk.connect(1)), "");
    desk.disconnect();
    desk.run("fault requests-lost ms=100");
    assert_eq!(desk::trace(&desk.connect(1)), "next 1");
    assert_eq!(desk::trace(&desk.run("open")), "");
    desk.run("wait 100");
    assert_eq!(desk::trace(&desk.run("open")), "end");
    desk.run("clear requests-lost");
    desk.run("buy 1 1 LMT 9");
    desk.run("fault replay-off count=1");
    desk.disconnect();
    assert_eq!(desk::trace(&desk.connect(1)), "next 2");
    desk.disconnect();
    desk.run("fault accounts-missing text=DU9");
    let accounts = desk.connect(1).into_iter().find_map(|output| match output {
        Output::Send { message: ServerMessage::ManagedAccounts(accounts), .. } => Some(accounts.accounts),
        _ => None,
    });
    assert_eq!(accounts.as_deref(), Some("DU9"));
    assert_eq!(codes(&desk.run("fault port-change")), [1300]);
}

/// Permanent ids that a client is told of orders, in order.
fn permanent_ids(outputs: &[Output]) -> Vec<i64> {
    let told = outputs.iter().filter_map(|output| match output {
        Output::Send { message: ServerMessage::OpenOrder(open), .. } => open.order.permanent_id,
        Output::Send { message: ServerMessage::OrderStatus(status), .. } => status.permanent_id,
        _ => None,
    });
    told.map(|id| id.0).collect()
}

#[test]
fn numbers_come_late_and_groups_overfill() {
    let mut desk = Desk::new();
    desk.run("quote 100.00x500 100.10x300");
    desk.run("fault permanent-id-late");
    assert_eq!(permanent_ids(&desk.run("buy 1 1 LMT 90")), [0, 0]);
    assert!(permanent_ids(&desk.run("open")).iter().all(|id| *id > 0));
    desk.run("clear permanent-id-late");
    desk.run("fault oca-overfill");
    desk.run("buy 2 10 LMT 95 oca=g ocatype=1");
    desk.run("buy 3 10 LMT 95 oca=g ocatype=1");
    desk.run("quote 94.00x500 94.90x300");
    assert_eq!(desk.book().position(ACCOUNT, "IBM"), 20.into());
}

#[test]
fn lists_of_days_and_history_have_their_faults() {
    let mut desk = Desk::new();
    desk.run("quote 100.00x500 100.10x300");
    desk.run("buy 1 1 MKT");
    desk.run("wait 90000000");
    assert_eq!(desk::trace(&desk.run("executions")), "end");
    desk.run("fault trade-log-days");
    assert!(desk::trace(&desk.run("executions")).starts_with("exec 1 BOT"));
    for (fault, code) in [("historical-pacing", 162), ("historical-pacing code=420", 420)] {
        desk.run(&format!("fault {fault}"));
        let request = RequestHistoricalData { request_id: RequestId(5), ..RequestHistoricalData::default() };
        assert_eq!(codes(&desk.say(Box::new(request))), [code]);
    }
    assert_eq!(codes(&desk.run("fault notice code=1234 order=9 text=hello")), [1234]);
    assert_eq!(desk::trace(&desk.run("fault order-unresolved")), "");
    desk.run("quote 100.00x500 100.10x300");
    desk.run("buy 2 1 LMT 9");
    assert_eq!(desk::trace(&desk.run("fault order-unresolved")), "error 2 10328");
}

#[test]
fn what_follows_the_start_can_come_in_any_order() {
    let starts: Vec<String> = (0..20)
        .map(|_| {
            let mut desk = Desk::new();
            desk.run("quote 100.00x500 100.10x300");
            desk.run("buy 1 1 LMT 9");
            desk.run("fault start-shuffled");
            desk.disconnect();
            desk::trace(&desk.connect(1))
        })
        .collect();
    assert!(starts.iter().all(|start| start.contains("next 2") && start.contains("open 1")), "{starts:?}");
    assert!(starts.iter().all(|start| *start == starts[0]), "the seed decides");
}
