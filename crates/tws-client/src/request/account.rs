//! Accounts, positions and what they are worth.

use std::collections::BTreeMap;

use tws_proto::ServerMessage;
use tws_proto::ids::RequestId;
use tws_proto::message::{
    AccountSummary, AccountValue, ClientMessage, FamilyCode, ModelPosition, ModelValue, PortfolioValue, Position,
    RequestAccountUpdates, RequestPositions,
};
use tws_proto::order::SoftDollarTier;
use tws_proto::time::TimeText;

use super::{Request, all, requests};
use crate::error::RequestError;
use crate::feed::{account_value_key, portfolio_key, position_key};

requests! {
    /// `REQ_MANAGED_ACCTS`: the accounts of the login.
    RequestManagedAccounts -> Vec<String>: one ManagedAccounts
        => |body: tws_proto::message::ManagedAccounts| body.iter().map(str::to_owned).collect();
    /// `REQ_ACCOUNT_SUMMARY`: values of accounts, once.
    RequestAccountSummary [request_id] -> Vec<AccountSummary>: all AccountSummary;
    /// `REQ_POSITIONS_MULTI`: positions of one account or model, once.
    RequestModelPositions [request_id] -> Vec<ModelPosition>: all ModelPosition;
    /// `REQ_ACCOUNT_UPDATES_MULTI`: values of one account or model, once.
    RequestModelValues [request_id] -> Vec<ModelValue>: all ModelValue;
    /// `REQ_FAMILY_CODES`: which accounts belong together.
    RequestFamilyCodes -> Vec<FamilyCode>: one FamilyCodes => |body: tws_proto::message::FamilyCodes| body.codes;
    /// `REQ_SOFT_DOLLAR_TIERS`: tiers that orders may name.
    RequestSoftDollarTiers [request_id] -> Vec<SoftDollarTier>: one SoftDollarTiers
        => |body: tws_proto::message::SoftDollarTiers| body.tiers;
    /// `REQ_USER_INFO`: the id of the white branding, empty for most logins.
    RequestUserInfo [request_id] -> String: one UserInfo => |body: tws_proto::message::UserInfo| body.white_branding_id;
}

/// `REQ_POSITIONS`: every position of the login, each once.
impl Request for RequestPositions {
    type Output = Vec<Position>;

    fn message(&self, _: RequestId) -> ClientMessage {
        self.clone().into()
    }

    fn output(&self, answers: Vec<ServerMessage>) -> Result<Vec<Position>, RequestError> {
        let positions = all(answers, |answer| match answer {
            ServerMessage::Position(body) => Some(*body),
            _ => None,
        });
        Ok(newest_by(positions, position_key))
    }
}

/// One account as TWS shows it: its values and its portfolio.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccountState {
    /// Values, each key and currency once.
    pub values: Vec<AccountValue>,
    /// Positions with what they are worth, each contract once.
    pub portfolio: Vec<PortfolioValue>,
    /// When TWS last brought them up to date.
    pub time: Option<TimeText>,
}

/// `REQ_ACCT_DATA`: one account, once. TWS shows one account at a time: this takes the place of what another client of
/// the same login watches with this message.
impl Request for RequestAccountUpdates {
    type Output = AccountState;

    fn message(&self, _: RequestId) -> ClientMessage {
        Self { subscribe: true, ..self.clone() }.into()
    }

    fn output(&self, answers: Vec<ServerMessage>) -> Result<AccountState, RequestError> {
        let mut state = AccountState::default();
        let mut account = self.account.clone();
        for answer in answers {
            match answer {
                ServerMessage::AccountDownloadEnd(body) => account = body.account,
                ServerMessage::AccountValue(body) => state.values.push(body),
                ServerMessage::PortfolioValue(body) => state.portfolio.push(*body),
                ServerMessage::AccountUpdateTime(body) => state.time = Some(body.time),
                _ => {}
            }
        }
        retain_own(&mut state.values, &account, |value| &value.account);
        retain_own(&mut state.portfolio, &account, |line| &line.account);
        state.values = newest_by(state.values, account_value_key);
        state.portfolio = newest_by(state.portfolio, portfolio_key);
        Ok(state)
    }
}

/// Removes what is of another account: updates of the one before were on their way when this was asked for. Where nothing
/// names the account, as of an advisor's group, whatever came is the answer.
fn retain_own<T>(items: &mut Vec<T>, account: &str, account_of: impl Fn(&T) -> &str) {
    if items.iter().any(|item| account_of(item) == account) {
        items.retain(|item| account_of(item) == account);
    }
}

/// What one list names, each once: the newest word on it, in the order in which they were first named.
pub(super) fn newest_by<T, K: Ord>(items: impl IntoIterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut places = BTreeMap::new();
    let mut newest: Vec<T> = Vec::new();
    for item in items {
        match places.get(&key(&item)).and_then(|place: &usize| newest.get_mut(*place)) {
            Some(older) => *older = item,
            None => {
                places.insert(key(&item), newest.len());
                newest.push(item);
            }
        }
    }
    newest
}
