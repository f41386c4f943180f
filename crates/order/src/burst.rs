//! The burst that places a submission: one message a leg, tied together as TWS wants it.

use tws_proto::ids::OrderId;
use tws_proto::message::PlaceOrder;

use crate::group::{Bracket, OcaEffect, OneCancelsAll, Submission};
use crate::intent::Intent;
use crate::reference::Instance;

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
