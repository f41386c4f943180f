//! Display groups: windows of TWS that show the same contract.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::ids::RequestId;
use crate::wire::{Layout, Wire, layout};

/// Asks which groups there are. `QUERY_DISPLAY_GROUPS`, method `queryDisplayGroups`. Answered by [`DisplayGroups`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryDisplayGroups {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(QueryDisplayGroups, version "1" { 1 request_id });

/// Which groups there are. `DISPLAY_GROUP_LIST`, callback `displayGroupList`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisplayGroups {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Numbers separated by `|`, the most used first. Wire name `groups`.
    pub groups: String,
}
layout!(DisplayGroups, version "1" { 1 request_id, escaped 2 groups });

/// Asks which contract a group shows. `SUBSCRIBE_TO_GROUP_EVENTS`, method `subscribeToGroupEvents`.
/// Answered by [`DisplayGroupUpdated`] until [`UnsubscribeFromGroup`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscribeToGroup {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// Wire name `groupId`.
    pub group: Option<i32>,
}
layout!(SubscribeToGroup, version "1" { 1 request_id, maxed 2 group });

/// Lets a group show another contract. `UPDATE_DISPLAY_GROUP`, method `updateDisplayGroup`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateDisplayGroup {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// `conId@exchange`, `none` or `combo`. Wire name `contractInfo`.
    pub contract: String,
}
layout!(UpdateDisplayGroup, version "1" { 1 request_id, 2 contract });

/// Which contract a group shows. `DISPLAY_GROUP_UPDATED`, callback `displayGroupUpdated`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisplayGroupUpdated {
    /// Wire name `reqId`.
    pub request_id: RequestId,
    /// `conId@exchange`, `none` or `combo`. Wire name `contractInfo`.
    pub contract: String,
}
layout!(DisplayGroupUpdated, version "1" { 1 request_id, escaped 2 contract });

/// Ends the stream of a group. `UNSUBSCRIBE_FROM_GROUP_EVENTS`, method `unsubscribeFromGroupEvents`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnsubscribeFromGroup {
    /// Wire name `reqId`.
    pub request_id: RequestId,
}
layout!(UnsubscribeFromGroup, version "1" { 1 request_id });
