//! What the order lane says, in the order in which TWS said it.

use order::{BrokerEvent, Event as OrderEvent, IntentId, LinkEvent, State};
use tws_client::{LaneEvent, Ready, StateChange, Unsent, UnsentCause};
use tws_proto::ServerMessage;
use tws_proto::ids::OrderId;
use tws_proto::message::Notice;

use super::Engine;
use crate::event::{Alarm, Event};

impl Engine {
    pub(super) fn on_lane(&mut self, event: LaneEvent) {
        match event {
            LaneEvent::Message(message) => self.on_message(message),
            LaneEvent::Notice(notice) => self.on_notice(notice),
            LaneEvent::State(change) => self.on_link(change),
            LaneEvent::Unsent(unsent) => self.on_unsent(&unsent),
            LaneEvent::BadFrame(bad) => {
                self.reconciler.want(self.clock.now());
                self.alarm(Alarm::BadFrame(bad));
            }
        }
    }

    fn on_message(&mut self, message: ServerMessage) {
        match BrokerEvent::from_server(message) {
            Ok(event) => self.step(OrderEvent::Broker(event)),
            Err(other) => self.on_list(*other),
        }
    }

    fn on_notice(&mut self, notice: Notice) {
        if order::notice::names_no_order(&notice) {
            self.outbox.events.push(Event::Notice { code: notice.code, text: notice.text });
        } else {
            self.step(OrderEvent::Broker(BrokerEvent::Notice(Box::new(notice))));
        }
    }

    pub(super) fn step(&mut self, event: OrderEvent) {
        let step = self.books.orders.step(event, self.clock.now());
        self.take(step);
    }

    fn on_link(&mut self, change: StateChange) {
        match change {
            StateChange::EpochBegan { .. } => {}
            StateChange::Ready(ready) => self.on_ready(ready),
            StateChange::EpochLost { .. } => {
                self.reconciler.lose();
                self.step(OrderEvent::Link(LinkEvent::Lost));
            }
            StateChange::UpstreamDown { .. } => {
                self.reconciler.lose();
                self.step(OrderEvent::Link(LinkEvent::UpstreamLost));
            }
            StateChange::UpstreamUp { .. } => {
                self.step(OrderEvent::Link(LinkEvent::UpstreamRestored));
                self.begin_snapshot();
            }
            // The client may learn to tell more; what it is, the next snapshot shows.
            _ => self.reconciler.want(self.clock.now()),
        }
    }

    fn on_ready(&mut self, ready: Ready) {
        self.step(OrderEvent::Link(LinkEvent::Ready { next_order_id: ready.next_order_id }));
        match self.check_accounts(&ready.accounts) {
            Ok(()) => self.begin_snapshot(),
            Err(reason) => self.halt(&reason),
        }
    }

    /// A burst that did not leave. Where that is certain of a placement it ends; where a cancel may be meant, the
    /// broker's book decides.
    fn on_unsent(&mut self, unsent: &Unsent) {
        let certain = |id: &OrderId| -> Option<IntentId> {
            let order = self.books.orders.iter().find(|order| order.order_id == *id)?;
            let only_placed = order.cancel.is_none() || unsent.cause == UnsentCause::Cancelled;
            (only_placed && order.state == State::Sent && order.permanent_ids.is_empty()).then_some(order.intent.id)
        };
        let intents: Vec<IntentId> = unsent.order_ids.iter().filter_map(certain).collect();
        if !intents.is_empty() {
            let reason = format!("it did not leave in time ({:?})", unsent.cause);
            self.step(OrderEvent::NotSent { intents, reason });
        }
        self.reconciler.want(self.clock.now());
    }
}
