//! The tables: making them, recognising them, and bringing older ones up to date.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::chain::JournalId;
use crate::error::StorageError;

/// The layout of the tables that this version writes.
pub(crate) const FORMAT: u32 = 1;

/// The steps from older layouts, oldest first. A step may add tables, columns that the hash does not cover, and
/// indexes; the hashed columns of a written record never change.
pub(crate) const MIGRATIONS: &[Migration] = &[];

/// `JRNL`, in the place of the file header where SQLite keeps the kind of a database.
const APPLICATION_ID: i32 = 0x4A52_4E4C;

const TABLES: &str = "
CREATE TABLE journal(
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id BLOB NOT NULL,
    format INTEGER NOT NULL,
    application TEXT NOT NULL
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

/// Makes the tables in an empty database, all or nothing.
pub(crate) fn create(
    connection: &mut Connection,
    id: Option<JournalId>,
    application: &str,
) -> Result<(), StorageError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(TABLES)?;
    transaction.execute(
        "INSERT INTO journal(one, id, format, application) VALUES (1, coalesce(?1, randomblob(16)), ?2, ?3)",
        params![id.map(|id| id.0), FORMAT, application],
    )?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(transaction.commit()?)
}

/// The name of the journal and of the application it belongs to; `None` where they are damaged.
pub(crate) fn identity(connection: &Connection) -> Result<Option<(JournalId, String)>, StorageError> {
    let row = connection
        .query_row("SELECT id, application FROM journal", [], |row| {
            let id = row.get_ref(0)?.as_blob().ok().and_then(|id| id.try_into().ok());
            let application = row.get_ref(1)?.as_str().ok().map(str::to_owned);
            Ok(id.map(JournalId).zip(application))
        })
        .optional()?;
    Ok(row.flatten())
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
    fn every_older_format_has_its_step() {
        let starts: Vec<u32> = MIGRATIONS.iter().map(|migration| migration.from).collect();
        assert_eq!(starts, (1..FORMAT).collect::<Vec<_>>());
    }

    #[test]
    fn ids_are_random_unless_given() {
        let id = |connection: &Connection| identity(connection).expect("a table").expect("an id").0;
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
