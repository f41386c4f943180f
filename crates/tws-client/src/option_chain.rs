//! [`OptionChain`]: which options there are on an underlying, by one request.

use rust_decimal::Decimal;
use tws_proto::Contract;
use tws_proto::kinds::{OptionRight, SecurityType};
use tws_proto::message::{ContractData, OptionParameters, RequestOptionParameters};
use tws_proto::time::TimeText;

use crate::contracts::{Contracts, ResolveError};

/// The options on one underlying, as `REQ_SEC_DEF_OPT_PARAMS` tells them: for each exchange and trading class all expiries
/// and all strikes. Not every strike exists at every expiry: which do, [`Contracts::batch`] finds out, at a pace that TWS
/// bears.
///
/// ```no_run
/// # async fn example(client: tws_client::Client) -> Result<(), tws_client::ResolveError> {
/// use tws_client::{Contracts, OptionChain, OptionFilter, Strikes};
/// use tws_proto::Contract;
///
/// let contracts = Contracts::new(&client);
/// let chain = OptionChain::load(&contracts, &Contract::stock("AAPL", "USD")).await?;
/// let near = OptionFilter { strikes: Strikes::Nearest { to: 150.into(), count: 5 }, ..OptionFilter::default() };
/// let mut batch = contracts.batch(chain.select(&near), 8);
/// while let Some((contract, found)) = batch.next().await {
///     println!("{}: {:?} ({:?})", contract.last_trade_date_or_month, found.is_ok(), batch.progress());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct OptionChain {
    /// The underlying, resolved.
    pub underlying: ContractData,
    /// One row for each exchange and trading class.
    pub rows: Vec<OptionParameters>,
}

/// Which options are wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct OptionFilter {
    /// Of this exchange; `SMART` by default.
    pub exchange: String,
    /// Of this trading class; all of them where empty.
    pub trading_class: String,
    /// No earlier expiry than this day, `YYYYMMDD`; empty for the first.
    pub first_expiry: TimeText,
    /// No later expiry than this day, `YYYYMMDD`; empty for the last.
    pub last_expiry: TimeText,
    /// Which strikes.
    pub strikes: Strikes,
    /// Calls or puts; both with `None`.
    pub right: Option<OptionRight>,
}

/// Which strikes are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strikes {
    /// All.
    #[default]
    All,
    /// From one price to another, both included.
    Between(Decimal, Decimal),
    /// So many nearest to a price; of two as near, the lower one first.
    Nearest {
        /// The price.
        to: Decimal,
        /// How many.
        count: usize,
    },
}

impl Default for OptionFilter {
    fn default() -> Self {
        Self {
            exchange: "SMART".to_owned(),
            trading_class: String::new(),
            first_expiry: TimeText::default(),
            last_expiry: TimeText::default(),
            strikes: Strikes::All,
            right: None,
        }
    }
}

impl OptionChain {
    /// Asks for the options on an underlying: one request, and one more where the underlying is not known yet.
    ///
    /// # Errors
    /// [`ResolveError`] where the underlying is not one contract, or there is no answer.
    pub async fn load(contracts: &Contracts, underlying: &Contract) -> Result<Self, ResolveError> {
        let underlying = contracts.resolve(underlying).await?;
        let Contract { symbol, security_type, contract_id, exchange, .. } = &underlying.contract;
        // IB wants the exchange for options on futures, and refuses it for all others.
        let is_future = *security_type == Some(SecurityType::Future);
        let request = RequestOptionParameters {
            underlying_symbol: symbol.clone(),
            exchange: if is_future { exchange.clone() } else { String::new() },
            underlying_security_type: security_type.clone(),
            underlying_contract_id: *contract_id,
            ..RequestOptionParameters::default()
        };
        let rows = contracts.client().request(request).await?;
        Ok(Self { underlying, rows })
    }

    /// Every option that may exist and is wanted: the expiries of each row times its strikes. Each of them is complete
    /// enough to be resolved; nothing is asked.
    #[must_use]
    pub fn select(&self, filter: &OptionFilter) -> Vec<Contract> {
        let rights = match &filter.right {
            Some(right) => vec![right.clone()],
            None => vec![OptionRight::Call, OptionRight::Put],
        };
        let mut selected = Vec::new();
        for row in self.rows.iter().filter(|row| filter.takes(row)) {
            let strikes = filter.strikes.of(&row.strikes);
            for expiry in row.expirations.iter().filter(|expiry| filter.takes_expiry(expiry)) {
                for strike in &strikes {
                    selected.extend(rights.iter().map(|right| self.option(row, expiry, *strike, right.clone())));
                }
            }
        }
        selected
    }

    /// One option.
    fn option(&self, row: &OptionParameters, expiry: &TimeText, strike: Decimal, right: OptionRight) -> Contract {
        let underlying = &self.underlying.contract;
        let kind = match underlying.security_type {
            Some(SecurityType::Future) => SecurityType::FutureOption,
            _ => SecurityType::Option,
        };
        Contract {
            security_type: Some(kind),
            exchange: row.exchange.clone(),
            trading_class: row.trading_class.clone(),
            multiplier: row.multiplier,
            ..Contract::option(&underlying.symbol, expiry, strike, right, &underlying.currency)
        }
    }
}

impl OptionFilter {
    fn takes(&self, row: &OptionParameters) -> bool {
        row.exchange == self.exchange && (self.trading_class.is_empty() || row.trading_class == self.trading_class)
    }

    /// Days are spelled so that their order is that of their letters.
    fn takes_expiry(&self, expiry: &TimeText) -> bool {
        let expiry: &str = expiry;
        (self.first_expiry.is_empty() || expiry >= &*self.first_expiry)
            && (self.last_expiry.is_empty() || expiry <= &*self.last_expiry)
    }
}

impl Strikes {
    /// Those that are wanted, by rising price.
    fn of(self, strikes: &[Decimal]) -> Vec<Decimal> {
        let mut wanted = strikes.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        match self {
            Self::All => {}
            Self::Between(low, high) => wanted.retain(|strike| (low..=high).contains(strike)),
            Self::Nearest { to, count } => {
                wanted.sort_by_key(|strike| ((*strike - to).abs(), *strike));
                wanted.truncate(count);
                wanted.sort_unstable();
            }
        }
        wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(filter: &OptionFilter, expected: &[&str]) {
        let row = |exchange: &str, class: &str, expirations: &[&str], strikes: &[i64]| OptionParameters {
            exchange: exchange.to_owned(),
            trading_class: class.to_owned(),
            multiplier: Some(100.into()),
            expirations: expirations.iter().map(|day| TimeText::from(*day)).collect(),
            strikes: strikes.iter().map(|strike| Decimal::from(*strike)).collect(),
            ..OptionParameters::default()
        };
        let underlying = ContractData { contract: Contract::index("SPX", "CBOE", "USD"), ..ContractData::default() };
        let rows = vec![
            row("SMART", "SPX", &["20261218", "20270115"], &[90, 110, 100]),
            row("SMART", "SPXW", &["20261130"], &[100, 105]),
            row("CBOE", "SPX", &["20261218"], &[100]),
        ];
        let selected = OptionChain { underlying, rows }.select(filter);
        let spelled = |option: &Contract| {
            let Contract { trading_class, last_trade_date_or_month: expiry, strike, right, .. } = option;
            format!("{trading_class} {} {} {}", &**expiry, strike.unwrap(), right.as_ref().unwrap().as_str())
        };
        assert_eq!(selected.iter().map(spelled).collect::<Vec<_>>(), expected);
    }

    fn calls() -> OptionFilter {
        OptionFilter { right: Some(OptionRight::Call), ..OptionFilter::default() }
    }

    #[test]
    fn a_filter_leaves_what_is_wanted() {
        let near = |to: i64, count| Strikes::Nearest { to: to.into(), count };
        check(
            &OptionFilter { trading_class: "SPXW".into(), ..OptionFilter::default() },
            &["SPXW 20261130 100 C", "SPXW 20261130 100 P", "SPXW 20261130 105 C", "SPXW 20261130 105 P"],
        );
        check(&OptionFilter { exchange: "CBOE".into(), ..calls() }, &["SPX 20261218 100 C"]);
        check(
            &OptionFilter { strikes: near(104, 1), ..calls() },
            &["SPX 20261218 100 C", "SPX 20270115 100 C", "SPXW 20261130 105 C"],
        );
        check(
            &OptionFilter {
                strikes: near(105, 1),
                trading_class: "SPX".into(),
                last_expiry: "20261231".into(),
                ..calls()
            },
            &["SPX 20261218 100 C"],
        );
        check(
            &OptionFilter {
                strikes: Strikes::Between(95.into(), 105.into()),
                first_expiry: "20261218".into(),
                ..calls()
            },
            &["SPX 20261218 100 C", "SPX 20270115 100 C"],
        );
        check(&OptionFilter { exchange: "ISE".into(), ..calls() }, &[]);
        check(&OptionFilter { strikes: near(100, 0), ..calls() }, &[]);
    }
}
