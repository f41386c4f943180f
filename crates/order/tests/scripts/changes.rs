//! Changes, asked for and not (R21).

use expect_test::expect;

use crate::check;

#[test]
fn r21_a_change_is_confirmed_by_the_open_order() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        change a q200 p11 => a working working 100 exposed 200; place 1 200 at 11
        change a q300 => refused: another change or a cancel of the order is on its way; wait for its outcome
        open a Submitted => a working working 100 exposed 200
        open a Submitted q200 p11 => a working working 200; change of a is done
        change a q50 => a working working 200; place 1 50 at 11
    "]]);
}

#[test]
fn r21_a_price_change_is_not_confirmed_by_an_old_echo() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        change a p11 => a working working 100; place 1 100 at 11
        open a Submitted => a working working 100
        status a Submitted f0 r100 => a working working 100
        open a Submitted p11 => a working working 100; change of a is done
        change a p12 => a working working 100; place 1 100 at 12
    "]]);
}

#[test]
fn r21_a_change_is_confirmed_by_a_status_alone() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        change a q200 => a working working 100 exposed 200; place 1 200 at 10
        status a Submitted f0 r100 => a working working 100 exposed 200
        status a Submitted f0 r200 => a working working 200; change of a is done
    "]]);
}

#[test]
fn r21_only_what_ib_has_can_be_changed() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        change a q50 => refused: the order is sent; only what the broker has confirmed can be changed
        open a PendingSubmit => a pending working 100
        change a q50 => refused: the order is pending; only what the broker has confirmed can be changed
        open a PreSubmitted => a presubmitted working 100
        change a q50 => a presubmitted working 100; place 1 50 at 10
        notice a 2102 => a presubmitted working 100; change of a is refused
        cancel a => a presubmitted working 100; cancel 1
        change a q60 => refused: another change or a cancel of the order is on its way; wait for its outcome
    "]]);
}

#[test]
fn r21_a_change_nobody_answers_is_dropped_by_a_snapshot() {
    check(&expect![[r"
        link ready =>
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        change a q200 => a working working 100 exposed 200; place 1 200 at 10
        wait 1000 => a working working 100 exposed 200
        snapshot began => a working working 100 exposed 200
        open a Submitted => a working working 100 exposed 200
        snapshot ended => a working working 100 exposed 200
        wait 30000 => a working working 100 exposed 200; ask Snapshot
        snapshot began => a working working 100 exposed 200
        open a Submitted => a working working 100 exposed 200
        snapshot ended => a working working 100; change of a is refused
    "]]);
}

#[test]
fn r21_a_smaller_size_that_has_filled_already() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        change a q50 => a working working 100; place 1 50 at 10
        exec a @x.01 q50 => a working filled 50 working 50; a trades 50 at 10
        open a Filled q50 => a filled filled 50; change of a is done
    "]]);
}

#[test]
fn r21_a_smaller_size_below_what_fills_meanwhile() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        change a q50 => a working working 100; place 1 50 at 10
        exec a @x.01 q60 => a working filled 60 working 40; a trades 60 at 10
        open a Submitted q50 => a working filled 60 working 40
        notice a 104 => a working filled 60 working 40; change of a is refused
        exec a @y.01 q40 => a filled filled 100; a trades 40 at 10
    "]]);
}

#[test]
fn r21_a_larger_size_while_the_old_one_fills() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        change a q200 => a working working 100 exposed 200; place 1 200 at 10
        exec a @x.01 => a working filled 100 exposed 100; a trades 100 at 10
        open a Submitted q200 => a working filled 100 working 100; change of a is done
        exec a @y.01 => a filled filled 200; a trades 100 at 10
    "]]);
}

#[test]
fn r21_a_larger_size_refused_after_the_fill() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        change a q200 => a working working 100 exposed 200; place 1 200 at 10
        exec a @x.01 => a working filled 100 exposed 100; a trades 100 at 10
        notice a 104 => a filled filled 100; change of a is refused
    "]]);
}

#[test]
fn r21_a_change_in_flight_when_the_link_drops_counts_the_larger() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        change a q200 => a working working 100 exposed 200; place 1 200 at 10
        link lost => a unknown unknown 100 exposed 200
        link ready => a unknown unknown 100 exposed 200
        open a Submitted q200 => a working working 200; change of a is done
    "]]);
}

#[test]
fn a_person_changes_the_order_elsewhere() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        open a Submitted q500 => a working working 500; alarm ChangedElsewhere; ask Snapshot
        exec a @x.01 => a working filled 100 working 400; a trades 100 at 10
        open a Submitted q100 => a filled filled 100; alarm ChangedElsewhere; ask Snapshot
    "]]);
}

#[test]
fn r21_a_change_that_never_left_is_dropped_at_once() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        change a q200 => a working working 100 exposed 200; place 1 200 at 10
        unsent a => a working working 100; change of a was not sent; alarm NotSent
        change a q50 => a working working 100; place 1 50 at 10
    "]]);
}

#[test]
fn r21_a_change_asked_for_twice_is_sent_once() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        change a q200 => a working working 100 exposed 200; place 1 200 at 10
        change a q200 => a working working 100 exposed 200
        change a q300 => refused: another change or a cancel of the order is on its way; wait for its outcome
        open a Submitted q200 => a working working 200; change of a is done
        change a q200 => a working working 200
    "]]);
}

#[test]
fn r21_a_change_nobody_answers_is_looked_for() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        wait 30000 => a working working 100
        change a q200 => a working working 100 exposed 200; place 1 200 at 10
        wait 5000 => a working working 100 exposed 200; ask Snapshot
        wait 5000 => a working working 100 exposed 200
        snapshot began => a working working 100 exposed 200
        open a Submitted => a working working 100 exposed 200
        snapshot ended => a working working 100; change of a is refused
    "]]);
}

#[test]
fn r21_a_change_is_overtaken_by_the_end_of_its_order() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        change a p11 => a working working 100; place 1 100 at 11
        status a Cancelled f0 r100 => a cancelled cancelled 100 exposed 100; change of a is overtaken: cancelled
    "]]);
}

#[test]
fn s23_codes_that_refuse_a_change() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        change a q200 => a working working 100 exposed 200; place 1 200 at 10
        notice a 104 => a working working 100; change of a is refused
        change a q200 => a working working 100 exposed 200; place 1 200 at 10
        notice a 105 => a working working 100; change of a is refused
        change a q200 => a working working 100 exposed 200; place 1 200 at 10
        notice a 2102 => a working working 100; change of a is refused
        change a q200 => a working working 100 exposed 200; place 1 200 at 10
        notice a 462 => a working working 100; change of a is refused
        change a q200 => a working working 100 exposed 200; place 1 200 at 10
        notice a 440 => a working working 100; change of a is refused
        change a q200 => a working working 100 exposed 200; place 1 200 at 10
        notice a 103 => a working working 100; change of a is refused; ask Snapshot
        open a Submitted => a working working 100
    "]]);
}

#[test]
fn r21_a_change_refused_in_unknown_words_is_dropped_by_a_snapshot() {
    check(&expect![[r"
        link ready =>
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        change a q200 => a working working 100 exposed 200; place 1 200 at 10
        notice a 77777 => a working working 100 exposed 200; ask Snapshot
        snapshot began => a working working 100 exposed 200
        open a Submitted => a working working 100 exposed 200
        snapshot ended => a working working 100 exposed 200
        wait 5000 => a working working 100 exposed 200; ask Snapshot
        snapshot began => a working working 100 exposed 200
        open a Submitted => a working working 100 exposed 200
        snapshot ended => a working working 100; change of a is refused
        change a q50 => a working working 100; place 1 50 at 10
    "]]);
}

#[test]
fn r21_a_change_that_was_looked_for_too_soon_is_looked_for_again() {
    check(&expect![[r"
        link ready =>
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        change a q200 => a working working 100 exposed 200; place 1 200 at 10
        wait 5000 => a working working 100 exposed 200; ask Snapshot
        snapshot began => a working working 100 exposed 200
        link lost => a unknown unknown 100 exposed 200
        link ready => a unknown unknown 100 exposed 200
        open a Submitted => a working working 100 exposed 200
        wait 5000 => a working working 100 exposed 200
        snapshot began => a working working 100 exposed 200
        open a Submitted => a working working 100 exposed 200
        snapshot ended => a working working 100 exposed 200
        wait 25000 => a working working 100 exposed 200; ask Snapshot
        snapshot began => a working working 100 exposed 200
        open a Submitted => a working working 100 exposed 200
        snapshot ended => a working working 100; change of a is refused
        change a q50 => a working working 100; place 1 50 at 10
    "]]);
}
