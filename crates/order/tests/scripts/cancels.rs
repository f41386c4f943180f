//! Cancels, and fills that cross them (R19, R20).

use expect_test::expect;

use crate::check;

#[test]
fn r19_a_cancel_nobody_answers_s22() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        cancel a => a working working 100; cancel 1
        cancel a => a working working 100
        wait 4000 => a working working 100
        wait 1000 => a working working 100; cancel 1; ask Snapshot
        wait 5000 => a working working 100; cancel 1; ask Snapshot
        wait 5000 => a working working 100; cancel of a has no answer; alarm CancelUnanswered; ask Snapshot
        wait 60000 => a working working 100
        cancel a => a working working 100; cancel 1
        wait 5000 => a working working 100; cancel 1; ask Snapshot
    "]]);
}

#[test]
fn r19_202() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        cancel a => a working working 100; cancel 1
        notice a 202 => a cancelled cancelled 100 exposed 100; cancel of a is done
        wait 2000 => a cancelled cancelled 100
    "]]);
}

#[test]
fn r19_161() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        cancel a => a working working 100; cancel 1
        notice a 161 => a working working 100; ask Snapshot
        wait 5000 => a working working 100; cancel 1; ask Snapshot
    "]]);
}

#[test]
fn r19_10147() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        cancel a => a working working 100; cancel 1
        notice a 10147 => a working working 100; ask Snapshot
        exec a @x.01 => a filled filled 100; a trades 100 at 10; cancel of a is overtaken: filled
    "]]);
}

#[test]
fn r19_10148() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        cancel a => a working working 100; cancel 1
        notice a 10148 => a working working 100; ask Snapshot
        status a Cancelled f0 r100 => a cancelled cancelled 100 exposed 100; cancel of a is done
    "]]);
}

#[test]
fn r19_a_cancel_is_kept_while_the_link_is_away() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        link lost => a unknown unknown 100
        cancel a => a unknown unknown 100; cancel 1
        wait 60000 => a unknown unknown 100
        link ready => a unknown unknown 100; cancel 1
        open a PendingCancel => a cancel pending working 100
        link down => a cancel pending working 100
        link up => a cancel pending working 100; cancel 1
        status a Cancelled => a cancelled cancelled 100 exposed 100; cancel of a is done
    "]]);
}

#[test]
fn r20_what_was_cancelled_settles() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        cancel a => a working working 100; cancel 1
        status a Cancelled f0 r100 => a cancelled cancelled 100 exposed 100; cancel of a is done
        exec a @x.01 q10 => a cancelled filled 10 cancelled 90 exposed 90; a trades 10 at 10
        wait 1999 => a cancelled filled 10 cancelled 90 exposed 90
        wait 1 => a cancelled filled 10 cancelled 90
    "]]);
}

#[test]
fn s20_fill_while_cancel_in_flight() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        cancel a => a working working 100; cancel 1
        status a PendingCancel => a cancel pending working 100
        exec a @x.01 => a filled filled 100; a trades 100 at 10; cancel of a is overtaken: filled
        status a Filled f100 r0 => a filled filled 100
        notice a 161 => a filled filled 100
        status a Cancelled => a filled filled 100
        wait 10000 => a filled filled 100
    "]]);
}

#[test]
fn s21_full_fill_after_cancelled() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        cancel a => a working working 100; cancel 1
        status a Cancelled => a cancelled cancelled 100 exposed 100; cancel of a is done
        exec a @x.01 => a filled filled 100; a trades 100 at 10; alarm Reopened
    "]]);
}

#[test]
fn r19_a_cancel_answered_only_at_the_next_open() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        cancel a => a working working 100; cancel 1
        wait 5000 => a working working 100; cancel 1; ask Snapshot
        wait 5000 => a working working 100; cancel 1; ask Snapshot
        wait 5000 => a working working 100; cancel of a has no answer; alarm CancelUnanswered; ask Snapshot
        wait 50000000 => a working working 100
        status a Cancelled f0 r100 => a cancelled cancelled 100 exposed 100; cancel of a is done
    "]]);
}

#[test]
fn r20_exposure_is_never_understated_after_a_cancel() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        cancel a => a working working 100; cancel 1
        status a Cancelled f0 r100 => a cancelled cancelled 100 exposed 100; cancel of a is done
        wait 300 => a cancelled cancelled 100 exposed 100
        exec a @x.01 q10 => a cancelled filled 10 cancelled 90 exposed 90; a trades 10 at 10
        wait 1600 => a cancelled filled 10 cancelled 90 exposed 90
        wait 100 => a cancelled filled 10 cancelled 90
    "]]);
}

#[test]
fn r20_a_refusal_of_before_does_not_free_what_is_cancelled() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        notice a 201 => a working working 100; alarm Contradiction; ask Snapshot
        wait 600000 => a working working 100
        cancel a => a working working 100; cancel 1
        status a Cancelled r100 => a cancelled cancelled 100 exposed 100; cancel of a is done
        wait 2000 => a cancelled cancelled 100
    "]]);
}
