//! Going on in a fresh file, so that a journal does not grow for ever and none of its past is lost.
//!
//! The order of the steps is what makes it safe: the fresh file is complete and on the disk before the old one moves,
//! and the lock is on neither. Whatever the moment at which the power fails, the next opening finds either the old file,
//! or no file and a complete fresh one beside it, and [`finish`] does the rest.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::error::{OpenError, RotateError, StorageError, StorageFault};
use crate::journal::{Journal, beside, dress};
use crate::reader::{Reader, connect};
use crate::record::{Entry, Sequence, Stamps};
use crate::schema::{self, Identity};

impl Journal {
    /// Goes on in a fresh file at the same path, which begins with `checkpoint`: records that sum up all that came
    /// before. The file so far stays complete under the name that is given back, `PATH.FIRST-LAST`; sequences and chain
    /// go on. What is replayed from now on begins with the checkpoint.
    ///
    /// # Errors
    ///
    /// [`RotateError`]; what was written is durable either way, and but for the last two nothing was changed.
    pub fn rotate(&mut self, stamps: Stamps, checkpoint: &[Entry]) -> Result<PathBuf, RotateError> {
        if let Some(first) = self.poisoned() {
            return Err(RotateError::Poisoned { first });
        }
        if checkpoint.is_empty() {
            return Err(RotateError::NoCheckpoint);
        }
        let path = self.path().to_owned();
        let archive = beside(&path, &format!(".{}-{}", self.first().number(), self.len()));
        if archive.exists() {
            return Err(RotateError::NameTaken { archive });
        }
        let fresh = beside(&path, NEXT);
        remove(&fresh).map_err(|source| RotateError::Move { path: fresh.clone(), source })?;
        let written = self.write_fresh(&fresh, stamps, checkpoint).and_then(|()| self.close_file());
        if let Err(error) = written {
            // On a full disk half a file must not keep it so. What cannot be removed, the next opening removes.
            let _ = remove(&fresh);
            return Err(error);
        }
        let swapped = swap(&path, &archive, &fresh).map_err(|source| {
            self.poison(StorageError { fault: StorageFault::InputOutput, code: None });
            RotateError::Move { path: path.clone(), source }
        })?;
        self.open_file()?;
        match swapped {
            Swapped::Yes => Ok(archive),
            Swapped::InUse => Err(RotateError::InUse { path }),
        }
    }

    /// A complete file that begins behind this one, closed and on the disk.
    fn write_fresh(&self, fresh: &Path, stamps: Stamps, checkpoint: &[Entry]) -> Result<(), RotateError> {
        let failed = |error: OpenError| RotateError::Fresh(Box::new(error));
        let storage = |source: StorageError| failed(OpenError::Storage { path: fresh.to_owned(), source });
        let file = Identity {
            id: self.id(),
            application: self.options().application.clone(),
            first: Sequence::FIRST.after(self.len()),
            anchor: Some(self.head()),
        };
        let mode = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let mut connection = connect(fresh, mode).map_err(failed)?;
        dress(&connection, fresh).map_err(failed)?;
        schema::create_behind(&mut connection, &file).map_err(storage)?;
        let reader = Reader::adopt(connection, fresh.to_owned(), self.options()).map_err(failed)?;
        let mut journal = self.twin(reader);
        journal.append(stamps, checkpoint)?;
        let written =
            journal.verify().map_err(|broken| failed(OpenError::Broken { path: fresh.to_owned(), broken }))?;
        debug_assert_eq!(written.records, journal.len(), "what was written is there");
        journal.into_connection().close().map_err(|(_, error)| storage(error.into()))?;
        // Closing brings all from the log into the database, but only a sync of the folder keeps its name.
        sync_folder(fresh).map_err(|source| RotateError::Move { path: fresh.to_owned(), source })
    }

    /// Closes the file; everything in it is in the database then, unless somebody else has it open.
    fn close_file(&mut self) -> Result<(), RotateError> {
        let path = self.path().to_owned();
        let failed = |error: rusqlite::Error| {
            RotateError::Fresh(Box::new(OpenError::Storage { path: path.clone(), source: error.into() }))
        };
        let stand_in = Connection::open_in_memory().map_err(failed)?;
        match std::mem::replace(self.connection_mut(), stand_in).close() {
            Ok(()) => Ok(()),
            Err((connection, error)) => {
                *self.connection_mut() = connection;
                Err(failed(error))
            }
        }
    }

    /// Opens what stands at the path now.
    fn open_file(&mut self) -> Result<(), RotateError> {
        self.reopen().map_err(|error| {
            self.poison(StorageError { fault: StorageFault::CannotOpen, code: None });
            RotateError::Reopen(Box::new(error))
        })
    }
}

/// Whether the fresh file is in place.
enum Swapped {
    Yes,
    /// Somebody else has the old file open; it stays where it was.
    InUse,
}

/// Moves the old file away and the fresh one to its place. Once the old one has moved nobody new can open it; who has it
/// open by then shows by the log beside it, which would be taken for the fresh file's.
fn swap(path: &Path, archive: &Path, fresh: &Path) -> io::Result<Swapped> {
    if has_log(path) {
        remove(fresh)?;
        return Ok(Swapped::InUse);
    }
    fs::rename(path, archive)?;
    // Somebody has opened it in between.
    if has_log(path) {
        take_back(path, archive, fresh)?;
        return Ok(Swapped::InUse);
    }
    fs::rename(fresh, path)?;
    sync_folder(path)?;
    Ok(Swapped::Yes)
}

/// Whether what SQLite keeps beside an open file is there.
fn has_log(path: &Path) -> bool {
    ["-wal", "-shm"].iter().any(|ending| beside(path, ending).exists())
}

/// Puts the file so far back to its place.
fn take_back(path: &Path, archive: &Path, fresh: &Path) -> io::Result<()> {
    fs::rename(archive, path)?;
    remove(fresh)
}

/// The ending of a fresh file on its way.
const NEXT: &str = ".next";

/// Finishes a rotation that was cut off; to be called under the lock, before the file is opened.
pub(crate) fn finish(path: &Path) -> io::Result<()> {
    let fresh = beside(path, NEXT);
    if !fresh.exists() {
        return Ok(());
    }
    if path.exists() {
        // The old file had not moved yet: it goes on.
        return remove(&fresh);
    }
    if has_log(path) {
        // The log is that of the old file, and may hold records that stand nowhere else: beside the fresh one it would
        // be taken for its own.
        take_back(path, &archive_before(path, &fresh)?, &fresh)?;
        return sync_folder(path);
    }
    fs::rename(&fresh, path)?;
    sync_folder(path)
}

/// The one file beside `path` that ends where the fresh one begins.
fn archive_before(path: &Path, fresh: &Path) -> io::Result<PathBuf> {
    let first = first_of(fresh).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, NO_FIRST))?;
    let mut begin = path.file_name().unwrap_or_default().to_owned();
    begin.push(".");
    let end = format!("-{}", first.number() - 1);
    let mut found = Vec::new();
    for file in fs::read_dir(path.parent().unwrap_or_else(|| Path::new(".")))? {
        let name = file?.file_name();
        let range = name.as_encoded_bytes().strip_prefix(begin.as_encoded_bytes());
        let number = range.and_then(|range| range.strip_suffix(end.as_bytes()));
        if number.is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit)) {
            found.push(path.with_file_name(name));
        }
    }
    match found.pop() {
        Some(archive) if found.is_empty() => Ok(archive),
        Some(_) | None => Err(io::Error::new(io::ErrorKind::NotFound, NO_ARCHIVE)),
    }
}

const NO_FIRST: &str = "a log of the file before stands there, and the fresh file does not say behind which that is";
const NO_ARCHIVE: &str = "a log of the file before stands there, and which file that is cannot be told; move it back";

/// Where a fresh file begins.
fn first_of(fresh: &Path) -> Option<Sequence> {
    let connection = connect(fresh, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    Some(schema::identity(&connection).ok()??.first)
}

/// Removes a fresh file that nobody needs, and what SQLite keeps beside it.
fn remove(fresh: &Path) -> io::Result<()> {
    for file in [fresh.to_owned(), beside(fresh, "-wal"), beside(fresh, "-shm")] {
        match fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Makes the names in a folder durable, where the system has that.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        Some(_) | None => Ok(()),
    }
}
