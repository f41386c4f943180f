//! A message of either side, read and written without knowing which.

use bytes::{Buf, BytesMut};
use serde::{Deserialize, Serialize};
use tws_proto::error::{BadFrame, Refused};
use tws_proto::message::{Decoded, Facts, Message};
use tws_proto::{ClientMessage, Fault, Missing, ServerMessage, ServerVersion};

/// Protobuf ids are above this.
const PROTOBUF_ID_OFFSET: i32 = 200;

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum From {
    /// The API client.
    Client,
    /// TWS.
    Server,
}

impl From {
    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }

    /// Every message of this side that the codec has.
    pub(crate) fn messages(self) -> &'static [Facts] {
        match self {
            Self::Client => ClientMessage::ALL,
            Self::Server => ServerMessage::ALL,
        }
    }
}

/// How a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Form {
    /// NUL-terminated fields.
    Text,
    /// Protobuf, id + 200.
    Protobuf,
}

/// A message of either side.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Spoken {
    /// What a client said.
    Client(ClientMessage),
    /// What a server said.
    Server(ServerMessage),
}

impl Spoken {
    /// Reads the payload of a frame; the form it came in, and how many fields were left over.
    pub(crate) fn read(from: From, payload: &[u8], version: ServerVersion) -> Result<(Self, Form, usize), BadFrame> {
        let form = match payload.first_chunk() {
            Some(id) if version >= ServerVersion::PROTOBUF && i32::from_be_bytes(*id) > PROTOBUF_ID_OFFSET => {
                Form::Protobuf
            }
            Some(_) | None => Form::Text,
        };
        match from {
            From::Client => ClientMessage::read(payload, version)
                .map(|Decoded { message, trailing_fields }| (Self::Client(message), form, trailing_fields)),
            From::Server => ServerMessage::read(payload, version)
                .map(|Decoded { message, trailing_fields }| (Self::Server(message), form, trailing_fields)),
        }
    }

    /// What the codec says of the message beside its body.
    pub(crate) fn facts(&self) -> Facts {
        match self {
            Self::Client(message) => message.facts(),
            Self::Server(message) => message.facts(),
        }
    }

    /// The payload of a frame in the form that `version` calls for.
    pub(crate) fn write(self, version: ServerVersion) -> Result<BytesMut, Refused> {
        let mut frame = BytesMut::new();
        // What was read at a version can be carried by it, so leaving anything out is a fault to be told.
        match self.clone().put(version, Missing::Refuse, &mut frame) {
            // But what the peer said is written as it was said, also where we would not say it: advisor profiles at 177.
            Err(Refused { fault: Fault::GoneSince(_), .. }) => self.put(version, Missing::LeaveOut, &mut frame)?,
            written => written?,
        }
        frame.advance(4); // a written frame begins with its length
        Ok(frame)
    }

    fn put(self, version: ServerVersion, missing: Missing, frame: &mut BytesMut) -> Result<(), Refused> {
        match self {
            Self::Client(message) => message.write(version, missing, frame),
            Self::Server(message) => message.write(version, missing, frame),
        }
    }

    /// As [`Spoken::write`], but in `form`, also where `version` calls for the other: from version 201 on both sides read
    /// either. Text has no gate above 200 that is not below the switch of its message, and a protobuf body does not
    /// depend on the version up to its switch, so the nearest version that calls for `form` writes the same body.
    pub(crate) fn write_as(self, form: Form, version: ServerVersion) -> Result<BytesMut, Refused> {
        let Facts { id, forms, .. } = self.facts();
        let Some(switch) = forms.protobuf else { return self.write(version) };
        match form {
            Form::Text if version >= switch => {
                let below = ServerVersion(switch.0 - 1);
                let mut payload = self.write(below)?;
                if below < ServerVersion::PROTOBUF {
                    let digits = payload.iter().take_while(|byte| **byte != 0).count() + 1;
                    payload.advance(digits.min(payload.len()));
                    let mut binary = BytesMut::from(&id.to_be_bytes()[..]);
                    binary.extend_from_slice(&payload);
                    payload = binary;
                }
                Ok(payload)
            }
            Form::Protobuf if version < switch => self.write(switch),
            Form::Text | Form::Protobuf => self.write(version),
        }
    }
}
