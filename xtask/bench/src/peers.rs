//! Messages as `prost` users declare them. Only the fields that the measured messages set are declared: that favours the
//! peer, whose full order would have 145 of them, each looked at when one is written.

use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct TickPrice {
    #[prost(int32, optional, tag = "1")]
    pub(crate) request_id: Option<i32>,
    #[prost(int32, optional, tag = "2")]
    pub(crate) kind: Option<i32>,
    #[prost(double, optional, tag = "3")]
    pub(crate) price: Option<f64>,
    #[prost(string, optional, tag = "4")]
    pub(crate) size: Option<String>,
    #[prost(int32, optional, tag = "5")]
    pub(crate) attributes: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct PlaceOrder {
    #[prost(int32, optional, tag = "1")]
    pub(crate) order_id: Option<i32>,
    #[prost(message, optional, tag = "2")]
    pub(crate) contract: Option<Contract>,
    #[prost(message, optional, tag = "3")]
    pub(crate) order: Option<Order>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct OpenOrder {
    #[prost(int32, optional, tag = "1")]
    pub(crate) order_id: Option<i32>,
    #[prost(message, optional, tag = "2")]
    pub(crate) contract: Option<Contract>,
    #[prost(message, optional, tag = "3")]
    pub(crate) order: Option<Order>,
    #[prost(message, optional, tag = "4")]
    pub(crate) state: Option<OrderState>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Contract {
    #[prost(int32, optional, tag = "1")]
    pub(crate) contract_id: Option<i32>,
    #[prost(string, optional, tag = "2")]
    pub(crate) symbol: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(crate) security_type: Option<String>,
    #[prost(string, optional, tag = "8")]
    pub(crate) exchange: Option<String>,
    #[prost(string, optional, tag = "10")]
    pub(crate) currency: Option<String>,
    #[prost(string, optional, tag = "11")]
    pub(crate) local_symbol: Option<String>,
    #[prost(string, optional, tag = "12")]
    pub(crate) trading_class: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Order {
    #[prost(int32, optional, tag = "1")]
    pub(crate) client_id: Option<i32>,
    #[prost(int32, optional, tag = "2")]
    pub(crate) order_id: Option<i32>,
    #[prost(int64, optional, tag = "3")]
    pub(crate) permanent_id: Option<i64>,
    #[prost(int32, optional, tag = "4")]
    pub(crate) parent_id: Option<i32>,
    #[prost(string, optional, tag = "5")]
    pub(crate) action: Option<String>,
    #[prost(string, optional, tag = "6")]
    pub(crate) total_quantity: Option<String>,
    #[prost(int32, optional, tag = "7")]
    pub(crate) display_size: Option<i32>,
    #[prost(string, optional, tag = "8")]
    pub(crate) order_type: Option<String>,
    #[prost(double, optional, tag = "9")]
    pub(crate) limit_price: Option<f64>,
    #[prost(string, optional, tag = "11")]
    pub(crate) time_in_force: Option<String>,
    #[prost(string, optional, tag = "12")]
    pub(crate) account: Option<String>,
    #[prost(string, optional, tag = "28")]
    pub(crate) order_reference: Option<String>,
    #[prost(int32, optional, tag = "30")]
    pub(crate) oca_type: Option<i32>,
    #[prost(int32, optional, tag = "31")]
    pub(crate) trigger_method: Option<i32>,
    #[prost(bool, optional, tag = "66")]
    pub(crate) transmit: Option<bool>,
    #[prost(int32, optional, tag = "69")]
    pub(crate) origin: Option<i32>,
    #[prost(int32, optional, tag = "70")]
    pub(crate) short_sale_slot: Option<i32>,
    #[prost(int32, optional, tag = "72")]
    pub(crate) exempt_code: Option<i32>,
    #[prost(double, optional, tag = "76")]
    pub(crate) discretionary_amount: Option<f64>,
    #[prost(int32, optional, tag = "98")]
    pub(crate) adjustable_trailing_unit: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct OrderState {
    #[prost(string, optional, tag = "1")]
    pub(crate) status: Option<String>,
    #[prost(double, optional, tag = "11")]
    pub(crate) commission: Option<f64>,
    #[prost(string, optional, tag = "14")]
    pub(crate) commission_currency: Option<String>,
}
