//! [`Outbox`]: the one door through which everything leaves the core.
//!
//! Whatever delays, drops, doubles or reorders what a client hears belongs here and nowhere else.

use std::collections::BTreeMap;

use tws_proto::ServerMessage;
use tws_proto::message::Notice;

use crate::session::SessionId;
use crate::time::SimTime;

/// What the owner of the core has to do, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Send a message to a client.
    Send {
        /// To whom.
        session: SessionId,
        /// What.
        message: ServerMessage,
    },
    /// Close a connection, behind what was sent before. The core has forgotten the session.
    Close {
        /// Which.
        session: SessionId,
        /// Why.
        reason: CloseReason,
    },
}

/// Why the core closes a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// Another connection has this client id.
    ClientIdInUse,
}

/// Collects outputs until they are due.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    now: SimTime,
    /// How long everything takes to leave, milliseconds.
    latency_ms: i64,
    /// By the moment it is due, then by the order it was given in.
    waiting: BTreeMap<(SimTime, u64), Output>,
    given: u64,
}

impl Outbox {
    pub(crate) fn new(latency_ms: i64) -> Self {
        Self { latency_ms, ..Self::default() }
    }

    /// How long everything takes to leave, milliseconds.
    pub(crate) const fn latency_ms(&self) -> i64 {
        self.latency_ms
    }

    /// Whatever is given from now on was given at `now`.
    pub(crate) fn set_time(&mut self, now: SimTime) {
        self.now = now;
    }

    pub(crate) fn send(&mut self, session: SessionId, message: impl Into<ServerMessage>) {
        self.give(Output::Send { session, message: message.into() });
    }

    /// An ERR_MSG about a request, an order, or (-1) the session.
    pub(crate) fn notice(&mut self, session: SessionId, id: i32, code: i32, text: impl Into<String>) {
        let time_ms = Some(self.now.0);
        let notice = Notice { id: Some(id), time_ms, code, text: text.into(), reject_json: String::new() };
        self.send(session, Box::new(notice));
    }

    pub(crate) fn close(&mut self, session: SessionId, reason: CloseReason) {
        self.give(Output::Close { session, reason });
    }

    /// What is due by `now`.
    pub(crate) fn due(&mut self, now: SimTime) -> Vec<Output> {
        let later = self.waiting.split_off(&(now.plus_ms(1), 0));
        std::mem::replace(&mut self.waiting, later).into_values().collect()
    }

    /// When the next output is due.
    pub(crate) fn next_time(&self) -> Option<SimTime> {
        self.waiting.keys().next().map(|(time, _)| *time)
    }

    /// Nothing more for a session that is gone.
    pub(crate) fn forget(&mut self, gone: SessionId) {
        self.waiting.retain(|_, output| match output {
            Output::Send { session, .. } | Output::Close { session, .. } => *session != gone,
        });
    }

    fn give(&mut self, output: Output) {
        self.waiting.insert((self.now.plus_ms(self.latency_ms), self.given), output);
        self.given += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tws_proto::ids::OrderId;
    use tws_proto::message::NextValidId;

    #[test]
    fn outputs_leave_in_order_when_they_are_due() {
        let mut outbox = Outbox::new(50);
        for (at, id) in [(0, 1), (0, 2), (10, 3)] {
            outbox.set_time(SimTime(at));
            outbox.send(SessionId(1), NextValidId { order_id: OrderId(id) });
        }
        assert_eq!(outbox.next_time(), Some(SimTime(50)));
        assert!(outbox.due(SimTime(49)).is_empty());
        assert_eq!(outbox.due(SimTime(50)).len(), 2);
        assert_eq!(outbox.next_time(), Some(SimTime(60)));
        outbox.forget(SessionId(1));
        assert!(outbox.due(SimTime(60)).is_empty());
    }
}
