//! [`Pacer`]: one sliding window for every frame that leaves, with room kept for what matters more.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::config::Pacing;

pub(super) const WINDOW: Duration = Duration::from_secs(1);

/// What a frame is for, the most urgent last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    Request,
    Order,
    Cancel,
}

/// Remembers when the last frames left; at most as many as one window may hold.
#[derive(Debug)]
pub(super) struct Pacer {
    pacing: Pacing,
    sent: VecDeque<Instant>,
    /// Until then requests have half the window, because TWS said that messages come too fast.
    slow_until: Option<Instant>,
}

impl Pacer {
    pub(super) fn new(pacing: Pacing) -> Self {
        Self { pacing, sent: VecDeque::new(), slow_until: None }
    }

    /// How many frames one window may hold, were it empty.
    pub(super) fn most(&self, urgency: Urgency) -> usize {
        let Pacing { frames_per_second, reserved_for_cancels, reserved_for_orders, .. } = self.pacing;
        let reserved = match urgency {
            Urgency::Request => reserved_for_cancels.saturating_add(reserved_for_orders),
            Urgency::Order => reserved_for_cancels,
            Urgency::Cancel => 0,
        };
        let most = frames_per_second.saturating_sub(reserved) as usize;
        match (urgency, self.slow_until) {
            (Urgency::Request, Some(_)) => (most / 2).max(1),
            (Urgency::Request, None) | (Urgency::Order | Urgency::Cancel, _) => most,
        }
    }

    /// TWS said that messages come too fast: requests have half the window for a while; orders and cancels keep theirs.
    pub(super) fn slow_down(&mut self, now: Instant) {
        self.slow_until = Some(now + self.pacing.slow_down);
    }

    /// Whether so many frames may leave now.
    pub(super) fn has_room(&mut self, urgency: Urgency, frames: usize, now: Instant) -> bool {
        if self.slow_until.is_some_and(|until| until <= now) {
            self.slow_until = None;
        }
        while self.sent.front().is_some_and(|&sent| now.saturating_duration_since(sent) >= WINDOW) {
            self.sent.pop_front();
        }
        self.sent.len() + frames <= self.most(urgency)
    }

    /// When so many frames may leave; `frames` must not be above [`Pacer::most`].
    pub(super) fn room_at(&self, urgency: Urgency, frames: usize) -> Option<Instant> {
        let leaving = (self.sent.len() + frames).saturating_sub(self.most(urgency));
        leaving.checked_sub(1).and_then(|place| self.sent.get(place)).map(|&sent| sent + WINDOW)
    }

    pub(super) fn sent(&mut self, now: Instant) {
        self.sent.push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_window_holds_more_than_the_limit_and_cancels_find_room() {
        let start = Instant::now();
        let mut pacer = Pacer::new(Pacing {
            frames_per_second: 10,
            reserved_for_cancels: 2,
            reserved_for_orders: 3,
            ..Pacing::default()
        });
        let mut log = Vec::new();
        for step in 0..300 {
            let now = start + Duration::from_millis(step * 10);
            for urgency in [Urgency::Request, Urgency::Order, Urgency::Cancel] {
                if urgency != Urgency::Cancel || step % 50 == 0 {
                    while pacer.has_room(urgency, 1, now) {
                        pacer.sent(now);
                        log.push((now, urgency));
                    }
                }
            }
        }
        for (place, &(first, _)) in log.iter().enumerate() {
            let inside = log[place..].iter().take_while(|(at, _)| *at - first < WINDOW).count();
            assert!(inside <= 10, "{inside}");
        }
        assert!(log.iter().any(|(_, urgency)| *urgency == Urgency::Cancel));
    }

    #[test]
    fn room_comes_when_the_window_slides() {
        let start = Instant::now();
        let mut pacer = Pacer::new(Pacing {
            frames_per_second: 4,
            reserved_for_cancels: 1,
            reserved_for_orders: 1,
            ..Pacing::default()
        });
        pacer.sent(start);
        pacer.sent(start + Duration::from_millis(100));
        assert!(!pacer.has_room(Urgency::Request, 1, start + Duration::from_millis(200)));
        assert!(pacer.has_room(Urgency::Order, 1, start + Duration::from_millis(200)));
        assert_eq!(pacer.room_at(Urgency::Request, 1), Some(start + WINDOW));
        assert_eq!(pacer.room_at(Urgency::Order, 2), Some(start + WINDOW));
        assert_eq!(pacer.room_at(Urgency::Order, 3), Some(start + Duration::from_millis(100) + WINDOW));
        assert_eq!(pacer.room_at(Urgency::Order, 1), None);
    }
}
