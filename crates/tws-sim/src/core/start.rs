//! The session itself: START_API, ids, accounts, clocks, contracts.

use tws_proto::message::{CurrentTime, CurrentTimeMillis, ManagedAccounts, NextValidId, StartApi};

use super::{CloseReason, Core};
use crate::orders::OrderKey;
use crate::session::SessionId;
use crate::settings::OpenOrdersAtStart;

/// What TWS says of its data farms to every client that starts.
const FARMS: [(i32, &str); 3] = [
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefil"),
];

/// What a client hears unasked.
#[derive(Clone, Copy, Debug)]
enum Greeting {
    Accounts,
    NextValidId,
    OpenOrders,
}

impl Core {
    pub(super) fn start_api(&mut self, session: SessionId, start: &StartApi) {
        let taken = start.client_id == OrderKey::HAND || self.clients().any(|client| client == start.client_id);
        let Some(this) = self.sessions.get_mut(&session) else { return };
        if this.client.is_some() {
            return; // started before: TWS takes no notice
        }
        if taken {
            let text = "Unable to connect as the client id is already in use. Retry with a unique client id.";
            self.outbox.notice(session, -1, 326, text);
            self.outbox.close(session, CloseReason::ClientIdInUse);
            self.sessions.remove(&session);
            self.close_data(session);
            return;
        }
        this.client = Some(start.client_id);
        self.outbox.note_client(session, start.client_id);
        let mut greetings = [Greeting::Accounts, Greeting::NextValidId, Greeting::OpenOrders];
        let greetings = match self.settings.open_orders_at_start {
            OpenOrdersAtStart::Last => &greetings[..],
            OpenOrdersAtStart::Never => &greetings[..2],
            OpenOrdersAtStart::AnyOrder => {
                self.hand.shuffle(&mut greetings);
                &greetings[..]
            }
        };
        for greeting in greetings {
            match greeting {
                Greeting::Accounts => self.send_managed_accounts(session),
                Greeting::NextValidId if !self.is_announced(start.client_id) => {}
                Greeting::NextValidId => self.send_next_valid_id(session),
                Greeting::OpenOrders => self.replay_open_orders(session, start.client_id),
            }
        }
        for (code, text) in FARMS {
            self.outbox.notice(session, -1, code, text);
        }
    }

    pub(super) fn send_next_valid_id(&mut self, session: SessionId) {
        if let Some(client) = self.sessions.get(&session).and_then(|session| session.client) {
            // TWS counts what it keeps for IB, too.
            let next = self.desk.next_valid(client).max(self.trouble.next_behind_kept(client));
            self.outbox.send(session, NextValidId { order_id: next });
        }
    }

    pub(super) fn send_managed_accounts(&mut self, session: SessionId) {
        let advisor = self.advisor.iter().map(|advisor| advisor.account());
        let names: Vec<&str> = advisor.chain(self.accounts.iter().map(|account| account.name.as_str())).collect();
        let mut accounts = names.join(",");
        if names.len() > 1 {
            accounts.push(','); // as TWS does
        }
        self.outbox.send(session, ManagedAccounts { accounts });
    }

    pub(super) fn send_time(&mut self, session: SessionId) {
        self.outbox.send(session, CurrentTime { time_s: self.now.seconds() });
    }

    pub(super) fn send_time_ms(&mut self, session: SessionId) {
        self.outbox.send(session, CurrentTimeMillis { time_ms: self.now.0 });
    }
}
