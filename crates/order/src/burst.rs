//! [`Burst`]: messages that leave together; and the burst that places a submission: one message a leg, tied together as
//! TWS wants it.

use std::sync::Arc;

use tws_proto::ClientMessage;
use tws_proto::ids::OrderId;
use tws_proto::message::{CancelOrder, PlaceOrder};

use crate::group::{Bracket, OcaEffect, OneCancelsAll, Submission};
use crate::intent::Intent;
use crate::reference::{Instance, IntentId};

/// Messages that leave together or not at all.
///
/// The message of a single order is made by [`into_messages`](Self::into_messages) and not before: it is large, and follows from
/// what was submitted.
#[derive(Clone, Debug, PartialEq)]
pub struct Burst(Content);

#[derive(Clone, Debug, PartialEq)]
enum Content {
    /// One order that is tied to no other.
    Single { submission: Arc<Submission>, order_id: OrderId, instance: Instance },
    /// All legs of a group, and what they are the orders of.
    #[allow(clippy::vec_box, reason = "a message is large and boxed for good: it leaves as it is")]
    Group { places: Vec<IntentId>, messages: Vec<Box<PlaceOrder>> },
    /// A change.
    Change(Box<PlaceOrder>),
    /// A cancel.
    Cancel(OrderId),
}

impl Burst {
    pub(crate) const fn single(submission: Arc<Submission>, order_id: OrderId, instance: Instance) -> Self {
        Self(Content::Single { submission, order_id, instance })
    }

    #[allow(clippy::vec_box, reason = "a message is large and boxed for good: it leaves as it is")]
    pub(crate) const fn group(places: Vec<IntentId>, messages: Vec<Box<PlaceOrder>>) -> Self {
        Self(Content::Group { places, messages })
    }

    pub(crate) fn change(place: PlaceOrder) -> Self {
        Self(Content::Change(Box::new(place)))
    }

    pub(crate) const fn cancel(order_id: OrderId) -> Self {
        Self(Content::Cancel(order_id))
    }

    /// The intents that are placed by it; none for changes and cancels.
    #[must_use]
    pub fn places(&self) -> Vec<IntentId> {
        match &self.0 {
            Content::Single { submission, .. } => submission.legs().map(|leg| leg.id).collect(),
            Content::Group { places, .. } => places.clone(),
            Content::Change(_) | Content::Cancel(_) => Vec::new(),
        }
    }

    /// Whether it places or changes orders: a cancel is let through where these are not.
    #[must_use]
    pub const fn is_placing(&self) -> bool {
        match &self.0 {
            Content::Single { .. } | Content::Group { .. } | Content::Change(_) => true,
            Content::Cancel(_) => false,
        }
    }

    /// The orders that it places, changes or cancels, in the order of its messages.
    #[must_use]
    pub fn order_ids(&self) -> Vec<OrderId> {
        match &self.0 {
            Content::Single { order_id, .. } | Content::Cancel(order_id) => vec![*order_id],
            Content::Group { messages, .. } => messages.iter().map(|place| place.order_id).collect(),
            Content::Change(place) => vec![place.order_id],
        }
    }

    /// The messages, in order.
    #[must_use]
    pub fn into_messages(self) -> Vec<ClientMessage> {
        match self.0 {
            Content::Single { submission, order_id, instance } => {
                submission.burst(&[order_id], &instance).into_iter().map(ClientMessage::from).collect()
            }
            Content::Group { messages, .. } => messages.into_iter().map(ClientMessage::from).collect(),
            Content::Change(place) => vec![ClientMessage::from(place)],
            Content::Cancel(order_id) => vec![ClientMessage::from(CancelOrder::new(order_id))],
        }
    }
}

impl Submission {
    /// The burst that places it, with one id a leg.
    #[allow(clippy::vec_box, reason = "a message is large and boxed for good: it goes into the burst as it is")]
    pub(crate) fn burst(&self, ids: &[OrderId], instance: &Instance) -> Vec<Box<PlaceOrder>> {
        let mut burst: Vec<Box<PlaceOrder>> =
            self.legs().zip(ids).map(|(leg, id)| Box::new(leg.to_place(*id, instance))).collect();
        match self {
            Self::Single(_) | Self::Replacement(_) => {}
            Self::Bracket(bracket) => {
                attach(&mut burst, |_| 0);
                tie_exits(bracket, &mut burst, instance);
            }
            Self::Chain(_) => attach(&mut burst, |at| at - 1),
            Self::Hedged(hedged) => {
                attach(&mut burst, |_| 0);
                if let Some(place) = burst.last_mut() {
                    hedged.by.write(&mut place.order);
                }
            }
            Self::OneCancelsAll(OneCancelsAll { legs, effect }) => {
                let group = group_name(legs.first(), instance);
                for place in &mut burst {
                    tie(place, &group, *effect);
                }
            }
        }
        burst
    }
}

/// Makes every leg but the first the child of the leg at `parent_of` its own place, which is never 0. TWS holds all of
/// them back until the last one is transmitted.
fn attach(burst: &mut [Box<PlaceOrder>], parent_of: impl Fn(usize) -> usize) {
    let ids: Vec<OrderId> = burst.iter().map(|place| place.order_id).collect();
    let last = burst.len().saturating_sub(1);
    for (at, place) in burst.iter_mut().enumerate() {
        place.order.transmit = at == last;
        if at > 0 {
            place.order.parent_id = ids.get(parent_of(at)).copied();
        }
    }
}

/// TWS ties all children of one entry together; where there are several pairs, each is a group of its own.
fn tie_exits(bracket: &Bracket, burst: &mut [Box<PlaceOrder>], instance: &Instance) {
    if bracket.exits.len() < 2 {
        return;
    }
    let mut children = burst.iter_mut().skip(1); // the entry comes first
    for exit in &bracket.exits {
        let group = group_name(exit.take_profit.as_ref().or(exit.stop_loss.as_ref()), instance);
        for _ in exit.take_profit.iter().chain(&exit.stop_loss) {
            if let Some(place) = children.next() {
                tie(place, &group, OcaEffect::ReduceWithBlock);
            }
        }
    }
}

fn tie(place: &mut PlaceOrder, group: &str, effect: OcaEffect) {
    group.clone_into(&mut place.order.oca_group);
    place.order.oca_type = Some(effect.code());
}

/// A group name is used once: the reference of a leg never comes again.
fn group_name(leg: Option<&Intent>, instance: &Instance) -> String {
    leg.map(|leg| instance.reference(leg.id)).unwrap_or_default()
}
