//! The settings of TWS: reading and changing them. Protobuf only.
//!
//! Settings are three-valued: what is unset is not told, and in an update not changed; `Some(false)` switches it off.

use serde::{Deserialize, Serialize};

use crate::ids::RequestId;
use crate::wire::layout;

/// Asks for the settings, from server version 219. `REQ_CONFIG`, method `reqConfig`. Answered by [`Config`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestConfig {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(RequestConfig {
    1 request_id
});

/// The settings. `CONFIG_RESPONSE`, callback `configResponseProtoBuf`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `lockAndExit`.
    pub lock_and_exit: Option<LockAndExit>,
    /// Which warnings are shown. Wire name `messages`.
    pub messages: Vec<MessageSetting>,
    /// Wire name `api`.
    pub api: Option<ApiConfig>,
    /// Wire name `orders`.
    pub orders: Option<OrdersConfig>,
}
layout!(Config {
    1 request_id, optional 2 lock_and_exit, list 3 messages, optional 4 api, optional 5 orders
});

/// Changes settings, from server version 221. `UPDATE_CONFIG`, method `updateConfig`. Answered by [`ConfigUpdated`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateConfig {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `lockAndExit`.
    pub lock_and_exit: Option<LockAndExit>,
    /// Which warnings are shown. Wire name `messages`.
    pub messages: Vec<MessageSetting>,
    /// Wire name `api`.
    pub api: Option<ApiConfig>,
    /// Wire name `orders`.
    pub orders: Option<OrdersConfig>,
    /// Warnings of an earlier try that are accepted now. Wire name `acceptedWarnings`.
    pub accepted_warnings: Vec<ConfigWarning>,
    /// Lets order ids start anew. Wire name `resetAPIOrderSequence`.
    pub reset_order_sequence: Option<bool>,
}
layout!(UpdateConfig {
    1 request_id, optional 2 lock_and_exit, list 3 messages, optional 4 api, optional 5 orders,
    list 6 accepted_warnings, 7 reset_order_sequence
});

/// What became of a change. `UPDATE_CONFIG_RESPONSE`, callback `updateConfigResponseProtoBuf`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfigUpdated {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `status`.
    pub status: String,
    /// For people. Wire name `message`.
    pub message: String,
    /// Wire name `changedFields`.
    pub changed_fields: Vec<String>,
    /// Wire name `errors`.
    pub errors: Vec<String>,
    /// To be accepted before the change happens. Wire name `warnings`.
    pub warnings: Vec<ConfigWarning>,
}
layout!(ConfigUpdated {
    1 request_id, 2 status, 3 message, list 4 changed_fields, list 5 errors, list 6 warnings
});

/// A warning that a change brings up. Wire name `UpdateConfigWarning`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfigWarning {
    /// Wire name `messageId`.
    pub message_id: Option<i32>,
    /// Wire name `title`.
    pub title: String,
    /// Wire name `message`.
    pub message: String,
}
layout!(ConfigWarning {
    1 message_id, 2 title, 3 message
});

/// When TWS logs off by itself. Wire name `LockAndExitConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LockAndExit {
    /// Wire name `autoLogoffTime`.
    pub time: String,
    /// `AM` or `PM`. Wire name `autoLogoffPeriod`.
    pub period: String,
    /// Whether it logs off or restarts. Wire name `autoLogoffType`.
    pub kind: String,
}
layout!(LockAndExit {
    1 time, 2 period, 3 kind
});

/// Whether a warning is shown. Wire name `MessageConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MessageSetting {
    /// Wire name `id`.
    pub message_id: Option<i32>,
    /// Wire name `title`.
    pub title: String,
    /// Wire name `message`.
    pub message: String,
    /// What happens where it is not shown. Wire name `defaultAction`.
    pub default_action: String,
    /// Whether it is shown. Wire name `enabled`.
    pub enabled: Option<bool>,
}
layout!(MessageSetting {
    1 message_id, 2 title, 3 message, 4 default_action, 5 enabled
});

/// The settings of the API. Wire name `ApiConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApiConfig {
    /// Wire name `precautions`.
    pub precautions: Option<ApiPrecautions>,
    /// Wire name `settings`.
    pub settings: Option<ApiSettings>,
}
layout!(ApiConfig {
    optional 1 precautions, optional 2 settings
});

/// Which precautions orders from the API bypass. Wire name `ApiPrecautionsConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApiPrecautions {
    /// Wire name `bypassOrderPrecautions`.
    pub bypass_order_precautions: Option<bool>,
    /// Wire name `bypassBondWarning`.
    pub bypass_bond_warning: Option<bool>,
    /// Wire name `bypassNegativeYieldConfirmation`.
    pub bypass_negative_yield_confirmation: Option<bool>,
    /// Wire name `bypassCalledBondWarning`.
    pub bypass_called_bond_warning: Option<bool>,
    /// Wire name `bypassSameActionPairTradeWarning`.
    pub bypass_same_action_pair_trade_warning: Option<bool>,
    /// Wire name `bypassFlaggedAccountsWarning`.
    pub bypass_flagged_accounts_warning: Option<bool>,
    /// Wire name `bypassPriceBasedVolatilityWarning`.
    pub bypass_price_based_volatility_warning: Option<bool>,
    /// Wire name `bypassRedirectOrderWarning`.
    pub bypass_redirect_order_warning: Option<bool>,
    /// Wire name `bypassNoOverfillProtection`.
    pub bypass_no_overfill_protection: Option<bool>,
    /// Wire name `bypassRouteMarketableToBBO`.
    pub bypass_route_marketable_to_best: Option<bool>,
}
layout!(ApiPrecautions {
    1 bypass_order_precautions, 2 bypass_bond_warning, 3 bypass_negative_yield_confirmation,
    4 bypass_called_bond_warning, 5 bypass_same_action_pair_trade_warning, 6 bypass_flagged_accounts_warning,
    7 bypass_price_based_volatility_warning, 8 bypass_redirect_order_warning, 9 bypass_no_overfill_protection,
    10 bypass_route_marketable_to_best
});

/// How the API behaves. Wire name `ApiSettingsConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApiSettings {
    /// Orders from the API are refused. Wire name `readOnlyApi`.
    pub read_only_api: Option<bool>,
    /// Wire name `totalQuantityForMutualFunds`.
    pub total_quantity_for_mutual_funds: Option<bool>,
    /// Open orders are sent as a client connects. Wire name `downloadOpenOrdersOnConnection`.
    pub download_open_orders_on_connection: Option<bool>,
    /// Wire name `includeVirtualFxPositions`.
    pub include_virtual_forex_positions: Option<bool>,
    /// Wire name `prepareDailyPnL`.
    pub prepare_daily_profit: Option<bool>,
    /// Wire name `sendStatusUpdatesForVolatilityOrders`.
    pub send_status_updates_for_volatility_orders: Option<bool>,
    /// Wire name `encodeApiMessages`.
    pub encode_api_messages: String,
    /// TCP port. Wire name `socketPort`.
    pub socket_port: Option<i32>,
    /// Wire name `useNegativeAutoRange`.
    pub use_negative_auto_range: Option<bool>,
    /// Messages are written to a log. Wire name `createApiMessageLogFile`.
    pub create_api_message_log_file: Option<bool>,
    /// Wire name `includeMarketDataInLogFile`.
    pub include_market_data_in_log_file: Option<bool>,
    /// Wire name `exposeTradingScheduleToApi`.
    pub expose_trading_schedule: Option<bool>,
    /// Wire name `splitInsuredDepositFromCashBalance`.
    pub split_insured_deposit_from_cash_balance: Option<bool>,
    /// Wire name `sendZeroPositionsForTodayOnly`.
    pub send_zero_positions_for_today_only: Option<bool>,
    /// Wire name `letApiAccountRequestsSwitchSubscription`.
    pub let_api_account_requests_switch_subscription: Option<bool>,
    /// Wire name `useAccountGroupsWithAllocationMethods`.
    pub use_account_groups_with_allocation_methods: Option<bool>,
    /// Wire name `loggingLevel`.
    pub logging_level: String,
    /// The client that sees everybody's orders. Wire name `masterClientId`.
    pub master_client_id: Option<i32>,
    /// Seconds. Wire name `bulkDataTimeout`.
    pub bulk_data_timeout: Option<i32>,
    /// Wire name `componentExchSeparator`.
    pub component_exchange_separator: String,
    /// Wire name `showForexDataIn1_10Pips`.
    pub show_forex_data_in_tenth_pips: Option<bool>,
    /// Wire name `allowForexTradingIn1_10Pips`.
    pub allow_forex_trading_in_tenth_pips: Option<bool>,
    /// Wire name `roundAccountValuesToNearestWholeNumber`.
    pub round_account_values_to_nearest_whole_number: Option<bool>,
    /// Wire name `sendMarketDataInLotsForUsStocks`.
    pub send_market_data_in_lots_for_us_stocks: Option<bool>,
    /// Wire name `showAdvancedOrderRejectInUi`.
    pub show_advanced_reject_on_screen: Option<bool>,
    /// Error 100 instead of pacing. Wire name `rejectMessagesAboveMaxRate`.
    pub reject_messages_above_max_rate: Option<bool>,
    /// Wire name `maintainConnectionOnIncorrectFields`.
    pub maintain_connection_on_incorrect_fields: Option<bool>,
    /// Wire name `compatibilityModeNasdaqStocks`.
    pub compatibility_mode_nasdaq_stocks: Option<bool>,
    /// Wire name `sendInstrumentTimezone`.
    pub send_instrument_time_zone: String,
    /// Wire name `sendForexDataInCompatibilityMode`.
    pub send_forex_data_in_compatibility_mode: Option<bool>,
    /// Orders survive a lost link to IB. Wire name `maintainAndResubmitOrdersOnReconnect`.
    pub maintain_and_resubmit_orders_on_reconnect: Option<bool>,
    /// Wire name `historicalDataMaxSize`.
    pub historical_data_max_size: Option<i32>,
    /// Wire name `autoReportNettingEventContractTrades`.
    pub auto_report_netting_event_contract_trades: Option<bool>,
    /// Wire name `optionExerciseRequestType`.
    pub option_exercise_request_type: String,
    /// Wire name `allowLocalhostOnly`.
    pub allow_local_host_only: Option<bool>,
    /// Addresses that connect without a question. Wire name `trustedIPs`.
    pub trusted_addresses: Vec<String>,
}
layout!(ApiSettings {
    1 read_only_api, 2 total_quantity_for_mutual_funds, 3 download_open_orders_on_connection,
    4 include_virtual_forex_positions, 5 prepare_daily_profit, 6 send_status_updates_for_volatility_orders,
    7 encode_api_messages, 8 socket_port, 9 use_negative_auto_range, 10 create_api_message_log_file,
    11 include_market_data_in_log_file, 12 expose_trading_schedule, 13 split_insured_deposit_from_cash_balance,
    14 send_zero_positions_for_today_only, 15 let_api_account_requests_switch_subscription,
    16 use_account_groups_with_allocation_methods, 17 logging_level, 18 master_client_id, 19 bulk_data_timeout,
    20 component_exchange_separator, 21 show_forex_data_in_tenth_pips, 22 allow_forex_trading_in_tenth_pips,
    23 round_account_values_to_nearest_whole_number, 24 send_market_data_in_lots_for_us_stocks,
    25 show_advanced_reject_on_screen, 26 reject_messages_above_max_rate, 27 maintain_connection_on_incorrect_fields,
    28 compatibility_mode_nasdaq_stocks, 29 send_instrument_time_zone, 30 send_forex_data_in_compatibility_mode,
    31 maintain_and_resubmit_orders_on_reconnect, 32 historical_data_max_size,
    33 auto_report_netting_event_contract_trades, 34 option_exercise_request_type, 35 allow_local_host_only,
    list 36 trusted_addresses
});

/// The settings of orders. Wire name `OrdersConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrdersConfig {
    /// Wire name `smartRouting`.
    pub smart_routing: Option<SmartRouting>,
}
layout!(OrdersConfig {
    optional 1 smart_routing
});

/// How IB's router works. Wire name `OrdersSmartRoutingConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SmartRouting {
    /// Wire name `seekPriceImprovement`.
    pub seek_price_improvement: Option<bool>,
    /// Wire name `preOpenReroute`.
    pub pre_open_reroute: Option<bool>,
    /// Wire name `doNotRouteToDarkPools`.
    pub avoid_dark_pools: Option<bool>,
    /// Wire name `defaultAlgorithm`.
    pub default_algorithm: String,
}
layout!(SmartRouting {
    1 seek_price_improvement, 2 pre_open_reroute, 3 avoid_dark_pools, 4 default_algorithm
});
