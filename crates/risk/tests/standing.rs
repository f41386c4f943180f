//! What goes on beside single orders: a link that is away (C12), alarms until a person knows of them (C14).

use order::{SECOND_US, Timestamp};
use risk::alarms::ALARMS_MAX;
use risk::{Absence, AlarmFault, Alarms, Bell, Limits, OnReturn, OpenAlarm};

fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * SECOND_US)
}

fn absence(cancel_on_return_after_s: Option<u32>) -> Absence {
    Absence::new(&Limits { cancel_on_return_after_s, ..Limits::default() }, at(0))
}

#[test]
fn c12_orders_that_work_for_a_minute_without_a_link_are_one_alarm() {
    let mut absence = absence(None);
    // A trader starts without a link.
    for (second, working, expected) in
        [(0, 3, None), (59, 3, None), (60, 0, None), (61, 3, Some(61)), (62, 3, None), (3_600, 3, None)]
    {
        assert_eq!(absence.look(working, at(second)), expected, "{second}");
    }
    assert_eq!(absence.returned(3, at(4_000)), OnReturn::Keep);
    assert_eq!(absence.look(3, at(5_000)), None, "the link stands");
    // Lost once more, and by TWS too meanwhile: one absence.
    absence.lost(at(6_000));
    absence.lost(at(6_050));
    assert_eq!(absence.look(1, at(6_059)), None);
    assert_eq!(absence.look(1, at(6_060)), Some(60));
}

#[test]
fn c12_orders_are_kept_or_cancelled_when_the_link_is_back() {
    // After how long they are cancelled, for how long it was away, how many work.
    for (after, away, working, expected) in [
        (None, 100_000, 1, OnReturn::Keep),
        (Some(30), 30, 1, OnReturn::Keep),
        (Some(30), 31, 1, OnReturn::Cancel { away_s: 31 }),
        (Some(30), 31, 0, OnReturn::Keep),
        (Some(0), 1, 1, OnReturn::Cancel { away_s: 1 }),
        (Some(0), 0, 1, OnReturn::Keep),
        (Some(0), -100, 1, OnReturn::Keep),
    ] {
        let mut absence = absence(after);
        assert_eq!(absence.returned(1, at(0)), OnReturn::Keep, "a trader has just started");
        absence.lost(at(1_000));
        assert_eq!(absence.returned(working, at(1_000 + away)), expected, "{after:?} {away} {working}");
        assert_eq!(absence.returned(working, at(500_000)), OnReturn::Keep, "it is said once");
    }
}

fn raise(alarms: &mut Alarms, text: &str, now: Timestamp) -> Option<u64> {
    let raised = alarms.raise("lost", "", text, now)?;
    alarms.keep(raised.clone());
    Some(raised.number)
}

fn numbers(due: &[OpenAlarm]) -> Vec<u64> {
    due.iter().map(|alarm| alarm.number).collect()
}

#[test]
fn c14_an_alarm_is_told_again_until_a_person_acknowledges_it() {
    let (mut alarms, mut bell) = (Alarms::default(), Bell::default());
    assert_eq!(raise(&mut alarms, "order 1", at(0)), Some(1));
    bell.told(1, at(0));
    assert_eq!(raise(&mut alarms, "order 1", at(1)), None, "it stands already");
    assert_eq!(raise(&mut alarms, "order 2", at(10)), Some(2));
    bell.told(2, at(10));
    for (second, expected) in
        [(59, vec![]), (60, vec![1]), (70, vec![2]), (119, vec![]), (120, vec![1]), (500, vec![1, 2])]
    {
        assert_eq!(numbers(&bell.due(&alarms, 60, at(second))), expected, "{second}");
    }
    assert_eq!(alarms.check(1, " "), Err(AlarmFault::NoName));
    assert_eq!(alarms.check(3, "ann"), Err(AlarmFault::NotOpen { number: 3 }));
    assert_eq!(alarms.check(1, "ann"), Ok(()));
    alarms.acknowledged(1);
    assert_eq!(numbers(&bell.due(&alarms, 60, at(1_000))), [2]);
    // What comes back is another alarm. After a restart all that stand are told at once.
    assert_eq!(raise(&mut alarms, "order 1", at(1_000)), Some(3));
    assert_eq!(numbers(&Bell::default().due(&alarms, 60, at(1_000))), [2, 3]);
}

#[test]
fn c14_an_alarm_about_the_same_is_one_whatever_its_numbers() {
    let mut alarms = Alarms::default();
    let mut raise = |code: &str, about: &str, text: &str| {
        let raised = alarms.raise(code, about, text, at(0));
        raised.inspect(|alarm| alarms.keep(alarm.clone())).map(|alarm| alarm.number)
    };
    assert_eq!(raise("not_protected", "IBM", "for 5 s"), Some(1));
    assert_eq!(raise("not_protected", "IBM", "for 10 s"), None);
    assert_eq!(raise("not_protected", "SAP", "for 10 s"), Some(2));
    assert_eq!(raise("unpriced", "IBM", "for 5 s"), Some(3));
    assert_eq!(raise("not_protected", "", "for 5 s"), Some(4));
    alarms.acknowledged(1);
    assert!(alarms.raise("not_protected", "IBM", "for 15 s", at(0)).is_some());
}

#[test]
fn c14_no_more_alarms_stand_than_can_be_kept() {
    let mut alarms = Alarms::default();
    for number in 0..ALARMS_MAX + 5 {
        assert!(raise(&mut alarms, &number.to_string(), at(0)).is_some());
    }
    assert_eq!(alarms.open().count(), ALARMS_MAX);
    assert_eq!(alarms.open().next().map(|alarm| alarm.text.as_str()), Some("5"), "the oldest give way");
}
