//! What the order lane says, in the order in which TWS said it.

use order::{BrokerEvent, Event as OrderEvent, IntentId, LinkEvent, State};
use tws_client::{LaneEvent, Ready, StateChange, Unsent, UnsentCause, Wish};
use tws_proto::ServerMessage;
use tws_proto::ids::OrderId;
use tws_proto::message::Notice;

use super::Engine;
use crate::event::{Alarm, Event};
use crate::moment::Moment;
use crate::terms::to_utc;

impl Engine {
    pub(super) fn on_lane(&mut self, event: LaneEvent) {
        self.watcher.tell(Moment::Heard);
        match event {
            LaneEvent::Message(message) => self.on_message(message),
            LaneEvent::Notice(notice) => self.on_notice(notice),
            LaneEvent::State(change) => self.on_link(change),
            LaneEvent::Unsent(unsent) => self.on_unsent(&unsent),
            LaneEvent::BadFrame(bad) => {
                self.reconciler.want();
                // Of a storm of them a person is told ever less often: what else is said must be seen too.
                self.link.bad_frames = self.link.bad_frames.saturating_add(1);
                if self.link.bad_frames.is_power_of_two() {
                    self.alarm(Alarm::BadFrame(bad));
                }
            }
        }
    }

    /// What is said before the login is known to be ours is not believed; the snapshot that follows asks for all of it.
    fn on_message(&mut self, mut message: ServerMessage) {
        if self.link.ready.is_none() {
            return;
        }
        match &mut message {
            ServerMessage::OpenOrder(open) if open.order.what_if => return self.previews.hear(std::mem::take(open)),
            ServerMessage::OpenOrder(open) => to_utc(&mut open.order.good_till_date),
            _ => {}
        }
        // What is no event of an order is part of a list, of which the snapshot hears as a whole.
        if let Ok(event) = BrokerEvent::from_server(message) {
            self.step(OrderEvent::Broker(event));
        }
    }

    fn on_notice(&mut self, notice: Notice) {
        if order::notice::names_no_order(&notice) {
            self.outbox.events.push(Event::Notice { code: notice.code, text: notice.text });
        } else if self.link.ready.is_some() && !self.previews.hear_notice(&notice) {
            self.step(OrderEvent::Broker(BrokerEvent::Notice(Box::new(notice))));
        }
    }

    fn on_link(&mut self, change: StateChange) {
        match change {
            StateChange::EpochBegan { .. } => {}
            StateChange::Ready(ready) => self.on_ready(ready),
            StateChange::EpochLost { .. } => {
                self.link.ready = None;
                self.link.is_degraded = false;
                self.lose_previews();
                self.absence.lost(self.clock.now());
                self.reconciler.lose();
                self.step(OrderEvent::Link(LinkEvent::Lost));
            }
            StateChange::UpstreamDown { .. } => {
                self.link.is_degraded = true;
                self.absence.lost(self.clock.now());
                self.reconciler.lose();
                self.step(OrderEvent::Link(LinkEvent::UpstreamLost));
            }
            StateChange::UpstreamUp { .. } => {
                self.link.is_degraded = false;
                // TWS may say so without having said that it was away: the client compares anew all the same.
                self.reconciler.lose();
                self.step(OrderEvent::Link(LinkEvent::UpstreamRestored));
                self.meet_return();
                self.begin_snapshot();
            }
            // The client may learn to tell more; what it is, the next snapshot shows.
            _ => self.reconciler.want(),
        }
    }

    fn on_ready(&mut self, ready: Ready) {
        if self.admit_login(&ready.accounts) {
            self.link.ready = Some(ready.epoch);
            self.link.bad_frames = 0;
            self.step(OrderEvent::Link(LinkEvent::Ready { next_order_id: ready.next_order_id }));
            self.meet_return();
            self.begin_snapshot();
        }
    }

    /// A burst that did not leave: a placement ends, a change is forgotten. A cancel the book keeps, and sends first on
    /// return.
    fn on_unsent(&mut self, unsent: &Unsent) {
        let ids = unsent.order_ids.iter().filter(|_| unsent.wish == Wish::Place);
        let intents: Vec<IntentId> = ids.filter_map(|id| self.unsent_intent(*id)).collect();
        if !intents.is_empty() {
            self.step(OrderEvent::NotSent { intents, reason: unsent_reason(unsent.cause).to_owned() });
        }
        self.reconciler.want();
    }

    /// The order that was to be placed or changed, unless it has moved on since.
    fn unsent_intent(&self, id: OrderId) -> Option<IntentId> {
        let order = self.books.orders.get(self.intent_of(id)?)?;
        let is_new = order.state == State::Sent && order.permanent_ids.is_empty();
        (is_new || order.change.is_some()).then_some(order.intent.id)
    }

    /// Whose number this is; of the orders of this client, none has two.
    pub(super) fn intent_of(&self, id: OrderId) -> Option<IntentId> {
        self.books.orders.by_order_id(id).map(|order| order.intent.id)
    }
}

/// Why what was to be placed or changed did not leave, and what to do.
const fn unsent_reason(cause: UnsentCause) -> &'static str {
    match cause {
        UnsentCause::Stale => {
            "its turn did not come in time; ask again for what is still wanted, and for less at a time"
        }
        UnsentCause::NoProbeAnswer => {
            "TWS had been silent and did not answer a probe in time; ask again for what is still wanted"
        }
        UnsentCause::Cancelled => "it was cancelled before it left",
        UnsentCause::UpstreamDown => "TWS lost IB before it left; ask again, when it is back, for what is still wanted",
        UnsentCause::Halted => {
            "trading was halted before it left; once that is lifted, ask again for what is still wanted"
        }
        UnsentCause::EpochLost => {
            "the connection with TWS ended before it left; ask again, when it is back, for what is still wanted"
        }
    }
}
