//! What the tests of the journal share.
#![allow(dead_code, reason = "every test file uses its own part")]

use std::path::{Path, PathBuf};

use journal::{Entry, Journal, OpenError, Options, Reader, Record, Sequence, Stamps};
use rusqlite::Connection;
use tempfile::TempDir;

/// A folder that is removed at the end.
pub(crate) struct Scratch(TempDir);

impl Scratch {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("j.db")
    }

    pub(crate) fn open(&self) -> Result<Journal, OpenError> {
        Journal::open(self.path(), options())
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::open(self.path(), &options()).expect("a journal to read")
    }

    /// A closed journal with records 1 to `records`.
    pub(crate) fn filled(records: u64) -> Self {
        let scratch = Self::new();
        let mut journal = scratch.open().expect("a new journal");
        for number in 1..=records {
            journal.append_one(stamps(number), &entry(number)).expect("room");
        }
        journal.close().expect("a clean end");
        scratch
    }

    /// Does what no tool may do.
    pub(crate) fn meddle(&self, statement: &str) {
        let other = Connection::open(self.path()).expect("the file is there");
        other.execute_batch(statement).expect(statement);
    }
}

pub(crate) fn options() -> Options {
    Options::new("test")
}

pub(crate) fn stamps(number: u64) -> Stamps {
    let number = i64::try_from(number).expect("small numbers");
    Stamps { wall_us: 1_700_000_000_000_000 + number, monotonic_us: number }
}

pub(crate) fn entry(number: u64) -> Entry {
    Entry::new("number", &number).expect("a number is JSON")
}

/// The records, where none is broken.
#[track_caller]
pub(crate) fn all(journal: &Journal) -> Vec<Record> {
    journal.replay(Sequence::FIRST).collect::<Result<_, _>>().expect("a sound journal")
}
