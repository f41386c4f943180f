//! The broker corrects an execution: a new revision takes the place of the old one.

use super::{Account, Books, Fill, Holding};
use crate::core::AccountSetup;
use crate::instrument::Instrument;
use rust_decimal::Decimal;

impl Books {
    /// Gives an execution another quantity and price under the next revision of its id. The books are then as if it had
    /// always been so. A quantity of 0 takes it back, and its commission with it.
    pub(crate) fn correct(
        &mut self,
        execution_id: &str,
        quantity: Decimal,
        price: Decimal,
        instrument: &Instrument,
    ) -> Option<&Fill> {
        let index = self.fills.iter().position(|fill| fill.execution_id == execution_id)?;
        let name = self.fills.get(index)?.account.clone();
        let opening = self.opening(&name, instrument)?;
        let (before, _) = self.replayed(&name, instrument, opening)?;
        self.revise(index, quantity, price);
        let (after, revised) = self.replayed(&name, instrument, opening)?;
        let contract = instrument.contract_id;
        let account = self.accounts.get_mut(&name)?;
        for (currency, cash) in &after.cash {
            account.pay(currency, *cash - before.cash_in(currency));
        }
        let of = |account: &Account| account.holdings.get(&contract).copied().unwrap_or_default();
        let (mut holding, old, mut today) = (of(&after), of(&before), of(account).today);
        today.spent += holding.today.spent - old.today.spent;
        today.realized += holding.today.realized - old.today.realized;
        holding.today = today;
        account.holdings.insert(contract, holding);
        let mut realized = revised.into_iter().map(|fill| fill.realized);
        for fill in self.fills.iter_mut().filter(|fill| fill.account == name && fill.contract == contract) {
            fill.realized = realized.next().flatten();
        }
        self.fills.get(index)
    }

    /// What the account held before the first fill that is still known.
    fn opening(&self, name: &str, instrument: &Instrument) -> Option<Holding> {
        let end = self.accounts.get(name)?.holdings.get(&instrument.contract_id).copied().unwrap_or_default();
        let fills = self.fills.iter().filter(|fill| fill.account == name && fill.contract == instrument.contract_id);
        let quantity = end.quantity - fills.map(Fill::signed_quantity).sum::<Decimal>();
        let replayed = |cost: Decimal| {
            let start = Holding { quantity, cost, ..Holding::default() };
            let (account, _) = self.replayed(name, instrument, start)?;
            account.holdings.get(&instrument.contract_id).copied()
        };
        // What is left of the cost is a fixed part of it: two trials tell which.
        let cost = if quantity.is_zero() {
            Decimal::ZERO
        } else {
            let (none, one) = (replayed(Decimal::ZERO)?.cost, replayed(Decimal::ONE)?.cost);
            (end.cost - none).checked_div(one - none).unwrap_or_default()
        };
        let realized = end.realized - replayed(cost)?.realized;
        Some(Holding { quantity, cost, realized, ..Holding::default() })
    }

    fn revise(&mut self, index: usize, quantity: Decimal, price: Decimal) {
        let Some(fill) = self.fills.get_mut(index) else { return };
        fill.execution_id = next_revision(&fill.execution_id);
        (fill.quantity, fill.price) = (quantity, price);
        if quantity.is_zero() {
            fill.commission = Decimal::ZERO;
        }
        // Legs of a combination and parts of an advisor's order are counted by themselves.
        let (account, contract) = (fill.account.clone(), fill.contract);
        let (client, order, permanent_id) = (fill.client, fill.order, fill.permanent_id);
        let own = |fill: &&mut Fill| {
            (fill.client, fill.order, fill.permanent_id) == (client, order, permanent_id)
                && fill.account == account
                && fill.contract == contract
        };
        let (mut filled, mut value) = (Decimal::ZERO, Decimal::ZERO);
        for fill in self.fills.iter_mut().filter(own) {
            filled += fill.quantity;
            value += fill.quantity * fill.price;
            fill.cumulative = filled;
            fill.average_price = value.checked_div(filled).unwrap_or_default().round_dp(8).normalize();
        }
    }

    /// What the fills of one contract make of an account that had nothing but so much of it.
    fn replayed(&self, name: &str, instrument: &Instrument, opening: Holding) -> Option<(Account, Vec<Fill>)> {
        let contract = instrument.contract_id;
        let mut scratch = Self::new(&[AccountSetup { cash: Decimal::ZERO, ..AccountSetup::new(name) }]);
        scratch.accounts.get_mut(name)?.holdings.insert(contract, opening);
        for fill in self.fills.iter().filter(|fill| fill.account == name && fill.contract == contract) {
            scratch.book(fill.clone(), instrument);
        }
        Some((scratch.accounts.remove(name)?, scratch.fills))
    }
}

/// `0000e0d5.6543210f.01.01` as `0000e0d5.6543210f.01.02`.
fn next_revision(execution_id: &str) -> String {
    match execution_id.rsplit_once('.') {
        Some((root, revision)) => format!("{root}.{:02}", revision.parse::<u32>().unwrap_or(1).saturating_add(1)),
        None => format!("{execution_id}.02"),
    }
}

#[cfg(test)]
mod tests {
    use tws_proto::ids::{ClientId, OrderId, PermanentId};
    use tws_proto::kinds::ExecutionSide;

    use super::*;
    use crate::catalogue::Catalogue;
    use crate::time::SimTime;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn books(fills: &[(&str, &str)]) -> Books {
        let catalogue = Catalogue::built_in(SimTime(0));
        let ibm = catalogue.by_name("IBM").unwrap();
        let mut books = Books::new(&[AccountSetup::new("DU1")]);
        for (number, (quantity, price)) in fills.iter().enumerate() {
            let quantity = decimal(quantity);
            let fill = Fill {
                execution_id: format!("a.{number}.01.01"),
                time: SimTime(0),
                account: "DU1".into(),
                contract: ibm.contract_id,
                exchange: String::new(),
                side: if quantity.is_sign_negative() { ExecutionSide::Sold } else { ExecutionSide::Bought },
                quantity: quantity.abs(),
                price: decimal(price),
                client: ClientId(1),
                order: OrderId(1),
                permanent_id: PermanentId(1),
                order_reference: String::new(),
                cumulative: quantity.abs(),
                average_price: decimal(price),
                commission: Decimal::ONE,
                currency: "USD".into(),
                realized: None,
            };
            books.book(fill, ibm);
        }
        books
    }

    #[test]
    fn the_books_are_as_if_it_had_always_been_so() {
        let catalogue = Catalogue::built_in(SimTime(0));
        let ibm = catalogue.by_name("IBM").unwrap();
        let mut corrected = books(&[("100", "10"), ("-40", "12")]);
        let fill = corrected.correct("a.0.01.01", decimal("60"), decimal("11"), ibm).unwrap();
        assert_eq!((fill.execution_id.as_str(), fill.quantity), ("a.0.01.02", decimal("60")));
        let expected = books(&[("60", "11"), ("-40", "12")]);
        let accounts = |books: &Books| books.account("DU1").cloned();
        assert_eq!(accounts(&corrected), accounts(&expected));
        let realized = |books: &Books| books.fills().iter().map(|fill| fill.realized).collect::<Vec<_>>();
        assert_eq!(realized(&corrected), realized(&expected));
        assert!(corrected.correct("a.0.01.01", decimal("1"), decimal("1"), ibm).is_none());
        corrected.correct("a.0.01.02", Decimal::ZERO, decimal("11"), ibm).unwrap();
        assert_eq!(accounts(&corrected).unwrap().cash, accounts(&books(&[("-40", "12")])).unwrap().cash);
        // With a position from before.
        let mut corrected = books(&[("50", "8"), ("100", "10"), ("-40", "12")]);
        corrected.fills.remove(0);
        corrected.correct("a.1.01.01", decimal("80"), decimal("10"), ibm).unwrap();
        let expected = books(&[("50", "8"), ("80", "10"), ("-40", "12")]);
        let holding = |books: &Books| books.account("DU1").unwrap().holdings[&ibm.contract_id];
        assert_eq!(holding(&corrected).quantity, holding(&expected).quantity);
        assert!((holding(&corrected).cost - holding(&expected).cost).abs() < decimal("0.0001"));
    }
}
