//! What an order book is told, and the record of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tws_proto::ServerMessage;
use tws_proto::ids::{ContractId, OrderId, PermanentId};
use tws_proto::message::{
    CommissionReport, CompletedOrder, ExecutionData, NextValidId, Notice, OpenOrder, OrderStatus,
};

use crate::change::Change;
use crate::group::Submission;
use crate::halt::HaltScope;
use crate::intent::Intent;
use crate::reference::IntentId;
use crate::terms::Terms;
use crate::time::Timestamp;

/// Something happened outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The broker said something.
    Broker(BrokerEvent),
    /// A link came or went.
    Link(LinkEvent),
    /// A snapshot of the broker's book begins or ends.
    Snapshot(SnapshotEvent),
    /// These intents never left: the client refused them before the first byte.
    NotSent {
        /// Which ones.
        intents: Vec<IntentId>,
        /// Why.
        reason: String,
    },
    /// Time has passed; call it about once a second.
    Timer,
}

/// What the broker says of orders, fills and costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BrokerEvent {
    /// An order and its state.
    OpenOrder(Box<OpenOrder>),
    /// Where an order stands.
    OrderStatus(Box<OrderStatus>),
    /// An order that works no more.
    CompletedOrder(Box<CompletedOrder>),
    /// A fill.
    Execution(Box<ExecutionData>),
    /// What a fill cost.
    Commission(Box<CommissionReport>),
    /// An error, a warning or a remark.
    Notice(Box<Notice>),
    /// The lowest id that may be used next.
    NextValidId(NextValidId),
}

impl BrokerEvent {
    /// The event in a message of the order lane; other messages come back as they are.
    ///
    /// # Errors
    /// The message itself, where it says nothing about orders.
    pub fn from_server(message: ServerMessage) -> Result<Self, Box<ServerMessage>> {
        Ok(match message {
            ServerMessage::OpenOrder(open) => Self::OpenOrder(open),
            ServerMessage::OrderStatus(status) => Self::OrderStatus(status),
            ServerMessage::CompletedOrder(completed) => Self::CompletedOrder(completed),
            ServerMessage::ExecutionData(execution) => Self::Execution(execution),
            ServerMessage::CommissionReport(report) => Self::Commission(report),
            ServerMessage::Notice(notice) => Self::Notice(notice),
            ServerMessage::NextValidId(next) => Self::NextValidId(next),
            other => return Err(Box::new(other)),
        })
    }
}

/// A link came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkEvent {
    /// The connection to TWS is gone.
    Lost,
    /// The session is ready again; what is open must be asked for.
    Ready {
        /// The lowest order id TWS would take.
        next_order_id: OrderId,
    },
    /// TWS has lost IB.
    UpstreamLost,
    /// TWS has IB back.
    UpstreamRestored,
}

/// A snapshot: all open orders, completed orders and executions, in one epoch with IB there throughout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotEvent {
    /// Everything was asked for.
    Began,
    /// Every end marker has come.
    Ended,
    /// What a whole snapshot shows beside our book. Journals have this instead of the two above.
    Compared(Box<Compared>),
}

/// What a whole snapshot shows beside our book.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Compared {
    /// Live orders of ours that it did not show.
    pub absent: Vec<IntentId>,
    /// Orders of ours that it showed without a change that was asked for long before.
    pub unchanged: Vec<IntentId>,
    /// Live orders of others that it did not show.
    pub external_gone: Vec<PermanentId>,
    /// Positions, by account and contract, that our fills do not explain.
    pub unexplained: Vec<(String, ContractId)>,
    /// When the books were last compared, where that is longer ago than the broker's history reaches (R30).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub away_since: Option<Timestamp>,
}

/// What changed the book, complete: the same records in the same order make the same book.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// When.
    pub at: Timestamp,
    /// What.
    pub input: Input,
}

/// What went in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// Orders were accepted by the gate and given ids.
    Submitted {
        /// The orders.
        submission: Arc<Submission>,
        /// One a leg, in order.
        order_ids: Vec<OrderId>,
    },
    /// An order id was used for a question: no order ever has it (R3).
    NumberTaken {
        /// The id.
        order_id: OrderId,
    },
    /// An owner wants orders gone.
    CancelAsked {
        /// Which ones.
        intents: Vec<IntentId>,
    },
    /// An owner wants an order changed, and the gate agreed.
    ChangeAsked {
        /// Which one.
        intent: IntentId,
        /// How.
        change: Change,
    },
    /// Something happened outside.
    Happened(Event),
    /// What ended before this time is forgotten.
    Forgotten {
        /// The time.
        before: Timestamp,
    },
    /// What is known of a contract.
    Learnt {
        /// Which.
        contract_id: ContractId,
        /// What.
        terms: Box<Terms>,
    },
    /// New orders are not taken there until a person acknowledges.
    Halted {
        /// Where.
        scope: HaltScope,
        /// Why.
        reason: String,
    },
    /// An order of others is taken on in the name of a strategy (R18).
    Adopted {
        /// IB's number of it.
        number: PermanentId,
        /// The order, as it was shown.
        intent: Box<Intent>,
        /// Its number at this client, where it has one.
        order_id: Option<OrderId>,
        /// On whose word.
        by: String,
    },
    /// An order of others does not count until it has filled (R18).
    Ignored {
        /// IB's number of it.
        number: PermanentId,
        /// On whose word.
        by: String,
    },
    /// A person has looked: a halt is lifted.
    Acknowledged {
        /// Where.
        scope: HaltScope,
        /// Who.
        by: String,
    },
}
