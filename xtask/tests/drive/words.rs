//! What the words of a command mean, and which are refused.

use serde_json::json;

use super::{Market, acme, limit};

#[test]
fn a_price_that_the_kind_does_not_have_is_refused_alone_and_in_groups() {
    let market_place = Market::open();
    let mut drive = market_place.drive();
    drive.state("ready");
    let prices = ["limit_price", "stop_price", "trail_amount", "trail_percent"];
    for (kind, has) in [
        ("MKT", vec![]),
        ("lmt", vec!["limit_price"]),
        ("STP", vec!["stop_price"]),
        ("STP LMT", vec!["limit_price", "stop_price"]),
        ("TRAIL", vec!["stop_price", "trail_amount", "trail_percent"]),
        ("MIT", vec!["stop_price"]),
        ("LIT", vec!["limit_price", "stop_price"]),
        ("MOC", vec![]),
        ("LOC", vec!["limit_price"]),
        ("MOO", vec![]),
        ("LOO", vec!["limit_price"]),
        ("MTL", vec![]),
        ("MIDPRICE", vec!["limit_price"]),
    ] {
        for price in prices.into_iter().filter(|price| !has.contains(price)) {
            let mut order = json!({"ref": "x", "contract": acme(), "side": "BUY", "quantity": "1", "kind": kind});
            has.iter().chain([&price]).for_each(|name| order[*name] = json!("9"));
            let said = format!("a {} order has no `{price}`", kind.to_uppercase());
            let mut alone = order.clone();
            alone["cmd"] = json!("submit");
            for command in [
                alone,
                json!({"cmd": "bracket", "entry": order, "take_profit": "11", "stop_loss": "9"}),
                json!({"cmd": "oco", "orders": [order, order]}),
            ] {
                let (detail, _) = drive.refused(command.clone());
                assert!(detail.starts_with(&said), "{command}: {detail}");
            }
        }
    }
    assert_eq!(market_place.orders(), 0);
    assert!(drive.ended().success());
    market_place.close();
}

#[test]
fn a_tif_is_taken_in_any_case_and_an_unknown_one_is_refused() {
    let market_place = Market::open();
    let mut drive = market_place.drive();
    drive.state("ready");
    let mut order = limit("one", "BUY", "1", "9");
    for word in ["zzz", "GTD", "OPG", ""] {
        order["tif"] = json!(word);
        let (detail, _) = drive.refused(order.clone());
        assert!(detail.starts_with(&format!("{word:?} is no `tif`; known are DAY, GTC")), "{detail}");
    }
    order["tif"] = json!("gtc");
    drive.done(order);
    drive.order("one", "working");
    let (detail, _) = drive.refused(json!({"cmd": "modify", "ref": "one", "tif": "soon"}));
    assert!(detail.starts_with("\"soon\" is no `tif`"), "{detail}");
    drive.done(json!({"cmd": "modify", "ref": "one", "tif": "Day"}));
    assert!(drive.ended().success());
    market_place.close();
}
