//! An order type of one's own: a large order in equal parts, one each interval, whatever became of the part before.

use order::template::{Run, Template, View, Wish};
use order::{Gate, Hours, Instance, Intent, IntentId, OrderKind, Orders, PassedLegs, Side, TimeInForce, Timestamp};
use rust_decimal::Decimal;
use tws_proto::Contract;
use tws_proto::ids::ClientId;

/// Trades a large order in equal parts over time. The last part takes what division left over.
#[derive(Clone, Debug)]
pub(crate) struct TimeSliced {
    /// The whole order; the name is not used.
    pub(crate) whole: Intent,
    /// In how many parts.
    pub(crate) parts: u32,
    /// How far apart they are, in microseconds.
    pub(crate) interval_us: i64,
    /// When the next one is due; `None` before the first.
    pub(crate) next_at: Option<Timestamp>,
}

impl Template for TimeSliced {
    fn next(&mut self, view: &View<'_>, ids: &mut dyn FnMut() -> IntentId) -> Vec<Wish> {
        let sent = u32::try_from(view.own().count()).unwrap_or(u32::MAX);
        if sent >= self.parts {
            return vec![Wish::Finish];
        }
        let due = self.next_at.unwrap_or(view.now);
        if view.now < due {
            return vec![Wish::WakeAt(due)]; // an order of an earlier part has changed
        }
        let part = (self.whole.quantity / Decimal::from(self.parts)).floor();
        let is_last = sent + 1 == self.parts;
        let quantity = if is_last { self.whole.quantity - part * Decimal::from(sent) } else { part };
        let next_at = Timestamp(due.0.saturating_add(self.interval_us));
        self.next_at = Some(next_at);
        let slice = Intent { id: ids(), quantity, ..self.whole.clone() };
        vec![Wish::Submit(slice.into()), if is_last { Wish::Finish } else { Wish::WakeAt(next_at) }]
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
    let mut run = Run::new(TimeSliced { whole, parts: 4, interval_us: 60_000_000, next_at: None });
    for minute in 0..4 {
        let now = Timestamp(minute * 60_000_000);
        if run.is_due(&[], now) {
            run.advance(&mut orders, &Open, &mut ids, now).1?;
        }
    }
    println!("{} orders in four minutes", run.own().len());
    Ok(())
}
