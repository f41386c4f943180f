//! What stands around the body of a message: the length of the frame and the id.

use bytes::{Buf, BufMut, BytesMut};

use super::Facts;
use crate::error::{Excerpt, Fault, Flaw, Refused, Result};
use crate::grammar::FRAME_BYTES_MAX;
use crate::scan::Text;
use crate::value::{Value, integer_from_text};
use crate::version::ServerVersion as V;
use crate::wire::{Layout, Missing, Wire, read_body};

/// Ids above this are protobuf's.
const PROTOBUF_ID_OFFSET: i32 = 200;

/// A frame whose id is known and whose body is not read yet.
pub(super) struct Head<'a> {
    pub(super) id: i32,
    is_protobuf: bool,
    body: &'a [u8],
}

impl<'a> Head<'a> {
    #[inline(always)]
    pub(super) fn read(payload: &'a [u8], version: V) -> Result<Self, Fault> {
        if version >= V::PROTOBUF {
            let mut body = payload;
            let id = body.try_get_i32().map_err(|_| Fault::Truncated)?;
            return Ok(if id > PROTOBUF_ID_OFFSET {
                Self { id: id - PROTOBUF_ID_OFFSET, is_protobuf: true, body }
            } else {
                Self { id, is_protobuf: false, body }
            });
        }
        let mut text = Text::new(payload);
        let id = match <i32 as Value>::take_short(&mut text) {
            Some(id) => id,
            None => odd_id(&mut text)?,
        };
        Ok(Self { id, is_protobuf: false, body: text.rest() })
    }

    /// Reads the body, and gives the number of trailing fields.
    #[inline(always)]
    pub(super) fn body<B: Layout>(self, facts: Facts, version: V, body: &mut B) -> Result<usize> {
        if version < facts.forms.since {
            return Err(Flaw::new("", Fault::MessageNeedsVersion(facts.forms.since)));
        }
        if if self.is_protobuf { facts.forms.protobuf.is_none() } else { !facts.forms.text } {
            return Err(Flaw::new("", Fault::WrongForm));
        }
        if self.is_protobuf {
            return read_body(self.body, version, body).map(|()| 0);
        }
        let mut text = Text::new(self.body);
        if body.read_plain_text(&mut text).is_some() {
            return Ok(text.trailing_fields());
        }
        let mut wire = Wire::read_text(self.body, version);
        body.layout(&mut wire)?;
        Ok(wire.trailing_fields())
    }
}

/// An id in a spelling that comes seldom, or none at all.
#[cold]
fn odd_id(text: &mut Text<'_>) -> Result<i32, Fault> {
    let field = text.next().ok_or(Fault::Truncated)?;
    i32::try_from(integer_from_text(field)?).map_err(|_| Fault::OutOfRange(Excerpt::of(field)))
}

/// Appends a frame: a placeholder for the length, the id, the body, then the length.
pub(super) fn write_frame<B: Layout>(
    facts: Facts,
    body: &mut B,
    version: V,
    missing: Missing,
    out: &mut BytesMut,
) -> Result<(), Refused> {
    let start = out.len();
    let written = write_payload(facts, body, version, missing, out);
    if written.is_err() {
        out.truncate(start);
    }
    written
}

fn write_payload<B: Layout>(
    facts: Facts,
    body: &mut B,
    version: V,
    missing: Missing,
    out: &mut BytesMut,
) -> Result<(), Refused> {
    let refused = |fault| Refused { message: facts.name, field: "", version, fault };
    if version < facts.forms.since {
        return Err(refused(Fault::MessageNeedsVersion(facts.forms.since)));
    }
    let is_protobuf = facts.forms.is_protobuf_at(version);
    if !is_protobuf && !facts.forms.text {
        return Err(refused(Fault::MessageNeedsVersion(facts.forms.protobuf.unwrap_or(V::NEWEST))));
    }
    let start = out.len();
    out.put_u32(u32::MAX); // never passes for a length, should it stay
    if version >= V::PROTOBUF {
        out.put_i32(if is_protobuf { facts.id + PROTOBUF_ID_OFFSET } else { facts.id });
    } else {
        crate::value::put_integer(i64::from(facts.id), out);
        out.put_u8(0);
    }
    let mut wire =
        if is_protobuf { Wire::write_protobuf(out, version, missing) } else { Wire::write_text(out, version, missing) };
    body.layout(&mut wire).map_err(|flaw| flaw.refused(facts.name, version))?;
    let length = out.len() - start - 4;
    if length > FRAME_BYTES_MAX {
        return Err(refused(Fault::TooLong));
    }
    if let Some(prefix) = out.get_mut(start..start + 4) {
        prefix.copy_from_slice(&(length as u32).to_be_bytes());
    }
    Ok(())
}
