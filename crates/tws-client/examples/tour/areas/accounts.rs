//! Accounts, positions, profit.

use tws_client::feed::{AccountUpdate, PositionUpdate};
use tws_proto::kinds::AccountTag;

use super::{Desk, Outcome, next};

pub(super) async fn show(Desk { client, .. }: &Desk) -> Outcome {
    let account = client.accounts().await?.remove(0);
    for value in client.account_summary(&[AccountTag::NetLiquidation, AccountTag::BuyingPower]).await? {
        println!("{} {} {}", value.tag.as_str(), value.value, value.currency);
    }
    for held in client.positions().await? {
        println!("{:?} {} at {:?}", held.position, held.contract.symbol, held.average_cost);
    }

    // A stream tells everything first, says that this was all, and then what changes.
    let mut updates = client.position_updates()?;
    while next(&mut updates).await? != PositionUpdate::Complete {}
    let mut updates = client.account_updates(&account)?;
    let mut values = 0;
    while next(&mut updates).await? != AccountUpdate::Complete {
        values += 1;
    }
    println!("{values} values and positions of one account");

    let mut profit = client.profit(&account, "")?;
    println!("unrealised {:?}", next(&mut profit).await?.unrealised);
    Ok(())
}
