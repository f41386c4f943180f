//! [`Login`]: whether the accounts of a session are those that may be traded. Looked at in every epoch, before anything
//! that TWS says is believed and before anything is sent.

use std::collections::BTreeSet;

use order::{State, Timestamp};
use risk::{RiskGate, TradingMode, is_paper_account};

use super::Engine;
use crate::books::Books;
use crate::config::TraderConfig;
use crate::mask::{Masked, masked_list};

/// What is known of the login.
#[derive(Debug, Default)]
pub(super) struct Login {
    /// Accounts of the login, as the first epoch told them.
    managed: BTreeSet<String>,
    /// Whether a login came that may not trade. Nothing is sent into it, cancels neither: its orders carry the same
    /// numbers as ours and are not ours (R2).
    is_barred: bool,
}

impl Login {
    pub(super) fn accounts(&self) -> &BTreeSet<String> {
        &self.managed
    }

    pub(super) fn is_barred(&self) -> bool {
        self.is_barred
    }
}

/// Why a login may not trade.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoginFault {
    /// It has none.
    #[error("the login has no accounts; log in to TWS again")]
    NoAccounts,
    /// A live account while the mode is paper.
    #[error("the login has the live account {}, but the mode is paper; connect to a paper login", Masked(account))]
    LiveAccount {
        /// Which.
        account: String,
    },
    /// An account that the configuration names is not there.
    #[error("the login does not have account {}; mend TWS_ACCOUNTS or log in with another user", Masked(account))]
    Missing {
        /// Which.
        account: String,
    },
    /// A live login has an account that the configuration does not name.
    #[error(
        "the login has account {} too, which TWS_ACCOUNTS does not name; live trading needs every account named",
        Masked(account)
    )]
    NotNamed {
        /// Which.
        account: String,
    },
    /// Another login than when the trader started.
    #[error(
        "the login had the accounts {} and has {} now; start the trader again if that is meant",
        masked_list(before),
        masked_list(now)
    )]
    Changed {
        /// Accounts at the start.
        before: BTreeSet<String>,
        /// Accounts now.
        now: BTreeSet<String>,
    },
    /// The journal holds orders or positions of an account that the login does not have.
    #[error(
        "the journal holds orders or positions of account {}, which the login does not have; use that login, or another \
         journal",
        Masked(account)
    )]
    OfTheJournal {
        /// Which.
        account: String,
    },
}

/// The accounts that may trade in a login that has these.
fn admit(
    config: &TraderConfig,
    before: &BTreeSet<String>,
    now: &BTreeSet<String>,
    in_use: impl IntoIterator<Item = String>,
) -> Result<Vec<String>, LoginFault> {
    if now.is_empty() {
        return Err(LoginFault::NoAccounts);
    }
    let is_live = |account: &&String| !is_paper_account(account);
    if config.mode == TradingMode::Paper
        && let Some(account) = now.iter().find(is_live).cloned()
    {
        return Err(LoginFault::LiveAccount { account });
    }
    if let Some(account) = config.accounts.iter().find(|account| !now.contains(*account)).cloned() {
        return Err(LoginFault::Missing { account });
    }
    if config.mode == TradingMode::Live
        && let Some(account) = now.iter().find(|account| !config.accounts.contains(account)).cloned()
    {
        return Err(LoginFault::NotNamed { account });
    }
    if !before.is_empty() && before != now {
        return Err(LoginFault::Changed { before: before.clone(), now: now.clone() });
    }
    if let Some(account) = in_use.into_iter().find(|account| !now.contains(account)) {
        return Err(LoginFault::OfTheJournal { account });
    }
    Ok(if config.accounts.is_empty() { now.iter().cloned().collect() } else { config.accounts.clone() })
}

/// Accounts in which something of ours is alive or held.
fn in_use(books: &Books) -> BTreeSet<String> {
    let ordered = books.orders.live().map(|order| order.intent.account.to_string());
    let ours = books.ledger.holdings().filter(|holding| holding.strategy.is_some() && !holding.position.is_flat());
    ordered.chain(ours.map(|holding| holding.account.to_owned())).collect()
}

impl Engine {
    /// Holds the accounts of a login against those that may trade; makes the gate at the first. Where they do not fit,
    /// trading halts, and nothing is sent any more.
    pub(super) fn admit_login(&mut self, managed: &[String]) -> bool {
        let now: BTreeSet<String> = managed.iter().cloned().collect();
        let admitted =
            admit(&self.config, &self.login.managed, &now, in_use(&self.books)).map_err(|fault| fault.to_string());
        let opened = admitted.and_then(|accounts| match &self.gate {
            Some(_) => Ok(accounts),
            None => self.new_gate(accounts.clone()).map(|gate| {
                self.gate = Some(gate);
                accounts
            }),
        });
        match opened {
            Ok(accounts) => {
                self.login.managed = now;
                self.state.send_modify(|state| state.accounts = accounts);
                // Another epoch may hold the login that was there before.
                !self.login.is_barred
            }
            Err(reason) => {
                self.login.is_barred = true;
                self.halt(&reason);
                false
            }
        }
    }

    fn new_gate(&self, accounts: Vec<String>) -> Result<RiskGate, String> {
        let mut gate = RiskGate::new(self.config.limits_for(accounts)).map_err(|error| error.to_string())?;
        // Paper trading needs none, and one that is left over from live trading is nothing to it.
        if let Some(arming) = self.config.arming.as_ref().filter(|_| self.config.mode == TradingMode::Live) {
            let until = Timestamp(arming.until.as_microsecond());
            gate.arm(arming.by.clone(), until, self.clock.now()).map_err(|error| error.to_string())?;
        }
        let now = self.clock.now();
        let limits = gate.limits().clone();
        let today = limits.day_of(now);
        for order in self.books.orders.iter().filter(|order| limits.day_of(order.created_at) == today) {
            gate.resume_entry(&order.intent.strategy, order.created_at);
        }
        for (_, execution) in self.books.orders.executions().iter() {
            gate.resume_trade(&execution);
        }
        let rejected = self.books.orders.iter().filter(|order| order.state == State::Rejected);
        let rejected =
            rejected.filter_map(|order| Some((order.ended_at?, order.intent.id, order.intent.strategy.clone())));
        for (at, id, strategy) in rejected.collect::<BTreeSet<_>>() {
            gate.resume_reject(&strategy, id, at);
        }
        for mark in self.books.days.values() {
            gate.resume_day(mark.clone());
        }
        if let Some(kill) = &self.books.kill {
            gate.kill(kill.by.clone(), kill.reason.clone());
        }
        Ok(gate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(accounts: &[&str]) -> BTreeSet<String> {
        accounts.iter().map(|account| (*account).to_owned()).collect()
    }

    #[track_caller]
    fn check(mode: TradingMode, named: &[&str], before: &[&str], now: &[&str], expected: Result<&[&str], LoginFault>) {
        let accounts = named.iter().map(|account| (*account).to_owned()).collect();
        let config = TraderConfig { mode, accounts, ..TraderConfig::paper() };
        let expected = expected.map(|accounts| accounts.iter().map(|account| (*account).to_owned()).collect());
        assert_eq!(admit(&config, &set(before), &set(now), set(&["DU1"])), expected);
    }

    #[test]
    fn a_login_may_trade_or_not() {
        use TradingMode::{Live, Paper};
        let account = |account: &str| account.to_owned();
        check(Paper, &[], &[], &["DU1", "DU2"], Ok(&["DU1", "DU2"]));
        check(Paper, &["DU2"], &[], &["DU1", "DU2"], Ok(&["DU2"]));
        check(Paper, &[], &["DU1"], &["DU1"], Ok(&["DU1"]));
        check(Paper, &[], &[], &[], Err(LoginFault::NoAccounts));
        check(Paper, &[], &[], &["DU1", "U7"], Err(LoginFault::LiveAccount { account: account("U7") }));
        check(Paper, &["DU3"], &[], &["DU1"], Err(LoginFault::Missing { account: account("DU3") }));
        check(
            Paper,
            &[],
            &["DU1"],
            &["DU1", "DU2"],
            Err(LoginFault::Changed { before: set(&["DU1"]), now: set(&["DU1", "DU2"]) }),
        );
        check(Paper, &[], &[], &["DU2"], Err(LoginFault::OfTheJournal { account: account("DU1") }));
        check(Live, &["DU1", "U2"], &[], &["DU1", "U2"], Ok(&["DU1", "U2"]));
        check(Live, &["DU1"], &[], &["DU1", "U2"], Err(LoginFault::NotNamed { account: account("U2") }));
    }

    #[test]
    fn faults_show_no_account_numbers() {
        let fault = LoginFault::Changed { before: set(&["DU1234567"]), now: set(&["U7654321"]) };
        let text = fault.to_string();
        assert!(text.contains("***567") && text.contains("***321") && !text.contains("4567"), "{text}");
    }
}
