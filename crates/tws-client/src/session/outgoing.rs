//! What leaves: cancels first, then orders, then the rest, all of it through one window.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use tws_proto::ServerVersion;
use tws_proto::connection::{Client as ClientSide, Side};
use tws_proto::ids::RequestId;
use tws_proto::kinds::MarketDataKind;
use tws_proto::message::{ClientMessage, Message, RequestCurrentTime, RequestMarketDataType};

use super::gate::{Access, Errand, Verdict, verdict};
use super::orders::{Aim, Promise, aim_of};
use super::outlet::Barred;
use super::requests::{Question, Turned};
use super::rules::Claim;
use super::{
    Event, FeedUpdate, Live, MakeRequest, REQUEST_ID_FIRST, RequestKey, Session, Stage, Start, SubscriptionId, Urgency,
};
use crate::error::{RequestError, SendError};
use crate::queue::Why;
use crate::relation::{End, Key, Relation};
use crate::state::{Epoch, LaneEvent, Phase, State, Unsent, UnsentCause, Upstream};

/// Bytes that may wait for a peer that does not read; beyond, nothing more is encoded.
const OUTPUT_BYTES_MAX: usize = 1 << 20;

/// What waits for its turn behind the orders.
#[derive(Debug)]
pub(super) enum Waiting {
    /// A request; gone where it timed out meanwhile.
    Request(RequestKey),
    /// A stream to be asked for; gone where it was dropped meanwhile.
    Subscribe(SubscriptionId),
    /// Anything else: ends of streams, choices of data.
    Message(ClientMessage),
}

/// How long a request may wait for its turn.
#[derive(Clone, Copy, Debug)]
enum Patience {
    /// As every request may.
    Usual(Duration),
    /// As its caller said.
    Asked(Duration),
}

impl Session {
    /// Asks for something, under the id that the message is made with. The answer is an [`Event::Answer`] with this key,
    /// within the request's deadline.
    ///
    /// # Errors
    /// [`RequestError::NotReady`], [`RequestError::QueueFull`], [`RequestError::Taken`], [`RequestError::Closed`]: nothing
    /// was asked.
    pub fn request(
        &mut self,
        message: impl FnOnce(RequestId) -> ClientMessage,
        now: Instant,
    ) -> Result<RequestKey, RequestError> {
        self.ask(Patience::Usual(self.config.pacing.wait_most), message, now)
    }

    /// As [`Session::request`], where the request may have to wait so long for its turn, and no longer. Its deadline is
    /// put off by what it is expected to wait.
    ///
    /// # Errors
    /// [`RequestError::WouldWait`] where it would wait longer; else as for [`Session::request`].
    pub fn request_within(
        &mut self,
        allowed: Duration,
        message: impl FnOnce(RequestId) -> ClientMessage,
        now: Instant,
    ) -> Result<RequestKey, RequestError> {
        self.ask(Patience::Asked(allowed), message, now)
    }

    fn ask(
        &mut self,
        patience: Patience,
        message: impl FnOnce(RequestId) -> ClientMessage,
        now: Instant,
    ) -> Result<RequestKey, RequestError> {
        let version = self.check_live()?;
        if self.requests.len() >= self.config.limits.requests {
            return Err(RequestError::QueueFull);
        }
        let request_id = self.fresh_request_id();
        let message = message(request_id);
        self.check(&message)?;
        let relation = Relation::of(&message).at(version);
        if let Key::Alone(channel) = relation.key {
            self.subscriptions.check_free(channel)?;
        }
        let claim = Claim::of(&message);
        let (expected, why) = self.expected(claim.as_ref(), now);
        let (Patience::Usual(allowed) | Patience::Asked(allowed)) = patience;
        if let Some(why) = why.filter(|_| expected > allowed) {
            return Err(RequestError::WouldWait { expected, allowed, why });
        }
        let postponed = match patience {
            // What a rule holds back leaves at its time for certain; a crowd in the queue is no reason to hope longer.
            Patience::Usual(_) if why == Some(Why::Rate) => Duration::ZERO,
            Patience::Usual(_) | Patience::Asked(_) => expected,
        };
        let ticket = claim.map(|claim| self.rules.plan(claim, now + expected));
        let after = self.config.timeouts.of(&relation).saturating_add(postponed);
        let (key, first) = self.requests.add(Question { relation, message, request_id, after }, now);
        if first {
            self.queue.push(Waiting::Request(key), ticket, now);
        }
        self.pump(now);
        Ok(key)
    }

    /// Gives up a request that nobody waits for any more, at the server too where it can be cancelled.
    pub fn forget(&mut self, key: RequestKey, now: Instant) {
        if let Some(change) = self.requests.forget(key, self.config.timeouts.end_marker_grace, now) {
            self.apply(change, now);
            self.pump(now);
        }
    }

    /// Says something that has no answer of its own.
    ///
    /// # Errors
    /// [`RequestError::NotReady`], [`RequestError::Refused`], [`RequestError::QueueFull`], [`RequestError::Closed`]:
    /// nothing is said.
    pub fn tell(&mut self, message: ClientMessage, now: Instant) -> Result<(), RequestError> {
        let version = self.check_live()?;
        if self.queue.messages() >= self.config.limits.requests {
            return Err(RequestError::QueueFull);
        }
        message.clone().write(version, <ClientSide as Side>::MISSING, &mut BytesMut::new())?;
        self.check(&message)?;
        self.queue.push(Waiting::Message(message), None, now);
        self.pump(now);
        Ok(())
    }

    /// Says something about a live stream, with the id under which it is live.
    ///
    /// # Errors
    /// As for [`Session::tell`]; [`RequestError::NotReady`] also where the stream was not asked for yet.
    pub fn tell_of(
        &mut self,
        subscription: SubscriptionId,
        message: impl FnOnce(RequestId) -> ClientMessage,
        now: Instant,
    ) -> Result<(), RequestError> {
        let not_live = RequestError::NotReady { phase: self.state.phase };
        let request_id = self.subscriptions.request_id(subscription).ok_or(not_live)?;
        self.tell(message(request_id), now)
    }

    /// Whether the session and its phase let a message out.
    fn check(&self, message: &ClientMessage) -> Result<(), RequestError> {
        let errand = Errand::of(message, self.config.client_id);
        if !self.access.lets_out(errand) {
            return Err(RequestError::ReadOnly { message: message.facts().name });
        }
        match verdict(self.state.phase, errand) {
            Verdict::Sent => Ok(()),
            Verdict::Refused | Verdict::Kept => Err(RequestError::NotReady { phase: self.state.phase }),
        }
    }

    /// The server version of a session that takes requests.
    fn check_live(&self) -> Result<ServerVersion, RequestError> {
        let phase = self.state.phase;
        match (verdict(phase, Errand::Read), &self.stage) {
            (Verdict::Sent, Stage::Live(live)) => Ok(live.outlet.version()),
            _ if phase == Phase::Closed => Err(RequestError::Closed),
            _ => Err(RequestError::NotReady { phase }),
        }
    }

    /// Begins a stream: now, or once the session is ready; and again in every epoch until it is removed or fails.
    ///
    /// # Errors
    /// [`RequestError::QueueFull`], [`RequestError::Taken`], [`RequestError::Closed`]: no stream began.
    pub fn subscribe(&mut self, request: MakeRequest, now: Instant) -> Result<SubscriptionId, RequestError> {
        if let Stage::Closing { .. } | Stage::Closed(_) = self.stage {
            return Err(RequestError::Closed);
        }
        if self.subscriptions.len() >= self.config.limits.subscriptions {
            return Err(RequestError::QueueFull);
        }
        let id = self.subscriptions.add(request, &self.config.pacing)?;
        if self.state.takes_requests() {
            self.queue_stream(id, now);
            self.pump(now);
        }
        Ok(id)
    }

    /// Asks for a stream anew, because part of what it said was lost, on the way here or to its reader, or all of it.
    pub fn renew(&mut self, id: SubscriptionId, now: Instant) {
        let Some(cancel) = self.subscriptions.suspend(id) else { return };
        // A request in the same channel still hears the answers that a cancel would end.
        if !self.subscriptions.relation(id).is_some_and(|relation| self.is_asked_in(relation)) {
            self.queue.push(Waiting::Message(cancel), None, now);
        }
        self.queue_stream(id, now);
        self.pump(now);
    }

    /// Ends a stream, at the server too.
    pub fn unsubscribe(&mut self, id: SubscriptionId, now: Instant) {
        let Some((relation, cancel)) = self.subscriptions.remove(id) else { return };
        match cancel {
            // A request in the same channel still hears the answers that a cancel would end; it cancels them itself.
            Some(_) if self.is_asked_in(&relation) => {}
            Some(cancel) => self.queue.push(Waiting::Message(cancel), None, now),
            None => {
                // It may still wait to be asked for: nothing dropped may fill the queue.
                self.unqueue(|waiting| matches!(waiting, Waiting::Subscribe(waits) if *waits == id));
                if let Some(change) = self.requests.forget_stream(id) {
                    self.apply(change, now);
                }
            }
        }
        self.pump(now);
    }

    /// Whether a request is under way in the channel of a row.
    fn is_asked_in(&self, relation: &Relation) -> bool {
        relation.shared_channel().is_some_and(|channel| self.requests.is_asked(channel))
    }

    /// Chooses live, frozen or delayed data for streams that begin from now on, in this epoch and later ones.
    pub fn choose_data_kind(&mut self, kind: MarketDataKind, now: Instant) {
        self.subscriptions.data_kind = Some(kind);
        if self.state.takes_requests() {
            let older =
                |waiting: &Waiting| matches!(waiting, Waiting::Message(ClientMessage::RequestMarketDataType(_)));
            self.unqueue(older);
            self.queue.push(Waiting::Message(RequestMarketDataType { kind }.into()), None, now);
            self.pump(now);
        }
    }

    /// Says which kind of data was chosen, where one was, to a TWS that does not know it.
    pub(super) fn say_data_kind(&mut self, now: Instant) {
        if let Some(kind) = self.subscriptions.data_kind {
            self.queue.push(Waiting::Message(RequestMarketDataType { kind }.into()), None, now);
        }
    }

    /// Sends a burst of order messages, in order, all of them or none, in the epoch that is returned. It leaves at once,
    /// unless the window is full or the link has been silent; if it then cannot leave in time, a
    /// [`LaneEvent::Unsent`] says so.
    ///
    /// # Errors
    /// [`SendError`]: nothing left, and nothing will.
    pub fn send_orders(&mut self, messages: Vec<ClientMessage>, now: Instant) -> Result<Epoch, SendError> {
        self.send_burst(messages, Promise::Told, now)
    }

    fn send_burst(
        &mut self,
        mut messages: Vec<ClientMessage>,
        promise: Promise,
        now: Instant,
    ) -> Result<Epoch, SendError> {
        let aim = aim_of(&messages)?;
        self.admit(aim)?;
        if aim == Aim::Place
            && messages.len() == 1
            && self.is_free_for_an_order(now)
            && let (Some(message), Stage::Live(live)) = (messages.pop(), &mut self.stage)
        {
            live.outlet.send(message)?;
            self.pacer.sent(now);
            return Ok(self.state.epoch);
        }
        let limit = self.burst_most(aim);
        if messages.len() > limit {
            return Err(SendError::BurstTooLarge { messages: messages.len(), limit });
        }
        let Stage::Live(live) = &mut self.stage else {
            return Err(SendError::NotReady { phase: self.state.phase });
        };
        let mut scratch = BytesMut::new();
        for message in &messages {
            live.outlet.try_out(message, &mut scratch)?;
        }
        let epoch = self.state.epoch;
        match aim {
            Aim::CancelOnly => {
                let overtaken = self.orders.add_cancels(messages, promise, epoch)?;
                self.tell_unsent(overtaken);
            }
            Aim::Place => {
                self.orders.add_burst(messages, now)?;
                let timeouts = self.config.timeouts;
                if now.saturating_duration_since(live.last_heard) > timeouts.order_silence && live.hold.is_none() {
                    // Silence proves nothing: an order must not go to a link that is dead already.
                    live.hold = Some(now + timeouts.order_probe);
                    self.probe(now);
                }
            }
        }
        self.pump(now);
        Ok(epoch)
    }

    /// Whether nothing stands between one order and the socket: most often so, and then it is encoded only once.
    fn is_free_for_an_order(&mut self, now: Instant) -> bool {
        let Stage::Live(live) = &self.stage else { return false };
        matches!(live.start, Start::Done)
            && live.hold.is_none()
            && now.saturating_duration_since(live.last_heard) <= self.config.timeouts.order_silence
            && live.outlet.output_len() < OUTPUT_BYTES_MAX
            && !self.orders.has_cancel()
            && self.orders.next_burst().is_none()
            && self.pacer.has_room(Urgency::Order, 1, now)
    }

    /// Whether the phase lets a burst out, or why not.
    fn admit(&self, aim: Aim) -> Result<(), SendError> {
        let errand = match aim {
            Aim::CancelOnly => Errand::Cancel,
            Aim::Place => Errand::Act,
        };
        let State { phase, upstream, halt, .. } = &self.state;
        match (verdict(*phase, errand), phase) {
            (Verdict::Sent, _) => Ok(()),
            (Verdict::Refused | Verdict::Kept, Phase::Closed) => Err(SendError::Closed),
            (Verdict::Refused | Verdict::Kept, phase) => Err(match (halt, upstream) {
                (Some(halt), _) if *phase == Phase::Halted => SendError::Halted(halt.clone()),
                (_, Upstream::Down { code }) if *phase == Phase::Degraded => SendError::UpstreamDown { code: *code },
                (_, _) if *phase == Phase::ReadOnly => SendError::ReadOnly,
                (_, _) => SendError::NotReady { phase: *phase },
            }),
        }
    }

    /// Sends cancels now, or keeps them and sends them first on return; while TWS has lost IB, both. What has not left when
    /// the connection is lost is kept too. `None` where they wait for a connection.
    ///
    /// # Errors
    /// [`SendError`]: nothing left, and nothing will.
    pub fn cancel_surely(&mut self, cancels: Vec<ClientMessage>, now: Instant) -> Result<Option<Epoch>, SendError> {
        if aim_of(&cancels)? != Aim::CancelOnly {
            return Err(SendError::NotACancel);
        }
        let phase = self.state.phase;
        let sent = match (verdict(phase, Errand::Cancel), self.access) {
            (_, Access::ReadOnly) => return Err(SendError::ReadOnly),
            (Verdict::Sent, Access::Trading) => Some(self.send_burst(cancels.clone(), Promise::Kept, now)?),
            (Verdict::Kept, Access::Trading) => None,
            (Verdict::Refused, Access::Trading) => return Err(SendError::Closed),
        };
        let upstream_is_down = matches!(self.state.upstream, Upstream::Down { .. });
        if sent.is_none() || upstream_is_down {
            self.orders.keep_cancels(cancels)?;
        }
        Ok(sent)
    }

    /// The way to IB is open again: cancels that were kept go first.
    pub(super) fn send_kept_cancels(&mut self, now: Instant) {
        let unsent = self.orders.release_cancels(self.state.epoch);
        self.tell_unsent(unsent);
        self.pump(now);
    }

    /// What must go to the socket now, or `None`. Call [`Session::handle_flushed`] once the socket has taken it.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<BytesMut> {
        self.pump(now);
        match &mut self.stage {
            Stage::Handshaking { greeting, .. } => (!greeting.is_empty()).then(|| greeting.split()),
            Stage::Live(live) => {
                let output = live.outlet.poll_transmit()?;
                live.unflushed = live.unflushed.or(Some(now));
                Some(output)
            }
            Stage::Closing { outlet, .. } => outlet.as_mut()?.poll_transmit(),
            Stage::Idle { .. } | Stage::Connecting { .. } | Stage::Closed(_) => None,
        }
    }

    /// Asks for the server's clock, to hear whether the link lives. Leaves even when the window is full of requests.
    pub(super) fn probe(&mut self, now: Instant) {
        let Stage::Live(live) = &mut self.stage else { return };
        // The probe has no place for anything that could be refused; and one answer is enough.
        if live.probed.is_none() && live.outlet.send(RequestCurrentTime {}.into()).is_ok() {
            live.probed = Some(now);
            self.pacer.sent(now);
        }
    }

    /// Drops bursts whose time has passed.
    pub(super) fn expire_orders(&mut self, now: Instant) {
        let epoch = self.state.epoch;
        if let Stage::Live(live) = &mut self.stage
            && live.hold.is_some_and(|until| until <= now)
        {
            live.hold = None;
            let unsent = self.orders.drop_bursts(epoch, UnsentCause::NoProbeAnswer);
            self.tell_unsent(unsent);
        }
        // What can leave now must not be dropped as stale.
        self.pump(now);
        let unsent = self.orders.expire(self.config.timeouts.order_stale, epoch, now);
        self.tell_unsent(unsent);
    }

    pub(super) fn tell_unsent(&mut self, unsent: Vec<Unsent>) {
        self.events.extend(unsent.into_iter().map(|unsent| Event::Lane(LaneEvent::Unsent(unsent))));
    }

    /// Moves what may leave now into the connection.
    pub(super) fn pump(&mut self, now: Instant) {
        let Stage::Live(live) = &mut self.stage else { return };
        if !matches!(live.start, Start::Done) {
            return;
        }
        let room = |live: &Live| live.outlet.output_len() < OUTPUT_BYTES_MAX;
        while self.orders.has_cancel() && room(live) && self.pacer.has_room(Urgency::Cancel, 1, now) {
            let Some(cancel) = self.orders.take_cancel() else { break };
            // It was written once already to see that it can travel.
            let _ = live.outlet.send(cancel);
            self.pacer.sent(now);
        }
        while live.hold.is_none() && room(live) && !self.orders.has_cancel() {
            let Some(burst) = self.orders.next_burst() else { break };
            if !self.pacer.has_room(Urgency::Order, burst.messages.len(), now) {
                break;
            }
            let Some(burst) = self.orders.take_burst() else { break };
            for message in burst.messages {
                let _ = live.outlet.send(message);
                self.pacer.sent(now);
            }
        }
        self.pump_queue(now);
    }

    pub(super) fn may_ask(&mut self, now: Instant) -> bool {
        let Stage::Live(live) = &self.stage else { return false };
        let orders_first = self.orders.has_cancel() || (live.hold.is_none() && self.orders.next_burst().is_some());
        !orders_first && live.outlet.output_len() < OUTPUT_BYTES_MAX && self.pacer.has_room(Urgency::Request, 1, now)
    }

    pub(super) fn write(&mut self, waiting: Waiting, now: Instant) {
        match waiting {
            Waiting::Message(message) => {
                // Ends of streams and choices of data hold nothing that a version could refuse, but where the version has
                // no word to cancel with: then what was asked ends by itself.
                let _ = self.send(message, now);
            }
            Waiting::Request(key) => {
                let Some(Turned { message, stream }) = self.requests.ask(key, &self.config.timeouts, now) else {
                    return;
                };
                if let Some((subscription, request_id)) = stream {
                    return self.begin_stream(subscription, request_id, message, now);
                }
                if let Err(barred) = self.send(message, now) {
                    let change = self.requests.fail_key(key, barred.into());
                    self.apply(change, now);
                }
            }
            Waiting::Subscribe(id) => self.ask_stream(id, now),
        }
    }

    fn send(&mut self, message: ClientMessage, now: Instant) -> Result<(), Barred> {
        let Stage::Live(live) = &mut self.stage else { return Ok(()) };
        live.outlet.send(message)?;
        self.pacer.sent(now);
        Ok(())
    }

    /// Asks for a stream, at once or when its turn has come.
    fn ask_stream(&mut self, id: SubscriptionId, now: Instant) {
        let request_id = self.fresh_request_id();
        let Some((message, relation)) = self.subscriptions.ask(id, request_id) else { return };
        if relation.is_keyed() || relation.end == End::Never {
            return self.begin_stream(id, request_id, message, now);
        }
        // Until it has told what was there at first, its answers must not be taken for those of a request.
        if let Some(change) = self.requests.forget_stream(id) {
            self.apply(change, now);
        }
        let after = self.config.timeouts.end_marker_grace;
        let (key, first) = self.requests.add_stream(Question { relation, message, request_id, after }, id, now);
        if first {
            self.write(Waiting::Request(key), now);
        }
    }

    fn begin_stream(&mut self, id: SubscriptionId, request_id: RequestId, message: ClientMessage, now: Instant) {
        match self.subscriptions.begin(id, request_id, &message, now) {
            Some(true) => {
                let update = FeedUpdate::Gap(self.state.epoch);
                self.events.push_back(Event::Update { subscription: id, update });
            }
            Some(false) => {}
            None => return,
        }
        self.watch_stream(now);
        self.watch_answer(now);
        if let Err(barred) = self.send(message, now) {
            self.subscriptions.remove(id);
            let update = FeedUpdate::Ended(barred.into());
            self.events.push_back(Event::Update { subscription: id, update });
        }
    }

    /// When the window has room for what waits.
    pub(super) fn room_at(&self, live: &Live) -> Option<Instant> {
        if !matches!(live.start, Start::Done) || live.outlet.output_len() >= OUTPUT_BYTES_MAX {
            return None;
        }
        if self.orders.has_cancel() {
            return self.pacer.room_at(Urgency::Cancel, 1);
        }
        match self.orders.next_burst().filter(|_| live.hold.is_none()) {
            Some(burst) => self.pacer.room_at(Urgency::Order, burst.messages.len()),
            None if self.queue.ready() == 0 => self.queue.release_at(),
            None => self.pacer.room_at(Urgency::Request, 1).into_iter().chain(self.queue.release_at()).min(),
        }
    }

    /// A request id that nothing uses, so that a late answer is never taken for another request's.
    fn fresh_request_id(&mut self) -> RequestId {
        loop {
            let id = RequestId(self.next_request_id);
            self.next_request_id = if id.0 >= i32::MAX - 1 { REQUEST_ID_FIRST } else { id.0 + 1 };
            if !self.requests.has_id(id) && !self.subscriptions.has_id(id) {
                return id;
            }
        }
    }
}
