//! [`Books`]: the broker's true record of cash, positions and executions, by account. Exact to the last digit.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use tws_proto::ids::{ClientId, ContractId, OrderId, PermanentId};
use tws_proto::kinds::ExecutionSide;

use crate::commission::MONEY_DIGITS;
use crate::core::AccountSetup;
use crate::instrument::{Class, Instrument};
use crate::time::SimTime;

/// What an account holds of one contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Signed number of contracts.
    pub quantity: Decimal,
    /// What it cost, signed as the quantity: prices times multiplier, and the commissions of the opening trades on top.
    pub cost: Decimal,
    /// What closing trades earned so far, all commissions deducted.
    pub realized: Decimal,
}

impl Holding {
    /// What one contract cost on average, multiplier and commission included, to eight digits.
    #[must_use]
    pub fn average_cost(&self) -> Decimal {
        self.cost.checked_div(self.quantity).unwrap_or_default().round_dp(MONEY_DIGITS).normalize()
    }

    /// What it would earn at `mark`, before the commission of closing it.
    #[must_use]
    pub fn unrealized(&self, mark: Decimal, multiplier: Decimal) -> Decimal {
        self.quantity * mark * multiplier - self.cost
    }

    /// Takes a fill in: signed quantity, its value with multiplier (same sign), its commission. Tells what it realized.
    fn fill(&mut self, quantity: Decimal, value: Decimal, commission: Decimal) -> Option<Decimal> {
        let opens = self.quantity.is_zero() || self.quantity.is_sign_negative() == quantity.is_sign_negative();
        if opens {
            self.quantity += quantity;
            self.cost += value + commission;
            return None;
        }
        let closed = quantity.abs().min(self.quantity.abs());
        // Shares are rounded to fixed digits and the rest is what is left over, so that the parts always add up.
        let part = |whole: Decimal, of: Decimal| {
            if closed == of.abs() { whole } else { (whole * closed / of.abs()).round_dp(MONEY_DIGITS) }
        };
        let cost = part(self.cost, self.quantity);
        let (closing_value, closing_commission) = (part(value, quantity), part(commission, quantity));
        let realized = -closing_value - closing_commission - cost;
        self.quantity += quantity;
        self.cost = self.cost - cost + (value - closing_value) + (commission - closing_commission);
        self.realized += realized;
        Some(realized)
    }
}

/// One fill, as the broker has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fill {
    /// `0000e0d5.6543210f.01.01`; the last segment is the revision.
    pub execution_id: String,
    /// When.
    pub time: SimTime,
    /// Whose.
    pub account: String,
    /// Of what.
    pub contract: ContractId,
    /// Where.
    pub exchange: String,
    /// Which way.
    pub side: ExecutionSide,
    /// How much.
    pub quantity: Decimal,
    /// At what price.
    pub price: Decimal,
    /// Which client's order it was.
    pub client: ClientId,
    /// Which order it was.
    pub order: OrderId,
    /// The broker's number of the order.
    pub permanent_id: PermanentId,
    /// The owner's name for the order.
    pub order_reference: String,
    /// How much of the order was filled, this fill included.
    pub cumulative: Decimal,
    /// At what price on average.
    pub average_price: Decimal,
    /// What it cost in fees.
    pub commission: Decimal,
    /// Currency of price and commission.
    pub currency: String,
    /// What it realized, where it closed something; all commissions deducted.
    pub realized: Option<Decimal>,
}

impl Fill {
    /// Whether it is of an order that was made by hand and that nobody had bound.
    #[must_use]
    pub fn is_manual(&self) -> bool {
        self.client == ClientId(0) && self.order == OrderId(0)
    }
}

/// Cash and holdings of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub name: String,
    /// Dollars at the start.
    pub initial_cash: Decimal,
    /// Dollars now.
    pub cash: Decimal,
    /// By contract; those that were closed stay with quantity 0.
    pub holdings: BTreeMap<ContractId, Holding>,
}

/// What an account is worth and how much of it is tied up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Worth {
    /// Cash and positions.
    pub net_liquidation: Decimal,
    /// Cash alone.
    pub cash: Decimal,
    /// Absolute value of all positions.
    pub gross_position_value: Decimal,
    /// What positions would earn at the marks.
    pub unrealized: Decimal,
    /// What closed trades earned.
    pub realized: Decimal,
    /// Margin to open.
    pub initial_margin: Decimal,
    /// Margin to hold.
    pub maintenance_margin: Decimal,
}

/// The margins that positions tie up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Margin {
    /// To open.
    pub initial: Decimal,
    /// To hold.
    pub maintenance: Decimal,
}

impl Margin {
    /// Of a position of this value: a half and a quarter of it; of futures and currencies 10 and 8 percent.
    #[must_use]
    pub fn of(class: Class, value: Decimal) -> Self {
        let (initial, maintenance) = match class {
            Class::Futures | Class::Forex => (Decimal::new(10, 2), Decimal::new(8, 2)),
            Class::Stocks | Class::Options => (Decimal::new(50, 2), Decimal::new(25, 2)),
        };
        let part = |rate: Decimal| (value.abs() * rate).round_dp(2);
        Self { initial: part(initial), maintenance: part(maintenance) }
    }
}

/// All accounts and all executions.
#[derive(Clone, Debug)]
pub struct Books {
    accounts: BTreeMap<String, Account>,
    fills: Vec<Fill>,
}

impl Books {
    pub(crate) fn new(setups: &[AccountSetup]) -> Self {
        let account = |setup: &AccountSetup| Account {
            name: setup.name.clone(),
            initial_cash: setup.cash,
            cash: setup.cash,
            holdings: BTreeMap::new(),
        };
        let accounts = setups.iter().map(|setup| (setup.name.clone(), account(setup))).collect();
        Self { accounts, fills: Vec::new() }
    }

    /// Every account, by name.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// One account.
    #[must_use]
    pub fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.get(name)
    }

    /// Every fill of the last seven days, oldest first.
    #[must_use]
    pub fn fills(&self) -> &[Fill] {
        &self.fills
    }

    /// Forgets fills before `time`; what they did to cash and holdings stays.
    pub(crate) fn forget_fills_before(&mut self, time: SimTime) {
        self.fills.retain(|fill| fill.time >= time);
    }

    /// Books a fill and completes it with what it realized.
    pub(crate) fn book(&mut self, mut fill: Fill, instrument: &Instrument) -> Option<&Fill> {
        let account = self.accounts.get_mut(&fill.account)?;
        let sign = match fill.side {
            ExecutionSide::Bought => Decimal::ONE,
            ExecutionSide::Sold | ExecutionSide::Other(_) => Decimal::NEGATIVE_ONE,
        };
        let quantity = sign * fill.quantity;
        let value = quantity * fill.price * instrument.factor();
        let holding = account.holdings.entry(fill.contract).or_default();
        fill.realized = holding.fill(quantity, value, fill.commission);
        account.cash += match instrument.class() {
            // A future costs nothing; what it earned comes when it is closed. Until then its cost, opening commission
            // included, counts in what is not realized yet.
            Class::Futures => fill.realized.unwrap_or_default(),
            Class::Stocks | Class::Options | Class::Forex => -(value + fill.commission),
        };
        self.fills.push(fill);
        self.fills.last()
    }

    /// What an account is worth at these marks.
    pub(crate) fn worth<'a>(
        &self,
        name: &str,
        look: impl Fn(ContractId) -> Option<(&'a Instrument, Decimal)>,
    ) -> Worth {
        let Some(account) = self.accounts.get(name) else { return Worth::default() };
        let mut worth = Worth { cash: account.cash, net_liquidation: account.cash, ..Worth::default() };
        for (contract, holding) in &account.holdings {
            worth.realized += holding.realized;
            let Some((instrument, mark)) = look(*contract) else { continue };
            let value = holding.quantity * mark * instrument.factor();
            let unrealized = holding.unrealized(mark, instrument.factor());
            worth.unrealized += unrealized;
            worth.gross_position_value += value.abs();
            worth.net_liquidation += match instrument.class() {
                Class::Futures => unrealized,
                Class::Stocks | Class::Options | Class::Forex => value,
            };
            let margin = Margin::of(instrument.class(), value);
            worth.initial_margin += margin.initial;
            worth.maintenance_margin += margin.maintenance;
        }
        worth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// Fills as (signed quantity, price, commission), then quantity, cost, realized of the holding.
    #[track_caller]
    fn check(fills: &[(&str, &str, &str)], expected: (&str, &str, &str)) {
        let mut holding = Holding::default();
        for (quantity, price, commission) in fills {
            let quantity = decimal(quantity);
            holding.fill(quantity, quantity * decimal(price), decimal(commission));
        }
        let (quantity, cost, realized) = expected;
        let expected = Holding { quantity: decimal(quantity), cost: decimal(cost), realized: decimal(realized) };
        assert_eq!(holding, expected);
    }

    #[test]
    fn holdings_follow_their_fills() {
        check(&[("100", "10", "1")], ("100", "1001", "0"));
        check(&[("100", "10", "1"), ("-100", "11", "1")], ("0", "0", "98"));
        check(&[("100", "10", "1"), ("-50", "11", "1")], ("50", "500.5", "48.5"));
        check(&[("-100", "10", "1")], ("-100", "-999", "0"));
        check(&[("-100", "10", "1"), ("100", "9", "1")], ("0", "0", "98"));
        // Through zero: half of the second commission closes, half opens.
        check(&[("100", "10", "1"), ("-200", "11", "2")], ("-100", "-1099", "98"));
        // A third: rounded shares still add up.
        check(&[("3", "10", "1"), ("-1", "10", "0")], ("2", "20.66666667", "-0.33333333"));
        check(&[("3", "10", "1"), ("-1", "10", "0"), ("-2", "10", "0")], ("0", "0", "-1"));
    }

    #[test]
    fn a_future_moves_cash_only_when_it_is_closed() {
        let catalogue = crate::catalogue::Catalogue::built_in(SimTime(1_381_165_200_000));
        let future = catalogue.by_name("ESZ3").unwrap();
        let mut books = Books::new(&[AccountSetup::new("DU1")]);
        let fill = |side, price: &str| Fill {
            execution_id: String::new(),
            time: SimTime(0),
            account: "DU1".into(),
            contract: future.contract_id,
            exchange: "CME".into(),
            side,
            quantity: Decimal::TWO,
            price: decimal(price),
            client: ClientId(1),
            order: OrderId(1),
            permanent_id: PermanentId(1),
            order_reference: String::new(),
            cumulative: Decimal::TWO,
            average_price: decimal(price),
            commission: decimal("4.50"),
            currency: "USD".into(),
            realized: None,
        };
        let worth = |books: &Books, mark: &str| books.worth("DU1", |_| Some((future, decimal(mark))));
        books.book(fill(ExecutionSide::Bought, "5000"), future);
        assert_eq!(books.account("DU1").unwrap().cash, decimal("1000000"));
        assert_eq!(worth(&books, "5001").net_liquidation, decimal("1000095.50"));
        let sold = books.book(fill(ExecutionSide::Sold, "5010"), future).unwrap();
        assert_eq!(sold.realized, Some(decimal("991")));
        assert_eq!(books.account("DU1").unwrap().cash, decimal("1000991"));
        assert_eq!(worth(&books, "9000").net_liquidation, decimal("1000991"));
    }
}
