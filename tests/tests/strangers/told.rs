//! What the driver of IB's Python client prints: everything the client was told, numbers as text.

use anyhow::{Context, Result};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

/// One run of `strangers/ibapi/session.py`.
#[derive(Debug, Deserialize)]
pub(crate) struct Told {
    pub(crate) failure: Option<String>,
    pub(crate) script: Script,
    pub(crate) heard: Heard,
}

/// What the driver did.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Script {
    pub(crate) server_version: Option<i32>,
    pub(crate) far: Option<Placed>,
    pub(crate) near: Option<Placed>,
}

/// An order as the driver placed it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Placed {
    pub(crate) order_id: i32,
    #[serde(deserialize_with = "number")]
    pub(crate) limit: Decimal,
    #[serde(deserialize_with = "number")]
    pub(crate) quantity: Decimal,
    pub(crate) order_ref: String,
}

/// What the client's callbacks said.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Heard {
    pub(crate) next_valid_id: Option<i32>,
    pub(crate) managed_accounts: Option<String>,
    pub(crate) contracts: Vec<Contract>,
    pub(crate) prices: Vec<Price>,
    pub(crate) sizes: Vec<Size>,
    pub(crate) open_orders: Vec<OpenOrder>,
    pub(crate) order_statuses: Vec<OrderStatus>,
    pub(crate) executions: Vec<Execution>,
    pub(crate) commissions: Vec<Commission>,
    pub(crate) errors: Vec<Notice>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Contract {
    pub(crate) con_id: i32,
    pub(crate) symbol: String,
    pub(crate) sec_type: String,
    pub(crate) currency: String,
    pub(crate) exchange: String,
    #[serde(deserialize_with = "number")]
    pub(crate) min_tick: Decimal,
    pub(crate) long_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Price {
    pub(crate) tick_type: i32,
    #[serde(deserialize_with = "number")]
    pub(crate) price: Decimal,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Size {
    pub(crate) tick_type: i32,
    #[serde(deserialize_with = "number")]
    pub(crate) size: Decimal,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OpenOrder {
    pub(crate) order_id: i32,
    pub(crate) con_id: i32,
    pub(crate) symbol: String,
    pub(crate) action: String,
    pub(crate) order_type: String,
    #[serde(deserialize_with = "number")]
    pub(crate) total_quantity: Decimal,
    #[serde(deserialize_with = "number")]
    pub(crate) lmt_price: Decimal,
    pub(crate) tif: String,
    pub(crate) account: String,
    pub(crate) order_ref: String,
    pub(crate) perm_id: i64,
    pub(crate) client_id: i32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderStatus {
    pub(crate) order_id: i32,
    pub(crate) status: String,
    #[serde(deserialize_with = "number")]
    pub(crate) filled: Decimal,
    #[serde(deserialize_with = "number")]
    pub(crate) remaining: Decimal,
    #[serde(deserialize_with = "number")]
    pub(crate) avg_fill_price: Decimal,
    pub(crate) perm_id: i64,
    pub(crate) client_id: i32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Execution {
    pub(crate) order_id: i32,
    pub(crate) exec_id: String,
    pub(crate) time: String,
    pub(crate) con_id: i32,
    pub(crate) symbol: String,
    pub(crate) account: String,
    pub(crate) side: String,
    #[serde(deserialize_with = "number")]
    pub(crate) shares: Decimal,
    #[serde(deserialize_with = "number")]
    pub(crate) price: Decimal,
    #[serde(deserialize_with = "number")]
    pub(crate) cum_qty: Decimal,
    #[serde(deserialize_with = "number")]
    pub(crate) avg_price: Decimal,
    pub(crate) perm_id: i64,
    pub(crate) client_id: i32,
    pub(crate) order_ref: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Commission {
    pub(crate) exec_id: String,
    #[serde(deserialize_with = "number")]
    pub(crate) commission: Decimal,
    pub(crate) currency: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Notice {
    pub(crate) id: i32,
    pub(crate) code: i32,
    pub(crate) text: String,
}

impl Told {
    /// Reads what the driver printed.
    pub(crate) fn parse(printed: &str) -> Result<Self> {
        serde_json::from_str(printed).with_context(|| format!("the driver printed something else:\n{printed}"))
    }

    /// Everything but the ticks, which are many, for whoever has to find out what went wrong.
    pub(crate) fn story(&self) -> String {
        let Heard { contracts, prices, sizes, open_orders, order_statuses, executions, commissions, errors, .. } =
            &self.heard;
        format!(
            "script {:#?}\ncontracts {contracts:#?}\n{} prices, {} sizes\nopen orders {open_orders:#?}\n\
             statuses {order_statuses:#?}\nexecutions {executions:#?}\ncommissions {commissions:#?}\n\
             notices {errors:#?}",
            self.script,
            prices.len(),
            sizes.len()
        )
    }
}

/// A number as Python prints it: `184.5`, `1E+2`, `100`.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let text = String::deserialize(deserializer)?;
    let parsed = if text.contains(['e', 'E']) { Decimal::from_scientific(&text) } else { text.parse() };
    parsed.map(|number| number.normalize()).map_err(|error| D::Error::custom(format!("{text}: {error}")))
}
