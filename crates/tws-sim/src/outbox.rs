//! [`Outbox`]: the one door through which everything leaves the core.
//!
//! Whatever delays, drops, doubles or reorders what a client hears belongs here and nowhere else.

mod distort;

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use tws_proto::ServerMessage;
use tws_proto::ids::{ClientId, OrderId};
use tws_proto::message::Notice;

use crate::faults::FaultSet;
use crate::orders::OrderKey;
use crate::session::SessionId;
use crate::time::SimTime;

/// Keeps the outbox's dice apart from those of others.
const RANDOM_STREAM: u64 = 0xFA_0017;
/// Where a message stands among those of its moment, where nothing says otherwise.
const USUAL: u8 = 2;

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
#[non_exhaustive]
pub enum CloseReason {
    /// Another connection has this client id.
    ClientIdInUse,
    /// TWS moved its port.
    PortChanged,
    /// TWS restarts.
    Restart,
    /// The client asks too much too fast.
    Pacing,
    /// A fault cuts it.
    Cut,
}

/// On what occasion the core speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Voice {
    /// Something happened by itself or at the exchange.
    #[default]
    Unasked,
    /// Between START_API and the first request.
    Start,
    /// What TWS itself says to a client that asked or ordered.
    Answer,
}

/// What stops market data, and what stops news of orders.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flow {
    /// TWS lost IB (1100, 2110): no data, and news of orders waits.
    pub(crate) upstream_lost: bool,
    /// The market data farm is down (2103).
    pub(crate) farm_down: bool,
    /// Another login has the market data (10197).
    pub(crate) competing: bool,
}

/// Collects outputs until they are due.
#[derive(Debug)]
pub(crate) struct Outbox {
    now: SimTime,
    /// How long everything takes to leave, milliseconds.
    latency_ms: i64,
    /// Due, in order.
    ready: Vec<Output>,
    /// By the moment it is due, then by its place among those of one moment, then by the order it was given in.
    waiting: BTreeMap<(SimTime, u8, u64), Output>,
    given: u64,
    pub(crate) faults: FaultSet,
    pub(crate) voice: Voice,
    pub(crate) flow: Flow,
    clients: BTreeMap<SessionId, ClientId>,
    /// News of orders that waits until TWS finds IB again.
    held: Vec<(SessionId, ServerMessage)>,
    /// Orders that go by the id of another one.
    aliases: BTreeMap<OrderKey, OrderId>,
    /// Orders whose first messages told permId 0.
    numbered: BTreeSet<(SessionId, OrderId, distort::Told)>,
}

impl Outbox {
    pub(crate) fn new(latency_ms: i64, seed: u64) -> Self {
        Self {
            now: SimTime::default(),
            latency_ms,
            ready: Vec::new(),
            waiting: BTreeMap::new(),
            given: 0,
            faults: FaultSet::new(seed, RANDOM_STREAM),
            voice: Voice::default(),
            flow: Flow::default(),
            clients: BTreeMap::new(),
            held: Vec::new(),
            aliases: BTreeMap::new(),
            numbered: BTreeSet::new(),
        }
    }

    /// How long everything takes to leave, milliseconds.
    pub(crate) const fn latency_ms(&self) -> i64 {
        self.latency_ms
    }

    /// Whatever is given from now on was given at `now`.
    pub(crate) fn set_time(&mut self, now: SimTime) {
        self.now = now;
        if !self.waiting.is_empty() {
            self.promote();
        }
    }

    pub(crate) fn send(&mut self, session: SessionId, message: impl Into<ServerMessage>) {
        let message = message.into();
        if self.is_plain() {
            self.ready.push(Output::Send { session, message });
        } else {
            self.distort(session, message);
        }
    }

    /// An ERR_MSG about a request, an order, or (-1) the session.
    pub(crate) fn notice(&mut self, session: SessionId, id: i32, code: i32, text: impl Into<String>) {
        let time_ms = Some(self.now.0);
        let notice = Notice { id: Some(id), time_ms, code, text: text.into(), reject_json: String::new() };
        self.send(session, Box::new(notice));
    }

    pub(crate) fn close(&mut self, session: SessionId, reason: CloseReason) {
        self.keep(self.latency_ms, u8::MAX, Output::Close { session, reason });
    }

    /// What is due by `now`.
    pub(crate) fn due(&mut self, now: SimTime) -> Vec<Output> {
        self.set_time(now);
        std::mem::take(&mut self.ready)
    }

    /// When the next output is due.
    pub(crate) fn next_time(&self) -> Option<SimTime> {
        if !self.ready.is_empty() {
            return Some(self.now);
        }
        self.waiting.keys().next().map(|(time, _, _)| *time)
    }

    /// This session is that client's: faults can be meant for one client.
    pub(crate) fn note_client(&mut self, session: SessionId, client: ClientId) {
        self.clients.insert(session, client);
    }

    /// From now on this order goes by another id in all that is told.
    pub(crate) fn note_alias(&mut self, order: OrderKey, shown: OrderId) {
        self.aliases.insert(order, shown);
    }

    /// Nothing more for a session that is gone.
    pub(crate) fn forget(&mut self, gone: SessionId) {
        let concerns = |output: &Output| match output {
            Output::Send { session, .. } | Output::Close { session, .. } => *session == gone,
        };
        self.ready.retain(|output| !concerns(output));
        self.waiting.retain(|_, output| !concerns(output));
        self.held.retain(|(session, _)| *session != gone);
        self.numbered.retain(|(session, _, _)| *session != gone);
        self.clients.remove(&gone);
    }

    /// How much of an order's fills waits to be told.
    pub(crate) fn held_fills(&self, key: OrderKey) -> Decimal {
        let fills = self.held.iter().filter_map(|(_, message)| match message {
            ServerMessage::ExecutionData(data) => Some(&data.execution),
            _ => None,
        });
        let own = fills.filter(|fill| fill.client_id == Some(key.client) && fill.order_id == Some(key.order));
        own.filter_map(|fill| fill.quantity).sum()
    }

    /// Tells what waited while TWS had lost IB.
    pub(crate) fn release(&mut self) {
        for (session, message) in std::mem::take(&mut self.held) {
            self.send(session, message);
        }
    }

    /// Loses the first half of what waits for a client, or for all.
    pub(crate) fn lose_half(&mut self, client: Option<ClientId>) {
        let clients: Vec<SessionId> = self
            .clients
            .iter()
            .filter(|(_, own)| client.is_none_or(|client| client == **own))
            .map(|(session, _)| *session)
            .collect();
        for session in clients {
            let waits: Vec<(SimTime, u8, u64)> = self
                .waiting
                .iter()
                .filter(|(_, output)| matches!(output, Output::Send { session: to, .. } if *to == session))
                .map(|(key, _)| *key)
                .collect();
            for key in &waits[..waits.len().div_ceil(2)] {
                self.waiting.remove(key);
            }
        }
    }

    #[inline]
    fn is_plain(&self) -> bool {
        let Flow { upstream_lost, farm_down, competing } = self.flow;
        let flows = !(upstream_lost || farm_down || competing);
        self.latency_ms == 0 && flows && self.faults.is_empty() && self.aliases.is_empty()
    }

    fn promote(&mut self) {
        while let Some(entry) = self.waiting.first_entry().filter(|entry| entry.key().0 <= self.now) {
            self.ready.push(entry.remove());
        }
    }

    fn keep(&mut self, delay_ms: i64, place: u8, output: Output) {
        self.waiting.insert((self.now.plus_ms(delay_ms), place, self.given), output);
        self.given += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tws_proto::message::NextValidId;

    #[test]
    fn outputs_leave_in_order_when_they_are_due() {
        let mut outbox = Outbox::new(50, 0);
        let due = |outbox: &mut Outbox, now| outbox.due(SimTime(now)).len();
        for (at, id) in [(0, 1), (0, 2), (10, 3)] {
            outbox.set_time(SimTime(at));
            outbox.send(SessionId(1), NextValidId { order_id: OrderId(id) });
        }
        assert_eq!(outbox.next_time(), Some(SimTime(50)));
        assert_eq!(due(&mut outbox, 49), 0);
        assert_eq!(due(&mut outbox, 50), 2);
        assert_eq!(outbox.next_time(), Some(SimTime(60)));
        outbox.forget(SessionId(1));
        assert_eq!(due(&mut outbox, 60), 0);
    }
}
