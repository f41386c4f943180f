//! Accounts, positions, profit.

use tws_proto::ids::ContractId;
use tws_proto::kinds::AccountTag;
use tws_proto::message::{
    AccountSummary, FamilyCode, ModelPosition, ModelValue, Position, PositionProfit, Profit, RequestAccountSummary,
    RequestAccountUpdates, RequestFamilyCodes, RequestManagedAccounts, RequestModelPositions, RequestModelValues,
    RequestPositionProfit, RequestPositions, RequestProfit, RequestSoftDollarTiers, RequestUserInfo,
};
use tws_proto::order::SoftDollarTier;

use super::Client;
use crate::error::RequestError;
use crate::feed::{AccountUpdate, ModelPositionUpdate, ModelValueUpdate, PositionUpdate, SummaryUpdate};
use crate::request::AccountState;
use crate::stream::Subscription;

impl Client {
    /// The accounts of the login (`REQ_MANAGED_ACCTS`). Also told at every start, in
    /// [`State::accounts`](crate::State::accounts).
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn accounts(&self) -> Result<Vec<String>, RequestError> {
        self.request(RequestManagedAccounts {}).await
    }

    /// Values of every account, once (`REQ_ACCOUNT_SUMMARY`, ended by `ACCOUNT_SUMMARY_END`, then cancelled): of which tags;
    /// [`AccountTag::Ledger`] asks for values by currency. One request at a time is under way, since TWS takes two at most.
    ///
    /// # Errors
    /// [`RequestError::Rejected`] with code 321 for tags that are none and 322 where other clients use up the two; else as for
    /// every request.
    pub async fn account_summary(&self, tags: &[AccountTag]) -> Result<Vec<AccountSummary>, RequestError> {
        self.request(summary_of("All", tags)).await
    }

    /// Values of the accounts of a group, `All` for every account, and every three minutes those that changed
    /// (`REQ_ACCOUNT_SUMMARY`, `CANCEL_ACCOUNT_SUMMARY` when dropped).
    ///
    /// # Errors
    /// As for [`Client::subscribe`].
    pub fn account_summary_updates(
        &self,
        group: &str,
        tags: &[AccountTag],
    ) -> Result<Subscription<SummaryUpdate>, RequestError> {
        self.subscribe(summary_of(group, tags))
    }

    /// Every position of the login, each once (`REQ_POSITIONS`, ended by `POSITION_END`, then cancelled). At most 50 accounts;
    /// [`Client::model_positions`] has no such limit.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn positions(&self) -> Result<Vec<Position>, RequestError> {
        self.request(RequestPositions {}).await
    }

    /// Every position of the login, then each change of one (`REQ_POSITIONS`, `CANCEL_POSITIONS` when dropped).
    ///
    /// # Errors
    /// [`RequestError::Taken`] where this client has such a stream already; else as for [`Client::subscribe`].
    pub fn position_updates(&self) -> Result<Subscription<PositionUpdate>, RequestError> {
        self.subscribe(RequestPositions {})
    }

    /// One account, its values and its portfolio, once (`REQ_ACCT_DATA`, ended by `ACCT_DOWNLOAD_END`, then unsubscribed).
    /// An empty name is the only account of the login.
    ///
    /// # Errors
    /// [`RequestError::Taken`] while [`Client::account_updates`] watches an account; [`RequestError::Rejected`] with code 2101
    /// while another client watches another account, and with code 321 for an account that is not of this login, or [`RequestError::TimedOut`] where other requests without an id are under
    /// way, since that error names none; else as for every request.
    pub async fn account(&self, account: &str) -> Result<AccountState, RequestError> {
        self.request(RequestAccountUpdates { subscribe: true, account: account.to_owned() }).await
    }

    /// One account, its values and its portfolio, then what changes: values every three minutes, positions as they change
    /// (`REQ_ACCT_DATA`, unsubscribed when dropped). TWS shows one account at a time to a client: the stream ends with code
    /// 2101 where it is refused, and with code 2100 where TWS has turned to another account.
    ///
    /// # Errors
    /// [`RequestError::Taken`] where this client watches an account already; else as for [`Client::subscribe`].
    pub fn account_updates(&self, account: &str) -> Result<Subscription<AccountUpdate>, RequestError> {
        self.subscribe(RequestAccountUpdates { subscribe: true, account: account.to_owned() })
    }

    /// Positions of one account or model, once (`REQ_POSITIONS_MULTI`, ended by `POSITION_MULTI_END`, then cancelled). An
    /// empty model is the whole account.
    ///
    /// # Errors
    /// [`RequestError::Rejected`] with code 321 for an account that is not of this login; else as for every request.
    pub async fn model_positions(&self, account: &str, model: &str) -> Result<Vec<ModelPosition>, RequestError> {
        self.request(positions_of(account, model)).await
    }

    /// Positions of one account or model, then each change of one (`REQ_POSITIONS_MULTI`, `CANCEL_POSITIONS_MULTI` when
    /// dropped).
    ///
    /// # Errors
    /// As for [`Client::subscribe`].
    pub fn model_position_updates(
        &self,
        account: &str,
        model: &str,
    ) -> Result<Subscription<ModelPositionUpdate>, RequestError> {
        self.subscribe(positions_of(account, model))
    }

    /// Values of one account or model, once (`REQ_ACCOUNT_UPDATES_MULTI`, ended by `ACCOUNT_UPDATE_MULTI_END`, then
    /// cancelled). An empty model is the whole account.
    ///
    /// # Errors
    /// [`RequestError::Rejected`] with code 321 for an account that is not of this login; else as for every request.
    pub async fn model_values(&self, account: &str, model: &str) -> Result<Vec<ModelValue>, RequestError> {
        self.request(values_of(account, model)).await
    }

    /// Values of one account or model, then what changes (`REQ_ACCOUNT_UPDATES_MULTI`, `CANCEL_ACCOUNT_UPDATES_MULTI` when
    /// dropped).
    ///
    /// # Errors
    /// As for [`Client::subscribe`].
    pub fn model_value_updates(
        &self,
        account: &str,
        model: &str,
    ) -> Result<Subscription<ModelValueUpdate>, RequestError> {
        self.subscribe(values_of(account, model))
    }

    /// Profit of one account or model, about once a second (`REQ_PNL`, `CANCEL_PNL` when dropped).
    ///
    /// # Errors
    /// As for [`Client::subscribe`].
    pub fn profit(&self, account: &str, model: &str) -> Result<Subscription<Profit>, RequestError> {
        let (account, model_code) = (account.to_owned(), model.to_owned());
        self.subscribe(RequestProfit { account, model_code, ..Default::default() })
    }

    /// Profit of one position, about once a second (`REQ_PNL_SINGLE`, `CANCEL_PNL_SINGLE` when dropped).
    ///
    /// # Errors
    /// As for [`Client::subscribe`].
    pub fn position_profit(
        &self,
        account: &str,
        model: &str,
        contract_id: ContractId,
    ) -> Result<Subscription<Box<PositionProfit>>, RequestError> {
        let (account, model_code) = (account.to_owned(), model.to_owned());
        let contract_id = Some(contract_id);
        self.subscribe(RequestPositionProfit { account, model_code, contract_id, ..Default::default() })
    }

    /// Which accounts belong together (`REQ_FAMILY_CODES`).
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn family_codes(&self) -> Result<Vec<FamilyCode>, RequestError> {
        self.request(RequestFamilyCodes {}).await
    }

    /// Tiers that orders may name (`REQ_SOFT_DOLLAR_TIERS`); none for most logins.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn soft_dollar_tiers(&self) -> Result<Vec<SoftDollarTier>, RequestError> {
        self.request(RequestSoftDollarTiers::default()).await
    }

    /// The id of the white branding (`REQ_USER_INFO`), empty for most logins.
    ///
    /// # Errors
    /// [`RequestError`], as for every request.
    pub async fn white_branding_id(&self) -> Result<String, RequestError> {
        self.request(RequestUserInfo::default()).await
    }
}

fn summary_of(group: &str, tags: &[AccountTag]) -> RequestAccountSummary {
    let tags = tags.iter().cloned().collect();
    RequestAccountSummary { group: group.to_owned(), tags, ..Default::default() }
}

fn positions_of(account: &str, model: &str) -> RequestModelPositions {
    RequestModelPositions { account: account.to_owned(), model_code: model.to_owned(), ..Default::default() }
}

fn values_of(account: &str, model: &str) -> RequestModelValues {
    RequestModelValues { account: account.to_owned(), model_code: model.to_owned(), ..Default::default() }
}
