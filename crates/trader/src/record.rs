//! [`Record`]: what the trader writes into its journal.

use journal::{Entry, EntryError};
use order::IntentId;
use position::Adjustment;
use risk::Kill;
use serde::{Deserialize, Serialize};

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
    /// The order book moved.
    Order(Box<order::Record>),
    /// A position was adjusted to the broker's.
    Adjusted(Adjustment),
    /// Trading was stopped by a person.
    Killed(Kill),
    /// A person let it go on.
    Rearmed {
        /// Who.
        by: String,
    },
    /// A submission was refused; kept for the audit, it moves nothing.
    Refused {
        /// Whose.
        strategy: String,
        /// The legs that were meant.
        intents: Vec<IntentId>,
        /// Why, in words.
        reason: String,
    },
}

impl Record {
    /// The word in the `kind` column.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::Labelled { .. } => "labelled",
            Self::Order(_) => "order",
            Self::Adjusted(_) => "adjusted",
            Self::Killed(_) => "killed",
            Self::Rearmed { .. } => "rearmed",
            Self::Refused { .. } => "refused",
        }
    }

    /// As the journal takes it.
    pub(crate) fn to_entry(&self) -> Result<Entry, EntryError> {
        Entry::new(self.kind(), self)
    }
}
