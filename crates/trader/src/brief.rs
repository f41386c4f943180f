//! Records without what goes without saying. A broker shows an order with more than a hundred fields, of which a handful
//! says something: the journal keeps those that differ from the usual, and reading fills in the rest.

use std::convert::Infallible;
use std::io;
use std::sync::LazyLock;

use order::{BrokerEvent, Event, Input, Timestamp};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use tws_proto::fields::{Fields, Hear};
use tws_proto::ids::OrderId;
use tws_proto::message::{CompletedOrder, OpenOrder};
use tws_proto::order_state::OrderState;
use tws_proto::{Contract, Order};

use crate::record::Record;

/// The fields of a body as they are usually, in JSON.
type Usual = Vec<(&'static str, String)>;

static CONTRACT: LazyLock<Usual> = LazyLock::new(usual::<Contract>);
static ORDER: LazyLock<Usual> = LazyLock::new(usual::<Order>);
static STATE: LazyLock<Usual> = LazyLock::new(usual::<OrderState>);

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
        BrokerEvent::OrderStatus(_)
        | BrokerEvent::Execution(_)
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

/// The fields of a body whose spelling differs from the usual one.
pub(crate) struct Unusual<'a, B> {
    body: &'a B,
    usual: &'static Usual,
}

impl<B: Fields> Serialize for Unusual<'_, B> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.body.tell(&mut Kept { map: &mut map, usual: self.usual.iter() })?;
        map.end()
    }
}

/// Writes each field that is not as usual.
struct Kept<'a, M> {
    map: &'a mut M,
    /// In the order in which fields are told. Were it another one, more would be kept, and nothing lost.
    usual: std::slice::Iter<'static, (&'static str, String)>,
}

impl<M: SerializeMap> Hear for Kept<'_, M> {
    type Error = M::Error;

    fn field<T: Serialize>(&mut self, name: &'static str, value: &T) -> Result<(), M::Error> {
        match self.usual.next() {
            Some((usual, spelled)) if *usual == name && Matching::is_spelled(value, spelled) => Ok(()),
            _ => self.map.serialize_entry(name, value),
        }
    }
}

/// Compares what is written with what is expected, without keeping it.
struct Matching<'a> {
    left: &'a [u8],
    matches: bool,
}

impl Matching<'_> {
    /// Whether this is how a value is written.
    fn is_spelled<T: Serialize>(value: &T, expected: &str) -> bool {
        let mut matching = Matching { left: expected.as_bytes(), matches: true };
        let written = serde_json::to_writer(&mut matching, value);
        written.is_ok() && matching.matches && matching.left.is_empty()
    }
}

impl io::Write for Matching<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.left.strip_prefix(bytes) {
            Some(left) => self.left = left,
            None => self.matches = false,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn usual<B: Fields + Default>() -> Usual {
    let mut collected = Collected(Vec::new());
    match B::default().tell(&mut collected) {
        Ok(()) => collected.0,
    }
}

/// Keeps each field as it is spelled.
struct Collected(Usual);

impl Hear for Collected {
    type Error = Infallible;

    fn field<T: Serialize>(&mut self, name: &'static str, value: &T) -> Result<(), Infallible> {
        self.0.push((name, serde_json::to_string(value).unwrap_or_default())); // nothing is spelled so: it is always kept
        Ok(())
    }
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
