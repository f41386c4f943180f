//! Whether what a scenario expects is so.

use std::fmt::Display;

use rust_decimal::Decimal;
use serde_json::Value;
use tws_proto::ServerMessage;
use tws_proto::ids::OrderId;
use tws_proto::message::Message;

use super::run::{Stage, client_id};
use super::{Check, Expectation, Heard};

/// Compares one expectation with what is.
pub(super) fn judge(stage: &Stage, expected: &Expectation) -> Check {
    let book = stage.sim.book();
    match expected {
        Expectation::Position { account, instrument, is } => {
            let account = account_or_first(stage, account.as_deref());
            let known = stage.sim.look(|core| core.catalogue().by_name(instrument).is_some());
            if !known {
                return unknown(format!("position of {account} in {instrument} is {is}"), instrument);
            }
            compare(format!("position of {account} in {instrument}"), *is, book.position(&account, instrument))
        }
        Expectation::Cash { account, is } => {
            let account = account_or_first(stage, account.as_deref());
            match book.cash(&account) {
                Some(cash) => compare(format!("cash of {account}"), *is, cash),
                None => unknown(format!("cash of {account} is {is}"), &account),
            }
        }
        Expectation::Order { client, order, status, filled, remaining } => {
            let record = book.order(client_id(*client), OrderId(*order));
            let mut expected = format!("order {order} of client {client} is");
            let mut found = Vec::new();
            let mut word = |what: &str, wanted: Option<String>, is: Option<String>| {
                let Some(wanted) = wanted else { return };
                expected.push_str(&format!(" {what}{wanted}"));
                if is.as_ref() != Some(&wanted) {
                    found.push(format!("{what}{}", is.unwrap_or_else(|| "unknown".to_owned())));
                }
            };
            let plain = |amount: Decimal| amount.normalize().to_string();
            let is = record.map_or_else(|| "none".to_owned(), |record| record.status().as_str().to_owned());
            word("", status.clone(), Some(is));
            word("filled ", filled.map(plain), record.map(|record| plain(record.filled)));
            word("remaining ", remaining.map(plain), record.map(|record| plain(record.remaining())));
            Check { expected, found: (!found.is_empty()).then(|| found.join(", ")) }
        }
        Expectation::OpenOrders { count } => compare("number of open orders", *count, book.open_orders().count()),
        Expectation::Executions { count } => compare("number of executions", *count, book.executions().len()),
        Expectation::Connected { client, is } => {
            let connected = stage.clients.get(client).is_some_and(|client| client.log().connected);
            compare(format!("client {client} connected"), *is, connected)
        }
        Expectation::Notice { client, code, id, times } => {
            let about = id.map_or_else(String::new, |id| format!(" about {id}"));
            let fits = |message: &ServerMessage| {
                matches!(message, ServerMessage::Notice(notice)
                    if notice.code == *code && id.is_none_or(|id| notice.id == Some(id)))
            };
            heard(stage, *client, &format!("notice {code}{about}"), *times, fits)
        }
        Expectation::Heard(wanted) => {
            let Heard { client, message, with, times } = &**wanted;
            let words: Vec<String> = with.iter().map(|(path, value)| format!("{path} = {value}")).collect();
            let what = format!("{message} {}", words.join(", "));
            if !ServerMessage::ALL.iter().any(|facts| facts.name == message) {
                return unknown(format!("client {client} heard {what}"), message);
            }
            let fits = |said: &ServerMessage| {
                said.facts().name == message && {
                    let body = serde_json::to_value(said).unwrap_or_default();
                    with.iter().all(|(path, value)| has(&body, path, value))
                }
            };
            heard(stage, *client, what.trim_end(), *times, fits)
        }
    }
}

fn heard(stage: &Stage, client: i32, what: &str, times: Option<usize>, fits: impl Fn(&ServerMessage) -> bool) -> Check {
    let Some(scripted) = stage.clients.get(&client) else {
        return unknown(format!("client {client} heard {what}"), &format!("client {client}"));
    };
    let count = scripted.log().messages.iter().filter(|message| fits(message)).count();
    match times {
        Some(times) => compare(format!("times that client {client} heard {what}"), times, count),
        None => {
            let expected = format!("client {client} heard {what}");
            Check { expected, found: (count == 0).then(|| "it never did".to_owned()) }
        }
    }
}

/// Whether a message has a field of this value. The message stands inside the name of its variant.
fn has(message: &Value, path: &str, wanted: &toml::Value) -> bool {
    let Some(body) = message.as_object().and_then(|object| object.values().next()) else { return false };
    let found = path.split('.').try_fold(body, |value, name| value.get(name));
    let Some(found) = found else { return false };
    let (found, wanted) = (word(found), toml_word(wanted));
    match (found.parse::<Decimal>(), wanted.parse::<Decimal>()) {
        (Ok(found), Ok(wanted)) => found == wanted,
        _ => found == wanted,
    }
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn toml_word(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn compare<T: PartialEq + Display>(what: impl Display, wanted: T, found: T) -> Check {
    let expected = format!("{what} is {wanted}");
    Check { expected, found: (wanted != found).then(|| found.to_string()) }
}

fn unknown(expected: String, what: &str) -> Check {
    Check { expected, found: Some(format!("there is no {what:?}")) }
}

fn account_or_first(stage: &Stage, account: Option<&str>) -> String {
    let first = || stage.sim.look(|core| core.books().accounts().next().map(|account| account.name.clone()));
    account.map(str::to_owned).or_else(first).unwrap_or_default()
}
