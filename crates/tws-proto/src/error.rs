//! What can be wrong with a frame or a message, and whose fault it is.

use std::fmt;

use crate::version::ServerVersion;

/// A frame that could not be read. Only this frame is lost: the stream stays in step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bad frame: {message}{}{field}: {fault}", if field.is_empty() { "" } else { "." })]
pub struct BadFrame {
    /// Wire name of the message, or `frame` where not even the id could be read.
    pub message: &'static str,
    /// The field at fault; empty where the fault is the frame's own.
    pub field: &'static str,
    /// What is wrong with it.
    pub fault: Fault,
}

/// A message that cannot be sent as it stands. Nothing was written; the caller may change it and try again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("refused to send {message}{}{field} at server version {version}: {fault}", if field.is_empty() { "" } else { "." })]
pub struct Refused {
    /// Wire name of the message.
    pub message: &'static str,
    /// The field at fault; empty where the message as a whole cannot travel.
    pub field: &'static str,
    /// Version that was negotiated with the peer.
    pub version: ServerVersion,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with one field of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The field is not there, and its absence has no meaning.
    #[error("is missing")]
    Missing,
    /// The text is not a number of the kind that belongs here.
    #[error("is not a number: {0}")]
    NotANumber(Excerpt),
    /// The number does not fit the type of the field.
    #[error("is out of range: {0}")]
    OutOfRange(Excerpt),
    /// The decimal has more digits than can be held without rounding.
    #[error("has too many digits to be exact: {0}")]
    TooManyDigits(Excerpt),
    /// NaN or an infinity where a number must be.
    #[error("is not finite")]
    NotFinite,
    /// The protobuf double cannot hold this decimal without rounding.
    #[error("cannot travel exactly as a double")]
    NotExact,
    /// Readers take this number for "unset": the largest of its type, or of a type that IB writes in its place.
    #[error(
        "is a number that stands for \"unset\" on the wire, so it would not arrive; leave it unset or take another"
    )]
    StandsForUnset,
    /// The text form carries printable ASCII only.
    #[error("holds a character that the text form cannot carry (printable ASCII only)")]
    NotPrintable,
    /// The field exists from a later server version on.
    #[error("needs server version {0} or later; leave it unset or upgrade TWS")]
    NeedsVersion(ServerVersion),
    /// The field exists at older server versions only.
    #[error("is not carried from server version {0} on; leave it unset")]
    GoneSince(ServerVersion),
    /// This form (text or protobuf) of the message has no place for the field.
    #[error("has no place in this form of the message; leave it unset")]
    NotCarried,
    /// A list announces a count that is negative or larger than the frame could hold.
    #[error("announces an impossible count: {0}")]
    BadCount(Excerpt),
    /// One tag stands twice in a tag list that travels as a map.
    #[error("names a tag twice, which a protobuf map cannot carry")]
    DuplicateTag,
    /// The kind of a condition or tick is not one whose fields are known.
    #[error("is of an unknown kind: {0}")]
    UnknownKind(i32),
    /// A protobuf field has another wire type than its own.
    #[error("has the wrong protobuf wire type")]
    WrongWireType,
    /// A protobuf varint, length or group is cut off or malformed.
    #[error("is malformed protobuf")]
    MalformedProtobuf,
    /// A frame too short for the message id, or a text field without its ending NUL.
    #[error("is cut off")]
    Truncated,
    /// No message has this id.
    #[error("has the unknown message id {0}")]
    UnknownMessage(i32),
    /// The message exists, but not in the form (text or protobuf) that it came in.
    #[error("does not exist in this form")]
    WrongForm,
    /// The message does not exist at the negotiated version.
    #[error("needs server version {0} or later")]
    MessageNeedsVersion(ServerVersion),
    /// The message is longer than a frame may be.
    #[error("is longer than a frame may be (16 MiB - 1)")]
    TooLong,
}

impl Fault {
    /// The fault without its details, to count by: `not_a_number`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NotANumber(_) => "not_a_number",
            Self::OutOfRange(_) => "out_of_range",
            Self::TooManyDigits(_) => "too_many_digits",
            Self::NotFinite => "not_finite",
            Self::NotExact => "not_exact",
            Self::StandsForUnset => "stands_for_unset",
            Self::NotPrintable => "not_printable",
            Self::NeedsVersion(_) => "needs_version",
            Self::GoneSince(_) => "gone_since",
            Self::NotCarried => "not_carried",
            Self::BadCount(_) => "bad_count",
            Self::DuplicateTag => "duplicate_tag",
            Self::UnknownKind(_) => "unknown_kind",
            Self::WrongWireType => "wrong_wire_type",
            Self::MalformedProtobuf => "malformed_protobuf",
            Self::Truncated => "truncated",
            Self::UnknownMessage(_) => "unknown_message",
            Self::WrongForm => "wrong_form",
            Self::MessageNeedsVersion(_) => "message_needs_version",
            Self::TooLong => "too_long",
        }
    }
}

/// The first bytes of an offending field, enough to recognise it in a log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Excerpt {
    bytes: [u8; Self::BYTES_MAX],
    kept: u8,
    cut: bool,
}

impl Excerpt {
    /// How much of a field is kept.
    pub const BYTES_MAX: usize = 24;

    /// The beginning of `field`.
    #[must_use]
    pub fn of(field: &[u8]) -> Self {
        let mut bytes = [0; Self::BYTES_MAX];
        let mut kept = 0;
        for (slot, byte) in bytes.iter_mut().zip(field) {
            *slot = *byte;
            kept += 1;
        }
        Self { bytes, kept, cut: field.len() > Self::BYTES_MAX }
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.bytes.get(..usize::from(self.kept)).unwrap_or(&self.bytes);
        write!(f, "\"{}\"{}", kept.escape_ascii(), if self.cut { "..." } else { "" })
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A fault and the field it sits in; becomes a [`BadFrame`] or a [`Refused`] once the message is known.
#[derive(Debug)]
pub struct Flaw(Box<(&'static str, Fault)>);

impl Flaw {
    #[cold]
    pub(crate) fn new(field: &'static str, fault: Fault) -> Self {
        Self(Box::new((field, fault)))
    }

    pub(crate) fn bad_frame(self, message: &'static str) -> BadFrame {
        let (field, fault) = *self.0;
        BadFrame { message, field, fault }
    }

    pub(crate) fn refused(self, message: &'static str, version: ServerVersion) -> Refused {
        let (field, fault) = *self.0;
        Refused { message, field, version, fault }
    }
}

/// What a layout returns.
pub type Result<T, E = Flaw> = std::result::Result<T, E>;
