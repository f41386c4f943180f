//! Scanners.

use tws_proto::kinds::ScanCode;
use tws_proto::message::RequestScanner;
use tws_sim::Trade;

use super::{Desk, Outcome, next};

pub(super) async fn show(Desk { sim, client }: &Desk) -> Outcome {
    println!("{} bytes of parameters", client.scanner_parameters().await?.len());
    for name in ["KO", "F", "T"] {
        sim.trade(name, Trade { price: 20.into(), size: 100.into(), exchange: String::new() })?;
    }
    let request = RequestScanner::of("STK", "STK.US.MAJOR", ScanCode::from("MOST_ACTIVE")).rows(3).price_min(5.into());
    let mut scan = client.scanner(request)?;
    for row in next(&mut scan).await? {
        println!("{:?} {}", row.rank, row.contract.symbol);
    }
    Ok(())
}
