//! [`Session`]: the whole life of a session as a state machine without socket, clock or task.
//!
//! Its methods are of four kinds. `handle_*`: something came in. Commands ([`Session::request`],
//! [`Session::send_orders`], ...): the caller wants something. `poll_*`: something must go out. The rest are getters.
//! After every `handle_*` and every command, drain [`Session::poll_transmit`] and [`Session::poll_event`], then look at
//! [`Session::link`] and [`Session::poll_timeout`].

mod alarm;
mod back_off;
mod bad_frames;
mod end_markers;
mod freshness;
mod gate;
mod incoming;
mod orders;
mod outgoing;
mod outlet;
mod pacer;
mod queue;
mod requests;
mod rules;
mod standing;
mod subscriptions;

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tws_proto::BadFrame;
use tws_proto::connection::{Client as ClientSide, Connection};
use tws_proto::handshake::{ClientHandshake, HandshakeError};
use tws_proto::ids::OrderId;
use tws_proto::message::{Notice, ServerMessage, StartApi};

use crate::config::Config;
use crate::counts::Counts;
use crate::error::{Exit, RequestError};
use crate::event::{Alarm, SessionEvent};
use crate::state::{Epoch, LaneEvent, Reason, State, StateChange, Upstream};
use back_off::BackOff;
use orders::Orders;
use outlet::Outlet;
use pacer::{Pacer, Urgency};
use queue::Queue;
use requests::{Change, Requests};
use rules::Rules;
use subscriptions::Subscriptions;

pub(crate) use incoming::Heard;
pub(crate) use orders::order_ids;
pub(crate) use outlet::Barred;

pub use gate::Access;
pub(crate) use gate::Errand;
pub use requests::RequestKey;
pub use subscriptions::{FeedUpdate, MakeRequest, SubscriptionId};

/// Request ids start here, far above what order ids reach, since notices name both in one field.
pub const REQUEST_ID_FIRST: i32 = 2_000_000_000;

/// How long a shutdown waits for bytes that are under way.
const CLOSING: Duration = Duration::from_secs(1);

/// What a session wants of the network; compare it with what there is after every call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// No socket.
    None,
    /// A connection attempt, the n-th of the session.
    Dial(u64),
    /// The socket of that attempt, to be kept.
    Keep(u64),
}

/// What a session tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The state changed to this.
    State(Box<State>),
    /// An event of the order lane.
    Lane(LaneEvent),
    /// A request ended.
    Answer {
        /// Which one.
        key: RequestKey,
        /// Every message that answers it, or why there is no answer.
        result: Result<Vec<ServerMessage>, RequestError>,
    },
    /// A stream goes on, or ends.
    Update {
        /// Which one.
        subscription: SubscriptionId,
        /// What it says.
        update: FeedUpdate,
    },
    /// A notice about a request or a stream; already acted on, for the log.
    Notice(Notice),
    /// A message that nobody asked for, by its wire name; for the log.
    Stray(&'static str),
    /// A frame that could not be read and was no order's, already counted; for the log.
    BadFrame {
        /// What was wrong with it.
        bad: BadFrame,
        /// How often this kind has been seen by now.
        seen: u64,
    },
    /// Somebody should look.
    Alarm(Alarm),
    /// Anything else for those who listen to the session.
    Told(SessionEvent),
}

/// One live session with TWS. See the [module](self) for how it is driven.
#[derive(Debug)]
pub struct Session {
    config: Config,
    access: Access,
    stage: Stage,
    state: State,
    dials: u64,
    back_off: BackOff,
    pacer: Pacer,
    orders: Orders,
    requests: Requests,
    subscriptions: Subscriptions,
    rules: Rules,
    queue: Queue,
    checks: freshness::Checks,
    next_request_id: i32,
    events: VecDeque<Event>,
    counts: Counts,
    watch: alarm::Watch,
    /// Comparisons of books demanded so far.
    rounds: u64,
    /// What the peer said would end the connection, before it did.
    announced_end: Option<Reason>,
}

/// How far the connection is, with what only that stage has.
#[derive(Debug)]
enum Stage {
    /// No connection; `retry_at` is unset while the order lane must be read first.
    Idle {
        retry_at: Option<Instant>,
    },
    Connecting {
        deadline: Instant,
    },
    Handshaking {
        handshake: Option<ClientHandshake>,
        greeting: BytesMut,
        deadline: Instant,
    },
    Live(Box<Live>),
    Closing {
        outlet: Option<Box<Outlet>>,
        deadline: Instant,
        exit: Exit,
    },
    Closed(Exit),
}

/// A connection whose version is settled.
#[derive(Debug)]
struct Live {
    outlet: Outlet,
    start: Start,
    last_heard: Instant,
    /// When the last probe left, unset once anything was heard.
    probed: Option<Instant>,
    /// Until when orders wait for the answer to a probe.
    hold: Option<Instant>,
    /// Since when a frame that comes in waits for its last byte.
    partial_since: Option<Instant>,
    /// Since when bytes wait that the socket did not take.
    unflushed: Option<Instant>,
    upstream_down_since: Option<Instant>,
    /// How often TWS said that messages come too fast.
    breaches: u32,
    /// Whether it was told that TWS itself is read-only.
    told_read_only: bool,
}

/// What of the start is still awaited.
#[derive(Debug)]
enum Start {
    Awaiting { deadline: Instant, order_id: Option<OrderId>, accounts: Option<Vec<String>> },
    Done,
}

impl Session {
    /// A session that wants to connect at once. `config` must be valid.
    #[must_use]
    pub fn new(config: Config, access: Access, now: Instant) -> Self {
        let Config { timeouts, pacing, limits, seed, .. } = &config;
        Self {
            stage: Stage::Idle { retry_at: Some(now) },
            state: State::default(),
            dials: 0,
            back_off: BackOff::new(timeouts.back_off_first, timeouts.back_off_most, *seed),
            pacer: Pacer::new(config.effective_pacing()),
            orders: Orders::new(limits.order_messages),
            requests: Requests::default(),
            subscriptions: Subscriptions::default(),
            rules: Rules::new(*pacing),
            queue: Queue::default(),
            checks: freshness::Checks::default(),
            next_request_id: REQUEST_ID_FIRST,
            events: VecDeque::new(),
            counts: Counts::default(),
            watch: alarm::Watch::new(now, timeouts.not_ready_alarm),
            rounds: 0,
            announced_end: None,
            access,
            config,
        }
    }

    /// Where the session stands.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What the session wants of the network.
    #[must_use]
    pub fn link(&self) -> Link {
        match &self.stage {
            Stage::Idle { .. } | Stage::Closed(_) => Link::None,
            Stage::Connecting { .. } => Link::Dial(self.dials),
            Stage::Handshaking { .. } | Stage::Live(_) => Link::Keep(self.dials),
            Stage::Closing { outlet, .. } => {
                if outlet.is_some() {
                    Link::Keep(self.dials)
                } else {
                    Link::None
                }
            }
        }
    }

    /// Why the session has ended for good, once it has.
    #[must_use]
    pub fn exit(&self) -> Option<&Exit> {
        match &self.stage {
            Stage::Closed(exit) => Some(exit),
            Stage::Idle { .. } | Stage::Connecting { .. } | Stage::Handshaking { .. } => None,
            Stage::Live(_) | Stage::Closing { .. } => None,
        }
    }

    /// TCP is connected.
    pub fn handle_connected(&mut self, now: Instant) {
        let Stage::Connecting { .. } = self.stage else { return };
        let epoch = Epoch(self.state.epoch.0 + 1);
        self.announced_end = None;
        self.stage = match ClientHandshake::start(self.config.newest_version, &self.config.options) {
            Ok((handshake, greeting)) => Stage::Handshaking {
                handshake: Some(handshake),
                greeting: BytesMut::from(&greeting[..]),
                deadline: now + self.config.timeouts.handshake,
            },
            Err(error) => return self.lose(Reason::Handshake(error), now),
        };
        self.state.epoch = epoch;
        self.lane_state(StateChange::EpochBegan { epoch });
        self.change_state(|_| {}, now);
    }

    /// TCP could not be connected.
    pub fn handle_connect_failed(&mut self, error: io::ErrorKind, now: Instant) {
        if let Stage::Connecting { .. } = self.stage {
            self.lose(Reason::ConnectFailed(error), now);
        }
    }

    /// The peer closed the connection, or the socket failed with an error.
    pub fn handle_closed(&mut self, error: Option<io::ErrorKind>, now: Instant) {
        let announced = self.announced_end.take();
        let reason = match (announced, error) {
            (Some(announced), _) => announced,
            (None, Some(error)) => Reason::SocketFailed(error),
            (None, None) => Reason::ClosedByPeer,
        };
        match &self.stage {
            Stage::Handshaking { .. } | Stage::Live(_) => self.lose(reason, now),
            Stage::Closing { exit, .. } => self.finish(exit.clone(), now),
            Stage::Idle { .. } | Stage::Connecting { .. } | Stage::Closed(_) => {}
        }
    }

    /// The socket has taken all that [`Session::poll_transmit`] gave.
    pub fn handle_flushed(&mut self, now: Instant) {
        match &mut self.stage {
            Stage::Live(live) => live.unflushed = None,
            Stage::Closing { outlet, exit, .. } => {
                if outlet.as_ref().is_none_or(|outlet| outlet.output_len() == 0) {
                    let exit = exit.clone();
                    self.finish(exit, now);
                }
            }
            Stage::Idle { .. } | Stage::Connecting { .. } | Stage::Handshaking { .. } | Stage::Closed(_) => {}
        }
    }

    /// The order lane is fuller than it may be: the epoch ends, and none begins before the lane is drained.
    pub fn handle_lane_overflow(&mut self, now: Instant) {
        if let Stage::Handshaking { .. } | Stage::Live(_) = self.stage {
            self.events.push_back(Event::Alarm(Alarm::LaneOverflow));
            self.lose(Reason::LaneOverflow, now);
        }
        if let Stage::Idle { retry_at } = &mut self.stage {
            *retry_at = None;
        }
    }

    /// The order lane was read: epochs may begin again.
    pub fn handle_lane_drained(&mut self, now: Instant) {
        if let Stage::Idle { retry_at: retry_at @ None } = &mut self.stage {
            *retry_at = Some(now + self.back_off.next());
        }
    }

    /// Ends the session: what was written goes out, what waits is dropped and told so.
    pub fn shutdown(&mut self, exit: Exit, now: Instant) {
        if let Stage::Closing { .. } | Stage::Closed(_) = self.stage {
            return;
        }
        self.keep_counts();
        let idle = Stage::Idle { retry_at: None };
        let in_epoch = matches!(self.stage, Stage::Handshaking { .. } | Stage::Live(_));
        let outlet = match std::mem::replace(&mut self.stage, idle) {
            // Where nothing is under way, there is nothing to wait for.
            Stage::Live(live) if live.unflushed.is_some() || live.outlet.output_len() > 0 => {
                Some(Box::new(live.outlet))
            }
            Stage::Live(_) | Stage::Idle { .. } | Stage::Connecting { .. } | Stage::Handshaking { .. } => None,
            Stage::Closing { .. } | Stage::Closed(_) => None,
        };
        self.abandon(&RequestError::Closed, in_epoch.then_some(Reason::Shutdown));
        let unsent = self.orders.drop_kept(self.state.epoch);
        self.tell_unsent(unsent);
        for subscription in self.subscriptions.close() {
            let update = FeedUpdate::Ended(RequestError::Closed);
            self.events.push_back(Event::Update { subscription, update });
        }
        if outlet.is_some() {
            self.stage = Stage::Closing { outlet, deadline: now + CLOSING, exit };
            self.change_state(|_| {}, now);
        } else {
            self.finish(exit, now);
        }
    }

    /// Time has come to [`Session::poll_timeout`].
    pub fn handle_timeout(&mut self, now: Instant) {
        self.sound_alarm(now);
        match &self.stage {
            Stage::Idle { retry_at } if retry_at.is_some_and(|at| at <= now) => {
                self.dials += 1;
                self.stage = Stage::Connecting { deadline: now + self.config.timeouts.connect };
                self.change_state(|state| state.attempts = state.attempts.saturating_add(1), now);
            }
            Stage::Connecting { deadline } if *deadline <= now => self.lose(Reason::ConnectTimedOut, now),
            Stage::Handshaking { deadline, .. } if *deadline <= now => self.lose(Reason::HandshakeTimedOut, now),
            Stage::Live(_) => self.handle_live_timeout(now),
            Stage::Closing { deadline, exit, .. } if *deadline <= now => self.finish(exit.clone(), now),
            Stage::Idle { .. } | Stage::Connecting { .. } | Stage::Handshaking { .. } => {}
            Stage::Closing { .. } | Stage::Closed(_) => {}
        }
    }

    fn handle_live_timeout(&mut self, now: Instant) {
        let timeouts = self.config.timeouts;
        let Stage::Live(live) = &mut self.stage else { return };
        let reason = match &live.start {
            Start::Awaiting { deadline, .. } => (*deadline <= now).then_some(Reason::StartTimedOut),
            Start::Done => (live.dead_at(&timeouts) <= now && live.probed.is_some()).then_some(Reason::Silent),
        };
        let not_reading = live.unflushed.is_some_and(|since| since + timeouts.write <= now);
        let upstream_down = live.upstream_down_since.is_some_and(|since| since + timeouts.upstream_down <= now);
        let unfinished = live.partial_since.is_some_and(|since| since + timeouts.frame <= now);
        let reason = reason
            .or_else(|| unfinished.then(|| Reason::FrameUnfinished { announced: live.announced() }))
            .or_else(|| not_reading.then_some(Reason::PeerNotReading))
            .or_else(|| upstream_down.then_some(Reason::UpstreamDown));
        if let Some(reason) = reason {
            return self.lose(reason, now);
        }
        if matches!(live.start, Start::Done) && live.last_heard + timeouts.probe_after <= now {
            self.probe(now);
        }
        self.expire_orders(now);
        self.check_streams(now);
        while let Some(change) = self.requests.expire(timeouts.end_marker_grace, now) {
            self.apply(change, now);
        }
    }

    /// The next thing that must be told, or `None`.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Whether something waits to be told.
    #[must_use]
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// When [`Session::handle_timeout`] must be called, if nothing else happens.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let timeouts = &self.config.timeouts;
        let at = match &self.stage {
            Stage::Idle { retry_at } => *retry_at,
            Stage::Connecting { deadline } | Stage::Handshaking { deadline, .. } => Some(*deadline),
            Stage::Closing { deadline, .. } => Some(*deadline),
            Stage::Closed(_) => return None,
            Stage::Live(live) => {
                let liveness = match &live.start {
                    Start::Awaiting { deadline, .. } => *deadline,
                    Start::Done if live.probed.is_some() => live.dead_at(timeouts),
                    Start::Done => live.last_heard + timeouts.probe_after,
                };
                let waits = [
                    Some(liveness),
                    live.unflushed.map(|since| since + timeouts.write),
                    live.upstream_down_since.map(|since| since + timeouts.upstream_down),
                    live.hold,
                    live.partial_since.map(|since| since + timeouts.frame),
                    self.requests.deadline(),
                    self.orders.stale_at(timeouts.order_stale),
                    self.room_at(live),
                    self.check_at(),
                ];
                waits.into_iter().flatten().min()
            }
        };
        at.into_iter().chain(self.watch.at()).min()
    }

    /// The connection, or the attempt, is over; the next one waits its time.
    fn lose(&mut self, reason: Reason, now: Instant) {
        let in_epoch = matches!(self.stage, Stage::Handshaking { .. } | Stage::Live(_));
        self.keep_counts();
        self.stage = Stage::Idle { retry_at: None };
        self.abandon(&RequestError::ConnectionReset, in_epoch.then(|| reason.clone()));
        if let Reason::Handshake(error @ HandshakeError::ServerTooOld { .. }) = reason {
            // No attempt will ever succeed; a person must upgrade TWS.
            let exit = Exit::Incompatible(error.clone());
            self.state.reason = Some(Reason::Handshake(error));
            return self.shutdown(exit, now);
        }
        let mut pause = self.back_off.next();
        if reason == Reason::ClientIdInUse {
            pause = pause.max(self.config.timeouts.client_id_in_use);
        }
        self.stage = Stage::Idle { retry_at: Some(now + pause) };
        self.change_state(|state| state.reason = Some(reason), now);
    }

    /// Everything that belonged to the epoch ends with it.
    fn abandon(&mut self, error: &RequestError, lost: Option<Reason>) {
        let epoch = self.state.epoch;
        self.queue.clear();
        self.rules.end_epoch();
        self.subscriptions.reset();
        self.stop_checks();
        for unsent in self.orders.reset(epoch) {
            self.events.push_back(Event::Lane(LaneEvent::Unsent(unsent)));
        }
        for (key, result) in self.requests.reset(error) {
            self.events.push_back(Event::Answer { key, result });
        }
        if let Some(reason) = lost {
            self.lane_state(StateChange::EpochLost { epoch, reason });
        }
        self.state.upstream = Upstream::Up;
        self.state.round = None;
        self.state.accounts.clear();
        self.state.farms_down.clear();
        self.state.server_version = None;
        self.state.next_order_id = None;
    }

    fn finish(&mut self, exit: Exit, now: Instant) {
        self.stage = Stage::Closed(exit);
        self.change_state(|_| {}, now);
    }

    /// The handshake is over: `START_API` is the first word.
    fn begin(&mut self, connection: Connection<ClientSide>, now: Instant) {
        let Config { client_id, optional_capabilities, timeouts, .. } = &self.config;
        let start = StartApi { client_id: *client_id, optional_capabilities: optional_capabilities.clone() };
        let mut outlet = Outlet::new(connection, self.access, *client_id);
        if let Err(Barred::Refused(refused)) = outlet.send(start.into()) {
            return self.lose(Reason::Refused(refused), now);
        }
        self.pacer.sent(now);
        let version = outlet.version();
        let deadline = now + timeouts.start;
        self.stage = Stage::Live(Box::new(Live {
            outlet,
            start: Start::Awaiting { deadline, order_id: None, accounts: None },
            last_heard: now,
            probed: None,
            hold: None,
            partial_since: None,
            unflushed: None,
            upstream_down_since: None,
            breaches: 0,
            told_read_only: false,
        }));
        self.change_state(|state| state.server_version = Some(version), now);
    }

    fn apply(&mut self, change: Change, now: Instant) {
        let Change { ended, next, follow_up, channel } = change;
        let goes_on = channel.is_some_and(|channel| self.subscriptions.live_in(channel).is_some());
        let follow_up = follow_up.filter(|_| !goes_on);
        if let Some((key, result)) = ended {
            self.events.push_back(Event::Answer { key, result });
        }
        if let Some(message) = follow_up {
            self.queue.push(outgoing::Waiting::Message(message), None, now);
        }
        if let Some(key) = next {
            self.queue.push(outgoing::Waiting::Request(key), None, now);
        }
    }

    fn lane_state(&mut self, change: StateChange) {
        self.events.push_back(Event::Lane(LaneEvent::State(change)));
    }
}

impl Live {
    /// Notes whether a frame has come in part, and since when; one that was finished in between starts the clock anew.
    fn watch_frame(&mut self, finished: bool, now: Instant) {
        self.partial_since = match self.partial_since {
            _ if self.outlet.input().is_empty() => None,
            Some(since) if !finished => Some(since),
            Some(_) | None => Some(now),
        };
    }

    /// What the frame that has come in part announces as its length.
    fn announced(&mut self) -> u32 {
        self.outlet.input().first_chunk().map_or(0, |length| u32::from_be_bytes(*length))
    }

    /// A link is dead after a silence, but never before a probe had its chance: this process may have slept.
    fn dead_at(&self, timeouts: &crate::config::Timeouts) -> Instant {
        let chance = timeouts.dead_after.saturating_sub(timeouts.probe_after);
        let silence = self.last_heard + timeouts.dead_after;
        self.probed.map_or(silence, |probed| silence.max(probed + chance))
    }
}
