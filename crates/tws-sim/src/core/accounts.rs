//! The values of accounts: account updates, summaries, and the values of several accounts at once.

use std::collections::BTreeSet;

use tws_proto::ids::{ContractId, RequestId};
use tws_proto::message::{
    AccountDownloadEnd, AccountSummary, AccountSummaryEnd, AccountUpdateTime, AccountValue, ModelValue, ModelValueEnd,
    PortfolioValue, RequestAccountSummary, RequestAccountUpdates, RequestModelValues,
};

use super::Core;
use crate::account_feeds::{Extent, Ledgers, SummaryFeed, Told, UpdateFeed, ValuesFeed};
use crate::session::SessionId;
use crate::statement::{self, AccountReadiness, Row, Statement};
use crate::time::SimTime;
use crate::worth::Prices;

/// How often changed account values are told.
const UPDATE_MS: i64 = 180_000;
/// How many summaries one client may have.
const SUMMARIES_MAX: usize = 2;
/// How many streams of another kind one client may have. TWS tells no number; nobody needs more.
pub(super) const FEEDS_MAX: usize = 100;

impl Core {
    /// From now on TWS says that the values of accounts can be relied on, or that they cannot.
    pub fn set_account_readiness(&mut self, readiness: AccountReadiness) {
        self.readiness = readiness;
        self.update_accounts(None);
    }

    pub(super) fn request_account_updates(&mut self, session: SessionId, request: &RequestAccountUpdates) {
        let Some(this) = self.sessions.get_mut(&session) else { return };
        if !request.subscribe {
            this.feeds.updates = None; // TWS says nothing where there was none
            return;
        }
        let Some(account) = self.one_account(&request.account) else {
            let text = format!("Error validating request.-'bG' : cause - Invalid account code '{}'.", request.account);
            return self.outbox.notice(session, -1, 321, text);
        };
        let Some(this) = self.sessions.get_mut(&session) else { return };
        let feed = UpdateFeed {
            account: account.clone(),
            next_update: self.now.plus_ms(UPDATE_MS),
            told: Told::default(),
            portfolio: Default::default(),
        };
        let before = this.feeds.updates.replace(feed);
        if before.is_some_and(|before| before.account != account) {
            let text = "New account data requested from TWS.  API client has been unsubscribed from account data.";
            self.outbox.notice(session, -1, 2100, text);
        }
        self.send_account_update(session);
        self.outbox.send(session, AccountDownloadEnd { account });
    }

    pub(super) fn request_summary(&mut self, session: SessionId, request: &RequestAccountSummary) {
        let id = request.request_id;
        let (tags, ledgers) = match summary_tags(&request.tags) {
            Ok(wanted) => wanted,
            Err(unknown) => {
                let text = format!("Error validating request.-'bY' : cause - Unrecognized tags: {unknown}");
                return self.outbox.notice(session, id.0, 321, text);
            }
        };
        let Some(accounts) = self.accounts_of_group(&request.group) else {
            let text = format!("Error validating request.-'bY' : cause - Invalid group: {}", request.group);
            return self.outbox.notice(session, id.0, 321, text);
        };
        let (now, Some(this)) = (self.now, self.sessions.get_mut(&session)) else { return };
        if this.feeds.summaries.len() >= SUMMARIES_MAX && !this.feeds.summaries.contains_key(&id) {
            let text = "Error processing request.-'bY' : cause - Maximum number of account summary requests exceeded";
            return self.outbox.notice(session, id.0, 322, text);
        }
        let feed =
            SummaryFeed { accounts, tags, ledgers, next_update: now.plus_ms(UPDATE_MS), told: Default::default() };
        this.feeds.summaries.insert(id, feed);
        self.send_summary(session, id);
        self.outbox.send(session, AccountSummaryEnd { request_id: id });
    }

    pub(super) fn cancel_summary(&mut self, session: SessionId, id: RequestId) {
        if let Some(this) = self.sessions.get_mut(&session) {
            this.feeds.summaries.remove(&id); // TWS says nothing of an unknown one
        }
    }

    pub(super) fn request_model_values(&mut self, session: SessionId, request: &RequestModelValues) {
        let id = request.request_id;
        let Some(accounts) = self.accounts_named(&request.account, &request.model_code) else {
            return self.refuse_account(session, id, &request.account);
        };
        let (now, Some(this)) = (self.now, self.sessions.get_mut(&session)) else { return };
        if !has_room(&this.feeds.values, id) {
            return self.refuse_feed(session, id);
        }
        let extent = if request.ledger_only { Extent::LedgerAndNetLiquidation } else { Extent::Everything };
        let model_code = request.model_code.clone();
        let next_update = now.plus_ms(UPDATE_MS);
        let feed = ValuesFeed { accounts, model_code, extent, next_update, told: Default::default() };
        this.feeds.values.insert(id, feed);
        self.send_model_values(session, id);
        self.outbox.send(session, ModelValueEnd { request_id: id });
    }

    pub(super) fn cancel_model_values(&mut self, session: SessionId, id: RequestId) {
        if let Some(this) = self.sessions.get_mut(&session) {
            this.feeds.values.remove(&id);
        }
    }

    pub(super) fn next_account_update(&self) -> Option<SimTime> {
        self.sessions.values().filter_map(|session| session.feeds.next_update()).min()
    }

    /// Tells what changed to every stream whose time has come.
    pub(super) fn update_due_accounts(&mut self) {
        let now = self.now;
        self.update_accounts(Some(now));
    }

    /// A position changed: account updates and values of several accounts do not wait until their time comes.
    pub(super) fn tell_account(&mut self, account: &str) {
        let mut due = (Vec::new(), Vec::new());
        for (session, this) in &self.sessions {
            if this.feeds.updates.as_ref().is_some_and(|feed| feed.account == account) {
                due.0.push(*session);
            }
            let listens = this.feeds.values.iter().filter(|(_, feed)| feed.accounts.contains(account));
            due.1.extend(listens.map(|(id, _)| (*session, *id)));
        }
        due.0.into_iter().for_each(|session| self.send_account_update(session));
        due.1.into_iter().for_each(|(session, id)| self.send_model_values(session, id));
    }

    /// Tells what changed to every stream that is due by `until`, or to all.
    fn update_accounts(&mut self, until: Option<SimTime>) {
        let next = self.now.plus_ms(UPDATE_MS);
        let mut due = (Vec::new(), Vec::new(), Vec::new());
        let is_due = |time: &mut SimTime| {
            let is_due = until.is_none_or(|until| *time <= until);
            if is_due {
                *time = next;
            }
            is_due
        };
        for (session, this) in &mut self.sessions {
            if this.feeds.updates.as_mut().is_some_and(|feed| is_due(&mut feed.next_update)) {
                due.0.push(*session);
            }
            for (id, feed) in &mut this.feeds.summaries {
                if is_due(&mut feed.next_update) {
                    due.1.push((*session, *id));
                }
            }
            for (id, feed) in &mut this.feeds.values {
                if is_due(&mut feed.next_update) {
                    due.2.push((*session, *id));
                }
            }
        }
        due.0.into_iter().for_each(|session| self.send_account_update(session));
        due.1.into_iter().for_each(|(session, id)| self.send_summary(session, id));
        due.2.into_iter().for_each(|(session, id)| self.send_model_values(session, id));
    }

    /// Sends the values and positions that differ from what was told last, and the time.
    fn send_account_update(&mut self, session: SessionId) {
        let updates = |core: &mut Self| core.sessions.get_mut(&session).and_then(|this| this.feeds.updates.take());
        let Some(mut feed) = updates(self) else { return };
        let rows = feed.told.news(self.rows_of(&feed.account, |statement| statement.rows()));
        for Row { key, value, currency } in rows {
            let value = AccountValue { key, value, currency, account: feed.account.clone() };
            self.outbox.send(session, value);
        }
        for (contract, row) in self.portfolio(&feed.account) {
            let told = feed.portfolio.insert(contract, row.clone());
            let was_held = told.as_ref().is_some_and(|told| told.position != row.position);
            let is_held = row.position.is_some_and(|position| !position.is_zero());
            if told.as_ref() != Some(&row) && (is_held || was_held) {
                self.outbox.send(session, Box::new(row));
            }
        }
        self.outbox.send(session, AccountUpdateTime { time: self.now.clock().into() });
        if let Some(this) = self.sessions.get_mut(&session) {
            this.feeds.updates = Some(feed);
        }
    }

    fn send_summary(&mut self, session: SessionId, id: RequestId) {
        let Some(mut feed) = self.sessions.get_mut(&session).and_then(|this| this.feeds.summaries.remove(&id)) else {
            return;
        };
        for account in &feed.accounts {
            let rows = self.rows_of(account, |statement| {
                let mut rows: Vec<Row> = feed.tags.iter().filter_map(|tag| statement.summary_row(tag)).collect();
                match &feed.ledgers {
                    Ledgers::None => {}
                    Ledgers::Base => rows.extend(statement.ledger_of(statement::BASE).unwrap_or_default()),
                    Ledgers::Of(currency) => rows.extend(statement.ledger_of(currency).unwrap_or_default()),
                    Ledgers::All => rows.extend(statement.ledger_rows()),
                }
                rows
            });
            let told = feed.told.entry(account.clone()).or_default();
            for Row { key, value, currency } in told.news(rows) {
                let row = AccountSummary { request_id: id, account: account.clone(), tag: key.into(), value, currency };
                self.outbox.send(session, Box::new(row));
            }
        }
        if let Some(this) = self.sessions.get_mut(&session) {
            this.feeds.summaries.insert(id, feed);
        }
    }

    fn send_model_values(&mut self, session: SessionId, id: RequestId) {
        let Some(mut feed) = self.sessions.get_mut(&session).and_then(|this| this.feeds.values.remove(&id)) else {
            return;
        };
        for account in &feed.accounts {
            let rows = self.rows_of(account, |statement| match feed.extent {
                Extent::Everything => statement.rows(),
                Extent::LedgerAndNetLiquidation => statement.ledger_and_net_liquidation(),
            });
            let told = feed.told.entry(account.clone()).or_default();
            for Row { key, value, currency } in told.news(rows) {
                let (account, model_code) = (account.clone(), feed.model_code.clone());
                let value = ModelValue { request_id: id, account, model_code, key, value, currency };
                self.outbox.send(session, Box::new(value));
            }
        }
        if let Some(this) = self.sessions.get_mut(&session) {
            this.feeds.values.insert(id, feed);
        }
    }

    fn rows_of(&self, account: &str, choose: impl FnOnce(&Statement<'_>) -> Vec<Row>) -> Vec<Row> {
        let (Some(books), Some(valuation)) = (self.books.account(account), self.valuation(account)) else {
            return Vec::new();
        };
        choose(&Statement { account: books, valuation: &valuation, readiness: self.readiness })
    }

    /// What an account holds and held since it began, at the prices shown now.
    fn portfolio(&self, account: &str) -> Vec<(ContractId, PortfolioValue)> {
        let Some(books) = self.books.account(account) else { return Vec::new() };
        let shown = self.shown();
        let row = |contract: &ContractId| {
            let (instrument, mark) = shown.mark(*contract)?;
            let holding = books.holdings.get(contract)?;
            let factor = instrument.price_factor();
            let row = PortfolioValue {
                contract: instrument.contract(),
                position: Some(holding.quantity),
                market_price: Some(mark),
                market_value: Some(holding.value(mark, factor).round_dp(2)),
                average_cost: Some(holding.average_cost()),
                unrealised_profit: Some(holding.unrealized(mark, factor).round_dp(2)),
                realised_profit: Some(holding.today.realized.round_dp(2)),
                account: account.to_owned(),
            };
            Some((*contract, row))
        };
        books.holdings.keys().filter_map(row).collect()
    }

    /// The account a request means that may leave its name out where there is one only.
    fn one_account(&self, name: &str) -> Option<String> {
        match (name, self.accounts.as_slice()) {
            ("", [only]) => Some(only.name.clone()),
            _ => self.books.account(name).map(|account| account.name.clone()),
        }
    }

    /// The accounts that a request for several means: one, a group of the advisor, or all of them. Models are not
    /// simulated: whatever has a model code is empty.
    pub(super) fn accounts_named(&self, name: &str, model_code: &str) -> Option<BTreeSet<String>> {
        let accounts = match name {
            "" => self.accounts_of_group("All"),
            _ if self.books.account(name).is_some() => Some(BTreeSet::from([name.to_owned()])),
            _ => self.accounts_of_group(name),
        }?;
        Some(if model_code.is_empty() { accounts } else { BTreeSet::new() })
    }

    pub(super) fn refuse_account(&mut self, session: SessionId, id: RequestId, account: &str) {
        let text = format!("Error validating request.-'bN' : cause - Invalid account code '{account}'.");
        self.outbox.notice(session, id.0, 321, text);
    }

    pub(super) fn refuse_feed(&mut self, session: SessionId, id: RequestId) {
        let text = "Error processing request.-'bN' : cause - Duplicate request id, or too many requests of this kind";
        self.outbox.notice(session, id.0, 322, text);
    }
}

/// Whether another stream may begin under this id.
pub(super) fn has_room<T>(feeds: &std::collections::BTreeMap<RequestId, T>, id: RequestId) -> bool {
    feeds.len() < FEEDS_MAX && !feeds.contains_key(&id)
}

/// The tags and ledgers of a summary, or the first that is not known.
fn summary_tags(text: &str) -> Result<(Vec<String>, Ledgers), String> {
    let (mut tags, mut ledgers) = (Vec::new(), Ledgers::None);
    for tag in text.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
        match tag.strip_prefix("$LEDGER") {
            Some("") => ledgers = Ledgers::Base,
            Some(":ALL") => ledgers = Ledgers::All,
            Some(":BASE") => ledgers = Ledgers::Base,
            Some(currency) if currency.starts_with(':') => ledgers = Ledgers::Of(currency[1..].to_owned()),
            None if statement::is_summary_tag(tag) => {
                if !tags.iter().any(|known| known == tag) {
                    tags.push(tag.to_owned());
                }
            }
            Some(_) | None => return Err(tag.to_owned()),
        }
    }
    Ok((tags, ledgers))
}
