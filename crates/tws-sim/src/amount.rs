//! Exact decimals in files and on the control port, written as a number or as text.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, de::Error};

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Whole(i64),
    /// As the shortest text that means this number, which is what stood there.
    Broken(f64),
    Text(String),
}

/// For `#[serde(deserialize_with)]` of an optional amount.
pub(crate) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    let text = match Option::<Written>::deserialize(deserializer)? {
        None => return Ok(None),
        Some(Written::Whole(number)) => return Ok(Some(number.into())),
        Some(Written::Broken(number)) => number.to_string(),
        Some(Written::Text(text)) => text,
    };
    text.trim().parse().map(Some).map_err(|_| D::Error::custom(format!("{text:?} is not a decimal number")))
}

/// For `#[serde(deserialize_with)]` of an amount.
pub(crate) fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    optional(deserializer)?.ok_or_else(|| D::Error::custom("a number is missing"))
}
