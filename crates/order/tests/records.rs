//! What is recorded: each piece of news once, and of a snapshot only what it shows to be different.

mod world;

use order::Extension;
use tws_proto::condition::{Bound, Condition, Conjunction};
use world::{Open, World};

const BOOK: [&str; 9] = [
    "snapshot began",
    "open a Submitted",
    "status a Submitted f40 r60",
    "open A Submitted #7 c2 q50",
    "status A Submitted #7 c2 f0 r50",
    "done b Cancelled f0",
    "exec a @x.01 q40 f40",
    "cost a @x.01",
    "snapshot ended",
];

#[test]
fn r41_a_standing_check_that_shows_nothing_new_records_nothing() {
    let mut world = World::new();
    for line in ["place a", "place b", "open b Submitted", "wait 1000"].iter().chain(&BOOK) {
        let _ = world.run(line);
    }
    let recorded = world.records.len();
    for minute in 0..50 {
        let _ = world.run("wait 60000");
        for line in BOOK {
            let _ = world.run(line);
            assert_eq!(world.records.len(), recorded, "{line} in minute {minute} is nothing new");
        }
    }
    // Once an hour it is recorded that there was nothing.
    for _ in 0..20 {
        let _ = world.run("wait 60000");
        for line in BOOK {
            let _ = world.run(line);
        }
    }
    assert_eq!(world.records.len(), recorded + 1);
    world.check_replay();
}

#[test]
fn r41_a_standing_check_records_what_differs() {
    let mut world = World::new();
    for line in ["place a", "place b", "open b Submitted", "wait 1000"].iter().chain(&BOOK) {
        let _ = world.run(line);
    }
    let recorded = world.records.len();
    for line in ["wait 60000", "snapshot began", "status A Submitted #7 c2 f0 r50", "snapshot ended"] {
        let _ = world.run(line);
    }
    // The order of ours is absent, and the other's is gone: one record.
    assert_eq!(world.records.len(), recorded + 1);
    assert_eq!(world.orders.external().count(), 0);
    assert!(world.orders.has_unknown());
    world.check_replay();
}

const DAY_MS: i64 = 86_400_000;

#[test]
fn r12_keys_of_executions_are_kept_for_eight_days() {
    let mut world = World::new();
    for line in
        ["place a", "place b", "exec a @x.01", "open b Submitted", "exec A @y.01 #7 c2", "bracket d", "exec d @z.01"]
    {
        let _ = world.run(line);
    }
    let forget = |world: &mut World| {
        let step = world.orders.forget_ended_before(world.now, world.now);
        let is_recorded = !step.records.is_empty();
        let _ = world.keep(step);
        is_recorded
    };
    world.now.0 += 7 * DAY_MS * 1000;
    assert!(!forget(&mut world), "a week is too early, whatever is asked for");
    assert!(!world.run("exec a @x.01").contains("trades"), "told again, it is known");
    world.now.0 += 2 * DAY_MS * 1000;
    assert!(forget(&mut world));
    let left: Vec<_> = world.orders.iter().map(|order| order.intent.id).collect();
    assert_eq!(left, ['b', 'd', 'e', 'f'].map(world::id), "a live order stays, and a group with a live leg");
    let roots: Vec<_> = world.orders.executions().iter().map(|(root, _)| root.into_owned()).collect();
    assert_eq!(roots, ["z"]);
    assert!(!forget(&mut world), "once");
    assert!(world.orders.next_order_id().0 > 4, "numbers never come again");
    world.check_replay();
}

/// What is kept without a record would be missing in a replay.
#[test]
fn r21_a_number_that_is_shown_in_another_spelling_is_no_news() {
    for shown in ["open a Submitted q100.0", "open a Submitted p10.00"] {
        let mut world = World::new();
        for line in ["place a", "open a Submitted"] {
            let _ = world.run(line);
        }
        let recorded = world.records.len();
        let _ = world.run(shown);
        assert_eq!(world.records.len(), recorded, "{shown}");
        world.check_replay();
    }
    let mut world = World::new();
    for line in ["place a", "exec a @x.01 q40", "open a Submitted p10.00"] {
        let _ = world.run(line);
    }
    world.check_replay();
}

#[test]
fn r12_an_execution_that_comes_late_finds_an_order_with_conditions() {
    let mut world = World::new();
    let condition = Condition::Margin { conjunction: Conjunction::default(), bound: Bound::Below, percent: Some(10) };
    let mut wish = world::intent('a');
    wish.extension = Some(Extension::new(|order| order.conditions = vec![condition]).unwrap());
    let step = world.orders.submit(wish.into(), &Open, world.now).unwrap();
    let _ = world.keep(step);
    for line in ["open a Submitted", "exec a @x.01 q100"] {
        let _ = world.run(line);
    }
    let before = world.orders.clone();
    world.orders.pack_ended();
    assert_eq!(world.orders, before);
    assert!(world.run("exec a @y.01 q100").contains("alarm Overfilled"), "it is still the order's own");
}

#[test]
fn numbers_that_are_not_ours_are_remembered_up_to_a_limit() {
    let mut world = World::new();
    let _ = world.run("place a");
    for number in 1_000..6_000 {
        let _ = world.run(&format!("open A Cancelled #{number}"));
    }
    let book = serde_json::to_value(&world.orders).unwrap();
    assert_eq!(book["strangers"].as_array().unwrap().len(), 4096);
}

#[test]
fn r25_a_bracket_is_kept_while_what_protects_its_position_lives() {
    let mut world = World::new();
    for line in [
        "bracket a protect",
        "open b Submitted",
        "open c PreSubmitted",
        "exec a @x.01",
        "status b Cancelled",
        "status c Cancelled",
        "wait 500",
        "protect z",
        "open z PreSubmitted",
    ] {
        let _ = world.run(line);
    }
    let forget = |world: &mut World| {
        world.now.0 += 9 * DAY_MS * 1000;
        let step = world.orders.forget_ended_before(world.now, world.now);
        let _ = world.keep(step);
    };
    forget(&mut world);
    assert_eq!(world.orders.iter().count(), 4);
    let _ = world.run("status z Cancelled");
    assert!(world.run("wait 500").contains("alarm Unprotected"));
    forget(&mut world);
    assert_eq!(world.orders.iter().count(), 0, "all of it goes at once");
    world.check_replay();
}

#[test]
fn r22_books_of_before_do_not_say_what_is_of_which_incarnation() {
    let mut world = World::new();
    for line in ["place a", "open a Submitted", "open a Submitted #7", "exec a @x.01 f100"] {
        let _ = world.run(line);
    }
    let mut stored = serde_json::to_value(&world.orders).unwrap();
    for order in stored["orders"].as_object_mut().unwrap().values_mut() {
        assert!(order.as_object_mut().unwrap().remove("incarnations").is_some());
    }
    world.orders = serde_json::from_value(stored).unwrap();
    for line in ["status a Filled f100 r0", "status a Filled #7 f100 r0", "exec a @x.01 f100"] {
        let _ = world.run(line);
    }
    assert!(world.run("wait 2000").contains("ask Executions"), "what is told from now on tells both");
    let _ = world.run("exec a @y.01 #7 f100");
    assert!(!world.run("wait 40000").contains("ask"));
    let full = world.orders.clone();
    world.orders.pack_ended();
    assert_eq!(world.orders, full);
}
