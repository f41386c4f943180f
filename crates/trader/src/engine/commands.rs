//! What strategies and people ask of the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use event_bus::Subscription;
use order::{
    AcknowledgeError, CancelError, Change, ChangeError, ExternalError, HaltScope, IntentId, OcaEffect, OneCancelsAll,
    OrderUpdate, Protection, Submission, SubmitError, Terms, Timestamp, Tracked,
};
use risk::{AlarmFault, ArmingError, Refusal, Waivable, Waiver, WaiverFault};
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use tws_client::RequestError;
use tws_proto::Contract;
use tws_proto::ids::{ContractId, PermanentId};

use super::Engine;
use super::outbox::{Durable, FRESH};
use super::previews::PreviewReply;
use super::templates::Given;
use crate::books::Books;
use crate::event::{Alarm, Event, Phase, updates_of};
use crate::mask::masked_list;
use crate::moment::Moment;
use crate::record::Record;
use crate::template::TemplateProgress;
use crate::ticket::{Joined, Ticket};

/// Longest name of an order, in bytes.
const LABEL_BYTES_MAX: usize = 128;

/// Something to do once the records of a round are durable; it hears whether they are.
pub(super) struct Answer {
    /// Whether it may be given only once the records are durable, or cannot be.
    pub(super) needs_record: bool,
    pub(super) tell: Box<dyn FnOnce(Durable) + Send>,
}
/// A look at the books, once what they hold is durable.
pub(crate) type Look = Box<dyn FnOnce(&Books) + Send>;
/// Which orders are meant. It is the caller's code: where it panics, the caller gets the panic back.
pub(crate) type Which = Box<dyn Fn(&Tracked) -> bool + Send>;
/// What was accepted, and what will be heard of it.
pub(crate) type Accepted = (Vec<IntentId>, Subscription<OrderUpdate>);

/// Something asked of the engine.
pub(crate) enum Command {
    Submit {
        /// One, or several of which one cancels the others.
        tickets: Vec<Ticket>,
        strategy: String,
        asked_at: Instant,
        reply: oneshot::Sender<Result<Accepted, Refused>>,
    },
    Preview {
        ticket: Box<Ticket>,
        strategy: String,
        reply: PreviewReply,
    },
    Change {
        id: IntentId,
        change: Box<Change>,
        asked_at: Instant,
        reply: oneshot::Sender<Result<(), Refused>>,
    },
    Cancel {
        id: IntentId,
        reply: oneshot::Sender<Result<(), Refused>>,
    },
    CancelAll {
        which: Which,
        reply: oneshot::Sender<thread::Result<usize>>,
    },
    Inspect(Look),
    Watch {
        contract: Box<Contract>,
        reply: oneshot::Sender<Result<(), RequestError>>,
    },
    Kill {
        by: String,
        reason: String,
        reply: oneshot::Sender<Result<(), Refused>>,
    },
    Rearm {
        by: String,
        reply: oneshot::Sender<Result<bool, Refused>>,
    },
    Arm {
        by: String,
        until: Timestamp,
        reply: oneshot::Sender<Result<(), Refused>>,
    },
    /// What is known of a contract, from its details.
    Learn {
        contract_id: ContractId,
        terms: Box<Terms>,
        /// By how much its prices are told larger than money.
        magnifier: u32,
    },
    Acknowledge {
        scope: HaltScope,
        by: String,
        reply: oneshot::Sender<Result<(), Refused>>,
    },
    Adopt {
        number: PermanentId,
        strategy: String,
        by: String,
        label: Option<String>,
        reply: oneshot::Sender<Result<IntentId, Refused>>,
    },
    Ignore {
        number: PermanentId,
        by: String,
        reply: oneshot::Sender<Result<(), Refused>>,
    },
    Waive {
        control: Waivable,
        strategy: String,
        by: String,
        reason: String,
        reply: oneshot::Sender<Result<Waiver, Refused>>,
    },
    AcknowledgeAlarm {
        number: u64,
        by: String,
        reply: oneshot::Sender<Result<(), Refused>>,
    },
    RunTemplate {
        label: String,
        strategy: String,
        template: Given,
        reply: oneshot::Sender<Result<watch::Receiver<TemplateProgress>, Refused>>,
    },
    CancelTemplate {
        label: String,
        reply: oneshot::Sender<Result<(), Refused>>,
    },
    Publish(Box<Event>),
    Stop {
        reply: oneshot::Sender<Ended>,
    },
}

/// How a trader ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Records in the journal.
    pub records: u64,
    /// Fingerprint of the books, which a replay of the journal gives again.
    pub fingerprint: String,
    /// What went wrong with the journal, if anything did: then it does not hold all that the books held.
    pub journal_fault: Option<String>,
}

/// Why something was not done: nothing was sent, but for [`Refused::KillNotDurable`].
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The trader takes no orders now (R5).
    #[error("no orders are taken: the trader is {phase}{}{reason}", if reason.is_empty() { "" } else { ": " })]
    NotReady {
        /// Where it stands.
        phase: Phase,
        /// Why.
        reason: String,
    },
    /// The login has several accounts and the ticket names none, or one that may not trade.
    #[error("name one of the accounts {} in the ticket", masked_list(accounts))]
    Account {
        /// Accounts that may trade.
        accounts: Vec<String>,
    },
    /// The ticket's name cannot be one. Nothing was sent.
    #[error(
        "an order has a name of 1 to {LABEL_BYTES_MAX} bytes without control characters that no other has; {label:?} is none"
    )]
    Label {
        /// The name.
        label: String,
    },
    /// The ticket's name was used before: the order was taken already, perhaps before a restart. Nothing was sent.
    #[error(
        "the name {label:?} was used for order {intent}; look at that order, or give the new one a name of its own"
    )]
    LabelTaken {
        /// The name.
        label: String,
        /// The order that has it.
        intent: IntentId,
    },
    /// A ticket that is joined with others would lose its exits, or other orders of its own. Nothing was sent.
    #[error(transparent)]
    Joined(#[from] Joined),
    /// A template of this name is at work.
    #[error("a template called {label:?} is at work; wait for its end, or give this one a name of its own")]
    TemplateRunning {
        /// The name.
        label: String,
    },
    /// The order is not sound, or the gate refused it.
    #[error(transparent)]
    Submit(#[from] SubmitError<Refusal>),
    /// The change is not possible, or the gate refused it.
    #[error(transparent)]
    Change(#[from] ChangeError<Refusal>),
    /// The cancel is not possible.
    #[error(transparent)]
    Cancel(#[from] CancelError),
    /// There is no such halt, or nobody was named.
    #[error(transparent)]
    Acknowledge(#[from] AcknowledgeError),
    /// Nobody was named, or the time is not within a day from now (C11).
    #[error(transparent)]
    Arming(#[from] ArmingError),
    /// There is no such alarm, or nobody was named.
    #[error(transparent)]
    Alarm(#[from] AlarmFault),
    /// The order of others cannot be taken on or left out (R18).
    #[error(transparent)]
    External(#[from] ExternalError),
    /// There is no such waiver, or none was given.
    #[error(transparent)]
    Waiver(#[from] WaiverFault),
    /// The journal could not record it (R37).
    #[error("the journal could not record it; nothing was sent")]
    NotDurable,
    /// The kill holds and the cancels have left, but the journal could not record it (R37).
    #[error("trading is stopped and cancels are sent, but the journal could not record it: a restart would not know")]
    KillNotDurable,
    /// It waited for so long that it may not be wanted any more (R5). Look at the market, then ask again.
    #[error("it waited for {waited_ms} ms before the trader could take it; nothing was sent")]
    Stale {
        /// How long.
        waited_ms: u64,
    },
    /// The disk has not recorded what came before (R37). Ask again once it answers.
    #[error("the journal's disk has not answered for {waited_ms} ms; nothing was sent")]
    JournalSlow {
        /// For how long.
        waited_ms: u64,
    },
    /// The trader has stopped.
    #[error("the trader has stopped")]
    Stopped,
}

impl Engine {
    pub(super) fn on_command(&mut self, command: Command) {
        self.watcher.tell(Moment::Commanded);
        match command {
            Command::Submit { tickets, strategy, asked_at, reply } => {
                let outcome = fresh(asked_at).and_then(|()| self.submit(tickets, &strategy));
                self.answer(reply, outcome);
            }
            Command::Preview { ticket, strategy, reply } => self.preview(*ticket, &strategy, reply),
            Command::Change { id, change, asked_at, reply } => {
                let outcome = fresh(asked_at).and_then(|()| self.change(id, *change));
                self.answer(reply, outcome);
            }
            Command::Cancel { id, reply } => {
                let now = self.clock.now();
                let outcome = self.books.orders.cancel(id, now).map(|step| self.take(step)).map_err(Refused::from);
                // A cancel leaves even where the disk fails (R37).
                self.answer_however(reply, outcome);
            }
            Command::CancelAll { which, reply } => {
                let outcome = self.cancel_all(&which);
                self.answer_however(reply, outcome);
            }
            Command::Inspect(look) => self.outbox.looks.push(look),
            Command::Watch { contract, reply } => {
                // Whoever asked may have gone.
                let _ = reply.send(self.watch(&contract));
            }
            Command::Kill { by, reason, reply } => {
                self.kill(by, reason);
                let tell = Box::new(move |durable| {
                    let outcome = if durable == Durable::Yes { Ok(()) } else { Err(Refused::KillNotDurable) };
                    let _ = reply.send(outcome);
                });
                self.outbox.answers.push(Answer { needs_record: true, tell });
            }
            Command::Rearm { by, reply } => {
                let lifted = self.rearm(&by);
                self.answer(reply, Ok(lifted));
            }
            Command::Arm { by, until, reply } => {
                let outcome = self.arm(by, until);
                self.answer(reply, outcome);
            }
            Command::Learn { contract_id, terms, magnifier } => {
                self.learn(contract_id, *terms, magnifier);
            }
            Command::Acknowledge { scope, by, reply } => {
                let now = self.clock.now();
                let outcome = self.books.orders.acknowledge(scope.clone(), &by, now).map(|step| self.take(step));
                if let (Ok(()), Some(gate)) = (&outcome, &mut self.gate) {
                    gate.acknowledged(&scope);
                }
                self.answer(reply, outcome.map_err(Refused::from));
            }
            Command::Adopt { number, strategy, by, label, reply } => {
                let outcome = self.adopt(number, &strategy, &by, label);
                self.answer(reply, outcome);
            }
            Command::Ignore { number, by, reply } => {
                let now = self.clock.now();
                let outcome = self.books.orders.ignore_external(number, &by, now).map(|step| self.take(step));
                self.answer(reply, outcome.map_err(Refused::from));
            }
            Command::Waive { control, strategy, by, reason, reply } => {
                let outcome = self.waive((control, &strategy), (&by, &reason));
                self.answer(reply, outcome);
            }
            Command::AcknowledgeAlarm { number, by, reply } => {
                let outcome = self.acknowledge_alarm(number, by);
                self.answer(reply, outcome);
            }
            Command::RunTemplate { label, strategy, template, reply } => {
                let outcome = self.begin_template(label, &strategy, template);
                self.answer(reply, outcome);
            }
            Command::CancelTemplate { label, reply } => {
                self.cancel_template(&label);
                // A cancel leaves even where the disk fails (R37).
                self.answer_however(reply, Ok(()));
            }
            Command::Publish(event) => self.outbox.events.push(*event),
            Command::Stop { .. } => {} // the loop takes it before it comes here
        }
    }

    fn submit(&mut self, tickets: Vec<Ticket>, strategy: &str) -> Result<Accepted, Refused> {
        let ((phase, reason), waited) = (self.phase(), self.stuck());
        let accounts = self.state.borrow().accounts.clone();
        let Some(gate) = self.gate.as_mut().filter(|_| phase == Phase::Ready) else {
            return Err(Refused::NotReady { phase, reason });
        };
        if let Some(waited) = waited {
            return Err(Refused::JournalSlow { waited_ms: milliseconds(waited) });
        }
        let labels: Vec<String> = tickets.iter().flat_map(Ticket::labels).collect();
        check_labels(&labels, &self.books.labels)?;
        let (now, ids) = (self.clock.now(), &mut self.ids);
        let waiver = tickets.iter().find_map(Ticket::waiver);
        let waiver = waiver.map(|number| self.books.waivers.usable(number, strategy, now).cloned()).transpose()?;
        let (mut submissions, mut named) = (Vec::new(), Vec::new());
        for ticket in tickets {
            let account = account_of(&ticket, &accounts)?;
            let labels = ticket.labels();
            let submission = ticket.into_submission(strategy, &account, || ids.next(now));
            // Each ticket's names are those of its own legs: the one before may have none, or legs without a name.
            named.extend(labels.into_iter().zip(submission.legs().map(|leg| leg.id)));
            submissions.push(submission);
        }
        let submission = one_of(submissions);
        let legs: Vec<_> = submission.legs().cloned().collect();
        let intents: Vec<IntentId> = legs.iter().map(|leg| leg.id).collect();
        let check = gate.at(now, &self.books.ledger);
        let check = match &waiver {
            Some(waiver) => check.waiving(waiver.control),
            None => check,
        };
        match self.books.orders.submit(submission, &check, now) {
            Ok(step) => {
                let waived = check.waived();
                for leg in &legs {
                    gate.accepted(leg, now);
                }
                if let (Some(waiver), Some(refusal)) = (waiver, waived) {
                    self.use_waiver(waiver, &intents, &refusal);
                }
                // Listen first: nothing of this is published before the round is durable.
                let updates = updates_of(&self.bus.feed(), &intents);
                if !named.is_empty() {
                    self.books.labels.extend(named.iter().cloned());
                    self.outbox.records.push(Record::Labelled { labels: named });
                }
                self.take(step);
                Ok((intents, updates))
            }
            Err(error) => {
                let reason = error.to_string();
                self.outbox.records.push(Record::Refused { strategy: strategy.to_owned(), intents, reason });
                if let SubmitError::Refused(refusal) = &error {
                    self.obey(refusal);
                }
                Err(Refused::Submit(error))
            }
        }
    }

    /// R18: takes an order of others on, under a name of its own where one is given.
    fn adopt(
        &mut self,
        number: PermanentId,
        strategy: &str,
        by: &str,
        label: Option<String>,
    ) -> Result<IntentId, Refused> {
        check_labels(label.as_slice(), &self.books.labels)?;
        let now = self.clock.now();
        let id = self.ids.next(now);
        let step = self.books.orders.adopt_external(number, id, strategy, by, now)?;
        if let Some(label) = label {
            self.books.labels.insert(label.clone(), id);
            self.outbox.records.push(Record::Labelled { labels: vec![(label, id)] });
        }
        self.take(step);
        Ok(id)
    }

    /// R18: what the policy says is done with orders of others.
    pub(super) fn meet_external(&mut self) {
        let (now, ids) = (self.clock.now(), &mut self.ids);
        let step = self.books.orders.meet_external(&self.config.external_orders, || ids.next(now), now);
        self.take(step);
    }

    fn change(&mut self, id: IntentId, change: Change) -> Result<(), Refused> {
        let ((phase, reason), waited) = (self.phase(), self.stuck());
        let Some(gate) = self.gate.as_mut().filter(|_| phase == Phase::Ready) else {
            return Err(Refused::NotReady { phase, reason });
        };
        if let Some(waited) = waited {
            return Err(Refused::JournalSlow { waited_ms: milliseconds(waited) });
        }
        let now = self.clock.now();
        match self.books.orders.change(id, change, &gate.at(now, &self.books.ledger), now) {
            Ok(step) => {
                if let Some(order) = self.books.orders.get(id) {
                    gate.changed(&order.intent.strategy, now);
                }
                self.take(step);
                Ok(())
            }
            Err(error) => {
                if let Some(order) = self.books.orders.get(id) {
                    let (strategy, reason) = (order.intent.strategy.to_string(), error.to_string());
                    self.outbox.records.push(Record::Refused { strategy, intents: vec![id], reason });
                }
                if let ChangeError::Refused(refusal) = &error {
                    self.obey(refusal);
                }
                Err(Refused::Change(error))
            }
        }
    }

    /// Places what protects a position that has lost its stop (R25). Where that is not possible now, the order book asks
    /// again.
    pub(super) fn protect(&mut self, protection: Protection) {
        let (phase, reason) = self.phase();
        let symbol = protection.intent.contract.symbol.clone();
        let Some(gate) = self.gate.as_mut().filter(|_| phase == Phase::Ready) else {
            let reason = format!("the trader is {phase}: {reason}");
            return self.alarm(Alarm::NotProtected { symbol, reason });
        };
        let now = self.clock.now();
        let id = self.ids.next(now);
        let leg = protection.intent.clone();
        let protection = Protection { held: self.books.closable(&leg), ..protection };
        match self.books.orders.protect(protection, id, &gate.at(now, &self.books.ledger).for_protection(), now) {
            Ok(step) => {
                gate.accepted(&leg, now);
                self.take(step);
            }
            Err(error) => self.alarm(Alarm::NotProtected { symbol, reason: error.to_string() }),
        }
    }

    fn cancel_all(&mut self, which: &Which) -> thread::Result<usize> {
        // A panic of the caller's code must not end the engine; nothing of ours is half done in it.
        let picked = catch_unwind(AssertUnwindSafe(|| {
            let live = self.books.orders.live().filter(|order| which(order));
            live.map(|order| order.intent.id).collect::<BTreeSet<_>>()
        }))?;
        let step = self.books.orders.cancel_all(|order| picked.contains(&order.intent.id), self.clock.now());
        self.take(step);
        Ok(picked.len())
    }

    pub(super) fn cancel_everything(&mut self) {
        let step = self.books.orders.cancel_all(|_| true, self.clock.now());
        self.take(step);
    }

    /// Learns what TWS tells of a contract.
    pub(super) fn learn(&mut self, contract_id: ContractId, terms: Terms, magnifier: u32) {
        self.magnify(contract_id, magnifier);
        let step = self.books.orders.learn(contract_id, terms, self.clock.now());
        self.take(step);
    }

    /// Learns in how small a unit a contract is quoted, for the money that was made and will be made with it.
    fn magnify(&mut self, contract_id: ContractId, magnifier: u32) {
        match self.books.ledger.magnify(contract_id, magnifier) {
            Ok(false) => {}
            Ok(true) => self.outbox.records.push(Record::Magnified { contract_id, magnifier }),
            Err(error) => {
                let what = format!("the price magnifier {magnifier} of contract {contract_id}");
                self.alarm(Alarm::NotBooked { what, cause: error.into() });
            }
        }
    }

    /// Shuts the gate and cancels everything of ours (R40). It stands over restarts until a person lets it go on.
    fn kill(&mut self, by: String, reason: String) {
        if let Some(gate) = &mut self.gate {
            gate.kill(by.clone(), reason.clone());
        }
        if self.books.kill.is_none() {
            let kill = risk::Kill { by, reason };
            self.books.kill = Some(kill.clone());
            self.outbox.records.push(Record::Killed(kill));
        }
        self.cancel_templates();
        self.cancel_everything();
    }

    fn rearm(&mut self, by: &str) -> bool {
        if by.trim().is_empty() || self.books.kill.is_none() {
            return false;
        }
        if let Some(gate) = &mut self.gate {
            gate.rearm(by);
        }
        self.books.kill = None;
        self.outbox.records.push(Record::Rearmed { by: by.to_owned() });
        true
    }

    /// Answers once the round is durable; a success that could not be recorded is none.
    fn answer<T: Send + 'static>(&mut self, reply: oneshot::Sender<Result<T, Refused>>, outcome: Result<T, Refused>) {
        let needs_record = outcome.is_ok();
        let tell = Box::new(move |durable| {
            let outcome = if durable == Durable::Yes { outcome } else { outcome.and(Err(Refused::NotDurable)) };
            let _ = reply.send(outcome);
        });
        self.outbox.answers.push(Answer { needs_record, tell });
    }

    /// Answers once the round is over, recorded or not.
    fn answer_however<T: Send + 'static>(&mut self, reply: oneshot::Sender<T>, outcome: T) {
        let tell = Box::new(move |_| {
            let _ = reply.send(outcome);
        });
        self.outbox.answers.push(Answer { needs_record: false, tell });
    }
}

/// Whether this can be a name.
pub(super) fn is_label(label: &str) -> bool {
    !label.is_empty() && label.len() <= LABEL_BYTES_MAX && !label.contains(char::is_control)
}

/// Looks at names before anything else is done: each is good, and none was used before.
fn check_labels(labels: &[String], taken: &BTreeMap<String, IntentId>) -> Result<(), Refused> {
    for (place, label) in labels.iter().enumerate() {
        let is_twice = labels.iter().take(place).any(|other| other == label);
        if !is_label(label) || is_twice {
            return Err(Refused::Label { label: label.clone() });
        }
        if let Some(intent) = taken.get(label) {
            return Err(Refused::LabelTaken { label: label.clone(), intent: *intent });
        }
    }
    Ok(())
}

/// The account of a ticket, among those that may trade.
pub(super) fn account_of(ticket: &Ticket, accounts: &[String]) -> Result<String, Refused> {
    match (ticket.named_account(), accounts) {
        (Some(named), _) if accounts.iter().any(|account| account == named) => Ok(named.to_owned()),
        (None, [only]) => Ok(only.clone()),
        (Some(_) | None, _) => Err(Refused::Account { accounts: accounts.to_vec() }),
    }
}

/// One submission as it is; the legs of several as orders of which one cancels the others.
fn one_of(mut submissions: Vec<Submission>) -> Submission {
    match submissions.len() {
        1 => submissions.remove(0),
        _ => OneCancelsAll {
            legs: submissions.iter().flat_map(Submission::legs).cloned().collect(),
            effect: OcaEffect::default(),
        }
        .into(),
    }
}

/// Refuses what has waited for too long.
fn fresh(asked_at: Instant) -> Result<(), Refused> {
    let waited = asked_at.elapsed();
    if waited <= FRESH { Ok(()) } else { Err(Refused::Stale { waited_ms: milliseconds(waited) }) }
}

fn milliseconds(waited: Duration) -> u64 {
    u64::try_from(waited.as_millis()).unwrap_or(u64::MAX)
}
