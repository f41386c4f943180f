//! Server versions: the one number both sides agree on, and what each number changed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The protocol version that the server announced in the handshake; every gate is a comparison with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServerVersion(pub i32);

impl ServerVersion {
    /// The oldest version this codec speaks (TWS 10.19).
    pub const OLDEST: Self = Self(176);
    /// The newest version this codec speaks (TWS 10.51).
    pub const NEWEST: Self = Self(226);

    /// Orders lose the profile of financial advisors.
    pub const FA_PROFILE_DESUPPORT: Self = Self(177);
    /// Executions tell whether their price may still be revised.
    pub const PENDING_PRICE_REVISION: Self = Self(178);
    /// Contract details of funds carry 17 more fields.
    pub const FUND_DATA_FIELDS: Self = Self(179);
    /// Option exercises carry the time a person gave the order.
    pub const MANUAL_ORDER_TIME_EXERCISE_OPTIONS: Self = Self(180);
    /// Contract details carry the last trade date as a field of its own.
    pub const LAST_TRADE_DATE: Self = Self(182);
    /// Orders carry the customer's account.
    pub const CUSTOMER_ACCOUNT: Self = Self(183);
    /// Orders tell whether the customer is a professional.
    pub const PROFESSIONAL_CUSTOMER: Self = Self(184);
    /// Open orders carry a bond's accrued interest.
    pub const BOND_ACCRUED_INTEREST: Self = Self(185);
    /// Contract details carry the reasons why a contract cannot be traded.
    pub const INELIGIBILITY_REASONS: Self = Self(186);
    /// Place and cancel carry request-for-quote fillers, up to 189.
    pub const RFQ_FIELDS: Self = Self(187);
    /// Bond contract details carry the time zone and trading hours.
    pub const BOND_TRADING_HOURS: Self = Self(188);
    /// Orders can take part in the overnight session.
    pub const INCLUDE_OVERNIGHT: Self = Self(189);
    /// The request-for-quote fillers are gone.
    pub const UNDO_RFQ_FIELDS: Self = Self(190);
    /// Orders and cancels carry CME tagging; cancels lose their version field.
    pub const CME_TAGGING_FIELDS: Self = Self(192);
    /// Open orders return the CME tagging.
    pub const CME_TAGGING_FIELDS_IN_OPEN_ORDER: Self = Self(193);
    /// Notices carry their time and lose their version field.
    pub const ERROR_TIME: Self = Self(194);
    /// Open orders carry the full preview: margins outside trading hours, allocations, reject reason.
    pub const FULL_ORDER_PREVIEW_FIELDS: Self = Self(195);
    /// Historical bars end with a message of their own.
    pub const HISTORICAL_DATA_END: Self = Self(196);
    /// The server's clock can be asked in milliseconds.
    pub const CURRENT_TIME_IN_MILLIS: Self = Self(197);
    /// Executions and orders name who submitted them.
    pub const SUBMITTER: Self = Self(198);
    /// Orders can be for the imbalance only.
    pub const IMBALANCE_ONLY: Self = Self(199);
    /// Executions can be asked for several days back.
    pub const PARAMETRIZED_DAYS_OF_EXECUTIONS: Self = Self(200);
    /// Message ids become four binary bytes; executions travel as protobuf.
    pub const PROTOBUF: Self = Self(201);
    /// Zero is a strike of its own; "no strike" is silence.
    pub const ZERO_STRIKE: Self = Self(202);
    /// Orders, order status and notices travel as protobuf.
    pub const PROTOBUF_PLACE_ORDER: Self = Self(203);
    /// Open and completed order requests travel as protobuf.
    pub const PROTOBUF_COMPLETED_ORDER: Self = Self(204);
    /// Contract data travels as protobuf.
    pub const PROTOBUF_CONTRACT_DATA: Self = Self(205);
    /// Market data travels as protobuf.
    pub const PROTOBUF_MARKET_DATA: Self = Self(206);
    /// Accounts and positions travel as protobuf.
    pub const PROTOBUF_ACCOUNTS_POSITIONS: Self = Self(207);
    /// Historical data and tick-by-tick travel as protobuf.
    pub const PROTOBUF_HISTORICAL_DATA: Self = Self(208);
    /// News travels as protobuf.
    pub const PROTOBUF_NEWS_DATA: Self = Self(209);
    /// Scanners and profit-and-loss streams travel as protobuf.
    pub const PROTOBUF_SCAN_DATA: Self = Self(210);
    /// Commission reports and a first group of rare messages travel as protobuf.
    pub const PROTOBUF_REST_MESSAGES_1: Self = Self(211);
    /// Reference data travels as protobuf.
    pub const PROTOBUF_REST_MESSAGES_2: Self = Self(212);
    /// START_API, ids and clocks travel as protobuf: from here on everything that can, does.
    pub const PROTOBUF_REST_MESSAGES_3: Self = Self(213);
    /// Contract data and historical ticks can be cancelled.
    pub const CANCEL_CONTRACT_DATA: Self = Self(215);
    /// Orders carry deactivate, post only, pre-open and opening-auction flags.
    pub const ADDITIONAL_ORDER_PARAMS_1: Self = Self(216);
    /// Orders carry routing to the best quote, price improvement and the kind of what-if.
    pub const ADDITIONAL_ORDER_PARAMS_2: Self = Self(217);
    /// Orders can bring an attached stop loss and profit taker.
    pub const ATTACHED_ORDERS: Self = Self(218);
    /// The settings of TWS can be read.
    pub const CONFIG: Self = Self(219);
    /// The settings of TWS can be changed.
    pub const UPDATE_CONFIG: Self = Self(221);
    /// Hedging orders carry a maximum size.
    pub const HEDGE_MAX_SIZE: Self = Self(223);
    /// Conditions can look at the overnight session.
    pub const COND_ORDER_WITH_OVERNIGHT_PARAM: Self = Self(226);

    /// Whether this codec speaks the version.
    #[must_use]
    pub const fn is_supported(self) -> bool {
        self.0 >= Self::OLDEST.0 && self.0 <= Self::NEWEST.0
    }

    /// Whether `self` is at or above `gate`; usable in constants.
    #[must_use]
    pub const fn reaches(self, gate: Self) -> bool {
        self.0 >= gate.0
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
