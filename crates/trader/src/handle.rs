//! [`Handle`]: what strategies and people do with a trader that runs.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use event_bus::Feed;
use order::{Change, ExternalOrder, HaltScope, IntentId, Timestamp, Tracked};
use position::Totals;
use risk::{OpenAlarm, Statement, Waivable, Waiver};
use rust_decimal::Decimal;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};
use tws_client::RequestError;
use tws_client::contracts::{Contradiction, check_named};
use tws_proto::Contract;
use tws_proto::ids::{ContractId, PermanentId};
use tws_proto::order_state::OrderState;

use crate::books::Books;
use crate::engine::{Command, PreviewError, Refused};
use crate::event::{Event, Phase, Signal, TraderState};
use crate::inquiries::Inquiries;
use crate::instrument::Instrument;
use crate::placed::Placed;
use crate::template::RunningTemplate;
use crate::terms::{magnifier_of, rule_of, terms_of};
use crate::ticket::Ticket;

/// TWS says so where no contract fits.
const NO_SUCH_CONTRACT: i32 = 200;

/// What can be done with a trader that runs. Cheap to clone; every clone is as good.
#[derive(Clone)]
pub struct Handle {
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) state: watch::Receiver<TraderState>,
    pub(crate) bus: Feed<Event>,
    pub(crate) client: Inquiries,
    /// In whose name orders are submitted.
    pub(crate) owner: Arc<str>,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("owner", &self.owner).finish_non_exhaustive()
    }
}

impl Handle {
    /// The same trader, in another's name: orders and fills are attributed to it.
    #[must_use]
    pub fn for_strategy(&self, name: impl Into<Arc<str>>) -> Self {
        Self { owner: name.into(), ..self.clone() }
    }

    /// Where the trader stands now.
    #[must_use]
    pub fn state(&self) -> TraderState {
        self.state.borrow().clone()
    }

    /// Waits until orders are taken.
    ///
    /// # Errors
    /// [`NotReady`] with the state it stands in, when the time is up, when it halted, was killed or has stopped.
    pub async fn ready(&self, within: Duration) -> Result<TraderState, NotReady> {
        let mut state = self.state.clone();
        let settled =
            |state: &TraderState| matches!(state.phase, Phase::Ready | Phase::Halted | Phase::Killed | Phase::Stopped);
        let reached = match timeout(within, state.wait_for(settled)).await {
            Ok(Ok(reached)) => reached.clone(),
            Ok(Err(_)) | Err(_) => return Err(NotReady { state: self.state() }),
        };
        if reached.phase == Phase::Ready { Ok(reached) } else { Err(NotReady { state: reached }) }
    }

    /// Finds the one contract that is meant, with all that is known of it, and watches its market. Where TWS has no
    /// market data for it, [`Alarm::MarketDataEnded`](crate::Alarm::MarketDataEnded) says so.
    ///
    /// # Errors
    /// [`WatchError`]: no such contract, several, or one that contradicts what is said of it.
    pub async fn watch(&self, contract: &Contract) -> Result<Instrument, WatchError> {
        let instrument = self.find(contract).await?;
        let (reply, answer) = oneshot::channel();
        self.command(Command::Watch { contract: Box::new(instrument.contract.clone()), reply })
            .await
            .map_err(|_| WatchError::Stopped)?;
        answer.await.map_err(|_| WatchError::Stopped)??;
        Ok(instrument)
    }

    /// Finds the one contract that is meant.
    ///
    /// # Errors
    /// [`WatchError`]: no such contract, several, or one that contradicts what is said of it.
    pub async fn find(&self, contract: &Contract) -> Result<Instrument, WatchError> {
        let unknown = || WatchError::Unknown { symbol: what_is_asked(contract) };
        let mut found = self.client.contract_details(contract).await.map_err(|error| match error {
            RequestError::Rejected { code: NO_SUCH_CONTRACT, .. } => unknown(),
            other => WatchError::Request(other),
        })?;
        match (found.pop(), found.len()) {
            (Some(only), 0) => {
                check_named(contract, &only).map_err(WatchError::Contradicted)?;
                let instrument = Instrument::from(only);
                let steps = match rule_of(&instrument.details, &instrument.contract.exchange) {
                    Some(rule_id) => self.client.price_steps(rule_id).await,
                    None => None,
                };
                let terms = Box::new(terms_of(&instrument.details, steps));
                // From now on orders for it are held against what is known of it.
                let magnifier = magnifier_of(&instrument.details);
                let learn = Command::Learn { contract_id: instrument.id(), terms, magnifier };
                self.command(learn).await.map_err(|_| WatchError::Stopped)?;
                Ok(instrument)
            }
            (Some(_), others) => Err(WatchError::Ambiguous { symbol: what_is_asked(contract), count: others + 1 }),
            (None, _) => Err(unknown()),
        }
    }

    /// Submits an order, or an order with its exits.
    ///
    /// When this returns, the order is durable and on its way to TWS; what becomes of it, the returned [`Placed`] tells.
    /// Giving up this future does not take the order back.
    ///
    /// # Errors
    /// [`Refused`] says which rule refused; nothing was sent.
    pub async fn submit(&self, ticket: Ticket) -> Result<Placed, Refused> {
        self.submit_group(vec![ticket]).await
    }

    /// Submits two or more orders of which the first that fills cancels the others (OCA, with block). They are recorded
    /// and sent together or not at all. A ticket with exits, or with others of its own, cannot be one of them.
    ///
    /// # Errors
    /// As [`submit`](Self::submit); also where the group has too few or too many orders.
    pub async fn submit_one_cancels_all(&self, tickets: Vec<Ticket>) -> Result<Placed, Refused> {
        if tickets.len() < 2 {
            let invalid = order::Invalid::Group(order::GroupFault::Size);
            return Err(Refused::Submit(order::SubmitError::Invalid(invalid)));
        }
        self.submit_group(tickets).await
    }

    async fn submit_group(&self, tickets: Vec<Ticket>) -> Result<Placed, Refused> {
        Ticket::check_joined(&tickets)?;
        let (reply, answer) = oneshot::channel();
        let (strategy, asked_at) = (self.owner.to_string(), Instant::now());
        self.command(Command::Submit { tickets, strategy, asked_at, reply }).await?;
        let (intents, updates) = answer.await.map_err(|_| Refused::Stopped)??;
        Ok(Placed::new(intents, updates, self.clone()))
    }

    /// Asks TWS what an order would do to margins and what it would cost (`whatIf`), and places nothing; of an order with exits
    /// or others, what the first alone would do. The gate is not asked: it may refuse what TWS would take.
    ///
    /// What TWS warns of stands in [`OrderState::warning`]. A margin that TWS does not tell is `None`.
    ///
    /// # Errors
    /// [`PreviewError`]: TWS would not take it, nothing could be asked, or no answer came.
    pub async fn preview(&self, ticket: Ticket) -> Result<OrderState, PreviewError> {
        let (reply, answer) = oneshot::channel();
        let (ticket, strategy) = (Box::new(ticket), self.owner.to_string());
        self.command(Command::Preview { ticket, strategy, reply }).await?;
        answer.await.map_err(|_| Refused::Stopped)?
    }

    /// Sets a template to work, in this handle's name: an order type of one's own, made of orders that IB knows. Its
    /// orders pass the gate as all others do. It is asked between rounds, while orders are taken; be quick in it.
    ///
    /// What a template remembers is in the program alone. A trader that is started anew therefore cannot go on with it: it
    /// cancels what the template has alive and says so in an alarm.
    ///
    /// # Errors
    /// [`Refused`]: orders are not taken now, or the label is none or that of a template at work.
    pub async fn run_template(
        &self,
        label: impl Into<String>,
        template: impl order::template::Template + Send + 'static,
    ) -> Result<RunningTemplate, Refused> {
        let (reply, answer) = oneshot::channel();
        let (label, strategy) = (label.into(), self.owner.to_string());
        let command = Command::RunTemplate { label: label.clone(), strategy, template: Box::new(template), reply };
        self.command(command).await?;
        let progress = answer.await.map_err(|_| Refused::Stopped)??;
        Ok(RunningTemplate { label, progress, handle: self.clone() })
    }

    pub(crate) async fn cancel_template(&self, label: String) -> Result<(), Refused> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::CancelTemplate { label, reply }).await?;
        answer.await.map_err(|_| Refused::Stopped)?
    }

    /// Asks for a working order to be changed.
    ///
    /// # Errors
    /// [`Refused`] says why not; the order stays as it is.
    pub async fn change(&self, id: IntentId, change: Change) -> Result<(), Refused> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Change { id, change: Box::new(change), asked_at: Instant::now(), reply }).await?;
        answer.await.map_err(|_| Refused::Stopped)?
    }

    /// Asks for an order to be cancelled; it may still fill until the broker confirms. Asking again does no harm.
    ///
    /// # Errors
    /// [`Refused`] where there is no such order.
    pub async fn cancel(&self, id: IntentId) -> Result<(), Refused> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Cancel { id, reply }).await?;
        answer.await.map_err(|_| Refused::Stopped)?
    }

    /// Asks for every live order to be cancelled that `which` picks; says how many there are. The engine waits for
    /// `which`: be quick.
    ///
    /// # Errors
    /// [`Refused::Stopped`].
    ///
    /// # Panics
    /// Where `which` does.
    pub async fn cancel_all(&self, which: impl Fn(&Tracked) -> bool + Send + 'static) -> Result<usize, Refused> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::CancelAll { which: Box::new(which), reply }).await?;
        Ok(answer.await.map_err(|_| Refused::Stopped)?.unwrap_or_else(|panic| resume_unwind(panic)))
    }

    /// Stops all trading: no new orders, cancels for all of ours, until [`Handle::rearm`], over restarts too.
    ///
    /// # Errors
    /// [`Refused::KillNotDurable`] where all this is done but a restart would not know; [`Refused::Stopped`].
    pub async fn kill(&self, by: impl Into<String>, reason: impl Into<String>) -> Result<(), Refused> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Kill { by: by.into(), reason: reason.into(), reply }).await?;
        answer.await.map_err(|_| Refused::Stopped)?
    }

    /// Lets trading go on after a kill, on the word of a named person; whether there was one to lift.
    ///
    /// # Errors
    /// [`Refused::NotDurable`] where the journal has failed; [`Refused::Stopped`].
    pub async fn rearm(&self, by: impl Into<String>) -> Result<bool, Refused> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Rearm { by: by.into(), reply }).await?;
        answer.await.map_err(|_| Refused::Stopped)?
    }

    /// Arms live trading anew until a time within a day from now, on the word of a named person, in the place of the arming
    /// that stands (C11). It holds while this trader runs: the next start is armed by its configuration. In paper trading it
    /// changes nothing.
    ///
    /// # Errors
    /// [`Refused::Arming`] where nobody is named or the time is none; [`Refused::NotReady`] before the first login;
    /// [`Refused::NotDurable`].
    pub async fn arm(&self, by: impl Into<String>, until: jiff::Timestamp) -> Result<(), Refused> {
        let (reply, answer) = oneshot::channel();
        let until = Timestamp(until.as_microsecond());
        self.command(Command::Arm { by: by.into(), until, reply }).await?;
        answer.await.map_err(|_| Refused::Stopped)?
    }

    /// Lifts a halt of a strategy, an instrument or everything on the word of a named person (R17, R26, R30); which there
    /// are, [`order::Orders::halts`] tells.
    ///
    /// # Errors
    /// [`Refused`] where there is no such halt, nobody is named, or the journal has failed.
    pub async fn acknowledge(&self, scope: HaltScope, by: impl Into<String>) -> Result<(), Refused> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Acknowledge { scope, by: by.into(), reply }).await?;
        answer.await.map_err(|_| Refused::Stopped)?
    }

    /// Orders of others that are live: made by hand, or by another client.
    ///
    /// # Errors
    /// [`Refused::Stopped`].
    pub async fn external_orders(&self) -> Result<Vec<ExternalOrder>, Refused> {
        self.inspect(|books| books.orders.external().cloned().collect()).await
    }

    /// Takes an order of others on, in the name of this handle's strategy, on a named person's word: from now on it is an
    /// order like any other, but that it is changed and cancelled where it was made (R18). A label names it as
    /// [`Ticket::label`] does.
    ///
    /// # Errors
    /// [`Refused::External`] says why not; then it goes on as it was.
    pub async fn adopt(
        &self,
        number: PermanentId,
        by: impl Into<String>,
        label: Option<String>,
    ) -> Result<IntentId, Refused> {
        let (reply, answer) = oneshot::channel();
        let (strategy, by) = (self.owner.to_string(), by.into());
        self.command(Command::Adopt { number, strategy, by, label, reply }).await?;
        answer.await.map_err(|_| Refused::Stopped)?
    }

    /// Leaves an order of others out of what counts in risk until it has filled, on a named person's word (R18).
    ///
    /// # Errors
    /// [`Refused::External`] says why not.
    pub async fn ignore(&self, number: PermanentId, by: impl Into<String>) -> Result<(), Refused> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Ignore { number, by: by.into(), reply }).await?;
        answer.await.map_err(|_| Refused::Stopped)?
    }

    /// Lets one order of this handle's strategy go past a control, on the word of a named person and for a reason: the next
    /// ticket [`with_waiver`](Ticket::with_waiver) that needs it. It holds for a minute, as the limits say, and is not used
    /// up by an order that passes without it. Word and use are in the journal (C16).
    ///
    /// # Errors
    /// [`Refused::Waiver`] where the limits allow none, or somebody or something is not named; [`Refused::NotDurable`].
    pub async fn waive(
        &self,
        control: Waivable,
        by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<Waiver, Refused> {
        let (reply, answer) = oneshot::channel();
        let (strategy, by, reason) = (self.owner.to_string(), by.into(), reason.into());
        self.command(Command::Waive { control, strategy, by, reason, reply }).await?;
        answer.await.map_err(|_| Refused::Stopped)?
    }

    /// What the last trading days came to that are over, and where the broker tells otherwise (C13); `None` before the first.
    ///
    /// # Errors
    /// [`Refused::Stopped`].
    pub async fn statement(&self) -> Result<Option<Statement>, Refused> {
        self.inspect(|books| books.statement.clone()).await
    }

    /// Alarms that nobody has acknowledged, oldest first, those of before a restart among them. Each is told again as
    /// [`Event::AlarmStands`] until somebody does.
    ///
    /// # Errors
    /// [`Refused::Stopped`].
    pub async fn alarms(&self) -> Result<Vec<OpenAlarm>, Refused> {
        self.inspect(|books| books.alarms.open().cloned().collect()).await
    }

    /// A named person knows of an alarm: it is told no more. What it is about is not mended by that.
    ///
    /// # Errors
    /// [`Refused`] where it does not stand, nobody is named, or the journal has failed.
    pub async fn acknowledge_alarm(&self, number: u64, by: impl Into<String>) -> Result<(), Refused> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::AcknowledgeAlarm { number, by: by.into(), reply }).await?;
        answer.await.map_err(|_| Refused::Stopped)?
    }

    /// Looks at orders and positions as they are between two rounds of events, all of them durable. The engine waits
    /// for `look`: be quick.
    ///
    /// # Errors
    /// [`Refused::Stopped`].
    ///
    /// # Panics
    /// Where `look` does.
    pub async fn inspect<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Books) -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let (reply, answer) = oneshot::channel();
        // A panic of the caller's code must not end the engine: it goes back to the caller.
        let look = move |books: &Books| {
            let _ = reply.send(catch_unwind(AssertUnwindSafe(|| look(books))));
        };
        self.command(Command::Inspect(Box::new(look))).await?;
        Ok(answer.await.map_err(|_| Refused::Stopped)?.unwrap_or_else(|panic| resume_unwind(panic)))
    }

    /// What this strategy holds of a contract, over all accounts.
    ///
    /// # Errors
    /// [`Refused::Stopped`].
    pub async fn position(&self, contract_id: ContractId) -> Result<Decimal, Refused> {
        let owner = Arc::clone(&self.owner);
        self.inspect(move |books| {
            let ours = books.ledger.holdings().filter(|held| held.strategy == Some(owner.as_ref()));
            ours.filter(|held| held.instrument.contract_id == contract_id).map(|held| held.position.quantity).sum()
        })
        .await
    }

    /// Profit and loss of an account in one currency.
    ///
    /// # Errors
    /// [`Refused::Stopped`].
    pub async fn totals(&self, account: impl Into<String>, currency: impl Into<String>) -> Result<Totals, Refused> {
        let (account, currency) = (account.into(), currency.into());
        self.inspect(move |books| books.ledger.totals(&account, &currency)).await
    }

    /// What travels on the bus, for subscriptions of any kind. Only the engine publishes; see [`Handle::publish`].
    #[must_use]
    pub const fn bus(&self) -> &Feed<Event> {
        &self.bus
    }

    /// The session with TWS, for what is no order: its clock, account values, contracts, streams.
    #[must_use]
    pub const fn client(&self) -> &Inquiries {
        &self.client
    }

    /// Puts something from outside on the bus: a prediction, a news item, a number.
    ///
    /// # Errors
    /// [`Refused::Stopped`].
    pub async fn publish(&self, signal: Signal) -> Result<(), Refused> {
        self.command(Command::Publish(Box::new(Event::Signal(signal)))).await
    }

    pub(crate) async fn command(&self, command: Command) -> Result<(), Refused> {
        self.commands.send(command).await.map_err(|_| Refused::Stopped)
    }
}

/// The trader takes no orders.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the trader is {}, not ready{}{}", state.phase, if state.reason.is_empty() { "" } else { ": " }, state.reason)]
pub struct NotReady {
    /// Where it stands.
    pub state: TraderState,
}

/// By what a contract is asked for.
fn what_is_asked(contract: &Contract) -> String {
    let words = if contract.symbol.is_empty() { &contract.local_symbol } else { &contract.symbol };
    match contract.known_id() {
        None => words.clone(),
        Some(id) if words.is_empty() => format!("number {}", id.0),
        Some(id) => format!("{words}, number {}", id.0),
    }
}

/// Why a contract cannot be watched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// TWS knows none that fits.
    #[error("TWS knows no contract that fits {symbol}; check symbol, kind, exchange and currency")]
    Unknown {
        /// What was asked for.
        symbol: String,
    },
    /// Several fit.
    #[error("{count} contracts fit {symbol}; name its primary exchange, month or number")]
    Ambiguous {
        /// What was asked for.
        symbol: String,
        /// How many fit.
        count: usize,
    },
    /// The number stands for another contract than the words beside it. Leave one of them out.
    #[error("the contract contradicts itself: {0}")]
    Contradicted(Contradiction),
    /// TWS did not answer, or answered with an error.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The trader has stopped.
    #[error("the trader has stopped")]
    Stopped,
}
