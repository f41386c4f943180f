//! What an order would do to margins and cost, asked of TWS before it is placed.

use std::collections::BTreeMap;
use std::time::Duration;

use order::notice::{Meaning, meaning};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tws_client::SendError;
use tws_proto::ids::OrderId;
use tws_proto::message::{Notice, OpenOrder};
use tws_proto::order_state::OrderState;

use super::Engine;
use super::commands::{Refused, account_of};
use crate::event::Phase;
use crate::ticket::Ticket;

/// Most questions that may be open at once.
pub(crate) const PREVIEWS_MAX: usize = 16;
/// For how long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most remarks that are kept of one question.
const REMARKS_MAX: usize = 8;

/// Who waits for what an order would do.
pub(crate) type PreviewReply = oneshot::Sender<Result<OrderState, PreviewError>>;

/// Questions that TWS has not answered.
#[derive(Debug, Default)]
pub(super) struct Previews(BTreeMap<OrderId, Open>);

#[derive(Debug)]
struct Open {
    reply: PreviewReply,
    until: Instant,
    /// What TWS remarked meanwhile.
    remarks: Vec<String>,
    /// What TWS said that may or may not be its answer.
    doubt: Option<PreviewError>,
}

/// Why it is not known what an order would do. Nothing was placed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PreviewError {
    /// The ticket is not sound, or nothing can be asked now.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// TWS would not take such an order.
    #[error("TWS would not take the order: {code} {text}")]
    Rejected {
        /// IB's code.
        code: i32,
        /// Its words.
        text: String,
    },
    /// The question did not leave.
    #[error("the question was not sent: {0}")]
    NotSent(#[from] SendError),
    /// The connection was lost before TWS answered.
    #[error("the connection to TWS was lost before it answered; ask again")]
    LinkLost,
    /// TWS has not answered.
    #[error("TWS has not answered within {after:?}; ask again")]
    TimedOut {
        /// How long was waited.
        after: Duration,
    },
    /// Too many questions are open.
    #[error("{PREVIEWS_MAX} questions wait for TWS already; wait for their answers")]
    TooMany,
}

impl Previews {
    fn answer(&mut self, order_id: OrderId, answer: Result<OrderState, PreviewError>) {
        if let Some(open) = self.0.remove(&order_id) {
            let _ = open.reply.send(answer); // whoever asked may have gone
        }
    }

    /// Hears what is shown of an order that is none.
    pub(super) fn hear(&mut self, shown: OpenOrder) {
        let Some(open) = self.0.get_mut(&shown.order_id) else { return };
        let mut state = shown.state;
        // TWS may tell the order first, and what it does after.
        if state.initial_margin_change.is_none() && state.commission.is_none() && state.warning.is_empty() {
            return;
        }
        for remark in std::mem::take(&mut open.remarks) {
            if !state.warning.is_empty() {
                state.warning.push('\n');
            }
            state.warning.push_str(&remark);
        }
        self.answer(shown.order_id, Ok(state));
    }

    /// Hears a notice; whether it was about such a question.
    pub(super) fn hear_notice(&mut self, notice: &Notice) -> bool {
        let Some(order_id) = notice.id.map(OrderId) else { return false };
        let Some(open) = self.0.get_mut(&order_id) else { return false };
        let (code, text) = (notice.code, notice.text.clone());
        match meaning(code) {
            Meaning::Remark if open.remarks.len() < REMARKS_MAX => open.remarks.push(format!("{code} {text}")),
            Meaning::Remark => {}
            Meaning::Unclassed => open.doubt = Some(PreviewError::Rejected { code, text }),
            _ => self.answer(order_id, Err(PreviewError::Rejected { code, text })),
        }
        true
    }
}

impl Engine {
    /// Asks TWS what an order would do; of an order with exits or others, the first alone.
    pub(super) fn preview(&mut self, ticket: Ticket, strategy: &str, reply: PreviewReply) {
        match self.ask_preview(ticket, strategy) {
            Ok(order_id) => {
                let open = Open { reply, until: Instant::now() + PATIENCE, remarks: Vec::new(), doubt: None };
                self.previews.0.insert(order_id, open);
            }
            Err(error) => {
                let _ = reply.send(Err(error)); // whoever asked may have gone
            }
        }
    }

    fn ask_preview(&mut self, ticket: Ticket, strategy: &str) -> Result<OrderId, PreviewError> {
        let (phase, reason) = self.phase();
        if phase != Phase::Ready {
            return Err(Refused::NotReady { phase, reason }.into());
        }
        if self.previews.0.len() >= PREVIEWS_MAX {
            return Err(PreviewError::TooMany);
        }
        let account = account_of(&ticket, &self.state.borrow().accounts)?;
        let now = self.clock.now();
        let intent = ticket.intent(strategy, &account, self.ids.next(now));
        let (question, step) = self.books.orders.question(&intent, now).map_err(Refused::Submit)?;
        let order_id = question.order_id;
        self.take(step);
        self.client.send_order_messages(vec![question.into()])?;
        Ok(order_id)
    }

    /// Questions end with the connection.
    pub(super) fn lose_previews(&mut self) {
        while let Some((_, open)) = self.previews.0.pop_first() {
            let _ = open.reply.send(Err(PreviewError::LinkLost)); // whoever asked may have gone
        }
    }

    /// Gives up what TWS has not answered in time.
    pub(super) fn watch_previews(&mut self) {
        let now = Instant::now();
        for (_, open) in self.previews.0.extract_if(.., |_, open| open.until <= now) {
            let error = open.doubt.unwrap_or(PreviewError::TimedOut { after: PATIENCE });
            let _ = open.reply.send(Err(error)); // whoever asked may have gone
        }
    }
}
