//! Positions, account values and profits.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::contract::Contract;
use crate::error::Result;
use crate::ids::{ContractId, RequestId};
use crate::kinds::{AccountTag, AccountTags};
use crate::time::TimeText;
use crate::wire::{Layout, Wire, layout};

/// Asks for every position of the login, and for changes after that. `REQ_POSITIONS`, method `reqPositions`.
/// Answered by [`Position`] and [`PositionEnd`] until [`CancelPositions`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestPositions {}
layout!(RequestPositions, version "1" {});

/// Ends the stream of positions. `CANCEL_POSITIONS`, method `cancelPositions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelPositions {}
layout!(CancelPositions, version "1" {});

/// One position of one account. `POSITION_DATA`, callback `position`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Wire name `account`.
    pub account: String,
    /// Wire name `contract`.
    pub contract: Contract,
    /// Signed number of contracts. Wire name `position`.
    pub position: Option<Decimal>,
    /// What one contract cost on average, multiplier and commission included. Wire name `avgCost`.
    pub average_cost: Option<Decimal>,
}
layout!(Position, version "3" { 1 account, shaped(Contract::text_of_plain_answer) 2 contract, exact 3 position, 4 average_cost });

/// The first answer to [`RequestPositions`] is complete. `POSITION_END`, callback `positionEnd`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionEnd {}
layout!(PositionEnd, version "1" {});

/// Asks for account values, and for changes after that. `REQ_ACCOUNT_SUMMARY`, method `reqAccountSummary`.
/// Answered by [`AccountSummary`] and [`AccountSummaryEnd`] until [`CancelAccountSummary`]; two at most at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestAccountSummary {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// `All`, or a group of a financial advisor. Wire name `groupName`, `group`.
    pub group: String,
    /// Which values, separated by commas; `$LEDGER` for those by currency. Wire name `tags`.
    pub tags: AccountTags,
}
layout!(RequestAccountSummary, version "1" { 1 request_id, 2 group, 3 tags });

/// Ends a stream of account values. `CANCEL_ACCOUNT_SUMMARY`, method `cancelAccountSummary`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelAccountSummary {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(CancelAccountSummary, version "1" { 1 request_id });

/// One value of one account. `ACCOUNT_SUMMARY`, callback `accountSummary`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSummary {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `account`.
    pub account: String,
    /// Which value. Wire name `tag`.
    pub tag: AccountTag,
    /// The value, mostly a number. Wire name `value`.
    pub value: String,
    /// Its currency, where it has one. Wire name `currency`.
    pub currency: String,
}
layout!(AccountSummary, version "1" { 1 request_id, escaped 2 account, escaped 3 tag, escaped 4 value, escaped 5 currency });

/// The first answer to [`RequestAccountSummary`] is complete. `ACCOUNT_SUMMARY_END`, callback `accountSummaryEnd`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSummaryEnd {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(AccountSummaryEnd, version "1" { 1 request_id });

/// Asks for the values and the portfolio of one account, or ends that. `REQ_ACCT_DATA`, method `reqAccountUpdates`.
/// Answered by [`AccountValue`], [`PortfolioValue`], [`AccountUpdateTime`] and, once, [`AccountDownloadEnd`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestAccountUpdates {
    /// Begins or ends the stream; there is one at most. Wire name `subscribe`.
    pub subscribe: bool,
    /// Empty where the login has one account. Wire name `acctCode`.
    pub account: String,
}
layout!(RequestAccountUpdates, version "2" { 1 subscribe, 2 account });

/// One value of one account. `ACCT_VALUE`, callback `updateAccountValue`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountValue {
    /// Which value. Wire name `key`.
    pub key: String,
    /// The value, mostly a number. Wire name `val`, `value`.
    pub value: String,
    /// Its currency, where it has one. Wire name `currency`.
    pub currency: String,
    /// Wire name `accountName`.
    pub account: String,
}
layout!(AccountValue, version "2" { escaped 1 key, escaped 2 value, escaped 3 currency, escaped 4 account });

/// One position and what it is worth. `PORTFOLIO_VALUE`, callback `updatePortfolio`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortfolioValue {
    /// Wire name `contract`.
    pub contract: Contract,
    /// Signed number of contracts. Wire name `position`.
    pub position: Option<Decimal>,
    /// Wire name `marketPrice`.
    pub market_price: Option<Decimal>,
    /// Wire name `marketValue`.
    pub market_value: Option<Decimal>,
    /// What one contract cost on average, multiplier and commission included. Wire name `averageCost`.
    pub average_cost: Option<Decimal>,
    /// Wire name `unrealizedPNL`.
    pub unrealised_profit: Option<Decimal>,
    /// Wire name `realizedPNL`.
    pub realised_profit: Option<Decimal>,
    /// Wire name `accountName`.
    pub account: String,
}

/// In text the primary exchange stands in the place of the exchange.
impl Layout for PortfolioValue {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        #[rustfmt::skip]
        let Self {
            contract, position, market_price, market_value, average_cost, unrealised_profit, realised_profit, account,
        } = self;
        w.constant("8")?;
        if w.is_text() {
            layout!(w, contract; 1 contract_id, 2 symbol, 3 security_type, 4 last_trade_date_or_month, 5 strike, 6 right,
                7 multiplier, 9 primary_exchange, 10 currency, 11 local_symbol, 12 trading_class, proto_only 8 exchange);
            contract.text_without_identifiers(w)?;
            contract.text_without_extras(w)?;
            contract.text_without_legs(w)?;
        } else {
            layout!(w; nested 1 contract);
        }
        layout!(w; exact 2 position, 3 market_price, 4 market_value, 5 average_cost, 6 unrealised_profit, 7 realised_profit,
            8 account);
        Ok(())
    }
}

/// When the values of an account were made. `ACCT_UPDATE_TIME`, callback `updateAccountTime`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountUpdateTime {
    /// `HH:MM`. Wire name `timeStamp`.
    pub time: TimeText,
}
layout!(AccountUpdateTime, version "1" { escaped 1 time });

/// The first answer to [`RequestAccountUpdates`] is complete. `ACCT_DOWNLOAD_END`, callback `accountDownloadEnd`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountDownloadEnd {
    /// Wire name `accountName`.
    pub account: String,
}
layout!(AccountDownloadEnd, version "1" { escaped 1 account });

/// Asks for the positions of one account or model. `REQ_POSITIONS_MULTI`, method `reqPositionsMulti`.
/// Answered by [`ModelPosition`] and [`ModelPositionEnd`] until [`CancelModelPositions`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestModelPositions {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `account`.
    pub account: String,
    /// Wire name `modelCode`.
    pub model_code: String,
}
layout!(RequestModelPositions, version "1" { 1 request_id, 2 account, 3 model_code });

/// Ends a stream of positions of one account or model. `CANCEL_POSITIONS_MULTI`, method `cancelPositionsMulti`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelModelPositions {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(CancelModelPositions, version "1" { 1 request_id });

/// One position of one account or model. `POSITION_MULTI`, callback `positionMulti`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelPosition {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `account`.
    pub account: String,
    /// Wire name `contract`.
    pub contract: Contract,
    /// Signed number of contracts. Wire name `pos`, `position`.
    pub position: Option<Decimal>,
    /// What one contract cost on average, multiplier and commission included. Wire name `avgCost`.
    pub average_cost: Option<Decimal>,
    /// Wire name `modelCode`.
    pub model_code: String,
}
layout!(ModelPosition, version "1" { 1 request_id, 2 account, shaped(Contract::text_of_plain_answer) 3 contract, exact 4 position, 5 average_cost, 6 model_code });

/// The first answer to [`RequestModelPositions`] is complete. `POSITION_MULTI_END`, callback `positionMultiEnd`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelPositionEnd {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(ModelPositionEnd, version "1" { 1 request_id });

/// Asks for the values of one account or model. `REQ_ACCOUNT_UPDATES_MULTI`, method `reqAccountUpdatesMulti`.
/// Answered by [`ModelValue`] and [`ModelValueEnd`] until [`CancelModelValues`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestModelValues {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `account`.
    pub account: String,
    /// Wire name `modelCode`.
    pub model_code: String,
    /// The ledger and the net liquidation value only. Wire name `ledgerAndNLV`.
    pub ledger_only: bool,
}
layout!(RequestModelValues, version "1" { 1 request_id, 2 account, 3 model_code, 4 ledger_only });

/// Ends a stream of values of one account or model. `CANCEL_ACCOUNT_UPDATES_MULTI`, method `cancelAccountUpdatesMulti`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelModelValues {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(CancelModelValues, version "1" { 1 request_id });

/// One value of one account or model. `ACCOUNT_UPDATE_MULTI`, callback `accountUpdateMulti`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelValue {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `account`.
    pub account: String,
    /// Wire name `modelCode`.
    pub model_code: String,
    /// Which value. Wire name `key`.
    pub key: String,
    /// The value, mostly a number. Wire name `value`.
    pub value: String,
    /// Its currency, where it has one. Wire name `currency`.
    pub currency: String,
}
layout!(ModelValue, version "1" { 1 request_id, escaped 2 account, 3 model_code, escaped 4 key, escaped 5 value, escaped 6 currency });

/// The first answer to [`RequestModelValues`] is complete. `ACCOUNT_UPDATE_MULTI_END`, callback `accountUpdateMultiEnd`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelValueEnd {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(ModelValueEnd, version "1" { 1 request_id });

/// Asks for the profit of one account or model. `REQ_PNL`, method `reqPnL`. Answered by [`Profit`] until [`CancelProfit`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestProfit {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `account`.
    pub account: String,
    /// Wire name `modelCode`.
    pub model_code: String,
}
layout!(RequestProfit { 1 request_id, 2 account, 3 model_code });

/// Ends a stream of profits. `CANCEL_PNL`, method `cancelPnL`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelProfit {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(CancelProfit { 1 request_id });

/// The profit of one account or model. `PNL`, callback `pnl`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profit {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Since the close of the day before. Wire name `dailyPnL`.
    pub daily: Option<Decimal>,
    /// Of what is held. Wire name `unrealizedPnL`.
    pub unrealised: Option<Decimal>,
    /// Of what was closed today. Wire name `realizedPnL`.
    pub realised: Option<Decimal>,
}
layout!(Profit { 1 request_id, 2 daily, 3 unrealised, 4 realised });

/// Asks for the profit of one position. `REQ_PNL_SINGLE`, method `reqPnLSingle`.
/// Answered by [`PositionProfit`] until [`CancelPositionProfit`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestPositionProfit {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `account`.
    pub account: String,
    /// Wire name `modelCode`.
    pub model_code: String,
    /// Wire name `conid`, `conId`.
    pub contract_id: Option<ContractId>,
}
layout!(RequestPositionProfit { 1 request_id, 2 account, 3 model_code, maxed 4 contract_id });

/// Ends a stream of profits of one position. `CANCEL_PNL_SINGLE`, method `cancelPnLSingle`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelPositionProfit {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(CancelPositionProfit { 1 request_id });

/// The profit of one position. `PNL_SINGLE`, callback `pnlSingle`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionProfit {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Signed number of contracts. Wire name `pos`, `position`.
    pub position: Option<Decimal>,
    /// Since the close of the day before. Wire name `dailyPnL`.
    pub daily: Option<Decimal>,
    /// Of what is held. Wire name `unrealizedPnL`.
    pub unrealised: Option<Decimal>,
    /// Of what was closed today. Wire name `realizedPnL`.
    pub realised: Option<Decimal>,
    /// What the position is worth. Wire name `value`.
    pub value: Option<Decimal>,
}
layout!(PositionProfit { 1 request_id, exact 2 position, 3 daily, 4 unrealised, 5 realised, 6 value });
