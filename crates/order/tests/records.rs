//! What is recorded: each piece of news once, and of a snapshot only what it shows to be different.

mod world;

use world::World;

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
