//! Frames that could not be read: counted, told to whom they may concern, and gone.

use std::time::Instant;

use tws_proto::{BadFrame, Fault};

use super::{Event, Session, Stage};
use crate::counts::Counts;
use crate::state::LaneEvent;

/// Wire names of what may have moved an order, an execution or a position; `frame` may have been anything.
const LANE: &[&str] = &[
    "frame",
    "ERR_MSG",
    "OPEN_ORDER",
    "OPEN_ORDER_END",
    "ORDER_STATUS",
    "ORDER_BOUND",
    "COMPLETED_ORDER",
    "COMPLETED_ORDERS_END",
    "EXECUTION_DATA",
    "EXECUTION_DATA_END",
    "COMMISSION_AND_FEES_REPORT",
    "POSITION_DATA",
    "POSITION_END",
    "NEXT_VALID_ID",
    "MANAGED_ACCTS",
];

impl Session {
    /// What was counted since the session began, and what it holds now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = self.counts.clone();
        if let Stage::Live(live) = &self.stage {
            counts.add(live.outlet.counters());
        }
        counts.epochs = self.state.epoch.0;
        counts.requests = self.requests.len();
        counts.subscriptions = self.subscriptions.len();
        counts.subscriptions_live = self.subscriptions.live();
        counts.frames_waiting = self.queue.len() + self.orders.len();
        counts
    }

    /// A connection ends, and its counters with it.
    pub(super) fn keep_counts(&mut self) {
        if let Stage::Live(live) = &self.stage {
            self.counts.add(live.outlet.counters());
        }
    }

    /// Counts a frame that could not be read, and tells of it: on the order lane where it may have been an order's, since
    /// somebody must then look at the broker's lists. A storm of bad ticks must not fill that lane.
    pub(super) fn take_bad_frame(&mut self, bad: BadFrame, now: Instant) {
        let seen = self.counts.bad_frame(&bad);
        // No message of a version that both sides speak has an unknown id: it was an answer to nothing.
        if !matches!(bad.fault, Fault::UnknownMessage(_)) {
            self.requests.spoil(&bad);
        }
        self.doubt_books(&bad, now);
        self.doubt_lists(&bad, now);
        self.events.push_back(if LANE.contains(&bad.message) {
            Event::Lane(LaneEvent::BadFrame(bad))
        } else {
            Event::BadFrame { bad, seen }
        });
    }

    /// Counts a message that nobody asked for.
    pub(crate) fn take_stray(&mut self, message: &'static str) {
        self.counts.stray_messages += 1;
        self.events.push_back(Event::Stray(message));
    }
}

#[cfg(test)]
mod tests {
    use tws_proto::ServerMessage;
    use tws_proto::message::Message;

    use super::LANE;

    #[test]
    fn what_concerns_orders_is_a_message_of_the_server() {
        for name in LANE.iter().filter(|name| **name != "frame") {
            assert!(ServerMessage::ALL.iter().any(|facts| facts.name == *name), "{name}");
        }
    }
}
