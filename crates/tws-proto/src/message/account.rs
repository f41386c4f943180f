//! Positions, account values and profits.

use rust_decimal::Decimal;

use crate::body::{body, fields};
use crate::contract::Contract;
use crate::error::Result;
use crate::ids::{ContractId, RequestId};
use crate::kinds::{AccountTag, AccountTags};
use crate::time::TimeText;
use crate::wire::{Layout, Wire, layout};

body! {
    /// Asks for every position of the login, and for changes after that. `REQ_POSITIONS`, method `reqPositions`.
    /// Answered by [`Position`] and [`PositionEnd`] until [`CancelPositions`].
    RequestPositions, version "1" {}

    /// Ends the stream of positions. `CANCEL_POSITIONS`, method `cancelPositions`.
    CancelPositions, version "1" {}

    /// One position of one account. `POSITION_DATA`, callback `position`.
    Position, version "3" {
        1 "account" account: String,
        shaped(Contract::text_of_plain_answer) 2 "contract" contract: Contract,
        /// Signed number of contracts.
        exact 3 "position" position: Option<Decimal>,
        /// What one contract cost on average, multiplier and commission included.
        4 "avgCost" average_cost: Option<Decimal>,
    }

    /// The first answer to [`RequestPositions`] is complete. `POSITION_END`, callback `positionEnd`.
    PositionEnd, version "1" {}

    /// Asks for account values, and for changes after that. `REQ_ACCOUNT_SUMMARY`, method `reqAccountSummary`.
    /// Answered by [`AccountSummary`] and [`AccountSummaryEnd`] until [`CancelAccountSummary`]; two at most at a time.
    RequestAccountSummary, version "1" {
        1 "reqId" request_id: RequestId,
        /// `All`, or a group of a financial advisor.
        2 "groupName" "group" group: String,
        /// Which values, separated by commas; `$LEDGER` for those by currency.
        3 "tags" tags: AccountTags,
    }

    /// Ends a stream of account values. `CANCEL_ACCOUNT_SUMMARY`, method `cancelAccountSummary`.
    CancelAccountSummary, version "1" {
        1 "reqId" request_id: RequestId,
    }

    /// One value of one account. `ACCOUNT_SUMMARY`, callback `accountSummary`.
    AccountSummary, version "1" {
        1 "reqId" request_id: RequestId,
        escaped 2 "account" account: String,
        /// Which value.
        escaped 3 "tag" tag: AccountTag,
        /// The value, mostly a number.
        escaped 4 "value" value: String,
        /// Its currency, where it has one.
        escaped 5 "currency" currency: String,
    }

    /// The first answer to [`RequestAccountSummary`] is complete. `ACCOUNT_SUMMARY_END`, callback `accountSummaryEnd`.
    AccountSummaryEnd, version "1" {
        1 "reqId" request_id: RequestId,
    }

    /// Asks for the values and the portfolio of one account, or ends that. `REQ_ACCT_DATA`, method `reqAccountUpdates`.
    /// Answered by [`AccountValue`], [`PortfolioValue`], [`AccountUpdateTime`] and, once, [`AccountDownloadEnd`].
    RequestAccountUpdates, version "2" {
        /// Begins or ends the stream; there is one at most.
        1 "subscribe" subscribe: bool,
        /// Empty where the login has one account.
        2 "acctCode" account: String,
    }

    /// One value of one account. `ACCT_VALUE`, callback `updateAccountValue`.
    AccountValue, version "2" {
        /// Which value.
        escaped 1 "key" key: String,
        /// The value, mostly a number.
        escaped 2 "val" "value" value: String,
        /// Its currency, where it has one.
        escaped 3 "currency" currency: String,
        escaped 4 "accountName" account: String,
    }
}

fields! {
    /// One position and what it is worth. `PORTFOLIO_VALUE`, callback `updatePortfolio`.
    PortfolioValue {
        "contract" contract: Contract,
        /// Signed number of contracts.
        "position" position: Option<Decimal>,
        "marketPrice" market_price: Option<Decimal>,
        "marketValue" market_value: Option<Decimal>,
        /// What one contract cost on average, multiplier and commission included.
        "averageCost" average_cost: Option<Decimal>,
        "unrealizedPNL" unrealised_profit: Option<Decimal>,
        "realizedPNL" realised_profit: Option<Decimal>,
        "accountName" account: String,
    }
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

body! {
    /// When the values of an account were made. `ACCT_UPDATE_TIME`, callback `updateAccountTime`.
    AccountUpdateTime, version "1" {
        /// `HH:MM`.
        escaped 1 "timeStamp" time: TimeText,
    }

    /// The first answer to [`RequestAccountUpdates`] is complete. `ACCT_DOWNLOAD_END`, callback `accountDownloadEnd`.
    AccountDownloadEnd, version "1" {
        escaped 1 "accountName" account: String,
    }

    /// Asks for the positions of one account or model. `REQ_POSITIONS_MULTI`, method `reqPositionsMulti`.
    /// Answered by [`ModelPosition`] and [`ModelPositionEnd`] until [`CancelModelPositions`].
    RequestModelPositions, version "1" {
        1 "reqId" request_id: RequestId,
        2 "account" account: String,
        3 "modelCode" model_code: String,
    }

    /// Ends a stream of positions of one account or model. `CANCEL_POSITIONS_MULTI`, method `cancelPositionsMulti`.
    CancelModelPositions, version "1" {
        1 "reqId" request_id: RequestId,
    }

    /// One position of one account or model. `POSITION_MULTI`, callback `positionMulti`.
    ModelPosition, version "1" {
        1 "reqId" request_id: RequestId,
        2 "account" account: String,
        shaped(Contract::text_of_plain_answer) 3 "contract" contract: Contract,
        /// Signed number of contracts.
        exact 4 "pos" "position" position: Option<Decimal>,
        /// What one contract cost on average, multiplier and commission included.
        5 "avgCost" average_cost: Option<Decimal>,
        6 "modelCode" model_code: String,
    }

    /// The first answer to [`RequestModelPositions`] is complete. `POSITION_MULTI_END`, callback `positionMultiEnd`.
    ModelPositionEnd, version "1" {
        1 "reqId" request_id: RequestId,
    }

    /// Asks for the values of one account or model. `REQ_ACCOUNT_UPDATES_MULTI`, method `reqAccountUpdatesMulti`.
    /// Answered by [`ModelValue`] and [`ModelValueEnd`] until [`CancelModelValues`].
    RequestModelValues, version "1" {
        1 "reqId" request_id: RequestId,
        2 "account" account: String,
        3 "modelCode" model_code: String,
        /// The ledger and the net liquidation value only.
        4 "ledgerAndNLV" ledger_only: bool,
    }

    /// Ends a stream of values of one account or model. `CANCEL_ACCOUNT_UPDATES_MULTI`, method `cancelAccountUpdatesMulti`.
    CancelModelValues, version "1" {
        1 "reqId" request_id: RequestId,
    }

    /// One value of one account or model. `ACCOUNT_UPDATE_MULTI`, callback `accountUpdateMulti`.
    ModelValue, version "1" {
        1 "reqId" request_id: RequestId,
        escaped 2 "account" account: String,
        3 "modelCode" model_code: String,
        /// Which value.
        escaped 4 "key" key: String,
        /// The value, mostly a number.
        escaped 5 "value" value: String,
        /// Its currency, where it has one.
        escaped 6 "currency" currency: String,
    }

    /// The first answer to [`RequestModelValues`] is complete. `ACCOUNT_UPDATE_MULTI_END`, callback `accountUpdateMultiEnd`.
    ModelValueEnd, version "1" {
        1 "reqId" request_id: RequestId,
    }

    /// Asks for the profit of one account or model. `REQ_PNL`, method `reqPnL`. Answered by [`Profit`] until [`CancelProfit`].
    RequestProfit {
        1 "reqId" request_id: RequestId,
        2 "account" account: String,
        3 "modelCode" model_code: String,
    }

    /// Ends a stream of profits. `CANCEL_PNL`, method `cancelPnL`.
    CancelProfit {
        1 "reqId" request_id: RequestId,
    }

    /// The profit of one account or model. `PNL`, callback `pnl`.
    Profit {
        1 "reqId" request_id: RequestId,
        /// Since the close of the day before.
        2 "dailyPnL" daily: Option<Decimal>,
        /// Of what is held.
        3 "unrealizedPnL" unrealised: Option<Decimal>,
        /// Of what was closed today.
        4 "realizedPnL" realised: Option<Decimal>,
    }

    /// Asks for the profit of one position. `REQ_PNL_SINGLE`, method `reqPnLSingle`.
    /// Answered by [`PositionProfit`] until [`CancelPositionProfit`].
    RequestPositionProfit {
        1 "reqId" request_id: RequestId,
        2 "account" account: String,
        3 "modelCode" model_code: String,
        maxed 4 "conid" "conId" contract_id: Option<ContractId>,
    }

    /// Ends a stream of profits of one position. `CANCEL_PNL_SINGLE`, method `cancelPnLSingle`.
    CancelPositionProfit {
        1 "reqId" request_id: RequestId,
    }

    /// The profit of one position. `PNL_SINGLE`, callback `pnlSingle`.
    PositionProfit {
        1 "reqId" request_id: RequestId,
        /// Signed number of contracts.
        exact 2 "pos" "position" position: Option<Decimal>,
        /// Since the close of the day before.
        3 "dailyPnL" daily: Option<Decimal>,
        /// Of what is held.
        4 "unrealizedPnL" unrealised: Option<Decimal>,
        /// Of what was closed today.
        5 "realizedPnL" realised: Option<Decimal>,
        /// What the position is worth.
        6 "value" value: Option<Decimal>,
    }
}
