//! The program of the README: buys once, and leaves with a profit or a bounded loss.

use trader::prelude::*;

/// Buys a hundred at the first quote, and lets a bracket take it from there.
#[derive(Default)]
struct Once {
    ibm: Option<Instrument>,
}

impl Strategy for Once {
    fn name(&self) -> &str {
        "once"
    }

    async fn started(&mut self, trader: &Handle) -> Outcome {
        self.ibm = Some(trader.watch(&Contract::stock("IBM", "USD")).await?);
        Ok(())
    }

    async fn quote(&mut self, quote: &Quote, trader: &Handle) -> Outcome {
        let (Some(ask), Some(ibm)) = (quote.ask, self.ibm.take()) else { return Ok(()) };
        if !trader.position(ibm.id()).await?.is_zero() {
            return Ok(()); // held from an earlier run: the journal remembers
        }
        let (profit, loss) = (ask * Decimal::new(105, 2), ask * Decimal::new(95, 2));
        trader.submit(Ticket::buy(&ibm, 100).limit(ask).with_exits(profit.round_dp(2), loss.round_dp(2))).await?;
        Ok(())
    }

    async fn fill(&mut self, fill: &FillEvent, _: &Handle) -> Outcome {
        println!("{} {} at {}, now {}", fill.fill.side, fill.fill.quantity, fill.fill.price, fill.position);
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Outcome {
    tracing_subscriber::fmt().with_env_filter("error").init(); // alarms: why nothing is traded, and what to look at
    let trader = Trader::builder(TraderConfig::from_env()?).strategy(Once::default()).start().await?;
    tokio::signal::ctrl_c().await?;
    trader.stop().await;
    Ok(())
}
