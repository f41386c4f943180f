//! Every field of an order, a contract and an order state is, alone and at every version, either carried there and back
//! or refused by name. So no shape of the text form can forget one.

use bytes::BytesMut;
use serde_json::{Value, json};
use tws_proto::contract::Contract;
use tws_proto::message::{ClientMessage, CompletedOrder, Message, OpenOrder, PlaceOrder, ServerMessage};
use tws_proto::order::Order;
use tws_proto::order_state::OrderState;
use tws_proto::{Fault, Missing, ServerVersion};

/// Versions at which a layout or a form changes.
const VERSIONS: [i32; 20] =
    [176, 177, 181, 182, 183, 184, 185, 187, 189, 190, 192, 193, 194, 195, 198, 199, 201, 203, 216, 226];

fn order() -> Order {
    Order::limit(tws_proto::kinds::Action::Buy, "100".parse().unwrap(), "181.25".parse().unwrap())
}

fn contract() -> Contract {
    Contract::stock("IBM", "USD")
}

#[test]
fn placed_orders() {
    let order = order();
    let contract = contract();
    let message = PlaceOrder { order_id: tws_proto::ids::OrderId(7), contract, order, attached: None };
    check::<ClientMessage>(&ClientMessage::PlaceOrder(Box::new(message)), "PlaceOrder", &["contract", "order"]);
}

#[test]
fn open_orders() {
    let state = OrderState { status: Some(tws_proto::kinds::Status::Submitted), ..OrderState::default() };
    let message = OpenOrder { order_id: tws_proto::ids::OrderId(7), contract: contract(), order: order(), state };
    check::<ServerMessage>(&ServerMessage::OpenOrder(Box::new(message)), "OpenOrder", &["contract", "order", "state"]);
}

#[test]
fn completed_orders() {
    let state = OrderState { status: Some(tws_proto::kinds::Status::Filled), ..OrderState::default() };
    let message = CompletedOrder { contract: contract(), order: order(), state };
    check::<ServerMessage>(
        &ServerMessage::CompletedOrder(Box::new(message)),
        "CompletedOrder",
        &["contract", "order", "state"],
    );
}

/// Sets each field of each part alone, at each version, and looks what becomes of it.
#[track_caller]
fn check<M>(message: &M, variant: &str, parts: &[&str])
where
    M: Message + Clone + PartialEq + std::fmt::Debug + serde::Serialize + serde::de::DeserializeOwned,
{
    let (mut carried, mut refused, mut changed_on_the_way) = (0, 0, Vec::new());
    for version in VERSIONS.map(ServerVersion) {
        // What this version carries of the message to begin with.
        let base = round_trip(message.clone(), version, Missing::LeaveOut).unwrap();
        let base = serde_json::to_value(base).unwrap();
        for part in parts {
            let fields: Vec<String> = base[variant][part].as_object().unwrap().keys().cloned().collect();
            for field in fields {
                let changed = set(&base, &[variant, part, &field])
                    .into_iter()
                    .find_map(|value| serde_json::from_value::<M>(value).ok())
                    .unwrap_or_else(|| panic!("no value fits {part}.{field}"));
                match round_trip(changed.clone(), version, Missing::Refuse) {
                    Ok(back) => {
                        carried += 1;
                        // Remarks for people may be left behind; nothing else may.
                        let is_remark =
                            ["description", "combo_legs_description", "last_trade_date"].contains(&field.as_str());
                        if back != changed && !is_remark {
                            changed_on_the_way.push(format!("{part}.{field} at {version}"));
                        }
                    }
                    Err((named, fault)) => {
                        refused += 1;
                        assert!(
                            matches!(fault, Fault::NotCarried | Fault::NeedsVersion(_) | Fault::GoneSince(_)),
                            "{part}.{field} at {version}: {fault}"
                        );
                        // The parts of a tier are named by themselves.
                        let parts_of_tier = ["name", "value", "display_name"];
                        assert!(
                            named == field || field == "soft_dollar_tier" && parts_of_tier.contains(&named),
                            "{named} for {field}"
                        );
                    }
                }
            }
        }
    }
    assert_eq!(changed_on_the_way, Vec::<String>::new());
    assert!(carried > 1000 && refused > 100, "{carried} carried, {refused} refused");
}

fn round_trip<M: Message>(message: M, version: ServerVersion, missing: Missing) -> Result<M, (&'static str, Fault)> {
    let mut frame = BytesMut::new();
    message.write(version, missing, &mut frame).map_err(|refused| (refused.field, refused.fault))?;
    let decoded =
        M::read(&frame[4..], version).unwrap_or_else(|bad| panic!("at {version}: {bad}: {}", frame.escape_ascii()));
    assert_eq!(decoded.trailing_fields, 0);
    Ok(decoded.message)
}

/// The message with one field replaced, by values of every kind that a field can have.
fn set(base: &Value, path: &[&str; 3]) -> Vec<Value> {
    let with = |value: Value| {
        let mut changed = base.clone();
        changed[path[0]][path[1]][path[2]] = value;
        changed
    };
    let current = &base[path[0]][path[1]][path[2]];
    match current {
        Value::Bool(value) => vec![with(json!(!value))],
        Value::Number(_) => vec![with(json!(2))],
        Value::String(text) if text.parse::<f64>().is_ok() => vec![with(json!("12.5"))],
        Value::String(_) => vec![with(json!("X1"))],
        Value::Array(_) => vec![
            with(json!([{"tag": "a", "value": "b"}])),
            with(json!([{"kind": "margin", "conjunction": "and", "bound": "above", "percent": 3}])),
            with(json!([{"contract_id": 9, "ratio": 2, "action": "BUY", "exchange": "SMART"}])),
            with(json!([{"account": "DU1", "position": "1.5", "position_desired": null, "position_after": null,
                "desired_quantity": null, "allowed_quantity": null, "is_monetary": true}])),
        ],
        _ => vec![
            with(json!(2)),
            with(json!(true)),
            with(json!({"by": "0.5"})),
            with(json!({"contract_id": 5, "delta": "0.5", "price": "2"})),
            with(json!({"name": "a", "value": "b", "display_name": ""})),
            with(json!("12.5")),
        ],
    }
}
