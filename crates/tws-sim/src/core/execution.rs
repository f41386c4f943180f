//! Orders trade: triggers, fills, and what a fill does to other orders.

use rust_decimal::Decimal;
use tws_proto::Order;
use tws_proto::ids::{ContractId, OrderId, RequestId};
use tws_proto::kinds::{ExecutionSide, Liquidity, OcaType, TimeInForce};
use tws_proto::message::{CommissionReport, Execution, ExecutionData};

use super::Core;
use crate::books::Fill;
use crate::market::{Level, MarketEvent, Taker};
use crate::matching::{self, Touch};
use crate::orders::{OrderKey, Stage};
use crate::session::SessionId;
use crate::settings::ManualExecutionId;

impl Core {
    /// Lets every order of a market trade that can after `news`, first come, first served.
    pub(super) fn match_market(&mut self, contract: ContractId, news: &MarketEvent) {
        for key in self.desk.live_in(contract) {
            self.try_order(key, Some(news));
        }
    }

    /// Lets an order trade as far as it can now. `news` is what just happened in its market, `None` for a new order.
    pub(super) fn try_order(&mut self, key: OrderKey, news: Option<&MarketEvent>) {
        self.try_trigger(key, news);
        let Some(record) = self.desk.get(key).filter(|record| record.stage == Stage::Working) else { return };
        let increment =
            self.catalogue.by_id(record.contract_id).map_or(Decimal::ONE, |instrument| instrument.size_increment);
        let market = self.markets.get(&record.contract_id);
        if let Some(level) = market.and_then(|market| matching::fillable(record, market, increment)) {
            self.fill(key, level);
        }
        let left = self.desk.get(key).filter(|record| record.stage == Stage::Working);
        if left.is_some_and(|record| record.order.time_in_force == Some(TimeInForce::ImmediateOrCancel)) {
            self.end_order(key, "Cancelled by System: IOC", "Order Canceled - reason:");
        }
    }

    fn try_trigger(&mut self, key: OrderKey, news: Option<&MarketEvent>) {
        let Some(record) = self.desk.get_mut(key).filter(|record| record.stage == Stage::Untriggered) else { return };
        let Some(market) = self.markets.get(&record.contract_id) else { return };
        match matching::touches(record, market, news) {
            Touch::NotAsked => return,
            Touch::No => {
                record.touches = 0;
                return;
            }
            Touch::Yes => record.touches = record.touches.saturating_add(1),
        }
        if record.touches >= matching::touches_needed(record) {
            self.desk.set_stage(key, Stage::Working);
            self.tell_status(key);
        }
    }

    /// One fill: market, order, books, messages, then what hangs on it.
    fn fill(&mut self, key: OrderKey, level: Level) {
        let Level { price, size: quantity } = level;
        let now = self.now;
        let Some(record) = self.desk.get_mut(key) else { return };
        let Some(instrument) = self.catalogue.by_id(record.contract_id) else { return };
        let taker = record.taker();
        if let Some(market) = self.markets.get_mut(&record.contract_id) {
            market.take(taker, quantity);
        }
        record.filled += quantity;
        record.value += price * quantity;
        record.last_price = Some(price);
        // The order is charged as a whole; a fill pays what that grew by.
        let due = self
            .commissions
            .rate_in(instrument.class(), &instrument.currency)
            .total(record.filled, record.value * instrument.factor());
        let commission = due - record.commission;
        record.commission = due;
        let is_whole = record.remaining().is_zero();
        if is_whole {
            record.completed = Some((now, format!("Filled Size: {}", record.filled.normalize())));
        }
        self.executions += 1;
        let fill = Fill {
            execution_id: format!("{:08x}.{:08x}.01.01", self.execution_prefix, self.executions),
            time: now,
            account: record.order.account.clone(),
            contract: record.contract_id,
            exchange: record.contract.exchange.clone(),
            side: match taker {
                Taker::Buyer => ExecutionSide::Bought,
                Taker::Seller => ExecutionSide::Sold,
            },
            quantity,
            price,
            client: key.told().0,
            order: key.told().1,
            permanent_id: record.permanent_id,
            order_reference: record.order.order_reference.clone(),
            cumulative: record.filled,
            average_price: record.average_price(),
            commission,
            currency: instrument.currency.clone(),
            realized: None,
        };
        let booked = self.books.book(fill, instrument).cloned();
        if is_whole {
            self.desk.set_stage(key, Stage::Filled);
        }
        if let Some(fill) = booked {
            self.tell_fill(key, &fill);
        }
        self.spare_the_others(key, quantity);
        if is_whole {
            for child in self.desk.children(key) {
                if self.desk.get(child).is_some_and(|record| record.stage == Stage::Waiting) {
                    self.activate_child(child);
                }
            }
        }
    }

    /// What a fill does to the other orders of its group, and to the other children of its parent.
    fn spare_the_others(&mut self, key: OrderKey, quantity: Decimal) {
        let Some(record) = self.desk.get(key) else { return };
        let Order { oca_group: group, oca_type, account, .. } = &record.order;
        let parent = record.parent();
        let others: Vec<OrderKey> = self
            .desk
            .live()
            .filter(|other| !group.is_empty() && other.key != key)
            .filter(|other| other.order.oca_group == *group && other.order.account == *account)
            .map(|other| other.key)
            .collect();
        // Nothing is ever at two exchanges at once here, so with and without block are the same.
        let reduces = matches!(oca_type, Some(OcaType::ReduceWithBlock | OcaType::ReduceWithoutBlock));
        for other in others {
            let Some(record) = self.desk.get(other) else { continue };
            let left = if reduces { record.remaining() - quantity } else { Decimal::ZERO };
            self.reduce(other, left);
        }
        if let Some(parent) = parent {
            self.spare_siblings(parent);
        }
    }

    /// Children that close their parent's position close it once: none may be larger than what is still open.
    fn spare_siblings(&mut self, parent: OrderKey) {
        let Some(opened) = self.desk.get(parent).map(|record| (record.taker(), record.filled)) else { return };
        let children = self.desk.children(parent);
        let closing =
            || children.iter().filter_map(|child| self.desk.get(*child)).filter(|child| child.taker() != opened.0);
        let open = opened.1 - closing().map(|child| child.filled).sum::<Decimal>();
        let live: Vec<OrderKey> = closing()
            .filter(|child| child.stage.is_live() && child.remaining() > open)
            .map(|child| child.key)
            .collect();
        for child in live {
            self.reduce(child, open);
        }
    }

    /// Leaves so much of a live order to be filled; nothing means that it is cancelled.
    fn reduce(&mut self, key: OrderKey, left: Decimal) {
        let Some(record) = self.desk.get_mut(key).filter(|record| record.stage.is_live()) else { return };
        if left <= Decimal::ZERO {
            return self.end_order(key, "Cancelled by OCA group", "Order Canceled - reason:");
        }
        record.total = record.filled + left;
        record.order.total_quantity = Some(record.total);
        self.tell_order(key);
    }

    pub(super) fn send_execution(&mut self, session: SessionId, request_id: RequestId, fill: &Fill) {
        let Some(instrument) = self.catalogue.by_id(fill.contract) else { return };
        let order_id = match self.settings.manual_execution_id {
            ManualExecutionId::Maximum if fill.is_manual() => OrderId(i32::MAX),
            ManualExecutionId::Maximum | ManualExecutionId::Zero => fill.order,
        };
        let execution = Execution {
            order_id: Some(order_id),
            execution_id: fill.execution_id.clone(),
            time: fill.time.stamp().into(),
            account: fill.account.clone(),
            exchange: fill.exchange.clone(),
            side: fill.side.clone(),
            quantity: Some(fill.quantity),
            price: Some(fill.price),
            permanent_id: Some(fill.permanent_id),
            client_id: Some(fill.client),
            cumulative_quantity: Some(fill.cumulative),
            average_price: Some(fill.average_price),
            order_reference: fill.order_reference.clone(),
            last_liquidity: Some(Liquidity::Removed),
            ..Execution::default()
        };
        let contract = instrument.contract();
        self.outbox.send(session, Box::new(ExecutionData { request_id: Some(request_id), contract, execution }));
    }

    pub(super) fn send_commission(&mut self, session: SessionId, fill: &Fill) {
        let report = CommissionReport {
            execution_id: fill.execution_id.clone(),
            commission: Some(fill.commission),
            currency: fill.currency.clone(),
            realized_pnl: fill.realized,
            ..CommissionReport::default()
        };
        self.outbox.send(session, Box::new(report));
    }
}
