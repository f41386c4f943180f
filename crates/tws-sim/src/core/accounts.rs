//! Positions and account values.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use tws_proto::ids::{ContractId, RequestId};
use tws_proto::message::{AccountSummary, AccountSummaryEnd, Position, PositionEnd, RequestAccountSummary};

use super::Core;
use crate::books::Worth;
use crate::session::{PositionFeed, SessionId, SummarySubscription};
use crate::time::SimTime;

/// How often changed account values are told.
const SUMMARY_MS: i64 = 180_000;
/// How many summaries one client may have.
const SUMMARIES_MAX: usize = 2;
/// What can be asked for.
const TAGS: [&str; 20] = [
    "AccountType",
    "NetLiquidation",
    "TotalCashValue",
    "SettledCash",
    "AccruedCash",
    "BuyingPower",
    "EquityWithLoanValue",
    "PreviousDayEquityWithLoanValue",
    "GrossPositionValue",
    "UnrealizedPnL",
    "RealizedPnL",
    "InitMarginReq",
    "MaintMarginReq",
    "AvailableFunds",
    "ExcessLiquidity",
    "Cushion",
    "FullInitMarginReq",
    "FullMaintMarginReq",
    "FullAvailableFunds",
    "FullExcessLiquidity",
];

impl Core {
    pub(super) fn request_positions(&mut self, session: SessionId) {
        let held: Vec<(String, ContractId)> = self
            .books
            .accounts()
            .flat_map(|account| account.holdings.iter().map(move |(contract, holding)| (account, contract, holding)))
            .filter(|(_, _, holding)| !holding.quantity.is_zero())
            .map(|(account, contract, _)| (account.name.clone(), *contract))
            .collect();
        for (account, contract) in held {
            self.send_position(session, &account, contract);
        }
        self.outbox.send(session, PositionEnd {});
        self.set_position_feed(session, PositionFeed::On);
    }

    pub(super) fn cancel_positions(&mut self, session: SessionId) {
        self.set_position_feed(session, PositionFeed::Off);
    }

    /// A position changed: whoever asked for positions hears of it, also when it is closed.
    pub(super) fn tell_position(&mut self, account: &str, contract: ContractId) {
        let listening: Vec<SessionId> = self
            .sessions
            .iter()
            .filter(|(_, session)| session.positions == PositionFeed::On)
            .map(|(session, _)| *session)
            .collect();
        for session in listening {
            self.send_position(session, account, contract);
        }
    }

    pub(super) fn request_summary(&mut self, session: SessionId, request: &RequestAccountSummary) {
        let id = request.request_id;
        let tags: Vec<String> =
            request.tags.split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect();
        if let Some(unknown) = tags.iter().find(|tag| !TAGS.contains(&tag.as_str())) {
            let text = format!("Error validating request.-'bY' : cause - Unrecognized tags: {unknown}");
            return self.outbox.notice(session, id.0, 321, text);
        }
        let (now, Some(this)) = (self.now, self.sessions.get_mut(&session)) else { return };
        if this.summaries.len() >= SUMMARIES_MAX && !this.summaries.contains_key(&id) {
            let text = "Error processing request.-'bY' : cause - Maximum number of account summary requests exceeded";
            return self.outbox.notice(session, id.0, 322, text);
        }
        let subscription = SummarySubscription { tags, next_update: now.plus_ms(SUMMARY_MS), told: BTreeMap::new() };
        this.summaries.insert(id, subscription);
        self.send_summary(session, id);
        self.outbox.send(session, AccountSummaryEnd { request_id: id });
    }

    pub(super) fn cancel_summary(&mut self, session: SessionId, id: RequestId) {
        if let Some(this) = self.sessions.get_mut(&session) {
            this.summaries.remove(&id); // TWS says nothing of an unknown one
        }
    }

    pub(super) fn next_summary(&self) -> Option<SimTime> {
        self.sessions.values().flat_map(|session| session.summaries.values()).map(|summary| summary.next_update).min()
    }

    /// Tells what changed to every summary whose time has come.
    pub(super) fn update_summaries(&mut self) {
        let now = self.now;
        let mut due = Vec::new();
        for (session, this) in &mut self.sessions {
            for (id, summary) in &mut this.summaries {
                if summary.next_update <= now {
                    summary.next_update = now.plus_ms(SUMMARY_MS);
                    due.push((*session, *id));
                }
            }
        }
        for (session, id) in due {
            self.send_summary(session, id);
        }
    }

    /// Sends every value that differs from what this subscription was told last.
    fn send_summary(&mut self, session: SessionId, id: RequestId) {
        let worths: Vec<(String, Decimal, Worth)> = self
            .books
            .accounts()
            .map(|account| (account.name.clone(), account.initial_cash, self.worth(&account.name)))
            .collect();
        let Some(summary) = self.sessions.get_mut(&session).and_then(|this| this.summaries.get_mut(&id)) else {
            return;
        };
        for (account, initial, worth) in worths {
            for tag in &summary.tags {
                let value = value_of(tag, initial, &worth);
                let told = summary.told.insert((account.clone(), tag.clone()), value.clone());
                if told.as_ref() == Some(&value) {
                    continue;
                }
                let currency = if matches!(tag.as_str(), "AccountType" | "Cushion") { "" } else { "USD" };
                let row = AccountSummary {
                    request_id: id,
                    account: account.clone(),
                    tag: tag.as_str().into(),
                    value,
                    currency: currency.to_owned(),
                };
                self.outbox.send(session, Box::new(row));
            }
        }
    }

    fn send_position(&mut self, session: SessionId, account: &str, contract: ContractId) {
        let Some(instrument) = self.catalogue.by_id(contract) else { return };
        let holding = self.books.account(account).and_then(|account| account.holdings.get(&contract));
        let holding = holding.copied().unwrap_or_default();
        let position = Position {
            account: account.to_owned(),
            contract: instrument.contract(),
            position: Some(holding.quantity),
            average_cost: Some(holding.average_cost()),
        };
        self.outbox.send(session, Box::new(position));
    }

    fn set_position_feed(&mut self, session: SessionId, feed: PositionFeed) {
        if let Some(this) = self.sessions.get_mut(&session) {
            this.positions = feed;
        }
    }
}

fn value_of(tag: &str, initial_cash: Decimal, worth: &Worth) -> String {
    let available = worth.net_liquidation - worth.initial_margin;
    let excess = worth.net_liquidation - worth.maintenance_margin;
    let amount = match tag {
        "AccountType" => return "INDIVIDUAL".to_owned(),
        "Cushion" => {
            let part = excess.checked_div(worth.net_liquidation).unwrap_or_default();
            return part.round_dp(6).normalize().to_string();
        }
        "NetLiquidation" | "EquityWithLoanValue" => worth.net_liquidation,
        "TotalCashValue" | "SettledCash" => worth.cash,
        "AccruedCash" => Decimal::ZERO,
        "PreviousDayEquityWithLoanValue" => initial_cash,
        "BuyingPower" => available.max(Decimal::ZERO) * Decimal::TWO,
        "GrossPositionValue" => worth.gross_position_value,
        "UnrealizedPnL" => worth.unrealized,
        "RealizedPnL" => worth.realized,
        "InitMarginReq" | "FullInitMarginReq" => worth.initial_margin,
        "MaintMarginReq" | "FullMaintMarginReq" => worth.maintenance_margin,
        "AvailableFunds" | "FullAvailableFunds" => available,
        _ => excess, // ExcessLiquidity and FullExcessLiquidity: the rest of TAGS
    };
    format!("{:.2}", amount.round_dp(2))
}
