//! Groups after a break, without their stop, and overfilled (R11, R25, R26).

use expect_test::expect;

use crate::check;

#[test]
fn s28_a_bracket_cut_before_its_last_leg_is_cancelled_leg_by_leg() {
    check(&expect![[r"
        bracket a => a sent working 100; b sent working 100; c sent working 100; place 1 100 at 10, place 2 100 at 12, place 3 100 at 0
        wait 1000 => a sent working 100; b sent working 100; c sent working 100
        link lost => a unknown unknown 100; b unknown unknown 100; c unknown unknown 100
        link ready => a unknown unknown 100; b unknown unknown 100; c unknown unknown 100
        wait 100 => a unknown unknown 100; b unknown unknown 100; c unknown unknown 100
        snapshot began => a unknown unknown 100; b unknown unknown 100; c unknown unknown 100
        snapshot ended => a unknown unknown 100; b unknown unknown 100; c unknown unknown 100; ask Snapshot
        wait 1000 => a unknown unknown 100; b unknown unknown 100; c unknown unknown 100
        snapshot began => a unknown unknown 100; b unknown unknown 100; c unknown unknown 100
        snapshot ended => a unknown unknown 100; b unknown unknown 100; c unknown unknown 100; cancel 1; cancel 2; cancel 3; alarm GroupIncomplete
        notice a 10147 => a unknown unknown 100; b unknown unknown 100; c unknown unknown 100; ask Snapshot
        notice b 10147 => a unknown unknown 100; b unknown unknown 100; c unknown unknown 100; ask Snapshot
        notice c 10147 => a unknown unknown 100; b unknown unknown 100; c unknown unknown 100; ask Snapshot
        wait 40000 => a unknown unknown 100; b unknown unknown 100; c unknown unknown 100; cancel 1; ask Snapshot; cancel 2; ask Snapshot; cancel 3; ask Snapshot
        snapshot began => a unknown unknown 100; b unknown unknown 100; c unknown unknown 100
        snapshot ended => a lost cancelled 100; b lost cancelled 100; c lost cancelled 100; cancel of a is overtaken: lost; alarm Lost; cancel of b is overtaken: lost; alarm Lost; cancel of c is overtaken: lost; alarm Lost
        wait 11000 => a lost cancelled 100; b lost cancelled 100; c lost cancelled 100
        snapshot began => a lost cancelled 100; b lost cancelled 100; c lost cancelled 100
        snapshot ended => a lost cancelled 100; b lost cancelled 100; c lost cancelled 100
    "]]);
}

#[test]
fn s28_a_bracket_that_is_all_there_after_a_break_stays() {
    check(&expect![[r"
        bracket a => a sent working 100; b sent working 100; c sent working 100; place 1 100 at 10, place 2 100 at 12, place 3 100 at 0
        wait 1000 => a sent working 100; b sent working 100; c sent working 100
        link lost => a unknown unknown 100; b unknown unknown 100; c unknown unknown 100
        link ready => a unknown unknown 100; b unknown unknown 100; c unknown unknown 100
        wait 100 => a unknown unknown 100; b unknown unknown 100; c unknown unknown 100
        snapshot began => a unknown unknown 100; b unknown unknown 100; c unknown unknown 100
        open a PreSubmitted => a presubmitted working 100; b unknown unknown 100; c unknown unknown 100
        open b PreSubmitted => a presubmitted working 100; b presubmitted working 100; c unknown unknown 100
        snapshot ended => a presubmitted working 100; b presubmitted working 100; c unknown unknown 100; ask Snapshot
        wait 1000 => a presubmitted working 100; b presubmitted working 100; c unknown unknown 100
        snapshot began => a presubmitted working 100; b presubmitted working 100; c unknown unknown 100
        open a PreSubmitted => a presubmitted working 100; b presubmitted working 100; c unknown unknown 100
        open b PreSubmitted => a presubmitted working 100; b presubmitted working 100; c unknown unknown 100
        open c PreSubmitted => a presubmitted working 100; b presubmitted working 100; c presubmitted working 100
        snapshot ended => a presubmitted working 100; b presubmitted working 100; c presubmitted working 100
        wait 1000 => a presubmitted working 100; b presubmitted working 100; c presubmitted working 100
        snapshot began => a presubmitted working 100; b presubmitted working 100; c presubmitted working 100
        open a PreSubmitted => a presubmitted working 100; b presubmitted working 100; c presubmitted working 100
        open b PreSubmitted => a presubmitted working 100; b presubmitted working 100; c presubmitted working 100
        snapshot ended => a presubmitted working 100; b presubmitted working 100; c unknown unknown 100
    "]]);
}

#[test]
fn s28_10006_for_a_child_takes_the_others_with_it() {
    check(&expect![[r"
        bracket a => a sent working 100; b sent working 100; c sent working 100; place 1 100 at 10, place 2 100 at 12, place 3 100 at 0
        open a PreSubmitted => a presubmitted working 100; b sent working 100; c sent working 100
        notice b 10006 => a presubmitted working 100; b rejected cancelled 100; c sent working 100; cancel 1; cancel 3
        open c PreSubmitted => a presubmitted working 100; b rejected cancelled 100; c presubmitted working 100
        open a Cancelled => a cancelled cancelled 100 exposed 100; b rejected cancelled 100; c presubmitted working 100; cancel of a is done
        open c Cancelled => a cancelled cancelled 100 exposed 100; b rejected cancelled 100; c cancelled cancelled 100 exposed 100; cancel of c is done
    "]]);
}

#[test]
fn s28_a_parent_that_filled_in_part_and_was_cancelled_runs_the_policy() {
    check(&expect![[r"
        bracket a flatten => a sent working 100; b sent working 100; c sent working 100; place 1 100 at 10, place 2 100 at 12, place 3 100 at 0
        open a Submitted => a working working 100; b sent working 100; c sent working 100
        open b PreSubmitted => a working working 100; b presubmitted working 100; c sent working 100
        open c PreSubmitted => a working working 100; b presubmitted working 100; c presubmitted working 100
        exec a @x.01 q40 => a working filled 40 working 60; b presubmitted working 100; c presubmitted working 100; a trades 40 at 10
        cancel a => a working filled 40 working 60; b presubmitted working 100; c presubmitted working 100; cancel 1
        status a Cancelled f40 r60 => a cancelled filled 40 cancelled 60 exposed 60; b presubmitted working 100; c presubmitted working 100; cancel of a is done
        status b Cancelled => a cancelled filled 40 cancelled 60 exposed 60; b cancelled cancelled 100 exposed 100; c presubmitted working 100
        status c Cancelled => a cancelled filled 40 cancelled 60 exposed 60; b cancelled cancelled 100 exposed 100; c cancelled cancelled 100 exposed 100
        wait 500 => a cancelled filled 40 cancelled 60 exposed 60; b cancelled cancelled 100 exposed 100; c cancelled cancelled 100 exposed 100; alarm Unprotected; flatten 40 for c
        protect d => a cancelled filled 40 cancelled 60 exposed 60; b cancelled cancelled 100 exposed 100; c cancelled cancelled 100 exposed 100; d sent working 40; place 4 40 at 0
        exec d @y.01 q40 => a cancelled filled 40 cancelled 60 exposed 60; b cancelled cancelled 100 exposed 100; c cancelled cancelled 100 exposed 100; d filled filled 40; d trades 40 at 10
        wait 60000 => a cancelled filled 40 cancelled 60; b cancelled cancelled 100; c cancelled cancelled 100; d filled filled 40
    "]]);
}

#[test]
fn r25_a_filled_parent_without_its_stop_is_protected_anew() {
    check(&expect![[r"
        bracket a protect => a sent working 100; b sent working 100; c sent working 100; place 1 100 at 10, place 2 100 at 12, place 3 100 at 0
        open a Submitted => a working working 100; b sent working 100; c sent working 100
        open b PreSubmitted => a working working 100; b presubmitted working 100; c sent working 100
        exec a @x.01 => a filled filled 100; b presubmitted working 100; c sent working 100; a trades 100 at 10
        notice c 201 => a filled filled 100; b presubmitted working 100; c rejected cancelled 100
        wait 400 => a filled filled 100; b presubmitted working 100; c rejected cancelled 100
        wait 100 => a filled filled 100; b presubmitted working 100; c rejected cancelled 100; cancel 2; alarm Unprotected; protect 100 for c
        wait 500 => a filled filled 100; b presubmitted working 100; c rejected cancelled 100
        protect d => a filled filled 100; b presubmitted working 100; c rejected cancelled 100; d sent working 100; place 4 100 at 0
        open d PreSubmitted => a filled filled 100; b presubmitted working 100; c rejected cancelled 100; d presubmitted working 100
        open b Cancelled => a filled filled 100; b cancelled cancelled 100 exposed 100; c rejected cancelled 100; d presubmitted working 100; cancel of b is done
        wait 60000 => a filled filled 100; b cancelled cancelled 100; c rejected cancelled 100; d presubmitted working 100
    "]]);
}

#[test]
fn r25_protection_that_cannot_be_placed_is_asked_for_again() {
    check(&expect![[r"
        bracket a protect => a sent working 100; b sent working 100; c sent working 100; place 1 100 at 10, place 2 100 at 12, place 3 100 at 0
        exec a @x.01 => a filled filled 100; b sent working 100; c sent working 100; a trades 100 at 10
        notice c 201 => a filled filled 100; b sent working 100; c rejected cancelled 100
        wait 500 => a filled filled 100; b sent working 100; c rejected cancelled 100; cancel 2; alarm Unprotected; protect 100 for c
        wait 5000 => a filled filled 100; b sent working 100; c rejected cancelled 100; protect 100 for c; cancel 2; ask Snapshot
        protect d => a filled filled 100; b sent working 100; c rejected cancelled 100; d sent working 100; place 4 100 at 0
        notice d 201 => a filled filled 100; b sent working 100; c rejected cancelled 100; d rejected cancelled 100
        wait 60000 => a filled filled 100; b sent working 100; c rejected cancelled 100; d rejected cancelled 100; alarm Unprotected; cancel 2; ask Snapshot
    "]]);
}

#[test]
fn r25_a_filled_parent_without_its_stop_alarms() {
    check(&expect![[r"
        bracket a => a sent working 100; b sent working 100; c sent working 100; place 1 100 at 10, place 2 100 at 12, place 3 100 at 0
        exec a @x.01 => a filled filled 100; b sent working 100; c sent working 100; a trades 100 at 10
        open b Submitted => a filled filled 100; b working working 100; c sent working 100
        open c Submitted => a filled filled 100; b working working 100; c working working 100
        status c Cancelled => a filled filled 100; b working working 100; c cancelled cancelled 100 exposed 100
        wait 500 => a filled filled 100; b working working 100; c cancelled cancelled 100 exposed 100; cancel 2; alarm Unprotected
        wait 60000 => a filled filled 100; b working working 100; c cancelled cancelled 100; cancel 2; ask Snapshot
    "]]);
}

#[test]
fn r25_a_stop_that_its_owner_cancels_is_not_missed() {
    check(&expect![[r"
        bracket a protect => a sent working 100; b sent working 100; c sent working 100; place 1 100 at 10, place 2 100 at 12, place 3 100 at 0
        exec a @x.01 => a filled filled 100; b sent working 100; c sent working 100; a trades 100 at 10
        open b Submitted => a filled filled 100; b working working 100; c sent working 100
        open c Submitted => a filled filled 100; b working working 100; c working working 100
        cancel c => a filled filled 100; b working working 100; c working working 100; cancel 3
        status c Cancelled => a filled filled 100; b working working 100; c cancelled cancelled 100 exposed 100; cancel of c is done
        wait 60000 => a filled filled 100; b working working 100; c cancelled cancelled 100
    "]]);
}

#[test]
fn r25_a_stop_cancelled_by_a_profit_that_is_heard_of_later_is_not_missed() {
    check(&expect![[r"
        bracket a protect => a sent working 100; b sent working 100; c sent working 100; place 1 100 at 10, place 2 100 at 12, place 3 100 at 0
        exec a @x.01 => a filled filled 100; b sent working 100; c sent working 100; a trades 100 at 10
        open b Submitted => a filled filled 100; b working working 100; c sent working 100
        open c Submitted => a filled filled 100; b working working 100; c working working 100
        status c Cancelled => a filled filled 100; b working working 100; c cancelled cancelled 100 exposed 100
        wait 400 => a filled filled 100; b working working 100; c cancelled cancelled 100 exposed 100
        exec b @y.01 => a filled filled 100; b filled filled 100; c cancelled cancelled 100 exposed 100; b trades 100 at 10
        wait 60000 => a filled filled 100; b filled filled 100; c cancelled cancelled 100
    "]]);
}

#[test]
fn r25_a_position_that_is_protected_keeps_its_stop_when_the_profit_is_missing() {
    check(&expect![[r"
        bracket a protect => a sent working 100; b sent working 100; c sent working 100; place 1 100 at 10, place 2 100 at 12, place 3 100 at 0
        exec a @x.01 => a filled filled 100; b sent working 100; c sent working 100; a trades 100 at 10
        open b Submitted => a filled filled 100; b working working 100; c sent working 100
        open c Submitted => a filled filled 100; b working working 100; c working working 100
        wait 1000 => a filled filled 100; b working working 100; c working working 100
        link lost => a filled filled 100; b unknown unknown 100; c unknown unknown 100
        link ready => a filled filled 100; b unknown unknown 100; c unknown unknown 100
        wait 100 => a filled filled 100; b unknown unknown 100; c unknown unknown 100
        snapshot began => a filled filled 100; b unknown unknown 100; c unknown unknown 100
        open c Submitted => a filled filled 100; b unknown unknown 100; c working working 100
        snapshot ended => a filled filled 100; b unknown unknown 100; c working working 100; ask Snapshot
        wait 1000 => a filled filled 100; b unknown unknown 100; c working working 100
        snapshot began => a filled filled 100; b unknown unknown 100; c working working 100
        open c Submitted => a filled filled 100; b unknown unknown 100; c working working 100
        snapshot ended => a filled filled 100; b unknown unknown 100; c working working 100; cancel 2; alarm GroupIncomplete
        wait 60000 => a filled filled 100; b unknown unknown 100; c working working 100; cancel 2; ask Snapshot
    "]]);
}

#[test]
fn r26_an_overfilled_pair_halts_its_strategy() {
    check(&expect![[r"
        oca a => a sent working 100; b sent working 100; place 1 100 at 10, place 2 100 at 10
        open a Submitted => a working working 100; b sent working 100
        open b Submitted => a working working 100; b working working 100
        exec a @x.01 => a filled filled 100; b working working 100; a trades 100 at 10
        exec b @y.01 => a filled filled 100; b filled filled 100; b trades 100 at 10; alarm GroupOverfilled; alarm Halted
        place c => refused: strategy s is halted: a group of its orders has filled more than it may: x.01, y.01; a named person must acknowledge it
        acknowledge => refused: a halt is lifted by a named person; say who
        acknowledge anna => a filled filled 100; b filled filled 100
        place c => a filled filled 100; b filled filled 100; c sent working 100; place 3 100 at 10
    "]]);
}

#[test]
fn r26_a_pair_that_shares_one_fill_is_not_overfilled() {
    check(&expect![[r"
        oca a reduce => a sent working 100; b sent working 100; place 1 100 at 10, place 2 100 at 10
        open a Submitted => a working working 100; b sent working 100
        open b Submitted => a working working 100; b working working 100
        exec a @x.01 q60 => a working filled 60 working 40; b working working 100; a trades 60 at 10
        open b Submitted q40 => a working filled 60 working 40; b working working 40
        exec b @y.01 q40 => a working filled 60 working 40; b filled filled 40; b trades 40 at 10
        status a Cancelled f60 r40 => a cancelled filled 60 cancelled 40 exposed 40; b filled filled 40
    "]]);
}

#[test]
fn r26_both_exits_fill() {
    check(&expect![[r"
        bracket a => a sent working 100; b sent working 100; c sent working 100; place 1 100 at 10, place 2 100 at 12, place 3 100 at 0
        exec a @x.01 => a filled filled 100; b sent working 100; c sent working 100; a trades 100 at 10
        open b Submitted => a filled filled 100; b working working 100; c sent working 100
        open c Submitted => a filled filled 100; b working working 100; c working working 100
        exec b @y.01 => a filled filled 100; b filled filled 100; c working working 100; b trades 100 at 10
        exec c @z.01 => a filled filled 100; b filled filled 100; c filled filled 100; c trades 100 at 10; alarm GroupOverfilled; alarm Halted
        place d => refused: strategy s is halted: a group of its orders has filled more than it may: y.01, z.01; a named person must acknowledge it
    "]]);
}

#[test]
fn s29_one_order_that_fills_too_much_halts_its_strategy() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        exec a @x.01 => a filled filled 100; a trades 100 at 10
        exec a @y.01 q5 => a filled filled 105; a trades 5 at 10; alarm Overfilled; alarm Halted
        place b => refused: strategy s is halted: order 000000000000000000000002p was for 100, but 105 have filled; a named person must acknowledge it
    "]]);
}

#[test]
fn r11_what_was_replaced_and_comes_back_is_cancelled() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        replace a b => refused: order 000000000000000000000002p is live; only an order that has ended can be replaced
        notice a 201 => a rejected cancelled 100
        replace a b => a rejected cancelled 100; b sent working 100; place 2 100 at 10
        replace a c => refused: order 000000000000000000000002p was replaced before
        open a Submitted => a working working 100; b sent working 100; alarm Reopened; cancel 1; alarm ReplacedLives
        status a Cancelled => a cancelled cancelled 100 exposed 100; b sent working 100; cancel of a is done
        open b Submitted => a cancelled cancelled 100 exposed 100; b working working 100
    "]]);
}

#[test]
fn r11_what_was_replaced_and_comes_back_may_be_adopted() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        notice a 201 => a rejected cancelled 100
        replace a b adopt => a rejected cancelled 100; b sent working 100; place 2 100 at 10
        open a Submitted => a working working 100; b sent working 100; alarm Reopened; alarm ReplacedLives
        exec a @x.01 => a filled filled 100; b sent working 100; a trades 100 at 10
    "]]);
}

#[test]
fn r11_what_was_replaced_and_comes_back_filled_is_told_of() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        notice a 201 => a rejected cancelled 100
        replace a b => a rejected cancelled 100; b sent working 100; place 2 100 at 10
        exec a @x.01 => a filled filled 100; b sent working 100; a trades 100 at 10; alarm Reopened; alarm ReplacedLives
        replace z c => refused: there is no order 000000000000000000000003e to be replaced
    "]]);
}

#[test]
fn r26_a_profit_beside_what_flattens_the_position_is_an_overfill() {
    check(&expect![[r"
        bracket a flatten => a sent working 100; b sent working 100; c sent working 100; place 1 100 at 10, place 2 100 at 12, place 3 100 at 0
        open a Submitted => a working working 100; b sent working 100; c sent working 100
        open b Submitted => a working working 100; b working working 100; c sent working 100
        open c PreSubmitted => a working working 100; b working working 100; c presubmitted working 100
        exec a @x.01 => a filled filled 100; b working working 100; c presubmitted working 100; a trades 100 at 10
        status c Cancelled => a filled filled 100; b working working 100; c cancelled cancelled 100 exposed 100
        wait 500 => a filled filled 100; b working working 100; c cancelled cancelled 100 exposed 100; cancel 2; alarm Unprotected; flatten 100 for c
        protect z => a filled filled 100; b working working 100; c cancelled cancelled 100 exposed 100; z sent working 100; place 4 100 at 0
        open z Submitted => a filled filled 100; b working working 100; c cancelled cancelled 100 exposed 100; z working working 100
        exec b @t.01 p12 => a filled filled 100; b filled filled 100; c cancelled cancelled 100 exposed 100; z working working 100; b trades 100 at 12; cancel of b is overtaken: filled; cancel 4
        exec z @u.01 p9 => a filled filled 100; b filled filled 100; c cancelled cancelled 100 exposed 100; z filled filled 100; z trades 100 at 9; cancel of z is overtaken: filled; alarm GroupOverfilled; alarm Halted
        place d => refused: strategy s is halted: a group of its orders has filled more than it may: t.01, u.01; a named person must acknowledge it
    "]]);
}

#[test]
fn r25_what_the_entry_fills_after_its_protection_is_protected_too() {
    check(&expect![[r"
        bracket a protect => a sent working 100; b sent working 100; c sent working 100; place 1 100 at 10, place 2 100 at 12, place 3 100 at 0
        open a Submitted => a working working 100; b sent working 100; c sent working 100
        open b PreSubmitted => a working working 100; b presubmitted working 100; c sent working 100
        open c PreSubmitted => a working working 100; b presubmitted working 100; c presubmitted working 100
        exec a @x.01 q40 => a working filled 40 working 60; b presubmitted working 100; c presubmitted working 100; a trades 40 at 10
        status c Cancelled => a working filled 40 working 60; b presubmitted working 100; c cancelled cancelled 100 exposed 100
        wait 500 => a working filled 40 working 60; b presubmitted working 100; c cancelled cancelled 100 exposed 100; cancel 1; cancel 2; alarm Unprotected; protect 40 for c
        protect x => a working filled 40 working 60; b presubmitted working 100; c cancelled cancelled 100 exposed 100; x sent working 40; place 4 40 at 0
        open x PreSubmitted q40 => a working filled 40 working 60; b presubmitted working 100; c cancelled cancelled 100 exposed 100; x presubmitted working 40
        exec a @y.01 q30 => a working filled 70 working 30; b presubmitted working 100; c cancelled cancelled 100 exposed 100; x presubmitted working 40; a trades 30 at 10
        wait 500 => a working filled 70 working 30; b presubmitted working 100; c cancelled cancelled 100 exposed 100; x presubmitted working 40; alarm Unprotected; protect 30 for x
        exec a @z.01 q30 => a filled filled 100; b presubmitted working 100; c cancelled cancelled 100 exposed 100; x presubmitted working 40; a trades 30 at 10; cancel of a is overtaken: filled
        protect y => a filled filled 100; b presubmitted working 100; c cancelled cancelled 100 exposed 100; x presubmitted working 40; y sent working 60; place 5 60 at 0
        open y PreSubmitted q60 => a filled filled 100; b presubmitted working 100; c cancelled cancelled 100 exposed 100; x presubmitted working 40; y presubmitted working 60
        wait 5000 => a filled filled 100; b presubmitted working 100; c cancelled cancelled 100; x presubmitted working 40; y presubmitted working 60; cancel 2; ask Snapshot
        exec x @s.01 q40 p9 => a filled filled 100; b presubmitted working 100; c cancelled cancelled 100; x filled filled 40; y presubmitted working 60; x trades 40 at 9
        exec y @t.01 q60 p9 => a filled filled 100; b presubmitted working 100; c cancelled cancelled 100; x filled filled 40; y filled filled 60; y trades 60 at 9
        wait 5000 => a filled filled 100; b presubmitted working 100; c cancelled cancelled 100; x filled filled 40; y filled filled 60; cancel 2; ask Snapshot
    "]]);
}

#[test]
fn r25_what_the_entry_fills_after_it_was_flattened_is_flattened_too() {
    check(&expect![[r"
        bracket a flatten => a sent working 100; b sent working 100; c sent working 100; place 1 100 at 10, place 2 100 at 12, place 3 100 at 0
        open a Submitted => a working working 100; b sent working 100; c sent working 100
        open b PreSubmitted => a working working 100; b presubmitted working 100; c sent working 100
        open c PreSubmitted => a working working 100; b presubmitted working 100; c presubmitted working 100
        exec a @x.01 q40 => a working filled 40 working 60; b presubmitted working 100; c presubmitted working 100; a trades 40 at 10
        status c Cancelled => a working filled 40 working 60; b presubmitted working 100; c cancelled cancelled 100 exposed 100
        wait 500 => a working filled 40 working 60; b presubmitted working 100; c cancelled cancelled 100 exposed 100; cancel 1; cancel 2; alarm Unprotected; flatten 40 for c
        protect x => a working filled 40 working 60; b presubmitted working 100; c cancelled cancelled 100 exposed 100; x sent working 40; place 4 40 at 0
        exec x @s.01 q40 p9 => a working filled 40 working 60; b presubmitted working 100; c cancelled cancelled 100 exposed 100; x filled filled 40; x trades 40 at 9
        exec a @y.01 q60 => a filled filled 100; b presubmitted working 100; c cancelled cancelled 100 exposed 100; x filled filled 40; a trades 60 at 10; cancel of a is overtaken: filled
        wait 500 => a filled filled 100; b presubmitted working 100; c cancelled cancelled 100 exposed 100; x filled filled 40; alarm Unprotected; flatten 60 for x
        protect y => a filled filled 100; b presubmitted working 100; c cancelled cancelled 100 exposed 100; x filled filled 40; y sent working 60; place 5 60 at 0
        exec y @t.01 q60 p9 => a filled filled 100; b presubmitted working 100; c cancelled cancelled 100 exposed 100; x filled filled 40; y filled filled 60; y trades 60 at 9
        wait 5000 => a filled filled 100; b presubmitted working 100; c cancelled cancelled 100; x filled filled 40; y filled filled 60; cancel 2; ask Snapshot
    "]]);
}

#[test]
fn r25_a_protection_that_comes_too_late_is_not_placed() {
    check(&expect![[r"
        bracket a protect => a sent working 100; b sent working 100; c sent working 100; place 1 100 at 10, place 2 100 at 12, place 3 100 at 0
        open b Submitted => a sent working 100; b working working 100; c sent working 100
        open c PreSubmitted => a sent working 100; b working working 100; c presubmitted working 100
        exec a @x.01 => a filled filled 100; b working working 100; c presubmitted working 100; a trades 100 at 10
        status c Cancelled => a filled filled 100; b working working 100; c cancelled cancelled 100 exposed 100
        wait 500 => a filled filled 100; b working working 100; c cancelled cancelled 100 exposed 100; cancel 2; alarm Unprotected; protect 100 for c
        exec b @t.01 p12 => a filled filled 100; b filled filled 100; c cancelled cancelled 100 exposed 100; b trades 100 at 12; cancel of b is overtaken: filled
        protect x => refused: no position stands without the stop 000000000000000000000002r any more
    "]]);
}

#[test]
fn r11_what_was_cancelled_and_replaced_and_fills_in_part_is_told_of() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        status a Cancelled => a cancelled cancelled 100 exposed 100
        replace a b => a cancelled cancelled 100 exposed 100; b sent working 100; place 2 100 at 10
        exec a @x.01 q30 => a cancelled filled 30 cancelled 70 exposed 70; b sent working 100; a trades 30 at 10; alarm ReplacedLives
    "]]);
}

#[test]
fn r25_a_stop_that_fills_late_takes_what_was_placed_for_it_away() {
    check(&expect![[r"
        bracket a protect => a sent working 100; b sent working 100; c sent working 100; place 1 100 at 10, place 2 100 at 12, place 3 100 at 0
        open a Submitted => a working working 100; b sent working 100; c sent working 100
        open b Submitted => a working working 100; b working working 100; c sent working 100
        open c PreSubmitted => a working working 100; b working working 100; c presubmitted working 100
        exec a @x.01 => a filled filled 100; b working working 100; c presubmitted working 100; a trades 100 at 10
        status c Cancelled => a filled filled 100; b working working 100; c cancelled cancelled 100 exposed 100
        wait 500 => a filled filled 100; b working working 100; c cancelled cancelled 100 exposed 100; cancel 2; alarm Unprotected; protect 100 for c
        protect x => a filled filled 100; b working working 100; c cancelled cancelled 100 exposed 100; x sent working 100; place 4 100 at 0
        open x PreSubmitted => a filled filled 100; b working working 100; c cancelled cancelled 100 exposed 100; x presubmitted working 100
        status b Cancelled => a filled filled 100; b cancelled cancelled 100 exposed 100; c cancelled cancelled 100 exposed 100; x presubmitted working 100; cancel of b is done
        exec c @t.01 p9 => a filled filled 100; b cancelled cancelled 100 exposed 100; c filled filled 100; x presubmitted working 100; c trades 100 at 9; alarm Reopened; alarm ReplacedLives; cancel 4
        open x Cancelled => a filled filled 100; b cancelled cancelled 100 exposed 100; c filled filled 100; x cancelled cancelled 100 exposed 100; cancel of x is done
        wait 5000 => a filled filled 100; b cancelled cancelled 100; c filled filled 100; x cancelled cancelled 100
    "]]);
}

#[test]
fn r25_a_stop_that_fills_late_in_part_leaves_the_rest_protected() {
    check(&expect![[r"
        bracket a protect => a sent working 100; b sent working 100; c sent working 100; place 1 100 at 10, place 2 100 at 12, place 3 100 at 0
        open a Submitted => a working working 100; b sent working 100; c sent working 100
        open b Submitted => a working working 100; b working working 100; c sent working 100
        open c PreSubmitted => a working working 100; b working working 100; c presubmitted working 100
        exec a @x.01 => a filled filled 100; b working working 100; c presubmitted working 100; a trades 100 at 10
        status c Cancelled => a filled filled 100; b working working 100; c cancelled cancelled 100 exposed 100
        wait 500 => a filled filled 100; b working working 100; c cancelled cancelled 100 exposed 100; cancel 2; alarm Unprotected; protect 100 for c
        protect x => a filled filled 100; b working working 100; c cancelled cancelled 100 exposed 100; x sent working 100; place 4 100 at 0
        open x PreSubmitted => a filled filled 100; b working working 100; c cancelled cancelled 100 exposed 100; x presubmitted working 100
        status b Cancelled => a filled filled 100; b cancelled cancelled 100 exposed 100; c cancelled cancelled 100 exposed 100; x presubmitted working 100; cancel of b is done
        exec c @t.01 q30 p9 => a filled filled 100; b cancelled cancelled 100 exposed 100; c cancelled filled 30 cancelled 70 exposed 70; x presubmitted working 100; c trades 30 at 9; alarm ReplacedLives; cancel 4
        wait 500 => a filled filled 100; b cancelled cancelled 100 exposed 100; c cancelled filled 30 cancelled 70 exposed 70; x presubmitted working 100
        open x Cancelled => a filled filled 100; b cancelled cancelled 100 exposed 100; c cancelled filled 30 cancelled 70 exposed 70; x cancelled cancelled 100 exposed 100; cancel of x is done
        wait 500 => a filled filled 100; b cancelled cancelled 100 exposed 100; c cancelled filled 30 cancelled 70 exposed 70; x cancelled cancelled 100 exposed 100; alarm Unprotected; protect 70 for x
        protect y => a filled filled 100; b cancelled cancelled 100 exposed 100; c cancelled filled 30 cancelled 70 exposed 70; x cancelled cancelled 100 exposed 100; y sent working 70; place 5 70 at 0
        open y PreSubmitted q70 => a filled filled 100; b cancelled cancelled 100 exposed 100; c cancelled filled 30 cancelled 70 exposed 70; x cancelled cancelled 100 exposed 100; y presubmitted working 70
        wait 5000 => a filled filled 100; b cancelled cancelled 100; c cancelled filled 30 cancelled 70; x cancelled cancelled 100; y presubmitted working 70
    "]]);
}

#[test]
fn r25_a_profit_that_fills_late_takes_what_was_placed_for_the_position_away() {
    check(&expect![[r"
        bracket a protect => a sent working 100; b sent working 100; c sent working 100; place 1 100 at 10, place 2 100 at 12, place 3 100 at 0
        open a Submitted => a working working 100; b sent working 100; c sent working 100
        open b Submitted => a working working 100; b working working 100; c sent working 100
        open c PreSubmitted => a working working 100; b working working 100; c presubmitted working 100
        exec a @x.01 => a filled filled 100; b working working 100; c presubmitted working 100; a trades 100 at 10
        status c Cancelled => a filled filled 100; b working working 100; c cancelled cancelled 100 exposed 100
        wait 500 => a filled filled 100; b working working 100; c cancelled cancelled 100 exposed 100; cancel 2; alarm Unprotected; protect 100 for c
        protect x => a filled filled 100; b working working 100; c cancelled cancelled 100 exposed 100; x sent working 100; place 4 100 at 0
        open x PreSubmitted => a filled filled 100; b working working 100; c cancelled cancelled 100 exposed 100; x presubmitted working 100
        exec b @t.01 p12 => a filled filled 100; b filled filled 100; c cancelled cancelled 100 exposed 100; x presubmitted working 100; b trades 100 at 12; cancel of b is overtaken: filled; cancel 4
        open x Cancelled => a filled filled 100; b filled filled 100; c cancelled cancelled 100 exposed 100; x cancelled cancelled 100 exposed 100; cancel of x is done
        wait 5000 => a filled filled 100; b filled filled 100; c cancelled cancelled 100; x cancelled cancelled 100
    "]]);
}

#[test]
fn r26_exits_that_close_more_than_an_entry_opened_before_its_end_are_an_overfill() {
    check(&expect![[r"
        bracket a => a sent working 100; b sent working 100; c sent working 100; place 1 100 at 10, place 2 100 at 12, place 3 100 at 0
        open a Submitted => a working working 100; b sent working 100; c sent working 100
        open b Submitted => a working working 100; b working working 100; c sent working 100
        open c PreSubmitted => a working working 100; b working working 100; c presubmitted working 100
        exec a @x.01 q40 => a working filled 40 working 60; b working working 100; c presubmitted working 100; a trades 40 at 10
        status a Cancelled f40 r60 => a cancelled filled 40 cancelled 60 exposed 60; b working working 100; c presubmitted working 100
        exec b @y.01 q40 p12 => a cancelled filled 40 cancelled 60 exposed 60; b working filled 40 working 60; c presubmitted working 100; b trades 40 at 12
        exec b @z.01 q60 p12 => a cancelled filled 40 cancelled 60 exposed 60; b filled filled 100; c presubmitted working 100; b trades 60 at 12; alarm GroupOverfilled; alarm Halted
    "]]);
}

#[test]
fn r26_an_entry_that_was_replaced_opens_what_stands_in_its_place_too() {
    check(&expect![[r"
        bracket a => a sent working 100; b sent working 100; c sent working 100; place 1 100 at 10, place 2 100 at 12, place 3 100 at 0
        open a Submitted => a working working 100; b sent working 100; c sent working 100
        open b Submitted => a working working 100; b working working 100; c sent working 100
        open c PreSubmitted => a working working 100; b working working 100; c presubmitted working 100
        exec a @x.01 q40 => a working filled 40 working 60; b working working 100; c presubmitted working 100; a trades 40 at 10
        status a Cancelled f40 r60 => a cancelled filled 40 cancelled 60 exposed 60; b working working 100; c presubmitted working 100
        replace a d => a cancelled filled 40 cancelled 60 exposed 60; b working working 100; c presubmitted working 100; d sent working 100; place 4 100 at 10
        exec b @y.01 p12 => a cancelled filled 40 cancelled 60 exposed 60; b filled filled 100; c presubmitted working 100; d sent working 100; b trades 100 at 12
    "]]);
}

#[test]
fn r25_an_entry_that_a_status_alone_calls_filled_is_alarmed_and_protected_once_it_is_proven() {
    check(&expect![[r"
        bracket a protect => a sent working 100; b sent working 100; c sent working 100; place 1 100 at 10, place 2 100 at 12, place 3 100 at 0
        open a Submitted => a working working 100; b sent working 100; c sent working 100
        open b PreSubmitted => a working working 100; b presubmitted working 100; c sent working 100
        open c PreSubmitted => a working working 100; b presubmitted working 100; c presubmitted working 100
        status a Filled f100 r0 => a filled, unproven working 100; b presubmitted working 100; c presubmitted working 100
        status c Cancelled => a filled, unproven working 100; b presubmitted working 100; c cancelled cancelled 100 exposed 100
        wait 500 => a filled, unproven working 100; b presubmitted working 100; c cancelled cancelled 100 exposed 100; alarm Unprotected
        wait 500 => a filled, unproven working 100; b presubmitted working 100; c cancelled cancelled 100 exposed 100
        exec a @x.01 => a filled filled 100; b presubmitted working 100; c cancelled cancelled 100 exposed 100; a trades 100 at 10
        wait 100 => a filled filled 100; b presubmitted working 100; c cancelled cancelled 100 exposed 100; cancel 2; protect 100 for c
    "]]);
}

#[test]
fn r25_a_part_that_a_status_alone_tells_is_alarmed_too() {
    check(&expect![[r"
        bracket a protect => a sent working 100; b sent working 100; c sent working 100; place 1 100 at 10, place 2 100 at 12, place 3 100 at 0
        open a Submitted => a working working 100; b sent working 100; c sent working 100
        open b PreSubmitted => a working working 100; b presubmitted working 100; c sent working 100
        open c PreSubmitted => a working working 100; b presubmitted working 100; c presubmitted working 100
        exec a @x.01 q40 => a working filled 40 working 60; b presubmitted working 100; c presubmitted working 100; a trades 40 at 10
        status c Cancelled => a working filled 40 working 60; b presubmitted working 100; c cancelled cancelled 100 exposed 100
        wait 500 => a working filled 40 working 60; b presubmitted working 100; c cancelled cancelled 100 exposed 100; cancel 1; cancel 2; alarm Unprotected; protect 40 for c
        protect x => a working filled 40 working 60; b presubmitted working 100; c cancelled cancelled 100 exposed 100; x sent working 40; place 4 40 at 0
        open x PreSubmitted q40 => a working filled 40 working 60; b presubmitted working 100; c cancelled cancelled 100 exposed 100; x presubmitted working 40
        status a Submitted f70 r30 => a working filled 40 working 60; b presubmitted working 100; c cancelled cancelled 100 exposed 100; x presubmitted working 40
        wait 500 => a working filled 40 working 60; b presubmitted working 100; c cancelled cancelled 100 exposed 100; x presubmitted working 40; alarm Unprotected
        exec a @y.01 q30 => a working filled 70 working 30; b presubmitted working 100; c cancelled cancelled 100 exposed 100; x presubmitted working 40; a trades 30 at 10
        wait 500 => a working filled 70 working 30; b presubmitted working 100; c cancelled cancelled 100 exposed 100; x presubmitted working 40; protect 30 for x
    "]]);
}
