//! Orders come, change and go.

use rust_decimal::Decimal;
use tws_proto::Order;
use tws_proto::ids::{ClientId, ContractId, OrderId};
use tws_proto::kinds::{OrderType, TimeInForce};
use tws_proto::message::{OpenOrder, PlaceOrder};
use tws_proto::order_state::OrderState;

use super::Core;
use crate::books::Margin;
use crate::orders::{OrderKey, OrderRecord, Stage};
use crate::session::SessionId;
use crate::validation::{self, Refusal};

/// Text of notice 202.
const CANCELLED: &str = "Order Canceled - reason:";

impl Core {
    pub(super) fn place_order(&mut self, session: SessionId, client: ClientId, request: &PlaceOrder) {
        let key = OrderKey { client, order: request.order_id };
        let placed = match self.desk.get(key) {
            Some(record) => self.modify_order(session, &record.clone(), request),
            None if key.order < self.desk.next_valid(client) => Err(Refusal::invalid(103, "Duplicate order id")),
            None => self.new_order(session, key, request),
        };
        match placed {
            Ok(()) => {}
            Err(Refusal::Invalid(code, text)) => self.outbox.notice(session, key.order.0, code, text),
            Err(Refusal::Rejected(reason)) => self.outbox.notice(session, key.order.0, 201, rejected(&reason)),
        }
    }

    /// An order that was not there before.
    pub(super) fn new_order(&mut self, session: SessionId, key: OrderKey, request: &PlaceOrder) -> Result<(), Refusal> {
        let (contract_id, account) = self.identify(request)?;
        let Some(instrument) = self.catalogue.by_id(contract_id) else { return Ok(()) }; // it was just found there
        let checked = validation::check(request, instrument);
        let mut contract = instrument.contract();
        if !request.contract.exchange.is_empty() {
            contract.exchange.clone_from(&request.contract.exchange);
        }
        if request.order.what_if {
            checked?;
            return self.preview(session, key, request, contract_id, &account);
        }
        self.desk.note_used(key);
        let time_in_force = request.order.time_in_force.clone().unwrap_or(TimeInForce::Day);
        let expires = (time_in_force == TimeInForce::Day).then(|| self.now.day_end());
        let record = OrderRecord {
            key,
            permanent_id: self.desk.fresh_permanent_id(),
            place: 0,
            contract_id,
            contract,
            order: Order { account, time_in_force: Some(time_in_force), ..request.order.clone() },
            stage: Stage::Held,
            total: request.order.total_quantity.unwrap_or_default(),
            filled: Decimal::ZERO,
            value: Decimal::ZERO,
            last_price: None,
            commission: Decimal::ZERO,
            touches: 0,
            expires,
            completed: None,
        };
        match checked.and_then(|()| self.check_parent(&record)) {
            Ok(()) => {}
            Err(Refusal::Rejected(reason)) => return self.reject(record, reason),
            Err(invalid @ Refusal::Invalid(..)) => return Err(invalid),
        }
        let transmit = record.order.transmit;
        self.desk.add(record);
        if transmit {
            self.transmit(key);
        }
        Ok(())
    }

    /// The contract and the account an order is for.
    fn identify(&mut self, request: &PlaceOrder) -> Result<(ContractId, String), Refusal> {
        let contract = self.resolve(&request.contract).map_err(|(code, text)| Refusal::invalid(code, text))?;
        let account = request.order.account.as_str();
        if account.is_empty() {
            return match self.accounts.as_slice() {
                [only] => Ok((contract, only.name.clone())),
                _ => Err(Refusal::invalid(435, "You must specify an account.")),
            };
        }
        if self.books.account(account).is_none() {
            let text = format!("Error validating request.-'bN' : cause - Invalid account code '{account}'.");
            return Err(Refusal::invalid(321, text));
        }
        Ok((contract, account.to_owned()))
    }

    fn check_parent(&self, record: &OrderRecord) -> Result<(), Refusal> {
        let Some(parent) = record.parent() else { return Ok(()) };
        match self.desk.get(parent).map(|parent| parent.stage) {
            None => Err(Refusal::invalid(10006, "Missing parent order.")),
            Some(Stage::Cancelled | Stage::Inactive) => Err(Refusal::Rejected("Parent order is not active".to_owned())),
            Some(Stage::Held | Stage::Waiting | Stage::Untriggered | Stage::Working | Stage::Filled) => Ok(()),
        }
    }

    /// Notice 201 and the status Inactive: the id is used, the order is dead.
    fn reject(&mut self, record: OrderRecord, reason: String) -> Result<(), Refusal> {
        let key = record.key;
        let completed = Some((self.now, format!("Rejected: {reason}")));
        self.desk.add(OrderRecord { stage: Stage::Inactive, completed, ..record });
        self.notice_to_owner(key, 201, rejected(&reason));
        self.tell_status(key);
        Ok(())
    }

    /// Makes an order and the held family around it known, then lets each of them trade.
    fn transmit(&mut self, key: OrderKey) {
        let family = self.desk.held_family(key);
        for member in &family {
            let Some(record) = self.desk.get(*member) else { continue };
            let parent = record.parent().and_then(|parent| self.desk.get(parent));
            let stage = match parent.map(|parent| parent.stage) {
                None | Some(Stage::Filled) => record.armed(),
                Some(
                    Stage::Held
                    | Stage::Waiting
                    | Stage::Untriggered
                    | Stage::Working
                    | Stage::Cancelled
                    | Stage::Inactive,
                ) => Stage::Waiting,
            };
            self.desk.set_stage(*member, stage);
            if let Some(record) = self.desk.get_mut(*member) {
                record.order.transmit = true;
            }
            self.tell_order(*member);
        }
        for member in family {
            self.try_order(member, None);
        }
    }

    /// The same id again: a change of size, prices or time in force.
    pub(super) fn modify_order(
        &mut self,
        session: SessionId,
        old: &OrderRecord,
        request: &PlaceOrder,
    ) -> Result<(), Refusal> {
        match old.stage {
            Stage::Filled => return Err(Refusal::invalid(104, "Cannot modify a filled order.")),
            Stage::Cancelled | Stage::Inactive => return Err(Refusal::invalid(103, "Duplicate order id")),
            Stage::Held | Stage::Waiting | Stage::Untriggered | Stage::Working => {}
        }
        let (contract, account) = self.identify(request)?;
        let new = &request.order;
        let same = contract == old.contract_id
            && account == old.order.account
            && new.action == old.order.action
            && new.order_type == old.order.order_type
            && new.parent() == old.order.parent()
            && new.oca_group == old.order.oca_group;
        let total = new.total_quantity.unwrap_or(old.total);
        if !same || (old.filled > Decimal::ZERO && total <= old.filled) {
            return Err(Refusal::invalid(105, "Order being modified does not match original order."));
        }
        let Some(instrument) = self.catalogue.by_id(contract) else { return Ok(()) }; // it was just found there
        match validation::check(request, instrument) {
            Ok(()) => {}
            Err(Refusal::Rejected(reason)) => {
                return Err(Refusal::invalid(329, format!("Order modify failed. {reason}")));
            }
            Err(invalid @ Refusal::Invalid(..)) => return Err(invalid),
        }
        if new.what_if {
            return self.preview(session, old.key, request, contract, &account);
        }
        let day_end = self.now.day_end();
        let Some(record) = self.desk.get_mut(old.key) else { return Ok(()) };
        let time_in_force = new.time_in_force.clone().unwrap_or(TimeInForce::Day);
        if old.order.time_in_force.as_ref() != Some(&time_in_force) {
            record.expires = (time_in_force == TimeInForce::Day).then_some(day_end);
        }
        record.order.time_in_force = Some(time_in_force);
        record.order.limit_price = new.limit_price;
        record.order.aux_price = new.aux_price;
        record.order.total_quantity = Some(total);
        record.total = total;
        record.touches = 0;
        if old.stage == Stage::Held {
            if new.transmit {
                self.transmit(old.key);
            }
            return Ok(());
        }
        self.tell_order(old.key);
        self.try_order(old.key, None);
        Ok(())
    }

    /// What an order would do to the account: nothing is placed.
    fn preview(
        &mut self,
        session: SessionId,
        key: OrderKey,
        request: &PlaceOrder,
        contract_id: ContractId,
        account: &str,
    ) -> Result<(), Refusal> {
        let Some(instrument) = self.catalogue.by_id(contract_id) else { return Ok(()) };
        let order = &request.order;
        let mark = self.markets.get(&contract_id).and_then(crate::market::Market::mark).unwrap_or(instrument.price);
        let price = match order.order_type {
            OrderType::Limit | OrderType::StopLimit => order.limit_price.unwrap_or(mark),
            _ => mark, // market and stop orders: others were rejected
        };
        let quantity = order.total_quantity.unwrap_or_default();
        let signed = if order.action.is_buy() { quantity } else { -quantity };
        let holding = self.books.account(account).and_then(|account| account.holdings.get(&contract_id));
        let held = holding.copied().unwrap_or_default().quantity;
        let margin = |quantity: Decimal| Margin::of(instrument.class(), quantity * price * instrument.factor());
        let (before, after) = (margin(held), margin(held + signed));
        let value = quantity * price * instrument.factor();
        let commission = self.commissions.rate_in(instrument.class(), &instrument.currency).total(quantity, value);
        let worth = self.worth(account);
        let equity = worth.net_liquidation;
        let state = OrderState {
            status: Some(tws_proto::kinds::Status::PreSubmitted),
            initial_margin_before: Some(worth.initial_margin),
            maintenance_margin_before: Some(worth.maintenance_margin),
            equity_with_loan_before: Some(equity),
            initial_margin_change: Some(after.initial - before.initial),
            maintenance_margin_change: Some(after.maintenance - before.maintenance),
            equity_with_loan_change: Some(-commission),
            initial_margin_after: Some(worth.initial_margin + after.initial - before.initial),
            maintenance_margin_after: Some(worth.maintenance_margin + after.maintenance - before.maintenance),
            equity_with_loan_after: Some(equity - commission),
            commission: Some(commission),
            commission_currency: instrument.currency.clone(),
            margin_currency: "USD".to_owned(),
            ..OrderState::default()
        };
        let order = Order {
            client_id: Some(key.client),
            order_id: Some(key.order),
            permanent_id: Some(Default::default()),
            account: account.to_owned(),
            ..order.clone()
        };
        let answer = OpenOrder { order_id: key.order, contract: instrument.contract(), order, state };
        self.outbox.send(session, Box::new(answer));
        Ok(())
    }

    pub(super) fn cancel_order(&mut self, session: SessionId, client: ClientId, order: OrderId) {
        let key = OrderKey { client, order };
        match self.desk.get(key).map(|record| record.stage) {
            None => {
                let text = format!("OrderId {order} that needs to be cancelled is not found.");
                self.outbox.notice(session, order.0, 10147, text);
            }
            Some(stage @ (Stage::Filled | Stage::Cancelled | Stage::Inactive)) => {
                let state = stage.status();
                let text = format!(
                    "OrderId {order} that needs to be cancelled can not be cancelled, state: {}.",
                    state.as_str()
                );
                self.outbox.notice(session, order.0, 10148, text);
            }
            Some(Stage::Held | Stage::Waiting | Stage::Untriggered | Stage::Working) => {
                self.end_order(key, "Cancelled by Trader", CANCELLED)
            }
        }
    }

    pub(super) fn global_cancel(&mut self) {
        let live: Vec<OrderKey> = self.desk.live().map(|record| record.key).collect();
        for key in live {
            // The cancel of a parent may have ended it already.
            if self.desk.get(key).is_some_and(|record| record.stage.is_live()) {
                self.end_order(key, "Cancelled by Trader", CANCELLED);
            }
        }
    }

    /// Cancels what is left of an order, and what hangs on it.
    pub(super) fn end_order(&mut self, key: OrderKey, how: &str, notice: &str) {
        self.desk.set_stage(key, Stage::Cancelled);
        let now = self.now;
        let Some(record) = self.desk.get_mut(key) else { return };
        record.completed = Some((now, how.to_owned()));
        let filled = record.filled;
        self.tell_status(key);
        self.notice_to_owner(key, 202, notice.to_owned());
        for child in self.desk.children(key) {
            let Some(record) = self.desk.get_mut(child) else { continue };
            match record.stage {
                // What the parent did fill stays protected: its children live on, no larger than that.
                Stage::Waiting if filled > Decimal::ZERO => {
                    record.total = record.total.min(filled);
                    self.activate_child(child);
                }
                Stage::Waiting | Stage::Held => self.end_order(child, how, notice),
                Stage::Untriggered | Stage::Working | Stage::Filled | Stage::Cancelled | Stage::Inactive => {}
            }
        }
    }

    /// A child whose parent is done: it stands on its own now.
    pub(super) fn activate_child(&mut self, child: OrderKey) {
        let Some(stage) = self.desk.get(child).map(OrderRecord::armed) else { return };
        self.desk.set_stage(child, stage);
        self.tell_order(child);
        self.try_order(child, None);
    }

    /// DAY orders end with the day.
    pub(super) fn end_day(&mut self) {
        let now = self.now;
        let over = |record: &&OrderRecord| record.expires.is_some_and(|expires| expires <= now);
        let expired: Vec<OrderKey> = self
            .desk
            .iter()
            .filter(|record| record.stage.is_live() || record.stage == Stage::Held)
            .filter(over)
            .map(|record| record.key)
            .collect();
        for key in expired {
            if self.desk.get(key).is_some_and(|record| record.stage.is_live() || record.stage == Stage::Held) {
                self.end_order(key, "Expired", CANCELLED);
            }
        }
    }
}

/// Text of notice 201.
fn rejected(reason: &str) -> String {
    format!("Order rejected - reason:{reason}")
}
