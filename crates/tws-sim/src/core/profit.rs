//! Streams of profit: of accounts, and of one position. Told once a second where something changed.

use rust_decimal::Decimal;
use tws_proto::ids::{ContractId, RequestId};
use tws_proto::message::{PositionProfit, Profit, RequestPositionProfit, RequestProfit};

use super::Core;
use super::accounts::has_room;
use crate::account_feeds::{PositionProfitFeed, ProfitFeed};
use crate::session::SessionId;
use crate::time::SimTime;
use crate::worth::Prices;

/// How often changed profits are told.
const PROFIT_MS: i64 = 1000;

impl Core {
    pub(super) fn request_profit(&mut self, session: SessionId, request: &RequestProfit) {
        let id = request.request_id;
        let Some(accounts) = self.accounts_named(&request.account, &request.model_code) else {
            return self.refuse_account(session, id, &request.account);
        };
        let Some(this) = self.sessions.get_mut(&session) else { return };
        if !has_room(&this.feeds.profits, id) {
            return self.refuse_feed(session, id);
        }
        this.feeds.profits.insert(id, ProfitFeed { accounts, told: None });
        self.send_profit(session, id);
        self.plan_profits();
    }

    pub(super) fn cancel_profit(&mut self, session: SessionId, id: RequestId) {
        if let Some(this) = self.sessions.get_mut(&session) {
            this.feeds.profits.remove(&id);
        }
    }

    pub(super) fn request_position_profit(&mut self, session: SessionId, request: &RequestPositionProfit) {
        let id = request.request_id;
        let Some(accounts) = self.accounts_named(&request.account, &request.model_code) else {
            return self.refuse_account(session, id, &request.account);
        };
        let Some(contract) = request.contract_id.filter(|contract| self.catalogue.by_id(*contract).is_some()) else {
            return self.outbox.notice(session, id.0, 2150, "Invalid position trade derived value");
        };
        let Some(this) = self.sessions.get_mut(&session) else { return };
        if !has_room(&this.feeds.position_profits, id) {
            return self.refuse_feed(session, id);
        }
        this.feeds.position_profits.insert(id, PositionProfitFeed { accounts, contract, told: None });
        self.send_position_profit(session, id);
        self.plan_profits();
    }

    pub(super) fn cancel_position_profit(&mut self, session: SessionId, id: RequestId) {
        if let Some(this) = self.sessions.get_mut(&session) {
            this.feeds.position_profits.remove(&id);
        }
    }

    /// When profits are looked at next, where anybody listens.
    pub(super) const fn next_profits(&self) -> Option<SimTime> {
        self.next_profits
    }

    /// Tells every profit that changed.
    pub(super) fn update_profits(&mut self) {
        self.next_profits = None;
        let (mut accounts, mut positions) = (Vec::new(), Vec::new());
        for (session, this) in &self.sessions {
            accounts.extend(this.feeds.profits.keys().map(|id| (*session, *id)));
            positions.extend(this.feeds.position_profits.keys().map(|id| (*session, *id)));
        }
        accounts.into_iter().for_each(|(session, id)| self.send_profit(session, id));
        positions.into_iter().for_each(|(session, id)| self.send_position_profit(session, id));
        self.plan_profits();
    }

    fn plan_profits(&mut self) {
        if self.next_profits.is_none() && self.sessions.values().any(|session| session.feeds.wants_profits()) {
            self.next_profits = Some(self.now.plus_ms(PROFIT_MS));
        }
    }

    fn send_profit(&mut self, session: SessionId, id: RequestId) {
        let Some(feed) = self.sessions.get(&session).and_then(|this| this.feeds.profits.get(&id)) else { return };
        let (mut daily, mut unrealised, mut realised) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
        for worth in feed.accounts.iter().map(|account| self.worth(account)) {
            daily += worth.daily;
            unrealised += worth.unrealized;
            realised += worth.realized_today;
        }
        let profit = Profit {
            request_id: id,
            daily: Some(daily.round_dp(2)),
            unrealised: Some(unrealised.round_dp(2)),
            realised: Some(realised.round_dp(2)),
        };
        let Some(feed) = self.sessions.get_mut(&session).and_then(|this| this.feeds.profits.get_mut(&id)) else {
            return;
        };
        if feed.told.as_ref() != Some(&profit) {
            feed.told = Some(profit.clone());
            self.outbox.send(session, profit);
        }
    }

    fn send_position_profit(&mut self, session: SessionId, id: RequestId) {
        let Some(feed) = self.sessions.get(&session).and_then(|this| this.feeds.position_profits.get(&id)) else {
            return;
        };
        let profit = self.position_profit(id, feed);
        let feed = self.sessions.get_mut(&session).and_then(|this| this.feeds.position_profits.get_mut(&id));
        if let (Some(feed), Some(profit)) = (feed, profit)
            && feed.told.as_ref() != Some(&profit)
        {
            feed.told = Some(profit.clone());
            self.outbox.send(session, Box::new(profit));
        }
    }

    /// In the currency of the contract.
    fn position_profit(&self, request_id: RequestId, feed: &PositionProfitFeed) -> Option<PositionProfit> {
        let shown = self.shown();
        let (instrument, mark) = shown.mark(feed.contract)?;
        let factor = instrument.price_factor();
        let holdings = feed.accounts.iter().filter_map(|account| self.holding_of(account, feed.contract));
        let (mut quantity, mut value, mut daily) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
        let (mut unrealised, mut realised) = (Decimal::ZERO, Decimal::ZERO);
        for holding in holdings {
            quantity += holding.quantity;
            value += holding.value(mark, factor);
            daily += holding.daily(mark, factor);
            unrealised += holding.unrealized(mark, factor);
            realised += holding.today.realized;
        }
        Some(PositionProfit {
            request_id,
            position: Some(quantity),
            daily: Some(daily.round_dp(2)),
            unrealised: Some(unrealised.round_dp(2)),
            realised: Some(realised.round_dp(2)),
            value: Some(value.round_dp(2)),
        })
    }

    fn holding_of(&self, account: &str, contract: ContractId) -> Option<&crate::books::Holding> {
        self.books.account(account)?.holdings.get(&contract)
    }
}
