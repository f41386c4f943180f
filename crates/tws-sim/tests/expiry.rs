//! What becomes of orders and positions when the last day of a contract is over.

mod desk;

use desk::{ACCOUNT, Desk, START, check, check_on};
use rust_decimal::Decimal;
use tws_proto::ids::ContractId;
use tws_proto::kinds::{OptionRight, SecurityType};
use tws_sim::Instrument;
use tws_sim::core::{CoreSetup, Feed};

#[test]
fn a_future_is_paid_at_its_last_price_and_its_orders_end() {
    let desk = check(
        "quote ESZ3 1000.00x50 1001.00x50
         buy 1 2 MKT conid=300000167 exchange=CME > open 1 Submitted 2 | status 1 Submitted 0/2 | exec 1 BOT 2@1001.00 | status 1 Filled 2/0 | fee 4.50
         buy 2 1 LMT 900 conid=300000167 exchange=CME tif=GTC > open 2 Submitted 1 | status 2 Submitted 0/1
         buy 3 1 LMT 90 tif=GTC > open 3 Submitted 1 | status 3 Submitted 0/1
         positions > position 2 50052.25 | end
         wait 6393600000
         open > open 2 Submitted 1 | status 2 Submitted 0/1 | open 3 Submitted 1 | status 3 Submitted 0/1 | end
         wait 86400000 > status 2 Cancelled 0/1 | error 2 202 | position 0 0
         quote ESZ3 899x50 900x50
         open > open 3 Submitted 1 | status 3 Submitted 0/1 | end",
    );
    assert_eq!(desk.book().position(ACCOUNT, "ESZ3"), Decimal::ZERO);
    // Half a point of two contracts, and the commission.
    assert_eq!(desk.book().cash(ACCOUNT), Some(Decimal::new(99_994_550, 2)));
}

#[test]
fn options_in_the_money_are_exercised_or_assigned_and_others_lapse() {
    let option = |id, name: &str, right, strike: i64, underlying| Instrument {
        security_type: SecurityType::Option,
        local_symbol: name.to_owned(),
        last_trade_date: "20131018".to_owned(),
        strike: Some(Decimal::from(strike)),
        right: Some(right),
        multiplier: Some(Decimal::from(100)),
        underlying_contract_id: Some(ContractId(underlying)),
        ..Instrument::stock(id, "IBM", "USD", Decimal::from(5))
    };
    let mut setup = CoreSetup { feed: Feed::Still, ..CoreSetup::new(7, START) };
    setup.catalogue.add(option(900_001, "CALL", OptionRight::Call, 100, 8314)).unwrap();
    setup.catalogue.add(option(900_002, "SHORT", OptionRight::Call, 105, 8314)).unwrap();
    setup.catalogue.add(option(900_003, "PUT", OptionRight::Put, 100, 8314)).unwrap();
    setup.catalogue.add(option(900_004, "WROTE", OptionRight::Put, 120, 8314)).unwrap();
    let mut desk = Desk::with(setup);
    desk.connect(1);
    let desk = check_on(
        desk,
        "quote IBM 109.95x500 110.05x300
         quote CALL 10.00x50 10.00x50
         quote SHORT 5.00x50 5.00x50
         quote PUT 0.10x50 0.10x50
         quote WROTE 10.00x50 10.00x50
         buy 1 5 MKT conid=900001 > open 1 Submitted 5 | status 1 Submitted 0/5 | exec 1 BOT 5@10.00 | status 1 Filled 5/0 | fee 3.25
         sell 2 2 MKT conid=900002 > open 2 Submitted 2 | status 2 Submitted 0/2 | exec 2 SLD 2@5.00 | status 2 Filled 2/0 | fee 1.30
         buy 3 1 MKT conid=900003 > open 3 Submitted 1 | status 3 Submitted 0/1 | exec 3 BOT 1@0.10 | status 3 Filled 1/0 | fee 1
         sell 4 1 MKT conid=900004 > open 4 Submitted 1 | status 4 Submitted 0/1 | exec 4 SLD 1@10.00 | status 4 Filled 1/0 | fee 1
         wait 1036800000
         executions > exec 0 SLD 5@0 | fee 0 pnl -5003.25 | exec 0 BOT 500@100 | fee 0 | exec 0 BOT 2@0 | fee 0 pnl 998.70 | exec 0 SLD 200@105 | fee 0 pnl 1000 | exec 0 SLD 1@0 | fee 0 pnl -11.00 | exec 0 BOT 1@0 | fee 0 pnl 999.00 | exec 0 BOT 100@120 | fee 0 | end",
    );
    let book = desk.book();
    let held = |name| book.position(ACCOUNT, name);
    assert_eq!([held("CALL"), held("SHORT"), held("PUT"), held("WROTE")], [Decimal::ZERO; 4]);
    // 500 called, 200 called away, 100 put to us.
    assert_eq!(held("IBM"), 400.into());
    let spent: i64 = 5 * 1000 - 2 * 500 + 10 - 1000 + 500 * 100 - 200 * 105 + 100 * 120;
    assert_eq!(book.cash(ACCOUNT), Some(Decimal::from(1_000_000 - spent) - Decimal::new(655, 2)));
}
