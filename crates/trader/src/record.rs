//! [`Record`]: what the trader writes into its journal.

use journal::{Entry, EntryError};
use order::{Commission, Fill, IntentId, OrderUpdate};
use position::Adjustment;
use risk::{DayMark, Kill, OpenAlarm, Statement, Waiver};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tws_proto::ids::ContractId;

use crate::brief;
use crate::config::TraderConfig;
use crate::template::TemplateEnd;

/// One record of the journal. The same records in the same order make the same [`Books`](crate::Books).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A trader started on this journal.
    Started {
        /// Version of this crate.
        version: String,
        /// Paper or live.
        mode: String,
        /// Which API client.
        client_id: i32,
        /// Its name inside order references.
        instance: String,
    },
    /// Orders that follow have names of the caller's own.
    Labelled {
        /// Name and order, a pair a leg.
        labels: Vec<(String, IntentId)>,
    },
    /// Part of a sum of all that came before, the first thing in a fresh file of the journal.
    Checkpoint {
        /// Which part, from 0.
        part: usize,
        /// How many there are.
        parts: usize,
        /// The books, as a piece of JSON.
        books: String,
    },
    /// Where an order stands now: what the records before it made of it. For those who read the journal; replay
    /// computes it anew.
    OrderState(Box<OrderUpdate>),
    /// A fill, with whose it is; as [`Record::OrderState`].
    Fill(Box<Fill>),
    /// What a fill cost; as [`Record::OrderState`].
    Commission(Box<Commission>),
    /// What an account holds of a contract now; as [`Record::OrderState`].
    Position(Box<Held>),
    /// The order book moved.
    Order(Box<order::Record>),
    /// A position was adjusted to the broker's.
    Adjusted(Adjustment),
    /// The prices of a contract are told so much larger than money: 100 times where it is quoted in cents.
    Magnified {
        /// Of which contract.
        contract_id: ContractId,
        /// How much larger.
        magnifier: u32,
    },
    /// Trading was stopped by a person.
    Killed(Kill),
    /// A template began, made orders, or ended.
    Template(TemplateRecord),
    /// What an account had made when a trading day began, and at its best since.
    Day(DayMark),
    /// A person should know something, and is told until somebody says so.
    Alarmed(OpenAlarm),
    /// A person knows of an alarm.
    AlarmAcknowledged {
        /// Its number.
        number: u64,
        /// Who.
        by: String,
    },
    /// What trading days came to that are over, held against what the broker tells.
    Statement(Box<Statement>),
    /// A person lets one order go past a limit.
    WaiverGranted(Waiver),
    /// An order went past it.
    WaiverUsed {
        /// Number of the waiver.
        number: u64,
        /// The legs of the order.
        intents: Vec<IntentId>,
        /// What would have refused it, in words.
        refusal: String,
    },
    /// A person armed live trading anew; kept for the audit, the next start is armed by its configuration.
    Armed(risk::Arming),
    /// A person let it go on.
    Rearmed {
        /// Who.
        by: String,
    },
    /// A submission, or a change, was refused; kept for the audit, it moves nothing.
    Refused {
        /// Whose.
        strategy: String,
        /// The legs that were meant, or the order that was to be changed.
        intents: Vec<IntentId>,
        /// Why, in words.
        reason: String,
    },
}

/// What became of a template: enough to cancel after a restart what it had alive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateRecord {
    /// It was set to work.
    Began {
        /// Its name.
        label: String,
        /// Whose it is.
        strategy: String,
    },
    /// It made orders.
    Made {
        /// Its name.
        label: String,
        /// Which.
        orders: Vec<IntentId>,
    },
    /// It makes no more.
    Ended {
        /// Its name.
        label: String,
        /// Why.
        end: TemplateEnd,
    },
}

/// What an account holds of a contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Which account.
    pub account: String,
    /// Of what.
    pub contract_id: ContractId,
    /// Symbol, for people.
    pub symbol: String,
    /// Currency of its prices.
    pub currency: String,
    /// How much: positive long, negative short.
    pub quantity: Decimal,
    /// What that cost, multiplier included.
    pub cost: Decimal,
    /// Profit of what was closed, before commission.
    pub realised: Decimal,
}

impl Record {
    /// That a trader with this configuration starts.
    pub(crate) fn started(config: &TraderConfig) -> Self {
        Self::Started {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            mode: config.mode.to_string(),
            client_id: config.client_id.0,
            instance: config.instance.clone(),
        }
    }

    /// The word in the `kind` column.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::Labelled { .. } => "labelled",
            Self::Checkpoint { .. } => "checkpoint",
            Self::OrderState(_) => "order_state",
            Self::Fill(_) => "fill",
            Self::Commission(_) => "commission",
            Self::Position(_) => "position",
            Self::Order(_) => "order",
            Self::Adjusted(_) => "adjusted",
            Self::Magnified { .. } => "magnified",
            Self::Killed(_) => "killed",
            Self::Day(_) => "day",
            Self::Template(_) => "template",
            Self::Alarmed(_) => "alarmed",
            Self::AlarmAcknowledged { .. } => "alarm_acknowledged",
            Self::WaiverGranted(_) => "waiver_granted",
            Self::WaiverUsed { .. } => "waiver_used",
            Self::Statement(_) => "statement",
            Self::Armed(_) => "armed",
            Self::Rearmed { .. } => "rearmed",
            Self::Refused { .. } => "refused",
        }
    }

    /// Whether records of this kind follow from those before them: they are told for readers, and replay computes them
    /// anew.
    #[must_use]
    pub fn follows(kind: &str) -> bool {
        matches!(kind, "order_state" | "fill" | "commission" | "position")
    }

    /// As the journal takes it.
    ///
    /// # Errors
    /// [`EntryError::PayloadTooLong`]: no record that moves the books is as long.
    pub fn to_entry(&self) -> Result<Entry, EntryError> {
        match brief::of(self) {
            Some(brief) => Entry::new(self.kind(), &brief),
            None => Entry::new(self.kind(), self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every kind that replay passes over moves nothing.
    #[test]
    fn what_follows_is_what_replay_ignores() {
        let told = |kind: &str| ["order_state", "fill", "commission", "position"].contains(&kind);
        for kind in
            ["started", "labelled", "checkpoint", "order", "adjusted", "magnified", "killed", "rearmed", "refused"]
        {
            assert!(!told(kind) && !Record::follows(kind), "{kind}");
        }
        let held = Held {
            account: "DU1".to_owned(),
            contract_id: ContractId(1),
            symbol: String::new(),
            currency: String::new(),
            quantity: Decimal::ONE,
            cost: Decimal::ONE,
            realised: Decimal::ZERO,
        };
        assert!(Record::follows(Record::Position(Box::new(held)).kind()));
    }
}
