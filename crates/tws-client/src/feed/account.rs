//! Accounts, positions, profit.

use tws_proto::ServerMessage;
use tws_proto::ids::ContractId;
use tws_proto::kinds::AccountTag;
use tws_proto::message::{
    AccountSummary, AccountValue, ModelPosition, ModelValue, PortfolioValue, Position, PositionProfit, Profit,
};
use tws_proto::time::TimeText;

use super::feeds;
use crate::updates::Conflate;

feeds! {
    /// `REQ_POSITIONS`: every position of the login, and each change of one.
    RequestPositions [none] -> PositionUpdate: |message| match message {
        ServerMessage::Position(body) => Some(PositionUpdate::Position(body)),
        ServerMessage::PositionEnd(_) => Some(PositionUpdate::Complete),
        _ => None,
    };
    /// `REQ_ACCT_DATA`: one account, and each change of it.
    RequestAccountUpdates [subscribe: true] -> AccountUpdate: |message| match message {
        ServerMessage::AccountValue(body) => Some(AccountUpdate::Value(body)),
        ServerMessage::PortfolioValue(body) => Some(AccountUpdate::Portfolio(body)),
        ServerMessage::AccountUpdateTime(body) => Some(AccountUpdate::Time(body.time)),
        ServerMessage::AccountDownloadEnd(_) => Some(AccountUpdate::Complete),
        _ => None,
    };
    /// `REQ_ACCOUNT_SUMMARY`: values of accounts, and every three minutes those that changed.
    RequestAccountSummary [request_id] -> SummaryUpdate: |message| match message {
        ServerMessage::AccountSummary(body) => Some(SummaryUpdate::Value(body)),
        ServerMessage::AccountSummaryEnd(_) => Some(SummaryUpdate::Complete),
        _ => None,
    };
    /// `REQ_POSITIONS_MULTI`: positions of one account or model, and each change of one.
    RequestModelPositions [request_id] -> ModelPositionUpdate: |message| match message {
        ServerMessage::ModelPosition(body) => Some(ModelPositionUpdate::Position(body)),
        ServerMessage::ModelPositionEnd(_) => Some(ModelPositionUpdate::Complete),
        _ => None,
    };
    /// `REQ_ACCOUNT_UPDATES_MULTI`: values of one account or model, and each change of one.
    RequestModelValues [request_id] -> ModelValueUpdate: |message| match message {
        ServerMessage::ModelValue(body) => Some(ModelValueUpdate::Value(body)),
        ServerMessage::ModelValueEnd(_) => Some(ModelValueUpdate::Complete),
        _ => None,
    };
    /// `REQ_PNL`: profit of one account or model, about once a second.
    RequestProfit [request_id] -> Profit: |message| match message {
        ServerMessage::Profit(body) => Some(body),
        _ => None,
    };
    /// `REQ_PNL_SINGLE`: profit of one position, about once a second.
    RequestPositionProfit [request_id] -> Box<PositionProfit>: |message| match message {
        ServerMessage::PositionProfit(body) => Some(body),
        _ => None,
    };
}

/// What a stream of positions says.
#[derive(Clone, Debug, PartialEq)]
pub enum PositionUpdate {
    /// A position as it is now; zero where it was closed.
    Position(Box<Position>),
    /// What there was at first has been told; changes follow.
    Complete,
}

/// What a stream of one account says.
#[derive(Clone, Debug, PartialEq)]
pub enum AccountUpdate {
    /// A value.
    Value(AccountValue),
    /// A position and what it is worth.
    Portfolio(Box<PortfolioValue>),
    /// When TWS brought the values up to date.
    Time(TimeText),
    /// The whole account has been told; changes follow.
    Complete,
}

/// What a stream of summaries says.
#[derive(Clone, Debug, PartialEq)]
pub enum SummaryUpdate {
    /// A value.
    Value(Box<AccountSummary>),
    /// What there was at first has been told; changes follow.
    Complete,
}

/// What a stream of positions of an account or model says.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelPositionUpdate {
    /// A position as it is now.
    Position(Box<ModelPosition>),
    /// What there was at first has been told; changes follow.
    Complete,
}

/// What a stream of values of an account or model says.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelValueUpdate {
    /// A value.
    Value(Box<ModelValue>),
    /// What there was at first has been told; changes follow.
    Complete,
}

/// What tells one position from another.
pub(crate) fn position_key(position: &Position) -> (String, Option<ContractId>, String) {
    (position.account.clone(), position.contract.known_id(), position.contract.local_symbol.clone())
}

/// What tells one value of an account from another.
pub(crate) fn account_value_key(value: &AccountValue) -> (String, String, String) {
    (value.account.clone(), value.key.clone(), value.currency.clone())
}

/// What tells one line of a portfolio from another.
pub(crate) fn portfolio_key(line: &PortfolioValue) -> (String, Option<ContractId>, String) {
    (line.account.clone(), line.contract.known_id(), line.contract.local_symbol.clone())
}

impl Conflate for PositionUpdate {
    type Key = (String, Option<ContractId>, String);

    const BEGINS_WHOLE: bool = true;

    fn key(&self) -> Option<Self::Key> {
        match self {
            Self::Position(position) => Some(position_key(position)),
            Self::Complete => None,
        }
    }
}

/// Which value of an account an update replaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountKey {
    /// Account, key and currency.
    Value(String, String, String),
    /// Account and contract.
    Portfolio(String, Option<ContractId>, String),
    /// The time.
    Time,
}

impl Conflate for AccountUpdate {
    type Key = AccountKey;

    const BEGINS_WHOLE: bool = true;

    fn key(&self) -> Option<AccountKey> {
        match self {
            Self::Value(value) => {
                let (account, key, currency) = account_value_key(value);
                Some(AccountKey::Value(account, key, currency))
            }
            Self::Portfolio(line) => {
                let (account, contract, symbol) = portfolio_key(line);
                Some(AccountKey::Portfolio(account, contract, symbol))
            }
            Self::Time(_) => Some(AccountKey::Time),
            Self::Complete => None,
        }
    }
}

impl Conflate for SummaryUpdate {
    type Key = (String, AccountTag, String);

    const BEGINS_WHOLE: bool = true;

    fn key(&self) -> Option<Self::Key> {
        match self {
            Self::Value(value) => Some((value.account.clone(), value.tag.clone(), value.currency.clone())),
            Self::Complete => None,
        }
    }
}

impl Conflate for ModelPositionUpdate {
    type Key = (String, String, Option<ContractId>, String);

    const BEGINS_WHOLE: bool = true;

    fn key(&self) -> Option<Self::Key> {
        match self {
            Self::Position(body) => {
                let contract = &body.contract;
                let symbol = contract.local_symbol.clone();
                Some((body.account.clone(), body.model_code.clone(), contract.known_id(), symbol))
            }
            Self::Complete => None,
        }
    }
}

impl Conflate for ModelValueUpdate {
    type Key = (String, String, String, String);

    const BEGINS_WHOLE: bool = true;

    fn key(&self) -> Option<Self::Key> {
        match self {
            Self::Value(body) => {
                Some((body.account.clone(), body.model_code.clone(), body.key.clone(), body.currency.clone()))
            }
            Self::Complete => None,
        }
    }
}

impl Conflate for Profit {
    type Key = ();

    fn key(&self) -> Option<()> {
        Some(())
    }
}

impl Conflate for Box<PositionProfit> {
    type Key = ();

    fn key(&self) -> Option<()> {
        Some(())
    }
}
