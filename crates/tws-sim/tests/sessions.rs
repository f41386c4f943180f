//! Several clients at once: who hears of which orders, orders made by hand, what a client hears when it starts.

mod house;

use house::{check, still};
use tws_proto::ids::ClientId;
use tws_sim::core::{CoreSetup, HandRefused};
use tws_sim::settings::{ApiSettings, BoundIds, ManualExecutionId, OpenOrdersAtStart};

fn with(settings: ApiSettings) -> CoreSetup {
    CoreSetup { settings, ..still() }
}

#[test]
fn clients_hear_of_their_own_orders_only() {
    check(
        still(),
        "1: start > 1:accounts DU1234567 | 1:next 1
        2: start > 2:accounts DU1234567 | 2:next 1
        1: buy 1 100 LMT 90 > 1:open 1 Submitted 90 | 1:status 1 Submitted
        2: open > 2:end
        2: open all > 2:open 1 Submitted 90 | 2:status 1 Submitted | 2:end
        2: cancel 1 > 2:error 1 10147
        1: leave
        2: ids > 2:next 1
        1: start > 1:accounts DU1234567 | 1:next 2 | 1:open 1 Submitted 90 | 1:status 1 Submitted
        1: cancel 1 > 1:status 1 Cancelled | 1:error 1 202",
    );
}

#[test]
fn an_id_in_use_is_refused_and_free_again_once_its_client_left() {
    check(
        still(),
        "1: start > 1:accounts DU1234567 | 1:next 1
        1: start > ?:error -1 326 | ?:close
        1: leave
        1: start > 1:accounts DU1234567 | 1:next 1",
    );
}

#[test]
fn the_master_client_hears_of_everything() {
    check(
        with(ApiSettings { master_client: Some(ClientId(7)), ..ApiSettings::default() }),
        "7: start > 7:accounts DU1234567 | 7:next 1
        1: start > 1:accounts DU1234567 | 1:next 1
        quote 100 101
        1: buy 1 100 LMT 90 > 7:open 1 Submitted 90 | 7:status 1 Submitted | 1:open 1 Submitted 90 | 1:status 1 Submitted
        7: open > 7:end
        7: cancel 1 > 7:error 1 10147
        1: buy 2 10 MKT > 7:open 2 Submitted | 7:status 2 Submitted | 1:open 2 Submitted | 1:status 2 Submitted | 7:exec 2 DU1234567 BOT 10@101 | 1:exec 2 DU1234567 BOT 10@101 | 7:status 2 Filled | 1:status 2 Filled | 7:fee 1 | 1:fee 1
        hand buy 10 MKT > 7:open 0 Submitted | 7:status 0 Submitted | 7:exec 0 DU1234567 BOT 10@101 | 7:status 0 Filled | 7:fee 1",
    );
}

#[test]
fn orders_made_by_hand_are_nobodys_until_client_0_binds_them() {
    check(
        still(),
        "0: start > 0:accounts DU1234567 | 0:next 1
        1: start > 1:accounts DU1234567 | 1:next 1
        hand buy 100 LMT 90
        hand buy 100 LMT 91
        1: open > 1:end
        1: open all > 1:open 0 Submitted 90 | 1:status 0 Submitted | 1:open 0 Submitted 91 | 1:status 0 Submitted | 1:end
        1: auto on > 1:error -1 327
        0: open > 0:bound -1 | 0:bound -2 | 0:open -1 Submitted 90 | 0:status -1 Submitted | 0:open -2 Submitted 91 | 0:status -2 Submitted | 0:end
        1: open all > 1:open -1 Submitted 90 | 1:status -1 Submitted | 1:open -2 Submitted 91 | 1:status -2 Submitted | 1:end
        0: buy -1 50 LMT 89 > 0:open -1 Submitted 89 | 0:status -1 Submitted
        hand change 2 92 > 0:open -2 Submitted 92 | 0:status -2 Submitted
        0: cancel -2 > 0:status -2 Cancelled | 0:error -2 202
        hand cancel 1 > 0:status -1 Cancelled | 0:error -1 202
        0: ids > 0:next 1",
    );
}

#[test]
fn client_0_can_bind_or_watch_future_orders() {
    check(
        still(),
        "0: start > 0:accounts DU1234567 | 0:next 1
        hand buy 100 LMT 90
        0: auto off
        hand buy 100 LMT 91 > 0:open 0 Submitted 91 | 0:status 0 Submitted
        0: auto on
        hand buy 100 LMT 92 > 0:open -1 Submitted 92 | 0:status -1 Submitted | 0:bound -1
        0: leave
        0: start > 0:accounts DU1234567 | 0:next 1 | 0:open -1 Submitted 92 | 0:status -1 Submitted
        hand buy 100 LMT 93",
    );
}

#[test]
fn bound_ids_can_be_valid_ids() {
    check(
        with(ApiSettings { bound_ids: BoundIds::Positive, ..ApiSettings::default() }),
        "0: start > 0:accounts DU1234567 | 0:next 1
        hand buy 100 LMT 90
        0: open > 0:bound 1 | 0:open 1 Submitted 90 | 0:status 1 Submitted | 0:end
        0: ids > 0:next 2
        0: cancel 1 > 0:status 1 Cancelled | 0:error 1 202",
    );
}

#[test]
fn executions_by_hand_are_told_to_client_0_and_to_whoever_asks() {
    let script = |id: &str| {
        format!(
            "0: start > 0:accounts DU1234567 | 0:next 1
            1: start > 1:accounts DU1234567 | 1:next 1
            quote 100 101
            hand buy 10 MKT > 0:exec {id} DU1234567 BOT 10@101 | 0:fee 1
            1: executions > 1:exec {id} DU1234567 BOT 10@101 | 1:fee 1 | 1:end
            1: executions client=1 > 1:end
            1: completed > 1:done Filled | 1:end
            1: completed api > 1:end"
        )
    };
    check(still(), &script("0"));
    let maximum = ApiSettings { manual_execution_id: ManualExecutionId::Maximum, ..ApiSettings::default() };
    check(with(maximum), &script("2147483647"));
}

#[test]
fn binding_costs_the_place_in_the_queue() {
    let script = |bind: &str, first: &str| {
        format!(
            "0: start > 0:accounts DU1234567 | 0:next 1
            1: start > 1:accounts DU1234567 | 1:next 1
            quote 100 101
            hand buy 600 LMT 100
            1: buy 1 600 LMT 100 > 1:open 1 Submitted 100 | 1:status 1 Submitted
            {bind}
            quote 99 100 > {first}"
        )
    };
    let unbound =
        "0:exec 0 DU1234567 BOT 600@100 | 0:fee 3 | 1:exec 1 DU1234567 BOT 400@100 | 1:status 1 Submitted | 1:fee 2";
    check(still(), &script("", unbound));
    let bind = "0: open > 0:bound -1 | 0:open -1 Submitted 100 | 0:status -1 Submitted | 0:end";
    let bound = "1:exec 1 DU1234567 BOT 600@100 | 1:status 1 Filled | 1:fee 3 | 0:exec -1 DU1234567 BOT 400@100 | 0:status -1 Submitted | 0:fee 2";
    check(still(), &script(bind, bound));
}

#[test]
fn a_hand_is_told_what_is_wrong() {
    let mut house = check(still(), "hand buy 0 MKT");
    assert!(matches!(house.refused(), Some(HandRefused::Invalid { code: 434, .. })));
    house.run("hand buy 10 NO_SUCH_TYPE");
    assert!(matches!(house.refused(), Some(HandRefused::Invalid { code: 321, .. })));
    house.run("hand buy 10 LMT 90");
    house.run("hand cancel 1");
    house.run("hand cancel 1");
    assert!(matches!(house.refused(), Some(HandRefused::Unknown { .. })));
}

#[test]
fn open_orders_at_the_start_are_a_setting() {
    let never = ApiSettings { open_orders_at_start: OpenOrdersAtStart::Never, ..ApiSettings::default() };
    check(
        with(never),
        "1: start > 1:accounts DU1234567 | 1:next 1
        1: buy 1 100 LMT 90 > 1:open 1 Submitted 90 | 1:status 1 Submitted
        1: leave
        1: start > 1:accounts DU1234567 | 1:next 2",
    );
    let any = ApiSettings { open_orders_at_start: OpenOrdersAtStart::AnyOrder, ..ApiSettings::default() };
    let mut house = check(with(any), "1: start > 1:accounts DU1234567 | 1:next 1");
    house.run("1: buy 1 100 LMT 90");
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..50 {
        house.run("1: leave");
        let outputs = house.run("1: start");
        seen.insert(house.trace(&outputs));
    }
    assert_eq!(seen.len(), 6, "{seen:?}");
}

#[test]
fn old_orders_and_executions_are_forgotten_after_seven_days() {
    let mut house = check(
        still(),
        "1: start > 1:accounts DU1234567 | 1:next 1
        quote 100 101
        1: buy 1 10 LMT 90 tif=GTC > 1:open 1 Submitted 90 | 1:status 1 Submitted",
    );
    house.run("1: buy 2 10 MKT");
    house.run("hand buy 10 MKT");
    for day in 1..=9 {
        house.wait(86_400_000);
        let expected = if day < 8 { (3, 2) } else { (1, 0) };
        let book = house.book();
        assert_eq!((book.orders().count(), book.executions().len()), expected, "after {day} days");
    }
    assert_eq!(house.book().position("DU1234567", "IBM"), 20.into());
}

#[test]
fn executions_are_found_by_what_a_filter_says() {
    let mut house = check(
        still(),
        "1: start > 1:accounts DU1234567 | 1:next 1
        quote IBM 100 101
        quote EUR.USD 1.25 1.25",
    );
    house.run("1: buy 1 10 MKT");
    house.wait(60_000); // 13:01 in New York, 17:01 in UTC
    house.run("1: sell 2 5 MKT");
    house.run("1: buy 3 1000 MKT symbol=EUR type=CASH exchange=IDEALPRO");
    let found = |house: &mut house::House, filter: &str| -> String {
        let outputs = house.run(&format!("1: executions {filter}"));
        let trace = house.trace(&outputs);
        let orders = trace.split(" | ").filter_map(|word| word.strip_prefix("1:exec ")?.split(' ').next());
        if trace.contains("error") { trace } else { orders.collect::<Vec<_>>().join(" ") }
    };
    let rows = [
        ("", "1 2 3"),
        ("side=BUY", "1 3"),
        ("side=SLD", "2"),
        ("symbol=IBM", "1 2"),
        ("symbol=ibm side=SELL", "2"),
        ("type=CASH", "3"),
        ("exchange=SMART", "1 2"),
        ("account=DU1234567", "1 2 3"),
        ("account=DU9", ""),
        ("client=1", "1 2 3"),
        ("client=2", ""),
        ("time=20131007_13:00:30", "2 3"),
        ("time=20131007_13:01:00_US/Eastern", "2 3"),
        ("time=20131007-17:00:30", "2 3"),
        ("time=20131007-13:00:30", "1 2 3"),
        ("time=20131007_18:00:30_Europe/London", "2 3"),
        ("time=20131007", "1 2 3"),
        ("time=20131007-17:01:01", ""),
        ("time=yesterday", "1:error 9 321"),
        ("days=1", "1 2 3"),
        ("date=20131007", "1 2 3"),
        ("date=20131006", ""),
    ];
    for (filter, expected) in rows {
        assert_eq!(found(&mut house, filter), expected, "{filter}");
    }
    house.wait(86_400_000);
    house.run("1: buy 4 10 MKT");
    for (filter, expected) in [("", "4"), ("days=1", "4"), ("days=2", "1 2 3 4"), ("date=20131007", "1 2 3")] {
        assert_eq!(found(&mut house, filter), expected, "a day later: {filter}");
    }
}
