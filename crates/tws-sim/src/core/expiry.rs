//! The last day of a contract is over: orders for it end, and what is held of it is settled.

use rust_decimal::Decimal;
use tws_proto::ids::{ContractId, OrderId};
use tws_proto::kinds::{ExecutionSide, OptionRight};

use super::Core;
use super::cancel::CANCELLED;
use crate::instrument::Instrument;
use crate::orders::{OrderKey, Stage};
use crate::worth::Prices as _;

/// Settlements are nobody's orders.
const NOBODY: OrderKey = OrderKey { client: OrderKey::HAND, order: OrderId(0) };

impl Core {
    /// Ends what had its last day yesterday. Options in the money are exercised, or assigned to who wrote them; others lapse.
    /// Everything else is paid at its last price.
    pub(super) fn end_contracts(&mut self) {
        let today = self.now.day();
        let is_over = |contract: ContractId| self.catalogue.by_id(contract).is_some_and(|own| own.is_expired(today));
        let stands = |stage: Stage| stage.is_live() || stage == Stage::Held;
        let orders = self.desk.iter().filter(|record| stands(record.stage) && record.markets().any(is_over));
        let orders: Vec<OrderKey> = orders.map(|record| record.key).collect();
        let holdings = self.books.accounts().flat_map(|account| {
            let over = account.holdings.iter().filter(|(id, holding)| !holding.quantity.is_zero() && is_over(**id));
            over.map(|(contract, holding)| (account.name.clone(), *contract, holding.quantity))
        });
        let holdings: Vec<(String, ContractId, Decimal)> = holdings.collect();
        for key in orders {
            // The end of a parent may have ended it already.
            if self.desk.get(key).is_some_and(|record| stands(record.stage)) {
                self.end_order(key, "Expired", CANCELLED);
            }
        }
        for (account, contract, quantity) in holdings {
            if let Some(instrument) = self.catalogue.by_id(contract).cloned() {
                self.settle_holding(&account, &instrument, quantity);
            }
        }
    }

    fn settle_holding(&mut self, account: &str, instrument: &Instrument, quantity: Decimal) {
        if let (Some(strike), Some(right)) = (instrument.strike, &instrument.right) {
            let is_call = *right == OptionRight::Call;
            let (underlying, worth) = self.intrinsic(instrument, strike, is_call);
            if worth.is_some_and(|worth| worth > Decimal::ZERO) {
                let terms = (underlying.as_ref(), strike, is_call, worth);
                return self.settle(NOBODY, account, instrument, quantity, terms);
            }
            return self.book_exercise(NOBODY, account, (instrument, closing(quantity)), quantity.abs(), Decimal::ZERO);
        }
        let price = self.shown().mark(instrument.contract_id).map_or(instrument.price, |(_, mark)| mark);
        self.book_exercise(NOBODY, account, (instrument, closing(quantity)), quantity.abs(), price);
    }
}

/// The side of a trade that closes a position.
pub(super) fn closing(quantity: Decimal) -> ExecutionSide {
    if quantity > Decimal::ZERO { ExecutionSide::Sold } else { ExecutionSide::Bought }
}
