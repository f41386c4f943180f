//! [`Inquiries`]: the session with TWS, without a way to send orders.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use order::PriceStep;
use tws_client::Client;
use tws_proto::message::MarketRuleId;

/// The session with TWS, for what is no order: it can whatever a [`tws_client::Client`] can, which asks for histories, bars,
/// option chains, books of depth, news and scans, and watches them. It has no way to send an order: those go through
/// [`Handle`](crate::Handle), past the gate and into the journal. Nor does it end the session. Cheap to clone.
///
/// What it answers about orders and positions is the broker's word, while the trader's own books are behind
/// [`Handle::orders`](crate::Handle::orders) and [`Handle::inspect`](crate::Handle::inspect).
///
/// ```no_run
/// use trader::prelude::*;
/// use tws_client::history::{BarHistory, Bars, Cursor, Direction, Span};
/// use tws_proto::kinds::{BarSize, DataToShow};
///
/// # async fn example(trader: Handle, contract: Contract, span: Span) -> Outcome {
/// let bars = Bars { contract, bar_size: BarSize::Minute1, data_to_show: DataToShow::Trades, regular_hours_only: true };
/// let mut history = BarHistory::new(trader.client(), bars, Cursor::new(span, Direction::Backward));
/// while let Some(piece) = history.next().await? {
///     println!("{} bars", piece.items.len());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Inquiries {
    client: Client,
    /// Price steps by market rule: a rule never changes what it says while a session stands.
    rules: Arc<Mutex<BTreeMap<i32, Vec<PriceStep>>>>,
}

impl Inquiries {
    pub(crate) fn new(client: &Client) -> Self {
        Self { client: client.guest(), rules: Arc::default() }
    }

    /// The price steps of a market rule, asked for once. `None` where TWS does not tell them: then only the least step of
    /// the contract's details is known.
    pub(crate) async fn price_steps(&self, rule_id: MarketRuleId) -> Option<Vec<PriceStep>> {
        let known = self.rules.lock().unwrap_or_else(PoisonError::into_inner).get(&rule_id.0).cloned();
        if known.is_some() {
            return known;
        }
        match self.client.market_rule(rule_id).await {
            Ok(rule) => {
                let steps = crate::terms::steps_of(&rule);
                self.rules.lock().unwrap_or_else(PoisonError::into_inner).insert(rule_id.0, steps.clone());
                Some(steps)
            }
            Err(error) => {
                tracing::warn!(%error, rule = rule_id.0, "TWS did not tell the price steps; the least one is used");
                None
            }
        }
    }
}

impl Deref for Inquiries {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}
