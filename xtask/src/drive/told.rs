//! What events and answers say, as JSON.

use order::OrderUpdate;
use serde_json::{Value, json};
use trader::Quote;

/// An order of others.
pub(super) fn external_json(order: &order::ExternalOrder) -> Value {
    json!({
        "perm_id": order.permanent_id.to_string(),
        "account": order.account,
        "con_id": order.contract_id.map(|id| id.0),
        "symbol": order.symbol,
        "side": order.side.map(side_text),
        "remaining": order.remaining,
        "reference": order.reference,
        "ignored": order.is_ignored,
    })
}

/// An alarm that stands.
pub(super) fn alarm_json(alarm: &trader::OpenAlarm) -> Value {
    json!({"number": alarm.number, "code": alarm.code, "detail": alarm.text, "since_us": alarm.since.0})
}

/// An object as an event of this name.
pub(super) fn tagged(event: &str, mut object: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.insert("event".to_owned(), event.into());
    }
    object
}

/// Where the trader stands.
pub(super) fn state_json(state: &trader::TraderState) -> Value {
    json!({"name": state.phase.to_string(), "reason": state.reason, "epoch": state.epoch})
}

/// Where an order stands.
pub(super) fn order_json(update: &OrderUpdate, reference: Option<&str>) -> Value {
    let permanent_ids: Vec<String> = update.permanent_ids.iter().map(ToString::to_string).collect();
    json!({
        "ref": reference,
        "intent": update.intent.to_string(),
        "order_id": update.order_id.0,
        "perm_ids": permanent_ids,
        "symbol": update.symbol,
        "side": side_text(update.side),
        "state": update.state.name(),
        "quantity": update.quantity,
        "filled": update.filled,
        "remaining": update.working.saturating_add(update.unknown),
        "unknown": update.unknown,
        "average_price": update.average_price,
        "reason": update.reason,
    })
}

/// A position.
pub(super) fn position_json(account: &str, contract_id: i32, symbol: &str, position: &position::Position) -> Value {
    json!({
        "account": account,
        "con_id": contract_id,
        "symbol": symbol,
        "quantity": position.quantity,
        "average_cost": position.average_cost(),
    })
}

/// A quote, as an event.
pub(super) fn quote_json(quote: &Quote) -> Value {
    json!({
        "event": "quote",
        "con_id": quote.contract_id.0,
        "symbol": quote.symbol,
        "bid": quote.bid,
        "bid_size": quote.bid_size,
        "ask": quote.ask,
        "ask_size": quote.ask_size,
        "last": quote.last,
        "last_size": quote.last_size,
        "halted": quote.trading == trader::Trading::Halted,
    })
}

/// A side as orders name it.
pub(super) const fn side_text(side: order::Side) -> &'static str {
    match side {
        order::Side::Buy => "BUY",
        order::Side::Sell => "SELL",
    }
}

/// The id as the broker wrote it: the revision is its last segment.
pub(super) fn execution_id(root: &str, revision: u32) -> String {
    if revision == 0 { root.to_owned() } else { format!("{root}.{revision:02}") }
}
