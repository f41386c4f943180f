//! [`Alarms`]: what a person should know and has not said to know yet (C14).

use std::collections::BTreeMap;

use order::{SECOND_US, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Alarms that can stand at a time; of more, the oldest gives way.
pub const ALARMS_MAX: usize = 256;

/// An alarm that nobody has acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenAlarm {
    /// Its number, never given twice.
    pub number: u64,
    /// One word for machines.
    pub code: String,
    /// What it says.
    pub text: String,
    /// What it is about, where its words have numbers that differ from time to time; else nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// Since when.
    pub since: Timestamp,
}

/// The alarms that nobody has acknowledged, over restarts too. What is told again while it stands is one alarm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarms {
    open: BTreeMap<u64, OpenAlarm>,
    last: u64,
}

/// Why an alarm was not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AlarmFault {
    /// Nobody was named.
    #[error("an alarm is acknowledged by a named person; say who")]
    NoName,
    /// There is no such alarm.
    #[error("alarm {number} does not stand")]
    NotOpen {
        /// Its number.
        number: u64,
    },
}

impl Alarms {
    /// A new alarm, to be recorded and then [kept](Alarms::keep); `None` where it stands already: in the same words, or
    /// about the same where that is said.
    #[must_use]
    pub fn raise(&self, code: &str, about: &str, text: &str, now: Timestamp) -> Option<OpenAlarm> {
        let is_same = |alarm: &OpenAlarm| {
            alarm.about == about && (!about.is_empty() || alarm.text == text) // what is about nothing is its words
        };
        let stands = self.open.values().any(|alarm| alarm.code == code && is_same(alarm));
        let [code, about, text] = [code, about, text].map(str::to_owned);
        (!stands).then(|| OpenAlarm { number: self.last.saturating_add(1), code, text, about, since: now })
    }

    /// Keeps an alarm that is recorded.
    pub fn keep(&mut self, alarm: OpenAlarm) {
        self.last = self.last.max(alarm.number);
        self.open.insert(alarm.number, alarm);
        if self.open.len() > ALARMS_MAX {
            self.open.pop_first();
        }
    }

    /// Whether a named person may acknowledge this alarm now.
    ///
    /// # Errors
    /// [`AlarmFault`]; then it goes on standing.
    pub fn check(&self, number: u64, by: &str) -> Result<(), AlarmFault> {
        if by.trim().is_empty() {
            return Err(AlarmFault::NoName);
        }
        if self.open.contains_key(&number) { Ok(()) } else { Err(AlarmFault::NotOpen { number }) }
    }

    /// A person knows of it.
    pub fn acknowledged(&mut self, number: u64) {
        self.open.remove(&number);
    }

    /// Those that stand, oldest first.
    pub fn open(&self) -> impl Iterator<Item = &OpenAlarm> {
        self.open.values()
    }
}

/// When standing alarms are told again: each as often as its pause says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bell {
    told: BTreeMap<u64, Timestamp>,
}

impl Bell {
    /// Looks at the time, about once a second: gives what is to be told again. An alarm of before a restart is told at the
    /// first look.
    pub fn due(&mut self, alarms: &Alarms, pause_s: u32, now: Timestamp) -> Vec<OpenAlarm> {
        self.told.retain(|number, _| alarms.open.contains_key(number));
        let pause_us = i64::from(pause_s).saturating_mul(SECOND_US).unsigned_abs();
        let is_due = |alarm: &&OpenAlarm| {
            // A clock that was set back tells too often, and not too late.
            self.told.get(&alarm.number).is_none_or(|told| now.since(*told).unsigned_abs() >= pause_us)
        };
        let due: Vec<OpenAlarm> = alarms.open().filter(is_due).cloned().collect();
        self.told.extend(due.iter().map(|alarm| (alarm.number, now)));
        due
    }

    /// An alarm was told just now.
    pub fn told(&mut self, number: u64, now: Timestamp) {
        self.told.insert(number, now);
    }
}
