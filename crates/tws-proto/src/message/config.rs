//! The settings of TWS: reading and changing them. Protobuf only.
//!
//! Settings are three-valued: what is unset is not told, and in an update not changed; `Some(false)` switches it off.

use crate::body::body;
use crate::ids::RequestId;

body! {
    /// Asks for the settings, from server version 219. `REQ_CONFIG`, method `reqConfig`. Answered by [`Config`].
    RequestConfig {
        1 "reqId" request_id: RequestId,
    }

    /// The settings. `CONFIG_RESPONSE`, callback `configResponseProtoBuf`.
    #[serde(default)]
    Config {
        1 "reqId" request_id: RequestId,
        optional 2 "lockAndExit" lock_and_exit: Option<LockAndExit>,
        /// Which warnings are shown.
        list 3 "messages" messages: Vec<MessageSetting>,
        optional 4 "api" api: Option<ApiConfig>,
        optional 5 "orders" orders: Option<OrdersConfig>,
    }

    /// Changes settings, from server version 221. `UPDATE_CONFIG`, method `updateConfig`. Answered by [`ConfigUpdated`].
    #[serde(default)]
    UpdateConfig {
        1 "reqId" request_id: RequestId,
        optional 2 "lockAndExit" lock_and_exit: Option<LockAndExit>,
        /// Which warnings are shown.
        list 3 "messages" messages: Vec<MessageSetting>,
        optional 4 "api" api: Option<ApiConfig>,
        optional 5 "orders" orders: Option<OrdersConfig>,
        /// Warnings of an earlier try that are accepted now.
        list 6 "acceptedWarnings" accepted_warnings: Vec<ConfigWarning>,
        /// Lets order ids start anew.
        7 "resetAPIOrderSequence" reset_order_sequence: Option<bool>,
    }

    /// What became of a change. `UPDATE_CONFIG_RESPONSE`, callback `updateConfigResponseProtoBuf`.
    #[serde(default)]
    ConfigUpdated {
        1 "reqId" request_id: RequestId,
        2 "status" status: String,
        /// For people.
        3 "message" message: String,
        list 4 "changedFields" changed_fields: Vec<String>,
        list 5 "errors" errors: Vec<String>,
        /// To be accepted before the change happens.
        list 6 "warnings" warnings: Vec<ConfigWarning>,
    }

    /// A warning that a change brings up. Wire name `UpdateConfigWarning`.
    #[serde(default)]
    ConfigWarning {
        1 "messageId" message_id: Option<i32>,
        2 "title" title: String,
        3 "message" message: String,
    }

    /// When TWS logs off by itself. Wire name `LockAndExitConfig`.
    #[serde(default)]
    LockAndExit {
        1 "autoLogoffTime" time: String,
        /// `AM` or `PM`.
        2 "autoLogoffPeriod" period: String,
        /// Whether it logs off or restarts.
        3 "autoLogoffType" kind: String,
    }

    /// Whether a warning is shown. Wire name `MessageConfig`.
    #[serde(default)]
    MessageSetting {
        1 "id" message_id: Option<i32>,
        2 "title" title: String,
        3 "message" message: String,
        /// What happens where it is not shown.
        4 "defaultAction" default_action: String,
        /// Whether it is shown.
        5 "enabled" enabled: Option<bool>,
    }

    /// The settings of the API. Wire name `ApiConfig`.
    #[serde(default)]
    ApiConfig {
        optional 1 "precautions" precautions: Option<ApiPrecautions>,
        optional 2 "settings" settings: Option<ApiSettings>,
    }

    /// Which precautions orders from the API bypass. Wire name `ApiPrecautionsConfig`.
    #[serde(default)]
    ApiPrecautions {
        1 "bypassOrderPrecautions" bypass_order_precautions: Option<bool>,
        2 "bypassBondWarning" bypass_bond_warning: Option<bool>,
        3 "bypassNegativeYieldConfirmation" bypass_negative_yield_confirmation: Option<bool>,
        4 "bypassCalledBondWarning" bypass_called_bond_warning: Option<bool>,
        5 "bypassSameActionPairTradeWarning" bypass_same_action_pair_trade_warning: Option<bool>,
        6 "bypassFlaggedAccountsWarning" bypass_flagged_accounts_warning: Option<bool>,
        7 "bypassPriceBasedVolatilityWarning" bypass_price_based_volatility_warning: Option<bool>,
        8 "bypassRedirectOrderWarning" bypass_redirect_order_warning: Option<bool>,
        9 "bypassNoOverfillProtection" bypass_no_overfill_protection: Option<bool>,
        10 "bypassRouteMarketableToBBO" bypass_route_marketable_to_best: Option<bool>,
    }

    /// How the API behaves. Wire name `ApiSettingsConfig`.
    #[serde(default)]
    ApiSettings {
        /// Orders from the API are refused.
        1 "readOnlyApi" read_only_api: Option<bool>,
        2 "totalQuantityForMutualFunds" total_quantity_for_mutual_funds: Option<bool>,
        /// Open orders are sent as a client connects.
        3 "downloadOpenOrdersOnConnection" download_open_orders_on_connection: Option<bool>,
        4 "includeVirtualFxPositions" include_virtual_forex_positions: Option<bool>,
        5 "prepareDailyPnL" prepare_daily_profit: Option<bool>,
        6 "sendStatusUpdatesForVolatilityOrders" send_status_updates_for_volatility_orders: Option<bool>,
        7 "encodeApiMessages" encode_api_messages: String,
        /// TCP port.
        8 "socketPort" socket_port: Option<i32>,
        9 "useNegativeAutoRange" use_negative_auto_range: Option<bool>,
        /// Messages are written to a log.
        10 "createApiMessageLogFile" create_api_message_log_file: Option<bool>,
        11 "includeMarketDataInLogFile" include_market_data_in_log_file: Option<bool>,
        12 "exposeTradingScheduleToApi" expose_trading_schedule: Option<bool>,
        13 "splitInsuredDepositFromCashBalance" split_insured_deposit_from_cash_balance: Option<bool>,
        14 "sendZeroPositionsForTodayOnly" send_zero_positions_for_today_only: Option<bool>,
        15 "letApiAccountRequestsSwitchSubscription" let_api_account_requests_switch_subscription: Option<bool>,
        16 "useAccountGroupsWithAllocationMethods" use_account_groups_with_allocation_methods: Option<bool>,
        17 "loggingLevel" logging_level: String,
        /// The client that sees everybody's orders.
        18 "masterClientId" master_client_id: Option<i32>,
        /// Seconds.
        19 "bulkDataTimeout" bulk_data_timeout: Option<i32>,
        20 "componentExchSeparator" component_exchange_separator: String,
        21 "showForexDataIn1_10Pips" show_forex_data_in_tenth_pips: Option<bool>,
        22 "allowForexTradingIn1_10Pips" allow_forex_trading_in_tenth_pips: Option<bool>,
        23 "roundAccountValuesToNearestWholeNumber" round_account_values_to_nearest_whole_number: Option<bool>,
        24 "sendMarketDataInLotsForUsStocks" send_market_data_in_lots_for_us_stocks: Option<bool>,
        25 "showAdvancedOrderRejectInUi" show_advanced_reject_on_screen: Option<bool>,
        /// Error 100 instead of pacing.
        26 "rejectMessagesAboveMaxRate" reject_messages_above_max_rate: Option<bool>,
        27 "maintainConnectionOnIncorrectFields" maintain_connection_on_incorrect_fields: Option<bool>,
        28 "compatibilityModeNasdaqStocks" compatibility_mode_nasdaq_stocks: Option<bool>,
        29 "sendInstrumentTimezone" send_instrument_time_zone: String,
        30 "sendForexDataInCompatibilityMode" send_forex_data_in_compatibility_mode: Option<bool>,
        /// Orders survive a lost link to IB.
        31 "maintainAndResubmitOrdersOnReconnect" maintain_and_resubmit_orders_on_reconnect: Option<bool>,
        32 "historicalDataMaxSize" historical_data_max_size: Option<i32>,
        33 "autoReportNettingEventContractTrades" auto_report_netting_event_contract_trades: Option<bool>,
        34 "optionExerciseRequestType" option_exercise_request_type: String,
        35 "allowLocalhostOnly" allow_local_host_only: Option<bool>,
        /// Addresses that connect without a question.
        list 36 "trustedIPs" trusted_addresses: Vec<String>,
    }

    /// The settings of orders. Wire name `OrdersConfig`.
    #[serde(default)]
    OrdersConfig {
        optional 1 "smartRouting" smart_routing: Option<SmartRouting>,
    }

    /// How IB's router works. Wire name `OrdersSmartRoutingConfig`.
    #[serde(default)]
    SmartRouting {
        1 "seekPriceImprovement" seek_price_improvement: Option<bool>,
        2 "preOpenReroute" pre_open_reroute: Option<bool>,
        3 "doNotRouteToDarkPools" avoid_dark_pools: Option<bool>,
        4 "defaultAlgorithm" default_algorithm: String,
    }
}
