//! [`Holding`]: what an account holds of one contract, and what it earned.

use rust_decimal::Decimal;

use crate::commission::MONEY_DIGITS;

/// What an account holds of one contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Signed number of contracts.
    pub quantity: Decimal,
    /// What it cost, signed as the quantity: prices times multiplier, and the commissions of the opening trades on top.
    pub cost: Decimal,
    /// What closing trades earned so far, all commissions deducted.
    pub realized: Decimal,
    /// What happened since the last midnight in New York.
    pub today: HoldingDay,
}

/// What happened to a holding since the last midnight in New York.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HoldingDay {
    /// What closing trades earned, all commissions deducted.
    pub realized: Decimal,
    /// What the holding was worth when the day began.
    pub value_at_start: Decimal,
    /// What trades cost, those that sold deducted; commissions included.
    pub spent: Decimal,
}

impl Holding {
    /// A holding that was there before the first day, at an average cost of one contract.
    #[must_use]
    pub fn opening(quantity: Decimal, average_cost: Decimal, value: Decimal) -> Self {
        let today = HoldingDay { value_at_start: value, ..HoldingDay::default() };
        Self { quantity, cost: quantity * average_cost, realized: Decimal::ZERO, today }
    }

    /// What one contract cost on average, multiplier and commission included, to eight digits.
    #[must_use]
    pub fn average_cost(&self) -> Decimal {
        self.cost.checked_div(self.quantity).unwrap_or_default().round_dp(MONEY_DIGITS).normalize()
    }

    /// What it is worth at `mark`.
    #[must_use]
    pub fn value(&self, mark: Decimal, multiplier: Decimal) -> Decimal {
        self.quantity * mark * multiplier
    }

    /// What it would earn at `mark`, before the commission of closing it.
    #[must_use]
    pub fn unrealized(&self, mark: Decimal, multiplier: Decimal) -> Decimal {
        self.value(mark, multiplier) - self.cost
    }

    /// What it earned since the day began, all commissions deducted.
    #[must_use]
    pub fn daily(&self, mark: Decimal, multiplier: Decimal) -> Decimal {
        self.value(mark, multiplier) - self.today.value_at_start - self.today.spent
    }

    /// A new day begins.
    pub(crate) fn begin_day(&mut self, mark: Decimal, multiplier: Decimal) {
        self.today = HoldingDay { value_at_start: self.value(mark, multiplier), ..HoldingDay::default() };
    }

    /// Takes a fill in: signed quantity, its value with multiplier (same sign), its commission. Tells what it realized.
    pub(crate) fn fill(&mut self, quantity: Decimal, value: Decimal, commission: Decimal) -> Option<Decimal> {
        self.today.spent += value + commission;
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
        self.today.realized += realized;
        Some(realized)
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
        assert_eq!(
            (holding.quantity, holding.cost, holding.realized),
            (decimal(quantity), decimal(cost), decimal(realized))
        );
        // All of it happened today, so the day earned what was realized and what is not yet.
        let mark = decimal("12.5");
        assert_eq!(holding.daily(mark, Decimal::ONE), holding.realized + holding.unrealized(mark, Decimal::ONE));
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
    fn a_day_counts_from_its_beginning() {
        let mut holding = Holding::opening(decimal("100"), decimal("9"), decimal("1000"));
        assert_eq!(holding.daily(decimal("10"), Decimal::ONE), Decimal::ZERO);
        assert_eq!(holding.unrealized(decimal("10"), Decimal::ONE), decimal("100"));
        holding.fill(decimal("-50"), decimal("-550"), Decimal::ONE);
        assert_eq!(holding.today.realized, decimal("99"));
        assert_eq!(holding.daily(decimal("11"), Decimal::ONE), decimal("99"));
        holding.begin_day(decimal("11"), Decimal::ONE);
        assert_eq!(holding.daily(decimal("12"), Decimal::ONE), decimal("50"));
        assert_eq!((holding.realized, holding.today.realized), (decimal("99"), Decimal::ZERO));
    }
}
