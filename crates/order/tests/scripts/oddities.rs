//! Several incarnations, refusals, holds and words nobody knows (R22, R23, R24).

use expect_test::expect;

use crate::check;

#[test]
fn r22_s24_two_incarnations_cancelled_one_by_one() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        open a Submitted #7 => a working working 100 exposed 200; alarm SeveralIncarnations
        cancel a => a working working 100 exposed 200; cancel 1
        status a Cancelled => a working working 100; ask Snapshot
        notice a 202 => a working working 100; ask Snapshot
        exec a @x.01 #7 q30 => a working filled 30 working 70 exposed 100; a trades 30 at 10
        wait 5000 => a working filled 30 working 70 exposed 100; cancel 1; ask Snapshot
        status a Cancelled #7 => a cancelled filled 30 cancelled 70 exposed 70; cancel of a is done
    "]]);
}

#[test]
fn r22_s24_two_incarnations_both_fill() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        open a Submitted #7 => a working working 100 exposed 200; alarm SeveralIncarnations
        exec a @x.01 => a working filled 100 exposed 100; a trades 100 at 10
        status a Filled f100 r0 => a working filled 100 exposed 100
        exec a @y.01 #7 => a filled filled 200; a trades 100 at 10; alarm Overfilled; alarm Halted
        status a Filled #7 f100 r0 => a filled filled 200
    "]]);
}

#[test]
fn r22_s24_a_second_incarnation_shows_after_the_fill() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        exec a @x.01 => a filled filled 100; a trades 100 at 10
        open a Submitted #7 => a working filled 100 exposed 100; alarm SeveralIncarnations; alarm Reopened
        status a Filled f100 r0 => a working filled 100 exposed 100
        cancel a => a working filled 100 exposed 100; cancel 1
        status a Cancelled #7 => a filled filled 100; cancel of a is overtaken: filled
    "]]);
}

#[test]
fn s25_201_with_inactive_in_both_orders() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a PendingSubmit => a pending working 100
        notice a 201 => a pending working 100; alarm Contradiction; ask Snapshot
        status a Inactive => a rejected cancelled 100
        place b => a rejected cancelled 100; b sent working 100; place 2 100 at 10
        open b PendingSubmit => a rejected cancelled 100; b pending working 100
        status b Inactive => a rejected cancelled 100; b suspended working 100
        notice b 201 => a rejected cancelled 100; b rejected cancelled 100
    "]]);
}

#[test]
fn s25_201_with_cancelled_in_both_orders() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        notice a 201 => a rejected cancelled 100
        status a Cancelled => a rejected cancelled 100; ask Snapshot
        open a Cancelled => a rejected cancelled 100
        place b => a rejected cancelled 100; b sent working 100; place 2 100 at 10
        open b PendingSubmit => a rejected cancelled 100; b pending working 100
        status b Cancelled => a rejected cancelled 100; b cancelled cancelled 100 exposed 100
        notice b 201 => a rejected cancelled 100; b rejected cancelled 100
        place c => a rejected cancelled 100; b rejected cancelled 100; c sent working 100; place 3 100 at 10
        open c PendingSubmit => a rejected cancelled 100; b rejected cancelled 100; c pending working 100
        notice c 201 => a rejected cancelled 100; b rejected cancelled 100; c pending working 100; alarm Contradiction; ask Snapshot
        status c Cancelled => a rejected cancelled 100; b rejected cancelled 100; c rejected cancelled 100
    "]]);
}

#[test]
fn s25_404_then_a_fill() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        notice a 404 => a held working 100
        status a Inactive #0 => a held working 100
        open a Inactive => a held working 100
        wait 3600000 => a held working 100
        exec a @x.01 => a filled filled 100; a trades 100 at 10
    "]]);
}

#[test]
fn r24_locate() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a PreSubmitted => a presubmitted working 100
        status a PreSubmitted hlocate => a held working 100
        status a Submitted => a working working 100
        status a PreSubmitted hlocate => a held working 100
        status a Cancelled hlocate => a cancelled cancelled 100 exposed 100
    "]]);
}

#[test]
fn r24_s26_unknown_status_is_live() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Sleeping => a working working 100; alarm StrangeStatus
        open a Sleeping => a working working 100
        status a Submitted => a working working 100
    "]]);
}

#[test]
fn r23_s27_unknown_code_is_no_verdict() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        notice a 77777 => a working working 100; ask Snapshot
    "]]);
}

#[test]
fn r23_105_on_a_fresh_order_asks() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        notice a 105 => a sent working 100; ask Snapshot
    "]]);
}

#[test]
fn an_order_that_never_left() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        unsent a => a rejected cancelled 100; alarm NotSent
        place b => a rejected cancelled 100; b sent working 100; place 2 100 at 10
        open b Submitted => a rejected cancelled 100; b working working 100
        unsent b => a rejected cancelled 100; b working working 100; ask Snapshot; alarm NotSent
    "]]);
}

#[test]
fn r22_a_refusal_of_one_incarnation_leaves_the_other_alive() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        open a Submitted #7 => a working working 100 exposed 200; alarm SeveralIncarnations
        notice a 201 => a working working 100 exposed 200; alarm Contradiction; ask Snapshot
        status a Inactive #7 => a working working 100; ask Snapshot
        status a Inactive #7 => a working working 100
        status a Inactive => a suspended working 100
        status a Submitted => a working working 100
        status a Cancelled => a cancelled cancelled 100 exposed 100
    "]]);
}

#[test]
fn r22_an_end_without_a_number_ends_none_of_several_incarnations() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        open a Submitted #7 => a working working 100 exposed 200; alarm SeveralIncarnations
        status a Cancelled #0 => a working working 100 exposed 200; ask Snapshot
        status a Inactive #0 => a working working 100 exposed 200; ask Snapshot
        notice a 202 => a working working 100 exposed 200; ask Snapshot
        done a Cancelled #7 => a working working 100; ask Snapshot
        done a Cancelled => a cancelled cancelled 100 exposed 100
    "]]);
}

#[test]
fn r22_two_incarnations_that_are_inactive_await_what_is_said_of_each() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        open a Submitted #7 => a working working 100 exposed 200; alarm SeveralIncarnations
        link lost => a unknown unknown 100 exposed 200
        link ready n2 => a unknown unknown 100 exposed 200
        open a Inactive #7 => a suspended working 100 exposed 200
        open a Inactive => a suspended working 100 exposed 200
        notice a 201 => a suspended working 100 exposed 200; alarm Contradiction; ask Snapshot
        done a Inactive => a suspended working 100; ask Snapshot
        done a Inactive #7 => a rejected cancelled 100
    "]]);
}

#[test]
fn r22_a_completed_incarnation_is_looked_at_once() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        open a Submitted #7 => a working working 100 exposed 200; alarm SeveralIncarnations
        done a Cancelled f0 => a working working 100; ask Snapshot
        done a Cancelled f0 => a working working 100
    "]]);
}

#[test]
fn r22_a_fill_of_one_incarnation_that_is_told_is_missed_beside_the_others() {
    check(&expect![[r"
        link ready =>
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        open a Submitted #7 => a working working 100 exposed 200; alarm SeveralIncarnations
        exec a @x.01 f100 => a working filled 100 exposed 100; a trades 100 at 10
        status a Filled f100 r0 => a working filled 100 exposed 100
        status a Filled #7 f100 r0 => a filled, unproven filled 100 exposed 100
        wait 2000 => a filled, unproven filled 100 exposed 100; ask Executions
        wait 28000 => a filled filled 200; a is inferred to trade 100 at 10; alarm FillInferred; alarm Overfilled; alarm Halted
        exec a @y.01 #7 q60 f60 => a filled filled 200; a is inferred to trade 40 at 10 for 100 at 10; a trades 60 at 10; alarm Overfilled
        exec a @z.01 #7 q40 f100 => a filled filled 200; a is inferred to trade 0 at 10 for 40 at 10; a trades 40 at 10; alarm Overfilled
    "]]);
}

#[test]
fn r22_what_was_told_before_a_second_incarnation_is_the_first_ones() {
    check(&expect![[r"
        link ready =>
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        status a Submitted f40 r60 p10 => a working working 100
        pass 31 => a working filled 40 working 60; ask Executions; ask Executions; ask Executions; a is inferred to trade 40 at 10; alarm FillInferred
        open a Submitted #7 => a working filled 40 working 60 exposed 160; alarm SeveralIncarnations
        exec a @y.01 #7 q30 f30 p11 => a working filled 70 working 30 exposed 130; a trades 30 at 11
        wait 40000 => a working filled 70 working 30 exposed 130
        exec a @x.01 q40 f40 => a working filled 70 working 30 exposed 130; a is inferred to trade 0 at 10 for 40 at 10; a trades 40 at 10
        exec a @y.02 #7 q20 f20 => a working filled 60 working 40 exposed 140; a trades 20 at 10 for 30 at 11
        status a Submitted #7 f20 r80 => a working filled 60 working 40 exposed 140
        wait 40000 => a working filled 60 working 40 exposed 140
    "]]);
}
