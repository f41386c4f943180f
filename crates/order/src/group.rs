//! [`Submission`]: what is submitted as one, journaled as one record and sent as one burst.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tws_proto::Order;
use tws_proto::kinds::{HedgeType, OcaType};

use crate::intent::{GroupFault, Intent, Invalid};
use crate::kind::OrderKind;
use crate::reference::IntentId;

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
    /// Orders of which one cancels or reduces the others.
    OneCancelsAll(OneCancelsAll),
    /// Orders each of which becomes active when the one before has filled (one triggers the other).
    Chain(Vec<Intent>),
    /// An order with a hedge that becomes active, and gets its size, as it fills.
    Hedged(Box<Hedged>),
    /// An order in the place of one that has ended (R11).
    Replacement(Replacement),
}

/// An entry, and the exits that become active when it fills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BracketForm")]
pub struct Bracket {
    /// Opens the position.
    pub entry: Intent,
    /// Close it, each its own part: one exit, or several to scale out. Together they have the quantity of the entry.
    pub exits: Vec<Exit>,
    /// What is done where a part of the entry has filled and no stop stands for it (R25).
    pub unprotected: Unprotected,
}

/// What closes one part of a bracket's position, with a profit or with a loss. TWS cancels one when the other fills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// With a profit: a limit order on the other side.
    pub take_profit: Option<Intent>,
    /// With a loss: a stop of some kind on the other side.
    pub stop_loss: Option<Intent>,
}

/// What is done for a position that has lost its stop (R25).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unprotected {
    /// The stop is placed anew, as a new order.
    Protect,
    /// The position is closed at the market.
    Flatten,
    /// A person is told, and nothing is sent.
    #[default]
    Alarm,
}

/// Orders of which one affects the others when it fills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "OneCancelsAllForm")]
pub struct OneCancelsAll {
    /// The orders.
    pub legs: Vec<Intent>,
    /// What a fill does to the others.
    pub effect: OcaEffect,
}

/// What a fill of one order does to the others of its group. Wire name `ocaType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OcaEffect {
    /// It cancels them; one order is at an exchange at a time, so no more can fill than one of them. Type 1.
    #[default]
    CancelWithBlock,
    /// It reduces them by its part; one order is at an exchange at a time. Type 2.
    ReduceWithBlock,
    /// It reduces them by its part; all work at once, so more than one can fill. Type 3.
    ReduceWithoutBlock,
}

/// An order with its hedge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hedged {
    /// The order that is hedged.
    pub entry: Intent,
    /// The hedge. TWS finds its size; the quantity of the intent is the most that is expected, for risk, until then.
    pub hedge: Intent,
    /// How the size follows from the entry.
    pub by: Hedge,
}

/// How the size of a hedge follows from the order that it hedges. Wire names `hedgeType`, `hedgeParam`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hedge {
    /// By the delta of an option.
    Delta,
    /// By a beta.
    Beta(Decimal),
    /// By the value in another currency.
    Currency,
    /// By a ratio.
    Pair(Decimal),
}

/// An order in the place of one that has ended: should that one come back, it is known what stands in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replacement {
    /// What it replaces.
    pub of: IntentId,
    /// The order.
    pub intent: Intent,
    /// What becomes of the other one, should it come back.
    pub revenant: Revenant,
}

/// What becomes of an order that had ended, was replaced, and lives again (R11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revenant {
    /// It is cancelled at once.
    #[default]
    Cancel,
    /// It stays, beside what has replaced it.
    Adopt,
}

/// A bracket as journals have it: until version 0.1 it had exactly one exit.
#[allow(clippy::large_enum_variant, reason = "it is read and turned into a bracket at once")]
#[derive(Deserialize)]
#[serde(untagged)]
enum BracketForm {
    Exits { entry: Intent, exits: Vec<Exit>, unprotected: Unprotected },
    Pair { entry: Intent, take_profit: Intent, stop_loss: Intent },
}

impl From<BracketForm> for Bracket {
    fn from(form: BracketForm) -> Self {
        match form {
            BracketForm::Exits { entry, exits, unprotected } => Self { entry, exits, unprotected },
            BracketForm::Pair { entry, take_profit, stop_loss } => Self::new(entry, take_profit, stop_loss),
        }
    }
}

/// A group as journals have it: until version 0.1 it was a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneCancelsAllForm {
    Legs(Vec<Intent>),
    Full { legs: Vec<Intent>, effect: OcaEffect },
}

impl From<OneCancelsAllForm> for OneCancelsAll {
    fn from(form: OneCancelsAllForm) -> Self {
        match form {
            OneCancelsAllForm::Legs(legs) => Self { legs, effect: OcaEffect::default() },
            OneCancelsAllForm::Full { legs, effect } => Self { legs, effect },
        }
    }
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

impl From<OneCancelsAll> for Submission {
    fn from(group: OneCancelsAll) -> Self {
        Self::OneCancelsAll(group)
    }
}

impl From<Hedged> for Submission {
    fn from(hedged: Hedged) -> Self {
        Self::Hedged(Box::new(hedged))
    }
}

impl From<Replacement> for Submission {
    fn from(replacement: Replacement) -> Self {
        Self::Replacement(replacement)
    }
}

impl OcaEffect {
    /// The code of the wire.
    #[must_use]
    pub const fn code(self) -> OcaType {
        match self {
            Self::CancelWithBlock => OcaType::CancelWithBlock,
            Self::ReduceWithBlock => OcaType::ReduceWithBlock,
            Self::ReduceWithoutBlock => OcaType::ReduceWithoutBlock,
        }
    }
}

impl Hedge {
    /// The hedge that an order of the wire is; `None` for one that is none, or that cannot be read.
    pub(crate) fn of(order: &Order) -> Option<Self> {
        let parameter = || order.hedge_parameter.parse().ok();
        match order.hedge_type.as_ref()? {
            HedgeType::Delta => Some(Self::Delta),
            HedgeType::Beta => parameter().map(Self::Beta),
            HedgeType::Currency => Some(Self::Currency),
            HedgeType::Pair => parameter().map(Self::Pair),
            _ => None,
        }
    }

    /// Writes it into an order of the wire.
    pub(crate) fn write(self, order: &mut Order) {
        let (hedge, parameter) = match self {
            Self::Delta => (HedgeType::Delta, String::new()),
            Self::Beta(beta) => (HedgeType::Beta, beta.normalize().to_string()),
            Self::Currency => (HedgeType::Currency, String::new()),
            Self::Pair(ratio) => (HedgeType::Pair, ratio.normalize().to_string()),
        };
        order.hedge_type = Some(hedge);
        order.hedge_parameter = parameter;
        order.total_quantity = Some(Decimal::ZERO); // TWS finds it
    }
}

impl Submission {
    /// The legs in the order in which they are sent.
    pub fn legs(&self) -> impl Iterator<Item = &Intent> {
        let (first, second, exits, rest): (Option<&Intent>, Option<&Intent>, &[Exit], &[Intent]) = match self {
            Self::Single(intent) => (Some(intent), None, &[], &[]),
            Self::Bracket(Bracket { entry, exits, .. }) => (Some(entry), None, exits, &[]),
            Self::OneCancelsAll(OneCancelsAll { legs, .. }) | Self::Chain(legs) => (None, None, &[], legs),
            Self::Hedged(hedged) => (Some(&hedged.entry), Some(&hedged.hedge), &[], &[]),
            Self::Replacement(Replacement { intent, .. }) => (Some(intent), None, &[], &[]),
        };
        let exits = exits.iter().flat_map(|exit| exit.take_profit.iter().chain(&exit.stop_loss));
        first.into_iter().chain(second).chain(exits).chain(rest)
    }

    /// Its legs, to be completed before it is submitted, in the same order.
    pub fn legs_mut(&mut self) -> impl Iterator<Item = &mut Intent> {
        let (first, second, exits, rest): (Option<&mut Intent>, Option<&mut Intent>, &mut [Exit], &mut [Intent]) =
            match self {
                Self::Single(intent) | Self::Replacement(Replacement { intent, .. }) => {
                    (Some(intent), None, &mut [], &mut [])
                }
                Self::Bracket(Bracket { entry, exits, .. }) => (Some(entry), None, exits, &mut []),
                Self::OneCancelsAll(OneCancelsAll { legs, .. }) | Self::Chain(legs) => (None, None, &mut [], legs),
                Self::Hedged(hedged) => (Some(&mut hedged.entry), Some(&mut hedged.hedge), &mut [], &mut []),
            };
        let exits = exits.iter_mut().flat_map(|exit| exit.take_profit.iter_mut().chain(&mut exit.stop_loss));
        first.into_iter().chain(second).chain(exits).chain(rest)
    }

    /// Its only order, where that is tied to no other at the broker.
    pub(crate) const fn alone(&self) -> Option<&Intent> {
        match self {
            Self::Single(intent) | Self::Replacement(Replacement { intent, .. }) => Some(intent),
            Self::Bracket(_) | Self::OneCancelsAll(_) | Self::Chain(_) | Self::Hedged(_) => None,
        }
    }

    /// How its hedge gets its size, where it has one.
    pub(crate) const fn hedge(&self) -> Option<Hedge> {
        match self {
            Self::Hedged(hedged) => Some(hedged.by),
            Self::Single(_) | Self::Bracket(_) | Self::OneCancelsAll(_) | Self::Chain(_) | Self::Replacement(_) => None,
        }
    }

    /// Looks for what can never be right in a leg or between the legs.
    ///
    /// # Errors
    /// [`Invalid`] names the first fault.
    pub fn validate(&self) -> Result<(), Invalid> {
        self.legs().try_for_each(Intent::validate)?;
        if matches!(self, Self::Single(_) | Self::Replacement(_)) {
            return Ok(());
        }
        let count = self.legs().count();
        let ids: std::collections::BTreeSet<_> = self.legs().map(|leg| leg.id).collect();
        if ids.len() != count {
            return Err(Invalid::Group(GroupFault::Ids));
        }
        if !(2..=LEGS_MAX).contains(&count) {
            return Err(Invalid::Group(GroupFault::Size));
        }
        match self {
            Self::Single(_) | Self::Replacement(_) => Ok(()),
            Self::Bracket(bracket) => bracket.validate(),
            Self::OneCancelsAll(_) | Self::Chain(_) | Self::Hedged(_) => self.validate_owners(),
        }
        .map_err(Invalid::Group)
    }

    /// All legs belong to one strategy in one account.
    fn validate_owners(&self) -> Result<(), GroupFault> {
        let mut owners = self.legs().map(|leg| (&leg.account, &leg.strategy));
        let first = owners.next();
        if owners.all(|owner| Some(owner) == first) { Ok(()) } else { Err(GroupFault::Mixed) }
    }
}

impl Bracket {
    /// An entry with one pair of exits; a person is told should the stop be missing.
    #[must_use]
    pub fn new(entry: Intent, take_profit: Intent, stop_loss: Intent) -> Self {
        let exit = Exit { take_profit: Some(take_profit), stop_loss: Some(stop_loss) };
        Self { entry, exits: vec![exit], unprotected: Unprotected::default() }
    }

    fn validate(&self) -> Result<(), GroupFault> {
        let Self { entry, exits, unprotected: _ } = self;
        let mut closed = Decimal::ZERO;
        for exit in exits {
            let quantity = exit.validate(entry)?;
            closed = closed.checked_add(quantity).ok_or(GroupFault::Quantity)?;
        }
        if closed == entry.quantity { Ok(()) } else { Err(GroupFault::Quantity) }
    }
}

impl Exit {
    /// Looks at it beside its entry; gives how much it closes.
    fn validate(&self, entry: &Intent) -> Result<Decimal, GroupFault> {
        let Self { take_profit, stop_loss } = self;
        let mut quantity = None;
        for leg in take_profit.iter().chain(stop_loss) {
            if leg.account != entry.account || leg.strategy != entry.strategy || leg.contract != entry.contract {
                return Err(GroupFault::Mixed);
            }
            if leg.side == entry.side {
                return Err(GroupFault::SameSide);
            }
            if *quantity.get_or_insert(leg.quantity) != leg.quantity {
                return Err(GroupFault::Quantity);
            }
        }
        let profit = match take_profit.as_ref().map(|leg| &leg.kind) {
            None => None,
            Some(OrderKind::Limit { limit_price }) => Some(*limit_price),
            Some(_) => return Err(GroupFault::Kinds),
        };
        let stop = match stop_loss.as_ref().map(|leg| &leg.kind) {
            None => None,
            Some(OrderKind::Stop { stop_price } | OrderKind::StopLimit { stop_price, .. }) => Some(*stop_price),
            Some(OrderKind::Trail { .. } | OrderKind::TrailLimit { .. }) => None,
            Some(_) => return Err(GroupFault::Kinds),
        };
        // With the sign of the entry a profit lies above and a loss below, for both sides.
        let up = |price: Option<Decimal>| price.map(|price| entry.side.signed(price));
        let at = entry.kind.limit_price().or_else(|| entry.kind.trigger_price());
        let rises = |low: Option<Decimal>, high: Option<Decimal>| low.zip(high).is_none_or(|(low, high)| low < high);
        let sound = rises(up(stop), up(profit)) && rises(up(at), up(profit)) && rises(up(stop), up(at));
        if sound { quantity.ok_or(GroupFault::Size) } else { Err(GroupFault::Prices) }
    }
}
