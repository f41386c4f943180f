//! The write-ahead journal: how many records become durable in a second, what one costs alone, and how long a replay takes.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use journal::{Entry, Journal, Options, Reader, Seen, Sequence, Stamps};
use rusqlite::{Connection, params};
use tempfile::TempDir;
use trader::{Record, Trader, TraderConfig};

use crate::day::Day;
use crate::harness::Effort;
use crate::report::{Row, Table};

/// Records that become durable together: about as many as a round of the engine takes.
const BATCH_RECORDS: usize = 512;
/// Who writes at once, where several do.
const PRODUCERS: usize = 4;
/// Rounds of the engine that may wait for the writer, and that it takes together.
const ROUNDS_MAX: usize = 256;
const STAMPS: Stamps = Stamps { wall_us: 1_381_152_600_000_000, monotonic_us: 1 };
/// Records a second that must become durable, and milliseconds for a replay of a million.
const APPENDS_ASKED: f64 = 100_000.0;
const REPLAY_ASKED_MS: f64 = 2_000.0;

/// Everything about writing.
pub(crate) fn measure_appends(effort: Effort) -> Vec<Table> {
    let mut day = Day::begin();
    let rounds: Vec<Vec<Record>> = (0..2_000).flat_map(|_| day.order()).collect();
    let entries: Vec<Entry> = rounds.iter().flatten().map(entry).collect();
    vec![under_load(&rounds, &entries, effort), alone(&entries, effort)]
}

/// As the trader writes it.
pub(crate) fn entry(record: &Record) -> Entry {
    record.to_entry().expect("a record has a payload")
}

/// Many records at once, in batches.
fn under_load(rounds: &[Vec<Record>], entries: &[Entry], effort: Effort) -> Table {
    type Way<'a> = (&'static str, Box<dyn Fn(&Path, Duration) -> f64 + 'a>);
    let ways: [Way<'_>; 4] = [
        ("bytes appended to a file, fdatasync; the limit", Box::new(|path, spell| file_appends(path, entries, spell))),
        ("SQLite, same rows and pragmas, no chain", Box::new(|path, spell| sqlite_appends(path, entries, spell))),
        ("Journal::append", Box::new(|path, spell| journal_appends(path, entries, spell))),
        ("Journal, 4 producers that make the JSON", Box::new(|path, spell| produced_appends(path, rounds, spell))),
    ];
    let mut measured = [const { Vec::new() }; 4];
    for _ in 0..effort.process_rounds() {
        for ((name, way), measured) in ways.iter().zip(&mut measured) {
            eprintln!("measuring: {name} ...");
            let folder = folder();
            measured.push(way(&folder.path().join("bench.db"), effort.process_spell()));
        }
    }
    let bytes = entries.iter().map(|entry| entry.payload().len()).sum::<usize>() / entries.len();
    let rates = measured.map(median);
    let rows = ways.iter().zip(rates).map(|((name, _), rate)| Row {
        name: (*name).to_owned(),
        values: vec![rate, rate / rates[0]],
        asked: if name.starts_with("Journal") { vec![APPENDS_ASKED] } else { Vec::new() },
    });
    Table {
        title: format!(
            "journal under load: records of a trading day, {bytes} bytes of JSON each, made durable {BATCH_RECORDS} \
             together, or as they come from {PRODUCERS} producers"
        ),
        columns: &["records/s", "ratio"],
        rows: rows.collect(),
    }
}

/// A folder on the disk that the program was built on: in memory, a sync would cost nothing.
pub(crate) fn folder() -> TempDir {
    let program = std::env::current_exe().expect("a running program has a path");
    let beside = program.parent().expect("a program stands in a folder");
    tempfile::Builder::new().prefix("bench-").tempdir_in(beside).expect("a folder that can be written to")
}

/// Batches one after the other, again and again; records a second.
fn batches(entries: &[Entry], spell: Duration, mut write: impl FnMut(&[Entry])) -> f64 {
    let (mut records, started) = (0, Instant::now());
    for batch in entries.chunks(BATCH_RECORDS).cycle() {
        write(batch);
        records += batch.len();
        if started.elapsed() >= spell {
            break;
        }
    }
    records as f64 / started.elapsed().as_secs_f64()
}

fn file_appends(path: &Path, entries: &[Entry], spell: Duration) -> f64 {
    let mut file = File::create_new(path).expect("a new file");
    let mut bytes = Vec::new();
    batches(entries, spell, |batch| {
        bytes.clear();
        batch.iter().for_each(|entry| bytes.extend_from_slice(entry.payload().as_bytes()));
        file.write_all(&bytes).expect("room");
        file.sync_data().expect("a disk");
    })
}

fn sqlite_appends(path: &Path, entries: &[Entry], spell: Duration) -> f64 {
    let mut rows = Rows::create(path);
    batches(entries, spell, |batch| rows.append(batch))
}

fn journal_appends(path: &Path, entries: &[Entry], spell: Duration) -> f64 {
    let mut journal = Journal::open(path, options()).expect("a new journal");
    batches(entries, spell, |batch| {
        journal.append(STAMPS, batch).expect("room");
    })
}

/// Several threads hand over rounds; one writer takes all that waits and makes it durable together.
fn produced_appends(path: &Path, rounds: &[Vec<Record>], spell: Duration) -> f64 {
    let mut journal = Journal::open(path, options()).expect("a new journal");
    let (sender, receiver) = sync_channel::<Vec<Entry>>(ROUNDS_MAX);
    let started = Instant::now();
    std::thread::scope(|scope| {
        for producer in 0..PRODUCERS {
            let sender = sender.clone();
            scope.spawn(move || {
                let own = rounds.iter().skip(producer * rounds.len() / PRODUCERS).chain(rounds.iter().cycle());
                for round in own.take_while(|_| started.elapsed() < spell) {
                    if sender.send(round.iter().map(entry).collect()).is_err() {
                        return; // the writer has failed and says so itself
                    }
                }
            });
        }
        drop(sender);
        while let Some(batch) = waiting(&receiver) {
            journal.append(STAMPS, &batch).expect("room");
        }
    });
    journal.len() as f64 / started.elapsed().as_secs_f64()
}

/// All that waits, at least one round; `None` when nothing more will come.
fn waiting(receiver: &Receiver<Vec<Entry>>) -> Option<Vec<Entry>> {
    let mut batch = receiver.recv().ok()?;
    receiver.try_iter().take(ROUNDS_MAX - 1).for_each(|round| batch.extend(round));
    Some(batch)
}

/// The table of the journal without the journal.
struct Rows {
    connection: Connection,
    last: i64,
}

impl Rows {
    fn create(path: &Path) -> Self {
        let connection = Connection::open(path).expect("a new database");
        let tables = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
            CREATE TABLE records(sequence INTEGER PRIMARY KEY, schema INTEGER NOT NULL, wall_us INTEGER NOT NULL,
                monotonic_us INTEGER NOT NULL, kind TEXT NOT NULL, payload TEXT NOT NULL, hash BLOB NOT NULL) STRICT;";
        connection.execute_batch(tables).expect("sound SQL");
        Self { connection, last: 0 }
    }

    fn append(&mut self, batch: &[Entry]) {
        let transaction = self.connection.transaction().expect("no other writer");
        {
            let insert = "INSERT INTO records VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6)";
            let mut insert = transaction.prepare_cached(insert).expect("sound SQL");
            for entry in batch {
                self.last += 1;
                let Stamps { wall_us, monotonic_us } = STAMPS;
                let row = params![self.last, wall_us, monotonic_us, entry.kind(), entry.payload(), [0_u8; 32]];
                insert.execute(row).expect("room");
            }
        }
        transaction.commit().expect("room");
    }
}

/// One record at a time, each durable before the next.
fn alone(entries: &[Entry], effort: Effort) -> Table {
    eprintln!("measuring: one durable record at a time ...");
    let folder = folder();
    let mut file = File::create_new(folder.path().join("file")).expect("a new file");
    let mut rows = Rows::create(&folder.path().join("rows.db"));
    let mut journal = Journal::open(folder.path().join("journal.db"), options()).expect("a new journal");
    let mut took = [const { Vec::new() }; 3];
    // In turns, so that a slow moment of the disk hits all alike.
    for one in entries.chunks(1).cycle().take(5 * effort.rounds) {
        took[0].push(microseconds(|| {
            file.write_all(one[0].payload().as_bytes()).expect("room");
            file.sync_data().expect("a disk");
        }));
        took[1].push(microseconds(|| rows.append(one)));
        took[2].push(microseconds(|| {
            journal.append(STAMPS, one).expect("room");
        }));
    }
    let names = [
        "bytes appended to a file, fdatasync; the limit",
        "SQLite, same row and pragmas, no chain",
        "Journal::append of one record",
    ];
    let rows = names.iter().zip(took).map(|(name, took)| Row::of_times(name, took, Vec::new()));
    Table {
        title: format!("journal, one record at a time, durable; {} of each in turns", 5 * effort.rounds),
        columns: &["p50 us", "p99 us"],
        rows: rows.collect(),
    }
}

pub(crate) fn microseconds(work: impl FnOnce()) -> f64 {
    let started = Instant::now();
    work();
    started.elapsed().as_nanos() as f64 / 1000.0
}

/// Options of the trader's own journal.
fn options() -> Options {
    Options::new("trader").schema(2)
}

/// Reading a long journal.
pub(crate) fn measure_replay(effort: Effort) -> Vec<Table> {
    let records = if effort.rounds >= Effort::FULL.rounds { 1_000_000 } else { 100_000 };
    let folder = folder();
    let config = TraderConfig { journal: folder.path().join("trader.db"), ..TraderConfig::paper() };
    eprintln!("writing {records} records of a trading day ...");
    write_day(&config.journal, records);
    type Way<'a> = (&'static str, Box<dyn Fn() -> u64 + 'a>, &'static [f64]);
    let path = config.journal.as_path();
    let ways: [Way<'_>; 6] = [
        ("rows read by SQLite, nothing proven; the limit", Box::new(|| read_rows(path)), &[]),
        ("Reader::verify: rows read and proven", Box::new(|| verify(path)), &[]),
        ("Reader::replay_as: proven, every record parsed", Box::new(|| replay_all(path)), &[]),
        ("Reader::replay_with: what follows from others not parsed", Box::new(|| replay_alone(path)), &[]),
        ("Reader::replay_ahead: the same, on threads of its own", Box::new(|| replay_ahead(path)), &[REPLAY_ASKED_MS]),
        ("Trader::replay: into the books", Box::new(|| replay_books(&config)), &[REPLAY_ASKED_MS]),
    ];
    let mut measured = [const { Vec::new() }; 6];
    for _ in 0..effort.process_rounds().min(5) {
        for ((name, way, _), measured) in ways.iter().zip(&mut measured) {
            eprintln!("measuring: {name} ...");
            let started = Instant::now();
            let seen = std::hint::black_box(way());
            assert!(seen > 0, "{name} sees records");
            measured.push(started.elapsed().as_secs_f64() * 1e3 * 1e6 / records as f64);
        }
    }
    let times = measured.map(median);
    let rows = ways.iter().zip(times).map(|((name, _, asked), time)| Row {
        name: (*name).to_owned(),
        values: vec![time, time / times[0]],
        asked: asked.to_vec(),
    });
    let bytes = std::fs::metadata(path).map_or(0, |file| file.len()) / records;
    vec![Table {
        title: format!("replay of a journal of {records} records, {bytes} bytes of the file each, told for a million"),
        columns: &["ms", "ratio"],
        rows: rows.collect(),
    }]
}

fn write_day(path: &Path, records: u64) {
    let (mut day, mut batch) = (Day::begin(), Vec::new());
    let mut journal = Journal::open(path, options()).expect("a new journal");
    while journal.len() < records {
        batch.extend(day.order().iter().flatten().map(entry));
        if batch.len() >= BATCH_RECORDS {
            let left = usize::try_from(records - journal.len()).unwrap_or(usize::MAX);
            journal.append(STAMPS, &batch[..left.min(batch.len())]).expect("room");
            batch.clear();
        }
    }
    journal.close().expect("a disk");
}

fn read_rows(path: &Path) -> u64 {
    let connection = Connection::open(path).expect("it was written");
    let select = "SELECT sequence, schema, wall_us, monotonic_us, kind, payload, hash FROM records ORDER BY sequence";
    let mut statement = connection.prepare(select).expect("sound SQL");
    let (mut rows, mut bytes) = (statement.query([]).expect("a table"), 0);
    while let Some(row) = rows.next().expect("a sound database") {
        bytes += (0..7)
            .map(|column| row.get_ref(column).map_or(0, |value| usize::from(value.as_bytes().is_ok())))
            .sum::<usize>();
    }
    bytes as u64
}

fn verify(path: &Path) -> u64 {
    let reader = Reader::open(path, &options()).expect("it was written");
    reader.verify().expect("a sound journal").records
}

fn replay_ahead(path: &Path) -> u64 {
    let reader = Reader::open(path, &options()).expect("it was written");
    reader.replay_ahead(
        Sequence::FIRST,
        |kind| !Record::follows(kind),
        |records| {
            let records = records.map(|record| record.expect("a sound journal"));
            let told = records.inspect(|record: &(Sequence, Option<Record>)| _ = std::hint::black_box(record));
            told.count() as u64
        },
    )
}

fn replay_alone(path: &Path) -> u64 {
    let reader = Reader::open(path, &options()).expect("it was written");
    let read = |seen: Seen<'_>| (!Record::follows(seen.kind)).then(|| seen.decode::<Record>().expect("a record"));
    let records = reader.replay_with(Sequence::FIRST, read).map(|record| record.expect("a sound journal"));
    records.flatten().map(std::hint::black_box).count() as u64
}

fn replay_all(path: &Path) -> u64 {
    let reader = Reader::open(path, &options()).expect("it was written");
    let records = reader.replay_as::<Record>(Sequence::FIRST).map(|record| record.expect("a record"));
    records.map(std::hint::black_box).count() as u64
}

fn replay_books(config: &TraderConfig) -> u64 {
    let books = Trader::replay(config).expect("a sound journal");
    books.orders.iter().count() as u64
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
