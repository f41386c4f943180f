//! C11: for how long live trading is armed, and that somebody hears of its end before it comes.

use order::{SECOND_US, Timestamp};
use risk::TradingMode;

use super::Engine;
use super::commands::Refused;
use crate::config::Arming;
use crate::event::Alarm;
use crate::record::Record;

/// How long before its end a person is told of it.
const TOLD_AHEAD_US: i64 = 15 * 60 * SECOND_US;

/// What was told of an arming.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ArmingTold {
    until: Timestamp,
    is_over: bool,
}

impl Engine {
    /// A person arms live trading anew, for at most a day from now.
    pub(super) fn arm(&mut self, by: String, until: Timestamp) -> Result<(), Refused> {
        let (now, (phase, reason)) = (self.clock.now(), self.phase());
        let gate = self.gate.as_mut().ok_or(Refused::NotReady { phase, reason })?;
        gate.arm(by, until, now)?;
        self.outbox.records.extend(gate.arming().cloned().map(Record::Armed));
        Ok(())
    }

    /// Tells once that an arming is about to end, and once that it has.
    pub(super) fn watch_arming(&mut self) {
        let gate = self.gate.as_ref().filter(|gate| gate.limits().mode == TradingMode::Live);
        let Some(arming) = gate.and_then(|gate| gate.arming()) else { return };
        let left_us = arming.until.since(self.clock.now());
        let told = ArmingTold { until: arming.until, is_over: left_us <= 0 };
        if left_us > TOLD_AHEAD_US || self.arming_told == Some(told) {
            return;
        }
        let until = jiff::Timestamp::from_microsecond(arming.until.0).unwrap_or(jiff::Timestamp::MAX);
        let arming = Arming { by: arming.by.clone(), until };
        self.arming_told = Some(told);
        self.alarm(if told.is_over { Alarm::ArmingEnded(arming) } else { Alarm::ArmingEnds(arming) });
    }
}
