//! What the fields of commands hold: whatever is something else is a fault that names the field.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

/// What a field holds, in whatever command it stands.
#[derive(Clone, Copy)]
enum Holds {
    /// A price or a quantity, as text or as a whole number; of an exit, an object that has one.
    Amount,
    Text,
    /// A whole number from 0 up to this.
    Whole(u64),
    Flag,
    Side,
    /// An object, which looks like this.
    Object(&'static str),
    /// Several orders.
    Orders,
}

/// Fields by what they hold.
const FIELDS: [(Holds, &[&str]); 8] = [
    (
        Holds::Amount,
        &[
            "quantity",
            "limit_price",
            "stop_price",
            "trail_amount",
            "trail_percent",
            "strike",
            "take_profit",
            "stop_loss",
        ],
    ),
    (
        Holds::Text,
        &[
            "ref",
            "kind",
            "tif",
            "account",
            "strategy",
            "symbol",
            "sec_type",
            "exchange",
            "primary_exchange",
            "currency",
            "expiry",
            "right",
            "by",
            "reason",
            "control",
            "perm_id",
        ],
    ),
    (Holds::Whole(i32::MAX as u64), &["con_id"]),
    (Holds::Whole(u64::MAX), &["waiver", "number"]),
    (Holds::Flag, &["outside_rth"]),
    (Holds::Object("a contract, such as {\"symbol\": \"IBM\"}"), &["contract"]),
    (Holds::Object("an order"), &["entry"]),
    (Holds::Orders, &["orders"]),
];

/// Words for the sides.
const SIDES: [&str; 6] = ["BUY", "buy", "B", "SELL", "sell", "S"];

fn holds(name: &str) -> Option<Holds> {
    if name == "side" {
        return Some(Holds::Side);
    }
    FIELDS.iter().find(|(_, names)| names.contains(&name)).map(|(holds, _)| *holds)
}

/// Looks at every field, makes text of whole numbers that stand for amounts, and takes away what is null: that is as if it
/// were not there.
pub(super) fn check(fields: &mut Map<String, Value>) -> Result<(), String> {
    fields.retain(|name, value| !value.is_null() || holds(name).is_none());
    for (name, value) in fields.iter_mut() {
        // Prices and quantities must not go through a binary float.
        if let Value::Number(number) = value
            && number.is_f64()
        {
            return Err(format!("`{name}`: {number} is not exact as a number: write it as text, such as \"10.05\""));
        }
        let holds = holds(name);
        if matches!((holds, &*value), (Some(Holds::Amount), Value::Object(_))) {
            // That of an exit.
        } else if let Some(holds) = holds {
            check_one(holds, value).map_err(|should| format!("`{name}` is {value}, and should be {should}"))?;
        }
        match value {
            Value::Object(fields) => check(fields)?,
            Value::Array(values) => values.iter_mut().filter_map(Value::as_object_mut).try_for_each(check)?,
            _ => {}
        }
    }
    Ok(())
}

/// What one field should hold, where it does not.
fn check_one(holds: Holds, value: &mut Value) -> Result<(), String> {
    let fits = match holds {
        Holds::Amount => {
            if let Value::Number(number) = value {
                *value = Value::String(number.to_string());
            }
            value.as_str().is_some_and(is_amount)
        }
        Holds::Text => value.is_string(),
        Holds::Whole(most) => value.as_u64().is_some_and(|number| number <= most),
        Holds::Flag => value.is_boolean(),
        Holds::Side => value.as_str().is_some_and(|word| SIDES.contains(&word)),
        Holds::Object(_) => value.is_object(),
        Holds::Orders => value.as_array().is_some_and(|orders| orders.iter().all(Value::is_object)),
    };
    let should = match holds {
        _ if fits => return Ok(()),
        Holds::Amount => "a number in text, such as \"10.05\"".to_owned(),
        Holds::Text => "text".to_owned(),
        Holds::Whole(most) => format!("a whole number up to {most}"),
        Holds::Flag => "true or false".to_owned(),
        Holds::Side => "\"BUY\" or \"SELL\"".to_owned(),
        Holds::Object(like) => like.to_owned(),
        Holds::Orders => "a list of orders".to_owned(),
    };
    Err(should)
}

/// Digits, a sign and a point: what else a decimal may be spelled with is more often a slip.
fn is_amount(text: &str) -> bool {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.'));
    is_plain && text.parse::<Decimal>().is_ok()
}
