//! [`Walk`]: which answers of TWS fit together, backwards through a stretch of time.

use std::ops::Range;

use jiff::{SignedDuration, Timestamp};

use super::super::Span;

/// How far beyond a day its bar may go on by the clock of UTC.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A walk backwards through a stretch of time. Knows nothing of requests, only when they should end and what their answers
/// are worth.
///
/// The first bar of an answer may be cut off, where the time that was asked for begins within it. It is left out and asked
/// for again with the next request, which ends where the first whole bar begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Walk {
    stretch: Span,
    /// Every bar that begins here or later is there.
    at: Timestamp,
    last_end: Timestamp,
    is_daily: bool,
}

/// What of an answer is new and whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// These of its bars; the walk went on to the first of them, or to its end.
    Bars(Range<usize>),
    /// None, and the walk is at its end.
    End,
    /// None, and the walk stands where it stood: [`Walk::skip`].
    Nothing,
}

impl Walk {
    /// Through a stretch; the first request ends at `last_end`, which is not before the end of the stretch.
    pub(super) const fn new(stretch: Span, last_end: Timestamp, is_daily: bool) -> Self {
        Self { stretch, at: stretch.until, last_end, is_daily }
    }

    pub(super) const fn missing(&self) -> Span {
        Span { from: self.stretch.from, until: self.at }
    }

    pub(super) const fn until(&self) -> Timestamp {
        self.stretch.until
    }

    /// Where the next request ends.
    pub(super) fn request_end(&self) -> Timestamp {
        if self.at == self.stretch.until {
            return self.last_end;
        }
        end_of_request(self.at, self.last_end, self.is_daily)
    }

    /// Takes an answer: when its bars begin, oldest first.
    pub(super) fn take(&mut self, keys: &[Timestamp]) -> Taken {
        let Span { from, .. } = self.stretch;
        let is_reached = keys.first().is_some_and(|first| *first < from);
        let begin = keys.partition_point(|key| *key < from);
        let end = keys.partition_point(|key| *key < self.at);
        // Where there is one bar only, it is taken as it is: nothing tells that a request for it alone would give more.
        let begin = if !is_reached && end > begin + 1 { begin + 1 } else { begin };
        if is_reached {
            self.at = from;
        }
        match keys.get(begin).filter(|_| begin < end) {
            Some(_) if is_reached => Taken::Bars(begin..end),
            Some(first) => {
                self.at = *first;
                Taken::Bars(begin..end)
            }
            None if is_reached => Taken::End,
            None => Taken::Nothing,
        }
    }

    /// Passes over a time in which there is nothing; all of it, where there is nothing before `head`.
    pub(super) fn skip(&mut self, length: SignedDuration, head: Option<Timestamp>) {
        let Span { from, .. } = self.stretch;
        // The next request ends a day later than what it is to bring, and must begin where the last one began.
        let length = if self.is_daily { length - DAY } else { length };
        let earlier = self.at.checked_sub(length).unwrap_or(from).max(from);
        self.at = if head.is_some_and(|head| self.at <= head) { from } else { earlier };
    }
}

/// Where a request ends whose bars before `at` are wanted whole, at the latest at `last`. A day is over at another time
/// everywhere: what ends a day later has the day before whole, for sure.
pub(super) fn end_of_request(at: Timestamp, last: Timestamp, is_daily: bool) -> Timestamp {
    let end = if is_daily { at.checked_add(DAY).unwrap_or(at) } else { at };
    end.min(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// Bars of ten seconds from 0 to 1000 with a hole; each request reaches a hundred seconds back and cuts its first bar
    /// off, where it begins within one.
    #[track_caller]
    fn check(from: i64, until: i64, reach: i64, requests_most: usize) {
        let all: Vec<i64> = (0..100).map(|n| n * 10).filter(|key| !(300..700).contains(key)).collect();
        let mut walk = Walk::new(Span { from: at(from), until: at(until) }, at(until), false);
        let (mut got, mut requests) = (Vec::new(), 0);
        while !walk.missing().is_empty() {
            requests += 1;
            let end = walk.request_end().as_second();
            let begin = end - reach;
            // (when it begins, whether it is whole)
            let answer: Vec<(i64, bool)> = all
                .iter()
                .filter(|key| **key + 10 > begin && **key < end)
                .map(|key| (*key, *key >= begin && *key + 10 <= end))
                .collect();
            let keys: Vec<_> = answer.iter().map(|(key, _)| at(*key)).collect();
            match walk.take(&keys) {
                Taken::Bars(kept) => got.splice(0..0, answer[kept].iter().copied()).for_each(drop),
                Taken::End => {}
                Taken::Nothing => walk.skip(SignedDuration::from_secs(reach), Some(at(0))),
            }
        }
        let expected: Vec<_> = all.iter().filter(|key| (from..until).contains(*key)).map(|key| (*key, true)).collect();
        assert_eq!(got, expected);
        assert!(requests <= requests_most, "{requests} requests");
    }

    #[test]
    fn nothing_lies_between_two_requests_for_days() {
        let (day, year) = (86_400, 365 * 86_400);
        let mut walk = Walk::new(Span { from: at(0), until: at(2_000 * day) }, at(2_000 * day), true);
        for _ in 0..4 {
            let begin = walk.request_end().as_second() - year;
            assert_eq!(walk.take(&[]), Taken::Nothing);
            walk.skip(SignedDuration::from_secs(year), None);
            assert!(walk.missing().until.as_second() >= begin, "{walk:?}");
        }
    }

    #[test]
    fn every_bar_is_there_once_and_whole() {
        check(0, 1_000, 100, 14);
        check(0, 1_000, 95, 15);
        check(15, 1_000, 95, 15);
        // Nobody walks through the time before there was data.
        check(-5_000, 1_000, 100, 15);
        check(0, 300, 1_000, 3);
        check(400, 600, 100, 2);
        check(705, 990, 10_000, 1);
    }
}
