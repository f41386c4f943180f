//! How an API program proves to be the one that IB has certified.

use bytes::{BufMut, BytesMut};
use serde::{Deserialize, Serialize};

use crate::body::body;
use crate::error::{Fault, Result};
use crate::protobuf::Raw;
use crate::value::Scalar;

body! {
    /// Begins the proof. `VERIFY_REQUEST`, method `verifyRequest`. Answered by [`VerifyChallenge`].
    VerifyRequest, version "1" {
        /// Name of the program.
        1 "apiName" name: String,
        /// Version of the program.
        2 "apiVersion" version: String,
    }

    /// Answers a challenge. `VERIFY_MESSAGE`, method `verifyMessage`. Answered by [`VerifyCompleted`].
    VerifyMessage, version "1" {
        1 "apiData" data: String,
    }

    /// A challenge. `VERIFY_MESSAGE_API`, callback `verifyMessageAPI`.
    VerifyChallenge, version "1" {
        escaped 1 "apiData" data: String,
    }

    /// How the proof ended. `VERIFY_COMPLETED`, callback `verifyCompleted`.
    VerifyCompleted, version "1" {
        /// `true` or `false` as a word in text.
        1 "isSuccessful" is_successful: Verdict,
        escaped 2 "errorText" error: String,
    }

    /// Begins a proof with a key. `VERIFY_AND_AUTH_REQUEST`, method `verifyAndAuthRequest`; text form only.
    /// Answered by [`VerifyAndAuthorizeChallenge`].
    VerifyAndAuthorizeRequest, version "1" {
        /// Name of the program.
        text_only 0 "apiName" name: String,
        /// Version of the program.
        text_only 0 "apiVersion" version: String,
        text_only 0 "opaqueIsvKey" key: String,
    }

    /// Answers a challenge with a key. `VERIFY_AND_AUTH_MESSAGE`, method `verifyAndAuthMessage`; text form only.
    /// Answered by [`VerifyAndAuthorizeCompleted`].
    VerifyAndAuthorizeMessage, version "1" {
        text_only 0 "apiData" data: String,
        text_only 0 "xyzResponse" response: String,
    }

    /// A challenge with a key. `VERIFY_AND_AUTH_MESSAGE_API`, callback `verifyAndAuthMessageAPI`; text form only.
    VerifyAndAuthorizeChallenge, version "1" {
        escaped 0 "apiData" data: String,
        escaped 0 "xyzChallange" challenge: String,
    }

    /// How a proof with a key ended. `VERIFY_AND_AUTH_COMPLETED`, callback `verifyAndAuthCompleted`; text form only.
    VerifyAndAuthorizeCompleted, version "1" {
        /// `true` or `false` as a word.
        text_only 0 "isSuccessful" is_successful: Verdict,
        escaped 0 "errorText" error: String,
    }
}

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
