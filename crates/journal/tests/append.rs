//! What is appended is what is replayed.

mod common;

use common::{Scratch, all, entry, options, stamps};
use journal::{AppendError, Entry, Journal, ReplayError, Sequence, Stamps, StorageFault, Verification};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

fn sequence(number: u64) -> Sequence {
    Sequence::new(number).expect("not zero")
}

#[test]
fn batches_come_back_after_an_opening() {
    let scratch = Scratch::new();
    let mut journal = scratch.open().expect("a new journal");
    let genesis = journal.head();
    assert!(journal.is_empty());
    assert_eq!(journal.append(stamps(1), &[]), Ok(sequence(1)..sequence(1)));
    assert_eq!(journal.append(stamps(1), &[entry(1), entry(2)]), Ok(sequence(1)..sequence(3)));
    assert_eq!(journal.append_one(stamps(3), &entry(3)), Ok(sequence(3)));
    let (head, len, id) = (journal.head(), journal.len(), journal.id());
    assert_eq!(len, 3);
    assert_ne!(head, genesis);
    let written = all(&journal);
    drop(journal);

    let journal = scratch.open().expect("a sound journal");
    assert_eq!((journal.head(), journal.len(), journal.id()), (head, len, id));
    assert_eq!(all(&journal), written);
    let columns: Vec<_> = written
        .iter()
        .map(|record| (record.sequence.number(), record.schema, record.stamps, &*record.kind, &*record.payload))
        .collect();
    assert_eq!(
        columns,
        [(1, 1, stamps(1), "number", "1"), (2, 1, stamps(1), "number", "2"), (3, 1, stamps(3), "number", "3")]
    );
    let verified = journal.verify().expect("a sound journal");
    assert_eq!((verified.records, verified.head), (3, written[2].hash));
}

#[test]
fn r37_a_file_that_is_not_there_any_more_takes_no_record() {
    for replaced in [false, true] {
        let scratch = Scratch::filled(1);
        let mut journal = scratch.open().expect("a sound journal");
        journal.append_one(stamps(2), &entry(2)).expect("it is there");
        assert_eq!(journal.check_place(), Ok(()));
        std::fs::rename(scratch.path(), scratch.folder().join("elsewhere.db")).expect("a folder that can be written");
        if replaced {
            std::fs::write(scratch.path(), "something else").expect("room");
        }
        let gone = journal.check_place().expect_err("another file, or none");
        assert_eq!(gone.fault, StorageFault::Gone, "replaced: {replaced}");
        assert_eq!(journal.append_one(stamps(3), &entry(3)), Err(AppendError::Failed { cause: gone }));
        assert!(journal.poisoned().is_some() && journal.len() == 2);
    }
}

#[test]
fn replay_starts_anywhere() {
    let scratch = Scratch::filled(600); // more than two pages
    let journal = scratch.open().expect("a sound journal");
    for (from, expected) in
        [(1, 1..601), (2, 2..601), (257, 257..601), (600, 600..601), (601, 601..601), (u64::MAX, 0..0)]
    {
        let replayed = journal.replay_as::<u64>(sequence(from)).map(|record| record.expect("a number").payload);
        assert!(replayed.eq(expected), "from {from}");
    }
}

#[test]
fn a_tail_gives_the_same_head() {
    let scratch = Scratch::filled(10);
    let head = scratch.open().expect("a sound journal").head();
    for records in [0, 1, 9, 10, 11, u64::MAX] {
        let journal = Journal::open(scratch.path(), options().verification(Verification::Tail(records)));
        let journal = journal.expect("a sound journal");
        assert_eq!((journal.len(), journal.head()), (10, head), "tail of {records}");
    }
}

#[test]
fn long_payloads_go_through_pages() {
    let scratch = Scratch::new();
    let mut journal = scratch.open().expect("a new journal");
    let lengths = [0, 700_000, 700_000, 3, Entry::PAYLOAD_BYTES_MAX - 2, 1_048_576, 5];
    for length in lengths {
        let long = Entry::new("long", &"x".repeat(length)).expect("within the limit");
        journal.append_one(stamps(0), &long).expect("room");
    }
    let replayed = journal.replay_as::<String>(Sequence::FIRST).map(|record| record.expect("a text").payload.len());
    assert!(replayed.eq(lengths));
}

#[test]
fn a_batch_that_is_too_long_harms_nothing() {
    let scratch = Scratch::new();
    let mut journal = scratch.open().expect("a new journal");
    let entries = vec![entry(1); Journal::BATCH_RECORDS_MAX + 1];
    let refused = journal.append(stamps(1), &entries);
    assert_eq!(refused, Err(AppendError::BatchTooLong { records: entries.len() }));
    assert_eq!(journal.append(stamps(1), &entries[1..]).map(|range| range.end), Ok(sequence(10_001)));
}

#[test]
fn typed_replay_goes_on_behind_a_payload_that_does_not_fit() {
    let scratch = Scratch::new();
    let mut journal = scratch.open().expect("a new journal");
    let text = Entry::new("text", "two").expect("a text is JSON");
    journal.append(stamps(1), &[entry(1), text, entry(3)]).expect("room");
    let replayed: Vec<_> = journal.replay_as::<u64>(Sequence::FIRST).collect();
    assert!(matches!(&replayed[0], Ok(record) if record.payload == 1));
    assert!(matches!(&replayed[1], Err(ReplayError::Payload { sequence, kind, schema: 1, .. })
            if sequence.number() == 2 && kind == "text"));
    assert!(matches!(&replayed[2], Ok(record) if record.payload == 3));
    assert_eq!(replayed.len(), 3);
}

/// Something of every shape that JSON has.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
enum Payload {
    Unit,
    Number(i64),
    Text { text: String, more: Vec<Option<bool>> },
}

fn payload() -> impl Strategy<Value = Payload> {
    prop_oneof![
        Just(Payload::Unit),
        any::<i64>().prop_map(Payload::Number),
        any::<(String, Vec<Option<bool>>)>().prop_map(|(text, more)| Payload::Text { text, more }),
    ]
}

fn batch() -> impl Strategy<Value = (i64, i64, Vec<(String, Payload)>, bool)> {
    (any::<i64>(), any::<i64>(), proptest::collection::vec(("[a-zé_.]{1,20}", payload()), 0..5), any::<bool>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Any batches, with openings in between, replay equal and in order.
    #[test]
    fn any_batches_replay_equal(batches in proptest::collection::vec(batch(), 0..8)) {
        let scratch = Scratch::new();
        let mut journal = scratch.open().expect("a new journal");
        let mut expected = Vec::new();
        for (wall_us, monotonic_us, records, reopen) in batches {
            let stamps = Stamps { wall_us, monotonic_us };
            let entries: Vec<Entry> =
                records.iter().map(|(kind, payload)| Entry::new(kind, payload).expect("a sound entry")).collect();
            let range = journal.append(stamps, &entries).expect("room");
            prop_assert_eq!(range.start.number(), expected.len() as u64 + 1);
            expected.extend(records.into_iter().map(|(kind, payload)| (stamps, kind, payload)));
            prop_assert_eq!(range.end.number(), expected.len() as u64 + 1);
            if reopen {
                drop(journal);
                journal = scratch.open().expect("a sound journal");
            }
        }
        let replayed: Vec<_> = journal
            .replay_as::<Payload>(Sequence::FIRST)
            .map(|record| record.map(|record| (record.stamps, record.kind, record.payload)))
            .collect::<Result<_, _>>()
            .expect("a sound journal");
        prop_assert_eq!(replayed, expected);
    }
}
