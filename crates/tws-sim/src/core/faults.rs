//! Faults begin, end, and happen when their time comes.

use rust_decimal::Decimal;
use tws_proto::ids::{ClientId, OrderId, RequestId};
use tws_proto::kinds::{Action, OrderType, Status};
use tws_proto::message::PlaceOrder;
use tws_proto::{Contract, Order};

use super::trouble::Later;
use super::{CloseReason, Core};
use crate::books::Fill;
use crate::faults::{Active, Clear, Fault, Lasting, Place, Switch, time_of_day};
use crate::market::Level;
use crate::order_rules::AccountKind;
use crate::orders::OrderKey;
use crate::session::SessionId;
use crate::time::SimTime;

/// Text of notice 202 when the exchange ends an order.
const BY_EXCHANGE: &str = "Order Canceled - reason:Cancelled by the exchange";
/// Client id of a foreign client that was not given one.
const FOREIGN_CLIENT: i32 = 999;
const DAY_MS: i64 = 86_400_000;

impl Core {
    /// The faults that stand in the core and its outbox.
    pub fn faults(&self) -> impl Iterator<Item = &Active> {
        self.trouble.faults.iter().chain(self.outbox.faults.iter())
    }

    /// Whether nobody is let in, because TWS restarts.
    #[must_use]
    pub fn is_down(&self, now: SimTime) -> bool {
        now < self.trouble.down_until
    }

    /// A fault strikes now, or stands from now on. What acts on bytes is the shell's concern.
    pub(super) fn inject(&mut self, fault: Fault) {
        let now = self.now;
        let entry = fault.switch.entry();
        match (entry.place, entry.lasting) {
            (Place::Link, _) if fault.switch == Switch::OutputLoss => {
                self.outbox.lose_half(fault.client.map(ClientId));
            }
            (Place::Link, _) => tracing::debug!(switch = %fault.switch, "the core knows no bytes"),
            (Place::Outbox, _) => self.outbox.faults.add(fault, now),
            (Place::Core, Lasting::Once) => self.strike_once(&fault),
            (Place::Core, Lasting::Standing) => {
                self.begin(&fault);
                self.trouble.faults.add(fault, now);
            }
        }
    }

    /// Faults are over.
    pub(super) fn clear_faults(&mut self, clear: Clear) {
        self.outbox.faults.clear(clear);
        for Active { fault, .. } in self.trouble.faults.clear(clear) {
            self.end_fault(&fault);
        }
    }

    /// When faults want to be looked after.
    pub(super) fn next_trouble(&self) -> Option<SimTime> {
        [self.trouble.next_time(), self.outbox.faults.next_time()].into_iter().flatten().min()
    }

    /// Ends the faults whose time is over, and lets happen what was put off until now.
    pub(super) fn look_after_faults(&mut self) {
        let now = self.now;
        self.outbox.faults.end(now);
        for Active { fault, .. } in self.trouble.faults.end(now) {
            self.end_fault(&fault);
        }
        while let Some(later) = self.trouble.take_due(now) {
            match later {
                Later::Cancel(key) => self.cancel_now(key),
                Later::Fill { key, quantity } => self.fill_at_market(key, quantity),
                Later::Fault(fault) => self.recur(*fault),
                Later::Message(session, message) => {
                    if let Some(conduct) = self.trouble.conduct.get_mut(&session) {
                        conduct.delayed -= 1;
                    }
                    self.take_waiting(session, *message);
                }
                // While IB is lost once more they wait for the next restore.
                Later::SubmitKept if self.is_upstream_lost() => {}
                Later::SubmitKept => self.submit_kept(),
            }
        }
    }

    fn strike_once(&mut self, fault: &Fault) {
        match fault.switch {
            Switch::PortChange => {
                let port = fault.number_or(7498);
                let text = format!("TWS has been moved to port {port}. The connection is closed.");
                for session in self.sessions_of(fault.client) {
                    self.outbox.notice(session, -1, 1300, text.clone());
                    self.end_session(session, CloseReason::PortChanged);
                }
            }
            Switch::Restart => self.restart_by_fault(fault),
            Switch::UpstreamLost => self.lose_upstream(1100),
            Switch::UpstreamBroken => self.lose_upstream(2110),
            Switch::UpstreamRestored => self.restore_upstream(1102),
            Switch::UpstreamRestoredLost => self.restore_upstream(1101),
            Switch::FarmDown => self.farm(fault.code.unwrap_or(2103)),
            Switch::FarmOk => self.farm(fault.code.unwrap_or(2104)),
            Switch::FarmIdle => self.farm(fault.code.unwrap_or(2108)),
            Switch::FarmConnecting => self.farm(2119),
            Switch::FarmFlaps => self.flap(fault),
            Switch::OrderUnresolved => {
                for key in self.live_orders(fault) {
                    let text = "Connection lost, order data could not be resolved".to_owned();
                    self.notice_to_owner(key, 10328, text);
                }
            }
            Switch::IdsReset => self.roll_back_ids(fault.client, i32::MAX),
            Switch::IdRollback => {
                self.roll_back_ids(fault.client, i32::try_from(fault.number_or(4)).unwrap_or(i32::MAX));
            }
            Switch::ManualOrder => self.order_by_hand(fault),
            Switch::ForeignOrder => self.order_of_a_stranger(fault),
            Switch::Notice => {
                let (code, text) = (fault.code.unwrap_or(2100), fault.text_or("Told by the simulator"));
                for session in self.sessions_of(fault.client) {
                    self.outbox.notice(session, fault.order.unwrap_or(-1), code, text);
                }
            }
            Switch::CancelBySystem => {
                for key in self.live_orders(fault) {
                    self.end_order(key, "Cancelled by the exchange", BY_EXCHANGE);
                }
            }
            Switch::Correction => self.correct(fault),
            Switch::Bust => self.correct(&Fault { quantity: Some(Decimal::ZERO), price: None, ..fault.clone() }),
            other => debug_assert_ne!(other.entry().lasting, Lasting::Once, "{other} strikes nobody"),
        }
    }

    /// What a standing fault does when it begins.
    fn begin(&mut self, fault: &Fault) {
        let now = self.now;
        match fault.switch {
            Switch::DailyRestart => {
                let minutes = fault.text.as_deref().and_then(time_of_day).unwrap_or(23 * 60 + 45);
                let today = now.day_end().plus_ms(-DAY_MS + minutes * 60_000);
                let next = if today > now { today } else { today.plus_ms(DAY_MS) };
                self.trouble.put_off(next, Later::Fault(Box::new(fault.clone())));
            }
            Switch::DropEvery => {
                self.trouble.put_off(now.plus_ms(fault.ms_or(2000)), Later::Fault(Box::new(fault.clone())));
            }
            Switch::CompetingSession => {
                self.outbox.flow.competing = true;
                let text = "No market data during competing live session";
                for (session, request) in self.data_requests() {
                    self.outbox.notice(session, request, 10197, text);
                }
            }
            Switch::PaperAccount => self.rules.account = AccountKind::Paper,
            Switch::StaleOpenOrders => {
                let live = self.desk.live().map(|record| (record.open_order(), record.order_status()));
                self.trouble.stale = Some(live.collect());
            }
            _ => {}
        }
    }

    /// What a standing fault does when it is over.
    fn end_fault(&mut self, fault: &Fault) {
        match fault.switch {
            Switch::CompetingSession => self.outbox.flow.competing = false,
            Switch::PaperAccount => self.rules.account = AccountKind::Plain,
            Switch::StaleOpenOrders => self.trouble.stale = None,
            Switch::CancelLate => {
                for key in std::mem::take(&mut self.trouble.pending_cancels) {
                    self.cancel_now(key);
                }
            }
            Switch::HeldLocate | Switch::Inactive => {
                for key in std::mem::take(&mut self.trouble.suspended) {
                    self.let_go(key);
                }
            }
            _ => {}
        }
    }

    /// A fault that comes again and again, as long as it stands.
    fn recur(&mut self, fault: Fault) {
        let client = fault.client.map(ClientId);
        match fault.switch {
            Switch::DailyRestart | Switch::DropEvery => {
                if self.trouble.faults.strike(fault.switch, client, self.now).is_none()
                    && self.trouble.faults.standing(fault.switch, client).is_none()
                {
                    return; // cleared in the meantime
                }
                let again = if fault.switch == Switch::DropEvery { fault.ms_or(2000) } else { DAY_MS };
                let next = self.now.plus_ms(again);
                if fault.switch == Switch::DropEvery {
                    for session in self.sessions_of(fault.client) {
                        self.end_session(session, CloseReason::Cut);
                    }
                } else {
                    self.restart_by_fault(&Fault { text: None, ms: fault.ms.or(Some(60_000)), ..fault.clone() });
                }
                self.trouble.put_off(next, Later::Fault(Box::new(fault)));
            }
            _ => self.strike_once(&fault),
        }
    }

    fn flap(&mut self, fault: &Fault) {
        let apart = fault.ms_or(50_000).max(2);
        for flap in 0..fault.number_or(6) {
            for (half, switch) in [(0, Switch::FarmDown), (1, Switch::FarmOk)] {
                let time = self.now.plus_ms(apart.saturating_mul(flap).saturating_add(apart / 2 * half));
                self.trouble.put_off(time, Later::Fault(Box::new(Fault::new(switch))));
            }
        }
        self.look_after_faults();
    }

    fn order_of_a_stranger(&mut self, fault: &Fault) {
        let client = ClientId(i32::try_from(fault.number_or(FOREIGN_CLIENT.into())).unwrap_or(FOREIGN_CLIENT));
        let order = fault.order.map_or_else(|| self.desk.next_valid(client), OrderId);
        if let Some((contract, body)) = self.order_of(fault) {
            let request = PlaceOrder { order_id: order, contract, order: body, attached: None };
            // The stranger may be connected here or not.
            let session = self.session_of(client).unwrap_or(SessionId(0));
            self.place_order(session, client, &request);
        }
    }

    /// A person places an order in TWS.
    fn order_by_hand(&mut self, fault: &Fault) {
        if let Some((contract, order)) = self.order_of(fault)
            && let Err(refusal) = self.place_by_hand(contract, order)
        {
            tracing::warn!(%refusal, "the order made by hand was refused");
        }
    }

    /// The order that a fault describes.
    pub(super) fn order_of(&self, fault: &Fault) -> Option<(Contract, Order)> {
        let contract = self.catalogue.by_name(fault.instrument.as_deref()?)?.contract();
        let quantity = fault.quantity?;
        let action = if quantity.is_sign_negative() { Action::Sell } else { Action::Buy };
        let mut order = match fault.price {
            Some(price) => Order::limit(action, quantity.abs(), price),
            None => Order::new(action, quantity.abs(), OrderType::Market),
        };
        order.account = self.accounts.first()?.name.clone();
        Some((contract, order))
    }

    /// A new revision of an execution: the books and the owner hear of it.
    fn correct(&mut self, fault: &Fault) {
        let concerns = |fill: &Fill| fault.concerns_order(fill.client, fill.order);
        let Some(fill) = self.books.fills().iter().rev().find(|fill| concerns(fill)) else { return };
        let quantity = fault.quantity.unwrap_or(fill.quantity).abs();
        let price = fault.price.unwrap_or(fill.price);
        let before = fill.clone();
        let Some(instrument) = self.catalogue.by_id(before.contract) else { return };
        let corrected = self.books.correct(&before.execution_id, quantity, price, instrument).cloned();
        let Some(corrected) = corrected else { return };
        let key = OrderKey { client: corrected.client, order: corrected.order };
        if let Some(record) = self.desk.get_mut(key) {
            record.filled += quantity - before.quantity;
            record.value += quantity * price - before.quantity * before.price;
        }
        for session in self.hearers_of_fills(key) {
            self.send_execution(session, RequestId(-1), &corrected);
            self.send_commission(session, &corrected);
        }
        self.tell_position(&corrected.account, corrected.contract);
    }

    /// Fills a quantity of an order at the price the market shows, whatever the order's state.
    pub(super) fn fill_at_market(&mut self, key: OrderKey, quantity: Decimal) {
        let Some(record) = self.desk.get(key) else { return };
        let mark = self.markets.get(&record.contract_id).and_then(crate::market::Market::mark);
        let Some(price) = record.limit().or(mark) else { return };
        let size = quantity.min(record.remaining());
        if size > Decimal::ZERO {
            self.fill_at(key, Level { price, size });
        }
    }

    /// The sessions of a client, or all that have started the API.
    pub(super) fn sessions_of(&self, client: Option<i32>) -> Vec<SessionId> {
        let concerned = self.sessions.iter().filter(|(_, session)| {
            session.client.is_some_and(|own| client.is_none_or(|client| own == ClientId(client)))
        });
        concerned.map(|(session, _)| *session).collect()
    }

    /// Closes a connection behind what was sent before.
    pub(super) fn end_session(&mut self, session: SessionId, reason: CloseReason) {
        self.note_lost_id(session);
        self.outbox.close(session, reason);
        self.sessions.remove(&session);
        self.close_data(session);
        self.trouble.forget(session);
    }

    /// The client id of a lost connection can stay in use for a while.
    pub(super) fn note_lost_id(&mut self, session: SessionId) {
        let Some(client) = self.sessions.get(&session).and_then(|session| session.client) else { return };
        if let Some(fault) = self.trouble.faults.strike(Switch::IdHeld, Some(client), self.now) {
            self.trouble.held_ids.insert(client, self.now.plus_ms(fault.ms_or(5000)));
        }
    }

    /// Every request that market data comes for.
    fn data_requests(&self) -> Vec<(SessionId, i32)> {
        let clients = self.data.clients.iter();
        clients.flat_map(|(session, client)| client.level1.keys().map(|request| (*session, request.0))).collect()
    }

    /// Whoever hears of a commission: those who hear of the fill, and by a fault others.
    pub(super) fn hearers_of_commissions(&self, mut hearers: Vec<SessionId>) -> Vec<SessionId> {
        if !self.trouble.faults.is_empty() {
            let hears =
                |client: ClientId| self.trouble.faults.standing(Switch::ForeignCommissions, Some(client)).is_some();
            let others = self.sessions.iter().filter(|(_, session)| session.client.is_some_and(hears));
            hearers.extend(others.map(|(session, _)| *session));
            hearers.sort_unstable();
            hearers.dedup();
        }
        hearers
    }

    /// Whether a fill leaves the rest of its group alone.
    pub(super) fn spares_nobody(&mut self, key: OrderKey) -> bool {
        if !self.desk.get(key).is_some_and(|record| !record.order.oca_group.is_empty() || record.parent().is_some()) {
            return false;
        }
        self.trouble.faults.strike(Switch::OcaOverfill, Some(key.client), self.now).is_some()
    }

    fn live_orders(&self, fault: &Fault) -> Vec<OrderKey> {
        let live = self.desk.live().map(|record| record.key);
        live.filter(|key| fault.concerns_order(key.client, key.order)).collect()
    }

    /// Tells a status that the books do not know.
    pub(super) fn tell_status_as(&mut self, key: OrderKey, status: Status) {
        if let (Some(record), Some(session)) = (self.desk.get(key), self.session_of(key.client)) {
            let known = record.order_status();
            let untold = self.outbox.held_fills(key);
            let (filled, remaining) =
                (known.filled.map(|filled| filled - untold), known.remaining.map(|left| left + untold));
            let told = tws_proto::message::OrderStatus { status, filled, remaining, ..known };
            self.outbox.send(session, Box::new(told));
        }
    }
}
