//! [`Ledger`]: every position of every account, and what moves it.

use std::collections::BTreeMap;
use std::collections::btree_map;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use tws_proto::ids::ContractId;
use tws_proto::{Contract, Side};

use crate::book::{Book, Entry, Position, What};
use crate::change::{Change, CommissionOutcome, Holding, Outcome};
use crate::error::{Amount, LedgerError};
use crate::exact;
use crate::fill::{Adjustment, Commission, Fill};
use crate::instrument::{Instrument, InstrumentError};
use crate::pairs;
use crate::totals::{Totals, sum};

/// Every position of every account, from nothing but fills, commissions, adjustments and marks.
///
/// Invariants: each key is counted once, at its highest revision, as if it had come in that revision at first; the
/// position of an account is the sum over its strategies and EXTERNAL; a call that fails changes nothing.
///
/// Strategies that hold opposite positions of one contract each keep their own cost. The account's realised profit is
/// the sum of theirs, while the broker nets them; realised and unrealised together agree with the broker's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    instruments: BTreeMap<ContractId, Instrument>,
    marks: BTreeMap<ContractId, Decimal>,
    /// By how much prices are told larger than money, for contracts where they are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    magnifiers: BTreeMap<ContractId, u32>,
    fills: BTreeMap<SmolStr, Booked>,
    commissions: BTreeMap<SmolStr, Commission>,
    #[serde(with = "pairs")]
    books: BTreeMap<BookKey, Book>,
    /// Fills before this time are counted already or not at all.
    forgotten_before_us: Option<i64>,
}

/// What comes in.
impl Ledger {
    /// Counts a fill, or its correction, or sees that it is counted already.
    ///
    /// A correction counts as if the fill had come so at first: all later fills of the position are replayed behind it.
    /// It stays with the strategy for which the fill was booked.
    ///
    /// # Errors
    /// Where it cannot be counted exactly and once; the ledger is unchanged.
    pub fn apply(&mut self, fill: &Fill) -> Result<Change, LedgerError> {
        let Fill { key, revision, account, strategy, instrument, side, quantity, price, time_us } = fill;
        if key.is_empty() {
            return Err(LedgerError::NoKey);
        }
        self.validate(instrument)?;
        if *quantity < Decimal::ZERO {
            return Err(LedgerError::NegativeQuantity { key: key.clone(), quantity: *quantity });
        }
        let unit_cost =
            exact::multiply(*price, instrument.multiplier).ok_or(LedgerError::Inexact { amount: Amount::UnitCost })?;
        let entry = Entry {
            quantity: side.signed(*quantity).normalize(),
            unit_cost,
            time_us: *time_us,
            what: What::Fill { key: key.clone() },
        };
        let Some(booked) = self.fills.get(key) else {
            if let Some(before_us) = self.forgotten_before_us.filter(|before_us| time_us < before_us) {
                return Err(LedgerError::Forgotten { key: key.clone(), time_us: *time_us, before_us });
            }
            let book =
                BookKey { account: account.clone(), contract_id: instrument.contract_id, strategy: strategy.clone() };
            let change = self.append(book.clone(), instrument, entry)?;
            self.fills.insert(key.clone(), Booked { revision: *revision, book });
            return Ok(change);
        };
        if booked.book.account != *account || booked.book.contract_id != instrument.contract_id {
            let BookKey { account, contract_id, .. } = booked.book.clone();
            return Err(LedgerError::CorrectionElsewhere { key: key.clone(), account, contract_id });
        }
        let known = booked.revision;
        match revision.cmp(&known) {
            std::cmp::Ordering::Equal => Ok(self.unchanged(&booked.book, Outcome::Duplicate)),
            std::cmp::Ordering::Less => Ok(self.unchanged(&booked.book, Outcome::Outdated { known })),
            std::cmp::Ordering::Greater => self.correct(key, *revision, entry),
        }
    }

    /// Joins a commission to its execution, whichever comes first. The newest for an execution counts.
    ///
    /// # Errors
    /// Where it has no key or currency, or the sum cannot be held exactly; the ledger is unchanged.
    pub fn commission(&mut self, commission: &Commission) -> Result<CommissionOutcome, LedgerError> {
        let Commission { key, revision, amount, currency, time_us: _ } = commission;
        if key.is_empty() {
            return Err(LedgerError::NoKey);
        }
        if currency.is_empty() {
            return Err(LedgerError::NoCurrency { key: key.clone() });
        }
        let known = self.commissions.get(key);
        if let Some(known) = known {
            if known.revision > *revision {
                return Ok(CommissionOutcome::Outdated { known: known.revision });
            }
            if known.revision == *revision && known.amount == *amount && known.currency == *currency {
                return Ok(CommissionOutcome::Duplicate);
            }
        }
        let mut outcome =
            known.map_or(CommissionOutcome::Waiting, |known| CommissionOutcome::Replaced { previous: known.amount });
        let book = self.fills.get(key).and_then(|booked| self.books.get_mut(&booked.book));
        if let Some(book) = book {
            match known {
                Some(known) => {
                    let mut sums = book.commission.clone();
                    add_commission(&mut sums, &known.currency, -known.amount)?;
                    add_commission(&mut sums, currency, *amount)?;
                    book.commission = sums;
                }
                None => {
                    add_commission(&mut book.commission, currency, *amount)?;
                    outcome = CommissionOutcome::Joined;
                }
            }
            if outcome == CommissionOutcome::Joined && book.expects_commission(key) {
                book.commissions_pending = book.commissions_pending.saturating_sub(1);
            }
        }
        self.commissions.insert(key.clone(), commission.clone());
        Ok(outcome)
    }

    /// Books a change of position that no fill explains, for EXTERNAL. The caller says each change once.
    ///
    /// # Errors
    /// Where it cannot be counted exactly; the ledger is unchanged.
    pub fn adjust(&mut self, adjustment: &Adjustment) -> Result<Change, LedgerError> {
        let Adjustment { account, instrument, quantity, average_cost, reason, time_us } = adjustment;
        self.validate(instrument)?;
        let entry = Entry {
            quantity: quantity.normalize(),
            unit_cost: average_cost.normalize(),
            time_us: *time_us,
            what: What::Adjustment { reason: reason.clone() },
        };
        self.append(BookKey::new(account, instrument.contract_id, None), instrument, entry)
    }

    /// Learns by how much the prices of a contract are told larger than money, from IB's `priceMagnifier` in its
    /// details: 100 where it is quoted in cents. What was booked of it before is counted anew. Gives whether that
    /// changes anything.
    ///
    /// # Errors
    /// Where it cannot be counted exactly, or too late; the ledger is unchanged.
    pub fn magnify(&mut self, contract_id: ContractId, magnifier: u32) -> Result<bool, LedgerError> {
        let magnifier = magnifier.max(1); // none is told as nothing or 0
        let known = self.magnifiers.get(&contract_id).copied().unwrap_or(1);
        if known == magnifier {
            return Ok(false);
        }
        let inexact = || LedgerError::Inexact { amount: Amount::UnitCost };
        let anew = |money: Decimal| exact::divide(exact::multiply(money, known.into())?, magnifier.into());
        let mut books = Vec::new();
        for (key, book) in self.books.iter().filter(|(key, _)| key.contract_id == contract_id) {
            if book.base != Position::default() {
                return Err(LedgerError::MagnifiedTooLate { contract_id, magnifier });
            }
            books.push((key.clone(), book.repriced(anew).ok_or_else(inexact)?));
        }
        if let Some(instrument) = self.instruments.get_mut(&contract_id) {
            instrument.multiplier = anew(instrument.multiplier).ok_or_else(inexact)?;
        }
        self.books.extend(books);
        self.magnifiers.insert(contract_id, magnifier);
        Ok(true)
    }

    /// Values a contract at this price from now on.
    pub fn mark(&mut self, contract_id: ContractId, price: Decimal) {
        self.marks.insert(contract_id, price);
    }

    /// Forgets the keys of fills before this time (microseconds since 1970 UTC), and commissions that wait since then.
    /// Positions and sums stay. From then on older fills are refused, since nobody can tell whether they are counted.
    ///
    /// Only an unbroken oldest part of a position's history is forgotten, so a correction of what is left can be replayed.
    /// Keep at least the days for which the broker repeats executions: 8. A fill whose commission did not come until
    /// then is no longer pending.
    pub fn forget_before(&mut self, time_us: i64) {
        self.forgotten_before_us = self.forgotten_before_us.max(Some(time_us));
        for book in self.books.values_mut() {
            while let Some(entry) = book.entries.pop_front_if(|entry| entry.time_us < time_us) {
                // `position` came to be by the same steps, so none of them can fail now.
                let Some(base) = book.base.after(&entry) else {
                    book.entries.push_front(entry);
                    break;
                };
                book.base = base;
                if let Some(key) = entry.key() {
                    let told = self.commissions.remove(key).is_some();
                    if entry.costs_commission() && !told {
                        book.commissions_pending = book.commissions_pending.saturating_sub(1);
                    }
                    self.fills.remove(key);
                }
            }
        }
        let fills = &self.fills;
        self.commissions.retain(|key, commission| commission.time_us >= time_us || fills.contains_key(key));
    }
}

/// What can be asked.
impl Ledger {
    /// The account's position in a contract: the sum over its strategies and EXTERNAL, flat where there is none.
    /// `None` where a decimal cannot hold the sum.
    #[must_use]
    pub fn position(&self, account: &str, contract_id: ContractId) -> Option<Position> {
        let books = self.books_of(account, contract_id);
        books.map(|(_, book)| book.position).try_fold(Position::default(), |sum, position| sum.plus(&position))
    }

    /// How much a strategy holds of a contract, with what EXTERNAL holds, that an order on this side can close; nothing where
    /// it would open a position. What EXTERNAL holds against the strategy was closed by hand.
    #[must_use]
    pub fn closable(&self, account: &str, contract_id: ContractId, strategy: &str, side: Side) -> Decimal {
        let held = |strategy| side.opposite().signed(self.strategy_position(account, contract_id, strategy).quantity);
        let both = held(Some(strategy)).saturating_add(held(None));
        if both > Decimal::ZERO { both } else { Decimal::ZERO }
    }

    /// One strategy's position in a contract, `None` for that of EXTERNAL; flat where there is none.
    #[must_use]
    pub fn strategy_position(&self, account: &str, contract_id: ContractId, strategy: Option<&str>) -> Position {
        let key = BookKey::new(account, contract_id, strategy);
        self.books.get(&key).map(|book| book.position).unwrap_or_default()
    }

    /// Every position that ever was, flat ones too, by account, contract and strategy (EXTERNAL first).
    pub fn holdings(&self) -> impl Iterator<Item = Holding<'_>> {
        // A book is never without its instrument: `append` writes both.
        self.books.iter().filter_map(|(key, book)| self.holding(key, book))
    }

    /// The account's position in each contract it ever traded, as [`Ledger::position`] gives it.
    pub fn account_positions<'a>(
        &'a self,
        account: &'a str,
    ) -> impl Iterator<Item = (&'a Instrument, Option<Position>)> + 'a {
        let mut contracts: Vec<ContractId> =
            self.books.keys().filter(|key| key.account == account).map(|key| key.contract_id).collect();
        contracts.dedup(); // sorted, as the keys are
        contracts
            .into_iter()
            .filter_map(move |contract_id| Some((self.instrument(contract_id)?, self.position(account, contract_id))))
    }

    /// The instrument that a contract out of a broker's answer names: [`Instrument::of`], with what was learnt of the
    /// unit in which it is quoted.
    ///
    /// # Errors
    /// As [`Instrument::of`].
    pub fn instrument_of(&self, contract: &Contract) -> Result<Instrument, InstrumentError> {
        let instrument = Instrument::of(contract)?;
        match self.magnifiers.get(&instrument.contract_id) {
            Some(magnifier) => instrument.magnified(*magnifier),
            None => Ok(instrument),
        }
    }

    /// What is known of a contract that was traded.
    #[must_use]
    pub fn instrument(&self, contract_id: ContractId) -> Option<&Instrument> {
        self.instruments.get(&contract_id)
    }

    /// The price at which a contract is valued.
    #[must_use]
    pub fn mark_of(&self, contract_id: ContractId) -> Option<Decimal> {
        self.marks.get(&contract_id).copied()
    }

    /// The revision in which a key is counted; `None` where it is not, or no longer known.
    #[must_use]
    pub fn counted_revision(&self, key: &str) -> Option<u32> {
        self.fills.get(key).map(|booked| booked.revision)
    }

    /// Profit and loss of an account in one currency.
    #[must_use]
    pub fn totals(&self, account: &str, currency: &str) -> Totals {
        self.totals_where(currency, |key| key.account == account)
    }

    /// Profit and loss of one strategy in one account and currency, `None` for that of EXTERNAL.
    #[must_use]
    pub fn strategy_totals(&self, account: &str, strategy: Option<&str>, currency: &str) -> Totals {
        self.totals_where(currency, |key| key.account == account && key.strategy.as_deref() == strategy)
    }

    /// Profit and loss of every account in every currency in which it traded or paid.
    #[must_use]
    pub fn all_totals(&self) -> BTreeMap<(String, String), Totals> {
        let mut all = BTreeMap::new();
        for holding in self.holdings() {
            for currency in holding.commission.keys().chain([&holding.instrument.currency]) {
                let entry = all.entry((holding.account.to_owned(), currency.to_string()));
                if let btree_map::Entry::Vacant(vacant) = entry {
                    vacant.insert(self.totals(holding.account, currency));
                }
            }
        }
        all
    }
}

impl Ledger {
    /// Whether money in this instrument is counted as before.
    fn validate(&self, instrument: &Instrument) -> Result<(), LedgerError> {
        instrument.validate()?;
        match self.instruments.get(&instrument.contract_id) {
            Some(known) if !known.counts_like(instrument) => Err(LedgerError::InstrumentChanged {
                known: Box::new(known.clone()),
                told: Box::new(instrument.clone()),
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// Books an entry behind all others. Everything that can fail comes first.
    fn append(&mut self, key: BookKey, instrument: &Instrument, entry: Entry) -> Result<Change, LedgerError> {
        let before = self.books.get(&key).map(|book| book.position).unwrap_or_default();
        let after = before.after(&entry).ok_or(LedgerError::Inexact { amount: Amount::Position })?;
        let change = Change::between(Outcome::Booked, before, after)?;
        let commission = entry.key().and_then(|key| self.commissions.get(key));
        let mut sums = None;
        if let Some(Commission { currency, amount, .. }) = commission {
            let mut with = self.books.get(&key).map(|book| book.commission.clone()).unwrap_or_default();
            add_commission(&mut with, currency, *amount)?;
            sums = Some(with);
        }
        let book = self.books.entry(key).or_default();
        book.position = after;
        match sums {
            Some(sums) => book.commission = sums,
            None if entry.costs_commission() => book.commissions_pending += 1,
            None => {}
        }
        book.entries.push_back(entry);
        self.instruments.entry(instrument.contract_id).or_insert_with(|| instrument.clone());
        Ok(change)
    }

    /// Puts a higher revision in the place of a fill that is booked, and replays what came behind it.
    fn correct(&mut self, key: &str, revision: u32, entry: Entry) -> Result<Change, LedgerError> {
        let lost = || LedgerError::Inconsistent { key: key.into() };
        let booked = self.fills.get_mut(key).ok_or_else(lost)?;
        let book = self.books.get_mut(&booked.book).ok_or_else(lost)?;
        let place = book.entries.iter().position(|entry| entry.key() == Some(key)).ok_or_else(lost)?;
        let before = book.position;
        let replaced = std::mem::replace(&mut book.entries[place], entry);
        let outcome = Outcome::Corrected { replaced: booked.revision };
        let corrected = book
            .replayed()
            .ok_or(LedgerError::Inexact { amount: Amount::Position })
            .and_then(|after| Change::between(outcome, before, after));
        match corrected {
            Ok(change) => {
                book.position = change.position_after;
                if !self.commissions.contains_key(key) {
                    let others = book.commissions_pending.saturating_sub(u32::from(replaced.costs_commission()));
                    book.commissions_pending = others + u32::from(book.entries[place].costs_commission());
                }
                booked.revision = revision;
                Ok(change)
            }
            Err(error) => {
                book.entries[place] = replaced;
                Err(error)
            }
        }
    }

    fn unchanged(&self, key: &BookKey, outcome: Outcome) -> Change {
        Change::none(outcome, self.books.get(key).map(|book| book.position).unwrap_or_default())
    }

    fn books_of<'a>(
        &'a self,
        account: &'a str,
        contract_id: ContractId,
    ) -> impl Iterator<Item = (&'a BookKey, &'a Book)> {
        let first = BookKey::new(account, contract_id, None); // EXTERNAL sorts first
        self.books.range(first..).take_while(move |(key, _)| key.account == account && key.contract_id == contract_id)
    }

    fn holding<'a>(&'a self, key: &'a BookKey, book: &'a Book) -> Option<Holding<'a>> {
        Some(Holding {
            account: &key.account,
            strategy: key.strategy.as_deref(),
            instrument: self.instruments.get(&key.contract_id)?,
            position: book.position,
            mark: self.mark_of(key.contract_id),
            commission: &book.commission,
            commissions_pending: book.commissions_pending,
        })
    }

    fn totals_where(&self, currency: &str, belongs: impl Fn(&BookKey) -> bool) -> Totals {
        let mut totals = Totals::default();
        let books = self.books.iter().filter(|(key, _)| belongs(key));
        for holding in books.filter_map(|(key, book)| self.holding(key, book)) {
            if let Some(paid) = holding.commission.get(currency) {
                totals.commission = sum(totals.commission, Some(*paid));
            }
            if holding.instrument.currency == currency {
                let unrealised = holding.unrealised();
                totals.realised = sum(totals.realised, Some(holding.position.realised));
                totals.unrealised = sum(totals.unrealised, unrealised);
                totals.commissions_pending += holding.commissions_pending;
                totals.unmarked += u32::from(!holding.position.is_flat() && holding.mark.is_none());
            }
        }
        totals
    }
}

/// A fill that is counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Booked {
    revision: u32,
    book: BookKey,
}

/// Whose position in what. The order of the fields is that of the map.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct BookKey {
    account: SmolStr,
    contract_id: ContractId,
    strategy: Option<SmolStr>,
}

impl BookKey {
    fn new(account: &str, contract_id: ContractId, strategy: Option<&str>) -> Self {
        Self { account: account.into(), contract_id, strategy: strategy.map(SmolStr::from) }
    }
}

/// Adds to what was paid in a currency; where that fails, nothing is changed.
fn add_commission(sums: &mut BTreeMap<SmolStr, Decimal>, currency: &str, amount: Decimal) -> Result<(), LedgerError> {
    let inexact = LedgerError::Inexact { amount: Amount::Commission };
    let sum = sums.get(currency).copied().unwrap_or_default();
    let sum = exact::add(sum, amount).ok_or(inexact)?;
    // Nothing paid has one spelling, so that ledgers with the same content are equal.
    if sum.is_zero() {
        sums.remove(currency);
    } else {
        sums.insert(currency.into(), sum);
    }
    Ok(())
}
