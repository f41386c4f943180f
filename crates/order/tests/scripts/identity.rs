//! Whose event is it (R2, R3, R38).

use expect_test::expect;

use crate::check;

#[test]
fn r02_an_order_of_another_client_with_our_order_id_is_not_ours() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        status A Cancelled #7 c2 => a working working 100
        open A Submitted #7 c2 => a working working 100
        exec A @x.01 #7 c2 => a working working 100; - trades 100 at 10
        status A Filled #7 c2 f100 r0 => a working working 100
    "]]);
}

#[test]
fn r02_last_weeks_order_with_our_order_id_is_not_ours() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open A Submitted #7 => a sent working 100
        status A Cancelled #7 => a sent working 100
        status A Cancelled #7 => a sent working 100
        exec A @x.01 #7 => a sent working 100; - trades 100 at 10
        open a Submitted => a working working 100
    "]]);
}

#[test]
fn r02_a_status_before_any_body_waits_for_its_proof() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        status a Submitted => a sent working 100; ask Snapshot
        status a Submitted => a sent working 100
        open a Submitted => a working working 100
        status a Cancelled => a cancelled cancelled 100 exposed 100
    "]]);
}

#[test]
fn r02_a_foreign_status_before_any_body_proves_nothing() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        status A Cancelled #7 => a sent working 100; ask Snapshot
        open A Cancelled #7 => a sent working 100
        status A Cancelled #7 => a sent working 100
        open a PreSubmitted => a presubmitted working 100
    "]]);
}

#[test]
fn r02_a_status_with_another_number_asks_whose_it_is() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        status a Cancelled #7 => a working working 100; ask Snapshot
        done A Cancelled #7 => a working working 100
        status a Cancelled #7 => a working working 100
    "]]);
}

#[test]
fn r02_a_status_without_a_number_of_ibs_is_ours_by_order_id() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        status a ApiCancelled #0 => a cancelled cancelled 100 exposed 100
    "]]);
}

#[test]
fn r03_ids_rise_over_everything_seen() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        link ready n50 => a sent working 100
        place b => a sent working 100; b sent working 100; place 50 100 at 10
        open A Submitted #7 c9 =x => a sent working 100; b sent working 100
        place c => a sent working 100; b sent working 100; c sent working 100; place 51 100 at 10
        status c Submitted => a sent working 100; b sent working 100; c sent working 100; ask Snapshot
        link ready n3 => a sent working 100; b sent working 100; c sent working 100
        place d => a sent working 100; b sent working 100; c sent working 100; d sent working 100; place 52 100 at 10
        link ready n2147483647 => a sent working 100; b sent working 100; c sent working 100; d sent working 100
        place e => refused: order ids are exhausted; reset the API order id sequence in TWS
    "]]);
}

#[test]
fn r38_our_mark_unknown_to_the_journal() {
    check(&expect![[r"
        open A Submitted #7 =trt1-0000000000000000000000001 => alarm StrangerWithOurMark
        open A Submitted #8 c2 =trt2-0000000000000000000000001 =>
        open A Submitted #9 =trt2-0000000000000000000000001 => alarm StrangerWithOurMark
    "]]);
}

/// TWS shows an open order in every snapshot, once a minute: whoever was told is not told again until the next session.
#[test]
fn r38_our_mark_unknown_to_the_journal_is_told_once_a_session() {
    check(&expect![[r"
        open A Submitted #7 =trt1-0000000000000000000000001 => alarm StrangerWithOurMark
        open A Submitted #7 =trt1-0000000000000000000000001 =>
        open A Submitted #8 =trt1-0000000000000000000000002 => alarm StrangerWithOurMark
        link lost =>
        link ready n50 =>
        open A Submitted #7 =trt1-0000000000000000000000001 => alarm StrangerWithOurMark
    "]]);
}

/// What fills at once is never shown as an open order.
#[test]
fn r38_executions_with_our_mark_unknown_to_the_journal_are_told_once_an_order() {
    check(&expect![[r"
        exec A @m.01 #7 c2 q30 =trt1-0000000000000000000000001 => - trades 30 at 10; alarm ExecutionWithOurMark
        exec A @m.01 #7 c2 q30 =trt1-0000000000000000000000001 =>
        exec A @n.01 #7 c2 q20 =trt1-0000000000000000000000001 => - trades 20 at 10
        exec A @o.01 #8 c2 q20 =trt1-0000000000000000000000002 => - trades 20 at 10; alarm ExecutionWithOurMark
        exec A @p.01 #9 c2 q20 =trt2-0000000000000000000000001 => - trades 20 at 10
        exec A @q.01 #10 q20 =trt2-0000000000000000000000001 => - trades 20 at 10; alarm ExecutionWithOurMark
        exec A @r.01 #11 q20 =by-hand => - trades 20 at 10
        open A Submitted #10 =trt2-0000000000000000000000001 => alarm StrangerWithOurMark
        link lost =>
        link ready n50 =>
        exec A @o.01 #8 c2 q20 =trt1-0000000000000000000000002 =>
        exec A @o.02 #8 c2 q21 =trt1-0000000000000000000000002 => - trades 21 at 10 for 20 at 10
    "]]);
}

#[test]
fn s34_an_order_given_by_hand_is_nobodys() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        open A Submitted #7 c0 q50 = => a working working 100
        open A Submitted #7 c0 q80 p9 = => a working working 100
        status A Submitted #7 c0 f30 r50 => a working working 100
        exec A @m.01 #7 c0 q30 = => a working working 100; - trades 30 at 10
        status A Filled #7 c0 f80 r0 => a working working 100
        exec A @n.01 #7 c0 q50 = => a working working 100; - trades 50 at 10
    "]]);
}

#[test]
fn s35_another_client_in_our_instrument_is_external() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        open B Submitted #9 c5 q50 => a working working 100
        exec B @m.01 #9 c5 q50 => a working working 100; - trades 50 at 10
        done B Filled #9 f50 => a working working 100
        exec a @x.01 => a filled filled 100; a trades 100 at 10
    "]]);
}

#[test]
fn s43_an_order_id_never_comes_again_when_tws_goes_back_by_four() {
    check(&expect![[r"
        link ready n38099 =>
        place a => a sent working 100; place 38099 100 at 10
        place b => a sent working 100; b sent working 100; place 38100 100 at 10
        place c => a sent working 100; b sent working 100; c sent working 100; place 38101 100 at 10
        place d => a sent working 100; b sent working 100; c sent working 100; d sent working 100; place 38102 100 at 10
        link lost => a unknown unknown 100; b unknown unknown 100; c unknown unknown 100; d unknown unknown 100
        link ready n38099 => a unknown unknown 100; b unknown unknown 100; c unknown unknown 100; d unknown unknown 100
        place e => a unknown unknown 100; b unknown unknown 100; c unknown unknown 100; d unknown unknown 100; e sent working 100; place 38103 100 at 10
    "]]);
}
