//! [`Requests`]: what was asked and is not answered yet. Everything in it belongs to one epoch.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use tws_proto::ids::RequestId;
use tws_proto::message::{ClientMessage, CommissionReport};
use tws_proto::{BadFrame, ServerMessage};

use super::SubscriptionId;
use super::end_markers::{EndMarkers, Provisional};
use crate::config::Timeouts;
use crate::error::RequestError;
use crate::relation::{Channel, Pace, Relation, Role, Shape};

/// Names a request within a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestKey(pub(super) u64);

/// What ended a request: its key, and every answer or the reason why there is none.
pub(super) type Ended = (RequestKey, Result<Vec<ServerMessage>, RequestError>);

/// What was asked and is not answered yet.
#[derive(Debug, Default)]
pub(super) struct Requests {
    pending: BTreeMap<RequestKey, Pending>,
    by_id: BTreeMap<RequestId, RequestKey>,
    channels: BTreeMap<Channel, Turn>,
    deadlines: BTreeSet<(Instant, RequestKey)>,
    end_markers: EndMarkers,
    last_key: u64,
}

/// Whose turn it is in a channel, and who waits for it.
#[derive(Debug)]
struct Turn {
    current: RequestKey,
    waiting: VecDeque<RequestKey>,
}

#[derive(Debug)]
struct Pending {
    relation: Relation,
    request_id: RequestId,
    deadline: Instant,
    asked_at: Instant,
    after: Duration,
    owner: Owner,
    stage: Stage,
}

/// Who waits for the end of the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Caller,
    /// A stream that reads its own answers; it only holds its turn until what was there at first has been told.
    Stream(SubscriptionId),
}

#[derive(Debug)]
enum Stage {
    /// Not written yet.
    Waiting(ClientMessage),
    /// Written; answers are collected. What cancels it is at hand.
    Asked(Answers, Option<ClientMessage>),
    /// Given up, or a stream's: keeps its channel for a while, so that its answers are not taken for the next request's.
    Abandoned,
}

/// What is asked.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) relation: Relation,
    pub(super) message: ClientMessage,
    pub(super) request_id: RequestId,
    pub(super) after: Duration,
}

/// What is written when its turn has come.
#[derive(Debug)]
pub(super) struct Turned {
    pub(super) message: ClientMessage,
    /// The stream that begins with it, and under which id.
    pub(super) stream: Option<(SubscriptionId, RequestId)>,
}

/// The answers so far, and the first of them that could not be read.
#[derive(Debug, Default)]
struct Answers {
    messages: Vec<ServerMessage>,
    spoiled: Option<BadFrame>,
    /// An end marker has come that may be that of a list before.
    provisional: Option<Box<Provisional>>,
}

impl Answers {
    /// The marker that has come was that of a list before: the answers before it are that list's.
    fn begin_again(&mut self) {
        if let Some(provisional) = self.provisional.take() {
            self.messages.drain(..provisional.answers);
        }
    }

    /// No other marker has come: the one that had is its own. What came behind it is no part of the list.
    fn settle(&mut self, provisional: Provisional) -> Result<Vec<ServerMessage>, RequestError> {
        self.messages.truncate(provisional.answers);
        self.messages.push(provisional.marker);
        self.whole()
    }

    /// Part of an answer is never given out as the whole.
    fn whole(&mut self) -> Result<Vec<ServerMessage>, RequestError> {
        match self.spoiled.take() {
            None => Ok(std::mem::take(&mut self.messages)),
            Some(bad) => Err(RequestError::BadAnswer(bad)),
        }
    }
}

impl Requests {
    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    /// The row of a request that is under way.
    pub(super) fn relation(&self, key: RequestKey) -> Option<&Relation> {
        self.pending.get(&key).map(|pending| &pending.relation)
    }

    /// What a request asks by its wire name, and under which id.
    pub(super) fn name_of(&self, key: RequestKey) -> Option<(&'static str, RequestId)> {
        self.pending.get(&key).map(|pending| (pending.relation.request, pending.request_id))
    }

    /// Whether a request is wanted and was not written yet.
    pub(super) fn is_waiting(&self, key: RequestKey) -> bool {
        self.pending.get(&key).is_some_and(|pending| matches!(pending.stage, Stage::Waiting(_)))
    }

    /// How many requests of a pace are written and not answered.
    pub(super) fn open(&self, pace: Pace) -> usize {
        let is_open = |pending: &&Pending| pending.relation.pace == pace && matches!(pending.stage, Stage::Asked(..));
        self.pending.values().filter(is_open).count()
    }

    /// Requests that wait for their turn in a channel: their wire names, and when they were made.
    pub(super) fn waiting_in_turn(&self) -> impl Iterator<Item = (&'static str, Instant)> {
        let waiting = self.channels.values().flat_map(|turn| &turn.waiting).filter_map(|key| self.pending.get(key));
        waiting.map(|pending| (pending.relation.request, pending.asked_at))
    }

    /// Whether an id names a request that is under way.
    pub(super) fn has_id(&self, id: RequestId) -> bool {
        self.by_id.contains_key(&id)
    }

    /// Takes a request in; the flag tells whether it may be written, or waits for its turn in a channel.
    pub(super) fn add(&mut self, question: Question, now: Instant) -> (RequestKey, bool) {
        self.insert(question, Owner::Caller, now)
    }

    /// Lets a stream wait for its turn in its channel.
    pub(super) fn add_stream(
        &mut self,
        question: Question,
        stream: SubscriptionId,
        now: Instant,
    ) -> (RequestKey, bool) {
        self.insert(question, Owner::Stream(stream), now)
    }

    fn insert(&mut self, question: Question, owner: Owner, now: Instant) -> (RequestKey, bool) {
        let Question { relation, message, request_id, after } = question;
        self.last_key += 1;
        let key = RequestKey(self.last_key);
        let deadline = now + after;
        self.deadlines.insert((deadline, key));
        let stage = Stage::Waiting(message);
        self.pending.insert(key, Pending { relation, request_id, deadline, asked_at: now, after, owner, stage });
        let Some(channel) = relation.channel() else { return (key, true) };
        let mut first = false;
        self.channels.entry(channel).and_modify(|turn| turn.waiting.push_back(key)).or_insert_with(|| {
            first = true;
            Turn { current: key, waiting: VecDeque::new() }
        });
        (key, first)
    }

    /// The message of a request whose turn has come; from now on it counts as asked.
    pub(super) fn ask(&mut self, key: RequestKey, timeouts: &Timeouts, now: Instant) -> Option<Turned> {
        let pending = self.pending.get_mut(&key)?;
        let waits = matches!(pending.stage, Stage::Waiting(_));
        if waits && matches!(pending.owner, Owner::Stream(_)) {
            // Its list has as long as any other's.
            move_deadline(&mut self.deadlines, key, pending, now + timeouts.of(&pending.relation));
        }
        match std::mem::replace(&mut pending.stage, Stage::Abandoned) {
            Stage::Waiting(message) => {
                let stream = match pending.owner {
                    Owner::Stream(stream) => Some((stream, pending.request_id)),
                    Owner::Caller => {
                        let cancel = pending.relation.cancel(pending.request_id, &message);
                        pending.stage = Stage::Asked(Answers::default(), cancel);
                        None
                    }
                };
                if pending.relation.is_keyed() {
                    self.by_id.insert(pending.request_id, key);
                }
                Some(Turned { message, stream })
            }
            other => {
                pending.stage = other;
                None
            }
        }
    }

    /// A message that names a request.
    pub(super) fn keyed_answer(&mut self, id: RequestId, message: &ServerMessage, limit: usize) -> Option<Change> {
        let key = *self.by_id.get(&id)?;
        self.answer(key, message, limit)
    }

    /// A message that names no request and may end a list. While the end markers of lists that were given up may still come,
    /// it ends nothing by itself; whether it was such a one.
    pub(super) fn late_end(&mut self, message: &ServerMessage, settle: Duration, now: Instant) -> bool {
        if !self.end_markers.is_owed() {
            return false;
        }
        let asking = self.asking(message);
        let Some((key, pending)) = asking.and_then(|key| Some((key, self.pending.get_mut(&key)?))) else {
            self.end_markers.take_stray(message, now);
            return false;
        };
        let Some(channel) = pending.relation.shared_channel() else { return false };
        if pending.relation.role(message) != Role::End {
            return false;
        }
        let Some(owed_until) = self.end_markers.take(channel, now) else { return false };
        if let Stage::Asked(answers, _) = &mut pending.stage {
            let at = answers.messages.len();
            answers.provisional = Some(Box::new(Provisional { answers: at, marker: message.clone(), owed_until }));
        }
        // One that was given up, or that a stream reads itself, has its turn no longer than one that is waited for.
        let until = pending.deadline.min(now + settle);
        move_deadline(&mut self.deadlines, key, pending, until);
        true
    }

    /// A message that names no request: an answer to whoever is asking for its kind.
    pub(super) fn unkeyed_answer(&mut self, message: &ServerMessage, limit: usize) -> Option<Change> {
        if let ServerMessage::CommissionReport(report) = message {
            self.commission(report);
            return None;
        }
        let asking = self.asking(message)?;
        self.answer(asking, message, limit)
    }

    /// Whom a message without an id answers.
    fn asking(&self, message: &ServerMessage) -> Option<RequestKey> {
        self.channels.values().map(|turn| turn.current).find(|key| {
            let asked = self.pending.get(key).filter(|pending| !matches!(pending.stage, Stage::Waiting(_)));
            asked.is_some_and(|pending| !pending.relation.is_keyed() && pending.relation.role(message) != Role::None)
        })
    }

    /// A frame could not be read. It may have been an answer to whatever is answered by its kind, or, where not even its
    /// kind could be read, to anything.
    pub(super) fn spoil(&mut self, bad: &BadFrame) {
        let kind_known = bad.message != "frame";
        for pending in self.pending.values_mut() {
            let Stage::Asked(answers, _) = &mut pending.stage else { continue };
            if !kind_known || pending.relation.names(bad.message) {
                answers.spoiled.get_or_insert_with(|| bad.clone());
            }
        }
    }

    /// A commission joins the executions that are being collected and hold its execution.
    fn commission(&mut self, report: &CommissionReport) {
        let name = "COMMISSION_AND_FEES_REPORT";
        for pending in self.pending.values_mut().filter(|pending| pending.relation.answers.contains(&name)) {
            let Stage::Asked(answers, _) = &mut pending.stage else { continue };
            let joins = |answer: &ServerMessage| matches!(answer, ServerMessage::ExecutionData(data) if data.execution.execution_id == report.execution_id);
            if answers.messages.iter().rev().any(joins) {
                answers.messages.push(ServerMessage::CommissionReport(Box::new(report.clone())));
            }
        }
    }

    fn answer(&mut self, key: RequestKey, message: &ServerMessage, limit: usize) -> Option<Change> {
        let pending = self.pending.get_mut(&key)?;
        let role = pending.relation.role(message);
        let result = match (&mut pending.stage, role) {
            // Nothing can answer what was not asked yet.
            (Stage::Waiting(_), _) | (_, Role::None) => return None,
            (Stage::Abandoned, Role::Answer) => return None,
            (Stage::Abandoned, Role::End | Role::Whole) => None,
            (Stage::Asked(answers, _), Role::Answer) if answers.messages.len() < limit => {
                answers.messages.push(message.clone());
                return None;
            }
            (Stage::Asked(..), Role::Answer) => return Some(self.give_up(key, RequestError::TooManyAnswers { limit })),
            (Stage::Asked(answers, _), Role::Whole | Role::End) => {
                answers.begin_again();
                answers.messages.push(message.clone());
                Some(answers.whole())
            }
        };
        Some(self.finish(key, result, Ending::Answered))
    }

    /// Ends a request whose answers go on: the rest of them must not be taken for those of the next in its channel.
    fn give_up(&mut self, key: RequestKey, error: RequestError) -> Change {
        match self.pending.get(&key) {
            Some(pending) if pending.keeps_channel() => {
                Change { ended: Some((key, Err(error))), ..self.abandon(key, pending.deadline) }
            }
            Some(_) | None => self.finish(key, Some(Err(error)), Ending::GivenUp),
        }
    }

    /// A notice said that the request failed.
    pub(super) fn fail(&mut self, id: RequestId, error: RequestError) -> Option<Change> {
        let key = *self.by_id.get(&id)?;
        Some(self.finish(key, Some(Err(error)), Ending::Refused))
    }

    /// A notice without an id refused something, and only one request without an id is under way: that one is meant. What
    /// ends, and the stream that does.
    pub(super) fn fail_only_unkeyed(&mut self, error: &RequestError) -> Option<(Change, Option<SubscriptionId>)> {
        let is_candidate = |pending: &Pending| {
            pending.relation.shared_channel().is_some() && !matches!(pending.stage, Stage::Waiting(_))
        };
        let mut candidates = self.pending.iter().filter(|(_, pending)| is_candidate(pending));
        let (Some((&key, _)), None) = (candidates.next(), candidates.next()) else { return None };
        self.fail_unkeyed(key, error)
    }

    /// A notice without an id refused what has its turn in a channel. What ends, and the stream that does.
    pub(super) fn fail_in(
        &mut self,
        channel: Channel,
        error: &RequestError,
    ) -> Option<(Change, Option<SubscriptionId>)> {
        let key = self.channels.get(&channel)?.current;
        if self.is_waiting(key) { None } else { self.fail_unkeyed(key, error) }
    }

    fn fail_unkeyed(&mut self, key: RequestKey, error: &RequestError) -> Option<(Change, Option<SubscriptionId>)> {
        let pending = self.pending.get(&key)?;
        let (result, stream) = match (&pending.stage, pending.owner) {
            (Stage::Asked(..), _) => (Some(Err(error.clone())), None),
            (_, Owner::Stream(stream)) => (None, Some(stream)),
            (_, Owner::Caller) => (None, None),
        };
        Some((self.finish(key, result, Ending::Refused), stream))
    }

    /// The request could not be written.
    pub(super) fn fail_key(&mut self, key: RequestKey, error: RequestError) -> Change {
        self.finish(key, Some(Err(error)), Ending::Refused)
    }

    /// The next deadline.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Ends one request whose deadline has passed.
    pub(super) fn expire(&mut self, grace: Duration, now: Instant) -> Option<Change> {
        let &(deadline, key) = self.deadlines.first()?;
        if deadline > now {
            return None;
        }
        let Some(pending) = self.pending.get_mut(&key) else {
            self.deadlines.remove(&(deadline, key));
            return Some(Change::default());
        };
        if let Stage::Asked(answers, _) = &mut pending.stage
            && let Some(provisional) = answers.provisional.take()
        {
            // The one that was owed has not come.
            self.end_markers.owe(pending.relation, provisional.owed_until);
            let result = answers.settle(*provisional);
            return Some(self.finish(key, Some(result), Ending::Answered));
        }
        let error = RequestError::TimedOut { request: pending.relation.request, after: pending.after };
        let is_asked = !matches!(pending.stage, Stage::Waiting(_));
        if is_asked && pending.relation.ends_with_marker() {
            self.end_markers.owe(pending.relation, now + grace);
        } else if pending.keeps_channel() {
            return Some(Change { ended: Some((key, Err(error))), ..self.abandon(key, now + grace) });
        }
        let told = !matches!(pending.stage, Stage::Abandoned) && pending.owner == Owner::Caller;
        Some(self.finish(key, told.then_some(Err(error)), Ending::GivenUp))
    }

    /// Nobody waits for the answer any more.
    pub(super) fn forget(&mut self, key: RequestKey, grace: Duration, now: Instant) -> Option<Change> {
        let pending = self.pending.get(&key)?;
        match &pending.stage {
            Stage::Abandoned => None,
            // A list ends in its time, or counts as one without an end.
            Stage::Asked(..) if pending.relation.ends_with_marker() => Some(self.abandon(key, pending.deadline)),
            Stage::Asked(..) if pending.keeps_channel() => Some(self.abandon(key, now + grace)),
            Stage::Waiting(_) | Stage::Asked(..) => Some(self.finish(key, None, Ending::GivenUp)),
        }
    }

    /// A stream that waited for its turn is gone.
    pub(super) fn forget_stream(&mut self, stream: SubscriptionId) -> Option<Change> {
        let waits =
            |pending: &Pending| pending.owner == Owner::Stream(stream) && matches!(pending.stage, Stage::Waiting(_));
        let (&key, _) = self.pending.iter().find(|(_, pending)| waits(pending))?;
        Some(self.finish(key, None, Ending::GivenUp))
    }

    /// Whether a request has its turn in a channel and waits for its answers.
    pub(super) fn is_asked(&self, channel: Channel) -> bool {
        let current = self.channels.get(&channel).and_then(|turn| self.pending.get(&turn.current));
        current.is_some_and(|pending| matches!(pending.stage, Stage::Asked(..)))
    }

    /// Keeps the channel of a request until its answers have ended, or the time for them has passed.
    fn abandon(&mut self, key: RequestKey, until: Instant) -> Change {
        let Some(pending) = self.pending.get_mut(&key) else { return Change::default() };
        let stage = std::mem::replace(&mut pending.stage, Stage::Abandoned);
        move_deadline(&mut self.deadlines, key, pending, until);
        let follow_up = match stage {
            Stage::Asked(_, cancel) => cancel,
            Stage::Waiting(_) | Stage::Abandoned => None,
        };
        Change { follow_up, channel: pending.relation.shared_channel(), ..Change::default() }
    }

    /// The epoch ended, and with it every request.
    pub(super) fn reset(&mut self, error: &RequestError) -> Vec<Ended> {
        let pending = std::mem::take(&mut self.pending);
        *self = Self { last_key: self.last_key, ..Self::default() };
        let told = |pending: &Pending| matches!(pending.stage, Stage::Abandoned) || pending.owner != Owner::Caller;
        pending.into_iter().filter(|(_, pending)| !told(pending)).map(|(key, _)| (key, Err(error.clone()))).collect()
    }

    fn finish(
        &mut self,
        key: RequestKey,
        result: Option<Result<Vec<ServerMessage>, RequestError>>,
        ending: Ending,
    ) -> Change {
        let mut change = Change { ended: result.map(|result| (key, result)), ..Change::default() };
        let Some(pending) = self.pending.remove(&key) else { return change };
        self.deadlines.remove(&(pending.deadline, key));
        self.by_id.remove(&pending.request_id);
        let cancels = match ending {
            // TWS goes on with what is a subscription there.
            Ending::Answered => pending.relation.shape == Shape::Stream,
            Ending::GivenUp => true,
            // What was refused never began.
            Ending::Refused => false,
        };
        if let Stage::Asked(_, cancel) = pending.stage {
            change.follow_up = cancel.filter(|_| cancels);
            change.channel = pending.relation.shared_channel();
        }
        if let Some(channel) = pending.relation.channel() {
            change.next = self.pass_turn(channel, key);
        }
        change
    }

    /// Gives the turn to the next that still waits.
    fn pass_turn(&mut self, channel: Channel, from: RequestKey) -> Option<RequestKey> {
        let turn = self.channels.get_mut(&channel)?;
        if turn.current != from {
            turn.waiting.retain(|key| *key != from);
            return None;
        }
        match turn.waiting.pop_front() {
            Some(next) => {
                turn.current = next;
                Some(next)
            }
            None => {
                self.channels.remove(&channel);
                None
            }
        }
    }
}

fn move_deadline(
    deadlines: &mut BTreeSet<(Instant, RequestKey)>,
    key: RequestKey,
    pending: &mut Pending,
    deadline: Instant,
) {
    deadlines.remove(&(pending.deadline, key));
    pending.deadline = deadline;
    deadlines.insert((deadline, key));
}

/// How a request came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Answered,
    GivenUp,
    Refused,
}

impl Pending {
    /// Whether a late answer to it could be taken for another's.
    const fn keeps_channel(&self) -> bool {
        matches!(self.stage, Stage::Asked(..)) && !self.relation.is_keyed()
    }
}

/// What a change of one request leads to.
#[derive(Debug, Default)]
pub(super) struct Change {
    /// The request that ended.
    pub(super) ended: Option<Ended>,
    /// The request that may be written now.
    pub(super) next: Option<RequestKey>,
    /// What must be said now, to end what TWS would go on sending.
    pub(super) follow_up: Option<ClientMessage>,
    /// The channel that it would end as a whole; not to be said where a stream lives there.
    pub(super) channel: Option<Channel>,
}
