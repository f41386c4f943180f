//! [`Subscriptions`]: the live streams, asked for once in every epoch in which they are wanted.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tws_proto::BadFrame;
use tws_proto::ids::RequestId;
use tws_proto::kinds::MarketDataKind;
use tws_proto::message::{ClientMessage, Message, Notice, ServerMessage};

use super::freshness::Route;
use super::rules::Claim;
use crate::config::Pacing;
use crate::error::RequestError;
use crate::id_map::{Id, IdMap};
use crate::log::MaskedDebug;
use crate::relation::{Channel, End, Pace, Relation, Role};
use crate::state::Epoch;

/// Makes the request of a stream under a fresh id, in every epoch in which it is wanted.
pub type MakeRequest = Box<dyn Fn(RequestId) -> ClientMessage + Send>;

/// Names a stream within a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(u64);

impl Id for SubscriptionId {
    fn number(self) -> u64 {
        self.0
    }
}

/// What a stream says. Its `Debug` masks account numbers in the broker's words.
#[derive(Clone, PartialEq)]
pub enum FeedUpdate {
    /// A message that belongs to it.
    Message(ServerMessage),
    /// Data was missed; it comes from this connection now.
    Gap(Epoch),
    /// A warning; the stream goes on.
    Notice(Notice),
    /// The stream has ended.
    Ended(RequestError),
}

impl std::fmt::Debug for FeedUpdate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Message(message) => f.debug_tuple("Message").field(message).finish(),
            Self::Gap(epoch) => f.debug_tuple("Gap").field(epoch).finish(),
            Self::Notice(notice) => f.debug_tuple("Notice").field(&MaskedDebug(notice)).finish(),
            Self::Ended(error) => f.debug_tuple("Ended").field(error).finish(),
        }
    }
}

/// The live streams.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    streams: BTreeMap<SubscriptionId, Stream>,
    by_id: IdMap<RequestId, Route>,
    /// Streams whose messages carry no id.
    by_channel: BTreeMap<Channel, SubscriptionId>,
    last: u64,
    /// Which kind of data was asked for, where it was.
    pub(super) data_kind: Option<MarketDataKind>,
}

struct Stream {
    request: MakeRequest,
    relation: Relation,
    live: Option<Live>,
    /// Whether data may have come before, so that a gap must be told.
    began: bool,
    /// When it last told something, where it was stale when it was last live.
    stale_since: Option<Instant>,
    /// Whether it ever told something, when it was live before.
    told_before: bool,
    /// Whether it was asked for once more since it told something, because it is silent.
    is_renewed: bool,
}

/// A stream that was asked for in this epoch.
#[derive(Debug)]
struct Live {
    request_id: RequestId,
    /// When it was asked for, or TWS ended it.
    asked_at: Instant,
    /// Whether one whose messages carry no id has told the end of what there was at first.
    has_told: bool,
    /// Whether something that it told could not be read, and is not told again before it changes, or TWS has ended it.
    is_spoiled: bool,
    cancel: Option<ClientMessage>,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("relation", &self.relation).field("live", &self.live).finish_non_exhaustive()
    }
}

impl Stream {
    /// It is not live any more; what was known of its data is kept.
    fn end(&mut self, route: Option<&Route>) -> Option<Live> {
        let live = self.live.take()?;
        self.stale_since = route.and_then(Route::stale_since);
        if route.map_or(live.has_told, Route::has_told) {
            (self.told_before, self.is_renewed) = (true, false);
        }
        Some(live)
    }

    /// Whether it tells something all the time while its market trades. The others do when something changes, which may be
    /// never.
    const fn is_steady(&self) -> bool {
        match self.relation.pace {
            Pace::Line | Pace::TickByTick | Pace::Depth | Pace::Historical => true,
            Pace::Plain | Pace::Scanner | Pace::Search | Pace::Order | Pace::Cancel => false,
        }
    }

    /// Whether TWS answers at once, whatever the market does: a list ends, and the others tell where things stand.
    /// Where they never did, nobody knows whether they can. Bulletins come when there are some.
    fn is_due_at_once(&self) -> bool {
        match self.relation.end {
            End::Message(_) | End::MessageSince(..) => true,
            End::Never | End::First | End::Flagged => self.told_before && self.relation.is_keyed(),
        }
    }
}

impl Subscriptions {
    pub(super) fn len(&self) -> usize {
        self.streams.len()
    }

    /// How many are asked for in this epoch.
    pub(super) fn live(&self) -> usize {
        self.streams.values().filter(|stream| stream.live.is_some()).count()
    }

    pub(super) fn has_id(&self, id: RequestId) -> bool {
        self.by_id.contains(id)
    }

    /// Takes a stream in.
    ///
    /// # Errors
    /// Where it would take a channel that another stream has, or there are so many streams of depth or single ticks.
    pub(super) fn add(&mut self, request: MakeRequest, pacing: &Pacing) -> Result<SubscriptionId, RequestError> {
        // The id is not looked at.
        let relation = *Relation::of(&request(RequestId(0)));
        let most = match relation.pace {
            Pace::Depth => Some(pacing.depth_streams),
            Pace::TickByTick => Some(pacing.single_tick_streams),
            Pace::Plain | Pace::Line | Pace::Historical | Pace::Scanner => None,
            Pace::Search | Pace::Order | Pace::Cancel => None,
        };
        if let Some(limit) = most.filter(|most| self.count(relation.pace) >= *most as usize) {
            return Err(RequestError::LimitReached { request: relation.request, limit });
        }
        let id = SubscriptionId(self.last + 1);
        if let Some(channel) = relation.shared_channel() {
            self.check_free(channel)?;
            self.by_channel.insert(channel, id);
        }
        self.last = id.0;
        let (live, stale_since) = (None, None);
        let (began, told_before, is_renewed) = (false, false, false);
        self.streams.insert(id, Stream { request, relation, live, began, stale_since, told_before, is_renewed });
        Ok(id)
    }

    /// # Errors
    /// Where a stream has the channel.
    pub(super) fn check_free(&self, channel: Channel) -> Result<(), RequestError> {
        let taken = self.by_channel.get(&channel).and_then(|id| self.streams.get(id));
        taken.map_or(Ok(()), |stream| Err(RequestError::Taken { request: stream.relation.request }))
    }

    /// The stream that is live in a channel.
    pub(super) fn live_in(&self, channel: Channel) -> Option<SubscriptionId> {
        let id = self.by_channel.get(&channel).copied()?;
        self.streams.get(&id).is_some_and(|stream| stream.live.is_some()).then_some(id)
    }

    /// Forgets a stream; its row, and what must be said to end it, where it is live.
    pub(super) fn remove(&mut self, id: SubscriptionId) -> Option<(Relation, Option<ClientMessage>)> {
        let stream = self.streams.remove(&id)?;
        self.by_channel.retain(|_, holder| *holder != id);
        let live = stream.live.inspect(|live| {
            self.by_id.remove(live.request_id);
        });
        Some((stream.relation, live.and_then(|live| live.cancel)))
    }

    /// Takes a live stream for one that was not asked for; what ends it at the server.
    pub(super) fn suspend(&mut self, id: SubscriptionId) -> Option<ClientMessage> {
        let route = self.request_id(id).and_then(|request_id| self.by_id.remove(request_id));
        self.streams.get_mut(&id)?.end(route.as_ref())?.cancel
    }

    /// What ends the streams at the server that it keeps when its market data is lost: asked for anew without it, they
    /// would be two.
    pub(super) fn cancels_of_kept(&self) -> Vec<ClientMessage> {
        let kept = |stream: &&Stream| stream.relation.pace == Pace::Plain && stream.relation.is_keyed();
        let live = self.streams.values().filter(kept).filter_map(|stream| stream.live.as_ref());
        live.filter_map(|live| live.cancel.clone()).collect()
    }

    /// Every stream that wants to be asked for, in the order in which they were made.
    pub(super) fn ids(&self) -> impl Iterator<Item = SubscriptionId> {
        self.streams.keys().copied()
    }

    /// The request of a stream under a fresh id, where it wants to be asked for.
    pub(super) fn ask(&self, id: SubscriptionId, request_id: RequestId) -> Option<(ClientMessage, Relation)> {
        let stream = self.streams.get(&id).filter(|stream| stream.live.is_none())?;
        Some(((stream.request)(request_id), stream.relation))
    }

    /// A stream was asked for; whether a gap must be told, or `None` where it is gone.
    pub(super) fn begin(
        &mut self,
        id: SubscriptionId,
        request_id: RequestId,
        asked: &ClientMessage,
        now: Instant,
    ) -> Option<bool> {
        let stream = self.streams.get_mut(&id)?;
        let cancel = stream.relation.cancel(request_id, asked);
        stream.live = Some(Live { request_id, asked_at: now, has_told: false, is_spoiled: false, cancel });
        if stream.relation.is_keyed() {
            let stale = stream.stale_since.map(|last| Route::stale(id, last));
            self.by_id.insert(request_id, stale.unwrap_or_else(|| Route::new(id, now)));
        }
        Some(std::mem::replace(&mut stream.began, true))
    }

    /// The row of a stream.
    pub(super) fn relation(&self, id: SubscriptionId) -> Option<&Relation> {
        self.streams.get(&id).map(|stream| &stream.relation)
    }

    /// Whether a stream wants to be asked for.
    pub(super) fn is_wanted(&self, id: SubscriptionId) -> bool {
        self.streams.get(&id).is_some_and(|stream| stream.live.is_none())
    }

    /// How many streams of a pace there are.
    pub(super) fn count(&self, pace: Pace) -> usize {
        self.streams.values().filter(|stream| stream.relation.pace == pace).count()
    }

    /// How many streams of a pace are asked for in this epoch.
    pub(super) fn open(&self, pace: Pace) -> usize {
        self.streams.values().filter(|stream| stream.relation.pace == pace && stream.live.is_some()).count()
    }

    /// What asking for a stream counts as, where a rule is about it.
    pub(super) fn claim(&self, id: SubscriptionId) -> Option<Claim> {
        let stream = self.streams.get(&id)?;
        match stream.relation.pace {
            Pace::TickByTick | Pace::Historical => Claim::of(&(stream.request)(RequestId(0))),
            Pace::Plain | Pace::Line | Pace::Depth | Pace::Scanner | Pace::Search | Pace::Order | Pace::Cancel => None,
        }
    }

    /// Under which id a stream is live.
    pub(super) fn request_id(&self, id: SubscriptionId) -> Option<RequestId> {
        self.streams.get(&id)?.live.as_ref().map(|live| live.request_id)
    }

    /// The live stream that a message without an id belongs to.
    pub(super) fn hear_unkeyed(&mut self, message: &ServerMessage) -> Option<SubscriptionId> {
        let name = message.facts().name;
        let Self { by_channel, streams, .. } = self;
        by_channel.values().copied().find(|id| {
            let Some(stream) = streams.get_mut(id) else { return false };
            let is_its = stream.relation.names(name);
            stream.live.as_mut().filter(|_| is_its).is_some_and(|live| {
                live.has_told |= stream.relation.role(message) == Role::End;
                true
            })
        })
    }

    /// The stream that a message belongs to.
    pub(super) fn of(&self, request_id: RequestId) -> Option<SubscriptionId> {
        self.by_id.get(request_id).map(|route| route.id)
    }

    #[inline]
    pub(super) fn route_of(&mut self, request_id: RequestId) -> Option<&mut Route> {
        self.by_id.get_mut(request_id)
    }

    /// The way to a stream that is live and carries an id.
    pub(super) fn route(&self, id: SubscriptionId) -> Option<&Route> {
        self.by_id.get(self.request_id(id)?)
    }

    /// The ways to all streams that are live and carry ids.
    pub(super) fn routes(&self) -> impl Iterator<Item = &Route> {
        self.by_id.values()
    }

    /// The same, to be changed, with what their streams are.
    pub(super) fn routes_mut(&mut self) -> impl Iterator<Item = (&mut Route, Relation)> {
        let streams = &self.streams;
        self.by_id.values_mut().filter_map(|route| {
            let relation = streams.get(&route.id)?.relation;
            Some((route, relation))
        })
    }

    /// Streams that tell something all the time, did so once, and have not since then.
    pub(super) fn silent_since(&self, since: Instant) -> Vec<SubscriptionId> {
        let is_silent = |route: &&Route| {
            let Some(stream) = self.streams.get(&route.id) else { return false };
            let told = route.has_told() || (stream.told_before && !stream.is_renewed);
            route.last < since && told && stream.is_steady()
        };
        self.routes().filter(is_silent).map(|route| route.id).collect()
    }

    /// A frame that could not be read may have been part of what these tell once: whether there are any.
    pub(super) fn spoil(&mut self, bad: &BadFrame) -> bool {
        // The newest bar is told again and again.
        if bad.message == "HISTORICAL_DATA_UPDATE" {
            return false;
        }
        let mut any = false;
        for stream in self.streams.values_mut() {
            let is_told_once = matches!(stream.relation.end, End::Message(_) | End::MessageSince(..));
            if let Some(live) = stream.live.as_mut().filter(|_| is_told_once && stream.relation.names(bad.message)) {
                (live.is_spoiled, any) = (true, true);
            }
        }
        any
    }

    /// TWS has ended a live stream that is still wanted: it is to be asked for anew, in some time.
    pub(super) fn lapse(&mut self, id: SubscriptionId, now: Instant) {
        if let Some(live) = self.streams.get_mut(&id).and_then(|stream| stream.live.as_mut()) {
            (live.is_spoiled, live.asked_at) = (true, now);
        }
    }

    /// Streams that were asked for so long ago and have told nothing since, and should have, or part of it only; and when
    /// to look again.
    pub(super) fn unanswered(&self, silence: Duration, now: Instant) -> (Vec<SubscriptionId>, Option<Instant>) {
        let (mut unanswered, mut next) = (Vec::new(), None::<Instant>);
        for (id, stream) in &self.streams {
            let Some(live) = &stream.live else { continue };
            let has_told = self.by_id.get(live.request_id).map_or(live.has_told, Route::has_told);
            let is_unanswered = !has_told && !stream.is_renewed && stream.is_due_at_once();
            if !is_unanswered && !live.is_spoiled {
                continue;
            }
            match live.asked_at + silence {
                due if due <= now => unanswered.push(*id),
                due => next = Some(next.map_or(due, |at| at.min(due))),
            }
        }
        (unanswered, next)
    }

    /// A stream was asked for once more because it is silent.
    pub(super) fn mark_renewed(&mut self, id: SubscriptionId) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.is_renewed = true;
        }
    }

    /// No stream is live any more: the epoch ended, or TWS lost their data.
    pub(super) fn reset(&mut self) {
        for stream in self.streams.values_mut() {
            let route = stream.live.as_ref().and_then(|live| self.by_id.get(live.request_id));
            stream.end(route);
            stream.is_renewed = false;
        }
        self.by_id.clear();
    }

    /// The session ends: every stream does.
    pub(super) fn close(&mut self) -> Vec<SubscriptionId> {
        self.by_id.clear();
        self.by_channel.clear();
        std::mem::take(&mut self.streams).into_keys().collect()
    }
}
