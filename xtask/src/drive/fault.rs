//! [`Fault`]: why a command was not carried out, and what refused it.

use serde_json::Value;
use trader::{PreviewError, Refused};

/// Why a command was not carried out.
pub(super) struct Fault {
    /// What refused it, where something of ours did: the number of a control, `ready`, `book`, ...
    pub(super) rule: Option<String>,
    pub(super) detail: String,
}

impl Fault {
    /// Nothing is carried out any more.
    pub(super) fn ended() -> Self {
        Self { rule: Some("stopped".to_owned()), detail: "the process ends; nothing was done".to_owned() }
    }
}

impl From<String> for Fault {
    fn from(detail: String) -> Self {
        Self { rule: None, detail }
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        let rule = match &refused {
            Refused::NotReady { .. } => "R5".to_owned(),
            Refused::Submit(order::SubmitError::Refused(refusal))
            | Refused::Change(order::ChangeError::Refused(refusal)) => refusal.control().to_owned(),
            Refused::Submit(_) => "order".to_owned(),
            Refused::Change(_) => "R21".to_owned(),
            Refused::Cancel(_) => "R19".to_owned(),
            Refused::Account { .. } => "C8".to_owned(),
            Refused::Alarm(_) => "C14".to_owned(),
            Refused::External(_) => "R18".to_owned(),
            Refused::Waiver(_) => "C16".to_owned(),
            Refused::Label { .. } | Refused::LabelTaken { .. } => "ref".to_owned(),
            Refused::NotDurable | Refused::KillNotDurable | Refused::JournalSlow { .. } => "R37".to_owned(),
            Refused::Stale { .. } => "R5".to_owned(),
            _ => "stopped".to_owned(),
        };
        Self { rule: Some(rule), detail: refused.to_string() }
    }
}

impl From<PreviewError> for Fault {
    fn from(error: PreviewError) -> Self {
        match error {
            PreviewError::Refused(refused) => refused.into(),
            other => other.to_string().into(),
        }
    }
}

pub(super) type Outcome = Result<Value, Fault>;
