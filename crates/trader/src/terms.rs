//! What contract details say of a contract, as the order book wants to know it.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use order::{PriceStep, Session, Terms, Timestamp};
use rust_decimal::Decimal;
use tws_proto::hours::{Session as Hours, TradingHours};
use tws_proto::message::ContractDetails;

/// The terms of a contract. What is not told, or cannot be read, is not known and not checked.
pub(crate) fn terms_of(details: &ContractDetails) -> Terms {
    // Prices of a contract that is quoted in hundredths are told in another unit than its step.
    let is_magnified = details.price_magnifier.is_some_and(|magnifier| magnifier > 1);
    let step = details.min_tick.filter(|step| *step > Decimal::ZERO && !is_magnified);
    let positive = |number: Option<Decimal>| number.filter(|number| *number > Decimal::ZERO);
    let words = details.order_types.split(',').map(str::trim).filter(|word| !word.is_empty());
    Terms {
        price_steps: step.map(|step| PriceStep { from: Decimal::ZERO, step }).into_iter().collect(),
        quantity_min: positive(details.min_size),
        quantity_step: positive(details.size_increment),
        order_types: words.map(str::to_owned).collect(),
        regular: sessions(&details.liquid_hours, &details.time_zone),
        extended: sessions(&details.trading_hours, &details.time_zone),
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
        let terms = terms_of(&details);
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
        let terms = terms_of(&unknown);
        assert!(terms.regular.is_empty() && terms.extended.is_empty() && terms.price_steps.is_empty());
    }
}
