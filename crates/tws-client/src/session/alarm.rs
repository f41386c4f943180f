//! [`Watch`]: the alarm that a session gives when it has not been sound for long, outside the hours in which IB resets its
//! servers.

use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;

use super::{Event, Session, Stage};
use crate::event::Alarm;

/// How long the session has not been sound, and when somebody hears of it.
#[derive(Debug)]
pub(super) struct Watch {
    /// Unset while all is well.
    unsound: Option<Unsound>,
    /// What the wall clock said, and when. Without it no hours are known, and the alarm never waits for any.
    wall: Option<(Timestamp, Instant)>,
}

#[derive(Debug)]
struct Unsound {
    since: Instant,
    alarm_at: Instant,
    alarms: u32,
}

impl Watch {
    pub(super) fn new(now: Instant, patience: Duration) -> Self {
        Self { unsound: Some(Unsound { since: now, alarm_at: now + patience, alarms: 0 }), wall: None }
    }

    /// When the alarm sounds next.
    pub(super) fn at(&self) -> Option<Instant> {
        self.unsound.as_ref().map(|unsound| unsound.alarm_at)
    }

    /// What the wall clock says now.
    fn wall(&self, now: Instant) -> Option<Timestamp> {
        let (wall, at) = self.wall?;
        wall.checked_add(now.saturating_duration_since(at)).ok()
    }
}

impl Session {
    /// Tells what the wall clock says. The session reads no clock itself: without this word the alarm does not know the
    /// hours of [`Config::reset_windows`](crate::Config::reset_windows), and sounds in them too.
    pub fn handle_wall_clock(&mut self, wall: SystemTime, now: Instant) {
        // A clock that is out of any calendar says nothing.
        self.watch.wall = Timestamp::try_from(wall).ok().map(|wall| (wall, now));
    }

    /// Begins or ends the count, as the state says.
    pub(super) fn mind_alarm(&mut self, now: Instant) {
        if self.is_sound() || matches!(self.stage, Stage::Closing { .. } | Stage::Closed(_)) {
            self.watch.unsound = None;
        } else if self.watch.unsound.is_none() {
            let alarm_at = now + self.config.timeouts.not_ready_alarm;
            self.watch.unsound = Some(Unsound { since: now, alarm_at, alarms: 0 });
        }
    }

    /// Gives the alarm when its time has come; in a reset window it waits for the end of the window first.
    pub(super) fn sound_alarm(&mut self, now: Instant) {
        let wall = self.watch.wall(now);
        let timeouts = &self.config.timeouts;
        let Some(unsound) = self.watch.unsound.as_mut().filter(|unsound| unsound.alarm_at <= now) else { return };
        let left = wall.and_then(|wall| {
            let ends = self.config.reset_windows.iter().filter_map(|window| window.left(wall));
            ends.max()
        });
        if let Some(left) = left {
            unsound.alarm_at = now + left + timeouts.not_ready_alarm;
            return;
        }
        let alarm = Alarm::NotReady {
            since: now.saturating_duration_since(unsound.since),
            phase: self.state.phase,
            reason: self.state.reason.clone(),
            repeat: unsound.alarms,
        };
        unsound.alarms = unsound.alarms.saturating_add(1);
        unsound.alarm_at = now + timeouts.alarm_repeat;
        self.events.push_back(Event::Alarm(alarm));
    }
}
