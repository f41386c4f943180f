//! Order types of one's own: the examples, run.

mod world;

#[path = "../examples/iceberg.rs"]
#[allow(dead_code, reason = "a test does not run its main")]
mod iceberg;
#[path = "../examples/time_sliced.rs"]
#[allow(dead_code, reason = "a test does not run its main")]
mod time_sliced;

use order::template::{Run, Template};
use order::{Gate, Intent, IntentId, Orders, PassedLegs, SubmitError, Timestamp};
use rust_decimal::Decimal;
use world::{Open, World, intent};

/// Runs a template in the world; orders get the names `a`, `b`, and so on.
struct Desk<T> {
    world: World,
    run: Run<T>,
    names: std::ops::RangeFrom<char>,
}

impl<T: Template> Desk<T> {
    fn open(template: T) -> Self {
        Self { world: World::new(), run: Run::new(template), names: 'a'.. }
    }

    /// Asks the template if it is due; gives what it ordered.
    fn look(&mut self, changed: &[char]) -> Vec<u64> {
        let changed: Vec<IntentId> = changed.iter().map(|name| world::id(*name)).collect();
        if !self.run.is_due(&changed, self.world.now) {
            return Vec::new();
        }
        let before = self.run.own().len();
        let names = &mut self.names;
        let mut ids = || world::id(names.next().unwrap());
        let (step, refused) = self.run.advance(&mut self.world.orders, &Open, &mut ids, self.world.now);
        assert_eq!(refused, Ok(()));
        let _ = self.world.keep(step);
        let quantity = |id: &IntentId| self.world.orders.get(*id).unwrap().intent.quantity;
        self.run.own()[before..].iter().map(|id| u64::try_from(quantity(id)).unwrap()).collect()
    }
}

#[test]
fn an_iceberg_shows_one_slice_at_a_time() {
    let mut desk =
        Desk::open(iceberg::Iceberg { whole: Intent { quantity: 250.into(), ..intent('a') }, slice: 100.into() });
    assert_eq!(desk.look(&[]), [100]);
    let _ = desk.world.run("open a Submitted");
    let _ = desk.world.run("exec a @1.01 q60");
    assert_eq!(desk.look(&['a']), [0; 0]);
    let _ = desk.world.run("exec a @2.01 q40");
    assert_eq!(desk.look(&['a']), [100]);
    let _ = desk.world.run("link lost");
    assert_eq!(desk.look(&['b']), [0; 0], "nobody knows what became of the second slice");
    let _ = desk.world.run("exec b @3.01 q100");
    assert_eq!(desk.look(&['b']), [50]);
    let _ = desk.world.run("exec c @4.01 q50");
    assert_eq!(desk.look(&['c']), [0; 0]);
    assert!(desk.run.is_finished());
    desk.world.check_replay();
}

#[test]
fn an_iceberg_ends_with_a_slice_that_was_cancelled() {
    let mut desk =
        Desk::open(iceberg::Iceberg { whole: Intent { quantity: 250.into(), ..intent('a') }, slice: 100.into() });
    assert_eq!(desk.look(&[]), [100]);
    let _ = desk.world.run("open a Submitted");
    let _ = desk.world.run("status a Cancelled f0 r100");
    assert_eq!(desk.look(&['a']), [0; 0]);
    assert!(desk.run.is_finished());
}

#[test]
fn a_time_sliced_order_sends_a_part_each_interval() {
    let whole = Intent { quantity: 100.into(), ..intent('a') };
    let template = time_sliced::TimeSliced { whole, parts: 3, interval_us: 60_000_000, next_at: None };
    let mut desk = Desk::open(template);
    assert_eq!(desk.look(&[]), [33]);
    let _ = desk.world.run("exec a @1.01 q33");
    assert_eq!(desk.look(&['a']), [0; 0], "it is not yet time");
    let _ = desk.world.run("wait 60000");
    assert_eq!(desk.look(&[]), [33]);
    let _ = desk.world.run("wait 59000");
    assert_eq!(desk.look(&[]), [0; 0]);
    let _ = desk.world.run("wait 1000");
    assert_eq!(desk.look(&[]), [34]);
    assert!(desk.run.is_finished());
    desk.world.check_replay();
}

struct Closed;

impl Gate for Closed {
    type Refusal = &'static str;

    fn check(&self, _: &Intent, _: PassedLegs<'_>, _: &Orders) -> Result<(), Self::Refusal> {
        Err("closed")
    }
}

#[test]
fn a_template_that_is_refused_has_ended() {
    let mut run = Run::new(iceberg::Iceberg { whole: intent('a'), slice: Decimal::TEN });
    let mut orders = world::book();
    let (step, refused) = run.advance(&mut orders, &Closed, &mut || world::id('a'), Timestamp(0));
    assert_eq!((step, refused), (order::Step::default(), Err(SubmitError::Refused("closed"))));
    assert!(run.is_finished() && run.own().is_empty() && !run.is_due(&[], Timestamp(0)));
}
