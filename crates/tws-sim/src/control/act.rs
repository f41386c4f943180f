//! What a `POST` does.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};
use tws_proto::ids::PermanentId;
use tws_proto::kinds::{Action, BulletinKind, OrderType};
use tws_proto::{Contract, Order};

use super::Desk;
use super::http::Wrong;
use super::state;
use crate::core::{Input, Manual};
use crate::faults::{Clear, Fault, Switch};
use crate::information::{Article, Bulletin};
use crate::market::{Halt, Level, MarketEvent, Quote, Trade};
use crate::shell::Pace;

/// The size of a quote or trade that does not tell it.
const SIZE: i64 = 1000;
/// The longest time that is let pass at once: ten years.
const ADVANCE_MS_MAX: i64 = 10 * 366 * 86_400_000;

/// Faults go off: one switch, or all.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClearRequest {
    clear: String,
    client: Option<i32>,
}

/// What a market shows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MarketRequest {
    instrument: String,
    #[serde(default, deserialize_with = "crate::amount::optional")]
    bid: Option<Decimal>,
    #[serde(default, deserialize_with = "crate::amount::optional")]
    bid_size: Option<Decimal>,
    #[serde(default, deserialize_with = "crate::amount::optional")]
    ask: Option<Decimal>,
    #[serde(default, deserialize_with = "crate::amount::optional")]
    ask_size: Option<Decimal>,
    #[serde(default, deserialize_with = "crate::amount::optional")]
    trade: Option<Decimal>,
    #[serde(default, deserialize_with = "crate::amount::optional")]
    trade_size: Option<Decimal>,
    halt: Option<HaltWord>,
}

/// Whether an instrument trades.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum HaltWord {
    None,
    General,
    Volatility,
}

impl From<HaltWord> for Halt {
    fn from(word: HaltWord) -> Self {
        match word {
            HaltWord::None => Self::None,
            HaltWord::General => Self::General,
            HaltWord::Volatility => Self::Volatility,
        }
    }
}

/// A bulletin, or an article.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewsRequest {
    bulletin: Option<String>,
    kind: Option<i32>,
    exchange: Option<String>,
    article: Option<String>,
    provider: Option<String>,
    headline: Option<String>,
    text: Option<String>,
    #[serde(default)]
    symbols: Vec<String>,
}

/// An order of the user of TWS, or the end of one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderRequest {
    cancel: Option<i64>,
    instrument: Option<String>,
    action: Option<String>,
    #[serde(default, deserialize_with = "crate::amount::optional")]
    quantity: Option<Decimal>,
    #[serde(default, deserialize_with = "crate::amount::optional")]
    limit: Option<Decimal>,
    #[serde(default, deserialize_with = "crate::amount::optional")]
    stop: Option<Decimal>,
    account: Option<String>,
    order_type: Option<String>,
}

/// How time passes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TimeRequest {
    pace: Option<String>,
    advance_ms: Option<i64>,
}

pub(super) fn fault(desk: &Desk, body: &[u8]) -> Result<Value, Wrong> {
    let value: Value = parse(body)?;
    if value.get("clear").is_some() {
        let ClearRequest { clear, client } = serde_json::from_value(value).map_err(Wrong::request)?;
        let switch = match clear.as_str() {
            "all" => None,
            name => Some(name.parse::<Switch>().map_err(Wrong::request)?),
        };
        desk.hub.clear(Clear { switch, client });
    } else {
        let fault: Fault = serde_json::from_value(value).map_err(Wrong::request)?;
        fault.check().map_err(Wrong::request)?;
        desk.hub.inject(fault);
    }
    Ok(json!({ "faults": desk.hub.faults() }))
}

pub(super) fn market(desk: &Desk, body: &[u8]) -> Result<Value, Wrong> {
    let request: MarketRequest = parse(body)?;
    let size = |size: Option<Decimal>| size.unwrap_or_else(|| SIZE.into());
    let level = |price: Option<Decimal>, own| price.map(|price| Level { price, size: size(own) });
    let quote = Quote { bid: level(request.bid, request.bid_size), ask: level(request.ask, request.ask_size) };
    let trade = request.trade.map(|price| Trade { price, size: size(request.trade_size), exchange: String::new() });
    if quote == Quote::default() && trade.is_none() && request.halt.is_none() {
        return Err(Wrong::request("say bid and ask, trade, or halt, with their sizes if they are not 1000"));
    }
    // All of it or nothing.
    let quote = (quote != Quote::default()).then_some(MarketEvent::Quote(quote));
    let events: Vec<MarketEvent> = quote.into_iter().chain(trade.map(MarketEvent::Trade)).collect();
    for event in &events {
        event.check().map_err(Wrong::request)?;
    }
    if let Some(halt) = request.halt {
        desk.hub.halt(&request.instrument, halt.into()).map_err(Wrong::request)?;
    }
    for event in events {
        desk.hub.market_event(&request.instrument, event).map_err(Wrong::request)?;
    }
    Ok(json!({ "instrument": request.instrument, "shown": true }))
}

pub(super) fn news(desk: &Desk, body: &[u8]) -> Result<Value, Wrong> {
    let NewsRequest { bulletin, kind, exchange, article, provider, headline, text, symbols } = parse(body)?;
    let time = desk.hub.now();
    let input = match (bulletin, article, provider, headline) {
        (Some(text), None, None, None) => {
            let kind = BulletinKind::from(kind.unwrap_or(1));
            Input::Bulletin(Bulletin { time, kind, exchange: exchange.unwrap_or_default(), text })
        }
        (None, Some(id), Some(provider), Some(headline)) => {
            let refusal = desk.hub.read(|core| {
                let information = core.information();
                if information.provider(&provider).is_none() {
                    return Some(format!("there is no provider {provider:?}"));
                }
                let known = information.articles.iter().any(|known| known.id == id);
                known.then(|| format!("there is an article {id:?} already"))
            });
            if let Some(refusal) = refusal {
                return Err(Wrong::request(refusal));
            }
            Input::Article(Article { id, provider, time, symbols, headline, text: text.unwrap_or_default() })
        }
        _ => return Err(Wrong::request("say bulletin, or article (its id), provider and headline")),
    };
    desk.hub.step(input);
    Ok(json!({ "published": true }))
}

pub(super) fn order(desk: &Desk, body: &[u8]) -> Result<Value, Wrong> {
    let request: OrderRequest = parse(body)?;
    let act = match request.cancel {
        Some(permanent_id) => Manual::Cancel { permanent_id: PermanentId(permanent_id) },
        None => {
            let (contract, order) = placed(desk, request)?;
            Manual::Place { contract: Box::new(contract), order: Box::new(order) }
        }
    };
    let done = desk.hub.act(|core, now| core.by_hand(act, now)).map_err(Wrong::request)?;
    Ok(json!({ "permanent_id": done.0 }))
}

fn placed(desk: &Desk, request: OrderRequest) -> Result<(Contract, Order), Wrong> {
    let OrderRequest { cancel: _, instrument, action, quantity, limit, stop, account, order_type } = request;
    let (Some(name), Some(action), Some(quantity)) = (instrument, action, quantity) else {
        return Err(Wrong::request("say instrument, action (BUY or SELL) and quantity, or cancel"));
    };
    let contract = desk.hub.read(|core| core.catalogue().by_name(&name).map(|found| found.contract()));
    let contract = contract.ok_or_else(|| Wrong::request(crate::shell::UnknownInstrument { name }))?;
    let action = match action.to_ascii_uppercase().as_str() {
        "BUY" => Action::Buy,
        "SELL" => Action::Sell,
        _ => return Err(Wrong::request("the action is BUY or SELL")),
    };
    let kind = match (order_type, limit, stop) {
        (Some(kind), _, _) => OrderType::from(kind.as_str()),
        (None, Some(_), Some(_)) => OrderType::StopLimit,
        (None, Some(_), None) => OrderType::Limit,
        (None, None, Some(_)) => OrderType::Stop,
        (None, None, None) => OrderType::Market,
    };
    let mut order = Order::new(action, quantity, kind);
    (order.limit_price, order.aux_price) = (limit, stop);
    order.account = account.unwrap_or_default();
    Ok((contract, order))
}

pub(super) async fn time(desk: &Desk, body: &[u8]) -> Result<Value, Wrong> {
    let TimeRequest { pace, advance_ms } = parse(body)?;
    if let Some(pace) = pace {
        desk.hub.set_pace(pace.parse::<Pace>().map_err(Wrong::request)?);
    }
    match advance_ms {
        Some(ms) if (0..=ADVANCE_MS_MAX).contains(&ms) => desk.hub.advance_in_runs(ms).await,
        Some(_) => return Err(Wrong::request("advance_ms is from 0 to ten years")),
        None => {}
    }
    Ok(json!({ "time": state::time(desk) }))
}

fn parse<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Wrong> {
    serde_json::from_slice(body)
        .map_err(|error| Wrong::request(format!("that is not the JSON that belongs here: {error}")))
}
