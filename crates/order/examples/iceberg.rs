//! An order type of one's own: an iceberg that shows one slice at a time, the next when the one before has filled.
//!
//! IB has icebergs of its own (`displaySize`, in reach by an extension); this one works where the exchange has none, and
//! for every kind of order.

use order::template::{Run, Template, View, Wish};
use order::{Gate, Hours, Instance, Intent, IntentId, OrderKind, Orders, PassedLegs, Side, TimeInForce, Timestamp};
use rust_decimal::Decimal;
use tws_proto::Contract;
use tws_proto::ids::ClientId;

/// Shows a large order slice by slice.
#[derive(Clone, Debug)]
pub(crate) struct Iceberg {
    /// The whole order; the name is not used.
    pub(crate) whole: Intent,
    /// How much is shown at a time.
    pub(crate) slice: Decimal,
}

impl Template for Iceberg {
    fn next(&mut self, view: &View<'_>, ids: &mut dyn FnMut() -> IntentId) -> Vec<Wish> {
        if view.is_any_live() {
            return Vec::new(); // the slice that is shown has not filled, or nobody knows yet
        }
        // A slice that ended without its fill was refused, or somebody cancelled it: then the whole is over.
        let left = self.whole.quantity - view.filled();
        let was_cut = view.own().last().is_some_and(|last| last.filled < last.intent.quantity);
        if left <= Decimal::ZERO || was_cut {
            return vec![Wish::Finish];
        }
        let slice = Intent { id: ids(), quantity: self.slice.min(left), ..self.whole.clone() };
        vec![Wish::Submit(slice.into())]
    }
}

/// Lets everything through; a trader has limits here.
struct Open;

impl Gate for Open {
    type Refusal = std::convert::Infallible;

    fn check(&self, _: &Intent, _: PassedLegs<'_>, _: &Orders) -> Result<(), Self::Refusal> {
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let whole = Intent {
        id: IntentId(0),
        strategy: "example".into(),
        account: "DU1".into(),
        contract: Contract::stock("IBM", "USD").into(),
        side: Side::Buy,
        quantity: 1_000.into(),
        kind: OrderKind::Limit { limit_price: 150.into() },
        time_in_force: TimeInForce::Day,
        hours: Hours::Regular,
        extension: None,
    };
    let mut orders = Orders::new(Instance::new("t1")?, ClientId(1));
    let mut names = 1..;
    let mut ids = || IntentId(names.next().unwrap_or_default());
    let mut run = Run::new(Iceberg { whole, slice: 100.into() });
    let (step, outcome) = run.advance(&mut orders, &Open, &mut ids, Timestamp(0));
    outcome?;
    println!("{} records to make durable, {} orders at work", step.records.len(), run.own().len());
    Ok(())
}
