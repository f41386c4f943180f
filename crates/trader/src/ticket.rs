//! [`Ticket`]: an order as a person would say it. The engine makes an intent of it.

use order::{Bracket, Hours, Intent, IntentId, OrderKind, Side, Submission};
use rust_decimal::Decimal;
use tws_proto::Contract;
use tws_proto::kinds::TimeInForce;

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
    exits: Option<Exits>,
    label: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Exits {
    take_profit: Decimal,
    stop_loss: Decimal,
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
            exits: None,
            label: None,
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
        Self { time_in_force: TimeInForce::GoodTillCancelled, ..self }
    }

    /// Outside regular hours too.
    pub fn extended_hours(self) -> Self {
        Self { hours: Hours::Extended, ..self }
    }

    /// For this account; needed where the login has several.
    pub fn account(self, account: impl Into<String>) -> Self {
        Self { account: Some(account.into()), ..self }
    }

    /// With its exits: a limit order that takes the profit, and a stop that bounds the loss. They become active when
    /// this order fills, and one cancels the other.
    pub fn with_exits(self, take_profit: Decimal, stop_loss: Decimal) -> Self {
        Self { exits: Some(Exits { take_profit, stop_loss }), ..self }
    }

    /// The account that was named.
    /// A name of the caller's own for this order, by which it is found again, after a restart too. A name is used once:
    /// a second ticket with it is refused, so that a caller who does not know whether an order was taken may submit it
    /// again. The exits of [`with_exits`](Self::with_exits) are called `NAME:take_profit` and `NAME:stop_loss`.
    pub fn label(self, name: impl Into<String>) -> Self {
        Self { label: Some(name.into()), ..self }
    }

    /// The names of its legs, in their order.
    pub(crate) fn labels(&self) -> Vec<String> {
        let Some(label) = &self.label else { return Vec::new() };
        match self.exits {
            None => vec![label.clone()],
            Some(_) => vec![label.clone(), format!("{label}:take_profit"), format!("{label}:stop_loss")],
        }
    }

    pub(crate) fn named_account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The submission, complete.
    pub(crate) fn into_submission(self, strategy: &str, account: &str, mut id: impl FnMut() -> IntentId) -> Submission {
        let exits = self.exits.clone();
        let mut intent = |side, kind| Intent {
            id: id(),
            strategy: strategy.to_owned(),
            account: account.to_owned(),
            contract: self.contract.clone(),
            side,
            quantity: self.quantity,
            kind,
            time_in_force: self.time_in_force.clone(),
            hours: self.hours,
        };
        let entry = intent(self.side, self.kind.clone());
        match exits {
            None => Submission::Single(entry),
            Some(Exits { take_profit, stop_loss }) => Submission::Bracket(Bracket {
                take_profit: intent(self.side.opposite(), OrderKind::Limit { limit_price: take_profit }),
                stop_loss: intent(self.side.opposite(), OrderKind::Stop { stop_price: stop_loss }),
                entry,
            }),
        }
    }
}
