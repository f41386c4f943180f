//! What comes thousands of times a second allocates nothing.

use bytes::BytesMut;
use rust_decimal::Decimal;
use tws_proto::ids::RequestId;
use tws_proto::kinds::TickKind;
use tws_proto::message::{Decoded, Message, TickAttributes, TickGeneric, TickPrice, TickSize};
use tws_proto::{Missing, ServerMessage, ServerVersion};

/// Reads `message` back in both forms, and counts what that allocates.
#[track_caller]
fn check(message: impl Into<ServerMessage>) {
    let message = message.into();
    for version in [ServerVersion::OLDEST, ServerVersion(187), ServerVersion(201), ServerVersion::NEWEST] {
        let mut frame = BytesMut::new();
        message.clone().write(version, Missing::Refuse, &mut frame).unwrap();
        let mut read = None;
        let counted = allocation_counter::measure(|| read = Some(ServerMessage::read(&frame[4..], version)));
        assert_eq!(read, Some(Ok(Decoded { message: message.clone(), trailing_fields: 0 })));
        assert_eq!(counted.count_total, 0, "allocations at {version} for {message:?}");
    }
}

#[test]
fn ticks_are_read_without_an_allocation() {
    let request_id = RequestId(1002);
    let attributes = Some(TickAttributes(1));
    for (price, size) in [("184.55", "300"), ("-1", "0"), ("1.234567", "1234567.5"), ("123456789.0125", "9999999999")] {
        let (price, size) = (price.parse().ok(), size.parse().ok());
        check(TickPrice { request_id, kind: TickKind::Bid, price, size, attributes });
        check(TickSize { request_id, kind: TickKind::BidSize, size });
    }
    check(TickPrice { request_id, kind: TickKind::Last, price: None, size: None, attributes });
    check(TickGeneric { request_id, kind: TickKind::Shortable, value: Some(Decimal::new(25, 1)) });
}
