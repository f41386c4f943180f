//! `cargo xtask wire reencode`: frames in, the messages in them and the same frames written again out.

use std::io::{BufRead, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use tws_proto::ServerVersion;
use tws_proto::error::{BadFrame, Fault, Refused};

use super::hex;
use super::spoken::{Form, From, Spoken};

/// A longer line cannot hold a frame (2 digits a byte and some words), and is not kept in memory.
const LINE_BYTES_MAX: u64 = 2 * tws_proto::FRAME_BYTES_MAX as u64 + 4096;

/// One line in.
#[derive(Deserialize)]
struct Question {
    from: From,
    server_version: i32,
    frame: String,
}

/// One line out.
#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Read {
        ok: bool,
        name: &'static str,
        json: Spoken,
        frame: String,
        /// The form of `frame`; always the one that came in.
        form: Form,
        /// Text fields of a newer peer behind the last known one; they are not in `frame`.
        trailing_fields: usize,
    },
    Failed {
        ok: bool,
        error: Failure,
    },
}

/// Why there is no message.
#[derive(Debug, Serialize)]
struct Failure {
    /// Wire name of the message; `frame` where its id is at fault, `line` where the line is.
    message: String,
    /// Field at fault, or empty.
    field: String,
    /// What kind of fault.
    fault: String,
    /// The same for people.
    text: String,
}

/// Answers every line with a line; whatever a line holds, the next is answered too.
pub(super) fn run(mut input: impl BufRead, mut output: impl Write) -> Result<ExitCode> {
    let mut line = Vec::new();
    loop {
        line.clear();
        let taken = std::io::Read::take(&mut input, LINE_BYTES_MAX).read_until(b'\n', &mut line);
        if taken.context("cannot read the input")? == 0 {
            break;
        }
        let whole = line.ends_with(b"\n") || (line.len() as u64) < LINE_BYTES_MAX;
        let answer = if whole {
            if line.trim_ascii().is_empty() {
                continue;
            }
            answer(&line)
        } else {
            input.skip_until(b'\n').context("cannot read the input")?;
            Err(Failure::of_line("TooLong", format!("a line is longer than {LINE_BYTES_MAX} bytes")))
        };
        let answer = answer.unwrap_or_else(|error| Answer::Failed { ok: false, error });
        let told = serde_json::to_writer(&mut output, &answer).map_err(std::io::Error::from);
        match told.and_then(|()| output.write_all(b"\n")).and_then(|()| output.flush()) {
            Ok(()) => {}
            // Whoever asked has gone away, as `head` does.
            Err(gone) if gone.kind() == std::io::ErrorKind::BrokenPipe => break,
            Err(error) => return Err(error).context("cannot write the answers"),
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn answer(line: &[u8]) -> Result<Answer, Failure> {
    let Question { from, server_version, frame } =
        serde_json::from_slice(line).map_err(|error| Failure::of_line("BadJson", error.to_string()))?;
    let version = ServerVersion(server_version);
    if !version.is_supported() {
        let text = format!("{version} is not in {}..={}", ServerVersion::OLDEST, ServerVersion::NEWEST);
        return Err(Failure { field: "server_version".to_owned(), ..Failure::of_line("UnsupportedVersion", text) });
    }
    let payload =
        hex::parse(&frame).map_err(|text| Failure { field: "frame".to_owned(), ..Failure::of_line("BadHex", text) })?;
    if payload.len() > tws_proto::FRAME_BYTES_MAX {
        return Err(Failure::from(BadFrame { message: "frame", field: "", fault: Fault::TooLong }));
    }
    let (message, form, trailing_fields) = Spoken::read(from, &payload, version)?;
    let written = message.clone().write_as(form, version)?;
    let name = message.facts().name;
    Ok(Answer::Read { ok: true, name, json: message, frame: hex::spell(&written), form, trailing_fields })
}

impl Failure {
    fn of_line(fault: &str, text: String) -> Self {
        Self { message: "line".to_owned(), field: String::new(), fault: fault.to_owned(), text }
    }

    fn new(message: &str, field: &str, fault: Fault, text: String) -> Self {
        // `Fault` is an enum whose variants are its names; what they hold is in the text.
        let kind = format!("{fault:?}");
        let kind = kind.split(['(', ' ']).next().unwrap_or_default().to_owned();
        Self { message: message.to_owned(), field: field.to_owned(), fault: kind, text }
    }
}

impl std::convert::From<BadFrame> for Failure {
    fn from(bad: BadFrame) -> Self {
        let text = bad.to_string();
        Self::new(bad.message, bad.field, bad.fault, text)
    }
}

impl std::convert::From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let text = refused.to_string();
        Self::new(refused.message, refused.field, refused.fault, text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn ask(lines: &str) -> Vec<Value> {
        let mut output = Vec::new();
        run(lines.as_bytes(), &mut output).expect("memory takes everything");
        let text = String::from_utf8(output).expect("JSON is UTF-8");
        text.lines().map(|line| serde_json::from_str(line).expect("every line is JSON")).collect()
    }

    #[track_caller]
    fn check(from: &str, version: i32, payload: &[u8]) -> Value {
        let frame = hex::spell(payload);
        let line = json!({"from": from, "server_version": version, "frame": frame}).to_string();
        let answer = ask(&line).remove(0);
        if answer["ok"] == true {
            assert_eq!(answer["frame"], frame);
        }
        answer
    }

    #[test]
    fn frames_come_back_in_the_form_they_came_in() {
        let notice = b"4\x002\x00-1\x002104\x00farm ok\x00\x00";
        assert_eq!(check("server", 193, notice)["name"], "ERR_MSG");
        let text = check("server", 226, b"\0\0\0\x09\x31\x0017\0");
        assert_eq!((&text["form"], &text["json"]), (&json!("text"), &json!({"NextValidId": {"order_id": 17}})));
        let protobuf = check("server", 226, b"\0\0\0\xd1\x08\x11");
        assert_eq!((&protobuf["form"], &protobuf["json"]), (&json!("protobuf"), &text["json"]));
        // Protobuf ahead of the version that calls for it, and text of a message that switched at 201.
        assert_eq!(check("server", 205, b"\0\0\0\xd1\x08\x11")["form"], "protobuf");
        assert_eq!(check("server", 226, b"\0\0\0\x37\x31\x0017\0")["form"], "text");
        // Advisor profiles, which IB's client still asks for and this codec does not.
        assert_eq!(check("client", 226, b"\0\0\0\xda\x08\x02")["name"], "REQ_FA");
        assert_eq!(check("client", 187, b"18\x001\x002\0")["name"], "REQ_FA");
    }

    #[test]
    fn whatever_a_line_holds_the_next_is_answered() {
        let lines = [
            "no json",
            "[1]",
            r#"{"from":"nobody","server_version":200,"frame":""}"#,
            r#"{"from":"client","server_version":999999999999,"frame":""}"#,
            r#"{"from":"client","server_version":175,"frame":""}"#,
            r#"{"from":"client","server_version":200,"frame":"0"}"#,
            r#"{"from":"client","server_version":200,"frame":"zz"}"#,
            r#"{"from":"client","server_version":200,"frame":""}"#,
            r#"{"from":"client","server_version":200,"frame":"39393900"}"#,
            r#"{"from":"server","server_version":200,"frame":"3900310078"}"#,
            r#"{"from":"client","server_version":200,"frame":"3631003100"}"#,
        ];
        let answers = ask(&lines.join("\n"));
        assert_eq!(answers.len(), lines.len());
        let faults: Vec<_> = answers.iter().map(|answer| answer["error"]["fault"].as_str().unwrap_or("-")).collect();
        let expected = [
            "BadJson",
            "BadJson",
            "BadJson",
            "BadJson",
            "UnsupportedVersion",
            "BadHex",
            "BadHex",
            "Truncated",
            "UnknownMessage",
            "Truncated",
            "-",
        ];
        assert_eq!(faults, expected);
        assert_eq!(answers[9]["error"]["message"], "NEXT_VALID_ID");
        assert_eq!(answers[9]["error"]["field"], "order_id");
    }
}
