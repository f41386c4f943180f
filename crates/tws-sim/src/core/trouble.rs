//! [`Trouble`]: the faults that stand in the core, and what they put off.

use std::collections::{BTreeMap, VecDeque};

use rust_decimal::Decimal;
use tws_proto::ClientMessage;
use tws_proto::ids::{ClientId, OrderId};
use tws_proto::message::{OpenOrder, OrderStatus};

use crate::faults::{Fault, FaultSet};
use crate::orders::OrderKey;
use crate::session::SessionId;
use crate::time::SimTime;

/// Keeps the core's dice apart from those of others.
const RANDOM_STREAM: u64 = 0xFA_0016;
/// How much may be put off or kept at once: what is above that is lost, as a TWS loses it.
const PUT_OFF_MAX: usize = 10_000;

/// Something that happens later.
#[derive(Clone, Debug)]
pub(super) enum Later {
    /// A cancel reaches the exchange.
    Cancel(OrderKey),
    /// An order fills though it was cancelled.
    Fill { key: OrderKey, quantity: Decimal },
    /// A fault strikes.
    Fault(Box<Fault>),
    /// A client's message is taken up.
    Message(SessionId, Box<ClientMessage>),
    /// Orders that TWS kept reach the exchange.
    SubmitKept,
}

/// What a session did against the rules.
#[derive(Clone, Debug, Default)]
pub(super) struct Conduct {
    /// When it started the API.
    pub(super) started: SimTime,
    /// When its latest requests came, no more of them than the rate allows.
    pub(super) requests: VecDeque<SimTime>,
    /// How often it was told that it asks too fast.
    pub(super) breaches: u8,
    /// How many of its messages wait for the next second.
    pub(super) delayed: usize,
}

/// The faults that stand in the core, and what they put off.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) faults: FaultSet,
    later: BTreeMap<(SimTime, u64), Later>,
    put_off: u64,
    /// Nobody is let in before that.
    pub(super) down_until: SimTime,
    /// Client ids of lost connections that are still in use.
    pub(super) held_ids: BTreeMap<ClientId, SimTime>,
    pub(super) conduct: BTreeMap<SessionId, Conduct>,
    /// Orders and cancels that TWS keeps until it finds IB again.
    pub(super) kept: Vec<(ClientId, ClientMessage)>,
    /// Cancels that wait until a fault is cleared.
    pub(super) pending_cancels: Vec<OrderKey>,
    /// Orders that wait for shares to borrow, or just wait.
    pub(super) suspended: Vec<OrderKey>,
    /// The open orders of an earlier moment, while that is what is told.
    pub(super) stale: Option<Vec<(OpenOrder, OrderStatus)>>,
    /// Orders that go by the id of another one: theirs, and the other.
    pub(super) twins: BTreeMap<OrderKey, OrderKey>,
    hidden: i32,
}

impl Trouble {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            faults: FaultSet::new(seed, RANDOM_STREAM),
            later: BTreeMap::new(),
            put_off: 0,
            down_until: SimTime(i64::MIN),
            held_ids: BTreeMap::new(),
            conduct: BTreeMap::new(),
            kept: Vec::new(),
            pending_cancels: Vec::new(),
            suspended: Vec::new(),
            stale: None,
            twins: BTreeMap::new(),
            hidden: 0,
        }
    }

    /// Puts something off to a moment.
    pub(super) fn put_off(&mut self, until: SimTime, what: Later) {
        if self.later.len() < PUT_OFF_MAX {
            self.later.insert((until, self.put_off), what);
            self.put_off += 1;
        }
    }

    /// What was put off to a moment that has come.
    pub(super) fn take_due(&mut self, now: SimTime) -> Option<Later> {
        let entry = self.later.first_entry().filter(|entry| entry.key().0 <= now)?;
        Some(entry.remove())
    }

    /// Keeps a message until TWS finds IB again.
    pub(super) fn keep(&mut self, client: ClientId, message: ClientMessage) {
        if self.kept.len() < PUT_OFF_MAX {
            self.kept.push((client, message));
        }
    }

    /// The id behind those of a client's orders that are kept.
    pub(super) fn next_behind_kept(&self, client: ClientId) -> OrderId {
        let placed = self.kept.iter().filter_map(|(owner, message)| match message {
            ClientMessage::PlaceOrder(request) if *owner == client => Some(request.order_id.0.saturating_add(1)),
            _ => None,
        });
        OrderId(placed.max().unwrap_or_default())
    }

    /// When something happens here by itself.
    pub(super) fn next_time(&self) -> Option<SimTime> {
        let later = self.later.keys().next().map(|(time, _)| *time);
        [later, self.faults.next_time()].into_iter().flatten().min()
    }

    /// A name for an order that goes by another one's id: no client can use it.
    pub(super) fn hidden_key(&mut self, client: ClientId) -> OrderKey {
        self.hidden += 1;
        OrderKey { client, order: OrderId(i32::MIN + self.hidden) }
    }

    /// Nothing that was put off for clients or kept for IB is remembered over a restart.
    pub(super) fn forget_run(&mut self) {
        self.later.retain(|_, later| matches!(later, Later::Fault(_) | Later::Fill { .. }));
        self.pending_cancels.clear();
        self.conduct.clear();
        self.held_ids.clear();
    }

    pub(super) fn forget(&mut self, gone: SessionId) {
        self.conduct.remove(&gone);
        self.later.retain(|_, later| !matches!(later, Later::Message(session, _) if *session == gone));
    }
}
