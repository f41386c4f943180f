//! [`Ticket`]: an order as a person would say it. The engine makes an intent of it.

use order::{
    Bracket, Exit, Extension, Hedge, Hedged, Hours, Intent, IntentId, OcaEffect, OneCancelsAll, OrderKind, Replacement,
    Revenant, Side, Submission, TimeInForce, Unprotected,
};
use rust_decimal::Decimal;
use tws_proto::Contract;

/// An order that is wanted: at the market and for the day, unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a ticket does nothing until it is submitted"]
pub struct Ticket {
    contract: Contract,
    side: Side,
    quantity: Decimal,
    kind: OrderKind,
    time_in_force: TimeInForce,
    hours: Hours,
    account: Option<String>,
    extension: Option<Extension>,
    shape: Shape,
    /// Whether it had exits that a later call would leave out.
    has_lost_exits: bool,
    label: Option<String>,
    waiver: Option<u64>,
}

/// What is submitted beside the order itself.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    Alone,
    Exits(Vec<ExitPrices>, Unprotected),
    InPlaceOf(IntentId, Revenant),
    Alternatives(Vec<Ticket>, OcaEffect),
    Chain(Vec<Ticket>),
    Hedged(Box<Ticket>, Hedge),
}

/// Where a part of a position is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitPrices {
    /// How much it closes.
    pub quantity: Decimal,
    /// The limit that takes the profit, where there is one.
    pub take_profit: Option<Decimal>,
    /// The stop that bounds the loss, where there is one.
    pub stop_loss: Option<Decimal>,
}

/// A ticket is joined with others and has exits, or other orders of its own, which would not be placed. Submit it by
/// itself, or without them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "ticket {place} of those joined ({}) has exits or other orders of its own, which would not be placed; submit it by \
     itself, or without them",
    label.as_ref().unwrap_or(symbol)
)]
pub struct Joined {
    /// Which of those that come together, counted from 1.
    pub place: usize,
    /// Its name, where it has one.
    pub label: Option<String>,
    /// What it trades.
    pub symbol: String,
}

impl Ticket {
    /// Buys.
    pub fn buy(contract: &Contract, quantity: impl Into<Decimal>) -> Self {
        Self::new(Side::Buy, contract, quantity.into())
    }

    /// Sells, what is held or short.
    pub fn sell(contract: &Contract, quantity: impl Into<Decimal>) -> Self {
        Self::new(Side::Sell, contract, quantity.into())
    }

    fn new(side: Side, contract: &Contract, quantity: Decimal) -> Self {
        Self {
            contract: contract.clone(),
            side,
            quantity,
            kind: OrderKind::Market,
            time_in_force: TimeInForce::Day,
            hours: Hours::Regular,
            account: None,
            extension: None,
            shape: Shape::Alone,
            has_lost_exits: false,
            label: None,
            waiver: None,
        }
    }

    /// At this price or better.
    pub fn limit(self, limit_price: Decimal) -> Self {
        self.kind(OrderKind::Limit { limit_price })
    }

    /// At the market once this price is touched.
    pub fn stop(self, stop_price: Decimal) -> Self {
        self.kind(OrderKind::Stop { stop_price })
    }

    /// Of any kind.
    pub fn kind(self, kind: OrderKind) -> Self {
        Self { kind, ..self }
    }

    /// For how long it works; for the day unless this says otherwise.
    pub fn time_in_force(self, time_in_force: TimeInForce) -> Self {
        Self { time_in_force, ..self }
    }

    /// Until it is cancelled rather than for the day.
    pub fn good_till_cancelled(self) -> Self {
        self.time_in_force(TimeInForce::GoodTillCancelled)
    }

    /// Outside regular hours too.
    pub fn extended_hours(self) -> Self {
        Self { hours: Hours::Extended, ..self }
    }

    /// For this account; needed where the login has several. Of orders that come together one names it for all, and none may
    /// name another.
    pub fn account(self, account: impl Into<String>) -> Self {
        Self { account: Some(account.into()), ..self }
    }

    /// With attributes that this crate has no types for.
    pub fn extended_by(self, extension: Extension) -> Self {
        Self { extension: Some(extension), ..self }
    }

    /// With its exits: a limit order that takes the profit, and a stop that bounds the loss. They become active when
    /// this order fills, and one cancels the other. Should the stop be missing, a person is told.
    pub fn with_exits(self, take_profit: Decimal, stop_loss: Decimal) -> Self {
        self.with_guarded_exits(take_profit, stop_loss, Unprotected::Alarm)
    }

    /// As [`Ticket::with_exits`], and what is done should the stop be missing (R25).
    pub fn with_guarded_exits(self, take_profit: Decimal, stop_loss: Decimal, unprotected: Unprotected) -> Self {
        let (take_profit, stop_loss, quantity) = (Some(take_profit), Some(stop_loss), self.quantity);
        self.scaling_out([ExitPrices { quantity, take_profit, stop_loss }], unprotected)
    }

    /// With several exits, each for a part of it, and what is done should a stop be missing (R25).
    ///
    /// Of this call and the others that add orders or tie this one to another, the last holds; but a ticket that would lose
    /// exits by that is refused.
    pub fn scaling_out(self, exits: impl IntoIterator<Item = ExitPrices>, unprotected: Unprotected) -> Self {
        Self { shape: Shape::Exits(exits.into_iter().collect(), unprotected), has_lost_exits: false, ..self }
    }

    /// In another shape; exits that it had are not lost without a word.
    fn shaped(self, shape: Shape) -> Self {
        let has_lost_exits = self.has_lost_exits || matches!(self.shape, Shape::Exits(..));
        Self { shape, has_lost_exits, ..self }
    }

    /// In the place of an order that has ended: should that one come back, it is cancelled, or stays beside this one
    /// (R11). Of the calls that add orders or tie this one to another, the last holds.
    pub fn in_place_of(self, order: IntentId, revenant: Revenant) -> Self {
        self.shaped(Shape::InPlaceOf(order, revenant))
    }

    /// Beside others, of which the first to fill cancels or reduces the rest (R26). The others come alone: one with exits
    /// or others of its own is refused. Of the calls that add orders or tie this one to another, the last holds.
    pub fn or(self, others: impl IntoIterator<Item = Self>, effect: OcaEffect) -> Self {
        self.shaped(Shape::Alternatives(others.into_iter().collect(), effect))
    }

    /// With others that become active one after the other, each when the one before it has filled. The others come alone:
    /// one with exits or others of its own is refused. Of the calls that add orders or tie this one to another, the last
    /// holds.
    pub fn then(self, others: impl IntoIterator<Item = Self>) -> Self {
        self.shaped(Shape::Chain(others.into_iter().collect()))
    }

    /// With a hedge that TWS sizes as this order fills; its own quantity is the most that is expected. It comes alone, as
    /// the others of [`or`](Self::or) do. Of the calls that add orders or tie this one to another, the last holds.
    pub fn hedged_by(self, hedge: Self, by: Hedge) -> Self {
        self.shaped(Shape::Hedged(Box::new(hedge), by))
    }

    /// A name of the caller's own for this order, by which it is found again, after a restart too. A name is used once:
    /// a second ticket with it is refused, so that a caller who does not know whether an order was taken may submit it
    /// again. The exits of [`with_exits`](Self::with_exits) are called `NAME:take_profit` and `NAME:stop_loss`, further ones
    /// `NAME:take_profit2` and so on; other orders that come with this one have no names.
    pub fn label(self, name: impl Into<String>) -> Self {
        Self { label: Some(name.into()), ..self }
    }

    /// Past the limit that this waiver names, once: see [`Handle::waive`](crate::Handle::waive) (C16).
    pub fn with_waiver(self, number: u64) -> Self {
        Self { waiver: Some(number), ..self }
    }

    /// The waiver by which it goes past a limit.
    pub(crate) const fn waiver(&self) -> Option<u64> {
        self.waiver
    }

    /// The names of its legs, in their order.
    pub(crate) fn labels(&self) -> Vec<String> {
        let Some(label) = &self.label else { return Vec::new() };
        let mut labels = vec![label.clone()];
        if let Shape::Exits(exits, _) = &self.shape {
            for (place, exit) in exits.iter().enumerate() {
                let number = if place == 0 { String::new() } else { (place + 1).to_string() };
                labels.extend(exit.take_profit.map(|_| format!("{label}:take_profit{number}")));
                labels.extend(exit.stop_loss.map(|_| format!("{label}:stop_loss{number}")));
            }
        }
        labels
    }

    /// Looks for a ticket that is submitted together with others, or with another shape, and would lose exits or other
    /// orders of its own: the wire has no such order.
    pub(crate) fn check_joined(tickets: &[Self]) -> Result<(), Joined> {
        let is_alone = |ticket: &Self| ticket.shape == Shape::Alone && !ticket.has_lost_exits;
        let joined = |place: usize, ticket: &Self| Joined {
            place: place + 1,
            label: ticket.label.clone(),
            symbol: ticket.contract.symbol.clone(),
        };
        if let [only] = tickets {
            if only.has_lost_exits {
                return Err(joined(0, only));
            }
            let lost = only.others().iter().enumerate().find(|(_, other)| !is_alone(other));
            return lost.map_or(Ok(()), |(place, other)| Err(joined(place + 1, other)));
        }
        let lost = tickets.iter().enumerate().find(|(_, ticket)| !is_alone(ticket));
        lost.map_or(Ok(()), |(place, ticket)| Err(joined(place, ticket)))
    }

    fn others(&self) -> &[Self] {
        match &self.shape {
            Shape::Alternatives(others, _) | Shape::Chain(others) => others,
            Shape::Hedged(hedge, _) => std::slice::from_ref(hedge),
            Shape::Alone | Shape::Exits(..) | Shape::InPlaceOf(..) => &[],
        }
    }

    /// The account that was named.
    pub(crate) fn named_account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The submission, complete.
    pub(crate) fn into_submission(self, strategy: &str, account: &str, mut id: impl FnMut() -> IntentId) -> Submission {
        let mut make = |ticket: &Self| ticket.intent(strategy, account, id());
        let first = make(&self);
        let mut all = |others: &[Self]| std::iter::once(first.clone()).chain(others.iter().map(&mut make)).collect();
        match &self.shape {
            Shape::Alone => first.into(),
            Shape::InPlaceOf(of, revenant) => Replacement { of: *of, intent: first, revenant: *revenant }.into(),
            Shape::Alternatives(others, effect) => OneCancelsAll { legs: all(others), effect: *effect }.into(),
            Shape::Chain(others) => Submission::Chain(all(others)),
            Shape::Hedged(hedge, by) => Hedged { hedge: make(hedge), entry: first, by: *by }.into(),
            Shape::Exits(exits, unprotected) => {
                let mut close =
                    |quantity, kind| make(&Self { side: self.side.opposite(), quantity, kind, ..self.clone() });
                let mut exit = |exit: &ExitPrices| Exit {
                    take_profit: exit
                        .take_profit
                        .map(|limit_price| close(exit.quantity, OrderKind::Limit { limit_price })),
                    stop_loss: exit.stop_loss.map(|stop_price| close(exit.quantity, OrderKind::Stop { stop_price })),
                };
                let exits = exits.iter().map(&mut exit).collect();
                Bracket { entry: first, exits, unprotected: *unprotected }.into()
            }
        }
    }

    /// The order itself, without what comes with it.
    pub(crate) fn intent(&self, strategy: &str, account: &str, id: IntentId) -> Intent {
        Intent {
            id,
            strategy: strategy.into(),
            account: self.named_account().unwrap_or(account).into(),
            contract: self.contract.clone().into(),
            side: self.side,
            quantity: self.quantity,
            kind: self.kind.clone(),
            time_in_force: self.time_in_force.clone(),
            hours: self.hours,
            extension: self.extension.clone(),
        }
    }
}
