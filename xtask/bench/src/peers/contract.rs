//! A contract with all its fields.

use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Contract {
    #[prost(int32, optional, tag = "1")]
    pub(crate) con_id: Option<i32>,
    #[prost(string, optional, tag = "2")]
    pub(crate) symbol: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(crate) sec_type: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub(crate) last_trade_date_or_contract_month: Option<String>,
    #[prost(double, optional, tag = "5")]
    pub(crate) strike: Option<f64>,
    #[prost(string, optional, tag = "6")]
    pub(crate) right: Option<String>,
    #[prost(double, optional, tag = "7")]
    pub(crate) multiplier: Option<f64>,
    #[prost(string, optional, tag = "8")]
    pub(crate) exchange: Option<String>,
    #[prost(string, optional, tag = "9")]
    pub(crate) primary_exch: Option<String>,
    #[prost(string, optional, tag = "10")]
    pub(crate) currency: Option<String>,
    #[prost(string, optional, tag = "11")]
    pub(crate) local_symbol: Option<String>,
    #[prost(string, optional, tag = "12")]
    pub(crate) trading_class: Option<String>,
    #[prost(string, optional, tag = "13")]
    pub(crate) sec_id_type: Option<String>,
    #[prost(string, optional, tag = "14")]
    pub(crate) sec_id: Option<String>,
    #[prost(string, optional, tag = "15")]
    pub(crate) description: Option<String>,
    #[prost(string, optional, tag = "16")]
    pub(crate) issuer_id: Option<String>,
    #[prost(message, optional, tag = "17")]
    pub(crate) delta_neutral_contract: Option<DeltaNeutralContract>,
    #[prost(bool, optional, tag = "18")]
    pub(crate) include_expired: Option<bool>,
    #[prost(string, optional, tag = "19")]
    pub(crate) combo_legs_descrip: Option<String>,
    #[prost(message, repeated, tag = "20")]
    pub(crate) combo_legs: Vec<ComboLeg>,
    #[prost(string, optional, tag = "21")]
    pub(crate) last_trade_date: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ComboLeg {
    #[prost(int32, optional, tag = "1")]
    pub(crate) con_id: Option<i32>,
    #[prost(int32, optional, tag = "2")]
    pub(crate) ratio: Option<i32>,
    #[prost(string, optional, tag = "3")]
    pub(crate) action: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub(crate) exchange: Option<String>,
    #[prost(int32, optional, tag = "5")]
    pub(crate) open_close: Option<i32>,
    #[prost(int32, optional, tag = "6")]
    pub(crate) short_sales_slot: Option<i32>,
    #[prost(string, optional, tag = "7")]
    pub(crate) designated_location: Option<String>,
    #[prost(int32, optional, tag = "8")]
    pub(crate) exempt_code: Option<i32>,
    #[prost(double, optional, tag = "9")]
    pub(crate) per_leg_price: Option<f64>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct DeltaNeutralContract {
    #[prost(int32, optional, tag = "1")]
    pub(crate) con_id: Option<i32>,
    #[prost(double, optional, tag = "2")]
    pub(crate) delta: Option<f64>,
    #[prost(double, optional, tag = "3")]
    pub(crate) price: Option<f64>,
}
