//! Whether two contracts are one instrument.

use rust_decimal::Decimal;
use tws_proto::Contract;
use tws_proto::kinds::OptionRight;

/// Whether two contracts are one instrument: by IB's number where both have it, else by what names it.
#[must_use]
pub fn is_same_instrument(one: &Contract, other: &Contract) -> bool {
    match (one.known_id(), other.known_id()) {
        (Some(one), Some(other)) => one == other,
        _ => {
            one.symbol == other.symbol
                && one.security_type == other.security_type
                && one.currency == other.currency
                && one.last_trade_date_or_month.agrees_with(&other.last_trade_date_or_month)
                && one.strike.unwrap_or_default() == other.strike.unwrap_or_default()
                && known_right(one) == known_right(other)
        }
    }
}

/// Whether one can stand in the other's place: they are equal, and their numbers are spelled alike. A fingerprint of the
/// books tells 150 from 150.0.
pub(crate) fn is_spelled_alike(one: &Contract, other: &Contract) -> bool {
    one == other && has_numbers_alike(one, other)
}

/// Whether every number that can be spelled in several ways is spelled alike, in contracts that are equal.
fn has_numbers_alike(one: &Contract, other: &Contract) -> bool {
    let is_alike = |one: Option<Decimal>, other: Option<Decimal>| {
        one.map(|number| number.serialize()) == other.map(|number| number.serialize())
    };
    let mut legs = one.combo_legs.iter().zip(&other.combo_legs);
    let mut hedges = one.delta_neutral.iter().zip(&other.delta_neutral);
    is_alike(one.strike, other.strike)
        && is_alike(one.multiplier, other.multiplier)
        && legs.all(|(one, other)| is_alike(one.price, other.price))
        && hedges.all(|(one, other)| is_alike(one.delta, other.delta) && is_alike(one.price, other.price))
}

/// Whether an option is a call or a put; for what is no option, answers have words of no meaning here.
const fn known_right(contract: &Contract) -> Option<&OptionRight> {
    match &contract.right {
        Some(right @ (OptionRight::Call | OptionRight::Put)) => Some(right),
        Some(OptionRight::Other(_)) | None => None,
    }
}

#[cfg(test)]
mod tests {
    use tws_proto::ids::ContractId;

    use super::*;

    #[test]
    fn an_answer_may_say_more_of_an_instrument_than_was_asked() {
        let stock = Contract::stock("IBM", "USD");
        let future = Contract::future("ES", "202612", "CME", "USD");
        let call = Contract::option("IBM", "20261218", 100.into(), OptionRight::Call, "USD");
        let number = |number: i32, of: &Contract| Contract { contract_id: Some(ContractId(number)), ..of.clone() };
        let day = |day: &str, of: &Contract| Contract { last_trade_date_or_month: day.into(), ..of.clone() };
        let odd = OptionRight::Other("0".to_owned());
        let answer = Contract { strike: Some(Decimal::ZERO), right: Some(odd), ..stock.clone() };
        for (one, other, expected) in [
            (&stock, &answer, true),
            (&stock, &number(1, &answer), true),
            (&number(1, &stock), &number(1, &future), true),
            (&number(1, &stock), &number(2, &stock), false),
            (&stock, &Contract::stock("IBM", "EUR"), false),
            (&stock, &call, false),
            (&future, &day("20261218", &future), true),
            (&future, &day("20261218 08:30:00 US/Central", &future), true),
            (&future, &day("202603", &future), false),
            (&future, &day("", &future), false),
            (&call, &Contract { right: Some(OptionRight::Put), ..call.clone() }, false),
            (&call, &Contract { strike: Some(101.into()), ..call.clone() }, false),
        ] {
            assert_eq!(is_same_instrument(one, other), expected, "{one:?} and {other:?}");
            assert_eq!(is_same_instrument(other, one), expected, "{other:?} and {one:?}");
        }
    }

    #[test]
    fn numbers_that_are_equal_may_be_spelled_otherwise() {
        let call = |strike| Contract::option("IBM", "20261218", strike, OptionRight::Call, "USD");
        let (short, long) = (call(Decimal::new(150, 0)), call(Decimal::new(1_500, 1)));
        assert_eq!(short, long);
        assert!(is_spelled_alike(&short, &short.clone()) && !is_spelled_alike(&short, &long));
        let hundred = |multiplier| Contract { multiplier: Some(multiplier), ..short.clone() };
        assert!(!is_spelled_alike(&hundred(Decimal::ONE_HUNDRED), &hundred(Decimal::new(1_000, 1))));
        assert!(!is_spelled_alike(&short, &Contract { exchange: "CBOE".to_owned(), ..short.clone() }));
    }
}
