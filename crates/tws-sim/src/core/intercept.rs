//! What faults do to a request before the simulated TWS gets to see it.

use rust_decimal::Decimal;
use tws_proto::ClientMessage;
use tws_proto::ids::ClientId;
use tws_proto::kinds::{Action, Status};
use tws_proto::message::PlaceOrder;

use super::orders::NEVER;
use super::trouble::Later;
use super::{CloseReason, Core};
use crate::faults::{Fault, Switch};
use crate::orders::{Hold, OrderKey, OrderRecord, Stage};
use crate::outbox::Voice;
use crate::session::SessionId;

/// How often a client may ask too fast before it is closed.
const BREACHES_MAX: u8 = 3;
/// How many requests of one client may wait for the next second.
const DELAYED_MAX: usize = 1000;

impl Core {
    /// Lets every fault have its way with a request; what is left of it is handled as ever.
    pub(super) fn intercept(&mut self, session: SessionId, message: ClientMessage) -> Option<ClientMessage> {
        self.outbox.voice = voice(&message, self.is_upstream_lost());
        let client = self.sessions.get(&session).and_then(|session| session.client);
        if self.trouble.faults.is_empty() && !self.is_upstream_lost() && self.trouble.held_ids.is_empty() {
            if client.is_some_and(|client| self.refuses_as_read_only(session, client, &message)) {
                return None;
            }
            return self.intercept_twin(client, message);
        }
        if let ClientMessage::StartApi(start) = &message {
            if self.is_id_taken(start.client_id) {
                self.refuse_id(session);
                return None;
            }
            self.trouble.conduct.entry(session).or_default().started = self.now;
            return Some(message);
        }
        let Some(client) = client else { return Some(message) };
        let message = self.pace(session, client, message)?;
        self.admit(session, client, message)
    }

    /// A request that had to wait for the next second is taken as if it came now.
    pub(super) fn take_waiting(&mut self, session: SessionId, message: ClientMessage) {
        let Some(client) = self.sessions.get(&session).and_then(|session| session.client) else { return };
        self.outbox.voice = voice(&message, self.is_upstream_lost());
        if let Some(message) = self.admit(session, client, message) {
            self.carry_out(session, message);
        }
        self.outbox.voice = Voice::default();
    }

    /// Lets every fault but pacing have its way with a request.
    fn admit(&mut self, session: SessionId, client: ClientId, message: ClientMessage) -> Option<ClientMessage> {
        if self.is_request_lost(session, client) || self.refuses_as_read_only(session, client, &message) {
            return None;
        }
        self.intercept_request(session, client, message)
    }

    fn intercept_request(
        &mut self,
        session: SessionId,
        client: ClientId,
        message: ClientMessage,
    ) -> Option<ClientMessage> {
        match message {
            ClientMessage::PlaceOrder(request) => self.intercept_place(session, client, request),
            ClientMessage::CancelOrder(cancel) => {
                let key = self.cancel_target(OrderKey { client, order: cancel.order_id });
                let cancel =
                    ClientMessage::CancelOrder(tws_proto::message::CancelOrder { order_id: key.order, ..cancel });
                self.intercept_cancel(session, key, cancel)
            }
            ClientMessage::GlobalCancel(_) if self.is_upstream_lost() => {
                self.trouble.keep(client, message);
                None
            }
            ClientMessage::RequestMarketData(ref request) => {
                let limit = self.trouble.faults.standing(Switch::LineLimit, Some(client));
                let limit = limit.map_or(usize::MAX, |limit| count_of(&limit.fault, 100));
                let lines = self.data.clients.get(&session).map_or(0, |client| client.level1.len());
                if lines >= limit {
                    let text = "Max number of tickers has been reached";
                    self.outbox.notice(session, request.request_id.0, 101, text);
                    return None;
                }
                Some(message)
            }
            ClientMessage::RequestHistoricalData(ref request) => {
                let id = request.request_id.0;
                self.pace_history(session, client, id).then_some(message)
            }
            ClientMessage::RequestHistoricalTicks(ref request) => {
                let id = request.request_id.0;
                self.pace_history(session, client, id).then_some(message)
            }
            ClientMessage::RequestRealTimeBars(ref request) => {
                let id = request.request_id.0;
                self.pace_history(session, client, id).then_some(message)
            }
            ClientMessage::RequestAllOpenOrders(_) if self.trouble.stale.is_some() => {
                for (order, status) in self.trouble.stale.clone().unwrap_or_default() {
                    self.outbox.send(session, Box::new(order));
                    self.outbox.send(session, Box::new(status));
                }
                self.outbox.send(session, tws_proto::message::OpenOrdersEnd {});
                None
            }
            ClientMessage::RequestExecutions(mut request) => {
                let mut filter = request.filter.clone().unwrap_or_default();
                if filter.last_days.is_none()
                    && filter.dates.is_empty()
                    && let Some(fault) = self.strikes(Switch::TradeLogDays, client)
                {
                    filter.last_days = i32::try_from(fault.number_or(7)).ok();
                    request.filter = Some(filter);
                }
                Some(ClientMessage::RequestExecutions(request))
            }
            other => Some(other),
        }
    }

    /// Orders that go by another one's id are cancelled by that id, once the other one is done.
    fn intercept_twin(&mut self, client: Option<ClientId>, message: ClientMessage) -> Option<ClientMessage> {
        match (client, message) {
            (Some(client), ClientMessage::CancelOrder(cancel)) if !self.trouble.twins.is_empty() => {
                let order_id = self.cancel_target(OrderKey { client, order: cancel.order_id }).order;
                Some(ClientMessage::CancelOrder(tws_proto::message::CancelOrder { order_id, ..cancel }))
            }
            (_, message) => Some(message),
        }
    }

    fn cancel_target(&self, key: OrderKey) -> OrderKey {
        let lives = |key: &OrderKey| self.desk.get(*key).is_some_and(|record| record.stage.is_live());
        if lives(&key) {
            return key;
        }
        let twin = self.trouble.twins.iter().find(|(twin, shown)| **shown == key && lives(twin));
        twin.map_or(key, |(twin, _)| *twin)
    }

    pub(super) fn strikes(&mut self, switch: Switch, client: ClientId) -> Option<Fault> {
        self.trouble.faults.strike(switch, Some(client), self.now)
    }

    // --- the session ---

    fn is_id_taken(&mut self, client: ClientId) -> bool {
        self.trouble.held_ids.retain(|_, until| *until > self.now);
        self.trouble.held_ids.contains_key(&client) || self.strikes(Switch::ClientIdInUse, client).is_some()
    }

    fn refuse_id(&mut self, session: SessionId) {
        let text = "Unable to connect as the client id is already in use. Retry with a unique client id.";
        self.outbox.notice(session, -1, 326, text);
        self.end_session(session, CloseReason::ClientIdInUse);
    }

    fn is_request_lost(&mut self, session: SessionId, client: ClientId) -> bool {
        let started = self.trouble.conduct.get(&session).map_or(self.now, |conduct| conduct.started);
        let Some(active) = self.trouble.faults.standing(Switch::RequestsLost, Some(client)) else { return false };
        let within = active.fault.ms.is_none() || self.now.since_ms(started) < active.fault.ms_or(0);
        within && self.strikes(Switch::RequestsLost, client).is_some()
    }

    /// Whether a client that starts is told its next valid id.
    pub(super) fn is_announced(&mut self, client: ClientId) -> bool {
        self.strikes(Switch::NeverReady, client).is_none()
    }

    /// Whether a client that starts is told its open orders.
    pub(super) fn is_replayed(&mut self, client: ClientId) -> bool {
        self.strikes(Switch::ReplayOff, client).is_none()
    }

    /// Requests above the rate are refused, or wait.
    fn pace(&mut self, session: SessionId, client: ClientId, message: ClientMessage) -> Option<ClientMessage> {
        let delays = self.trouble.faults.standing(Switch::PacingDelay, Some(client));
        let limit = delays.or_else(|| self.trouble.faults.standing(Switch::Pacing, Some(client)));
        let Some(limit) = limit else { return Some(message) };
        let (rate, waits) = (count_of(&limit.fault, 50), delays.is_some());
        let now = self.now;
        let conduct = self.trouble.conduct.entry(session).or_default();
        while conduct.requests.front().is_some_and(|time| now.since_ms(*time) >= 1000) {
            conduct.requests.pop_front();
        }
        if conduct.requests.len() < rate {
            conduct.requests.push_back(now);
            return Some(message);
        }
        if waits {
            let free = conduct.requests.front().map_or(now, |first| first.plus_ms(1000)).max(now.plus_ms(1));
            if conduct.delayed < DELAYED_MAX {
                conduct.delayed += 1;
                self.trouble.put_off(free, Later::Message(session, Box::new(message)));
            }
            return None;
        }
        // A breach is counted once a second at most: the requests of one burst are one.
        conduct.breaches += 1;
        conduct.requests.clear();
        conduct.requests.extend(std::iter::repeat_n(now, rate));
        let breaches = conduct.breaches;
        self.outbox.notice(session, -1, 100, "Max rate of messages per second has been exceeded");
        if breaches >= BREACHES_MAX {
            self.end_session(session, CloseReason::Pacing);
        }
        None
    }

    fn pace_history(&mut self, session: SessionId, client: ClientId, request: i32) -> bool {
        let Some(fault) = self.strikes(Switch::HistoricalPacing, client) else { return true };
        let (code, text) = match fault.code.unwrap_or(162) {
            420 => (420, "Invalid Real-time Query:Historical data request pacing violation"),
            code => (code, "Historical Market Data Service error message:Historical data request pacing violation"),
        };
        self.outbox.notice(session, request, code, text);
        false
    }

    // --- orders ---

    fn intercept_place(
        &mut self,
        session: SessionId,
        client: ClientId,
        request: Box<PlaceOrder>,
    ) -> Option<ClientMessage> {
        let key = OrderKey { client, order: request.order_id };
        if request.order.what_if {
            return Some(ClientMessage::PlaceOrder(request));
        }
        if self.is_upstream_lost() {
            self.keep_order(session, client, request);
            return None;
        }
        match self.desk.get(key).map(|record| record.stage) {
            None => {
                let is_child = request.order.parent().is_some();
                if is_child && self.strikes(Switch::MissingParent, client).is_some() {
                    self.outbox.notice(session, key.order.0, 10006, "Missing parent order.");
                    return None;
                }
            }
            Some(stage) if stage.is_live() => {
                if let Some(fault) = self.strikes(Switch::ModifyRefused, client) {
                    let code = fault.code.unwrap_or(105);
                    self.outbox.notice(session, key.order.0, code, modify_text(code));
                    return None;
                }
                if self.strikes(Switch::DoubleIncarnation, client).is_some() {
                    self.double(key, &request);
                    return None;
                }
            }
            Some(_) => {}
        }
        Some(ClientMessage::PlaceOrder(request))
    }

    /// What stands between a checked new order and the market; whether the order went another way.
    pub(super) fn divert_new_order(&mut self, record: &OrderRecord) -> bool {
        if self.trouble.faults.is_empty() || record.key.is_unbound() {
            return false;
        }
        let key = record.key;
        if let Some(fault) = self.strikes(Switch::Reject, key.client) {
            self.reject_by_fault(record.clone(), &fault);
            return true;
        }
        if self.is_over_order_limit(record) {
            let text = "Maximum number of active orders per contract, side and account has been reached".to_owned();
            let fault = Fault::new(Switch::Reject).text("Inactive");
            self.reject_by_fault(record.clone(), &Fault { text: Some(text), ..fault });
            return true;
        }
        false
    }

    /// Holds a new order until a fault is over: as one whose shares are looked for, or without a reason.
    pub(super) fn suspend_by_fault(&mut self, record: &mut OrderRecord) {
        if self.trouble.faults.is_empty() || record.key.is_unbound() {
            return;
        }
        let client = record.key.client;
        if record.order.action == Action::Sell && self.strikes(Switch::HeldLocate, client).is_some() {
            record.located = Some(NEVER);
        } else if self.strikes(Switch::Inactive, client).is_some() {
            record.hold = Some(Hold::Deactivated);
        } else {
            return;
        }
        self.trouble.suspended.push(record.key);
    }

    /// Lets an order go that a fault held.
    pub(super) fn let_go(&mut self, key: OrderKey) {
        let Some(record) = self.desk.get_mut(key).filter(|record| record.stage == Stage::Dormant) else { return };
        record.located = None;
        record.hold = None;
        self.arm(key);
        self.tell_order(key);
        self.try_order(key, None);
    }

    fn is_over_order_limit(&self, record: &OrderRecord) -> bool {
        let Some(limit) = self.trouble.faults.standing(Switch::OrderLimit, Some(record.key.client)) else {
            return false;
        };
        let same = |other: &&OrderRecord| {
            other.contract_id == record.contract_id
                && other.order.action == record.order.action
                && other.order.account == record.order.account
        };
        let active = self.desk.live().filter(same).count();
        active >= count_of(&limit.fault, 20)
    }

    fn reject_by_fault(&mut self, record: OrderRecord, fault: &Fault) {
        let key = record.key;
        let code = fault.code.unwrap_or(201);
        let (stage, tells, reason) = match fault.text_or("Inactive") {
            "Inactive" => (Stage::Inactive, true, "Rejected by the simulator"),
            "Cancelled" => (Stage::Cancelled, true, "Rejected by the simulator"),
            "none" => (Stage::Inactive, false, "Rejected by the simulator"),
            reason => (Stage::Inactive, true, reason),
        };
        let completed = Some((self.now, format!("Rejected: {reason}")));
        self.desk.add(OrderRecord { stage, completed, ..record });
        self.notice_to_owner(key, code, reject_text(code, reason));
        if tells {
            self.tell_status(key);
        }
    }

    /// After an order was placed or changed: a notice with its id may come, which means nothing.
    pub(super) fn remark_on(&mut self, key: OrderKey) {
        if self.trouble.faults.is_empty() || !self.desk.get(key).is_some_and(|record| record.stage.is_live()) {
            return;
        }
        if let Some(fault) = self.strikes(Switch::OrderNotice, key.client) {
            let code = fault.code.unwrap_or(10349);
            let text = fault.text.clone().unwrap_or_else(|| remark_text(code).to_owned());
            self.notice_to_owner(key, code, text);
        }
    }

    /// A change that makes a second order instead, under the same id.
    fn double(&mut self, key: OrderKey, request: &PlaceOrder) {
        let Some(old) = self.desk.get(key).cloned() else { return };
        let twin = self.trouble.hidden_key(key.client);
        let total = request.order.total_quantity.unwrap_or(old.total);
        let left = (total - old.filled).max(Decimal::ZERO);
        let mut record = OrderRecord {
            key: twin,
            permanent_id: self.desk.fresh_permanent_id(),
            total: left,
            filled: Decimal::ZERO,
            value: Decimal::ZERO,
            commission: Decimal::ZERO,
            last_price: None,
            touches: 0,
            hold: None,
            cancels: None,
            wake: None,
            ..old
        };
        record.order.limit_price = request.order.limit_price;
        record.order.aux_price = request.order.aux_price;
        record.order.total_quantity = Some(left);
        record.reset_prices();
        record.stage = Stage::Held;
        self.trouble.twins.insert(twin, key);
        self.outbox.note_alias(twin, key.order);
        self.desk.add(record);
        self.arm(twin);
        self.tell_order(twin);
        self.try_order(twin, None);
    }

    fn intercept_cancel(&mut self, session: SessionId, key: OrderKey, cancel: ClientMessage) -> Option<ClientMessage> {
        let lives = |core: &Self| core.desk.get(key).is_some_and(|record| record.stage.is_live());
        if self.is_upstream_lost() {
            if self.take_back_kept(session, key) {
                return None;
            }
            self.tell_status_as(key, Status::PendingCancel);
            self.trouble.keep(key.client, cancel);
            return None;
        }
        if !lives(self) {
            return Some(cancel);
        }
        if self.strikes(Switch::CancelUnanswered, key.client).is_some() {
            return None;
        }
        if let Some(fault) = self.strikes(Switch::CancelRefused, key.client) {
            let code = fault.code.unwrap_or(161);
            self.outbox.notice(session, key.order.0, code, cancel_text(code, key));
            return None;
        }
        if let Some(fault) = self.strikes(Switch::CancelRace, key.client) {
            self.tell_status_as(key, Status::PendingCancel);
            self.fill_at_market(key, fault.quantity.unwrap_or(Decimal::MAX));
            return Some(cancel);
        }
        if let Some(fault) = self.strikes(Switch::CancelLate, key.client) {
            self.tell_status_as(key, Status::PendingCancel);
            match fault.ms {
                Some(_) => self.trouble.put_off(self.now.plus_ms(fault.ms_or(0)), Later::Cancel(key)),
                None => self.trouble.pending_cancels.push(key),
            }
            return None;
        }
        if let Some(fault) = self.strikes(Switch::FillAfterCancel, key.client) {
            let quantity = fault.quantity.unwrap_or(Decimal::MAX);
            self.trouble.put_off(self.now.plus_ms(fault.ms_or(300)), Later::Fill { key, quantity });
        }
        Some(cancel)
    }

    /// A cancel that took its time reaches the exchange.
    pub(super) fn cancel_now(&mut self, key: OrderKey) {
        if self.desk.get(key).is_some_and(|record| record.stage.is_live()) {
            let session = self.session_of(key.client).unwrap_or(SessionId(0));
            self.cancel_order(session, key.client, key.order);
        }
    }
}

fn count_of(fault: &Fault, default: i64) -> usize {
    usize::try_from(fault.number_or(default)).unwrap_or(usize::MAX)
}

/// On what occasion TWS speaks when it handles a request.
const fn voice(message: &ClientMessage, upstream_lost: bool) -> Voice {
    match message {
        ClientMessage::StartApi(_) => Voice::Start,
        ClientMessage::PlaceOrder(_) | ClientMessage::CancelOrder(_) | ClientMessage::GlobalCancel(_)
            if !upstream_lost =>
        {
            Voice::Unasked
        }
        _ => Voice::Answer,
    }
}

fn reject_text(code: i32, reason: &str) -> String {
    match code {
        110 => "The price does not conform to the minimum price variation for this contract.".to_owned(),
        203 => "The security is not available or allowed for this account.".to_owned(),
        201 => format!("Order rejected - reason:{reason}"),
        _ => reason.to_owned(),
    }
}

fn modify_text(code: i32) -> &'static str {
    match code {
        103 => "Duplicate order id",
        104 => "Cannot modify a filled order.",
        105 => "Order being modified does not match original order.",
        110 => "The price does not conform to the minimum price variation for this contract.",
        2102 => "Unable to modify this order as it is still being processed.",
        _ => "Order modify failed.",
    }
}

fn cancel_text(code: i32, key: OrderKey) -> String {
    let order = key.order;
    match code {
        161 => format!("Cancel attempted when order is not in a cancellable state. Order permId = {order}"),
        10147 => format!("OrderId {order} that needs to be cancelled is not found."),
        10148 => format!("OrderId {order} that needs to be cancelled can not be cancelled, state: Cancelled."),
        _ => "The cancel was refused.".to_owned(),
    }
}

const fn remark_text(code: i32) -> &'static str {
    match code {
        399 => "Order Message: Warning: your order will not be placed at the exchange until the next open",
        404 => "Order held while securities are located.",
        434 => "Order size does not conform to market rule.",
        481 => "Order size was reduced.",
        2109 => "Order Event Warning: Attribute 'Outside Regular Trading Hours' is ignored.",
        10349 => "Order TIF was set to DAY based on order preset.",
        _ => "Told by the simulator.",
    }
}
