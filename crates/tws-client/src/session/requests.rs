//! [`Requests`]: what was asked and is not answered yet. Everything in it belongs to one epoch.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use tws_proto::contract::Contract;
use tws_proto::ids::{ContractId, RequestId};
use tws_proto::kinds::AccountTags;
use tws_proto::message::{
    self as m, CancelAccountSummary, CancelPositions, ClientMessage, ExecutionFilter, Message, RequestAccountSummary,
    RequestContractData, RequestExecutions, RequestIds, RequestMarketData,
};
use tws_proto::{BadFrame, ServerMessage};

use crate::error::RequestError;
use crate::relation::{Channel, Kind, Relation, Role};

/// Names a request within a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestKey(pub(super) u64);

/// What can be asked; each is answered by every message that belongs to it, once its end marker came.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Ask {
    /// Every contract that fits.
    ContractDetails(Box<Contract>),
    /// Every position of the login.
    Positions,
    /// Values of accounts.
    AccountSummary {
        /// `All`, or a group of a financial advisor.
        group: String,
        /// Which values.
        tags: AccountTags,
    },
    /// The open orders of this client.
    OpenOrders,
    /// The open orders of all clients.
    AllOpenOrders,
    /// Today's completed orders.
    CompletedOrders,
    /// Executions and what they cost.
    Executions(ExecutionFilter),
    /// The next order id.
    NextOrderId,
    /// The accounts of the login.
    Accounts,
    /// The server's clock in seconds.
    Time,
    /// The server's clock in milliseconds, from server version 197.
    TimeMillis,
    /// One set of market data values.
    Snapshot(Box<Contract>),
}

impl Ask {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::ContractDetails(_) => Kind::ContractDetails,
            Self::Positions => Kind::Positions,
            Self::AccountSummary { .. } => Kind::AccountSummary,
            Self::OpenOrders => Kind::OpenOrders,
            Self::AllOpenOrders => Kind::AllOpenOrders,
            Self::CompletedOrders => Kind::CompletedOrders,
            Self::Executions(_) => Kind::Executions,
            Self::NextOrderId => Kind::NextOrderId,
            Self::Accounts => Kind::Accounts,
            Self::Time => Kind::Time,
            Self::TimeMillis => Kind::TimeMillis,
            Self::Snapshot(_) => Kind::Snapshot,
        }
    }

    fn message(self, request_id: RequestId) -> ClientMessage {
        match self {
            Self::ContractDetails(contract) => Box::new(RequestContractData { request_id, contract: *contract }).into(),
            Self::Positions => m::RequestPositions {}.into(),
            Self::AccountSummary { group, tags } => RequestAccountSummary { request_id, group, tags }.into(),
            Self::OpenOrders => m::RequestOpenOrders {}.into(),
            Self::AllOpenOrders => m::RequestAllOpenOrders {}.into(),
            Self::CompletedOrders => m::RequestCompletedOrders { api_only: false }.into(),
            Self::Executions(filter) => Box::new(RequestExecutions { request_id, filter: Some(filter) }).into(),
            Self::NextOrderId => RequestIds { count: Some(1) }.into(),
            Self::Accounts => m::RequestManagedAccounts {}.into(),
            Self::Time => m::RequestCurrentTime {}.into(),
            Self::TimeMillis => m::RequestCurrentTimeMillis {}.into(),
            Self::Snapshot(contract) => {
                Box::new(RequestMarketData { request_id, contract: *contract, snapshot: true, ..Default::default() })
                    .into()
            }
        }
    }
}

/// What ended a request: its key, and every answer or the reason why there is none.
pub(super) type Ended = (RequestKey, Result<Vec<ServerMessage>, RequestError>);

/// What was asked and is not answered yet.
#[derive(Debug, Default)]
pub(super) struct Requests {
    pending: BTreeMap<RequestKey, Pending>,
    by_id: BTreeMap<RequestId, RequestKey>,
    channels: BTreeMap<Channel, Turn>,
    deadlines: BTreeSet<(Instant, RequestKey)>,
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
    kind: Kind,
    request_id: RequestId,
    deadline: Instant,
    after: Duration,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Not written yet.
    Waiting(ClientMessage),
    /// Written; answers are collected.
    Asked(Answers),
    /// Given up; keeps its channel, so that its late end marker does not end the next request.
    Abandoned,
}

/// The answers so far, and the first of them that could not be read.
#[derive(Debug, Default)]
struct Answers {
    messages: Vec<ServerMessage>,
    spoiled: Option<BadFrame>,
}

impl Answers {
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

    /// Whether an id names a request that is under way.
    pub(super) fn has_id(&self, id: RequestId) -> bool {
        self.by_id.contains_key(&id)
    }

    /// Takes a request in; the flag tells whether it may be written, or waits for its turn in a channel.
    pub(super) fn add(&mut self, ask: Ask, request_id: RequestId, after: Duration, now: Instant) -> (RequestKey, bool) {
        self.last_key += 1;
        let key = RequestKey(self.last_key);
        let kind = ask.kind();
        let relation = Relation::of(kind);
        let deadline = now + after;
        self.deadlines.insert((deadline, key));
        let stage = Stage::Waiting(ask.message(request_id));
        self.pending.insert(key, Pending { relation, kind, request_id, deadline, after, stage });
        let Some(channel) = relation.channel else { return (key, true) };
        let mut first = false;
        self.channels.entry(channel).and_modify(|turn| turn.waiting.push_back(key)).or_insert_with(|| {
            first = true;
            Turn { current: key, waiting: VecDeque::new() }
        });
        (key, first)
    }

    /// The message of a request whose turn has come; from now on it counts as asked.
    pub(super) fn ask(&mut self, key: RequestKey) -> Option<ClientMessage> {
        let pending = self.pending.get_mut(&key)?;
        match std::mem::replace(&mut pending.stage, Stage::Asked(Answers::default())) {
            Stage::Waiting(message) => {
                if pending.relation.keyed {
                    self.by_id.insert(pending.request_id, key);
                }
                Some(message)
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

    /// A message that names no request: an answer to whoever is asking for its kind.
    pub(super) fn unkeyed_answer(&mut self, message: &ServerMessage, limit: usize) -> Option<Change> {
        if let ServerMessage::CommissionReport(report) = message {
            self.commission(report);
            return None;
        }
        let name = message.facts().name;
        let asking = self.channels.values().map(|turn| turn.current).find(|key| {
            self.pending
                .get(key)
                .is_some_and(|pending| !pending.relation.keyed && pending.relation.role(name) != Role::None)
        })?;
        self.answer(asking, message, limit)
    }

    /// A frame could not be read. It may have been an answer to whatever is answered by its kind, or, where not even its
    /// kind could be read, to anything.
    pub(super) fn spoil(&mut self, bad: &BadFrame) {
        let kind_known = bad.message != "frame";
        for pending in self.pending.values_mut() {
            let Stage::Asked(answers) = &mut pending.stage else { continue };
            if !kind_known || pending.relation.role(bad.message) != Role::None {
                answers.spoiled.get_or_insert_with(|| bad.clone());
            }
        }
    }

    /// A commission joins the executions that are being collected and hold its execution.
    fn commission(&mut self, report: &m::CommissionReport) {
        for pending in self.pending.values_mut().filter(|pending| pending.kind == Kind::Executions) {
            let Stage::Asked(answers) = &mut pending.stage else { continue };
            let joins = |answer: &ServerMessage| matches!(answer, ServerMessage::ExecutionData(data) if data.execution.execution_id == report.execution_id);
            if answers.messages.iter().rev().any(joins) {
                answers.messages.push(ServerMessage::CommissionReport(Box::new(report.clone())));
            }
        }
    }

    fn answer(&mut self, key: RequestKey, message: &ServerMessage, limit: usize) -> Option<Change> {
        let pending = self.pending.get_mut(&key)?;
        let role = pending.relation.role(message.facts().name);
        let result = match (&mut pending.stage, role) {
            // Nothing can answer what was not asked yet.
            (Stage::Waiting(_), _) | (_, Role::None) => return None,
            (Stage::Abandoned, Role::Answer) => return None,
            (Stage::Abandoned, Role::End | Role::Whole) => None,
            (Stage::Asked(answers), Role::Answer) if answers.messages.len() < limit => {
                answers.messages.push(message.clone());
                return None;
            }
            (Stage::Asked(_), Role::Answer) => Some(Err(RequestError::TooManyAnswers { limit })),
            (Stage::Asked(answers), Role::Whole) => {
                answers.messages.push(message.clone());
                Some(answers.whole())
            }
            (Stage::Asked(answers), Role::End) => Some(answers.whole()),
        };
        Some(self.finish(key, result))
    }

    /// A notice said that the request failed.
    pub(super) fn fail(&mut self, id: RequestId, error: RequestError) -> Option<Change> {
        let key = *self.by_id.get(&id)?;
        Some(self.finish(key, Some(Err(error))))
    }

    /// The request could not be written.
    pub(super) fn fail_key(&mut self, key: RequestKey, error: RequestError) -> Change {
        self.finish(key, Some(Err(error)))
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
        let error = RequestError::TimedOut { after: pending.after };
        let keeps_channel = matches!(pending.stage, Stage::Asked(_)) && !pending.relation.keyed;
        if !keeps_channel {
            let told = matches!(pending.stage, Stage::Abandoned);
            return Some(self.finish(key, (!told).then_some(Err(error))));
        }
        pending.stage = Stage::Abandoned;
        self.deadlines.remove(&(deadline, key));
        pending.deadline = now + grace;
        self.deadlines.insert((pending.deadline, key));
        Some(Change { ended: Some((key, Err(error))), next: None, follow_up: None })
    }

    /// The epoch ended, and with it every request.
    pub(super) fn reset(&mut self, error: &RequestError) -> Vec<Ended> {
        let pending = std::mem::take(&mut self.pending);
        *self = Self { last_key: self.last_key, ..Self::default() };
        let told = |pending: &Pending| matches!(pending.stage, Stage::Abandoned);
        pending.into_iter().filter(|(_, pending)| !told(pending)).map(|(key, _)| (key, Err(error.clone()))).collect()
    }

    fn finish(&mut self, key: RequestKey, result: Option<Result<Vec<ServerMessage>, RequestError>>) -> Change {
        let mut change = Change { ended: result.map(|result| (key, result)), next: None, follow_up: None };
        let Some(pending) = self.pending.remove(&key) else { return change };
        self.deadlines.remove(&(pending.deadline, key));
        self.by_id.remove(&pending.request_id);
        if !matches!(pending.stage, Stage::Waiting(_)) {
            change.follow_up = cancel_of(pending.kind, pending.request_id);
        }
        if let Some(channel) = pending.relation.channel {
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

/// What a change of one request leads to.
#[derive(Debug, Default)]
pub(super) struct Change {
    /// The request that ended.
    pub(super) ended: Option<Ended>,
    /// The request that may be written now.
    pub(super) next: Option<RequestKey>,
    /// What must be said now, to end what TWS would go on sending.
    pub(super) follow_up: Option<ClientMessage>,
}

/// What ends a request at the server that would go on for ever: it is a subscription there.
fn cancel_of(kind: Kind, request_id: RequestId) -> Option<ClientMessage> {
    match kind {
        Kind::Positions => Some(CancelPositions {}.into()),
        Kind::AccountSummary => Some(CancelAccountSummary { request_id }.into()),
        Kind::ContractDetails | Kind::OpenOrders | Kind::AllOpenOrders | Kind::CompletedOrders => None,
        Kind::Executions | Kind::NextOrderId | Kind::Accounts | Kind::Time | Kind::TimeMillis => None,
        // A snapshot ends by itself at the server.
        Kind::Snapshot => None,
    }
}

/// Orders of one list, each once: the newest word on it, in the order in which they were first named.
pub(crate) fn newest_by<T, K: Ord>(items: impl IntoIterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut places = BTreeMap::new();
    let mut newest: Vec<T> = Vec::new();
    for item in items {
        match places.get(&key(&item)).and_then(|place: &usize| newest.get_mut(*place)) {
            Some(older) => *older = item,
            None => {
                places.insert(key(&item), newest.len());
                newest.push(item);
            }
        }
    }
    newest
}

/// What tells one position from another.
pub(crate) fn position_key(position: &m::Position) -> (String, Option<ContractId>, String) {
    (position.account.clone(), position.contract.known_id(), position.contract.local_symbol.clone())
}
