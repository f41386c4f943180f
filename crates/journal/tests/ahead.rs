//! A replay on several threads gives what one on a single thread gives, and proves as much.

mod common;

use std::time::Duration;

use common::{Scratch, entry, stamps};
use journal::{Ahead, Entry, Fault, ReplayError, Sequence};

/// Odd numbers of this kind, even ones of another.
fn filled(records: u64) -> Scratch {
    let scratch = Scratch::new();
    let mut journal = scratch.open().expect("a new journal");
    let odd_or_even = |number| match number % 2 {
        0 => Entry::new("even", &number).expect("a number is JSON"),
        _ => entry(number),
    };
    journal.append(stamps(1), &(1..=records).map(odd_or_even).collect::<Vec<_>>()).expect("room");
    journal.close().expect("a clean end");
    scratch
}

/// The payloads that were wanted, `None` for each other one, until the first error.
fn replayed(scratch: &Scratch, from: u64) -> (Vec<Option<u64>>, Option<ReplayError>) {
    let from = Sequence::new(from).expect("from 1");
    scratch.reader().replay_ahead(
        from,
        |kind| kind != "even",
        |records: Ahead<u64>| {
            let (mut payloads, mut error, mut next) = (Vec::new(), None, from.number());
            for record in records {
                assert!(error.is_none(), "nothing follows on a broken record");
                match record {
                    Ok((sequence, payload)) => {
                        assert_eq!(sequence.number(), next, "in order");
                        payloads.push(payload);
                        next += 1;
                    }
                    Err(broken) => error = Some(broken),
                }
            }
            (payloads, error)
        },
    )
}

/// As [`replayed`], with records that are lent to somebody who takes his time, so that others parse them.
fn lent(scratch: &Scratch, from: u64) -> (Vec<Option<u64>>, Option<ReplayError>) {
    let from = Sequence::new(from).expect("from 1");
    let lent = |mut records: Ahead<u64>| {
        std::thread::sleep(Duration::from_millis(20));
        let (mut payloads, mut next) = (Vec::new(), from.number());
        while let Some(record) = records.lend() {
            match record {
                Ok((sequence, payload)) => {
                    assert_eq!(sequence.number(), next, "in order");
                    payloads.push(payload.copied());
                    next += 1;
                }
                Err(error) => {
                    assert!(records.lend().is_none(), "nothing follows on a broken record");
                    return (payloads, Some(error));
                }
            }
        }
        (payloads, None)
    };
    scratch.reader().replay_ahead(from, |kind| kind != "even", lent)
}

fn odd(numbers: std::ops::Range<u64>) -> Vec<Option<u64>> {
    numbers.map(|number| (number % 2 == 1).then_some(number)).collect()
}

#[test]
fn records_come_in_order_over_many_pages() {
    for records in [0, 1, 255, 256, 257, 3_000] {
        let scratch = filled(records);
        let (payloads, error) = replayed(&scratch, 1);
        assert!(error.is_none(), "{error:?}");
        assert_eq!(payloads, odd(1..records + 1));
        let (payloads, error) = lent(&scratch, 1);
        assert!(error.is_none(), "{error:?}");
        assert_eq!(payloads, odd(1..records + 1));
    }
    assert_eq!(replayed(&filled(600), 300).0, odd(300..601));
    assert_eq!(lent(&filled(600), 300).0, odd(300..601));
}

#[test]
fn what_is_not_wanted_is_proven_all_the_same() {
    let scratch = filled(1_000);
    scratch.meddle("UPDATE records SET payload = '0' WHERE sequence = 700");
    for (payloads, error) in [replayed(&scratch, 1), lent(&scratch, 1)] {
        assert_eq!(payloads, odd(1..700));
        let Some(ReplayError::Broken(broken)) = error else { panic!("{error:?}") };
        assert_eq!((broken.sequence.number(), broken.why), (700, Fault::Hash));
    }
}

#[test]
fn a_payload_that_does_not_fit_is_named_and_the_next_follows() {
    let scratch = Scratch::new();
    let mut journal = scratch.open().expect("a new journal");
    let text = Entry::new("text", "two").expect("a text is JSON");
    journal.append(stamps(1), &[entry(1), text, entry(3)]).expect("room");
    let records: Vec<_> =
        scratch.reader().replay_ahead(Sequence::FIRST, |_| true, |records: Ahead<u64>| records.collect());
    assert!(
        matches!(&records[..], [Ok((_, Some(1))), Err(ReplayError::Payload { .. }), Ok((_, Some(3)))]),
        "{records:?}"
    );
}

#[test]
fn whoever_has_seen_enough_goes() {
    let scratch = filled(10_000);
    let first = scratch.reader().replay_ahead(Sequence::FIRST, |_| true, |mut records: Ahead<u64>| records.next());
    assert!(matches!(first, Some(Ok((_, Some(1))))), "{first:?}");
    scratch.open().expect("nobody reads any more").close().expect("a clean end");
}
