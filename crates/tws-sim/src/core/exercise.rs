//! Options are exercised, or lapse.

use rust_decimal::Decimal;
use tws_proto::ids::{ClientId, OrderId, RequestId};
use tws_proto::kinds::{ExecutionSide, ExerciseAction, OptionRight};
use tws_proto::message::ExerciseOptions;

use super::Core;
use super::expiry::closing;
use crate::books::Fill;
use crate::instrument::{Instrument, MarketKind};
use crate::market::Market;
use crate::orders::OrderKey;
use crate::session::SessionId;
use crate::validation::Refusal;

impl Core {
    /// Exercises options that an account holds, at once: they go, and what they are on comes or goes at the strike; where
    /// that cannot be held, what they are worth is paid. Or lets them lapse: they go for nothing.
    pub(super) fn exercise_options(&mut self, session: SessionId, client: ClientId, request: &ExerciseOptions) {
        match self.exercise(client, request) {
            Ok(()) => {}
            Err(Refusal::Invalid(code, text)) => self.outbox.notice(session, request.order_id.0, code, text),
            Err(Refusal::Rejected(reason)) => {
                self.outbox.notice(session, request.order_id.0, 201, super::orders::rejected(&reason));
            }
        }
    }

    fn exercise(&mut self, client: ClientId, request: &ExerciseOptions) -> Result<(), Refusal> {
        let cause = |text: &str| Err(Refusal::Invalid(322, format!("Error processing request.-'bN' : cause - {text}")));
        let contract = self.resolve(&request.contract).map_err(|(code, text)| Refusal::invalid(code, text))?;
        let Some(option) = self.catalogue.by_id(contract).cloned() else { return cause("Unknown contract") };
        let (Some(strike), Some(right)) = (option.strike, option.right.clone()) else {
            return cause("The contract is not an option");
        };
        let account = match (request.account.as_str(), self.accounts.as_slice()) {
            ("", [only]) => only.name.clone(),
            ("", _) => return Err(Refusal::invalid(435, "You must specify an account.")),
            (name, _) => name.to_owned(),
        };
        let Some(books) = self.books.account(&account) else {
            return Err(Refusal::bad_field(&format!("Invalid account code '{account}'.")));
        };
        let held = books.holdings.get(&contract).map_or(Decimal::ZERO, |holding| holding.quantity);
        let quantity = Decimal::from(request.quantity.unwrap_or_default());
        if quantity <= Decimal::ZERO {
            return cause("Invalid exercise quantity");
        }
        if quantity > held {
            return cause("Exercise quantity exceeds the position");
        }
        let is_call = right == OptionRight::Call;
        let (underlying, worth) = self.intrinsic(&option, strike, is_call);
        let key = OrderKey { client, order: request.order_id };
        match request.action {
            Some(ExerciseAction::Lapse) => {
                if worth.is_some_and(|worth| worth > Decimal::ZERO) && !request.overrides_natural_action {
                    return cause("Lapse ignored because option is in-the-money");
                }
                self.book_exercise(key, &account, (&option, ExecutionSide::Sold), quantity, Decimal::ZERO);
            }
            Some(ExerciseAction::Exercise) => {
                if worth.is_none_or(|worth| worth <= Decimal::ZERO) && !request.overrides_natural_action {
                    return cause("Exercise ignored because option is not in-the-money");
                }
                self.settle(key, &account, &option, quantity, (underlying.as_ref(), strike, is_call, worth));
            }
            Some(ExerciseAction::Other(_)) | None => return cause("Invalid exercise action"),
        }
        Ok(())
    }

    /// What an option is on, and what exercising it is worth now, less than nothing out of the money.
    pub(super) fn intrinsic(
        &self,
        option: &Instrument,
        strike: Decimal,
        is_call: bool,
    ) -> (Option<Instrument>, Option<Decimal>) {
        let underlying = option.underlying_contract_id.and_then(|id| self.catalogue.by_id(id)).cloned();
        let price = underlying.as_ref().map(|under| {
            let mark = self.markets.get(&under.contract_id).and_then(Market::mark);
            mark.unwrap_or(under.price)
        });
        (underlying, price.map(|price| if is_call { price - strike } else { strike - price }))
    }

    /// So many options are exercised, or assigned where the account has sold them and `quantity` is below 0.
    pub(super) fn settle(
        &mut self,
        key: OrderKey,
        account: &str,
        option: &Instrument,
        quantity: Decimal,
        (underlying, strike, is_call, worth): (Option<&Instrument>, Decimal, bool, Option<Decimal>),
    ) {
        let (closes, size) = (closing(quantity), quantity.abs());
        match underlying.filter(|under| under.market != MarketKind::TradesOnly) {
            Some(under) => {
                self.book_exercise(key, account, (option, closes), size, Decimal::ZERO);
                let buys = is_call == (quantity > Decimal::ZERO);
                let side = if buys { ExecutionSide::Bought } else { ExecutionSide::Sold };
                // One option on a future is one future, whatever that one holds.
                let delivered = size * option.factor() / under.factor();
                self.book_exercise(key, account, (under, side), delivered, strike);
            }
            // An index cannot be delivered: the difference is paid.
            None => {
                let paid = worth.unwrap_or_default().max(Decimal::ZERO);
                self.book_exercise(key, account, (option, closes), size, paid);
            }
        }
    }

    /// A trade that no market saw and that costs nothing.
    pub(super) fn book_exercise(
        &mut self,
        key: OrderKey,
        account: &str,
        (instrument, side): (&Instrument, ExecutionSide),
        quantity: Decimal,
        price: Decimal,
    ) {
        self.executions += 1;
        let (client, order): (ClientId, OrderId) = key.told();
        let fill = Fill {
            execution_id: format!("{:08x}.{:08x}.01.01", self.execution_prefix, self.executions),
            time: self.now,
            account: account.to_owned(),
            contract: instrument.contract_id,
            exchange: instrument.exchange.clone(),
            side,
            quantity,
            price,
            client,
            order,
            permanent_id: Default::default(),
            order_reference: String::new(),
            cumulative: quantity,
            average_price: price,
            commission: Decimal::ZERO,
            currency: instrument.currency.clone(),
            realized: None,
        };
        let Some(fill) = self.books.book(fill, instrument).cloned() else { return };
        for session in self.hearers_of_fills(key) {
            self.send_execution(session, RequestId(-1), &fill);
            self.send_commission(session, &fill);
        }
        self.tell_position(&fill.account, fill.contract);
        self.fill_moves_conditions(&fill);
    }
}
