//! [`Queue`]: requests that wait for room in the window, and those that a rule of TWS holds back, so that none of these
//! stands in the way of others.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tws_proto::ids::RequestId;
use tws_proto::message::{ClientMessage, Message};

use super::orders::{Aim, Burst};
use super::outgoing::Waiting;
use super::pacer::Urgency;
use super::rules::{Claim, Ticket};
use super::{RequestKey, Session, Stage, SubscriptionId};
use crate::event::Alarm;
use crate::queue::{Waits, Why};
use crate::relation::Pace;

/// After which breach in a connection TWS closes it the next time.
const BREACHES_MOST: u32 = 2;

/// What waits behind the orders.
#[derive(Debug, Default)]
pub(super) struct Queue {
    ready: VecDeque<Entry>,
    held: Vec<Held>,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) waiting: Waiting,
    pub(super) since: Instant,
    /// Its place in the plan of the rules, where one is about it.
    pub(super) ticket: Option<Ticket>,
}

#[derive(Debug)]
struct Held {
    entry: Entry,
    /// Unset where it waits for another request to end.
    until: Option<Instant>,
    why: Why,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.ready.len() + self.held.len()
    }

    /// How many wait for nothing but room in the window.
    pub(super) fn ready(&self) -> usize {
        self.ready.len()
    }

    pub(super) fn push(&mut self, waiting: Waiting, ticket: Option<Ticket>, now: Instant) {
        self.ready.push_back(Entry { waiting, since: now, ticket });
    }

    pub(super) fn pop(&mut self) -> Option<Entry> {
        self.ready.pop_front()
    }

    pub(super) fn clear(&mut self) {
        self.ready.clear();
        self.held.clear();
    }

    /// Takes out what is not wanted any more; the places of it in the plan.
    pub(super) fn remove(&mut self, unwanted: impl Fn(&Waiting) -> bool) -> Vec<Ticket> {
        let mut tickets = Vec::new();
        let mut keep = |entry: &Entry| {
            let wanted = !unwanted(&entry.waiting);
            tickets.extend(entry.ticket.filter(|_| !wanted));
            wanted
        };
        self.ready.retain(&mut keep);
        self.held.retain(|held| keep(&held.entry));
        tickets
    }

    /// How many messages wait that nobody is answered.
    pub(super) fn messages(&self) -> usize {
        self.ready.iter().filter(|entry| matches!(entry.waiting, Waiting::Message(_))).count()
    }

    fn hold(&mut self, entry: Entry, until: Option<Instant>, why: Why) {
        self.held.push(Held { entry, until, why });
    }

    /// Lets go of what was held until now, or until there was room for history.
    fn release(&mut self, history_has_room: bool, now: Instant) {
        let is_due = |held: &Held| held.until.map_or(history_has_room, |until| until <= now);
        let (due, held) = std::mem::take(&mut self.held).into_iter().partition(is_due);
        self.held = held;
        let due: Vec<Held> = due;
        due.into_iter().rev().for_each(|held| self.ready.push_front(held.entry));
    }

    /// When something that is held may go on.
    pub(super) fn release_at(&self) -> Option<Instant> {
        self.held.iter().filter_map(|held| held.until).min()
    }
}

impl Session {
    /// What waits to be sent, for how long, and why: cancels, orders, then requests in their order, then what a rule holds
    /// back.
    #[must_use]
    pub fn queue(&self, now: Instant) -> Vec<Waits> {
        let since = |at: Instant| now.saturating_duration_since(at);
        let rate = |urgency| self.pacer.room_at(urgency, 1).map(|at| at.saturating_duration_since(now));
        let is_held = matches!(&self.stage, Stage::Live(live) if live.hold.is_some());
        let burst = |burst: &Burst| Waits {
            message: burst.messages.first().map_or("", |message| message.facts().name),
            messages: burst.messages.len(),
            waited: since(burst.since),
            why: if is_held { Why::Probe } else { Why::Rate },
            expected: self
                .pacer
                .room_at(Urgency::Order, burst.messages.len())
                .map(|at| at.saturating_duration_since(now)),
        };
        let cancel = |cancel: &ClientMessage| Waits {
            message: cancel.facts().name,
            messages: 1,
            waited: Duration::ZERO,
            why: Why::Rate,
            expected: rate(Urgency::Cancel),
        };
        let entry = |entry: &Entry, why, expected| Waits {
            message: self.name_of_waiting(&entry.waiting),
            messages: 1,
            waited: since(entry.since),
            why,
            expected,
        };
        let ready = self.queue.ready.iter().map(|waits| entry(waits, Why::Rate, rate(Urgency::Request)));
        let held = self
            .queue
            .held
            .iter()
            .map(|held| entry(&held.entry, held.why, held.until.map(|until| until.saturating_duration_since(now))));
        let in_turn = self.requests.waiting_in_turn().map(|(message, asked)| Waits {
            message,
            messages: 1,
            waited: since(asked),
            why: Why::Turn,
            expected: None,
        });
        let orders = self.orders.cancels().map(cancel).chain(self.orders.bursts().map(burst));
        orders.chain(ready).chain(held).chain(in_turn).collect()
    }

    /// What a request asks by its wire name, and under which id.
    pub(crate) fn name_of(&self, key: RequestKey) -> Option<(&'static str, RequestId)> {
        self.requests.name_of(key)
    }

    fn name_of_waiting(&self, waiting: &Waiting) -> &'static str {
        match waiting {
            Waiting::Request(key) => self.requests.relation(*key).map_or("", |relation| relation.request),
            Waiting::Subscribe(id) => self.subscriptions.relation(*id).map_or("", |relation| relation.request),
            Waiting::Message(message) => message.facts().name,
        }
    }

    /// In how much time a request would be sent, were it made now, and what it would wait for.
    pub(super) fn expected(&mut self, claim: Option<&Claim>, now: Instant) -> (Duration, Option<Why>) {
        let ahead = self.queue.ready();
        let in_window = self.pacer.most(Urgency::Request).max(1);
        let has_room = ahead == 0 && self.pacer.has_room(Urgency::Request, 1, now);
        let windows = u32::try_from(ahead / in_window).unwrap_or(u32::MAX);
        let room =
            self.pacer.room_at(Urgency::Request, 1).map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        let by_rate =
            if has_room { Duration::ZERO } else { room.saturating_add(super::pacer::WINDOW.saturating_mul(windows)) };
        let (at, why) = claim.map_or((now, None), |claim| self.rules.expect(claim, now));
        let by_rule = at.saturating_duration_since(now);
        if by_rule > by_rate { (by_rule, why) } else { (by_rate, (!by_rate.is_zero()).then_some(Why::Rate)) }
    }

    /// Lets a stream wait to be asked for.
    pub(super) fn queue_stream(&mut self, id: SubscriptionId, now: Instant) {
        let ticket = self.subscriptions.claim(id).map(|claim| {
            let (at, _) = self.rules.expect(&claim, now);
            self.rules.plan(claim, at)
        });
        self.queue.push(Waiting::Subscribe(id), ticket, now);
    }

    /// Takes out of the queue what is not wanted any more.
    pub(super) fn unqueue(&mut self, unwanted: impl Fn(&Waiting) -> bool) {
        for ticket in self.queue.remove(unwanted) {
            self.rules.forget(ticket);
        }
    }

    /// Writes what waits, as far as window and rules have room.
    pub(super) fn pump_queue(&mut self, now: Instant) {
        if !self.queue.held.is_empty() {
            let history_has_room = self.history_has_room();
            self.queue.release(history_has_room, now);
        }
        while self.queue.ready() > 0 && self.may_ask(now) {
            let Some(entry) = self.queue.pop() else { break };
            let is_wanted = match &entry.waiting {
                Waiting::Request(key) => self.requests.is_waiting(*key),
                Waiting::Subscribe(id) => self.subscriptions.is_wanted(*id),
                Waiting::Message(_) => true,
            };
            if !is_wanted {
                entry.ticket.into_iter().for_each(|ticket| self.rules.forget(ticket));
                continue;
            }
            if let Some((until, why)) = self.held_back(&entry, now) {
                self.queue.hold(entry, until, why);
                continue;
            }
            entry.ticket.into_iter().for_each(|ticket| self.rules.sent(ticket, now));
            self.write(entry.waiting, now);
        }
    }

    /// Which rule holds something back, and until when.
    fn held_back(&self, entry: &Entry, now: Instant) -> Option<(Option<Instant>, Why)> {
        if let Some(Err((until, why))) = entry.ticket.map(|ticket| self.rules.check(ticket, now)) {
            return Some((Some(until), why));
        }
        let relation = match &entry.waiting {
            Waiting::Request(key) => self.requests.relation(*key),
            Waiting::Subscribe(id) => self.subscriptions.relation(*id),
            Waiting::Message(_) => None,
        };
        let is_history = relation.is_some_and(|relation| relation.pace == Pace::Historical);
        (is_history && !self.history_has_room()).then_some((None, Why::HistoryOpen))
    }

    fn history_has_room(&self) -> bool {
        let open = self.requests.open(Pace::Historical) + self.subscriptions.open(Pace::Historical);
        open < self.config.pacing.history_open as usize
    }

    /// Code 100: TWS says that messages come too fast. The third time in a connection it closes it.
    pub(super) fn slow_down(&mut self, now: Instant) {
        self.pacer.slow_down(now);
        let Stage::Live(live) = &mut self.stage else { return };
        live.breaches = live.breaches.saturating_add(1);
        if live.breaches == BREACHES_MOST {
            self.events.push_back(super::Event::Alarm(Alarm::PacingBreached { breaches: live.breaches }));
        }
    }

    /// How many messages of a burst travel together at most; cancels may be any number.
    pub(super) fn burst_most(&self, aim: Aim) -> usize {
        match aim {
            Aim::Place => self.pacer.most(Urgency::Order),
            Aim::CancelOnly => usize::MAX,
        }
    }
}
