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
    /// The most that was lost since that reached its limit, which holds until the day is over; `None` where it has not.
    #[serde(default)]
    pub loss_reached: Option<Decimal>,
    /// The same of what was lost from the best.
    #[serde(default)]
    pub drawdown_reached: Option<Decimal>,
}

impl DayMark {
    /// The limit that the account has reached in this day, where it has reached one.
    #[must_use]
    pub fn reached(&self, limits: &Limits) -> Option<Refusal> {
        let (account, currency) = (self.account.clone(), self.currency.clone());
        if let Some((lost, limit)) = self.loss_reached.zip(limits.daily_loss_max).filter(|(lost, limit)| lost >= limit)
        {
            return Some(Refusal::DailyLoss { account, currency, lost, limit });
        }
        let drawdown = self.drawdown_reached.zip(limits.drawdown_max).filter(|(lost, limit)| lost >= limit);
        drawdown.map(|(lost, limit)| Refusal::Drawdown { account, currency, lost, limit })
    }

    /// Takes in what the account has made now; tells whether that has reached a limit for the first time.
    fn has_come_to(&mut self, net: Decimal, limits: &Limits) -> bool {
        self.peak = self.peak.max(net);
        let mut is_news = false;
        for (reached, limit, from) in [
            (&mut self.loss_reached, limits.daily_loss_max, self.start),
            (&mut self.drawdown_reached, limits.drawdown_max, self.peak),
        ] {
            let lost = from.saturating_sub(net);
            if let Some(limit) = limit.filter(|limit| lost >= *limit) {
                is_news |= reached.is_none_or(|known| known < limit);
                *reached = (*reached).max(Some(lost));
            }
        }
        is_news
    }
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
            let mut fresh = DayMark {
                account: account.clone(),
                currency: currency.clone(),
                day: today,
                start,
                peak: start,
                loss_reached: None,
                drawdown_reached: None,
            };
            match self.days.get_mut(&key) {
                Some((mark, told_at)) if mark.day == today => {
                    let rises = net > mark.peak;
                    let is_reached = mark.has_come_to(net, limits);
                    let is_due = told_at.is_none_or(|at| now.since(at).unsigned_abs() >= TELL_AGAIN_US.unsigned_abs());
                    if is_reached || (rises && is_due) {
                        *told_at = Some(now);
                        told.push(mark.clone());
                    }
                }
                Some(_) | None => {
                    fresh.has_come_to(net, limits);
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
        let start = if is_first { Decimal::ZERO } else { net };
        let fresh = || DayMark {
            account: account.to_owned(),
            currency: currency.to_owned(),
            day: today,
            start,
            peak: start,
            loss_reached: None,
            drawdown_reached: None,
        };
        let mut mark = mark.filter(|mark| mark.day == today).cloned().unwrap_or_else(fresh);
        mark.has_come_to(net, limits);
        mark.reached(limits).map_or(Ok(()), Err)
    }
}
