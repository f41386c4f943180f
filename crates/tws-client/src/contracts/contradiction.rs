//! [`Contradiction`]: a contract that names one thing by its number and another one by its words.

use std::fmt;

use rust_decimal::Decimal;
use tws_proto::Contract;
use tws_proto::message::ContractData;

use crate::log::Quoted;

/// What a description says beside the number of a contract, where that number stands for something else. TWS goes by the
/// number alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The field, by its wire name.
    pub field: &'static str,
    /// What the description says.
    pub said: String,
    /// What the number stands for.
    pub found: String,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, said, found } = self;
        let found = if found.is_empty() { "nothing" } else { found };
        write!(f, "{field} is said to be {}, but is {}", Quoted(said), Quoted(found))
    }
}

impl std::error::Error for Contradiction {}

/// Holds a description that names a number against the contract that TWS has under it.
///
/// What the description leaves out contradicts nothing. The exchange is a route and may be any; what TWS leaves out of
/// primary exchange, trading class and local symbol is not known to be another.
///
/// # Errors
/// The first field that says something else.
pub fn check_named(asked: &Contract, found: &ContractData) -> Result<(), Contradiction> {
    let ContractData { contract, details, .. } = found;
    if asked.known_id().is_none() {
        return Ok(()); // TWS went by the words
    }
    let right = |contract: &Contract| {
        let word = contract.right.as_ref().map_or("", |right| right.as_str());
        if matches!(word, "0" | "?") { String::new() } else { word.to_owned() }
    };
    let kind = |contract: &Contract| contract.security_type.as_ref().map_or("", |kind| kind.as_str()).to_owned();
    // A bond is asked for by its CUSIP.
    let is_cusip = !details.bond.cusip.is_empty() && asked.symbol == details.bond.cusip;
    if !is_cusip {
        check_word("symbol", &asked.symbol, &contract.symbol)?;
    }
    check_word("secType", &kind(asked), &kind(contract))?;
    check_word("currency", &asked.currency, &contract.currency)?;
    check_number("strike", asked.strike, contract.strike.unwrap_or_default())?;
    check_word("right", &right(asked), &right(contract))?;
    let (date, told) = (&asked.last_trade_date_or_month, &contract.last_trade_date_or_month);
    // The month of delivery need not be that of the last trade.
    let is_same = date.is_empty() || date.agrees_with(told) || date.agrees_with(&details.contract_month);
    if !is_same {
        return Err(contradiction("lastTradeDateOrContractMonth", date, told));
    }
    check_number("multiplier", asked.multiplier, contract.multiplier.unwrap_or(Decimal::ONE))?;
    let is_same = exchange(&asked.primary_exchange) == exchange(&contract.primary_exchange);
    if !is_same && !contract.primary_exchange.is_empty() {
        check_word("primaryExchange", &asked.primary_exchange, &contract.primary_exchange)?;
    }
    for (field, said, found) in [
        ("localSymbol", &asked.local_symbol, &contract.local_symbol),
        ("tradingClass", &asked.trading_class, &contract.trading_class),
    ] {
        if !found.is_empty() {
            check_word(field, said, found)?;
        }
    }
    Ok(())
}

fn contradiction(field: &'static str, said: &str, found: &str) -> Contradiction {
    Contradiction { field, said: said.to_owned(), found: found.to_owned() }
}

fn check_word(field: &'static str, said: &str, found: &str) -> Result<(), Contradiction> {
    if said.is_empty() || said == found { Ok(()) } else { Err(contradiction(field, said, found)) }
}

/// A zero is how the wire says nothing.
fn check_number(field: &'static str, said: Option<Decimal>, found: Decimal) -> Result<(), Contradiction> {
    match said.filter(|said| !said.is_zero() && *said != found) {
        Some(said) => Err(contradiction(field, &said.normalize().to_string(), &found.normalize().to_string())),
        None => Ok(()),
    }
}

/// NASDAQ's name of today; TWS has not forgotten the old one, and takes both.
fn exchange(name: &str) -> &str {
    if name == "ISLAND" { "NASDAQ" } else { name }
}

#[cfg(test)]
mod tests {
    use tws_proto::ids::ContractId;
    use tws_proto::kinds::OptionRight;

    use super::*;

    #[test]
    fn what_is_said_beside_a_number_must_fit_it() {
        let numbered = |contract: Contract| Contract { contract_id: Some(ContractId(7)), ..contract };
        let call = numbered(Contract::option("IBM", "20261218", 100.into(), OptionRight::Call, "USD"));
        let call = Contract { multiplier: Some(100.into()), trading_class: "IBM".into(), ..call };
        let stock = numbered(Contract::stock("IBM", "USD"));
        let listed = |exchange: &str| Contract { primary_exchange: exchange.into(), ..stock.clone() };
        let odd = Contract { strike: Some(Decimal::ZERO), right: Some(OptionRight::from("?")), ..stock.clone() };
        let nothing = Contract::by_id(ContractId(7), "SMART");
        let month = |month: &str| Contract { last_trade_date_or_month: month.into(), ..nothing.clone() };
        for (asked, found, expected) in [
            (&nothing, &call, None),
            (&stock, &stock, None),
            (&stock, &odd, None),
            (&odd, &stock, None),
            (&call, &call, None),
            (&Contract { exchange: "CBOE".into(), ..call.clone() }, &call, None),
            (&listed("NYSE"), &stock, None),
            (&stock, &listed("NASDAQ"), None),
            (&listed("ISLAND"), &listed("NASDAQ"), None),
            (&listed("NASDAQ"), &listed("ISLAND"), None),
            (&listed("NYSE"), &listed("NASDAQ"), Some("primaryExchange")),
            (&month("202612"), &call, None),
            (&month("202601"), &call, Some("lastTradeDateOrContractMonth")),
            (&numbered(Contract::stock("SPY", "USD")), &stock, Some("symbol")),
            (&numbered(Contract::stock("ibm", "USD")), &stock, Some("symbol")),
            (&stock, &call, Some("secType")),
            (&numbered(Contract::stock("IBM", "EUR")), &stock, Some("currency")),
            (&Contract { strike: Some(5.into()), ..nothing.clone() }, &stock, Some("strike")),
            (&Contract { right: Some(OptionRight::Call), ..nothing.clone() }, &stock, Some("right")),
            (&Contract { right: Some(OptionRight::Put), ..call.clone() }, &call, Some("right")),
            (&Contract { multiplier: Some(10.into()), ..nothing.clone() }, &call, Some("multiplier")),
            (&Contract { trading_class: "IBM7".into(), ..nothing.clone() }, &call, Some("tradingClass")),
        ] {
            let data = ContractData { contract: found.clone(), ..ContractData::default() };
            let field = check_named(asked, &data).err().map(|contradiction| contradiction.field);
            assert_eq!(field, expected, "{asked:?} and {found:?}");
        }
        let unnumbered = Contract { contract_id: None, ..Contract::stock("SPY", "USD") };
        let data = ContractData { contract: stock.clone(), ..ContractData::default() };
        assert_eq!(check_named(&unnumbered, &data), Ok(()));
        let said = check_named(&numbered(Contract::stock("SPY", "USD")), &data).unwrap_err().to_string();
        assert_eq!(said, "symbol is said to be SPY, but is IBM");
    }
}
