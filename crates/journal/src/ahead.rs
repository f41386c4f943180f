//! Replay with more than one processor: one thread reads and proves, one parses, and the caller does what it does.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use serde::de::DeserializeOwned;

use crate::error::ReplayError;
use crate::reader::Reader;
use crate::record::{Record, Seen, Sequence};

/// Records that are handed on together.
const PAGE_RECORDS_MAX: usize = 256;
/// As few as this, where their payloads are long.
const PAGE_BYTES_MAX: usize = 1024 * 1024;
/// Pages that may wait between two threads.
const PAGES_MAX: usize = 4;

/// Records in order from [`Reader::replay_ahead`]: the place of each, and its payload where it was wanted.
#[derive(Debug)]
pub struct Ahead<T> {
    pages: Receiver<Vec<Item<T>>>,
    page: std::vec::IntoIter<Item<T>>,
}

type Item<T> = Result<(Sequence, Option<T>), ReplayError>;

impl<T> Iterator for Ahead<T> {
    type Item = Item<T>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.page.next() {
                return Some(item);
            }
            self.page = self.pages.recv().ok()?.into_iter();
        }
    }
}

/// A record on its way to be parsed.
enum Proven {
    Wanted(Record),
    PassedOver(Sequence),
}

impl Reader {
    /// As [`replay_as`](Self::replay_as), with records read and proven on one thread and parsed on another, while `take`
    /// has those before; both threads end before this returns. Payloads of kinds that are not `wanted` are proven and not
    /// parsed. Memory is bounded by a few pages of 256 records or one mebibyte.
    ///
    /// # Panics
    ///
    /// Where the system has no thread to give.
    pub fn replay_ahead<T: DeserializeOwned + Send, R>(
        self,
        from: Sequence,
        wanted: impl Fn(&str) -> bool + Send,
        take: impl FnOnce(Ahead<T>) -> R,
    ) -> R {
        let (proven_sender, proven) = sync_channel(PAGES_MAX);
        let (parsed_sender, parsed) = sync_channel(PAGES_MAX);
        thread::scope(|scope| {
            scope.spawn(move || self.read_pages(from, wanted, &proven_sender));
            scope.spawn(move || parse_pages(proven, &parsed_sender));
            take(Ahead { pages: parsed, page: Vec::new().into_iter() })
        })
    }

    fn read_pages(&self, from: Sequence, wanted: impl Fn(&str) -> bool, pages: &SyncSender<Page>) {
        let (mut page, mut bytes) = (Page::new(), 0);
        let copy = |seen: Seen<'_>| {
            if wanted(seen.kind) { Proven::Wanted(seen.to_record()) } else { Proven::PassedOver(seen.sequence) }
        };
        for record in self.replay_with(from, copy) {
            if let Ok(Proven::Wanted(record)) = &record {
                bytes += record.payload.len();
            }
            page.push(record);
            if page.len() >= PAGE_RECORDS_MAX || bytes >= PAGE_BYTES_MAX {
                bytes = 0;
                if pages.send(std::mem::take(&mut page)).is_err() {
                    return; // nobody wants more
                }
            }
        }
        let _ = pages.send(page); // as above
    }
}

type Page = Vec<Result<Proven, ReplayError>>;

fn parse_pages<T: DeserializeOwned>(proven: Receiver<Page>, parsed: &SyncSender<Vec<Item<T>>>) {
    for page in proven {
        if parsed.send(page.into_iter().map(parse).collect()).is_err() {
            return; // nobody wants more
        }
    }
}

fn parse<T: DeserializeOwned>(proven: Result<Proven, ReplayError>) -> Item<T> {
    match proven? {
        Proven::Wanted(record) => record.decode().map(|record| (record.sequence, Some(record.payload))),
        Proven::PassedOver(sequence) => Ok((sequence, None)),
    }
}
