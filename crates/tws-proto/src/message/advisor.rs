//! What financial advisors set up: groups and names of accounts.

use serde::{Deserialize, Serialize};

use crate::body::body;
use crate::error::Result;
use crate::ids::RequestId;
use crate::kinds::AdvisorDataKind;
use crate::version::ServerVersion as V;
use crate::wire::{Layout, Wire, layout};

/// Asks for an advisor's setup. `REQ_FA`, method `requestFA`. Answered by [`AdvisorData`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestAdvisorData {
    /// Which part of it. Wire name `faData`, `faDataType`.
    pub kind: Option<AdvisorDataKind>,
}

impl Layout for RequestAdvisorData {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { kind } = self;
        without_profiles(*kind, w)?;
        w.constant("1")?;
        layout!(w; maxed 1 kind);
        Ok(())
    }
}

/// Profiles are gone since server version 177, from the protobuf form too: who asks for them has forgotten that.
fn without_profiles(asked: Option<AdvisorDataKind>, w: &mut Wire<'_>) -> Result<()> {
    let mut is_profiles = asked == Some(AdvisorDataKind::Profiles);
    let kind = &mut is_profiles;
    if w.since(V::FA_PROFILE_DESUPPORT) {
        layout!(w; until(V::FA_PROFILE_DESUPPORT) 0 kind);
    }
    Ok(())
}

body! {
    /// An advisor's setup. `RECEIVE_FA`, callback `receiveFA`.
    AdvisorData, version "1" {
        /// Which part of it.
        1 "faData" "faDataType" kind: Option<AdvisorDataKind>,
        /// An XML document.
        escaped 2 "cxml" "xml" xml: String,
    }
}

/// Changes an advisor's setup. `REPLACE_FA`, method `replaceFA`. Answered by [`AdvisorDataReplaced`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplaceAdvisorData {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Which part of it. Wire name `faData`, `faDataType`.
    pub kind: Option<AdvisorDataKind>,
    /// An XML document. Wire name `cxml`, `xml`.
    pub xml: String,
}

impl Layout for ReplaceAdvisorData {
    fn layout(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let Self { request_id, kind, xml } = self;
        without_profiles(*kind, w)?;
        w.constant("1")?;
        layout!(w; maxed 2 kind, 3 xml, 1 request_id);
        Ok(())
    }
}

body! {
    /// An advisor's setup was changed. `REPLACE_FA_END`, callback `replaceFAEnd`.
    AdvisorDataReplaced {
        1 "reqId" request_id: RequestId,
        /// For people.
        2 "text" text: String,
    }
}
