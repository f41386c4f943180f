//! The rules and the fault cases, each as a script: an event a line, and behind the arrow what came of it. The text is
//! both what is done and what is expected; `UPDATE_EXPECT=1` writes what came anew.

#[path = "../world/mod.rs"]
mod world;

mod away;
mod cancels;
mod changes;
mod fills;
mod groups;
mod identity;
mod oddities;
mod unknown;

use expect_test::Expect;

use crate::world::World;

#[track_caller]
fn check(script: &Expect) {
    let mut world = World::new();
    let mut trace = String::new();
    for line in script.data().lines().map(str::trim).filter(|line| !line.is_empty()) {
        let event = line.split_once("=>").map_or(line, |(event, _)| event).trim();
        let outcome = world.run(event);
        trace.push_str(format!("{event} => {outcome}").trim_end());
        trace.push('\n');
    }
    world.check_replay();
    script.assert_eq(&trace);
}
