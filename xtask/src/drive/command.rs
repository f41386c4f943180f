//! What can be asked, read from JSON, with every fault in words.

use order::{Change, Distance, OrderKind, TimeInForce};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Map, Value};
use trader::Ticket;
use tws_proto::Contract;
use tws_proto::ids::ContractId;
use tws_proto::kinds::{SecurityType, TimeInForce as Word};

use super::id::Id;
use super::{fields, once};

/// Every kind of order, and the prices that it has.
const PRICES: [(&str, &[&str]); 13] = [
    ("MKT", &[]),
    ("LMT", &["limit_price"]),
    ("STP", &["stop_price"]),
    ("STP LMT", &["limit_price", "stop_price"]),
    ("TRAIL", &["stop_price", "trail_amount", "trail_percent"]),
    ("MIT", &["stop_price"]),
    ("LIT", &["limit_price", "stop_price"]),
    ("MOC", &[]),
    ("LOC", &["limit_price"]),
    ("MOO", &[]),
    ("LOO", &["limit_price"]),
    ("MTL", &[]),
    ("MIDPRICE", &["limit_price"]),
];
/// How long an order can stand. `GTD` would need a date, and `OPG` is the kinds `MOO` and `LOO`.
const LIFETIMES: [&str; 6] = ["DAY", "GTC", "IOC", "FOK", "DTC", "AUC"];
/// What the name of a command may stand in.
const NAMES: [&str; 3] = ["cmd", "command", "op"];

/// A command, and the id that its answer repeats.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) id: Id,
    pub(super) kind: Kind,
}

/// What is asked.
#[derive(Debug, Deserialize)]
#[serde(tag = "cmd", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Kind {
    Submit(Box<Order>),
    Preview(Box<Order>),
    Bracket(Box<Bracket>),
    Oco(Box<Oco>),
    Modify(Box<Modify>),
    Cancel { r#ref: String },
    CancelAll {},
    Orders {},
    Fills {},
    Positions {},
    State {},
    Subscribe { contract: Named },
    Kill { by: Option<String>, reason: Option<String> },
    Arm { by: String },
    External {},
    Adopt { perm_id: String, by: String, strategy: Option<String>, r#ref: Option<String> },
    Ignore { perm_id: String, by: String },
    Waive { control: String, by: String, reason: String, strategy: Option<String> },
    Statement {},
    Alarms {},
    Acknowledge { number: u64, by: String },
    Verify {},
    Quit {},
}

/// An order.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    pub(super) r#ref: String,
    pub(super) contract: Named,
    side: Side,
    quantity: Decimal,
    kind: String,
    limit_price: Option<Decimal>,
    stop_price: Option<Decimal>,
    trail_amount: Option<Decimal>,
    trail_percent: Option<Decimal>,
    tif: Option<String>,
    #[serde(default)]
    outside_rth: bool,
    account: Option<String>,
    /// In whose name.
    pub(super) strategy: Option<String>,
    /// Number of a waiver.
    waiver: Option<u64>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum Side {
    #[serde(rename = "BUY", alias = "buy", alias = "B")]
    Buy,
    #[serde(rename = "SELL", alias = "sell", alias = "S")]
    Sell,
}

/// An entry with its two exits.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bracket {
    pub(super) entry: Order,
    take_profit: Exit,
    stop_loss: Exit,
}

/// The price of an exit, alone or as an order would have it.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "an exit is a price, or an object with `limit_price` or `stop_price`"
)]
enum Exit {
    Price(Decimal),
    Order { limit_price: Option<Decimal>, stop_price: Option<Decimal> },
}

/// Orders of which one cancels the others.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Oco {
    pub(super) orders: Vec<Order>,
}

/// New values of a working order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Modify {
    pub(super) r#ref: String,
    quantity: Option<Decimal>,
    limit_price: Option<Decimal>,
    stop_price: Option<Decimal>,
    trail_amount: Option<Decimal>,
    trail_percent: Option<Decimal>,
    tif: Option<String>,
}

/// A contract by what names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a contract, such as {\"symbol\": \"IBM\"}")]
pub(super) struct Named {
    #[serde(default)]
    symbol: String,
    sec_type: Option<String>,
    exchange: Option<String>,
    primary_exchange: Option<String>,
    currency: Option<String>,
    con_id: Option<i32>,
    expiry: Option<String>,
    strike: Option<Decimal>,
    right: Option<String>,
}

impl Command {
    /// Reads a line. The id comes back with the fault, where there is one.
    pub(super) fn read(line: &[u8]) -> Result<Self, (Id, String)> {
        let value = once::read(line).map_err(|error| (Id::find(line), format!("not JSON: {error}")))?;
        let Value::Object(mut fields) = value else {
            return Err((Id::default(), "a command is a JSON object".to_owned()));
        };
        let id = Id::of(fields.remove("id"), line);
        match name(&mut fields).and_then(|()| fields::check(&mut fields)).and_then(|()| kind(fields)) {
            Ok(kind) => Ok(Self { id, kind }),
            Err(fault) => Err((id, fault)),
        }
    }
}

/// Puts the name of a command where it belongs.
fn name(fields: &mut Map<String, Value>) -> Result<(), String> {
    let mut names = NAMES.iter().filter_map(|name| fields.remove(*name)).collect::<Vec<_>>();
    match (names.pop(), names.len()) {
        (Some(Value::String(name)), 0) => {
            fields.insert("cmd".to_owned(), Value::String(name));
            Ok(())
        }
        (Some(other), 0) => Err(format!("`cmd` is the name of a command, not {other}")),
        (Some(_), _) => Err("the command has several names; name it once, in `cmd`".to_owned()),
        (None, _) => Err("missing field `cmd`".to_owned()),
    }
}

fn kind(fields: Map<String, Value>) -> Result<Kind, String> {
    serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())
}

impl Named {
    /// The contract to be looked up.
    pub(super) fn contract(&self) -> Result<Contract, String> {
        let number = self.con_id.filter(|id| *id > 0).map(ContractId);
        if number.is_none() && self.symbol.trim().is_empty() {
            return Err("a contract needs `symbol` or `con_id`".to_owned());
        }
        // Beside a number only what is said counts, and what is said must fit it.
        let (usual_type, usual_exchange, usual_currency) =
            if number.is_none() { ("STK", "SMART", "USD") } else { ("", "", "") };
        let security_type = self.sec_type.as_deref().unwrap_or(usual_type);
        Ok(Contract {
            contract_id: number,
            symbol: self.symbol.clone(),
            security_type: (!security_type.is_empty()).then(|| SecurityType::from(security_type)),
            exchange: self.exchange.as_deref().unwrap_or(usual_exchange).to_owned(),
            primary_exchange: self.primary_exchange.clone().unwrap_or_default(),
            currency: self.currency.as_deref().unwrap_or(usual_currency).to_owned(),
            last_trade_date_or_month: self.expiry.clone().unwrap_or_default().into(),
            strike: self.strike,
            right: self.right.as_deref().map(Into::into),
            ..Contract::default()
        })
    }
}

impl Order {
    /// The order as the trader takes it.
    pub(super) fn ticket(&self, contract: &Contract) -> Result<Ticket, String> {
        let ticket = match self.side {
            Side::Buy => Ticket::buy(contract, self.quantity),
            Side::Sell => Ticket::sell(contract, self.quantity),
        };
        let ticket = ticket.kind(self.kind()?).label(&self.r#ref);
        let ticket = match self.tif.as_deref().map(lifetime).transpose()? {
            Some(time_in_force) => ticket.time_in_force(time_in_force),
            None => ticket,
        };
        let ticket = if self.outside_rth { ticket.extended_hours() } else { ticket };
        let ticket = match self.waiver {
            Some(number) => ticket.with_waiver(number),
            None => ticket,
        };
        Ok(match &self.account {
            Some(account) => ticket.account(account),
            None => ticket,
        })
    }

    /// Whether only a quote can tell at which price it would trade.
    pub(super) fn needs_quote(&self) -> bool {
        self.limit_price.is_none()
    }

    fn kind(&self) -> Result<OrderKind, String> {
        let name = self.kind.to_ascii_uppercase();
        let Some((_, uses)) = PRICES.iter().find(|(kind, _)| *kind == name) else {
            let known = PRICES.map(|(kind, _)| kind).join(", ");
            return Err(format!("{:?} is no kind of order; known are {known}", self.kind));
        };
        let given = [
            ("limit_price", self.limit_price),
            ("stop_price", self.stop_price),
            ("trail_amount", self.trail_amount),
            ("trail_percent", self.trail_percent),
        ];
        // A price that nobody looks at would trade otherwise than it is meant.
        if let Some((field, _)) = given.iter().find(|(field, price)| price.is_some() && !uses.contains(field)) {
            return Err(format!("a {name} order has no `{field}`; leave it out, or say another `kind`"));
        }
        let limit = || self.limit_price.ok_or_else(|| format!("a {} order needs `limit_price`", self.kind));
        let stop = || self.stop_price.ok_or_else(|| format!("a {} order needs `stop_price`", self.kind));
        let kind = match name.as_str() {
            "MKT" => OrderKind::Market,
            "LMT" => OrderKind::Limit { limit_price: limit()? },
            "STP" => OrderKind::Stop { stop_price: stop()? },
            "STP LMT" => OrderKind::StopLimit { stop_price: stop()?, limit_price: limit()? },
            "MIT" => OrderKind::MarketIfTouched { trigger_price: stop()? },
            "LIT" => OrderKind::LimitIfTouched { trigger_price: stop()?, limit_price: limit()? },
            "MOC" => OrderKind::MarketOnClose,
            "LOC" => OrderKind::LimitOnClose { limit_price: limit()? },
            "MOO" => OrderKind::MarketOnOpen,
            "LOO" => OrderKind::LimitOnOpen { limit_price: limit()? },
            "MTL" => OrderKind::MarketToLimit,
            "MIDPRICE" => OrderKind::MidPrice { limit_price: self.limit_price },
            "TRAIL" => OrderKind::Trail { distance: self.distance()?, stop_price: self.stop_price },
            other => return Err(format!("{other:?} is no kind of order")), // it would stand in PRICES alone
        };
        Ok(kind)
    }

    fn distance(&self) -> Result<Distance, String> {
        match (self.trail_amount, self.trail_percent) {
            (Some(amount), None) => Ok(Distance::Amount(amount)),
            (None, Some(percent)) => Ok(Distance::Percent(percent)),
            (Some(_), Some(_)) | (None, None) => {
                Err("a TRAIL order needs `trail_amount` or `trail_percent`, one of them".to_owned())
            }
        }
    }
}

impl Bracket {
    /// The entry with its exits.
    pub(super) fn ticket(&self, contract: &Contract) -> Result<Ticket, String> {
        let take_profit = match self.take_profit {
            Exit::Price(price) | Exit::Order { limit_price: Some(price), stop_price: None } => price,
            Exit::Order { .. } => return Err("`take_profit` is a price, or has a `limit_price` alone".to_owned()),
        };
        let stop_loss = match self.stop_loss {
            Exit::Price(price) | Exit::Order { stop_price: Some(price), limit_price: None } => price,
            Exit::Order { .. } => return Err("`stop_loss` is a price, or has a `stop_price` alone".to_owned()),
        };
        Ok(self.entry.ticket(contract)?.with_exits(take_profit, stop_loss))
    }
}

impl Modify {
    /// What changes, for an order of this kind.
    pub(super) fn change(&self, kind: &OrderKind) -> Result<Change, String> {
        let mut kind = kind.clone();
        let prices = [
            ("limit_price", self.limit_price, set_limit as fn(&mut OrderKind, Decimal) -> bool),
            ("stop_price", self.stop_price, set_stop),
            ("trail_amount", self.trail_amount, set_trail_amount),
            ("trail_percent", self.trail_percent, set_trail_percent),
        ];
        let given = prices.iter().filter_map(|(field, price, set)| price.map(|price| (field, price, set)));
        let mut is_repriced = false;
        for (field, price, set) in given {
            if !set(&mut kind, price) {
                return Err(format!("the order has no `{field}` to be changed"));
            }
            is_repriced = true;
        }
        if !is_repriced && self.quantity.is_none() && self.tif.is_none() {
            return Err(
                "name what changes: `quantity`, `limit_price`, `stop_price`, `trail_amount`, `trail_percent` or \
                        `tif`"
                    .to_owned(),
            );
        }
        Ok(Change {
            kind: is_repriced.then_some(kind),
            quantity: self.quantity,
            time_in_force: self.tif.as_deref().map(lifetime).transpose()?,
        })
    }
}

/// How long an order stands, by a word in any case.
fn lifetime(word: &str) -> Result<TimeInForce, String> {
    let name = word.to_ascii_uppercase();
    if !LIFETIMES.contains(&name.as_str()) {
        return Err(format!("{word:?} is no `tif`; known are {}", LIFETIMES.join(", ")));
    }
    Ok(TimeInForce::from(Word::from(name.as_str())))
}

/// Sets the limit price of a kind that may have one.
const fn set_limit(kind: &mut OrderKind, price: Decimal) -> bool {
    match kind {
        OrderKind::Limit { limit_price }
        | OrderKind::StopLimit { limit_price, .. }
        | OrderKind::LimitIfTouched { limit_price, .. }
        | OrderKind::LimitOnOpen { limit_price }
        | OrderKind::LimitOnClose { limit_price } => *limit_price = price,
        OrderKind::MidPrice { limit_price } => *limit_price = Some(price),
        _ => return false, // kinds without one, and kinds that may come
    }
    true
}

/// Sets the price at which a kind begins to work.
const fn set_stop(kind: &mut OrderKind, price: Decimal) -> bool {
    match kind {
        OrderKind::Stop { stop_price } | OrderKind::StopLimit { stop_price, .. } => *stop_price = price,
        OrderKind::MarketIfTouched { trigger_price } | OrderKind::LimitIfTouched { trigger_price, .. } => {
            *trigger_price = price;
        }
        OrderKind::Trail { stop_price, .. } => *stop_price = Some(price),
        _ => return false, // kinds without one, and kinds that may come
    }
    true
}

/// Sets by how much an order trails that trails by an amount.
const fn set_trail_amount(kind: &mut OrderKind, price: Decimal) -> bool {
    let OrderKind::Trail { distance: Distance::Amount(amount), .. } = kind else { return false };
    *amount = price;
    true
}

/// Sets by how much an order trails that trails by a percentage.
const fn set_trail_percent(kind: &mut OrderKind, price: Decimal) -> bool {
    let OrderKind::Trail { distance: Distance::Percent(percent), .. } = kind else { return false };
    *percent = price;
    true
}
