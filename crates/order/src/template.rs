//! [`Template`]: an order type of your own, made of orders that IB knows.
//!
//! A template looks at the orders it has made and wishes for more: pure, like all of this crate. A [`Run`] carries its
//! wishes out against the book, past the same gate as any other order. The examples `iceberg` and `time_sliced` are whole
//! templates.

use crate::action::Step;
use crate::group::Submission;
use crate::orders::{Gate, Orders};
use crate::reference::IntentId;
use crate::refusal::SubmitError;
use crate::store::Found;
use crate::time::Timestamp;

/// Most wishes that one look of a template may have; more is a template that never comes to rest.
pub const WISHES_MAX: usize = 32;

/// Turns an order type of the user's own into orders, one look at a time.
pub trait Template {
    /// What is wanted next. It is asked when it begins, whenever one of its orders has changed, and when a time comes that
    /// it wished to be woken at. `ids` gives a new name for each intent.
    fn next(&mut self, view: &View<'_>, ids: &mut dyn FnMut() -> IntentId) -> Vec<Wish>;
}

impl<T: Template + ?Sized> Template for Box<T> {
    fn next(&mut self, view: &View<'_>, ids: &mut dyn FnMut() -> IntentId) -> Vec<Wish> {
        (**self).next(view, ids)
    }
}

/// What a template may look at.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    orders: &'a Orders,
    own: &'a [IntentId],
    /// Now.
    pub now: Timestamp,
}

impl<'a> View<'a> {
    /// The orders that this template has made, oldest first.
    pub fn own(&self) -> impl Iterator<Item = Found<'a>> {
        let orders = self.orders;
        self.own.iter().filter_map(move |id| orders.get(*id))
    }

    /// Whether one of them can still trade, as far as anybody knows.
    #[must_use]
    pub fn is_any_live(&self) -> bool {
        self.own().any(|order| order.state.is_live())
    }

    /// How much of them has filled.
    #[must_use]
    pub fn filled(&self) -> rust_decimal::Decimal {
        self.own().map(|order| order.filled).fold(rust_decimal::Decimal::ZERO, rust_decimal::Decimal::saturating_add)
    }
}

/// What a template wants.
#[allow(clippy::large_enum_variant, reason = "wishes are few and carried out at once")]
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// These orders.
    Submit(Submission),
    /// An order of its own gone.
    Cancel(IntentId),
    /// To be asked again at this time, if nothing happens before.
    WakeAt(Timestamp),
    /// Nothing more.
    Finish,
}

/// A template at work.
#[derive(Clone, Debug)]
pub struct Run<T> {
    template: T,
    own: Vec<IntentId>,
    wake_at: Option<Timestamp>,
    is_finished: bool,
}

impl<T: Template> Run<T> {
    /// A template that has not begun.
    pub const fn new(template: T) -> Self {
        Self { template, own: Vec::new(), wake_at: None, is_finished: false }
    }

    /// Whether it wants nothing more, or was refused.
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        self.is_finished
    }

    /// Ends it: it is asked nothing more. Its orders stay as they are.
    pub fn stop(&mut self) {
        self.is_finished = true;
    }

    /// The template itself.
    #[must_use]
    pub const fn template(&self) -> &T {
        &self.template
    }

    /// The orders it has made.
    #[must_use]
    pub fn own(&self) -> &[IntentId] {
        &self.own
    }

    /// Whether it must be asked: it begins, its time has come, or an order of its own is among those that changed.
    #[must_use]
    pub fn is_due(&self, changed: &[IntentId], now: Timestamp) -> bool {
        let is_woken = self.wake_at.is_some_and(|wake_at| wake_at <= now);
        let begins = self.own.is_empty() && self.wake_at.is_none();
        !self.is_finished && (begins || is_woken || changed.iter().any(|id| self.own.contains(id)))
    }

    /// Asks it once, and carries out what it wants.
    ///
    /// # Errors
    /// As [`Orders::submit`]: the template has ended, with the orders it has made still there. What was done before
    /// stands in `done` and must be carried out.
    pub fn advance<G: Gate>(
        &mut self,
        orders: &mut Orders,
        gate: &G,
        ids: &mut dyn FnMut() -> IntentId,
        now: Timestamp,
    ) -> (Step, Result<(), SubmitError<G::Refusal>>) {
        let mut done = Step::default();
        self.wake_at = None;
        let wishes = self.template.next(&View { orders, own: &self.own, now }, ids);
        for wish in wishes.into_iter().take(WISHES_MAX) {
            match wish {
                Wish::Submit(submission) => {
                    let legs: Vec<IntentId> = submission.legs().map(|leg| leg.id).collect();
                    match orders.submit(submission, gate, now) {
                        Ok(step) => {
                            self.own.extend(legs);
                            done.append(step);
                        }
                        Err(error) => {
                            self.is_finished = true;
                            return (done, Err(error));
                        }
                    }
                }
                Wish::Cancel(id) if self.own.contains(&id) => {
                    if let Ok(step) = orders.cancel(id, now) {
                        done.append(step);
                    }
                }
                Wish::Cancel(_) => {} // not its own
                Wish::WakeAt(at) => self.wake_at = Some(at),
                Wish::Finish => self.is_finished = true,
            }
        }
        (done, Ok(()))
    }
}
