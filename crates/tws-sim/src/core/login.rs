//! What a login has beside accounts: families, tiers, branding, settings; and proofs of identity, which are never accepted.

use tws_proto::ids::RequestId;
use tws_proto::message::{
    FamilyCode, FamilyCodes, SetServerLogLevel, SoftDollarTiers, UserInfo, Verdict, VerifyAndAuthorizeCompleted,
    VerifyCompleted,
};

use super::Core;
use crate::session::SessionId;

/// Why a program is not the one that IB has certified.
const NOT_CERTIFIED: &str = "This API program is not certified";

impl Core {
    /// One family code for all accounts of an advisor, none for a login of its own.
    pub(super) fn send_family_codes(&mut self, session: SessionId) {
        let advisor = self.advisor.iter().map(|advisor| advisor.account());
        let accounts: Vec<&str> = advisor.chain(self.books.accounts().map(|account| account.name.as_str())).collect();
        let family = match accounts.as_slice() {
            [first, _, ..] => format!("{first}A"),
            _ => String::new(),
        };
        let code = |account: &&str| FamilyCode { account: (*account).to_owned(), code: family.clone() };
        let codes = accounts.iter().map(code).collect();
        self.outbox.send(session, FamilyCodes { codes });
    }

    /// A paper login has no soft dollars.
    pub(super) fn send_soft_dollar_tiers(&mut self, session: SessionId, request_id: RequestId) {
        self.outbox.send(session, SoftDollarTiers { request_id, tiers: Vec::new() });
    }

    /// A login at IB itself has no other brand.
    pub(super) fn send_user_info(&mut self, session: SessionId, request_id: RequestId) {
        self.outbox.send(session, UserInfo { request_id, white_branding_id: String::new() });
    }

    /// TWS sets it without a word.
    pub(super) fn set_log_level(&mut self, session: SessionId, request: &SetServerLogLevel) {
        if let Some(this) = self.sessions.get_mut(&session) {
            this.reference.log_level = Some(request.level);
        }
    }

    /// No program is certified for the simulator.
    pub(super) fn refuse_proof(&mut self, session: SessionId) {
        let completed = VerifyCompleted { is_successful: Verdict(false), error: NOT_CERTIFIED.to_owned() };
        self.outbox.send(session, completed);
    }

    /// The same, for proofs with a key.
    pub(super) fn refuse_key(&mut self, session: SessionId) {
        let completed = VerifyAndAuthorizeCompleted { is_successful: Verdict(false), error: NOT_CERTIFIED.to_owned() };
        self.outbox.send(session, completed);
    }
}
