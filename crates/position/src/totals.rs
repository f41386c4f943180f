//! [`Totals`]: profit and loss of several positions in one currency.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::exact;

/// Profit and loss in one currency. Currencies are never added to each other.
///
/// An amount is `None` where it is not known: no mark for an open position, or more than a decimal can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Profit of what was closed, before commission.
    pub realised: Option<Decimal>,
    /// Profit if all was closed at the marks, before commission; `None` while an open position has no mark.
    pub unrealised: Option<Decimal>,
    /// Commission in this currency, as far as told; positive is paid.
    pub commission: Option<Decimal>,
    /// Fills of these positions whose commission is not told yet: until 0, net figures are pending.
    pub commissions_pending: u32,
    /// Open positions without a mark.
    pub unmarked: u32,
}

impl Default for Totals {
    fn default() -> Self {
        let zero = Some(Decimal::ZERO);
        Self { realised: zero, unrealised: zero, commission: zero, commissions_pending: 0, unmarked: 0 }
    }
}

impl Totals {
    /// Realised less commission.
    #[must_use]
    pub fn realised_net(&self) -> Option<Decimal> {
        exact::subtract(self.realised?, self.commission?)
    }

    /// Realised and unrealised less commission.
    #[must_use]
    pub fn net(&self) -> Option<Decimal> {
        exact::add(self.realised_net()?, self.unrealised?)
    }

    /// Whether commissions are still to come.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.commissions_pending > 0
    }
}

/// The sum of what is known, `None` from the first thing that is not.
pub(crate) fn sum(total: Option<Decimal>, next: Option<Decimal>) -> Option<Decimal> {
    exact::add(total?, next?)
}
