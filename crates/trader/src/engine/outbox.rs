//! [`Outbox`]: what waits until the records of its round are durable, and how it leaves then.

use std::collections::BTreeSet;
use std::time::Duration;

use journal::{Journal, Stamps};
use order::{Burst, Event as OrderEvent, IntentId};
use tokio::time::Instant;
use tws_proto::ClientMessage;

use super::Engine;
use super::commands::{Answer, Look};
use crate::event::{Alarm, Event};
use crate::moment::Moment;
use crate::record::Record;

/// How old an order may become on its way out; then it is not wanted any more (R5).
pub(super) const FRESH: Duration = Duration::from_secs(2);

/// What waits until the records of this round are durable.
#[derive(Default)]
pub(super) struct Outbox {
    pub(super) records: Vec<Record>,
    bursts: Vec<Outgoing>,
    pub(super) events: Vec<Event>,
    pub(super) answers: Vec<Answer>,
    pub(super) looks: Vec<Look>,
}

/// A burst, and since when it waits.
struct Outgoing {
    burst: Burst,
    since: Instant,
}

impl Outbox {
    pub(super) fn send(&mut self, burst: Burst) {
        self.bursts.push(Outgoing { burst, since: Instant::now() });
    }

    /// Whether nothing waits; looks at the books wait for nothing but this.
    fn is_settled(&self) -> bool {
        let Self { records, bursts, events, answers, looks: _ } = self;
        records.is_empty() && bursts.is_empty() && events.is_empty() && answers.is_empty()
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
    /// makes another round, which sends no orders itself: this ends.
    pub(super) fn flush(&mut self) {
        while !self.outbox.is_settled() {
            let looks = std::mem::take(&mut self.outbox.looks);
            let Outbox { records, bursts, mut events, answers, .. } = std::mem::take(&mut self.outbox);
            self.outbox.looks = looks;
            let durable = self.make_durable(&records);
            if durable == Durable::No {
                // That the journal fails is said first; all else has to be read with that in mind.
                let alarms = std::mem::take(&mut self.outbox.events);
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
                answer(durable);
            }
            self.watcher.tell(Moment::Told);
        }
        for look in std::mem::take(&mut self.outbox.looks) {
            look(&self.books);
        }
        self.publish_state();
    }

    /// Appends the records. After a failure nothing is appended any more: a journal with a hole is worse than one that
    /// ends (R37).
    fn make_durable(&mut self, records: &[Record]) -> Durable {
        if self.journal_fault.is_some() {
            return Durable::No;
        }
        self.watcher.tell(Moment::Recording);
        let stamps = Stamps { wall_us: self.clock.now().0, monotonic_us: self.clock.monotonic_us() };
        let entries: Result<Vec<_>, _> = records.iter().map(Record::to_entry).collect();
        let appended = entries.map_err(|error| error.to_string()).and_then(|entries| {
            entries
                .chunks(Journal::BATCH_RECORDS_MAX)
                .try_for_each(|batch| self.journal.append(stamps, batch).map(|_| ()).map_err(|error| error.to_string()))
        });
        match appended {
            Ok(()) => {
                self.watcher.tell(Moment::Recorded);
                Durable::Yes
            }
            Err(error) => {
                self.halt(&format!("the journal cannot be written: {error}"));
                self.journal_fault = Some(error);
                Durable::No
            }
        }
    }

    /// Sends a burst, once; gives the intents of orders and changes that were held back.
    fn send(&mut self, outgoing: Outgoing, durable: Durable) -> Vec<IntentId> {
        let Outgoing { burst, since } = outgoing;
        // Without a record no order leaves; cancels do (R37).
        let is_placing = burst.messages.iter().any(|message| matches!(message, ClientMessage::PlaceOrder(_)));
        let refused = if self.login.is_barred() {
            Some("the login is not the one that may trade".to_owned())
        } else if is_placing && durable == Durable::No {
            Some("the journal could not record it".to_owned())
        } else if is_placing && since.elapsed() > FRESH {
            Some("recording it took too long".to_owned())
        } else {
            None
        };
        let intents = if is_placing { self.intents_of(&burst) } else { Vec::new() };
        let refused = match refused {
            Some(reason) => reason,
            None => {
                self.watcher.tell(Moment::Sending);
                match self.client.send_order_messages(burst.messages) {
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
        if !burst.places.is_empty() {
            return burst.places.clone();
        }
        let changed = burst.messages.iter().filter_map(|message| match message {
            ClientMessage::PlaceOrder(place) => self.intent_of(place.order_id),
            _ => None, // cancels
        });
        changed.collect()
    }

    pub(super) fn publish(&mut self, events: Vec<Event>) {
        for event in events {
            if let Event::Alarm(alarm) = &event {
                let alarm = self.redacted(alarm.to_string());
                tracing::error!(alarm, "alarm");
            }
            for ended in self.bus.publish(&event).closed {
                tracing::warn!(?ended, "a subscriber fell behind and was closed");
                let subscriber = ended.id.to_string();
                self.outbox.events.push(Event::Alarm(Alarm::SubscriberClosed { subscriber, cause: ended.reason }));
            }
        }
    }
}
