//! [`OrderState`]: what the broker says of an order beside the order itself.

use rust_decimal::Decimal;

use crate::body::body;
use crate::error::Result;
use crate::kinds::Status;
use crate::version::ServerVersion as V;
use crate::wire::{Wire, layout};

body! {
    /// State, margins and commission of an order. Margins are text in one form and doubles in the other.
    OrderState; sparse {
        /// Where it stands.
        1 "status" status: Option<Status>,
        /// Initial margin before it.
        2 "initMarginBefore" initial_margin_before: Option<Decimal>,
        /// Maintenance margin before it.
        3 "maintMarginBefore" maintenance_margin_before: Option<Decimal>,
        /// Equity with loan before it.
        4 "equityWithLoanBefore" equity_with_loan_before: Option<Decimal>,
        /// Change of the initial margin.
        5 "initMarginChange" initial_margin_change: Option<Decimal>,
        /// Change of the maintenance margin.
        6 "maintMarginChange" maintenance_margin_change: Option<Decimal>,
        /// Change of the equity with loan.
        7 "equityWithLoanChange" equity_with_loan_change: Option<Decimal>,
        /// Initial margin after it.
        8 "initMarginAfter" initial_margin_after: Option<Decimal>,
        /// Maintenance margin after it.
        9 "maintMarginAfter" maintenance_margin_after: Option<Decimal>,
        /// Equity with loan after it.
        10 "equityWithLoanAfter" equity_with_loan_after: Option<Decimal>,
        /// Commission and fees.
        11 "commissionAndFees" commission: Option<Decimal>,
        /// The least they can be.
        12 "minCommissionAndFees" commission_min: Option<Decimal>,
        /// The most they can be.
        13 "maxCommissionAndFees" commission_max: Option<Decimal>,
        /// Their currency.
        14 "commissionAndFeesCurrency" commission_currency: String,
        /// Currency of the margins.
        15 "marginCurrency" margin_currency: String,
        /// Initial margin before it, outside regular hours.
        16 "initMarginBeforeOutsideRTH" initial_margin_before_outside_hours: Option<Decimal>,
        /// Maintenance margin before it, outside regular hours.
        17 "maintMarginBeforeOutsideRTH" maintenance_margin_before_outside_hours: Option<Decimal>,
        /// Equity with loan before it, outside regular hours.
        18 "equityWithLoanBeforeOutsideRTH" equity_with_loan_before_outside_hours: Option<Decimal>,
        /// Change of the initial margin outside regular hours.
        19 "initMarginChangeOutsideRTH" initial_margin_change_outside_hours: Option<Decimal>,
        /// Change of the maintenance margin outside regular hours.
        20 "maintMarginChangeOutsideRTH" maintenance_margin_change_outside_hours: Option<Decimal>,
        /// Change of the equity with loan outside regular hours.
        21 "equityWithLoanChangeOutsideRTH" equity_with_loan_change_outside_hours: Option<Decimal>,
        /// Initial margin after it, outside regular hours.
        22 "initMarginAfterOutsideRTH" initial_margin_after_outside_hours: Option<Decimal>,
        /// Maintenance margin after it, outside regular hours.
        23 "maintMarginAfterOutsideRTH" maintenance_margin_after_outside_hours: Option<Decimal>,
        /// Equity with loan after it, outside regular hours.
        24 "equityWithLoanAfterOutsideRTH" equity_with_loan_after_outside_hours: Option<Decimal>,
        /// Size IB suggests instead.
        exact 25 "suggestedSize" suggested_size: Option<Decimal>,
        /// Why it was rejected.
        26 "rejectReason" reject_reason: String,
        /// How an advisor's order is spread over accounts.
        list 27 "orderAllocations" allocations: Vec<OrderAllocation>,
        /// A warning for people.
        28 "warningText" warning: String,
        /// When it was completed.
        29 "completedTime" completed_time: String,
        /// How it was completed.
        30 "completedStatus" completed_status: String,
    }
}

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

body! {
    /// One account's share of an advisor's order.
    OrderAllocation {
        /// The account.
        1 "account" account: String,
        /// Its position.
        exact 2 "position" position: Option<Decimal>,
        /// The position it wants.
        exact 3 "positionDesired" position_desired: Option<Decimal>,
        /// The position after the order.
        exact 4 "positionAfter" position_after: Option<Decimal>,
        /// What it wants of the order.
        exact 5 "desiredAllocQty" desired_quantity: Option<Decimal>,
        /// What it may have of it.
        exact 6 "allowedAllocQty" allowed_quantity: Option<Decimal>,
        /// Whether these are amounts of money.
        7 "isMonetary" is_monetary: bool,
    }
}
