//! Display groups: windows of TWS that show the same contract.

use crate::body::body;
use crate::ids::RequestId;

body! {
    /// Asks which groups there are. `QUERY_DISPLAY_GROUPS`, method `queryDisplayGroups`. Answered by [`DisplayGroups`].
    QueryDisplayGroups, version "1" {
        1 "reqId" request_id: RequestId,
    }

    /// Which groups there are. `DISPLAY_GROUP_LIST`, callback `displayGroupList`.
    DisplayGroups, version "1" {
        1 "reqId" request_id: RequestId,
        /// Numbers separated by `|`, the most used first.
        escaped 2 "groups" groups: String,
    }

    /// Asks which contract a group shows. `SUBSCRIBE_TO_GROUP_EVENTS`, method `subscribeToGroupEvents`.
    /// Answered by [`DisplayGroupUpdated`] until [`UnsubscribeFromGroup`].
    SubscribeToGroup, version "1" {
        1 "reqId" request_id: RequestId,
        maxed 2 "groupId" group: Option<i32>,
    }

    /// Lets a group show another contract. `UPDATE_DISPLAY_GROUP`, method `updateDisplayGroup`.
    UpdateDisplayGroup, version "1" {
        1 "reqId" request_id: RequestId,
        /// `conId@exchange`, `none` or `combo`.
        2 "contractInfo" contract: String,
    }

    /// Which contract a group shows. `DISPLAY_GROUP_UPDATED`, callback `displayGroupUpdated`.
    DisplayGroupUpdated, version "1" {
        1 "reqId" request_id: RequestId,
        /// `conId@exchange`, `none` or `combo`.
        escaped 2 "contractInfo" contract: String,
    }

    /// Ends the stream of a group. `UNSUBSCRIBE_FROM_GROUP_EVENTS`, method `unsubscribeFromGroupEvents`.
    UnsubscribeFromGroup, version "1" {
        1 "reqId" request_id: RequestId,
    }
}
