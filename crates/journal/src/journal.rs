//! The writing end: opening, appending, and what happens when the disk fails.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process;

use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};
use serde::de::DeserializeOwned;

use crate::chain::{Hash, JournalId, Link};
use crate::error::{AppendError, Broken, OpenError, StorageError, StorageFault};
use crate::reader::{Reader, Replay, ReplayAs, ReplayWith, Verified, connect};
use crate::record::{Entry, Seen, Sequence, Stamps};
use crate::rotate;
use crate::schema::{self, Found};
use crate::view::{self, View};

/// How much of an existing journal is proven when it is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verification {
    /// Every record.
    All,
    /// The last so many records. Those before are trusted: for journals that are verified as a whole elsewhere, and for
    /// those that are replayed from their first record next. A replay proves what it gives; one that comes to its end has
    /// proven all.
    Tail(u64),
}

/// How to open a journal.
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use]
pub struct Options {
    pub(crate) application: String,
    pub(crate) schema: u32,
    verification: Verification,
    id: Option<JournalId>,
    views: &'static [View],
}

impl Options {
    /// For the journal of this application, which must be the same at every opening: payload schema 1, every record
    /// verified, a random id.
    pub fn new(application: impl Into<String>) -> Self {
        Self { application: application.into(), schema: 1, verification: Verification::All, id: None, views: &[] }
    }

    /// The version of the application's payloads. It is written into every record, and a journal with records of a
    /// newer one is refused. Records of an older one are replayed as they are: the chain forbids to rewrite them.
    pub fn schema(self, schema: u32) -> Self {
        Self { schema, ..self }
    }

    /// How much is verified when a [`Journal`] is opened.
    pub fn verification(self, verification: Verification) -> Self {
        Self { verification, ..self }
    }

    /// The id of the journal if it is created now, for simulations that must repeat themselves.
    pub fn id(self, id: JournalId) -> Self {
        Self { id: Some(id), ..self }
    }

    /// Tables for people, made when a journal is opened for writing. They are no part of the record: replay and
    /// verification do not look at them.
    pub fn views(self, views: &'static [View]) -> Self {
        Self { views, ..self }
    }
}

/// A journal open for writing; the only one, as long as it lives.
///
/// The lock is on the file `PATH.lock`, which stays behind; the operating system frees the lock when the process ends
/// in whatever way.
#[derive(Debug)]
pub struct Journal {
    // Declared, and so dropped, before the lock: the next writer must find the database closed.
    reader: Reader,
    options: Options,
    head: Verified,
    file: Option<FileName>,
    poisoned: Option<StorageError>,
    lock: Lock,
}

/// Which file it is, whatever its path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct FileName {
    #[cfg(unix)]
    device: u64,
    #[cfg(unix)]
    inode: u64,
}

impl FileName {
    fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            Ok(Self { device: metadata.dev(), inode: metadata.ino() })
        }
        #[cfg(not(unix))]
        {
            let _ = metadata; // that there is one is all that can be said
            Ok(Self {})
        }
    }
}

/// How many names the file has; one where that cannot be told.
fn names_of(path: &Path) -> u64 {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        fs::metadata(path).map_or(1, |metadata| metadata.nlink())
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        1
    }
}

/// The lock of the operating system; a file on its way to the place of another has the other's.
#[derive(Debug)]
enum Lock {
    Held { _file: File },
    OfTheOther,
}

impl Journal {
    /// The longest batch, in records.
    pub const BATCH_RECORDS_MAX: usize = 10_000;

    /// Opens the journal at `path` for writing and verifies it; makes it if there is no file.
    ///
    /// # Errors
    ///
    /// See [`OpenError`]: the file cannot be used, has another writer, is not ours, or is broken.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let given = path.as_ref();
        let path = resolved(given).map_err(|source| OpenError::Path { path: given.to_owned(), source })?;
        if path.is_dir() {
            // Before its lock stands beside it.
            return Err(OpenError::Path { path, source: io::ErrorKind::IsADirectory.into() });
        }
        let lock = Lock::Held { _file: lock(&path)? };
        rotate::finish(&path).map_err(|source| OpenError::Path { path: path.clone(), source })?;
        let names = names_of(&path);
        if names > 1 {
            return Err(OpenError::SeveralNames { path, names });
        }
        let reader = open_file(&path, &options)?;
        let from = match options.verification {
            Verification::All => Sequence::FIRST,
            Verification::Tail(records) => {
                let len = reader.len().map_err(|source| OpenError::Storage { path: path.clone(), source })?;
                Sequence::FIRST.after(len.saturating_sub(records))
            }
        };
        let file = FileName::of(&path).ok();
        let head = reader.verify_from(from).map_err(|broken| OpenError::Broken { path, broken })?;
        Ok(Self { reader, options, head, file, poisoned: None, lock })
    }

    /// Appends the entries in order, all or none, with one sync of the disk for all. When this returns `Ok` they are
    /// durable. Gives the sequences they got; an empty batch does nothing.
    ///
    /// # Errors
    ///
    /// After [`AppendError::Failed`] the journal is poisoned and every later call gives [`AppendError::Poisoned`] with
    /// that first cause, until it is opened again. Reading goes on.
    pub fn append(&mut self, stamps: Stamps, entries: &[Entry]) -> Result<Range<Sequence>, AppendError> {
        if let Some(first) = self.poisoned {
            return Err(AppendError::Poisoned { first });
        }
        if entries.len() > Self::BATCH_RECORDS_MAX {
            return Err(AppendError::BatchTooLong { records: entries.len() });
        }
        let first = Sequence::FIRST.after(self.head.records);
        if entries.is_empty() {
            return Ok(first..first);
        }
        let written = self.check_place().and_then(|()| Ok(self.write(first, stamps, entries)?));
        match written {
            Ok(head) => {
                self.head = head;
                Ok(first..Sequence::FIRST.after(head.records))
            }
            Err(cause) => {
                self.poisoned = Some(cause);
                Err(AppendError::Failed { cause })
            }
        }
    }

    /// Appends one entry, as [`append`](Self::append) does, and gives its sequence.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append).
    pub fn append_one(&mut self, stamps: Stamps, entry: &Entry) -> Result<Sequence, AppendError> {
        self.append(stamps, std::slice::from_ref(entry)).map(|range| range.start)
    }

    /// The records from `from` on; see [`Reader::replay`].
    pub fn replay(&self, from: Sequence) -> Replay<'_> {
        self.reader.replay(from)
    }

    /// The records from `from` on with payloads of one type; see [`Reader::replay_as`].
    pub fn replay_as<T: DeserializeOwned>(&self, from: Sequence) -> ReplayAs<'_, T> {
        self.reader.replay_as(from)
    }

    /// What `read` makes of the records from `from` on; see [`Reader::replay_with`].
    pub fn replay_with<T, F: FnMut(Seen<'_>) -> T>(&self, from: Sequence, read: F) -> ReplayWith<'_, T, F> {
        self.reader.replay_with(from, read)
    }

    /// Proves every record again; see [`Reader::verify`].
    ///
    /// # Errors
    ///
    /// The first bad record.
    pub fn verify(&self) -> Result<Verified, Broken> {
        self.reader.verify()
    }

    /// The hash of the last record; of an empty journal the genesis hash.
    pub fn head(&self) -> Hash {
        self.head.head
    }

    /// The number of records of the journal, which is the sequence of the last.
    pub fn len(&self) -> u64 {
        self.head.records
    }

    /// Whether there is no record yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first record of this file; see [`Reader::first`].
    pub fn first(&self) -> Sequence {
        self.reader.first()
    }

    /// The first failure of a write, if there was one: nothing is written since.
    pub fn poisoned(&self) -> Option<StorageError> {
        self.poisoned
    }

    /// Looks whether the file is still at its path. SQLite goes on with one that was deleted, and what it writes then is
    /// gone with the process. Every [`append`](Self::append) looks; between them, call it now and then.
    ///
    /// # Errors
    ///
    /// [`StorageFault::Gone`], where there is no file, or another one.
    pub fn check_place(&self) -> Result<(), StorageError> {
        let is_gone = match FileName::of(self.path()) {
            Ok(found) => self.file.is_some_and(|file| file != found),
            Err(error) => error.kind() == io::ErrorKind::NotFound, // whatever else fails says nothing of the file
        };
        if is_gone { Err(StorageError { fault: StorageFault::Gone, code: None }) } else { Ok(()) }
    }

    /// The random name of this journal.
    pub fn id(&self) -> JournalId {
        self.reader.id()
    }

    /// The file, with links and relative parts resolved.
    pub fn path(&self) -> &Path {
        self.reader.path()
    }

    /// Closes the journal and says whether that went well. Dropping it closes it too; records are durable either way.
    ///
    /// # Errors
    ///
    /// When SQLite could not close the database.
    pub fn close(self) -> Result<(), StorageError> {
        self.into_connection().close().map_err(|(_connection, error)| error.into())
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    pub(crate) fn connection_mut(&mut self) -> &mut Connection {
        self.reader.connection_mut()
    }

    pub(crate) fn into_connection(self) -> Connection {
        self.reader.into_connection()
    }

    pub(crate) fn poison(&mut self, cause: StorageError) {
        self.poisoned.get_or_insert(cause);
    }

    /// A journal on a file that takes the place of this one, and has its lock by then.
    pub(crate) fn twin(&self, reader: Reader) -> Self {
        let (options, file) = (self.options.clone(), FileName::of(reader.path()).ok());
        Self { reader, options, head: self.head, file, poisoned: None, lock: Lock::OfTheOther }
    }

    /// Opens the file at the path once more and proves it as a whole.
    pub(crate) fn reopen(&mut self) -> Result<(), OpenError> {
        debug_assert!(matches!(self.lock, Lock::Held { .. }), "only a journal in its place is opened again");
        let path = self.path().to_owned();
        let reader = open_file(&path, &self.options)?;
        self.file = FileName::of(&path).ok();
        self.head = reader.verify().map_err(|broken| OpenError::Broken { path, broken })?;
        self.reader = reader;
        Ok(())
    }

    fn write(&mut self, first: Sequence, stamps: Stamps, entries: &[Entry]) -> rusqlite::Result<Verified> {
        let (mut head, schema) = (self.head, self.options.schema);
        // Immediate: whoever else writes is met before the first row, not in the middle.
        let connection = self.reader.connection_mut();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO records(sequence, schema, wall_us, monotonic_us, kind, payload, hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?;
            for (step, Entry { kind, payload }) in (0..).zip(entries) {
                let sequence = first.after(step);
                let hash = Link { sequence, schema, stamps, kind, payload }.hash(head.head);
                let Stamps { wall_us, monotonic_us } = stamps;
                insert.execute(params![sequence.row(), schema, wall_us, monotonic_us, kind, payload, hash.0])?;
                head = Verified { records: sequence.number(), head: hash };
            }
        }
        transaction.commit()?;
        Ok(head)
    }
}

/// The path without links and relative parts, so that one file has one lock. The file may be missing, its folder not.
fn resolved(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            Ok(fs::canonicalize(folder.unwrap_or_else(|| Path::new(".")))?.join(name))
        }
        resolved => resolved,
    }
}

/// The path with an ending more.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Opens the file for writing, makes or updates its tables, and checks that it is ours.
fn open_file(path: &Path, options: &Options) -> Result<Reader, OpenError> {
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    prepare(&mut connection, path, options)?;
    let reader = Reader::adopt(connection, path.to_owned(), options)?;
    view::make(reader.connection(), options.views).map_err(|(view, error)| OpenError::View {
        path: path.to_owned(),
        view,
        reason: error.to_string(),
    })?;
    Ok(reader)
}

fn lock(path: &Path) -> Result<File, OpenError> {
    let lock_path = beside(path, ".lock");
    // Never deleted: a lock on a deleted file keeps nobody out.
    let mut file = match File::options().create(true).read(true).write(true).truncate(false).open(&lock_path) {
        Ok(file) => file,
        Err(source) => return Err(OpenError::LockFile { path: lock_path, source }),
    };
    match file.try_lock() {
        Ok(()) => {
            // For people alone: the lock is the operating system's, whatever stands in the file.
            let _ = file.set_len(0).and_then(|()| write!(file, "{}", process::id()));
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let read = file.take(20).read_to_string(&mut holder); // longer than any number of a process
            Err(OpenError::Locked { path: path.to_owned(), holder: read.ok().and_then(|_| holder.parse().ok()) })
        }
        Err(TryLockError::Error(source)) => Err(OpenError::LockFile { path: lock_path, source }),
    }
}

/// Makes the database ready for writing: ours, durable, and of today's format.
fn prepare(connection: &mut Connection, path: &Path, options: &Options) -> Result<(), OpenError> {
    let storage = |source: StorageError| OpenError::Storage { path: path.to_owned(), source };
    // SQLite opens a file that it may not write to for reading, and says so only here.
    if connection.is_readonly(rusqlite::MAIN_DB).map_err(|error| storage(error.into()))? {
        return Err(OpenError::ReadOnly { path: path.to_owned() });
    }
    // A foreign file is told by its head, before the first setting changes it.
    let found = schema::look(connection).map_err(storage)?;
    if found == Found::Foreign {
        return Err(OpenError::NotAJournal { path: path.to_owned() });
    }
    dress(connection, path)?;
    match found {
        Found::Empty => schema::create(connection, options.id, &options.application).map_err(storage),
        Found::Journal { format } if format < schema::FORMAT => {
            match schema::migrate(connection, format, schema::FORMAT, schema::MIGRATIONS).map_err(storage)? {
                true => Ok(()),
                false => Err(OpenError::FormatOlder { path: path.to_owned(), found: format, known: schema::FORMAT }),
            }
        }
        // A newer one is refused by the reader.
        Found::Journal { .. } | Found::Foreign => Ok(()),
    }
}

/// Takes every setting and reads it back.
pub(crate) fn dress(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    for setting in SETTINGS {
        let found = apply(connection, setting)
            .map_err(|error| OpenError::Storage { path: path.to_owned(), source: error.into() })?;
        if found != setting.reads {
            let Setting { pragma, reads: wanted, .. } = *setting;
            return Err(OpenError::Setting { path: path.to_owned(), pragma, wanted, found });
        }
    }
    Ok(())
}

/// A setting on which durability rests, and how it reads once taken.
struct Setting {
    pragma: &'static str,
    value: &'static str,
    reads: &'static str,
}

const SETTINGS: &[Setting] = &[
    Setting { pragma: "journal_mode", value: "WAL", reads: "wal" },
    // A commit returns when it is on the disk.
    Setting { pragma: "synchronous", value: "FULL", reads: "2" },
    // Where the system's plain sync only reaches the drive's cache (macOS); elsewhere without effect.
    Setting { pragma: "fullfsync", value: "ON", reads: "1" },
    Setting { pragma: "checkpoint_fullfsync", value: "ON", reads: "1" },
];

/// Sets it and reads it back.
fn apply(connection: &Connection, setting: &Setting) -> rusqlite::Result<String> {
    connection.pragma_update(None, setting.pragma, setting.value)?;
    connection.pragma_query_value(None, setting.pragma, |row| {
        Ok(match row.get_ref(0)? {
            rusqlite::types::ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            rusqlite::types::ValueRef::Integer(value) => value.to_string(),
            other => format!("{other:?}"),
        })
    })
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::error::StorageFault;

    fn fresh() -> (TempDir, Journal) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let journal = Journal::open(folder.path().join("j.db"), Options::new("test")).expect("a new journal");
        (folder, journal)
    }

    fn entries(numbers: Range<u64>) -> Vec<Entry> {
        numbers.map(|number| Entry::new("number", &(number, "x".repeat(1_000))).expect("plain JSON")).collect()
    }

    #[track_caller]
    fn assert_refuses(journal: &mut Journal, cause: StorageError) {
        assert_eq!(journal.poisoned(), Some(cause));
        let refused = journal.append(Stamps::default(), &entries(0..1));
        assert_eq!(refused, Err(AppendError::Poisoned { first: cause }));
    }

    #[test]
    fn a_journal_can_move_to_another_thread() {
        fn check<T: Send>() {}
        check::<Journal>();
    }

    #[test]
    fn p11_a_full_disk_poisons_until_the_next_opening() {
        let (folder, mut journal) = fresh();
        journal.append(Stamps::default(), &entries(0..3)).expect("room");
        let head = journal.head();
        let connection = journal.reader.connection_mut();
        let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0)).expect("a pragma");
        connection.pragma_update(None, "max_page_count", pages + 2).expect("a pragma");
        // The batch begins on pages that are there: some of its rows are written before the disk is full.
        let failed = journal.append(Stamps::default(), &entries(3..40));
        let Err(AppendError::Failed { cause }) = failed else { panic!("{failed:?}") };
        assert_eq!(cause.fault, StorageFault::DiskFull, "{cause}");

        // Room again; but what is on the disk is only known after an opening.
        journal.reader.connection_mut().pragma_update(None, "max_page_count", i64::MAX).expect("a pragma");
        assert_refuses(&mut journal, cause);
        assert_eq!((journal.len(), journal.head()), (3, head));
        assert_eq!(journal.replay(Sequence::FIRST).filter_map(Result::ok).count(), 3, "nothing of the batch is there");
        assert_eq!(journal.verify().map(|verified| verified.records), Ok(3));
        drop(journal);

        let mut journal = Journal::open(folder.path().join("j.db"), Options::new("test")).expect("a sound journal");
        let range = journal.append(Stamps::default(), &entries(3..40)).expect("room");
        assert_eq!((range.start.number(), journal.len()), (4, 40));
    }

    #[test]
    fn another_program_that_writes_poisons() {
        #[track_caller]
        fn check(statement: &str, expected: StorageFault) {
            let (folder, mut journal) = fresh();
            journal.append(Stamps::default(), &entries(0..1)).expect("room");
            let other = Connection::open(folder.path().join("j.db")).expect("the file is there");
            other.execute_batch(statement).expect("sound SQL");
            let failed = journal.append(Stamps::default(), &entries(1..2));
            let Err(AppendError::Failed { cause }) = failed else { panic!("{failed:?}") };
            assert_eq!(cause.fault, expected, "{cause}");
            drop(other);
            assert_refuses(&mut journal, cause);
        }
        check("INSERT INTO records SELECT 2, schema, 0, 0, kind, payload, hash FROM records", StorageFault::Conflict);
        check("BEGIN IMMEDIATE", StorageFault::Busy);
        check("DROP TABLE records", StorageFault::Unexpected);
    }

    #[test]
    fn settings_are_read_back() {
        let (_folder, mut journal) = fresh();
        for setting in SETTINGS {
            assert_eq!(apply(journal.reader.connection_mut(), setting), Ok(setting.reads.to_owned()));
        }
        // In memory there is no write-ahead log: SQLite keeps its own mode and says so.
        let memory = Connection::open_in_memory().expect("memory is there");
        assert_eq!(apply(&memory, &SETTINGS[0]), Ok("memory".to_owned()));
    }
}
