//! Financial advisors: groups of accounts.

use tws_client::feed::SummaryUpdate;
use tws_proto::kinds::{AccountTag, AdvisorDataKind};

use super::{Desk, Outcome, next};

pub(super) async fn show(Desk { client, .. }: &Desk) -> Outcome {
    println!("accounts {}", client.accounts().await?.join(", "));
    for code in client.family_codes().await? {
        println!("{} belongs to {}", code.account, code.code);
    }
    let groups = client.advisor_data(AdvisorDataKind::Groups).await?;
    println!("{groups}");
    let renamed = groups.replace("Both", "Two");
    println!("{}", client.replace_advisor_data(AdvisorDataKind::Groups, &renamed).await?);

    let mut summary = client.account_summary_updates("Two", &[AccountTag::NetLiquidation])?;
    while let SummaryUpdate::Value(value) = next(&mut summary).await? {
        println!("{} has {}", value.account, value.value);
    }
    Ok(())
}
