//! What a `GET` shows.

use serde_json::{Value, json};

use super::Desk;
use crate::book::Book;
use crate::core::Core;
use crate::faults::{Lasting, Switch};
use crate::orders::OrderRecord;

/// How many executions are shown, the latest ones.
const EXECUTIONS_MAX: usize = 100;
/// How many orders that ended are shown, the latest ones.
const COMPLETED_MAX: usize = 100;

/// The state page.
pub(super) fn of(desk: &Desk) -> Value {
    let (book, upstream_lost) = desk.hub.read(|core| (Book::of(core), core.is_upstream_lost()));
    let (accounts, clients) = desk.hub.read(|core| (accounts(core), clients(core)));
    let waiting: usize = desk.hub.waiting().into_iter().map(|(_, count)| count).sum();
    let mut ended: Vec<&OrderRecord> = book.completed_orders().collect();
    ended.sort_by_key(|record| record.permanent_id);
    let executions = book.executions();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "address": desk.address.to_string(),
        "time": time(desk),
        "upstream": if upstream_lost { "lost" } else { "connected" },
        "clients": clients,
        "messages_waiting": waiting,
        "accounts": accounts,
        "open_orders": book.open_orders().map(order).collect::<Vec<_>>(),
        "completed_orders": ended.iter().rev().take(COMPLETED_MAX).map(|record| order(record)).collect::<Vec<_>>(),
        "executions": executions.iter().rev().take(EXECUTIONS_MAX).map(|fill| json!({
            "execution_id": fill.execution_id,
            "account": fill.account,
            "contract_id": fill.contract.0,
            "client": fill.client.0,
            "order": fill.order.0,
            "side": fill.side.as_str(),
            "quantity": fill.quantity,
            "price": fill.price,
            "commission": fill.commission,
            "realized": fill.realized,
        })).collect::<Vec<_>>(),
        "executions_in_all": executions.len(),
        "faults": desk.hub.faults(),
        "counters": desk.hub.counters(),
    })
}

/// The clock.
pub(super) fn time(desk: &Desk) -> Value {
    let now = desk.hub.now();
    json!({ "ms": now.0, "text": now.to_string(), "pace": desk.hub.pace().to_string() })
}

/// The table of faults.
pub(super) fn fault_table() -> Value {
    let rows = Switch::ALL.iter().map(|entry| {
        let takes: serde_json::Map<String, Value> =
            entry.takes.iter().map(|(parameter, meaning)| (parameter.name().to_owned(), json!(meaning))).collect();
        json!({
            "fault": entry.switch,
            "facts": entry.facts,
            "where": entry.place,
            "lasting": entry.lasting,
            "takes": takes,
            "does": entry.does,
        })
    });
    let always = json!({ "client": "whom it concerns; everybody" });
    let standing = json!({
        "rate": "how likely it strikes each time, 0 to 1; 1",
        "count": "how often it strikes, then it is over; for ever",
        "for_ms": "how long it stands; for ever",
    });
    let standing_count = Switch::ALL.iter().filter(|entry| entry.lasting == Lasting::Standing).count();
    json!({
        "faults": rows.collect::<Vec<_>>(),
        "every_fault_takes": always,
        "what_stands_takes": standing,
        "standing": standing_count,
    })
}

fn clients(core: &Core) -> Vec<i32> {
    core.clients().map(|client| client.0).collect()
}

fn accounts(core: &Core) -> Value {
    let accounts = core.books().accounts().map(|account| {
        let holdings = account.holdings.iter().filter(|(_, holding)| !holding.quantity.is_zero());
        let positions = holdings.map(|(contract, holding)| {
            let instrument = core.catalogue().by_id(*contract).map(|found| found.name().to_owned());
            json!({
                "instrument": instrument,
                "contract_id": contract.0,
                "quantity": holding.quantity,
                "average_cost": holding.average_cost(),
                "realized": holding.realized,
            })
        });
        json!({
            "account": account.name,
            "cash": account.cash,
            "net_liquidation": core.worth(&account.name).net_liquidation,
            "positions": positions.collect::<Vec<_>>(),
        })
    });
    accounts.collect()
}

fn order(record: &OrderRecord) -> Value {
    let (client, order) = record.key.told();
    json!({
        "client": client.0,
        "order": order.0,
        "permanent_id": record.permanent_id.0,
        "account": record.order.account,
        "symbol": record.contract.symbol,
        "contract_id": record.contract_id.0,
        "action": record.order.action.as_str(),
        "order_type": record.order.order_type.as_str(),
        "quantity": record.total,
        "filled": record.filled,
        "limit": record.order.limit_price,
        "stop": record.order.aux_price,
        "status": record.status().as_str(),
        "reference": record.order.order_reference,
    })
}
