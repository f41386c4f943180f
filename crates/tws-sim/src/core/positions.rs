//! Positions: of all accounts, and of some under a request.

use std::collections::BTreeSet;

use tws_proto::ids::{ContractId, RequestId};
use tws_proto::message::{ModelPosition, ModelPositionEnd, Position, PositionEnd, RequestModelPositions};

use super::Core;
use super::accounts::has_room;
use crate::account_feeds::PositionsFeed;
use crate::books::Holding;
use crate::session::{PositionFeed, SessionId};

impl Core {
    pub(super) fn request_positions(&mut self, session: SessionId) {
        for (account, contract) in self.held(|_| true) {
            self.send_position(session, &account, contract);
        }
        self.outbox.send(session, PositionEnd {});
        self.set_position_feed(session, PositionFeed::On);
    }

    pub(super) fn cancel_positions(&mut self, session: SessionId) {
        self.set_position_feed(session, PositionFeed::Off);
    }

    pub(super) fn request_model_positions(&mut self, session: SessionId, request: &RequestModelPositions) {
        let id = request.request_id;
        let Some(accounts) = self.accounts_named(&request.account, &request.model_code) else {
            return self.refuse_account(session, id, &request.account);
        };
        let Some(this) = self.sessions.get_mut(&session) else { return };
        if !has_room(&this.feeds.positions, id) {
            return self.refuse_feed(session, id);
        }
        let feed = PositionsFeed { accounts: accounts.clone(), model_code: request.model_code.clone() };
        this.feeds.positions.insert(id, feed);
        for (account, contract) in self.held(|account| accounts.contains(account)) {
            self.send_model_position(session, id, &account, contract);
        }
        self.outbox.send(session, ModelPositionEnd { request_id: id });
    }

    pub(super) fn cancel_model_positions(&mut self, session: SessionId, id: RequestId) {
        if let Some(this) = self.sessions.get_mut(&session) {
            this.feeds.positions.remove(&id);
        }
    }

    /// A position changed: whoever asked for positions or account values hears of it, also when it is closed.
    pub(super) fn tell_position(&mut self, account: &str, contract: ContractId) {
        let mut listening = (Vec::new(), BTreeSet::new());
        for (session, this) in &self.sessions {
            if this.positions == PositionFeed::On {
                listening.0.push(*session);
            }
            let feeds = this.feeds.positions.iter().filter(|(_, feed)| feed.accounts.contains(account));
            listening.1.extend(feeds.map(|(id, _)| (*session, *id)));
        }
        for session in listening.0 {
            self.send_position(session, account, contract);
        }
        for (session, id) in listening.1 {
            self.send_model_position(session, id, account, contract);
        }
        self.tell_account(account);
    }

    /// What accounts hold: account and contract.
    fn held(&self, wanted: impl Fn(&str) -> bool) -> Vec<(String, ContractId)> {
        self.books
            .accounts()
            .filter(|account| wanted(&account.name))
            .flat_map(|account| account.holdings.iter().map(move |(contract, holding)| (account, contract, holding)))
            .filter(|(_, _, holding)| !holding.quantity.is_zero())
            .map(|(account, contract, _)| (account.name.clone(), *contract))
            .collect()
    }

    fn holding(&self, account: &str, contract: ContractId) -> Holding {
        let holding = self.books.account(account).and_then(|account| account.holdings.get(&contract));
        holding.copied().unwrap_or_default()
    }

    fn send_position(&mut self, session: SessionId, account: &str, contract: ContractId) {
        let Some(instrument) = self.catalogue.by_id(contract) else { return };
        let holding = self.holding(account, contract);
        let position = Position {
            account: account.to_owned(),
            contract: instrument.contract(),
            position: Some(holding.quantity),
            average_cost: Some(holding.average_cost()),
        };
        self.outbox.send(session, Box::new(position));
    }

    fn send_model_position(&mut self, session: SessionId, id: RequestId, account: &str, contract: ContractId) {
        let Some(instrument) = self.catalogue.by_id(contract) else { return };
        let feed = self.sessions.get(&session).and_then(|this| this.feeds.positions.get(&id));
        let holding = self.holding(account, contract);
        let position = ModelPosition {
            request_id: id,
            account: account.to_owned(),
            contract: instrument.contract(),
            position: Some(holding.quantity),
            average_cost: Some(holding.average_cost()),
            model_code: feed.map(|feed| feed.model_code.clone()).unwrap_or_default(),
        };
        self.outbox.send(session, Box::new(position));
    }

    fn set_position_feed(&mut self, session: SessionId, feed: PositionFeed) {
        if let Some(this) = self.sessions.get_mut(&session) {
            this.positions = feed;
        }
    }
}
