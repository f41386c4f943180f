//! Events of companies, in the form in which Wall Street Horizon tells them through TWS.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde_json::{Value, json};
use tws_proto::ids::{ContractId, RequestId};
use tws_proto::message::{HorizonEventData, HorizonMetaData, RequestHorizonEventData};

use super::Core;
use crate::information::Event;
use crate::reference::HorizonMeta;
use crate::session::SessionId;

/// Key and name of the types of events.
const EVENT_TYPES: [(&str, &str); 12] = [
    ("wshe_ed", "Earnings Date"),
    ("wshe_eps", "Earnings Per Share"),
    ("wshe_div", "Dividend"),
    ("wshe_split", "Stock Split"),
    ("wshe_bod", "Board of Directors Meeting"),
    ("wshe_cc", "Conference Call"),
    ("wshe_merg_acq", "Merger or Acquisition"),
    ("wshe_ipo", "Initial Public Offering"),
    ("wshe_option", "Option Expiration"),
    ("wshe_index", "Change of an Index"),
    ("wshe_sec", "Filing"),
    ("wsh_shareholder_meet", "Shareholder Meeting"),
];
/// More events than this are not told at once.
const EVENTS_MAX: usize = 100;
/// A filter is not longer than this.
const FILTER_BYTES_MAX: usize = 65_536;

impl Core {
    pub(super) fn send_horizon_meta(&mut self, session: SessionId, request_id: RequestId) {
        if let Some(this) = self.sessions.get_mut(&session) {
            this.reference.horizon = HorizonMeta::Told;
        }
        let types: Vec<Value> = EVENT_TYPES.iter().map(|(tag, name)| json!({ "tag": tag, "name": name })).collect();
        let meta = json!({
            "validated": true,
            "data": { "locale": "en", "currency": "USD" },
            "meta_data": {
                "event_types": types,
                "filters": [
                    { "tag": "country", "name": "Country" },
                    { "tag": "watchlist", "name": "Watchlist" },
                    { "tag": "limit", "name": "Limit" },
                ],
            },
        });
        self.outbox.send(session, HorizonMetaData { request_id, json: meta.to_string() });
    }

    pub(super) fn send_horizon_events(&mut self, session: SessionId, request: &RequestHorizonEventData) {
        let id = request.request_id;
        let told = self.sessions.get(&session).is_some_and(|this| this.reference.horizon == HorizonMeta::Told);
        if !told {
            return self.outbox.notice(session, id.0, 10282, "WSH metadata not requested.");
        }
        let failed = |cause: &str| format!("Failed to request WSH event data: {cause}");
        let Some(filter) = filter(&request.filter) else {
            return self.outbox.notice(session, id.0, 10283, failed("the filter is not a JSON object"));
        };
        let (Some(from), Some(to)) = (day(&request.start_date, Date::MIN), day(&request.end_date, Date::MAX)) else {
            return self.outbox.notice(session, id.0, 10283, failed("a date is not YYYYMMDD"));
        };
        let mut contracts: BTreeSet<ContractId> = filter.contracts;
        if let Some(contract) = request.contract_id.filter(|id| id.0 > 0) {
            if self.catalogue.by_id(contract).is_none() {
                return self.outbox.notice(session, id.0, 10283, failed("no such contract"));
            }
            contracts.insert(contract);
        }
        if request.fill_portfolio {
            let holdings = self.books.accounts().flat_map(|account| &account.holdings);
            contracts.extend(holdings.filter(|(_, held)| !held.quantity.is_zero()).map(|(contract, _)| *contract));
        }
        let limit = request.limit.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
        let limit = limit.or(filter.limit).unwrap_or(EVENTS_MAX).min(EVENTS_MAX);
        let events = self.reference.information.events.iter();
        let fitting = events.filter(|event| (from..=to).contains(&event.date)).filter_map(|event| {
            let contract = self.company_of(event)?;
            let wanted = contracts.is_empty() || contracts.contains(&contract);
            let kind = filter.kinds.is_empty() || filter.kinds.contains(&event.kind);
            (wanted && kind).then(|| describe(event, contract))
        });
        let json = Value::Array(fitting.take(limit).collect()).to_string();
        self.outbox.send(session, HorizonEventData { request_id: id, json });
    }

    /// Both requests are answered in one go: there is never anything left to end.
    pub(super) fn cancel_horizon_meta(&mut self, session: SessionId, id: RequestId) {
        self.outbox.notice(session, id.0, 10280, "Failed to cancel WSH metadata: no request is waiting for an answer");
    }

    /// The same, for events.
    pub(super) fn cancel_horizon_events(&mut self, session: SessionId, id: RequestId) {
        self.outbox.notice(
            session,
            id.0,
            10284,
            "Failed to cancel WSH event data: no request is waiting for an answer",
        );
    }

    fn company_of(&self, event: &Event) -> Option<ContractId> {
        self.catalogue.by_name(&event.symbol).map(|stock| stock.contract_id)
    }
}

/// What a filter asks for.
#[derive(Debug, Default)]
struct Filter {
    contracts: BTreeSet<ContractId>,
    kinds: BTreeSet<String>,
    limit: Option<usize>,
}

/// Reads `{"watchlist":["8314"],"limit":10,"wshe_ed":"true"}`; an empty text asks for everything.
fn filter(text: &str) -> Option<Filter> {
    let mut filter = Filter::default();
    if text.trim().is_empty() {
        return Some(filter);
    }
    if text.len() > FILTER_BYTES_MAX {
        return None;
    }
    let Ok(Value::Object(fields)) = serde_json::from_str(text) else { return None };
    let number = |value: &Value| value.as_i64().or_else(|| value.as_str()?.trim().parse().ok());
    for (key, value) in fields {
        match key.as_str() {
            "watchlist" => {
                let numbers = value.as_array()?.iter().filter_map(number).filter_map(|id| i32::try_from(id).ok());
                filter.contracts.extend(numbers.map(ContractId));
            }
            "limit" => filter.limit = number(&value).and_then(|limit| usize::try_from(limit).ok()),
            kind if kind.starts_with("wsh") && (value == true || value == "true") => {
                filter.kinds.insert(key);
            }
            // Countries and regions: all companies of the simulator are of one.
            _ => {}
        }
    }
    Some(filter)
}

fn describe(event: &Event, contract: ContractId) -> Value {
    json!({
        "event_key": format!("WSH{:08}", event.id),
        "event_type": event.kind,
        "index_date": event.date.strftime("%Y%m%d").to_string(),
        "index_date_type": "day",
        "conids": [contract.0.to_string()],
        "ticker": event.symbol,
        "language": "en",
        "status": "CONFIRMED",
        "data": event.data,
    })
}

/// `YYYYMMDD`, or the limit where nothing is said.
fn day(text: &str, limit: Date) -> Option<Date> {
    match text.get(..8) {
        None if text.is_empty() => Some(limit),
        Some(day) => Date::strptime("%Y%m%d", day).ok(),
        None => None,
    }
}
