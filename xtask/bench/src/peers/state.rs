//! The state of an order with all its fields.

use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct OrderState {
    #[prost(string, optional, tag = "1")]
    pub(crate) status: Option<String>,
    #[prost(double, optional, tag = "2")]
    pub(crate) init_margin_before: Option<f64>,
    #[prost(double, optional, tag = "3")]
    pub(crate) maint_margin_before: Option<f64>,
    #[prost(double, optional, tag = "4")]
    pub(crate) equity_with_loan_before: Option<f64>,
    #[prost(double, optional, tag = "5")]
    pub(crate) init_margin_change: Option<f64>,
    #[prost(double, optional, tag = "6")]
    pub(crate) maint_margin_change: Option<f64>,
    #[prost(double, optional, tag = "7")]
    pub(crate) equity_with_loan_change: Option<f64>,
    #[prost(double, optional, tag = "8")]
    pub(crate) init_margin_after: Option<f64>,
    #[prost(double, optional, tag = "9")]
    pub(crate) maint_margin_after: Option<f64>,
    #[prost(double, optional, tag = "10")]
    pub(crate) equity_with_loan_after: Option<f64>,
    #[prost(double, optional, tag = "11")]
    pub(crate) commission_and_fees: Option<f64>,
    #[prost(double, optional, tag = "12")]
    pub(crate) min_commission_and_fees: Option<f64>,
    #[prost(double, optional, tag = "13")]
    pub(crate) max_commission_and_fees: Option<f64>,
    #[prost(string, optional, tag = "14")]
    pub(crate) commission_and_fees_currency: Option<String>,
    #[prost(string, optional, tag = "15")]
    pub(crate) margin_currency: Option<String>,
    #[prost(double, optional, tag = "16")]
    pub(crate) init_margin_before_outside_rth: Option<f64>,
    #[prost(double, optional, tag = "17")]
    pub(crate) maint_margin_before_outside_rth: Option<f64>,
    #[prost(double, optional, tag = "18")]
    pub(crate) equity_with_loan_before_outside_rth: Option<f64>,
    #[prost(double, optional, tag = "19")]
    pub(crate) init_margin_change_outside_rth: Option<f64>,
    #[prost(double, optional, tag = "20")]
    pub(crate) maint_margin_change_outside_rth: Option<f64>,
    #[prost(double, optional, tag = "21")]
    pub(crate) equity_with_loan_change_outside_rth: Option<f64>,
    #[prost(double, optional, tag = "22")]
    pub(crate) init_margin_after_outside_rth: Option<f64>,
    #[prost(double, optional, tag = "23")]
    pub(crate) maint_margin_after_outside_rth: Option<f64>,
    #[prost(double, optional, tag = "24")]
    pub(crate) equity_with_loan_after_outside_rth: Option<f64>,
    #[prost(string, optional, tag = "25")]
    pub(crate) suggested_size: Option<String>,
    #[prost(string, optional, tag = "26")]
    pub(crate) reject_reason: Option<String>,
    #[prost(message, repeated, tag = "27")]
    pub(crate) order_allocations: Vec<OrderAllocation>,
    #[prost(string, optional, tag = "28")]
    pub(crate) warning_text: Option<String>,
    #[prost(string, optional, tag = "29")]
    pub(crate) completed_time: Option<String>,
    #[prost(string, optional, tag = "30")]
    pub(crate) completed_status: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct OrderAllocation {
    #[prost(string, optional, tag = "1")]
    pub(crate) account: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(crate) position: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(crate) position_desired: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub(crate) position_after: Option<String>,
    #[prost(string, optional, tag = "5")]
    pub(crate) desired_alloc_qty: Option<String>,
    #[prost(string, optional, tag = "6")]
    pub(crate) allowed_alloc_qty: Option<String>,
    #[prost(bool, optional, tag = "7")]
    pub(crate) is_monetary: Option<bool>,
}
