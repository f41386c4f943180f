//! What contract details say of a contract, as the order book wants to know it.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use order::{PriceStep, Session, Terms, Timestamp};
use rust_decimal::Decimal;
use tws_proto::hours::{Session as Hours, TradingHours};
use tws_proto::message::{ContractDetails, MarketRule, MarketRuleId};
use tws_proto::time::TimeText;

/// The exchange that leaves the choice to IB's router.
const SMART: &str = "SMART";

/// The table of price steps that holds at an exchange: rules are told in the order of the exchanges.
pub(crate) fn rule_of(details: &ContractDetails, exchange: &str) -> Option<MarketRuleId> {
    let wanted = if exchange.is_empty() { SMART } else { exchange };
    let exchanges = details.valid_exchanges.split(',').map(str::trim);
    let rules = details.market_rule_ids.split(',').map(str::trim);
    let (_, rule) = exchanges.zip(rules).find(|(exchange, _)| *exchange == wanted)?;
    rule.parse().ok().map(MarketRuleId)
}

/// The price steps of a table, lowest first. What is no step is left out.
pub(crate) fn steps_of(rule: &MarketRule) -> Vec<PriceStep> {
    let steps = rule.steps.iter().filter_map(|step| {
        let from = step.low_edge.unwrap_or_default();
        step.increment.filter(|step| *step > Decimal::ZERO).map(|step| PriceStep { from, step })
    });
    let mut steps: Vec<PriceStep> = steps.collect();
    steps.sort_by_key(|step| step.from);
    steps
}

/// The terms of a contract, with the price steps of its market rule where those are known. What is not told, or cannot
/// be read, is not known and not checked.
pub(crate) fn terms_of(details: &ContractDetails, rule: Option<Vec<PriceStep>>) -> Terms {
    // Prices of a contract that is quoted in hundredths are told in another unit than its step.
    let is_magnified = magnifier_of(details) > 1;
    let least = details.min_tick.filter(|step| *step > Decimal::ZERO);
    let only = least.map(|step| PriceStep { from: Decimal::ZERO, step }).into_iter().collect();
    let steps = rule.filter(|steps| !steps.is_empty()).unwrap_or(only);
    let positive = |number: Option<Decimal>| number.filter(|number| *number > Decimal::ZERO);
    let words = details.order_types.split(',').map(str::trim).filter(|word| !word.is_empty());
    Terms {
        price_steps: if is_magnified { Vec::new() } else { steps },
        quantity_min: positive(details.min_size),
        quantity_step: positive(details.size_increment),
        order_types: words.map(str::to_owned).collect(),
        regular: sessions(&details.liquid_hours, &details.time_zone),
        extended: sessions(&details.trading_hours, &details.time_zone),
    }
}

/// By how much prices are told larger than money; none is told as nothing or 0.
pub(crate) fn magnifier_of(details: &ContractDetails) -> u32 {
    details.price_magnifier.and_then(|magnifier| u32::try_from(magnifier).ok()).unwrap_or(1).max(1)
}

/// A time that names its zone, in UTC: the order book has no table of zones. Others stay as they are.
pub(crate) fn to_utc(time: &mut TimeText) {
    let instant = time.read().ok().and_then(|told| told.instant_in(&TimeZone::get(told.zone()?).ok()?).ok());
    if let Some(instant) = instant {
        *time = TimeText::utc(instant);
    }
}

/// Sessions in UTC, earliest first; none where the hours or their zone cannot be read.
fn sessions(hours: &TradingHours, zone: &str) -> Vec<Session> {
    let Ok(zone) = TimeZone::get(zone) else { return Vec::new() };
    let at = |time: DateTime| zone.to_timestamp(time).map(|at| Timestamp(at.as_microsecond()));
    let mut sessions: Vec<Session> = Vec::new();
    for session in hours.sessions().unwrap_or_default() {
        let Hours::Open { opens, closes } = session else { continue };
        // A session belongs to the day on which it ends; one that ends at midnight, to the day before.
        let last = closes.checked_sub(jiff::Span::new().minutes(1)).unwrap_or(closes).date();
        let day = i32::from(last.year()) * 10_000 + i32::from(last.month()) * 100 + i32::from(last.day());
        let (Ok(opens), Ok(closes)) = (at(opens), at(closes)) else { return Vec::new() };
        sessions.push(Session { opens, closes, day });
    }
    sessions.sort_by_key(|session| session.opens);
    sessions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_with_a_zone_is_told_in_utc() {
        for (told, expected) in [
            ("20270115 04:00:00 US/Eastern", "20270115-09:00:00"),
            ("20270115-09:00:00", "20270115-09:00:00"),
            ("20270115 04:00:00", "20270115 04:00:00"),
            ("20270115 04:00:00 Moon/Base", "20270115 04:00:00 Moon/Base"),
            ("", ""),
        ] {
            let mut time = TimeText::from(told);
            to_utc(&mut time);
            assert_eq!(time, TimeText::from(expected));
        }
    }

    #[test]
    fn details_become_terms() {
        let details = ContractDetails {
            min_tick: "0.01".parse().ok(),
            min_size: Some(Decimal::ONE),
            size_increment: Some(Decimal::ZERO),
            order_types: "LMT, MKT,,GTC".to_owned(),
            time_zone: "US/Eastern".to_owned(),
            liquid_hours: "20261126:CLOSED;20261127:0930-20261127:1300;20261130:0930-20261130:1600".into(),
            trading_hours: "20261126:1800-20261127:0000;20261127:0900-1200,1300-1700".into(),
            ..ContractDetails::default()
        };
        let terms = terms_of(&details, None);
        let step = PriceStep { from: Decimal::ZERO, step: "0.01".parse().unwrap_or_default() };
        assert_eq!(terms.price_steps, [step]);
        assert_eq!((terms.quantity_min, terms.quantity_step), (Some(Decimal::ONE), None));
        assert_eq!(terms.order_types.len(), 3);
        let friday: jiff::Timestamp = "2026-11-27T14:30:00Z".parse().unwrap_or_default();
        assert_eq!(terms.regular.len(), 2);
        assert_eq!((terms.regular[0].opens, terms.regular[0].day), (Timestamp(friday.as_microsecond()), 20_261_127));
        let days: Vec<i32> = terms.extended.iter().map(|session| session.day).collect();
        assert_eq!(days, [20_261_126, 20_261_127, 20_261_127]);
        let unknown = ContractDetails { time_zone: "Nowhere".to_owned(), price_magnifier: Some(100), ..details };
        let terms = terms_of(&unknown, Some(vec![step]));
        assert!(terms.regular.is_empty() && terms.extended.is_empty() && terms.price_steps.is_empty());
    }

    #[test]
    fn the_rule_of_an_exchange_stands_at_its_place() {
        let details = ContractDetails {
            valid_exchanges: "SMART,AMEX, NYSE".to_owned(),
            market_rule_ids: "26,32, 557".to_owned(),
            ..ContractDetails::default()
        };
        for (exchange, expected) in
            [("SMART", Some(26)), ("", Some(26)), ("AMEX", Some(32)), ("NYSE", Some(557)), ("X", None)]
        {
            assert_eq!(rule_of(&details, exchange).map(|rule| rule.0), expected, "{exchange}");
        }
        assert_eq!(rule_of(&ContractDetails { market_rule_ids: String::new(), ..details }, "SMART"), None);
        let number = |text: &str| text.parse::<Decimal>().ok();
        let step = |low_edge, increment| tws_proto::message::PriceStep { low_edge, increment };
        let rule = MarketRule {
            steps: vec![step(number("3"), number("0.05")), step(None, number("0.01")), step(number("9"), None)],
            ..MarketRule::default()
        };
        let steps = steps_of(&rule);
        let told: Vec<_> = steps.iter().map(|step| (step.from.to_string(), step.step.to_string())).collect();
        assert_eq!(told, [("0".to_owned(), "0.01".to_owned()), ("3".to_owned(), "0.05".to_owned())]);
        assert_eq!(terms_of(&ContractDetails::default(), Some(steps.clone())).price_steps, steps);
    }
}
