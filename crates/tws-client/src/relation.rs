//! Which answers belong to which request, what ends them, what cancels it: one row a request, in [`RELATIONS`].
//!
//! The session knows requests by these rows only: what a request says stands in its body, what its answers mean in
//! [`crate::request`] and [`crate::feed`].

mod message;
mod table;

use std::fmt;

use tws_proto::ids::RequestId;
use tws_proto::message::{ClientMessage, Message};
use tws_proto::{ServerMessage, ServerVersion};

pub use table::RELATIONS;

pub(crate) use message::{is_lane, request_id};

/// One row: a request, its answers, its end.
#[derive(Clone, Copy)]
pub struct Relation {
    /// Wire name of the request.
    pub request: &'static str,
    /// Which uses of the request the row is about, where it has several; else empty.
    pub case: &'static str,
    /// How its answers are told from those of others.
    pub key: Key,
    /// Wire names of the answers.
    pub answers: &'static [&'static str],
    /// What ends them.
    pub end: End,
    /// What comes of the request.
    pub shape: Shape,
    /// Which of TWS's limits it counts against, beside that of all frames.
    pub pace: Pace,
    /// Whether it changes anything.
    pub effect: Effect,
    applies: fn(&ClientMessage) -> bool,
    cancel: Option<MakeCancel>,
}

/// Makes what cancels a request out of it and its id.
type MakeCancel = fn(RequestId, &ClientMessage) -> ClientMessage;

/// How answers are told from those to other requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// They carry the id of the request.
    Id,
    /// They carry it; TWS takes few of these at a time, so one is under way and the others wait.
    IdInTurn(Channel),
    /// They carry none: one request of a channel is under way at a time.
    Turn(Channel),
    /// They carry none, and one stream takes the channel from all others for as long as it lives.
    Alone(Channel),
    /// Nothing answers, or the order lane does.
    None,
}

/// Requests that cannot be told apart by their answers, or of which TWS takes one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Values and portfolio of one account: the next request of the kind takes the place of the last.
    AccountUpdates,
    /// TWS gives two summaries at most.
    AccountSummary,
    /// The accounts of the login.
    Accounts,
    /// Settings of a financial advisor.
    AdvisorData,
    /// Bulletins of exchanges.
    Bulletins,
    /// Completed orders.
    CompletedOrders,
    /// Which exchanges show depth.
    DepthExchanges,
    /// Family codes.
    FamilyCodes,
    /// Steps of prices.
    MarketRule,
    /// News providers.
    NewsProviders,
    /// The next order id.
    NextOrderId,
    /// Open orders: those of this client and those of all answer alike.
    OpenOrders,
    /// Positions.
    Positions,
    /// What a scanner can be asked for.
    ScannerParameters,
    /// The clock in seconds.
    Time,
    /// The clock in milliseconds.
    TimeMillis,
    /// Proof of a third party's program.
    Verification,
    /// The same, with a key.
    Authorization,
}

/// What ends the answers to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing: there are no answers, or they go on until cancelled.
    Never,
    /// The first answer is the whole.
    First,
    /// An answer that says that it is the last.
    Flagged,
    /// A message with this wire name.
    Message(&'static str),
    /// The first answer below a server version, a message from it on.
    MessageSince(ServerVersion, &'static str),
}

/// What comes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One answer.
    One,
    /// Any number of answers, then an end.
    List,
    /// Answers until it is cancelled; where there is an end, it stands behind what was there at first.
    Stream,
    /// Nothing, or events of the order lane.
    Command,
    /// It ends another request.
    Cancel,
    /// The session says it by itself.
    Session,
}

/// Which of TWS's limits a request counts against, beside that of all frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pace {
    /// None.
    Plain,
    /// A market data line while it lives, 100 as a rule.
    Line,
    /// 5 % of the lines; one request per instrument in 15 s.
    TickByTick,
    /// Three at a time, as a rule.
    Depth,
    /// 50 open at a time; for bars of 30 s and less also: nothing twice in 15 s, fewer than six for one contract in 2 s,
    /// at most 60 in 10 min.
    Historical,
    /// Ten at a time.
    Scanner,
    /// One in a second.
    Search,
    /// An order.
    Order,
    /// It ends something and comes before all others.
    Cancel,
}

/// Whether a request changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It only reads.
    Reads,
    /// It changes orders, accounts or settings.
    Acts,
    /// It changes orders where client id 0 says it: orders made by hand become the client's.
    ActsAsClientZero,
}

/// What a message is to a request that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Answer,
    End,
    /// Answer and end in one.
    Whole,
    None,
}

impl Relation {
    /// The row of a message.
    #[must_use]
    pub fn of(message: &ClientMessage) -> &'static Self {
        let name = message.facts().name;
        let row = RELATIONS.iter().find(|row| row.request == name && (row.applies)(message));
        row.expect("the tests of the table prove that every message has a row")
    }

    /// The row as it stands at a server version.
    pub(crate) fn at(&self, version: ServerVersion) -> Self {
        let end = match self.end {
            End::MessageSince(since, _) if version < since => End::First,
            End::MessageSince(_, message) => End::Message(message),
            End::Never | End::First | End::Flagged | End::Message(_) => self.end,
        };
        Self { end, ..*self }
    }

    /// What cancels the request that was asked under this id, where anything does.
    #[must_use]
    pub fn cancel(&self, request_id: RequestId, asked: &ClientMessage) -> Option<ClientMessage> {
        self.cancel.map(|make| make(request_id, asked))
    }

    /// The channel in which the request waits for its turn.
    #[must_use]
    pub const fn channel(&self) -> Option<Channel> {
        match self.key {
            Key::IdInTurn(channel) | Key::Turn(channel) | Key::Alone(channel) => Some(channel),
            Key::Id | Key::None => None,
        }
    }

    /// The channel whose answers go to whoever listens there.
    pub(crate) fn shared_channel(&self) -> Option<Channel> {
        self.channel().filter(|_| !self.is_keyed())
    }

    /// Whether answers carry the id of the request.
    #[must_use]
    pub const fn is_keyed(&self) -> bool {
        matches!(self.key, Key::Id | Key::IdInTurn(_))
    }

    /// Whether it is a list without an id, which a message ends that carries none either.
    pub(crate) const fn ends_with_marker(&self) -> bool {
        !self.is_keyed() && matches!(self.end, End::Message(_))
    }

    /// What a message is to the request.
    pub(crate) fn role(&self, message: &ServerMessage) -> Role {
        let name = message.facts().name;
        match (self.answers.contains(&name), self.end) {
            (false, End::Message(end)) if end == name => Role::End,
            (true, End::First) => Role::Whole,
            (true, End::Flagged) if message::is_last(message) => Role::Whole,
            (true, End::MessageSince(..) | End::Message(_) | End::Never | End::Flagged) => Role::Answer,
            (false, _) => Role::None,
        }
    }

    /// Whether a message of this name answers or ends the request.
    pub(crate) fn names(&self, message: &str) -> bool {
        let is_end = match self.end {
            End::Message(end) | End::MessageSince(_, end) => end == message,
            End::Never | End::First | End::Flagged => false,
        };
        is_end || self.answers.contains(&message)
    }
}

impl fmt::Debug for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.request)?;
        if self.case.is_empty() { Ok(()) } else { write!(f, " ({})", self.case) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tws_proto::message::RequestIds;

    use super::*;

    fn messages<M: Message>() -> BTreeSet<&'static str> {
        M::ALL.iter().map(|facts| facts.name).collect()
    }

    fn end_of(relation: &Relation) -> Option<&'static str> {
        match relation.end {
            End::Message(end) | End::MessageSince(_, end) => Some(end),
            End::Never | End::First | End::Flagged => None,
        }
    }

    #[test]
    fn every_message_of_the_client_has_a_row_and_several_only_where_each_names_its_case() {
        let rows: BTreeSet<_> = RELATIONS.iter().map(|row| row.request).collect();
        assert_eq!(rows, messages::<ClientMessage>());
        assert_eq!(rows.len(), 83);
        let cases: BTreeSet<_> = RELATIONS.iter().map(|row| (row.request, row.case)).collect();
        assert_eq!(cases.len(), RELATIONS.len(), "a row stands twice");
        for row in RELATIONS {
            let rows = RELATIONS.iter().filter(|other| other.request == row.request).count();
            assert_eq!(rows > 1, !row.case.is_empty(), "{row:?}");
        }
    }

    #[test]
    fn every_message_of_the_server_answers_a_request_but_notices() {
        let mut answers: BTreeSet<_> = RELATIONS.iter().flat_map(|row| row.answers).copied().collect();
        answers.extend(RELATIONS.iter().filter_map(end_of));
        answers.insert("ERR_MSG");
        assert_eq!(answers, messages::<ServerMessage>());
    }

    #[test]
    fn a_row_is_of_one_piece() {
        for row in RELATIONS {
            let (end, answers) = (end_of(row), !row.answers.is_empty());
            assert!(end.is_none_or(|end| !row.answers.contains(&end)), "{row:?}: its end is no answer");
            match row.shape {
                Shape::One => assert!(row.end == End::First && answers && row.key != Key::None, "{row:?}"),
                Shape::List => {
                    assert!((end.is_some() || row.end == End::Flagged) && answers && row.key != Key::None, "{row:?}");
                }
                Shape::Stream => assert!(row.cancel.is_some() && answers && row.key != Key::None, "{row:?}"),
                Shape::Command | Shape::Cancel | Shape::Session => {
                    assert!(row.end == End::Never && row.cancel.is_none() && row.key == Key::None, "{row:?}");
                }
            }
        }
    }

    #[test]
    fn every_cancel_cancels_a_request() {
        let any = RequestIds::default().into();
        let made: BTreeSet<_> =
            RELATIONS.iter().filter_map(|row| row.cancel(RequestId(1), &any)).map(|made| made.facts().name).collect();
        let rows = RELATIONS.iter().filter(|row| row.shape == Shape::Cancel && row.effect == Effect::Reads);
        assert_eq!(rows.map(|row| row.request).collect::<BTreeSet<_>>(), made);
    }

    #[test]
    fn what_one_channel_awaits_no_other_does() {
        let unkeyed = || RELATIONS.iter().filter(|row| row.shared_channel().is_some());
        for row in unkeyed() {
            for other in unkeyed().filter(|other| other.channel() != row.channel()) {
                let awaited = row.answers.iter().copied().chain(end_of(row));
                assert!(awaited.into_iter().all(|name| !other.names(name)), "{row:?} and {other:?}");
            }
        }
    }

    #[test]
    fn the_end_depends_on_the_version() {
        let bars = RELATIONS.iter().find(|row| row.case == "bars").unwrap();
        assert_eq!(bars.at(ServerVersion(195)).end, End::First);
        assert_eq!(bars.at(ServerVersion(196)).end, End::Message("HISTORICAL_DATA_END"));
    }
}
