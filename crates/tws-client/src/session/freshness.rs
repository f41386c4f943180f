//! Whether streams that should tell something do: judged by what arrives, never by codes, which can be lost and can lie.

use std::time::{Duration, Instant};

use tws_proto::BadFrame;
use tws_proto::ids::RequestId;

use super::{Event, Session, SubscriptionId};
use crate::event::{SessionEvent, StaleStream};
use crate::relation::{Pace, Relation};
use crate::state::Upstream;

/// Streams are looked at no more often than this.
const CHECK_PAUSE: Duration = Duration::from_secs(1);

/// When streams are looked at.
#[derive(Debug, Default)]
pub(super) struct Checks {
    /// For streams that have become stale.
    stale_at: Option<Instant>,
    /// When TWS had IB again with its data kept, until the streams have been judged by what came since.
    restored_at: Option<Instant>,
    /// For streams whose request may have been dropped.
    unanswered_at: Option<Instant>,
    /// When books of depth are asked for anew, of which a row may be missing.
    books_at: Option<Instant>,
    /// When they were last.
    books_renewed: Option<Instant>,
}

/// The way to a stream from the id under which it is live.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) id: SubscriptionId,
    /// When it last told something; until then when it was asked for.
    pub(super) last: Instant,
    pub(super) flow: Flow,
    /// Whether one that is stale told something since it was asked for.
    had_told: bool,
}

/// Whether anything flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// Nothing has come since it was asked for.
    Awaited,
    /// Data came, not too long ago.
    Fresh,
    /// None has come for long, and that was told.
    Stale,
}

impl Route {
    pub(super) fn new(id: SubscriptionId, now: Instant) -> Self {
        Self { id, last: now, flow: Flow::Awaited, had_told: false }
    }

    /// To a stream that was stale when it was asked for anew: that is over when it tells something, not before.
    pub(super) fn stale(id: SubscriptionId, last: Instant) -> Self {
        Self { id, last, flow: Flow::Stale, had_told: false }
    }

    /// Whether the stream told something since it was asked for.
    pub(super) fn has_told(&self) -> bool {
        match self.flow {
            Flow::Awaited => false,
            Flow::Fresh => true,
            Flow::Stale => self.had_told,
        }
    }

    /// When the stream last told something, where it is stale.
    pub(super) fn stale_since(&self) -> Option<Instant> {
        (self.flow == Flow::Stale).then_some(self.last)
    }

    /// The stream told something, unless that must be told itself because the stream was stale; false where it must.
    #[inline]
    pub(super) fn hears(&mut self, now: Instant) -> bool {
        match self.flow {
            Flow::Awaited | Flow::Fresh => {
                self.last = now;
                self.flow = Flow::Fresh;
                true
            }
            Flow::Stale => false,
        }
    }

    /// The stream told something; for how long it had been silent, where it was stale.
    fn heard(&mut self, now: Instant) -> Option<Duration> {
        let silent_for = (self.flow == Flow::Stale).then(|| now.saturating_duration_since(self.last));
        self.last = now;
        self.flow = Flow::Fresh;
        silent_for
    }
}

impl Session {
    /// The stream that a message with this id belongs to, which has told something now.
    pub(super) fn hear_stream(&mut self, request_id: RequestId, now: Instant) -> Option<SubscriptionId> {
        let route = self.subscriptions.route_of(request_id)?;
        let subscription = route.id;
        if let Some(silent_for) = route.heard(now) {
            self.watch_stream(now);
            self.events.push_back(Event::Told(SessionEvent::Fresh { subscription, silent_for }));
        }
        Some(subscription)
    }

    /// How long ago a stream told something, or was asked for; `None` where it is not live, or carries no id.
    #[must_use]
    pub fn silent_for(&self, subscription: SubscriptionId, now: Instant) -> Option<Duration> {
        let route = self.subscriptions.route(subscription)?;
        Some(now.saturating_duration_since(route.last))
    }

    /// TWS has IB again and says that it kept the streams: what they tell must prove it (F10).
    pub(super) fn watch_restored(&mut self, now: Instant) {
        self.checks.restored_at = Some(now);
        // What was asked meanwhile has as long as what is asked now.
        self.checks.unanswered_at = None;
        self.watch_answer(now);
    }

    /// The connection ended, or every stream was asked for anew.
    pub(super) fn stop_checks(&mut self) {
        self.checks = Checks::default();
    }

    /// When streams are looked at next.
    pub(super) fn check_at(&self) -> Option<Instant> {
        let restored = self.checks.restored_at.map(|at| at + self.config.timeouts.silent_after_restore);
        let Checks { stale_at, unanswered_at, books_at, .. } = self.checks;
        [restored, stale_at, unanswered_at, books_at].into_iter().flatten().min()
    }

    /// A stream was asked for: it is due to tell something.
    pub(super) fn watch_stream(&mut self, now: Instant) {
        let due = now + self.config.timeouts.stale_after;
        self.checks.stale_at = Some(self.checks.stale_at.map_or(due, |at| at.min(due)));
    }

    /// Looks at the streams whose time has come.
    pub(super) fn check_streams(&mut self, now: Instant) {
        let silence = self.config.timeouts.silent_after_restore;
        if let Some(restored_at) = self.checks.restored_at.filter(|at| *at + silence <= now) {
            self.checks.restored_at = None;
            self.renew_silent(restored_at, now);
        }
        if self.checks.unanswered_at.is_some_and(|at| at <= now) {
            self.renew_unanswered(now);
        }
        if self.checks.books_at.is_some_and(|at| at <= now) {
            self.renew_books(now);
        }
        if self.checks.stale_at.is_some_and(|at| at <= now) {
            self.tell_stale(now);
        }
    }

    /// A frame that could not be read may have been a row of a book, which makes no sense without it. In a storm of them
    /// books are asked for anew once a second.
    pub(super) fn doubt_books(&mut self, bad: &BadFrame, now: Instant) {
        let is_row = |(_, relation): (_, Relation)| relation.pace == Pace::Depth && relation.names(bad.message);
        if self.subscriptions.routes_mut().any(is_row) {
            let soonest = self.checks.books_renewed.map_or(now, |at| now.max(at + CHECK_PAUSE));
            self.checks.books_at.get_or_insert(soonest);
        }
    }

    /// A frame that could not be read may have been a position, or a value of an account: what is told once is asked for
    /// anew, at once where it was last asked for long ago.
    pub(super) fn doubt_lists(&mut self, bad: &BadFrame, now: Instant) {
        if self.subscriptions.spoil(bad) {
            self.checks.unanswered_at = Some(now);
        }
    }

    /// Whose row it was cannot be told: every book is asked for anew.
    fn renew_books(&mut self, now: Instant) {
        (self.checks.books_at, self.checks.books_renewed) = (None, Some(now));
        let books = self.subscriptions.routes_mut().filter(|(_, relation)| relation.pace == Pace::Depth);
        for id in books.map(|(route, _)| route.id).collect::<Vec<_>>() {
            self.renew(id, now);
        }
    }

    /// Asks anew, once, for every stream that told something before TWS lost IB and nothing since it is back.
    fn renew_silent(&mut self, restored_at: Instant, now: Instant) {
        for id in self.subscriptions.silent_since(restored_at) {
            self.renew_once(id, now);
        }
    }

    /// A stream was asked for: it is due to be answered.
    pub(super) fn watch_answer(&mut self, now: Instant) {
        let due = now + self.config.timeouts.silent_after_restore;
        self.checks.unanswered_at = Some(self.checks.unanswered_at.map_or(due, |at| at.min(due)));
    }

    /// Asks once more for every stream that should have told something since it was asked for: what TWS is asked while it
    /// joins IB itself it may drop (F4). While it has lost IB there is no use in it.
    fn renew_unanswered(&mut self, now: Instant) {
        let silence = self.config.timeouts.silent_after_restore;
        let (unanswered, next) = self.subscriptions.unanswered(silence, now);
        self.checks.unanswered_at = next;
        if self.state.upstream == Upstream::Up && !unanswered.is_empty() {
            // It may have been dropped with them.
            self.say_data_kind(now);
            unanswered.into_iter().for_each(|id| self.renew_once(id, now));
        }
    }

    fn renew_once(&mut self, id: SubscriptionId, now: Instant) {
        self.renew(id, now);
        self.subscriptions.mark_renewed(id);
    }

    /// Tells which streams have become stale, all of them at once.
    fn tell_stale(&mut self, now: Instant) {
        let after = self.config.timeouts.stale_after;
        let mut streams = Vec::new();
        let mut next: Option<Instant> = None;
        for (route, relation) in self.subscriptions.routes_mut() {
            let due = route.last + after;
            match (route.flow, relation.pace) {
                (Flow::Stale, _) => {}
                (_, Pace::Plain | Pace::Scanner | Pace::Search | Pace::Order | Pace::Cancel) => {}
                (Flow::Awaited | Flow::Fresh, _) if due > now => next = Some(next.map_or(due, |at| at.min(due))),
                (Flow::Awaited | Flow::Fresh, _) => {
                    (route.had_told, route.flow) = (route.has_told(), Flow::Stale);
                    let silent_for = now.saturating_duration_since(route.last);
                    streams.push(StaleStream { subscription: route.id, request: relation.request, silent_for });
                }
            }
        }
        // A stream that is fresh again is due at its next silence; nobody looks at it more often than need be.
        self.checks.stale_at = next.map(|at| at.max(now + CHECK_PAUSE));
        if !streams.is_empty() {
            self.events.push_back(Event::Told(SessionEvent::Stale { streams }));
        }
    }
}
