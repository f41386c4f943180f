//! [`RunningTemplate`]: an order type of a strategy's own, at work.

use std::time::Duration;

use order::IntentId;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::engine::Refused;
use crate::handle::Handle;

/// How far a template is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateProgress {
    /// Its name.
    pub label: String,
    /// The orders it has made, oldest first.
    pub orders: Vec<IntentId>,
    /// How much of them has filled.
    pub filled: Decimal,
    /// Whether one of them can still trade.
    pub is_live: bool,
    /// Why it makes no more, once that is so.
    pub end: Option<TemplateEnd>,
}

impl TemplateProgress {
    pub(crate) fn begun(label: &str) -> Self {
        Self { label: label.to_owned(), orders: Vec::new(), filled: Decimal::ZERO, is_live: false, end: None }
    }

    /// Whether it makes no more orders and none of those it made can trade.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.end.is_some() && !self.is_live
    }
}

/// Why a template makes no more orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TemplateEnd {
    /// It wanted nothing more.
    Finished,
    /// Its owner, or a kill, cancelled it, and with it what was alive.
    Cancelled,
    /// An order of it was refused; those it had made stay as they are.
    Refused(String),
    /// Its code panicked; what was alive was cancelled.
    Panicked,
    /// The trader was started anew; what was alive was cancelled.
    Interrupted,
}

impl std::fmt::Display for TemplateEnd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Finished => f.write_str("it wanted nothing more"),
            Self::Cancelled => f.write_str("it was cancelled"),
            Self::Refused(reason) => write!(f, "an order was refused: {reason}"),
            Self::Panicked => f.write_str("its code panicked, and its orders were cancelled"),
            Self::Interrupted => f.write_str("the trader was started anew, and its orders were cancelled"),
        }
    }
}

/// A template at work. To drop it changes nothing: the template goes on.
#[derive(Debug)]
pub struct RunningTemplate {
    pub(crate) label: String,
    pub(crate) progress: watch::Receiver<TemplateProgress>,
    pub(crate) handle: Handle,
}

impl RunningTemplate {
    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> TemplateProgress {
        self.progress.borrow().clone()
    }

    /// Waits until it satisfies `reached`; `None` where the time is up or the trader has stopped before.
    pub async fn wait_for(
        &mut self,
        within: Duration,
        reached: impl Fn(&TemplateProgress) -> bool,
    ) -> Option<TemplateProgress> {
        let reached = timeout(within, self.progress.wait_for(|progress| reached(progress))).await;
        reached.ok()?.ok().map(|progress| progress.clone())
    }

    /// Waits until it makes no more orders and none of those it made can trade.
    pub async fn done(&mut self, within: Duration) -> Option<TemplateProgress> {
        self.wait_for(within, TemplateProgress::is_over).await
    }

    /// Ends it, and asks for what it has alive to be cancelled; that may still fill until the broker confirms.
    ///
    /// # Errors
    /// [`Refused::Stopped`].
    pub async fn cancel(&self) -> Result<(), Refused> {
        self.handle.cancel_template(self.label.clone()).await
    }
}
