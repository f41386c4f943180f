//! [`Outbox`]: what waits until the records of its round are durable, and how it leaves then.
//!
//! The disk is written on a thread of its own, one commit at a time. A round waits for its commit, and the next begins
//! behind it: what any of them does is durable before anybody hears of it. Only where the disk takes longer than
//! [`SLOW`] does the engine go on meanwhile: it hears TWS, cancels, alarms and refuses (R37). What these rounds record is
//! written together, once the disk has answered.

use std::collections::BTreeSet;
use std::time::Duration;

use journal::{Journal, Stamps};
use order::{Burst, Event as OrderEvent, IntentId};
use tokio::task::{JoinError, JoinHandle, spawn_blocking};
use tokio::time::{Instant, timeout, timeout_at};
use tws_client::Epoch;
use tws_proto::ids::OrderId;

use super::Engine;
use super::commands::{Answer, Look};
use crate::event::{Alarm, Event};
use crate::moment::Moment;
use crate::record::Record;

/// How old an order may become on its way out; then it is not wanted any more (R5).
pub(super) const FRESH: Duration = Duration::from_secs(2);
/// How long a round waits for the disk before the engine goes on without it. Cancels wait no longer than this (R37).
const SLOW: Duration = Duration::from_millis(100);
/// How long a commit may take before it is an alarm, and no orders are taken.
const STUCK: Duration = Duration::from_secs(1);
/// How long the end waits for the disk.
const LAST_COMMIT: Duration = Duration::from_secs(30);
/// Records that may wait for the disk; with more, TWS is not heard until it has answered.
pub(super) const RECORDS_WAITING_MAX: usize = 65_536;

/// What waits until the records of this round are durable.
#[derive(Default)]
pub(super) struct Outbox {
    pub(super) records: Vec<Record>,
    bursts: Vec<Outgoing>,
    pub(super) events: Vec<Event>,
    pub(super) answers: Vec<Answer>,
    pub(super) looks: Vec<Look>,
}

/// A burst, since when it waits, and in which epoch it was meant to leave.
struct Outgoing {
    burst: Burst,
    since: Instant,
    epoch: Option<Epoch>,
}

/// What leaves once the records before it are durable.
struct Effects {
    bursts: Vec<Outgoing>,
    events: Vec<Event>,
    answers: Vec<Answer>,
}

/// Records that are being written, and what leaves then.
pub(super) struct Commit {
    task: JoinHandle<Written>,
    since: Instant,
    effects: Effects,
    is_alarmed: bool,
}

/// The journal is back from its thread.
pub(super) struct Written {
    journal: Journal,
    outcome: Result<(), String>,
}

impl Outbox {
    pub(super) fn send(&mut self, burst: Burst, epoch: Option<Epoch>) {
        self.bursts.push(Outgoing { burst, since: Instant::now(), epoch });
    }

    /// Whether nothing waits; looks at the books wait for nothing but this.
    fn is_settled(&self) -> bool {
        let Self { records, bursts, events, answers, looks: _ } = self;
        records.is_empty() && bursts.is_empty() && events.is_empty() && answers.is_empty()
    }
}

/// Waits until a commit is done; for ever where there is none.
pub(super) async fn written(commit: &mut Option<Commit>) -> Result<Written, JoinError> {
    match commit {
        Some(commit) => (&mut commit.task).await,
        None => std::future::pending().await,
    }
}

/// Whether the records of a round are on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Durable {
    Yes,
    No,
}

impl Engine {
    /// Makes the round durable, then lets its effects leave: messages, events, answers, looks. What could not be sent
    /// makes another round, which sends no orders itself: this ends. Where the disk is slow this returns before.
    pub(super) async fn flush(&mut self) {
        loop {
            if self.commit.is_none() {
                if self.outbox.is_settled() {
                    break;
                }
                self.begin_commit();
            }
            if let Some(commit) = &mut self.commit {
                match timeout_at(commit.since + SLOW, &mut commit.task).await {
                    Ok(written) => self.end_commit(written),
                    Err(_) => {
                        self.overtake_commit();
                        break;
                    }
                }
            }
        }
        if self.commit.is_none() {
            for look in std::mem::take(&mut self.outbox.looks) {
                look(&self.books);
            }
        }
        self.publish_state();
    }

    /// As [`Self::flush`], and waits for a slow disk too; for so long that it is none any more.
    pub(super) async fn flush_at_last(&mut self) {
        self.flush().await;
        while let Some(commit) = &mut self.commit {
            match timeout(LAST_COMMIT, &mut commit.task).await {
                Ok(written) => self.end_commit(written),
                Err(_) => {
                    self.journal_fault = Some(format!("the disk has not answered for {LAST_COMMIT:?}"));
                    return;
                }
            }
            self.flush().await;
        }
    }

    /// For how long the disk has kept orders waiting, once that is too long.
    pub(super) fn stuck(&self) -> Option<Duration> {
        self.commit.as_ref().map(|commit| commit.since.elapsed()).filter(|waited| *waited >= STUCK)
    }

    /// Gives the round to the thread that writes. After a failure nothing is appended any more: a journal with a hole is
    /// worse than one that ends (R37).
    fn begin_commit(&mut self) {
        let looks = std::mem::take(&mut self.outbox.looks);
        let Outbox { records, bursts, events, answers, looks: _ } =
            std::mem::replace(&mut self.outbox, Outbox { looks, ..Outbox::default() });
        let effects = Effects { bursts, events, answers };
        if self.journal_fault.is_some() {
            return self.leave(effects, Durable::No);
        }
        if records.is_empty() {
            return self.leave(effects, Durable::Yes);
        }
        let Some(mut journal) = self.journal.take() else { return self.leave(effects, Durable::No) };
        let stamps = Stamps { wall_us: self.clock.now().0, monotonic_us: self.clock.monotonic_us() };
        let watcher = self.watcher.clone();
        let task = spawn_blocking(move || {
            watcher.tell(Moment::Recording);
            let outcome = append(&mut journal, stamps, &records);
            if outcome.is_ok() {
                watcher.tell(Moment::Recorded);
            }
            Written { journal, outcome }
        });
        self.commit = Some(Commit { task, since: Instant::now(), effects, is_alarmed: false });
    }

    /// The disk has answered: the round's effects leave.
    pub(super) fn end_commit(&mut self, written: Result<Written, JoinError>) {
        let Some(Commit { effects, .. }) = self.commit.take() else { return };
        let outcome = match written {
            Ok(Written { journal, outcome }) => {
                self.journal = Some(journal);
                outcome
            }
            Err(error) => Err(format!("its thread has ended: {error}")),
        };
        match outcome {
            Ok(()) => self.leave(effects, Durable::Yes),
            Err(error) => {
                self.lose_journal(error);
                self.leave(effects, Durable::No);
            }
        }
    }

    /// From now on nothing is written, and no order leaves (R37).
    fn lose_journal(&mut self, error: String) {
        self.halt(&format!("the journal cannot be written: {error}"));
        self.journal_fault = Some(error);
    }

    /// A file that was deleted is missed with the next record; where there is none for long, with the next look.
    pub(super) fn watch_journal(&mut self) {
        let place = self.journal.as_ref().map_or(Ok(()), Journal::check_place);
        if let Err(error) = place
            && self.journal_fault.is_none()
        {
            self.lose_journal(error.to_string());
        }
    }

    fn leave(&mut self, effects: Effects, durable: Durable) {
        let Effects { bursts, mut events, answers } = effects;
        if durable == Durable::No {
            // That the journal fails is said first; all else has to be read with that in mind.
            let (alarms, later) = std::mem::take(&mut self.outbox.events)
                .into_iter()
                .partition(|event| matches!(event, Event::Alarm(Alarm::Halted(_))));
            self.outbox.events = later;
            self.publish(alarms);
        }
        let mut withheld = BTreeSet::new();
        for outgoing in bursts {
            withheld.extend(self.send(outgoing, durable));
        }
        if durable == Durable::No {
            // An order that was neither recorded nor sent was never "sent", whatever the book took it for.
            events.retain(|event| !matches!(event, Event::Order(update) if withheld.contains(&update.intent)));
        }
        self.publish(events);
        for answer in answers {
            (answer.tell)(durable);
        }
        self.watcher.tell(Moment::Told);
    }

    /// The disk is slow: what needs no record leaves without it. Those are cancels, unless the order itself still waits,
    /// refusals, and whatever of the news nothing durable stands behind.
    fn overtake_commit(&mut self) {
        let Some(commit) = &mut self.commit else { return };
        let mut news = Vec::new();
        if commit.since.elapsed() >= STUCK && !std::mem::replace(&mut commit.is_alarmed, true) {
            news.push(Event::Alarm(Alarm::JournalSlow { waited: commit.since.elapsed() }));
        }
        let waiting =
            commit.effects.bursts.iter().chain(&self.outbox.bursts).filter(|waiting| waiting.burst.is_placing());
        let placed: BTreeSet<OrderId> = waiting.flat_map(|waiting| waiting.burst.order_ids()).collect();
        let may_leave = |outgoing: &mut Outgoing| {
            !outgoing.burst.is_placing() && outgoing.burst.order_ids().iter().all(|order_id| !placed.contains(order_id))
        };
        let mut cancels: Vec<Outgoing> = commit.effects.bursts.extract_if(.., may_leave).collect();
        cancels.extend(self.outbox.bursts.extract_if(.., may_leave));
        let mut answers: Vec<Answer> = commit.effects.answers.extract_if(.., |answer| !answer.needs_record).collect();
        answers.extend(self.outbox.answers.extract_if(.., |answer| !answer.needs_record));
        for cancel in cancels {
            let _ = self.send(cancel, Durable::No);
        }
        let needs_record = |event: &Event| {
            matches!(event, Event::Order(_) | Event::Fill(_) | Event::Commission(_) | Event::Outcome(_))
        };
        news.extend(self.outbox.events.extract_if(.., |event| !needs_record(event)));
        self.publish(news);
        for answer in answers {
            (answer.tell)(Durable::No);
        }
    }

    /// Sends a burst, once; gives the intents of orders and changes that were held back.
    fn send(&mut self, outgoing: Outgoing, durable: Durable) -> Vec<IntentId> {
        // Without a record no order leaves; cancels do (R37).
        let is_placing = outgoing.burst.is_placing();
        let Outgoing { burst, since, epoch } = outgoing;
        let refused = if self.login.is_barred() {
            Some("the login is not the one that may trade".to_owned())
        } else if is_placing && durable == Durable::No {
            Some("the journal could not record it".to_owned())
        } else if is_placing && since.elapsed() > FRESH {
            Some("recording it took too long".to_owned())
        } else if is_placing && epoch != self.link.ready {
            Some("the connection was lost while it was recorded".to_owned())
        } else {
            None
        };
        let intents = if is_placing { self.intents_of(&burst) } else { Vec::new() };
        let refused = match refused {
            Some(reason) => reason,
            None => {
                self.watcher.tell(Moment::Sending);
                match self.client.send_order_messages(burst.into_messages()) {
                    Ok(_) => {
                        self.watcher.tell(Moment::Sent);
                        return Vec::new();
                    }
                    Err(error) => error.to_string(),
                }
            }
        };
        if is_placing {
            self.step(OrderEvent::NotSent { intents: intents.clone(), reason: refused });
        } else {
            // The book keeps a cancel: it is sent first on return.
            tracing::warn!(reason = refused, "a cancel was not sent");
        }
        intents
    }

    /// The orders that a burst places or changes.
    fn intents_of(&self, burst: &Burst) -> Vec<IntentId> {
        let places = burst.places();
        if places.is_empty() {
            burst.order_ids().into_iter().filter_map(|id| self.intent_of(id)).collect()
        } else {
            places
        }
    }

    pub(super) fn publish(&mut self, events: Vec<Event>) {
        for event in events {
            if let Event::Alarm(alarm) = &event {
                let text = self.redacted(alarm.to_string());
                tracing::error!(alarm = text, "alarm");
                self.keep_alarm(alarm, &text);
            }
            if let Event::AlarmStands(alarm) = &event {
                tracing::error!(alarm = alarm.text, number = alarm.number, "alarm that nobody has acknowledged");
            }
            for ended in self.bus.publish(&event).closed {
                tracing::warn!(?ended, "a subscriber fell behind and was closed");
                let subscriber = ended.id.to_string();
                self.outbox.events.push(Event::Alarm(Alarm::SubscriberClosed { subscriber, cause: ended.reason }));
            }
        }
    }
}

fn append(journal: &mut Journal, stamps: Stamps, records: &[Record]) -> Result<(), String> {
    let entries: Result<Vec<_>, _> = records.iter().map(Record::to_entry).collect();
    let entries = entries.map_err(|error| error.to_string())?;
    entries
        .chunks(Journal::BATCH_RECORDS_MAX)
        .try_for_each(|batch| journal.append(stamps, batch).map(|_| ()).map_err(|error| error.to_string()))
}
