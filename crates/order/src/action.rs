//! What follows from an event: messages to send, and news for owners.

use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use tws_proto::Contract;
use tws_proto::ids::{ContractId, OrderId, PermanentId};

use crate::adopt::Shown;
use crate::burst::Burst;
use crate::event::Record;
use crate::group::{Revenant, Unprotected};
use crate::halt::HaltScope;
use crate::intent::Intent;
use crate::numbers::PermanentIds;
use crate::outcome::Outcome;
use crate::reference::IntentId;
use crate::state::State;
use crate::time::Timestamp;
use tws_proto::Side;

/// What one call did: records that must be durable before any of the actions is carried out.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "records must be made durable and actions carried out"]
pub struct Step {
    /// What changed the book, to be journaled as one.
    pub records: Vec<Record>,
    /// What follows, in order.
    pub actions: Vec<Action>,
}

impl Step {
    /// Puts what another step did behind what this one did.
    pub fn append(&mut self, other: Self) {
        self.records.extend(other.records);
        self.actions.extend(other.actions);
    }
}

/// Something to do or to tell.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Send these messages as one burst, once.
    Send(Burst),
    /// An order's state or quantities changed.
    Changed(Box<OrderUpdate>),
    /// Something was traded, or what was traded is corrected.
    Filled(Box<Fill>),
    /// What a fill cost is known.
    Commission(Box<Commission>),
    /// What became of a cancel or a change.
    Outcome(Box<Outcome>),
    /// A person should know.
    Alarm(Alarm),
    /// The broker should be asked.
    Ask(Question),
    /// A position stands without its stop: this should be placed by [`Orders::protect`](crate::Orders::protect). It is
    /// said again until it is done.
    Protect(Box<Protection>),
}

/// What is to be placed for a position that has lost its stop (R25).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protection {
    /// The stop that has ended, or the last order that was placed for it.
    pub of: IntentId,
    /// The order; it needs an id of its own.
    pub intent: Intent,
    /// How much of the position its strategy still holds, where whoever places it knows that: what was closed elsewhere, by
    /// hand for instance, is not protected. The book does not know it, and says nothing.
    pub held: Option<Decimal>,
}

/// Where an order stands now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderUpdate {
    /// Which order.
    pub intent: IntentId,
    /// Whose.
    pub strategy: SmolStr,
    /// In which account.
    pub account: SmolStr,
    /// Its number at this client.
    pub order_id: OrderId,
    /// IB's numbers for it; more than one is more than one live order.
    pub permanent_ids: PermanentIds,
    /// Symbol, for people.
    pub symbol: SmolStr,
    /// Which way.
    pub side: Side,
    /// State.
    pub state: State,
    /// How much was ordered. At all times the sum of the four below, an overfill aside.
    pub quantity: Decimal,
    /// How much has filled.
    pub filled: Decimal,
    /// How much works, or may work.
    pub working: Decimal,
    /// How much nobody knows about.
    pub unknown: Decimal,
    /// How much will not fill any more.
    pub cancelled: Decimal,
    /// Average price of what has filled.
    pub average_price: Option<Decimal>,
    /// The broker's words, or ours, for a state that needs some.
    pub reason: SmolStr,
    /// When this became so.
    pub at: Timestamp,
}

/// What was traded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// The order of ours that traded; `None` for trades that are not ours.
    pub intent: Option<IntentId>,
    /// Whose; `None` for EXTERNAL.
    pub strategy: Option<SmolStr>,
    /// The execution's id without its revision: one trade, one root.
    pub root: SmolStr,
    /// Its revision; a higher one replaces what a lower one said.
    pub revision: u32,
    /// In which account.
    pub account: SmolStr,
    /// What.
    #[serde(serialize_with = "crate::brief::contract")]
    pub contract: Arc<Contract>,
    /// Which way.
    pub side: Side,
    /// How much; zero where the exchange took the trade back.
    pub quantity: Decimal,
    /// At which price, without commission.
    pub price: Decimal,
    /// The broker's own time of it.
    pub broker_time: SmolStr,
    /// When it was heard of.
    pub at: Timestamp,
    /// Quantity and price that this one replaces.
    pub replaces: Option<(Decimal, Decimal)>,
    /// Whether no execution proves it (R14): the broker told of it, and executions will replace it.
    #[serde(default)]
    pub is_inferred: bool,
}

/// What a fill cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commission {
    /// Whose fill; `None` for EXTERNAL.
    pub strategy: Option<SmolStr>,
    /// The root of the execution.
    pub root: SmolStr,
    /// Its revision.
    pub revision: u32,
    /// Commission and fees.
    pub amount: Decimal,
    /// Their currency.
    pub currency: SmolStr,
    /// When it was heard of.
    pub at: Timestamp,
}

/// Something a person should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Alarm {
    /// An order that had ended lives again (R11).
    #[error("order {intent} had ended as {was} and is {now} again; check what replaced it")]
    Reopened {
        /// Which.
        intent: IntentId,
        /// As what it had ended.
        was: State,
        /// As what it lives.
        now: State,
    },
    /// A notice refuses an order that works (R23).
    #[error("order {intent} is {state}, but code {code} speaks against it: {text}")]
    Contradiction {
        /// Which.
        intent: IntentId,
        /// What it is.
        state: State,
        /// The code.
        code: i32,
        /// The broker's words.
        text: String,
    },
    /// A status word nobody knows (R24).
    #[error("order {intent} has the unknown status {status:?}; it counts as live")]
    StrangeStatus {
        /// Which.
        intent: IntentId,
        /// The word.
        status: String,
    },
    /// More has filled than was ordered (R26).
    #[error("order {intent} was for {quantity}, but {filled} have filled")]
    Overfilled {
        /// Which.
        intent: IntentId,
        /// Ordered.
        quantity: Decimal,
        /// Filled.
        filled: Decimal,
    },
    /// A group has filled more than it may; its strategy is halted (R26).
    #[error("group {group} has filled more than it may, by the executions {}", executions.join(", "))]
    GroupOverfilled {
        /// Which, by its first leg.
        group: IntentId,
        /// By which executions.
        executions: Vec<String>,
    },
    /// New orders are not taken there until a person acknowledges (R17, R26, R30).
    #[error("{scope} takes no new orders until a person acknowledges: {reason}")]
    Halted {
        /// Where.
        scope: HaltScope,
        /// Why.
        reason: String,
    },
    /// After a break not all legs of a group are at the broker; the others are cancelled (R25).
    #[error("not all legs of group {group} are at the broker; its legs are cancelled")]
    GroupIncomplete {
        /// Which, by its first leg.
        group: IntentId,
    },
    /// A part of a position stands without its stop (R25).
    #[error("{quantity} of what bracket {group} has opened stand without a stop; policy: {policy:?}")]
    Unprotected {
        /// Which, by its entry.
        group: IntentId,
        /// How much.
        quantity: Decimal,
        /// What is done.
        policy: Unprotected,
    },
    /// An order that was replaced lives again or has filled, beside what has replaced it (R11).
    #[error("order {intent} was replaced by {by} and has come back: it works or has filled; policy: {policy:?}")]
    ReplacedLives {
        /// Which.
        intent: IntentId,
        /// By which.
        by: IntentId,
        /// What becomes of it.
        policy: Revenant,
    },
    /// One intent is alive as several orders (R22).
    #[error("order {intent} is alive as {} orders at IB; cancel reaches them all", permanent_ids.len())]
    SeveralIncarnations {
        /// Which.
        intent: IntentId,
        /// As which.
        permanent_ids: PermanentIds,
    },
    /// A cancel was not answered (R19).
    #[error("no answer to {tries} cancels of order {intent}; it may still fill")]
    CancelUnanswered {
        /// Which.
        intent: IntentId,
        /// How many were sent.
        tries: u32,
    },
    /// An order carries our mark but is not in our book (R38); told once a session.
    #[error(
        "the broker has order {reference} which the journal does not know; is a second trader running, or the journal not the right one?"
    )]
    StrangerWithOurMark {
        /// Its reference.
        reference: String,
    },
    /// An execution carries our mark, but its order is not in our book (R38). It is counted as nobody's; the first of its
    /// order in a session is told.
    #[error(
        "execution {execution_id} is of order {reference} of ours, which the journal does not know: it belongs to no strategy; \
         is a second trader running, or the journal not the right one?"
    )]
    ExecutionWithOurMark {
        /// The reference of its order.
        reference: String,
        /// Its id.
        execution_id: String,
    },
    /// An execution cannot be counted as it stands.
    #[error("execution {execution_id} cannot be counted: {reason}")]
    UncountableExecution {
        /// Its id.
        execution_id: String,
        /// Why.
        reason: UncountableReason,
    },
    /// An execution of an order is on the other side than the order, as a correction can make it (R13): positions go by the
    /// execution, and of the order it counts nothing.
    #[error("execution {execution_id} of order {intent} is to {side}, against its order; it counts as no fill of it")]
    AgainstOrder {
        /// Which.
        intent: IntentId,
        /// Its execution, or the root of it.
        execution_id: String,
        /// The side of the execution.
        side: Side,
    },
    /// An order never left this machine.
    #[error("order {intent} was not sent: {reason}")]
    NotSent {
        /// Which.
        intent: IntentId,
        /// Why.
        reason: String,
    },
    /// The broker shows another quantity than was ordered or asked for: somebody changed the order elsewhere.
    #[error("order {intent} was for {quantity}, but the broker shows {shown}; somebody changed it elsewhere")]
    ChangedElsewhere {
        /// Which.
        intent: IntentId,
        /// As it was known.
        quantity: Decimal,
        /// As it is shown.
        shown: Decimal,
    },
    /// The broker told of a fill whose execution did not come; it is booked as inferred (R14).
    #[error("no execution came for {quantity} of order {intent} that the broker calls filled; booked at about {price}")]
    FillInferred {
        /// Which.
        intent: IntentId,
        /// How much.
        quantity: Decimal,
        /// At which price, as far as averages tell.
        price: Decimal,
    },
    /// The broker tells of fills whose executions do not come, and which cannot be inferred (R14).
    #[error(
        "the broker says that {told} of order {intent} have filled, but executions prove only {filled}; look in TWS, and cancel it here if that is all"
    )]
    FillsMissing {
        /// Which.
        intent: IntentId,
        /// As told.
        told: Decimal,
        /// As proven.
        filled: Decimal,
    },
    /// An order is lost, by all evidence (R9).
    #[error("order {intent} is not at the broker, by all evidence; submit again what is still wanted of it")]
    Lost {
        /// Which.
        intent: IntentId,
    },
}

/// Why an execution cannot be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum UncountableReason {
    /// No id, or one that is no id.
    #[error("it has no usable id")]
    Id,
    /// Neither bought nor sold.
    #[error("its side is unknown")]
    Side,
    /// No quantity or no price.
    #[error("its quantity or price is missing")]
    Numbers,
    /// Numbers beyond what can be counted exactly.
    #[error("its quantity or price is too large to be counted")]
    TooLarge,
}

/// Something the broker should be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// For executions: a status told of fills that are not known.
    Executions,
    /// For a whole snapshot: something does not fit.
    Snapshot,
}

/// An order that is not ours: by hand, by another client, from before the journal (R17).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalOrder {
    /// IB's number.
    pub permanent_id: PermanentId,
    /// In which account.
    pub account: String,
    /// What; `None` where IB's number is not known.
    pub contract_id: Option<ContractId>,
    /// Symbol, for people.
    pub symbol: String,
    /// Which way; `None` for a word nobody knows.
    pub side: Option<Side>,
    /// How much may still fill.
    pub remaining: Decimal,
    /// Its own reference.
    pub reference: String,
    /// What else it is; journals of before this was kept do not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Box<Shown>>,
    /// Whether somebody wants it left out of the count (R18).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_ignored: bool,
}
