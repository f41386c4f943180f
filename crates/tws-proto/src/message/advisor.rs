//! What financial advisors set up: groups and names of accounts.

use crate::body::body;
use crate::error::Result;
use crate::ids::RequestId;
use crate::kinds::AdvisorDataKind;
use crate::version::ServerVersion as V;
use crate::wire::{Tag, Wire};

body! {
    /// Asks for an advisor's setup. `REQ_FA`, method `requestFA`. Answered by [`AdvisorData`].
    RequestAdvisorData, version "1" {
        /// Which part of it. Profiles are refused, as they are gone since server version 177.
        without_profiles 1 "faData" "faDataType" kind: Option<AdvisorDataKind>,
    }

    /// An advisor's setup. `RECEIVE_FA`, callback `receiveFA`.
    AdvisorData, version "1" {
        /// Which part of it.
        1 "faData" "faDataType" kind: Option<AdvisorDataKind>,
        /// An XML document.
        escaped 2 "cxml" "xml" xml: String,
    }

    /// Changes an advisor's setup. `REPLACE_FA`, method `replaceFA`. Answered by [`AdvisorDataReplaced`].
    ReplaceAdvisorData, version "1" {
        /// Which part of it. Profiles are refused, as they are gone since server version 177.
        without_profiles 2 "faData" "faDataType" kind: Option<AdvisorDataKind>,
        /// An XML document.
        3 "cxml" "xml" xml: String,
        1 "reqId" request_id: RequestId,
    }

    /// An advisor's setup was changed. `REPLACE_FA_END`, callback `replaceFAEnd`.
    AdvisorDataReplaced {
        1 "reqId" request_id: RequestId,
        /// For people.
        2 "text" text: String,
    }
}

impl Wire<'_> {
    /// Profiles are gone from both forms: who asks for them has forgotten that.
    fn without_profiles(&mut self, tag: &'static Tag, kind: &mut Option<AdvisorDataKind>) -> Result<()> {
        if self.since(V::FA_PROFILE_DESUPPORT) {
            self.until(V::FA_PROFILE_DESUPPORT, tag, &mut (*kind == Some(AdvisorDataKind::Profiles)))?;
        }
        self.maxed(tag, kind)
    }
}
