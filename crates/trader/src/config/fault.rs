//! [`ConfigError`]: every fault of a configuration at once.

use std::fmt;

use risk::LimitFault;

use crate::mask::Masked;

/// What is wrong with the configuration: every fault at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} in the configuration:{}", if faults.len() == 1 { "a fault" } else { "faults" }, faults.iter().map(|fault| format!("\n  {fault}")).collect::<String>())]
pub struct ConfigError {
    /// The faults, in the order of the settings.
    pub faults: Vec<ConfigFault>,
}

/// One setting that cannot stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    /// The variable that holds it.
    pub setting: &'static str,
    /// What it says.
    pub value: String,
    /// What is wrong with that.
    pub problem: Problem,
    /// What to do.
    pub remedy: String,
}

impl ConfigFault {
    pub(super) fn of(setting: &'static str, value: &str, problem: Problem, remedy: &str) -> Self {
        Self { setting, value: value.to_owned(), problem, remedy: remedy.to_owned() }
    }
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setting, value, problem, remedy } = self;
        write!(f, "{setting}")?;
        match problem {
            // An account is known by its last characters, and faults end up in logs.
            Problem::LiveAccountInPaperMode => write!(f, "={}", Masked(value))?,
            _ if value.is_empty() => {}
            _ => write!(f, "={}", value.escape_debug())?,
        }
        write!(f, " {problem}; {remedy}")
    }
}

/// Kinds of faults of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// It cannot be read as what it should be.
    Unreadable,
    /// It must be there and is not.
    Missing,
    /// It is a value of the right kind outside its range.
    OutOfRange,
    /// It is not one of the values that are allowed.
    NotAllowed,
    /// A live port while the mode is paper.
    LivePortInPaperMode,
    /// A live account while the mode is paper.
    LiveAccountInPaperMode,
    /// A limit that would allow nothing, or cannot be meant.
    Limit(LimitFault),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Limit(fault) => return fault.fmt(f),
            Self::Unreadable => "cannot be read",
            Self::Missing => "is missing",
            Self::OutOfRange => "is out of range",
            Self::NotAllowed => "is not allowed",
            Self::LivePortInPaperMode => "is a live port, but the mode is paper",
            Self::LiveAccountInPaperMode => "is a live account, but the mode is paper",
        })
    }
}
