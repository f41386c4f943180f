//! A changed past is found and named, and never replayed.

mod common;

use std::fs;

use common::{Scratch, entry, options, stamps};
use journal::{Broken, Fault, Journal, OpenError, Reader, Record, ReplayError, Sequence, Verification};

/// Five records, one meddling, and the first bad record that everyone must name.
#[track_caller]
fn check(statement: &str, bad: u64, why: Fault) {
    let scratch = Scratch::filled(5);
    scratch.meddle(statement);

    let error = scratch.open().expect_err(statement);
    let OpenError::Broken { broken, .. } = error else { panic!("{statement}: {error}") };
    assert_eq!((broken.sequence.number(), broken.why), (bad, why), "{statement}");
    let text = error_text(&scratch);
    assert!(text.contains(&format!("record {bad} ")) && text.contains("j.db"), "{text}");

    let reader = scratch.reader();
    assert_eq!(reader.verify(), Err(broken), "{statement}");
    let replayed: Vec<_> = reader.replay(Sequence::FIRST).collect();
    let (last, sound) = replayed.split_last().expect("the broken record at least");
    assert!(matches!(last, Err(ReplayError::Broken(found)) if *found == broken), "{statement}");
    assert!(sound.iter().flatten().map(|record| record.sequence.number()).eq(1..bad), "{statement}");
}

fn error_text(scratch: &Scratch) -> String {
    scratch.open().expect_err("still broken").to_string()
}

#[test]
fn every_changed_column_shows() {
    check("UPDATE records SET payload = '4' WHERE sequence = 3", 3, Fault::Hash);
    check("UPDATE records SET kind = 'numbes' WHERE sequence = 3", 3, Fault::Hash);
    check("UPDATE records SET schema = 0 WHERE sequence = 3", 3, Fault::Hash);
    check("UPDATE records SET wall_us = wall_us + 1 WHERE sequence = 1", 1, Fault::Hash);
    check("UPDATE records SET monotonic_us = -monotonic_us WHERE sequence = 5", 5, Fault::Hash);
    check("UPDATE records SET hash = zeroblob(32) WHERE sequence = 3", 3, Fault::Hash);
    check("UPDATE records SET hash = zeroblob(31) WHERE sequence = 3", 3, Fault::Column { column: "hash" });
    check("UPDATE records SET schema = -1 WHERE sequence = 3", 3, Fault::Column { column: "schema" });
    check(
        "UPDATE records SET payload = CAST(x'ff' AS TEXT) WHERE sequence = 2",
        2,
        Fault::Column { column: "payload" },
    );
    check("UPDATE records SET kind = CAST(x'ff' AS TEXT) WHERE sequence = 2", 2, Fault::Column { column: "kind" });
    check("UPDATE journal SET id = zeroblob(16)", 1, Fault::Hash);
}

#[test]
fn every_moved_row_shows() {
    check("DELETE FROM records WHERE sequence = 3", 3, Fault::Missing { found: 4 });
    check("DELETE FROM records WHERE sequence = 1", 1, Fault::Missing { found: 2 });
    check("DELETE FROM records WHERE sequence BETWEEN 2 AND 4", 2, Fault::Missing { found: 5 });
    check("UPDATE records SET sequence = 7 WHERE sequence = 5", 5, Fault::Missing { found: 7 });
    check("UPDATE records SET sequence = -1 WHERE sequence = 5", 1, Fault::Missing { found: -1 });
    let close_up = "DELETE FROM records WHERE sequence = 3; UPDATE records SET sequence = 3 WHERE sequence = 4;
                    UPDATE records SET sequence = 4 WHERE sequence = 5";
    check(close_up, 3, Fault::Hash);
    let swap = "UPDATE records SET sequence = 9 WHERE sequence = 2; UPDATE records SET sequence = 2 WHERE sequence = 3;
                UPDATE records SET sequence = 3 WHERE sequence = 9";
    check(swap, 2, Fault::Hash);
    check("INSERT INTO records SELECT 6, schema, 0, 0, kind, payload, hash FROM records LIMIT 1", 6, Fault::Hash);
}

#[test]
fn a_record_of_another_journal_shows() {
    let (ours, theirs) = (Scratch::filled(2), Scratch::filled(3));
    let attach = format!(
        "ATTACH '{}' AS theirs; INSERT INTO records SELECT * FROM theirs.records WHERE sequence = 3",
        theirs.path().display()
    );
    ours.meddle(&attach);
    assert!(matches!(ours.open(), Err(OpenError::Broken { broken: Broken { why: Fault::Hash, .. }, .. })));
}

#[test]
fn lost_last_records_leave_a_prefix() {
    for left in 0..5 {
        let scratch = Scratch::filled(5);
        let head = scratch.reader().verify().expect("a sound journal").head;
        scratch.meddle(&format!("DELETE FROM records WHERE sequence > {left}"));
        let mut journal = scratch.open().expect("a prefix is sound");
        assert_eq!(journal.len(), left);
        assert_ne!(journal.head(), head, "a head kept elsewhere tells");
        assert_eq!(journal.append_one(stamps(9), &entry(9)).map(Sequence::number), Ok(left + 1));
    }
}

#[test]
fn a_tail_trusts_what_is_before_it() {
    let scratch = Scratch::filled(5);
    scratch.meddle("UPDATE records SET payload = '4' WHERE sequence = 2");
    let open = |records| Journal::open(scratch.path(), options().verification(Verification::Tail(records)));
    for (records, sound) in [(0, true), (3, true), (4, false), (5, false), (6, false)] {
        assert_eq!(open(records).is_ok(), sound, "tail of {records}");
    }
    scratch.meddle("DELETE FROM records WHERE sequence = 3");
    let error = open(2).expect_err("the record before the tail is gone");
    assert!(matches!(error, OpenError::Broken { broken, .. } if broken.sequence.number() == 3), "{error}");
}

/// The bytes of a database and its write-ahead log, as a crash leaves them.
struct Crashed {
    database: Vec<u8>,
    log: Vec<u8>,
    records: Vec<Record>,
}

impl Crashed {
    /// Some records checkpointed into the database, some only in the log.
    fn new() -> Self {
        let scratch = Scratch::filled(20);
        let mut journal = scratch.open().expect("a sound journal");
        for number in 21..=40 {
            journal.append_one(stamps(number), &entry(number)).expect("room");
        }
        let read = |name: &str| fs::read(scratch.folder().join(name)).expect("the file is there");
        Self { database: read("j.db"), log: read("j.db-wal"), records: common::all(&journal) }
    }

    /// The size of a page, as the head of the database has it.
    fn page_bytes(&self) -> usize {
        usize::from(u16::from_be_bytes([self.database[16], self.database[17]]))
    }

    /// The bytes of the log that the last commit wrote: frames of a head and a page each, of which the last one of a
    /// commit names the size of the database.
    fn frames_of_the_last_transaction(&self) -> std::ops::Range<usize> {
        let frame = 24 + self.page_bytes();
        let commits: Vec<usize> = (32..self.log.len())
            .step_by(frame)
            .filter(|at| self.log.get(at + 4..at + 8).is_some_and(|size| size != [0; 4]))
            .collect();
        let [.., before, last] = commits[..] else { panic!("at least two commits") };
        before + frame..last + frame
    }

    /// Opening succeeds with a prefix of the records, or refuses; replay never shows anything else.
    #[track_caller]
    fn check(&self, what: &str, database: &[u8], log: &[u8]) -> Option<usize> {
        let scratch = Scratch::new();
        fs::write(scratch.path(), database).expect("room");
        fs::write(scratch.folder().join("j.db-wal"), log).expect("room");
        match scratch.open() {
            Ok(journal) => {
                let replayed = common::all(&journal);
                let prefix = self.records.get(..replayed.len());
                // An empty database is a new journal; that is the empty prefix too.
                assert!(prefix.is_some_and(|prefix| prefix == replayed), "{what}: another past");
                Some(replayed.len())
            }
            Err(error) => {
                assert!(error.to_string().contains("j.db"), "{what}: {error}");
                if let Ok(reader) = Reader::open(scratch.path(), &options()) {
                    let sound: Vec<_> = reader.replay(Sequence::FIRST).map_while(Result::ok).collect();
                    assert!(self.records.starts_with(&sound), "{what}: another past for a reader");
                }
                None
            }
        }
    }
}

#[test]
fn p03_a_crash_without_damage_loses_nothing() {
    let crashed = Crashed::new();
    assert_eq!(crashed.check("as it was", &crashed.database, &crashed.log), Some(40));
    assert_eq!(crashed.check("without the log", &crashed.database, &[]), Some(20));

    let scratch = Scratch::new();
    fs::write(scratch.path(), &crashed.database).expect("room");
    fs::write(scratch.folder().join("j.db-wal"), &crashed.log).expect("room");
    assert_eq!(scratch.reader().verify().map(|verified| verified.records), Ok(40), "a reader needs no writer first");
}

#[test]
fn r36_p10_files_cut_at_any_byte_give_a_prefix_or_a_refusal() {
    let crashed = Crashed::new();
    let mut lengths = std::collections::BTreeSet::new();
    // Steps that share no factor with the sizes of pages and frames, and the edges of the header.
    for length in (0..crashed.log.len()).step_by(997).chain([1, 31, 32, 33, 55, 56, 57]) {
        lengths.extend(crashed.check(&format!("log cut at {length}"), &crashed.database, &crashed.log[..length]));
    }
    assert!(lengths.len() > 10, "many prefixes are met: {lengths:?}");
    for length in (0..crashed.database.len()).step_by(499) {
        crashed.check(&format!("database cut at {length}"), &crashed.database[..length], &crashed.log);
        crashed.check(&format!("database cut at {length}, no log"), &crashed.database[..length], &[]);
    }
}

#[test]
fn p02_p10_a_log_cut_at_every_byte_of_its_last_transaction_loses_that_at_most() {
    let crashed = Crashed::new();
    let frames = crashed.frames_of_the_last_transaction();
    let before = &crashed.records[..39];
    let scratch = Scratch::new();
    for length in frames.clone() {
        // Opening for writing syncs the disk a few times: for every byte a reader looks, and a writer at some.
        if length % 61 == 0 {
            let left = crashed.check(&format!("log cut at {length}"), &crashed.database, &crashed.log[..length]);
            assert_eq!(left, Some(39), "log cut at {length}: all before is there, and nothing of what was cut");
        }
        fs::write(scratch.path(), &crashed.database).expect("room");
        fs::write(scratch.folder().join("j.db-wal"), &crashed.log[..length]).expect("room");
        let read: Vec<_> = scratch.reader().replay(Sequence::FIRST).map_while(Result::ok).collect();
        assert_eq!(read, before, "log cut at {length}");
    }
    assert_eq!(crashed.check("whole", &crashed.database, &crashed.log[..frames.end]), Some(40));
}

#[test]
fn a_database_cut_at_every_byte_of_its_last_page_is_a_prefix_or_refused() {
    // All is in the database, as after a clean end; the last record stands in one of its pages.
    let scratch = Scratch::filled(40);
    let database = fs::read(scratch.path()).expect("the file is there");
    let records = common::all(&scratch.open().expect("a sound journal"));
    let crashed = Crashed { database, log: Vec::new(), records };
    let page = crashed.page_bytes();
    for length in crashed.database.len() - page..crashed.database.len() {
        crashed.check(&format!("database cut at {length}"), &crashed.database[..length], &[]);
    }
}

#[test]
fn r36_any_flipped_bit_gives_a_prefix_or_a_refusal() {
    let crashed = Crashed::new();
    let flipped = |bytes: &[u8], index: usize| {
        let mut bytes = bytes.to_vec();
        bytes[index] ^= 1 << (index % 8);
        bytes
    };
    let header = 0..100;
    let mut flips = 0;
    for index in header.chain((100..crashed.database.len()).step_by(17)) {
        flips += 1;
        crashed.check(&format!("database, byte {index}"), &flipped(&crashed.database, index), &[]);
    }
    for index in (0..56).chain((56..crashed.log.len()).step_by(499)) {
        flips += 1;
        crashed.check(&format!("log, byte {index}"), &crashed.database, &flipped(&crashed.log, index));
    }
    assert!(flips >= 1_000, "{flips} places are too few");
}
