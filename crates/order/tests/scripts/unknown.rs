//! What is not known, and how it is found out (R4, R6, R8, R9, R10, R11).

use expect_test::expect;
use order::{HaltScope, State};
use tws_proto::ids::ContractId;

use crate::check;
use crate::world::{World, id};

#[test]
fn r04_nothing_leaves_again_by_itself() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        link lost => a unknown unknown 100
        link ready => a unknown unknown 100
        wait 60000 => a unknown unknown 100
        snapshot began => a unknown unknown 100
        snapshot ended => a unknown unknown 100
        wait 60000 => a unknown unknown 100
    "]]);
}

#[test]
fn r06_link_loss_makes_orders_unknown() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        place b => a sent working 100; b sent working 100; place 2 100 at 10
        open b Submitted => a sent working 100; b working working 100
        link lost => a unknown unknown 100; b unknown unknown 100
        link ready => a unknown unknown 100; b unknown unknown 100
        open a Submitted => a working working 100; b unknown unknown 100
        open b Submitted => a working working 100; b working working 100
    "]]);
}

#[test]
fn r06_upstream_loss_makes_only_the_unanswered_unknown() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        place b => a sent working 100; b sent working 100; place 2 100 at 10
        open b Submitted => a sent working 100; b working working 100
        link down => a unknown unknown 100; b working working 100
        link up => a unknown unknown 100; b working working 100
        open a Submitted => a working working 100; b working working 100
    "]]);
}

#[test]
fn r06_10328_is_an_outcome_unknown() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        notice a 10328 => a unknown unknown 100; ask Snapshot
        open a Submitted => a working working 100
        notice a 10328 => a working working 100; ask Snapshot
    "]]);
}

#[test]
fn r08_half_a_snapshot_is_none() {
    check(&expect![[r"
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
    "]]);
}

#[test]
fn r09_found_nowhere_twice_is_lost() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        link lost => a unknown unknown 100
        link ready => a unknown unknown 100
        wait 1000 => a unknown unknown 100
        snapshot began => a unknown unknown 100
        snapshot ended => a unknown unknown 100
        wait 31000 => a unknown unknown 100
        snapshot began => a unknown unknown 100
        snapshot ended => a lost cancelled 100; alarm Lost
    "]]);
}

#[test]
fn r09_two_snapshots_too_close_prove_nothing() {
    check(&expect![[r"
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
    "]]);
}

#[test]
fn r10_no_verdict_before_upstream_has_settled() {
    check(&expect![[r"
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
    "]]);
}

#[test]
fn r09_found_open_between_two_absences_starts_again() {
    check(&expect![[r"
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
    "]]);
}

#[test]
fn r09_nothing_is_lost_while_a_fill_is_missing() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        wait 31000 => a working working 100
        status a Filled f100 r0 => a filled, unproven working 100
        snapshot began => a filled, unproven working 100
        snapshot ended => a filled, unproven working 100
        wait 11000 => a filled, unproven working 100; ask Executions
        snapshot began => a filled, unproven working 100
        snapshot ended => a filled, unproven working 100; ask Executions
        exec a @x.01 => a filled filled 100; a trades 100 at 10
    "]]);
}

#[test]
fn r09_found_in_executions_or_completed() {
    check(&expect![[r"
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
    "]]);
}

#[test]
fn r11_lost_comes_back() {
    check(&expect![[r"
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
    "]]);
}

#[test]
fn r11_rejected_comes_back() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        notice a 201 => a rejected cancelled 100
        open a Submitted => a working working 100; alarm Reopened
    "]]);
}

#[test]
fn s42_an_order_kept_by_tws_is_submitted_later() {
    check(&expect![[r"
        link down =>
        place a => a sent working 100; place 1 100 at 10
        wait 1000 => a sent working 100
        link up => a sent working 100
        wait 1000 => a sent working 100
        snapshot began => a sent working 100
        snapshot ended => a unknown unknown 100
        wait 19000 => a unknown unknown 100
        open a Submitted => a working working 100
        wait 11000 => a working working 100
        snapshot began => a working working 100
        open a Submitted => a working working 100
        snapshot ended => a working working 100
    "]]);
}

#[test]
fn s42_an_order_kept_by_tws_is_dropped_at_its_restart() {
    check(&expect![[r"
        link down =>
        place a => a sent working 100; place 1 100 at 10
        wait 1000 => a sent working 100
        link lost => a unknown unknown 100
        wait 60000 => a unknown unknown 100
        link ready => a unknown unknown 100
        wait 1000 => a unknown unknown 100
        snapshot began => a unknown unknown 100
        snapshot ended => a unknown unknown 100
        wait 30000 => a unknown unknown 100
        snapshot began => a unknown unknown 100
        snapshot ended => a lost cancelled 100; alarm Lost
    "]]);
}

#[test]
fn r07_a_fill_between_two_parts_of_a_snapshot_counts_once() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        wait 1000 => a working working 100
        link lost => a unknown unknown 100
        link ready => a unknown unknown 100
        wait 1000 => a unknown unknown 100
        snapshot began => a unknown unknown 100
        open a Submitted => a working working 100
        exec a @x.01 => a filled filled 100; a trades 100 at 10
        exec a @x.01 => a filled filled 100
        status a Filled f100 r0 => a filled filled 100
        snapshot ended => a filled filled 100
    "]]);
}

/// Does one line after the other.
fn run(world: &mut World, lines: &[&str]) {
    for line in lines {
        let _ = world.run(line);
    }
}

#[test]
fn r09_nothing_is_lost_while_nobody_has_looked_at_a_position_that_moved_there() {
    let mut world = World::new();
    run(&mut world, &["place a", "open a Submitted", "link lost", "link ready", "wait 40000"]);
    run(&mut world, &["snapshot began", "snapshot ended u", "wait 11000", "snapshot began", "snapshot ended u"]);
    // The difference is booked as of others: from here on positions agree.
    let scope = HaltScope::Instrument { account: "DU1".to_owned(), contract_id: ContractId(8314) };
    let step = world.orders.halt(scope.clone(), "the broker holds 100 IBM, and fills explain only 0", world.now);
    world.keep(step);
    run(&mut world, &["wait 11000", "snapshot began", "snapshot ended"]);
    assert!(matches!(world.orders.get(id('a')).unwrap().state, State::Unknown(_)));
    let step = world.orders.acknowledge(scope, "anna", world.now).unwrap();
    world.keep(step);
    run(&mut world, &["wait 11000", "snapshot began", "snapshot ended"]);
    assert_eq!(world.orders.get(id('a')).unwrap().state, State::Lost);
    world.check_replay();
}

#[test]
fn r39_an_order_from_before_the_clock_was_set_back_is_compared_too() {
    let mut world = World::new();
    world.now.0 += 7_200_000_000;
    run(&mut world, &["place a"]);
    world.now.0 -= 3_600_000_000; // the next run begins an hour earlier by its wall clock
    run(&mut world, &["link lost", "link ready", "wait 40000"]);
    for _ in 0..2 {
        run(&mut world, &["snapshot began", "snapshot ended", "wait 11000"]);
    }
    assert_eq!(world.orders.get(id('a')).unwrap().state, State::Lost);
    world.check_replay();
}

#[test]
fn r09_fills_that_stay_missing_are_alarmed_once_and_a_cancel_gives_them_up() {
    check(&expect![[r"
        place a => a sent working 100; place 1 100 at 10
        open a Submitted => a working working 100
        exec a @x.01 q40 => a working filled 40 working 60; a trades 40 at 10
        exec a @x.02 q30 => a working filled 30 working 70; a trades 30 at 10 for 40 at 10
        status a Filled f100 r0 => a filled, unproven filled 30 working 70
        wait 2000 => a filled, unproven filled 30 working 70; ask Executions
        wait 28000 => a filled, unproven filled 30 working 70; alarm FillsMissing
        snapshot began => a filled, unproven filled 30 working 70
        snapshot ended => a filled, unproven filled 30 working 70
        wait 11000 => a filled, unproven filled 30 working 70
        snapshot began => a filled, unproven filled 30 working 70
        snapshot ended => a filled, unproven filled 30 working 70; ask Executions
        wait 11000 => a filled, unproven filled 30 working 70
        snapshot began => a filled, unproven filled 30 working 70
        snapshot ended => a filled, unproven filled 30 working 70; ask Executions
        cancel a => a filled, unproven filled 30 working 70; cancel 1
        notice a 10147 => a filled, unproven filled 30 working 70; ask Snapshot
        snapshot began => a filled, unproven filled 30 working 70
        snapshot ended => a unknown filled 30 unknown 70
        snapshot began => a unknown filled 30 unknown 70
        snapshot ended => a lost filled 30 cancelled 70; cancel of a is overtaken: lost; alarm Lost
    "]]);
}

#[test]
fn r09_what_a_status_calls_filled_is_not_lost() {
    check(&expect![[r"
        bracket a => a sent working 100; b sent working 100; c sent working 100; place 1 100 at 10, place 2 100 at 12, place 3 100 at 0
        open a Submitted => a working working 100; b sent working 100; c sent working 100
        open b Submitted => a working working 100; b working working 100; c sent working 100
        open c PreSubmitted => a working working 100; b working working 100; c presubmitted working 100
        exec a @x.01 => a filled filled 100; b working working 100; c presubmitted working 100; a trades 100 at 10
        status b Filled => a filled filled 100; b filled, unproven working 100; c presubmitted working 100
        status c Cancelled => a filled filled 100; b filled, unproven working 100; c cancelled cancelled 100 exposed 100
        wait 31000 => a filled filled 100; b filled, unproven working 100; c cancelled cancelled 100; cancel 2; alarm Unprotected
        snapshot began => a filled filled 100; b filled, unproven working 100; c cancelled cancelled 100
        snapshot ended => a filled filled 100; b filled, unproven working 100; c cancelled cancelled 100
        wait 11000 => a filled filled 100; b filled, unproven working 100; c cancelled cancelled 100; cancel 2; ask Snapshot
        snapshot began => a filled filled 100; b filled, unproven working 100; c cancelled cancelled 100
        snapshot ended => a filled filled 100; b filled, unproven working 100; c cancelled cancelled 100; alarm FillsMissing; ask Executions
        wait 11000 => a filled filled 100; b filled, unproven working 100; c cancelled cancelled 100; cancel 2; ask Snapshot
        snapshot began => a filled filled 100; b filled, unproven working 100; c cancelled cancelled 100
        snapshot ended => a filled filled 100; b filled, unproven working 100; c cancelled cancelled 100; ask Executions
        exec b @y.01 p12 => a filled filled 100; b filled filled 100; c cancelled cancelled 100; b trades 100 at 12; cancel of b is overtaken: filled
    "]]);
}
