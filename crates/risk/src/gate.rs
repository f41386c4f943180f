//! [`RiskGate`]: what the controls need to know.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use order::{Execution, Fill, HaltScope, Intent, IntentId, SECOND_US, Timestamp};
use position::{Instrument, Ledger};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tws_proto::Contract;
use tws_proto::ids::ContractId;

use crate::check::CheckAt;
use crate::conduct::Conduct;
use crate::faults::LimitsError;
use crate::limits::Limits;
use crate::losses::{DayMark, Losses};
use crate::quote::{Quote, Trading};
use crate::refusal::Refusal;
use crate::throttle::Throttle;

/// For how long live trading can be armed at most, in microseconds: 24 hours.
pub const ARMED_MAX_US: i64 = 24 * 60 * 60 * SECOND_US;

/// The gate before the journal. See the [crate] for what it controls.
///
/// Beside its limits it holds only what a moment needs: the kill switch, the arming, the last quotes, and the orders
/// accepted within the last second and the duplicate window. After a restart the engine tells it of a kill again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RiskGate {
    limits: Limits,
    kill: Option<Kill>,
    arming: Option<Arming>,
    quotes: BTreeMap<ContractId, (Quote, Timestamp)>,
    contracts: BTreeMap<ContractId, Contract>,
    halted: BTreeSet<ContractId>,
    own_prices: BTreeMap<ContractId, (Decimal, Timestamp)>,
    equities: BTreeMap<String, (Equity, Timestamp)>,
    pub(crate) throttle: Throttle,
    pub(crate) conduct: Conduct,
    pub(crate) losses: Losses,
}

/// What an account is worth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Equity {
    /// Its `NetLiquidation`.
    pub amount: Decimal,
    /// In which currency.
    pub currency: String,
    /// What one unit of other currencies is worth in that one.
    pub rates: BTreeMap<String, Decimal>,
}

impl Equity {
    /// What one unit of a currency is worth in that of the equity, where that is known.
    #[must_use]
    pub fn rate(&self, currency: &str) -> Option<Decimal> {
        if currency == self.currency {
            return Some(Decimal::ONE);
        }
        self.rates.get(currency).copied().filter(|rate| *rate > Decimal::ZERO)
    }
}

/// Who stopped trading, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kill {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A person's word that live trading may go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arming {
    /// Who.
    pub by: String,
    /// Until when.
    pub until: Timestamp,
}

/// Why the gate was not armed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ArmingError {
    /// Nobody is named.
    #[error("a person must arm live trading; name who")]
    Nobody,
    /// The time is over, or more than 24 hours ahead.
    #[error("live trading can be armed for at most 24 hours from now; {until} is not within them")]
    OutOfRange {
        /// Until when it was asked for.
        until: Timestamp,
    },
}

impl RiskGate {
    /// A gate with these limits. In live mode it has to be [armed](RiskGate::arm) before anything passes.
    ///
    /// # Errors
    /// [`LimitsError`] names everything that is missing or senseless.
    pub fn new(limits: Limits) -> Result<Self, LimitsError> {
        limits.validate()?;
        Ok(Self {
            limits,
            kill: None,
            arming: None,
            quotes: BTreeMap::new(),
            contracts: BTreeMap::new(),
            halted: BTreeSet::new(),
            own_prices: BTreeMap::new(),
            equities: BTreeMap::new(),
            throttle: Throttle::default(),
            conduct: Conduct::default(),
            losses: Losses::default(),
        })
    }

    /// What it was made with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The gate at one moment, for one submission: the legs of a group are checked one after the other by the same
    /// `CheckAt`, which counts them into the rates.
    #[must_use]
    pub fn at<'a>(&'a self, now: Timestamp, ledger: &'a Ledger) -> CheckAt<'a> {
        CheckAt {
            gate: self,
            now,
            ledger,
            legs_passed: Cell::new(0),
            is_protection: false,
            waiver: None,
            waived: RefCell::default(),
        }
    }

    /// Counts an order that was accepted, for the rates and the duplicates. Call it once for each leg, after its record
    /// is durable.
    pub fn accepted(&mut self, intent: &Intent, now: Timestamp) {
        self.throttle.accepted(intent, &self.limits, now);
        self.conduct.entered(&intent.strategy, &self.limits, now);
    }

    /// Counts a change of an order that was accepted, for the rates (C3): a change is a message to the broker as an order
    /// is, and no entry. Call it after its record is durable.
    pub fn changed(&mut self, strategy: &str, now: Timestamp) {
        self.throttle.sent(strategy, &self.limits, now);
    }

    /// Counts an order that was accepted before a restart, for the entries of its strategy (C5).
    pub fn resume_entry(&mut self, strategy: &str, at: Timestamp) {
        self.conduct.entered(strategy, &self.limits, at);
    }

    /// Counts an order that the broker has rejected, once however often it is told. Where that makes a storm, gives the
    /// refusal to halt its strategy with (C10).
    pub fn rejected(&mut self, strategy: &str, intent: IntentId, now: Timestamp) -> Option<Refusal> {
        self.conduct.rejected(strategy, intent, &self.limits, now)
    }

    /// Counts an order that the broker has rejected before a restart, the oldest first (C10). A storm of then has
    /// halted its strategy already.
    pub fn resume_reject(&mut self, strategy: &str, intent: IntentId, at: Timestamp) {
        let _ = self.rejected(strategy, intent, at);
    }

    /// A person has let a halted strategy, or everything, go on: entries and rejects are counted from here (C5, C10).
    pub fn acknowledged(&mut self, scope: &HaltScope) {
        match scope {
            HaltScope::Strategy(strategy) => self.conduct.forgive(strategy),
            HaltScope::Everything => self.conduct.forgive_all(),
            HaltScope::Instrument { .. } => {}
        }
    }

    /// Looks at what accounts have made, about once a second; gives what must be kept over a restart (C7).
    #[must_use = "marks that are not kept begin the day anew after a restart"]
    pub fn look_at_losses(&mut self, ledger: &Ledger, now: Timestamp) -> Vec<DayMark> {
        self.losses.look(ledger, &self.limits, now)
    }

    /// Takes up what was kept of the day (C7).
    pub fn resume_day(&mut self, mark: DayMark) {
        self.losses.resume(mark);
    }

    /// Learns what an account is worth now (C1).
    pub fn equity(&mut self, account: impl Into<String>, equity: Equity, now: Timestamp) {
        self.equities.insert(account.into(), (equity, now));
    }

    /// What an account was worth, and when that was told.
    pub(crate) fn equity_of(&self, account: &str) -> Option<&(Equity, Timestamp)> {
        self.equities.get(account)
    }

    /// Takes in the best prices of a contract, as they are now.
    pub fn quote(&mut self, contract_id: ContractId, quote: Quote, now: Timestamp) {
        self.quotes.insert(contract_id, (quote, now));
    }

    /// Forgets the prices of a contract and whether it is halted, when its market data is lost or no longer wanted.
    pub fn forget_quote(&mut self, contract_id: ContractId) {
        self.quotes.remove(&contract_id);
        self.halted.remove(&contract_id);
    }

    /// Learns whether a contract trades (C8).
    pub fn trading(&mut self, contract_id: ContractId, trading: Trading) {
        match trading {
            Trading::Open => self.halted.remove(&contract_id),
            Trading::Halted => self.halted.insert(contract_id),
        };
    }

    /// Whether the exchange has halted a contract.
    pub(crate) fn is_halted(&self, contract_id: ContractId) -> bool {
        self.halted.contains(&contract_id)
    }

    /// Learns from a fill at which price we traded ourselves (C2); fills of others and those that nothing proves do not
    /// count.
    pub fn traded(&mut self, fill: &Fill) {
        let is_ours = fill.intent.is_some() && !fill.is_inferred && !fill.quantity.is_zero();
        if let Some(contract_id) = fill.contract.known_id().filter(|_| is_ours) {
            self.own_prices.insert(contract_id, (fill.price, fill.at));
        }
    }

    /// The same from an execution of before a restart; the newest of a contract counts, in whatever order they come.
    pub fn resume_trade(&mut self, execution: &Execution) {
        let Execution { intent, contract_id, quantity, price, is_combination, is_inferred, at, .. } = execution;
        let is_ours = intent.is_some() && !is_inferred && !is_combination && !quantity.is_zero();
        let Some(contract_id) = contract_id.filter(|_| is_ours) else { return };
        let known = self.own_prices.entry(contract_id).or_insert((*price, *at));
        if known.1 <= *at {
            *known = (*price, *at);
        }
    }

    /// The price at which we last traded a contract, where that is no longer ago than the limits say.
    pub(crate) fn own_price(&self, contract_id: ContractId, now: Timestamp) -> Option<Decimal> {
        let age_max_us = i64::from(self.limits.own_price_age_max_s).saturating_mul(SECOND_US);
        let known = self.own_prices.get(&contract_id);
        known.filter(|(_, at)| now.since(*at).unsigned_abs() <= age_max_us.unsigned_abs()).map(|(price, _)| *price)
    }

    /// The most that is known beside its quote of what one unit of a contract costs, not signed: as it is marked, as we
    /// last traded it ourselves, however long ago, and as the position of an account came in.
    pub(crate) fn known_beside(&self, ledger: &Ledger, account: &str, instrument: &Instrument) -> Option<Decimal> {
        let contract_id = instrument.contract_id;
        let traded = self.own_prices.get(&contract_id).map(|(price, _)| *price);
        let held = ledger.position(account, contract_id);
        let cost = held.and_then(|position| position.average_price(instrument.multiplier));
        [ledger.mark_of(contract_id), traded, cost].into_iter().flatten().map(|price| price.abs()).max()
    }

    /// The last prices of a contract, and when they came.
    pub(crate) fn quote_of(&self, contract_id: ContractId) -> Option<(Quote, Timestamp)> {
        self.quotes.get(&contract_id).copied()
    }

    /// Learns what a contract is, from its details: a combination is counted by what its legs are. One without a number
    /// is not learnt.
    pub fn know(&mut self, contract: &Contract) {
        if let Some(contract_id) = contract.known_id() {
            self.contracts.insert(contract_id, contract.clone());
        }
    }

    /// What a contract is, where that was told.
    #[must_use]
    pub fn known(&self, contract_id: ContractId) -> Option<&Contract> {
        self.contracts.get(&contract_id)
    }

    /// Refuses everything from now on. A second kill does not replace the first.
    pub fn kill(&mut self, by: impl Into<String>, reason: impl Into<String>) {
        self.kill.get_or_insert_with(|| Kill { by: by.into(), reason: reason.into() });
    }

    /// Lifts the kill, on the word of a named person, and hands back what was lifted. `None` where nothing was, also
    /// where nobody is named: then the kill stands.
    pub fn rearm(&mut self, by: &str) -> Option<Kill> {
        if by.trim().is_empty() { None } else { self.kill.take() }
    }

    /// Who stopped trading, and why; `None` while it goes on.
    #[must_use]
    pub fn killed(&self) -> Option<&Kill> {
        self.kill.as_ref()
    }

    /// Lets live trading go on until a time, on the word of a named person; then only what makes a position smaller passes,
    /// and what protects one that lost its stop. Paper trading needs no arming.
    ///
    /// # Errors
    /// Where nobody is named or the time is not within the next 24 hours; an arming that stands goes on standing.
    pub fn arm(&mut self, by: impl Into<String>, until: Timestamp, now: Timestamp) -> Result<(), ArmingError> {
        let by = by.into();
        if by.trim().is_empty() {
            return Err(ArmingError::Nobody);
        }
        if !(1..=ARMED_MAX_US).contains(&until.since(now)) {
            return Err(ArmingError::OutOfRange { until });
        }
        self.arming = Some(Arming { by, until });
        Ok(())
    }

    /// Who armed live trading, and until when.
    #[must_use]
    pub fn arming(&self) -> Option<&Arming> {
        self.arming.as_ref()
    }
}
