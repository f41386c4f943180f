//! [`Losses`]: what an account has lost since the day began, and since its best moment of the day (C7).

use std::collections::{BTreeMap, BTreeSet};

use order::{SECOND_US, Timestamp};
use position::Ledger;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::limits::Limits;
use crate::refusal::Refusal;

/// How often a new best moment of a day is told at most, in microseconds.
const TELL_AGAIN_US: i64 = 60 * SECOND_US;

/// What an account had made in a currency when a day began and at its best moment since: realised and unrealised, less
/// commission. Kept in the journal, so that a restart does not begin the day anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayMark {
    /// The account.
    pub account: String,
    /// The currency.
    pub currency: String,
    /// Which day, by [`Limits::day_of`].
    pub day: i64,
    /// When it began, as far as this trader saw it.
    pub start: Decimal,
    /// The best since then.
    pub peak: Decimal,
}

/// The marks of the day, by account and currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Losses {
    days: BTreeMap<(String, String), (DayMark, Option<Timestamp>)>,
    /// Where something was held at a look and its worth was not known.
    unknown: BTreeSet<(String, String)>,
    /// The day of the last look: what was not there then has begun with nothing.
    looked: Option<i64>,
}

impl Losses {
    /// Takes up a mark that was told before.
    pub(crate) fn resume(&mut self, mark: DayMark) {
        self.days.insert((mark.account.clone(), mark.currency.clone()), (mark, None));
    }

    /// Looks at what every account has made; gives the marks to keep.
    pub(crate) fn look(&mut self, ledger: &Ledger, limits: &Limits, now: Timestamp) -> Vec<DayMark> {
        let mut told = Vec::new();
        if !limits.bounds_losses() {
            return told;
        }
        let today = limits.day_of(now);
        for ((account, currency), totals) in ledger.all_totals() {
            let key = (account.clone(), currency.clone());
            let Some(net) = totals.net() else {
                self.unknown.insert(key); // a position without a mark: the gate says so
                continue;
            };
            let was_unknown = self.unknown.remove(&key);
            let is_first = self.looked == Some(today) && !was_unknown && !self.days.contains_key(&key);
            let start = if is_first { Decimal::ZERO } else { net };
            let fresh = DayMark {
                account: account.clone(),
                currency: currency.clone(),
                day: today,
                start,
                peak: start.max(net),
            };
            match self.days.get_mut(&key) {
                Some((mark, told_at)) if mark.day == today => {
                    let rises = net > mark.peak;
                    mark.peak = mark.peak.max(net);
                    let is_due = told_at.is_none_or(|at| now.since(at).unsigned_abs() >= TELL_AGAIN_US.unsigned_abs());
                    if rises && is_due {
                        *told_at = Some(now);
                        told.push(mark.clone());
                    }
                }
                Some(_) | None => {
                    told.push(fresh.clone());
                    self.days.insert(key, (fresh, Some(now)));
                }
            }
        }
        self.looked = Some(today);
        told
    }

    /// C7: whether an account has lost too much for an order in this currency that can raise exposure.
    pub(crate) fn check(
        &self,
        account: &str,
        currency: &str,
        ledger: &Ledger,
        limits: &Limits,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if !limits.bounds_losses() {
            return Ok(());
        }
        let totals = ledger.totals(account, currency);
        let words = || (account.to_owned(), currency.to_owned());
        let Some(net) = totals.net() else {
            let (account, currency) = words();
            return Err(Refusal::LossUnknown { account, currency, unmarked: totals.unmarked });
        };
        let today = limits.day_of(now);
        let key = (account.to_owned(), currency.to_owned());
        let mark = self.days.get(&key).map(|(mark, _)| mark);
        let is_first = self.looked == Some(today) && mark.is_none() && !self.unknown.contains(&key);
        let since = if is_first { Decimal::ZERO } else { net };
        let (start, peak) = mark
            .filter(|mark| mark.day == today)
            .map_or_else(|| (since, since.max(net)), |mark| (mark.start, mark.peak.max(net)));
        for (limit, from, is_drawdown) in [(limits.daily_loss_max, start, false), (limits.drawdown_max, peak, true)] {
            let Some(limit) = limit else { continue };
            let lost = from.checked_sub(net).ok_or(Refusal::OutOfRange)?;
            if lost >= limit {
                let (account, currency) = words();
                return Err(if is_drawdown {
                    Refusal::Drawdown { account, currency, lost, limit }
                } else {
                    Refusal::DailyLoss { account, currency, lost, limit }
                });
            }
        }
        Ok(())
    }
}
