//! Halts: a strategy, an instrument or everything takes no new orders until a named person has looked (R17, R26, R30).
//!
//! A halt stops new and changed orders. Cancels always leave, and so does what protects a position that has lost its stop.

use std::fmt;

use serde::{Deserialize, Serialize};
use tws_proto::ids::ContractId;

use crate::action::{Action, Alarm, Step};
use crate::combination::may_move;
use crate::event::Input;
use crate::intent::Intent;
use crate::orders::Orders;
use crate::time::Timestamp;

/// What takes no new orders.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HaltScope {
    /// Nothing does.
    Everything,
    /// One strategy.
    Strategy(String),
    /// One instrument in one account.
    Instrument {
        /// The account.
        account: String,
        /// The instrument.
        contract_id: ContractId,
    },
}

/// A halt that nobody has acknowledged yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halt {
    /// What takes no new orders.
    pub scope: HaltScope,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

impl HaltScope {
    fn covers(&self, intent: &Intent) -> bool {
        match self {
            Self::Everything => true,
            Self::Strategy(name) => *name == intent.strategy,
            Self::Instrument { account, contract_id } => {
                let is_here = *account == intent.account || intent.is_spread();
                is_here && may_move(&intent.contract, *contract_id)
            }
        }
    }
}

impl fmt::Display for HaltScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("everything"),
            Self::Strategy(name) => write!(f, "strategy {name}"),
            Self::Instrument { contract_id, .. } => write!(f, "contract {}", contract_id.0),
        }
    }
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is halted: {}", self.scope, self.reason)
    }
}

/// Why a halt was not lifted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AcknowledgeError {
    /// Nobody was named.
    #[error("a halt is lifted by a named person; say who")]
    NoName,
    /// There is no such halt.
    #[error("{0} is not halted")]
    NotHalted(HaltScope),
}

impl Orders {
    /// Takes no new orders there until a person acknowledges; where it is halted already, the first reason stands.
    pub fn halt(&mut self, scope: HaltScope, reason: impl Into<String>, now: Timestamp) -> Step {
        if self.halts.iter().any(|halt| halt.scope == scope) {
            return Step::default();
        }
        self.record(Input::Halted { scope, reason: reason.into() }, now)
    }

    /// Lifts a halt on the word of a named person.
    ///
    /// # Errors
    /// [`AcknowledgeError`]; then nothing was lifted.
    pub fn acknowledge(&mut self, scope: HaltScope, by: &str, now: Timestamp) -> Result<Step, AcknowledgeError> {
        if by.trim().is_empty() {
            return Err(AcknowledgeError::NoName);
        }
        if !self.halts.iter().any(|halt| halt.scope == scope) {
            return Err(AcknowledgeError::NotHalted(scope));
        }
        Ok(self.record(Input::Acknowledged { scope, by: by.to_owned() }, now))
    }

    /// Halts that nobody has acknowledged.
    pub fn halts(&self) -> impl Iterator<Item = &Halt> {
        self.halts.iter()
    }

    /// What stands against a new order or a change of this intent.
    pub(crate) fn halted_for(&self, intent: &Intent) -> Option<&Halt> {
        self.halts.iter().find(|halt| halt.scope.covers(intent))
    }

    pub(crate) fn halted(&mut self, scope: &HaltScope, reason: &str, at: Timestamp, actions: &mut Vec<Action>) {
        if self.halts.iter().any(|halt| halt.scope == *scope) {
            return;
        }
        self.halts.push(Halt { scope: scope.clone(), reason: reason.to_owned(), since: at });
        actions.push(Action::Alarm(Alarm::Halted { scope: scope.clone(), reason: reason.to_owned() }));
    }

    pub(crate) fn acknowledged(&mut self, scope: &HaltScope) {
        self.halts.retain(|halt| halt.scope != *scope);
        if *scope == HaltScope::Everything {
            self.link.away_since = None;
        }
    }
}
