//! [`Updates`]: what of a stream its reader has not taken yet, bounded as the reader chose.

use std::collections::VecDeque;
use std::fmt;

use tws_proto::kinds::TickKind;
use tws_proto::message::{Notice, TickEvent};

use crate::error::RequestError;
use crate::log::MaskedDebug;
use crate::state::Epoch;
use crate::stream::{Tick, Update};

/// What happens to a stream whose reader does not keep up. The socket is read either way, and no other reader notices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// Once [`Limits::stream_updates`](crate::config::Limits::stream_updates) wait (of accounts and positions
    /// [`Limits::account_updates`](crate::config::Limits::account_updates)), older data gives way to newer data of the same
    /// kind: a bid to the next bid. Where that makes no room (single ticks do not replace each other), the oldest
    /// eighth gives way. Each that did is counted.
    #[default]
    Conflated,
    /// Every update, in the order of the wire. Where more than this wait, the stream ends with
    /// [`RequestError::NotRead`], after what waits.
    Lossless {
        /// How many may wait; at least 1.
        updates_max: usize,
    },
}

/// Which update a newer one may replace.
pub trait Conflate {
    /// What an update is about.
    type Key: PartialEq;

    /// What becomes of the stream when something must be left out.
    const LOSS: Loss = Loss::Bearable;

    /// Whether a stream begins with all there is, each value once and in one breath. Then
    /// [`Limits::account_updates`](crate::config::Limits::account_updates) bounds it.
    const BEGINS_WHOLE: bool = false;

    /// Updates with the same key may replace each other; one without a key is never replaced, but may be left out.
    fn key(&self) -> Option<Self::Key>;
}

/// What becomes of a stream whose reader is too slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The reader gets the newest updates; how many were left out is counted.
    Bearable,
    /// An update makes sense only with all before it: what is unread is dropped, the data is asked for anew, and the reader
    /// gets a [`Update::Gap`].
    Restart,
}

/// What a tick is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TickKey {
    shape: u8,
    kind: TickKind,
}

impl Conflate for Tick {
    type Key = TickKey;

    fn key(&self) -> Option<TickKey> {
        let (shape, kind) = match self {
            Self::Price(tick) => (0, tick.kind),
            Self::Size(tick) => (1, tick.kind),
            Self::Generic(tick) => (2, tick.kind),
            Self::Text(tick) => (3, tick.kind),
            Self::DataKind(_) => (4, TickKind::default()),
            Self::Parameters(_) => (5, TickKind::default()),
            Self::Option(tick) => (6, tick.kind),
            Self::ExchangeForPhysical(tick) => (7, tick.kind),
            Self::Rerouted(_) => (8, TickKind::default()),
            Self::DeltaNeutral(_) => (9, TickKind::default()),
            Self::News(_) => return None,
        };
        Some(TickKey { shape, kind })
    }
}

impl Conflate for TickEvent {
    type Key = ();

    fn key(&self) -> Option<()> {
        None
    }
}

/// What waits in a queue; what is rare and large stands in a box, so that data takes no more room than it needs.
#[derive(Clone)]
pub(crate) enum Entry<T> {
    Data(T),
    Gap(Epoch),
    Notice(Box<Notice>),
}

impl<T: fmt::Debug> fmt::Debug for Entry<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(data) => f.debug_tuple("Data").field(data).finish(),
            Self::Gap(epoch) => f.debug_tuple("Gap").field(epoch).finish(),
            Self::Notice(notice) => f.debug_tuple("Notice").field(&MaskedDebug(notice)).finish(),
        }
    }
}

impl<T> From<Entry<T>> for Update<T> {
    #[inline]
    fn from(entry: Entry<T>) -> Self {
        match entry {
            Entry::Data(data) => Self::Data(data),
            Entry::Gap(epoch) => Self::Gap { epoch },
            Entry::Notice(notice) => Self::Notice(*notice),
        }
    }
}

/// Updates that wait, at most as many as the delivery allows, and the end behind them.
#[derive(Debug)]
pub(crate) struct Updates<T> {
    queue: VecDeque<Entry<T>>,
    end: End,
    conflated: u64,
    delivery: Delivery,
    capacity: usize,
    /// Whether data is dropped until a gap has been told.
    is_broken: bool,
    /// The turn in which its reader alone was given something, this at last.
    pub(crate) alone: Option<u64>,
}

#[derive(Debug)]
enum End {
    Open,
    Ended(RequestError),
    Told,
}

/// Whether a stream goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// It does.
    Open,
    /// Something was left out without which the rest makes no sense: ask anew.
    Broken,
    /// Nothing more is wanted: it has ended.
    Ended,
}

impl<T: Conflate> Updates<T> {
    /// `updates_max` bounds a conflated stream.
    pub(crate) fn new(delivery: Delivery, updates_max: usize) -> Self {
        let capacity = match delivery {
            Delivery::Conflated => updates_max,
            Delivery::Lossless { updates_max } => updates_max,
        };
        let capacity = capacity.max(1);
        Self { queue: VecDeque::new(), end: End::Open, conflated: 0, delivery, capacity, is_broken: false, alone: None }
    }

    /// How much gave way so far.
    pub(crate) fn conflated(&self) -> u64 {
        self.conflated
    }

    /// Takes in all that is `staged`, and leaves it empty.
    pub(crate) fn append(&mut self, staged: &mut VecDeque<Entry<T>>) -> Flow {
        let was_broken = self.is_broken;
        if !was_broken && matches!(self.end, End::Open) && self.queue.len() + staged.len() <= self.capacity {
            if self.queue.is_empty() {
                std::mem::swap(&mut self.queue, staged);
            } else {
                self.queue.append(staged);
            }
        } else {
            staged.drain(..).for_each(|entry| self.push(entry));
        }
        match &self.end {
            End::Open if self.is_broken && !was_broken => Flow::Broken,
            End::Open => Flow::Open,
            End::Ended(_) | End::Told => Flow::Ended,
        }
    }

    /// The stream ends, after what waits.
    pub(crate) fn end(&mut self, error: RequestError) {
        if matches!(self.end, End::Open) {
            self.end = End::Ended(error);
        }
    }

    /// Takes in one update.
    pub(crate) fn push(&mut self, entry: Entry<T>) {
        if !matches!(self.end, End::Open) {
            return;
        }
        match &entry {
            // One gap says as much as two; the later one names where the data comes from now.
            Entry::Gap(_) => {
                self.is_broken = false;
                self.queue.retain(|queued| !matches!(queued, Entry::Gap(_)));
            }
            Entry::Data(_) if self.is_broken => {
                self.conflated += 1;
                return;
            }
            Entry::Data(_) | Entry::Notice(_) if self.queue.len() < self.capacity => {}
            Entry::Data(_) | Entry::Notice(_) => match (self.delivery, T::LOSS) {
                (Delivery::Lossless { updates_max }, _) => {
                    return self.end(RequestError::NotRead { limit: updates_max });
                }
                (Delivery::Conflated, Loss::Bearable) => self.make_room(key_of(&entry)),
                (Delivery::Conflated, Loss::Restart) => return self.break_off(&entry),
            },
        }
        self.queue.push_back(entry);
    }

    /// Drops everything that is unread, and what comes until the stream has begun anew.
    fn break_off(&mut self, newer: &Entry<T>) {
        let data = self.queue.iter().chain([newer]).filter(|entry| matches!(entry, Entry::Data(_)));
        self.conflated += data.count() as u64;
        self.queue.clear();
        self.is_broken = true;
    }

    /// Removes what is missed least: the oldest updates of which a newer one of the same key waits or comes now; where
    /// there is none, the oldest that are no gap.
    ///
    /// An eighth of the queue goes at a time where it can, so that looking at all of it is paid by as many updates.
    fn make_room(&mut self, newer: Option<T::Key>) {
        let mut wanted = (self.capacity / 8).max(1);
        let mut known: Vec<(T::Key, usize)> = newer.map(|key| (key, 1)).into_iter().collect();
        for key in self.queue.iter().filter_map(key_of) {
            match known.iter_mut().find(|(known, _)| *known == key) {
                Some((_, count)) => *count += 1,
                None => known.push((key, 1)),
            }
        }
        let before = self.queue.len();
        self.queue.retain(|entry| {
            let Some(key) = key_of(entry).filter(|_| wanted > 0) else { return true };
            let Some((_, count)) = known.iter_mut().find(|(known, count)| *known == key && *count > 1) else {
                return true;
            };
            *count -= 1;
            wanted -= 1;
            false
        });
        let mut removed = before - self.queue.len();
        if removed == 0 {
            self.queue.retain(|entry| {
                let stays = wanted == 0 || matches!(entry, Entry::Gap(_));
                wanted -= usize::from(!stays);
                removed += usize::from(!stays && matches!(entry, Entry::Data(_)));
                stays
            });
        }
        self.conflated += removed as u64;
    }

    /// Gives everything that waits to `taken`, which must be empty, and takes its memory in exchange.
    ///
    /// Outer `None`: nothing yet. Inner `None`: nothing any more.
    pub(crate) fn take(&mut self, taken: &mut VecDeque<Entry<T>>) -> Option<Option<Update<T>>> {
        std::mem::swap(&mut self.queue, taken);
        if let Some(entry) = taken.pop_front() {
            return Some(Some(entry.into()));
        }
        match std::mem::replace(&mut self.end, End::Told) {
            End::Open => {
                self.end = End::Open;
                None
            }
            End::Ended(error) => Some(Some(Update::Ended(error))),
            End::Told => Some(None),
        }
    }

    /// As [`Updates::take`]; where nothing is there, the turn in which the reader alone was given something, once.
    pub(crate) fn take_or_turn(&mut self, taken: &mut VecDeque<Entry<T>>) -> Option<Result<Option<Update<T>>, u64>> {
        self.take(taken).map(Ok).or_else(|| self.alone.take().map(Err))
    }
}

fn key_of<T: Conflate>(entry: &Entry<T>) -> Option<T::Key> {
    match entry {
        Entry::Data(data) => data.key(),
        Entry::Gap(_) | Entry::Notice(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;
    use tws_proto::message::TickPrice;

    use super::*;

    fn bid(price: i64) -> Update<Tick> {
        price_of(TickKind::Bid, price)
    }

    fn price_of(kind: TickKind, price: i64) -> Update<Tick> {
        Update::Data(tick(kind, price))
    }

    fn tick(kind: TickKind, price: i64) -> Tick {
        Tick::Price(TickPrice { kind, price: Some(Decimal::from(price)), ..TickPrice::default() })
    }

    fn gap(epoch: u64) -> Update<Tick> {
        Update::Gap { epoch: Epoch(epoch) }
    }

    fn read<T: Conflate>(updates: &mut Updates<T>) -> Vec<Update<T>> {
        let (mut read, mut taken) = (Vec::new(), VecDeque::new());
        while let Some(Some(update)) = updates.take(&mut taken) {
            read.push(update);
            read.extend(taken.drain(..).map(Update::from));
        }
        read
    }

    fn put(updates: &mut Updates<Tick>, update: Update<Tick>) {
        match update {
            Update::Data(data) => updates.push(Entry::Data(data)),
            Update::Gap { epoch } => updates.push(Entry::Gap(epoch)),
            Update::Notice(notice) => updates.push(Entry::Notice(Box::new(notice))),
            Update::Ended(error) => updates.end(error),
        }
    }

    #[track_caller]
    fn check(delivery: Delivery, pushed: Vec<Update<Tick>>, expected: Vec<Update<Tick>>, conflated: u64) {
        let mut updates = Updates::new(delivery, 3);
        pushed.into_iter().for_each(|update| put(&mut updates, update));
        assert_eq!(read(&mut updates), expected);
        assert_eq!(updates.conflated, conflated);
    }

    #[test]
    fn a_reader_in_time_gets_everything() {
        check(Delivery::Conflated, vec![bid(1), bid(2), bid(3)], vec![bid(1), bid(2), bid(3)], 0);
    }

    #[test]
    fn a_slow_reader_gets_the_newest_of_each_kind() {
        let ask = || price_of(TickKind::Ask, 9);
        check(Delivery::Conflated, vec![bid(1), ask(), bid(2), bid(3), bid(4)], vec![ask(), bid(3), bid(4)], 2);
    }

    #[test]
    fn gap_and_end_are_never_left_out() {
        let end = || Update::Ended(RequestError::Closed);
        check(
            Delivery::Conflated,
            vec![gap(1), bid(1), bid(2), bid(3), gap(2), bid(4), end(), bid(5)],
            vec![bid(3), gap(2), bid(4), end()],
            2,
        );
    }

    #[test]
    fn a_lossless_stream_that_is_not_read_ends_behind_what_waits() {
        let end = || Update::Ended(RequestError::NotRead { limit: 2 });
        let lossless = Delivery::Lossless { updates_max: 2 };
        check(lossless, vec![bid(1), bid(2), bid(3), bid(4)], vec![bid(1), bid(2), end()], 0);
        check(lossless, vec![bid(1), bid(2)], vec![bid(1), bid(2)], 0);
    }

    #[test]
    fn account_numbers_in_a_notice_are_masked_where_it_is_shown() {
        let notice =
            || Box::new(Notice { code: 10167, text: "DU1234567 has delayed data".to_owned(), ..Notice::default() });
        let entry: Entry<Tick> = Entry::Notice(notice());
        let update: Update<Tick> = Update::Notice(*notice());
        for shown in [format!("{entry:?}"), format!("{update:?}"), format!("{update:#?}")] {
            assert!(shown.contains("***567") && !shown.contains("DU1234567"), "{shown}");
        }
    }

    /// Most of what waits is data, and there is much of it.
    #[test]
    fn an_entry_takes_no_more_room_than_its_data() {
        assert_eq!(size_of::<Entry<Tick>>(), size_of::<Tick>());
    }

    #[test]
    fn what_is_read_and_what_gave_way_is_what_came() {
        for kinds in [1_usize, 2, 7, 60] {
            let mut updates = Updates::new(Delivery::Conflated, 256);
            let (mut got, mut sent) = (Vec::new(), 0);
            for round in 0..1000_usize {
                let mut staged: VecDeque<_> = (0..37)
                    .map(|at| tick(TickKind::from((sent + at) as i32 % kinds as i32), (sent + at) as i64))
                    .map(Entry::Data)
                    .collect();
                sent += staged.len();
                assert_eq!(updates.append(&mut staged), Flow::Open);
                assert!(staged.is_empty() && updates.queue.len() <= 256);
                if round % 41 == 40 {
                    got.extend(read(&mut updates));
                }
            }
            got.extend(read(&mut updates));
            assert_eq!(got.len() + updates.conflated as usize, sent, "{kinds} kinds");
            let newest: Vec<_> =
                (sent - kinds..sent).map(|at| price_of(TickKind::from(at as i32 % kinds as i32), at as i64)).collect();
            assert!(got.ends_with(&newest), "{kinds} kinds");
        }
    }
}
