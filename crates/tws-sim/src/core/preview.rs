//! What an order would do to the account: margin and commission, without placing it.

use rust_decimal::Decimal;
use tws_proto::Order;
use tws_proto::ids::ContractId;
use tws_proto::kinds::Status;
use tws_proto::message::{OpenOrder, PlaceOrder};
use tws_proto::order_state::OrderState;

use super::Core;
use crate::books::Margin;
use crate::market::Market;
use crate::orders::{OrderKey, OrderRecord, Target};
use crate::session::SessionId;
use crate::validation::Refusal;

/// What a trade would change.
#[derive(Clone, Copy, Debug, Default)]
struct Impact {
    /// In the base currency.
    margin: Margin,
    /// In the currency of the contract.
    commission: Decimal,
    /// The same in the base currency.
    fee: Decimal,
}

impl Core {
    /// Tells what an order would do to the account. Nothing is placed.
    pub(super) fn preview(
        &mut self,
        session: SessionId,
        key: OrderKey,
        request: &PlaceOrder,
        target: &Target,
        account: &str,
    ) {
        let order = Order { account: account.to_owned(), ..request.order.clone() };
        let record = OrderRecord::new(key, Default::default(), target.clone(), order);
        let Impact { margin, commission, fee } = self.impact(&record);
        let worth = self.worth_of_owners(&record.order);
        let margin_currency = self.base_currency(account).to_owned();
        let equity = worth.net_liquidation;
        let (initial, maintenance) = (worth.initial_margin, worth.maintenance_margin);
        let currency =
            self.catalogue.by_id(target.contract_id).map_or(&target.contract.currency, |found| &found.currency);
        let state = OrderState {
            status: Some(Status::PreSubmitted),
            initial_margin_before: Some(initial),
            maintenance_margin_before: Some(maintenance),
            equity_with_loan_before: Some(equity),
            initial_margin_change: Some(margin.initial),
            maintenance_margin_change: Some(margin.maintenance),
            equity_with_loan_change: Some(-fee),
            initial_margin_after: Some(initial + margin.initial),
            maintenance_margin_after: Some(maintenance + margin.maintenance),
            equity_with_loan_after: Some(equity - fee),
            commission: Some(commission),
            commission_min: Some(commission),
            commission_max: Some(commission),
            commission_currency: currency.clone(),
            margin_currency,
            // Margins are the same at all hours here.
            initial_margin_before_outside_hours: Some(initial),
            maintenance_margin_before_outside_hours: Some(maintenance),
            equity_with_loan_before_outside_hours: Some(equity),
            initial_margin_change_outside_hours: Some(margin.initial),
            maintenance_margin_change_outside_hours: Some(margin.maintenance),
            equity_with_loan_change_outside_hours: Some(-fee),
            initial_margin_after_outside_hours: Some(initial + margin.initial),
            maintenance_margin_after_outside_hours: Some(maintenance + margin.maintenance),
            equity_with_loan_after_outside_hours: Some(equity - fee),
            ..OrderState::default()
        };
        let answer = OpenOrder {
            order_id: key.order,
            contract: record.contract,
            order: Order {
                client_id: Some(key.client),
                order_id: Some(key.order),
                permanent_id: Some(Default::default()),
                ..record.order
            },
            state,
        };
        self.outbox.send(session, Box::new(answer));
    }

    /// Refuses what the account cannot pay for.
    pub(super) fn check_margin(&self, record: &OrderRecord) -> Result<(), Refusal> {
        let Impact { margin, fee, .. } = self.impact(record);
        let worth = self.worth_of_owners(&record.order);
        let (equity, needed) = (worth.net_liquidation - fee, worth.initial_margin + margin.initial);
        if margin.initial <= Decimal::ZERO || needed <= equity {
            return Ok(());
        }
        Err(Refusal::Rejected(format!(
            "Your order is not accepted: the equity with loan value {equity:.2} must exceed the initial margin {needed:.2}"
        )))
    }

    fn impact(&self, record: &OrderRecord) -> Impact {
        if record.legs.is_empty() {
            let limit = record.limit().filter(|limit| *limit > Decimal::ZERO);
            return self.impact_of(record, record.contract_id, (record.total, limit), record.order.action.is_buy());
        }
        let mut whole = Impact::default();
        for leg in &record.legs {
            let buys = leg.bought == record.order.action.is_buy();
            let Impact { margin, commission, fee } =
                self.impact_of(record, leg.contract, (record.total * leg.ratio, None), buys);
            whole.margin.initial += margin.initial;
            whole.margin.maintenance += margin.maintenance;
            whole.commission += commission;
            whole.fee += fee;
        }
        whole
    }

    /// What trading so much of one instrument changes, at its limit or at the price shown.
    fn impact_of(
        &self,
        record: &OrderRecord,
        contract: ContractId,
        (quantity, limit): (Decimal, Option<Decimal>),
        buys: bool,
    ) -> Impact {
        let Some(instrument) = self.catalogue.by_id(contract) else { return Impact::default() };
        let mark = self.markets.get(&contract).and_then(Market::mark).unwrap_or(instrument.price);
        let price = limit.unwrap_or(mark);
        let signed = if buys { quantity } else { -quantity };
        let owners = self.owners(&record.order);
        let holdings = owners.iter().filter_map(|account| self.books.account(account)?.holdings.get(&contract));
        let held: Decimal = holdings.map(|holding| holding.quantity).sum();
        let rate = self.exchange_rate(&instrument.currency, self.base_currency(&record.order.account));
        let margin =
            |quantity: Decimal| Margin::of(instrument.class(), quantity * price * instrument.price_factor() * rate);
        let (before, after) = (margin(held), margin(held + signed));
        let value = quantity * price * instrument.price_factor();
        let commission = self.commissions.rate_in(instrument.class(), &instrument.currency).total(quantity, value);
        Impact {
            commission,
            fee: commission * rate,
            margin: Margin {
                initial: after.initial - before.initial,
                maintenance: after.maintenance - before.maintenance,
            },
        }
    }
}
