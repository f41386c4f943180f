//! Bars, sessions, ticks of the past.

use tws_client::feed::HistoryUpdate;
use tws_proto::Contract;
use tws_proto::kinds::{BarSize, DataToShow, DurationText, DurationUnit};
use tws_proto::message::{RequestHistoricalData, RequestHistoricalTicks};
use tws_proto::time::TimeText;

use super::{Desk, Outcome, next};

pub(super) async fn show(Desk { client, .. }: &Desk) -> Outcome {
    let ibm = client.contract_details(&Contract::stock("IBM", "USD")).await?.remove(0).contract;

    let span = DurationText::of(2, DurationUnit::Day);
    let history = client.history(RequestHistoricalData::bars(&ibm, span.clone(), BarSize::Hour1)).await?;
    for bar in history.bars.iter().take(3) {
        println!("{} closed at {:?}, {:?} traded", bar.date.as_str(), bar.close, bar.volume);
    }

    let request = RequestHistoricalData::bars(&ibm, span.clone(), BarSize::Minutes5).showing(DataToShow::MidPoint);
    let mut updates = client.history_updates(request.outside_hours())?;
    if let HistoryUpdate::Past(past) = next(&mut updates).await? {
        println!("{} bars, and the newest as it grows", past.bars.len());
    }

    let first = client.head_timestamp(&ibm, DataToShow::Trades).await?;
    println!("there are trades since {}", first.as_str());
    let schedule = client.trading_schedule(&ibm, span.clone()).await?;
    println!("{} sessions in {}", schedule.sessions.len(), schedule.time_zone);
    println!("traded at {} prices", client.histogram(&ibm, span).await?.len());

    let request = RequestHistoricalTicks::since(&ibm, TimeText::from("20131004-15:00:00"), 10);
    println!("{:?}", client.past_ticks(request.showing(DataToShow::MidPoint)).await?);
    Ok(())
}
