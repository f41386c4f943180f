//! Going on in a fresh file: nothing is lost, whatever the moment at which it is cut off.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Scratch, all, entry, options, stamps};
use journal::{Broken, Fault, Journal, OpenError, Reader, RotateError, Sequence, Verification};

fn checkpoint() -> Vec<journal::Entry> {
    vec![journal::Entry::new("checkpoint", "all so far").expect("a text is JSON")]
}

fn numbers(journal: &Journal) -> Vec<u64> {
    all(journal).iter().map(|record| record.sequence.number()).collect()
}

fn archive(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".1-5");
    name.into()
}

fn next(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".next");
    name.into()
}

/// A journal of 5 records that went on in a fresh file, closed.
fn rotated() -> Scratch {
    let scratch = Scratch::filled(5);
    let mut journal = scratch.open().expect("a sound journal");
    journal.rotate(stamps(6), &checkpoint()).expect("nobody else has it open");
    journal.append_one(stamps(7), &entry(7)).expect("room");
    journal.close().expect("a clean end");
    scratch
}

#[test]
fn sequences_and_chain_go_on() {
    let scratch = Scratch::filled(5);
    let mut journal = scratch.open().expect("a sound journal");
    let before = journal.head();
    let moved = journal.rotate(stamps(6), &checkpoint()).expect("nobody else has it open");
    assert_eq!(moved, archive(journal.path()));
    assert_eq!((journal.len(), journal.first().number()), (6, 6));
    assert_eq!(journal.append_one(stamps(7), &entry(7)).map(Sequence::number), Ok(7));
    assert_eq!(numbers(&journal), [6, 7]);
    assert_eq!(journal.verify().map(|verified| verified.records), Ok(7));

    let (old, new) = (Reader::open(&moved, &options()).expect("a journal"), scratch.reader());
    let proven = old.verify().expect("the file so far is whole");
    assert_eq!((proven.records, proven.head), (5, before));
    assert_eq!((new.anchor(), new.first().number(), new.id()), (before, 6, old.id()));
    drop((old, new));

    let second = journal.rotate(stamps(8), &checkpoint()).expect("as often as one likes");
    assert!(second.to_string_lossy().ends_with("j.db.6-7"), "{second:?}");
    assert_eq!((numbers(&journal), journal.len()), (vec![8], 8));
    for records in [0, 1, 5, 100] {
        drop(journal);
        journal = Journal::open(scratch.path(), options().verification(Verification::Tail(records))).expect("sound");
        assert_eq!(journal.len(), 8, "tail of {records}");
    }
}

#[test]
fn what_cannot_rotate_stays_as_it_is() {
    let scratch = Scratch::filled(5);
    let mut journal = scratch.open().expect("a sound journal");
    assert!(matches!(journal.rotate(stamps(6), &[]), Err(RotateError::NoCheckpoint)));
    let reader = scratch.reader();
    assert_eq!(reader.len(), Ok(5));
    let refused = journal.rotate(stamps(6), &checkpoint());
    assert!(matches!(&refused, Err(RotateError::InUse { .. })), "{refused:?}");
    assert_eq!(journal.append_one(stamps(6), &entry(6)).map(Sequence::number), Ok(6), "it goes on");
    assert_eq!((numbers(&journal), reader.len()), ((1..=6).collect(), Ok(6)));
    let left = fs::read_dir(scratch.folder()).expect("a folder").map(|file| file.expect("a name").file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().contains(".next")), "nothing is left over");
    drop(reader);
    journal.rotate(stamps(7), &checkpoint()).expect("now nobody has it open");
}

#[test]
fn no_file_of_before_is_overwritten() {
    let scratch = Scratch::filled(5);
    let mut journal = scratch.open().expect("a sound journal");
    // Of a journal that was begun anew at the same path, and has come as far as the one before.
    let kept = archive(journal.path());
    fs::write(&kept, "five years old").expect("room");
    let refused = journal.rotate(stamps(6), &checkpoint());
    assert!(matches!(&refused, Err(RotateError::NameTaken { archive }) if *archive == kept), "{refused:?}");
    assert_eq!(fs::read_to_string(&kept).expect("it is there"), "five years old");
    assert_eq!(journal.append_one(stamps(6), &entry(6)).map(Sequence::number), Ok(6), "it goes on");
    journal.rotate(stamps(7), &checkpoint()).expect("under another name");
}

#[test]
fn a_rotation_that_was_cut_off_is_undone_or_finished() {
    // The fresh file was begun: half of it, or all of it, and the old one had not moved.
    for half in [true, false] {
        let (cut, whole) = (Scratch::filled(5), rotated());
        let mut fresh = fs::read(whole.path()).expect("the file is there");
        if half {
            fresh.truncate(fresh.len() / 2);
        }
        fs::write(next(&cut.path()), fresh).expect("room");
        let journal = cut.open().expect("the old file goes on");
        assert_eq!((numbers(&journal), next(&cut.path()).exists()), ((1..=5).collect(), false));
    }
    // The old one had moved, the fresh one had not.
    let cut = rotated();
    fs::rename(cut.path(), next(&cut.path())).expect("a name");
    let mut journal = cut.open().expect("the fresh file is put in its place");
    assert_eq!((numbers(&journal), next(&cut.path()).exists()), (vec![6, 7], false));
    assert_eq!(journal.append_one(stamps(8), &entry(8)).map(Sequence::number), Ok(8));
}

#[test]
fn a_rotation_that_cannot_write_leaves_nothing_behind() {
    let scratch = Scratch::filled(5);
    let mut journal = scratch.open().expect("a sound journal");
    // SQLite finds no room for what it writes beside the fresh file.
    let mut taken = next(journal.path()).into_os_string();
    taken.push("-journal");
    fs::create_dir(&taken).expect("room");
    let refused = journal.rotate(stamps(6), &checkpoint());
    assert!(matches!(&refused, Err(RotateError::Fresh(_) | RotateError::Append(_))), "{refused:?}");
    assert!(!next(journal.path()).exists(), "half a file takes no room");
    assert_eq!(journal.poisoned(), None);
    assert_eq!(journal.append_one(stamps(6), &entry(6)).map(Sequence::number), Ok(6), "it goes on");
    fs::remove_dir(&taken).expect("it is empty");
    journal.rotate(stamps(7), &checkpoint()).expect("there is room again");
}

#[test]
fn the_log_of_the_old_file_is_not_taken_for_that_of_the_fresh_one() {
    // Its newest records stand in its log alone, and a reader that came in the moment of the move has kept it there.
    let (old, whole) = (Scratch::filled(3), rotated());
    let mut journal = old.open().expect("a sound journal");
    journal.append_one(stamps(4), &entry(4)).expect("room");
    journal.append_one(stamps(5), &entry(5)).expect("room");
    let cut = Scratch::new();
    let log = |path: &Path| PathBuf::from(format!("{}-wal", path.display()));
    fs::copy(old.path(), archive(&cut.path())).expect("room");
    fs::copy(log(&old.path()), log(&cut.path())).expect("the log is there");
    fs::copy(whole.path(), next(&cut.path())).expect("room");
    // Of another journal that was begun here once, and a file that only looks like one.
    for other in ["j.db.1-4", "j.db.x-5", "j.db.-5"] {
        fs::write(cut.folder().join(other), "").expect("room");
    }
    let journal = cut.open().expect("the old file goes on");
    assert_eq!((numbers(&journal), next(&cut.path()).exists()), ((1..=5).collect(), false));
    assert!(!archive(&cut.path()).exists(), "it is back in its place");
    drop(journal);

    // Where it cannot be told which file the log is of, nothing is touched.
    let cut = Scratch::new();
    fs::copy(log(&old.path()), log(&cut.path())).expect("the log is there");
    fs::copy(whole.path(), next(&cut.path())).expect("room");
    assert!(matches!(cut.open(), Err(OpenError::Path { .. })));
    assert!(log(&cut.path()).exists() && next(&cut.path()).exists() && !cut.path().exists());
}

#[test]
fn a_fresh_file_without_its_sum_is_refused() {
    for (statement, bad) in [
        ("DELETE FROM records", Found::Gone),
        ("DELETE FROM records WHERE sequence = 6", Found::Missing),
        ("UPDATE journal SET anchor = zeroblob(32)", Found::Hash),
    ] {
        let scratch = rotated();
        scratch.meddle(statement);
        let error = scratch.open().expect_err(statement);
        let OpenError::Broken { broken: Broken { sequence, why, .. }, .. } = error else {
            panic!("{statement}: {error}")
        };
        let found = match why {
            Fault::Gone => Found::Gone,
            Fault::Missing { found: 7 } => Found::Missing,
            Fault::Hash => Found::Hash,
            other => panic!("{statement}: {other:?}"),
        };
        assert_eq!((sequence.number(), found), (6, bad), "{statement}");
    }
    let scratch = rotated();
    scratch.meddle("UPDATE journal SET first = 1, anchor = NULL");
    assert!(matches!(scratch.open(), Err(OpenError::Broken { .. })), "it does not pass for a first file");
}

/// What is found in a fresh file that was tampered with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Found {
    Gone,
    Missing,
    Hash,
}
