//! [`AccountsFile`]: accounts, an advisor and the settings under "API", as a TOML file.
//!
//! ```toml
//! [settings]
//! master_client = 7                   # hears of everything
//! open_orders_at_start = "last"       # or "any-order", "never"
//! bound_ids = "negative"              # or "positive"
//! manual_execution_id = "zero"        # or "maximum"
//!
//! [[account]]
//! name = "DU1"
//! base_currency = "USD"               # the default
//! cash = { USD = 250000, EUR = "1000.50" }
//! positions = [{ instrument = "IBM", quantity = 100, average_price = "95.50" }]
//!
//! [[account]]
//! name = "DU2"                        # a million dollars
//!
//! [advisor]                           # leave it out for a login of one's own
//! account = "DF1"
//! aliases = { DU1 = "Anna" }
//! groups = [{ name = "Both", method = "Ratio", accounts = [{ account = "DU1", amount = 3 }, { account = "DU2", amount = 1 }] }]
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, de};
use tws_proto::ids::ClientId;

use crate::advisor::{AdvisorGroup, AdvisorSetup, GroupMember, GroupMethod};
use crate::amount;
use crate::core::{AccountSetup, OpeningPosition};
use crate::settings::{ApiSettings, BoundIds, ManualExecutionId, OpenOrdersAtStart};

/// Accounts, an advisor and the settings under "API".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountsFile {
    /// In the order of the file.
    pub accounts: Vec<AccountSetup>,
    /// What accounts hold at the start: account, instrument, position.
    pub positions: Vec<(String, String, OpeningPosition)>,
    /// The advisor, where the login is one's.
    pub advisor: Option<AdvisorSetup>,
    /// What is set under "API", where the file says it.
    pub settings: Option<ApiSettings>,
}

/// Why a file of accounts cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountsFileError {
    /// The file cannot be read. Check the path.
    #[error("cannot read the accounts file {}: {cause}", path.display())]
    Unreadable {
        /// Where it should be.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The text is not what such a file holds. The cause names line and field.
    #[error("the accounts file {} is not valid: {cause}", path.display())]
    Malformed {
        /// Where it is.
        path: PathBuf,
        /// What the parser says.
        cause: Box<toml::de::Error>,
    },
}

impl AccountsFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`AccountsFileError`] names the file and what is wrong.
    pub fn open(path: &Path) -> Result<Self, AccountsFileError> {
        let text = std::fs::read_to_string(path)
            .map_err(|cause| AccountsFileError::Unreadable { path: path.to_owned(), cause })?;
        Self::read(&text)
            .map_err(|cause| AccountsFileError::Malformed { path: path.to_owned(), cause: Box::new(cause) })
    }

    fn read(text: &str) -> Result<Self, toml::de::Error> {
        let Written { account, advisor, settings } = toml::from_str(text)?;
        let mut positions = Vec::new();
        let mut accounts = Vec::new();
        for written in account {
            for WrittenPosition { instrument, quantity, average_price } in written.positions {
                let position = OpeningPosition { quantity: quantity.0, average_price: average_price.0 };
                positions.push((written.name.clone(), instrument, position));
            }
            let base_currency = written.base_currency.unwrap_or_else(|| "USD".to_owned());
            let mut setup = AccountSetup { base_currency, ..AccountSetup::new(written.name) };
            if let Some(cash) = written.cash {
                let mut cash: BTreeMap<String, Decimal> =
                    cash.into_iter().map(|(currency, amount)| (currency, amount.0)).collect();
                setup.cash = cash.remove(&setup.base_currency).unwrap_or_default();
                setup.other_cash = cash;
            }
            accounts.push(setup);
        }
        let advisor = advisor.map(|WrittenAdvisor { account, aliases, groups }| AdvisorSetup {
            account,
            aliases,
            groups: groups.into_iter().map(WrittenGroup::group).collect(),
        });
        Ok(Self { accounts, positions, advisor, settings: settings.map(ApiSettings::from) })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    account: Vec<WrittenAccount>,
    advisor: Option<WrittenAdvisor>,
    settings: Option<WrittenSettings>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenAccount {
    name: String,
    base_currency: Option<String>,
    cash: Option<BTreeMap<String, Amount>>,
    #[serde(default)]
    positions: Vec<WrittenPosition>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPosition {
    instrument: String,
    quantity: Amount,
    average_price: Amount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenAdvisor {
    account: String,
    #[serde(default)]
    aliases: BTreeMap<String, String>,
    #[serde(default)]
    groups: Vec<WrittenGroup>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenGroup {
    name: String,
    #[serde(default)]
    method: Method,
    accounts: Vec<WrittenMember>,
}

impl WrittenGroup {
    fn group(self) -> AdvisorGroup {
        let member = |WrittenMember { account, amount }| GroupMember { account, amount: amount.map(|amount| amount.0) };
        let members = self.accounts.into_iter().map(member).collect();
        AdvisorGroup { name: self.name, method: self.method.0, members }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenMember {
    account: String,
    amount: Option<Amount>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSettings {
    master_client: Option<i32>,
    #[serde(default)]
    open_orders_at_start: OpenOrdersAtStart,
    #[serde(default)]
    bound_ids: BoundIds,
    #[serde(default)]
    manual_execution_id: ManualExecutionId,
}

impl From<WrittenSettings> for ApiSettings {
    fn from(written: WrittenSettings) -> Self {
        let WrittenSettings { master_client, open_orders_at_start, bound_ids, manual_execution_id } = written;
        let master_client = master_client.map(ClientId);
        Self { master_client, open_orders_at_start, bound_ids, manual_execution_id }
    }
}

/// An exact decimal, written as a number or as text.
#[derive(Deserialize)]
#[serde(transparent)]
struct Amount(#[serde(deserialize_with = "amount::required")] Decimal);

struct Method(GroupMethod);

impl Default for Method {
    fn default() -> Self {
        Self(GroupMethod::Equal)
    }
}

impl<'de> Deserialize<'de> for Method {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        let unknown = || de::Error::custom(format!("{word:?} is no method that is simulated"));
        GroupMethod::read(&word).map(Self).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
        [settings]
        master_client = 7
        open_orders_at_start = "any-order"
        bound_ids = "positive"
        manual_execution_id = "maximum"

        [[account]]
        name = "DU1"
        base_currency = "EUR"
        cash = { USD = 250000, EUR = "1000.50" }
        positions = [{ instrument = "IBM", quantity = -100, average_price = 95.5 }]

        [[account]]
        name = "DU2"

        [advisor]
        account = "DF1"
        aliases = { DU1 = "Anna" }
        groups = [
            { name = "Both", method = "Ratio", accounts = [{ account = "DU1", amount = 3 }, { account = "DU2", amount = 1 }] },
            { name = "One", accounts = [{ account = "DU2" }] },
        ]
    "#;

    #[test]
    fn a_file_says_all_that_a_builder_can() {
        let read = AccountsFile::read(WHOLE).unwrap();
        let euros = AccountSetup {
            base_currency: "EUR".into(),
            cash: Decimal::new(100_050, 2),
            other_cash: BTreeMap::from([("USD".into(), Decimal::from(250_000))]),
            ..AccountSetup::new("DU1")
        };
        let member = |account: &str, amount: i64| GroupMember { account: account.into(), amount: Some(amount.into()) };
        let members = vec![member("DU1", 3), member("DU2", 1)];
        let position = OpeningPosition { quantity: Decimal::from(-100), average_price: Decimal::new(955, 1) };
        let expected = AccountsFile {
            accounts: vec![euros, AccountSetup::new("DU2")],
            positions: vec![("DU1".into(), "IBM".into(), position)],
            advisor: Some(AdvisorSetup {
                account: "DF1".into(),
                aliases: BTreeMap::from([("DU1".into(), "Anna".into())]),
                groups: vec![
                    AdvisorGroup { name: "Both".into(), method: GroupMethod::Ratio, members },
                    AdvisorGroup::new("One", GroupMethod::Equal, ["DU2"]),
                ],
            }),
            settings: Some(ApiSettings {
                master_client: Some(ClientId(7)),
                open_orders_at_start: OpenOrdersAtStart::AnyOrder,
                bound_ids: BoundIds::Positive,
                manual_execution_id: ManualExecutionId::Maximum,
            }),
        };
        assert_eq!(read, expected);
    }

    #[track_caller]
    fn check(text: &str, fault: &str) {
        let error = AccountsFile::read(text).unwrap_err().to_string();
        assert!(error.contains(fault), "{error}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        check("[[account]]\nnaem = \"DU1\"", "unknown field `naem`");
        check("[[account]]\nname = \"DU1\"\ncash = { USD = \"much\" }", "\"much\" is not a decimal number");
        check("[settings]\nbound_ids = \"odd\"", "unknown variant `odd`");
        let group = "[advisor]\naccount = \"DF1\"\ngroups = [{ name = \"A\", method = \"PctChange\", accounts = [] }]";
        check(group, "\"PctChange\" is no method that is simulated");
    }
}
