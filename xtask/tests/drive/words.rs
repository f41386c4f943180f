//! What the words of a command mean, and which are refused.

use serde_json::json;

use super::{Market, acme, limit, market};

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

/// Whoever wrote a line waits for the answer with its id, whatever else is wrong with the line.
#[test]
fn an_answer_has_its_id_where_the_line_cannot_be_read_otherwise() {
    let market_place = Market::open();
    let mut drive = market_place.drive();
    drive.state("ready");
    let long = format!(r#""reason": "{}""#, "x".repeat(600_000));
    let deep = format!(r#""a": {}{}"#, "[".repeat(1000), "]".repeat(1000));
    for (rest, word) in [
        (br#""cmd": "modify", "ref": "a", "quantity": NaN"#.to_vec(), "not JSON"),
        (br#""cmd": "modify", "ref": "a", "quantity": 1,"#.to_vec(), "not JSON"),
        (br#""cmd": "state", "cmd": "kill""#.to_vec(), "twice"),
        (b"\"cmd\": \"cancel\", \"ref\": \"\xff\"".to_vec(), "not JSON"),
        (deep.into_bytes(), "not JSON"),
        (long.into_bytes(), "a line has at most"),
    ] {
        for (before, behind) in [(r#"{"id": "here", "#, "}"), ("{", r#", "id": "here"}"#)] {
            drive.write(&[before.as_bytes(), &rest, behind.as_bytes()].concat());
            let answer = drive.hear("an answer", |value| value["event"] == "answer");
            assert_eq!((&answer["id"], &answer["ok"]), (&json!("here"), &json!(false)), "{answer}");
            assert!(answer["error"].as_str().unwrap().contains(word), "{answer}");
        }
    }
    // Too long for a number of JSON libraries, and told back digit by digit.
    drive.write(br#"{"id": 340282366920938463463374607431768211455, "cmd": "nonsense"}"#);
    let answer = drive.hear("an answer", |value| value["event"] == "answer");
    assert_eq!(
        answer["id"],
        serde_json::from_str::<serde_json::Value>("340282366920938463463374607431768211455").unwrap()
    );
    assert!(drive.ended().success());
    market_place.close();
}

/// TWS goes by the number alone: an order for what the words name would trade something else.
#[test]
fn a_contract_whose_number_and_words_contradict_each_other_is_refused() {
    let market_place = Market::open();
    let mut drive = market_place.drive();
    drive.state("ready");
    let mut order = limit("one", "BUY", "1", "9");
    for (contract, word) in [
        (json!({"con_id": 900_001, "symbol": "IBM"}), "symbol"),
        (json!({"con_id": 900_001, "symbol": "ACME", "currency": "EUR"}), "currency"),
        (json!({"con_id": 900_001, "sec_type": "OPT"}), "secType"),
        (json!({"con_id": 900_001, "strike": "5"}), "strike"),
    ] {
        order["contract"] = contract.clone();
        let (detail, _) = drive.refused(order.clone());
        assert!(detail.contains("contradicts itself") && detail.contains(word), "{contract}: {detail}");
    }
    assert_eq!(market_place.orders(), 0);
    order["contract"] = json!({"con_id": 900_001, "symbol": "ACME", "sec_type": "STK", "currency": "USD"});
    drive.done(order);
    drive.order("one", "working");
    assert!(drive.ended().success());
    market_place.close();
}

#[test]
fn what_does_not_fit_names_its_field_and_an_exit_has_nothing_but_its_price() {
    let market_place = Market::open();
    let mut drive = market_place.drive();
    drive.state("ready");
    let order = limit("x", "BUY", "1", "9");
    for (field, value) in [
        ("orders", json!({})),
        ("orders", json!([1, 2])),
        ("entry", json!("BUY 1 ACME")),
        ("contract", json!("ACME")),
        ("quantity", json!(1e30)),
    ] {
        let mut command = order.clone();
        command[field] = value;
        let (detail, _) = drive.refused(command.clone());
        assert!(detail.contains(&format!("`{field}`")), "{command}: {detail}");
    }
    let mut entry = order;
    entry.as_object_mut().unwrap().remove("cmd");
    for stop_loss in [json!({"stop_price": "8", "quantity": "50"}), json!({"stop_price": "8", "trail_amount": "1"})] {
        let bracket = json!({"cmd": "bracket", "entry": entry, "take_profit": "11", "stop_loss": stop_loss});
        let (detail, _) = drive.refused(bracket.clone());
        assert!(detail.contains("an exit is a price"), "{bracket}: {detail}");
    }
    assert_eq!(market_place.orders(), 0);
    assert!(drive.ended().success());
    market_place.close();
}

#[test]
fn a_preview_tells_what_an_order_would_do_and_uses_no_ref_up() {
    let market_place = Market::open();
    let mut drive = market_place.drive();
    drive.state("ready");
    let mut order = limit("one", "BUY", "100", "9");
    order["cmd"] = json!("preview");
    let told = drive.done(order.clone());
    let number = |value: &serde_json::Value| value.as_str().map(|text| text.parse::<rust_decimal::Decimal>().unwrap());
    let margin = &told["initial_margin"];
    let (before, change) = (number(&margin["before"]).unwrap(), number(&margin["change"]).unwrap());
    assert!(change > rust_decimal::Decimal::ZERO, "{told}");
    assert_eq!(Some(before + change), number(&margin["after"]), "{told}");
    assert!(number(&told["commission"]).is_some(), "{told}");
    order["limit_price"] = json!("9.001");
    let (detail, _) = drive.refused(order.clone());
    assert!(detail.starts_with("TWS would not take the order: 110 "), "{detail}");
    assert_eq!(market_place.orders(), 0);
    drive.done(limit("one", "BUY", "100", "9"));
    drive.order("one", "working");
    assert!(drive.ended().success());
    market_place.close();
}

/// Not everything trades at SMART; TWS knows where by the number alone.
#[test]
fn a_number_is_enough_to_name_a_contract() {
    let market_place = Market::open();
    let mut drive = market_place.drive();
    drive.state("ready");
    let euro = json!({"symbol": "EUR", "sec_type": "CASH", "exchange": "IDEALPRO"});
    let number = drive.done(json!({"cmd": "subscribe", "contract": euro}))["con_id"].clone();
    for contract in [json!({"con_id": number}), json!({"con_id": number, "symbol": "EUR", "sec_type": "CASH"})] {
        assert_eq!(drive.done(json!({"cmd": "subscribe", "contract": contract}))["con_id"], number);
    }
    let mut order = limit("one", "BUY", "1", "9");
    order["contract"] = json!({"con_id": 900_001});
    drive.done(order);
    drive.order("one", "working");
    assert!(drive.ended().success());
    market_place.close();
}

/// What `orders` shows of an order can be changed, whatever its kind.
#[test]
fn every_price_of_every_kind_can_be_changed() {
    let market_place = Market::open();
    let mut drive = market_place.drive();
    drive.state("ready");
    let kinds = [
        (json!({"kind": "LMT", "limit_price": "9"}), json!({"limit_price": "9.5"})),
        (json!({"kind": "STP", "stop_price": "10.3"}), json!({"stop_price": "10.2"})),
        (
            json!({"kind": "STP LMT", "stop_price": "10.3", "limit_price": "10.4"}),
            json!({"stop_price": "10.2", "limit_price": "10.3"}),
        ),
        (json!({"kind": "MIT", "stop_price": "9.7"}), json!({"stop_price": "9.8"})),
        (
            json!({"kind": "LIT", "stop_price": "9.7", "limit_price": "9.8"}),
            json!({"stop_price": "9.8", "limit_price": "9.9"}),
        ),
        (json!({"kind": "LOC", "limit_price": "9"}), json!({"limit_price": "9.5"})),
        (json!({"kind": "LOO", "limit_price": "9"}), json!({"limit_price": "9.5"})),
        (json!({"kind": "MIDPRICE", "limit_price": "9"}), json!({"limit_price": "9.5"})),
        (json!({"kind": "TRAIL", "trail_amount": "0.3"}), json!({"trail_amount": "0.4"})),
        (json!({"kind": "TRAIL", "trail_percent": "3"}), json!({"trail_percent": "4"})),
        (json!({"kind": "TRAIL", "trail_percent": "3", "stop_price": "10.3"}), json!({"stop_price": "10.2"})),
    ];
    for (number, (kind, change)) in kinds.into_iter().enumerate() {
        let name = format!("order-{number}");
        let mut order = market(&name, "BUY", "1");
        order.as_object_mut().unwrap().append(kind.clone().as_object_mut().unwrap());
        order["strategy"] = json!(name); // each has a rate of its own (C3)
        drive.done(order);
        drive.hear("an acknowledgement", |value| {
            value["event"] == "order" && value["ref"] == *name && value["state"] != "sent"
        });
        let mut modify = json!({"cmd": "modify", "ref": name, "quantity": "2"});
        modify.as_object_mut().unwrap().append(change.clone().as_object_mut().unwrap());
        drive.done(modify);
        drive
            .hear("the change", |value| value["event"] == "order" && value["ref"] == *name && value["quantity"] == "2");
        let orders = drive.done(json!({"cmd": "orders"}));
        let row = orders.as_array().unwrap().iter().find(|row| row["ref"] == *name).unwrap();
        for (field, price) in change.as_object().unwrap() {
            assert_eq!(&row[field], price, "{kind}: {row}");
        }
        drive.done(json!({"cmd": "cancel", "ref": name}));
        drive.order(&name, "cancelled");
    }
    let mut trail = market("trail", "BUY", "3");
    trail.as_object_mut().unwrap().append(json!({"kind": "TRAIL", "trail_amount": "0.3"}).as_object_mut().unwrap());
    drive.done(trail);
    let (detail, _) = drive.refused(json!({"cmd": "modify", "ref": "trail", "trail_percent": "3"}));
    assert_eq!(detail, "the order has no `trail_percent` to be changed");
    assert!(drive.ended().success());
    market_place.close();
}

#[test]
fn an_order_that_does_not_work_has_a_reason_where_tws_gives_none() {
    let market_place = Market::open();
    market_place.sim.inject(tws_sim::Switch::Inactive).unwrap();
    let mut drive = market_place.drive();
    drive.state("ready");
    drive.done(limit("one", "BUY", "1", "9.50"));
    let told = drive.order("one", "suspended");
    assert!(told["reason"].as_str().unwrap().starts_with("TWS calls it inactive"), "{told}");
    assert_eq!(drive.done(json!({"cmd": "orders"}))[0]["reason"], told["reason"]);
    assert!(drive.ended().success());
    market_place.close();
}
