//! [`OrderState`]: what the broker says of an order beside the order itself.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::kinds::Status;
use crate::version::ServerVersion as V;
use crate::wire::{Wire, layout};

/// State, margins and commission of an order. Margins are text in one form and doubles in the other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrderState {
    /// Where it stands. Wire name `status`.
    pub status: Option<Status>,
    /// Initial margin before it. Wire name `initMarginBefore`.
    pub initial_margin_before: Option<Decimal>,
    /// Maintenance margin before it. Wire name `maintMarginBefore`.
    pub maintenance_margin_before: Option<Decimal>,
    /// Equity with loan before it. Wire name `equityWithLoanBefore`.
    pub equity_with_loan_before: Option<Decimal>,
    /// Change of the initial margin. Wire name `initMarginChange`.
    pub initial_margin_change: Option<Decimal>,
    /// Change of the maintenance margin. Wire name `maintMarginChange`.
    pub maintenance_margin_change: Option<Decimal>,
    /// Change of the equity with loan. Wire name `equityWithLoanChange`.
    pub equity_with_loan_change: Option<Decimal>,
    /// Initial margin after it. Wire name `initMarginAfter`.
    pub initial_margin_after: Option<Decimal>,
    /// Maintenance margin after it. Wire name `maintMarginAfter`.
    pub maintenance_margin_after: Option<Decimal>,
    /// Equity with loan after it. Wire name `equityWithLoanAfter`.
    pub equity_with_loan_after: Option<Decimal>,
    /// Commission and fees. Wire name `commissionAndFees`.
    pub commission: Option<Decimal>,
    /// The least they can be. Wire name `minCommissionAndFees`.
    pub commission_min: Option<Decimal>,
    /// The most they can be. Wire name `maxCommissionAndFees`.
    pub commission_max: Option<Decimal>,
    /// Their currency. Wire name `commissionAndFeesCurrency`.
    pub commission_currency: String,
    /// Currency of the margins. Wire name `marginCurrency`.
    pub margin_currency: String,
    /// Initial margin before it, outside regular hours. Wire name `initMarginBeforeOutsideRTH`.
    pub initial_margin_before_outside_hours: Option<Decimal>,
    /// Maintenance margin before it, outside regular hours. Wire name `maintMarginBeforeOutsideRTH`.
    pub maintenance_margin_before_outside_hours: Option<Decimal>,
    /// Equity with loan before it, outside regular hours. Wire name `equityWithLoanBeforeOutsideRTH`.
    pub equity_with_loan_before_outside_hours: Option<Decimal>,
    /// Change of the initial margin outside regular hours. Wire name `initMarginChangeOutsideRTH`.
    pub initial_margin_change_outside_hours: Option<Decimal>,
    /// Change of the maintenance margin outside regular hours. Wire name `maintMarginChangeOutsideRTH`.
    pub maintenance_margin_change_outside_hours: Option<Decimal>,
    /// Change of the equity with loan outside regular hours. Wire name `equityWithLoanChangeOutsideRTH`.
    pub equity_with_loan_change_outside_hours: Option<Decimal>,
    /// Initial margin after it, outside regular hours. Wire name `initMarginAfterOutsideRTH`.
    pub initial_margin_after_outside_hours: Option<Decimal>,
    /// Maintenance margin after it, outside regular hours. Wire name `maintMarginAfterOutsideRTH`.
    pub maintenance_margin_after_outside_hours: Option<Decimal>,
    /// Equity with loan after it, outside regular hours. Wire name `equityWithLoanAfterOutsideRTH`.
    pub equity_with_loan_after_outside_hours: Option<Decimal>,
    /// Size IB suggests instead. Wire name `suggestedSize`.
    pub suggested_size: Option<Decimal>,
    /// Why it was rejected. Wire name `rejectReason`.
    pub reject_reason: String,
    /// How an advisor's order is spread over accounts. Wire name `orderAllocations`.
    pub allocations: Vec<OrderAllocation>,
    /// A warning for people. Wire name `warningText`.
    pub warning: String,
    /// When it was completed. Wire name `completedTime`.
    pub completed_time: String,
    /// How it was completed. Wire name `completedStatus`.
    pub completed_status: String,
}

layout!(OrderState {
    1 status, 2 initial_margin_before, 3 maintenance_margin_before, 4 equity_with_loan_before, 5 initial_margin_change,
    6 maintenance_margin_change, 7 equity_with_loan_change, 8 initial_margin_after, 9 maintenance_margin_after,
    10 equity_with_loan_after, 11 commission, 12 commission_min, 13 commission_max, 14 commission_currency, 15 margin_currency,
    16 initial_margin_before_outside_hours, 17 maintenance_margin_before_outside_hours,
    18 equity_with_loan_before_outside_hours, 19 initial_margin_change_outside_hours,
    20 maintenance_margin_change_outside_hours, 21 equity_with_loan_change_outside_hours,
    22 initial_margin_after_outside_hours, 23 maintenance_margin_after_outside_hours,
    24 equity_with_loan_after_outside_hours, exact 25 suggested_size, 26 reject_reason, list 27 allocations, 28 warning,
    29 completed_time, 30 completed_status
});

impl OrderState {
    /// As it stands inside an open order; a margin that is not known is the maximum.
    pub(crate) fn text_of_open_order(&mut self, w: &mut Wire<'_>) -> Result<()> {
        layout!(w, self; 1 status, maxed 2 initial_margin_before, maxed 3 maintenance_margin_before,
            maxed 4 equity_with_loan_before, maxed 5 initial_margin_change, maxed 6 maintenance_margin_change,
            maxed 7 equity_with_loan_change, maxed 8 initial_margin_after, maxed 9 maintenance_margin_after,
            maxed 10 equity_with_loan_after, 11 commission, 12 commission_min, 13 commission_max, 14 commission_currency);
        layout!(w, self; gated(V::FULL_ORDER_PREVIEW_FIELDS) 15 margin_currency,
            gated(V::FULL_ORDER_PREVIEW_FIELDS) 16 initial_margin_before_outside_hours,
            gated(V::FULL_ORDER_PREVIEW_FIELDS) 17 maintenance_margin_before_outside_hours,
            gated(V::FULL_ORDER_PREVIEW_FIELDS) 18 equity_with_loan_before_outside_hours,
            gated(V::FULL_ORDER_PREVIEW_FIELDS) 19 initial_margin_change_outside_hours,
            gated(V::FULL_ORDER_PREVIEW_FIELDS) 20 maintenance_margin_change_outside_hours,
            gated(V::FULL_ORDER_PREVIEW_FIELDS) 21 equity_with_loan_change_outside_hours,
            gated(V::FULL_ORDER_PREVIEW_FIELDS) 22 initial_margin_after_outside_hours,
            gated(V::FULL_ORDER_PREVIEW_FIELDS) 23 maintenance_margin_after_outside_hours,
            gated(V::FULL_ORDER_PREVIEW_FIELDS) 24 equity_with_loan_after_outside_hours,
            gated(V::FULL_ORDER_PREVIEW_FIELDS) 25 suggested_size, gated(V::FULL_ORDER_PREVIEW_FIELDS) 26 reject_reason,
            gated_list(V::FULL_ORDER_PREVIEW_FIELDS) 27 allocations);
        layout!(w, self; 28 warning, proto_only 29 completed_time, proto_only 30 completed_status);
        Ok(())
    }

    /// What a completed order does not tell in text: all but the status and how it was completed.
    pub(crate) fn text_of_completed_order(&mut self, w: &mut Wire<'_>) -> Result<()> {
        layout!(w, self; proto_only 2 initial_margin_before, proto_only 3 maintenance_margin_before,
            proto_only 4 equity_with_loan_before, proto_only 5 initial_margin_change, proto_only 6 maintenance_margin_change,
            proto_only 7 equity_with_loan_change, proto_only 8 initial_margin_after, proto_only 9 maintenance_margin_after,
            proto_only 10 equity_with_loan_after, proto_only 11 commission, proto_only 12 commission_min,
            proto_only 13 commission_max, proto_only 14 commission_currency, proto_only 15 margin_currency,
            proto_only 16 initial_margin_before_outside_hours, proto_only 17 maintenance_margin_before_outside_hours,
            proto_only 18 equity_with_loan_before_outside_hours, proto_only 19 initial_margin_change_outside_hours,
            proto_only 20 maintenance_margin_change_outside_hours, proto_only 21 equity_with_loan_change_outside_hours,
            proto_only 22 initial_margin_after_outside_hours, proto_only 23 maintenance_margin_after_outside_hours,
            proto_only 24 equity_with_loan_after_outside_hours, proto_only 25 suggested_size, proto_only 26 reject_reason,
            proto_only_list 27 allocations, proto_only 28 warning);
        Ok(())
    }
}

/// One account's share of an advisor's order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderAllocation {
    /// The account. Wire name `account`.
    pub account: String,
    /// Its position. Wire name `position`.
    pub position: Option<Decimal>,
    /// The position it wants. Wire name `positionDesired`.
    pub position_desired: Option<Decimal>,
    /// The position after the order. Wire name `positionAfter`.
    pub position_after: Option<Decimal>,
    /// What it wants of the order. Wire name `desiredAllocQty`.
    pub desired_quantity: Option<Decimal>,
    /// What it may have of it. Wire name `allowedAllocQty`.
    pub allowed_quantity: Option<Decimal>,
    /// Whether these are amounts of money. Wire name `isMonetary`.
    pub is_monetary: bool,
}
layout!(OrderAllocation {
    1 account, exact 2 position, exact 3 position_desired, exact 4 position_after, exact 5 desired_quantity,
    exact 6 allowed_quantity, 7 is_monetary
});
