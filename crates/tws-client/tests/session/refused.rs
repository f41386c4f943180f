//! S40, S41: TWS has no data for us, or takes no orders, and says so.

use tws_client::config::WallClock;
use tws_client::{Advice, Alarm, Config, Epoch, Fault as Blame, LaneEvent, NoticeClass, RequestError, Update};
use tws_proto::message::{ManagedAccounts, Notice};
use tws_sim::{Fault, Switch};

use crate::desk::{Desk, SECOND, resting, stock};
use crate::pair::{Pair, quotes};

/// Another login has the data: the stream hears so, stays, and goes on when that one ends.
#[tokio::test(start_paused = true)]
async fn s40_a_competing_session_has_the_market_data() {
    let desk = Desk::ready().await;
    let mut quotes = desk.client.market_data(&stock("IBM"), &[]).unwrap();
    tokio::time::sleep(2 * SECOND).await;
    desk.sim.inject(Switch::CompetingSession).unwrap();
    let mut told = false;
    let mut later = desk.client.market_data(&stock("AAPL"), &[]).unwrap();
    tokio::time::sleep(60 * SECOND).await;
    for stream in [&mut quotes, &mut later] {
        while let Some(update) = stream.try_recv() {
            match update {
                Update::Notice(notice) => told |= notice.code == 10197,
                Update::Ended(error) => panic!("{error}"),
                Update::Data(_) | Update::Gap { .. } => {}
            }
        }
    }
    assert!(told);
    desk.sim.clear_faults();
    desk.sim.quote("IBM", 60, 61).unwrap();
    assert!(matches!(quotes.recv().await, Some(Update::Data(_))));
    assert_eq!(desk.client.state().borrow().epoch, Epoch(1));
}

/// The order is refused on the lane, somebody is alarmed once, and the session is as it was.
#[tokio::test(start_paused = true)]
async fn s41_orders_are_refused_because_tws_is_read_only() {
    let refusals = [Fault::new(Switch::ReadOnly), Fault::new(Switch::Reject).code(10015).text("none")];
    for (fault, code) in refusals.into_iter().zip([321, 10015]) {
        let mut desk = Desk::ready().await;
        let first = desk.client.state().borrow().next_order_id.unwrap().0;
        desk.sim.inject(fault).unwrap();
        for id in first..first + 3 {
            desk.client.send_order_messages(vec![resting(id)]).unwrap();
        }
        tokio::time::sleep(5 * SECOND).await;
        let refused = desk.told().into_iter().filter(|event| {
            matches!(event, LaneEvent::Notice(notice) if notice.code == code && notice.id.is_some_and(|id| id >= first))
        });
        assert_eq!(refused.count(), 3, "{code}");
        assert_eq!(desk.client.state().borrow().epoch, Epoch(1));
        assert!(desk.client.state().borrow().takes_orders(), "what TWS refuses is no state of the session");
        let alarms = desk.alarms();
        match code {
            321 => assert_eq!(alarms, [Alarm::TwsIsReadOnly]),
            _ => assert!(alarms.len() <= 1, "{alarms:?}"),
        }
        assert!(matches!(NoticeClass::of(code), NoticeClass::Reject | NoticeClass::FailedOrReject));
    }
}

/// A code that nobody knows ends no stream; whoever knows it says so in the configuration.
#[test]
fn a_code_means_what_the_table_says_and_users_add_to_it() {
    for (class, ends) in [(None, false), (Some(NoticeClass::Failed), true), (Some(NoticeClass::Warning), false)] {
        let codes = class.map(|class| (77_777, class)).into_iter().collect();
        let mut pair = Pair::ready_with(Config { codes, ..Config::paper() });
        pair.session.subscribe(quotes(), pair.now).unwrap();
        pair.settle();
        pair.notice_of(tws_client::session::REQUEST_ID_FIRST, 77_777, "something new");
        assert_eq!(pair.session.counts().subscriptions, usize::from(!ends), "{class:?}");
    }
    // What a code of the connection means cannot be changed.
    let config = Config { codes: [(1100, NoticeClass::Warning)].into(), ..Config::paper() };
    assert_eq!(config.class_of(1100), NoticeClass::Connection);
    assert_eq!(config.wall_clock, WallClock::System);
}

/// Whatever a user may log of what the client gives: no account number is in it.
#[test]
fn what_is_logged_names_no_account() {
    let text = "order of DU1234567 was refused";
    let error = RequestError::Rejected { code: 201, text: text.into() };
    let notice = Notice { code: 201, text: text.into(), ..Notice::default() };
    let accounts = ManagedAccounts { accounts: "DU1234567,F7654321".into() };
    let mut pair = Pair::ready();
    pair.say(accounts.clone());
    let logged = [
        format!("{error} {error:?} {error:#?}"),
        format!("{:?}", LaneEvent::Notice(notice)),
        format!("{:#?}", LaneEvent::Message(accounts.into())),
        format!("{:?} {:#?}", pair.state(), pair.state()),
    ];
    for text in logged {
        assert!(!text.contains("1234567") && !text.contains("7654321"), "{text}");
    }
    assert_eq!((error.fault(), error.advice()), (Blame::Tws, Advice::Change));
}
