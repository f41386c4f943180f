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
