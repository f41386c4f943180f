//! What holds after any events and commands in any order.

mod world;

use std::collections::{BTreeMap, BTreeSet};

use order::{Action, Event, Execution, LinkEvent, Record, SnapshotEvent, Timestamp};
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;
use tws_proto::ClientMessage;
use world::{World, book, id};

const STATUSES: [&str; 11] = [
    "ApiPending",
    "PendingSubmit",
    "PreSubmitted",
    "Submitted",
    "PendingCancel",
    "Cancelled",
    "ApiCancelled",
    "Filled",
    "Inactive",
    "Sleeping",
    "",
];

/// An order of ours, or, as a capital letter, another one with its id.
fn name() -> impl Strategy<Value = char> {
    prop_oneof![8 => select(vec!['a', 'b', 'c']), 1 => select(vec!['A', 'B'])]
}

/// Mostly the number that belongs to the order, at times none, another's, or that of a second incarnation.
fn number() -> impl Strategy<Value = &'static str> {
    prop_oneof![8 => Just(""), 1 => Just("#0"), 1 => Just("#7"), 1 => Just("#102")]
}

fn line() -> impl Strategy<Value = String> {
    let status = select(STATUSES.to_vec());
    let quantity = prop_oneof![10 => 0_u32..120, 1 => Just(u32::MAX)];
    let code = select(vec![
        103, 104, 105, 110, 135, 161, 200, 201, 202, 321, 329, 399, 404, 2102, 10147, 10148, 10328, 10349, 5,
    ]);
    let link = select(vec!["link lost", "link ready", "link ready n40", "link down", "link up"]);
    let snapshot = select(vec!["snapshot began", "snapshot ended"]);
    let wait = select(vec!["wait 1", "wait 1000", "wait 6000", "wait 40000", "wait -5000", "pass 3", "pass 31"]);
    let group = select(vec!["bracket a", "bracket a protect", "bracket a flatten", "oca a", "oca a reduce"]);
    let rare = select(vec![
        "hours 60",
        "replace a b",
        "replace b c adopt",
        "replace c d",
        "protect d",
        "protect e",
        "acknowledge anna",
        "acknowledge anna everything",
        "snapshot ended u h3",
        "snapshot ended h0",
    ]);
    let ours = select(vec!['a', 'b', 'c']);
    prop_oneof![
        2 => ours.clone().prop_map(|name| format!("place {name}")),
        1 => ours.clone().prop_map(|name| format!("cancel? {name}")),
        1 => (ours.clone(), 1_u32..200, 9_u32..12).prop_map(|(name, q, p)| format!("change {name} q{q} p{p}")),
        1 => ours.prop_map(|name| format!("unsent {name}")),
        4 => (name(), status.clone(), number(), quantity.clone(), 9_u32..12)
            .prop_map(|(name, status, number, q, p)| format!("open {name} {status} {number} q{q} p{p}")),
        1 => (name(), status.clone(), number(), quantity.clone())
            .prop_map(|(name, status, number, q)| format!("done {name} {status} {number} f{q}")),
        4 => (name(), status, number(), quantity.clone(), quantity.clone())
            .prop_map(|(name, status, number, f, r)| format!("status {name} {status} {number} f{f} r{r}")),
        4 => (name(), 1_u32..6, 1_u32..4, number(), quantity, any::<bool>()).prop_map(
            |(name, root, revision, number, q, is_named)| {
                let reference = if is_named { "" } else { "=" };
                format!("exec {name} @{root}.0{revision} {number} q{q} {reference}")
            }
        ),
        1 => (1_u32..6, 1_u32..4, 1_u32..3).prop_map(|(root, revision, q)| format!("cost a @{root}.0{revision} q{q}")),
        2 => (name(), code).prop_map(|(name, code)| format!("notice {name} {code}")),
        2 => link.prop_map(str::to_owned),
        2 => snapshot.prop_map(str::to_owned),
        2 => wait.prop_map(str::to_owned),
        1 => group.prop_map(str::to_owned),
        1 => rare.prop_map(str::to_owned),
    ]
}

/// Does one line; `World::run` has checked R27's sum behind it.
fn run(world: &mut World, line: &str) {
    let sent = world.records.len();
    match line.strip_prefix("cancel? ") {
        Some(name) if world.orders.get(id(name.chars().next().unwrap())).is_none() => return,
        Some(name) => drop(world.run(&format!("cancel {name}"))),
        None => drop(world.run(line)),
    }
    assert!(line.starts_with("pass") || world.records.len() <= sent + 1, "one call, one record");
}

/// The filled quantity of each order is what its executions on its side say, each counted once at its highest revision.
fn check_fills(world: &World) {
    for order in world.orders.iter() {
        let executions = world.orders.executions().iter().map(|(_, execution)| execution);
        let is_own =
            |execution: &Execution| execution.intent == Some(order.intent.id) && execution.side == order.intent.side;
        let own = executions.filter(|execution| is_own(execution));
        let counted: Decimal = own.map(|execution| execution.quantity).sum();
        assert_eq!(counted, order.filled);
        assert!(order.state.is_live() || order.cancel.is_none() && order.change.is_none());
        assert!(!order.state.is_live() || order.exposure(world.now) >= order.open_quantity(), "{order:?}");
    }
}

/// What left, over the life of the journal: ids rise, each intent is placed once.
fn check_sent(records: &[Record]) {
    let mut book = book();
    let mut highest = 0;
    let mut placed = BTreeSet::new();
    for record in records {
        for action in book.apply(record) {
            match action {
                Action::Send(burst) => {
                    let (places, ids) = (burst.places(), burst.order_ids());
                    for intent in &places {
                        assert!(placed.insert(*intent), "{intent} was placed twice");
                    }
                    let messages = burst.into_messages();
                    assert_eq!(messages.len(), ids.len());
                    for (message, id) in messages.iter().zip(ids).filter(|_| !places.is_empty()) {
                        let ClientMessage::PlaceOrder(place) = message else { panic!("{message:?} among places") };
                        assert!(place.order_id == id && id.0 > highest, "an id was used twice");
                        highest = id.0;
                    }
                }
                Action::Alarm(_)
                | Action::Changed(_)
                | Action::Filled(_)
                | Action::Commission(_)
                | Action::Ask(_)
                | Action::Outcome(_)
                | Action::Protect(_) => {}
            }
        }
    }
}

/// A short run; `PROPTEST_CASES=1000000` makes it a long one.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { 400 };
    ProptestConfig { cases, failure_persistence: None, ..default }
}

proptest! {
    #![proptest_config(config())]

    /// Whether and when what has ended is packed makes no difference: the replay packs nothing.
    #[test]
    fn r27_any_events_leave_a_sound_book(lines in prop::collection::vec((line(), any::<bool>()), 1..60)) {
        let mut world = World::new();
        for (line, packs) in &lines {
            run(&mut world, line);
            if *packs {
                world.orders.pack_ended();
            }
            check_fills(&world);
        }
        check_sent(&world.records);
        world.check_replay();
    }

    /// A book that was packed, written down and read back does with every later event what it would have done.
    #[test]
    fn r12_a_book_that_is_read_back_goes_on_alike(lines in prop::collection::vec((line(), any::<bool>()), 1..60)) {
        let (mut lived, mut stored) = (World::new(), World::new());
        let mut is_snapshot = false;
        for (line, restarts) in &lines {
            if line.starts_with("cancel? ") {
                run(&mut lived, line);
                run(&mut stored, line);
            } else {
                prop_assert_eq!(lived.run(line), stored.run(line), "{}", line);
            }
            // A snapshot that is coming in is not kept.
            is_snapshot = (is_snapshot || line == "snapshot began") && !line.starts_with("snapshot ended");
            if *restarts && !is_snapshot {
                stored.orders.pack_ended();
                stored.orders = serde_json::from_str(&serde_json::to_string(&stored.orders).unwrap()).unwrap();
            }
        }
        prop_assert_eq!(&lived.orders, &stored.orders);
        prop_assert_eq!(&lived.records, &stored.records);
    }

    /// Records of one book on another, in any order, with holes: nothing they say may stop the program.
    #[test]
    fn records_of_another_book_do_no_harm(
        lines in prop::collection::vec(line(), 1..40),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..60),
    ) {
        let mut world = World::new();
        for line in &lines {
            run(&mut world, line);
        }
        let mut other = order::Orders::new(order::Instance::new("zz").unwrap(), tws_proto::ids::ClientId(2));
        for pick in &picks {
            let _ = other.apply(&world.records[pick.index(world.records.len())]);
            let _ = world.orders.apply(&world.records[pick.index(world.records.len())]);
        }
        let text = serde_json::to_string(&other).unwrap();
        prop_assert_eq!(serde_json::from_str::<order::Orders>(&text).unwrap(), other);
    }

    /// Executions in any order, with repetitions, beside any other events: counted once at the highest revision.
    #[test]
    fn executions_count_once(
        executions in prop::collection::vec((1_u32..5, 1_u32..5), 1..12)
            .prop_map(|picks| picks.into_iter().map(|(root, revision)| (root, revision, root * 3 + revision * 7)).collect::<Vec<_>>())
            .prop_flat_map(|all| (Just(all.clone()), Just([all.clone(), all].concat()).prop_shuffle())),
    ) {
        let (all, shuffled) = executions;
        let mut highest = BTreeMap::new();
        for (root, revision, quantity) in &all {
            let best = highest.entry(*root).or_insert((*revision, *quantity));
            *best = (*best).max((*revision, *quantity));
        }
        let expected: Decimal = highest.values().map(|(_, quantity)| Decimal::from(*quantity)).sum();
        let mut world = World::new();
        let _ = world.run("place a");
        let mut position = Decimal::ZERO;
        for (root, revision, quantity) in &shuffled {
            let words = [String::from("exec"), String::from("a"), format!("@{root}.0{revision}"), format!("q{quantity}")];
            let event = world.broker(&words.iter().map(String::as_str).collect::<Vec<_>>());
            for action in world.happen(Event::Broker(event)) {
                if let Action::Filled(fill) = action {
                    position += fill.quantity - fill.replaces.unwrap_or_default().0;
                }
            }
        }
        let order = world.orders.update(id('a')).unwrap();
        prop_assert_eq!((order.filled, position), (expected, expected));

        // The same executions in another order make the same book.
        let mut other = World::new();
        let _ = other.run("place a");
        for (root, revision, quantity) in &all {
            let _ = other.run(&format!("exec a @{root}.0{revision} q{quantity}"));
        }
        prop_assert_eq!(&other.orders.update(id('a')).unwrap(), &order);
        prop_assert_eq!(other.orders.executions(), world.orders.executions());
    }

    /// Numbers from the edges of what the wire can carry.
    #[test]
    fn no_number_is_too_large(
        picks in prop::collection::vec((select(vec!["exec", "status", "open", "done"]), 0_usize..6, 0_usize..6, 1_u32..4), 1..30),
    ) {
        const EDGES: [&str; 6] = [
            "79228162514264337593543950335", "-79228162514264337593543950335", "0.0000000000000000000000000001",
            "0", "-1", "39614081257132168796771975168",
        ];
        let mut world = World::new();
        let _ = world.run("place a");
        for (verb, one, other, root) in picks {
            let (one, other) = (EDGES[one], EDGES[other]);
            let line = match verb {
                "exec" => format!("exec a @{root}.01 q{one} p{other}"),
                "status" => format!("status A Submitted #7 c2 f{one} r{other}"),
                "done" => format!("done a Filled f{one} q{other}"),
                _ => format!("open A Submitted #{root} c2 q{one} p{other} f{other}"),
            };
            let words: Vec<&str> = line.split_whitespace().collect();
            let event = world.broker(&words);
            let _ = world.happen(Event::Broker(event));
            let wish = world::intent('a');
            let _ = world.orders.live_quantity(&wish.account, &wish.contract, wish.side, None, world.now);
            let _ = world.orders.update(wish.id);
        }
        world.check_replay();
    }

    /// Time at its edges.
    #[test]
    fn no_time_is_too_far(times in prop::collection::vec(select(vec![i64::MIN, -1, 0, 1, i64::MAX]), 1..20)) {
        let mut world = World::new();
        let _ = world.run("place a");
        for (at, time) in times.into_iter().enumerate() {
            world.now = Timestamp(time);
            let event = match at % 5 {
                0 => Event::Link(LinkEvent::Lost),
                1 => Event::Link(LinkEvent::Ready { next_order_id: tws_proto::ids::OrderId(i32::MAX) }),
                2 => Event::Snapshot(SnapshotEvent::Began),
                3 => Event::Snapshot(SnapshotEvent::Ended),
                _ => Event::Timer,
            };
            let _ = world.happen(event);
            let _ = world.run("cancel a");
        }
        world.check_replay();
    }
}
