//! [`Desk`]: carries out commands in their order and tells what happens meanwhile.

use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use event_bus::{Queue, Subscription};
use order::{IntentId, State};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use trader::{Alarm, Event, Handle, Instrument, Phase, Quote, Refused, Trader, TraderConfig, TraderState, WatchError};
use tws_proto::ids::PermanentId;

use super::command::{Command, Kind, Modify, Named, Order};
use super::fault::{Fault, Outcome};
use super::id::Id;
use super::intake::{COMMANDS_MAX, End, Intake, Taken};
use super::lines::Line;
use super::signals::Signals;
use super::told::{
    alarm_json, execution_id, external_json, fill_row, order_json, order_row, position_json, preview_json, quote_json,
    side_text, state_json, tagged,
};
use super::voice::{Unheard, Voice};

/// Events that may wait to be told; more end the process, as an event that is left out would be believed not to be.
const EVENTS_MAX: usize = 65_536;
/// Markets whose newest quote may wait to be told.
const QUOTES_MAX: usize = 4096;
/// How long an order without a price of its own waits for the first quote of its market.
const QUOTE_WAIT: Duration = Duration::from_secs(3);
/// How long a contract may take to be found.
const FIND_WAIT: Duration = Duration::from_secs(15);

/// How long commands that wait at the end of the input may take.
const LAST_COMMANDS: Duration = Duration::from_secs(30);
/// How long the end waits for what is still to be told.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How long the end goes on answering lines that still come.
const LAST_LINES: Duration = Duration::from_secs(1);
/// Where none comes for so long, all that were written are answered.
const LINE_GAP: Duration = Duration::from_millis(20);

/// What everybody at the desk shares.
pub(super) struct Desk {
    config: TraderConfig,
    trader: Handle,
    voice: Voice,
    instruments: BTreeMap<Named, Instrument>,
    refs: Refs,
    /// Whether the desk closes, and nothing more is carried out.
    closes: Arc<AtomicBool>,
}

/// Names of orders, by intent. Names are given before anything is told of an order.
#[derive(Clone, Default)]
struct Refs(Arc<Mutex<BTreeMap<IntentId, String>>>);

/// How the desk closed.
pub(super) enum Ending {
    /// `quit` was said, the input ended, or the process was told to end.
    Wanted,
    /// Nobody hears what is said.
    Unheard,
}

/// How [`Desk::serve`] ended, and what is still to be said.
pub(super) struct Closed {
    ending: Ending,
    /// The id of a `quit`, which is answered at the very end.
    quit: Option<Id>,
    /// Those who still have something to tell.
    tasks: Vec<JoinHandle<()>>,
    /// Refuses what is still asked.
    intake: JoinHandle<Result<(), Unheard>>,
    /// How many lines that one has taken.
    taken: Arc<AtomicU64>,
}

impl Desk {
    pub(super) fn new(config: TraderConfig, trader: Handle, voice: Voice) -> Self {
        Self { config, trader, voice, instruments: BTreeMap::new(), refs: Refs::default(), closes: Arc::default() }
    }

    /// Serves until the end of the input, `quit`, a signal, or until nobody hears. What was asked before the end of the
    /// input is still carried out; `quit` and signals do not wait for it.
    pub(super) async fn serve(self, lines: mpsc::Receiver<Line>, mut signals: Signals) -> Closed {
        let (voice, trader, closes) = (self.voice.clone(), self.trader.clone(), Arc::clone(&self.closes));
        let (sender, commands) = mpsc::channel(COMMANDS_MAX);
        let (intake, end) = Intake::new(sender.downgrade(), voice.clone(), trader.clone());
        let (taken, intake) = (intake.taken(), tokio::spawn(intake.take(lines)));
        let mut told = tokio::spawn(tell(trader, voice.clone(), self.refs.clone(), Arc::clone(&closes)));
        let mut worker = tokio::spawn(self.work(commands));
        let quit = tokio::select! {
            biased;
            () = signals.told() => Some(None),
            _ = &mut told => None,
            _ = &mut worker => None,
            () = voice.failed() => None,
            end = end => match end {
                Ok(End::Input) => {
                    drop(sender);
                    tokio::select! {
                        () = signals.told() => {}
                        () = voice.failed() => {}
                        _ = timeout(LAST_COMMANDS, &mut worker) => {}
                    }
                    Some(None)
                }
                Ok(End::Quit(id)) => Some(Some(id)),
                Err(_) => None, // what it said was not heard
            },
        };
        closes.store(true, Ordering::Relaxed);
        match quit {
            Some(quit) => {
                let tasks = [worker, told].into_iter().filter(|task| !task.is_finished()).collect();
                Closed { ending: Ending::Wanted, quit, tasks, intake, taken }
            }
            None => Closed { ending: Ending::Unheard, quit: None, tasks: Vec::new(), intake, taken },
        }
    }

    /// Carries out commands, one after the other. Only cancels do not wait for another order, which may be looked for long.
    async fn work(mut self, mut commands: mpsc::Receiver<Taken>) {
        let known = self.trader.inspect(|books| books.labels.clone()).await.unwrap_or_default();
        self.refs.extend(known);
        let (voice, trader, closes) = (self.voice.clone(), self.trader.clone(), Arc::clone(&self.closes));
        let mut waiting = VecDeque::new();
        loop {
            let next = match waiting.pop_front() {
                Some(taken) => Some(taken),
                None => commands.recv().await,
            };
            let Some(Taken { command: Command { id, kind }, place }) = next else { return };
            drop(place);
            let reference = kind.reference().map(str::to_owned);
            let outcome = match self.check_open() {
                Ok(()) => {
                    let mut carried = pin!(self.carry_out(kind));
                    loop {
                        let taken = tokio::select! {
                            biased;
                            outcome = &mut carried => break outcome,
                            Some(taken) = commands.recv() => taken,
                        };
                        match overtakes(&trader, &taken, &waiting).await {
                            None => waiting.push_back(taken),
                            Some(_) if closes.load(Ordering::Relaxed) => waiting.push_back(taken),
                            Some(name) => {
                                let outcome = cancel(&trader, name).await;
                                if tell_outcome(&voice, &taken.command.id, Some(name), outcome).is_err() {
                                    return;
                                }
                            }
                        }
                    }
                }
                closed => closed.map(|()| Value::Null),
            };
            if tell_outcome(&voice, &id, reference.as_deref(), outcome).is_err() {
                return;
            }
        }
    }

    /// Whether anything is still carried out.
    fn check_open(&self) -> Result<(), Fault> {
        if !self.closes.load(Ordering::Relaxed) {
            return Ok(());
        }
        Err(Fault::ended())
    }

    /// What only a person can mend keeps no order waiting for its contract. All else may pass while it is looked for.
    fn check_not_halted(&self) -> Result<(), Fault> {
        match self.trader.state() {
            TraderState { phase: phase @ Phase::Halted, reason, .. } => Err(Refused::NotReady { phase, reason }.into()),
            _ => Ok(()),
        }
    }

    async fn carry_out(&mut self, kind: Kind) -> Outcome {
        match kind {
            Kind::Submit(order) => {
                let instrument = self.instrument(&order).await?;
                let ticket = order.ticket(&instrument)?;
                let placed = self.owner(&order).submit(ticket).await?;
                self.placed(&[&order.r#ref], placed.ids())
            }
            Kind::Preview(order) => {
                let instrument = self.find(&order.contract).await?;
                let preview = self.owner(&order).preview(order.ticket(&instrument)?).await?;
                Ok(preview_json(&preview))
            }
            Kind::Bracket(bracket) => {
                let instrument = self.instrument(&bracket.entry).await?;
                let ticket = bracket.ticket(&instrument)?;
                let placed = self.owner(&bracket.entry).submit(ticket).await?;
                let entry = &bracket.entry.r#ref;
                let (take_profit, stop_loss) = (format!("{entry}:take_profit"), format!("{entry}:stop_loss"));
                self.placed(&[entry, &take_profit, &stop_loss], placed.ids())
            }
            Kind::Oco(oco) => {
                let mut tickets = Vec::new();
                for order in &oco.orders {
                    let instrument = self.instrument(order).await?;
                    tickets.push(order.ticket(&instrument)?);
                }
                let Some(first) = oco.orders.first() else { return Err("an OCO group has orders".to_owned().into()) };
                if oco.orders.iter().any(|order| order.strategy != first.strategy) {
                    return Err("all orders of an OCO group are given in the name of one `strategy`".to_owned().into());
                }
                let placed = self.owner(first).submit_one_cancels_all(tickets).await?;
                let refs: Vec<&str> = oco.orders.iter().map(|order| order.r#ref.as_str()).collect();
                self.placed(&refs, placed.ids())
            }
            Kind::Modify(modify) => self.modify(*modify).await,
            Kind::Cancel { r#ref } => cancel(&self.trader, &r#ref).await,
            Kind::CancelAll {} => Ok(json!({"cancels": self.trader.cancel_all(|_| true).await?})),
            Kind::Orders {} => {
                let refs = self.refs.clone();
                let rows = self.trader.inspect(move |books| {
                    let orders = books.orders.iter();
                    orders.map(|order| order_row(&order, refs.of(order.intent.id).as_deref())).collect::<Value>()
                });
                Ok(rows.await?)
            }
            Kind::Fills {} => self.fills().await,
            Kind::Positions {} => positions(&self.trader).await,
            Kind::State {} => Ok(state_json(&self.trader.state())),
            Kind::Subscribe { contract } => {
                // Asked for again where its data has ended.
                self.instruments.remove(&contract);
                let instrument = self.find(&contract).await?;
                Ok(json!({"con_id": instrument.id().0, "symbol": instrument.symbol}))
            }
            Kind::Arm { by } => self.arm(&by).await,
            Kind::External {} => Ok(self.trader.external_orders().await?.iter().map(external_json).collect()),
            Kind::Adopt { perm_id, by, strategy, r#ref } => {
                let owner = strategy.map_or_else(|| self.trader.clone(), |name| self.trader.for_strategy(name));
                let intent = owner.adopt(permanent_id(&perm_id)?, by, r#ref.clone()).await?;
                self.refs.extend(r#ref.clone().map(|name| (name, intent)));
                Ok(json!({"ref": r#ref, "intent": intent.to_string()}))
            }
            Kind::Ignore { perm_id, by } => {
                self.trader.ignore(permanent_id(&perm_id)?, by).await?;
                Ok(Value::Null)
            }
            Kind::Waive { control, by, reason, strategy } => {
                let control = trader::Waivable::named(&control)
                    .ok_or_else(|| format!("no order may be let past {control:?}: say C1, C2, C4, C6 or C9"))?;
                let owner = strategy.map_or_else(|| self.trader.clone(), |name| self.trader.for_strategy(name));
                let waiver = owner.waive(control, by, reason).await?;
                Ok(json!({"number": waiver.number, "until_us": waiver.until.0}))
            }
            Kind::Statement {} => Ok(json!(self.trader.statement().await?)),
            Kind::Alarms {} => Ok(self.trader.alarms().await?.iter().map(alarm_json).collect()),
            Kind::Acknowledge { number, by } => {
                self.trader.acknowledge_alarm(number, by).await?;
                Ok(Value::Null)
            }
            Kind::Verify {} => self.verify().await,
            Kind::Kill { .. } | Kind::Quit {} => Ok(Value::Null), // taken before they come here
        }
    }

    /// Lifts the kill and every halt, on the word of a named person.
    async fn arm(&self, by: &str) -> Outcome {
        let is_rearmed = self.trader.rearm(by).await?;
        let halted =
            self.trader.inspect(|books| books.orders.halts().map(|halt| halt.scope.clone()).collect::<Vec<_>>());
        let halted = halted.await?;
        if !is_rearmed && halted.is_empty() {
            let TraderState { phase, reason, .. } = self.trader.state();
            return Err(match (by.trim().is_empty(), phase) {
                (true, _) => "nothing was armed: `by` names nobody; say who arms it".to_owned(),
                (false, Phase::Halted) => format!("no arming lifts this halt: {reason}"),
                (false, _) => format!("there is nothing to be armed: the trader is {phase}, neither killed nor halted"),
            }
            .into());
        }
        for scope in halted {
            self.trader.acknowledge(scope, by).await?;
        }
        Ok(Value::Null)
    }

    /// In whose name an order is given.
    fn owner(&self, order: &Order) -> Handle {
        match &order.strategy {
            Some(name) => self.trader.for_strategy(name.as_str()),
            None => self.trader.clone(),
        }
    }

    fn placed(&self, refs: &[&str], intents: &[IntentId]) -> Outcome {
        let named = refs.iter().zip(intents);
        // While the trader ends, nobody but this knows them.
        self.refs.extend(named.clone().map(|(name, intent)| ((*name).to_owned(), *intent)));
        Ok(named.map(|(name, intent)| json!({"ref": name, "intent": intent.to_string()})).collect())
    }

    async fn modify(&self, modify: Modify) -> Outcome {
        let intent = intent(&self.trader, &modify.r#ref).await?;
        let kind =
            self.trader.inspect(move |books| books.orders.get(intent).map(|order| order.intent.kind.clone())).await?;
        let kind = kind.ok_or_else(|| format!("there is no order {:?}", modify.r#ref))?;
        self.trader.change(intent, modify.change(&kind)?).await?;
        Ok(Value::Null)
    }

    /// The instrument of an order, watched; with a quote, where the order's price hangs on it.
    async fn instrument(&mut self, order: &Order) -> Result<Instrument, Fault> {
        let is_known = self.instruments.contains_key(&order.contract);
        self.check_not_halted()?;
        let mut quotes = quotes(&self.trader);
        let found = self.find(&order.contract).await;
        // Where the end came first, that is why nothing was found.
        self.check_open()?;
        let instrument = found?;
        if order.needs_quote() && !is_known {
            let id = instrument.id();
            let first = async {
                while let Ok(delivery) = quotes.recv().await {
                    if delivery.event().is_some_and(|quote| quote.contract_id == id && quote.mark().is_some()) {
                        return;
                    }
                }
            };
            // Without one the gate refuses the order, and says so better than this could.
            let _ = timeout(QUOTE_WAIT, first).await;
        }
        // What was cancelled at the end must not be placed behind it.
        self.check_open().map(|()| instrument)
    }

    /// Finds a contract and watches its market, once.
    async fn find(&mut self, named: &Named) -> Result<Instrument, Fault> {
        if let Some(known) = self.instruments.get(named) {
            return Ok(known.clone());
        }
        let contract = named.contract()?;
        let found = timeout(FIND_WAIT, self.trader.watch(&contract)).await;
        let found = found.map_err(|_| format!("the contract was not found within {} s", FIND_WAIT.as_secs()))?;
        let instrument = found.map_err(|error| self.not_found(&error))?;
        self.instruments.insert(named.clone(), instrument.clone());
        Ok(instrument)
    }

    /// Why a contract was not found; where TWS could not be asked at all, the rule that has it so.
    fn not_found(&self, error: &WatchError) -> Fault {
        let TraderState { phase, reason, .. } = self.trader.state();
        if !matches!((error, phase), (WatchError::Request(_), Phase::Connecting)) {
            return error.to_string().into();
        }
        let reason = if reason.is_empty() { String::new() } else { format!(", {reason}") };
        let detail = format!("TWS cannot be asked for the contract: the trader is {phase}{reason}; wait for `ready`");
        Fault { rule: Some("R5".to_owned()), detail }
    }

    async fn fills(&self) -> Outcome {
        let refs = self.refs.clone();
        let fills = self.trader.inspect(move |books| {
            let executions = books.orders.executions().iter();
            executions
                .map(|(root, execution)| {
                    let name = execution.intent.and_then(|intent| refs.of(intent));
                    fill_row(books, &root, &execution, name.as_deref())
                })
                .collect::<Value>()
        });
        Ok(fills.await?)
    }

    /// Proves the journal and replays it, as a restart would.
    async fn verify(&self) -> Outcome {
        let config = self.config.clone();
        let proven = tokio::task::spawn_blocking(move || {
            let verified = Trader::verify(&config).map_err(|error| error.to_string())?;
            let books = Trader::replay(&config).map_err(|error| error.to_string())?;
            Ok(json!({
                "records": verified.records,
                "head": verified.head.to_string(),
                "orders": books.orders.iter().count(),
                "fingerprint": books.fingerprint(),
            }))
        });
        proven.await.map_err(|error| error.to_string())?.map_err(|detail: String| Fault::from(detail))
    }
}

/// The name of the order that a command cancels, where nothing that was said before is about it.
async fn overtakes<'a>(trader: &Handle, taken: &'a Taken, waiting: &VecDeque<Taken>) -> Option<&'a str> {
    let Kind::Cancel { r#ref } = &taken.command.kind else { return None };
    if waiting.iter().any(|before| before.command.kind.reference() == Some(r#ref)) {
        return None;
    }
    intent(trader, r#ref).await.is_ok().then_some(r#ref)
}

async fn cancel(trader: &Handle, name: &str) -> Outcome {
    let intent = intent(trader, name).await?;
    trader.cancel(intent).await?;
    // Of an order that has ended no event follows.
    let state = trader.inspect(move |books| books.orders.get(intent).map(|order| order.state.name()));
    Ok(json!({"state": state.await?}))
}

async fn intent(trader: &Handle, name: &str) -> Result<IntentId, Fault> {
    let wanted = name.to_owned();
    let found = trader.inspect(move |books| books.labels.get(&wanted).copied()).await?;
    found.ok_or_else(|| Fault { rule: Some("ref".to_owned()), detail: format!("there is no order {name:?}") })
}

/// Tells what became of a command: a refusal as an event too.
fn tell_outcome(voice: &Voice, id: &Id, reference: Option<&str>, outcome: Outcome) -> Result<(), Unheard> {
    if let Err(Fault { rule: Some(rule), detail }) = &outcome {
        voice.say(&json!({"event": "refused", "ref": reference, "rule": rule, "detail": detail}))?;
    }
    answer(voice, id, outcome)
}

impl Kind {
    /// The name of the order it is about.
    fn reference(&self) -> Option<&str> {
        match self {
            Self::Submit(order) | Self::Preview(order) => Some(&order.r#ref),
            Self::Bracket(bracket) => Some(&bracket.entry.r#ref),
            Self::Modify(modify) => Some(&modify.r#ref),
            Self::Cancel { r#ref } => Some(r#ref),
            Self::Oco(oco) => oco.orders.first().map(|order| order.r#ref.as_str()),
            Self::CancelAll {} | Self::Orders {} | Self::Fills {} | Self::Positions {} | Self::State {} => None,
            Self::Statement {} | Self::External {} | Self::Ignore { .. } => None,
            Self::Adopt { r#ref, .. } => r#ref.as_deref(),
            Self::Waive { .. } | Self::Alarms {} | Self::Acknowledge { .. } => None,
            Self::Subscribe { .. } | Self::Kill { .. } | Self::Arm { .. } | Self::Verify {} | Self::Quit {} => None,
        }
    }
}

impl Closed {
    /// Waits until all that was asked is answered and all that happened is told, now that the trader has stopped.
    pub(super) async fn finish(&mut self) {
        let _ = timeout(LAST_WORDS, async {
            for task in self.tasks.drain(..) {
                // A panic of it is told by its own message.
                let _ = task.await;
            }
        })
        .await;
        // What was written before the end is answered; whoever goes on writing keeps nobody.
        let _ = timeout(LAST_LINES, async {
            let mut taken = None;
            while !self.intake.is_finished() && taken.replace(self.taken()) != Some(self.taken()) {
                sleep(LINE_GAP).await;
            }
        })
        .await;
        self.intake.abort();
        if let Ok(Err(Unheard)) = (&mut self.intake).await {
            self.ending = Ending::Unheard;
        }
    }

    fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    pub(super) fn kind(self) -> Ending {
        self.ending
    }

    /// Answers a `quit`, now that all is closed.
    pub(super) fn say_goodbye(&self, voice: &Voice, outcome: Outcome) {
        if let Some(id) = &self.quit {
            // Whoever asked may have gone.
            let _ = answer(voice, id, outcome);
        }
    }
}

impl Refs {
    fn of(&self, intent: IntentId) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&intent).cloned()
    }

    /// Waits until whoever placed an order has heard that it is.
    async fn await_name(&self, intent: IntentId) {
        let named = async {
            while self.of(intent).is_none() {
                sleep(LINE_GAP).await;
            }
        };
        // One that nobody named has none.
        let _ = timeout(LAST_LINES, named).await;
    }

    fn extend(&self, labels: impl IntoIterator<Item = (String, IntentId)>) {
        let mut refs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        refs.extend(labels.into_iter().map(|(label, intent)| (intent, label)));
    }
}

/// Tells every event, until nobody hears it.
async fn tell(trader: Handle, voice: Voice, refs: Refs, closes: Arc<AtomicBool>) {
    let mut events: Subscription<Event> =
        trader.bus().subscribe_map(Queue::lossless(EVENTS_MAX), |event| match event {
            Event::Quote(_) => None,
            other => Some(other.clone()),
        });
    let mut quotes = quotes(&trader);
    // What was before the first event.
    if voice.say(&tagged("state", state_json(&trader.state()))).is_err() {
        return;
    }
    loop {
        let said = tokio::select! {
            biased;
            event = events.recv() => match event {
                Ok(delivery) => match delivery.event() {
                    Some(Event::State(state)) if state.phase == trader::Phase::Stopped => {
                        // The last word; where nobody hears it, there is nothing left to be done.
                        let _ = voice.say(&tagged("state", state_json(&state)));
                        return;
                    }
                    // Our own closing cuts the connection; at the broker the order stays as it was told last.
                    Some(Event::Order(update))
                        if matches!(update.state, State::Unknown(_)) && closes.load(Ordering::Relaxed) =>
                    {
                        Ok(())
                    }
                    Some(event) => tell_event(&trader, &voice, &refs, event).await,
                    None => Ok(()),
                },
                // The queue was full, or the trader is gone.
                Err(_) => return,
            },
            quote = quotes.recv() => match quote.map(event_bus::Delivery::event) {
                Ok(Some(quote)) => voice.say(&quote_json(&quote)),
                Ok(None) => Ok(()),
                Err(_) => return,
            },
        };
        if said.is_err() {
            return;
        }
    }
}

async fn tell_event(trader: &Handle, voice: &Voice, refs: &Refs, event: Event) -> Result<(), Unheard> {
    match event {
        Event::State(state) => voice.say(&tagged("state", state_json(&state))),
        Event::Order(update) => {
            if refs.of(update.intent).is_none() {
                // A new order, or one that nobody named: its name is in the books by now.
                let intent = update.intent;
                let name = trader.inspect(move |books| {
                    let named = books.labels.iter().find(|(_, known)| **known == intent);
                    named.map(|(label, _)| label.clone())
                });
                match name.await {
                    Ok(name) => refs.extend(name.map(|label| (label, intent))),
                    Err(_) => refs.await_name(intent).await, // the trader ends
                }
            }
            voice.say(&tagged("order", order_json(&update, refs.of(update.intent).as_deref())))
        }
        Event::Fill(told) => {
            let fill = &told.fill;
            voice.say(&json!({
                "event": "fill",
                "exec_id": execution_id(&fill.root, fill.revision),
                "revision": fill.revision,
                "ref": fill.intent.and_then(|intent| refs.of(intent)),
                "con_id": fill.contract.known_id().map(|id| id.0),
                "symbol": fill.contract.symbol,
                "side": side_text(fill.side),
                "quantity": fill.quantity,
                "price": fill.price,
                "commission": null,
                "inferred": fill.is_inferred,
            }))?;
            let (account, Some(id)) = (fill.account.clone(), fill.contract.known_id()) else { return Ok(()) };
            let symbol = fill.contract.symbol.clone();
            let held = trader.inspect(move |books| {
                let position = books.ledger.position(&account, id).unwrap_or_default();
                position_json(&account, id.0, &symbol, &position)
            });
            match held.await {
                Ok(position) => voice.say(&tagged("position", position)),
                Err(_) => Ok(()), // the trader ends
            }
        }
        Event::Commission(commission) => voice.say(&json!({
            "event": "commission",
            "exec_id": execution_id(&commission.root, commission.revision),
            "amount": commission.amount,
            "currency": commission.currency,
        })),
        Event::Alarm(alarm) => {
            voice.say(&json!({"event": "alarm", "code": alarm.code(), "detail": alarm.to_string()}))?;
            if matches!(alarm, Alarm::PositionAdjusted { .. }) {
                // Whatever it was adjusted to is told whole.
                let Ok(Value::Array(all)) = positions(trader).await else { return Ok(()) };
                return all.into_iter().try_for_each(|position| voice.say(&tagged("position", position)));
            }
            Ok(())
        }
        Event::AlarmStands(alarm) => voice.say(&tagged("alarm_stands", alarm_json(&alarm))),
        Event::Notice { code, text } => voice.say(&json!({"event": "notice", "code": code, "text": text})),
        Event::QuoteGap { contract_id } => voice.say(&json!({"event": "quote_gap", "con_id": contract_id.0})),
        _ => Ok(()), // signals are strategies', and there are none here
    }
}

/// The newest quotes; one that nobody has taken yet gives way to its successor.
fn quotes(trader: &Handle) -> Subscription<Quote> {
    trader.bus().subscribe_map(Queue::latest_by_key(QUOTES_MAX, |quote: &Quote| quote.contract_id), |event| match event
    {
        Event::Quote(quote) => Some(quote.clone()),
        _ => None,
    })
}

pub(super) fn answer(voice: &Voice, id: &Id, outcome: Outcome) -> Result<(), Unheard> {
    let said = match outcome {
        Ok(result) => json!({"event": "answer", "ok": true, "result": result}),
        Err(Fault { rule, detail }) => json!({"event": "answer", "ok": false, "error": detail, "rule": rule}),
    };
    let said = said.to_string();
    // The id is JSON already, and says more than a number of Rust can hold.
    voice.say_text(format!("{{\"id\":{id},{}", said.strip_prefix('{').unwrap_or(&said)))
}

async fn positions(trader: &Handle) -> Outcome {
    let positions = trader.inspect(|books| {
        let mut all = BTreeMap::new();
        for held in books.ledger.holdings() {
            let id = held.instrument.contract_id;
            all.entry((held.account.to_owned(), id)).or_insert_with(|| {
                let position = books.ledger.position(held.account, id).unwrap_or_default();
                position_json(held.account, id.0, &held.instrument.symbol, &position)
            });
        }
        all.into_values().collect::<Value>()
    });
    Ok(positions.await?)
}

fn permanent_id(text: &str) -> Result<PermanentId, String> {
    text.parse().map(PermanentId).map_err(|_| format!("{text:?} is no number of IB's"))
}
