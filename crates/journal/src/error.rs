//! What can go wrong, sorted by where: opening, making an entry, appending, replaying.

use std::fmt;
use std::io;
use std::path::PathBuf;

use rusqlite::{ErrorCode, ffi};

use crate::record::{Entry, Sequence};

/// A process, for people.
fn named(process: Option<u32>) -> String {
    process.map(|id| format!(", process {id}")).unwrap_or_default()
}

/// Why a journal could not be opened. Nothing was changed, except that a new file may have been created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The folder is missing or the path cannot be a file. Create the folder, or correct the path.
    #[error("the journal {path:?} cannot be there: {source}; create its folder or correct the path")]
    Path {
        /// The path as given.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// There is no file to read. Correct the path.
    #[error("there is no journal {path:?}; correct the path")]
    Missing {
        /// The path as given.
        path: PathBuf,
    },
    /// The lock file could not be made or locked, as on a read-only file system. A [`Reader`](crate::Reader) needs no
    /// lock.
    #[error("the lock file {path:?} cannot be used: {source}; the journal needs a folder it can write to")]
    LockFile {
        /// The lock file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Another process (or another part of this one) has the journal open for writing. Stop it; the lock ends with it.
    #[error("the journal {path:?} has a writer already{}; stop that program first, its lock ends with it", named(*holder))]
    Locked {
        /// The journal.
        path: PathBuf,
        /// The process that holds the lock, where it can be told.
        holder: Option<u32>,
    },
    /// The file has several names (hard links). The lock and what SQLite writes ahead stand beside one of them: whoever
    /// uses another is not kept out, and does not see the last records.
    #[error(
        "the journal {path:?} is one file with {names} names (hard links), and a writer at another one could not be kept \
         out; remove the others, or copy the file"
    )]
    SeveralNames {
        /// The journal.
        path: PathBuf,
        /// How many names.
        names: u64,
    },
    /// The file or its file system does not allow writing.
    #[error("the journal {path:?} is read-only; make it writable, or open it for reading only")]
    ReadOnly {
        /// The journal.
        path: PathBuf,
    },
    /// The file is a database of something else, or its head is damaged. It was left alone.
    #[error("the file {path:?} is not a journal; choose another path")]
    NotAJournal {
        /// The file.
        path: PathBuf,
    },
    /// The journal belongs to another application. It was left alone.
    #[error("the journal {path:?} was made by the application {found:?}, not by {expected:?}; choose another path")]
    OtherApplication {
        /// The journal.
        path: PathBuf,
        /// The application in the file.
        found: String,
        /// The application in the options.
        expected: String,
    },
    /// The tables have a layout that only a newer version of this crate knows. Run the newer program.
    #[error("the journal {path:?} has format {found}, this program knows {known}; run the newer program")]
    FormatNewer {
        /// The journal.
        path: PathBuf,
        /// The format in the file.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
    /// The tables have an older layout and no way leads from there: a [`Reader`](crate::Reader) changes nothing, and
    /// a [`Journal`](crate::Journal) needs a migration for every step.
    #[error(
        "the journal {path:?} has the older format {found} and is not brought to {known} here; \
         open it once for writing with a program that can"
    )]
    FormatOlder {
        /// The journal.
        path: PathBuf,
        /// The format in the file.
        found: u32,
        /// The format needed.
        known: u32,
    },
    /// A view could not be made from its definition. Correct the definition.
    #[error("the view {view:?} of the journal {path:?} cannot be made: {reason}")]
    View {
        /// The journal.
        path: PathBuf,
        /// The view.
        view: &'static str,
        /// What SQLite says.
        reason: String,
    },
    /// The newest record was written with a payload schema that this program does not know. Run the newer program.
    #[error("the journal {path:?} has payloads of schema {found}, this program knows {known}; run the newer program")]
    SchemaNewer {
        /// The journal.
        path: PathBuf,
        /// The schema of the newest record.
        found: u32,
        /// [`Options::schema`](crate::Options::schema).
        known: u32,
    },
    /// SQLite did not take a setting on which durability rests, as on some network file systems.
    #[error("the journal {path:?} needs {pragma} = {wanted}, SQLite says {found}; use a local file system")]
    Setting {
        /// The journal.
        path: PathBuf,
        /// The setting.
        pragma: &'static str,
        /// The value it must have.
        wanted: &'static str,
        /// The value it has.
        found: String,
    },
    /// The past is not what was written. Keep the file; look at it with a [`Reader`](crate::Reader); go on from a copy
    /// that verifies.
    #[error("the journal {path:?} is broken: {broken}; keep the file, go on only from a copy that verifies")]
    Broken {
        /// The journal.
        path: PathBuf,
        /// The first bad record.
        broken: Broken,
    },
    /// SQLite failed.
    #[error("the journal {path:?} cannot be opened: {source}")]
    Storage {
        /// The journal.
        path: PathBuf,
        /// The cause.
        source: StorageError,
    },
}

/// Why a journal did not go on in a fresh file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RotateError {
    /// Something else has the file open: a reader, or a tool. Nothing was changed; close it and try again.
    #[error("the journal {path:?} is open elsewhere; close it there and try again")]
    InUse {
        /// The journal.
        path: PathBuf,
    },
    /// The name for the file so far is taken, by one of an earlier journal at this path. Nothing was changed; move that file
    /// to another folder and try again.
    #[error("the file so far would be called {archive:?}, and there is such a file; move that one to another folder")]
    NameTaken {
        /// The name.
        archive: PathBuf,
    },
    /// A fresh file begins with at least one record, which sums up the file before. Nothing was changed.
    #[error("a fresh file begins with a record that sums up the one before; there is none")]
    NoCheckpoint,
    /// The first records could not be written to the fresh file. Nothing was changed.
    #[error("the fresh file could not be written: {0}")]
    Append(#[from] AppendError),
    /// The fresh file could not be made, or took not what was written. Nothing was changed.
    #[error("the fresh file could not be made: {0}")]
    Fresh(Box<OpenError>),
    /// A file could not be moved to its place, or opened there. The journal is poisoned; the next opening finishes what
    /// was begun, or takes up the old file as it was.
    #[error("the journal {path:?} could not be moved: {source}; open it again")]
    Move {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The fresh file is in place and could not be opened. The journal is poisoned; open it again.
    #[error("the fresh file could not be opened: {0}; open the journal again")]
    Reopen(Box<OpenError>),
    /// An earlier write failed; see [`AppendError::Poisoned`].
    #[error("nothing is written since an earlier failure: {first}; remove the cause and open the journal again")]
    Poisoned {
        /// The first failure.
        first: StorageError,
    },
}

/// Why rows of a view could not be written out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// There is no such view, nor is it `records`.
    #[error("there is no view {view:?} in the journal; it has {}", .views.join(", "))]
    NoView {
        /// What was asked for.
        view: String,
        /// What there is.
        views: Vec<String>,
    },
    /// SQLite failed.
    #[error("the journal could not be read: {0}")]
    Storage(#[from] StorageError),
    /// What was written to failed.
    #[error("the rows could not be written: {0}")]
    Write(#[from] io::Error),
}

/// Why an [`Entry`] could not be made. Nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// The kind is empty, too long or has control characters. Use a short word.
    #[error("a kind has 1 to {} bytes and no control characters; this one has {bytes} bytes", Entry::KIND_BYTES_MAX)]
    Kind {
        /// The length of the kind.
        bytes: usize,
    },
    /// The payload does not serialise to JSON. Correct its type.
    #[error("the payload of the {kind:?} entry is not JSON: {source}")]
    Payload {
        /// The kind.
        kind: String,
        /// What the serialiser says.
        source: serde_json::Error,
    },
    /// The payload is too long. Split it.
    #[error("the payload of the {kind:?} entry has {bytes} bytes, the limit is {}", Entry::PAYLOAD_BYTES_MAX)]
    PayloadTooLong {
        /// The kind.
        kind: String,
        /// The length of the JSON.
        bytes: usize,
    },
}

/// Why a batch was not appended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The batch is too long. Nothing was written and the journal is as before; split the batch.
    #[error("the batch has {records} records, the limit is {}; split it", crate::Journal::BATCH_RECORDS_MAX)]
    BatchTooLong {
        /// The length of the batch.
        records: usize,
    },
    /// A write or sync failed just now. The batch counts as not written, though after a failed sync only the next
    /// opening can tell. Every later append is refused; remove the cause and open the journal again.
    #[error("the journal could not be written: {cause}; nothing more is written until it is opened again")]
    Failed {
        /// What failed.
        cause: StorageError,
    },
    /// An earlier write failed; nothing was tried. A sync that failed is never tried again, for the system may have
    /// forgotten what it did not write. Remove the cause and open the journal again.
    #[error("nothing is written since an earlier failure: {first}; remove the cause and open the journal again")]
    Poisoned {
        /// The first failure.
        first: StorageError,
    },
}

/// Why replay stopped at a record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The record cannot be trusted or read. Replay ends here: nothing behind it can be trusted either.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// The record is sound but its JSON does not fit the type asked for. Replay can go on with the next one.
    #[error(
        "the payload of record {sequence} ({kind:?}, schema {schema}) does not fit: {source}; \
         read it with a type that fits its schema"
    )]
    Payload {
        /// The record.
        sequence: Sequence,
        /// Its kind.
        kind: String,
        /// The schema it was written with.
        schema: u32,
        /// What does not fit.
        source: serde_json::Error,
    },
}

/// The first record that is not as it was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("record {sequence} {why}")]
#[non_exhaustive]
pub struct Broken {
    /// The first bad record.
    pub sequence: Sequence,
    /// What is wrong with it.
    pub why: Fault,
}

/// What is wrong with a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It is not there, though a later one is (or one with an impossible number).
    #[error("is missing: row {found} stands in its place")]
    Missing {
        /// The number of the row found instead.
        found: i64,
    },
    /// It is the first record of a file that goes on behind another, and not there: without it the file says nothing
    /// about the records before.
    #[error("is missing: it should be the first of the file and sum up the file before")]
    Gone,
    /// A column holds a value of the wrong kind or range.
    #[error("has no valid {column}")]
    Column {
        /// The column.
        column: &'static str,
    },
    /// Its hash does not follow from its columns and the record before: one of them was changed.
    #[error("was changed, or the one before: its hash does not follow from them")]
    Hash,
    /// The file could not be read there.
    #[error("cannot be read: {0}")]
    Unreadable(StorageError),
}

/// A failure of SQLite or of what is below it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub struct StorageError {
    /// What it means here.
    pub fault: StorageFault,
    /// SQLite's extended result code, where it gave one.
    pub code: Option<i32>,
}

/// What a failure of SQLite means for a journal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum StorageFault {
    /// No room on the disk.
    DiskFull,
    /// The file or the file system does not allow writing.
    ReadOnly,
    /// Another program holds the database, longer than the journal waits.
    Busy,
    /// The file is damaged.
    Damaged,
    /// The file is no database of SQLite, or its very head is damaged.
    NotADatabase,
    /// The operating system reported an error while reading, writing or syncing.
    InputOutput,
    /// The file could not be opened.
    CannotOpen,
    /// The file is not at its path any more: what is written to it, nobody will read.
    Gone,
    /// A row that should be new is there already: another program has written to the journal.
    Conflict,
    /// Anything else: look up the code.
    Unexpected,
}

impl From<rusqlite::Error> for StorageError {
    fn from(error: rusqlite::Error) -> Self {
        let Some(sqlite) = error.sqlite_error() else {
            return Self { fault: StorageFault::Unexpected, code: None };
        };
        // The codes are SQLite's and more may come, so here a rest is right.
        let fault = match sqlite.code {
            ErrorCode::DiskFull => StorageFault::DiskFull,
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => StorageFault::ReadOnly,
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StorageFault::Busy,
            ErrorCode::DatabaseCorrupt => StorageFault::Damaged,
            ErrorCode::NotADatabase => StorageFault::NotADatabase,
            ErrorCode::SystemIoFailure => StorageFault::InputOutput,
            ErrorCode::CannotOpen => StorageFault::CannotOpen,
            ErrorCode::ConstraintViolation => StorageFault::Conflict,
            _ => StorageFault::Unexpected,
        };
        Self { fault, code: Some(sqlite.extended_code) }
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.fault {
            StorageFault::DiskFull => "the disk is full, make room",
            StorageFault::ReadOnly => "the file does not allow writing, change its rights",
            StorageFault::Busy => "another program holds the database, close it",
            StorageFault::Damaged => "the file is damaged, go on from a copy",
            StorageFault::NotADatabase => {
                "the file is no database, check the path; where it was one, its head is damaged, go on from a copy"
            }
            StorageFault::InputOutput => "the disk failed, look at the system's log",
            StorageFault::CannotOpen => "the file cannot be opened, check its path and rights",
            StorageFault::Gone => "the file was deleted, moved or replaced, stop and put a copy in its place",
            StorageFault::Conflict => "another program has written to the journal, stop it",
            StorageFault::Unexpected => "SQLite failed",
        })?;
        match self.code {
            Some(code) => write!(f, " (SQLite code {code}: {})", ffi::code_to_str(code)),
            None => Ok(()),
        }
    }
}
