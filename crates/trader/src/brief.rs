//! Records without what goes without saying. A broker shows an order with more than a hundred fields, of which a handful
//! says something: the journal keeps those that differ from the usual, and reading fills in the rest.

use std::sync::LazyLock;

use order::{BrokerEvent, Event, Input, Timestamp};
use serde::Serialize;
use serde_json::Value;
use tws_proto::ids::OrderId;
use tws_proto::message::{CompletedOrder, OpenOrder};
use tws_proto::order_state::OrderState;
use tws_proto::{Contract, Order};

use crate::record::Record;

static CONTRACT: LazyLock<Value> = LazyLock::new(usual::<Contract>);
static ORDER: LazyLock<Value> = LazyLock::new(usual::<Order>);
static STATE: LazyLock<Value> = LazyLock::new(usual::<OrderState>);

/// As [`Record::Order`] is spelled.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Brief {
    Order { at: Timestamp, input: BriefInput },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BriefInput {
    Happened(BriefEvent),
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BriefEvent {
    Broker(BriefBroker),
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BriefBroker {
    OpenOrder { order_id: OrderId, contract: Value, order: Value, state: Value },
    CompletedOrder { contract: Value, order: Value, state: Value },
}

/// The record in brief, where it has a brief form that reads as the same.
pub(crate) fn of(record: &Record) -> Option<Brief> {
    let Record::Order(record) = record else { return None };
    let Input::Happened(Event::Broker(event)) = &record.input else { return None };
    let event = match event {
        BrokerEvent::OpenOrder(open) => {
            let OpenOrder { order_id, contract, order, state } = open.as_ref();
            let (contract, order, state) = bodies(contract, order, state)?;
            BriefBroker::OpenOrder { order_id: *order_id, contract, order, state }
        }
        BrokerEvent::CompletedOrder(completed) => {
            let CompletedOrder { contract, order, state } = completed.as_ref();
            let (contract, order, state) = bodies(contract, order, state)?;
            BriefBroker::CompletedOrder { contract, order, state }
        }
        BrokerEvent::OrderStatus(_)
        | BrokerEvent::Execution(_)
        | BrokerEvent::Commission(_)
        | BrokerEvent::Notice(_)
        | BrokerEvent::NextValidId(_) => return None,
    };
    Some(Brief::Order { at: record.at, input: BriefInput::Happened(BriefEvent::Broker(event)) })
}

fn bodies(contract: &Contract, order: &Order, state: &OrderState) -> Option<(Value, Value, Value)> {
    Some((unusual(contract, &CONTRACT)?, unusual(order, &ORDER)?, unusual(state, &STATE)?))
}

/// The fields whose spelling differs from the usual one.
fn unusual<T: Serialize>(body: &T, usual: &Value) -> Option<Value> {
    let (Value::Object(body), Value::Object(usual)) = (serde_json::to_value(body).ok()?, usual) else { return None };
    if body.len() != usual.len() {
        return None;
    }
    // Fields that stand in another order differ in their names: then more is kept, and nothing lost.
    let pairs = body.into_iter().zip(usual);
    Some(Value::Object(
        pairs.filter(|((field, value), usual)| (field, value) != *usual).map(|(field, _)| field).collect(),
    ))
}

fn usual<T: Serialize + Default>() -> Value {
    serde_json::to_value(T::default()).unwrap_or_default() // where nothing is usual, all is written
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;
    use tws_proto::kinds::{Action, Status};

    use super::*;

    #[track_caller]
    fn check(event: BrokerEvent, expected_bytes_max: usize) {
        let input = Input::Happened(Event::Broker(event));
        let record = Record::Order(Box::new(order::Record { at: Timestamp(17), input }));
        let entry = record.to_entry().expect("a short record");
        let back: Record = serde_json::from_str(entry.payload()).unwrap();
        // Not only equal, but spelled alike: the books' fingerprint tells 0 from 0.00.
        assert_eq!(serde_json::to_string(&back).unwrap(), serde_json::to_string(&record).unwrap());
        assert!(entry.payload().len() <= expected_bytes_max, "{} bytes: {}", entry.payload().len(), entry.payload());
        let old: Record = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
        assert_eq!(old, record, "records of before are in full");
    }

    #[test]
    fn a_brief_record_reads_as_the_whole_one() {
        let contract = Contract::stock("IBM", "USD");
        let state = OrderState { status: Some(Status::Submitted), ..OrderState::default() };
        let usual = Order::limit(Action::Buy, 100.into(), Decimal::new(18_500, 2));
        let open = |order: Order| {
            let (contract, state) = (contract.clone(), state.clone());
            BrokerEvent::OpenOrder(Box::new(OpenOrder { order_id: OrderId(1), contract, order, state }))
        };
        check(open(usual.clone()), 512);
        // What differs from the usual by its absence, and by its spelling alone.
        check(open(Order { parent_id: None, ..usual.clone() }), 512);
        check(open(Order { discretionary_amount: Some(Decimal::new(0, 2)), ..usual.clone() }), 512);
        check(open(Order { discretionary_amount: Some(Decimal::ZERO), ..usual.clone() }), 512);
        let completed = CompletedOrder { contract: contract.clone(), order: usual, state: state.clone() };
        check(BrokerEvent::CompletedOrder(Box::new(completed)), 512);
        check(BrokerEvent::CompletedOrder(Box::default()), 512);
    }

    /// What is left out of a journal today is filled in by whoever reads it in years: these must never change. A new
    /// field may be added to them, with a default that means that nothing was said.
    #[test]
    fn what_is_usual_stays_so() {
        let told = |usual: &Value| {
            let mut fields = usual.as_object().expect("a body").clone();
            fields.retain(|_, value| !value.is_null() && value != "" && *value != false);
            fields.retain(|_, value| !value.as_array().is_some_and(Vec::is_empty));
            Value::Object(fields).to_string()
        };
        assert_eq!(told(&CONTRACT), r#"{"contract_id":0}"#);
        assert_eq!(
            told(&ORDER),
            r#"{"adjustable_trailing_unit":0,"auction_strategy":0,"discretionary_amount":"0","display_size":0,"#
                .to_owned()
                + r#""exempt_code":-1,"oca_type":0,"origin":0,"parent_id":0,"short_sale_slot":0,"transmit":true,"#
                + r#""trigger_method":0}"#
        );
        assert_eq!(told(&STATE), "{}");
    }
}
