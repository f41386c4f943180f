//! Templates at work: order types of strategies, asked between the rounds and never while orders are not taken.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use order::template::{Run, Template, View, Wish};
use order::{IntentId, Orders};
use tokio::sync::watch;

use super::Engine;
use super::commands::{Refused, is_label};
use crate::event::{Alarm, Phase};
use crate::record::{Record, TemplateRecord};
use crate::template::{TemplateEnd, TemplateProgress};

/// Most times that templates are asked in one round; what is due then waits for the next.
const LOOKS_MAX: usize = 8;

/// A template as a strategy gave it.
pub(crate) type Given = Box<dyn Template + Send>;

/// A template, in its strategy's name.
#[derive(Debug)]
pub(super) struct Working {
    strategy: String,
    run: Run<Owned>,
    progress: watch::Sender<TemplateProgress>,
}

/// Makes every order of a template its strategy's, whatever it says; where it panics, it wants nothing more.
struct Owned {
    given: Given,
    strategy: String,
    /// For orders that name no account.
    account: String,
    has_panicked: Arc<AtomicBool>,
}

impl std::fmt::Debug for Owned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Owned").field("strategy", &self.strategy).finish_non_exhaustive()
    }
}

impl Template for Owned {
    fn next(&mut self, view: &View<'_>, ids: &mut dyn FnMut() -> IntentId) -> Vec<Wish> {
        let Self { given, strategy, account, has_panicked } = self;
        let Ok(mut wishes) = catch_unwind(AssertUnwindSafe(|| given.next(view, ids))) else {
            has_panicked.store(true, Ordering::Relaxed);
            return vec![Wish::Finish];
        };
        for wish in &mut wishes {
            if let Wish::Submit(submission) = wish {
                for leg in submission.legs_mut() {
                    leg.strategy = strategy.as_str().into();
                    if leg.account.is_empty() {
                        leg.account = account.as_str().into();
                    }
                }
            }
        }
        wishes
    }
}

impl Engine {
    /// Takes a template on. It is asked for the first time in this round.
    pub(super) fn begin_template(
        &mut self,
        label: String,
        strategy: &str,
        given: Given,
    ) -> Result<watch::Receiver<TemplateProgress>, Refused> {
        let (phase, reason) = self.phase();
        if phase != Phase::Ready {
            return Err(Refused::NotReady { phase, reason });
        }
        if !is_label(&label) {
            return Err(Refused::Label { label });
        }
        if self.templates.contains_key(&label) {
            return Err(Refused::TemplateRunning { label });
        }
        let account = match self.state.borrow().accounts.as_slice() {
            [only] => only.clone(),
            _ => String::new(), // then its orders must name one
        };
        let (progress, watched) = watch::channel(TemplateProgress::begun(&label));
        let strategy = strategy.to_owned();
        let owned = Owned { given, strategy: strategy.clone(), account, has_panicked: Arc::default() };
        self.tell_template(TemplateRecord::Began { label: label.clone(), strategy: strategy.clone() });
        self.templates.insert(label, Working { strategy, run: Run::new(owned), progress });
        Ok(watched)
    }

    /// Ends a template and cancels what it has alive.
    pub(super) fn cancel_template(&mut self, label: &str) {
        if self.templates.get(label).is_some_and(|working| !working.run.is_finished()) {
            self.end_template(label, TemplateEnd::Cancelled);
        }
        let own: Vec<IntentId> =
            self.templates.get(label).map(|working| working.run.own().to_vec()).unwrap_or_default();
        self.cancel_own(&own);
    }

    /// Ends every template that is at work: what a kill has stopped goes on only where somebody begins it anew (R40).
    pub(super) fn cancel_templates(&mut self) {
        let at_work = self.templates.iter().filter(|(_, working)| !working.run.is_finished());
        let labels: Vec<String> = at_work.map(|(label, _)| label.clone()).collect();
        for label in labels {
            self.cancel_template(&label);
        }
    }

    fn cancel_own(&mut self, own: &[IntentId]) {
        let step = self.books.orders.cancel_all(|order| own.contains(&order.intent.id), self.clock.now());
        self.take(step);
    }

    /// A restart cannot go on with what only the program knew: what a template of the last run has alive is cancelled.
    pub(super) fn end_interrupted_templates(&mut self) {
        for (label, kept) in self.books.templates.clone() {
            self.cancel_own(&kept.orders);
            let end = TemplateEnd::Interrupted;
            self.tell_template(TemplateRecord::Ended { label: label.clone(), end });
            self.alarm(Alarm::TemplateInterrupted { label, strategy: kept.strategy });
        }
    }

    /// Asks every template that is due, as long as orders are taken.
    pub(super) fn ask_templates(&mut self) {
        if self.templates.is_empty() {
            self.changed.clear();
            return;
        }
        for _ in 0..LOOKS_MAX {
            let now = self.clock.now();
            if self.phase().0 != Phase::Ready {
                break; // what has changed is kept for later
            }
            let changed: Vec<IntentId> = std::mem::take(&mut self.changed).into_iter().collect();
            let is_due = |working: &Working| working.run.is_due(&changed, now);
            let due: Vec<String> =
                self.templates.iter().filter(|(_, working)| is_due(working)).map(|(label, _)| label.clone()).collect();
            if due.is_empty() {
                break;
            }
            for label in due {
                self.ask_template(&label);
            }
        }
        self.show_templates();
    }

    fn ask_template(&mut self, label: &str) {
        let now = self.clock.now();
        let Some(working) = self.templates.get_mut(label) else { return };
        let Some(gate) = self.gate.as_mut() else { return };
        let before = working.run.own().len();
        let ids = &mut self.ids;
        let check = gate.at(now, &self.books.ledger);
        let (step, outcome) = working.run.advance(&mut self.books.orders, &check, &mut || ids.next(now), now);
        let made = working.run.own().get(before..).unwrap_or_default().to_vec();
        let has_panicked = working.run.template().has_panicked.load(Ordering::Relaxed);
        let is_finished = working.run.is_finished();
        for id in &made {
            if let Some(order) = self.books.orders.get(*id) {
                gate.accepted(&order.intent, now);
            }
        }
        if !made.is_empty() {
            self.tell_template(TemplateRecord::Made { label: label.to_owned(), orders: made });
        }
        self.take(step);
        match outcome {
            Err(error) => {
                if let order::SubmitError::Refused(refusal) = &error {
                    self.obey(refusal);
                }
                self.end_template(label, TemplateEnd::Refused(error.to_string()));
            }
            Ok(()) if has_panicked => {
                self.end_template(label, TemplateEnd::Panicked);
                let own = self.templates.get(label).map(|working| working.run.own().to_vec()).unwrap_or_default();
                self.cancel_own(&own);
            }
            Ok(()) if is_finished => self.end_template(label, TemplateEnd::Finished),
            Ok(()) => {}
        }
    }

    fn end_template(&mut self, label: &str, end: TemplateEnd) {
        let Some(working) = self.templates.get_mut(label) else { return };
        working.run.stop();
        let strategy = working.strategy.clone();
        working.progress.send_modify(|progress| progress.end = Some(end.clone()));
        if let TemplateEnd::Refused(_) | TemplateEnd::Panicked = &end {
            self.alarm(Alarm::TemplateEnded { label: label.to_owned(), strategy, end: end.clone() });
        }
        self.tell_template(TemplateRecord::Ended { label: label.to_owned(), end });
    }

    fn tell_template(&mut self, record: TemplateRecord) {
        self.books.keep_template(&record);
        self.outbox.records.push(Record::Template(record));
    }

    /// Shows how far templates are, and forgets those that are over.
    fn show_templates(&mut self) {
        let orders = &self.books.orders;
        self.templates.retain(|_, working| {
            let own = working.run.own();
            let (filled, is_live) = progress_of(orders, own);
            working.progress.send_if_modified(|progress| {
                let is_new = progress.orders != own || progress.filled != filled || progress.is_live != is_live;
                if is_new {
                    progress.orders = own.to_vec();
                    (progress.filled, progress.is_live) = (filled, is_live);
                }
                is_new
            });
            is_live || !working.run.is_finished()
        });
    }
}

fn progress_of(orders: &Orders, own: &[IntentId]) -> (rust_decimal::Decimal, bool) {
    let own = || own.iter().filter_map(|id| orders.get(*id));
    let filled =
        own().map(|order| order.filled).fold(rust_decimal::Decimal::ZERO, rust_decimal::Decimal::saturating_add);
    (filled, own().any(|order| order.state.is_live()))
}
