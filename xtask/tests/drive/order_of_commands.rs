//! What comes before and after what: a kill and what is said behind it, the end and what is said after it.

use std::process::Command;

use serde_json::{Value, json};

use super::{Market, limit};

fn lines(commands: &[Value]) -> String {
    let lines: Vec<String> = commands.iter().map(Value::to_string).collect();
    lines.join("\n")
}

/// A kill overtakes what waits, and nothing that was said behind it overtakes the kill.
#[test]
fn c11_what_is_said_behind_a_kill_comes_after_it() {
    let market_place = Market::open();
    let mut drive = market_place.drive();
    drive.state("ready");
    drive.done(json!({"cmd": "subscribe", "contract": super::acme()}));
    for round in 0..100 {
        let mut order = limit(&format!("o{round}"), "BUY", "1", "9");
        order["id"] = json!("submit");
        let kill = json!({"cmd": "kill", "by": "me", "id": "kill"});
        let arm = json!({"cmd": "arm", "by": "me", "id": "arm"});
        drive.write(lines(&[kill, order, arm]).as_bytes());
        for (id, ok) in [("kill", true), ("submit", false), ("arm", true)] {
            let answer = drive.hear(id, |value| value["event"] == "answer" && value["id"] == id);
            assert_eq!(answer["ok"], ok, "{round}: {answer}");
        }
        assert_eq!(drive.done(json!({"cmd": "state"}))["name"], "ready", "{round}");
    }
    assert_eq!(market_place.orders(), 0);
    drop(drive);
    market_place.close();
}

/// An order whose contract TWS does not tell keeps no other order in the market.
#[test]
fn a_cancel_does_not_wait_for_another_order_and_follows_what_is_about_its_own() {
    let market_place = Market::open();
    let mut drive = market_place.drive();
    drive.state("ready");
    for (name, price) in [("one", "9"), ("two", "8.50")] {
        drive.done(limit(name, "BUY", "1", price));
        drive.order(name, "working");
    }
    market_place.sim.inject(tws_sim::Switch::EndMarkerLost).unwrap();
    let mut slow = limit("slow", "BUY", "1", "100");
    (slow["contract"], slow["id"]) = (json!({"symbol": "IBM"}), json!("slow"));
    let cancel = |name: &str, id: &str| json!({"cmd": "cancel", "ref": name, "id": id});
    let modify = json!({"cmd": "modify", "ref": "two", "limit_price": "8.60", "id": "modify two"});
    let commands =
        [slow, cancel("one", "one"), modify, cancel("two", "two"), cancel("slow", "cancel slow"), cancel("no", "no")];
    drive.write(lines(&commands).as_bytes());
    let mut answered = Vec::new();
    for _ in 0..commands.len() {
        let answer = drive.hear("an answer", |value| value["event"] == "answer");
        answered.push(format!("{} {}", answer["id"].as_str().unwrap(), answer["ok"]));
        if answered.len() == 1 {
            drive.order("one", "cancelled");
        }
    }
    let expected = ["one true", "slow false", "modify two true", "two true", "cancel slow false", "no false"];
    assert_eq!(answered, expected);
    drive.order("two", "cancelled");
    drop(drive);
    market_place.close();
}

#[test]
fn what_is_asked_behind_quit_or_while_it_ends_is_answered_too() {
    let market_place = Market::open();
    for (round, signal) in [None, Some("-TERM"), Some("-INT")].into_iter().enumerate() {
        let mut drive = market_place.drive();
        drive.state("ready");
        let mut order = limit(&format!("after{round}"), "BUY", "1", "9");
        order["id"] = json!("order");
        let after: Vec<Value> = (0..1000).map(|id| json!({"cmd": "state", "id": id})).chain([order]).collect();
        let mut all = vec![json!({"cmd": "subscribe", "contract": super::acme(), "id": "first"})];
        if signal.is_none() {
            all.extend([json!({"cmd": "quit", "id": "bye"}), json!({"cmd": "quit", "id": "again"})]);
        }
        all.extend(after);
        drive.write(lines(&all).as_bytes());
        if let Some(signal) = signal {
            assert!(Command::new("kill").arg(signal).arg(drive.process.id().to_string()).status().unwrap().success());
        }
        for id in (0..1000).map(|id| json!(id)).chain([json!("first"), json!("order")]) {
            let answer = drive.hear("an answer", |value| value["event"] == "answer" && value["id"] == id);
            if signal.is_none() && id != "first" {
                assert_eq!((&answer["ok"], &answer["rule"]), (&json!(false), &json!("stopped")), "{answer}");
            }
        }
        if signal.is_none() {
            drive.hear("an answer", |value| value["id"] == "again" && value["rule"] == "stopped");
            drive.hear("the last word", |value| value["id"] == "bye" && value["ok"] == true);
            assert_eq!(market_place.orders(), 0);
        }
        drive.state("stopped");
        assert!(drive.ended().success());
    }
    market_place.close();
}

/// The end may overtake the order, or come behind it: then it is told with its name.
#[test]
fn an_order_that_is_placed_while_it_ends_is_told_by_its_ref() {
    let market_place = Market::open();
    for round in 0..10 {
        let mut drive = market_place.drive();
        drive.state("ready");
        drive.done(json!({"cmd": "subscribe", "contract": super::acme()}));
        let mut order = limit(&format!("order-{round}"), "BUY", "1", "9.5");
        order["id"] = json!("order");
        drive.write(lines(&[order, json!({"id": "end", "cmd": "quit"})]).as_bytes());
        drive.hear("its answer", |value| value["event"] == "answer" && value["id"] == "order");
        drive.hear("the end", |value| value["event"] == "answer" && value["id"] == "end");
        for event in drive.heard.iter().filter(|event| event["event"] == "order") {
            assert!(event["ref"].is_string(), "{event}");
        }
        assert!(drive.ended().success());
    }
    market_place.close();
}
