//! Executions, corrections, commissions (R12 to R15, R17, R27).

use expect_test::expect;

use crate::check;

#[test]
fn r12_an_execution_counts_once() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        exec a @x.01 q40 => a working filled 40 working 60; a trades 40 at 10
        exec a @x.01 q40 => a working filled 40 working 60
        link lost => a unknown filled 40 unknown 60
        exec a @x.01 q40 => a unknown filled 40 unknown 60
        exec a @y.01 q60 => a filled filled 100; a trades 60 at 10
        exec a @x.01 q40 => a filled filled 100
    "]]);
}

#[test]
fn r13_a_correction_replaces_up_down_and_to_zero() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        exec a @x.01 q50 => a working filled 50 working 50; a trades 50 at 10
        exec a @x.02 q70 p11 => a working filled 70 working 30; a trades 70 at 11 for 50 at 10
        exec a @x.01 q50 => a working filled 70 working 30
        exec a @x.03 q20 => a working filled 20 working 80; a trades 20 at 10 for 70 at 11
        exec a @x.04 q0 => a working working 100; a trades 0 at 10 for 20 at 10
    "]]);
}

#[test]
fn r13_a_correction_takes_back_a_full_fill() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        exec a @x.01 => a filled filled 100; a trades 100 at 10
        exec a @x.02 q60 => a suspended filled 60 working 40; a trades 60 at 10 for 100 at 10; alarm Reopened
        status a Filled f60 r40 => a filled, unproven filled 60 working 40
        exec a @y.01 q40 => a filled filled 100; a trades 40 at 10
    "]]);
}

#[test]
fn r13_a_correction_to_the_other_side_is_no_fill_of_the_order() {
    check(&expect![[r"
        link ready =>
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        exec a @x.01 f100 => a filled filled 100; a trades 100 at 10
        exec a @x.02 f100 sold => a suspended working 100; a trades 100 at 10 for 100 at 10; alarm Reopened; alarm AgainstOrder
        status a Filled f100 r0 => a filled, unproven working 100
        wait 40000 => a filled, unproven working 100; ask Executions
        exec a @x.02 f100 sold => a filled, unproven working 100
        exec a @x.03 f100 => a filled filled 100; a trades 100 at 10 for 100 at 10
    "]]);
}

#[test]
fn r13_an_execution_on_the_other_side_that_finds_its_owner_counts_nothing() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        exec a @x.01 q50 c0 = sold => a sent working 100; - trades 50 at 10
        open a Submitted => a working working 100; alarm AgainstOrder
        exec a @y.01 q30 f80 => a working filled 30 working 70; a trades 30 at 10
        link ready => a working filled 30 working 70
        pass 40 => a working filled 30 working 70; ask Executions; ask Executions; ask Executions; alarm FillsMissing
    "]]);
}

#[test]
fn r13_what_a_correction_took_back_of_a_completed_order_fills_no_more() {
    check(&expect![[r"
        link ready =>
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        exec a @x.01 => a filled filled 100; a trades 100 at 10
        exec a @x.02 q1 => a suspended filled 1 working 99; a trades 1 at 10 for 100 at 10; alarm Reopened
        done a Filled f1 => a cancelled filled 1 cancelled 99 exposed 99
        done a Filled f1 => a cancelled filled 1 cancelled 99 exposed 99
        exec a @x.03 => a filled filled 100; a trades 100 at 10 for 1 at 10; alarm Reopened
    "]]);
}

#[test]
fn r13_a_person_ends_a_completed_order_of_which_a_correction_took_part_back() {
    check(&expect![[r"
        link ready =>
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        exec a @x.01 => a filled filled 100; a trades 100 at 10
        exec a @x.02 q1 => a suspended filled 1 working 99; a trades 1 at 10 for 100 at 10; alarm Reopened
        done a Filled f100 => a filled, unproven filled 1 working 99
        wait 40000 => a filled, unproven filled 1 working 99; ask Executions
        wait 40000 => a filled, unproven filled 1 working 99; alarm FillsMissing
        done a Filled f100 => a filled, unproven filled 1 working 99
        cancel a => a filled, unproven filled 1 working 99; cancel 1
        notice a 10148 => a filled, unproven filled 1 working 99; ask Snapshot
        done a Filled f100 => a cancelled filled 1 cancelled 99 exposed 99; cancel of a is done
        done a Filled f100 => a cancelled filled 1 cancelled 99 exposed 99
        wait 40000 => a cancelled filled 1 cancelled 99
    "]]);
}

#[test]
fn r13_a_correction_without_names_reaches_the_same_order() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        exec a @x.01 q50 => a working filled 50 working 50; a trades 50 at 10
        exec A @x.02 q30 #0 c0 = => a working filled 30 working 70; a trades 30 at 10 for 50 at 10
        exec a @x.03 q10 => a working filled 10 working 90; a trades 10 at 10 for 30 at 10
    "]]);
}

#[test]
fn r13_a_correction_that_finds_its_owner_counts_in_full() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        exec a @x.01 q50 #0 c0 = => a sent working 100; - trades 50 at 10
        exec a @x.02 q30 => a working filled 30 working 70; a trades 30 at 10 for 50 at 10
    "]]);
}

#[test]
fn r13_an_execution_finds_its_owner_when_ibs_number_is_learnt() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        exec a @x.01 q50 c0 = => a sent working 100; - trades 50 at 10
        cost a @x.01 => a sent working 100; costs 1 to -
        open a Submitted => a working filled 50 working 50
        exec a @x.01 q50 c0 = => a working filled 50 working 50
        exec a @x.02 q40 c0 = => a working filled 40 working 60; a trades 40 at 10 for 50 at 10
    "]]);
}

#[test]
fn r12_an_execution_that_comes_again_with_its_names_finds_its_owner() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        exec a @x.01 q50 #0 c0 = => a sent working 100; - trades 50 at 10
        exec a @x.01 q50 => a working filled 50 working 50
        exec a @x.01 q50 => a working filled 50 working 50
    "]]);
}

#[test]
fn r14_a_timer_that_was_late_asks_before_it_infers() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        status a Submitted f40 r60 => a working working 100
        status a Submitted f40 r60 => a working working 100
        wait 10000 => a working working 100; ask Executions
        wait 20000 => a working filled 40 working 60; a is inferred to trade 40 at 10; alarm FillInferred
        wait 1000 => a working filled 40 working 60
        exec a @x.01 q40 => a working filled 40 working 60; a is inferred to trade 0 at 10 for 40 at 10; a trades 40 at 10
        wait 60000 => a working filled 40 working 60
    "]]);
}

#[test]
fn r14_what_was_inferred_of_before_a_correction_is_taken_back() {
    check(&expect![[r"
        link ready =>
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        status a Filled f100 r0 p10 => a filled, unproven working 100
        pass 31 => a filled filled 100; ask Executions; ask Executions; ask Executions; a is inferred to trade 100 at 10; alarm FillInferred
        exec a @x.02 q50 => a filled filled 100; a is inferred to trade 50 at 10 for 100 at 10; a trades 50 at 10
        exec a @y.02 q40 => a filled filled 100; a is inferred to trade 10 at 10 for 50 at 10; a trades 40 at 10
        wait 2000 => a filled filled 100; ask Executions
        exec a @y.02 q40 => a filled filled 100
        wait 28000 => a suspended filled 90 working 10; a is inferred to trade 0 at 10 for 10 at 10; alarm Reopened; alarm FillsMissing
        wait 60000 => a suspended filled 90 working 10
        exec a @z.01 q10 => a filled filled 100; a trades 10 at 10
        wait 60000 => a filled filled 100
    "]]);
}

#[test]
fn r14_what_was_inferred_and_corrections_prove_needs_nobody() {
    check(&expect![[r"
        link ready =>
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        status a Filled f100 r0 p10 => a filled, unproven working 100
        pass 31 => a filled filled 100; ask Executions; ask Executions; ask Executions; a is inferred to trade 100 at 10; alarm FillInferred
        exec a @x.02 q60 => a filled filled 100; a is inferred to trade 40 at 10 for 100 at 10; a trades 60 at 10
        wait 1000 => a filled filled 100
        exec a @y.02 q40 => a filled filled 100; a is inferred to trade 0 at 10 for 40 at 10; a trades 40 at 10
        wait 60000 => a filled filled 100
    "]]);
}

#[test]
fn r15_commission_first_last_twice_never() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        cost a @x.01 => a sent working 100
        exec a @x.01 q40 => a working filled 40 working 60; a trades 40 at 10; costs 1 to s
        cost a @x.01 => a working filled 40 working 60
        exec a @y.01 q20 => a working filled 60 working 40; a trades 20 at 10
        cost a @y.01 => a working filled 60 working 40; costs 1 to s
        exec a @z.01 q40 => a filled filled 100; a trades 40 at 10
        cost A @other.01 => a filled filled 100
    "]]);
}

#[test]
fn r15_a_correction_does_not_cost_twice() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        exec a @x.01 q40 => a working filled 40 working 60; a trades 40 at 10
        cost a @x.01 => a working filled 40 working 60; costs 1 to s
        exec a @x.02 q30 => a working filled 30 working 70; a trades 30 at 10 for 40 at 10
        cost a @x.02 q2 => a working filled 30 working 70; costs 2 to s
        cost a @x.01 => a working filled 30 working 70
        cost a @z.02 q2 => a working filled 30 working 70
        cost a @z.01 q1 => a working filled 30 working 70
        exec a @z.02 q10 => a working filled 40 working 60; a trades 10 at 10; costs 2 to s
    "]]);
}

#[test]
fn r17_what_is_not_ours_belongs_to_nobody() {
    check(&expect![[r"
        open A Submitted #7 c0 = =>
        exec A @x.01 #7 c0 = q30 => - trades 30 at 10
        status A Submitted #7 c0 f30 r70 =>
        place a => a sent working 100; place 100 100 at 10
    "]]);
}

#[test]
fn r27_parts_then_cancelled() {
    check(&expect![[r"
        place a q1 => a sent working 1; place 1 1 at 10
        open a Submitted q1 => a working working 1
        exec a @x.01 q0.3 => a working filled 0.3 working 0.7; a trades 0.3 at 10
        exec a @y.01 q0.3 => a working filled 0.6 working 0.4; a trades 0.3 at 10
        status a Cancelled f0.6 r0.4 => a cancelled filled 0.6 cancelled 0.4 exposed 0.4
    "]]);
}

#[test]
fn s29_overfill_is_booked_and_flagged() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        exec a @x.01 => a filled filled 100; a trades 100 at 10
        exec a @y.01 q5 => a filled filled 105; a trades 5 at 10; alarm Overfilled; alarm Halted
    "]]);
}

#[test]
fn numbers_beyond_counting() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        exec a @x.01 q79228162514264337593543950335 p1 => a filled filled 79228162514264337593543950335; a trades 79228162514264337593543950335 at 1; alarm Overfilled; alarm Halted
        exec a @y.01 q79228162514264337593543950335 p1 => a filled filled 79228162514264337593543950335; alarm UncountableExecution
        exec a @z.01 q79228162514264337593543950335 p79228162514264337593543950335 => a filled filled 79228162514264337593543950335; alarm UncountableExecution
    "]]);
}

#[test]
fn r14_what_was_told_is_asked_for_after_two_seconds() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        status a Submitted f40 r60 => a working working 100
        status a Submitted f40 r60 => a working working 100
        wait 1900 => a working working 100
        wait 100 => a working working 100; ask Executions
        wait 9000 => a working working 100
        wait 1000 => a working working 100; ask Executions
        exec a @x.01 q40 => a working filled 40 working 60; a trades 40 at 10
        wait 60000 => a working filled 40 working 60
    "]]);
}

#[test]
fn r14_a_status_that_is_proven_in_time_asks_nothing() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        status a Submitted f40 r60 => a working working 100
        wait 1900 => a working working 100
        exec a @x.01 q40 => a working filled 40 working 60; a trades 40 at 10
        wait 60000 => a working filled 40 working 60
    "]]);
}

#[test]
fn r14_an_execution_tells_of_others_before_it() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        exec a @y.01 q30 f70 v10 => a working filled 30 working 70; a trades 30 at 10
        wait 2000 => a working filled 30 working 70; ask Executions
        exec a @x.01 q40 f40 v10 => a working filled 70 working 30; a trades 40 at 10
        wait 60000 => a working filled 70 working 30
    "]]);
}

#[test]
fn r14_inferred_fill_is_replaced() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        status a Filled f100 r0 p9.5 => a filled, unproven working 100
        wait 2000 => a filled, unproven working 100; ask Executions
        wait 28000 => a filled filled 100; a is inferred to trade 100 at 9.5; alarm FillInferred
        wait 60000 => a filled filled 100
        exec a @x.01 q60 p9 => a filled filled 100; a is inferred to trade 40 at 9.5 for 100 at 9.5; a trades 60 at 9
        exec a @x.01 q60 p9 => a filled filled 100
        exec a @y.01 q40 p10.25 => a filled filled 100; a is inferred to trade 0 at 9.5 for 40 at 9.5; a trades 40 at 10.25
        cost a @y.01 => a filled filled 100; costs 1 to s
        exec a @y.02 q30 p10.25 => a suspended filled 90 working 10; a trades 30 at 10.25 for 40 at 10.25; alarm Reopened
    "]]);
}

#[test]
fn r14_inferred_fill_of_a_cancelled_order() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        cancel a => a working working 100; cancel 1
        status a Cancelled f40 r60 p10 => a cancelled cancelled 100 exposed 100; cancel of a is done
        wait 2000 => a cancelled cancelled 100; ask Executions
        wait 28000 => a cancelled filled 40 cancelled 60; a is inferred to trade 40 at 10; alarm FillInferred
        exec a @x.01 q40 p10 => a cancelled filled 40 cancelled 60; a is inferred to trade 0 at 10 for 40 at 10; a trades 40 at 10
        wait 60000 => a cancelled filled 40 cancelled 60
    "]]);
}

#[test]
fn r14_inferred_in_two_steps_and_replaced_in_one() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        exec a @v.01 q10 p8 => a working filled 10 working 90; a trades 10 at 8
        status a Submitted f40 r60 p9.5 => a working filled 10 working 90
        wait 2000 => a working filled 10 working 90; ask Executions
        wait 28000 => a working filled 40 working 60; a is inferred to trade 30 at 10; alarm FillInferred
        status a Submitted f70 r30 p10 => a working filled 40 working 60
        wait 2000 => a working filled 40 working 60; ask Executions
        wait 28000 => a working filled 70 working 30; a is inferred to trade 60 at 10.333333 for 30 at 10; alarm FillInferred
        exec a @x.01 q30 p10 => a working filled 70 working 30; a is inferred to trade 30 at 10.333333 for 60 at 10.333333; a trades 30 at 10
        exec a @z.01 q60 p10 => a filled filled 100; a is inferred to trade 0 at 10.333333 for 30 at 10.333333; a trades 60 at 10
    "]]);
}

#[test]
fn r14_nothing_is_inferred_beyond_the_order_or_behind_a_correction() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        status a Submitted f5000 r0 => a working working 100
        wait 2000 => a working working 100; ask Executions
        wait 28000 => a working working 100; alarm FillsMissing
        wait 60000 => a working working 100
        place b => a working working 100; b sent working 100; place 2 100 at 10
        exec b @x.02 q30 => a working working 100; b working filled 30 working 70; b trades 30 at 10
        status b Submitted f50 r50 => a working working 100; b working filled 30 working 70
        wait 2000 => a working working 100; b working filled 30 working 70; ask Executions
        wait 28000 => a working working 100; b working filled 30 working 70; alarm FillsMissing
        wait 60000 => a working working 100; b working filled 30 working 70
    "]]);
}

#[test]
fn r14_nothing_is_inferred_while_nothing_can_be_asked() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        status a Submitted f40 r60 => a working working 100
        wait 2000 => a working working 100; ask Executions
        link lost => a unknown unknown 100
        wait 60000 => a unknown unknown 100
        link ready => a unknown unknown 100
        wait 1000 => a unknown unknown 100
        wait 1000 => a unknown unknown 100; ask Executions
        wait 27000 => a unknown unknown 100; ask Executions
        wait 1000 => a unknown filled 40 unknown 60; a is inferred to trade 40 at 10; alarm FillInferred
    "]]);
}

#[test]
fn s16_a_market_order_that_fills_without_a_status() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        exec a @x.01 => a filled filled 100; a trades 100 at 10
        cost a @x.01 => a filled filled 100; costs 1 to s
        wait 60000 => a filled filled 100
    "]]);
}

#[test]
fn s17_every_status_four_times() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        status a Submitted f0 r100 => a working working 100
        status a Submitted f0 r100 => a working working 100
        status a Submitted f0 r100 => a working working 100
        status a Submitted f0 r100 => a working working 100
        exec a @x.01 => a filled filled 100; a trades 100 at 10
        status a Filled f100 r0 => a filled filled 100
        status a Filled f100 r0 => a filled filled 100
        status a Filled f100 r0 => a filled filled 100
        status a Filled f100 r0 => a filled filled 100
    "]]);
}

#[test]
fn s18_an_execution_before_the_open_order_and_any_status() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        exec a @x.01 q40 => a working filled 40 working 60; a trades 40 at 10
        open a Submitted => a working filled 40 working 60
        status a Submitted f40 r60 => a working filled 40 working 60
        exec a @y.01 q60 => a filled filled 100; a trades 60 at 10
        open a Filled => a filled filled 100
        status a Filled f100 r0 => a filled filled 100
    "]]);
}

#[test]
fn s19_a_commission_before_its_execution_late_and_never() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        cost a @x.01 => a sent working 100
        exec a @x.01 q40 => a working filled 40 working 60; a trades 40 at 10; costs 1 to s
        exec a @y.01 q40 => a working filled 80 working 20; a trades 40 at 10
        wait 600000 => a working filled 80 working 20
        cost a @y.01 => a working filled 80 working 20; costs 1 to s
        exec a @z.01 q20 => a filled filled 100; a trades 20 at 10
        wait 600000 => a filled filled 100
    "]]);
}

#[test]
fn s30_corrections_of_corrections() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        exec a @x.01 => a filled filled 100; a trades 100 at 10
        exec a @x.03 q70 p9 => a suspended filled 70 working 30; a trades 70 at 9 for 100 at 10; alarm Reopened
        exec a @x.02 q60 => a suspended filled 70 working 30
        open a Submitted => a working filled 70 working 30
        exec a @x.04 q100 p9 => a filled filled 100; a trades 100 at 9 for 70 at 9
    "]]);
}

#[test]
fn s31_the_same_executions_ten_times() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        exec a @x.01 q50 => a working filled 50 working 50; a trades 50 at 10
        exec a @x.01 q50 => a working filled 50 working 50
        exec a @x.01 q50 => a working filled 50 working 50
        exec a @x.01 q50 => a working filled 50 working 50
        exec a @x.01 q50 => a working filled 50 working 50
        exec a @x.01 q50 => a working filled 50 working 50
        exec a @x.01 q50 => a working filled 50 working 50
        exec a @x.01 q50 => a working filled 50 working 50
        exec a @x.01 q50 => a working filled 50 working 50
        exec a @x.01 q50 => a working filled 50 working 50
        exec a @y.01 q50 => a filled filled 100; a trades 50 at 10
        exec a @y.01 q50 => a filled filled 100
    "]]);
}

#[test]
fn r14_f30_filled_without_a_quantity_says_that_all_has_filled() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        place b => a sent working 100; b sent working 100; place 2 100 at 10
        open a Submitted => a working working 100; b sent working 100
        open b Submitted => a working working 100; b working working 100
        done a Filled f0 => a filled, unproven working 100; b working working 100
        status b Filled => a filled, unproven working 100; b filled, unproven working 100
        wait 2000 => a filled, unproven working 100; b filled, unproven working 100; ask Executions
        exec a @x.01 q40 => a filled, unproven filled 40 working 60; b filled, unproven working 100; a trades 40 at 10
        wait 28000 => a filled filled 100; b filled filled 100; a is inferred to trade 60 at 10; alarm FillInferred; b is inferred to trade 100 at 10; alarm FillInferred
    "]]);
}

#[test]
fn r14_filled_without_a_quantity_says_nothing_of_several_incarnations() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        open a Submitted #7 => a working working 100 exposed 200; alarm SeveralIncarnations
        status a Filled => a working working 100
        wait 2000 => a working working 100
        wait 28000 => a working working 100
    "]]);
}

#[test]
fn r14_a_correction_of_the_price_leaves_what_was_told() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        exec a @x.01 q40 p10 => a working filled 40 working 60; a trades 40 at 10
        exec a @x.02 q40 p10.01 => a working filled 40 working 60; a trades 40 at 10.01 for 40 at 10
        status a Filled f100 r0 => a filled, unproven filled 40 working 60
        wait 2000 => a filled, unproven filled 40 working 60; ask Executions
        wait 28000 => a filled filled 100; a is inferred to trade 60 at 10.01; alarm FillInferred
    "]]);
}

#[test]
fn r14_nothing_is_inferred_while_tws_has_no_ib() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        link down => a working working 100
        status a Filled f100 r0 => a filled, unproven working 100
        wait 60000 => a filled, unproven working 100
        link up => a filled, unproven working 100
        wait 1000 => a filled, unproven working 100
        wait 1000 => a filled, unproven working 100; ask Executions
        wait 28000 => a filled filled 100; a is inferred to trade 100 at 10; alarm FillInferred
    "]]);
}

#[test]
fn r14_a_further_fill_takes_nothing_from_what_was_inferred_before() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        status a Submitted f40 r60 p10 => a working working 100
        pass 3 => a working working 100; ask Executions
        pass 30 => a working filled 40 working 60; ask Executions; ask Executions; a is inferred to trade 40 at 10; alarm FillInferred
        exec a @y.01 q30 f70 v10 => a working filled 70 working 30; a trades 30 at 10
        status a Submitted f70 r30 p10 => a working filled 70 working 30
        pass 40 => a working filled 70 working 30
        exec a @x.01 q40 f40 v10 => a working filled 70 working 30; a is inferred to trade 0 at 10 for 40 at 10; a trades 40 at 10
        pass 40 => a working filled 70 working 30
    "]]);
}
