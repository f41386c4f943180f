//! [`Submission`]: what is submitted as one, journaled as one record and sent as one burst.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tws_proto::ids::OrderId;
use tws_proto::kinds::OcaType;
use tws_proto::message::PlaceOrder;

use crate::intent::{GroupFault, Intent, Invalid};
use crate::kind::OrderKind;
use crate::reference::Instance;

/// Most legs of one group.
pub const LEGS_MAX: usize = 10;

/// What is submitted as one: all of it is checked before any of it is taken.
#[allow(clippy::large_enum_variant, reason = "it is handed over once and never kept in number")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Submission {
    /// One order.
    Single(Intent),
    /// An entry with its exits.
    Bracket(Bracket),
    /// Orders of which one cancels the others (IB's one-cancels-all, type 1: with overfill protection).
    OneCancelsAll(Vec<Intent>),
}

/// An entry, and the exits that become active when it fills. TWS cancels one exit when the other fills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bracket {
    /// Opens the position.
    pub entry: Intent,
    /// Closes it with a profit: a limit order on the other side.
    pub take_profit: Intent,
    /// Closes it with a loss: a stop of some kind on the other side.
    pub stop_loss: Intent,
}

impl From<Intent> for Submission {
    fn from(intent: Intent) -> Self {
        Self::Single(intent)
    }
}

impl From<Bracket> for Submission {
    fn from(bracket: Bracket) -> Self {
        Self::Bracket(bracket)
    }
}

impl Submission {
    /// The legs in the order in which they are sent.
    pub fn legs(&self) -> impl Iterator<Item = &Intent> {
        let (first, second, third, rest): (Option<&Intent>, Option<&Intent>, Option<&Intent>, &[Intent]) = match self {
            Self::Single(intent) => (Some(intent), None, None, &[]),
            Self::Bracket(Bracket { entry, take_profit, stop_loss }) => {
                (Some(entry), Some(take_profit), Some(stop_loss), &[])
            }
            Self::OneCancelsAll(legs) => (None, None, None, legs),
        };
        [first, second, third].into_iter().flatten().chain(rest)
    }

    /// Looks for what can never be right in a leg or between the legs.
    ///
    /// # Errors
    /// [`Invalid`] names the first fault.
    pub fn validate(&self) -> Result<(), Invalid> {
        self.legs().try_for_each(Intent::validate)?;
        let ids: std::collections::BTreeSet<_> = self.legs().map(|leg| leg.id).collect();
        if ids.len() != self.legs().count() {
            return Err(Invalid::Group(GroupFault::Ids));
        }
        match self {
            Self::Single(_) => Ok(()),
            Self::Bracket(bracket) => bracket.validate().map_err(Invalid::Group),
            Self::OneCancelsAll(legs) if !(2..=LEGS_MAX).contains(&legs.len()) => Err(Invalid::Group(GroupFault::Size)),
            Self::OneCancelsAll(legs) => {
                let alike = legs.iter().all(|leg| leg.account == legs[0].account && leg.strategy == legs[0].strategy); // not empty: see above
                if alike { Ok(()) } else { Err(Invalid::Group(GroupFault::Mixed)) }
            }
        }
    }

    /// The burst that places it, with one id a leg.
    pub(crate) fn burst(&self, ids: &[OrderId], instance: &Instance) -> Vec<PlaceOrder> {
        let mut burst: Vec<PlaceOrder> = self
            .legs()
            .zip(ids)
            .map(|(leg, id)| PlaceOrder {
                order_id: *id,
                contract: leg.contract.clone(),
                order: leg.to_order(instance),
                attached: None,
            })
            .collect();
        match self {
            Self::Single(_) => {}
            Self::Bracket(_) => {
                // TWS holds the legs back until the last one is transmitted.
                let parent = ids.first().copied();
                let last = burst.len().saturating_sub(1);
                for (at, place) in burst.iter_mut().enumerate() {
                    place.order.transmit = at == last;
                    if at > 0 {
                        place.order.parent_id = parent;
                    }
                }
            }
            Self::OneCancelsAll(legs) => {
                // A group name is used once: the first leg's reference never comes again.
                let group = legs.first().map(|leg| instance.reference(leg.id)).unwrap_or_default();
                for place in &mut burst {
                    place.order.oca_group.clone_from(&group);
                    place.order.oca_type = Some(OcaType::CancelWithBlock);
                }
            }
        }
        burst
    }
}

impl Bracket {
    fn validate(&self) -> Result<(), GroupFault> {
        let Self { entry, take_profit, stop_loss } = self;
        for exit in [take_profit, stop_loss] {
            if exit.account != entry.account || exit.strategy != entry.strategy || exit.contract != entry.contract {
                return Err(GroupFault::Mixed);
            }
            if exit.side == entry.side {
                return Err(GroupFault::SameSide);
            }
            if exit.quantity != entry.quantity {
                return Err(GroupFault::Quantity);
            }
        }
        let OrderKind::Limit { limit_price: profit } = take_profit.kind else { return Err(GroupFault::Kinds) };
        let stop = match stop_loss.kind {
            OrderKind::Stop { stop_price } | OrderKind::StopLimit { stop_price, .. } => Some(stop_price),
            OrderKind::Trail { .. } => None,
            _ => return Err(GroupFault::Kinds),
        };
        // With the sign of the entry a profit lies above and a loss below, for both sides.
        let up = |price: Decimal| entry.side.signed(price);
        let at = entry.kind.limit_price().or_else(|| entry.kind.trigger_price());
        let sound = stop.is_none_or(|stop| up(stop) < up(profit))
            && at.is_none_or(|at| up(at) < up(profit) && stop.is_none_or(|stop| up(stop) < up(at)));
        if sound { Ok(()) } else { Err(GroupFault::Prices) }
    }
}
