//! [`Tape`]: recorded quotes and trades of one instrument, read row by row.
//!
//! A row is `ts_ms,kind,price,size,ask_price,ask_size,exchange`: time in milliseconds since the epoch, `Q` for a quote
//! (price and size are the bid) or `T` for a trade. Rows are sorted by time. A price of 0 or none on one side of a quote
//! means that nobody quotes there.

use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use rust_decimal::Decimal;

use crate::market::{Level, MarketEvent, NUMBER_MAX, Quote, Trade};
use crate::time::SimTime;

/// The first line of a tape file.
const HEADER: [&str; 7] = ["ts_ms", "kind", "price", "size", "ask_price", "ask_size", "exchange"];

/// One row: when, in the time of the recording, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Milliseconds since the epoch, as recorded.
    pub time_ms: i64,
    /// What happened.
    pub event: MarketEvent,
}

impl Row {
    /// A quote of both sides.
    #[must_use]
    pub const fn quote(time_ms: i64, quote: Quote) -> Self {
        Self { time_ms, event: MarketEvent::Quote(quote) }
    }

    /// A trade.
    #[must_use]
    pub const fn trade(time_ms: i64, price: Decimal, size: Decimal) -> Self {
        Self { time_ms, event: MarketEvent::Trade(Trade { price, size, exchange: String::new() }) }
    }
}

/// Why a tape cannot be played.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TapeError {
    /// The file cannot be opened. Check the path.
    #[error("cannot open the tape {}: {cause}; give a CSV or .csv.gz file as SYMBOL=FILE", path.display())]
    Unreadable {
        /// Where it should be.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// A line that is not a row. Repair the file.
    #[error("{}:{line}: {fault}", path.display())]
    BadRow {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        fault: RowFault,
    },
    /// There is no row.
    #[error("the tape {} has no rows", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

/// What is wrong with a line of a tape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowFault {
    /// The first line is not the header.
    #[error("the header must be ts_ms,kind,price,size,ask_price,ask_size,exchange")]
    Header,
    /// Not CSV, or not readable.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// Too few columns.
    #[error("has {0} columns, needs 7")]
    Columns(usize),
    /// Not a number.
    #[error("column {column} is not a number: {text:?}")]
    NotANumber {
        /// Name of the column.
        column: &'static str,
        /// What stands there.
        text: String,
    },
    /// Neither `Q` nor `T`.
    #[error("kind must be Q or T, not {0:?}")]
    Kind(String),
    /// Negative sizes and prices of 0 in a trade cannot be.
    #[error("column {0} is out of range")]
    OutOfRange(&'static str),
    /// Earlier than the row before.
    #[error("is earlier than the row before it; sort the file by time")]
    Unsorted,
}

/// Recorded rows, played from the first one on. Its recorded time is mapped to simulated time: the first row happens
/// when the tape starts, and every other row as much later as it was recorded.
pub struct Tape {
    rows: Box<dyn Iterator<Item = Result<Row, TapeError>> + Send>,
    next: Option<Row>,
    /// What to add to a recorded time.
    shift_ms: i64,
}

impl Tape {
    /// Opens a file, checks every row of it, and starts at `start`.
    ///
    /// # Errors
    /// [`TapeError`] names the file and the line.
    pub fn open(path: &Path, start: SimTime) -> Result<Self, TapeError> {
        // A first pass over the whole file, so that a bad row is found before anybody trades and not in the middle.
        for row in FileRows::open(path)? {
            row?;
        }
        let mut rows = FileRows::open(path)?;
        let first = rows.next().transpose()?.ok_or_else(|| TapeError::Empty { path: path.to_owned() })?;
        Ok(Self::playing(first, Box::new(rows), start))
    }

    /// Plays rows from memory; `None` where there are none. They must be sorted by time.
    #[must_use]
    pub fn from_rows(rows: Vec<Row>, start: SimTime) -> Option<Self> {
        let mut rows = rows.into_iter().map(Ok);
        let first = rows.next()?.ok()?;
        Some(Self::playing(first, Box::new(rows), start))
    }

    /// When the next row happens.
    #[must_use]
    pub fn next_time(&self) -> Option<SimTime> {
        self.next.as_ref().map(|row| SimTime(row.time_ms.saturating_add(self.shift_ms)))
    }

    /// The next row; the tape moves on.
    pub fn next_event(&mut self) -> Option<MarketEvent> {
        let following = match self.rows.next() {
            Some(Ok(row)) => Some(row),
            None => None,
            Some(Err(error)) => {
                // It was checked at the start: somebody changed the file since.
                tracing::error!(%error, "a tape ends early");
                None
            }
        };
        std::mem::replace(&mut self.next, following).map(|row| row.event)
    }

    fn playing(first: Row, rows: Box<dyn Iterator<Item = Result<Row, TapeError>> + Send>, start: SimTime) -> Self {
        let shift_ms = start.0.saturating_sub(first.time_ms);
        Self { rows, next: Some(first), shift_ms }
    }
}

impl fmt::Debug for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tape").field("next", &self.next).field("shift_ms", &self.shift_ms).finish_non_exhaustive()
    }
}

/// The rows of a file.
struct FileRows {
    path: PathBuf,
    reader: csv::Reader<Box<dyn Read + Send>>,
    record: csv::StringRecord,
    latest_ms: i64,
}

impl FileRows {
    fn open(path: &Path) -> Result<Self, TapeError> {
        let file = File::open(path).map_err(|cause| TapeError::Unreadable { path: path.to_owned(), cause })?;
        let file = BufReader::new(file);
        let is_gzip = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        let bytes: Box<dyn Read + Send> = if is_gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
        let bad = |fault| TapeError::BadRow { path: path.to_owned(), line: 1, fault };
        let header = reader.headers().map_err(|error| bad(RowFault::Unreadable(error.to_string())))?;
        if header.is_empty() {
            return Err(TapeError::Empty { path: path.to_owned() });
        }
        if !header.iter().eq(HEADER) {
            return Err(bad(RowFault::Header));
        }
        Ok(Self { path: path.to_owned(), reader, record: csv::StringRecord::new(), latest_ms: i64::MIN })
    }

    fn read(&mut self) -> Option<Result<Row, RowFault>> {
        match self.reader.read_record(&mut self.record) {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => return Some(Err(RowFault::Unreadable(error.to_string()))),
        }
        let row = row_of(&self.record);
        Some(row.and_then(|row| {
            if row.time_ms < self.latest_ms {
                return Err(RowFault::Unsorted);
            }
            self.latest_ms = row.time_ms;
            Ok(row)
        }))
    }
}

impl Iterator for FileRows {
    type Item = Result<Row, TapeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.read()?;
        let line = self.record.position().map_or_else(|| self.reader.position().line(), csv::Position::line);
        Some(row.map_err(|fault| TapeError::BadRow { path: self.path.clone(), line, fault }))
    }
}

fn row_of(record: &csv::StringRecord) -> Result<Row, RowFault> {
    if record.len() < HEADER.len() {
        return Err(RowFault::Columns(record.len()));
    }
    let column = |index: usize| record.get(index).unwrap_or_default().trim();
    let not_a_number = |index: usize| RowFault::NotANumber { column: HEADER[index], text: column(index).to_owned() };
    let number = |index: usize| -> Result<Decimal, RowFault> {
        let value: Decimal = match column(index) {
            "" => Decimal::ZERO,
            text => text.parse().or_else(|_| Decimal::from_scientific(text)).map_err(|_| not_a_number(index))?,
        };
        let is_possible = value >= Decimal::ZERO && value <= NUMBER_MAX;
        if is_possible { Ok(value) } else { Err(RowFault::OutOfRange(HEADER[index])) }
    };
    let level = |price: usize, size: usize| -> Result<Option<Level>, RowFault> {
        let level = Level { price: number(price)?, size: number(size)? };
        Ok((!level.price.is_zero()).then_some(level))
    };
    let time_ms = column(0).parse().map_err(|_| not_a_number(0))?;
    let event = match column(1) {
        "Q" => MarketEvent::Quote(Quote { bid: level(2, 3)?, ask: level(4, 5)? }),
        "T" => {
            let Level { price, size } = level(2, 3)?.ok_or(RowFault::OutOfRange(HEADER[2]))?;
            MarketEvent::Trade(Trade { price, size, exchange: column(6).to_owned() })
        }
        kind => return Err(RowFault::Kind(kind.to_owned())),
    };
    Ok(Row { time_ms, event })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    const HEAD: &str = "ts_ms,kind,price,size,ask_price,ask_size,exchange\n";

    fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        (folder, path)
    }

    #[test]
    fn rows_happen_as_they_were_recorded() {
        let text = format!("{HEAD}1000,Q,10.1,100,10.2,200,\n1000,T,10.2,50,,,N\n3500,Q,,,10.3,1e2,\n");
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(text.as_bytes()).unwrap();
        for (name, bytes) in [("a.csv", text.clone().into_bytes()), ("a.csv.gz", packed.finish().unwrap())] {
            let (_folder, path) = file(name, &bytes);
            let mut tape = Tape::open(&path, SimTime(50_000)).unwrap();
            let mut played = Vec::new();
            while let Some(time) = tape.next_time() {
                played.push((time.0, tape.next_event().unwrap()));
            }
            let quote = Quote::new(Decimal::new(101, 1), 100.into(), Decimal::new(102, 1), 200.into());
            let trade = Trade { price: Decimal::new(102, 1), size: 50.into(), exchange: "N".into() };
            let half = Quote { bid: None, ask: Some(Level { price: Decimal::new(103, 1), size: 100.into() }) };
            let expected = [
                (50_000, MarketEvent::Quote(quote)),
                (50_000, MarketEvent::Trade(trade)),
                (52_500, MarketEvent::Quote(half)),
            ];
            assert_eq!(played, expected, "{name}");
        }
    }

    #[test]
    fn the_largest_number_is_a_million_million() {
        assert_eq!(NUMBER_MAX, Decimal::from(1_000_000_000_000_u64));
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let (_folder, path) = file("bad.csv", text.as_bytes());
        let error = Tape::open(&path, SimTime(0)).unwrap_err().to_string();
        assert_eq!(error.replace(path.to_str().unwrap(), "bad.csv"), expected);
    }

    #[test]
    fn errors_name_file_and_line() {
        check("", "the tape bad.csv has no rows");
        check(HEAD, "the tape bad.csv has no rows");
        check("a,b\n", "bad.csv:1: the header must be ts_ms,kind,price,size,ask_price,ask_size,exchange");
        check(&format!("{HEAD}1,T,1,1,,,\n2,X,1,1,,,\n"), "bad.csv:3: kind must be Q or T, not \"X\"");
        check(&format!("{HEAD}1,T,one,1,,,\n"), "bad.csv:2: column price is not a number: \"one\"");
        check(&format!("{HEAD}1,T,1,-1,,,\n"), "bad.csv:2: column size is out of range");
        check(&format!("{HEAD}1,T,1,1000000000001,,,\n"), "bad.csv:2: column size is out of range");
        check(&format!("{HEAD}1,T,0,1,,,\n"), "bad.csv:2: column price is out of range");
        check(&format!("{HEAD}1,T,1\n"), "bad.csv:2: has 3 columns, needs 7");
        check(
            &format!("{HEAD}2,T,1,1,,,\n1,T,1,1,,,\n"),
            "bad.csv:3: is earlier than the row before it; sort the file by time",
        );
        let missing = Tape::open(Path::new("no/such.csv"), SimTime(0)).unwrap_err().to_string();
        assert!(missing.starts_with("cannot open the tape no/such.csv: "), "{missing}");
    }
}
