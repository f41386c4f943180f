//! "Read-Only API": whatever would change an order, a position or a setup is refused, by the setting and by the fault.

mod house;

use house::{House, START, still};
use tws_proto::ids::{ContractId, OrderId, RequestId};
use tws_proto::kinds::{AdvisorDataKind, ExerciseAction};
use tws_proto::message::{
    ApiConfig, ApiSettings, ExerciseOptions, GlobalCancel, ReplaceAdvisorData, RequestAutoOpenOrders, UpdateConfig,
};
use tws_proto::{ClientMessage, Contract};
use tws_sim::core::Input;
use tws_sim::{Fault, Switch};

fn by_fault(house: &mut House) {
    house.core.step(Input::Fault(Fault::from(Switch::ReadOnly)), START);
}

fn by_setting(house: &mut House) {
    let settings = ApiSettings { read_only_api: Some(true), ..ApiSettings::default() };
    let api = Some(ApiConfig { settings: Some(settings), precautions: None });
    house.say(0, Box::new(UpdateConfig { request_id: RequestId(9), api, ..UpdateConfig::default() }));
}

#[track_caller]
fn check(house: &mut House, message: impl Into<ClientMessage>, expected: &str) {
    let heard = house.say(0, message);
    assert_eq!(house.trace(&heard), expected);
}

#[test]
fn nothing_is_changed_while_the_api_is_read_only() {
    for begin in [by_fault, by_setting] {
        let mut house = House::new(still());
        house.start(0);
        house.run("0: buy 1 100 LMT 90");
        house.run("hand buy 100 LMT 91");
        begin(&mut house);
        check(&mut house, GlobalCancel::default(), "0:error -1 321");
        let exercise = ExerciseOptions {
            order_id: OrderId(7),
            contract: Contract::by_id(ContractId(8314), "SMART"),
            action: Some(ExerciseAction::Exercise),
            quantity: Some(1),
            ..ExerciseOptions::default()
        };
        check(&mut house, Box::new(exercise), "0:error 7 321");
        let groups =
            ReplaceAdvisorData { kind: Some(AdvisorDataKind::Groups), xml: String::new(), request_id: RequestId(8) };
        check(&mut house, groups, "0:error 8 321");
        check(&mut house, RequestAutoOpenOrders { auto_bind: true }, "0:error -1 321");
        // Hearing of orders binds none of them, and neither does asking for them.
        check(&mut house, RequestAutoOpenOrders { auto_bind: false }, "");
        let heard = house.run("0: open");
        assert_eq!(house.trace(&heard), "0:open 1 Submitted 90 | 0:status 1 Submitted | 0:end");
        assert_eq!(house.book().open_orders().count(), 2);
    }
}

#[test]
fn orders_by_hand_are_not_bound_any_more_once_the_api_is_read_only() {
    let mut house = House::new(still());
    house.start(0);
    house.run("0: auto on");
    by_setting(&mut house);
    let heard = house.run("hand buy 100 LMT 91");
    assert_eq!(house.trace(&heard), "0:open 0 Submitted 91 | 0:status 0 Submitted");
}

#[test]
fn a_read_only_api_keeps_no_orders_while_ib_is_lost() {
    let mut house = House::new(still());
    house.start(0);
    by_setting(&mut house);
    house.core.step(Input::Fault(Fault::from(Switch::UpstreamLost)), START);
    let heard = house.run("0: buy 1 100 LMT 90");
    assert_eq!(house.trace(&heard), "0:error 1 321");
    house.core.step(Input::Fault(Fault::from(Switch::UpstreamRestored)), START);
    assert_eq!(house.book().open_orders().count(), 0);
}
