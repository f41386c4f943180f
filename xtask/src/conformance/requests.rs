//! Frames that the client makes, read and written again.

use anyhow::{Context, Result};
use serde::Deserialize;
use tws_proto::ServerVersion;
use tws_proto::error::Fault;

use super::{Difference, Differences, Made, Options, Package, Report, known};
use crate::environment::Environment;
use crate::wire::{Form, From, Spoken, hex};

/// What `compare.py` says of a pair.
#[derive(Deserialize)]
struct Verdict {
    at: usize,
    path: String,
    theirs: String,
    ours: String,
}

pub(super) fn run(
    theirs: &Environment,
    package: &Package,
    options: &Options,
    report: &mut Report,
    differences: &mut Differences,
) -> Result<()> {
    let frames = if options.short { options.frames.min(1_500) } else { options.frames };
    let lines = theirs.run("requests.py", &[options.seed.to_string(), frames.to_string()], Vec::new())?;
    let mut pairs = Vec::new();
    for line in lines.lines() {
        let Ok(made) = serde_json::from_str::<Made>(line) else { continue }; // the last line says what was not made
        if made.server_version > package.newest {
            continue;
        }
        report.request_frames += 1;
        let payload =
            hex::parse(&made.frame).map_err(anyhow::Error::msg).context("requests.py wrote no hexadecimal")?;
        if let Some((form, again)) = again(From::Client, &payload, &made, report, differences) {
            report.coverage.count(From::Client, &made.name, form, made.server_version);
            pairs.push((made, form, again));
        }
    }
    compare(theirs, From::Client, &pairs, differences)
}

/// Has the client's own classes compare frames with what was written again.
pub(super) fn compare(
    client: &Environment,
    from: From,
    pairs: &[(Made, Form, Vec<u8>)],
    differences: &mut Differences,
) -> Result<()> {
    let mut input = Vec::new();
    for (made, _, again) in pairs {
        let line = serde_json::json!({
            "from": from.word(), "server_version": made.server_version, "frame": made.frame, "again": hex::spell(again),
        });
        input.extend_from_slice(format!("{line}\n").as_bytes());
    }
    let verdicts = client.run("compare.py", &[], input)?;
    for line in verdicts.lines() {
        let Verdict { at, path, theirs, ours } = serde_json::from_str(line).context("compare.py wrote no verdict")?;
        let (made, form, _) = pairs.get(at).context("compare.py speaks of a pair that it was not given")?;
        let difference = Difference { message: made.name.clone(), form: word(*form), path, theirs, ours };
        differences.add(difference, made.server_version);
    }
    Ok(())
}

/// Reads a frame of the client's and writes it again; what goes wrong is a difference.
pub(super) fn again(
    from: From,
    payload: &[u8],
    made: &Made,
    report: &mut Report,
    differences: &mut Differences,
) -> Option<(Form, Vec<u8>)> {
    let version = ServerVersion(made.server_version);
    let mut differ = |form: String, path: String, ours: String| {
        let theirs = made.frame.clone();
        differences.add(Difference { message: made.name.clone(), form, path, theirs, ours }, made.server_version);
    };
    let (message, form, left) = match Spoken::read(from, payload, version) {
        Ok(read) => read,
        Err(bad) if matches!(bad.fault, Fault::UnknownMessage(_)) => {
            if !known::GONE.contains(&made.name.as_str()) {
                report.coverage.unknown(&made.name);
            }
            return None;
        }
        // A random message may lack what must be there; the whole ones are read.
        Err(bad) if made.by == "fill" && bad.fault == Fault::Missing => return None,
        Err(bad) => {
            differ(String::new(), format!("unreadable: {}", bad.field), bad.to_string());
            return None;
        }
    };
    if left > 0 {
        differ(word(form), "trailing fields".to_owned(), left.to_string());
    }
    match message.write_as(form, version) {
        Ok(written) => Some((form, written.to_vec())),
        Err(refused) => {
            differ(word(form), format!("refused: {}", refused.field), refused.to_string());
            None
        }
    }
}

pub(super) fn word(form: Form) -> String {
    match form {
        Form::Text => "text",
        Form::Protobuf => "protobuf",
    }
    .to_owned()
}
