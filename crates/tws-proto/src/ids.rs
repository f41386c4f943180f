//! The numbers that name things, one type each, so that no two can be swapped.

use crate::declare::newtype;

newtype! {
    /// Names an order within one client id; chosen by the client, never used twice. Wire name `orderId`.
    OrderId(i32);
    /// Names a request within one connection; chosen by the client. Wire name `reqId` or `tickerId`.
    RequestId(i32);
    /// Names an order for good, chosen by IB; 0 until IB has it. Wire name `permId`.
    PermanentId(i64);
    /// Names one API client of a TWS. Wire name `clientId`.
    ClientId(i32);
    /// Names a contract at IB; 0 where it is not known. Wire name `conId`.
    ContractId(i32);
}

impl PermanentId {
    /// The id, or `None` while IB has not given one.
    #[must_use]
    pub const fn known(self) -> Option<Self> {
        if self.0 == 0 { None } else { Some(self) }
    }
}

impl ContractId {
    /// The id, or `None` where it is not known.
    #[must_use]
    pub const fn known(self) -> Option<Self> {
        if self.0 == 0 { None } else { Some(self) }
    }
}

/// Splits an execution id of IB into its key and its revision, which stands behind the last dot.
/// An id without a number there is all key, at revision 0.
///
/// ```
/// use tws_proto::ids::split_execution_id;
/// assert_eq!(split_execution_id("0000e0d5.65f0c6b4.01.02"), ("0000e0d5.65f0c6b4.01", 2));
/// assert_eq!(split_execution_id("odd"), ("odd", 0));
/// ```
#[must_use]
pub fn split_execution_id(execution_id: &str) -> (&str, u32) {
    let split = execution_id.rsplit_once('.').and_then(|(key, revision)| {
        let digits = !key.is_empty() && revision.bytes().all(|byte| byte.is_ascii_digit());
        if digits { Some((key, revision.parse().ok()?)) } else { None }
    });
    split.unwrap_or((execution_id, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_segment_is_the_revision() {
        let rows = [
            ("0000e0d5.65f0c6b4.01.01", ("0000e0d5.65f0c6b4.01", 1)),
            ("0000e0d5.65f0c6b4.01.01.12", ("0000e0d5.65f0c6b4.01.01", 12)),
            ("a.01", ("a", 1)),
            ("a.", ("a.", 0)),
            (".1", (".1", 0)),
            ("a.+1", ("a.+1", 0)),
            ("a.99999999999", ("a.99999999999", 0)),
            ("", ("", 0)),
        ];
        for (id, expected) in rows {
            assert_eq!(split_execution_id(id), expected, "{id}");
        }
    }
}
