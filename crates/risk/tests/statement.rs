//! A day that is over, against what the broker lists of it (C13).

use order::{BrokerEvent, DAY_US, Event, Instance, LinkEvent, Orders, Timestamp};
use risk::statement::DIFFERENCES_MAX;
use risk::{Difference, Limits, Statement, Told};
use rust_decimal::Decimal;
use tws_proto::Contract;
use tws_proto::ids::{ClientId, ContractId, OrderId, PermanentId};
use tws_proto::kinds::ExecutionSide;
use tws_proto::message::{CommissionReport, Execution, ExecutionData};

/// Noon of the day with this number.
fn noon(day: i64) -> Timestamp {
    Timestamp(day * DAY_US + DAY_US / 2)
}

fn execution(id: &str, quantity: i64, price: i64) -> ExecutionData {
    let contract = Contract { contract_id: Some(ContractId(8314)), ..Contract::stock("IBM", "USD") };
    let execution = Execution {
        execution_id: id.to_owned(),
        account: "DU1".to_owned(),
        side: if quantity < 0 { ExecutionSide::Sold } else { ExecutionSide::Bought },
        quantity: Some(quantity.abs().into()),
        price: Some(price.into()),
        permanent_id: Some(PermanentId(7)),
        ..Execution::default()
    };
    ExecutionData { request_id: None, contract, execution }
}

struct Book(Orders);

impl Book {
    fn new() -> Self {
        let mut orders = Orders::new(Instance::new("t1").unwrap(), ClientId(1)); // a sound name
        let _ = orders.step(Event::Link(LinkEvent::Ready { next_order_id: OrderId(1) }), noon(0));
        Self(orders)
    }

    fn hear(&mut self, execution: &ExecutionData, at: Timestamp) {
        let _ = self.0.step(Event::Broker(BrokerEvent::Execution(Box::new(execution.clone()))), at);
    }

    fn cost(&mut self, id: &str, at: Timestamp) {
        let report = CommissionReport {
            execution_id: id.to_owned(),
            commission: Some(Decimal::ONE),
            currency: "USD".to_owned(),
            ..CommissionReport::default()
        };
        let _ = self.0.step(Event::Broker(BrokerEvent::Commission(Box::new(report))), at);
    }

    fn state(&self, days: (i64, i64), listed: &[ExecutionData], since: Option<Timestamp>) -> Statement {
        Statement::of(days, &Limits::default(), &self.0, Told { executions: listed, since })
    }
}

#[test]
fn c13_a_day_is_held_against_what_the_broker_lists() {
    let mut book = Book::new();
    let [first, second, third] = [execution("a.01", 10, 5), execution("b.01", -4, 6), execution("c.01", 1, 7)];
    for (data, day) in [(&first, 9), (&second, 10), (&third, 10)] {
        book.hear(data, noon(day));
        book.cost(&data.execution.execution_id, noon(day));
    }
    let since = Some(noon(8));
    let stated = book.state((10, 10), &[first.clone(), second.clone(), third.clone()], since);
    assert_eq!((stated.differences.len(), stated.difference_count), (0, 0), "{stated:?}");
    let day = &stated.accounts["DU1"];
    assert_eq!((day.executions, day.bought, day.sold), (2, 1.into(), 4.into()));
    assert_eq!(day.commissions, [("USD".to_owned(), 2.into())].into());
    let both = book.state((9, 10), &[first.clone(), second.clone(), third.clone()], since);
    assert_eq!((both.accounts["DU1"].executions, both.last_date().as_str()), (3, "1970-01-11"));

    // One that it does not list, one of which it says otherwise, one that was never heard of.
    let listed = [first, execution("b.01", -4, 9), execution("d.01", 2, 3)];
    let stated = book.state((10, 10), &listed, since);
    let words: Vec<String> = stated.differences.iter().map(ToString::to_string).collect();
    assert_eq!(
        words,
        [
            "execution b is 4 at 6 here, and the broker says 4 at 9",
            "execution c is counted here, and the broker does not list it",
            "the broker lists execution d.01, and it is not counted here",
        ]
    );
    // A correction is listed beside what it corrects.
    let corrected = execution("c.02", 3, 7);
    book.hear(&corrected, noon(10));
    let listed = [execution("a.01", 10, 5), second, corrected, third];
    assert_eq!(book.state((10, 10), &listed, since).differences, []);
    // What it cost was never told.
    book.hear(&execution("e.01", 1, 1), noon(10));
    let stated = book.state((10, 10), &[&listed[..], &[execution("e.01", 1, 1)]].concat(), since);
    assert_eq!(stated.differences, [Difference::CostUnknown { root: "e".to_owned() }]);
}

#[test]
fn c13_what_the_broker_lists_no_more_is_not_missed() {
    let mut book = Book::new();
    for (id, at) in [("a.01", noon(9)), ("b.01", noon(10))] {
        book.hear(&execution(id, 1, 1), at);
        book.cost(id, at);
    }
    let missed = |since, listed: &[ExecutionData]| book.state((9, 10), listed, since).difference_count;
    assert_eq!(missed(Some(noon(9)), &[]), 2);
    assert_eq!(missed(Some(noon(10)), &[]), 1);
    assert_eq!(missed(Some(noon(11)), &[]), 0);
    // Since midnight, wherever TWS has that: from the first that it lists.
    assert_eq!(missed(None, &[]), 0);
    assert_eq!(missed(None, &[execution("b.01", 1, 1)]), 0);
    assert_eq!(missed(None, &[execution("a.01", 1, 1)]), 1);
    // It names no more differences than can be read.
    let listed: Vec<ExecutionData> = (0..150).map(|number| execution(&format!("x{number}.01"), 1, 1)).collect();
    let stated = book.state((9, 10), &listed, None);
    assert_eq!((stated.differences.len(), stated.difference_count), (DIFFERENCES_MAX, 150));
}

#[test]
fn c13_a_statement_is_due_once_for_every_day_that_is_over() {
    let limits = Limits { day_begins_utc_minute: 22 * 60, ..Limits::default() };
    let due = |last: Option<i64>, begun: Timestamp, now: Timestamp| {
        let last = last.map(|last_day| Statement { last_day, ..Statement::default() });
        Statement::due(last.as_ref(), begun, &limits, now)
    };
    let at = |day: i64, hour: i64| Timestamp(day * DAY_US + hour * (DAY_US / 24));
    assert_eq!(due(None, at(10, 12), at(10, 21)), None);
    assert_eq!(due(None, at(10, 12), at(10, 22)), Some((9, 9)));
    assert_eq!(due(Some(9), at(10, 12), at(10, 23)), None);
    assert_eq!(due(Some(9), at(10, 12), at(11, 22)), Some((10, 10)));
    assert_eq!(due(Some(9), at(10, 12), at(14, 0)), Some((10, 12)));
}
