//! Which room may lean on which, and what none of a room's dependencies may bring in.
//!
//! Only what is built into a crate counts: its tests may use what they like.

use std::collections::BTreeSet;

use anyhow::Result;

use super::Fault;
use crate::repository::{Repository, TreeEntry};

/// One crate of `crates/`.
struct Room {
    name: &'static str,
    /// Which of our crates it may be built with, directly or through another.
    ours: &'static [&'static str],
    /// What must not reach it, however deep.
    never: &'static [Never],
}

/// Packages that bring something into a room, and the word for it.
struct Never {
    what: &'static str,
    packages: &'static [&'static str],
}

const RUNTIME: Never = Never {
    what: "a runtime or socket",
    packages: &[
        "tokio",
        "mio",
        "socket2",
        "async-std",
        "async-io",
        "smol",
        "polling",
        "futures-executor",
        "hyper",
        "quinn",
    ],
};
const DISK: Never =
    Never { what: "a store on disk", packages: &["rusqlite", "libsqlite3-sys", "sled", "redb", "tempfile", "memmap2"] };
const RANDOMNESS: Never =
    Never { what: "randomness", packages: &["rand", "rand_core", "getrandom", "fastrand", "uuid"] };
const ENTROPY: Never = Never { what: "randomness that no seed gives", packages: &["getrandom", "fastrand", "uuid"] };
const CLOCK: Never = Never { what: "a clock", packages: &["jiff", "chrono", "time", "quanta"] };
/// Of `jiff` the codec has the calendar: days, times, and zones that a caller hands in. The rules for its sources keep it
/// from asking what time it is or where it is; its manifest leaves out the features that could tell.
const CLOCK_BUT_CALENDAR: Never = Never { what: "a clock", packages: &["chrono", "time", "quanta"] };
const LOG: Never = Never { what: "a log", packages: &["tracing", "log", "slog", "env_logger"] };
const TRADING: Never =
    Never { what: "knowledge of trading", packages: &["rust_decimal", "nom", "prost", "protobuf", "ibapi"] };
const PROTOBUF: Never = Never { what: "generated messages", packages: &["prost", "protobuf"] };

/// The table of rooms in `docs/architecture.md`, as data.
const ROOMS: &[Room] = &[
    Room { name: "tws-proto", ours: &[], never: &[RUNTIME, DISK, RANDOMNESS, CLOCK_BUT_CALENDAR, LOG, PROTOBUF] },
    Room { name: "tws-client", ours: &["tws-proto"], never: &[DISK, PROTOBUF] },
    Room { name: "tws-sim", ours: &["tws-proto"], never: &[DISK, ENTROPY, PROTOBUF] },
    Room { name: "event-bus", ours: &[], never: &[RUNTIME, DISK, CLOCK, TRADING] },
    Room { name: "journal", ours: &[], never: &[RUNTIME, RANDOMNESS, TRADING] },
    Room { name: "order", ours: &["tws-proto"], never: &[RUNTIME, DISK, RANDOMNESS, LOG, PROTOBUF] },
    Room { name: "position", ours: &["tws-proto"], never: &[RUNTIME, DISK, RANDOMNESS, LOG, PROTOBUF] },
    Room {
        name: "risk",
        ours: &["tws-proto", "order", "position"],
        never: &[RUNTIME, DISK, RANDOMNESS, LOG, PROTOBUF],
    },
    Room {
        name: "trader",
        ours: &["tws-proto", "tws-client", "event-bus", "journal", "order", "position", "risk"],
        never: &[PROTOBUF],
    },
];

/// Every room against its row of the table.
pub(super) fn check(repository: &Repository) -> Result<Vec<Fault>> {
    let workspace = repository.workspace()?;
    let folder = repository.root().join("crates");
    let ours: Vec<&str> = workspace.packages.iter().map(|package| package.name.as_str()).collect();
    let mut faults = Vec::new();
    for package in &workspace.packages {
        if !package.manifest_path.starts_with(&folder) {
            continue;
        }
        let name = &package.name;
        let manifest = format!("crates/{name}/Cargo.toml");
        let Some(room) = ROOMS.iter().find(|room| room.name == name) else {
            let remedy = "add its row to ROOMS in xtask/src/tidy/rooms.rs and its paragraph to docs/architecture.md";
            faults.push(Fault::of_file(&manifest, format!("`{name}` is no room of the house"), remedy));
            continue;
        };
        faults.extend(judge(room, &manifest, &ours, &repository.built_into(name)?));
    }
    for room in ROOMS.iter().filter(|room| !ours.contains(&room.name)) {
        let remedy = "take its row out of ROOMS in xtask/src/tidy/rooms.rs";
        faults.push(Fault::of_file("Cargo.toml", format!("the room `{}` does not exist", room.name), remedy));
    }
    Ok(faults)
}

/// The first way in which each forbidden package reaches the room.
fn judge(room: &Room, manifest: &str, ours: &[&str], tree: &[TreeEntry]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for entry in tree {
        let name = entry.name.as_str();
        if name == room.name || !seen.insert(name) {
            continue;
        }
        let way = entry.path.join(" -> ");
        if ours.contains(&name) {
            if !room.ours.contains(&name) {
                let what = format!("`{}` must not know `{name}` ({way})", room.name);
                faults.push(Fault::of_file(manifest, what, "turn the arrow round, or move the code to another room"));
            }
        } else if let Some(never) = room.never.iter().find(|never| never.packages.contains(&name)) {
            let what = format!("`{}` must be free of {}, but `{name}` reaches it ({way})", room.name, never.what);
            faults.push(Fault::of_file(manifest, what, "drop the dependency, or the feature that brings it"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::{ROOMS, judge};
    use crate::repository::TreeEntry;

    /// Each way is a path in a tree; `faults` are packages that the complaint must name.
    #[track_caller]
    fn check(room: &str, ways: &[&str], faults: &[&str]) {
        let room = ROOMS.iter().find(|known| known.name == room).expect("a room of the table");
        let tree: Vec<TreeEntry> = ways
            .iter()
            .map(|way| {
                let path: Vec<String> = way.split('>').map(str::to_owned).collect();
                let name = path.last().cloned().expect("a path has an end");
                TreeEntry { name, version: "1.0.0".to_owned(), licence: "MIT".to_owned(), path }
            })
            .collect();
        let ours: Vec<&str> = ROOMS.iter().map(|room| room.name).collect();
        let found = judge(room, "Cargo.toml", &ours, &tree);
        assert_eq!(found.len(), faults.len(), "{found:?}");
        for (fault, name) in found.iter().zip(faults) {
            assert!(fault.what.contains(&format!("`{name}`")), "{fault:?} does not name {name}");
        }
    }

    #[test]
    fn arrows_point_one_way() {
        check("order", &["order", "order>tws-proto", "order>tws-proto>nom"], &[]);
        check("tws-proto", &["tws-proto", "tws-proto>jiff", "tws-proto>chrono"], &["chrono"]);
        check("event-bus", &["event-bus", "event-bus>jiff"], &["jiff"]);
        check("order", &["order", "order>risk"], &["risk"]);
        check("tws-proto", &["tws-proto", "tws-proto>order"], &["order"]);
        check("journal", &["journal", "journal>order", "journal>order>tws-proto"], &["order", "tws-proto"]);
        check("trader", &["trader", "trader>tws-sim"], &["tws-sim"]);
        check("risk", &["risk", "risk>order", "risk>position", "risk>tws-proto"], &[]);
    }

    #[test]
    fn what_a_room_never_has_is_found_however_deep() {
        check("position", &["position", "position>serde", "position>serde>tokio"], &["tokio"]);
        check("tws-proto", &["tws-proto", "tws-proto>tracing", "tws-proto>rand"], &["tracing", "rand"]);
        check("tws-sim", &["tws-sim", "tws-sim>rand", "tws-sim>rand>getrandom"], &["getrandom"]);
        check("tws-client", &["tws-client", "tws-client>tokio"], &[]);
        check("journal", &["journal", "journal>rusqlite"], &[]);
    }
}
