//! What comes in: bytes to frames, frames to the order lane, to requests and to streams.

use std::time::Instant;

use tws_proto::connection::{Event as Frame, OutOfStep};
use tws_proto::handshake::Progress;
use tws_proto::ids::RequestId;
use tws_proto::message::{Message, Notice, ServerMessage};

use super::{Event, FeedUpdate, Session, Stage, Start, SubscriptionId};
use crate::error::RequestError;
use crate::event::Alarm;
use crate::notice::{self, NoticeClass};
use crate::relation::{Channel, is_lane, request_id};
use crate::session::outgoing::Waiting;
use crate::state::{LaneEvent, Ready, Reason, StateChange, UnsentCause, Upstream};

type NextFrame = Result<Option<Frame<ServerMessage>>, OutOfStep>;

/// What a stream makes of a message under its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It was for the stream.
    Taken,
    /// It did not belong to the stream; its wire name.
    Stray(&'static str),
}

/// How many farms are remembered as down; there are about twenty.
const FARMS_MAX: usize = 64;

impl Session {
    /// Bytes came off the socket. Every whole frame in them is taken at once.
    pub fn handle_input(&mut self, bytes: &[u8], now: Instant) {
        if self.take_bytes(bytes, now) {
            self.take_frames(Self::next_frame, now);
        }
    }

    /// As [`Session::handle_input`], but what a stream says is given to `hear` where it was read, before it is moved
    /// anywhere, and is no event. Where an event waits to be told already, what comes behind it is one too.
    pub(crate) fn hear_input(
        &mut self,
        bytes: &[u8],
        now: Instant,
        mut hear: impl FnMut(SubscriptionId, &mut ServerMessage) -> Heard,
    ) {
        if self.take_bytes(bytes, now) {
            self.take_frames(|session| session.next_frame_unheard(&mut hear, now), now);
        }
    }

    /// Whether there may be frames in what came.
    fn take_bytes(&mut self, bytes: &[u8], now: Instant) -> bool {
        match &mut self.stage {
            Stage::Handshaking { handshake, .. } => {
                let Some(waiting) = handshake.take() else { return false };
                match waiting.handle_input(bytes) {
                    Ok(Progress::More(more)) => {
                        *handshake = Some(more);
                        return false;
                    }
                    Ok(Progress::Done((connection, _))) => self.begin(connection, now),
                    Err(error) => {
                        self.lose(Reason::Handshake(error), now);
                        return false;
                    }
                }
            }
            Stage::Live(live) => {
                live.outlet.handle_input(bytes);
                live.last_heard = now;
                live.probed = None;
                live.hold = None;
            }
            // Bytes of a connection that is over.
            Stage::Idle { .. } | Stage::Connecting { .. } | Stage::Closing { .. } | Stage::Closed(_) => return false,
        }
        true
    }

    fn take_frames(&mut self, mut next: impl FnMut(&mut Self) -> NextFrame, now: Instant) {
        let before = self.frames_in();
        loop {
            match next(self) {
                Ok(Some(Frame::Message(message))) => self.take_message(message, now),
                Ok(Some(Frame::BadFrame(bad))) => self.take_bad_frame(bad, now),
                Ok(None) => break,
                Err(out_of_step) => return self.lose(Reason::OutOfStep(out_of_step), now),
            }
        }
        if let Stage::Live(live) = &mut self.stage {
            let finished = live.outlet.counters().frames_in != before;
            live.watch_frame(finished, now);
        }
    }

    fn next_frame(&mut self) -> NextFrame {
        match &mut self.stage {
            Stage::Live(live) => live.outlet.poll_event(),
            Stage::Idle { .. } | Stage::Connecting { .. } | Stage::Handshaking { .. } => Ok(None),
            Stage::Closing { .. } | Stage::Closed(_) => Ok(None),
        }
    }

    /// The next frame behind those that streams have heard.
    fn next_frame_unheard(
        &mut self,
        hear: &mut impl FnMut(SubscriptionId, &mut ServerMessage) -> Heard,
        now: Instant,
    ) -> NextFrame {
        let Self { stage: Stage::Live(live), subscriptions, events, counts, .. } = self else { return Ok(None) };
        live.outlet.poll_event_but(|message| {
            if !events.is_empty() {
                return false;
            }
            let Some(route) = request_id(message).and_then(|id| subscriptions.route_of(id)) else { return false };
            if !route.hears(now) {
                return false;
            }
            if let Heard::Stray(name) = hear(route.id, message) {
                counts.stray_messages += 1;
                events.push_back(Event::Stray(name));
            }
            true
        })
    }

    fn frames_in(&self) -> u64 {
        match &self.stage {
            Stage::Live(live) => live.outlet.counters().frames_in,
            Stage::Idle { .. } | Stage::Connecting { .. } | Stage::Handshaking { .. } => 0,
            Stage::Closing { .. } | Stage::Closed(_) => 0,
        }
    }

    fn take_message(&mut self, message: ServerMessage, now: Instant) {
        let limit = self.config.limits.answers;
        let named = request_id(&message);
        if let Some(subscription) = named.and_then(|id| self.hear_stream(id, now)) {
            let update = FeedUpdate::Message(message);
            self.events.push_back(Event::Update { subscription, update });
            return;
        }
        if let ServerMessage::Notice(notice) = message {
            return self.take_notice(*notice, now);
        }
        let change = match named {
            Some(id) => self.requests.keyed_answer(id, &message, limit),
            None if self.requests.late_end(&message, self.config.timeouts.end_marker_settle, now) => None,
            None => self.requests.unkeyed_answer(&message, limit),
        };
        let is_start = self.take_word_of_start(&message);
        if named.is_none()
            && let Some(subscription) = self.subscriptions.hear_unkeyed(&message)
        {
            let update = FeedUpdate::Message(message.clone());
            self.events.push_back(Event::Update { subscription, update });
        }
        if is_lane(&message) {
            self.events.push_back(Event::Lane(LaneEvent::Message(message)));
        } else if change.is_none() && named.is_some_and(|id| !self.requests.has_id(id)) {
            self.take_stray(message.facts().name);
        }
        if let Some(change) = change {
            self.apply(change, now);
        }
        if is_start {
            self.finish_start(now);
        }
    }

    /// Keeps order id and accounts; tells whether the message was one of the two.
    fn take_word_of_start(&mut self, message: &ServerMessage) -> bool {
        let Stage::Live(live) = &mut self.stage else { return false };
        let awaited = match &mut live.start {
            Start::Awaiting { order_id, accounts, .. } => Some((order_id, accounts)),
            Start::Done => None,
        };
        match message {
            ServerMessage::NextValidId(body) => {
                self.state.next_order_id = Some(body.order_id);
                if let Some((order_id, _)) = awaited {
                    *order_id = Some(body.order_id);
                }
                true
            }
            ServerMessage::ManagedAccounts(body) => {
                self.state.accounts = body.iter().map(str::to_owned).collect();
                if let Some((_, accounts)) = awaited {
                    *accounts = Some(self.state.accounts.clone());
                }
                true
            }
            _ => false,
        }
    }

    /// Ready, once both answers are there.
    fn finish_start(&mut self, now: Instant) {
        let Stage::Live(live) = &mut self.stage else { return };
        let Start::Awaiting { order_id: Some(next_order_id), accounts: Some(accounts), .. } = &mut live.start else {
            // Later words of the same kind only change the state.
            if matches!(live.start, Start::Done) {
                self.change_state(|_| {}, now);
                self.check_accounts(now);
            }
            return;
        };
        let ready = Ready {
            accounts: std::mem::take(accounts),
            next_order_id: *next_order_id,
            server_version: live.outlet.version(),
            epoch: self.state.epoch,
        };
        live.start = Start::Done;
        live.last_heard = now;
        self.back_off.reset();
        if self.state.upstream == Upstream::Up {
            self.begin_round();
        }
        self.lane_state(StateChange::Ready(ready));
        self.check_accounts(now);
        self.change_state(
            |state| {
                state.reason = None;
                state.attempts = 0;
            },
            now,
        );
        if self.state.upstream == Upstream::Up {
            self.send_kept_cancels(now);
        }
        self.say_data_kind(now);
        self.resubscribe(now);
    }

    /// Asks for every stream anew, once.
    fn resubscribe(&mut self, now: Instant) {
        let cancels = self.subscriptions.cancels_of_kept();
        self.subscriptions.reset();
        self.stop_checks();
        self.unqueue(|waiting| matches!(waiting, Waiting::Subscribe(_)));
        for cancel in cancels {
            self.queue.push(Waiting::Message(cancel), None, now);
        }
        for id in self.subscriptions.ids().collect::<Vec<_>>() {
            self.queue_stream(id, now);
        }
    }

    fn take_notice(&mut self, notice: Notice, now: Instant) {
        let class = self.config.class_of(notice.code);
        self.mind_pace(&notice, now);
        if let Some(id) = notice.id.map(RequestId).filter(|id| id.0 >= super::REQUEST_ID_FIRST) {
            self.take_request_notice(id, &notice, class, now);
            self.events.push_back(Event::Notice(notice));
            return;
        }
        if notice.id.is_none_or(|id| id < 0) {
            self.take_refusal_of_unkeyed(&notice, now);
        }
        self.events.push_back(Event::Lane(LaneEvent::Notice(notice.clone())));
        if notice::says_read_only(&notice)
            && let Stage::Live(live) = &mut self.stage
            && !std::mem::replace(&mut live.told_read_only, true)
        {
            self.events.push_back(Event::Alarm(Alarm::TwsIsReadOnly));
        }
        match class {
            NoticeClass::Connection => self.take_connection_notice(&notice, now),
            NoticeClass::Farm => self.take_farm_notice(&notice, now),
            // About an order, or nothing that changes the session: whoever reads the lane decides.
            NoticeClass::Reject | NoticeClass::RejectOrWarning | NoticeClass::OrderWarning => {}
            NoticeClass::Cancel | NoticeClass::Failed | NoticeClass::FailedOrReject => {}
            NoticeClass::Warning | NoticeClass::Pacing | NoticeClass::Local | NoticeClass::Unlisted => {}
        }
    }

    /// Slows down where TWS says that messages, or requests for history, come too fast.
    fn mind_pace(&mut self, notice: &Notice, now: Instant) {
        if notice.code == notice::TOO_FAST {
            self.slow_down(now);
        } else if notice::says_history_too_fast(notice) {
            self.rules.pause(now);
        }
    }

    /// What TWS says against a request without an id, it says without an id.
    fn take_refusal_of_unkeyed(&mut self, notice: &Notice, now: Instant) {
        let account = Channel::AccountUpdates;
        let error = RequestError::Rejected { code: notice.code, text: notice.text.clone() };
        let refused = match notice.code {
            notice::INVALID_REQUEST => self.requests.fail_only_unkeyed(&error),
            notice::ACCOUNT_REFUSED => self.requests.fail_in(account, &error),
            // A request comes to its end, or runs out of time, whoever was meant. A stream would say nothing any more.
            notice::ACCOUNT_LOST => self.subscriptions.live_in(account).map(|stream| {
                let begun = self.requests.fail_in(account, &error);
                (begun.map(|(change, _)| change).unwrap_or_default(), Some(stream))
            }),
            _ => None,
        };
        let Some((change, stream)) = refused else { return };
        self.apply(change, now);
        if let Some(subscription) = stream.filter(|stream| self.subscriptions.remove(*stream).is_some()) {
            self.events.push_back(Event::Update { subscription, update: FeedUpdate::Ended(error) });
        }
    }

    fn take_request_notice(&mut self, id: RequestId, notice: &Notice, class: NoticeClass, now: Instant) {
        let error = || RequestError::Rejected { code: notice.code, text: notice.text.clone() };
        if let Some(subscription) = self.subscriptions.of(id) {
            if notice.code == notice::TOO_FAST {
                // It never began, and is still wanted: it has its turn again, when there is more room.
                let _ = self.subscriptions.suspend(subscription);
                return self.queue_stream(subscription, now);
            }
            let update = if notice::says_ask_again(notice) {
                self.subscriptions.lapse(subscription, now);
                self.watch_answer(now);
                FeedUpdate::Notice(notice.clone())
            } else if class.ends_stream() {
                self.subscriptions.remove(subscription);
                FeedUpdate::Ended(error())
            } else {
                FeedUpdate::Notice(notice.clone())
            };
            self.events.push_back(Event::Update { subscription, update });
        } else if class.ends_request()
            && let Some(change) = self.requests.fail(id, error())
        {
            self.apply(change, now);
        }
    }

    fn take_connection_notice(&mut self, notice: &Notice, now: Instant) {
        let epoch = self.state.epoch;
        let Stage::Live(live) = &mut self.stage else { return };
        match notice.code {
            code @ (notice::UPSTREAM_LOST | notice::UPSTREAM_BROKEN) => {
                live.upstream_down_since.get_or_insert(now);
                let unsent = self.orders.drop_bursts(epoch, UnsentCause::UpstreamDown);
                self.tell_unsent(unsent);
                self.lane_state(StateChange::UpstreamDown { epoch, code });
                self.change_state(
                    |state| {
                        state.upstream = Upstream::Down { code };
                        state.round = None;
                    },
                    now,
                );
            }
            code @ (notice::UPSTREAM_BACK_DATA_LOST | notice::UPSTREAM_BACK_DATA_KEPT) => {
                live.upstream_down_since = None;
                let is_ready = matches!(live.start, Start::Done);
                self.lane_state(StateChange::UpstreamUp { epoch, code });
                if is_ready {
                    self.begin_round();
                }
                self.change_state(|state| state.upstream = Upstream::Up, now);
                if is_ready {
                    self.send_kept_cancels(now);
                }
                match (code, is_ready) {
                    (_, false) => {}
                    (notice::UPSTREAM_BACK_DATA_LOST, true) => self.resubscribe(now),
                    (_, true) => self.watch_restored(now),
                }
            }
            notice::CLIENT_ID_IN_USE if matches!(live.start, Start::Awaiting { .. }) => {
                self.lose(Reason::ClientIdInUse, now);
            }
            notice::CLIENT_ID_IN_USE => self.announced_end = Some(Reason::ClientIdInUse),
            notice::PORT_CHANGED => self.announced_end = Some(Reason::PortChanged(notice.text.clone())),
            _ => {}
        }
    }

    /// Farm notices end with the name of the farm behind a colon.
    fn take_farm_notice(&mut self, notice: &Notice, now: Instant) {
        let Some((_, farm)) = notice.text.rsplit_once(':') else { return };
        let farm = farm.trim();
        let known = self.state.farms_down.iter().position(|down| down == farm);
        match (notice::farm_is_down(notice.code), known) {
            (true, None) if self.state.farms_down.len() < FARMS_MAX => {
                self.change_state(|state| state.farms_down.push(farm.to_owned()), now);
            }
            (false, Some(place)) => self.change_state(|state| drop(state.farms_down.remove(place)), now),
            (true, _) | (false, None) => {}
        }
    }
}
