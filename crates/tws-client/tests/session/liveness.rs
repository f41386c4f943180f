//! R32: a link that looks alive and is not.

use tws_client::session::Event;
use tws_client::{LaneEvent, Reason, UnsentCause};
use tws_proto::message::ClientMessage;

use crate::pair::{Pair, SECOND, place};

fn placed(pair: &Pair) -> usize {
    pair.heard.iter().filter(|message| matches!(message, ClientMessage::PlaceOrder(_))).count()
}

#[test]
fn r32_a_peer_that_freezes_is_dead_within_12_s_and_gets_no_order_after_2_s() {
    for freeze_ms in [0, 700, 4900, 5100] {
        let mut pair = Pair::ready();
        pair.run_for(std::time::Duration::from_millis(freeze_ms));
        pair.lives = false;
        let frozen = pair.now;
        pair.run_for(2 * SECOND + SECOND / 10);
        pair.session.send_orders(vec![place(1)], pair.now).unwrap();
        let asked = pair.now;
        while pair.state().reason.is_none() {
            pair.run_for(SECOND / 20);
            assert!(pair.now - frozen <= 12 * SECOND, "still not dead, frozen after {freeze_ms} ms");
        }
        assert_eq!(pair.state().reason, Some(Reason::Silent));
        assert_eq!(placed(&pair), 0, "frozen after {freeze_ms} ms");
        let unsent = pair.events.iter().find_map(|event| match event {
            Event::Lane(LaneEvent::Unsent(unsent)) => Some(unsent.cause),
            _ => None,
        });
        assert_eq!(unsent, Some(UnsentCause::NoProbeAnswer));
        assert!(pair.now > asked);
    }
}

#[test]
fn r32_after_silence_an_order_waits_for_one_answered_probe() {
    let mut pair = Pair::ready();
    pair.run_for(3 * SECOND);
    pair.heard.clear();
    pair.session.send_orders(vec![place(1)], pair.now).unwrap();
    pair.settle();
    let names: Vec<_> = crate::support::short(&pair.heard);
    assert_eq!(names, ["REQ_CURRENT_TIME", "place 1"]);
    // The link has just spoken: the next order needs no probe.
    pair.session.send_orders(vec![place(2)], pair.now).unwrap();
    pair.settle();
    assert_eq!(placed(&pair), 2);
    assert_eq!(pair.heard.len(), 3);
}

#[test]
fn r32_the_answer_to_a_probe_must_come_within_500_ms() {
    let mut pair = Pair::ready();
    pair.lives = false;
    pair.run_for(3 * SECOND);
    pair.session.send_orders(vec![place(1)], pair.now).unwrap();
    pair.run_for(SECOND * 499 / 1000);
    let told = |pair: &Pair| pair.events.iter().any(|event| matches!(event, Event::Lane(LaneEvent::Unsent(_))));
    assert!(!told(&pair));
    pair.run_for(SECOND / 1000);
    assert!(told(&pair));
    // Whatever comes now, the order is gone.
    pair.lives = true;
    pair.notice(2104);
    pair.run_for(SECOND);
    assert_eq!(placed(&pair), 0);
}

#[test]
fn r32_a_quiet_link_is_asked_every_5_s_and_kept() {
    let mut pair = Pair::ready();
    pair.heard.clear();
    pair.run_for(300 * SECOND);
    assert_eq!(pair.state().epoch.0, 1);
    assert_eq!(pair.heard.len(), 60);
}
