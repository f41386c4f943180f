//! [`Change`]: what of a working order may be changed.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::intent::Intent;
use crate::kind::OrderKind;
use crate::lifetime::TimeInForce;

/// New values for a working order; what is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Change {
    /// New prices; the kind itself must stay.
    pub kind: Option<OrderKind>,
    /// New quantity, what has filled included.
    pub quantity: Option<Decimal>,
    /// New time in force.
    pub time_in_force: Option<TimeInForce>,
}

impl Change {
    /// The intent as it would be.
    #[must_use]
    pub fn applied_to(&self, intent: &Intent) -> Intent {
        let mut changed = intent.clone();
        if let Some(kind) = &self.kind {
            changed.kind = kind.clone();
        }
        if let Some(quantity) = self.quantity {
            changed.quantity = quantity;
        }
        if let Some(time_in_force) = &self.time_in_force {
            changed.time_in_force = time_in_force.clone();
        }
        changed
    }
}
