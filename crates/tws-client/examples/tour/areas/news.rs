//! Headlines, articles, bulletins, calendars.

use tws_client::Bulletins;
use tws_proto::Contract;
use tws_proto::message::{RequestHistoricalNews, RequestHorizonEventData};

use super::{Desk, Outcome, next};

pub(super) async fn show(Desk { client, .. }: &Desk) -> Outcome {
    let providers = client.news_providers().await?;
    let codes: Vec<&str> = providers.iter().map(|provider| provider.code.as_str()).collect();
    println!("providers: {}", codes.join(", "));

    let ibm = client.contract_details(&Contract::stock("IBM", "USD")).await?.remove(0).contract;
    let id = ibm.known_id().ok_or("no contract id")?;
    let past = client.past_news(RequestHistoricalNews::about(id, &codes).at_most(3)).await?;
    for headline in &past.headlines {
        println!("{} {}", headline.time.as_str(), headline.headline);
        println!("  {}", client.news_article(&headline.provider, &headline.article_id).await?.text);
    }

    let mut bulletins = client.bulletins(Bulletins::All)?;
    println!("bulletin: {}", next(&mut bulletins).await?.text);

    // TWS wants the kinds of events to be asked for before the events.
    client.calendar_meta_data().await?;
    println!("{:.120}", client.calendar_events(RequestHorizonEventData::about(id).at_most(1)).await?);
    Ok(())
}
