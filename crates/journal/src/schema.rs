//! The tables: making them, recognising them, and bringing older ones up to date.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::chain::{Hash, JournalId};
use crate::error::StorageError;
use crate::record::Sequence;

/// The layout of the tables that this version writes.
pub(crate) const FORMAT: u32 = 2;

/// The steps from older layouts, oldest first. A step may add tables, columns that the hash does not cover, and
/// indexes; the hashed columns of a written record never change.
pub(crate) const MIGRATIONS: &[Migration] = &[Migration { from: 1, apply: |step| step.execute_batch(SEGMENTS) }];

/// Format 2: a journal may go on in a fresh file, which then begins behind the records of the file before.
const SEGMENTS: &str = "
ALTER TABLE journal ADD COLUMN first INTEGER NOT NULL DEFAULT 1;
ALTER TABLE journal ADD COLUMN anchor BLOB;";

/// `JRNL`, in the place of the file header where SQLite keeps the kind of a database.
const APPLICATION_ID: i32 = 0x4A52_4E4C;

const TABLES: &str = "
CREATE TABLE journal(
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id BLOB NOT NULL,
    format INTEGER NOT NULL,
    application TEXT NOT NULL,
    first INTEGER NOT NULL DEFAULT 1,
    anchor BLOB
) STRICT;
CREATE TABLE records(
    sequence INTEGER PRIMARY KEY,
    schema INTEGER NOT NULL,
    wall_us INTEGER NOT NULL,
    monotonic_us INTEGER NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    hash BLOB NOT NULL
) STRICT;";

/// A step from one layout to the next.
pub(crate) struct Migration {
    /// The layout it starts from; it leads to the one after.
    pub(crate) from: u32,
    pub(crate) apply: fn(&Transaction<'_>) -> rusqlite::Result<()>,
}

/// What a database turns out to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Found {
    Empty,
    Foreign,
    Journal { format: u32 },
}

/// Looks at a database without changing it. The format is read by itself, for a newer one may have other columns.
pub(crate) fn look(connection: &Connection) -> Result<Found, StorageError> {
    let kind: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if (kind, tables) == (0, 0) {
        return Ok(Found::Empty);
    }
    if kind != APPLICATION_ID {
        return Ok(Found::Foreign);
    }
    let format = connection.query_row("SELECT format FROM journal", [], |row| row.get(0)).optional()?;
    Ok(format.map_or(Found::Foreign, |format| Found::Journal { format }))
}

/// Who a file belongs to, and where in its journal it begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Identity {
    pub(crate) id: JournalId,
    pub(crate) application: String,
    /// The first record of this file.
    pub(crate) first: Sequence,
    /// The hash of the record before, which stands in the file before; of a first file none.
    pub(crate) anchor: Option<Hash>,
}

/// Makes the tables of a first file in an empty database, all or nothing.
pub(crate) fn create(
    connection: &mut Connection,
    id: Option<JournalId>,
    application: &str,
) -> Result<(), StorageError> {
    create_at(connection, id, application, None)
}

/// Makes the tables of a file that begins behind another, all or nothing.
pub(crate) fn create_behind(connection: &mut Connection, file: &Identity) -> Result<(), StorageError> {
    create_at(connection, Some(file.id), &file.application, file.anchor.map(|anchor| (file.first, anchor)))
}

fn create_at(
    connection: &mut Connection,
    id: Option<JournalId>,
    application: &str,
    behind: Option<(Sequence, Hash)>,
) -> Result<(), StorageError> {
    let (first, anchor) = behind.map_or((Sequence::FIRST, None), |(first, anchor)| (first, Some(anchor.0)));
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(TABLES)?;
    transaction.execute(
        "INSERT INTO journal(one, id, format, application, first, anchor)
         VALUES (1, coalesce(?1, randomblob(16)), ?2, ?3, ?4, ?5)",
        params![id.map(|id| id.0), FORMAT, application, first.row(), anchor],
    )?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(transaction.commit()?)
}

/// Who the file belongs to and where it begins; `None` where that is damaged.
pub(crate) fn identity(connection: &Connection) -> Result<Option<Identity>, StorageError> {
    let row = connection
        .query_row("SELECT id, application, first, anchor FROM journal", [], |row| {
            let id = row.get_ref(0)?.as_blob().ok().and_then(|id| id.try_into().ok()).map(JournalId);
            let application = row.get_ref(1)?.as_str().ok().map(str::to_owned);
            let first =
                row.get_ref(2)?.as_i64().ok().and_then(|first| u64::try_from(first).ok()).and_then(Sequence::new);
            let anchor = match row.get_ref(3)?.as_blob_or_null() {
                Ok(None) => Some(None),
                Ok(Some(bytes)) => bytes.try_into().ok().map(|bytes| Some(Hash(bytes))),
                Err(_) => None,
            };
            Ok(id.zip(application).zip(first).zip(anchor))
        })
        .optional()?;
    let identity =
        row.flatten().map(|(((id, application), first), anchor)| Identity { id, application, first, anchor });
    // Only a first file begins with nothing before it.
    Ok(identity.filter(|file| file.anchor.is_some() == (file.first != Sequence::FIRST)))
}

/// Brings the tables from format `found` to `known`, all steps or none. False when a step is missing.
pub(crate) fn migrate(
    connection: &mut Connection,
    found: u32,
    known: u32,
    migrations: &[Migration],
) -> Result<bool, StorageError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for format in found..known {
        let Some(step) = migrations.iter().find(|migration| migration.from == format) else {
            return Ok(false);
        };
        (step.apply)(&transaction)?;
    }
    transaction.execute("UPDATE journal SET format = ?1", [known])?;
    transaction.commit()?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two steps that coming versions may take, and one that fails.
    const INDEX: Migration =
        Migration { from: FORMAT, apply: |step| step.execute_batch("CREATE INDEX by_kind ON records(kind, sequence)") };
    const NOTE: Migration =
        Migration { from: FORMAT + 1, apply: |step| step.execute_batch("ALTER TABLE journal ADD COLUMN note TEXT") };
    const FAILS: Migration = Migration { from: FORMAT + 1, apply: |step| step.execute_batch("DROP TABLE nothing") };

    fn fresh() -> Connection {
        let mut connection = Connection::open_in_memory().expect("memory is there");
        assert_eq!(look(&connection), Ok(Found::Empty));
        create(&mut connection, None, "test").expect("an empty database takes the tables");
        connection
    }

    #[track_caller]
    fn check(migrations: &[Migration], known: u32, expected: Result<bool, ()>, format_after: u32) {
        let mut connection = fresh();
        assert_eq!(migrate(&mut connection, FORMAT, known, migrations).map_err(|_| ()), expected);
        assert_eq!(look(&connection), Ok(Found::Journal { format: format_after }));
        let indexes = "SELECT count(*) FROM sqlite_schema WHERE name = 'by_kind'";
        let index: i64 = connection.query_row(indexes, [], |row| row.get(0)).expect("a count");
        assert_eq!(index == 1, format_after > FORMAT, "the steps and the format go together");
    }

    #[test]
    fn migrations_run_in_order_all_or_none() {
        check(&[INDEX, NOTE], FORMAT, Ok(true), FORMAT);
        check(&[INDEX, NOTE], FORMAT + 1, Ok(true), FORMAT + 1);
        check(&[INDEX, NOTE], FORMAT + 2, Ok(true), FORMAT + 2);
        check(&[INDEX, NOTE], FORMAT + 3, Ok(false), FORMAT);
        check(&[NOTE], FORMAT + 2, Ok(false), FORMAT);
        check(&[INDEX, FAILS], FORMAT + 2, Err(()), FORMAT);
    }

    #[test]
    fn a_journal_of_format_1_becomes_a_first_file() {
        let mut connection = Connection::open_in_memory().expect("memory is there");
        let old = "CREATE TABLE journal(one INTEGER PRIMARY KEY CHECK (one = 1), id BLOB NOT NULL,
                       format INTEGER NOT NULL, application TEXT NOT NULL) STRICT;
                   INSERT INTO journal VALUES (1, zeroblob(16), 1, 'test')";
        connection.execute_batch(old).expect("sound SQL");
        connection.pragma_update(None, "application_id", APPLICATION_ID).expect("a pragma");
        assert_eq!(migrate(&mut connection, 1, FORMAT, MIGRATIONS), Ok(true));
        assert_eq!(look(&connection), Ok(Found::Journal { format: FORMAT }));
        let first =
            Identity { id: JournalId([0; 16]), application: "test".to_owned(), first: Sequence::FIRST, anchor: None };
        assert_eq!(identity(&connection), Ok(Some(first)));
    }

    #[test]
    fn a_file_without_a_sound_beginning_is_damaged() {
        for statement in ["first = 2", "first = 0", "anchor = zeroblob(32)", "first = 2, anchor = zeroblob(31)"] {
            let connection = fresh();
            connection.execute(&format!("UPDATE journal SET {statement}"), []).expect("sound SQL");
            assert_eq!(identity(&connection), Ok(None), "{statement}");
        }
    }

    #[test]
    fn every_older_format_has_its_step() {
        let starts: Vec<u32> = MIGRATIONS.iter().map(|migration| migration.from).collect();
        assert_eq!(starts, (1..FORMAT).collect::<Vec<_>>());
    }

    #[test]
    fn ids_are_random_unless_given() {
        let id = |connection: &Connection| identity(connection).expect("a table").expect("an id").id;
        assert_ne!(id(&fresh()), id(&fresh()));
        let mut given = Connection::open_in_memory().expect("memory is there");
        create(&mut given, Some(JournalId([7; 16])), "test").expect("an empty database takes the tables");
        assert_eq!(id(&given), JournalId([7; 16]));
    }

    #[test]
    fn other_databases_are_foreign() {
        for statement in ["CREATE TABLE t(x)", "PRAGMA application_id = 5"] {
            let connection = Connection::open_in_memory().expect("memory is there");
            connection.execute_batch(statement).expect("sound SQL");
            assert_eq!(look(&connection), Ok(Found::Foreign), "{statement}");
        }
        let connection = fresh();
        connection.execute("DELETE FROM journal", []).expect("sound SQL");
        assert_eq!(look(&connection), Ok(Found::Foreign), "without its one row");
    }
}
