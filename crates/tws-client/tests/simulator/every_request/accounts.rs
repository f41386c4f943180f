//! Accounts, positions, profit.

use std::time::Duration;

use rust_decimal::Decimal;
use tws_client::feed::{AccountUpdate, ModelPositionUpdate, ModelValueUpdate, PositionUpdate, SummaryUpdate};
use tws_proto::kinds::AccountTag;

use super::{ACCOUNT, Desk, IBM, Table, plain};

pub(super) async fn ask(version: i32, table: &mut Table) {
    let desk = Desk::new(version).await;
    desk.quote_ibm("181.5", "181.6");
    login(&desk, table).await;
    account(&desk, table).await;
    summary(&desk, table).await;
    positions(&desk, table).await;
    models(&desk, table).await;
    profit(&desk, table).await;
}

async fn login(desk: &Desk, table: &mut Table) {
    let client = &desk.client;
    table.add("REQ_MANAGED_ACCTS", "accounts", client.accounts().await.unwrap().join(","));
    let codes = client.family_codes().await.unwrap();
    let codes = codes.iter().map(|code| format!("{} of family {:?}", code.account, code.code)).collect::<Vec<_>>();
    table.add("REQ_FAMILY_CODES", "family_codes", codes.join(","));
    table.add("REQ_SOFT_DOLLAR_TIERS", "soft_dollar_tiers", format!("{:?}", client.soft_dollar_tiers().await.unwrap()));
    table.add("REQ_USER_INFO", "white_branding_id", format!("{:?}", client.white_branding_id().await.unwrap()));
}

async fn account(desk: &Desk, table: &mut Table) {
    let state = desk.client.account(ACCOUNT).await.unwrap();
    let cash = state.values.iter().find(|value| value.key == "TotalCashValue" && value.currency == "USD").unwrap();
    let line = &state.portfolio[0];
    let held = format!("{} {} worth {}", plain(line.position), line.contract.symbol, plain(line.market_value));
    let mut updates = desk.client.account_updates(ACCOUNT).unwrap();
    while desk.next(&mut updates).await != AccountUpdate::Complete {}
    desk.sim.advance(Duration::from_secs(180));
    let AccountUpdate::Time(time) = desk.next(&mut updates).await else { panic!("only the time is new") };
    let told = format!("cash {}, {held}; after 3 min the time {}", cash.value, time.as_str());
    table.add_case("REQ_ACCT_DATA", "begun", "account, account_updates", told);
    let unknown = desk.client.account(ACCOUNT).await.unwrap_err();
    assert!(matches!(unknown, tws_client::RequestError::Taken { .. }), "{unknown}");
    let dropped = desk.drop_stream(updates, |sim| sim.advance(Duration::from_secs(180))).await;
    table.add_case("REQ_ACCT_DATA", "ended", "drop of account_updates", dropped);
    let refused = desk.client.account("DU9").await.unwrap_err();
    assert!(matches!(refused, tws_client::RequestError::Rejected { code: 321, .. }), "{refused}");
}

async fn summary(desk: &Desk, table: &mut Table) {
    let tags = [AccountTag::TotalCashValue];
    let once = desk.client.account_summary(&tags).await.unwrap();
    let mut updates = desk.client.account_summary_updates("All", &tags).unwrap();
    let SummaryUpdate::Value(value) = desk.next(&mut updates).await else { panic!("the value comes first") };
    assert_eq!(desk.next(&mut updates).await, SummaryUpdate::Complete);
    assert_eq!(once.len(), 1);
    assert_eq!((&once[0].account, &once[0].value), (&value.account, &value.value));
    let told = format!("{} {} {} {}", value.account, value.tag.as_str(), value.value, value.currency);
    table.add("REQ_ACCOUNT_SUMMARY", "account_summary, account_summary_updates", told);
    let dropped = desk.drop_stream(updates, |sim| sim.advance(Duration::from_secs(180))).await;
    table.add("CANCEL_ACCOUNT_SUMMARY", "drop of account_summary_updates", dropped);
}

async fn positions(desk: &Desk, table: &mut Table) {
    let mut updates = desk.client.position_updates().unwrap();
    let PositionUpdate::Position(position) = desk.next(&mut updates).await else { panic!("the position comes first") };
    assert_eq!(desk.next(&mut updates).await, PositionUpdate::Complete);
    // Beside the stream, which stays.
    let once = desk.client.positions().await.unwrap();
    assert_eq!(once, [(*position).clone()]);
    let (quantity, cost) = (plain(position.position), plain(position.average_cost));
    let told = format!("{} {quantity} {} at {cost}", position.account, position.contract.symbol);
    table.add("REQ_POSITIONS", "positions, position_updates", told);
    while let Some(update) = updates.try_recv() {
        assert!(matches!(update, tws_client::Update::Data(_)), "{update:?}");
    }
    let dropped = desk.drop_stream(updates, |_| {}).await;
    table.add("CANCEL_POSITIONS", "drop of position_updates", dropped);
}

async fn models(desk: &Desk, table: &mut Table) {
    let client = &desk.client;
    let once = client.model_positions(ACCOUNT, "").await.unwrap();
    let mut updates = client.model_position_updates(ACCOUNT, "").unwrap();
    let ModelPositionUpdate::Position(position) = desk.next(&mut updates).await else { panic!("the position first") };
    assert_eq!(desk.next(&mut updates).await, ModelPositionUpdate::Complete);
    assert_eq!((once.len(), once[0].position), (1, position.position));
    let told = format!("{} {} {}", position.account, plain(position.position), position.contract.symbol);
    table.add("REQ_POSITIONS_MULTI", "model_positions, model_position_updates", told);
    let dropped = desk.drop_stream(updates, |_| {}).await;
    table.add("CANCEL_POSITIONS_MULTI", "drop of model_position_updates", dropped);

    let cash = |value: &tws_proto::message::ModelValue| value.key == "TotalCashValue" && value.currency == "USD";
    let once = client.model_values(ACCOUNT, "").await.unwrap();
    let once = once.iter().find(|value| cash(value)).unwrap();
    let mut updates = client.model_value_updates(ACCOUNT, "").unwrap();
    let mut values = Vec::new();
    while let ModelValueUpdate::Value(value) = desk.next(&mut updates).await {
        values.push(*value);
    }
    let value = values.iter().find(|value| cash(value)).unwrap();
    assert_eq!(value.value, once.value);
    let told = format!("{} {} {}", value.account, value.key, value.value);
    table.add("REQ_ACCOUNT_UPDATES_MULTI", "model_values, model_value_updates", told);
    let dropped = desk.drop_stream(updates, |sim| sim.advance(Duration::from_secs(180))).await;
    table.add("CANCEL_ACCOUNT_UPDATES_MULTI", "drop of model_value_updates", dropped);
}

async fn profit(desk: &Desk, table: &mut Table) {
    let raise = |sim: &tws_sim::TwsSim, bid: i64| {
        sim.quote("IBM", Decimal::from(bid), Decimal::from(bid + 1)).unwrap();
        sim.advance(Duration::from_secs(2));
    };
    let mut profit = desk.client.profit(ACCOUNT, "").unwrap();
    let first = desk.next(&mut profit).await;
    raise(&desk.sim, 190);
    let then = desk.next(&mut profit).await;
    let told = format!("unrealised {}, then {}", plain(first.unrealised), plain(then.unrealised));
    table.add("REQ_PNL", "profit", told);
    let dropped = desk.drop_stream(profit, |sim| raise(sim, 180)).await;
    table.add("CANCEL_PNL", "drop of profit", dropped);

    let mut profit = desk.client.position_profit(ACCOUNT, "", IBM).unwrap();
    let first = desk.next(&mut profit).await;
    let told =
        format!("{} worth {}, unrealised {}", plain(first.position), plain(first.value), plain(first.unrealised));
    table.add("REQ_PNL_SINGLE", "position_profit", told);
    let dropped = desk.drop_stream(profit, |sim| raise(sim, 190)).await;
    table.add("CANCEL_PNL_SINGLE", "drop of position_profit", dropped);
}
