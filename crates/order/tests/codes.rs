//! R23: what each code does to an order that nobody has answered, to one that works, and to a change of one.

mod world;

use world::World;

#[track_caller]
fn check(codes: &[i32], [fresh, working, changing]: [&str; 3]) {
    for code in codes {
        for (before, expected) in [
            (&["place a"][..], fresh),
            (&["place a", "open a Submitted"], working),
            (&["place a", "open a Submitted", "change a q200 p11"], changing),
        ] {
            let mut world = World::new();
            for line in before {
                let _ = world.run(line);
            }
            let outcome = world.run(&format!("notice a {code}"));
            assert_eq!(outcome, expected, "{code} after {before:?}");
            let order = world.orders.get(world::id('a')).unwrap();
            assert_eq!(order.intent.quantity, world::intent('a').quantity, "the confirmed size stands");
            assert_eq!(order.intent.kind, world::intent('a').kind, "the confirmed price stands");
            world.check_replay();
        }
    }
}

#[test]
fn a_refusal_ends_what_was_never_acknowledged() {
    check(
        &[
            103, 106, 107, 109, 111, 113, 116, 117, 118, 200, 201, 203, 412, 460, 10006, 10015, 10268, 10269, 10289,
            10318,
        ],
        [
            "a rejected cancelled 100",
            "a working working 100; alarm Contradiction; ask Snapshot",
            "a working working 100; change of a is refused; ask Snapshot",
        ],
    );
}

#[test]
fn a_refusal_of_an_order_or_of_a_change() {
    check(
        &[110, 321],
        [
            "a rejected cancelled 100",
            "a working working 100; alarm Contradiction; ask Snapshot",
            "a working working 100; change of a is refused",
        ],
    );
}

#[test]
fn a_refused_change_leaves_the_order_as_it_was() {
    check(
        &[104, 105, 329, 2102],
        [
            "a sent working 100; ask Snapshot",
            "a working working 100; ask Snapshot",
            "a working working 100; change of a is refused",
        ],
    );
}

#[test]
fn what_refused_a_change_is_not_why_the_order_has_ended() {
    for (end, reason) in [("status a Cancelled f0 r100", ""), ("exec a @x.01", ""), ("notice a 202", "202 text")] {
        let mut world = World::new();
        for line in ["place a", "open a Submitted", "change a q200", "notice a 104", end] {
            let _ = world.run(line);
        }
        assert_eq!(world.orders.get(world::id('a')).unwrap().reason, reason, "{end}");
        world.check_replay();
    }
}

#[test]
fn a_remark_changes_nothing() {
    check(
        &[399, 434, 481, 2109, 2137, 2168, 2169, 10349],
        ["a sent working 100", "a working working 100", "a working working 100 exposed 200"],
    );
}

#[test]
fn what_is_no_verdict_is_looked_into() {
    check(
        &[135, 136, 161, 10147, 10148, 77777],
        [
            "a sent working 100; ask Snapshot",
            "a working working 100; ask Snapshot",
            "a working working 100 exposed 200; ask Snapshot",
        ],
    );
    check(
        &[10328],
        [
            "a unknown unknown 100; ask Snapshot",
            "a working working 100; ask Snapshot",
            "a working working 100 exposed 200; ask Snapshot",
        ],
    );
}

#[test]
fn a_cancel_and_a_hold_are_what_they_say() {
    check(
        &[202],
        [
            "a cancelled cancelled 100 exposed 100",
            "a cancelled cancelled 100 exposed 100",
            "a cancelled cancelled 100 exposed 100; change of a is overtaken: cancelled",
        ],
    );
    check(&[404], ["a held working 100", "a held working 100", "a held working 100 exposed 200"]);
}
