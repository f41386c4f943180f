//! What clients are told of orders and executions, unasked and asked.

use tws_proto::ids::{ClientId, RequestId};
use tws_proto::kinds::{ExecutionSide, SecurityType};
use tws_proto::message::{
    CompletedOrdersEnd, ExecutionFilter, ExecutionsEnd, OpenOrdersEnd, RequestCompletedOrders, RequestExecutions,
};

use super::Core;
use crate::books::Fill;
use crate::order_time::{DayMeans, moment};
use crate::orders::{OrderKey, OrderRecord};
use crate::session::SessionId;

/// How long executions and orders that ended are remembered.
const MEMORY_MS: i64 = 7 * 86_400_000;

impl Core {
    /// OPEN_ORDER and ORDER_STATUS to whoever hears of the order.
    pub(super) fn tell_order(&mut self, key: OrderKey) {
        for session in self.hearers(key) {
            let Some(record) = self.desk.get(key) else { return };
            self.outbox.send(session, Box::new(record.open_order()));
            self.outbox.send(session, Box::new(record.order_status()));
        }
    }

    /// ORDER_STATUS to whoever hears of the order.
    pub(super) fn tell_status(&mut self, key: OrderKey) {
        let Some(status) = self.desk.get(key).map(OrderRecord::order_status) else { return };
        for session in self.hearers(key) {
            self.outbox.send(session, Box::new(status.clone()));
        }
    }

    /// A fill to whoever hears of it: the execution, the status, the commission, the position.
    pub(super) fn tell_fill(&mut self, key: OrderKey, fill: &Fill) {
        let hearers = self.hearers_of_fills(key);
        for session in &hearers {
            self.send_execution(*session, RequestId(-1), fill);
        }
        self.tell_status(key);
        if self.is_of_group(fill) {
            return self.allocate(key, fill);
        }
        for session in self.hearers_of_commissions(hearers) {
            self.send_commission(session, fill);
        }
        self.tell_position(&fill.account, fill.contract);
        self.open_rates_for(fill);
    }

    /// A notice about an order to whoever owns it, not to whoever caused it.
    pub(super) fn notice_to_owner(&mut self, key: OrderKey, code: i32, text: String) {
        if let Some(session) = self.session_of(key.client) {
            self.outbox.notice(session, key.order.0, code, text);
        }
    }

    /// The broker remembers orders that ended, and executions, for seven days.
    pub(super) fn forget_old(&mut self) {
        let oldest = self.now.plus_ms(-MEMORY_MS);
        self.desk.forget_ended_before(oldest);
        self.books.forget_fills_before(oldest);
        let known = self.desk.iter().map(|record| record.permanent_id).collect();
        self.hand.keep(&known);
        let Self { advisor, desk, .. } = self;
        if let Some(advisor) = advisor {
            advisor.keep(|key| desk.get(key).is_some_and(|record| record.completed.is_none()));
        }
    }

    /// What a client gets unasked when it starts.
    pub(super) fn replay_open_orders(&mut self, session: SessionId, client: ClientId) {
        if self.is_replayed(client) {
            self.send_live(session, |record| record.key.client == client);
        }
    }

    /// Own orders. Client 0 thereby binds the orders made by hand.
    pub(super) fn send_open_orders(&mut self, session: SessionId, client: ClientId) {
        if client == ClientId(0) && !self.is_read_only(client) {
            self.bind_orders(session);
        }
        self.send_live(session, |record| record.key.client == client);
        self.outbox.send(session, OpenOrdersEnd {});
    }

    pub(super) fn send_all_open_orders(&mut self, session: SessionId) {
        self.send_live(session, |_| true);
        self.outbox.send(session, OpenOrdersEnd {});
    }

    /// Orders that ended today; those of API clients alone where only they are wanted.
    pub(super) fn send_completed_orders(&mut self, session: SessionId, request: &RequestCompletedOrders) {
        let today = self.now.day();
        let ended_today =
            |record: &&OrderRecord| record.completed.as_ref().is_some_and(|(time, _)| time.day() == today);
        let wanted = |record: &&OrderRecord| !(request.api_only && self.hand.made(record.permanent_id));
        for record in self.desk.iter().filter(ended_today).filter(wanted) {
            self.outbox.send(session, Box::new(record.completed_order()));
        }
        self.outbox.send(session, CompletedOrdersEnd {});
    }

    pub(super) fn send_executions(&mut self, session: SessionId, request: &RequestExecutions) {
        let filter = request.filter.clone().unwrap_or_default();
        if !filter.time.is_empty() && moment(&filter.time, DayMeans::Start, self.now).is_none() {
            let text = format!("Error validating request.-'bL' : cause - Invalid time: {}", filter.time.as_str());
            return self.outbox.notice(session, request.request_id.0, 321, text);
        }
        let fills: Vec<Fill> = self.books.fills().iter().filter(|fill| self.passes(&filter, fill)).cloned().collect();
        for fill in fills {
            self.send_execution(session, request.request_id, &fill);
            // A combination costs what its legs cost, and an advisor's group what its accounts pay.
            if !self.is_of_combination(&fill) && !self.is_of_group(&fill) {
                self.send_commission(session, &fill);
            }
        }
        self.outbox.send(session, ExecutionsEnd { request_id: request.request_id });
    }

    fn send_live(&mut self, session: SessionId, wanted: impl Fn(&OrderRecord) -> bool) {
        for record in self.desk.live().filter(|record| wanted(record)) {
            self.outbox.send(session, Box::new(record.open_order()));
            self.outbox.send(session, Box::new(record.order_status()));
        }
    }

    /// Without days in the filter: since midnight, as TWS has it.
    fn passes(&self, filter: &ExecutionFilter, fill: &Fill) -> bool {
        let ExecutionFilter { client_id, account, time, symbol, security_type, exchange, side, last_days, dates } =
            filter;
        let Some(contract) = self.contract_of(fill) else { return false };
        let kind = contract.security_type.as_ref().map_or("", |kind| kind.as_str());
        let any_or = |wanted: &str, own: &str| wanted.is_empty() || wanted.eq_ignore_ascii_case(own);
        let day = fill.time.day();
        let in_days = match last_days.filter(|days| *days > 0) {
            _ if !dates.is_empty() => dates.contains(&day),
            Some(days) => self.now.plus_ms(-86_400_000 * i64::from(days - 1)).day() <= day,
            None => day == self.now.day(),
        };
        let since = moment(time, DayMeans::Start, self.now);
        let in_time = time.is_empty() || since.is_some_and(|since| since.seconds() <= fill.time.seconds());
        let own_side = match &fill.side {
            ExecutionSide::Bought => ["BOT", "BUY"],
            ExecutionSide::Sold | ExecutionSide::Other(_) => ["SLD", "SELL"],
        };
        in_days
            && in_time
            && client_id.is_none_or(|client| client == ClientId(0) || client == fill.client)
            && any_or(account, &fill.account)
            && any_or(symbol, &contract.symbol)
            && any_or(security_type.as_ref().map_or("", SecurityType::as_str), kind)
            && any_or(exchange, &fill.exchange)
            && side.as_ref().is_none_or(|side| own_side.iter().any(|word| side.as_str().eq_ignore_ascii_case(word)))
    }
}
