//! A running simulator's login: accounts from a file, positions at the start, orders made by hand, and the book.

use rust_decimal::Decimal;
use tws_proto::kinds::Action;
use tws_proto::{Contract, Order};
use tws_sim::advisor::{AdvisorGroup, AdvisorSetup, GroupMethod};
use tws_sim::core::HandRefused;
use tws_sim::{StartError, TwsSim};

const FILE: &str = r#"
    [[account]]
    name = "DU1"
    cash = { USD = 250000 }
    positions = [{ instrument = "IBM", quantity = 100, average_price = "95.50" }]

    [[account]]
    name = "DU2"

    [advisor]
    account = "DF1"
    groups = [{ name = "Both", accounts = [{ account = "DU1" }, { account = "DU2" }] }]
"#;

fn ibm() -> Contract {
    Contract::stock("IBM", "USD")
}

#[tokio::test]
async fn orders_made_by_hand_trade_in_the_accounts_of_a_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), FILE).unwrap();
    let sim = TwsSim::builder().accounts_file(file.path()).still_markets().start().await.unwrap();
    sim.quote("IBM", Decimal::from(100), Decimal::from(101)).unwrap();
    let before = sim.book();
    assert_eq!(before.position("DU1", "IBM"), Decimal::ONE_HUNDRED);
    assert_eq!(before.average_cost("DU1", "IBM"), Decimal::new(9550, 2));
    assert_eq!(before.cash_in("DU1", "USD"), Some(Decimal::from(250_000)));

    let group = |order: Order| Order { advisor_group: "Both".into(), ..order };
    sim.manual_order(ibm(), group(Order::market(Action::Buy, 10.into()))).unwrap();
    let book = sim.book();
    assert_ne!(book, before);
    assert_eq!((book.position("DU1", "IBM"), book.position("DU2", "IBM")), (105.into(), 5.into()));
    assert_eq!(book.executions().len(), 3, "the whole and its two parts");
    let page = book.to_string();
    assert!(page.contains("  105 IBM at ") && page.contains("client 0 order 0: BUY 10 IBM MKT, Filled"), "{page}");

    let order = Order { account: "DU2".into(), ..Order::limit(Action::Buy, 10.into(), 90.into()) };
    let resting = sim.manual_order(ibm(), order).unwrap();
    assert_eq!(sim.book().open_orders().count(), 1);
    sim.change_by_hand(resting, |order| order.limit_price = Some(101.into())).unwrap();
    assert_eq!((sim.book().open_orders().count(), sim.book().position("DU2", "IBM")), (0, 15.into()));
    assert_eq!(sim.cancel_by_hand(resting), Err(HandRefused::Unknown { permanent_id: resting }));
    let refused = sim.manual_order(ibm(), Order::market(Action::Buy, 10.into()));
    assert!(matches!(refused, Err(HandRefused::Invalid { code: 435, .. })), "{refused:?}");
    sim.shutdown().await;
}

#[tokio::test]
async fn a_login_that_cannot_be_says_why() {
    let fault = |result: Result<TwsSim, StartError>| result.err().map(|error| error.to_string()).unwrap_or_default();
    let missing = TwsSim::builder().accounts_file("no/such.toml").start().await;
    assert!(fault(missing).starts_with("cannot read the accounts file no/such.toml"));
    let stranger = TwsSim::builder().account("DU1").position("DU9", "IBM", 1, 100).start().await;
    assert!(fault(stranger).contains("no account \"DU9\""));
    let instrument = TwsSim::builder().account("DU1").position("DU1", "NOSUCH", 1, 100).start().await;
    assert!(fault(instrument).contains("\"NOSUCH\""));
    let advisor = || AdvisorSetup::new("DF1").with_group(AdvisorGroup::new("A", GroupMethod::Equal, ["DU9"]));
    let member = TwsSim::builder().account("DU1").advisor(advisor()).start().await;
    assert!(fault(member).contains("no account \"DU9\""));
    let twice = TwsSim::builder().account("DF1").advisor(AdvisorSetup::new("DF1")).start().await;
    assert!(fault(twice).contains("given twice"));
    let rich = TwsSim::builder().account_with_cash("DU1", Decimal::MAX).start().await;
    assert!(fault(rich).contains("no sum, quantity or price may be above 1000000000000"));
    let long = TwsSim::builder().account("DU1").position("DU1", "IBM", Decimal::MAX, Decimal::MIN).start().await;
    assert!(fault(long).contains("account \"DU1\" begins with"));
}
