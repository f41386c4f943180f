//! The rules and the fault cases, each as a script: an event a line, and what came of it.

mod world;

use expect_test::{Expect, expect};
use world::World;

#[track_caller]
fn check(script: &str, expected: Expect) {
    let mut world = World::new();
    let mut trace = String::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let outcome = world.run(line);
        trace.push_str(&format!("{line} => {outcome}\n"));
    }
    world.check_replay();
    expected.assert_eq(&trace);
}

#[test]
fn r02_an_order_of_another_client_with_our_order_id_is_not_ours() {
    check(
        "
        place a
        open a Submitted
        status A Cancelled #7 c2
        open A Submitted #7 c2
        exec A @x.01 #7 c2
        status A Filled #7 c2 f100 r0
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            status A Cancelled #7 c2 => a working working 100
            open A Submitted #7 c2 => a working working 100
            exec A @x.01 #7 c2 => a working working 100; - trades 100 at 10
            status A Filled #7 c2 f100 r0 => a working working 100
        "#]],
    );
}

#[test]
fn r02_last_weeks_order_with_our_order_id_is_not_ours() {
    check(
        "
        place a
        open A Submitted #7
        status A Cancelled #7
        status A Cancelled #7
        exec A @x.01 #7
        open a Submitted
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open A Submitted #7 => a sent working 100
            status A Cancelled #7 => a sent working 100
            status A Cancelled #7 => a sent working 100
            exec A @x.01 #7 => a sent working 100; - trades 100 at 10
            open a Submitted => a working working 100
        "#]],
    );
}

#[test]
fn r02_a_status_before_any_body_waits_for_its_proof() {
    check(
        "
        place a
        status a Submitted
        status a Submitted
        open a Submitted
        status a Cancelled
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            status a Submitted => a sent working 100; ask Snapshot
            status a Submitted => a sent working 100
            open a Submitted => a working working 100
            status a Cancelled => a cancelled cancelled 100 exposed 100
        "#]],
    );
}

#[test]
fn r02_a_foreign_status_before_any_body_proves_nothing() {
    check(
        "
        place a
        status A Cancelled #7
        open A Cancelled #7
        status A Cancelled #7
        open a PreSubmitted
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            status A Cancelled #7 => a sent working 100; ask Snapshot
            open A Cancelled #7 => a sent working 100
            status A Cancelled #7 => a sent working 100
            open a PreSubmitted => a presubmitted working 100
        "#]],
    );
}

#[test]
fn r02_a_status_with_another_number_asks_whose_it_is() {
    check(
        "
        place a
        open a Submitted
        status a Cancelled #7
        done A Cancelled #7
        status a Cancelled #7
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            status a Cancelled #7 => a working working 100; ask Snapshot
            done A Cancelled #7 => a working working 100
            status a Cancelled #7 => a working working 100
        "#]],
    );
}

#[test]
fn r02_a_status_without_a_number_of_ibs_is_ours_by_order_id() {
    check(
        "
        place a
        status a ApiCancelled #0
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            status a ApiCancelled #0 => a cancelled cancelled 100 exposed 100
        "#]],
    );
}

#[test]
fn r03_ids_rise_over_everything_seen() {
    check(
        "
        place a
        link ready n50
        place b
        open A Submitted #7 c9 =x
        place c
        status c Submitted
        link ready n3
        place d
        link ready n2147483647
        place e
        ",
        expect![[r#"
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
        "#]],
    );
}

#[test]
fn r04_nothing_leaves_again_by_itself() {
    check(
        "
        place a
        link lost
        link ready
        wait 60000
        snapshot began
        snapshot ended
        wait 60000
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            link lost => a unknown unknown 100
            link ready => a unknown unknown 100
            wait 60000 => a unknown unknown 100
            snapshot began => a unknown unknown 100
            snapshot ended => a unknown unknown 100
            wait 60000 => a unknown unknown 100
        "#]],
    );
}

#[test]
fn r06_link_loss_makes_orders_unknown() {
    check(
        "
        place a
        place b
        open b Submitted
        link lost
        link ready
        open a Submitted
        open b Submitted
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            place b => a sent working 100; b sent working 100; place 2 100 at 10
            open b Submitted => a sent working 100; b working working 100
            link lost => a unknown unknown 100; b unknown unknown 100
            link ready => a unknown unknown 100; b unknown unknown 100
            open a Submitted => a working working 100; b unknown unknown 100
            open b Submitted => a working working 100; b working working 100
        "#]],
    );
}

#[test]
fn r06_upstream_loss_makes_only_the_unanswered_unknown() {
    check(
        "
        place a
        place b
        open b Submitted
        link down
        link up
        open a Submitted
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            place b => a sent working 100; b sent working 100; place 2 100 at 10
            open b Submitted => a sent working 100; b working working 100
            link down => a unknown unknown 100; b working working 100
            link up => a unknown unknown 100; b working working 100
            open a Submitted => a working working 100; b working working 100
        "#]],
    );
}

#[test]
fn r06_10328_is_an_outcome_unknown() {
    check(
        "
        place a
        notice a 10328
        open a Submitted
        notice a 10328
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            notice a 10328 => a unknown unknown 100; ask Snapshot
            open a Submitted => a working working 100
            notice a 10328 => a working working 100; ask Snapshot
        "#]],
    );
}

#[test]
fn r08_half_a_snapshot_is_none() {
    check(
        "
        place a
        link lost
        link ready
        wait 60000
        snapshot began
        link lost
        snapshot ended
        link ready
        wait 1000
        snapshot began
        link down
        snapshot ended
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            link lost => a unknown unknown 100
            link ready => a unknown unknown 100
            wait 60000 => a unknown unknown 100
            snapshot began => a unknown unknown 100
            link lost => a unknown unknown 100
            snapshot ended => a unknown unknown 100
            link ready => a unknown unknown 100
            wait 1000 => a unknown unknown 100
            snapshot began => a unknown unknown 100
            link down => a unknown unknown 100
            snapshot ended => a unknown unknown 100
        "#]],
    );
}

#[test]
fn r09_found_nowhere_twice_is_lost() {
    check(
        "
        place a
        link lost
        link ready
        wait 1000
        snapshot began
        snapshot ended
        wait 31000
        snapshot began
        snapshot ended
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            link lost => a unknown unknown 100
            link ready => a unknown unknown 100
            wait 1000 => a unknown unknown 100
            snapshot began => a unknown unknown 100
            snapshot ended => a unknown unknown 100
            wait 31000 => a unknown unknown 100
            snapshot began => a unknown unknown 100
            snapshot ended => a lost cancelled 100; alarm Lost
        "#]],
    );
}

#[test]
fn r09_two_snapshots_too_close_prove_nothing() {
    check(
        "
        place a
        link lost
        link ready
        wait 40000
        snapshot began
        snapshot ended
        wait 9000
        snapshot began
        snapshot ended
        wait 1000
        snapshot began
        snapshot ended
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            link lost => a unknown unknown 100
            link ready => a unknown unknown 100
            wait 40000 => a unknown unknown 100
            snapshot began => a unknown unknown 100
            snapshot ended => a unknown unknown 100
            wait 9000 => a unknown unknown 100
            snapshot began => a unknown unknown 100
            snapshot ended => a unknown unknown 100
            wait 1000 => a unknown unknown 100
            snapshot began => a unknown unknown 100
            snapshot ended => a lost cancelled 100; alarm Lost
        "#]],
    );
}

#[test]
fn r10_no_verdict_before_upstream_has_settled() {
    check(
        "
        place a
        link down
        link up
        wait 1000
        snapshot began
        snapshot ended
        wait 20000
        snapshot began
        snapshot ended
        open a Submitted
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            link down => a unknown unknown 100
            link up => a unknown unknown 100
            wait 1000 => a unknown unknown 100
            snapshot began => a unknown unknown 100
            snapshot ended => a unknown unknown 100
            wait 20000 => a unknown unknown 100
            snapshot began => a unknown unknown 100
            snapshot ended => a unknown unknown 100
            open a Submitted => a working working 100
        "#]],
    );
}

#[test]
fn r09_found_open_between_two_absences_starts_again() {
    check(
        "
        place a
        link lost
        link ready
        wait 1000
        snapshot began
        snapshot ended
        wait 31000
        status a Submitted
        open a Submitted
        snapshot began
        snapshot ended
        snapshot began
        snapshot ended
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            link lost => a unknown unknown 100
            link ready => a unknown unknown 100
            wait 1000 => a unknown unknown 100
            snapshot began => a unknown unknown 100
            snapshot ended => a unknown unknown 100
            wait 31000 => a unknown unknown 100
            status a Submitted => a unknown unknown 100; ask Snapshot
            open a Submitted => a working working 100
            snapshot began => a working working 100
            snapshot ended => a unknown unknown 100
            snapshot began => a unknown unknown 100
            snapshot ended => a unknown unknown 100
        "#]],
    );
}

#[test]
fn r09_nothing_is_lost_while_a_fill_is_missing() {
    check(
        "
        place a
        open a Submitted
        status a Filled f100 r0
        wait 31000
        snapshot began
        snapshot ended
        wait 31000
        snapshot began
        snapshot ended
        exec a @x.01
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            status a Filled f100 r0 => a filled, unproven working 100; ask Executions
            wait 31000 => a filled, unproven working 100; ask Executions
            snapshot began => a filled, unproven working 100
            snapshot ended => a unknown unknown 100
            wait 31000 => a unknown unknown 100; ask Executions
            snapshot began => a unknown unknown 100
            snapshot ended => a unknown unknown 100; alarm FillsMissing; ask Executions
            exec a @x.01 => a filled filled 100; a trades 100 at 10
        "#]],
    );
}

#[test]
fn r09_found_in_executions_or_completed() {
    check(
        "
        place a
        place b
        link lost
        link ready
        wait 31000
        snapshot began
        exec a @x.01
        done a Filled f100
        done b Inactive
        snapshot ended
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            place b => a sent working 100; b sent working 100; place 2 100 at 10
            link lost => a unknown unknown 100; b unknown unknown 100
            link ready => a unknown unknown 100; b unknown unknown 100
            wait 31000 => a unknown unknown 100; b unknown unknown 100
            snapshot began => a unknown unknown 100; b unknown unknown 100
            exec a @x.01 => a filled filled 100; b unknown unknown 100; a trades 100 at 10
            done a Filled f100 => a filled filled 100; b unknown unknown 100
            done b Inactive => a filled filled 100; b rejected cancelled 100
            snapshot ended => a filled filled 100; b rejected cancelled 100
        "#]],
    );
}

#[test]
fn r11_lost_comes_back() {
    check(
        "
        place a
        link lost
        link ready
        wait 1000
        snapshot began
        snapshot ended
        wait 31000
        snapshot began
        snapshot ended
        open a Submitted
        exec a @x.01
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            link lost => a unknown unknown 100
            link ready => a unknown unknown 100
            wait 1000 => a unknown unknown 100
            snapshot began => a unknown unknown 100
            snapshot ended => a unknown unknown 100
            wait 31000 => a unknown unknown 100
            snapshot began => a unknown unknown 100
            snapshot ended => a lost cancelled 100; alarm Lost
            open a Submitted => a working working 100; alarm Reopened
            exec a @x.01 => a filled filled 100; a trades 100 at 10
        "#]],
    );
}

#[test]
fn r11_rejected_comes_back() {
    check(
        "
        place a
        notice a 201
        open a Submitted
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            notice a 201 => a rejected cancelled 100
            open a Submitted => a working working 100; alarm Reopened
        "#]],
    );
}

#[test]
fn r12_an_execution_counts_once() {
    check(
        "
        place a
        exec a @x.01 q40
        exec a @x.01 q40
        link lost
        exec a @x.01 q40
        exec a @y.01 q60
        exec a @x.01 q40
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            exec a @x.01 q40 => a working filled 40 working 60; a trades 40 at 10
            exec a @x.01 q40 => a working filled 40 working 60
            link lost => a unknown filled 40 unknown 60
            exec a @x.01 q40 => a unknown filled 40 unknown 60
            exec a @y.01 q60 => a filled filled 100; a trades 60 at 10
            exec a @x.01 q40 => a filled filled 100
        "#]],
    );
}

#[test]
fn r13_a_correction_replaces_up_down_and_to_zero() {
    check(
        "
        place a
        exec a @x.01 q50
        exec a @x.02 q70 p11
        exec a @x.01 q50
        exec a @x.03 q20
        exec a @x.04 q0
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            exec a @x.01 q50 => a working filled 50 working 50; a trades 50 at 10
            exec a @x.02 q70 p11 => a working filled 70 working 30; a trades 70 at 11 for 50 at 10
            exec a @x.01 q50 => a working filled 70 working 30
            exec a @x.03 q20 => a working filled 20 working 80; a trades 20 at 10 for 70 at 11
            exec a @x.04 q0 => a working working 100; a trades 0 at 10 for 20 at 10
        "#]],
    );
}

#[test]
fn r13_a_correction_takes_back_a_full_fill() {
    check(
        "
        place a
        open a Submitted
        exec a @x.01
        exec a @x.02 q60
        status a Filled f60 r40
        exec a @y.01 q40
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            exec a @x.01 => a filled filled 100; a trades 100 at 10
            exec a @x.02 q60 => a suspended filled 60 working 40; a trades 60 at 10 for 100 at 10; alarm Reopened
            status a Filled f60 r40 => a filled, unproven filled 60 working 40
            exec a @y.01 q40 => a filled filled 100; a trades 40 at 10
        "#]],
    );
}

#[test]
fn r13_a_correction_without_names_reaches_the_same_order() {
    check(
        "
        place a
        exec a @x.01 q50
        exec A @x.02 q30 #0 c0 =
        exec a @x.03 q10
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            exec a @x.01 q50 => a working filled 50 working 50; a trades 50 at 10
            exec A @x.02 q30 #0 c0 = => a working filled 30 working 70; a trades 30 at 10 for 50 at 10
            exec a @x.03 q10 => a working filled 10 working 90; a trades 10 at 10 for 30 at 10
        "#]],
    );
}

#[test]
fn r13_a_correction_that_finds_its_owner_counts_in_full() {
    check(
        "
        place a
        exec a @x.01 q50 #0 c0 =
        exec a @x.02 q30
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            exec a @x.01 q50 #0 c0 = => a sent working 100; - trades 50 at 10
            exec a @x.02 q30 => a working filled 30 working 70; a trades 30 at 10 for 50 at 10
        "#]],
    );
}

#[test]
fn r13_an_execution_finds_its_owner_when_ibs_number_is_learnt() {
    check(
        "
        place a
        exec a @x.01 q50 c0 =
        cost a @x.01
        open a Submitted
        exec a @x.01 q50 c0 =
        exec a @x.02 q40 c0 =
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            exec a @x.01 q50 c0 = => a sent working 100; - trades 50 at 10
            cost a @x.01 => a sent working 100; costs 1 to -
            open a Submitted => a working filled 50 working 50
            exec a @x.01 q50 c0 = => a working filled 50 working 50
            exec a @x.02 q40 c0 = => a working filled 40 working 60; a trades 40 at 10 for 50 at 10
        "#]],
    );
}

#[test]
fn r12_an_execution_that_comes_again_with_its_names_finds_its_owner() {
    check(
        "
        place a
        exec a @x.01 q50 #0 c0 =
        exec a @x.01 q50
        exec a @x.01 q50
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            exec a @x.01 q50 #0 c0 = => a sent working 100; - trades 50 at 10
            exec a @x.01 q50 => a working filled 50 working 50
            exec a @x.01 q50 => a working filled 50 working 50
        "#]],
    );
}

#[test]
fn r14_a_status_that_tells_of_more_asks() {
    check(
        "
        place a
        open a Submitted
        status a Submitted f40 r60
        status a Submitted f40 r60
        wait 10000
        wait 20000
        wait 1000
        exec a @x.01 q40
        wait 60000
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            status a Submitted f40 r60 => a working working 100; ask Executions
            status a Submitted f40 r60 => a working working 100
            wait 10000 => a working working 100
            wait 20000 => a working working 100; ask Executions
            wait 1000 => a working working 100
            exec a @x.01 q40 => a working filled 40 working 60; a trades 40 at 10
            wait 60000 => a working filled 40 working 60
        "#]],
    );
}

#[test]
fn r15_commission_first_last_twice_never() {
    check(
        "
        place a
        cost a @x.01
        exec a @x.01 q40
        cost a @x.01
        exec a @y.01 q20
        cost a @y.01
        exec a @z.01 q40
        cost A @other.01
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            cost a @x.01 => a sent working 100
            exec a @x.01 q40 => a working filled 40 working 60; a trades 40 at 10; costs 1 to s
            cost a @x.01 => a working filled 40 working 60
            exec a @y.01 q20 => a working filled 60 working 40; a trades 20 at 10
            cost a @y.01 => a working filled 60 working 40; costs 1 to s
            exec a @z.01 q40 => a filled filled 100; a trades 40 at 10
            cost A @other.01 => a filled filled 100
        "#]],
    );
}

#[test]
fn r15_a_correction_does_not_cost_twice() {
    check(
        "
        place a
        exec a @x.01 q40
        cost a @x.01
        exec a @x.02 q30
        cost a @x.02 q2
        cost a @x.01
        cost a @z.02 q2
        cost a @z.01 q1
        exec a @z.02 q10
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            exec a @x.01 q40 => a working filled 40 working 60; a trades 40 at 10
            cost a @x.01 => a working filled 40 working 60; costs 1 to s
            exec a @x.02 q30 => a working filled 30 working 70; a trades 30 at 10 for 40 at 10
            cost a @x.02 q2 => a working filled 30 working 70; costs 2 to s
            cost a @x.01 => a working filled 30 working 70
            cost a @z.02 q2 => a working filled 30 working 70
            cost a @z.01 q1 => a working filled 30 working 70
            exec a @z.02 q10 => a working filled 40 working 60; a trades 10 at 10; costs 2 to s
        "#]],
    );
}

#[test]
fn r17_what_is_not_ours_belongs_to_nobody() {
    check(
        "
        open A Submitted #7 c0 =
        exec A @x.01 #7 c0 = q30
        status A Submitted #7 c0 f30 r70
        place a
        ",
        expect![[r#"
            open A Submitted #7 c0 = => 
            exec A @x.01 #7 c0 = q30 => - trades 30 at 10
            status A Submitted #7 c0 f30 r70 => 
            place a => a sent working 100; place 100 100 at 10
        "#]],
    );
}

#[test]
fn r19_a_cancel_nobody_answers_s22() {
    check(
        "
        place a
        open a Submitted
        cancel a
        cancel a
        wait 4000
        wait 1000
        wait 5000
        wait 5000
        wait 60000
        cancel a
        wait 5000
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            cancel a => a working working 100; cancel 1
            cancel a => a working working 100
            wait 4000 => a working working 100
            wait 1000 => a working working 100; cancel 1; ask Snapshot
            wait 5000 => a working working 100; cancel 1; ask Snapshot
            wait 5000 => a working working 100; alarm CancelUnanswered; ask Snapshot
            wait 60000 => a working working 100
            cancel a => a working working 100; cancel 1
            wait 5000 => a working working 100; cancel 1; ask Snapshot
        "#]],
    );
}

#[test]
fn r19_202() {
    check(
        "
        place a
        open a Submitted
        cancel a
        notice a 202
        wait 2000
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            cancel a => a working working 100; cancel 1
            notice a 202 => a cancelled cancelled 100 exposed 100
            wait 2000 => a cancelled cancelled 100
        "#]],
    );
}

#[test]
fn r19_161() {
    check(
        "
        place a
        open a Submitted
        cancel a
        notice a 161
        wait 5000
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            cancel a => a working working 100; cancel 1
            notice a 161 => a working working 100; ask Snapshot
            wait 5000 => a working working 100; cancel 1; ask Snapshot
        "#]],
    );
}

#[test]
fn r19_10147() {
    check(
        "
        place a
        open a Submitted
        cancel a
        notice a 10147
        exec a @x.01
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            cancel a => a working working 100; cancel 1
            notice a 10147 => a working working 100; ask Snapshot
            exec a @x.01 => a filled filled 100; a trades 100 at 10
        "#]],
    );
}

#[test]
fn r19_10148() {
    check(
        "
        place a
        open a Submitted
        cancel a
        notice a 10148
        status a Cancelled f0 r100
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            cancel a => a working working 100; cancel 1
            notice a 10148 => a working working 100; ask Snapshot
            status a Cancelled f0 r100 => a cancelled cancelled 100 exposed 100
        "#]],
    );
}

#[test]
fn r19_a_cancel_is_kept_while_the_link_is_away() {
    check(
        "
        place a
        open a Submitted
        link lost
        cancel a
        wait 60000
        link ready
        open a PendingCancel
        link down
        link up
        status a Cancelled
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            link lost => a unknown unknown 100
            cancel a => a unknown unknown 100; cancel 1
            wait 60000 => a unknown unknown 100
            link ready => a unknown unknown 100; cancel 1
            open a PendingCancel => a cancel pending working 100
            link down => a cancel pending working 100
            link up => a cancel pending working 100; cancel 1
            status a Cancelled => a cancelled cancelled 100 exposed 100
        "#]],
    );
}

#[test]
fn r20_what_was_cancelled_settles() {
    check(
        "
        place a
        open a Submitted
        cancel a
        status a Cancelled f0 r100
        exec a @x.01 q10
        wait 1999
        wait 1
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            cancel a => a working working 100; cancel 1
            status a Cancelled f0 r100 => a cancelled cancelled 100 exposed 100
            exec a @x.01 q10 => a cancelled filled 10 cancelled 90 exposed 90; a trades 10 at 10
            wait 1999 => a cancelled filled 10 cancelled 90 exposed 90
            wait 1 => a cancelled filled 10 cancelled 90
        "#]],
    );
}

#[test]
fn s20_fill_while_cancel_in_flight() {
    check(
        "
        place a
        open a Submitted
        cancel a
        status a PendingCancel
        exec a @x.01
        status a Filled f100 r0
        notice a 161
        status a Cancelled
        wait 10000
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            cancel a => a working working 100; cancel 1
            status a PendingCancel => a cancel pending working 100
            exec a @x.01 => a filled filled 100; a trades 100 at 10
            status a Filled f100 r0 => a filled filled 100
            notice a 161 => a filled filled 100
            status a Cancelled => a filled filled 100
            wait 10000 => a filled filled 100
        "#]],
    );
}

#[test]
fn s21_full_fill_after_cancelled() {
    check(
        "
        place a
        open a Submitted
        cancel a
        status a Cancelled
        exec a @x.01
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            cancel a => a working working 100; cancel 1
            status a Cancelled => a cancelled cancelled 100 exposed 100
            exec a @x.01 => a filled filled 100; a trades 100 at 10; alarm Reopened
        "#]],
    );
}

#[test]
fn r21_a_change_is_confirmed_by_the_open_order() {
    check(
        "
        place a
        open a Submitted
        change a q200 p11
        change a q300
        open a Submitted
        open a Submitted q200 p11
        change a q50
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            change a q200 p11 => a working working 100 exposed 200; place 1 200 at 11
            change a q300 => refused: another change or a cancel of the order is on its way; wait for its outcome
            open a Submitted => a working working 100 exposed 200
            open a Submitted q200 p11 => a working working 200
            change a q50 => a working working 200; place 1 50 at 11
        "#]],
    );
}

#[test]
fn r21_a_price_change_is_not_confirmed_by_an_old_echo() {
    check(
        "
        place a
        open a Submitted
        change a p11
        open a Submitted
        status a Submitted f0 r100
        open a Submitted p11
        change a p12
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            change a p11 => a working working 100; place 1 100 at 11
            open a Submitted => a working working 100
            status a Submitted f0 r100 => a working working 100
            open a Submitted p11 => a working working 100
            change a p12 => a working working 100; place 1 100 at 12
        "#]],
    );
}

#[test]
fn r21_a_change_is_confirmed_by_a_status_alone() {
    check(
        "
        place a
        open a Submitted
        change a q200
        status a Submitted f0 r100
        status a Submitted f0 r200
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            change a q200 => a working working 100 exposed 200; place 1 200 at 10
            status a Submitted f0 r100 => a working working 100 exposed 200
            status a Submitted f0 r200 => a working working 200
        "#]],
    );
}

#[test]
fn r21_only_what_ib_has_can_be_changed() {
    check(
        "
        place a
        change a q50
        open a PendingSubmit
        change a q50
        open a PreSubmitted
        change a q50
        notice a 2102
        cancel a
        change a q60
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            change a q50 => refused: the order is sent; only what the broker has confirmed can be changed
            open a PendingSubmit => a pending working 100
            change a q50 => refused: the order is pending; only what the broker has confirmed can be changed
            open a PreSubmitted => a presubmitted working 100
            change a q50 => a presubmitted working 100; place 1 50 at 10
            notice a 2102 => a presubmitted working 100
            cancel a => a presubmitted working 100; cancel 1
            change a q60 => refused: another change or a cancel of the order is on its way; wait for its outcome
        "#]],
    );
}

#[test]
fn r21_a_change_nobody_answers_is_dropped_by_a_snapshot() {
    check(
        "
        link ready
        place a
        open a Submitted
        change a q200
        wait 1000
        snapshot began
        open a Submitted
        snapshot ended
        wait 30000
        snapshot began
        open a Submitted
        snapshot ended
        ",
        expect![[r#"
            link ready => 
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            change a q200 => a working working 100 exposed 200; place 1 200 at 10
            wait 1000 => a working working 100 exposed 200
            snapshot began => a working working 100 exposed 200
            open a Submitted => a working working 100 exposed 200
            snapshot ended => a working working 100 exposed 200
            wait 30000 => a working working 100 exposed 200
            snapshot began => a working working 100 exposed 200
            open a Submitted => a working working 100
            snapshot ended => a working working 100
        "#]],
    );
}

#[test]
fn r21_a_smaller_size_that_has_filled_already() {
    check(
        "
        place a
        open a Submitted
        change a q50
        exec a @x.01 q50
        open a Filled q50
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            change a q50 => a working working 100; place 1 50 at 10
            exec a @x.01 q50 => a working filled 50 working 50; a trades 50 at 10
            open a Filled q50 => a filled filled 50
        "#]],
    );
}

#[test]
fn r21_a_smaller_size_below_what_fills_meanwhile() {
    check(
        "
        place a
        open a Submitted
        change a q50
        exec a @x.01 q60
        open a Submitted q50
        notice a 104
        exec a @y.01 q40
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            change a q50 => a working working 100; place 1 50 at 10
            exec a @x.01 q60 => a working filled 60 working 40; a trades 60 at 10
            open a Submitted q50 => a working filled 60 working 40
            notice a 104 => a working filled 60 working 40
            exec a @y.01 q40 => a filled filled 100; a trades 40 at 10
        "#]],
    );
}

#[test]
fn r21_a_larger_size_while_the_old_one_fills() {
    check(
        "
        place a
        open a Submitted
        change a q200
        exec a @x.01
        open a Submitted q200
        exec a @y.01
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            change a q200 => a working working 100 exposed 200; place 1 200 at 10
            exec a @x.01 => a working filled 100 exposed 100; a trades 100 at 10
            open a Submitted q200 => a working filled 100 working 100
            exec a @y.01 => a filled filled 200; a trades 100 at 10
        "#]],
    );
}

#[test]
fn r21_a_larger_size_refused_after_the_fill() {
    check(
        "
        place a
        open a Submitted
        change a q200
        exec a @x.01
        notice a 104
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            change a q200 => a working working 100 exposed 200; place 1 200 at 10
            exec a @x.01 => a working filled 100 exposed 100; a trades 100 at 10
            notice a 104 => a filled filled 100
        "#]],
    );
}

#[test]
fn r21_a_change_in_flight_when_the_link_drops_counts_the_larger() {
    check(
        "
        place a
        open a Submitted
        change a q200
        link lost
        link ready
        open a Submitted q200
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            change a q200 => a working working 100 exposed 200; place 1 200 at 10
            link lost => a unknown unknown 100 exposed 200
            link ready => a unknown unknown 100 exposed 200
            open a Submitted q200 => a working working 200
        "#]],
    );
}

#[test]
fn s24_two_incarnations_cancelled_one_by_one() {
    check(
        "
        place a
        open a Submitted
        open a Submitted #7
        cancel a
        status a Cancelled
        notice a 202
        exec a @x.01 #7 q30
        wait 5000
        status a Cancelled #7
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            open a Submitted #7 => a working working 100 exposed 200; alarm SeveralIncarnations
            cancel a => a working working 100 exposed 200; cancel 1
            status a Cancelled => a working working 100; ask Snapshot
            notice a 202 => a working working 100; ask Snapshot
            exec a @x.01 #7 q30 => a working filled 30 working 70 exposed 100; a trades 30 at 10
            wait 5000 => a working filled 30 working 70 exposed 100; cancel 1; ask Snapshot
            status a Cancelled #7 => a cancelled filled 30 cancelled 70 exposed 70
        "#]],
    );
}

#[test]
fn s24_two_incarnations_both_fill() {
    check(
        "
        place a
        open a Submitted
        open a Submitted #7
        exec a @x.01
        status a Filled f100 r0
        exec a @y.01 #7
        status a Filled #7 f100 r0
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            open a Submitted #7 => a working working 100 exposed 200; alarm SeveralIncarnations
            exec a @x.01 => a working filled 100 exposed 100; a trades 100 at 10
            status a Filled f100 r0 => a working filled 100 exposed 100
            exec a @y.01 #7 => a filled filled 200; a trades 100 at 10; alarm Overfilled
            status a Filled #7 f100 r0 => a filled filled 200
        "#]],
    );
}

#[test]
fn s24_a_second_incarnation_shows_after_the_fill() {
    check(
        "
        place a
        open a Submitted
        exec a @x.01
        open a Submitted #7
        status a Filled f100 r0
        cancel a
        status a Cancelled #7
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            exec a @x.01 => a filled filled 100; a trades 100 at 10
            open a Submitted #7 => a working filled 100 exposed 100; alarm SeveralIncarnations; alarm Reopened
            status a Filled f100 r0 => a working filled 100 exposed 100
            cancel a => a working filled 100 exposed 100; cancel 1
            status a Cancelled #7 => a filled filled 100
        "#]],
    );
}

#[test]
fn s25_201_with_inactive_in_both_orders() {
    check(
        "
        place a
        open a PendingSubmit
        notice a 201
        status a Inactive
        place b
        open b PendingSubmit
        status b Inactive
        notice b 201
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a PendingSubmit => a pending working 100
            notice a 201 => a pending working 100; alarm Contradiction; ask Snapshot
            status a Inactive => a rejected cancelled 100
            place b => a rejected cancelled 100; b sent working 100; place 2 100 at 10
            open b PendingSubmit => a rejected cancelled 100; b pending working 100
            status b Inactive => a rejected cancelled 100; b suspended working 100
            notice b 201 => a rejected cancelled 100; b rejected cancelled 100
        "#]],
    );
}

#[test]
fn s25_201_with_cancelled_in_both_orders() {
    check(
        "
        place a
        notice a 201
        status a Cancelled
        open a Cancelled
        place b
        open b PendingSubmit
        status b Cancelled
        notice b 201
        place c
        open c PendingSubmit
        notice c 201
        status c Cancelled
        ",
        expect![[r#"
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
        "#]],
    );
}

#[test]
fn s25_404_then_a_fill() {
    check(
        "
        place a
        notice a 404
        status a Inactive #0
        open a Inactive
        wait 3600000
        exec a @x.01
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            notice a 404 => a held working 100
            status a Inactive #0 => a held working 100
            open a Inactive => a held working 100
            wait 3600000 => a held working 100
            exec a @x.01 => a filled filled 100; a trades 100 at 10
        "#]],
    );
}

#[test]
fn r24_locate() {
    check(
        "
        place a
        open a PreSubmitted
        status a PreSubmitted hlocate
        status a Submitted
        status a PreSubmitted hlocate
        status a Cancelled hlocate
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a PreSubmitted => a presubmitted working 100
            status a PreSubmitted hlocate => a held working 100
            status a Submitted => a working working 100
            status a PreSubmitted hlocate => a held working 100
            status a Cancelled hlocate => a cancelled cancelled 100 exposed 100
        "#]],
    );
}

#[test]
fn s26_unknown_status_is_live() {
    check(
        "
        place a
        open a Sleeping
        open a Sleeping
        status a Submitted
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Sleeping => a working working 100; alarm StrangeStatus
            open a Sleeping => a working working 100
            status a Submitted => a working working 100
        "#]],
    );
}

#[test]
fn s27_unknown_code_is_no_verdict() {
    check(
        "
        place a
        open a Submitted
        notice a 77777
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            notice a 77777 => a working working 100; ask Snapshot
        "#]],
    );
}

#[test]
fn r23_105_on_a_fresh_order_asks() {
    check(
        "
        place a
        notice a 105
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            notice a 105 => a sent working 100; ask Snapshot
        "#]],
    );
}

#[test]
fn r27_parts_then_cancelled() {
    check(
        "
        place a q1
        open a Submitted q1
        exec a @x.01 q0.3
        exec a @y.01 q0.3
        status a Cancelled f0.6 r0.4
        ",
        expect![[r#"
            place a q1 => a sent working 1; place 1 1 at 10
            open a Submitted q1 => a working working 1
            exec a @x.01 q0.3 => a working filled 0.3 working 0.7; a trades 0.3 at 10
            exec a @y.01 q0.3 => a working filled 0.6 working 0.4; a trades 0.3 at 10
            status a Cancelled f0.6 r0.4 => a cancelled filled 0.6 cancelled 0.4 exposed 0.4
        "#]],
    );
}

#[test]
fn s29_overfill_is_booked_and_flagged() {
    check(
        "
        place a
        exec a @x.01
        exec a @y.01 q5
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            exec a @x.01 => a filled filled 100; a trades 100 at 10
            exec a @y.01 q5 => a filled filled 105; a trades 5 at 10; alarm Overfilled
        "#]],
    );
}

#[test]
fn a_person_changes_the_order_elsewhere() {
    check(
        "
        place a
        open a Submitted
        open a Submitted q500
        exec a @x.01
        open a Submitted q100
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            open a Submitted => a working working 100
            open a Submitted q500 => a working working 500; alarm ChangedElsewhere; ask Snapshot
            exec a @x.01 => a working filled 100 working 400; a trades 100 at 10
            open a Submitted q100 => a filled filled 100; alarm ChangedElsewhere; ask Snapshot
        "#]],
    );
}

#[test]
fn an_order_that_never_left() {
    check(
        "
        place a
        unsent a
        place b
        open b Submitted
        unsent b
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            unsent a => a rejected cancelled 100; alarm NotSent
            place b => a rejected cancelled 100; b sent working 100; place 2 100 at 10
            open b Submitted => a rejected cancelled 100; b working working 100
            unsent b => a rejected cancelled 100; b working working 100; ask Snapshot; alarm NotSent
        "#]],
    );
}

#[test]
fn numbers_beyond_counting() {
    check(
        "
        place a
        exec a @x.01 q79228162514264337593543950335 p1
        exec a @y.01 q79228162514264337593543950335 p1
        exec a @z.01 q79228162514264337593543950335 p79228162514264337593543950335
        ",
        expect![[r#"
            place a => a sent working 100; place 1 100 at 10
            exec a @x.01 q79228162514264337593543950335 p1 => a filled filled 79228162514264337593543950335; a trades 79228162514264337593543950335 at 1; alarm Overfilled
            exec a @y.01 q79228162514264337593543950335 p1 => a filled filled 79228162514264337593543950335; alarm UncountableExecution
            exec a @z.01 q79228162514264337593543950335 p79228162514264337593543950335 => a filled filled 79228162514264337593543950335; alarm UncountableExecution
        "#]],
    );
}

#[test]
fn r38_our_mark_unknown_to_the_journal() {
    check(
        "
        open A Submitted #7 =trt1-0000000000000000000000001
        open A Submitted #8 c2 =trt2-0000000000000000000000001
        open A Submitted #9 =trt2-0000000000000000000000001
        ",
        expect![[r#"
            open A Submitted #7 =trt1-0000000000000000000000001 => alarm StrangerWithOurMark
            open A Submitted #8 c2 =trt2-0000000000000000000000001 => 
            open A Submitted #9 =trt2-0000000000000000000000001 => alarm StrangerWithOurMark
        "#]],
    );
}
