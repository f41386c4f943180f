//! The session itself: clocks, settings, proofs.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tws_proto::ServerMessage;
use tws_proto::ids::RequestId;
use tws_proto::message::{
    ClientMessage, Config, ConfigUpdated, RequestCurrentTime, RequestCurrentTimeMillis, UpdateConfig,
    VerifyAndAuthorizeMessage, VerifyAndAuthorizeRequest, VerifyMessage, VerifyRequest,
};

use super::{Acting, Request, Unboxed, keyed, one, requests};
use crate::error::RequestError;

requests! {
    /// `REQ_CONFIG`: the settings of TWS, from server version 219.
    RequestConfig [request_id] -> Config: one Config;
}

/// `REQ_CURRENT_TIME`: the server's clock, to the second.
impl Request for RequestCurrentTime {
    type Output = SystemTime;

    fn message(&self, _: RequestId) -> ClientMessage {
        self.clone().into()
    }

    fn output(&self, answers: Vec<ServerMessage>) -> Result<SystemTime, RequestError> {
        one(answers, "CURRENT_TIME", |answer| match answer {
            ServerMessage::CurrentTime(body) => after_epoch(u64::try_from(body.time_s).ok().map(Duration::from_secs)),
            _ => None,
        })
    }
}

/// `REQ_CURRENT_TIME_IN_MILLIS`: the server's clock, to the millisecond, from server version 197.
impl Request for RequestCurrentTimeMillis {
    type Output = SystemTime;

    fn message(&self, _: RequestId) -> ClientMessage {
        self.clone().into()
    }

    fn output(&self, answers: Vec<ServerMessage>) -> Result<SystemTime, RequestError> {
        one(answers, "CURRENT_TIME_IN_MILLIS", |answer| match answer {
            ServerMessage::CurrentTimeMillis(body) => {
                after_epoch(u64::try_from(body.time_ms).ok().map(Duration::from_millis))
            }
            _ => None,
        })
    }
}

fn after_epoch(since: Option<Duration>) -> Option<SystemTime> {
    since.and_then(|since| UNIX_EPOCH.checked_add(since))
}

/// `VERIFY_REQUEST`: begins the proof that a program is what it says; answered with a challenge.
impl Request for VerifyRequest {
    type Output = String;

    fn message(&self, _: RequestId) -> ClientMessage {
        self.clone().into()
    }

    fn output(&self, answers: Vec<ServerMessage>) -> Result<String, RequestError> {
        one(answers, "VERIFY_MESSAGE_API", |answer| match answer {
            ServerMessage::VerifyChallenge(body) => Some(Ok(body.data)),
            ServerMessage::VerifyCompleted(body) => Some(Err(RequestError::NotVerified { text: body.error })),
            _ => None,
        })?
    }
}

/// `VERIFY_MESSAGE`: answers the challenge.
impl Request for VerifyMessage {
    type Output = ();

    fn message(&self, _: RequestId) -> ClientMessage {
        self.clone().into()
    }

    fn output(&self, answers: Vec<ServerMessage>) -> Result<(), RequestError> {
        one(answers, "VERIFY_COMPLETED", |answer| match answer {
            ServerMessage::VerifyCompleted(body) if body.is_successful.0 => Some(Ok(())),
            ServerMessage::VerifyCompleted(body) => Some(Err(RequestError::NotVerified { text: body.error })),
            _ => None,
        })?
    }
}

/// `VERIFY_AND_AUTH_REQUEST`: as `VERIFY_REQUEST`, with a key; answered with data and a challenge.
impl Request for VerifyAndAuthorizeRequest {
    type Output = (String, String);

    fn message(&self, _: RequestId) -> ClientMessage {
        self.clone().into()
    }

    fn output(&self, answers: Vec<ServerMessage>) -> Result<(String, String), RequestError> {
        one(answers, "VERIFY_AND_AUTH_MESSAGE_API", |answer| match answer {
            ServerMessage::VerifyAndAuthorizeChallenge(body) => Some(Ok((body.data, body.challenge))),
            ServerMessage::VerifyAndAuthorizeCompleted(body) => {
                Some(Err(RequestError::NotVerified { text: body.error }))
            }
            _ => None,
        })?
    }
}

/// `VERIFY_AND_AUTH_MESSAGE`: answers the challenge.
impl Request for VerifyAndAuthorizeMessage {
    type Output = ();

    fn message(&self, _: RequestId) -> ClientMessage {
        self.clone().into()
    }

    fn output(&self, answers: Vec<ServerMessage>) -> Result<(), RequestError> {
        one(answers, "VERIFY_AND_AUTH_COMPLETED", |answer| match answer {
            ServerMessage::VerifyAndAuthorizeCompleted(body) if body.is_successful.0 => Some(Ok(())),
            ServerMessage::VerifyAndAuthorizeCompleted(body) => {
                Some(Err(RequestError::NotVerified { text: body.error }))
            }
            _ => None,
        })?
    }
}

/// `UPDATE_CONFIG`: changes settings of TWS, from server version 221.
impl Request for Acting<UpdateConfig> {
    type Output = ConfigUpdated;

    fn message(&self, request_id: RequestId) -> ClientMessage {
        let Self(body) = self;
        keyed!(body, request_id in Box)
    }

    fn output(&self, answers: Vec<ServerMessage>) -> Result<ConfigUpdated, RequestError> {
        one(answers, "UPDATE_CONFIG_RESPONSE", |answer| match answer {
            ServerMessage::ConfigUpdated(body) => Some(body.unboxed()),
            _ => None,
        })
    }
}
