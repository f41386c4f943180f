//! Nights, weekends and longer absences (R9, R28, R30).

use expect_test::expect;

use crate::check;

#[test]
fn r28_a_day_order_absent_after_its_hours_is_expired_s36() {
    check(&expect![[r"
        hours 600 =>
        place a day => a sent working 100; place 1 100 at 10
        place b => a sent working 100; b sent working 100; place 2 100 at 10
        open a Submitted => a working working 100; b sent working 100
        open b Submitted => a working working 100; b working working 100
        wait 1000 => a working working 100; b working working 100
        link lost => a unknown unknown 100; b unknown unknown 100
        wait 3600000 => a unknown unknown 100; b unknown unknown 100
        link ready => a unknown unknown 100; b unknown unknown 100
        wait 31000 => a unknown unknown 100; b unknown unknown 100
        snapshot began => a unknown unknown 100; b unknown unknown 100
        open b Submitted => a unknown unknown 100; b working working 100
        snapshot ended => a unknown unknown 100; b working working 100
        wait 11000 => a unknown unknown 100; b working working 100
        snapshot began => a unknown unknown 100; b working working 100
        open b Submitted => a unknown unknown 100; b working working 100
        snapshot ended => a expired cancelled 100; b working working 100
        exec a @x.01 => a filled filled 100; b working working 100; a trades 100 at 10; alarm Reopened
    "]]);
}

#[test]
fn r28_a_day_order_ends_by_hours_that_were_learnt_after_it_was_placed() {
    check(&expect![[r"
        place a day => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        hours 600 => a working working 100
        wait 1000 => a working working 100
        link lost => a unknown unknown 100
        wait 3600000 => a unknown unknown 100
        link ready => a unknown unknown 100
        wait 31000 => a unknown unknown 100
        snapshot began => a unknown unknown 100
        snapshot ended => a unknown unknown 100
        wait 11000 => a unknown unknown 100
        snapshot began => a unknown unknown 100
        snapshot ended => a expired cancelled 100
    "]]);
}

#[test]
fn r28_hours_of_the_next_day_move_the_end_of_no_order() {
    check(&expect![[r"
        hours 600 =>
        place a day => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        wait 1000 => a working working 100
        link lost => a unknown unknown 100
        wait 3600000 => a unknown unknown 100
        hours 600 => a unknown unknown 100
        link ready => a unknown unknown 100
        wait 31000 => a unknown unknown 100
        snapshot began => a unknown unknown 100
        snapshot ended => a unknown unknown 100
        wait 11000 => a unknown unknown 100
        snapshot began => a unknown unknown 100
        snapshot ended => a expired cancelled 100
    "]]);
}

#[test]
fn r28_a_day_order_absent_within_its_hours_is_not_expired() {
    check(&expect![[r"
        hours 36000 =>
        place a day => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        wait 1000 => a working working 100
        link lost => a unknown unknown 100
        wait 60000 => a unknown unknown 100
        link ready => a unknown unknown 100
        wait 31000 => a unknown unknown 100
        snapshot began => a unknown unknown 100
        snapshot ended => a unknown unknown 100
        wait 11000 => a unknown unknown 100
        snapshot began => a unknown unknown 100
        snapshot ended => a lost cancelled 100; alarm Lost
    "]]);
}

#[test]
fn r28_other_evidence_is_stronger() {
    check(&expect![[r"
        hours 600 =>
        place a day => a sent working 100; place 1 100 at 10
        place b day => a sent working 100; b sent working 100; place 2 100 at 10
        open a Submitted => a working working 100; b sent working 100
        open b Submitted => a working working 100; b working working 100
        wait 1000 => a working working 100; b working working 100
        link lost => a unknown unknown 100; b unknown unknown 100
        wait 3600000 => a unknown unknown 100; b unknown unknown 100
        link ready => a unknown unknown 100; b unknown unknown 100
        wait 31000 => a unknown unknown 100; b unknown unknown 100
        snapshot began => a unknown unknown 100; b unknown unknown 100
        exec a @x.01 => a filled filled 100; b unknown unknown 100; a trades 100 at 10
        done b Cancelled => a filled filled 100; b cancelled cancelled 100 exposed 100
        snapshot ended => a filled filled 100; b cancelled cancelled 100 exposed 100
        wait 11000 => a filled filled 100; b cancelled cancelled 100
        snapshot began => a filled filled 100; b cancelled cancelled 100
        snapshot ended => a filled filled 100; b cancelled cancelled 100
    "]]);
}

#[test]
fn r09_nothing_is_lost_while_a_position_is_not_explained() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        wait 1000 => a working working 100
        link lost => a unknown unknown 100
        link ready => a unknown unknown 100
        wait 31000 => a unknown unknown 100
        snapshot began => a unknown unknown 100
        snapshot ended u => a unknown unknown 100
        wait 11000 => a unknown unknown 100
        snapshot began => a unknown unknown 100
        snapshot ended u => a unknown unknown 100
        wait 11000 => a unknown unknown 100
        snapshot began => a unknown unknown 100
        snapshot ended x => a lost cancelled 100; alarm Lost
    "]]);
}

#[test]
fn r30_nothing_is_traded_after_a_long_absence_until_a_person_has_looked_s37() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        wait 1000 => a working working 100
        snapshot began => a working working 100
        open a Submitted => a working working 100
        snapshot ended => a working working 100
        link lost => a unknown unknown 100
        wait 432000000 => a unknown unknown 100
        link ready => a unknown unknown 100
        wait 31000 => a unknown unknown 100
        snapshot began => a unknown unknown 100
        snapshot ended u h3 => a unknown unknown 100; alarm Halted
        place b => refused: everything is halted: after 5 days away the broker no longer tells what has filled meanwhile; a named person must acknowledge it
        wait 11000 => a unknown unknown 100
        snapshot began => a unknown unknown 100
        snapshot ended h3 => a lost cancelled 100; alarm Lost
        acknowledge anna everything => a lost cancelled 100
        place b => a lost cancelled 100; b sent working 100; place 2 100 at 10
    "]]);
}

#[test]
fn r30_where_nothing_could_have_filled_nothing_is_halted() {
    check(&expect![[r"
        snapshot began =>
        snapshot ended =>
        wait 432000000 =>
        snapshot began =>
        snapshot ended h3 =>
        place a => a sent working 100; place 1 100 at 10
    "]]);
}

#[test]
fn r30_a_quiet_connection_is_no_absence() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        wait 1000 => a working working 100
        snapshot began => a working working 100
        open a Submitted => a working working 100
        snapshot ended => a working working 100
        wait 172800000 => a working working 100
        snapshot began => a working working 100
        open a Submitted => a working working 100
        snapshot ended h3 => a working working 100
        wait 172800000 => a working working 100
        snapshot began => a working working 100
        open a Submitted => a working working 100
        snapshot ended h3 => a working working 100
    "]]);
}
