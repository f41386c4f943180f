//! TWS without IB: what it keeps, and what its clients make of that.

mod desk;
mod house;

use desk::check;
use house::{House, START, still};
use tws_sim::core::Input;
use tws_sim::{Fault, Switch};

#[test]
fn the_id_of_an_order_that_is_kept_is_used() {
    let mut house = House::new(still());
    house.start(1);
    house.core.step(Input::Fault(Fault::from(Switch::UpstreamLost)), START);
    house.run("1: buy 1 100 LMT 90");
    let heard = house.run("1: ids");
    assert_eq!(house.trace(&heard), "1:next 2");
    // Whoever comes back and took id 1 again would change the order that is kept, and not place another.
    house.leave(1);
    let heard = house.start(1);
    assert_eq!(house.trace(&heard), "1:accounts DU1234567 | 1:next 2");
    house.run("1: buy 2 50 LMT 91");
    house.core.step(Input::Fault(Fault::from(Switch::UpstreamRestored)), START);
    assert_eq!(house.book().open_orders().count(), 2);
}

#[test]
fn a_kept_order_does_not_go_out_while_ib_is_lost_once_more() {
    check(
        "quote 100.00x500 100.10x300
         fault kept-orders ms=20000
         fault upstream-lost
         buy 1 100 LMT 101 > status 1 PendingSubmit 0/100
         fault upstream-restored
         wait 10000
         fault upstream-lost
         wait 10000
         executions > end
         cancel 1 > status 1 ApiCancelled 0/0 | error 1 202
         fault upstream-restored
         wait 20000
         executions > end",
    );
}

#[test]
fn a_request_that_had_to_wait_meets_what_has_happened_since() {
    check(
        "quote 100.00x500 100.10x300
         fault pacing-delay number=1
         buy 1 100 LMT 99 > open 1 Submitted 100 | status 1 Submitted 0/100
         buy 2 100 LMT 101
         fault upstream-lost
         wait 1000 > status 2 PendingSubmit 0/100
         fault upstream-restored > open 2 Submitted 100 | status 2 Submitted 0/100 | exec 2 BOT 100@100.10 | status 2 Filled 100/0 | fee 1
         buy 3 100 LMT 99 > open 3 Submitted 100 | status 3 Submitted 0/100
         buy 4 100 LMT 101
         fault read-only
         wait 1000 > error 4 321",
    );
}
