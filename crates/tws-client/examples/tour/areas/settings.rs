//! The session itself: clock, log, settings of TWS, windows.

use tws_client::RequestError;
use tws_proto::kinds::LogLevel;
use tws_proto::message::{ApiConfig, ApiSettings, UpdateConfig};

use super::{Desk, Outcome, next};

pub(super) async fn show(Desk { client, .. }: &Desk) -> Outcome {
    println!("{:?}", client.server_time().await?);
    client.set_log_level(LogLevel::Warning)?;

    let settings = ApiSettings { send_zero_positions_for_today_only: Some(true), ..ApiSettings::default() };
    let api = Some(ApiConfig { settings: Some(settings), ..ApiConfig::default() });
    let updated = client.update_settings(UpdateConfig { api, ..UpdateConfig::default() }).await?;
    println!("{}: {}", updated.status, updated.changed_fields.join(", "));

    let group = *client.display_groups().await?.first().ok_or("no groups")?;
    let mut shown = client.display_group(group)?;
    println!("group {group} shows {}", next(&mut shown).await?.contract);
    client.update_display_group(&shown, "8314@SMART")?;
    println!("group {group} shows {}", next(&mut shown).await?.contract);

    // Only a program that IB has certified can prove what it is.
    match client.verify("tour", "1").await {
        Err(RequestError::NotVerified { text }) => println!("{text}"),
        other => println!("{other:?}"),
    }
    Ok(())
}
