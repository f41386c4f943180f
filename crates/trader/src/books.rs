//! [`Books`]: orders and positions together, as the journal's records make them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use order::{Action, IntentId, Orders, Timestamp};
use position::{Adjustment, Change, CommissionOutcome, Fill, Ledger, LedgerError};
use risk::{Alarms, DayMark, Kill, Statement, Waivers};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tws_proto::ids::{ClientId, ContractId};

use crate::event::{Alarm, Event, FillEvent};
use crate::record::{Held, Record, TemplateRecord};

/// Everything the engine knows that must survive: a pure function of the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Books {
    /// Our orders and their fills.
    pub orders: Orders,
    /// Positions, ours and those of others.
    pub ledger: Ledger,
    /// Orders that callers have given a name of their own, see [`Ticket::label`](crate::Ticket::label).
    pub labels: BTreeMap<String, IntentId>,
    /// Who stopped trading, if somebody did.
    pub kill: Option<Kill>,
    /// Alarms that nobody has acknowledged.
    pub alarms: Alarms,
    /// Limits that one order may still go past.
    pub waivers: Waivers,
    /// What the last trading days came to that are over.
    pub statement: Option<Statement>,
    /// What accounts had made when the trading day began, by account and currency.
    pub(crate) days: BTreeMap<String, DayMark>,
    /// Templates that have not ended, by label.
    pub(crate) templates: BTreeMap<String, KeptTemplate>,
}

/// A template that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptTemplate {
    /// Whose it is.
    pub(crate) strategy: String,
    /// The orders it has made.
    pub(crate) orders: Vec<IntentId>,
}

impl Books {
    /// Empty books.
    #[must_use]
    pub fn new(instance: order::Instance, client_id: ClientId) -> Self {
        Self {
            orders: Orders::new(instance, client_id),
            ledger: Ledger::default(),
            labels: BTreeMap::new(),
            kill: None,
            alarms: Alarms::default(),
            waivers: Waivers::default(),
            statement: None,
            days: BTreeMap::new(),
            templates: BTreeMap::new(),
        }
    }

    /// Moves the books by a record out of the journal. What follows from it has happened already.
    pub fn replay(&mut self, record: &Record) {
        match record {
            Record::Started { .. } | Record::Refused { .. } | Record::Armed(_) => {}
            // Told for readers; it follows from the others.
            Record::OrderState(_) | Record::Fill(_) | Record::Commission(_) | Record::Position(_) => {}
            // Put together by whoever replays: a part alone is nothing.
            Record::Checkpoint { .. } => {}
            Record::Labelled { labels } => self.labels.extend(labels.iter().cloned()),
            Record::Order(record) => {
                for action in &self.orders.replay(record) {
                    // Whoever it concerned was told when it happened.
                    match action {
                        Action::Filled(fill) => _ = self.book_fill(fill),
                        Action::Commission(commission) => _ = self.book_commission(commission),
                        Action::Changed(_)
                        | Action::Outcome(_)
                        | Action::Alarm(_)
                        | Action::Send(_)
                        | Action::Ask(_)
                        | Action::Protect(_) => {}
                    }
                }
            }
            Record::Adjusted(adjustment) => {
                self.adjust(adjustment);
            }
            // What could not be counted anew was told when it happened, and stands in no record.
            Record::Magnified { contract_id, magnifier } => _ = self.ledger.magnify(*contract_id, *magnifier),
            Record::Template(record) => self.keep_template(record),
            Record::Day(mark) => _ = self.keep_day(mark.clone()),
            Record::Alarmed(alarm) => self.alarms.keep(alarm.clone()),
            Record::AlarmAcknowledged { number, by: _ } => self.alarms.acknowledged(*number),
            Record::WaiverGranted(waiver) => self.waivers.keep(waiver.clone()),
            Record::WaiverUsed { number, .. } => self.waivers.used(*number),
            Record::Statement(statement) => self.statement = Some(statement.as_ref().clone()),
            Record::Killed(kill) => self.kill = Some(kill.clone()),
            Record::Rearmed { .. } => self.kill = None,
        }
    }

    /// Moves positions by what the order book did, and says what owners should hear, in order.
    pub fn follow(&mut self, actions: &[Action]) -> Vec<Event> {
        let mut events = Vec::new();
        for action in actions {
            match action {
                Action::Changed(update) => events.push(Event::Order(update.as_ref().clone())),
                Action::Filled(fill) => events.push(match self.book_fill(fill) {
                    Ok(change) => Event::Fill(Box::new(FillEvent {
                        fill: fill.as_ref().clone(),
                        realised: change.realised,
                        position: self.strategy_quantity(fill),
                    })),
                    Err(cause) => unbooked(&fill.root, cause),
                }),
                Action::Commission(commission) => events.push(match self.book_commission(commission) {
                    Ok(_) => Event::Commission(commission.as_ref().clone()),
                    Err(cause) => unbooked(&commission.root, cause),
                }),
                Action::Outcome(outcome) => events.push(Event::Outcome(outcome.as_ref().clone())),
                Action::Alarm(alarm) => events.push(Event::Alarm(Alarm::Order(alarm.clone()))),
                Action::Send(_) | Action::Ask(_) | Action::Protect(_) => {}
            }
        }
        events
    }

    fn book_fill(&mut self, fill: &order::Fill) -> Result<Change, UnbookedCause> {
        Ok(self.ledger.apply(&Fill {
            key: fill.root.clone(),
            revision: fill.revision,
            account: fill.account.clone(),
            strategy: fill.strategy.clone(),
            instrument: self.ledger.instrument_of(&fill.contract)?,
            side: fill.side,
            quantity: fill.quantity,
            price: fill.price,
            time_us: fill.at.0,
        })?)
    }

    /// What the owner of a fill holds of its contract.
    fn strategy_quantity(&self, fill: &order::Fill) -> Decimal {
        let held = |id| self.ledger.strategy_position(&fill.account, id, fill.strategy.as_deref()).quantity;
        fill.contract.known_id().map(held).unwrap_or_default()
    }

    fn book_commission(&mut self, commission: &order::Commission) -> Result<CommissionOutcome, LedgerError> {
        self.ledger.commission(&position::Commission {
            key: commission.root.clone(),
            revision: commission.revision,
            amount: commission.amount,
            currency: commission.currency.clone(),
            time_us: commission.at.0,
        })
    }

    /// Keeps what became of a template.
    pub(crate) fn keep_template(&mut self, record: &TemplateRecord) {
        match record {
            TemplateRecord::Began { label, strategy } => {
                let kept = KeptTemplate { strategy: strategy.clone(), orders: Vec::new() };
                self.templates.insert(label.clone(), kept);
            }
            TemplateRecord::Made { label, orders } => {
                if let Some(kept) = self.templates.get_mut(label) {
                    kept.orders.extend(orders);
                }
            }
            TemplateRecord::Ended { label, .. } => {
                self.templates.remove(label);
            }
        }
    }

    /// Keeps a mark of the day in the place of the one before, which is given back.
    pub(crate) fn keep_day(&mut self, mark: DayMark) -> Option<DayMark> {
        self.days.insert(format!("{} {}", mark.account, mark.currency), mark)
    }

    /// Adjusts a position to the broker's.
    pub(crate) fn adjust(&mut self, adjustment: &Adjustment) -> Option<Event> {
        self.ledger.adjust(adjustment).err().map(|error| unbooked(&adjustment.reason, error))
    }

    /// What the account holds of a contract, by our own count.
    #[must_use]
    pub fn position(&self, account: &str, contract_id: ContractId) -> Decimal {
        self.ledger.position(account, contract_id).map_or(Decimal::ZERO, |position| position.quantity)
    }

    /// How much of its strategy's position an order can close. Of a combination, and of what an advisor spreads over accounts,
    /// no single position says so.
    pub(crate) fn closable(&self, intent: &order::Intent) -> Option<Decimal> {
        let is_one = !intent.contract.is_combination() && !intent.is_spread();
        let contract_id = intent.contract.known_id().filter(|_| is_one)?;
        Some(self.ledger.closable(&intent.account, contract_id, &intent.strategy, intent.side))
    }

    /// What the journal tells its readers of these actions: states, fills, costs, and what is held after them.
    #[must_use]
    pub fn told(&self, actions: &[Action]) -> Vec<Record> {
        let mut told = Vec::new();
        for action in actions {
            match action {
                Action::Changed(update) => told.push(Record::OrderState(update.clone())),
                Action::Filled(fill) => {
                    told.push(Record::Fill(fill.clone()));
                    let contract_id = fill.contract.known_id();
                    told.extend(contract_id.and_then(|id| self.held(&fill.account, id)));
                }
                Action::Commission(commission) => told.push(Record::Commission(commission.clone())),
                _ => {} // messages, questions and alarms change nothing that is held
            }
        }
        told
    }

    /// What the journal tells its readers of all that is held and open, for a file that begins with a sum they cannot read.
    pub(crate) fn shown(&self) -> Vec<Record> {
        let live: BTreeSet<IntentId> = self.orders.live().map(|order| order.intent.id).collect();
        let labels = self.labels.iter().filter(|(_, intent)| live.contains(intent));
        let labels: Vec<_> = labels.map(|(label, intent)| (label.clone(), *intent)).collect();
        let held: BTreeSet<_> =
            self.ledger.holdings().map(|held| (held.account, held.instrument.contract_id)).collect();
        let labelled = (!labels.is_empty()).then_some(Record::Labelled { labels });
        let orders = live.into_iter().filter_map(|id| self.orders.update(id));
        let orders = orders.map(|update| Record::OrderState(Box::new(update)));
        let positions = held.into_iter().filter_map(|(account, contract_id)| self.held(account, contract_id));
        labelled.into_iter().chain(orders).chain(positions).collect()
    }

    /// What an account holds of a contract, as the journal tells it.
    pub(crate) fn held(&self, account: &str, contract_id: ContractId) -> Option<Record> {
        let instrument = self.ledger.instrument(contract_id)?;
        let position = self.ledger.position(account, contract_id)?;
        Some(Record::Position(Box::new(Held {
            account: account.to_owned(),
            contract_id,
            symbol: instrument.symbol.to_string(),
            currency: instrument.currency.to_string(),
            quantity: position.quantity,
            cost: position.cost,
            realised: position.realised,
        })))
    }

    /// The books as records that a fresh file of the journal begins with.
    pub(crate) fn checkpoint(&self) -> Vec<Record> {
        let text = serde_json::to_string(&self.to_sum()).unwrap_or_default(); // plain data with text keys
        let mut pieces = Vec::new();
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.floor_char_boundary(CHECKPOINT_PART_BYTES));
            pieces.push(piece.to_owned());
            rest = after;
        }
        let parts = pieces.len();
        let numbered = pieces.into_iter().enumerate();
        numbered.map(|(part, books)| Record::Checkpoint { part, parts, books }).collect()
    }

    /// The books that a checkpoint sums up.
    pub(crate) fn from_checkpoint(text: &str) -> Result<Self, serde_json::Error> {
        let Sum { orders, ledger, labels, kill, days, templates, alarms, waivers, statement } =
            serde_json::from_str(text)?;
        let (orders, labels, kill) = (orders.into_owned(), labels.into_owned(), kill.into_owned());
        let (days, templates, alarms) = (days.into_owned(), templates.into_owned(), alarms.into_owned());
        let (waivers, statement) = (waivers.into_owned(), statement.into_owned());
        let ledger = serde_json::from_value(ledger)?;
        Ok(Self { orders, ledger, labels, kill, days, templates, alarms, waivers, statement })
    }

    /// Everything but marks: a market moves without a record.
    fn to_sum(&self) -> Sum<'_> {
        let mut ledger = serde_json::to_value(&self.ledger).unwrap_or_default(); // plain data with text keys
        if let Some(marks) = ledger.as_object_mut().and_then(|fields| fields.get_mut("marks")) {
            *marks = serde_json::Value::Object(serde_json::Map::new());
        }
        Sum {
            orders: Cow::Borrowed(&self.orders),
            ledger,
            labels: Cow::Borrowed(&self.labels),
            kill: Cow::Borrowed(&self.kill),
            days: Cow::Borrowed(&self.days),
            templates: Cow::Borrowed(&self.templates),
            alarms: Cow::Borrowed(&self.alarms),
            waivers: Cow::Borrowed(&self.waivers),
            statement: Cow::Borrowed(&self.statement),
        }
    }

    /// A fingerprint of everything the records made, marks aside: a market moves without a record.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let text = serde_json::to_vec(&self.to_sum()).unwrap_or_default(); // plain data with text keys
        Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The last time that anything was recorded, for ids that must rise over restarts.
    pub(crate) fn last_id(&self) -> u128 {
        self.orders.iter().map(|order| order.intent.id.0).max().unwrap_or_default()
    }
}

/// Most of the books in one record, in bytes of JSON.
const CHECKPOINT_PART_BYTES: usize = 1 << 20;

/// All that the records have made.
#[derive(Serialize, Deserialize)]
struct Sum<'a> {
    orders: Cow<'a, Orders>,
    ledger: serde_json::Value,
    labels: Cow<'a, BTreeMap<String, IntentId>>,
    kill: Cow<'a, Option<Kill>>,
    #[serde(default)]
    days: Cow<'a, BTreeMap<String, DayMark>>,
    #[serde(default)]
    templates: Cow<'a, BTreeMap<String, KeptTemplate>>,
    #[serde(default)]
    alarms: Cow<'a, Alarms>,
    #[serde(default)]
    waivers: Cow<'a, Waivers>,
    #[serde(default)]
    statement: Cow<'a, Option<Statement>>,
}

fn unbooked(what: &str, error: impl Into<UnbookedCause>) -> Event {
    Event::Alarm(Alarm::NotBooked { what: what.to_owned(), cause: error.into() })
}

/// Why something that happened could not be booked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnbookedCause {
    /// The ledger cannot count it.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Its contract does not tell what it is worth.
    #[error(transparent)]
    Instrument(#[from] position::InstrumentError),
}

/// Ids of intents: the time in front, so that they rise over restarts too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IntentIds {
    last: u128,
}

impl IntentIds {
    pub(crate) fn after(last: u128) -> Self {
        Self { last }
    }

    pub(crate) fn next(&mut self, now: Timestamp) -> order::IntentId {
        let by_time = u128::from(now.0.unsigned_abs()) << 32;
        self.last = by_time.max(self.last + 1);
        order::IntentId(self.last)
    }
}
