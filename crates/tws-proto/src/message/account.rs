//! Positions and account values.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::contract::Contract;
use crate::error::Result;
use crate::ids::RequestId;
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

impl Layout for Position {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { account, contract, position, average_cost } = self;
        w.constant("3")?;
        layout!(w; 1 account);
        if w.is_text() {
            contract.text_of_plain_answer(w)?;
        } else {
            layout!(w; nested 2 contract);
        }
        layout!(w; exact 3 position, 4 average_cost);
        Ok(())
    }
}

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
    pub tags: String,
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
    pub tag: String,
    /// The value, mostly a number. Wire name `value`.
    pub value: String,
    /// Its currency, where it has one. Wire name `currency`.
    pub currency: String,
}

impl Layout for AccountSummary {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { request_id, account, tag, value, currency } = self;
        w.constant("1")?;
        layout!(w; 1 request_id, escaped 2 account, escaped 3 tag, escaped 4 value, escaped 5 currency);
        Ok(())
    }
}

/// The first answer to [`RequestAccountSummary`] is complete. `ACCOUNT_SUMMARY_END`, callback `accountSummaryEnd`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSummaryEnd {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(AccountSummaryEnd, version "1" { 1 request_id });
