//! Orders trade: triggers, fills, and what a fill does to other orders.

use rust_decimal::Decimal;
use tws_proto::Contract;
use tws_proto::ids::{ContractId, OrderId, RequestId};
use tws_proto::kinds::{ExecutionSide, Liquidity, OrderType, TimeInForce};
use tws_proto::message::{CommissionReport, Execution, ExecutionData};

use super::Core;
use super::cancel::CANCELLED;
use super::orders::rejected;
use crate::books::Fill;
use crate::kind::Pricing;
use crate::market::{Level, MarketEvent, Taker};
use crate::matching::{self, Touch};
use crate::order_rules::AccountKind;
use crate::orders::{OrderKey, OrderRecord, Stage};
use crate::session::SessionId;
use crate::settings::ManualExecutionId;

impl Core {
    /// Lets every order of a market trade that can after `news`, first come, first served.
    pub(super) fn match_market(&mut self, contract: ContractId, news: &MarketEvent) {
        self.market_moves_conditions(contract, news);
        let mut printed = match news {
            MarketEvent::Trade(trade) => Some(Level { price: trade.price, size: trade.size }),
            _ => None,
        };
        for key in self.desk.live_in(contract) {
            self.try_order(key, Some(news));
            if let Some(trade) = printed.as_mut().filter(|trade| trade.size > Decimal::ZERO) {
                self.try_passed(key, trade);
            }
        }
    }

    /// Lets an order trade as far as it can now. `news` is what just happened in its market, `None` for a new order.
    pub(super) fn try_order(&mut self, key: OrderKey, news: Option<&MarketEvent>) {
        let ready = |record: &&OrderRecord| matches!(record.stage, Stage::Untriggered | Stage::Working);
        let Some(record) = self.desk.get(key).filter(ready) else { return };
        if !self.may_trade_now(record) {
            return;
        }
        self.try_trigger(key, news);
        self.fix_limit(key);
        let Some(record) = self.desk.get(key).filter(|record| record.stage == Stage::Working) else { return };
        let is_new = news.is_none() && record.filled.is_zero();
        if record.is_combination() {
            self.try_combination(key);
        } else if let Some(level) = self.offer(record) {
            if record.order.post_only && is_new {
                return self.end_order(key, "Cancelled: it would have taken liquidity", CANCELLED);
            }
            self.fill(key, level);
        }
        self.end_what_cannot_wait(key);
    }

    /// What the market gives an order now.
    fn offer(&self, record: &OrderRecord) -> Option<Level> {
        let instrument = self.catalogue.by_id(record.contract_id)?;
        let market = self.markets.get(&record.contract_id)?;
        matching::fillable(record, market, instrument, self.rules.sizes)
    }

    /// Orders that take what there is at once, and the rest of paper accounts.
    fn end_what_cannot_wait(&mut self, key: OrderKey) {
        let Some(record) = self.desk.get(key).filter(|record| record.stage == Stage::Working) else { return };
        match record.order.time_in_force {
            Some(TimeInForce::ImmediateOrCancel) => self.end_order(key, "Cancelled by System: IOC", CANCELLED),
            Some(TimeInForce::FillOrKill) => self.end_order(key, "Cancelled by System: FOK", CANCELLED),
            _ => {
                let direct = record.contract.exchange != "SMART" && record.order.order_type == OrderType::Market;
                if self.rules.account == AccountKind::Paper && direct && record.filled > Decimal::ZERO {
                    let reason = rejected("Paper accounts do not fill the rest of a direct market order");
                    self.end_with(key, "Rejected: the rest of a direct market order", (201, &reason));
                }
            }
        }
    }

    /// A trade between others reaches an order that waited inside the quote. What it takes of it is gone.
    fn try_passed(&mut self, key: OrderKey, trade: &mut Level) {
        let works = |record: &&OrderRecord| record.stage == Stage::Working && !record.is_combination();
        let Some(record) = self.desk.get(key).filter(works).filter(|record| self.may_trade_now(record)) else { return };
        let Some(instrument) = self.catalogue.by_id(record.contract_id) else { return };
        let Some(market) = self.markets.get(&record.contract_id) else { return };
        let Some(level) = matching::passed_by(record, market, instrument, *trade) else { return };
        trade.size -= level.size;
        self.fill_at(key, level);
    }

    fn try_trigger(&mut self, key: OrderKey, news: Option<&MarketEvent>) {
        let Some(record) = self.desk.get_mut(key).filter(|record| record.stage == Stage::Untriggered) else { return };
        let Some(market) = self.markets.get(&record.contract_id) else { return };
        let Some(instrument) = self.catalogue.by_id(record.contract_id) else { return };
        if let Some(stop) = matching::trailed(record, market, instrument.min_tick) {
            record.stop = Some(stop);
        }
        match matching::touches(record, market, news) {
            Touch::NotAsked => return,
            Touch::No => {
                record.touches = 0;
                return;
            }
            Touch::Yes => record.touches = record.touches.saturating_add(1),
        }
        if record.touches < matching::touches_needed(record.order.trigger_method.as_ref()) {
            return;
        }
        record.triggered = true;
        if let (Some(stop), Some(distance)) = (record.stop, matching::limit_distance(record))
            && record.kind().is_some_and(|kind| kind.pricing == Pricing::TrailingLimit)
        {
            record.own_limit = Some(match record.taker() {
                Taker::Buyer => stop + distance,
                Taker::Seller => stop - distance,
            });
        }
        self.desk.set_stage(key, Stage::Working);
        self.tell_status(key);
    }

    /// A protected or snapping order takes its limit from the quote at which it begins to work.
    fn fix_limit(&mut self, key: OrderKey) {
        let Some(record) = self.desk.get_mut(key).filter(|record| record.stage == Stage::Working) else { return };
        let Some(market) = self.markets.get(&record.contract_id) else { return };
        let Some(instrument) = self.catalogue.by_id(record.contract_id) else { return };
        if let Some(limit) = matching::first_limit(record, market, instrument.min_tick) {
            record.own_limit = Some(limit);
        }
    }

    /// One fill against the quote.
    fn fill(&mut self, key: OrderKey, level: Level) {
        let Some(record) = self.desk.get(key) else { return };
        let taker = record.taker();
        if let Some(market) = self.markets.get_mut(&record.contract_id) {
            let left = market.available(taker).map_or(Decimal::ZERO, |left| left.size);
            market.take(taker, level.size.min(left));
        }
        self.fill_at(key, level);
    }

    /// One fill: order, books, messages, then what hangs on it.
    pub(super) fn fill_at(&mut self, key: OrderKey, level: Level) {
        let Level { price, size: quantity } = level;
        let now = self.now;
        let Some(record) = self.desk.get_mut(key) else { return };
        let Some(instrument) = self.catalogue.by_id(record.contract_id) else { return };
        let taker = record.taker();
        let before = record.remaining();
        record.filled += quantity;
        record.value += price * quantity;
        record.last_price = Some(price);
        if record.kind().is_some_and(|kind| kind.pricing == Pricing::MarketToLimit) {
            record.own_limit.get_or_insert(price);
        }
        // The order is charged as a whole; a fill pays what that grew by.
        let due = self
            .commissions
            .rate_in(instrument.class(), &instrument.currency)
            .total(record.filled, record.value * instrument.price_factor());
        let commission = due - record.commission;
        record.commission = due;
        let is_whole = record.remaining().is_zero();
        if is_whole {
            record.completed = Some((now, format!("Filled Size: {}", record.filled.normalize())));
        }
        let execution_id = next_execution_id(self.execution_prefix, &mut self.executions);
        let fill = Fill {
            execution_id,
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
        if let Some(fill) = &booked {
            self.tell_fill(key, fill);
        }
        self.after_fill(key, before);
        if let Some(fill) = &booked {
            self.fill_moves_conditions(fill);
        }
    }

    /// What a fill of an order that had `before` to go does to others.
    pub(super) fn after_fill(&mut self, key: OrderKey, before: Decimal) {
        self.spare_the_others(key, before);
        if self.desk.get(key).is_none_or(|record| record.stage != Stage::Filled) {
            return;
        }
        for child in self.desk.children(key) {
            if self.desk.get(child).is_some_and(|record| record.stage == Stage::Waiting) {
                self.activate_child(child);
            }
        }
    }

    pub(super) fn fresh_execution_id(&mut self) -> String {
        next_execution_id(self.execution_prefix, &mut self.executions)
    }

    pub(super) fn send_execution(&mut self, session: SessionId, request_id: RequestId, fill: &Fill) {
        let Some(contract) = self.contract_of(fill) else { return };
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
        self.outbox.send(session, Box::new(ExecutionData { request_id: Some(request_id), contract, execution }));
    }

    /// What a fill traded: an instrument, or the combination of its order.
    pub(super) fn contract_of(&self, fill: &Fill) -> Option<Contract> {
        if let Some(instrument) = self.catalogue.by_id(fill.contract) {
            return Some(instrument.contract());
        }
        let key = OrderKey { client: fill.client, order: fill.order };
        self.desk.get(key).map(|record| record.contract.clone())
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

/// Executions are counted; the last segment is the revision.
fn next_execution_id(prefix: u32, executions: &mut u64) -> String {
    *executions += 1;
    format!("{prefix:08x}.{executions:08x}.01.01")
}
