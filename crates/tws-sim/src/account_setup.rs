//! [`AccountSetup`]: what an account has before the first day.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use tws_proto::ids::ContractId;

/// One account of the simulated login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSetup {
    /// Its number; `DU` in front for a paper account.
    pub name: String,
    /// What it starts with in its base currency.
    pub cash: Decimal,
    /// The currency it is reported in.
    pub base_currency: String,
    /// What it starts with in other currencies.
    pub other_cash: BTreeMap<String, Decimal>,
    /// What it holds at the start. That was paid before: the cash is what is left.
    pub positions: BTreeMap<ContractId, OpeningPosition>,
}

/// A position that an account has at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpeningPosition {
    /// Signed number of contracts.
    pub quantity: Decimal,
    /// At what price it was opened on average, commissions included.
    pub average_price: Decimal,
}

impl AccountSetup {
    /// An account with a million dollars.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            cash: Decimal::from(1_000_000),
            base_currency: "USD".to_owned(),
            other_cash: BTreeMap::new(),
            positions: BTreeMap::new(),
        }
    }
}
