//! How an API program proves to be the one that IB has certified.

use bytes::{BufMut, BytesMut};
use serde::{Deserialize, Serialize};

use crate::error::{Fault, Result};
use crate::protobuf::Raw;
use crate::value::Scalar;
use crate::wire::{Layout, Wire, layout};

/// Begins the proof. `VERIFY_REQUEST`, method `verifyRequest`. Answered by [`VerifyChallenge`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyRequest {
    /// Name of the program. Wire name `apiName`.
    pub name: String,
    /// Version of the program. Wire name `apiVersion`.
    pub version: String,
}
layout!(VerifyRequest, version "1" { 1 name, 2 version });

/// Answers a challenge. `VERIFY_MESSAGE`, method `verifyMessage`. Answered by [`VerifyCompleted`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyMessage {
    /// Wire name `apiData`.
    pub data: String,
}
layout!(VerifyMessage, version "1" { 1 data });

/// A challenge. `VERIFY_MESSAGE_API`, callback `verifyMessageAPI`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyChallenge {
    /// Wire name `apiData`.
    pub data: String,
}
layout!(VerifyChallenge, version "1" { escaped 1 data });

/// How the proof ended. `VERIFY_COMPLETED`, callback `verifyCompleted`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyCompleted {
    /// `true` or `false` as a word in text. Wire name `isSuccessful`.
    pub is_successful: Verdict,
    /// Wire name `errorText`.
    pub error: String,
}
layout!(VerifyCompleted, version "1" { 1 is_successful, escaped 2 error });

/// Begins a proof with a key. `VERIFY_AND_AUTH_REQUEST`, method `verifyAndAuthRequest`; text form only.
/// Answered by [`VerifyAndAuthorizeChallenge`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyAndAuthorizeRequest {
    /// Name of the program. Wire name `apiName`.
    pub name: String,
    /// Version of the program. Wire name `apiVersion`.
    pub version: String,
    /// Wire name `opaqueIsvKey`.
    pub key: String,
}
layout!(VerifyAndAuthorizeRequest, version "1" { text_only 0 name, text_only 0 version, text_only 0 key });

/// Answers a challenge with a key. `VERIFY_AND_AUTH_MESSAGE`, method `verifyAndAuthMessage`; text form only.
/// Answered by [`VerifyAndAuthorizeCompleted`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyAndAuthorizeMessage {
    /// Wire name `apiData`.
    pub data: String,
    /// Wire name `xyzResponse`.
    pub response: String,
}
layout!(VerifyAndAuthorizeMessage, version "1" { text_only 0 data, text_only 0 response });

/// A challenge with a key. `VERIFY_AND_AUTH_MESSAGE_API`, callback `verifyAndAuthMessageAPI`; text form only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyAndAuthorizeChallenge {
    /// Wire name `apiData`.
    pub data: String,
    /// Wire name `xyzChallange`.
    pub challenge: String,
}
layout!(VerifyAndAuthorizeChallenge, version "1" { escaped 0 data, escaped 0 challenge });

/// How a proof with a key ended. `VERIFY_AND_AUTH_COMPLETED`, callback `verifyAndAuthCompleted`; text form only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyAndAuthorizeCompleted {
    /// `true` or `false` as a word. Wire name `isSuccessful`.
    pub is_successful: Verdict,
    /// Wire name `errorText`.
    pub error: String,
}
layout!(VerifyAndAuthorizeCompleted, version "1" { text_only 0 is_successful, escaped 0 error });

/// Whether a proof was accepted: a word in text, a boolean in protobuf, false where the wire is silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Verdict(pub bool);

impl Scalar for Verdict {
    fn silence() -> Option<Self> {
        Some(Self(false))
    }

    fn is_silent(&self) -> bool {
        !self.0
    }

    fn from_text(field: &[u8]) -> Result<Option<Self>, Fault> {
        match field {
            b"true" => Ok(Some(Self(true))),
            b"false" => Ok(Some(Self(false))),
            _ => Ok(bool::from_text(field)?.map(Self)),
        }
    }

    fn to_text(&self, out: &mut BytesMut) -> Result<(), Fault> {
        out.put_slice(if self.0 { b"true" } else { b"false" });
        Ok(())
    }

    fn from_protobuf(raw: Raw<'_>) -> Result<Option<Self>, Fault> {
        Ok(bool::from_protobuf(raw)?.map(Self))
    }

    fn to_protobuf(&self, tag: u32, out: &mut BytesMut) -> Result<(), Fault> {
        self.0.to_protobuf(tag, out)
    }
}
