//! What a capture holds: lines of hexadecimal digits, or the bytes of a stream.

use tws_proto::{FRAME_BYTES_MAX, ServerVersion};

use super::{Entry, What};
use crate::wire::hex;
use crate::wire::spoken::{From, Spoken};

/// What a client sends first.
const BANNER: &[u8] = b"API\0";

/// Every entry of a capture. What the capture does not say is taken from the arguments, and the newest version at last.
pub(super) fn entries(bytes: &[u8], version: Option<ServerVersion>, from: Option<From>) -> Vec<Entry> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => lines(text, version, from),
        Ok(_) | Err(_) => stream(bytes, version, from),
    }
}

/// What is known of the conversation so far.
struct Conversation {
    /// Given by the caller, and then nothing in the capture changes it.
    given: Option<ServerVersion>,
    heard: Option<ServerVersion>,
    from: Option<From>,
}

impl Conversation {
    fn version(&self) -> ServerVersion {
        self.given.or(self.heard).unwrap_or(ServerVersion::NEWEST)
    }

    /// Reads one payload of a side that may be unknown: the side whose messages it fits, best without a field left over.
    fn read(&mut self, from: Option<From>, payload: &[u8]) -> What {
        if let Some(handshake) = self.handshake(payload) {
            return handshake;
        }
        let sides = match from.or(self.from) {
            Some(from) => vec![from],
            None => vec![From::Client, From::Server],
        };
        let mut best: Option<(From, Spoken, usize)> = None;
        let mut why = None;
        for from in sides {
            match Spoken::read(from, payload, self.version()) {
                Ok((message, _, left)) if best.as_ref().is_none_or(|(_, _, least)| left < *least) => {
                    best = Some((from, message, left));
                }
                Ok(_) => {}
                Err(bad) => {
                    why.get_or_insert_with(|| bad.to_string());
                }
            }
        }
        match best {
            Some((from, message, trailing_fields)) => {
                What::Message { from, message: Box::new(message), trailing_fields }
            }
            None => What::Skipped(why.unwrap_or_default()),
        }
    }

    /// `v100..226 options` of a client, or `187 NUL time NUL` of a server.
    fn handshake(&mut self, payload: &[u8]) -> Option<What> {
        let text = std::str::from_utf8(payload).ok()?;
        if let Some(offer) = text.strip_prefix('v') {
            let range = offer.split(' ').next()?;
            let highest = range.split("..").last()?.parse().ok()?;
            let spoken = ServerVersion(highest).min(ServerVersion::NEWEST);
            self.heard = Some(self.heard.unwrap_or(spoken).min(spoken));
            return Some(What::Handshake { from: From::Client, text: text.to_owned() });
        }
        let (version, time) = text.strip_suffix('\0')?.split_once('\0')?;
        let version = ServerVersion(version.parse().ok()?);
        // Messages of two fields look alike, and none has an id in the range of versions.
        if time.contains('\0')
            || !version.is_supported()
            || version.to_string().len() != payload.iter().take_while(|byte| **byte != 0).count()
        {
            return None;
        }
        self.heard = Some(version);
        Some(What::Handshake { from: From::Server, text: format!("{version} {time}") })
    }
}

/// `[time] [who] HEX` a line; the hex with or without the length in front.
fn lines(text: &str, version: Option<ServerVersion>, from: Option<From>) -> Vec<Entry> {
    let mut conversation = Conversation { given: version, heard: None, from };
    let mut entries = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        let place = format!("line {}", at + 1);
        let Some(last) = words.pop().filter(|last| !last.starts_with('#')) else { continue };
        if line.trim_start().starts_with('#') {
            continue;
        }
        let mut who = None;
        words.retain(|word| {
            let found = side(word);
            who = who.or(found);
            found.is_none()
        });
        let time = words.join(" ");
        let what = match hex::parse(last) {
            Ok(bytes) => {
                let bytes = bytes.strip_prefix(BANNER).unwrap_or(&bytes);
                match bytes.split_first_chunk() {
                    Some((length, payload)) if u32::from_be_bytes(*length) as usize == payload.len() => {
                        conversation.read(who, payload)
                    }
                    Some(_) | None => conversation.read(who, bytes),
                }
            }
            Err(why) => What::Skipped(why),
        };
        entries.push(Entry { place, time, what });
    }
    entries
}

fn side(word: &str) -> Option<From> {
    match word.trim_end_matches(':').to_ascii_lowercase().as_str() {
        "client" | ">" | "->" | ">>" | "out" | "send" | "sent" => Some(From::Client),
        "server" | "<" | "<-" | "<<" | "in" | "recv" | "received" => Some(From::Server),
        _ => None,
    }
}

/// Frames one behind the other. Where no frame can begin, bytes are skipped up to one that can be read.
fn stream(bytes: &[u8], version: Option<ServerVersion>, from: Option<From>) -> Vec<Entry> {
    let mut conversation = Conversation { given: version, heard: None, from: from.or_else(|| only_side(bytes)) };
    let mut entries = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..]; // `at` is below the length
        let place = format!("offset {at}");
        if rest.starts_with(BANNER) {
            at += BANNER.len();
            continue;
        }
        if let Some(payload) = frame(rest) {
            at += 4 + payload.len();
            // TWS keeps a quiet link alive with empty frames.
            if !payload.is_empty() {
                let what = conversation.read(None, payload);
                entries.push(Entry { place, time: String::new(), what });
            }
            continue;
        }
        let skipped = resume(rest, &mut conversation);
        at += skipped;
        let why = format!("{skipped} bytes that are no frame");
        entries.push(Entry { place, time: String::new(), what: What::Skipped(why) });
    }
    entries
}

/// The side that a capture of one direction holds: a server's begins with its answer, a client's has no answer behind the
/// offer. Where both are in the capture, each frame tells by what it can be read as.
fn only_side(bytes: &[u8]) -> Option<From> {
    let mut conversation = Conversation { given: None, heard: None, from: None };
    let mut is_answer =
        |payload| matches!(conversation.handshake(payload), Some(What::Handshake { from: From::Server, .. }));
    let Some(offer) = bytes.strip_prefix(BANNER) else {
        return frame(bytes).is_some_and(&mut is_answer).then_some(From::Server);
    };
    let behind = &offer[4 + frame(offer)?.len()..]; // a frame and its length were just found there
    if frame(behind).is_some_and(is_answer) { None } else { Some(From::Client) }
}

fn frame(rest: &[u8]) -> Option<&[u8]> {
    let (length, behind) = rest.split_first_chunk()?;
    let length = u32::from_be_bytes(*length) as usize;
    if length > FRAME_BYTES_MAX { None } else { behind.get(..length) }
}

/// How many bytes to leave out until a frame begins that holds a message.
fn resume(rest: &[u8], conversation: &mut Conversation) -> usize {
    for skip in 1..rest.len() {
        let behind = &rest[skip..]; // `skip` is below the length
        if behind.starts_with(BANNER) {
            return skip;
        }
        let Some(payload) = frame(behind).filter(|payload| payload.len() >= 2) else { continue };
        if !matches!(conversation.read(None, payload), What::Skipped(_)) {
            return skip;
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(capture: &[u8], version: Option<i32>, expected: &[&str]) {
        let entries = entries(capture, version.map(ServerVersion), None);
        let lines: Vec<String> = entries.iter().map(Entry::to_string).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_raw_stream_tells_its_version_and_its_side() {
        let mut stream = b"\0\0\0\x1a187\x0020261122 15:00:00 EST\0".to_vec();
        stream.extend_from_slice(b"\0\0\0\x079\x001\x0017\0");
        stream.extend_from_slice(b"\xff\xff\xff\xffgarbage");
        stream.extend_from_slice(b"\0\0\0\x0749\x001\x005\0\0\0\0\x039\x001");
        check(
            &stream,
            None,
            &[
                "server handshake 187 20261122 15:00:00 EST",
                r#"server NEXT_VALID_ID {"order_id":17}"#,
                "offset 41: skipped: 11 bytes that are no frame",
                r#"server CURRENT_TIME {"time_s":5}"#,
                "offset 63: skipped: bad frame: NEXT_VALID_ID.version: is cut off",
            ],
        );
    }

    #[test]
    fn hex_lines_with_time_and_side() {
        let capture = "# a comment\n\n10:00:01.5 < 39003100313700\n10:00:02 > 363100310\nclient: 0000000536310031\n\
                       > 36310031 \n > 000000053631003100\n";
        check(
            capture.as_bytes(),
            Some(187),
            &[
                r#"10:00:01.5 server NEXT_VALID_ID {"order_id":17}"#,
                "10:00:02 line 4: skipped: an odd number of hexadecimal digits (9)",
                "line 5: skipped: bad frame: frame.id: is not a number: \"\"",
                "line 6: skipped: bad frame: REQ_POSITIONS.version: is cut off",
                "client REQ_POSITIONS {}",
            ],
        );
    }
}
