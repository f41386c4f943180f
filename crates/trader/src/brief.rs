//! Records without what goes without saying. A broker shows an order with more than a hundred fields, of which a handful
//! says something: the journal keeps those that differ from the usual, and reading fills in the rest.

use std::sync::LazyLock;

use order::brief::{CONTRACT, Unusual, Usual};
use order::{BrokerEvent, Event, Input, Timestamp};
use serde::Serialize;
use tws_proto::ids::{OrderId, RequestId};
use tws_proto::message::{CompletedOrder, Execution, ExecutionData, OpenOrder};
use tws_proto::order_state::OrderState;
use tws_proto::{Contract, Order};

use crate::record::Record;

static ORDER: LazyLock<Usual> = LazyLock::new(Usual::of::<Order>);
static STATE: LazyLock<Usual> = LazyLock::new(Usual::of::<OrderState>);
static EXECUTION: LazyLock<Usual> = LazyLock::new(Usual::of::<Execution>);

/// As [`Record::Order`] is spelled.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Brief<'a> {
    Order { at: Timestamp, input: BriefInput<'a> },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BriefInput<'a> {
    Happened(BriefEvent<'a>),
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BriefEvent<'a> {
    Broker(BriefBroker<'a>),
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BriefBroker<'a> {
    OpenOrder {
        order_id: OrderId,
        contract: Unusual<'a, Contract>,
        order: Unusual<'a, Order>,
        state: Unusual<'a, OrderState>,
    },
    CompletedOrder {
        contract: Unusual<'a, Contract>,
        order: Unusual<'a, Order>,
        state: Unusual<'a, OrderState>,
    },
    Execution {
        request_id: Option<RequestId>,
        contract: Unusual<'a, Contract>,
        execution: Unusual<'a, Execution>,
    },
}

/// The record in brief, where it has a brief form.
pub(crate) fn of(record: &Record) -> Option<Brief<'_>> {
    let Record::Order(record) = record else { return None };
    let Input::Happened(Event::Broker(event)) = &record.input else { return None };
    let event = match event {
        BrokerEvent::OpenOrder(open) => {
            let OpenOrder { order_id, contract, order, state } = open.as_ref();
            let (contract, order, state) = bodies(contract, order, state);
            BriefBroker::OpenOrder { order_id: *order_id, contract, order, state }
        }
        BrokerEvent::CompletedOrder(completed) => {
            let CompletedOrder { contract, order, state } = completed.as_ref();
            let (contract, order, state) = bodies(contract, order, state);
            BriefBroker::CompletedOrder { contract, order, state }
        }
        BrokerEvent::Execution(data) => {
            let ExecutionData { request_id, contract, execution } = data.as_ref();
            let contract = Unusual { body: contract, usual: &CONTRACT };
            let execution = Unusual { body: execution, usual: &EXECUTION };
            BriefBroker::Execution { request_id: *request_id, contract, execution }
        }
        BrokerEvent::OrderStatus(_)
        | BrokerEvent::Commission(_)
        | BrokerEvent::Notice(_)
        | BrokerEvent::NextValidId(_) => return None,
    };
    Some(Brief::Order { at: record.at, input: BriefInput::Happened(BriefEvent::Broker(event)) })
}

fn bodies<'a>(
    contract: &'a Contract,
    order: &'a Order,
    state: &'a OrderState,
) -> (Unusual<'a, Contract>, Unusual<'a, Order>, Unusual<'a, OrderState>) {
    (
        Unusual { body: contract, usual: &CONTRACT },
        Unusual { body: order, usual: &ORDER },
        Unusual { body: state, usual: &STATE },
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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
        let execution = Execution { price: Some(Decimal::ZERO), quantity: Some(Decimal::ONE), ..Execution::default() };
        check(BrokerEvent::Execution(Box::new(ExecutionData { request_id: None, contract, execution })), 256);
        check(BrokerEvent::Execution(Box::default()), 128);
    }

    /// What is left out of a journal today is filled in by whoever reads it in years: these must never change. A new
    /// field may be added to them, with a default that means that nothing was said.
    #[test]
    fn what_is_usual_stays_so() {
        let told = |usual: &Usual| {
            let says_something = |value: &str| !matches!(value, "null" | r#""""# | "false" | "[]");
            let fields = usual.iter().filter(|(_, value)| says_something(value));
            let fields: BTreeMap<_, serde_json::Value> =
                fields.map(|(name, value)| (name, serde_json::from_str(value).expect("JSON"))).collect();
            serde_json::to_string(&fields).expect("names and JSON")
        };
        assert_eq!(
            told(&ORDER),
            r#"{"adjustable_trailing_unit":0,"auction_strategy":0,"discretionary_amount":"0","display_size":0,"#
                .to_owned()
                + r#""exempt_code":-1,"oca_type":0,"origin":0,"parent_id":0,"short_sale_slot":0,"transmit":true,"#
                + r#""trigger_method":0}"#
        );
        assert_eq!(told(&STATE), "{}");
        assert_eq!(told(&EXECUTION), "{}");
    }
}
