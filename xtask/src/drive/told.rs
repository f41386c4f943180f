//! What events and answers say, as JSON.

use order::{Distance, OrderKind, OrderUpdate, State};
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

/// What an order would do.
pub(super) fn preview_json(state: &trader::OrderState) -> Value {
    json!({
        "initial_margin": {
            "before": state.initial_margin_before,
            "change": state.initial_margin_change,
            "after": state.initial_margin_after,
        },
        "maintenance_margin": {
            "before": state.maintenance_margin_before,
            "change": state.maintenance_margin_change,
            "after": state.maintenance_margin_after,
        },
        "equity_with_loan": {
            "before": state.equity_with_loan_before,
            "change": state.equity_with_loan_change,
            "after": state.equity_with_loan_after,
        },
        "margin_currency": state.margin_currency,
        "commission": state.commission,
        "commission_min": state.commission_min,
        "commission_max": state.commission_max,
        "commission_currency": state.commission_currency,
        "warning": state.warning,
    })
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
        "reason": reason(&update.state, &update.reason),
    })
}

/// Why an order stands there: in the words of TWS, or, where TWS said nothing of a state that nobody asked for, in ours.
fn reason<'a>(state: &State, told: &'a str) -> &'a str {
    if !told.is_empty() {
        return told;
    }
    match state {
        State::Unknown(_) => "TWS has not answered what became of it; it may be live, and is looked for",
        State::Suspended => "TWS calls it inactive and does not say why; it may still fill",
        State::Lost => {
            "TWS has it in no list, so it never arrived; submit under another `ref` what is still wanted of it"
        }
        State::Rejected => "TWS refused it and did not say why",
        State::Expired => "its time was up",
        State::Sent | State::Working(_) | State::Held | State::Filled | State::Cancelled => told,
    }
}

/// An order, with what was asked for.
pub(super) fn order_row(order: &order::Tracked, reference: Option<&str>) -> Value {
    let mut row = order_json(&order.update(), reference);
    let (kind, trail) = (&order.intent.kind, order.intent.kind.clone());
    let (amount, percent, begin) = match trail {
        OrderKind::Trail { distance: Distance::Amount(amount), stop_price } => (Some(amount), None, stop_price),
        OrderKind::Trail { distance: Distance::Percent(percent), stop_price } => (None, Some(percent), stop_price),
        _ => (None, None, None), // only this one trails here
    };
    let word = match kind {
        OrderKind::MarketOnOpen => "MOO".to_owned(),
        OrderKind::LimitOnOpen { .. } => "LOO".to_owned(),
        other => other.order_type().to_string(),
    };
    row["account"] = json!(order.intent.account);
    row["kind"] = json!(word);
    row["limit_price"] = json!(kind.limit_price());
    row["stop_price"] = json!(kind.trigger_price().or(begin));
    row["trail_amount"] = json!(amount);
    row["trail_percent"] = json!(percent);
    row["tif"] = json!(order.intent.time_in_force.word().to_string());
    row
}

/// An execution, with the instrument as far as the books know it.
pub(super) fn fill_row(
    books: &trader::Books,
    root: &str,
    execution: &order::Execution,
    reference: Option<&str>,
) -> Value {
    let held = execution.contract_id.and_then(|id| books.ledger.instrument(id));
    let symbol = held.map(|instrument| instrument.symbol.to_string()).or_else(|| {
        let order = execution.intent.and_then(|intent| books.orders.get(intent))?;
        Some(order.intent.contract.symbol.clone())
    });
    json!({
        "exec_id": execution_id(root, execution.revision),
        "revision": execution.revision,
        "ref": reference,
        "account": execution.account,
        "con_id": execution.contract_id.map(|id| id.0),
        "symbol": symbol,
        "side": side_text(execution.side),
        "quantity": execution.quantity,
        "price": execution.price,
        "commission": execution.cost.as_ref().map(|cost| cost.amount),
        "inferred": execution.is_inferred,
        "at_us": execution.at.0,
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

#[cfg(test)]
mod tests {
    use order::Acknowledgement;

    use super::*;

    #[test]
    fn what_nobody_asked_for_has_a_reason() {
        let unasked = [
            State::Unknown(Acknowledgement::Seen),
            State::Unknown(Acknowledgement::Awaited),
            State::Suspended,
            State::Lost,
            State::Rejected,
            State::Expired,
        ];
        for state in unasked {
            assert_ne!(reason(&state, ""), "", "{state}");
            assert_eq!(reason(&state, "201 no"), "201 no", "{state}");
        }
        for state in [State::Sent, State::Filled, State::Cancelled] {
            assert_eq!(reason(&state, ""), "", "{state}");
        }
    }
}
