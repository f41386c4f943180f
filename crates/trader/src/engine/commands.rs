//! What strategies and people ask of the engine.

use order::{CancelError, Change, ChangeError, IntentId, SubmitError, Tracked};
use risk::Refusal;
use tokio::sync::oneshot;
use tws_client::Epoch;
use tws_proto::Contract;

use super::Engine;
use crate::books::Books;
use crate::event::{Event, Phase};
use crate::record::Record;
use crate::ticket::Ticket;

/// Something to do once the records of a round are durable; it hears whether they are.
pub(crate) type Answer = Box<dyn FnOnce(bool) + Send>;

/// Something asked of the engine.
pub(crate) enum Command {
    Submit { ticket: Box<Ticket>, strategy: String, reply: oneshot::Sender<Result<Vec<IntentId>, Refused>> },
    Change { id: IntentId, change: Box<Change>, reply: oneshot::Sender<Result<(), Refused>> },
    Cancel { id: IntentId, reply: oneshot::Sender<Result<(), Refused>> },
    CancelAll { which: Box<dyn Fn(&Tracked) -> bool + Send>, reply: oneshot::Sender<usize> },
    Inspect(Box<dyn FnOnce(&Books) + Send>),
    Watch { contract: Box<Contract>, reply: oneshot::Sender<Result<(), String>> },
    Kill { by: String, reason: String, reply: oneshot::Sender<()> },
    Rearm { by: String, reply: oneshot::Sender<bool> },
    Publish(Event),
    SnapshotFailed { epoch: Epoch, reason: String },
    Stop { reply: oneshot::Sender<Ended> },
}

/// How a trader ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Records in the journal.
    pub records: u64,
    /// Fingerprint of the books, which a replay of the journal gives again.
    pub fingerprint: String,
    /// What went wrong while closing the journal, if anything did.
    pub journal_fault: Option<String>,
}

/// Why something was not done. Nothing was recorded and nothing was sent.
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
    #[error("name one of the accounts {} in the ticket", accounts.join(", "))]
    Account {
        /// Accounts that may trade.
        accounts: Vec<String>,
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
    /// The journal could not record it (R37).
    #[error("the journal could not record it; nothing was sent")]
    NotDurable,
    /// The trader has stopped.
    #[error("the trader has stopped")]
    Stopped,
}

impl Engine {
    pub(super) fn on_command(&mut self, command: Command) {
        match command {
            Command::Submit { ticket, strategy, reply } => {
                let outcome = self.submit(*ticket, &strategy);
                self.answer(reply, outcome);
            }
            Command::Change { id, change, reply } => {
                let outcome = self.change(id, *change);
                self.answer(reply, outcome);
            }
            Command::Cancel { id, reply } => {
                let now = self.clock.now();
                let outcome = self.books.orders.cancel(id, now).map(|step| self.take(step)).map_err(Refused::from);
                // A cancel is taken even where the disk fails (R37): its answer does not wait for it.
                let _ = reply.send(outcome);
            }
            Command::CancelAll { which, reply } => {
                let count = self.books.orders.live().filter(|order| which(order)).count();
                let step = self.books.orders.cancel_all(which, self.clock.now());
                self.take(step);
                let _ = reply.send(count);
            }
            Command::Inspect(look) => look(&self.books),
            Command::Watch { contract, reply } => {
                let _ = reply.send(self.watch(&contract));
            }
            Command::Kill { by, reason, reply } => {
                self.kill(by, reason);
                self.outbox.answers.push(Box::new(move |_| {
                    let _ = reply.send(());
                }));
            }
            Command::Rearm { by, reply } => {
                let lifted = self.rearm(&by);
                self.answer_plain(reply, lifted);
            }
            Command::Publish(event) => self.outbox.events.push(event),
            Command::SnapshotFailed { epoch, reason } => self.on_snapshot_failed(epoch, &reason),
            Command::Stop { .. } => {} // the loop takes it before it comes here
        }
    }

    fn submit(&mut self, ticket: Ticket, strategy: &str) -> Result<Vec<IntentId>, Refused> {
        let (phase, reason) = self.phase();
        let accounts = self.state.borrow().accounts.clone();
        let Some(gate) = self.gate.as_mut().filter(|_| phase == Phase::Ready) else {
            return Err(Refused::NotReady { phase, reason });
        };
        let account = match (ticket.named_account(), accounts.as_slice()) {
            (Some(named), _) if accounts.iter().any(|account| account == named) => named.to_owned(),
            (None, [only]) => only.clone(),
            (Some(_) | None, _) => return Err(Refused::Account { accounts }),
        };
        let now = self.clock.now();
        let ids = &mut self.ids;
        let submission = ticket.into_submission(strategy, &account, || ids.next(now));
        let legs: Vec<_> = submission.legs().cloned().collect();
        let intents: Vec<IntentId> = legs.iter().map(|leg| leg.id).collect();
        match self.books.orders.submit(submission, &gate.at(now, &self.books.ledger), now) {
            Ok(step) => {
                for leg in &legs {
                    gate.accepted(leg, now);
                }
                self.take(step);
                Ok(intents)
            }
            Err(error) => {
                let reason = error.to_string();
                self.outbox.records.push(Record::Refused { strategy: strategy.to_owned(), intents, reason });
                Err(Refused::Submit(error))
            }
        }
    }

    fn change(&mut self, id: IntentId, change: Change) -> Result<(), Refused> {
        let (phase, reason) = self.phase();
        let Some(gate) = self.gate.as_mut().filter(|_| phase == Phase::Ready) else {
            return Err(Refused::NotReady { phase, reason });
        };
        let now = self.clock.now();
        let step = self.books.orders.change(id, change, &gate.at(now, &self.books.ledger), now)?;
        self.take(step);
        Ok(())
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
        let step = self.books.orders.cancel_all(|_| true, self.clock.now());
        self.take(step);
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
        self.outbox.answers.push(Box::new(move |durable| {
            let outcome = if durable { outcome } else { outcome.and(Err(Refused::NotDurable)) };
            let _ = reply.send(outcome);
        }));
    }

    fn answer_plain<T: Send + 'static>(&mut self, reply: oneshot::Sender<T>, outcome: T) {
        self.outbox.answers.push(Box::new(move |_| {
            let _ = reply.send(outcome);
        }));
    }

    /// Ends the session and closes the journal.
    pub(super) async fn end(self, reply: oneshot::Sender<Ended>) {
        self.client.shutdown().await;
        let ended = Ended {
            records: self.journal.len(),
            fingerprint: self.books.fingerprint(),
            journal_fault: None,
        };
        let journal_fault = self.journal.close().err().map(|error| error.to_string());
        let _ = reply.send(Ended { journal_fault, ..ended });
    }
}
