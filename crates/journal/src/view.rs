//! Views: the records as tables for people, and their rows written out.

use std::io::Write;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension};
use serde_json::{Map, Value};

use crate::error::{ExportError, StorageError};
use crate::reader::Reader;

/// A table for people, made of the records by the application's own query.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct View {
    /// Its name: lower case letters, digits and `_`.
    pub name: &'static str,
    /// The `SELECT` that makes its rows.
    pub select: &'static str,
}

/// Makes the views that are missing or defined otherwise; they stand beside the chain and prove nothing.
pub(crate) fn make(connection: &Connection, views: &[View]) -> Result<(), (&'static str, rusqlite::Error)> {
    for view in views {
        make_one(connection, view).map_err(|error| (view.name, error))?;
    }
    Ok(())
}

fn make_one(connection: &Connection, view: &View) -> rusqlite::Result<()> {
    let View { name, select } = view;
    let wanted = format!("CREATE VIEW {name} AS {select}");
    let found: Option<String> = connection
        .query_row("SELECT sql FROM sqlite_schema WHERE type = 'view' AND name = ?1", [name], |row| row.get(0))
        .optional()?;
    if found.as_deref() != Some(wanted.as_str()) {
        connection.execute_batch(&format!("BEGIN IMMEDIATE; DROP VIEW IF EXISTS {name}; {wanted}; COMMIT"))?;
    }
    // SQLite reads a definition only when it is used.
    connection.prepare(&format!("SELECT * FROM {name}")).map(drop)
}

impl Reader {
    /// Writes the rows of a view, or of `records`, as CSV with a head line, and says how many there were. A value that is
    /// not there is an empty field.
    ///
    /// # Errors
    ///
    /// [`ExportError`]; what was written until then stays written.
    pub fn write_csv(&self, view: &str, out: impl Write) -> Result<u64, ExportError> {
        let mut csv = csv::Writer::from_writer(out);
        let failed = |error: csv::Error| ExportError::Write(error.into());
        let mut statement = self.rows_of(view)?;
        csv.write_record(statement.column_names()).map_err(failed)?;
        let (columns, mut count) = (statement.column_count(), 0);
        let mut rows = statement.query([]).map_err(StorageError::from)?;
        while let Some(row) = rows.next().map_err(StorageError::from)? {
            for column in 0..columns {
                csv.write_field(text(row.get_ref(column).map_err(StorageError::from)?)).map_err(failed)?;
            }
            csv.write_record(None::<&[u8]>).map_err(failed)?;
            count += 1;
        }
        csv.flush()?;
        Ok(count)
    }

    /// Writes the rows of a view, or of `records`, as one JSON object a line, and says how many there were. A value that
    /// is not there is `null`.
    ///
    /// # Errors
    ///
    /// [`ExportError`]; what was written until then stays written.
    pub fn write_json_lines(&self, view: &str, mut out: impl Write) -> Result<u64, ExportError> {
        let mut statement = self.rows_of(view)?;
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut count = 0;
        let mut rows = statement.query([]).map_err(StorageError::from)?;
        while let Some(row) = rows.next().map_err(StorageError::from)? {
            let mut fields = Map::new();
            for (column, name) in names.iter().enumerate() {
                fields.insert(name.clone(), json(row.get_ref(column).map_err(StorageError::from)?));
            }
            writeln!(out, "{}", Value::Object(fields))?;
            count += 1;
        }
        out.flush()?;
        Ok(count)
    }

    fn rows_of(&self, view: &str) -> Result<rusqlite::Statement<'_>, ExportError> {
        let connection = self.connection();
        let views: Vec<String> = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'view' OR name = 'records' ORDER BY name")
            .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
            .map_err(StorageError::from)?;
        // Only a name that is there gets into a statement.
        if !views.iter().any(|there| there == view) {
            return Err(ExportError::NoView { view: view.to_owned(), views });
        }
        let statement = connection.prepare(&format!("SELECT * FROM \"{view}\""));
        Ok(statement.map_err(StorageError::from)?)
    }
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(value) => value.to_string(),
        ValueRef::Real(value) => value.to_string(),
        ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        ValueRef::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

fn json(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => value.into(),
        ValueRef::Real(value) => value.into(),
        ValueRef::Text(_) | ValueRef::Blob(_) => text(value).into(),
    }
}
