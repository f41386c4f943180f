//! The settings of TWS, read and changed through the API from server version 219 and 221 on.
//!
//! What the simulator does differently by a setting follows it from then on: the master client, open orders at the start,
//! the ids of bound orders, read-only mode. All others are kept and told again. The words in which TWS tells the outcome
//! are not known; `SUCCESS` and `FAILED` are the simulator's own.

use serde_json::{Map, Value};
use tws_proto::ClientMessage;
use tws_proto::ids::{ClientId, RequestId};
use tws_proto::message::{
    ApiConfig, ApiPrecautions, ApiSettings, Config, ConfigUpdated, LockAndExit, MessageSetting, OrdersConfig,
    SmartRouting, UpdateConfig,
};

use super::Core;
use crate::faults::Switch;
use crate::session::SessionId;
use crate::settings::{self, BoundIds, OpenOrdersAtStart};

/// No list in a change is longer than this.
const ENTRIES_MAX: usize = 200;
/// Settings whose wire name is not their own name in camel case.
const WIRE_NAMES: [(&str, &str); 10] = [
    ("time", "autoLogoffTime"),
    ("period", "autoLogoffPeriod"),
    ("kind", "autoLogoffType"),
    ("prepare_daily_profit", "prepareDailyPnL"),
    ("include_virtual_forex_positions", "includeVirtualFxPositions"),
    ("bypass_route_marketable_to_best", "bypassRouteMarketableToBBO"),
    ("allow_local_host_only", "allowLocalhostOnly"),
    ("trusted_addresses", "trustedIPs"),
    ("expose_trading_schedule", "exposeTradingScheduleToApi"),
    ("avoid_dark_pools", "doNotRouteToDarkPools"),
];

impl Core {
    pub(super) fn send_config(&mut self, session: SessionId, request_id: RequestId) {
        let mut config = Config { request_id, ..self.config() };
        let client = self.sessions.get(&session).and_then(|this| this.client);
        let stands = |switch| self.trouble.faults.standing(switch, client).is_some();
        if let Some(api) = config.api.as_mut().and_then(|api| api.settings.as_mut()) {
            // What a fault makes of the settings is told as it is.
            if stands(Switch::ReadOnly) {
                api.read_only_api = Some(true);
            }
            if stands(Switch::Pacing) {
                api.reject_messages_above_max_rate = Some(true);
            }
            if stands(Switch::ReplayOff) {
                api.download_open_orders_on_connection = Some(false);
            }
        }
        self.outbox.send(session, Box::new(config));
    }

    pub(super) fn update_config(&mut self, session: SessionId, update: &UpdateConfig) {
        let id = update.request_id;
        let before = self.config();
        let wanted = Config {
            request_id: RequestId(0),
            lock_and_exit: update.lock_and_exit.clone(),
            messages: update.messages.clone(),
            api: update.api.clone(),
            orders: update.orders.clone(),
        };
        let mut errors = faults(&wanted, &before);
        if update.reset_order_sequence == Some(true) {
            errors.push("resetAPIOrderSequence: order ids of the simulator are never used twice".to_owned());
        }
        if !errors.is_empty() {
            let updated = ConfigUpdated {
                request_id: id,
                status: "FAILED".to_owned(),
                message: "Nothing was changed".to_owned(),
                errors,
                ..ConfigUpdated::default()
            };
            return self.outbox.send(session, Box::new(updated));
        }
        let mut changed = Vec::new();
        self.reference.config = merged(before, wanted, &mut changed);
        self.follow_config();
        let message = if changed.is_empty() { "Nothing to change" } else { "Settings were changed" };
        let updated = ConfigUpdated {
            request_id: id,
            status: "SUCCESS".to_owned(),
            message: message.to_owned(),
            changed_fields: changed,
            ..ConfigUpdated::default()
        };
        self.outbox.send(session, Box::new(updated));
    }

    /// Whether a request would change an order, a position or a setup while the API is read-only: its client is told.
    pub(super) fn refuses_as_read_only(
        &mut self,
        session: SessionId,
        client: ClientId,
        message: &ClientMessage,
    ) -> bool {
        let Some(id) = change_of(message) else { return false };
        if !self.is_set_read_only() && self.strikes(Switch::ReadOnly, client).is_none() {
            return false;
        }
        let text = "Error validating request.-'bV' : cause - The API interface is currently in Read-Only mode.";
        self.outbox.notice(session, id, 321, text);
        true
    }

    /// Whether orders made by hand cannot be bound: that would send them again.
    pub(super) fn is_read_only(&self, client: ClientId) -> bool {
        self.is_set_read_only() || self.trouble.faults.standing(Switch::ReadOnly, Some(client)).is_some()
    }

    /// Whether "Read-Only API" is set.
    fn is_set_read_only(&self) -> bool {
        let settings = self.reference.config.api.as_ref().and_then(|api| api.settings.as_ref());
        settings.and_then(|settings| settings.read_only_api) == Some(true)
    }

    /// The settings, those that the simulator follows as they are now.
    fn config(&self) -> Config {
        let mut config = self.reference.config.clone();
        if let Some(api) = config.api.as_mut().and_then(|api| api.settings.as_mut()) {
            api.master_client_id = self.settings.master_client.map(|client| client.0);
            api.download_open_orders_on_connection =
                Some(self.settings.open_orders_at_start != OpenOrdersAtStart::Never);
            api.use_negative_auto_range = Some(self.settings.bound_ids == BoundIds::Negative);
        }
        config
    }

    fn follow_config(&mut self) {
        let Some(api) = self.reference.config.api.as_ref().and_then(|api| api.settings.as_ref()) else { return };
        self.settings.master_client = api.master_client_id.map(ClientId);
        if let Some(negative) = api.use_negative_auto_range {
            self.settings.bound_ids = if negative { BoundIds::Negative } else { BoundIds::Positive };
        }
        match (api.download_open_orders_on_connection, self.settings.open_orders_at_start) {
            (Some(false), _) => self.settings.open_orders_at_start = OpenOrdersAtStart::Never,
            (Some(true), OpenOrdersAtStart::Never) => {
                self.settings.open_orders_at_start = OpenOrdersAtStart::default();
            }
            (Some(true) | None, _) => {}
        }
    }
}

/// The id under which a request is refused that changes an order, a position or a setup; `None` for those that only ask.
fn change_of(message: &ClientMessage) -> Option<i32> {
    match message {
        ClientMessage::PlaceOrder(request) => Some(request.order_id.0),
        ClientMessage::CancelOrder(cancel) => Some(cancel.order_id.0),
        ClientMessage::ExerciseOptions(request) => Some(request.order_id.0),
        ClientMessage::ReplaceAdvisorData(request) => Some(request.request_id.0),
        ClientMessage::GlobalCancel(_) => Some(-1),
        ClientMessage::RequestAutoOpenOrders(request) if request.auto_bind => Some(-1),
        _ => None,
    }
}

/// What cannot be changed as it is wanted.
fn faults(wanted: &Config, before: &Config) -> Vec<String> {
    let mut faults = Vec::new();
    let own = |config: &Config| config.api.as_ref()?.settings.as_ref()?.socket_port;
    if own(wanted).is_some_and(|port| Some(port) != own(before)) {
        faults.push("api.settings.socketPort: the simulator keeps the port it was started with".to_owned());
    }
    let settings = wanted.api.as_ref().and_then(|api| api.settings.as_ref());
    let addresses = settings.map_or(0, |settings| settings.trusted_addresses.len());
    if wanted.messages.len() > ENTRIES_MAX || addresses > ENTRIES_MAX {
        faults.push(format!("a list has more than {ENTRIES_MAX} entries"));
    }
    if wanted.messages.iter().any(|message| !before.messages.iter().any(|known| known.message_id == message.message_id))
    {
        faults.push("messages: no such message".to_owned());
    }
    faults
}

/// The settings with the changes in them, and the names of those that are different now.
fn merged(before: Config, wanted: Config, changed: &mut Vec<String>) -> Config {
    let (Ok(mut base), Ok(update)) = (serde_json::to_value(&before), serde_json::to_value(wanted)) else {
        return before;
    };
    overlay(&mut base, &update, "", changed);
    serde_json::from_value(base).unwrap_or(before)
}

/// Unset values change nothing.
fn overlay(base: &mut Value, update: &Value, path: &str, changed: &mut Vec<String>) {
    let Value::Object(fields) = update else { return };
    if base.is_null() {
        *base = Value::Object(Map::new());
    }
    let Value::Object(own) = base else { return };
    for (name, value) in fields {
        let path = if path.is_empty() { wire_name(name) } else { format!("{path}.{}", wire_name(name)) };
        let slot = own.entry(name.clone()).or_insert(Value::Null);
        match value {
            Value::Null => {}
            Value::String(text) if text.is_empty() => {}
            Value::Array(entries) if entries.is_empty() => {}
            Value::Number(_) if name == "request_id" => {}
            Value::Object(_) => overlay(slot, value, &path, changed),
            Value::Array(entries) if name == "messages" => overlay_messages(slot, entries, &path, changed),
            _ if slot == value => {}
            _ => {
                slot.clone_from(value);
                changed.push(path);
            }
        }
    }
}

/// Messages are changed by their number.
fn overlay_messages(base: &mut Value, update: &[Value], path: &str, changed: &mut Vec<String>) {
    let Value::Array(own) = base else { return };
    for message in update {
        let id = message.get("message_id");
        if let Some(known) = own.iter_mut().find(|known| known.get("message_id") == id) {
            overlay(known, message, path, changed);
        }
    }
}

fn wire_name(name: &str) -> String {
    if let Some((_, wire)) = WIRE_NAMES.iter().find(|(own, _)| *own == name) {
        return (*wire).to_owned();
    }
    let mut wire = String::new();
    for (index, word) in name.split('_').enumerate() {
        let mut letters = word.chars();
        match (index, letters.next()) {
            (_, None) => {}
            (0, Some(first)) => wire.push(first),
            (_, Some(first)) => wire.push(first.to_ascii_uppercase()),
        }
        wire.push_str(letters.as_str());
    }
    wire
}

/// The settings of a new TWS, with those that the simulator was started with.
pub(super) fn initial(settings: &settings::ApiSettings) -> Config {
    let yes = Some(true);
    let no = Some(false);
    let api = ApiSettings {
        read_only_api: no,
        total_quantity_for_mutual_funds: no,
        download_open_orders_on_connection: Some(settings.open_orders_at_start != OpenOrdersAtStart::Never),
        include_virtual_forex_positions: yes,
        prepare_daily_profit: yes,
        send_status_updates_for_volatility_orders: yes,
        encode_api_messages: "OFF".to_owned(),
        socket_port: Some(7497),
        use_negative_auto_range: Some(settings.bound_ids == BoundIds::Negative),
        create_api_message_log_file: no,
        include_market_data_in_log_file: no,
        expose_trading_schedule: yes,
        split_insured_deposit_from_cash_balance: no,
        send_zero_positions_for_today_only: no,
        let_api_account_requests_switch_subscription: yes,
        use_account_groups_with_allocation_methods: yes,
        logging_level: "ERROR".to_owned(),
        master_client_id: settings.master_client.map(|client| client.0),
        bulk_data_timeout: Some(30),
        component_exchange_separator: ",".to_owned(),
        show_forex_data_in_tenth_pips: yes,
        allow_forex_trading_in_tenth_pips: no,
        round_account_values_to_nearest_whole_number: no,
        send_market_data_in_lots_for_us_stocks: no,
        show_advanced_reject_on_screen: no,
        reject_messages_above_max_rate: no,
        maintain_connection_on_incorrect_fields: no,
        compatibility_mode_nasdaq_stocks: yes,
        send_instrument_time_zone: "instrument timezone".to_owned(),
        send_forex_data_in_compatibility_mode: no,
        maintain_and_resubmit_orders_on_reconnect: yes,
        historical_data_max_size: Some(0),
        auto_report_netting_event_contract_trades: no,
        option_exercise_request_type: "default".to_owned(),
        allow_local_host_only: yes,
        trusted_addresses: vec!["127.0.0.1".to_owned()],
    };
    let precautions = ApiPrecautions {
        bypass_order_precautions: no,
        bypass_bond_warning: no,
        bypass_negative_yield_confirmation: no,
        bypass_called_bond_warning: no,
        bypass_same_action_pair_trade_warning: no,
        bypass_flagged_accounts_warning: no,
        bypass_price_based_volatility_warning: no,
        bypass_redirect_order_warning: no,
        bypass_no_overfill_protection: no,
        bypass_route_marketable_to_best: no,
    };
    let routing = SmartRouting {
        seek_price_improvement: yes,
        pre_open_reroute: no,
        avoid_dark_pools: no,
        default_algorithm: "PRIME".to_owned(),
    };
    let message = MessageSetting {
        message_id: Some(131),
        title: "Price precaution".to_owned(),
        message: "The limit price is far from the market.".to_owned(),
        default_action: "TRANSMIT".to_owned(),
        enabled: yes,
    };
    Config {
        request_id: RequestId(0),
        lock_and_exit: Some(LockAndExit {
            time: "11:45".to_owned(),
            period: "PM".to_owned(),
            kind: "AUTO_RESTART".to_owned(),
        }),
        messages: vec![message],
        api: Some(ApiConfig { precautions: Some(precautions), settings: Some(api) }),
        orders: Some(OrdersConfig { smart_routing: Some(routing) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_set_changes() {
        let before = initial(&settings::ApiSettings::default());
        let settings = ApiSettings {
            read_only_api: Some(true),
            socket_port: Some(7497),
            logging_level: "DETAIL".to_owned(),
            prepare_daily_profit: Some(false),
            ..ApiSettings::default()
        };
        let wanted = Config {
            api: Some(ApiConfig { settings: Some(settings), precautions: None }),
            messages: vec![MessageSetting { message_id: Some(131), enabled: Some(false), ..MessageSetting::default() }],
            ..Config::default()
        };
        assert!(faults(&wanted, &before).is_empty());
        let mut changed = Vec::new();
        let after = merged(before.clone(), wanted, &mut changed);
        changed.sort_unstable();
        let expected = [
            "api.settings.loggingLevel",
            "api.settings.prepareDailyPnL",
            "api.settings.readOnlyApi",
            "messages.enabled",
        ];
        assert_eq!(changed, expected);
        let api = after.api.unwrap().settings.unwrap();
        let old = before.api.unwrap().settings.unwrap();
        assert_eq!(api.read_only_api, Some(true));
        assert_eq!(api.trusted_addresses, old.trusted_addresses);
        assert_eq!((after.messages[0].enabled, after.messages[0].title.as_str()), (Some(false), "Price precaution"));
        assert_eq!(after.orders, before.orders);
    }

    #[test]
    fn every_name_is_the_wire_s() {
        for (own, wire) in [
            ("read_only_api", "readOnlyApi"),
            ("api", "api"),
            ("prepare_daily_profit", "prepareDailyPnL"),
            ("master_client_id", "masterClientId"),
        ] {
            assert_eq!(wire_name(own), wire);
        }
    }
}
