//! The way from TWS to IB, and the data farms: lost, kept, restored.

use tws_proto::ClientMessage;
use tws_proto::ids::{ClientId, OrderId};
use tws_proto::kinds::Status;
use tws_proto::message::{OrderStatus, PlaceOrder};

use super::trouble::Later;
use super::{CloseReason, Core};
use crate::faults::{Fault, Switch};
use crate::orders::OrderKey;
use crate::session::SessionId;

const LOST: &str = "Connectivity between IBKR and Trader Workstation has been lost.";
const RESTORED_LOST: &str =
    "Connectivity between IBKR and Trader Workstation has been restored - data lost. Subscribe again.";
const RESTORED: &str = "Connectivity between IBKR and Trader Workstation has been restored - data maintained. The following farms are connected: usfarm; ushmds; secdefil.";
const BROKEN: &str = "Connectivity between Trader Workstation and server is broken. It will be restored automatically.";

impl Core {
    /// Whether TWS has lost IB.
    #[must_use]
    pub const fn is_upstream_lost(&self) -> bool {
        self.outbox.flow.upstream_lost
    }

    pub(super) fn lose_upstream(&mut self, code: i32) {
        if self.outbox.flow.upstream_lost {
            return;
        }
        self.tell_all(code, if code == 2110 { BROKEN } else { LOST });
        self.outbox.flow.upstream_lost = true;
    }

    /// 1101 or 1102: what was kept goes out, what waited is told.
    pub(super) fn restore_upstream(&mut self, code: i32) {
        self.outbox.flow.upstream_lost = false;
        if code == 1101 {
            let sessions: Vec<SessionId> = self.sessions.keys().copied().collect();
            for session in sessions {
                self.end_data(session);
            }
        }
        self.tell_all(code, if code == 1101 { RESTORED_LOST } else { RESTORED });
        self.outbox.release();
        self.decide_on_kept();
    }

    /// Whatever a person set for kept orders happens to them now or a little later.
    fn decide_on_kept(&mut self) {
        match self.trouble.faults.strike(Switch::KeptOrders, None, self.now) {
            Some(fault) if fault.text_or("submit") == "delete" => self.trouble.kept.clear(),
            Some(fault) if fault.ms_or(0) > 0 => {
                self.trouble.put_off(self.now.plus_ms(fault.ms_or(0)), Later::SubmitKept);
            }
            Some(_) | None => self.submit_kept(),
        }
    }

    pub(super) fn submit_kept(&mut self) {
        for (client, message) in std::mem::take(&mut self.trouble.kept) {
            // Its client may be gone: the order goes out all the same.
            let session = self.session_of(client).unwrap_or(SessionId(0));
            match message {
                ClientMessage::PlaceOrder(request) => self.place_order(session, client, &request),
                ClientMessage::CancelOrder(cancel) => self.cancel_order(session, client, cancel.order_id),
                ClientMessage::GlobalCancel(_) => self.global_cancel(),
                _ => {} // nothing else is kept
            }
        }
    }

    /// Keeps an order while TWS has lost IB: it is sent, and nobody confirmed it.
    pub(super) fn keep_order(&mut self, session: SessionId, client: ClientId, request: Box<PlaceOrder>) {
        let quantity = request.order.total_quantity;
        let status = OrderStatus {
            order_id: request.order_id,
            status: Status::PendingSubmit,
            filled: Some(0.into()),
            remaining: quantity,
            permanent_id: Some(Default::default()),
            client_id: Some(client),
            ..OrderStatus::default()
        };
        self.outbox.send(session, Box::new(status));
        self.trouble.keep(client, ClientMessage::PlaceOrder(request));
    }

    /// Cancels an order that never left TWS; false where none of this name was kept.
    pub(super) fn take_back_kept(&mut self, session: SessionId, key: OrderKey) -> bool {
        let is_it = |(client, message): &(ClientId, ClientMessage)| match message {
            ClientMessage::PlaceOrder(request) => *client == key.client && request.order_id == key.order,
            _ => false,
        };
        if self.desk.get(key).is_some() {
            return false; // what is kept is a change of it
        }
        let before = self.trouble.kept.len();
        self.trouble.kept.retain(|kept| !is_it(kept));
        if self.trouble.kept.len() == before {
            return false;
        }
        let status = OrderStatus {
            order_id: key.order,
            status: Status::ApiCancelled,
            filled: Some(0.into()),
            remaining: Some(0.into()),
            permanent_id: Some(Default::default()),
            client_id: Some(key.client),
            ..OrderStatus::default()
        };
        self.outbox.send(session, Box::new(status));
        self.outbox.notice(session, key.order.0, 202, "Order Canceled - reason:");
        true
    }

    /// A data farm goes or comes.
    pub(super) fn farm(&mut self, code: i32) {
        let text = match code {
            2103 => "Market data farm connection is broken:usfarm",
            2104 => "Market data farm connection is OK:usfarm",
            2105 => "HMDS data farm connection is broken:ushmds",
            2106 => "HMDS data farm connection is OK:ushmds",
            2107 => "HMDS data farm connection is inactive but should be available upon demand.ushmds",
            2108 => "Market data farm connection is inactive but should be available upon demand.usfarm",
            2119 => "Market data farm is connecting:usfarm",
            2157 => "Sec-def data farm connection is broken:secdefil",
            _ => "Sec-def data farm connection is OK:secdefil",
        };
        match code {
            2103 => self.outbox.flow.farm_down = true,
            2104 => self.outbox.flow.farm_down = false,
            _ => {}
        }
        self.tell_all(code, text);
    }

    /// TWS restarts: clients go, untransmitted orders are gone, what was kept stays or not, the books stay.
    pub(super) fn restart_by_fault(&mut self, fault: &Fault) {
        for session in self.sessions.keys().copied().collect::<Vec<_>>() {
            self.end_session(session, CloseReason::Restart);
        }
        self.desk.forget_held();
        self.trouble.forget_run();
        self.trouble.down_until = self.now.plus_ms(fault.ms_or(0));
        self.outbox.flow = Default::default();
        if fault.text_or("keep") == "delete" {
            self.trouble.kept.clear();
        } else {
            self.decide_on_kept();
        }
    }

    /// So many of the latest ids are free again. Orders that have them go on under names that nobody can use, and are
    /// still told by their old ids.
    pub(super) fn roll_back_ids(&mut self, client: Option<i32>, by: i32) {
        let concerned: Vec<ClientId> =
            self.desk.clients().filter(|own| client.is_none_or(|client| *own == ClientId(client))).collect();
        for client in concerned {
            let first = OrderId(self.desk.next_valid(client).0.saturating_sub(by).max(1));
            for key in self.desk.ids_from(client, first) {
                let hidden = self.trouble.hidden_key(client);
                self.desk.rename_hidden(key, hidden);
                self.outbox.note_alias(hidden, key.order);
            }
            self.desk.set_next_valid(client, first);
        }
    }

    fn tell_all(&mut self, code: i32, text: &str) {
        for session in self.sessions_of(None) {
            self.outbox.notice(session, -1, code, text);
        }
    }
}
