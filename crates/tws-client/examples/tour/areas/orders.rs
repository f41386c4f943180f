//! Orders: sent, followed on the order lane, looked at.

use tws_client::{LaneEvent, OrderEvents};
use tws_proto::ids::OrderId;
use tws_proto::kinds::{Action, Status};
use tws_proto::message::{CancelOrder, ExecutionFilter, PlaceOrder};
use tws_proto::{Contract, Order, ServerMessage};

use super::{Desk, Outcome};

pub(super) async fn show(Desk { client, .. }: &Desk) -> Outcome {
    // Whoever trades reads the lane: it tells every word about orders, and every change of the session.
    let mut lane = client.take_order_events().ok_or("somebody reads the lane already")?;
    let ibm = client.contract_details(&Contract::stock("IBM", "USD")).await?.remove(0).contract;
    let first = client.next_order_id().await?;
    let place =
        |order_id, order| Box::new(PlaceOrder { order_id, contract: ibm.clone(), order, attached: None }).into();

    client.send_order_messages(vec![place(first, Order::market(Action::Buy, 10.into()))])?;
    until(&mut lane, first, Status::Filled).await?;
    for execution in client.executions(ExecutionFilter::default()).await?.executions {
        println!("{:?} at {:?}", execution.execution.quantity, execution.execution.price);
    }

    let resting = OrderId(first.0 + 1);
    client.send_order_messages(vec![place(resting, Order::limit(Action::Sell, 10.into(), 250.into()))])?;
    until(&mut lane, resting, Status::Submitted).await?;
    println!("{} order is open", client.open_orders().await?.orders.len());
    client.send_order_messages(vec![CancelOrder::new(resting).into()])?;
    until(&mut lane, resting, Status::Cancelled).await?;
    println!("{} orders are completed", client.completed_orders().await?.len());
    Ok(())
}

async fn until(lane: &mut OrderEvents, id: OrderId, wanted: Status) -> Outcome {
    while let Some(event) = lane.recv().await {
        match event {
            LaneEvent::Message(ServerMessage::OrderStatus(body)) if body.order_id == id => {
                println!("order {id}: {:?}", body.status);
                if body.status == wanted {
                    return Ok(());
                }
            }
            LaneEvent::Notice(notice) => println!("{} {}", notice.code, notice.text),
            _ => {}
        }
    }
    Err("the session has ended".into())
}
