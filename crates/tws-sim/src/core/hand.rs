//! Orders made by hand in TWS: who hears of them, and how client 0 comes to own them.

use std::collections::BTreeSet;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use tws_proto::ids::{ClientId, OrderId, PermanentId};
use tws_proto::message::{OrderBound, PlaceOrder, RequestAutoOpenOrders};
use tws_proto::{Contract, Order};

use super::{Core, Output};
use crate::orders::{OrderKey, OrderRecord, Stage};
use crate::session::{AutoOpen, SessionId};
use crate::settings::BoundIds;
use crate::time::SimTime;
use crate::validation::Refusal;

/// Which client is told of orders made by hand, and may bind them.
const BINDER: ClientId = ClientId(0);
/// Chooses the order in which a client hears things when it starts; markets have the streams of their contracts.
const STREAM: u64 = 1 << 40;

/// What the user of TWS does with the mouse. Orders of API clients can be changed and cancelled that way, too.
#[derive(Clone, Debug, PartialEq)]
pub enum Manual {
    /// A new order.
    Place {
        /// Of what.
        contract: Box<Contract>,
        /// Which.
        order: Box<Order>,
    },
    /// An order as it shall be from now on.
    Change {
        /// Which order.
        permanent_id: PermanentId,
        /// What it shall be.
        order: Box<Order>,
    },
    /// No more of it.
    Cancel {
        /// Which order.
        permanent_id: PermanentId,
    },
}

/// Why TWS did not do what its user wanted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandRefused {
    /// TWS says so, with the code that an API client would have got.
    #[error("TWS refused the order with code {code}: {text}")]
    Invalid {
        /// The code of the notice.
        code: i32,
        /// What it says.
        text: String,
    },
    /// The broker rejected the order.
    #[error("the broker rejected the order: {reason}")]
    Rejected {
        /// Why.
        reason: String,
    },
    /// No order has this number, or it is dead.
    #[error("no live order has the permanent id {permanent_id}")]
    Unknown {
        /// What was asked for.
        permanent_id: PermanentId,
    },
}

/// What the simulator remembers of orders made by hand.
#[derive(Debug)]
pub(crate) struct HandDesk {
    /// The last number given to an unbound order; nobody outside hears it.
    placed: i32,
    /// The last negative id given to a bound order.
    bound: i32,
    /// Orders that began by hand, bound or not.
    manual: BTreeSet<PermanentId>,
    random: ChaCha8Rng,
}

impl HandDesk {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(STREAM);
        Self { placed: 0, bound: 0, manual: BTreeSet::new(), random }
    }

    /// Whether an order began by hand.
    pub(crate) fn made(&self, order: PermanentId) -> bool {
        self.manual.contains(&order)
    }

    /// Forgets orders that are not known any more.
    pub(crate) fn keep(&mut self, known: &BTreeSet<PermanentId>) {
        self.manual.retain(|order| known.contains(order));
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        items.shuffle(&mut self.random);
    }
}

impl Core {
    /// Does what the user of TWS does by hand, at `now`. Tells the order's permanent id and what has to be sent.
    ///
    /// # Errors
    /// [`HandRefused`] says why nothing came of it; the outputs count all the same.
    pub fn by_hand(&mut self, act: Manual, now: SimTime) -> (Result<PermanentId, HandRefused>, Vec<Output>) {
        let now = now.max(self.now);
        self.advance(now);
        let done = match act {
            Manual::Place { contract, order } => self.place_by_hand(*contract, *order),
            Manual::Change { permanent_id, order } => self.change_by_hand(permanent_id, *order),
            Manual::Cancel { permanent_id } => self.cancel_by_hand(permanent_id),
        };
        (done, self.outbox.due(now))
    }

    pub(super) fn place_by_hand(&mut self, contract: Contract, order: Order) -> Result<PermanentId, HandRefused> {
        let binds = self
            .session_of(BINDER)
            .filter(|_| !self.is_read_only(BINDER))
            .filter(|session| self.sessions.get(session).is_some_and(|session| session.auto_open == AutoOpen::Bind));
        let key = match binds {
            Some(_) => self.fresh_bound_key(),
            None => {
                self.hand.placed += 1;
                OrderKey { client: OrderKey::HAND, order: OrderId(self.hand.placed) }
            }
        };
        let order = Order { what_if: false, transmit: true, parent_id: None, ..order };
        let request = PlaceOrder { order_id: key.order, contract, order, attached: None };
        // Nobody is asked for a preview here, so the session is of no matter.
        self.new_order(SessionId(0), key, &request).map_err(refused)?;
        let Some(record) = self.desk.get(key) else {
            return Err(HandRefused::Unknown { permanent_id: PermanentId(0) });
        };
        let permanent_id = record.permanent_id;
        if let (Stage::Inactive, Some((_, reason))) = (record.stage, &record.completed) {
            return Err(HandRefused::Rejected { reason: reason.clone() });
        }
        self.hand.manual.insert(permanent_id);
        if let Some(session) = binds {
            self.send_bound(session, key, permanent_id);
        }
        Ok(permanent_id)
    }

    fn change_by_hand(&mut self, permanent_id: PermanentId, order: Order) -> Result<PermanentId, HandRefused> {
        let Some(record) = self.live_by_permanent_id(permanent_id) else {
            return Err(HandRefused::Unknown { permanent_id });
        };
        let record = record.clone();
        let order = Order { account: record.order.account.clone(), what_if: false, ..order };
        let contract = record.contract.clone();
        let request = PlaceOrder { order_id: record.key.order, contract, order, attached: None };
        self.modify_order(SessionId(0), &record, &request).map_err(refused)?;
        Ok(permanent_id)
    }

    fn cancel_by_hand(&mut self, permanent_id: PermanentId) -> Result<PermanentId, HandRefused> {
        let Some(record) = self.live_by_permanent_id(permanent_id) else {
            return Err(HandRefused::Unknown { permanent_id });
        };
        self.end_order(record.key, "Cancelled by Trader", "Order Canceled - reason:");
        Ok(permanent_id)
    }

    /// What an order of this number is now, while it lives or is held.
    #[must_use]
    pub fn live_by_permanent_id(&self, permanent_id: PermanentId) -> Option<&OrderRecord> {
        let lives = |record: &&OrderRecord| record.stage.is_live() || record.stage == Stage::Held;
        self.desk.iter().filter(lives).find(|record| record.permanent_id == permanent_id)
    }

    /// Client 0 wants to hear of orders made by hand from now on, or to own them.
    pub(super) fn set_auto_open(&mut self, session: SessionId, client: ClientId, request: &RequestAutoOpenOrders) {
        if client != BINDER {
            let text = "Only the default client (i.e 0) can auto bind orders.";
            return self.outbox.notice(session, -1, 327, text);
        }
        if let Some(this) = self.sessions.get_mut(&session) {
            this.auto_open = if request.auto_bind { AutoOpen::Bind } else { AutoOpen::Hear };
        }
    }

    /// Makes live orders made by hand orders of client 0. Each is cancelled and sent again at the exchange, and so goes to
    /// the end of the queue.
    pub(super) fn bind_orders(&mut self, session: SessionId) {
        let unbound: Vec<OrderKey> = self.desk.live().map(|record| record.key).filter(|key| key.is_unbound()).collect();
        for old in unbound {
            let new = self.fresh_bound_key();
            self.desk.rename(old, new);
            if let Some(permanent_id) = self.desk.get(new).map(|record| record.permanent_id) {
                self.send_bound(session, new, permanent_id);
            }
        }
    }

    /// Whoever hears of an order: its owner, the master client, and of orders made by hand client 0 where it asked.
    pub(super) fn hearers(&self, key: OrderKey) -> Vec<SessionId> {
        let hears = |client: ClientId, auto_open: AutoOpen| {
            client == key.client
                || self.settings.master_client == Some(client)
                || (key.is_unbound() && client == BINDER && auto_open != AutoOpen::Off)
        };
        self.sessions_where(hears)
    }

    /// Whoever hears of an execution: client 0 needs not ask for those of orders made by hand.
    pub(super) fn hearers_of_fills(&self, key: OrderKey) -> Vec<SessionId> {
        self.sessions_where(|client, _| client == key.told().0 || self.settings.master_client == Some(client))
    }

    fn sessions_where(&self, hears: impl Fn(ClientId, AutoOpen) -> bool) -> Vec<SessionId> {
        let hearing = self
            .sessions
            .iter()
            .filter(|(_, session)| session.client.is_some_and(|client| hears(client, session.auto_open)));
        hearing.map(|(session, _)| *session).collect()
    }

    fn fresh_bound_key(&mut self) -> OrderKey {
        let order = match self.settings.bound_ids {
            BoundIds::Negative => {
                self.hand.bound -= 1;
                OrderId(self.hand.bound)
            }
            BoundIds::Positive => self.desk.next_valid(BINDER),
        };
        let key = OrderKey { client: BINDER, order };
        self.desk.note_used(key);
        key
    }

    fn send_bound(&mut self, session: SessionId, key: OrderKey, permanent_id: PermanentId) {
        let (client, order) = key.told();
        let bound = OrderBound { permanent_id: Some(permanent_id), client_id: Some(client), order_id: Some(order) };
        self.outbox.send(session, bound);
    }
}

fn refused(refusal: Refusal) -> HandRefused {
    match refusal {
        Refusal::Invalid(code, text) => HandRefused::Invalid { code, text },
        Refusal::Rejected(reason) => HandRefused::Rejected { reason },
    }
}
