//! A financial advisor's login: groups and names of accounts, and fills that are spread over a group.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use tws_proto::Order;
use tws_proto::ids::RequestId;
use tws_proto::kinds::{AdvisorDataKind, AllocationMethod};
use tws_proto::message::{AdvisorData, AdvisorDataReplaced, ReplaceAdvisorData, RequestAdvisorData};

use super::Core;
use crate::advisor::{self, AdvisorGroup, AdvisorSetup, BadGroups, GroupMethod};
use crate::books::{Fill, Worth};
use crate::commission::MONEY_DIGITS;
use crate::orders::OrderKey;
use crate::session::SessionId;
use crate::validation::Refusal;

/// The largest document that is taken: groups of some thousand accounts.
const XML_BYTES_MAX: usize = 1 << 20;

/// What the simulator remembers of an advisor.
#[derive(Debug)]
pub(crate) struct AdvisorDesk {
    setup: AdvisorSetup,
    /// What each account got of orders that are not done.
    allocated: BTreeMap<OrderKey, BTreeMap<String, Decimal>>,
}

impl AdvisorDesk {
    pub(crate) fn new(setup: AdvisorSetup) -> Self {
        Self { setup, allocated: BTreeMap::new() }
    }

    pub(crate) fn account(&self) -> &str {
        &self.setup.account
    }

    fn group(&self, name: &str) -> Option<&AdvisorGroup> {
        self.setup.groups.iter().find(|group| group.name == name)
    }

    /// Forgets what is known of orders that are done.
    pub(super) fn keep(&mut self, lives: impl Fn(OrderKey) -> bool) {
        self.allocated.retain(|key, _| lives(*key));
    }
}

impl Core {
    pub(super) fn send_advisor_data(&mut self, session: SessionId, request: &RequestAdvisorData) {
        let xml = match self.advisor_xml(request.kind) {
            Ok(xml) => xml,
            Err(cause) => return self.refuse_advisor_data(session, -1, cause),
        };
        self.outbox.send(session, AdvisorData { kind: request.kind, xml });
    }

    pub(super) fn replace_advisor_data(&mut self, session: SessionId, request: &ReplaceAdvisorData) {
        let id = request.request_id;
        match self.take_advisor_xml(request) {
            Ok(()) => self.outbox.send(session, AdvisorDataReplaced { request_id: id, text: "success".to_owned() }),
            Err(cause) => self.refuse_advisor_data(session, id.0, &cause),
        }
    }

    /// The accounts of an advisor's group, or all: `All`, or the advisor's own.
    pub(super) fn accounts_of_group(&self, name: &str) -> Option<BTreeSet<String>> {
        let advisor = self.advisor.as_ref();
        if name.is_empty()
            || name.eq_ignore_ascii_case("All")
            || advisor.is_some_and(|advisor| advisor.account() == name)
        {
            return Some(self.books.accounts().map(|account| account.name.clone()).collect());
        }
        let group = advisor?.group(name)?;
        Some(group.members.iter().map(|member| member.account.clone()).collect())
    }

    /// The account an order is for: its own, the only one, or the advisor's where it names a group.
    pub(super) fn account_for(&self, order: &Order) -> Result<String, Refusal> {
        let account = order.account.as_str();
        let validation =
            |cause: String| Refusal::invalid(321, format!("Error validating request.-'bN' : cause - {cause}"));
        if !order.advisor_group.is_empty() {
            let Some(advisor) = &self.advisor else {
                return Err(validation("Only Financial Advisors can place orders for groups.".to_owned()));
            };
            if !account.is_empty() && account != advisor.account() {
                return Err(validation("An order for a group must not name another account.".to_owned()));
            }
            let Some(group) = advisor.group(&order.advisor_group) else {
                return Err(validation(format!("Invalid FA group '{}'.", order.advisor_group)));
            };
            if group.members.is_empty() {
                return Err(validation(format!("The FA group '{}' has no accounts.", group.name)));
            }
            if let Some(method) = order.advisor_method.as_ref().filter(|method| method_of(Some(method)).is_none()) {
                let method = method.as_str();
                return Err(Refusal::Rejected(format!("the simulator cannot execute faMethod {method} honestly")));
            }
            return Ok(advisor.account().to_owned());
        }
        if account.is_empty() {
            return match self.accounts.as_slice() {
                [only] => Ok(only.name.clone()),
                _ => Err(Refusal::invalid(435, "You must specify an account.")),
            };
        }
        if self.books.account(account).is_none() {
            return Err(validation(format!("Invalid account code '{account}'.")));
        }
        Ok(account.to_owned())
    }

    /// The accounts that an order trades for: its own, or those of its group.
    pub(super) fn owners(&self, order: &Order) -> BTreeSet<String> {
        let group = self.advisor.as_ref().filter(|advisor| advisor.account() == order.account);
        let members = group.and_then(|_| self.accounts_of_group(&order.advisor_group));
        members.unwrap_or_else(|| BTreeSet::from([order.account.clone()]))
    }

    /// What the accounts are worth together that an order trades for.
    pub(super) fn worth_of_owners(&self, order: &Order) -> Worth {
        let mut sum = Worth::default();
        for worth in self.owners(order).iter().map(|account| self.worth(account)) {
            sum.net_liquidation += worth.net_liquidation;
            sum.initial_margin += worth.initial_margin;
            sum.maintenance_margin += worth.maintenance_margin;
        }
        sum
    }

    /// Whether a fill is the advisor's own: then its parts are booked, account by account, and it costs what they cost.
    pub(super) fn is_of_group(&self, fill: &Fill) -> bool {
        self.advisor.as_ref().is_some_and(|advisor| advisor.account() == fill.account)
    }

    /// Spreads a fill over the accounts of its order's group, books the parts and tells them.
    pub(super) fn allocate(&mut self, key: OrderKey, fill: &Fill) {
        let Some(order) = self.desk.get(key).map(|record| &record.order) else { return };
        let Some(group) = self.advisor.as_ref().and_then(|advisor| advisor.group(&order.advisor_group)) else { return };
        let method = method_of(order.advisor_method.as_ref()).unwrap_or(group.method);
        let accounts: Vec<String> = group.members.iter().map(|member| member.account.clone()).collect();
        let weights: Vec<Decimal> =
            group.members.iter().map(|member| self.weight(method, &member.account, member.amount)).collect();
        // Where nobody has a share, all have the same.
        let none = weights.iter().all(Decimal::is_zero);
        let weights = if none { vec![Decimal::ONE; weights.len()] } else { weights };
        let is_done = self.desk.get(key).is_none_or(|record| record.remaining().is_zero());
        let Some(step) = self.catalogue.by_id(fill.contract).map(|instrument| instrument.size_increment) else {
            return;
        };
        let Some(advisor) = &mut self.advisor else { return };
        let got = advisor.allocated.entry(key).or_default();
        let before: Vec<Decimal> =
            accounts.iter().map(|account| got.get(account).copied().unwrap_or_default()).collect();
        let shares = advisor::spread(fill.quantity, step, &weights, &before);
        for (account, share) in accounts.iter().zip(&shares) {
            *got.entry(account.clone()).or_default() += *share;
        }
        let totals: Vec<Decimal> = before.iter().zip(&shares).map(|(before, share)| before + share).collect();
        if is_done {
            advisor.allocated.remove(&key);
        }
        let mut left = (fill.quantity, fill.commission);
        for ((account, share), total) in accounts.into_iter().zip(shares).zip(totals) {
            if share.is_zero() {
                continue;
            }
            // The last one pays what rounding left over, so that the parts add up.
            left.0 -= share;
            let commission = if left.0.is_zero() {
                left.1
            } else {
                (fill.commission * share / fill.quantity).round_dp(MONEY_DIGITS)
            };
            left.1 -= commission;
            let execution_id = self.fresh_execution_id();
            let part = Fill { execution_id, account, quantity: share, cumulative: total, commission, ..fill.clone() };
            self.book_part(key, part);
        }
    }

    fn book_part(&mut self, key: OrderKey, part: Fill) {
        let Some(instrument) = self.catalogue.by_id(part.contract) else { return };
        let Some(part) = self.books.book(part, instrument).cloned() else { return };
        for session in self.hearers_of_fills(key) {
            self.send_execution(session, RequestId(-1), &part);
            self.send_commission(session, &part);
        }
        self.tell_position(&part.account, part.contract);
        self.open_rates_for(&part);
    }

    fn weight(&self, method: GroupMethod, account: &str, amount: Option<Decimal>) -> Decimal {
        let worth = || self.worth(account);
        let weight = match method {
            GroupMethod::Equal => Decimal::ONE,
            GroupMethod::NetLiquidation => worth().net_liquidation,
            GroupMethod::AvailableEquity => {
                let worth = worth();
                worth.net_liquidation - worth.initial_margin
            }
            GroupMethod::Percent
            | GroupMethod::Ratio
            | GroupMethod::ContractsOrShares
            | GroupMethod::MonetaryAmount => amount.unwrap_or_default(),
        };
        weight.max(Decimal::ZERO)
    }

    fn advisor_xml(&self, kind: Option<AdvisorDataKind>) -> Result<String, &'static str> {
        let Some(advisor) = &self.advisor else { return Err(NO_ADVISOR) };
        match kind {
            Some(AdvisorDataKind::Groups) => Ok(advisor::write_groups(&advisor.setup.groups)),
            Some(AdvisorDataKind::Aliases) => {
                let names =
                    std::iter::once(advisor.account()).chain(self.accounts.iter().map(|account| account.name.as_str()));
                let alias = |account| advisor.setup.aliases.get(account).map_or(account, String::as_str);
                Ok(advisor::write_aliases(names.map(|account| (account, alias(account)))))
            }
            Some(AdvisorDataKind::Profiles) => Err(NO_PROFILES),
            Some(AdvisorDataKind::Other(_)) | None => Err("Invalid FA data type"),
        }
    }

    fn take_advisor_xml(&mut self, request: &ReplaceAdvisorData) -> Result<(), String> {
        let Some(advisor) = &mut self.advisor else { return Err(NO_ADVISOR.to_owned()) };
        if request.xml.len() > XML_BYTES_MAX {
            return Err("The XML document is too long".to_owned());
        }
        let accounts: BTreeSet<&str> = self.accounts.iter().map(|account| account.name.as_str()).collect();
        let text = |bad: BadGroups| bad.to_string();
        match request.kind {
            Some(AdvisorDataKind::Groups) => {
                let is_account = |account: &str| accounts.contains(account);
                advisor.setup.groups = advisor::read_groups(&request.xml, is_account).map_err(text)?;
            }
            Some(AdvisorDataKind::Aliases) => {
                let own = advisor.setup.account.clone();
                let is_account = |account: &str| accounts.contains(account) || account == own;
                advisor.setup.aliases = advisor::read_aliases(&request.xml, is_account).map_err(text)?;
            }
            Some(AdvisorDataKind::Profiles) => return Err(NO_PROFILES.to_owned()),
            Some(AdvisorDataKind::Other(_)) | None => return Err("Invalid FA data type".to_owned()),
        }
        Ok(())
    }

    fn refuse_advisor_data(&mut self, session: SessionId, id: i32, cause: &str) {
        self.outbox.notice(session, id, 321, format!("Error validating request.-'bO' : cause - {cause}"));
    }
}

const NO_ADVISOR: &str = "FA data operations ignored for non FA customers.";
const NO_PROFILES: &str = "FA profiles are not supported any more: use groups.";

/// The method an order asks for; what it leaves open and what is not simulated is `None`.
fn method_of(asked: Option<&AllocationMethod>) -> Option<GroupMethod> {
    GroupMethod::read(asked?.as_str())
}
