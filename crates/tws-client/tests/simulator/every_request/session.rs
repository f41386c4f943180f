//! The session itself: start, clock, ids, settings, proofs.

use tws_proto::kinds::LogLevel;
use tws_proto::message::{ApiConfig, ApiSettings, RequestCurrentTime, RequestCurrentTimeMillis, UpdateConfig};

use super::{Desk, START, Table, outcome};

pub(super) async fn ask(version: i32, table: &mut Table) {
    let desk = Desk::new(version).await;
    let ready = desk.client.ready(super::PATIENCE).await.unwrap();
    let started = format!("accounts {}, next order id {}", ready.accounts.join(","), ready.next_order_id);
    table.add("START_API", "connect, ready", started);

    let since = |time: std::time::SystemTime| {
        let start_ms = u64::try_from(START.0).unwrap();
        time.duration_since(std::time::UNIX_EPOCH + std::time::Duration::from_millis(start_ms)).unwrap()
    };
    desk.sim.advance(std::time::Duration::from_millis(61_250));
    let time = desk.client.request(RequestCurrentTime {}).await.unwrap();
    table.add("REQ_CURRENT_TIME", "server_time", format!("start + {:?}", since(time)));
    let time = desk.client.request(RequestCurrentTimeMillis {}).await;
    table.add("REQ_CURRENT_TIME_IN_MILLIS", "server_time", outcome(time, |time| format!("start + {:?}", since(time))));

    desk.client.set_log_level(LogLevel::Detail).unwrap();
    desk.settle().await;
    table.add("SET_SERVER_LOGLEVEL", "set_log_level", "said; no answer");

    settings(&desk, table).await;
    proofs(&desk, table).await;
}

async fn settings(desk: &Desk, table: &mut Table) {
    let port = |config: tws_proto::message::Config| {
        let api = config.api.unwrap();
        format!(
            "socket port {:?}, logging {}",
            api.settings.clone().unwrap().socket_port,
            api.settings.unwrap().logging_level
        )
    };
    table.add("REQ_CONFIG", "settings", outcome(desk.client.settings().await, port));
    let settings = ApiSettings { send_zero_positions_for_today_only: Some(true), ..ApiSettings::default() };
    let api = Some(ApiConfig { settings: Some(settings), ..ApiConfig::default() });
    let updated = desk.client.update_settings(UpdateConfig { api, ..UpdateConfig::default() }).await;
    let told = outcome(updated, |updated| format!("{}, changed {}", updated.status, updated.changed_fields.join(",")));
    table.add("UPDATE_CONFIG", "update_settings", told);
}

async fn proofs(desk: &Desk, table: &mut Table) {
    let client = &desk.client;
    table.add("VERIFY_REQUEST", "verify", outcome(client.verify("tws", "1").await, |challenge| challenge));
    table.add("VERIFY_MESSAGE", "verify_answer", outcome(client.verify_answer("data").await, |()| "verified".into()));
    let begun = client.authorize("tws", "1", "key").await;
    table.add("VERIFY_AND_AUTH_REQUEST", "authorize", outcome(begun, |(data, challenge)| data + &challenge));
    let answered = client.authorize_answer("data", "response").await;
    table.add("VERIFY_AND_AUTH_MESSAGE", "authorize_answer", outcome(answered, |()| "verified".into()));
}
