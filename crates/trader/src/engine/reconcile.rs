//! Comparing the broker's book with ours: at the start, after every break, and whenever something does not fit.

use std::collections::BTreeMap;

use order::{Event as OrderEvent, SECOND_US, SnapshotEvent, Timestamp};
use position::{Adjustment, Instrument};
use risk::RiskGate;
use rust_decimal::Decimal;
use tws_client::Epoch;
use tws_proto::message::{ExecutionFilter, Position, ServerMessage};
use tws_proto::{Contract, ServerVersion};

use super::commands::Command;
use super::Engine;
use crate::event::Alarm;
use crate::record::Record;

/// How often a snapshot that failed is tried again before a person must look (R7).
const TRIES_MAX: u32 = 5;
/// Pause between snapshots that something asked for.
const PAUSE_US: i64 = SECOND_US;
/// Pause between snapshots while an order's outcome is unknown; two of them must agree on its absence (R9).
const UNKNOWN_PAUSE_US: i64 = 10 * SECOND_US;
/// Pause between snapshots when all is well (R41).
const STANDING_PAUSE_US: i64 = 60 * SECOND_US;
/// For how many days back executions are asked for, where the server can (R29).
const EXECUTION_DAYS: i32 = 3;

/// Where the comparison stands.
#[derive(Debug, Default)]
pub(super) struct Reconciler {
    /// The epoch whose book has been compared, and agreed.
    reconciled: Option<Epoch>,
    /// A snapshot that is coming in.
    pending: Option<Pending>,
    /// When the last one ended, whole or not.
    ended_at: Option<Timestamp>,
    /// Something asked for one.
    wanted: bool,
    tries: u32,
    /// Differences of positions found by the last snapshot, and how many executions were known then. Only what two
    /// snapshots agree on is believed.
    differences: Option<(usize, BTreeMap<(String, i32), Decimal>)>,
}

/// A snapshot that is coming in: which parts have ended, and the positions so far.
#[derive(Debug, Default)]
struct Pending {
    open_orders: bool,
    completed_orders: bool,
    executions: bool,
    positions: bool,
    held: Vec<Position>,
}

impl Pending {
    fn is_whole(&self) -> bool {
        self.open_orders && self.completed_orders && self.executions && self.positions
    }
}

impl Reconciler {
    pub(super) fn is_reconciled(&self, epoch: Epoch) -> bool {
        self.reconciled == Some(epoch)
    }

    /// The link broke: half a snapshot is none, and what was agreed holds no more.
    pub(super) fn lose(&mut self) {
        *self = Self { tries: 0, ..Self::default() };
    }

    /// Something does not fit; look again soon.
    pub(super) fn want(&mut self, _now: Timestamp) {
        self.wanted = true;
    }

    fn is_due(&self, has_unknown: bool, now: Timestamp) -> bool {
        let Some(ended_at) = self.ended_at else { return false };
        let pause = if self.wanted || self.reconciled.is_none() {
            PAUSE_US
        } else if has_unknown {
            UNKNOWN_PAUSE_US
        } else {
            STANDING_PAUSE_US
        };
        self.pending.is_none() && now.since(ended_at) >= pause
    }
}

impl Engine {
    /// Who may trade: the accounts of the login against those that are configured (paper and live interlock).
    pub(super) fn check_accounts(&mut self, managed: &[String]) -> Result<(), String> {
        if managed.is_empty() {
            return Err("the login has no accounts; log in to TWS again".to_owned());
        }
        if self.config.mode == risk::TradingMode::Paper
            && let Some(live) = managed.iter().find(|account| !risk::is_paper_account(account))
        {
            let end = live.get(live.len().saturating_sub(3)..).unwrap_or_default();
            return Err(format!("the login has the live account ...{end}, but the mode is paper; connect to a paper login"));
        }
        if let Some(missing) = self.config.accounts.iter().find(|account| !managed.contains(account)) {
            return Err(format!("the login does not have account {missing}; mend TWS_ACCOUNTS or log in with another user"));
        }
        let accounts = if self.config.accounts.is_empty() { managed.to_vec() } else { self.config.accounts.clone() };
        if self.gate.is_none() {
            let mut gate = RiskGate::new(self.config.limits_for(accounts.clone())).map_err(|error| error.to_string())?;
            if let Some(arming) = &self.config.arming {
                let until = Timestamp(arming.until.as_microsecond());
                gate.arm(arming.by.clone(), until, self.clock.now()).map_err(|error| error.to_string())?;
            }
            if let Some(kill) = &self.books.kill {
                gate.kill(kill.by.clone(), kill.reason.clone());
            }
            self.gate = Some(gate);
        }
        self.state.send_modify(|state| state.accounts = accounts);
        Ok(())
    }

    /// Asks for everything at once. The answers come on the lane, in order with the fills.
    pub(super) fn begin_snapshot(&mut self) {
        if self.reconciler.pending.is_some() || self.halted.is_some() {
            return;
        }
        self.reconciler.pending = Some(Pending::default());
        self.reconciler.wanted = false;
        self.step(OrderEvent::Snapshot(SnapshotEvent::Began));
        let client = self.client.clone();
        let own = self.own.clone();
        let (epoch, version) = {
            let state = client.state();
            let state = state.borrow();
            (state.epoch, state.server_version.unwrap_or(ServerVersion::OLDEST))
        };
        tokio::spawn(async move {
            let last_days = version.reaches(ServerVersion::PARAMETRIZED_DAYS_OF_EXECUTIONS).then_some(EXECUTION_DAYS);
            let filter = ExecutionFilter { last_days, ..ExecutionFilter::default() };
            // Open orders first and positions last: what fills in between shows in a later part.
            let asked = async {
                client.all_open_orders().await.map(|_| ())?;
                client.completed_orders().await.map(|_| ())?;
                client.executions(filter).await.map(|_| ())?;
                client.positions().await.map(|_| ())
            };
            if let Err(error) = asked.await {
                let _ = own.send(Command::SnapshotFailed { epoch, reason: error.to_string() }).await;
            }
        });
    }

    /// Part of a list: positions, and the ends of all four.
    pub(super) fn on_list(&mut self, message: ServerMessage) {
        let Some(pending) = &mut self.reconciler.pending else { return };
        match message {
            ServerMessage::Position(position) => pending.held.push(*position),
            ServerMessage::OpenOrdersEnd(_) => pending.open_orders = true,
            ServerMessage::CompletedOrdersEnd(_) => pending.completed_orders = true,
            ServerMessage::ExecutionsEnd(_) => pending.executions = true,
            ServerMessage::PositionEnd(_) => pending.positions = true,
            _ => return,
        }
        if pending.is_whole() {
            self.end_snapshot();
        }
    }

    fn end_snapshot(&mut self) {
        let Some(pending) = self.reconciler.pending.take() else { return };
        let now = self.clock.now();
        self.step(OrderEvent::Snapshot(SnapshotEvent::Ended));
        self.reconciler.ended_at = Some(now);
        self.reconciler.tries = 0;
        let agreed = self.compare_positions(&pending.held);
        if agreed {
            let epoch = self.client.state().borrow().epoch;
            self.reconciler.reconciled = Some(epoch);
        } else {
            self.reconciler.wanted = true; // live events may explain it; look once more
        }
    }

    /// Whether the broker's positions are those our fills make; what two snapshots agree on is booked as EXTERNAL.
    fn compare_positions(&mut self, held: &[Position]) -> bool {
        let mut broker: BTreeMap<(String, i32), (&Contract, Decimal, Decimal)> = BTreeMap::new();
        for position in held {
            if let Some(id) = position.contract.known_id() {
                let quantity = position.position.unwrap_or_default();
                let cost = position.average_cost.unwrap_or_default();
                broker.insert((position.account.clone(), id.0), (&position.contract, quantity, cost));
            }
        }
        let mut differences = BTreeMap::new();
        let ours = self.books.ledger.holdings().map(|holding| (holding.account.to_owned(), holding.instrument.contract_id.0));
        let keys: std::collections::BTreeSet<(String, i32)> = ours.chain(broker.keys().cloned()).collect();
        for key in keys {
            let told = broker.get(&key).map_or(Decimal::ZERO, |(_, quantity, _)| *quantity);
            let counted = self.books.position(&key.0, tws_proto::ids::ContractId(key.1));
            if told != counted {
                differences.insert(key, told - counted);
            }
        }
        let executions = self.books.orders.executions().len();
        if differences.is_empty() {
            self.reconciler.differences = None;
            return true;
        }
        let seen = Some((executions, differences.clone()));
        if self.reconciler.differences != seen {
            self.reconciler.differences = seen;
            return false;
        }
        self.reconciler.differences = None;
        for ((account, id), quantity) in differences {
            let contract_id = tws_proto::ids::ContractId(id);
            let told = broker.get(&(account.clone(), id));
            let instrument = match told {
                Some((contract, _, _)) => Instrument::of(contract).ok(),
                None => self.books.ledger.instrument(contract_id).cloned(),
            };
            let Some(instrument) = instrument else { continue };
            let ours = self.books.position(&account, contract_id);
            let symbol = instrument.symbol.clone();
            let adjustment = Adjustment {
                account: account.clone(),
                instrument,
                quantity,
                average_cost: told.map_or(Decimal::ZERO, |(_, _, cost)| *cost),
                reason: "not explained by fills".to_owned(),
                time_us: self.clock.now().0,
            };
            let failed = self.books.adjust(&adjustment);
            self.outbox.records.push(Record::Adjusted(adjustment));
            self.outbox.events.extend(failed);
            self.alarm(Alarm::PositionAdjusted { account, symbol, broker: ours + quantity, ours });
        }
        true
    }

    pub(super) fn on_snapshot_failed(&mut self, epoch: Epoch, reason: &str) {
        if self.client.state().borrow().epoch != epoch || self.reconciler.pending.take().is_none() {
            return; // of a connection that is gone
        }
        self.reconciler.ended_at = Some(self.clock.now());
        self.reconciler.tries += 1;
        self.reconciler.wanted = true;
        tracing::warn!(reason, tries = self.reconciler.tries, "the broker's book could not be read");
        if self.reconciler.tries >= TRIES_MAX {
            self.halt(&format!("the broker's book could not be read in {TRIES_MAX} tries: {reason}"));
        }
    }

    pub(super) fn reconcile_if_due(&mut self) {
        let takes = self.client.state().borrow().takes_orders();
        if takes && self.gate.is_some() && self.reconciler.is_due(self.books.orders.has_unknown(), self.clock.now()) {
            self.begin_snapshot();
        }
    }
}
