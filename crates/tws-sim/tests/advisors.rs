//! A financial advisor's login: accounts, groups as XML, and fills that are spread over a group.

mod house;

use std::collections::BTreeMap;

use house::{House, check, still};
use rust_decimal::Decimal;
use tws_proto::ServerMessage;
use tws_proto::ids::RequestId;
use tws_proto::kinds::AdvisorDataKind;
use tws_proto::message::{
    ReplaceAdvisorData, RequestAccountSummary, RequestAdvisorData, RequestFamilyCodes, RequestProfit,
};
use tws_sim::advisor::{AdvisorGroup, AdvisorSetup, GroupMember, GroupMethod};
use tws_sim::core::{AccountSetup, CoreSetup, Output};

fn advisor() -> CoreSetup {
    let share = |account: &str, amount: i64| GroupMember { account: account.into(), amount: Some(amount.into()) };
    let setup = AdvisorSetup::new("DF1")
        .with_group(AdvisorGroup::new("Both", GroupMethod::Equal, ["DU1", "DU2"]))
        .with_group(AdvisorGroup {
            name: "Shares".into(),
            method: GroupMethod::Ratio,
            members: vec![share("DU1", 3), share("DU2", 1)],
        })
        .with_group(AdvisorGroup::new("Nobody", GroupMethod::Equal, []));
    let rich = AccountSetup { cash: Decimal::from(4_000_000), ..AccountSetup::new("DU2") };
    CoreSetup { accounts: vec![AccountSetup::new("DU1"), rich], advisor: Some(setup), ..still() }
}

fn replaced(house: &mut House, kind: AdvisorDataKind, xml: &str) -> String {
    let request = ReplaceAdvisorData { request_id: RequestId(5), kind: Some(kind), xml: xml.into() };
    match &house.say(1, request)[..] {
        [Output::Send { message: ServerMessage::AdvisorDataReplaced(done), .. }] => {
            format!("{} {}", done.request_id, done.text)
        }
        [Output::Send { message: ServerMessage::Notice(notice), .. }] => {
            format!("{} {} {}", notice.id.unwrap(), notice.code, notice.text)
        }
        other => panic!("{other:?}"),
    }
}

fn data(house: &mut House, kind: AdvisorDataKind) -> String {
    match &house.say(1, RequestAdvisorData { kind: Some(kind) })[..] {
        [Output::Send { message: ServerMessage::AdvisorData(data), .. }] => data.xml.clone(),
        [Output::Send { message: ServerMessage::Notice(notice), .. }] => format!("{} {}", notice.code, notice.text),
        other => panic!("{other:?}"),
    }
}

#[test]
fn fills_of_a_group_are_spread_over_its_accounts() {
    let house = check(
        advisor(),
        "1: start > 1:accounts DF1,DU1,DU2, | 1:next 1
        quote 100 101
        1: buy 1 100 MKT group=Both > 1:open 1 Submitted | 1:status 1 Submitted | 1:exec 1 DF1 BOT 100@101 | 1:status 1 Filled | 1:exec 1 DU1 BOT 50@101 | 1:fee 0.5 | 1:exec 1 DU2 BOT 50@101 | 1:fee 0.5
        1: buy 2 100 MKT group=Both method=NetLiq > 1:open 2 Submitted | 1:status 2 Submitted | 1:exec 2 DF1 BOT 100@101 | 1:status 2 Filled | 1:exec 2 DU1 BOT 20@101 | 1:fee 0.2 | 1:exec 2 DU2 BOT 80@101 | 1:fee 0.8
        1: executions account=DF1 > 1:exec 1 DF1 BOT 100@101 | 1:exec 2 DF1 BOT 100@101 | 1:end
        1: executions account=DU2 > 1:exec 1 DU2 BOT 50@101 | 1:fee 0.5 | 1:exec 2 DU2 BOT 80@101 | 1:fee 0.8 | 1:end
        1: buy 3 10 MKT > 1:error 3 435
        1: buy 4 10 MKT account=DF1 > 1:error 4 321
        1: buy 5 10 MKT account=DU1 group=Both > 1:error 5 321
        1: buy 6 10 MKT group=Nowhere > 1:error 6 321
        1: buy 7 10 MKT group=Nobody > 1:error 7 321
        1: buy 8 10 MKT account=DU1 > 1:open 8 Submitted | 1:status 8 Submitted | 1:exec 8 DU1 BOT 10@101 | 1:status 8 Filled | 1:fee 1",
    );
    let book = house.book();
    assert_eq!((book.position("DU1", "IBM"), book.position("DU2", "IBM")), (80.into(), 130.into()));
    assert_eq!(book.position("DF1", "IBM"), Decimal::ZERO);
}

#[test]
fn parts_of_an_order_are_spread_as_the_whole() {
    let house = check(
        advisor(),
        "1: start > 1:accounts DF1,DU1,DU2, | 1:next 1
        quote 100 101
        1: buy 1 1500 LMT 101 group=Shares > 1:open 1 Submitted 101 | 1:status 1 Submitted | 1:exec 1 DF1 BOT 1000@101 | 1:status 1 Submitted | 1:exec 1 DU1 BOT 750@101 | 1:fee 3.75 | 1:exec 1 DU2 BOT 250@101 | 1:fee 1.25
        quote 100 101 > 1:exec 1 DF1 BOT 500@101 | 1:status 1 Filled | 1:exec 1 DU1 BOT 375@101 | 1:fee 1.875 | 1:exec 1 DU2 BOT 125@101 | 1:fee 0.625",
    );
    let mut sums: BTreeMap<&str, (Decimal, Decimal)> = BTreeMap::new();
    let book = house.book();
    for fill in book.executions() {
        let sum = sums.entry(&fill.account).or_default();
        sum.0 += fill.quantity;
        sum.1 += fill.commission;
        assert_eq!(sum.0, fill.cumulative);
    }
    assert_eq!(sums["DF1"].0, sums["DU1"].0 + sums["DU2"].0);
    assert_eq!(sums["DF1"].1, sums["DU1"].1 + sums["DU2"].1);
}

#[test]
fn groups_and_names_travel_as_xml() {
    let mut house = check(advisor(), "1: start > 1:accounts DF1,DU1,DU2, | 1:next 1");
    let groups = data(&mut house, AdvisorDataKind::Groups);
    assert!(
        groups.contains("<name>Both</name>") && groups.contains("<defaultMethod>Ratio</defaultMethod>"),
        "{groups}"
    );
    assert_eq!(replaced(&mut house, AdvisorDataKind::Groups, &groups), "5 success");
    assert_eq!(data(&mut house, AdvisorDataKind::Groups), groups);
    let unknown = groups.replace("DU2", "DU9");
    assert!(replaced(&mut house, AdvisorDataKind::Groups, &unknown).ends_with("unknown account DU9"));
    assert!(replaced(&mut house, AdvisorDataKind::Groups, "no xml").starts_with("5 321"));
    assert!(replaced(&mut house, AdvisorDataKind::Profiles, &groups).starts_with("5 321"));
    let aliases = data(&mut house, AdvisorDataKind::Aliases);
    assert!(aliases.contains("<account>DF1</account>\n\t\t<alias>DF1</alias>"), "{aliases}");
    let named = aliases.replace("<alias>DU1</alias>", "<alias>Anna</alias>");
    assert_eq!(replaced(&mut house, AdvisorDataKind::Aliases, &named), "5 success");
    assert_eq!(data(&mut house, AdvisorDataKind::Aliases), named);
    assert!(data(&mut house, AdvisorDataKind::Profiles).starts_with("321"));
    let codes = house.say(1, RequestFamilyCodes {});
    assert!(
        matches!(&codes[..], [Output::Send { message: ServerMessage::FamilyCodes(codes), .. }] if codes.codes.len() == 3)
    );
}

#[test]
fn groups_name_accounts_in_other_requests() {
    let mut house = check(advisor(), "1: start > 1:accounts DF1,DU1,DU2, | 1:next 1");
    house.run("1: buy 1 10 MKT account=DU1");
    let accounts = |outputs: Vec<Output>| -> Vec<String> {
        let row = |output| match output {
            Output::Send { message: ServerMessage::AccountSummary(row), .. } => Some(row.account),
            _ => None,
        };
        outputs.into_iter().filter_map(row).collect()
    };
    let summary = |id, group: &str| RequestAccountSummary {
        request_id: RequestId(id),
        group: group.into(),
        tags: "NetLiquidation".into(),
    };
    assert_eq!(accounts(house.say(1, summary(1, "Both"))), ["DU1", "DU2"]);
    assert_eq!(accounts(house.say(1, summary(2, "Nobody"))), [""; 0]);
    let profit = RequestProfit { request_id: RequestId(3), account: "DF1".into(), model_code: String::new() };
    assert!(matches!(&house.say(1, profit)[..], [Output::Send { message: ServerMessage::Profit(_), .. }]));
}

#[test]
fn other_logins_have_no_groups() {
    let mut house = check(
        still(),
        "1: start > 1:accounts DU1234567 | 1:next 1
        1: buy 1 10 MKT group=Both > 1:error 1 321",
    );
    let refused = "321 Error validating request.-'bO' : cause - FA data operations ignored for non FA customers.";
    assert_eq!(data(&mut house, AdvisorDataKind::Groups), refused);
}
