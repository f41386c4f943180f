//! News, calendars, scanners, financial advisors, windows.

use std::time::Duration;

use tws_client::{Bulletins, RequestError};
use tws_proto::kinds::{AdvisorDataKind, BulletinKind, ScanCode};
use tws_proto::message::{RequestHistoricalNews, RequestHorizonEventData, RequestScanner};
use tws_sim::Trade;

use super::{Desk, IBM, Table, decimal};

pub(super) async fn ask(version: i32, table: &mut Table) {
    let desk = Desk::new(version).await;
    news(&desk, table).await;
    calendar(&desk, table).await;
    scanners(&desk, table).await;
    windows(&desk, table).await;
    advisors(version, table).await;
}

async fn news(desk: &Desk, table: &mut Table) {
    let client = &desk.client;
    let providers = client.news_providers().await.unwrap();
    let codes = providers.iter().map(|provider| provider.code.as_str()).collect::<Vec<_>>();
    table.add("REQ_NEWS_PROVIDERS", "news_providers", codes.join(","));
    let past = client.past_news(RequestHistoricalNews::about(IBM, &["BRFG", "DJNL"]).at_most(1)).await.unwrap();
    let headline = &past.headlines[0];
    let told = format!("{} {}; more: {}", headline.time.as_str(), headline.headline, past.has_more);
    table.add("REQ_HISTORICAL_NEWS", "past_news", told);
    let article = client.news_article("BRFG", "BRFG$0000a002").await.unwrap();
    table.add("REQ_NEWS_ARTICLE", "news_article", article.text);

    let mut bulletins = client.bulletins(Bulletins::All).unwrap();
    let first = desk.next(&mut bulletins).await;
    desk.sim.publish_bulletin(BulletinKind::ExchangeUnavailable, "NYSE", "closed early");
    let then = desk.next(&mut bulletins).await;
    let told = format!("{:?}, then {:?} of {}", first.text, then.text, then.exchange);
    table.add("REQ_NEWS_BULLETINS", "bulletins", told);
    let publish = |sim: &tws_sim::TwsSim| sim.publish_bulletin(BulletinKind::ExchangeUnavailable, "NYSE", "again");
    table.add("CANCEL_NEWS_BULLETINS", "drop of bulletins", desk.drop_stream(bulletins, publish).await);
}

async fn calendar(desk: &Desk, table: &mut Table) {
    let client = &desk.client;
    let early = client.calendar_events(RequestHorizonEventData::about(IBM)).await.unwrap_err();
    assert!(matches!(early, RequestError::Rejected { .. }), "{early}");
    let meta = client.calendar_meta_data().await.unwrap();
    table.add("REQ_WSH_META_DATA", "calendar_meta_data", format!("JSON: {:.60}", meta));
    table.add("CANCEL_WSH_META_DATA", "drop of calendar_meta_data", desk.give_up(client.calendar_meta_data()).await);
    let ask = || client.calendar_events(RequestHorizonEventData::about(IBM).at_most(1));
    let events = ask().await.unwrap();
    table.add("REQ_WSH_EVENT_DATA", "calendar_events", format!("JSON: {:.100}", events));
    table.add("CANCEL_WSH_EVENT_DATA", "drop of calendar_events", desk.give_up(ask()).await);
}

async fn scanners(desk: &Desk, table: &mut Table) {
    let parameters = desk.client.scanner_parameters().await.unwrap();
    assert!(parameters.contains("<scanCode>MOST_ACTIVE_USD</scanCode>"), "{parameters:.300}");
    let root = parameters.lines().nth(1).unwrap_or_default().trim();
    table.add("REQ_SCANNER_PARAMETERS", "scanner_parameters", format!("XML, {root}"));
    for (name, price) in [("F", 12), ("KO", 70), ("T", 20)] {
        let trade = Trade { price: price.into(), size: 100.into(), exchange: String::new() };
        desk.sim.trade(name, trade).unwrap();
    }
    let request = RequestScanner::of("STK", "STK.US.MAJOR", ScanCode::from("MOST_ACTIVE_USD")).rows(3);
    let mut scan = desk.client.scanner(request).unwrap();
    let rows = desk.next(&mut scan).await;
    let symbols = rows.iter().map(|row| row.contract.symbol.as_str()).collect::<Vec<_>>();
    table.add("REQ_SCANNER_SUBSCRIPTION", "scanner", symbols.join(", "));
    let again = |sim: &tws_sim::TwsSim| {
        let trade = Trade { price: decimal("12"), size: 9000.into(), exchange: String::new() };
        sim.trade("F", trade).unwrap();
        sim.advance(Duration::from_secs(60));
    };
    // The code 162 with which TWS confirms it.
    let words = desk.words_after_drop(scan, again).await;
    table.add("CANCEL_SCANNER_SUBSCRIPTION", "drop of scanner", format!("heard; {words} word follows"));
}

async fn windows(desk: &Desk, table: &mut Table) {
    let groups = desk.client.display_groups().await.unwrap();
    table.add("QUERY_DISPLAY_GROUPS", "display_groups", format!("{groups:?}"));
    let mut group = desk.client.display_group(2).unwrap();
    let first = desk.next(&mut group).await.contract;
    desk.client.update_display_group(&group, "8314@SMART").unwrap();
    let then = desk.next(&mut group).await.contract;
    table.add("SUBSCRIBE_TO_GROUP_EVENTS", "display_group", format!("{first}, then {then}"));
    table.add("UPDATE_DISPLAY_GROUP", "update_display_group", format!("the group shows {then}"));
    let other = desk.client.display_group(2).unwrap();
    desk.settle().await;
    drop(other);
    table.add("UNSUBSCRIBE_FROM_GROUP_EVENTS", "drop of display_group", desk.drop_stream(group, |_| {}).await);
}

async fn advisors(version: i32, table: &mut Table) {
    let plain = Desk::new(version).await;
    let refused = plain.client.advisor_data(AdvisorDataKind::Groups).await.unwrap_err();
    assert!(matches!(refused, RequestError::Rejected { code: 321, .. }), "{refused}");
    let desk = Desk::advisor(version).await;
    let groups = desk.client.advisor_data(AdvisorDataKind::Groups).await.unwrap();
    let name = groups.lines().find(|line| line.contains("<name>")).unwrap().trim();
    table.add("REQ_FA", "advisor_data", format!("XML with {name}"));
    let said = desk.client.replace_advisor_data(AdvisorDataKind::Groups, &groups.replace("Both", "Two")).await.unwrap();
    let groups = desk.client.advisor_data(AdvisorDataKind::Groups).await.unwrap();
    let name = groups.lines().find(|line| line.contains("<name>")).unwrap().trim();
    table.add("REPLACE_FA", "replace_advisor_data", format!("{said}, then {name}"));
}
