//! F21: what the broker says of one order comes in any order and more than once. The end is the same.

mod world;

use rust_decimal::Decimal;
use world::{World, id};

/// Every order of the events; with `again` one of them comes once more, at every place behind itself.
fn permutations(events: &[&'static str]) -> Vec<Vec<&'static str>> {
    let Some((first, rest)) = events.split_first() else { return vec![Vec::new()] };
    let mut all = Vec::new();
    for permutation in permutations(rest) {
        for at in 0..=permutation.len() {
            let mut longer = permutation.clone();
            longer.insert(at, first);
            all.push(longer);
        }
    }
    all
}

fn with_duplicates(events: &[&'static str]) -> Vec<Vec<&'static str>> {
    let mut all = permutations(events);
    for permutation in permutations(events) {
        for again in 0..permutation.len() {
            for at in again..permutation.len() {
                let mut longer = permutation.clone();
                longer.insert(at + 1, permutation[again]);
                all.push(longer);
            }
        }
    }
    all
}

/// The quantity in front of a price.
fn quantity(text: &str) -> Decimal {
    world::decimal(text.split(' ').next().unwrap())
}

/// `expected`: the state, what has filled, what is cancelled, and the sum of all commissions told.
#[track_caller]
fn check(before: &[&str], events: &[&'static str], expected: &str) {
    for permutation in with_duplicates(events) {
        let mut world = World::new();
        for line in before {
            let _ = world.run(line);
        }
        let mut costs = Decimal::ZERO;
        let mut traded = Decimal::ZERO;
        for line in &permutation {
            let outcome = world.run(line);
            for part in outcome.split("; ") {
                if let Some(cost) = part.strip_prefix("costs ") {
                    costs += world::decimal(cost.split(' ').next().unwrap());
                }
                let fill = part.strip_prefix("a trades ").or_else(|| part.strip_prefix("a is inferred to trade "));
                if let Some(fill) = fill {
                    let (now, before) = fill.split_once(" for ").unwrap_or((fill, "0"));
                    traded += quantity(now) - quantity(before);
                }
            }
        }
        if permutation.len() == events.len() {
            world.check_replay();
        }
        let order = world.orders.update(id('a')).unwrap();
        assert_eq!(traded, order.filled, "{permutation:?}");
        let found = format!("{} filled {} cancelled {} costs {costs}", order.state, order.filled, order.cancelled);
        assert_eq!(found, expected, "{permutation:?}");
    }
}

#[test]
fn an_instant_fill() {
    check(
        &["place a"],
        &["open a Filled", "status a Filled f100 r0", "exec a @x.01", "cost a @x.01"],
        "filled filled 100 cancelled 0 costs 1",
    );
}

#[test]
fn an_instant_fill_that_was_submitted_for_a_moment() {
    check(
        &["place a"],
        &["open a Submitted", "status a Submitted f0 r100", "status a Filled f100 r0", "exec a @x.01", "cost a @x.01"],
        "filled filled 100 cancelled 0 costs 1",
    );
}

#[test]
fn a_fill_in_two_parts() {
    check(
        &["place a"],
        &["open a Filled", "exec a @x.01 q40", "exec a @y.01 q60", "status a Filled f100 r0", "cost a @y.01 q2"],
        "filled filled 100 cancelled 0 costs 2",
    );
}

#[test]
fn a_partial_fill() {
    check(
        &["place a"],
        &["open a Submitted", "status a Submitted f40 r60", "exec a @x.01 q40", "cost a @x.01"],
        "working filled 40 cancelled 0 costs 1",
    );
}

#[test]
fn a_corrected_fill() {
    check(
        &["place a", "open a Submitted"],
        &["status a Submitted f30 r70", "exec a @x.02 q30", "cost a @x.02"],
        "working filled 30 cancelled 0 costs 1",
    );
}

#[test]
fn r14_an_inferred_fill_is_replaced_in_any_order() {
    check(
        &["place a", "open a Submitted"],
        &["status a Filled f100 r0 p10", "pass 31", "exec a @x.01 q60", "exec a @y.01 q40"],
        "filled filled 100 cancelled 0 costs 0",
    );
    check(
        &["place a", "open a Submitted", "cancel a"],
        &["status a Cancelled f40 r60 p10", "pass 31", "exec a @x.01 q40 f40", "cost a @x.01"],
        "cancelled filled 40 cancelled 60 costs 1",
    );
}

#[test]
fn a_cancel() {
    check(
        &["place a", "open a Submitted", "cancel a"],
        &["open a PendingCancel", "status a PendingCancel", "status a Cancelled f0 r100", "notice a 202"],
        "cancelled filled 0 cancelled 100 costs 0",
    );
}

#[test]
fn a_cancel_of_an_order_never_shown() {
    check(
        &["place a", "cancel a"],
        &["open a Cancelled", "status a Cancelled f0 r100", "notice a 202"],
        "cancelled filled 0 cancelled 100 costs 0",
    );
}

#[test]
fn a_cancel_that_crosses_a_partial_fill() {
    check(
        &["place a", "open a Submitted", "cancel a"],
        &["status a PendingCancel", "exec a @x.01 q40", "status a Cancelled f40 r60", "notice a 202", "cost a @x.01"],
        "cancelled filled 40 cancelled 60 costs 1",
    );
}

#[test]
fn a_cancel_that_comes_too_late() {
    check(
        &["place a", "open a Submitted", "cancel a"],
        &["status a PendingCancel", "exec a @x.01", "status a Filled f100 r0", "notice a 10148", "cost a @x.01"],
        "filled filled 100 cancelled 0 costs 1",
    );
}

#[test]
fn a_refusal() {
    check(
        &["place a"],
        &["open a Inactive", "status a Inactive f0 r100", "notice a 201"],
        "rejected filled 0 cancelled 100 costs 0",
    );
}

#[test]
fn a_refusal_that_ends_as_cancelled() {
    check(
        &["place a", "open a PendingSubmit"],
        &["status a Cancelled f0 r100", "notice a 201", "done a Cancelled"],
        "rejected filled 0 cancelled 100 costs 0",
    );
}
