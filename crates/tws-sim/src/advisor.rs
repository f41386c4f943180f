//! [`AdvisorSetup`]: a financial advisor's login, whose orders are spread over groups of accounts.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rust_decimal::Decimal;

/// A financial advisor's login. Its accounts are those of the simulator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdvisorSetup {
    /// Number of the advisor's own account, which holds nothing: `F` in front, `DF` for a paper login.
    pub account: String,
    /// Groups that orders can name.
    pub groups: Vec<AdvisorGroup>,
    /// Names for accounts; an account without one goes by its number.
    pub aliases: BTreeMap<String, String>,
}

impl AdvisorSetup {
    /// An advisor without groups.
    #[must_use]
    pub fn new(account: impl Into<String>) -> Self {
        Self { account: account.into(), groups: Vec::new(), aliases: BTreeMap::new() }
    }

    /// Adds a group.
    #[must_use]
    pub fn with_group(mut self, group: AdvisorGroup) -> Self {
        self.groups.push(group);
        self
    }
}

/// A group of accounts, and how an order is spread over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdvisorGroup {
    /// Its name.
    pub name: String,
    /// How an order is spread that does not say so itself.
    pub method: GroupMethod,
    /// Its accounts in the order of the group, each with its share where the method goes by shares.
    pub members: Vec<GroupMember>,
}

impl AdvisorGroup {
    /// A group whose accounts have no shares of their own.
    #[must_use]
    pub fn new<'a>(name: impl Into<String>, method: GroupMethod, accounts: impl IntoIterator<Item = &'a str>) -> Self {
        let member = |account: &str| GroupMember { account: account.to_owned(), amount: None };
        Self { name: name.into(), method, members: accounts.into_iter().map(member).collect() }
    }
}

/// One account of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// Its number.
    pub account: String,
    /// Its share: percent, ratio, shares or money, as the method has it.
    pub amount: Option<Decimal>,
}

/// How an order is spread over a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupMethod {
    /// As much for each account.
    Equal,
    /// By what accounts are worth.
    NetLiquidation,
    /// By what accounts have free.
    AvailableEquity,
    /// By percentages.
    Percent,
    /// By ratios.
    Ratio,
    /// By numbers of contracts or shares.
    ContractsOrShares,
    /// By amounts of money.
    MonetaryAmount,
}

impl GroupMethod {
    const WORDS: [(Self, &'static str); 7] = [
        (Self::Equal, "Equal"),
        (Self::NetLiquidation, "NetLiq"),
        (Self::AvailableEquity, "AvailableEquity"),
        (Self::Percent, "Percent"),
        (Self::Ratio, "Ratio"),
        (Self::ContractsOrShares, "ContractsOrShares"),
        (Self::MonetaryAmount, "MonetaryAmount"),
    ];

    /// As TWS writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(method, _)| *method == self).map_or("Equal", |(_, word)| word)
    }

    /// What a client calls it; older clients have words of their own. `None` for what is not simulated: `PctChange`
    /// changes positions by a percentage and has no quantity to spread.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        match word {
            "EqualQuantity" => Some(Self::Equal),
            "Percentage" | "Percentages" => Some(Self::Percent),
            "Ratios" => Some(Self::Ratio),
            "Shares" => Some(Self::ContractsOrShares),
            _ => Self::WORDS.iter().find(|(_, known)| *known == word).map(|(method, _)| *method),
        }
    }
}

/// Why groups could not be taken over from XML.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadGroups {
    #[error("the document is not valid XML")]
    NotXml,
    #[error("the document is not a {0}")]
    WrongRoot(&'static str),
    #[error("a group has no name")]
    NoName,
    #[error("group {0} is given twice")]
    Twice(String),
    #[error("group {group} has the unknown method {method}")]
    UnknownMethod { group: String, method: String },
    #[error("group {group} has a bad amount {amount}")]
    BadAmount { group: String, amount: String },
    #[error("unknown account {0}")]
    UnknownAccount(String),
}

const GROUPS: &str = "ListOfGroups";
const ALIASES: &str = "ListOfAccountAliases";

/// Groups as RECEIVE_FA tells them.
pub(crate) fn write_groups(groups: &[AdvisorGroup]) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListOfGroups>\n");
    for AdvisorGroup { name, method, members } in groups {
        let _ = write!(xml, "\t<Group>\n\t\t<name>{}</name>\n", escaped(name)); // writing to a string cannot fail
        let _ = writeln!(xml, "\t\t<defaultMethod>{}</defaultMethod>", method.as_str());
        xml.push_str("\t\t<ListOfAccts varName=\"list\">\n");
        for GroupMember { account, amount } in members {
            let account = escaped(account);
            let _ = match amount {
                Some(amount) => {
                    write!(
                        xml,
                        "\t\t\t<Account>\n\t\t\t\t<acct>{account}</acct>\n\t\t\t\t<amount>{amount}</amount>\n\t\t\t</Account>\n"
                    )
                }
                None => write!(xml, "\t\t\t<Account>\n\t\t\t\t<acct>{account}</acct>\n\t\t\t</Account>\n"),
            };
        }
        xml.push_str("\t\t</ListOfAccts>\n\t</Group>\n");
    }
    xml.push_str("</ListOfGroups>\n");
    xml
}

/// Reads what [`write_groups`] writes, and what clients made by hand: accounts as `<Account>` or as `<String>`.
pub(crate) fn read_groups(xml: &str, is_account: impl Fn(&str) -> bool) -> Result<Vec<AdvisorGroup>, BadGroups> {
    let document = roxmltree::Document::parse(xml.trim()).map_err(|_| BadGroups::NotXml)?;
    let root = root(&document, GROUPS)?;
    let mut groups: Vec<AdvisorGroup> = Vec::new();
    for node in root.children().filter(|node| node.has_tag_name("Group")) {
        let name = text_of(node, "name").filter(|name| !name.is_empty()).ok_or(BadGroups::NoName)?;
        if groups.iter().any(|group| group.name == name) {
            return Err(BadGroups::Twice(name));
        }
        let method = match text_of(node, "defaultMethod").as_deref() {
            None | Some("") => GroupMethod::Equal,
            Some(word) => GroupMethod::read(word)
                .ok_or_else(|| BadGroups::UnknownMethod { group: name.clone(), method: word.to_owned() })?,
        };
        let mut members = Vec::new();
        for node in node.children().filter(|node| node.has_tag_name("ListOfAccts")).flat_map(|list| list.children()) {
            let (account, amount) = match node.tag_name().name() {
                "String" => (node.text().map(|text| text.trim().to_owned()), None),
                "Account" => (text_of(node, "acct"), text_of(node, "amount")),
                _ => continue,
            };
            let account = account.unwrap_or_default();
            if !is_account(&account) {
                return Err(BadGroups::UnknownAccount(account));
            }
            let amount = match amount.filter(|amount| !amount.is_empty()) {
                None => None,
                Some(text) => match text.parse::<Decimal>() {
                    Ok(amount) if amount >= Decimal::ZERO => Some(amount),
                    Ok(_) | Err(_) => return Err(BadGroups::BadAmount { group: name, amount: text }),
                },
            };
            members.push(GroupMember { account, amount });
        }
        groups.push(AdvisorGroup { name, method, members });
    }
    Ok(groups)
}

/// Names of accounts as RECEIVE_FA tells them.
pub(crate) fn write_aliases<'a>(aliases: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListOfAccountAliases>\n");
    for (account, alias) in aliases {
        let (account, alias) = (escaped(account), escaped(alias));
        let _ = write!(
            xml,
            "\t<AccountAlias>\n\t\t<account>{account}</account>\n\t\t<alias>{alias}</alias>\n\t</AccountAlias>\n"
        );
    }
    xml.push_str("</ListOfAccountAliases>\n");
    xml
}

/// Reads what [`write_aliases`] writes.
pub(crate) fn read_aliases(
    xml: &str,
    is_account: impl Fn(&str) -> bool,
) -> Result<BTreeMap<String, String>, BadGroups> {
    let document = roxmltree::Document::parse(xml.trim()).map_err(|_| BadGroups::NotXml)?;
    let root = root(&document, ALIASES)?;
    let mut aliases = BTreeMap::new();
    for node in root.children().filter(|node| node.has_tag_name("AccountAlias")) {
        let account = text_of(node, "account").unwrap_or_default();
        if !is_account(&account) {
            return Err(BadGroups::UnknownAccount(account));
        }
        aliases.insert(account, text_of(node, "alias").unwrap_or_default());
    }
    Ok(aliases)
}

fn root<'a>(document: &'a roxmltree::Document<'_>, name: &'static str) -> Result<roxmltree::Node<'a, 'a>, BadGroups> {
    let root = document.root_element();
    if root.has_tag_name(name) { Ok(root) } else { Err(BadGroups::WrongRoot(name)) }
}

fn text_of(node: roxmltree::Node<'_, '_>, child: &str) -> Option<String> {
    let child = node.children().find(|node| node.has_tag_name(child))?;
    Some(child.text().unwrap_or_default().trim().to_owned())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Spreads `quantity` over accounts by their weights, in whole steps: each gets what it lacks of its part of all that was
/// filled so far, and those that lack most get what is left over. Nothing is taken back from an account.
pub(crate) fn spread(quantity: Decimal, step: Decimal, weights: &[Decimal], before: &[Decimal]) -> Vec<Decimal> {
    debug_assert_eq!(weights.len(), before.len());
    let sum: Decimal = weights.iter().sum();
    let cumulative = before.iter().sum::<Decimal>() + quantity;
    let part = |weight: &Decimal| if sum.is_zero() { Decimal::ZERO } else { cumulative * *weight / sum };
    let mut lacks: Vec<Decimal> =
        weights.iter().zip(before).map(|(weight, had)| (part(weight) - *had).max(Decimal::ZERO)).collect();
    let mut left = quantity;
    let mut shares = vec![Decimal::ZERO; weights.len()];
    for (share, lack) in shares.iter_mut().zip(&mut lacks) {
        let whole = (*lack - *lack % step).min(left - left % step).normalize();
        *share = whole;
        *lack -= whole;
        left -= whole;
    }
    while left > Decimal::ZERO {
        // The first of those that lack most; an account without weight gets nothing.
        let most = (0..shares.len())
            .filter(|at| !weights[*at].is_zero())
            .reduce(|best, at| if lacks[at] > lacks[best] { at } else { best });
        let Some(most) = most else { break };
        let more = left.min(step);
        shares[most] += more;
        lacks[most] -= more;
        left -= more;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// Fills one after the other, and what each account has after each.
    #[track_caller]
    fn check(weights: &[&str], fills: &[&str], expected: &[&[&str]]) {
        let weights: Vec<Decimal> = weights.iter().map(|weight| decimal(weight)).collect();
        let mut has = vec![Decimal::ZERO; weights.len()];
        for (fill, expected) in fills.iter().zip(expected) {
            let shares = spread(decimal(fill), Decimal::ONE, &weights, &has);
            assert_eq!(shares.iter().sum::<Decimal>(), decimal(fill));
            assert!(shares.iter().all(|share| *share >= Decimal::ZERO));
            has.iter_mut().zip(shares).for_each(|(has, share)| *has += share);
            assert_eq!(has, expected.iter().map(|text| decimal(text)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn fills_are_spread_so_that_the_whole_order_fits_the_weights() {
        check(&["1", "1"], &["100"], &[&["50", "50"]]);
        check(&["1", "1", "1"], &["100"], &[&["34", "33", "33"]]);
        check(&["1", "1"], &["1", "1", "1"], &[&["1", "0"], &["1", "1"], &["2", "1"]]);
        check(&["60", "40"], &["50", "50"], &[&["30", "20"], &["60", "40"]]);
        check(&["2", "1"], &["1", "1", "1"], &[&["1", "0"], &["1", "1"], &["2", "1"]]);
        check(&["1", "0"], &["10"], &[&["10", "0"]]);
    }

    #[test]
    fn groups_are_read_as_they_are_written() {
        let group = |name: &str, method, members: &[(&str, Option<&str>)]| AdvisorGroup {
            name: name.into(),
            method,
            members: members
                .iter()
                .map(|(account, amount)| GroupMember { account: (*account).into(), amount: amount.map(decimal) })
                .collect(),
        };
        let groups = vec![
            group("All & <some>", GroupMethod::NetLiquidation, &[("DU1", None), ("DU2", None)]),
            group("Shares", GroupMethod::ContractsOrShares, &[("DU1", Some("100.0")), ("DU2", Some("50"))]),
            group("Empty", GroupMethod::Equal, &[]),
        ];
        let known = |account: &str| account.starts_with("DU");
        assert_eq!(read_groups(&write_groups(&groups), known), Ok(groups));
        let by_hand = "<ListOfGroups><Group><name>Old</name><ListOfAccts varName=\"list\"><String>DU1</String>\
            </ListOfAccts><defaultMethod>EqualQuantity</defaultMethod></Group></ListOfGroups>";
        assert_eq!(read_groups(by_hand, known), Ok(vec![group("Old", GroupMethod::Equal, &[("DU1", None)])]));
        let aliases = BTreeMap::from([("DU1".to_owned(), "Anna".to_owned())]);
        let written = write_aliases([("DU1", "Anna")].into_iter());
        assert_eq!(read_aliases(&written, known), Ok(aliases));
    }

    #[test]
    fn what_is_wrong_with_groups_is_told() {
        let known = |account: &str| account == "DU1";
        let wrap = |inner: &str| format!("<ListOfGroups><Group>{inner}</Group></ListOfGroups>");
        let list = |inner: &str| wrap(&format!("<name>A</name><ListOfAccts>{inner}</ListOfAccts>"));
        let rows = [
            ("<List".to_owned(), BadGroups::NotXml),
            ("<Lists/>".to_owned(), BadGroups::WrongRoot("ListOfGroups")),
            (wrap(""), BadGroups::NoName),
            (wrap("<name>A</name></Group><Group><name>A</name>"), BadGroups::Twice("A".into())),
            (
                wrap("<name>A</name><defaultMethod>PctChange</defaultMethod>"),
                BadGroups::UnknownMethod { group: "A".into(), method: "PctChange".into() },
            ),
            (list("<String>DU9</String>"), BadGroups::UnknownAccount("DU9".into())),
            (
                list("<Account><acct>DU1</acct><amount>-1</amount></Account>"),
                BadGroups::BadAmount { group: "A".into(), amount: "-1".into() },
            ),
        ];
        for (xml, expected) in rows {
            assert_eq!(read_groups(&xml, known), Err(expected), "{xml}");
        }
    }
}
