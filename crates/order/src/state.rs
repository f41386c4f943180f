//! The states of an order and the one table that moves it between them.
//!
//! The broker decides, in any order and as often as it likes; so every pair of state and evidence has an answer here,
//! and there is no catch-all arm: a new state or a new kind of evidence does not compile until each pair is thought of.

use std::fmt;

use serde::{Deserialize, Serialize};
use tws_proto::kinds::Status;

/// Where an order stands, as far as evidence goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Recorded, and sent or about to be; the broker has not answered.
    Sent,
    /// The broker has it.
    Working(Stage),
    /// The broker holds it until shares to short are found. It can still become live.
    Held,
    /// The broker calls it inactive, or it was corrected after its end; nobody knows what follows. Live for risk.
    Suspended,
    /// Its outcome is not known: the link, or the link behind TWS, was lost. Live for risk.
    Unknown(Acknowledgement),
    /// Filled in full.
    Filled,
    /// The rest is cancelled.
    Cancelled,
    /// The broker refused it, or it never left this machine.
    Rejected,
    /// Its time was up.
    Expired,
    /// The broker has it in no form, by all evidence: it never arrived, or what is left of it has gone.
    Lost,
}

/// How far a working order has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// With TWS, or on its way to IB.
    Pending,
    /// Held by IB until its trigger or its parent.
    PreSubmitted,
    /// Working at the exchange.
    Submitted,
    /// A cancel is on its way; it may still fill.
    CancelPending,
    /// A status said filled; the executions are awaited, as only they count.
    FilledUnproven,
    /// Waits for a person to confirm a warning in TWS.
    Warned,
    /// A status this crate does not know. Live for risk.
    Strange(String),
}

/// Whether the broker had answered for an order before its outcome became unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acknowledgement {
    /// It had.
    Seen,
    /// It had not: perhaps the broker never got it.
    Awaited,
}

impl State {
    /// Whether the order can still trade, as far as anybody knows. What is unknown is live.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        match self {
            Self::Sent | Self::Working(_) | Self::Held | Self::Suspended | Self::Unknown(_) => true,
            Self::Filled | Self::Cancelled | Self::Rejected | Self::Expired | Self::Lost => false,
        }
    }

    /// Whether the broker has answered for it and nothing stands in doubt: it may be changed.
    #[must_use]
    pub const fn is_acknowledged(&self) -> bool {
        match self {
            Self::Working(_) | Self::Held => true,
            Self::Sent | Self::Suspended | Self::Unknown(_) => false,
            Self::Filled | Self::Cancelled | Self::Rejected | Self::Expired | Self::Lost => false,
        }
    }

    /// Whether IB has it and nothing speaks of its end: only then may it be changed (R21). A change that comes before
    /// IB has the order is refused, or makes a second one of it (F24).
    #[must_use]
    pub const fn is_changeable(&self) -> bool {
        match self {
            Self::Working(Stage::PreSubmitted | Stage::Submitted | Stage::Warned | Stage::Strange(_)) | Self::Held => {
                true
            }
            Self::Working(Stage::Pending | Stage::CancelPending | Stage::FilledUnproven) => false,
            Self::Sent | Self::Suspended | Self::Unknown(_) => false,
            Self::Filled | Self::Cancelled | Self::Rejected | Self::Expired | Self::Lost => false,
        }
    }

    /// One word for tables and logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Working(Stage::CancelPending) => "cancel pending",
            Self::Working(Stage::PreSubmitted) => "presubmitted",
            Self::Working(Stage::Pending) => "pending",
            Self::Working(Stage::FilledUnproven) => "filled, unproven",
            Self::Working(_) => "working",
            Self::Held => "held",
            Self::Suspended => "suspended",
            Self::Unknown(_) => "unknown",
            Self::Filled => "filled",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Lost => "lost",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What the broker or the link has shown about one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// A status, or the state of an open order, says that it lives.
    Live(Stage),
    /// A status says that the rest is cancelled.
    Cancelled,
    /// A status says that it is inactive.
    Inactive,
    /// A notice refuses it.
    Rejected,
    /// A notice says that it is held.
    Held,
    /// The list of completed orders calls it refused.
    CompletedRejected,
    /// Executions fill it in full.
    FilledInFull,
    /// An execution fills a part of it.
    FilledInPart,
    /// A correction took back a part of what had filled it in full.
    Unfilled,
    /// The connection to TWS is gone.
    LinkLost,
    /// TWS has lost IB, or says that it cannot tell what became of an order.
    UpstreamLost,
    /// It was in no part of a whole snapshot.
    AbsentOnce,
    /// It is at the broker in no form, by all the evidence that rule R9 asks for.
    AbsentForSure,
    /// The same, and its time is up (R28).
    AbsentPastItsTime,
    /// It never left this machine.
    NotSent,
}

/// What becomes of the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing.
    Stay,
    /// It moves on.
    To(State),
    /// It had ended and lives again: somebody must be told.
    Reopen(State),
    /// It had ended and lives on nowhere, but what came does not fit: somebody must be told.
    Doubt,
}

/// The evidence in a status word.
#[must_use]
pub fn evidence_of(status: &Status) -> Evidence {
    match status {
        Status::ApiPending | Status::PendingSubmit => Evidence::Live(Stage::Pending),
        Status::PreSubmitted => Evidence::Live(Stage::PreSubmitted),
        Status::Submitted => Evidence::Live(Stage::Submitted),
        Status::PendingCancel | Status::PreCancelled => Evidence::Live(Stage::CancelPending),
        Status::Filled => Evidence::Live(Stage::FilledUnproven),
        Status::WarnState => Evidence::Live(Stage::Warned),
        Status::ApiCancelled | Status::Cancelled => Evidence::Cancelled,
        Status::Inactive => Evidence::Inactive,
        Status::Other(word) => Evidence::Live(Stage::Strange(word.clone())),
    }
}

/// The table.
#[must_use]
pub fn next(state: &State, evidence: &Evidence) -> Next {
    use Acknowledgement::{Awaited, Seen};
    use Evidence as E;
    use Next::{Doubt, Reopen, Stay, To};
    use State as S;
    match (state, evidence) {
        // The broker says that it lives. R11: no end is final.
        (S::Sent | S::Working(_) | S::Suspended | S::Unknown(_), E::Live(stage)) => To(S::Working(stage.clone())),
        (S::Held, E::Live(Stage::Pending | Stage::PreSubmitted)) => Stay, // R24: still waits for its shares
        (
            S::Held,
            E::Live(
                stage @ (Stage::Submitted
                | Stage::CancelPending
                | Stage::FilledUnproven
                | Stage::Warned
                | Stage::Strange(_)),
            ),
        ) => To(S::Working(stage.clone())),
        (S::Filled, E::Live(_)) => Stay, // repeated statuses are normal (F21); executions have the word
        (S::Cancelled, E::Live(Stage::CancelPending)) => Stay, // the echo of the cancel, out of order
        (
            S::Cancelled,
            E::Live(
                stage @ (Stage::Pending
                | Stage::PreSubmitted
                | Stage::Submitted
                | Stage::FilledUnproven
                | Stage::Warned
                | Stage::Strange(_)),
            ),
        ) => Reopen(S::Working(stage.clone())),
        (S::Rejected | S::Expired | S::Lost, E::Live(stage)) => Reopen(S::Working(stage.clone())),

        // A status says cancelled.
        (S::Sent | S::Working(_) | S::Held | S::Suspended | S::Unknown(_) | S::Lost, E::Cancelled) => To(S::Cancelled),
        (S::Filled | S::Cancelled | S::Rejected | S::Expired, E::Cancelled) => Stay, // R23: 201 is followed by Cancelled

        // R24: inactive is rejected, held or suspended; only other evidence tells.
        (S::Sent | S::Working(_) | S::Unknown(_), E::Inactive) => To(S::Suspended),
        (S::Held | S::Suspended | S::Filled | S::Cancelled | S::Rejected | S::Expired, E::Inactive) => Stay,
        (S::Lost, E::Inactive) => Reopen(S::Suspended),

        // R23: a notice alone ends only what was never acknowledged, and what is inactive.
        (S::Sent | S::Suspended | S::Unknown(Awaited) | S::Cancelled | S::Lost, E::Rejected) => To(S::Rejected),
        (S::Working(_) | S::Held | S::Unknown(Seen), E::Rejected) => Doubt,
        (S::Filled | S::Rejected | S::Expired, E::Rejected) => Stay,

        // 404: it waits for shares.
        (S::Sent | S::Working(_) | S::Suspended | S::Unknown(_), E::Held) => To(S::Held),
        (S::Held | S::Filled | S::Cancelled | S::Rejected | S::Expired | S::Lost, E::Held) => Stay,

        // The list of completed orders is evidence of the second rank: it ends what is live.
        (S::Sent | S::Working(_) | S::Held | S::Suspended | S::Unknown(_) | S::Lost, E::CompletedRejected) => {
            To(S::Rejected)
        }
        (S::Filled | S::Cancelled | S::Rejected | S::Expired, E::CompletedRejected) => Stay,

        // R12: executions are evidence of the first rank.
        (S::Sent | S::Working(_) | S::Held | S::Suspended | S::Unknown(_), E::FilledInFull) => To(S::Filled),
        (S::Filled, E::FilledInFull) => Stay,
        (S::Cancelled | S::Rejected | S::Expired | S::Lost, E::FilledInFull) => Reopen(S::Filled),
        (S::Sent | S::Held | S::Suspended, E::FilledInPart) => To(S::Working(Stage::Submitted)),
        (S::Unknown(_), E::FilledInPart) => To(S::Unknown(Seen)), // what works of it, the snapshot tells
        (S::Working(_) | S::Filled, E::FilledInPart) => Stay,
        (S::Cancelled, E::FilledInPart) => Stay, // R20: fills follow cancels; the rest stays cancelled
        (S::Rejected | S::Expired | S::Lost, E::FilledInPart) => Reopen(S::Unknown(Seen)), // R11: look what works of it
        (S::Filled, E::Unfilled) => Reopen(S::Suspended), // R13: nobody says whether the rest works again
        (
            S::Sent
            | S::Working(_)
            | S::Held
            | S::Suspended
            | S::Unknown(_)
            | S::Cancelled
            | S::Rejected
            | S::Expired
            | S::Lost,
            E::Unfilled,
        ) => Stay,

        // R6: silence proves nothing.
        (S::Sent, E::LinkLost | E::UpstreamLost) => To(S::Unknown(Awaited)),
        (S::Working(_) | S::Held | S::Suspended, E::LinkLost) => To(S::Unknown(Seen)),
        (S::Working(_) | S::Held | S::Suspended, E::UpstreamLost) => Stay, // acknowledged, and the link to TWS stands
        (
            S::Unknown(_) | S::Filled | S::Cancelled | S::Rejected | S::Expired | S::Lost,
            E::LinkLost | E::UpstreamLost,
        ) => Stay,

        // R9: absence must be proven twice. No open order shows what has filled.
        (S::Working(Stage::FilledUnproven), E::AbsentOnce) => Stay,
        (S::Working(_) | S::Held | S::Suspended, E::AbsentOnce | E::AbsentForSure | E::AbsentPastItsTime) => {
            To(S::Unknown(Seen))
        }
        (S::Sent, E::AbsentOnce | E::AbsentForSure | E::AbsentPastItsTime) => To(S::Unknown(Awaited)),
        (S::Unknown(_), E::AbsentOnce) => Stay,
        (S::Unknown(Awaited | Seen), E::AbsentForSure) => To(S::Lost),
        (S::Unknown(Awaited | Seen), E::AbsentPastItsTime) => To(S::Expired), // R28: inferred, for nobody says so
        (
            S::Filled | S::Cancelled | S::Rejected | S::Expired | S::Lost,
            E::AbsentOnce | E::AbsentForSure | E::AbsentPastItsTime,
        ) => Stay,

        // The client says that no byte left.
        (S::Sent | S::Unknown(Awaited), E::NotSent) => To(S::Rejected),
        (S::Working(_) | S::Held | S::Suspended | S::Unknown(Seen), E::NotSent) => Doubt,
        (S::Filled | S::Cancelled | S::Rejected | S::Expired | S::Lost, E::NotSent) => Doubt,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states() -> Vec<State> {
        vec![
            State::Sent,
            State::Working(Stage::Submitted),
            State::Held,
            State::Suspended,
            State::Unknown(Acknowledgement::Awaited),
            State::Unknown(Acknowledgement::Seen),
            State::Filled,
            State::Cancelled,
            State::Rejected,
            State::Expired,
            State::Lost,
        ]
    }

    fn evidence() -> Vec<Evidence> {
        let stages = [
            Stage::Pending,
            Stage::PreSubmitted,
            Stage::Submitted,
            Stage::CancelPending,
            Stage::FilledUnproven,
            Stage::Warned,
            Stage::Strange("New".to_owned()),
        ];
        let mut all: Vec<Evidence> = stages.into_iter().map(Evidence::Live).collect();
        all.extend([
            Evidence::Cancelled,
            Evidence::Inactive,
            Evidence::Rejected,
            Evidence::Held,
            Evidence::CompletedRejected,
            Evidence::FilledInFull,
            Evidence::FilledInPart,
            Evidence::Unfilled,
            Evidence::LinkLost,
            Evidence::UpstreamLost,
            Evidence::AbsentOnce,
            Evidence::AbsentForSure,
            Evidence::AbsentPastItsTime,
            Evidence::NotSent,
        ]);
        all
    }

    #[test]
    fn no_end_is_left_without_a_word() {
        for state in states() {
            for evidence in evidence() {
                match next(&state, &evidence) {
                    Next::To(to) => assert!(
                        state.is_live() || !to.is_live(),
                        "{state} came back to life by {evidence:?} without an alarm"
                    ),
                    Next::Reopen(_) => assert!(!state.is_live(), "{state} was reopened by {evidence:?} while live"),
                    Next::Stay | Next::Doubt => {}
                }
            }
        }
    }

    #[test]
    fn evidence_twice_is_evidence_once() {
        for state in states() {
            for evidence in evidence() {
                if let Next::To(to) | Next::Reopen(to) = next(&state, &evidence) {
                    match next(&to, &evidence) {
                        Next::Stay | Next::Doubt => {}
                        Next::To(again) => assert!(
                            again == to
                                || to == State::Unknown(Acknowledgement::Seen)
                                || to == State::Unknown(Acknowledgement::Awaited),
                            "{evidence:?} moves {state} to {to}, then to {again}"
                        ),
                        Next::Reopen(again) => panic!("{evidence:?} moves {state} to {to} and reopens it to {again}"),
                    }
                }
            }
        }
    }

    #[test]
    fn silence_ends_nothing() {
        for state in states() {
            for evidence in [Evidence::LinkLost, Evidence::UpstreamLost, Evidence::AbsentOnce] {
                if let Next::To(to) | Next::Reopen(to) = next(&state, &evidence) {
                    assert!(to.is_live(), "{evidence:?} ended {state}");
                }
            }
        }
    }
}
