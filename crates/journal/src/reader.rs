//! Reading a journal: who it belongs to, its records in order, and the proof that they are as written.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row};
use serde::de::DeserializeOwned;

use crate::chain::{Hash, JournalId, Link, genesis};
use crate::error::{Broken, Fault, OpenError, ReplayError, StorageError, StorageFault};
use crate::journal::Options;
use crate::record::{Record, Seen, Sequence, Stamps};
use crate::schema::{self, Found, Identity};

/// How long a call waits for another program that holds the database.
const BUSY_WAIT: Duration = Duration::from_millis(250);

/// What SQLite keeps of a file that is read from one end to the other, in KiB. Each page is wanted once: the fewer are
/// kept, the sooner one of them is used again, while the processor still has it.
const CACHE_KIB: i64 = 256;

/// Records that replay reads ahead: as many as this, or fewer when their payloads reach the other limit.
const PAGE_RECORDS_MAX: usize = 256;
const PAGE_BYTES_MAX: usize = 1024 * 1024;

/// A journal open for reading only. It takes no lock and changes nothing, so it works beside a writer and on a broken
/// journal: [`replay`](Self::replay) gives the records up to the first bad one.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    path: PathBuf,
    id: JournalId,
    first: Sequence,
    /// The hash that the first record builds on.
    anchor: Hash,
}

/// What [`verify`](Reader::verify) has proven.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Verified {
    /// The number of records of the journal up to the end of this file, which is the sequence of the last.
    pub records: u64,
    /// The hash of the last record; of an empty journal the genesis hash. Kept elsewhere, it proves later that no
    /// record was cut off.
    pub head: Hash,
}

impl Reader {
    /// Opens an existing journal. Of the options only [`application`](Options::new) and [`schema`](Options::schema)
    /// count; the chain is not verified.
    ///
    /// Where nothing can be written, as on a read-only file system, a journal can be read that was closed cleanly; one
    /// that was not must be copied to a place where SQLite can recover it.
    ///
    /// # Errors
    ///
    /// When there is no such file, when it is no journal of this application, or one of another format or newer
    /// schema.
    pub fn open(path: impl AsRef<Path>, options: &Options) -> Result<Self, OpenError> {
        let given = path.as_ref();
        let path = std::fs::canonicalize(given).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => OpenError::Missing { path: given.to_owned() },
            _ => OpenError::Path { path: given.to_owned(), source },
        })?;
        let mut connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut found = schema::look(&connection);
        if matches!(found, Err(StorageError { fault: StorageFault::CannotOpen, .. })) && cfg!(unix) && is_at_rest(&path)
        {
            connection = connect_at_rest(&path)?;
            found = schema::look(&connection);
        }
        match found.map_err(|source| OpenError::Storage { path: path.clone(), source })? {
            Found::Journal { format } if format < schema::FORMAT => {
                Err(OpenError::FormatOlder { path, found: format, known: schema::FORMAT })
            }
            Found::Journal { .. } => {
                let sized = connection.pragma_update(None, "cache_size", -CACHE_KIB);
                sized.map_err(|error| OpenError::Storage { path: path.clone(), source: error.into() })?;
                Self::adopt(connection, path, options)
            }
            Found::Empty | Found::Foreign => Err(OpenError::NotAJournal { path }),
        }
    }

    /// Takes a connection to a journal that is not older than this version, and checks that it is ours to read.
    pub(crate) fn adopt(connection: Connection, path: PathBuf, options: &Options) -> Result<Self, OpenError> {
        let storage = |source| OpenError::Storage { path: path.clone(), source };
        match schema::look(&connection).map_err(storage)? {
            Found::Journal { format } if format > schema::FORMAT => {
                return Err(OpenError::FormatNewer { path, found: format, known: schema::FORMAT });
            }
            Found::Journal { .. } => {}
            Found::Empty | Found::Foreign => return Err(OpenError::NotAJournal { path }),
        }
        let Some(Identity { id, application, first, anchor }) = schema::identity(&connection).map_err(storage)? else {
            return Err(OpenError::NotAJournal { path });
        };
        if application != options.application {
            let expected = options.application.clone();
            return Err(OpenError::OtherApplication { path, found: application, expected });
        }
        // The schema of the newest record is the highest, for a writer with a lower one is refused right here.
        let newest = connection
            .query_row("SELECT schema FROM records ORDER BY sequence DESC LIMIT 1", [], |row| row.get(0))
            .optional();
        match newest {
            Ok(Some(found)) if found > options.schema => {
                return Err(OpenError::SchemaNewer { path, found, known: options.schema });
            }
            // A column that cannot be read is a broken record: the chain finds it and names it.
            Ok(_) | Err(_) => {}
        }
        let anchor = anchor.unwrap_or_else(|| genesis(id, &application));
        Ok(Self { connection, path, id, first, anchor })
    }

    /// The records from `from` on, in order, each checked against the chain; the record before `from` is trusted. Reads
    /// in pages: memory is bounded by about one mebibyte and one payload. Ends after the first broken record. Records
    /// before [`first`](Self::first) stand in the files before.
    pub fn replay(&self, from: Sequence) -> Replay<'_> {
        Replay { pages: Pages::new(self, from) }
    }

    /// As [`replay`](Self::replay), with every payload read as `T`. A payload that does not fit is an error of that
    /// record, and the next one follows.
    pub fn replay_as<T: DeserializeOwned>(&self, from: Sequence) -> ReplayAs<'_, T> {
        ReplayAs { pages: Pages::new(self, from) }
    }

    /// As [`replay`](Self::replay), with what `read` makes of each record while it lies in the database still: for those
    /// who need only some of them, or only a part. Every record is proven, whatever `read` does with it.
    pub fn replay_with<T, F: FnMut(Seen<'_>) -> T>(&self, from: Sequence, read: F) -> ReplayWith<'_, T, F> {
        ReplayWith { pages: Pages::new(self, from), read }
    }

    /// Reads the whole journal and proves that no record was changed, inserted, moved or taken out of the middle.
    /// Records cut off at the end cannot be seen from within; compare [`Verified::head`].
    ///
    /// # Errors
    ///
    /// The first bad record.
    pub fn verify(&self) -> Result<Verified, Broken> {
        self.verify_from(self.first)
    }

    /// The number of records of the journal up to the end of this file. A writer elsewhere may add to it.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn len(&self) -> Result<u64, StorageError> {
        let last: Option<i64> = self.connection.query_row("SELECT max(sequence) FROM records", [], |row| row.get(0))?;
        Ok(last.and_then(|last| u64::try_from(last).ok()).unwrap_or_else(|| self.first.number() - 1))
    }

    /// The first record of this file: [`Sequence::FIRST`], or where the journal went on in it after a
    /// [`rotation`](crate::Journal::rotate).
    pub fn first(&self) -> Sequence {
        self.first
    }

    /// The hash that the first record of this file builds on: the genesis hash, or [`Verified::head`] of the file
    /// before, which so proves that no file between the two is missing.
    pub fn anchor(&self) -> Hash {
        self.anchor
    }

    /// Whether there is no record yet.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn is_empty(&self) -> Result<bool, StorageError> {
        self.len().map(|records| records == 0)
    }

    /// The random name of this journal.
    pub fn id(&self) -> JournalId {
        self.id
    }

    /// The file, with links and relative parts resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }

    pub(crate) fn into_connection(self) -> Connection {
        self.connection
    }

    /// Proves the records from `from` on, which may be one behind the last.
    pub(crate) fn verify_from(&self, from: Sequence) -> Result<Verified, Broken> {
        let from = from.max(self.first);
        let mut verified = Verified { records: from.number() - 1, head: self.hash_before(from)? };
        let mut pages = Pages { previous: Some(verified.head), ..Pages::new(self, from) };
        while let Some(next) = pages.next(&mut |seen| Verified { records: seen.sequence.number(), head: seen.hash })? {
            verified = next;
        }
        if verified.records < self.first.number() && self.first != Sequence::FIRST {
            // What the files before have made is told by the first record alone.
            return Err(Broken { sequence: self.first, why: Fault::Gone });
        }
        Ok(verified)
    }

    /// The rows from `next` on as they stand, until `take` wants no more. A row that cannot be what it should is the last.
    /// An error means that not even the next row could be looked for, or is one of `take`.
    pub(crate) fn rows(
        &self,
        next: Sequence,
        mut take: impl FnMut(Result<Stored<'_>, Fault>) -> Result<bool, Broken>,
    ) -> Result<(), Broken> {
        let unreadable = |error: rusqlite::Error| Fault::Unreadable(StorageError::from(error));
        let at_next = |error| Broken { sequence: next, why: unreadable(error) };
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT sequence, schema, wall_us, monotonic_us, kind, payload, hash
                 FROM records WHERE sequence >= ?1 ORDER BY sequence",
            )
            .map_err(at_next)?;
        // Rows in front of the first record are impossible, so they must be found.
        let from = if next == self.first { i64::MIN } else { next.row() };
        let mut rows = statement.query([from]).map_err(at_next)?;
        let mut expected = next;
        loop {
            let stored = match rows.next() {
                Ok(Some(row)) => stored(row, expected),
                Ok(None) => return Ok(()),
                Err(error) => Err(unreadable(error)),
            };
            let is_sound = stored.is_ok();
            if !take(stored)? || !is_sound {
                return Ok(());
            }
            expected = expected.after(1);
        }
    }

    /// The hash that the record at `sequence` builds on, as it stands in the file.
    pub(crate) fn hash_before(&self, sequence: Sequence) -> Result<Hash, Broken> {
        let before = Sequence::new(sequence.number() - 1).filter(|before| *before >= self.first);
        let Some(before) = before else {
            return Ok(self.anchor);
        };
        let broken = |why| Broken { sequence: before, why };
        self.connection
            .prepare_cached("SELECT hash FROM records WHERE sequence = ?1")
            .and_then(|mut statement| statement.query_row([before.row()], |row| Ok(hash(row, 0))).optional())
            .map_err(|error| broken(Fault::Unreadable(error.into())))?
            .unwrap_or_else(|| Err(Fault::Missing { found: sequence.row() }))
            .map_err(broken)
    }
}

/// The records of a journal in order, from [`Reader::replay`] or [`Journal::replay`](crate::Journal::replay).
#[derive(Debug)]
pub struct Replay<'a> {
    pages: Pages<'a, Record>,
}

impl Iterator for Replay<'_> {
    type Item = Result<Record, ReplayError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.pages.next(&mut |seen| seen.to_record()).map_err(ReplayError::Broken).transpose()
    }
}

/// As [`Replay`], with payloads of one type.
#[derive(Debug)]
pub struct ReplayAs<'a, T> {
    pages: Pages<'a, Result<Record<T>, ReplayError>>,
}

impl<T: DeserializeOwned> Iterator for ReplayAs<'_, T> {
    type Item = Result<Record<T>, ReplayError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.pages.next(&mut |seen| seen.decode()) {
            Ok(record) => record,
            Err(broken) => Some(Err(ReplayError::Broken(broken))),
        }
    }
}

/// As [`Replay`], with what a function makes of each record.
#[derive(Debug)]
pub struct ReplayWith<'a, T, F> {
    pages: Pages<'a, T>,
    read: F,
}

impl<T, F: FnMut(Seen<'_>) -> T> Iterator for ReplayWith<'_, T, F> {
    type Item = Result<T, ReplayError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.pages.next(&mut self.read).map_err(ReplayError::Broken).transpose()
    }
}

/// What is made of the records of a journal, read and proven page by page.
#[derive(Debug)]
struct Pages<'a, T> {
    reader: &'a Reader,
    page: VecDeque<Result<T, Broken>>,
    /// The sequence behind the page.
    next: Sequence,
    /// The hash of the record before `next`, once known.
    previous: Option<Hash>,
    ended: bool,
}

impl<'a, T> Pages<'a, T> {
    fn new(reader: &'a Reader, from: Sequence) -> Self {
        Self { reader, page: VecDeque::new(), next: from.max(reader.first), previous: None, ended: false }
    }

    fn next(&mut self, read: &mut impl FnMut(Seen<'_>) -> T) -> Result<Option<T>, Broken> {
        if self.page.is_empty() && !self.ended {
            let filled = self.fill(read);
            // A page without records is the end, and so is one that ends in a broken record.
            self.ended = filled.is_err() || !matches!(self.page.back(), Some(Ok(_)));
            filled?;
        }
        self.page.pop_front().transpose()
    }

    /// Reads the next page. An error of its own means that not even the next record could be looked for.
    fn fill(&mut self, read: &mut impl FnMut(Seen<'_>) -> T) -> Result<(), Broken> {
        let Self { reader, page, next, previous, ended: _ } = self;
        let mut bytes = 0;
        reader.rows(*next, |stored| {
            let before = match *previous {
                Some(previous) => previous,
                None => reader.hash_before(*next)?,
            };
            match stored.and_then(|stored| stored.proven(before)) {
                Ok(seen) => {
                    bytes += seen.payload.len();
                    *previous = Some(seen.hash);
                    *next = next.after(1);
                    page.push_back(Ok(read(seen)));
                }
                Err(why) => page.push_back(Err(Broken { sequence: *next, why })),
            }
            Ok(page.len() < PAGE_RECORDS_MAX && bytes < PAGE_BYTES_MAX)
        })
    }
}

/// Opens a connection to a file whose path is resolved: a link in its place is refused.
pub(crate) fn connect(path: &Path, mode: OpenFlags) -> Result<Connection, OpenError> {
    connect_as(path, path, mode)
}

/// Whether all records are in the database itself, none in a write-ahead log.
fn is_at_rest(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).map_or(true, |log| log.len() == 0)
}

/// Opens a database that nobody writes to without the shared memory file, which SQLite wants to make beside every
/// other database in WAL mode. Should somebody write all the same, the chain tells.
fn connect_at_rest(path: &Path) -> Result<Connection, OpenError> {
    let mut name = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => name.push(char::from(*byte)),
            _ => name.push_str(&format!("%{byte:02x}")),
        }
    }
    name.push_str("?immutable=1");
    connect_as(path, Path::new(&name), OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)
}

fn connect_as(path: &Path, name: &Path, mode: OpenFlags) -> Result<Connection, OpenError> {
    let flags = mode | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let open = || {
        let connection = Connection::open_with_flags(name, flags)?;
        connection.busy_timeout(BUSY_WAIT)?;
        // A damaged page is an error, never a wrong row; and no code from the file's schema runs.
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        Ok(connection)
    };
    open().map_err(|error: rusqlite::Error| OpenError::Storage { path: path.to_owned(), source: error.into() })
}

/// A record as it stands in its row, not yet proven.
pub(crate) struct Stored<'a>(pub(crate) Seen<'a>);

impl<'a> Stored<'a> {
    /// The record, if it follows from the one before.
    pub(crate) fn proven(self, previous: Hash) -> Result<Seen<'a>, Fault> {
        let Seen { sequence, schema, stamps, kind, payload, hash } = self.0;
        let is_sound = Link { sequence, schema, stamps, kind, payload }.hash(previous) == hash;
        if is_sound { Ok(self.0) } else { Err(Fault::Hash) }
    }
}

/// What stands in a row, if it is the expected one.
fn stored<'a>(row: &'a Row<'_>, sequence: Sequence) -> Result<Stored<'a>, Fault> {
    let found = integer(row, 0, "sequence")?;
    if found != sequence.row() {
        return Err(Fault::Missing { found });
    }
    let schema = integer(row, 1, "schema")?.try_into().map_err(|_| Fault::Column { column: "schema" })?;
    let stamps = Stamps { wall_us: integer(row, 2, "wall_us")?, monotonic_us: integer(row, 3, "monotonic_us")? };
    let (kind, payload, hash) = (text(row, 4, "kind")?, text(row, 5, "payload")?, hash(row, 6)?);
    Ok(Stored(Seen { sequence, schema, stamps, kind, payload, hash }))
}

fn integer(row: &Row<'_>, index: usize, column: &'static str) -> Result<i64, Fault> {
    match value(row, index)? {
        ValueRef::Integer(value) => Ok(value),
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Text(_) | ValueRef::Blob(_) => Err(Fault::Column { column }),
    }
}

fn text<'a>(row: &'a Row<'_>, index: usize, column: &'static str) -> Result<&'a str, Fault> {
    value(row, index)?.as_str().map_err(|_| Fault::Column { column })
}

fn hash(row: &Row<'_>, index: usize) -> Result<Hash, Fault> {
    let bytes = value(row, index)?.as_blob().ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map(Hash).ok_or(Fault::Column { column: "hash" })
}

fn value<'a>(row: &'a Row<'_>, index: usize) -> Result<ValueRef<'a>, Fault> {
    // The statements name the columns, so the index is there; a panic would still be the wrong answer.
    row.get_ref(index).map_err(|_| Fault::Unreadable(StorageError { fault: StorageFault::Unexpected, code: None }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Journal;
    use crate::record::Entry;

    #[cfg(unix)]
    #[test]
    fn a_journal_at_rest_is_read_under_any_name() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["j.db", "a?b=c&d#e%20f.db", "grüße 1.db"] {
            let path = std::fs::canonicalize(folder.path()).expect("a folder").join(name);
            let mut journal = Journal::open(&path, Options::new("test")).expect("a new journal");
            let entry = Entry::new("text", name).expect("a text is JSON");
            journal.append_one(Stamps::default(), &entry).expect("room");
            assert!(!is_at_rest(&path), "the record is in the log");
            drop(journal);

            assert!(is_at_rest(&path));
            let connection = connect_at_rest(&path).expect("the file is there");
            let reader = Reader::adopt(connection, path, &Options::new("test")).expect("a journal");
            let names: Vec<String> =
                reader.replay_as(Sequence::FIRST).map(|record| record.expect("a text").payload).collect();
            assert_eq!(names, [name]);
        }
        let left = std::fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(left, 6, "three journals and their locks");
    }
}
