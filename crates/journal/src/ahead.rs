//! Replay with more than one processor: other threads read and prove page by page, and parse what the caller has no time
//! for.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use serde::de::DeserializeOwned;

use crate::chain::Hash;
use crate::error::{Broken, ReplayError};
use crate::reader::{Reader, Stored};
use crate::record::{Seen, Sequence, Stamps};

/// Most threads beside the caller's: reading is in turns, so that more would wait for each other.
const WORKERS_MAX: usize = 2;
/// Records that are handed on together.
const PAGE_RECORDS_MAX: usize = 256;
/// As few as this, where their payloads are long.
const PAGE_BYTES_MAX: usize = 1024 * 1024;
/// Pages that may be under way to the caller.
const PAGES_MAX: usize = 8;
/// While fewer pages wait for the caller, it waits for them: it gets them as they are and parses them itself, where they
/// are used.
const PAGES_WAITING_LEAST: usize = 2;

/// Records in order from [`Reader::replay_ahead`]: the place of each, and its payload where it was wanted. As an iterator
/// it gives them away; [`lend`](Self::lend) costs less.
#[derive(Debug)]
pub struct Ahead<T> {
    pages: Receiver<Promised<T>>,
    /// Pages that are made and not taken.
    waiting: Arc<AtomicUsize>,
    page: Page<T>,
    /// Place in the page of the next one.
    next: usize,
    /// Where the page came from.
    home: Option<SyncSender<Page<T>>>,
    /// The last record that was parsed here, or why there is none.
    parsed: Option<Payload<T>>,
    has_ended: bool,
}

/// What was wanted of a record.
type Payload<T> = Result<Option<T>, ReplayError>;

/// A page that has been read and comes once it is proven.
#[derive(Debug)]
struct Promised<T> {
    ready: Receiver<Page<T>>,
    /// Where it goes when all of it has been seen.
    home: SyncSender<Page<T>>,
}

impl<T: DeserializeOwned> Ahead<T> {
    /// The next record, as the iterator has it, but lent: the thread that made it lets go of it too, and makes the next
    /// ones where it stood.
    pub fn lend(&mut self) -> Option<Result<(Sequence, Option<&T>), ReplayError>> {
        let (sequence, payload) = self.advance()?;
        match payload {
            Some(Ok(payload)) => Some(Ok((sequence, payload.as_ref()))),
            failed => failed.take().and_then(Result::err).map(Err),
        }
    }

    /// Goes on by one record.
    fn advance(&mut self) -> Option<(Sequence, &mut Option<Payload<T>>)> {
        // What was read behind a broken record builds on it.
        if self.has_ended {
            return None;
        }
        while self.next >= self.page.rows.len() {
            if let Some(broken) = self.page.broken.take() {
                self.has_ended = true;
                self.parsed = Some(Err(broken.into()));
                return Some((broken.sequence, &mut self.parsed));
            }
            let Promised { ready, home } = self.pages.recv().ok()?;
            let seen = std::mem::replace(&mut self.page, ready.recv().ok()?);
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.next = 0;
            if let Some(home) = self.home.replace(home) {
                let _ = home.try_send(seen); // that thread may be gone: then it is let go of here
            }
        }
        let at = self.next;
        self.next += 1;
        let sequence = self.page.rows.get(at)?.sequence;
        if self.page.is_parsed {
            return self.page.parsed.get_mut(at).map(|payload| (sequence, payload));
        }
        self.parsed = None; // so that the next one finds memory of its size at hand
        self.parsed = self.page.payload(at);
        Some((sequence, &mut self.parsed))
    }
}

impl<T: DeserializeOwned> Iterator for Ahead<T> {
    type Item = Result<(Sequence, Option<T>), ReplayError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (sequence, payload) = self.advance()?;
        Some(payload.take()?.map(|payload| (sequence, payload)))
    }
}

impl Reader {
    /// As [`replay_as`](Self::replay_as), with records read and proven on one or two other threads, and parsed there too
    /// as far as `take` is busy with those before; they end before this returns. Payloads of kinds that are not `wanted`
    /// are proven and not parsed. Memory is bounded by a few pages of 256 records or one mebibyte.
    ///
    /// # Panics
    ///
    /// Where the system has no thread to give.
    pub fn replay_ahead<T: DeserializeOwned + Send, R>(
        self,
        from: Sequence,
        wanted: impl Fn(&str) -> bool + Sync,
        take: impl FnOnce(Ahead<T>) -> R,
    ) -> R {
        let (promise, pages) = sync_channel(PAGES_MAX);
        let waiting = Arc::new(AtomicUsize::new(0));
        let cursor = Mutex::new(Cursor::new(self, from));
        thread::scope(|scope| {
            for _ in 0..workers() {
                let promise = promise.clone();
                scope.spawn(|| work(&cursor, promise, &wanted, &waiting));
            }
            drop(promise);
            let (page, waiting) = (Page::new(), Arc::clone(&waiting));
            take(Ahead { pages, waiting, page, next: 0, home: None, parsed: None, has_ended: false })
        })
    }
}

/// As many as have processors of their own beside the caller: a thread that takes turns on one with it makes it wait.
fn workers() -> usize {
    thread::available_parallelism().map_or(1, |processors| processors.get() - 1).clamp(1, WORKERS_MAX)
}

/// Takes the next page until there is none: reading is in turns, the rest at the same time.
fn work<T: DeserializeOwned>(
    cursor: &Mutex<Cursor>,
    promise: SyncSender<Promised<T>>,
    wanted: &impl Fn(&str) -> bool,
    waiting: &AtomicUsize,
) {
    // No more than those can be on their way: the others wait to be taken, or are made.
    let (home, seen) = sync_channel(PAGES_MAX + WORKERS_MAX);
    loop {
        let mut page = seen.try_recv().unwrap_or_else(|_| Page::new());
        let (ready, promised) = sync_channel(1);
        {
            let Ok(mut cursor) = cursor.lock() else { return }; // the other one has panicked, which is told by the scope
            cursor.read(&mut page, wanted);
            // Promised before the next page can be read, and so in order.
            let promised = Promised { ready: promised, home: home.clone() };
            if page.is_empty() || promise.send(promised).is_err() {
                return;
            }
        }
        page.prove();
        if waiting.load(Ordering::Relaxed) >= PAGES_WAITING_LEAST {
            page.parse();
        }
        waiting.fetch_add(1, Ordering::Relaxed);
        let _ = ready.send(page); // nobody may want more
    }
}

/// Where reading stands.
struct Cursor {
    reader: Reader,
    next: Sequence,
    /// The hash of the record before, as it stands in its row, once known.
    previous: Option<Hash>,
    ended: bool,
}

impl Cursor {
    fn new(reader: Reader, from: Sequence) -> Self {
        let next = from.max(reader.first());
        Self { reader, next, previous: None, ended: false }
    }

    /// Fills the page with the rows that follow. It stays empty where there are none.
    fn read<T>(&mut self, page: &mut Page<T>, wanted: &impl Fn(&str) -> bool) {
        page.clear();
        if self.ended {
            return;
        }
        let Self { reader, next, previous, ended: _ } = self;
        let read = reader.rows(*next, |stored| {
            if page.is_empty() {
                page.before = match *previous {
                    Some(previous) => previous,
                    None => reader.hash_before(*next)?,
                };
            }
            match stored {
                Ok(Stored(row)) => {
                    *previous = Some(row.hash);
                    *next = next.after(1);
                    page.push(&row, wanted(row.kind));
                }
                Err(why) => page.broken = Some(Broken { sequence: *next, why }),
            }
            Ok(page.rows.len() < PAGE_RECORDS_MAX && page.text.len() < PAGE_BYTES_MAX)
        });
        if let Err(broken) = read {
            page.broken = Some(broken);
        }
        self.ended = page.rows.is_empty() || page.broken.is_some();
    }
}

/// Rows as they stand in the database, copied out of it.
#[derive(Debug)]
struct Page<T> {
    /// The hash that the first row builds on.
    before: Hash,
    rows: Vec<Row>,
    /// The kinds and payloads of all.
    text: String,
    /// What stands behind them, where that is no record.
    broken: Option<Broken>,
    /// The payloads, once they are parsed. Those of a page before stay in their places until then.
    parsed: Vec<Option<Payload<T>>>,
    is_parsed: bool,
}

/// A row; its texts are told by their places in that of the page.
#[derive(Debug)]
struct Row {
    sequence: Sequence,
    schema: u32,
    stamps: Stamps,
    kind: Range<usize>,
    payload: Range<usize>,
    hash: Hash,
    is_wanted: bool,
}

impl<T> Page<T> {
    fn new() -> Self {
        let before = Hash([0; 32]);
        Self { before, rows: Vec::new(), text: String::new(), broken: None, parsed: Vec::new(), is_parsed: false }
    }

    fn clear(&mut self) {
        self.rows.clear();
        self.text.clear();
        self.broken = None;
        self.is_parsed = false;
    }

    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.broken.is_none()
    }

    fn push(&mut self, stored: &Seen<'_>, is_wanted: bool) {
        let Seen { sequence, schema, stamps, kind, payload, hash } = *stored;
        let mut copied = |text: &str| {
            let start = self.text.len();
            self.text.push_str(text);
            start..self.text.len()
        };
        let (kind, payload) = (copied(kind), copied(payload));
        self.rows.push(Row { sequence, schema, stamps, kind, payload, hash, is_wanted });
    }

    fn stored(&self, row: &Row) -> Stored<'_> {
        let Row { sequence, schema, stamps, hash, .. } = *row;
        let (kind, payload) = (&self.text[row.kind.clone()], &self.text[row.payload.clone()]);
        Stored(Seen { sequence, schema, stamps, kind, payload, hash })
    }

    /// Ends it before the first row that does not follow from the one before it.
    fn prove(&mut self) {
        let mut previous = self.before;
        let mut proven = 0;
        for row in &self.rows {
            if let Err(why) = self.stored(row).proven(previous) {
                self.broken = Some(Broken { sequence: row.sequence, why });
                break;
            }
            previous = row.hash;
            proven += 1;
        }
        self.rows.truncate(proven);
    }
}

impl<T: DeserializeOwned> Page<T> {
    /// What is wanted of a row; `None` beyond the last one.
    fn payload(&self, at: usize) -> Option<Payload<T>> {
        let row = self.rows.get(at)?;
        let Stored(seen) = self.stored(row);
        Some(if row.is_wanted { seen.payload_as().map(Some) } else { Ok(None) })
    }

    /// Parses what is wanted, in the place of what has been seen. Each of those goes just before the next one comes, which
    /// so finds memory of its size at hand.
    fn parse(&mut self) {
        self.parsed.resize_with(self.rows.len(), || None);
        for at in 0..self.rows.len() {
            self.parsed[at] = None;
            self.parsed[at] = self.payload(at);
        }
        self.is_parsed = true;
    }
}
