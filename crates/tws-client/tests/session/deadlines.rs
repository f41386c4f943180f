//! R8 and S5: every request ends, with its whole answer, in time, or with its connection.

use std::collections::BTreeSet;

use tws_client::relation::{RELATIONS, Shape};
use tws_client::session::Event;
use tws_client::{Epoch, RequestError};
use tws_proto::ids::RequestId;
use tws_proto::kinds::Action;
use tws_proto::message::*;
use tws_proto::{Order, ServerMessage};
use tws_sim::{Fault, Switch};

use crate::desk::{Desk, SECOND, market, resting};
use crate::pair::Pair;

type Ask = fn(RequestId) -> ClientMessage;

macro_rules! keyed {
    ($($body:ident $(in $box:ident)?),* $(,)?) => {
        [$(|request_id| {
            let mut body = $body::default();
            body.request_id = request_id;
            $( let body = $box::new(body); )?
            body.into()
        }),*]
    };
}

macro_rules! plain {
    ($($body:expr),* $(,)?) => { [$(|_| $body.into()),*] };
}

/// Every request that has an answer and can be said at the newest version.
fn asks() -> Vec<Ask> {
    let keyed: [Ask; 24] = keyed![
        RequestContractData in Box,
        RequestAccountSummary,
        RequestExecutions in Box,
        RequestHistoricalData in Box,
        RequestHeadTimestamp in Box,
        RequestHistogramData in Box,
        RequestHistoricalTicks in Box,
        RequestMatchingSymbols,
        RequestOptionParameters in Box,
        RequestSmartComponents,
        RequestModelPositions,
        RequestModelValues,
        RequestSoftDollarTiers,
        RequestUserInfo,
        RequestNewsArticle,
        RequestHistoricalNews in Box,
        RequestHorizonMetaData,
        RequestHorizonEventData in Box,
        ReplaceAdvisorData,
        QueryDisplayGroups,
        RequestConfig,
        UpdateConfig in Box,
        CalculateImpliedVolatility in Box,
        CalculateOptionPrice in Box,
    ];
    let plain: [Ask; 14] = plain![
        RequestPositions {},
        RequestOpenOrders {},
        RequestAllOpenOrders {},
        RequestCompletedOrders { api_only: false },
        RequestIds { count: Some(1) },
        RequestManagedAccounts {},
        RequestCurrentTime {},
        RequestCurrentTimeMillis {},
        RequestDepthExchanges {},
        RequestMarketRule::default(),
        RequestFamilyCodes {},
        RequestNewsProviders {},
        RequestScannerParameters {},
        RequestAdvisorData::default(),
    ];
    let snapshot: [Ask; 1] = [crate::pair::snapshot];
    keyed.into_iter().chain(plain).chain(snapshot).collect()
}

/// Part of an answer, where an answer has parts.
fn part(asked: &ClientMessage, request_id: RequestId) -> Option<ServerMessage> {
    use ClientMessage as C;
    let execution = || Execution {
        side: tws_proto::kinds::ExecutionSide::Bought,
        execution_id: "1.01".into(),
        ..Execution::default()
    };
    match asked {
        C::RequestContractData(_) => Some(Box::new(ContractData { request_id, ..Default::default() }).into()),
        C::RequestAccountSummary(_) => Some(Box::new(AccountSummary { request_id, ..Default::default() }).into()),
        C::RequestExecutions(_) => {
            let body = ExecutionData { request_id: Some(request_id), execution: execution(), ..Default::default() };
            Some(Box::new(body).into())
        }
        C::RequestModelPositions(_) => Some(Box::new(ModelPosition { request_id, ..Default::default() }).into()),
        C::RequestModelValues(_) => Some(Box::new(ModelValue { request_id, ..Default::default() }).into()),
        C::RequestOptionParameters(_) => Some(Box::new(OptionParameters { request_id, ..Default::default() }).into()),
        C::RequestHistoricalNews(_) => Some(Box::new(HistoricalNews { request_id, ..Default::default() }).into()),
        C::RequestMarketData(_) => Some(TickSize { request_id, ..Default::default() }.into()),
        C::RequestPositions(_) => Some(Box::new(Position::default()).into()),
        C::RequestOpenOrders(_) | C::RequestAllOpenOrders(_) => {
            let order = Order::limit(Action::Buy, 1.into(), 1.into());
            Some(Box::new(OpenOrder { order, ..Default::default() }).into())
        }
        C::RequestCompletedOrders(_) => {
            let order = Order::limit(Action::Buy, 1.into(), 1.into());
            Some(Box::new(CompletedOrder { order, ..Default::default() }).into())
        }
        _ => None,
    }
}

#[test]
fn r08_the_list_of_requests_is_whole() {
    let asked: BTreeSet<_> = asks().iter().map(|ask| ask(RequestId(0)).facts().name).collect();
    // Proofs of a program travel as text alone; streams without an end have no whole answer.
    let answered = RELATIONS.iter().filter(|row| matches!(row.shape, Shape::One | Shape::List));
    let missing: Vec<_> = answered.map(|row| row.request).filter(|name| !asked.contains(name)).collect();
    assert_eq!(missing, ["VERIFY_REQUEST", "VERIFY_MESSAGE", "VERIFY_AND_AUTH_REQUEST", "VERIFY_AND_AUTH_MESSAGE"]);
}

#[test]
fn r08_every_kind_of_request_times_out() {
    for ask in asks() {
        let mut pair = Pair::ready();
        let name = ask(RequestId(0)).facts().name;
        // The server answers probes, which are its clock.
        pair.lives = name != "REQ_CURRENT_TIME";
        let key = pair.session.request(ask, pair.now).unwrap();
        let asked = pair.now;
        let answered = |pair: &Pair| {
            pair.events.iter().find_map(|event| match event {
                Event::Answer { key: ended, result } if *ended == key => Some(result.clone()),
                _ => None,
            })
        };
        while answered(&pair).is_none() {
            pair.run_for(SECOND / 4);
            assert!(pair.now - asked <= 61 * SECOND, "{name} hangs");
        }
        let result = answered(&pair).unwrap();
        let fits = matches!(result, Err(RequestError::TimedOut { .. }));
        assert!(fits || name == "REQ_CURRENT_TIME", "{name}: {result:?}");
        pair.run_for(40 * SECOND);
        assert_eq!(pair.session.counts().requests, 0, "{name} holds its turn no longer");
    }
}

#[test]
fn r08_half_an_answer_ends_with_its_connection() {
    let mut parts = 0;
    for ask in asks() {
        let mut pair = Pair::ready();
        let name = ask(RequestId(0)).facts().name;
        pair.lives = false;
        let key = pair.session.request(ask, pair.now).unwrap();
        // One that waits behind it ends too.
        let second = pair.session.request(ask, pair.now).unwrap();
        pair.settle();
        let request_id = RequestId(tws_client::session::REQUEST_ID_FIRST);
        if let Some(part) = part(&ask(RequestId(0)), request_id) {
            parts += 1;
            pair.say(part);
        }
        pair.events.retain(|event| !matches!(event, Event::Answer { .. }));
        pair.session.handle_closed(None, pair.now);
        pair.settle();
        let ended: Vec<_> = pair
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Answer { key, result } => Some((*key, result.clone())),
                _ => None,
            })
            .collect();
        let reset = Err(RequestError::ConnectionReset);
        assert_eq!(ended, [(key, reset.clone()), (second, reset)], "{name}");
        assert_eq!(pair.session.counts().requests, 0);
    }
    assert_eq!(parts, 12);
}

/// The four parts of a snapshot, each with its connection cut before, during and after it.
#[tokio::test(start_paused = true)]
async fn s05_drop_before_during_and_after_each_part_of_a_snapshot() {
    let mut resets = [0; 4];
    for (part, resets) in resets.iter_mut().enumerate() {
        for frames in 0..8 {
            let desk = Desk::ready().await;
            desk.sim.quote("IBM", 99, 100).unwrap();
            let first = desk.client.state().borrow().next_order_id.unwrap().0;
            for id in first..first + 3 {
                desk.client.send_order_messages(vec![resting(id), market(id + 10, 1)]).unwrap();
            }
            tokio::time::sleep(2 * SECOND).await;
            desk.sim.inject(Fault::new(Switch::DropAfterFrames).number(frames)).unwrap();
            let outcome = ask(&desk, part).await;
            match outcome {
                Ok(count) => {
                    assert!(count >= 1 && count == ask_again(&desk, part).await, "part {part}, {frames}: {count}")
                }
                Err(RequestError::ConnectionReset | RequestError::NotReady { .. }) => *resets += 1,
                Err(other) => panic!("part {part}, {frames}: {other}"),
            }
            desk.sim.clear_faults();
            desk.until(|state| state.is_ready()).await;
            let counts = desk.client.counts();
            assert_eq!((counts.waiters, counts.requests), (0, 0), "part {part}, {frames}");
        }
    }
    assert!(resets.iter().all(|resets| *resets >= 2), "{resets:?}");
}

/// How many items a part of the snapshot has.
async fn ask(desk: &Desk, part: usize) -> Result<usize, RequestError> {
    match part {
        0 => desk.client.all_open_orders().await.map(|open| open.orders.len()),
        1 => desk.client.completed_orders().await.map(|orders| orders.len()),
        2 => desk.client.executions(ExecutionFilter::default()).await.map(|told| told.executions.len()),
        _ => desk.client.positions().await.map(|positions| positions.len()),
    }
}

/// The same, when nothing goes wrong any more.
async fn ask_again(desk: &Desk, part: usize) -> usize {
    desk.sim.clear_faults();
    let epoch = desk.client.state().borrow().epoch;
    desk.until(|state| state.is_ready() && state.epoch >= epoch.max(Epoch(1))).await;
    loop {
        if let Ok(count) = ask(desk, part).await {
            return count;
        }
        desk.until(|state| state.is_ready()).await;
        tokio::time::sleep(SECOND).await;
    }
}
