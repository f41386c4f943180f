//! Replay with more than one processor: two threads read, prove and parse page by page, and the caller does what it does.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use serde::de::DeserializeOwned;

use crate::chain::Hash;
use crate::error::{Broken, ReplayError};
use crate::reader::{Reader, Stored};
use crate::record::{Seen, Sequence, Stamps};

/// Threads that prove and parse.
const WORKERS: usize = 2;
/// Records that are handed on together.
const PAGE_RECORDS_MAX: usize = 256;
/// As few as this, where their payloads are long.
const PAGE_BYTES_MAX: usize = 1024 * 1024;
/// Pages that may be under way to the caller.
const PAGES_MAX: usize = 8;

/// Records in order from [`Reader::replay_ahead`]: the place of each, and its payload where it was wanted. As an iterator
/// it gives them away; [`lend`](Self::lend) costs less.
#[derive(Debug)]
pub struct Ahead<T> {
    pages: Receiver<Promised<T>>,
    page: Items<T>,
    /// Place in the page of the next one.
    next: usize,
    /// Where the page came from.
    home: Option<SyncSender<Items<T>>>,
    has_broken: bool,
}

type Item<T> = Result<(Sequence, Option<T>), ReplayError>;

/// `None` where it was given away.
type Items<T> = Vec<Option<Item<T>>>;

/// A page that has been read and comes once it is proven and parsed.
#[derive(Debug)]
struct Promised<T> {
    ready: Receiver<Items<T>>,
    /// Where it goes when all of it has been seen.
    home: SyncSender<Items<T>>,
}

impl<T> Ahead<T> {
    /// The next record, as the iterator has it, but lent: the thread that made it lets go of it too, and makes the next
    /// ones where it stood.
    pub fn lend(&mut self) -> Option<Result<(Sequence, Option<&T>), ReplayError>> {
        let item = self.advance()?;
        if let Some(Err(_)) = item {
            return item.take().and_then(Result::err).map(Err);
        }
        item.as_ref().and_then(|item| item.as_ref().ok()).map(|(sequence, payload)| Ok((*sequence, payload.as_ref())))
    }

    /// Goes on by one record.
    fn advance(&mut self) -> Option<&mut Option<Item<T>>> {
        // What was read behind a broken record builds on it.
        if self.has_broken {
            return None;
        }
        while self.next >= self.page.len() {
            let Promised { ready, home } = self.pages.recv().ok()?;
            let seen = std::mem::replace(&mut self.page, ready.recv().ok()?);
            self.next = 0;
            if let Some(home) = self.home.replace(home) {
                let _ = home.try_send(seen); // that thread may be gone: then it is let go of here
            }
        }
        let item = self.page.get_mut(self.next)?;
        self.next += 1;
        self.has_broken = matches!(item, Some(Err(ReplayError::Broken(_))));
        Some(item)
    }
}

impl<T> Iterator for Ahead<T> {
    type Item = Item<T>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance()?.take()
    }
}

impl Reader {
    /// As [`replay_as`](Self::replay_as), with records read, proven and parsed on two other threads, while `take` has
    /// those before; both end before this returns. Payloads of kinds that are not `wanted` are proven and not parsed.
    /// Memory is bounded by a few pages of 256 records or one mebibyte.
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
        let cursor = Mutex::new(Cursor::new(self, from));
        thread::scope(|scope| {
            for _ in 0..WORKERS {
                let promise = promise.clone();
                scope.spawn(|| work(&cursor, promise, &wanted));
            }
            drop(promise);
            take(Ahead { pages, page: Vec::new(), next: 0, home: None, has_broken: false })
        })
    }
}

/// Takes the next page until there is none: reading is in turns, the rest at the same time.
fn work<T: DeserializeOwned>(cursor: &Mutex<Cursor>, promise: SyncSender<Promised<T>>, wanted: &impl Fn(&str) -> bool) {
    let mut page = Page::new();
    // No more than those can be on their way: the others wait to be taken, or are made.
    let (home, seen) = sync_channel(PAGES_MAX + WORKERS);
    loop {
        let (ready, promised) = sync_channel(1);
        {
            let Ok(mut cursor) = cursor.lock() else { return }; // the other one has panicked, which is told by the scope
            cursor.read(&mut page);
            // Promised before the next page can be read, and so in order.
            let promised = Promised { ready: promised, home: home.clone() };
            if page.is_empty() || promise.send(promised).is_err() {
                return;
            }
        }
        let mut items = seen.try_recv().unwrap_or_default();
        page.items_into(&mut items, wanted);
        let _ = ready.send(items); // nobody may want more
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
    fn read(&mut self, page: &mut Page) {
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
                    page.push(&row);
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
struct Page {
    /// The hash that the first row builds on.
    before: Hash,
    rows: Vec<Row>,
    /// The kinds and payloads of all.
    text: String,
    /// What stands behind them, where that is no record.
    broken: Option<Broken>,
}

/// A row; its texts are told by their places in that of the page.
struct Row {
    sequence: Sequence,
    schema: u32,
    stamps: Stamps,
    kind: Range<usize>,
    payload: Range<usize>,
    hash: Hash,
}

impl Page {
    fn new() -> Self {
        Self { before: Hash([0; 32]), rows: Vec::new(), text: String::new(), broken: None }
    }

    fn clear(&mut self) {
        self.rows.clear();
        self.text.clear();
        self.broken = None;
    }

    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.broken.is_none()
    }

    fn push(&mut self, stored: &Seen<'_>) {
        let Seen { sequence, schema, stamps, kind, payload, hash } = *stored;
        let mut copied = |text: &str| {
            let start = self.text.len();
            self.text.push_str(text);
            start..self.text.len()
        };
        let (kind, payload) = (copied(kind), copied(payload));
        self.rows.push(Row { sequence, schema, stamps, kind, payload, hash });
    }

    /// The records, proven, and parsed where they are wanted, up to the first broken one, in the place of others that
    /// have been seen. Each of those goes just before the next one comes, which so finds memory of its size at hand.
    fn items_into<T: DeserializeOwned>(&self, items: &mut Items<T>, wanted: &impl Fn(&str) -> bool) {
        let mut previous = self.before;
        for (made, row) in self.rows.iter().enumerate() {
            let Row { sequence, schema, stamps, hash, .. } = *row;
            let (kind, payload) = (&self.text[row.kind.clone()], &self.text[row.payload.clone()]);
            let stored = Stored(Seen { sequence, schema, stamps, kind, payload, hash });
            if made == items.len() {
                items.push(None);
            }
            items[made] = None;
            let item = match stored.proven(previous) {
                Ok(seen) if wanted(kind) => seen.payload_as().map(|payload| (sequence, Some(payload))),
                Ok(_) => Ok((sequence, None)),
                Err(why) => Err(ReplayError::Broken(Broken { sequence, why })),
            };
            let is_broken = matches!(item, Err(ReplayError::Broken(_)));
            items[made] = Some(item);
            if is_broken {
                items.truncate(made + 1);
                return;
            }
            previous = hash;
        }
        items.truncate(self.rows.len());
        items.extend(self.broken.map(|broken| Some(Err(ReplayError::Broken(broken)))));
    }
}
