//! [`Orders`]: accepted bursts that wait for their turn, and the cancels that overtake them.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tws_proto::ids::OrderId;
use tws_proto::message::{ClientMessage, Message};

use crate::error::SendError;
use crate::state::{Epoch, Unsent, UnsentCause, Wish};

/// Bursts and cancels of one epoch, and the cancels that are kept for the next.
#[derive(Debug)]
pub(super) struct Orders {
    bursts: VecDeque<Burst>,
    cancels: VecDeque<Cancel>,
    /// Cancels for when the way to IB is open again, each once; they outlive epochs.
    kept: Vec<ClientMessage>,
    /// Messages in `bursts`.
    waiting: usize,
    capacity: usize,
}

/// Messages that travel together or not at all.
#[derive(Debug)]
pub(super) struct Burst {
    pub(super) messages: Vec<ClientMessage>,
    pub(super) since: Instant,
}

/// A cancel that waits for its turn.
#[derive(Debug)]
struct Cancel {
    message: ClientMessage,
    promise: Promise,
}

/// What was promised of a cancel whose connection ends before it leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    /// That it is told.
    Told,
    /// That the next connection hears it first.
    Kept,
}

/// What a burst asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// To end orders and nothing else.
    CancelOnly,
    /// To place or change at least one.
    Place,
}

/// What a burst asks for, or why it is no burst of orders.
pub(super) fn aim_of(messages: &[ClientMessage]) -> Result<Aim, SendError> {
    let mut aim = Aim::CancelOnly;
    for message in messages {
        match message {
            ClientMessage::PlaceOrder(body) if body.order_id.0 >= super::REQUEST_ID_FIRST => {
                return Err(SendError::ReservedOrderId(body.order_id));
            }
            ClientMessage::ExerciseOptions(body) if body.order_id.0 >= super::REQUEST_ID_FIRST => {
                return Err(SendError::ReservedOrderId(body.order_id));
            }
            ClientMessage::PlaceOrder(_) | ClientMessage::ExerciseOptions(_) => aim = Aim::Place,
            ClientMessage::CancelOrder(_) | ClientMessage::GlobalCancel(_) => {}
            other => return Err(SendError::NotAnOrder { message: other.facts().name }),
        }
    }
    Ok(aim)
}

impl Orders {
    pub(super) fn new(capacity: usize) -> Self {
        Self { bursts: VecDeque::new(), cancels: VecDeque::new(), kept: Vec::new(), waiting: 0, capacity }
    }

    pub(super) fn add_burst(&mut self, messages: Vec<ClientMessage>, now: Instant) -> Result<(), SendError> {
        if self.waiting + messages.len() > self.capacity {
            return Err(SendError::QueueFull);
        }
        self.waiting += messages.len();
        self.bursts.push_back(Burst { messages, since: now });
        Ok(())
    }

    /// Cancels overtake; a burst whose order they name must not leave after them.
    pub(super) fn add_cancels(
        &mut self,
        cancels: Vec<ClientMessage>,
        promise: Promise,
        epoch: Epoch,
    ) -> Result<Vec<Unsent>, SendError> {
        if self.cancels.len() + cancels.len() > self.capacity {
            return Err(SendError::QueueFull);
        }
        let overtaken = self.overtaken_by(&cancels, epoch);
        self.cancels.extend(cancels.into_iter().map(|message| Cancel { message, promise }));
        Ok(overtaken)
    }

    /// Takes out the bursts whose orders these cancels name.
    fn overtaken_by(&mut self, cancels: &[ClientMessage], epoch: Epoch) -> Vec<Unsent> {
        let hit = |burst: &Burst| {
            burst.messages.iter().any(|message| match message {
                ClientMessage::PlaceOrder(body) => cancels.iter().any(|cancel| ends(cancel, body.order_id)),
                _ => false,
            })
        };
        let (overtaken, kept) = std::mem::take(&mut self.bursts).into_iter().partition::<VecDeque<_>, _>(hit);
        self.bursts = kept;
        overtaken.into_iter().map(|burst| self.unsent(burst.messages, epoch, UnsentCause::Cancelled)).collect()
    }

    /// Keeps cancels until [`Orders::release_cancels`].
    pub(super) fn keep_cancels(&mut self, cancels: Vec<ClientMessage>) -> Result<(), SendError> {
        let new: Vec<_> = cancels.into_iter().filter(|cancel| !self.kept.contains(cancel)).collect();
        if self.kept.len() + new.len() > self.capacity {
            return Err(SendError::QueueFull);
        }
        self.kept.extend(new);
        Ok(())
    }

    /// Kept cancels leave next, before anything else.
    pub(super) fn release_cancels(&mut self, epoch: Epoch) -> Vec<Unsent> {
        let kept = std::mem::take(&mut self.kept);
        let overtaken = self.overtaken_by(&kept, epoch);
        let promise = Promise::Kept;
        kept.into_iter().rev().for_each(|message| self.cancels.push_front(Cancel { message, promise }));
        overtaken
    }

    /// How many messages wait for their turn.
    pub(super) fn len(&self) -> usize {
        self.waiting + self.cancels.len()
    }

    pub(super) fn cancels(&self) -> impl Iterator<Item = &ClientMessage> {
        self.cancels.iter().map(|cancel| &cancel.message)
    }

    pub(super) fn bursts(&self) -> impl Iterator<Item = &Burst> {
        self.bursts.iter()
    }

    pub(super) fn has_cancel(&self) -> bool {
        !self.cancels.is_empty()
    }

    pub(super) fn take_cancel(&mut self) -> Option<ClientMessage> {
        self.cancels.pop_front().map(|cancel| cancel.message)
    }

    pub(super) fn next_burst(&self) -> Option<&Burst> {
        self.bursts.front()
    }

    pub(super) fn take_burst(&mut self) -> Option<Burst> {
        let burst = self.bursts.pop_front()?;
        self.waiting -= burst.messages.len();
        Some(burst)
    }

    /// When the oldest burst has waited too long.
    pub(super) fn stale_at(&self, stale: Duration) -> Option<Instant> {
        self.bursts.front().map(|burst| burst.since + stale)
    }

    /// Drops every burst that has waited too long.
    pub(super) fn expire(&mut self, stale: Duration, epoch: Epoch, now: Instant) -> Vec<Unsent> {
        let mut unsent = Vec::new();
        while self.stale_at(stale).is_some_and(|at| at <= now) {
            let Some(burst) = self.bursts.pop_front() else { break };
            unsent.push(self.unsent(burst.messages, epoch, UnsentCause::Stale));
        }
        unsent
    }

    /// Drops every burst; cancels stay.
    pub(super) fn drop_bursts(&mut self, epoch: Epoch, cause: UnsentCause) -> Vec<Unsent> {
        let bursts = std::mem::take(&mut self.bursts);
        bursts.into_iter().map(|burst| self.unsent(burst.messages, epoch, cause)).collect()
    }

    /// The epoch ended: nothing waits any more but what was promised to be kept.
    pub(super) fn reset(&mut self, epoch: Epoch) -> Vec<Unsent> {
        let mut unsent = self.drop_bursts(epoch, UnsentCause::EpochLost);
        for Cancel { message, promise } in std::mem::take(&mut self.cancels) {
            match promise {
                Promise::Told => unsent.push(unsent_cancel(&message, epoch)),
                Promise::Kept if self.kept.contains(&message) => {}
                Promise::Kept => self.kept.push(message),
            }
        }
        unsent
    }

    /// No epoch follows: what is kept never leaves.
    pub(super) fn drop_kept(&mut self, epoch: Epoch) -> Vec<Unsent> {
        std::mem::take(&mut self.kept).iter().map(|cancel| unsent_cancel(cancel, epoch)).collect()
    }

    fn unsent(&mut self, messages: Vec<ClientMessage>, epoch: Epoch, cause: UnsentCause) -> Unsent {
        self.waiting -= messages.len();
        let order_ids = messages.iter().filter_map(order_id).collect();
        Unsent { epoch, order_ids, wish: Wish::Place, cause }
    }
}

fn unsent_cancel(cancel: &ClientMessage, epoch: Epoch) -> Unsent {
    let order_ids = order_id(cancel).into_iter().collect();
    Unsent { epoch, order_ids, wish: Wish::Cancel, cause: UnsentCause::EpochLost }
}

fn order_id(message: &ClientMessage) -> Option<OrderId> {
    match message {
        ClientMessage::PlaceOrder(body) => Some(body.order_id),
        ClientMessage::ExerciseOptions(body) => Some(body.order_id),
        ClientMessage::CancelOrder(body) => Some(body.order_id),
        // A global cancel names no order; nothing else comes here.
        _ => None,
    }
}

/// The orders that messages name, for the log.
pub(crate) fn order_ids(messages: &[ClientMessage]) -> Vec<i32> {
    messages.iter().filter_map(order_id).map(|id| id.0).collect()
}

fn ends(cancel: &ClientMessage, order: OrderId) -> bool {
    match cancel {
        ClientMessage::GlobalCancel(_) => true,
        other => order_id(other) == Some(order),
    }
}
